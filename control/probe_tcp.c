/* A TCP probe: a connection that is accepted, and closed at once. */
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/probe_impl.h"

static void
stop(struct cp_probe *probe)
{
	if (probe->io != NULL) {
		event_free(probe->io);
		probe->io = NULL;
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
time_out(struct cp_probe *probe)
{
	struct cp_probe_result result = { .is_ok = false };
	char reason[CP_HEALTH_REASON_MAX];

	(void)snprintf(reason, sizeof(reason), "no connection within %u ms",
			probe->spec.timeout_ms);
	result.reason = reason;
	cp_probe_finish(probe, &result);
}

static void
on_connected(evutil_socket_t fd, short what, void *arg)
{
	static const struct cp_probe_result success = { .is_ok = true };
	struct cp_probe *probe = arg;
	int error = 0;
	socklen_t size = sizeof(error);

	/* After a stall of the loop both may be set: what the socket says counts. */
	if ((what & EV_WRITE) == 0) {
		time_out(probe);
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
		error = errno;
	}
	if (error == 0) {
		cp_probe_finish(probe, &success);
	} else if (error == ETIMEDOUT) {
		time_out(probe); /* the kernel gave up before we did */
	} else {
		cp_probe_fail(probe, error);
	}
}

static int
start(struct cp_probe *probe)
{
	const struct sockaddr *address = (const struct sockaddr *)&probe->spec.address;
	socklen_t size = address->sa_family == AF_INET ? sizeof(struct sockaddr_in)
	                                               : sizeof(struct sockaddr_in6);
	struct timeval timeout = cp_probe_timeval(probe->spec.timeout_ms);

	probe->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (probe->fd < 0) {
		return -errno;
	}
	if (connect(probe->fd, address, size) != 0 && errno != EINPROGRESS) {
		return -errno;
	}
	probe->io = event_new(probe->prober->base, probe->fd, EV_WRITE, on_connected, probe);
	if (probe->io == NULL || event_add(probe->io, &timeout) != 0) {
		return -ENOMEM;
	}
	return 0;
}

const struct cp_probe_way cp_probe_way_tcp = { .start = start, .stop = stop };
