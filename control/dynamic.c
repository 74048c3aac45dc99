#include "control/dynamic.h"

#include <errno.h>
#include <string.h>

#include "control/dynamic_impl.h"
#include "control/healthcheck.h"
#include "control/scalar.h"

static int
judge_unused(const struct cp_dynamic_draft *draft)
{
	struct conf_arena *arena = draft->reader->arena;
	size_t len = 0;
	char *list = NULL;
	char *end = NULL;

	for (uint32_t i = 0; i < draft->pool_cnt; i++) {
		len += strlen(draft->pools[i].name) + sizeof("\", \"");
	}
	list = conf_arena_alloc(arena, len + 1, 1);
	if (list == NULL) {
		return -ENOMEM;
	}
	end = list;
	for (uint32_t i = 0; i < draft->pool_cnt; i++) {
		if (draft->pools[i].has_values && !draft->pools[i].is_used) {
			end = stpcpy(end, end > list ? "\", \"" : "");
			end = stpcpy(end, draft->pools[i].name);
		}
	}
	if (end > list) {
		cp_reason_add(draft->reader->reasons, CP_LENIENT, "unused pools: \"%s\"", list);
	}
	return 0;
}

static int
finish(const struct cp_dynamic_draft *draft, const struct conf_node *record, const char *fqdn,
		struct cp_dynamic **ret_dynamic)
{
	struct conf_arena *arena = draft->reader->arena;
	struct cp_dynamic *dynamic = NULL;
	int rc = 0;

	if (draft->pool_cnt == 0 || draft->rule_cnt == 0) {
		*ret_dynamic = NULL;
		return 0;
	}
	dynamic = conf_arena_alloc(arena, 1, sizeof(*dynamic));
	if (dynamic == NULL) {
		return -ENOMEM;
	}
	dynamic->pools = conf_arena_alloc(arena, draft->pool_cnt, sizeof(*dynamic->pools));
	if (dynamic->pools == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < draft->pool_cnt; i++) {
		dynamic->pools[i] = draft->pools[i].pool;
	}
	dynamic->pool_cnt = draft->pool_cnt;
	dynamic->rules = draft->rules;
	dynamic->rule_cnt = draft->rule_cnt;
	rc = cp_healthcheck_read(
			draft->reader, conf_get(record, "octodns"), fqdn, &dynamic->healthcheck);
	if (rc == 0) {
		*ret_dynamic = dynamic;
	}
	return rc;
}

int
cp_dynamic_read(const struct cp_reader *reader, const struct conf_node *record, const char *fqdn,
		struct cp_dynamic **ret_dynamic)
{
	struct cp_dynamic_draft draft = { .reader = reader };
	const struct conf_node *dynamic = conf_get(record, "dynamic");
	int rc = 0;

	if (dynamic == NULL) {
		*ret_dynamic = NULL;
		return 0;
	}
	if (conf_get(record, "geo") != NULL) {
		cp_reason_add(reader->reasons, CP_LENIENT,
				"\"dynamic\" record with \"geo\" content");
	}
	rc = cp_pools_read(&draft, conf_get(dynamic, "pools"));
	if (rc == 0) {
		rc = cp_rules_read(&draft, conf_get(dynamic, "rules"));
	}
	if (rc == 0) {
		rc = judge_unused(&draft);
	}
	if (rc == 0) {
		rc = finish(&draft, record, fqdn, ret_dynamic);
	}
	if (rc == 0 && reader->reasons->is_fatal) {
		rc = -EINVAL;
	}
	return rc;
}
