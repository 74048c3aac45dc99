/*
 * The `dynamic` part of a record: pools, rules, and every rule of octoDNS's about them; and `geo`,
 * which means the same in fewer words.
 *
 * Threads:   pure.
 * Memory:    the result lives in the reader's arena.
 * Errors:    octoDNS's reasons in octoDNS's order (docs/octodns.md says where ours differ).
 */
#ifndef CONTROL_DYNAMIC_H
#define CONTROL_DYNAMIC_H

#include "control/rdata.h"

/* Pools of one record: more than there are countries and provinces to send to them. */
#define CP_POOLS_MAX 1000u
/* Subnets and geo codes of one record, each: octoDNS knows 326 codes, and who has more subnets than
 * this for one record has a database of them. */
#define CP_CRITERIA_MAX 10000u

/* cp_dynamic_read reads record["dynamic"] when there is one. *ret_dynamic is NULL for a static
 * record, and for one whose lenient flaws leave no rule to follow: then its `values` are the
 * answer. Returns 0, or -EINVAL after a fatal reason, or -ENOMEM. */
int cp_dynamic_read(const struct cp_reader *reader, const struct conf_node *record,
		const char *fqdn, struct cp_dynamic **ret_dynamic);

/* cp_geo_read reads node["geo"], the older way to write places, as a dynamic record; `record` has
 * its values. *ret_dynamic is NULL when there is no `geo`, when no code in it is a known place, and
 * beside a `dynamic`. Returns as cp_dynamic_read(). */
int cp_geo_read(const struct cp_reader *reader, const struct conf_node *node,
		const struct cp_record *record, const char *fqdn, struct cp_dynamic **ret_dynamic);

/* cp_status_name: octoDNS's word for an enum tbl_status; NULL when it is none. */
const char *cp_status_name(uint8_t status);

#endif
