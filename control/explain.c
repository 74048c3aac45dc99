#include "control/explain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "table/reply.h"

#include "control/address.h"
#include "control/explain_rules.h"
#include "control/present.h"
#include "control/watchlist.h"
#include "control/zones.h"

/* Everything about one explanation that its parts need. */
struct explainer {
	const struct cp_explain_input *input;
	const struct tbl_view *view;
	struct tbl_name name;
	struct tbl_addr client;
	struct tbl_reply reply;
	uint16_t type;
};

static const char *
rcode_name(uint8_t rcode)
{
	switch (rcode) {
	case 0:
		return "NOERROR";
	case 3:
		return "NXDOMAIN";
	case 5:
		return "REFUSED";
	default:
		return "?";
	}
}

static json_t *
node_json(const struct tbl_view *view, const struct tbl_node *node)
{
	char text[TBL_NAME_TEXT_MAX];

	tbl_name_to_text(tbl_node_name(view, node), text);
	return json_string(text);
}

/* Where the question's name is in our zones. */
static json_t *
match_json(const struct explainer *explainer)
{
	const struct tbl_view *view = explainer->view;
	const struct tbl_match *match = &explainer->reply.match;
	json_t *json = json_object();

	if (match->kind == TBL_MATCH_NONE) {
		json_object_set_new(json, "kind", json_string("none"));
		return json;
	}
	json_object_set_new(json, "kind",
			json_string(match->kind == TBL_MATCH_EXACT ? "exact" : "closest_encloser"));
	json_object_set_new(json, "name", node_json(view, match->node));
	json_object_set_new(json, "zone",
			json_string(view->strings + view->zones[match->node->zone].name_str));
	if (explainer->reply.is_wildcard) {
		json_object_set_new(json, "wildcard",
				node_json(view, &view->nodes[match->node->wildcard]));
	}
	if (match->node->cut != TBL_NONE) {
		json_object_set_new(json, "delegated_at",
				node_json(view, &view->nodes[match->node->cut]));
	}
	return json;
}

static const char *
find_place(const struct explainer *explainer, uint8_t *ret_bits)
{
	const struct cp_geo *geo = explainer->input->geo;

	*ret_bits = 0;
	return geo != NULL ? cp_geo_place(geo, &explainer->client, ret_bits) : NULL;
}

static json_t *
client_json(const struct explainer *explainer)
{
	const struct tbl_view *view = explainer->view;
	const struct cp_explain_input *input = explainer->input;
	uint32_t leaf = tbl_locate(view, &explainer->client);
	char prefix[CP_PREFIX_TEXT_MAX];
	uint8_t place_bits;
	const char *code = find_place(explainer, &place_bits);
	json_t *json;

	cp_explain_prefix(&explainer->client, view->leaves[leaf].prefix_bits, prefix);
	json = json_pack("{s:s, s:I, s:I, s:s, s:b}", "address", input->from, "leaf",
			(json_int_t)leaf, "class", (json_int_t)view->leaves[leaf].class_id,
			"prefix", prefix, "has_geo_database", input->geo != NULL);
	if (code != NULL) {
		const char *place_name = cp_geo_name(code);

		cp_explain_prefix(&explainer->client, place_bits, prefix);
		json_object_set_new(json, "place", json_string(code));
		json_object_set_new(json, "place_name",
				json_string(place_name != NULL ? place_name : code));
		json_object_set_new(json, "place_prefix", json_string(prefix));
	}
	return json;
}

/* The part of a set's draws that yields `answer`, 0..1, read off its alias table. */
static double
share_of(const struct tbl_view *view, const struct tbl_set *set, uint32_t answer)
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
health_json(const struct explainer *explainer, const struct tbl_value *value)
{
	const struct cp_explain_input *input = explainer->input;
	const struct cp_watch *watch;
	json_t *json;

	if (value->status != TBL_STATUS_OBEY) {
		return json_pack("{s:s, s:s}", "state",
				value->status == TBL_STATUS_UP ? "up" : "down", "because",
				"the zone file says status");
	}
	if (value->target == TBL_NONE) {
		return json_pack("{s:s, s:s}", "state", "up", "because", "it has no health check");
	}
	watch = input->watch_of != NULL ? input->watch_of(input->ctx, value->target) : NULL;
	if (watch == NULL) {
		return json_pack("{s:s, s:s}", "state", "unknown", "because",
				"health is not known here; unknown counts as up");
	}
	json = json_pack("{s:s, s:s}", "state",
			watch->unprobed != NULL ? "unprobed"
						: cp_health_state_name(watch->health.state),
			"target", watch->label);
	if (watch->unprobed != NULL || watch->health.reason[0] != '\0') {
		json_object_set_new(json, "because",
				json_string(watch->unprobed != NULL ? watch->unprobed
								    : watch->health.reason));
	}
	return json;
}

static json_t *
pool_json(const struct explainer *explainer, const struct tbl_pool *pool, const struct tbl_set *set)
{
	const struct tbl_view *view = explainer->view;
	bool is_answering = set->pool != TBL_NONE && pool == &view->pools[set->pool];
	json_t *values = json_array();

	for (uint32_t i = 0; i < pool->value_cnt; i++) {
		const struct tbl_value *value = &view->values[pool->value_first + i];

		json_array_append_new(values,
				json_pack("{s:s, s:i, s:o, s:f}", "value",
						view->strings + value->text_str, "weight",
						(int)value->weight, "health",
						health_json(explainer, value), "share",
						is_answering ? share_of(view, set, value->answer)
							     : 0.0));
	}
	return json_pack("{s:s, s:b, s:o}", "pool", view->strings + pool->name_str, "is_answering",
			is_answering, "values", values);
}

/* The pools tried in turn, up to the one the selection took. */
static json_t *
steps_json(const struct explainer *explainer)
{
	const struct tbl_view *view = explainer->view;
	const struct tbl_trace *trace = &explainer->reply.trace;
	const struct tbl_ruleset *ruleset = &view->rulesets[trace->dyn->ruleset];
	json_t *steps = json_array();
	uint32_t ordinal = TBL_POOL_NONE;

	if (trace->rule < ruleset->rule_cnt) {
		ordinal = view->rules[ruleset->rule_first + trace->rule].pool;
	}
	for (uint32_t i = 0; i < trace->dyn->pool_cnt && ordinal != TBL_POOL_NONE; i++) {
		const struct tbl_pool *pool = &view->pools[trace->dyn->pool_first + ordinal];

		json_array_append_new(steps, pool_json(explainer, pool, trace->set));
		if (trace->set->pool != TBL_NONE && pool == &view->pools[trace->set->pool]) {
			break;
		}
		ordinal = pool->fallback;
	}
	return steps;
}

static json_t *
decision_json(const struct explainer *explainer)
{
	const struct tbl_view *view = explainer->view;
	const struct tbl_trace *trace = &explainer->reply.trace;
	struct cp_client_place place = {
		.addr = explainer->client,
		.has_geo = explainer->input->geo != NULL,
	};
	struct tbl_choice choice;
	char scope[CP_PREFIX_TEXT_MAX];
	char type_name[16];
	uint8_t place_bits;
	json_t *json;

	if (trace->dyn == NULL) {
		return json_null();
	}
	place.code = find_place(explainer, &place_bits);
	choice = tbl_choose(view, trace->dyn, trace->leaf);
	cp_explain_prefix(&explainer->client, choice.scope_bits, scope);
	json = json_pack("{s:o, s:s, s:o, s:o, s:b, s:i, s:s}", "record",
			node_json(view, &view->nodes[trace->dyn->node]), "type",
			cp_type_name(trace->dyn->type, type_name), "rules",
			cp_explain_rules(view, trace->dyn, trace->rule, &place), "pools",
			steps_json(explainer), "is_last_resort", trace->set->pool == TBL_NONE,
			"scope_bits", (int)choice.scope_bits, "scope_prefix", scope);
	if (trace->set->pool != TBL_NONE) {
		json_object_set_new(json, "pool",
				json_string(view->strings +
						view->pools[trace->set->pool].name_str));
	}
	if (trace->rule < view->rulesets[trace->dyn->ruleset].rule_cnt) {
		json_object_set_new(json, "rule", json_integer((json_int_t)trace->rule + 1));
	}
	return json;
}

static int
read_question(const struct cp_explain_input *input, struct explainer *explainer,
		char error[CP_EXPLAIN_ERROR_MAX])
{
	uint8_t wire[TBL_NAME_MAX];
	struct tbl_prefix from;
	int len = tbl_name_from_text(input->name, wire);

	if (len < 0 || tbl_name_parse(wire, (size_t)len, &explainer->name) < 0) {
		(void)snprintf(error, CP_EXPLAIN_ERROR_MAX, "\"%.100s\" is not a domain name",
				input->name);
		return -EINVAL;
	}
	explainer->type = cp_type_from_name(input->type);
	if (explainer->type == 0) {
		(void)snprintf(error, CP_EXPLAIN_ERROR_MAX,
				"\"%.40s\" is not a record type (A, AAAA, TXT, TYPE65 ...)",
				input->type);
		return -EINVAL;
	}
	if (cp_prefix_parse(input->from, &from) != 0) {
		(void)snprintf(error, CP_EXPLAIN_ERROR_MAX,
				"\"%.60s\" is not an IPv4 or IPv6 address or prefix", input->from);
		return -EINVAL;
	}
	/* As the data plane takes a client subnet: by its first address. */
	memcpy(explainer->client.bytes, from.bytes, sizeof(from.bytes));
	explainer->client.family = from.family;
	return 0;
}

int
cp_explain(const struct cp_explain_input *input, json_t **ret_json,
		char error[CP_EXPLAIN_ERROR_MAX])
{
	struct explainer explainer = { .input = input, .view = input->view };
	char name[TBL_NAME_TEXT_MAX];
	char type_name[16];
	char scope[CP_PREFIX_TEXT_MAX];
	json_t *json;
	int err = read_question(input, &explainer, error);

	if (err != 0) {
		return err;
	}
	tbl_name_hash(&explainer.name, input->view->header->hash_seed);
	tbl_resolve(input->view, &explainer.name, explainer.type, &explainer.client, input->random,
			&explainer.reply);
	tbl_name_to_text(explainer.name.wire, name);
	cp_explain_prefix(&explainer.client, explainer.reply.scope_bits, scope);
	json = json_pack("{s:{s:s, s:s, s:s}, s:I, s:I, s:s, s:b, s:b}", "question", "name", name,
			"type", cp_type_name(explainer.type, type_name), "from", input->from,
			"generation", (json_int_t)input->view->header->generation, "sequence",
			(json_int_t)input->view->select->sequence, "rcode",
			rcode_name(explainer.reply.rcode), "is_authoritative",
			explainer.reply.is_authoritative, "is_referral",
			explainer.reply.is_referral);
	json_object_set_new(json, "match", match_json(&explainer));
	json_object_set_new(json, "client", client_json(&explainer));
	json_object_set_new(json, "decision", decision_json(&explainer));
	json_object_set_new(json, "ecs_scope_bits", json_integer(explainer.reply.scope_bits));
	json_object_set_new(json, "ecs_scope_prefix", json_string(scope));
	json_object_set_new(json, "reply",
			cp_present_reply(input->view, &explainer.reply, &explainer.name));
	*ret_json = json;
	return 0;
}
