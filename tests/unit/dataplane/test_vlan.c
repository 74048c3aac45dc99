/* VLANs as they are written, and which frames they let in. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/vlan.h"
#include "tests/unit/test.h"

static void
texts_are_read_strictly(void **state)
{
	static const struct {
		const char *text;
		int err;
		uint32_t key;
	} rows[] = {
		{ "1", 0, 1u << 12 },
		{ "4094", 0, 4094u << 12 },
		{ "0100", 0, 100u << 12 },
		{ "300.100", 0, 300u << 12 | 100 },
		{ "4094.4094", 0, 4094u << 12 | 4094 },
		{ "0", -EINVAL, 0 },
		{ "4095", -EINVAL, 0 },
		{ "4294967297", -EINVAL, 0 },
		{ "300.0", -EINVAL, 0 },
		{ "0.300", -EINVAL, 0 },
		{ "300.4095", -EINVAL, 0 },
		{ "300.", -EINVAL, 0 },
		{ ".100", -EINVAL, 0 },
		{ "300.100.1", -EINVAL, 0 },
		{ "300.100 ", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "Untagged", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dp_vlans vlans = { 0 };
		int err = dp_vlans_add(&vlans, rows[i].text);

		if (err != rows[i].err || vlans.cnt != (err == 0) ||
				(err == 0 && vlans.keys[0] != rows[i].key)) {
			fail_msg("'%s': %d", rows[i].text, err);
		}
		assert_false(vlans.has_untagged);
	}
}

static void
each_is_added_once(void **state)
{
	struct dp_vlans vlans = { 0 };

	(void)state;
	assert_int_equal(dp_vlans_add(&vlans, "untagged"), 0);
	assert_int_equal(dp_vlans_add(&vlans, "untagged"), -EEXIST);
	assert_int_equal(dp_vlans_add(&vlans, "100"), 0);
	assert_int_equal(dp_vlans_add(&vlans, "100"), -EEXIST);
	assert_int_equal(dp_vlans_add(&vlans, "100.100"), 0);
	assert_int_equal(vlans.cnt, 2);
}

static void
there_is_room_for_sixty_four(void **state)
{
	struct dp_vlans vlans = { 0 };
	char text[16];

	(void)state;
	for (unsigned int vid = 1; vid <= DP_VLANS_MAX; vid++) {
		(void)snprintf(text, sizeof(text), "%u", vid);
		assert_int_equal(dp_vlans_add(&vlans, text), 0);
	}
	assert_int_equal(dp_vlans_add(&vlans, "65"), -ENOSPC);
	assert_int_equal(dp_vlans_add(&vlans, "64"), -EEXIST);
	assert_int_equal(dp_vlans_add(&vlans, "untagged"), 0);
}

static void
only_what_was_added_is_listed(void **state)
{
	struct dp_vlans vlans = { 0 };

	(void)state;
	assert_false(is_dp_vlan_listed(&vlans, 0));
	assert_int_equal(dp_vlans_add(&vlans, "300.100"), 0);
	assert_false(is_dp_vlan_listed(&vlans, 0));
	assert_false(is_dp_vlan_listed(&vlans, dp_vlan_key(300, 0)));
	assert_false(is_dp_vlan_listed(&vlans, dp_vlan_key(0, 100)));
	assert_false(is_dp_vlan_listed(&vlans, dp_vlan_key(100, 300)));
	assert_true(is_dp_vlan_listed(&vlans, dp_vlan_key(300, 100)));
	assert_int_equal(dp_vlans_add(&vlans, "untagged"), 0);
	assert_true(is_dp_vlan_listed(&vlans, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_read_strictly),
		cmocka_unit_test(each_is_added_once),
		cmocka_unit_test(there_is_room_for_sixty_four),
		cmocka_unit_test(only_what_was_added_is_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
