/*
 * Any bytes as an Ethernet frame. Byte 0 of an input chooses (enum control), byte 1 says how long the
 * reply's message is; the frame follows. What must hold:
 *   - a verdict that a frame can have, found without reading past the frame;
 *   - of an accepted frame: the message lies inside it and inside what its IP header claims, and its
 *     tags are some that the port answers;
 *   - the reply stays inside the room it was given, goes back where the query came from in the same
 *     VLAN, its checksums hold when summed another way, and sent back it would be accepted again;
 *   - so does the answer that a worker would make of it, in place, and libknot takes its message whole;
 *   - counted as a worker counts, each frame has one verdict.
 */
#include <string.h>

#include "dataplane/counters.h"
#include "dataplane/frame.h"
#include "dataplane/message.h"
#include "tests/fuzz/dataplane/second_opinion.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/dataplane/zone.h"

enum control {
	VERIFY = 1u << 0,
	LISTED = 1u << 1,     /* only our addresses */
	MAKE_RIGHT = 1u << 2, /* put right checksums in first, to get past them */
	IN_VLANS = 1u << 3,   /* only 100 and 300.100, else only untagged */
};

#define REPLY_MAX 1232u
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

/* Where the packet begins: behind as many tags as there are. */
static size_t
find_packet(const uint8_t *frame, size_t len)
{
	size_t off = 14;

	while (off <= len && (be16(frame + off - 2) == 0x8100 || be16(frame + off - 2) == 0x88a8)) {
		off += 4;
	}
	return off;
}

/* Where the frame is plainly IPv4 with UDP, its checksums become right; else nothing changes. */
static void
make_right(uint8_t *frame, size_t len)
{
	size_t off = find_packet(frame, len);
	uint8_t *ip = frame + off;
	size_t header_len;
	uint32_t sum;

	if (len < off + 20 || be16(ip - 2) != 0x0800) {
		return;
	}
	header_len = (size_t)(ip[0] & 0xf) * 4;
	if (header_len < 20 || header_len + 8 > len - off) {
		return;
	}
	ip[10] = ip[11] = 0;
	sum = 0xffffu ^ sum_plain(0, ip, header_len);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
	ip[header_len + 6] = ip[header_len + 7] = 0; /* none: allowed over IPv4 */
}

/* Types and tags: the same, but for the drop-eligible bit. */
static void
check_link(const uint8_t *reply, const uint8_t *query, const struct dp_frame *frame)
{
	FUZZ_ASSERT(memcmp(reply, query + 6, 6) == 0);
	FUZZ_ASSERT(memcmp(reply + 6, query, 6) == 0);
	FUZZ_ASSERT(be16(reply + 12) == be16(query + 12));
	for (size_t off = 14; off < frame->l3_off; off += 4) {
		FUZZ_ASSERT(be16(reply + off) == (be16(query + off) & 0xefffu));
		FUZZ_ASSERT(be16(reply + off + 2) == be16(query + off + 2));
	}
}

/* The reply's headers against the query's, field by field. */
static void
check_headers(const uint8_t *reply, const uint8_t *query, const struct dp_frame *frame, size_t len)
{
	bool is_ipv4 = frame->client.addr.family == 4;
	size_t ip = frame->l3_off;
	size_t addr_len = is_ipv4 ? 4 : 16;
	size_t addrs = ip + (is_ipv4 ? 12 : 8);
	const uint8_t *udp = reply + addrs + 2 * addr_len;

	check_link(reply, query, frame);
	FUZZ_ASSERT(memcmp(reply + addrs, query + addrs + addr_len, addr_len) == 0);
	FUZZ_ASSERT(memcmp(reply + addrs + addr_len, query + addrs, addr_len) == 0);
	FUZZ_ASSERT(memcmp(udp, query + frame->udp_off + 2, 2) == 0);
	FUZZ_ASSERT(memcmp(udp + 2, query + frame->udp_off, 2) == 0);
	FUZZ_ASSERT(be16(udp + 4) == len - addrs - 2 * addr_len);
	FUZZ_ASSERT(be16(udp + 6) != 0);
	FUZZ_ASSERT(sum_udp(reply + ip, udp) == 0xffffu);
	if (is_ipv4) {
		FUZZ_ASSERT(be16(reply + ip + 2) == len - ip);
		FUZZ_ASSERT(sum_plain(0, reply + ip, 20) == 0xffffu);
	} else {
		FUZZ_ASSERT(be16(reply + ip + 4) == len - ip - 40);
	}
}

static enum tbl_verdict
parse(uint8_t control, const uint8_t *bytes, size_t len, struct dp_frame *ret_frame);

/* A reply sent back to us from port 53 as if it were a query (which its QR bit then prevents): what
 * we write we also read, and its reply would be the same frame turned round once more. */
static void
check_return(uint8_t control, uint8_t *reply, size_t len, const struct dp_frame *frame)
{
	struct dp_frame again;
	enum tbl_verdict verdict;

	if ((control & LISTED) != 0 || be16(reply + frame->l3_off) == 0) {
		return; /* to an address that is not ours */
	}
	verdict = parse(control | VERIFY, reply, len, &again);
	if (verdict == TBL_VERDICT_CNT) {
		FUZZ_ASSERT(again.l3_off == frame->l3_off);
		FUZZ_ASSERT(again.dns_len == len - again.dns_off);
	} else {
		FUZZ_ASSERT(verdict == TBL_VERDICT_DROP_NOT_DNS || /* its port was not 53 */
				verdict == TBL_VERDICT_DROP_SOURCE ||
				verdict == TBL_VERDICT_DROP_NOT_OURS);
	}
}

/* Replies with the query's own message, cut or padded with zeros to dns_len. */
static void
check_reply(uint8_t control, const uint8_t *query, const struct dp_frame *frame, size_t dns_len)
{
	size_t kept = frame->dns_len < dns_len ? frame->dns_len : dns_len;
	size_t header_len = frame->l3_off + (frame->client.addr.family == 4 ? 28u : 48u);
	uint8_t *reply = calloc(1, frame->dns_off + dns_len); /* exact, for the sanitizer */
	size_t len;

	FUZZ_ASSERT(reply != NULL);
	memcpy(reply, query, frame->dns_off + kept);
	len = dp_frame_reply(reply, frame, dns_len);
	FUZZ_ASSERT(len == header_len + dns_len);
	FUZZ_ASSERT(memcmp(reply + header_len, query + frame->dns_off, kept) == 0);
	check_headers(reply, query, frame, len);
	check_return(control, reply, len, frame);
	free(reply);
}

static enum tbl_verdict
parse(uint8_t control, const uint8_t *bytes, size_t len, struct dp_frame *ret_frame)
{
	struct dp_frame_filter filter = { .vlans.has_untagged = (control & IN_VLANS) == 0 };

	if ((control & LISTED) != 0) {
		filter.addresses.cnt = 2;
		FUZZ_ASSERT(dp_address_parse("192.0.2.53", &filter.addresses.items[0]) == 0);
		FUZZ_ASSERT(dp_address_parse("2001:db8::53", &filter.addresses.items[1]) == 0);
	}
	if ((control & IN_VLANS) != 0) {
		FUZZ_ASSERT(dp_vlans_add(&filter.vlans, "100") == 0);
		FUZZ_ASSERT(dp_vlans_add(&filter.vlans, "300.100") == 0);
	}
	return dp_frame_parse(bytes, len, &filter, (control & VERIFY) != 0, ret_frame);
}

static const struct tbl_view *
the_view(void)
{
	static struct tbl_view view;
	struct tbl_error error;
	size_t size;

	if (view.header == NULL) {
		void *image = zone_build(ZONE_GENERATION, &size);

		FUZZ_ASSERT(tbl_check(image, size, &error) == 0);
		tbl_view_init(&view, image, NULL);
	}
	return &view;
}

/* What a worker does with an accepted frame: the answer takes the message's place. */
static enum tbl_verdict
answer_in_place(uint8_t control, const uint8_t *query, const struct dp_frame *frame)
{
	static const struct dp_settings settings = {
		.max_udp_bytes = REPLY_MAX, .identity_len = 5, .identity = "node1"
	};
	struct dp_answerer answerer = { .view = the_view(), .settings = &settings, .random = 1 };
	size_t room = frame->dns_len > REPLY_MAX ? frame->dns_len : REPLY_MAX;
	uint8_t *reply = malloc(frame->dns_off + room); /* exact, for the sanitizer */
	size_t dns_len = SIZE_MAX;
	enum tbl_verdict verdict;

	FUZZ_ASSERT(reply != NULL);
	memcpy(reply, query, (size_t)frame->dns_off + frame->dns_len);
	verdict = dp_answer_message(&answerer, &frame->client, reply + frame->dns_off,
			frame->dns_len, room, &dns_len);
	FUZZ_ASSERT((dns_len > 0) == (verdict < TBL_VERDICT_DROP_NOT_DNS));
	if (dns_len > 0) {
		size_t len;

		FUZZ_ASSERT(dns_len <= REPLY_MAX);
		assert_knot_accepts(reply + frame->dns_off, dns_len);
		len = dp_frame_reply(reply, frame, dns_len);
		assert_defined(reply, len);
		check_headers(reply, query, frame, len);
		check_return(control, reply, len, frame);
	}
	free(reply);
	return verdict;
}

/* The tags of an accepted frame, read another way than the parser does. */
static void
check_tags(uint8_t control, const uint8_t *bytes, const struct dp_frame *frame)
{
	size_t off = find_packet(bytes, frame->l3_off);
	uint32_t outer = off > 14 ? be16(bytes + 14) & 0xfffu : 0;
	uint32_t inner = off > 18 ? be16(bytes + 18) & 0xfffu : 0;

	FUZZ_ASSERT(off == frame->l3_off && off <= 22);
	if ((control & IN_VLANS) != 0) {
		FUZZ_ASSERT((outer == 100 && inner == 0) || (outer == 300 && inner == 100));
	} else {
		FUZZ_ASSERT(outer == 0 && inner == 0);
	}
}

static enum tbl_verdict
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
		return verdict;
	}
	FUZZ_ASSERT(len >= 14 + 20 + 8);
	check_tags(control, bytes, &frame);
	FUZZ_ASSERT(frame.dns_off == frame.udp_off + 8u);
	FUZZ_ASSERT((size_t)frame.dns_off + frame.dns_len <= len);
	FUZZ_ASSERT(be16(bytes + frame.udp_off + 2) == 53);
	FUZZ_ASSERT(frame.client.addr.family == (bytes[frame.l3_off] >> 4));
	check_reply(control, bytes, &frame, dns_len);
	return answer_in_place(control, bytes, &frame);
}

static void
check_count(enum tbl_verdict verdict)
{
	struct tbl_stats_worker shared = { 0 };
	struct dp_counters counters = { .own.received = 1, .shared = &shared };
	uint64_t sum = 0;

	dp_count_verdict(&counters, verdict);
	dp_counters_publish(&counters);
	for (unsigned int i = 0; i < TBL_VERDICT_CNT; i++) {
		sum += shared.verdicts[i];
	}
	FUZZ_ASSERT(sum == shared.received && shared.verdicts[verdict] == 1);
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
	check_count(check_frame(data[0], bytes, size - 2, 12 + (size_t)data[1] * 5));
	free(bytes);
	return 0;
}
