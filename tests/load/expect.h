/*
 * Questions and what may be answered to them, byte by byte: the judge of a checking client.
 *
 * Read from a text file, one thing a line, in hexadecimal:
 *
 *   query BYTES           a DNS message; its ID is the client's to set
 *   reply BYTES MASK      one right reply to the query above it; MASK has as many bytes: ff the byte must be equal,
 *                         00 it may be anything, 0d it is a decimal digit of the generation, most significant first
 *
 * Where replies name their generation, only number (generation modulo their count) is right: a publisher that
 * alternates tables says so which one a reply must be from. Where they do not, each is.
 *
 * Threads:   read-only once read.
 * Memory:    expect_free; replies that are judged belong to the caller.
 * Errors:    expect_read 0 or negative errno; -EINVAL for a file of another form, its line in *ret_line.
 */
#ifndef TESTS_LOAD_EXPECT_H
#define TESTS_LOAD_EXPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPECT_REPLIES_MAX 8u    /* of a question: two tables, each with a few pools */
#define EXPECT_BYTES_MAX   4096u /* above any reply over UDP */

struct expect_reply {
	uint8_t *bytes;
	uint8_t *mask;
	size_t len;
};

struct expect_question {
	uint8_t *query;
	size_t query_len;
	struct expect_reply replies[EXPECT_REPLIES_MAX];
	uint32_t reply_cnt;
};

struct expect {
	struct expect_question *questions;
	uint32_t cnt;
};

int expect_read(const char *path, struct expect *ret_expect, unsigned int *ret_line);
void expect_free(struct expect *expect);

/* expect_judge: whether the reply is right but for its ID. *generation is what the last right reply of its flow named (0:
 * none yet); it moves on with a right reply, and one below it is *ret_backwards. */
bool expect_judge(const struct expect_question *question, const uint8_t *reply, size_t len,
		uint64_t *generation, bool *ret_backwards);

#endif
