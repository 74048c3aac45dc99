/*
 * DNS over TCP as clients meet it, over loopback; clients and loop are one thread, time is an
 * argument. What the answers say is test_message_*.c's business, framing test_stream.c's, who gets a
 * seat test_seats.c's: here it is sockets, limits and ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/sockets.h"
#include "dataplane/tcp.h"
#include "dataplane/view_swap.h"
#include "tests/unit/dataplane/images.h"
#include "tests/unit/dataplane/loopback.h"
#include "tests/unit/dataplane/nobody.h"
#include "tests/unit/test.h"

#define MAX_CONNECTIONS 4
#define MAX_PER_ADDRESS 3
#define LARGE_CNT       16 /* largest messages, but for a byte, are 1 MB */
#define CROWD_CNT       150
#define IDLE_S          10
#define IDLE_MS         ((uint64_t)IDLE_S * 1000)
#define START_MS        1000000u

struct bench {
	struct dp_swap swap;
	struct dp_tcp *tcp;
	struct dp_tcp_config limits;
	struct dp_settings settings;
	struct dp_answerer answerer;
	struct dp_counters counters;
	struct dp_endpoint endpoint;
};

static int
set_up_with(void **state, int64_t max_connections, int64_t max_per_address)
{
	const struct dp_quiescence quiescence = nobody();
	struct bench *bench = calloc(1, sizeof(*bench));
	struct dp_image *table = images_table(7);
	struct dp_served *served = NULL;
	struct dp_tcp_params params;
	struct tbl_error error = { .text = "" };
	uint64_t swap_ns;

	dp_swap_init(&bench->swap, &quiescence, 1);
	assert_int_equal(dp_served_new(table, NULL, &served), 0);
	dp_image_drop(table);
	assert_int_equal(dp_swap_publish(&bench->swap, served, &swap_ns), 0);
	bench->limits = (struct dp_tcp_config){
		.enabled = true,
		.max_connections = max_connections,
		.max_per_address = max_per_address,
		.idle_timeout_s = IDLE_S,
		.max_buffered_mb = 1,
	};
	bench->settings.max_udp_bytes = 1232;
	bench->answerer = (struct dp_answerer){
		.view = &served->view,
		.settings = &bench->settings,
		.now = { .monotonic_ms = START_MS },
		.random = 1,
	};
	params = (struct dp_tcp_params){ &bench->limits, &bench->answerer, &bench->counters, 1 };
	assert_int_equal(dp_tcp_open(&params, &bench->tcp), 0);
	assert_int_equal(dp_address_parse("127.0.0.1", &bench->endpoint.addr), 0);
	bench->endpoint.port = loopback_find_port();
	if (dp_tcp_listen(bench->tcp, &bench->endpoint, false, &error) != 0) {
		fail_msg("%s", error.text);
	}
	*state = bench;
	return 0;
}

static int
set_up(void **state)
{
	return set_up_with(state, MAX_CONNECTIONS, MAX_PER_ADDRESS);
}

static int
set_up_large(void **state)
{
	return set_up_with(state, LARGE_CNT + 1, LARGE_CNT);
}

static int
set_up_crowd(void **state)
{
	return set_up_with(state, CROWD_CNT, 1);
}

static int
tear_down(void **state)
{
	struct bench *bench = *state;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < TBL_VERDICT_CNT; i++) {
		sum += bench->counters.own.verdicts[i];
	}
	/* One verdict a message, whatever happened. */
	assert_int_equal(sum, bench->counters.own.received);
	dp_tcp_close(bench->tcp);
	dp_swap_done(&bench->swap);
	free(bench);
	return 0;
}

static void
run_loop(struct bench *bench)
{
	for (int i = 0; i < 8; i++) {
		unsigned int ready_cnt = dp_tcp_wait(bench->tcp, 0);

		for (unsigned int k = 0; k < ready_cnt; k++) {
			dp_tcp_serve(bench->tcp, k);
		}
		dp_tcp_expire(bench->tcp);
	}
}

static void
pass_time(struct bench *bench, uint64_t ms)
{
	bench->answerer.now.monotonic_ms += ms;
	run_loop(bench);
}

static uint64_t
count(const struct bench *bench, enum tbl_verdict verdict)
{
	return bench->counters.own.verdicts[verdict];
}

/* A socket of 127.0.0.`host`. */
static int
make_client(unsigned int host)
{
	struct sockaddr_in source = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	source.sin_addr.s_addr = htonl(0x7f000000u + host);
	assert_int_equal(bind(fd, (const struct sockaddr *)&source, sizeof(source)), 0);
	return fd;
}

static void
connect_client(struct bench *bench, int fd)
{
	struct sockaddr_storage server;
	socklen_t len = dp_sockaddr_from_endpoint(&bench->endpoint, &server);

	assert_int_equal(connect(fd, (const struct sockaddr *)&server, len), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	run_loop(bench);
}

static int
connect_from(struct bench *bench, unsigned int host)
{
	int fd = make_client(host);

	connect_client(bench, fd);
	return fd;
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

	send_all(fd, bytes, loopback_make_query(id, bytes));
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
	assert_int_equal(bench->counters.own.received, 50);
	assert_int_equal(count(bench, TBL_VERDICT_ANSWER_NOERROR), 50);
	close(fd);
}

static void
a_query_may_come_in_any_pieces(void **state)
{
	struct bench *bench = *state;
	int fd = connect_from(bench, 1);
	uint8_t bytes[64];
	size_t len = loopback_make_query(77, bytes);

	for (size_t i = 0; i + 1 < len; i++) {
		send_all(fd, bytes + i, 1);
		assert_int_equal(receive_id(bench, fd), -2);
	}
	send_all(fd, bytes + len - 1, 1);
	assert_int_equal(receive_id(bench, fd), 77);
	close(fd);
}

/* Bytes behind the last record are ignored, so a query may have any length. */
static void
a_query_may_be_as_long_as_its_prefix_says(void **state)
{
	static uint8_t bytes[2 + 65535];
	struct bench *bench = *state;
	int fd = connect_from(bench, 1);
	size_t sent = 0;

	loopback_make_query(65535, bytes);
	bytes[0] = 0xff;
	bytes[1] = 0xff;
	while (sent < sizeof(bytes)) {
		ssize_t now = send(fd, bytes + sent, sizeof(bytes) - sent, MSG_NOSIGNAL);

		sent += now > 0 ? (size_t)now : 0;
		run_loop(bench);
	}
	assert_int_equal(receive_id(bench, fd), 65535);
	assert_int_equal(bench->counters.own.rx_bytes, 65535);
	send_query(fd, 2);
	assert_int_equal(receive_id(bench, fd), 2);
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
		assert_true(count(bench, rows[i].verdict) > 0);
		close(fd);
	}
}

/* conformance: tcp-share-by-address | RFC 7766 §6.2.2, RFC 9210 §4.2 | An address has its share of the connections
 * and no more. */
static void
an_address_has_its_share_of_connections(void **state)
{
	struct bench *bench = *state;
	int other = connect_from(bench, 2);
	int fds[MAX_PER_ADDRESS + 1];

	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = connect_from(bench, 1);
	}
	/* The one more is served, and took the place of the oldest of its own. */
	send_query(fds[MAX_PER_ADDRESS], 1);
	assert_int_equal(receive_id(bench, fds[MAX_PER_ADDRESS]), 1);
	assert_int_equal(receive_id(bench, fds[0]), -1);
	for (size_t i = 1; i < ARRAY_LEN(fds); i++) {
		send_query(fds[i], (uint16_t)i);
		assert_int_equal(receive_id(bench, fds[i]), i);
		close(fds[i]);
	}
	send_query(other, 9);
	assert_int_equal(receive_id(bench, other), 9);
	close(fds[0]);
	close(other);
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

/* Sends queries until the sender has been stuck for a while: buffers on both sides are full. */
static void
stuff(struct bench *bench, int fd)
{
	uint8_t bytes[64];
	size_t len = loopback_make_query(1, bytes);
	unsigned int stuck_cnt = 0;

	while (stuck_cnt < 50) {
		stuck_cnt = send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : stuck_cnt + 1;
		run_loop(bench);
	}
}

static void
who_does_not_read_is_not_read_from(void **state)
{
	struct bench *bench = *state;
	int fd = connect_from(bench, 1);
	int other;
	uint64_t received;

	stuff(bench, fd);
	received = bench->counters.own.received;
	run_loop(bench);
	assert_int_equal(bench->counters.own.received, received);
	other = connect_from(bench, 2);
	send_query(other, 3);
	assert_int_equal(receive_id(bench, other), 3);
	close(other);
	close(fd);
}

/* conformance: tcp-idle-closed | RFC 7766 §6.2.3, RFC 9210 §4.3 | Who is idle, drips octets or takes no answers is
 * closed in time. */
static void
who_gets_nothing_done_is_closed(void **state)
{
	struct bench *bench = *state;
	int silent = connect_from(bench, 1);
	int dripping = connect_from(bench, 2);
	int asking = connect_from(bench, 3);
	int deaf = connect_from(bench, 4);
	uint8_t bytes[64];
	uint16_t id = 0;

	loopback_make_query(1, bytes);
	stuff(bench, deaf);
	for (uint64_t ms = 0; ms < IDLE_MS; ms += 1000) {
		send_all(dripping, bytes + ms / 1000, 1);
		send_query(asking, ++id);
		assert_int_equal(receive_id(bench, asking), id);
		assert_int_equal(receive_id(bench, silent), -2);
		assert_int_equal(receive_id(bench, dripping), -2);
		pass_time(bench, ms + 1000 < IDLE_MS ? 1000 : 999);
	}
	assert_int_equal(receive_id(bench, silent), -2);
	assert_int_equal(dp_tcp_next_ms(bench->tcp), 1);
	pass_time(bench, 1);
	assert_int_equal(receive_id(bench, silent), -1);
	assert_int_equal(receive_id(bench, dripping), -1);
	/* What it did not take is not left to the kernel: the connection is reset. */
	assert_true(send(deaf, bytes, 1, MSG_NOSIGNAL) < 0);
	assert_true(errno == ECONNRESET || errno == EPIPE);
	send_query(asking, 99);
	assert_int_equal(receive_id(bench, asking), 99);
	close(silent);
	close(dripping);
	close(asking);
	close(deaf);
}

/* One that answers must not wait until a thousand are closed. */
static void
a_crowd_that_has_had_its_time_is_closed_bit_by_bit(void **state)
{
	struct bench *bench = *state;
	int fds[CROWD_CNT];

	for (unsigned int i = 0; i < CROWD_CNT; i++) {
		fds[i] = connect_from(bench, 1 + i);
	}
	bench->answerer.now.monotonic_ms += IDLE_MS;
	dp_tcp_expire(bench->tcp);
	assert_int_equal(
			dp_tcp_next_ms(bench->tcp), 0); /* there are more, and it goes on at once */
	assert_int_equal(receive_id(bench, fds[0]), -1);
	for (unsigned int i = 0; i < CROWD_CNT; i++) {
		assert_int_equal(receive_id(bench, fds[i]), -1);
		close(fds[i]);
	}
	assert_int_equal(dp_tcp_next_ms(bench->tcp), -1);
}

/* conformance: tcp-keepalive-of-0-in-a-crowd | RFC 7828 §3.3.2 | While places run out keepalive says 0. */
static void
a_crowd_is_told_to_leave(void **state)
{
	struct bench *bench = *state;
	int fds[MAX_CONNECTIONS];

	for (unsigned int i = 0; i < MAX_CONNECTIONS; i++) {
		assert_int_equal(bench->answerer.settings->tcp_keepalive_ds, 10 * IDLE_S);
		fds[i] = connect_from(bench, 1 + i);
	}
	/* More than three quarters of the places are taken. */
	assert_int_equal(bench->answerer.settings->tcp_keepalive_ds, 0);
	close(fds[0]);
	run_loop(bench);
	assert_int_equal(bench->answerer.settings->tcp_keepalive_ds, 10 * IDLE_S);
	for (unsigned int i = 1; i < MAX_CONNECTIONS; i++) {
		close(fds[i]);
	}
}

/* Sends the beginning of a largest message: what is held of it costs the server most. */
static void
send_largest_cut(struct bench *bench, int fd)
{
	static uint8_t bytes[2 + 65535 - 1];
	size_t sent = 0;

	bytes[0] = 0xff;
	bytes[1] = 0xff;
	while (sent < sizeof(bytes)) {
		ssize_t now = send(fd, bytes + sent, sizeof(bytes) - sent, MSG_NOSIGNAL);

		sent += now > 0 ? (size_t)now : 0;
		run_loop(bench);
	}
}

/* conformance: tcp-memory-bounded | CVE-2024-0760 | What all connections hold together is bounded. */
static void
what_all_hold_is_bounded(void **state)
{
	struct bench *bench = *state;
	int fds[LARGE_CNT + 1];
	int late;

	/* Exactly 1 MB in all. */
	for (size_t i = 0; i < LARGE_CNT; i++) {
		fds[i] = connect_from(bench, 1);
		send_largest_cut(bench, fds[i]);
	}
	late = connect_from(bench, 2);
	send_query(late, 1); /* a whole query is never held */
	assert_int_equal(receive_id(bench, late), 1);
	assert_int_equal(receive_id(bench, fds[0]), -2);
	send_all(late, "\0", 1);
	assert_int_equal(receive_id(bench, fds[0]), -1);
	assert_int_equal(receive_id(bench, fds[1]), -2);
	for (size_t i = 0; i < LARGE_CNT; i++) {
		close(fds[i]);
	}
	close(late);
}

/* Takes every descriptor there is; returns the limit to give back. */
static struct rlimit
exhaust_descriptors(void)
{
	struct rlimit before;
	struct rlimit now;
	int next = dup(STDERR_FILENO);

	assert_true(next >= 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	now = before;
	now.rlim_cur = (rlim_t)next; /* the lowest that is free */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
	return before;
}

static void
without_descriptors_the_oldest_makes_room(void **state)
{
	struct bench *bench = *state;
	int old = connect_from(bench, 1);
	int new = make_client(2);
	struct rlimit before = exhaust_descriptors();

	connect_client(bench, new);
	send_query(new, 2);
	assert_int_equal(receive_id(bench, new), 2);
	assert_int_equal(receive_id(bench, old), -1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	close(old);
	close(new);
}

static void
without_anything_to_give_accepting_pauses(void **state)
{
	struct bench *bench = *state;
	int fd = make_client(1);
	struct rlimit before = exhaust_descriptors();

	connect_client(bench, fd);
	assert_int_equal(dp_tcp_wait(bench->tcp, 0), 0); /* it does not spin */
	assert_int_equal(dp_tcp_next_ms(bench->tcp), 100);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	send_query(fd, 1);
	assert_int_equal(receive_id(bench, fd), -2);
	pass_time(bench, 100);
	assert_int_equal(receive_id(bench, fd), 1);
	close(fd);
}

static void
descriptors_limit_connections(void **state)
{
	struct bench *bench = *state;
	struct dp_tcp_params params = { &bench->limits, &bench->answerer, &bench->counters, 1 };
	const struct dp_settings *settings = bench->answerer.settings;
	struct dp_tcp *tcp = NULL;
	struct rlimit before;
	struct rlimit now;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	now = before;
	now.rlim_cur = 1000;
	bench->limits.max_connections = 4096;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
	assert_int_equal(dp_tcp_open(&params, &tcp), 0);
	assert_int_equal(dp_tcp_connection_max(tcp), 1000 - 256);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	dp_tcp_close(tcp);
	bench->answerer.settings = settings;
}

static void
waking_ends_every_wait(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(dp_tcp_wait(bench->tcp, 0), 0);
	dp_tcp_wake(bench->tcp);
	assert_int_equal(dp_tcp_wait(bench->tcp, -1), 1);
	assert_int_equal(dp_tcp_serve(bench->tcp, 0), 0);
	assert_int_equal(dp_tcp_wait(bench->tcp, -1), 1);
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
		ON_A_BENCH(a_query_may_be_as_long_as_its_prefix_says),
		ON_A_BENCH(a_client_that_sends_no_more_still_gets_its_answer),
		ON_A_BENCH(what_is_never_answered_ends_the_connection),
		ON_A_BENCH(an_address_has_its_share_of_connections),
		ON_A_BENCH(the_connection_idle_longest_makes_room),
		ON_A_BENCH(who_does_not_read_is_not_read_from),
		ON_A_BENCH(who_gets_nothing_done_is_closed),
		cmocka_unit_test_setup_teardown(a_crowd_that_has_had_its_time_is_closed_bit_by_bit,
				set_up_crowd, tear_down),
		ON_A_BENCH(a_crowd_is_told_to_leave),
		cmocka_unit_test_setup_teardown(what_all_hold_is_bounded, set_up_large, tear_down),
		ON_A_BENCH(without_descriptors_the_oldest_makes_room),
		ON_A_BENCH(without_anything_to_give_accepting_pauses),
		ON_A_BENCH(descriptors_limit_connections),
		ON_A_BENCH(waking_ends_every_wait),
		ON_A_BENCH(a_taken_port_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
