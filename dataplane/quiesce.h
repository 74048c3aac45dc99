/*
 * Quiescent states of the workers, by rte_rcu_qsbr, for the swap (view_swap.h). It needs no DPDK
 * environment, so kernel-socket workers use it too.
 *
 * A worker is online while it may hold a view and reports a quiescent state between bursts; it goes
 * offline before it blocks, so that a publish never waits for a sleeping thread.
 *
 * Threads:   each worker for its own id; the callbacks by the cold thread.
 * Memory:    dp_quiesce_new/_free; no worker may be left at free.
 */
#ifndef DATAPLANE_QUIESCE_H
#define DATAPLANE_QUIESCE_H

#include "dataplane/view_swap.h"

struct dp_quiesce;

/* dp_quiesce_new: for workers with ids below worker_cnt. 0 or -ENOMEM. */
int dp_quiesce_new(unsigned int worker_cnt, struct dp_quiesce **ret_quiesce);
void dp_quiesce_free(struct dp_quiesce *quiesce);

/* dp_quiesce_join, dp_quiesce_leave: the worker begins and ends; it is online in between. */
void dp_quiesce_join(struct dp_quiesce *quiesce, unsigned int id);
void dp_quiesce_leave(struct dp_quiesce *quiesce, unsigned int id);

/* dp_quiesce_report: the worker holds no view at this moment. */
void dp_quiesce_report(struct dp_quiesce *quiesce, unsigned int id);

/* dp_quiesce_offline, dp_quiesce_online: around blocking; no view may be held while offline. */
void dp_quiesce_offline(struct dp_quiesce *quiesce, unsigned int id);
void dp_quiesce_online(struct dp_quiesce *quiesce, unsigned int id);

/* dp_quiesce_callbacks: what dp_swap_init() takes. */
struct dp_quiescence dp_quiesce_callbacks(struct dp_quiesce *quiesce);

#endif
