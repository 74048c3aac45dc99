/* Pools, rules and health checks: octoDNS's reasons in its order, and what is made of good ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "control/zones.h"
#include "tests/unit/control/zone_text.h"
#include "tests/unit/test.h"

#define HEAD "'': {type: NS, value: ns.example.test.}\nx:\n  dynamic:\n"
#define TAIL "  type: A\n  values: [192.0.2.1, 192.0.2.2]\n"
#define POOLS                                                     \
	"    pools:\n      one: {values: [{value: 192.0.2.1}]}\n" \
	"      two: {values: [{value: 192.0.2.2}, {value: 192.0.2.3}]}\n"
#define RULES(...) "    rules: [" __VA_ARGS__ "]\n"

static struct loaded
load_dynamic(const char *pools, const char *rules, const char *octodns)
{
	char text[4096];

	(void)snprintf(text, sizeof(text), HEAD "%s%s%s" TAIL, pools, rules, octodns);
	return load_text(text);
}

struct refusal {
	const char *pools, *rules, *reasons;
};

static void
expect_refusals(const struct refusal *rows, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		struct loaded loaded = load_dynamic(rows[i].pools, rows[i].rules, "");
		char expected[2048];

		(void)snprintf(expected, sizeof(expected),
				"example.test.yaml:3:3: error: Invalid record "
				"\"x.example.test.\"\n%s",
				rows[i].reasons);
		assert_string_equal(loaded.said, expected);
		free_loaded(&loaded);
	}
}

#define ALL RULES("{pool: one}")

static void
test_refused_pools(void **state)
{
	static const struct refusal rows[] = {
		{ "    pools: []\n", ALL,
				"  - pools must be a dict\n  - rule 1 undefined pool \"one\"\n" },
		{ "    pools: {}\n", ALL,
				"  - missing pools\n  - rule 1 undefined pool \"one\"\n" },
		{ "", ALL, "  - missing pools\n  - rule 1 undefined pool \"one\"\n" },
		{ "    pools: {one: ''}\n", ALL, "  - pool \"one\" must be a dict\n" },
		{ "    pools: {one: {}}\n", ALL, "  - pool \"one\" is missing values\n" },
		{ "    pools: {one: {values: []}}\n", ALL, "  - pool \"one\" has no values\n" },
		{ "    pools: {one: {values: x}}\n", ALL,
				"  - pool \"one\" values must be a list\n" },
		{ "    pools: {one: {values: [x]}}\n", ALL,
				"  - pool \"one\" value 1 must be a dict\n" },
		{ "    pools: {one: {values: [{weight: 0}]}}\n", ALL,
				"  - invalid weight \"0\" in pool \"one\" value 1\n"
				"  - missing value in pool \"one\" value 1\n"
				"  - pool \"one\" has single value with weight!=1\n" },
		{ "    pools: {one: {values: [{value: 192.0.2.1}, {status: Up, value: x, weight: "
		  "foo}]}}\n",
				ALL,
				"  - invalid weight \"foo\" in pool \"one\" value 2\n"
				"  - invalid status \"Up\" in pool \"one\" value 2\n"
				"  - invalid IPv4 address \"x\"\n" },
		{ "    pools: {one: {values: [{status: on, value: 192.0.2.1}]}}\n", ALL,
				"  - invalid status \"True\" in pool \"one\" value 1\n" },
		{ "    pools: {one: {values: [{value: 192.0.2.1, weight: 101}, {value: "
		  "192.0.2.2}]}}\n",
				ALL, "  - invalid weight \"101\" in pool \"one\" value 1\n" },
		{ "    pools: {one: {values: [{value: 192.0.2.1, weight: '1'}]}}\n", ALL,
				"  - pool \"one\" has single value with weight!=1\n" },
		{ "    pools: {one: {fallback: two, values: [{value: 192.0.2.1}]}}\n", ALL,
				"  - undefined fallback \"two\" for pool \"one\"\n" },
		{ "    pools: {one: {fallback: default, values: [{value: 192.0.2.1}]}}\n", ALL,
				"  - undefined fallback \"default\" for pool \"one\"\n" },
		{ "    pools: {one: {fallback: one, values: [{value: 192.0.2.1}]}}\n", ALL,
				"  - loop in pool fallbacks: one -> one\n" },
		{ "    pools:\n"
		  "      c: {fallback: a, values: [{value: 192.0.2.1}]}\n"
		  "      one: {fallback: x, values: [{value: 192.0.2.1}]}\n"
		  "      x: {fallback: y, values: [{value: 192.0.2.1}]}\n"
		  "      y: {fallback: x, values: [{value: 192.0.2.1}]}\n",
				ALL,
				"  - undefined fallback \"a\" for pool \"c\"\n"
				"  - loop in pool fallbacks: one -> x -> y\n"
				"  - loop in pool fallbacks: x -> y\n"
				"  - loop in pool fallbacks: y -> x\n"
				"  - unused pools: \"c\"\n" },
		{ POOLS, ALL, "  - unused pools: \"two\"\n" },
	};

	(void)state;
	expect_refusals(rows, ARRAY_LEN(rows));
}

static void
test_refused_rules(void **state)
{
	static const struct refusal rows[] = {
		{ POOLS, "    rules: {}\n",
				"  - rules must be a list\n  - unused pools: \"one\", \"two\"\n" },
		{ POOLS, "    rules: []\n",
				"  - missing rules\n  - unused pools: \"one\", \"two\"\n" },
		{ POOLS, "", "  - missing rules\n  - unused pools: \"one\", \"two\"\n" },
		{ POOLS, RULES("x, {pool: one}"),
				"  - rule 1 must be a dict\n  - unused pools: \"two\"\n" },
		{ POOLS, RULES("{geos: [EU]}, {pool: one}"),
				"  - rule 1 missing pool\n  - unused pools: \"two\"\n" },
		{ POOLS, RULES("{pool: []}, {pool: one}"),
				"  - rule 1 invalid pool \"[]\"\n  - rule 2 duplicate default\n"
				"  - unused pools: \"two\"\n" },
		{ POOLS, RULES("{geos: [EU], pool: three}, {pool: one}"),
				"  - rule 1 undefined pool \"three\"\n  - unused pools: "
				"\"two\"\n" },
		{ POOLS, RULES("{geos: [EU], pool: one}, {geos: [AS], pool: one}, {pool: two}"),
				"  - rule 2 invalid, target pool \"one\" reused\n" },
		{ POOLS, RULES("{pool: one}, {pool: two}"), "  - rule 2 duplicate default\n" },
		{ POOLS, RULES("{geos: [], pool: one}, {pool: two}"),
				"  - rule 2 duplicate default\n" },
	};

	(void)state;
	expect_refusals(rows, ARRAY_LEN(rows));
}

static void
test_refused_subnets(void **state)
{
	static const struct refusal rows[] = {
		{ POOLS, RULES("{pool: one, subnets: 10.0.0.0/8}, {pool: two}"),
				"  - rule 1 subnets must be a list\n" },
		{ POOLS, RULES("{pool: one, subnets: [10.0.0.1/8, x]}, {pool: two}"),
				"  - rule 1 invalid subnet \"10.0.0.1/8\"\n"
				"  - rule 1 invalid subnet \"x\"\n" },
		{ POOLS, RULES("{pool: one, subnets: [10.1.1.0/24, 10.1.0.0/16]}, {pool: two}"),
				"  - rule 1 targets subnet 10.1.1.0/24 which is more specific than "
				"the "
				"previously seen 10.1.0.0/16 in rule 1\n" },
		{ POOLS,
				RULES("{pool: one, subnets: [10.1.0.0/16]}, {pool: two, subnets: "
				      "[10.1.0.0/16, "
				      "'::/0']}, {pool: two}"),
				"  - rule 2 targets subnet 10.1.0.0/16 which has previously been "
				"seen in rule "
				"1\n" },
		/* Those that hold one are told in the order they came, of both families apart. */
		{ POOLS,
				RULES("{pool: one, subnets: [10.0.0.0/8, 'a00::/8']}, "
				      "{pool: two, subnets: [10.1.0.0/16]}, "
				      "{pool: one, subnets: [10.1.1.0/24]}, "
				      "{pool: one, subnets: [10.1.1.0/24]}, {pool: two}"),
				"  - rule 2 targets subnet 10.1.0.0/16 which is more specific than "
				"the previously seen 10.0.0.0/8 in rule 1\n"
				"  - rule 3 invalid, target pool \"one\" reused\n"
				"  - rule 3 targets subnet 10.1.1.0/24 which is more specific than "
				"the previously seen 10.0.0.0/8 in rule 1\n"
				"  - rule 3 targets subnet 10.1.1.0/24 which is more specific than "
				"the previously seen 10.1.0.0/16 in rule 2\n"
				"  - rule 4 invalid, target pool \"one\" reused\n"
				"  - rule 4 targets subnet 10.1.1.0/24 which is more specific than "
				"the previously seen 10.0.0.0/8 in rule 1\n"
				"  - rule 4 targets subnet 10.1.1.0/24 which is more specific than "
				"the previously seen 10.1.0.0/16 in rule 2\n"
				"  - rule 4 targets subnet 10.1.1.0/24 which has previously been "
				"seen in rule 3\n" },
		/* What comes later holds nothing that was before it, and a neighbour never does. */
		{ POOLS,
				RULES("{pool: one, subnets: [10.1.1.0/24, 10.1.3.0/24]}, "
				      "{pool: two, subnets: [10.1.0.0/16, 10.1.2.0/24, "
				      "10.2.0.0/16]}, {pool: two}"),
				"  - rule 2 targets subnet 10.1.2.0/24 which is more specific than "
				"the previously seen 10.1.0.0/16 in rule 2\n" },
	};

	(void)state;
	expect_refusals(rows, ARRAY_LEN(rows));
}

static void
test_refused_geos(void **state)
{
	static const struct refusal rows[] = {
		{ POOLS, RULES("{geos: EU, pool: one}, {pool: two}"),
				"  - rule 1 geos must be a list\n" },
		{ POOLS,
				RULES("{geos: [NA-US-CA-LA, XX, EU-UK, NA-US-ZZ, no], pool: one}, "
				      "{pool: two}"),
				"  - rule 1 geo no is no text but False: put quotes around it\n"
				"  - rule 1 unknown country code \"EU-UK\"\n"
				"  - rule 1 invalid geo code \"NA-US-CA-LA\"\n"
				"  - rule 1 unknown province code \"NA-US-ZZ\"\n"
				"  - rule 1 unknown continent code \"XX\"\n" },
		{ POOLS, RULES("{geos: [NA-US, NA], pool: one}, {pool: two}"),
				"  - rule 1 targets geo NA-US which is more specific than the "
				"previously seen "
				"NA in rule 1\n" },
		{ POOLS, RULES("{geos: [NA], pool: one}, {geos: [NA], pool: two}, {pool: two}"),
				"  - rule 2 targets geo NA which has previously been seen in rule "
				"1\n" },
		{ POOLS,
				RULES("{geos: [NA], pool: one}, {geos: [AS], pool: two, subnets: "
				      "[10.0.0.0/8]}, "
				      "{pool: one}"),
				"  - rule 2 with subnet(s) and geo(s) should appear before all "
				"geo-only "
				"rules\n" },
		{ POOLS,
				RULES("{geos: [NA], pool: one}, {pool: two, subnets: "
				      "[10.0.0.0/8]}, {pool: "
				      "one}"),
				"  - rule 2 with only subnet targeting should appear before all "
				"geo targeting "
				"rules\n" },
		{ POOLS, RULES("{pool: one}, {geos: [NA], pool: two}"),
				"  - final rule has \"subnets\" and/or \"geos\" and is not "
				"catchall\n" },
	};

	(void)state;
	expect_refusals(rows, ARRAY_LEN(rows));
}

static void
test_good_record(void **state)
{
	struct loaded loaded = load_dynamic(
			"    pools:\n"
			"      b: {fallback: a, values: [{value: 192.0.2.9, weight: 3}, {status: "
			"up, value: "
			"192.0.2.10, weight: '5'}]}\n"
			"      a: {fallback: ~, values: [{status: down, value: 192.0.2.1}]}\n",
			RULES("{pool: b, subnets: [10.2.0.0/16, 10.1.0.0/16]}, "
			      "{geos: [SA, NA-US-CA], pool: a}, {pool: b}"),
			"  octodns: {healthcheck: {protocol: TCP}}\n");
	const struct cp_dynamic *dynamic = NULL;

	(void)state;
	/* The pools stand in the wrong order for octoDNS, which is all that is wrong. */
	assert_int_equal(loaded.errors.error_cnt, 1);
	assert_non_null(strstr(loaded.said, "keys out of order: \"a\" stands behind \"b\""));
	dynamic = record_at(&loaded, "x.example.test.", "A")->dynamic;
	assert_int_equal(dynamic->pool_cnt, 2);
	assert_string_equal(dynamic->pools[0].name, "a");
	assert_int_equal(dynamic->pools[0].fallback, -1);
	assert_int_equal(dynamic->pools[0].values[0].status, TBL_STATUS_DOWN);
	assert_int_equal(dynamic->pools[0].values[0].weight, 1);
	assert_string_equal(dynamic->pools[1].name, "b");
	assert_int_equal(dynamic->pools[1].fallback, 0);
	/* Values sorted as text, like octoDNS's. */
	assert_string_equal(dynamic->pools[1].values[0].text, "192.0.2.10");
	assert_int_equal(dynamic->pools[1].values[0].weight, 5);
	assert_int_equal(dynamic->pools[1].values[0].status, TBL_STATUS_UP);
	assert_string_equal(dynamic->pools[1].values[1].text, "192.0.2.9");
	assert_int_equal(dynamic->pools[1].values[1].weight, 3);
	assert_int_equal(dynamic->pools[1].values[1].status, TBL_STATUS_OBEY);
	assert_int_equal(dynamic->rule_cnt, 3);
	assert_int_equal(dynamic->rules[0].pool, 1);
	assert_int_equal(dynamic->rules[0].subnet_cnt, 2);
	assert_int_equal(dynamic->rules[0].subnets[0].bytes[1], 1);
	assert_int_equal(dynamic->rules[1].pool, 0);
	assert_string_equal(dynamic->rules[1].geos[0], "NA-US-CA");
	assert_string_equal(dynamic->rules[1].geos[1], "SA");
	assert_int_equal(dynamic->rules[2].geo_cnt + dynamic->rules[2].subnet_cnt, 0);
	free_loaded(&loaded);
}

/* Lenient flaws: what cannot be followed is left out, what is left is served. */
static void
test_lenient(void **state)
{
	static const struct {
		const char *pools, *rules;
		bool is_dynamic;
		uint32_t rule_cnt;
	} rows[] = {
		{ POOLS, "", false, 0 },
		{ "", ALL, false, 0 },
		{ POOLS, RULES("{}"), false, 0 },
		{ POOLS, RULES("{geos: [EU], pool: one}, {}"), true, 1 },
		{ POOLS, RULES("{geos: [EU], pool: nobody}, {pool: one}"), true, 1 },
		{ POOLS, RULES("{geos: [EU], pool: one}"), true, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct loaded loaded = load_dynamic(rows[i].pools, rows[i].rules,
				"  octodns: {healthcheck: {protocol: TCP}, lenient: true}\n");
		const struct cp_record *record = record_at(&loaded, "x.example.test.", "A");

		assert_int_equal(loaded.errors.error_cnt, 0);
		assert_int_equal(loaded.errors.cnt, 1);
		assert_non_null(record);
		assert_int_equal(record->dynamic != NULL, rows[i].is_dynamic);
		assert_int_equal(record->dynamic != NULL ? record->dynamic->rule_cnt : 0,
				rows[i].rule_cnt);
		free_loaded(&loaded);
	}
}

#define GOOD RULES("{geos: [EU], pool: one}, {pool: two}")

static void
test_healthcheck(void **state)
{
	static const struct {
		const char *octodns;
		enum cp_protocol protocol;
		uint16_t port;
		const char *host, *path;
		uint32_t interval_ms, timeout_ms, fall, rise;
	} rows[] = {
		{ "{}", CP_PROTOCOL_HTTPS, 443, "x.example.test", "/_dns", 10000, 4000, 3, 2 },
		{ "{healthcheck: {}}", CP_PROTOCOL_HTTPS, 443, "x.example.test", "/_dns", 10000,
				4000, 3, 2 },
		{ "{healthcheck: {host: h, path: /p, port: 8080, protocol: HTTP}}",
				CP_PROTOCOL_HTTP, 8080, "h", "/p", 10000, 4000, 3, 2 },
		{ "{healthcheck: {host: ~, protocol: HTTP}}", CP_PROTOCOL_HTTP, 443, NULL, "/_dns",
				10000, 4000, 3, 2 },
		{ "{healthcheck: {host: h, path: /p, port: '25', protocol: TCP}}", CP_PROTOCOL_TCP,
				25, NULL, NULL, 10000, 4000, 3, 2 },
		{ "{healthcheck: {port: -99, protocol: ICMP}}", CP_PROTOCOL_ICMP, 0, NULL, NULL,
				10000, 4000, 3, 2 },
		{ "{healthcheck: {protocol: TCP}, meridian: {healthcheck: {fall: 5, interval: 0.2, "
		  "rise: "
		  "4, timeout: 0.1}}}",
				CP_PROTOCOL_TCP, 443, NULL, NULL, 200, 100, 5, 4 },
		/* A probe is over before the next begins. */
		{ "{healthcheck: {protocol: TCP}, meridian: {healthcheck: {interval: 1}}}",
				CP_PROTOCOL_TCP, 443, NULL, NULL, 1000, 1000, 3, 2 },
		{ "{healthcheck: {protocol: TCP}, route53: {healthcheck: {failure_threshold: 6, "
		  "measure_latency: no, request_interval: 30}}}",
				CP_PROTOCOL_TCP, 443, NULL, NULL, 30000, 4000, 6, 2 },
		{ "{healthcheck: {protocol: TCP}, meridian: {healthcheck: {fall: 2}}, route53: "
		  "{healthcheck: {failure_threshold: 6, request_interval: 30}}}",
				CP_PROTOCOL_TCP, 443, NULL, NULL, 30000, 4000, 2, 2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char octodns[512];
		struct loaded loaded;
		const struct cp_healthcheck *check = NULL;

		(void)snprintf(octodns, sizeof(octodns), "  octodns: %s\n", rows[i].octodns);
		loaded = load_dynamic(POOLS, GOOD, octodns);
		if (loaded.errors.error_cnt > 0) {
			fail_msg("row %zu: %s", i, loaded.said);
		}
		check = &record_at(&loaded, "x.example.test.", "A")->dynamic->healthcheck;
		assert_int_equal(check->protocol, rows[i].protocol);
		assert_int_equal(check->port, rows[i].port);
		assert_int_equal(check->host != NULL, rows[i].host != NULL);
		assert_int_equal(check->path != NULL, rows[i].path != NULL);
		if (rows[i].host != NULL) {
			assert_string_equal(check->host, rows[i].host);
		}
		if (rows[i].path != NULL) {
			assert_string_equal(check->path, rows[i].path);
		}
		assert_int_equal(check->interval_ms, rows[i].interval_ms);
		assert_int_equal(check->timeout_ms, rows[i].timeout_ms);
		assert_int_equal(check->fall, rows[i].fall);
		assert_int_equal(check->rise, rows[i].rise);
		free_loaded(&loaded);
	}
}

static void
test_refused_healthchecks(void **state)
{
	static const struct {
		const char *octodns, *reasons;
	} rows[] = {
		{ "{healthcheck: ~}", "  - healthcheck must hold \"key: value\" pairs\n" },
		{ "{healthcheck: {port: 0, protocol: TCP}}",
				"  - invalid healthcheck port \"0\"\n" },
		{ "{healthcheck: {port: 65536}}", "  - invalid healthcheck port \"65536\"\n" },
		{ "{healthcheck: {port: http}}", "  - invalid healthcheck port \"http\"\n" },
		{ "{meridian: {healthcheck: {interval: 0.05}}}",
				"  - octodns.meridian.healthcheck.interval must be 0.1 to 3600 "
				"seconds\n" },
		{ "{meridian: {healthcheck: {interval: 200ms}}}",
				"  - octodns.meridian.healthcheck.interval must be 0.1 to 3600 "
				"seconds\n" },
		{ "{meridian: {healthcheck: {interval: .nan}}}",
				"  - octodns.meridian.healthcheck.interval must be 0.1 to 3600 "
				"seconds\n" },
		{ "{meridian: {healthcheck: {interval: 1, timeout: 2}}}",
				"  - octodns.meridian.healthcheck.timeout must be 0.01 to 1 "
				"seconds\n" },
		{ "{meridian: {healthcheck: {fall: 0, rise: 101}}}",
				"  - octodns.meridian.healthcheck.fall must be 1 to 100 probes\n"
				"  - octodns.meridian.healthcheck.rise must be 1 to 100 probes\n" },
		{ "{meridian: {healthcheck: {intervall: 1}}}",
				"  - unknown key \"intervall\" in octodns.meridian.healthcheck\n" },
		{ "{meridian: {check: {}}}", "  - unknown key \"check\" in octodns.meridian\n" },
		{ "{meridian: 5}", "  - octodns.meridian must hold \"key: value\" pairs\n" },
		{ "{route53: {healthcheck: {failure_threshold: x}}}",
				"  - octodns.route53.healthcheck.failure_threshold must be 1 to "
				"100 probes\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char octodns[512];
		char expected[1024];
		struct loaded loaded;

		(void)snprintf(octodns, sizeof(octodns), "  octodns: %s\n", rows[i].octodns);
		(void)snprintf(expected, sizeof(expected),
				"example.test.yaml:3:3: error: Invalid record "
				"\"x.example.test.\"\n%s",
				rows[i].reasons);
		loaded = load_dynamic(POOLS, GOOD, octodns);
		assert_string_equal(loaded.said, expected);
		free_loaded(&loaded);
	}
}

static void
test_warning_of_unprobed_checks(void **state)
{
	static const char obey[] = "dynamic: {pools: {a: {values: [{value: 192.0.2.1}]}}, rules: "
				   "[{pool: a}]}, ";
	static const char up[] =
			"dynamic: {pools: {a: {values: [{status: up, value: 192.0.2.1}]}}, "
			"rules: [{pool: a}]}, ";
	char text[2048];
	struct loaded loaded;

	(void)state;
	(void)snprintf(text, sizeof(text),
			"'': {type: NS, value: ns.example.test.}\n"
			"'*.f': {%stype: A, value: 192.0.2.1}\n"
			"'*.g': {%soctodns: {healthcheck: {host: g.test}}, type: A, value: "
			"192.0.2.1}\n"
			"a: {%stype: A, value: 192.0.2.1}\n"
			"c: {%soctodns: {healthcheck: {protocol: ICMP}}, type: A, value: "
			"192.0.2.1}\n"
			"d: {%soctodns: {healthcheck: {protocol: TCP}}, type: A, value: "
			"192.0.2.1}\n"
			"e: {%stype: A, value: 192.0.2.1}\n",
			obey, obey, obey, obey, obey, up);
	loaded = load_text(text);
	assert_string_equal(loaded.said, "example.test.yaml:2:8: warning: health check host "
					 "\"*.f.example.test\" is no "
					 "host name: values of \"*.f.example.test.\" are not "
					 "probed and taken as up; "
					 "write octodns: {healthcheck: {host: ...}}\n"
					 "example.test.yaml:5:4: warning: health check protocol "
					 "ICMP is not probed yet; "
					 "values of \"c.example.test.\" are taken as up\n");
	free_loaded(&loaded);
}

static void
test_dynamic_of_other_types(void **state)
{
	struct loaded loaded = load_text("'': {type: NS, value: ns.example.test.}\n"
					 "a: {dynamic: {}, type: TXT, value: x}\n");

	(void)state;
	assert_string_equal(loaded.said,
			"example.test.yaml:2:4: warning: \"dynamic\" means nothing for "
			"this type and is ignored\n");
	free_loaded(&loaded);
}

static void
test_cname_pools(void **state)
{
	struct loaded loaded =
			load_text("'': {type: NS, value: ns.example.test.}\n"
				  "a: {dynamic: {pools: {p: {values: [{value: B.test.}]}}, rules: "
				  "[{pool: p}]}, octodns: {healthcheck: {protocol: TCP}}, type: "
				  "CNAME, value: c.test.}\n");
	const struct cp_record *record = record_at(&loaded, "a.example.test.", "CNAME");

	(void)state;
	assert_int_equal(loaded.errors.cnt, 0);
	assert_string_equal(record->dynamic->pools[0].values[0].text, "b.test.");
	free_loaded(&loaded);
}

static void
test_limits(void **state)
{
	static char text[100000];
	size_t len = (size_t)snprintf(text, sizeof(text), HEAD "    pools:\n");
	struct loaded loaded;

	(void)state;
	for (int i = 0; i <= 1000; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
				"      p%d: {values: [{value: 192.0.2.1}]}\n", i);
	}
	(void)snprintf(text + len, sizeof(text) - len, ALL TAIL);
	loaded = load_text(text);
	assert_non_null(strstr(loaded.said, "  - 1001 pools, the limit is 1000\n"));
	free_loaded(&loaded);
}

/* 1000 pools that fall back to each other in a ring have 1000 chains of 1000 names, of which a message
 * holds the beginning: 2 GB if each were written, and half a minute. */
static void
test_ring_of_long_names(void **state)
{
	enum { POOL_CNT = 1000, NAME_LEN = 1000 };
	char name[NAME_LEN + 1];
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct loaded loaded;
	struct rusage before;
	struct rusage after;

	(void)state;
	assert_non_null(out);
	memset(name, 'n', NAME_LEN);
	name[NAME_LEN] = '\0';
	(void)fprintf(out, HEAD "    pools:\n");
	for (int i = 0; i < POOL_CNT; i++) {
		(void)fprintf(out,
				"      p%03d%s: {fallback: p%03d%s, values: [{value: "
				"192.0.2.1}]}\n",
				i, name, (i + 1) % POOL_CNT, name);
	}
	(void)fprintf(out, "    rules: [{pool: p000%s}]\n" TAIL, name);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	loaded = load_text(text);
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	assert_non_null(strstr(loaded.said, "  - loop in pool fallbacks: p000n"));
	assert_in_range(strlen(loaded.said), CONF_MESSAGE_BYTES_MAX, 2 * CONF_MESSAGE_BYTES_MAX);
	assert_true(after.ru_maxrss - before.ru_maxrss < 256L * 1024); /* KiB */
	free_loaded(&loaded);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_pools),
		cmocka_unit_test(test_refused_rules),
		cmocka_unit_test(test_refused_subnets),
		cmocka_unit_test(test_refused_geos),
		cmocka_unit_test(test_good_record),
		cmocka_unit_test(test_lenient),
		cmocka_unit_test(test_healthcheck),
		cmocka_unit_test(test_refused_healthchecks),
		cmocka_unit_test(test_warning_of_unprobed_checks),
		cmocka_unit_test(test_dynamic_of_other_types),
		cmocka_unit_test(test_cname_pools),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_ring_of_long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
