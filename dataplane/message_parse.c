#include "dataplane/bytes.h"
#include "dataplane/message_impl.h"

#define QUESTION_FIXED_BYTES 4u /* type, class */

/* One resource record of the query, its owner skipped. */
struct record {
	size_t owner_off;
	uint16_t type;
	uint16_t class_field;
	uint32_t ttl_field;
	size_t rdata_off;
	uint16_t rdata_len;
};

enum tbl_verdict
dp_verdict_of(uint16_t rcode)
{
	switch (rcode) {
	case DP_RCODE_NOERROR:
		return TBL_VERDICT_ANSWER_NOERROR;
	case DP_RCODE_FORMERR:
		return TBL_VERDICT_ANSWER_FORMERR;
	case DP_RCODE_NXDOMAIN:
		return TBL_VERDICT_ANSWER_NXDOMAIN;
	case DP_RCODE_NOTIMP:
		return TBL_VERDICT_ANSWER_NOTIMP;
	case DP_RCODE_YXDOMAIN:
		return TBL_VERDICT_ANSWER_YXDOMAIN;
	case DP_RCODE_BADVERS:
		return TBL_VERDICT_ANSWER_BADVERS;
	case DP_RCODE_BADCOOKIE:
		return TBL_VERDICT_ANSWER_BADCOOKIE;
	default:
		return TBL_VERDICT_ANSWER_REFUSED;
	}
}

/* Offset behind the name that begins at `at`, or 0 when it is cut short or has a reserved label
 * type. Pointers are stepped over, not followed: what owners say does not matter here, and so the
 * work is bounded by the message's length. */
static size_t
skip_name(const uint8_t *message, size_t len, size_t at)
{
	while (at < len) {
		uint8_t label = message[at];

		if (label == 0) {
			return at + 1;
		}
		if ((label & 0xc0u) == 0xc0u) {
			return len - at >= 2 ? at + 2 : 0;
		}
		if ((label & 0xc0u) != 0 || (size_t)label + 1 > len - at) {
			return 0;
		}
		at += (size_t)label + 1;
	}
	return 0;
}

/* Offset behind the record at `at`, or 0. */
static size_t
read_record(const uint8_t *message, size_t len, size_t at, struct record *ret)
{
	const uint8_t *fixed;

	ret->owner_off = at;
	at = skip_name(message, len, at);
	if (at == 0 || len - at < DP_RECORD_FIXED_BYTES) {
		return 0;
	}
	fixed = message + at;
	ret->type = dp_load_be16(fixed);
	ret->class_field = dp_load_be16(fixed + 2);
	ret->ttl_field = dp_load_be32(fixed + 4);
	ret->rdata_len = dp_load_be16(fixed + 8);
	ret->rdata_off = at + DP_RECORD_FIXED_BYTES;
	if (ret->rdata_len > len - ret->rdata_off) {
		return 0;
	}
	return ret->rdata_off + ret->rdata_len;
}

/* The OPT of the additional section: one, owned by the root (RFC 6891 §6.1.1, §6.1.2). */
static enum dp_rcode
parse_opt(const uint8_t *message, const struct record *record, struct dp_query *query)
{
	if (query->edns.is_present || message[record->owner_off] != 0) {
		return DP_RCODE_FORMERR;
	}
	return dp_edns_parse(message + record->rdata_off, record->rdata_len, record->class_field,
			record->ttl_field, &query->edns);
}

/* Walks what lies behind the question for the sake of the OPT. Each turn consumes at least 11
 * bytes, so counts that lie end the walk and not the other way round. Bytes behind the last
 * record are nobody's business. A malformed message outranks an unknown EDNS version. */
static enum dp_rcode
parse_records(const uint8_t *message, size_t len, size_t at, struct dp_query *query)
{
	uint32_t skip_cnt = (uint32_t)dp_load_be16(message + DP_ANCOUNT) +
	                    dp_load_be16(message + DP_NSCOUNT);
	uint32_t cnt = skip_cnt + dp_load_be16(message + DP_ARCOUNT);
	enum dp_rcode result = DP_RCODE_NOERROR;

	for (uint32_t i = 0; i < cnt; i++) {
		struct record record;

		at = read_record(message, len, at, &record);
		if (at == 0) {
			return DP_RCODE_FORMERR;
		}
		/* An OPT among the answers is no OPT (RFC 6891 §6.1.1: additional data). */
		if (i >= skip_cnt && record.type == DP_TYPE_OPT) {
			enum dp_rcode rcode = parse_opt(message, &record, query);

			if (rcode == DP_RCODE_FORMERR) {
				return rcode;
			}
			result = rcode;
		}
	}
	return result;
}

/* QDCOUNT 0: with a COOKIE option a request for a cookie and nothing else (RFC 7873 §5.4), else no
 * query (RFC 9619 §4). */
static enum dp_rcode
parse_no_question(const uint8_t *message, size_t len, struct dp_query *query)
{
	if (parse_records(message, len, DP_HEADER_BYTES, query) != DP_RCODE_NOERROR ||
			(query->edns.asks & DP_ASK_COOKIE) == 0) {
		return DP_RCODE_FORMERR;
	}
	return DP_RCODE_NOERROR;
}

/* QDCOUNT above 1 (RFC 9619 §4). No question is echoed, for none is the question; but an OPT
 * behind readable ones is answered by an OPT. */
static enum dp_rcode
parse_many_questions(const uint8_t *message, size_t len, struct dp_query *query)
{
	uint32_t cnt = dp_load_be16(message + DP_QDCOUNT);
	size_t at = DP_HEADER_BYTES;

	for (uint32_t i = 0; i < cnt; i++) {
		at = skip_name(message, len, at);
		if (at == 0 || len - at < QUESTION_FIXED_BYTES) {
			return DP_RCODE_FORMERR;
		}
		at += QUESTION_FIXED_BYTES;
	}
	(void)parse_records(message, len, at, query);
	return DP_RCODE_FORMERR;
}

static enum dp_rcode
fail(struct dp_query *query, enum dp_rcode rcode, enum dp_ede ede)
{
	query->ede = (uint8_t)ede;
	return rcode;
}

/* Types that are no data of any zone. Everything else, known or not, is looked up: a type nobody
 * has heard of is NODATA (RFC 3597 §3, RFC 8906 §3.1.4). */
static enum dp_rcode
check_type(struct dp_query *query)
{
	switch (query->qtype) {
	case DP_TYPE_OPT:    /* RFC 6891 §6.1.1: a pseudo record, never asked for */
	case DP_TYPE_TSIG:   /* RFC 8945 §4.2: likewise */
	case DP_TYPE_NXNAME: /* RFC 9824 §3.4 */
		return fail(query, DP_RCODE_FORMERR, DP_EDE_INVALID_QUERY_TYPE);
	case DP_TYPE_TKEY:  /* RFC 2930 §4: no key exchange here */
	case DP_TYPE_MAILB: /* RFC 1035 §3.2.3: experimental, obsolete */
	case DP_TYPE_MAILA:
		return fail(query, DP_RCODE_NOTIMP, DP_EDE_NOT_SUPPORTED);
	case DP_TYPE_IXFR: /* no zone transfer is offered (RFC 5936 §5, RFC 1995 §2) */
	case DP_TYPE_AXFR:
		return fail(query, DP_RCODE_REFUSED, DP_EDE_PROHIBITED);
	default:
		return DP_RCODE_NOERROR;
	}
}

static enum dp_rcode
check_question(struct dp_query *query)
{
	switch (query->qclass) {
	case DP_CLASS_IN:
		return check_type(query);
	case DP_CLASS_CHAOS:
		return DP_RCODE_NOERROR;
	default: /* ANY too: RFC 1035 §3.2.5 would have us merge classes for nobody's use */
		return fail(query, DP_RCODE_REFUSED, DP_EDE_NOT_SUPPORTED);
	}
}

static enum dp_rcode
parse_question(const uint8_t *message, size_t len, struct dp_query *query)
{
	int name_len = tbl_name_parse(
			message + DP_HEADER_BYTES, len - DP_HEADER_BYTES, &query->name);
	enum dp_rcode rcode;
	size_t at;

	if (name_len < 0) {
		return DP_RCODE_FORMERR;
	}
	at = DP_HEADER_BYTES + (size_t)name_len;
	if (len - at < QUESTION_FIXED_BYTES) {
		return DP_RCODE_FORMERR;
	}
	query->qtype = dp_load_be16(message + at);
	query->qclass = dp_load_be16(message + at + 2);
	query->question_end = (uint16_t)(at + QUESTION_FIXED_BYTES);
	query->has_question = true;
	rcode = parse_records(message, len, query->question_end, query);
	return rcode != DP_RCODE_NOERROR ? rcode : check_question(query);
}

/* The first rule that a message breaks says what becomes of it. */
static enum dp_rcode
parse_message(const uint8_t *message, size_t len, struct dp_query *query)
{
	/* Of an opcode we do not implement not even the sections are known (RFC 8906 §3.2). */
	if ((message[DP_FLAGS_HIGH] & DP_OPCODE_MASK) != 0) {
		return DP_RCODE_NOTIMP;
	}
	switch (dp_load_be16(message + DP_QDCOUNT)) {
	case 0:
		return parse_no_question(message, len, query);
	case 1:
		return parse_question(message, len, query);
	default:
		return parse_many_questions(message, len, query);
	}
}

void
dp_query_parse(const uint8_t *message, size_t len, struct dp_query *query)
{
	query->rcode = DP_RCODE_NOERROR;
	query->qtype = 0;
	query->qclass = 0;
	query->len = (uint16_t)len;
	query->question_end = DP_HEADER_BYTES;
	query->ede = DP_EDE_NONE;
	query->has_question = false;
	query->edns.is_present = false;
	query->edns.asks = 0;
	query->edns.ecs.is_present = false;
	if (len < DP_HEADER_BYTES) {
		query->early = TBL_VERDICT_DROP_RUNT;
		return;
	}
	/* A response is never answered, or two servers could keep each other busy for ever. */
	if ((message[DP_FLAGS_HIGH] & DP_FLAG_QR) != 0) {
		query->early = TBL_VERDICT_DROP_RESPONSE;
		return;
	}
	query->rcode = (uint16_t)parse_message(message, len, query);
	query->early = query->rcode == DP_RCODE_NOERROR ? TBL_VERDICT_CNT
	                                                : dp_verdict_of(query->rcode);
}
