/*
 * A keeper's life over one state directory: what a start finds to serve, what is kept of what was
 * served, who is called good and who is refused. Time is the event loop's, with nothing to wait for:
 * a table soaks for 0 seconds.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/counters.h"
#include "dataplane/keeper.h"
#include "dataplane/suspects.h"
#include "tests/unit/dataplane/images.h"
#include "tests/unit/dataplane/nobody.h"
#include "tests/unit/dataplane/tempdir.h"
#include "tests/unit/test.h"

#define PATH_BYTES (TEMPDIR_MAX + 64)
#define SAID_BYTES 1024

struct bench {
	char dir[TEMPDIR_MAX];
	char state_dir[PATH_BYTES];
	struct event_base *base;
	struct dp_swap swap;
	struct dp_adopter adopter;
	int stats_fd;
	struct tbl_stats_segment *stats;
	struct dp_keeper *keeper; /* NULL while the process is "down" */
	char said[SAID_BYTES]; /* since the last start; by the saver's thread too, when it fails */
};

/* The server's own wiring: the keeper is not asked before it is there. */
static int
on_admit(void *arg, const struct tbl_header *table, struct tbl_error *error)
{
	struct bench *bench = arg;

	return bench->keeper != NULL ? dp_keeper_admit(bench->keeper, table, error) : 0;
}

static void
on_served(void *arg, const struct dp_served *served, bool is_new_table)
{
	struct bench *bench = arg;

	if (bench->keeper != NULL) {
		dp_keeper_served(bench->keeper, served, is_new_table);
	}
}

static void
note(void *arg, const char *text)
{
	struct bench *bench = arg;
	size_t len = strlen(bench->said);

	(void)snprintf(bench->said + len, sizeof(bench->said) - len, "%s\n", text);
}

static int
set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	tempdir_make(bench->dir);
	(void)snprintf(bench->state_dir, sizeof(bench->state_dir), "%s/state", bench->dir);
	bench->base = event_base_new();
	assert_int_equal(dp_stats_open(2, 0, &bench->stats_fd, &bench->stats), 0);
	*state = bench;
	return 0;
}

static int
start(struct bench *bench, const char *state_dir, const char *table_path, struct tbl_error *error)
{
	const struct dp_quiescence quiescence = nobody();
	const struct dp_keeper_params params = {
		.base = bench->base,
		.state_dir = state_dir,
		.table_path = table_path,
		.promote_after_s = 0,
		.adopter = &bench->adopter,
		.stats = bench->stats,
		.arg = bench,
		.say = note,
	};

	bench->said[0] = '\0';
	dp_swap_init(&bench->swap, &quiescence, 1);
	bench->adopter = (struct dp_adopter){
		.swap = &bench->swap, .arg = bench, .admit = on_admit, .served = on_served
	};
	return dp_keeper_open(&params, &bench->keeper, error);
}

static void
start_well(struct bench *bench, const char *table_path)
{
	struct tbl_error error = { .text = "" };

	if (start(bench, bench->state_dir, table_path, &error) != 0) {
		fail_msg("%s", error.text);
	}
}

/* Everything that waits to be saved is in the directory afterwards. */
static void
stop(struct bench *bench)
{
	dp_keeper_close(bench->keeper);
	bench->keeper = NULL;
	dp_adopter_done(&bench->adopter);
	dp_swap_done(&bench->swap);
}

/* One round of the loop, at most: a soak of 0 s that begins anew is over again at once, for ever. */
static bool
is_soaking(const struct bench *bench)
{
	int result = event_base_loop(bench->base, EVLOOP_NONBLOCK | EVLOOP_ONCE);

	assert_true(result >= 0);
	return result == 0; /* 1: no event is left to wait for */
}

static void
let_soak(const struct bench *bench)
{
	assert_true(is_soaking(bench));
}

static int
tear_down(void **state)
{
	struct bench *bench = *state;

	/* A timer that outlived its keeper would be used after it was freed. */
	assert_false(is_soaking(bench));
	event_base_free(bench->base);
	dp_stats_close(bench->stats_fd, bench->stats);
	tempdir_remove(bench->dir);
	free(bench);
	return 0;
}

static int
publish(struct bench *bench, uint64_t generation, struct tbl_error *error)
{
	uint64_t swap_ns;

	return dp_adopt_table(&bench->adopter, images_table(generation), NULL, &swap_ns, error);
}

static void
publish_well(struct bench *bench, uint64_t generation)
{
	struct tbl_error error = { .text = "" };

	if (publish(bench, generation, &error) != 0) {
		fail_msg("%s", error.text);
	}
}

static void
answer_queries(struct bench *bench, uint64_t cnt)
{
	bench->stats->workers[1].verdicts[TBL_VERDICT_ANSWER_NOERROR] += cnt;
}

static uint64_t
served_generation(const struct bench *bench)
{
	const struct dp_served *served = dp_swap_current(&bench->swap);

	return served != NULL ? served->view.header->generation : 0;
}

static bool
is_kept(const struct bench *bench, const char *name)
{
	char path[PATH_BYTES + 32];

	(void)snprintf(path, sizeof(path), "%s/%s", bench->state_dir, name);
	return access(path, F_OK) == 0;
}

static void
write_table(const struct bench *bench, uint64_t generation, char path[PATH_BYTES])
{
	struct dp_image *table = images_table(generation);
	FILE *out;

	(void)snprintf(path, PATH_BYTES, "%s/file", bench->dir);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(table->bytes, 1, table->size, out), table->size);
	assert_int_equal(fclose(out), 0);
	dp_image_drop(table);
}

static void
expect_said(const struct bench *bench, const char *part)
{
	if (strstr(bench->said, part) == NULL) {
		fail_msg("'%s' is not in '%s'", part, bench->said);
	}
}

/* The process died `cnt` times while it served this table. */
static void
crash(const struct bench *bench, uint64_t generation, unsigned int cnt)
{
	struct dp_image *table = images_table(generation);
	const struct tbl_header *header = table->bytes;
	struct tbl_error error;

	assert_true(mkdir(bench->state_dir, 0700) == 0 || errno == EEXIST);
	for (unsigned int i = 0; i < cnt; i++) {
		struct dp_suspects *suspects = NULL;

		assert_int_equal(dp_suspects_open(bench->state_dir, &suspects, &error), 0);
		assert_int_equal(dp_suspects_serving(suspects, header->content_hash, &error), 0);
		dp_suspects_close(suspects, false);
	}
	dp_image_drop(table);
}

static bool
is_suspect(const struct bench *bench, uint64_t generation)
{
	struct dp_image *table = images_table(generation);
	const struct tbl_header *header = table->bytes;
	struct dp_suspects *suspects = NULL;
	struct tbl_error error;
	bool is_one;

	assert_int_equal(dp_suspects_open(bench->state_dir, &suspects, &error), 0);
	is_one = is_dp_suspect(suspects, header->content_hash);
	dp_suspects_close(suspects, true);
	dp_image_drop(table);
	return is_one;
}

static void
without_a_directory_nothing_is_kept(void **state)
{
	struct bench *bench = *state;
	struct tbl_error error = { .text = "" };
	char path[PATH_BYTES];

	write_table(bench, 7, path);
	assert_int_equal(start(bench, NULL, path, &error), 0);
	assert_int_equal(served_generation(bench), 7);
	publish_well(bench, 8);
	answer_queries(bench, 1);
	assert_false(is_soaking(bench));
	stop(bench);
	assert_int_equal(access(bench->state_dir, F_OK), -1);
}

static void
an_empty_directory_serves_nothing_yet(void **state)
{
	struct bench *bench = *state;

	start_well(bench, NULL);
	assert_int_equal(served_generation(bench), 0);
	assert_string_equal(
			bench->said, "no table yet: queries are dropped until one is published\n");
	assert_false(is_soaking(bench));
	stop(bench);
}

static void
a_named_file_is_served_and_kept(void **state)
{
	struct bench *bench = *state;
	char path[PATH_BYTES];

	write_table(bench, 7, path);
	start_well(bench, path);
	assert_int_equal(served_generation(bench), 7);
	expect_said(bench, "serving generation 7 (");
	expect_said(bench, path);
	stop(bench);
	assert_true(is_kept(bench, "table-7"));
	start_well(bench, NULL);
	assert_int_equal(served_generation(bench), 7);
	expect_said(bench, bench->state_dir);
	stop(bench);
}

/* The file that was named is what somebody wants to see: it comes before what is newer. */
static void
a_named_file_goes_before_what_was_kept(void **state)
{
	struct bench *bench = *state;
	char path[PATH_BYTES];

	start_well(bench, NULL);
	publish_well(bench, 9);
	stop(bench);
	write_table(bench, 7, path);
	start_well(bench, path);
	assert_int_equal(served_generation(bench), 7);
	stop(bench);
}

static void
a_start_that_cannot_be_says_why(void **state)
{
	struct bench *bench = *state;
	static const struct {
		const char *state_dir, *table_path;
		int result;
		const char *says;
	} rows[] = {
		{ NULL, "/nowhere/table", -ENOENT,
				"table /nowhere/table: the file cannot be opened: No such file or "
				"directory" },
		{ NULL, "/dev/null", -EINVAL,
				"table /dev/null: it is no plain file: Invalid argument" },
		{ NULL, "/proc/self/exe", -EBADMSG, "table /proc/self/exe: " },
		{ "/dev/null/state", NULL, -ENOTDIR, "/dev/null/state" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tbl_error error = { .text = "" };

		assert_int_equal(start(bench, rows[i].state_dir, rows[i].table_path, &error),
				rows[i].result);
		if (strncmp(error.text, rows[i].says, strlen(rows[i].says)) != 0) {
			fail_msg("row %zu says '%s'", i, error.text);
		}
		assert_null(bench->keeper);
		assert_int_equal(served_generation(bench), 0);
		stop(bench);
	}
}

static void
what_was_published_is_served_at_the_next_start(void **state)
{
	struct bench *bench = *state;
	struct tbl_error error;
	uint64_t swap_ns;

	start_well(bench, NULL);
	publish_well(bench, 5);
	publish_well(bench, 6);
	assert_int_equal(dp_adopt_selection(
					 &bench->adopter, images_selection(6, 3), &swap_ns, &error),
			0);
	stop(bench);
	start_well(bench, NULL);
	assert_int_equal(served_generation(bench), 6);
	assert_int_equal(dp_swap_current(&bench->swap)->view.select->sequence, 3);
	stop(bench);
}

/* A table that is good is kept beside its successor, another is not. Only replies with data since it
 * is served, by any worker or the TCP thread (block 2), make it good. */
static void
only_answers_make_a_table_good(void **state)
{
	struct bench *bench = *state;
	static const struct {
		unsigned int block, verdict;
		uint64_t before, after;
		bool is_good;
	} rows[] = {
		{ 0, TBL_VERDICT_ANSWER_NOERROR, 0, 0, false },
		{ 0, TBL_VERDICT_ANSWER_NOERROR, 9, 0, false },
		{ 0, TBL_VERDICT_ANSWER_NXDOMAIN, 0, 9, false },
		{ 0, TBL_VERDICT_ANSWER_NOERROR, 9, 1, true },
		{ 1, TBL_VERDICT_ANSWER_NOERROR, 0, 1, true },
		{ 2, TBL_VERDICT_ANSWER_NOERROR, 0, 1, true },
	};

	for (uint64_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t generation = 10 * (i + 1);
		uint64_t *count = &bench->stats->workers[rows[i].block].verdicts[rows[i].verdict];
		char name[32];

		*count += rows[i].before;
		start_well(bench, NULL);
		publish_well(bench, generation);
		*count += rows[i].after;
		let_soak(bench);
		stop(bench);
		start_well(bench, NULL);
		publish_well(bench, generation + 1);
		stop(bench);
		(void)snprintf(name, sizeof(name), "table-%u", (unsigned int)generation);
		assert_int_equal(is_kept(bench, name), rows[i].is_good);
	}
}

static void
a_table_soaks_until_it_has_answered(void **state)
{
	struct bench *bench = *state;

	start_well(bench, NULL);
	publish_well(bench, 5);
	for (int i = 0; i < 3; i++) {
		let_soak(bench);
	}
	answer_queries(bench, 1);
	let_soak(bench);
	/* Good now, and nothing waits any more. */
	assert_false(is_soaking(bench));
	stop(bench); /* saved: what 6 overtakes before that would never be written */
	start_well(bench, NULL);
	publish_well(bench, 6);
	stop(bench);
	assert_true(is_kept(bench, "table-5"));
	assert_true(is_kept(bench, "table-6"));
}

static void
a_suspect_is_refused_from_the_publisher(void **state)
{
	struct bench *bench = *state;
	struct tbl_error error = { .text = "" };

	crash(bench, 5, 2);
	crash(bench, 6, 1);
	start_well(bench, NULL);
	assert_int_equal(publish(bench, 5, &error), -EKEYREJECTED);
	assert_string_equal(error.text,
			"the content of generation 5 was being served at 2 crashes: "
			"it is not served again");
	assert_int_equal(served_generation(bench), 0);
	publish_well(bench, 6); /* one crash may be anybody's fault */
	assert_int_equal(publish(bench, 5, &error), -ESTALE);
	stop(bench);
	assert_false(is_kept(bench, "table-5"));
	assert_true(is_kept(bench, "table-6"));
}

/* When there is nothing else a suspect is better than silence, and so is a file that was named. */
static void
a_suspect_is_served_at_the_start(void **state)
{
	struct bench *bench = *state;
	char path[PATH_BYTES];

	start_well(bench, NULL);
	publish_well(bench, 5);
	stop(bench);
	crash(bench, 5, 2);
	start_well(bench, NULL);
	expect_said(bench, "it was served at two crashes");
	assert_int_equal(served_generation(bench), 5);
	stop(bench);
	write_table(bench, 5, path);
	start_well(bench, path);
	assert_int_equal(served_generation(bench), 5);
	stop(bench);
	assert_true(is_suspect(bench, 5)); /* a clean end is no proof */
}

static void
answering_clears_a_table_of_its_crashes(void **state)
{
	struct bench *bench = *state;

	for (uint64_t answers = 0; answers < 2; answers++) {
		uint64_t generation = 5 + answers;

		crash(bench, generation, 1);
		start_well(bench, NULL);
		publish_well(bench, generation);
		answer_queries(bench, answers);
		let_soak(bench);
		stop(bench);
		crash(bench, generation, 1);
		assert_int_equal(is_suspect(bench, generation), answers == 0);
	}
}

static void
clean_ends_blame_nobody(void **state)
{
	struct bench *bench = *state;

	for (uint64_t generation = 5; generation < 9; generation++) {
		start_well(bench, NULL);
		publish_well(bench, generation);
		stop(bench);
		start_well(bench, NULL);
		assert_int_equal(served_generation(bench), generation);
		stop(bench);
		assert_false(is_suspect(bench, generation));
	}
}

/* Serving goes on when it cannot be noted who is served: told when it begins, not at each table. */
static void
a_note_that_fails_is_told_once(void **state)
{
	static const struct {
		bool is_blocked, is_told;
	} rows[] = {
		{ false, false },
		{ true, true },
		{ true, false },
		{ false, false },
		{ true, true },
	};
	struct bench *bench = *state;
	char in_the_way[PATH_BYTES + 32];

	start_well(bench, NULL);
	(void)snprintf(in_the_way, sizeof(in_the_way), "%s/serving.tmp", bench->state_dir);
	for (uint64_t i = 0; i < ARRAY_LEN(rows); i++) {
		bench->said[0] = '\0';
		if (rows[i].is_blocked) {
			assert_true(mkdir(in_the_way, 0700) == 0 || errno == EEXIST);
		} else {
			assert_true(rmdir(in_the_way) == 0 || errno == ENOENT);
		}
		publish_well(bench, i + 1);
		assert_int_equal(served_generation(bench), i + 1);
		assert_int_equal(strstr(bench->said, "serving: cannot be written") != NULL,
				rows[i].is_told);
	}
	stop(bench);
}

#define ON_A_BENCH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_BENCH(without_a_directory_nothing_is_kept),
		ON_A_BENCH(an_empty_directory_serves_nothing_yet),
		ON_A_BENCH(a_named_file_is_served_and_kept),
		ON_A_BENCH(a_named_file_goes_before_what_was_kept),
		ON_A_BENCH(a_start_that_cannot_be_says_why),
		ON_A_BENCH(what_was_published_is_served_at_the_next_start),
		ON_A_BENCH(only_answers_make_a_table_good),
		ON_A_BENCH(a_table_soaks_until_it_has_answered),
		ON_A_BENCH(a_suspect_is_refused_from_the_publisher),
		ON_A_BENCH(a_suspect_is_served_at_the_start),
		ON_A_BENCH(answering_clears_a_table_of_its_crashes),
		ON_A_BENCH(clean_ends_blame_nobody),
		ON_A_BENCH(a_note_that_fails_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
