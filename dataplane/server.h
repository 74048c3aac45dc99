/*
 * meridiand put together: everything opened in the order that makes a failure clear and a restart
 * clean, run until told to stop, closed in reverse.
 *
 * Threads:   the main thread, which becomes the cold thread.
 * Memory:    dp_server_start/_stop.
 * Errors:    negative errno with a sentence that names the thing.
 */
#ifndef DATAPLANE_SERVER_H
#define DATAPLANE_SERVER_H

#include "table/view.h"

#include "dataplane/config.h"

struct dp_server;

struct dp_server_params {
	const struct dp_config *config;
	const char *table_path; /* served first in place of the stored ones; NULL: none */
	bool is_standalone;     /* no publish socket and no store: the table is all there is */
	void (*say)(void *arg, const char *text); /* one line for the log; any thread */
	void (*give_up)(void *arg); /* a worker hangs: end the process at once; does not return */
	void *arg;
};

/* dp_server_start: on failure everything is closed again. */
int dp_server_start(const struct dp_server_params *params, struct dp_server **ret_server,
		struct tbl_error *ret_error);
/* dp_server_run returns after SIGTERM or SIGINT. */
void dp_server_run(struct dp_server *server);
/* dp_server_stop accepts NULL. */
void dp_server_stop(struct dp_server *server);

#endif
