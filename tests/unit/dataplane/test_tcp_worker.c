/*
 * The TCP thread as it runs in meridiand: its loop, its quiescent states, its counters. Tables are swapped
 * under it; a sanitizer sees a view that is used after its time.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "dataplane/sockets.h"
#include "dataplane/worker.h"
#include "tests/unit/dataplane/images.h"
#include "tests/unit/dataplane/loopback.h"
#include "tests/unit/test.h"

#define WORKER_ID      2u
#define CONNECTION_CNT ((size_t)4)
#define QUERY_CNT      ((uint16_t)10)
#define PUBLISH_CNT    200u
#define DEADLINE_NS    20000000000ull /* a machine that is that slow runs no tests */

struct bench {
	struct dp_config config;
	struct dp_swap swap;
	struct dp_worker_shared shared;
	struct dp_tcp_worker *worker;
	int stats_fd;
};

static void
publish(struct bench *bench, uint64_t generation)
{
	struct dp_image *image = images_table(generation);
	struct dp_served *served = NULL;
	uint64_t swap_ns;

	assert_int_equal(dp_served_new(image, NULL, &served), 0);
	dp_image_drop(image);
	assert_int_equal(dp_swap_publish(&bench->swap, served, &swap_ns), 0);
}

static int
set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct dp_quiescence quiescence;
	struct tbl_error error = { .text = "" };

	bench->config.tcp = (struct dp_tcp_config){
		.enabled = true,
		.max_connections = 100,
		.max_per_address = 100,
		.idle_timeout_s = 60,
		.max_buffered_mb = 1,
	};
	bench->config.listen.cnt = 1;
	assert_int_equal(dp_address_parse("127.0.0.1", &bench->config.listen.items[0].addr), 0);
	bench->config.listen.items[0].port = loopback_find_port();
	assert_int_equal(dp_quiesce_new(WORKER_ID + 1, &bench->shared.quiesce), 0);
	quiescence = dp_quiesce_callbacks(bench->shared.quiesce);
	dp_swap_init(&bench->swap, &quiescence, DEADLINE_NS);
	bench->shared.config = &bench->config;
	bench->shared.swap = &bench->swap;
	assert_int_equal(dp_stats_open(WORKER_ID, 0, &bench->stats_fd, &bench->shared.stats), 0);
	if (dp_tcp_worker_open(&bench->shared, WORKER_ID, &bench->worker, &error) != 0 ||
			dp_tcp_worker_start(bench->worker, &error) != 0) {
		fail_msg("%s", error.text);
	}
	*state = bench;
	return 0;
}

static void
stop(struct bench *bench)
{
	atomic_store(&bench->shared.is_stopping, true);
	dp_tcp_worker_close(bench->worker);
	bench->worker = NULL;
}

static int
tear_down(void **state)
{
	struct bench *bench = *state;

	stop(bench);
	dp_swap_done(&bench->swap);
	dp_quiesce_free(bench->shared.quiesce);
	dp_stats_close(bench->stats_fd, bench->shared.stats);
	free(bench);
	return 0;
}

static int
connect_client(const struct bench *bench)
{
	const struct timeval timeout = { .tv_sec = 20 };
	struct sockaddr_storage server;
	socklen_t len = dp_sockaddr_from_endpoint(&bench->config.listen.items[0], &server);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&server, len), 0);
	return fd;
}

static void
ask(int fd, uint16_t cnt)
{
	uint8_t bytes[64];

	for (uint16_t id = 0; id < cnt; id++) {
		size_t len = loopback_make_query(id, bytes);

		assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
	}
}

/* Reads one answer: the generation it names. */
static uint64_t
receive_generation(int fd)
{
	uint8_t bytes[2 + 512];
	char text[21] = "";
	size_t len;
	size_t text_len;
	const uint8_t *rdata;

	assert_int_equal(recv(fd, bytes, 2, MSG_WAITALL), 2);
	len = (size_t)bytes[0] << 8 | bytes[1];
	assert_true(len <= 512);
	assert_int_equal(recv(fd, bytes, len, MSG_WAITALL), (ssize_t)len);
	/* Header, question, then one TXT: pointer, type, class, TTL, length, one string. */
	assert_int_equal(bytes[7], 1);
	rdata = bytes + 12 + sizeof("\x0ageneration\x08meridian") + 4 + 12;
	text_len = rdata[0];
	assert_true(text_len < sizeof(text));
	memcpy(text, rdata + 1, text_len);
	return strtoull(text, NULL, 10);
}

static void
answers_are_of_one_table_while_tables_are_swapped(void **state)
{
	struct bench *bench = *state;
	struct tbl_stats_worker *stats = &bench->shared.stats->workers[WORKER_ID];
	int fds[CONNECTION_CNT];
	uint64_t received = 0;

	publish(bench, 1);
	for (size_t i = 0; i < CONNECTION_CNT; i++) {
		fds[i] = connect_client(bench);
	}
	for (uint64_t generation = 2; generation <= PUBLISH_CNT; generation++) {
		for (size_t i = 0; i < CONNECTION_CNT; i++) {
			ask(fds[i], QUERY_CNT);
		}
		publish(bench, generation); /* while they are answered; the old one is unmapped */
		for (size_t i = 0; i < CONNECTION_CNT * QUERY_CNT; i++) {
			uint64_t seen = receive_generation(fds[i / QUERY_CNT]);

			assert_true(seen == generation - 1 || seen == generation);
			received++;
		}
	}
	ask(fds[0], 1);
	assert_int_equal(receive_generation(fds[0]), PUBLISH_CNT);
	assert_int_equal(bench->swap.leaked_cnt, 0);
	stop(bench);
	assert_int_equal(stats->received, received + 1);
	assert_int_equal(stats->verdicts[TBL_VERDICT_ANSWER_NOERROR], received + 1);
	assert_int_equal(stats->generation, PUBLISH_CNT);
	for (size_t i = 0; i < CONNECTION_CNT; i++) {
		close(fds[i]);
	}
}

/* Nothing is served yet: no answer, and the next server may have one (docs/dns-readings.md). */
static void
without_a_table_a_query_ends_the_connection(void **state)
{
	struct bench *bench = *state;
	struct tbl_stats_worker *stats = &bench->shared.stats->workers[WORKER_ID];
	int fd = connect_client(bench);
	uint8_t byte;

	ask(fd, 1);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	stop(bench);
	assert_int_equal(stats->verdicts[TBL_VERDICT_DROP_NO_TABLE], 1);
	close(fd);
}

static void
a_thread_that_waits_holds_up_no_swap(void **state)
{
	struct bench *bench = *state;
	int fd = connect_client(bench);

	/* It sleeps in its wait, and is offline: the deadline is never come near. */
	for (uint64_t generation = 1; generation <= 20; generation++) {
		publish(bench, generation);
	}
	ask(fd, 1);
	assert_int_equal(receive_generation(fd), 20);
	close(fd);
}

int
main(void)
{
#define ON_A_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		ON_A_BENCH(answers_are_of_one_table_while_tables_are_swapped),
		ON_A_BENCH(without_a_table_a_query_ends_the_connection),
		ON_A_BENCH(a_thread_that_waits_holds_up_no_swap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
