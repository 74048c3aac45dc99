/*
 * Which version of each zone is served. A zone that was fine and is broken now stays in its last
 * good version; a book therefore holds zones of several loads, and keeps each load alive as long
 * as one of its zones is in a book.
 *
 * Threads:   one owner at a time; a book is not changed after cp_book_merge made it.
 * Memory:    cp_book_merge makes, cp_book_free releases; cp_batch is counted.
 * Errors:    -ENOMEM.
 */
#ifndef CONTROL_BOOK_H
#define CONTROL_BOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "control/zones.h"

/* One load of the zones directory, shared by the books that use zones of it. */
struct cp_batch;

/* cp_batch_new takes over `zones`; the caller holds the first reference. NULL when out of memory:
 * `zones` is then freed. */
struct cp_batch *cp_batch_new(struct cp_zones *zones);
void cp_batch_release(struct cp_batch *batch);

enum cp_zone_standing {
	CP_ZONE_FRESH = 0, /* as the files say now */
	CP_ZONE_KEPT,      /* the files have errors; the last good version goes on */
	CP_ZONE_LEFT_OUT,  /* the files have errors and there never was a good version */
	CP_ZONE_DROPPED,   /* was served; its file is gone */
};

/* What ALIAS records were answered with, and the loads that this is of. */
struct cp_memory;

struct cp_book_entry {
	struct cp_zone zone; /* for CP_ZONE_LEFT_OUT and CP_ZONE_DROPPED only the name counts */
	struct cp_batch *batch;
	struct cp_memory *memory; /* holds zone.resolved; both are NULL together */
	enum cp_zone_standing standing;
};

struct cp_book {
	struct cp_book_entry *entries; /* by name */
	size_t cnt;
};

/* is_cp_zone_served: is this entry part of the table made from the book? */
bool is_cp_zone_served(const struct cp_book_entry *entry);

/* cp_book_merge makes the next book from a fresh load and the book served so far (NULL: none). A
 * zone the load has without errors is taken from it, unless `is_refused` (cnt of the load's zones;
 * NULL: none is) says that it could not be compiled. */
int cp_book_merge(const struct cp_book *served, struct cp_batch *batch, const bool *is_refused,
		struct cp_book **ret_book);
void cp_book_free(struct cp_book *book);

/* cp_book_zones lists the served zones for cp_compile(); *ret_zones borrows from the book, its
 * items are the caller's (free()). */
int cp_book_zones(const struct cp_book *book, struct cp_zones *ret_zones);

/* cp_book_remember takes over what cp_alias_expand() made of cp_book_zones(): should a zone be kept
 * later on, and its ALIAS records lead nowhere by then, they go on with the addresses they have now.
 * Returns 0 or -ENOMEM; `expanded` is the book's in either case. */
int cp_book_remember(struct cp_book *book, struct cp_zones *expanded);

/* cp_batch_zones: what the load holds. */
const struct cp_zones *cp_batch_zones(const struct cp_batch *batch);

#endif
