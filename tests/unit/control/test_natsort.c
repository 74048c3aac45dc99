/* Against natsort itself: the lists below are in the order it gives them. */
#include <string.h>

#include "control/natsort.h"
#include "tests/unit/test.h"

static void
expect_sign(const char *a, const char *b, int sign)
{
	int order = cp_natural_compare(a, b);

	if ((order > 0) - (order < 0) != sign) {
		fail_msg("\"%s\" and \"%s\" compare as %d", a, b, order);
	}
}

static void
test_order_of_a_zone(void **state)
{
	static const char *const keys[] = { "", "1", "1a", "2", "10", "2001:db8", "*", "*.10",
		"*.a", "-x", "A", "B", "_a", "_dmarc", "a", "a1", "a1b2", "a1b10", "a2", "a10",
		"a-1", "a.1", "a.b", "aB", "a_b", "ab", "b", "protonmail2._domainkey",
		"protonmail._domainkey", "www", "www2", "www10" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
			expect_sign(keys[i], keys[k], (i > k) - (i < k));
		}
	}
}

static void
test_leading_zeros_are_equal(void **state)
{
	static const char *const equal[][2] = {
		{ "1", "01" },
		{ "1", "001" },
		{ "a1", "a01" },
		{ "a0", "a000" },
		{ "a01b2", "a1b02" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(equal); i++) {
		assert_int_equal(cp_natural_compare(equal[i][0], equal[i][1]), 0);
		assert_int_equal(cp_natural_compare(equal[i][1], equal[i][0]), 0);
	}
}

static void
test_numbers_of_any_size(void **state)
{
	(void)state;
	assert_true(cp_natural_compare("a99999999999999999999999", "a100000000000000000000000") <
			0);
	assert_true(cp_natural_compare("a00000000000000000000000002", "a10") < 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_of_a_zone),
		cmocka_unit_test(test_leading_zeros_are_equal),
		cmocka_unit_test(test_numbers_of_any_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
