#include "control/blast.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "control/blast_impl.h"
#include "control/zones.h"

/* What decides which pool a record's clients get, besides where they are, is its signature: its rule
 * set, and the name of the pool that each rule names. Records of one table that agree in both move
 * alike. */
struct signatures {
	const struct tbl_view *view;
	struct tbl_vec items; /* const struct tbl_dyn *, the first record that has it */
	struct tbl_map map;
};

/* Records that move alike, of one group or of several: other pools that nothing moves between make
 * other groups. */
struct result {
	json_t *moves;
	json_t *records;
	struct cp_tally sum;
	struct cp_tally named;
};

struct job {
	const struct cp_blast_input *input;
	struct cp_space space;
	struct signatures served;
	struct signatures wanted;
	struct tbl_pairs groups; /* (signature of served, signature of wanted) */
	uint32_t *group_of;      /* of each pair of records */
	uint32_t *result_of;     /* of each group; TBL_NONE: nothing moves */
	struct tbl_vec results;  /* struct result */
	struct tbl_map result_map;
};

/* Signatures */

/* Offset of the name of the pool that clients of a rule get; TBL_NONE when no rule matches. */
static uint32_t
pool_name(const struct tbl_view *view, const struct tbl_dyn *dyn, uint32_t rule)
{
	const struct tbl_ruleset *ruleset = &view->rulesets[dyn->ruleset];

	if (rule >= ruleset->rule_cnt) {
		return TBL_NONE;
	}
	return view->pools[dyn->pool_first + view->rules[ruleset->rule_first + rule].pool].name_str;
}

static uint64_t
hash_signature(const struct tbl_view *view, const struct tbl_dyn *dyn)
{
	uint32_t rule_cnt = view->rulesets[dyn->ruleset].rule_cnt;
	uint64_t hash = dyn->ruleset;

	for (uint32_t i = 0; i < rule_cnt; i++) {
		uint32_t name = pool_name(view, dyn, i);

		hash = XXH3_64bits_withSeed(&name, sizeof(name), hash);
	}
	return hash;
}

/* Names are stored once, so equal names have equal offsets. */
static bool
is_same_signature(const struct tbl_view *view, const struct tbl_dyn *a, const struct tbl_dyn *b)
{
	uint32_t rule_cnt = view->rulesets[a->ruleset].rule_cnt;

	if (a->ruleset != b->ruleset) {
		return false;
	}
	for (uint32_t i = 0; i < rule_cnt; i++) {
		if (pool_name(view, a, i) != pool_name(view, b, i)) {
			return false;
		}
	}
	return true;
}

static int
number_signature(struct signatures *signatures, uint32_t dyn_at, uint32_t *ret_number)
{
	const struct tbl_dyn *dyn = &signatures->view->dyns[dyn_at];
	const struct tbl_dyn **items = signatures->items.items;
	uint64_t hash = hash_signature(signatures->view, dyn);
	const struct tbl_dyn **added;
	struct tbl_map_slot *slot;

	if (tbl_map_reserve(&signatures->map) != 0) {
		return -ENOMEM;
	}
	slot = tbl_map_first(&signatures->map, hash);
	for (; !is_tbl_map_free(slot); slot = tbl_map_next(&signatures->map, slot, hash)) {
		if (items != NULL && is_same_signature(signatures->view, items[slot->index], dyn)) {
			*ret_number = slot->index;
			return 0;
		}
	}
	added = tbl_vec_add(&signatures->items, 1);
	if (added == NULL) {
		return -ENOMEM;
	}
	*added = dyn;
	*ret_number = (uint32_t)(signatures->items.cnt - 1);
	tbl_map_fill(&signatures->map, slot, hash, *ret_number);
	return 0;
}

static int
group_pairs(struct job *job)
{
	const struct cp_blast_input *input = job->input;

	job->group_of = calloc(input->pair_cnt + 1, sizeof(*job->group_of));
	if (job->group_of == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < input->pair_cnt; i++) {
		uint32_t served = 0;
		uint32_t wanted = 0;

		if (number_signature(&job->served, input->pairs[i].served, &served) != 0 ||
				number_signature(&job->wanted, input->pairs[i].wanted, &wanted) !=
						0 ||
				tbl_pairs_number(&job->groups, served, wanted, &job->group_of[i]) !=
						0) {
			return -ENOMEM;
		}
	}
	return 0;
}

/* Moves */

static uint32_t
rule_of(const struct tbl_view *view, const struct tbl_dyn *dyn, uint32_t class_id)
{
	return view->class_rule[view->rulesets[dyn->ruleset].class_rule_first + class_id];
}

static bool
is_same_pool(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Room for the tallies of one more move. */
static int
reserve_move(const struct job *job, struct cp_blast_group *group, uint32_t move)
{
	size_t row = job->space.country_cnt + 1u;
	struct cp_tally *grown;

	grown = realloc(group->tallies, (move + 1u) * row * sizeof(*grown));
	if (grown == NULL) {
		return -ENOMEM;
	}
	memset(grown + move * row, 0, row * sizeof(*grown));
	group->tallies = grown;
	return 0;
}

static bool
is_same_section(const struct tbl_view *a, const struct tbl_view *b, enum tbl_section_kind kind)
{
	const struct tbl_section *left = &a->header->sections[kind];
	const struct tbl_section *right = &b->header->sections[kind];

	return left->cnt == right->cnt &&
	       memcmp(tbl_section_at(a->header, kind), tbl_section_at(b->header, kind),
			       left->cnt * left->elem_bytes) == 0;
}

/* Does every address have the same class in both tables? Then a class is all there is to compare,
 * and no address need be looked at: so with every change that leaves rules and database alone. */
static bool
is_same_division(const struct tbl_view *a, const struct tbl_view *b)
{
	static const enum tbl_section_kind kinds[] = { TBL_SECTION_LEAVES, TBL_SECTION_LOC4_ROOT,
		TBL_SECTION_LOC4_NODES, TBL_SECTION_LOC6_ROOT, TBL_SECTION_LOC6_NODES };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!is_same_section(a, b, kinds[i])) {
			return false;
		}
	}
	return a->header->class_cnt == b->header->class_cnt;
}

/* Has a class of this group another pool than before? */
static bool
has_moving_class(const struct job *job, uint32_t number)
{
	const struct tbl_view *served = job->input->served;
	const struct tbl_view *wanted = job->input->wanted;
	const struct tbl_dyn **served_dyns = job->served.items.items;
	const struct tbl_dyn **wanted_dyns = job->wanted.items.items;
	const struct tbl_dyn *from = served_dyns[job->groups.keys[number] >> 32];
	const struct tbl_dyn *to = wanted_dyns[(uint32_t)job->groups.keys[number]];

	for (uint32_t i = 0; i < served->header->class_cnt; i++) {
		if (!is_same_pool(cp_blast_pool(served, pool_name(served, from,
									rule_of(served, from, i))),
				    cp_blast_pool(wanted,
						    pool_name(wanted, to,
								    rule_of(wanted, to, i))))) {
			return true;
		}
	}
	return false;
}

/* False only when it can be seen without a walk over the addresses. */
static bool
can_anything_move(const struct job *job)
{
	if (job->groups.cnt == 0) {
		return false;
	}
	if (!is_same_division(job->input->served, job->input->wanted)) {
		return true;
	}
	for (uint32_t i = 0; i < job->groups.cnt; i++) {
		if (has_moving_class(job, i)) {
			return true;
		}
	}
	return false;
}

/* Adds the cells of one pair of classes to the move that the group makes of them, if it makes one. */
static int
add_classes(const struct job *job, struct cp_blast_group *group, uint32_t classes)
{
	const struct cp_space *space = &job->space;
	const struct tbl_view *served = job->input->served;
	const struct tbl_view *wanted = job->input->wanted;
	uint64_t key = space->classes.keys[classes];
	uint32_t from = pool_name(served, group->served,
			rule_of(served, group->served, (uint32_t)(key >> 32)));
	uint32_t to = pool_name(
			wanted, group->wanted, rule_of(wanted, group->wanted, (uint32_t)key));
	uint32_t move_cnt = group->moves.cnt;
	uint32_t move = 0;

	if (is_same_pool(cp_blast_pool(served, from), cp_blast_pool(wanted, to))) {
		return 0;
	}
	if (tbl_pairs_number(&group->moves, from, to, &move) != 0 ||
			(move == move_cnt && reserve_move(job, group, move) != 0)) {
		return -ENOMEM;
	}
	for (uint32_t i = space->cell_first[classes]; i < space->cell_first[classes + 1]; i++) {
		const struct cp_space_cell *cell = &space->cells[i];
		struct cp_tally *row = group->tallies + move * (size_t)(space->country_cnt + 1u);

		cp_tally_add(&row[cell->country], &cell->tally);
		cp_tally_add(&group->sum, &cell->tally);
		if (cell->country < space->country_cnt) {
			cp_tally_add(&group->named, &cell->tally);
		}
	}
	return 0;
}

/* Results */

/* The moves of a group become a result of their own, or join an equal one. */
static int
number_result(struct job *job, const struct cp_blast_group *group, json_t *moves,
		uint32_t *ret_number)
{
	struct result *results = job->results.items;
	char *text = json_dumps(moves, JSON_COMPACT);
	uint64_t hash = text != NULL ? XXH3_64bits(text, strlen(text)) : 0;
	struct tbl_map_slot *slot;
	struct result *added;

	if (text == NULL || tbl_map_reserve(&job->result_map) != 0) {
		free(text);
		return -ENOMEM;
	}
	free(text);
	slot = tbl_map_first(&job->result_map, hash);
	for (; !is_tbl_map_free(slot); slot = tbl_map_next(&job->result_map, slot, hash)) {
		if (results != NULL && json_equal(results[slot->index].moves, moves)) {
			*ret_number = slot->index;
			return 0;
		}
	}
	added = tbl_vec_add(&job->results, 1);
	if (added == NULL) {
		return -ENOMEM;
	}
	*added = (struct result){ .moves = json_incref(moves),
		.records = json_array(),
		.sum = group->sum,
		.named = group->named };
	*ret_number = (uint32_t)(job->results.cnt - 1);
	tbl_map_fill(&job->result_map, slot, hash, *ret_number);
	return 0;
}

static int
count_group(struct job *job, uint32_t number)
{
	uint64_t key = job->groups.keys[number];
	const struct tbl_dyn **served = job->served.items.items;
	const struct tbl_dyn **wanted = job->wanted.items.items;
	struct cp_blast_group group = { .served = served[key >> 32],
		.wanted = wanted[(uint32_t)key] };
	json_t *moves = NULL;
	int rc = 0;

	job->result_of[number] = TBL_NONE;
	for (uint32_t i = 0; rc == 0 && i < job->space.classes.cnt; i++) {
		rc = add_classes(job, &group, i);
	}
	if (rc == 0 && group.moves.cnt > 0) {
		moves = cp_blast_moves(job->input, &job->space, &group);
		rc = number_result(job, &group, moves, &job->result_of[number]);
	}
	json_decref(moves);
	tbl_pairs_done(&group.moves);
	free(group.tallies);
	return rc;
}

static int
count_groups(struct job *job)
{
	int rc = 0;

	job->result_of = calloc(job->groups.cnt + 1u, sizeof(*job->result_of));
	if (job->result_of == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; rc == 0 && i < job->groups.cnt; i++) {
		rc = count_group(job, i);
	}
	return rc;
}

static void
list_records(const struct job *job)
{
	const struct tbl_view *view = job->input->wanted;
	struct result *results = job->results.items;

	for (size_t i = 0; i < job->input->pair_cnt; i++) {
		const struct tbl_dyn *dyn = &view->dyns[job->input->pairs[i].wanted];
		uint32_t result = job->result_of[job->group_of[i]];
		char name[TBL_NAME_TEXT_MAX];
		char type[CP_TYPE_NAME_MAX];

		if (result == TBL_NONE) {
			continue;
		}
		(void)tbl_name_to_text(tbl_node_name(view, &view->nodes[dyn->node]), name);
		json_array_append_new(results[result].records,
				json_pack("{s:s, s:s}", "name", name, "type",
						cp_type_name(dyn->type, type)));
	}
}

static json_t *
results_json(const struct job *job)
{
	const struct result *results = job->results.items;
	size_t cnt = job->results.cnt;
	struct cp_ranked *ranked = calloc(cnt + 1, sizeof(*ranked));
	json_t *list = json_array();

	if (ranked == NULL) {
		json_decref(list);
		return NULL;
	}
	for (uint32_t i = 0; i < cnt; i++) {
		ranked[i] = (struct cp_ranked){ &results[i].sum, i };
	}
	cp_blast_rank(ranked, cnt);
	for (size_t i = 0; i < cnt; i++) {
		const struct result *result = &results[ranked[i].number];
		json_t *json = json_pack("{s:O}", "records", result->records);

		cp_blast_put_sums(job->input, &job->space, json, &result->sum, &result->named);
		json_object_set(json, "moves", result->moves);
		json_array_append_new(list, json);
	}
	free(ranked);
	return list;
}

static void
free_job(struct job *job)
{
	struct result *results = job->results.items;

	for (size_t i = 0; i < job->results.cnt; i++) {
		json_decref(results[i].moves);
		json_decref(results[i].records);
	}
	cp_space_done(&job->space);
	tbl_vec_free(&job->served.items);
	tbl_map_free(&job->served.map);
	tbl_vec_free(&job->wanted.items);
	tbl_map_free(&job->wanted.map);
	tbl_pairs_done(&job->groups);
	free(job->group_of);
	free(job->result_of);
	tbl_vec_free(&job->results);
	tbl_map_free(&job->result_map);
}

int
cp_blast(const struct cp_blast_input *input, json_t **ret_groups)
{
	struct job job = { .input = input,
		.served = { .view = input->served,
				.items = { .elem_bytes = sizeof(const struct tbl_dyn *) } },
		.wanted = { .view = input->wanted,
				.items = { .elem_bytes = sizeof(const struct tbl_dyn *) } },
		.results = { .elem_bytes = sizeof(struct result) } };
	json_t *groups = NULL;
	int rc = 0;

	if (input->pair_cnt > 0) {
		rc = group_pairs(&job);
	}
	if (rc == 0 && can_anything_move(&job)) {
		rc = cp_space_make(input, &job.space);
	}
	if (rc == 0) {
		rc = count_groups(&job);
	}
	if (rc == 0) {
		list_records(&job);
		groups = results_json(&job);
		rc = groups != NULL ? 0 : -ENOMEM;
	}
	free_job(&job);
	if (rc == 0) {
		*ret_groups = groups;
	}
	return rc;
}
