/* Explanations: the rule that was chosen is the table's, and the reasons given are true. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/build.h"

#include "control/compile.h"
#include "control/explain.h"
#include "control/json_read.h"
#include "control/watchlist.h"
#include "tests/unit/control/scratch.h"
#include "tests/unit/test.h"

static const char zone_text[] = "'':\n"
				"  type: NS\n"
				"  value: ns1.geo.test.\n"
				"'*.wild':\n"
				"  type: CNAME\n"
				"  value: www.geo.test.\n"
				"sub:\n"
				"  type: NS\n"
				"  value: ns1.elsewhere.test.\n"
				"www:\n"
				"  dynamic:\n"
				"    pools:\n"
				"      america:\n"
				"        fallback: world\n"
				"        values:\n"
				"        - value: 192.0.2.1\n"
				"      canada:\n"
				"        values:\n"
				"        - status: up\n"
				"          value: 192.0.2.2\n"
				"          weight: 1\n"
				"        - status: up\n"
				"          value: 192.0.2.3\n"
				"          weight: 3\n"
				"      office:\n"
				"        values:\n"
				"        - status: down\n"
				"          value: 192.0.2.4\n"
				"      world:\n"
				"        values:\n"
				"        - value: 192.0.2.5\n"
				"    rules:\n"
				"    - pool: office\n"
				"      subnets:\n"
				"      - 203.0.113.128/25\n"
				"    - geos:\n"
				"      - NA-CA\n"
				"      pool: canada\n"
				"      subnets:\n"
				"      - 203.0.113.0/26\n"
				"    - geos:\n"
				"      - NA\n"
				"      - SA\n"
				"      pool: america\n"
				"    - pool: world\n"
				"  octodns:\n"
				"    healthcheck:\n"
				"      port: 80\n"
				"      protocol: TCP\n"
				"  type: A\n"
				"  values:\n"
				"  - 192.0.2.8\n"
				"  - 192.0.2.9\n";

/* 10.1/16 is the United States, 10.2/16 Canada, 203.0.113/24 Germany; all else is nowhere. */
static const char *const places[] = { "NA-US", "NA-CA", "EU-DE" };
static const struct tbl_geo_prefix prefixes[] = {
	{ { { 10, 1 }, 16, 4 }, 0 },
	{ { { 10, 2 }, 16, 4 }, 1 },
	{ { { 203, 0, 113 }, 24, 4 }, 2 },
};
static char description[] = "test";
static const struct cp_geo geo = {
	.table = { prefixes, ARRAY_LEN(prefixes), places, ARRAY_LEN(places) },
	.description = description,
};

static void *image;
static size_t image_bytes;

static int
compile_zone(void **state)
{
	struct cp_zones_options options = cp_zones_defaults();
	struct cp_compile_params params = { .generation = 9, .hash_seed = { 1, 2 } };
	struct conf_errors errors = { 0 };
	struct cp_compiler *compiler;
	struct cp_zones *zones;
	int err;

	if (scratch_setup(state) != 0) {
		return -1;
	}
	scratch_write("zones/geo.test.yaml", zone_text);
	err = cp_zones_load(scratch_path("zones"), &options, &errors, &zones);
	err = err != 0 ? err : cp_compiler_new(&compiler);
	if (err == 0) {
		err = cp_compile(compiler, zones, &geo, &params, &errors, &image, &image_bytes);
		cp_compiler_free(compiler);
		cp_zones_free(zones);
	}
	conf_errors_print(&errors, stderr, false);
	conf_errors_free(&errors);
	return err;
}

static int
free_zone(void **state)
{
	free(image);
	return scratch_teardown(state);
}

static json_t *
explain(const struct cp_explain_input *input)
{
	char error[CP_EXPLAIN_ERROR_MAX];
	json_t *json = NULL;

	assert_int_equal(cp_explain(input, &json, error), 0);
	return json;
}

static json_t *
explain_from(const char *from, const struct cp_geo *database)
{
	struct tbl_view view;
	struct cp_explain_input input = {
		.view = &view, .geo = database, .name = "www.geo.test", .type = "A", .from = from
	};

	tbl_view_init(&view, image, NULL);
	return explain(&input);
}

static const char *
because(const json_t *explained, size_t rule)
{
	const json_t *rules = json_object_get(json_object_get(explained, "decision"), "rules");

	return cp_json_text(json_array_get(rules, rule), "because");
}

/* Four rules: 1 office by subnet, 2 Canada or a subnet, 3 the Americas, 4 everybody else. */
static void
test_rules_say_why(void **state)
{
	static const struct {
		const char *from;
		bool has_geo;
		long long rule;
		const char *because[4];
	} rows[] = {
		{ "203.0.113.200", true, 1,
				{ "203.0.113.128/25 holds the client",
						"no subnet of it holds the client; the client is "
						"in "
						"EU-DE",
						"the client is in EU-DE",
						"the catch-all: rule 1 matches" } },
		{ "203.0.113.7", true, 2,
				{ "no subnet of it holds the client",
						"203.0.113.0/26 holds the client",
						"the client is in EU-DE",
						"the catch-all: rule 2 matches" } },
		{ "10.2.0.1", true, 2,
				{ "no subnet of it holds the client",
						"the client is in NA-CA, which NA-CA covers",
						"NA matches, but NA-CA of rule 2 is more specific",
						"the catch-all: rule 2 matches" } },
		{ "10.1.0.1", true, 3,
				{ "no subnet of it holds the client",
						"no subnet of it holds the client; the client is "
						"in "
						"NA-US",
						"the client is in NA-US, which NA covers",
						"the catch-all: rule 3 matches" } },
		{ "10.9.0.1", true, 4,
				{ "no subnet of it holds the client",
						"no subnet of it holds the client; the client is "
						"in no "
						"place that the database knows",
						"the client is in no place that the database knows",
						"the catch-all: no other rule matches" } },
		{ "2001:db8::1", true, 4,
				{ "no subnet of it holds the client",
						"no subnet of it holds the client; the client is "
						"in no "
						"place that the database knows",
						"the client is in no place that the database knows",
						"the catch-all: no other rule matches" } },
		/* Without a database the table still decides; only the place cannot be named. */
		{ "10.1.0.1", false, 3,
				{ "no subnet of it holds the client",
						"no subnet of it holds the client; the compiled "
						"table "
						"puts the client elsewhere",
						"the compiled table says so; no geo database at "
						"hand to "
						"name the place",
						"the catch-all: rule 3 matches" } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *explained = explain_from(rows[i].from, rows[i].has_geo ? &geo : NULL);
		const json_t *decision = json_object_get(explained, "decision");

		print_message("    %s\n", rows[i].from);
		assert_int_equal(cp_json_number(decision, "rule"), rows[i].rule);
		for (size_t rule = 0; rule < 4; rule++) {
			assert_string_equal(because(explained, rule), rows[i].because[rule]);
		}
		json_decref(explained);
	}
}

static void
test_another_database_is_not_believed(void **state)
{
	static const struct tbl_geo_prefix moved[] = { { { { 10, 1 }, 16, 4 }, 2 } };
	static const struct cp_geo other = {
		.table = { moved, 1, places, ARRAY_LEN(places) },
		.description = description,
	};
	json_t *explained = explain_from("10.1.0.1", &other);

	(void)state;
	assert_int_equal(cp_json_number(json_object_get(explained, "decision"), "rule"), 3);
	assert_string_equal(because(explained, 2), "the compiled table says so; the geo database "
						   "at hand is another one (it puts "
						   "the client in EU-DE)");
	json_decref(explained);
}

static void
test_weights_are_read_off_the_draws(void **state)
{
	json_t *explained = explain_from("10.2.0.1", &geo);
	const json_t *decision = json_object_get(explained, "decision");
	const json_t *pool = json_array_get(json_object_get(decision, "pools"), 0);
	const json_t *values = json_object_get(pool, "values");

	(void)state;
	assert_string_equal(cp_json_text(decision, "pool"), "canada");
	assert_int_equal((int)(1000 * json_real_value(json_object_get(
						      json_array_get(values, 0), "share"))),
			250);
	assert_int_equal((int)(1000 * json_real_value(json_object_get(
						      json_array_get(values, 1), "share"))),
			750);
	json_decref(explained);
}

static void
test_a_pool_that_is_down_has_no_fallback_but_the_values(void **state)
{
	json_t *explained = explain_from("203.0.113.200", &geo);
	const json_t *decision = json_object_get(explained, "decision");

	(void)state;
	assert_true(is_cp_json_true(decision, "is_last_resort"));
	assert_int_equal(json_array_size(json_object_get(
					 json_object_get(explained, "reply"), "answer")),
			2);
	json_decref(explained);
}

static struct cp_watch watches[2];

static const struct cp_watch *
watch_of(const void *ctx, uint32_t target)
{
	const struct tbl_view *view = ctx;
	const char *key = view->strings + view->targets[target].key_str;

	return &watches[strstr(key, "192.0.2.1 ") != NULL ? 0 : 1];
}

static void
test_health_moves_the_answer_and_is_told(void **state)
{
	static char america[] = "tcp 192.0.2.1:80";
	static char world[] = "tcp 192.0.2.5:80";
	struct tbl_view view;
	struct cp_explain_input input = {
		.view = &view,
		.geo = &geo,
		.watch_of = watch_of,
		.ctx = &view,
		.name = "www.geo.test",
		.type = "A",
		.from = "10.1.0.1",
	};
	bool is_up[2];
	void *selection;
	size_t bytes;
	json_t *explained;
	const json_t *pools;
	const json_t *health;

	(void)state;
	tbl_view_init(&view, image, NULL);
	watches[0] = (struct cp_watch){ .label = america, .health = { .state = CP_HEALTH_DOWN } };
	(void)snprintf(watches[0].health.reason, CP_HEALTH_REASON_MAX,
			"connect: Connection refused");
	watches[1] = (struct cp_watch){ .label = world, .health = { .state = CP_HEALTH_UP } };
	for (uint32_t t = 0; t < 2; t++) {
		is_up[t] = watch_of(&view, t)->health.state == CP_HEALTH_UP;
	}
	assert_int_equal(tbl_select_build(image, is_up, 3, &selection, &bytes), 0);
	tbl_view_init(&view, image, selection);
	explained = explain(&input);
	pools = json_object_get(json_object_get(explained, "decision"), "pools");
	assert_int_equal(cp_json_number(explained, "generation"), 9);
	assert_int_equal(cp_json_number(explained, "sequence"), 3);
	assert_int_equal(json_array_size(pools), 2);
	assert_string_equal(cp_json_text(json_array_get(pools, 0), "pool"), "america");
	assert_false(is_cp_json_true(json_array_get(pools, 0), "is_answering"));
	assert_string_equal(cp_json_text(json_array_get(pools, 1), "pool"), "world");
	assert_true(is_cp_json_true(json_array_get(pools, 1), "is_answering"));
	health = json_object_get(
			json_array_get(json_object_get(json_array_get(pools, 0), "values"), 0),
			"health");
	assert_string_equal(cp_json_text(health, "state"), "down");
	assert_string_equal(cp_json_text(health, "because"), "connect: Connection refused");
	json_decref(explained);
	free(selection);
}

static void
test_names_without_a_dynamic_record(void **state)
{
	static const struct {
		const char *name, *type, *rcode, *kind, *wildcard, *delegated_at;
		bool is_dynamic;
		size_t answer_cnt;
	} rows[] = {
		{ "geo.test", "SOA", "NOERROR", "exact", "", "", false, 1 },
		{ "www.geo.test", "TXT", "NOERROR", "exact", "", "", false, 0 },
		{ "no.geo.test", "A", "NXDOMAIN", "closest_encloser", "", "", false, 0 },
		{ "a.wild.geo.test", "A", "NOERROR", "closest_encloser", "*.wild.geo.test.", "",
				true, 2 },
		{ "a.wild.geo.test", "CNAME", "NOERROR", "closest_encloser", "*.wild.geo.test.", "",
				false, 1 },
		{ "deep.sub.geo.test", "A", "NOERROR", "closest_encloser", "", "sub.geo.test.",
				false, 0 },
		{ "example.test", "A", "REFUSED", "none", "", "", false, 0 },
	};
	struct tbl_view view;

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cp_explain_input input = {
			.view = &view,
			.name = rows[i].name,
			.type = rows[i].type,
			.from = "10.2.0.1",
		};
		json_t *explained = explain(&input);
		const json_t *match = json_object_get(explained, "match");

		print_message("    %s %s\n", rows[i].name, rows[i].type);
		assert_string_equal(cp_json_text(explained, "rcode"), rows[i].rcode);
		assert_string_equal(cp_json_text(match, "kind"), rows[i].kind);
		assert_string_equal(cp_json_text(match, "wildcard"), rows[i].wildcard);
		assert_string_equal(cp_json_text(match, "delegated_at"), rows[i].delegated_at);
		assert_int_equal(json_is_object(json_object_get(explained, "decision")),
				rows[i].is_dynamic);
		assert_int_equal(json_array_size(json_object_get(
						 json_object_get(explained, "reply"), "answer")),
				rows[i].answer_cnt);
		json_decref(explained);
	}
}

static void
test_what_is_no_question_is_refused(void **state)
{
	static const struct {
		const char *name, *type, *from, *error;
	} rows[] = {
		{ "a..b", "A", "192.0.2.1", "\"a..b\" is not a domain name" },
		{ "a.b", "NONSENSE", "192.0.2.1",
				"\"NONSENSE\" is not a record type (A, AAAA, TXT, TYPE65 ...)" },
		{ "a.b", "A", "192.0.2", "\"192.0.2\" is not an IPv4 or IPv6 address or prefix" },
		{ "a.b", "A", "", "\"\" is not an IPv4 or IPv6 address or prefix" },
	};
	struct tbl_view view;

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cp_explain_input input = {
			.view = &view,
			.name = rows[i].name,
			.type = rows[i].type,
			.from = rows[i].from,
		};
		char error[CP_EXPLAIN_ERROR_MAX];
		json_t *json = NULL;

		assert_true(cp_explain(&input, &json, error) < 0);
		assert_null(json);
		assert_string_equal(error, rows[i].error);
	}
}

static void
test_the_printed_form_tells_all_of_it(void **state)
{
	static const char *const lines[] = {
		"a.wild.geo.test. A, asked from 10.2.0.1 (generation 9.0)\n",
		"closest encloser wild.geo.test., answered by *.wild.geo.test.\n",
		"in NA-CA (Canada) by 10.2.0.0/16 of the database\n",
		"-> rule 2  203.0.113.0/26, NA-CA -> pool canada\n",
		"a.wild.geo.test. 3600 IN CNAME www.geo.test.\n",
		"the same answer may be given to all of 10.2.0.0/16\n",
	};
	struct tbl_view view;
	struct cp_explain_input input = { .view = &view,
		.geo = &geo,
		.name = "a.wild.geo.test",
		.type = "A",
		.from = "10.2.0.1" };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	json_t *explained;

	(void)state;
	tbl_view_init(&view, image, NULL);
	explained = explain(&input);
	cp_explain_print(explained, out);
	assert_int_equal(fclose(out), 0);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		if (strstr(text, lines[i]) == NULL) {
			fail_msg("\"%s\" is not in\n%s", lines[i], text);
		}
	}
	free(text);
	json_decref(explained);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules_say_why),
		cmocka_unit_test(test_another_database_is_not_believed),
		cmocka_unit_test(test_weights_are_read_off_the_draws),
		cmocka_unit_test(test_a_pool_that_is_down_has_no_fallback_but_the_values),
		cmocka_unit_test(test_health_moves_the_answer_and_is_told),
		cmocka_unit_test(test_names_without_a_dynamic_record),
		cmocka_unit_test(test_what_is_no_question_is_refused),
		cmocka_unit_test(test_the_printed_form_tells_all_of_it),
	};

	return cmocka_run_group_tests(tests, compile_zone, free_zone);
}
