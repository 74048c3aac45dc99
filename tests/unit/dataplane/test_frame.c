/* Frames in, verdicts out; and the reply's headers, checked with a checksum written another way. */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/frame.h"
#include "tests/unit/test.h"

#define OK        TBL_VERDICT_CNT
#define FRAME_MAX 2048u
#define IP        14u /* offset of the IP header in every base */

/* Where UDP begins in each base. */
enum base {
	V4 = 34,
	V4_OPTIONS = 38,    /* four NOPs */
	V4_OPTIONS_40 = 74, /* IHL 15 */
	V6 = 54,
	V6_OPTIONS = 62,    /* hop-by-hop */
	V6_OPTIONS_3 = 86,  /* hop-by-hop, 16 bytes of destination options, destination options */
	V6_OPTIONS_5 = 102, /* as many headers as are skipped, of whatever kind */
	V6_OPTIONS_6 = 110, /* one more */
};

static const uint8_t payload[] = "thirty-two bytes of DNS message";

static size_t
be16(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

static void
put_be16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* RFC 1071 as the RFC's prose has it: big-endian words, end-around carry at every step. */
static uint32_t
sum_plain(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
		sum = (sum & 0xffffu) + (sum >> 16);
	}
	return sum;
}

static bool
is_ipv6_frame(const uint8_t *frame)
{
	return frame[IP] >> 4 == 6;
}

/* The UDP sum of a well-formed datagram at `udp`; 0xffff when its checksum is right. */
static uint32_t
sum_udp(const uint8_t *frame, size_t udp)
{
	size_t udp_len = be16(frame + udp + 4);
	const uint8_t pseudo[4] = { 0, 17, frame[udp + 4], frame[udp + 5] };
	uint32_t sum = is_ipv6_frame(frame) ? sum_plain(0, frame + IP + 8, 32)
	                                    : sum_plain(0, frame + IP + 12, 8);

	return sum_plain(sum_plain(sum, pseudo, sizeof(pseudo)), frame + udp, udp_len);
}

static void
seal(uint8_t *frame, size_t udp)
{
	if (!is_ipv6_frame(frame)) {
		put_be16(frame + IP + 10, 0);
		put_be16(frame + IP + 10, 0xffffu ^ sum_plain(0, frame + IP, udp - IP));
	}
	put_be16(frame + udp + 6, 0);
	put_be16(frame + udp + 6, 0xffffu ^ sum_udp(frame, udp));
}

static void
address(uint8_t *at, bool is_v6, const char *text)
{
	assert_int_equal(inet_pton(is_v6 ? AF_INET6 : AF_INET, text, at), 1);
}

/* Options headers for the IPv6 bases: 8 bytes, 16 bytes, 8 bytes ... of PadN. */
static void
write_extensions(uint8_t *ip, size_t len)
{
	size_t at = 40;

	ip[6] = len > 0 ? 0 : 17;
	while (at < 40 + len) {
		size_t bytes = at == 48 ? 16 : 8;

		ip[at] = at + bytes < 40 + len ? 60 : 17;
		ip[at + 1] = (uint8_t)(bytes / 8 - 1);
		ip[at + 2] = 1;
		ip[at + 3] = (uint8_t)(bytes - 4);
		at += bytes;
	}
}

static size_t
make_base(uint8_t frame[FRAME_MAX], enum base udp)
{
	uint8_t *ip = frame + IP;
	size_t udp_len = 8 + sizeof(payload);
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	bool is_v6 = udp >= V6 && udp != V4_OPTIONS_40;

	memset(frame, 0, FRAME_MAX);
	memcpy(frame, macs, sizeof(macs));
	put_be16(frame + 12, is_v6 ? 0x86dd : 0x0800);
	if (is_v6) {
		ip[0] = 0x60;
		put_be16(ip + 4, udp - V6 + udp_len);
		ip[7] = 55;
		address(ip + 8, true, "2001:db8::7");
		address(ip + 24, true, "2001:db8::53");
		write_extensions(ip, udp - V6);
	} else {
		memset(ip + 20, 1, udp - V4); /* NOP */
		ip[0] = (uint8_t)(0x40 | (udp - IP) / 4);
		put_be16(ip + 2, udp - IP + udp_len);
		put_be16(ip + 4, 0xbeef);
		ip[1] = 0xb9; /* DSCP and ECN of a query are no business of the reply */
		ip[8] = 55;
		ip[9] = 17;
		address(ip + 12, false, "198.51.100.7");
		address(ip + 16, false, "192.0.2.53");
	}
	put_be16(frame + udp, 40000);
	put_be16(frame + udp + 2, 53);
	put_be16(frame + udp + 4, udp_len);
	memcpy(frame + udp + 8, payload, sizeof(payload));
	return udp + udp_len;
}

struct edit {
	uint16_t off;
	uint8_t bytes; /* 0: no edit */
	uint16_t value;
};

#define BYTE(off, value)          \
	{                         \
		(off), 1, (value) \
	}
#define WORD(off, value)          \
	{                         \
		(off), 2, (value) \
	}

struct row {
	const char *name;
	enum base base;
	enum tbl_verdict expected;
	struct edit edits[3]; /* before checksums are made right */
	struct edit damage;   /* after */
	bool trust;           /* the port vouches for UDP checksums */
	int grow;             /* bytes more or fewer than the headers say */
	const char *source;
	const char *dest;
};

/* Checks of the frame list, each named after the boundary it sits on; the RFC beside it. */
static const struct row rows[] = {
	{ "normal-query", V4, .expected = OK },
	{ "normal-query-ipv6", V6, .expected = OK },
	/* Ethernet */
	{ "frame-empty", V4, .expected = TBL_VERDICT_DROP_FRAME, .grow = -(V4 + 40) },
	{ "frame-13-bytes", V4, .expected = TBL_VERDICT_DROP_FRAME, .grow = 13 - (V4 + 40) },
	{ "ethernet-padding-ignored", V4, .expected = OK, .grow = 20 },
	{ "ethernet-padding-ignored-ipv6", V6, .expected = OK, .grow = 20 },
	{ "ethertype-unknown", V4, .expected = TBL_VERDICT_DROP_NOT_DNS,
			.edits = { WORD(12, 0x88b5) } },
	{ "ethertype-arp", V4, .expected = TBL_VERDICT_DROP_NOT_DNS,
			.edits = { WORD(12, 0x0806) } },
	{ "link-broadcast", V4, .expected = TBL_VERDICT_DROP_NOT_OURS,
			.edits = { WORD(0, 0xffff) } }, /* 1122 3.3.6 */
	{ "link-multicast", V6, .expected = TBL_VERDICT_DROP_NOT_OURS,
			.edits = { WORD(0, 0x3333) } },
	{ "src-mac-multicast", V4, .expected = TBL_VERDICT_DROP_SOURCE,
			.edits = { WORD(6, 0x0100) } },
	{ "src-mac-broadcast", V6, .expected = TBL_VERDICT_DROP_SOURCE,
			.edits = { WORD(6, 0xffff) } },
	/* IPv4, RFC 791 §3.1 */
	{ "frame-cut-in-ip-header", V4, .expected = TBL_VERDICT_DROP_FRAME,
			.grow = 33 - (V4 + 40) },
	{ "version-5", V4, .expected = TBL_VERDICT_DROP_IP_HEADER, .edits = { BYTE(IP, 0x55) } },
	{ "ihl-4", V4, .expected = TBL_VERDICT_DROP_IP_HEADER, .edits = { BYTE(IP, 0x44) } },
	{ "ihl-0", V4, .expected = TBL_VERDICT_DROP_IP_HEADER, .edits = { BYTE(IP, 0x40) } },
	{ "ihl-15-no-options", V4, .expected = TBL_VERDICT_DROP_IP_CHECKSUM,
			.edits = { BYTE(IP, 0x4f) } },
	{ "ihl-beyond-total", V4, .expected = TBL_VERDICT_DROP_IP_HEADER,
			.edits = { BYTE(IP, 0x4f), WORD(IP + 2, 59) } },
	{ "ip-options-nop", V4_OPTIONS, .expected = OK },
	{ "ip-options-40-bytes", V4_OPTIONS_40, .expected = OK },
	{ "ip-total-length-19", V4, .expected = TBL_VERDICT_DROP_IP_HEADER,
			.edits = { WORD(IP + 2, 19) } },
	{ "ip-total-length-beyond-frame", V4, .expected = TBL_VERDICT_DROP_FRAME, .grow = -1 },
	{ "ip-total-length-65535", V4, .expected = TBL_VERDICT_DROP_FRAME,
			.edits = { WORD(IP + 2, 65535) } },
	{ "ip-checksum-wrong", V4, .expected = TBL_VERDICT_DROP_IP_CHECKSUM,
			.damage = BYTE(IP + 8, 56) },
	{ "ip-checksum-wrong-but-trusted-port", V4, .expected = TBL_VERDICT_DROP_IP_CHECKSUM,
			.damage = BYTE(IP + 8, 56), .trust = true },
	{ "tcp", V4, .expected = TBL_VERDICT_DROP_NOT_DNS, .edits = { BYTE(IP + 9, 6) } },
	{ "icmp", V4, .expected = TBL_VERDICT_DROP_NOT_DNS, .edits = { BYTE(IP + 9, 1) } },
	{ "first-fragment-alone", V4, .expected = TBL_VERDICT_DROP_FRAGMENT,
			.edits = { WORD(IP + 6, 0x2000) } },
	{ "last-fragment-alone", V4, .expected = TBL_VERDICT_DROP_FRAGMENT,
			.edits = { WORD(IP + 6, 0x0001) } },
	{ "dont-fragment-is-no-fragment", V4, .expected = OK, .edits = { WORD(IP + 6, 0x4000) } },
	{ "ttl-1-for-us", V4, .expected = OK, .edits = { BYTE(IP + 8, 1) } },
	{ "tos-ecn-bits", V4, .expected = OK, .edits = { BYTE(IP + 1, 0xff) } },
	/* addresses, RFC 1122 §3.2.1.3 */
	{ "dst-ip-not-ours", V4, .expected = TBL_VERDICT_DROP_NOT_OURS, .dest = "192.0.2.54" },
	{ "dst-ip-broadcast", V4, .expected = TBL_VERDICT_DROP_NOT_OURS,
			.dest = "255.255.255.255" },
	{ "dst-ip-second", V4, .expected = OK, .dest = "192.0.2.55" },
	{ "src-ip-zero", V4, .expected = TBL_VERDICT_DROP_SOURCE, .source = "0.0.0.0" },
	{ "src-ip-this-network", V4, .expected = TBL_VERDICT_DROP_SOURCE,
			.source = "0.255.255.255" },
	{ "src-ip-1.0.0.0", V4, .expected = OK, .source = "1.0.0.0" },
	{ "src-ip-126", V4, .expected = OK, .source = "126.255.255.255" },
	{ "src-ip-loopback", V4, .expected = TBL_VERDICT_DROP_SOURCE, .source = "127.0.0.53" },
	{ "src-ip-223", V4, .expected = OK, .source = "223.255.255.255" },
	{ "src-ip-multicast", V4, .expected = TBL_VERDICT_DROP_SOURCE, .source = "224.0.0.1" },
	{ "src-ip-reserved", V4, .expected = TBL_VERDICT_DROP_SOURCE, .source = "240.0.0.1" },
	{ "src-ip-broadcast", V4, .expected = TBL_VERDICT_DROP_SOURCE,
			.source = "255.255.255.255" },
	{ "src-ip-is-dst", V4, .expected = TBL_VERDICT_DROP_SOURCE, .source = "192.0.2.53" },
	{ "src-ip-is-ours", V4, .expected = TBL_VERDICT_DROP_SOURCE, .source = "192.0.2.55" },
	{ "dst-ip-not-ours-ipv6", V6, .expected = TBL_VERDICT_DROP_NOT_OURS,
			.dest = "2001:db8::54" },
	{ "src-ip-unspecified", V6, .expected = TBL_VERDICT_DROP_SOURCE, .source = "::" },
	{ "src-ip-loopback-ipv6", V6, .expected = TBL_VERDICT_DROP_SOURCE, .source = "::1" },
	{ "src-ip-mapped", V6, .expected = TBL_VERDICT_DROP_SOURCE,
			.source = "::ffff:198.51.100.7" },
	{ "src-ip-multicast-ipv6", V6, .expected = TBL_VERDICT_DROP_SOURCE, .source = "ff02::1" },
	{ "src-ip-link-local", V6, .expected = OK, .source = "fe80::1" },
	{ "src-ip-is-dst-ipv6", V6, .expected = TBL_VERDICT_DROP_SOURCE, .source = "2001:db8::53" },
	{ "src-port-0-dropped", V4, .expected = TBL_VERDICT_DROP_SOURCE, .edits = { WORD(V4, 0) } },
	{ "src-port-53", V4, .expected = OK, .edits = { WORD(V4, 53) } },
	/* IPv6, RFC 8200 §3 and §4 */
	{ "frame-cut-in-ipv6-header", V6, .expected = TBL_VERDICT_DROP_FRAME,
			.grow = 53 - (V6 + 40) },
	{ "version-4-under-ipv6", V6, .expected = TBL_VERDICT_DROP_IP_HEADER,
			.edits = { BYTE(IP, 0x45) } },
	{ "payload-length-beyond-frame", V6, .expected = TBL_VERDICT_DROP_FRAME, .grow = -1 },
	{ "payload-length-0", V6, .expected = TBL_VERDICT_DROP_UDP_LENGTH,
			.edits = { WORD(IP + 4, 0) } },
	{ "traffic-class-flow-label", V6, .expected = OK,
			.edits = { WORD(IP, 0x6fff), WORD(IP + 2, 0xffff) } },
	{ "hop-by-hop", V6_OPTIONS, .expected = OK },
	{ "hop-by-hop-and-twice-destination-options", V6_OPTIONS_3, .expected = OK },
	{ "five-options-headers", V6_OPTIONS_5, .expected = OK },
	{ "six-options-headers", V6_OPTIONS_6, .expected = TBL_VERDICT_DROP_NOT_DNS },
	{ "hop-by-hop-second", V6_OPTIONS_3, .expected = TBL_VERDICT_DROP_NOT_DNS,
			.edits = { BYTE(IP + 40, 0) } },
	{ "hop-by-hop-then-tcp", V6_OPTIONS, .expected = TBL_VERDICT_DROP_NOT_DNS,
			.edits = { BYTE(IP + 40, 6) } },
	{ "options-longer-than-packet", V6_OPTIONS, .expected = TBL_VERDICT_DROP_IP_HEADER,
			.edits = { BYTE(IP + 41, 255) } },
	{ "options-cut", V6_OPTIONS, .expected = TBL_VERDICT_DROP_IP_HEADER,
			.edits = { WORD(IP + 4, 7) } },
	{ "options-missing", V6_OPTIONS, .expected = TBL_VERDICT_DROP_IP_HEADER,
			.edits = { WORD(IP + 4, 0) }, .grow = V6 - (V6_OPTIONS + 40) },
	{ "options-and-nothing", V6_OPTIONS, .expected = TBL_VERDICT_DROP_UDP_LENGTH,
			.edits = { WORD(IP + 4, 8) } },
	{ "option-to-pass-over", V6_OPTIONS, .expected = OK, .edits = { BYTE(IP + 42, 0x3e) } },
	{ "option-to-drop-for", V6_OPTIONS, .expected = TBL_VERDICT_DROP_IP_OPTION,
			.edits = { BYTE(IP + 42, 0x40) } }, /* 8200 4.2 */
	{ "option-jumbo-payload", V6_OPTIONS, .expected = TBL_VERDICT_DROP_IP_OPTION,
			.edits = { BYTE(IP + 42, 0xc2) } },
	{ "option-home-address", V6_OPTIONS, .expected = TBL_VERDICT_DROP_IP_OPTION,
			.edits = { BYTE(IP + 6, 60), BYTE(IP + 42, 0xc9) } },
	{ "option-to-drop-for-behind-padding", V6_OPTIONS, .expected = TBL_VERDICT_DROP_IP_OPTION,
			.edits = { WORD(IP + 42, 0), BYTE(IP + 44, 0x80) } },
	{ "option-of-the-whole-header", V6_OPTIONS, .expected = OK, .edits = { BYTE(IP + 43, 4) } },
	{ "option-beyond-header", V6_OPTIONS, .expected = TBL_VERDICT_DROP_IP_HEADER,
			.edits = { BYTE(IP + 43, 5) } },
	{ "option-without-length", V6_OPTIONS, .expected = TBL_VERDICT_DROP_IP_HEADER,
			.edits = { BYTE(IP + 43, 3), BYTE(IP + 47, 1) } },
	{ "options-all-pad1", V6_OPTIONS, .expected = OK,
			.edits = { WORD(IP + 42, 0), WORD(IP + 44, 0), WORD(IP + 46, 0) } },
	{ "fragment-header", V6_OPTIONS, .expected = TBL_VERDICT_DROP_FRAGMENT,
			.edits = { BYTE(IP + 6, 44) } },
	{ "first-fragment-alone-ipv6", V6_OPTIONS, .expected = TBL_VERDICT_DROP_FRAGMENT,
			.edits = { BYTE(IP + 6, 44), WORD(IP + 42, 0x0001) } },
	{ "last-fragment-alone-ipv6", V6_OPTIONS, .expected = TBL_VERDICT_DROP_FRAGMENT,
			.edits = { BYTE(IP + 6, 44), WORD(IP + 42, 0x0008) } },
	{ "atomic-fragment", V6_OPTIONS, .expected = OK,
			.edits = { BYTE(IP + 6, 44), WORD(IP + 42, 0) } }, /* 6946 4 */
	{ "atomic-fragment-reserved-bits", V6_OPTIONS, .expected = OK,
			.edits = { BYTE(IP + 6, 44), WORD(IP + 42, 0x0006) } },
	{ "routing-header-on-its-way", V6_OPTIONS, .expected = TBL_VERDICT_DROP_NOT_DNS,
			.edits = { BYTE(IP + 6, 43), BYTE(IP + 43, 1) } }, /* 8200 4.4 */
	{ "routing-header-arrived", V6_OPTIONS, .expected = OK,
			.edits = { BYTE(IP + 6, 43), BYTE(IP + 43, 0) } },
	{ "authentication-header", V6_OPTIONS, .expected = TBL_VERDICT_DROP_NOT_DNS,
			.edits = { BYTE(IP + 6, 51) } },
	{ "encrypted", V6_OPTIONS, .expected = TBL_VERDICT_DROP_NOT_DNS,
			.edits = { BYTE(IP + 6, 50) } },
	{ "mobility-header", V6_OPTIONS, .expected = TBL_VERDICT_DROP_NOT_DNS,
			.edits = { BYTE(IP + 6, 135) } },
	{ "icmpv6", V6, .expected = TBL_VERDICT_DROP_NOT_DNS, .edits = { BYTE(IP + 6, 58) } },
	{ "no-next-header", V6, .expected = TBL_VERDICT_DROP_NOT_DNS,
			.edits = { BYTE(IP + 6, 59) } },
	/* UDP, RFC 768 */
	{ "dst-port-54", V4, .expected = TBL_VERDICT_DROP_NOT_DNS, .edits = { WORD(V4 + 2, 54) } },
	{ "dst-port-54-ipv6", V6, .expected = TBL_VERDICT_DROP_NOT_DNS,
			.edits = { WORD(V6 + 2, 54) } },
	{ "frame-cut-in-udp-header", V4, .expected = TBL_VERDICT_DROP_UDP_LENGTH,
			.edits = { WORD(IP + 2, 27) } },
	{ "udp-missing", V4, .expected = TBL_VERDICT_DROP_UDP_LENGTH, .edits = { WORD(IP + 2, 20) },
			.grow = -40 },
	{ "udp-empty-payload", V4, .expected = OK, .edits = { WORD(IP + 2, 28), WORD(V4 + 4, 8) } },
	{ "udp-11-bytes", V4, .expected = OK, .edits = { WORD(IP + 2, 31), WORD(V4 + 4, 11) } },
	{ "udp-length-7", V4, .expected = TBL_VERDICT_DROP_UDP_LENGTH,
			.edits = { WORD(V4 + 4, 7) } },
	{ "udp-length-beyond-ip", V4, .expected = TBL_VERDICT_DROP_UDP_LENGTH,
			.edits = { WORD(V4 + 4, 41) } },
	{ "udp-length-beyond-ip-in-padding", V4, .expected = TBL_VERDICT_DROP_UDP_LENGTH,
			.edits = { WORD(V4 + 4, 41) }, .grow = 20 },
	{ "udp-length-shorter-than-ip", V4, .expected = OK,
			.edits = { WORD(V4 + 4, 20) } }, /* RFC 9868 §7 */
	{ "udp-checksum-wrong", V4, .expected = TBL_VERDICT_DROP_UDP_CHECKSUM,
			.damage = BYTE(V4 + 9, 0) },
	{ "udp-checksum-wrong-ipv6", V6, .expected = TBL_VERDICT_DROP_UDP_CHECKSUM,
			.damage = BYTE(V6 + 9, 0) },
	{ "udp-checksum-of-trusted-port", V4, .expected = OK, .damage = BYTE(V4 + 9, 0),
			.trust = true },
	{ "udp-checksum-none", V4, .expected = OK, .damage = WORD(V4 + 6, 0) },
	{ "udp-checksum-none-ipv6", V6, .expected = TBL_VERDICT_DROP_UDP_CHECKSUM,
			.damage = WORD(V6 + 6, 0) },
	{ "udp-checksum-none-ipv6-trusted", V6, .expected = TBL_VERDICT_DROP_UDP_CHECKSUM,
			.damage = WORD(V6 + 6, 0), .trust = true },
};

static void
apply(uint8_t *frame, const struct edit *edit)
{
	if (edit->bytes == 1) {
		frame[edit->off] = (uint8_t)edit->value;
	} else if (edit->bytes == 2) {
		put_be16(frame + edit->off, edit->value);
	}
}

static size_t
make_frame(const struct row *row, uint8_t frame[FRAME_MAX])
{
	size_t len = make_base(frame, row->base);
	bool is_v6 = is_ipv6_frame(frame);

	if (row->source != NULL) {
		address(frame + IP + (is_v6 ? 8 : 12), is_v6, row->source);
	}
	if (row->dest != NULL) {
		address(frame + IP + (is_v6 ? 24 : 16), is_v6, row->dest);
	}
	apply(frame, &row->edits[0]);
	apply(frame, &row->edits[1]);
	apply(frame, &row->edits[2]);
	seal(frame, row->base);
	apply(frame, &row->damage);
	return (size_t)((long)len + row->grow);
}

static struct dp_frame_filter
our_filter(void)
{
	static const char *const texts[] = { "192.0.2.53", "192.0.2.55", "2001:db8::53" };
	struct dp_frame_filter filter = { .addresses.cnt = 3, .vlans.has_untagged = true };

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(dp_address_parse(texts[i], &filter.addresses.items[i]), 0);
	}
	return filter;
}

/* Parses a copy in a heap block of exactly the frame's size, so that sanitizers see overreads. */
static enum tbl_verdict
parse_exact(const uint8_t *frame, size_t len, const struct dp_frame_filter *filter, bool verify,
		struct dp_frame *ret_frame)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	enum tbl_verdict verdict;

	assert_non_null(copy);
	memcpy(copy, frame, len);
	verdict = dp_frame_parse(copy, len, filter, verify, ret_frame);
	free(copy);
	return verdict;
}

/* conformance: frame-verdicts | RFC 1122 §3.2.1, RFC 8200 §4, RFC 768 | Right and wrong frames by row: tags, headers,
 * options, fragments, lengths, sums, sources. */
static void
every_frame_has_its_verdict(void **state)
{
	struct dp_frame_filter filter = our_filter();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t frame[FRAME_MAX];
		size_t len = make_frame(&rows[i], frame);
		struct dp_frame parsed;
		enum tbl_verdict verdict =
				parse_exact(frame, len, &filter, !rows[i].trust, &parsed);

		if (verdict != rows[i].expected) {
			fail_msg("%s: verdict %u, expected %u", rows[i].name, verdict,
					rows[i].expected);
		}
		if (verdict == OK) {
			assert_int_equal(parsed.l3_off, IP);
			assert_int_equal(parsed.udp_off, rows[i].base);
			assert_int_equal(parsed.dns_off, rows[i].base + 8);
			assert_int_equal(parsed.dns_len, be16(frame + rows[i].base + 4) - 8);
		}
	}
}

/* conformance: frame-cut-anywhere | practice | A frame cut at any octet is dropped, and nothing behind is read. */
static void
a_frame_cut_anywhere_is_dropped(void **state)
{
	static const enum base bases[] = { V4, V4_OPTIONS, V6, V6_OPTIONS_3 };
	struct dp_frame_filter filter = our_filter();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bases); i++) {
		uint8_t frame[FRAME_MAX];
		size_t len = make_base(frame, bases[i]);
		struct dp_frame parsed;

		seal(frame, bases[i]);
		assert_int_equal(parse_exact(frame, len, &filter, true, &parsed), OK);
		for (size_t cut = 0; cut < len; cut++) {
			assert_int_equal(parse_exact(frame, cut, &filter, true, &parsed),
					TBL_VERDICT_DROP_FRAME);
		}
	}
}

/* No bit of a sealed frame is beyond notice, but those that only say how it travelled. */
/* conformance: frame-flipped-bits | RFC 768, RFC 8200 §8.1 | Any one bit that is wrong is seen by a checksum. */
static void
a_flipped_bit_behind_the_ip_header_is_noticed(void **state)
{
	struct dp_frame_filter filter = our_filter();
	uint8_t frame[FRAME_MAX];
	size_t len = make_base(frame, V6);
	struct dp_frame parsed;

	(void)state;
	seal(frame, V6);
	assert_int_equal(parse_exact(frame, len, &filter, true, &parsed), OK);
	for (size_t bit = (size_t)(IP + 8) * 8; bit < len * 8; bit++) {
		frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(parse_exact(frame, len, &filter, true, &parsed), OK);
		frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

/* A query that claims to come from where it goes would have us answer ourselves. */
static enum tbl_verdict
parse_to_self(const struct dp_frame_filter *filter)
{
	const struct row row = { "to-self", V4, .source = "192.0.2.53" };
	uint8_t frame[FRAME_MAX];
	size_t len = make_frame(&row, frame);
	struct dp_frame parsed;

	return parse_exact(frame, len, filter, true, &parsed);
}

static void
without_addresses_any_destination_is_ours(void **state)
{
	const struct dp_frame_filter any = { .vlans.has_untagged = true };
	uint8_t frame[FRAME_MAX];
	size_t len = make_base(frame, V4);
	struct dp_frame parsed;

	(void)state;
	seal(frame, V4);
	assert_int_equal(parse_exact(frame, len, &any, true, &parsed), OK);
	assert_int_equal(parsed.client.addr.family, 4);
	assert_int_equal(parse_to_self(&any), TBL_VERDICT_DROP_SOURCE);
	assert_memory_equal(
			parsed.client.addr.bytes, "\xc6\x33\x64\x07\0\0\0\0\0\0\0\0\0\0\0\0", 16);
}

static void
with_a_mac_frames_for_others_are_not_ours(void **state)
{
	struct dp_frame_filter filter = our_filter();
	uint8_t frame[FRAME_MAX];
	size_t len = make_base(frame, V4);
	struct dp_frame parsed;

	(void)state;
	seal(frame, V4);
	filter.has_mac = true;
	memcpy(filter.mac, "\2\0\0\0\0\1", 6);
	assert_int_equal(parse_exact(frame, len, &filter, true, &parsed), OK);
	filter.mac[5] = 9;
	assert_int_equal(
			parse_exact(frame, len, &filter, true, &parsed), TBL_VERDICT_DROP_NOT_OURS);
	/* From ourselves to ourselves: something sends our frames back. */
	filter.mac[5] = 1;
	memcpy(frame + 6, filter.mac, 6);
	assert_int_equal(parse_exact(frame, len, &filter, true, &parsed), TBL_VERDICT_DROP_SOURCE);
}

/* The reply to a base, its message replaced by dns_len bytes: every header field checked. */
static void
check_reply(enum base base, size_t dns_len)
{
	struct dp_frame_filter filter = our_filter();
	uint8_t query[FRAME_MAX];
	uint8_t reply[FRAME_MAX];
	size_t len = make_base(query, base);
	bool is_v6 = is_ipv6_frame(query);
	size_t udp = is_v6 ? V6 : V4;
	const uint8_t *ip = reply + IP;
	struct dp_frame parsed;

	seal(query, base);
	assert_int_equal(parse_exact(query, len, &filter, true, &parsed), OK);
	memcpy(reply, query, sizeof(reply));
	for (size_t i = 0; i < dns_len; i++) {
		reply[parsed.dns_off + i] = (uint8_t)(i * 7);
	}
	assert_int_equal(dp_frame_reply(reply, &parsed, dns_len), udp + 8 + dns_len);
	assert_memory_equal(reply, query + 6, 6);
	assert_memory_equal(reply + 6, query, 6);
	assert_memory_equal(reply + 12, query + 12, 2);
	if (is_v6) {
		assert_memory_equal(ip, "\x60\0\0\0", 4);
		assert_int_equal(be16(ip + 4), 8 + dns_len);
		assert_memory_equal(ip + 6, "\x11\x40", 2);
		assert_memory_equal(ip + 8, query + IP + 24, 16);
		assert_memory_equal(ip + 24, query + IP + 8, 16);
	} else {
		assert_memory_equal(ip, "\x45\0", 2);
		assert_int_equal(be16(ip + 2), 28 + dns_len);
		assert_memory_equal(ip + 4, "\0\0\x40\0\x40\x11", 6); /* ID 0, DF, TTL 64, UDP */
		assert_int_equal(sum_plain(0, ip, 20), 0xffff);
		assert_memory_equal(ip + 12, query + IP + 16, 4);
		assert_memory_equal(ip + 16, query + IP + 12, 4);
	}
	assert_memory_equal(reply + udp, query + base + 2, 2);
	assert_memory_equal(reply + udp + 2, query + base, 2);
	assert_int_equal(be16(reply + udp + 4), 8 + dns_len);
	assert_int_not_equal(be16(reply + udp + 6), 0);
	assert_int_equal(sum_udp(reply, udp), 0xffff);
	for (size_t i = 0; i < dns_len; i++) {
		assert_int_equal(reply[udp + 8 + i], (uint8_t)(i * 7));
	}
}

struct tag {
	uint16_t type;
	uint16_t tci;
};

/* Puts tags behind the addresses of a sealed frame; a type of 0 ends them. */
static size_t
insert_tags(uint8_t *frame, size_t len, const struct tag *tags, size_t max)
{
	size_t at = 12;

	for (size_t i = 0; i < max && tags[i].type != 0; i++, at += 4) {
		memmove(frame + at + 4, frame + at, len - at);
		put_be16(frame + at, tags[i].type);
		put_be16(frame + at + 2, tags[i].tci);
		len += 4;
	}
	return len;
}

/* The port answers untagged, 100, 200 and 300.100. */
static const struct {
	const char *name;
	struct tag tags[3];
	enum tbl_verdict expected;
} tagged[] = {
	{ "vlan-100", { { 0x8100, 100 } }, OK },
	{ "vlan-200-as-802.1ad", { { 0x88a8, 200 } }, OK },
	{ "vlan-tag-99", { { 0x8100, 99 } }, TBL_VERDICT_DROP_VLAN },
	{ "vlan-300-without-inner", { { 0x8100, 300 } }, TBL_VERDICT_DROP_VLAN },
	{ "vlan-4095", { { 0x8100, 0xffff } }, TBL_VERDICT_DROP_VLAN },
	{ "vlan-priority-and-dei", { { 0x8100, 0xf064 } }, OK },
	{ "vlan-priority-tag-alone", { { 0x8100, 0xe000 } }, OK }, /* no VLAN: as untagged */
	{ "qinq-802.1ad", { { 0x88a8, 300 }, { 0x8100, 100 } }, OK },
	{ "qinq-802.1q-twice", { { 0x8100, 300 }, { 0x8100, 100 } }, OK },
	{ "qinq-priorities", { { 0x88a8, 0xb12c }, { 0x8100, 0x7064 } }, OK },
	{ "qinq-inner-priority-tag", { { 0x88a8, 100 }, { 0x8100, 0xa000 } }, OK },
	{ "qinq-turned-round", { { 0x88a8, 100 }, { 0x8100, 300 } }, TBL_VERDICT_DROP_VLAN },
	{ "qinq-wrong-inner", { { 0x88a8, 300 }, { 0x8100, 101 } }, TBL_VERDICT_DROP_VLAN },
	{ "qinq-inner-alone", { { 0x88a8, 0 }, { 0x8100, 100 } }, TBL_VERDICT_DROP_VLAN },
	{ "three-tags", { { 0x88a8, 300 }, { 0x8100, 100 }, { 0x8100, 0 } },
			TBL_VERDICT_DROP_VLAN },
	{ "tag-type-9100", { { 0x9100, 100 } }, TBL_VERDICT_DROP_NOT_DNS },
};

static struct dp_frame_filter
vlan_filter(void)
{
	struct dp_frame_filter filter = our_filter();

	assert_int_equal(dp_vlans_add(&filter.vlans, "100"), 0);
	assert_int_equal(dp_vlans_add(&filter.vlans, "200"), 0);
	assert_int_equal(dp_vlans_add(&filter.vlans, "300.100"), 0);
	return filter;
}

/* The reply's tags are the query's without the drop-eligible bit, and the rest is as without them. */
static void
check_tagged_reply(
		const uint8_t *frame, size_t len, const struct dp_frame *parsed, const char *name)
{
	uint8_t reply[FRAME_MAX];
	size_t tags_len = parsed->l3_off - IP;
	size_t reply_len;

	memcpy(reply, frame, len);
	reply_len = dp_frame_reply(reply, parsed, parsed->dns_len);
	assert_memory_equal(reply, frame + 6, 6);
	assert_memory_equal(reply + 6, frame, 6);
	for (size_t at = 12; at < 12 + tags_len; at += 4) {
		if (be16(reply + at) != be16(frame + at) ||
				be16(reply + at + 2) != (be16(frame + at + 2) & 0xefffu)) {
			fail_msg("%s: tag at %zu", name, at);
		}
	}
	memmove(reply + 12, reply + 12 + tags_len, reply_len - 12 - tags_len);
	assert_int_equal(sum_udp(reply, is_ipv6_frame(reply) ? V6 : V4), 0xffff);
}

/* conformance: vlan-as-configured | practice | Tagged queries are answered where the tag is configured, with the same
 * tag. */
static void
tags_are_answered_where_they_are_configured(void **state)
{
	static const enum base bases[] = { V4, V4_OPTIONS_40, V6, V6_OPTIONS_3 };
	struct dp_frame_filter filter = vlan_filter();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tagged) * ARRAY_LEN(bases); i++) {
		size_t row = i / ARRAY_LEN(bases);
		enum base base = bases[i % ARRAY_LEN(bases)];
		uint8_t frame[FRAME_MAX];
		size_t plain_len = make_base(frame, base);
		struct dp_frame parsed;
		enum tbl_verdict verdict;
		size_t len;

		seal(frame, base);
		len = insert_tags(frame, plain_len, tagged[row].tags, 3);
		verdict = parse_exact(frame, len, &filter, true, &parsed);
		if (verdict != tagged[row].expected) {
			fail_msg("%s: verdict %u", tagged[row].name, verdict);
		}
		if (verdict == OK) {
			assert_int_equal(parsed.l3_off, IP + len - plain_len);
			assert_int_equal(parsed.udp_off, base + len - plain_len);
			check_tagged_reply(frame, len, &parsed, tagged[row].name);
		}
		for (size_t cut = 0; cut < len && verdict == OK; cut++) {
			enum tbl_verdict of_cut = parse_exact(frame, cut, &filter, true, &parsed);

			assert_int_equal(of_cut, TBL_VERDICT_DROP_FRAME);
		}
	}
}

static void
without_untagged_only_tags_are_answered(void **state)
{
	static const struct tag priority = { 0x8100, 0xe000 };
	static const struct tag vlan_100 = { 0x8100, 100 };
	struct dp_frame_filter filter = vlan_filter();
	uint8_t frame[FRAME_MAX];
	uint8_t copy[FRAME_MAX];
	size_t len = make_base(frame, V4);
	struct dp_frame parsed;

	(void)state;
	seal(frame, V4);
	filter.vlans.has_untagged = false;
	assert_int_equal(parse_exact(frame, len, &filter, true, &parsed), TBL_VERDICT_DROP_VLAN);
	memcpy(copy, frame, sizeof(copy));
	assert_int_equal(parse_exact(copy, insert_tags(copy, len, &priority, 1), &filter, true,
					 &parsed),
			TBL_VERDICT_DROP_VLAN);
	assert_int_equal(parse_exact(frame, insert_tags(frame, len, &vlan_100, 1), &filter, true,
					 &parsed),
			OK);
}

/* conformance: reply-header-fields | RFC 9715 §3.1, RFC 6864 §4.1, RFC 6437 §3, RFC 8085 §3.1.7 | Replies have DF set
 * and ID 0, hop limit 64, no ECN, no flow label. */
static void
a_reply_is_the_query_turned_round(void **state)
{
	static const enum base bases[] = { V4, V4_OPTIONS, V4_OPTIONS_40, V6, V6_OPTIONS,
		V6_OPTIONS_3 };
	static const size_t lens[] = { 12, 13, 29, 512, 1231, 1232 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bases); i++) {
		for (size_t j = 0; j < ARRAY_LEN(lens); j++) {
			check_reply(bases[i], lens[j]);
		}
	}
}

/* RFC 768: a sum that comes to zero goes out as 0xffff, or it would read "no checksum". */
/* conformance: udp-checksum-zero-sent-as-ones | RFC 768, RFC 8200 §8.1 | A checksum that comes to 0 is sent as ffff.
 * */
static void
a_computed_zero_is_sent_as_all_ones(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct dp_frame_filter filter = our_filter();
	struct dp_frame parsed;
	size_t len = make_base(frame, V6);

	(void)state;
	seal(frame, V6);
	assert_int_equal(parse_exact(frame, len, &filter, true, &parsed), OK);
	/* The old checksum put into the payload makes the rest sum to all ones, complement 0. */
	put_be16(frame + V6 + 8, 0);
	(void)dp_frame_reply(frame, &parsed, 12);
	put_be16(frame + V6 + 8, be16(frame + V6 + 6));
	(void)dp_frame_reply(frame, &parsed, 12);
	assert_int_equal(be16(frame + V6 + 6), 0xffff);
	assert_int_equal(sum_udp(frame, V6), 0xffff);
}

static void
addresses_are_read_strictly(void **state)
{
	static const char *const wrong[] = { "", "192.0.2", "192.0.2.256", "192.0.2.53:53",
		"2001:db8::53%eth0", "[::1]", "example.test", " 192.0.2.53", "1.2.3.4/32" };
	struct tbl_addr addr = { .family = 9 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_true(dp_address_parse(wrong[i], &addr) < 0);
		assert_int_equal(addr.family, 9); /* untouched */
	}
	assert_int_equal(dp_address_parse("2001:db8::53", &addr), 0);
	assert_int_equal(addr.family, 6);
	assert_memory_equal(addr.bytes, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\x53", 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_has_its_verdict),
		cmocka_unit_test(a_frame_cut_anywhere_is_dropped),
		cmocka_unit_test(a_flipped_bit_behind_the_ip_header_is_noticed),
		cmocka_unit_test(without_addresses_any_destination_is_ours),
		cmocka_unit_test(with_a_mac_frames_for_others_are_not_ours),
		cmocka_unit_test(tags_are_answered_where_they_are_configured),
		cmocka_unit_test(without_untagged_only_tags_are_answered),
		cmocka_unit_test(a_reply_is_the_query_turned_round),
		cmocka_unit_test(a_computed_zero_is_sent_as_all_ones),
		cmocka_unit_test(addresses_are_read_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
