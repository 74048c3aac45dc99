/* The TCP worker (worker.h): connections on epoll (tcp.h), a reader of views like the others. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "dataplane/tcp.h"
#include "dataplane/worker.h"

struct dp_tcp_worker {
	struct dp_worker base;
	pthread_t thread;
	bool is_running;
	struct dp_tcp *tcp;
};

static void *
run(void *arg)
{
	struct dp_tcp_worker *worker = arg;
	struct dp_worker_shared *shared = worker->base.shared;
	unsigned int id = worker->base.id;

	dp_quiesce_join(shared->quiesce, id);
	while (!atomic_load_explicit(&shared->is_stopping, memory_order_relaxed)) {
		unsigned int ready_cnt;

		dp_quiesce_offline(shared->quiesce, id);
		ready_cnt = dp_tcp_wait(worker->tcp, dp_tcp_next_ms(worker->tcp));
		dp_quiesce_online(shared->quiesce, id);
		/* A burst is what one connection sent: a full one takes milliseconds, and a swap
		 * must not wait for dozens of them. */
		for (unsigned int i = 0; i < ready_cnt; i++) {
			const struct dp_served *served = dp_swap_current(shared->swap);

			dp_worker_begin(&worker->base, served);
			if (dp_tcp_serve(worker->tcp, i) > 0) {
				dp_worker_publish(&worker->base, served);
			}
			dp_quiesce_report(shared->quiesce, id); /* no view is held here */
		}
		dp_worker_begin(&worker->base, NULL); /* for the time alone */
		dp_tcp_expire(worker->tcp);
	}
	dp_quiesce_leave(shared->quiesce, id);
	return NULL;
}

static int
listen_everywhere(struct dp_tcp *tcp, const struct dp_config *config, struct tbl_error *error)
{
	int err = 0;

	for (uint32_t i = 0; err == 0 && i < config->listen.cnt; i++) {
		err = dp_tcp_listen(tcp, &config->listen.items[i], false, error);
	}
	for (uint32_t i = 0; err == 0 && i < config->addresses.cnt; i++) {
		const struct dp_endpoint endpoint = { config->addresses.items[i], DP_DNS_PORT };

		err = dp_tcp_listen(tcp, &endpoint, true, error);
	}
	return err;
}

int
dp_tcp_worker_open(struct dp_worker_shared *shared, unsigned int id,
		struct dp_tcp_worker **ret_worker, struct tbl_error *ret_error)
{
	struct dp_tcp_worker *worker = aligned_alloc(64, (sizeof(*worker) + 63u) & ~(size_t)63u);
	struct dp_tcp_params params;
	int err = -ENOMEM;

	if (worker != NULL) {
		memset(worker, 0, sizeof(*worker));
		dp_worker_init(&worker->base, shared, id);
		params = (struct dp_tcp_params){
			.limits = &shared->config->tcp,
			.answerer = &worker->base.answerer,
			.counters = &worker->base.counters,
		};
		err = getrandom(&params.secret, sizeof(params.secret), 0) < 0
		                      ? -errno
		                      : dp_tcp_open(&params, &worker->tcp);
	}
	if (err != 0) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "TCP: %s",
				strerrordesc_np(-err));
	} else {
		err = listen_everywhere(worker->tcp, shared->config, ret_error);
	}
	if (err != 0) {
		dp_tcp_worker_close(worker);
		return err;
	}
	*ret_worker = worker;
	return 0;
}

uint32_t
dp_tcp_worker_max(const struct dp_tcp_worker *worker)
{
	return dp_tcp_connection_max(worker->tcp);
}

int
dp_tcp_worker_start(struct dp_tcp_worker *worker, struct tbl_error *ret_error)
{
	int err = pthread_create(&worker->thread, NULL, run, worker);

	if (err != 0) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text),
				"a thread cannot be started: %s", strerrordesc_np(err));
		return -err;
	}
	worker->is_running = true;
	return 0;
}

void
dp_tcp_worker_close(struct dp_tcp_worker *worker)
{
	if (worker == NULL) {
		return;
	}
	if (worker->is_running) {
		dp_tcp_wake(worker->tcp);
		pthread_join(worker->thread, NULL);
	}
	dp_tcp_close(worker->tcp);
	dp_worker_done(&worker->base);
	free(worker);
}
