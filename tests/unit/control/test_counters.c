/* Counters as JSON: sums over workers, and a segment that lies about itself. */
#include <stdlib.h>
#include <string.h>

#include "control/counters.h"
#include "control/json_read.h"
#include "tests/unit/test.h"

static struct tbl_stats_segment *
make_segment(uint32_t worker_cnt)
{
	size_t size = (sizeof(struct tbl_stats_segment) + 63) & ~(size_t)63;
	struct tbl_stats_segment *segment = aligned_alloc(64, size);

	assert_non_null(segment);
	memset(segment, 0, size);
	segment->worker_cnt = worker_cnt;
	return segment;
}

static void
test_verdicts_are_summed_by_name(void **state)
{
	struct tbl_stats_segment *segment = make_segment(3);
	const json_t *verdicts;
	const json_t *workers;
	json_t *json;

	(void)state;
	segment->workers[0].received = 7;
	segment->workers[0].verdicts[TBL_VERDICT_ANSWER_NOERROR] = 5;
	segment->workers[0].verdicts[TBL_VERDICT_DROP_TX_FULL] = 2;
	segment->workers[0].generation = 42;
	segment->workers[1].received = 1;
	segment->workers[1].verdicts[TBL_VERDICT_ANSWER_NOERROR] = 1;
	segment->workers[2].received = 1ULL << 40;
	segment->workers[2].verdicts[TBL_VERDICT_ANSWER_NXDOMAIN] = 1ULL << 40;
	json = cp_counters_json(segment);
	verdicts = json_object_get(json, "verdicts");
	workers = json_object_get(json, "workers");
	assert_int_equal(cp_json_number(json, "received"), 8 + (1LL << 40));
	assert_int_equal(json_object_size(verdicts), TBL_VERDICT_CNT);
	assert_int_equal(cp_json_number(verdicts, "noerror"), 6);
	assert_int_equal(cp_json_number(verdicts, "drop_tx_full"), 2);
	assert_int_equal(cp_json_number(verdicts, "nxdomain"), 1LL << 40);
	assert_int_equal(json_array_size(workers), 3);
	assert_int_equal(cp_json_number(json_array_get(workers, 0), "generation"), 42);
	assert_false(is_cp_json_true(json_array_get(workers, 1), "is_tcp"));
	assert_true(is_cp_json_true(json_array_get(workers, 2), "is_tcp"));
	json_decref(json);
	free(segment);
}

static void
test_what_ports_lost_is_beside_the_verdicts(void **state)
{
	struct tbl_stats_segment *segment = make_segment(1);
	const json_t *ports;
	json_t *json;

	(void)state;
	segment->workers[0].received = 5;
	segment->port_missed = 1ULL << 40;
	segment->port_errors = 2;
	segment->port_no_buffer = 3;
	segment->port_tx_errors = 4;
	segment->port_buffers = 6;
	json = cp_counters_json(segment);
	ports = json_object_get(json, "ports");
	assert_int_equal(cp_json_number(json, "received"), 5);
	assert_int_equal(json_object_size(ports), 5);
	assert_int_equal(cp_json_number(ports, "missed"), 1LL << 40);
	assert_int_equal(cp_json_number(ports, "errors"), 2);
	assert_int_equal(cp_json_number(ports, "no_buffer"), 3);
	assert_int_equal(cp_json_number(ports, "tx_errors"), 4);
	assert_int_equal(cp_json_number(ports, "buffers"), 6);
	json_decref(json);
	free(segment);
}

/* Another process writes the segment: its count is not to be trusted. */
static void
test_a_worker_count_out_of_range_is_cut(void **state)
{
	struct tbl_stats_segment *segment = make_segment(UINT32_MAX);
	json_t *json = cp_counters_json(segment);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(json, "workers")), TBL_WORKERS_MAX + 1);
	json_decref(json);
	free(segment);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts_are_summed_by_name),
		cmocka_unit_test(test_what_ports_lost_is_beside_the_verdicts),
		cmocka_unit_test(test_a_worker_count_out_of_range_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
