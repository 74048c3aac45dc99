/*
 * DPDK's messages: kept, not printed, so that the last one can be the reason in a sentence of ours.
 *
 * Threads:   any may log; the last message is read by the main thread at start.
 * Memory:    one line, static.
 */
#ifndef DATAPLANE_EAL_LOG_H
#define DATAPLANE_EAL_LOG_H

/* dp_eal_log_capture takes DPDK's log over; before rte_eal_init. */
void dp_eal_log_capture(void);

/* dp_eal_log_reset forgets what was logged; dp_eal_log_last: the first error since, or "". */
void dp_eal_log_reset(void);
const char *dp_eal_log_last(void);

#endif
