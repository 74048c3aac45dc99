/*
 * How much of an address space: exact counts of addresses, and the part of a whole in per cent.
 * 64 bits are too few for IPv6 and 128 are one too few: the whole of it has 2^128 addresses.
 *
 * Threads:   pure.
 * Memory:    plain data.
 * Errors:    none; a count beyond 2^160 - 1 wraps, which no sum of distinct addresses reaches.
 */
#ifndef CONTROL_SHARE_H
#define CONTROL_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#define CP_COUNT_WORDS 5u
struct cp_count {
	uint32_t word[CP_COUNT_WORDS]; /* least significant first */
};

/* cp_count_prefix: the addresses of a prefix of `bits` bits, family 4 or 6. */
struct cp_count cp_count_prefix(uint8_t family, uint8_t bits);

/* cp_count_add, cp_count_take: count += more; count -= less, which is no larger. */
void cp_count_add(struct cp_count *count, const struct cp_count *more);
void cp_count_take(struct cp_count *count, const struct cp_count *less);

/* cp_count_compare: below, at or above 0, as memcmp(). */
int cp_count_compare(const struct cp_count *a, const struct cp_count *b);

bool is_cp_count_zero(const struct cp_count *count);

/* cp_count_text: decimal digits. */
#define CP_COUNT_TEXT_MAX 50u /* 2^160 has 49 digits */
void cp_count_text(const struct cp_count *count, char text[CP_COUNT_TEXT_MAX]);

/* cp_count_share: part / whole, 0..1; 0 of an empty whole. */
double cp_count_share(const struct cp_count *part, const struct cp_count *whole);

/* cp_count_percent: "12.5 %" to four digits. "0 %" and "100 %" are exact; what would round to them
 * is "under 0.0001 %" and "over 99.99 %". */
#define CP_PERCENT_TEXT_MAX 24u
void cp_count_percent(const struct cp_count *part, const struct cp_count *whole,
		char text[CP_PERCENT_TEXT_MAX]);

#endif
