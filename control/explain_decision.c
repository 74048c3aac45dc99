/* One dynamic record and one client: the rules, the pools tried in turn, what is known of each
 * value's health, and what part of the answers it is. */
#include <string.h>

#include "control/explain_impl.h"
#include "control/explain_rules.h"
#include "control/watchlist.h"
#include "control/zones.h"

double
cp_explain_share(const struct tbl_view *view, const struct tbl_set *set, uint32_t answer)
{
	double share = 0;

	for (uint32_t i = 0; i < set->cnt; i++) {
		const struct tbl_alias *alias = &view->aliases[set->alias_first + i];
		double first = alias->threshold == UINT32_MAX
		                               ? 1.0
		                               : (double)alias->threshold / 4294967296.0;

		share += alias->answer == answer ? first : 0;
		share += alias->other == answer ? 1.0 - first : 0;
	}
	return share / set->cnt;
}

static json_t *
watch_json(const struct cp_watch *watch, uint64_t now_ms)
{
	const struct cp_health *health = &watch->health;
	const char *because = watch->unprobed != NULL ? watch->unprobed : health->reason;
	json_t *json = json_pack("{s:s, s:s}", "state",
			watch->unprobed != NULL ? "unprobed" : cp_health_state_name(health->state),
			"target", watch->label);

	if (because[0] != '\0') {
		json_object_set_new(json, "because", json_string(because));
	}
	if (watch->unprobed != NULL) {
		return json;
	}
	json_object_set_new(json, "succeeded", json_integer((json_int_t)health->ok_cnt));
	json_object_set_new(json, "failed", json_integer((json_int_t)health->fail_cnt));
	json_object_set_new(
			json, "has_never_answered", json_boolean(is_cp_health_never_up(health)));
	if (watch->is_default_check) {
		json_object_set_new(json, "is_default_check", json_true());
	}
	if (health->watched_ms != 0 && now_ms >= health->watched_ms) {
		json_object_set_new(json, "watched_ago_ms",
				json_integer((json_int_t)(now_ms - health->watched_ms)));
	}
	if (health->changed_ms != 0) {
		json_object_set_new(json, "since_unix_ms",
				json_integer((json_int_t)health->changed_ms));
		if (now_ms >= health->changed_ms) {
			json_object_set_new(json, "since_ago_ms",
					json_integer((json_int_t)(now_ms - health->changed_ms)));
		}
	}
	return json;
}

static json_t *
health_json(const struct cp_explain_input *input, const struct tbl_value *value)
{
	const struct cp_watch *watch;

	if (value->status != TBL_STATUS_OBEY) {
		bool is_up = value->status == TBL_STATUS_UP;

		return json_pack("{s:s, s:s}", "state", is_up ? "up" : "down", "because",
				is_up ? "the zone file says status: up"
				      : "the zone file says status: down");
	}
	if (value->target == TBL_NONE) {
		return json_pack("{s:s, s:s}", "state", "up", "because", "it has no health check");
	}
	watch = input->watch_of != NULL ? input->watch_of(input->ctx, value->target) : NULL;
	if (watch == NULL) {
		return json_pack("{s:s, s:s}", "state", "unknown", "because",
				"health is not known here; unknown counts as up");
	}
	return watch_json(watch, input->now_ms);
}

/* Answers and health come apart where the brake holds something back, or where the selection in use
 * was made a moment before the last probe. */
static const char *
why_unlike_health(bool is_answered, const char *state)
{
	bool is_down = strcmp(state, "down") == 0;

	if (is_answered && is_down) {
		return "answered all the same: too much is down at once, or this has just gone "
		       "down";
	}
	return !is_answered && !is_down ? "not answered yet: the selection in use is older" : NULL;
}

json_t *
cp_explain_values(const struct cp_explain_input *input, const struct tbl_pool *pool,
		const struct tbl_set *set)
{
	const struct tbl_view *view = input->view;
	bool is_answering = set->pool != TBL_NONE && pool == &view->pools[set->pool];
	json_t *list = json_array();

	for (uint32_t i = 0; i < pool->value_cnt; i++) {
		const struct tbl_value *value = &view->values[pool->value_first + i];
		double share = is_answering ? cp_explain_share(view, set, value->answer) : 0;
		json_t *health = health_json(input, value);
		const char *note = why_unlike_health(
				share > 0, json_string_value(json_object_get(health, "state")));
		json_t *entry = json_pack("{s:s, s:i, s:b, s:f, s:o}", "value",
				view->strings + value->text_str, "weight", (int)value->weight,
				"is_answered", share > 0, "share", share, "health", health);

		if (note != NULL) {
			json_object_set_new(entry, "note", json_string(note));
		}
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *
why_skipped(const struct tbl_view *view, const struct tbl_dyn *dyn, const struct tbl_pool *pool)
{
	if (pool->fallback == TBL_POOL_NONE) {
		return cp_explain_text("no value of it is up, and it has no fallback");
	}
	return cp_explain_text("no value of it is up: its fallback is pool %s",
			view->strings + view->pools[dyn->pool_first + pool->fallback].name_str);
}

static json_t *
why_answering(const struct tbl_pool *pool, const struct tbl_set *set)
{
	if (pool->value_cnt == 1) {
		return json_string("its only value is answered");
	}
	return set->cnt == pool->value_cnt
	                       ? cp_explain_text("all its %u values are answered, one at a time",
						 pool->value_cnt)
	                       : cp_explain_text("%u of its %u values %s answered", set->cnt,
						 pool->value_cnt, set->cnt == 1 ? "is" : "are");
}

static json_t *
pool_json(const struct cp_explain_input *input, const struct cp_explain_step *step,
		const struct tbl_pool *pool)
{
	const struct tbl_view *view = input->view;
	const struct tbl_set *set = step->choice.set;
	bool is_answering = set->pool != TBL_NONE && pool == &view->pools[set->pool];

	return json_pack("{s:s, s:b, s:o, s:o}", "pool", view->strings + pool->name_str,
			"is_answering", is_answering, "because",
			is_answering ? why_answering(pool, set)
				     : why_skipped(view, step->dyn, pool),
			"values", cp_explain_values(input, pool, set));
}

/* The pools tried in turn, up to the one the selection took. */
static json_t *
pools_json(const struct cp_explain_input *input, const struct cp_explain_step *step)
{
	const struct tbl_view *view = input->view;
	const struct tbl_dyn *dyn = step->dyn;
	const struct tbl_ruleset *ruleset = &view->rulesets[dyn->ruleset];
	const struct tbl_set *set = step->choice.set;
	json_t *pools = json_array();
	uint32_t ordinal = TBL_POOL_NONE;

	if (step->choice.rule < ruleset->rule_cnt) {
		ordinal = view->rules[ruleset->rule_first + step->choice.rule].pool;
	}
	for (uint32_t i = 0; i < dyn->pool_cnt && ordinal != TBL_POOL_NONE; i++) {
		const struct tbl_pool *pool = &view->pools[dyn->pool_first + ordinal];

		json_array_append_new(pools, pool_json(input, step, pool));
		if (set->pool != TBL_NONE && pool == &view->pools[set->pool]) {
			break;
		}
		ordinal = pool->fallback;
	}
	return pools;
}

json_t *
cp_explain_decision(const struct cp_explain_input *input, const struct cp_explain_client *client,
		const struct cp_explain_step *step)
{
	const struct tbl_view *view = input->view;
	const struct tbl_set *set = step->choice.set;
	struct cp_client_place place = {
		.addr = client->addr,
		.code = client->place,
		.has_geo = input->geo != NULL,
	};
	char type_name[CP_TYPE_NAME_MAX];
	json_t *json = json_pack("{s:o, s:s, s:I, s:o, s:o, s:b, s:o}", "record",
			cp_explain_node(view, &view->nodes[step->dyn->node]), "type",
			cp_type_name(step->dyn->type, type_name), "ttl_s",
			(json_int_t)step->dyn->ttl_s, "rules",
			cp_explain_rules(view, step->dyn, step->choice.rule, &place), "pools",
			pools_json(input, step), "is_last_resort", set->pool == TBL_NONE, "ecs",
			cp_explain_scope(view, client, step->dyn, &step->choice));

	if (set->pool != TBL_NONE) {
		json_object_set_new(json, "pool",
				json_string(view->strings + view->pools[set->pool].name_str));
	}
	if (step->choice.rule < view->rulesets[step->dyn->ruleset].rule_cnt) {
		json_object_set_new(json, "rule", json_integer((json_int_t)step->choice.rule + 1));
	}
	return json;
}
