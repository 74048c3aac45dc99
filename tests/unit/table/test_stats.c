#include <string.h>

#include "table/stats.h"

#include "tests/unit/test.h"

static void
verdicts_have_names(void **state)
{
	(void)state;
	assert_string_equal(tbl_verdict_name(TBL_VERDICT_ANSWER_NOERROR), "noerror");
	assert_string_equal(tbl_verdict_name(TBL_VERDICT_DROP_TX_FULL), "drop_tx_full");
	assert_string_equal(tbl_verdict_name(TBL_VERDICT_DROP_TX_ERROR), "drop_tx_error");
	assert_string_equal(tbl_verdict_name(TBL_VERDICT_DROP_OVERSIZE), "drop_oversize");
	assert_string_equal(tbl_verdict_name(TBL_VERDICT_CNT), "?");
	assert_string_equal(tbl_verdict_text(UINT32_MAX), "?");
	for (unsigned int v = 0; v < TBL_VERDICT_CNT; v++) {
		assert_true(strlen(tbl_verdict_text(v)) > 1);
		for (unsigned int other = 0; other < v; other++) {
			assert_string_not_equal(tbl_verdict_name(v), tbl_verdict_name(other));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_have_names),
	};

	return cmocka_run_group_tests_name("table/stats", tests, NULL, NULL);
}
