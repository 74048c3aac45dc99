#include "control/silence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/lint.h"
#include "control/rdata.h"
#include "control/target.h"

/* Who relies on what; by target number. */
struct reliance {
	uint32_t *record_cnt;
	uint32_t *last; /* the record counted last, so that none counts twice */
	uint32_t *first;
};

/* All silent targets under one kind of check. */
struct group {
	bool is_default_check;
	size_t target_cnt;
	size_t record_cnt;
	uint32_t example; /* target */
};

static bool
is_silent(const struct cp_watch *watch)
{
	return watch->unprobed == NULL && is_cp_health_never_up(&watch->health);
}

static void
free_reliance(struct reliance *reliance)
{
	free(reliance->record_cnt);
	free(reliance->last);
	free(reliance->first);
}

/* look_at_record calls `look` for each target that health decides about in this record. */
static void
look_at_record(const struct tbl_view *view, const struct tbl_dyn *dyn, size_t target_cnt,
		void (*look)(void *ctx, uint32_t target), void *ctx)
{
	for (uint32_t i = 0; i < dyn->pool_cnt; i++) {
		const struct tbl_pool *pool = &view->pools[dyn->pool_first + i];

		for (uint32_t k = 0; k < pool->value_cnt; k++) {
			const struct tbl_value *value = &view->values[pool->value_first + k];

			if (value->status == TBL_STATUS_OBEY && value->target < target_cnt) {
				look(ctx, value->target);
			}
		}
	}
}

struct counting {
	struct reliance *reliance;
	uint32_t dyn;
};

static void
count_record(void *ctx, uint32_t target)
{
	const struct counting *counting = ctx;
	struct reliance *reliance = counting->reliance;

	if (reliance->last[target] == counting->dyn) {
		return;
	}
	reliance->last[target] = counting->dyn;
	if (reliance->record_cnt[target]++ == 0) {
		reliance->first[target] = counting->dyn;
	}
}

static int
count_reliance(const struct tbl_view *view, size_t target_cnt, struct reliance *ret_reliance)
{
	struct reliance reliance = {
		.record_cnt = calloc(target_cnt + 1, sizeof(uint32_t)),
		.last = malloc((target_cnt + 1) * sizeof(uint32_t)),
		.first = malloc((target_cnt + 1) * sizeof(uint32_t)),
	};
	struct counting counting = { .reliance = &reliance };
	size_t dyn_cnt = view->header->sections[TBL_SECTION_DYNS].cnt;

	if (reliance.record_cnt == NULL || reliance.last == NULL || reliance.first == NULL) {
		free_reliance(&reliance);
		return -ENOMEM;
	}
	for (size_t i = 0; i < target_cnt; i++) {
		reliance.last[i] = TBL_NONE;
		reliance.first[i] = TBL_NONE;
	}
	for (; counting.dyn < dyn_cnt; counting.dyn++) {
		look_at_record(view, &view->dyns[counting.dyn], target_cnt, count_record,
				&counting);
	}
	*ret_reliance = reliance;
	return 0;
}

/* "www.example.test. A", or "" when no record relies on it any more. */
static void
describe_record(const struct tbl_view *view, uint32_t dyn, char *text, size_t size)
{
	char name[TBL_NAME_TEXT_MAX];
	char type[CP_TYPE_NAME_MAX];

	text[0] = '\0';
	if (dyn == TBL_NONE) {
		return;
	}
	(void)tbl_name_to_text(tbl_node_name(view, &view->nodes[view->dyns[dyn].node]), name);
	(void)snprintf(text, size, "%s %s", name, cp_type_name(view->dyns[dyn].type, type));
}

static bool
has_silent(const struct cp_watchlist *list)
{
	for (size_t i = 0; i < list->cnt; i++) {
		if (is_silent(list->by_target[i])) {
			return true;
		}
	}
	return false;
}

static json_t *
item_json(const struct cp_watch *watch, uint32_t record_cnt, const char *record, uint64_t now_ms)
{
	const struct cp_health *health = &watch->health;
	json_t *item = json_pack("{s:s, s:s, s:b, s:I, s:s}", "target", watch->label, "reason",
			health->reason, "is_default_check", watch->is_default_check, "records",
			(json_int_t)record_cnt, "record", record);

	if (health->watched_ms != 0 && now_ms >= health->watched_ms) {
		json_object_set_new(item, "watched_ago_ms",
				json_integer((json_int_t)(now_ms - health->watched_ms)));
	}
	return item;
}

json_t *
cp_silence_list(const struct cp_watchlist *list, const struct tbl_view *view, uint64_t now_ms)
{
	json_t *items = json_array();
	struct reliance reliance;
	char record[TBL_NAME_TEXT_MAX + 16];

	if (!has_silent(list)) {
		return items;
	}
	if (count_reliance(view, list->cnt, &reliance) != 0) {
		json_decref(items);
		return NULL;
	}
	for (size_t i = 0; i < list->cnt && json_array_size(items) < CP_SILENCE_LISTED_MAX; i++) {
		if (is_silent(list->by_target[i])) {
			describe_record(view, reliance.first[i], record, sizeof(record));
			json_array_append_new(
					items, item_json(list->by_target[i], reliance.record_cnt[i],
							       record, now_ms));
		}
	}
	free_reliance(&reliance);
	return items;
}

struct search {
	const struct cp_watchlist *list;
	bool is_default_check;
	bool is_found;
};

static void
look_for_group(void *ctx, uint32_t target)
{
	struct search *search = ctx;
	const struct cp_watch *watch = search->list->by_target[target];

	search->is_found =
			search->is_found ||
			(is_silent(watch) && watch->is_default_check == search->is_default_check);
}

/* A record with several silent targets counts once. */
static size_t
count_group_records(
		const struct cp_watchlist *list, const struct tbl_view *view, bool is_default_check)
{
	size_t dyn_cnt = view->header->sections[TBL_SECTION_DYNS].cnt;
	size_t cnt = 0;

	for (size_t i = 0; i < dyn_cnt; i++) {
		struct search search = { .list = list, .is_default_check = is_default_check };

		look_at_record(view, &view->dyns[i], list->cnt, look_for_group, &search);
		cnt += search.is_found;
	}
	return cnt;
}

static void
tell_group(const struct cp_watchlist *list, const struct tbl_view *view,
		const struct reliance *reliance, const struct group *group, json_t *problems)
{
	const struct cp_watch *watch = list->by_target[group->example];
	char record[TBL_NAME_TEXT_MAX + 16];
	bool is_one = group->target_cnt == 1;

	describe_record(view, reliance->first[group->example], record, sizeof(record));
	json_array_append_new(problems,
			json_sprintf("%zu of %zu health targets %s NEVER ONCE ANSWERED%s%s: %s; "
				     "%zu %s on %s: %s%s",
					group->target_cnt, list->cnt, is_one ? "has" : "have",
					is_one ? ": " : ", e.g. ", watch->label,
					watch->health.reason, group->record_cnt,
					group->record_cnt == 1 ? "record relies" : "records rely",
					is_one ? "it" : "them", record,
					group->is_default_check
							? "; this is octoDNS's DEFAULT CHECK, "
							  "which no zone file writes: if it is not "
							  "meant, " CP_DEFAULT_CHECK_ADVICE
							: ""));
}

int
cp_silence_tell(const struct cp_watchlist *list, const struct tbl_view *view, json_t *problems)
{
	/* The louder one first. */
	struct group groups[] = { { .is_default_check = true }, { .is_default_check = false } };
	struct reliance reliance;

	if (!has_silent(list)) {
		return 0;
	}
	if (count_reliance(view, list->cnt, &reliance) != 0) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < list->cnt; i++) {
		const struct cp_watch *watch = list->by_target[i];
		struct group *group = &groups[watch->is_default_check ? 0 : 1];

		if (is_silent(watch) && group->target_cnt++ == 0) {
			group->example = i;
		}
	}
	for (size_t i = 0; i < 2; i++) {
		if (groups[i].target_cnt > 0) {
			groups[i].record_cnt =
					count_group_records(list, view, groups[i].is_default_check);
			tell_group(list, view, &reliance, &groups[i], problems);
		}
	}
	free_reliance(&reliance);
	return 0;
}

static void
add_default(json_t *defaults, const struct cp_dynamic *dynamic, const struct cp_value *value)
{
	struct cp_target target;
	char key[CP_TARGET_KEY_MAX];

	if (value->status != TBL_STATUS_OBEY) {
		return;
	}
	cp_target_make(&dynamic->healthcheck, value->probed != NULL ? value->probed : value->text,
			&target);
	if (cp_target_key(&target, key) >= 0) {
		json_object_set_new(defaults, key, json_true());
	}
}

static void
add_defaults(json_t *defaults, const struct cp_dynamic *dynamic)
{
	for (uint32_t i = 0; i < dynamic->pool_cnt; i++) {
		const struct cp_pool *pool = &dynamic->pools[i];

		for (uint32_t k = 0; k < pool->value_cnt; k++) {
			add_default(defaults, dynamic, &pool->values[k]);
		}
	}
}

json_t *
cp_silence_defaults(const struct cp_zones *zones)
{
	json_t *defaults = json_object();

	for (size_t i = 0; i < zones->cnt; i++) {
		const struct cp_zone *zone = &zones->items[i];

		for (size_t k = 0; k < zone->record_cnt; k++) {
			const struct cp_dynamic *dynamic = zone->records[k].dynamic;

			if (dynamic != NULL && !dynamic->healthcheck.is_explicit) {
				add_defaults(defaults, dynamic);
			}
		}
	}
	return defaults;
}

void
cp_silence_mark(struct cp_watchlist *list, const json_t *defaults)
{
	for (size_t i = 0; i < list->cnt; i++) {
		list->by_key[i]->is_default_check =
				json_object_get(defaults, list->by_key[i]->key) != NULL;
	}
}

size_t
cp_silence_unprobed_cnt(const struct cp_watchlist *list)
{
	size_t cnt = 0;

	for (size_t i = 0; i < list->cnt; i++) {
		const struct cp_watch *watch = list->by_key[i];

		cnt += watch->unprobed == NULL && watch->health.watched_ms == 0 &&
		       watch->health.state == CP_HEALTH_UNKNOWN;
	}
	return cnt;
}

json_t *
cp_silence_reasons(const struct cp_watchlist *list)
{
	json_t *reasons = json_object();

	for (size_t i = 0; i < list->cnt; i++) {
		if (is_silent(list->by_key[i])) {
			json_object_set_new(reasons, list->by_key[i]->key,
					json_string(list->by_key[i]->health.reason));
		}
	}
	return reasons;
}

const char *
cp_silence_reason(void *reasons, const char *key)
{
	return json_string_value(json_object_get(reasons, key));
}
