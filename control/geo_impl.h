/*
 * What the files of the geo database share. From bytes to places: cp_mmdb_open checks a MaxMind DB
 * file and opens it, cp_mmdb_walk lists its prefixes with the data record of each, cp_mmdb_place
 * reads where a record lies.
 *
 * The format is libmaxminddb's business. Ours is to show it only what it reads safely: Debian 12
 * has 1.7.1, which recurses as deep as a record nests, copies lists of the metadata however large
 * their pointers make them, and computes the search tree's size in 32 bits (docs/decisions.md,
 * "Guards before libmaxminddb").
 *
 * Threads:   pure functions; an open file has one user.
 * Memory:    a cp_mmdb holds a copy of the bytes, until cp_mmdb_close.
 * Errors:    -EBADMSG, -EIO or -ENOMEM with a sentence in *ret_error, the library's own where the
 *            library refused.
 * Standards: MaxMind DB File Format 2.0.
 */
#ifndef CONTROL_GEO_IMPL_H
#define CONTROL_GEO_IMPL_H

#include <maxminddb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/location.h"
#include "table/pairs.h"

#include "control/geo.h"

struct cp_geo_entry {
	char code[9]; /* "NA-US-CA" */
	const char *name;
};
#define CP_GEO_VOCABULARY_CNT 326u /* 7 continents, 249 countries, 70 provinces */
extern const struct cp_geo_entry cp_geo_vocabulary[CP_GEO_VOCABULARY_CNT];

/* cp_geo_find: number of a code in the vocabulary, or TBL_NONE. */
uint32_t cp_geo_find(const char *code);

/* No value inside a record may lie further than this behind the record's first byte, and no
 * metadata may be longer: the library descends into maps and arrays by recursion, two bytes a level
 * at best, so that this bounds its stack (half a megabyte) and its work. MaxMind's test databases, City
 * and Enterprise among them, load with a sixteenth of it. */
#define CP_MMDB_SPAN_BYTES ((uint32_t)16 << 10)

struct cp_mmdb {
	MMDB_s db;
	uint32_t data_bytes;   /* of the data section: what lies before the metadata's marker */
	uint32_t address_bits; /* 32 or 128 */
	char type[64];         /* "GeoLite2-Country", cut to fit; for messages */
};
int cp_mmdb_open(const uint8_t *bytes, size_t size, struct cp_mmdb *ret_mmdb,
		struct tbl_error *ret_error);
void cp_mmdb_close(struct cp_mmdb *mmdb);

/* The search tree's prefixes; `place` numbers the record's data offset in `records`. */
struct cp_mmdb_prefixes {
	struct tbl_geo_prefix *items;
	size_t cnt;
	size_t cap;
	struct tbl_pairs records; /* (0, data offset) */
};
int cp_mmdb_walk(const struct cp_mmdb *mmdb, struct cp_mmdb_prefixes *prefixes,
		struct tbl_error *ret_error);

/* cp_mmdb_place: vocabulary number of where the record at `off` lies, TBL_NONE when it names no
 * country; *ret_is_unknown when it names one the vocabulary does not have. An error of the library
 * (MMDB_*) when the record is damaged; MMDB_SUCCESS is 0. */
int
cp_mmdb_place(const struct cp_mmdb *mmdb, uint32_t off, uint32_t *ret_place, bool *ret_is_unknown);

/* cp_geo_parse loads one database from memory; `path` stands for it in messages. */
int cp_geo_parse(const char *path, const uint8_t *bytes, size_t size, struct conf_errors *errors,
		struct cp_geo **ret_geo);

#endif
