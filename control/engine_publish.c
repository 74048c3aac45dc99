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

#include "table/build.h"

#include "control/engine_impl.h"

static const struct tbl_header *
current_header(const struct cp_engine *engine)
{
	return engine->current.image;
}

uint64_t
cp_engine_next_generation(const struct cp_engine *engine)
{
	uint64_t highest = engine->state->generation;

	if (engine->data_plane.generation > highest) {
		highest = engine->data_plane.generation;
	}
	if (engine->current.image != NULL && current_header(engine)->generation > highest) {
		highest = current_header(engine)->generation;
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
		.generation = current_header(engine)->generation,
		.sequence = engine->current.sequence,
	};

	if (offer.image == NULL) {
		return 0;
	}
	return cp_publisher_offer(engine->publisher, &offer);
}

static int
offer_table(struct cp_engine *engine)
{
	struct cp_offer offer = {
		.kind = TBL_IPC_TABLE,
		.image = engine->current.image,
		.image_bytes = engine->current.image_bytes,
		.generation = current_header(engine)->generation,
	};
	int err = cp_engine_offer_selection(engine);

	return err != 0 ? err : cp_publisher_offer(engine->publisher, &offer);
}

int
cp_engine_take_table(struct cp_engine *engine, void *image, size_t image_bytes)
{
	struct cp_current *current = &engine->current;
	int err;

	cp_engine_drop_selection(current);
	free(current->image);
	current->image = image;
	current->image_bytes = image_bytes;
	current->sequence = 0;
	engine->flip.is_dirty = false;
	engine->flip.sent_us = 0;
	err = cp_engine_watch_targets(engine);
	if (err == 0) {
		err = cp_engine_rebuild_selection(engine);
	}
	return err != 0 ? err : offer_table(engine);
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
	const struct tbl_header *header = current_header(engine);
	struct cp_data_plane *plane = &engine->data_plane;
	bool is_same = plane->generation == header->generation &&
	               plane->content_hash == header->content_hash;
	int err;

	if (!is_same && plane->generation >= header->generation) {
		tbl_reseal(engine->current.image, cp_engine_next_generation(engine),
				header->built_unix_s);
		err = cp_state_save_published(engine->state, header->generation,
				json_incref(engine->state->zones));
		if (err != 0) {
			cp_engine_note(engine, "%s: cannot save: %s", engine->state->published_path,
					strerrordesc_np(-err));
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
	return is_same ? cp_engine_offer_selection(engine) : offer_table(engine);
}

static void
on_hello(void *ctx, const struct tbl_ipc_msg *hello, int stats_fd)
{
	struct cp_engine *engine = ctx;
	struct cp_data_plane *plane = &engine->data_plane;

	plane->is_connected = true;
	plane->reason[0] = '\0';
	plane->refusal[0] = '\0';
	plane->pid = hello->pid;
	plane->worker_cnt = hello->worker_cnt;
	memcpy(plane->version, hello->text, sizeof(plane->version));
	remember_served(engine, hello);
	map_stats(engine, stats_fd);
	cp_engine_note(engine, "connected to meridiand (pid %u), which serves generation %llu",
			hello->pid, (unsigned long long)hello->generation);
	engine->is_held = engine->current.image != NULL &&
	                  is_cp_engine_losing(engine, current_header(engine));
	if (engine->is_held) {
		cp_engine_note(engine,
				"nothing published: meridiand serves %u zones with %u RRsets, and "
				"there is no record of which; this would be fewer. If that is "
				"wanted: meridianctl apply --force",
				plane->zone_cnt, plane->rrset_cnt);
	} else if (engine->current.image != NULL) {
		int err = offer_everything(engine);

		if (err != 0) {
			cp_engine_note(engine, "cannot publish: %s", strerrordesc_np(-err));
		}
	} else if (hello->generation == 0 && engine->is_guarded) {
		/* Nothing is served, so nothing can vanish. */
		cp_engine_note(engine, "the data plane serves nothing: publishing what there is");
		cp_engine_apply(engine, true, NULL, NULL);
	} else if (hello->generation == 0 && event_pending(engine->give_up, EV_TIMEOUT, NULL)) {
		event_active(engine->give_up, EV_TIMEOUT, 0); /* what it waited for is known */
	}
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
		if (engine->is_unrecorded) {
			engine->is_unrecorded = false;
			cp_engine_record(engine, sent->generation);
		}
		engine->is_held = false;
		cp_engine_note(engine, "generation %llu is served (swap %.1f us)",
				(unsigned long long)sent->generation,
				(double)reply->swap_ns / 1000.0);
		cp_engine_answered(engine, sent->generation, CP_APPLY_SERVED, NULL);
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
		cp_engine_answered(engine, sent->generation, CP_APPLY_REFUSED, reply->text);
	}
}

static void
on_lost(void *ctx, const char *reason)
{
	struct cp_engine *engine = ctx;
	struct cp_data_plane *plane = &engine->data_plane;

	plane->is_connected = false;
	(void)snprintf(plane->reason, sizeof(plane->reason), "%s", reason);
	unmap_stats(plane);
	cp_engine_note(engine, "no connection to meridiand: %s", reason);
	cp_engine_answered(engine, UINT64_MAX, CP_APPLY_UNDELIVERED,
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
	int err;

	(void)snprintf(engine->data_plane.reason, sizeof(engine->data_plane.reason), "connecting");
	err = cp_engine_health_init(engine);
	if (err != 0) {
		return err;
	}
	return cp_publisher_new(engine->base, engine->config->data_plane, &publisher_events, engine,
			&engine->publisher);
}

void
cp_engine_disconnect(struct cp_engine *engine)
{
	cp_publisher_free(engine->publisher);
	cp_engine_health_done(engine);
	unmap_stats(&engine->data_plane);
}
