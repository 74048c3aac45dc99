#include "tests/load/expect.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_BYTES   2u
#define MASK_DIGIT 0x0d

static int
nibble(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next word of *text as bytes; *text moves behind it. NULL when it is none. */
static uint8_t *
read_bytes(const char **text, size_t *ret_len)
{
	size_t word_len = strcspn(*text, " \n");
	uint8_t *bytes = malloc(EXPECT_BYTES_MAX);

	if (bytes == NULL || word_len == 0 || word_len % 2 != 0 ||
			word_len / 2 > EXPECT_BYTES_MAX) {
		free(bytes);
		return NULL;
	}
	for (size_t i = 0; i < word_len / 2; i++) {
		int high = nibble((*text)[2 * i]);
		int low = nibble((*text)[2 * i + 1]);

		if (high < 0 || low < 0) {
			free(bytes);
			return NULL;
		}
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	*ret_len = word_len / 2;
	*text += word_len + ((*text)[word_len] == ' ' ? 1 : 0);
	return bytes;
}

static int
add_query(struct expect *expect, const char *text)
{
	struct expect_question *grown =
			reallocarray(expect->questions, (size_t)expect->cnt + 1, sizeof(*grown));
	struct expect_question *question;

	if (grown == NULL) {
		return -ENOMEM;
	}
	expect->questions = grown;
	question = &grown[expect->cnt];
	*question = (struct expect_question){ 0 };
	question->query = read_bytes(&text, &question->query_len);
	if (question->query == NULL || question->query_len < ID_BYTES) {
		free(question->query);
		return -EINVAL;
	}
	expect->cnt++;
	return 0;
}

static int
add_reply(struct expect *expect, const char *text)
{
	struct expect_question *question;
	struct expect_reply *reply;
	size_t mask_len = 0;

	if (expect->cnt == 0) {
		return -EINVAL;
	}
	question = &expect->questions[expect->cnt - 1];
	if (question->reply_cnt == EXPECT_REPLIES_MAX) {
		return -EINVAL;
	}
	reply = &question->replies
	                         [question->reply_cnt++]; /* expect_free frees what is there of it */
	reply->bytes = read_bytes(&text, &reply->len);
	reply->mask = read_bytes(&text, &mask_len);
	return reply->bytes != NULL && reply->mask != NULL && mask_len == reply->len &&
	                                       reply->len >= ID_BYTES
	                       ? 0
	                       : -EINVAL;
}

int
expect_read(const char *path, struct expect *ret_expect, unsigned int *ret_line)
{
	struct expect expect = { 0 };
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t capacity = 0;
	int rc = 0;

	*ret_line = 0;
	if (file == NULL) {
		return -errno;
	}
	while (rc == 0 && getline(&line, &capacity, file) > 0) {
		(*ret_line)++;
		if (strncmp(line, "query ", 6) == 0) {
			rc = add_query(&expect, line + 6);
		} else if (strncmp(line, "reply ", 6) == 0) {
			rc = add_reply(&expect, line + 6);
		} else {
			rc = -EINVAL;
		}
	}
	for (uint32_t i = 0; rc == 0 && i < expect.cnt; i++) {
		rc = expect.questions[i].reply_cnt == 0 ? -EINVAL : 0; /* nothing would be right */
	}
	free(line);
	(void)fclose(file);
	if (rc != 0 || expect.cnt == 0) {
		expect_free(&expect);
		return rc != 0 ? rc : -EINVAL;
	}
	*ret_expect = expect;
	return 0;
}

void
expect_free(struct expect *expect)
{
	for (uint32_t i = 0; i < expect->cnt; i++) {
		for (uint32_t j = 0; j < expect->questions[i].reply_cnt; j++) {
			free(expect->questions[i].replies[j].bytes);
			free(expect->questions[i].replies[j].mask);
		}
		free(expect->questions[i].query);
	}
	free(expect->questions);
	*expect = (struct expect){ 0 };
}

/* Whether the reply has the form of `right`; *ret_generation is what it names, 0 when it is not to name one. */
static bool
is_like(const struct expect_reply *right, const uint8_t *reply, size_t len,
		uint64_t *ret_generation)
{
	uint64_t generation = 0;

	if (len != right->len) {
		return false;
	}
	for (size_t i = ID_BYTES; i < len; i++) {
		if (right->mask[i] == MASK_DIGIT) {
			if (!isdigit(reply[i])) {
				return false;
			}
			generation = generation * 10 + (uint64_t)(reply[i] - '0');
		} else if (((reply[i] ^ right->bytes[i]) & right->mask[i]) != 0) {
			return false;
		}
	}
	*ret_generation = generation;
	return true;
}

bool
expect_judge(const struct expect_question *question, const uint8_t *reply, size_t len,
		uint64_t *generation, bool *ret_backwards)
{
	*ret_backwards = false;
	for (uint32_t i = 0; i < question->reply_cnt; i++) {
		uint64_t named = 0;

		if (!is_like(&question->replies[i], reply, len, &named) ||
				(named != 0 && named % question->reply_cnt != i)) {
			continue;
		}
		if (named != 0 && named < *generation) {
			*ret_backwards = true;
			return false;
		}
		*generation = named != 0 ? named : *generation;
		return true;
	}
	return false;
}
