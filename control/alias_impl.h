/*
 * What following a target (alias_chase.c), merging the pools of names (alias_pools.c) and the records
 * made of them (alias.c) share.
 *
 * Threads:   one expansion.
 * Memory:    a chase borrows from the zones; what pools are made of lives in the arena.
 * Errors:    -EINVAL with the reason in chase->reason, -ENOMEM.
 */
#ifndef CONTROL_ALIAS_IMPL_H
#define CONTROL_ALIAS_IMPL_H

#include "table/reply.h"

#include "conf/arena.h"
#include "control/zone_index.h"

/* One target being followed. As many names as the table follows in a chain: an ALIAS must not reach
 * what a CNAME in its place would not. */
struct cp_chase {
	struct cp_zone_index *index;
	const struct cp_zones *zones;
	const bool *is_refused;
	struct conf_arena *arena;
	uint8_t seen[TBL_CHAIN_MAX][TBL_NAME_MAX]; /* the target, then what it led to */
	unsigned int seen_cnt;
	uint32_t ttl_s;               /* least of all on the way */
	const struct cp_record *a;    /* NULL: none */
	const struct cp_record *aaaa; /* NULL: none */
	const struct cp_record
			*cname; /* a dynamic one, where the way forks; then neither of the above */
	char reason[2 * TBL_NAME_TEXT_MAX + 256];
};

/* cp_chase_run follows chase->seen[0] to addresses or to a dynamic CNAME. */
int cp_chase_run(struct cp_chase *chase);

/* cp_chase_fail: -EINVAL; the reason is a sentence about `name`. */
int cp_chase_fail(struct cp_chase *chase, const uint8_t *name, const char *format, ...)
		__attribute__((format(printf, 3, 4)));

/* cp_chase_pools makes of chase->cname the record of this type (A or AAAA) with the addresses behind
 * its pools' names. *ret_record is NULL when no name of it has any. */
int cp_chase_pools(struct cp_chase *chase, uint16_t type, struct cp_record **ret_record);

#endif
