/* Pulses as rows: is the grace period over at this one, and is all well. */
#include "dataplane/watchdog.h"
#include "tests/unit/test.h"

struct worker {
	bool is_quiescent;
	uint64_t start_cnt;
};

static uint64_t
start(void *arg)
{
	return ++((struct worker *)arg)->start_cnt;
}

static bool
is_over(void *arg, uint64_t token)
{
	const struct worker *worker = arg;

	assert_int_equal(token, worker->start_cnt); /* always the last one begun */
	return worker->is_quiescent;
}

static void
pulse(struct dp_watchdog *watchdog, struct worker *worker, bool is_quiescent, bool is_calm)
{
	worker->is_quiescent = is_quiescent;
	assert_int_equal(is_dp_watchdog_calm(watchdog), is_calm);
}

static void
workers_that_come_round_are_never_suspected(void **state)
{
	struct worker worker = { 0 };
	const struct dp_quiescence quiescence = {
		.arg = &worker, .start = start, .is_over = is_over
	};
	struct dp_watchdog watchdog;

	(void)state;
	dp_watchdog_init(&watchdog, &quiescence);
	for (int i = 0; i < 100; i++) {
		pulse(&watchdog, &worker, true, true);
	}
	assert_int_equal(worker.start_cnt, 100);
}

static void
a_worker_that_is_only_slow_starts_afresh(void **state)
{
	struct worker worker = { 0 };
	const struct dp_quiescence quiescence = {
		.arg = &worker, .start = start, .is_over = is_over
	};
	struct dp_watchdog watchdog;

	(void)state;
	dp_watchdog_init(&watchdog, &quiescence);
	pulse(&watchdog, &worker, false, true); /* begins the first */
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 1; i < DP_WATCHDOG_PULSES_MAX; i++) {
			pulse(&watchdog, &worker, false, true);
		}
		pulse(&watchdog, &worker, true, true);
	}
}

static void
a_worker_that_hangs_is_found_in_time(void **state)
{
	struct worker worker = { 0 };
	const struct dp_quiescence quiescence = {
		.arg = &worker, .start = start, .is_over = is_over
	};
	struct dp_watchdog watchdog;

	(void)state;
	dp_watchdog_init(&watchdog, &quiescence);
	pulse(&watchdog, &worker, false, true);
	for (unsigned int i = 1; i < DP_WATCHDOG_PULSES_MAX; i++) {
		pulse(&watchdog, &worker, false, true);
	}
	pulse(&watchdog, &worker, false, false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_that_come_round_are_never_suspected),
		cmocka_unit_test(a_worker_that_is_only_slow_starts_afresh),
		cmocka_unit_test(a_worker_that_hangs_is_found_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
