/* `geo` as the dynamic record it stands for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/control/zone_text.h"
#include "tests/unit/test.h"

#define NS    "'': {type: NS, value: ns.example.net.}\n"
#define CHECK "octodns: {healthcheck: {protocol: TCP}}, "
#define TOLD                                                                                    \
	"example.test.yaml:2:6: warning: \"geo\" is deprecated and gone in octoDNS 2.0: write " \
	"\"dynamic\" (told once a zone)\n"

/* Pools and rules, one a line. */
static char *
text_of(const struct cp_dynamic *dynamic)
{
	static const char *const statuses[] = { "obey", "up", "down" };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	for (uint32_t i = 0; dynamic != NULL && i < dynamic->pool_cnt; i++) {
		const struct cp_pool *pool = &dynamic->pools[i];

		(void)fprintf(out, "%s -> %d:", pool->name, pool->fallback);
		for (uint32_t k = 0; k < pool->value_cnt; k++) {
			(void)fprintf(out, " %s/%u/%s", pool->values[k].text,
					pool->values[k].weight, statuses[pool->values[k].status]);
		}
		(void)fputc('\n', out);
	}
	for (uint32_t i = 0; dynamic != NULL && i < dynamic->rule_cnt; i++) {
		const struct tbl_rule_input *rule = &dynamic->rules[i];

		(void)fprintf(out, "%s: %s\n", rule->geo_cnt > 0 ? rule->geos[0] : "else",
				dynamic->pools[rule->pool].name);
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
test_read(void **state)
{
	static const struct {
		const char *record;
		const char *dynamic;
		const char *said;
	} rows[] = {
		/* The most specific first, whatever the order in the file. */
		{ "www: {geo: {AF: [192.0.2.2, 192.0.2.3], NA-US: 192.0.2.4, NA-US-CA: "
		  "[192.0.2.5]}, " CHECK "type: A, values: [192.0.2.1, 192.0.2.9]}\n",
				"AF -> -1: 192.0.2.2/1/obey 192.0.2.3/1/obey\n"
				"NA-US -> -1: 192.0.2.4/1/obey\n"
				"NA-US-CA -> -1: 192.0.2.5/1/obey\n"
				"values -> -1: 192.0.2.1/1/up 192.0.2.9/1/up\n"
				"NA-US-CA: NA-US-CA\nNA-US: NA-US\nAF: AF\nelse: values\n",
				TOLD },
		{ "www: {geo: {EU: ['2001:db8::2']}, " CHECK "type: AAAA, value: '2001:db8::1'}\n",
				"EU -> -1: 2001:db8::2/1/obey\n"
				"values -> -1: 2001:db8::1/1/up\nEU: EU\nelse: values\n",
				TOLD },
		/* octoDNS accepts codes that are no places. */
		{ "www: {geo: {EU: [192.0.2.2], EU-UK: [192.0.2.3], eu: [192.0.2.4]}, " CHECK
		  "type: A, value: 192.0.2.1}\n",
				"EU -> -1: 192.0.2.2/1/obey\n"
				"values -> -1: 192.0.2.1/1/up\nEU: EU\nelse: values\n",
				TOLD
				"example.test.yaml:2:30: warning: geo \"EU-UK\" is no place in "
				"octoDNS's vocabulary: nobody gets its values\n"
				"example.test.yaml:2:50: warning: geo \"eu\" is no place in "
				"octoDNS's vocabulary: nobody gets its values\n" },
		{ "www: {geo: {XX: [192.0.2.2]}, " CHECK "type: A, value: 192.0.2.1}\n", "",
				TOLD "example.test.yaml:2:13: warning: geo \"XX\" is no place in "
				     "octoDNS's vocabulary: nobody gets its values\n" },
		{ "www: {geo: {}, " CHECK "type: A, value: 192.0.2.1}\n", "", TOLD },
		/* Told once a zone, and not for types that have no geo. */
		{ "w1: {geo: {EU: x}, type: TXT, value: x}\n"
		  "w2: {geo: {EU: [192.0.2.2]}, " CHECK "type: A, value: 192.0.2.1}\n"
		  "www: {geo: {EU: [192.0.2.2]}, " CHECK "type: A, value: 192.0.2.1}\n",
				"EU -> -1: 192.0.2.2/1/obey\n"
				"values -> -1: 192.0.2.1/1/up\nEU: EU\nelse: values\n",
				"example.test.yaml:3:5: warning: \"geo\" is deprecated and gone in "
				"octoDNS 2.0: write \"dynamic\" (told once a zone)\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char zone[1024];
		struct loaded loaded;
		const struct cp_record *record = NULL;
		char *text = NULL;

		assert_in_range(snprintf(zone, sizeof(zone), "%s%s", NS, rows[i].record), 1, 1023);
		loaded = load_text(zone);
		assert_string_equal(loaded.said, rows[i].said);
		record = record_at(&loaded, "www.example.test.", "A");
		record = record != NULL ? record : record_at(&loaded, "www.example.test.", "AAAA");
		assert_non_null(record);
		text = text_of(record->dynamic);
		assert_string_equal(text, rows[i].dynamic);
		free(text);
		free_loaded(&loaded);
	}
}

static void
test_refused(void **state)
{
#define INVALID "example.test.yaml:2:6: error: Invalid record \"www.example.test.\"\n"
	static const struct {
		const char *record;
		const char *said;
	} rows[] = {
		{ "www: {geo: {EUR: [x]}, type: A, value: 192.0.2.1}\n",
				TOLD INVALID "  - invalid geo \"EUR\"\n"
					     "  - invalid IPv4 address \"x\"\n" },
		{ "www: {geo: {NO: [192.0.2.2]}, type: A, value: 192.0.2.1}\n",
				TOLD INVALID "  - invalid geo \"False\"\n" },
		{ "www: {geo: {12: [192.0.2.2]}, type: A, value: 192.0.2.1}\n",
				TOLD INVALID "  - invalid geo \"12\"\n" },
		{ "www: {geo: {EU: []}, type: A, value: 192.0.2.1}\n",
				TOLD INVALID "  - missing value(s)\n" },
		{ "www: {geo: [EU], type: A, value: 192.0.2.1}\n",
				TOLD INVALID "  - geo must be a dict\n" },
		{ "www: {geo: {EU: [192.0.2.2]}, octodns: {healthcheck: {port: 0}}, type: A, "
		  "value: "
		  "192.0.2.1}\n",
				TOLD INVALID "  - invalid healthcheck port \"0\"\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char zone[1024];
		struct loaded loaded;

		assert_in_range(snprintf(zone, sizeof(zone), "%s%s", NS, rows[i].record), 1, 1023);
		loaded = load_text(zone);
		assert_string_equal(loaded.said, rows[i].said);
		assert_null(record_at(&loaded, "www.example.test.", "A"));
		free_loaded(&loaded);
	}
}

/* With `dynamic` beside it, octoDNS's reason; and where that is lenient, `dynamic` counts. */
static void
test_beside_dynamic(void **state)
{
#define BOTH(octodns)                                                                        \
	NS "www: {dynamic: {pools: {p: {values: [{status: up, value: 192.0.2.7}]}}, rules: " \
	   "[{pool: "                                                                        \
	   "p}]}, geo: {EU: [192.0.2.2]}, " octodns "type: A, value: 192.0.2.1}\n"
	struct loaded loaded = load_text(BOTH(""));
	char *text = NULL;

	(void)state;
	assert_string_equal(
			loaded.said, TOLD INVALID "  - \"dynamic\" record with \"geo\" content\n");
	free_loaded(&loaded);
	loaded = load_text(BOTH("octodns: {lenient: true}, "));
	text = text_of(record_at(&loaded, "www.example.test.", "A")->dynamic);
	assert_string_equal(text, "p -> -1: 192.0.2.7/1/up\nelse: p\n");
	free(text);
	free_loaded(&loaded);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_beside_dynamic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
