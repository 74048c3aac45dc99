/* Zone files as a whole: names, TTLs, keys, errors and their places. Values: test_rdata.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/zones.h"
#include "tests/unit/control/zone_text.h"
#include "tests/unit/test.h"

#define NS "'': {type: NS, value: ns1.example.test.}\n"

static void
test_values_and_ttls(void **state)
{
	static const struct {
		const char *text, *fqdn, *type, *values;
	} rows[] = {
		{ NS "www: {ttl: 60, type: A, value: 192.0.2.1}\n", "www.example.test.", "A",
				"60 192.0.2.1" },
		{ NS "WWW: {type: A, value: 192.0.2.1}\n", "www.example.test.", "A",
				"3600 192.0.2.1" },
		/* Sorted as text, once each; `values` wins over `value`. */
		{ NS "www: {type: A, value: 192.0.2.9, values: [9.0.0.1, 10.0.0.1, 9.0.0.1]}\n",
				"www.example.test.", "A", "3600 10.0.0.1 9.0.0.1" },
		{ NS "www: {type: A, value: [192.0.2.1]}\n", "www.example.test.", "A",
				"3600 192.0.2.1" },
		{ NS "www:\n- {type: A, value: 192.0.2.1}\n- {type: AAAA, value: '2001:DB8::1'}\n",
				"www.example.test.", "AAAA", "3600 2001:db8::1" },
		{ NS "a.b.c: {type: A, value: 192.0.2.1}\n", "a.b.c.example.test.", "A",
				"3600 192.0.2.1" },
		{ NS "'*': {type: CNAME, value: example.test.}\n", "*.example.test.", "CNAME",
				"3600 example.test." },
		{ NS "www: {ttl: '60', type: A, value: 192.0.2.1}\n", "www.example.test.", "A",
				"60 192.0.2.1" },
		{ NS "www: {ttl: 60.9, type: A, value: 192.0.2.1}\n", "www.example.test.", "A",
				"60 192.0.2.1" },
		{ NS "www: {ttl: 1:00:00, type: A, value: 192.0.2.1}\n", "www.example.test.", "A",
				"3600 192.0.2.1" },
		{ NS "www: {ttl: yes, type: A, value: 192.0.2.1}\n", "www.example.test.", "A",
				"1 192.0.2.1" },
		{ NS "www: {ttl: 0, type: A, value: 192.0.2.1}\n", "www.example.test.", "A",
				"0 192.0.2.1" },
		/* Odd, and octoDNS takes them. */
		{ NS "a.*.b: {type: A, value: 192.0.2.1}\n", "a.*.b.example.test.", "A",
				"3600 192.0.2.1" },
		{ NS "a*: {type: A, value: 192.0.2.1}\n", "a*.example.test.", "A",
				"3600 192.0.2.1" },
		/* Names and targets in other letters: IDNA 2008, lower-cased first. */
		{ NS "\xc3\x89t\xc3\xa9: {type: CNAME, value: D\xc3\xa9j\xc3\xa0.vu.}\n",
				"xn--t-9fab.example.test.", "CNAME", "3600 xn--dj-kia8a.vu." },
		{ NS "'*.\xc3\xa9': {type: MX, value: {exchange: \xc3\xa9.test., preference: "
		     "5}}\n",
				"*.xn--9ca.example.test.", "MX", "3600 5 xn--9ca.test." },
		{ NS "1: {type: A, value: 192.0.2.1}\n", "1.example.test.", "A", "3600 192.0.2.1" },
		{ "a: &a {type: A, value: 192.0.2.1}\nb: *a\nc: {<<: *a, value: 192.0.2.2}\n",
				"c.example.test.", "A", "3600 192.0.2.2" },
		{ NS "www: {comment: extra keys mean nothing, type: A, value: 192.0.2.1}\n",
				"www.example.test.", "A", "3600 192.0.2.1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct loaded loaded = load_text(rows[i].text);
		char buffer[1024];

		if (loaded.errors.error_cnt > 0) {
			fail_msg("row %zu: %s", i, loaded.said);
		}
		assert_string_equal(values_of(&loaded, rows[i].fqdn, rows[i].type, buffer),
				rows[i].values);
		assert_false(loaded.zones->items[0].has_errors);
		free_loaded(&loaded);
	}
}

/* A zone file, and everything that is said about it. */
static const struct {
	const char *text, *said;
} refusals[] = {
	{ NS "'@': {type: A, value: 192.0.2.1}\n",
			"example.test.yaml:2:6: error: Invalid record \"@.example.test.\"\n"
			"  - invalid name \"@\", use \"\" instead\n" },
	{ NS "a b: {type: A, value: 192.0.2.1}\n",
			"example.test.yaml:2:6: error: Invalid record \"a "
			"b.example.test.\"\n"
			"  - invalid record, whitespace is not allowed\n" },
	{ NS "a..b: {type: A, value: 192.0.2.1}\n",
			"example.test.yaml:2:7: error: Invalid record "
			"\"a..b.example.test.\"\n"
			"  - invalid name, double `.` in \"a..b.example.test.\"\n" },
	{ NS "www.example.test.: {type: A, value: 192.0.2.1}\n",
			"example.test.yaml:2:20: error: Invalid record "
			"\"www.example.test..example.test.\"\n"
			"  - invalid name, double `.` in "
			"\"www.example.test..example.test.\"\n" },
	{ NS ".a: {type: A, value: 192.0.2.1}\n",
			"example.test.yaml:2:5: error: Invalid record "
			"\".a.example.test.\"\n"
			"  - invalid name, leading `.` in \".a.example.test.\"\n" },
	{ NS "? \"a\\\\\"\n: {type: A, value: 192.0.2.1}\n",
			"example.test.yaml:3:3: error: Invalid record "
			"\"a\\.example.test.\"\n"
			"  - invalid name, \"a\\.example.test.\" is not a domain name\n" },
	/* Judged as octoDNS does: on as it is when it cannot be encoded. */
	{ NS "\xc3\xa9..a b: {type: A, value: 192.0.2.1}\n",
			"example.test.yaml:2:9: error: Invalid record "
			"\"\xc3\xa9..a b.example.test.\"\n"
			"  - Empty Label\n"
			"  - invalid record, whitespace is not allowed\n"
			"  - invalid name, double `.` in \"\xc3\xa9..a b.example.test.\"\n" },
	{ NS "_a.\xc3\xa9: {type: A, value: 192.0.2.1}\n",
			"example.test.yaml:2:7: error: Invalid record "
			"\"_a.\xc3\xa9.example.test.\"\n"
			"  - Codepoint U+005F at position 1 of '_a' not allowed\n" },
	{ NS "\xc3\xa9: {ttl: -1, type: A, value: 192.0.2.1}\n",
			"example.test.yaml:2:4: error: Invalid record "
			"\"\xc3\xa9.example.test.\"\n"
			"  - invalid ttl\n" },
	{ NS "www: {ttl: -1, type: A}\n", "example.test.yaml:2:6: error: Invalid record "
					  "\"www.example.test.\"\n"
					  "  - invalid ttl\n  - missing value(s)\n" },
	{ NS "www: {ttl: 1h, type: A, value: 192.0.2.1}\n",
			"example.test.yaml:2:6: error: Invalid record "
			"\"www.example.test.\"\n"
			"  - invalid ttl\n" },
	{ NS "www: {ttl: 2147483648, type: A, value: 192.0.2.1}\n",
			"example.test.yaml:2:6: error: Invalid record "
			"\"www.example.test.\"\n"
			"  - invalid ttl\n" },
	{ NS "www: {octodns: {healthcheck: {protocol: tcp}}, type: A, value: 192.0.2.1}\n",
			"example.test.yaml:2:6: error: Invalid record "
			"\"www.example.test.\"\n"
			"  - invalid healthcheck protocol\n" },
	{ NS "www: {value: 192.0.2.1}\n", "example.test.yaml:2:6: error: Invalid record "
					  "www.example.test., missing type\n" },
	{ NS "www: {type: a, value: 192.0.2.1}\n",
			"example.test.yaml:2:6: error: Unknown record type: \"a\"\n" },
	{ NS "www: {type: DNAME, value: a..test.}\n",
			"example.test.yaml:2:6: error: Invalid record "
			"\"www.example.test.\"\n"
			"  - DNAME value \"a..test.\" is not a valid FQDN\n" },
	{ NS "www: 192.0.2.1\n", "example.test.yaml:2:6: error: \"www\" must be a record "
				 "or a list of "
				 "records\n" },
	{ NS "www: {type: ALIAS, value: a.example.test.}\n",
			"example.test.yaml:2:6: error: Invalid record "
			"\"www.example.test.\"\n"
			"  - non-root ALIAS not allowed\n" },
	{ "'':\n- {type: ALIAS, value: a.example.test.}\n- {type: AAAA, value: '2001:db8::1'}\n- "
	  "{type: NS, value: ns.example.net.}\n",
			"example.test.yaml:2:3: error: Invalid zone \"example.test.\"\n"
			"  - Invalid state, ALIAS at example.test. cannot coexist with A or AAAA "
			"records (example.test.yaml, line 4, column 3, example.test.yaml, line 3, "
			"column 3, example.test.yaml, line 2, column 3)\n" },
	/* Types that are a provider's: as fatal as unknown ones are to octoDNS, lenient or not. */
	{ NS "www: {octodns: {lenient: true}, type: Route53Provider/ALIAS, value: x}\n",
			"example.test.yaml:2:6: error: record type Route53Provider/ALIAS is a "
			"provider's own, not DNS, and cannot be served: write an ALIAS, a CNAME or "
			"a "
			"dynamic record, or keep it from this server with \"octodns: {excluded: "
			"[meridian]}\"\n" },
	{ NS "www: {type: URLFWD, values: [{code: 200, masking: x, path: /}, x]}\n",
			"example.test.yaml:2:6: error: Invalid record \"www.example.test.\"\n"
			"  - unrecognized return code \"200\"\n"
			"  - invalid masking setting \"x\"\n"
			"  - missing query\n"
			"  - missing target\n"
			"  - URLFWD value must hold \"field: value\" pairs\n" },
	{ NS "www: {type: URLFWD, value: {code: 301, masking: 2, path: /, query: 0, target: "
	     "x}}\n",
			"example.test.yaml:2:6: error: record type URLFWD is a provider's own, not "
			"DNS, and cannot be served: let a web server redirect, or keep it from "
			"this "
			"server with \"octodns: {excluded: [meridian]}\"\n" },
	{ "- type: A\n", "example.test.yaml: warning: zone example.test. has no NS record "
			 "at "
			 "its apex\n"
			 "example.test.yaml:1:1: error: a zone file must hold \"name: "
			 "record\" "
			 "pairs\n" },
	{ NS "b: {type: A, value: 192.0.2.1}\na: {type: A, value: 192.0.2.1}\n",
			"example.test.yaml:3:1: error: keys out of order: \"a\" stands "
			"behind \"b\" "
			"(natural order; enforce_order is on)\n" },
	{ NS "a: {value: 192.0.2.1, type: A}\n",
			"example.test.yaml:2:23: error: keys out of order: \"type\" stands "
			"behind "
			"\"value\" (natural order; enforce_order is on)\n" },
	{ NS "a:\n- {type: A, value: 192.0.2.1}\n- {type: A, value: 192.0.2.2}\n",
			"example.test.yaml:4:3: error: Duplicate record a.example.test., "
			"type A\n"
			"  existing: example.test.yaml, line 3, column 3\n"
			"  new:      example.test.yaml, line 4, column 3\n" },
	{ NS "a:\n- {type: CNAME, value: b.example.test.}\n- {type: A, value: 192.0.2.2}\n",
			"example.test.yaml:3:3: error: Invalid zone \"example.test.\"\n"
			"  - Invalid state, CNAME at a.example.test. cannot coexist with "
			"other records (example.test.yaml, line 4, column 3, example.test.yaml, "
			"line 3, column 3)\n" },
	/* In natural order an accented letter stands beside the bare one, as natsort has it. */
	{ NS "f: {type: A, value: 192.0.2.1}\n\xc3\xa9: {type: A, value: 192.0.2.1}\n",
			"example.test.yaml:3:1: error: keys out of order: \"\xc3\xa9\" stands "
			"behind \"f\" (natural order; enforce_order is on)\n" },
	/* All of them in one run, in the file's order. */
	{ "'': {type: NS, value: ns1}\na: {type: A}\nb: !include c\n",
			"example.test.yaml:3:4: error: cannot include c: No such file or "
			"directory\n" },
	{ "'': {type: NS, value: ns1}\na: {type: A}\nb: {type: X}\n",
			"example.test.yaml: warning: zone example.test. has no NS record "
			"at its "
			"apex\n"
			"example.test.yaml:1:5: error: Invalid record \"example.test.\"\n"
			"  - NS value \"ns1\" is not a valid FQDN\n"
			"example.test.yaml:2:4: error: Invalid record \"a.example.test.\"\n"
			"  - missing value(s)\n"
			"example.test.yaml:3:4: error: Unknown record type: \"X\"\n" },
};

/* conformance: zone-yaml-refusals | RFC 1035 §2.3.4, RFC 2181 §10.1 | What octoDNS refuses in YAML is refused here,
 * each mistake at its place. */
static void
test_errors_and_their_places(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		struct loaded loaded = load_text(refusals[i].text);

		assert_string_equal(loaded.said, refusals[i].said);
		assert_int_equal(loaded.zones->cnt, 1);
		assert_true(loaded.zones->items[0].has_errors);
		free_loaded(&loaded);
	}
}

/* conformance: zone-long-names-refused | RFC 1035 §2.3.4 | Labels over 63 and names over 255 octets are refused. */
static void
test_long_names(void **state)
{
	static const struct {
		size_t label, labels; /* length of each, how many */
		size_t fqdn;
		bool is_long_label;
	} rows[] = {
		{ 63, 1, 77, false },
		{ 64, 1, 78, true },
		{ 59, 4, 253, false },
		{ 47, 5, 253, false },
		{ 60, 4, 257, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char name[512] = "";
		char text[1024];
		char expected[1024] = "";
		struct loaded loaded;

		for (size_t k = 0; k < rows[i].labels; k++) {
			size_t len = strlen(name);

			(void)snprintf(name + len, sizeof(name) - len, "%s%.*s", k > 0 ? "." : "",
					(int)rows[i].label,
					"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
					"xxxxxxxxxx");
		}
		(void)snprintf(text, sizeof(text), NS "%s: {type: A, value: 192.0.2.1}\n", name);
		assert_int_equal(strlen(name) + strlen(".example.test."), rows[i].fqdn);
		if (rows[i].fqdn > 253) {
			(void)snprintf(expected, sizeof(expected),
					"  - invalid fqdn, \"%s.example.test.\" is too long at %zu "
					"chars, max "
					"is 253\n",
					name, rows[i].fqdn);
		}
		if (rows[i].is_long_label) {
			(void)snprintf(expected, sizeof(expected),
					"  - invalid label, \"%s\" is too long at %zu chars, max "
					"is 63\n",
					name, rows[i].label);
		}
		loaded = load_text(text);
		assert_int_equal(loaded.errors.error_cnt, expected[0] != '\0');
		assert_non_null(strstr(loaded.said, expected));
		free_loaded(&loaded);
	}
}

/* Names that YAML reads as something else are followed, and said. */
static void
test_typed_names(void **state)
{
	static const struct {
		const char *key, *name;
	} rows[] = {
		{ "no", "false.example.test." },
		{ "On", "true.example.test." },
		{ "~", "none.example.test." },
		{ "010", "8.example.test." },
		{ "0x1f", "31.example.test." },
		{ "1:30", "90.example.test." },
		{ "1.10", "1.1.example.test." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[128];
		struct loaded loaded;

		(void)snprintf(text, sizeof(text), NS "? %s\n: {type: A, value: 192.0.2.1}\n",
				rows[i].key);
		loaded = load_text(text);
		assert_non_null(record_at(&loaded, rows[i].name, "A"));
		assert_int_equal(loaded.errors.cnt, 1);
		assert_int_equal(loaded.errors.error_cnt, 0);
		assert_non_null(strstr(loaded.said, "put quotes around it"));
		free_loaded(&loaded);
	}
}

static void
test_lenient_records(void **state)
{
	struct loaded loaded =
			load_text(NS "a: {octodns: {lenient: true}, type: CNAME, value: single}\n"
				     "b: {octodns: {lenient: true}, type: A, value: nonsense}\n");
	char buffer[1024];

	(void)state;
	/* A warning where there is something to serve, still an error where there is nothing. */
	assert_string_equal(loaded.said,
			"example.test.yaml:2:4: warning: Invalid record \"a.example.test.\"\n"
			"  - CNAME value \"single\" is not a valid FQDN\n"
			"example.test.yaml:3:4: error: Invalid record \"b.example.test.\"\n"
			"  - invalid IPv4 address \"nonsense\"\n");
	assert_string_equal(values_of(&loaded, "a.example.test.", "CNAME", buffer), "3600 single.");
	free_loaded(&loaded);
}

static void
test_withheld_records(void **state)
{
	static const struct {
		const char *octodns;
		bool is_served;
	} rows[] = {
		{ "ignored: true", false },
		{ "ignored: false", true },
		{ "excluded: [meridian]", false },
		{ "excluded: [route53]", true },
		{ "included: [route53]", false },
		{ "included: [meridian, route53]", true },
		{ "included: []", true },
		{ "cloudflare: {proxied: true}", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[256];
		struct loaded loaded;

		(void)snprintf(text, sizeof(text),
				NS "a: {octodns: {%s}, type: A, value: 192.0.2.1}\n",
				rows[i].octodns);
		loaded = load_text(text);
		assert_int_equal(loaded.errors.error_cnt, 0);
		assert_int_equal(loaded.errors.cnt, rows[i].is_served ? 0 : 1);
		assert_int_equal(record_at(&loaded, "a.example.test.", "A") != NULL,
				rows[i].is_served);
		free_loaded(&loaded);
		/* A provider's own type is refused only where it would be served. */
		(void)snprintf(text, sizeof(text),
				NS "a: {octodns: {%s}, type: Route53Provider/ALIAS, value: x}\n",
				rows[i].octodns);
		loaded = load_text(text);
		assert_int_equal(loaded.errors.error_cnt, rows[i].is_served ? 1 : 0);
		assert_int_equal(loaded.errors.cnt, 1);
		free_loaded(&loaded);
	}
}

/* escaped_semicolons off: a ";" is one, and a backslash before it is one too many. */
static void
test_plain_semicolons(void **state)
{
	static const struct {
		const char *value, *text, *reason; /* with escaped_semicolons off */
		bool is_fine;                      /* with it on */
	} rows[] = {
		{ "'v=DMARC1; p=none'", "\"v=DMARC1; p=none\"", NULL, false },
		{ "'v=DMARC1 ; p=none'", "\"v=DMARC1 ; p=none\"", NULL, true },
		{ "a", "\"a\"", NULL, true },
		{ "'v=DMARC1\\; p=none'", NULL, "double escaped ; in \"v=DMARC1\\\\; p=none\"",
				true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows) * 2; i++) {
		bool is_escaped = i % 2 == 0;
		const char *reason = rows[i / 2].reason;
		struct cp_zones_options options = cp_zones_defaults();
		char text[256];
		char buffer[1024];
		const struct zone_file files[] = { { "example.test.yaml", text }, { NULL, NULL } };
		struct loaded loaded;

		(void)snprintf(text, sizeof(text), NS "a: {ttl: 1, type: TXT, value: %s}\n",
				rows[i / 2].value);
		options.escaped_semicolons = is_escaped;
		loaded = load_files(files, &options);
		assert_int_equal(loaded.errors.error_cnt,
				is_escaped ? !rows[i / 2].is_fine : reason != NULL);
		if (!is_escaped && reason == NULL) {
			(void)values_of(&loaded, "a.example.test.", "TXT", buffer);
			assert_string_equal(buffer + 2, rows[i / 2].text);
		} else if (!is_escaped) {
			assert_non_null(strstr(loaded.said, reason));
		}
		free_loaded(&loaded);
	}
}

static void
test_soa(void **state)
{
	struct cp_zones_options options = cp_zones_defaults();
	const struct zone_file files[] = { { "a.test.yaml", "" },
		{ "b.test.yaml", "'': {type: NS, values: [ns2.x.test., ns1.x.test.]}\n" },
		{ NULL, NULL } };
	struct loaded loaded = load_files(files, &options);
	char buffer[1024];

	(void)state;
	/* Without a server of its own, a zone gets one by custom; else the first of its own. */
	assert_string_equal(values_of(&loaded, "a.test.", "SOA", buffer),
			"3600 ns1.a.test. hostmaster.a.test. 0 7200 900 1209600 300");
	assert_string_equal(values_of(&loaded, "b.test.", "SOA", buffer),
			"3600 ns1.x.test. hostmaster.b.test. 0 7200 900 1209600 300");
	assert_string_equal(loaded.said,
			"a.test.yaml: warning: zone a.test. has no NS record at its apex\n");
	free_loaded(&loaded);

	options.soa.mname = "Primary.Test.";
	options.soa.rname = "dns.example.test.";
	options.soa.negative_ttl_s = 60;
	loaded = load_files(files, &options);
	assert_string_equal(values_of(&loaded, "b.test.", "SOA", buffer),
			"3600 Primary.Test. dns.example.test. 0 7200 900 1209600 60");
	free_loaded(&loaded);
}

static void
test_zones_within_zones(void **state)
{
	const struct zone_file files[] = {
		{ "a.test.yaml", "'': {type: NS, value: ns.b.test.}\n"
				 "sub: {type: NS, value: ns.b.test.}\n" },
		{ "b.test.yaml", "'': {type: NS, value: ns.b.test.}\n"
				 "sub: {type: A, value: 192.0.2.1}\n"
				 "x.sub: {type: A, value: 192.0.2.1}\n"
				 "xsub: {type: A, value: 192.0.2.1}\n"
				 "y.sub: {octodns: {lenient: true}, type: A, value: 192.0.2.1}\n" },
		{ "sub.a.test.yaml", "'': {type: NS, value: ns.b.test.}\n" },
		{ "sub.b.test.yaml", "'': {type: NS, value: ns.b.test.}\n" },
		{ NULL, NULL },
	};
	struct loaded loaded = load_files(files, NULL);

	(void)state;
	assert_string_equal(loaded.said,
			"b.test.yaml:2:6: error: Record sub.b.test. is a managed sub-zone and not "
			"of type "
			"NS or DS\n"
			"b.test.yaml:3:8: error: Record x.sub.b.test. is under a managed subzone\n"
			"b.test.yaml:5:8: warning: Record y.sub.b.test. is under a managed "
			"subzone: not served\n");
	assert_null(record_at(&loaded, "y.sub.b.test.", "A"));
	assert_false(loaded.zones->items[0].has_errors);
	assert_true(loaded.zones->items[1].has_errors);
	assert_false(loaded.zones->items[3].has_errors);
	free_loaded(&loaded);
}

static void
test_missing_directory(void **state)
{
	struct cp_zones_options options = cp_zones_defaults();
	struct conf_errors errors = { 0 };
	struct cp_zones *zones = NULL;

	(void)state;
	assert_int_equal(cp_zones_load("/nonexistent", &options, &errors, &zones), -ENOENT);
	assert_null(zones);
	assert_int_equal(errors.error_cnt, 1);
	conf_errors_free(&errors);
}

static void
test_type_names(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
	} rows[] = {
		{ "A", 1 },
		{ "AAAA", 28 },
		{ "SOA", 6 },
		{ "CAA", 257 },
		{ "HTTPS", 65 },
		{ "TYPE65400", 65400 },
	};
	char buffer[CP_TYPE_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(cp_type_from_name(rows[i].name), rows[i].type);
		assert_string_equal(cp_type_name(rows[i].type, buffer), rows[i].name);
	}
	assert_int_equal(cp_type_from_name("aaaa"), 28);
	assert_int_equal(cp_type_from_name("type1"), 1);
	assert_int_equal(cp_type_from_name("TYPE65536"), 0);
	assert_int_equal(cp_type_from_name("TYPE"), 0);
	assert_int_equal(cp_type_from_name("TYPE1x"), 0);
	assert_int_equal(cp_type_from_name("ALIAS"), 65401);
	assert_int_equal(cp_type_from_name(""), 0);
}

/* What an included file is wrong about is told at its place there. */
static void
test_included_files(void **state)
{
	static const struct zone_file files[] = {
		{ "example.test.yaml", "'': !include apex\n"
				       "a: !include address\n"
				       "b:\n  <<: !include address\n  value: 192.0.2.2\n"
				       "c: !include bad\n"
				       "d: {type: A, value: !include one}\n" },
		{ "apex", "type: NS\nvalue: ns1.example.test.\n" },
		{ "address", "ttl: 60\ntype: A\nvalue: 192.0.2.1\n" },
		{ "bad", "- type: A\n  value: 192.0.2.3\n- value: x\n  type: AAAA\n" },
		{ "one", "192.0.2.4\n" },
		{ NULL, NULL },
	};
	struct loaded loaded = load_files(files, NULL);
	const struct cp_record *record = record_at(&loaded, "a.example.test.", "A");
	char text[1024];

	(void)state;
	assert_string_equal(loaded.said,
			"bad:3:3: error: Invalid record \"c.example.test.\"\n"
			"  - invalid IPv6 address \"x\"\n"
			"bad:4:3: error: keys out of order: \"type\" stands behind "
			"\"value\" (natural order; enforce_order is on)\n");
	assert_string_equal(values_of(&loaded, "a.example.test.", "A", text), "60 192.0.2.1");
	assert_string_equal(values_of(&loaded, "b.example.test.", "A", text), "60 192.0.2.2");
	assert_string_equal(values_of(&loaded, "c.example.test.", "A", text), "3600 192.0.2.3");
	assert_string_equal(values_of(&loaded, "d.example.test.", "A", text), "3600 192.0.2.4");
	assert_non_null(strstr(record->file, "/address"));
	assert_int_equal(record->line, 1);
	assert_true(loaded.zones->items[0].has_errors);
	free_loaded(&loaded);
}

static void
count_tells(void *context, const char *file, enum conf_unit unit, uint64_t done, uint64_t total)
{
	size_t *cnt = context;

	assert_non_null(strstr(file, "/example.test.yaml"));
	assert_int_equal(unit, CONF_UNIT_RECORDS);
	assert_true(done < total);
	(*cnt)++;
}

static void
test_progress_is_told(void **state)
{
	size_t cnt = 0;
	const struct conf_progress progress = { count_tells, &cnt };
	static const struct zone_file files[] = {
		{ "example.test.yaml", "'': {type: NS, value: ns1.example.test.}\n" },
		{ NULL, NULL }
	};
	struct cp_zones_options options = cp_zones_defaults();
	struct loaded loaded;

	(void)state;
	options.progress = &progress;
	loaded = load_files(files, &options);
	assert_int_equal(cnt, 1);
	free_loaded(&loaded);
}

/* What is no DNS can stay in the zone for its provider, and is judged as octoDNS does all the same. */
static void
test_withheld_redirect(void **state)
{
	struct loaded loaded = load_text(
			NS "www:\n  octodns: {excluded: [meridian]}\n  type: URLFWD\n"
			   "  value: {code: 301, masking: 2, path: /, query: 0, target: x}\n");

	(void)state;
	assert_string_equal(loaded.said,
			"example.test.yaml:3:3: warning: not served: octodns.ignored, excluded or "
			"included leaves it out\n");
	assert_null(record_at(&loaded, "www.example.test.", "URLFWD"));
	free_loaded(&loaded);
	loaded = load_text(NS "www:\n  octodns: {excluded: [meridian]}\n  type: URLFWD\n"
			      "  value: {masking: 2, path: /, query: 0, target: x}\n");
	assert_string_equal(loaded.said,
			"example.test.yaml:3:3: error: Invalid record \"www.example.test.\"\n"
			"  - missing code\n");
	free_loaded(&loaded);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_withheld_redirect),
		cmocka_unit_test(test_values_and_ttls),
		cmocka_unit_test(test_errors_and_their_places),
		cmocka_unit_test(test_included_files),
		cmocka_unit_test(test_progress_is_told),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_typed_names),
		cmocka_unit_test(test_lenient_records),
		cmocka_unit_test(test_withheld_records),
		cmocka_unit_test(test_plain_semicolons),
		cmocka_unit_test(test_soa),
		cmocka_unit_test(test_zones_within_zones),
		cmocka_unit_test(test_missing_directory),
		cmocka_unit_test(test_type_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
