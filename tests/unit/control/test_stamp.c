/* Whatever a writer does to a directory, its number is another one. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/stamp.h"
#include "tests/unit/control/scratch.h"
#include "tests/unit/test.h"

static uint64_t
stamp(void)
{
	uint64_t number = 0;

	assert_int_equal(cp_stamp_directory(scratch_path("zones"), &number), 0);
	return number;
}

static void
do_nothing(void)
{
}

static void
read_a_file(void)
{
	char byte;
	int fd = open(scratch_path("zones/a.yaml"), O_RDONLY | O_CLOEXEC);

	assert_int_equal(read(fd, &byte, 1), 1);
	close(fd);
}

static void
add_hidden(void)
{
	scratch_write("zones/.git/index", "x");
	scratch_write("zones/.a.yaml.swp", "x");
}

static void
grow(void)
{
	scratch_write("zones/a.yaml", "longer than before");
}

/* Same size, same inode: only the time of change tells. */
static void
touch(void)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1000, .tv_nsec = 1 } };

	assert_int_equal(utimensat(AT_FDCWD, scratch_path("zones/a.yaml"), times, 0), 0);
}

static void
touch_by_a_nanosecond(void)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1000, .tv_nsec = 2 } };

	assert_int_equal(utimensat(AT_FDCWD, scratch_path("zones/a.yaml"), times, 0), 0);
}

/* As careful writers do, with the old one's time put back. */
static void
replace(void)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1000, .tv_nsec = 2 } };

	scratch_write("new", "longer than before");
	assert_int_equal(utimensat(AT_FDCWD, scratch_path("new"), times, 0), 0);
	assert_int_equal(rename(scratch_path("new"), scratch_path("zones/a.yaml")), 0);
}

static void
add(void)
{
	scratch_write("zones/split./www.yaml", "x");
}

static void
change_below(void)
{
	scratch_write("zones/split./www.yaml", "xx");
}

static void
link_to_a_file(void)
{
	scratch_write("elsewhere", "x");
	assert_int_equal(symlink(scratch_path("elsewhere"), scratch_path("zones/l.yaml")), 0);
}

static void
change_behind_the_link(void)
{
	scratch_write("elsewhere", "xx");
}

static void
make_a_loop(void)
{
	assert_int_equal(symlink(scratch_path("zones"), scratch_path("zones/loop")), 0);
}

static void
remove_one(void)
{
	assert_int_equal(unlink(scratch_path("zones/a.yaml")), 0);
}

static void
test_changes_show(void **state)
{
	static const struct {
		void (*change)(void);
		bool is_change;
	} rows[] = {
		{ do_nothing, false },
		{ read_a_file, false },
		{ add_hidden, false },
		{ grow, true },
		{ touch, true },
		{ touch_by_a_nanosecond, true },
		{ replace, true },
		{ add, true },
		{ change_below, true },
		{ link_to_a_file, true },
		{ change_behind_the_link, true },
		{ make_a_loop, true },
		{ do_nothing, false },
		{ remove_one, true },
	};

	(void)state;
	scratch_write("zones/a.yaml", "first");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t before = stamp();

		rows[i].change();
		print_message("    # row %zu\n", i);
		assert_int_equal(stamp() != before, rows[i].is_change);
	}
}

static void
test_a_missing_directory_is_like_itself(void **state)
{
	uint64_t first = 1;
	uint64_t second = 2;

	(void)state;
	assert_int_equal(cp_stamp_directory(scratch_path("absent"), &first), 0);
	assert_int_equal(cp_stamp_directory(scratch_path("absent"), &second), 0);
	assert_int_equal(first, second);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_show),
		cmocka_unit_test(test_a_missing_directory_is_like_itself),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
