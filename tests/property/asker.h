/*
 * Asks the data plane one question as a wire message, and holds the reply against the path that it
 * should have taken. What does not hold ends the program with the question and the sentence.
 *
 * Threads:   one asker, one thread.
 * Memory:    nothing is allocated.
 * Errors:    none are returned.
 * Standards: RFC 7871 §7.2.1 (the option of a reply).
 */
#ifndef TESTS_PROPERTY_ASKER_H
#define TESTS_PROPERTY_ASKER_H

#include "table/view.h"

#include "tests/fuzz/dataplane/reparse.h"
#include "tests/property/path.h"

#define ASKER_MESSAGE_MAX 4096u

struct asker {
	struct tbl_view view;
	uint64_t seed; /* for the failure's sentence, as is where the files are */
	const char *directory;
	uint64_t answer_cnt;
};

struct reply {
	uint8_t bytes[ASKER_MESSAGE_MAX];
	size_t len;
	size_t body_len; /* without the OPT */
	struct reparse_message parsed;
	unsigned int scope;
};

/* asker_ask: the reply is one that a strict reader accepts and its option is as it was sent. */
void asker_ask(struct asker *asker, const struct question *question, struct reply *ret_reply);

/* asker_check: the reply is what the path says, record by record, and its scope too. */
void asker_check(const struct asker *asker, const struct question *question,
		const struct path *path, const struct reply *reply);

/* asker_fail ends the program; the zone file stays where it is. */
void __attribute__((noreturn))
asker_fail(const struct asker *asker, const struct question *question, const char *what);

#endif
