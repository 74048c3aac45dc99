/* Applies, the guard, health and reconnection, against a fake data plane: what is published when. */
#include <arpa/inet.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "table/view.h"

#include "control/engine.h"
#include "control/explain.h"
#include "control/json_read.h"
#include "tests/unit/control/fake_plane.h"
#include "tests/unit/control/scratch.h"
#include "tests/unit/test.h"

/* A test that waits longer than this for something that must come has failed. */
#define DEADLINE_S 20

struct scene {
	struct event_base *base;
	struct cp_config config;
	struct cp_state state;
	struct cp_engine *engine;
	struct fake_plane plane;
	char zones_dir[256], state_dir[256], socket[256];
	size_t applied_cnt; /* answers to ask_apply() */
	enum cp_apply_outcome outcome;
	json_t *result;
	size_t message_cnt; /* of applies that nobody asked for */
	size_t hopeless_cnt;
};

static void
on_note(void *ctx, const char *text)
{
	(void)ctx;
	print_message("    # %s\n", text);
}

static void
on_messages(void *ctx, const struct conf_errors *errors)
{
	struct scene *scene = ctx;

	for (size_t i = 0; i < errors->cnt; i++) {
		print_message("    # %s:%u: %s\n", errors->messages[i].file,
				errors->messages[i].line, errors->messages[i].text);
	}
	scene->message_cnt += errors->cnt;
}

static void
on_hopeless(void *ctx)
{
	struct scene *scene = ctx;

	scene->hopeless_cnt++;
}

static void
start_engine(struct scene *scene)
{
	static const struct cp_engine_events events = {
		.on_note = on_note, .on_messages = on_messages, .on_hopeless = on_hopeless
	};
	const char *path;

	assert_int_equal(cp_state_open(scene->state_dir, &scene->state, &path), 0);
	assert_int_equal(cp_engine_new(scene->base, &scene->config, &scene->state, &events, scene,
					 &scene->engine),
			0);
}

static void
stop_engine(struct scene *scene)
{
	cp_engine_free(scene->engine);
	cp_state_close(&scene->state);
	scene->engine = NULL;
}

/* Each scene has directories of its own; `name` tells them apart. */
static void
begin(struct scene *scene, const char *name)
{
	memset(scene, 0, sizeof(*scene));
	(void)snprintf(scene->zones_dir, sizeof(scene->zones_dir), "%s.zones", scratch_path(name));
	(void)snprintf(scene->state_dir, sizeof(scene->state_dir), "%s.state", scratch_path(name));
	(void)snprintf(scene->socket, sizeof(scene->socket), "%s.sock", scratch_path(name));
	scene->config = (struct cp_config){
		.zones_dir = scene->zones_dir,
		.state_dir = scene->state_dir,
		.data_plane = scene->socket,
		.default_ttl_s = 3600,
		.max_shrink_percent = 30,
		.enforce_order = true,
		.probes = { .is_enabled = true, .max_concurrent = 16 },
	};
	scene->base = event_base_new();
	fake_plane_open(&scene->plane, scene->base, scene->socket);
}

static void
end(struct scene *scene)
{
	if (scene->engine != NULL) {
		stop_engine(scene);
	}
	fake_plane_close(&scene->plane);
	json_decref(scene->result);
	event_base_free(scene->base);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

typedef bool (*is_reached_fn)(const struct scene *scene, uint64_t wanted);

static void
wait_for(struct scene *scene, is_reached_fn is_reached, uint64_t wanted)
{
	struct timeval deadline = { .tv_sec = DEADLINE_S };
	bool is_late = false;
	struct event *timer = evtimer_new(scene->base, on_deadline, &is_late);

	event_add(timer, &deadline);
	while (!is_reached(scene, wanted) && !is_late) {
		event_base_loop(scene->base, EVLOOP_ONCE);
	}
	event_free(timer);
	assert_true(is_reached(scene, wanted));
}

static bool
is_generation_served(const struct scene *scene, uint64_t generation)
{
	return scene->plane.served.generation == generation;
}

static bool
is_newer_served(const struct scene *scene, uint64_t generation)
{
	return scene->plane.served.generation > generation;
}

static bool
is_sequence_served(const struct scene *scene, uint64_t sequence)
{
	return scene->plane.served.sequence >= sequence;
}

static bool
is_applied(const struct scene *scene, uint64_t cnt)
{
	return scene->applied_cnt >= cnt;
}

static bool
is_hopeless(const struct scene *scene, uint64_t cnt)
{
	return scene->hopeless_cnt >= cnt;
}

static bool
is_connected_times(const struct scene *scene, uint64_t cnt)
{
	return scene->plane.connection_cnt >= cnt;
}

static void
on_applied(void *ctx, enum cp_apply_outcome outcome, const json_t *result)
{
	struct scene *scene = ctx;

	scene->outcome = outcome;
	scene->applied_cnt++;
	json_decref(scene->result);
	scene->result = json_deep_copy(result);
}

static enum cp_apply_outcome
apply(struct scene *scene, bool is_forced)
{
	size_t before = scene->applied_cnt;

	assert_int_equal(cp_engine_apply(scene->engine, is_forced, on_applied, scene), 0);
	wait_for(scene, is_applied, before + 1);
	return scene->outcome;
}

static void
write_zone(const struct scene *scene, const char *zone, const char *text)
{
	char name[300];

	(void)snprintf(name, sizeof(name), "%s/%s.yaml", strrchr(scene->zones_dir, '/') + 1, zone);
	scratch_write(name, text);
}

static void
remove_zone(const struct scene *scene, const char *zone)
{
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/%s.yaml", scene->zones_dir, zone);
	assert_int_equal(unlink(path), 0);
}

#define ZONE(ADDRESS)                           \
	"'':\n  type: NS\n  value: ns1.test.\n" \
	"www:\n  type: A\n  value: " ADDRESS "\n"
#define BROKEN "www:\n  type: A\n  value: not an address\n"

/* What the served table and selection say to `name` A; "" when they say nothing. */
static const char *
served_answer(const struct scene *scene, const char *name)
{
	static char answer[64];
	const struct tbl_select_header *selection = scene->plane.selection;
	const struct tbl_header *header = scene->plane.image;
	struct tbl_view view;
	struct cp_explain_input input = {
		.view = &view, .name = name, .type = "A", .from = "192.0.2.1"
	};
	char error[CP_EXPLAIN_ERROR_MAX];
	json_t *explained;
	json_t *answers;

	assert_non_null(header);
	if (selection != NULL && selection->table_generation != header->generation) {
		selection = NULL; /* it filled the table before */
	}
	tbl_view_init(&view, header, selection);
	assert_int_equal(cp_explain(&input, &explained, error), 0);
	answers = json_object_get(json_object_get(explained, "reply"), "answer");
	(void)snprintf(answer, sizeof(answer), "%s",
			json_array_size(answers) == 0
					? ""
					: cp_json_text(json_array_get(answers, 0), "rdata"));
	json_decref(explained);
	return answer;
}

static void
test_start_publishes_what_the_directory_holds(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "start");
	scene.plane.served.generation = 41; /* of a control plane before this one */
	write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	start_engine(&scene);
	wait_for(&scene, is_generation_served, 42);
	assert_string_equal(served_answer(&scene, "www.one.test"), "192.0.2.11");
	assert_int_equal(scene.plane.message_cnt, 1); /* nothing is down: no selection is needed */
	end(&scene);
}

static void
test_generations_grow_over_restarts(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "restart");
	write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	start_engine(&scene);
	wait_for(&scene, is_generation_served, 1);
	assert_int_equal(apply(&scene, false), CP_APPLY_SERVED);
	assert_int_equal(cp_json_number(scene.result, "generation"), 2);
	stop_engine(&scene);
	memset(&scene.plane.served, 0, sizeof(scene.plane.served)); /* that lost its state too */
	start_engine(&scene);
	wait_for(&scene, is_generation_served, 3);
	end(&scene);
}

static void
test_a_broken_zone_stays_in_its_last_good_version(void **state)
{
	struct scene scene;
	json_t *kept;

	(void)state;
	begin(&scene, "kept");
	write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	write_zone(&scene, "two.test", ZONE("192.0.2.22"));
	start_engine(&scene);
	wait_for(&scene, is_generation_served, 1);
	write_zone(&scene, "one.test", BROKEN);
	write_zone(&scene, "two.test", ZONE("192.0.2.23"));
	assert_int_equal(apply(&scene, false), CP_APPLY_SERVED);
	assert_true(cp_json_number(scene.result, "error_count") > 0);
	kept = json_object_get(scene.result, "kept_zones");
	assert_int_equal(json_array_size(kept), 1);
	assert_string_equal(json_string_value(json_array_get(kept, 0)), "one.test.");
	assert_string_equal(served_answer(&scene, "www.one.test"), "192.0.2.11");
	assert_string_equal(served_answer(&scene, "www.two.test"), "192.0.2.23");
	/* Again: the version kept is still there to be kept. */
	assert_int_equal(apply(&scene, false), CP_APPLY_SERVED);
	assert_string_equal(served_answer(&scene, "www.one.test"), "192.0.2.11");
	write_zone(&scene, "one.test", ZONE("192.0.2.12"));
	assert_int_equal(apply(&scene, false), CP_APPLY_SERVED);
	assert_int_equal(cp_json_number(scene.result, "error_count"), 0);
	assert_string_equal(served_answer(&scene, "www.one.test"), "192.0.2.12");
	end(&scene);
}

/* What only the compiler finds: data below a delegation. */
static void
test_a_zone_the_compiler_refuses_is_kept_too(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "refused");
	write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	write_zone(&scene, "two.test", ZONE("192.0.2.22"));
	start_engine(&scene);
	wait_for(&scene, is_generation_served, 1);
	write_zone(&scene, "one.test",
			ZONE("192.0.2.99") "sub:\n  type: NS\n  value: ns1.test.\n"
					   "txt.sub:\n  type: TXT\n  value: occluded\n");
	write_zone(&scene, "two.test", ZONE("192.0.2.23"));
	assert_int_equal(apply(&scene, false), CP_APPLY_SERVED);
	assert_true(cp_json_number(scene.result, "error_count") > 0);
	assert_string_equal(served_answer(&scene, "www.one.test"), "192.0.2.11");
	assert_string_equal(served_answer(&scene, "www.two.test"), "192.0.2.23");
	end(&scene);
}

static void
test_a_zone_that_never_was_good_is_left_out(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "left-out");
	write_zone(&scene, "one.test", BROKEN);
	write_zone(&scene, "two.test", ZONE("192.0.2.22"));
	start_engine(&scene);
	wait_for(&scene, is_generation_served, 1);
	assert_string_equal(served_answer(&scene, "www.one.test"), "");
	assert_string_equal(served_answer(&scene, "www.two.test"), "192.0.2.22");
	assert_true(scene.message_cnt > 0);
	end(&scene);
}

static void
test_a_vanishing_zone_needs_force(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "guard");
	write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	write_zone(&scene, "two.test", ZONE("192.0.2.22"));
	start_engine(&scene);
	wait_for(&scene, is_generation_served, 1);
	remove_zone(&scene, "one.test");
	write_zone(&scene, "two.test", ZONE("192.0.2.23"));
	assert_int_equal(apply(&scene, false), CP_APPLY_REFUSED);
	assert_non_null(strstr(cp_json_text(scene.result, "error"), "one.test."));
	assert_string_equal(served_answer(&scene, "www.two.test"), "192.0.2.22");
	assert_int_equal(scene.plane.served.generation, 1);
	assert_int_equal(apply(&scene, true), CP_APPLY_SERVED);
	assert_string_equal(served_answer(&scene, "www.one.test"), "");
	assert_string_equal(served_answer(&scene, "www.two.test"), "192.0.2.23");
	/* Forced once, it is gone: the next apply needs no force. */
	assert_int_equal(apply(&scene, false), CP_APPLY_SERVED);
	end(&scene);
}

static void
write_big_zone(const struct scene *scene, unsigned int name_cnt)
{
	char text[4096] = ZONE("192.0.2.22");
	size_t len = strlen(text);

	for (unsigned int i = 0; i < name_cnt; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
				"x%02u:\n  type: A\n  value: 192.0.2.9\n", i);
	}
	write_zone(scene, "big.test", text);
}

static void
test_a_shrinking_zone_needs_force(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "shrink");
	write_big_zone(&scene, 27); /* and SOA, NS, www: 30 RRsets */
	start_engine(&scene);
	wait_for(&scene, is_generation_served, 1);
	write_big_zone(&scene, 18); /* 30 % */
	assert_int_equal(apply(&scene, false), CP_APPLY_SERVED);
	write_big_zone(&scene, 11); /* 7 of 21: 33 % */
	assert_int_equal(apply(&scene, false), CP_APPLY_REFUSED);
	assert_non_null(strstr(cp_json_text(scene.result, "error"), "big.test. (7 of 21 RRsets)"));
	assert_int_equal(apply(&scene, true), CP_APPLY_SERVED);
	write_big_zone(&scene, 0); /* 14 to 3 */
	assert_int_equal(apply(&scene, false), CP_APPLY_REFUSED);
	assert_int_equal(apply(&scene, true), CP_APPLY_SERVED);
	write_zone(&scene, "big.test", "'':\n  type: NS\n  value: ns1.test.\n");
	assert_int_equal(apply(&scene, false), CP_APPLY_SERVED); /* too small to count */
	write_zone(&scene, "big.test", ""); /* but an empty file is never meant */
	assert_int_equal(apply(&scene, false), CP_APPLY_REFUSED);
	end(&scene);
}

/* Without a record of its own, the control plane goes by what meridiand says it serves. */
static void
test_the_guard_stands_when_the_state_is_lost(void **state)
{
	static const struct {
		uint32_t zone_cnt, rrset_cnt;
		bool is_published;
	} rows[] = {
		{ 0, 0, true }, /* a meridiand that does not say */
		{ 1, 3, true },
		{ 2, 6, false },
		{ 1, 30, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene scene;
		char name[32];

		(void)snprintf(name, sizeof(name), "no-state-%zu", i);
		begin(&scene, name);
		write_zone(&scene, "one.test", ZONE("192.0.2.11"));
		scene.plane.served.generation = 7;
		scene.plane.served.zone_cnt = rows[i].zone_cnt;
		scene.plane.served.rrset_cnt = rows[i].rrset_cnt;
		start_engine(&scene);
		if (rows[i].is_published) {
			wait_for(&scene, is_newer_served, 7);
		} else {
			assert_int_equal(apply(&scene, false), CP_APPLY_REFUSED);
			assert_int_equal(scene.plane.served.generation, 7);
			/* Nor does a restart make it right. */
			stop_engine(&scene);
			start_engine(&scene);
			assert_int_equal(apply(&scene, false), CP_APPLY_REFUSED);
			assert_int_equal(scene.plane.served.generation, 7);
			assert_int_equal(apply(&scene, true), CP_APPLY_SERVED);
		}
		end(&scene);
	}
}

/* The guard knows what was served before a restart, from its state; a data plane that serves
 * nothing has nothing to lose. */
static void
test_the_guard_outlives_a_restart(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "guard-restart");
	write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	write_zone(&scene, "two.test", ZONE("192.0.2.22"));
	start_engine(&scene);
	wait_for(&scene, is_generation_served, 1);
	stop_engine(&scene);
	remove_zone(&scene, "one.test");
	start_engine(&scene);
	assert_int_equal(apply(&scene, false), CP_APPLY_REFUSED);
	assert_int_equal(scene.plane.served.generation, 1);
	stop_engine(&scene);
	memset(&scene.plane.served, 0, sizeof(scene.plane.served));
	start_engine(&scene);
	wait_for(&scene, is_generation_served, 2);
	assert_string_equal(served_answer(&scene, "www.two.test"), "192.0.2.22");
	end(&scene);
}

static void
test_nothing_to_serve_and_nothing_served_is_hopeless(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "hopeless");
	write_zone(&scene, "one.test", BROKEN);
	start_engine(&scene);
	wait_for(&scene, is_hopeless, 1);
	stop_engine(&scene);
	/* With something served it goes on, and says so to whoever asks. */
	scene.plane.served.generation = 7;
	start_engine(&scene);
	assert_int_equal(apply(&scene, false), CP_APPLY_REFUSED);
	assert_int_equal(scene.plane.message_cnt, 0);
	end(&scene);
}

static void
test_a_refusal_by_the_data_plane_reaches_the_caller(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "refusal");
	scene.plane.manner = FAKE_REFUSES;
	write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	start_engine(&scene);
	assert_int_equal(apply(&scene, false), CP_APPLY_REFUSED);
	assert_string_equal(cp_json_text(scene.result, "error"), "a test refuses everything");
	end(&scene);
}

static void
test_a_lost_data_plane_gets_the_table_when_it_is_back(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "lost");
	write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	start_engine(&scene);
	wait_for(&scene, is_generation_served, 1);
	fake_plane_hang_up(&scene.plane);
	scene.plane.served.generation = 90; /* somebody else published meanwhile */
	scene.plane.served.content_hash = 4711;
	wait_for(&scene, is_generation_served, 91);
	assert_int_equal(scene.plane.connection_cnt, 2);
	/* The same content: nothing is sent again. */
	fake_plane_hang_up(&scene.plane);
	wait_for(&scene, is_connected_times, 3);
	assert_int_equal(apply(&scene, false), CP_APPLY_SERVED);
	assert_int_equal(scene.plane.message_cnt, 3);
	end(&scene);
}

static void
test_an_apply_in_flight_ends_when_the_connection_does(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "in-flight");
	scene.plane.manner = FAKE_HANGS_UP;
	write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	start_engine(&scene);
	assert_int_equal(apply(&scene, false), CP_APPLY_UNDELIVERED);
	scene.plane.manner = FAKE_ACKS;
	wait_for(&scene, is_newer_served, 0);
	assert_int_equal(apply(&scene, false), CP_APPLY_SERVED);
	end(&scene);
}

/* Ten at once are two runs at most: the one under way and one for all the others. */
static void
test_applies_asked_for_meanwhile_become_one(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "coalesce");
	write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	start_engine(&scene);
	wait_for(&scene, is_generation_served, 1);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(cp_engine_apply(scene.engine, false, on_applied, &scene), 0);
	}
	wait_for(&scene, is_applied, 10);
	assert_int_equal(scene.outcome, CP_APPLY_SERVED);
	assert_true(scene.plane.served.generation <= 3);
	end(&scene);
}

/* A listener on the loopback that a health check watches. */
static int
open_backend(uint16_t *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(*port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(address);
	int one = 1;
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(sock, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(sock, 64), 0);
	assert_int_equal(getsockname(sock, (struct sockaddr *)&address, &size), 0);
	*port = ntohs(address.sin_port);
	return sock;
}

static void
write_dynamic_zone(const struct scene *scene, uint16_t port)
{
	char text[1200];

	(void)snprintf(text, sizeof(text),
			"'':\n  type: NS\n  value: ns1.test.\n"
			"www:\n"
			"  dynamic:\n"
			"    pools:\n"
			"      here:\n"
			"        fallback: there\n"
			"        values:\n"
			"        - value: 127.0.0.1\n"
			"      there:\n"
			"        values:\n"
			"        - status: up\n"
			"          value: 192.0.2.2\n"
			"    rules:\n"
			"    - pool: here\n"
			"  octodns:\n"
			"    healthcheck:\n"
			"      port: %u\n"
			"      protocol: TCP\n"
			"    meridian:\n"
			"      healthcheck:\n"
			"        fall: 2\n"
			"        interval: 0.1\n"
			"        rise: 2\n"
			"        timeout: 0.1\n"
			"  type: A\n"
			"  value: 192.0.2.3\n",
			port);
	write_zone(scene, "dyn.test", text);
}

static void
test_a_dead_backend_changes_the_answer_and_a_restart_does_not(void **state)
{
	struct scene scene;
	uint16_t port = 0;
	int backend = open_backend(&port);

	(void)state;
	begin(&scene, "health");
	write_dynamic_zone(&scene, port);
	start_engine(&scene);
	wait_for(&scene, is_generation_served, 1);
	assert_string_equal(served_answer(&scene, "www.dyn.test"), "127.0.0.1");
	close(backend);
	wait_for(&scene, is_sequence_served, 1);
	assert_string_equal(served_answer(&scene, "www.dyn.test"), "192.0.2.2");

	/* A publish must not bring it back for a moment: its selection goes ahead of the table. */
	assert_int_equal(apply(&scene, false), CP_APPLY_SERVED);
	assert_string_equal(served_answer(&scene, "www.dyn.test"), "192.0.2.2");
	assert_int_equal(scene.plane.messages[scene.plane.message_cnt - 2].kind, TBL_IPC_SELECTION);
	assert_int_equal(scene.plane.messages[scene.plane.message_cnt - 1].kind, TBL_IPC_TABLE);

	/* Nor must a restart: the state is on disk. */
	stop_engine(&scene);
	start_engine(&scene);
	wait_for(&scene, is_generation_served, 3);
	assert_string_equal(served_answer(&scene, "www.dyn.test"), "192.0.2.2");
	assert_int_equal(scene.plane.messages[scene.plane.message_cnt - 2].kind, TBL_IPC_SELECTION);

	backend = open_backend(&port);
	wait_for(&scene, is_sequence_served, 2);
	assert_string_equal(served_answer(&scene, "www.dyn.test"), "127.0.0.1");
	close(backend);
	end(&scene);
}

/* Nothing listens on any of eight addresses: likelier our own network than all of them. */
static void
write_zone_of_eight(const struct scene *scene, uint16_t port)
{
	char text[2000];
	size_t len = (size_t)snprintf(text, sizeof(text),
			"'':\n  type: NS\n  value: ns1.test.\n"
			"www:\n"
			"  dynamic:\n"
			"    pools:\n"
			"      here:\n"
			"        fallback: there\n"
			"        values:\n");

	for (int i = 1; i <= 8; i++) {
		len += (size_t)snprintf(
				text + len, sizeof(text) - len, "        - value: 127.0.0.%d\n", i);
	}
	(void)snprintf(text + len, sizeof(text) - len,
			"      there:\n"
			"        values:\n"
			"        - status: up\n"
			"          value: 192.0.2.2\n"
			"    rules:\n"
			"    - pool: here\n"
			"  octodns:\n"
			"    healthcheck:\n"
			"      port: %u\n"
			"      protocol: TCP\n"
			"    meridian:\n"
			"      healthcheck:\n"
			"        fall: 1\n"
			"        interval: 0.1\n"
			"        rise: 1\n"
			"        timeout: 0.1\n"
			"  type: A\n"
			"  value: 192.0.2.3\n",
			port);
	write_zone(scene, "eight.test", text);
}

static bool
has_down_targets(const struct scene *scene, uint64_t cnt)
{
	json_t *health = cp_engine_health(scene->engine);
	bool has = cp_json_number(json_object_get(health, "summary"), "down") == (long long)cnt;

	json_decref(health);
	return has;
}

static bool
has_problem(const struct scene *scene, const char *words)
{
	json_t *status = cp_engine_status(scene->engine);
	bool has = false;

	for (size_t i = 0; i < cp_json_count(status, "problems"); i++) {
		const char *problem = json_string_value(cp_json_item(status, "problems", i));

		has = has || strstr(problem, words) != NULL;
	}
	json_decref(status);
	return has;
}

/* Two scenes of the same failure, with the brake and without it. */
static void
test_a_failure_of_everything_is_not_believed(void **state)
{
	static const struct {
		const char *name;
		int64_t min_up_percent;
		const char *answer;
		bool has_problem;
	} rows[] = {
		{ "brake", 50, "127.0.0.", true },
		{ "no-brake", 0, "192.0.2.2", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene scene;
		uint16_t port = 0;

		close(open_backend(&port)); /* a port that nobody listens on */
		begin(&scene, rows[i].name);
		scene.config.probes.min_up_percent = rows[i].min_up_percent;
		write_zone_of_eight(&scene, port);
		start_engine(&scene);
		wait_for(&scene, is_generation_served, 1);
		wait_for(&scene, has_down_targets, 8);
		assert_int_equal(apply(&scene, false), CP_APPLY_SERVED);
		assert_int_equal(strncmp(served_answer(&scene, "www.eight.test"), rows[i].answer,
						 strlen(rows[i].answer)),
				0);
		assert_int_equal(has_problem(&scene, "fewer than 50 %"), rows[i].has_problem);
		end(&scene);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_publishes_what_the_directory_holds),
		cmocka_unit_test(test_generations_grow_over_restarts),
		cmocka_unit_test(test_a_broken_zone_stays_in_its_last_good_version),
		cmocka_unit_test(test_a_zone_the_compiler_refuses_is_kept_too),
		cmocka_unit_test(test_a_zone_that_never_was_good_is_left_out),
		cmocka_unit_test(test_a_vanishing_zone_needs_force),
		cmocka_unit_test(test_a_shrinking_zone_needs_force),
		cmocka_unit_test(test_the_guard_outlives_a_restart),
		cmocka_unit_test(test_the_guard_stands_when_the_state_is_lost),
		cmocka_unit_test(test_nothing_to_serve_and_nothing_served_is_hopeless),
		cmocka_unit_test(test_a_refusal_by_the_data_plane_reaches_the_caller),
		cmocka_unit_test(test_a_lost_data_plane_gets_the_table_when_it_is_back),
		cmocka_unit_test(test_an_apply_in_flight_ends_when_the_connection_does),
		cmocka_unit_test(test_applies_asked_for_meanwhile_become_one),
		cmocka_unit_test(test_a_dead_backend_changes_the_answer_and_a_restart_does_not),
		cmocka_unit_test(test_a_failure_of_everything_is_not_believed),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
