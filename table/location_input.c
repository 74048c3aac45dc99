#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/location_stages.h"

int
tbl_location_fail(struct tbl_error *ret_error, int code, const char *format, ...)
{
	va_list args;

	if (ret_error != NULL) {
		va_start(args, format);
		(void)vsnprintf(ret_error->text, sizeof(ret_error->text), format, args);
		va_end(args);
	}
	return code;
}

void
tbl_prefix_text(const struct tbl_prefix *prefix, char text[TBL_PREFIX_TEXT_MAX])
{
	char address[INET6_ADDRSTRLEN] = "?";

	(void)inet_ntop(prefix->family == 4 ? AF_INET : AF_INET6, prefix->bytes, address,
			sizeof(address));
	(void)snprintf(text, TBL_PREFIX_TEXT_MAX, "%s/%u", address, (unsigned)prefix->bits);
}

static bool
is_prefix(const struct tbl_prefix *prefix)
{
	uint32_t most = prefix->family == 4 ? 32 : 128;
	uint32_t whole = prefix->bits / 8;

	if ((prefix->family != 4 && prefix->family != 6) || prefix->bits > most) {
		return false;
	}
	if (prefix->bits % 8 != 0) {
		if ((prefix->bytes[whole] & (0xffu >> prefix->bits % 8)) != 0) {
			return false;
		}
		whole++;
	}
	for (uint32_t i = whole; i < sizeof(prefix->bytes); i++) {
		if (prefix->bytes[i] != 0) {
			return false;
		}
	}
	return true;
}

/* One to three parts of one to three capitals or digits: form only. Which codes there are is the
 * control plane's vocabulary to say. */
static bool
is_code(const char *code)
{
	uint32_t parts = 1;
	uint32_t len = 0;

	for (; *code != '\0'; code++) {
		if (*code == '-') {
			if (len == 0 || ++parts > TBL_CODE_PARTS_MAX) {
				return false;
			}
			len = 0;
		} else if (((*code >= 'A' && *code <= 'Z') || (*code >= '0' && *code <= '9')) &&
				len < 3) {
			len++;
		} else {
			return false;
		}
	}
	return len > 0;
}

static int
check_rule(const struct tbl_rule_input *rule, uint32_t ruleset, uint32_t number,
		struct tbl_error *ret_error)
{
	if (rule->pool == TBL_POOL_NONE) {
		return tbl_location_fail(ret_error, -EINVAL,
				"rule set %u, rule %u: pool number %u is reserved", ruleset, number,
				TBL_POOL_NONE);
	}
	for (uint32_t i = 0; i < rule->geo_cnt; i++) {
		if (!is_code(rule->geos[i])) {
			return tbl_location_fail(ret_error, -EINVAL,
					"rule set %u, rule %u: \"%.40s\" is no geo code", ruleset,
					number, rule->geos[i]);
		}
	}
	for (uint32_t i = 0; i < rule->subnet_cnt; i++) {
		if (!is_prefix(&rule->subnets[i])) {
			return tbl_location_fail(ret_error, -EINVAL,
					"rule set %u, rule %u: subnet %u is no prefix (family, "
					"length, or bits behind the length)",
					ruleset, number, i);
		}
	}
	return 0;
}

static int
check_ruleset(const struct tbl_ruleset_input *ruleset, uint32_t number, struct tbl_error *ret_error)
{
	if (ruleset->rule_cnt > TBL_RULES_MAX) {
		return tbl_location_fail(ret_error, -E2BIG, "rule set %u: %u rules, at most %u",
				number, ruleset->rule_cnt, TBL_RULES_MAX);
	}
	for (uint32_t i = 0; i < ruleset->rule_cnt; i++) {
		int err = check_rule(&ruleset->rules[i], number, i, ret_error);

		if (err != 0) {
			return err;
		}
	}
	return 0;
}

static int
check_geo(const struct tbl_geo *geo, struct tbl_error *ret_error)
{
	for (uint32_t i = 0; i < geo->place_cnt; i++) {
		if (!is_code(geo->places[i])) {
			return tbl_location_fail(ret_error, -EINVAL,
					"geo database: place %u, \"%.40s\", is no geo code", i,
					geo->places[i]);
		}
	}
	for (size_t i = 0; i < geo->prefix_cnt; i++) {
		if (!is_prefix(&geo->prefixes[i].prefix) ||
				geo->prefixes[i].place >= geo->place_cnt) {
			return tbl_location_fail(ret_error, -EINVAL,
					"geo database: entry %zu has no valid prefix or place", i);
		}
	}
	return 0;
}

int
tbl_location_check_input(const struct tbl_ruleset_input *rulesets, uint32_t ruleset_cnt,
		const struct tbl_geo *geo, struct tbl_error *ret_error)
{
	if (ruleset_cnt > TBL_RULESETS_MAX) {
		return tbl_location_fail(ret_error, -E2BIG, "%u distinct rule sets, at most %u",
				ruleset_cnt, TBL_RULESETS_MAX);
	}
	for (uint32_t r = 0; r < ruleset_cnt; r++) {
		int err = check_ruleset(&rulesets[r], r, ret_error);

		if (err != 0) {
			return err;
		}
	}
	return geo == NULL ? 0 : check_geo(geo, ret_error);
}

static char *
join_geos(const struct tbl_rule_input *rule)
{
	char *text = malloc((size_t)rule->geo_cnt * (TBL_CODE_BYTES_MAX + 2) + 1);
	char *end = text;

	if (text == NULL) {
		return NULL;
	}
	*end = '\0';
	for (uint32_t i = 0; i < rule->geo_cnt; i++) {
		end = stpcpy(stpcpy(end, i > 0 ? ", " : ""), rule->geos[i]);
	}
	return text;
}

static char *
join_subnets(const struct tbl_rule_input *rule)
{
	char *text = malloc((size_t)rule->subnet_cnt * (TBL_PREFIX_TEXT_MAX + 2) + 1);
	char *end = text;
	char subnet[TBL_PREFIX_TEXT_MAX];

	if (text == NULL) {
		return NULL;
	}
	*end = '\0';
	for (uint32_t i = 0; i < rule->subnet_cnt; i++) {
		tbl_prefix_text(&rule->subnets[i], subnet);
		end = stpcpy(stpcpy(end, i > 0 ? ", " : ""), subnet);
	}
	return text;
}

int
tbl_location_describe(struct tbl_location *location, const struct tbl_ruleset_input *rulesets,
		uint32_t ruleset_cnt)
{
	size_t rule_cnt = 0;

	for (uint32_t r = 0; r < ruleset_cnt; r++) {
		rule_cnt += rulesets[r].rule_cnt; /* at most 65535 * 1000 */
	}
	location->rulesets = calloc(ruleset_cnt + 1u, sizeof(*location->rulesets));
	location->rules = calloc(rule_cnt + 1, sizeof(*location->rules));
	if (location->rulesets == NULL || location->rules == NULL) {
		return -ENOMEM;
	}
	location->ruleset_cnt = ruleset_cnt;
	for (uint32_t r = 0; r < ruleset_cnt; r++) {
		location->rulesets[r].rule_first = location->rule_cnt;
		location->rulesets[r].rule_cnt = rulesets[r].rule_cnt;
		for (uint32_t i = 0; i < rulesets[r].rule_cnt; i++) {
			const struct tbl_rule_input *input = &rulesets[r].rules[i];
			struct tbl_location_rule *rule = &location->rules[location->rule_cnt++];

			rule->pool = input->pool;
			rule->geos = join_geos(input);
			rule->subnets = join_subnets(input);
			if (rule->geos == NULL || rule->subnets == NULL) {
				return -ENOMEM;
			}
		}
	}
	return 0;
}
