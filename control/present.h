/*
 * Resource records of a finished message in presentation form, names decompressed: what people
 * read in `explain` and `dump`.
 *
 * Threads:   pure.
 * Memory:    text goes to the caller's stream; JSON is a new reference.
 * Errors:    -EBADMSG for bytes that are not a message; what was written before stays written.
 * Standards: RFC 1035 §5.1 (text form), RFC 3597 §5 (types without a form of their own here).
 */
#ifndef CONTROL_PRESENT_H
#define CONTROL_PRESENT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "table/name.h"
#include "table/reply.h"

/* cp_present_name writes the name at message[off] and returns the offset behind it. */
int cp_present_name(const uint8_t *message, size_t len, size_t off, char text[TBL_NAME_TEXT_MAX]);

/* cp_present_rdata writes RDATA of rdata_len bytes at message[off]. */
int cp_present_rdata(const uint8_t *message, size_t len, size_t off, uint16_t rdata_len,
		uint16_t type, FILE *out);

/* cp_present_records reads `cnt` records from message[*off] and moves *off behind them. Yields
 * [{name, type, ttl_s, rdata}] or NULL. */
json_t *cp_present_records(const uint8_t *message, size_t len, size_t *off, uint16_t cnt);

/* cp_present_reply writes a resolved reply as a message of at most 64 KiB would hold it and reads
 * that back: {answer: [...], authority: [...], additional: [...]}. NULL when it does not fit. */
json_t *cp_present_reply(const struct tbl_view *view, const struct tbl_reply *reply,
		const struct tbl_name *question);

/* cp_present_bytes: the length of such a message, without an OPT record, where it may have `room` bytes;
 * 0 when it does not fit. *ret_additional: the records of its additional section. */
size_t cp_present_bytes(const struct tbl_view *view, const struct tbl_reply *reply,
		const struct tbl_name *question, size_t room, uint16_t *ret_additional);

#endif
