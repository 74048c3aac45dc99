/*
 * The byte stream of one TCP connection: pieces of any size in, whole DNS messages to the server,
 * their answers out, and what is to be done next. No socket, no clock, no event.
 *
 * A stream at rest holds no memory. It holds the beginning of a message until the rest comes, what
 * the client has not taken of its answers, and, behind those, messages that it sent meanwhile; then
 * nothing is read from it, so all of that is bounded (DP_STREAM_HELD_MAX).
 *
 * A turn answers what one piece brought, up to DP_STREAM_TURN_BYTES of answers, which go out in one
 * write; the rest waits for the next turn, so that one client cannot keep the others waiting. Each
 * answer is queued whole, with its own ID: one made later or elsewhere could follow in any order
 * (RFC 7766 §7); those of today are ready at once, in the order of their queries.
 *
 *     dp_stream_next()   READ: dp_stream_feed() what was received, or dp_stream_end()
 *                        WRITE: when there is room, dp_stream_resume()
 *                        CLOSE: nothing more comes or goes
 *     after each of the three, write dp_stream_output() and say dp_stream_wrote()
 *
 * Threads:   one; all streams of a thread share its desk.
 * Memory:    dp_stream_done releases what is held; all zero bytes are a new stream.
 * Errors:    -ENOMEM: the stream is lost and next is CLOSE.
 * Standards: RFC 1035 §4.2.2 (framing), RFC 7766 §6.2.1.1 (pipelining), §7 (order), §8 (message and length in one
 *            write). Readings: docs/dns-readings.md.
 */
#ifndef DATAPLANE_STREAM_H
#define DATAPLANE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/message.h"

#define DP_STREAM_PREFIX_BYTES 2u
#define DP_STREAM_MESSAGE_MAX  (DP_STREAM_PREFIX_BYTES + DP_TCP_MESSAGE_MAX)
/* Received at once: some 400 ordinary queries, and the largest message in five pieces. */
#define DP_STREAM_PIECE_MAX 16384u
/* Answers after which a turn ends: more than a thousand ordinary ones, and a socket seldom takes
 * more at once. */
#define DP_STREAM_TURN_BYTES 65536u
#define DP_STREAM_OUTPUT_MAX (DP_STREAM_TURN_BYTES - 1u + DP_STREAM_MESSAGE_MAX)
#define DP_STREAM_INPUT_MAX  (DP_STREAM_MESSAGE_MAX - 1u)
#define DP_STREAM_HELD_MAX   (DP_STREAM_INPUT_MAX + DP_STREAM_OUTPUT_MAX)

enum dp_stream_next {
	DP_STREAM_READ,
	DP_STREAM_WRITE,
	DP_STREAM_CLOSE,
};

struct dp_stream {
	uint8_t *input;  /* received and not yet answered; NULL: nothing is */
	uint8_t *output; /* answers the client has not taken; NULL: none */
	uint32_t input_off;
	uint32_t input_len; /* [off, len) are to be read */
	uint32_t input_room;
	uint32_t output_off;
	uint32_t output_len;
	bool is_ended;   /* the client sends no more */
	bool is_refused; /* it sent what is never answered: no more of it is looked at */
};

/* What one thread works on, for one stream at a time. */
struct dp_stream_desk {
	/* answer replies to message[0..len) in place, in DP_TCP_MESSAGE_MAX bytes; returns the
	 * reply's length, or 0: nothing may be said, and the connection ends. */
	size_t (*answer)(void *arg, uint8_t *message, size_t len);
	void *arg;
	unsigned int message_cnt; /* of the last turn */
	uint32_t output_off;
	uint32_t output_len;
	uint8_t output[DP_STREAM_OUTPUT_MAX];
};

/* dp_stream_feed takes the next bytes, at most DP_STREAM_PIECE_MAX; only when READ is next. */
int dp_stream_feed(struct dp_stream *stream, struct dp_stream_desk *desk, const uint8_t *bytes,
		size_t len);

/* dp_stream_end: the client sends no more. What it asked is still answered. */
void dp_stream_end(struct dp_stream *stream, struct dp_stream_desk *desk);

/* dp_stream_resume answers what waited for room; only when WRITE is next. While answers are still
 * held there is nothing to do but to write them. */
int dp_stream_resume(struct dp_stream *stream, struct dp_stream_desk *desk);

/* dp_stream_output: what is to be written now, from *ret_bytes on; 0: nothing. */
size_t dp_stream_output(const struct dp_stream *stream, const struct dp_stream_desk *desk,
		const uint8_t **ret_bytes);

/* dp_stream_wrote: so much of it was taken, which may be 0. The rest is held, and the desk is free
 * for another stream. */
int dp_stream_wrote(struct dp_stream *stream, struct dp_stream_desk *desk, size_t len);

enum dp_stream_next dp_stream_next(const struct dp_stream *stream);

/* dp_stream_held_bytes: memory the stream occupies beside its struct. */
size_t dp_stream_held_bytes(const struct dp_stream *stream);

void dp_stream_done(struct dp_stream *stream);

#endif
