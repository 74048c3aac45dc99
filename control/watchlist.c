#include "control/watchlist.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/probe.h"
#include "control/target.h"

void
cp_watchlist_init(struct cp_watchlist *list, bool is_probing)
{
	memset(list, 0, sizeof(*list));
	list->is_probing = is_probing;
}

static void
free_watch(struct cp_watch *watch)
{
	if (watch != NULL) {
		free(watch->key);
		free(watch->label);
		free(watch);
	}
}

void
cp_watchlist_done(struct cp_watchlist *list)
{
	for (size_t i = 0; i < list->cnt; i++) {
		free_watch(list->by_key[i]);
	}
	free(list->by_key);
	free(list->by_target);
	json_decref(list->saved);
	memset(list, 0, sizeof(*list));
}

static int
compare_watches(const void *a, const void *b)
{
	const struct cp_watch *const *left = a;
	const struct cp_watch *const *right = b;

	return strcmp((*left)->key, (*right)->key);
}

struct cp_watch *
cp_watchlist_find(const struct cp_watchlist *list, const char *key)
{
	size_t low = 0;
	size_t high = list->cnt;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(key, list->by_key[middle]->key);

		if (order == 0) {
			return list->by_key[middle];
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return NULL;
}

static bool
can_parse_address(const struct cp_target *target, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, target->address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(target->port);
		return true;
	}
	if (inet_pton(AF_INET6, target->address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(target->port);
		return true;
	}
	return false;
}

/* Why this target cannot be probed, or NULL. */
static const char *
why_unprobed(const struct cp_watchlist *list, const struct cp_target *target,
		struct sockaddr_storage *address)
{
	if (!list->is_probing) {
		return "probes are switched off (probes.enabled)";
	}
	if (!can_cp_probe(target->protocol)) {
		return "only TCP, HTTP and HTTPS are probed so far";
	}
	if (!can_parse_address(target, address)) {
		return "only literal addresses are probed so far";
	}
	if (target->protocol != CP_PROTOCOL_TCP && !is_cp_probe_host(target->host)) {
		return "its host is no host name that can be asked for; write "
		       "octodns: {healthcheck: {host: ...}}";
	}
	return NULL;
}

static void
describe_watch(const struct cp_watchlist *list, struct cp_watch *watch)
{
	struct cp_target target;
	char label[512];

	if (cp_target_from_key(watch->key, &target) != 0) {
		watch->unprobed = "its key is not one this program knows";
		watch->label = strdup(watch->key);
		return;
	}
	cp_target_label(&target, label, sizeof(label));
	watch->label = strdup(label);
	watch->interval_ms = target.interval_ms;
	watch->timeout_ms = target.timeout_ms;
	watch->limits = (struct cp_health_limits){ .fall = target.fall, .rise = target.rise };
	watch->unprobed = why_unprobed(list, &target, &watch->address);
}

static uint64_t
get_time_ms(const json_t *state, const char *name)
{
	json_int_t ms = json_integer_value(json_object_get(state, name));

	return ms > 0 ? (uint64_t)ms : 0;
}

/* A saved state counts only for targets that are probed: nothing would ever bring another one up. */
static void
recall_health(const struct cp_watchlist *list, struct cp_watch *watch)
{
	const json_t *state = json_object_get(list->saved, watch->key);
	const char *name = json_string_value(json_object_get(state, "state"));
	const char *reason = json_string_value(json_object_get(state, "reason"));
	struct cp_health *health = &watch->health;

	if (name == NULL || watch->unprobed != NULL) {
		return;
	}
	health->state = cp_health_state_from_name(name);
	health->changed_ms = get_time_ms(state, "changed_unix_ms");
	health->watched_ms = get_time_ms(state, "watched_unix_ms");
	health->ever_up_ms = get_time_ms(state, "ever_up_unix_ms");
	/* Files of before this was noted: what was up has been up, of the rest nothing is known. */
	if (health->ever_up_ms == 0 && health->state == CP_HEALTH_UP) {
		health->ever_up_ms = health->changed_ms;
	}
	strncpy(health->reason, reason != NULL ? reason : "", sizeof(health->reason) - 1);
}

static struct cp_watch *
new_watch(const struct cp_watchlist *list, const char *key)
{
	struct cp_watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL) {
		return NULL;
	}
	watch->number = SIZE_MAX;
	watch->key = strdup(key);
	if (watch->key != NULL) {
		describe_watch(list, watch);
	}
	if (watch->key == NULL || watch->label == NULL) {
		free_watch(watch);
		return NULL;
	}
	recall_health(list, watch);
	return watch;
}

static void
free_new_watches(const struct cp_watchlist *list, struct cp_watch **by_target, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		if (cp_watchlist_find(list, by_target[i]->key) == NULL) {
			free_watch(by_target[i]);
		}
	}
}

/* Fills by_target with kept and new watches; new ones are freed again when memory runs out. */
static int
collect_watches(const struct cp_watchlist *list, const char *const *keys, size_t cnt,
		struct cp_watch **by_target)
{
	for (size_t i = 0; i < cnt; i++) {
		by_target[i] = cp_watchlist_find(list, keys[i]);
		if (by_target[i] == NULL) {
			by_target[i] = new_watch(list, keys[i]);
		}
		if (by_target[i] == NULL) {
			free_new_watches(list, by_target, i);
			return -ENOMEM;
		}
	}
	return 0;
}

/* Both lists are sorted: what the old one has and the new one has not is gone. */
static void
drop_missing(struct cp_watchlist *old, struct cp_watch **by_key, size_t cnt, cp_watch_drop_fn drop,
		void *ctx)
{
	size_t next = 0;

	for (size_t i = 0; i < old->cnt; i++) {
		struct cp_watch *watch = old->by_key[i];

		while (next < cnt && strcmp(by_key[next]->key, watch->key) < 0) {
			next++;
		}
		if (next < cnt && by_key[next] == watch) {
			continue;
		}
		if (drop != NULL) {
			drop(ctx, watch);
		}
		free_watch(watch);
	}
}

int
cp_watchlist_update(struct cp_watchlist *list, const char *const *keys, size_t cnt,
		cp_watch_drop_fn drop, void *ctx)
{
	/* One more than needed: an empty list is not an allocation failure. */
	struct cp_watch **by_target = calloc(cnt + 1, sizeof(struct cp_watch *));
	struct cp_watch **by_key = calloc(cnt + 1, sizeof(struct cp_watch *));

	if (by_target == NULL || by_key == NULL ||
			collect_watches(list, keys, cnt, by_target) != 0) {
		free(by_target);
		free(by_key);
		return -ENOMEM;
	}
	memcpy(by_key, by_target, cnt * sizeof(struct cp_watch *));
	qsort(by_key, cnt, sizeof(struct cp_watch *), compare_watches);
	drop_missing(list, by_key, cnt, drop, ctx);
	free(list->by_target);
	free(list->by_key);
	list->by_target = by_target;
	list->by_key = by_key;
	list->cnt = cnt;
	return 0;
}

void
cp_watchlist_is_up(const struct cp_watchlist *list, bool *is_up)
{
	for (size_t i = 0; i < list->cnt; i++) {
		is_up[i] = is_cp_health_up(&list->by_target[i]->health);
	}
}

static json_t *
state_json(const struct cp_health *health)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:s}", "state", cp_health_state_name(health->state),
			"changed_unix_ms", (json_int_t)health->changed_ms, "watched_unix_ms",
			(json_int_t)health->watched_ms, "ever_up_unix_ms",
			(json_int_t)health->ever_up_ms, "reason", health->reason);
}

json_t *
cp_watchlist_save(const struct cp_watchlist *list)
{
	json_t *states = json_object();

	for (size_t i = 0; i < list->cnt; i++) {
		const struct cp_watch *watch = list->by_key[i];

		if (watch->health.state == CP_HEALTH_UNKNOWN) {
			continue;
		}
		json_object_set_new(states, watch->key, state_json(&watch->health));
	}
	return states;
}

void
cp_watchlist_restore(struct cp_watchlist *list, json_t *states)
{
	json_decref(list->saved);
	list->saved = json_incref(states);
}

static void
put_age(json_t *object, const char *name, uint64_t then_ms, uint64_t now_ms)
{
	if (then_ms != 0 && now_ms >= then_ms) {
		json_object_set_new(object, name, json_integer((json_int_t)(now_ms - then_ms)));
	}
}

static json_t *
watch_json(const struct cp_watch *watch, uint64_t now_ms)
{
	const struct cp_health *health = &watch->health;
	json_t *object = json_pack("{s:s, s:s, s:s, s:b}", "target", watch->label, "key",
			watch->key, "state",
			watch->unprobed != NULL ? "unprobed" : cp_health_state_name(health->state),
			"counts_as_up", is_cp_health_up(health));

	if (watch->unprobed != NULL) {
		json_object_set_new(object, "unprobed_because", json_string(watch->unprobed));
		return object;
	}
	json_object_set_new(object, "interval_ms", json_integer(watch->interval_ms));
	json_object_set_new(object, "timeout_ms", json_integer(watch->timeout_ms));
	json_object_set_new(object, "fall", json_integer(watch->limits.fall));
	json_object_set_new(object, "rise", json_integer(watch->limits.rise));
	json_object_set_new(object, "succeeded", json_integer((json_int_t)health->ok_cnt));
	json_object_set_new(object, "failed", json_integer((json_int_t)health->fail_cnt));
	json_object_set_new(object, "streak", json_integer(health->streak));
	json_object_set_new(object, "last_probe_ok", json_boolean(health->is_last_ok));
	json_object_set_new(object, "last_probe_us", json_integer(health->took_us));
	json_object_set_new(object, "reason", json_string(health->reason));
	json_object_set_new(
			object, "ever_up_unix_ms", json_integer((json_int_t)health->ever_up_ms));
	json_object_set_new(
			object, "has_never_answered", json_boolean(is_cp_health_never_up(health)));
	put_age(object, "watched_ago_ms", health->watched_ms, now_ms);
	put_age(object, "checked_ago_ms", health->checked_ms, now_ms);
	put_age(object, "changed_ago_ms", health->changed_ms, now_ms);
	return object;
}

json_t *
cp_watchlist_json(const struct cp_watchlist *list, uint64_t now_ms)
{
	json_t *targets = json_array();

	for (size_t i = 0; i < list->cnt; i++) {
		json_array_append_new(targets, watch_json(list->by_key[i], now_ms));
	}
	return targets;
}
