/* Strings in order, numbers as people type them, hashes as they are shown. */
#include <stdlib.h>

#include "control/text.h"
#include "tests/unit/test.h"

static void
test_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t number; /* 0: it is none */
	} rows[] = {
		{ "1", 1 },
		{ "43", 43 },
		{ "18446744073709551615", UINT64_MAX },
		{ "18446744073709551616", 0 },
		{ "", 0 },
		{ "0", 0 },
		{ "043", 0 },
		{ "+43", 0 },
		{ "-1", 0 },
		{ " 43", 0 },
		{ "43 ", 0 },
		{ "43x", 0 },
		{ "0x2b", 0 },
		{ "4.3", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t number = 7;

		print_message("    \"%s\"\n", rows[i].text);
		assert_int_equal(can_cp_read_number(rows[i].text, &number), rows[i].number != 0);
		assert_int_equal(number, rows[i].number != 0 ? rows[i].number : 7);
	}
}

static void
test_order(void **state)
{
	const char *texts[] = { "b", "", "a", "B", "aa" };
	const char *const sorted[] = { "", "B", "a", "aa", "b" };

	(void)state;
	qsort(texts, ARRAY_LEN(texts), sizeof(texts[0]), cp_text_compare);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_string_equal(texts[i], sorted[i]);
	}
}

static void
test_hashes(void **state)
{
	char text[CP_HASH_TEXT_MAX];

	(void)state;
	cp_hash_text(0, text);
	assert_string_equal(text, "0000000000000000");
	cp_hash_text(UINT64_MAX - 0xf, text);
	assert_string_equal(text, "fffffffffffffff0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
