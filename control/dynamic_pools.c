#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/dynamic_impl.h"
#include "control/scalar.h"

int32_t
cp_pool_find(const struct cp_dynamic_draft *draft, const char *name)
{
	uint32_t low = 0;
	uint32_t high = draft->pool_cnt;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = strcmp(draft->pools[middle].name, name);

		if (order == 0) {
			return (int32_t)middle;
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return -1;
}

static int
compare_pools(const void *a, const void *b)
{
	const struct cp_pool_draft *x = a;
	const struct cp_pool_draft *y = b;

	return strcmp(x->name, y->name);
}

static int
collect_pools(struct cp_dynamic_draft *draft, const struct conf_node *pools)
{
	struct conf_arena *arena = draft->reader->arena;

	draft->pools = conf_arena_alloc(arena, pools->mapping.cnt, sizeof(*draft->pools));
	if (draft->pools == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < pools->mapping.cnt; i++) {
		struct cp_pool_draft *pool = &draft->pools[i];
		const struct conf_node *fallback = NULL;

		pool->name = cp_scalar_text(arena, pools->mapping.pairs[i].key);
		pool->node = pools->mapping.pairs[i].value;
		fallback = conf_get(pool->node, "fallback");
		pool->fallback = is_cp_null(fallback) ? NULL : cp_scalar_text(arena, fallback);
		if (pool->name == NULL || (pool->fallback == NULL && !is_cp_null(fallback))) {
			return -ENOMEM;
		}
	}
	draft->pool_cnt = (uint32_t)pools->mapping.cnt;
	qsort(draft->pools, draft->pool_cnt, sizeof(*draft->pools), compare_pools);
	for (uint32_t i = 0; i < draft->pool_cnt; i++) {
		struct cp_pool_draft *pool = &draft->pools[i];

		pool->fallback_at =
				pool->fallback != NULL ? cp_pool_find(draft, pool->fallback) : -1;
	}
	return 0;
}

/* Where a value stands, for messages. */
struct place {
	const struct cp_reader *reader;
	const char *pool;
	size_t number; /* 1-based */
};

static int
read_weight(const struct place *place, const struct conf_node *node, struct cp_value *value)
{
	int64_t weight = 1;
	char *text = NULL;

	value->weight = 1;
	if (node == NULL) {
		return 0;
	}
	if (cp_scalar_int(node, &weight) != 0) {
		text = cp_scalar_text(place->reader->arena, node);
	} else if (weight < 1 || weight > 100) {
		text = conf_arena_printf(place->reader->arena, "%lld", (long long)weight);
	} else {
		value->weight = (uint16_t)weight;
		return 0;
	}
	cp_reason_add(place->reader->reasons, CP_FATAL,
			"invalid weight \"%s\" in pool \"%s\" value %zu", text != NULL ? text : "",
			place->pool, place->number);
	return text != NULL ? 0 : -ENOMEM;
}

const char *
cp_status_name(uint8_t status)
{
	static const char *const names[] = {
		[TBL_STATUS_OBEY] = "obey",
		[TBL_STATUS_UP] = "up",
		[TBL_STATUS_DOWN] = "down",
	};

	return status < sizeof(names) / sizeof(names[0]) ? names[status] : NULL;
}

static int
read_status(const struct place *place, const struct conf_node *node, struct cp_value *value)
{
	char *text = NULL;

	if (node == NULL) {
		return 0;
	}
	text = cp_scalar_text(place->reader->arena, node);
	if (text == NULL) {
		return -ENOMEM;
	}
	for (uint8_t i = 0; cp_status_name(i) != NULL; i++) {
		if (strcmp(cp_status_name(i), text) == 0) {
			value->status = i;
			return 0;
		}
	}
	cp_reason_add(place->reader->reasons, CP_FATAL,
			"invalid status \"%s\" in pool \"%s\" value %zu", text, place->pool,
			place->number);
	return 0;
}

static int
read_value(const struct place *place, const struct conf_node *node, struct cp_value *value)
{
	const struct conf_node *data = conf_get(node, "value");
	int rc = 0;

	if (node->kind != CONF_MAPPING) {
		cp_reason_add(place->reader->reasons, CP_FATAL,
				"pool \"%s\" value %zu must be a dict", place->pool, place->number);
		return 0;
	}
	rc = read_weight(place, conf_get(node, "weight"), value);
	rc = rc == 0 ? read_status(place, conf_get(node, "status"), value) : rc;
	if (rc != 0) {
		return rc;
	}
	if (data == NULL) {
		cp_reason_add(place->reader->reasons, CP_FATAL,
				"missing value in pool \"%s\" value %zu", place->pool,
				place->number);
		return 0;
	}
	rc = place->reader->type->read(place->reader, data, value);
	return rc == -ENOMEM ? rc : 0; /* anything else has its reason */
}

static int
compare_values(const void *a, const void *b)
{
	const struct cp_value *x = a;
	const struct cp_value *y = b;
	int order = strcmp(x->text, y->text);

	if (order == 0) {
		order = (int)x->weight - (int)y->weight;
	}
	return order != 0 ? order : (int)x->status - (int)y->status;
}

/* Python: `values[0].get('weight', 1) != 1`, by type: the text "1" is not the number 1. */
static bool
is_weight_one(const struct conf_node *node)
{
	struct conf_value weight = { 0 };

	if (node == NULL) {
		return true;
	}
	if (node->kind != CONF_SCALAR) {
		return false;
	}
	weight = conf_type_of(node);
	return (weight.type == CONF_TYPE_INT && weight.integer == 1) ||
	       (weight.type == CONF_TYPE_BOOL && weight.boolean) ||
	       (weight.type == CONF_TYPE_FLOAT && !(weight.real < 1) && !(weight.real > 1));
}

static int
read_values(const struct cp_reader *reader, struct cp_pool_draft *draft,
		const struct conf_node *values)
{
	struct cp_pool *pool = &draft->pool;
	bool is_readable = true;

	if (values->kind != CONF_SEQUENCE || values->sequence.cnt == 0) {
		cp_reason_add(reader->reasons, CP_FATAL, "pool \"%s\" %s", draft->name,
				values->kind == CONF_SEQUENCE ? "has no values"
							      : "values must be a list");
		return 0;
	}
	if (values->sequence.cnt > TBL_RRSET_RECORDS_MAX) {
		cp_reason_add(reader->reasons, CP_FATAL,
				"pool \"%s\" has %zu values, the limit is %u", draft->name,
				values->sequence.cnt, TBL_RRSET_RECORDS_MAX);
		return 0;
	}
	pool->values = conf_arena_alloc(reader->arena, values->sequence.cnt, sizeof(*pool->values));
	if (pool->values == NULL) {
		return -ENOMEM;
	}
	pool->value_cnt = (uint32_t)values->sequence.cnt;
	for (size_t i = 0; i < values->sequence.cnt; i++) {
		struct place place = { reader, draft->name, i + 1 };
		int rc = read_value(&place, values->sequence.items[i], &pool->values[i]);

		if (rc != 0) {
			return rc;
		}
		is_readable = is_readable && pool->values[i].text != NULL;
	}
	if (pool->value_cnt == 1 && !is_weight_one(conf_get(values->sequence.items[0], "weight"))) {
		cp_reason_add(reader->reasons, CP_LENIENT,
				"pool \"%s\" has single value with weight!=1", draft->name);
		pool->values[0].weight = 1;
	}
	if (is_readable) {
		qsort(pool->values, pool->value_cnt, sizeof(*pool->values), compare_values);
	}
	return 0;
}

static void
judge_fallback(struct cp_dynamic_draft *draft, const struct cp_pool_draft *pool)
{
	if (pool->fallback == NULL) {
		return;
	}
	if (pool->fallback_at >= 0) {
		draft->pools[pool->fallback_at].is_used = true;
	} else {
		cp_reason_add(draft->reader->reasons, CP_LENIENT,
				"undefined fallback \"%s\" for pool \"%s\"", pool->fallback,
				pool->name);
	}
}

/* tell_loop: the chain of the pools passed until one comes again; a pool that falls back to itself is
 * written twice. Each was marked on the way. */
static int
tell_loop(struct cp_dynamic_draft *draft, uint32_t start)
{
	struct cp_pool_draft *pools = draft->pools;
	int32_t at = pools[start].fallback_at;
	char *chain = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&chain, &len);
	int rc = 0;

	if (out == NULL) {
		return -ENOMEM;
	}
	(void)fputs(pools[start].name, out);
	if (at == (int32_t)start) {
		(void)fprintf(out, " -> %s", pools[start].name);
	}
	pools[start].seen_from = 0;
	/* A message holds no more of it, and there may be such a chain for each pool. */
	for (; pools[at].seen_from == start + 1 && ftell(out) < CONF_MESSAGE_BYTES_MAX;
			at = pools[at].fallback_at) {
		pools[at].seen_from = 0;
		(void)fprintf(out, " -> %s", pools[at].name);
	}
	if (fclose(out) == 0) {
		cp_reason_add(draft->reader->reasons, CP_FATAL, "loop in pool fallbacks: %s",
				chain);
	} else {
		rc = -ENOMEM;
	}
	free(chain);
	return rc;
}

/* judge_loop follows the fallbacks from pool `start`. */
static int
judge_loop(struct cp_dynamic_draft *draft, uint32_t start)
{
	struct cp_pool_draft *pools = draft->pools;
	int32_t at = (int32_t)start;

	for (; at >= 0 && pools[at].seen_from != start + 1; at = pools[at].fallback_at) {
		pools[at].seen_from = start + 1;
	}
	if (at < 0) {
		return 0;
	}
	if (is_cp_reasons_full(draft->reader->reasons)) {
		cp_reason_add(draft->reader->reasons, CP_FATAL, "loop in pool fallbacks");
		return 0;
	}
	return tell_loop(draft, start);
}

static int
read_pool(struct cp_dynamic_draft *draft, uint32_t at)
{
	struct cp_pool_draft *pool = &draft->pools[at];
	const struct conf_node *values = conf_get(pool->node, "values");
	int rc = 0;

	if (pool->node->kind != CONF_MAPPING) {
		cp_reason_add(draft->reader->reasons, CP_FATAL, "pool \"%s\" must be a dict",
				pool->name);
		return 0;
	}
	if (values == NULL) {
		cp_reason_add(draft->reader->reasons, CP_FATAL, "pool \"%s\" is missing values",
				pool->name);
		return 0;
	}
	pool->has_values = true;
	rc = read_values(draft->reader, pool, values);
	if (rc != 0) {
		return rc;
	}
	judge_fallback(draft, pool);
	rc = judge_loop(draft, at);
	/* "default" stands for the record's own values, even where a pool has that name. */
	pool->pool.fallback = pool->fallback_at >= 0 && strcmp(pool->fallback, "default") != 0
	                                      ? pool->fallback_at
	                                      : -1;
	pool->pool.name = conf_arena_copy(draft->reader->arena, pool->name, strlen(pool->name));
	return pool->pool.name != NULL ? rc : -ENOMEM;
}

int
cp_pools_read(struct cp_dynamic_draft *draft, const struct conf_node *pools)
{
	struct cp_reasons *reasons = draft->reader->reasons;
	int rc = 0;

	if (pools != NULL && pools->kind != CONF_MAPPING) {
		cp_reason_add(reasons, CP_LENIENT, "pools must be a dict");
		return 0;
	}
	if (pools == NULL || pools->mapping.cnt == 0) {
		cp_reason_add(reasons, CP_LENIENT, "missing pools");
		return 0;
	}
	if (pools->mapping.cnt > CP_POOLS_MAX) {
		cp_reason_add(reasons, CP_FATAL, "%zu pools, the limit is %u", pools->mapping.cnt,
				CP_POOLS_MAX);
		return 0;
	}
	rc = collect_pools(draft, pools);
	for (uint32_t i = 0; rc == 0 && i < draft->pool_cnt; i++) {
		rc = read_pool(draft, i);
	}
	return rc;
}
