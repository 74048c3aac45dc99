#include "dataplane/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/bytes.h"

/* The least that is held: a whole ordinary query, so that one in pieces is seldom moved. */
#define INPUT_ROOM_MIN 64u

static_assert(DP_STREAM_PIECE_MAX <= DP_STREAM_INPUT_MAX, "a piece that must wait can be held");

static const uint8_t no_bytes[1];

/* Bytes just received and not yet looked at; they follow what the stream holds. */
struct piece {
	const uint8_t *at;
	size_t len;
};

static size_t
count_held(const struct dp_stream *stream)
{
	return stream->input_len - stream->input_off;
}

/* Byte `i`, 0 or 1, of what is held and then the piece. */
static uint8_t
peek(const struct dp_stream *stream, const struct piece *piece, size_t i)
{
	size_t held = count_held(stream);

	return i < held ? stream->input[stream->input_off + i] : piece->at[i - held];
}

/* Whether a whole message is there; *ret_len is its length without the prefix. */
static bool
has_message(const struct dp_stream *stream, const struct piece *piece, size_t *ret_len)
{
	size_t available = count_held(stream) + piece->len;

	if (available < DP_STREAM_PREFIX_BYTES) {
		return false;
	}
	*ret_len = (size_t)peek(stream, piece, 0) << 8 | peek(stream, piece, 1);
	return available - DP_STREAM_PREFIX_BYTES >= *ret_len;
}

/* Moves `len` bytes, which are there, to `to`; NULL: away. */
static void
move(struct dp_stream *stream, struct piece *piece, uint8_t *to, size_t len)
{
	size_t held = count_held(stream);
	size_t first = len < held ? len : held;
	size_t second = len - first;

	if (to != NULL && stream->input != NULL) {
		memcpy(to, stream->input + stream->input_off, first);
	}
	if (to != NULL) {
		memcpy(to + first, piece->at, second);
	}
	stream->input_off += (uint32_t)first;
	piece->at += second;
	piece->len -= second;
}

static void
drop_input(struct dp_stream *stream)
{
	free(stream->input);
	stream->input = NULL;
	stream->input_off = 0;
	stream->input_len = 0;
	stream->input_room = 0;
}

/* Gives the held input room for `need` bytes: twice what it was, so that a message in single bytes
 * is not moved for each; never more than twice what the client has sent. */
static int
grow(struct dp_stream *stream, size_t need)
{
	size_t room = stream->input_room > 0 ? stream->input_room : INPUT_ROOM_MIN;
	uint8_t *bytes;

	while (room < need) {
		room *= 2;
	}
	room = room < DP_STREAM_INPUT_MAX ? room : DP_STREAM_INPUT_MAX;
	if (room <= stream->input_room) {
		return 0;
	}
	bytes = realloc(stream->input, room);
	if (bytes == NULL) {
		return -ENOMEM;
	}
	stream->input = bytes;
	stream->input_room = (uint32_t)room;
	return 0;
}

/* Holds the piece behind what is held already. Together they are less than a message, or a piece
 * that waits for room: no more than DP_STREAM_INPUT_MAX. */
static int
keep(struct dp_stream *stream, const struct piece *piece)
{
	size_t held = count_held(stream);

	assert(held + piece->len <= DP_STREAM_INPUT_MAX);
	if (held + piece->len == 0) {
		drop_input(stream);
		return 0;
	}
	if (stream->input_off > 0) {
		memmove(stream->input, stream->input + stream->input_off, held);
		stream->input_off = 0;
		stream->input_len = (uint32_t)held;
	}
	if (piece->len == 0) {
		return 0;
	}
	if (grow(stream, held + piece->len) != 0) {
		return -ENOMEM;
	}
	memcpy(stream->input + held, piece->at, piece->len);
	stream->input_len = (uint32_t)(held + piece->len);
	return 0;
}

static void
begin_turn(struct dp_stream_desk *desk)
{
	desk->message_cnt = 0;
	desk->output_off = 0;
	desk->output_len = 0;
}

/* Answers one message of `len` bytes, which is there, where its answer will be sent from. */
static void
answer_one(struct dp_stream *stream, struct dp_stream_desk *desk, struct piece *piece, size_t len)
{
	uint8_t *at = desk->output + desk->output_len;
	size_t reply_len;

	move(stream, piece, NULL, DP_STREAM_PREFIX_BYTES);
	move(stream, piece, at + DP_STREAM_PREFIX_BYTES, len);
	desk->message_cnt++;
	reply_len = desk->answer(desk->arg, at + DP_STREAM_PREFIX_BYTES, len);
	assert(reply_len <= DP_TCP_MESSAGE_MAX);
	if (reply_len == 0) {
		stream->is_refused = true;
		return;
	}
	dp_store_be16(at, (uint16_t)reply_len);
	desk->output_len += (uint32_t)(DP_STREAM_PREFIX_BYTES + reply_len);
}

static int
lose(struct dp_stream *stream)
{
	dp_stream_done(stream);
	stream->is_refused = true;
	return -ENOMEM;
}

static int
take_turn(struct dp_stream *stream, struct dp_stream_desk *desk, struct piece *piece)
{
	size_t len;

	begin_turn(desk);
	while (!stream->is_refused && desk->output_len < DP_STREAM_TURN_BYTES &&
			has_message(stream, piece, &len)) {
		answer_one(stream, desk, piece, len);
	}
	if (stream->is_refused) {
		drop_input(stream);
		return 0;
	}
	return keep(stream, piece) == 0 ? 0 : lose(stream);
}

int
dp_stream_feed(struct dp_stream *stream, struct dp_stream_desk *desk, const uint8_t *bytes,
		size_t len)
{
	struct piece piece = { bytes, len };

	assert(dp_stream_next(stream) == DP_STREAM_READ && len <= DP_STREAM_PIECE_MAX);
	return take_turn(stream, desk, &piece);
}

void
dp_stream_end(struct dp_stream *stream, struct dp_stream_desk *desk)
{
	begin_turn(desk);
	stream->is_ended = true;
}

int
dp_stream_resume(struct dp_stream *stream, struct dp_stream_desk *desk)
{
	struct piece nothing = { no_bytes, 0 };

	if (stream->output != NULL) {
		begin_turn(desk);
		return 0;
	}
	return take_turn(stream, desk, &nothing);
}

size_t
dp_stream_output(const struct dp_stream *stream, const struct dp_stream_desk *desk,
		const uint8_t **ret_bytes)
{
	if (stream->output != NULL) {
		*ret_bytes = stream->output + stream->output_off;
		return stream->output_len - stream->output_off;
	}
	*ret_bytes = desk->output + desk->output_off;
	return desk->output_len - desk->output_off;
}

static void
drop_output(struct dp_stream *stream)
{
	free(stream->output);
	stream->output = NULL;
	stream->output_off = 0;
	stream->output_len = 0;
}

int
dp_stream_wrote(struct dp_stream *stream, struct dp_stream_desk *desk, size_t len)
{
	const uint8_t *rest;
	size_t rest_len;

	if (stream->output != NULL) {
		assert(len <= stream->output_len - stream->output_off);
		stream->output_off += (uint32_t)len;
		if (stream->output_off == stream->output_len) {
			drop_output(stream);
		}
		return 0;
	}
	assert(len <= desk->output_len - desk->output_off);
	desk->output_off += (uint32_t)len;
	rest_len = dp_stream_output(stream, desk, &rest);
	begin_turn(desk);
	if (rest_len == 0) {
		return 0;
	}
	stream->output = malloc(rest_len);
	if (stream->output == NULL) {
		return lose(stream);
	}
	memcpy(stream->output, rest, rest_len);
	stream->output_len = (uint32_t)rest_len;
	return 0;
}

enum dp_stream_next
dp_stream_next(const struct dp_stream *stream)
{
	const struct piece nothing = { no_bytes, 0 };
	size_t len;

	if (stream->output != NULL) {
		return DP_STREAM_WRITE;
	}
	if (stream->is_refused) {
		return DP_STREAM_CLOSE;
	}
	if (has_message(stream, &nothing, &len)) {
		return DP_STREAM_WRITE;
	}
	return stream->is_ended ? DP_STREAM_CLOSE : DP_STREAM_READ;
}

size_t
dp_stream_held_bytes(const struct dp_stream *stream)
{
	return (size_t)stream->input_room + stream->output_len;
}

void
dp_stream_done(struct dp_stream *stream)
{
	drop_input(stream);
	drop_output(stream);
}
