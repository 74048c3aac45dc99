#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/progress.h"
#include "tests/unit/test.h"

static void
test_texts(void **state)
{
	static const struct {
		const char *file;
		enum conf_unit unit;
		uint64_t done, total;
		const char *text;
	} rows[] = {
		{ "zones/example.com.yaml", CONF_UNIT_BYTES, 45, 100,
				"reading example.com.yaml: 45 %" },
		{ "example.com.yaml", CONF_UNIT_BYTES, 0, 0, "reading example.com.yaml: 0 %" },
		{ "/z/e.yaml", CONF_UNIT_RECORDS, 400000, 1000000,
				"reading e.yaml: 400,000 of 1,000,000 names" },
		{ "e.yaml", CONF_UNIT_RECORDS, 0, 999, "reading e.yaml: 0 of 999 names" },
		{ "a-name-that-is-much-longer-than-thirty-characters.example.yaml",
				CONF_UNIT_RECORDS, 1000, 12345678,
				"reading a-name-that-is-much-longer-tha: 1,000 of 12,345,678 "
				"names" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[CP_PROGRESS_TEXT_MAX];

		cp_progress_text(rows[i].file, rows[i].unit, rows[i].done, rows[i].total, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void
test_line_comes_late_and_goes(void **state)
{
	struct cp_progress progress;
	char *written = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&written, &size);

	(void)state;
	assert_non_null(out);
	cp_progress_begin(&progress, out, 5000);
	cp_progress_tell(&progress, 5000, "never");
	cp_progress_tell(&progress, 5999, "never");
	cp_progress_end(&progress); /* nothing to wipe */
	cp_progress_tell(&progress, 6000, "a");
	cp_progress_tell(&progress, 6099, "never");
	cp_progress_tell(&progress, 6100, "b");
	cp_progress_end(&progress);
	cp_progress_end(&progress);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(written, "\ra\033[K\rb\033[K\r\033[K");
	free(written);
}

static void
test_nobody_looks(void **state)
{
	struct cp_progress progress;

	(void)state;
	cp_progress_begin(&progress, NULL, 0);
	cp_progress_tell(&progress, 100000, "never");
	cp_progress_end(&progress);
	assert_false(progress.is_shown);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_line_comes_late_and_goes),
		cmocka_unit_test(test_nobody_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
