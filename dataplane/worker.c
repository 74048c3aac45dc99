#include "dataplane/worker.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "dataplane/frame.h"
#include "dataplane/mbuf.h"
#include "dataplane/ports.h"

/* Packets taken at once: enough for the memory latency of one to pass behind the work on others,
 * few enough that their queries (1.5 KB each) stay in the second-level cache. */
#define BURST_MAX 32u
/* Empty polls before the first sleep: at 50 ns to 1 us each, a burst's next packet is still seen
 * without a system call. */
#define IDLE_POLLS         1000u
#define PACKET_WORKERS_MAX TBL_WORKERS_MAX

/* One packet of a burst. `verdict` is TBL_VERDICT_CNT while it is on its way to an answer. */
struct slot {
	struct rte_mbuf *mbuf;
	uint8_t *bytes;
	enum tbl_verdict verdict;
	struct dp_frame frame;
	struct dp_query query;
};

struct queue {
	uint16_t port;
	uint16_t number;
	bool is_trusted; /* checksum: trust */
	const struct dp_frame_filter *filter;
};

struct packet_worker {
	struct dp_worker base;
	unsigned int idle_polls;
	uint32_t queue_cnt;
	struct queue queues[DP_PORTS_MAX * DP_QUEUES_MAX];
	struct slot slots[BURST_MAX];
};

struct dp_packet_workers {
	uint32_t cnt;
	struct packet_worker *items[PACKET_WORKERS_MAX];
};

static enum tbl_verdict
parse_frame(const struct queue *queue, struct slot *slot)
{
	struct rte_mbuf *mbuf = slot->mbuf;
	enum tbl_verdict verdict = dp_mbuf_unify(mbuf);

	if (verdict != TBL_VERDICT_CNT) {
		return verdict;
	}
	slot->bytes = rte_pktmbuf_mtod(mbuf, uint8_t *);
	return dp_frame_parse(slot->bytes, mbuf->data_len, queue->filter,
			!has_dp_mbuf_good_checksum(mbuf, queue->is_trusted), &slot->frame);
}

static void
parse(const struct queue *queue, struct slot *slots, unsigned int cnt)
{
	for (unsigned int i = 0; i < cnt; i++) {
		struct slot *slot = &slots[i];

		slot->verdict = parse_frame(queue, slot);
		if (slot->verdict == TBL_VERDICT_CNT) {
			dp_query_parse(slot->bytes + slot->frame.dns_off, slot->frame.dns_len,
					&slot->query);
		}
	}
}

static void
prefetch(const struct dp_served *served, struct slot *slots, unsigned int cnt)
{
	for (unsigned int i = 0; served != NULL && i < cnt; i++) {
		if (slots[i].verdict == TBL_VERDICT_CNT) {
			dp_query_prefetch(&served->view, &slots[i].query);
		}
	}
}

/* Turns the slot's packet into its reply, or finds that there is none. */
static void
answer_one(struct packet_worker *worker, struct slot *slot)
{
	struct rte_mbuf *mbuf = slot->mbuf;
	uint8_t *message = slot->bytes + slot->frame.dns_off;
	size_t capacity = (size_t)mbuf->data_len + rte_pktmbuf_tailroom(mbuf) - slot->frame.dns_off;
	size_t len = 0;

	slot->verdict = dp_query_answer(&worker->base.answerer, &slot->query, &slot->frame.client,
			message, capacity, &len);
	if (len > 0) {
		len = dp_frame_reply(slot->bytes, &slot->frame, len);
	}
	mbuf->data_len = (uint16_t)len;
	mbuf->pkt_len = (uint32_t)len;
}

/* Answers the burst; replies are collected in `replies`, their slots in `replied`. */
static uint16_t
answer(struct packet_worker *worker, unsigned int cnt, struct rte_mbuf **replies,
		struct slot **replied)
{
	struct tbl_stats_worker *own = &worker->base.counters.own;
	uint16_t reply_cnt = 0;

	for (unsigned int i = 0; i < cnt; i++) {
		struct slot *slot = &worker->slots[i];
		bool is_query = slot->verdict == TBL_VERDICT_CNT;

		own->received++;
		own->rx_bytes += slot->mbuf->pkt_len;
		if (is_query) {
			answer_one(worker, slot);
		}
		if (is_query && slot->mbuf->data_len > 0) {
			replied[reply_cnt] = slot;
			replies[reply_cnt++] = slot->mbuf;
		} else {
			dp_count_verdict(&worker->base.counters, slot->verdict);
			rte_pktmbuf_free(slot->mbuf);
		}
	}
	return reply_cnt;
}

/* Sends the replies; one the port does not take ends as DROP_TX_FULL. */
static void
send_replies(struct packet_worker *worker, const struct queue *queue, struct rte_mbuf **replies,
		struct slot **replied, uint16_t reply_cnt)
{
	uint32_t sizes[BURST_MAX]; /* a sent packet is the port's: nothing of it may be read after */
	uint16_t sent_cnt;

	for (uint16_t i = 0; i < reply_cnt; i++) {
		sizes[i] = replies[i]->pkt_len;
	}
	sent_cnt = reply_cnt > 0 ? rte_eth_tx_burst(queue->port, queue->number, replies, reply_cnt)
	                         : 0;
	for (uint16_t i = 0; i < reply_cnt; i++) {
		if (i < sent_cnt) {
			dp_count_verdict(&worker->base.counters, replied[i]->verdict);
			worker->base.counters.own.tx_bytes += sizes[i];
		} else {
			dp_count_verdict(&worker->base.counters, TBL_VERDICT_DROP_TX_FULL);
			rte_pktmbuf_free(replies[i]);
		}
	}
}

/* One burst of one queue, in stages over the whole burst so that memory latency overlaps. */
static unsigned int
serve_queue(struct packet_worker *worker, const struct queue *queue, const struct dp_served *served)
{
	struct rte_mbuf *mbufs[BURST_MAX];
	struct slot *replied[BURST_MAX];
	uint16_t cnt = rte_eth_rx_burst(queue->port, queue->number, mbufs, BURST_MAX);
	uint16_t reply_cnt;

	for (uint16_t i = 0; i < cnt; i++) {
		worker->slots[i].mbuf = mbufs[i];
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], uint8_t *));
	}
	if (cnt == 0) {
		return 0;
	}
	dp_worker_begin(&worker->base, served);
	parse(queue, worker->slots, cnt);
	prefetch(served, worker->slots, cnt);
	reply_cnt = answer(worker, cnt, mbufs, replied);
	send_replies(worker, queue, mbufs, replied, reply_cnt);
	dp_worker_publish(&worker->base, served);
	return cnt;
}

/* After a thousand empty polls the CPU is better used by somebody else for a moment. */
static void
rest(struct packet_worker *worker, unsigned int served_cnt)
{
	const struct dp_worker_shared *shared = worker->base.shared;
	int64_t sleep_us = shared->config->idle_sleep_us;

	if (served_cnt > 0) {
		worker->idle_polls = 0;
	} else if (sleep_us > 0 && ++worker->idle_polls > IDLE_POLLS) {
		dp_quiesce_offline(shared->quiesce, worker->base.id);
		rte_delay_us_sleep((unsigned int)sleep_us);
		dp_quiesce_online(shared->quiesce, worker->base.id);
	}
}

static int
run(void *arg)
{
	struct packet_worker *worker = arg;
	struct dp_worker_shared *shared = worker->base.shared;

	/* Sleeps of 50 us would otherwise last 100: the kernel rounds them by as much. */
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
	dp_quiesce_join(shared->quiesce, worker->base.id);
	while (!atomic_load_explicit(&shared->is_stopping, memory_order_relaxed)) {
		const struct dp_served *served;
		unsigned int served_cnt = 0;

		dp_quiesce_report(shared->quiesce, worker->base.id); /* no view is held here */
		served = dp_swap_current(shared->swap);
		for (uint32_t i = 0; i < worker->queue_cnt; i++) {
			served_cnt += serve_queue(worker, &worker->queues[i], served);
		}
		rest(worker, served_cnt);
	}
	dp_quiesce_leave(shared->quiesce, worker->base.id);
	return 0;
}

static void
free_workers(struct dp_packet_workers *workers)
{
	for (uint32_t i = 0; i < workers->cnt; i++) {
		dp_worker_done(&workers->items[i]->base);
		free(workers->items[i]);
	}
	free(workers);
}

static struct packet_worker *
make_worker(struct dp_worker_shared *shared, unsigned int id)
{
	struct packet_worker *worker = aligned_alloc(64, (sizeof(*worker) + 63u) & ~(size_t)63u);

	if (worker != NULL) {
		*worker = (struct packet_worker){ 0 };
		dp_worker_init(&worker->base, shared, id);
		if (dp_worker_limit(&worker->base) != 0) {
			free(worker);
			return NULL;
		}
	}
	return worker;
}

static void
deal_queues(struct dp_packet_workers *workers, const struct dp_ports *ports)
{
	uint32_t next = 0;

	assert(workers->cnt > 0); /* dp_cpu_plan_make: a queue, a worker */
	for (uint32_t i = 0; i < ports->cnt; i++) {
		const struct dp_port *port = &ports->items[i];

		for (uint16_t number = 0; number < port->queue_cnt; number++) {
			struct packet_worker *worker = workers->items[next];

			next = next + 1 < workers->cnt ? next + 1 : 0;
			worker->queues[worker->queue_cnt++] = (struct queue){
				.port = port->id,
				.number = number,
				.is_trusted = port->config->checksum == DP_CHECKSUM_TRUST,
				.filter = &port->filter,
			};
		}
	}
}

int
dp_packet_workers_start(struct dp_worker_shared *shared, const struct dp_ports *ports,
		uint32_t worker_cnt, struct dp_packet_workers **ret_workers,
		struct tbl_error *ret_error)
{
	struct dp_packet_workers *workers = calloc(1, sizeof(*workers));

	if (workers == NULL) {
		goto out_of_memory;
	}
	for (uint32_t i = 0; i < worker_cnt; i++) {
		struct packet_worker *worker = make_worker(shared, i);

		if (worker == NULL) {
			free_workers(workers);
			goto out_of_memory;
		}
		workers->items[workers->cnt++] = worker;
	}
	deal_queues(workers, ports);
	for (uint32_t i = 0; i < workers->cnt; i++) {
		/* eal.c numbers the workers' lcores from 1. Fails only for an lcore that is not
		 * waiting, and all of them are. */
		(void)rte_eal_remote_launch(run, workers->items[i], i + 1);
	}
	*ret_workers = workers;
	return 0;
out_of_memory:
	(void)snprintf(ret_error->text, sizeof(ret_error->text), "out of memory");
	return -ENOMEM;
}

void
dp_packet_workers_stop(struct dp_packet_workers *workers)
{
	if (workers == NULL) {
		return;
	}
	rte_eal_mp_wait_lcore();
	free_workers(workers);
}
