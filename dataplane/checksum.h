/*
 * The Internet checksum. Sums are of 16-bit words as they lie in memory: one's complement addition
 * does not care about byte order (RFC 1071 §2 B), so nothing is swapped on the way.
 *
 * Threads:   pure.
 * Memory:    reads bytes[0..len) only.
 * Errors:    none.
 * Standards: RFC 1071, RFC 768, RFC 8200 §8.1 (pseudo header).
 */
#ifndef DATAPLANE_CHECKSUM_H
#define DATAPLANE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* dp_sum_bytes adds bytes[0..len) to a running sum; an odd last byte is padded with zero, so only
 * the last piece of a message may be odd. A sum never overflows: it grows by less than 2^33 for
 * every 8 bytes, and messages have at most 2^16. */
uint64_t dp_sum_bytes(uint64_t sum, const uint8_t *bytes, size_t len);

/* dp_sum_word adds one 16-bit field given in host order. */
static inline uint64_t
dp_sum_word(uint64_t sum, uint16_t value)
{
	return sum + __builtin_bswap16(value);
}

/* dp_sum_fold folds a sum to 16 bits, in memory order: 0xffff when the bytes summed hold their own
 * right checksum. The checksum field itself is the complement. */
static inline uint16_t
dp_sum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffffu) + (sum >> 32);
	sum = (sum & 0xffffffffu) + (sum >> 32);
	sum = (sum & 0xffffu) + (sum >> 16);
	sum = (sum & 0xffffu) + (sum >> 16);
	return (uint16_t)((sum & 0xffffu) + (sum >> 16));
}

/* dp_sum_udp sums the pseudo header and the UDP datagram udp[0..udp_len). `addrs` points at the
 * source and destination address as they lie in the IP header, addrs_len bytes together. */
uint64_t dp_sum_udp(const uint8_t *addrs, size_t addrs_len, const uint8_t *udp, uint16_t udp_len);

#endif
