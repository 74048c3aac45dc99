/* What survives a restart, and what of a damaged state is refused. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "control/state.h"
#include "tests/unit/control/scratch.h"
#include "tests/unit/test.h"

static void
test_everything_comes_back(void **state)
{
	struct cp_state first;
	struct cp_state second;
	const char *path;
	struct stat info;

	(void)state;
	assert_int_equal(cp_state_open(scratch_path("a/b/state"), &first, &path), 0);
	assert_int_equal(first.generation, 0);
	assert_null(first.pin);
	assert_true(first.hash_seed[0] != 0 || first.hash_seed[1] != 0);
	assert_int_equal(cp_state_save_published(&first, 41, NULL), 0);
	assert_int_equal(cp_state_save_published(&first, 42, json_pack("{s:i}", "of", 40)), 0);
	assert_int_equal(cp_state_save_health(&first, json_pack("{s:{s:s}}", "k", "state", "down")),
			0);
	assert_int_equal(stat(first.seed_path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600); /* secret */

	assert_int_equal(cp_state_open(scratch_path("a/b/state"), &second, &path), 0);
	assert_int_equal(second.generation, 42);
	assert_int_equal(json_integer_value(json_object_get(second.pin, "of")), 40);
	assert_memory_equal(second.hash_seed, first.hash_seed, sizeof(first.hash_seed));
	assert_non_null(json_object_get(second.health, "k"));
	/* The end of a pin is remembered too. */
	assert_int_equal(cp_state_save_published(&second, 42, NULL), 0);
	assert_null(second.pin);
	cp_state_close(&first);
	cp_state_close(&second);
	assert_int_equal(cp_state_open(scratch_path("a/b/state"), &second, &path), 0);
	assert_null(second.pin);
	cp_state_close(&second);
}

static void
test_two_deployments_have_two_seeds(void **state)
{
	struct cp_state first;
	struct cp_state second;
	const char *path;

	(void)state;
	assert_int_equal(cp_state_open(scratch_path("one"), &first, &path), 0);
	assert_int_equal(cp_state_open(scratch_path("two"), &second, &path), 0);
	assert_memory_not_equal(first.hash_seed, second.hash_seed, sizeof(first.hash_seed));
	cp_state_close(&first);
	cp_state_close(&second);
}

static void
test_damaged_state_is_refused(void **state)
{
	static const struct {
		const char *file, *text;
		int err;
		int health_error;
	} rows[] = {
		{ "published.json", "", -EBADMSG, 0 },
		{ "published.json", "{\"generation\": 4, \"zo", -EBADMSG, 0 },
		{ "published.json", "{\"generation\": 0, \"zones\": {}}", -EBADMSG, 0 },
		{ "published.json", "{\"generation\": 4, \"pin\": 3}", -EBADMSG, 0 },
		{ "published.json", "{\"generation\": 4, \"pin\": {\"of\": 3}}", 0, 0 },
		{ "published.json", "{\"generation\": 4}", 0, 0 },
		/* As an older version wrote it. */
		{ "published.json", "{\"generation\": 4, \"zones\": {}}", 0, 0 },
		{ "hash-seed", "", -EBADMSG, 0 },
		{ "hash-seed", "0123456789abcdef0123456789abcdeg\n", -EBADMSG, 0 },
		{ "hash-seed", "0123456789abcdef0123456789abcdef0", -EBADMSG, 0 },
		{ "hash-seed", "0123456789abcdef0123456789abcdef\n", 0, 0 },
		/* Unknown is not down: starting without it harms nobody. */
		{ "health.json", "{", 0, -EBADMSG },
		{ "health.json", "[]", 0, -EBADMSG },
		{ "health.json", "{}", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cp_state opened;
		const char *path;
		char name[64];
		int err;

		(void)snprintf(name, sizeof(name), "damaged-%zu/%s", i, rows[i].file);
		scratch_write(name, rows[i].text);
		(void)snprintf(name, sizeof(name), "damaged-%zu", i);
		err = cp_state_open(scratch_path(name), &opened, &path);
		print_message("    %s: %s\n", rows[i].file, rows[i].text);
		assert_int_equal(err, rows[i].err);
		assert_int_equal(opened.health_error, rows[i].health_error);
		if (err != 0) {
			assert_non_null(strstr(path, rows[i].file));
		} else {
			assert_non_null(opened.health);
			assert_int_equal(opened.pin != NULL, strstr(rows[i].text, "pin") != NULL);
		}
		cp_state_close(&opened);
	}
}

static void
test_a_directory_that_cannot_be_is_named(void **state)
{
	struct cp_state opened;
	const char *path;

	(void)state;
	scratch_write("file", "");
	assert_int_equal(cp_state_open(scratch_path("file/state"), &opened, &path), -ENOTDIR);
	assert_string_equal(path, scratch_path("file/state"));
	cp_state_close(&opened);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_comes_back),
		cmocka_unit_test(test_two_deployments_have_two_seeds),
		cmocka_unit_test(test_damaged_state_is_refused),
		cmocka_unit_test(test_a_directory_that_cannot_be_is_named),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
