/*
 * HTTP and HTTPS probes: libcurl's multi interface on the event loop. It says which sockets to watch
 * and when to come back; here the loop does so and hands finished requests on.
 */
#include <curl/curl.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "control/probe_impl.h"

struct cp_probe_http {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
};

/* Hands on what has ended. Only from the loop, never from inside libcurl. */
static void
collect(struct cp_probe_http *http)
{
	int left = 0;
	CURLMsg *message = NULL;

	while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
		struct cp_probe_result result = { .is_ok = false };
		char reason[CP_HEALTH_REASON_MAX];
		char *private = NULL;
		struct cp_probe *probe = NULL;

		if (message->msg != CURLMSG_DONE) {
			continue;
		}
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
		probe = (struct cp_probe *)(void *)private;
		cp_probe_request_judge(probe, (int)message->data.result, reason, &result);
		cp_probe_finish(probe, &result); /* frees the handle, the message with it */
	}
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct cp_probe_http *http = arg;
	int events = ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
	             ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
	int running = 0;

	(void)curl_multi_socket_action(http->multi, fd, events, &running);
	collect(http);
}

static void
on_time(evutil_socket_t fd, short what, void *arg)
{
	struct cp_probe_http *http = arg;
	int running = 0;

	(void)fd;
	(void)what;
	(void)curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(http);
}

/* libcurl wants this socket watched for these events from now on, or no more. */
static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *of_socket)
{
	struct cp_probe_http *http = ctx;
	struct event *event = of_socket;
	short events = EV_PERSIST;

	(void)easy;
	if (event != NULL) {
		event_free(event);
		event = NULL;
	}
	if (what != CURL_POLL_REMOVE) {
		events |= (what & CURL_POLL_IN) != 0 ? EV_READ : 0;
		events |= (what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0;
		event = event_new(http->base, fd, events, on_ready, http);
	}
	(void)curl_multi_assign(http->multi, fd, event);
	/* Without memory for an event the request times out; an error would end the multi handle. */
	if (event != NULL) {
		event_add(event, NULL);
	}
	return 0;
}

static int
on_timeout_set(CURLM *multi, long timeout_ms, void *ctx)
{
	struct cp_probe_http *http = ctx;
	struct timeval delay = cp_probe_timeval(timeout_ms > 0 ? (uint32_t)timeout_ms : 0);

	(void)multi;
	if (timeout_ms < 0) {
		evtimer_del(http->timer);
	} else {
		evtimer_add(http->timer, &delay);
	}
	return 0;
}

int
cp_probe_http_new(struct event_base *base, struct cp_probe_http **ret_http)
{
	struct cp_probe_http *http = calloc(1, sizeof(*http));

	if (http == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(http);
		return -ENOMEM;
	}
	http->base = base;
	http->multi = curl_multi_init();
	http->timer = evtimer_new(base, on_time, http);
	if (http->multi == NULL || http->timer == NULL) {
		cp_probe_http_free(http);
		return -ENOMEM;
	}
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timeout_set);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	*ret_http = http;
	return 0;
}

void
cp_probe_http_free(struct cp_probe_http *http)
{
	curl_multi_cleanup(http->multi);
	if (http->timer != NULL) {
		event_free(http->timer);
	}
	free(http);
	curl_global_cleanup(); /* counted: others may go on */
}

static void
stop(struct cp_probe *probe)
{
	if (probe->request != NULL) {
		(void)curl_multi_remove_handle(
				probe->prober->http->multi, cp_probe_request_easy(probe->request));
		cp_probe_request_free(probe->request);
		probe->request = NULL;
	}
}

static int
start(struct cp_probe *probe)
{
	void *easy = NULL;
	int err = cp_probe_request_new(probe, &probe->request, &easy);

	if (err == 0 && curl_multi_add_handle(probe->prober->http->multi, easy) != CURLM_OK) {
		err = -ENOMEM;
	}
	return err;
}

const struct cp_probe_way cp_probe_way_http = { .start = start, .stop = stop };
