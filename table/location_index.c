#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/location_stages.h"

#define INDEX_NODES_MIN 4096u

/* An address, left-aligned in 128 bits whatever the family. */
struct position {
	uint64_t hi;
	uint64_t lo;
};

static void
advance(struct position *at, uint32_t bits)
{
	if (bits == 0) {
		*at = (struct position){ 0, 0 }; /* the whole family, and round */
	} else if (bits <= 64) {
		at->hi += 1ULL << (64 - bits);
	} else {
		uint64_t step = 1ULL << (128 - bits);

		at->hi += at->lo > UINT64_MAX - step;
		at->lo += step;
	}
}

struct cursor {
	struct tbl_index *index;
	uint32_t node_cap;
	const struct tbl_leaf *leaves;
	uint32_t leaf; /* the next one to be placed */
	uint32_t end;
	struct position at; /* where it begins */
	uint8_t family;
	struct tbl_error *ret_error;
};

static int
add_nodes(struct cursor *c, uint32_t cnt, uint32_t *ret_first)
{
	struct tbl_index *index = c->index;

	/* Chunks name their place in 26 bits; ranges could go further but share the array. */
	if (cnt > TBL_LOC_FIRST(UINT32_MAX) - index->node_cnt) {
		(void)tbl_location_fail(c->ret_error, -E2BIG,
				"location: more than %u index words for one address family",
				TBL_LOC_FIRST(UINT32_MAX));
		return -E2BIG;
	}
	if (cnt > c->node_cap - index->node_cnt) {
		uint32_t cap = c->node_cap == 0 ? INDEX_NODES_MIN : c->node_cap * 2;
		uint32_t *nodes;

		while (cap < index->node_cnt + cnt) {
			cap *= 2;
		}
		nodes = realloc(index->nodes, cap * sizeof(*nodes));
		if (nodes == NULL) {
			return -ENOMEM;
		}
		index->nodes = nodes;
		c->node_cap = cap;
	}
	*ret_first = index->node_cnt;
	index->node_cnt += cnt;
	return 0;
}

/* The leaves from the cursor on that lie in the prefix of `bits` (at most 32) it stands at. */
struct group {
	uint32_t end; /* leaf behind the last */
	uint32_t most_bits;
};

static struct group
measure_group(const struct cursor *c, uint32_t bits)
{
	struct group group = { c->leaf, 0 };
	struct position at = c->at;

	do {
		uint32_t leaf_bits = c->leaves[group.end].prefix_bits;

		group.most_bits = leaf_bits > group.most_bits ? leaf_bits : group.most_bits;
		advance(&at, leaf_bits);
		group.end++;
	} while (group.end < c->end && at.hi >> (64 - bits) == c->at.hi >> (64 - bits));
	return group;
}

/* The leading words of the cursor's position. */
static void
write_key(const struct cursor *c, uint32_t words, uint32_t *key)
{
	const uint32_t all[4] = { (uint32_t)(c->at.hi >> 32), (uint32_t)c->at.hi,
		(uint32_t)(c->at.lo >> 32), (uint32_t)c->at.lo };

	memcpy(key, all, words * sizeof(*key));
}

static uint32_t
key_words(const struct cursor *c, uint32_t most_bits)
{
	if (c->family == 4) {
		return 1;
	}
	return most_bits <= 64 ? 2 : 4;
}

static int
add_range(struct cursor *c, uint32_t bits, uint32_t *ret_entry)
{
	struct group group = measure_group(c, bits);
	uint32_t cnt = group.end - c->leaf - 1;
	uint32_t words = key_words(c, group.most_bits);
	uint32_t first;
	uint32_t *key;
	uint32_t *leaf;
	int err = add_nodes(c, 2 + cnt * words + cnt + 1, &first);

	if (err != 0) {
		return err;
	}
	c->index->nodes[first] = cnt;
	c->index->nodes[first + 1] = words;
	key = &c->index->nodes[first + 2];
	leaf = key + (size_t)cnt * words;
	for (uint32_t i = 0; i <= cnt; i++) {
		if (i > 0) {
			write_key(c, words, key + (size_t)(i - 1) * words);
		}
		leaf[i] = c->leaf;
		advance(&c->at, c->leaves[c->leaf].prefix_bits);
		c->leaf++;
	}
	*ret_entry = TBL_LOC_RANGE << TBL_LOC_KIND_SHIFT | first;
	return 0;
}

/* Places the cursor's leaf in as many of the entries, each a prefix of `bits`, as it covers. */
static uint32_t
place_leaf(struct cursor *c, uint32_t bits, uint32_t *entries)
{
	uint32_t span = 1u << (bits - c->leaves[c->leaf].prefix_bits);

	for (uint32_t i = 0; i < span; i++) {
		entries[i] = TBL_LOC_LEAF << TBL_LOC_KIND_SHIFT | c->leaf;
	}
	advance(&c->at, c->leaves[c->leaf].prefix_bits);
	c->leaf++;
	return span;
}

/* How deep the chunk of a group should reach. IPv4: as deep as its leaves, to bit 24, for look-ups
 * of two reads. IPv6 addresses are sparse: no more than two entries a leaf, the rest are ranges. */
static uint32_t
choose_depth(const struct cursor *c, const struct group *group)
{
	uint32_t mid_bits = c->family == 4 ? TBL_LOC4_MID_BITS : TBL_LOC6_MID_BITS;
	uint32_t bits = group->most_bits < mid_bits ? group->most_bits : mid_bits;
	uint32_t leaf_cnt = group->end - c->leaf;

	while (c->family == 6 && bits > TBL_LOC_ROOT_BITS + 1 &&
			1u << (bits - TBL_LOC_ROOT_BITS) > 2 * leaf_cnt) {
		bits--;
	}
	return bits;
}

static int
add_chunk(struct cursor *c, uint32_t *ret_entry)
{
	struct group group = measure_group(c, TBL_LOC_ROOT_BITS);
	uint32_t bits = choose_depth(c, &group);
	uint32_t width = bits - TBL_LOC_ROOT_BITS;
	uint32_t first;
	int err = add_nodes(c, 1u << width, &first);

	if (err != 0) {
		return err;
	}
	for (uint32_t i = 0; err == 0 && i < 1u << width;) {
		if (c->leaves[c->leaf].prefix_bits <= bits) {
			i += place_leaf(c, bits, &c->index->nodes[first + i]);
		} else {
			uint32_t entry = 0;

			/* Adding may move the nodes: the entry is written afterwards. */
			err = add_range(c, bits, &entry);
			c->index->nodes[first + i++] = entry;
		}
	}
	*ret_entry = TBL_LOC_CHUNK << TBL_LOC_KIND_SHIFT | (width - 1) << 26 | first;
	return err;
}

int
tbl_index_build(struct tbl_index *ret_index, const struct tbl_leaf *leaves, uint32_t first,
		uint32_t end, uint8_t family, struct tbl_error *ret_error)
{
	struct cursor c = { .index = ret_index,
		.leaves = leaves,
		.leaf = first,
		.end = end,
		.family = family,
		.ret_error = ret_error };
	int err = 0;

	ret_index->root = malloc(TBL_LOC_ROOT_CNT * sizeof(*ret_index->root));
	if (ret_index->root == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; err == 0 && i < TBL_LOC_ROOT_CNT;) {
		if (leaves[c.leaf].prefix_bits <= TBL_LOC_ROOT_BITS) {
			i += place_leaf(&c, TBL_LOC_ROOT_BITS, &ret_index->root[i]);
		} else {
			err = add_chunk(&c, &ret_index->root[i++]);
		}
	}
	return err;
}
