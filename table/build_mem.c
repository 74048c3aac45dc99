#include "table/build_mem.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* Large enough that a block's own cost vanishes, small enough that a tiny table stays tiny. */
#define BLOCK_BYTES   (256u << 10)
#define MAP_SLOTS_MIN 64u

struct tbl_arena_block {
	struct tbl_arena_block *next;
	alignas(max_align_t) uint8_t bytes[];
};

static void *
take(struct tbl_arena *arena, size_t bytes, size_t align)
{
	size_t at = (arena->used + align - 1) & ~(align - 1);

	if (at > arena->size || bytes > arena->size - at) {
		size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
		struct tbl_arena_block *block = calloc(1, sizeof(*block) + size);

		if (block == NULL) {
			return NULL;
		}
		block->next = arena->blocks;
		arena->blocks = block;
		arena->size = size;
		at = 0;
	}
	arena->used = at + bytes;
	return arena->blocks->bytes + at;
}

void *
tbl_arena_alloc(struct tbl_arena *arena, size_t bytes)
{
	return take(arena, bytes, alignof(max_align_t));
}

void *
tbl_arena_bytes(struct tbl_arena *arena, const void *bytes, size_t cnt)
{
	void *copy = take(arena, cnt, 1);

	if (copy != NULL && cnt != 0) {
		memcpy(copy, bytes, cnt);
	}
	return copy;
}

void
tbl_arena_free(struct tbl_arena *arena)
{
	while (arena->blocks != NULL) {
		struct tbl_arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	memset(arena, 0, sizeof(*arena));
}

void *
tbl_vec_add(struct tbl_vec *vec, size_t cnt)
{
	uint8_t *first;

	if (vec->items == NULL || cnt > vec->cap - vec->cnt) {
		size_t cap = vec->cap * 2 > vec->cnt + cnt ? vec->cap * 2 : vec->cnt + cnt;
		void *items;

		cap = cap > 64 ? cap : 64;
		items = reallocarray(vec->items, cap, vec->elem_bytes);
		if (items == NULL) {
			return NULL;
		}
		vec->items = items;
		vec->cap = cap;
	}
	first = (uint8_t *)vec->items + vec->cnt * vec->elem_bytes;
	memset(first, 0, cnt * vec->elem_bytes);
	vec->cnt += cnt;
	return first;
}

void
tbl_vec_free(struct tbl_vec *vec)
{
	free(vec->items);
	vec->items = NULL;
	vec->cnt = 0;
	vec->cap = 0;
}

static void
move_slots(const struct tbl_map *from, struct tbl_map *to)
{
	for (uint64_t i = 0; from->slots != NULL && i <= from->mask; i++) {
		uint64_t at = from->slots[i].hash & to->mask;

		if (is_tbl_map_free(&from->slots[i])) {
			continue;
		}
		while (!is_tbl_map_free(&to->slots[at])) {
			at = (at + 1) & to->mask;
		}
		to->slots[at] = from->slots[i];
	}
}

int
tbl_map_reserve(struct tbl_map *map)
{
	uint64_t size = map->slots == NULL ? 0 : map->mask + 1;
	struct tbl_map grown = { .cnt = map->cnt };

	if (map->cnt + 1 <= size / 4 * 3) {
		return 0;
	}
	size = size == 0 ? MAP_SLOTS_MIN : size * 2;
	grown.mask = size - 1;
	grown.slots = reallocarray(NULL, size, sizeof(*grown.slots));
	if (grown.slots == NULL) {
		return -ENOMEM;
	}
	/* Every byte 0xff makes every index UINT32_MAX. */
	memset(grown.slots, 0xff, size * sizeof(*grown.slots));
	move_slots(map, &grown);
	free(map->slots);
	*map = grown;
	return 0;
}

void
tbl_map_free(struct tbl_map *map)
{
	free(map->slots);
	memset(map, 0, sizeof(*map));
}
