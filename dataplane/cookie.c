#include "dataplane/cookie.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "dataplane/bytes.h"

#define VERSION 1u /* RFC 9018 §4.1 */

/* Offsets in the option. The hash covers what lies before it, and the client's address. */
#define VERSION_POS   DP_COOKIE_CLIENT_BYTES
#define TIMESTAMP_POS (VERSION_POS + 4u) /* version, three reserved bytes */
#define HASH_POS      (TIMESTAMP_POS + 4u)
#define HASH_BYTES    8u

/* RFC 9018 §4.3: an hour back, five minutes ahead for clocks that differ; renewed from half an hour
 * on, so that a client which asks at least that often never holds an expired one. */
#define LIFE_S   3600
#define AHEAD_S  300
#define RENEW_S  1800
#define SIP_SPAN 8u

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t
rotate(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static uint64_t
load_le64(const uint8_t *at)
{
	uint64_t word_le;

	memcpy(&word_le, at, sizeof(word_le));
	return le64toh(word_le);
}

static inline void
mix(struct sip *sip)
{
	sip->v0 += sip->v1;
	sip->v1 = rotate(sip->v1, 13) ^ sip->v0;
	sip->v0 = rotate(sip->v0, 32);
	sip->v2 += sip->v3;
	sip->v3 = rotate(sip->v3, 16) ^ sip->v2;
	sip->v0 += sip->v3;
	sip->v3 = rotate(sip->v3, 21) ^ sip->v0;
	sip->v2 += sip->v1;
	sip->v1 = rotate(sip->v1, 17) ^ sip->v2;
	sip->v2 = rotate(sip->v2, 32);
}

static inline void
absorb(struct sip *sip, uint64_t word)
{
	sip->v3 ^= word;
	mix(sip);
	mix(sip);
	sip->v0 ^= word;
}

uint64_t
dp_siphash(const uint8_t key[DP_COOKIE_KEY_BYTES], const uint8_t *data, size_t len)
{
	uint64_t k0 = load_le64(key);
	uint64_t k1 = load_le64(key + 8);
	/* "somepseudorandomlygeneratedbytes" */
	struct sip sip = {
		.v0 = k0 ^ 0x736f6d6570736575ULL,
		.v1 = k1 ^ 0x646f72616e646f6dULL,
		.v2 = k0 ^ 0x6c7967656e657261ULL,
		.v3 = k1 ^ 0x7465646279746573ULL,
	};
	uint8_t last[SIP_SPAN] = { 0 };
	size_t whole = len - len % SIP_SPAN;

	for (size_t i = 0; i < whole; i += SIP_SPAN) {
		absorb(&sip, load_le64(data + i));
	}
	for (size_t i = whole; i < len; i++) {
		last[i - whole] = data[i];
	}
	last[SIP_SPAN - 1] = (uint8_t)len;
	absorb(&sip, load_le64(last));
	sip.v2 ^= 0xff;
	for (unsigned int i = 0; i < 4; i++) {
		mix(&sip);
	}
	return sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3;
}

/* The hash as it stands in a cookie. Its eight bytes are SipHash's own, least significant first: the
 * examples of RFC 9018 Appendix A come out so. */
static void
make_hash(const uint8_t key[DP_COOKIE_KEY_BYTES], const uint8_t *cookie,
		const struct tbl_addr *addr, uint8_t hash[HASH_BYTES])
{
	uint8_t input[HASH_POS + sizeof(addr->bytes)];
	size_t addr_bytes = addr->family == 4 ? 4 : sizeof(addr->bytes);
	uint64_t value;

	memcpy(input, cookie, HASH_POS);
	memcpy(input + HASH_POS, addr->bytes, addr_bytes);
	value = dp_siphash(key, input, HASH_POS + addr_bytes);
	for (unsigned int i = 0; i < HASH_BYTES; i++) {
		hash[i] = (uint8_t)(value >> (8 * i));
	}
}

void
dp_cookie_make(const struct dp_cookie_keys *keys, const uint8_t *client,
		const struct tbl_addr *addr, uint32_t now_unix_s, uint8_t cookie[DP_COOKIE_BYTES])
{
	memcpy(cookie, client, DP_COOKIE_CLIENT_BYTES);
	dp_store_be32(cookie + VERSION_POS, VERSION << 24); /* and three reserved bytes of 0 */
	dp_store_be32(cookie + TIMESTAMP_POS, now_unix_s);
	make_hash(keys->keys[0], cookie, addr, cookie + HASH_POS);
}

/* In a time that does not depend on where they differ: else a forger could find a hash byte by byte. */
static bool
is_equal_hash(const uint8_t *a, const uint8_t *b)
{
	unsigned int difference = 0;

	for (unsigned int i = 0; i < HASH_BYTES; i++) {
		difference |= (unsigned int)(a[i] ^ b[i]);
	}
	return difference == 0;
}

enum dp_cookie_state
dp_cookie_check(const struct dp_cookie_keys *keys, const uint8_t *cookie, size_t len,
		const struct tbl_addr *addr, uint32_t now_unix_s)
{
	int32_t age_s;

	if (len == DP_COOKIE_CLIENT_BYTES) {
		return DP_COOKIE_CLIENT_ONLY;
	}
	if (len != DP_COOKIE_BYTES || cookie[VERSION_POS] != VERSION) {
		return DP_COOKIE_BAD;
	}
	/* Serial arithmetic (RFC 1982): the same in 2038 and in 2106, when 32 bits begin again. */
	age_s = (int32_t)(now_unix_s - dp_load_be32(cookie + TIMESTAMP_POS));
	if (age_s > LIFE_S || age_s < -AHEAD_S) {
		return DP_COOKIE_BAD;
	}
	/* The reserved bytes are hashed as they came (RFC 9018 §4.2): a later version may use them. */
	for (uint32_t i = 0; i < keys->cnt; i++) {
		uint8_t hash[HASH_BYTES];

		make_hash(keys->keys[i], cookie, addr, hash);
		if (is_equal_hash(hash, cookie + HASH_POS)) {
			return i > 0 || age_s > RENEW_S ? DP_COOKIE_OLD : DP_COOKIE_GOOD;
		}
	}
	return DP_COOKIE_BAD;
}
