#include "control/counters.h"

#include <string.h>

/* Relaxed: each counter stands alone, and stats.h promises no more than that. */
static uint64_t
load(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void
read_worker(const struct tbl_stats_worker *from, struct tbl_stats_worker *to)
{
	memset(to, 0, sizeof(*to));
	for (unsigned int v = 0; v < TBL_VERDICT_CNT; v++) {
		to->verdicts[v] = load(&from->verdicts[v]);
	}
	to->received = load(&from->received);
	to->rx_bytes = load(&from->rx_bytes);
	to->tx_bytes = load(&from->tx_bytes);
	to->bursts = load(&from->bursts);
	to->generation = load(&from->generation);
	to->sequence = load(&from->sequence);
}

static void
add_worker(struct tbl_stats_worker *total, const struct tbl_stats_worker *worker)
{
	for (unsigned int v = 0; v < TBL_VERDICT_CNT; v++) {
		total->verdicts[v] += worker->verdicts[v];
	}
	total->received += worker->received;
	total->rx_bytes += worker->rx_bytes;
	total->tx_bytes += worker->tx_bytes;
	total->bursts += worker->bursts;
}

static json_t *
worker_json(const struct tbl_stats_worker *worker)
{
	json_t *verdicts = json_object();

	for (unsigned int v = 0; v < TBL_VERDICT_CNT; v++) {
		json_object_set_new(verdicts, tbl_verdict_name(v),
				json_integer((json_int_t)worker->verdicts[v]));
	}
	return json_pack("{s:I, s:o, s:I, s:I, s:I}", "received", (json_int_t)worker->received,
			"verdicts", verdicts, "rx_bytes", (json_int_t)worker->rx_bytes, "tx_bytes",
			(json_int_t)worker->tx_bytes, "bursts", (json_int_t)worker->bursts);
}

static json_t *
ports_json(const struct tbl_stats_segment *stats)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "missed",
			(json_int_t)load(&stats->port_missed), "errors",
			(json_int_t)load(&stats->port_errors), "no_buffer",
			(json_int_t)load(&stats->port_no_buffer), "tx_errors",
			(json_int_t)load(&stats->port_tx_errors), "buffers",
			(json_int_t)load(&stats->port_buffers));
}

json_t *
cp_counters_json(const struct tbl_stats_segment *stats)
{
	struct tbl_stats_worker total = { 0 };
	json_t *workers = json_array();
	json_t *sum;
	uint32_t cnt = stats->worker_cnt;

	/* Another process wrote this number. */
	if (cnt > TBL_WORKERS_MAX + 1) {
		cnt = TBL_WORKERS_MAX + 1;
	}
	for (uint32_t i = 0; i < cnt; i++) {
		struct tbl_stats_worker worker;
		json_t *object;

		read_worker(&stats->workers[i], &worker);
		add_worker(&total, &worker);
		object = worker_json(&worker);
		json_object_set_new(object, "worker", json_integer(i));
		json_object_set_new(object, "is_tcp", json_boolean(i + 1 == cnt));
		json_object_set_new(
				object, "generation", json_integer((json_int_t)worker.generation));
		json_object_set_new(object, "sequence", json_integer((json_int_t)worker.sequence));
		json_array_append_new(workers, object);
	}
	sum = worker_json(&total);
	json_object_set_new(sum, "started_unix_s", json_integer((json_int_t)stats->started_unix_s));
	json_object_set_new(sum, "ports", ports_json(stats));
	json_object_set_new(sum, "workers", workers);
	return sum;
}
