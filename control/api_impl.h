/*
 * What the files of the API share: api.c (socket, routes, questions), api_changes.c (plans, applies,
 * rollbacks, and what is known of earlier ones).
 *
 * Threads:   the event loop's.
 * Memory:    a request is libevent's until it is answered, which happens exactly once.
 * Errors:    told to the client.
 */
#ifndef CONTROL_API_IMPL_H
#define CONTROL_API_IMPL_H

#include <jansson.h>
#include <stdbool.h>

#include "control/api.h"

struct evhttp;
struct evhttp_request;
struct evkeyvalq;

struct cp_api {
	char *path;
	struct cp_engine *engine;
	struct evhttp *http;
	bool is_listening;
};

/* cp_api_send_json answers with `json`, whose reference it takes over. */
void cp_api_send_json(struct evhttp_request *request, int code, const char *reason, json_t *json);
/* cp_api_send_error answers with a sentence. */
void
cp_api_send_error(struct evhttp_request *request, int code, const char *reason, const char *error);

/* can_cp_api_read_query reads the query string, whose parameters are of `names`, up to a NULL: one that
 * is misspelt is not passed over. False: it is none of these, and the client knows; else *parameters
 * is the caller's to clear. */
bool can_cp_api_read_query(struct evhttp_request *request, const char *const *names,
		struct evkeyvalq *parameters);
/* is_cp_api_name: is it one of `names`, up to a NULL? */
bool is_cp_api_name(const char *name, const char *const *names);

/* api_changes.c */
void cp_api_get_history(struct cp_api *api, struct evhttp_request *request);
void cp_api_get_diff(struct cp_api *api, struct evhttp_request *request);
void cp_api_get_wait(struct cp_api *api, struct evhttp_request *request);
void cp_api_post_plan(struct cp_api *api, struct evhttp_request *request);
void cp_api_post_apply(struct cp_api *api, struct evhttp_request *request);
void cp_api_post_rollback(struct cp_api *api, struct evhttp_request *request);

#endif
