#include "conf/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A block serves a few hundred nodes: large enough that malloc does not show in a profile, small
 * enough that a ten-line file does not cost a megabyte. */
#define BLOCK_BYTES 16384u

struct block {
	struct block *next;
	alignas(max_align_t) char bytes[];
};
struct conf_arena {
	struct block *blocks;
	char *free_at;
	size_t left;
};

struct conf_arena *
conf_arena_new(void)
{
	return calloc(1, sizeof(struct conf_arena));
}

void
conf_arena_free(struct conf_arena *arena)
{
	struct block *block = arena != NULL ? arena->blocks : NULL;

	while (block != NULL) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
	free(arena);
}

static struct block *
add_block(struct conf_arena *arena, size_t bytes)
{
	struct block *block = NULL;

	if (bytes > SIZE_MAX - sizeof(*block)) {
		return NULL;
	}
	block = calloc(1, sizeof(*block) + bytes);
	if (block != NULL) {
		block->next = arena->blocks;
		arena->blocks = block;
	}
	return block;
}

void *
conf_arena_alloc(struct conf_arena *arena, size_t cnt, size_t bytes)
{
	size_t need = 0;
	struct block *block = NULL;
	void *place = NULL;

	if (__builtin_mul_overflow(cnt, bytes, &need) || need > SIZE_MAX - alignof(max_align_t)) {
		return NULL;
	}
	need = (need + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
	/* A large thing gets a block of its own, so that the rest of the current one is not lost. */
	if (need > BLOCK_BYTES / 4) {
		block = add_block(arena, need);
		return block != NULL ? block->bytes : NULL;
	}
	if (arena->free_at == NULL || need > arena->left) {
		block = add_block(arena, BLOCK_BYTES);
		if (block == NULL) {
			return NULL;
		}
		arena->free_at = block->bytes;
		arena->left = BLOCK_BYTES;
	}
	place = arena->free_at;
	arena->free_at += need;
	arena->left -= need;
	return place;
}

char *
conf_arena_copy(struct conf_arena *arena, const void *bytes, size_t len)
{
	char *copy = len < SIZE_MAX ? conf_arena_alloc(arena, len + 1, 1) : NULL;

	if (copy != NULL && len > 0) {
		memcpy(copy, bytes, len);
	}
	return copy;
}

char *
conf_arena_printf(struct conf_arena *arena, const char *format, ...)
{
	char *text = NULL;
	int len = 0;
	va_list args;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0) {
		return NULL;
	}
	text = conf_arena_alloc(arena, (size_t)len + 1, 1);
	if (text != NULL) {
		va_start(args, format);
		(void)vsnprintf(text, (size_t)len + 1, format, args);
		va_end(args);
	}
	return text;
}
