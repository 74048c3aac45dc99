#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "table/build_impl.h"
#include "table/location_impl.h"

int
tbl_build_long_name(struct tbl_builder *b, const uint8_t *wire, size_t len, uint32_t *ret_off)
{
	struct tbl_vec *names = &b->out[TBL_SECTION_NAMES];
	uint64_t hash = XXH3_64bits(wire, len);
	struct tbl_map_slot *slot;
	uint8_t *added;

	if (tbl_map_reserve(&b->long_name_map) != 0) {
		return -ENOMEM;
	}
	slot = tbl_map_first(&b->long_name_map, hash);
	for (; !is_tbl_map_free(slot); slot = tbl_map_next(&b->long_name_map, slot, hash)) {
		/* Wire names end themselves, so equal bytes are an equal name. */
		if (len <= names->cnt - slot->index &&
				memcmp((const uint8_t *)names->items + slot->index, wire, len) ==
						0) {
			*ret_off = slot->index;
			return 0;
		}
	}
	if (len >= UINT32_MAX - names->cnt) {
		return -E2BIG;
	}
	added = tbl_vec_add(names, len);
	if (added == NULL) {
		return -ENOMEM;
	}
	memcpy(added, wire, len);
	*ret_off = (uint32_t)(names->cnt - len);
	tbl_map_fill(&b->long_name_map, slot, hash, *ret_off);
	return 0;
}

/* One record's answers */

/* Says what the encoder's errors mean; others have their sentence already. */
static int
explain_wire(const struct tbl_builder *b, const struct tbl_build_rrset *rrset, int rc,
		struct tbl_error *error)
{
	const uint8_t *owner = tbl_build_name_at(b, rrset->name)->wire;

	if (rc == -ENOSPC) {
		return tbl_build_fail(error, owner, rrset->type, "needs more than %u bytes",
				TBL_RRSET_BYTES_MAX);
	}
	if (rc == -ERANGE) {
		return tbl_build_fail(error, owner, rrset->type,
				"has too many long names for its glue to point at");
	}
	return rc;
}

/* Where the target of a CNAME stands among the nodes: what tbl_find() would say. */
static int
resolve_cname(struct tbl_builder *b, const struct tbl_rdata *rdata, struct tbl_cname *ret_cname)
{
	struct tbl_name target;
	uint32_t label = 0;
	uint32_t node = TBL_NONE;

	tbl_rdata_name(TBL_TYPE_CNAME, rdata, &target);
	tbl_name_hash(&target, b->params.hash_seed);
	for (; label <= target.label_cnt; label++) {
		uint32_t name = tbl_build_find(b, &target, label);

		node = name != TBL_NONE ? tbl_build_name_at(b, name)->node : TBL_NONE;
		if (node != TBL_NONE) {
			break;
		}
	}
	*ret_cname = (struct tbl_cname){ .node = node, .name_len = target.len };
	if (node == TBL_NONE) {
		ret_cname->kind = TBL_MATCH_NONE;
	} else {
		ret_cname->kind = label == 0 ? TBL_MATCH_EXACT : TBL_MATCH_ENCLOSER;
	}
	return tbl_build_long_name(b, target.wire, target.len, &ret_cname->name_off);
}

/* Appends a zone's SOA to the answer being made. */
static int
put_soa(struct tbl_builder *b, const struct tbl_build_rrset *soa, uint32_t ttl_s)
{
	int rc = tbl_wire_record(b->wire, TBL_TYPE_SOA, ttl_s, &soa->records[0]);

	if (rc == 0 && tbl_build_zone_at(b, soa->zone)->follows_generation) {
		tbl_wire_serial(b->wire);
	}
	return rc;
}

/* Encodes records of an RRset's owner as one answer. */
static int
make_answer(struct tbl_builder *b, const struct tbl_build_rrset *rrset,
		const struct tbl_rdata *records, uint32_t record_cnt, uint32_t *ret_answer)
{
	struct tbl_cname cname;
	int rc = 0;

	tbl_wire_begin(b->wire, tbl_build_name_at(b, rrset->name)->wire,
			rrset->type == TBL_TYPE_DNAME);
	if (rrset->type == TBL_TYPE_SOA) {
		rc = put_soa(b, rrset, rrset->ttl_s);
		return rc != 0 ? rc : tbl_wire_end(b, NULL, ret_answer);
	}
	for (uint32_t i = 0; rc == 0 && i < record_cnt; i++) {
		rc = tbl_wire_record(b->wire, rrset->type, rrset->ttl_s, &records[i]);
	}
	if (rc == 0 && rrset->type == TBL_TYPE_CNAME) {
		rc = resolve_cname(b, &records[0], &cname);
	}
	if (rc == 0 && rrset->dyn == NULL) {
		tbl_build_additional(b, rrset);
	}
	if (rc != 0) {
		return rc;
	}
	return tbl_wire_end(b, rrset->type == TBL_TYPE_CNAME ? &cname : NULL, ret_answer);
}

/* Appends the addresses that zone data below delegations gives for the target of one NS. */
static int
add_glue(struct tbl_builder *b, const struct tbl_build_rrset *rrset, uint32_t of, uint16_t type)
{
	struct tbl_name target;
	const struct tbl_build_rrset *glue;
	uint32_t name;
	int rc = 0;

	tbl_rdata_name(TBL_TYPE_NS, &rrset->records[of], &target);
	tbl_name_hash(&target, b->params.hash_seed);
	name = tbl_build_find(b, &target, 0);
	if (name == TBL_NONE) {
		return 0;
	}
	glue = tbl_build_rrset_of(b, name, tbl_build_name_at(b, name)->zone, type);
	if (glue == NULL || glue->role != ROLE_GLUE) {
		return 0;
	}
	for (uint32_t i = 0; rc == 0 && i < glue->record_cnt; i++) {
		rc = tbl_wire_extra(b->wire, of, type, glue->ttl_s, &glue->records[i]);
	}
	return rc;
}

/* A delegation: NS, then glue, A of all targets before AAAA of any, so that what a short reply
 * keeps of the additional section is of the family everybody has. */
static int
make_referral(struct tbl_builder *b, const struct tbl_build_rrset *rrset, uint32_t *ret_answer)
{
	static const uint16_t types[] = { TBL_TYPE_A, TBL_TYPE_AAAA };
	int rc = 0;

	tbl_wire_begin(b->wire, tbl_build_name_at(b, rrset->name)->wire, true);
	for (uint32_t i = 0; rc == 0 && i < rrset->record_cnt; i++) {
		rc = tbl_wire_record(b->wire, rrset->type, rrset->ttl_s, &rrset->records[i]);
	}
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		for (uint32_t i = 0; rc == 0 && i < rrset->record_cnt; i++) {
			rc = add_glue(b, rrset, i, types[t]);
		}
	}
	return rc != 0 ? rc : tbl_wire_end(b, NULL, ret_answer);
}

/* Dynamic records */

static int
make_target(struct tbl_builder *b, const char *key, uint32_t *ret_target)
{
	struct tbl_vec *targets = &b->out[TBL_SECTION_TARGETS];
	struct tbl_map_slot *slot;
	struct tbl_target *added;
	uint32_t key_str = 0;
	int rc;

	if (key == NULL) {
		*ret_target = TBL_NONE;
		return 0;
	}
	rc = tbl_build_string(b, key, &key_str);
	if (rc == 0) {
		rc = tbl_map_reserve(&b->target_map);
	}
	if (rc != 0) {
		return rc;
	}
	/* Strings are stored once, so equal keys have equal places. */
	slot = tbl_map_first(&b->target_map, key_str);
	if (is_tbl_map_free(slot)) {
		added = tbl_vec_add(targets, 1);
		if (added == NULL) {
			return -ENOMEM;
		}
		added->key_str = key_str;
		tbl_map_fill(&b->target_map, slot, key_str, (uint32_t)(targets->cnt - 1));
	}
	*ret_target = slot->index;
	return 0;
}

static int
make_value(struct tbl_builder *b, const struct tbl_build_rrset *rrset,
		const struct tbl_value_input *input)
{
	struct tbl_value value = { .weight = input->weight, .status = input->status };
	struct tbl_value *added;
	int rc = make_answer(b, rrset, &input->rdata, 1, &value.answer);

	if (rc == 0) {
		rc = tbl_build_string(b, input->text, &value.text_str);
	}
	if (rc == 0) {
		rc = make_target(b, input->target_key, &value.target);
	}
	if (rc != 0) {
		return rc;
	}
	added = tbl_vec_add(&b->out[TBL_SECTION_VALUES], 1);
	if (added == NULL) {
		return -ENOMEM;
	}
	*added = value;
	return 0;
}

static int
make_pool(struct tbl_builder *b, const struct tbl_build_rrset *rrset,
		const struct tbl_pool_input *input)
{
	struct tbl_pool pool = {
		.value_first = (uint32_t)b->out[TBL_SECTION_VALUES].cnt,
		.value_cnt = (uint16_t)input->value_cnt,
		.fallback = input->fallback < 0 ? TBL_POOL_NONE : (uint16_t)input->fallback,
	};
	struct tbl_pool *added;
	int rc = tbl_build_string(b, input->name, &pool.name_str);

	for (uint32_t i = 0; rc == 0 && i < input->value_cnt; i++) {
		rc = make_value(b, rrset, &input->values[i]);
	}
	if (rc != 0) {
		return rc;
	}
	added = tbl_vec_add(&b->out[TBL_SECTION_POOLS], 1);
	if (added == NULL) {
		return -ENOMEM;
	}
	*added = pool;
	return 0;
}

static int
make_dyn(struct tbl_builder *b, const struct tbl_build_rrset *rrset, uint32_t *ret_dyn)
{
	const struct tbl_dyn_input *input = rrset->dyn;
	uint32_t slot_cnt = b->params.location->rulesets[input->ruleset].rule_cnt + 1;
	struct tbl_dyn dyn = {
		.ruleset = input->ruleset,
		.slot_first = b->slot_cnt,
		.pool_first = (uint32_t)b->out[TBL_SECTION_POOLS].cnt,
		.pool_cnt = (uint16_t)input->pool_cnt,
		.type = rrset->type,
		.node = tbl_build_name_at(b, rrset->name)->node,
		.ttl_s = rrset->ttl_s,
	};
	struct tbl_dyn *added;
	int rc = 0;

	if (slot_cnt > UINT32_MAX - 1 - b->slot_cnt) {
		return -E2BIG;
	}
	for (uint32_t i = 0; rc == 0 && i < input->pool_cnt; i++) {
		rc = make_pool(b, rrset, &input->pools[i]);
	}
	if (rc == 0) {
		rc = make_answer(b, rrset, rrset->records, rrset->record_cnt, &dyn.last_resort);
	}
	if (rc != 0) {
		return rc;
	}
	added = tbl_vec_add(&b->out[TBL_SECTION_DYNS], 1);
	if (added == NULL) {
		return -ENOMEM;
	}
	*added = dyn;
	b->slot_cnt += slot_cnt;
	*ret_dyn = (uint32_t)(b->out[TBL_SECTION_DYNS].cnt - 1);
	return 0;
}

/* Nodes and their RRsets */

static int
make_rrset(struct tbl_builder *b, const struct tbl_build_rrset *rrset, struct tbl_error *error)
{
	const struct tbl_build_name *name = tbl_build_name_at(b, rrset->name);
	struct tbl_rrset made = { .type = rrset->type };
	struct tbl_rrset *added;
	int rc;

	if (rrset->dyn != NULL) {
		made.flags = TBL_RRSET_DYNAMIC;
		rc = make_dyn(b, rrset, &made.ref);
	} else if (rrset->type == TBL_TYPE_NS && name->cut == rrset->name) {
		rc = make_referral(b, rrset, &made.ref);
	} else {
		rc = make_answer(b, rrset, rrset->records, rrset->record_cnt, &made.ref);
	}
	if (rc != 0) {
		return explain_wire(b, rrset, rc, error);
	}
	added = tbl_vec_add(&b->out[TBL_SECTION_RRSETS], 1);
	if (added == NULL) {
		return -ENOMEM;
	}
	*added = made;
	return 0;
}

/* The node's RRsets by type. Own data comes sorted; only a DS that the parent gave for an apex
 * stands behind it in the group and is moved to its place. */
static int
make_rrsets(struct tbl_builder *b, const struct tbl_build_name *name, struct tbl_node *node,
		struct tbl_error *error)
{
	struct tbl_vec *rrsets = &b->out[TBL_SECTION_RRSETS];
	size_t first = rrsets->cnt;
	struct tbl_rrset *made;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < name->rrset_cnt; i++) {
		const struct tbl_build_rrset *rrset = &b->grouped[name->rrset_first + i];

		if (rrset->role == ROLE_DATA) {
			rc = make_rrset(b, rrset, error);
		}
	}
	made = (struct tbl_rrset *)rrsets->items + first;
	for (size_t i = rrsets->cnt - first; rc == 0 && i-- > 1;) {
		if (made[i].type < made[i - 1].type) {
			struct tbl_rrset swap = made[i];

			made[i] = made[i - 1];
			made[i - 1] = swap;
		}
	}
	node->rrset_first = (uint32_t)first;
	node->rrset_cnt = (uint16_t)(rrsets->cnt - first);
	return rc;
}

static int
name_node(struct tbl_builder *b, const struct tbl_build_name *name, struct tbl_node *node)
{
	int rc = 0;

	node->name_len = name->len;
	node->label_cnt = name->label_cnt;
	if (name->len <= TBL_NODE_INLINE_NAME) {
		memcpy(node->name, name->wire, name->len);
	} else {
		rc = tbl_build_long_name(b, name->wire, name->len, &node->name_off);
	}
	return rc;
}

/* Fills the node of names[id], and its parent's link when it is a wildcard. */
static int
make_node(struct tbl_builder *b, uint32_t id, struct tbl_error *error)
{
	const struct tbl_build_name *name = tbl_build_name_at(b, id);
	struct tbl_node *nodes = b->out[TBL_SECTION_NODES].items;
	struct tbl_node *node = &nodes[name->node];
	bool is_apex = (name->flags & BUILD_APEX) != 0;
	int rc = name_node(b, name, node);

	if (rc != 0) {
		return rc;
	}
	node->zone = tbl_build_zone_at(b, name->zone)->number;
	node->wildcard = TBL_NONE;
	node->cut = name->cut == TBL_NONE ? TBL_NONE : tbl_build_name_at(b, name->cut)->node;
	node->flags |= is_apex ? TBL_NODE_APEX : 0;
	node->flags |= name->cut == id ? TBL_NODE_CUT : 0;
	if (name->wire[0] == 1 && name->wire[1] == '*') {
		node->flags |= TBL_NODE_WILDCARD;
		if (!is_apex) {
			nodes[tbl_build_name_at(b, name->parent)->node].wildcard = name->node;
		}
	}
	if (!is_apex && tbl_build_rrset_of(b, id, name->zone, TBL_TYPE_CNAME) != NULL) {
		node->flags |= TBL_NODE_CNAME;
	}
	if (b->has_dname && tbl_build_rrset_of(b, id, name->zone, TBL_TYPE_DNAME) != NULL) {
		node->flags |= TBL_NODE_DNAME;
	}
	return make_rrsets(b, name, node, error);
}

/* RFC 2308 §3: the SOA of a negative answer lives as long as the lesser of its TTL and MINIMUM. */
static int
make_zone(struct tbl_builder *b, uint32_t zone)
{
	const struct tbl_build_zone *input = tbl_build_zone_at(b, zone);
	const struct tbl_build_name *apex = tbl_build_name_at(b, input->name);
	const struct tbl_build_rrset *soa = tbl_build_rrset_of(b, input->name, zone, TBL_TYPE_SOA);
	const uint8_t *minimum = soa->records[0].bytes + soa->records[0].size - 4;
	uint32_t minimum_s = (uint32_t)minimum[0] << 24 | (uint32_t)minimum[1] << 16 |
	                     (uint32_t)minimum[2] << 8 | minimum[3];
	struct tbl_zone *made = (struct tbl_zone *)b->out[TBL_SECTION_ZONES].items + input->number;
	char text[TBL_NAME_TEXT_MAX];
	int rc;

	(void)tbl_name_to_text(apex->wire, text);
	made->apex = apex->node;
	made->record_cnt = input->rrset_cnt;
	made->flags = input->flags;
	rc = tbl_build_string(b, text, &made->name_str);
	if (rc != 0) {
		return rc;
	}
	tbl_wire_begin(b->wire, apex->wire, true);
	rc = put_soa(b, soa, minimum_s < soa->ttl_s ? minimum_s : soa->ttl_s);
	return rc != 0 ? rc : tbl_wire_end(b, NULL, &made->soa_negative);
}

/* Names and records lie in memory as they were added, and canonical order jumps about in them: at a
 * million names most of the time was spent waiting for each in turn. Two distances, because where
 * the bytes lie is only known once the name has come. */
#define AHEAD_NAMES 16u
#define AHEAD_BYTES 8u

static void
prefetch_ahead(const struct tbl_builder *b, size_t rank)
{
	const struct tbl_build_name *name;

	if (b->names.cnt - rank <= AHEAD_NAMES) {
		return;
	}
	name = tbl_build_name_at(b, b->order[rank + AHEAD_BYTES]);
	__builtin_prefetch(tbl_build_name_at(b, b->order[rank + AHEAD_NAMES]));
	__builtin_prefetch(name->wire);
	if (name->rrset_cnt > 0) {
		__builtin_prefetch(b->grouped[name->rrset_first].records);
	}
}

int
tbl_build_answers(struct tbl_builder *b, struct tbl_error *ret_error)
{
	int rc = 0;

	if (tbl_vec_add(&b->out[TBL_SECTION_NODES], b->node_cnt) == NULL ||
			tbl_vec_add(&b->out[TBL_SECTION_ZONES], b->zones.cnt) == NULL) {
		return -ENOMEM;
	}
	for (size_t rank = 0; rc == 0 && rank < b->names.cnt; rank++) {
		uint32_t id = b->order[rank];
		const struct tbl_build_name *name = tbl_build_name_at(b, id);

		prefetch_ahead(b, rank);
		if (name->node != TBL_NONE) {
			rc = make_node(b, id, ret_error);
		}
		if (rc == 0 && (name->flags & BUILD_APEX) != 0) {
			rc = make_zone(b, name->zone);
		}
	}
	if (rc == 0) {
		tbl_build_link_additional(b);
	}
	return rc;
}
