/*
 * Shadow queries: before a table is published it is asked, by the data plane's own look-up, for
 * what the zones say, and the replies are read back and compared record by record. A table whose
 * bytes are in order but whose answers are not ends here.
 *
 * Threads:   pure.
 * Memory:    nothing is kept; one message buffer is allocated for the run.
 * Errors:    -EBADMSG with the first differences in *errors, at the record's place; -ENOMEM.
 * Standards: RFC 1035 §4.1.4 (replies are decompressed by a reader of their own).
 */
#ifndef CONTROL_SHADOW_H
#define CONTROL_SHADOW_H

#include "control/zones.h"

/* cp_shadow_check asks image[] (checked, embedded selection) for the records of `zones`: all of
 * them up to CP_SHADOW_RECORDS_MAX, beyond that every dynamic record and an even share of the rest.
 * Zones that is_left_out[zones->cnt] marks are not in the table. */
#define CP_SHADOW_RECORDS_MAX 200000u /* about 0.1 s: a publish should not wait longer for it */
int cp_shadow_check(const void *image, const struct cp_zones *zones, const bool *is_left_out,
		struct conf_errors *errors);

#endif
