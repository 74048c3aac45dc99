/*
 * Questions to a table as rows: a name, a type, and the whole reply as tests/unit/dataplane/render.h
 * writes it.
 *
 * Threads:   one.
 * Memory:    nothing is kept.
 * Errors:    a reply that differs fails the test.
 */
#ifndef TESTS_UNIT_TABLE_REPLY_ROWS_H
#define TESTS_UNIT_TABLE_REPLY_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "table/view.h"

#include "tests/unit/table/sample.h"

#define REPLY_MESSAGE_MAX  8192u
#define REPLY_HEADER_BYTES 12u
#define REPLY_EVERYWHERE   "203.0.113.1" /* a client that no rule knows */

struct reply_row {
	const char *name;
	uint16_t type;
	const char *reply;
};

struct reply_message {
	uint8_t bytes[REPLY_MESSAGE_MAX];
	size_t len;
};

/* reply_ask: what a data plane would send; the case of the name is kept. Returns the scope. */
uint8_t reply_ask(const struct tbl_view *view, const char *name, uint16_t type, const char *client,
		struct reply_message *message);

void reply_expect(const struct tbl_view *view, const struct reply_row *row, const char *client);

/* reply_expect_all builds the zones and asks every row, from REPLY_EVERYWHERE. */
void reply_expect_all(const struct sample_zone *zones, size_t zone_cnt,
		const struct reply_row *rows, size_t row_cnt);

#endif
