/*
 * Many messages to one server, which may be set up in any way: what one message leaves behind (rate
 * limits, the state of the draw) must not harm the next. The zones are those of tests/conformance, so the
 * conformance suite's own questions are the seeds (make_session_corpus.py). An input is
 *   3 bytes     enum setting, the server; the last of them is for settings to come
 *   and for each message
 *   1 byte      enum control: who asks, how, how long after the last one
 *   2 bytes     its length, most significant first; what is left of the input if that is less
 *   the message
 * What must hold:
 *   - one verdict a message: counted as a worker counts, the verdicts' sum is what was received;
 *   - an answer fits its buffer and what client and server allow; a drop changes no byte;
 *   - ID, opcode and question come back as they were; a strict reader and libknot take the reply whole;
 *   - no ECS from a server that does not look at it, or to a resolver that is not listed; no answer to a
 *     port that gets none; no cookie without keys; no limit for whose source is proved or exempt;
 *   - the same messages to a server that has just started get the same replies.
 */
#include <string.h>

#include "control/compile.h"
#include "dataplane/counters.h"
#include "dataplane/limiter.h"
#include "dataplane/message_impl.h"
#include "tests/fuzz/dataplane/reparse.h"
#include "tests/fuzz/dataplane/second_opinion.h"
#include "tests/fuzz/fuzz.h"

#define MESSAGES_MAX 64u /* more show nothing new, and each costs two answers */
#define NOW_S        1559731985u
#define SETUP_BYTES  3u

#define DROPPED_PORT 19u
#define CLIENT_PORT  40000u

enum setting {
	MAX_UDP = 3u << 0, /* udp_sizes[] */
	COOKIE_KEYS = 3u << 2,
	COOKIE_REQUIRED = 1u << 4,
	ECS_OFF = 1u << 5,
	ECS_LISTED = 1u << 6, /* client subnets of the first client alone */
	PORT_DROPPED = 1u << 7,
	IDENTITY = 3u << 8, /* identity_lens[] */
	KEEPALIVE = 1u << 10,
	RATE = 3u << 11,        /* rates[] */
	SLIP = 3u << 13,        /* slips[] */
	RATE_EXEMPT = 1u << 15, /* the first client is not limited */
	ROTATE = 1u << 16,
};

enum control {
	OVER_TCP = 1u << 0,
	CLIENT = 3u << 1, /* clients[] */
	FROM_DROPPED_PORT = 1u << 3,
	LATER = 3u << 4, /* steps_ms[] */
	EXACT_BUFFER = 1u << 6,
	WITHOUT_TABLE = 1u << 7,
};

static const uint16_t udp_sizes[] = { 1232, 512, 600, 4096 };
static const uint8_t identity_lens[] = { 0, 1, 5, DP_IDENTITY_MAX };
static const uint32_t rates[] = { 0, 1, 5, 1000 };
static const uint32_t slips[] = { 0, 1, 2, DP_LIMIT_SLIP_MAX };
static const uint32_t steps_ms[] = { 0, 1, 1000, 40 * 60 * 1000 };
static const struct tbl_addr clients[] = {
	{ .bytes = { 198, 51, 100, 100 }, .family = 4 },
	{ .bytes = { 203, 0, 113, 9 }, .family = 4 },
	{ .bytes = { 0x20, 1, 0xd, 0xb8, 0, 1, 0x80 }, .family = 6 },
	{ .bytes = { 0x26, 0x20, [15] = 1 }, .family = 6 },
};

static const struct dp_cookie_keys all_keys = {
	.cnt = 3,
	.keys = { { 1, 2, 3 }, { 4, 5, 6 },
			{ 0xe5, 0xe9, 0x73, 0xe5, 0xa6, 0xb2, 0xa4, 0x3f, 0x48, 0xe7, 0xdc, 0x84,
					0x9e, 0x37, 0xbf, 0xcf } },
};

/* A few places, so that rules by place compile and match. */
static struct tbl_geo_prefix geo_prefixes[] = {
	{ { { 198, 51, 100 }, 24, 4 }, 0 },
	{ { { 203, 0, 113 }, 24, 4 }, 1 },
	{ { { 0x20, 1, 0xd, 0xb8 }, 32, 6 }, 0 },
	{ { { 0x26, 0x20 }, 16, 6 }, 1 },
};
static const char *const geo_places[] = { "NA-US", "EU-DE" };

static const struct tbl_view *
the_view(void)
{
	static char places_text[] = "EU-DE NA-US";
	static char description[] = "places of the fuzz target";
	static const struct cp_geo geo = {
		.table = { geo_prefixes, 4, geo_places, 2 },
		.places_text = places_text,
		.description = description,
	};
	static const struct cp_compile_params params = { .generation = 7,
		.hash_seed = { 0x0123456789abcdefULL, 0xfedcba9876543210ULL } };
	static struct tbl_view view;
	static void *image;
	struct cp_zones_options options = cp_zones_defaults();
	struct cp_compiler *compiler;
	struct conf_errors errors = { 0 };
	struct cp_zones *zones;
	size_t size;

	if (image == NULL) {
		FUZZ_ASSERT(cp_zones_load(CONFORMANCE_ZONES, &options, &errors, &zones) == 0);
		FUZZ_ASSERT(cp_compiler_new(&compiler) == 0);
		if (cp_compile(compiler, zones, &geo, &params, &errors, &image, &size) != 0) {
			conf_errors_print(&errors, stderr, false);
			abort();
		}
		cp_compiler_free(compiler);
		cp_zones_free(zones);
		conf_errors_free(&errors);
		tbl_view_init(&view, image, NULL);
	}
	return &view;
}

static unsigned int
field(unsigned int bits, unsigned int mask)
{
	return (bits & mask) / (mask & -mask);
}

/* A server that has just started. */
struct server {
	unsigned int setup;
	struct dp_settings settings;
	struct dp_cookie_keys keys;
	struct tbl_prefix listed;
	struct dp_prefixes exempt;
	struct dp_answerer answerer;
	struct tbl_stats_worker shared;
	struct dp_counters counters;
};

/* So small that its buckets are fought over. */
static struct dp_limiter *
make_limiter(const struct server *server)
{
	uint32_t rate = rates[field(server->setup, RATE)];
	const struct dp_limiter_params params = {
		.per_second = { rate, rate, rate, 2 * rate },
		.burst_s = 1,
		.ipv4_bits = 24,
		.ipv6_bits = 56,
		.slip = slips[field(server->setup, SLIP)],
		.table_size = 4,
		.exempt = &server->exempt,
	};
	struct dp_limiter *limiter = NULL;

	FUZZ_ASSERT(rate == 0 || dp_limiter_new(&params, &limiter) == 0);
	return limiter;
}

static void
start(struct server *server, unsigned int setup)
{
	*server = (struct server){
		.setup = setup,
		.settings = {
			.max_udp_bytes = udp_sizes[field(setup, MAX_UDP)],
			.tcp_keepalive_ds = (setup & KEEPALIVE) != 0 ? 100 : 0,
			.is_cookie_required = (setup & COOKIE_REQUIRED) != 0,
			.is_ecs_off = (setup & ECS_OFF) != 0,
			.is_rotating = (setup & ROTATE) != 0,
			.identity_len = identity_lens[field(setup, IDENTITY)],
		},
		.keys = all_keys,
		.listed = { { 198, 51, 100 }, 24, 4 },
		.answerer = { .now = { .unix_s = NOW_S, .monotonic_ms = 1000 }, .random = 1 },
	};
	memset(server->settings.identity, 'i', server->settings.identity_len);
	server->keys.cnt = field(setup, COOKIE_KEYS);
	if ((setup & PORT_DROPPED) != 0) {
		server->settings.drop_source_ports =
				(struct dp_source_ports){ .cnt = 1, .items = { DROPPED_PORT } };
	}
	if ((setup & ECS_LISTED) != 0) {
		FUZZ_ASSERT(dp_prefixes_make(&server->listed, 1, &server->settings.ecs_resolvers) ==
				0);
	}
	if ((setup & RATE_EXEMPT) != 0) {
		FUZZ_ASSERT(dp_prefixes_make(&server->listed, 1, &server->exempt) == 0);
	}
	server->answerer.limiter = make_limiter(server);
	server->answerer.settings = &server->settings;
	server->answerer.cookie_keys = server->keys.cnt > 0 ? &server->keys : NULL;
	server->counters.shared = &server->shared;
}

static void
stop(struct server *server)
{
	dp_limiter_free(server->answerer.limiter);
	dp_prefixes_done(&server->exempt);
	dp_prefixes_done(&server->settings.ecs_resolvers);
}

/* One message of the input. */
struct asked {
	unsigned int control;
	const uint8_t *query;
	size_t len;
	struct dp_client client;
};

static struct asked
read_asked(const uint8_t **data, size_t *size)
{
	struct asked asked = { .control = (*data)[0], .query = *data + 3 };
	size_t claimed = (size_t)(*data)[1] << 8 | (*data)[2];

	*size -= 3;
	asked.len = claimed < *size ? claimed : *size;
	*size -= asked.len;
	*data = asked.query + asked.len;
	asked.client = (struct dp_client){
		.addr = clients[field(asked.control, CLIENT)],
		.port = (asked.control & FROM_DROPPED_PORT) != 0 ? DROPPED_PORT : CLIENT_PORT,
		.transport = (asked.control & OVER_TCP) != 0 ? DP_TCP : DP_UDP,
	};
	return asked;
}

static size_t
capacity_for(const struct asked *asked)
{
	size_t room = asked->client.transport == DP_TCP ? DP_TCP_MESSAGE_MAX : 4096;

	if ((asked->control & EXACT_BUFFER) != 0 || room < asked->len) {
		return asked->len > 0 ? asked->len : 1;
	}
	return room;
}

/* Counts as a worker does. */
static enum tbl_verdict
answer(struct server *server, const struct asked *asked, uint8_t *buffer, size_t *ret_len)
{
	struct dp_answerer *answerer = &server->answerer;
	uint32_t step_ms = steps_ms[field(asked->control, LATER)];
	enum tbl_verdict verdict;

	answerer->now.monotonic_ms += step_ms;
	answerer->now.unix_s += step_ms / 1000;
	answerer->view = (asked->control & WITHOUT_TABLE) != 0 ? NULL : the_view();
	memcpy(buffer, asked->query, asked->len);
	server->counters.own.received++;
	verdict = dp_answer_message(
			answerer, &asked->client, buffer, asked->len, capacity_for(asked), ret_len);
	FUZZ_ASSERT(verdict < TBL_VERDICT_CNT);
	dp_count_verdict(&server->counters, verdict);
	return verdict;
}

static bool
is_answer(enum tbl_verdict verdict)
{
	return verdict < TBL_VERDICT_DROP_NOT_DNS;
}

static void
check_verdict(const struct reparse_message *reply, enum tbl_verdict verdict)
{
	bool is_short = verdict == TBL_VERDICT_ANSWER_TRUNCATED ||
	                verdict == TBL_VERDICT_ANSWER_SLIPPED;
	uint16_t rcode = reply->flags & 0xfu;

	if (reply->has_opt) {
		rcode = (uint16_t)(rcode | reply->opt.ttl_field >> 24 << 4);
	}
	FUZZ_ASSERT(((reply->flags & 0x0200) != 0) == is_short);
	FUZZ_ASSERT(!is_short || reply->record_cnt == 0);
	/* What is above 15 needs an OPT to be said. */
	if (!is_short &&
			(reply->has_opt ||
					(verdict != TBL_VERDICT_ANSWER_BADVERS &&
							verdict != TBL_VERDICT_ANSWER_BADCOOKIE))) {
		FUZZ_ASSERT(dp_verdict_of(rcode) == verdict);
	}
}

static void
check_options(const struct reparse_message *reply, const struct server *server,
		const struct asked *asked)
{
	bool has_ecs = reparse_find_option(reply, 8) != NULL;

	FUZZ_ASSERT(!has_ecs || (server->setup & ECS_OFF) == 0);
	FUZZ_ASSERT(!has_ecs || (server->setup & ECS_LISTED) == 0 ||
			field(asked->control, CLIENT) == 0);
	FUZZ_ASSERT(reparse_find_option(reply, 10) == NULL || server->keys.cnt > 0);
	FUZZ_ASSERT(reparse_find_option(reply, 11) == NULL || asked->client.transport == DP_TCP);
}

static void
check_size(const struct server *server, const struct asked *asked, size_t len)
{
	size_t ours = server->settings.max_udp_bytes;
	size_t theirs = 512;
	struct dp_query parsed;

	if (asked->client.transport == DP_TCP) {
		return;
	}
	dp_query_parse(asked->query, asked->len, &parsed);
	if (parsed.edns.is_present && parsed.edns.udp_bytes > theirs) {
		theirs = parsed.edns.udp_bytes;
	}
	FUZZ_ASSERT(len <= (theirs < ours ? theirs : ours));
}

static void
check_reply(const struct server *server, const struct asked *asked, enum tbl_verdict verdict,
		const uint8_t *bytes, size_t len)
{
	static struct reparse_message reply;
	const char *wrong = reparse(bytes, len, &reply);

	if (wrong != NULL) {
		(void)fprintf(stderr, "reply: %s\n", wrong);
	}
	FUZZ_ASSERT(wrong == NULL);
	assert_knot_accepts(bytes, len);
	FUZZ_ASSERT((reply.flags & 0x80e0) == 0x8000); /* QR; not RA, Z, AD */
	FUZZ_ASSERT(memcmp(bytes, asked->query, 2) == 0);
	FUZZ_ASSERT(((bytes[2] ^ asked->query[2]) & 0x79) == 0);
	if (reply.question_cnt == 1) {
		FUZZ_ASSERT(memcmp(bytes + 12, asked->query + 12, reply.question_end - 12) == 0);
	}
	FUZZ_ASSERT(asked->client.transport == DP_TCP || (server->setup & PORT_DROPPED) == 0 ||
			asked->client.port != DROPPED_PORT);
	check_verdict(&reply, verdict);
	check_options(&reply, server, asked);
	check_size(server, asked, len);
}

/* Nobody is limited who need not be: the source is proved, or listed, or there is no limit. */
static void
check_limit(const struct server *server, const struct asked *asked, enum tbl_verdict verdict)
{
	struct dp_query parsed;

	if (verdict != TBL_VERDICT_ANSWER_SLIPPED && verdict != TBL_VERDICT_DROP_RATE_LIMITED) {
		return;
	}
	FUZZ_ASSERT(server->answerer.limiter != NULL && asked->client.transport == DP_UDP);
	FUZZ_ASSERT((server->setup & RATE_EXEMPT) == 0 || field(asked->control, CLIENT) != 0);
	FUZZ_ASSERT(verdict != TBL_VERDICT_ANSWER_SLIPPED || field(server->setup, SLIP) != 0);
	dp_query_parse(asked->query, asked->len, &parsed);
	if (parsed.edns.is_present && (parsed.edns.asks & DP_ASK_COOKIE) != 0 &&
			server->keys.cnt > 0) {
		enum dp_cookie_state state = dp_cookie_check(&server->keys, parsed.edns.cookie,
				parsed.edns.cookie_len, &asked->client.addr,
				server->answerer.now.unix_s);

		FUZZ_ASSERT(state != DP_COOKIE_GOOD && state != DP_COOKIE_OLD);
	}
}

static void
check_message(struct server *server, struct server *twin, const struct asked *asked)
{
	size_t capacity = capacity_for(asked);
	uint8_t *buffer = malloc(capacity); /* exact, so that a sanitizer sees a byte beyond */
	uint8_t *again = malloc(capacity);
	size_t len = SIZE_MAX;
	size_t again_len = SIZE_MAX;
	enum tbl_verdict verdict;

	FUZZ_ASSERT(buffer != NULL && again != NULL);
	verdict = answer(server, asked, buffer, &len);
	FUZZ_ASSERT(len <= capacity);
	FUZZ_ASSERT(is_answer(verdict) == (len > 0));
	check_limit(server, asked, verdict);
	if (len > 0) {
		check_reply(server, asked, verdict, buffer, len);
	} else {
		FUZZ_ASSERT(memcmp(buffer, asked->query, asked->len) == 0);
	}
	FUZZ_ASSERT(answer(twin, asked, again, &again_len) == verdict);
	FUZZ_ASSERT(again_len == len && memcmp(again, buffer, len) == 0);
	free(buffer);
	free(again);
}

static void
check_counts(struct server *server, uint64_t message_cnt)
{
	uint64_t sum = 0;

	dp_counters_publish(&server->counters);
	for (unsigned int i = 0; i < TBL_VERDICT_CNT; i++) {
		sum += server->shared.verdicts[i];
	}
	FUZZ_ASSERT(server->shared.received == message_cnt && sum == message_cnt);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct server server;
	static struct server twin;
	uint64_t message_cnt = 0;
	unsigned int setup;

	if (size < SETUP_BYTES) {
		return 0;
	}
	setup = (unsigned int)data[0] | (unsigned int)data[1] << 8;
	data += SETUP_BYTES;
	size -= SETUP_BYTES;
	start(&server, setup);
	start(&twin, setup);
	while (size >= 3 && message_cnt < MESSAGES_MAX) {
		struct asked asked = read_asked(&data, &size);

		check_message(&server, &twin, &asked);
		message_cnt++;
	}
	check_counts(&server, message_cnt);
	stop(&server);
	stop(&twin);
	return 0;
}
