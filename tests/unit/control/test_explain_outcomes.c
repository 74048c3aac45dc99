/* Every client at once: shares are exact, and add up to all there is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/address.h"
#include "control/compile.h"
#include "control/explain.h"
#include "control/json_read.h"
#include "tests/unit/control/zone_text.h"
#include "tests/unit/test.h"

/* Rule 1 a subnet and Canada, rule 2 the Americas, rule 3 all else; rule 1's pool is down. */
static const char zone_text[] = "'':\n"
				"  type: NS\n"
				"  value: ns1.example.test.\n"
				"alias:\n"
				"  type: CNAME\n"
				"  value: www.example.test.\n"
				"split:\n"
				"  dynamic:\n"
				"    pools:\n"
				"      both:\n"
				"        values:\n"
				"        - value: www.example.test.\n"
				"          weight: 3\n"
				"        - value: ns1.example.test.\n"
				"          weight: 1\n"
				"    rules:\n"
				"    - pool: both\n"
				"  type: CNAME\n"
				"  value: www.example.test.\n"
				"sub:\n"
				"  type: NS\n"
				"  value: ns1.elsewhere.test.\n"
				"www:\n"
				"  dynamic:\n"
				"    pools:\n"
				"      america:\n"
				"        values:\n"
				"        - value: 192.0.2.2\n"
				"        - value: 192.0.2.3\n"
				"      office:\n"
				"        fallback: america\n"
				"        values:\n"
				"        - status: down\n"
				"          value: 192.0.2.1\n"
				"      rest:\n"
				"        values:\n"
				"        - status: down\n"
				"          value: 192.0.2.4\n"
				"    rules:\n"
				"    - geos:\n"
				"      - NA-CA\n"
				"      pool: office\n"
				"      subnets:\n"
				"      - 2001:db8::/32\n"
				"      - 203.0.113.128/25\n"
				"    - geos:\n"
				"      - NA\n"
				"      - SA\n"
				"      pool: america\n"
				"    - pool: rest\n"
				"  type: A\n"
				"  value: 192.0.2.9\n";

/* Out of order, nested and of both families: 10/8 is the United States, 10.2/16 in it Canada;
 * 203.0.113/24 is Germany, of which a rule's subnet takes half; 2001:db8::/31 is Brazil. */
static const char *const places[] = { "NA-US-CA", "NA-CA", "EU-DE", "SA-BR", "NA-US" };
static const struct tbl_geo_prefix prefixes[] = {
	{ { { 203, 0, 113 }, 24, 4 }, 2 },
	{ { { 10, 2 }, 16, 4 }, 1 },
	{ { { 10 }, 8, 4 }, 0 },
	{ { { 0x20, 0x01, 0x0d, 0xb8 }, 31, 6 }, 3 },
	{ { { 11 }, 9, 4 }, 4 },
};
static char description[] = "test.mmdb";
static const struct cp_geo geo = {
	.table = { prefixes, ARRAY_LEN(prefixes), places, ARRAY_LEN(places) },
	.description = description,
};

static void *image;
static struct tbl_view view;

static int
compile_zone(void **state)
{
	struct loaded loaded = load_text(zone_text);
	const struct cp_compile_params params = { .generation = 4, .hash_seed = { 1, 2 } };
	struct conf_errors errors = { 0 };
	struct cp_compiler *compiler;
	size_t size;
	int err = cp_compiler_new(&compiler);

	(void)state;
	if (err == 0) {
		err = cp_compile(compiler, loaded.zones, &geo, &params, &errors, &image, &size);
		cp_compiler_free(compiler);
	}
	conf_errors_print(&errors, stderr, false);
	conf_errors_free(&errors);
	free_loaded(&loaded);
	if (err == 0) {
		tbl_view_init(&view, image, NULL);
	}
	return err;
}

static int
free_image(void **state)
{
	(void)state;
	free(image);
	return 0;
}

static json_t *
explain(const char *name, const char *type, const char *from, const struct cp_geo *database)
{
	struct cp_explain_input input = {
		.view = &view, .geo = database, .name = name, .type = type, .from = from
	};
	char error[CP_EXPLAIN_ERROR_MAX];
	json_t *json = NULL;

	assert_int_equal(cp_explain(&input, &json, error), 0);
	return json;
}

static const json_t *
last_decision(const json_t *outcome)
{
	const json_t *decisions = json_object_get(outcome, "decisions");

	return json_array_get(decisions, json_array_size(decisions) - 1);
}

static void
test_shares_are_exact(void **state)
{
	static const struct {
		long long rule;
		const char *rule_pool, *pool, *ipv4, *ipv6, *ipv4_known, *ipv6_known;
	} rows[] = {
		/* 10.2/16 and half a /24; 2001:db8::/32 */
		{ 1, "office", "america", "65664", "79228162514264337593543950336", "65664",
				"79228162514264337593543950336" },
		/* 10/8 without 10.2/16, and 11.0/9; the other half of 2001:db8::/31 */
		{ 2, "america", "america", "25100288", "79228162514264337593543950336", "25100288",
				"79228162514264337593543950336" },
		/* all else, of which the database names the other half of 203.0.113/24 */
		{ 3, "rest", "", "4269801344", "340282366762482138434845932244680310784", "128",
				"0" },
	};
	json_t *explained = explain("alias.example.test", "A", NULL, &geo);
	const json_t *database = json_object_get(explained, "database");

	(void)state;
	assert_int_equal(cp_json_count(explained, "outcomes"), ARRAY_LEN(rows));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const json_t *outcome = cp_json_item(explained, "outcomes", i);
		const json_t *decision = last_decision(outcome);

		assert_string_equal(cp_json_text(outcome, "rcode"), "NOERROR");
		assert_int_equal(cp_json_number(decision, "rule"), rows[i].rule);
		assert_string_equal(cp_json_text(decision, "rule_pool"), rows[i].rule_pool);
		assert_string_equal(cp_json_text(decision, "pool"), rows[i].pool);
		assert_int_equal(is_cp_json_true(decision, "is_last_resort"),
				rows[i].pool[0] == '\0');
		assert_string_equal(cp_json_text(outcome, "ipv4_addresses"), rows[i].ipv4);
		assert_string_equal(cp_json_text(outcome, "ipv6_addresses"), rows[i].ipv6);
		assert_string_equal(
				cp_json_text(outcome, "ipv4_known_addresses"), rows[i].ipv4_known);
		assert_string_equal(
				cp_json_text(outcome, "ipv6_known_addresses"), rows[i].ipv6_known);
	}
	assert_string_equal(cp_json_text(database, "ipv4_addresses"), "25166080");
	assert_string_equal(
			cp_json_text(database, "ipv6_addresses"), "158456325028528675187087900672");
	json_decref(explained);
}

static void
test_countries_are_named_by_size(void **state)
{
	/* "code addresses", "+" when all of the country is there. */
	static const char *const rows[][2] = {
		{ "NA-CA 65536 0 +", "EU-DE 128 0 -" },
		{ "NA-US 25100288 0 +", "SA-BR 0 79228162514264337593543950336 -" },
		{ "EU-DE 128 0 -", NULL },
	};
	json_t *explained = explain("www.example.test", "A", NULL, &geo);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const json_t *outcome = cp_json_item(explained, "outcomes", i);

		for (size_t c = 0; c < 2 && rows[i][c] != NULL; c++) {
			const json_t *country = cp_json_item(outcome, "countries", c);
			char text[128];

			(void)snprintf(text, sizeof(text), "%s %s %s %c",
					cp_json_text(country, "code"),
					cp_json_text(country, "ipv4_addresses"),
					cp_json_text(country, "ipv6_addresses"),
					is_cp_json_true(country, "is_whole") ? '+' : '-');
			assert_string_equal(text, rows[i][c]);
		}
	}
	json_decref(explained);
}

/* What one client is told must be the outcome that holds its address. */
static void
test_clients_agree_with_the_whole(void **state)
{
	static const char *const clients[] = { "0.0.0.0", "9.255.255.255", "10.0.0.0",
		"10.1.255.255", "10.2.0.0", "10.2.255.255", "10.3.0.0", "11.127.255.255",
		"11.128.0.0", "203.0.113.127", "203.0.113.128", "255.255.255.255",
		"::", "2001:db8::", "2001:db9::", "2001:dba::", "ffff::" };
	static const long long rules[] = { 3, 3, 2, 2, 1, 1, 2, 2, 3, 3, 1, 3, 3, 1, 2, 3, 3 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		json_t *explained = explain("www.example.test", "A", clients[i], &geo);
		const json_t *step = cp_json_item(explained, "steps", 0);

		print_message("    %s\n", clients[i]);
		assert_int_equal(cp_json_number(json_object_get(step, "decision"), "rule"),
				rules[i]);
		json_decref(explained);
	}
}

/* What no client can change is one outcome: everybody. */
static void
test_what_is_the_same_for_everybody(void **state)
{
	static const struct {
		const char *name, *type, *rcode;
		bool is_referral;
		size_t decision_cnt, value_cnt, record_cnt;
		const char *printed;
	} rows[] = {
		{ "example.test", "NS", "NOERROR", false, 0, 0, 1, "    NOERROR\n" },
		{ "example.test", "TXT", "NOERROR", false, 0, 0, 0,
				"    NOERROR, and no record of this type\n" },
		{ "absent.example.test", "A", "NXDOMAIN", false, 0, 0, 0, "    NXDOMAIN\n" },
		{ "x.sub.example.test", "A", "NOERROR", true, 0, 0, 1,
				"    NOERROR, a referral to\n      "
				"sub.example.test.\t3600\tIN\tNS\t" },
		{ "other.test", "A", "REFUSED", false, 0, 0, 0, "    REFUSED\n" },
		{ "alias.example.test", "CNAME", "NOERROR", false, 0, 0, 1, "    NOERROR\n" },
		/* A drawn CNAME ends the way: each value goes on differently. */
		{ "split.example.test", "A", "", false, 1, 2, 0, "    one of these CNAMEs" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *explained = explain(rows[i].name, rows[i].type, NULL, NULL);
		const json_t *outcome = cp_json_item(explained, "outcomes", 0);
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		print_message("    %s %s\n", rows[i].name, rows[i].type);
		cp_explain_print(explained, out);
		assert_int_equal(fclose(out), 0);
		assert_non_null(strstr(text, rows[i].printed));
		free(text);
		assert_int_equal(cp_json_count(explained, "outcomes"), 1);
		assert_string_equal(cp_json_text(outcome, "rcode"), rows[i].rcode);
		assert_int_equal(is_cp_json_true(outcome, "is_referral"), rows[i].is_referral);
		assert_int_equal(cp_json_count(outcome, "decisions"), rows[i].decision_cnt);
		assert_int_equal(cp_json_count(outcome, "values"), rows[i].value_cnt);
		assert_int_equal(cp_json_count(outcome, "records"), rows[i].record_cnt);
		assert_string_equal(cp_json_text(outcome, "ipv4_addresses"), "4294967296");
		assert_string_equal(cp_json_text(outcome, "ipv6_percent"), "100 %");
		assert_null(json_object_get(explained, "database"));
		json_decref(explained);
	}
}

static void
test_the_printed_form(void **state)
{
	static const char expected[] =
			"www.example.test. A (generation 4.0)\n"
			"3 different answers, over all addresses; countries by test.mmdb\n"
			"\n"
			"  IPv4 0.001529 %, IPv6 under 0.0001 % (0.2609 % and 50 % of what the "
			"database names)\n"
			"    Canada, part of Germany, part of Brazil\n"
			"    www.example.test. A: rule 1, 203.0.113.128/25, 2001:db8::/32, NA-CA "
			"-> "
			"pool office -> fallback to pool america\n";
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	json_t *explained = explain("www.example.test", "A", NULL, &geo);

	(void)state;
	cp_explain_print(explained, out);
	assert_int_equal(fclose(out), 0);
	text[strlen(expected) < size ? strlen(expected) : size] = '\0';
	assert_string_equal(text, expected);
	free(text);
	json_decref(explained);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares_are_exact),
		cmocka_unit_test(test_countries_are_named_by_size),
		cmocka_unit_test(test_clients_agree_with_the_whole),
		cmocka_unit_test(test_what_is_the_same_for_everybody),
		cmocka_unit_test(test_the_printed_form),
	};

	return cmocka_run_group_tests(tests, compile_zone, free_image);
}
