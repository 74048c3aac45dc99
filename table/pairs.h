/*
 * Numbers pairs of numbers in order of first appearance: a hash set whose members are named by how
 * many came before. The location compiler interns cells and classes with it, the control plane the
 * records of a geo database.
 *
 * Threads:   a set belongs to one caller.
 * Memory:    starts zeroed; tbl_pairs_done() releases it.
 * Errors:    0 or -ENOMEM.
 */
#ifndef TABLE_PAIRS_H
#define TABLE_PAIRS_H

#include <stdint.h>

struct tbl_pairs {
	uint64_t *keys; /* cnt, by number: first << 32 | second */
	uint32_t *slots;
	uint32_t cnt;
	uint32_t slot_cnt; /* a power of two, or 0 */
};

/* tbl_pairs_number: the number of (first, second), a new one when the pair is new. */
int
tbl_pairs_number(struct tbl_pairs *pairs, uint32_t first, uint32_t second, uint32_t *ret_number);

/* tbl_pairs_clear forgets all pairs and keeps the memory. */
void tbl_pairs_clear(struct tbl_pairs *pairs);
void tbl_pairs_done(struct tbl_pairs *pairs);

#endif
