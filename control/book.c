#include "control/book.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/alias.h"

struct cp_batch {
	struct cp_zones *zones;
	size_t holder_cnt;
};

/* Expanded zones borrow from the loads of any of the book's zones, so their memory holds all of them. */
struct cp_memory {
	struct cp_zones zones;
	struct cp_batch **batches;
	size_t batch_cnt;
	size_t holder_cnt;
};

struct cp_batch *
cp_batch_new(struct cp_zones *zones)
{
	struct cp_batch *batch = calloc(1, sizeof(*batch));

	if (batch == NULL) {
		cp_zones_free(zones);
		return NULL;
	}
	batch->zones = zones;
	batch->holder_cnt = 1;
	return batch;
}

void
cp_batch_release(struct cp_batch *batch)
{
	if (batch != NULL && --batch->holder_cnt == 0) {
		cp_zones_free(batch->zones);
		free(batch);
	}
}

static void
release_memory(struct cp_memory *memory)
{
	if (memory == NULL || --memory->holder_cnt > 0) {
		return;
	}
	cp_alias_free(&memory->zones);
	for (size_t i = 0; i < memory->batch_cnt; i++) {
		cp_batch_release(memory->batches[i]);
	}
	free(memory->batches);
	free(memory);
}

const struct cp_zones *
cp_batch_zones(const struct cp_batch *batch)
{
	return batch->zones;
}

bool
is_cp_zone_served(const struct cp_book_entry *entry)
{
	return entry->standing == CP_ZONE_FRESH || entry->standing == CP_ZONE_KEPT;
}

static void
add_entry(struct cp_book *book, const struct cp_zone *zone, struct cp_batch *batch,
		enum cp_zone_standing standing)
{
	/* An entry's name must outlive the load it came from, so every entry holds its batch. */
	batch->holder_cnt++;
	book->entries[book->cnt++] = (struct cp_book_entry){
		.zone = *zone,
		.batch = batch,
		.standing = standing,
	};
}

static void
add_loaded(struct cp_book *book, const struct cp_zone *zone, struct cp_batch *batch, bool is_good,
		const struct cp_book_entry *old)
{
	if (is_good) {
		add_entry(book, zone, batch, CP_ZONE_FRESH);
	} else if (old != NULL && is_cp_zone_served(old)) {
		add_entry(book, &old->zone, old->batch, CP_ZONE_KEPT);
		if (old->memory != NULL) {
			old->memory->holder_cnt++;
			book->entries[book->cnt - 1].memory = old->memory;
		}
	} else {
		add_entry(book, zone, batch, CP_ZONE_LEFT_OUT);
	}
}

static int
compare_with_old(const struct cp_zones *zones, size_t i, const struct cp_book *served, size_t old)
{
	if (served == NULL || old >= served->cnt) {
		return -1;
	}
	if (i >= zones->cnt) {
		return 1;
	}
	return strcmp(zones->items[i].name, served->entries[old].zone.name);
}

/* Both lists are sorted by name; this is the merge of a merge sort. */
int
cp_book_merge(const struct cp_book *served, struct cp_batch *batch, const bool *is_refused,
		struct cp_book **ret_book)
{
	const struct cp_zones *zones = batch->zones;
	size_t old_cnt = served != NULL ? served->cnt : 0;
	struct cp_book *book = calloc(1, sizeof(*book));
	size_t i = 0;
	size_t old = 0;

	if (book == NULL) {
		return -ENOMEM;
	}
	book->entries = calloc(zones->cnt + old_cnt + 1, sizeof(*book->entries));
	if (book->entries == NULL) {
		free(book);
		return -ENOMEM;
	}
	while (i < zones->cnt || old < old_cnt) {
		int order = compare_with_old(zones, i, served, old);
		const struct cp_book_entry *entry = order >= 0 ? &served->entries[old++] : NULL;

		if (order <= 0) {
			bool is_good = !zones->items[i].has_errors &&
			               (is_refused == NULL || !is_refused[i]);

			add_loaded(book, &zones->items[i], batch, is_good, entry);
			i++;
		} else if (is_cp_zone_served(entry)) {
			add_entry(book, &entry->zone, entry->batch, CP_ZONE_DROPPED);
			book->entries[book->cnt - 1].zone.resolved = NULL;
		}
	}
	*ret_book = book;
	return 0;
}

void
cp_book_free(struct cp_book *book)
{
	if (book == NULL) {
		return;
	}
	for (size_t i = 0; i < book->cnt; i++) {
		cp_batch_release(book->entries[i].batch);
		release_memory(book->entries[i].memory);
	}
	free(book->entries);
	free(book);
}

int
cp_book_zones(const struct cp_book *book, struct cp_zones *ret_zones)
{
	struct cp_zone *items = calloc(book->cnt + 1, sizeof(*items));
	size_t cnt = 0;

	if (items == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < book->cnt; i++) {
		if (is_cp_zone_served(&book->entries[i])) {
			items[cnt++] = book->entries[i].zone;
		}
	}
	*ret_zones = (struct cp_zones){ .items = items, .cnt = cnt };
	return 0;
}

static struct cp_memory *
new_memory(const struct cp_book *book, struct cp_zones *expanded)
{
	struct cp_memory *memory = calloc(1, sizeof(*memory));

	if (memory != NULL) {
		memory->batches = calloc(book->cnt + 1, sizeof(struct cp_batch *));
	}
	if (memory == NULL || memory->batches == NULL) {
		free(memory);
		cp_alias_free(expanded);
		return NULL;
	}
	memory->zones = *expanded;
	memory->holder_cnt = 1;
	/* Neighbours mostly come from one load; holding one more than once does no harm. */
	for (size_t i = 0; i < book->cnt; i++) {
		struct cp_batch *batch = book->entries[i].batch;

		if (!is_cp_zone_served(&book->entries[i])) {
			continue;
		}
		if (memory->batch_cnt > 0 && memory->batches[memory->batch_cnt - 1] == batch) {
			continue;
		}
		batch->holder_cnt++;
		memory->batches[memory->batch_cnt++] = batch;
	}
	return memory;
}

int
cp_book_remember(struct cp_book *book, struct cp_zones *expanded)
{
	struct cp_memory *memory = new_memory(book, expanded);
	size_t at = 0;

	if (memory == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < book->cnt; i++) {
		struct cp_book_entry *entry = &book->entries[i];
		const struct cp_zone *zone = NULL;
		bool is_as_before = false;

		if (!is_cp_zone_served(entry)) {
			continue;
		}
		zone = &memory->zones.items[at++];
		is_as_before = entry->zone.resolved != NULL &&
		               zone->records == entry->zone.resolved->records;
		if (zone->records == entry->zone.records || is_as_before) {
			continue; /* no ALIAS in it; or what it borrows from is held already */
		}
		release_memory(entry->memory);
		memory->holder_cnt++;
		entry->memory = memory;
		entry->zone.resolved = zone;
	}
	release_memory(memory); /* ours: entries hold what they need */
	return 0;
}
