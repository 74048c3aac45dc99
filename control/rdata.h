/*
 * Record types of zone files: how octoDNS writes and judges their values, and their wire form. One
 * row of the table in rdata.c is a type; the readers are in rdata_*.c.
 *
 * Threads:   pure.
 * Memory:    what readers make lives in the arena of the record.
 * Errors:    each reader adds octoDNS's reasons and returns 0 when there is a value to serve,
 *            -EINVAL when not, -ENOMEM.
 * Standards: RFC 1035 §3.3 and §3.4, RFC 3596 (AAAA), RFC 2782 (SRV), RFC 8659 (CAA).
 */
#ifndef CONTROL_RDATA_H
#define CONTROL_RDATA_H

#include "conf/arena.h"
#include "control/reasons.h"
#include "control/zones.h"

enum cp_rr_type {
	CP_TYPE_A = 1,
	CP_TYPE_NS = 2,
	CP_TYPE_CNAME = 5,
	CP_TYPE_SOA = 6,
	CP_TYPE_PTR = 12,
	CP_TYPE_MX = 15,
	CP_TYPE_TXT = 16,
	CP_TYPE_AAAA = 28,
	CP_TYPE_SRV = 33,
	CP_TYPE_DS = 43,
	CP_TYPE_CAA = 257,
};

struct cp_type;

/* Where a record's values are read to. */
struct cp_reader {
	struct conf_arena *arena;
	struct cp_reasons *reasons;
	const struct cp_type *type;
};

struct cp_type {
	const char *name;
	uint16_t number; /* 0: octoDNS's own, not in the DNS */
	bool is_single;  /* takes `value`, never `values` */
	bool can_be_dynamic;
	/* Reads one value into rdata and text; `value` is NULL when there is none at all. NULL: known
	 * to octoDNS, not served yet. */
	int (*read)(const struct cp_reader *reader, const struct conf_node *value,
			struct cp_value *ret_value);
};

/* cp_type_find: by the name in a zone file, exact case; NULL when octoDNS has no such type. */
const struct cp_type *cp_type_find(const char *name);

/* The readers of rdata_simple.c and rdata_fields.c. */
int cp_read_a(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_aaaa(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_target(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_txt(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_mx(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_srv(const struct cp_reader *, const struct conf_node *, struct cp_value *);
int cp_read_caa(const struct cp_reader *, const struct conf_node *, struct cp_value *);

/* cp_target_read: a host name under octoDNS's rules for `key` of the reader's type, lower-cased to
 * wire and presentation form. Returns the wire length, or a negative errno as readers do. */
int cp_target_read(const struct cp_reader *reader, const struct conf_node *node, const char *key,
		uint8_t wire[TBL_NAME_MAX], char **ret_text);

/* cp_value_set copies wire bytes and takes over `text`; 0 or -ENOMEM (also for a NULL text). */
int cp_value_set(const struct cp_reader *reader, const uint8_t *bytes, size_t size, char *text,
		struct cp_value *ret_value);

/* cp_name_text: presentation form of a wire name in the arena. */
char *cp_name_text(struct conf_arena *arena, const uint8_t *wire);

/* cp_quoted_text: character-strings of at most piece_max octets in presentation form (RFC 1035
 * §5.1); no octets are one empty string. len is at most 65535. */
char *cp_quoted_text(struct conf_arena *arena, const uint8_t *bytes, size_t len, size_t piece_max);

#endif
