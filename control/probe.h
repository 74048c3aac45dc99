/*
 * Health probes on the event loop. TCP: a connection that is accepted within the timeout is a success.
 * HTTP and HTTPS: so is an answer of status 200 to 399, with a certificate of the system's authorities
 * for the host asked for; redirects are not followed. Each probe is a connection of its own, as a new
 * client's. Many at once, each target in its own rhythm, never more open than a bound; those beyond
 * it wait their turn.
 *
 * Threads:   the event loop's. The process must ignore SIGPIPE.
 * Memory:    cp_prober_new/_free; a probe is the prober's until cp_probe_remove().
 * Errors:    -ENOMEM; everything that goes wrong with one probe is that probe's result.
 * Standards: RFC 9110 (HTTP), RFC 9112 (HTTP/1.1), RFC 6066 §3 (server name indication), RFC 6125
 *            (whose certificate).
 */
#ifndef CONTROL_PROBE_H
#define CONTROL_PROBE_H

#include <stdint.h>
#include <sys/socket.h>

#include "control/health.h"
#include "control/zones.h"

struct event_base;
struct cp_prober;
struct cp_probe;

/* cp_probe_result_fn takes each result; `user` is the probe's. It must not remove that probe. */
typedef void (*cp_probe_result_fn)(void *ctx, void *user, const struct cp_probe_result *result);

struct cp_probe_spec {
	enum cp_protocol protocol;       /* one of can_cp_probe() */
	struct sockaddr_storage address; /* with its port */
	const char *host; /* HTTP, HTTPS: an is_cp_probe_host(); borrowed until cp_probe_add() returns */
	const char *path; /* likewise; any text */
	uint32_t interval_ms;
	uint32_t timeout_ms;
	void *user;
};

int cp_prober_new(struct event_base *base, uint32_t open_max, cp_probe_result_fn on_result,
		void *ctx, struct cp_prober **ret_prober);
/* cp_prober_free frees the prober and every probe it still has. */
void cp_prober_free(struct cp_prober *prober);

/* can_cp_probe: is there a probe of this protocol? */
bool can_cp_probe(enum cp_protocol protocol);
/* is_cp_probe_host: can an HTTP request be for this host: a host name (underscores too) or an address? */
bool is_cp_probe_host(const char *host);

/* cp_probe_add starts probing; the first probe comes within one interval. */
int cp_probe_add(struct cp_prober *prober, const struct cp_probe_spec *spec,
		struct cp_probe **ret_probe);
void cp_probe_remove(struct cp_probe *probe);

/* cp_prober_waiting: probes that are due but wait for an open one to end. */
uint32_t cp_prober_waiting(const struct cp_prober *prober);

#endif
