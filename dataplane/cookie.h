/*
 * DNS server cookies: made and checked by nothing but a secret, the client's cookie, its address and
 * the time, so that any server of a fleet with the same secrets takes what another has made.
 *
 * Threads:   pure; the keys are constant while anybody reads them (dataplane/view_swap.h).
 * Memory:    small values, copied.
 * Errors:    none: a cookie that is not ours is a state of its own.
 * Standards: RFC 7873 (COOKIE option), RFC 9018 §4 (interoperable server cookies, version 1).
 */
#ifndef DATAPLANE_COOKIE_H
#define DATAPLANE_COOKIE_H

#include <stddef.h>
#include <stdint.h>

#include "table/view.h"

#define DP_COOKIE_CLIENT_BYTES 8u  /* RFC 7873 §4 */
#define DP_COOKIE_SERVER_BYTES 16u /* RFC 9018 §4: version, reserved, timestamp, hash */
#define DP_COOKIE_BYTES        (DP_COOKIE_CLIENT_BYTES + DP_COOKIE_SERVER_BYTES)
#define DP_COOKIE_BYTES_MIN    16u /* with a server cookie of anybody's making: 8 to 32 bytes, */
#define DP_COOKIE_BYTES_MAX    40u /* RFC 7873 §4 */

#define DP_COOKIE_KEY_BYTES 16u /* SipHash-2-4 (RFC 9018 §4.4) */
/* The one in use, the one before it and the one to come: a roll-over needs two at a time (RFC 9018
 * §5), and one that begins before the last has ended needs three. */
#define DP_COOKIE_KEYS_MAX 3u

/* The first key makes cookies; every one of them is accepted. */
struct dp_cookie_keys {
	uint32_t cnt; /* 0: cookies are neither made nor read */
	uint8_t keys[DP_COOKIE_KEYS_MAX][DP_COOKIE_KEY_BYTES];
};

enum dp_cookie_state {
	DP_COOKIE_NONE,        /* no option, or cookies are off */
	DP_COOKIE_CLIENT_ONLY, /* the client asks for a server cookie */
	DP_COOKIE_BAD,         /* not ours, another client's, too old, from the future */
	DP_COOKIE_GOOD,
	DP_COOKIE_OLD, /* as good, but a new one goes back: half its life is over, or its key's is */
};

/* dp_siphash is SipHash-2-4 of data[0..len). */
uint64_t dp_siphash(const uint8_t key[DP_COOKIE_KEY_BYTES], const uint8_t *data, size_t len);

/* dp_cookie_make writes the whole option for the client whose cookie is client[0..8): that, and a
 * server cookie. There is at least one key. */
void dp_cookie_make(const struct dp_cookie_keys *keys, const uint8_t *client,
		const struct tbl_addr *addr, uint32_t now_unix_s, uint8_t cookie[DP_COOKIE_BYTES]);

/* dp_cookie_check: what the option cookie[0..len) is to us. `len` is one that RFC 7873 allows (8, or
 * 16 to 40); of those above DP_COOKIE_BYTES nothing is read, for they are not ours. */
enum dp_cookie_state dp_cookie_check(const struct dp_cookie_keys *keys, const uint8_t *cookie,
		size_t len, const struct tbl_addr *addr, uint32_t now_unix_s);

#endif
