/*
 * The engine's side towards the data plane: the connection, tables and selections on their way.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/engine_impl.h"
#include "control/json_read.h"

uint64_t
cp_engine_next_generation(const struct cp_engine *engine)
{
	const struct tbl_header *current = cp_engine_current(engine);
	uint64_t highest = engine->state->generation;

	if (engine->data_plane.generation > highest) {
		highest = engine->data_plane.generation;
	}
	if (current != NULL && current->generation > highest) {
		highest = current->generation;
	}
	if (cp_history_cnt(engine->history) > 0) {
		const json_t *last =
				cp_history_at(engine->history, cp_history_cnt(engine->history) - 1);
		uint64_t noted = (uint64_t)cp_json_number(last, "generation");

		highest = noted > highest ? noted : highest;
	}
	return highest + 1;
}

static void
unmap_stats(struct cp_data_plane *plane)
{
	if (plane->stats != NULL) {
		/* Mapped to be read; munmap does not care. NOLINTNEXTLINE(performance-no-int-to-ptr) */
		munmap((void *)(uintptr_t)plane->stats, plane->stats_bytes);
		plane->stats = NULL;
	}
}

static void
map_stats(struct cp_engine *engine, int fd)
{
	struct cp_data_plane *plane = &engine->data_plane;
	struct stat info;
	void *bytes;

	unmap_stats(plane);
	if (fd < 0) {
		return;
	}
	if (fstat(fd, &info) != 0 || (size_t)info.st_size < sizeof(struct tbl_stats_segment)) {
		cp_engine_note(engine, "the data plane's counters are too small to be ours");
		close(fd);
		return;
	}
	bytes = mmap(NULL, sizeof(struct tbl_stats_segment), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (bytes == MAP_FAILED) {
		cp_engine_note(engine, "cannot map the data plane's counters: %s",
				strerrordesc_np(errno));
		return;
	}
	plane->stats = bytes;
	plane->stats_bytes = sizeof(struct tbl_stats_segment);
	if (plane->stats->magic != TBL_STATS_MAGIC || plane->stats->version != TBL_STATS_VERSION) {
		cp_engine_note(engine, "the data plane's counters are of another version");
		unmap_stats(plane);
	}
}

int
cp_engine_offer_selection(struct cp_engine *engine)
{
	struct cp_offer offer = {
		.kind = TBL_IPC_SELECTION,
		.image = engine->current.selection,
		.image_bytes = engine->current.selection_bytes,
		.generation = cp_engine_current(engine)->generation,
		.sequence = engine->current.sequence,
	};

	if (offer.image == NULL) {
		return 0;
	}
	return cp_publisher_offer(engine->publisher, &offer);
}

int
cp_engine_offer_table(struct cp_engine *engine)
{
	struct cp_offer offer = {
		.kind = TBL_IPC_TABLE,
		.image = engine->current.image->bytes,
		.image_bytes = engine->current.image->size,
		.generation = cp_engine_current(engine)->generation,
	};
	int err = cp_engine_offer_selection(engine);

	if (err == 0) {
		err = cp_publisher_offer(engine->publisher, &offer);
	}
	engine->data_plane.is_asked = err == 0;
	return err;
}

void
cp_engine_forget_previous(struct cp_engine *engine)
{
	cp_image_release(engine->previous.image);
	cp_book_free(engine->previous.book);
	json_decref(engine->previous.pin);
	memset(&engine->previous, 0, sizeof(engine->previous));
}

void
cp_engine_set_aside(struct cp_engine *engine)
{
	const struct tbl_header *current = cp_engine_current(engine);

	/* What meridiand has not taken yet is not worth coming back to: then what is kept already
	 * is what it serves. */
	if (current == NULL || current->generation != engine->data_plane.generation) {
		return;
	}
	cp_engine_forget_previous(engine);
	engine->previous.image = cp_image_hold(engine->current.image);
	engine->previous.book = engine->book;
	engine->previous.pin = json_incref(engine->state->pin);
	engine->book = NULL;
}

int
cp_engine_take_table(struct cp_engine *engine, struct cp_image *image, struct cp_book *book)
{
	struct cp_current *current = &engine->current;
	int err;

	cp_book_free(engine->book);
	engine->book = book;
	cp_engine_drop_selection(current);
	cp_image_release(current->image);
	current->image = image;
	current->is_recovered = false;
	current->sequence = 0;
	engine->flip.is_dirty = false;
	engine->flip.sent_us = 0;
	err = cp_engine_watch_targets(engine);
	if (err == 0) {
		err = cp_engine_rebuild_selection(engine);
	}
	return err != 0 ? err : cp_engine_offer_table(engine);
}

/* meridiand goes on with what it had; so does everything here: plans are made against it, and the
 * health of its targets is what counts. */
static void
take_previous_back(struct cp_engine *engine)
{
	struct cp_current *current = &engine->current;
	int err;

	cp_engine_drop_selection(current);
	cp_image_release(current->image);
	cp_book_free(engine->book);
	current->image = engine->previous.image;
	current->sequence = engine->data_plane.sequence;
	engine->book = engine->previous.book;
	cp_engine_pin(engine, engine->previous.pin);
	memset(&engine->previous, 0, sizeof(engine->previous));
	err = cp_engine_watch_targets(engine);
	if (err == 0) {
		err = cp_engine_rebuild_selection(engine);
	}
	if (err == 0) {
		err = cp_engine_offer_selection(engine);
	}
	cp_engine_note(engine, "generation %llu goes on%s%s",
			(unsigned long long)cp_engine_current(engine)->generation,
			err != 0 ? ": " : "", err != 0 ? strerrordesc_np(-err) : "");
}

static void
remember_served(struct cp_engine *engine, const struct tbl_ipc_msg *msg)
{
	engine->data_plane.generation = msg->generation;
	engine->data_plane.sequence = msg->sequence;
	engine->data_plane.content_hash = msg->content_hash;
	engine->data_plane.zone_cnt = msg->zone_cnt;
	engine->data_plane.rrset_cnt = msg->rrset_cnt;
}

/* The data plane has another table, or one with our number and other content: it gets ours under
 * a number above its own. */
static int
offer_everything(struct cp_engine *engine)
{
	const struct tbl_header *header = cp_engine_current(engine);
	struct cp_data_plane *plane = &engine->data_plane;
	bool is_same = plane->generation == header->generation &&
	               plane->content_hash == header->content_hash;
	int err;

	if (!is_same && plane->generation >= header->generation) {
		err = cp_engine_renumber(engine);
		if (err != 0) {
			return err;
		}
		engine->current.sequence = 0;
	}
	if (is_same && plane->sequence > engine->current.sequence) {
		engine->current.sequence = plane->sequence;
	}
	if (!is_same || engine->current.sequence != plane->sequence) {
		cp_engine_drop_selection(&engine->current);
	}
	err = cp_engine_rebuild_selection(engine);
	if (err != 0) {
		return err;
	}
	if (!is_same) {
		return cp_engine_offer_table(engine);
	}
	cp_engine_forget_previous(engine);
	cp_engine_mark(engine, header->generation, CP_HISTORY_SERVED, NULL);
	return cp_engine_offer_selection(engine);
}

/* Is there a table at meridiand that is newer than the one found in the history? Then the history
 * is not complete, and what it has must not come back by itself. */
static bool
is_history_behind(const struct cp_engine *engine)
{
	const struct tbl_header *header = cp_engine_current(engine);
	const struct cp_data_plane *plane = &engine->data_plane;

	return header != NULL && engine->current.is_recovered &&
	       plane->generation > header->generation &&
	       plane->content_hash != header->content_hash;
}

static void
forget_recovered(struct cp_engine *engine)
{
	cp_engine_note(engine,
			"the history ends with generation %llu: what meridiand serves is not known "
			"record by record",
			(unsigned long long)cp_engine_current(engine)->generation);
	cp_engine_drop_selection(&engine->current);
	cp_image_release(engine->current.image);
	engine->current.image = NULL;
	engine->current.is_recovered = false;
	engine->is_unrecorded = true;
	/* A run that compared with it begins again by itself. */
	if (!engine->job.is_busy && cp_engine_ask_self(engine, "start") != 0) {
		cp_engine_note(engine, "out of memory");
	}
}

static void
hold_back(struct cp_engine *engine)
{
	engine->is_held = true;
	cp_engine_note(engine,
			"nothing published: meridiand serves %u zones with %u RRsets, and there is "
			"no record of which; this would be fewer. If that is wanted: meridianctl "
			"apply --force",
			engine->data_plane.zone_cnt, engine->data_plane.rrset_cnt);
}

/* There is no table to offer. With nothing served either, nothing can be lost. */
static void
begin_from_nothing(struct cp_engine *engine)
{
	if (engine->data_plane.generation != 0) {
		return;
	}
	if (engine->is_guarded || engine->state->pin != NULL) {
		cp_engine_note(engine, "the data plane serves nothing: publishing what there is");
		if (engine->state->pin != NULL) {
			cp_engine_pin(engine, NULL); /* the table it held is in no history */
		}
		(void)cp_engine_ask_self(engine, "start");
	} else if (event_pending(engine->give_up, EV_TIMEOUT, NULL)) {
		event_active(engine->give_up, EV_TIMEOUT, 0); /* what it waited for is known */
	}
}

/* What is to be done now that it is known what meridiand serves. */
static void
catch_up(struct cp_engine *engine)
{
	int err;

	if (is_history_behind(engine)) {
		forget_recovered(engine);
	}
	engine->is_held = false;
	if (engine->current.image == NULL) {
		begin_from_nothing(engine);
	} else if (is_cp_engine_losing(engine, cp_engine_current(engine))) {
		hold_back(engine);
	} else {
		err = offer_everything(engine);
		if (err != 0) {
			cp_engine_note(engine, "cannot publish: %s", strerrordesc_np(-err));
		}
	}
}

static void
on_hello(void *ctx, const struct tbl_ipc_msg *hello, int stats_fd)
{
	struct cp_engine *engine = ctx;
	struct cp_data_plane *plane = &engine->data_plane;

	plane->is_connected = true;
	plane->is_asked = false;
	plane->reason[0] = '\0';
	plane->refusal[0] = '\0';
	plane->pid = hello->pid;
	plane->worker_cnt = hello->worker_cnt;
	memcpy(plane->version, hello->text, sizeof(plane->version));
	remember_served(engine, hello);
	map_stats(engine, stats_fd);
	cp_engine_note(engine, "connected to meridiand (pid %u), which serves generation %llu",
			hello->pid, (unsigned long long)hello->generation);
	catch_up(engine);
	cp_engine_wake(engine);
}

static void
take_acknowledgement(struct cp_engine *engine, const struct tbl_ipc_msg *sent,
		const struct tbl_ipc_msg *reply, uint64_t waited_us)
{
	struct cp_data_plane *plane = &engine->data_plane;

	remember_served(engine, reply);
	plane->reply_us = waited_us;
	plane->swap_ns = reply->swap_ns;
	plane->refusal[0] = '\0';
	if (sent->kind == TBL_IPC_TABLE) {
		engine->is_unrecorded = false;
		engine->is_held = false;
		plane->is_asked = sent->generation < cp_engine_current(engine)->generation;
		if (!plane->is_asked) {
			cp_engine_forget_previous(engine);
		}
		cp_engine_note(engine, "generation %llu is served (swap %.1f us)",
				(unsigned long long)sent->generation,
				(double)reply->swap_ns / 1000.0);
		cp_engine_answered(engine, sent->generation, CP_OUTCOME_SERVED, NULL);
		cp_engine_wake(engine);
		cp_engine_mark(engine, sent->generation, CP_HISTORY_SERVED, NULL);
	} else if (engine->flip.sent_us != 0 && engine->flip.sequence == sent->sequence) {
		engine->flip.total_us = cp_engine_now_us() - engine->flip.sent_us;
		engine->flip.sent_us = 0;
		engine->flip.cnt++;
		cp_engine_note(engine, "selection %llu.%llu is served, %.1f ms after the probe",
				(unsigned long long)sent->generation,
				(unsigned long long)sent->sequence,
				(double)engine->flip.total_us / 1000.0);
	}
}

static void
take_refusal(struct cp_engine *engine, uint64_t generation, const char *reason)
{
	struct cp_data_plane *plane = &engine->data_plane;
	const struct tbl_header *previous = cp_image_header(engine->previous.image);

	cp_engine_mark(engine, generation, CP_HISTORY_REFUSED, reason);
	if (generation == cp_engine_current(engine)->generation) {
		plane->is_asked = false;
		if (previous != NULL && previous->generation == plane->generation) {
			take_previous_back(engine);
		}
	}
	cp_engine_answered(engine, generation, CP_OUTCOME_REFUSED, reason);
}

static void
on_reply(void *ctx, const struct tbl_ipc_msg *sent, const struct tbl_ipc_msg *reply,
		uint64_t waited_us)
{
	struct cp_engine *engine = ctx;
	struct cp_data_plane *plane = &engine->data_plane;

	if (reply->kind == TBL_IPC_ACK) {
		take_acknowledgement(engine, sent, reply, waited_us);
		return;
	}
	memcpy(plane->refusal, reply->text, sizeof(plane->refusal));
	cp_engine_note(engine, "the data plane refused %s %llu.%llu: %s",
			sent->kind == TBL_IPC_TABLE ? "table" : "selection",
			(unsigned long long)sent->generation, (unsigned long long)sent->sequence,
			reply->text);
	if (sent->kind == TBL_IPC_TABLE) {
		take_refusal(engine, sent->generation, reply->text);
	}
}

static void
on_lost(void *ctx, const char *reason)
{
	struct cp_engine *engine = ctx;
	struct cp_data_plane *plane = &engine->data_plane;

	plane->is_connected = false;
	plane->is_asked = false;
	(void)snprintf(plane->reason, sizeof(plane->reason), "%s", reason);
	unmap_stats(plane);
	cp_engine_note(engine, "no connection to meridiand: %s", reason);
	cp_engine_answered(engine, UINT64_MAX, CP_OUTCOME_UNDELIVERED,
			"compiled, but the connection to meridiand was lost; it gets this table "
			"when it is back");
}

int
cp_engine_connect(struct cp_engine *engine)
{
	static const struct cp_publisher_events publisher_events = {
		.on_hello = on_hello,
		.on_reply = on_reply,
		.on_lost = on_lost,
	};

	(void)snprintf(engine->data_plane.reason, sizeof(engine->data_plane.reason), "connecting");
	return cp_publisher_new(engine->base, engine->config->data_plane, &publisher_events, engine,
			&engine->publisher);
}

void
cp_engine_disconnect(struct cp_engine *engine)
{
	cp_publisher_free(engine->publisher);
	unmap_stats(&engine->data_plane);
}
