/*
 * Says of each rule of a rule set why it was chosen or not, from its text and the client's place.
 *
 * Threads:   pure.
 * Memory:    a new reference.
 * Errors:    none.
 */
#ifndef CONTROL_EXPLAIN_RULES_H
#define CONTROL_EXPLAIN_RULES_H

#include <jansson.h>

#include "table/view.h"

#include "control/address.h"

struct cp_client_place {
	struct tbl_addr addr;
	const char *code; /* "NA-US-CA", NULL: in no place the database knows */
	bool has_geo;     /* a database was at hand */
};

/* cp_explain_rules: [{number, geos, subnets, pool, is_chosen, is_ever_chosen, because}]; `chosen` as
 * in struct tbl_choice. is_ever_chosen: by some client, somewhere. */
json_t *cp_explain_rules(const struct tbl_view *view, const struct tbl_dyn *dyn, uint32_t chosen,
		const struct cp_client_place *place);

#endif
