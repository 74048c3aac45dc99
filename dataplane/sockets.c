#include "dataplane/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* Connections waiting to be accepted: a burst of clients after truncated answers, a fifth of a second
 * of a storm of them. The kernel's own limit is as much (net.core.somaxconn). */
#define TCP_BACKLOG 4096
/* What the kernel may hold of one connection's bytes; it doubles both for its own overhead, and
 * without them a client that does not read could make it hold megabytes. Answers: one of the largest
 * size. Queries: more than are looked at in a turn. */
#define TCP_SEND_BYTES    65536
#define TCP_RECEIVE_BYTES 32768

socklen_t
dp_sockaddr_from_endpoint(const struct dp_endpoint *endpoint, struct sockaddr_storage *ret_sockaddr)
{
	memset(ret_sockaddr, 0, sizeof(*ret_sockaddr));
	if (endpoint->addr.family == 6) {
		struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ret_sockaddr;

		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(endpoint->port);
		memcpy(&sin6->sin6_addr, endpoint->addr.bytes, sizeof(sin6->sin6_addr));
		return sizeof(*sin6);
	}
	struct sockaddr_in *sin = (struct sockaddr_in *)ret_sockaddr;

	sin->sin_family = AF_INET;
	sin->sin_port = htons(endpoint->port);
	memcpy(&sin->sin_addr, endpoint->addr.bytes, sizeof(sin->sin_addr));
	return sizeof(*sin);
}

void
dp_endpoint_from_sockaddr(const struct sockaddr_storage *sockaddr, struct dp_endpoint *ret_endpoint)
{
	memset(ret_endpoint, 0, sizeof(*ret_endpoint));
	if (sockaddr->ss_family == AF_INET6) {
		const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)sockaddr;

		ret_endpoint->addr.family = 6;
		ret_endpoint->port = ntohs(sin6->sin6_port);
		memcpy(ret_endpoint->addr.bytes, &sin6->sin6_addr, sizeof(sin6->sin6_addr));
	} else {
		const struct sockaddr_in *sin = (const struct sockaddr_in *)sockaddr;

		ret_endpoint->addr.family = 4;
		ret_endpoint->port = ntohs(sin->sin_port);
		memcpy(ret_endpoint->addr.bytes, &sin->sin_addr, sizeof(sin->sin_addr));
	}
}

bool
is_dp_address_any(const struct tbl_addr *addr)
{
	static const uint8_t zero[sizeof(addr->bytes)];

	return memcmp(addr->bytes, zero, sizeof(zero)) == 0;
}

static int
set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0 ? 0 : -errno;
}

static int
open_socket(const struct dp_endpoint *endpoint, int type)
{
	bool is_v6 = endpoint->addr.family == 6;
	int fd = socket(is_v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		return -errno;
	}
	/* IPv4 clients come to IPv4 sockets: their addresses are then what they seem. */
	if (is_v6 && set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) != 0) {
		close(fd);
		return -EAFNOSUPPORT;
	}
	return fd;
}

static int
bind_socket(int fd, const struct dp_endpoint *endpoint)
{
	struct sockaddr_storage sockaddr;
	socklen_t len = dp_sockaddr_from_endpoint(endpoint, &sockaddr);

	return bind(fd, (const struct sockaddr *)&sockaddr, len) == 0 ? 0 : -errno;
}

static int
set_free(int fd, const struct dp_endpoint *endpoint)
{
	return endpoint->addr.family == 6 ? set_option(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1)
	                                  : set_option(fd, IPPROTO_IP, IP_FREEBIND, 1);
}

static int
set_udp_options(int fd, const struct dp_endpoint *endpoint, unsigned int flags)
{
	bool is_v6 = endpoint->addr.family == 6;
	bool is_any = is_dp_address_any(&endpoint->addr);
	int err = 0;

	if ((flags & DP_SOCKET_SHARED) != 0) {
		err = set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	}
	if (err == 0 && (flags & DP_SOCKET_FREE) != 0) {
		err = set_free(fd, endpoint);
	}
	/* Replies are never cut to a path MTU somebody told us, nor fragmented because of it. */
	if (err == 0) {
		err = is_v6 ? set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT)
		            : set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
	}
	/* On a wildcard address the reply must leave from where the query went. */
	if (err == 0 && is_any) {
		err = is_v6 ? set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
		            : set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
	}
	return err;
}

/* The end of making a datagram socket: `err` says how its options went. The descriptor, or an error
 * and the descriptor closed. */
static int
bind_datagrams(int fd, const struct dp_endpoint *endpoint, int err)
{
	if (err == 0) {
		err = bind_socket(fd, endpoint);
	}
	if (err != 0) {
		close(fd);
		return err;
	}
	return fd;
}

int
dp_socket_udp(const struct dp_endpoint *endpoint, unsigned int flags)
{
	/* Bursts while a thread sleeps; the kernel halves what it is not allowed to give. */
	const int buffer_bytes = 4 << 20;
	int fd = open_socket(endpoint, SOCK_DGRAM);
	int err;

	if (fd < 0) {
		return fd;
	}
	(void)set_option(fd, SOL_SOCKET, SO_RCVBUF, buffer_bytes);
	err = set_udp_options(fd, endpoint, flags);
	return bind_datagrams(fd, endpoint, err);
}

/* Options that accepted connections inherit, so that none costs a system call for each. */
static void
set_tcp_options(int fd)
{
	/* Answers are written whole: waiting for more to send would only delay them. */
	(void)set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	(void)set_option(fd, SOL_SOCKET, SO_SNDBUF, TCP_SEND_BYTES);
	(void)set_option(fd, SOL_SOCKET, SO_RCVBUF, TCP_RECEIVE_BYTES);
}

int
dp_socket_tcp(const struct dp_endpoint *endpoint, bool is_free)
{
	int fd = open_socket(endpoint, SOCK_STREAM);
	int err;

	if (fd < 0) {
		return fd;
	}
	set_tcp_options(fd);
	/* A restart must not wait for the last run's connections to time out. */
	err = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (err == 0 && is_free) {
		err = set_free(fd, endpoint);
	}
	if (err == 0) {
		err = bind_socket(fd, endpoint);
	}
	if (err == 0 && listen(fd, TCP_BACKLOG) != 0) {
		err = -errno;
	}
	if (err != 0) {
		close(fd);
		return err;
	}
	return fd;
}

int
dp_socket_claim(const struct dp_endpoint *endpoint)
{
	/* One instruction: accept zero bytes of every packet, that is, drop it unseen. */
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog filter = { .len = 1, .filter = &drop };
	int fd = open_socket(endpoint, SOCK_DGRAM);
	int err = 0;

	if (fd < 0) {
		return fd;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) != 0) {
		err = -errno;
	}
	if (err == 0) {
		err = set_free(fd, endpoint);
	}
	return bind_datagrams(fd, endpoint, err);
}

int
dp_socket_bury(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool is_alive;

	if (fd < 0) {
		return -errno;
	}
	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >=
			(int)sizeof(address.sun_path)) {
		close(fd);
		return -ENAMETOOLONG;
	}
	is_alive = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
	           errno == EAGAIN; /* alive, but its queue is full */
	close(fd);
	if (is_alive) {
		return -EADDRINUSE;
	}
	return unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
}

void
dp_socket_explain(const char *protocol, const struct dp_endpoint *endpoint, int err,
		struct tbl_error *ret_error)
{
	char text[DP_ENDPOINT_TEXT_MAX];
	const char *hint = "";

	if (err == -EADDRINUSE) {
		hint = " (another DNS server, or another meridiand? ss -lntup tells)";
	} else if (err == -EACCES) {
		hint = " (ports below 1024 need root or CAP_NET_BIND_SERVICE)";
	}
	dp_endpoint_text(endpoint, text);
	(void)snprintf(ret_error->text, sizeof(ret_error->text), "%s %s: %s%s", protocol, text,
			strerrordesc_np(-err), hint);
}

bool
is_dp_address_local(const struct tbl_addr *addr)
{
	const struct dp_endpoint endpoint = { .addr = *addr, .port = 0 };
	int fd = open_socket(&endpoint, SOCK_DGRAM);
	bool is_local;

	if (fd < 0) {
		return false;
	}
	is_local = bind_socket(fd, &endpoint) == 0;
	close(fd);
	return is_local;
}
