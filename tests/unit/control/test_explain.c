/* Explanations: the rule that was chosen is the table's, and the reasons given are true. */
#include <errno.h>
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

#define TEXT_100                                                                                   \
	"1.......10........20........30........40........50........60........70........80........" \
	"90.......100"
#define TEXT_1300                                                                                 \
	TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100 \
			TEXT_100 TEXT_100 TEXT_100

static const char zone_text[] = "'':\n"
				"  type: NS\n"
				"  value: ns1.geo.test.\n"
				"'*.text':\n"
				"  type: TXT\n"
				"  value: a\n"
				"'*.wild':\n"
				"  type: CNAME\n"
				"  value: www.geo.test.\n"
				"big:\n"
				"  type: TXT\n"
				"  value: " TEXT_1300 "\n"
				"gone:\n"
				"  type: CNAME\n"
				"  value: absent.geo.test.\n"
				"into:\n"
				"  type: CNAME\n"
				"  value: a.sub.geo.test.\n"
				"moved:\n"
				"  type: DNAME\n"
				"  value: wild.geo.test.\n"
				"out:\n"
				"  type: CNAME\n"
				"  value: www.example.\n"
				"ring:\n"
				"  type: CNAME\n"
				"  value: ring2.geo.test.\n"
				"ring2:\n"
				"  type: CNAME\n"
				"  value: ring.geo.test.\n"
				"sub:\n"
				"  type: NS\n"
				"  value: ns1.elsewhere.test.\n"
				"text:\n"
				"  type: TXT\n"
				"  value: " TEXT_100 TEXT_100 TEXT_100 "\n"
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

/* What the last dynamic record of the way decided, NULL when none was passed. */
static const json_t *
decision_of(const json_t *explained)
{
	const json_t *decision = NULL;

	for (size_t i = 0; i < cp_json_count(explained, "steps"); i++) {
		const json_t *step = cp_json_item(explained, "steps", i);

		if (json_object_get(step, "decision") != NULL) {
			decision = json_object_get(step, "decision");
		}
	}
	return decision;
}

static const char *
because(const json_t *explained, size_t rule)
{
	const json_t *rules = json_object_get(decision_of(explained), "rules");

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
						"table chooses rule 3; no geo database at hand to "
						"name the place",
						"the compiled table says so; no geo database at "
						"hand to "
						"name the place",
						"the catch-all: rule 3 matches" } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *explained = explain_from(rows[i].from, rows[i].has_geo ? &geo : NULL);
		const json_t *decision = decision_of(explained);

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
		.build_epoch_s = 86400,
		.description = description,
	};
	json_t *explained = explain_from("10.1.0.1", &other);

	(void)state;
	assert_int_equal(cp_json_number(decision_of(explained), "rule"), 3);
	assert_string_equal(because(explained, 2), "the compiled table says so; the geo database "
						   "at hand is another one (it puts "
						   "the client in EU-DE)");
	assert_true(json_is_false(
			json_object_get(json_object_get(explained, "client"), "is_geo_of_table")));
	json_decref(explained);
}

static void
test_weights_are_read_off_the_draws(void **state)
{
	json_t *explained = explain_from("10.2.0.1", &geo);
	const json_t *decision = decision_of(explained);
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
	const json_t *decision = decision_of(explained);

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
	pools = json_object_get(decision_of(explained), "pools");
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

/* "NAME found/says" of every name of the way. */
static const char *
way_of(const json_t *explained, char text[1024])
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < cp_json_count(explained, "steps"); i++) {
		const json_t *step = cp_json_item(explained, "steps", i);

		len += (size_t)snprintf(text + len, 1024 - len, "%s%s %s/%s", i > 0 ? ", " : "",
				cp_json_text(step, "name"), cp_json_text(step, "found"),
				cp_json_text(step, "says"));
	}
	return text;
}

static const struct {
	const char *name, *type, *rcode, *way, *because; /* of the last name */
	bool is_dynamic;
	size_t answer_cnt;
} ways[] = {
	{ "geo.test", "SOA", "NOERROR", "geo.test. exact/records", "exists and has SOA", false, 1 },
	{ "www.geo.test", "TXT", "NOERROR", "www.geo.test. exact/nodata", "exists and has no TXT",
			false, 0 },
	{ "www.geo.test", "ANY", "NOERROR", "www.geo.test. exact/records",
			"is asked for ANY, which gets one RRset: the A of www.geo.test. "
			"(RFC 8482)",
			true, 1 },
	{ "WILD.geo.test", "A", "NOERROR", "wild.geo.test. empty_non_terminal/nodata",
			"exists because names below it do, and has no record itself (an "
			"empty non-terminal)",
			false, 0 },
	{ "no.geo.test", "A", "NXDOMAIN", "no.geo.test. nothing/nxdomain",
			"does not exist, and geo.test., the nearest name above it that "
			"does, has no wildcard",
			false, 0 },
	{ "a.wild.geo.test", "A", "NOERROR",
			"a.wild.geo.test. wildcard/records, www.geo.test. exact/records",
			"exists and has A", true, 2 },
	{ "a.wild.geo.test", "CNAME", "NOERROR", "a.wild.geo.test. wildcard/records",
			"does not exist; *.wild.geo.test. answers for it, with its CNAME", false,
			1 },
	{ "a.text.geo.test", "A", "NOERROR", "a.text.geo.test. wildcard/nodata",
			"does not exist; *.text.geo.test. answers for it and has no A", false, 0 },
	{ "sub.geo.test", "A", "NOERROR", "sub.geo.test. cut/referral",
			"is delegated at sub.geo.test.: the servers named there answer for "
			"it",
			false, 0 },
	{ "deep.sub.geo.test", "A", "NOERROR", "deep.sub.geo.test. below_cut/referral",
			"is delegated at sub.geo.test.: the servers named there answer for "
			"it",
			false, 0 },
	{ "sub.geo.test", "DS", "NOERROR", "sub.geo.test. exact/nodata", "exists and has no DS",
			false, 0 },
	{ "out.geo.test", "A", "NOERROR",
			"out.geo.test. exact/records, www.example. elsewhere/elsewhere",
			"is in no zone of ours: the resolver asks on", false, 1 },
	{ "gone.geo.test", "A", "NXDOMAIN",
			"gone.geo.test. exact/records, absent.geo.test. nothing/nxdomain",
			"does not exist, and geo.test., the nearest name above it that "
			"does, has no wildcard",
			false, 1 },
	{ "ring.geo.test", "A", "NOERROR",
			"ring.geo.test. exact/records, ring2.geo.test. exact/records, "
			"ring.geo.test. exact/loop",
			"was answered for already: the CNAMEs lead in a circle", false, 2 },
	{ "into.geo.test", "A", "NOERROR",
			"into.geo.test. exact/records, a.sub.geo.test. below_cut/referral",
			"is delegated at sub.geo.test.: the servers named there answer for "
			"it",
			false, 1 },
	{ "a.moved.geo.test", "A", "NOERROR",
			"a.moved.geo.test. below_dname/redirected, a.wild.geo.test. "
			"wildcard/records, www.geo.test. exact/records",
			"exists and has A", true, 4 },
	{ "moved.geo.test", "DNAME", "NOERROR", "moved.geo.test. exact/records",
			"exists and has DNAME", false, 1 },
	{ "example.test", "A", "REFUSED", "example.test. elsewhere/elsewhere",
			"is in no zone of ours: refused", false, 0 },
};

static void
test_the_way_through_the_names(void **state)
{
	struct tbl_view view;

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct cp_explain_input input = {
			.view = &view,
			.name = ways[i].name,
			.type = ways[i].type,
			.from = "10.2.0.1",
		};
		json_t *explained = explain(&input);
		size_t step_cnt = cp_json_count(explained, "steps");
		char way[1024];

		print_message("    %s %s\n", ways[i].name, ways[i].type);
		assert_string_equal(cp_json_text(explained, "rcode"), ways[i].rcode);
		assert_string_equal(way_of(explained, way), ways[i].way);
		assert_string_equal(cp_json_text(cp_json_item(explained, "steps", step_cnt - 1),
						    "because"),
				ways[i].because);
		assert_int_equal(decision_of(explained) != NULL, ways[i].is_dynamic);
		assert_int_equal(json_array_size(json_object_get(
						 json_object_get(explained, "reply"), "answer")),
				ways[i].answer_cnt);
		json_decref(explained);
	}
}

/* As the data plane does: the subnet of the question when it tells an address. */
static void
test_whose_address_counts(void **state)
{
	static const struct {
		const char *from, *ecs, *address, *told_by;
		bool is_sent;
		long long scope_bits, rule;
		const char *because; /* of the scope */
	} rows[] = {
		{ "10.1.0.1", NULL, "10.1.0.1", "from", false, 16, 3,
				"not sent: the question carries no client subnet" },
		{ "10.1.0.1", "10.2.3.0/24", "10.2.3.0", "ecs", true, 16, 2,
				"the same answer may be given to all of this prefix" },
		{ NULL, "10.2.3.0/24", "10.2.3.0", "ecs", true, 16, 2,
				"the same answer may be given to all of this prefix" },
		{ "10.1.0.1", "10.0.0.0/8", "10.0.0.0", "ecs", true, 16, 4,
				"longer than what the question told: a resolver can keep the "
				"answer for that alone" },
		{ "10.1.0.1", "0.0.0.0/0", "10.1.0.1", "from", true, 0, 3,
				"the question asks not to be located" },
		{ "10.1.0.1", "2001:db8::/56", "2001:db8::", "ecs", true, 0, 4,
				"the answer is the same for every client of this family" },
	};
	struct tbl_view view;

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cp_explain_input input = {
			.view = &view,
			.name = "www.geo.test",
			.type = "A",
			.from = rows[i].from,
			.ecs = rows[i].ecs,
		};
		json_t *explained = explain(&input);
		const json_t *client = json_object_get(explained, "client");
		const json_t *ecs = json_object_get(explained, "ecs");

		print_message("    %s %s\n", rows[i].from, rows[i].ecs);
		assert_string_equal(cp_json_text(client, "address"), rows[i].address);
		assert_string_equal(cp_json_text(client, "told_by"), rows[i].told_by);
		assert_int_equal(cp_json_number(decision_of(explained), "rule"), rows[i].rule);
		assert_int_equal(is_cp_json_true(ecs, "is_sent"), rows[i].is_sent);
		assert_int_equal(cp_json_number(ecs, "scope_bits"), rows[i].scope_bits);
		assert_string_equal(cp_json_text(ecs, "because"), rows[i].because);
		json_decref(explained);
	}
}

/* In a zone that does not use client subnets the address counts, and none is carried back. */
static void
test_a_zone_without_client_subnets(void **state)
{
	struct tbl_view view;
	struct cp_explain_input input = {
		.view = &view,
		.name = "a.wild.geo.test",
		.type = "A",
		.from = "10.1.0.1",
		.ecs = "10.2.3.0/24",
	};
	const struct tbl_header *header = image;
	struct tbl_zone *zone =
			(void *)((uint8_t *)image + header->sections[TBL_SECTION_ZONES].off);
	char error[CP_EXPLAIN_ERROR_MAX];
	json_t *explained;
	const json_t *client;
	const json_t *ecs;

	(void)state;
	zone->flags |= TBL_ZONE_NO_ECS;
	tbl_view_init(&view, image, NULL);
	explained = explain(&input);
	client = json_object_get(explained, "client");
	ecs = json_object_get(explained, "ecs");
	assert_string_equal(cp_json_text(client, "address"), "10.1.0.1");
	assert_string_equal(cp_json_text(client, "told_by"), "from");
	assert_string_equal(cp_json_text(client, "because"),
			"client subnets do not count in this zone (ecs: false): the address the "
			"question comes from counts");
	assert_int_equal(cp_json_number(decision_of(explained), "rule"), 3);
	assert_false(is_cp_json_true(ecs, "is_sent"));
	assert_string_equal(cp_json_text(ecs, "because"),
			"not sent: client subnets do not count in this zone");
	/* header, question, two records and an OPT without options */
	assert_int_equal(cp_json_number(cp_json_item(explained, "sizes", 1), "sent_bytes"),
			12 + 17 + 4 + 18 + 16 + 11);
	json_decref(explained);
	input.from = NULL;
	explained = NULL;
	assert_int_equal(cp_explain(&input, &explained, error), -EINVAL);
	assert_string_equal(error, "ecs: client subnets do not count in the zone of "
				   "a.wild.geo.test, but the address the question comes from: "
				   "say which with --from");
	zone->flags = 0;
}

/* An address as client subnet is all of its bits, on the wire and in what is printed of it. */
static void
test_an_address_is_a_whole_prefix(void **state)
{
	static const struct {
		const char *ecs, *prefix, *printed;
	} rows[] = {
		{ "10.2.3.4", "10.2.3.4/32", "; CLIENT-SUBNET: 10.2.3.4/32/16\n" },
		{ "10.2.3.0/24", "10.2.3.0/24", "; CLIENT-SUBNET: 10.2.3.0/24/16\n" },
		{ "2001:DB8:0::1", "2001:db8::1/128", "; CLIENT-SUBNET: 2001:db8::1/128/0\n" },
	};
	struct tbl_view view;

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cp_explain_input input = {
			.view = &view, .name = "www.geo.test", .type = "A", .ecs = rows[i].ecs
		};
		json_t *explained = explain(&input);
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		assert_string_equal(cp_json_text(json_object_get(explained, "question"), "ecs"),
				rows[i].prefix);
		cp_explain_print(explained, out);
		assert_int_equal(fclose(out), 0);
		assert_non_null(strstr(text, rows[i].printed));
		free(text);
		json_decref(explained);
	}
}

static void
test_the_scope_says_what_lies_outside(void **state)
{
	static const struct {
		const char *from, *scope, *because;
	} rows[] = {
		{ "10.1.0.1", "10.1.0.0/16",
				"all of 10.1.0.0/16 gets pool america (rule 3), its neighbour "
				"10.0.0.0/16 gets pool world (rule 4)" },
		{ "203.0.113.200", "203.0.113.128/25",
				"all of 203.0.113.128/25 gets pool office (rule 1), but of its "
				"neighbour 203.0.113.0/25 the part 203.0.113.0/26 gets pool canada "
				"(rule 2)" },
		{ "2001:db8::1", "::/0", "every IPv6 client gets the same pool" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *explained = explain_from(rows[i].from, &geo);
		const json_t *ecs = json_object_get(decision_of(explained), "ecs");

		assert_string_equal(cp_json_text(ecs, "scope_prefix"), rows[i].scope);
		assert_string_equal(cp_json_text(ecs, "because"), rows[i].because);
		json_decref(explained);
	}
}

static void
test_sizes_tell_truncation(void **state)
{
	static const struct {
		const char *name, *ecs;
		bool is_truncated[3]; /* UDP 512, UDP 1232, TCP */
		long long sent[3];
	} rows[] = {
		/* header 12, name 14, type and class 4, one A record 16; OPT 11, with ECS /24 22 */
		{ "www.geo.test", NULL, { false, false, false }, { 46, 57, 57 } },
		{ "www.geo.test", "10.1.0.0/24", { false, false, false }, { 68, 68, 68 } },
		/* 300 octets are two strings, 1300 are six. */
		{ "text.geo.test", NULL, { false, false, false }, { 345, 356, 356 } },
		{ "big.geo.test", NULL, { true, true, false }, { 30, 41, 1359 } },
	};
	struct tbl_view view;

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cp_explain_input input = {
			.view = &view,
			.name = rows[i].name,
			.type = strcmp(rows[i].name, "www.geo.test") == 0 ? "A" : "TXT",
			.from = "10.1.0.1",
			.ecs = rows[i].ecs,
		};
		json_t *explained = explain(&input);

		for (size_t s = 0; s < 3; s++) {
			const json_t *size = cp_json_item(explained, "sizes", s);

			assert_int_equal(is_cp_json_true(size, "is_truncated"),
					rows[i].is_truncated[s]);
			assert_int_equal(cp_json_number(size, "sent_bytes"), rows[i].sent[s]);
		}
		json_decref(explained);
	}
}

static void
test_what_is_no_question_is_refused(void **state)
{
	static const struct {
		const char *name, *type, *from, *ecs, *error;
	} rows[] = {
		{ "a..b", "A", "192.0.2.1", NULL, "\"a..b\" is not a domain name" },
		{ "a.b", "NONSENSE", "192.0.2.1", NULL,
				"\"NONSENSE\" is not a record type (A, AAAA, TXT, TYPE65 ...)" },
		{ "a.b", "A", "192.0.2", NULL,
				"from: \"192.0.2\" is not an IPv4 or IPv6 address or prefix" },
		{ "a.b", "A", "", NULL, "from: \"\" is not an IPv4 or IPv6 address or prefix" },
		{ "a.b", "A", NULL, "2001:db8::1/33",
				"ecs: \"2001:db8::1/33\" has bits set behind its /33: the prefix "
				"is 2001:db8::/33" },
		{ "a.b", "A", "192.0.2.1/24", NULL,
				"from: \"192.0.2.1/24\" has bits set behind its /24: the prefix "
				"is 192.0.2.0/24" },
		{ "a.b", "A", "192.0.2.1", "192.0.2.0/33",
				"ecs: \"192.0.2.0/33\" is not an IPv4 or IPv6 address or prefix" },
		{ "a.b", "A", NULL, "::/0",
				"ecs: a /0 tells no address, so that the one the question comes "
				"from counts: say which with --from" },
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
			.ecs = rows[i].ecs,
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
		"name      a.wild.geo.test. does not exist; *.wild.geo.test. answers for it, with "
		"its CNAME\n",
		"then      www.geo.test. exists and has A\n",
		"in NA-CA (Canada, North America) by 10.2.0.0/16 of the database\n",
		"-> rule 2  203.0.113.0/26, NA-CA -> pool canada\n",
		"-> pool canada: all its 2 values are answered, one at a time\n",
		"192.0.2.3  weight 3: 75 % of the answers\n",
		"scope     /16, 10.2.0.0/16: not sent",
		"size      UDP up to 512 bytes (no EDNS): whole, ",
		";; ->>HEADER<<- opcode: QUERY, status: NOERROR\n"
		";; flags: qr aa; QUERY: 1, ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 0\n",
		"\n;; ANSWER SECTION:\na.wild.geo.test.\t3600\tIN\tCNAME\twww.geo.test.\n"
		"www.geo.test.\t3600\tIN\tA\t192.0.2.2\t; one of 2 values, in 25 % of the "
		"answers\n",
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
		cmocka_unit_test(test_the_way_through_the_names),
		cmocka_unit_test(test_whose_address_counts),
		cmocka_unit_test(test_a_zone_without_client_subnets),
		cmocka_unit_test(test_an_address_is_a_whole_prefix),
		cmocka_unit_test(test_the_scope_says_what_lies_outside),
		cmocka_unit_test(test_sizes_tell_truncation),
		cmocka_unit_test(test_what_is_no_question_is_refused),
		cmocka_unit_test(test_the_printed_form_tells_all_of_it),
	};

	return cmocka_run_group_tests(tests, compile_zone, free_zone);
}
