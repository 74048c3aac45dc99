/* TCP probes against listeners of the test's own, on the loopback. */
#include <arpa/inet.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/probe.h"
#include "tests/unit/test.h"

#define DEADLINE_S  10
#define PROBES_MAX  64u
#define INTERVAL_MS 20u

struct scene {
	struct event_base *base;
	struct cp_prober *prober;
	struct cp_probe *probes[PROBES_MAX];
	size_t result_cnt[PROBES_MAX];
	size_t total;
	bool is_last_ok;
	char last_reason[128];
	bool is_late;
};

static void
on_result(void *ctx, void *user, const struct cp_probe_result *result)
{
	struct scene *scene = ctx;

	++*(size_t *)user;
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

static void
begin(struct scene *scene, uint32_t open_max)
{
	memset(scene, 0, sizeof(*scene));
	scene->base = event_base_new();
	assert_int_equal(cp_prober_new(scene->base, open_max, on_result, scene, &scene->prober), 0);
}

static void
end(struct scene *scene)
{
	cp_prober_free(scene->prober);
	event_base_free(scene->base);
}

static void
add(struct scene *scene, size_t index, const struct sockaddr_in *address, uint32_t timeout_ms)
{
	struct cp_probe_spec spec = {
		.protocol = CP_PROTOCOL_TCP,
		.interval_ms = INTERVAL_MS,
		.timeout_ms = timeout_ms,
		.user = &scene->result_cnt[index],
	};

	memcpy(&spec.address, address, sizeof(*address));
	assert_int_equal(cp_probe_add(scene->prober, &spec, &scene->probes[index]), 0);
}

/* A socket on a free port of the loopback; listening when `backlog` is not negative. */
static int
bind_free(struct sockaddr_in *address, int backlog)
{
	socklen_t size = sizeof(*address);
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	assert_int_equal(bind(sock, (struct sockaddr *)address, size), 0);
	assert_int_equal(getsockname(sock, (struct sockaddr *)address, &size), 0);
	if (backlog >= 0) {
		assert_int_equal(listen(sock, backlog), 0);
	}
	return sock;
}

static void
test_a_listener_is_up_and_a_closed_port_down(void **state)
{
	struct sockaddr_in address;
	struct scene scene;
	int listener = bind_free(&address, 64);

	(void)state;
	begin(&scene, 8);
	add(&scene, 0, &address, 1000);
	wait_results(&scene, 3);
	assert_true(scene.is_last_ok);
	assert_string_equal(scene.last_reason, "");
	close(listener);
	wait_results(&scene, scene.total + 2);
	assert_false(scene.is_last_ok);
	assert_string_equal(scene.last_reason, "connect: Connection refused");
	end(&scene);
}

/* A full backlog leaves a connect without an answer, as a dead host does. */
static void
test_no_answer_is_a_timeout(void **state)
{
	struct sockaddr_in address;
	struct scene scene;
	int listener = bind_free(&address, 0);
	int fillers[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fillers); i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)!connect(fillers[i], (struct sockaddr *)&address, sizeof(address));
	}
	begin(&scene, 8);
	add(&scene, 0, &address, 30);
	wait_results(&scene, 2);
	assert_false(scene.is_last_ok);
	assert_string_equal(scene.last_reason, "no connection within 30 ms");
	end(&scene);
	for (size_t i = 0; i < ARRAY_LEN(fillers); i++) {
		close(fillers[i]);
	}
	close(listener);
}

/* With room for one open probe, every target still has its turn. */
static void
test_probes_beyond_the_bound_wait_their_turn(void **state)
{
	struct sockaddr_in address;
	struct scene scene;
	int listener = bind_free(&address, 1024);
	bool is_fair = false;

	(void)state;
	begin(&scene, 1);
	for (size_t i = 0; i < PROBES_MAX; i++) {
		add(&scene, i, &address, 1000);
	}
	while (!is_fair) {
		wait_results(&scene, scene.total + 1);
		is_fair = true;
		for (size_t i = 0; i < PROBES_MAX; i++) {
			is_fair = is_fair && scene.result_cnt[i] >= 2;
		}
	}
	assert_true(scene.is_last_ok);
	end(&scene);
	close(listener);
}

static void
test_a_removed_probe_is_heard_of_no_more(void **state)
{
	struct sockaddr_in address;
	struct scene scene;
	int listener = bind_free(&address, 64);
	size_t before;

	(void)state;
	begin(&scene, 1);
	add(&scene, 0, &address, 1000);
	add(&scene, 1, &address, 1000);
	wait_results(&scene, 2);
	cp_probe_remove(scene.probes[0]);
	before = scene.result_cnt[0];
	wait_results(&scene, scene.total + 5);
	assert_int_equal(scene.result_cnt[0], before);
	end(&scene);
	close(listener);
}

static void
test_an_unreachable_address_is_a_result(void **state)
{
	/* TCP to the broadcast address fails in connect() itself; nothing is sent. */
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_BROADCAST),
	};
	struct scene scene;

	(void)state;
	begin(&scene, 4);
	add(&scene, 0, &address, 30);
	wait_results(&scene, 2);
	assert_false(scene.is_last_ok);
	assert_string_equal(scene.last_reason, "connect: Network is unreachable");
	end(&scene);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_listener_is_up_and_a_closed_port_down),
		cmocka_unit_test(test_no_answer_is_a_timeout),
		cmocka_unit_test(test_probes_beyond_the_bound_wait_their_turn),
		cmocka_unit_test(test_a_removed_probe_is_heard_of_no_more),
		cmocka_unit_test(test_an_unreachable_address_is_a_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
