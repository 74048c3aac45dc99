#include "tests/unit/control/scene.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "table/view.h"

#include "control/explain.h"
#include "control/json_read.h"
#include "tests/unit/control/scratch.h"
#include "tests/unit/test.h"

/* A test that waits longer than this for something that must come has failed. */
#define DEADLINE_S 20

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

void
scene_start(struct scene *scene)
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

void
scene_stop(struct scene *scene)
{
	cp_engine_free(scene->engine);
	cp_state_close(&scene->state);
	scene->engine = NULL;
}

void
scene_begin(struct scene *scene, const char *name)
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
		.update_pcent_threshold = 0.3,
		.delete_pcent_threshold = 0.3,
		.history_keep = 5,
		.enforce_order = true,
		.probes = { .is_enabled = true, .max_concurrent = 16 },
	};
	scene->base = event_base_new();
	fake_plane_open(&scene->plane, scene->base, scene->socket);
}

void
scene_end(struct scene *scene)
{
	if (scene->engine != NULL) {
		scene_stop(scene);
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

void
scene_wait_for(struct scene *scene, is_scene_fn is_reached, uint64_t wanted)
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

bool
is_scene_serving(const struct scene *scene, uint64_t generation)
{
	return scene->plane.served.generation == generation;
}

bool
is_scene_serving_above(const struct scene *scene, uint64_t generation)
{
	return scene->plane.served.generation > generation;
}

bool
is_scene_at_sequence(const struct scene *scene, uint64_t sequence)
{
	return scene->plane.served.sequence >= sequence;
}

bool
is_scene_answered(const struct scene *scene, uint64_t cnt)
{
	return scene->applied_cnt >= cnt;
}

bool
is_scene_hopeless(const struct scene *scene, uint64_t cnt)
{
	return scene->hopeless_cnt >= cnt;
}

bool
is_scene_connected_times(const struct scene *scene, uint64_t cnt)
{
	return scene->plane.connection_cnt >= cnt;
}

void
scene_on_done(void *ctx, enum cp_outcome outcome, const json_t *result)
{
	struct scene *scene = ctx;

	scene->outcome = outcome;
	scene->applied_cnt++;
	json_decref(scene->result);
	scene->result = json_deep_copy(result);
}

const struct cp_who scene_somebody = { .name = "somebody", .program = "test", .uid = 1, .pid = 2 };

enum cp_outcome
scene_ask(struct scene *scene, const struct cp_request *wanted)
{
	struct cp_request request = *wanted;
	size_t before = scene->applied_cnt;

	request.who = scene_somebody;
	assert_int_equal(cp_engine_ask(scene->engine, &request, scene_on_done, scene), 0);
	scene_wait_for(scene, is_scene_answered, before + 1);
	return scene->outcome;
}

enum cp_outcome
scene_apply(struct scene *scene, bool is_forced)
{
	struct cp_request request = { .kind = CP_REQUEST_APPLY, .is_forced = is_forced };

	return scene_ask(scene, &request);
}

enum cp_outcome
scene_roll_back(struct scene *scene, uint64_t generation)
{
	struct cp_request request = { .kind = CP_REQUEST_ROLLBACK, .generation = generation };

	return scene_ask(scene, &request);
}

bool
has_scene_problem(const struct scene *scene, const char *words)
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

bool
has_scene_said(const struct scene *scene, uint64_t words)
{
	/* It was one. NOLINTNEXTLINE(performance-no-int-to-ptr) */
	return has_scene_problem(scene, (const char *)(uintptr_t)words);
}

void
scene_write_zone(const struct scene *scene, const char *zone, const char *text)
{
	char name[300];

	(void)snprintf(name, sizeof(name), "%s/%s.yaml", strrchr(scene->zones_dir, '/') + 1, zone);
	scratch_write(name, text);
}

void
scene_remove_zone(const struct scene *scene, const char *zone)
{
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/%s.yaml", scene->zones_dir, zone);
	assert_int_equal(unlink(path), 0);
}

const char *
scene_served_answer(const struct scene *scene, const char *name)
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
