#include "table/check_impl.h"
#include "table/view_impl.h"

#define WEIGHT_MAX 100u /* struct tbl_value */

/* Rule sets */

static int
check_ruleset(struct tbl_check *check, uint64_t index)
{
	const struct tbl_view *view = &check->view;
	const struct tbl_ruleset *ruleset = &view->rulesets[index];
	uint64_t class_cnt = view->header->class_cnt;
	uint64_t leaf_cnt = tbl_check_cnt(check, TBL_SECTION_LEAVES);

	/* Rule numbers are u16 in class_rule, "no rule" among them. */
	if (!is_tbl_range(ruleset->rule_first, ruleset->rule_cnt,
			    tbl_check_cnt(check, TBL_SECTION_RULES)) ||
			ruleset->rule_cnt >= UINT16_MAX ||
			ruleset->class_rule_first != index * class_cnt ||
			ruleset->scope_first != index * leaf_cnt) {
		return tbl_check_fail(check,
				"rulesets[%llu]: its rules, classes or scopes are out of place",
				(unsigned long long)index);
	}
	for (uint64_t i = 0; i < class_cnt; i++) {
		if (view->class_rule[ruleset->class_rule_first + i] > ruleset->rule_cnt) {
			return tbl_check_fail(check, "rulesets[%llu]: class %llu has rule %u of %u",
					(unsigned long long)index, (unsigned long long)i,
					view->class_rule[ruleset->class_rule_first + i],
					ruleset->rule_cnt);
		}
	}
	for (uint64_t i = 0; i < leaf_cnt; i++) {
		uint8_t scope_bits = view->scopes[ruleset->scope_first + i];

		/* A scope wider than the leaf, never longer: the leaf's addresses answer alike. */
		if (scope_bits > view->leaves[i].prefix_bits) {
			return tbl_check_fail(check, "rulesets[%llu]: leaf %llu has scope %u",
					(unsigned long long)index, (unsigned long long)i,
					scope_bits);
		}
	}
	return 0;
}

static int
check_rules(struct tbl_check *check)
{
	for (uint64_t i = 0; i < tbl_check_cnt(check, TBL_SECTION_RULES); i++) {
		const struct tbl_rule *rule = &check->view.rules[i];

		if (rule->reserved != 0 || !is_tbl_string(check, rule->geos_str) ||
				!is_tbl_string(check, rule->subnets_str)) {
			return tbl_check_fail(check,
					"rules[%llu]: no such string, or reserved bytes not zero",
					(unsigned long long)i);
		}
	}
	return 0;
}

int
tbl_check_rulesets(struct tbl_check *check)
{
	uint64_t cnt = tbl_check_cnt(check, TBL_SECTION_RULESETS);
	uint64_t class_cnt = check->view.header->class_cnt;
	uint64_t leaf_cnt = tbl_check_cnt(check, TBL_SECTION_LEAVES);

	/* All three factors are below 2^32: the products fit. */
	if (tbl_check_cnt(check, TBL_SECTION_CLASS_RULE) != cnt * class_cnt ||
			tbl_check_cnt(check, TBL_SECTION_SCOPES) != cnt * leaf_cnt) {
		return tbl_check_fail(check, "sections class_rule and scopes: not %llu rule sets",
				(unsigned long long)cnt);
	}
	for (uint64_t i = 0; i < cnt; i++) {
		int rc = check_ruleset(check, i);

		if (rc != 0) {
			return rc;
		}
	}
	return check_rules(check);
}

/* Records */

struct dyn_walk {
	struct tbl_check *check;
	uint64_t index;
	const struct tbl_dyn *dyn;
	/* Each part belongs to one record, in order. */
	uint64_t slot_next;
	uint64_t pool_next;
	uint64_t value_next;
};

#define FAIL_DYN(walk, ...) tbl_check_fail((walk)->check, "dyns[%llu]: " __VA_ARGS__)
#define AT(walk)            ((unsigned long long)(walk)->index)

static int
check_value(const struct dyn_walk *walk, const struct tbl_value *value)
{
	struct tbl_check *check = walk->check;
	struct tbl_served served = {
		.owner = &check->view.nodes[walk->dyn->node],
		.place = "dyns",
		.index = walk->index,
		.answer = value->answer,
		.type = walk->dyn->type,
		.is_below = walk->dyn->type == TBL_TYPE_DNAME,
	};
	int rc = tbl_check_answer(check, &served);

	if (rc != 0) {
		return rc;
	}
	if (check->view.answers[value->answer].rr_cnt != 1 || value->weight == 0 ||
			value->weight > WEIGHT_MAX || value->status > TBL_STATUS_DOWN ||
			value->reserved != 0 || !is_tbl_string(check, value->text_str)) {
		return FAIL_DYN(walk, "a value with answer %u, weight %u, status %u", AT(walk),
				value->answer, value->weight, value->status);
	}
	if (value->target != TBL_NONE &&
			value->target >= tbl_check_cnt(check, TBL_SECTION_TARGETS)) {
		return FAIL_DYN(walk, "target %u does not exist", AT(walk), value->target);
	}
	return 0;
}

/* A chain of fallbacks that is longer than there are pools is a loop. */
static int
check_fallback(const struct dyn_walk *walk, const struct tbl_pool *pools, uint32_t pool)
{
	uint32_t steps = 0;

	for (uint32_t at = pools[pool].fallback; at != TBL_POOL_NONE; at = pools[at].fallback) {
		if (at >= walk->dyn->pool_cnt || ++steps >= walk->dyn->pool_cnt) {
			return FAIL_DYN(walk, "pool %u falls back in a loop, or to no pool",
					AT(walk), pool);
		}
	}
	return tbl_check_spend(walk->check, steps);
}

static int
check_pool(struct dyn_walk *walk, const struct tbl_pool *pool)
{
	struct tbl_check *check = walk->check;
	int rc = 0;

	if (pool->value_cnt == 0 || pool->value_first != walk->value_next ||
			!is_tbl_range(pool->value_first, pool->value_cnt,
					tbl_check_cnt(check, TBL_SECTION_VALUES)) ||
			!is_tbl_string(check, pool->name_str)) {
		return FAIL_DYN(walk, "a pool with %u values from %u on", AT(walk), pool->value_cnt,
				pool->value_first);
	}
	walk->value_next += pool->value_cnt;
	for (uint32_t i = 0; rc == 0 && i < pool->value_cnt; i++) {
		rc = check_value(walk, &check->view.values[pool->value_first + i]);
	}
	return rc;
}

static int
check_pools(struct dyn_walk *walk)
{
	const struct tbl_dyn *dyn = walk->dyn;
	const struct tbl_pool *pools;
	int rc = 0;

	if (dyn->pool_cnt == 0 || dyn->pool_first != walk->pool_next ||
			!is_tbl_range(dyn->pool_first, dyn->pool_cnt,
					tbl_check_cnt(walk->check, TBL_SECTION_POOLS))) {
		return FAIL_DYN(walk, "%u pools from %u on", AT(walk), dyn->pool_cnt,
				dyn->pool_first);
	}
	walk->pool_next += dyn->pool_cnt;
	pools = walk->check->view.pools + dyn->pool_first;
	for (uint32_t i = 0; rc == 0 && i < dyn->pool_cnt; i++) {
		rc = check_pool(walk, &pools[i]);
	}
	for (uint32_t i = 0; rc == 0 && i < dyn->pool_cnt; i++) {
		rc = check_fallback(walk, pools, i);
	}
	return rc;
}

static int
check_slots(struct dyn_walk *walk)
{
	const struct tbl_dyn *dyn = walk->dyn;
	const struct tbl_view *view = &walk->check->view;
	const struct tbl_ruleset *ruleset = &view->rulesets[dyn->ruleset];

	if (dyn->slot_first != walk->slot_next ||
			!is_tbl_range(dyn->slot_first, (uint64_t)ruleset->rule_cnt + 1,
					view->header->slot_cnt)) {
		return FAIL_DYN(walk, "slots from %u on", AT(walk), dyn->slot_first);
	}
	walk->slot_next += (uint64_t)ruleset->rule_cnt + 1;
	for (uint32_t i = 0; i < ruleset->rule_cnt; i++) {
		if (view->rules[ruleset->rule_first + i].pool >= dyn->pool_cnt) {
			return FAIL_DYN(walk, "rule %u names pool %u of %u", AT(walk), i,
					view->rules[ruleset->rule_first + i].pool, dyn->pool_cnt);
		}
	}
	return 0;
}

static int
check_dyn(struct dyn_walk *walk)
{
	struct tbl_check *check = walk->check;
	const struct tbl_dyn *dyn = walk->dyn;
	const struct tbl_rrset *rrset;
	struct tbl_served served = {
		.place = "dyns",
		.index = walk->index,
		.answer = dyn->last_resort,
		.type = dyn->type,
		.is_below = dyn->type == TBL_TYPE_DNAME,
	};
	int rc;

	if (dyn->node >= tbl_check_cnt(check, TBL_SECTION_NODES) ||
			dyn->ruleset >= tbl_check_cnt(check, TBL_SECTION_RULESETS) ||
			dyn->reserved != 0) {
		return FAIL_DYN(walk, "node %u or rule set %u does not exist", AT(walk), dyn->node,
				dyn->ruleset);
	}
	if (!is_tbl_dynamic_type(dyn->type)) {
		return FAIL_DYN(walk, "type %u cannot be dynamic", AT(walk), dyn->type);
	}
	served.owner = &check->view.nodes[dyn->node];
	rrset = tbl_find_rrset(&check->view, served.owner, dyn->type);
	if (rrset == NULL || (rrset->flags & TBL_RRSET_DYNAMIC) == 0 || rrset->ref != walk->index) {
		return FAIL_DYN(walk, "node %u does not serve it", AT(walk), dyn->node);
	}
	rc = tbl_check_answer(check, &served);
	if (rc == 0) {
		rc = check_slots(walk);
	}
	return rc != 0 ? rc : check_pools(walk);
}

int
tbl_check_dyns(struct tbl_check *check)
{
	struct dyn_walk walk = { .check = check };

	for (; walk.index < tbl_check_cnt(check, TBL_SECTION_DYNS); walk.index++) {
		int rc;

		walk.dyn = &check->view.dyns[walk.index];
		rc = check_dyn(&walk);
		if (rc != 0) {
			return rc;
		}
	}
	if (walk.slot_next != check->view.header->slot_cnt ||
			walk.pool_next != tbl_check_cnt(check, TBL_SECTION_POOLS) ||
			walk.value_next != tbl_check_cnt(check, TBL_SECTION_VALUES)) {
		return tbl_check_fail(check,
				"section dyns: slots, pools or values that belong to no record");
	}
	return 0;
}
