/*
 * What the files behind dataplane/message.h share: header fields, codes, and the EDNS and CHAOS
 * halves of a reply. Nobody else includes this.
 *
 * Threads:   pure.
 * Memory:    nothing is allocated.
 * Errors:    an rcode.
 * Standards: RFC 1035 §4.1.1 (header), RFC 6891 §6.1 (OPT).
 */
#ifndef DATAPLANE_MESSAGE_IMPL_H
#define DATAPLANE_MESSAGE_IMPL_H

#include "dataplane/message.h"

enum dp_header_field {
	DP_FLAGS_HIGH = 2, /* QR, opcode, AA, TC, RD */
	DP_FLAGS_LOW = 3,  /* RA, Z, AD, CD, rcode */
	DP_QDCOUNT = 4,
	DP_ANCOUNT = 6,
	DP_NSCOUNT = 8,
	DP_ARCOUNT = 10,
};

#define DP_FLAG_QR     0x80u /* in DP_FLAGS_HIGH */
#define DP_OPCODE_MASK 0x78u
#define DP_FLAG_AA     0x04u
#define DP_FLAG_TC     0x02u
#define DP_FLAG_RD     0x01u
#define DP_FLAG_CD     0x10u /* in DP_FLAGS_LOW */
#define DP_RCODE_MASK  0x0fu

enum dp_rcode {
	DP_RCODE_NOERROR = 0,
	DP_RCODE_FORMERR = 1,
	DP_RCODE_NXDOMAIN = 3,
	DP_RCODE_NOTIMP = 4,
	DP_RCODE_REFUSED = 5,
	DP_RCODE_YXDOMAIN = 6,
	DP_RCODE_BADVERS = 16,
};

enum dp_class {
	DP_CLASS_IN = 1,
	DP_CLASS_CHAOS = 3,
};

enum dp_type {
	DP_TYPE_TXT = 16,
	DP_TYPE_OPT = 41,
	DP_TYPE_NXNAME = 128,
	DP_TYPE_TKEY = 249,
	DP_TYPE_TSIG = 250,
	DP_TYPE_IXFR = 251,
	DP_TYPE_AXFR = 252,
	DP_TYPE_MAILB = 253,
	DP_TYPE_MAILA = 254,
	DP_TYPE_ANY = 255,
};

#define DP_RECORD_FIXED_BYTES 10u /* type, class, TTL, RDLENGTH (RFC 1035 §3.2.1) */

/* "<generation>.<sequence>": two 64-bit numbers of at most 20 digits, and the dot. */
#define DP_GENERATION_TEXT_MAX 41u

/* Identity, a space and the generation: what NSID says. */
#define DP_NSID_MAX (DP_IDENTITY_MAX + 1u + DP_GENERATION_TEXT_MAX)

/* The longest OPT record of ours: its fixed part, NSID, and an ECS with an IPv6 address. */
#define DP_OPT_MAX (1u + DP_RECORD_FIXED_BYTES + 4u + DP_NSID_MAX + 4u + 4u + 16u)

/* What a class CHAOS reply says: identity, version or generation, each within it. */
#define DP_CHAOS_TEXT_MAX 64u

/* dp_verdict_of: the one map from rcode to the verdict that counts it. */
enum tbl_verdict dp_verdict_of(uint16_t rcode);

/* dp_edns_parse reads an OPT record: its class and TTL fields and rdata[0..rdata_len). Fills *edns
 * and returns DP_RCODE_NOERROR, DP_RCODE_BADVERS or DP_RCODE_FORMERR; edns->is_present is set in
 * every case, for the reply carries an OPT whenever the query had one that could be told. */
enum dp_rcode dp_edns_parse(const uint8_t *rdata, size_t rdata_len, uint16_t class_field,
		uint32_t ttl_field, struct dp_edns *edns);

/* What goes into the OPT record of one reply. */
struct dp_opt {
	const struct dp_edns *edns; /* the query's; is_present */
	const struct dp_settings *settings;
	const struct tbl_view *view;
	uint16_t rcode; /* 12 bits, of which OPT carries the upper 8 */
	bool has_ecs;   /* an answer from the table: an ECS option is echoed */
	uint8_t scope_bits;
};

/* dp_opt_write writes the record and returns its length. */
size_t dp_opt_write(const struct dp_opt *opt, uint8_t record[DP_OPT_MAX]);

/* dp_generation_text writes "<generation>.<sequence>" without NUL; returns its length. */
size_t dp_generation_text(const struct tbl_view *view, uint8_t text[DP_GENERATION_TEXT_MAX]);

/* dp_chaos_text writes what a class CHAOS question is told, without NUL. Returns its length, 0 when
 * the question is to be refused. */
size_t dp_chaos_text(const struct tbl_view *view, const struct dp_settings *settings,
		const struct dp_query *query, uint8_t text[DP_CHAOS_TEXT_MAX]);

/* dp_chaos_write writes the TXT record with that text into message[len..capacity). Returns the new
 * length, or 0 when it does not fit. */
size_t
dp_chaos_write(const uint8_t *text, size_t text_len, uint8_t *message, size_t len, size_t capacity);

#endif
