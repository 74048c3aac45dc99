#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/location_stages.h"

/* calloc() that gives a pointer for nothing too, so that NULL always means out of memory. */
static void *
array_of(size_t cnt, size_t elem_bytes)
{
	return calloc(cnt > 0 ? cnt : 1, elem_bytes);
}

static int
flatten_rules(struct tbl_judge *judge, size_t *ret_geo_cnt, size_t *ret_subnet_cnt)
{
	size_t cnt = 0;
	size_t geos = 0;
	size_t subnets = 0;

	for (uint32_t r = 0; r < judge->ruleset_cnt; r++) {
		cnt += judge->rulesets[r].rule_cnt;
	}
	judge->rules = array_of(cnt, sizeof(*judge->rules));
	judge->rule_first = array_of(judge->ruleset_cnt, sizeof(*judge->rule_first));
	if (judge->rules == NULL || judge->rule_first == NULL) {
		return -ENOMEM;
	}
	judge->rule_cnt = 0;
	for (uint32_t r = 0; r < judge->ruleset_cnt; r++) {
		judge->rule_first[r] = judge->rule_cnt;
		for (uint32_t i = 0; i < judge->rulesets[r].rule_cnt; i++) {
			const struct tbl_rule_input *input = &judge->rulesets[r].rules[i];

			judge->rules[judge->rule_cnt++] = (struct tbl_judged_rule){
				.input = input, .geo_first = geos, .subnet_first = subnets
			};
			geos += input->geo_cnt;
			subnets += input->subnet_cnt;
		}
	}
	*ret_geo_cnt = geos;
	*ret_subnet_cnt = subnets;
	return 0;
}

static int
allocate(struct tbl_judge *judge, size_t geo_cnt, size_t subnet_cnt)
{
	judge->geo_code = array_of(geo_cnt, sizeof(*judge->geo_code));
	judge->codes = array_of(geo_cnt, sizeof(*judge->codes));
	judge->code_rule = array_of(geo_cnt, sizeof(*judge->code_rule));
	judge->subnet_number = array_of(subnet_cnt, sizeof(*judge->subnet_number));
	judge->subnet_rule = array_of(subnet_cnt, sizeof(*judge->subnet_rule));
	judge->subnets.parent = array_of(subnet_cnt, sizeof(*judge->subnets.parent));
	judge->subnets.parent_first = array_of(subnet_cnt, sizeof(*judge->subnets.parent_first));
	judge->place_codes = array_of(judge->place_cnt, sizeof(*judge->place_codes));
	judge->place_class = array_of(judge->place_cnt, sizeof(*judge->place_class));
	judge->class_place = array_of(judge->place_cnt, sizeof(*judge->class_place));
	judge->place_rule = array_of(judge->place_cnt, sizeof(*judge->place_rule));
	if (judge->geo_code == NULL || judge->codes == NULL || judge->code_rule == NULL ||
			judge->subnet_number == NULL || judge->subnet_rule == NULL ||
			judge->subnets.parent == NULL || judge->subnets.parent_first == NULL ||
			judge->place_codes == NULL || judge->place_class == NULL ||
			judge->class_place == NULL || judge->place_rule == NULL) {
		return -ENOMEM;
	}
	return 0;
}

void
tbl_judge_done(struct tbl_judge *judge)
{
	free(judge->rules);
	free(judge->rule_first);
	free(judge->geo_code);
	free(judge->codes);
	free(judge->code_rule);
	free(judge->subnet_number);
	free(judge->subnet_rule);
	free(judge->subnets.parent);
	free(judge->subnets.parent_first);
	free(judge->place_codes);
	free(judge->place_class);
	free(judge->class_place);
	free(judge->place_rule);
}

static int
compare_codes(const void *a, const void *b)
{
	const char *const *left = a;
	const char *const *right = b;

	return strcmp(*left, *right);
}

/* The number of a code some rule names, or TBL_NONE. */
static uint32_t
find_code(const struct tbl_judge *judge, const char *code)
{
	const char **found = bsearch(
			&code, judge->codes, judge->code_cnt, sizeof(*judge->codes), compare_codes);

	return found == NULL ? TBL_NONE : (uint32_t)(found - judge->codes);
}

/* Fills `codes` with all codes sorted, each once, and geo_code with their numbers. */
static void
number_codes(struct tbl_judge *judge, size_t geo_cnt)
{
	size_t cnt = 0;
	uint32_t distinct = 0;

	for (size_t i = 0; i < judge->rule_cnt; i++) {
		for (uint32_t g = 0; g < judge->rules[i].input->geo_cnt; g++) {
			judge->codes[cnt++] = judge->rules[i].input->geos[g];
		}
	}
	qsort(judge->codes, cnt, sizeof(*judge->codes), compare_codes);
	for (size_t i = 0; i < cnt; i++) {
		if (distinct == 0 || strcmp(judge->codes[i], judge->codes[distinct - 1]) != 0) {
			judge->codes[distinct++] = judge->codes[i];
		}
	}
	judge->code_cnt = distinct;
	cnt = 0;
	for (size_t i = 0; i < judge->rule_cnt && cnt < geo_cnt; i++) {
		for (uint32_t g = 0; g < judge->rules[i].input->geo_cnt; g++) {
			judge->geo_code[cnt++] = find_code(judge, judge->rules[i].input->geos[g]);
		}
	}
}

/* The codes that hold for a place: its own, then with one part after the other cut off. */
static void
number_place(const struct tbl_judge *judge, const char *place, uint32_t codes[TBL_CODE_PARTS_MAX])
{
	char code[TBL_CODE_BYTES_MAX];
	char *dash = code;
	size_t len = strlen(place);
	uint32_t cnt = 0;

	memcpy(code, place, len + 1); /* fits: tbl_location_check_input() */
	memset(codes, 0xff, TBL_CODE_PARTS_MAX * sizeof(*codes)); /* TBL_NONE */
	while (dash != NULL) {
		codes[cnt++] = find_code(judge, code);
		dash = strrchr(code, '-');
		if (dash != NULL) {
			*dash = '\0';
		}
	}
}

/* Splits groups of items until no two of one group have different rules. */
static int
refine(struct tbl_pairs *scratch, uint32_t *group, const uint16_t *rule, uint32_t cnt)
{
	tbl_pairs_clear(scratch);
	for (uint32_t i = 0; i < cnt; i++) {
		if (tbl_pairs_number(scratch, group[i], rule[i], &group[i]) != 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

static uint16_t
rule_of_place(const struct tbl_judge *judge, uint32_t place)
{
	for (uint32_t i = 0; i < TBL_CODE_PARTS_MAX; i++) {
		uint32_t code = judge->place_codes[place][i];

		if (code != TBL_NONE && judge->code_rule[code] != judge->rule_none) {
			return judge->code_rule[code];
		}
	}
	return judge->catch_all;
}

/* Code and catch-all rules of one rule set; the earlier of two rules with one code holds. */
static void
turn_to_codes(struct tbl_judge *judge, uint32_t ruleset)
{
	uint32_t rule_cnt = judge->rulesets[ruleset].rule_cnt;
	const struct tbl_judged_rule *rules = &judge->rules[judge->rule_first[ruleset]];

	judge->rule_none = (uint16_t)rule_cnt;
	judge->catch_all = judge->rule_none;
	for (uint32_t i = 0; i < judge->code_cnt; i++) {
		judge->code_rule[i] = judge->rule_none;
	}
	for (uint32_t i = rule_cnt; i-- > 0;) {
		const struct tbl_rule_input *input = rules[i].input;

		for (uint32_t g = 0; g < input->geo_cnt; g++) {
			judge->code_rule[judge->geo_code[rules[i].geo_first + g]] = (uint16_t)i;
		}
		if (input->geo_cnt == 0 && input->subnet_cnt == 0) {
			judge->catch_all = (uint16_t)i;
		}
	}
}

/* Sorts places into classes, so that the database's detail costs nothing where no rule asks. */
static int
classify_places(struct tbl_judge *judge)
{
	struct tbl_pairs scratch = { 0 };
	uint16_t *rule = array_of(judge->place_cnt, sizeof(*rule));
	int err = rule == NULL ? -ENOMEM : 0;

	for (uint32_t r = 0; err == 0 && r < judge->ruleset_cnt; r++) {
		turn_to_codes(judge, r);
		for (uint32_t p = 0; p < judge->place_cnt; p++) {
			rule[p] = rule_of_place(judge, p);
		}
		err = refine(&scratch, judge->place_class, rule, judge->place_cnt);
	}
	for (uint32_t p = 0; p < judge->place_cnt; p++) {
		/* Classes are numbered in order of first appearance. */
		if (judge->place_class[p] == judge->place_class_cnt) {
			judge->class_place[judge->place_class_cnt++] = p;
		}
	}
	tbl_pairs_done(&scratch);
	free(rule);
	return err;
}

int
tbl_judge_init(struct tbl_judge *judge, const struct tbl_ruleset_input *rulesets,
		uint32_t ruleset_cnt, const struct tbl_geo *geo)
{
	uint32_t nowhere = geo == NULL ? 0 : geo->place_cnt;
	size_t geo_cnt;
	size_t subnet_cnt;
	int err;

	*judge = (struct tbl_judge){
		.rulesets = rulesets, .ruleset_cnt = ruleset_cnt, .place_cnt = nowhere + 1
	};
	err = flatten_rules(judge, &geo_cnt, &subnet_cnt);
	if (err == 0) {
		err = allocate(judge, geo_cnt, subnet_cnt);
	}
	if (err != 0) {
		return err;
	}
	number_codes(judge, geo_cnt);
	for (uint32_t p = 0; p < nowhere; p++) {
		number_place(judge, geo->places[p], judge->place_codes[p]);
	}
	memset(judge->place_codes[nowhere], 0xff, sizeof(judge->place_codes[nowhere]));
	return classify_places(judge);
}

void
tbl_judge_turn_to(struct tbl_judge *judge, uint32_t ruleset)
{
	uint32_t rule_cnt = judge->rulesets[ruleset].rule_cnt;
	const struct tbl_judged_rule *rules = &judge->rules[judge->rule_first[ruleset]];

	turn_to_codes(judge, ruleset);
	for (uint32_t i = 0; i < judge->place_class_cnt; i++) {
		judge->place_rule[i] = rule_of_place(judge, judge->class_place[i]);
	}
	for (uint32_t i = 0; i < judge->subnets.cnt; i++) {
		judge->subnet_rule[i] = judge->rule_none;
	}
	for (uint32_t i = rule_cnt; i-- > 0;) {
		for (uint32_t s = 0; s < rules[i].input->subnet_cnt; s++) {
			uint32_t subnet = judge->subnet_number[rules[i].subnet_first + s];

			judge->subnet_rule[subnet] = (uint16_t)i;
		}
	}
	for (uint32_t i = 0; i < judge->subnets.cnt; i++) {
		uint32_t subnet = judge->subnets.parent_first[i];
		uint32_t parent = judge->subnets.parent[subnet];

		if (judge->subnet_rule[subnet] == judge->rule_none && parent != TBL_NONE) {
			judge->subnet_rule[subnet] = judge->subnet_rule[parent];
		}
	}
}

uint16_t
tbl_judge_rule(const struct tbl_judge *judge, uint64_t cell_key)
{
	uint32_t place_class = (uint32_t)(cell_key >> 32);
	uint32_t subnet = (uint32_t)cell_key;

	if (subnet != TBL_NONE && judge->subnet_rule[subnet] != judge->rule_none) {
		return judge->subnet_rule[subnet];
	}
	return judge->place_rule[place_class];
}

int
tbl_judge_group(struct tbl_judge *judge, const struct tbl_pairs *cells, uint32_t *group)
{
	struct tbl_pairs scratch = { 0 };
	uint16_t *rule = array_of(cells->cnt, sizeof(*rule));
	int err = rule == NULL ? -ENOMEM : 0;

	memset(group, 0, cells->cnt * sizeof(*group));
	for (uint32_t r = 0; err == 0 && r < judge->ruleset_cnt; r++) {
		tbl_judge_turn_to(judge, r);
		for (uint32_t i = 0; i < cells->cnt; i++) {
			rule[i] = tbl_judge_rule(judge, cells->keys[i]);
		}
		err = refine(&scratch, group, rule, cells->cnt);
	}
	tbl_pairs_done(&scratch);
	free(rule);
	return err;
}
