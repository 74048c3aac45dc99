#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/address.h"
#include "control/dynamic_impl.h"
#include "control/geo.h"
#include "control/scalar.h"

/* Codes that later ones are compared with: more than there are in octoDNS's vocabulary of 326. What
 * comes after so many different ones is unknown, and refused as that. */
#define COMPARED_GEOS_MAX 400u

/* A geo code that some rule targets, and the last rule that did. */
struct seen_geo {
	const char *code;
	size_t rule;
};

struct judge {
	struct cp_dynamic_draft *draft;
	const struct cp_reader *reader;
	const struct conf_node *rules;
	struct cp_subnets_draft subnets;
	struct seen_geo *geos;
	size_t geo_cnt;
	bool has_default;
};

/* One rule on its way: `number` counts from 1. */
struct rule_draft {
	const struct conf_node *node;
	const struct conf_node *subnets;
	const struct conf_node *geos;
	size_t number;
	int32_t pool; /* -1: cannot be followed */
	struct tbl_rule_input input;
};

static int
judge_pool(struct judge *judge, struct rule_draft *rule, const struct conf_node *node)
{
	struct cp_reasons *reasons = judge->reader->reasons;
	struct cp_pool_draft *pool = NULL;
	bool has_criteria = is_cp_true(rule->subnets) || is_cp_true(rule->geos);
	char *name = cp_scalar_text(judge->reader->arena, node);

	if (name == NULL) {
		return -ENOMEM;
	}
	if (!is_cp_text(node)) {
		cp_reason_add(reasons, CP_LENIENT, "rule %zu invalid pool \"%s\"", rule->number,
				name);
		return 0;
	}
	rule->pool = cp_pool_find(judge->draft, name);
	if (rule->pool < 0) {
		cp_reason_add(reasons, CP_LENIENT, "rule %zu undefined pool \"%s\"", rule->number,
				name);
		return 0;
	}
	pool = &judge->draft->pools[rule->pool];
	if (pool->is_rule_target && has_criteria) {
		cp_reason_add(reasons, CP_LENIENT, "rule %zu invalid, target pool \"%s\" reused",
				rule->number, name);
	}
	pool->is_rule_target = true;
	pool->is_used = true;
	return 0;
}

/* Subnets first, then subnets with geos, then geos: told by comparing with the rule before. */
static void
judge_order(const struct judge *judge, const struct rule_draft *rule)
{
	const struct conf_node *previous = NULL;
	bool has_subnets = is_cp_true(rule->subnets);
	bool has_geos = is_cp_true(rule->geos);
	bool follows_subnets = false;
	bool follows_geos = false;

	if (rule->number == 1) {
		return;
	}
	previous = judge->rules->sequence.items[rule->number - 2];
	follows_subnets = is_cp_true(conf_get(previous, "subnets"));
	follows_geos = is_cp_true(conf_get(previous, "geos"));
	if (has_subnets && has_geos && !follows_subnets && follows_geos) {
		cp_reason_add(judge->reader->reasons, CP_LENIENT,
				"rule %zu with subnet(s) and geo(s) should appear before all "
				"geo-only rules",
				rule->number);
	} else if (has_subnets && !has_geos && follows_geos) {
		cp_reason_add(judge->reader->reasons, CP_LENIENT,
				"rule %zu with only subnet targeting should appear before all geo "
				"targeting rules",
				rule->number);
	}
}

static void
judge_default(struct judge *judge, const struct rule_draft *rule)
{
	if (is_cp_true(rule->subnets) || is_cp_true(rule->geos)) {
		return;
	}
	if (judge->has_default) {
		cp_reason_add(judge->reader->reasons, CP_LENIENT, "rule %zu duplicate default",
				rule->number);
	}
	judge->has_default = true;
}

static int
judge_subnets(struct judge *judge, struct rule_draft *rule)
{
	const struct conf_node *list = rule->subnets;
	struct tbl_prefix *prefixes = NULL;
	uint32_t cnt = 0;

	if (list == NULL) {
		return 0;
	}
	if (list->kind != CONF_SEQUENCE) {
		cp_reason_add(judge->reader->reasons, CP_FATAL, "rule %zu subnets must be a list",
				rule->number);
		return 0;
	}
	prefixes = conf_arena_alloc(judge->reader->arena, list->sequence.cnt, sizeof(*prefixes));
	if (prefixes == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < list->sequence.cnt; i++) {
		char *text = cp_scalar_text(judge->reader->arena, list->sequence.items[i]);

		if (text == NULL) {
			return -ENOMEM;
		}
		if (cp_prefix_parse(text, &prefixes[cnt]) == 0) {
			cnt++;
		} else {
			cp_reason_add(judge->reader->reasons, CP_FATAL,
					"rule %zu invalid subnet \"%s\"", rule->number, text);
		}
	}
	qsort(prefixes, cnt, sizeof(*prefixes), cp_prefix_compare);
	for (uint32_t i = 0; i < cnt; i++) {
		cp_subnets_target(&judge->subnets, judge->reader->reasons, rule->number,
				&prefixes[i]);
	}
	rule->input.subnets = prefixes;
	rule->input.subnet_cnt = cnt;
	return 0;
}

static void
judge_code(const struct judge *judge, size_t number, const char *code)
{
	struct cp_geo_parts parts;
	struct cp_reasons *reasons = judge->reader->reasons;

	switch (cp_geo_code_check(code, &parts)) {
	case CP_GEO_OK:
		break;
	case CP_GEO_INVALID:
		cp_reason_add(reasons, CP_FATAL, "rule %zu invalid geo code \"%s\"", number, code);
		break;
	case CP_GEO_UNKNOWN_CONTINENT:
		cp_reason_add(reasons, CP_FATAL, "rule %zu unknown continent code \"%s\"", number,
				code);
		break;
	case CP_GEO_UNKNOWN_COUNTRY:
		cp_reason_add(reasons, CP_FATAL, "rule %zu unknown country code \"%s\"", number,
				code);
		break;
	case CP_GEO_UNKNOWN_PROVINCE:
		cp_reason_add(reasons, CP_FATAL, "rule %zu unknown province code \"%s\"", number,
				code);
		break;
	}
}

static void
judge_geo(struct judge *judge, size_t number, const char *code)
{
	struct seen_geo *same = NULL;

	judge_code(judge, number, code);
	/* As many different codes as a hostile record has would be compared with each of it. */
	if (is_cp_reasons_full(judge->reader->reasons)) {
		return;
	}
	for (size_t i = 0; i < judge->geo_cnt; i++) {
		struct seen_geo *seen = &judge->geos[i];

		if (strcmp(code, seen->code) == 0) {
			same = seen;
			cp_reason_add(judge->reader->reasons, CP_LENIENT,
					"rule %zu targets geo %s which has previously been seen in "
					"rule %zu",
					number, code, seen->rule);
		} else if (strncmp(code, seen->code, strlen(seen->code)) == 0) {
			cp_reason_add(judge->reader->reasons, CP_LENIENT,
					"rule %zu targets geo %s which is more specific than the "
					"previously seen %s in rule %zu",
					number, code, seen->code, seen->rule);
		}
	}
	if (same != NULL) {
		same->rule = number;
	} else if (judge->geo_cnt < COMPARED_GEOS_MAX) {
		judge->geos[judge->geo_cnt++] = (struct seen_geo){ code, number };
	}
}

static int
compare_codes(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;

	return strcmp(*x, *y);
}

static int
judge_geos(struct judge *judge, struct rule_draft *rule)
{
	const struct conf_node *list = rule->geos;
	const char **codes = NULL;
	size_t cnt = 0;

	if (list == NULL) {
		return 0;
	}
	if (list->kind != CONF_SEQUENCE) {
		cp_reason_add(judge->reader->reasons, CP_FATAL, "rule %zu geos must be a list",
				rule->number);
		return 0;
	}
	codes = conf_arena_alloc(judge->reader->arena, list->sequence.cnt, sizeof(*codes));
	if (codes == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < list->sequence.cnt; i++) {
		const struct conf_node *item = list->sequence.items[i];
		char *code = cp_scalar_text(judge->reader->arena, item);

		if (code == NULL) {
			return -ENOMEM;
		}
		/* octoDNS crashes: "NO" without quotes is false in YAML. */
		if (!is_cp_text(item)) {
			cp_reason_add(judge->reader->reasons, CP_FATAL,
					"rule %zu geo %s is no text but %s: put quotes around it",
					rule->number,
					item->kind == CONF_SCALAR ? item->scalar.text : code, code);
			continue;
		}
		codes[cnt++] = code;
	}
	/* Sorted, so that a country is compared with its own continent. */
	qsort(codes, cnt, sizeof(*codes), compare_codes);
	for (size_t i = 0; i < cnt; i++) {
		judge_geo(judge, rule->number, codes[i]);
	}
	rule->input.geos = codes;
	rule->input.geo_cnt = (uint32_t)cnt;
	return 0;
}

static int
judge_rule(struct judge *judge, struct rule_draft *rule)
{
	const struct conf_node *pool = conf_get(rule->node, "pool");
	int rc = 0;

	rule->pool = -1;
	if (rule->node->kind != CONF_MAPPING) {
		cp_reason_add(judge->reader->reasons, CP_FATAL, "rule %zu must be a dict",
				rule->number);
		return 0;
	}
	if (pool == NULL) {
		cp_reason_add(judge->reader->reasons, CP_LENIENT, "rule %zu missing pool",
				rule->number);
		return 0;
	}
	rule->subnets = conf_get(rule->node, "subnets");
	rule->geos = conf_get(rule->node, "geos");
	rc = judge_pool(judge, rule, pool);
	if (rc != 0) {
		return rc;
	}
	judge_order(judge, rule);
	judge_default(judge, rule);
	rc = judge_subnets(judge, rule);
	return rc == 0 ? judge_geos(judge, rule) : rc;
}

static void
judge_final(const struct judge *judge)
{
	const struct conf_node *rules = judge->rules;
	const struct conf_node *last = rules->sequence.items[rules->sequence.cnt - 1];

	if (is_cp_true(conf_get(last, "subnets")) || is_cp_true(conf_get(last, "geos"))) {
		cp_reason_add(judge->reader->reasons, CP_LENIENT,
				"final rule has \"subnets\" and/or \"geos\" and is not catchall");
	}
}

/* Room for everything any rule may target. */
static int
prepare(struct judge *judge)
{
	const struct conf_node *rules = judge->rules;
	size_t subnet_cnt = 0;
	size_t geo_cnt = 0;

	for (size_t i = 0; i < rules->sequence.cnt; i++) {
		const struct conf_node *subnets = conf_get(rules->sequence.items[i], "subnets");
		const struct conf_node *geos = conf_get(rules->sequence.items[i], "geos");
		bool has_subnets = subnets != NULL && subnets->kind == CONF_SEQUENCE;
		bool has_geos = geos != NULL && geos->kind == CONF_SEQUENCE;

		subnet_cnt += has_subnets ? subnets->sequence.cnt : 0;
		geo_cnt += has_geos ? geos->sequence.cnt : 0;
	}
	if (subnet_cnt > CP_CRITERIA_MAX || geo_cnt > CP_CRITERIA_MAX) {
		cp_reason_add(judge->reader->reasons, CP_FATAL,
				"%zu subnets and %zu geos in the rules, the limit of each is %u",
				subnet_cnt, geo_cnt, CP_CRITERIA_MAX);
		return -EINVAL;
	}
	judge->geos = conf_arena_alloc(judge->reader->arena, geo_cnt, sizeof(*judge->geos));
	judge->draft->rules = conf_arena_alloc(
			judge->reader->arena, rules->sequence.cnt, sizeof(*judge->draft->rules));
	if (judge->geos == NULL || judge->draft->rules == NULL) {
		return -ENOMEM;
	}
	return cp_subnets_collect(judge->reader->arena, rules, subnet_cnt, &judge->subnets);
}

int
cp_rules_read(struct cp_dynamic_draft *draft, const struct conf_node *rules)
{
	struct judge judge = { .draft = draft, .reader = draft->reader, .rules = rules };
	int rc = 0;

	if (rules != NULL && rules->kind != CONF_SEQUENCE) {
		cp_reason_add(draft->reader->reasons, CP_LENIENT, "rules must be a list");
		return 0;
	}
	if (rules == NULL || rules->sequence.cnt == 0) {
		cp_reason_add(draft->reader->reasons, CP_LENIENT, "missing rules");
		return 0;
	}
	if (rules->sequence.cnt > TBL_RULES_MAX) {
		cp_reason_add(draft->reader->reasons, CP_FATAL, "%zu rules, the limit is %u",
				rules->sequence.cnt, TBL_RULES_MAX);
		return 0;
	}
	rc = prepare(&judge);
	for (size_t i = 0; rc == 0 && i < rules->sequence.cnt; i++) {
		struct rule_draft rule = { .node = rules->sequence.items[i], .number = i + 1 };

		rc = judge_rule(&judge, &rule);
		if (rc == 0 && rule.pool >= 0) {
			rule.input.pool = (uint16_t)rule.pool;
			draft->rules[draft->rule_cnt++] = rule.input;
		}
	}
	if (rc == 0) {
		judge_final(&judge);
	}
	return rc == -ENOMEM ? rc : 0;
}
