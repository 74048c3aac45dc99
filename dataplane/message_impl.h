/*
 * What the files behind dataplane/message.h share: header fields, codes, records of a query, and the
 * EDNS, CHAOS and TSIG parts of a reply. Nobody else includes this.
 *
 * Threads:   pure.
 * Memory:    nothing is allocated.
 * Errors:    an rcode.
 * Standards: RFC 1035 §4.1.1 (header), RFC 6891 §6.1 (OPT), RFC 8945 §4.2 (TSIG).
 */
#ifndef DATAPLANE_MESSAGE_IMPL_H
#define DATAPLANE_MESSAGE_IMPL_H

#include "dataplane/limiter.h"
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
	DP_RCODE_NOTAUTH = 9,
	DP_RCODE_BADVERS = 16,
	DP_RCODE_BADCOOKIE = 23,
};

enum dp_class {
	DP_CLASS_IN = 1,
	DP_CLASS_CHAOS = 3,
	DP_CLASS_ANY = 255,
};

enum dp_opcode {
	DP_OPCODE_QUERY = 0,
	DP_OPCODE_NOTIFY = 4,
	DP_OPCODE_UPDATE = 5,
};
#define DP_OPCODE_SHIFT 3u /* of DP_OPCODE_MASK */

enum dp_type {
	DP_TYPE_SOA = 6,
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

/* One resource record of a query. */
struct dp_record {
	size_t owner_off;
	uint16_t type;
	uint16_t class_field;
	uint32_t ttl_field;
	size_t rdata_off;
	uint16_t rdata_len;
};

/* "<generation>.<sequence>": two 64-bit numbers of at most 20 digits, and the dot. */
#define DP_GENERATION_TEXT_MAX 41u

/* Identity, a space and the generation: what NSID says. */
#define DP_NSID_MAX (DP_IDENTITY_MAX + 1u + DP_GENERATION_TEXT_MAX)

enum dp_option {
	DP_OPTION_NSID = 3,
	DP_OPTION_ECS = 8,
	DP_OPTION_COOKIE = 10,
	DP_OPTION_KEEPALIVE = 11,
	DP_OPTION_EDE = 15,
	DP_OPTION_ZONEVERSION = 19,
};

#define DP_EDNS_FLAG_DO        0x8000u /* in the TTL field's lower half */
#define DP_OPTION_HEADER_BYTES 4u      /* code, length (RFC 6891 §6.1.2) */
#define DP_ECS_HEAD_BYTES      4u      /* family, source, scope (RFC 7871 §6) */
#define DP_KEEPALIVE_BYTES     2u      /* RFC 7828 §3.1 */
#define DP_EDE_BYTES           2u      /* RFC 8914 §2, without text */
#define DP_ZONEVERSION_BYTES   6u      /* label count, type, SOA serial (RFC 9660 §2) */

/* The longest OPT record of ours: its fixed part and each of the six options once, the ECS with an
 * IPv6 address. */
#define DP_OPT_MAX                                                                       \
	(1u + DP_RECORD_FIXED_BYTES + 6u * DP_OPTION_HEADER_BYTES + DP_NSID_MAX +        \
			DP_ECS_HEAD_BYTES + 16u + DP_COOKIE_BYTES + DP_KEEPALIVE_BYTES + \
			DP_EDE_BYTES + DP_ZONEVERSION_BYTES)

#define DP_UDP_REPLY_MIN 512u /* RFC 1035 §4.2.1: every client takes this much */

/* What a class CHAOS reply says: identity, version or generation, each within it. */
#define DP_CHAOS_TEXT_MAX 64u

/* dp_verdict_of: the one map from rcode to the verdict that counts it. */
enum tbl_verdict dp_verdict_of(uint16_t rcode);

/* dp_edns_parse reads an OPT record: its class and TTL fields and rdata[0..rdata_len). Fills *edns
 * and returns DP_RCODE_NOERROR, DP_RCODE_BADVERS or DP_RCODE_FORMERR; edns->is_present is set in
 * every case, for the reply carries an OPT whenever the query had one that could be told. */
enum dp_rcode dp_edns_parse(const uint8_t *rdata, size_t rdata_len, uint16_t class_field,
		uint32_t ttl_field, struct dp_edns *edns);

/* What the OPT record of one reply is made of: who asks what of whom, and what it comes to. */
struct dp_opt {
	struct dp_answerer *answerer;
	const struct dp_query *query;
	const struct dp_client *client;
	uint16_t rcode; /* 12 bits, of which OPT carries the upper 8 */
	uint8_t ede;    /* enum dp_ede */
	uint8_t cookie; /* enum dp_cookie_state; GOOD and OLD: the client is where it says it is. Not
	                 * DP_COOKIE_NONE: the answerer has keys */
	bool has_ecs;   /* an answer from the table: an ECS option is echoed */
	bool is_slipped; /* over the rate limit: nothing that is long and not needed */
	uint8_t scope_bits;
	uint32_t zone; /* whose version may be told; TBL_NONE: none's */
};

/* dp_opt_write writes the record, for a query that had one, and returns its length. */
size_t dp_opt_write(const struct dp_opt *opt, uint8_t record[DP_OPT_MAX]);

/* The longest TSIG record of ours: owner, fixed fields, algorithm, and 16 bytes of RDATA. */
#define DP_TSIG_MAX (TBL_NAME_MAX + DP_RECORD_FIXED_BYTES + TBL_NAME_MAX + 16u)

/* dp_tsig_parse checks the form of a TSIG record. DP_RCODE_NOERROR and where its parts are, or
 * DP_RCODE_FORMERR (RFC 8945 §4.2, §5.2). */
enum dp_rcode
dp_tsig_parse(const uint8_t *message, const struct dp_record *record, struct dp_tsig *tsig);

/* dp_tsig_write writes the TSIG that says BADKEY to the one that was parsed: unsigned, Time Signed, Fudge
 * and Original ID as they came (RFC 8945 §5.2.1, §5.3.2). `message` is still the query, and `record`
 * lies elsewhere. Returns its length. */
size_t
dp_tsig_write(const uint8_t *message, const struct dp_tsig *tsig, uint8_t record[DP_TSIG_MAX]);

/* dp_limit_reply_of: what the answer to `query` counts as under rate limits (message_limit.c). Names count
 * as what they were found by, the name itself, a wildcard or a delegation, and denials as their zone: however
 * many names are made up, they are one. `reply` has records, and so a node that matched. */
struct dp_limit_reply dp_limit_reply_of(const struct tbl_view *view, const struct dp_query *query,
		const struct tbl_reply *reply);

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
