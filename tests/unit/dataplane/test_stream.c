/*
 * Framing apart from sockets: messages in pieces, answers in pieces, and what is held meanwhile. malloc
 * and realloc are wrapped (meson.build), so that they fail when a test wants it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/stream.h"
#include "tests/unit/test.h"

/* A server whose answer to a message is as many bytes as its second two say, all of the value of the
 * first byte; a message of fewer than four is not answered. */
struct bench {
	struct dp_stream stream;
	struct dp_stream_desk *desk;
	uint8_t *written; /* all that went out */
	size_t written_len;
	size_t room;       /* bytes that the socket takes at once */
	size_t longest_in; /* longest message that was answered */
	unsigned int message_cnt;
};

#define WRITTEN_MAX ((size_t)4 << 20)

static bool is_out_of_memory;

/* The linker's names for the wrapped and the real ones. NOLINTBEGIN(readability-identifier-naming) */
void *__real_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *
__wrap_malloc(size_t size)
{
	return is_out_of_memory ? NULL : __real_malloc(size);
}

void *
__wrap_realloc(void *memory, size_t size)
{
	return is_out_of_memory ? NULL : __real_realloc(memory, size);
}
/* NOLINTEND(readability-identifier-naming) */

static size_t
answer(void *arg, uint8_t *message, size_t len)
{
	struct bench *bench = arg;
	size_t reply_len;

	bench->message_cnt++;
	bench->longest_in = len > bench->longest_in ? len : bench->longest_in;
	if (len < 4) {
		return 0;
	}
	reply_len = (size_t)message[2] << 8 | message[3];
	memset(message, message[0], reply_len);
	return reply_len;
}

static int
set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	bench->desk = calloc(1, sizeof(*bench->desk));
	bench->desk->answer = answer;
	bench->desk->arg = bench;
	bench->written = malloc(WRITTEN_MAX);
	bench->room = SIZE_MAX;
	*state = bench;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *bench = *state;

	dp_stream_done(&bench->stream);
	assert_int_equal(dp_stream_held_bytes(&bench->stream), 0);
	free(bench->desk);
	free(bench->written);
	free(bench);
	return 0;
}

/* What a socket with room for bench->room bytes takes. */
static void
write_out(struct bench *bench)
{
	const uint8_t *bytes;
	size_t len = dp_stream_output(&bench->stream, bench->desk, &bytes);
	size_t taken = len < bench->room ? len : bench->room;

	assert_true(bench->written_len + taken <= WRITTEN_MAX);
	memcpy(bench->written + bench->written_len, bytes, taken);
	bench->written_len += taken;
	assert_int_equal(dp_stream_wrote(&bench->stream, bench->desk, taken), 0);
	assert_true(dp_stream_held_bytes(&bench->stream) <= DP_STREAM_HELD_MAX);
}

/* Gives the stream bytes in pieces of at most `step` while it takes any; returns how many it took. */
static size_t
feed(struct bench *bench, const uint8_t *bytes, size_t len, size_t step)
{
	size_t at = 0;

	while (at < len && dp_stream_next(&bench->stream) == DP_STREAM_READ) {
		size_t piece = len - at < step ? len - at : step;
		uint8_t *exact = malloc(piece); /* a sanitizer sees a byte read beyond */

		memcpy(exact, bytes + at, piece);
		assert_int_equal(dp_stream_feed(&bench->stream, bench->desk, exact, piece), 0);
		free(exact);
		write_out(bench);
		at += piece;
	}
	return at;
}

static void
resume(struct bench *bench)
{
	assert_int_equal(dp_stream_next(&bench->stream), DP_STREAM_WRITE);
	assert_int_equal(dp_stream_resume(&bench->stream, bench->desk), 0);
	write_out(bench);
}

/* A message of `len` bytes that asks for an answer of `reply_len` times `mark`. */
static size_t
put_message(uint8_t *at, uint8_t mark, size_t len, size_t reply_len)
{
	at[0] = (uint8_t)(len >> 8);
	at[1] = (uint8_t)len;
	memset(at + 2, 0, len);
	if (len >= 4) {
		at[2] = mark;
		at[4] = (uint8_t)(reply_len >> 8);
		at[5] = (uint8_t)reply_len;
	}
	return 2 + len;
}

/* The next answer that was written has this mark and length. */
static void
expect_answer(const struct bench *bench, size_t *at, uint8_t mark, size_t len)
{
	assert_true(bench->written_len - *at >= 2 + len);
	assert_int_equal(bench->written[*at] << 8 | bench->written[*at + 1], len);
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(bench->written[*at + 2 + i], mark);
	}
	*at += 2 + len;
}

/* conformance: tcp-split-anywhere | RFC 7766 §8, RFC 1035 §4.2.2 | A stream may be cut into segments anywhere. */
static void
messages_may_be_split_anywhere(void **state)
{
	struct bench *bench = *state;
	uint8_t bytes[64];
	size_t len = put_message(bytes, 1, 12, 5);
	size_t at = 0;

	len += put_message(bytes + len, 2, 20, 3);
	len += put_message(bytes + len, 3, 4, 1);
	for (size_t step = 1; step <= len; step++) {
		for (size_t first = 1; first < step; first++) {
			assert_int_equal(feed(bench, bytes, first, first), first);
			assert_int_equal(
					feed(bench, bytes + first, len - first, step), len - first);
			expect_answer(bench, &at, 1, 5);
			expect_answer(bench, &at, 2, 3);
			expect_answer(bench, &at, 3, 1);
			assert_int_equal(bench->written_len, at);
			assert_int_equal(dp_stream_held_bytes(&bench->stream), 0);
		}
	}
}

static void
messages_may_have_any_length(void **state)
{
	static const size_t lens[] = { 4, 12, 255, 256, 16381, 16382, 16383, 32768, 65534, 65535 };
	struct bench *bench = *state;
	uint8_t *bytes = malloc(DP_STREAM_MESSAGE_MAX);
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		size_t len = put_message(bytes, (uint8_t)i, lens[i], lens[i]);

		assert_int_equal(feed(bench, bytes, len, DP_STREAM_PIECE_MAX), len);
		expect_answer(bench, &at, (uint8_t)i, lens[i]);
		assert_int_equal(bench->longest_in, lens[i]);
		assert_int_equal(dp_stream_held_bytes(&bench->stream), 0);
	}
	free(bytes);
}

static void
a_begun_message_costs_what_was_sent_of_it(void **state)
{
	struct bench *bench = *state;
	uint8_t *bytes = malloc(DP_STREAM_MESSAGE_MAX);
	size_t len = put_message(bytes, 1, DP_TCP_MESSAGE_MAX, 4);

	for (size_t i = 0; i + 1 < len; i++) {
		size_t held;

		assert_int_equal(feed(bench, bytes + i, 1, 1), 1);
		held = dp_stream_held_bytes(&bench->stream);
		assert_true(held <= (i < 32 ? 64 : 2 * (i + 1)) && held <= DP_STREAM_INPUT_MAX);
	}
	assert_int_equal(feed(bench, bytes + len - 1, 1, 1), 1);
	assert_int_equal(dp_stream_held_bytes(&bench->stream), 0);
	assert_int_equal(bench->message_cnt, 1);
	free(bytes);
}

static void
what_may_not_be_answered_ends_the_stream(void **state)
{
	static const size_t lens[] = { 0, 1, 3 };
	struct bench *bench = *state;
	uint8_t bytes[64];

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		size_t len = put_message(bytes, 7, 4, 2);
		size_t at = bench->written_len;

		len += put_message(bytes + len, 0, lens[i], 0);
		len += put_message(bytes + len, 8, 4, 2);
		assert_int_equal(feed(bench, bytes, len, len), len);
		assert_int_equal(dp_stream_next(&bench->stream), DP_STREAM_CLOSE);
		expect_answer(bench, &at, 7,
				2); /* what came before is answered, what comes after not */
		assert_int_equal(bench->written_len, at);
		assert_int_equal(dp_stream_held_bytes(&bench->stream), 0);
		memset(&bench->stream, 0, sizeof(bench->stream));
	}
	assert_int_equal(bench->message_cnt, 2 * ARRAY_LEN(lens));
}

static void
the_end_waits_for_the_answers(void **state)
{
	struct bench *bench = *state;
	uint8_t bytes[64];
	size_t len = put_message(bytes, 7, 4, 100);
	size_t at = 0;

	bench->room = 40;
	len += put_message(bytes + len, 8, 30, 1);
	assert_int_equal(feed(bench, bytes, len - 1, len), len - 1);
	while (bench->written_len < 102) {
		resume(bench);
	}
	assert_int_equal(dp_stream_next(&bench->stream), DP_STREAM_READ);
	dp_stream_end(&bench->stream, bench->desk);
	write_out(bench);
	/* Half a query has no answer. */
	assert_int_equal(dp_stream_next(&bench->stream), DP_STREAM_CLOSE);
	expect_answer(bench, &at, 7, 100);
	assert_int_equal(bench->written_len, at);
}

static void
who_takes_no_answers_is_not_read_from(void **state)
{
	struct bench *bench = *state;
	uint8_t *bytes = malloc(DP_STREAM_PIECE_MAX);
	size_t at = 0;
	size_t len = 0;
	unsigned int asked_cnt = 0;
	size_t peak;

	/* A piece full of small questions with answers of 60,000 bytes. */
	while (len + 6 <= DP_STREAM_PIECE_MAX) {
		len += put_message(bytes + len, (uint8_t)asked_cnt++, 4, 60000);
	}
	bench->room = 0;
	assert_int_equal(feed(bench, bytes, len, len), len);
	peak = dp_stream_held_bytes(&bench->stream);
	assert_true(peak <= DP_STREAM_HELD_MAX);
	assert_int_equal(bench->message_cnt, 2); /* a turn's worth of answers */
	for (int i = 0; i < 10; i++) {
		resume(bench);
		assert_int_equal(bench->message_cnt, 2);
		assert_int_equal(dp_stream_held_bytes(&bench->stream), peak);
	}
	/* As it reads on, the questions that waited are answered, in order. */
	bench->room = 7001;
	for (unsigned int i = 0; i < 50; i++) {
		while (bench->written_len - at < 60002) {
			resume(bench);
		}
		expect_answer(bench, &at, (uint8_t)i, 60000);
	}
	free(bytes);
}

static void
one_turn_is_bounded_for_who_takes_all(void **state)
{
	struct bench *bench = *state;
	uint8_t bytes[600];
	size_t at = 0;
	size_t len = 0;

	for (unsigned int i = 0; i < 100; i++) {
		len += put_message(bytes + len, (uint8_t)i, 4, 10000);
	}
	assert_int_equal(feed(bench, bytes, len, len), len);
	assert_int_equal(bench->message_cnt, 7);
	while (bench->message_cnt < 100) {
		resume(bench);
	}
	for (unsigned int i = 0; i < 100; i++) {
		expect_answer(bench, &at, (uint8_t)i, 10000);
	}
	assert_int_equal(dp_stream_next(&bench->stream), DP_STREAM_READ);
	assert_int_equal(dp_stream_held_bytes(&bench->stream), 0);
}

static void
answers_go_out_whole_whatever_is_taken_of_them(void **state)
{
	struct bench *bench = *state;
	uint8_t bytes[64];
	size_t len = put_message(bytes, 1, 4, 50);
	size_t at = 0;

	len += put_message(bytes + len, 2, 4, 65535);
	len += put_message(bytes + len, 3, 4, 1);
	for (size_t room = 1; room < 70000; room = room * 3 + 1) {
		bench->room = room;
		bench->written_len = 0;
		at = 0;
		assert_int_equal(feed(bench, bytes, len, len), len);
		while (dp_stream_next(&bench->stream) == DP_STREAM_WRITE) {
			resume(bench);
		}
		expect_answer(bench, &at, 1, 50);
		expect_answer(bench, &at, 2, 65535);
		expect_answer(bench, &at, 3, 1);
		assert_int_equal(bench->written_len, at);
	}
}

static void
without_memory_the_stream_is_lost(void **state)
{
	struct bench *bench = *state;
	uint8_t bytes[200];
	size_t len = put_message(bytes, 1, 100, 50);

	/* For the beginning of a message. */
	is_out_of_memory = true;
	assert_int_equal(dp_stream_feed(&bench->stream, bench->desk, bytes, 40), -ENOMEM);
	is_out_of_memory = false;
	assert_int_equal(dp_stream_next(&bench->stream), DP_STREAM_CLOSE);
	assert_int_equal(dp_stream_held_bytes(&bench->stream), 0);
	/* For more of one. */
	memset(&bench->stream, 0, sizeof(bench->stream));
	assert_int_equal(feed(bench, bytes, 60, 60), 60);
	is_out_of_memory = true;
	assert_int_equal(dp_stream_feed(&bench->stream, bench->desk, bytes + 60, 30), -ENOMEM);
	is_out_of_memory = false;
	assert_int_equal(dp_stream_next(&bench->stream), DP_STREAM_CLOSE);
	assert_int_equal(dp_stream_held_bytes(&bench->stream), 0);
	/* For an answer that is not taken. */
	memset(&bench->stream, 0, sizeof(bench->stream));
	is_out_of_memory = true;
	assert_int_equal(dp_stream_feed(&bench->stream, bench->desk, bytes, len), 0);
	assert_int_equal(dp_stream_wrote(&bench->stream, bench->desk, 51), -ENOMEM);
	is_out_of_memory = false;
	assert_int_equal(dp_stream_next(&bench->stream), DP_STREAM_CLOSE);
	/* One that is taken needs none, and neither does a whole message. */
	memset(&bench->stream, 0, sizeof(bench->stream));
	is_out_of_memory = true;
	assert_int_equal(dp_stream_feed(&bench->stream, bench->desk, bytes, len), 0);
	assert_int_equal(dp_stream_wrote(&bench->stream, bench->desk, 52), 0);
	is_out_of_memory = false;
	assert_int_equal(dp_stream_next(&bench->stream), DP_STREAM_READ);
}

int
main(void)
{
#define ON_A_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		ON_A_BENCH(messages_may_be_split_anywhere),
		ON_A_BENCH(messages_may_have_any_length),
		ON_A_BENCH(a_begun_message_costs_what_was_sent_of_it),
		ON_A_BENCH(what_may_not_be_answered_ends_the_stream),
		ON_A_BENCH(the_end_waits_for_the_answers),
		ON_A_BENCH(who_takes_no_answers_is_not_read_from),
		ON_A_BENCH(one_turn_is_bounded_for_who_takes_all),
		ON_A_BENCH(answers_go_out_whole_whatever_is_taken_of_them),
		ON_A_BENCH(without_memory_the_stream_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
