/*
 * What comes of a run: is it what was meant, is it safe, does it change anything; then it is
 * written down and published, or everybody is told why not.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/build.h"

#include "control/engine_impl.h"
#include "control/json_read.h"
#include "control/messages.h"
#include "control/silence.h"

/* A data plane that starts together with us says hello within this. */
#define GIVE_UP_S 3

static bool
is_self(const struct cp_engine *engine)
{
	return engine->job.request.who.pid == 0;
}

bool
is_cp_engine_empty(const struct cp_engine *engine)
{
	return engine->current.image == NULL &&
	       !(engine->data_plane.is_connected && engine->data_plane.generation != 0);
}

static bool
has_shrunk(uint32_t before, uint64_t after, double max_share)
{
	/* Nothing but the SOA is left: an empty file, which no size of zone makes harmless. */
	if (before > 1 && after <= 1) {
		return true;
	}
	return before >= CP_PLAN_EXISTING_MIN && after < before &&
	       (double)(before - after) > (double)before * max_share;
}

bool
is_cp_engine_losing(const struct cp_engine *engine, const struct tbl_header *table)
{
	const struct cp_data_plane *plane = &engine->data_plane;

	return engine->is_unrecorded && plane->is_connected && plane->generation != 0 &&
	       plane->content_hash != table->content_hash &&
	       (table->sections[TBL_SECTION_ZONES].cnt < plane->zone_cnt ||
			       has_shrunk(plane->rrset_cnt, table->sections[TBL_SECTION_RRSETS].cnt,
					       engine->config->delete_pcent_threshold));
}

/* The table compared with may have gone meanwhile: refused by meridiand, or not what it serves. */
static bool
is_outdated(const struct cp_engine *engine)
{
	const struct tbl_header *now = cp_engine_current(engine);
	const struct tbl_header *then = cp_image_header(engine->job.served);

	if (now == NULL || then == NULL) {
		return now != then;
	}
	return now->content_hash != then->content_hash;
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

/* Why this must not be published without being forced: the plan's reasons, and our own. */
static json_t *
list_unsafe(const struct cp_engine *engine)
{
	const struct cp_job *job = &engine->job;
	json_t *unsafe = json_array();
	char text[200];

	json_array_extend(unsafe, json_object_get(job->plan, "unsafe"));
	if (job->request.kind != CP_REQUEST_DIFF && job->prepared.image != NULL &&
			is_cp_engine_losing(engine, job->prepared.image)) {
		(void)snprintf(text, sizeof(text),
				"meridiand serves %u zones with %u RRsets, this has fewer, and "
				"there is no record of which, force required",
				engine->data_plane.zone_cnt, engine->data_plane.rrset_cnt);
		json_array_append_new(unsafe, json_string(text));
	}
	return unsafe;
}

static void
add_plan(const struct cp_engine *engine, json_t *result)
{
	const struct cp_job *job = &engine->job;
	char summary[200];

	json_object_set_new(result, "unsafe", list_unsafe(engine));
	if (job->plan == NULL) {
		return;
	}
	cp_plan_summary(job->plan, summary, sizeof(summary));
	json_object_set_new(result, "summary", json_string(summary));
	json_object_set(result, "checksum", json_object_get(job->plan, "checksum"));
	json_object_set(result, "plan", job->plan);
	if (job->request.kind != CP_REQUEST_DIFF && job->served == NULL &&
			engine->data_plane.is_connected && engine->data_plane.generation != 0) {
		json_object_set_new(result, "is_served_unknown", json_true());
	}
}

static json_t *
describe_run(const struct cp_engine *engine)
{
	const struct cp_job *job = &engine->job;
	const struct cp_prepared *prepared = &job->prepared;
	json_t *result = json_pack("{s:s, s:o, s:b, s:b, s:o, s:o, s:o, s:I}", "kind",
			cp_request_kind_name(job->request.kind), "who",
			cp_who_json(&job->request.who), "forced", job->request.is_forced,
			"published", 0, "messages", cp_messages_json(&prepared->errors),
			"kept_zones", names_with_standing(prepared->book, CP_ZONE_KEPT),
			"left_out_zones", names_with_standing(prepared->book, CP_ZONE_LEFT_OUT),
			"error_count", (json_int_t)prepared->errors.error_cnt);
	json_t *numbers = json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I}", "reads",
			(int)prepared->read_cnt, "load_us", (json_int_t)prepared->load_us, "geo_us",
			(json_int_t)prepared->geo_us, "compile_us",
			(json_int_t)prepared->compile_us, "plan_us", (json_int_t)job->plan_us,
			"total_us", (json_int_t)(cp_engine_now_us() - job->started_us),
			"applied_unix_ms", (json_int_t)cp_engine_wall_ms());

	json_object_update(result, numbers);
	json_decref(numbers);
	if (job->request.kind == CP_REQUEST_ROLLBACK) {
		json_object_set_new(
				result, "of", json_integer((json_int_t)job->request.generation));
	}
	add_plan(engine, result);
	return result;
}

/* What a status shows: the plan may be as large as the zones. */
static void
remember_result(struct cp_engine *engine, json_t *result)
{
	json_t *kept = json_copy(result);

	json_object_del(kept, "plan");
	json_decref(engine->last_apply);
	engine->last_apply = kept;
}

static void
refuse_run(struct cp_engine *engine, json_t *result, enum cp_outcome outcome, const char *error)
{
	const struct cp_request *request = &engine->job.request;

	json_object_set_new(result, "error", json_string(error));
	if (request->kind == CP_REQUEST_APPLY || request->kind == CP_REQUEST_ROLLBACK) {
		cp_engine_note(engine, "nothing published: %s", error);
		remember_result(engine, result);
	}
	cp_engine_answer_all(&engine->running, outcome, result);
}

/* At start, with nothing to fall back on, there is nothing to stay for. */
static void
refuse_uncompiled(struct cp_engine *engine, json_t *result)
{
	bool is_first = engine->last_apply == NULL;
	char error[300];

	(void)snprintf(error, sizeof(error), "no zone of %s could be compiled",
			engine->config->zones_dir);
	refuse_run(engine, result, CP_OUTCOME_REFUSED, error);
	if (is_first && is_cp_engine_empty(engine)) {
		struct timeval delay = { .tv_sec = engine->data_plane.is_connected ? 0
			                                                           : GIVE_UP_S };

		event_add(engine->give_up, &delay);
	}
}

/* Is there a reason against it, and nobody who wants it all the same? */
static bool
is_stopped_by_guard(const struct cp_engine *engine, const json_t *result)
{
	const struct cp_request *request = &engine->job.request;

	return !request->is_forced && request->kind != CP_REQUEST_ROLLBACK &&
	       json_array_size(json_object_get(result, "unsafe")) > 0;
}

static void
refuse_unsafe(struct cp_engine *engine, json_t *result)
{
	const json_t *unsafe = json_object_get(result, "unsafe");
	size_t cnt = json_array_size(unsafe);
	char more[40] = "";
	char error[600];

	if (cnt > 1) {
		(void)snprintf(more, sizeof(more), " (and %zu more)", cnt - 1);
	}
	(void)snprintf(error, sizeof(error),
			"%.400s%s; if that is wanted: meridianctl apply --force",
			json_string_value(json_array_get(unsafe, 0)), more);
	engine->is_guarded = true;
	refuse_run(engine, result, CP_OUTCOME_REFUSED, error);
}

static void
refuse_other_plan(struct cp_engine *engine, json_t *result)
{
	char error[300];

	(void)snprintf(error, sizeof(error),
			"the plan is another one now: its checksum is %s, not %s; look at it first",
			cp_json_text(result, "checksum"), engine->job.request.checksum);
	refuse_run(engine, result, CP_OUTCOME_DIFFERS, error);
}

/* A start or a SIGHUP publishes nothing while a rollback holds. */
static void
leave_pinned(struct cp_engine *engine, json_t *result)
{
	cp_engine_note(engine,
			"nothing published: rolled back to generation %lld's content; the zones "
			"directory counts again after: meridianctl apply",
			cp_json_number(engine->state->pin, "of"));
	json_object_set_new(result, "is_pinned", json_true());
	remember_result(engine, result);
	cp_engine_answer_all(&engine->running, CP_OUTCOME_PLANNED, result);
}

static void
note_zones(struct cp_engine *engine)
{
	const struct cp_book *book = engine->book;

	for (size_t i = 0; book != NULL && i < book->cnt; i++) {
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

static bool
is_unchanged(const struct cp_engine *engine)
{
	const struct tbl_header *current = cp_engine_current(engine);
	const struct tbl_header *made = engine->job.prepared.image;

	return current != NULL && !engine->is_held && current->content_hash == made->content_hash;
}

static void
await_answer(struct cp_engine *engine, uint64_t generation, const json_t *result)
{
	struct cp_caller *caller;

	TAILQ_FOREACH(caller, &engine->running, next)
	{
		caller->generation = generation;
		json_decref(caller->result);
		caller->result = cp_json_copy(result);
	}
	TAILQ_CONCAT(&engine->awaiting, &engine->running, next);
}

static void
answer_undelivered(struct cp_engine *engine, uint64_t generation, int err)
{
	cp_engine_answered(engine, generation, CP_OUTCOME_UNDELIVERED,
			err == -ENOTCONN ? "made, but meridiand is not connected; it gets this "
					   "table "
					   "when it is"
					 : strerrordesc_np(-err));
}

/* What is known of the health of what is about to be served: of new targets nothing, yet. */
static void
add_health(struct cp_engine *engine, json_t *result)
{
	struct tbl_view view;
	json_t *silent = NULL;

	if (engine->job.prepared.default_checks != NULL) {
		cp_silence_mark(&engine->watchlist, engine->job.prepared.default_checks);
	}
	tbl_view_init(&view, cp_engine_current(engine), NULL);
	silent = cp_silence_list(&engine->watchlist, &view, cp_engine_wall_ms());
	if (silent != NULL) {
		json_object_set_new(result, "never_answered", silent);
	}
	json_object_set_new(result, "not_yet_probed",
			json_integer((json_int_t)cp_silence_unprobed_cnt(&engine->watchlist)));
}

/* The same content as now: no generation is spent on it, but it must be what is served. */
static void
conclude_unchanged(struct cp_engine *engine, json_t *result)
{
	struct cp_job *job = &engine->job;
	const struct cp_data_plane *plane = &engine->data_plane;
	const struct tbl_header *current = cp_engine_current(engine);
	bool is_served = plane->is_connected && plane->generation == current->generation &&
	                 plane->content_hash == current->content_hash;
	int err = 0;

	cp_book_free(engine->book);
	engine->book = job->prepared.book;
	job->prepared.book = NULL;
	note_zones(engine);
	if (job->request.kind == CP_REQUEST_ROLLBACK) {
		cp_engine_pin(engine, cp_engine_make_pin(engine));
	} else if (engine->state->pin != NULL) {
		cp_engine_pin(engine, NULL);
	}
	cp_engine_note(engine, "nothing changes: generation %llu goes on",
			(unsigned long long)current->generation);
	json_object_set_new(result, "is_unchanged", json_true());
	json_object_set_new(result, "generation", json_integer((json_int_t)current->generation));
	json_object_set_new(result, "zones", cp_engine_zone_list(engine));
	add_health(engine, result);
	remember_result(engine, result);
	if (is_served) {
		json_object_set_new(result, "swap_us", json_real((double)plane->swap_ns / 1000.0));
		cp_engine_answer_all(&engine->running, CP_OUTCOME_SERVED, result);
		return;
	}
	await_answer(engine, current->generation, result);
	if (!plane->is_asked) {
		err = cp_engine_offer_table(engine);
	}
	if (err != 0) {
		answer_undelivered(engine, current->generation, err);
	}
}

/* A hello may have told of a higher generation since the image was stored. */
static void
settle_generation(struct cp_engine *engine)
{
	struct cp_prepared *prepared = &engine->job.prepared;
	const struct tbl_header *header = prepared->image;
	uint64_t stored = header->generation;
	uint64_t needed = cp_engine_next_generation(engine);

	if (stored < needed) {
		tbl_reseal(prepared->image, needed, header->built_unix_s);
		if (engine->job.store_error == 0) {
			engine->job.store_error =
					cp_history_store(engine->history, needed, stored, NULL, 0);
		}
	}
}

static void
publish_run(struct cp_engine *engine, json_t *result)
{
	struct cp_prepared *prepared = &engine->job.prepared;
	struct cp_image *image;
	struct cp_book *book;
	uint64_t generation;
	int err;

	settle_generation(engine);
	err = cp_image_new(prepared->image, prepared->image_bytes, &image);
	prepared->image = NULL;
	if (err != 0) {
		refuse_run(engine, result, CP_OUTCOME_REFUSED, strerrordesc_np(-err));
		return;
	}
	generation = cp_image_header(image)->generation;
	cp_engine_set_aside(engine);
	cp_engine_record(engine, image);
	book = prepared->book;
	prepared->book = NULL;
	err = cp_engine_take_table(engine, image, book);
	note_zones(engine);
	json_object_set_new(result, "generation", json_integer((json_int_t)generation));
	json_object_set_new(result, "zones", cp_engine_zone_list(engine));
	add_health(engine, result);
	remember_result(engine, result);
	await_answer(engine, generation, result);
	if (err != 0) {
		answer_undelivered(engine, generation, err);
	}
}

/* Into the history first, whatever becomes of it: then it can be found again. False: the thread is
 * at it. */
static bool
begin_storing(struct cp_engine *engine, json_t *result)
{
	struct cp_job *job = &engine->job;
	const struct tbl_header *header = job->prepared.image;
	int err;

	tbl_reseal(job->prepared.image, cp_engine_next_generation(engine), header->built_unix_s);
	job->step = CP_STEP_STORE;
	err = cp_job_start(job);
	if (err == 0) {
		job->result = json_incref(result);
		return false;
	}
	job->store_error = err;
	publish_run(engine, result);
	return true;
}

static bool
judge_table(struct cp_engine *engine, json_t *result)
{
	const struct cp_job *job = &engine->job;
	const struct cp_request *request = &job->request;

	engine->is_guarded = false;
	if (job->error[0] != '\0') {
		refuse_run(engine, result, CP_OUTCOME_REFUSED, job->error);
	} else if (job->prepared.image == NULL) {
		refuse_uncompiled(engine, result);
	} else if (request->checksum[0] != '\0' &&
			strcmp(request->checksum, cp_json_text(result, "checksum")) != 0) {
		refuse_other_plan(engine, result);
	} else if (is_self(engine) && engine->state->pin != NULL) {
		leave_pinned(engine, result);
	} else if (is_unchanged(engine)) {
		conclude_unchanged(engine, result);
	} else if (is_stopped_by_guard(engine, result)) {
		refuse_unsafe(engine, result);
	} else {
		return begin_storing(engine, result);
	}
	return true;
}

static void
conclude_plan(struct cp_engine *engine, json_t *result)
{
	const struct cp_job *job = &engine->job;

	if (job->error[0] != '\0') {
		refuse_run(engine, result, CP_OUTCOME_REFUSED, job->error);
	} else if (job->plan == NULL) {
		refuse_uncompiled(engine, result);
	} else {
		cp_engine_answer_all(&engine->running, CP_OUTCOME_PLANNED, result);
	}
}

/* Whatever was replaced in the run is let go: nobody looks at it any more. */
static void
settle_workshop(struct cp_engine *engine)
{
	engine->geo = engine->job.workshop.geo;
	memcpy(engine->geo_error, engine->job.workshop.geo_error, sizeof(engine->geo_error));
	cp_workshop_settle(&engine->job.workshop);
}

static bool
finish_making(struct cp_engine *engine)
{
	const struct cp_job *job = &engine->job;
	json_t *result;
	bool is_over = true;

	settle_workshop(engine);
	if (job->request.kind != CP_REQUEST_DIFF && is_outdated(engine)) {
		cp_engine_again(engine);
		return true;
	}
	result = describe_run(engine);
	if (is_self(engine) && job->prepared.errors.cnt > 0) {
		engine->events.on_messages(engine->ctx, &job->prepared.errors);
	}
	switch (job->request.kind) {
	case CP_REQUEST_APPLY:
	case CP_REQUEST_ROLLBACK:
		is_over = judge_table(engine, result);
		break;
	case CP_REQUEST_PLAN:
	case CP_REQUEST_DIFF:
		conclude_plan(engine, result);
		break;
	}
	json_decref(result);
	return is_over;
}

/* While the image was written meridiand may have said hello, and what it serves: the guard looks
 * again, or a start would publish what an apply a moment later is refused. */
static void
finish_storing(struct cp_engine *engine)
{
	json_t *result = engine->job.result;

	json_object_set_new(result, "unsafe", list_unsafe(engine));
	if (is_outdated(engine)) {
		cp_engine_again(engine);
	} else if (is_stopped_by_guard(engine, result)) {
		refuse_unsafe(engine, result);
	} else {
		publish_run(engine, result);
	}
}

bool
cp_engine_step_done(struct cp_engine *engine)
{
	if (engine->job.step == CP_STEP_MAKE) {
		return finish_making(engine);
	}
	finish_storing(engine);
	return true;
}
