/* What may follow what: every order in which images can arrive, and what is served after. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/adopt.h"
#include "tests/unit/dataplane/images.h"
#include "tests/unit/dataplane/nobody.h"
#include "tests/unit/test.h"

struct bench {
	struct dp_swap swap;
	struct dp_adopter adopter;
	unsigned int served_cnt;
	unsigned int new_table_cnt;
	uint64_t banned; /* refused by admit; 0: none */
};

static int
ban(void *arg, const struct tbl_header *table, struct tbl_error *ret_error)
{
	const struct bench *bench = arg;

	if (table->generation != bench->banned) {
		return 0;
	}
	(void)snprintf(ret_error->text, sizeof(ret_error->text), "banned");
	return -EKEYREJECTED;
}

static void
count_served(void *arg, const struct dp_served *served, bool is_new_table)
{
	struct bench *bench = arg;

	(void)served;
	bench->served_cnt++;
	bench->new_table_cnt += is_new_table ? 1 : 0;
}

static void
set_up(struct bench *bench)
{
	const struct dp_quiescence quiescence = nobody();

	memset(bench, 0, sizeof(*bench));
	dp_swap_init(&bench->swap, &quiescence, 1);
	bench->adopter.swap = &bench->swap;
	bench->adopter.arg = bench;
	bench->adopter.served = count_served;
}

static void
tear_down(struct bench *bench)
{
	dp_adopter_done(&bench->adopter);
	dp_swap_done(&bench->swap);
}

struct arrival {
	enum {
		TABLE,
		SELECTION,
		DAMAGED,
	} what;
	int result;
	uint64_t generation;
	uint64_t sequence; /* of a selection */
	uint64_t serves;   /* generation, 0: none */
	uint64_t serves_sequence;
	const char *says; /* part of the refusal */
};

static int
arrive(struct bench *bench, const struct arrival *arrival, struct tbl_error *error)
{
	uint64_t swap_ns;

	switch (arrival->what) {
	case TABLE:
		return dp_adopt_table(&bench->adopter, images_table(arrival->generation), NULL,
				&swap_ns, error);
	case DAMAGED:
		return dp_adopt_table(&bench->adopter, images_damaged(arrival->generation, 3000),
				NULL, &swap_ns, error);
	case SELECTION:
		break;
	}
	return dp_adopt_selection(&bench->adopter,
			images_selection(arrival->generation, arrival->sequence), &swap_ns, error);
}

static void
walk(const struct arrival *arrivals, size_t cnt)
{
	struct bench bench;

	set_up(&bench);
	for (size_t i = 0; i < cnt; i++) {
		const struct arrival *arrival = &arrivals[i];
		struct tbl_error error = { .text = "" };
		const struct dp_served *served;

		if (arrive(&bench, arrival, &error) != arrival->result) {
			fail_msg("arrival %zu: %s", i, error.text);
		}
		if (arrival->says != NULL && strstr(error.text, arrival->says) == NULL) {
			fail_msg("arrival %zu says '%s'", i, error.text);
		}
		served = dp_swap_current(&bench.swap);
		assert_int_equal(served != NULL ? served->view.header->generation : 0,
				arrival->serves);
		assert_int_equal(served != NULL ? served->view.select->sequence : 0,
				arrival->serves_sequence);
	}
	tear_down(&bench);
}

static void
generations_only_grow(void **state)
{
	static const struct arrival arrivals[] = {
		{ TABLE, 0, 5, 0, 5, 0, NULL },
		{ TABLE, -ESTALE, 5, 0, 5, 0, "generation 5 is not newer than 5" },
		{ TABLE, -ESTALE, 4, 0, 5, 0, "generation 4 is not newer than 5" },
		{ TABLE, 0, 6, 0, 6, 0, NULL },
	};

	(void)state;
	walk(arrivals, ARRAY_LEN(arrivals));
}

static void
a_damaged_table_changes_nothing(void **state)
{
	static const struct arrival arrivals[] = {
		{ DAMAGED, -EBADMSG, 4, 0, 0, 0, NULL },
		{ TABLE, 0, 5, 0, 5, 0, NULL },
		{ DAMAGED, -EBADMSG, 6, 0, 5, 0, NULL },
		{ TABLE, 0, 6, 0, 6, 0, NULL },
	};

	(void)state;
	walk(arrivals, ARRAY_LEN(arrivals));
}

static void
sequences_grow_within_a_table(void **state)
{
	static const struct arrival arrivals[] = {
		{ TABLE, 0, 5, 0, 5, 0, NULL },
		{ SELECTION, 0, 5, 2, 5, 2, NULL },
		{ SELECTION, -ESTALE, 5, 2, 5, 2, "selection 2 is not newer than 2" },
		{ SELECTION, -ESTALE, 5, 1, 5, 2, NULL },
		{ SELECTION, -ESTALE, 4, 9, 5, 2, "for generation 4, but 5 is served" },
		{ SELECTION, 0, 5, 3, 5, 3, NULL },
		{ TABLE, 0, 6, 0, 6, 0, NULL },
		{ SELECTION, 0, 6, 1, 6, 1, NULL },
	};

	(void)state;
	walk(arrivals, ARRAY_LEN(arrivals));
}

static void
a_selection_ahead_of_its_table_is_served_with_it(void **state)
{
	static const struct arrival arrivals[] = {
		{ SELECTION, 0, 5, 7, 0, 0, NULL },
		{ TABLE, 0, 5, 0, 5, 7, NULL },
		{ SELECTION, 0, 6, 1, 5, 7, NULL },
		{ SELECTION, 0, 6, 2, 5, 7, NULL }, /* overtakes the one that waits */
		{ TABLE, 0, 6, 0, 6, 2, NULL },
		{ SELECTION, 0, 8, 1, 6, 2, NULL },
		{ TABLE, 0, 7, 0, 7, 0, NULL }, /* not the one it waited for */
		{ TABLE, 0, 8, 0, 8, 0, NULL },
	};

	(void)state;
	walk(arrivals, ARRAY_LEN(arrivals));
}

static void
who_is_not_admitted_changes_nothing(void **state)
{
	struct tbl_error error = { .text = "" };
	struct bench bench;
	uint64_t swap_ns;

	(void)state;
	set_up(&bench);
	bench.adopter.admit = ban;
	bench.banned = 2;
	assert_int_equal(
			dp_adopt_table(&bench.adopter, images_table(1), NULL, &swap_ns, &error), 0);
	assert_int_equal(dp_adopt_table(&bench.adopter, images_table(2), NULL, &swap_ns, &error),
			-EKEYREJECTED);
	assert_string_equal(error.text, "banned");
	assert_int_equal(dp_swap_current(&bench.swap)->view.header->generation, 1);
	assert_int_equal(
			dp_adopt_table(&bench.adopter, images_table(3), NULL, &swap_ns, &error), 0);
	assert_int_equal(bench.served_cnt, 2);
	tear_down(&bench);
}

static void
listeners_hear_which_swaps_brought_a_table(void **state)
{
	struct bench bench;
	struct tbl_error error;
	uint64_t swap_ns;

	(void)state;
	set_up(&bench);
	assert_int_equal(dp_adopt_table(&bench.adopter, images_table(1), images_selection(1, 4),
					 &swap_ns, &error),
			0);
	assert_int_equal(dp_swap_current(&bench.swap)->view.select->sequence, 4);
	assert_int_equal(dp_adopt_selection(
					 &bench.adopter, images_selection(1, 5), &swap_ns, &error),
			0);
	assert_int_equal(bench.served_cnt, 2);
	assert_int_equal(bench.new_table_cnt, 1);
	tear_down(&bench);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generations_only_grow),
		cmocka_unit_test(a_damaged_table_changes_nothing),
		cmocka_unit_test(sequences_grow_within_a_table),
		cmocka_unit_test(a_selection_ahead_of_its_table_is_served_with_it),
		cmocka_unit_test(who_is_not_admitted_changes_nothing),
		cmocka_unit_test(listeners_hear_which_swaps_brought_a_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
