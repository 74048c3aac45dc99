#include <string.h>

#include "dataplane/bytes.h"
#include "dataplane/checksum.h"
#include "dataplane/frame.h"
#include "dataplane/frame_impl.h"

#define IPV4_DF    0x4000u
#define REPLY_HOPS 64u   /* what RFC 1700 recommends and every resolver's path is within */
#define DEI_MASK   0x10u /* of a TCI's first byte */

static void
swap_bytes(uint8_t *a, uint8_t *b, size_t len)
{
	uint8_t kept[16]; /* an IPv6 address, the longest thing turned round */

	memcpy(kept, a, len);
	memcpy(a, b, len);
	memcpy(b, kept, len);
}

static void
write_ipv4(uint8_t *ip, size_t total_len)
{
	uint16_t sum;

	ip[0] = 0x45;
	ip[1] = 0;
	dp_store_be16(ip + IPV4_TOTAL_OFF, (uint16_t)total_len);
	dp_store_be16(ip + 4, 0); /* no identification needed: DF is set (RFC 6864 §4.1) */
	dp_store_be16(ip + IPV4_FRAGMENT_OFF, IPV4_DF);
	ip[IPV4_TTL_OFF] = REPLY_HOPS;
	ip[IPV4_PROTO_OFF] = NEXT_UDP;
	dp_store_be16(ip + IPV4_CHECKSUM_OFF, 0);
	swap_bytes(ip + IPV4_SOURCE_OFF, ip + IPV4_DEST_OFF, 4);
	sum = (uint16_t)~dp_sum_fold(dp_sum_bytes(0, ip, IPV4_BYTES));
	memcpy(ip + IPV4_CHECKSUM_OFF, &sum, sizeof(sum));
}

static void
write_ipv6(uint8_t *ip, size_t payload_len)
{
	/* Flow label 0, which RFC 6437 §3 allows: a reply is one packet, and no flow. */
	static const uint8_t version_class_flow[4] = { 0x60 };

	memcpy(ip, version_class_flow, sizeof(version_class_flow));
	dp_store_be16(ip + IPV6_PAYLOAD_OFF, (uint16_t)payload_len);
	ip[IPV6_NEXT_OFF] = NEXT_UDP;
	ip[IPV6_HOPS_OFF] = REPLY_HOPS;
	swap_bytes(ip + IPV6_SOURCE_OFF, ip + IPV6_DEST_OFF, 16);
}

static void
write_udp(uint8_t *udp, uint16_t udp_len, const uint8_t *addrs, size_t addrs_len)
{
	uint16_t sum;

	swap_bytes(udp, udp + 2, 2);
	dp_store_be16(udp + UDP_LENGTH_OFF, udp_len);
	dp_store_be16(udp + UDP_CHECKSUM_OFF, 0);
	sum = (uint16_t)~dp_sum_fold(dp_sum_udp(addrs, addrs_len, udp, udp_len));
	if (sum == 0) {
		sum = 0xffff; /* RFC 768: a computed zero goes out as all ones */
	}
	memcpy(udp + UDP_CHECKSUM_OFF, &sum, sizeof(sum));
}

/* The tags are the query's, priority included. Whether a frame may be dropped first was said of the
 * query by the network it came through, and is not ours to repeat (802.1Q §6.9.3). */
static void
clear_drop_eligible(uint8_t *bytes, size_t l3_off)
{
	for (size_t off = ETHER_BYTES; off < l3_off; off += TAG_BYTES) {
		bytes[off] &= (uint8_t)~DEI_MASK;
	}
}

size_t
dp_frame_reply(uint8_t *bytes, const struct dp_frame *frame, size_t dns_len)
{
	uint8_t *ip = bytes + frame->l3_off;
	bool is_ipv4 = frame->client.addr.family == 4;
	size_t ip_len = is_ipv4 ? IPV4_BYTES : IPV6_BYTES;
	uint8_t *udp = ip + ip_len;
	size_t udp_len = UDP_BYTES + dns_len;

	/* IP options and extension headers spoke of the query's path: the reply goes without. */
	if (frame->udp_off != frame->l3_off + ip_len) {
		memmove(udp, bytes + frame->udp_off, udp_len);
	}
	swap_bytes(bytes, bytes + ETHER_ADDR_BYTES, ETHER_ADDR_BYTES);
	clear_drop_eligible(bytes, frame->l3_off);
	if (is_ipv4) {
		write_ipv4(ip, ip_len + udp_len);
		write_udp(udp, (uint16_t)udp_len, ip + IPV4_SOURCE_OFF, 8);
	} else {
		write_ipv6(ip, udp_len);
		write_udp(udp, (uint16_t)udp_len, ip + IPV6_SOURCE_OFF, 32);
	}
	return frame->l3_off + ip_len + udp_len;
}
