#include "control/explain_rules.h"

#include <stdio.h>
#include <string.h>

#include "control/explain_impl.h"
#include "control/leaves.h"

#define ITEM_MAX 64u /* one geo code or one prefix */

/* Takes the next item of "A, B, C"; false at the end. */
static bool
has_next_item(const char **list, char item[ITEM_MAX])
{
	size_t len;

	*list += strspn(*list, ", ");
	len = strcspn(*list, ", ");
	if (len == 0) {
		return false;
	}
	(void)snprintf(item, ITEM_MAX, "%.*s", (int)len, *list);
	*list += len;
	return true;
}

static bool
is_in_prefix(const struct tbl_addr *addr, const char *text, unsigned int *ret_bits)
{
	struct tbl_prefix host = cp_prefix_around(addr, addr->family == 4 ? 32 : 128);
	struct tbl_prefix prefix;

	if (cp_prefix_parse(text, &prefix) != 0 || !is_cp_prefix_inside(&host, &prefix)) {
		return false;
	}
	*ret_bits = prefix.bits;
	return true;
}

/* "NA-US" covers "NA-US" and "NA-US-CA", not "NA-USA". */
static bool
is_geo_covering(const char *geo, const char *place)
{
	size_t len = strlen(geo);

	return strncmp(geo, place, len) == 0 && (place[len] == '\0' || place[len] == '-');
}

/* What of a rule's text holds for the client. */
struct rule_match {
	bool is_catch_all;
	char subnet[ITEM_MAX]; /* longest that holds the client, "" when none does */
	unsigned int subnet_bits;
	char geo[ITEM_MAX]; /* most specific that covers the client's place, "" when none does */
};

static struct rule_match
match_rule(const struct tbl_view *view, const struct tbl_rule *rule,
		const struct cp_client_place *place)
{
	const char *geos = view->strings + rule->geos_str;
	const char *subnets = view->strings + rule->subnets_str;
	struct rule_match match = { .is_catch_all = geos[0] == '\0' && subnets[0] == '\0' };
	char item[ITEM_MAX];

	while (has_next_item(&subnets, item)) {
		unsigned int bits;

		if (is_in_prefix(&place->addr, item, &bits) &&
				(match.subnet[0] == '\0' || bits > match.subnet_bits)) {
			memcpy(match.subnet, item, sizeof(match.subnet));
			match.subnet_bits = bits;
		}
	}
	while (place->code != NULL && has_next_item(&geos, item)) {
		if (is_geo_covering(item, place->code) && strlen(item) > strlen(match.geo)) {
			memcpy(match.geo, item, sizeof(match.geo));
		}
	}
	return match;
}

static json_t *
why_chosen(const struct rule_match *match, const struct cp_client_place *place)
{
	if (match->subnet[0] != '\0') {
		return cp_explain_text("%s holds the client", match->subnet);
	}
	if (match->geo[0] != '\0') {
		return cp_explain_text(
				"the client is in %s, which %s covers", place->code, match->geo);
	}
	if (match->is_catch_all) {
		return cp_explain_text("the catch-all: no other rule matches");
	}
	if (!place->has_geo) {
		return cp_explain_text(
				"the compiled table says so; no geo database at hand to name the "
				"place");
	}
	return cp_explain_text(
			"the compiled table says so; the geo database at hand is another one (it "
			"puts the client in %s)",
			place->code != NULL ? place->code : "no place");
}

/* `chosen` is the number of the rule that was, 0 when none was. */
static json_t *
why_no_match(const struct tbl_view *view, const struct tbl_rule *rule,
		const struct cp_client_place *place, uint32_t chosen)
{
	bool has_subnets = view->strings[rule->subnets_str] != '\0';
	bool has_geos = view->strings[rule->geos_str] != '\0';
	const char *no_subnet = has_subnets ? "no subnet of it holds the client" : "";
	const char *joint = has_subnets && has_geos ? "; " : "";

	if (!has_geos) {
		return cp_explain_text("%s", no_subnet);
	}
	if (!place->has_geo && chosen != 0) {
		return cp_explain_text("%s%sthe compiled table chooses rule %u; no geo database at "
				       "hand to name the place",
				no_subnet, joint, chosen);
	}
	if (!place->has_geo) {
		return cp_explain_text("%s%sthe compiled table puts the client elsewhere",
				no_subnet, joint);
	}
	if (place->code == NULL) {
		return cp_explain_text("%s%sthe client is in no place that the database knows",
				no_subnet, joint);
	}
	return cp_explain_text("%s%sthe client is in %s", no_subnet, joint, place->code);
}

/* A rule that matches and was not chosen: what the chosen one has over it. */
static json_t *
why_beaten(const struct rule_match *match, const struct rule_match *winner, uint32_t number)
{
	const char *held = match->subnet[0] != '\0' ? match->subnet : match->geo;

	if (match->is_catch_all) {
		return cp_explain_text("the catch-all: rule %u matches", number);
	}
	if (winner->subnet[0] != '\0' && match->subnet[0] == '\0') {
		return cp_explain_text(
				"%s matches, but a subnet beats a place (rule %u)", held, number);
	}
	if (winner->subnet[0] != '\0' && winner->subnet_bits > match->subnet_bits) {
		return cp_explain_text("%s matches, but %s of rule %u is more specific", held,
				winner->subnet, number);
	}
	if (strlen(winner->geo) > strlen(match->geo) && match->subnet[0] == '\0') {
		return cp_explain_text("%s matches, but %s of rule %u is more specific", held,
				winner->geo, number);
	}
	if (winner->subnet_bits == match->subnet_bits && strcmp(winner->geo, match->geo) == 0) {
		return cp_explain_text("%s matches, but rule %u has it too and stands first", held,
				number);
	}
	return cp_explain_text("%s matches, but rule %u was chosen", held, number);
}

static bool
has_match(const struct rule_match *match)
{
	return match->is_catch_all || match->subnet[0] != '\0' || match->geo[0] != '\0';
}

/* Whether any address at all gets the rule: a class exists only where addresses are. */
static bool
is_ever_chosen(const struct tbl_view *view, const struct tbl_ruleset *ruleset, uint32_t rule)
{
	for (uint32_t i = 0; i < view->header->class_cnt; i++) {
		if (view->class_rule[ruleset->class_rule_first + i] == rule) {
			return true;
		}
	}
	return false;
}

json_t *
cp_explain_rules(const struct tbl_view *view, const struct tbl_dyn *dyn, uint32_t chosen,
		const struct cp_client_place *place)
{
	const struct tbl_ruleset *ruleset = &view->rulesets[dyn->ruleset];
	const struct tbl_rule *rules = &view->rules[ruleset->rule_first];
	uint32_t number = chosen < ruleset->rule_cnt ? chosen + 1 : 0;
	struct rule_match winner = { 0 };
	json_t *list = json_array();

	if (number != 0) {
		winner = match_rule(view, &rules[chosen], place);
	}
	for (uint32_t i = 0; i < ruleset->rule_cnt; i++) {
		struct rule_match match = match_rule(view, &rules[i], place);
		const struct tbl_pool *pool = &view->pools[dyn->pool_first + rules[i].pool];
		json_t *because = i == chosen ? why_chosen(&match, place)
		                  : has_match(&match)
		                                  ? why_beaten(&match, &winner, number)
		                                  : why_no_match(view, &rules[i], place, number);

		json_array_append_new(
				list, json_pack("{s:I, s:s, s:s, s:s, s:b, s:b, s:o}", "number",
						      (json_int_t)i + 1, "geos",
						      view->strings + rules[i].geos_str, "subnets",
						      view->strings + rules[i].subnets_str, "pool",
						      view->strings + pool->name_str, "is_chosen",
						      i == chosen, "is_ever_chosen",
						      is_ever_chosen(view, ruleset, i), "because",
						      because));
	}
	return list;
}
