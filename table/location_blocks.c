#include <stdbool.h>
#include <string.h>

#include "table/location_stages.h"

/* A prefix all of whose leaves have been read. */
struct block {
	uint32_t first; /* leaf */
	uint32_t outcome;
	uint8_t bits;
	bool is_mixed; /* more than one outcome inside; those inside are settled already */
};

static void
settle(const struct block *block, uint8_t *ret_bits)
{
	if (!block->is_mixed) {
		ret_bits[block->first] = block->bits;
	}
}

/* The parent of two sibling prefixes. Where they differ, neither can grow any more. */
static struct block
join(const struct block *left, const struct block *right, uint8_t *ret_bits)
{
	struct block parent = *left;

	parent.bits--;
	if (left->is_mixed || right->is_mixed || left->outcome != right->outcome) {
		settle(left, ret_bits);
		settle(right, ret_bits);
		parent.is_mixed = true;
	}
	return parent;
}

/*
 * The leaves partition the address space, so that reading them in order visits a full binary tree:
 * the stack holds the finished left siblings along the way to the current leaf, one a depth and
 * ever deeper. A finished prefix as deep as the top of the stack is therefore its right sibling.
 */
void
tbl_blocks(const struct tbl_leaf *leaves, uint32_t cnt, const uint32_t *outcome, uint8_t *ret_bits)
{
	struct block stack[129];
	uint32_t depth = 0;

	memset(ret_bits, TBL_BLOCK_INSIDE, cnt);
	for (uint32_t i = 0; i < cnt; i++) {
		struct block block = { .first = i,
			.outcome = outcome[leaves[i].class_id],
			.bits = leaves[i].prefix_bits };

		while (depth > 0 && stack[depth - 1].bits == block.bits) {
			block = join(&stack[--depth], &block, ret_bits);
		}
		stack[depth++] = block;
	}
	settle(&stack[0], ret_bits);
}
