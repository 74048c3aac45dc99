/*
 * Finds names in a set of zones as a name server does: the innermost zone, then down to the name, with
 * its delegations, DNAMEs, empty non-terminals and wildcards. For what has to be known before there is
 * a table; answers come from the table alone.
 *
 * Threads:   one caller; a search may sort a zone that was not asked before.
 * Memory:    cp_zone_index_new/_free; zones are borrowed, results borrow from them and the index.
 * Errors:    -ENOMEM.
 * Standards: RFC 1034 §4.3.2, RFC 4592 §3.3 (wildcards), RFC 6672 §3.2 (DNAME).
 */
#ifndef CONTROL_ZONE_INDEX_H
#define CONTROL_ZONE_INDEX_H

#include "control/zones.h"

struct cp_zone_index;

enum cp_finding {
	CP_FOUND = 0,   /* the name exists; an empty non-terminal has no records */
	CP_FOUND_CUT,   /* it is at or below a delegation: `records` are those of the cut */
	CP_FOUND_DNAME, /* it is below a DNAME: `records` are those of the DNAME's owner */
	CP_NO_NAME,     /* it does not exist, and no wildcard covers it */
	CP_NO_ZONE,     /* it is in none of the zones */
};

struct cp_indexed {
	const uint8_t *key;
	const struct cp_record *record;
	uint8_t key_len;
};
struct cp_found {
	enum cp_finding finding;
	size_t zone; /* in the set, unless CP_NO_ZONE */
	const struct cp_indexed *records;
	size_t cnt;
	bool is_wildcard; /* `records` are a wildcard's */
};

int cp_zone_index_new(const struct cp_zones *zones, struct cp_zone_index **ret_index);
void cp_zone_index_free(struct cp_zone_index *index);

/* cp_zone_index_find looks up a lower-cased wire name. */
int
cp_zone_index_find(struct cp_zone_index *index, const uint8_t *name, struct cp_found *ret_found);

/* cp_found_type: the record of this type at the name, or NULL. */
const struct cp_record *cp_found_type(const struct cp_found *found, uint16_t type);

#endif
