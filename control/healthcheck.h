/*
 * `octodns.healthcheck` of a dynamic record, with octoDNS's defaults; intervals and thresholds come
 * from our own `octodns.meridian.healthcheck`, else from Route 53's keys, so that a zone that moves
 * from there keeps its settings.
 *
 * Threads:   pure.
 * Memory:    host and path live in the reader's arena.
 * Errors:    reasons; -EINVAL after a fatal one, -ENOMEM.
 */
#ifndef CONTROL_HEALTHCHECK_H
#define CONTROL_HEALTHCHECK_H

#include "control/rdata.h"

/* Bounds of octodns.meridian.healthcheck. A tenth of a second is the fastest a probe may be
 * repeated without being a load test; beyond an hour a check protects nobody. */
#define CP_INTERVAL_MS_MIN 100u
#define CP_INTERVAL_MS_MAX 3600000u
#define CP_TIMEOUT_MS_MIN  10u
#define CP_THRESHOLD_MAX   100u

/* cp_protocol_name: "HTTPS" ... as zone files write it. */
const char *cp_protocol_name(enum cp_protocol protocol);

/* cp_healthcheck_judge adds octoDNS's reason about the protocol, which it checks on every record, and
 * ours about what octodns.meridian holds beside `healthcheck` and `lint`. `octodns` is the record's octodns mapping or NULL. */
void cp_healthcheck_judge(const struct cp_reader *reader, const struct conf_node *octodns);

/* cp_healthcheck_read: all of it; fqdn is the record's, with its final dot. */
int cp_healthcheck_read(const struct cp_reader *reader, const struct conf_node *octodns,
		const char *fqdn, struct cp_healthcheck *ret_check);

#endif
