/* Every lint: fires, does not fire, is silenced by the record and by the zone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/compile.h"
#include "control/lint.h"
#include "tests/unit/control/zone_text.h"
#include "tests/unit/test.h"

#define CHECK "octodns: {healthcheck: {protocol: TCP}}, "

/* Two countries; the database was made for more. */
static const char *const places[] = { "NA-US", "EU-DE", "AF-ZA" };
static const struct tbl_geo_prefix prefixes[] = {
	{ { { 198, 51, 100 }, 24, 4 }, 0 },
	{ { { 203, 0, 113 }, 24, 4 }, 1 },
};
static const struct cp_geo geo = {
	.table = { prefixes, ARRAY_LEN(prefixes), places, ARRAY_LEN(places) },
	.content_hash = 1,
};

static char *
texts_of(const struct conf_errors *errors)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; i < errors->cnt; i++) {
		const struct conf_message *message = &errors->messages[i];

		(void)fprintf(out, "%u:%u: %s: %s [%s]\n", message->line, message->col,
				conf_level_name(message->level), message->text,
				message->lint != NULL ? message->lint : "none");
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

/* What the linter says of zones that load and compile. */
static char *
lint_files(const struct zone_file *files, const struct cp_geo *database)
{
	static const struct cp_geo nowhere;
	const struct cp_compile_params params = { .generation = 1, .hash_seed = { 1, 2 } };
	struct loaded loaded = load_files(files, NULL);
	struct conf_errors errors = { 0 };
	struct cp_compiler *compiler = NULL;
	void *image = NULL;
	size_t size = 0;
	char *text = NULL;

	assert_int_equal(loaded.errors.error_cnt, 0);
	assert_int_equal(cp_compiler_new(&compiler), 0);
	assert_int_equal(cp_compile(compiler, loaded.zones, database != NULL ? database : &nowhere,
					 &params, &errors, &image, &size),
			0);
	assert_int_equal(errors.cnt, 0);
	assert_int_equal(cp_lint(loaded.zones, image, database, &errors), 0);
	text = texts_of(&errors);
	conf_errors_free(&errors);
	free(image);
	cp_compiler_free(compiler);
	free_loaded(&loaded);
	return text;
}

static char *
lint(const char *zone, const struct cp_geo *database)
{
	const struct zone_file files[] = { { "example.test.yaml", zone }, { NULL, NULL } };

	return lint_files(files, database);
}

struct row {
	const char *records;
	const char *said;
};

/* The apex stands on line 1, with what silences the zone; the records follow. */
static void
expect(const struct row *rows, size_t cnt, const char *name, const struct cp_geo *database)
{
	for (size_t i = 0; i < cnt; i++) {
		char *zone = NULL;
		char *said = NULL;

		assert_true(asprintf(&zone, "'': {type: NS, value: ns.example.net.}\n%s",
					    rows[i].records) > 0);
		said = lint(zone, database);
		assert_string_equal(said, rows[i].said);
		free(zone);
		free(said);
		/* The same zone, silenced as a whole. */
		assert_true(asprintf(&zone,
					    "'': {octodns: {meridian: {lint: {zone_ignore: "
					    "[%s]}}}, "
					    "type: NS, value: ns.example.net.}\n%s",
					    name, rows[i].records) > 0);
		said = lint(zone, database);
		assert_string_equal(said, "");
		free(zone);
		free(said);
	}
}

#define IGNORE(name) \
	"octodns: {healthcheck: {protocol: TCP}, meridian: {lint: {ignore: " name "}}}, "
#define POOL(name, values) #name ": {values: [" values "]}"
#define ONE                POOL(one, "{value: 192.0.2.1}")
#define TWO                POOL(two, "{value: 192.0.2.2}")
#define RECORD(name, pools, rules, octodns)                                   \
	name ": {dynamic: {pools: {" pools "}, rules: [" rules "]}, " octodns \
	     "type: A, value: 192.0.2.9}\n"

static void
test_rule_never_matches(void **state)
{
	static const struct row rows[] = {
		{ RECORD("www", ONE ", " TWO, "{geos: [NA-US], pool: one}, {pool: two}", CHECK),
				"" },
		/* Subnets beat geos, so that nothing is left of the country. */
		{ RECORD("www", ONE ", " TWO,
				  "{pool: one, subnets: [203.0.113.0/24]}, {geos: [EU-DE], pool: "
				  "two}, {pool: two}",
				  CHECK),
				"2:6: warning: rule 2 (EU-DE) of \"www.example.test.\" never "
				"matches: other rules win every address that it names "
				"[rule-never-matches]\n" },
		{ RECORD("www", ONE ", " TWO, "{geos: [EU-VA, AF-ZA], pool: one}, {pool: two}",
				  CHECK),
				"2:6: warning: rule 1 (AF-ZA, EU-VA) of \"www.example.test.\" "
				"never "
				"matches: no prefix of the geo database is there "
				"[rule-never-matches]\n" },
		{ RECORD("www", ONE ", " TWO,
				  "{pool: one, subnets: [0.0.0.0/0, '::/0']}, {pool: two}", CHECK),
				"2:6: warning: rule 2 (all others) of \"www.example.test.\" never "
				"matches: other rules win every address that it names "
				"[rule-never-matches]\n" },
		/* Equal rules are told once. */
		{ RECORD("a", ONE ", " TWO, "{geos: [EU-VA], pool: one}, {pool: two}",
				  CHECK) RECORD("b", ONE ", " TWO,
				  "{geos: [EU-VA], pool: one}, {pool: "
				  "two}",
				  CHECK),
				"2:4: warning: rule 1 (EU-VA) of \"a.example.test.\" and of 1 more "
				"record with equal rules never matches: no prefix of the geo "
				"database is there [rule-never-matches]\n" },
		/* One that is silenced leaves the other one. */
		{ RECORD("a", ONE ", " TWO, "{geos: [EU-VA], pool: one}, {pool: two}",
				  IGNORE("[rule-never-matches]")) RECORD("b", ONE ", " TWO,
				  "{geos: [EU-VA], pool: one}, {pool: "
				  "two}",
				  CHECK),
				"3:4: warning: rule 1 (EU-VA) of \"b.example.test.\" never "
				"matches: "
				"no prefix of the geo database is there [rule-never-matches]\n" },
	};

	(void)state;
	expect(rows, ARRAY_LEN(rows), "rule-never-matches", &geo);
	/* Without a database nobody can tell. */
	{
		char *said = lint(RECORD("www", ONE ", " TWO,
						  "{geos: [EU-VA], pool: one}, {pool: two}", CHECK),
				NULL);

		assert_string_equal(said, "");
		free(said);
	}
}

static void
test_country_not_in_database(void **state)
{
	static const struct row rows[] = {
		{ RECORD("www", ONE ", " TWO, "{geos: [EU, NA-US], pool: one}, {pool: two}", CHECK),
				"" },
		/* AF-ZA is a place of the database without a prefix. */
		{ RECORD("www", ONE ", " TWO,
				  "{geos: [AF, EU-DE, EU-VA, NA-US-CA, OC], pool: one}, {pool: "
				  "two}",
				  CHECK),
				"2:6: notice: rule 1 of \"www.example.test.\" names AF, EU-VA, "
				"NA-US-CA and 1 more, and no prefix of the geo database is there "
				"(it "
				"knows no provinces) [country-not-in-database]\n" },
		{ RECORD("www", ONE ", " TWO,
				  "{geos: [EU-VA], pool: one, subnets: [192.0.2.0/24]}, {pool: "
				  "two}",
				  CHECK),
				"2:6: notice: rule 1 of \"www.example.test.\" names EU-VA, and no "
				"prefix of the geo database is there (it knows no provinces) "
				"[country-not-in-database]\n" },
		{ RECORD("www", ONE ", " TWO, "{geos: [EU-DE, EU-VA], pool: one}, {pool: two}",
				  IGNORE("country-not-in-database")),
				"" },
	};

	(void)state;
	expect(rows, ARRAY_LEN(rows), "country-not-in-database", &geo);
}

#define BOTH(a, aaaa) \
	"www:\n- {" a "type: A, value: 192.0.2.9}\n- {" aaaa "type: AAAA, value: '::9'}\n"
#define DYN(first, second, rules)                                                                  \
	"dynamic: {pools: {one: {values: [{value: '" first "'}]}, two: {values: [{value: '" second \
	"'}]}}, rules: [" rules "]}, "
#define DYN4(rules)   DYN("192.0.2.1", "192.0.2.2", rules)
#define DYN6(rules)   DYN("::1", "::2", rules)
#define RULE_NA       "{geos: [NA], pool: one}, {pool: two}"
#define RULE_NA_EU    "{geos: [EU, NA], pool: one}, {pool: two}"
#define RULE_TURNED   "{geos: [NA], pool: two}, {pool: one}"
#define RULE_NET(net) "{pool: one, subnets: [" net "]}, {pool: two}"
#define DIFFERENT                                                                             \
	"4:3: warning: A (line 3) and AAAA of \"www.example.test.\" have different rules: a " \
	"client "                                                                             \
	"may be sent to another place over IPv6 than over IPv4 [a-aaaa-differ]\n"

static void
test_a_aaaa_differ(void **state)
{
	static const struct row rows[] = {
		{ BOTH("", ""), "" },
		{ BOTH(DYN4(RULE_NA) CHECK, DYN6(RULE_NA) CHECK), "" },
		{ BOTH(DYN4(RULE_NET("192.0.2.0/24")) CHECK, DYN6(RULE_NET("192.0.2.0/24")) CHECK),
				"" },
		{ BOTH(DYN4(RULE_NA) CHECK, DYN6(RULE_NA_EU) CHECK), DIFFERENT },
		{ BOTH(DYN4(RULE_NA) CHECK, DYN6(RULE_TURNED) CHECK), DIFFERENT },
		{ BOTH(DYN4(RULE_NET("192.0.2.0/24")) CHECK, DYN6(RULE_NET("192.0.2.0/25")) CHECK),
				DIFFERENT },
		{ BOTH(DYN4(RULE_NA) CHECK, ""),
				"4:3: warning: A of \"www.example.test.\" is dynamic and AAAA is "
				"not: a "
				"client may be sent to another place over IPv6 than over IPv4 "
				"[a-aaaa-differ]\n" },
		{ BOTH(DYN4(RULE_NA) CHECK, DYN6(RULE_NA) "octodns: {healthcheck: {port: 80, "
							  "protocol: TCP}}, "),
				"4:3: warning: A (line 3) and AAAA of \"www.example.test.\" have "
				"different health checks [a-aaaa-differ]\n" },
		{ BOTH(DYN4(RULE_NA) CHECK,
				  "dynamic: {pools: {one: {values: [{status: up, value: '::1'}]}, "
				  "two: "
				  "{values: [{status: up, value: '::2'}]}}, rules: [" RULE_NA
				  "]}, "),
				"4:3: warning: values of A of \"www.example.test.\" are checked "
				"and "
				"those of AAAA are not [a-aaaa-differ]\n" },
		/* Either record can silence it. */
		{ BOTH(DYN4(RULE_NA) IGNORE("a-aaaa-differ"), DYN6(RULE_NA_EU) CHECK), "" },
		{ BOTH(DYN4(RULE_NA) CHECK, DYN6(RULE_NA_EU) IGNORE("a-aaaa-differ")), "" },
	};

	(void)state;
	expect(rows, ARRAY_LEN(rows), "a-aaaa-differ", NULL);
}

/* Zone text whose www TXT makes an answer of so many bytes: header 12, question 18 + 4, OPT 11, then
 * the record's 12 and its text with a byte of length for every 255. */
static char *
big_zone(const char *octodns, unsigned int bytes)
{
	unsigned int room = bytes - 12 - 18 - 4 - 11 - 12;
	unsigned int text_len = room - (room + 255) / 256;
	char *zone = NULL;

	assert_true(asprintf(&zone,
				    "'': {type: NS, value: ns.example.net.}\n"
				    "www: {%stype: TXT, value: x%0*d}\n",
				    octodns, (int)text_len - 1, 0) > 0);
	return zone;
}

static void
test_answer_over_1232(void **state)
{
	static const struct {
		const char *octodns;
		unsigned int bytes;
		const char *said;
	} rows[] = {
		{ "", 1232, "" },
		{ "", 1233,
				"2:6: notice: the answer to \"www.example.test.\" TXT has 1233 "
				"bytes; over "
				"1232, resolvers are told to ask again over TCP "
				"[answer-over-1232]\n" },
		{ "octodns: {meridian: {lint: {ignore: [answer-over-1232]}}}, ", 1300, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *zone = big_zone(rows[i].octodns, rows[i].bytes);
		char *said = lint(zone, NULL);

		assert_string_equal(said, rows[i].said);
		free(said);
		free(zone);
	}
}

/* What is compressed on the wire counts compressed; what is dynamic, with all its values. */
static void
test_size_of_many(void **state)
{
	char *zone = NULL;
	char *said = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&zone, &size);

	(void)state;
	(void)fprintf(out, "'': {type: NS, value: ns.example.net.}\nmx: {type: MX, values: [");
	for (unsigned int i = 0; i < 60; i++) {
		(void)fprintf(out, "%s{exchange: m%u.example.test., preference: 1}",
				i > 0 ? ", " : "", i);
	}
	(void)fprintf(out, "]}\nwww: {dynamic: {pools: {p: {values: [{value: '::1'}]}}, rules: "
			   "[{pool: "
			   "p}]}, " CHECK "type: AAAA, values: [");
	for (unsigned int i = 0; i < 43; i++) {
		(void)fprintf(out, "%s'::%x'", i > 0 ? ", " : "", i + 1);
	}
	(void)fprintf(out, "]}\n");
	assert_int_equal(fclose(out), 0);
	said = lint(zone, NULL);
	/* MX: 44 and 60 records of 12 + 2, a label of 3 or 4 bytes (ten, fifty) and a pointer. AAAA: 45
	 * and 43 records of 28. */
	assert_string_equal(said,
			"2:5: notice: the answer to \"mx.example.test.\" MX has 1234 bytes; over "
			"1232, "
			"resolvers are told to ask again over TCP [answer-over-1232]\n"
			"3:6: notice: the answer to \"www.example.test.\" AAAA has 1249 bytes when "
			"all "
			"pools are down; over 1232, resolvers are told to ask again over TCP "
			"[answer-over-1232]\n");
	free(said);
	free(zone);
}

static void
test_pools_share_values(void **state)
{
#define THREE        POOL(three, "{value: 192.0.2.1}, {value: 192.0.2.2}")
#define FOUR         POOL(four, "{value: 192.0.2.2}, {value: 192.0.2.1}")
#define HEAVY        POOL(heavy, "{value: 192.0.2.2, weight: 2}, {value: 192.0.2.1}")
#define RULES3(a, b) "{geos: [EU], pool: " a "}, {pool: " b "}"
	static const struct row rows[] = {
		{ RECORD("www", ONE ", " TWO, RULES3("one", "two"), CHECK), "" },
		/* Weights are a reason for two pools of the same values. */
		{ RECORD("www", HEAVY ", " THREE, RULES3("heavy", "three"), CHECK), "" },
		{ RECORD("www", FOUR ", " THREE, RULES3("four", "three"), CHECK),
				"2:6: notice: pools \"four\" and \"three\" of "
				"\"www.example.test.\" have "
				"the same values, weights and status: what a rule or a fallback "
				"chooses "
				"between them changes no answer [pools-share-values]\n" },
		{ RECORD("www", FOUR ", " THREE, RULES3("four", "three"),
				  IGNORE("[a-aaaa-differ, pools-share-values]")),
				"" },
	};

	(void)state;
	expect(rows, ARRAY_LEN(rows), "pools-share-values", NULL);
}

static void
test_default_healthcheck(void **state)
{
#define UP POOL(one, "{status: up, value: 192.0.2.1}")
#define ADVICE                                                                                \
	"is taken out; if that is not meant, write \"octodns: {healthcheck: {protocol: TCP, " \
	"port: "                                                                              \
	"443}}\" on the record, or \"status: up\" on its values [default-healthcheck]\n"
	static const struct row rows[] = {
		{ RECORD("www", ONE, "{pool: one}", CHECK), "" },
		{ RECORD("www", UP, "{pool: one}", ""), "" },
		{ RECORD("www", ONE, "{pool: one}", ""),
				"2:6: warning: values of \"www.example.test.\" are under octoDNS's "
				"default "
				"health check, https://www.example.test:443/_dns, because none is "
				"written: "
				"what does not answer it " ADVICE },
		/* Once a zone, at the first that does not silence it. */
		{ RECORD("a", ONE, "{pool: one}",
				  "octodns: {meridian: {lint: {ignore: default-healthcheck}}}, ")
						RECORD("b", ONE, "{pool: one}", "")
								RECORD("c", ONE, "{pool: one}", ""),
				"3:4: warning: values of \"b.example.test.\" and of 1 more record "
				"of the "
				"zone are under octoDNS's default health check, "
				"https://b.example.test:443/_dns, because none is written: what "
				"does not "
				"answer it " ADVICE },
	};

	(void)state;
	expect(rows, ARRAY_LEN(rows), "default-healthcheck", NULL);
}

static void
test_acme_captured(void **state)
{
#define STAR "'*': {type: CNAME, value: www.example.test.}\n"
	static const struct row rows[] = {
		{ "'*': {type: A, value: 192.0.2.1}\n", "" },
		{ STAR "_acme-challenge: {type: TXT, value: ''}\n", "" },
		/* An empty non-terminal keeps the wildcard off too. */
		{ STAR "x._acme-challenge: {type: TXT, value: ''}\n", "" },
		{ "'*.docs': {type: CNAME, value: example.test.}\n_acme-challenge: {type: TXT, "
		  "value: "
		  "''}\n",
				"2:11: warning: \"_acme-challenge.docs.example.test.\" is answered "
				"by this "
				"wildcard's CNAME, which ACME clients follow: DNS-01 for that name "
				"would "
				"be proved at \"example.test.\"; a TXT record with the value '' at "
				"it keeps "
				"the wildcard off [acme-captured]\n" },
		{ "'*': {octodns: {meridian: {lint: {ignore: [acme-captured]}}}, type: CNAME, "
		  "value: "
		  "www.example.test.}\n",
				"" },
	};

	(void)state;
	expect(rows, ARRAY_LEN(rows), "acme-captured", NULL);
}

/* conformance: zone-missing-glue-warned | RFC 9471 §2.1, RFC 1034 §4.2.1 | A delegation to a name below it without an
 * address there is warned of. */
static void
test_missing_glue(void **state)
{
#define CUT "sub: {type: NS, values: [ns.Sub.example.test., ns.x.sub.example.test.]}\n"
#define NS4 "ns.sub: {type: A, value: 192.0.2.1}\n"
#define NS6 "ns.x.sub: {type: AAAA, value: '2001:db8::1'}\n"
#define TOLD(line, name)                                                                 \
#	line ":6: warning: \"sub.example.test.\" is delegated to \"" name               \
	      "\", which is below it and has no A or AAAA here (glue): nobody can find " \
	      "that name server [missing-glue]\n"
	static const struct row rows[] = {
		{ NS4 NS6 CUT, "" },
		{ CUT, TOLD(2, "ns.sub.example.test.") TOLD(2, "ns.x.sub.example.test.") },
		{ NS4 CUT, TOLD(3, "ns.x.sub.example.test.") },
		{ "sub: {type: NS, value: sub.example.test.}\n", TOLD(2, "sub.example.test.") },
		/* Found without us, or by asking us: sibling glue is a help, not a need. */
		{ "sub: {type: NS, values: [ns.example.net., ns.sib.example.test., "
		  "ns1.example.test.]}\n",
				"" },
		/* Below a cut nothing is ever referred. */
		{ "sub: {type: NS, value: ns.example.net.}\n"
		  "x.sub: {type: NS, value: ns.x.sub.example.test.}\n",
				"" },
		{ "sub: {octodns: {meridian: {lint: {ignore: missing-glue}}}, type: NS, value: "
		  "ns.sub.example.test.}\n",
				"" },
	};
	/* A zone of ours below the cut answers for itself. */
	static const struct zone_file both[] = {
		{ "example.test.yaml", "'': {type: NS, value: ns.example.net.}\n" CUT },
		{ "sub.example.test.yaml", "'': {type: NS, value: ns.sub.example.test.}\n" },
		{ NULL, NULL },
	};
	char *said = lint_files(both, NULL);

	(void)state;
	assert_string_equal(said, "");
	free(said);
	expect(rows, ARRAY_LEN(rows), "missing-glue", NULL);
#undef CUT
#undef NS4
#undef NS6
#undef TOLD
}

/* Targets in TCP port 443 that never answered: those whose address ends in 1. */
static const char *
reason_of(void *ctx, const char *key)
{
	(void)ctx;
	return strstr(key, " 192.0.2.1 ") != NULL ? "connection refused" : NULL;
}

static void
test_never_answered(void **state)
{
	static const struct row rows[] = {
		{ RECORD("www", TWO, "{pool: two}", CHECK), "" },
		{ RECORD("www", ONE ", " TWO, RULES3("one", "two"), CHECK),
				"2:6: warning: 1 of the 2 checked values of \"www.example.test.\" "
				"A have "
				"never once answered: tcp 192.0.2.1:443: connection refused "
				"[never-answered]\n" },
		{ RECORD("www", ONE, "{pool: one}", ""),
				"2:6: warning: 1 of the 1 checked values of \"www.example.test.\" "
				"A have "
				"never once answered: https 192.0.2.1:443 www.example.test/_dns: "
				"connection refused; this is octoDNS's default check, which the "
				"zone does "
				"not write: write \"octodns: {healthcheck: {protocol: TCP, port: "
				"443}}\" on "
				"the record, or \"status: up\" on its values [never-answered]\n" },
		{ RECORD("www", UP, "{pool: one}", CHECK), "" },
		{ RECORD("www", ONE, "{pool: one}", IGNORE("never-answered")), "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf_errors errors = { 0 };
		char *zone = NULL;
		char *said = NULL;
		struct loaded loaded;

		assert_true(asprintf(&zone, "'': {type: NS, value: ns.example.net.}\n%s",
					    rows[i].records) > 0);
		loaded = load_text(zone);
		cp_lint_never_answered(loaded.zones, reason_of, NULL, &errors);
		said = texts_of(&errors);
		assert_string_equal(said, rows[i].said);
		free(said);
		free(zone);
		conf_errors_free(&errors);
		free_loaded(&loaded);
	}
}

static void
test_wrong_names(void **state)
{
#define LINT(octodns) "www: {octodns: {meridian: {lint: " octodns "}}, type: A, value: 192.0.2.1}\n"
	static const struct row rows[] = {
		{ LINT("{ignore: [acme-captured, no-such]}"),
				"2:59: error: unknown lint \"no-such\" in octodns.meridian.lint "
				"[none]\n" },
		{ LINT("{ignore: {}}"), "2:43: error: unknown lint \"\" in octodns.meridian.lint "
					"[none]\n" },
		{ LINT("{silence: [acme-captured]}"), "2:35: error: unknown key \"silence\" in "
						      "octodns.meridian.lint [none]\n" },
		{ LINT("acme-captured"),
				"2:34: error: octodns.meridian.lint must hold \"ignore\" or "
				"\"zone_ignore\" [none]\n" },
		{ LINT("{zone_ignore: [acme-captured]}"), "2:35: error: zone_ignore silences a "
							  "whole zone and stands on a record of "
							  "its apex (\"\") [none]\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *zone = NULL;
		char *said = NULL;
		struct loaded loaded;

		assert_true(asprintf(&zone, "'': {type: NS, value: ns.example.net.}\n%s",
					    rows[i].records) > 0);
		loaded = load_text(zone);
		said = texts_of(&loaded.errors);
		assert_string_equal(said, rows[i].said);
		assert_true(loaded.zones->items[0].has_errors);
		free(said);
		free(zone);
		free_loaded(&loaded);
	}
}

/* Whoever reads a name looks it up on that page: a section for each, and no lint left out. */
static void
test_page(void **state)
{
	FILE *page = fopen("docs/lint.md", "re");
	char *text = NULL;
	size_t size = 0;

	(void)state;
	assert_non_null(page);
	assert_true(getdelim(&text, &size, '\0', page) > 0);
	for (size_t i = 0; i < CP_LINT_CNT; i++) {
		char heading[64];
		char row[128];

		(void)snprintf(heading, sizeof(heading), "\n## %s\n", cp_lint_rows[i].name);
		(void)snprintf(row, sizeof(row), "\n| [`%s`](#%s) | %s |", cp_lint_rows[i].name,
				cp_lint_rows[i].name, conf_level_name(cp_lint_rows[i].level));
		assert_non_null(strstr(text, heading));
		assert_non_null(strstr(text, row));
	}
	free(text);
	(void)fclose(page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rule_never_matches),
		cmocka_unit_test(test_country_not_in_database),
		cmocka_unit_test(test_a_aaaa_differ),
		cmocka_unit_test(test_answer_over_1232),
		cmocka_unit_test(test_size_of_many),
		cmocka_unit_test(test_pools_share_values),
		cmocka_unit_test(test_default_healthcheck),
		cmocka_unit_test(test_acme_captured),
		cmocka_unit_test(test_missing_glue),
		cmocka_unit_test(test_never_answered),
		cmocka_unit_test(test_wrong_names),
		cmocka_unit_test(test_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
