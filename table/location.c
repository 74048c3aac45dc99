#include "table/location.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/location_impl.h"
#include "table/location_stages.h"

/* Above these a location would be most of the largest image (TBL_IMAGE_MAX, 64 GiB) by itself. */
#define LOCATION_CLASS_RULES_MAX (1ULL << 33) /* 16 GiB */
#define LOCATION_SCOPES_MAX      (1ULL << 34) /* 16 GiB */

/* What one compilation holds besides its result. */
struct build {
	const struct tbl_geo *geo;
	struct tbl_judge judge;
	struct tbl_trie trie;
	struct tbl_pairs cells;
	struct tbl_leaves leaves; /* segments until merged */
	uint32_t segment4_cnt;
	uint32_t *cell_group;
	uint32_t *class_of;  /* by cell group; TBL_NONE until a leaf has it */
	uint8_t *block_bits; /* by segment */
	uint32_t *outcome;   /* by class, for tbl_blocks() */
	struct tbl_location *location;
	struct tbl_error *ret_error;
};

static int
add_geo_prefix(struct build *b, const struct tbl_geo_prefix *entry)
{
	struct tbl_trie_node *node;
	uint32_t number;
	int err = tbl_trie_reach(&b->trie, &entry->prefix, &number, b->ret_error);

	if (err != 0) {
		return err;
	}
	node = &b->trie.nodes[number];
	if (node->place != TBL_NONE &&
			strcmp(b->geo->places[node->place], b->geo->places[entry->place]) != 0) {
		char text[TBL_PREFIX_TEXT_MAX];

		tbl_prefix_text(&entry->prefix, text);
		return tbl_location_fail(b->ret_error, -EINVAL,
				"geo database: %s is both %s and %s", text,
				b->geo->places[node->place], b->geo->places[entry->place]);
	}
	node->place = entry->place;
	return 0;
}

static int
add_geo(struct build *b, uint8_t family)
{
	size_t cnt = b->geo == NULL ? 0 : b->geo->prefix_cnt;
	int err = 0;

	for (size_t i = 0; err == 0 && i < cnt; i++) {
		if (b->geo->prefixes[i].prefix.family == family) {
			err = add_geo_prefix(b, &b->geo->prefixes[i]);
		}
	}
	return err;
}

static int
add_subnets(struct build *b, uint8_t family)
{
	struct tbl_judge *judge = &b->judge;

	for (size_t i = 0; i < judge->rule_cnt; i++) {
		const struct tbl_judged_rule *rule = &judge->rules[i];

		for (uint32_t s = 0; s < rule->input->subnet_cnt; s++) {
			uint32_t node;
			int err;

			if (rule->input->subnets[s].family != family) {
				continue;
			}
			err = tbl_trie_reach(
					&b->trie, &rule->input->subnets[s], &node, b->ret_error);
			if (err != 0) {
				return err;
			}
			if (b->trie.nodes[node].subnet == TBL_NONE) {
				b->trie.nodes[node].subnet = judge->subnets.cnt++;
			}
			judge->subnet_number[rule->subnet_first + s] = b->trie.nodes[node].subnet;
		}
	}
	return 0;
}

static int
add_family(struct build *b, uint8_t family)
{
	int err;

	b->trie = (struct tbl_trie){ 0 };
	err = tbl_trie_init(&b->trie);
	if (err == 0) {
		err = add_geo(b, family);
	}
	if (err == 0) {
		err = add_subnets(b, family);
	}
	if (err == 0) {
		err = tbl_trie_walk(&b->trie, &b->judge, &b->cells, &b->leaves);
	}
	tbl_trie_done(&b->trie);
	return err;
}

static int
group_cells(struct build *b)
{
	b->cell_group = malloc(b->cells.cnt * sizeof(*b->cell_group));
	b->class_of = malloc(b->cells.cnt * sizeof(*b->class_of));
	b->outcome = malloc(b->cells.cnt * sizeof(*b->outcome));
	b->block_bits = malloc(b->leaves.cnt);
	if (b->cell_group == NULL || b->class_of == NULL || b->outcome == NULL ||
			b->block_bits == NULL) {
		return -ENOMEM;
	}
	memset(b->class_of, 0xff, b->cells.cnt * sizeof(*b->class_of)); /* TBL_NONE */
	return tbl_judge_group(&b->judge, &b->cells, b->cell_group);
}

/* The two families are two trees: no prefix reaches across. */
static void
find_blocks(const struct tbl_leaves *leaves, uint32_t cnt4, const uint32_t *outcome,
		uint8_t *ret_bits)
{
	tbl_blocks(leaves->items, cnt4, outcome, ret_bits);
	tbl_blocks(leaves->items + cnt4, leaves->cnt - cnt4, outcome, ret_bits + cnt4);
}

/* Turns segments into leaves in place: what is merged away closes the gap. */
static int
merge_segments(struct build *b)
{
	struct tbl_location *location = b->location;
	struct tbl_leaf *items = b->leaves.items;
	uint32_t cnt = 0;

	find_blocks(&b->leaves, b->segment4_cnt, b->cell_group, b->block_bits);
	for (uint32_t i = 0; i < b->leaves.cnt; i++) {
		uint32_t group = b->cell_group[items[i].class_id];

		if (i == b->segment4_cnt) {
			location->leaf4_cnt = cnt;
		}
		if (b->block_bits[i] == TBL_BLOCK_INSIDE) {
			continue;
		}
		if (b->class_of[group] == TBL_NONE) {
			b->class_of[group] = location->class_cnt++;
		}
		items[cnt++] = (struct tbl_leaf){ .class_id = b->class_of[group],
			.prefix_bits = b->block_bits[i] };
	}
	if (cnt > TBL_LEAVES_MAX) {
		return tbl_location_fail(b->ret_error, -E2BIG,
				"location: %u leaves (prefixes of one class), at most %u", cnt,
				TBL_LEAVES_MAX);
	}
	b->leaves.cnt = cnt;
	return 0;
}

static int
index_leaves(struct build *b)
{
	struct tbl_location *location = b->location;
	struct tbl_index index = { 0 };
	int err;

	err = tbl_index_build(&index, b->leaves.items, 0, location->leaf4_cnt, 4, b->ret_error);
	location->loc4_root = index.root;
	location->loc4_nodes = index.nodes;
	location->loc4_node_cnt = index.node_cnt;
	if (err != 0) {
		return err;
	}
	index = (struct tbl_index){ 0 };
	err = tbl_index_build(&index, b->leaves.items, location->leaf4_cnt, b->leaves.cnt, 6,
			b->ret_error);
	location->loc6_root = index.root;
	location->loc6_nodes = index.nodes;
	location->loc6_node_cnt = index.node_cnt;
	return err;
}

static int
allocate_rulesets(struct build *b)
{
	struct tbl_location *location = b->location;
	uint64_t rules = (uint64_t)location->ruleset_cnt * location->class_cnt;
	uint64_t scopes = (uint64_t)location->ruleset_cnt * b->leaves.cnt;

	if (rules > LOCATION_CLASS_RULES_MAX || scopes > LOCATION_SCOPES_MAX) {
		return tbl_location_fail(b->ret_error, -E2BIG,
				"location: %u rule sets, %u classes and %u leaves are too many "
				"together",
				location->ruleset_cnt, location->class_cnt, b->leaves.cnt);
	}
	location->class_rule = malloc(rules * sizeof(*location->class_rule) + 1);
	location->scopes = malloc(scopes + 1);
	return location->class_rule == NULL || location->scopes == NULL ? -ENOMEM : 0;
}

/* The scope of a leaf is the largest prefix around it in which every address gets the same pool:
 * exactly what tbl_blocks() finds, spread over the block. */
static void
fill_scopes(struct build *b, uint8_t *scopes)
{
	find_blocks(&b->leaves, b->location->leaf4_cnt, b->outcome, scopes);
	for (uint32_t i = 0; i < b->leaves.cnt; i++) {
		if (scopes[i] == TBL_BLOCK_INSIDE) {
			scopes[i] = scopes[i - 1];
		}
	}
}

static void
fill_ruleset(struct build *b, uint32_t number)
{
	struct tbl_location *location = b->location;
	struct tbl_ruleset *ruleset = &location->rulesets[number];
	uint16_t *class_rule;

	ruleset->class_rule_first = (uint64_t)number * location->class_cnt;
	ruleset->scope_first = (uint64_t)number * b->leaves.cnt;
	class_rule = location->class_rule + ruleset->class_rule_first;
	tbl_judge_turn_to(&b->judge, number);
	for (uint32_t i = 0; i < b->cells.cnt; i++) {
		uint32_t class_id = b->class_of[b->cell_group[i]];
		uint16_t rule = tbl_judge_rule(&b->judge, b->cells.keys[i]);

		class_rule[class_id] = rule;
		b->outcome[class_id] =
				rule == ruleset->rule_cnt
						? TBL_POOL_NONE
						: location->rules[ruleset->rule_first + rule].pool;
	}
	fill_scopes(b, location->scopes + ruleset->scope_first);
}

static int
compile(struct build *b)
{
	int err = add_family(b, 4);

	b->segment4_cnt = b->leaves.cnt;
	if (err == 0) {
		err = add_family(b, 6);
	}
	if (err == 0) {
		err = group_cells(b);
	}
	if (err == 0) {
		err = merge_segments(b);
	}
	if (err == 0) {
		err = index_leaves(b);
	}
	if (err == 0) {
		err = allocate_rulesets(b);
	}
	for (uint32_t r = 0; err == 0 && r < b->location->ruleset_cnt; r++) {
		fill_ruleset(b, r);
	}
	return err;
}

/* Hands the leaves over, without the room they had as segments. */
static void
take_leaves(struct build *b)
{
	struct tbl_leaf *items;

	assert(b->leaves.cnt >= 2); /* one a family, at least */
	items = realloc(b->leaves.items, b->leaves.cnt * sizeof(*items));
	b->location->leaves = items == NULL ? b->leaves.items : items;
	b->location->leaf_cnt = b->leaves.cnt;
	b->leaves.items = NULL;
}

int
tbl_location_build(const struct tbl_ruleset_input *rulesets, uint32_t ruleset_cnt,
		const struct tbl_geo *geo, struct tbl_location **ret_location,
		struct tbl_error *ret_error)
{
	struct build b = { .geo = geo, .ret_error = ret_error };
	int err = tbl_location_check_input(rulesets, ruleset_cnt, geo, ret_error);

	if (err != 0) {
		return err;
	}
	b.location = calloc(1, sizeof(*b.location));
	if (b.location == NULL) {
		err = -ENOMEM;
		goto out_error;
	}
	err = tbl_location_describe(b.location, rulesets, ruleset_cnt);
	if (err == 0) {
		err = tbl_judge_init(&b.judge, rulesets, ruleset_cnt, geo);
	}
	if (err == 0) {
		err = compile(&b);
	}
	if (err == 0) {
		take_leaves(&b);
		*ret_location = b.location;
		b.location = NULL;
	}
	tbl_location_free(b.location);
	tbl_judge_done(&b.judge);
	tbl_pairs_done(&b.cells);
	free(b.leaves.items);
	free(b.cell_group);
	free(b.class_of);
	free(b.block_bits);
	free(b.outcome);
out_error:
	if (err == -ENOMEM) {
		(void)tbl_location_fail(ret_error, err, "location: out of memory");
	}
	return err;
}

void
tbl_location_free(struct tbl_location *location)
{
	if (location == NULL) {
		return;
	}
	for (uint32_t i = 0; i < location->rule_cnt; i++) {
		free(location->rules[i].geos);
		free(location->rules[i].subnets);
	}
	free(location->rules);
	free(location->rulesets);
	free(location->leaves);
	free(location->loc4_root);
	free(location->loc4_nodes);
	free(location->loc6_root);
	free(location->loc6_nodes);
	free(location->class_rule);
	free(location->scopes);
	free(location);
}
