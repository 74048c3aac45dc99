/* HTTP probes of servers of the test's own, on the loopback: what each answer means, in words. */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "control/probe.h"
#include "tests/unit/test.h"

#define DEADLINE_S  10
#define INTERVAL_MS 20u

/* What a server does with a request. */
enum manner {
	ANSWERS,      /* and closes */
	KEEPS_SILENT, /* after what it said */
	REPEATS,      /* what it said last, without end */
	RESETS,
};

struct scene {
	struct event_base *base;
	struct cp_prober *prober;
	struct cp_probe *probe;
	struct evconnlistener *listener;
	struct sockaddr_storage address;
	enum manner manner;
	const char *said;   /* the answer, or its beginning */
	const char *repeat; /* REPEATS */
	char request[1024];
	size_t request_cnt;
	size_t total;
	bool is_last_ok;
	char last_reason[CP_HEALTH_REASON_MAX];
	bool is_late;
};

static void
on_result(void *ctx, void *user, const struct cp_probe_result *result)
{
	struct scene *scene = ctx;

	(void)user;
	assert_false(result->is_void);
	scene->total++;
	scene->is_last_ok = result->is_ok;
	(void)snprintf(scene->last_reason, sizeof(scene->last_reason), "%s",
			result->reason != NULL ? result->reason : "");
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

static void
on_gone(struct bufferevent *peer, short what, void *arg)
{
	(void)what;
	(void)arg;
	bufferevent_free(peer);
}

static void
on_written(struct bufferevent *peer, void *arg)
{
	struct scene *scene = arg;

	if (scene->manner == ANSWERS) {
		bufferevent_free(peer);
	} else if (scene->manner == REPEATS) {
		bufferevent_write(peer, scene->repeat, strlen(scene->repeat));
	}
}

static void
on_request(struct bufferevent *peer, void *arg)
{
	struct scene *scene = arg;
	struct evbuffer *input = bufferevent_get_input(peer);
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	size_t len = 0;

	if (evbuffer_search(input, "\r\n\r\n", 4, NULL).pos < 0) {
		return;
	}
	len = evbuffer_get_length(input);
	assert_in_range(len, 1, sizeof(scene->request) - 1);
	evbuffer_remove(input, scene->request, len);
	scene->request[len] = '\0';
	scene->request_cnt++;
	if (scene->manner == RESETS) {
		setsockopt(bufferevent_getfd(peer), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		bufferevent_free(peer);
		return;
	}
	if (scene->said[0] == '\0' && scene->manner == ANSWERS) {
		bufferevent_free(peer);
		return;
	}
	bufferevent_write(peer, scene->said, strlen(scene->said));
}

static void
on_accepted(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from, int size,
		void *arg)
{
	struct scene *scene = arg;
	struct bufferevent *peer = bufferevent_socket_new(scene->base, fd, BEV_OPT_CLOSE_ON_FREE);

	(void)listener;
	(void)from;
	(void)size;
	bufferevent_setcb(peer, on_request, on_written, on_gone, scene);
	bufferevent_enable(peer,
			EV_READ); /* writing is: enabled again, it would call on_written() now */
}

static void
listen_at(struct scene *scene, int family)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
	const struct sockaddr *address = family == AF_INET ? (const struct sockaddr *)&v4
	                                                   : (const struct sockaddr *)&v6;
	socklen_t size = family == AF_INET ? sizeof(v4) : sizeof(v6);
	socklen_t got = sizeof(scene->address);

	scene->listener = evconnlistener_new_bind(scene->base, on_accepted, scene,
			LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 64, address, (int)size);
	assert_non_null(scene->listener);
	assert_int_equal(getsockname(evconnlistener_get_fd(scene->listener),
					 (struct sockaddr *)&scene->address, &got),
			0);
}

static void
begin(struct scene *scene, int family)
{
	memset(scene, 0, sizeof(*scene));
	scene->base = event_base_new();
	assert_int_equal(cp_prober_new(scene->base, 8, on_result, scene, &scene->prober), 0);
	listen_at(scene, family);
}

static void
start(struct scene *scene, const char *host, const char *path, uint32_t timeout_ms)
{
	struct cp_probe_spec spec = {
		.protocol = CP_PROTOCOL_HTTP,
		.address = scene->address,
		.host = host,
		.path = path,
		.interval_ms = INTERVAL_MS,
		.timeout_ms = timeout_ms,
	};

	assert_int_equal(cp_probe_add(scene->prober, &spec, &scene->probe), 0);
}

static void
wait_results(struct scene *scene, size_t total)
{
	struct timeval deadline = { .tv_sec = DEADLINE_S };
	struct event *timer = evtimer_new(scene->base, on_deadline, &scene->is_late);

	event_add(timer, &deadline);
	while (scene->total < total && !scene->is_late) {
		event_base_loop(scene->base, EVLOOP_ONCE);
	}
	event_free(timer);
	assert_false(scene->is_late);
}

/* Connections of the server's that are still open go with the base: nothing owns them but it. */
static void
end(struct scene *scene)
{
	struct timeval moment = { .tv_usec = 20000 };

	if (scene->listener != NULL) {
		evconnlistener_free(scene->listener);
	}
	cp_prober_free(scene->prober);
	/* The peers see that they are gone. */
	event_base_loopexit(scene->base, &moment);
	event_base_dispatch(scene->base);
	event_base_free(scene->base);
}

static uint16_t
port_of(const struct scene *scene)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&scene->address;

	return ntohs(v4->sin_port); /* at the same place in both families */
}

struct row {
	const char *name;
	enum manner manner;
	const char *said;
	const char *repeat;
	uint32_t timeout_ms;
	const char *reason; /* NULL: healthy; "%u" is the port */
};

#define NO_BODY "Content-Length: 0\r\n\r\n"
static const struct row rows[] = {
	{ "200", ANSWERS, "HTTP/1.1 200 OK\r\n" NO_BODY, NULL, 2000, NULL },
	{ "204", ANSWERS, "HTTP/1.1 204 No Content\r\n\r\n", NULL, 2000, NULL },
	{ "an answer of HTTP/1.0, ended by the connection", ANSWERS,
			"HTTP/1.0 200 OK\r\n\r\nfine\n", NULL, 2000, NULL },
	{ "a redirect is an answer, and not followed", ANSWERS,
			"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n" NO_BODY, NULL, 2000,
			NULL },
	{ "399", ANSWERS, "HTTP/1.1 399 Last\r\n" NO_BODY, NULL, 2000, NULL },
	{ "400", ANSWERS, "HTTP/1.1 400 Bad Request\r\n" NO_BODY, NULL, 2000,
			"HTTP 400 from http://127.0.0.1:%u/_dns (200 to 399 expected)" },
	{ "404", ANSWERS, "HTTP/1.1 404 Not Found\r\n" NO_BODY, NULL, 2000,
			"HTTP 404 from http://127.0.0.1:%u/_dns (200 to 399 expected)" },
	{ "503", ANSWERS, "HTTP/1.1 503 Unavailable\r\n" NO_BODY, NULL, 2000,
			"HTTP 503 from http://127.0.0.1:%u/_dns (200 to 399 expected)" },
	{ "what comes after a 103 counts", ANSWERS,
			"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 500 No\r\n" NO_BODY, NULL, 2000,
			"HTTP 500 from http://127.0.0.1:%u/_dns (200 to 399 expected)" },
	{ "a body without end is read no further than it says something", REPEATS,
			"HTTP/1.1 200 OK\r\n\r\n", "0123456789abcdef", 2000, NULL },
	{ "a body without end of an error is an error", REPEATS, "HTTP/1.1 500 No\r\n\r\n",
			"0123456789abcdef", 2000,
			"HTTP 500 from http://127.0.0.1:%u/_dns (200 to 399 expected)" },
	{ "headers without end", REPEATS, "HTTP/1.1 200 OK\r\n",
			"X-Padding: 0123456789abcdef0123456789abcdef0123456789abcdef\r\n", 5000,
			"the answer's headers have more than 65536 bytes" },
	{ "silence", KEEPS_SILENT, "", NULL, 50, "timed out after 50 ms: no answer" },
	{ "headers that stop", KEEPS_SILENT, "HTTP/1.1 200 OK\r\nServer: x\r\n", NULL, 50,
			"timed out after 50 ms: no end of the answer" },
	{ "a body that stops", KEEPS_SILENT, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour",
			NULL, 50, "timed out after 50 ms: no end of the answer" },
	{ "a body that ends early", ANSWERS, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour",
			NULL, 2000, "closed in the middle of the answer" },
	{ "nothing at all", ANSWERS, "", NULL, 2000, "closed without an answer" },
	{ "a reset", RESETS, "", NULL, 2000, "Recv failure: Connection reset by peer" },
	{ "another protocol", ANSWERS, "SSH-2.0-OpenSSH_9.2p1\r\n", NULL, 2000,
			"Received HTTP/0.9 when not allowed" },
};

static void
test_what_answers_mean(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct scene scene;
		char reason[CP_HEALTH_REASON_MAX] = "";

		print_message("    %s\n", row->name);
		begin(&scene, AF_INET);
		scene.manner = row->manner;
		scene.said = row->said;
		scene.repeat = row->repeat;
		start(&scene, "www.example.test", "/_dns", row->timeout_ms);
		wait_results(&scene, 2);
		if (row->reason != NULL) {
			const char *port = strstr(row->reason, "%u");

			(void)snprintf(reason, sizeof(reason), "%s", row->reason);
			if (port != NULL) {
				(void)snprintf(reason, sizeof(reason), "%.*s%u%s",
						(int)(port - row->reason), row->reason,
						port_of(&scene), port + 2);
			}
		}
		assert_string_equal(scene.last_reason, reason);
		assert_int_equal(scene.is_last_ok, row->reason == NULL);
		end(&scene);
	}
}

/* A request is for the host, at the address, for the path as it was written; and alone on its
 * connection. */
static void
test_what_is_asked(void **state)
{
	static const struct {
		int family;
		const char *host;
		const char *path;
		const char *line;
		const char *host_line; /* "%u" is the port */
	} asked[] = {
		{ AF_INET, "www.example.test", "/_dns", "GET /_dns HTTP/1.1\r\n",
				"Host: www.example.test:%u\r\n" },
		{ AF_INET6, "www.example.test", "/a/../b?c=d%20e",
				"GET /a/../b?c=d%20e HTTP/1.1\r\n",
				"Host: www.example.test:%u\r\n" },
		{ AF_INET6, "::1", "no slash#\r\nX: y",
				"GET /no%20slash%23%0D%0AX:%20y HTTP/1.1\r\n",
				"Host: [::1]:%u\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
		struct scene scene;
		const char *port = strstr(asked[i].host_line, "%u");
		char host_line[128];

		print_message("    %s\n", asked[i].path);
		begin(&scene, asked[i].family);
		scene.said = "HTTP/1.1 200 OK\r\n" NO_BODY;
		start(&scene, asked[i].host, asked[i].path, 2000);
		wait_results(&scene, 3);
		assert_true(scene.is_last_ok);
		assert_in_range(scene.request_cnt, 3, 4);
		(void)snprintf(host_line, sizeof(host_line), "%.*s%u%s",
				(int)(port - asked[i].host_line), asked[i].host_line,
				port_of(&scene), port + 2);
		assert_memory_equal(scene.request, asked[i].line, strlen(asked[i].line));
		assert_non_null(strstr(scene.request, host_line));
		assert_non_null(strstr(scene.request, "Connection: close\r\n"));
		end(&scene);
	}
}

static void
test_a_closed_port(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, AF_INET);
	evconnlistener_free(scene.listener);
	scene.listener = NULL;
	start(&scene, "www.example.test", "/_dns", 2000);
	wait_results(&scene, 2);
	assert_false(scene.is_last_ok);
	assert_string_equal(scene.last_reason, "connect: Connection refused");
	end(&scene);
}

/* Removed while a request is under way: nothing is heard of it, and nothing leaks. */
static void
test_removed_in_the_middle(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, AF_INET);
	scene.manner = KEEPS_SILENT;
	scene.said = "HTTP/1.1 200 OK\r\n";
	start(&scene, "www.example.test", "/_dns", 5000);
	while (scene.request_cnt == 0) {
		event_base_loop(scene.base, EVLOOP_ONCE);
	}
	cp_probe_remove(scene.probe);
	assert_int_equal(scene.total, 0);
	end(&scene);
}

static void
test_hosts(void **state)
{
	static const struct {
		const char *host;
		bool is_host;
	} hosts[] = {
		{ "www.example.test", true },
		{ "_x-y.example.test", true },
		{ "192.0.2.1", true },
		{ "2001:db8::1", true },
		{ "", false },
		{ "*.example.test", false },
		{ "a/b", false },
		{ "user@example.test", false },
		{ "example.test:80", false },
		{ "a b", false },
		{ "b\xc3\xbc"
		  "cher.test",
				false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		print_message("    \"%s\"\n", hosts[i].host);
		assert_int_equal(is_cp_probe_host(hosts[i].host), hosts[i].is_host);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_answers_mean),
		cmocka_unit_test(test_what_is_asked),
		cmocka_unit_test(test_a_closed_port),
		cmocka_unit_test(test_removed_in_the_middle),
		cmocka_unit_test(test_hosts),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
