/* Where images come from: files and descriptors of every kind, and who gives them back. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/image.h"
#include "tests/unit/dataplane/images.h"
#include "tests/unit/dataplane/tempdir.h"
#include "tests/unit/test.h"

#define PATH_MAX_BYTES 128

static void
path_in(const char *dir, const char *name, char path[PATH_MAX_BYTES])
{
	assert_in_range(snprintf(path, PATH_MAX_BYTES, "%s/%s", dir, name), 1, PATH_MAX_BYTES - 1);
}

static void
write_file(const char *path, const void *bytes, size_t size)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, size, out), size);
	assert_int_equal(fclose(out), 0);
}

/* The lowest descriptor that is free: the same before and after means that none was left open. */
static int
lowest_free(void)
{
	int fd = dup(STDERR_FILENO);

	assert_true(fd >= 0);
	close(fd);
	return fd;
}

static void
what_is_no_table_file_is_refused(void **state)
{
	static const struct {
		const char *name;
		int result;
		const char *says;
	} rows[] = {
		{ "missing", -ENOENT, "the file cannot be opened: No such file or directory" },
		{ "missing/below", -ENOENT,
				"the file cannot be opened: No such file or directory" },
		{ "plain/below", -ENOTDIR, "the file cannot be opened: Not a directory" },
		{ ".", -EINVAL, "it is no plain file: Invalid argument" },
		{ "fifo", -EINVAL, "it is no plain file: Invalid argument" }, /* at once */
		{ "empty", -EBADMSG, "the file is empty" },
	};
	char dir[TEMPDIR_MAX];
	char path[PATH_MAX_BYTES];
	int free_fd = lowest_free();

	(void)state;
	tempdir_make(dir);
	path_in(dir, "fifo", path);
	assert_int_equal(mkfifo(path, 0600), 0);
	path_in(dir, "empty", path);
	write_file(path, "", 0);
	path_in(dir, "plain", path);
	write_file(path, "x", 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dp_image *image = NULL;
		struct tbl_error error = { .text = "" };

		path_in(dir, rows[i].name, path);
		assert_int_equal(dp_image_from_file(path, &image, &error), rows[i].result);
		assert_string_equal(error.text, rows[i].says);
		assert_null(image);
	}
	assert_int_equal(lowest_free(), free_fd);
	tempdir_remove(dir);
}

/* A file is copied: what is done to it afterwards reaches nobody who answers from it. */
static void
a_file_is_copied_and_sealed(void **state)
{
	struct dp_image *table = images_table(7);
	struct dp_image *image = NULL;
	struct tbl_error error = { .text = "" };
	char dir[TEMPDIR_MAX];
	char path[PATH_MAX_BYTES];

	(void)state;
	tempdir_make(dir);
	path_in(dir, "table", path);
	write_file(path, table->bytes, table->size);
	assert_int_equal(dp_image_from_file(path, &image, &error), 0);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(image->size, table->size);
	assert_memory_equal(image->bytes, table->bytes, table->size);
	assert_int_equal(image->hold_cnt, 1);
	assert_int_equal(pwrite(image->fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(image->fd, 0), -1);
	assert_int_equal(fcntl(image->fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	dp_image_drop(image);
	dp_image_drop(table);
	tempdir_remove(dir);
}

static void
a_descriptor_must_be_a_sealed_memfd(void **state)
{
	static const struct {
		unsigned int seals;
		int result;
		const char *says;
	} rows[] = {
		{ 0, -EPERM, "the image is not a sealed memfd" },
		{ F_SEAL_WRITE, -EPERM, "the image is not a sealed memfd" },
		{ F_SEAL_GROW | F_SEAL_SHRINK, -EPERM, "the image is not a sealed memfd" },
		{ F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK, -EPERM,
				"the image is not a sealed memfd" },
		{ F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL, 0, "" },
	};
	int free_fd = lowest_free();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dp_image *image = NULL;
		struct tbl_error error = { .text = "" };
		int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

		assert_int_equal(write(fd, "0123456789abcdef", 16), 16);
		assert_int_equal(fcntl(fd, F_ADD_SEALS, rows[i].seals), 0);
		assert_int_equal(dp_image_from_memfd(fd, &image, &error), rows[i].result);
		assert_int_equal(strncmp(error.text, rows[i].says, strlen(rows[i].says)), 0);
		assert_int_equal(image != NULL, rows[i].result == 0);
		dp_image_drop(image);
		assert_int_equal(lowest_free(), free_fd); /* taken over, also when refused */
	}
}

/* A file has no seals at all, whatever it holds. */
static void
a_plain_file_is_no_memfd(void **state)
{
	struct dp_image *image = NULL;
	struct tbl_error error = { .text = "" };
	char dir[TEMPDIR_MAX];
	char path[PATH_MAX_BYTES];

	(void)state;
	tempdir_make(dir);
	path_in(dir, "file", path);
	write_file(path, "x", 1);
	assert_true(dp_image_from_memfd(open(path, O_RDONLY | O_CLOEXEC), &image, &error) < 0);
	assert_true(error.text[0] != '\0');
	assert_null(image);
	tempdir_remove(dir);
}

static void
the_last_to_drop_gives_it_back(void **state)
{
	int free_fd = lowest_free();
	struct dp_image *image = images_table(7);

	(void)state;
	assert_ptr_equal(dp_image_hold(image), image);
	assert_int_equal(image->hold_cnt, 2);
	dp_image_drop(image);
	assert_int_equal(image->hold_cnt, 1);
	assert_true(lowest_free() != free_fd);
	dp_image_drop(image);
	assert_int_equal(lowest_free(), free_fd);
	dp_image_drop(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_table_file_is_refused),
		cmocka_unit_test(a_file_is_copied_and_sealed),
		cmocka_unit_test(a_descriptor_must_be_a_sealed_memfd),
		cmocka_unit_test(a_plain_file_is_no_memfd),
		cmocka_unit_test(the_last_to_drop_gives_it_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
