#include "dataplane/bytes.h"
#include "dataplane/message_impl.h"

#define QUESTION_FIXED_BYTES 4u /* type, class */

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
	case DP_RCODE_NOTAUTH:
		return TBL_VERDICT_ANSWER_NOTAUTH;
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
read_record(const uint8_t *message, size_t len, size_t at, struct dp_record *ret)
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
parse_opt(const uint8_t *message, const struct dp_record *record, struct dp_query *query)
{
	if (query->edns.is_present || message[record->owner_off] != 0) {
		return DP_RCODE_FORMERR;
	}
	return dp_edns_parse(message + record->rdata_off, record->rdata_len, record->class_field,
			record->ttl_field, &query->edns);
}

/* What a record behind the question means to us. A TSIG has to be the last of all, in the additional
 * section (RFC 8945 §5.2); an OPT among the answers is no OPT (RFC 6891 §6.1.1: additional data). */
static enum dp_rcode
parse_record(const uint8_t *message, const struct dp_record *record, bool is_additional,
		bool is_last, struct dp_query *query)
{
	if (record->type == DP_TYPE_TSIG) {
		return is_additional && is_last ? dp_tsig_parse(message, record, &query->tsig)
		                                : DP_RCODE_FORMERR;
	}
	return is_additional && record->type == DP_TYPE_OPT ? parse_opt(message, record, query)
	                                                    : DP_RCODE_NOERROR;
}

/* Walks what lies behind the question for the sake of OPT and TSIG, to the end even when a record is
 * wrong: an OPT behind it is answered by one. Each turn consumes at least 11 bytes, so counts that
 * lie end the walk and not the other way round. Bytes behind the last record are nobody's business.
 * A malformed message outranks an unknown EDNS version, and that an unknown key. */
static enum dp_rcode
parse_records(const uint8_t *message, size_t len, size_t at, struct dp_query *query)
{
	uint32_t skip_cnt = (uint32_t)dp_load_be16(message + DP_ANCOUNT) +
	                    dp_load_be16(message + DP_NSCOUNT);
	uint32_t cnt = skip_cnt + dp_load_be16(message + DP_ARCOUNT);
	enum dp_rcode result = DP_RCODE_NOERROR;

	for (uint32_t i = 0; i < cnt; i++) {
		struct dp_record record;
		enum dp_rcode rcode;

		at = read_record(message, len, at, &record);
		if (at == 0) {
			return DP_RCODE_FORMERR;
		}
		rcode = parse_record(message, &record, i >= skip_cnt, i + 1 == cnt, query);
		if (rcode != DP_RCODE_NOERROR && result != DP_RCODE_FORMERR) {
			result = rcode;
		}
	}
	/* Keys are the control plane's: here none is known (RFC 8945 §5.2.1). */
	return result == DP_RCODE_NOERROR && query->tsig.is_present ? DP_RCODE_NOTAUTH : result;
}

/* QDCOUNT 0: with a COOKIE option a request for a cookie and nothing else (RFC 7873 §5.4), else no
 * query (RFC 9619 §4). */
static enum dp_rcode
parse_no_question(const uint8_t *message, size_t len, enum dp_opcode opcode, struct dp_query *query)
{
	if (parse_records(message, len, DP_HEADER_BYTES, query) != DP_RCODE_NOERROR ||
			opcode != DP_OPCODE_QUERY || (query->edns.asks & DP_ASK_COOKIE) == 0) {
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
 * has heard of is NODATA (RFC 3597 §3, RFC 8906 §3.1.2). */
static enum dp_rcode
check_type(struct dp_query *query)
{
	switch (query->qtype) {
	case DP_TYPE_OPT:    /* RFC 6891 §6.1.1: a pseudo record, never asked for */
	case DP_TYPE_TSIG:   /* RFC 8945 §4.2: likewise */
	case DP_TYPE_NXNAME: /* RFC 9824 §3.5 */
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

/* NOTIFY and UPDATE have the sections of a query. Nobody may tell us of changes, for we have no primary
 * (RFC 1996 §3.10), nor make any (RFC 2136 §3.3); a zone is named by class IN and type SOA, or it is
 * not named (RFC 2136 §3.1.1). */
static enum dp_rcode
check_change(struct dp_query *query, enum dp_opcode opcode)
{
	if (opcode == DP_OPCODE_UPDATE &&
			(query->qtype != DP_TYPE_SOA || query->qclass != DP_CLASS_IN)) {
		return DP_RCODE_FORMERR;
	}
	return fail(query, DP_RCODE_REFUSED, DP_EDE_PROHIBITED);
}

static enum dp_rcode
parse_question(const uint8_t *message, size_t len, enum dp_opcode opcode, struct dp_query *query)
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
	if (rcode != DP_RCODE_NOERROR) {
		return rcode;
	}
	return opcode == DP_OPCODE_QUERY ? check_question(query) : check_change(query, opcode);
}

/* The first rule that a message breaks says what becomes of it. */
static enum dp_rcode
parse_message(const uint8_t *message, size_t len, struct dp_query *query)
{
	unsigned int opcode = (message[DP_FLAGS_HIGH] & DP_OPCODE_MASK) >> DP_OPCODE_SHIFT;

	/* Of an opcode we do not know not even the sections are known (RFC 8906 §3.1.4). */
	if (opcode != DP_OPCODE_QUERY && opcode != DP_OPCODE_NOTIFY && opcode != DP_OPCODE_UPDATE) {
		return DP_RCODE_NOTIMP;
	}
	switch (dp_load_be16(message + DP_QDCOUNT)) {
	case 0:
		return parse_no_question(message, len, (enum dp_opcode)opcode, query);
	case 1:
		return parse_question(message, len, (enum dp_opcode)opcode, query);
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
	query->tsig.is_present = false;
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
