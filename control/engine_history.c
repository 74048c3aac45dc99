/*
 * The engine's memory: the table it finds at a start, the entry each publish gets, and the pin a
 * rollback leaves.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/engine_impl.h"
#include "control/file.h"
#include "control/json_read.h"
#include "control/text.h"

int
cp_engine_history_init(struct cp_engine *engine)
{
	struct conf_errors notes = { 0 };
	char *dir = cp_path_join(engine->config->state_dir, "history");
	/* The table being served is always one of them. */
	size_t keep = engine->config->history_keep > 0 ? (size_t)engine->config->history_keep : 1;
	int err = dir == NULL ? -ENOMEM : cp_history_open(dir, keep, &notes, &engine->history);

	if (notes.cnt > 0) {
		engine->events.on_messages(engine->ctx, &notes);
	}
	conf_errors_free(&notes);
	free(dir);
	return err;
}

void
cp_engine_history_done(struct cp_engine *engine)
{
	cp_history_free(engine->history);
}

void
cp_engine_tell_history(struct cp_engine *engine, int err)
{
	if (err != 0 && err != engine->history_error) {
		cp_engine_note(engine, "%s: cannot save: %s (publishing all the same)",
				cp_history_dir(engine->history), strerrordesc_np(-err));
	}
	engine->history_error = err;
}

static void
save_published(struct cp_engine *engine, uint64_t generation, json_t *pin)
{
	int err = cp_state_save_published(engine->state, generation, pin);

	if (err != 0) {
		cp_engine_note(engine, "%s: cannot save: %s (publishing all the same)",
				engine->state->published_path, strerrordesc_np(-err));
	}
}

/* The last published table, or why it is not known. -ENOENT: nothing has ever been published. */
static int
load_newest(const struct cp_engine *engine, struct cp_image **ret_image,
		char error[CP_HISTORY_ERROR_MAX])
{
	const json_t *entry = cp_history_newest(engine->history);
	uint64_t generation = (uint64_t)cp_json_number(entry, "generation");
	uint64_t given_out = engine->state->generation;
	void *bytes;
	size_t size;
	int err;

	if (given_out > generation && cp_history_find(engine->history, given_out) == NULL) {
		(void)snprintf(error, CP_HISTORY_ERROR_MAX,
				"the history does not have generation %llu, the last one published",
				(unsigned long long)given_out);
		return -EBADMSG;
	}
	if (entry == NULL) {
		return -ENOENT;
	}
	err = cp_history_load(engine->history, generation, &bytes, &size, error);
	return err != 0 ? err : cp_image_new(bytes, size, ret_image);
}

int
cp_engine_recover(struct cp_engine *engine)
{
	char error[CP_HISTORY_ERROR_MAX] = "out of memory";
	int err = load_newest(engine, &engine->current.image, error);

	if (err != 0) {
		if (err != -ENOENT) {
			cp_engine_note(engine, "%s: what is served is not known record by record",
					error);
		}
		engine->is_unrecorded = true;
		return err == -ENOMEM ? err : 0;
	}
	engine->current.is_recovered = true;
	err = cp_engine_watch_targets(engine);
	if (err != 0) {
		return err;
	}
	cp_engine_restore_answered(engine);
	return cp_engine_rebuild_selection(engine);
}

uint64_t
cp_engine_rollback_target(const struct cp_engine *engine)
{
	const struct tbl_header *current = cp_engine_current(engine);
	uint64_t before = UINT64_MAX;
	char hash[CP_HASH_TEXT_MAX] = "";

	if (current != NULL) {
		before = current->generation;
		cp_hash_text(current->content_hash, hash);
	}
	/* Again and again goes further and further back, not to and fro. */
	if (engine->state->pin != NULL) {
		before = (uint64_t)cp_json_number(engine->state->pin, "of");
	}
	return cp_history_before(engine->history, before, hash);
}

static const char *
entry_kind(const struct cp_request *request)
{
	return request->who.pid == 0 && strcmp(request->who.name, "start") == 0
	                       ? "start"
	                       : cp_request_kind_name(request->kind);
}

static json_t *
begin_entry(const struct tbl_header *header, const char *kind, json_t *who, const char *summary)
{
	char hash[CP_HASH_TEXT_MAX];

	cp_hash_text(header->content_hash, hash);
	return json_pack("{s:I, s:I, s:s, s:o, s:s, s:s, s:s}", "generation",
			(json_int_t)header->generation, "unix_s",
			(json_int_t)(cp_engine_wall_ms() / 1000), "kind", kind, "who", who,
			"summary", summary, "content_hash", hash, "outcome", CP_HISTORY_SENT);
}

static void
describe_table(const struct tbl_header *header, char *text, size_t size)
{
	(void)snprintf(text, size, "first table: %llu zones, %llu names",
			(unsigned long long)header->sections[TBL_SECTION_ZONES].cnt,
			(unsigned long long)header->sections[TBL_SECTION_NODES].cnt);
}

static json_t *
make_entry(const struct cp_engine *engine, const struct tbl_header *header)
{
	const struct cp_job *job = &engine->job;
	struct tbl_view view;
	char summary[200];
	json_t *entry;

	describe_table(header, summary, sizeof(summary));
	if (job->plan != NULL) {
		cp_plan_summary(job->plan, summary, sizeof(summary));
	}
	entry = begin_entry(
			header, entry_kind(&job->request), cp_who_json(&job->request.who), summary);
	tbl_view_init(&view, header, NULL);
	json_object_set_new(entry, "geo", json_string(view.strings + header->geo_description_str));
	json_object_set_new(entry, "forced", json_boolean(job->request.is_forced));
	if (job->plan != NULL) {
		json_object_set(entry, "checksum", json_object_get(job->plan, "checksum"));
	}
	if (job->request.kind == CP_REQUEST_ROLLBACK) {
		json_object_set_new(entry, "of", json_integer((json_int_t)job->request.generation));
	}
	/* Not offered yet, and perhaps never: see on_hello(). */
	if (engine->is_unrecorded && !engine->data_plane.is_connected) {
		json_object_set_new(entry, "outcome", json_string(CP_HISTORY_HELD));
	}
	return entry;
}

json_t *
cp_engine_make_pin(const struct cp_engine *engine)
{
	const struct cp_request *request = &engine->job.request;
	char who[CP_WHO_TEXT_MAX];

	cp_who_text(&request->who, who);
	return json_pack("{s:I, s:s, s:I}", "of", (json_int_t)request->generation, "who", who,
			"unix_s", (json_int_t)(cp_engine_wall_ms() / 1000));
}

void
cp_engine_record(struct cp_engine *engine, const struct cp_image *image)
{
	const struct tbl_header *header = cp_image_header(image);
	bool is_rollback = engine->job.request.kind == CP_REQUEST_ROLLBACK;

	int err = cp_history_add(engine->history, make_entry(engine, header));

	cp_engine_tell_history(
			engine, engine->job.store_error != 0 ? engine->job.store_error : err);
	save_published(engine, header->generation, is_rollback ? cp_engine_make_pin(engine) : NULL);
}

void
cp_engine_pin(struct cp_engine *engine, json_t *pin)
{
	save_published(engine, engine->state->generation, pin);
}

int
cp_engine_renumber(struct cp_engine *engine)
{
	uint64_t before = cp_engine_current(engine)->generation;
	uint64_t generation = cp_engine_next_generation(engine);
	struct cp_who self = cp_who_self("meridian-control");
	const struct tbl_header *header;
	char summary[100];
	int store_error;
	int err = cp_image_renumber(&engine->current.image, generation);

	if (err != 0) {
		return err;
	}
	header = cp_engine_current(engine);
	(void)snprintf(summary, sizeof(summary),
			"generation %llu's content again: meridiand served another table",
			(unsigned long long)before);
	/* A link is quick; without one a restart knows less, which it will say. */
	store_error = cp_history_store(engine->history, generation, before, NULL, 0);
	err = cp_history_add(engine->history,
			begin_entry(header, "resend", cp_who_json(&self), summary));
	cp_engine_tell_history(engine, store_error != 0 ? store_error : err);
	save_published(engine, generation, json_incref(engine->state->pin));
	return 0;
}

void
cp_engine_mark(struct cp_engine *engine, uint64_t generation, const char *outcome,
		const char *reason)
{
	int err = cp_history_mark(engine->history, generation, outcome, reason);

	if (err != 0) { /* a success says nothing about the images */
		cp_engine_tell_history(engine, err);
	}
}
