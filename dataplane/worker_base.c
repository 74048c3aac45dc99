/* What every worker has (worker.h), of whatever kind. */
#include "dataplane/limiter.h"
#include "dataplane/worker.h"

void
dp_worker_init(struct dp_worker *worker, struct dp_worker_shared *shared, unsigned int id)
{
	worker->shared = shared;
	worker->id = id;
	/* Odd, so never 0; the multiplier spreads neighbouring ids over all bits. */
	worker->answerer = (struct dp_answerer){
		.settings = &shared->config->settings,
		.random = (shared->random_seed + id * 0x9e3779b97f4a7c15ULL) | 1u,
	};
	worker->counters.shared = &shared->stats->workers[id];
}

int
dp_worker_limit(struct dp_worker *worker)
{
	const struct dp_limiter_params *limits = worker->shared->limits;

	return limits != NULL ? dp_limiter_new(limits, &worker->answerer.limiter) : 0;
}

void
dp_worker_done(struct dp_worker *worker)
{
	dp_limiter_free(worker->answerer.limiter);
}

void
dp_worker_begin(struct dp_worker *worker, const struct dp_served *served)
{
	dp_answerer_use(&worker->answerer, served);
	worker->answerer.now = dp_now_read();
}

void
dp_worker_publish(struct dp_worker *worker, const struct dp_served *served)
{
	worker->counters.own.bursts++;
	if (served != NULL) {
		worker->counters.own.generation = served->view.header->generation;
		worker->counters.own.sequence = served->view.select->sequence;
	}
	dp_counters_publish(&worker->counters);
}
