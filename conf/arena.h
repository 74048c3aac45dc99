/*
 * Memory that is released all at once: a document or a zone set allocates thousands of small
 * things that live exactly as long as it does.
 *
 * Threads:   an arena belongs to one caller.
 * Memory:    conf_arena_new/_free; what the arena hands out lives until conf_arena_free.
 * Errors:    NULL when memory is out; what was handed out before stays valid.
 */
#ifndef CONF_ARENA_H
#define CONF_ARENA_H

#include <stddef.h>

struct conf_arena;

struct conf_arena *conf_arena_new(void);
void conf_arena_free(struct conf_arena *arena);

/* conf_arena_alloc: `cnt` zeroed elements of `bytes` each, aligned for any type; NULL also when
 * the product overflows. cnt 0 gives a valid pointer to nothing. */
void *conf_arena_alloc(struct conf_arena *arena, size_t cnt, size_t bytes);

/* conf_arena_copy: bytes[0..len) with a NUL behind them, not aligned. */
char *conf_arena_copy(struct conf_arena *arena, const void *bytes, size_t len);
char *conf_arena_printf(struct conf_arena *arena, const char *format, ...)
		__attribute__((format(printf, 2, 3)));

#endif
