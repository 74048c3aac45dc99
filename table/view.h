/*
 * A read-only view of one checked table image and one checked selection image, and the look-ups
 * every reader shares: the data plane's workers and `meridianctl explain` run this same code.
 *
 * Threads:   a view is immutable; any number of readers.
 * Memory:    the view borrows both images; they must outlive it. Nothing is allocated.
 * Errors:    tbl_view_init() refuses images that tbl_check() refuses; look-ups cannot fail.
 * Standards: RFC 1034 §4.3.2 and RFC 4592 §3.3.1 (closest encloser), RFC 7871 §7.2.1 (scope).
 */
#ifndef TABLE_VIEW_H
#define TABLE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/format.h"
#include "table/name.h"

/* Typed pointers into the two images, so that a look-up costs no section arithmetic. */
struct tbl_view {
	const struct tbl_header *header;
	const struct tbl_select_header *select;
	uint64_t bucket_mask;
	const struct tbl_bucket *buckets;
	const struct tbl_node *nodes;
	const struct tbl_rrset *rrsets;
	const struct tbl_answer *answers;
	const uint8_t *wire;
	const uint8_t *names;
	const struct tbl_cname *cnames;
	const struct tbl_zone *zones;
	const struct tbl_dyn *dyns;
	const struct tbl_pool *pools;
	const struct tbl_value *values;
	const struct tbl_target *targets;
	const struct tbl_ruleset *rulesets;
	const struct tbl_rule *rules;
	const uint16_t *class_rule;
	const uint8_t *scopes;
	const uint32_t *loc4_root;
	const uint32_t *loc4_nodes;
	const uint32_t *loc6_root;
	const uint32_t *loc6_nodes;
	const struct tbl_leaf *leaves;
	const char *strings;
	const uint32_t *slots;
	const struct tbl_set *sets;
	const struct tbl_alias *aliases;
};

/* Room for one sentence that names the section, the index and what is wrong with it. */
#define TBL_ERROR_MAX 200u
struct tbl_error {
	char text[TBL_ERROR_MAX];
	uint8_t owner[TBL_NAME_MAX]; /* builder: the record it is about, lower-cased wire name */
	uint8_t owner_len;           /* 0: about none */
	uint16_t type;               /* 0: about the name */
};

/* tbl_check decides whether image[0..size) is a table this program may serve: every offset,
 * length, count and cross reference in bounds, every chain finite, checksum right, at least one
 * zone, no answer set empty; and checks the embedded selection. Total: any bytes in, 0 or
 * -EBADMSG (and *ret_error) out. image must be 64-byte aligned (-EINVAL). */
int tbl_check(const void *image, size_t size, struct tbl_error *ret_error);

/* tbl_check_selection: the same for a selection meant for the checked table `image`. A selection
 * for another generation is refused. */
int tbl_check_selection(
		const void *image, const void *selection, size_t size, struct tbl_error *ret_error);

/* tbl_view_init sets pointers into a checked image; selection NULL means the embedded one. */
void tbl_view_init(struct tbl_view *view, const void *image, const void *selection);

/* tbl_section_at: first byte of a section of a checked image. */
const void *tbl_section_at(const struct tbl_header *header, enum tbl_section_kind kind);

struct tbl_match {
	const struct tbl_node *node; /* NULL for TBL_MATCH_NONE */
	enum tbl_match_kind kind;
};

/* tbl_find looks a hashed name up: its node, else the closest encloser within our zones, else
 * none. At most two bucket reads a label, from the deepest name of the table upwards. */
struct tbl_match tbl_find(const struct tbl_view *view, const struct tbl_name *name);

/* tbl_prefetch_name asks for the first bucket of the full name. */
void tbl_prefetch_name(const struct tbl_view *view, const struct tbl_name *name);

/* tbl_node_name: the node's lower-cased wire name. */
const uint8_t *tbl_node_name(const struct tbl_view *view, const struct tbl_node *node);

/* tbl_find_rrset: the node's RRset of this type, or NULL. */
const struct tbl_rrset *
tbl_find_rrset(const struct tbl_view *view, const struct tbl_node *node, uint16_t type);

/* An address in network byte order; family 4 or 6 (unused bytes of an IPv4 address are zero). */
struct tbl_addr {
	uint8_t bytes[16];
	uint8_t family;
};

/* tbl_locate: index of the leaf (TBL_SECTION_LEAVES) the address is in. */
uint32_t tbl_locate(const struct tbl_view *view, const struct tbl_addr *addr);

/* What one dynamic record answers to one leaf. */
struct tbl_choice {
	uint32_t rule;      /* 0-based; the rule set's rule_cnt when none matched */
	uint8_t scope_bits; /* ECS scope prefix length */
	const struct tbl_set *set;
};
struct tbl_choice tbl_choose(const struct tbl_view *view, const struct tbl_dyn *dyn, uint32_t leaf);

/* tbl_draw picks one answer of a set with 64 random bits. */
const struct tbl_answer *
tbl_draw(const struct tbl_view *view, const struct tbl_set *set, uint64_t random);

#endif
