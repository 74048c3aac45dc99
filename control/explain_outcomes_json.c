/* Outcomes for people and programs: decisions, values, shares, countries. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/explain_outcomes.h"
#include "control/present.h"
#include "control/zones.h"

/* What all outcomes have of one country together, and one of them. */
struct country {
	char code[8]; /* "NA-US"; provinces count as their country */
	struct cp_count count[2];
	struct cp_count all[2];
};

struct telling {
	const struct cp_explain_input *input;
	const struct cp_outcomes *outcomes;
	struct cp_count known[2];  /* what the database names */
	struct country *countries; /* room for one a place; NULL: no database */
	struct country **sorted;   /* the same, largest of the outcome at hand first */
	uint32_t *country_of;      /* by place */
	size_t country_cnt;
};

static json_t *
count_json(const struct cp_count *count)
{
	char text[CP_COUNT_TEXT_MAX];

	cp_count_text(count, text);
	return json_string(text);
}

/* Adds the exact count, its share of the whole and that share in words. */
static void
add_share(json_t *json, const char *prefix, const struct cp_count *part,
		const struct cp_count *whole)
{
	char key[64];
	char percent[CP_PERCENT_TEXT_MAX];

	cp_count_percent(part, whole, percent);
	(void)snprintf(key, sizeof(key), "%s_addresses", prefix);
	json_object_set_new(json, key, count_json(part));
	(void)snprintf(key, sizeof(key), "%s_share", prefix);
	json_object_set_new(json, key, json_real(cp_count_share(part, whole)));
	(void)snprintf(key, sizeof(key), "%s_percent", prefix);
	json_object_set_new(json, key, json_string(percent));
}

/* Countries */

static void
country_code(const char *place, char code[8])
{
	struct cp_geo_parts parts;

	if (cp_geo_code_check(place, &parts) == CP_GEO_OK && parts.country[0] != '\0') {
		(void)snprintf(code, 8, "%s-%s", parts.continent, parts.country);
	} else {
		(void)snprintf(code, 8, "%s", place);
	}
}

/* The country of each place, numbered as they come. */
static void
number_countries(struct telling *telling)
{
	const struct tbl_geo *geo = &telling->input->geo->table;

	for (uint32_t p = 0; p < geo->place_cnt; p++) {
		char code[8];
		uint32_t i = 0;

		country_code(geo->places[p], code);
		while (i < telling->country_cnt && strcmp(telling->countries[i].code, code) != 0) {
			i++;
		}
		if (i == telling->country_cnt) {
			memcpy(telling->countries[i].code, code, sizeof(code));
			telling->sorted[i] = &telling->countries[i];
			telling->country_cnt++;
		}
		telling->country_of[p] = i;
	}
}

/* What everybody has of each country. */
static void
sum_countries(struct telling *telling)
{
	const struct cp_outcomes *outcomes = telling->outcomes;

	for (uint32_t p = 0; p < outcomes->place_cnt; p++) {
		for (uint32_t o = 0; o < outcomes->cnt; o++) {
			struct cp_count *in_place =
					outcomes->in_place[(size_t)o * outcomes->place_cnt + p];

			struct country *country = &telling->countries[telling->country_of[p]];

			for (uint32_t f = 0; f < 2; f++) {
				cp_count_add(&country->all[f], &in_place[f]);
				cp_count_add(&telling->known[f], &in_place[f]);
			}
		}
	}
}

/* What one outcome has of each, and returns what it has of all that the database names. */
static void
turn_to_outcome(struct telling *telling, uint32_t outcome, struct cp_count ret_known[2])
{
	const struct cp_outcomes *outcomes = telling->outcomes;

	for (size_t i = 0; i < telling->country_cnt; i++) {
		memset(telling->countries[i].count, 0, sizeof(telling->countries[i].count));
	}
	for (uint32_t p = 0; p < outcomes->place_cnt; p++) {
		struct cp_count *in_place =
				outcomes->in_place[(size_t)outcome * outcomes->place_cnt + p];
		struct country *country = &telling->countries[telling->country_of[p]];

		for (uint32_t f = 0; f < 2; f++) {
			cp_count_add(&country->count[f], &in_place[f]);
			cp_count_add(&ret_known[f], &in_place[f]);
		}
	}
}

/* Largest first: by IPv4, where sizes mean most, then by IPv6. */
static int
compare_countries(const void *a, const void *b)
{
	const struct country *left = *(const struct country *const *)a;
	const struct country *right = *(const struct country *const *)b;
	int order = cp_count_compare(&right->count[0], &left->count[0]);

	order = order != 0 ? order : cp_count_compare(&right->count[1], &left->count[1]);
	return order != 0 ? order : strcmp(left->code, right->code);
}

static json_t *
countries_json(struct telling *telling)
{
	json_t *list = json_array();

	qsort(telling->sorted, telling->country_cnt, sizeof(struct country *), compare_countries);
	for (size_t i = 0; i < telling->country_cnt; i++) {
		const struct country *country = telling->sorted[i];
		const char *name = cp_geo_name(country->code);
		bool is_whole = cp_count_compare(&country->count[0], &country->all[0]) == 0 &&
		                cp_count_compare(&country->count[1], &country->all[1]) == 0;

		if (is_cp_count_zero(&country->count[0]) && is_cp_count_zero(&country->count[1])) {
			break; /* sorted: nothing behind it has any */
		}
		json_array_append_new(list,
				json_pack("{s:s, s:s, s:b, s:o, s:o}", "code", country->code,
						"name", name != NULL ? name : country->code,
						"is_whole", is_whole, "ipv4_addresses",
						count_json(&country->count[0]), "ipv6_addresses",
						count_json(&country->count[1])));
	}
	return list;
}

/* Decisions */

static json_t *
turn_json(const struct tbl_view *view, const struct cp_explain_step *step)
{
	const struct tbl_dyn *dyn = step->dyn;
	const struct tbl_ruleset *ruleset = &view->rulesets[dyn->ruleset];
	const struct tbl_set *set = step->choice.set;
	char type_name[CP_TYPE_NAME_MAX];
	json_t *json = json_pack("{s:o, s:s, s:b}", "record",
			cp_explain_node(view, &view->nodes[dyn->node]), "type",
			cp_type_name(dyn->type, type_name), "is_last_resort",
			set->pool == TBL_NONE);

	if (step->choice.rule < ruleset->rule_cnt) {
		const struct tbl_rule *rule = &view->rules[ruleset->rule_first + step->choice.rule];
		const struct tbl_pool *pool = &view->pools[dyn->pool_first + rule->pool];

		json_object_set_new(json, "rule", json_integer((json_int_t)step->choice.rule + 1));
		json_object_set_new(json, "geos", json_string(view->strings + rule->geos_str));
		json_object_set_new(
				json, "subnets", json_string(view->strings + rule->subnets_str));
		json_object_set_new(json, "rule_pool", json_string(view->strings + pool->name_str));
	}
	if (set->pool != TBL_NONE) {
		json_object_set_new(json, "pool",
				json_string(view->strings + view->pools[set->pool].name_str));
	}
	return json;
}

/* The answer: the values that are drawn among, or the records that everybody gets. */
static void
add_answer(const struct telling *telling, const struct tbl_reply *reply,
		const struct cp_explain_step *last, json_t *json)
{
	const struct cp_explain_input *input = telling->input;
	json_t *sections;

	if (last != NULL && last->choice.set->pool != TBL_NONE) {
		json_object_set_new(json, "values",
				cp_explain_values(input,
						&input->view->pools[last->choice.set->pool],
						last->choice.set));
	}
	if (last != NULL && last->choice.set->cnt > 1) {
		return; /* the records of one draw are not the answer */
	}
	sections = cp_present_reply(input->view, reply, telling->outcomes->name);
	json_object_set(json, "records",
			json_object_get(sections, reply->is_referral ? "authority" : "answer"));
	json_decref(sections);
}

static json_t *
outcome_json(struct telling *telling, uint32_t index)
{
	static const char *const families[2] = { "ipv4", "ipv6" };
	static const char *const known_names[2] = { "ipv4_known", "ipv6_known" };
	const struct cp_outcome *outcome = &telling->outcomes->items[index];
	struct cp_explain_step steps[CP_EXPLAIN_STEPS_MAX];
	const struct cp_explain_step *last = NULL;
	struct cp_count known[2] = { 0 };
	struct tbl_reply reply;
	size_t cnt = cp_outcomes_steps(telling->outcomes, &outcome->client, &reply, steps);
	bool is_parted = is_cp_explain_parting(&steps[cnt - 1], telling->outcomes->type);
	json_t *turns = json_array();
	json_t *json = json_pack("{s:o, s:b}", "decisions", turns, "is_parted", is_parted);

	if (!is_parted) {
		json_object_set_new(json, "rcode", json_string(cp_explain_rcode(reply.rcode)));
		json_object_set_new(json, "is_referral", json_boolean(reply.is_referral));
	}
	for (size_t i = 0; i < cnt; i++) {
		if (steps[i].dyn != NULL) {
			last = &steps[i];
			json_array_append_new(turns, turn_json(telling->input->view, last));
		}
	}
	add_answer(telling, &reply, last, json);
	if (telling->countries != NULL) {
		turn_to_outcome(telling, index, known);
	}
	for (uint32_t f = 0; f < 2; f++) {
		struct cp_count whole = cp_count_prefix(f == CP_OUTCOME_IPV4 ? 4 : 6, 0);

		add_share(json, families[f], &outcome->count[f], &whole);
		if (telling->countries != NULL) {
			add_share(json, known_names[f], &known[f], &telling->known[f]);
		}
	}
	if (telling->countries != NULL) {
		json_object_set_new(json, "countries", countries_json(telling));
	}
	return json;
}

/* The database's part in it; without one there is none. */
static int
open_countries(struct telling *telling, json_t *json)
{
	const struct cp_geo *geo = telling->input->geo;
	size_t room;

	if (geo == NULL) {
		return 0;
	}
	room = (size_t)geo->table.place_cnt + 1;
	telling->countries = calloc(room, sizeof(*telling->countries));
	telling->sorted = calloc(room, sizeof(struct country *));
	telling->country_of = calloc(room, sizeof(*telling->country_of));
	if (telling->countries == NULL || telling->sorted == NULL || telling->country_of == NULL) {
		return -ENOMEM;
	}
	number_countries(telling);
	sum_countries(telling);
	json_object_set_new(json, "database",
			json_pack("{s:s, s:o, s:o}", "description", geo->description,
					"ipv4_addresses", count_json(&telling->known[0]),
					"ipv6_addresses", count_json(&telling->known[1])));
	return 0;
}

static int
tell(struct telling *telling, json_t *json)
{
	json_t *list = json_array();
	int err = open_countries(telling, json);

	for (uint32_t i = 0; err == 0 && i < telling->outcomes->cnt; i++) {
		json_array_append_new(list, outcome_json(telling, i));
	}
	json_object_set_new(json, "outcomes", list);
	free(telling->countries);
	free(telling->sorted);
	free(telling->country_of);
	return err;
}

int
cp_explain_outcomes(const struct cp_explain_input *input, const struct tbl_name *question,
		uint16_t type, json_t *json)
{
	struct cp_outcomes outcomes;
	struct telling telling = { .input = input, .outcomes = &outcomes };
	int err = cp_outcomes_init(&outcomes, input->view, question, type);

	if (err == 0 && input->geo != NULL) {
		err = cp_outcomes_place(&outcomes, input->geo);
	}
	if (err == 0) {
		err = tell(&telling, json);
	}
	cp_outcomes_done(&outcomes);
	return err;
}
