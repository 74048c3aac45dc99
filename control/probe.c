/* When each probe is made, and how many at once; how one is made: probe_tcp.c and probe_http.c. */
#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/probe_impl.h"

static uint64_t
monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

struct timeval
cp_probe_timeval(uint32_t ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
}

static void
schedule(struct cp_probe *probe, bool is_first)
{
	uint32_t random;
	struct timeval delay;

	evutil_secure_rng_get_bytes(&random, sizeof(random));
	delay = cp_probe_timeval(cp_probe_delay_ms(probe->spec.interval_ms, is_first, random));
	event_add(probe->timer, &delay);
}

static void
stop(struct cp_probe *probe)
{
	if (probe->is_open) {
		probe->is_open = false;
		probe->prober->open_cnt--;
	}
	probe->way->stop(probe);
}

static void
start_waiting(struct cp_prober *prober)
{
	struct cp_probe *next = TAILQ_FIRST(&prober->waiting);

	if (next != NULL && prober->open_cnt < prober->open_max) {
		TAILQ_REMOVE(&prober->waiting, next, in_waiting);
		next->is_waiting = false;
		prober->waiting_cnt--;
		event_active(next->timer, EV_TIMEOUT,
				0); /* from the loop, not from here: no recursion */
	}
}

void
cp_probe_finish(struct cp_probe *probe, const struct cp_probe_result *result)
{
	struct cp_probe_result told = *result;
	struct cp_prober *prober = probe->prober;

	told.took_us = (uint32_t)((monotonic_ns() - probe->started_ns) / 1000);
	stop(probe);
	schedule(probe, false);
	prober->on_result(prober->ctx, probe->spec.user, &told);
	start_waiting(prober);
}

bool
is_cp_probe_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

void
cp_probe_fail(struct cp_probe *probe, int error)
{
	struct cp_probe_result result = { .is_void = is_cp_probe_shortage(error) };
	char reason[CP_HEALTH_REASON_MAX];
	char text[64];

	(void)snprintf(reason, sizeof(reason), "connect: %s",
			strerror_r(error, text, sizeof(text)));
	result.reason = reason;
	cp_probe_finish(probe, &result);
}

static void
start(struct cp_probe *probe)
{
	struct cp_prober *prober = probe->prober;
	int err = 0;

	if (prober->open_cnt >= prober->open_max) {
		probe->is_waiting = true;
		prober->waiting_cnt++;
		TAILQ_INSERT_TAIL(&prober->waiting, probe, in_waiting);
		return;
	}
	probe->started_ns = monotonic_ns();
	probe->is_open = true;
	prober->open_cnt++;
	err = probe->way->start(probe);
	if (err != 0) {
		cp_probe_fail(probe, -err);
	}
}

static void
on_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	start(arg);
}

int
cp_prober_new(struct event_base *base, uint32_t open_max, cp_probe_result_fn on_result, void *ctx,
		struct cp_prober **ret_prober)
{
	struct cp_prober *prober = calloc(1, sizeof(*prober));
	int err = 0;

	if (prober == NULL) {
		return -ENOMEM;
	}
	prober->base = base;
	prober->open_max = open_max;
	prober->on_result = on_result;
	prober->ctx = ctx;
	TAILQ_INIT(&prober->all);
	TAILQ_INIT(&prober->waiting);
	err = cp_probe_http_new(base, &prober->http);
	if (err != 0) {
		free(prober);
		return err;
	}
	*ret_prober = prober;
	return 0;
}

void
cp_prober_free(struct cp_prober *prober)
{
	if (prober == NULL) {
		return;
	}
	while (!TAILQ_EMPTY(&prober->all)) {
		/* It takes itself off the list. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		cp_probe_remove(TAILQ_FIRST(&prober->all));
	}
	cp_probe_http_free(prober->http);
	free(prober);
}

bool
can_cp_probe(enum cp_protocol protocol)
{
	return protocol == CP_PROTOCOL_TCP || protocol == CP_PROTOCOL_HTTP ||
	       protocol == CP_PROTOCOL_HTTPS;
}

static void
free_probe(struct cp_probe *probe)
{
	if (probe->timer != NULL) {
		event_free(probe->timer);
	}
	free(probe->url);
	free(probe->shown_url);
	free(probe);
}

int
cp_probe_add(struct cp_prober *prober, const struct cp_probe_spec *spec,
		struct cp_probe **ret_probe)
{
	struct cp_probe *probe = calloc(1, sizeof(*probe));
	int err = 0;

	if (probe == NULL) {
		return -ENOMEM;
	}
	probe->prober = prober;
	probe->spec = *spec;
	probe->spec.host = NULL; /* borrowed for this call: the URLs are what stays */
	probe->spec.path = NULL;
	probe->fd = -1;
	probe->way = spec->protocol == CP_PROTOCOL_TCP ? &cp_probe_way_tcp : &cp_probe_way_http;
	if (spec->protocol != CP_PROTOCOL_TCP) {
		err = cp_probe_http_urls(probe, spec->host, spec->path);
	}
	probe->timer = err == 0 ? evtimer_new(prober->base, on_due, probe) : NULL;
	if (probe->timer == NULL) {
		free_probe(probe);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&prober->all, probe, in_all);
	schedule(probe, true);
	*ret_probe = probe;
	return 0;
}

void
cp_probe_remove(struct cp_probe *probe)
{
	struct cp_prober *prober = probe->prober;

	stop(probe);
	if (probe->is_waiting) {
		TAILQ_REMOVE(&prober->waiting, probe, in_waiting);
		prober->waiting_cnt--;
	}
	TAILQ_REMOVE(&prober->all, probe, in_all);
	free_probe(probe);
	start_waiting(prober);
}

uint32_t
cp_prober_waiting(const struct cp_prober *prober)
{
	return prober->waiting_cnt;
}
