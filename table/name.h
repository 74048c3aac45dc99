/*
 * Domain names as wire bytes: lower-casing, suffix hashes, text. Everything that compares or
 * hashes a name goes through here, so that builder, reader and command line agree.
 *
 * Threads:   pure functions.
 * Memory:    callers own every buffer; nothing is allocated.
 * Errors:    -EINVAL for text or bytes that are not a name.
 * Standards: RFC 1035 §3.1 (wire form), RFC 4343 (ASCII case only), RFC 2181 §11 (any octet),
 *            RFC 4034 §6.1 (canonical order).
 */
#ifndef TABLE_NAME_H
#define TABLE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TBL_NAME_MAX      255u /* RFC 1035 §2.3.4: wire bytes, root label included */
#define TBL_LABEL_MAX     63u
#define TBL_LABELS_MAX    127u
#define TBL_NAME_TEXT_MAX 1016u /* 4 characters an octet ("\255"), dots, NUL */

/* A name made ready for look-up. hash[i] and off[i] belong to the suffix that begins at label i
 * (0 is the leftmost); suffix label_cnt is the root. */
struct tbl_name {
	uint8_t len;       /* wire bytes, root label included */
	uint8_t label_cnt; /* root not counted */
	uint8_t off[TBL_LABELS_MAX + 1];
	uint8_t wire[TBL_NAME_MAX]; /* lower-cased */
	uint64_t hash[TBL_LABELS_MAX + 1];
};

/* tbl_name_parse reads an uncompressed name from bytes[0..size). Returns its wire length and fills
 * all of *ret_name but the hashes, or -EINVAL (too long, cut short, compressed or reserved label
 * type) and leaves *ret_name undefined. */
int tbl_name_parse(const uint8_t *bytes, size_t size, struct tbl_name *ret_name);

/* tbl_name_hash fills the suffix hashes of a parsed name under the image's seed. */
void tbl_name_hash(struct tbl_name *name, const uint64_t seed[2]);

/* tbl_name_from_text turns "www.example.test." (final dot optional, RFC 1035 §5.1 escapes) into
 * wire bytes, case kept. Returns the wire length or -EINVAL. */
int tbl_name_from_text(const char *text, uint8_t wire[TBL_NAME_MAX]);

/* tbl_name_to_text writes the presentation form with final dot and NUL; `wire` is a valid name.
 * Returns the number of characters, the NUL not counted. */
size_t tbl_name_to_text(const uint8_t *wire, char text[TBL_NAME_TEXT_MAX]);

/* tbl_name_lower copies a valid wire name, ASCII letters lower-cased. Returns its length. */
uint8_t tbl_name_lower(const uint8_t *wire, uint8_t lower[TBL_NAME_MAX]);

/* tbl_name_compare orders two lower-cased wire names canonically (RFC 4034 §6.1), as a table's nodes
 * and zones lie: below, at or above 0. */
int tbl_name_compare(const uint8_t *a, const uint8_t *b);

/* is_tbl_name_within: `name` is `ancestor` or below it; both lower-cased wire names. */
bool is_tbl_name_within(const uint8_t *name, const uint8_t *ancestor);

/* tbl_hash_bucket_first, tbl_hash_bucket_second: the two buckets of a hash (mask = buckets - 1);
 * tbl_hash_tag: what the bucket stores. The three use different bits. */
static inline uint32_t
tbl_hash_tag(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

static inline uint64_t
tbl_hash_bucket_first(uint64_t hash, uint64_t mask)
{
	return hash & mask;
}

/* The multiplier is the golden ratio's: any odd constant that spreads the tag over all bits would
 * do; the second bucket depends on the tag alone so that it can be found from a bucket's content. */
static inline uint64_t
tbl_hash_bucket_second(uint64_t hash, uint64_t mask)
{
	return (hash ^ ((tbl_hash_tag(hash) | 1u) * 0x9e3779b97f4a7c15ULL >> 20)) & mask;
}

#endif
