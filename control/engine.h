/*
 * The control plane's one decision maker: plans and applies zones (load, compile, compare, guard,
 * publish), goes back to older tables, keeps the data plane on the newest one, and turns health
 * flips into selections. Everything it knows is given out as JSON for the API.
 *
 * Threads:   the event loop's; loading, compiling and comparing run on a thread of their own
 *            meanwhile, one request at a time.
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
#include "control/who.h"

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

/* cp_engine_new starts connecting and applies once, to the table that the history names as the last
 * one published. `config` and `state` are borrowed. */
int cp_engine_new(struct event_base *base, const struct cp_config *config, struct cp_state *state,
		const struct cp_engine_events *events, void *ctx, struct cp_engine **ret_engine);
void cp_engine_free(struct cp_engine *engine);

enum cp_request_kind {
	CP_REQUEST_APPLY = 0, /* publish what the zones directory holds now */
	CP_REQUEST_PLAN,      /* the same up to the point of publishing */
	CP_REQUEST_ROLLBACK,  /* publish an older table's content, and stay with it */
	CP_REQUEST_DIFF,      /* compare two tables of the history */
};
#define CP_CHECKSUM_DIGITS 64u
struct cp_request {
	enum cp_request_kind kind;
	bool is_forced;                        /* APPLY: although the plan is unsafe */
	char checksum[CP_CHECKSUM_DIGITS + 1]; /* APPLY: this very plan only; "": any */
	uint64_t generation; /* ROLLBACK: to which, 0: the one before. DIFF: from which */
	uint64_t to;         /* DIFF: to which, 0: what is served */
	struct cp_who who;
};

enum cp_outcome {
	CP_OUTCOME_SERVED = 0,  /* the data plane serves it */
	CP_OUTCOME_UNDELIVERED, /* made; the data plane is not there, and gets it when it is */
	CP_OUTCOME_REFUSED,     /* nothing was published: errors, the guard, or meridiand's no */
	CP_OUTCOME_DIFFERS,     /* nothing was published: the plan is not the one that was meant */
	CP_OUTCOME_PLANNED,     /* PLAN, DIFF: here it is */
};
/* `result` is borrowed for the call. */
typedef void (*cp_done_fn)(void *ctx, enum cp_outcome outcome, const json_t *result);

/* cp_engine_ask queues a request. One runs at a time; equal ones of the same user that wait become
 * one run. `done` may be NULL. */
int cp_engine_ask(struct cp_engine *engine, const struct cp_request *request, cp_done_fn done,
		void *ctx);

/* cp_engine_wait calls `done` once, when every worker serves `generation` or a later one, or after
 * timeout_s seconds. */
typedef void (*cp_waited_fn)(void *ctx, bool is_served, uint64_t generation);
int cp_engine_wait(struct cp_engine *engine, uint64_t generation, uint32_t timeout_s,
		cp_waited_fn done, void *ctx);

json_t *cp_engine_status(const struct cp_engine *engine);
json_t *cp_engine_health(const struct cp_engine *engine);
/* cp_engine_counters: NULL while no data plane is connected. */
json_t *cp_engine_counters(const struct cp_engine *engine);
/* cp_engine_history: what was published, the newest first. */
json_t *cp_engine_history(const struct cp_engine *engine);

/* cp_engine_view: the newest table with the newest selection; false when there is none. `ret_geo`
 * may come back NULL. All valid until the loop runs on. */
bool cp_engine_view(const struct cp_engine *engine, struct tbl_view *ret_view,
		const struct cp_geo **ret_geo);
/* cp_engine_watch: what is known of one target of that table; NULL beyond the last. */
struct cp_watch;
const struct cp_watch *cp_engine_watch(const struct cp_engine *engine, uint32_t target);

#endif
