/*
 * A finished location, as the table builder copies it into an image: every array here is one
 * section of table/format.h, in that section's exact form, except that rules hold texts instead of
 * offsets into the image's strings.
 *
 * Threads:   immutable once tbl_location_build() has returned it.
 * Memory:    all arrays belong to the location; tbl_location_free() releases them.
 * Errors:    none.
 */
#ifndef TABLE_LOCATION_IMPL_H
#define TABLE_LOCATION_IMPL_H

#include <stddef.h>
#include <stdint.h>

#include "table/format.h"
#include "table/location.h"

/* One rule, numbered like struct tbl_rule: rulesets[r].rule_first + rule. */
struct tbl_location_rule {
	uint16_t pool;
	char *geos;    /* "NA, SA", or "" */
	char *subnets; /* "192.0.2.0/24, 2001:db8::/32", or "" */
};

struct tbl_location {
	uint32_t *loc4_root;  /* TBL_LOC_ROOT_CNT */
	uint32_t *loc4_nodes; /* loc4_node_cnt; NULL when 0 */
	uint32_t *loc6_root;  /* TBL_LOC_ROOT_CNT */
	uint32_t *loc6_nodes; /* loc6_node_cnt; NULL when 0 */
	uint32_t loc4_node_cnt;
	uint32_t loc6_node_cnt;

	struct tbl_leaf *leaves; /* leaf_cnt: the IPv4 ones, then the IPv6 ones, by address */
	uint32_t leaf_cnt;
	uint32_t leaf4_cnt; /* at least 1, as is leaf_cnt - leaf4_cnt */
	uint32_t class_cnt; /* at least 1 */

	struct tbl_ruleset *rulesets; /* ruleset_cnt, first indices filled in */
	uint32_t ruleset_cnt;
	uint32_t rule_cnt; /* of all rule sets */
	struct tbl_location_rule *rules;
	uint16_t *class_rule; /* ruleset_cnt * class_cnt */
	uint8_t *scopes;      /* ruleset_cnt * leaf_cnt */
};

#endif
