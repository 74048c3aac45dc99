#include "dataplane/mbuf.h"

#include <string.h>

#include <rte_ether.h>

#include "dataplane/bytes.h"

#define ADDRS_BYTES ((size_t)2 * RTE_ETHER_ADDR_LEN)
#define TAG_BYTES   4u

/* Whether there was room in front of the frame for a tag behind its addresses. */
static bool
insert_tag(struct rte_mbuf *mbuf, uint16_t type, uint16_t tci)
{
	uint8_t *bytes;

	if (mbuf->data_len < ADDRS_BYTES) {
		return true; /* no frame to be in a VLAN: the parser says so */
	}
	bytes = (uint8_t *)rte_pktmbuf_prepend(mbuf, TAG_BYTES);
	if (bytes == NULL) {
		return false;
	}
	memmove(bytes, bytes + TAG_BYTES, ADDRS_BYTES);
	dp_store_be16(bytes + ADDRS_BYTES, type);
	dp_store_be16(bytes + ADDRS_BYTES + 2, tci);
	return true;
}

/* Drivers tell a tag's number and priority, not its type: the inner one is 802.1Q's, and so is one
 * alone; an outer one is 802.1ad's. */
static bool
restore_tags(struct rte_mbuf *mbuf)
{
	const uint64_t outer = RTE_MBUF_F_RX_QINQ_STRIPPED;
	const uint64_t inner = RTE_MBUF_F_RX_VLAN_STRIPPED;
	uint64_t stripped = mbuf->ol_flags & (outer | inner);

	mbuf->ol_flags &= ~stripped;
	return ((stripped & inner) == 0 || insert_tag(mbuf, RTE_ETHER_TYPE_VLAN, mbuf->vlan_tci)) &&
	       ((stripped & outer) == 0 ||
			       insert_tag(mbuf, RTE_ETHER_TYPE_QINQ, mbuf->vlan_tci_outer));
}

enum tbl_verdict
dp_mbuf_unify(struct rte_mbuf *mbuf)
{
	if (mbuf->nb_segs != 1 && rte_pktmbuf_linearize(mbuf) != 0) {
		return TBL_VERDICT_DROP_CHAINED;
	}
	return restore_tags(mbuf) ? TBL_VERDICT_CNT : TBL_VERDICT_DROP_CHAINED;
}
