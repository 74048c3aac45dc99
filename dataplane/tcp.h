/*
 * DNS over TCP on kernel sockets: connections are accepted, limited and ended here; what their bytes
 * mean is dataplane/stream.h's, who may have one dataplane/seats.h's. Answers are those that UDP
 * gets, from the same view by the same function.
 *
 * A client costs a bounded amount. A connection at rest holds no buffer. One that has nothing done
 * for a while is closed: whole queries and taken answers count, single bytes do not, so whoever
 * sends or reads too slowly is cut off, and reset when it has left answers untaken. What all
 * connections hold in buffers is limited too. When descriptors run out, the connection idle longest
 * makes room, and accepting pauses rather than spin.
 *
 *     offline;  dp_tcp_wait();  online
 *     for each that is ready:  make the answerer ready;  dp_tcp_serve();  report quiescent
 *     dp_tcp_expire()
 *
 * Threads:   the TCP thread's loop alone (tcp_worker.c); dp_tcp_wake from any thread.
 * Memory:    open/close; limits, answerer and counters are borrowed.
 * Errors:    at start negative errno with a sentence that names the address.
 * Standards: RFC 1035 §4.2.2, RFC 7766, RFC 7828 (keepalive), RFC 9210.
 */
#ifndef DATAPLANE_TCP_H
#define DATAPLANE_TCP_H

#include "dataplane/config.h"
#include "dataplane/counters.h"
#include "dataplane/message.h"

struct dp_tcp;

struct dp_tcp_params {
	const struct dp_tcp_config *limits;
	/* view and now are the caller's to set before dp_tcp_serve and dp_tcp_expire; the settings
	 * are replaced by a copy, whose tcp_keepalive_ds follows the load. */
	struct dp_answerer *answerer;
	struct dp_counters *counters;
	uint64_t secret; /* see dp_seats_new */
};

int dp_tcp_open(const struct dp_tcp_params *params, struct dp_tcp **ret_tcp);
/* dp_tcp_listen adds an address. `is_free`: also one that this machine does not have. */
int dp_tcp_listen(struct dp_tcp *tcp, const struct dp_endpoint *endpoint, bool is_free,
		struct tbl_error *ret_error);

/* dp_tcp_next_ms: how long dp_tcp_wait may take before dp_tcp_expire has something to do; -1: for
 * ever. */
int dp_tcp_next_ms(const struct dp_tcp *tcp);
/* dp_tcp_wait waits so long for something to become ready; returns how many things are. */
unsigned int dp_tcp_wait(struct dp_tcp *tcp, int wait_ms);
/* dp_tcp_serve deals with the i-th of them; returns the number of messages that were answered or
 * dropped, which have been counted. */
unsigned int dp_tcp_serve(struct dp_tcp *tcp, unsigned int i);
/* dp_tcp_expire ends connections that have had their time, a bounded number of them at once. */
void dp_tcp_expire(struct dp_tcp *tcp);

/* dp_tcp_wake ends the dp_tcp_wait of now, or else the next, and every one after it. */
void dp_tcp_wake(struct dp_tcp *tcp);
/* dp_tcp_connection_max: how many connections there may be: as configured, or fewer when descriptors
 * do not suffice. */
uint32_t dp_tcp_connection_max(const struct dp_tcp *tcp);
/* dp_tcp_close accepts NULL. */
void dp_tcp_close(struct dp_tcp *tcp);

#endif
