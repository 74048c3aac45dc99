#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/build.h"
#include "table/seal.h"
#include "table/select_impl.h"

static uint64_t
align_up(uint64_t bytes)
{
	return (bytes + TBL_ALIGN_BYTES - 1) & ~(uint64_t)(TBL_ALIGN_BYTES - 1);
}

static bool
is_usable(const struct tbl_value *value, const bool *is_up)
{
	if (value->status != TBL_STATUS_OBEY) {
		return value->status == TBL_STATUS_UP;
	}
	return is_up == NULL || value->target == TBL_NONE || is_up[value->target];
}

static void
count_usable(struct tbl_select_plan *plan)
{
	const struct tbl_select_source *source = plan->source;

	for (size_t p = 0; p < source->pool_cnt; p++) {
		const struct tbl_pool *pool = &source->pools[p];
		uint16_t cnt = 0;

		for (uint32_t v = 0; v < pool->value_cnt; v++) {
			if (is_usable(&source->values[pool->value_first + v], plan->is_up)) {
				cnt++;
			}
		}
		plan->usable_cnt[p] = cnt;
		plan->usable_max = cnt > plan->usable_max ? cnt : plan->usable_max;
	}
}

/* The pool that answers for a rule: the rule's own, or the first of its fallbacks with a usable
 * value; TBL_NONE for the last resort. A checked table has no fallback loop; the bound is for
 * whoever reads this without knowing that. */
static uint32_t
answering_pool(const struct tbl_select_plan *plan, const struct tbl_dyn *dyn, uint32_t rule)
{
	const struct tbl_select_source *source = plan->source;
	const struct tbl_ruleset *ruleset = &source->rulesets[dyn->ruleset];
	uint32_t ordinal = source->rules[ruleset->rule_first + rule].pool;

	for (uint32_t step = 0; step < dyn->pool_cnt && ordinal != TBL_POOL_NONE; step++) {
		uint32_t pool = dyn->pool_first + ordinal;

		if (plan->usable_cnt[pool] != 0) {
			return pool;
		}
		ordinal = source->pools[pool].fallback;
	}
	return TBL_NONE;
}

/* Sets stand in this order: one for each pool that some slot leads to, in order of first use, with
 * each record's last resort behind the pools of that record. Numbers them and sums their sizes. */
static void
number_sets(struct tbl_select_plan *plan)
{
	const struct tbl_select_source *source = plan->source;

	for (size_t d = 0; d < source->dyn_cnt; d++) {
		const struct tbl_dyn *dyn = &source->dyns[d];
		uint32_t rule_cnt = source->rulesets[dyn->ruleset].rule_cnt;

		for (uint32_t rule = 0; rule < rule_cnt; rule++) {
			uint32_t pool = answering_pool(plan, dyn, rule);

			if (pool != TBL_NONE && plan->set_of_pool[pool] == TBL_NONE) {
				plan->set_of_pool[pool] = plan->set_cnt++;
				plan->alias_cnt += plan->usable_cnt[pool];
			}
		}
		plan->set_cnt++;
		plan->alias_cnt++;
	}
}

int
tbl_select_plan_make(const struct tbl_select_source *source, const bool *is_up,
		struct tbl_select_plan *ret_plan)
{
	struct tbl_select_plan plan = { .source = source, .is_up = is_up };
	/* One element more, so that a table without pools does not ask for 0 bytes. */
	size_t cnt = source->pool_cnt + 1;

	plan.usable_cnt = calloc(cnt, sizeof(*plan.usable_cnt));
	plan.set_of_pool = malloc(cnt * sizeof(*plan.set_of_pool));
	if (plan.usable_cnt == NULL || plan.set_of_pool == NULL) {
		tbl_select_plan_free(&plan);
		return -ENOMEM;
	}
	memset(plan.set_of_pool, 0xff, cnt * sizeof(*plan.set_of_pool)); /* TBL_NONE */
	count_usable(&plan);
	number_sets(&plan);
	plan.slots_off = align_up(sizeof(struct tbl_select_header));
	plan.sets_off = align_up(plan.slots_off + (uint64_t)source->slot_cnt * sizeof(uint32_t));
	plan.aliases_off = align_up(plan.sets_off + plan.set_cnt * sizeof(struct tbl_set));
	plan.bytes = align_up(plan.aliases_off + plan.alias_cnt * sizeof(struct tbl_alias));
	*ret_plan = plan;
	return 0;
}

void
tbl_select_plan_free(struct tbl_select_plan *plan)
{
	free(plan->usable_cnt);
	free(plan->set_of_pool);
}

/* One usable value while its alias column is made: answer and what is left of its weight, in units
 * in which a full column is the pool's total weight. */
struct share {
	uint64_t left;
	uint32_t answer;
};

struct writer {
	const struct tbl_select_plan *plan;
	uint32_t *slots;
	struct tbl_set *sets;
	struct tbl_alias *aliases;
	struct share *shares; /* usable_max */
	uint32_t *stack; /* usable_max: columns below the mean from the front, above from the back */
	uint32_t set_cnt;
	uint32_t alias_cnt;
};

static uint32_t
collect_shares(struct writer *w, const struct tbl_pool *pool, uint64_t *ret_total)
{
	const struct tbl_value *values = w->plan->source->values + pool->value_first;
	uint32_t cnt = 0;
	uint64_t total = 0;

	for (uint32_t v = 0; v < pool->value_cnt; v++) {
		if (is_usable(&values[v], w->plan->is_up)) {
			w->shares[cnt].left = values[v].weight;
			w->shares[cnt++].answer = values[v].answer;
			total += values[v].weight;
		}
	}
	for (uint32_t i = 0; i < cnt; i++) {
		w->shares[i].left *= cnt;
	}
	*ret_total = total;
	return cnt;
}

/*
 * Vose's method: each column of the table holds one value below the mean and fills up with part of
 * one above it. In integers, so that every machine makes the same bytes; the products fit (65535
 * values of weight 100).
 */
static void
write_aliases(struct writer *w, uint32_t cnt, uint64_t total, struct tbl_alias *aliases)
{
	struct share *shares = w->shares;
	uint32_t small = 0;
	uint32_t large = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		w->stack[shares[i].left < total ? small++ : cnt - ++large] = i;
	}
	while (small > 0 && large > 0) {
		uint32_t low = w->stack[--small];
		uint32_t high = w->stack[cnt - large];

		aliases[low].threshold = (uint32_t)((shares[low].left << 32) / total);
		aliases[low].answer = shares[low].answer;
		aliases[low].other = shares[high].answer;
		shares[high].left -= total - shares[low].left;
		if (shares[high].left < total) {
			large--;
			w->stack[small++] = high;
		}
	}
	/* What remains has exactly the mean: sums of integers leave no rounding. */
	while (small + large > 0) {
		uint32_t i = small > 0 ? w->stack[--small] : w->stack[cnt - large--];

		aliases[i].threshold = UINT32_MAX;
		aliases[i].answer = shares[i].answer;
		aliases[i].other = shares[i].answer;
	}
}

static void
write_pool_set(struct writer *w, uint32_t pool)
{
	struct tbl_set *set = &w->sets[w->set_cnt++];
	uint64_t total;

	set->alias_first = w->alias_cnt;
	set->cnt = collect_shares(w, &w->plan->source->pools[pool], &total);
	set->pool = pool;
	write_aliases(w, set->cnt, total, w->aliases + w->alias_cnt);
	w->alias_cnt += set->cnt;
}

static uint32_t
write_last_resort(struct writer *w, const struct tbl_dyn *dyn)
{
	struct tbl_set *set = &w->sets[w->set_cnt];
	struct tbl_alias *alias = &w->aliases[w->alias_cnt];

	*set = (struct tbl_set){ .alias_first = w->alias_cnt++, .cnt = 1, .pool = TBL_NONE };
	*alias = (struct tbl_alias){
		.threshold = UINT32_MAX, .answer = dyn->last_resort, .other = dyn->last_resort
	};
	return w->set_cnt++;
}

/* The same walk as number_sets(), so that every set lands where it was numbered. */
static void
write_dyn(struct writer *w, const struct tbl_dyn *dyn)
{
	const struct tbl_select_plan *plan = w->plan;
	uint32_t rule_cnt = plan->source->rulesets[dyn->ruleset].rule_cnt;
	uint32_t *slots = w->slots + dyn->slot_first;
	uint32_t last_resort;

	for (uint32_t rule = 0; rule < rule_cnt; rule++) {
		uint32_t pool = answering_pool(plan, dyn, rule);

		if (pool != TBL_NONE && plan->set_of_pool[pool] == w->set_cnt) {
			write_pool_set(w, pool);
		}
		slots[rule] = pool != TBL_NONE ? plan->set_of_pool[pool] : TBL_NONE;
	}
	last_resort = write_last_resort(w, dyn);
	for (uint32_t rule = 0; rule < rule_cnt; rule++) {
		slots[rule] = slots[rule] != TBL_NONE ? slots[rule] : last_resort;
	}
	slots[rule_cnt] = last_resort;
}

static void
write_header(const struct tbl_select_plan *plan, uint64_t generation, uint64_t sequence,
		struct tbl_select_header *header)
{
	header->magic = TBL_SELECT_MAGIC;
	header->version = TBL_VERSION;
	header->header_bytes = sizeof(*header);
	header->image_bytes = plan->bytes;
	header->table_generation = generation;
	header->sequence = sequence;
	header->slot_cnt = plan->source->slot_cnt;
	header->set_cnt = plan->set_cnt;
	header->alias_cnt = plan->alias_cnt;
	header->slots_off = plan->slots_off;
	header->sets_off = plan->sets_off;
	header->aliases_off = plan->aliases_off;
	header->checksum = tbl_seal_selection(header, plan->bytes);
}

int
tbl_select_plan_write(const struct tbl_select_plan *plan, uint64_t table_generation,
		uint64_t sequence, void *selection)
{
	uint8_t *bytes = selection;
	struct writer w = { .plan = plan };
	int rc = -ENOMEM;

	w.slots = (uint32_t *)(void *)(bytes + plan->slots_off);
	w.sets = (struct tbl_set *)(void *)(bytes + plan->sets_off);
	w.aliases = (struct tbl_alias *)(void *)(bytes + plan->aliases_off);
	w.shares = calloc(plan->usable_max + 1u, sizeof(*w.shares));
	w.stack = calloc(plan->usable_max + 1u, sizeof(*w.stack));
	if (w.shares == NULL || w.stack == NULL) {
		goto out_scratch;
	}
	for (size_t d = 0; d < plan->source->dyn_cnt; d++) {
		write_dyn(&w, &plan->source->dyns[d]);
	}
	write_header(plan, table_generation, sequence, selection);
	rc = 0;
out_scratch:
	free(w.shares);
	free(w.stack);
	return rc;
}

int
tbl_select_build(const void *image, const bool *is_up, uint64_t sequence, void **ret_selection,
		size_t *ret_size)
{
	const struct tbl_header *header = image;
	struct tbl_select_source source = {
		.dyns = tbl_section_at(header, TBL_SECTION_DYNS),
		.pools = tbl_section_at(header, TBL_SECTION_POOLS),
		.values = tbl_section_at(header, TBL_SECTION_VALUES),
		.rulesets = tbl_section_at(header, TBL_SECTION_RULESETS),
		.rules = tbl_section_at(header, TBL_SECTION_RULES),
		.dyn_cnt = header->sections[TBL_SECTION_DYNS].cnt,
		.pool_cnt = header->sections[TBL_SECTION_POOLS].cnt,
		.slot_cnt = header->slot_cnt,
	};
	struct tbl_select_plan plan;
	void *selection = NULL;
	int rc = tbl_select_plan_make(&source, is_up, &plan);

	if (rc != 0) {
		return rc;
	}
	rc = -ENOMEM;
	selection = aligned_alloc(TBL_ALIGN_BYTES, plan.bytes);
	if (selection == NULL) {
		goto out_plan;
	}
	memset(selection, 0, plan.bytes);
	rc = tbl_select_plan_write(&plan, header->generation, sequence, selection);
	if (rc != 0) {
		goto out_plan;
	}
	*ret_selection = selection;
	*ret_size = plan.bytes;
	selection = NULL;
out_plan:
	free(selection);
	tbl_select_plan_free(&plan);
	return rc;
}
