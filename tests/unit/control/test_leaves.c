/* Walking leaves: every address once, in order, and each leaf where look-ups find it. */
#include <stdlib.h>

#include "control/address.h"
#include "control/leaves.h"
#include "control/share.h"
#include "tests/unit/table/sample.h"
#include "tests/unit/test.h"

static void *image;
static struct tbl_view view;

static int
build_sample(void **state)
{
	size_t size;

	(void)state;
	image = sample_everything(&size);
	tbl_view_init(&view, image, NULL);
	return 0;
}

static int
free_sample(void **state)
{
	(void)state;
	free(image);
	return 0;
}

static void
test_a_family_is_walked_whole(void **state)
{
	static const uint8_t families[] = { 4, 6 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		struct cp_count whole = cp_count_prefix(families[i], 0);
		struct cp_count sum = { 0 };
		struct cp_leaf_walk walk;
		uint32_t leaf_cnt = 0;

		cp_leaf_walk_begin(&walk, &view, families[i]);
		do {
			struct tbl_addr addr = cp_prefix_first(&walk.prefix);
			struct cp_count leaf = cp_count_prefix(families[i], walk.prefix.bits);

			assert_int_equal(tbl_locate(&view, &addr), walk.leaf);
			cp_count_add(&sum, &leaf);
			leaf_cnt++;
		} while (has_cp_leaf_walk_next(&walk));
		assert_int_equal(cp_count_compare(&sum, &whole), 0);
		assert_int_equal(leaf_cnt,
				families[i] == 4 ? view.header->leaf4_cnt
						 : view.header->sections[TBL_SECTION_LEAVES].cnt -
								   view.header->leaf4_cnt);
	}
}

static void
test_a_walk_begins_anywhere(void **state)
{
	struct tbl_addr addr = sample_addr("198.51.100.200");
	struct cp_leaf_walk walk;
	char text[CP_PREFIX_TEXT_MAX];

	(void)state;
	cp_leaf_walk_at(&walk, &view, &addr);
	cp_prefix_text(&walk.prefix, text);
	assert_string_equal(text, "198.51.100.128/25");
	assert_true(has_cp_leaf_walk_next(&walk));
	assert_int_equal(walk.prefix.bytes[2], 101);
	addr = sample_addr("ffff::");
	cp_leaf_walk_at(&walk, &view, &addr);
	assert_false(has_cp_leaf_walk_next(&walk));
}

static void
test_prefixes_hold_each_other(void **state)
{
	static const struct {
		const char *inner, *outer;
		bool is_inside;
	} rows[] = {
		{ "192.0.2.0/24", "192.0.2.0/24", true },
		{ "192.0.2.128/25", "192.0.2.0/24", true },
		{ "192.0.2.0/24", "192.0.2.0/25", false },
		{ "192.0.2.64/26", "192.0.2.128/25", false },
		{ "192.0.2.0/24", "0.0.0.0/0", true },
		{ "2001:db8::/32", "2001:db8::/31", true },
		{ "2001:db8::/32", "0.0.0.0/0", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tbl_prefix inner;
		struct tbl_prefix outer;

		assert_int_equal(cp_prefix_parse(rows[i].inner, &inner), 0);
		assert_int_equal(cp_prefix_parse(rows[i].outer, &outer), 0);
		assert_int_equal(is_cp_prefix_inside(&inner, &outer), rows[i].is_inside);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_family_is_walked_whole),
		cmocka_unit_test(test_a_walk_begins_anywhere),
		cmocka_unit_test(test_prefixes_hold_each_other),
	};

	return cmocka_run_group_tests(tests, build_sample, free_sample);
}
