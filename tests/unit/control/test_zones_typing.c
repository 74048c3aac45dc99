/* What YAML 1.1 makes of names and values, which octoDNS follows: every line of its dialect. */
#include <stdio.h>
#include <string.h>

#include "control/zones.h"
#include "tests/unit/control/zone_text.h"
#include "tests/unit/test.h"

#define NS "'': {type: NS, value: ns1.example.test.}\n"

/* Names are str() of the key, lower-cased. */
static void
test_names(void **state)
{
	static const struct {
		const char *key;  /* as the file has it */
		const char *name; /* as octoDNS has it */
		const char *said; /* what the warning calls it; NULL: none */
	} rows[] = {
		{ "no", "false", "false" },
		{ "No", "false", "false" },
		{ "on", "true", "true" },
		{ "yes", "true", "true" },
		{ "false", "false", "false" },
		{ "True", "true", NULL },
		{ "y", "y", NULL },
		{ "~", "none", "none" },
		{ "null", "none", "none" },
		{ "010", "8", "8" },
		{ "0x1f", "31", "31" },
		{ "0b11", "3", "3" },
		{ "1:30", "90", "90" },
		{ "1_000", "1000", "1000" },
		{ "1", "1", NULL },
		{ "1.5", "1.5", NULL },
		{ "1.50", "1.5", "1.5" },
		{ "08", "08", NULL },
		{ "2024-12-14", "2024-12-14", NULL },
		{ "'no'", "no", NULL },
		{ "\"010\"", "010", NULL },
		{ "!!str 010", "010", NULL },
		{ "Www", "www", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[128];
		char fqdn[64];
		char said[256] = "";
		char values[1024];
		struct loaded loaded;

		(void)snprintf(text, sizeof(text), NS "? %s\n: {type: A, value: 192.0.2.1}\n",
				rows[i].key);
		(void)snprintf(fqdn, sizeof(fqdn), "%s.example.test.", rows[i].name);
		if (rows[i].said != NULL) {
			(void)snprintf(said, sizeof(said),
					"example.test.yaml:2:3: warning: name %s is read as "
					"\"%s\": put quotes around it if that is not meant\n",
					rows[i].key, rows[i].said);
		}
		loaded = load_text(text);
		assert_string_equal(loaded.said, said);
		assert_string_equal(values_of(&loaded, fqdn, "A", values), "3600 192.0.2.1");
		free_loaded(&loaded);
	}
}

static void
test_times_to_live(void **state)
{
	static const struct {
		const char *ttl, *values, *said;
	} rows[] = {
		{ "60", "60 192.0.2.1", "" },
		{ "\"60\"", "60 192.0.2.1", "" },
		{ "1_000", "1000 192.0.2.1", "" },
		{ "0", "0 192.0.2.1", "" },
		{ "60.9", "60 192.0.2.1", "warning: ttl 60.9 is read as 60\n" },
		{ "yes", "1 192.0.2.1", "warning: ttl yes is read as 1\n" },
		{ "0100", "64 192.0.2.1",
				"warning: 0100 is read as the number 64: write that, or put "
				"quotes around it\n" },
		{ "0x3c", "60 192.0.2.1",
				"warning: 0x3c is read as the number 60: write that, or put "
				"quotes around it\n" },
		{ "1:00:00", "3600 192.0.2.1",
				"warning: 1:00:00 is read as the number 3600: write that, or put "
				"quotes around it\n" },
		{ "~", "none", "invalid ttl" },
		{ "1h", "none", "invalid ttl" },
		{ "-1", "none", "invalid ttl" },
		{ "99999999999", "none", "invalid ttl" },
		{ "2024-12-14", "none", "invalid ttl" },
		{ "[60]", "none", "invalid ttl" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[128];
		char said[256] = "";
		char values[1024];
		struct loaded loaded;
		bool is_refused = strcmp(rows[i].values, "none") == 0;

		(void)snprintf(text, sizeof(text), NS "a: {ttl: %s, type: A, value: 192.0.2.1}\n",
				rows[i].ttl);
		if (rows[i].said[0] != '\0') {
			(void)snprintf(said, sizeof(said), "example.test.yaml:2:%s%s%s%s",
					is_refused ? "4: error: Invalid record "
						     "\"a.example.test.\"\n  - "
						   : "10: ",
					rows[i].said, is_refused ? "\n" : "", "");
		}
		loaded = load_text(text);
		assert_string_equal(loaded.said, said);
		assert_string_equal(
				values_of(&loaded, "a.example.test.", "A", values), rows[i].values);
		free_loaded(&loaded);
	}
}

/* Values that YAML takes for something else than text. */
static void
test_values(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ "{type: A, value: 1}", "invalid IPv4 address \"1\"" },
		{ "{type: A, value: 1.5}", "invalid IPv4 address \"1.5\"" },
		{ "{type: A, value: no}", "invalid IPv4 address \"False\"" },
		{ "{type: A, value: ~}", "missing value(s)" },
		{ "{type: A, value: ''}", "empty value" },
		{ "{type: TXT, value: 5}", "TXT value must be text: put quotes around 5" },
		{ "{type: TXT, value: 1.5}", "TXT value must be text: put quotes around 1.5" },
		{ "{type: TXT, value: yes}", "TXT value must be text: put quotes around yes" },
		{ "{type: TXT, value: 2024-12-14}",
				"TXT value must be text: put quotes around 2024-12-14" },
		{ "{geo: {NO: [192.0.2.2]}, type: A, value: 192.0.2.1}", "invalid geo \"False\"" },
		{ "{dynamic: {pools: {p: {values: [{value: 192.0.2.1}]}}, rules: [{geos: [NO], "
		  "pool: p}, {pool: p}]}, type: A, value: 192.0.2.1}",
				"rule 1 geo NO is no text but False: put quotes around it" },
		{ "{dynamic: {pools: {p: {values: [{value: 192.0.2.1}]}}, rules: [{geos: ['NO'], "
		  "pool: p}, {pool: p}]}, type: A, value: 192.0.2.1}",
				"rule 1 unknown continent code \"NO\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[256];
		char reason[128];
		struct loaded loaded;

		(void)snprintf(text, sizeof(text), NS "a: %s\n", rows[i].text);
		(void)snprintf(reason, sizeof(reason),
				"example.test.yaml:2:4: error: Invalid record "
				"\"a.example.test.\"\n  - %s\n",
				rows[i].said);
		loaded = load_text(text);
		if (strstr(loaded.said, reason) == NULL) {
			fail_msg("%s: %s", rows[i].text, loaded.said);
		}
		assert_true(loaded.zones->items[0].has_errors);
		free_loaded(&loaded);
	}
}

/* Keys are in order by what YAML reads: octoDNS sorts what its loader made of them. */
static void
test_order(void **state)
{
	static const struct {
		const char *first, *second;
		bool is_good;
	} rows[] = {
		{ "~", "no", true },
		{ "no", "yes", true },
		{ "yes", "no", false },
		{ "yes", "2", true },
		{ "no", "m", true },
		{ "m", "no", false },
		{ "m", "'no'", true },
		{ "9", "010", false },
		{ "7", "010", true },
		{ "9", "'010'", true },
		{ "90", "1:31", true },
		{ "92", "1:31", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[256];
		struct loaded loaded;

		(void)snprintf(text, sizeof(text),
				"? %s\n: {type: A, value: 192.0.2.1}\n"
				"? %s\n: {type: A, value: 192.0.2.1}\n",
				rows[i].first, rows[i].second);
		loaded = load_text(text);
		if ((strstr(loaded.said, "keys out of order") == NULL) != rows[i].is_good) {
			fail_msg("%s, %s: %s", rows[i].first, rows[i].second, loaded.said);
		}
		free_loaded(&loaded);
	}
}

/* The rest of the dialect: what octoDNS reads without a word. */
static void
test_forms(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ "a: &a {type: A, value: 192.0.2.1}\nb: *a\n", "" },
		{ "a: &a {type: A, value: 192.0.2.1}\nb: {<<: *a, comment: hello}\n", NULL },
		{ "? a\n: {type: A, value: 192.0.2.1}\nb: {type: A, value: !!str 192.0.2.1}\n",
				"" },
		{ "a: {type: A, value: 192.0.2.1}\r\nb:\r\n  type: A\r\n  value: "
		  "192.0.2.1\r\n",
				"" },
		{ "a: {type: A, value: 192.0.2.1}\nb:\n  type: A\n  value: |-\n    192.0.2.1\n",
				"" },
		{ "a: {type: A, value: 192.0.2.1}\nb:\n  type: A\n  values: >-\n    "
		  "192.0.2.1\n",
				"" },
		{ "a: {type: A, value: 192.0.2.1}\nb: {\"type\": 'A', \"value\": "
		  "\"192.0.2.1\"}\n",
				"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[256];
		char values[1024];
		struct loaded loaded;

		(void)snprintf(text, sizeof(text), "%s" NS "%s", i % 2 == 0 ? "\xef\xbb\xbf" : "",
				rows[i].text);
		loaded = load_text(text);
		if (rows[i].said != NULL) {
			assert_string_equal(loaded.said, rows[i].said);
		}
		assert_string_equal(values_of(&loaded, "a.example.test.", "A", values),
				"3600 192.0.2.1");
		assert_string_equal(values_of(&loaded, "b.example.test.", "A", values),
				"3600 192.0.2.1");
		free_loaded(&loaded);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_times_to_live),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
