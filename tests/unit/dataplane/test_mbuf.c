/*
 * Real packet buffers of a real pool: chains joined where they fit, tags put back, and no buffer
 * lost. DPDK runs without huge pages, devices or files.
 */
#include <string.h>

#include <rte_eal.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "dataplane/mbuf.h"
#include "tests/unit/test.h"

#define BUFFER_CNT 15u
#define ROOM       256u /* bytes of a frame in one buffer: the test's chains are short */

static struct rte_mempool *pool;

/* A frame of `len` bytes 0, 1, 2, ... cut into segments of `step` bytes. */
static struct rte_mbuf *
make_frame(size_t len, size_t step)
{
	struct rte_mbuf *head = NULL;

	for (size_t at = 0; at < len; at += step) {
		size_t part = len - at < step ? len - at : step;
		struct rte_mbuf *segment = rte_pktmbuf_alloc(pool);
		uint8_t *bytes;

		assert_non_null(segment);
		bytes = (uint8_t *)rte_pktmbuf_append(segment, (uint16_t)part);
		assert_non_null(bytes);
		for (size_t i = 0; i < part; i++) {
			bytes[i] = (uint8_t)(at + i);
		}
		if (head == NULL) {
			head = segment;
		} else {
			assert_int_equal(rte_pktmbuf_chain(head, segment), 0);
		}
	}
	return head;
}

static void
check_bytes(const struct rte_mbuf *mbuf, size_t at, size_t first, size_t len)
{
	const uint8_t *bytes = rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, at);

	for (size_t i = 0; i < len; i++) {
		assert_int_equal(bytes[i], (uint8_t)(first + i));
	}
}

/* conformance: frame-in-several-buffers | practice | A frame in several buffers is joined or dropped. */
static void
a_chain_is_joined_where_it_fits(void **state)
{
	static const struct {
		size_t len, step;
		bool fits;
	} rows[] = {
		{ 60, 60, true },
		{ 60, 59, true },
		{ 60, 20, true },
		{ ROOM, ROOM - 1, true },
		{ ROOM, 64, true },
		{ ROOM + 1, 64, false },
		{ ROOM + 1, ROOM, false },
		{ (size_t)9 * ROOM, ROOM, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rte_mbuf *mbuf = make_frame(rows[i].len, rows[i].step);

		assert_int_equal(dp_mbuf_unify(mbuf),
				rows[i].fits ? TBL_VERDICT_CNT : TBL_VERDICT_DROP_CHAINED);
		if (rows[i].fits) {
			assert_int_equal(mbuf->nb_segs, 1);
			assert_int_equal(mbuf->data_len, rows[i].len);
			assert_int_equal(mbuf->pkt_len, rows[i].len);
			check_bytes(mbuf, 0, 0, rows[i].len);
			assert_int_equal(rte_mempool_avail_count(pool), BUFFER_CNT - 1);
		}
		rte_pktmbuf_free(mbuf);
		assert_int_equal(rte_mempool_avail_count(pool), BUFFER_CNT);
	}
}

static void
tags_moved_aside_are_put_back(void **state)
{
	static const struct {
		uint64_t flags;
		size_t tags_len;
		const char *tags;
	} rows[] = {
		{ 0, 0, "" },
		{ RTE_MBUF_F_RX_VLAN, 0, "" }, /* seen, and left where it was */
		{ RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED, 4, "\x81\x00\xa0\x64" },
		{ RTE_MBUF_F_RX_QINQ | RTE_MBUF_F_RX_QINQ_STRIPPED, 4, "\x88\xa8\x11\x2c" },
		{ RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ_STRIPPED, 8,
				"\x88\xa8\x11\x2c\x81\x00\xa0\x64" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rte_mbuf *mbuf = make_frame(60, 30); /* a chain, too */

		mbuf->ol_flags = rows[i].flags;
		mbuf->vlan_tci = 0xa064;       /* priority 5, VLAN 100 */
		mbuf->vlan_tci_outer = 0x112c; /* drop eligible, VLAN 300 */
		assert_int_equal(dp_mbuf_unify(mbuf), TBL_VERDICT_CNT);
		assert_int_equal(mbuf->data_len, 60 + rows[i].tags_len);
		assert_int_equal(mbuf->pkt_len, 60 + rows[i].tags_len);
		check_bytes(mbuf, 0, 0, 12);
		assert_memory_equal(rte_pktmbuf_mtod_offset(mbuf, uint8_t *, 12), rows[i].tags,
				rows[i].tags_len);
		check_bytes(mbuf, 12 + rows[i].tags_len, 12, 48);
		assert_int_equal(mbuf->ol_flags & (RTE_MBUF_F_RX_VLAN_STRIPPED |
								  RTE_MBUF_F_RX_QINQ_STRIPPED),
				0);
		rte_pktmbuf_free(mbuf);
	}
}

static void
no_room_for_a_tag_is_a_drop_and_no_frame_is_left_alone(void **state)
{
	struct rte_mbuf *mbuf = make_frame(60, 60);

	(void)state;
	assert_non_null(rte_pktmbuf_prepend(mbuf, rte_pktmbuf_headroom(mbuf)));
	mbuf->ol_flags = RTE_MBUF_F_RX_VLAN_STRIPPED;
	assert_int_equal(dp_mbuf_unify(mbuf), TBL_VERDICT_DROP_CHAINED);
	rte_pktmbuf_free(mbuf);
	mbuf = make_frame(11, 11);
	mbuf->ol_flags = RTE_MBUF_F_RX_VLAN_STRIPPED;
	assert_int_equal(dp_mbuf_unify(mbuf), TBL_VERDICT_CNT);
	assert_int_equal(mbuf->data_len, 11);
	check_bytes(mbuf, 0, 0, 11);
	rte_pktmbuf_free(mbuf);
}

/* conformance: nic-checksum-words | practice | What a NIC says of checksums is believed only where it can be. */
static void
a_ports_word_on_checksums_is_weighed(void **state)
{
	static const struct {
		uint64_t found;
		bool is_trusted;
		bool is_good;
	} rows[] = {
		{ RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN, false, false },
		{ RTE_MBUF_F_RX_L4_CKSUM_NONE, false, true },
		{ RTE_MBUF_F_RX_L4_CKSUM_GOOD, false, true },
		{ RTE_MBUF_F_RX_L4_CKSUM_BAD, false, false },
		{ RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN, true, true },
		{ RTE_MBUF_F_RX_L4_CKSUM_NONE, true, true },
		{ RTE_MBUF_F_RX_L4_CKSUM_GOOD, true, true },
		{ RTE_MBUF_F_RX_L4_CKSUM_BAD, true, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		/* Other flags say nothing about it. */
		const struct rte_mbuf mbuf = { .ol_flags = rows[i].found |
			                                   RTE_MBUF_F_RX_IP_CKSUM_GOOD |
			                                   RTE_MBUF_F_RX_RSS_HASH };

		assert_int_equal(has_dp_mbuf_good_checksum(&mbuf, rows[i].is_trusted),
				rows[i].is_good);
	}
}

static int
set_up(void **state)
{
	(void)state;
	pool = rte_pktmbuf_pool_create(
			"test", BUFFER_CNT, 0, 0, RTE_PKTMBUF_HEADROOM + ROOM, SOCKET_ID_ANY);
	return pool != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	bool is_whole = rte_mempool_avail_count(pool) == BUFFER_CNT;

	(void)state;
	rte_mempool_free(pool);
	return is_whole ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_is_joined_where_it_fits),
		cmocka_unit_test(tags_moved_aside_are_put_back),
		cmocka_unit_test(no_room_for_a_tag_is_a_drop_and_no_frame_is_left_alone),
		cmocka_unit_test(a_ports_word_on_checksums_is_weighed),
	};
	char program[] = "test_mbuf";
	char no_huge[] = "--no-huge";
	char no_conf[] = "--no-shconf";
	char no_pci[] = "--no-pci";
	char no_telemetry[] = "--no-telemetry";
	char quiet[] = "--log-level=*:error";
	char memory[] = "-m64"; /* MB; a pool of fifteen needs one */
	char *arguments[] = { program, no_huge, no_conf, no_pci, no_telemetry, quiet, memory };

	if (rte_eal_init(ARRAY_LEN(arguments), arguments) < 0) {
		return 1;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down) + (rte_eal_cleanup() != 0);
}
