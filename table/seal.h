/*
 * The sums that make an image's bytes trustworthy: computed here for the builder that writes them
 * and the checker that compares them.
 *
 * Threads:   pure functions.
 * Memory:    nothing is allocated.
 * Errors:    none; callers have seen that the image is as long as its header.
 * Standards: XXH3, 64 bits, no seed. It finds accidents; who may publish is the socket's business.
 */
#ifndef TABLE_SEAL_H
#define TABLE_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "table/format.h"

/* Bytes of a table's header with its padding to the first section. */
#define TBL_HEADER_BYTES \
	((sizeof(struct tbl_header) + TBL_ALIGN_BYTES - 1) / TBL_ALIGN_BYTES * TBL_ALIGN_BYTES)

/* tbl_seal_content: what content_hash is to be: every byte behind TBL_HEADER_BYTES. */
uint64_t tbl_seal_content(const void *image, size_t size);

/* tbl_seal_header: what checksum is to be: TBL_HEADER_BYTES bytes, checksum counted as zero. */
uint64_t tbl_seal_header(const void *image);

/* tbl_seal_selection: what a selection's checksum is to be: all of it, checksum counted as zero. */
uint64_t tbl_seal_selection(const void *selection, size_t size);

#endif
