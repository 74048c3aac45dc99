#include "dataplane/frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "dataplane/bytes.h"
#include "dataplane/checksum.h"
#include "dataplane/frame_impl.h"

#define IPV4_FRAGMENT_MASK 0x3fffu /* MF and the offset: either makes it a fragment */

#define NEXT_HOP_BY_HOP   0u
#define NEXT_ROUTING      43u
#define NEXT_FRAGMENT     44u
#define NEXT_DEST_OPTIONS 60u

#define EXTENSION_UNIT_BYTES 8u /* lengths count these, the first not included */
#define OPTIONS_OFF          2u
#define OPTION_PAD1          0u    /* alone without a length */
#define OPTION_ACTION_MASK   0xc0u /* what who does not know an option does: 0 passes over it */
#define ROUTING_LEFT_OFF     3u
#define FRAGMENT_OFFSET_OFF  2u
#define IPV6_FRAGMENT_MASK   0xfff9u /* the offset and M */
/* Hop-by-hop, routing, fragment and twice destination options (RFC 8200 §4.1): more is no sane
 * sender. */
#define EXTENSION_HEADERS_MAX 5u

#define TCI_VID_MASK 0xfffu
#define DNS_PORT     53u

#define PASSED TBL_VERDICT_CNT

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
	const uint8_t *ip = frame + ret->l3_off;
	size_t room = len - ret->l3_off;
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
	ret->udp_off = ret->l3_off + header_len;
	ret->end = ret->l3_off + total_len;
	ret->addrs_off = ret->l3_off + IPV4_SOURCE_OFF;
	ret->addr_len = 4;
	return PASSED;
}

/* The options of header[0..len). Who does not know one may pass over it only when its two highest bits
 * say so (RFC 8200 §4.2); we know none but the paddings, which say so too. */
static enum tbl_verdict
check_options(const uint8_t *header, size_t len)
{
	size_t at = OPTIONS_OFF; /* at <= len */

	while (at < len) {
		if (header[at] == OPTION_PAD1) {
			at++;
			continue;
		}
		if ((header[at] & OPTION_ACTION_MASK) != 0) {
			return TBL_VERDICT_DROP_IP_OPTION;
		}
		if (len - at < 2 || header[at + 1] > len - at - 2) {
			return TBL_VERDICT_DROP_IP_HEADER;
		}
		at += 2u + header[at + 1];
	}
	return PASSED;
}

/* Whether what follows the header at header[0..room) can be known, and how far it lies. */
static enum tbl_verdict
measure_extension(uint8_t kind, const uint8_t *header, size_t room, size_t *ret_len)
{
	if (room < EXTENSION_UNIT_BYTES) {
		return TBL_VERDICT_DROP_IP_HEADER;
	}
	if (kind == NEXT_FRAGMENT) {
		/* A packet that is whole although it says it may not be, as translators from IPv4
		 * make them: no fragment to wait for (RFC 6946 §4). */
		*ret_len = EXTENSION_UNIT_BYTES;
		return (dp_load_be16(header + FRAGMENT_OFFSET_OFF) & IPV6_FRAGMENT_MASK) == 0
		                       ? PASSED
		                       : TBL_VERDICT_DROP_FRAGMENT;
	}
	if (kind == NEXT_ROUTING && header[ROUTING_LEFT_OFF] != 0) {
		return TBL_VERDICT_DROP_NOT_DNS; /* on its way to others (RFC 8200 §4.4) */
	}
	*ret_len = ((size_t)header[1] + 1) * EXTENSION_UNIT_BYTES;
	if (*ret_len > room) {
		return TBL_VERDICT_DROP_IP_HEADER;
	}
	return kind == NEXT_ROUTING ? PASSED : check_options(header, *ret_len);
}

/* Hop-by-hop options come first or not at all (RFC 8200 §4.1). */
static bool
is_extension_skipped(uint8_t kind, unsigned int index)
{
	return kind == NEXT_DEST_OPTIONS || kind == NEXT_ROUTING || kind == NEXT_FRAGMENT ||
	       (kind == NEXT_HOP_BY_HOP && index == 0);
}

/* Skips the extension headers in front of UDP. */
static enum tbl_verdict
skip_extensions(const uint8_t *frame, size_t end, uint8_t next, size_t *off)
{
	size_t at = *off; /* at <= end */

	for (unsigned int i = 0; next != NEXT_UDP; i++) {
		enum tbl_verdict verdict;
		size_t header_len;

		if (i == EXTENSION_HEADERS_MAX || !is_extension_skipped(next, i)) {
			return TBL_VERDICT_DROP_NOT_DNS;
		}
		verdict = measure_extension(next, frame + at, end - at, &header_len);
		if (verdict != PASSED) {
			return verdict;
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
	const uint8_t *ip = frame + ret->l3_off;
	size_t room = len - ret->l3_off;
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
	ret->udp_off = ret->l3_off + IPV6_BYTES;
	ret->end = ret->udp_off + payload_len;
	ret->addrs_off = ret->l3_off + IPV6_SOURCE_OFF;
	ret->addr_len = 16;
	return skip_extensions(frame, ret->end, ip[IPV6_NEXT_OFF], &ret->udp_off);
}

static bool
is_tag(uint16_t type)
{
	return type == ETHER_TYPE_CTAG || type == ETHER_TYPE_STAG;
}

/* Steps over the tags that follow the addresses, the first of type *type; *type and *l3_off are then
 * those of what they carry. */
static enum tbl_verdict
parse_tags(const uint8_t *frame, size_t len, const struct dp_vlans *vlans, uint16_t *type,
		size_t *l3_off)
{
	uint16_t vids[DP_VLAN_TAGS_MAX] = { 0 };

	for (unsigned int i = 0; is_tag(*type); i++) {
		if (i == DP_VLAN_TAGS_MAX) {
			return TBL_VERDICT_DROP_VLAN;
		}
		if (len - *l3_off < TAG_BYTES) {
			return TBL_VERDICT_DROP_FRAME;
		}
		vids[i] = dp_load_be16(frame + *l3_off) & TCI_VID_MASK;
		*type = dp_load_be16(frame + *l3_off + 2);
		*l3_off += TAG_BYTES;
	}
	return is_dp_vlan_listed(vlans, dp_vlan_key(vids[0], vids[1])) ? PASSED
	                                                               : TBL_VERDICT_DROP_VLAN;
}

/* Ethernet: what carries the packet, and where it begins. */
static enum tbl_verdict
parse_link(const uint8_t *frame, size_t len, const struct dp_vlans *vlans, uint16_t *ret_type,
		size_t *ret_l3_off)
{
	if (len < ETHER_BYTES) {
		return TBL_VERDICT_DROP_FRAME;
	}
	*ret_type = dp_load_be16(frame + ETHER_TYPE_OFF);
	*ret_l3_off = ETHER_BYTES;
	if (is_tag(*ret_type)) {
		return parse_tags(frame, len, vlans, ret_type, ret_l3_off);
	}
	return vlans->has_untagged ? PASSED : TBL_VERDICT_DROP_VLAN;
}

static enum tbl_verdict
parse_headers(const uint8_t *frame, size_t len, const struct dp_vlans *vlans, struct layout *ret)
{
	uint16_t type;
	enum tbl_verdict verdict = parse_link(frame, len, vlans, &type, &ret->l3_off);

	if (verdict != PASSED) {
		return verdict;
	}
	switch (type) {
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
is_link_ours(const struct dp_frame_filter *filter, const uint8_t *frame)
{
	if (!filter->has_mac) {
		return (frame[0] & 1u) == 0;
	}
	return memcmp(frame, filter->mac, ETHER_ADDR_BYTES) == 0;
}

/* A reply can go back: not to a group (802.3 §3.2.3: a source is an individual), nor to ourselves. */
static bool
is_link_source(const struct dp_frame_filter *filter, const uint8_t *source)
{
	return (source[0] & 1u) == 0 &&
	       !(filter->has_mac && memcmp(source, filter->mac, ETHER_ADDR_BYTES) == 0);
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
is_source_valid(const struct dp_frame_filter *filter, const uint8_t *frame,
		const struct layout *layout)
{
	const uint8_t *source = frame + layout->addrs_off;
	const uint8_t *dest = source + layout->addr_len;
	bool is_host = layout->addr_len == 4 ? is_source_ipv4(source) : is_source_ipv6(source);

	return is_host && is_link_source(filter, frame + ETHER_ADDR_BYTES) &&
	       dp_load_be16(frame + layout->udp_off) != 0 &&
	       memcmp(source, dest, layout->addr_len) != 0 &&
	       !is_listed(&filter->addresses, source, layout->addr_len);
}

static bool
is_destination_ours(const struct dp_frame_filter *filter, const uint8_t *frame,
		const struct layout *layout)
{
	return is_link_ours(filter, frame) &&
	       (filter->addresses.cnt == 0 ||
			       is_listed(&filter->addresses,
					       frame + layout->addrs_off + layout->addr_len,
					       layout->addr_len));
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
dp_frame_parse(const uint8_t *frame, size_t len, const struct dp_frame_filter *filter,
		bool verify_checksum, struct dp_frame *ret_frame)
{
	struct layout layout;
	enum tbl_verdict verdict = parse_headers(frame, len, &filter->vlans, &layout);
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
	/* A datagram may end before its packet does: what follows is UDP options (RFC 9868 §7),
	 * which a receiver that knows none ignores. */
	udp_len = dp_load_be16(udp + UDP_LENGTH_OFF);
	if (udp_len < UDP_BYTES || udp_len > udp_room) {
		return TBL_VERDICT_DROP_UDP_LENGTH;
	}
	if (!is_destination_ours(filter, frame, &layout)) {
		return TBL_VERDICT_DROP_NOT_OURS;
	}
	if (!is_source_valid(filter, frame, &layout)) {
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
