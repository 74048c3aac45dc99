/*
 * The order octoDNS demands of the keys in a zone file: natsort's default.
 *
 * Threads:   pure.
 * Memory:    nothing is allocated.
 * Errors:    none.
 * Standards: natsort 8 without options: runs of digits compare as unsigned integers, text by code
 *            point, a digit run before any text. natsort normalises to NFD first, which here is
 *            the caller's affair, and takes digits of all scripts as such, which is not done here.
 */
#ifndef CONTROL_NATSORT_H
#define CONTROL_NATSORT_H

/* cp_natural_compare: below, at or above 0 as `a` sorts before, with or after `b`. "a01" and "a1"
 * are equal. */
int cp_natural_compare(const char *a, const char *b);

#endif
