/*
 * Compiles a geo database and the rules of every dynamic record into "address -> leaf -> class",
 * with a rule per class and an ECS scope per leaf for every rule set. Two addresses share a class
 * when no rule set can tell them apart.
 *
 * Threads:   pure; a finished tbl_location is immutable.
 * Memory:    tbl_location_build/_free. A location can be shared by any number of tables, so a
 *            change of records that leaves rules and database alone does not compile it again.
 * Errors:    0, -ENOMEM, -EINVAL (bad code, prefix or pool number: *ret_error), -E2BIG (capacity).
 * Standards: RFC 7871 §7.2.1: scopes never overlap with different answers.
 */
#ifndef TABLE_LOCATION_H
#define TABLE_LOCATION_H

#include <stddef.h>
#include <stdint.h>

#include "table/view.h"

#define TBL_RULES_MAX    1000u /* rules of one record: every country and province is under 400 */
#define TBL_RULESETS_MAX 65535u
#define TBL_LEAVES_MAX   (1u << 26)

struct tbl_prefix {
	uint8_t bytes[16]; /* network order, bits behind `bits` zero */
	uint8_t bits;      /* 0..32 or 0..128 */
	uint8_t family;    /* 4 or 6 */
};

/* tbl_prefix_text: "192.0.2.0/24". */
#define TBL_PREFIX_TEXT_MAX 50u /* 45 characters of an IPv6 address, "/128", NUL */
void tbl_prefix_text(const struct tbl_prefix *prefix, char text[TBL_PREFIX_TEXT_MAX]);

/* One rule: where `geos` are "NA", "NA-US", "NA-US-CA" (continent-country-province). A rule with
 * neither geos nor subnets is the catch-all. `pool` numbers pools in the record: rules with equal
 * pool give equal answers, and scopes may merge across them. */
struct tbl_rule_input {
	uint16_t pool;
	const char *const *geos;
	uint32_t geo_cnt;
	const struct tbl_prefix *subnets;
	uint32_t subnet_cnt;
};
struct tbl_ruleset_input {
	const struct tbl_rule_input *rules;
	uint32_t rule_cnt;
};

/* The database: prefix -> place, a place being a geo code. Prefixes may nest (longest wins); order
 * does not matter; addresses in none have no place and match only subnets and the catch-all. */
struct tbl_geo_prefix {
	struct tbl_prefix prefix;
	uint32_t place;
};
struct tbl_geo {
	const struct tbl_geo_prefix *prefixes;
	size_t prefix_cnt;
	const char *const *places; /* "EU-DE", "NA-US-CA" */
	uint32_t place_cnt;
};

struct tbl_location;

/* tbl_location_build: a subnet match beats any geo match; longest subnet wins; then the most
 * specific geo code; then the catch-all; ties go to the earlier rule. `geo` may be NULL. */
int tbl_location_build(const struct tbl_ruleset_input *rulesets, uint32_t ruleset_cnt,
		const struct tbl_geo *geo, struct tbl_location **ret_location,
		struct tbl_error *ret_error);
void tbl_location_free(struct tbl_location *location);

#endif
