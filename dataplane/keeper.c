#include "dataplane/keeper.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/saver.h"
#include "dataplane/store.h"
#include "dataplane/suspects.h"

struct dp_keeper {
	struct dp_keeper_params params;
	struct dp_store *store;       /* NULL: nothing is kept */
	struct dp_suspects *suspects; /* NULL with it */
	bool is_open; /* the first table has been chosen: from now on suspects are refused */
	bool is_mark_failing;   /* told already */
	struct dp_saver *saver; /* NULL until the first table has been served */
	struct event *promotion;
	uint64_t answers_at_swap;
};

/* Replies with data of all workers so far. */
static uint64_t
count_answers(const struct dp_keeper *keeper)
{
	const struct tbl_stats_segment *stats = keeper->params.stats;
	uint64_t cnt = 0;

	for (uint32_t i = 0; i < stats->worker_cnt; i++) {
		/* Relaxed: a moment's difference does not matter. */
		cnt += __atomic_load_n(&stats->workers[i].verdicts[TBL_VERDICT_ANSWER_NOERROR],
				__ATOMIC_RELAXED);
	}
	return cnt;
}

static const struct dp_served *
current(const struct dp_keeper *keeper)
{
	return dp_swap_current(keeper->params.adopter->swap);
}

static void
begin_soak(struct dp_keeper *keeper)
{
	const struct timeval soak = { .tv_sec = keeper->params.promote_after_s };

	event_add(keeper->promotion, &soak);
}

/* The table has been served long enough; without a query it has proved nothing, and soaks on. */
static void
on_promotion(evutil_socket_t fd, short events, void *arg)
{
	struct dp_keeper *keeper = arg;

	(void)fd;
	(void)events;
	if (count_answers(keeper) > keeper->answers_at_swap) {
		uint64_t generation = current(keeper)->view.header->generation;
		struct tbl_error ignored;

		/* Failing leaves a crash counted that is forgiven: at worst one table is passed over. */
		(void)dp_suspects_clear(keeper->suspects,
				current(keeper)->view.header->content_hash, &ignored);
		dp_saver_promote(keeper->saver, generation);
	} else {
		begin_soak(keeper);
	}
}

int
dp_keeper_admit(struct dp_keeper *keeper, const struct tbl_header *table,
		struct tbl_error *ret_error)
{
	struct tbl_error reason;
	bool is_failing;

	if (keeper->suspects == NULL) {
		return 0;
	}
	if (keeper->is_open && is_dp_suspect(keeper->suspects, table->content_hash)) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text),
				"the content of generation %" PRIu64 " was being served at %u "
				"crashes: it is not served again",
				table->generation, DP_SUSPECTS_CRASH_MAX);
		return -EKEYREJECTED;
	}
	/* Before the first query: should that one kill us, the next start knows what was served. */
	is_failing = dp_suspects_serving(keeper->suspects, table->content_hash, &reason) != 0;
	if (is_failing && !keeper->is_mark_failing) {
		keeper->params.say(keeper->params.arg, reason.text);
	}
	keeper->is_mark_failing = is_failing;
	return 0;
}

void
dp_keeper_served(struct dp_keeper *keeper, const struct dp_served *served, bool is_new_table)
{
	uint64_t generation = served->view.header->generation;

	if (keeper->saver == NULL) {
		return;
	}
	if (is_new_table) {
		keeper->answers_at_swap = count_answers(keeper);
		begin_soak(keeper);
		dp_saver_table(keeper->saver, generation, served->table);
	}
	if (served->selection != NULL) {
		dp_saver_selection(keeper->saver, generation, served->selection);
	}
}

static void
say_serving(const struct dp_keeper *keeper, const char *from)
{
	const struct tbl_header *header = current(keeper)->view.header;
	char text[TBL_ERROR_MAX];

	(void)snprintf(text, sizeof(text),
			"serving generation %" PRIu64 " (%" PRIu64 " zones) from %s",
			header->generation, header->sections[TBL_SECTION_ZONES].cnt, from);
	keeper->params.say(keeper->params.arg, text);
}

static int
serve_file(struct dp_keeper *keeper, struct tbl_error *error)
{
	const char *path = keeper->params.table_path;
	struct dp_image *table;
	struct tbl_error reason;
	uint64_t swap_ns;
	int err = dp_image_from_file(path, &table, &reason);

	if (err == 0) {
		err = dp_adopt_table(keeper->params.adopter, table, NULL, &swap_ns, &reason);
	}
	if (err != 0) {
		(void)snprintf(error->text, sizeof(error->text), "table %.80s: %.100s", path,
				reason.text);
		return err;
	}
	say_serving(keeper, path);
	return 0;
}

/* The newest table that the last run left: served at once, control plane or not. */
static int
serve_stored(struct dp_keeper *keeper, struct tbl_error *error)
{
	const struct dp_store_notice notice = { keeper->params.arg, keeper->params.say };
	struct dp_image *table;
	struct dp_image *selection;
	uint64_t swap_ns;
	int err = dp_store_load(keeper->store, keeper->suspects, &notice, &table, &selection);

	if (err == -ENOENT) {
		notice.say(notice.arg, "no table yet: queries are dropped until one is published");
		return 0;
	}
	err = dp_adopt_table(keeper->params.adopter, table, selection, &swap_ns, error);
	if (err == 0) {
		say_serving(keeper, keeper->params.state_dir);
	}
	return err;
}

static int
serve_first(struct dp_keeper *keeper, struct tbl_error *error)
{
	const struct dp_store_notice report = { keeper->params.arg, keeper->params.say };
	int err = keeper->params.table_path != NULL ? serve_file(keeper, error)
	                                            : serve_stored(keeper, error);

	if (err != 0 || keeper->store == NULL) {
		return err;
	}
	if (current(keeper) != NULL) {
		(void)dp_keeper_admit(keeper, current(keeper)->view.header, error);
	}
	keeper->is_open = true;
	err = dp_saver_start(keeper->store, &report, &keeper->saver);
	if (err != 0) {
		(void)snprintf(error->text, sizeof(error->text), "a thread cannot be started: %s",
				strerrordesc_np(-err));
		return err;
	}
	if (keeper->params.table_path != NULL) {
		dp_keeper_served(keeper, current(keeper), true); /* kept as if it were published */
	} else if (current(keeper) != NULL) {
		begin_soak(keeper);
	}
	return 0;
}

static int
open_files(struct dp_keeper *keeper, struct tbl_error *error)
{
	const char *dir = keeper->params.state_dir;
	int err = dir != NULL ? dp_store_open(dir, &keeper->store, error) : 0;

	return err != 0 || dir == NULL ? err : dp_suspects_open(dir, &keeper->suspects, error);
}

int
dp_keeper_open(const struct dp_keeper_params *params, struct dp_keeper **ret_keeper,
		struct tbl_error *ret_error)
{
	struct dp_keeper *keeper = calloc(1, sizeof(*keeper));
	int err = -ENOMEM;

	if (keeper != NULL) {
		keeper->params = *params;
		keeper->promotion = evtimer_new(params->base, on_promotion, keeper);
	}
	if (keeper == NULL || keeper->promotion == NULL) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "out of memory");
	} else {
		err = open_files(keeper, ret_error);
	}
	if (err == 0) {
		err = serve_first(keeper, ret_error);
	}
	if (err != 0) {
		dp_keeper_close(keeper);
		return err;
	}
	*ret_keeper = keeper;
	return 0;
}

void
dp_keeper_close(struct dp_keeper *keeper)
{
	if (keeper == NULL) {
		return;
	}
	dp_saver_stop(keeper->saver);
	dp_store_close(keeper->store);
	dp_suspects_close(keeper->suspects, true);
	if (keeper->promotion != NULL) {
		event_free(keeper->promotion);
	}
	free(keeper);
}
