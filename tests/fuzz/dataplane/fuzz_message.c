/*
 * Any bytes as a DNS message. Byte 0 of an input chooses transport, buffer, source and whether there
 * is a table (enum control); the message follows. What must hold:
 *   - one verdict; a drop writes nothing; an answer fits the buffer and what the client can take;
 *   - ID, opcode and question come back byte for byte, and QR is set;
 *   - the reply is one that a strict reader and libknot accept, its rcode is the verdict's;
 *   - an OPT comes only to who sent one, an option only to who asked for it, once, and of its size; an
 *     ECS option as it was sent, a cookie with the client's own and a server cookie that is accepted;
 *   - a TSIG comes with NOTAUTH alone, last of all;
 *   - a reply without records is at most half as long again as its query, NSID aside;
 *   - the same query gets the same reply.
 */
#include <string.h>

#include "dataplane/message.h"
#include "tests/fuzz/dataplane/reparse.h"
#include "tests/fuzz/dataplane/second_opinion.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/dataplane/zone.h"

#define OURS_MAX 1232u

enum control {
	OVER_TCP = 1u << 0,
	EXACT_BUFFER = 1u << 1, /* else 512, or 65,535 with LARGE_BUFFER */
	LARGE_BUFFER = 1u << 2,
	SOURCE_IPV6 = 1u << 3,
	WITHOUT_TABLE = 1u << 4,
	WITHOUT_COOKIES = 1u << 5,
	REQUIRE_COOKIES = 1u << 6,
};

#define NOW_S 1559731985u /* when the cookies of the corpus were made */

static const struct dp_cookie_keys cookie_keys = {
	.cnt = 2,
	.keys = { { 1, 2, 3 }, { 0xe5, 0xe9, 0x73, 0xe5, 0xa6, 0xb2, 0xa4, 0x3f, 0x48, 0xe7, 0xdc,
					       0x84, 0x9e, 0x37, 0xbf, 0xcf } },
};

static const struct tbl_view *
the_view(void)
{
	static struct tbl_view view;
	struct tbl_error error;
	size_t size;

	if (view.header == NULL) {
		void *image = zone_build(ZONE_GENERATION, &size);

		FUZZ_ASSERT(tbl_check(image, size, &error) == 0);
		tbl_view_init(&view, image, NULL);
	}
	return &view;
}

static size_t
choose_capacity(uint8_t control, size_t len)
{
	size_t room = (control & LARGE_BUFFER) != 0 ? DP_TCP_MESSAGE_MAX : 512;

	if ((control & EXACT_BUFFER) != 0 || room < len) {
		return len > 0 ? len : 1;
	}
	return room;
}

static uint16_t
rcode_of(enum tbl_verdict verdict)
{
	switch (verdict) {
	case TBL_VERDICT_ANSWER_NOERROR:
		return 0;
	case TBL_VERDICT_ANSWER_FORMERR:
		return 1;
	case TBL_VERDICT_ANSWER_NXDOMAIN:
		return 3;
	case TBL_VERDICT_ANSWER_NOTIMP:
		return 4;
	case TBL_VERDICT_ANSWER_YXDOMAIN:
		return 6;
	case TBL_VERDICT_ANSWER_REFUSED:
		return 5;
	case TBL_VERDICT_ANSWER_NOTAUTH:
		return 9;
	case TBL_VERDICT_ANSWER_BADVERS:
		return 16;
	case TBL_VERDICT_ANSWER_BADCOOKIE:
		return 23;
	default:
		return UINT16_MAX; /* no answer: equals no rcode */
	}
}

static void
check_rcode(const struct reparse_message *reply, enum tbl_verdict verdict)
{
	uint16_t rcode = reply->flags & 0xfu;
	bool is_truncated = (reply->flags & 0x0200) != 0;

	if (reply->has_opt) {
		rcode = (uint16_t)(rcode | reply->opt.ttl_field >> 24 << 4);
	}
	FUZZ_ASSERT(is_truncated == (verdict == TBL_VERDICT_ANSWER_TRUNCATED));
	if (is_truncated) {
		FUZZ_ASSERT((rcode == 0 || rcode == 3 || rcode == 6 || rcode == 9) &&
				reply->record_cnt == 0);
	} else if (reply->has_opt || rcode_of(verdict) < 16) {
		FUZZ_ASSERT(rcode == rcode_of(verdict)); /* the others need an OPT to be said */
	}
}

/* What was asked of whom: all that a reply's options may depend on. */
struct asked {
	uint8_t control;
	const struct dp_query *query;
	struct dp_client client;
	size_t len;
};

static bool
is_over_tcp(const struct asked *asked)
{
	return (asked->control & OVER_TCP) != 0;
}

static void
check_ecs(const struct reparse_message *reply, const struct reparse_option *option,
		const struct dp_ecs *ecs)
{
	const uint8_t *data = reply->bytes + option->off;

	FUZZ_ASSERT(ecs->is_present && option->len == 4u + ecs->addr_len);
	FUZZ_ASSERT(reparse_u16(reply, option->off) == ecs->family);
	FUZZ_ASSERT(data[2] == ecs->source_bits);
	FUZZ_ASSERT(data[3] <= (ecs->family == 1 ? 32 : 128));
	FUZZ_ASSERT(data[2] != 0 || data[3] == 0);
	FUZZ_ASSERT(memcmp(data + 4, ecs->addr, ecs->addr_len) == 0);
}

static void
check_cookie(const struct reparse_message *reply, const struct reparse_option *option,
		const struct asked *asked)
{
	const uint8_t *cookie = reply->bytes + option->off;

	FUZZ_ASSERT((asked->control & WITHOUT_COOKIES) == 0);
	FUZZ_ASSERT(option->len == DP_COOKIE_BYTES);
	FUZZ_ASSERT(memcmp(cookie, asked->query->edns.cookie, DP_COOKIE_CLIENT_BYTES) == 0);
	FUZZ_ASSERT(dp_cookie_check(&cookie_keys, cookie, option->len, &asked->client.addr,
				    NOW_S) == DP_COOKIE_GOOD);
}

static void
check_option(const struct reparse_message *reply, const struct reparse_option *option,
		const struct asked *asked)
{
	unsigned int asks = asked->query->edns.asks;
	uint16_t rcode = reply->flags & 0xfu;

	FUZZ_ASSERT(reparse_find_option(reply, option->code) == option); /* each once */
	switch (option->code) {
	case 3:
		FUZZ_ASSERT((asks & DP_ASK_NSID) != 0 && option->len > 0);
		break;
	case 8:
		check_ecs(reply, option, &asked->query->edns.ecs);
		break;
	case 10:
		FUZZ_ASSERT((asks & DP_ASK_COOKIE) != 0);
		check_cookie(reply, option, asked);
		break;
	case 11:
		FUZZ_ASSERT((asks & DP_ASK_KEEPALIVE) != 0 && is_over_tcp(asked));
		FUZZ_ASSERT(option->len == 2);
		break;
	case 15:
		FUZZ_ASSERT(option->len == 2 && (rcode == 1 || rcode == 4 || rcode == 5));
		break;
	case 19:
		FUZZ_ASSERT((asks & DP_ASK_ZONEVERSION) != 0 && option->len == 6);
		FUZZ_ASSERT(rcode == 0 || rcode == 3 || rcode == 6);
		break;
	default:
		FUZZ_ASSERT(false); /* nobody told us of others */
	}
}

/* A TSIG comes with NOTAUTH, always but when there was no room for it, and says BADKEY. */
static void
check_tsig(const struct reparse_message *reply, const struct dp_query *parsed)
{
	bool is_notauth = parsed->rcode == 9;
	bool is_truncated = (reply->flags & 0x0200) != 0;

	FUZZ_ASSERT(reply->has_tsig == (is_notauth && !is_truncated));
	FUZZ_ASSERT(!is_notauth || parsed->tsig.is_present);
	if (reply->has_tsig) {
		size_t end = (size_t)reply->tsig.rdata_off + reply->tsig.rdata_len;

		FUZZ_ASSERT(end == reply->len && reparse_u16(reply, end - 4) == 17);
	}
}

static void
check_opt(const struct reparse_message *reply, const struct asked *asked)
{
	FUZZ_ASSERT(!reply->has_opt || asked->query->edns.is_present);
	for (unsigned int i = 0; i < reply->option_cnt; i++) {
		check_option(reply, &reply->options[i], asked);
	}
	if (reply->has_opt && (asked->query->edns.asks & DP_ASK_COOKIE) != 0 &&
			(asked->control & WITHOUT_COOKIES) == 0) {
		FUZZ_ASSERT(reparse_find_option(reply, 10) != NULL);
	}
}

static void
check_amplification(const struct reparse_message *reply, const struct asked *asked,
		enum tbl_verdict verdict)
{
	switch (verdict) {
	case TBL_VERDICT_ANSWER_REFUSED:
	case TBL_VERDICT_ANSWER_FORMERR:
	case TBL_VERDICT_ANSWER_NOTIMP:
	case TBL_VERDICT_ANSWER_BADVERS:
	case TBL_VERDICT_ANSWER_BADCOOKIE:
		FUZZ_ASSERT(reply->record_cnt == 0);
		FUZZ_ASSERT(2 * reply->len <= 3 * asked->len ||
				reparse_find_option(reply, 3) != NULL);
		break;
	default:
		break;
	}
}

static void
check_reply(const uint8_t *query, const struct asked *asked, const uint8_t *bytes, size_t len,
		enum tbl_verdict verdict)
{
	static struct reparse_message reply;
	const char *wrong = reparse(bytes, len, &reply);

	if (wrong != NULL) {
		(void)fprintf(stderr, "reply: %s\n", wrong);
	}
	FUZZ_ASSERT(wrong == NULL);
	assert_knot_accepts(bytes, len);
	FUZZ_ASSERT((reply.flags & 0x8000) != 0);
	FUZZ_ASSERT((reply.flags & 0x00e0) == 0); /* RA, Z, AD */
	FUZZ_ASSERT(memcmp(bytes, query, 2) == 0 && ((bytes[2] ^ query[2]) & 0x79) == 0);
	if (reply.question_cnt == 1) {
		FUZZ_ASSERT(memcmp(bytes + 12, query + 12, reply.question_end - 12) == 0);
	}
	check_rcode(&reply, verdict);
	check_opt(&reply, asked);
	check_amplification(&reply, asked, verdict);
	check_tsig(&reply, asked->query);
}

static size_t
udp_limit(const struct dp_edns *edns)
{
	size_t theirs = edns->is_present && edns->udp_bytes > 512 ? edns->udp_bytes : 512;

	return theirs < OURS_MAX ? theirs : OURS_MAX;
}

static struct dp_client
client_of(uint8_t control)
{
	struct dp_client client = {
		.addr = { .bytes = { 198, 51, 100, 100 }, .family = 4 },
		.port = 40000,
		.transport = (control & OVER_TCP) != 0 ? DP_TCP : DP_UDP,
	};

	if ((control & SOURCE_IPV6) != 0) {
		client.addr = (struct tbl_addr){
			.bytes = { 0x20, 1, 0xd, 0xb8, 0, 0xa },
			.family = 6,
		};
	}
	return client;
}

static enum tbl_verdict
answer(const struct asked *asked, const uint8_t *query, uint8_t *buffer, size_t *ret_len)
{
	const struct dp_settings settings = {
		.max_udp_bytes = OURS_MAX,
		.tcp_keepalive_ds = 100,
		.is_cookie_required = (asked->control & REQUIRE_COOKIES) != 0,
		.identity_len = 5,
		.identity = "node1",
	};
	struct dp_answerer answerer = {
		.view = (asked->control & WITHOUT_TABLE) != 0 ? NULL : the_view(),
		.settings = &settings,
		.cookie_keys = (asked->control & WITHOUT_COOKIES) != 0 ? NULL : &cookie_keys,
		.now = { .unix_s = NOW_S },
		.random = 1,
	};

	memcpy(buffer, query, asked->len);
	return dp_answer_message(&answerer, &asked->client, buffer, asked->len,
			choose_capacity(asked->control, asked->len), ret_len);
}

static void
check_query(uint8_t control, const uint8_t *query, size_t len)
{
	size_t capacity = choose_capacity(control, len);
	uint8_t *buffer = malloc(capacity); /* exact, so that a sanitizer sees a byte beyond */
	uint8_t *again = malloc(capacity);
	struct dp_query parsed;
	const struct asked asked = { control, &parsed, client_of(control), len };
	size_t reply_len = SIZE_MAX;
	size_t again_len = SIZE_MAX;
	enum tbl_verdict verdict;

	FUZZ_ASSERT(buffer != NULL && again != NULL);
	dp_query_parse(query, len, &parsed);
	verdict = answer(&asked, query, buffer, &reply_len);
	FUZZ_ASSERT(verdict < TBL_VERDICT_CNT);
	FUZZ_ASSERT(reply_len <= capacity);
	if (reply_len == 0) {
		FUZZ_ASSERT(verdict >= TBL_VERDICT_DROP_NOT_DNS);
		FUZZ_ASSERT(memcmp(buffer, query, len) == 0);
	} else {
		FUZZ_ASSERT(len >= DP_HEADER_BYTES);
		FUZZ_ASSERT(is_over_tcp(&asked) || reply_len <= udp_limit(&parsed.edns));
		check_reply(query, &asked, buffer, reply_len, verdict);
	}
	FUZZ_ASSERT(answer(&asked, query, again, &again_len) == verdict);
	FUZZ_ASSERT(again_len == reply_len && memcmp(again, buffer, reply_len) == 0);
	free(buffer);
	free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *query;

	if (size < 1 || size > DP_TCP_MESSAGE_MAX) {
		return 0;
	}
	query = malloc(size > 1 ? size - 1 : 1);
	FUZZ_ASSERT(query != NULL);
	memcpy(query, data + 1, size - 1);
	check_query(data[0], query, size - 1);
	free(query);
	return 0;
}
