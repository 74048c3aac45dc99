/* The brakes between health and answers: share of healthy targets, targets a minute. */
#include <string.h>

#include "control/brake.h"
#include "tests/unit/test.h"

#define TARGETS_MAX 8u

/* One pass: what was measured and what may be answered, a character a target ('+' up, '-' down). */
struct pass {
	uint64_t now_ms;
	const char *measured;
	const char *answered;
	bool is_panicking;
	size_t held_cnt;
};

static void
run_passes(const struct cp_brake_limits *limits, const struct pass *passes, size_t pass_cnt)
{
	size_t was_index[TARGETS_MAX];
	struct cp_brake brake;

	cp_brake_init(&brake, limits);
	memset(was_index, 0xff, sizeof(was_index));
	assert_int_equal(cp_brake_resize(&brake, strlen(passes[0].measured), was_index), 0);
	for (size_t i = 0; i < pass_cnt; i++) {
		bool is_up[TARGETS_MAX];
		char answered[TARGETS_MAX + 1] = { 0 };
		size_t cnt = strlen(passes[i].measured);

		for (size_t t = 0; t < cnt; t++) {
			is_up[t] = passes[i].measured[t] == '+';
		}
		cp_brake_pass(&brake, passes[i].now_ms, is_up);
		for (size_t t = 0; t < cnt; t++) {
			answered[t] = is_up[t] ? '+' : '-';
		}
		assert_string_equal(answered, passes[i].answered);
		assert_int_equal(brake.is_panicking, passes[i].is_panicking);
		assert_int_equal(brake.held_cnt, passes[i].held_cnt);
	}
	cp_brake_done(&brake);
}

static void
test_half_up_is_believed_and_fewer_is_not(void **state)
{
	static const struct pass passes[] = {
		{ 100000, "++++", "++++", false, 0 },
		{ 101000, "--++", "--++", false, 0 }, /* exactly half */
		{ 102000, "---+", "++++", true, 0 },
		{ 103000, "----", "++++", true, 0 },
		{ 104000, "--++", "--++", false, 0 },
		{ 105000, "++++", "++++", false, 0 },
	};
	static const struct cp_brake_limits limits = { .min_up_percent = 50 };

	(void)state;
	run_passes(&limits, passes, sizeof(passes) / sizeof(passes[0]));
}

static void
test_zero_percent_never_panics(void **state)
{
	static const struct pass passes[] = { { 100000, "----", "----", false, 0 } };
	static const struct cp_brake_limits limits = { .min_up_percent = 0 };

	(void)state;
	run_passes(&limits, passes, 1);
}

static void
test_so_many_a_minute_and_no_more(void **state)
{
	static const struct pass passes[] = {
		{ 100000, "---+++++", "--++++++", false, 1 },
		{ 130000, "---+++++", "--++++++", false, 1 }, /* the same minute */
		{ 159999, "---+++++", "--++++++", false, 1 },
		{ 160000, "---+++++", "---+++++", false, 0 }, /* the next one */
		{ 160001, "+++++++-", "+++++++-", false, 0 }, /* coming back is free */
		{ 160002, "-++++++-", "+++++++-", false, 1 },
	};
	static const struct cp_brake_limits limits = { .min_up_percent = 50,
		.max_down_per_min = 2 };

	(void)state;
	run_passes(&limits, passes, sizeof(passes) / sizeof(passes[0]));
}

static void
test_a_new_table_forgets_nothing(void **state)
{
	static const struct cp_brake_limits limits = { .max_down_per_min = 1 };
	size_t was_index[3] = { SIZE_MAX, SIZE_MAX, SIZE_MAX };
	bool is_up[3] = { false, true, true };
	struct cp_brake brake;

	(void)state;
	cp_brake_init(&brake, &limits);
	assert_int_equal(cp_brake_resize(&brake, 3, was_index), 0);
	cp_brake_pass(&brake, 100000, is_up);
	assert_false(is_up[0]);

	/* Target 0 is number 2 now. The minute's share is used up, yet it stays out of service. */
	was_index[2] = 0;
	was_index[0] = 1;
	was_index[1] = SIZE_MAX;
	assert_int_equal(cp_brake_resize(&brake, 3, was_index), 0);
	is_up[0] = false;
	is_up[1] = true;
	is_up[2] = false;
	cp_brake_pass(&brake, 100001, is_up);
	assert_true(is_up[0]);
	assert_false(is_up[2]);
	assert_int_equal(brake.held_cnt, 1);
	cp_brake_done(&brake);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_half_up_is_believed_and_fewer_is_not),
		cmocka_unit_test(test_zero_percent_never_panics),
		cmocka_unit_test(test_so_many_a_minute_and_no_more),
		cmocka_unit_test(test_a_new_table_forgets_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
