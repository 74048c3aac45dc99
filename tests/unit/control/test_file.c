/* Files replaced whole, and read with a bound. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/file.h"
#include "tests/unit/control/scratch.h"
#include "tests/unit/test.h"

static void
assert_content(const char *path, const char *text)
{
	char *bytes;
	size_t size;

	assert_int_equal(cp_file_read(path, 1000, &bytes, &size), 0);
	assert_int_equal(size, strlen(text));
	assert_string_equal(bytes, text);
	free(bytes);
}

static void
test_write_replaces_and_sets_mode(void **state)
{
	const char *path = scratch_path("seed");
	struct stat info;

	(void)state;
	assert_int_equal(cp_file_write(path, 0600, "first", 5), 0);
	assert_content(path, "first");
	assert_int_equal(cp_file_write(path, 0640, "second", 6), 0);
	assert_content(path, "second");
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0640);
	assert_int_equal(cp_file_write(path, 0640, "", 0), 0);
	assert_content(path, "");
}

static void
test_a_failed_write_leaves_the_old_file(void **state)
{
	const char *path = scratch_path("zone/table");
	char *bytes;
	size_t size;

	(void)state;
	assert_int_equal(cp_file_write(path, 0644, "x", 1), -ENOENT);
	scratch_write("full/table", "old");
	path = scratch_path("full/table");
	/* A directory in the file's place: the rename fails after the temporary file was written. */
	assert_int_equal(mkdir(scratch_path("dir"), 0755), 0);
	assert_int_equal(mkdir(scratch_path("dir/in"), 0755), 0);
	assert_true(cp_file_write(scratch_path("dir"), 0644, "x", 1) < 0);
	assert_int_equal(rmdir(scratch_path("dir/in")), 0);
	assert_int_equal(rmdir(scratch_path("dir")), 0); /* nothing was left in it or beside it */
	assert_content(path, "old");
	assert_int_equal(cp_file_read(scratch_path("absent"), 10, &bytes, &size), -ENOENT);
}

static void
test_read_is_bounded(void **state)
{
	const char *path = scratch_path("six");
	char *bytes;
	size_t size;

	(void)state;
	scratch_write("six", "123456");
	assert_int_equal(cp_file_read(path, 5, &bytes, &size), -EFBIG);
	assert_int_equal(cp_file_read(path, 6, &bytes, &size), 0);
	assert_int_equal(size, 6);
	free(bytes);
	assert_int_equal(cp_file_read("/tmp", 1000, &bytes, &size), -EISDIR);
	assert_int_equal(cp_file_read("/dev/null", 1000, &bytes, &size), -EINVAL);
}

static void
test_devices_are_written_to(void **state)
{
	struct stat info;

	(void)state;
	assert_int_equal(cp_file_write("/dev/null", 0644, "x", 1), 0);
	assert_int_equal(stat("/dev/null", &info), 0);
	assert_true(S_ISCHR(info.st_mode));
	assert_int_equal(cp_file_write("/dev/full", 0644, "x", 1), -ENOSPC);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_replaces_and_sets_mode),
		cmocka_unit_test(test_a_failed_write_leaves_the_old_file),
		cmocka_unit_test(test_read_is_bounded),
		cmocka_unit_test(test_devices_are_written_to),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
