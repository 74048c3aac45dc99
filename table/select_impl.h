/*
 * Making a selection, in two steps so that the builder can write the embedded one straight into
 * its image: plan (which pools answer, how large) and write. tbl_select_build() does both.
 *
 * Threads:   pure; a plan belongs to one caller.
 * Memory:    tbl_select_plan_make/_free; the source is borrowed by the plan.
 * Errors:    0 or -ENOMEM.
 */
#ifndef TABLE_SELECT_IMPL_H
#define TABLE_SELECT_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/format.h"

/* The sections a selection is made from. */
struct tbl_select_source {
	const struct tbl_dyn *dyns;
	const struct tbl_pool *pools;
	const struct tbl_value *values;
	const struct tbl_ruleset *rulesets;
	const struct tbl_rule *rules;
	size_t dyn_cnt;
	size_t pool_cnt;
	uint32_t slot_cnt;
};

struct tbl_select_plan {
	const struct tbl_select_source *source;
	const bool *is_up;     /* by target; NULL: all */
	uint16_t *usable_cnt;  /* by pool: values that may be answered */
	uint32_t *set_of_pool; /* by pool: its set, TBL_NONE when no slot leads to it */
	uint32_t usable_max;   /* of one pool */
	uint32_t set_cnt;
	uint32_t alias_cnt;
	uint64_t slots_off;
	uint64_t sets_off;
	uint64_t aliases_off;
	uint64_t bytes; /* of the selection image, a multiple of TBL_ALIGN_BYTES */
};

int tbl_select_plan_make(const struct tbl_select_source *source, const bool *is_up,
		struct tbl_select_plan *ret_plan);
/* tbl_select_plan_write fills selection[0..plan->bytes), which is zeroed and 64-byte aligned. */
int tbl_select_plan_write(const struct tbl_select_plan *plan, uint64_t table_generation,
		uint64_t sequence, void *selection);
void tbl_select_plan_free(struct tbl_select_plan *plan);

#endif
