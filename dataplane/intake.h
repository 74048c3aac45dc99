/*
 * The data plane's end of the publish protocol (table/ipc.h): a SEQPACKET UNIX socket in the run
 * directory on which one publisher at a time hands over images.
 *
 * Threads:   the cold thread's event loop alone.
 * Memory:    open/close; the counters' descriptor is borrowed.
 * Errors:    at start a sentence that names the path; later a connection that breaks the protocol
 *            or does not read its replies is closed, and its place is free.
 */
#ifndef DATAPLANE_INTAKE_H
#define DATAPLANE_INTAKE_H

#include "table/ipc.h"

#include "dataplane/adopt.h"

#define DP_INTAKE_NAME "meridiand.sock"

struct event_base;
struct dp_intake;

struct dp_intake_params {
	struct event_base *base;
	const char *run_dir; /* made when it does not exist */
	struct dp_adopter *adopter;
	int stats_fd;
	unsigned int worker_cnt;
	void *arg;
	void (*say)(void *arg, const char *text); /* refusals, comings and goings */
};

/* dp_intake_open removes a dead process's socket; a live one's is -EADDRINUSE. */
int dp_intake_open(const struct dp_intake_params *params, struct dp_intake **ret_intake,
		struct tbl_error *ret_error);
/* dp_intake_close accepts NULL. */
void dp_intake_close(struct dp_intake *intake);

#endif
