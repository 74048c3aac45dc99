/*
 * The control plane's one decision maker: applies zones (load, compile, guard, publish), keeps the
 * data plane on the newest table, and turns health flips into selections. Everything it knows is
 * given out as JSON for the API.
 *
 * Threads:   the event loop's; loading and compiling run on a thread of their own meanwhile.
 * Memory:    cp_engine_new/_free; JSON returned is a new reference.
 * Errors:    negative errno at start; later everything is told in results and notes.
 */
#ifndef CONTROL_ENGINE_H
#define CONTROL_ENGINE_H

#include <jansson.h>
#include <stdbool.h>

#include "table/view.h"

#include "control/config.h"
#include "control/geo.h"
#include "control/state.h"

struct event_base;
struct cp_engine;

struct cp_engine_events {
	/* One line for the log. */
	void (*on_note)(void *ctx, const char *text);
	/* The messages of an apply nobody asked for by the API (start, SIGHUP). */
	void (*on_messages)(void *ctx, const struct conf_errors *errors);
	/* Nothing could be compiled at start, and the data plane serves nothing either. */
	void (*on_hopeless)(void *ctx);
};

/* cp_engine_new starts connecting and applies once. `config` and `state` are borrowed. */
int cp_engine_new(struct event_base *base, const struct cp_config *config, struct cp_state *state,
		const struct cp_engine_events *events, void *ctx, struct cp_engine **ret_engine);
void cp_engine_free(struct cp_engine *engine);

enum cp_apply_outcome {
	CP_APPLY_SERVED = 0,  /* the data plane serves it */
	CP_APPLY_UNDELIVERED, /* compiled; the data plane is not there, and gets it when it is */
	CP_APPLY_REFUSED,     /* nothing was published: errors, the guard, or the data plane's no */
};
/* `result` is borrowed for the call. */
typedef void (*cp_apply_done_fn)(void *ctx, enum cp_apply_outcome outcome, const json_t *result);

/* cp_engine_apply reads and publishes what the zones directory holds now; applies asked for
 * meanwhile become one. `done` may be NULL. */
int cp_engine_apply(struct cp_engine *engine, bool is_forced, cp_apply_done_fn done, void *ctx);

json_t *cp_engine_status(const struct cp_engine *engine);
json_t *cp_engine_health(const struct cp_engine *engine);
/* cp_engine_counters: NULL while no data plane is connected. */
json_t *cp_engine_counters(const struct cp_engine *engine);

/* cp_engine_view: the newest table with the newest selection; false when there is none. `ret_geo`
 * may come back NULL. All valid until the loop runs on. */
bool cp_engine_view(const struct cp_engine *engine, struct tbl_view *ret_view,
		const struct cp_geo **ret_geo);
/* cp_engine_watch: what is known of one target of that table; NULL beyond the last. */
struct cp_watch;
const struct cp_watch *cp_engine_watch(const struct cp_engine *engine, uint32_t target);

#endif
