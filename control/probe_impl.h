/*
 * What probe.c (when, and how many at once), probe_tcp.c and probe_http.c (how; a request's own part
 * in probe_request.c) share.
 *
 * Threads:   the event loop's.
 * Memory:    a probe is its prober's; what is open for it belongs to its way, until way->stop().
 * Errors:    as probe.h.
 */
#ifndef CONTROL_PROBE_IMPL_H
#define CONTROL_PROBE_IMPL_H

#include <sys/queue.h>
#include <sys/time.h>

#include "control/probe.h"

struct event;
struct cp_probe_http;
struct cp_probe_request;

/* How probes of one kind are made. */
struct cp_probe_way {
	/* Opens one. 0: cp_probe_finish() follows, later; a negative errno: it could not be opened. */
	int (*start)(struct cp_probe *probe);
	/* Closes what is open, if anything is. */
	void (*stop)(struct cp_probe *probe);
};
extern const struct cp_probe_way cp_probe_way_tcp;
extern const struct cp_probe_way cp_probe_way_http;

struct cp_probe {
	TAILQ_ENTRY(cp_probe) in_all;
	TAILQ_ENTRY(cp_probe) in_waiting;
	struct cp_prober *prober;
	struct cp_probe_spec spec;
	const struct cp_probe_way *way;
	struct event *timer; /* the next probe */
	bool is_waiting;
	bool is_open;
	uint64_t started_ns;
	/* TCP */
	struct event *io; /* NULL: none is open */
	int fd;
	/* HTTP, HTTPS */
	char *url;       /* as it is asked for: https://www.example.test:443/_dns */
	char *shown_url; /* with the address that is asked, for reasons */
	struct cp_probe_request *request; /* NULL: none is open */
};
TAILQ_HEAD(cp_probe_list, cp_probe);

struct cp_prober {
	struct event_base *base;
	struct cp_probe_list all;
	struct cp_probe_list waiting;
	uint32_t waiting_cnt;
	uint32_t open_cnt;
	uint32_t open_max;
	struct cp_probe_http *http;
	cp_probe_result_fn on_result;
	void *ctx;
};

/* cp_probe_finish ends the open probe with its result; how long it took is filled in. */
void cp_probe_finish(struct cp_probe *probe, const struct cp_probe_result *result);
/* cp_probe_fail ends it with what connect() or socket() said, an errno. */
void cp_probe_fail(struct cp_probe *probe, int error);
/* is_cp_probe_shortage: an errno that says something about us and nothing about the target. */
bool is_cp_probe_shortage(int error);
struct timeval cp_probe_timeval(uint32_t ms);

/* probe_http.c */
int cp_probe_http_new(struct event_base *base, struct cp_probe_http **ret_http);
void cp_probe_http_free(struct cp_probe_http *http);

/* probe_request.c; a CURL is a void in curl.h. */
/* cp_probe_http_urls sets the URLs of a probe. */
int cp_probe_http_urls(struct cp_probe *probe, const char *host, const char *path);
/* cp_probe_request_new prepares one request for the probe's URL, *ret_easy is to be performed. */
int cp_probe_request_new(const struct cp_probe *probe, struct cp_probe_request **ret_request,
		void **ret_easy);
/* cp_probe_request_free: its handle must be in no multi handle any more. */
void cp_probe_request_free(struct cp_probe_request *request);
void *cp_probe_request_easy(const struct cp_probe_request *request);
/* cp_probe_request_judge says what became of a request that ended with this CURLcode. The reason of
 * *ret_result points into `reason`. */
void cp_probe_request_judge(const struct cp_probe *probe, int code,
		char reason[CP_HEALTH_REASON_MAX], struct cp_probe_result *ret_result);

#endif
