#include "dataplane/quiesce.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <rte_rcu_qsbr.h>

/* Between two looks at the workers: short beside a burst's few microseconds times a few workers,
 * long enough that the cold thread leaves a shared CPU to a worker. */
#define POLL_NS 20000L

struct dp_quiesce {
	struct rte_rcu_qsbr *qsbr;
};

int
dp_quiesce_new(unsigned int worker_cnt, struct dp_quiesce **ret_quiesce)
{
	struct dp_quiesce *quiesce = calloc(1, sizeof(*quiesce));
	size_t size = rte_rcu_qsbr_get_memsize(worker_cnt);

	if (quiesce == NULL) {
		return -ENOMEM;
	}
	quiesce->qsbr = aligned_alloc(
			RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(size, RTE_CACHE_LINE_SIZE));
	if (quiesce->qsbr == NULL || rte_rcu_qsbr_init(quiesce->qsbr, worker_cnt) != 0) {
		dp_quiesce_free(quiesce);
		return -ENOMEM;
	}
	*ret_quiesce = quiesce;
	return 0;
}

void
dp_quiesce_free(struct dp_quiesce *quiesce)
{
	if (quiesce != NULL) {
		free(quiesce->qsbr);
		free(quiesce);
	}
}

void
dp_quiesce_join(struct dp_quiesce *quiesce, unsigned int id)
{
	/* Fails only for an id out of range, which would be our own mistake. */
	(void)rte_rcu_qsbr_thread_register(quiesce->qsbr, id);
	rte_rcu_qsbr_thread_online(quiesce->qsbr, id);
}

void
dp_quiesce_leave(struct dp_quiesce *quiesce, unsigned int id)
{
	rte_rcu_qsbr_thread_offline(quiesce->qsbr, id);
	(void)rte_rcu_qsbr_thread_unregister(quiesce->qsbr, id);
}

void
dp_quiesce_report(struct dp_quiesce *quiesce, unsigned int id)
{
	/* Its acquire load of the grace period's token keeps the next view from being read before
	 * the report; its release store keeps the last view's reads from moving behind it. */
	rte_rcu_qsbr_quiescent(quiesce->qsbr, id);
}

void
dp_quiesce_offline(struct dp_quiesce *quiesce, unsigned int id)
{
	rte_rcu_qsbr_thread_offline(quiesce->qsbr, id);
}

void
dp_quiesce_online(struct dp_quiesce *quiesce, unsigned int id)
{
	rte_rcu_qsbr_thread_online(quiesce->qsbr, id);
}

static uint64_t
start(void *arg)
{
	struct dp_quiesce *quiesce = arg;

	return rte_rcu_qsbr_start(quiesce->qsbr);
}

static bool
is_over(void *arg, uint64_t token)
{
	struct dp_quiesce *quiesce = arg;

	return rte_rcu_qsbr_check(quiesce->qsbr, token, false) == 1;
}

static uint64_t
now_ns(void *arg)
{
	struct timespec now;

	(void)arg;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t
wait_a_moment(void *arg)
{
	const struct timespec moment = { .tv_nsec = POLL_NS };

	(void)nanosleep(&moment, NULL);
	return now_ns(arg);
}

struct dp_quiescence
dp_quiesce_callbacks(struct dp_quiesce *quiesce)
{
	return (struct dp_quiescence){
		.arg = quiesce,
		.start = start,
		.is_over = is_over,
		.wait_a_moment = wait_a_moment,
		.now_ns = now_ns,
	};
}
