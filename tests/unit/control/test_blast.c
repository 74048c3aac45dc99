/* Small address spaces whose every number is known. What the real database makes of it is counted
 * address by address in tests/e2e/blast_count.c. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/blast.h"
#include "tests/unit/control/zone_table.h"
#include "tests/unit/test.h"

#define NS "'': {type: NS, value: ns1.example.test.}\n"

enum { US, US_CA, DE, FR };
static const char *const places[] = { "NA-US", "NA-US-CA", "EU-DE", "EU-FR" };

/* Not in order, nested three deep to the last address of the space, one given twice, and
 * neighbours in one country. France has no IPv4, the United States no IPv6. */
static const struct tbl_geo_prefix prefixes[] = {
	{ { { 224 }, 3, 4 }, US },
	{ { { 255, 255, 255 }, 24, 4 }, DE },
	{ { { 240 }, 4, 4 }, US_CA },
	{ { { 0x20, 0x01 }, 16, 6 }, FR },
	{ { { 0x20, 0x01, 0x0d, 0xb8 }, 32, 6 }, DE },
	{ { { 0x20, 0x01, 0x0d, 0xb8 }, 32, 6 }, DE },
	{ { { 10, 1 }, 16, 4 }, DE },
	{ { { 10, 0 }, 16, 4 }, DE },
};
static const struct cp_geo geo = {
	.table = { prefixes, ARRAY_LEN(prefixes), places, ARRAY_LEN(places) },
	.content_hash = 1,
};
static const struct cp_geo nowhere = { .content_hash = 2 };

#define RECORD(name, pools, rules)                                                           \
	name ": {dynamic: {pools: {" pools "}, rules: [" rules "]}, octodns: {healthcheck: " \
	     "{protocol: TCP}}, type: A, value: 192.0.2.1}\n"
#define POOLS  "one: {values: [{value: 192.0.2.1}]}, two: {values: [{value: 192.0.2.2}]}"
#define OTHERS "three: {values: [{value: 192.0.2.3}]}, two: {values: [{value: 192.0.2.2}]}"

/* Dynamic records of tests have one order in both tables. */
static json_t *
blast(const char *served, const char *wanted, const struct cp_geo *served_geo, bool has_geo)
{
	struct zone_table a = compile_text(served, served_geo, 1);
	struct zone_table b = compile_text(wanted, &geo, 2);
	const struct cp_blast_pair pairs[] = { { 0, 0 }, { 1, 1 }, { 2, 2 } };
	const struct cp_blast_input input = { .served = &a.view,
		.wanted = &b.view,
		.geo = has_geo ? &geo : NULL,
		.pairs = pairs,
		.pair_cnt = b.view.header->sections[TBL_SECTION_DYNS].cnt };
	json_t *groups = NULL;

	assert_in_range(input.pair_cnt, 1, ARRAY_LEN(pairs));
	assert_int_equal(cp_blast(&input, &groups), 0);
	free_table(&a);
	free_table(&b);
	return groups;
}

/* "NUMBER ADDRESSES (SHARE SHARE)", "-" for a share of nothing. */
static void
put_tally(const json_t *json, const char *ipv4_key, const char *ipv6_key, FILE *out)
{
	const char *const keys[] = { ipv4_key, ipv6_key };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const json_t *share = json_object_get(json, keys[i]);

		if (share != NULL) {
			(void)fputs(i == 0 ? " (" : " ", out);
			(void)(json_is_null(share) ? fputs("-", out)
						   : fprintf(out, "%.6g", json_real_value(share)));
			(void)fputs(i == 0 ? "" : ")", out);
		}
	}
}

static void
put_numbers(const json_t *json, FILE *out)
{
	(void)fprintf(out, "%lld %s", json_integer_value(json_object_get(json, "ipv4_addresses")),
			json_string_value(json_object_get(json, "ipv6_addresses")));
	put_tally(json, "ipv4_share", "ipv6_share", out);
	put_tally(json, "named_ipv4_share", "named_ipv6_share", out);
	(void)fputc('\n', out);
}

static const char *
text_at(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text != NULL ? text : "-";
}

static void
put_move(const json_t *move, FILE *out)
{
	const json_t *countries = json_object_get(move, "countries");

	(void)fprintf(out, "  %s > %s: ", text_at(move, "from"), text_at(move, "to"));
	put_numbers(move, out);
	for (size_t i = 0; i < json_array_size(countries); i++) {
		const json_t *country = json_array_get(countries, i);

		(void)fprintf(out, "    %s %s: ", text_at(country, "code"),
				text_at(country, "name"));
		put_numbers(country, out);
	}
}

/* Everything that is in the result, a line each. */
static void
assert_groups(json_t *groups, const char *expected)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < json_array_size(groups); i++) {
		const json_t *group = json_array_get(groups, i);
		const json_t *records = json_object_get(group, "records");
		const json_t *moves = json_object_get(group, "moves");

		for (size_t k = 0; k < json_array_size(records); k++) {
			(void)fprintf(out, "%s %s, ", text_at(json_array_get(records, k), "name"),
					text_at(json_array_get(records, k), "type"));
		}
		put_numbers(group, out);
		for (size_t k = 0; k < json_array_size(moves); k++) {
			put_move(json_array_get(moves, k), out);
		}
	}
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
	free(text);
	json_decref(groups);
}

static void
test_nothing_moves(void **state)
{
	const char *text = NS RECORD("www", POOLS, "{geos: [NA], pool: one}, {pool: two}");
	const char *other = NS RECORD("www",
			"one: {values: [{value: 192.0.2.8}]}, two: {values: [{value: 192.0.2.9}]}",
			"{geos: [NA], pool: one}, {pool: two}");

	(void)state;
	assert_groups(blast(text, text, &geo, true), "");
	/* Other values under the same names are another record, and no move. */
	assert_groups(blast(text, other, &geo, true), "");
}

/* The whole of both spaces: 2^128 is one more than 128 bits count. */
static void
test_everything_moves(void **state)
{
	const char *served = NS RECORD("www", "one: {values: [{value: 192.0.2.1}]}", "{pool: one}");
	const char *wanted = NS RECORD("www", "two: {values: [{value: 192.0.2.1}]}", "{pool: two}");

	(void)state;
#define ALL "4294967296 340282366920938463463374607431768211456 (1 1)"
	assert_groups(blast(served, wanted, &geo, false),
			"www.example.test. A, " ALL "\n  one > two: " ALL "\n");
	assert_groups(blast(served, wanted, &geo, true),
			"www.example.test. A, " ALL " (1 1)\n  one > two: " ALL " (1 1)\n"
			"    - -: 3757965312 340277174624079928635746076935438991360 (1 1)\n"
			"    NA-US United States: 536870656 0 (1 -)\n"
			"    EU-DE Germany: 131328 79228162514264337593543950336 (1 1)\n"
			"    EU-FR France: 0 5192217630372313364192902785269760 (- 1)\n");
}

static void
test_other_rules(void **state)
{
	(void)state;
	/* The province stays, Germany comes, the rest of the United States goes. */
	assert_groups(blast(NS RECORD("www", POOLS, "{geos: [NA], pool: one}, {pool: two}"),
				      NS RECORD("www", POOLS,
						      "{geos: [EU-DE, NA-US-CA], pool: one}, "
						      "{pool: two}"),
				      &geo, true),
			"www.example.test. A, 268566784 79228162514264337593543950336 (0.0625306 "
			"2.32831e-10) (0.500123 1.52588e-05)\n"
			"  one > two: 268435456 0 (0.0625 0) (0.499878 0)\n"
			"    NA-US United States: 268435456 0 (0.5 -)\n"
			"  two > one: 131328 79228162514264337593543950336 (3.05772e-05 "
			"2.32831e-10) (0.000244558 1.52588e-05)\n"
			"    EU-DE Germany: 131328 79228162514264337593543950336 (1 1)\n");
}

/* The same rules before and after a database: what it says is what moves. */
static void
test_other_database(void **state)
{
	const char *text = NS RECORD("www", POOLS, "{geos: [EU], pool: one}, {pool: two}");

	(void)state;
	assert_groups(blast(text, text, &nowhere, true),
			"www.example.test. A, 131328 5192296858534827628530496329220096 "
			"(3.05772e-05 1.52588e-05) (0.000244558 1)\n"
			"  two > one: 131328 5192296858534827628530496329220096 (3.05772e-05 "
			"1.52588e-05) (0.000244558 1)\n"
			"    EU-DE Germany: 131328 79228162514264337593543950336 (1 1)\n"
			"    EU-FR France: 0 5192217630372313364192902785269760 (- 1)\n");
}

/* Records whose moves are equal are told once, whatever else they differ in; larger ones first. */
static void
test_groups(void **state)
{
	(void)state;
	assert_groups(blast(NS RECORD("a", POOLS,
					    "{pool: one, subnets: [10.0.0.0/8]}, {pool: "
					    "two}") RECORD("b", POOLS,
					    "{pool: one, subnets: [16.0.0.0/4]}, "
					    "{pool: two}") RECORD("c",
					    POOLS ", x: {values: [{value: 192.0.2.3}]}",
					    "{pool: x, subnets: [192.0.2.0/24]}, "
					    "{pool: one, subnets: [10.0.0.0/8]}, "
					    "{pool: two}"),
				      NS RECORD("a", "two: {values: [{value: 192.0.2.2}]}",
						      "{pool: two}") RECORD("b",
						      "two: {values: [{value: 192.0.2.2}]}",
						      "{pool: two}") RECORD("c",
						      "two: {values: [{value: "
						      "192.0.2.2}]}, x: {values: [{value: "
						      "192.0.2.3}]}",
						      "{pool: x, subnets: "
						      "[192.0.2.0/24]}, {pool: two}"),
				      &geo, false),
			"b.example.test. A, 268435456 0 (0.0625 0)\n"
			"  one > two: 268435456 0 (0.0625 0)\n"
			"a.example.test. A, c.example.test. A, 16777216 0 (0.00390625 0)\n"
			"  one > two: 16777216 0 (0.00390625 0)\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_moves),
		cmocka_unit_test(test_everything_moves),
		cmocka_unit_test(test_other_rules),
		cmocka_unit_test(test_other_database),
		cmocka_unit_test(test_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
