/*
 * DNS over TCP on kernel sockets, in the cold thread: length-prefixed messages, several on one
 * connection, answered in order from the view that UDP is answered from.
 *
 * A client costs a bounded amount: connections are limited in all and by address, one without a
 * whole query for a while is closed (sending byte by byte does not help it), and one that does not
 * read its answers is not read from, then closed.
 *
 * Threads:   the cold thread's event loop alone; it is also the one that swaps views, so a view
 *            cannot change under a callback.
 * Memory:    open/close; settings and swap are borrowed.
 * Errors:    at start negative errno with a sentence that names the address.
 * Standards: RFC 1035 §4.2.2, RFC 7766.
 */
#ifndef DATAPLANE_TCP_H
#define DATAPLANE_TCP_H

#include "dataplane/config.h"
#include "dataplane/counters.h"
#include "dataplane/view_swap.h"

struct event_base;
struct dp_tcp;

struct dp_tcp_params {
	struct event_base *base;
	const struct dp_tcp_config *limits;
	const struct dp_settings *settings;
	const struct dp_swap *swap;
	struct tbl_stats_worker *stats;
	uint64_t random_seed; /* not 0 */
};

int dp_tcp_open(const struct dp_tcp_params *params, struct dp_tcp **ret_tcp);
/* dp_tcp_listen adds an address. `is_free`: also one that this machine does not have. */
int dp_tcp_listen(struct dp_tcp *tcp, const struct dp_endpoint *endpoint, bool is_free,
		struct tbl_error *ret_error);
/* dp_tcp_close accepts NULL. */
void dp_tcp_close(struct dp_tcp *tcp);

#endif
