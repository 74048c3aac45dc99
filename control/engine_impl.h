/*
 * What the files of the engine share: engine.c (requests and their queue), engine_job.c (the slow
 * work, on its own thread), engine_run.c (what comes of a run), engine_history.c (what was
 * published), engine_publish.c (data plane), engine_health.c (targets, selections), engine_report.c
 * (JSON).
 *
 * Threads:   as engine.h; struct cp_job says what its thread may touch.
 * Memory:    everything belongs to the engine.
 * Errors:    as engine.h.
 */
#ifndef CONTROL_ENGINE_IMPL_H
#define CONTROL_ENGINE_IMPL_H

#include <pthread.h>
#include <sys/queue.h>

#include "table/stats.h"

#include "control/brake.h"
#include "control/engine.h"
#include "control/history.h"
#include "control/image.h"
#include "control/plan.h"
#include "control/prepare.h"
#include "control/probe.h"
#include "control/publisher.h"
#include "control/watchlist.h"

struct event;

/* Somebody who asked for something. */
struct cp_caller {
	TAILQ_ENTRY(cp_caller) next;
	struct cp_request request;
	cp_done_fn done; /* NULL: start or SIGHUP, told by notes */
	void *ctx;
	uint64_t asked_us;
	json_t *waited_for; /* who was before it: ["apply by root (meridianctl, pid 4711)"], or NULL */
	uint64_t generation; /* what was published for it; 0: not yet */
	json_t *result;
};
TAILQ_HEAD(cp_callers, cp_caller);

/* Somebody who waits for a generation. */
struct cp_waiter {
	TAILQ_ENTRY(cp_waiter) next;
	struct cp_engine *engine;
	uint64_t generation;
	struct event *timer;
	cp_waited_fn done;
	void *ctx;
};
TAILQ_HEAD(cp_waiters, cp_waiter);

enum cp_step {
	CP_STEP_MAKE,  /* read or load, compile, compare */
	CP_STEP_STORE, /* write the image into the history: a large one takes seconds */
};

/* One run. While is_running its thread owns everything here but the event and `is_busy`; the book that input
 * points to, the configuration, the history's paths and the image compared with do not change. */
struct cp_job {
	bool is_busy; /* a run is on, in one of its steps */
	pthread_t thread;
	bool is_running;
	enum cp_step step;
	struct cp_request request;
	uint64_t started_us;
	int done_fd; /* eventfd the thread writes last */
	struct event *done;
	const struct cp_config *config;
	const struct cp_history *history;
	struct cp_workshop workshop;
	struct cp_prepare_input input;
	struct cp_prepared prepared; /* of a rollback: the image alone */
	struct cp_image *served;     /* what the plan is made against; NULL: nothing is served */
	bool has_plan;               /* asked for one: a table after none needs none */
	json_t *plan;                /* NULL: none was asked for, or see error */
	uint64_t plan_us;
	char error[CP_HISTORY_ERROR_MAX]; /* why there is no image or plan; "": the messages say */
	json_t *result;                   /* from one step to the next */
	int store_error;
};

/* The table that should be served, and the selection on top of it. */
struct cp_current {
	struct cp_image *image; /* NULL: none yet */
	bool is_recovered;      /* from the history: nothing has been published since the start */
	void *selection;        /* NULL: the embedded one */
	size_t selection_bytes;
	uint64_t sequence;
};

/* What the current table replaces, until meridiand has taken that. */
struct cp_previous {
	struct cp_image *image;
	struct cp_book *book;
	json_t *pin;
};

struct cp_data_plane {
	bool is_connected;
	bool is_asked;    /* a table is under way to it */
	char reason[160]; /* why not */
	uint32_t pid;
	uint32_t worker_cnt;
	char version[TBL_IPC_TEXT_MAX];
	uint64_t generation;
	uint64_t sequence;
	uint64_t content_hash;
	uint32_t zone_cnt; /* of what it serves */
	uint32_t rrset_cnt;
	uint64_t swap_ns;
	uint64_t reply_us;
	char refusal[TBL_IPC_TEXT_MAX];        /* of the last image, "" when it was taken */
	const struct tbl_stats_segment *stats; /* mapped, or NULL */
	size_t stats_bytes;
};

/* From the probe result that flipped a target to the data plane's acknowledgement. */
struct cp_flip {
	bool is_dirty;
	uint64_t seen_us;  /* first result not yet in a selection */
	uint64_t sent_us;  /* seen_us of the selection under way; 0: none */
	uint64_t sequence; /* of that selection */
	uint64_t build_us; /* of the last selection */
	uint64_t total_us; /* of the last one acknowledged */
	uint64_t cnt;
};

struct cp_engine {
	struct event_base *base;
	const struct cp_config *config;
	struct cp_state *state;
	struct cp_engine_events events;
	void *ctx;
	uint64_t started_us;
	struct cp_history *history;
	int history_error; /* of its last write, or 0 */
	struct cp_job job;
	struct cp_callers queued;   /* for a later run */
	struct cp_callers running;  /* for the run under way */
	struct cp_callers awaiting; /* published, not acknowledged */
	struct cp_waiters waiters;
	/* What the current table was made from; NULL: not by this process, see control/thaw.h. */
	struct cp_book *book;
	struct cp_current current;
	struct cp_previous previous;
	const struct cp_geo *geo;
	char geo_error[CP_GEO_ERROR_MAX]; /* the workshop's, which its thread may be writing */
	json_t *last_apply; /* result of the last apply or rollback, without its plan */
	bool is_guarded;    /* the last apply was stopped by the guard alone */
	/* What meridiand serves is in no history: its own counts stand in for it. */
	bool is_unrecorded;
	bool is_held; /* the newest table is not offered: it would lose too much */
	struct cp_watchlist watchlist;
	struct cp_brake brake; /* between what is measured and what is answered */
	struct cp_prober *prober;
	struct cp_publisher *publisher;
	struct cp_data_plane data_plane;
	struct cp_flip flip;
	struct event *flipped;     /* selection to be rebuilt, once a turn of the loop */
	struct event *save_timer;  /* health states to be saved */
	struct event *brake_timer; /* the brake holds some back until its minute is over */
	struct event *give_up;     /* nothing compiled at start: is the data plane serving? */
	bool has_health_to_save;
};

uint64_t cp_engine_now_us(void);
uint64_t cp_engine_wall_ms(void);
void cp_engine_note(struct cp_engine *engine, const char *format, ...)
		__attribute__((format(printf, 2, 3)));

/* cp_engine_current: the header of the table that should be served, or NULL. */
const struct tbl_header *cp_engine_current(const struct cp_engine *engine);

/* engine.c */
/* cp_engine_answer_all ends callers; each gets `result` with what is its own added. */
void
cp_engine_answer_all(struct cp_callers *callers, enum cp_outcome outcome, const json_t *result);
/* cp_engine_answered: the data plane said what became of `generation`. */
void cp_engine_answered(struct cp_engine *engine, uint64_t generation, enum cp_outcome outcome,
		const char *reason);
/* cp_engine_ask_self queues an apply nobody asked for. */
int cp_engine_ask_self(struct cp_engine *engine, const char *reason);
/* cp_engine_again puts the callers of the run back in front of the queue. */
void cp_engine_again(struct cp_engine *engine);
/* cp_engine_wake ends the waits for what is served now. */
void cp_engine_wake(struct cp_engine *engine);
/* cp_engine_start_next begins the next run, when none is on. */
void cp_engine_start_next(struct cp_engine *engine);
const char *cp_request_kind_name(enum cp_request_kind kind);

/* engine_job.c */
int cp_job_init(struct cp_engine *engine);
void cp_job_done(struct cp_job *job);
/* cp_job_start runs the job's step on a thread; cp_engine_step_done() follows. */
int cp_job_start(struct cp_job *job);
/* cp_job_clear releases what a run made. */
void cp_job_clear(struct cp_job *job);

/* engine_run.c */
/* cp_engine_step_done: the thread has ended. True when the run is over, false when another step has
 * begun. */
bool cp_engine_step_done(struct cp_engine *engine);
/* is_cp_engine_losing: with nothing recorded, does meridiand serve zones or RRsets that `table` would
 * not? */
bool is_cp_engine_losing(const struct cp_engine *engine, const struct tbl_header *table);
/* is_cp_engine_empty: nothing is served, by anybody. */
bool is_cp_engine_empty(const struct cp_engine *engine);

/* engine_history.c */
int cp_engine_history_init(struct cp_engine *engine);
void cp_engine_history_done(struct cp_engine *engine);
/* cp_engine_recover makes the last published table the current one. */
int cp_engine_recover(struct cp_engine *engine);
/* cp_engine_rollback_target resolves "the one before what is served"; 0: there is none. */
uint64_t cp_engine_rollback_target(const struct cp_engine *engine);
/* cp_engine_record notes that `image` is about to be published by the job's request, under the pin
 * that this request brings or ends. Tells what could not be written, the image included. */
void cp_engine_record(struct cp_engine *engine, const struct cp_image *image);
/* cp_engine_renumber gives the current table a number above everything, in the history too. */
int cp_engine_renumber(struct cp_engine *engine);
/* cp_engine_mark sets what became of a generation. */
void cp_engine_mark(struct cp_engine *engine, uint64_t generation, const char *outcome,
		const char *reason);
/* cp_engine_tell_history notes a failed write (negative errno), once until it is another one. */
void cp_engine_tell_history(struct cp_engine *engine, int err);
/* cp_engine_pin saves a pin (taken over) or its end (NULL) without a new generation. */
void cp_engine_pin(struct cp_engine *engine, json_t *pin);
/* cp_engine_make_pin: the pin of the rollback the job runs. */
json_t *cp_engine_make_pin(const struct cp_engine *engine);

/* engine_publish.c */
int cp_engine_connect(struct cp_engine *engine);
void cp_engine_disconnect(struct cp_engine *engine);
/* cp_engine_take_table makes `image` (held by the caller, taken over) and `book` (taken over; NULL:
 * none) current and offers the table with its selection. -ENOTCONN: current all the same, and sent
 * when the data plane is there. */
int cp_engine_take_table(struct cp_engine *engine, struct cp_image *image, struct cp_book *book);
/* cp_engine_set_aside keeps the current table, if meridiand serves it, for the case that its
 * successor is refused. */
void cp_engine_set_aside(struct cp_engine *engine);
void cp_engine_forget_previous(struct cp_engine *engine);
/* cp_engine_offer_table offers the current table with its selection. */
int cp_engine_offer_table(struct cp_engine *engine);
/* cp_engine_offer_selection offers the current selection; 0 when the embedded one will do. */
int cp_engine_offer_selection(struct cp_engine *engine);
/* cp_engine_next_generation: above everything anybody has seen. */
uint64_t cp_engine_next_generation(const struct cp_engine *engine);

/* engine_health.c */
int cp_engine_health_init(struct cp_engine *engine);
void cp_engine_health_done(struct cp_engine *engine);
/* cp_engine_watch_targets takes the targets of the current table. */
int cp_engine_watch_targets(struct cp_engine *engine);
/* cp_engine_restore_answered sets the targets of a recovered table to what was answered of them. */
void cp_engine_restore_answered(struct cp_engine *engine);
/* cp_engine_rebuild_selection makes the selection that today's health leaves of the current table;
 * with nothing down and nothing to take back the embedded one will do. */
int cp_engine_rebuild_selection(struct cp_engine *engine);
void cp_engine_drop_selection(struct cp_current *current);

/* engine_report.c */
json_t *cp_engine_zone_list(const struct cp_engine *engine);

#endif
