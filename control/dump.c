#include "control/dump.h"

#include <errno.h>
#include <inttypes.h>

#include "control/address.h"
#include "control/dump_impl.h"
#include "control/dynamic.h"
#include "control/leaves.h"
#include "control/present.h"
#include "control/text.h"
#include "control/zones.h"

struct dumper {
	const struct tbl_view *view;
	struct cp_leaf_walk walk; /* stands at the last location shown */
};

static const char *const section_names[TBL_SECTION_CNT] = {
	[TBL_SECTION_ZONES] = "zones",
	[TBL_SECTION_BUCKETS] = "buckets",
	[TBL_SECTION_NODES] = "nodes",
	[TBL_SECTION_NAMES] = "names",
	[TBL_SECTION_RRSETS] = "rrsets",
	[TBL_SECTION_ANSWERS] = "answers",
	[TBL_SECTION_WIRE] = "wire",
	[TBL_SECTION_CNAMES] = "cnames",
	[TBL_SECTION_DYNS] = "dyns",
	[TBL_SECTION_POOLS] = "pools",
	[TBL_SECTION_VALUES] = "values",
	[TBL_SECTION_TARGETS] = "targets",
	[TBL_SECTION_RULESETS] = "rulesets",
	[TBL_SECTION_RULES] = "rules",
	[TBL_SECTION_CLASS_RULE] = "class_rule",
	[TBL_SECTION_SCOPES] = "scopes",
	[TBL_SECTION_LOC4_ROOT] = "loc4_root",
	[TBL_SECTION_LOC4_NODES] = "loc4_nodes",
	[TBL_SECTION_LOC6_ROOT] = "loc6_root",
	[TBL_SECTION_LOC6_NODES] = "loc6_nodes",
	[TBL_SECTION_LEAVES] = "leaves",
	[TBL_SECTION_STRINGS] = "strings",
	[TBL_SECTION_SELECTION] = "selection",
};

static json_t *
hexadecimal(uint64_t number)
{
	char text[CP_HASH_TEXT_MAX];

	cp_hash_text(number, text);
	return json_string(text);
}

/* The seed is left out: dumps are pasted into tickets, and who knows it can make names collide. */
static json_t *
header_json(const struct tbl_view *view)
{
	const struct tbl_header *header = view->header;
	json_t *sections = json_array();
	const char *geo_description = view->strings + header->geo_description_str;
	const char *geo_places = view->strings + header->geo_places_str;

	for (size_t i = 0; i < TBL_SECTION_CNT; i++) {
		const struct tbl_section *section = &header->sections[i];

		json_array_append_new(sections,
				json_pack("{s:s, s:I, s:I, s:I}", "name", section_names[i],
						"offset_bytes", (json_int_t)section->off, "count",
						(json_int_t)section->cnt, "element_bytes",
						(json_int_t)section->elem_bytes));
	}
	return json_pack("{s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:{s:s, s:I, s:s}, "
			 "s:{s:I, s:I, s:I, s:I, s:I}, s:o}",
			"version", (json_int_t)header->version, "image_bytes",
			(json_int_t)header->image_bytes, "generation",
			(json_int_t)header->generation, "checksum", hexadecimal(header->checksum),
			"content_hash", hexadecimal(header->content_hash), "built_unix_s",
			(json_int_t)header->built_unix_s, "max_labels",
			(json_int_t)header->max_label_cnt, "classes", (json_int_t)header->class_cnt,
			"ipv4_locations", (json_int_t)header->leaf4_cnt, "slots",
			(json_int_t)header->slot_cnt, "geo", "description", geo_description,
			"built_unix_s", (json_int_t)header->geo_built_unix_s, "places", geo_places,
			"selection", "sequence", (json_int_t)view->select->sequence,
			"table_generation", (json_int_t)view->select->table_generation, "slots",
			(json_int_t)view->select->slot_cnt, "sets",
			(json_int_t)view->select->set_cnt, "aliases",
			(json_int_t)view->select->alias_cnt, "sections", sections);
}

static json_t *
node_name(const struct tbl_view *view, uint32_t node)
{
	char text[TBL_NAME_TEXT_MAX];

	tbl_name_to_text(tbl_node_name(view, &view->nodes[node]), text);
	return json_string(text);
}

/* An answer's records as they are written for a question of the node's own name. */
static json_t *
answer_json(const struct tbl_view *view, uint32_t node, const struct tbl_answer *answer)
{
	struct tbl_reply reply = { .piece_cnt = 1 };
	struct tbl_name question;

	reply.pieces[0] = (struct tbl_piece){ .answer = answer, .owner = -1 };
	reply.has_additional = (answer->flags & TBL_ANSWER_ADDITIONAL) != 0;
	if (tbl_name_parse(tbl_node_name(view, &view->nodes[node]), view->nodes[node].name_len,
			    &question) < 0) {
		return json_null(); /* not in a checked image */
	}
	return cp_present_reply(view, &reply, &question);
}

static json_t *
zone_json(struct dumper *dumper, size_t i)
{
	const struct tbl_view *view = dumper->view;
	const struct tbl_zone *zone = &view->zones[i];

	return json_pack("{s:I, s:s, s:I, s:I, s:b, s:o}", "zone", (json_int_t)i, "name",
			view->strings + zone->name_str, "apex_node", (json_int_t)zone->apex,
			"rrsets", (json_int_t)zone->record_cnt, "ecs",
			(zone->flags & TBL_ZONE_NO_ECS) == 0, "negative_answer",
			answer_json(view, zone->apex, &view->answers[zone->soa_negative]));
}

static json_t *
flags_json(uint16_t flags)
{
	static const struct {
		uint16_t flag;
		const char *name;
	} names[] = {
		{ TBL_NODE_APEX, "apex" },
		{ TBL_NODE_CUT, "delegation" },
		{ TBL_NODE_WILDCARD, "wildcard" },
		{ TBL_NODE_CNAME, "alias" },
		{ TBL_NODE_DNAME, "redirection" },
	};
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((flags & names[i].flag) != 0) {
			json_array_append_new(list, json_string(names[i].name));
		}
	}
	return list;
}

static json_t *
rrset_json(const struct tbl_view *view, uint32_t node, const struct tbl_rrset *rrset)
{
	char type_name[CP_TYPE_NAME_MAX];
	json_t *json = json_pack("{s:s}", "type", cp_type_name(rrset->type, type_name));
	json_t *reply;

	if ((rrset->flags & TBL_RRSET_DYNAMIC) != 0) {
		json_object_set_new(json, "dynamic_record", json_integer(rrset->ref));
		return json;
	}
	reply = answer_json(view, node, &view->answers[rrset->ref]);
	json_object_set(json, "records", json_object_get(reply, "answer"));
	if (json_array_size(json_object_get(reply, "additional")) > 0) {
		bool is_glue = view->answers[rrset->ref].extra_cnt > 0;

		json_object_set(json, is_glue ? "glue" : "additional",
				json_object_get(reply, "additional"));
	}
	json_decref(reply);
	return json;
}

static json_t *
name_json(struct dumper *dumper, size_t i)
{
	const struct tbl_view *view = dumper->view;
	const struct tbl_node *node = &view->nodes[i];
	json_t *rrsets = json_array();
	json_t *json;

	for (uint32_t r = 0; r < node->rrset_cnt; r++) {
		json_array_append_new(
				rrsets, rrset_json(view, (uint32_t)i,
							&view->rrsets[node->rrset_first + r]));
	}
	json = json_pack("{s:I, s:o, s:I, s:o, s:o}", "node", (json_int_t)i, "name",
			node_name(view, (uint32_t)i), "zone", (json_int_t)node->zone, "flags",
			flags_json(node->flags), "rrsets", rrsets);
	if (node->wildcard != TBL_NONE) {
		json_object_set_new(json, "wildcard_node", json_integer(node->wildcard));
	}
	if (node->cut != TBL_NONE) {
		json_object_set_new(json, "delegated_at_node", json_integer(node->cut));
	}
	return json;
}

static json_t *
pool_json(const struct tbl_view *view, const struct tbl_dyn *dyn, uint32_t ordinal)
{
	const struct tbl_pool *pool = &view->pools[dyn->pool_first + ordinal];
	json_t *list = json_array();
	json_t *json;

	for (uint32_t v = 0; v < pool->value_cnt; v++) {
		const struct tbl_value *value = &view->values[pool->value_first + v];
		json_t *entry = json_pack("{s:s, s:i, s:s}", "value",
				view->strings + value->text_str, "weight", (int)value->weight,
				"status", cp_status_name(value->status));

		if (value->target != TBL_NONE) {
			json_object_set_new(entry, "target", json_integer(value->target));
		}
		json_array_append_new(list, entry);
	}
	json = json_pack("{s:s, s:o}", "name", view->strings + pool->name_str, "values", list);
	if (pool->fallback != TBL_POOL_NONE) {
		const struct tbl_pool *fallback = &view->pools[dyn->pool_first + pool->fallback];

		json_object_set_new(
				json, "fallback", json_string(view->strings + fallback->name_str));
	}
	return json;
}

static json_t *
dynamic_json(struct dumper *dumper, size_t i)
{
	const struct tbl_view *view = dumper->view;
	const struct tbl_dyn *dyn = &view->dyns[i];
	json_t *pools = json_array();
	json_t *reply = answer_json(view, dyn->node, &view->answers[dyn->last_resort]);
	char type_name[CP_TYPE_NAME_MAX];
	json_t *json;

	for (uint32_t p = 0; p < dyn->pool_cnt; p++) {
		json_array_append_new(pools, pool_json(view, dyn, p));
	}
	json = json_pack("{s:I, s:o, s:s, s:I, s:I, s:I, s:o, s:O?}", "record", (json_int_t)i,
			"name", node_name(view, dyn->node), "type",
			cp_type_name(dyn->type, type_name), "ttl_s", (json_int_t)dyn->ttl_s,
			"rule_set", (json_int_t)dyn->ruleset, "first_slot",
			(json_int_t)dyn->slot_first, "pools", pools, "last_resort",
			json_object_get(reply, "answer"));
	json_decref(reply);
	return json;
}

/* Rules number from 1, as people count; 0 stands for "no rule matches". */
static json_t *
ruleset_json(struct dumper *dumper, size_t i)
{
	const struct tbl_view *view = dumper->view;
	const struct tbl_ruleset *ruleset = &view->rulesets[i];
	json_t *rules = json_array();
	json_t *classes = json_array();

	for (uint32_t r = 0; r < ruleset->rule_cnt; r++) {
		const struct tbl_rule *rule = &view->rules[ruleset->rule_first + r];

		json_array_append_new(
				rules, json_pack("{s:I, s:i, s:s, s:s}", "rule", (json_int_t)r + 1,
						       "pool", (int)rule->pool, "geos",
						       view->strings + rule->geos_str, "subnets",
						       view->strings + rule->subnets_str));
	}
	for (uint32_t c = 0; c < view->header->class_cnt; c++) {
		uint32_t rule = view->class_rule[ruleset->class_rule_first + c];

		json_array_append_new(classes,
				json_integer(rule < ruleset->rule_cnt ? (json_int_t)rule + 1 : 0));
	}
	return json_pack("{s:I, s:o, s:o}", "rule_set", (json_int_t)i, "rules", rules,
			"rule_by_class", classes);
}

static json_t *
target_json(struct dumper *dumper, size_t i)
{
	const struct tbl_view *view = dumper->view;

	return json_pack("{s:I, s:s}", "target", (json_int_t)i, "key",
			view->strings + view->targets[i].key_str);
}

static json_t *
location_json(struct dumper *dumper, size_t i)
{
	const struct tbl_view *view = dumper->view;
	const struct tbl_leaf *leaf = &view->leaves[i];
	size_t ruleset_cnt = view->header->sections[TBL_SECTION_RULESETS].cnt;
	json_t *scopes = json_array();
	char prefix[CP_PREFIX_TEXT_MAX];

	/* Items come in order: the walk stands at the one before, but at each family's first. */
	if (i == 0 || i == view->header->leaf4_cnt) {
		cp_leaf_walk_begin(&dumper->walk, view, i == 0 ? 4 : 6);
	} else {
		(void)has_cp_leaf_walk_next(&dumper->walk);
	}
	cp_prefix_text(&dumper->walk.prefix, prefix);
	for (size_t r = 0; r < ruleset_cnt; r++) {
		json_array_append_new(scopes,
				json_integer(view->scopes[view->rulesets[r].scope_first + i]));
	}
	return json_pack("{s:I, s:s, s:I, s:o}", "location", (json_int_t)i, "prefix", prefix,
			"class", (json_int_t)leaf->class_id, "scope_bits_by_rule_set", scopes);
}

static json_t *
slot_json(struct dumper *dumper, size_t i)
{
	return json_pack("{s:I, s:I}", "slot", (json_int_t)i, "set",
			(json_int_t)dumper->view->slots[i]);
}

static json_t *
set_json(struct dumper *dumper, size_t i)
{
	const struct tbl_view *view = dumper->view;
	const struct tbl_set *set = &view->sets[i];
	json_t *draws = json_array();
	json_t *json;

	for (uint32_t a = 0; a < set->cnt; a++) {
		const struct tbl_alias *alias = &view->aliases[set->alias_first + a];

		json_array_append_new(draws,
				json_pack("{s:I, s:I, s:I}", "answer", (json_int_t)alias->answer,
						"threshold", (json_int_t)alias->threshold, "other",
						(json_int_t)alias->other));
	}
	json = json_pack("{s:I, s:o}", "set", (json_int_t)i, "draws", draws);
	if (set->pool == TBL_NONE) {
		json_object_set_new(json, "is_last_resort", json_true());
	} else {
		json_object_set_new(json, "pool",
				json_string(view->strings + view->pools[set->pool].name_str));
		json_object_set_new(json, "pool_index", json_integer(set->pool));
	}
	return json;
}

enum { COUNT_IN_SELECTION = TBL_SECTION_CNT };

static const struct part {
	const char *name;
	int section; /* whose elements are its items */
	json_t *(*item)(struct dumper *dumper, size_t i);
	void (*print)(const json_t *item, FILE *out);
} parts[] = {
	{ "zones", TBL_SECTION_ZONES, zone_json, cp_dump_text_zone },
	{ "names", TBL_SECTION_NODES, name_json, cp_dump_text_name },
	{ "dynamic_records", TBL_SECTION_DYNS, dynamic_json, cp_dump_text_dynamic },
	{ "rule_sets", TBL_SECTION_RULESETS, ruleset_json, cp_dump_text_ruleset },
	{ "targets", TBL_SECTION_TARGETS, target_json, cp_dump_text_target },
	{ "locations", TBL_SECTION_LEAVES, location_json, cp_dump_text_location },
	{ "selection_slots", COUNT_IN_SELECTION, slot_json, cp_dump_text_slot },
	{ "selection_sets", COUNT_IN_SELECTION + 1, set_json, cp_dump_text_set },
};

static size_t
count_items(const struct tbl_view *view, int section)
{
	if (section == COUNT_IN_SELECTION) {
		return view->select->slot_cnt;
	}
	if (section > COUNT_IN_SELECTION) {
		return view->select->set_cnt;
	}
	return (size_t)view->header->sections[section].cnt;
}

static int
dump_part(struct dumper *dumper, const struct part *part, bool is_json, FILE *out)
{
	size_t cnt = count_items(dumper->view, part->section);

	(void)fprintf(out, is_json ? ",\n\"%s\": [" : "\n%s: %zu\n", part->name, cnt);
	for (size_t i = 0; i < cnt; i++) {
		json_t *item = part->item(dumper, i);

		if (item == NULL) {
			return -ENOMEM;
		}
		if (is_json) {
			(void)fputs(i > 0 ? ",\n" : "\n", out);
			json_dumpf(item, out, JSON_COMPACT);
		} else {
			part->print(item, out);
		}
		json_decref(item);
	}
	if (is_json) {
		(void)fputs("]", out);
	}
	return ferror(out) != 0 ? -EIO : 0;
}

int
cp_dump(const struct tbl_view *view, bool is_json, FILE *out)
{
	struct dumper dumper = { .view = view };
	json_t *header = header_json(view);
	int err = 0;

	if (header == NULL) {
		return -ENOMEM;
	}
	if (is_json) {
		(void)fputs("{\"header\": ", out);
		json_dumpf(header, out, JSON_COMPACT);
	} else {
		cp_dump_text_header(header, out);
	}
	json_decref(header);
	for (size_t i = 0; err == 0 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		err = dump_part(&dumper, &parts[i], is_json, out);
	}
	if (is_json) {
		(void)fputs("}\n", out);
	}
	return err;
}
