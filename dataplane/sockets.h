/*
 * Kernel sockets: UDP and TCP listeners, and the silent sockets that keep the kernel from answering
 * for ports whose packets DPDK reads.
 *
 * Threads:   pure system calls.
 * Memory:    returned descriptors are the caller's.
 * Errors:    negative errno.
 * Standards: RFC 9715 (no fragmentation), RFC 3542 (packet information).
 */
#ifndef DATAPLANE_SOCKETS_H
#define DATAPLANE_SOCKETS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "dataplane/config.h"

enum dp_socket_flag {
	DP_SOCKET_SHARED =
			1u
			<< 0, /* several may be bound alike; the kernel spreads clients over them */
	DP_SOCKET_FREE = 1u << 1, /* also on an address that this machine does not have (yet) */
};

/* dp_socket_udp: a non-blocking socket bound to `endpoint`; flags of enum dp_socket_flag. */
int dp_socket_udp(const struct dp_endpoint *endpoint, unsigned int flags);

/* dp_socket_tcp: a non-blocking listening socket. `is_free`: also on an address that this machine
 * does not have (yet). */
int dp_socket_tcp(const struct dp_endpoint *endpoint, bool is_free);

/* dp_socket_claim: a UDP socket that receives nothing. While it is bound the kernel sends no "port
 * unreachable" for queries that an AF_PACKET port has read, and no other server can take them. */
int dp_socket_claim(const struct dp_endpoint *endpoint);

/* dp_socket_explain writes why a socket of the above could not be had, with what to do about it. */
void dp_socket_explain(const char *protocol, const struct dp_endpoint *endpoint, int err,
		struct tbl_error *ret_error);

/* dp_socket_bury removes the file of a SEQPACKET UNIX socket that nobody listens on any more, if
 * there is one. -EADDRINUSE: somebody does. */
int dp_socket_bury(const char *path);

/* is_dp_address_local: this machine has the address now. */
bool is_dp_address_local(const struct tbl_addr *addr);

/* is_dp_address_any: 0.0.0.0 or ::. */
bool is_dp_address_any(const struct tbl_addr *addr);

/* dp_sockaddr_from_endpoint returns the length. */
socklen_t dp_sockaddr_from_endpoint(
		const struct dp_endpoint *endpoint, struct sockaddr_storage *ret_sockaddr);

/* dp_endpoint_from_sockaddr: of an AF_INET or AF_INET6 address. */
void dp_endpoint_from_sockaddr(
		const struct sockaddr_storage *sockaddr, struct dp_endpoint *ret_endpoint);

#endif
