#include <errno.h>
#include <stdlib.h>

#include "table/location_stages.h"

#define TRIE_NODES_MIN 1024u

static uint32_t
bit_of(const struct tbl_prefix *prefix, uint32_t depth)
{
	return ((uint32_t)prefix->bytes[depth / 8] >> (7 - depth % 8)) & 1u;
}

static uint32_t
common_bits(const struct tbl_prefix *a, const struct tbl_prefix *b)
{
	uint32_t most = a->bits < b->bits ? a->bits : b->bits;
	uint32_t bits = 0;

	for (uint32_t i = 0; bits < most; i++) {
		uint32_t differ = (uint32_t)a->bytes[i] ^ b->bytes[i];

		if (differ != 0) {
			bits += (uint32_t)__builtin_clz(differ) - 24;
			break;
		}
		bits += 8;
	}
	return bits < most ? bits : most;
}

static int
add_node(struct tbl_trie *trie, uint32_t *ret_node, struct tbl_error *ret_error)
{
	if (trie->cnt == TBL_TRIE_NODES_MAX) {
		return tbl_location_fail(ret_error, -E2BIG,
				"location: database and subnets need more than %u trie nodes",
				TBL_TRIE_NODES_MAX);
	}
	if (trie->cnt == trie->cap) {
		uint32_t cap = trie->cap == 0 ? TRIE_NODES_MIN : trie->cap * 2;
		struct tbl_trie_node *nodes = realloc(trie->nodes, cap * sizeof(*nodes));

		if (nodes == NULL) {
			return -ENOMEM;
		}
		trie->nodes = nodes;
		trie->cap = cap;
	}
	trie->nodes[trie->cnt] = (struct tbl_trie_node){
		.child = { TBL_NONE, TBL_NONE }, .place = TBL_NONE, .subnet = TBL_NONE
	};
	*ret_node = trie->cnt++;
	return 0;
}

int
tbl_trie_init(struct tbl_trie *trie)
{
	return add_node(trie, &trie->path[0], NULL);
}

void
tbl_trie_done(struct tbl_trie *trie)
{
	free(trie->nodes);
}

int
tbl_trie_reach(struct tbl_trie *trie, const struct tbl_prefix *prefix, uint32_t *ret_node,
		struct tbl_error *ret_error)
{
	uint32_t depth = common_bits(&trie->last, prefix);

	trie->last.bits = (uint8_t)depth; /* what path[] holds should a node be refused below */
	for (; depth < prefix->bits; depth++) {
		uint32_t node = trie->path[depth];
		uint32_t bit = bit_of(prefix, depth);
		uint32_t child = trie->nodes[node].child[bit];

		if (child == TBL_NONE) {
			int err = add_node(trie, &child, ret_error);

			if (err != 0) {
				return err;
			}
			trie->nodes[node].child[bit] = child;
		}
		trie->path[depth + 1] = child;
	}
	trie->last = *prefix;
	*ret_node = trie->path[depth];
	return 0;
}

static int
add_segment(struct tbl_leaves *segments, uint32_t cell, uint8_t bits)
{
	if (segments->cnt == segments->cap) {
		/* Cannot overflow: a trie has one segment more than nodes, and there are two. */
		uint32_t cap = segments->cap == 0 ? TRIE_NODES_MIN : segments->cap * 2;
		struct tbl_leaf *items = realloc(segments->items, cap * sizeof(*items));

		if (items == NULL) {
			return -ENOMEM;
		}
		segments->items = items;
		segments->cap = cap;
	}
	segments->items[segments->cnt++] =
			(struct tbl_leaf){ .class_id = cell, .prefix_bits = bits };
	return 0;
}

/* A prefix still to be visited, with what it inherits; `node` is TBL_NONE where the trie ends. */
struct visit {
	uint32_t node;
	uint32_t place;
	uint32_t subnet;
	uint8_t bits;
};

/* Replaces what `v` inherits by what its own node says. */
static void
settle(struct visit *v, const struct tbl_trie_node *node, struct tbl_subnets *subnets)
{
	if (node->place != TBL_NONE) {
		v->place = node->place;
	}
	if (node->subnet != TBL_NONE) {
		subnets->parent[node->subnet] = v->subnet;
		subnets->parent_first[subnets->ordered_cnt++] = node->subnet;
		v->subnet = node->subnet;
	}
}

int
tbl_trie_walk(const struct tbl_trie *trie, struct tbl_judge *judge, struct tbl_pairs *cells,
		struct tbl_leaves *segments)
{
	struct visit stack[130]; /* an unvisited right child a level, and the prefix itself */
	uint32_t depth = 0;

	stack[depth++] = (struct visit){ 0, judge->place_cnt - 1, TBL_NONE, 0 };
	while (depth > 0) {
		struct visit v = stack[--depth];
		uint32_t left = TBL_NONE;
		uint32_t right = TBL_NONE;
		uint32_t cell;

		if (v.node != TBL_NONE) {
			settle(&v, &trie->nodes[v.node], &judge->subnets);
			left = trie->nodes[v.node].child[0];
			right = trie->nodes[v.node].child[1];
		}
		if (left != TBL_NONE || right != TBL_NONE) {
			v.bits++;
			v.node = right;
			stack[depth++] = v;
			v.node = left;
			stack[depth++] = v;
			continue;
		}
		if (tbl_pairs_number(cells, judge->place_class[v.place], v.subnet, &cell) != 0 ||
				add_segment(segments, cell, v.bits) != 0) {
			return -ENOMEM;
		}
	}
	return 0;
}
