/*
 * The HTTP/JSON API on a UNIX socket, as docs/api.md describes it.
 *
 * Threads:   the event loop's.
 * Memory:    cp_api_new/_free.
 * Errors:    negative errno with a sentence; -EADDRINUSE when a live daemon answers on the path.
 */
#ifndef CONTROL_API_H
#define CONTROL_API_H

#include "control/engine.h"

struct cp_api;

#define CP_API_ERROR_MAX 256u

/* cp_api_new listens on `path` (mode 0660), removing what a killed daemon left there. */
int cp_api_new(struct event_base *base, const char *path, struct cp_engine *engine,
		struct cp_api **ret_api, char error[CP_API_ERROR_MAX]);
/* cp_api_free stops listening and removes the socket. Requests still open are closed. */
void cp_api_free(struct cp_api *api);

#endif
