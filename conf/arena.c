#include "conf/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first block serves a few hundred nodes, so that a ten-line file does not cost a megabyte; each
 * further one is twice as large, so that malloc does not show in the profile of a large zone. Past
 * 1 MiB that gains nothing, and half a block may stay unused. */
#define BLOCK_BYTES_MIN 16384u
#define BLOCK_BYTES_MAX (1u << 20)
/* A larger thing gets a block of its own, so that the rest of the current one is not lost. */
#define SHARED_BYTES_MAX (BLOCK_BYTES_MIN / 4)

struct block {
	struct block *next;
	alignas(max_align_t) char bytes[];
};
/* Structures are taken from the front of the current block, aligned; bytes that need no alignment
 * from its back, packed. */
struct conf_arena {
	struct block *blocks;
	char *front;
	size_t left;
	size_t block_bytes; /* of the current block */
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

/* is_ready: the current block, or a new one, has room for `need` bytes. */
static bool
is_ready(struct conf_arena *arena, size_t need)
{
	size_t bytes = arena->block_bytes == 0                ? BLOCK_BYTES_MIN
	               : arena->block_bytes < BLOCK_BYTES_MAX ? arena->block_bytes * 2
	                                                      : BLOCK_BYTES_MAX;
	struct block *block = NULL;

	if (arena->front != NULL && need <= arena->left) {
		return true;
	}
	block = add_block(arena, bytes);
	if (block == NULL) {
		return false;
	}
	arena->front = block->bytes;
	arena->left = bytes;
	arena->block_bytes = bytes;
	return true;
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
	if (need > SHARED_BYTES_MAX) {
		block = add_block(arena, need);
		return block != NULL ? block->bytes : NULL;
	}
	need = (need + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
	if (!is_ready(arena, need)) {
		return NULL;
	}
	place = arena->front;
	arena->front += need;
	arena->left -= need;
	return place;
}

char *
conf_arena_copy(struct conf_arena *arena, const void *bytes, size_t len)
{
	struct block *block = NULL;
	char *copy = NULL;

	if (len >= SHARED_BYTES_MAX) {
		block = len < SIZE_MAX ? add_block(arena, len + 1) : NULL;
		copy = block != NULL ? block->bytes : NULL;
	} else if (is_ready(arena, len + 1)) {
		arena->left -= len + 1;
		copy = arena->front + arena->left;
	}
	if (copy != NULL && len > 0) {
		memcpy(copy, bytes, len);
	}
	return copy;
}

char *
conf_arena_printf(struct conf_arena *arena, const char *format, ...)
{
	char short_text[256]; /* most are names: formatted once */
	char *text = NULL;
	int len = 0;
	va_list args;

	va_start(args, format);
	len = vsnprintf(short_text, sizeof(short_text), format, args);
	va_end(args);
	if (len < 0) {
		return NULL;
	}
	if ((size_t)len < sizeof(short_text)) {
		return conf_arena_copy(arena, short_text, (size_t)len);
	}
	text = conf_arena_alloc(arena, (size_t)len + 1, 1);
	if (text != NULL) {
		va_start(args, format);
		(void)vsnprintf(text, (size_t)len + 1, format, args);
		va_end(args);
	}
	return text;
}
