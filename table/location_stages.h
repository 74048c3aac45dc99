/*
 * What the stages of the location compiler hand to each other; private to table/location*.c.
 *
 *   judge   numbers the geo codes of all rules and finds which places no rule set tells apart
 *   trie    folds database prefixes and subnets of one family; its leaves, in address order, are
 *           segments, each of one cell: (class of places, innermost subnet)
 *   judge   groups the cells that every rule set treats alike
 *   blocks  merges sibling segments of equal group into leaves; later, per rule set, finds how far
 *           the prefix of equal pool around each leaf reaches: its ECS scope
 *   index   lays root, chunks and ranges over the leaves
 *
 * Threads:   pure; one compilation, one thread.
 * Memory:    each struct is zeroed by its owner before use and released by its _done function,
 *            whatever stage failed.
 * Errors:    0, -ENOMEM, -E2BIG or -EINVAL, the last two with a sentence in *ret_error.
 */
#ifndef TABLE_LOCATION_STAGES_H
#define TABLE_LOCATION_STAGES_H

#include <stddef.h>
#include <stdint.h>

#include "table/location.h"
#include "table/location_impl.h"
#include "table/pairs.h"

/* tbl_location_fail writes the sentence and returns `code`, so that a check is one line. */
int tbl_location_fail(struct tbl_error *ret_error, int code, const char *format, ...)
		__attribute__((format(printf, 3, 4)));

/* tbl_location_check_input refuses what the stages must not meet: codes that are no codes, prefixes
 * with host bits, pool numbers that stand for "none", too many rules. */
int tbl_location_check_input(const struct tbl_ruleset_input *rulesets, uint32_t ruleset_cnt,
		const struct tbl_geo *geo, struct tbl_error *ret_error);

/* tbl_location_describe fills the location's rule sets and rules, texts included. */
int tbl_location_describe(struct tbl_location *location, const struct tbl_ruleset_input *rulesets,
		uint32_t ruleset_cnt);

/* A code has at most this many parts: continent, country, province. */
#define TBL_CODE_PARTS_MAX 3u
#define TBL_CODE_BYTES_MAX 12u /* three parts of three characters, two dashes, NUL */

/* The subnets of all rules as distinct prefixes, numbered over both families. */
struct tbl_subnets {
	uint32_t *parent;       /* by subnet: the innermost other subnet around it, or TBL_NONE */
	uint32_t *parent_first; /* numbers in an order that puts every parent before its children */
	uint32_t cnt;
	uint32_t ordered_cnt;
};

/* A rule of any rule set, and where its codes and subnets begin in the judge's arrays. */
struct tbl_judged_rule {
	const struct tbl_rule_input *input;
	size_t geo_first;
	size_t subnet_first;
};

/* Says which rule of which rule set a cell gets. */
struct tbl_judge {
	const struct tbl_ruleset_input *rulesets;
	uint32_t ruleset_cnt;
	struct tbl_judged_rule *rules; /* of all rule sets, in input order */
	size_t *rule_first;            /* by rule set */
	size_t rule_cnt;
	uint32_t *geo_code;      /* number of the code of every geo of every rule */
	uint32_t *subnet_number; /* number of every subnet of every rule, filled by the trie's user */
	const char **codes;      /* the distinct codes of all rules, sorted */
	uint32_t code_cnt;

	uint32_t place_cnt; /* one more than the database has: the last is "nowhere" */
	uint32_t (*place_codes)
			[TBL_CODE_PARTS_MAX]; /* by place, most specific first, or TBL_NONE */
	uint32_t *place_class; /* by place; places of one class are alike to every rule set */
	uint32_t *class_place; /* by place class: one of its places */
	uint32_t place_class_cnt;

	struct tbl_subnets subnets;

	/* The rule set turned to last; its rule_cnt stands for "none". */
	uint16_t rule_none;
	uint16_t catch_all;
	uint16_t *code_rule;   /* by code */
	uint16_t *place_rule;  /* by place class */
	uint16_t *subnet_rule; /* by subnet, inherited from outer ones */
};
int tbl_judge_init(struct tbl_judge *judge, const struct tbl_ruleset_input *rulesets,
		uint32_t ruleset_cnt, const struct tbl_geo *geo);
void tbl_judge_done(struct tbl_judge *judge);

/* tbl_judge_turn_to prepares one rule set; tbl_judge_rule then answers for a cell, whose key is as
 * in struct tbl_pairs (place class, subnet or TBL_NONE). Needs judge->subnets finished. */
void tbl_judge_turn_to(struct tbl_judge *judge, uint32_t ruleset);
uint16_t tbl_judge_rule(const struct tbl_judge *judge, uint64_t cell_key);

/* tbl_judge_group gives equal numbers in group[cells->cnt] to cells that all rule sets treat
 * alike. */
int tbl_judge_group(struct tbl_judge *judge, const struct tbl_pairs *cells, uint32_t *group);

/* Nodes of a trie are bounded so that a hostile database fails by name, at 4 GiB. */
#define TBL_TRIE_NODES_MAX (1u << 28)
struct tbl_trie_node {
	uint32_t child[2]; /* or TBL_NONE */
	uint32_t place;    /* of the database prefix that ends here, or TBL_NONE */
	uint32_t subnet;   /* that ends here, or TBL_NONE */
};
struct tbl_trie {
	struct tbl_trie_node *nodes; /* [0] is the root */
	uint32_t cnt;
	uint32_t cap;
	struct tbl_prefix last; /* the prefix reached last, and the nodes on its way: neighbours */
	uint32_t path[129];     /* share most of it, so that sorted input costs a step a new node */
};
int tbl_trie_init(struct tbl_trie *trie);
void tbl_trie_done(struct tbl_trie *trie);
/* tbl_trie_reach: the node at `prefix`, made if need be. */
int tbl_trie_reach(struct tbl_trie *trie, const struct tbl_prefix *prefix, uint32_t *ret_node,
		struct tbl_error *ret_error);

/* Segments and leaves have one form; a segment's class_id is its cell. */
struct tbl_leaves {
	struct tbl_leaf *items;
	uint32_t cnt;
	uint32_t cap;
};
/* tbl_trie_walk appends the trie's segments, numbers the cells they have, and enters the nesting of
 * its subnets into judge->subnets. 0 or -ENOMEM. */
int tbl_trie_walk(const struct tbl_trie *trie, struct tbl_judge *judge, struct tbl_pairs *cells,
		struct tbl_leaves *segments);

/* tbl_blocks finds the largest prefixes of equal outcome[class_id] among the leaves of one whole
 * family: ret_bits[i] is the length of the one that begins with leaf i, or TBL_BLOCK_INSIDE. */
#define TBL_BLOCK_INSIDE UINT8_MAX
void
tbl_blocks(const struct tbl_leaf *leaves, uint32_t cnt, const uint32_t *outcome, uint8_t *ret_bits);

/* tbl_index_build makes root and nodes of one family's leaves, items[first..end). */
struct tbl_index {
	uint32_t *root; /* TBL_LOC_ROOT_CNT */
	uint32_t *nodes;
	uint32_t node_cnt;
};
int tbl_index_build(struct tbl_index *ret_index, const struct tbl_leaf *leaves, uint32_t first,
		uint32_t end, uint8_t family, struct tbl_error *ret_error);

#endif
