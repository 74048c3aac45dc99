/*
 * Rules against the geo database: which can be reached by an address at all, and which places it does
 * not have. The table knows exactly: every class of addresses names the rule that wins it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/address.h"
#include "control/lint_impl.h"
#include "control/text.h"

#define CRITERIA_SHOWN_MAX 3u /* in one sentence */

struct cp_lint_places {
	const struct tbl_view *view;
	bool *is_class_used; /* by a leaf */
	const char **codes;  /* of the database, sorted */
	size_t code_cnt;
	bool has_provinces;
};

void
cp_lint_places_free(struct cp_lint_places *places)
{
	if (places != NULL) {
		free(places->is_class_used);
		free(places->codes);
		free(places);
	}
}

int
cp_lint_places_new(const struct tbl_view *view, const struct cp_geo *geo,
		struct cp_lint_places **ret_places)
{
	const struct tbl_header *header = view->header;
	struct cp_lint_places *places = calloc(1, sizeof(*places));
	bool *is_code_used = calloc(geo->table.place_cnt + 1u, sizeof(*is_code_used));

	if (places != NULL) {
		places->view = view;
		places->is_class_used = calloc(header->class_cnt + 1u, sizeof(bool));
		places->codes = calloc(geo->table.place_cnt + 1u, sizeof(*places->codes));
	}
	if (places == NULL || is_code_used == NULL || places->is_class_used == NULL ||
			places->codes == NULL) {
		cp_lint_places_free(places);
		free(is_code_used);
		return -ENOMEM;
	}
	for (uint64_t i = 0; i < header->sections[TBL_SECTION_LEAVES].cnt; i++) {
		places->is_class_used[view->leaves[i].class_id] = true;
	}
	for (size_t i = 0; i < geo->table.prefix_cnt; i++) {
		is_code_used[geo->table.prefixes[i].place] = true;
	}
	for (uint32_t i = 0; i < geo->table.place_cnt; i++) {
		if (is_code_used[i]) {
			const char *code = geo->table.places[i];

			places->codes[places->code_cnt++] = code;
			places->has_provinces = places->has_provinces || strlen(code) > 5;
		}
	}
	free(is_code_used);
	qsort(places->codes, places->code_cnt, sizeof(*places->codes), cp_text_compare);
	*ret_places = places;
	return 0;
}

/* has_place: the place itself, or one in it: "EU" with "EU-DE". */
static bool
has_place(const struct cp_lint_places *places, const char *code)
{
	size_t len = strlen(code);
	size_t low = 0;
	size_t high = places->code_cnt;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(places->codes[middle], code) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < places->code_cnt && strncmp(places->codes[low], code, len) == 0 &&
	       (places->codes[low][len] == '\0' || places->codes[low][len] == '-');
}

/* One rule set of the zone, and the records with it. */
struct user {
	uint32_t ruleset;
	size_t number; /* in the zone */
	const struct cp_record *record;
};

static int
compare_users(const void *a, const void *b)
{
	const struct user *x = a;
	const struct user *y = b;
	int order = (x->ruleset > y->ruleset) - (x->ruleset < y->ruleset);

	return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

/* find_ruleset: of a dynamic record; TBL_NONE when the table does not have the record so. */
static uint32_t
find_ruleset(const struct tbl_view *view, const struct cp_record *record)
{
	const struct tbl_node *node = cp_lint_find(view, record->owner);
	const struct tbl_rrset *rrset =
			node != NULL ? tbl_find_rrset(view, node, record->type) : NULL;

	if (rrset == NULL || (rrset->flags & TBL_RRSET_DYNAMIC) == 0) {
		return TBL_NONE;
	}
	return view->dyns[rrset->ref].ruleset;
}

/* mark_winners: which rules of a set win at least one class of addresses. */
static void
mark_winners(const struct cp_lint_places *places, uint32_t number, bool *is_winner)
{
	const struct tbl_view *view = places->view;
	const struct tbl_ruleset *ruleset = &view->rulesets[number];
	const uint16_t *rule_of = view->class_rule + ruleset->class_rule_first;

	memset(is_winner, 0, (ruleset->rule_cnt + 1u) * sizeof(*is_winner));
	for (uint32_t i = 0; i < view->header->class_cnt; i++) {
		if (places->is_class_used[i]) {
			is_winner[rule_of[i]] = true; /* rule_cnt: none */
		}
	}
}

/* "EU-DE, NA and 4 more": what a rule names, or the part of it that the database lacks. */
static void
list_criteria(const struct cp_lint_places *places, const struct tbl_rule_input *rule,
		bool is_only_absent, char text[256])
{
	size_t len = 0;
	uint32_t cnt = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < rule->geo_cnt + rule->subnet_cnt && len < 256; i++) {
		char prefix[CP_PREFIX_TEXT_MAX];
		const char *item = i < rule->geo_cnt ? rule->geos[i] : prefix;

		if (is_only_absent && (i >= rule->geo_cnt || has_place(places, item))) {
			continue;
		}
		if (i >= rule->geo_cnt) {
			cp_prefix_text(&rule->subnets[i - rule->geo_cnt], prefix);
		}
		if (cnt++ < CRITERIA_SHOWN_MAX) {
			len += (size_t)snprintf(
					text + len, 256 - len, "%s%s", cnt > 1 ? ", " : "", item);
		}
	}
	if (cnt > CRITERIA_SHOWN_MAX && len < 256) {
		(void)snprintf(text + len, 256 - len, " and %u more", cnt - CRITERIA_SHOWN_MAX);
	}
}

static uint32_t
absent_cnt_of(const struct cp_lint_places *places, const struct tbl_rule_input *rule)
{
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < rule->geo_cnt; i++) {
		cnt += !has_place(places, rule->geos[i]);
	}
	return cnt;
}

/* tell_never_matches, tell_absent_places: the two lints about one rule; `others` is about the records
 * with equal rules. A rule that never matches is told as that alone. */
static void
tell_never_matches(const struct cp_lint_run *run, const struct cp_lint_places *places,
		const struct cp_record *record, uint32_t at, const char *others)
{
	const struct tbl_rule_input *rule = &record->dynamic->rules[at];
	bool is_catch_all = rule->geo_cnt == 0 && rule->subnet_cnt == 0;
	bool is_all_absent = !is_catch_all && rule->subnet_cnt == 0 &&
	                     absent_cnt_of(places, rule) == rule->geo_cnt;
	char criteria[256];

	list_criteria(places, rule, false, criteria);
	cp_lint_tell(run, record, CP_LINT_RULE_NEVER_MATCHES,
			"rule %u (%s) of \"%s\"%s never matches: %s", at + 1,
			is_catch_all ? "all others" : criteria, record->fqdn, others,
			is_all_absent ? "no prefix of the geo database is there"
				      : "other rules win every address that it names");
}

static void
tell_absent_places(const struct cp_lint_run *run, const struct cp_lint_places *places,
		const struct cp_record *record, uint32_t at, const char *others)
{
	const struct tbl_rule_input *rule = &record->dynamic->rules[at];
	char criteria[256];

	if (absent_cnt_of(places, rule) == 0) {
		return;
	}
	list_criteria(places, rule, true, criteria);
	cp_lint_tell(run, record, CP_LINT_COUNTRY_NOT_IN_DATABASE,
			"rule %u of \"%s\"%s names %s, and no prefix of the geo database is "
			"there%s",
			at + 1, record->fqdn, others, criteria,
			places->has_provinces ? "" : " (it knows no provinces)");
}

/* look_at_users tells of users[0..cnt), which have one rule set, by the first of them. */
static void
look_at_users(const struct cp_lint_run *run, const struct cp_lint_places *places, enum cp_lint lint,
		const struct user *users, size_t cnt)
{
	const struct cp_record *record = users[0].record;
	bool is_winner[TBL_RULES_MAX + 1u];
	char others[64] = "";

	if (places->view->rulesets[users[0].ruleset].rule_cnt != record->dynamic->rule_cnt) {
		return; /* the table is not of these zones */
	}
	mark_winners(places, users[0].ruleset, is_winner);
	if (cnt > 1) {
		(void)snprintf(others, sizeof(others), " and of %zu more record%s with equal rules",
				cnt - 1, cnt == 2 ? "" : "s");
	}
	for (uint32_t i = 0; i < record->dynamic->rule_cnt; i++) {
		if (lint == CP_LINT_RULE_NEVER_MATCHES && !is_winner[i]) {
			tell_never_matches(run, places, record, i, others);
		} else if (lint == CP_LINT_COUNTRY_NOT_IN_DATABASE && is_winner[i]) {
			tell_absent_places(run, places, record, i, others);
		}
	}
}

/* look_for looks at every rule set of the zone once, by the records that do not silence the lint. */
static int
look_for(const struct cp_lint_run *run, const struct cp_lint_places *places, enum cp_lint lint)
{
	const struct cp_zone *zone = run->zone;
	struct user *users = calloc(zone->record_cnt + 1, sizeof(*users));
	size_t cnt = 0;
	size_t first = 0;

	if (users == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < zone->record_cnt; i++) {
		const struct cp_record *record = &zone->records[i];
		bool is_wanted = record->dynamic != NULL && !is_cp_lint_silenced(run, record, lint);
		uint32_t ruleset = is_wanted ? find_ruleset(run->view, record) : TBL_NONE;

		if (ruleset != TBL_NONE) {
			users[cnt++] = (struct user){ ruleset, i, record };
		}
	}
	qsort(users, cnt, sizeof(*users), compare_users);
	for (size_t i = 1; i <= cnt; i++) {
		if (i == cnt || users[i].ruleset != users[first].ruleset) {
			look_at_users(run, places, lint, &users[first], i - first);
			first = i;
		}
	}
	free(users);
	return 0;
}

int
cp_lint_rules(const struct cp_lint_run *run, const struct cp_lint_places *places)
{
	int rc = look_for(run, places, CP_LINT_RULE_NEVER_MATCHES);

	return rc == 0 ? look_for(run, places, CP_LINT_COUNTRY_NOT_IN_DATABASE) : rc;
}
