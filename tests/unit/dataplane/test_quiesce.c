/* rte_rcu_qsbr as the swap uses it, in a process without a DPDK environment. */
#include "dataplane/quiesce.h"
#include "tests/unit/test.h"

struct step {
	enum {
		JOIN,
		LEAVE,
		REPORT,
		OFFLINE,
		ONLINE,
		START,
	} what;
	unsigned int id;
	bool is_over; /* after the step, of the last grace period started */
};

static void
walk(const struct step *steps, size_t cnt)
{
	struct dp_quiesce *quiesce = NULL;
	struct dp_quiescence q;
	uint64_t token = 0;

	assert_int_equal(dp_quiesce_new(2, &quiesce), 0);
	q = dp_quiesce_callbacks(quiesce);
	for (size_t i = 0; i < cnt; i++) {
		switch (steps[i].what) {
		case JOIN:
			dp_quiesce_join(quiesce, steps[i].id);
			break;
		case LEAVE:
			dp_quiesce_leave(quiesce, steps[i].id);
			break;
		case REPORT:
			dp_quiesce_report(quiesce, steps[i].id);
			break;
		case OFFLINE:
			dp_quiesce_offline(quiesce, steps[i].id);
			break;
		case ONLINE:
			dp_quiesce_online(quiesce, steps[i].id);
			break;
		case START:
			token = q.start(q.arg);
			break;
		}
		if (token != 0 && q.is_over(q.arg, token) != steps[i].is_over) {
			fail_msg("step %zu: over is %d", i, !steps[i].is_over);
		}
	}
	dp_quiesce_free(quiesce);
}

static void
nobody_has_to_be_waited_for(void **state)
{
	static const struct step steps[] = { { START, 0, true } };

	(void)state;
	walk(steps, ARRAY_LEN(steps));
}

static void
every_online_worker_has_to_report(void **state)
{
	static const struct step steps[] = {
		{ JOIN, 0, false },
		{ JOIN, 1, false },
		{ START, 0, false },
		{ REPORT, 0, false },
		{ REPORT, 0, false },
		{ REPORT, 1, true },
		{ START, 0, false },
		{ REPORT, 1, false },
		{ REPORT, 0, true },
	};

	(void)state;
	walk(steps, ARRAY_LEN(steps));
}

static void
a_sleeping_worker_is_not_waited_for(void **state)
{
	static const struct step steps[] = {
		{ JOIN, 0, false },
		{ OFFLINE, 0, false },
		{ START, 0, true },
		{ ONLINE, 0, true },
		{ START, 0, false },
		{ OFFLINE, 0, true },
	};

	(void)state;
	walk(steps, ARRAY_LEN(steps));
}

static void
a_worker_that_has_left_is_not_waited_for(void **state)
{
	static const struct step steps[] = {
		{ JOIN, 1, false },
		{ START, 0, false },
		{ LEAVE, 1, true },
	};

	(void)state;
	walk(steps, ARRAY_LEN(steps));
}

static void
the_clock_is_steady(void **state)
{
	struct dp_quiesce *quiesce = NULL;
	struct dp_quiescence q;
	uint64_t before;

	(void)state;
	assert_int_equal(dp_quiesce_new(1, &quiesce), 0);
	q = dp_quiesce_callbacks(quiesce);
	before = q.now_ns(q.arg);
	assert_true(q.wait_a_moment(q.arg) > before);
	dp_quiesce_free(quiesce);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_has_to_be_waited_for),
		cmocka_unit_test(every_online_worker_has_to_report),
		cmocka_unit_test(a_sleeping_worker_is_not_waited_for),
		cmocka_unit_test(a_worker_that_has_left_is_not_waited_for),
		cmocka_unit_test(the_clock_is_steady),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
