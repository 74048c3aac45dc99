/*
 * Counters that the data plane's workers write and everybody else reads, in one shared-memory
 * segment (a memfd passed with the HELLO of table/ipc.h). Every packet a worker receives ends in
 * exactly one verdict: for each worker the verdict counters sum to `received`. What a port lost
 * before any worker saw it has no verdict; the ports' own counts of it stand beside.
 *
 * Threads:   one writer a block (its worker), relaxed stores; readers take relaxed loads and may
 *            see a packet's two counters a moment apart. A worker publishes once a burst. The
 *            segment's first line is the cold thread's: made at start, port_* stored once a second.
 * Memory:    struct stats_segment is position independent.
 */
#ifndef TABLE_STATS_H
#define TABLE_STATS_H

#include <assert.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#define TBL_STATS_MAGIC   0x31415453524d5244ULL
#define TBL_STATS_VERSION 4u
/* One word of a qsbr bitmap, and more cores than a 100 GbE port needs. */
#define TBL_WORKERS_MAX 64u

/* X(enumerator, name in JSON and metrics, what happened) */
#define TBL_VERDICTS(X)                                                                         \
	X(ANSWER_NOERROR, "noerror", "answered with data, NODATA or a referral")                \
	X(ANSWER_NXDOMAIN, "nxdomain", "answered NXDOMAIN")                                     \
	X(ANSWER_YXDOMAIN, "yxdomain", "answered YXDOMAIN: a DNAME makes the name too long")    \
	X(ANSWER_REFUSED, "refused", "outside our zones, or class or type not served")          \
	X(ANSWER_FORMERR, "formerr", "malformed message with a readable header")                \
	X(ANSWER_NOTIMP, "notimp", "opcode not implemented")                                    \
	X(ANSWER_BADVERS, "badvers", "EDNS version above 0")                                    \
	X(ANSWER_NOTAUTH, "notauth", "signed with a key we do not have")                        \
	X(ANSWER_BADCOOKIE, "badcookie", "a server cookie was required")                        \
	X(ANSWER_TRUNCATED, "truncated", "did not fit: TC set, no records")                     \
	X(ANSWER_SLIPPED, "slipped", "over the rate limit: TC set, no records")                 \
	X(DROP_NOT_DNS, "drop_not_dns", "frame is not UDP port 53")                             \
	X(DROP_NOT_OURS, "drop_not_ours", "destination address is not one of ours")             \
	X(DROP_FRAME, "drop_frame", "frame shorter than its headers say")                       \
	X(DROP_IP_HEADER, "drop_ip_header", "bad IP version, header length or total length")    \
	X(DROP_IP_OPTION, "drop_ip_option", "IPv6 option that may not be passed over")          \
	X(DROP_IP_CHECKSUM, "drop_ip_checksum", "wrong IPv4 header checksum")                   \
	X(DROP_FRAGMENT, "drop_fragment", "IP fragment")                                        \
	X(DROP_SOURCE, "drop_source", "source is us, broadcast, multicast, loopback or port 0") \
	X(DROP_SOURCE_PORT, "drop_source_port", "from a port that no resolver asks from")       \
	X(DROP_VLAN, "drop_vlan", "VLAN tag, or lack of one, not configured")                   \
	X(DROP_UDP_LENGTH, "drop_udp_length", "UDP length disagrees with IP length")            \
	X(DROP_UDP_CHECKSUM, "drop_udp_checksum", "wrong UDP checksum, or none over IPv6")      \
	X(DROP_RUNT, "drop_runt", "payload shorter than a DNS header")                          \
	X(DROP_OVERSIZE, "drop_oversize", "datagram larger than any query")                     \
	X(DROP_RESPONSE, "drop_response", "QR set: a response, never answered")                 \
	X(DROP_RATE_LIMITED, "drop_rate_limited", "over the rate limit of its prefix")          \
	X(DROP_NO_TABLE, "drop_no_table", "no table is served yet")                             \
	X(DROP_CHAINED, "drop_chained", "frame spread over several buffers")                    \
	X(DROP_TX_FULL, "drop_tx_full", "answer made, but the port took no more")               \
	X(DROP_TX_ERROR, "drop_tx_error", "answer made, but the kernel refused to send it")

#define TBL_VERDICT_ENUM(e, name, text) TBL_VERDICT_##e,
enum tbl_verdict { TBL_VERDICTS(TBL_VERDICT_ENUM) TBL_VERDICT_CNT };
#undef TBL_VERDICT_ENUM

/* One worker's lines; nobody else writes them. */
struct tbl_stats_worker {
	alignas(64) uint64_t received; /* frames, datagrams or TCP messages */
	uint64_t verdicts[TBL_VERDICT_CNT];
	uint64_t rx_bytes;
	uint64_t tx_bytes;
	uint64_t bursts;     /* non-empty ones */
	uint64_t generation; /* of the view last used */
	uint64_t sequence;   /* of the selection last used */
};

struct tbl_stats_segment {
	uint64_t magic;
	uint32_t version;
	uint32_t worker_cnt; /* blocks in use; the last one is the TCP thread's */
	uint64_t started_unix_s;
	/* Over all DPDK ports: sums since the start, as their drivers count; 0 for kernel sockets. */
	uint64_t port_missed;    /* frames lost on arrival: the queue had no room or no buffer */
	uint64_t port_errors;    /* frames that arrived broken */
	uint64_t port_no_buffer; /* receives that found the buffer pool empty */
	uint64_t port_tx_errors; /* answers not sent; with some drivers also in DROP_TX_FULL */
	uint64_t port_buffers;   /* packet buffers not in their pools: a gauge, not a sum */
	struct tbl_stats_worker workers[TBL_WORKERS_MAX + 1];
};
static_assert(offsetof(struct tbl_stats_segment, port_missed) == 24, "after the start time");
static_assert(offsetof(struct tbl_stats_segment, workers) == 64, "header is one line");
static_assert(sizeof(struct tbl_stats_worker) % 64 == 0, "each writer its own lines");

/* tbl_verdict_name, tbl_verdict_text: the columns above; "?" out of range. */
const char *tbl_verdict_name(unsigned int verdict);
const char *tbl_verdict_text(unsigned int verdict);

#endif
