/* A dump leaves nothing out: counts agree with the header, both forms tell the same. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/dump.h"
#include "control/json_read.h"
#include "tests/unit/table/sample.h"
#include "tests/unit/test.h"

static char *
dump(const struct tbl_view *view, bool is_json)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(cp_dump(view, is_json, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
test_json_has_every_item(void **state)
{
	static const struct {
		const char *part;
		enum tbl_section_kind section;
	} rows[] = {
		{ "zones", TBL_SECTION_ZONES },
		{ "names", TBL_SECTION_NODES },
		{ "dynamic_records", TBL_SECTION_DYNS },
		{ "rule_sets", TBL_SECTION_RULESETS },
		{ "targets", TBL_SECTION_TARGETS },
		{ "locations", TBL_SECTION_LEAVES },
	};
	size_t size;
	void *image = sample_everything(&size);
	struct tbl_view view;
	const json_t *geo;
	json_t *json;
	char *text;

	(void)state;
	tbl_view_init(&view, image, NULL);
	text = dump(&view, true);
	json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(json_array_size(json_object_get(json, rows[i].part)),
				view.header->sections[rows[i].section].cnt);
	}
	assert_int_equal(json_array_size(json_object_get(json, "selection_slots")),
			view.select->slot_cnt);
	assert_int_equal(json_array_size(json_object_get(json, "selection_sets")),
			view.select->set_cnt);
	assert_int_equal(cp_json_number(json_object_get(json, "header"), "generation"),
			SAMPLE_GENERATION);
	geo = json_object_get(json_object_get(json, "header"), "geo");
	assert_string_equal(cp_json_text(geo, "description"), "sample.mmdb");
	assert_int_equal(cp_json_number(geo, "built_unix_s"), SAMPLE_GEO_BUILT_UNIX_S);
	assert_string_equal(cp_json_text(geo, "places"), "EU-DE EU-FR NA-CA NA-US");
	json_decref(json);
	free(text);
	free(image);
}

/* Every RRset of every name is there as records, or as a reference to a dynamic record. */
static void
test_every_rrset_is_decoded(void **state)
{
	size_t size;
	void *image = sample_everything(&size);
	struct tbl_view view;
	json_t *json;
	char *text;
	size_t rrset_cnt = 0;

	(void)state;
	tbl_view_init(&view, image, NULL);
	text = dump(&view, true);
	json = json_loads(text, 0, NULL);
	for (size_t i = 0; i < cp_json_count(json, "names"); i++) {
		const json_t *name = cp_json_item(json, "names", i);

		for (size_t j = 0; j < cp_json_count(name, "rrsets"); j++) {
			const json_t *rrset = cp_json_item(name, "rrsets", j);
			bool is_dynamic = json_object_get(rrset, "dynamic_record") != NULL;

			assert_true(is_dynamic ||
					json_array_size(json_object_get(rrset, "records")) > 0);
			rrset_cnt++;
		}
	}
	assert_int_equal(rrset_cnt, view.header->sections[TBL_SECTION_RRSETS].cnt);
	json_decref(json);
	free(text);
	free(image);
}

/* The locations of a dump cover each address family once, in order, without a gap: every one is
 * found by looking up its own first address. */
static void
test_locations_are_where_the_table_has_them(void **state)
{
	size_t size;
	void *image = sample_everything(&size);
	struct tbl_view view;
	json_t *json;
	char *text;

	(void)state;
	tbl_view_init(&view, image, NULL);
	text = dump(&view, true);
	json = json_loads(text, 0, NULL);
	for (size_t i = 0; i < cp_json_count(json, "locations"); i++) {
		const json_t *location = cp_json_item(json, "locations", i);
		char prefix[64];
		struct tbl_addr addr;

		(void)snprintf(prefix, sizeof(prefix), "%s", cp_json_text(location, "prefix"));
		*strchr(prefix, '/') = '\0';
		addr = sample_addr(prefix);
		assert_int_equal(tbl_locate(&view, &addr), i);
	}
	json_decref(json);
	free(text);
	free(image);
}

static void
test_text_tells_the_same(void **state)
{
	static const char *const lines[] = {
		"generation 7",
		"\nzones: 3\n",
		"example. 300 IN NS ",
		"bare.example.  apex is node ",
		", client subnets do not count; says no with\n",
		", delegation",
		", wildcard",
		", empty\n",
		"glue ",
		"dynamic record 0\n",
		"pool zero, fallback one\n",
		"rule 1 -> pool number 0: NA\n",
		"  target 0  probe ",
		"  location 0  0.0.0.0/",
		"  slot 0  set ",
		"pool zero (",
	};
	size_t size;
	void *image = sample_everything(&size);
	struct tbl_view view;
	char *text;

	(void)state;
	tbl_view_init(&view, image, NULL);
	text = dump(&view, false);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		if (strstr(text, lines[i]) == NULL) {
			fail_msg("\"%s\" is not in\n%s", lines[i], text);
		}
	}
	free(text);
	free(image);
}

static void
test_a_full_disk_is_told(void **state)
{
	size_t size;
	void *image = sample_everything(&size);
	struct tbl_view view;
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(out);
	(void)setvbuf(out, NULL, _IONBF, 0);
	tbl_view_init(&view, image, NULL);
	assert_true(cp_dump(&view, false, out) < 0);
	assert_true(cp_dump(&view, true, out) < 0);
	(void)fclose(out);
	free(image);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_has_every_item),
		cmocka_unit_test(test_every_rrset_is_decoded),
		cmocka_unit_test(test_locations_are_where_the_table_has_them),
		cmocka_unit_test(test_text_tells_the_same),
		cmocka_unit_test(test_a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
