/*
 * A dynamic CNAME as the target of an ALIAS: its pools hold names, and the record that takes its place
 * holds the addresses behind them, drawn and probed as the names would be.
 */
#include <errno.h>
#include <string.h>

#include "control/alias_impl.h"
#include "control/rdata.h"

/* The addresses behind one name of a pool. */
struct branch {
	const struct cp_record *record; /* NULL: it has none of this type */
	const struct cp_value *name;
};

/* One pool on its way, and whether any name has addresses, or has none. */
struct merge {
	struct cp_chase *chase;
	uint16_t type;
	bool has_some;
	bool has_none;
	const uint8_t *bare; /* a name without any */
};

static const struct cp_record *
record_of(const struct cp_chase *chase, uint16_t type)
{
	return type == CP_TYPE_A ? chase->a : chase->aaaa;
}

/* follow_name finds the static addresses behind a name. Where these would differ by client again,
 * one record cannot say both. */
static int
follow_name(struct merge *merge, const uint8_t *name, const struct cp_record **ret_record)
{
	struct cp_chase *chase = merge->chase;
	struct cp_chase branch = { .index = chase->index,
		.zones = chase->zones,
		.is_refused = chase->is_refused,
		.arena = chase->arena,
		.seen_cnt = 1,
		.ttl_s = chase->ttl_s };
	const struct cp_record *record = NULL;
	int rc = 0;

	memcpy(branch.seen[0], name, tbl_name_lower(name, branch.seen[0]));
	rc = cp_chase_run(&branch);
	if (rc == -EINVAL) {
		memcpy(chase->reason, branch.reason, sizeof(chase->reason));
	}
	if (rc != 0) {
		return rc;
	}
	record = record_of(&branch, merge->type);
	if (branch.cname != NULL || (record != NULL && record->dynamic != NULL)) {
		return cp_chase_fail(chase, branch.seen[branch.seen_cnt - 1],
				"is dynamic, behind the dynamic CNAME %s: an ALIAS can follow only "
				"one of them",
				chase->cname->fqdn);
	}
	if (record != NULL) {
		chase->ttl_s = branch.ttl_s < record->ttl_s ? branch.ttl_s : record->ttl_s;
		merge->has_some = true;
	} else {
		merge->has_none = true;
		merge->bare = name;
	}
	*ret_record = record;
	return 0;
}

static uint64_t
greatest_divisor(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* A name drawn with weight w that has k addresses is k values of weight w / k each; brought to whole
 * numbers from 1 to 100. Returns what all weights are to be multiplied with, over *ret_divisor. */
static int
find_scale(const struct branch *branches, uint32_t cnt, uint64_t *ret_scale, uint64_t *ret_divisor)
{
	uint64_t scale = 1;
	uint64_t divisor = 0;
	uint64_t max = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		uint64_t addresses = branches[i].record->value_cnt;

		scale = scale / greatest_divisor(scale, addresses) * addresses;
		/* 100 values of weight 1 to 100 need no more to be told apart. */
		if (scale > 1000000) {
			return -ERANGE;
		}
	}
	for (uint32_t i = 0; i < cnt; i++) {
		uint64_t weight = branches[i].name->weight * scale / branches[i].record->value_cnt;

		divisor = greatest_divisor(weight, divisor);
		max = weight > max ? weight : max;
	}
	*ret_scale = scale;
	*ret_divisor = divisor;
	return divisor > 0 && max / divisor <= 100 ? 0 : -ERANGE;
}

static int
merge_values(struct cp_chase *chase, const struct branch *branches, uint32_t cnt,
		struct cp_pool *pool)
{
	uint64_t scale = 0;
	uint64_t divisor = 0;
	uint32_t value_cnt = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		value_cnt += branches[i].record->value_cnt;
	}
	if (value_cnt > TBL_RRSET_RECORDS_MAX || find_scale(branches, cnt, &scale, &divisor) != 0) {
		return cp_chase_fail(chase, chase->cname->owner,
				"is a dynamic CNAME whose pool \"%s\" has too many addresses "
				"behind "
				"its names to keep their weights",
				pool->name);
	}
	pool->values = conf_arena_alloc(chase->arena, value_cnt, sizeof(*pool->values));
	if (pool->values == NULL) {
		return -ENOMEM;
	}
	pool->value_cnt = 0;
	for (uint32_t i = 0; i < cnt; i++) {
		const struct cp_record *record = branches[i].record;
		const struct cp_value *name = branches[i].name;

		for (uint32_t k = 0; k < record->value_cnt; k++) {
			pool->values[pool->value_cnt++] = (struct cp_value){
				.rdata = record->values[k],
				.text = record->texts[k],
				.probed = name->text,
				.weight = (uint16_t)(name->weight * scale / record->value_cnt /
						     divisor),
				.status = name->status,
			};
		}
	}
	return 0;
}

static int
merge_pool(struct merge *merge, const struct cp_pool *names, struct cp_pool *pool)
{
	struct conf_arena *arena = merge->chase->arena;
	struct branch *branches = conf_arena_alloc(arena, names->value_cnt, sizeof(*branches));
	uint32_t cnt = 0;

	if (branches == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < names->value_cnt; i++) {
		struct branch *branch = &branches[cnt];
		int rc = follow_name(merge, names->values[i].rdata.bytes, &branch->record);

		if (rc != 0) {
			return rc;
		}
		branch->name = &names->values[i];
		cnt += branch->record != NULL;
	}
	*pool = *names;
	return cnt > 0 ? merge_values(merge->chase, branches, cnt, pool) : 0;
}

int
cp_chase_pools(struct cp_chase *chase, uint16_t type, struct cp_record **ret_record)
{
	const struct cp_dynamic *names = chase->cname->dynamic;
	struct merge merge = { .chase = chase, .type = type };
	struct cp_record *record = conf_arena_alloc(chase->arena, 1, sizeof(*record));
	struct cp_dynamic *dynamic = conf_arena_alloc(chase->arena, 1, sizeof(*dynamic));
	const struct cp_record *last_resort = NULL;
	int rc = 0;

	if (record == NULL || dynamic == NULL) {
		return -ENOMEM;
	}
	*dynamic = *names;
	dynamic->pools = conf_arena_alloc(chase->arena, names->pool_cnt, sizeof(*dynamic->pools));
	if (dynamic->pools == NULL) {
		return -ENOMEM;
	}
	rc = follow_name(&merge, chase->cname->values[0].bytes, &last_resort);
	for (uint32_t i = 0; rc == 0 && i < names->pool_cnt; i++) {
		rc = merge_pool(&merge, &names->pools[i], &dynamic->pools[i]);
	}
	if (rc != 0) {
		return rc;
	}
	if (!merge.has_some) {
		*ret_record = NULL;
		return 0;
	}
	/* Leaving out such a name would send its clients elsewhere. */
	if (merge.has_none || last_resort == NULL) {
		return cp_chase_fail(chase, merge.bare,
				"has no %s record, while other names of the dynamic CNAME %s have",
				type == CP_TYPE_A ? "A" : "AAAA", chase->cname->fqdn);
	}
	*record = *last_resort;
	record->dynamic = dynamic;
	*ret_record = record;
	return 0;
}
