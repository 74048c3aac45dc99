#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/geo_impl.h"

#define SEPARATOR_BYTES 16u /* records count data offsets from before the separator */
#define PREFIXES_MIN    4096u

/* In an IPv6 database IPv4 addresses are at ::/96. */
#define IPV4_BITS 96u

static uint32_t
record_of(const struct cp_mmdb *mmdb, uint32_t node, uint32_t side)
{
	const uint8_t *at = mmdb->tree + (size_t)node * mmdb->record_bits / 4;

	switch (mmdb->record_bits) {
	case 24:
		at += side == 0 ? 0 : 3;
		return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
	case 28: /* the middle byte holds the top four bits of both */
		if (side == 0) {
			return (uint32_t)(at[3] >> 4) << 24 | (uint32_t)at[0] << 16 |
			       (uint32_t)at[1] << 8 | at[2];
		}
		return (uint32_t)(at[3] & 0xf) << 24 | (uint32_t)at[4] << 16 |
		       (uint32_t)at[5] << 8 | at[6];
	default:
		at += side == 0 ? 0 : 4;
		return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
	}
}

struct walk {
	const struct cp_mmdb *mmdb;
	struct cp_mmdb_prefixes *prefixes;
	uint8_t *seen;      /* a bit a node */
	uint32_t ipv4_root; /* record at ::/96, the root in an IPv4 database */
	struct tbl_error *ret_error;
};

/* A record still to be visited, and the prefix that leads to it. */
struct visit {
	uint32_t record;
	struct tbl_prefix prefix;
};

static int
fail_at(const struct walk *walk, const struct visit *v, const char *what)
{
	char text[TBL_PREFIX_TEXT_MAX];

	tbl_prefix_text(&v->prefix, text);
	(void)snprintf(walk->ret_error->text, sizeof(walk->ret_error->text),
			"search tree: %s leads to %s", text, what);
	return -EBADMSG;
}

static int
append(struct walk *walk, const struct tbl_prefix *prefix, uint32_t record)
{
	struct cp_mmdb_prefixes *prefixes = walk->prefixes;

	if (prefixes->cnt == prefixes->cap) {
		size_t cap = prefixes->cap == 0 ? PREFIXES_MIN : prefixes->cap * 2;
		struct tbl_geo_prefix *items = realloc(prefixes->items, cap * sizeof(*items));

		if (items == NULL) {
			return -ENOMEM;
		}
		prefixes->items = items;
		prefixes->cap = cap;
	}
	prefixes->items[prefixes->cnt++] =
			(struct tbl_geo_prefix){ .prefix = *prefix, .place = record };
	return 0;
}

static bool
is_zero(const uint8_t *bytes, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		if (bytes[i] != 0) {
			return false;
		}
	}
	return true;
}

/* The IPv4 part of a prefix of an IPv6 database; false when it has none. */
static bool
take_ipv4(const struct tbl_prefix *prefix, struct tbl_prefix *ret_ipv4)
{
	if (!is_zero(prefix->bytes, IPV4_BITS / 8)) {
		return false;
	}
	*ret_ipv4 = (struct tbl_prefix){ .family = 4 };
	if (prefix->bits > IPV4_BITS) {
		memcpy(ret_ipv4->bytes, prefix->bytes + IPV4_BITS / 8, 4);
		ret_ipv4->bits = (uint8_t)(prefix->bits - IPV4_BITS);
	}
	return true;
}

/* A prefix with data. A record above ::/96 holds for IPv4 as a whole and for IPv6. */
static int
add_data(struct walk *walk, const struct visit *v)
{
	uint32_t off = v->record - walk->mmdb->node_cnt - SEPARATOR_BYTES;
	struct tbl_prefix ipv4;
	uint32_t number;
	int err;

	if (v->record - walk->mmdb->node_cnt < SEPARATOR_BYTES || off >= walk->mmdb->data.size) {
		return fail_at(walk, v, "data outside the data section");
	}
	if (tbl_pairs_number(&walk->prefixes->records, 0, off, &number) != 0) {
		return -ENOMEM;
	}
	if (v->prefix.family == 4 || !take_ipv4(&v->prefix, &ipv4)) {
		return append(walk, &v->prefix, number);
	}
	err = append(walk, &ipv4, number);
	if (err == 0 && v->prefix.bits < IPV4_BITS) {
		err = append(walk, &v->prefix, number);
	}
	return err;
}

/* IPv6 databases lead ::ffff:0:0/96, 2001::/32, 2002::/16 and the like back to their IPv4 part. It
 * is listed where it is at home, ::/96, and nowhere else. */
static bool
is_alias(const struct walk *walk, const struct visit *v)
{
	return v->prefix.family == 6 && v->record == walk->ipv4_root &&
	       (v->prefix.bits != IPV4_BITS || !is_zero(v->prefix.bytes, IPV4_BITS / 8));
}

/* Every node is entered once: what is entered twice is no tree, and could be without end. */
static int
enter_node(struct walk *walk, const struct visit *v, struct visit ret_children[2])
{
	uint8_t *seen = &walk->seen[v->record / 8];
	uint8_t bit = (uint8_t)(1u << v->record % 8);
	uint32_t depth = v->prefix.bits;

	if (depth == walk->mmdb->address_bits) {
		return fail_at(walk, v, "a node deeper than an address");
	}
	if ((*seen & bit) != 0) {
		return fail_at(walk, v, "a node that another prefix leads to: no tree");
	}
	*seen |= bit;
	for (uint32_t side = 0; side < 2; side++) {
		struct visit *child = &ret_children[side];

		*child = *v;
		child->record = record_of(walk->mmdb, v->record, side);
		child->prefix.bits++;
		if (side == 1) {
			child->prefix.bytes[depth / 8] |= (uint8_t)(0x80u >> depth % 8);
		}
	}
	return 0;
}

/* The record at ::/96, following zeros; a cycle ends by depth. */
static uint32_t
find_ipv4_root(const struct cp_mmdb *mmdb)
{
	uint32_t record = 0;

	for (uint32_t depth = 0; depth < IPV4_BITS && record < mmdb->node_cnt; depth++) {
		record = record_of(mmdb, record, 0);
	}
	/* Above node_cnt it is data, or nothing: nothing to lead back to. */
	return record < mmdb->node_cnt ? record : TBL_NONE;
}

static int
walk_tree(struct walk *walk)
{
	struct visit stack[129]; /* an unvisited right child a level, and the record itself */
	uint32_t depth = 0;
	int err = 0;

	stack[depth++] = (struct visit){
		.prefix = { .family = walk->mmdb->address_bits == 32 ? 4 : 6 }
	};
	while (err == 0 && depth > 0) {
		struct visit v = stack[--depth];

		if (v.record == walk->mmdb->node_cnt || is_alias(walk, &v)) {
			continue;
		}
		if (v.record > walk->mmdb->node_cnt) {
			err = add_data(walk, &v);
		} else {
			struct visit children[2];

			err = enter_node(walk, &v, children);
			if (err == 0) {
				stack[depth++] = children[1];
				stack[depth++] = children[0];
			}
		}
	}
	return err;
}

int
cp_mmdb_walk(const struct cp_mmdb *mmdb, struct cp_mmdb_prefixes *prefixes,
		struct tbl_error *ret_error)
{
	struct walk walk = { .mmdb = mmdb,
		.prefixes = prefixes,
		.seen = calloc((size_t)mmdb->node_cnt / 8 + 1, 1),
		.ipv4_root = mmdb->address_bits == 32 ? TBL_NONE : find_ipv4_root(mmdb),
		.ret_error = ret_error };
	int err = walk.seen == NULL ? -ENOMEM : walk_tree(&walk);

	free(walk.seen);
	return err;
}
