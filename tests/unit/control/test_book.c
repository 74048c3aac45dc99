/* Which version of each zone is served, over loads of every kind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/book.h"
#include "tests/unit/control/scratch.h"
#include "tests/unit/test.h"

#define GOOD "'':\n  type: NS\n  value: ns1.test.\n"
#define BAD  "'':\n  type: A\n  value: no address\n"

/* One load: the zones "a.test." to "d.test.", a character each ('+' good, '-' broken, ' ' no file,
 * 'x' good but refused by the compiler), and what becomes of each: 'f'resh, 'k'ept, 'l'eft out,
 * 'd'ropped, ' ' not in the book. */
struct load {
	const char *files;
	const char *standings;
};

static void
write_zones(const char *files)
{
	for (size_t i = 0; files[i] != '\0'; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "zones/%c.test.yaml", 'a' + (int)i);
		if (files[i] == ' ') {
			(void)unlink(scratch_path(name));
		} else {
			scratch_write(name, files[i] == '-' ? BAD : GOOD);
		}
	}
}

static struct cp_book *
load(const struct cp_book *served, const char *files)
{
	struct cp_zones_options options = cp_zones_defaults();
	struct conf_errors errors = { 0 };
	struct cp_zones *zones;
	struct cp_batch *batch;
	struct cp_book *book;
	bool is_refused[8] = { false };

	write_zones(files);
	assert_int_equal(cp_zones_load(scratch_path("zones"), &options, &errors, &zones), 0);
	for (size_t i = 0; i < zones->cnt; i++) {
		is_refused[i] = files[zones->items[i].name[0] - 'a'] == 'x';
	}
	batch = cp_batch_new(zones);
	assert_non_null(batch);
	assert_int_equal(cp_book_merge(served, batch, is_refused, &book), 0);
	cp_batch_release(batch);
	conf_errors_free(&errors);
	return book;
}

static void
assert_standings(const struct cp_book *book, const char *standings)
{
	static const char letters[] = {
		[CP_ZONE_FRESH] = 'f',
		[CP_ZONE_KEPT] = 'k',
		[CP_ZONE_LEFT_OUT] = 'l',
		[CP_ZONE_DROPPED] = 'd',
	};
	char found[8] = "    ";

	for (size_t i = 0; i < book->cnt; i++) {
		found[book->entries[i].zone.name[0] - 'a'] = letters[book->entries[i].standing];
	}
	assert_string_equal(found, standings);
}

static void
run_loads(const struct load *loads, size_t cnt)
{
	struct cp_book *book = NULL;

	for (size_t i = 0; i < cnt; i++) {
		struct cp_book *next = load(book, loads[i].files);
		struct cp_zones zones;
		size_t served_cnt = 0;

		cp_book_free(book);
		book = next;
		assert_standings(book, loads[i].standings);
		/* Every served zone can be read, whatever load it is of. */
		assert_int_equal(cp_book_zones(book, &zones), 0);
		for (size_t z = 0; z < book->cnt; z++) {
			served_cnt += is_cp_zone_served(&book->entries[z]) ? 1 : 0;
		}
		assert_int_equal(zones.cnt, served_cnt);
		for (size_t z = 0; z < zones.cnt; z++) {
			assert_true(zones.items[z].record_cnt >= 2);
			assert_non_null(zones.items[z].records[0].fqdn);
			assert_false(zones.items[z].has_errors);
		}
		free(zones.items);
	}
	cp_book_free(book);
}

static void
test_good_zones_are_fresh(void **state)
{
	static const struct load loads[] = { { "++  ", "ff  " }, { "++++", "ffff" } };

	(void)state;
	run_loads(loads, ARRAY_LEN(loads));
}

static void
test_a_broken_zone_is_kept_as_long_as_it_is_broken(void **state)
{
	static const struct load loads[] = { { "++  ", "ff  " }, { "-+  ", "kf  " },
		{ "-+  ", "kf  " }, { "x+  ", "kf  " }, { "++  ", "ff  " } };

	(void)state;
	run_loads(loads, ARRAY_LEN(loads));
}

static void
test_a_zone_without_a_good_version_is_left_out(void **state)
{
	static const struct load loads[] = { { "-x+ ", "llf " }, { "-x+ ", "llf " },
		{ "+++ ", "fff " } };

	(void)state;
	run_loads(loads, ARRAY_LEN(loads));
}

static void
test_a_zone_without_a_file_is_dropped_once(void **state)
{
	static const struct load loads[] = { { "+++ ", "fff " }, { "+ + ", "fdf " },
		{ "+ + ", "f f " }, { "+-+ ", "flf " } };

	(void)state;
	run_loads(loads, ARRAY_LEN(loads));
}

static void
test_a_kept_zone_can_be_dropped(void **state)
{
	static const struct load loads[] = { { "+  +", "f  f" }, { "-  +", "k  f" },
		{ "   +", "d  f" } };

	(void)state;
	run_loads(loads, ARRAY_LEN(loads));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
				test_good_zones_are_fresh, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_a_broken_zone_is_kept_as_long_as_it_is_broken,
				scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_a_zone_without_a_good_version_is_left_out,
				scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_a_zone_without_a_file_is_dropped_once,
				scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(
				test_a_kept_zone_can_be_dropped, scratch_setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
