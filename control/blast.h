/*
 * The blast radius of a change: which part of the address space, and which countries, get another
 * pool than before. Counted over every address, never sampled: a table's leaves say where one rule
 * ends and the next begins.
 *
 * A pool here is the one that the rule names, whatever today's health makes of it, and pools of two
 * tables are the same when their names are. What the values of a pool are is the record's matter.
 *
 * Threads:   pure.
 * Memory:    JSON is a new reference; views, database and pairs are borrowed for the call.
 * Errors:    0 or -ENOMEM.
 */
#ifndef CONTROL_BLAST_H
#define CONTROL_BLAST_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "table/view.h"

#include "control/geo.h"

/* A dynamic record that both tables have: its numbers among their tbl_dyn. */
struct cp_blast_pair {
	uint32_t served;
	uint32_t wanted;
};

struct cp_blast_input {
	const struct tbl_view *served;
	const struct tbl_view *wanted;
	const struct cp_geo *geo; /* NULL: no countries, no shares of what a database names */
	const struct cp_blast_pair *pairs;
	size_t pair_cnt;
};

/*
 * cp_blast counts. The result is a list of groups of records that move alike, largest first:
 *   { "records": [ { "name": "www.example.com.", "type": "A" } ],  in the order of `pairs`
 *     TALLY of all its moves, as shares of all addresses,
 *     "named_ipv4_share": 0.0171, "named_ipv6_share": 0.0171,   of those the database names
 *     "moves": [ largest first:
 *       { "from": "eu", "to": "us",        pools; null: no rule matches, so the record's values
 *         TALLY as shares of all addresses,
 *         "named_ipv4_share": 0.0171, "named_ipv6_share": 0.0171,
 *         "countries": [ largest first:
 *           { "code": "EU-DE" | null,      null: in no country the database knows
 *             "name": "Germany" | null, TALLY as shares of that country } ] } ] }
 * TALLY is "ipv4_addresses": 53687091, "ipv6_addresses": "2535301200456458802993406410752" (exact:
 * JSON's numbers end at 2^53), "ipv4_share": 0.0125, "ipv6_share": 0.0. A share is null where there is
 * nothing to have a share of: a country without IPv6. Without a database
 * "countries" and the named shares are left out. Largest is by IPv4, then by IPv6 addresses.
 */
int cp_blast(const struct cp_blast_input *input, json_t **ret_groups);

#endif
