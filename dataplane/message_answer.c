#include <string.h>

#include "dataplane/bytes.h"
#include "dataplane/message_impl.h"

/* One reply in the making: where it is written, how far it may go, what its header and OPT will say. */
struct draft {
	uint8_t *message;
	size_t limit; /* bytes the reply may have */
	size_t len;
	uint8_t *opt_bytes; /* the OPT, made before the records so that its room is known */
	size_t opt_len;
	size_t tsig_len; /* written behind where the OPT goes */
	struct tbl_counts counts;
	bool is_authoritative;
	bool is_truncated;
	struct dp_opt opt;
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
		return DP_UDP_REPLY_MIN;
	}
	return min_size(max_u16(edns->udp_bytes, DP_UDP_REPLY_MIN),
			max_u16(settings->max_udp_bytes, DP_UDP_REPLY_MIN));
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

static inline enum dp_cookie_state
check_cookie(const struct draft *draft)
{
	const struct dp_answerer *answerer = draft->opt.answerer;
	const struct dp_edns *edns = &draft->opt.query->edns;

	if ((edns->asks & DP_ASK_COOKIE) == 0 || answerer->cookie_keys == NULL) {
		return DP_COOKIE_NONE;
	}
	return dp_cookie_check(answerer->cookie_keys, edns->cookie, edns->cookie_len,
			&draft->opt.client->addr, answerer->now.unix_s);
}

/* Whether the client is told to come again with the cookie it gets now. Over TCP its address has been
 * proved, so it need not (RFC 7873 §5.2.3); one that shows no cookie at all knows of none (§5.2.1);
 * one that asks for nothing but whether its cookie is good is told (§5.4). */
static bool
is_cookie_wanting(const struct draft *draft)
{
	if (draft->opt.cookie == DP_COOKIE_GOOD || draft->opt.cookie == DP_COOKIE_OLD) {
		return false;
	}
	if (!draft->opt.query->has_question) {
		return draft->opt.cookie == DP_COOKIE_BAD;
	}
	return draft->opt.answerer->settings->is_cookie_required &&
	       draft->opt.client->transport == DP_UDP;
}

/* A reply without records is at most half as long again as its query, or a forger of sources would
 * gain by us. What a client asks for keeps to that by itself (a cookie adds 16 bytes to 35 or more),
 * but for NSID, which is as long as the operator's identity. */
static bool
is_terse(const struct draft *draft)
{
	return 2 * (draft->len + draft->opt_len) <= 3 * (size_t)draft->opt.query->len;
}

/* Header, question and the largest OPT fit in 512 bytes (message_edns_write.c), so only a buffer under
 * that can be too small for them: then no OPT. */
static void
write_opt(struct draft *draft)
{
	draft->opt_len = dp_opt_write(&draft->opt, draft->opt_bytes);
	/* Nobody asked for the extended error: it is the first to go. */
	if (draft->opt.ede != DP_EDE_NONE && !is_terse(draft)) {
		draft->opt.ede = DP_EDE_NONE;
		draft->opt_len = dp_opt_write(&draft->opt, draft->opt_bytes);
	}
	if (draft->opt_len > draft->limit - draft->len) {
		draft->opt_len = 0;
	}
}

/* Makes the OPT, once rcode, scope and zone are known. */
static inline void
make_opt(struct draft *draft)
{
	if (draft->opt.query->edns.is_present) {
		write_opt(draft);
	}
}

/* A listed resolver's client subnet is believed, and answered; another's is as if it were not there. */
static bool
is_ecs_heard(const struct dp_settings *settings, const struct dp_ecs *ecs,
		const struct tbl_addr *source)
{
	const struct dp_prefixes *resolvers = &settings->ecs_resolvers;

	return ecs->is_present && !settings->is_ecs_off &&
	       (is_dp_prefixes_empty(resolvers) || is_in_dp_prefixes(resolvers, source));
}

static void
answer_from_table(struct draft *draft)
{
	const struct tbl_view *view = draft->opt.answerer->view;
	const struct dp_query *query = draft->opt.query;
	const struct dp_ecs *ecs = &query->edns.ecs;
	struct tbl_asker asker = { .source = &draft->opt.client->addr };
	struct tbl_addr subnet;
	struct tbl_reply reply;
	int len;

	if (is_ecs_heard(draft->opt.answerer->settings, ecs, &draft->opt.client->addr)) {
		subnet = locate_by(ecs, &draft->opt.client->addr);
		asker.ecs = &subnet;
	}
	tbl_resolve(view, &query->name, query->qtype, &asker,
			dp_random(&draft->opt.answerer->random), &reply);
	draft->opt.rcode = reply.rcode;
	draft->is_authoritative = reply.is_authoritative;
	draft->opt.has_ecs = reply.has_ecs;
	draft->opt.scope_bits = reply.scope_bits;
	draft->opt.zone = reply.zone;
	draft->opt.ede = reply.rcode == DP_RCODE_REFUSED ? DP_EDE_NOT_AUTHORITATIVE : DP_EDE_NONE;
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
	size_t text_len = dp_chaos_text(draft->opt.answerer->view, draft->opt.answerer->settings,
			draft->opt.query, text);
	size_t len;

	draft->opt.rcode = text_len == 0 ? DP_RCODE_REFUSED : DP_RCODE_NOERROR;
	draft->opt.ede = text_len == 0 ? DP_EDE_NOT_AUTHORITATIVE : DP_EDE_NONE;
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

/* Header and OPT say it all. */
static void
answer_tersely(struct draft *draft, uint16_t rcode)
{
	draft->opt.rcode = rcode;
	make_opt(draft);
}

/* RFC 8945 §5.2.1: who signs with a key that we do not have is told so, without a signature. When even
 * that does not fit, over TCP it will (§5.3). */
static void
answer_tsig(struct draft *draft)
{
	uint8_t record[DP_TSIG_MAX]; /* the query's own lies where it will go */
	size_t len = dp_tsig_write(draft->message, &draft->opt.query->tsig, record);

	answer_tersely(draft, DP_RCODE_NOTAUTH);
	if (len > draft->limit - draft->len - draft->opt_len) {
		draft->is_truncated = true;
		return;
	}
	memcpy(draft->message + draft->len + draft->opt_len, record, len);
	draft->tsig_len = len;
}

static void
answer(struct draft *draft)
{
	const struct dp_query *query = draft->opt.query;

	if (query->rcode == DP_RCODE_NOTAUTH) {
		answer_tsig(draft);
	} else if (query->early != TBL_VERDICT_CNT) {
		answer_tersely(draft, query->rcode);
	} else if (draft->opt.cookie != DP_COOKIE_NONE && is_cookie_wanting(draft)) {
		answer_tersely(draft, DP_RCODE_BADCOOKIE);
	} else if (query->qclass == DP_CLASS_IN) {
		answer_from_table(draft);
	} else if (query->has_question) {
		answer_chaos(draft);
	} else { /* a cookie alone was asked for; without any keys, nothing we know was */
		answer_tersely(draft, draft->opt.cookie == DP_COOKIE_NONE ? DP_RCODE_FORMERR
									  : DP_RCODE_NOERROR);
	}
}

static void
append_pseudo_records(struct draft *draft)
{
	if (draft->opt_len > 0) {
		memcpy(draft->message + draft->len, draft->opt_bytes, draft->opt_len);
		draft->len += draft->opt_len;
		draft->counts.additional++;
	}
	if (draft->tsig_len > 0) {
		draft->len += draft->tsig_len;
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
	message[DP_FLAGS_LOW] = (uint8_t)(low | (draft->opt.rcode & DP_RCODE_MASK));
	dp_store_be16(message + DP_QDCOUNT, draft->opt.query->has_question ? 1 : 0);
	dp_store_be16(message + DP_ANCOUNT, draft->counts.answer);
	dp_store_be16(message + DP_NSCOUNT, draft->counts.authority);
	dp_store_be16(message + DP_ARCOUNT, draft->counts.additional);
}

/* Ports whose services answer anything, an answer of ours too (docs/abuse.md). */
static bool
is_port_dropped(const struct dp_source_ports *ports, const struct dp_client *client)
{
	if (ports->cnt == 0 || client->port > ports->items[ports->cnt - 1u] ||
			client->transport != DP_UDP) {
		return false;
	}
	for (uint16_t i = 0; i < ports->cnt; i++) {
		if (ports->items[i] == client->port) {
			return true;
		}
	}
	return false;
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
	uint8_t opt_bytes[DP_OPT_MAX];
	struct draft draft = {
		.message = message,
		.len = query->question_end,
		.opt_bytes = opt_bytes,
		.opt = {
			.answerer = answerer,
			.query = query,
			.client = client,
			.ede = query->ede,
			.zone = TBL_NONE,
		},
	};

	*ret_len = 0;
	if (is_port_dropped(&answerer->settings->drop_source_ports, client)) {
		return TBL_VERDICT_DROP_SOURCE_PORT;
	}
	if (is_drop(query->early)) {
		return query->early;
	}
	if (answerer->view == NULL) {
		return TBL_VERDICT_DROP_NO_TABLE; /* silence sends a resolver to another server */
	}
	draft.limit = min_size(capacity, reply_limit(answerer->settings, &query->edns,
							 (enum dp_transport)client->transport));
	draft.opt.cookie = (uint8_t)check_cookie(&draft);
	answer(&draft);
	append_pseudo_records(&draft);
	write_header(&draft);
	*ret_len = draft.len;
	return draft.is_truncated ? TBL_VERDICT_ANSWER_TRUNCATED : dp_verdict_of(draft.opt.rcode);
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
