/*
 * An engine with directories of its own and a fake data plane, on the test's event loop.
 *
 * Threads:   the event loop's.
 * Memory:    scene_begin fills, scene_end releases.
 * Errors:    fail the running test.
 */
#ifndef TESTS_UNIT_CONTROL_SCENE_H
#define TESTS_UNIT_CONTROL_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/engine.h"
#include "tests/unit/control/fake_plane.h"

struct scene {
	struct event_base *base;
	struct cp_config config;
	struct cp_state state;
	struct cp_engine *engine;
	struct fake_plane plane;
	char zones_dir[256], state_dir[256], socket[256];
	size_t applied_cnt; /* answers to scene_ask() */
	enum cp_outcome outcome;
	json_t *result;
	size_t message_cnt; /* of applies that nobody asked for */
	size_t hopeless_cnt;
};

#define ZONE(ADDRESS)                           \
	"'':\n  type: NS\n  value: ns1.test.\n" \
	"www:\n  type: A\n  value: " ADDRESS "\n"
#define BROKEN "www:\n  type: A\n  value: not an address\n"

/* scene_begin makes the directories; `name` tells scenes apart. */
void scene_begin(struct scene *scene, const char *name);
void scene_end(struct scene *scene);
/* scene_start, scene_stop: the engine, as often as a test likes; what is on disk stays. */
void scene_start(struct scene *scene);
void scene_stop(struct scene *scene);

/* scene_wait_for runs the loop until a condition holds. */
typedef bool (*is_scene_fn)(const struct scene *scene, uint64_t wanted);
void scene_wait_for(struct scene *scene, is_scene_fn is_reached, uint64_t wanted);
/* Conditions: the generation, one above, the selection's sequence; data planes connected so often,
 * requests answered so often, given up so often; a problem with these words (a string's address). */
bool is_scene_serving(const struct scene *scene, uint64_t generation);
bool is_scene_serving_above(const struct scene *scene, uint64_t generation);
bool is_scene_at_sequence(const struct scene *scene, uint64_t sequence);
bool is_scene_connected_times(const struct scene *scene, uint64_t cnt);
bool is_scene_answered(const struct scene *scene, uint64_t cnt);
bool is_scene_hopeless(const struct scene *scene, uint64_t cnt);
bool has_scene_said(const struct scene *scene, uint64_t words);
bool has_scene_problem(const struct scene *scene, const char *words);

/* Somebody at the API's socket. */
extern const struct cp_who scene_somebody;
/* scene_ask asks as that somebody and waits for the answer: the outcome, and scene->result. */
enum cp_outcome scene_ask(struct scene *scene, const struct cp_request *wanted);
enum cp_outcome scene_apply(struct scene *scene, bool is_forced);
enum cp_outcome scene_roll_back(struct scene *scene, uint64_t generation);
/* scene_on_done: for cp_engine_ask(), with the scene as ctx. */
void scene_on_done(void *ctx, enum cp_outcome outcome, const json_t *result);

void scene_write_zone(const struct scene *scene, const char *zone, const char *text);
void scene_remove_zone(const struct scene *scene, const char *zone);

/* scene_served_answer: what the served table and selection say to `name` A; "" when nothing. */
const char *scene_served_answer(const struct scene *scene, const char *name);

#endif
