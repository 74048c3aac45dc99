/*
 * What the two halves of reading a master file share: the text (master_text.c) yields records, the
 * zone (master.c) makes RRsets of them.
 *
 * Threads:   one reader.
 * Memory:    the records' bytes and texts are in the set's arena; the list itself is freed by master.c.
 * Errors:    as in master.h.
 */
#ifndef CONTROL_MASTER_IMPL_H
#define CONTROL_MASTER_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "control/zones_impl.h"

struct zs_scanner;

/* $INCLUDEs in each other: BIND and Knot draw no line, but nobody nests files deeper than an editor's
 * window shows; each open file costs a scanner of 200 KiB. */
#define CP_MASTER_DEPTH_MAX 8u
/* $INCLUDEs of a zone: files that each include another twice would else be read for ever. */
#define CP_MASTER_INCLUDES_MAX 1000u

/* One record as the text has it. */
struct cp_master_record {
	char *fqdn;           /* lower-cased */
	const uint8_t *owner; /* wire, lower-cased; owner_len octets */
	const uint8_t *rdata;
	char *text;
	const char *file;
	uint32_t line, col;
	uint32_t ttl_s;
	uint32_t number; /* in the order of the text */
	uint16_t type;
	uint16_t rdata_len;
	uint8_t owner_len;
};

/* A file being read; those below it on the stack wait for it. */
struct cp_master_source {
	struct zs_scanner *scanner;
	const char *file;
	dev_t device;
	ino_t inode;
	char *bytes; /* size of them, the last a line feed of ours */
	size_t size;
	size_t record_from; /* where the text of the next record may begin ... */
	uint32_t line_from; /* ... and the line of that place */
	bool is_open;       /* a parenthesis is, there; behind a broken record, if is_broken */
	bool is_broken;
};

struct cp_master {
	struct cp_zone_load *load;
	struct cp_master_record *records;
	size_t record_cnt;
	size_t record_cap;

	struct cp_master_source sources[CP_MASTER_DEPTH_MAX + 1];
	size_t depth; /* sources in use */
	size_t include_cnt;
	size_t byte_cnt;      /* of all files */
	size_t refused_types; /* bits: types of signed zones that were told already */
	uint32_t last_ttl_s;  /* the last one stated, for records without one where no $TTL is */
	bool has_last_ttl;
	bool is_no_ttl_told;
};

/* cp_master_read_text reads the zone's file and what it includes into master->records. */
int cp_master_read_text(struct cp_master *master);

#endif
