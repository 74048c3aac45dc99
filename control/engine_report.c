/*
 * What the engine knows, as JSON for the API. Every number carries its unit in its name.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/counters.h"
#include "control/engine_impl.h"
#include "control/json_read.h"
#include "control/silence.h"
#include "control/text.h"

static const char *
standing_name(enum cp_zone_standing standing)
{
	switch (standing) {
	case CP_ZONE_FRESH:
		return "served";
	case CP_ZONE_KEPT:
		return "kept";
	case CP_ZONE_LEFT_OUT:
		return "left_out";
	case CP_ZONE_DROPPED:
		break;
	}
	return "dropped";
}

/* Of a table that this process did not make, the table itself says what is in it. */
static json_t *
list_zones_of_table(const struct tbl_header *header)
{
	json_t *zones = json_array();
	struct tbl_view view;
	size_t cnt = header != NULL ? header->sections[TBL_SECTION_ZONES].cnt : 0;

	if (header != NULL) {
		tbl_view_init(&view, header, NULL);
	}
	for (size_t i = 0; i < cnt; i++) {
		json_array_append_new(zones,
				json_pack("{s:s, s:s, s:I}", "name",
						view.strings + view.zones[i].name_str, "standing",
						standing_name(CP_ZONE_FRESH), "records",
						(json_int_t)view.zones[i].record_cnt));
	}
	return zones;
}

json_t *
cp_engine_zone_list(const struct cp_engine *engine)
{
	const struct cp_book *book = engine->book;
	json_t *zones;

	if (book == NULL) {
		return list_zones_of_table(cp_engine_current(engine));
	}
	zones = json_array();
	for (size_t i = 0; i < book->cnt; i++) {
		const struct cp_book_entry *entry = &book->entries[i];

		json_array_append_new(zones,
				json_pack("{s:s, s:s, s:I}", "name", entry->zone.name, "standing",
						standing_name(entry->standing), "records",
						(json_int_t)entry->zone.record_cnt));
	}
	return zones;
}

struct health_counts {
	size_t up, down, unknown, unprobed;
	size_t never_answered; /* of the first three */
	size_t blocked;        /* likewise: something of ours keeps them from being probed */
	const struct cp_watch *first_blocked;
};

static struct health_counts
count_health(const struct cp_watchlist *list)
{
	struct health_counts counts = { 0 };

	for (size_t i = 0; i < list->cnt; i++) {
		const struct cp_watch *watch = list->by_key[i];

		if (watch->unprobed != NULL) {
			counts.unprobed++;
		} else if (watch->health.state == CP_HEALTH_UP) {
			counts.up++;
		} else if (watch->health.state == CP_HEALTH_DOWN) {
			counts.down++;
		} else {
			counts.unknown++;
		}
		counts.never_answered +=
				watch->unprobed == NULL && is_cp_health_never_up(&watch->health);
		if (watch->health.is_last_void && counts.blocked++ == 0) {
			counts.first_blocked = watch;
		}
	}
	return counts;
}

static json_t *
health_summary(const struct cp_engine *engine)
{
	struct health_counts counts = count_health(&engine->watchlist);

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "targets",
			(json_int_t)engine->watchlist.cnt, "up", (json_int_t)counts.up, "down",
			(json_int_t)counts.down, "unknown", (json_int_t)counts.unknown, "unprobed",
			(json_int_t)counts.unprobed, "never_answered",
			(json_int_t)counts.never_answered, "probes_waiting",
			(json_int_t)cp_prober_waiting(engine->prober));
}

static json_t *
hash_json(uint64_t hash)
{
	char text[CP_HASH_TEXT_MAX];

	cp_hash_text(hash, text);
	return json_string(text);
}

static json_t *
table_json(const struct cp_engine *engine)
{
	const struct tbl_header *header = cp_engine_current(engine);
	uint64_t now_s = cp_engine_wall_ms() / 1000;

	if (header == NULL) {
		return json_null();
	}
	return json_pack("{s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "generation",
			(json_int_t)header->generation, "sequence",
			(json_int_t)engine->current.sequence, "content_hash",
			hash_json(header->content_hash), "zones",
			(json_int_t)header->sections[TBL_SECTION_ZONES].cnt, "names",
			(json_int_t)header->sections[TBL_SECTION_NODES].cnt, "dynamic_records",
			(json_int_t)header->sections[TBL_SECTION_DYNS].cnt, "locations",
			(json_int_t)header->sections[TBL_SECTION_LEAVES].cnt, "image_bytes",
			(json_int_t)header->image_bytes, "age_s",
			(json_int_t)(now_s > header->built_unix_s ? now_s - header->built_unix_s
								  : 0));
}

static json_t *
data_plane_json(const struct cp_engine *engine)
{
	const struct cp_data_plane *plane = &engine->data_plane;
	json_t *object = json_pack("{s:b, s:s}", "connected", plane->is_connected, "socket",
			engine->config->data_plane);

	if (!plane->is_connected) {
		json_object_set_new(object, "reason", json_string(plane->reason));
		return object;
	}
	json_object_set_new(object, "pid", json_integer(plane->pid));
	json_object_set_new(object, "version", json_string(plane->version));
	json_object_set_new(object, "workers", json_integer(plane->worker_cnt));
	json_object_set_new(object, "generation", json_integer((json_int_t)plane->generation));
	json_object_set_new(object, "sequence", json_integer((json_int_t)plane->sequence));
	json_object_set_new(object, "content_hash", hash_json(plane->content_hash));
	json_object_set_new(object, "last_swap_us", json_real((double)plane->swap_ns / 1000.0));
	json_object_set_new(object, "last_reply_us", json_integer((json_int_t)plane->reply_us));
	if (plane->refusal[0] != '\0') {
		json_object_set_new(object, "refused_because", json_string(plane->refusal));
	}
	return object;
}

static json_t *
geo_json(const struct cp_engine *engine)
{
	const struct cp_geo *geo = engine->geo;
	const struct tbl_header *header = cp_engine_current(engine);
	struct tbl_view view;
	json_t *json;

	if (geo == NULL) {
		return json_null();
	}
	json = json_pack("{s:s, s:I, s:I, s:I}", "description", geo->description, "build_epoch_s",
			(json_int_t)geo->build_epoch_s, "prefixes",
			(json_int_t)geo->table.prefix_cnt, "records_of_unknown_country",
			(json_int_t)geo->unknown_cnt);
	/* A table that was rolled back to, or that was not replaced, has the one of its time. */
	if (header != NULL) {
		tbl_view_init(&view, header, NULL);
		json_object_set_new(json, "in_table",
				json_string(view.strings + header->geo_description_str));
	}
	return json;
}

static void __attribute__((format(printf, 2, 3)))
add_problem(json_t *problems, const char *format, ...)
{
	char text[600];
	va_list args;

	va_start(args, format);
	/* It is: the line above. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(problems, json_string(text));
}

static void
find_zone_problems(const struct cp_engine *engine, json_t *problems)
{
	for (size_t i = 0; engine->book != NULL && i < engine->book->cnt; i++) {
		const struct cp_book_entry *entry = &engine->book->entries[i];

		if (entry->standing == CP_ZONE_LEFT_OUT) {
			add_problem(problems, "zone %s has errors and is not served",
					entry->zone.name);
		} else if (entry->standing == CP_ZONE_KEPT) {
			add_problem(problems, "zone %s has errors: its last good version is served",
					entry->zone.name);
		}
	}
}

static void
find_data_plane_problems(const struct cp_engine *engine, json_t *problems)
{
	const struct cp_data_plane *plane = &engine->data_plane;
	const struct tbl_header *header = cp_engine_current(engine);

	if (!plane->is_connected) {
		add_problem(problems, "meridiand is not connected: %s", plane->reason);
		return;
	}
	if (plane->refusal[0] != '\0') {
		add_problem(problems, "meridiand refused the last table or selection: %s",
				plane->refusal);
	}
	if (engine->is_held) {
		add_problem(problems,
				"the newest table is held back: meridiand serves %u zones with %u "
				"RRsets, this has fewer, and there is no record of which; "
				"meridianctl apply --force if that is wanted",
				plane->zone_cnt, plane->rrset_cnt);
	}
	if (header != NULL && header->generation != plane->generation) {
		add_problem(problems,
				"meridiand serves generation %" PRIu64 ", the newest is %" PRIu64,
				plane->generation, header->generation);
	}
}

static void
find_change_problems(const struct cp_engine *engine, json_t *problems)
{
	const json_t *pin = engine->state->pin;
	const char *error = json_string_value(json_object_get(engine->last_apply, "error"));
	const json_t *who = json_object_get(engine->last_apply, "who");

	if (error != NULL) {
		add_problem(problems, "the last %s (%s) published nothing: %s",
				cp_json_text(engine->last_apply, "kind"), cp_json_text(who, "name"),
				error);
	}
	if (pin != NULL) {
		add_problem(problems,
				"rolled back to generation %lld's content by %s; the zones "
				"directory "
				"is not served until: meridianctl apply",
				cp_json_number(pin, "of"), cp_json_text(pin, "who"));
	}
	if (engine->is_unrecorded && engine->data_plane.is_connected &&
			engine->data_plane.generation != 0 && !engine->is_held) {
		add_problem(problems,
				"what meridiand serves is in no history: plans cannot be made "
				"against it");
	}
	if (engine->geo_error[0] != '\0') {
		add_problem(problems, "geo database: %s; %s", engine->geo_error,
				engine->geo != NULL ? "the one read before stays in use"
						    : "there is none to compile with");
	}
	if (engine->history_error != 0) {
		add_problem(problems, "%s: cannot save: %s", cp_history_dir(engine->history),
				strerrordesc_np(-engine->history_error));
	}
}

static void
find_silence(const struct cp_engine *engine, json_t *problems)
{
	struct tbl_view view;

	if (engine->current.image == NULL) {
		return;
	}
	tbl_view_init(&view, cp_engine_current(engine), NULL);
	if (cp_silence_tell(&engine->watchlist, &view, problems) != 0) {
		add_problem(problems, "some health targets have never once answered; no memory to "
				      "say which");
	}
}

/* What somebody has to do something about; the first thing a status says. */
static json_t *
problems_json(const struct cp_engine *engine)
{
	json_t *problems = json_array();
	struct health_counts counts = count_health(&engine->watchlist);

	if (engine->current.image == NULL) {
		add_problem(problems, "no table has been made yet");
	}
	find_change_problems(engine, problems);
	find_data_plane_problems(engine, problems);
	find_zone_problems(engine, problems);
	find_silence(engine, problems);
	if (counts.blocked > 0) {
		add_problem(problems, "%zu health targets cannot be probed from here, e.g. %s: %s",
				counts.blocked, counts.first_blocked->label,
				counts.first_blocked->health.reason);
	}
	if (counts.down > 0) {
		add_problem(problems, "%zu of %zu health targets are down", counts.down,
				engine->watchlist.cnt);
	}
	if (engine->brake.is_panicking) {
		add_problem(problems,
				"fewer than %u %% of the health targets are up: all are answered",
				engine->brake.limits.min_up_percent);
	}
	if (engine->brake.held_cnt > 0) {
		add_problem(problems,
				"%zu health targets are down and still answered: more than %u in a "
				"minute",
				engine->brake.held_cnt, engine->brake.limits.max_down_per_min);
	}
	if (engine->state->health_error != 0) {
		add_problem(problems, "%s could not be read at start: %s",
				engine->state->health_path,
				strerrordesc_np(-engine->state->health_error));
	}
	return problems;
}

json_t *
cp_engine_status(const struct cp_engine *engine)
{
	const struct cp_flip *flip = &engine->flip;
	const json_t *last_change;
	json_t *status = json_pack("{s:o, s:s, s:i, s:I}", "problems", problems_json(engine),
			"version", MERIDIAN_VERSION, "pid", (int)getpid(), "uptime_s",
			(json_int_t)((cp_engine_now_us() - engine->started_us) / 1000000));

	json_object_set_new(status, "data_plane", data_plane_json(engine));
	json_object_set_new(status, "table", table_json(engine));
	json_object_set_new(status, "zones", cp_engine_zone_list(engine));
	json_object_set_new(status, "health", health_summary(engine));
	json_object_set_new(status, "geo", geo_json(engine));
	json_object_set_new(status, "selection_flips",
			json_pack("{s:I, s:I, s:I}", "count", (json_int_t)flip->cnt,
					"last_build_us", (json_int_t)flip->build_us,
					"last_probe_to_served_us", (json_int_t)flip->total_us));
	json_object_set_new(status, "last_apply",
			engine->last_apply != NULL ? json_incref(engine->last_apply) : json_null());
	last_change = cp_history_newest(engine->history);
	json_object_set_new(status, "last_change",
			last_change != NULL ? cp_json_copy(last_change) : json_null());
	json_object_set_new(status, "pinned",
			engine->state->pin != NULL ? json_incref(engine->state->pin) : json_null());
	json_object_set_new(status, "is_applying", json_boolean(engine->job.is_busy));
	return status;
}

json_t *
cp_engine_health(const struct cp_engine *engine)
{
	return json_pack("{s:o, s:o}", "summary", health_summary(engine), "targets",
			cp_watchlist_json(&engine->watchlist, cp_engine_wall_ms()));
}

json_t *
cp_engine_history(const struct cp_engine *engine)
{
	json_t *history = json_pack("{s:o, s:s}", "entries", cp_history_list(engine->history),
			"directory", cp_history_dir(engine->history));

	json_object_set_new(history, "pinned",
			engine->state->pin != NULL ? json_incref(engine->state->pin) : json_null());
	return history;
}

json_t *
cp_engine_counters(const struct cp_engine *engine)
{
	if (engine->data_plane.stats == NULL) {
		return NULL;
	}
	return cp_counters_json(engine->data_plane.stats);
}

bool
cp_engine_view(const struct cp_engine *engine, struct tbl_view *ret_view,
		const struct cp_geo **ret_geo)
{
	if (engine->current.image == NULL) {
		return false;
	}
	tbl_view_init(ret_view, cp_engine_current(engine), engine->current.selection);
	*ret_geo = engine->geo;
	return true;
}

const struct cp_watch *
cp_engine_watch(const struct cp_engine *engine, uint32_t target)
{
	return target < engine->watchlist.cnt ? engine->watchlist.by_target[target] : NULL;
}
