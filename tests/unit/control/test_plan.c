/* Two directories of zones, compiled, and what the plan from one to the other says. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/plan.h"
#include "tests/unit/control/zone_table.h"
#include "tests/unit/test.h"

#define RULER   "********************************************************************************\n"
#define EXAMPLE RULER "* example.test.\n" RULER "* meridian (generation 41)\n"
#define NS      "'': {type: NS, value: ns1.example.test.}\n"
#define NS1     "ns1: {type: A, value: 192.0.2.53}\n"
#define CHECK   "octodns: {healthcheck: {protocol: TCP}}, "

/* 198.51.100.0/24 in the United States, 203.0.113.0/24 in Germany. */
static const char *const places[] = { "NA-US", "EU-DE" };
static const struct tbl_geo_prefix geo_prefixes[] = {
	{ { { 198, 51, 100 }, 24, 4 }, 0 },
	{ { { 203, 0, 113 }, 24, 4 }, 1 },
};
static struct cp_geo
database(char *description, uint64_t build_epoch_s, char *places_text)
{
	return (struct cp_geo){
		.table = { geo_prefixes, ARRAY_LEN(geo_prefixes), places, ARRAY_LEN(places) },
		.content_hash = 1,
		.build_epoch_s = build_epoch_s,
		.description = description,
		.places_text = places_text,
	};
}

static struct cp_geo
usual_database(void)
{
	static char description[] = "country.mmdb (2026-06-01)";
	static char places_text[] = "EU-DE NA-US";

	return database(description, 1780272000, places_text);
}

static json_t *
plan_views(const struct tbl_view *served, const struct tbl_view *wanted)
{
	const struct cp_plan_input input = { .served = served, .wanted = wanted };
	json_t *plan = NULL;

	assert_int_equal(cp_plan_make(&input, &plan), 0);
	assert_non_null(plan);
	return plan;
}

static json_t *
plan_files(const struct zone_file *served, const struct zone_file *wanted)
{
	const struct cp_geo geo = usual_database();
	struct zone_table a = compile_files(served, &geo, 41);
	struct zone_table b = compile_files(wanted, &geo, 42);
	json_t *plan = plan_views(&a.view, &b.view);

	free_table(&a);
	free_table(&b);
	return plan;
}

static json_t *
plan_texts(const char *served, const char *wanted)
{
	const struct zone_file a[] = { { "example.test.yaml", served }, { NULL, NULL } };
	const struct zone_file b[] = { { "example.test.yaml", wanted }, { NULL, NULL } };

	return plan_files(a, b);
}

/* As people see it, but for the last line, the checksum. Ends the plan. */
static char *
print(json_t *plan)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	char *checksum = NULL;

	assert_non_null(out);
	cp_plan_print(plan, out, false);
	assert_int_equal(fclose(out), 0);
	checksum = strstr(text, "checksum: ");
	if (checksum != NULL) {
		assert_int_equal(strlen(checksum), strlen("checksum: \n") + 64);
		*checksum = '\0';
	}
	json_decref(plan);
	return text;
}

static void
assert_printed(json_t *plan, const char *expected)
{
	char *text = print(plan);

	assert_string_equal(text, expected);
	free(text);
}

static const struct {
	const char *served, *wanted, *printed;
} change_rows[] = {
	/* Neither the seed nor the generation is a change, nor the order of values. */
	{ NS NS1 "www: {type: A, values: [192.0.2.1, 192.0.2.2]}\n",
			NS NS1 "www: {type: A, values: [192.0.2.2, 192.0.2.1]}\n",
			RULER "No changes were planned\n" RULER },
	{ NS "a: {type: A, value: 192.0.2.1}\n"
	     "gone: {type: CNAME, value: a.example.test.}\n" NS1
	     "www: {type: A, value: 192.0.2.1}\n",
			NS "a: {ttl: 60, type: A, value: 192.0.2.1}\n"
			   "mail: {type: MX, value: {exchange: a.example.test., preference: "
			   "10}}\n" NS1 "www: {type: A, values: [192.0.2.1, "
			   "192.0.2.2]}\n",
			EXAMPLE "*   Delete <CnameRecord CNAME 3600, gone.example.test., "
				"a.example.test.>\n"
				"*   Create <MxRecord MX 3600, mail.example.test., ['10 "
				"a.example.test.']>\n"
				"*   Update\n"
				"*     <ARecord A 3600, a.example.test., ['192.0.2.1']> ->\n"
				"*     <ARecord A 60, a.example.test., ['192.0.2.1']>\n"
				"*   Update\n"
				"*     <ARecord A 3600, www.example.test., ['192.0.2.1']> ->\n"
				"*     <ARecord A 3600, www.example.test., ['192.0.2.1', "
				"'192.0.2.2']>\n"
				"*   Summary: Creates=1, Updates=2, Deletes=1, Existing=5, "
				"Meta=False\n" RULER },
	/* Names compare as octoDNS's strings: "a" before "a-b" before "a.b", unlike in the
		 * table; of one name, types by their names. */
	{ NS NS1,
			NS "a: {type: A, value: 192.0.2.1}\n"
			   "a-b: {type: A, value: 192.0.2.1}\n"
			   "a.b:\n"
			   "- {type: MX, value: {exchange: ns1.example.test., preference: "
			   "10}}\n"
			   "- {type: AAAA, value: '2001:db8::1'}\n" NS1,
			EXAMPLE "*   Create <ARecord A 3600, a.example.test., ['192.0.2.1']>\n"
				"*   Create <ARecord A 3600, a-b.example.test., ['192.0.2.1']>\n"
				"*   Create <AaaaRecord AAAA 3600, a.b.example.test., "
				"['2001:db8::1']>\n"
				"*   Create <MxRecord MX 3600, a.b.example.test., ['10 "
				"ns1.example.test.']>\n"
				"*   Summary: Creates=4, Updates=0, Deletes=0, Existing=2, "
				"Meta=False\n" RULER },
	/* Another type at a name is a record of its own. */
	{ NS NS1 "www: {type: CNAME, value: ns1.example.test.}\n",
			NS NS1 "www: {type: A, value: 192.0.2.1}\n",
			EXAMPLE "*   Delete <CnameRecord CNAME 3600, www.example.test., "
				"ns1.example.test.>\n"
				"*   Create <ARecord A 3600, www.example.test., ['192.0.2.1']>\n"
				"*   Summary: Creates=1, Updates=0, Deletes=1, Existing=3, "
				"Meta=False\n" RULER },
	/* A generated SOA takes its primary from the NS: told, but no record of the zone's. */
	{ NS NS1, "'': {type: NS, value: ns2.example.test.}\n" NS1,
			EXAMPLE "*   Update\n"
				"*     <NsRecord NS 3600, example.test., ['ns1.example.test.']> "
				"->\n"
				"*     <NsRecord NS 3600, example.test., ['ns2.example.test.']>\n"
				"*   Update\n"
				"*     <SoaRecord SOA 3600, example.test., ns1.example.test. "
				"hostmaster.example.test. (generation) 7200 900 1209600 300> ->\n"
				"*     <SoaRecord SOA 3600, example.test., ns2.example.test. "
				"hostmaster.example.test. (generation) 7200 900 1209600 300>\n"
				"*   Summary: Creates=0, Updates=2, Deletes=0, Existing=2, "
				"Meta=False\n" RULER
				"unsafe: [example.test.] Root NS record change, force required\n" },
	/* A delegation's glue is part of it. */
	{ NS NS1 "sub: {type: NS, value: z.sub.example.test.}\n"
		 "z.sub: {type: A, value: 192.0.2.7}\n",
			NS NS1 "sub: {type: NS, value: z.sub.example.test.}\n"
			       "z.sub: {type: A, value: 192.0.2.8}\n",
			EXAMPLE "*   Update\n"
				"*     <NsRecord NS 3600, sub.example.test., "
				"['z.sub.example.test.']> ->\n"
				"*     <NsRecord NS 3600, sub.example.test., "
				"['z.sub.example.test.']>\n"
				"*       - glue: z.sub.example.test. 3600 A 192.0.2.7\n"
				"*       + glue: z.sub.example.test. 3600 A 192.0.2.8\n"
				"*   Summary: Creates=0, Updates=1, Deletes=0, Existing=3, "
				"Meta=False\n" RULER },
};

static void
test_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(change_rows); i++) {
		assert_printed(plan_texts(change_rows[i].served, change_rows[i].wanted),
				change_rows[i].printed);
	}
}

static void
test_dynamic_changes(void **state)
{
#define DYNAMIC(pools, rules)                                              \
	NS NS1 "www: {dynamic: {pools: {" pools "}, rules: [" rules "]}, " \
	       "octodns: {healthcheck: {protocol: TCP}}, ttl: 60, type: A, value: 192.0.2.1}\n"
#define UPDATE                                                                \
	EXAMPLE "*   Update\n"                                                \
		"*     <ARecord A 60, www.example.test., ['192.0.2.1']> ->\n" \
		"*     <ARecord A 60, www.example.test., ['192.0.2.1']>\n"
#define ONE_UPDATE "*   Summary: Creates=0, Updates=1, Deletes=0, Existing=3, Meta=False\n" RULER
#define TIMES      ":443 every 10 s, timeout 4 s, down after 3, up after 2\n"
	static const struct {
		const char *served, *wanted, *printed;
	} rows[] = {
		{ DYNAMIC("eu: {values: [{value: 192.0.2.1}]}", "{pool: eu}"),
				DYNAMIC("eu: {values: [{value: 192.0.2.1}]}", "{pool: eu}"),
				RULER "No changes were planned\n" RULER },
		/* A weight, a status (which takes the check away), a fallback. */
		{ DYNAMIC("eu: {values: [{value: 192.0.2.1}, {value: 192.0.2.9}]}, "
			  "us: {values: [{value: 192.0.2.2}]}",
				  "{geos: [EU], pool: eu}, {pool: us}"),
				DYNAMIC("eu: {fallback: us, "
					"values: [{value: 192.0.2.1, weight: 3}, "
					"{value: 192.0.2.9}]}, "
					"us: {values: [{status: up, value: 192.0.2.2}]}",
						"{geos: [EU], pool: eu}, {pool: us}"),
				UPDATE
				"*       - pool eu: 192.0.2.1 weight 1, check tcp 192.0.2.1" TIMES
				"*       + pool eu: fallback us\n"
				"*       + pool eu: 192.0.2.1 weight 3, check tcp 192.0.2.1" TIMES
				"*       - pool us: 192.0.2.2 weight 1, check tcp 192.0.2.2" TIMES
				"*       + pool us: 192.0.2.2 weight 1, status up\n" ONE_UPDATE },
		/* A rule put in between moves no other. */
		{ DYNAMIC("eu: {values: [{value: 192.0.2.1}]}, "
			  "us: {values: [{value: 192.0.2.2}]}, z: {values: [{value: 192.0.2.3}]}",
				  "{geos: [EU], pool: eu}, {geos: [SA], pool: z}, {pool: us}"),
				DYNAMIC("eu: {values: [{value: 192.0.2.1}]}, "
					"us: {values: [{value: 192.0.2.2}]}, "
					"y: {values: [{value: 192.0.2.4}]}, "
					"z: {values: [{value: 192.0.2.3}]}",
						"{geos: [EU], pool: eu}, {geos: [NA-US, AF], pool: "
						"y}, {geos: [SA], pool: z}, {pool: us}"),
				UPDATE
				"*       + pool y: 192.0.2.4 weight 1, check tcp 192.0.2.4" TIMES
				"*       + rule: AF, NA-US -> y\n"
				"*   Summary: Creates=0, Updates=1, Deletes=0, Existing=3, "
				"Meta=False\n" RULER "* clients that change pool\n" RULER
				"* 1 record (www.example.test. A)\n"
				"*     us -> y: under 0.0001 % of IPv4, 0 % of IPv6\n" RULER },
		/* From static to dynamic. */
		{ NS NS1 "www: {ttl: 60, type: A, value: 192.0.2.1}\n",
				DYNAMIC("eu: {values: [{value: 192.0.2.1}]}, "
					"us: {values: [{value: 192.0.2.2}]}",
						"{pool: eu, subnets: [198.51.100.0/24]}, "
						"{pool: us}"),
				UPDATE
				"*       + pool eu: 192.0.2.1 weight 1, check tcp 192.0.2.1" TIMES
				"*       + pool us: 192.0.2.2 weight 1, check tcp 192.0.2.2" TIMES
				"*       + rule: 198.51.100.0/24 -> eu\n"
				"*       + rule: everybody else -> us\n" ONE_UPDATE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_printed(plan_texts(rows[i].served, rows[i].wanted), rows[i].printed);
	}
}

static void
test_zones_come_and_go(void **state)
{
	static const struct zone_file served[] = {
		{ "example.test.yaml", NS "a.sub: {type: A, value: 192.0.2.1}\n" NS1 },
		{ "old.test.yaml", "'': {type: NS, value: ns1.example.test.}\n" },
		{ NULL, NULL },
	};
	static const struct zone_file wanted[] = {
		{ "example.test.yaml", NS NS1 },
		{ "sub.example.test.yaml",
				"'': {type: NS, value: ns1.example.test.}\na: {type: A, value: "
				"192.0.2.1}\n" },
		{ NULL, NULL },
	};

	(void)state;
	/* Children before parents. A record that passes to a zone of its own goes and comes. */
	assert_printed(plan_files(served, wanted), RULER
			"* sub.example.test.\n" RULER "* meridian (generation 41)\n"
			"*   Create Zone<sub.example.test.>\n"
			"*   Create <NsRecord NS 3600, sub.example.test., "
			"['ns1.example.test.']>\n"
			"*   Create <ARecord A 3600, a.sub.example.test., ['192.0.2.1']>\n"
			"*   Summary: Creates=2, Updates=0, Deletes=0, Existing=0, "
			"Meta=False\n" EXAMPLE
			"*   Delete <ARecord A 3600, a.sub.example.test., ['192.0.2.1']>\n"
			"*   Summary: Creates=0, Updates=0, Deletes=1, Existing=3, "
			"Meta=False\n" RULER "* old.test.\n" RULER "* meridian (generation 41)\n"
			"*   Delete Zone<old.test.>\n"
			"*   Delete <NsRecord NS 3600, old.test., ['ns1.example.test.']>\n"
			"*   Summary: Creates=0, Updates=0, Deletes=1, Existing=1, "
			"Meta=False\n" RULER
			"unsafe: [old.test.] would no longer be served, force required\n");
}

static void
test_nothing_served(void **state)
{
	static const struct zone_file wanted[] = { { "example.test.yaml", NS }, { NULL, NULL } };
	const struct cp_geo geo = usual_database();
	struct zone_table table = compile_files(wanted, &geo, 1);
	json_t *plan = plan_views(NULL, &table.view);

	(void)state;
	assert_true(json_is_null(json_object_get(plan, "served_generation")));
	assert_printed(plan,
			RULER "* example.test.\n" RULER "* meridian (nothing to compare with)\n"
			      "*   Create Zone<example.test.>\n"
			      "*   Create <NsRecord NS 3600, example.test., "
			      "['ns1.example.test.']>\n"
			      "*   Summary: Creates=1, Updates=0, Deletes=0, Existing=0, "
			      "Meta=False\n" RULER "* geo database\n" RULER "*   existing  none\n"
			      "*   new       country.mmdb (2026-06-01), built 2026-06-01\n" RULER);
	free_table(&table);
}

/* A zone of NS and so many A records a0, a1 ...; the last octet of the first `other_cnt` is 2. */
static char *
many(unsigned int cnt, unsigned int other_cnt, const char *ns)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	(void)fprintf(out, "'': {type: NS, value: %s}\n", ns);
	for (unsigned int i = 0; i < cnt; i++) {
		(void)fprintf(out, "a%u: {type: A, value: 192.0.2.%u}\n", i, i < other_cnt ? 2 : 1);
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

static struct cp_plan_thresholds
thresholds_of(const void *ctx, const char *name)
{
	assert_string_equal(name, "example.test.");
	return *(const struct cp_plan_thresholds *)ctx;
}

/* octoDNS's numbers: strictly greater, of all records the NS among them, from ten records on. */
static void
test_safety(void **state)
{
	static const struct {
		unsigned int cnt;      /* A records served */
		unsigned int wanted;   /* A records wanted */
		unsigned int changed;  /* of them */
		const char *ns;        /* wanted; NULL: as served */
		double update, delete; /* thresholds, 0.3 when 0 */
		const char *unsafe;    /* joined by "|" */
	} rows[] = {
		{ 9, 9, 3, NULL, 0, 0, "" },
		{ 9, 9, 4, NULL, 0, 0,
				"[example.test.] Too many updates, 40.00% is over 30.00% (4/10), "
				"force required" },
		{ 8, 8, 8, NULL, 0, 0, "" },
		{ 9, 6, 0, NULL, 0, 0, "" },
		{ 9, 5, 0, NULL, 0, 0,
				"[example.test.] Too many deletes, 40.00% is over 30.00% (4/10), "
				"force required" },
		{ 24, 14, 11, NULL, 0, 0,
				"[example.test.] Too many updates, 44.00% is over 30.00% (11/25), "
				"force required|[example.test.] Too many deletes, 40.00% is over "
				"30.00% (10/25), force required" },
		{ 99, 99, 34, NULL, 0.345, 0.5, "" },
		{ 99, 99, 35, NULL, 0.345, 0.5,
				"[example.test.] Too many updates, 35.00% is over 34.50% (35/100), "
				"force required" },
		{ 99, 98, 0, NULL, 0.5, 0.005,
				"[example.test.] Too many deletes, 1.00% is over 0.50% (1/100), "
				"force required" },
		{ 20, 20, 0, "ns2.example.test.", 0, 0,
				"[example.test.] Root NS record change, force required" },
		/* However few records a zone has. */
		{ 1, 1, 0, "ns2.example.test.", 0, 0,
				"[example.test.] Root NS record change, force required" },
	};
	const struct cp_geo geo = usual_database();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *ns = rows[i].ns != NULL ? rows[i].ns : "ns1.example.test.";
		char *served = many(rows[i].cnt, 0, "ns1.example.test.");
		char *wanted = many(rows[i].wanted, rows[i].changed, ns);
		const struct zone_file a[] = { { "example.test.yaml", served }, { NULL, NULL } };
		const struct zone_file b[] = { { "example.test.yaml", wanted }, { NULL, NULL } };
		struct zone_table old = compile_files(a, &geo, 41);
		struct zone_table new = compile_files(b, &geo, 42);
		const struct cp_plan_thresholds thresholds = { rows[i].update, rows[i].delete };
		const struct cp_plan_input input = { .served = &old.view,
			.wanted = &new.view,
			.thresholds_of = rows[i].update > 0 ? thresholds_of : NULL,
			.ctx = &thresholds };
		json_t *plan = NULL;
		json_t *unsafe;
		char said[512] = "";

		assert_int_equal(cp_plan_make(&input, &plan), 0);
		unsafe = json_object_get(plan, "unsafe");
		for (size_t k = 0; k < json_array_size(unsafe); k++) {
			size_t len = strlen(said);

			(void)snprintf(said + len, sizeof(said) - len, "%s%s", k > 0 ? "|" : "",
					json_string_value(json_array_get(unsafe, k)));
		}
		assert_string_equal(said, rows[i].unsafe);
		json_decref(plan);
		free(served);
		free(wanted);
		free_table(&old);
		free_table(&new);
	}
}

static void
test_geo_databases(void **state)
{
	static const struct zone_file files[] = { { "example.test.yaml", NS }, { NULL, NULL } };
	static char older[] = "country.mmdb (2026-05-01)";
	static char other_places[] = "AF-DZ EU-D EU-DE OC-NR";
	const struct cp_geo usual = usual_database();
	const struct cp_geo other = database(older, 1777593600, other_places);
	struct zone_table a = compile_files(files, &usual, 41);
	struct zone_table b = compile_files(files, &other, 42);

	(void)state;
	assert_printed(plan_views(&a.view, &b.view),
			RULER "* geo database\n" RULER
			      "*   existing  country.mmdb (2026-06-01), built 2026-06-01\n"
			      "*   new       country.mmdb (2026-05-01), built 2026-05-01\n"
			      "*   appearing: AF-DZ (Algeria), EU-D (?), OC-NR (Nauru)\n"
			      "*   vanishing: NA-US (United States)\n" RULER
			      "unsafe: geo database country.mmdb (2026-05-01) is older "
			      "(2026-05-01) than the one in use (2026-06-01), force required\n");
	assert_printed(plan_views(&b.view, &a.view),
			RULER "* geo database\n" RULER
			      "*   existing  country.mmdb (2026-05-01), built 2026-05-01\n"
			      "*   new       country.mmdb (2026-06-01), built 2026-06-01\n"
			      "*   appearing: NA-US (United States)\n"
			      "*   vanishing: AF-DZ (Algeria), EU-D (?), OC-NR (Nauru)\n" RULER);
	free_table(&a);
	free_table(&b);
}

/* Equal changes have equal checksums, whatever generation and thresholds; others have others. */
static void
test_checksum(void **state)
{
	static const char *const texts[] = {
		NS NS1,
		NS NS1 "www: {type: A, value: 192.0.2.1}\n",
		NS NS1 "www: {type: A, value: 192.0.2.2}\n",
	};
	json_t *plans[ARRAY_LEN(texts)];
	struct zone_file served[] = { { "example.test.yaml", texts[0] }, { NULL, NULL } };
	struct zone_file wanted[] = { { "example.test.yaml", texts[1] }, { NULL, NULL } };
	const struct cp_geo geo = usual_database();
	struct zone_table a = compile_files(served, &geo, 7);
	struct zone_table b = compile_files(wanted, &geo, 9);
	json_t *again = plan_views(&a.view, &b.view);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		plans[i] = plan_texts(texts[0], texts[i]);
	}
	assert_string_equal(json_string_value(json_object_get(again, "checksum")),
			json_string_value(json_object_get(plans[1], "checksum")));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(
					json_string_value(json_object_get(plans[i], "checksum")),
					json_string_value(json_object_get(plans[k], "checksum")));
		}
	}
	assert_true(is_cp_plan_empty(plans[0]));
	assert_false(is_cp_plan_empty(plans[1]));
	/* Of a plan without changes: fixed, so that it cannot drift between versions unnoticed.
	 * printf '%s' '{"moves":[],"zones":[]}' | sha256sum */
	assert_string_equal(json_string_value(json_object_get(plans[0], "checksum")),
			"af4c4e4147aaba57e07fc06a82f13acdb8ad80ab77c5a45c887a4602464e1a5c");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		json_decref(plans[i]);
	}
	json_decref(again);
	free_table(&a);
	free_table(&b);
}

/* Over the limit changes are counted, and still sworn to: both of those that a plan lists and those
 * that it does not, static and dynamic. */
static void
test_changes_over_the_limit(void **state)
{
#define LAST(address)                                           \
	"www: {dynamic: {pools: {p: {values: [{value: " address \
	"}]}}, rules: [{pool: p}]}, octodns: "                  \
	"{healthcheck: {protocol: TCP}}, type: A, value: 192.0.2.1}\n"
	static const char *const texts[] = {
		NS "a: {type: A, value: 192.0.2.1}\n" NS1 LAST("192.0.2.1"),
		NS "a: {type: A, value: 192.0.2.2}\n" NS1 LAST("192.0.2.1"),
		NS "a: {type: A, value: 192.0.2.1}\n" NS1 LAST("192.0.2.2"),
	};
	const struct cp_geo geo = usual_database();
	struct zone_table served = compile_text(
			"'': {ttl: 60, type: NS, value: ns1.example.test.}\n", &geo, 1);
	char checksums[ARRAY_LEN(texts)][65];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct zone_table wanted = compile_text(texts[i], &geo, 2);
		const struct cp_plan_input input = {
			.served = &served.view, .wanted = &wanted.view, .changes_max = 1
		};
		json_t *plan = NULL;
		char *text;

		assert_int_equal(cp_plan_make(&input, &plan), 0);
		(void)snprintf(checksums[i], sizeof(checksums[i]), "%s",
				json_string_value(json_object_get(plan, "checksum")));
		assert_int_equal(json_integer_value(json_object_get(
						 json_object_get(plan, "omitted"), "changes")),
				3);
		text = print(plan);
		assert_non_null(strstr(
				text, "*   Create <ARecord A 3600, a.example.test., ['192.0.2."));
		assert_non_null(strstr(text,
				"*   and 3 more changes\n*   Summary: Creates=3, Updates=1, "
				"Deletes=0, Existing=1, Meta=False\n"));
		free(text);
		free_table(&wanted);
	}
	assert_string_not_equal(checksums[0], checksums[1]);
	assert_string_not_equal(checksums[0], checksums[2]);
	assert_string_not_equal(checksums[1], checksums[2]);
	free_table(&served);
}

/* Colours on a terminal and nowhere else: a plan is pasted into reviews. */
static void
test_colour(void **state)
{
	json_t *plan = plan_texts(NS NS1, NS "a: {type: A, value: 192.0.2.1}\n" NS1);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	cp_plan_print(plan, out, true);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(
			text, "*   \033[32mCreate\033[0m <ARecord A 3600, a.example.test., "));
	free(text);
	text = print(plan);
	assert_null(strchr(text, '\033'));
	free(text);
}

/* Not a record, and a change all the same. */
static void
test_client_subnets(void **state)
{
	static const struct zone_file files[] = { { "example.test.yaml", NS NS1 },
		{ "example.org.zone",
				"@ 300 SOA ns host 1 2 3 4 5\n@ 300 NS ns\nns 300 A 192.0.2.1\n" },
		{ NULL, NULL } };
	const struct cp_zone_settings off[] = {
		{ .name = (char *)"example.org.", .soa = cp_zones_defaults().soa },
		{ .name = (char *)"example.test.", .soa = cp_zones_defaults().soa },
	};
	const struct cp_geo geo = usual_database();
	struct zone_table with = compile_files(files, &geo, 41);
	struct zone_table without = compile_with_settings(files, off, 2, &geo, 42);
	json_t *plan = plan_views(&with.view, &without.view);

	(void)state;
	assert_false(is_cp_plan_empty(plan));
	assert_int_equal(json_array_size(json_object_get(plan, "unsafe")), 0);
	assert_printed(plan, EXAMPLE
			"*   Update Zone<example.test.> client subnets (ECS) do not count\n"
			"*   Summary: Creates=0, Updates=0, Deletes=0, Existing=2, "
			"Meta=False\n" RULER "* example.org.\n" RULER "* meridian (generation 41)\n"
			"*   Update Zone<example.org.> client subnets (ECS) do not count\n"
			"*   Summary: Creates=0, Updates=0, Deletes=0, Existing=3, "
			"Meta=False\n" RULER);
	plan = plan_views(&without.view, &with.view);
	assert_true(json_is_true(
			json_object_get(json_array_get(json_object_get(plan, "zones"), 0), "ecs")));
	json_decref(plan);
	plan = plan_views(&without.view, &without.view);
	assert_true(is_cp_plan_empty(plan));
	json_decref(plan);
	/* A new zone says so only when it is not as every zone is. */
	plan = plan_views(NULL, &without.view);
	assert_true(json_is_false(
			json_object_get(json_array_get(json_object_get(plan, "zones"), 0), "ecs")));
	json_decref(plan);
	plan = plan_views(NULL, &with.view);
	assert_null(json_object_get(json_array_get(json_object_get(plan, "zones"), 0), "ecs"));
	json_decref(plan);
	free_table(&with);
	free_table(&without);
}

static void
test_summary(void **state)
{
	json_t *plan = plan_texts(NS NS1, NS "a: {type: A, value: 192.0.2.1}\n" NS1);
	char text[100];

	(void)state;
	cp_plan_summary(plan, text, sizeof(text));
	assert_string_equal(text, "1 zone: Creates=1, Updates=0, Deletes=0");
	json_decref(plan);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_dynamic_changes),
		cmocka_unit_test(test_zones_come_and_go),
		cmocka_unit_test(test_nothing_served),
		cmocka_unit_test(test_safety),
		cmocka_unit_test(test_geo_databases),
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_changes_over_the_limit),
		cmocka_unit_test(test_colour),
		cmocka_unit_test(test_client_subnets),
		cmocka_unit_test(test_summary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
