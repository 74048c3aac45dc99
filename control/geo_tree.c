#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/geo_impl.h"

#define PREFIXES_MIN 4096u

/* In an IPv6 database IPv4 addresses are at ::/96. */
#define IPV4_BITS 96u

struct walk {
	const struct cp_mmdb *mmdb;
	struct cp_mmdb_prefixes *prefixes;
	uint8_t *seen;      /* a bit a node */
	uint32_t ipv4_root; /* node at ::/96; TBL_NONE when there is none to lead back to */
	struct tbl_error *ret_error;
};

/* A record still to be visited, and the prefix that leads to it. */
struct visit {
	uint32_t node;     /* if a search node */
	uint32_t data_off; /* if data */
	struct tbl_prefix prefix;
	uint8_t type; /* MMDB_RECORD_TYPE_* */
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
	struct tbl_prefix ipv4;
	uint32_t number;
	int err;

	/* The library counts the metadata in, and wraps in the separator before the data. */
	if (v->data_off >= walk->mmdb->data_bytes) {
		return fail_at(walk, v, "data outside the data section");
	}
	if (tbl_pairs_number(&walk->prefixes->records, 0, v->data_off, &number) != 0) {
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
	return v->prefix.family == 6 && v->node == walk->ipv4_root &&
	       (v->prefix.bits != IPV4_BITS || !is_zero(v->prefix.bytes, IPV4_BITS / 8));
}

static void
set_children(const struct visit *v, const MMDB_search_node_s *node, struct visit ret_children[2])
{
	uint32_t depth = v->prefix.bits;

	ret_children[0] = (struct visit){ .node = (uint32_t)node->left_record,
		.data_off = node->left_record_entry.offset,
		.prefix = v->prefix,
		.type = node->left_record_type };
	ret_children[1] = (struct visit){ .node = (uint32_t)node->right_record,
		.data_off = node->right_record_entry.offset,
		.prefix = v->prefix,
		.type = node->right_record_type };
	ret_children[0].prefix.bits++;
	ret_children[1].prefix.bits++;
	ret_children[1].prefix.bytes[depth / 8] |= (uint8_t)(0x80u >> depth % 8);
}

/* Every node is entered once: what is entered twice is no tree, and could be without end. */
static int
enter_node(struct walk *walk, const struct visit *v, struct visit ret_children[2])
{
	uint8_t *seen = &walk->seen[v->node / 8];
	uint8_t bit = (uint8_t)(1u << v->node % 8);
	MMDB_search_node_s node;
	int status;

	if (v->prefix.bits == walk->mmdb->address_bits) {
		return fail_at(walk, v, "a node deeper than an address");
	}
	if ((*seen & bit) != 0) {
		return fail_at(walk, v, "a node that another prefix leads to: no tree");
	}
	*seen |= bit;
	status = MMDB_read_node(&walk->mmdb->db, v->node, &node);
	if (status != MMDB_SUCCESS) {
		return fail_at(walk, v, MMDB_strerror(status));
	}
	set_children(v, &node, ret_children);
	return 0;
}

static int
visit_record(struct walk *walk, const struct visit *v, struct visit *stack, uint32_t *depth)
{
	struct visit children[2];
	int err;

	switch (v->type) {
	case MMDB_RECORD_TYPE_EMPTY:
		return 0;
	case MMDB_RECORD_TYPE_DATA:
		return add_data(walk, v);
	case MMDB_RECORD_TYPE_SEARCH_NODE:
		break;
	default: /* the root again, or behind the end */
		return fail_at(walk, v, "neither a node nor data");
	}
	if (is_alias(walk, v)) {
		return 0;
	}
	err = enter_node(walk, v, children);
	if (err == 0) {
		stack[(*depth)++] = children[1];
		stack[(*depth)++] = children[0];
	}
	return err;
}

static int
walk_tree(struct walk *walk)
{
	struct visit stack[129]; /* an unvisited right child a level, and the record itself */
	uint32_t depth = 0;
	int err = 0;

	stack[depth++] = (struct visit){ .type = MMDB_RECORD_TYPE_SEARCH_NODE,
		.prefix = { .family = walk->mmdb->address_bits == 32 ? 4 : 6 } };
	while (err == 0 && depth > 0) {
		struct visit v = stack[--depth];

		err = visit_record(walk, &v, stack, &depth);
	}
	return err;
}

/* Nothing leads back to what is no node: equal data is no alias. */
static uint32_t
find_ipv4_root(const struct cp_mmdb *mmdb)
{
	uint32_t node = mmdb->db.ipv4_start_node.node_value;

	return mmdb->address_bits == 128 && node < mmdb->db.metadata.node_count ? node : TBL_NONE;
}

int
cp_mmdb_walk(const struct cp_mmdb *mmdb, struct cp_mmdb_prefixes *prefixes,
		struct tbl_error *ret_error)
{
	struct walk walk = { .mmdb = mmdb,
		.prefixes = prefixes,
		.seen = calloc((size_t)mmdb->db.metadata.node_count / 8 + 1, 1),
		.ipv4_root = find_ipv4_root(mmdb),
		.ret_error = ret_error };
	int err = walk.seen == NULL ? -ENOMEM : walk_tree(&walk);

	free(walk.seen);
	return err;
}
