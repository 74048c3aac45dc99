#include <stdlib.h>
#include <string.h>

#include "table/name.h"
#include "table/view.h"
#include "table/view_impl.h"

#include "tests/unit/table/sample.h"
#include "tests/unit/test.h"

/* One image for all tests; they only read it. */
static void *image;
static struct tbl_view view;

static int
setup(void **state)
{
	struct tbl_error error;
	size_t size;

	(void)state;
	image = sample_everything(&size);
	if (tbl_check(image, size, &error) != 0) {
		print_error("%s\n", error.text);
		return -1;
	}
	tbl_view_init(&view, image, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	free(image);
	return 0;
}

static void
node_text(const struct tbl_node *node, char text[TBL_NAME_TEXT_MAX])
{
	text[0] = '\0';
	if (node != NULL) {
		(void)tbl_name_to_text(tbl_node_name(&view, node), text);
	}
}

static void
find_names_the_node_or_the_closest_encloser(void **state)
{
	static const struct {
		const char *name;
		enum tbl_match_kind kind;
		const char *node;
	} rows[] = {
		{ "example.", TBL_MATCH_EXACT, "example." },
		{ "MAIL.Example.", TBL_MATCH_EXACT, "mail.example." },
		{ "b.ent.example.", TBL_MATCH_EXACT, "b.ent.example." }, /* empty non-terminal */
		{ "ent.example.", TBL_MATCH_EXACT, "ent.example." },
		{ "x.ent.example.", TBL_MATCH_ENCLOSER, "ent.example." },
		{ "x.y.z.mail.example.", TBL_MATCH_ENCLOSER, "mail.example." },
		{ "*.example.", TBL_MATCH_EXACT, "*.example." },
		{ "x.*.example.", TBL_MATCH_ENCLOSER, "*.example." },
		{ "x.child.example.", TBL_MATCH_ENCLOSER, "child.example." },
		{ "ns1.sub.example.", TBL_MATCH_ENCLOSER, "sub.example." }, /* glue is no name */
		{ "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.example.", TBL_MATCH_ENCLOSER, "example." },
		{ "test.", TBL_MATCH_NONE, "" },
		{ ".", TBL_MATCH_NONE, "" },
		{ "example.test.", TBL_MATCH_NONE, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[TBL_NAME_TEXT_MAX];
		struct tbl_match match;
		struct tbl_name name;

		sample_name(image, rows[i].name, &name);
		tbl_prefetch_name(&view, &name);
		match = tbl_find(&view, &name);
		node_text(match.node, text);
		if (match.kind != rows[i].kind || strcmp(text, rows[i].node) != 0) {
			fail_msg("%s: kind %d, node \"%s\"", rows[i].name, match.kind, text);
		}
	}
}

/* Every node, the 255-byte name among them, is found by its own name; so no bucket hides one. */
static void
find_reaches_every_node(void **state)
{
	uint64_t cnt = view.header->sections[TBL_SECTION_NODES].cnt;
	uint32_t longest = 0;

	(void)state;
	for (uint64_t i = 0; i < cnt; i++) {
		const struct tbl_node *node = &view.nodes[i];
		struct tbl_name name;

		assert_int_equal(tbl_name_parse(tbl_node_name(&view, node), node->name_len, &name),
				node->name_len);
		tbl_name_hash(&name, view.header->hash_seed);
		assert_ptr_equal(tbl_find(&view, &name).node, node);
		longest = node->name_len > longest ? node->name_len : longest;
	}
	assert_int_equal(longest, TBL_NAME_MAX);
}

static void
find_rrset_knows_types_that_are_there(void **state)
{
	struct tbl_name name;
	const struct tbl_node *node;

	(void)state;
	sample_name(image, "mail.example.", &name);
	node = tbl_find(&view, &name).node;
	assert_int_equal(tbl_find_rrset(&view, node, A)->type, A);
	assert_int_equal(tbl_find_rrset(&view, node, AAAA)->type, AAAA);
	assert_null(tbl_find_rrset(&view, node, MX));
	assert_null(tbl_find_rrset(&view, node, 65535));
	sample_name(image, "ent.example.", &name);
	assert_null(tbl_find_rrset(&view, tbl_find(&view, &name).node, A));
}

static const struct tbl_dyn *
find_dyn(const char *owner, uint16_t type)
{
	struct tbl_name name;
	const struct tbl_rrset *rrset;

	sample_name(image, owner, &name);
	rrset = tbl_find_rrset(&view, tbl_find(&view, &name).node, type);
	assert_non_null(rrset);
	assert_true((rrset->flags & TBL_RRSET_DYNAMIC) != 0);
	return &view.dyns[rrset->ref];
}

/* What sample.h says about its database and rules, at the edges of every prefix. */
static void
locate_and_choose_find_rule_and_scope(void **state)
{
	static const struct {
		const char *owner;
		uint16_t type;
		const char *address;
		uint32_t rule;
		uint32_t scope_bits;
	} rows[] = {
		{ "dyn.example.", A, "192.0.1.255", 1, 23 },
		{ "dyn.example.", A, "192.0.2.0", 0, 24 },
		{ "dyn.example.", A, "192.0.2.255", 0, 24 },
		{ "dyn.example.", A, "192.0.3.0", 1, 24 },
		{ "dyn.example.", A, "0.0.0.0", 1, 1 },
		{ "dyn.example.", A, "255.255.255.255", 1, 3 },
		{ "dyn.example.", A, "203.0.113.6", 1, 32 },
		{ "dyn.example.", A, "203.0.113.7", 0, 32 },
		{ "dyn.example.", A, "203.0.113.8", 1, 29 },
		{ "dyn.example.", AAAA, "2001:db8::", 0, 48 },
		{ "dyn.example.", AAAA, "2001:db8:1::", 0, 128 },
		{ "dyn.example.", AAAA, "2001:db8:1::1", 1, 128 },
		{ "dyn.example.", AAAA, "2001:db8:1::2", 0, 127 },
		{ "dyn.example.", AAAA, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 0, 33 },
		{ "dyn.example.", AAAA, "2001:db9::", 1, 32 },
		{ "dyn.example.", AAAA, "::", 1, 3 },
		{ "dyn.example.", AAAA, "ffff::", 1, 1 },
		{ "subnet.example.", CNAME, "198.51.100.127", 2, 25 },
		{ "subnet.example.", CNAME, "198.51.100.128", 0, 25 },
		{ "subnet.example.", CNAME, "198.51.101.0", 2, 24 },
		{ "subnet.example.", CNAME, "2001:db8:7fff::", 2, 33 },
		{ "subnet.example.", CNAME, "2001:db8:8000::", 1, 33 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct tbl_dyn *dyn = find_dyn(rows[i].owner, rows[i].type);
		struct tbl_addr addr = sample_addr(rows[i].address);
		struct tbl_choice choice = tbl_choose(&view, dyn, tbl_locate(&view, &addr));

		if (choice.rule != rows[i].rule || choice.scope_bits != rows[i].scope_bits) {
			fail_msg("%s from %s: rule %u, scope %u", rows[i].owner, rows[i].address,
					choice.rule, choice.scope_bits);
		}
	}
}

/* Weights 1, 2, 3 of pool 0: draws spread evenly over 64 bits come out in that proportion. */
static void
draw_follows_the_weights(void **state)
{
	const struct tbl_dyn *dyn = find_dyn("dyn.example.", A);
	const struct tbl_pool *pool = &view.pools[dyn->pool_first];
	const struct tbl_set *set = &view.sets[view.slots[dyn->slot_first]];
	enum { DRAWS = 60000 };
	uint32_t counts[3] = { 0 };

	(void)state;
	assert_int_equal(set->cnt, 3);
	assert_int_equal(&view.pools[set->pool] - pool, 0);
	for (uint64_t i = 0; i < DRAWS; i++) {
		/* Weyl's sequence with the golden ratio: no two draws near each other. */
		const struct tbl_answer *answer = tbl_draw(&view, set, i * 0x9e3779b97f4a7c15ULL);

		for (uint32_t v = 0; v < 3; v++) {
			const struct tbl_value *value = &view.values[pool->value_first + v];

			counts[v] += answer == &view.answers[value->answer];
		}
	}
	for (uint32_t v = 0; v < 3; v++) {
		assert_in_range(counts[v], (v + 1) * 10000 - 500, (v + 1) * 10000 + 500);
	}
	assert_int_equal(counts[0] + counts[1] + counts[2], DRAWS);
}

static void
draw_of_extreme_numbers_stays_in_the_set(void **state)
{
	static const uint64_t extremes[] = { 0, UINT32_MAX, UINT64_MAX, 1ULL << 32, 1ULL << 63,
		UINT64_MAX - UINT32_MAX };
	uint32_t set_cnt = view.select->set_cnt;
	uint64_t answer_cnt = view.header->sections[TBL_SECTION_ANSWERS].cnt;

	(void)state;
	for (uint32_t s = 0; s < set_cnt; s++) {
		for (size_t i = 0; i < sizeof(extremes) / sizeof(extremes[0]); i++) {
			const struct tbl_answer *answer =
					tbl_draw(&view, &view.sets[s], extremes[i]);

			assert_true(answer >= view.answers && answer < view.answers + answer_cnt);
		}
	}
}

static void
a_selection_of_its_own_takes_the_embedded_ones_place(void **state)
{
	bool is_up[16] = { false };
	const struct tbl_dyn *dyn = find_dyn("dyn.example.", A);
	struct tbl_view other;
	struct tbl_error error;
	void *selection;
	size_t size;

	(void)state;
	assert_in_range(view.header->sections[TBL_SECTION_TARGETS].cnt, 1, 16);
	assert_int_equal(tbl_select_build(image, is_up, 1, &selection, &size), 0);
	assert_int_equal(tbl_check_selection(image, selection, size, &error), 0);
	tbl_view_init(&other, image, selection);
	for (uint32_t rule = 0; rule <= 2; rule++) {
		const struct tbl_set *set = &other.sets[other.slots[dyn->slot_first + rule]];

		/* Nothing is up: the record's own values, whole. */
		assert_int_equal(set->pool, TBL_NONE);
		assert_ptr_equal(tbl_draw(&other, set, 0), &view.answers[dyn->last_resort]);
	}
	free(selection);
}

/* A tag is 32 bits of a hash: equal ones are no proof, and an empty place has one too. */
static void
equal_tags_do_not_make_equal_names(void **state)
{
	static const char *const others[] = { "sail.example.", "longer.mail.example." };
	struct tbl_name name;
	struct tbl_name other;

	(void)state;
	sample_name(image, "mail.example.", &name);
	assert_non_null(tbl_probe(&view, name.hash[0], name.wire, name.len));
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		sample_name(image, others[i], &other);
		assert_null(tbl_probe(&view, name.hash[0], other.wire, other.len));
	}
	for (uint64_t bucket = 0; bucket <= view.bucket_mask; bucket++) {
		assert_null(tbl_probe(&view, bucket, other.wire, other.len)); /* tag 0 */
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(find_names_the_node_or_the_closest_encloser),
		cmocka_unit_test(find_reaches_every_node),
		cmocka_unit_test(find_rrset_knows_types_that_are_there),
		cmocka_unit_test(locate_and_choose_find_rule_and_scope),
		cmocka_unit_test(draw_follows_the_weights),
		cmocka_unit_test(draw_of_extreme_numbers_stays_in_the_set),
		cmocka_unit_test(equal_tags_do_not_make_equal_names),
		cmocka_unit_test(a_selection_of_its_own_takes_the_embedded_ones_place),
	};

	return cmocka_run_group_tests_name("table/view", tests, setup, teardown);
}
