/*
 * DNS over TCP as clients meet it, over loopback; clients and event loop are one thread. What the
 * answers say is test_message.c's business: here it is framing, limits and ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/sockets.h"
#include "dataplane/tcp.h"
#include "tests/unit/dataplane/images.h"
#include "tests/unit/dataplane/nobody.h"
#include "tests/unit/test.h"

#define MAX_CONNECTIONS 4
#define MAX_PER_ADDRESS 3

struct bench {
	struct event_base *base;
	struct dp_swap swap;
	struct dp_tcp *tcp;
	struct dp_tcp_config limits;
	struct dp_settings settings;
	struct tbl_stats_worker stats;
	struct dp_endpoint endpoint;
};

/* A port that was free a moment ago. */
static uint16_t
find_port(void)
{
	struct dp_endpoint endpoint = { .port = 0 };
	struct sockaddr_storage sockaddr;
	socklen_t len = sizeof(sockaddr);
	int fd;

	assert_int_equal(dp_address_parse("127.0.0.1", &endpoint.addr), 0);
	fd = dp_socket_tcp(&endpoint, false);
	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sockaddr, &len), 0);
	dp_endpoint_from_sockaddr(&sockaddr, &endpoint);
	close(fd);
	return endpoint.port;
}

static int
set_up(void **state)
{
	const struct dp_quiescence quiescence = nobody();
	struct bench *bench = calloc(1, sizeof(*bench));
	struct dp_image *table = images_table(7);
	struct dp_served *served = NULL;
	struct dp_tcp_params params;
	struct tbl_error error = { .text = "" };
	uint64_t swap_ns;

	bench->base = event_base_new();
	dp_swap_init(&bench->swap, &quiescence, 1);
	assert_int_equal(dp_served_new(table, NULL, &served), 0);
	dp_image_drop(table);
	assert_int_equal(dp_swap_publish(&bench->swap, served, &swap_ns), 0);
	bench->limits = (struct dp_tcp_config){ true, MAX_CONNECTIONS, MAX_PER_ADDRESS, 10 };
	bench->settings.max_udp_bytes = 1232;
	params = (struct dp_tcp_params){ bench->base, &bench->limits, &bench->settings,
		&bench->swap, &bench->stats, 1 };
	assert_int_equal(dp_tcp_open(&params, &bench->tcp), 0);
	assert_int_equal(dp_address_parse("127.0.0.1", &bench->endpoint.addr), 0);
	bench->endpoint.port = find_port();
	if (dp_tcp_listen(bench->tcp, &bench->endpoint, false, &error) != 0) {
		fail_msg("%s", error.text);
	}
	*state = bench;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *bench = *state;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < TBL_VERDICT_CNT; i++) {
		sum += bench->stats.verdicts[i];
	}
	assert_int_equal(sum, bench->stats.received); /* one verdict a message, whatever happened */
	dp_tcp_close(bench->tcp);
	dp_swap_done(&bench->swap);
	event_base_free(bench->base);
	free(bench);
	return 0;
}

static void
run_loop(struct bench *bench)
{
	for (int i = 0; i < 8; i++) {
		assert_true(event_base_loop(bench->base, EVLOOP_NONBLOCK) >= 0);
	}
}

/* Connects from 127.0.0.`host`. */
static int
connect_from(struct bench *bench, unsigned int host)
{
	struct sockaddr_in source = { .sin_family = AF_INET };
	struct sockaddr_storage server;
	socklen_t len = dp_sockaddr_from_endpoint(&bench->endpoint, &server);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	source.sin_addr.s_addr = htonl(0x7f000000u + host);
	assert_int_equal(bind(fd, (const struct sockaddr *)&source, sizeof(source)), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&server, len), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	run_loop(bench);
	return fd;
}

/* CHAOS TXT generation.meridian., with its length before it. */
static size_t
make_query(uint16_t id, uint8_t bytes[64])
{
	static const uint8_t rest[] = "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00"
				      "\x0ageneration\x08meridian\x00\x00\x10\x00\x03";
	size_t len = 2 + sizeof(rest) - 1;

	bytes[0] = 0;
	bytes[1] = (uint8_t)len;
	bytes[2] = (uint8_t)(id >> 8);
	bytes[3] = (uint8_t)id;
	memcpy(bytes + 4, rest, sizeof(rest) - 1);
	return 2 + len;
}

static void
send_all(int fd, const void *bytes, size_t len)
{
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

static void
send_query(int fd, uint16_t id)
{
	uint8_t bytes[64];

	send_all(fd, bytes, make_query(id, bytes));
}

/* Reads one answer; returns its id, or -1 when the connection has ended, -2 when nothing came. */
static int
receive_id(struct bench *bench, int fd)
{
	uint8_t head[2];
	uint8_t message[65535];
	ssize_t got;
	size_t len;

	run_loop(bench);
	got = recv(fd, head, sizeof(head), 0);
	if (got < 0 && errno == EAGAIN) {
		return -2;
	}
	if (got <= 0) {
		return -1;
	}
	len = (size_t)head[0] << 8 | head[1];
	assert_int_equal(recv(fd, message, len, 0), (ssize_t)len);
	assert_int_equal(message[2] & 0x80, 0x80); /* QR */
	assert_int_equal(message[7], 1);           /* the generation */
	return message[0] << 8 | message[1];
}

static void
queries_on_one_connection_are_answered_in_order(void **state)
{
	struct bench *bench = *state;
	int fd = connect_from(bench, 1);

	for (uint16_t id = 1; id <= 50; id++) {
		send_query(fd, id);
	}
	for (uint16_t id = 1; id <= 50; id++) {
		assert_int_equal(receive_id(bench, fd), id);
	}
	assert_int_equal(bench->stats.received, 50);
	assert_int_equal(bench->stats.verdicts[TBL_VERDICT_ANSWER_NOERROR], 50);
	assert_int_equal(bench->stats.generation, 7);
	close(fd);
}

static void
a_query_may_come_in_any_pieces(void **state)
{
	struct bench *bench = *state;
	int fd = connect_from(bench, 1);
	uint8_t bytes[64];
	size_t len = make_query(77, bytes);

	for (size_t i = 0; i + 1 < len; i++) {
		send_all(fd, bytes + i, 1);
		assert_int_equal(receive_id(bench, fd), -2);
	}
	send_all(fd, bytes + len - 1, 1);
	assert_int_equal(receive_id(bench, fd), 77);
	close(fd);
}

static void
a_client_that_sends_no_more_still_gets_its_answer(void **state)
{
	struct bench *bench = *state;
	int fd = connect_from(bench, 1);

	send_query(fd, 5);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(receive_id(bench, fd), 5);
	assert_int_equal(receive_id(bench, fd), -1);
	close(fd);
}

static void
what_is_never_answered_ends_the_connection(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum tbl_verdict verdict;
	} rows[] = {
		{ "\x00\x00", 2, TBL_VERDICT_DROP_RUNT },
		{ "\x00\x05hello", 7, TBL_VERDICT_DROP_RUNT },
		{ "\x00\x0c\x12\x34\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00", 14,
				TBL_VERDICT_DROP_RESPONSE },
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int fd = connect_from(bench, 1);

		send_all(fd, rows[i].bytes, rows[i].len);
		assert_int_equal(receive_id(bench, fd), -1);
		assert_true(bench->stats.verdicts[rows[i].verdict] > 0);
		close(fd);
	}
}

static void
an_address_has_its_share_of_connections(void **state)
{
	struct bench *bench = *state;
	int fds[MAX_PER_ADDRESS + 1];

	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = connect_from(bench, 1);
	}
	assert_int_equal(receive_id(bench, fds[MAX_PER_ADDRESS]), -1);
	send_query(fds[0], 1);
	assert_int_equal(receive_id(bench, fds[0]), 1);
	close(fds[0]);
	run_loop(bench);
	close(fds[MAX_PER_ADDRESS]);
	fds[0] = connect_from(bench, 1); /* the place is free again */
	send_query(fds[0], 2);
	assert_int_equal(receive_id(bench, fds[0]), 2);
	for (size_t i = 0; i < MAX_PER_ADDRESS; i++) {
		close(fds[i]);
	}
}

static void
the_connection_idle_longest_makes_room(void **state)
{
	struct bench *bench = *state;
	int fds[MAX_CONNECTIONS];
	int late;

	for (unsigned int i = 0; i < MAX_CONNECTIONS; i++) {
		fds[i] = connect_from(bench, 10 + i);
	}
	send_query(fds[0], 1); /* so the second one is idle longest */
	assert_int_equal(receive_id(bench, fds[0]), 1);
	late = connect_from(bench, 99);
	send_query(late, 9);
	assert_int_equal(receive_id(bench, late), 9);
	assert_int_equal(receive_id(bench, fds[1]), -1);
	for (unsigned int i = 0; i < MAX_CONNECTIONS; i++) {
		if (i != 1) {
			send_query(fds[i], (uint16_t)i);
			assert_int_equal(receive_id(bench, fds[i]), i);
		}
		close(fds[i]);
	}
	close(late);
}

static void
who_does_not_read_is_not_read_from(void **state)
{
	struct bench *bench = *state;
	int fd = connect_from(bench, 1);
	int other;
	uint64_t received;
	uint8_t bytes[64];
	size_t len = make_query(1, bytes);
	unsigned int stuck_cnt = 0;

	/* Until the sender has been stuck for a while: buffers on both sides are full. */
	while (stuck_cnt < 50) {
		stuck_cnt = send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : stuck_cnt + 1;
		run_loop(bench);
	}
	received = bench->stats.received;
	run_loop(bench);
	assert_int_equal(bench->stats.received, received);
	other = connect_from(bench, 2);
	send_query(other, 3);
	assert_int_equal(receive_id(bench, other), 3);
	close(other);
	close(fd);
}

static void
a_taken_port_is_named(void **state)
{
	struct bench *bench = *state;
	struct tbl_error error = { .text = "" };

	assert_int_equal(dp_tcp_listen(bench->tcp, &bench->endpoint, false, &error), -EADDRINUSE);
	assert_non_null(strstr(error.text, "TCP 127.0.0.1:"));
	assert_non_null(strstr(error.text, "Address already in use"));
}

int
main(void)
{
#define ON_A_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		ON_A_BENCH(queries_on_one_connection_are_answered_in_order),
		ON_A_BENCH(a_query_may_come_in_any_pieces),
		ON_A_BENCH(a_client_that_sends_no_more_still_gets_its_answer),
		ON_A_BENCH(what_is_never_answered_ends_the_connection),
		ON_A_BENCH(an_address_has_its_share_of_connections),
		ON_A_BENCH(the_connection_idle_longest_makes_room),
		ON_A_BENCH(who_does_not_read_is_not_read_from),
		ON_A_BENCH(a_taken_port_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
