/*
 * Zones back out of a table image: a set that compiles to the same table (same seed, same database).
 * It is what a broken zone file is replaced by when no loaded version of the zone is there: after a
 * start, after a rollback.
 *
 * What a table does not have, the set has not: ALIAS records are the addresses they led to, and no
 * record has a place in a file. Where a zone delegates to another one of the same table, the table
 * has only that zone: the delegation is made again from the inner zone's own NS and addresses.
 *
 * Threads:   pure.
 * Memory:    the set is the caller's (cp_zones_free) and borrows nothing from the image.
 * Errors:    -ENOMEM; -EBADMSG for an image that tbl_check() accepts and no compiler of ours made.
 * Standards: RFC 1035 §4.1.4 (names in RDATA are stored compressed).
 */
#ifndef CONTROL_THAW_H
#define CONTROL_THAW_H

#include "table/view.h"

#include "control/zones.h"

int cp_thaw(const struct tbl_view *view, struct cp_zones **ret_zones);

#endif
