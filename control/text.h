/*
 * Small things that several files do with strings: put them in order, read a number from them, write
 * a hash as one.
 *
 * Threads:   pure.
 * Memory:    nothing is allocated.
 * Errors:    none; false when a text is no number.
 */
#ifndef CONTROL_TEXT_H
#define CONTROL_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* cp_text_compare: strcmp() of two elements of an array of `const char *`, for qsort() and bsearch(). */
int cp_text_compare(const void *a, const void *b);

/* can_cp_read_number: "43", decimal, from 1 to 2^64-1, and nothing but: no sign, space or leading 0.
 * What people type and clients send; *ret_number is left alone when it is something else. */
bool can_cp_read_number(const char *text, uint64_t *ret_number);

#define CP_HASH_TEXT_MAX 17u /* 16 hexadecimal digits and the NUL */

/* cp_hash_text writes a content hash as it is shown: in text since JSON numbers end at 2^53. */
void cp_hash_text(uint64_t hash, char text[CP_HASH_TEXT_MAX]);

#endif
