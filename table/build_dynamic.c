#include <errno.h>
#include <string.h>

#include "table/build_impl.h"
#include "table/location_impl.h"

/* A rule names one pool and a record has at most TBL_RULES_MAX rules; more pools are only there as
 * fallbacks of fallbacks. The bound keeps the search for loops cheap. */
#define POOLS_MAX  TBL_RULES_MAX
#define WEIGHT_MAX 100u /* octoDNS's own limit */

/* Following fallbacks from any pool ends within pool_cnt steps, or never. */
static bool
has_fallback_loop(const struct tbl_dyn_input *input, uint32_t pool)
{
	uint32_t steps = 0;

	while (input->pools[pool].fallback >= 0) {
		if (++steps >= input->pool_cnt) {
			return true;
		}
		pool = (uint32_t)input->pools[pool].fallback;
	}
	return false;
}

static int
check_values(const uint8_t *owner, uint16_t type, const struct tbl_pool_input *pool,
		struct tbl_error *error)
{
	if (pool->value_cnt == 0 || pool->value_cnt > TBL_RRSET_RECORDS_MAX) {
		return tbl_build_fail(error, owner, type, "pool %.40s has %u values, not 1 to %u",
				pool->name, pool->value_cnt, TBL_RRSET_RECORDS_MAX);
	}
	for (uint32_t i = 0; i < pool->value_cnt; i++) {
		const struct tbl_value_input *value = &pool->values[i];
		const char *wrong = tbl_rdata_check(type, &value->rdata);

		if (wrong == NULL && (value->weight == 0 || value->weight > WEIGHT_MAX)) {
			wrong = "weight is not 1 to 100";
		}
		if (wrong == NULL && value->status > TBL_STATUS_DOWN) {
			wrong = "no such status";
		}
		if (wrong != NULL) {
			return tbl_build_fail(error, owner, type, "pool %.40s: value %u: %s",
					pool->name, i + 1, wrong);
		}
	}
	return 0;
}

static int
check_rules(const struct tbl_builder *b, const uint8_t *owner, uint16_t type,
		const struct tbl_dyn_input *input, struct tbl_error *error)
{
	const struct tbl_location *location = b->params.location;
	const struct tbl_ruleset *ruleset;

	if (location == NULL || input->ruleset >= location->ruleset_cnt) {
		return tbl_build_fail(error, owner, type, "no rule set %u", input->ruleset);
	}
	ruleset = &location->rulesets[input->ruleset];
	for (uint32_t i = 0; i < ruleset->rule_cnt; i++) {
		uint32_t pool = location->rules[ruleset->rule_first + i].pool;

		if (pool >= input->pool_cnt) {
			return tbl_build_fail(
					error, owner, type, "rule %u: no pool %u", i + 1, pool);
		}
	}
	return 0;
}

int
tbl_dyn_check(const struct tbl_builder *b, const uint8_t *owner, uint16_t type,
		const struct tbl_dyn_input *input, struct tbl_error *error)
{
	int rc = 0;

	if (!is_tbl_dynamic_type(type)) {
		return tbl_build_fail(
				error, owner, type, "only A, AAAA, CNAME and DNAME can be dynamic");
	}
	if (input->pool_cnt == 0 || input->pool_cnt > POOLS_MAX) {
		return tbl_build_fail(error, owner, type, "has %u pools, not 1 to %u",
				input->pool_cnt, POOLS_MAX);
	}
	for (uint32_t i = 0; rc == 0 && i < input->pool_cnt; i++) {
		int32_t fallback = input->pools[i].fallback;

		if (fallback < -1 || (fallback >= 0 && (uint32_t)fallback >= input->pool_cnt)) {
			return tbl_build_fail(error, owner, type, "pool %.40s: no such fallback",
					input->pools[i].name);
		}
		rc = check_values(owner, type, &input->pools[i], error);
	}
	for (uint32_t i = 0; rc == 0 && i < input->pool_cnt; i++) {
		if (has_fallback_loop(input, i)) {
			rc = tbl_build_fail(error, owner, type, "pool %.40s: fallbacks form a loop",
					input->pools[i].name);
		}
	}
	return rc != 0 ? rc : check_rules(b, owner, type, input, error);
}

static const char *
copy_text(struct tbl_builder *b, const char *text)
{
	return tbl_arena_bytes(&b->arena, text, strlen(text) + 1);
}

static int
copy_pool(struct tbl_builder *b, const struct tbl_pool_input *pool, struct tbl_pool_input *copy)
{
	struct tbl_value_input *values =
			tbl_arena_alloc(&b->arena, pool->value_cnt * sizeof(*values));

	*copy = *pool;
	copy->name = copy_text(b, pool->name);
	copy->values = values;
	if (values == NULL || copy->name == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < pool->value_cnt; i++) {
		const struct tbl_value_input *value = &pool->values[i];
		bool has_target = value->target_key != NULL;

		values[i] = *value;
		values[i].rdata.bytes =
				tbl_arena_bytes(&b->arena, value->rdata.bytes, value->rdata.size);
		values[i].text = copy_text(b, value->text);
		values[i].target_key = has_target ? copy_text(b, value->target_key) : NULL;
		if (values[i].rdata.bytes == NULL || values[i].text == NULL ||
				(has_target && values[i].target_key == NULL)) {
			return -ENOMEM;
		}
	}
	return 0;
}

struct tbl_dyn_input *
tbl_dyn_copy(struct tbl_builder *b, uint16_t type, const struct tbl_dyn_input *input)
{
	struct tbl_dyn_input *copy = tbl_arena_alloc(&b->arena, sizeof(*copy));
	struct tbl_pool_input *pools = tbl_arena_alloc(&b->arena, input->pool_cnt * sizeof(*pools));

	if (copy == NULL || pools == NULL) {
		return NULL;
	}
	*copy = *input;
	copy->pools = pools;
	copy->last_resort = tbl_build_copy_records(b, type, input->last_resort,
			input->last_resort_cnt, &copy->last_resort_cnt);
	if (copy->last_resort == NULL) {
		return NULL;
	}
	for (uint32_t i = 0; i < input->pool_cnt; i++) {
		if (copy_pool(b, &input->pools[i], &pools[i]) != 0) {
			return NULL;
		}
	}
	return copy;
}
