/*
 * What the files of the engine share: engine.c (applies), engine_publish.c (data plane),
 * engine_health.c (targets, selections), engine_report.c (JSON).
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
#include "control/prepare.h"
#include "control/probe.h"
#include "control/publisher.h"
#include "control/watchlist.h"

struct event;

/* Somebody who asked for an apply. */
struct cp_caller {
	TAILQ_ENTRY(cp_caller) next;
	bool is_forced;
	cp_apply_done_fn done; /* NULL: start or SIGHUP, told by notes */
	void *ctx;
	uint64_t generation; /* what was published for it; 0: not yet */
	json_t *result;
};
TAILQ_HEAD(cp_callers, cp_caller);

/* One run of cp_prepare(). While is_running the thread owns workshop, input and prepared, and the
 * book that input points to is not changed. */
struct cp_job {
	pthread_t thread;
	bool is_running;
	bool is_forced;
	uint64_t started_us;
	int done_fd; /* eventfd the thread writes last */
	struct event *done;
	struct cp_workshop workshop;
	struct cp_prepare_input input;
	struct cp_prepared prepared;
};

/* The table that should be served, and the selection on top of it. */
struct cp_current {
	void *image; /* NULL: none yet */
	size_t image_bytes;
	void *selection; /* NULL: the embedded one */
	size_t selection_bytes;
	uint64_t sequence;
};

struct cp_data_plane {
	bool is_connected;
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
	struct cp_job job;
	struct cp_callers queued;   /* for the next run */
	struct cp_callers running;  /* for the run under way */
	struct cp_callers awaiting; /* published, not acknowledged */
	struct cp_book *book;       /* what the current table was made from */
	struct cp_current current;
	const struct cp_geo *geo;
	json_t *last_apply;
	bool is_guarded; /* the last apply was stopped by the guard alone */
	/* Nothing is recorded of what was published before: the data plane's counts stand in for it. */
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

/* engine.c */
/* cp_engine_answered: the data plane said what became of `generation`. */
void cp_engine_answered(struct cp_engine *engine, uint64_t generation,
		enum cp_apply_outcome outcome, const char *reason);

/* engine_publish.c */
int cp_engine_connect(struct cp_engine *engine);
void cp_engine_disconnect(struct cp_engine *engine);
/* cp_engine_take_table makes `image` the current table and offers it with its selection. Takes the
 * image over. -ENOTCONN: current all the same, and sent when the data plane is there. */
int cp_engine_take_table(struct cp_engine *engine, void *image, size_t image_bytes);
/* cp_engine_next_generation: above everything anybody has seen. */
uint64_t cp_engine_next_generation(const struct cp_engine *engine);

/* cp_engine_offer_selection offers the current selection; 0 when the embedded one will do. */
int cp_engine_offer_selection(struct cp_engine *engine);

/* engine.c */
/* is_cp_engine_losing: with nothing recorded, does meridiand serve zones or RRsets that `table` would
 * not? */
bool is_cp_engine_losing(const struct cp_engine *engine, const struct tbl_header *table);
/* cp_engine_record notes on disk what the book holds, as published under `generation`. */
void cp_engine_record(struct cp_engine *engine, uint64_t generation);

/* engine_health.c */
int cp_engine_health_init(struct cp_engine *engine);
void cp_engine_health_done(struct cp_engine *engine);
/* cp_engine_watch_targets takes the targets of the current table. */
int cp_engine_watch_targets(struct cp_engine *engine);
/* cp_engine_rebuild_selection makes the selection that today's health leaves of the current table;
 * with nothing down and nothing to take back the embedded one will do. */
int cp_engine_rebuild_selection(struct cp_engine *engine);
void cp_engine_drop_selection(struct cp_current *current);

/* engine_report.c */
json_t *cp_engine_zone_list(const struct cp_book *book);

#endif
