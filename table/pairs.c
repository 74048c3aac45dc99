#include "table/pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/format.h"

#define PAIRS_SLOTS_MIN 64u /* a country database with a handful of rule sets never grows it */

static uint32_t
slot_of(const struct tbl_pairs *pairs, uint64_t key)
{
	/* Fibonacci hashing: both halves of the key reach the upper bits of the product. */
	return (uint32_t)((key * 0x9e3779b97f4a7c15ULL) >> 32) & (pairs->slot_cnt - 1);
}

/* The slot that holds `key`, or the empty one where it belongs. Never full: see pairs_grow. */
static uint32_t
find_slot(const struct tbl_pairs *pairs, uint64_t key)
{
	uint32_t slot = slot_of(pairs, key);

	while (pairs->slots[slot] != TBL_NONE && pairs->keys[pairs->slots[slot]] != key) {
		slot = (slot + 1) & (pairs->slot_cnt - 1);
	}
	return slot;
}

/* Doubles the slots; keys get room for half as many, which is also the load limit. */
static int
grow(struct tbl_pairs *pairs)
{
	uint32_t slot_cnt = pairs->slot_cnt == 0 ? PAIRS_SLOTS_MIN : pairs->slot_cnt * 2;
	uint32_t *slots = slot_cnt == 0 ? NULL : malloc(slot_cnt * sizeof(*slots));
	uint64_t *keys;

	if (slots == NULL) {
		return -ENOMEM;
	}
	keys = realloc(pairs->keys, slot_cnt / 2 * sizeof(*keys));
	if (keys == NULL) {
		free(slots);
		return -ENOMEM;
	}
	free(pairs->slots);
	pairs->keys = keys;
	pairs->slots = slots;
	pairs->slot_cnt = slot_cnt;
	memset(slots, 0xff, slot_cnt * sizeof(*slots)); /* TBL_NONE */
	for (uint32_t i = 0; i < pairs->cnt; i++) {
		slots[find_slot(pairs, keys[i])] = i;
	}
	return 0;
}

int
tbl_pairs_number(struct tbl_pairs *pairs, uint32_t first, uint32_t second, uint32_t *ret_number)
{
	uint64_t key = (uint64_t)first << 32 | second;
	uint32_t slot;

	if (pairs->cnt == pairs->slot_cnt / 2 && grow(pairs) != 0) {
		return -ENOMEM;
	}
	slot = find_slot(pairs, key);
	if (pairs->slots[slot] == TBL_NONE) {
		pairs->keys[pairs->cnt] = key;
		pairs->slots[slot] = pairs->cnt++;
	}
	*ret_number = pairs->slots[slot];
	return 0;
}

void
tbl_pairs_clear(struct tbl_pairs *pairs)
{
	if (pairs->slot_cnt > 0) {
		memset(pairs->slots, 0xff, pairs->slot_cnt * sizeof(*pairs->slots));
	}
	pairs->cnt = 0;
}

void
tbl_pairs_done(struct tbl_pairs *pairs)
{
	free(pairs->keys);
	free(pairs->slots);
}
