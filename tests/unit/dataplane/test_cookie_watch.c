/* Secrets on their way from the file to what workers answer from, whatever else is being served. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "dataplane/cookie_watch.h"
#include "tests/unit/dataplane/images.h"
#include "tests/unit/dataplane/nobody.h"
#include "tests/unit/dataplane/tempdir.h"
#include "tests/unit/test.h"

#define A "00000000000000000000000000000000"
#define B "bb000000000000000000000000000000"

struct bench {
	char directory[TEMPDIR_MAX];
	char path[TEMPDIR_MAX + 16];
	struct dp_swap swap;
	struct dp_adopter adopter;
	struct dp_cookie_watch watch;
	unsigned int served_cnt;
	unsigned int said_cnt;
	char said[1024]; /* last */
};

static void
count_served(void *arg, const struct dp_served *served, bool is_new_table)
{
	(void)served;
	(void)is_new_table;
	((struct bench *)arg)->served_cnt++;
}

static void
keep_said(void *arg, const char *text)
{
	struct bench *bench = arg;

	bench->said_cnt++;
	(void)snprintf(bench->said, sizeof(bench->said), "%s", text);
}

static void
put(const struct bench *bench, const char *text)
{
	FILE *out = fopen(bench->path, "w");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(bench->path, 0600), 0);
}

static int
set_up(void **state)
{
	static struct bench bench;
	const struct dp_quiescence quiescence = nobody();

	memset(&bench, 0, sizeof(bench));
	tempdir_make(bench.directory);
	(void)snprintf(bench.path, sizeof(bench.path), "%s/secrets", bench.directory);
	dp_swap_init(&bench.swap, &quiescence, 1);
	bench.adopter.swap = &bench.swap;
	bench.adopter.arg = &bench;
	bench.adopter.served = count_served;
	bench.watch = (struct dp_cookie_watch){
		.file = { .path = bench.path },
		.adopter = &bench.adopter,
		.say = keep_said,
		.arg = &bench,
	};
	*state = &bench;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *bench = *state;

	dp_adopter_done(&bench->adopter);
	dp_swap_done(&bench->swap);
	tempdir_remove(bench->directory);
	return 0;
}

static void
adopt_table(struct bench *bench, uint64_t generation)
{
	struct tbl_error error;
	uint64_t swap_ns;

	assert_int_equal(dp_adopt_table(&bench->adopter, images_table(generation), NULL, &swap_ns,
					 &error),
			0);
}

/* What a worker would answer with in its next burst. */
static void
expect_keys(const struct bench *bench, uint64_t generation, uint32_t cnt, uint8_t first_byte)
{
	struct dp_answerer answerer = { 0 };

	dp_answerer_use(&answerer, dp_swap_current(&bench->swap));
	if (answerer.view == NULL) {
		fail_msg("nothing is served");
		return; /* for the linter: fail_msg does not come back */
	}
	assert_int_equal(answerer.view->header->generation, generation);
	if (answerer.cookie_keys == NULL) {
		assert_int_equal(cnt, 0); /* cookies are off */
		return;
	}
	assert_int_equal(answerer.cookie_keys->cnt, cnt);
	assert_int_equal(answerer.cookie_keys->keys[0][0], first_byte);
}

static void
the_first_table_brings_the_keys_that_came_before(void **state)
{
	struct bench *bench = *state;

	put(bench, A);
	dp_cookie_watch_look(&bench->watch);
	assert_string_equal(bench->said, "cookies: 1 secret read");
	assert_null(dp_swap_current(&bench->swap));
	adopt_table(bench, 1);
	expect_keys(bench, 1, 1, 0x00);
}

static void
keys_change_under_a_table_and_tables_over_keys(void **state)
{
	struct bench *bench = *state;
	struct tbl_error error;
	uint64_t swap_ns;

	adopt_table(bench, 1);
	expect_keys(bench, 1, 0, 0);
	put(bench, A);
	dp_cookie_watch_look(&bench->watch);
	expect_keys(bench, 1, 1, 0x00);
	put(bench, B "\n" A "\n");
	dp_cookie_watch_look(&bench->watch);
	assert_string_equal(bench->said, "cookies: 2 secrets read");
	expect_keys(bench, 1, 2, 0xbb);
	assert_int_equal(bench->served_cnt, 1); /* the same table: nothing to save again */
	adopt_table(bench, 2);
	expect_keys(bench, 2, 2, 0xbb);
	assert_int_equal(dp_adopt_selection(
					 &bench->adopter, images_selection(2, 1), &swap_ns, &error),
			0);
	expect_keys(bench, 2, 2, 0xbb);
	put(bench, B);
	dp_cookie_watch_look(&bench->watch);
	expect_keys(bench, 2, 1, 0xbb);
	assert_int_equal(dp_swap_current(&bench->swap)->view.select->sequence, 1); /* still */
}

static void
a_wrong_file_is_told_once_and_changes_nothing(void **state)
{
	struct bench *bench = *state;
	unsigned int said_cnt;

	put(bench, B);
	dp_cookie_watch_look(&bench->watch);
	adopt_table(bench, 1);
	put(bench, A "\nnonsense\n");
	said_cnt = bench->said_cnt;
	dp_cookie_watch_look(&bench->watch);
	assert_int_equal(bench->said_cnt, said_cnt + 2); /* what is wrong, and what then */
	assert_string_equal(bench->said, "cookies: the secrets in use stay");
	dp_cookie_watch_look(&bench->watch);
	dp_cookie_watch_look(&bench->watch);
	assert_int_equal(bench->said_cnt, said_cnt + 2);
	expect_keys(bench, 1, 1, 0xbb);
	put(bench, A);
	dp_cookie_watch_look(&bench->watch);
	expect_keys(bench, 1, 1, 0x00);
}

static void
being_told_to_reads_what_has_not_changed(void **state)
{
	struct bench *bench = *state;

	put(bench, A);
	dp_cookie_watch_look(&bench->watch);
	dp_cookie_watch_look(&bench->watch);
	assert_int_equal(bench->said_cnt, 1);
	dp_cookie_watch_reload(&bench->watch);
	assert_int_equal(bench->said_cnt, 2);
	bench->watch.file.path = NULL;
	dp_cookie_watch_look(&bench->watch);
	assert_int_equal(bench->said_cnt, 2);
	dp_cookie_watch_reload(&bench->watch);
	assert_non_null(strstr(bench->said, "no cookies.secret_file"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_first_table_brings_the_keys_that_came_before,
				set_up, tear_down),
		cmocka_unit_test_setup_teardown(
				keys_change_under_a_table_and_tables_over_keys, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
				a_wrong_file_is_told_once_and_changes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
				being_told_to_reads_what_has_not_changed, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("dataplane/cookie_watch", tests, NULL, NULL);
}
