#include "dataplane/view_swap.h"

#include <errno.h>
#include <stdlib.h>

void
dp_swap_init(struct dp_swap *swap, const struct dp_quiescence *quiescence, uint64_t deadline_ns)
{
	atomic_init(&swap->current, NULL);
	swap->quiescence = *quiescence;
	swap->deadline_ns = deadline_ns;
	swap->leaked_cnt = 0;
}

void
dp_swap_done(struct dp_swap *swap)
{
	/* Relaxed: no reader is left, and this thread stored it. */
	dp_served_free(atomic_exchange_explicit(&swap->current, NULL, memory_order_relaxed));
}

int
dp_served_new(struct dp_image *table, struct dp_image *selection, struct dp_served **ret_served)
{
	struct dp_served *served = aligned_alloc(64, (sizeof(*served) + 63u) & ~(size_t)63u);

	if (served == NULL) {
		return -ENOMEM;
	}
	served->table = dp_image_hold(table);
	served->selection = selection != NULL ? dp_image_hold(selection) : NULL;
	served->cookie_keys.cnt = 0;
	tbl_view_init(&served->view, table->bytes, selection != NULL ? selection->bytes : NULL);
	*ret_served = served;
	return 0;
}

void
dp_served_free(struct dp_served *served)
{
	if (served == NULL) {
		return;
	}
	dp_image_drop(served->selection);
	dp_image_drop(served->table);
	free(served);
}

int
dp_swap_publish(struct dp_swap *swap, struct dp_served *served, uint64_t *ret_swap_ns)
{
	const struct dp_quiescence *q = &swap->quiescence;
	uint64_t stored_ns = q->now_ns(q->arg);
	uint64_t now_ns = stored_ns;
	struct dp_served *old;
	uint64_t token;

	/* Release: the view is complete before a worker can find it. Acquire is not needed: the old
	 * pointer was stored by this thread. */
	old = atomic_exchange_explicit(&swap->current, served, memory_order_release);
	token = q->start(q->arg);
	while (!q->is_over(q->arg, token)) {
		if (now_ns - stored_ns >= swap->deadline_ns) {
			/* The worker may still be reading: leaking is the only safe way on. */
			swap->leaked_cnt++;
			*ret_swap_ns = now_ns - stored_ns;
			return -ETIMEDOUT;
		}
		now_ns = q->wait_a_moment(q->arg);
	}
	*ret_swap_ns = q->now_ns(q->arg) - stored_ns;
	dp_served_free(old);
	return 0;
}
