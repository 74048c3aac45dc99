/*
 * The swap's promises, first step by step with a scripted grace period, then with real threads whose
 * quiescence is plain C11 atomics, so that ThreadSanitizer sees every access of the protocol.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/view_swap.h"
#include "tests/unit/dataplane/images.h"
#include "tests/unit/test.h"

#define DEADLINE_NS 1000u

/* A view that is the only holder of its image. */
static struct dp_served *
make_served(uint64_t generation)
{
	struct dp_image *image = images_table(generation);
	struct dp_served *served = NULL;

	assert_int_equal(dp_served_new(image, NULL, &served), 0);
	dp_image_drop(image);
	assert_int_equal(served->cookie_keys.cnt, 0);
	served->cookie_keys.cnt = 1;
	memset(served->cookie_keys.keys[0], (int)(generation & 0xff), DP_COOKIE_KEY_BYTES);
	return served;
}

/* A grace period that is over after `polls_left` looks; each look takes 100 ns. */
struct script {
	unsigned int polls_left;
	uint64_t clock_ns;
	unsigned int start_cnt;
	const struct dp_swap *swap;
	const struct dp_served *seen_at_start;
};

static uint64_t
script_start(void *arg)
{
	struct script *script = arg;

	script->start_cnt++;
	script->seen_at_start = dp_swap_current(script->swap);
	return 1;
}

static bool
script_is_over(void *arg, uint64_t token)
{
	struct script *script = arg;

	assert_int_equal(token, 1);
	return script->polls_left == 0;
}

static uint64_t
script_now(void *arg)
{
	return ((struct script *)arg)->clock_ns;
}

static uint64_t
script_wait(void *arg)
{
	struct script *script = arg;

	script->polls_left--;
	script->clock_ns += 100;
	return script->clock_ns;
}

static void
init_scripted(struct dp_swap *swap, struct script *script)
{
	const struct dp_quiescence quiescence = {
		script,
		script_start,
		script_is_over,
		script_wait,
		script_now,
	};

	script->swap = swap;
	dp_swap_init(swap, &quiescence, DEADLINE_NS);
}

static void
a_worker_sees_nothing_before_the_first_publish(void **state)
{
	struct script script = { 0 };
	struct dp_swap swap;

	(void)state;
	init_scripted(&swap, &script);
	assert_null(dp_swap_current(&swap));
	dp_swap_done(&swap);
}

static void
the_new_view_is_visible_before_the_grace_period_begins(void **state)
{
	struct script script = { .polls_left = 3 };
	struct dp_served *served = make_served(1);
	struct dp_swap swap;
	uint64_t swap_ns = 0;

	(void)state;
	init_scripted(&swap, &script);
	assert_int_equal(dp_swap_publish(&swap, served, &swap_ns), 0);
	assert_ptr_equal(script.seen_at_start, served);
	assert_int_equal(script.start_cnt, 1);
	assert_int_equal(swap_ns, 300);
	assert_ptr_equal(dp_swap_current(&swap), served);
	dp_swap_done(&swap);
}

static void
the_old_view_lives_until_the_grace_period_is_over(void **state)
{
	struct script script = { 0 };
	struct dp_image *image = images_table(1);
	struct dp_served *first = NULL;
	struct dp_swap swap;
	uint64_t swap_ns;

	(void)state;
	init_scripted(&swap, &script);
	assert_int_equal(dp_served_new(image, NULL, &first), 0);
	assert_int_equal(image->hold_cnt, 2);
	assert_int_equal(dp_swap_publish(&swap, first, &swap_ns), 0);
	assert_int_equal(image->hold_cnt, 2);
	assert_int_equal(dp_swap_publish(&swap, make_served(2), &swap_ns), 0);
	assert_int_equal(image->hold_cnt, 1);
	dp_image_drop(image);
	dp_swap_done(&swap);
}

static void
a_hung_worker_costs_memory_and_not_the_publish(void **state)
{
	struct script script = { 0 };
	struct dp_served *first = make_served(1);
	struct dp_served *second = make_served(2);
	struct dp_swap swap;
	uint64_t swap_ns = 0;

	(void)state;
	init_scripted(&swap, &script);
	assert_int_equal(dp_swap_publish(&swap, first, &swap_ns), 0);
	script.polls_left = UINT32_MAX;
	assert_int_equal(dp_swap_publish(&swap, second, &swap_ns), -ETIMEDOUT);
	assert_true(swap_ns >= DEADLINE_NS);
	assert_ptr_equal(dp_swap_current(&swap), second);
	assert_int_equal(swap.leaked_cnt, 1);
	/* The hung worker may still read it. */
	assert_int_equal(first->view.header->generation, 1);
	dp_served_free(first);
	dp_swap_done(&swap);
}

static void
a_selection_swap_keeps_the_table_mapped(void **state)
{
	struct script script = { 0 };
	struct dp_image *table = images_table(1);
	struct dp_served *first = NULL;
	struct dp_served *second = NULL;
	struct dp_swap swap;
	uint64_t swap_ns;

	(void)state;
	init_scripted(&swap, &script);
	assert_int_equal(dp_served_new(table, NULL, &first), 0);
	assert_int_equal(dp_served_new(table, NULL, &second), 0);
	dp_image_drop(table);
	assert_int_equal(dp_swap_publish(&swap, first, &swap_ns), 0);
	assert_int_equal(dp_swap_publish(&swap, second, &swap_ns), 0);
	assert_int_equal(table->hold_cnt, 1);
	assert_int_equal(second->view.header->generation, 1);
	dp_swap_done(&swap);
}

/* With threads */

#define READER_CNT  3u
#define PUBLISH_CNT 400u

struct epochs {
	_Atomic(uint64_t) token;
	_Atomic(uint64_t) seen[READER_CNT];
	_Atomic(bool) is_done;
};

struct reader {
	struct epochs *epochs;
	struct dp_swap *swap;
	unsigned int id;
	uint64_t last_generation;
	uint64_t mixed_cnt; /* parts of one view that are not of one table */
	uint64_t backward_cnt;
	uint64_t view_cnt;
};

static uint64_t
epochs_start(void *arg)
{
	struct epochs *epochs = arg;

	/* As rte_rcu_qsbr: release publishes the pointer stored before. */
	return atomic_fetch_add_explicit(&epochs->token, 1, memory_order_release) + 1;
}

static bool
epochs_is_over(void *arg, uint64_t token)
{
	struct epochs *epochs = arg;

	for (unsigned int i = 0; i < READER_CNT; i++) {
		if (atomic_load_explicit(&epochs->seen[i], memory_order_acquire) < token) {
			return false;
		}
	}
	return true;
}

static uint64_t
epochs_now(void *arg)
{
	(void)arg;
	return 0; /* no deadline: every reader reports */
}

static uint64_t
epochs_wait(void *arg)
{
	(void)arg;
	sched_yield();
	return 0;
}

static void
look(struct reader *reader, const struct dp_served *served)
{
	const struct tbl_view *view = &served->view;

	reader->view_cnt++;
	reader->mixed_cnt += (const void *)view->header != served->table->bytes ? 1 : 0;
	reader->mixed_cnt += view->header->image_bytes != served->table->size ? 1 : 0;
	for (size_t i = 0; i < DP_COOKIE_KEY_BYTES; i++) {
		reader->mixed_cnt +=
				served->cookie_keys.keys[0][i] != (uint8_t)view->header->generation
						? 1
						: 0;
	}
	reader->mixed_cnt += view->select->magic != TBL_SELECT_MAGIC ? 1 : 0;
	reader->backward_cnt += view->header->generation < reader->last_generation ? 1 : 0;
	reader->last_generation = view->header->generation;
}

static void *
read_views(void *arg)
{
	struct reader *reader = arg;
	struct epochs *epochs = reader->epochs;
	bool is_done = false;

	while (!is_done) {
		const struct dp_served *served;
		uint64_t token;

		is_done = atomic_load_explicit(&epochs->is_done, memory_order_acquire);
		token = atomic_load_explicit(&epochs->token, memory_order_acquire);
		atomic_store_explicit(&epochs->seen[reader->id], token, memory_order_release);
		served = dp_swap_current(reader->swap);
		for (unsigned int i = 0; served != NULL && i < 16; i++) {
			look(reader, served);
		}
	}
	atomic_store_explicit(&epochs->seen[reader->id], UINT64_MAX, memory_order_release);
	return NULL;
}

static void
readers_see_whole_views_in_order_while_tables_are_swapped(void **state)
{
	struct epochs epochs = { 0 };
	const struct dp_quiescence quiescence = {
		&epochs,
		epochs_start,
		epochs_is_over,
		epochs_wait,
		epochs_now,
	};
	struct reader readers[READER_CNT] = { { 0 } };
	pthread_t threads[READER_CNT];
	struct dp_swap swap;
	uint64_t swap_ns;

	(void)state;
	dp_swap_init(&swap, &quiescence, UINT64_MAX);
	for (unsigned int i = 0; i < READER_CNT; i++) {
		readers[i] = (struct reader){ .epochs = &epochs, .swap = &swap, .id = i };
		assert_int_equal(pthread_create(&threads[i], NULL, read_views, &readers[i]), 0);
	}
	for (uint64_t generation = 1; generation <= PUBLISH_CNT; generation++) {
		/* The predecessor is unmapped here: a reader that still used it would fault. */
		assert_int_equal(dp_swap_publish(&swap, make_served(generation), &swap_ns), 0);
	}
	atomic_store_explicit(&epochs.is_done, true, memory_order_release);
	for (unsigned int i = 0; i < READER_CNT; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(readers[i].mixed_cnt, 0);
		assert_int_equal(readers[i].backward_cnt, 0);
		assert_true(readers[i].view_cnt > 0);
		assert_int_equal(readers[i].last_generation, PUBLISH_CNT);
	}
	assert_int_equal(swap.leaked_cnt, 0);
	dp_swap_done(&swap);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_sees_nothing_before_the_first_publish),
		cmocka_unit_test(the_new_view_is_visible_before_the_grace_period_begins),
		cmocka_unit_test(the_old_view_lives_until_the_grace_period_is_over),
		cmocka_unit_test(a_hung_worker_costs_memory_and_not_the_publish),
		cmocka_unit_test(a_selection_swap_keeps_the_table_mapped),
		cmocka_unit_test(readers_see_whole_views_in_order_while_tables_are_swapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
