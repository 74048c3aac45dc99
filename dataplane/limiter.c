#include "dataplane/limiter.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull

/* A set is one cache line, so that finding a bucket and choosing which one goes costs one read. */
#define SET_WAYS   4u
#define LINE_BYTES 64u

struct bucket {
	uint64_t full_at_ns; /* in the past: full */
	uint32_t tag;        /* other bits of the hash than those that chose the set; 0: unused */
	uint32_t slip_left;  /* replies over the limit to drop before the next one slips */
};

struct set {
	alignas(LINE_BYTES) struct bucket ways[SET_WAYS];
};
static_assert(sizeof(struct set) == LINE_BYTES, "a set is a cache line");

/* What a bucket is found by. No padding: the bytes are hashed. */
struct key {
	uint64_t prefix[2];
	uint64_t name;
	uint16_t type;
	uint8_t kind;
	uint8_t family;
	uint32_t reserved;
};
static_assert(sizeof(struct key) == 32, "no padding");

struct dp_limiter {
	uint64_t interval_ns[DP_LIMIT_KIND_CNT]; /* between replies at the rate; 0: no limit */
	uint64_t burst_ns;
	uint32_t slip;
	uint64_t mask4[2]; /* of an address as it lies in memory */
	uint64_t mask6[2];
	uint8_t seed[DP_COOKIE_KEY_BYTES];
	const struct dp_prefixes *exempt;
	uint64_t set_mask;
	struct set *sets;
};

static void
make_mask(uint64_t mask[2], unsigned int bits)
{
	uint8_t bytes[16] = { 0 };

	for (unsigned int i = 0; i < bits; i++) {
		bytes[i / 8] = (uint8_t)(bytes[i / 8] | 0x80u >> i % 8);
	}
	memcpy(mask, bytes, sizeof(bytes));
}

static struct set *
make_sets(uint32_t table_size, uint64_t *ret_mask)
{
	uint64_t cnt = 1;
	struct set *sets;

	while (cnt * SET_WAYS < table_size) {
		cnt *= 2;
	}
	sets = aligned_alloc(LINE_BYTES, cnt * sizeof(*sets));
	if (sets != NULL) {
		memset(sets, 0, cnt * sizeof(*sets)); /* the kernel's part now, not under a flood */
	}
	*ret_mask = cnt - 1;
	return sets;
}

int
dp_limiter_new(const struct dp_limiter_params *params, struct dp_limiter **ret_limiter)
{
	struct dp_limiter *limiter = calloc(1, sizeof(*limiter));

	if (limiter == NULL) {
		return -ENOMEM;
	}
	limiter->sets = make_sets(params->table_size, &limiter->set_mask);
	if (limiter->sets == NULL) {
		free(limiter);
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < DP_LIMIT_KIND_CNT; i++) {
		limiter->interval_ns[i] =
				params->per_second[i] > 0 ? NS_PER_S / params->per_second[i] : 0;
	}
	limiter->burst_ns = params->burst_s * NS_PER_S;
	limiter->slip = params->slip;
	limiter->exempt = params->exempt;
	make_mask(limiter->mask4, params->ipv4_bits);
	make_mask(limiter->mask6, params->ipv6_bits);
	memcpy(limiter->seed, params->seed, sizeof(limiter->seed));
	*ret_limiter = limiter;
	return 0;
}

void
dp_limiter_free(struct dp_limiter *limiter)
{
	if (limiter != NULL) {
		free(limiter->sets);
		free(limiter);
	}
}

/* The key's bucket; a new one begins full, in the place of the one that is full or will be so first. */
static struct bucket *
find_bucket(struct dp_limiter *limiter, const struct key *key, uint64_t now_ns)
{
	uint64_t hash = dp_siphash(limiter->seed, (const uint8_t *)key, sizeof(*key));
	struct set *set = &limiter->sets[hash & limiter->set_mask];
	uint32_t tag = (uint32_t)(hash >> 32) | 1u;
	struct bucket *victim = &set->ways[0];

	for (unsigned int i = 0; i < SET_WAYS; i++) {
		struct bucket *bucket = &set->ways[i];

		if (bucket->tag == tag) {
			return bucket;
		}
		if (bucket->full_at_ns < victim->full_at_ns) {
			victim = bucket;
		}
	}
	*victim = (struct bucket){ .full_at_ns = now_ns, .tag = tag };
	return victim;
}

static enum dp_limit_result
refuse(const struct dp_limiter *limiter, struct bucket *bucket)
{
	if (limiter->slip == 0) {
		return DP_LIMIT_DROP;
	}
	if (bucket->slip_left > 0) {
		bucket->slip_left--;
		return DP_LIMIT_DROP;
	}
	bucket->slip_left = limiter->slip - 1;
	return DP_LIMIT_SLIP;
}

/* Takes one reply out of the key's bucket, if there is one in it. */
static enum dp_limit_result
take(struct dp_limiter *limiter, const struct key *key, uint64_t now_ns)
{
	uint64_t interval_ns = limiter->interval_ns[key->kind];
	uint64_t latest_ns = now_ns + limiter->burst_ns;
	struct bucket *bucket;
	uint64_t full_at_ns;

	if (interval_ns == 0) {
		return DP_LIMIT_SEND;
	}
	bucket = find_bucket(limiter, key, now_ns);
	full_at_ns = bucket->full_at_ns > now_ns ? bucket->full_at_ns : now_ns;
	if (full_at_ns > latest_ns) {
		/* The clock has gone back: as empty as a bucket can be. */
		bucket->full_at_ns = full_at_ns = latest_ns;
	}
	if (full_at_ns + interval_ns > latest_ns) {
		return refuse(limiter, bucket);
	}
	bucket->full_at_ns = full_at_ns + interval_ns;
	return DP_LIMIT_SEND;
}

enum dp_limit_result
dp_limiter_judge(struct dp_limiter *limiter, const struct tbl_addr *addr,
		const struct dp_limit_reply *reply, uint64_t now_ms)
{
	const uint64_t *mask = addr->family == 4 ? limiter->mask4 : limiter->mask6;
	uint64_t now_ns = now_ms * NS_PER_MS;
	struct key key = {
		.name = reply->name,
		.type = reply->type,
		.kind = (uint8_t)reply->kind,
		.family = addr->family,
	};
	enum dp_limit_result result;

	if (limiter->exempt != NULL && is_in_dp_prefixes(limiter->exempt, addr)) {
		return DP_LIMIT_SEND;
	}
	memcpy(key.prefix, addr->bytes, sizeof(key.prefix));
	key.prefix[0] &= mask[0];
	key.prefix[1] &= mask[1];
	result = take(limiter, &key, now_ns);
	if (result != DP_LIMIT_SEND) {
		return result;
	}
	key.name = 0;
	key.type = 0;
	key.kind = DP_LIMIT_ALL;
	return take(limiter, &key, now_ns);
}
