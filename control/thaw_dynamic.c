/* Dynamic records: pools from the image, rules from their texts, the check from the targets' keys. */
#include <errno.h>
#include <string.h>

#include "control/address.h"
#include "control/rdata.h"
#include "control/target.h"
#include "control/thaw_impl.h"

#define SEPARATOR ", " /* of the geos and subnets of a rule */

static char *
copy_text(struct cp_thaw *thaw, const char *text)
{
	return conf_arena_copy(thaw->arena, text, strlen(text));
}

static uint32_t
count_words(const char *text)
{
	uint32_t cnt = *text != '\0';

	for (; (text = strstr(text, SEPARATOR)) != NULL; text += strlen(SEPARATOR)) {
		cnt++;
	}
	return cnt;
}

/* next_word copies the word at *at and steps behind it. */
static char *
next_word(struct cp_thaw *thaw, const char **at)
{
	const char *end = strstr(*at, SEPARATOR);
	size_t len = end != NULL ? (size_t)(end - *at) : strlen(*at);
	char *word = conf_arena_copy(thaw->arena, *at, len);

	*at += len + (end != NULL ? strlen(SEPARATOR) : 0);
	return word;
}

static int
thaw_rule(struct cp_thaw *thaw, const struct tbl_rule *rule, struct tbl_rule_input *input)
{
	const char *geos = thaw->view->strings + rule->geos_str;
	const char *subnets = thaw->view->strings + rule->subnets_str;
	uint32_t geo_cnt = count_words(geos);
	uint32_t subnet_cnt = count_words(subnets);
	const char **codes = conf_arena_alloc(thaw->arena, geo_cnt, sizeof(*codes));
	struct tbl_prefix *prefixes = conf_arena_alloc(thaw->arena, subnet_cnt, sizeof(*prefixes));

	if (codes == NULL || prefixes == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < geo_cnt; i++) {
		codes[i] = next_word(thaw, &geos);
		if (codes[i] == NULL) {
			return -ENOMEM;
		}
	}
	for (uint32_t i = 0; i < subnet_cnt; i++) {
		const char *word = next_word(thaw, &subnets);

		if (word == NULL) {
			return -ENOMEM;
		}
		if (cp_prefix_parse(word, &prefixes[i]) != 0) {
			return -EBADMSG;
		}
	}
	*input = (struct tbl_rule_input){ .pool = rule->pool,
		.geos = codes,
		.geo_cnt = geo_cnt,
		.subnets = prefixes,
		.subnet_cnt = subnet_cnt };
	return 0;
}

/* Records with equal rules share them here as they do in the image. */
static int
thaw_rules(struct cp_thaw *thaw, uint32_t number)
{
	const struct tbl_ruleset *ruleset = &thaw->view->rulesets[number];
	struct tbl_rule_input *rules = NULL;
	int rc = 0;

	if (thaw->rules[number] != NULL) {
		return 0;
	}
	rules = conf_arena_alloc(thaw->arena, ruleset->rule_cnt, sizeof(*rules));
	if (rules == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; rc == 0 && i < ruleset->rule_cnt; i++) {
		rc = thaw_rule(thaw, &thaw->view->rules[ruleset->rule_first + i], &rules[i]);
	}
	thaw->rules[number] = rules;
	return rc;
}

/* What is asked of a target, until one is seen whose host is another than its address. */
struct check {
	struct cp_target target;
	bool is_known;
	bool has_host; /* one that is asked for whatever the address */
};

/* thaw_target takes the check from a value's target, and what it asks if not the value itself. */
static int
thaw_target(struct cp_thaw *thaw, const struct tbl_value *from, struct check *check,
		struct cp_value *value)
{
	static const struct cp_healthcheck any = { .protocol = CP_PROTOCOL_TCP };
	const char *key = thaw->view->strings + thaw->view->targets[from->target].key_str;
	struct cp_target of_text;

	if (cp_target_from_key(key, &check->target) != 0) {
		return -EBADMSG;
	}
	check->is_known = true;
	check->has_host = check->has_host || strcmp(check->target.host, check->target.address) != 0;
	cp_target_make(&any, value->text, &of_text);
	if (strcmp(of_text.address, check->target.address) != 0) {
		value->probed = copy_text(thaw, check->target.address);
		return value->probed != NULL ? 0 : -ENOMEM;
	}
	return 0;
}

static int
thaw_value(struct cp_thaw *thaw, const uint8_t *owner, const struct tbl_value *from,
		struct check *check, struct cp_value *value)
{
	struct cp_thawed_rr rr;
	int rc = 0;

	cp_thaw_open(thaw, owner, &thaw->view->answers[from->answer]);
	rc = cp_thaw_next(thaw, &rr);
	if (rc != 0) {
		return rc;
	}
	*value = (struct cp_value){ .rdata = rr.rdata,
		.text = copy_text(thaw, thaw->view->strings + from->text_str),
		.weight = from->weight,
		.status = from->status };
	if (value->text == NULL) {
		return -ENOMEM;
	}
	return from->target != TBL_NONE ? thaw_target(thaw, from, check, value) : 0;
}

static int
thaw_pool(struct cp_thaw *thaw, const uint8_t *owner, const struct tbl_pool *from,
		struct check *check, struct cp_pool *pool)
{
	int rc = 0;

	pool->name = copy_text(thaw, thaw->view->strings + from->name_str);
	pool->values = conf_arena_alloc(thaw->arena, from->value_cnt, sizeof(*pool->values));
	pool->value_cnt = from->value_cnt;
	pool->fallback = from->fallback == TBL_POOL_NONE ? -1 : from->fallback;
	if (pool->name == NULL || pool->values == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; rc == 0 && i < pool->value_cnt; i++) {
		rc = thaw_value(thaw, owner, &thaw->view->values[from->value_first + i], check,
				&pool->values[i]);
	}
	return rc;
}

/* A record whose values are all forced up or down is never probed: any check will do. */
static int
make_check(struct cp_thaw *thaw, const struct check *check, struct cp_healthcheck *ret_check)
{
	const struct cp_target *target = &check->target;

	*ret_check = (struct cp_healthcheck){ .protocol = CP_PROTOCOL_TCP, .is_explicit = true };
	if (!check->is_known) {
		return 0;
	}
	ret_check->protocol = target->protocol;
	ret_check->port = target->port;
	ret_check->interval_ms = target->interval_ms;
	ret_check->timeout_ms = target->timeout_ms;
	ret_check->fall = target->fall;
	ret_check->rise = target->rise;
	if (target->protocol != CP_PROTOCOL_HTTPS && target->protocol != CP_PROTOCOL_HTTP) {
		return 0;
	}
	ret_check->path = copy_text(thaw, target->path);
	ret_check->host = check->has_host ? copy_text(thaw, target->host) : NULL;
	return ret_check->path == NULL || (check->has_host && ret_check->host == NULL) ? -ENOMEM
	                                                                               : 0;
}

int
cp_thaw_dynamic(struct cp_thaw *thaw, const struct tbl_node *node, const struct tbl_dyn *dyn)
{
	const uint8_t *owner = tbl_node_name(thaw->view, node);
	struct cp_dynamic *dynamic = conf_arena_alloc(thaw->arena, 1, sizeof(*dynamic));
	struct check check = { .is_known = false };
	int rc = 0;

	if (dynamic == NULL) {
		return -ENOMEM;
	}
	dynamic->pools = conf_arena_alloc(thaw->arena, dyn->pool_cnt, sizeof(*dynamic->pools));
	if (dynamic->pools == NULL) {
		return -ENOMEM;
	}
	rc = thaw_rules(thaw, dyn->ruleset);
	for (uint32_t i = 0; rc == 0 && i < dyn->pool_cnt; i++) {
		rc = thaw_pool(thaw, owner, &thaw->view->pools[dyn->pool_first + i], &check,
				&dynamic->pools[i]);
	}
	if (rc == 0) {
		rc = make_check(thaw, &check, &dynamic->healthcheck);
	}
	if (rc == 0) {
		rc = cp_thaw_rrset(thaw, node->zone, owner, &thaw->view->answers[dyn->last_resort]);
	}
	if (rc != 0) {
		return rc;
	}
	dynamic->pool_cnt = dyn->pool_cnt;
	dynamic->rules = thaw->rules[dyn->ruleset];
	dynamic->rule_cnt = thaw->view->rulesets[dyn->ruleset].rule_cnt;
	thaw->zones[node->zone].items[thaw->zones[node->zone].cnt - 1].dynamic = dynamic;
	return 0;
}
