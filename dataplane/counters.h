/*
 * A worker's counters: counted in private memory, shown to other processes once a burst through its
 * lines of the shared segment (table/stats.h). What ports lose before that, and the buffers they hold,
 * are the cold thread's to show.
 *
 * Threads:   a dp_counters belongs to one worker, dp_stats_show_ports to the cold thread; the
 *            segment's reader may be another process.
 * Memory:    dp_stats_open maps one memfd for the life of the process.
 * Errors:    negative errno from making the segment; counting cannot fail.
 */
#ifndef DATAPLANE_COUNTERS_H
#define DATAPLANE_COUNTERS_H

#include <stdatomic.h>

#include "table/stats.h"

struct dp_counters {
	struct tbl_stats_worker own;     /* nobody else reads these */
	struct tbl_stats_worker *shared; /* written by dp_counters_publish alone */
};

/* What ports lost and hold, as tbl_stats_segment's port_* say. */
struct dp_port_counts {
	uint64_t missed;
	uint64_t errors;
	uint64_t no_buffer;
	uint64_t tx_errors;
	uint64_t buffers;
};

static inline void
dp_count_verdict(struct dp_counters *counters, enum tbl_verdict verdict)
{
	counters->own.verdicts[verdict]++;
}

/* dp_counters_publish copies the counters to the shared lines. */
void dp_counters_publish(struct dp_counters *counters);

/* dp_stats_show_ports stores the sums over all ports in the segment's first line. */
void dp_stats_show_ports(struct tbl_stats_segment *segment, const struct dp_port_counts *counts);

/* dp_stats_open makes the segment with worker_cnt workers and, as the last block, the TCP thread.
 * *ret_fd is a memfd that can be passed on; a reader may map it read-only. */
int dp_stats_open(unsigned int worker_cnt, uint64_t started_unix_s, int *ret_fd,
		struct tbl_stats_segment **ret_segment);
void dp_stats_close(int fd, struct tbl_stats_segment *segment);

#endif
