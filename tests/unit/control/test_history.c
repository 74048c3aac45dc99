/* What the disk keeps of what was published, and what a damaged, missing or full one costs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table/build.h"

#include "control/file.h"
#include "control/history.h"
#include "control/json_read.h"
#include "tests/unit/control/scratch.h"
#include "tests/unit/table/sample.h"
#include "tests/unit/test.h"

#define KEEP 3

static const struct sample_record records[] = {
	{ "test.", SOA, "ns1.test." },
	{ "test.", NS, "ns1.test." },
	{ "www.test.", A, "192.0.2.1" },
	{ NULL, 0, NULL },
};
static const struct sample_zone zone = { "test.", records };

static struct cp_history *
open_history(const char *name, size_t expected_notes)
{
	struct conf_errors notes = { 0 };
	struct cp_history *history;

	assert_int_equal(cp_history_open(scratch_path(name), KEEP, &notes, &history), 0);
	for (size_t i = 0; i < notes.cnt; i++) {
		print_message("    # %s:%u: %s\n", notes.messages[i].file, notes.messages[i].line,
				notes.messages[i].text);
	}
	assert_int_equal(notes.cnt, expected_notes);
	assert_int_equal(notes.error_cnt, 0);
	conf_errors_free(&notes);
	return history;
}

static json_t *
entry_of(int generation, const char *outcome, const char *hash)
{
	return json_pack("{s:i, s:s, s:s}", "generation", generation, "outcome", outcome,
			"content_hash", hash);
}

/* Stores a table under a number it does not bear itself, and notes it. */
static void
publish(struct cp_history *history, int generation, const char *outcome, const char *hash)
{
	size_t size;
	void *image = sample_build(&zone, 1, NULL, &size);

	assert_int_equal(cp_history_store(history, (uint64_t)generation, 0, image, size), 0);
	assert_int_equal(cp_history_add(history, entry_of(generation, outcome, hash)), 0);
	free(image);
}

static bool
can_load(const struct cp_history *history, uint64_t generation, int expected)
{
	char error[CP_HISTORY_ERROR_MAX] = "";
	void *image = NULL;
	size_t size = 0;
	int err = cp_history_load(history, generation, &image, &size, error);
	const struct tbl_header *header = image;

	assert_int_equal(err, expected);
	if (err != 0) {
		assert_string_not_equal(error, "");
		return false;
	}
	assert_int_equal(header->generation, generation); /* the name's, not the file's own */
	free(image);
	return true;
}

static void
test_everything_comes_back(void **state)
{
	struct cp_history *history = open_history("back", 0);
	json_t *list;

	(void)state;
	assert_int_equal(cp_history_cnt(history), 0);
	assert_null(cp_history_newest(history));
	publish(history, 41, CP_HISTORY_SENT, "aa");
	publish(history, 42, CP_HISTORY_SENT, "bb");
	assert_int_equal(cp_history_mark(history, 42, CP_HISTORY_SERVED, NULL), 0);
	assert_int_equal(cp_history_mark(history, 40, CP_HISTORY_SERVED, NULL), 0); /* no such */
	cp_history_free(history);

	history = open_history("back", 0);
	assert_int_equal(cp_history_cnt(history), 2);
	assert_string_equal(cp_json_text(cp_history_find(history, 42), "outcome"), "served");
	assert_null(cp_history_find(history, 43));
	assert_int_equal(cp_json_number(cp_history_newest(history), "generation"), 42);
	assert_true(can_load(history, 41, 0));
	assert_false(can_load(history, 43, -ENOENT));
	list = cp_history_list(history);
	assert_int_equal(json_array_size(list), 2);
	assert_int_equal(cp_json_number(json_array_get(list, 0), "generation"), 42);
	assert_true(is_cp_json_true(json_array_get(list, 0), "has_table"));
	json_decref(list);
	cp_history_free(history);
}

static void
test_only_what_was_published_counts_as_newest(void **state)
{
	struct cp_history *history = open_history("newest", 0);

	(void)state;
	publish(history, 41, CP_HISTORY_SERVED, "aa");
	publish(history, 42, CP_HISTORY_SENT, "bb");
	publish(history, 43, CP_HISTORY_HELD, "cc");
	publish(history, 44, CP_HISTORY_SENT, "dd");
	assert_int_equal(cp_history_mark(history, 44, CP_HISTORY_REFUSED, "no"), 0);
	assert_int_equal(cp_json_number(cp_history_newest(history), "generation"), 42);
	assert_string_equal(cp_json_text(cp_history_find(history, 44), "reason"), "no");
	cp_history_free(history);
}

/* Refused tables come and go; the one that goes on being served is there for the next start. */
static void
test_the_served_table_outlives_refused_ones(void **state)
{
	struct cp_history *history = open_history("refused", 0);

	(void)state;
	publish(history, 40, CP_HISTORY_SERVED, "zz");
	publish(history, 41, CP_HISTORY_SERVED, "aa");
	for (int generation = 42; generation < 42 + 2 * KEEP; generation++) {
		publish(history, generation, CP_HISTORY_SENT, "bb");
		assert_true(can_load(history, 41, 0));
		assert_int_equal(cp_history_mark(history, (uint64_t)generation, CP_HISTORY_REFUSED,
						 "no"),
				0);
	}
	assert_false(can_load(history, 40, -ENOENT));
	publish(history, 60, CP_HISTORY_SERVED, "dd");
	assert_false(can_load(history, 41, -ENOENT));
	cp_history_free(history);
}

/* What a rollback goes to: older, another content, and still there. */
static void
test_the_one_before(void **state)
{
	static const struct {
		uint64_t generation;
		const char *hash;
		uint64_t expected;
	} rows[] = {
		{ 45, "cc", 43 }, /* 44 has the same content */
		{ 45, "dd", 44 },
		{ 43, "bb", 0 }, /* 42 has the same, 41's image is gone */
		{ 43, "xx", 42 },
		{ 41, "xx", 0 },
	};
	struct cp_history *history = open_history("before", 0);

	(void)state;
	publish(history, 41, CP_HISTORY_SERVED, "aa");
	publish(history, 42, CP_HISTORY_SERVED, "bb");
	publish(history, 43, CP_HISTORY_SERVED, "dd");
	publish(history, 44, CP_HISTORY_SERVED, "cc"); /* the fourth: 41.table goes */
	assert_false(can_load(history, 41, -ENOENT));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(cp_history_before(history, rows[i].generation, rows[i].hash),
				rows[i].expected);
	}
	cp_history_free(history);
}

static void
test_so_many_images_stay(void **state)
{
	struct cp_history *history = open_history("limits", 0);

	(void)state;
	for (int i = 1; i <= 5; i++) {
		publish(history, i, CP_HISTORY_SERVED, "aa");
	}
	assert_false(can_load(history, 2, -ENOENT));
	assert_true(can_load(history, 3, 0));
	cp_history_free(history);
}

/* A log that is longer than it may be, as one of another version might: it is cut when written. */
static void
test_the_log_is_cut(void **state)
{
	static char text[64u * (CP_HISTORY_ENTRIES_MAX + 10)];
	struct cp_history *history;
	size_t len = 0;

	(void)state;
	for (unsigned int i = 1; i <= CP_HISTORY_ENTRIES_MAX + 2; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
				"{\"generation\":%u,\"outcome\":\"served\"}\n", i);
	}
	scratch_write("long/history.jsonl", text);
	history = open_history("long", 0);
	publish(history, CP_HISTORY_ENTRIES_MAX + 3, CP_HISTORY_SERVED, "aa");
	cp_history_free(history);
	history = open_history("long", 0);
	assert_int_equal(cp_history_cnt(history), CP_HISTORY_ENTRIES_MAX);
	assert_int_equal(cp_json_number(cp_history_at(history, 0), "generation"), 4);
	cp_history_free(history);
}

/* A rollback's image is a link to the old one, or a copy where there is nothing to link to. */
static void
test_equal_content_is_stored_once(void **state)
{
	struct cp_history *history = open_history("links", 0);
	struct stat info;
	size_t size;
	void *image = sample_build(&zone, 1, NULL, &size);

	(void)state;
	publish(history, 1, CP_HISTORY_SERVED, "aa");
	assert_int_equal(cp_history_store(history, 2, 1, image, size), 0);
	assert_int_equal(stat(scratch_path("links/1.table"), &info), 0);
	assert_int_equal(info.st_nlink, 2);
	assert_true(can_load(history, 2, 0));
	assert_int_equal(cp_history_store(history, 3, 77, image, size), 0);
	assert_true(can_load(history, 3, 0));
	free(image);
	cp_history_free(history);
}

static void
test_damage_is_told_and_passed_over(void **state)
{
	struct cp_history *history;

	(void)state;
	scratch_write("damage/history.jsonl", "{\"generation\": 1, \"outcome\": \"served\"}\n"
					      "{\"generation\": 2, \"outco\n"
					      "[]\n"
					      "{\"generation\": -3}\n"
					      "{\"generation\": 1, \"outcome\": \"served\"}\n"
					      "{\"generation\": 5, \"outcome\": \"served\"}\n"
					      "{\"generation\": 6"); /* half a line */
	scratch_write("damage/5.table", "not a table");
	scratch_write("damage/6.table.AbCdEf", "of a writer that was killed");
	scratch_write("damage/notes.txt", "not ours");
	history = open_history("damage", 5);
	assert_int_equal(cp_history_cnt(history), 2);
	assert_int_equal(cp_json_number(cp_history_newest(history), "generation"), 5);
	assert_false(can_load(history, 5, -EBADMSG));
	assert_int_equal(access(scratch_path("damage/6.table.AbCdEf"), F_OK), -1);
	assert_int_equal(access(scratch_path("damage/notes.txt"), F_OK), 0);
	publish(history, 6, CP_HISTORY_SENT, "aa");
	cp_history_free(history);
	/* Told once: what was passed over is not in the log written since. */
	history = open_history("damage", 0);
	assert_int_equal(cp_history_cnt(history), 3);
	cp_history_free(history);
}

/* A single bit is enough for the checksum. */
static void
test_a_damaged_image_is_not_served(void **state)
{
	struct cp_history *history = open_history("bit", 0);
	unsigned char byte;
	int fd;

	(void)state;
	publish(history, 1, CP_HISTORY_SERVED, "aa");
	fd = open(scratch_path("bit/1.table"), O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, &byte, 1, 1000), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, 1000), 1);
	close(fd);
	assert_false(can_load(history, 1, -EBADMSG));
	cp_history_free(history);
}

/* A file where the directory should be, a directory where the log should be, and no room at all. */
static void
test_a_history_that_cannot_be_written_still_remembers(void **state)
{
	static const struct {
		const char *name, *file;
		size_t notes;
	} rows[] = {
		{ "a-file", "a-file", 1 },
		{ "a-log", "a-log/history.jsonl/in", 1 },
	};
	size_t size;
	void *image = sample_build(&zone, 1, NULL, &size);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cp_history *history;

		scratch_write(rows[i].file, "in the way");
		history = open_history(rows[i].name, rows[i].notes);
		assert_true(cp_history_add(history, entry_of(1, CP_HISTORY_SENT, "aa")) < 0);
		assert_int_equal(cp_json_number(cp_history_newest(history), "generation"), 1);
		assert_true(cp_history_mark(history, 1, CP_HISTORY_SERVED, NULL) < 0);
		assert_string_equal(cp_json_text(cp_history_find(history, 1), "outcome"), "served");
		cp_history_free(history);
	}
	/* The image's place is taken by a directory. */
	scratch_write("a-place/1.table/in", "in the way");
	{
		struct cp_history *history = open_history("a-place", 0);

		assert_true(cp_history_store(history, 1, 0, image, size) < 0);
		assert_false(can_load(history, 1, -EISDIR));
		cp_history_free(history);
	}
	free(image);
}

/* A number comes again after a run that was overtaken: the later entry counts. */
static void
test_a_number_that_comes_again(void **state)
{
	struct cp_history *history = open_history("again", 0);

	(void)state;
	publish(history, 7, CP_HISTORY_SENT, "aa");
	publish(history, 9, CP_HISTORY_SENT, "bb");
	publish(history, 8, CP_HISTORY_SENT, "cc");
	assert_int_equal(cp_history_cnt(history), 2);
	assert_int_equal(cp_json_number(cp_history_newest(history), "generation"), 8);
	cp_history_free(history);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_comes_back),
		cmocka_unit_test(test_only_what_was_published_counts_as_newest),
		cmocka_unit_test(test_the_served_table_outlives_refused_ones),
		cmocka_unit_test(test_the_one_before),
		cmocka_unit_test(test_so_many_images_stay),
		cmocka_unit_test(test_the_log_is_cut),
		cmocka_unit_test(test_equal_content_is_stored_once),
		cmocka_unit_test(test_damage_is_told_and_passed_over),
		cmocka_unit_test(test_a_damaged_image_is_not_served),
		cmocka_unit_test(test_a_history_that_cannot_be_written_still_remembers),
		cmocka_unit_test(test_a_number_that_comes_again),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
