#include "control/engine.h"

#include <errno.h>
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "control/engine_impl.h"
#include "control/messages.h"

/* A data plane that starts together with us says hello within this. */
#define GIVE_UP_S 3

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

static void start_job(struct cp_engine *engine);

static void
answer_caller(struct cp_caller *caller, enum cp_apply_outcome outcome)
{
	if (caller->done != NULL) {
		caller->done(caller->ctx, outcome, caller->result);
	}
	json_decref(caller->result);
	free(caller);
}

static void
answer_all(struct cp_callers *callers, enum cp_apply_outcome outcome, json_t *result)
{
	struct cp_caller *caller;

	while ((caller = TAILQ_FIRST(callers)) != NULL) {
		TAILQ_REMOVE(callers, caller, next);
		json_decref(caller->result);
		caller->result = json_incref(result);
		answer_caller(caller, outcome);
	}
}

void
cp_engine_answered(struct cp_engine *engine, uint64_t generation, enum cp_apply_outcome outcome,
		const char *reason)
{
	struct cp_caller *caller = TAILQ_FIRST(&engine->awaiting);

	while (caller != NULL) {
		struct cp_caller *next = TAILQ_NEXT(caller, next);

		/* An older one was overtaken by this: its zones are in it too. */
		if (caller->generation <= generation) {
			TAILQ_REMOVE(&engine->awaiting, caller, next);
			json_object_set_new(caller->result, "generation",
					json_integer((json_int_t)generation));
			json_object_set_new(caller->result, "published",
					json_boolean(outcome == CP_APPLY_SERVED));
			json_object_set_new(caller->result, "swap_us",
					json_real((double)engine->data_plane.swap_ns / 1000.0));
			if (reason != NULL) {
				json_object_set_new(caller->result, "error", json_string(reason));
			}
			answer_caller(caller, outcome);
		}
		caller = next;
	}
}

static json_t *
names_with_standing(const struct cp_book *book, enum cp_zone_standing standing)
{
	json_t *names = json_array();

	for (size_t i = 0; book != NULL && i < book->cnt; i++) {
		if (book->entries[i].standing == standing) {
			json_array_append_new(names, json_string(book->entries[i].zone.name));
		}
	}
	return names;
}

/* Name -> RRsets of each zone that the book's table has. */
static json_t *
served_sizes(const struct cp_book *book)
{
	json_t *sizes = json_object();

	for (size_t i = 0; i < book->cnt; i++) {
		if (is_cp_zone_served(&book->entries[i])) {
			json_object_set_new(sizes, book->entries[i].zone.name,
					json_integer((json_int_t)book->entries[i].zone.record_cnt));
		}
	}
	return sizes;
}

/* Below this a zone has too few RRsets for a share of them to mean anything (octoDNS:
 * MIN_EXISTING_RECORDS). */
#define SHRINK_RECORDS_MIN 10

static bool
has_shrunk(json_int_t before, json_int_t after, int64_t max_percent)
{
	/* Nothing but the SOA is left: an empty file, which no size of zone makes harmless. */
	if (before > 1 && after <= 1) {
		return true;
	}
	return before >= SHRINK_RECORDS_MIN && (before - after) * 100 > before * max_percent;
}

bool
is_cp_engine_losing(const struct cp_engine *engine, const struct tbl_header *table)
{
	const struct cp_data_plane *plane = &engine->data_plane;
	uint64_t zone_cnt = table->sections[TBL_SECTION_ZONES].cnt;
	uint64_t rrset_cnt = table->sections[TBL_SECTION_RRSETS].cnt;

	return engine->is_unrecorded && plane->is_connected && plane->generation != 0 &&
	       (zone_cnt < plane->zone_cnt || has_shrunk(plane->rrset_cnt, (json_int_t)rrset_cnt,
							      engine->config->max_shrink_percent));
}

/* What this process, or the one before it, served and the book's table would not. */
struct losses {
	json_t *vanishing; /* names */
	json_t *shrinking; /* "example.test. (20 of 25 RRsets)" */
};

static struct losses
find_losses(const struct cp_engine *engine, const struct cp_book *book)
{
	struct losses losses = { json_array(), json_array() };
	json_t *sizes = served_sizes(book);
	const char *name;
	json_t *was;

	json_object_foreach(engine->state->zones, name, was)
	{
		json_int_t before = json_integer_value(was);
		const json_t *now = json_object_get(sizes, name);
		json_int_t after = json_integer_value(now);

		if (now == NULL) {
			json_array_append_new(losses.vanishing, json_string(name));
		} else if (has_shrunk(before, after, engine->config->max_shrink_percent)) {
			json_array_append_new(losses.shrinking,
					json_sprintf("%s (%lld of %lld RRsets)", name,
							(long long)(before - after),
							(long long)before));
		}
	}
	json_decref(sizes);
	return losses;
}

static json_t *
join_names(const json_t *names)
{
	char text[300] = "";
	size_t len = 0;

	for (size_t i = 0; i < json_array_size(names); i++) {
		const json_t *item = json_array_get(names, i);
		int more = snprintf(text + len, sizeof(text) - len, "%s%s", i > 0 ? ", " : "",
				json_string_value(item));

		if (more < 0 || (size_t)more >= sizeof(text) - len) {
			break; /* the list itself is in the result; this is the sentence */
		}
		len += (size_t)more;
	}
	return json_string(text);
}

static json_t *
describe_run(const struct cp_engine *engine)
{
	const struct cp_prepared *prepared = &engine->job.prepared;
	json_t *kept = names_with_standing(prepared->book, CP_ZONE_KEPT);
	json_t *left_out = names_with_standing(prepared->book, CP_ZONE_LEFT_OUT);

	return json_pack("{s:b, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "published", 0,
			"messages", cp_messages_json(&prepared->errors), "kept_zones", kept,
			"left_out_zones", left_out, "error_count",
			(json_int_t)prepared->errors.error_cnt, "load_us",
			(json_int_t)prepared->load_us, "geo_us", (json_int_t)prepared->geo_us,
			"compile_us", (json_int_t)prepared->compile_us, "total_us",
			(json_int_t)(cp_engine_now_us() - engine->job.started_us),
			"applied_unix_ms", (json_int_t)cp_engine_wall_ms());
}

static void
refuse_run(struct cp_engine *engine, json_t *result, const char *error)
{
	json_object_set_new(result, "error", json_string(error));
	cp_engine_note(engine, "nothing published: %s", error);
	answer_all(&engine->running, CP_APPLY_REFUSED, result);
}

static bool
has_nothing_to_lose(const struct cp_engine *engine)
{
	return engine->current.image == NULL && engine->data_plane.is_connected &&
	       engine->data_plane.generation == 0;
}

/* The guard: what would vanish is an error unless forced. True when the run was stopped. */
static bool
is_stopped_by_guard(struct cp_engine *engine, json_t *result)
{
	struct losses losses = find_losses(engine, engine->job.prepared.book);
	bool is_vanishing = json_array_size(losses.vanishing) > 0;
	bool is_stopped = (is_vanishing || json_array_size(losses.shrinking) > 0) &&
	                  !engine->job.is_forced && !has_nothing_to_lose(engine);

	if (is_stopped) {
		char error[512];
		json_t *names = join_names(is_vanishing ? losses.vanishing : losses.shrinking);

		(void)snprintf(error, sizeof(error),
				"would %s %s; if that is wanted: meridianctl apply --force",
				is_vanishing ? "stop serving" : "shrink too much:",
				json_string_value(names));
		json_decref(names);
		json_object_set(result, "vanishing_zones", losses.vanishing);
		json_object_set(result, "shrinking_zones", losses.shrinking);
		refuse_run(engine, result, error);
	}
	json_decref(losses.vanishing);
	json_decref(losses.shrinking);
	if (!is_stopped && !engine->job.is_forced &&
			is_cp_engine_losing(engine, engine->job.prepared.image)) {
		refuse_run(engine, result,
				"meridiand serves more than this would be, and there is no record "
				"of "
				"what; if it is wanted: meridianctl apply --force");
		is_stopped = true;
	}
	return is_stopped;
}

static void
note_left_out(struct cp_engine *engine)
{
	const struct cp_book *book = engine->book;

	for (size_t i = 0; i < book->cnt; i++) {
		if (book->entries[i].standing == CP_ZONE_LEFT_OUT) {
			cp_engine_note(engine, "zone %s has errors and is NOT SERVED",
					book->entries[i].zone.name);
		} else if (book->entries[i].standing == CP_ZONE_KEPT) {
			cp_engine_note(engine,
					"zone %s has errors; its last good version is still served",
					book->entries[i].zone.name);
		}
	}
}

/* A hello may have told of a higher generation since the run began. */
static uint64_t
final_generation(struct cp_engine *engine, void *image)
{
	const struct tbl_header *header = image;
	uint64_t needed = cp_engine_next_generation(engine);

	if (header->generation < needed) {
		tbl_reseal(image, needed, header->built_unix_s);
	}
	return header->generation;
}

void
cp_engine_record(struct cp_engine *engine, uint64_t generation)
{
	int err = cp_state_save_published(engine->state, generation, served_sizes(engine->book));

	if (err != 0) {
		cp_engine_note(engine, "%s: cannot save: %s (publishing all the same)",
				engine->state->published_path, strerrordesc_np(-err));
	}
}

static void
publish_run(struct cp_engine *engine, json_t *result)
{
	struct cp_prepared *prepared = &engine->job.prepared;
	uint64_t generation = final_generation(engine, prepared->image);
	struct cp_caller *caller;
	int err;

	cp_book_free(engine->book);
	engine->book = prepared->book;
	prepared->book = NULL;
	/* Before meridiand has been heard of, this might be less than it serves: on_hello() judges. */
	if (!engine->is_unrecorded || engine->data_plane.is_connected) {
		cp_engine_record(engine, generation);
	}
	json_object_set_new(result, "generation", json_integer((json_int_t)generation));
	json_object_set_new(result, "zones", cp_engine_zone_list(engine->book));
	note_left_out(engine);
	TAILQ_FOREACH(caller, &engine->running, next)
	{
		caller->generation = generation;
		json_decref(caller->result);
		caller->result = json_deep_copy(result);
	}
	TAILQ_CONCAT(&engine->awaiting, &engine->running, next);
	err = cp_engine_take_table(engine, prepared->image, prepared->image_bytes);
	prepared->image = NULL;
	if (err != 0) {
		cp_engine_answered(engine, generation, CP_APPLY_UNDELIVERED,
				err == -ENOTCONN ? "compiled, but meridiand is not connected; it "
						   "gets "
						   "this table when it is"
						 : strerrordesc_np(-err));
	}
}

static bool
is_nothing_served(const struct cp_engine *engine)
{
	return engine->current.image == NULL &&
	       !(engine->data_plane.is_connected && engine->data_plane.generation != 0);
}

/* At start, with nothing to fall back on, there is nothing to stay for. */
static void
refuse_uncompiled(struct cp_engine *engine, json_t *result)
{
	bool is_first = engine->last_apply == NULL;
	char error[300];

	(void)snprintf(error, sizeof(error), "no zone of %s could be compiled",
			engine->config->zones_dir);
	refuse_run(engine, result, error);
	if (is_first && is_nothing_served(engine)) {
		struct timeval delay = { .tv_sec = has_nothing_to_lose(engine) ? 0 : GIVE_UP_S };

		event_add(engine->give_up, &delay);
	}
}

static void
finish_run(struct cp_engine *engine)
{
	struct cp_prepared *prepared = &engine->job.prepared;
	json_t *result = describe_run(engine);
	struct cp_caller *caller = TAILQ_FIRST(&engine->running);

	if (caller != NULL && caller->done == NULL && prepared->errors.cnt > 0) {
		engine->events.on_messages(engine->ctx, &prepared->errors);
	}
	engine->is_guarded = false;
	if (prepared->image == NULL) {
		refuse_uncompiled(engine, result);
	} else if (is_stopped_by_guard(engine, result)) {
		engine->is_guarded = true;
	} else {
		publish_run(engine, result);
	}
	engine->geo = engine->job.workshop.geo;
	cp_workshop_settle(&engine->job.workshop);
	json_decref(engine->last_apply);
	engine->last_apply = result;
	cp_prepared_done(prepared);
}

static void
on_job_done(evutil_socket_t fd, short what, void *arg)
{
	struct cp_engine *engine = arg;
	uint64_t cnt;

	(void)what;
	if (read(fd, &cnt, sizeof(cnt)) != (ssize_t)sizeof(cnt) || !engine->job.is_running) {
		return;
	}
	pthread_join(engine->job.thread, NULL);
	engine->job.is_running = false;
	finish_run(engine);
	start_job(engine);
}

static void *
run_job(void *arg)
{
	struct cp_job *job = arg;
	uint64_t one = 1;

	cp_prepare(&job->workshop, &job->input, &job->prepared);
	/* An eventfd takes a 1 unless it already holds 2^64 - 2. */
	(void)!write(job->done_fd, &one, sizeof(one));
	return NULL;
}

/* Moves those who want the same to `running`: what one forces must not force another's. */
static void
gather_callers(struct cp_engine *engine)
{
	struct cp_caller *caller = TAILQ_FIRST(&engine->queued);

	engine->job.is_forced = caller->is_forced;
	while (caller != NULL && caller->is_forced == engine->job.is_forced) {
		TAILQ_REMOVE(&engine->queued, caller, next);
		TAILQ_INSERT_TAIL(&engine->running, caller, next);
		caller = TAILQ_FIRST(&engine->queued);
	}
}

static void
start_job(struct cp_engine *engine)
{
	struct cp_job *job = &engine->job;
	const struct cp_config *config = engine->config;
	int err;

	if (job->is_running || TAILQ_EMPTY(&engine->queued)) {
		return;
	}
	gather_callers(engine);
	job->started_us = cp_engine_now_us();
	job->input = (struct cp_prepare_input){
		.zones_dir = config->zones_dir,
		.options = cp_config_zones(config),
		.geo_paths = (const char *const *)config->geo_databases.items,
		.geo_path_cnt = config->geo_databases.cnt,
		.served = engine->book,
		.params = {
			.generation = cp_engine_next_generation(engine),
			.built_unix_s = cp_engine_wall_ms() / 1000,
			.hash_seed = { engine->state->hash_seed[0], engine->state->hash_seed[1] },
		},
	};
	err = pthread_create(&job->thread, NULL, run_job, job);
	if (err != 0) {
		json_t *result = json_pack(
				"{s:b, s:s}", "published", 0, "error", strerrordesc_np(err));

		answer_all(&engine->running, CP_APPLY_REFUSED, result);
		json_decref(result);
		return;
	}
	job->is_running = true;
}

int
cp_engine_apply(struct cp_engine *engine, bool is_forced, cp_apply_done_fn done, void *ctx)
{
	struct cp_caller *caller = calloc(1, sizeof(*caller));

	if (caller == NULL) {
		return -ENOMEM;
	}
	caller->is_forced = is_forced;
	caller->done = done;
	caller->ctx = ctx;
	TAILQ_INSERT_TAIL(&engine->queued, caller, next);
	start_job(engine);
	return 0;
}

static void
on_give_up(evutil_socket_t fd, short what, void *arg)
{
	struct cp_engine *engine = arg;

	(void)fd;
	(void)what;
	if (is_nothing_served(engine)) {
		engine->events.on_hopeless(engine->ctx);
	}
}

static int
init_job(struct cp_engine *engine)
{
	struct cp_job *job = &engine->job;
	int err = cp_workshop_init(&job->workshop);

	if (err != 0) {
		return err;
	}
	job->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (job->done_fd < 0) {
		return -errno;
	}
	job->done = event_new(
			engine->base, job->done_fd, EV_READ | EV_PERSIST, on_job_done, engine);
	engine->give_up = evtimer_new(engine->base, on_give_up, engine);
	if (job->done == NULL || engine->give_up == NULL || event_add(job->done, NULL) != 0) {
		return -ENOMEM;
	}
	return 0;
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
	engine->is_unrecorded = state->generation == 0;
	TAILQ_INIT(&engine->queued);
	TAILQ_INIT(&engine->running);
	TAILQ_INIT(&engine->awaiting);
	err = init_job(engine);
	if (err == 0) {
		err = cp_engine_connect(engine);
	}
	if (err == 0) {
		err = cp_engine_apply(engine, false, NULL, NULL);
	}
	if (err != 0) {
		cp_engine_free(engine);
		return err;
	}
	*ret_engine = engine;
	return 0;
}

static void
free_job(struct cp_job *job)
{
	if (job->is_running) {
		pthread_join(job->thread, NULL);
		cp_prepared_done(&job->prepared);
	}
	cp_workshop_done(&job->workshop);
	if (job->done != NULL) {
		event_free(job->done);
	}
	if (job->done_fd >= 0) {
		close(job->done_fd);
	}
}

void
cp_engine_free(struct cp_engine *engine)
{
	json_t *stopping;

	if (engine == NULL) {
		return;
	}
	stopping = json_pack("{s:b, s:s}", "published", 0, "error", "meridian-control is stopping");
	answer_all(&engine->queued, CP_APPLY_REFUSED, stopping);
	answer_all(&engine->running, CP_APPLY_REFUSED, stopping);
	answer_all(&engine->awaiting, CP_APPLY_REFUSED, stopping);
	json_decref(stopping);
	free_job(&engine->job);
	cp_engine_disconnect(engine);
	if (engine->give_up != NULL) {
		event_free(engine->give_up);
	}
	cp_book_free(engine->book);
	json_decref(engine->last_apply);
	free(engine->current.image);
	free(engine->current.selection);
	free(engine);
}
