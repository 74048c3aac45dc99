/*
 * Big-endian fields in packet bytes, at any alignment. Network order exists only behind these.
 *
 * Threads:   pure.
 * Memory:    the caller has checked that the bytes are there.
 * Errors:    none.
 * Standards: RFC 1035 §2.3.2 (most significant octet first).
 */
#ifndef DATAPLANE_BYTES_H
#define DATAPLANE_BYTES_H

#include <stdint.h>
#include <string.h>

static inline uint16_t
dp_load_be16(const uint8_t *bytes)
{
	uint16_t value_be;

	memcpy(&value_be, bytes, sizeof(value_be));
	return __builtin_bswap16(value_be);
}

static inline uint32_t
dp_load_be32(const uint8_t *bytes)
{
	uint32_t value_be;

	memcpy(&value_be, bytes, sizeof(value_be));
	return __builtin_bswap32(value_be);
}

static inline void
dp_store_be16(uint8_t *bytes, uint16_t value)
{
	uint16_t value_be = __builtin_bswap16(value);

	memcpy(bytes, &value_be, sizeof(value_be));
}

static inline void
dp_store_be32(uint8_t *bytes, uint32_t value)
{
	uint32_t value_be = __builtin_bswap32(value);

	memcpy(bytes, &value_be, sizeof(value_be));
}

#endif
