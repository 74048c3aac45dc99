/*
 * TCP probes on the event loop: a connection that is accepted within the timeout is a success. Many
 * at once, each target in its own rhythm, never more open than a bound; those beyond it wait their
 * turn.
 *
 * Threads:   the event loop's.
 * Memory:    cp_prober_new/_free; a probe is the prober's until cp_probe_remove().
 * Errors:    -ENOMEM; everything that goes wrong with one probe is that probe's result.
 */
#ifndef CONTROL_PROBE_H
#define CONTROL_PROBE_H

#include <stdint.h>
#include <sys/socket.h>

#include "control/health.h"

struct event_base;
struct cp_prober;
struct cp_probe;

/* cp_probe_result_fn takes each result; `user` is the probe's. It must not remove that probe. */
typedef void (*cp_probe_result_fn)(void *ctx, void *user, const struct cp_probe_result *result);

struct cp_probe_spec {
	struct sockaddr_storage address; /* with its port */
	uint32_t interval_ms;
	uint32_t timeout_ms;
	void *user;
};

int cp_prober_new(struct event_base *base, uint32_t open_max, cp_probe_result_fn on_result,
		void *ctx, struct cp_prober **ret_prober);
/* cp_prober_free frees the prober and every probe it still has. */
void cp_prober_free(struct cp_prober *prober);

/* cp_probe_add starts probing; the first probe comes within one interval. */
int cp_probe_add(struct cp_prober *prober, const struct cp_probe_spec *spec,
		struct cp_probe **ret_probe);
void cp_probe_remove(struct cp_probe *probe);

/* cp_prober_waiting: probes that are due but wait for an open one to end. */
uint32_t cp_prober_waiting(const struct cp_prober *prober);

#endif
