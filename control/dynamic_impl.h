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

/* cp_pool_find: place of a pool, -1 when there is none of that name. */
int32_t cp_pool_find(const struct cp_dynamic_draft *draft, const char *name);

#endif
