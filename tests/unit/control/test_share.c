/* Exact counts of addresses and the words for parts of a whole. */
#include <stdint.h>

#include "control/share.h"
#include "tests/unit/test.h"

static void
test_prefixes_hold_so_many_addresses(void **state)
{
	static const struct {
		uint8_t family, bits;
		const char *text;
	} rows[] = {
		{ 4, 32, "1" },
		{ 4, 24, "256" },
		{ 4, 0, "4294967296" },
		{ 6, 128, "1" },
		{ 6, 98, "1073741824" },
		{ 6, 64, "18446744073709551616" },
		{ 6, 1, "170141183460469231731687303715884105728" },
		{ 6, 0, "340282366920938463463374607431768211456" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cp_count count = cp_count_prefix(rows[i].family, rows[i].bits);
		char text[CP_COUNT_TEXT_MAX];

		cp_count_text(&count, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void
test_sums_carry_and_differences_borrow(void **state)
{
	struct cp_count one = cp_count_prefix(6, 128);
	struct cp_count half = cp_count_prefix(6, 1);
	struct cp_count all = cp_count_prefix(6, 0);
	struct cp_count sum = half;
	char text[CP_COUNT_TEXT_MAX];

	(void)state;
	cp_count_take(&sum, &one);
	cp_count_text(&sum, text);
	assert_string_equal(text, "170141183460469231731687303715884105727");
	assert_true(cp_count_compare(&sum, &half) < 0);
	cp_count_add(&sum, &one);
	assert_int_equal(cp_count_compare(&sum, &half), 0);
	cp_count_add(&sum, &half);
	assert_int_equal(cp_count_compare(&sum, &all), 0);
	assert_true(cp_count_compare(&sum, &half) > 0);
	cp_count_take(&sum, &all);
	assert_true(is_cp_count_zero(&sum));
	cp_count_text(&sum, text);
	assert_string_equal(text, "0");
}

/* A billion is where one group of digits ends, and zeros within a number must stay. */
static void
test_zeros_within_a_number_are_written(void **state)
{
	static const struct {
		struct cp_count count;
		const char *text;
	} rows[] = {
		{ { { 999999999u } }, "999999999" },
		{ { { 1000000000u } }, "1000000000" },
		{ { { 1000000001u } }, "1000000001" },
		{ { { 0xa7640000u, 0x0de0b6b3u } }, "1000000000000000000" },
		{ { { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX } },
				"1461501637330902918203684832716283019655932542975" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[CP_COUNT_TEXT_MAX];

		cp_count_text(&rows[i].count, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void
test_per_cent_never_rounds_to_none_or_all(void **state)
{
	static const struct {
		struct cp_count part, whole;
		const char *text;
	} rows[] = {
		{ { { 0 } }, { { 0 } }, "0 %" },
		{ { { 0 } }, { { 7 } }, "0 %" },
		{ { { 7 } }, { { 7 } }, "100 %" },
		{ { { 1 } }, { { 8 } }, "12.5 %" },
		{ { { 1 } }, { { 3 } }, "33.33 %" },
		{ { { 3 } }, { { 2000000 } }, "0.00015 %" },
		{ { { 1 } }, { { 1000001 } }, "under 0.0001 %" },
		{ { { 9999 } }, { { 10000 } }, "99.99 %" },
		{ { { 99995 } }, { { 100000 } }, "over 99.99 %" },
		{ { { UINT32_MAX } }, { { 0, 1 } }, "over 99.99 %" },
		{ { { 1 } }, { { 0, 0, 0, 0, 1 } }, "under 0.0001 %" },
		{ { { 0, 0, 0, 0, 1 } }, { { 0, 0, 0, 0, 4 } }, "25 %" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[CP_PERCENT_TEXT_MAX];

		cp_count_percent(&rows[i].part, &rows[i].whole, text);
		assert_string_equal(text, rows[i].text);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefixes_hold_so_many_addresses),
		cmocka_unit_test(test_sums_carry_and_differences_borrow),
		cmocka_unit_test(test_zeros_within_a_number_are_written),
		cmocka_unit_test(test_per_cent_never_rounds_to_none_or_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
