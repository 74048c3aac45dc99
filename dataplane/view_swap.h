/*
 * The one pointer through which workers see what they answer from, table and cookie secrets alike, and
 * how it is replaced: store the new view, wait until every worker has been seen without a view,
 * release the old one.
 *
 * A worker's burst:          report quiescent; view = dp_swap_current(); ...use it...; again.
 * The cold thread's publish: dp_swap_publish(); on 0 the old view is gone.
 *
 * How quiescence is known is the caller's (struct dp_quiescence): rte_rcu_qsbr in the process,
 * plain atomics in the tests, so that the sanitizers see the whole protocol.
 *
 * Threads:   dp_swap_current by any worker; everything else by the cold thread alone.
 * Memory:    a served view owns a hold on both its images. Published views belong to the swap.
 * Errors:    -ETIMEDOUT: a worker showed no quiescent state; the old view is leaked, not freed.
 */
#ifndef DATAPLANE_VIEW_SWAP_H
#define DATAPLANE_VIEW_SWAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "table/view.h"

#include "dataplane/image.h"
#include "dataplane/message.h"

struct dp_served {
	struct tbl_view view;
	struct dp_image *table;
	struct dp_image *selection; /* NULL: the one embedded in the table */
	struct dp_cookie_keys
			cookie_keys; /* none after dp_served_new; to be set before publishing */
};

/* How the swap learns that every reader has let go. */
struct dp_quiescence {
	void *arg;
	/* start begins a grace period; its return value names it. What was stored before is visible
	 * to every reader that is quiescent after. */
	uint64_t (*start)(void *arg);
	/* is_over: every reader has been quiescent (or offline) since start. */
	bool (*is_over)(void *arg, uint64_t token);
	/* wait_a_moment lets time pass and returns now, in nanoseconds of a steady clock. */
	uint64_t (*wait_a_moment)(void *arg);
	/* now_ns: the same clock, without waiting. */
	uint64_t (*now_ns)(void *arg);
};

struct dp_swap {
	_Atomic(struct dp_served *) current; /* workers get it const: dp_swap_current */
	struct dp_quiescence quiescence;
	uint64_t deadline_ns;    /* longest wait for a grace period */
	unsigned int leaked_cnt; /* views left behind because a worker did not answer */
};

void
dp_swap_init(struct dp_swap *swap, const struct dp_quiescence *quiescence, uint64_t deadline_ns);

/* dp_swap_done releases the current view; no reader may be left. */
void dp_swap_done(struct dp_swap *swap);

/* dp_swap_current: what to answer from until the next quiescent report; NULL: no table yet. */
static inline const struct dp_served *
dp_swap_current(const struct dp_swap *swap)
{
	/* Acquire: nothing of the view may be read before the pointer that leads to it. */
	return atomic_load_explicit(&swap->current, memory_order_acquire);
}

/* dp_answerer_use makes a worker answer from `served` (NULL: no table) until its next quiescent report. */
static inline void
dp_answerer_use(struct dp_answerer *answerer, const struct dp_served *served)
{
	answerer->view = served != NULL ? &served->view : NULL;
	answerer->cookie_keys =
			served != NULL && served->cookie_keys.cnt > 0 ? &served->cookie_keys : NULL;
}

/* dp_served_new makes a view of checked images, taking a hold on each. -ENOMEM. */
int
dp_served_new(struct dp_image *table, struct dp_image *selection, struct dp_served **ret_served);
void dp_served_free(struct dp_served *served);

/* dp_swap_publish makes `served` current and frees its predecessor once no worker can hold it.
 * *ret_swap_ns (0 and -ETIMEDOUT alike) is the time from the store to the last quiescent state. */
int dp_swap_publish(struct dp_swap *swap, struct dp_served *served, uint64_t *ret_swap_ns);

#endif
