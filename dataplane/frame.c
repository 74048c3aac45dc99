#include "dataplane/frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "dataplane/bytes.h"
#include "dataplane/checksum.h"

#define ETHER_BYTES     14u
#define ETHER_TYPE_OFF  12u
#define ETHER_TYPE_IPV4 0x0800u
#define ETHER_TYPE_IPV6 0x86ddu

#define IPV4_BYTES         20u
#define IPV4_TOTAL_OFF     2u
#define IPV4_FRAGMENT_OFF  6u
#define IPV4_TTL_OFF       8u
#define IPV4_PROTO_OFF     9u
#define IPV4_CHECKSUM_OFF  10u
#define IPV4_SOURCE_OFF    12u
#define IPV4_DEST_OFF      16u
#define IPV4_DF            0x4000u
#define IPV4_FRAGMENT_MASK 0x3fffu /* MF and the offset: either makes it a fragment */

#define IPV6_BYTES       40u
#define IPV6_PAYLOAD_OFF 4u
#define IPV6_NEXT_OFF    6u
#define IPV6_HOPS_OFF    7u
#define IPV6_SOURCE_OFF  8u
#define IPV6_DEST_OFF    24u

#define NEXT_HOP_BY_HOP   0u
#define NEXT_UDP          17u
#define NEXT_FRAGMENT     44u
#define NEXT_DEST_OPTIONS 60u

/* RFC 8200 §4.1 allows hop-by-hop once and destination options twice; more is no sane sender. */
#define EXTENSION_HEADERS_MAX 3u

#define UDP_BYTES        8u
#define UDP_LENGTH_OFF   4u
#define UDP_CHECKSUM_OFF 6u
#define DNS_PORT         53u
#define REPLY_HOPS       64u /* what RFC 1700 recommends and every resolver's path is within */

#define ETHER_ADDR_BYTES 6u
#define PASSED           TBL_VERDICT_CNT

/* Where a packet's parts lie, found by the IP parsers. Offsets are from the frame's first byte. */
struct layout {
	size_t l3_off;
	size_t udp_off;
	size_t end; /* behind the last byte the IP header claims; Ethernet padding lies beyond */
	size_t addrs_off;
	uint8_t addr_len;
};

static enum tbl_verdict
parse_ipv4(const uint8_t *frame, size_t len, struct layout *ret)
{
	const uint8_t *ip = frame + ETHER_BYTES;
	size_t room = len - ETHER_BYTES;
	size_t header_len;
	size_t total_len;

	if (room < IPV4_BYTES) {
		return TBL_VERDICT_DROP_FRAME;
	}
	header_len = (size_t)(ip[0] & 0xfu) * 4;
	total_len = dp_load_be16(ip + IPV4_TOTAL_OFF);
	if (ip[0] >> 4 != 4 || header_len < IPV4_BYTES || total_len < header_len) {
		return TBL_VERDICT_DROP_IP_HEADER;
	}
	if (total_len > room) {
		return TBL_VERDICT_DROP_FRAME;
	}
	if (ip[IPV4_PROTO_OFF] != NEXT_UDP) {
		return TBL_VERDICT_DROP_NOT_DNS;
	}
	if (dp_sum_fold(dp_sum_bytes(0, ip, header_len)) != 0xffffu) {
		return TBL_VERDICT_DROP_IP_CHECKSUM;
	}
	if ((dp_load_be16(ip + IPV4_FRAGMENT_OFF) & IPV4_FRAGMENT_MASK) != 0) {
		return TBL_VERDICT_DROP_FRAGMENT;
	}
	ret->l3_off = ETHER_BYTES;
	ret->udp_off = ETHER_BYTES + header_len;
	ret->end = ETHER_BYTES + total_len;
	ret->addrs_off = ETHER_BYTES + IPV4_SOURCE_OFF;
	ret->addr_len = 4;
	return PASSED;
}

/* Skips the options headers in front of UDP. Their options are not looked at: each that a host may
 * ignore it may ignore, and a packet that carries another gets its answer all the same. */
static enum tbl_verdict
skip_extensions(const uint8_t *frame, size_t end, uint8_t next, size_t *off)
{
	size_t at = *off; /* at <= end */

	for (unsigned int i = 0; next != NEXT_UDP; i++) {
		size_t header_len;

		if (next == NEXT_FRAGMENT) {
			return TBL_VERDICT_DROP_FRAGMENT;
		}
		if ((next != NEXT_HOP_BY_HOP && next != NEXT_DEST_OPTIONS) ||
				i == EXTENSION_HEADERS_MAX) {
			return TBL_VERDICT_DROP_NOT_DNS;
		}
		if (end - at < 8) {
			return TBL_VERDICT_DROP_IP_HEADER;
		}
		header_len = ((size_t)frame[at + 1] + 1) * 8;
		if (header_len > end - at) {
			return TBL_VERDICT_DROP_IP_HEADER;
		}
		next = frame[at];
		at += header_len;
	}
	*off = at;
	return PASSED;
}

static enum tbl_verdict
parse_ipv6(const uint8_t *frame, size_t len, struct layout *ret)
{
	const uint8_t *ip = frame + ETHER_BYTES;
	size_t room = len - ETHER_BYTES;
	size_t payload_len;

	if (room < IPV6_BYTES) {
		return TBL_VERDICT_DROP_FRAME;
	}
	if (ip[0] >> 4 != 6) {
		return TBL_VERDICT_DROP_IP_HEADER;
	}
	payload_len = dp_load_be16(ip + IPV6_PAYLOAD_OFF);
	if (payload_len > room - IPV6_BYTES) {
		return TBL_VERDICT_DROP_FRAME;
	}
	ret->l3_off = ETHER_BYTES;
	ret->udp_off = ETHER_BYTES + IPV6_BYTES;
	ret->end = ret->udp_off + payload_len;
	ret->addrs_off = ETHER_BYTES + IPV6_SOURCE_OFF;
	ret->addr_len = 16;
	return skip_extensions(frame, ret->end, ip[IPV6_NEXT_OFF], &ret->udp_off);
}

static enum tbl_verdict
parse_ip(const uint8_t *frame, size_t len, struct layout *ret)
{
	if (len < ETHER_BYTES) {
		return TBL_VERDICT_DROP_FRAME;
	}
	switch (dp_load_be16(frame + ETHER_TYPE_OFF)) {
	case ETHER_TYPE_IPV4:
		return parse_ipv4(frame, len, ret);
	case ETHER_TYPE_IPV6:
		return parse_ipv6(frame, len, ret);
	default:
		return TBL_VERDICT_DROP_NOT_DNS;
	}
}

static bool
is_listed(const struct dp_addresses *addresses, const uint8_t *addr, uint8_t addr_len)
{
	uint8_t family = addr_len == 4 ? 4 : 6;

	for (uint32_t i = 0; i < addresses->cnt; i++) {
		const struct tbl_addr *item = &addresses->items[i];

		if (item->family == family && memcmp(item->bytes, addr, addr_len) == 0) {
			return true;
		}
	}
	return false;
}

/* Sent to our hardware address: not flooded to us by a switch, and not a link broadcast, which
 * RFC 1122 §3.3.6 has us ignore when the IP destination is unicast. */
static bool
is_link_ours(const struct dp_addresses *addresses, const uint8_t *frame)
{
	if (!addresses->has_mac) {
		return (frame[0] & 1u) == 0;
	}
	return memcmp(frame, addresses->mac, ETHER_ADDR_BYTES) == 0;
}

/* RFC 1122 §3.2.1.3: this network, loopback, multicast, reserved and broadcast are no source. */
static bool
is_source_ipv4(const uint8_t *addr)
{
	return addr[0] != 0 && addr[0] != 127 && addr[0] < 224;
}

/* RFC 4291 §2.5.2, §2.5.3, §2.7, and RFC 4291 §2.5.5.2 (IPv4-mapped is never on the wire). The
 * first 80 bits of ::, ::1 and ::ffff:a.b.c.d are zero, and so no host has such an address. */
static bool
is_source_ipv6(const uint8_t *addr)
{
	static const uint8_t zero[10];

	return addr[0] != 0xff && memcmp(addr, zero, sizeof(zero)) != 0;
}

static bool
is_source_valid(const struct dp_addresses *addresses, const uint8_t *frame,
		const struct layout *layout)
{
	const uint8_t *source = frame + layout->addrs_off;
	const uint8_t *dest = source + layout->addr_len;
	bool is_host = layout->addr_len == 4 ? is_source_ipv4(source) : is_source_ipv6(source);

	return is_host && dp_load_be16(frame + layout->udp_off) != 0 &&
	       memcmp(source, dest, layout->addr_len) != 0 &&
	       !is_listed(addresses, source, layout->addr_len);
}

/* A sum of zero is sent as 0xffff, so a field of zero means "none": allowed over IPv4 (RFC 768),
 * not over IPv6 (RFC 8200 §8.1). */
static bool
is_udp_intact(const uint8_t *frame, const struct layout *layout, uint16_t udp_len, bool verify)
{
	const uint8_t *udp = frame + layout->udp_off;

	if (dp_load_be16(udp + UDP_CHECKSUM_OFF) == 0) {
		return layout->addr_len == 4;
	}
	return !verify || dp_sum_fold(dp_sum_udp(frame + layout->addrs_off,
					  (size_t)layout->addr_len * 2, udp, udp_len)) == 0xffffu;
}

enum tbl_verdict
dp_frame_parse(const uint8_t *frame, size_t len, const struct dp_addresses *addresses,
		bool verify_checksum, struct dp_frame *ret_frame)
{
	struct layout layout;
	enum tbl_verdict verdict = parse_ip(frame, len, &layout);
	const uint8_t *udp;
	size_t udp_room;
	uint16_t udp_len;

	if (verdict != PASSED) {
		return verdict;
	}
	udp = frame + layout.udp_off;
	udp_room = layout.end - layout.udp_off;
	if (udp_room < UDP_BYTES) {
		return TBL_VERDICT_DROP_UDP_LENGTH;
	}
	if (dp_load_be16(udp + 2) != DNS_PORT) {
		return TBL_VERDICT_DROP_NOT_DNS;
	}
	/* A datagram may end before its packet does: what follows is UDP options (RFC 9868 §4),
	 * which a receiver that knows none ignores. */
	udp_len = dp_load_be16(udp + UDP_LENGTH_OFF);
	if (udp_len < UDP_BYTES || udp_len > udp_room) {
		return TBL_VERDICT_DROP_UDP_LENGTH;
	}
	if (!is_link_ours(addresses, frame) ||
			(addresses->cnt > 0 &&
					!is_listed(addresses,
							frame + layout.addrs_off + layout.addr_len,
							layout.addr_len))) {
		return TBL_VERDICT_DROP_NOT_OURS;
	}
	if (!is_source_valid(addresses, frame, &layout)) {
		return TBL_VERDICT_DROP_SOURCE;
	}
	if (!is_udp_intact(frame, &layout, udp_len, verify_checksum)) {
		return TBL_VERDICT_DROP_UDP_CHECKSUM;
	}
	ret_frame->l3_off = (uint16_t)layout.l3_off;
	ret_frame->udp_off = (uint16_t)layout.udp_off;
	ret_frame->dns_off = (uint16_t)(layout.udp_off + UDP_BYTES);
	ret_frame->dns_len = (uint16_t)(udp_len - UDP_BYTES);
	ret_frame->client = (struct dp_client){
		.addr.family = layout.addr_len == 4 ? 4 : 6,
		.port = dp_load_be16(udp),
		.transport = DP_UDP,
	};
	memcpy(ret_frame->client.addr.bytes, frame + layout.addrs_off, layout.addr_len);
	return PASSED;
}

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
	if (is_ipv4) {
		write_ipv4(ip, ip_len + udp_len);
		write_udp(udp, (uint16_t)udp_len, ip + IPV4_SOURCE_OFF, 8);
	} else {
		write_ipv6(ip, udp_len);
		write_udp(udp, (uint16_t)udp_len, ip + IPV6_SOURCE_OFF, 32);
	}
	return frame->l3_off + ip_len + udp_len;
}

int
dp_address_parse(const char *text, struct tbl_addr *ret_addr)
{
	struct tbl_addr addr = { .family = 4 };

	if (inet_pton(AF_INET, text, addr.bytes) != 1) {
		addr.family = 6;
		if (inet_pton(AF_INET6, text, addr.bytes) != 1) {
			return -EINVAL;
		}
	}
	*ret_addr = addr;
	return 0;
}
