/*
 * Writes MaxMind DB files for tests: records by hand, byte by byte, and a search tree over them, so
 * that what the reader must refuse can be made as easily as what it must read.
 *
 * Threads:   one file, one thread.
 * Memory:    a struct mmdb_file holds everything; it is large: keep it static.
 * Errors:    more than fits fails the running test.
 * Standards: MaxMind DB File Format 2.0.
 */
#ifndef TESTS_UNIT_CONTROL_MMDB_FILE_H
#define TESTS_UNIT_CONTROL_MMDB_FILE_H

#include <stddef.h>
#include <stdint.h>

#define MMDB_NODES_MAX 8192u
#define MMDB_BYTES_MAX (2048u << 10) /* values can nest deeper than a stack goes */

/* Where a tree's record leads: nowhere, to a node, or to data at an offset. */
#define MMDB_EMPTY     INT64_MIN
#define MMDB_DATA(off) (-1 - (int64_t)(off))

struct mmdb_file {
	uint32_t record_bits;
	uint32_t ip_version;
	uint64_t build_epoch_s;
	const char *type;
	const char *languages; /* bytes of the metadata's values, see mmdb_start */
	size_t languages_size;
	const char *description;
	size_t description_size;
	int64_t nodes[MMDB_NODES_MAX][2];
	uint32_t node_cnt;
	uint8_t data[MMDB_BYTES_MAX / 2];
	size_t data_size;
	uint8_t bytes[MMDB_BYTES_MAX]; /* filled by mmdb_finish */
	size_t size;
};

/* mmdb_start begins an empty file: no languages, no descriptions, every address without data. */
void mmdb_start(struct mmdb_file *file, uint32_t ip_version, uint32_t record_bits);

/* Values are appended to the data section; each returns the offset it begins at. A map of cnt
 * pairs is followed by them, key and value in turn. */
size_t mmdb_map(struct mmdb_file *file, uint32_t cnt);
size_t mmdb_array(struct mmdb_file *file, uint32_t cnt);
size_t mmdb_string(struct mmdb_file *file, const char *text);
size_t mmdb_pointer(struct mmdb_file *file, size_t off);
size_t mmdb_raw(struct mmdb_file *file, const void *bytes, size_t size);

/* mmdb_flat: {"country_code": country}. mmdb_nested: {"country": {"iso_code": country},
 * "subdivisions": [{"iso_code": subdivision}]}, without the second when it is NULL. */
size_t mmdb_flat(struct mmdb_file *file, const char *country);
size_t mmdb_nested(struct mmdb_file *file, const char *country, const char *subdivision);

/* mmdb_insert leads a prefix, as text, to a data offset. Outer prefixes before inner ones. IPv4
 * text in an IPv6 file goes to ::/96. */
void mmdb_insert(struct mmdb_file *file, const char *prefix, size_t off);
/* mmdb_link leads a prefix to any record: MMDB_EMPTY, a node, MMDB_DATA(). */
void mmdb_link(struct mmdb_file *file, const char *prefix, int64_t record);
/* mmdb_node: the node at the end of a prefix. */
int64_t mmdb_node(struct mmdb_file *file, const char *prefix);

void mmdb_finish(struct mmdb_file *file);

#endif
