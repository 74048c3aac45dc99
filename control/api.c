#include "control/api.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/api_impl.h"
#include "control/explain.h"

/* Requests are a line and a few words of JSON; anything larger is not one of ours. */
#define HEADERS_BYTES_MAX 8192
#define BODY_BYTES_MAX    65536
/* A client that stalls in its request or in taking the reply gives its descriptor back after this;
 * an apply that runs is neither. Clients are local and of our group (mode 0660): time bounds them,
 * and the process's limit of descriptors; see on_accept_error. */
#define TIMEOUT_S 5
#define BACKLOG   64
/* A live daemon answers within a few milliseconds; one that does not within a second is busy. */
#define KNOCK_MS   1000
#define KNOCKS_MAX 5u

void
cp_api_send_json(struct evhttp_request *request, int code, const char *reason, json_t *json)
{
	struct evbuffer *body = evbuffer_new();
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	if (body == NULL || text == NULL) {
		free(text);
		if (body != NULL) {
			evbuffer_free(body);
		}
		evhttp_send_error(request, 500, "out of memory");
		return;
	}
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
			"application/json");
	/* One request a connection: nobody holds a descriptor between two. */
	evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close");
	evbuffer_add(body, text, strlen(text));
	evbuffer_add(body, "\n", 1);
	free(text);
	evhttp_send_reply(request, code, reason, body);
	evbuffer_free(body);
}

/* A sentence may quote octets of the request, and JSON takes UTF-8 alone. */
static json_t *
sentence_json(const char *sentence)
{
	json_t *json = json_string(sentence);
	char text[CP_EXPLAIN_ERROR_MAX];
	size_t len = 0;

	if (json != NULL) {
		return json;
	}
	for (; sentence[len] != '\0' && len < sizeof(text) - 1; len++) {
		text[len] = sentence[len];
		if ((unsigned char)text[len] >= 0x80) {
			text[len] = '?';
		}
	}
	return json_stringn(text, len);
}

void
cp_api_send_error(struct evhttp_request *request, int code, const char *reason, const char *error)
{
	cp_api_send_json(request, code, reason,
			json_pack("{s:o, s:[]}", "error", sentence_json(error), "messages"));
}

bool
is_cp_api_name(const char *name, const char *const *names)
{
	while (*names != NULL && strcmp(*names, name) != 0) {
		names++;
	}
	return *names != NULL;
}

bool
can_cp_api_read_query(struct evhttp_request *request, const char *const *names,
		struct evkeyvalq *parameters)
{
	const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request));
	const char *text = query != NULL ? query : "";
	const struct evkeyval *parameter;

	/* A NUL would end the text for us and not for the client. */
	if (strstr(text, "%00") != NULL || evhttp_parse_query_str(text, parameters) != 0) {
		cp_api_send_error(request, 400, "Bad Request", "the query string is malformed");
		return false;
	}
	TAILQ_FOREACH(parameter, parameters, next)
	{
		if (!is_cp_api_name(parameter->key, names)) {
			char error[120];

			(void)snprintf(error, sizeof(error),
					"%.60s: this request has no such parameter",
					parameter->key);
			cp_api_send_error(request, 400, "Bad Request", error);
			evhttp_clear_headers(parameters);
			return false;
		}
	}
	return true;
}

static void
get_status(struct cp_api *api, struct evhttp_request *request)
{
	cp_api_send_json(request, 200, "OK", cp_engine_status(api->engine));
}

static void
get_health(struct cp_api *api, struct evhttp_request *request)
{
	cp_api_send_json(request, 200, "OK", cp_engine_health(api->engine));
}

static void
get_counters(struct cp_api *api, struct evhttp_request *request)
{
	json_t *counters = cp_engine_counters(api->engine);

	if (counters == NULL) {
		cp_api_send_error(
				request, 503, "Service Unavailable", "meridiand is not connected");
		return;
	}
	cp_api_send_json(request, 200, "OK", counters);
}

static const struct cp_watch *
watch_of(const void *ctx, uint32_t target)
{
	return cp_engine_watch(ctx, target);
}

static void
get_explain(struct cp_api *api, struct evhttp_request *request)
{
	static const char *const names[] = { "name", "type", "from", "ecs", NULL };
	struct evkeyvalq parameters = { 0 };
	struct tbl_view view;
	struct cp_explain_input input = {
		.view = &view,
		.watch_of = watch_of,
		.ctx = api->engine,
	};
	char error[CP_EXPLAIN_ERROR_MAX];
	struct timeval now;
	json_t *json = NULL;

	if (!can_cp_api_read_query(request, names, &parameters)) {
		return;
	}
	input.name = evhttp_find_header(&parameters, "name");
	input.type = evhttp_find_header(&parameters, "type");
	input.from = evhttp_find_header(&parameters, "from");
	input.ecs = evhttp_find_header(&parameters, "ecs");
	evutil_gettimeofday(&now, NULL);
	input.now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_usec / 1000;
	evutil_secure_rng_get_bytes(&input.random, sizeof(input.random));
	if (input.name == NULL || input.type == NULL) {
		cp_api_send_error(request, 400, "Bad Request", "name and type are needed");
	} else if (!cp_engine_view(api->engine, &view, &input.geo)) {
		cp_api_send_error(
				request, 503, "Service Unavailable", "no table has been made yet");
	} else if (cp_explain(&input, &json, error) != 0) {
		cp_api_send_error(request, 400, "Bad Request", error);
	} else {
		cp_api_send_json(request, 200, "OK", json);
	}
	evhttp_clear_headers(&parameters);
}

static const struct route {
	const char *path;
	enum evhttp_cmd_type method;
	void (*handle)(struct cp_api *api, struct evhttp_request *request);
} routes[] = {
	{ "/v1/status", EVHTTP_REQ_GET, get_status },
	{ "/v1/health", EVHTTP_REQ_GET, get_health },
	{ "/v1/counters", EVHTTP_REQ_GET, get_counters },
	{ "/v1/explain", EVHTTP_REQ_GET, get_explain },
	{ "/v1/history", EVHTTP_REQ_GET, cp_api_get_history },
	{ "/v1/diff", EVHTTP_REQ_GET, cp_api_get_diff },
	{ "/v1/wait", EVHTTP_REQ_GET, cp_api_get_wait },
	{ "/v1/plan", EVHTTP_REQ_POST, cp_api_post_plan },
	{ "/v1/apply", EVHTTP_REQ_POST, cp_api_post_apply },
	{ "/v1/rollback", EVHTTP_REQ_POST, cp_api_post_rollback },
};

static void
on_request(struct evhttp_request *request, void *arg)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
	bool has_path = false;

	for (size_t i = 0; path != NULL && i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strcmp(path, routes[i].path) != 0) {
			continue;
		}
		has_path = true;
		if (evhttp_request_get_command(request) == routes[i].method) {
			routes[i].handle(arg, request);
			return;
		}
	}
	if (has_path) {
		cp_api_send_error(request, 405, "Method Not Allowed",
				"this path takes another method");
	} else {
		cp_api_send_error(request, 404, "Not Found",
				"no such path; docs/api.md has them all");
	}
}

/* What listens on a path: -ECONNREFUSED for residue, 0 for somebody who answers or is too busy to.
 * A process that is being killed still accepts for a moment, and then hangs up. */
static int
knock(const struct sockaddr_un *address)
{
	static const char request[] = "GET /v1/health HTTP/1.0\r\n\r\n";
	struct pollfd poll_fd = { .events = POLLIN };
	char byte;
	int err = 0;

	poll_fd.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (poll_fd.fd < 0) {
		return -errno;
	}
	if (connect(poll_fd.fd, (const struct sockaddr *)address, sizeof(*address)) != 0) {
		err = errno == EAGAIN ? 0 : -errno; /* EAGAIN: its queue is full */
	} else if (send(poll_fd.fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0 ||
			(poll(&poll_fd, 1, KNOCK_MS) > 0 &&
					recv(poll_fd.fd, &byte, sizeof(byte), 0) <= 0)) {
		err = -ECONNRESET;
	}
	close(poll_fd.fd);
	return err;
}

static int
clear_residue(const struct sockaddr_un *address)
{
	struct stat info;
	int err = -ECONNRESET;

	if (lstat(address->sun_path, &info) != 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if (!S_ISSOCK(info.st_mode)) {
		return -EEXIST;
	}
	for (unsigned int i = 0; i < KNOCKS_MAX && err == -ECONNRESET; i++) {
		err = knock(address);
	}
	if (err == 0 || err == -ECONNRESET) {
		return -EADDRINUSE;
	}
	if (err != -ECONNREFUSED) {
		return err;
	}
	return unlink(address->sun_path) != 0 && errno != ENOENT ? -errno : 0;
}

static int
bind_socket(const struct sockaddr_un *address)
{
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* The mask, not a chmod() afterwards: at no moment may others connect. */
	mode_t mask;
	int err = 0;

	if (sock < 0) {
		return -errno;
	}
	mask = umask(0117);
	if (bind(sock, (const struct sockaddr *)address, sizeof(*address)) != 0) {
		err = -errno;
	}
	umask(mask);
	if (err == 0 && listen(sock, BACKLOG) != 0) {
		err = -errno;
	}
	if (err != 0) {
		close(sock);
		return err;
	}
	return sock;
}

static int
open_socket(const char *path, char error[CP_API_ERROR_MAX])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock;

	if (strlen(path) >= sizeof(address.sun_path)) {
		(void)snprintf(error, CP_API_ERROR_MAX,
				"api_socket: %.100s...: longer than the %zu bytes a socket's path "
				"may have",
				path, sizeof(address.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	sock = clear_residue(&address);
	if (sock == 0) {
		sock = bind_socket(&address);
	}
	if (sock == -EADDRINUSE) {
		(void)snprintf(error, CP_API_ERROR_MAX,
				"api_socket: %s: another meridian-control answers on it", path);
	} else if (sock == -EEXIST) {
		(void)snprintf(error, CP_API_ERROR_MAX,
				"api_socket: %s: exists and is not a socket", path);
	} else if (sock < 0) {
		(void)snprintf(error, CP_API_ERROR_MAX, "api_socket: %s: %s", path,
				strerrordesc_np(-sock));
	}
	return sock;
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	evconnlistener_enable(arg);
}

/* No descriptor is left for who waits in the queue: ask again later instead of at once, for ever.
 * The loop ends before the listener is freed, so the timer cannot find it gone. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct timeval pause = { .tv_usec = 100000 };

	(void)arg;
	evconnlistener_disable(listener);
	if (event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, on_resume, listener,
			    &pause) != 0) {
		evconnlistener_enable(listener);
	}
}

static int
start_http(struct event_base *base, struct cp_api *api, int sock)
{
	struct evconnlistener *listener;

	api->http = evhttp_new(base);
	if (api->http == NULL) {
		close(sock);
		return -ENOMEM;
	}
	evhttp_set_max_headers_size(api->http, HEADERS_BYTES_MAX);
	evhttp_set_max_body_size(api->http, BODY_BYTES_MAX);
	evhttp_set_timeout(api->http, TIMEOUT_S);
	evhttp_set_allowed_methods(api->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
	evhttp_set_gencb(api->http, on_request, api);
	listener = evconnlistener_new(
			base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, sock);
	if (listener == NULL) {
		close(sock);
		return -ENOMEM;
	}
	if (evhttp_bind_listener(api->http, listener) == NULL) {
		evconnlistener_free(listener);
		return -ENOMEM;
	}
	evconnlistener_set_error_cb(listener, on_accept_error);
	return 0;
}

int
cp_api_new(struct event_base *base, const char *path, struct cp_engine *engine,
		struct cp_api **ret_api, char error[CP_API_ERROR_MAX])
{
	struct cp_api *api = calloc(1, sizeof(*api));
	int sock;
	int err;

	(void)snprintf(error, CP_API_ERROR_MAX, "out of memory");
	if (api == NULL) {
		return -ENOMEM;
	}
	api->engine = engine;
	api->path = strdup(path);
	sock = api->path != NULL ? open_socket(path, error) : -ENOMEM;
	if (sock < 0) {
		cp_api_free(api);
		return sock;
	}
	api->is_listening = true;
	err = start_http(base, api, sock);
	if (err != 0) {
		cp_api_free(api);
		return err;
	}
	*ret_api = api;
	return 0;
}

void
cp_api_free(struct cp_api *api)
{
	if (api == NULL) {
		return;
	}
	if (api->http != NULL) {
		evhttp_free(api->http);
	}
	if (api->is_listening) {
		unlink(api->path);
	}
	free(api->path);
	free(api);
}
