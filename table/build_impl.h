/*
 * The builder's inside. Input is kept as a tree of names with their RRsets (build.c,
 * build_dynamic.c); finish orders the tree, gives each name its zone and delegation and refuses what
 * cannot be served (build_tree.c), makes answers (build_answers.c, build_wire.c), places names in
 * buckets (build_buckets.c) and lays the sections out (build_layout.c). What belongs beside an answer
 * is found by build_additional.c.
 *
 * Threads:   as table/build.h.
 * Memory:    everything belongs to struct tbl_builder.
 * Errors:    0, -ENOMEM, or -EINVAL / -E2BIG with a sentence made by tbl_build_fail().
 */
#ifndef TABLE_BUILD_IMPL_H
#define TABLE_BUILD_IMPL_H

#include "table/build.h"
#include "table/build_mem.h"
#include "table/format.h"
#include "table/name.h"
#include "table/view_impl.h"

enum tbl_build_flag {
	BUILD_APEX = 1u << 0,      /* a zone begins here; `zone` is set from the start */
	BUILD_NODE = 1u << 1,      /* exists for queries: gets a tbl_node */
	BUILD_NS_TARGET = 1u << 2, /* named by a delegation's NS: may have glue */
};

/* A name somebody owns, or an ancestor of one up to the root. names[0] is the root; a parent comes
 * before its children in canonical order, not in `names`. */
struct tbl_build_name {
	const uint8_t *wire; /* lower-cased */
	uint64_t hash;
	uint32_t parent; /* TBL_NONE: this is the root */
	uint32_t zone;   /* nearest at or above, as numbered by tbl_builder_add_zone; or TBL_NONE */
	uint32_t cut;    /* name of the topmost delegation at or above in its zone, or TBL_NONE */
	uint32_t dname;  /* name above it in its zone that has a DNAME, or TBL_NONE */
	uint32_t node;   /* tbl_node, or TBL_NONE */
	uint32_t rrset_first; /* in builder.grouped */
	uint32_t rrset_cnt;
	uint8_t len;
	uint8_t label_cnt;
	uint16_t flags; /* enum tbl_build_flag */
};

/* What becomes of an RRset. */
enum tbl_build_role {
	ROLE_DATA,    /* served at its owner's node */
	ROLE_GLUE,    /* only behind a delegation's NS */
	ROLE_DROPPED, /* a parent's view of a zone that we serve ourselves: that zone answers */
};

struct tbl_build_rrset {
	uint32_t name;
	uint32_t zone;
	uint32_t ttl_s;
	uint16_t type;
	uint16_t record_cnt;
	const struct tbl_rdata *records; /* static */
	const struct tbl_dyn_input *dyn; /* or dynamic */
	uint8_t role;                    /* enum tbl_build_role */
	bool is_shadow;                  /* given by a zone above the one its owner belongs to */
};

struct tbl_build_zone {
	uint32_t name;
	uint32_t number; /* in TBL_SECTION_ZONES */
	uint32_t rrset_cnt;
	bool follows_generation; /* the serial of its SOA does */
	uint32_t flags;          /* enum tbl_zone_flag */
};

struct tbl_builder {
	struct tbl_build_params params;
	struct tbl_arena arena;
	struct tbl_vec names;  /* struct tbl_build_name */
	struct tbl_vec zones;  /* struct tbl_build_zone */
	struct tbl_vec rrsets; /* struct tbl_build_rrset */
	struct tbl_map name_map;
	bool has_dname; /* any RRset is one */

	/* Made by tbl_build_tree(). */
	uint32_t *order;                 /* names in canonical order */
	struct tbl_build_rrset *grouped; /* rrsets by name; own zone first, then by zone and type */
	uint32_t node_cnt;
	uint32_t max_label_cnt;

	/* The sections being made; location's are copied by tbl_build_layout(). */
	struct tbl_vec out[TBL_SECTION_CNT];
	struct tbl_map answer_map;
	struct tbl_map long_name_map;
	struct tbl_map string_map;
	struct tbl_map target_map;
	uint32_t slot_cnt;
	uint32_t geo_description_str;
	uint32_t geo_places_str;
	struct tbl_wire *wire; /* scratch of build_wire.c */
};

static inline struct tbl_build_name *
tbl_build_name_at(const struct tbl_builder *b, uint32_t name)
{
	return (struct tbl_build_name *)b->names.items + name;
}

static inline struct tbl_build_zone *
tbl_build_zone_at(const struct tbl_builder *b, uint32_t zone)
{
	return (struct tbl_build_zone *)b->zones.items + zone;
}

/* tbl_build_fail writes "www.example.test. A: reason" (type 0: no type) and returns -EINVAL. */
int tbl_build_fail(struct tbl_error *error, const uint8_t *owner, uint16_t type, const char *format,
		...) __attribute__((format(printf, 4, 5)));

/* tbl_build_find: the builder's name for a parsed and hashed name from label `label` on, or
 * TBL_NONE. */
uint32_t tbl_build_find(const struct tbl_builder *b, const struct tbl_name *name, uint32_t label);

/* tbl_build_rrset_of: the RRset that zone gave for the name (after tbl_build_tree began). */
struct tbl_build_rrset *
tbl_build_rrset_of(const struct tbl_builder *b, uint32_t name, uint32_t zone, uint16_t type);

/* tbl_build_string puts text into TBL_SECTION_STRINGS once. */
int tbl_build_string(struct tbl_builder *b, const char *text, uint32_t *ret_off);

/* tbl_build_long_name puts a lower-cased wire name into TBL_SECTION_NAMES once. */
int tbl_build_long_name(struct tbl_builder *b, const uint8_t *wire, size_t len, uint32_t *ret_off);

/* tbl_build_copy_records copies records into the arena, the second of two equal ones left out
 * (RFC 2181 §5). NULL: out of memory. */
struct tbl_rdata *tbl_build_copy_records(struct tbl_builder *b, uint16_t type,
		const struct tbl_rdata *records, uint32_t record_cnt, uint32_t *ret_cnt);

/* tbl_dyn_check decides whether a dynamic record can be served: pools, fallbacks, values, rules.
 * tbl_dyn_copy copies it into the arena; NULL: out of memory. */
int tbl_dyn_check(const struct tbl_builder *b, const uint8_t *owner, uint16_t type,
		const struct tbl_dyn_input *input, struct tbl_error *error);
struct tbl_dyn_input *
tbl_dyn_copy(struct tbl_builder *b, uint16_t type, const struct tbl_dyn_input *input);

/* tbl_build_additional notes beside the answer being made what its records lead to; `rrset` is static
 * and all of it is in b->wire. tbl_build_link_additional, once every node is made, puts answers in
 * place of nodes. */
void tbl_build_additional(struct tbl_builder *b, const struct tbl_build_rrset *rrset);
void tbl_build_link_additional(struct tbl_builder *b);

/* The steps of finish, in order. */
int tbl_build_tree(struct tbl_builder *b, struct tbl_error *ret_error);
int tbl_build_answers(struct tbl_builder *b, struct tbl_error *ret_error);
int tbl_build_buckets(struct tbl_builder *b, struct tbl_error *ret_error);
int tbl_build_layout(struct tbl_builder *b, void **ret_image, size_t *ret_size);

/* What build_wire.c encodes at a time: one answer, into scratch of its own. */
struct tbl_wire;
int tbl_wire_new(struct tbl_wire **ret_wire);
void tbl_wire_free(struct tbl_wire *wire);

/* tbl_rdata_check: NULL when the RDATA has its type's form as far as the builder relies on it, else
 * what is wrong. Types of unknown form are opaque (RFC 3597 §3). */
const char *tbl_rdata_check(uint16_t type, const struct tbl_rdata *rdata);

/* tbl_rdata_name: the domain name that RDATA of NS, CNAME, PTR or MX holds. */
void tbl_rdata_name(uint16_t type, const struct tbl_rdata *rdata, struct tbl_name *ret_name);

/* tbl_wire_begin starts an answer owned by `owner`, which must outlive it. With is_owner_by_length
 * owner pointers carry its length instead of 0 (struct tbl_fixup). */
void tbl_wire_begin(struct tbl_wire *wire, const uint8_t *owner, bool is_owner_by_length);

/* tbl_wire_record appends one record of the owner; tbl_wire_extra one owned by the target of NS
 * record `of` (a delegation's glue). -ENOSPC over TBL_RRSET_BYTES_MAX; -ERANGE when that NS stands
 * too far into the answer to be pointed at. */
int tbl_wire_record(struct tbl_wire *wire, uint16_t type, uint32_t ttl_s,
		const struct tbl_rdata *rdata);
int tbl_wire_extra(struct tbl_wire *wire, uint32_t of, uint16_t type, uint32_t ttl_s,
		const struct tbl_rdata *rdata);

/* tbl_wire_serial marks the serial of the SOA appended last as the table's generation. */
void tbl_wire_serial(struct tbl_wire *wire);

/* tbl_wire_additional notes that the set of `type` at `node` belongs beside the answer, owned by the
 * name `before` octets into the RDATA of record `of`; -1: by the owner itself. At most
 * TBL_ADDITIONAL_MAX of them. */
struct tbl_wire_target {
	int32_t of;
	uint16_t before;
	uint16_t type;
	uint32_t node;
};
void tbl_wire_additional(struct tbl_wire *wire, const struct tbl_wire_target *target);

/* tbl_wire_end stores the answer (once). `cname` says where it leads, NULL when it is none; its
 * rdata_pos and shared_len are filled in here. */
int tbl_wire_end(struct tbl_builder *b, const struct tbl_cname *cname, uint32_t *ret_answer);

#endif
