#include "table/check_impl.h"

/* Addresses of both families, left-aligned. The range of a leaf ends at the address before the next
 * leaf's first, so that the last one of a family needs no 129th bit. */
__extension__ typedef unsigned __int128 address;
#define ADDRESS_BITS 128u
#define ADDRESS_MAX  (~(address)0)

/* Leaves tile the address space in order, so walking a family's entries in address order must meet
 * each leaf where its prefix begins and no other until that prefix ends. */
struct leaf_walk {
	struct tbl_check *check;
	const char *family; /* "4" or "6" */
	const uint32_t *nodes;
	uint64_t node_cnt;
	uint64_t nodes_used;
	uint32_t mid_bits;
	uint32_t prefix_bits_max;
	uint32_t leaf;
	uint32_t leaf_end; /* behind the family's last leaf */
	address last;      /* last address of `leaf` */
};

#define FAIL_LOC(walk, format, ...) \
	tbl_check_fail((walk)->check, "location: IPv%s " format, (walk)->family, __VA_ARGS__)

static address
low_bits(uint32_t prefix_bits)
{
	return prefix_bits == ADDRESS_BITS ? 0 : ADDRESS_MAX >> prefix_bits;
}

/* Takes walk->leaf up, which begins at `first`. */
static int
enter_leaf(struct leaf_walk *walk, address first)
{
	const struct tbl_leaf *leaf = &walk->check->view.leaves[walk->leaf];

	if (leaf->prefix_bits > walk->prefix_bits_max || leaf->reserved[0] != 0 ||
			leaf->reserved[1] != 0 || leaf->reserved[2] != 0 ||
			leaf->class_id >= walk->check->view.header->class_cnt) {
		return FAIL_LOC(walk, "leaves[%u]: prefix length %u, class %u", walk->leaf,
				leaf->prefix_bits, leaf->class_id);
	}
	if ((first & low_bits(leaf->prefix_bits)) != 0) {
		return FAIL_LOC(walk, "leaves[%u]: no prefix of %u bits begins where it begins",
				walk->leaf, leaf->prefix_bits);
	}
	walk->last = first | low_bits(leaf->prefix_bits);
	return 0;
}

/* One entry: from `first` on, addresses are in `leaf`. */
static int
visit(struct leaf_walk *walk, address first, uint32_t leaf)
{
	if (first > walk->last) {
		int rc;

		if (first - 1 != walk->last || walk->leaf + 1 >= walk->leaf_end) {
			return FAIL_LOC(walk,
					"leaves[%u]: ends between two entries, or is not the last",
					walk->leaf);
		}
		walk->leaf++;
		rc = enter_leaf(walk, first);
		if (rc != 0) {
			return rc;
		}
	}
	if (leaf != walk->leaf) {
		return FAIL_LOC(walk, "entry names leaf %u where leaf %u is", leaf, walk->leaf);
	}
	return 0;
}

/* Index words belong to one chunk or range each; together no more than there are. */
static int
use_nodes(struct leaf_walk *walk, uint64_t first, uint64_t cnt)
{
	if (!is_tbl_range(first, cnt, walk->node_cnt) || cnt > walk->node_cnt - walk->nodes_used) {
		return FAIL_LOC(walk,
				"index words %llu to %llu: outside their section, or used twice",
				(unsigned long long)first, (unsigned long long)(first + cnt));
	}
	walk->nodes_used += cnt;
	return 0;
}

/* A key as the address it stands for. */
static address
key_address(const uint32_t *key, uint32_t key_words)
{
	address at = 0;

	for (uint32_t i = 0; i < key_words; i++) {
		at |= (address)key[i] << (ADDRESS_BITS - 32) >> 32 * i;
	}
	return at;
}

/* IPv4 keys are one word; IPv6 keys end at bit 64 or go all the way. */
static bool
is_key_width(const struct leaf_walk *walk, uint32_t key_words)
{
	return walk->prefix_bits_max == 32 ? key_words == 1 : key_words == 2 || key_words == 4;
}

/* `bits`: length of the prefix that the range node divides. */
static int
walk_range(struct leaf_walk *walk, address first, uint32_t bits, uint32_t index)
{
	uint32_t cnt;
	uint32_t key_words;
	const uint32_t *keys;
	const uint32_t *leaves;
	address before = first;
	int rc = use_nodes(walk, index, 2);

	if (rc != 0) {
		return rc;
	}
	cnt = walk->nodes[index];
	key_words = walk->nodes[index + 1];
	if (cnt == 0 || !is_key_width(walk, key_words)) {
		return FAIL_LOC(walk, "range node %u: %u keys of %u words", index, cnt, key_words);
	}
	rc = use_nodes(walk, (uint64_t)index + 2, (uint64_t)cnt * key_words + cnt + 1);
	if (rc != 0) {
		return rc;
	}
	keys = walk->nodes + index + 2;
	leaves = keys + (size_t)cnt * key_words;
	rc = visit(walk, first, leaves[0]);
	for (uint32_t i = 0; rc == 0 && i < cnt; i++) {
		address at = key_address(keys + (size_t)i * key_words, key_words);

		if (at <= before || at > (first | low_bits(bits))) {
			return FAIL_LOC(walk, "range node %u: key %u is not above the one before",
					index, i);
		}
		before = at;
		rc = visit(walk, at, leaves[i + 1]);
	}
	return rc;
}

static int
walk_chunk(struct leaf_walk *walk, address first, uint32_t entry)
{
	uint32_t width = TBL_LOC_WIDTH(entry);
	uint32_t bits = TBL_LOC_ROOT_BITS + width;
	const uint32_t *entries = walk->nodes + TBL_LOC_FIRST(entry);
	int rc = use_nodes(walk, TBL_LOC_FIRST(entry), 1ULL << width);

	if (rc == 0 && bits > walk->mid_bits) {
		return FAIL_LOC(walk, "chunk %u: %u bits wide", TBL_LOC_FIRST(entry), width);
	}
	for (uint32_t i = 0; rc == 0 && i < 1u << width; i++) {
		address at = first | (address)i << (ADDRESS_BITS - bits);

		if (TBL_LOC_KIND(entries[i]) == TBL_LOC_LEAF) {
			rc = visit(walk, at, TBL_LOC_INDEX(entries[i]));
		} else if (TBL_LOC_KIND(entries[i]) == TBL_LOC_RANGE) {
			rc = walk_range(walk, at, bits, TBL_LOC_INDEX(entries[i]));
		} else {
			rc = FAIL_LOC(walk, "chunk %u: entry %u is of kind %u",
					TBL_LOC_FIRST(entry), i, TBL_LOC_KIND(entries[i]));
		}
	}
	return rc;
}

static int
walk_family(struct leaf_walk *walk, const uint32_t *root)
{
	int rc = enter_leaf(walk, 0);

	for (uint32_t i = 0; rc == 0 && i < TBL_LOC_ROOT_CNT; i++) {
		address at = (address)i << (ADDRESS_BITS - TBL_LOC_ROOT_BITS);

		if (TBL_LOC_KIND(root[i]) == TBL_LOC_LEAF) {
			rc = visit(walk, at, TBL_LOC_INDEX(root[i]));
		} else if (TBL_LOC_KIND(root[i]) == TBL_LOC_CHUNK) {
			rc = walk_chunk(walk, at, root[i]);
		} else {
			rc = FAIL_LOC(walk, "root entry %u is of kind %u", i,
					TBL_LOC_KIND(root[i]));
		}
	}
	if (rc == 0 && (walk->leaf + 1 != walk->leaf_end || walk->last != ADDRESS_MAX)) {
		return FAIL_LOC(walk, "leaf %u ends the entries, but %u leaves must", walk->leaf,
				walk->leaf_end);
	}
	return rc;
}

int
tbl_check_location(struct tbl_check *check)
{
	const struct tbl_view *view = &check->view;
	struct leaf_walk walk4 = {
		.check = check,
		.family = "4",
		.nodes = view->loc4_nodes,
		.node_cnt = tbl_check_cnt(check, TBL_SECTION_LOC4_NODES),
		.mid_bits = TBL_LOC4_MID_BITS,
		.prefix_bits_max = 32,
		.leaf = 0,
		.leaf_end = view->header->leaf4_cnt,
	};
	struct leaf_walk walk6 = {
		.check = check,
		.family = "6",
		.nodes = view->loc6_nodes,
		.node_cnt = tbl_check_cnt(check, TBL_SECTION_LOC6_NODES),
		.mid_bits = TBL_LOC6_MID_BITS,
		.prefix_bits_max = 128,
		.leaf = view->header->leaf4_cnt,
		.leaf_end = (uint32_t)tbl_check_cnt(check, TBL_SECTION_LEAVES),
	};
	int rc = walk_family(&walk4, view->loc4_root);

	return rc != 0 ? rc : walk_family(&walk6, view->loc6_root);
}
