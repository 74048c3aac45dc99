/* Applies, the guard, health and reconnection, against a fake data plane: what is published when. */
#include <arpa/inet.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/engine_impl.h"
#include "control/json_read.h"
#include "tests/unit/control/scene.h"
#include "tests/unit/control/scratch.h"
#include "tests/unit/test.h"

static void
test_start_publishes_what_the_directory_holds(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, "start");
	scene.plane.served.generation = 41; /* of a control plane before this one */
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 42);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.11");
	assert_int_equal(scene.plane.message_cnt, 1); /* nothing is down: no selection is needed */
	scene_end(&scene);
}

static void
test_generations_grow_over_restarts(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, "restart");
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 1);
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.12"));
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_int_equal(cp_json_number(scene.result, "generation"), 2);
	scene_stop(&scene);
	memset(&scene.plane.served, 0, sizeof(scene.plane.served)); /* that lost its state too */
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 2); /* the same table: it needs no other number */
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.13"));
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_int_equal(cp_json_number(scene.result, "generation"), 3);
	scene_end(&scene);
}

static void
test_a_broken_zone_stays_in_its_last_good_version(void **state)
{
	struct scene scene;
	json_t *kept;

	(void)state;
	scene_begin(&scene, "kept");
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	scene_write_zone(&scene, "two.test", ZONE("192.0.2.22"));
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 1);
	scene_write_zone(&scene, "one.test", BROKEN);
	scene_write_zone(&scene, "two.test", ZONE("192.0.2.23"));
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_true(cp_json_number(scene.result, "error_count") > 0);
	kept = json_object_get(scene.result, "kept_zones");
	assert_int_equal(json_array_size(kept), 1);
	assert_string_equal(json_string_value(json_array_get(kept, 0)), "one.test.");
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.11");
	assert_string_equal(scene_served_answer(&scene, "www.two.test"), "192.0.2.23");
	/* Again: the version kept is still there to be kept. */
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.11");
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.12"));
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_int_equal(cp_json_number(scene.result, "error_count"), 0);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.12");
	scene_end(&scene);
}

/* What only the compiler finds: data below a delegation. */
static void
test_a_zone_the_compiler_refuses_is_kept_too(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, "refused");
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	scene_write_zone(&scene, "two.test", ZONE("192.0.2.22"));
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 1);
	scene_write_zone(&scene, "one.test",
			"'':\n  type: NS\n  value: ns1.test.\n"
			"sub:\n  type: NS\n  value: ns1.test.\n"
			"txt.sub:\n  type: TXT\n  value: occluded\n"
			"www:\n  type: A\n  value: 192.0.2.99\n");
	scene_write_zone(&scene, "two.test", ZONE("192.0.2.23"));
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_true(cp_json_number(scene.result, "error_count") > 0);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.11");
	assert_string_equal(scene_served_answer(&scene, "www.two.test"), "192.0.2.23");
	scene_end(&scene);
}

static void
test_a_zone_that_never_was_good_is_left_out(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, "left-out");
	scene_write_zone(&scene, "one.test", BROKEN);
	scene_write_zone(&scene, "two.test", ZONE("192.0.2.22"));
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 1);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "");
	assert_string_equal(scene_served_answer(&scene, "www.two.test"), "192.0.2.22");
	assert_true(scene.message_cnt > 0);
	scene_end(&scene);
}

static void
test_a_vanishing_zone_needs_force(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, "guard");
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	scene_write_zone(&scene, "two.test", ZONE("192.0.2.22"));
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 1);
	scene_remove_zone(&scene, "one.test");
	scene_write_zone(&scene, "two.test", ZONE("192.0.2.23"));
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_REFUSED);
	assert_non_null(strstr(cp_json_text(scene.result, "error"), "one.test."));
	assert_string_equal(scene_served_answer(&scene, "www.two.test"), "192.0.2.22");
	assert_int_equal(scene.plane.served.generation, 1);
	assert_int_equal(scene_apply(&scene, true), CP_OUTCOME_SERVED);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "");
	assert_string_equal(scene_served_answer(&scene, "www.two.test"), "192.0.2.23");
	/* Forced once, it is gone: the next apply needs no force. */
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	scene_end(&scene);
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
	scene_write_zone(scene, "big.test", text);
}

static void
test_a_shrinking_zone_needs_force(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, "shrink");
	write_big_zone(&scene, 28); /* and NS, www: 30 records */
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 1);
	write_big_zone(&scene, 19); /* 30 % */
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	write_big_zone(&scene, 12); /* 7 of 21: 33 % */
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_REFUSED);
	assert_non_null(strstr(cp_json_text(scene.result, "error"),
			"[big.test.] Too many deletes, 33.33% is over 30.00% (7/21), force "
			"required"));
	scene.config.delete_pcent_threshold = 0.34; /* as configured */
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	write_big_zone(&scene, 0); /* 14 to 2 */
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_REFUSED);
	assert_int_equal(scene_apply(&scene, true), CP_OUTCOME_SERVED);
	scene_write_zone(&scene, "big.test", "'':\n  type: NS\n  value: ns1.test.\n");
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED); /* too small to count */
	scene_write_zone(&scene, "big.test", ""); /* but an empty file is never meant */
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_REFUSED);
	scene_end(&scene);
}

static bool
is_scene_storing(const struct scene *scene, uint64_t ignored)
{
	(void)ignored;
	return scene->engine->job.step == CP_STEP_STORE;
}

static bool
is_scene_idle(const struct scene *scene, uint64_t ignored)
{
	(void)ignored;
	return !scene->engine->job.is_busy;
}

static bool
is_scene_greeted(const struct scene *scene, uint64_t generation)
{
	return scene->engine->data_plane.is_connected &&
	       scene->engine->data_plane.generation == generation;
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
		scene_begin(&scene, name);
		scene_write_zone(&scene, "one.test", ZONE("192.0.2.11"));
		scene.plane.served.generation = 7;
		scene.plane.served.zone_cnt = rows[i].zone_cnt;
		scene.plane.served.rrset_cnt = rows[i].rrset_cnt;
		scene_start(&scene);
		if (rows[i].is_published) {
			scene_wait_for(&scene, is_scene_serving_above, 7);
		} else {
			assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_REFUSED);
			assert_true(is_cp_json_true(scene.result, "is_served_unknown"));
			assert_int_equal(scene.plane.served.generation, 7);
			/* Nor does a restart make it right. */
			scene_stop(&scene);
			scene_start(&scene);
			assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_REFUSED);
			assert_int_equal(scene.plane.served.generation, 7);
			assert_int_equal(scene_apply(&scene, true), CP_OUTCOME_SERVED);
		}
		scene_end(&scene);
	}
}

/* meridiand says hello after the guard has looked, and before the table is published: while the image
 * is being written. */
static void
test_the_guard_looks_again_when_the_hello_comes_late(void **state)
{
	struct scene scene;
	struct cp_job *job;

	(void)state;
	scene_begin(&scene, "late-hello");
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	scene.plane.is_silent = true;
	scene.plane.served.generation = 7;
	scene.plane.served.zone_cnt = 2;
	scene.plane.served.rrset_cnt = 6;
	scene_start(&scene);
	job = &scene.engine->job;
	scene_wait_for(&scene, is_scene_connected_times, 1);
	scene_wait_for(&scene, is_scene_storing, 0);
	event_del(job->done); /* the writer may be done already: nobody hears of it yet */
	fake_plane_answer(&scene.plane, TBL_IPC_HELLO);
	scene_wait_for(&scene, is_scene_greeted, 7);
	event_add(job->done, NULL);
	scene_wait_for(&scene, is_scene_idle, 0);
	assert_int_equal(scene.plane.message_cnt, 0); /* nothing was offered */
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_REFUSED);
	assert_int_equal(scene.plane.served.generation, 7);
	assert_int_equal(scene_apply(&scene, true), CP_OUTCOME_SERVED);
	assert_int_equal(scene.plane.served.generation, 8);
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_false(is_cp_json_true(scene.result, "is_served_unknown"));
	scene_end(&scene);
}

/* The guard knows what was served before a restart, record by record; and a start publishes nothing
 * that an apply would not. */
static void
test_the_guard_outlives_a_restart(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, "guard-restart");
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	scene_write_zone(&scene, "two.test", ZONE("192.0.2.22"));
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 1);
	scene_stop(&scene);
	scene_remove_zone(&scene, "one.test");
	scene_start(&scene);
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_REFUSED);
	assert_int_equal(scene.plane.served.generation, 1);
	scene_stop(&scene);
	/* A data plane that has lost everything gets the table of the history, whole. */
	memset(&scene.plane.served, 0, sizeof(scene.plane.served));
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 1);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.11");
	assert_string_equal(scene_served_answer(&scene, "www.two.test"), "192.0.2.22");
	scene_wait_for(&scene, has_scene_said, (uint64_t)(uintptr_t) "one.test.");
	assert_int_equal(scene_apply(&scene, true), CP_OUTCOME_SERVED);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "");
	scene_end(&scene);
}

static void
test_nothing_to_serve_and_nothing_served_is_hopeless(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, "hopeless");
	scene_write_zone(&scene, "one.test", BROKEN);
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_hopeless, 1);
	scene_stop(&scene);
	/* With something served it goes on, and says so to whoever asks. */
	scene.plane.served.generation = 7;
	scene_start(&scene);
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_REFUSED);
	assert_int_equal(scene.plane.message_cnt, 0);
	scene_end(&scene);
}

static void
test_a_refusal_by_the_data_plane_reaches_the_caller(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, "refusal");
	scene.plane.manner = FAKE_REFUSES;
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	scene_start(&scene);
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_REFUSED);
	assert_string_equal(cp_json_text(scene.result, "error"), "a test refuses everything");
	scene_end(&scene);
}

static void
test_a_lost_data_plane_gets_the_table_when_it_is_back(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, "lost");
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 1);
	fake_plane_hang_up(&scene.plane);
	scene.plane.served.generation = 90; /* scene_somebody else published meanwhile */
	scene.plane.served.content_hash = 4711;
	scene_wait_for(&scene, is_scene_serving, 91);
	assert_int_equal(scene.plane.connection_cnt, 2);
	/* The same content: nothing is sent again. */
	fake_plane_hang_up(&scene.plane);
	scene_wait_for(&scene, is_scene_connected_times, 3);
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_int_equal(scene.plane.message_cnt, 2);
	assert_true(is_cp_json_true(scene.result, "is_unchanged"));
	assert_int_equal(cp_json_number(scene.result, "generation"), 91);
	scene_end(&scene);
}

static void
test_an_apply_in_flight_ends_when_the_connection_does(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, "in-flight");
	scene.plane.manner = FAKE_HANGS_UP;
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	scene_start(&scene);
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_UNDELIVERED);
	scene.plane.manner = FAKE_ACKS;
	scene_wait_for(&scene, is_scene_serving_above, 0);
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	scene_end(&scene);
}

/* Ten at once are two runs at most: the one under way and one for all the others. */
static void
test_applies_asked_for_meanwhile_become_one(void **state)
{
	struct cp_request request = { .kind = CP_REQUEST_APPLY, .who = scene_somebody };
	struct scene scene;

	(void)state;
	scene_begin(&scene, "coalesce");
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.11"));
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 1);
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.12"));
	for (int i = 0; i < 10; i++) {
		assert_int_equal(cp_engine_ask(scene.engine, &request, scene_on_done, &scene), 0);
	}
	scene_wait_for(&scene, is_scene_answered, 10);
	assert_int_equal(scene.outcome, CP_OUTCOME_SERVED);
	assert_int_equal(scene.plane.served.generation, 2);
	scene_end(&scene);
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
	scene_write_zone(scene, "dyn.test", text);
}

static void
test_a_dead_backend_changes_the_answer_and_a_restart_does_not(void **state)
{
	struct scene scene;
	uint16_t port = 0;
	int backend = open_backend(&port);

	(void)state;
	scene_begin(&scene, "health");
	write_dynamic_zone(&scene, port);
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 1);
	assert_string_equal(scene_served_answer(&scene, "www.dyn.test"), "127.0.0.1");
	close(backend);
	scene_wait_for(&scene, is_scene_at_sequence, 1);
	assert_string_equal(scene_served_answer(&scene, "www.dyn.test"), "192.0.2.2");

	/* A publish must not bring it back for a moment: its selection goes ahead of the table. */
	scene_write_zone(&scene, "other.test", ZONE("192.0.2.22"));
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_string_equal(scene_served_answer(&scene, "www.dyn.test"), "192.0.2.2");
	assert_int_equal(scene.plane.messages[scene.plane.message_cnt - 2].kind, TBL_IPC_SELECTION);
	assert_int_equal(scene.plane.messages[scene.plane.message_cnt - 1].kind, TBL_IPC_TABLE);

	/* Nor must a restart, though the data plane lost all: the state is on disk. */
	scene_stop(&scene);
	memset(&scene.plane.served, 0, sizeof(scene.plane.served));
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 2);
	assert_string_equal(scene_served_answer(&scene, "www.dyn.test"), "192.0.2.2");
	assert_int_equal(scene.plane.messages[scene.plane.message_cnt - 2].kind, TBL_IPC_SELECTION);

	/* Nor must a kill that came before health.json was written: what was answered is known. */
	scene_stop(&scene);
	scratch_write("health.state/health.json", "{}");
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_at_sequence, scene.plane.served.sequence + 1);
	assert_string_equal(scene_served_answer(&scene, "www.dyn.test"), "192.0.2.2");

	backend = open_backend(&port);
	scene_wait_for(&scene, is_scene_at_sequence, scene.plane.served.sequence + 1);
	assert_string_equal(scene_served_answer(&scene, "www.dyn.test"), "127.0.0.1");
	close(backend);
	scene_end(&scene);
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
	scene_write_zone(scene, "eight.test", text);
}

static bool
has_down_targets(const struct scene *scene, uint64_t cnt)
{
	json_t *health = cp_engine_health(scene->engine);
	bool has = cp_json_number(json_object_get(health, "summary"), "down") == (long long)cnt;

	json_decref(health);
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
		scene_begin(&scene, rows[i].name);
		scene.config.probes.min_up_percent = rows[i].min_up_percent;
		write_zone_of_eight(&scene, port);
		scene_start(&scene);
		scene_wait_for(&scene, is_scene_serving, 1);
		scene_wait_for(&scene, has_down_targets, 8);
		assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
		assert_int_equal(strncmp(scene_served_answer(&scene, "www.eight.test"),
						 rows[i].answer, strlen(rows[i].answer)),
				0);
		assert_int_equal(has_scene_problem(&scene, "fewer than 50 %"), rows[i].has_problem);
		scene_end(&scene);
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
		cmocka_unit_test(test_the_guard_looks_again_when_the_hello_comes_late),
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
