/*
 * A fixed set of address prefixes, and whether an address is in it: who is exempt from rate limits,
 * whose client subnet is believed. Parsed once, asked by any worker for any packet.
 *
 * Threads:   made by one; read by any.
 * Memory:    dp_prefixes_make allocates, dp_prefixes_done releases.
 * Errors:    -EINVAL for text that is no prefix, -ENOMEM.
 * Standards: RFC 4632 §3.1 (prefix notation), RFC 4291 §2.3.
 */
#ifndef DATAPLANE_PREFIXES_H
#define DATAPLANE_PREFIXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/location.h"
#include "table/view.h"

/* The egress prefixes that a large public resolver publishes are about a thousand; twelve steps of a
 * binary search are then all that a packet pays. */
#define DP_PREFIXES_MAX 4096u

struct dp_prefix_range;

/* Sorted ranges of a family each, that neither touch nor overlap. All zero: the empty set. */
struct dp_prefixes {
	uint32_t v4_cnt;
	uint32_t v6_cnt;
	struct dp_prefix_range *ranges; /* IPv4's, then IPv6's */
};

/* dp_prefix_parse reads "192.0.2.0/24", "2001:db8::/32" or an address alone. 0; -EINVAL for anything
 * else, an address with bits set behind the prefix included: it is as likely the length that is
 * mistyped as the address. */
int dp_prefix_parse(const char *text, struct tbl_prefix *ret_prefix);

/* dp_prefixes_make: prefixes may overlap and repeat. 0, or -ENOMEM with *ret_prefixes untouched. */
int dp_prefixes_make(const struct tbl_prefix *items, size_t cnt, struct dp_prefixes *ret_prefixes);

/* dp_prefixes_done leaves the empty set. */
void dp_prefixes_done(struct dp_prefixes *prefixes);

static inline bool
is_dp_prefixes_empty(const struct dp_prefixes *prefixes)
{
	return prefixes->v4_cnt == 0 && prefixes->v6_cnt == 0;
}

/* is_in_dp_prefixes: whether a prefix of the set holds the address. */
bool is_in_dp_prefixes(const struct dp_prefixes *prefixes, const struct tbl_addr *addr);

#endif
