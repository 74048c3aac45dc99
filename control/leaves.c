#include "control/leaves.h"

#include <string.h>

struct tbl_prefix
cp_prefix_around(const struct tbl_addr *addr, uint8_t bits)
{
	struct tbl_prefix prefix = { .bits = bits, .family = addr->family };

	memcpy(prefix.bytes, addr->bytes, bits / 8u);
	if (bits % 8 != 0) {
		prefix.bytes[bits / 8] = (uint8_t)(addr->bytes[bits / 8] & (0xff00u >> (bits % 8)));
	}
	return prefix;
}

bool
is_cp_prefix_inside(const struct tbl_prefix *inner, const struct tbl_prefix *outer)
{
	uint32_t whole = outer->bits / 8;
	uint32_t rest = outer->bits % 8;

	return inner->family == outer->family && inner->bits >= outer->bits &&
	       memcmp(inner->bytes, outer->bytes, whole) == 0 &&
	       (rest == 0 || (inner->bytes[whole] ^ outer->bytes[whole]) >> (8 - rest) == 0);
}

/* Moves prefix.bytes to the first address behind the prefix; behind the last one comes zero. */
static void
step_over(struct tbl_prefix *prefix)
{
	unsigned int bit = prefix->bits;

	while (bit > 0) {
		uint8_t mask = (uint8_t)(0x80u >> ((bit - 1) % 8));
		uint8_t *byte = &prefix->bytes[(bit - 1) / 8];

		*byte ^= mask;
		if ((*byte & mask) != 0) {
			return; /* no carry */
		}
		bit--;
	}
}

void
cp_leaf_walk_begin(struct cp_leaf_walk *walk, const struct tbl_view *view, uint8_t family)
{
	uint32_t leaf4_cnt = view->header->leaf4_cnt;

	*walk = (struct cp_leaf_walk){
		.view = view,
		.leaf = family == 4 ? 0 : leaf4_cnt,
		.end = family == 4 ? leaf4_cnt
		                   : (uint32_t)view->header->sections[TBL_SECTION_LEAVES].cnt,
		.prefix = { .family = family },
	};
	walk->prefix.bits = view->leaves[walk->leaf].prefix_bits;
}

void
cp_leaf_walk_at(struct cp_leaf_walk *walk, const struct tbl_view *view, const struct tbl_addr *addr)
{
	cp_leaf_walk_begin(walk, view, addr->family);
	walk->leaf = tbl_locate(view, addr);
	walk->prefix = cp_prefix_around(addr, view->leaves[walk->leaf].prefix_bits);
}

bool
has_cp_leaf_walk_next(struct cp_leaf_walk *walk)
{
	if (walk->end - walk->leaf <= 1) {
		return false;
	}
	walk->leaf++;
	step_over(&walk->prefix);
	walk->prefix.bits = walk->view->leaves[walk->leaf].prefix_bits;
	return true;
}
