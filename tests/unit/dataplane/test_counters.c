/* One writer, readers in other mappings: counters only grow, and in the end they sum up. */
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dataplane/counters.h"
#include "tests/unit/test.h"

#define BURST_CNT  5000u
#define BURST_SIZE 32u

static const struct tbl_stats_segment *
map_as_reader(int fd)
{
	const struct tbl_stats_segment *segment =
			mmap(NULL, sizeof(*segment), PROT_READ, MAP_SHARED, fd, 0);

	assert_true(segment != MAP_FAILED);
	return segment;
}

static void
unmap(const struct tbl_stats_segment *segment)
{
	/* Mapped to be read; munmap does not care. NOLINTNEXTLINE(performance-no-int-to-ptr) */
	munmap((void *)(uintptr_t)segment, sizeof(*segment));
}

static uint64_t
load(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

struct writer {
	struct dp_counters counters;
	_Atomic(bool) is_done;
};

static void *
count_bursts(void *arg)
{
	struct writer *writer = arg;

	for (uint32_t burst = 0; burst < BURST_CNT; burst++) {
		for (uint32_t i = 0; i < BURST_SIZE; i++) {
			writer->counters.own.received++;
			dp_count_verdict(&writer->counters,
					(enum tbl_verdict)((burst + i) % TBL_VERDICT_CNT));
		}
		writer->counters.own.bursts++;
		dp_counters_publish(&writer->counters);
	}
	atomic_store_explicit(&writer->is_done, true, memory_order_release);
	return NULL;
}

static void
readers_see_counters_grow_and_sum_up(void **state)
{
	struct writer writer = { 0 };
	struct tbl_stats_segment *segment = NULL;
	const struct tbl_stats_segment *seen;
	uint64_t last = 0;
	uint64_t sum = 0;
	pthread_t thread;
	int fd = -1;

	(void)state;
	assert_int_equal(dp_stats_open(2, 1234, &fd, &segment), 0);
	writer.counters.shared = &segment->workers[1];
	seen = map_as_reader(fd);
	assert_int_equal(pthread_create(&thread, NULL, count_bursts, &writer), 0);
	while (!atomic_load_explicit(&writer.is_done, memory_order_acquire)) {
		uint64_t received = load(&seen->workers[1].received);

		assert_true(received >= last);
		assert_int_equal(received % BURST_SIZE, 0); /* whole bursts only */
		last = received;
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	for (unsigned int i = 0; i < TBL_VERDICT_CNT; i++) {
		sum += load(&seen->workers[1].verdicts[i]);
	}
	assert_int_equal(sum, BURST_CNT * BURST_SIZE);
	assert_int_equal(load(&seen->workers[1].received), sum);
	assert_int_equal(load(&seen->workers[1].bursts), BURST_CNT);
	assert_int_equal(load(&seen->workers[0].received), 0);
	assert_int_equal(load(&seen->workers[2].received), 0);
	unmap(seen);
	dp_stats_close(fd, segment);
}

static void
the_segment_says_what_it_is(void **state)
{
	struct tbl_stats_segment *segment = NULL;
	const struct tbl_stats_segment *seen;
	int fd = -1;

	(void)state;
	assert_int_equal(dp_stats_open(3, 1234, &fd, &segment), 0);
	seen = map_as_reader(fd);
	assert_int_equal(seen->magic, TBL_STATS_MAGIC);
	assert_int_equal(seen->version, TBL_STATS_VERSION);
	assert_int_equal(seen->worker_cnt, 4); /* and the TCP thread */
	assert_int_equal(seen->started_unix_s, 1234);
	unmap(seen);
	dp_stats_close(fd, segment);
}

static void
what_ports_lost_and_hold_is_in_the_first_line(void **state)
{
	const struct dp_port_counts counts = {
		.missed = 1, .errors = 2, .no_buffer = 3, .tx_errors = UINT64_MAX, .buffers = 5
	};
	struct tbl_stats_segment *segment = NULL;
	const struct tbl_stats_segment *seen;
	int fd = -1;

	(void)state;
	assert_int_equal(dp_stats_open(1, 1234, &fd, &segment), 0);
	dp_stats_show_ports(segment, &counts);
	seen = map_as_reader(fd);
	assert_int_equal(load(&seen->port_missed), 1);
	assert_int_equal(load(&seen->port_errors), 2);
	assert_int_equal(load(&seen->port_no_buffer), 3);
	assert_true(load(&seen->port_tx_errors) == UINT64_MAX);
	assert_int_equal(load(&seen->port_buffers), 5);
	assert_int_equal(seen->started_unix_s, 1234);
	assert_int_equal(load(&seen->workers[0].received), 0);
	unmap(seen);
	dp_stats_close(fd, segment);
}

static void
who_gets_the_descriptor_may_only_look(void **state)
{
	struct tbl_stats_segment *segment = NULL;
	int fd = -1;

	(void)state;
	assert_int_equal(dp_stats_open(1, 0, &fd, &segment), 0);
	assert_ptr_equal(mmap(NULL, sizeof(*segment), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
			MAP_FAILED);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(write(fd, "x", 1), -1);
	segment->port_buffers = 1; /* we still may write */
	dp_stats_close(fd, segment);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_see_counters_grow_and_sum_up),
		cmocka_unit_test(the_segment_says_what_it_is),
		cmocka_unit_test(what_ports_lost_and_hold_is_in_the_first_line),
		cmocka_unit_test(who_gets_the_descriptor_may_only_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
