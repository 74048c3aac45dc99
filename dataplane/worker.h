/*
 * The workers. A packet worker is one CPU that polls its queues in bursts: receive, parse, prefetch,
 * answer, send. A socket worker is one thread that does the same on kernel sockets, and sleeps when
 * there is nothing to do; the TCP worker likewise, on connections.
 *
 * A worker reads its view, its port and its own struct, and writes its own counters: it never
 * takes a lock, logs or waits for anybody. Only the TCP worker allocates: connections, and what
 * they hold.
 *
 * Threads:   started and stopped by the main thread; each struct then belongs to its worker.
 * Memory:    dp_packet_workers_start/_stop, dp_socket_workers_start/_stop, dp_tcp_worker_open/_close.
 * Errors:    at start only, with a sentence; then every packet ends in one verdict (table/stats.h).
 */
#ifndef DATAPLANE_WORKER_H
#define DATAPLANE_WORKER_H

#include <stdatomic.h>
#include <stdint.h>

#include "dataplane/config.h"
#include "dataplane/counters.h"
#include "dataplane/message.h"
#include "dataplane/quiesce.h"
#include "dataplane/view_swap.h"

struct dp_ports;

/* What all workers share; constant while they run, but for the swap's pointer and `is_stopping`. */
struct dp_worker_shared {
	const struct dp_config *config;
	const struct dp_swap *swap;
	struct dp_quiesce *quiesce;
	struct tbl_stats_segment *stats;
	uint64_t random_seed;
	const struct dp_limiter_params *limits; /* NULL: none */
	_Atomic(bool) is_stopping;              /* relaxed: it says only "soon" */
};

/* What every worker has. */
struct dp_worker {
	struct dp_worker_shared *shared;
	unsigned int id; /* in quiesce and stats */
	struct dp_answerer answerer;
	struct dp_counters counters;
};

/* dp_worker_init: *worker is all zero before. */
void dp_worker_init(struct dp_worker *worker, struct dp_worker_shared *shared, unsigned int id);
/* dp_worker_limit gives it the rate limiter of the configuration, if there is one: for those that
 * answer over UDP. 0 or -ENOMEM. */
int dp_worker_limit(struct dp_worker *worker);
void dp_worker_done(struct dp_worker *worker);

/* dp_worker_begin makes the answerer ready for a burst answered from `served` (NULL: no table). */
void dp_worker_begin(struct dp_worker *worker, const struct dp_served *served);

/* dp_worker_publish shows a finished burst answered from `served`. */
void dp_worker_publish(struct dp_worker *worker, const struct dp_served *served);

/* Packet workers have the ids below worker_cnt; queues are dealt to them in turn. */
struct dp_packet_workers;
int dp_packet_workers_start(struct dp_worker_shared *shared, const struct dp_ports *ports,
		uint32_t worker_cnt, struct dp_packet_workers **ret_workers,
		struct tbl_error *ret_error);
/* dp_packet_workers_stop waits for them; shared->is_stopping is set. Accepts NULL. */
void dp_packet_workers_stop(struct dp_packet_workers *workers);

/* Socket workers have the ids from first_id: those of the socket ports, then, beside AF_XDP ports,
 * one for what their XDP program leaves to the kernel (fragments, extension headers, VLAN tags, the
 * machine's own queries). Its sockets are `left`, opened by the caller; start takes them over. */
struct dp_socket_workers;
struct dp_left_sockets {
	uint32_t cnt;
	int fds[DP_ADDRESSES_MAX];
};
uint32_t dp_socket_workers_count(const struct dp_config *config);
/* has_dp_left_worker: whether there is that one. AF_PACKET ports exclude it: there the kernel sees
 * every query that the port has read. */
bool has_dp_left_worker(const struct dp_config *config);
int dp_socket_workers_start(struct dp_worker_shared *shared, unsigned int first_id,
		struct dp_left_sockets *left, struct dp_socket_workers **ret_workers,
		struct tbl_error *ret_error);
/* dp_socket_workers_stop wakes and joins them; shared->is_stopping is set. Accepts NULL. */
void dp_socket_workers_stop(struct dp_socket_workers *workers);

/* The TCP worker: one thread that answers on all TCP connections (tcp.h), with the id behind all
 * others. _open listens, so that what cannot be had is known before anything else is opened. */
struct dp_tcp_worker;
int dp_tcp_worker_open(struct dp_worker_shared *shared, unsigned int id,
		struct dp_tcp_worker **ret_worker, struct tbl_error *ret_error);
/* dp_tcp_worker_max: connections there may be; fewer than configured when descriptors are. */
uint32_t dp_tcp_worker_max(const struct dp_tcp_worker *worker);
int dp_tcp_worker_start(struct dp_tcp_worker *worker, struct tbl_error *ret_error);
/* dp_tcp_worker_close stops and joins it, if it was started; shared->is_stopping is set. Accepts
 * NULL. */
void dp_tcp_worker_close(struct dp_tcp_worker *worker);

#endif
