/*
 * One received packet buffer, made what dataplane/frame.h reads: the whole frame in one piece, its
 * VLAN tags in place; and what the port says of its checksum.
 *
 * Threads:   the worker that received the buffer.
 * Memory:    segments joined to the first go back to their pool; nothing else is allocated or freed.
 * Errors:    a drop verdict (table/stats.h).
 */
#ifndef DATAPLANE_MBUF_H
#define DATAPLANE_MBUF_H

#include <stdbool.h>

#include <rte_mbuf.h>

#include "table/stats.h"

/* dp_mbuf_unify joins a frame spread over several buffers in the first of them, and puts back tags
 * that the driver has moved aside. DROP_CHAINED when the first buffer has no room: then the frame is
 * longer than any query (2 KB). TBL_VERDICT_CNT: the mbuf is one segment, and may begin elsewhere. */
enum tbl_verdict dp_mbuf_unify(struct rte_mbuf *mbuf);

/* has_dp_mbuf_good_checksum: the UDP checksum need not be verified, because the port has done so, or
 * `is_trusted` and the port has not found it wrong. NONE is DPDK's word for "the field is not filled
 * in, and the data is whole": what a guest on the same host sends through virtio looks so. What a port
 * finds wrong is verified once more: some count a checksum of zero as wrong, which over IPv4 says
 * "none". */
static inline bool
has_dp_mbuf_good_checksum(const struct rte_mbuf *mbuf, bool is_trusted)
{
	uint64_t found = mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	return found == RTE_MBUF_F_RX_L4_CKSUM_GOOD || found == RTE_MBUF_F_RX_L4_CKSUM_NONE ||
	       (is_trusted && found != RTE_MBUF_F_RX_L4_CKSUM_BAD);
}

#endif
