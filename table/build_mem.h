/*
 * What the builder keeps its data in: an arena for inputs, growable arrays that become sections,
 * and a map from a 64-bit hash to an index, for everything stored once.
 *
 * Threads:   as the builder: one.
 * Memory:    each structure begins as zero bytes and is released whole by its _free.
 * Errors:    NULL or -ENOMEM when memory ends, the structure unchanged.
 */
#ifndef TABLE_BUILD_MEM_H
#define TABLE_BUILD_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tbl_arena_block;
struct tbl_arena {
	struct tbl_arena_block *blocks;
	size_t used; /* of blocks[0] */
	size_t size;
};
/* tbl_arena_alloc returns zeroed bytes aligned for any type; tbl_arena_bytes unaligned copies. */
void *tbl_arena_alloc(struct tbl_arena *arena, size_t bytes);
void *tbl_arena_bytes(struct tbl_arena *arena, const void *bytes, size_t cnt);
void tbl_arena_free(struct tbl_arena *arena);

/* An array of elem_bytes elements; set elem_bytes before the first use. */
struct tbl_vec {
	void *items;
	size_t cnt;
	size_t cap;
	size_t elem_bytes;
};
/* tbl_vec_add appends cnt zeroed elements and returns the first; earlier pointers become invalid. */
void *tbl_vec_add(struct tbl_vec *vec, size_t cnt);
void tbl_vec_free(struct tbl_vec *vec);

/* Open addressing, at most three quarters full. The caller compares what the index stands for. */
struct tbl_map_slot {
	uint64_t hash;
	uint32_t index; /* UINT32_MAX: free */
};
struct tbl_map {
	struct tbl_map_slot *slots;
	uint64_t mask;
	size_t cnt;
};
/* tbl_map_reserve makes room for one more entry; then tbl_map_first/_next walk the candidates for
 * a hash and end at a free slot, which tbl_map_fill takes:
 *   for (slot = tbl_map_first(map, hash); !is_tbl_map_free(slot); slot = tbl_map_next(...)) */
int tbl_map_reserve(struct tbl_map *map);
void tbl_map_free(struct tbl_map *map);

static inline bool
is_tbl_map_free(const struct tbl_map_slot *slot)
{
	return slot->index == UINT32_MAX;
}

/* tbl_map_match skips slots of other hashes from `slot` on. */
static inline struct tbl_map_slot *
tbl_map_match(const struct tbl_map *map, struct tbl_map_slot *slot, uint64_t hash)
{
	while (!is_tbl_map_free(slot) && slot->hash != hash) {
		slot = &map->slots[(uint64_t)(slot - map->slots + 1) & map->mask];
	}
	return slot;
}

static inline struct tbl_map_slot *
tbl_map_first(const struct tbl_map *map, uint64_t hash)
{
	return tbl_map_match(map, &map->slots[hash & map->mask], hash);
}

static inline struct tbl_map_slot *
tbl_map_next(const struct tbl_map *map, struct tbl_map_slot *slot, uint64_t hash)
{
	return tbl_map_match(map, &map->slots[(uint64_t)(slot - map->slots + 1) & map->mask], hash);
}

/* tbl_map_end: where an entry goes that the caller knows is not there. */
static inline struct tbl_map_slot *
tbl_map_end(const struct tbl_map *map, uint64_t hash)
{
	struct tbl_map_slot *slot = &map->slots[hash & map->mask];

	while (!is_tbl_map_free(slot)) {
		slot = &map->slots[(uint64_t)(slot - map->slots + 1) & map->mask];
	}
	return slot;
}

static inline void
tbl_map_fill(struct tbl_map *map, struct tbl_map_slot *slot, uint64_t hash, uint32_t index)
{
	slot->hash = hash;
	slot->index = index;
	map->cnt++;
}

#endif
