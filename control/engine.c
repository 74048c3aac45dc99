#include "control/engine.h"

#include <errno.h>
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/engine_impl.h"
#include "control/json_read.h"
#include "control/silence.h"

uint64_t
cp_engine_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000ULL + (uint64_t)now.tv_nsec / 1000;
}

uint64_t
cp_engine_wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000ULL + (uint64_t)now.tv_nsec / 1000000;
}

void
cp_engine_note(struct cp_engine *engine, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	/* It is: the line above. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	engine->events.on_note(engine->ctx, text);
}

const struct tbl_header *
cp_engine_current(const struct cp_engine *engine)
{
	return cp_image_header(engine->current.image);
}

const char *
cp_request_kind_name(enum cp_request_kind kind)
{
	switch (kind) {
	case CP_REQUEST_APPLY:
		return "apply";
	case CP_REQUEST_PLAN:
		return "plan";
	case CP_REQUEST_ROLLBACK:
		return "rollback";
	case CP_REQUEST_DIFF:
		break;
	}
	return "diff";
}

static void
free_caller(struct cp_caller *caller)
{
	json_decref(caller->result);
	json_decref(caller->waited_for);
	free(caller);
}

static void
answer_caller(struct cp_caller *caller, enum cp_outcome outcome)
{
	json_object_set_new(caller->result, "elapsed_us",
			json_integer((json_int_t)(cp_engine_now_us() - caller->asked_us)));
	if (caller->waited_for != NULL) {
		json_object_set(caller->result, "waited_for", caller->waited_for);
	}
	if (caller->done != NULL) {
		caller->done(caller->ctx, outcome, caller->result);
	}
	free_caller(caller);
}

void
cp_engine_answer_all(struct cp_callers *callers, enum cp_outcome outcome, const json_t *result)
{
	struct cp_caller *caller;

	while ((caller = TAILQ_FIRST(callers)) != NULL) {
		TAILQ_REMOVE(callers, caller, next);
		json_decref(caller->result);
		/* Not deep: what is inside is shared, and no longer changed by anybody. */
		caller->result = cp_json_copy(result);
		answer_caller(caller, outcome);
	}
}

void
cp_engine_answered(struct cp_engine *engine, uint64_t generation, enum cp_outcome outcome,
		const char *reason)
{
	struct cp_caller *caller = TAILQ_FIRST(&engine->awaiting);

	while (caller != NULL) {
		struct cp_caller *next = TAILQ_NEXT(caller, next);

		/* An older one was overtaken by this: its zones are in it too. */
		if (caller->generation <= generation) {
			TAILQ_REMOVE(&engine->awaiting, caller, next);
			json_object_set_new(caller->result, "published",
					json_boolean(outcome == CP_OUTCOME_SERVED));
			if (outcome == CP_OUTCOME_SERVED) {
				json_object_set_new(caller->result, "generation",
						json_integer((json_int_t)generation));
				json_object_set_new(caller->result, "swap_us",
						json_real((double)engine->data_plane.swap_ns /
								1000.0));
			}
			if (reason != NULL) {
				json_object_set_new(caller->result, "error", json_string(reason));
			}
			answer_caller(caller, outcome);
		}
		caller = next;
	}
}

/* Requests of one user that mean the same become one run: what one forces, or means by a checksum,
 * must not stand for another's. */
static bool
is_same_request(const struct cp_request *a, const struct cp_request *b)
{
	return a->kind == b->kind && a->is_forced == b->is_forced &&
	       a->generation == b->generation && a->to == b->to && a->who.uid == b->who.uid &&
	       (a->who.pid == 0) == (b->who.pid == 0) && strcmp(a->checksum, b->checksum) == 0;
}

static void
gather_callers(struct cp_engine *engine)
{
	struct cp_caller *caller = TAILQ_FIRST(&engine->queued);

	engine->job.request = caller->request;
	while (caller != NULL && is_same_request(&caller->request, &engine->job.request)) {
		TAILQ_REMOVE(&engine->queued, caller, next);
		TAILQ_INSERT_TAIL(&engine->running, caller, next);
		caller = TAILQ_FIRST(&engine->queued);
	}
}

void
cp_engine_again(struct cp_engine *engine)
{
	struct cp_caller *caller;

	while ((caller = TAILQ_LAST(&engine->running, cp_callers)) != NULL) {
		TAILQ_REMOVE(&engine->running, caller, next);
		TAILQ_INSERT_HEAD(&engine->queued, caller, next);
	}
}

static void
refuse_running(struct cp_engine *engine, const char *error)
{
	json_t *result = json_pack("{s:b, s:s}", "published", 0, "error", error);

	cp_engine_answer_all(&engine->running, CP_OUTCOME_REFUSED, result);
	json_decref(result);
}

static void
set_job_up(struct cp_engine *engine)
{
	struct cp_job *job = &engine->job;
	const struct cp_config *config = engine->config;

	job->started_us = cp_engine_now_us();
	job->step = CP_STEP_MAKE;
	job->served = cp_image_hold(engine->current.image);
	/* Everything as "Create" tells nobody anything, unless he asks for it. */
	job->has_plan = job->served != NULL || job->request.who.pid != 0;
	job->input = (struct cp_prepare_input){
		.zones_dir = config->zones_dir,
		.options = cp_config_zones(config),
		.geo_paths = (const char *const *)config->geo_databases.items,
		.geo_path_cnt = config->geo_databases.cnt,
		.served = engine->book,
		.silent = cp_silence_reasons(&engine->watchlist),
		.served_image = job->served != NULL ? job->served->bytes : NULL,
		.params = {
			.generation = cp_engine_next_generation(engine),
			.built_unix_s = cp_engine_wall_ms() / 1000,
			.hash_seed = { engine->state->hash_seed[0], engine->state->hash_seed[1] },
		},
	};
}

/* False: there is nothing to run. */
static bool
can_start(struct cp_engine *engine)
{
	struct cp_request *request = &engine->job.request;

	if (request->kind == CP_REQUEST_ROLLBACK && request->generation == 0) {
		request->generation = cp_engine_rollback_target(engine);
		if (request->generation == 0) {
			refuse_running(engine, "the history has no older table to go back to");
			return false;
		}
	}
	return true;
}

void
cp_engine_start_next(struct cp_engine *engine)
{
	struct cp_job *job = &engine->job;

	while (!job->is_busy && !TAILQ_EMPTY(&engine->queued)) {
		int err;

		gather_callers(engine);
		if (!can_start(engine)) {
			continue;
		}
		set_job_up(engine);
		err = cp_job_start(job);
		job->is_busy = err == 0;
		if (err != 0) {
			cp_job_clear(job);
			refuse_running(engine, strerrordesc_np(-err));
		}
	}
}

static void
tell_who_is_before(json_t *list, const struct cp_request *request)
{
	char who[CP_WHO_TEXT_MAX];

	cp_who_text(&request->who, who);
	json_array_append_new(
			list, json_sprintf("%s by %s", cp_request_kind_name(request->kind), who));
}

static json_t *
list_who_is_before(const struct cp_engine *engine)
{
	const struct cp_caller *caller;
	json_t *list;

	if (!engine->job.is_busy) {
		return NULL;
	}
	list = json_array();
	tell_who_is_before(list, &engine->job.request);
	TAILQ_FOREACH(caller, &engine->queued, next)
	{
		tell_who_is_before(list, &caller->request);
	}
	return list;
}

int
cp_engine_ask(struct cp_engine *engine, const struct cp_request *request, cp_done_fn done,
		void *ctx)
{
	struct cp_caller *caller = calloc(1, sizeof(*caller));

	if (caller == NULL) {
		return -ENOMEM;
	}
	caller->request = *request;
	caller->done = done;
	caller->ctx = ctx;
	caller->asked_us = cp_engine_now_us();
	caller->waited_for = list_who_is_before(engine);
	TAILQ_INSERT_TAIL(&engine->queued, caller, next);
	cp_engine_start_next(engine);
	return 0;
}

int
cp_engine_ask_self(struct cp_engine *engine, const char *reason)
{
	struct cp_request request = { .kind = CP_REQUEST_APPLY, .who = cp_who_self(reason) };

	return cp_engine_ask(engine, &request, NULL, NULL);
}

static void
end_wait(struct cp_waiter *waiter, bool is_served)
{
	struct cp_engine *engine = waiter->engine;

	TAILQ_REMOVE(&engine->waiters, waiter, next);
	waiter->done(waiter->ctx, is_served, engine->data_plane.generation);
	event_free(waiter->timer);
	free(waiter);
}

static bool
is_served_now(const struct cp_engine *engine, uint64_t generation)
{
	/* An acknowledgement and a hello both name what every worker serves. */
	return engine->data_plane.is_connected && engine->data_plane.generation >= generation;
}

void
cp_engine_wake(struct cp_engine *engine)
{
	struct cp_waiter *waiter = TAILQ_FIRST(&engine->waiters);

	while (waiter != NULL) {
		struct cp_waiter *next = TAILQ_NEXT(waiter, next);

		if (is_served_now(engine, waiter->generation)) {
			end_wait(waiter, true);
		}
		waiter = next;
	}
}

static void
on_wait_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	end_wait(arg, false);
}

int
cp_engine_wait(struct cp_engine *engine, uint64_t generation, uint32_t timeout_s, cp_waited_fn done,
		void *ctx)
{
	struct timeval timeout = { .tv_sec = timeout_s };
	struct cp_waiter *waiter;

	if (is_served_now(engine, generation)) {
		done(ctx, true, engine->data_plane.generation);
		return 0;
	}
	waiter = calloc(1, sizeof(*waiter));
	if (waiter == NULL) {
		return -ENOMEM;
	}
	waiter->engine = engine;
	waiter->generation = generation;
	waiter->done = done;
	waiter->ctx = ctx;
	waiter->timer = evtimer_new(engine->base, on_wait_over, waiter);
	if (waiter->timer == NULL || evtimer_add(waiter->timer, &timeout) != 0) {
		if (waiter->timer != NULL) {
			event_free(waiter->timer);
		}
		free(waiter);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&engine->waiters, waiter, next);
	return 0;
}

static void
on_give_up(evutil_socket_t fd, short what, void *arg)
{
	struct cp_engine *engine = arg;

	(void)fd;
	(void)what;
	if (is_cp_engine_empty(engine)) {
		engine->events.on_hopeless(engine->ctx);
	}
}

static int
start_engine(struct cp_engine *engine)
{
	int err = cp_engine_history_init(engine);

	if (err == 0) {
		err = cp_job_init(engine);
	}
	if (err == 0) {
		engine->give_up = evtimer_new(engine->base, on_give_up, engine);
		err = engine->give_up == NULL ? -ENOMEM : 0;
	}
	if (err == 0) {
		err = cp_engine_health_init(engine);
	}
	if (err == 0) {
		err = cp_engine_recover(engine);
	}
	if (err == 0) {
		err = cp_engine_connect(engine);
	}
	return err == 0 ? cp_engine_ask_self(engine, "start") : err;
}

int
cp_engine_new(struct event_base *base, const struct cp_config *config, struct cp_state *state,
		const struct cp_engine_events *events, void *ctx, struct cp_engine **ret_engine)
{
	struct cp_engine *engine = calloc(1, sizeof(*engine));
	int err;

	if (engine == NULL) {
		return -ENOMEM;
	}
	engine->base = base;
	engine->config = config;
	engine->state = state;
	engine->events = *events;
	engine->ctx = ctx;
	engine->started_us = cp_engine_now_us();
	engine->job.done_fd = -1;
	TAILQ_INIT(&engine->queued);
	TAILQ_INIT(&engine->running);
	TAILQ_INIT(&engine->awaiting);
	TAILQ_INIT(&engine->waiters);
	err = start_engine(engine);
	if (err != 0) {
		cp_engine_free(engine);
		return err;
	}
	*ret_engine = engine;
	return 0;
}

static void
turn_everybody_away(struct cp_engine *engine)
{
	struct cp_waiter *waiter = TAILQ_FIRST(&engine->waiters);
	json_t *stopping = json_pack(
			"{s:b, s:s}", "published", 0, "error", "meridian-control is stopping");

	cp_engine_answer_all(&engine->queued, CP_OUTCOME_REFUSED, stopping);
	cp_engine_answer_all(&engine->running, CP_OUTCOME_REFUSED, stopping);
	cp_engine_answer_all(&engine->awaiting, CP_OUTCOME_REFUSED, stopping);
	json_decref(stopping);
	while (waiter != NULL) {
		struct cp_waiter *next = TAILQ_NEXT(waiter, next);

		end_wait(waiter, false);
		waiter = next;
	}
}

void
cp_engine_free(struct cp_engine *engine)
{
	if (engine == NULL) {
		return;
	}
	turn_everybody_away(engine);
	cp_job_done(&engine->job);
	cp_engine_disconnect(engine);
	cp_engine_health_done(engine);
	if (engine->give_up != NULL) {
		event_free(engine->give_up);
	}
	cp_book_free(engine->book);
	cp_engine_forget_previous(engine);
	json_decref(engine->last_apply);
	cp_image_release(engine->current.image);
	free(engine->current.selection);
	cp_engine_history_done(engine);
	free(engine);
}
