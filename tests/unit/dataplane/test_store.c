/*
 * A store's life as rows: what happens to it, then what the next start finds. Each row runs in a
 * directory of its own; a "crash" is a close that is not clean.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/store.h"
#include "tests/unit/dataplane/images.h"
#include "tests/unit/dataplane/tempdir.h"
#include "tests/unit/test.h"

struct room {
	char dir[TEMPDIR_MAX];
	struct dp_store *store;
	struct dp_suspects *suspects;
	char said[1024]; /* what dp_store_load passed by */
};

static void
note(void *arg, const char *text)
{
	struct room *room = arg;
	size_t len = strlen(room->said);

	(void)snprintf(room->said + len, sizeof(room->said) - len, "%s\n", text);
}

static void
enter(struct room *room)
{
	struct tbl_error error = { .text = "" };

	if (dp_store_open(room->dir, &room->store, &error) != 0 ||
			dp_suspects_open(room->dir, &room->suspects, &error) != 0) {
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

	dp_store_close(room->store);
	dp_suspects_close(room->suspects, true);
	tempdir_remove(room->dir);
	free(room);
	return 0;
}

static void
leave_and_enter(struct room *room, bool is_clean)
{
	dp_store_close(room->store);
	dp_suspects_close(room->suspects, is_clean);
	room->store = NULL;
	enter(room);
}

static uint64_t
hash_of(uint64_t generation)
{
	struct dp_image *table = images_table(generation);
	uint64_t content_hash = ((const struct tbl_header *)table->bytes)->content_hash;

	dp_image_drop(table);
	return content_hash;
}

static void
save(struct room *room, uint64_t generation)
{
	struct dp_image *table = images_table(generation);
	struct tbl_error error;

	assert_int_equal(dp_store_save_table(room->store, generation, table->fd, &error), 0);
	assert_int_equal(dp_suspects_serving(room->suspects, hash_of(generation), &error), 0);
	dp_image_drop(table);
}

static void
save_selection(struct room *room, uint64_t generation, uint64_t sequence)
{
	struct dp_image *selection = images_selection(generation, sequence);
	struct tbl_error error;

	assert_int_equal(
			dp_store_save_selection(room->store, generation, selection->fd, &error), 0);
	dp_image_drop(selection);
}

static void
promote(struct room *room, uint64_t generation)
{
	struct tbl_error error;

	assert_int_equal(dp_store_promote(room->store, generation, &error), 0);
	assert_int_equal(dp_suspects_clear(room->suspects, hash_of(generation), &error), 0);
}

/* What the store would serve, as "generation.sequence"; "none". */
static void
expect(struct room *room, const char *what)
{
	const struct dp_store_notice notice = { room, note };
	struct dp_image *table = NULL;
	struct dp_image *selection = NULL;
	char found[64] = "none";

	room->said[0] = '\0';
	if (dp_store_load(room->store, room->suspects, &notice, &table, &selection) == 0) {
		struct tbl_view view;

		tbl_view_init(&view, table->bytes, selection != NULL ? selection->bytes : NULL);
		(void)snprintf(found, sizeof(found), "%" PRIu64 ".%" PRIu64,
				view.header->generation, view.select->sequence);
		dp_image_drop(table);
		dp_image_drop(selection);
	}
	assert_string_equal(found, what);
}

static void
expect_said(const struct room *room, const char *part)
{
	if (strstr(room->said, part) == NULL) {
		fail_msg("'%s' is not in '%s'", part, room->said);
	}
}

static void
path_of(const struct room *room, const char *name, char path[PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, "%s/%s", room->dir, name);
}

static bool
is_there(const struct room *room, const char *name)
{
	char path[PATH_MAX];

	path_of(room, name, path);
	return access(path, F_OK) == 0;
}

static void
write_file(const struct room *room, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	path_of(room, name, path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
flip_bit(const struct room *room, const char *name, off_t at)
{
	char path[PATH_MAX];
	uint8_t byte;
	int fd;

	path_of(room, name, path);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void
an_empty_directory_serves_nothing(void **state)
{
	expect(*state, "none");
}

static void
a_directory_that_is_missing_is_made(void **state)
{
	struct room *room = *state;
	struct dp_store *store = NULL;
	struct tbl_error error;
	char path[PATH_MAX];

	path_of(room, "deeper", path);
	assert_int_equal(dp_store_open(path, &store, &error), 0);
	dp_store_close(store);
	path_of(room, "no/such", path);
	assert_int_equal(dp_store_open(path, &store, &error), -ENOENT);
	assert_non_null(strstr(error.text, path));
}

static void
the_newest_table_comes_back_with_its_selection(void **state)
{
	struct room *room = *state;

	save(room, 3);
	save_selection(room, 3, 1);
	save_selection(room, 3, 2);
	leave_and_enter(room, false);
	expect(room, "3.2");
	save(room, 4);
	leave_and_enter(room, true);
	expect(room, "4.0");
	assert_false(is_there(room, "selection-3"));
}

static void
three_good_tables_and_the_newest_are_kept(void **state)
{
	struct room *room = *state;

	for (uint64_t generation = 1; generation <= 5; generation++) {
		save(room, generation);
		promote(room, generation);
	}
	save(room, 6);
	save(room, 7);
	assert_false(is_there(room, "table-1"));
	assert_false(is_there(room, "table-2"));
	assert_true(is_there(room, "table-3"));
	assert_true(is_there(room, "table-4"));
	assert_true(is_there(room, "table-5"));
	assert_false(is_there(room, "table-6"));
	assert_true(is_there(room, "table-7"));
}

static void
promoting_again_does_not_push_others_out(void **state)
{
	struct room *room = *state;

	for (uint64_t generation = 1; generation <= 3; generation++) {
		save(room, generation);
		promote(room, generation);
	}
	promote(room, 2);
	promote(room, 2);
	save(room, 4);
	assert_true(is_there(room, "table-1"));
	assert_true(is_there(room, "table-2"));
	assert_true(is_there(room, "table-3"));
}

static void
two_crashes_make_a_table_passed_over(void **state)
{
	struct room *room = *state;

	save(room, 1);
	promote(room, 1);
	save(room, 2);
	leave_and_enter(room, false);
	expect(room, "2.0"); /* one may be anybody's fault */
	save(room, 2);
	leave_and_enter(room, false);
	expect(room, "1.0");
	expect_said(room, "table-2 is passed over: it was served at two crashes");
}

static void
a_clean_end_is_no_crash(void **state)
{
	struct room *room = *state;

	save(room, 1);
	promote(room, 1);
	for (int i = 0; i < 4; i++) {
		save(room, 2);
		leave_and_enter(room, true);
	}
	expect(room, "2.0");
}

static void
serving_for_a_while_clears_the_crashes(void **state)
{
	struct room *room = *state;

	save(room, 1);
	promote(room, 1);
	save(room, 2);
	leave_and_enter(room, false);
	save(room, 2);
	promote(room, 2);
	leave_and_enter(room, false);
	expect(room, "2.0");
}

static void
among_suspects_the_good_one_comes_first(void **state)
{
	struct room *room = *state;

	save(room, 1);
	promote(room, 1);
	save(room, 2);
	leave_and_enter(room, false);
	save(room, 2);
	leave_and_enter(room, false);
	for (int i = 0; i < 2; i++) {
		struct tbl_error error;

		expect(room, "1.0");
		assert_int_equal(dp_suspects_serving(room->suspects, hash_of(1), &error), 0);
		leave_and_enter(room, false);
	}
	expect(room, "1.0");
}

static void
a_suspect_is_served_when_there_is_no_other(void **state)
{
	struct room *room = *state;

	save(room, 2);
	leave_and_enter(room, false);
	save(room, 2);
	leave_and_enter(room, false);
	expect(room, "2.0");
}

static void
a_damaged_table_gives_way_to_the_one_before(void **state)
{
	static const struct {
		const char *what;
		off_t flip; /* -1: cut short */
	} rows[] = {
		{ "magic", 0 },
		{ "version", 8 },
		{ "generation", 40 },
		{ "first section", 120 },
		{ "content", 4000 },
		{ "cut short", -1 },
	};
	struct room *room = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char path[PATH_MAX];

		save(room, 1);
		promote(room, 1);
		save(room, 2);
		path_of(room, "table-2", path);
		if (rows[i].flip >= 0) {
			flip_bit(room, "table-2", rows[i].flip);
		} else {
			assert_int_equal(truncate(path, 5000), 0);
		}
		leave_and_enter(room, true);
		expect(room, "1.0");
		expect_said(room, "table-2 is passed over");
	}
}

static void
a_table_under_anothers_name_is_not_it(void **state)
{
	struct room *room = *state;
	char from[PATH_MAX];
	char to[PATH_MAX];

	save(room, 1);
	path_of(room, "table-1", from);
	path_of(room, "table-9", to);
	assert_int_equal(rename(from, to), 0);
	expect(room, "none");
	expect_said(room, "it holds another generation");
}

static void
a_damaged_selection_gives_way_to_the_embedded_one(void **state)
{
	struct room *room = *state;

	save(room, 1);
	save_selection(room, 1, 5);
	flip_bit(room, "selection-1", 100);
	leave_and_enter(room, true);
	expect(room, "1.0");
	expect_said(room, "selection-1 is passed over");
}

static void
residue_is_deleted_or_ignored(void **state)
{
	struct room *room = *state;

	save(room, 3);
	write_file(room, "table-4.tmp", "half");
	write_file(room, "table-5", "");
	write_file(room, "table-0", "zero is no generation");
	write_file(room, "table-99999999999999999999999", "nor is this a number");
	write_file(room, "table-7x", "nor this");
	write_file(room, "notes", "somebody's own");
	write_file(room, "state", "good\ngood x\n\xff\xfe nonsense 3 9\n");
	write_file(room, "serving", "serving \nserving x\ncrashed 3\n\xff\xfe nonsense 3 9\n");
	leave_and_enter(room, true);
	assert_false(is_there(room, "table-4.tmp"));
	assert_true(is_there(room, "notes"));
	expect(room, "3.0");
}

static void
a_full_disk_is_named_and_leaves_the_old_table(void **state)
{
	struct room *room = *state;
	struct dp_image *table = images_table(2);
	struct tbl_error error = { .text = "" };
	struct rlimit before;
	struct rlimit small;

	save(room, 1);
	/* A limit on file size fails as a full disk does: in the middle of the write. */
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 4096;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(dp_store_save_table(room->store, 2, table->fd, &error), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_non_null(strstr(error.text, room->dir));
	assert_non_null(strstr(error.text, "table-2: cannot be saved"));
	assert_false(is_there(room, "table-2.tmp"));
	expect(room, "1.0");
	dp_image_drop(table);
}

int
main(void)
{
#define IN_A_ROOM(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		IN_A_ROOM(an_empty_directory_serves_nothing),
		IN_A_ROOM(a_directory_that_is_missing_is_made),
		IN_A_ROOM(the_newest_table_comes_back_with_its_selection),
		IN_A_ROOM(three_good_tables_and_the_newest_are_kept),
		IN_A_ROOM(promoting_again_does_not_push_others_out),
		IN_A_ROOM(two_crashes_make_a_table_passed_over),
		IN_A_ROOM(a_clean_end_is_no_crash),
		IN_A_ROOM(serving_for_a_while_clears_the_crashes),
		IN_A_ROOM(among_suspects_the_good_one_comes_first),
		IN_A_ROOM(a_suspect_is_served_when_there_is_no_other),
		IN_A_ROOM(a_damaged_table_gives_way_to_the_one_before),
		IN_A_ROOM(a_table_under_anothers_name_is_not_it),
		IN_A_ROOM(a_damaged_selection_gives_way_to_the_embedded_one),
		IN_A_ROOM(residue_is_deleted_or_ignored),
		IN_A_ROOM(a_full_disk_is_named_and_leaves_the_old_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
