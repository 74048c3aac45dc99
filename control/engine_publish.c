/*
 * The engine's side towards the data plane: connection, tables, selections, and the health that
 * selections come from.
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

/* States are saved this long after a change, so that a storm of flips is one write. */
#define SAVE_DELAY_S 1

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
		/* munmap() takes what mmap() gave; nobody writes through it. */
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

/* Every target up: the selection that is embedded in the table says the same. */
static bool
is_all_up(const bool *is_up, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		if (!is_up[i]) {
			return false;
		}
	}
	return true;
}

static void
drop_selection(struct cp_current *current)
{
	free(current->selection);
	current->selection = NULL;
	current->selection_bytes = 0;
}

/* Builds the selection that today's health leaves. With nothing down and nothing to take back the
 * embedded one will do. */
static int
rebuild_selection(struct cp_engine *engine)
{
	struct cp_current *current = &engine->current;
	size_t cnt = engine->watchlist.cnt;
	bool *is_up = calloc(cnt + 1, sizeof(*is_up));
	uint64_t start_us = cp_engine_now_us();
	void *selection = NULL;
	size_t bytes = 0;
	int err = 0;

	if (is_up == NULL) {
		return -ENOMEM;
	}
	cp_watchlist_is_up(&engine->watchlist, is_up);
	if (current->sequence > 0 || !is_all_up(is_up, cnt)) {
		err = tbl_select_build(
				current->image, is_up, current->sequence + 1, &selection, &bytes);
		if (err == 0) {
			drop_selection(current);
			current->selection = selection;
			current->selection_bytes = bytes;
			current->sequence++;
		}
	}
	free(is_up);
	engine->flip.build_us = cp_engine_now_us() - start_us;
	return err;
}

static int
offer_selection(struct cp_engine *engine)
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
	int err = offer_selection(engine);

	return err != 0 ? err : cp_publisher_offer(engine->publisher, &offer);
}

static void
drop_watch(void *ctx, struct cp_watch *watch)
{
	(void)ctx;
	if (watch->probe != NULL) {
		cp_probe_remove(watch->probe);
		watch->probe = NULL;
	}
}

static void
start_probes(struct cp_engine *engine)
{
	for (size_t i = 0; i < engine->watchlist.cnt; i++) {
		struct cp_watch *watch = engine->watchlist.by_key[i];
		struct cp_probe_spec spec = {
			.address = watch->address,
			.interval_ms = watch->interval_ms,
			.timeout_ms = watch->timeout_ms,
			.user = watch,
		};

		if (watch->probe == NULL && watch->unprobed == NULL &&
				cp_probe_add(engine->prober, &spec, &watch->probe) != 0) {
			cp_engine_note(engine, "%s: out of memory: not probed", watch->label);
		}
	}
}

static int
watch_targets(struct cp_engine *engine)
{
	struct tbl_view view;
	size_t cnt = current_header(engine)->sections[TBL_SECTION_TARGETS].cnt;
	const char **keys = calloc(cnt + 1, sizeof(*keys));
	int err;

	if (keys == NULL) {
		return -ENOMEM;
	}
	tbl_view_init(&view, engine->current.image, NULL);
	for (size_t i = 0; i < cnt; i++) {
		keys[i] = view.strings + view.targets[i].key_str;
	}
	err = cp_watchlist_update(&engine->watchlist, keys, cnt, drop_watch, engine);
	free(keys);
	if (err == 0) {
		start_probes(engine);
	}
	return err;
}

int
cp_engine_take_table(struct cp_engine *engine, void *image, size_t image_bytes)
{
	struct cp_current *current = &engine->current;
	int err;

	drop_selection(current);
	free(current->image);
	current->image = image;
	current->image_bytes = image_bytes;
	current->sequence = 0;
	engine->flip.is_dirty = false;
	engine->flip.sent_us = 0;
	err = watch_targets(engine);
	if (err == 0) {
		err = rebuild_selection(engine);
	}
	return err != 0 ? err : offer_table(engine);
}

static void
on_flipped(evutil_socket_t fd, short what, void *arg)
{
	struct cp_engine *engine = arg;
	int err;

	(void)fd;
	(void)what;
	if (!engine->flip.is_dirty) {
		return;
	}
	engine->flip.is_dirty = false;
	/* Even when everything is up again, a selection must take the last one back. */
	err = rebuild_selection(engine);
	if (err == 0) {
		engine->flip.sent_us = engine->flip.seen_us;
		engine->flip.sequence = engine->current.sequence;
		err = offer_selection(engine);
	}
	if (err != 0 && err != -ENOTCONN) {
		cp_engine_note(engine, "cannot publish a selection: %s", strerrordesc_np(-err));
	}
}

static void
save_health(struct cp_engine *engine)
{
	int err;

	if (!engine->has_health_to_save) {
		return;
	}
	engine->has_health_to_save = false;
	err = cp_state_save_health(engine->state, cp_watchlist_save(&engine->watchlist));
	if (err != 0) {
		cp_engine_note(engine, "%s: cannot save: %s", engine->state->health_path,
				strerrordesc_np(-err));
	}
}

static void
on_save(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	save_health(arg);
}

static void
on_probe_result(void *ctx, void *user, const struct cp_probe_result *result)
{
	struct cp_engine *engine = ctx;
	struct cp_watch *watch = user;
	struct timeval delay = { .tv_sec = SAVE_DELAY_S };
	enum cp_health_change change =
			cp_health_note(&watch->health, &watch->limits, result, cp_engine_wall_ms());

	if (change == CP_HEALTH_SAME) {
		return;
	}
	engine->has_health_to_save = true;
	if (!event_pending(engine->save_timer, EV_TIMEOUT, NULL)) {
		event_add(engine->save_timer, &delay);
	}
	if (change == CP_HEALTH_LEARNED) {
		return;
	}
	cp_engine_note(engine, "%s is %s%s%s", watch->label,
			cp_health_state_name(watch->health.state),
			watch->health.reason[0] != '\0' ? ": " : "", watch->health.reason);
	if (!engine->flip.is_dirty) {
		engine->flip.is_dirty = true;
		engine->flip.seen_us = cp_engine_now_us();
		event_active(engine->flipped, EV_TIMEOUT, 0);
	}
}

static void
remember_served(struct cp_engine *engine, const struct tbl_ipc_msg *msg)
{
	engine->data_plane.generation = msg->generation;
	engine->data_plane.sequence = msg->sequence;
	engine->data_plane.content_hash = msg->content_hash;
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
		drop_selection(&engine->current);
	}
	err = rebuild_selection(engine);
	if (err != 0) {
		return err;
	}
	return is_same ? offer_selection(engine) : offer_table(engine);
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
	if (engine->current.image != NULL) {
		int err = offer_everything(engine);

		if (err != 0) {
			cp_engine_note(engine, "cannot publish: %s", strerrordesc_np(-err));
		}
	} else if (hello->generation == 0 && engine->is_guarded) {
		/* Nothing is served, so nothing can vanish. */
		cp_engine_note(engine, "the data plane serves nothing: publishing what there is");
		cp_engine_apply(engine, true, NULL, NULL);
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
	snprintf(plane->reason, sizeof(plane->reason), "%s", reason);
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

	snprintf(engine->data_plane.reason, sizeof(engine->data_plane.reason), "connecting");
	cp_watchlist_init(&engine->watchlist, engine->config->probes.is_enabled);
	cp_watchlist_restore(&engine->watchlist, engine->state->health);
	engine->flipped = evtimer_new(engine->base, on_flipped, engine);
	engine->save_timer = evtimer_new(engine->base, on_save, engine);
	if (engine->flipped == NULL || engine->save_timer == NULL) {
		return -ENOMEM;
	}
	err = cp_prober_new(engine->base, (uint32_t)engine->config->probes.max_concurrent,
			on_probe_result, engine, &engine->prober);
	if (err != 0) {
		return err;
	}
	return cp_publisher_new(engine->base, engine->config->data_plane, &publisher_events, engine,
			&engine->publisher);
}

void
cp_engine_disconnect(struct cp_engine *engine)
{
	save_health(engine);
	cp_publisher_free(engine->publisher);
	cp_prober_free(engine->prober);
	cp_watchlist_done(&engine->watchlist);
	unmap_stats(&engine->data_plane);
	if (engine->flipped != NULL) {
		event_free(engine->flipped);
	}
	if (engine->save_timer != NULL) {
		event_free(engine->save_timer);
	}
}
