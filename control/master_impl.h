/*
 * What the parts of reading a master file share: its files (master_source.c), their text (master_text.c)
 * that yields records (master_record.c), and the zone (master.c) made of them.
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

/* What the scanner gives a record without a TTL before any $TTL. Not a TTL itself: RFC 2181 §8. */
#define CP_MASTER_TTL_NONE UINT32_MAX

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

struct cp_master_place {
	size_t off;
	uint32_t line, col;
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

/* cp_master_open_source puts a file on the stack. `origin` is text; ttl_s is for records before any $TTL.
 * Negative errno when that cannot be: -EXDEV: outside of the zones directory, -EALREADY: on the stack
 * already, -EFBIG: with the zone's other files too large, -EOVERFLOW: a too long origin. */
int cp_master_open_source(
		struct cp_master *master, const char *path, const char *origin, uint32_t ttl_s);
void cp_master_close_source(struct cp_master *master);
/* cp_master_top: the file that is being read; there is one. */
struct cp_master_source *cp_master_top(struct cp_master *master);

/* cp_master_offset, cp_master_line: where the scanner stands. A line feed belongs to the line it ends. */
size_t cp_master_offset(const struct cp_master_source *source);
uint32_t cp_master_line(const struct cp_master_source *source);
/* cp_master_record_place: where the record begins whose end the scanner has reached: behind blank lines,
 * comments and directives. */
struct cp_master_place cp_master_record_place(const struct cp_master_source *source);
/* cp_master_error_place: the scanner stands at the end of the line and has kept what it did not read of
 * it. */
struct cp_master_place cp_master_error_place(const struct cp_master_source *source);
/* cp_master_next_from: what is read next begins where the scanner stands: on the line feed behind a
 * record, but for a closing parenthesis and comments before it. */
void cp_master_next_from(struct cp_master_source *source);

/* cp_master_take_record adds the record that the scanner has read to master->records, or tells why not.
 * 0 or -ENOMEM. */
int cp_master_take_record(struct cp_master *master);

/* cp_master_read_text reads the zone's file and what it includes into master->records. */
int cp_master_read_text(struct cp_master *master);

#endif
