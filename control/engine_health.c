/*
 * The engine's health side: which targets are watched, what their results mean, and the selection
 * that is left of it.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/build.h"

#include "control/engine_impl.h"
#include "control/json_read.h"
#include "control/target.h"
#include "control/text.h"

/* States are saved this long after a change, so that a storm of flips is one write. */
#define SAVE_DELAY_S 1

/* Two servers with two addresses each are four targets: one dead server is half of them, and says
 * nothing about our own network. A share means something from here on. */
#define BRAKE_TARGETS_MIN 8u

/* When the brake holds targets back, it is asked again as its minute ends. */
static void
wait_for_brake(struct cp_engine *engine)
{
	struct timeval delay = { .tv_sec = 60 };

	if (engine->brake.held_cnt > 0 && !event_pending(engine->brake_timer, EV_TIMEOUT, NULL)) {
		event_add(engine->brake_timer, &delay);
	}
}

/* Every target up: the selection that is embedded in the table says the same. */
static bool
is_all_up(const bool *is_up, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		if (!is_up[i]) {
			return false;
		}
	}
	return true;
}

void
cp_engine_drop_selection(struct cp_current *current)
{
	free(current->selection);
	current->selection = NULL;
	current->selection_bytes = 0;
}

/* What is about to be answered is written down first: health.json comes a second later, and a process
 * killed in between must not, when it comes back, put in what was left out. */
static void
save_answered(struct cp_engine *engine, const bool *is_up)
{
	char hash[CP_HASH_TEXT_MAX];
	json_t *down = json_array();
	json_t *answered;
	int err;

	cp_hash_text(cp_engine_current(engine)->content_hash, hash);
	for (size_t i = 0; i < engine->watchlist.cnt; i++) {
		if (!is_up[i]) {
			json_array_append_new(down, json_integer((json_int_t)i));
		}
	}
	answered = json_pack("{s:s, s:o}", "content_hash", hash, "down", down);
	if (json_equal(answered, engine->state->answered)) {
		json_decref(answered);
		return;
	}
	err = cp_state_save_answered(engine->state, answered);
	if (err != 0) {
		cp_engine_note(engine, "%s: cannot save: %s", engine->state->answered_path,
				strerrordesc_np(-err));
	}
}

/* A target's state becomes what was answered; its next results decide as ever. */
static void
set_answered(struct cp_watch *watch, bool is_down)
{
	struct cp_health *health = &watch->health;

	if (watch->unprobed != NULL || is_down == !is_cp_health_up(health)) {
		return;
	}
	health->state = is_down ? CP_HEALTH_DOWN : CP_HEALTH_UP;
	health->streak = 0;
	health->is_last_ok = !is_down;
	(void)snprintf(health->reason, sizeof(health->reason), "%s",
			is_down ? "down when the control plane last ran" : "");
}

void
cp_engine_restore_answered(struct cp_engine *engine)
{
	const struct cp_watchlist *list = &engine->watchlist;
	const json_t *answered = engine->state->answered;
	const json_t *down = json_object_get(answered, "down");
	bool *is_down = calloc(list->cnt + 1, sizeof(*is_down));
	char hash[CP_HASH_TEXT_MAX];

	cp_hash_text(cp_engine_current(engine)->content_hash, hash);
	/* Target numbers are of one table. */
	if (is_down == NULL || strcmp(cp_json_text(answered, "content_hash"), hash) != 0) {
		free(is_down);
		return;
	}
	for (size_t i = 0; i < json_array_size(down); i++) {
		json_int_t number = json_integer_value(json_array_get(down, i));

		if (number >= 0 && (uint64_t)number < list->cnt) {
			is_down[number] = true;
		}
	}
	for (size_t i = 0; i < list->cnt; i++) {
		set_answered(list->by_target[i], is_down[i]);
	}
	free(is_down);
}

/* Builds the selection that today's health leaves. With nothing down and nothing to take back the
 * embedded one will do. */
int
cp_engine_rebuild_selection(struct cp_engine *engine)
{
	struct cp_current *current = &engine->current;
	size_t cnt = engine->watchlist.cnt;
	bool *is_up = calloc(cnt + 1, sizeof(*is_up));
	uint64_t start_us = cp_engine_now_us();
	void *selection = NULL;
	size_t bytes = 0;
	int err = 0;

	if (is_up == NULL) {
		return -ENOMEM;
	}
	cp_watchlist_is_up(&engine->watchlist, is_up);
	save_answered(engine, is_up);
	cp_brake_pass(&engine->brake, cp_engine_now_us() / 1000, is_up);
	wait_for_brake(engine);
	if (current->sequence > 0 || !is_all_up(is_up, cnt)) {
		err = tbl_select_build(current->image->bytes, is_up, current->sequence + 1,
				&selection, &bytes);
		if (err == 0) {
			cp_engine_drop_selection(current);
			current->selection = selection;
			current->selection_bytes = bytes;
			current->sequence++;
		}
	}
	free(is_up);
	engine->flip.build_us = cp_engine_now_us() - start_us;
	return err;
}

static void
drop_watch(void *ctx, struct cp_watch *watch)
{
	(void)ctx;
	if (watch->probe != NULL) {
		cp_probe_remove(watch->probe);
		watch->probe = NULL;
	}
}

static int
start_probe(struct cp_engine *engine, struct cp_watch *watch)
{
	struct cp_target target;
	struct cp_probe_spec spec = {
		.address = watch->address,
		.host = target.host,
		.path = target.path,
		.interval_ms = watch->interval_ms,
		.timeout_ms = watch->timeout_ms,
		.user = watch,
	};
	int err = cp_target_from_key(watch->key, &target);

	if (err != 0) {
		return err;
	}
	spec.protocol = target.protocol;
	return cp_probe_add(engine->prober, &spec, &watch->probe);
}

static void
start_probes(struct cp_engine *engine)
{
	for (size_t i = 0; i < engine->watchlist.cnt; i++) {
		struct cp_watch *watch = engine->watchlist.by_key[i];

		if (watch->probe == NULL && watch->unprobed == NULL &&
				start_probe(engine, watch) != 0) {
			cp_engine_note(engine, "%s: out of memory: not probed", watch->label);
		}
	}
}

/* Who was out of service stays so under a new number. */
static int
carry_brake(struct cp_engine *engine)
{
	const struct cp_watchlist *list = &engine->watchlist;
	size_t *was_index = calloc(list->cnt + 1, sizeof(*was_index));
	int err;

	if (was_index == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < list->cnt; i++) {
		was_index[i] = list->by_target[i]->number;
	}
	err = cp_brake_resize(&engine->brake, list->cnt, was_index);
	for (size_t i = 0; err == 0 && i < list->cnt; i++) {
		list->by_target[i]->number = i;
	}
	engine->brake.limits.min_up_percent =
			list->cnt < BRAKE_TARGETS_MIN
					? 0
					: (uint32_t)engine->config->probes.min_up_percent;
	free(was_index);
	return err;
}

int
cp_engine_watch_targets(struct cp_engine *engine)
{
	const struct tbl_header *header = cp_engine_current(engine);
	struct tbl_view view;
	size_t cnt = header->sections[TBL_SECTION_TARGETS].cnt;
	const char **keys = calloc(cnt + 1, sizeof(*keys));
	int err;

	if (keys == NULL) {
		return -ENOMEM;
	}
	tbl_view_init(&view, header, NULL);
	for (size_t i = 0; i < cnt; i++) {
		keys[i] = view.strings + view.targets[i].key_str;
	}
	err = cp_watchlist_update(&engine->watchlist, keys, cnt, drop_watch, engine);
	free(keys);
	if (err == 0) {
		err = carry_brake(engine);
	}
	if (err == 0) {
		start_probes(engine);
	}
	return err;
}

static void
on_flipped(evutil_socket_t fd, short what, void *arg)
{
	struct cp_engine *engine = arg;
	int err;

	(void)fd;
	(void)what;
	if (!engine->flip.is_dirty || engine->current.image == NULL) {
		return;
	}
	engine->flip.is_dirty = false;
	/* Even when everything is up again, a selection must take the last one back. */
	err = cp_engine_rebuild_selection(engine);
	if (err == 0) {
		engine->flip.sent_us = engine->flip.seen_us;
		engine->flip.sequence = engine->current.sequence;
		err = cp_engine_offer_selection(engine);
	}
	if (err != 0 && err != -ENOTCONN) {
		cp_engine_note(engine, "cannot publish a selection: %s", strerrordesc_np(-err));
	}
}

static void
save_health(struct cp_engine *engine)
{
	int err;

	if (!engine->has_health_to_save) {
		return;
	}
	engine->has_health_to_save = false;
	err = cp_state_save_health(engine->state, cp_watchlist_save(&engine->watchlist));
	if (err != 0) {
		cp_engine_note(engine, "%s: cannot save: %s", engine->state->health_path,
				strerrordesc_np(-err));
	}
}

static void
on_save(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	save_health(arg);
}

static void
mark_flipped(struct cp_engine *engine)
{
	if (!engine->flip.is_dirty) {
		engine->flip.is_dirty = true;
		engine->flip.seen_us = cp_engine_now_us();
		event_active(engine->flipped, EV_TIMEOUT, 0);
	}
}

static void
on_brake_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	mark_flipped(arg);
}

static void
on_probe_result(void *ctx, void *user, const struct cp_probe_result *result)
{
	struct cp_engine *engine = ctx;
	struct cp_watch *watch = user;
	struct timeval delay = { .tv_sec = SAVE_DELAY_S };
	bool was_ever_up = watch->health.ever_up_ms != 0;
	enum cp_health_change change =
			cp_health_note(&watch->health, &watch->limits, result, cp_engine_wall_ms());
	bool is_first_success = !was_ever_up && watch->health.ever_up_ms != 0;

	if (change == CP_HEALTH_SAME && !is_first_success) {
		return;
	}
	engine->has_health_to_save = true;
	if (!event_pending(engine->save_timer, EV_TIMEOUT, NULL)) {
		event_add(engine->save_timer, &delay);
	}
	if (change != CP_HEALTH_WENT_UP && change != CP_HEALTH_WENT_DOWN) {
		return;
	}
	cp_engine_note(engine, "%s is %s%s%s", watch->label,
			cp_health_state_name(watch->health.state),
			watch->health.reason[0] != '\0' ? ": " : "", watch->health.reason);
	mark_flipped(engine);
}

int
cp_engine_health_init(struct cp_engine *engine)
{
	const struct cp_config_probes *probes = &engine->config->probes;
	struct cp_brake_limits limits = {
		.max_down_per_min = (uint32_t)probes->max_down_per_min,
	};

	cp_brake_init(&engine->brake, &limits);
	cp_watchlist_init(&engine->watchlist, probes->is_enabled);
	cp_watchlist_restore(&engine->watchlist, engine->state->health);
	engine->flipped = evtimer_new(engine->base, on_flipped, engine);
	engine->save_timer = evtimer_new(engine->base, on_save, engine);
	engine->brake_timer = evtimer_new(engine->base, on_brake_timer, engine);
	if (engine->flipped == NULL || engine->save_timer == NULL || engine->brake_timer == NULL) {
		return -ENOMEM;
	}
	return cp_prober_new(engine->base, (uint32_t)probes->max_concurrent, on_probe_result,
			engine, &engine->prober);
}

static void
free_event(struct event *event)
{
	if (event != NULL) {
		event_free(event);
	}
}

void
cp_engine_health_done(struct cp_engine *engine)
{
	save_health(engine);
	cp_prober_free(engine->prober);
	cp_watchlist_done(&engine->watchlist);
	cp_brake_done(&engine->brake);
	free_event(engine->flipped);
	free_event(engine->save_timer);
	free_event(engine->brake_timer);
}
