/*
 * `geo`, octoDNS's old way to write places: a mapping of codes to values, read as the dynamic record
 * that says the same. Each code is a pool and a rule, and the record's `values` are the catch-all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/dynamic.h"
#include "control/geo.h"
#include "control/healthcheck.h"
#include "control/scalar.h"

/* The pool of the catch-all. Codes of the vocabulary are in capitals, so it has no namesake among
 * them and is the last by name. */
static const char catch_all[] = "values";

/* ^\w\w(-\w\w(-\w\w)?)?$ */
static bool
is_geo_shaped(const char *code)
{
	size_t len = strlen(code);

	for (size_t i = 0; i < len; i++) {
		bool is_word = (code[i] >= '0' && code[i] <= '9') || code[i] == '_' ||
		               (code[i] >= 'A' && code[i] <= 'Z') ||
		               (code[i] >= 'a' && code[i] <= 'z');

		if (i % 3 == 2 ? code[i] != '-' : !is_word) {
			return false;
		}
	}
	return len == 2 || len == 5 || len == 8;
}

/* is_code_known judges a key: octoDNS wants its shape alone. A place that its vocabulary does not
 * have is nobody's, so that octoDNS's verdict stands and a warning says what comes of it. */
static bool
is_code_known(const struct cp_reader *reader, const struct conf_node *key)
{
	struct cp_geo_parts parts;
	char *code = cp_scalar_text(reader->arena, key);

	if (code == NULL || !is_cp_text(key) || !is_geo_shaped(code)) {
		cp_reason_add(reader->reasons, CP_FATAL, "invalid geo \"%s\"",
				code != NULL ? code : key->scalar.text);
		return false;
	}
	if (cp_geo_code_check(code, &parts) != CP_GEO_OK) {
		conf_error_add(reader->errors, CONF_WARNING, key->file, key->line, key->col,
				"geo \"%s\" is no place in octoDNS's vocabulary: nobody gets its "
				"values",
				code);
		return false;
	}
	return true;
}

/* read_values reads one key's values, a list or a single one; the pool stays without any when one
 * of them is refused. */
static int
read_values(const struct cp_reader *reader, const struct conf_node *node, struct cp_pool *pool)
{
	bool is_list = node->kind == CONF_SEQUENCE;
	bool is_none = is_list ? node->sequence.cnt == 0 : is_cp_null(node);
	size_t cnt = is_list && !is_none ? node->sequence.cnt : 1;
	struct cp_value *values = NULL;
	int rc = 0;

	if (cnt > TBL_RRSET_RECORDS_MAX) {
		cp_reason_add(reader->reasons, CP_FATAL, "%zu values, the limit is %u", cnt,
				TBL_RRSET_RECORDS_MAX);
		return 0;
	}
	values = conf_arena_alloc(reader->arena, cnt, sizeof(*values));
	if (values == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < cnt; i++) {
		const struct conf_node *item = is_none   ? NULL
		                               : is_list ? node->sequence.items[i]
		                                         : node;
		int bad = reader->type->read(reader, item, &values[i]);

		if (bad == -ENOMEM) {
			return bad;
		}
		rc = bad != 0 ? bad : rc;
		values[i].weight = 1;
	}
	if (rc == 0) {
		pool->values = values;
		pool->value_cnt = (uint32_t)cnt;
	}
	return 0;
}

static unsigned int
part_cnt(const char *code)
{
	return (unsigned int)(strlen(code) + 1) / 3;
}

static int
compare_pools(const void *a, const void *b)
{
	const struct cp_pool *x = a;
	const struct cp_pool *y = b;

	return strcmp(x->name, y->name);
}

static int
compare_rules(const void *a, const void *b)
{
	const struct tbl_rule_input *x = a;
	const struct tbl_rule_input *y = b;
	int order = (int)part_cnt(y->geos[0]) - (int)part_cnt(x->geos[0]);

	return order != 0 ? order : strcmp(x->geos[0], y->geos[0]);
}

/* read_pools makes a pool of every key that is a place, by name. */
static int
read_pools(const struct cp_reader *reader, const struct conf_node *geo, struct cp_dynamic *dynamic)
{
	for (size_t i = 0; i < geo->mapping.cnt; i++) {
		const struct conf_pair *pair = &geo->mapping.pairs[i];
		struct cp_pool *pool = &dynamic->pools[dynamic->pool_cnt];
		bool is_known = is_code_known(reader, pair->key);
		int rc = read_values(reader, pair->value, pool);

		if (rc != 0) {
			return rc;
		}
		if (!is_known || pool->value_cnt == 0) {
			continue;
		}
		pool->name = conf_arena_copy(
				reader->arena, pair->key->scalar.text, pair->key->scalar.len);
		pool->fallback = -1;
		if (pool->name == NULL) {
			return -ENOMEM;
		}
		dynamic->pool_cnt++;
	}
	qsort(dynamic->pools, dynamic->pool_cnt, sizeof(*dynamic->pools), compare_pools);
	return 0;
}

static int
add_rules(const struct cp_reader *reader, struct cp_dynamic *dynamic)
{
	for (uint32_t i = 0; i < dynamic->pool_cnt; i++) {
		const char **code = conf_arena_alloc(reader->arena, 1, sizeof(*code));

		if (code == NULL) {
			return -ENOMEM;
		}
		*code = dynamic->pools[i].name;
		dynamic->rules[i] = (struct tbl_rule_input){
			.geos = code, .geo_cnt = 1, .pool = (uint16_t)i
		};
	}
	qsort(dynamic->rules, dynamic->pool_cnt, sizeof(*dynamic->rules), compare_rules);
	dynamic->rule_cnt = dynamic->pool_cnt;
	return 0;
}

/* add_catch_all: whoever is in none of the places gets one of the record's `values`, which octoDNS
 * never checks. */
static int
add_catch_all(const struct cp_reader *reader, const struct cp_record *record,
		struct cp_dynamic *dynamic)
{
	struct cp_pool *pool = &dynamic->pools[dynamic->pool_cnt];

	pool->name = conf_arena_copy(reader->arena, catch_all, sizeof(catch_all) - 1);
	pool->values = conf_arena_alloc(reader->arena, record->value_cnt, sizeof(*pool->values));
	if (pool->name == NULL || pool->values == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < record->value_cnt; i++) {
		pool->values[i] = (struct cp_value){ .rdata = record->values[i],
			.text = record->texts[i],
			.weight = 1,
			.status = TBL_STATUS_UP };
	}
	pool->value_cnt = record->value_cnt;
	pool->fallback = -1;
	dynamic->rules[dynamic->rule_cnt++] =
			(struct tbl_rule_input){ .pool = (uint16_t)dynamic->pool_cnt };
	dynamic->pool_cnt++;
	return 0;
}

static struct cp_dynamic *
new_dynamic(struct conf_arena *arena, size_t pool_cnt)
{
	struct cp_dynamic *dynamic = conf_arena_alloc(arena, 1, sizeof(*dynamic));

	if (dynamic == NULL) {
		return NULL;
	}
	dynamic->pools = conf_arena_alloc(arena, pool_cnt, sizeof(*dynamic->pools));
	dynamic->rules = conf_arena_alloc(arena, pool_cnt, sizeof(*dynamic->rules));
	return dynamic->pools != NULL && dynamic->rules != NULL ? dynamic : NULL;
}

int
cp_geo_read(const struct cp_reader *reader, const struct conf_node *node,
		const struct cp_record *record, const char *fqdn, struct cp_dynamic **ret_dynamic)
{
	const struct conf_node *geo = conf_get(node, "geo");
	struct cp_dynamic *dynamic = NULL;
	int rc = 0;

	*ret_dynamic = NULL;
	if (geo == NULL) {
		return 0;
	}
	if (geo->kind != CONF_MAPPING) {
		cp_reason_add(reader->reasons, CP_FATAL, "geo must be a dict");
		return -EINVAL;
	}
	/* One pool is the catch-all's. */
	if (geo->mapping.cnt >= CP_POOLS_MAX) {
		cp_reason_add(reader->reasons, CP_FATAL, "%zu geos, the limit is %u",
				geo->mapping.cnt, CP_POOLS_MAX - 1);
		return -EINVAL;
	}
	dynamic = new_dynamic(reader->arena, geo->mapping.cnt + 1);
	if (dynamic == NULL) {
		return -ENOMEM;
	}
	rc = read_pools(reader, geo, dynamic);
	if (rc != 0 || reader->reasons->is_fatal) {
		return rc != 0 ? rc : -EINVAL;
	}
	if (dynamic->pool_cnt == 0 || conf_get(node, "dynamic") != NULL) {
		return 0;
	}
	rc = add_rules(reader, dynamic);
	rc = rc == 0 ? add_catch_all(reader, record, dynamic) : rc;
	rc = rc == 0 ? cp_healthcheck_read(reader, conf_get(node, "octodns"), fqdn,
				       &dynamic->healthcheck)
	             : rc;
	if (rc == 0) {
		*ret_dynamic = dynamic;
	}
	return rc;
}
