/*
 * Record types as people write them.
 *
 * Threads:   pure.
 * Memory:    the text is constant or in the caller's buffer.
 * Errors:    none: a type without a name is TYPEnnn.
 * Standards: RFC 3597 §5; the IANA registry of DNS resource record types.
 */
#ifndef TABLE_TYPE_H
#define TABLE_TYPE_H

#include <stdint.h>

#define TBL_TYPE_NAME_MAX 16u /* "TYPE65535" and the NUL, and every name we have */

/* tbl_type_name: "A", or "TYPE65400" written to `buffer`. */
const char *tbl_type_name(uint16_t type, char buffer[TBL_TYPE_NAME_MAX]);

#endif
