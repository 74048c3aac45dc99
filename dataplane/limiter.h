/*
 * Response rate limits: how many replies of a kind the clients of one prefix may be sent. Each prefix and
 * kind has a bucket in a table of fixed size; what a flood from forged addresses asks for is cut down to
 * the rate, and honest clients behind the same prefix get a short reply now and then that sends them
 * to TCP.
 *
 * A bucket is one number: when it will be full again (the "theoretical arrival time" of the generic cell
 * rate algorithm). Each reply moves it on by 1/rate; one that would move it further than `burst_s` ahead
 * is over the limit. So a refill costs nothing, and of two buckets the one that is full sooner is the one
 * that matters less: that is who makes room.
 *
 * Threads:   one worker; nothing is shared.
 * Memory:    dp_limiter_new allocates everything, dp_limiter_free releases it; nothing in between.
 * Errors:    -ENOMEM from dp_limiter_new.
 * Standards: none; the practice of BIND, NSD and Knot DNS. docs/abuse.md compares.
 */
#ifndef DATAPLANE_LIMITER_H
#define DATAPLANE_LIMITER_H

#include <stdint.h>

#include "table/view.h"

#include "dataplane/cookie.h"
#include "dataplane/prefixes.h"

/* What a reply is, as far as limits go. Kinds are counted apart: a name that is asked for a lot does not
 * silence the denials of others. */
enum dp_limit_kind {
	DP_LIMIT_ANSWER,   /* data or a referral: by name and type */
	DP_LIMIT_NEGATIVE, /* NXDOMAIN, NODATA: by zone, or random names would each be a name */
	DP_LIMIT_ERROR,    /* all else: by prefix alone */
	DP_LIMIT_ALL,      /* every reply once more: by prefix alone */
	DP_LIMIT_KIND_CNT,
};

/* Largest rate that nanoseconds can tell from the next one to a percent, and above what a worker does. */
#define DP_LIMIT_RATE_MAX    10000000u
#define DP_LIMIT_BURST_S_MAX 60u
#define DP_LIMIT_SLIP_MAX    100u
#define DP_LIMIT_TABLE_MIN   1024u
#define DP_LIMIT_TABLE_MAX   (1u << 26) /* buckets of 16 bytes: 1 GiB */

struct dp_limiter_params {
	uint32_t per_second[DP_LIMIT_KIND_CNT]; /* 0: no limit */
	uint32_t burst_s;  /* seconds' worth that a quiet prefix may use at once */
	uint8_t ipv4_bits; /* what is one client */
	uint8_t ipv6_bits;
	uint32_t slip; /* every so manieth reply over a limit is sent without records; 0: none */
	uint32_t table_size;               /* buckets; rounded up to a power of two */
	uint8_t seed[DP_COOKIE_KEY_BYTES]; /* random: nobody may choose names or prefixes that collide */
	const struct dp_prefixes *exempt; /* outlives the limiter; NULL: nobody */
};

/* One reply. `name` tells names (DP_LIMIT_ANSWER) or zones (DP_LIMIT_NEGATIVE) apart and is 0 for the other
 * kinds, like `type` for all but answers. */
struct dp_limit_reply {
	enum dp_limit_kind kind;
	uint16_t type;
	uint64_t name;
};

enum dp_limit_result {
	DP_LIMIT_SEND,
	DP_LIMIT_SLIP, /* over the limit, but it is this one's turn */
	DP_LIMIT_DROP,
};

struct dp_limiter;

int dp_limiter_new(const struct dp_limiter_params *params, struct dp_limiter **ret_limiter);
/* dp_limiter_free accepts NULL. */
void dp_limiter_free(struct dp_limiter *limiter);

/* dp_limiter_judge counts a reply that is about to be sent to `addr` and says what is to become of it. Two
 * cache lines at most. `now_ms` is monotonic; should it go back, limited prefixes stay so for burst_s. */
enum dp_limit_result dp_limiter_judge(struct dp_limiter *limiter, const struct tbl_addr *addr,
		const struct dp_limit_reply *reply, uint64_t now_ms);

#endif
