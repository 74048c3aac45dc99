/*
 * The data plane's counters (table/stats.h) as JSON: each worker's, their sum, and what the ports
 * lost before any worker and hold.
 *
 * Threads:   any; the segment may be written meanwhile, each number is read whole.
 * Memory:    a new reference.
 * Errors:    none.
 */
#ifndef CONTROL_COUNTERS_H
#define CONTROL_COUNTERS_H

#include <jansson.h>

#include "table/stats.h"

/* cp_counters_json: {received, verdicts: {noerror, ...}, ..., ports: {missed, errors, no_buffer,
 * tx_errors, buffers}, workers: [the same of each, without ports]}. */
json_t *cp_counters_json(const struct tbl_stats_segment *stats);

#endif
