/*
 * One DNS message in, one out: parse, look up, answer. Pure functions over bytes and a table view,
 * the same for every port kind, for UDP and for TCP. The three steps are separate so that a worker
 * can run each over a whole burst and let memory latency overlap.
 *
 * Threads:   pure; `struct dp_query` and `struct dp_answerer` belong to one worker.
 * Memory:    nothing is allocated; nothing outside the given buffers is read or written.
 * Errors:    a verdict (table/stats.h) for every message; no errno, no log.
 * Standards: RFC 1034, 1035, 2181, 2308, 4343, 4592, 5001 (NSID), 6891 (EDNS), 7828 (keepalive), 7871
 *            (ECS), 7873 and 9018 (cookies), 8482 (ANY), 8906 (no communication), 8914 (extended errors),
 *            8945 (TSIG), 9660 (ZONEVERSION). Readings of doubtful sentences: docs/dns-readings.md.
 */
#ifndef DATAPLANE_MESSAGE_H
#define DATAPLANE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/reply.h"
#include "table/stats.h"
#include "table/view.h"

#include "dataplane/client.h"
#include "dataplane/cookie.h"
#include "dataplane/now.h"
#include "dataplane/prefixes.h"

#define DP_HEADER_BYTES    12u
#define DP_TCP_MESSAGE_MAX 65535u
#define DP_IDENTITY_MAX    64u

/* UDP source ports that are not answered, ascending. Checked linearly, but only for ports up to the
 * highest: those a resolver asks from are nearly all above what anybody lists. */
#define DP_SOURCE_PORTS_MAX 32u
struct dp_source_ports {
	uint16_t cnt;
	uint16_t items[DP_SOURCE_PORTS_MAX];
};

/* What the configuration says of answers; constant from the start on but for tcp_keepalive_ds. */
struct dp_settings {
	uint16_t max_udp_bytes; /* largest reply we send over UDP; 1232 fits every path (RFC 9715) */
	/* How long a TCP connection may be idle, in the 100 ms of RFC 7828 §3.1. The TCP thread has
	 * settings of its own, in which this is 0 while it has few places left. */
	uint16_t tcp_keepalive_ds;
	bool is_rotating;        /* sets of several addresses begin with any of them */
	bool is_cookie_required; /* BADCOOKIE to who shows a cookie without ours, over UDP */
	uint8_t identity_len;
	char identity[DP_IDENTITY_MAX];   /* id.server, hostname.bind, NSID */
	bool is_ecs_off;                  /* client subnets are not looked at */
	struct dp_prefixes ecs_resolvers; /* whose client subnets count; none listed: everybody's */
	struct dp_source_ports drop_source_ports;
};

struct dp_limiter;

/* What one worker answers with. view, cookie_keys and now change between bursts only. */
struct dp_answerer {
	const struct tbl_view *view; /* NULL: no table yet */
	const struct dp_settings *settings;
	const struct dp_cookie_keys *cookie_keys; /* NULL: cookies are ignored */
	struct dp_limiter *limiter;               /* NULL: no rate limit */
	struct dp_now now;
	uint64_t random; /* state of dp_random(), not 0 */
};

struct dp_ecs {
	bool is_present;
	uint16_t family; /* 1 or 2; 0 with source_bits 0 only */
	uint8_t source_bits;
	uint8_t addr_len; /* bytes sent: ceil(source_bits / 8) */
	uint8_t addr[16];
};

/* Options that ask for one back. */
enum dp_ask {
	DP_ASK_NSID = 1u << 0,        /* RFC 5001 §2.1; an empty one alone asks */
	DP_ASK_COOKIE = 1u << 1,      /* RFC 7873 §5.2 */
	DP_ASK_KEEPALIVE = 1u << 2,   /* RFC 7828 §3.2.1; an empty one alone asks */
	DP_ASK_ZONEVERSION = 1u << 3, /* RFC 9660 §3.1 */
};

struct dp_edns {
	bool is_present;
	bool is_do;
	uint8_t version;
	uint8_t asks;                    /* enum dp_ask */
	uint16_t udp_bytes;              /* as sent; below 512 counts as 512 */
	uint8_t cookie_len;              /* as sent: 8, or 16 to 40; 0 when none was */
	uint8_t cookie[DP_COOKIE_BYTES]; /* its first bytes */
	struct dp_ecs ecs;
};

/* Extended errors that we tell (RFC 8914 §4, RFC 9824 §3.5). */
enum dp_ede {
	DP_EDE_NONE = 0, /* that number, "other", is never told */
	DP_EDE_PROHIBITED = 18,
	DP_EDE_NOT_AUTHORITATIVE = 20,
	DP_EDE_NOT_SUPPORTED = 21,
	DP_EDE_INVALID_QUERY_TYPE = 30,
};

/* The TSIG of a query, which is its last record. Offsets are from the message's first byte. */
struct dp_tsig {
	bool is_present;
	uint16_t owner_off;
	uint16_t rdata_off;
	uint16_t algorithm_len;
};

/* A parsed query. `early` is TBL_VERDICT_CNT when the query goes on to the table; else the verdict
 * that parsing came to, and `rcode` what to say (drops say nothing). */
struct dp_query {
	enum tbl_verdict early;
	uint16_t rcode; /* 12 bits: BADVERS is 16 */
	uint16_t qtype;
	uint16_t qclass;
	uint16_t len;          /* bytes of the message */
	uint16_t question_end; /* offset behind the question; 12 when there is none to echo */
	uint8_t ede;           /* enum dp_ede, that goes with `rcode` */
	bool has_question;     /* else, when it goes on, a COOKIE option alone (RFC 7873 §5.4) */
	struct dp_edns edns;
	struct dp_tsig tsig;
	struct tbl_name name; /* lower-cased; hashes filled by dp_query_prefetch */
};

/* dp_query_parse reads message[0..len) as a query. Total: any bytes in. */
void dp_query_parse(const uint8_t *message, size_t len, struct dp_query *query);

/* dp_query_prefetch hashes the name under the view's seed and asks for its first bucket. */
void dp_query_prefetch(const struct tbl_view *view, struct dp_query *query);

/* dp_query_answer writes the reply over message[0..capacity), which holds the query: the header and
 * question stay where they are. `capacity` is at least the query's length, and 512 in any buffer of
 * ours: a smaller one may cost the reply its OPT. Returns the one verdict; for answers *ret_len is
 * the reply's length (never above capacity; over UDP never above what the client or we allow), for
 * drops 0. */
enum tbl_verdict dp_query_answer(struct dp_answerer *answerer, const struct dp_query *query,
		const struct dp_client *client, uint8_t *message, size_t capacity, size_t *ret_len);

/* dp_answer_message does all three steps for one message: what the socket, TCP and test paths use. */
enum tbl_verdict dp_answer_message(struct dp_answerer *answerer, const struct dp_client *client,
		uint8_t *message, size_t len, size_t capacity, size_t *ret_len);

/* dp_random: xorshift64*; *state is not 0. Good enough to spread load, useless as a secret. */
static inline uint64_t
dp_random(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1dULL;
}

#endif
