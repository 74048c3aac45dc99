/* The API over its socket: every path, every way to ask wrongly, and who owns the socket. */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/api.h"
#include "tests/unit/control/fake_plane.h"
#include "tests/unit/control/scratch.h"
#include "tests/unit/test.h"

#define DEADLINE_S  20
#define REPLY_MAX   262144u
#define LARGE_BYTES 70000u /* above what a body, or the headers, may have */

struct scene {
	struct event_base *base;
	struct cp_config config;
	struct cp_state state;
	struct cp_engine *engine;
	struct cp_api *api;
	struct fake_plane plane;
	char zones_dir[100], state_dir[100], plane_socket[100],
			api_socket[100]; /* sun_path has 108 */
};

static void
on_note(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static void
on_messages(void *ctx, const struct conf_errors *errors)
{
	(void)ctx;
	(void)errors;
}

static void
on_hopeless(void *ctx)
{
	(void)ctx;
}

static void
begin(struct scene *scene, const char *name)
{
	static const struct cp_engine_events events = {
		.on_note = on_note, .on_messages = on_messages, .on_hopeless = on_hopeless
	};
	char error[CP_API_ERROR_MAX];
	char zone[300];
	const char *path;

	memset(scene, 0, sizeof(*scene));
	(void)snprintf(scene->zones_dir, sizeof(scene->zones_dir), "%s.zones", scratch_path(name));
	(void)snprintf(scene->state_dir, sizeof(scene->state_dir), "%s.state", scratch_path(name));
	(void)snprintf(scene->plane_socket, sizeof(scene->plane_socket), "%s.plane",
			scratch_path(name));
	(void)snprintf(scene->api_socket, sizeof(scene->api_socket), "%s.api", scratch_path(name));
	(void)snprintf(zone, sizeof(zone), "%s.zones/one.test.yaml", name);
	scratch_write(zone, "'':\n  type: NS\n  value: ns1.test.\nwww:\n  type: A\n  value: "
			    "192.0.2.11\n");
	scene->config = (struct cp_config){
		.zones_dir = scene->zones_dir,
		.state_dir = scene->state_dir,
		.data_plane = scene->plane_socket,
		.enforce_order = true,
		.update_pcent_threshold = 0.3,
		.delete_pcent_threshold = 0.3,
		.history_keep = 5,
		.probes = { .max_concurrent = 1 },
	};
	scene->base = event_base_new();
	fake_plane_open(&scene->plane, scene->base, scene->plane_socket);
	assert_int_equal(cp_state_open(scene->state_dir, &scene->state, &path), 0);
	assert_int_equal(cp_engine_new(scene->base, &scene->config, &scene->state, &events, NULL,
					 &scene->engine),
			0);
	assert_int_equal(cp_api_new(scene->base, scene->api_socket, scene->engine, &scene->api,
					 error),
			0);
}

static void
end(struct scene *scene)
{
	cp_engine_free(scene->engine);
	cp_api_free(scene->api);
	cp_state_close(&scene->state);
	fake_plane_close(&scene->plane);
	event_base_free(scene->base);
}

struct client {
	struct bufferevent *connection;
	char *reply; /* all of it, at the end of the connection */
	bool is_over;
	bool is_late;
};

static void
on_end(struct bufferevent *connection, short what, void *arg)
{
	struct client *client = arg;
	struct evbuffer *input = bufferevent_get_input(connection);
	size_t size = evbuffer_get_length(input);

	if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) == 0) {
		return;
	}
	assert_true(size < REPLY_MAX);
	client->reply = calloc(1, size + 1);
	evbuffer_remove(input, client->reply, size);
	client->is_over = true;
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

static int
connect_api(const struct scene *scene)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", scene->api_socket);
	assert_int_equal(connect(sock, (struct sockaddr *)&address, sizeof(address)), 0);
	return sock;
}

/* Sends bytes and returns all that comes back until the connection ends. */
static char *
exchange(struct scene *scene, const char *request, size_t size)
{
	struct timeval deadline = { .tv_sec = DEADLINE_S };
	struct client client = { 0 };
	struct event *timer = evtimer_new(scene->base, on_deadline, &client.is_late);

	client.connection = bufferevent_socket_new(
			scene->base, connect_api(scene), BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(client.connection, NULL, NULL, on_end, &client);
	bufferevent_enable(client.connection, EV_READ | EV_WRITE);
	bufferevent_write(client.connection, request, size);
	event_add(timer, &deadline);
	while (!client.is_over && !client.is_late) {
		event_base_loop(scene->base, EVLOOP_ONCE);
	}
	event_free(timer);
	bufferevent_free(client.connection);
	assert_true(client.is_over);
	return client.reply;
}

/* Nothing is published for nothing: the zone says something else each time. */
static void
change_zone(const struct scene *scene, const char *address)
{
	char name[300];
	char text[200];

	(void)snprintf(name, sizeof(name), "%s/one.test.yaml", strrchr(scene->zones_dir, '/') + 1);
	(void)snprintf(text, sizeof(text),
			"'':\n  type: NS\n  value: ns1.test.\nwww:\n  type: A\n  value: %s\n",
			address);
	scratch_write(name, text);
}

static void
wait_served(struct scene *scene)
{
	while (scene->plane.served.generation == 0) {
		event_base_loop(scene->base, EVLOOP_ONCE);
	}
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: meridian\r\n\r\n"
#define POST(path, n, body) \
	"POST " path " HTTP/1.1\r\nHost: meridian\r\nContent-Length: " n "\r\n\r\n" body

#define ZEROS_64 "0000000000000000000000000000000000000000000000000000000000000000"

static const struct {
	const char *request, *status, *holds;
} requests[] = {
	{ GET("/v1/status"), "200", "\"problems\":[]" },
	{ GET("/v1/status"), "200", "\"name\":\"one.test.\"" },
	{ GET("/v1/health"), "200", "\"targets\":[]" },
	{ GET("/v1/counters"), "503", "\"error\":\"meridiand is not connected" },
	{ GET("/v1/explain?name=www.one.test&type=A&from=192.0.2.1"), "200",
			"\"rdata\":\"192.0.2.11\"" },
	{ GET("/v1/explain?name=www%2eone.test&type=A&from=2001%3adb8%3a%3a1"), "200",
			"\"rdata\":\"192.0.2.11\"" },
	{ GET("/v1/explain?name=www.one.test&type=A&from=nowhere"), "400",
			"\\\"nowhere\\\" is not an IPv4 or IPv6 address" },
	{ GET("/v1/explain?name=www.one.test&type=A&ecs=192.0.2.0/24"), "200",
			"\"told_by\":\"ecs\"" },
	{ GET("/v1/explain?name=www.one.test&type=A&ecs=192.0.2.1/24"), "400",
			"the prefix is 192.0.2.0/24" },
	{ GET("/v1/explain?name=www.one.test&type=A"), "200", "\"outcomes\":[{" },
	{ GET("/v1/explain?name=www.one.test"), "400", "name and type are needed" },
	{ GET("/v1/explain"), "400", "name and type are needed" },
	{ GET("/v1/explain?name=www.one.test&type=A&form=192.0.2.1"), "400",
			"form: this request has no such parameter" },
	{ GET("/v1/explain?name=www.one.test%00x&type=A"), "400", "the query string is malformed" },
	{ GET("/v1/explain?name=%ff.one.test&type=A&from=192.0.2.1"), "200", "\\\\255.one.test." },
	{ GET("/v1/explain?name=www.one.test&type=A&from=%ff"), "400",
			"\\\"?\\\" is not an IPv4 or IPv6 address" },
	{ POST("/v1/apply", "0", ""), "200", "\"is_unchanged\":true" },
	{ POST("/v1/apply", "15", "{\"force\": true}"), "200", "\"is_unchanged\":true" },
	{ POST("/v1/apply", "3", "{\"f"), "400", "the body is not a JSON object" },
	{ POST("/v1/apply", "2", "[]"), "400", "the body is not a JSON object" },
	{ POST("/v1/apply", "17", "{\"checksum\": \"x\"}"), "400",
			"checksum: 64 hexadecimal digits are needed" },
	{ POST("/v1/apply", "80", "{\"checksum\": \"" ZEROS_64 "\"}"), "409",
			"the plan is another one now" },
	{ POST("/v1/apply", "15", "{\"cheksum\": \"\"}"), "400",
			"cheksum: this request has no such member" },
	{ POST("/v1/apply", "16", "{\"force\": \"yes\"}"), "400",
			"force: true or false is needed" },
	{ POST("/v1/rollback", "16", "{\"generatio\": 1}"), "400",
			"generatio: this request has no such member" },
	{ POST("/v1/plan", "15", "{\"force\": true}"), "400",
			"force: this request has no such member" },
	{ POST("/v1/plan", "0", ""), "200", "\"plan\":{" },
	{ POST("/v1/plan", "1", "x"), "400", "the body is not a JSON object" },
	{ GET("/v1/plan"), "405", "this path takes another method" },
	{ POST("/v1/rollback", "0", ""), "422", "no older table to go back to" },
	{ POST("/v1/rollback", "18", "{\"generation\": 77}"), "422",
			"the history has no table of generation 77" },
	{ POST("/v1/rollback", "17", "{\"generation\": 0}"), "400",
			"generation: a number from 1 is needed" },
	{ POST("/v1/rollback", "19", "{\"generation\": \"1\"}"), "400",
			"generation: a number from 1 is needed" },
	{ GET("/v1/history"), "200", "\"kind\":\"start\"" },
	{ GET("/v1/diff?from=1"), "200", "\"zones\":[]" },
	{ GET("/v1/diff?from=1&to=1"), "200", "\"zones\":[]" },
	{ GET("/v1/diff?from=1&to=9"), "422", "no table of generation 9" },
	{ GET("/v1/diff"), "400", "from is needed" },
	{ GET("/v1/diff?from=x"), "400", "from: a number from 1 is needed" },
	{ GET("/v1/diff?from=1&to=-1"), "400", "to: a number from 1 is needed" },
	{ GET("/v1/wait?generation=1"), "200", "\"is_served\":true" },
	{ GET("/v1/wait?generation=2&timeout_s=1"), "200", "\"is_served\":false" },
	{ GET("/v1/wait"), "400", "generation is needed" },
	{ GET("/v1/wait?generation=1&timeout=1"), "400",
			"timeout: this request has no such parameter" },
	{ GET("/v1/wait?generation=1&timeout_s=3601"), "400", "3600 s at most" },
	{ GET("/v1/apply"), "405", "this path takes another method" },
	{ POST("/v1/status", "0", ""), "405", "this path takes another method" },
	{ GET("/"), "404", "no such path" },
	{ GET("/v1/statusx"), "404", "no such path" },
	{ GET("/v1/../etc/passwd"), "404", "no such path" },
	{ "DELETE /v1/status HTTP/1.1\r\nHost: x\r\n\r\n", "501", "" },
	{ "no HTTP at all\r\n\r\n", "400", "" },
};

static void
test_requests(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "requests");
	wait_served(&scene);
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		char *reply = exchange(&scene, requests[i].request, strlen(requests[i].request));
		char status[32];

		print_message("    %.*s\n", (int)strcspn(requests[i].request, "\r"),
				requests[i].request);
		(void)snprintf(status, sizeof(status), " %s ", requests[i].status);
		if (strncmp(reply, "HTTP/1.", 7) != 0 || strncmp(reply + 8, status, 5) != 0 ||
				strstr(reply, requests[i].holds) == NULL) {
			fail_msg("wanted %s and %s, got %s", requests[i].status, requests[i].holds,
					reply);
		}
		free(reply);
	}
	end(&scene);
}

static void
test_what_is_too_large_is_refused(void **state)
{
	static const char *const openings[] = {
		"POST /v1/apply HTTP/1.1\r\nContent-Length: 70000\r\n\r\n", /* body */
		"POST /v1/apply HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"GET /v1/status HTTP/1.1\r\nX: ", /* header */
		"GET /",                          /* path */
	};
	struct scene scene;
	size_t before;

	(void)state;
	begin(&scene, "large");
	wait_served(&scene);
	before = scene.plane.message_cnt;
	for (size_t i = 0; i < ARRAY_LEN(openings); i++) {
		size_t opening = strlen(openings[i]);
		char *request = malloc(opening + LARGE_BYTES);
		char *reply;

		memcpy(request, openings[i], opening);
		memset(request + opening, 'x', LARGE_BYTES);
		reply = exchange(&scene, request, opening + LARGE_BYTES);
		assert_null(strstr(reply, " 200 "));
		free(reply);
		free(request);
	}
	assert_int_equal(scene.plane.message_cnt, before); /* nothing was applied */
	end(&scene);
}

/* A client that goes away while its apply runs harms nobody. */
static void
test_a_client_may_leave(void **state)
{
	static const char request[] = POST("/v1/apply", "0", "");
	struct scene scene;
	int sock;
	char *reply;

	(void)state;
	begin(&scene, "leave");
	wait_served(&scene);
	change_zone(&scene, "192.0.2.12");
	sock = connect_api(&scene);
	assert_int_equal(write(sock, request, sizeof(request) - 1), sizeof(request) - 1);
	close(sock);
	while (scene.plane.served.generation < 2) {
		event_base_loop(scene.base, EVLOOP_ONCE);
	}
	change_zone(&scene, "192.0.2.13");
	reply = exchange(&scene, request, sizeof(request) - 1);
	assert_non_null(strstr(reply, "\"generation\":3"));
	free(reply);
	end(&scene);
}

static void
test_the_socket_is_ours_alone(void **state)
{
	struct scene scene;
	struct cp_api *second;
	char error[CP_API_ERROR_MAX];
	char path[100];
	struct stat info;

	(void)state;
	begin(&scene, "socket");
	assert_int_equal(stat(scene.api_socket, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0660);
	assert_int_equal(cp_api_new(scene.base, scene.api_socket, scene.engine, &second, error),
			-EADDRINUSE);
	assert_non_null(strstr(error, "another meridian-control answers on it"));
	assert_non_null(strstr(error, scene.api_socket));

	/* What a killed daemon leaves is no obstacle. */
	(void)snprintf(path, sizeof(path), "%s", scratch_path("residue"));
	{
		struct sockaddr_un address = { .sun_family = AF_UNIX };
		int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
		assert_int_equal(bind(sock, (struct sockaddr *)&address, sizeof(address)), 0);
		close(sock);
	}
	assert_int_equal(cp_api_new(scene.base, path, scene.engine, &second, error), 0);
	cp_api_free(second);
	assert_int_equal(stat(path, &info), -1);

	/* A file that is no socket is somebody's. */
	scratch_write("residue", "precious");
	assert_int_equal(cp_api_new(scene.base, path, scene.engine, &second, error), -EEXIST);
	assert_int_equal(stat(path, &info), 0);
	end(&scene);
	assert_int_equal(stat(scene.api_socket, &info), -1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_what_is_too_large_is_refused),
		cmocka_unit_test(test_a_client_may_leave),
		cmocka_unit_test(test_the_socket_is_ours_alone),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
