#include "control/explain_outcomes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/address.h"
#include "control/leaves.h"

/* What is known of a class before it is asked for its answer. */
struct class_sum {
	struct tbl_addr client; /* family 0: no leaf has this class */
	struct cp_count count[2];
};

static uint32_t
family_index(uint8_t family)
{
	return family == 4 ? CP_OUTCOME_IPV4 : CP_OUTCOME_IPV6;
}

static void
sum_classes(const struct tbl_view *view, uint8_t family, struct class_sum *sums)
{
	struct cp_leaf_walk walk;

	cp_leaf_walk_begin(&walk, view, family);
	do {
		struct class_sum *sum = &sums[view->leaves[walk.leaf].class_id];
		struct cp_count leaf = cp_count_prefix(family, walk.prefix.bits);

		if (sum->client.family == 0) {
			sum->client = cp_prefix_first(&walk.prefix);
		}
		cp_count_add(&sum->count[family_index(family)], &leaf);
	} while (has_cp_leaf_walk_next(&walk));
}

size_t
cp_outcomes_steps(const struct cp_outcomes *outcomes, const struct tbl_addr *client,
		struct tbl_reply *ret_reply, struct cp_explain_step steps[CP_EXPLAIN_STEPS_MAX])
{
	const struct tbl_view *view = outcomes->view;
	const struct tbl_asker asker = { .source = client };
	size_t cnt;

	tbl_resolve(view, outcomes->name, outcomes->type, &asker, 0, ret_reply);
	cnt = cp_explain_steps(view, outcomes->name, outcomes->type, ret_reply,
			tbl_locate(view, client), steps);
	for (size_t i = 0; i < cnt; i++) {
		if (is_cp_explain_parting(&steps[i], outcomes->type)) {
			return i + 1;
		}
	}
	return cnt;
}

static void
read_turns(const struct cp_outcomes *outcomes, struct cp_outcome *outcome)
{
	struct cp_explain_step steps[CP_EXPLAIN_STEPS_MAX];
	struct tbl_reply reply;
	size_t cnt = cp_outcomes_steps(outcomes, &outcome->client, &reply, steps);

	for (size_t i = 0; i < cnt; i++) {
		if (steps[i].dyn != NULL) {
			outcome->turns[outcome->turn_cnt++] = (struct cp_outcome_turn){
				.dyn = (uint32_t)(steps[i].dyn - outcomes->view->dyns),
				.rule = steps[i].choice.rule,
			};
		}
	}
}

static int
compare_turns(const struct cp_outcome *a, const struct cp_outcome *b)
{
	uint32_t cnt = a->turn_cnt < b->turn_cnt ? a->turn_cnt : b->turn_cnt;

	for (uint32_t i = 0; i < cnt; i++) {
		const struct cp_outcome_turn *left = &a->turns[i];
		const struct cp_outcome_turn *right = &b->turns[i];

		if (left->rule != right->rule) {
			return left->rule < right->rule ? -1 : 1;
		}
		if (left->dyn != right->dyn) {
			return left->dyn < right->dyn ? -1 : 1;
		}
	}
	return a->turn_cnt == b->turn_cnt ? 0 : a->turn_cnt < b->turn_cnt ? -1 : 1;
}

/* The place of `wanted` among the outcomes so far, which are sorted; *ret_is_there when it has one. */
static uint32_t
find_outcome(const struct cp_outcomes *outcomes, const struct cp_outcome *wanted,
		bool *ret_is_there)
{
	uint32_t low = 0;
	uint32_t high = outcomes->cnt;

	*ret_is_there = false;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = compare_turns(wanted, &outcomes->items[middle]);

		if (order == 0) {
			*ret_is_there = true;
			return middle;
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return low;
}

/* Inserts in order, so that what is shown follows the rules. Room for one outcome a class is there. */
static struct cp_outcome *
take_outcome(struct cp_outcomes *outcomes, const struct cp_outcome *wanted)
{
	bool is_there;
	uint32_t at = find_outcome(outcomes, wanted, &is_there);
	struct cp_outcome *item = &outcomes->items[at];

	if (!is_there) {
		memmove(item + 1, item, (outcomes->cnt - at) * sizeof(*item));
		*item = *wanted;
		outcomes->cnt++;
	}
	return item;
}

/* Grows in steps of two: outcomes are few, however many classes there are. */
static int
reserve_outcome(struct cp_outcomes *outcomes, uint32_t *capacity)
{
	struct cp_outcome *items;

	if (outcomes->cnt < *capacity) {
		return 0;
	}
	*capacity = *capacity == 0 ? 16 : *capacity * 2;
	items = realloc(outcomes->items, *capacity * sizeof(*items));
	if (items == NULL) {
		return -ENOMEM;
	}
	outcomes->items = items;
	return 0;
}

static int
gather(struct cp_outcomes *outcomes, const struct class_sum *sums)
{
	uint32_t class_cnt = outcomes->view->header->class_cnt;
	uint32_t capacity = 0;

	for (uint32_t i = 0; i < class_cnt; i++) {
		struct cp_outcome wanted = { .client = sums[i].client };
		struct cp_outcome *item;

		if (wanted.client.family == 0) {
			continue;
		}
		if (reserve_outcome(outcomes, &capacity) != 0) {
			return -ENOMEM;
		}
		read_turns(outcomes, &wanted);
		item = take_outcome(outcomes, &wanted);
		for (uint32_t f = 0; f < 2; f++) {
			cp_count_add(&item->count[f], &sums[i].count[f]);
		}
	}
	return 0;
}

/* Once all are in their final places. */
static void
number_classes(struct cp_outcomes *outcomes, const struct class_sum *sums)
{
	for (uint32_t i = 0; i < outcomes->view->header->class_cnt; i++) {
		struct cp_outcome wanted = { .client = sums[i].client };
		bool is_there;

		if (wanted.client.family != 0) {
			read_turns(outcomes, &wanted);
			outcomes->of_class[i] = find_outcome(outcomes, &wanted, &is_there);
		}
	}
}

int
cp_outcomes_init(struct cp_outcomes *outcomes, const struct tbl_view *view,
		const struct tbl_name *name, uint16_t type)
{
	uint32_t class_cnt = view->header->class_cnt;
	struct class_sum *sums = calloc(class_cnt, sizeof(*sums));
	int err = -ENOMEM;

	*outcomes = (struct cp_outcomes){ .view = view, .name = name, .type = type };
	outcomes->of_class = calloc(class_cnt, sizeof(*outcomes->of_class));
	if (sums != NULL && outcomes->of_class != NULL) {
		sum_classes(view, 4, sums);
		sum_classes(view, 6, sums);
		err = gather(outcomes, sums);
	}
	if (err == 0) {
		number_classes(outcomes, sums);
	}
	free(sums);
	return err;
}

void
cp_outcomes_done(struct cp_outcomes *outcomes)
{
	free(outcomes->items);
	free(outcomes->of_class);
	free(outcomes->in_place);
}

/* Places */

/* Adds an address range of one outcome to its place, and takes it from the place around that. */
static void
count_piece(struct cp_outcomes *outcomes, const struct tbl_prefix *piece, uint32_t leaf,
		const struct tbl_geo_prefix *inner, const struct tbl_geo_prefix *outer)
{
	uint32_t outcome = outcomes->of_class[outcomes->view->leaves[leaf].class_id];
	struct cp_count(*places)[2] = &outcomes->in_place[(size_t)outcome * outcomes->place_cnt];
	struct cp_count count = cp_count_prefix(piece->family, piece->bits);
	uint32_t family = family_index(piece->family);

	cp_count_add(&places[inner->place][family], &count);
	if (outer != NULL) {
		cp_count_take(&places[outer->place][family], &count);
	}
}

/* A prefix of the database lies within one leaf, or is made of leaves. */
static void
count_prefix(struct cp_outcomes *outcomes, const struct tbl_geo_prefix *inner,
		const struct tbl_geo_prefix *outer)
{
	struct tbl_addr first = cp_prefix_first(&inner->prefix);
	struct cp_leaf_walk walk;

	cp_leaf_walk_at(&walk, outcomes->view, &first);
	if (walk.prefix.bits <= inner->prefix.bits) {
		count_piece(outcomes, &inner->prefix, walk.leaf, inner, outer);
		return;
	}
	do {
		count_piece(outcomes, &walk.prefix, walk.leaf, inner, outer);
	} while (has_cp_leaf_walk_next(&walk) && is_cp_prefix_inside(&walk.prefix, &inner->prefix));
}

/* In address order a prefix comes behind those around it: a stack holds the ones that are open. */
static void
count_prefixes(struct cp_outcomes *outcomes, const struct tbl_geo_prefix *prefixes, size_t cnt)
{
	const struct tbl_geo_prefix *open[129]; /* a prefix of each length */
	size_t depth = 0;

	for (size_t i = 0; i < cnt; i++) {
		while (depth > 0 && !is_cp_prefix_inside(&prefixes[i].prefix,
						    &open[depth - 1]->prefix)) {
			depth--;
		}
		if (depth > 0 && open[depth - 1]->prefix.bits == prefixes[i].prefix.bits) {
			continue; /* twice the same: the location compiler refuses other places for it */
		}
		count_prefix(outcomes, &prefixes[i], depth > 0 ? open[depth - 1] : NULL);
		open[depth++] = &prefixes[i];
	}
}

int
cp_outcomes_place(struct cp_outcomes *outcomes, const struct cp_geo *geo)
{
	const struct tbl_geo *table = &geo->table;
	struct tbl_geo_prefix *sorted = NULL;

	outcomes->place_cnt = table->place_cnt;
	outcomes->in_place = calloc(
			(size_t)outcomes->cnt * table->place_cnt + 1, sizeof(*outcomes->in_place));
	if (outcomes->in_place == NULL) {
		return -ENOMEM;
	}
	if (!geo->is_sorted) {
		sorted = malloc(table->prefix_cnt * sizeof(*sorted));
		if (sorted == NULL) {
			return -ENOMEM;
		}
		memcpy(sorted, table->prefixes, table->prefix_cnt * sizeof(*sorted));
		qsort(sorted, table->prefix_cnt, sizeof(*sorted), cp_geo_compare);
	}
	count_prefixes(outcomes, sorted != NULL ? sorted : table->prefixes, table->prefix_cnt);
	free(sorted);
	return 0;
}
