/* What the saver's thread leaves on the disk; dp_saver_stop is what makes it finish. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/saver.h"
#include "tests/unit/dataplane/images.h"
#include "tests/unit/dataplane/tempdir.h"
#include "tests/unit/test.h"

struct room {
	char dir[TEMPDIR_MAX];
	struct dp_store *store;
	struct dp_saver *saver;
	char said[1024]; /* by the saver's thread; read after it has ended */
};

static void
note(void *arg, const char *text)
{
	struct room *room = arg;
	size_t len = strlen(room->said);

	(void)snprintf(room->said + len, sizeof(room->said) - len, "%s\n", text);
}

static void
start_saver(struct room *room)
{
	const struct dp_store_notice report = { room, note };

	assert_int_equal(dp_saver_start(room->store, &report, &room->saver), 0);
}

static void
open_room(struct room *room)
{
	struct tbl_error error;

	memset(room, 0, sizeof(*room));
	tempdir_make(room->dir);
	assert_int_equal(dp_store_open(room->dir, &room->store, &error), 0);
	start_saver(room);
}

static void
close_room(struct room *room)
{
	dp_store_close(room->store);
	tempdir_remove(room->dir);
}

static void
hand_over_table(struct room *room, uint64_t generation)
{
	struct dp_image *table = images_table(generation);

	dp_saver_table(room->saver, generation, table);
	dp_image_drop(table); /* the saver has its own descriptor */
}

static void
hand_over_selection(struct room *room, uint64_t generation, uint64_t sequence)
{
	struct dp_image *selection = images_selection(generation, sequence);

	dp_saver_selection(room->saver, generation, selection);
	dp_image_drop(selection);
}

static void
expect(struct room *room, uint64_t generation, uint64_t sequence)
{
	const struct dp_store_notice notice = { room, note };
	struct dp_image *table = NULL;
	struct dp_image *selection = NULL;
	struct tbl_view view;

	assert_int_equal(dp_store_load(room->store, NULL, &notice, &table, &selection), 0);
	tbl_view_init(&view, table->bytes, selection != NULL ? selection->bytes : NULL);
	assert_int_equal(view.header->generation, generation);
	assert_int_equal(view.select->sequence, sequence);
	dp_image_drop(table);
	dp_image_drop(selection);
}

static void
the_newest_of_many_is_on_the_disk_at_the_end(void **state)
{
	struct room room;

	(void)state;
	open_room(&room);
	for (uint64_t generation = 1; generation <= 50; generation++) {
		hand_over_table(&room, generation);
		hand_over_selection(&room, generation, 1);
		hand_over_selection(&room, generation, 2);
	}
	dp_saver_promote(room.saver, 50);
	dp_saver_stop(room.saver);
	assert_string_equal(room.said, "");
	expect(&room, 50, 2);
	close_room(&room);
}

static void
a_new_table_forgets_the_selection_of_the_old(void **state)
{
	struct room room;

	(void)state;
	open_room(&room);
	hand_over_table(&room, 1);
	hand_over_selection(&room, 1, 9);
	hand_over_table(&room, 2);
	dp_saver_stop(room.saver);
	expect(&room, 2, 0);
	close_room(&room);
}

/* Both reach the thread at once or one after the other: what is good is not cleared away either way. */
static void
a_table_called_good_outlives_its_successor(void **state)
{
	struct room room;
	char path[128];

	(void)state;
	open_room(&room);
	hand_over_table(&room, 5);
	for (uint64_t generation = 6; generation < 16; generation++) {
		dp_saver_stop(room.saver); /* the one before is on the disk */
		start_saver(&room);
		dp_saver_promote(room.saver, generation - 1);
		hand_over_table(&room, generation);
	}
	dp_saver_stop(room.saver);
	for (unsigned int generation = 12; generation < 16; generation++) {
		(void)snprintf(path, sizeof(path), "%s/table-%u", room.dir, generation);
		assert_int_equal(access(path, F_OK), 0);
	}
	assert_string_equal(room.said, "");
	close_room(&room);
}

static void
a_directory_that_cannot_be_written_is_told_once(void **state)
{
	struct room room;
	char path[128];

	(void)state;
	open_room(&room);
	/* A directory in the table's place: writing works, the renaming does not. */
	(void)snprintf(path, sizeof(path), "%s/table-1", room.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	hand_over_table(&room, 1);
	dp_saver_stop(room.saver);
	assert_non_null(strstr(room.said, "table-1: cannot be saved"));
	assert_ptr_equal(strchr(room.said, '\n'), room.said + strlen(room.said) - 1); /* one line */
	close_room(&room);
}

static void
stopping_without_work_is_fine(void **state)
{
	struct room room;

	(void)state;
	open_room(&room);
	dp_saver_stop(room.saver);
	dp_saver_stop(NULL);
	assert_string_equal(room.said, "");
	close_room(&room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_of_many_is_on_the_disk_at_the_end),
		cmocka_unit_test(a_new_table_forgets_the_selection_of_the_old),
		cmocka_unit_test(a_table_called_good_outlives_its_successor),
		cmocka_unit_test(a_directory_that_cannot_be_written_is_told_once),
		cmocka_unit_test(stopping_without_work_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
