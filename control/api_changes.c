/* The API's requests that change what is served, or ask about changes. */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/api_impl.h"
#include "control/json_read.h"
#include "control/text.h"

static const char hex_digits[] = "0123456789abcdef";

static void
on_done(void *ctx, enum cp_outcome outcome, const json_t *result)
{
	struct evhttp_request *request = ctx;
	json_t *copy = cp_json_copy(result);

	switch (outcome) {
	case CP_OUTCOME_SERVED:
	case CP_OUTCOME_PLANNED:
		cp_api_send_json(request, 200, "OK", copy);
		break;
	case CP_OUTCOME_UNDELIVERED:
		cp_api_send_json(request, 202, "Accepted", copy);
		break;
	case CP_OUTCOME_DIFFERS:
		cp_api_send_json(request, 409, "Conflict", copy);
		break;
	case CP_OUTCOME_REFUSED:
		cp_api_send_json(request, 422, "Unprocessable Entity", copy);
		break;
	}
}

static void
ask(struct cp_api *api, struct evhttp_request *http_request, struct cp_request *request)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(http_request);

	cp_who_of_peer(bufferevent_getfd(evhttp_connection_get_bufferevent(connection)),
			&request->who);
	if (cp_engine_ask(api->engine, request, on_done, http_request) != 0) {
		cp_api_send_error(http_request, 500, "Internal Server Error", "out of memory");
	}
}

/* A "checksum" that is misspelt must not publish whatever there is. */
static bool
has_only_members(struct evhttp_request *request, json_t *body, const char *const *names)
{
	const char *name;
	json_t *value;
	char error[120];

	json_object_foreach(body, name, value)
	{
		if (!is_cp_api_name(name, names)) {
			(void)snprintf(error, sizeof(error),
					"%.60s: this request has no such member", name);
			cp_api_send_error(request, 400, "Bad Request", error);
			return false;
		}
	}
	return true;
}

/* An empty body asks for the plain thing. `names`, up to a NULL, are the members it may have. NULL:
 * it is not such an object, and the client knows. */
static json_t *
read_body(struct evhttp_request *request, const char *const *names)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(request);
	size_t size = evbuffer_get_length(body);
	json_t *json;

	if (size == 0) {
		return json_object();
	}
	json = json_loadb((const char *)evbuffer_pullup(body, -1), size, JSON_REJECT_DUPLICATES,
			NULL);
	if (!json_is_object(json)) {
		json_decref(json);
		cp_api_send_error(request, 400, "Bad Request", "the body is not a JSON object");
		return NULL;
	}
	if (!has_only_members(request, json, names)) {
		json_decref(json);
		return NULL;
	}
	return json;
}

void
cp_api_post_plan(struct cp_api *api, struct evhttp_request *request)
{
	static const char *const names[] = { NULL };
	struct cp_request plan = { .kind = CP_REQUEST_PLAN };
	json_t *body = read_body(request, names);

	if (body != NULL) {
		json_decref(body);
		ask(api, request, &plan);
	}
}

static bool
can_take_checksum(const json_t *body, struct cp_request *request)
{
	const json_t *checksum = json_object_get(body, "checksum");
	const char *text = json_string_value(checksum);

	if (checksum == NULL) {
		return true;
	}
	if (text == NULL || strlen(text) != CP_CHECKSUM_DIGITS ||
			strspn(text, hex_digits) != CP_CHECKSUM_DIGITS) {
		return false;
	}
	memcpy(request->checksum, text, CP_CHECKSUM_DIGITS + 1);
	return true;
}

void
cp_api_post_apply(struct cp_api *api, struct evhttp_request *request)
{
	static const char *const names[] = { "force", "checksum", NULL };
	struct cp_request apply = { .kind = CP_REQUEST_APPLY };
	json_t *body = read_body(request, names);
	const json_t *force;

	if (body == NULL) {
		return;
	}
	force = json_object_get(body, "force");
	apply.is_forced = json_is_true(force);
	if (force != NULL && !json_is_boolean(force)) {
		cp_api_send_error(request, 400, "Bad Request", "force: true or false is needed");
	} else if (!can_take_checksum(body, &apply)) {
		cp_api_send_error(request, 400, "Bad Request",
				"checksum: 64 hexadecimal digits are needed");
	} else {
		ask(api, request, &apply);
	}
	json_decref(body);
}

void
cp_api_post_rollback(struct cp_api *api, struct evhttp_request *request)
{
	static const char *const names[] = { "generation", NULL };
	struct cp_request rollback = { .kind = CP_REQUEST_ROLLBACK };
	json_t *body = read_body(request, names);
	const json_t *generation;

	if (body == NULL) {
		return;
	}
	generation = json_object_get(body, "generation");
	if (generation != NULL && json_integer_value(generation) < 1) {
		cp_api_send_error(request, 400, "Bad Request",
				"generation: a number from 1 is needed");
	} else {
		rollback.generation = (uint64_t)json_integer_value(generation);
		ask(api, request, &rollback);
	}
	json_decref(body);
}

void
cp_api_get_history(struct cp_api *api, struct evhttp_request *request)
{
	cp_api_send_json(request, 200, "OK", cp_engine_history(api->engine));
}

/* A parameter that is a number from 1; 0 when it is not there, false when it is no number. */
static bool
can_read_number(const struct evkeyvalq *parameters, const char *name, uint64_t *ret_number)
{
	const char *text = evhttp_find_header(parameters, name);

	*ret_number = 0;
	return text == NULL || can_cp_read_number(text, ret_number);
}

/* Two numbers of the query string; both may be missing. Else the client knows what is wrong. */
static bool
can_read_numbers(struct evhttp_request *request, const char *const names[3], uint64_t numbers[2])
{
	struct evkeyvalq parameters = { 0 };
	char error[80];

	if (!can_cp_api_read_query(request, names, &parameters)) {
		return false;
	}
	for (int i = 0; i < 2; i++) {
		if (!can_read_number(&parameters, names[i], &numbers[i])) {
			(void)snprintf(error, sizeof(error), "%s: a number from 1 is needed",
					names[i]);
			cp_api_send_error(request, 400, "Bad Request", error);
			evhttp_clear_headers(&parameters);
			return false;
		}
	}
	evhttp_clear_headers(&parameters);
	return true;
}

void
cp_api_get_diff(struct cp_api *api, struct evhttp_request *request)
{
	static const char *const names[] = { "from", "to", NULL };
	struct cp_request diff = { .kind = CP_REQUEST_DIFF };
	uint64_t numbers[2];

	if (!can_read_numbers(request, names, numbers)) {
		return;
	}
	if (numbers[0] == 0) {
		cp_api_send_error(request, 400, "Bad Request", "from is needed: a generation");
		return;
	}
	diff.generation = numbers[0];
	diff.to = numbers[1];
	ask(api, request, &diff);
}

static void
on_waited(void *ctx, bool is_served, uint64_t generation)
{
	cp_api_send_json(ctx, 200, "OK",
			json_pack("{s:b, s:I}", "is_served", is_served, "generation",
					(json_int_t)generation));
}

void
cp_api_get_wait(struct cp_api *api, struct evhttp_request *request)
{
	static const char *const names[] = { "generation", "timeout_s", NULL };
	uint64_t numbers[2];
	uint32_t timeout_s = CP_API_WAIT_S;

	if (!can_read_numbers(request, names, numbers)) {
		return;
	}
	if (numbers[0] == 0 || numbers[1] > CP_API_WAIT_S_MAX) {
		cp_api_send_error(request, 400, "Bad Request",
				numbers[0] == 0 ? "generation is needed"
						: "timeout_s: 3600 s at most");
		return;
	}
	if (numbers[1] != 0) {
		timeout_s = (uint32_t)numbers[1];
	}
	if (cp_engine_wait(api->engine, numbers[0], timeout_s, on_waited, request) != 0) {
		cp_api_send_error(request, 500, "Internal Server Error", "out of memory");
	}
}
