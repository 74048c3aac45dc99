#include <string.h>

#include "conf/yaml.h"
#include "control/reasons.h"
#include "tests/unit/test.h"

static void
test_list(void **state)
{
	struct cp_reasons reasons = { 0 };

	(void)state;
	assert_string_equal(cp_reasons_body(&reasons), "");
	cp_reason_add(&reasons, CP_LENIENT, "one %d", 1);
	assert_false(reasons.is_fatal);
	cp_reason_add(&reasons, CP_FATAL, "two");
	cp_reason_add(&reasons, CP_LENIENT, "three");
	assert_true(reasons.is_fatal);
	assert_int_equal(reasons.cnt, 3);
	assert_string_equal(cp_reasons_body(&reasons), "\n  - one 1\n  - two\n  - three");
	cp_reasons_free(&reasons);
	assert_int_equal(reasons.cnt, 0);
}

/* As many reasons as a hostile record has: all of them count, and a message's worth is kept. */
static void
test_text_is_bounded(void **state)
{
	struct cp_reasons reasons = { 0 };

	(void)state;
	assert_false(is_cp_reasons_full(&reasons));
	for (size_t i = 0; i < 1000000; i++) {
		cp_reason_add(&reasons, i == 999999 ? CP_FATAL : CP_LENIENT, "reason %zu", i);
	}
	assert_int_equal(reasons.cnt, 1000000);
	assert_true(is_cp_reasons_full(&reasons));
	assert_true(reasons.is_fatal);
	assert_in_range(strlen(cp_reasons_body(&reasons)), CONF_MESSAGE_BYTES_MAX,
			CONF_MESSAGE_BYTES_MAX + 100);
	cp_reasons_free(&reasons);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_text_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
