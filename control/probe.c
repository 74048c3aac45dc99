#include "control/probe.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

struct cp_probe {
	TAILQ_ENTRY(cp_probe) in_all;
	TAILQ_ENTRY(cp_probe) in_waiting;
	struct cp_prober *prober;
	struct cp_probe_spec spec;
	struct event *timer; /* the next probe */
	struct event *io;    /* the open one, NULL when none is */
	int fd;
	bool is_waiting;
	uint64_t started_ns;
};
TAILQ_HEAD(probe_list, cp_probe);

struct cp_prober {
	struct event_base *base;
	struct probe_list all;
	struct probe_list waiting;
	uint32_t waiting_cnt;
	uint32_t open_cnt;
	uint32_t open_max;
	cp_probe_result_fn on_result;
	void *ctx;
};

static uint64_t
monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static struct timeval
timeval_of_ms(uint32_t ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
}

static void
schedule(struct cp_probe *probe, bool is_first)
{
	uint32_t random;
	struct timeval delay;

	evutil_secure_rng_get_bytes(&random, sizeof(random));
	delay = timeval_of_ms(cp_probe_delay_ms(probe->spec.interval_ms, is_first, random));
	event_add(probe->timer, &delay);
}

static void
close_connection(struct cp_probe *probe)
{
	if (probe->io != NULL) {
		event_free(probe->io);
		probe->io = NULL;
		probe->prober->open_cnt--;
	}
	if (probe->fd >= 0) {
		/* A reset instead of FIN and TIME_WAIT: thousands of probes must not use up ports. */
		struct linger reset = { .l_onoff = 1, .l_linger = 0 };

		setsockopt(probe->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(probe->fd);
		probe->fd = -1;
	}
}

static void
report(struct cp_probe *probe, int error)
{
	struct cp_probe_result result = {
		.is_ok = error == 0,
		.took_us = (uint32_t)((monotonic_ns() - probe->started_ns) / 1000),
	};
	char reason[CP_HEALTH_REASON_MAX];
	char text[64];

	if (error == ETIMEDOUT) {
		(void)snprintf(reason, sizeof(reason), "no connection within %u ms",
				probe->spec.timeout_ms);
	} else if (error != 0) {
		(void)snprintf(reason, sizeof(reason), "connect: %s",
				strerror_r(error, text, sizeof(text)));
	}
	result.reason = error != 0 ? reason : NULL;
	probe->prober->on_result(probe->prober->ctx, probe->spec.user, &result);
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

static void
finish(struct cp_probe *probe, int error)
{
	close_connection(probe);
	schedule(probe, false);
	report(probe, error);
	start_waiting(probe->prober);
}

static void
on_connected(evutil_socket_t fd, short what, void *arg)
{
	struct cp_probe *probe = arg;
	int error = ETIMEDOUT;
	socklen_t size = sizeof(error);

	/* After a stall of the loop both may be set: what the socket says counts. */
	if ((what & EV_WRITE) != 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
		error = errno;
	}
	finish(probe, error);
}

static int
connect_nonblocking(struct cp_probe *probe)
{
	const struct sockaddr *address = (const struct sockaddr *)&probe->spec.address;
	socklen_t size = address->sa_family == AF_INET ? sizeof(struct sockaddr_in)
	                                               : sizeof(struct sockaddr_in6);

	probe->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (probe->fd < 0) {
		return -errno;
	}
	if (connect(probe->fd, address, size) != 0 && errno != EINPROGRESS) {
		return -errno;
	}
	return 0;
}

static void
start(struct cp_probe *probe)
{
	struct cp_prober *prober = probe->prober;
	struct timeval timeout = timeval_of_ms(probe->spec.timeout_ms);
	int err;

	if (prober->open_cnt >= prober->open_max) {
		probe->is_waiting = true;
		prober->waiting_cnt++;
		TAILQ_INSERT_TAIL(&prober->waiting, probe, in_waiting);
		return;
	}
	probe->started_ns = monotonic_ns();
	err = connect_nonblocking(probe);
	if (err == -EMFILE || err == -ENFILE || err == -ENOBUFS || err == -ENOMEM) {
		/* Our own shortage says nothing about the target. */
		close_connection(probe);
		schedule(probe, false);
		return;
	}
	if (err != 0) {
		finish(probe, -err);
		return;
	}
	probe->io = event_new(prober->base, probe->fd, EV_WRITE, on_connected, probe);
	if (probe->io == NULL) {
		close_connection(probe);
		schedule(probe, false);
		return;
	}
	prober->open_cnt++;
	event_add(probe->io, &timeout);
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

	if (prober == NULL) {
		return -ENOMEM;
	}
	prober->base = base;
	prober->open_max = open_max;
	prober->on_result = on_result;
	prober->ctx = ctx;
	TAILQ_INIT(&prober->all);
	TAILQ_INIT(&prober->waiting);
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
	free(prober);
}

int
cp_probe_add(struct cp_prober *prober, const struct cp_probe_spec *spec,
		struct cp_probe **ret_probe)
{
	struct cp_probe *probe = calloc(1, sizeof(*probe));

	if (probe == NULL) {
		return -ENOMEM;
	}
	probe->prober = prober;
	probe->spec = *spec;
	probe->fd = -1;
	probe->timer = evtimer_new(prober->base, on_due, probe);
	if (probe->timer == NULL) {
		free(probe);
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

	close_connection(probe);
	event_free(probe->timer);
	if (probe->is_waiting) {
		TAILQ_REMOVE(&prober->waiting, probe, in_waiting);
		prober->waiting_cnt--;
	}
	TAILQ_REMOVE(&prober->all, probe, in_all);
	free(probe);
	start_waiting(prober);
}

uint32_t
cp_prober_waiting(const struct cp_prober *prober)
{
	return prober->waiting_cnt;
}
