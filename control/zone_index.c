#include "control/zone_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/name.h"

#include "conf/arena.h"
#include "control/rdata.h"

/* A name from the root down: its labels in reverse, each with its length before it. A name's key
 * then begins with the keys of all names above it, and sorted keys keep every subtree together. */
struct key {
	uint8_t bytes[TBL_NAME_MAX + 2]; /* room for "*" below the encloser of any name */
	uint8_t len;
	uint8_t label_cnt;
	uint8_t ends[TBL_LABELS_MAX + 1]; /* ends[i]: length of the topmost i labels */
};

/* One zone; its records are sorted when it is first searched. */
struct slot {
	struct key apex;
	size_t zone;
	struct cp_indexed *records;
	size_t cnt;
};

struct cp_zone_index {
	const struct cp_zones *zones;
	struct conf_arena *arena;
	struct slot *slots; /* by apex key */
	size_t cnt;
};

static void
make_key(const uint8_t *wire, struct key *ret_key)
{
	uint8_t offs[TBL_LABELS_MAX];
	uint8_t label_cnt = 0;
	uint8_t at = 0;

	for (; wire[at] != 0; at = (uint8_t)(at + wire[at] + 1)) {
		offs[label_cnt++] = at;
	}
	ret_key->len = 0;
	ret_key->label_cnt = label_cnt;
	ret_key->ends[0] = 0;
	for (uint8_t i = 0; i < label_cnt; i++) {
		const uint8_t *label = wire + offs[label_cnt - 1 - i];

		memcpy(ret_key->bytes + ret_key->len, label, label[0] + 1u);
		ret_key->len = (uint8_t)(ret_key->len + label[0] + 1);
		ret_key->ends[i + 1] = ret_key->len;
	}
}

static int
compare_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

static int
compare_slots(const void *a, const void *b)
{
	const struct slot *x = a;
	const struct slot *y = b;

	return compare_bytes(x->apex.bytes, x->apex.len, y->apex.bytes, y->apex.len);
}

static int
compare_indexed(const void *a, const void *b)
{
	const struct cp_indexed *x = a;
	const struct cp_indexed *y = b;
	int order = compare_bytes(x->key, x->key_len, y->key, y->key_len);

	return order != 0 ? order : (int)x->record->type - (int)y->record->type;
}

int
cp_zone_index_new(const struct cp_zones *zones, struct cp_zone_index **ret_index)
{
	struct cp_zone_index *index = calloc(1, sizeof(*index));

	if (index == NULL) {
		return -ENOMEM;
	}
	index->zones = zones;
	index->arena = conf_arena_new();
	index->slots = calloc(zones->cnt + 1, sizeof(*index->slots));
	index->cnt = zones->cnt;
	if (index->arena == NULL || index->slots == NULL) {
		cp_zone_index_free(index);
		return -ENOMEM;
	}
	for (size_t i = 0; i < zones->cnt; i++) {
		index->slots[i].zone = i;
		make_key(zones->items[i].apex, &index->slots[i].apex);
	}
	qsort(index->slots, index->cnt, sizeof(*index->slots), compare_slots);
	*ret_index = index;
	return 0;
}

void
cp_zone_index_free(struct cp_zone_index *index)
{
	if (index != NULL) {
		for (size_t i = 0; index->slots != NULL && i < index->cnt; i++) {
			free(index->slots[i].records);
		}
		conf_arena_free(index->arena);
		free(index->slots);
		free(index);
	}
}

static int
sort_zone(struct cp_zone_index *index, struct slot *slot)
{
	const struct cp_zone *zone = &index->zones->items[slot->zone];
	struct key key;

	if (slot->records != NULL) {
		return 0;
	}
	slot->records = calloc(zone->record_cnt + 1, sizeof(*slot->records));
	if (slot->records == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < zone->record_cnt; i++) {
		struct cp_indexed *indexed = &slot->records[i];

		make_key(zone->records[i].owner, &key);
		indexed->key = (uint8_t *)conf_arena_copy(index->arena, key.bytes, key.len);
		if (indexed->key == NULL) {
			free(slot->records);
			slot->records = NULL;
			return -ENOMEM;
		}
		indexed->key_len = key.len;
		indexed->record = &zone->records[i];
	}
	slot->cnt = zone->record_cnt;
	qsort(slot->records, slot->cnt, sizeof(*slot->records), compare_indexed);
	return 0;
}

static struct slot *
find_slot(const struct cp_zone_index *index, const struct key *name)
{
	struct slot wanted = { .apex = *name };

	for (unsigned int i = name->label_cnt + 1u; i-- > 0;) {
		struct slot *found = NULL;

		wanted.apex.len = name->ends[i];
		found = bsearch(&wanted, index->slots, index->cnt, sizeof(*index->slots),
				compare_slots);
		if (found != NULL) {
			return found;
		}
	}
	return NULL;
}

/* has_node: the records of a name, and whether the name exists at all: as an owner or as an empty
 * non-terminal above one. */
static bool
has_node(const struct slot *slot, const uint8_t *key, uint8_t len, struct cp_found *found)
{
	size_t low = 0;
	size_t high = slot->cnt;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct cp_indexed *at = &slot->records[middle];

		if (compare_bytes(at->key, at->key_len, key, len) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	found->records = &slot->records[low];
	found->cnt = 0;
	while (low + found->cnt < slot->cnt && found->records[found->cnt].key_len == len &&
			memcmp(found->records[found->cnt].key, key, len) == 0) {
		found->cnt++;
	}
	return low < slot->cnt && slot->records[low].key_len >= len &&
	       memcmp(slot->records[low].key, key, len) == 0;
}

static void
find_wildcard(const struct slot *slot, struct key *name, uint8_t encloser, struct cp_found *found)
{
	uint8_t len = name->ends[encloser];

	name->bytes[len] = 1;
	name->bytes[len + 1] = '*';
	found->is_wildcard = has_node(slot, name->bytes, (uint8_t)(len + 2), found);
	found->finding = !found->is_wildcard                        ? CP_NO_NAME
	                 : cp_found_type(found, CP_TYPE_NS) != NULL ? CP_FOUND_CUT
	                                                            : CP_FOUND;
}

static void
find_in_zone(const struct slot *slot, struct key *name, struct cp_found *found)
{
	for (uint8_t i = slot->apex.label_cnt; i <= name->label_cnt; i++) {
		bool is_apex = i == slot->apex.label_cnt;

		if (!has_node(slot, name->bytes, name->ends[i], found) && !is_apex) {
			find_wildcard(slot, name, (uint8_t)(i - 1), found);
			return;
		}
		if (!is_apex && cp_found_type(found, CP_TYPE_NS) != NULL) {
			found->finding = CP_FOUND_CUT;
			return;
		}
		if (i < name->label_cnt && cp_found_type(found, CP_TYPE_DNAME) != NULL) {
			found->finding = CP_FOUND_DNAME;
			return;
		}
	}
	found->finding = CP_FOUND;
}

int
cp_zone_index_find(struct cp_zone_index *index, const uint8_t *name, struct cp_found *ret_found)
{
	struct cp_found found = { .finding = CP_NO_ZONE };
	struct slot *slot = NULL;
	struct key key;

	make_key(name, &key);
	slot = find_slot(index, &key);
	if (slot != NULL) {
		int rc = sort_zone(index, slot);

		if (rc != 0) {
			return rc;
		}
		found.zone = slot->zone;
		find_in_zone(slot, &key, &found);
	}
	*ret_found = found;
	return 0;
}

const struct cp_record *
cp_found_type(const struct cp_found *found, uint16_t type)
{
	for (size_t i = 0; i < found->cnt; i++) {
		if (found->records[i].record->type == type) {
			return found->records[i].record;
		}
	}
	return NULL;
}
