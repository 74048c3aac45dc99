/*
 * What the files of the geo database share. From bytes to places: cp_mmdb_open finds the parts of a
 * MaxMind DB file, cp_mmdb_walk lists its prefixes with the data record of each, cp_mmdb_place
 * reads where a record lies.
 *
 * The format is read here, byte by byte and bounds first, and not by libmaxminddb: Debian 12 has
 * 1.7.1 of it, whose later releases mend reads out of bounds on crafted files. The tests compare
 * the two.
 *
 * Threads:   pure functions.
 * Memory:    a cp_mmdb borrows the bytes.
 * Errors:    -EBADMSG with a sentence in *ret_error that says where in the file; -ENOMEM.
 * Standards: MaxMind DB File Format 2.0.
 */
#ifndef CONTROL_GEO_IMPL_H
#define CONTROL_GEO_IMPL_H

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

/* Bytes in which offsets of pointers mean something: the data section, or the metadata. */
struct cp_mmdb_section {
	const uint8_t *bytes;
	size_t size;
};
struct cp_mmdb {
	const uint8_t *tree;
	struct cp_mmdb_section data;
	uint32_t node_cnt;
	uint32_t record_bits;  /* 24, 28 or 32; a node is two records */
	uint32_t address_bits; /* 32 or 128 */
	uint64_t build_epoch_s;
	char type[64]; /* "GeoLite2-Country", cut to fit; for messages */
};
int cp_mmdb_open(const uint8_t *bytes, size_t size, struct cp_mmdb *ret_mmdb,
		struct tbl_error *ret_error);

enum cp_mmdb_kind {
	CP_MMDB_POINTER = 1,
	CP_MMDB_STRING = 2,
	CP_MMDB_DOUBLE = 3,
	CP_MMDB_BYTES = 4,
	CP_MMDB_UINT16 = 5,
	CP_MMDB_UINT32 = 6,
	CP_MMDB_MAP = 7,
	CP_MMDB_INT32 = 8,
	CP_MMDB_UINT64 = 9,
	CP_MMDB_UINT128 = 10,
	CP_MMDB_ARRAY = 11,
	CP_MMDB_BOOL = 14,
	CP_MMDB_FLOAT = 15,
};
/* One value, pointers followed. What is inside a map or an array begins at `next`. */
struct cp_mmdb_value {
	enum cp_mmdb_kind kind;
	uint32_t size;        /* payload bytes; pairs of a map; elements of an array */
	const uint8_t *bytes; /* payload of a scalar */
	uint64_t number;      /* of an unsigned integer up to 64 bits, or a bool */
	size_t next;          /* behind the value's head (and payload, if scalar) */
};

/* Reading a record takes at most this many values, so that no file can make it endless. The richest
 * of MaxMind's (Enterprise) have under 200, read up to twice. */
#define CP_MMDB_RECORD_VALUES_MAX 2000u
/* One record (or the metadata) being read. Once bad, every further read of it fails too. */
struct cp_mmdb_record {
	const struct cp_mmdb_section *section;
	uint32_t values_left;
	bool is_bad;
};
/* A place in it, before a value. */
struct cp_mmdb_reader {
	struct cp_mmdb_record *record;
	size_t off;
};

/* cp_mmdb_read reads the value at the reader's place; false at bad data. The reader moves behind
 * the pointer if it was one, else behind the value's head (maps, arrays) or the value. */
bool cp_mmdb_read(struct cp_mmdb_reader *reader, struct cp_mmdb_value *ret_value);
/* cp_mmdb_skip moves over the value at the reader's place with all it holds. */
bool cp_mmdb_skip(struct cp_mmdb_reader *reader);
/* cp_mmdb_element reads one element of an array like cp_mmdb_read, then moves over all of it. */
bool cp_mmdb_element(struct cp_mmdb_reader *reader, struct cp_mmdb_value *ret_value);
/* cp_mmdb_pair does so with a key and its value. */
bool cp_mmdb_pair(struct cp_mmdb_reader *reader, struct cp_mmdb_value *ret_key,
		struct cp_mmdb_value *ret_value);
/* cp_mmdb_enter: the first place inside the map or array `value`. */
struct cp_mmdb_reader
cp_mmdb_enter(const struct cp_mmdb_reader *reader, const struct cp_mmdb_value *value);
/* cp_mmdb_is: does the string `value` say `text`? */
bool cp_mmdb_is(const struct cp_mmdb_value *value, const char *text);

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
 * country; *ret_is_unknown when it names one the vocabulary does not have. -EBADMSG when the record
 * is damaged anywhere, needed or not. */
int
cp_mmdb_place(const struct cp_mmdb *mmdb, uint32_t off, uint32_t *ret_place, bool *ret_is_unknown);

/* cp_geo_parse loads one database from memory; `path` stands for it in messages. */
int cp_geo_parse(const char *path, const uint8_t *bytes, size_t size, struct conf_errors *errors,
		struct cp_geo **ret_geo);

#endif
