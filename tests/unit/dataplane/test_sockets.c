/*
 * Kernel sockets as their users meet them, over loopback; for root in a network namespace of the
 * test's own, where no port is anybody else's.
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dataplane/sockets.h"
#include "tests/unit/dataplane/tempdir.h"
#include "tests/unit/test.h"

#define ANSWER_MS 5000 /* far more than loopback takes; only a failure waits that long */

static int
enter_own_network(void **state)
{
	struct ifreq loopback = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	(void)state;
	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0) {
		return 0; /* ports are the kernel's choice, so the host's own network does */
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &loopback), 0);
	close(fd);
	return 0;
}

static struct dp_endpoint
endpoint_of(const char *address, uint16_t port)
{
	struct dp_endpoint endpoint = { .port = port };

	assert_int_equal(dp_address_parse(address, &endpoint.addr), 0);
	return endpoint;
}

/* Where a socket bound to port 0 ended up. */
static struct dp_endpoint
bound_to(int fd)
{
	struct sockaddr_storage sockaddr;
	struct dp_endpoint endpoint;
	socklen_t len = sizeof(sockaddr);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&sockaddr, &len), 0);
	dp_endpoint_from_sockaddr(&sockaddr, &endpoint);
	return endpoint;
}

/* A connected client, so that the kernel's "port unreachable" would reach it. */
static int
send_to(const struct dp_endpoint *endpoint)
{
	struct sockaddr_storage sockaddr;
	socklen_t len = dp_sockaddr_from_endpoint(endpoint, &sockaddr);
	int fd = socket(sockaddr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&sockaddr, len), 0);
	assert_int_equal(send(fd, "query", 5, 0), 5);
	return fd;
}

static bool
is_readable(int fd, int wait_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	return poll(&wait, 1, wait_ms) == 1 && (wait.revents & POLLIN) != 0;
}

static void
endpoints_survive_the_way_there_and_back(void **state)
{
	static const struct {
		const char *address;
		uint16_t port;
		int family;
		socklen_t len;
		bool is_any;
		const char *text;
	} rows[] = {
		{ "192.0.2.1", 5300, AF_INET, sizeof(struct sockaddr_in), false, "192.0.2.1:5300" },
		{ "0.0.0.0", 53, AF_INET, sizeof(struct sockaddr_in), true, "0.0.0.0:53" },
		{ "0.0.0.1", 0, AF_INET, sizeof(struct sockaddr_in), false, "0.0.0.1:0" },
		{ "2001:db8::1", 65535, AF_INET6, sizeof(struct sockaddr_in6), false,
				"[2001:db8::1]:65535" },
		{ "::", 53, AF_INET6, sizeof(struct sockaddr_in6), true, "[::]:53" },
		{ "::1", 53, AF_INET6, sizeof(struct sockaddr_in6), false, "[::1]:53" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dp_endpoint there = endpoint_of(rows[i].address, rows[i].port);
		struct dp_endpoint back;
		struct sockaddr_storage sockaddr;
		char text[DP_ENDPOINT_TEXT_MAX];

		assert_int_equal(dp_sockaddr_from_endpoint(&there, &sockaddr), rows[i].len);
		assert_int_equal(sockaddr.ss_family, rows[i].family);
		dp_endpoint_from_sockaddr(&sockaddr, &back);
		assert_memory_equal(&back.addr, &there.addr, sizeof(back.addr));
		assert_int_equal(back.port, rows[i].port);
		assert_int_equal(is_dp_address_any(&back.addr), rows[i].is_any);
		dp_endpoint_text(&back, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void
udp_receives(void **state)
{
	static const char *const addresses[] = { "127.0.0.1", "::1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		struct dp_endpoint endpoint = endpoint_of(addresses[i], 0);
		char byte;
		int client;
		int fd;

		if (!is_dp_address_local(&endpoint.addr)) {
			continue; /* a host without IPv6 */
		}
		fd = dp_socket_udp(&endpoint, 0);
		assert_true(fd >= 0);
		endpoint = bound_to(fd);
		assert_int_equal(recv(fd, &byte, 1, 0), -1); /* never waits */
		assert_int_equal(errno, EAGAIN);
		client = send_to(&endpoint);
		assert_true(is_readable(fd, ANSWER_MS));
		assert_int_equal(recv(fd, &byte, 1, 0), 1);
		close(client);
		close(fd);
	}
}

static void
a_port_is_shared_only_by_those_who_say_so(void **state)
{
	static const struct {
		unsigned int first, second;
		int result;
	} rows[] = {
		{ 0, 0, -EADDRINUSE },
		{ DP_SOCKET_SHARED, 0, -EADDRINUSE },
		{ 0, DP_SOCKET_SHARED, -EADDRINUSE },
		{ DP_SOCKET_SHARED, DP_SOCKET_SHARED, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dp_endpoint endpoint = endpoint_of("127.0.0.1", 0);
		int first = dp_socket_udp(&endpoint, rows[i].first);
		int second;

		assert_true(first >= 0);
		endpoint = bound_to(first);
		second = dp_socket_udp(&endpoint, rows[i].second);
		assert_int_equal(second >= 0 ? 0 : second, rows[i].result);
		if (second >= 0) {
			close(second);
		}
		close(first);
	}
}

static void
an_address_elsewhere_is_bound_only_freely(void **state)
{
	const struct dp_endpoint elsewhere = endpoint_of("192.0.2.1", 0); /* RFC 5737: nobody's */
	const struct dp_endpoint here = endpoint_of("127.0.0.1", 0);
	int udp = dp_socket_udp(&elsewhere, DP_SOCKET_FREE);
	int tcp = dp_socket_tcp(&elsewhere, true);

	(void)state;
	assert_true(udp >= 0);
	assert_true(tcp >= 0);
	close(udp);
	close(tcp);
	assert_int_equal(dp_socket_udp(&elsewhere, 0), -EADDRNOTAVAIL);
	assert_int_equal(dp_socket_tcp(&elsewhere, false), -EADDRNOTAVAIL);
	assert_false(is_dp_address_local(&elsewhere.addr));
	assert_true(is_dp_address_local(&here.addr));
}

static void
tcp_listens_once(void **state)
{
	struct dp_endpoint endpoint = endpoint_of("127.0.0.1", 0);
	int fd = dp_socket_tcp(&endpoint, false);
	struct sockaddr_storage sockaddr;
	socklen_t len;
	int client;

	(void)state;
	assert_true(fd >= 0);
	endpoint = bound_to(fd);
	assert_int_equal(dp_socket_tcp(&endpoint, false), -EADDRINUSE);
	len = dp_sockaddr_from_endpoint(&endpoint, &sockaddr);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (const struct sockaddr *)&sockaddr, len), 0);
	assert_true(is_readable(fd, ANSWER_MS));
	close(client);
	close(fd);
}

/* Whether the client was told that nobody is there; a query to a live socket behind its own comes
 * last, so that what there is to be told has been told. */
static bool
is_told_unreachable(const struct dp_endpoint *endpoint)
{
	const struct dp_endpoint any_port = endpoint_of("127.0.0.1", 0);
	int live = dp_socket_udp(&any_port, 0);
	struct dp_endpoint behind = bound_to(live);
	int client = send_to(endpoint);
	int second = send_to(&behind);
	char byte;
	bool is_told;

	assert_true(is_readable(live, ANSWER_MS));
	is_told = recv(client, &byte, 1, 0) < 0 && errno == ECONNREFUSED;
	close(second);
	close(client);
	close(live);
	return is_told;
}

/* To the client a claimed port is as if the query was lost; a free one is unreachable. */
static void
a_claimed_port_is_silent(void **state)
{
	struct dp_endpoint endpoint = endpoint_of("127.0.0.1", 0);
	int claim = dp_socket_claim(&endpoint);

	(void)state;
	assert_true(claim >= 0);
	endpoint = bound_to(claim);
	assert_int_equal(dp_socket_udp(&endpoint, DP_SOCKET_SHARED), -EADDRINUSE);
	assert_false(is_told_unreachable(&endpoint));
	assert_false(is_readable(claim, 0));
	close(claim);
	assert_true(is_told_unreachable(&endpoint));
}

static void
a_refusal_says_what_to_do(void **state)
{
	static const struct {
		const char *protocol, *address;
		uint16_t port;
		int err;
		const char *says;
	} rows[] = {
		{ "UDP", "127.0.0.1", 53, -EADDRINUSE,
				"UDP 127.0.0.1:53: Address already in use (another DNS server, or "
				"another meridiand? ss -lntup tells)" },
		{ "TCP", "::1", 53, -EACCES,
				"TCP [::1]:53: Permission denied (ports below 1024 need root or "
				"CAP_NET_BIND_SERVICE)" },
		{ "UDP", "192.0.2.1", 5300, -EADDRNOTAVAIL,
				"UDP 192.0.2.1:5300: Cannot assign requested address" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct dp_endpoint endpoint = endpoint_of(rows[i].address, rows[i].port);
		struct tbl_error error = { .text = "" };

		dp_socket_explain(rows[i].protocol, &endpoint, rows[i].err, &error);
		assert_string_equal(error.text, rows[i].says);
	}
}

static int
listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 0), 0);
	return fd;
}

/* A live socket stays, also when nobody has accepted for so long that its queue is full; the file
 * that a dead process left goes; none at all is as good. */
static void
only_dead_sockets_are_buried(void **state)
{
	char dir[TEMPDIR_MAX];
	char path[TEMPDIR_MAX + 16];
	char long_path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
	int fd;

	(void)state;
	tempdir_make(dir);
	(void)snprintf(path, sizeof(path), "%s/publish", dir);
	fd = listen_at(path);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(dp_socket_bury(path), -EADDRINUSE);
		assert_int_equal(access(path, F_OK), 0);
	}
	close(fd);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(dp_socket_bury(path), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(dp_socket_bury(path), 0);
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(dp_socket_bury(long_path), -ENAMETOOLONG);
	tempdir_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(endpoints_survive_the_way_there_and_back),
		cmocka_unit_test(udp_receives),
		cmocka_unit_test(a_port_is_shared_only_by_those_who_say_so),
		cmocka_unit_test(an_address_elsewhere_is_bound_only_freely),
		cmocka_unit_test(tcp_listens_once),
		cmocka_unit_test(a_claimed_port_is_silent),
		cmocka_unit_test(a_refusal_says_what_to_do),
		cmocka_unit_test(only_dead_sockets_are_buried),
	};

	return cmocka_run_group_tests(tests, enter_own_network, NULL);
}
