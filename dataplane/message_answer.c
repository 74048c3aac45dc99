#include <string.h>

#include "dataplane/bytes.h"
#include "dataplane/message_impl.h"

#define UDP_REPLY_MIN 512u /* RFC 1035 §4.2.1: every client takes this much */

/* One reply in the making: where it is written, how far it may go, what its header will say. */
struct draft {
	struct dp_answerer *answerer;
	const struct dp_query *query;
	const struct dp_client *client;
	uint8_t *message;
	size_t limit; /* bytes the reply may have */
	size_t len;
	uint8_t *opt; /* DP_OPT_MAX bytes: the OPT, made before the records so that its room is known */
	size_t opt_len;
	struct tbl_counts counts;
	uint16_t rcode;
	bool is_authoritative;
	bool is_truncated;
	bool has_ecs;
	uint8_t scope_bits;
};

static uint16_t
max_u16(uint16_t a, uint16_t b)
{
	return a > b ? a : b;
}

static size_t
min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* RFC 6891 §6.2.3 and §6.2.5: below 512 counts as 512; RFC 9715: never above our own limit. */
static size_t
reply_limit(const struct dp_settings *settings, const struct dp_edns *edns,
		enum dp_transport transport)
{
	if (transport == DP_TCP) {
		return DP_TCP_MESSAGE_MAX;
	}
	if (!edns->is_present) {
		return UDP_REPLY_MIN;
	}
	return min_size(max_u16(edns->udp_bytes, UDP_REPLY_MIN),
			max_u16(settings->max_udp_bytes, UDP_REPLY_MIN));
}

/* Whose place the client subnet tells. A source prefix of 0 asks us not to use the client's address
 * (RFC 7871 §7.1.2); the resolver's own is then what every server without ECS would go by. */
static struct tbl_addr
locate_by(const struct dp_ecs *ecs, const struct tbl_addr *source)
{
	struct tbl_addr client;

	if (ecs->source_bits == 0) {
		return *source;
	}
	memcpy(client.bytes, ecs->addr, sizeof(client.bytes));
	client.family = ecs->family == 1 ? 4 : 6;
	return client;
}

/* Makes the OPT, once rcode and scope are known. Header, question and the largest OPT are 416 bytes,
 * so only a buffer under 512 bytes can be too small for them: then no OPT. */
static void
make_opt(struct draft *draft)
{
	const struct dp_opt opt = {
		.edns = &draft->query->edns,
		.settings = draft->answerer->settings,
		.view = draft->answerer->view,
		.rcode = draft->rcode,
		.has_ecs = draft->has_ecs,
		.scope_bits = draft->scope_bits,
	};

	if (opt.edns->is_present) {
		draft->opt_len = dp_opt_write(&opt, draft->opt);
		if (draft->opt_len > draft->limit - draft->len) {
			draft->opt_len = 0;
		}
	}
}

static void
answer_from_table(struct draft *draft)
{
	const struct tbl_view *view = draft->answerer->view;
	const struct dp_query *query = draft->query;
	const struct dp_ecs *ecs = &query->edns.ecs;
	struct tbl_asker asker = { .source = &draft->client->addr };
	struct tbl_addr subnet;
	struct tbl_reply reply;
	int len;

	if (ecs->is_present) {
		subnet = locate_by(ecs, &draft->client->addr);
		asker.ecs = &subnet;
	}
	tbl_resolve(view, &query->name, query->qtype, &asker, dp_random(&draft->answerer->random),
			&reply);
	draft->rcode = reply.rcode;
	draft->is_authoritative = reply.is_authoritative;
	draft->has_ecs = reply.has_ecs;
	draft->scope_bits = reply.scope_bits;
	make_opt(draft);
	if (reply.rcode == DP_RCODE_REFUSED) {
		return;
	}
	len = tbl_reply_write(view, &reply, query->name.len, draft->message, draft->len,
			draft->limit - draft->opt_len, &draft->counts);
	if (len < 0) {
		draft->is_truncated = true; /* RFC 2181 §9: no half sets, so no records at all */
		return;
	}
	draft->len = (size_t)len;
}

static void
answer_chaos(struct draft *draft)
{
	uint8_t text[DP_CHAOS_TEXT_MAX];
	size_t text_len = dp_chaos_text(
			draft->answerer->view, draft->answerer->settings, draft->query, text);
	size_t len;

	draft->rcode = text_len == 0 ? DP_RCODE_REFUSED : DP_RCODE_NOERROR;
	draft->is_authoritative = text_len > 0;
	make_opt(draft);
	if (text_len == 0) {
		return;
	}
	len = dp_chaos_write(
			text, text_len, draft->message, draft->len, draft->limit - draft->opt_len);
	if (len == 0) {
		draft->is_truncated = true;
		return;
	}
	draft->counts.answer = 1;
	draft->len = len;
}

static void
append_opt(struct draft *draft)
{
	if (draft->opt_len > 0) {
		memcpy(draft->message + draft->len, draft->opt, draft->opt_len);
		draft->len += draft->opt_len;
		draft->counts.additional++;
	}
}

/* ID, opcode, RD and CD stay as the query had them (RFC 1035 §4.1.1, RFC 4035 §3.1.6); RA, Z and AD
 * are 0: we do not recurse, and we have not validated. */
static void
write_header(const struct draft *draft)
{
	uint8_t *message = draft->message;
	unsigned int high = message[DP_FLAGS_HIGH] & (DP_OPCODE_MASK | DP_FLAG_RD);
	unsigned int low = message[DP_FLAGS_LOW] & DP_FLAG_CD;

	high |= DP_FLAG_QR | (draft->is_authoritative ? DP_FLAG_AA : 0) |
	        (draft->is_truncated ? DP_FLAG_TC : 0);
	message[DP_FLAGS_HIGH] = (uint8_t)high;
	message[DP_FLAGS_LOW] = (uint8_t)(low | (draft->rcode & DP_RCODE_MASK));
	dp_store_be16(message + DP_QDCOUNT, draft->query->has_question ? 1 : 0);
	dp_store_be16(message + DP_ANCOUNT, draft->counts.answer);
	dp_store_be16(message + DP_NSCOUNT, draft->counts.authority);
	dp_store_be16(message + DP_ARCOUNT, draft->counts.additional);
}

static bool
is_drop(enum tbl_verdict verdict)
{
	return verdict >= TBL_VERDICT_DROP_NOT_DNS && verdict < TBL_VERDICT_CNT;
}

void
dp_query_prefetch(const struct tbl_view *view, struct dp_query *query)
{
	if (view == NULL || query->early != TBL_VERDICT_CNT || query->qclass != DP_CLASS_IN) {
		return;
	}
	tbl_name_hash(&query->name, view->header->hash_seed);
	tbl_prefetch_name(view, &query->name);
}

enum tbl_verdict
dp_query_answer(struct dp_answerer *answerer, const struct dp_query *query,
		const struct dp_client *client, uint8_t *message, size_t capacity, size_t *ret_len)
{
	uint8_t opt[DP_OPT_MAX];
	struct draft draft = {
		.answerer = answerer,
		.query = query,
		.client = client,
		.message = message,
		.len = query->question_end,
		.opt = opt,
		.rcode = query->rcode,
	};

	*ret_len = 0;
	if (is_drop(query->early)) {
		return query->early;
	}
	if (answerer->view == NULL) {
		return TBL_VERDICT_DROP_NO_TABLE; /* silence sends a resolver to another server */
	}
	draft.limit = min_size(capacity, reply_limit(answerer->settings, &query->edns,
							 (enum dp_transport)client->transport));
	if (query->early != TBL_VERDICT_CNT) {
		make_opt(&draft);
	} else if (query->qclass == DP_CLASS_IN) {
		answer_from_table(&draft);
	} else {
		answer_chaos(&draft);
	}
	append_opt(&draft);
	write_header(&draft);
	*ret_len = draft.len;
	return draft.is_truncated ? TBL_VERDICT_ANSWER_TRUNCATED : dp_verdict_of(draft.rcode);
}

enum tbl_verdict
dp_answer_message(struct dp_answerer *answerer, const struct dp_client *client, uint8_t *message,
		size_t len, size_t capacity, size_t *ret_len)
{
	struct dp_query query;

	dp_query_parse(message, len, &query);
	dp_query_prefetch(answerer->view, &query);
	return dp_query_answer(answerer, &query, client, message, capacity, ret_len);
}
