/*
 * Any bytes as what a client sends over TCP, in any pieces, to any socket. The first four bytes of
 * an input seed how the rest is cut up and how much of the answers is taken at once. What must hold:
 *   - the messages are those that a plain walk over the bytes finds, whatever the pieces were;
 *   - each is answered, in order, or the connection ends with the first that may not be: what goes
 *     out is byte for byte the answers of dp_answer_message, each behind its length;
 *   - each answer is one that a strict reader and libknot accept, to the ID that asked;
 *   - no more is held than was sent or is owed, never above DP_STREAM_HELD_MAX, nothing at rest;
 *   - a turn's work is bounded, and it all ends.
 */
#include <string.h>

#include "dataplane/stream.h"
#include "tests/fuzz/dataplane/reparse.h"
#include "tests/fuzz/dataplane/second_opinion.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/dataplane/zone.h"

/* Longer inputs than two largest messages show nothing new. */
#define INPUT_MAX ((size_t)3 * 65536)
/* A query of 30 bytes may get 64 KB: an input that asks for more than this is cut short. */
#define EXPECTED_MAX ((size_t)8 << 20)

static const struct dp_settings settings = {
	.max_udp_bytes = 1232,
	.tcp_keepalive_ds = 100,
	.identity_len = 5,
	.identity = "node1",
};

/* What the plain walk finds. */
struct expected {
	size_t input_len; /* of the bytes, what is used */
	unsigned int message_cnt;
	bool is_refused; /* the last message is never answered */
	size_t rest_len; /* bytes behind the last message */
	size_t len;
	uint8_t *bytes;
};

struct client {
	const uint8_t *bytes;
	size_t len;
	size_t at;
	uint64_t random;
	unsigned int message_cnt;
	size_t written_len;
	const struct expected *expected;
	struct dp_stream stream;
};

static struct dp_stream_desk desk;

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
answer_message(uint8_t *message, size_t len)
{
	struct dp_answerer answerer = {
		.view = the_view(),
		.settings = &settings,
		.random = 1, /* so that a message has one answer */
	};
	const struct dp_client client = {
		.addr = { .bytes = { 198, 51, 100, 7 }, .family = 4 },
		.port = 40000,
		.transport = DP_TCP,
	};
	size_t reply_len = SIZE_MAX;
	enum tbl_verdict verdict = dp_answer_message(
			&answerer, &client, message, len, DP_TCP_MESSAGE_MAX, &reply_len);

	FUZZ_ASSERT(verdict < TBL_VERDICT_CNT);
	FUZZ_ASSERT((reply_len == 0) == (verdict >= TBL_VERDICT_DROP_NOT_DNS));
	return reply_len;
}

/* The desk's: the client's own count beside it. */
static size_t
answer(void *arg, uint8_t *message, size_t len)
{
	struct client *client = arg;

	client->message_cnt++;
	return answer_message(message, len);
}

static void
check_answer(const uint8_t *query, const uint8_t *reply, size_t len)
{
	static struct reparse_message parsed;
	const char *wrong = reparse(reply, len, &parsed);

	if (wrong != NULL) {
		(void)fprintf(stderr, "reply: %s\n", wrong);
	}
	FUZZ_ASSERT(wrong == NULL && (parsed.flags & 0x8000) != 0);
	FUZZ_ASSERT(memcmp(query, reply, 2) == 0);
	assert_knot_accepts(reply, len);
}

/* Walks over the bytes without any state: what a connection must come to. */
static void
expect(const uint8_t *bytes, size_t len, struct expected *expected)
{
	size_t at = 0;

	while (!expected->is_refused && len - at >= 2) {
		size_t message_len = (size_t)bytes[at] << 8 | bytes[at + 1];
		uint8_t *out = expected->bytes + expected->len;
		size_t reply_len;

		if (message_len > len - at - 2) {
			break;
		}
		if (EXPECTED_MAX - expected->len < DP_STREAM_MESSAGE_MAX) {
			len = at; /* cut short here */
			break;
		}
		memcpy(out + 2, bytes + at + 2, message_len);
		reply_len = answer_message(out + 2, message_len);
		expected->message_cnt++;
		expected->is_refused = reply_len == 0;
		if (reply_len > 0) {
			check_answer(bytes + at + 2, out + 2, reply_len);
			out[0] = (uint8_t)(reply_len >> 8);
			out[1] = (uint8_t)reply_len;
			expected->len += 2 + reply_len;
		}
		at += 2 + message_len;
	}
	expected->rest_len = len - at;
	expected->input_len = len;
}

/* 1..max, small ones as often as large ones; 0 once in a while when it may be. */
static size_t
draw(struct client *client, size_t max, bool may_be_none)
{
	uint64_t bits = dp_random(&client->random);
	size_t size = (size_t)1 << (bits & 15u);

	if (may_be_none && (bits >> 32 & 7u) == 0) {
		return 0;
	}
	size += (size_t)(bits >> 16 & 0xffffu) % size;
	return size < max ? size : max;
}

static void
write_out(struct client *client)
{
	const uint8_t *bytes;
	size_t len = dp_stream_output(&client->stream, &desk, &bytes);
	size_t taken = len > 0 ? draw(client, len, true) : 0;

	FUZZ_ASSERT(len <= DP_STREAM_OUTPUT_MAX);
	FUZZ_ASSERT(taken <= client->expected->len - client->written_len);
	FUZZ_ASSERT(memcmp(bytes, client->expected->bytes + client->written_len, taken) == 0);
	client->written_len += taken;
	FUZZ_ASSERT(dp_stream_wrote(&client->stream, &desk, taken) == 0);
}

/* The next piece, in a block of exactly its size. */
static void
send_piece(struct client *client)
{
	size_t len = client->len - client->at;
	uint8_t *exact;

	len = draw(client, len < DP_STREAM_PIECE_MAX ? len : DP_STREAM_PIECE_MAX, false);
	exact = malloc(len > 0 ? len : 1);
	FUZZ_ASSERT(exact != NULL);
	memcpy(exact, client->bytes + client->at, len);
	client->at += len;
	FUZZ_ASSERT(dp_stream_feed(&client->stream, &desk, exact, len) == 0);
	free(exact);
}

static void
check_held(const struct client *client)
{
	const struct dp_stream *stream = &client->stream;
	size_t held = dp_stream_held_bytes(stream);

	FUZZ_ASSERT(held <= DP_STREAM_HELD_MAX);
	FUZZ_ASSERT(held <= 64 + 2 * client->at + client->expected->len);
	if (dp_stream_next(stream) == DP_STREAM_READ) {
		FUZZ_ASSERT(stream->output == NULL);
		FUZZ_ASSERT((held == 0) == (stream->input_off == stream->input_len));
	}
}

static void
run(struct client *client)
{
	enum dp_stream_next next;

	desk.answer = answer;
	desk.arg = client;
	while ((next = dp_stream_next(&client->stream)) != DP_STREAM_CLOSE) {
		unsigned int before = client->message_cnt;

		if (next == DP_STREAM_WRITE) {
			FUZZ_ASSERT(dp_stream_resume(&client->stream, &desk) == 0);
		} else if (client->at < client->len) {
			send_piece(client);
		} else {
			dp_stream_end(&client->stream, &desk);
		}
		/* Each message is two bytes at least, and answers end a turn. */
		FUZZ_ASSERT(client->message_cnt - before <= DP_STREAM_INPUT_MAX / 2);
		FUZZ_ASSERT(desk.message_cnt == client->message_cnt - before);
		write_out(client);
		check_held(client);
	}
}

static void
check_client(const uint8_t *bytes, const struct expected *expected, uint64_t seed)
{
	struct client client = {
		.bytes = bytes,
		.len = expected->input_len,
		.random = seed | 1u,
		.expected = expected,
	};

	run(&client);
	FUZZ_ASSERT(client.message_cnt == expected->message_cnt);
	FUZZ_ASSERT(client.written_len == expected->len);
	FUZZ_ASSERT(expected->is_refused == client.stream.is_refused);
	FUZZ_ASSERT(expected->is_refused || client.at == client.len);
	dp_stream_done(&client.stream);
	FUZZ_ASSERT(dp_stream_held_bytes(&client.stream) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[EXPECTED_MAX];
	struct expected expected = { .bytes = bytes };
	uint64_t seed;

	if (size < 4 || size > INPUT_MAX) {
		return 0;
	}
	seed = (uint64_t)data[0] << 24 | (uint64_t)data[1] << 16 | (uint64_t)data[2] << 8 | data[3];
	expect(data + 4, size - 4, &expected);
	check_client(data + 4, &expected, seed);
	check_client(data + 4, &expected, seed ^ 0x5555555555u);
	return 0;
}
