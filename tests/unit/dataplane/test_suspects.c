/* Who is blamed for a crash; a "crash" is a close that is not clean. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dataplane/suspects.h"
#include "tests/unit/dataplane/tempdir.h"
#include "tests/unit/test.h"

struct room {
	char dir[TEMPDIR_MAX];
	struct dp_suspects *suspects;
};

static void
enter(struct room *room)
{
	struct tbl_error error = { .text = "" };

	if (dp_suspects_open(room->dir, &room->suspects, &error) != 0) {
		fail_msg("%s", error.text);
	}
}

static int
set_up(void **state)
{
	struct room *room = calloc(1, sizeof(*room));

	tempdir_make(room->dir);
	enter(room);
	*state = room;
	return 0;
}

static int
tear_down(void **state)
{
	struct room *room = *state;

	dp_suspects_close(room->suspects, true);
	tempdir_remove(room->dir);
	free(room);
	return 0;
}

static void
serve(struct room *room, uint64_t content_hash)
{
	struct tbl_error error;

	assert_int_equal(dp_suspects_serving(room->suspects, content_hash, &error), 0);
}

static void
crash(struct room *room)
{
	dp_suspects_close(room->suspects, false);
	enter(room);
}

static void
the_table_served_last_is_blamed(void **state)
{
	struct room *room = *state;

	serve(room, 1);
	serve(room, 2);
	crash(room);
	assert_false(is_dp_suspect(room->suspects, 2)); /* one may be anybody's fault */
	serve(room, 2);
	crash(room);
	assert_true(is_dp_suspect(room->suspects, 2));
	assert_false(is_dp_suspect(room->suspects, 1));
}

static void
a_clean_end_blames_nobody(void **state)
{
	struct room *room = *state;

	for (int i = 0; i < 4; i++) {
		serve(room, 5);
		dp_suspects_close(room->suspects, true);
		enter(room);
	}
	assert_false(is_dp_suspect(room->suspects, 5));
}

static void
a_crash_while_nothing_is_served_blames_nobody(void **state)
{
	struct room *room = *state;

	serve(room, 5);
	crash(room);
	crash(room);
	crash(room);
	assert_false(is_dp_suspect(room->suspects, 5));
}

static void
serving_for_a_while_clears(void **state)
{
	struct room *room = *state;
	struct tbl_error error;

	serve(room, 7);
	crash(room);
	serve(room, 7);
	assert_int_equal(dp_suspects_clear(room->suspects, 7, &error), 0);
	crash(room);
	assert_false(is_dp_suspect(room->suspects, 7));
}

static void
the_oldest_blame_gives_way(void **state)
{
	struct room *room = *state;

	for (uint64_t content_hash = 1; content_hash <= 9; content_hash++) {
		for (int i = 0; i < 2; i++) {
			serve(room, content_hash);
			crash(room);
		}
	}
	assert_false(is_dp_suspect(room->suspects, 1));
	assert_true(is_dp_suspect(room->suspects, 2));
	assert_true(is_dp_suspect(room->suspects, 9));
}

static void
a_missing_directory_is_named(void **state)
{
	struct tbl_error error = { .text = "" };
	struct dp_suspects *suspects = NULL;

	(void)state;
	assert_int_equal(dp_suspects_open("/nowhere", &suspects, &error), -ENOENT);
	assert_non_null(strstr(error.text, "/nowhere/serving"));
}

#define IN_A_ROOM(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_ROOM(the_table_served_last_is_blamed),
		IN_A_ROOM(a_clean_end_blames_nobody),
		IN_A_ROOM(a_crash_while_nothing_is_served_blames_nobody),
		IN_A_ROOM(serving_for_a_while_clears),
		IN_A_ROOM(the_oldest_blame_gives_way),
		cmocka_unit_test(a_missing_directory_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
