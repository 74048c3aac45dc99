/*
 * Any bytes as an Ethernet frame. Byte 0 of an input chooses (enum control), byte 1 says how long the
 * reply's message is; the frame follows. What must hold:
 *   - a verdict that a frame can have, found without reading past the frame;
 *   - of an accepted frame: the message lies inside it and inside what its IP header claims;
 *   - the reply stays inside the room it was given, goes back where the query came from, and its
 *     checksums hold when summed another way.
 */
#include <string.h>

#include "dataplane/frame.h"
#include "tests/fuzz/fuzz.h"

enum control {
	VERIFY = 1u << 0,
	LISTED = 1u << 1,     /* only our addresses */
	MAKE_RIGHT = 1u << 2, /* put right checksums in first, to get past them */
};

#define FRAME_MAX 9216u /* jumbo frames are the largest any port takes */

static uint32_t
be16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/* Big-endian words with end-around carry, as RFC 1071 §1 says it. */
static uint32_t
sum_plain(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
		sum = (sum & 0xffffu) + (sum >> 16);
	}
	return sum;
}

static uint32_t
sum_udp(const uint8_t *ip, const uint8_t *udp)
{
	const uint8_t pseudo[4] = { 0, 17, udp[4], udp[5] };
	uint32_t sum = ip[0] >> 4 == 4 ? sum_plain(0, ip + 12, 8) : sum_plain(0, ip + 8, 32);

	return sum_plain(sum_plain(sum, pseudo, sizeof(pseudo)), udp, be16(udp + 4));
}

/* Where the frame is plainly IPv4 with UDP, its checksums become right; else nothing changes. */
static void
make_right(uint8_t *frame, size_t len)
{
	uint8_t *ip = frame + 14;
	size_t header_len;
	uint32_t sum;

	if (len < 14 + 20 || be16(frame + 12) != 0x0800) {
		return;
	}
	header_len = (size_t)(ip[0] & 0xf) * 4;
	if (header_len < 20 || header_len + 8 > len - 14) {
		return;
	}
	ip[10] = ip[11] = 0;
	sum = 0xffffu ^ sum_plain(0, ip, header_len);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
	ip[header_len + 6] = ip[header_len + 7] = 0; /* none: allowed over IPv4 */
}

/* The reply's headers against the query's, field by field. */
static void
check_headers(const uint8_t *reply, const uint8_t *query, const struct dp_frame *frame, size_t len)
{
	bool is_ipv4 = frame->client.addr.family == 4;
	size_t addr_len = is_ipv4 ? 4 : 16;
	size_t addrs = is_ipv4 ? 26 : 22;
	const uint8_t *udp = reply + addrs + 2 * addr_len;

	FUZZ_ASSERT(memcmp(reply, query + 6, 6) == 0);
	FUZZ_ASSERT(memcmp(reply + 6, query, 6) == 0);
	FUZZ_ASSERT(memcmp(reply + addrs, query + addrs + addr_len, addr_len) == 0);
	FUZZ_ASSERT(memcmp(reply + addrs + addr_len, query + addrs, addr_len) == 0);
	FUZZ_ASSERT(memcmp(udp, query + frame->udp_off + 2, 2) == 0);
	FUZZ_ASSERT(memcmp(udp + 2, query + frame->udp_off, 2) == 0);
	FUZZ_ASSERT(be16(udp + 4) == len - addrs - 2 * addr_len);
	FUZZ_ASSERT(be16(udp + 6) != 0);
	FUZZ_ASSERT(sum_udp(reply + 14, udp) == 0xffffu);
	if (is_ipv4) {
		FUZZ_ASSERT(be16(reply + 16) == len - 14);
		FUZZ_ASSERT(sum_plain(0, reply + 14, 20) == 0xffffu);
	} else {
		FUZZ_ASSERT(be16(reply + 18) == len - 54);
	}
}

/* Replies with the query's own message, cut or padded with zeros to dns_len. */
static void
check_reply(const uint8_t *query, const struct dp_frame *frame, size_t dns_len)
{
	size_t kept = frame->dns_len < dns_len ? frame->dns_len : dns_len;
	size_t header_len = frame->client.addr.family == 4 ? 42 : 62;
	uint8_t *reply = calloc(1, frame->dns_off + dns_len); /* exact, for the sanitizer */
	size_t len;

	FUZZ_ASSERT(reply != NULL);
	memcpy(reply, query, frame->dns_off + kept);
	len = dp_frame_reply(reply, frame, dns_len);
	FUZZ_ASSERT(len == header_len + dns_len);
	FUZZ_ASSERT(memcmp(reply + header_len, query + frame->dns_off, kept) == 0);
	check_headers(reply, query, frame, len);
	free(reply);
}

static enum tbl_verdict
parse(uint8_t control, const uint8_t *bytes, size_t len, struct dp_frame *ret_frame)
{
	struct dp_addresses addresses = { .cnt = 0 };

	if ((control & LISTED) != 0) {
		addresses.cnt = 2;
		FUZZ_ASSERT(dp_address_parse("192.0.2.53", &addresses.items[0]) == 0);
		FUZZ_ASSERT(dp_address_parse("2001:db8::53", &addresses.items[1]) == 0);
	}
	return dp_frame_parse(bytes, len, &addresses, (control & VERIFY) != 0, ret_frame);
}

static void
check_frame(uint8_t control, uint8_t *bytes, size_t len, size_t dns_len)
{
	struct dp_frame frame;
	enum tbl_verdict verdict;

	if ((control & MAKE_RIGHT) != 0) {
		make_right(bytes, len);
	}
	verdict = parse(control, bytes, len, &frame);
	if (verdict != TBL_VERDICT_CNT) {
		FUZZ_ASSERT(verdict >= TBL_VERDICT_DROP_NOT_DNS);
		FUZZ_ASSERT(verdict <= TBL_VERDICT_DROP_UDP_CHECKSUM);
		return;
	}
	FUZZ_ASSERT(len >= 14 + 20 + 8);
	FUZZ_ASSERT(frame.l3_off == 14);
	FUZZ_ASSERT(frame.dns_off == frame.udp_off + 8u);
	FUZZ_ASSERT((size_t)frame.dns_off + frame.dns_len <= len);
	FUZZ_ASSERT(be16(bytes + frame.udp_off + 2) == 53);
	FUZZ_ASSERT(frame.client.addr.family == (bytes[14] >> 4));
	check_reply(bytes, &frame, dns_len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes;

	if (size < 2 || size > FRAME_MAX) {
		return 0;
	}
	bytes = malloc(size > 2 ? size - 2 : 1);
	FUZZ_ASSERT(bytes != NULL);
	memcpy(bytes, data + 2, size - 2);
	check_frame(data[0], bytes, size - 2, 12 + (size_t)data[1] * 5);
	free(bytes);
	return 0;
}
