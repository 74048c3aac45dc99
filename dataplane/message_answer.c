#include <string.h>

#include "dataplane/bytes.h"
#include "dataplane/message_impl.h"

/* What stands between the question and the OPT. */
enum content {
	CONTENT_NOTHING,
	CONTENT_RECORDS, /* draft->reply */
	CONTENT_CHAOS,   /* draft->chaos */
	CONTENT_TSIG,
};

/* One reply in the making: what it will say, where it is written, how far it may go. */
struct draft {
	uint8_t *message;
	size_t limit; /* bytes the reply may have */
	size_t len;
	uint8_t *opt_bytes; /* the OPT, made before the records so that its room is known */
	size_t opt_len;
	size_t tsig_len; /* written behind where the OPT goes */
	struct tbl_counts counts;
	uint8_t content; /* enum content */
	bool is_authoritative;
	bool is_truncated;
	struct tbl_reply *reply;
	uint8_t *chaos;
	size_t chaos_len;
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
look_up(struct draft *draft)
{
	const struct dp_query *query = draft->opt.query;
	const struct dp_ecs *ecs = &query->edns.ecs;
	struct tbl_asker asker = { .source = &draft->opt.client->addr };
	struct tbl_reply *reply = draft->reply;
	struct tbl_addr subnet;

	if (is_ecs_heard(draft->opt.answerer->settings, ecs, &draft->opt.client->addr)) {
		subnet = locate_by(ecs, &draft->opt.client->addr);
		asker.ecs = &subnet;
	}
	tbl_resolve(draft->opt.answerer->view, &query->name, query->qtype, &asker,
			dp_random(&draft->opt.answerer->random), reply);
	draft->opt.rcode = reply->rcode;
	draft->is_authoritative = reply->is_authoritative;
	draft->opt.has_ecs = reply->has_ecs;
	draft->opt.scope_bits = reply->scope_bits;
	draft->opt.zone = reply->zone;
	draft->opt.ede = reply->rcode == DP_RCODE_REFUSED ? DP_EDE_NOT_AUTHORITATIVE : DP_EDE_NONE;
	draft->content = reply->rcode == DP_RCODE_REFUSED ? CONTENT_NOTHING : CONTENT_RECORDS;
}

static void
look_up_chaos(struct draft *draft)
{
	size_t len = dp_chaos_text(draft->opt.answerer->view, draft->opt.answerer->settings,
			draft->opt.query, draft->chaos);

	draft->chaos_len = len;
	draft->opt.rcode = len == 0 ? DP_RCODE_REFUSED : DP_RCODE_NOERROR;
	draft->opt.ede = len == 0 ? DP_EDE_NOT_AUTHORITATIVE : DP_EDE_NONE;
	draft->is_authoritative = len > 0;
	draft->content = len == 0 ? CONTENT_NOTHING : CONTENT_CHAOS;
}

/* What is to be said: rcode and content. Nothing is written yet. */
static void
decide(struct draft *draft)
{
	const struct dp_query *query = draft->opt.query;

	if (query->early != TBL_VERDICT_CNT) {
		draft->opt.rcode = query->rcode;
		draft->content = query->rcode == DP_RCODE_NOTAUTH ? CONTENT_TSIG : CONTENT_NOTHING;
	} else if (draft->opt.cookie != DP_COOKIE_NONE && is_cookie_wanting(draft)) {
		draft->opt.rcode = DP_RCODE_BADCOOKIE;
	} else if (query->qclass == DP_CLASS_IN) {
		look_up(draft);
	} else if (query->has_question) {
		look_up_chaos(draft);
	} else { /* a cookie alone was asked for; without any keys, nothing we know was */
		draft->opt.rcode = draft->opt.cookie == DP_COOKIE_NONE ? DP_RCODE_FORMERR
		                                                       : DP_RCODE_NOERROR;
	}
}

static struct dp_limit_reply
limit_reply_of(const struct draft *draft)
{
	const struct dp_query *query = draft->opt.query;

	if (draft->content == CONTENT_RECORDS) {
		return dp_limit_reply_of(draft->opt.answerer->view, query, draft->reply);
	}
	return draft->content == CONTENT_CHAOS
	                       ? (struct dp_limit_reply){ DP_LIMIT_ANSWER, query->qtype, 0 }
	                       : (struct dp_limit_reply){ DP_LIMIT_ERROR, 0, 0 };
}

/* Rate limits are against forged sources. A TCP connection proves its own, and so does a cookie of ours. */
static bool
is_source_proved(const struct draft *draft)
{
	return draft->opt.client->transport == DP_TCP || draft->opt.cookie == DP_COOKIE_GOOD ||
	       draft->opt.cookie == DP_COOKIE_OLD;
}

/* false: the reply is not sent. One over the limit whose turn it is says nothing but TC; an error, which
 * has no records to leave out, is sent as it is. */
static bool
is_within_limit(struct draft *draft)
{
	struct dp_limit_reply reply;

	if (is_source_proved(draft)) {
		return true;
	}
	reply = limit_reply_of(draft);
	switch (dp_limiter_judge(draft->opt.answerer->limiter, &draft->opt.client->addr, &reply,
			draft->opt.answerer->now.monotonic_ms)) {
	case DP_LIMIT_SLIP:
		draft->opt.is_slipped = reply.kind != DP_LIMIT_ERROR;
		return true;
	case DP_LIMIT_SEND:
		return true;
	default:
		return false;
	}
}

static void
write_records(struct draft *draft)
{
	struct dp_answerer *answerer = draft->opt.answerer;
	int len;

	if (answerer->settings->is_rotating) {
		draft->reply->rotate = (uint32_t)(dp_random(&answerer->random) >> 32);
	}
	len = tbl_reply_write(answerer->view, draft->reply, draft->opt.query->name.len,
			draft->message, draft->len, draft->limit - draft->opt_len, &draft->counts);

	if (len < 0) {
		draft->is_truncated = true; /* RFC 2181 §9: no half sets, so no records at all */
		return;
	}
	draft->len = (size_t)len;
}

static void
write_chaos(struct draft *draft)
{
	size_t len = dp_chaos_write(draft->chaos, draft->chaos_len, draft->message, draft->len,
			draft->limit - draft->opt_len);

	if (len == 0) {
		draft->is_truncated = true;
		return;
	}
	draft->counts.answer = 1;
	draft->len = len;
}

/* RFC 8945 §5.2.1: who signs with a key that we do not have is told so, without a signature. When even
 * that does not fit, over TCP it will (§5.3). */
static void
write_tsig(struct draft *draft)
{
	uint8_t record[DP_TSIG_MAX]; /* the query's own lies where it will go */
	size_t len = dp_tsig_write(draft->message, &draft->opt.query->tsig, record);

	if (len > draft->limit - draft->len - draft->opt_len) {
		draft->is_truncated = true;
		return;
	}
	memcpy(draft->message + draft->len + draft->opt_len, record, len);
	draft->tsig_len = len;
}

static void
write_content(struct draft *draft)
{
	switch ((enum content)draft->content) {
	case CONTENT_RECORDS:
		write_records(draft);
		break;
	case CONTENT_CHAOS:
		write_chaos(draft);
		break;
	case CONTENT_TSIG:
		write_tsig(draft);
		break;
	case CONTENT_NOTHING:
		break;
	}
}

/* No more than that TC is set, and a cookie for who has come without one. */
static void
slip(struct draft *draft)
{
	draft->opt.has_ecs = false;
	draft->opt.zone = TBL_NONE;
	draft->content = CONTENT_NOTHING;
	draft->is_truncated = true;
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
	uint8_t chaos[DP_CHAOS_TEXT_MAX];
	struct tbl_reply reply;
	struct draft draft = {
		.len = query->question_end,
		.opt_bytes = opt_bytes,
		.reply = &reply,
		.chaos = chaos,
		.opt = {
			.answerer = answerer,
			.query = query,
			.client = client,
			.ede = query->ede,
			.zone = TBL_NONE,
		},
	};

	draft.message = message;
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
	decide(&draft);
	if (answerer->limiter != NULL && !is_within_limit(&draft)) {
		return TBL_VERDICT_DROP_RATE_LIMITED;
	}
	if (draft.opt.is_slipped) {
		slip(&draft);
	}
	make_opt(&draft);
	write_content(&draft);
	append_pseudo_records(&draft);
	write_header(&draft);
	*ret_len = draft.len;
	if (draft.opt.is_slipped) {
		return TBL_VERDICT_ANSWER_SLIPPED;
	}
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
