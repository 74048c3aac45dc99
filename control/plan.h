/*
 * What a publish would change: two tables compared, record by record and address by address. The
 * same comparison serves plan, apply, diff, rollback and the guards, with a daemon or without.
 *
 * Threads:   pure.
 * Memory:    JSON is a new reference; views and databases are borrowed for the call.
 * Errors:    0 or -ENOMEM.
 * Standards: the shape of octoDNS's plans and its safety thresholds (docs/octodns.md); SHA-256.
 */
#ifndef CONTROL_PLAN_H
#define CONTROL_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "table/view.h"

#include "control/geo.h"

/* octoDNS's: a share above the threshold asks for force, in zones of at least this many records. */
#define CP_PLAN_EXISTING_MIN 10u
/* A plan lists so many changes and counts the rest: nobody reads on, and the daemon's one loop hands the
 * list out. Ten times as many are 10 MB of JSON, in which no health flip was published for 0.8 s. The
 * checksum covers them all the same. */
#define CP_PLAN_CHANGES_MAX 10000u

struct cp_plan_thresholds {
	double update_share; /* octoDNS: 0.3 */
	double delete_share; /* octoDNS: 0.3 */
};
/* cp_plan_thresholds_of: those of the zone `name`; how per-zone settings come in. */
typedef struct cp_plan_thresholds (*cp_plan_thresholds_fn)(const void *ctx, const char *name);

struct cp_plan_input {
	const struct tbl_view *served; /* NULL: nothing is served */
	const struct tbl_view *wanted;
	/* Of `wanted`, to name countries by; NULL: shares only. */
	const struct cp_geo *geo;
	cp_plan_thresholds_fn thresholds_of; /* NULL: octoDNS's for every zone */
	const void *ctx;
	size_t changes_max; /* listed; 0: CP_PLAN_CHANGES_MAX */
};

/*
 * cp_plan_make compares. The plan is
 *   { "served_generation": 41 | null,
 *     "zones": [ zones with a change, children before parents:
 *       { "name": "example.com.", "exists": true,     false: a new zone
 *         "vanishes": false,                          true: not in `wanted` at all
 *         "ecs": false,                               whether client subnets count from now on; left
 *                                                     out when that stays as it is
 *         "changes": [ deletes, creates, updates, each by (name, type):
 *           { "action": "delete" | "create" | "update", "name": "www.example.com.", "type": "A",
 *             "existing": RECORD, "new": RECORD } ],  the one that is not there is left out
 *         "deletes": 1, "creates": 1, "updates": 3, "existing": 25 } ],
 *     "omitted": { "changes": 7, "sha256": "..." },   of all zones, over CP_PLAN_CHANGES_MAX; left
 *                                                     out when there are none
 *     "geo": { "existing": DB | null, "new": DB | null, "appearing": ["OC-NR"], "vanishing": [],
 *              "is_older": false },                   left out when both are the same
 *     "moves": [ which clients change pool, see blast.h ],
 *     "unsafe": [ "[example.com.] Too many updates, 44.00% is over 30.00% (11/25), force required" ],
 *     "checksum": "<64 hexadecimal digits>" }
 * RECORD is { "ttl": 300, "values": ["192.0.2.1"] }, values in strcmp() order. A delegation also has
 * "glue": ["ns1.sub.example.com. 3600 A 192.0.2.1"] when it has some; such addresses are part of it
 * and no records of their own. A dynamic record also has
 *   "pools": { "eu": { "fallback": "us", "values": [ { "value": "192.0.2.1", "weight": 1,
 *              "status": "obey" | "up" | "down",
 *              "check": "tcp 192.0.2.1:443 every 10 s, timeout 4 s, down after 3, up after 2" } ] } },
 *   "rules": [ { "pool": "eu", "geos": ["EU"], "subnets": ["192.0.2.0/24"] } ]
 * where fallback, check, geos and subnets are left out when there are none. DB is { "description",
 * "built_unix_s", "built_date": "2026-06-01" }.
 *
 * A generated SOA counts in no number but "updates", and only when more than its serial changes.
 * The checksum is the SHA-256 of the plan without "checksum", "served_generation" and "unsafe", as
 * sorted compact ASCII JSON: a CI job's plan and the daemon's of the same change have the same one.
 */
int cp_plan_make(const struct cp_plan_input *input, json_t **ret_plan);

/* is_cp_plan_empty: nothing would change, the geo database included. */
bool is_cp_plan_empty(const json_t *plan);

/* cp_plan_summary: "2 zones: Creates=1, Updates=3, Deletes=0", for logs and the history. */
void cp_plan_summary(const json_t *plan, char *text, size_t size);

/* cp_plan_print writes a plan for people: octoDNS's shape, dynamic records as a diff of pools and
 * rules, then what moves. With is_terminal in colour. */
void cp_plan_print(const json_t *plan, FILE *out, bool is_terminal);

#endif
