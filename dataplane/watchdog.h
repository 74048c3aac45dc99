/*
 * Whether every worker still comes round: once a second a grace period is begun, and one that is
 * not over for several seconds means that a worker hangs. The same quiescent states as the swap's,
 * so a worker pays nothing for it.
 *
 * Threads:   the cold thread alone.
 * Memory:    plain data.
 */
#ifndef DATAPLANE_WATCHDOG_H
#define DATAPLANE_WATCHDOG_H

#include "dataplane/view_swap.h"

/* Seconds without a quiescent state. A burst takes microseconds; a machine that is so overloaded
 * that a worker does not run for five seconds is one that a new process could not help either, but
 * one that a hung worker's process would not leave by itself. */
#define DP_WATCHDOG_PULSES_MAX 5u

struct dp_watchdog {
	struct dp_quiescence quiescence;
	uint64_t token;
	bool is_waiting;         /* for the grace period `token` */
	unsigned int missed_cnt; /* pulses since it began */
};

void dp_watchdog_init(struct dp_watchdog *watchdog, const struct dp_quiescence *quiescence);

/* is_dp_watchdog_calm is the pulse, called once a second. false: a worker hangs. */
bool is_dp_watchdog_calm(struct dp_watchdog *watchdog);

#endif
