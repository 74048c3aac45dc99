/*
 * DPDK's environment and ports: from the configuration to queues that can be polled.
 *
 * Threads:   the main thread, before the workers start and after they end; dp_ports_read_counts
 *            also while they poll.
 * Memory:    dp_ports_open/_close; packet buffers are one pool a queue.
 * Errors:    negative errno with a sentence that names the port's interface or device; DPDK's own
 *            last message is part of it.
 */
#ifndef DATAPLANE_PORTS_H
#define DATAPLANE_PORTS_H

#include "table/view.h"

#include "dataplane/config.h"
#include "dataplane/counters.h"

struct rte_mempool;

struct dp_port {
	const struct dp_port_config *config;
	const char *label; /* interface, device or socket: for people */
	uint16_t id;       /* DPDK's */
	uint16_t queue_cnt;
	bool is_started;
	bool is_xdp;                              /* our program is on the interface */
	bool is_untagging_off;                    /* we have turned its VLAN offload off */
	struct dp_frame_filter filter;            /* what its packets are checked against */
	struct dp_port_counts counts;             /* when last read */
	struct rte_mempool *pools[DP_QUEUES_MAX]; /* a queue's packet buffers */
};
struct dp_ports {
	uint32_t cnt;
	struct dp_port items[DP_PORTS_MAX];
};

/* Where things run. worker_cnt never exceeds the queues of all ports. */
struct dp_cpu_plan {
	uint32_t worker_cnt;
	uint16_t worker_cpus[TBL_WORKERS_MAX];
	char main_cpus[512]; /* EAL's syntax: "(0,2,3)" */
};

struct dp_eal_params {
	const struct dp_config *config;
	const struct dp_cpu_plan *cpus;
	uint32_t queue_cnt; /* of all ports */
	void *arg;
	/* No huge pages; generic XDP; a trimmed core list; what a port leaves unanswered. */
	void (*say)(void *arg, const char *text);
};

/* dp_ports_plan finds each DPDK port's queue count; interfaces that do not exist, and queues that
 * would be left unread, are errors. */
int dp_ports_plan(const struct dp_config *config, struct dp_ports *ports, uint32_t *ret_queue_cnt,
		struct tbl_error *ret_error);

/* dp_cpu_plan_make deals workers to CPUs as configured, or from the last allowed CPU down. */
int dp_cpu_plan_make(const struct dp_config *config, uint32_t queue_cnt,
		struct dp_cpu_plan *ret_plan, struct tbl_error *ret_error);

/* dp_eal_start starts DPDK; once in a process's life. */
int dp_eal_start(const struct dp_eal_params *params, struct tbl_error *ret_error);
void dp_eal_stop(void);

/* dp_ports_open makes and starts every planned port. */
int dp_ports_open(const struct dp_eal_params *params, struct dp_ports *ports,
		struct tbl_error *ret_error);
/* dp_ports_read_counts asks every started port's driver for what it lost, its pools for the buffers
 * that are out (received and not yet sent or freed, or waiting in the driver's rings), and sums. It
 * takes system calls or register reads: once a second, not once a burst. */
void dp_ports_read_counts(struct dp_ports *ports, struct dp_port_counts *ret_sum);

/* dp_ports_close also takes our XDP program off. */
void dp_ports_close(struct dp_ports *ports);

#endif
