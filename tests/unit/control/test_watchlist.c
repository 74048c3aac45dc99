/* Targets over reloads and restarts: equal key, equal state. */
#include <stdio.h>
#include <string.h>

#include "control/watchlist.h"
#include "tests/unit/test.h"

#define KEY_A "tcp 192.0.2.1 443 interval=10000 timeout=4000 fall=3 rise=2"
#define KEY_B "tcp 192.0.2.2 443 interval=10000 timeout=4000 fall=3 rise=2"
#define KEY_6 "tcp 2001:db8::1 80 interval=1000 timeout=500 fall=1 rise=1"

static size_t dropped_cnt;
static char dropped_key[128];

static void
note_drop(void *ctx, struct cp_watch *watch)
{
	(void)ctx;
	dropped_cnt++;
	strncpy(dropped_key, watch->key, sizeof(dropped_key) - 1);
}

static void
update(struct cp_watchlist *list, const char *const *keys, size_t cnt)
{
	dropped_cnt = 0;
	assert_int_equal(cp_watchlist_update(list, keys, cnt, note_drop, NULL), 0);
	assert_int_equal(list->cnt, cnt);
}

static void
test_state_outlives_a_reload(void **state)
{
	static const char *const both[] = { KEY_B, KEY_A };
	static const char *const turned[] = { KEY_A, KEY_6, KEY_B };
	struct cp_watchlist list;
	struct cp_watch *a;

	(void)state;
	cp_watchlist_init(&list, true);
	update(&list, both, 2);
	a = list.by_target[1];
	assert_string_equal(a->label, "tcp 192.0.2.1:443");
	a->health.state = CP_HEALTH_DOWN;
	a->health.streak = 5;
	update(&list, turned, 3);
	assert_ptr_equal(list.by_target[0], a);
	assert_int_equal(list.by_target[0]->health.streak, 5);
	assert_string_equal(list.by_target[1]->key, KEY_6);
	assert_int_equal(dropped_cnt, 0);
	cp_watchlist_done(&list);
}

static void
test_missing_targets_are_dropped(void **state)
{
	static const char *const both[] = { KEY_A, KEY_B };
	static const char *const one[] = { KEY_B };
	struct cp_watchlist list;

	(void)state;
	cp_watchlist_init(&list, true);
	update(&list, both, 2);
	update(&list, one, 1);
	assert_int_equal(dropped_cnt, 1);
	assert_string_equal(dropped_key, KEY_A);
	update(&list, NULL, 0);
	assert_int_equal(dropped_cnt, 1);
	assert_string_equal(dropped_key, KEY_B);
	cp_watchlist_done(&list);
}

static void
test_up_map_follows_target_numbers(void **state)
{
	static const char *const keys[] = { KEY_B, KEY_6, KEY_A };
	struct cp_watchlist list;
	bool is_up[3];

	(void)state;
	cp_watchlist_init(&list, true);
	update(&list, keys, 3);
	list.by_target[1]->health.state = CP_HEALTH_DOWN;
	cp_watchlist_is_up(&list, is_up);
	assert_true(is_up[0]);
	assert_false(is_up[1]);
	assert_true(is_up[2]);
	cp_watchlist_done(&list);
}

static void
test_state_outlives_a_restart(void **state)
{
	static const char *const keys[] = { KEY_A, KEY_B };
	struct cp_watchlist before;
	struct cp_watchlist after;
	json_t *saved;

	(void)state;
	cp_watchlist_init(&before, true);
	update(&before, keys, 2);
	before.by_target[0]->health.state = CP_HEALTH_DOWN;
	before.by_target[0]->health.changed_ms = 1234;
	(void)snprintf(before.by_target[0]->health.reason, CP_HEALTH_REASON_MAX,
			"connect: Connection refused");
	saved = cp_watchlist_save(&before);
	assert_int_equal(json_object_size(saved), 1); /* unknown is not worth a line */
	cp_watchlist_done(&before);

	cp_watchlist_init(&after, true);
	cp_watchlist_restore(&after, saved);
	json_decref(saved);
	update(&after, keys, 2);
	assert_int_equal(after.by_target[0]->health.state, CP_HEALTH_DOWN);
	assert_int_equal(after.by_target[0]->health.changed_ms, 1234);
	assert_string_equal(after.by_target[0]->health.reason, "connect: Connection refused");
	assert_int_equal(after.by_target[1]->health.state, CP_HEALTH_UNKNOWN);
	cp_watchlist_done(&after);
}

/* Whether it ever was up outlives a restart too; files of before that was noted say it of what is up. */
static void
test_ever_up_outlives_a_restart(void **state)
{
	static const struct {
		const char *saved;
		uint64_t watched_ms, ever_up_ms;
		bool is_never_up;
	} rows[] = {
		{ "{\"state\": \"down\", \"changed_unix_ms\": 7, \"watched_unix_ms\": 3, "
		  "\"ever_up_unix_ms\": 4, \"reason\": \"\"}",
				3, 4, false },
		{ "{\"state\": \"down\", \"changed_unix_ms\": 7, \"watched_unix_ms\": 3, "
		  "\"ever_up_unix_ms\": 0, \"reason\": \"refused\"}",
				3, 0, true },
		{ "{\"state\": \"down\", \"changed_unix_ms\": 7, \"reason\": \"refused\"}", 0, 0,
				true },
		{ "{\"state\": \"up\", \"changed_unix_ms\": 7, \"reason\": \"\"}", 0, 7, false },
		{ "{\"state\": \"up\", \"ever_up_unix_ms\": -1}", 0, 0, false },
	};
	static const char *const keys[] = { KEY_A };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *states = json_pack("{s:o}", KEY_A, json_loads(rows[i].saved, 0, NULL));
		struct cp_watchlist list;
		const struct cp_health *health;
		json_t *saved;
		json_t *again;

		print_message("    %s\n", rows[i].saved);
		cp_watchlist_init(&list, true);
		cp_watchlist_restore(&list, states);
		json_decref(states);
		update(&list, keys, 1);
		health = &list.by_target[0]->health;
		assert_int_equal(health->watched_ms, rows[i].watched_ms);
		assert_int_equal(health->ever_up_ms, rows[i].ever_up_ms);
		assert_int_equal(is_cp_health_never_up(health), rows[i].is_never_up);
		saved = cp_watchlist_save(&list);
		again = json_object_get(saved, KEY_A);
		assert_int_equal(json_integer_value(json_object_get(again, "ever_up_unix_ms")),
				rows[i].ever_up_ms);
		json_decref(saved);
		cp_watchlist_done(&list);
	}
}

/* What nobody probes must not stay down for ever: nothing would bring it back. */
static void
test_unprobed_targets_count_as_up(void **state)
{
	static const struct {
		const char *key;
		bool is_probing;
		bool is_probed;
	} rows[] = {
		{ KEY_A, true, true },
		{ KEY_6, true, true },
		{ KEY_A, false, false },
		{ "tcp www.example.test 443 interval=10000 timeout=4000 fall=3 rise=2", true,
				false },
		{ "https 192.0.2.1 443 host=h path=/ interval=10000 timeout=4000 fall=3 rise=2",
				true, true },
		{ "http 192.0.2.1 80 host=*.h path=/ interval=10000 timeout=4000 fall=3 rise=2",
				true, false },
		{ "http 192.0.2.1 80 host=2001:db8::1 path=/ interval=10000 timeout=4000 fall=3 "
		  "rise=2",
				true, true },
		{ "udp 192.0.2.1 53 interval=10000 timeout=4000 fall=3 rise=2", true, false },
		{ "no key of ours", true, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *saved = json_pack("{s:{s:s}}", rows[i].key, "state", "down");
		struct cp_watchlist list;
		bool is_up;

		cp_watchlist_init(&list, rows[i].is_probing);
		cp_watchlist_restore(&list, saved);
		json_decref(saved);
		update(&list, &rows[i].key, 1);
		cp_watchlist_is_up(&list, &is_up);
		print_message("    %s\n", rows[i].key);
		assert_int_equal(list.by_target[0]->unprobed == NULL, rows[i].is_probed);
		assert_int_equal(is_up, !rows[i].is_probed);
		cp_watchlist_done(&list);
	}
}

static void
test_json_has_state_and_ages(void **state)
{
	static const char *const keys[] = { KEY_A };
	struct cp_watchlist list;
	json_t *targets;
	json_t *target;

	(void)state;
	cp_watchlist_init(&list, true);
	update(&list, keys, 1);
	list.by_target[0]->health.state = CP_HEALTH_UP;
	list.by_target[0]->health.checked_ms = 9000;
	list.by_target[0]->health.changed_ms = 4000;
	targets = cp_watchlist_json(&list, 10000);
	target = json_array_get(targets, 0);
	assert_string_equal(json_string_value(json_object_get(target, "state")), "up");
	assert_int_equal(json_integer_value(json_object_get(target, "checked_ago_ms")), 1000);
	assert_int_equal(json_integer_value(json_object_get(target, "changed_ago_ms")), 6000);
	assert_int_equal(json_integer_value(json_object_get(target, "fall")), 3);
	assert_int_equal(json_integer_value(json_object_get(target, "interval_ms")), 10000);
	json_decref(targets);
	cp_watchlist_done(&list);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state_outlives_a_reload),
		cmocka_unit_test(test_missing_targets_are_dropped),
		cmocka_unit_test(test_up_map_follows_target_numbers),
		cmocka_unit_test(test_state_outlives_a_restart),
		cmocka_unit_test(test_ever_up_outlives_a_restart),
		cmocka_unit_test(test_unprobed_targets_count_as_up),
		cmocka_unit_test(test_json_has_state_and_ages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
