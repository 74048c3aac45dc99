/* A new geo database is a change like any other: planned, guarded, rolled back, and told in a status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/file.h"
#include "control/json_read.h"
#include "tests/unit/control/mmdb_file.h"
#include "tests/unit/control/scene.h"
#include "tests/unit/control/scratch.h"
#include "tests/unit/test.h"

#define DAY_S   86400u
#define BUILT_S 1780272000u /* 2026-06-01 */

static const char zone[] = "'':\n  type: NS\n  value: ns1.test.\n"
			   "www:\n"
			   "  dynamic:\n"
			   "    pools:\n"
			   "      america:\n"
			   "        values:\n"
			   "        - status: up\n"
			   "          value: 192.0.2.11\n"
			   "      rest:\n"
			   "        values:\n"
			   "        - status: up\n"
			   "          value: 192.0.2.22\n"
			   "    rules:\n"
			   "    - geos:\n"
			   "      - NA\n"
			   "      pool: america\n"
			   "    - pool: rest\n"
			   "  type: A\n"
			   "  value: 192.0.2.3\n";

/* 192.0.2.0/24, where scene_served_answer() asks from, is in `country`. */
static void
write_database(const char *path, const char *country, uint64_t built_s)
{
	static struct mmdb_file file; /* large */

	mmdb_start(&file, 4, 24);
	file.build_epoch_s = built_s;
	mmdb_insert(&file, "192.0.2.0/24", mmdb_flat(&file, country));
	mmdb_insert(&file, "198.51.100.0/24", mmdb_flat(&file, "DE"));
	mmdb_finish(&file);
	assert_int_equal(cp_file_write(path, 0644, file.bytes, file.size), 0);
}

static void
test_a_new_database_is_a_change(void **state)
{
	char path[256];
	char *paths[] = { path };
	struct scene scene;
	json_t *status;
	const json_t *moves;

	(void)state;
	scene_begin(&scene, "geo");
	(void)snprintf(path, sizeof(path), "%s", scratch_path("country.mmdb"));
	scene.config.geo_databases = (struct conf_strings){ .items = paths, .cnt = 1 };
	scene_write_zone(&scene, "one.test", zone);
	write_database(path, "US", BUILT_S);
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 1);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.11");

	/* A newer one moves the clients of 192.0.2.0/24; the plan says so. */
	write_database(path, "FR", BUILT_S + DAY_S);
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.22");
	moves = json_object_get(json_object_get(scene.result, "plan"), "moves");
	assert_int_equal(json_array_size(moves), 1);
	assert_int_equal(cp_json_number(json_array_get(moves, 0), "ipv4_addresses"), 256);

	/* An older one is asked about. */
	write_database(path, "US", BUILT_S - DAY_S);
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_REFUSED);
	assert_non_null(strstr(cp_json_text(scene.result, "error"),
			"is older (2026-05-31) than the one in use (2026-06-02)"));
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.22");
	status = cp_engine_status(scene.engine);
	assert_string_equal(cp_json_text(json_object_get(status, "geo"), "description"),
			"country.mmdb (2026-05-31)");
	assert_string_equal(cp_json_text(json_object_get(status, "geo"), "in_table"),
			"country.mmdb (2026-06-02)");
	json_decref(status);
	assert_int_equal(scene_apply(&scene, true), CP_OUTCOME_SERVED);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.11");

	/* A rollback goes to the prefixes of its time, whatever file is there now. */
	assert_int_equal(scene_roll_back(&scene, 2), CP_OUTCOME_SERVED);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.22");
	scene_end(&scene);
}

/* A file that is no database changes nothing that is served; the status says so until it is one. */
static void
test_a_broken_database_is_a_problem(void **state)
{
	char path[256];
	char *paths[] = { path };
	struct scene scene;

	(void)state;
	scene_begin(&scene, "broken-geo");
	(void)snprintf(path, sizeof(path), "%s", scratch_path("broken.mmdb"));
	scene.config.geo_databases = (struct conf_strings){ .items = paths, .cnt = 1 };
	scene_write_zone(&scene, "one.test", zone);
	write_database(path, "US", BUILT_S);
	scene_start(&scene);
	scene_wait_for(&scene, is_scene_serving, 1);
	assert_int_equal(cp_file_write(path, 0644, "short", 5), 0);
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.11");
	assert_true(has_scene_problem(&scene, "broken.mmdb: no MaxMind DB metadata"));
	assert_true(has_scene_problem(&scene, "the one read before stays in use"));

	/* Nothing was read before by the next process, and its start publishes nothing. */
	scene_stop(&scene);
	scene_start(&scene);
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_REFUSED);
	assert_string_equal(scene_served_answer(&scene, "www.one.test"), "192.0.2.11");
	assert_true(has_scene_problem(&scene, "there is none to compile with"));

	write_database(path, "US", BUILT_S);
	assert_int_equal(scene_apply(&scene, false), CP_OUTCOME_SERVED);
	assert_false(has_scene_problem(&scene, "geo database"));
	scene_end(&scene);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_new_database_is_a_change),
		cmocka_unit_test(test_a_broken_database_is_a_problem),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
