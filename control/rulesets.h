/*
 * The distinct rule sets of all zones: records with equal rules share one, which is what makes a
 * hundred thousand dynamic records cost no more location memory than a few.
 *
 * Threads:   pure.
 * Memory:    cp_rulesets_free releases everything; inputs borrow from the zones.
 * Errors:    -ENOMEM; -E2BIG for more than TBL_RULESETS_MAX.
 */
#ifndef CONTROL_RULESETS_H
#define CONTROL_RULESETS_H

#include "control/zones.h"

struct cp_rulesets {
	struct tbl_ruleset_input *inputs; /* in the order of their text: stable between calls */
	uint32_t cnt;
	uint32_t *of_record; /* per dynamic record, in the order of zones and records; refused zones
	                      * count too, with 0 */
	char *key;           /* text of all sets: equal text, equal location */
};

/* cp_rulesets_collect: the rule sets of the zones that are not refused. */
int cp_rulesets_collect(const struct cp_zones *zones, const bool *is_refused,
		struct cp_rulesets *ret_rulesets);
void cp_rulesets_free(struct cp_rulesets *rulesets);

#endif
