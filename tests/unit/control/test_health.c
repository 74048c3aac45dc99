/* Health as a state machine: what each run of results makes of a target. */
#include <string.h>

#include "control/health.h"
#include "tests/unit/test.h"

/* A run of results ('+' success, '-' failure) and the state after each ('?' unknown, 'U', 'D'). */
struct run {
	const char *name;
	uint32_t fall, rise;
	enum cp_health_state from;
	const char *results;
	const char *states;
	const char *changes; /* '.' same, 'l' learned, 'u' went up, 'd' went down */
};

static const struct run runs[] = {
	{ "the first success makes unknown up", 3, 2, CP_HEALTH_UNKNOWN, "++", "UU", "l." },
	{ "unknown is not down before fall failures", 3, 2, CP_HEALTH_UNKNOWN, "---", "??D",
			"..d" },
	{ "failures must be in a row", 3, 2, CP_HEALTH_UP, "--+--+--", "UUUUUUUU", "........" },
	{ "fall failures in a row take it down", 3, 2, CP_HEALTH_UP, "---", "UUD", "..d" },
	{ "rise successes in a row bring it back", 3, 2, CP_HEALTH_DOWN, "+-++", "DDDU", "...u" },
	{ "fall 1 and rise 1 follow each result", 1, 1, CP_HEALTH_UP, "-+-+", "DUDU", "dudu" },
	{ "a limit of 0 counts as 1", 0, 0, CP_HEALTH_UP, "-+", "DU", "du" },
	{ "restored down stays down until it is proven up", 2, 3, CP_HEALTH_DOWN, "++", "DD",
			".." },
	{ "down stays down", 2, 2, CP_HEALTH_DOWN, "----", "DDDD", "...." },
};

static char
state_letter(enum cp_health_state state)
{
	static const char letters[] = {
		[CP_HEALTH_UNKNOWN] = '?', [CP_HEALTH_UP] = 'U', [CP_HEALTH_DOWN] = 'D'
	};

	return letters[state];
}

static void
test_runs(void **state)
{
	static const char change_letters[] = { '.', 'l', 'u', 'd' };

	(void)state;
	for (size_t r = 0; r < ARRAY_LEN(runs); r++) {
		const struct run *run = &runs[r];
		struct cp_health_limits limits = { .fall = run->fall, .rise = run->rise };
		struct cp_health health = { .state = run->from };
		char states[16] = { 0 };
		char changes[16] = { 0 };

		for (size_t i = 0; run->results[i] != '\0'; i++) {
			struct cp_probe_result result = {
				.is_ok = run->results[i] == '+',
				.reason = "refused",
			};
			enum cp_health_change change =
					cp_health_note(&health, &limits, &result, 1000 + i);

			states[i] = state_letter(health.state);
			changes[i] = change_letters[change];
			assert_int_equal(health.checked_ms, 1000 + i);
			if (change != CP_HEALTH_SAME) {
				assert_int_equal(health.changed_ms, 1000 + i);
			}
		}
		print_message("    %s\n", run->name);
		assert_string_equal(states, run->states);
		assert_string_equal(changes, run->changes);
	}
}

static void
test_counts_and_reasons(void **state)
{
	static const struct cp_health_limits limits = { .fall = 3, .rise = 2 };
	struct cp_health health = { 0 };
	struct cp_probe_result good = { .is_ok = true, .took_us = 120 };
	struct cp_probe_result bad = { .reason = "connect: Connection refused", .took_us = 40 };
	struct cp_probe_result mute = { 0 };

	(void)state;
	cp_health_note(&health, &limits, &bad, 5);
	assert_string_equal(health.reason, "connect: Connection refused");
	assert_int_equal(health.took_us, 40);
	assert_int_equal(health.fail_cnt, 1);
	cp_health_note(&health, &limits, &good, 6);
	assert_string_equal(health.reason, "");
	assert_int_equal(health.ok_cnt, 1);
	assert_true(is_cp_health_up(&health));
	cp_health_note(&health, &limits, &mute, 7);
	assert_string_equal(health.reason, "failed");
	assert_int_equal(health.streak, 1);
}

static void
test_long_streak_does_not_wrap(void **state)
{
	static const struct cp_health_limits limits = { .fall = 2, .rise = 2 };
	struct cp_health health = {
		.state = CP_HEALTH_UP,
		.streak = UINT32_MAX,
		.is_last_ok = true,
	};
	struct cp_probe_result good = { .is_ok = true };

	(void)state;
	assert_int_equal(cp_health_note(&health, &limits, &good, 1), CP_HEALTH_SAME);
	assert_int_equal(health.streak, UINT32_MAX);
	assert_int_equal(health.state, CP_HEALTH_UP);
}

static void
test_only_down_is_not_answered(void **state)
{
	static const struct {
		enum cp_health_state state;
		bool is_up;
		const char *name;
	} rows[] = {
		{ CP_HEALTH_UNKNOWN, true, "unknown" },
		{ CP_HEALTH_UP, true, "up" },
		{ CP_HEALTH_DOWN, false, "down" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cp_health health = { .state = rows[i].state };

		assert_int_equal(is_cp_health_up(&health), rows[i].is_up);
		assert_string_equal(cp_health_state_name(rows[i].state), rows[i].name);
		assert_int_equal(cp_health_state_from_name(rows[i].name), rows[i].state);
	}
	assert_int_equal(cp_health_state_from_name("sideways"), CP_HEALTH_UNKNOWN);
}

static void
test_delay_is_spread(void **state)
{
	static const struct {
		uint32_t interval_ms;
		bool is_first;
		uint32_t random;
		uint32_t delay_ms;
	} rows[] = {
		{ 10000, true, 0, 0 },
		{ 10000, true, 0x80000000u, 5000 },
		{ 10000, true, UINT32_MAX, 9999 },
		{ 10000, false, 0, 9500 },
		{ 10000, false, 0x80000000u, 10000 },
		{ 10000, false, UINT32_MAX, 10499 },
		{ 1, false, UINT32_MAX, 1 },
		{ UINT32_MAX, true, UINT32_MAX, UINT32_MAX - 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(cp_probe_delay_ms(rows[i].interval_ms, rows[i].is_first,
						 rows[i].random),
				rows[i].delay_ms);
	}
}

/* Never up is about all results there ever were; our own faults are none. */
static void
test_ever_up(void **state)
{
	static const struct {
		const char *results; /* '+', '-'; 'v': no verdict */
		uint64_t watched_ms, ever_up_ms;
		bool is_never_up;
	} rows[] = {
		{ "", 0, 0, false },
		{ "v", 0, 0, false },
		{ "-", 1000, 0, true },
		{ "v-v", 1001, 0, true },
		{ "-----", 1000, 0, true },
		{ "--+", 1000, 1002, false },
		{ "+", 1000, 1000, false },
		{ "+---+", 1000, 1000, false },
	};
	static const struct cp_health_limits limits = { .fall = 3, .rise = 2 };

	(void)state;
	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		struct cp_health health = { .state = CP_HEALTH_UNKNOWN };

		print_message("    \"%s\"\n", rows[r].results);
		for (size_t i = 0; rows[r].results[i] != '\0'; i++) {
			struct cp_probe_result result = {
				.is_ok = rows[r].results[i] == '+',
				.is_void = rows[r].results[i] == 'v',
				.reason = "refused",
			};

			(void)cp_health_note(&health, &limits, &result, 1000 + i);
		}
		assert_int_equal(health.watched_ms, rows[r].watched_ms);
		assert_int_equal(health.ever_up_ms, rows[r].ever_up_ms);
		assert_int_equal(is_cp_health_never_up(&health), rows[r].is_never_up);
	}
}

static void
test_no_verdict_changes_the_reason_alone(void **state)
{
	static const struct cp_health_limits limits = { .fall = 1, .rise = 1 };
	static const struct cp_probe_result good = { .is_ok = true };
	static const struct cp_probe_result none = { .is_void = true, .reason = "no CA file" };
	struct cp_health health = { .state = CP_HEALTH_UNKNOWN };

	(void)state;
	assert_int_equal(cp_health_note(&health, &limits, &good, 1000), CP_HEALTH_LEARNED);
	assert_int_equal(cp_health_note(&health, &limits, &none, 2000), CP_HEALTH_SAME);
	assert_true(health.is_last_void);
	assert_int_equal(health.state, CP_HEALTH_UP);
	assert_int_equal(health.fail_cnt, 0);
	assert_int_equal(health.checked_ms, 1000);
	assert_string_equal(health.reason, "no CA file");
	assert_int_equal(cp_health_note(&health, &limits, &good, 3000), CP_HEALTH_SAME);
	assert_false(health.is_last_void);
	assert_string_equal(health.reason, "");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ever_up),
		cmocka_unit_test(test_no_verdict_changes_the_reason_alone),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_counts_and_reasons),
		cmocka_unit_test(test_long_streak_does_not_wrap),
		cmocka_unit_test(test_only_down_is_not_answered),
		cmocka_unit_test(test_delay_is_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
