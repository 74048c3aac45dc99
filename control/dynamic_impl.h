/*
 * What pools (dynamic_pools.c) and rules (dynamic_rules.c) of one record share while it is read.
 *
 * Threads:   one reader.
 * Memory:    everything lives in the reader's arena.
 * Errors:    reasons; -ENOMEM.
 */
#ifndef CONTROL_DYNAMIC_IMPL_H
#define CONTROL_DYNAMIC_IMPL_H

#include "control/dynamic.h"

struct cp_pool_draft {
	const char *name;
	const struct conf_node *node;
	const char *fallback; /* as the file names it; NULL: none */
	int32_t fallback_at;  /* its place among the pools, -1: none or undefined */
	bool has_values;      /* the file gives it a `values`: octoDNS then counts it as existing */
	bool is_used;         /* by a rule or as a fallback */
	bool is_rule_target;
	uint32_t seen_from; /* 1 + the pool that fallbacks were last followed from to this one */
	struct cp_pool pool;
};

struct cp_dynamic_draft {
	const struct cp_reader *reader;
	struct cp_pool_draft *pools; /* by name */
	uint32_t pool_cnt;
	struct tbl_rule_input *rules; /* those that can be followed */
	uint32_t rule_cnt;
};

/* cp_pools_read fills draft->pools and adds what octoDNS says of each. */
int cp_pools_read(struct cp_dynamic_draft *draft, const struct conf_node *pools);
/* cp_rules_read fills draft->rules and marks the pools they use. */
int cp_rules_read(struct cp_dynamic_draft *draft, const struct conf_node *rules);

/* A subnet that rules of the record target. */
struct cp_subnet_draft {
	struct tbl_prefix prefix;
	int32_t outer; /* the narrowest other one that holds it, -1: none */
	size_t order;  /* which one it was to be targeted, from 1; 0: not yet */
	size_t rule;   /* the last rule that did */
};

struct cp_subnets_draft {
	struct cp_subnet_draft *items; /* by prefix, each once */
	size_t cnt;
	size_t target_cnt;
};

/* cp_subnets_collect reads all subnets of the rules, at most `max` of them, to be judged one by one: in
 * a sorted list the ones that hold one are found in a few steps, where comparing each with each would
 * cost the square of their number. */
int cp_subnets_collect(struct conf_arena *arena, const struct conf_node *rules, size_t max,
		struct cp_subnets_draft *ret_subnets);
/* cp_subnets_target adds what octoDNS says of a rule that targets a subnet, one of those collected. */
void cp_subnets_target(struct cp_subnets_draft *subnets, struct cp_reasons *reasons, size_t rule,
		const struct tbl_prefix *prefix);
/* cp_prefix_compare: Python's order of networks: by version, address, then the wider first. */
int cp_prefix_compare(const void *a, const void *b);

/* cp_pool_find: place of a pool, -1 when there is none of that name. */
int32_t cp_pool_find(const struct cp_dynamic_draft *draft, const char *name);

#endif
