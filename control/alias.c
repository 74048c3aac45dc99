#include "control/alias.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/name.h"

#include "control/alias_impl.h"
#include "control/rdata.h"

/* What one ALIAS becomes. */
struct made {
	const struct cp_record *records[2]; /* A, AAAA; NULL: none */
	uint32_t ttl_s;
};

struct expansion {
	const struct cp_zones *zones;
	bool *is_refused;
	struct conf_errors *errors;
	struct conf_arena *arena;
	struct cp_zone_index *index;
	struct cp_zone *items;
	bool *is_remembered;        /* per zone: answered as it was last served */
	const struct cp_zone *zone; /* being expanded */
};

static size_t
alias_cnt_of(const struct cp_zone *zone)
{
	size_t cnt = 0;

	for (size_t i = 0; i < zone->record_cnt; i++) {
		cnt += zone->records[i].type == CP_TYPE_ALIAS;
	}
	return cnt;
}

static int
follow(struct expansion *expansion, const struct cp_record *alias, struct made *made)
{
	struct cp_chase chase = { .index = expansion->index,
		.zones = expansion->zones,
		.is_refused = expansion->is_refused,
		.arena = expansion->arena,
		.seen_cnt = 1,
		.ttl_s = alias->ttl_s };
	struct cp_record *pools[2] = { NULL, NULL };
	int rc = 0;

	memcpy(chase.seen[0], alias->values[0].bytes, alias->values[0].size);
	rc = cp_chase_run(&chase);
	if (rc == 0 && chase.cname != NULL) {
		rc = cp_chase_pools(&chase, CP_TYPE_A, &pools[0]);
		rc = rc == 0 ? cp_chase_pools(&chase, CP_TYPE_AAAA, &pools[1]) : rc;
		chase.a = pools[0];
		chase.aaaa = pools[1];
		if (rc == 0 && chase.a == NULL && chase.aaaa == NULL) {
			rc = cp_chase_fail(&chase, chase.cname->owner,
					"leads to neither A nor AAAA records");
		}
	}
	if (rc == -EINVAL) {
		bool is_remembered = expansion->zone->resolved != NULL;

		conf_error_add(expansion->errors, is_remembered ? CONF_WARNING : CONF_ERROR,
				alias->file, alias->line, alias->col,
				"ALIAS %s to \"%s\" has no answer: %s%s", alias->fqdn,
				alias->texts[0], chase.reason,
				is_remembered ? "; it is answered as before" : "");
	}
	made->records[0] = chase.a;
	made->records[1] = chase.aaaa;
	made->ttl_s = chase.ttl_s;
	return rc;
}

/* add_made puts the addresses where the ALIAS was. Beside an address record, which only a lenient
 * zone has, what is written stands. */
static int
add_made(const struct expansion *expansion, const struct cp_record *alias, const struct made *made,
		struct cp_zone *zone)
{
	struct cp_found beside;
	int rc = cp_zone_index_find(expansion->index, alias->owner, &beside);

	for (size_t i = 0; rc == 0 && i < 2; i++) {
		const struct cp_record *from = made->records[i];
		struct cp_record *record = &zone->records[zone->record_cnt];

		if (from == NULL || cp_found_type(&beside, i == 0 ? CP_TYPE_A : CP_TYPE_AAAA)) {
			continue;
		}
		*record = *alias;
		record->type = i == 0 ? CP_TYPE_A : CP_TYPE_AAAA;
		record->ttl_s = made->ttl_s < from->ttl_s ? made->ttl_s : from->ttl_s;
		record->values = from->values;
		record->texts = from->texts;
		record->value_cnt = from->value_cnt;
		record->dynamic = from->dynamic;
		zone->record_cnt++;
	}
	return rc;
}

/* expand_zone fills `zone`, which begins as a copy of `source`; all its ALIAS records are tried, so
 * that all errors are told. Returns -EINVAL after some. */
static int
expand_zone(struct expansion *expansion, const struct cp_zone *source, struct cp_zone *zone)
{
	size_t alias_cnt = alias_cnt_of(source);
	int worst = 0;

	if (alias_cnt == 0) {
		return 0;
	}
	zone->record_cnt = 0;
	zone->records = conf_arena_alloc(
			expansion->arena, source->record_cnt + alias_cnt, sizeof(*zone->records));
	if (zone->records == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < source->record_cnt; i++) {
		const struct cp_record *record = &source->records[i];
		struct made made;
		int rc = 0;

		if (record->type != CP_TYPE_ALIAS) {
			zone->records[zone->record_cnt++] = *record;
			continue;
		}
		rc = follow(expansion, record, &made);
		if (rc == 0) {
			rc = add_made(expansion, record, &made, zone);
		}
		if (rc == -ENOMEM) {
			return rc;
		}
		worst = rc != 0 ? rc : worst;
	}
	return worst;
}

/* expand_round expands every zone that is not refused. One that comes to be so may be where another
 * one's ALIAS led: *ret_is_done says that none did. */
static int
expand_round(struct expansion *expansion, bool *ret_is_done)
{
	*ret_is_done = true;
	for (size_t i = 0; i < expansion->zones->cnt; i++) {
		int rc = 0;

		if (expansion->is_remembered[i]) {
			continue;
		}
		expansion->zone = &expansion->zones->items[i];
		expansion->items[i] = *expansion->zone;
		if (expansion->is_refused[i]) {
			continue;
		}
		rc = expand_zone(expansion, expansion->zone, &expansion->items[i]);
		if (rc == -ENOMEM) {
			return rc;
		}
		if (rc != 0 && expansion->zone->resolved != NULL) {
			expansion->is_remembered[i] = true;
			expansion->items[i] = *expansion->zone->resolved;
		} else if (rc != 0) {
			expansion->is_refused[i] = true;
			*ret_is_done = false;
		}
	}
	return 0;
}

int
cp_alias_expand(const struct cp_zones *zones, bool *is_refused, struct conf_errors *errors,
		struct cp_zones *ret_zones, size_t *ret_cnt)
{
	struct expansion expansion = {
		.zones = zones, .errors = errors, .arena = conf_arena_new()
	};
	size_t alias_cnt = 0;
	bool is_done = false;
	int rc = -ENOMEM;

	expansion.is_refused = is_refused;
	if (expansion.arena != NULL) {
		expansion.items = conf_arena_alloc(
				expansion.arena, zones->cnt, sizeof(*expansion.items));
		expansion.is_remembered =
				conf_arena_alloc(expansion.arena, zones->cnt, sizeof(bool));
	}
	if (expansion.items == NULL || expansion.is_remembered == NULL) {
		goto out_free;
	}
	for (size_t i = 0; i < zones->cnt; i++) {
		alias_cnt += alias_cnt_of(&zones->items[i]);
	}
	rc = alias_cnt > 0 ? cp_zone_index_new(zones, &expansion.index) : 0;
	while (rc == 0 && !is_done) {
		rc = expand_round(&expansion, &is_done); /* each one more refuses a zone */
	}
	cp_zone_index_free(expansion.index);
out_free:
	if (rc != 0) {
		conf_arena_free(expansion.arena);
		return rc;
	}
	*ret_zones = (struct cp_zones){
		.items = expansion.items, .cnt = zones->cnt, .arena = expansion.arena
	};
	*ret_cnt = alias_cnt;
	return 0;
}

void
cp_alias_free(struct cp_zones *zones)
{
	conf_arena_free(zones->arena);
	*zones = (struct cp_zones){ 0 };
}
