/* Plans, checksums, rollbacks and the history, against a fake data plane: who changes what, and what
 * of it is still known after whatever happened. */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "table/format.h"

#include "control/json_read.h"
#include "tests/unit/control/scene.h"
#include "tests/unit/control/scratch.h"
#include "tests/unit/test.h"

#define APEX "'':\n  type: NS\n  value: ns1.test.\n"
/* Data below a delegation. */
#define OCCLUDED                                 \
	"sub:\n  type: NS\n  value: ns1.test.\n" \
	"txt.sub:\n  type: TXT\n  value: occluded\n"

/* A scene that serves generation `cnt`: www.one.test was 192.0.2.1 in generation 1, and so on. */
static void
begin_at(struct scene *scene, const char *name, int cnt)
{
	scene_begin(scene, name);
	for (int i = 1; i <= cnt; i++) {
		char text[200];

		(void)snprintf(text, sizeof(text), ZONE("192.0.2.%d"), i);
		scene_write_zone(scene, "one.test", text);
		if (i == 1) {
			scene_start(scene);
			scene_wait_for(scene, is_scene_serving, 1);
		} else {
			assert_int_equal(scene_apply(scene, false), CP_OUTCOME_SERVED);
		}
	}
	assert_int_equal(scene->plane.served.generation, cnt);
}

static enum cp_outcome
plan(struct scene *scene)
{
	struct cp_request request = { .kind = CP_REQUEST_PLAN };

	return scene_ask(scene, &request);
}

static enum cp_outcome
apply_checksum(struct scene *scene, const char *checksum)
{
	struct cp_request request = { .kind = CP_REQUEST_APPLY };

	(void)snprintf(request.checksum, sizeof(request.checksum), "%s", checksum);
	return scene_ask(scene, &request);
}

/* Of the newest entry but `back`. */
static json_t *
entry(const struct scene *scene, size_t back)
{
	json_t *history = cp_engine_history(scene->engine);
	json_t *found = json_incref(json_array_get(json_object_get(history, "entries"), back));

	json_decref(history);
	assert_non_null(found);
	return found;
}

static void
assert_entry(const struct scene *scene, size_t back, int generation, const char *kind,
		const char *outcome)
{
	json_t *found = entry(scene, back);

	assert_int_equal(cp_json_number(found, "generation"), generation);
	assert_string_equal(cp_json_text(found, "kind"), kind);
	assert_string_equal(cp_json_text(found, "outcome"), outcome);
	json_decref(found);
}

static void
test_a_plan_publishes_nothing_and_its_checksum_what_it_says(void **state)
{
	struct scene scene;
	char checksum[CP_CHECKSUM_DIGITS + 1];

	(void)state;
	begin_at(&scene, "plan", 1);
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.2"));
	assert_int_equal(plan(&scene), CP_OUTCOME_PLANNED);
	assert_int_equal(cp_json_count(json_object_get(scene.result, "plan"), "zones"), 1);
	assert_int_equal(cp_json_count(scene.result, "unsafe"), 0);
	(void)snprintf(checksum, sizeof(checksum), "%s", cp_json_text(scene.result, "checksum"));
	assert_int_equal(strlen(checksum), CP_CHECKSUM_DIGITS);
	assert_int_equal(scene.plane.message_cnt, 1);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.1");

	/* Somebody changes the directory between the plan and its apply. */
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.3"));
	assert_int_equal(apply_checksum(&scene, checksum), CP_OUTCOME_DIFFERS);
	assert_non_null(json_object_get(scene.result, "plan"));
	assert_string_not_equal(cp_json_text(scene.result, "checksum"), checksum);
	assert_int_equal(scene.plane.message_cnt, 1);
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.2"));
	assert_int_equal(apply_checksum(&scene, checksum), CP_OUTCOME_SERVED);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.2");

	/* A checksum does not force. */
	scene_remove_zone(&scene, "one.test");
	scene_write_zone(&scene, "two.test", ZONE("192.0.2.22"));
	assert_int_equal(plan(&scene), CP_OUTCOME_PLANNED);
	assert_true(cp_json_count(scene.result, "unsafe") > 0);
	(void)snprintf(checksum, sizeof(checksum), "%s", cp_json_text(scene.result, "checksum"));
	assert_int_equal(apply_checksum(&scene, checksum), CP_OUTCOME_REFUSED);
	assert_int_equal(scene.plane.served.generation, 2);
	scene_end(&scene);
}

static void
test_the_history_says_who_did_what(void **state)
{
	struct scene scene;
	json_t *newest;

	(void)state;
	begin_at(&scene, "who", 2);
	scene_remove_zone(&scene, "one.test");
	scene_write_zone(&scene, "two.test", ZONE("192.0.2.22"));
	assert_int_equal(scene_apply(&scene, true), CP_OUTCOME_SERVED);
	assert_entry(&scene, 0, 3, "apply", "served");
	assert_entry(&scene, 1, 2, "apply", "served");
	assert_entry(&scene, 2, 1, "start", "served");
	newest = entry(&scene, 0);
	assert_string_equal(cp_json_text(json_object_get(newest, "who"), "name"), "somebody");
	assert_string_equal(cp_json_text(json_object_get(newest, "who"), "program"), "test");
	assert_true(is_cp_json_true(newest, "forced"));
	assert_true(is_cp_json_true(newest, "has_table"));
	assert_string_equal(cp_json_text(newest, "summary"),
			"2 zones: Creates=2, Updates=0, Deletes=2");
	assert_int_equal(strlen(cp_json_text(newest, "checksum")), CP_CHECKSUM_DIGITS);
	assert_int_equal(strlen(cp_json_text(newest, "content_hash")), 16);
	json_decref(newest);
	scene_end(&scene);
}

static void
test_a_rollback_goes_back_and_stays(void **state)
{
	struct scene scene;

	(void)state;
	begin_at(&scene, "rollback", 3);
	assert_int_equal(scene_roll_back(&scene, 0), CP_OUTCOME_SERVED);
	assert_int_equal(cp_json_number(scene.result, "of"), 2);
	assert_int_equal(cp_json_number(scene.result, "generation"), 4);
	assert_int_equal(cp_json_count(json_object_get(scene.result, "plan"), "zones"), 1);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.2");
	assert_entry(&scene, 0, 4, "rollback", "served");
	assert_true(has_scene_problem(
			&scene, "rolled back to generation 2's content by somebody (test, pid 2)"));
	/* Again: further back, not to and fro. */
	assert_int_equal(scene_roll_back(&scene, 0), CP_OUTCOME_SERVED);
	assert_int_equal(cp_json_number(scene.result, "of"), 1);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.1");
	assert_int_equal(scene_roll_back(&scene, 0), CP_OUTCOME_REFUSED);
	assert_int_equal(scene_roll_back(&scene, 77), CP_OUTCOME_REFUSED);
	assert_string_equal(cp_json_text(scene.result, "error"),
			"the history has no table of generation 77");

	/* Neither SIGHUP nor a restart nor a plan takes it away. */
	assert_int_equal(cp_engine_ask(scene.engine,
					 &(struct cp_request){ .who = cp_who_self("SIGHUP") },
					 scene_on_done, &scene),
			0);
	assert_int_equal(plan(&scene), CP_OUTCOME_PLANNED);
	assert_int_equal(cp_json_count(json_object_get(scene.result, "plan"), "zones"), 1);
	scene_stop(&scene);
	scene_start(&scene);
	assert_int_equal(plan(&scene), CP_OUTCOME_PLANNED);
	scene_wait_for(&scene, is_scene_connected_times, 2);
	assert_int_equal(scene.plane.served.generation, 5);
	assert_true(has_scene_problem(&scene, "rolled back to generation 1's content"));

	/* An apply does. */
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.3");
	assert_false(has_scene_problem(&scene, "rolled back"));
	assert_entry(&scene, 0, 6, "apply", "served");
	scene_end(&scene);
}

/* The content that is served anyway: nothing is published for it, but it holds. */
static void
test_a_rollback_to_what_is_served_pins_it(void **state)
{
	struct scene scene;

	(void)state;
	begin_at(&scene, "pin", 2);
	assert_int_equal(scene_roll_back(&scene, 2), CP_OUTCOME_SERVED);
	assert_true(is_cp_json_true(scene.result, "is_unchanged"));
	assert_int_equal(scene.plane.served.generation, 2);
	assert_true(has_scene_problem(&scene, "rolled back to generation 2's content"));
	/* The directory says the same: an apply ends the pin all the same. */
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_int_equal(scene.plane.served.generation, 2);
	assert_false(has_scene_problem(&scene, "rolled back"));
	scene_end(&scene);
}

/* A lost data plane gets the table that is pinned, under a number above what it has by now. */
static void
test_a_lost_data_plane_gets_the_pinned_table(void **state)
{
	struct scene scene;

	(void)state;
	begin_at(&scene, "pinned-lost", 2);
	assert_int_equal(scene_roll_back(&scene, 1), CP_OUTCOME_SERVED);
	fake_plane_hang_up(&scene.plane);
	scene.plane.served.generation = 50;
	scene.plane.served.content_hash = 4711;
	scene_wait_for(&scene, is_scene_serving, 51);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.1");
	assert_int_equal(plan(&scene), CP_OUTCOME_PLANNED); /* a turn, so that the ACK is in */
	assert_entry(&scene, 0, 51, "resend", "served");
	assert_true(has_scene_problem(&scene, "rolled back to generation 1's content"));
	scene_stop(&scene);
	scene_start(&scene);
	assert_int_equal(plan(&scene), CP_OUTCOME_PLANNED);
	scene_wait_for(&scene, is_scene_connected_times, 3);
	assert_int_equal(scene.plane.served.generation, 51);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.1");
	scene_end(&scene);
}

static void
assert_kept(const struct scene *scene, const char *zone)
{
	const json_t *kept = json_object_get(scene->result, "kept_zones");

	assert_int_equal(json_array_size(kept), 1);
	assert_string_equal(json_string_value(json_array_get(kept, 0)), zone);
}

/* No process has loaded what a rollback brings back: a zone that is broken at the next apply goes on
 * as the table has it. */
static void
test_a_broken_zone_after_a_rollback_goes_on_as_rolled_back(void **state)
{
	struct scene scene;

	(void)state;
	begin_at(&scene, "broken", 1);
	scene_write_zone(&scene, "two.test", ZONE("192.0.2.22"));
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.9"));
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_int_equal(scene_roll_back(&scene, 2), CP_OUTCOME_SERVED);
	scene_write_zone(&scene, "one.test", BROKEN);
	scene_write_zone(&scene, "two.test", ZONE("192.0.2.23"));
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_kept(&scene, "one.test.");
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.1");
	assert_string_equal(scene_served_answer(&scene, "www.two.test"), "192.0.2.23");
	assert_false(has_scene_problem(&scene, "rolled back"));
	assert_true(has_scene_problem(&scene, "one.test. has errors"));
	/* Again: the version had from the table is in the book now. */
	scene_write_zone(&scene, "two.test", ZONE("192.0.2.24"));
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.1");
	assert_string_equal(scene_served_answer(&scene, "www.two.test"), "192.0.2.24");
	/* A zone whose file is gone is not broken: that still asks for force. */
	scene_remove_zone(&scene, "one.test");
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_REFUSED);
	assert_non_null(strstr(cp_json_text(scene.result, "error"), "one.test."));
	scene_end(&scene);
}

/* The same after a start: what the zones directory has by then of the other zones is published. */
static void
test_a_broken_zone_at_a_restart_goes_on(void **state)
{
	static const char *const broken[] = { BROKEN,
		/* Only the compiler finds this. */
		APEX OCCLUDED "www:\n  type: A\n  value: 192.0.2.9\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		struct scene scene;
		char name[32];

		(void)snprintf(name, sizeof(name), "broken-start-%zu", i);
		begin_at(&scene, name, 1);
		scene_write_zone(&scene, "two.test", ZONE("192.0.2.22"));
		assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
		scene_stop(&scene);
		scene_write_zone(&scene, "one.test", broken[i]);
		scene_write_zone(&scene, "two.test", ZONE("192.0.2.23"));
		scene_start(&scene);
		scene_wait_for(&scene, is_scene_serving, 3);
		assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.1");
		assert_string_equal(scene_served_answer(&scene, "www.two.test"), "192.0.2.23");
		assert_true(has_scene_problem(&scene, "one.test. has errors"));
		/* With nothing but the broken zone there is nothing to publish. */
		scene_stop(&scene);
		scene_start(&scene);
		assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
		assert_true(json_is_true(json_object_get(scene.result, "is_unchanged")));
		assert_int_equal(cp_json_number(scene.result, "generation"), 3);
		assert_kept(&scene, "one.test.");
		scene_end(&scene);
	}
}

static void
test_a_refused_table_leaves_the_one_before(void **state)
{
	struct scene scene;
	json_t *status;

	(void)state;
	begin_at(&scene, "refused", 2);
	scene.plane.manner = FAKE_REFUSES;
	scene_write_zone(&scene, "two.test", ZONE("192.0.2.22"));
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_REFUSED);
	assert_entry(&scene, 0, 3, "apply", "refused");
	status = cp_engine_status(scene.engine);
	assert_int_equal(cp_json_number(json_object_get(status, "table"), "generation"), 2);
	assert_int_equal(cp_json_number(json_object_get(status, "last_change"), "generation"), 2);
	json_decref(status);
	/* Plans are made against what is served, by this process and the next. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(plan(&scene), CP_OUTCOME_PLANNED);
		assert_int_equal(cp_json_count(json_object_get(scene.result, "plan"), "zones"), 1);
		assert_int_equal(cp_json_number(json_object_get(scene.result, "plan"),
						 "served_generation"),
				2);
		scene_stop(&scene);
		scene_remove_zone(&scene, "two.test");
		scene.plane.manner = FAKE_ACKS;
		scene_start(&scene);
		assert_int_equal(plan(&scene), CP_OUTCOME_PLANNED);
		assert_int_equal(cp_json_count(json_object_get(scene.result, "plan"), "zones"), 0);
		scene_write_zone(&scene, "two.test", ZONE("192.0.2.22"));
	}
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_int_equal(scene.plane.served.generation, 4); /* 3 was given out */
	scene_end(&scene);
}

/* Killed after the history was written and before meridiand answered. */
static void
test_what_was_decided_is_published_after_a_crash(void **state)
{
	struct cp_request request = { .kind = CP_REQUEST_APPLY };
	struct scene scene;

	(void)state;
	begin_at(&scene, "crash", 1);
	request.who = scene_somebody;
	scene.plane.manner = FAKE_IS_MUTE;
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.2"));
	assert_int_equal(cp_engine_ask(scene.engine, &request, scene_on_done, &scene), 0);
	while (scene.plane.message_cnt < 2) { /* meridiand has it, and says nothing */
		event_base_loop(scene.base, EVLOOP_ONCE);
	}
	assert_entry(&scene, 0, 2, "apply", "sent");
	scene_stop(&scene);
	scene_write_zone(&scene, "one.test", BROKEN);
	scene.plane.manner = FAKE_ACKS;
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 2);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.2");
	scene_end(&scene);
}

/* A history that ends before what meridiand serves must not bring an old table back. */
static void
test_an_incomplete_history_is_not_published(void **state)
{
	static const struct {
		const char *name;
		uint32_t zone_cnt;
		bool is_published;
	} rows[] = {
		{ "behind", 1, true },
		{ "behind-more", 2, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene scene;

		begin_at(&scene, rows[i].name, 1);
		scene_stop(&scene);
		scene.plane.served.generation = 9; /* what the disk had no room for */
		scene.plane.served.content_hash = 4711;
		scene.plane.served.zone_cnt = rows[i].zone_cnt;
		scene.plane.served.rrset_cnt = 3;
		scene_write_zone(&scene, "one.test", ZONE("192.0.2.77"));
		scene_start(&scene);
		scene_wait_for(&scene, is_scene_connected_times, 2);
		if (rows[i].is_published) {
			scene_wait_for(&scene, is_scene_serving, 10);
			assert_string_equal(
					scene_served_answer(&scene, "www.one.test"), "192.0.2.77");
		} else {
			assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_REFUSED);
			assert_int_equal(scene.plane.served.generation, 9);
			assert_int_equal(scene_apply(&scene, true), CP_OUTCOME_SERVED);
		}
		/* Not the table of the history, at any time. */
		for (size_t k = 1; k < scene.plane.message_cnt; k++) {
			assert_true(scene.plane.messages[k].generation >= 10);
		}
		scene_end(&scene);
	}
}

/* Whatever befalls the history, answers go on and the start says so. */
static void
test_a_damaged_history_is_told(void **state)
{
	static const struct {
		const char *name, *file, *problem;
	} rows[] = {
		{ "no-image", "history/2.table", "is in no history" },
		{ "no-log", "history/history.jsonl", "is in no history" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene scene;
		char path[600];

		begin_at(&scene, rows[i].name, 2);
		scene_stop(&scene);
		(void)snprintf(path, sizeof(path), "%s/%s", scene.state_dir, rows[i].file);
		assert_int_equal(truncate(path, 20), 0);
		scene_write_zone(&scene, "one.test", BROKEN);
		scene_start(&scene);
		scene_wait_for(&scene, has_scene_said, (uint64_t)(uintptr_t)rows[i].problem);
		assert_int_equal(plan(&scene), CP_OUTCOME_REFUSED); /* the start is over */
		assert_int_equal(scene.plane.served.generation, 2);
		scene_write_zone(&scene, "one.test", ZONE("192.0.2.3"));
		assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
		assert_int_equal(scene.plane.served.generation, 3);
		assert_false(has_scene_problem(&scene, rows[i].problem));
		scene_end(&scene);
	}
}

/* As with a full disk: what cannot be written down is served all the same, and said. */
static void
test_a_history_that_cannot_be_written_stops_nothing(void **state)
{
	struct scene scene;

	(void)state;
	scene_begin(&scene, "unwritable");
	scratch_write("unwritable.state/history", "in the way");
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.1"));
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 1);
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.2"));
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_true(has_scene_problem(&scene, "unwritable.state/history: cannot save"));
	assert_entry(&scene, 0, 2, "apply", "served"); /* in memory */
	assert_int_equal(scene_roll_back(&scene, 1), CP_OUTCOME_REFUSED);
	scene_end(&scene);
}

static void
test_only_so_many_tables_are_kept(void **state)
{
	struct scene scene;

	(void)state;
	begin_at(&scene, "keep", 7); /* five are kept */
	assert_int_equal(scene_roll_back(&scene, 2), CP_OUTCOME_REFUSED);
	assert_int_equal(scene_roll_back(&scene, 3), CP_OUTCOME_SERVED);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.3");
	scene_end(&scene);
}

static void
test_two_tables_of_the_history_compared(void **state)
{
	struct cp_request request = { .kind = CP_REQUEST_DIFF, .generation = 1, .to = 2 };
	struct scene scene;
	const json_t *compared;

	(void)state;
	begin_at(&scene, "diff", 3);
	assert_int_equal(scene_ask(&scene, &request), CP_OUTCOME_PLANNED);
	compared = json_object_get(scene.result, "plan");
	assert_int_equal(cp_json_number(compared, "served_generation"), 1);
	assert_int_equal(cp_json_count(compared, "zones"), 1);
	request.to = 0; /* what is served */
	assert_int_equal(scene_ask(&scene, &request), CP_OUTCOME_PLANNED);
	request.generation = 3;
	assert_int_equal(scene_ask(&scene, &request), CP_OUTCOME_PLANNED);
	assert_int_equal(cp_json_count(json_object_get(scene.result, "plan"), "zones"), 0);
	request.generation = 9;
	assert_int_equal(scene_ask(&scene, &request), CP_OUTCOME_REFUSED);
	assert_int_equal(scene.plane.served.generation, 3);
	scene_end(&scene);
}

/* The targets of a table go with it. */
static void
test_health_follows_a_rollback(void **state)
{
	static const char dynamic[] = "'':\n  type: NS\n  value: ns1.test.\n"
				      "www:\n"
				      "  dynamic:\n"
				      "    pools:\n"
				      "      here:\n"
				      "        values:\n"
				      "        - value: 127.0.0.1\n"
				      "    rules:\n"
				      "    - pool: here\n"
				      "  octodns:\n"
				      "    healthcheck:\n"
				      "      port: 9\n"
				      "      protocol: TCP\n"
				      "  type: A\n"
				      "  value: 192.0.2.3\n";
	static const int targets[] = { 1, 0, 1 };
	struct scene scene;

	(void)state;
	scene_begin(&scene, "targets");
	scene_write_zone(&scene, "one.test", dynamic);
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 1);
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		json_t *health;

		if (i == 1) {
			scene_write_zone(&scene, "one.test", ZONE("192.0.2.1"));
			assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
		} else if (i == 2) {
			assert_int_equal(scene_roll_back(&scene, 0), CP_OUTCOME_SERVED);
		}
		health = cp_engine_health(scene.engine);
		assert_int_equal(cp_json_count(health, "targets"), targets[i]);
		json_decref(health);
	}
	scene_end(&scene);
}

struct wait {
	size_t served_cnt, late_cnt;
	uint64_t generation;
};

static void
on_waited(void *ctx, bool is_served, uint64_t generation)
{
	struct wait *wait = ctx;

	wait->served_cnt += is_served;
	wait->late_cnt += !is_served;
	wait->generation = generation;
}

static void
test_waiting_for_a_generation(void **state)
{
	struct scene scene;
	struct wait wait = { 0 };

	(void)state;
	begin_at(&scene, "wait", 1);
	assert_int_equal(cp_engine_wait(scene.engine, 1, 60, on_waited, &wait), 0);
	while (wait.served_cnt < 1) { /* its acknowledgement may be on its way */
		event_base_loop(scene.base, EVLOOP_ONCE);
	}
	assert_int_equal(cp_engine_wait(scene.engine, 1, 60, on_waited, &wait), 0);
	assert_int_equal(wait.served_cnt, 2);
	assert_int_equal(cp_engine_wait(scene.engine, 2, 60, on_waited, &wait), 0);
	assert_int_equal(cp_engine_wait(scene.engine, 99, 60, on_waited, &wait), 0);
	assert_int_equal(wait.served_cnt, 2);
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.2"));
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	while (wait.served_cnt < 3) {
		event_base_loop(scene.base, EVLOOP_ONCE);
	}
	assert_int_equal(wait.generation, 2);
	scene_stop(&scene); /* who still waits is told so */
	assert_int_equal(wait.late_cnt, 1);
	scene_end(&scene);
}

static void
keep_result(void *ctx, enum cp_outcome outcome, const json_t *result)
{
	json_t **kept = ctx;

	assert_int_equal(outcome, CP_OUTCOME_PLANNED);
	*kept = json_deep_copy(result);
}

static void
test_who_waits_is_told_for_whom(void **state)
{
	struct cp_request request = { .kind = CP_REQUEST_APPLY };
	json_t *planned = NULL; /* may come before the apply's acknowledgement does */
	struct scene scene;
	const char *before;

	(void)state;
	begin_at(&scene, "queue", 1);
	request.who = scene_somebody;
	scene_write_zone(&scene, "one.test", ZONE("192.0.2.2"));
	assert_int_equal(cp_engine_ask(scene.engine, &request, scene_on_done, &scene), 0);
	request.kind = CP_REQUEST_PLAN;
	assert_int_equal(cp_engine_ask(scene.engine, &request, keep_result, &planned), 0);
	scene_wait_for(&scene, is_scene_answered, 1);
	while (planned == NULL) {
		event_base_loop(scene.base, EVLOOP_ONCE);
	}
	before = json_string_value(cp_json_item(planned, "waited_for", 0));
	assert_non_null(before);
	assert_string_equal(before, "apply by somebody (test, pid 2)");
	/* And the plan was made against what the apply publishes. */
	assert_int_equal(cp_json_count(json_object_get(planned, "plan"), "zones"), 0);
	json_decref(planned);
	scene_end(&scene);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_plan_publishes_nothing_and_its_checksum_what_it_says),
		cmocka_unit_test(test_the_history_says_who_did_what),
		cmocka_unit_test(test_a_rollback_goes_back_and_stays),
		cmocka_unit_test(test_a_rollback_to_what_is_served_pins_it),
		cmocka_unit_test(test_a_lost_data_plane_gets_the_pinned_table),
		cmocka_unit_test(test_a_broken_zone_after_a_rollback_goes_on_as_rolled_back),
		cmocka_unit_test(test_a_broken_zone_at_a_restart_goes_on),
		cmocka_unit_test(test_a_refused_table_leaves_the_one_before),
		cmocka_unit_test(test_what_was_decided_is_published_after_a_crash),
		cmocka_unit_test(test_an_incomplete_history_is_not_published),
		cmocka_unit_test(test_a_damaged_history_is_told),
		cmocka_unit_test(test_a_history_that_cannot_be_written_stops_nothing),
		cmocka_unit_test(test_only_so_many_tables_are_kept),
		cmocka_unit_test(test_two_tables_of_the_history_compared),
		cmocka_unit_test(test_health_follows_a_rollback),
		cmocka_unit_test(test_waiting_for_a_generation),
		cmocka_unit_test(test_who_waits_is_told_for_whom),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
