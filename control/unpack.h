/*
 * Names and RDATA of a finished message without compression: what the builder was once given.
 *
 * Threads:   pure.
 * Memory:    callers own every buffer.
 * Errors:    -EBADMSG for what does not lie within the message, or loops.
 * Standards: RFC 1035 §4.1.4; RFC 3597 §4 (which types have names that may be compressed).
 */
#ifndef CONTROL_UNPACK_H
#define CONTROL_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include "table/name.h"

/* Room for any RDATA: a length of 16 bits, and two names (of an SOA) that may grow. */
#define CP_UNPACKED_MAX (65535u + 2u * TBL_NAME_MAX)

/* cp_unpack_name reads the name at message[off], case kept, and the offset behind it. Returns its
 * plain length. */
int cp_unpack_name(const uint8_t *message, size_t len, size_t off, uint8_t name[TBL_NAME_MAX],
		size_t *ret_end);

/* cp_unpack_rdata reads `size` bytes of RDATA at message[off], which lie within it, to `plain`
 * (CP_UNPACKED_MAX bytes). Returns their plain length. */
int cp_unpack_rdata(const uint8_t *message, size_t len, size_t off, size_t size, uint16_t type,
		uint8_t *plain);

/* cp_rdata_name_cnt: how many names stand in RDATA of this type where an answer may compress them,
 * or a DNAME's has one; *ret_head: the bytes before them. */
uint32_t cp_rdata_name_cnt(uint16_t type, size_t *ret_head);

#endif
