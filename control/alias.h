/*
 * ALIAS records, which DNS does not have: each becomes the A and AAAA records that its target has, in
 * whichever of our zones that is. The target is followed as a resolver would: through CNAME, DNAME,
 * wildcards and other ALIAS records. A dynamic target makes a dynamic record with the same pools,
 * rules and probes.
 *
 * Threads:   pure.
 * Memory:    cp_alias_expand makes a set, cp_alias_free releases it; its records borrow from the
 *            zones they came from, which must outlive it.
 * Errors:    an ALIAS that leads to no address is told with its place, and its zone refused; a zone
 *            that is remembered (cp_zone.resolved) goes on as it was, with a warning.
 * Standards: none; draft-ietf-dnsop-aname is the nearest. RFC 1034 §4.3.2 for how names are followed.
 */
#ifndef CONTROL_ALIAS_H
#define CONTROL_ALIAS_H

#include "control/zones.h"

/* cp_alias_expand makes the same zones without ALIAS records; *ret_cnt: how many there were. Zones
 * with is_refused[] set are not served, so nothing leads into them; those with an ALIAS in vain are
 * added to them. Returns 0 or -ENOMEM. */
int cp_alias_expand(const struct cp_zones *zones, bool *is_refused, struct conf_errors *errors,
		struct cp_zones *ret_zones, size_t *ret_cnt);
void cp_alias_free(struct cp_zones *zones);

#endif
