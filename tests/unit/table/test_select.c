#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/build.h"

#include "tests/unit/table/sample.h"
#include "tests/unit/test.h"

#define VALUES_MAX 8u
#define NO_POOL    TBL_NONE /* the last resort */
#define FULL       4294967296.0

/* Values are 10.0.0.N, targets "target T" (T 0: none). */
struct value {
	uint8_t number;
	uint8_t target;
	uint16_t weight;
	enum tbl_status status;
};
struct pool {
	int32_t fallback;
	uint32_t value_cnt;
	struct value values[VALUES_MAX];
};

/* Rule set 0 of the sample location: NA to pool 0, everything else to pool 1. */
#define POOLS_MAX 4u
static const struct pool plain_pools[POOLS_MAX] = {
	{ 2, 3,
			{ { 1, 1, 1, TBL_STATUS_OBEY }, { 2, 2, 2, TBL_STATUS_OBEY },
					{ 3, 0, 5, TBL_STATUS_DOWN } } },
	{ 0, 1, { { 11, 3, 1, TBL_STATUS_OBEY } } },
	{ 3, 1, { { 21, 4, 1, TBL_STATUS_OBEY } } },
	{ -1, 2, { { 31, 1, 1, TBL_STATUS_UP }, { 32, 1, 3, TBL_STATUS_OBEY } } },
};
/* The same, with a last pool that can go down. */
static const struct pool mortal_pools[POOLS_MAX] = {
	{ 2, 1, { { 1, 1, 1, TBL_STATUS_OBEY } } },
	{ 0, 1, { { 11, 3, 1, TBL_STATUS_OBEY } } },
	{ 3, 1, { { 21, 4, 1, TBL_STATUS_OBEY } } },
	{ -1, 1, { { 31, 4, 1, TBL_STATUS_OBEY } } },
};

struct table {
	struct tbl_location *location;
	struct tbl_builder *builder;
	struct tbl_error error;
	void *image;
	size_t size;
};

static void
open_table(struct table *t)
{
	uint8_t apex[TBL_NAME_MAX];
	uint8_t bytes[600];
	struct tbl_rdata soa = { bytes, sample_rdata(SOA, "ns.example.", bytes) };
	uint32_t zone = 0;

	*t = (struct table){ .location = sample_location() };
	assert_int_equal(tbl_builder_new(&(struct tbl_build_params){ .generation = 7,
							 .hash_seed = { 1, 2 },
							 .location = t->location },
					 &t->builder),
			0);
	assert_true(tbl_name_from_text("example.", apex) > 0);
	assert_int_equal(tbl_builder_add_zone(t->builder, apex, &zone, &t->error), 0);
	assert_int_equal(
			tbl_builder_add_rrset(t->builder, zone, apex, SOA, 300, &soa, 1, &t->error),
			0);
}

static void
close_table(struct table *t)
{
	tbl_builder_free(t->builder);
	tbl_location_free(t->location);
	free(t->image);
}

static int
add_dynamic(struct table *t, const char *text, const struct pool *pools, uint32_t pool_cnt,
		uint32_t ruleset)
{
	static const char *const keys[] = { NULL, "target 1", "target 2", "target 3", "target 4",
		"target 5" };
	uint8_t bytes[POOLS_MAX][VALUES_MAX][4];
	struct tbl_value_input values[POOLS_MAX][VALUES_MAX];
	struct tbl_pool_input inputs[POOLS_MAX];
	static const uint8_t last[4] = { 10, 9, 9, 9 };
	const struct tbl_rdata last_resort = { last, 4 };
	uint8_t owner[TBL_NAME_MAX];

	for (uint32_t p = 0; p < pool_cnt; p++) {
		for (uint32_t v = 0; v < pools[p].value_cnt; v++) {
			const struct value *value = &pools[p].values[v];

			memcpy(bytes[p][v], (uint8_t[4]){ 10, 0, 0, value->number }, 4);
			values[p][v] = (struct tbl_value_input){
				.rdata = { bytes[p][v], 4 },
				.text = "value",
				.target_key = keys[value->target],
				.weight = value->weight,
				.status = (uint8_t)value->status,
			};
		}
		inputs[p] = (struct tbl_pool_input){ "pool", values[p], pools[p].value_cnt,
			pools[p].fallback };
	}
	assert_true(tbl_name_from_text(text, owner) > 0);
	return tbl_builder_add_dynamic(t->builder, 0, owner, A, 300,
			&(struct tbl_dyn_input){ ruleset, inputs, pool_cnt, &last_resort, 1 },
			&t->error);
}

static void
finish(struct table *t)
{
	struct tbl_error error;

	if (tbl_builder_finish(t->builder, &t->image, &t->size, &t->error) != 0) {
		fail_msg("%s", t->error.text);
	}
	if (tbl_check(t->image, t->size, &error) != 0) {
		fail_msg("the builder's image is refused: %s", error.text);
	}
}

/* The last octet of an answer's only address. */
static uint8_t
number_of(const struct tbl_view *view, uint32_t answer)
{
	const struct tbl_answer *a = &view->answers[answer];

	return view->wire[a->wire_off + a->wire_len - 1];
}

/* Share of each value number of a set, as its alias table deals them. */
static void
deal(const struct tbl_view *view, const struct tbl_set *set, double shares[256])
{
	memset(shares, 0, 256 * sizeof(*shares));
	for (uint32_t i = 0; i < set->cnt; i++) {
		const struct tbl_alias *alias = &view->aliases[set->alias_first + i];
		double own = alias->threshold == UINT32_MAX ? 1.0 : alias->threshold / FULL;

		shares[number_of(view, alias->answer)] += own / set->cnt;
		shares[number_of(view, alias->other)] += (1.0 - own) / set->cnt;
	}
}

static void
select_with(const struct table *t, const bool *is_up, void **ret_selection, struct tbl_view *view)
{
	struct tbl_error error;
	size_t size = 0;

	assert_int_equal(tbl_select_build(t->image, is_up, 5, ret_selection, &size), 0);
	if (tbl_check_selection(t->image, *ret_selection, size, &error) != 0) {
		fail_msg("the selection is refused: %s", error.text);
	}
	tbl_view_init(view, t->image, *ret_selection);
	assert_int_equal(view->select->sequence, 5);
	assert_int_equal(view->select->table_generation, 7);
}

static void
health_chooses_pools(void **state)
{
	static const struct {
		const struct pool *pools;
		bool is_up[4];    /* target 1 to 4 */
		uint32_t pool[2]; /* for NA, for the rest */
	} rows[] = {
		{ plain_pools, { true, true, true, true }, { 0, 1 } },
		{ plain_pools, { false, true, true, true }, { 0, 1 } },
		{ plain_pools, { false, false, true, true }, { 2, 1 } },
		{ plain_pools, { true, true, false, true }, { 0, 0 } },
		{ plain_pools, { false, false, false, true }, { 2, 2 } },
		{ plain_pools, { false, false, false, false }, { 3, 3 } }, /* status up holds */
		{ mortal_pools, { false, true, true, false }, { NO_POOL, 1 } },
		{ mortal_pools, { false, true, false, false }, { NO_POOL, NO_POOL } },
		{ mortal_pools, { true, true, false, false }, { 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tbl_view view;
		struct table t;
		void *selection = NULL;
		bool is_up[4] = { false };

		open_table(&t);
		assert_int_equal(add_dynamic(&t, "a.example.", rows[i].pools, POOLS_MAX, 0), 0);
		finish(&t);
		tbl_view_init(&view, t.image, NULL);
		/* Targets are numbered as the table met them: by their text. */
		for (uint32_t n = 0; n < view.header->sections[TBL_SECTION_TARGETS].cnt; n++) {
			const char *key = view.strings + view.targets[n].key_str;

			is_up[n] = rows[i].is_up[key[strlen(key) - 1] - '1'];
		}
		select_with(&t, is_up, &selection, &view);
		for (uint32_t rule = 0; rule < 2; rule++) {
			assert_int_equal(view.sets[view.slots[rule]].pool, rows[i].pool[rule]);
		}
		/* Nobody is without a rule here; the slot is there and says `values`. */
		assert_int_equal(view.header->slot_cnt, 3);
		assert_int_equal(view.sets[view.slots[2]].pool, NO_POOL);
		assert_int_equal(number_of(&view, view.aliases[view.sets[view.slots[2]].alias_first]
								  .answer),
				9);
		free(selection);
		close_table(&t);
	}
}

static void
weights_become_shares(void **state)
{
	static const struct pool rows[] = {
		{ -1, 1, { { 1, 0, 100, TBL_STATUS_OBEY } } },
		{ -1, 2, { { 1, 0, 1, TBL_STATUS_OBEY }, { 2, 0, 1, TBL_STATUS_OBEY } } },
		{ -1, 2, { { 1, 0, 1, TBL_STATUS_OBEY }, { 2, 0, 100, TBL_STATUS_OBEY } } },
		{ -1, 4,
				{ { 1, 0, 7, TBL_STATUS_OBEY }, { 2, 0, 3, TBL_STATUS_OBEY },
						{ 3, 0, 50, TBL_STATUS_DOWN },
						{ 4, 0, 90, TBL_STATUS_UP } } },
		{ -1, 8,
				{ { 1, 0, 1, TBL_STATUS_OBEY }, { 2, 0, 2, TBL_STATUS_OBEY },
						{ 3, 0, 3, TBL_STATUS_OBEY },
						{ 4, 0, 5, TBL_STATUS_OBEY },
						{ 5, 0, 8, TBL_STATUS_OBEY },
						{ 6, 0, 13, TBL_STATUS_OBEY },
						{ 7, 0, 21, TBL_STATUS_OBEY },
						{ 8, 0, 34, TBL_STATUS_OBEY } } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pool pools[2] = { rows[i], rows[i] };
		struct tbl_view view;
		struct table t;
		double shares[256];
		double total = 0;

		open_table(&t);
		assert_int_equal(add_dynamic(&t, "a.example.", pools, 2, 0), 0);
		finish(&t);
		tbl_view_init(&view, t.image, NULL);
		deal(&view, &view.sets[view.slots[0]], shares);
		for (uint32_t v = 0; v < rows[i].value_cnt; v++) {
			if (rows[i].values[v].status != TBL_STATUS_DOWN) {
				total += rows[i].values[v].weight;
			}
		}
		for (uint32_t v = 0; v < rows[i].value_cnt; v++) {
			const struct value *value = &rows[i].values[v];
			double expected = value->status == TBL_STATUS_DOWN ? 0
			                                                   : value->weight / total;

			/* Each threshold is rounded down by less than 2^-32 of a column. */
			assert_true(shares[value->number] - expected < 1e-9);
			assert_true(expected - shares[value->number] < 1e-9);
		}
		close_table(&t);
	}
}

/* The embedded selection is what anybody would make with everything up, but for whom it is for. */
static void
embedded_selection_is_all_up(void **state)
{
	struct tbl_view embedded;
	struct tbl_view view;
	struct table t;
	void *selection = NULL;

	(void)state;
	open_table(&t);
	assert_int_equal(add_dynamic(&t, "a.example.", plain_pools, POOLS_MAX, 0), 0);
	assert_int_equal(add_dynamic(&t, "b.example.", mortal_pools, POOLS_MAX, 1), 0);
	finish(&t);
	select_with(&t, NULL, &selection, &view);
	tbl_view_init(&embedded, t.image, NULL);
	assert_int_equal(embedded.select->sequence, 0);
	assert_int_equal(embedded.select->table_generation, 0);
	assert_int_equal(embedded.select->image_bytes, view.select->image_bytes);
	assert_memory_equal((const uint8_t *)embedded.select + sizeof(*view.select),
			(const uint8_t *)view.select + sizeof(*view.select),
			view.select->image_bytes - sizeof(*view.select));
	/* A selection outlives a republish of the same content only under its new generation. */
	tbl_reseal(t.image, 8, 0);
	assert_int_equal(
			tbl_check_selection(t.image, selection, view.select->image_bytes, &t.error),
			-EBADMSG);
	free(selection);
	close_table(&t);
}

static void
sets_are_shared_by_rules_of_one_pool(void **state)
{
	/* With pool 1 down both rules answer from pool 0. */
	static const struct pool pools[2] = {
		{ -1, 1, { { 1, 0, 1, TBL_STATUS_OBEY } } },
		{ 0, 1, { { 2, 0, 1, TBL_STATUS_DOWN } } },
	};
	struct tbl_view view;
	struct table t;

	(void)state;
	open_table(&t);
	assert_int_equal(add_dynamic(&t, "a.example.", pools, 2, 0), 0);
	finish(&t);
	tbl_view_init(&view, t.image, NULL);
	assert_int_equal(view.slots[0], view.slots[1]);
	assert_int_equal(view.select->set_cnt, 2); /* that pool, and the last resort */
	assert_int_equal(view.select->alias_cnt, 2);
	close_table(&t);
}

static void
refuses_dynamic_records_that_cannot_be_served(void **state)
{
	static const struct pool good = { -1, 1, { { 1, 0, 1, TBL_STATUS_OBEY } } };
	static const struct pool empty = { -1, 0, { { 0 } } };
	static const struct pool self = { 0, 1, { { 1, 0, 1, TBL_STATUS_OBEY } } };
	static const struct pool to1 = { 1, 1, { { 1, 0, 1, TBL_STATUS_OBEY } } };
	static const struct pool to9 = { 9, 1, { { 1, 0, 1, TBL_STATUS_OBEY } } };
	static const struct pool below = { -2, 1, { { 1, 0, 1, TBL_STATUS_OBEY } } };
	static const struct pool weightless = { -1, 1, { { 1, 0, 0, TBL_STATUS_OBEY } } };
	static const struct pool heavy = { -1, 1, { { 1, 0, 101, TBL_STATUS_OBEY } } };
	static const struct pool odd = { -1, 1, { { 1, 0, 1, (enum tbl_status)3 } } };
	static const struct {
		const struct pool *pools[2];
		uint32_t pool_cnt;
		uint32_t ruleset;
		const char *error;
	} rows[] = {
		{ { &good, &good }, 0, 0, "has 0 pools, not 1 to 1000" },
		{ { &good, &empty }, 2, 0, "pool pool has 0 values, not 1 to 100" },
		{ { &self, &good }, 2, 0, "pool pool: fallbacks form a loop" },
		{ { &to1, &self }, 2, 0, "pool pool: fallbacks form a loop" },
		{ { &good, &to9 }, 2, 0, "pool pool: no such fallback" },
		{ { &good, &below }, 2, 0, "pool pool: no such fallback" },
		{ { &weightless, &good }, 2, 0, "pool pool: value 1: weight is not 1 to 100" },
		{ { &heavy, &good }, 2, 0, "pool pool: value 1: weight is not 1 to 100" },
		{ { &odd, &good }, 2, 0, "pool pool: value 1: no such status" },
		{ { &good, &good }, 2, 2, "no rule set 2" },
		{ { &good, &good }, 1, 0, "rule 2: no pool 1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct pool pools[2] = { *rows[i].pools[0], *rows[i].pools[1] };
		char expected[TBL_ERROR_MAX];
		struct table t;

		open_table(&t);
		(void)snprintf(expected, sizeof(expected), "a.example. A: %s", rows[i].error);
		assert_int_equal(add_dynamic(&t, "a.example.", pools, rows[i].pool_cnt,
						 rows[i].ruleset),
				-EINVAL);
		assert_string_equal(t.error.text, expected);
		close_table(&t);
	}
}

static void
refuses_dynamic_types_and_apexes(void **state)
{
	static const uint8_t apex[] = "\7example";
	static const uint8_t www[] = "\3www\7example";
	const struct tbl_rdata name = { www, sizeof(www) };
	const struct tbl_value_input value = { name, "www", NULL, 1, TBL_STATUS_OBEY };
	const struct tbl_pool_input pools[2] = { { "a", &value, 1, -1 }, { "b", &value, 1, -1 } };
	const struct tbl_dyn_input input = { 0, pools, 2, &name, 1 };
	struct table t;
	void *image = NULL;
	size_t size;

	(void)state;
	open_table(&t);
	assert_int_equal(tbl_builder_add_dynamic(t.builder, 0, www, NS, 1, &input, &t.error),
			-EINVAL);
	assert_string_equal(t.error.text,
			"www.example. NS: only A, AAAA, CNAME and DNAME can be dynamic");
	assert_int_equal(
			tbl_builder_add_dynamic(t.builder, 0, apex, CNAME, 1, &input, &t.error), 0);
	assert_int_equal(tbl_builder_finish(t.builder, &image, &size, &t.error), -EINVAL);
	assert_string_equal(t.error.text, "example. CNAME: stands at a zone's apex (RFC 1912 2.4)");
	assert_null(image);
	close_table(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(health_chooses_pools),
		cmocka_unit_test(weights_become_shares),
		cmocka_unit_test(embedded_selection_is_all_up),
		cmocka_unit_test(sets_are_shared_by_rules_of_one_pool),
		cmocka_unit_test(refuses_dynamic_records_that_cannot_be_served),
		cmocka_unit_test(refuses_dynamic_types_and_apexes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
