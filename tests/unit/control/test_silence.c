/* Targets that have never once answered, and who relies on them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/json_read.h"
#include "control/lint.h"
#include "control/silence.h"
#include "tests/unit/control/zone_table.h"
#include "tests/unit/test.h"

#define POOLS                                                                         \
	"dynamic: {pools: {one: {values: [{value: 192.0.2.1}, {value: 192.0.2.2}]}, " \
	"two: {fallback: one, values: [{value: 192.0.2.1}]}}, "                       \
	"rules: [{pool: one, subnets: [198.51.100.0/24]}, {pool: two}]}"
#define TCP "octodns: {healthcheck: {protocol: TCP}}"

static const char zone[] =
		"'': {type: NS, value: ns1.example.test.}\n"
		"a: {" POOLS ", " TCP ", ttl: 60, type: A, value: 192.0.2.9}\n"
		"b: {" POOLS ", " TCP ", ttl: 60, type: A, value: 192.0.2.9}\n"
		"c: {dynamic: {pools: {one: {values: [{value: 192.0.2.3}]}}, rules: [{pool: "
		"one}]}, ttl: 60, type: A, value: 192.0.2.9}\n"
		"d: {dynamic: {pools: {one: {values: [{status: up, value: 192.0.2.4}]}}, rules: "
		"[{pool: one}]}, ttl: 60, type: A, value: 192.0.2.9}\n";

struct scene {
	struct zone_table table;
	struct cp_watchlist list;
};

static void
begin(struct scene *scene)
{
	const struct tbl_view *view = &scene->table.view;
	const char *keys[16];
	size_t cnt;

	scene->table = compile_text(zone, NULL, 1);
	cnt = view->header->sections[TBL_SECTION_TARGETS].cnt;
	assert_in_range(cnt, 3, ARRAY_LEN(keys));
	for (size_t i = 0; i < cnt; i++) {
		keys[i] = view->strings + view->targets[i].key_str;
	}
	cp_watchlist_init(&scene->list, true);
	assert_int_equal(cp_watchlist_update(&scene->list, keys, cnt, NULL, NULL), 0);
}

static void
end(struct scene *scene)
{
	cp_watchlist_done(&scene->list);
	free_table(&scene->table);
}

static struct cp_watch *
watch_of(const struct scene *scene, const char *address)
{
	for (size_t i = 0; i < scene->list.cnt; i++) {
		if (strstr(scene->list.by_key[i]->key, address) != NULL) {
			return scene->list.by_key[i];
		}
	}
	fail_msg("no target %s", address);
	return NULL;
}

static void
note(const struct scene *scene, const char *address, bool is_ok, uint64_t now_ms)
{
	struct cp_watch *watch = watch_of(scene, address);
	struct cp_probe_result result = { .is_ok = is_ok, .reason = is_ok ? NULL : "refused" };

	(void)cp_health_note(&watch->health, &watch->limits, &result, now_ms);
}

static void
mark_defaults(struct scene *scene)
{
	struct loaded loaded = load_text(zone);
	json_t *defaults = cp_silence_defaults(loaded.zones);

	assert_int_equal(json_object_size(defaults), 1); /* "status: up" asks nobody */
	cp_silence_mark(&scene->list, defaults);
	json_decref(defaults);
	free_loaded(&loaded);
}

static void
expect_problems(const struct scene *scene, const char *first, const char *second)
{
	json_t *problems = json_array();
	size_t cnt = (size_t)(first != NULL) + (size_t)(second != NULL);

	assert_int_equal(cp_silence_tell(&scene->list, &scene->table.view, problems), 0);
	assert_int_equal(json_array_size(problems), cnt);
	if (first != NULL) {
		assert_string_equal(json_string_value(json_array_get(problems, 0)), first);
	}
	if (second != NULL) {
		assert_string_equal(json_string_value(json_array_get(problems, 1)), second);
	}
	json_decref(problems);
}

static void
test_only_what_was_asked_and_never_answered(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene);
	assert_int_equal(cp_silence_unprobed_cnt(&scene.list), 3);
	expect_problems(&scene, NULL, NULL);
	note(&scene, "192.0.2.1", true, 1000);
	note(&scene, "192.0.2.1", false, 2000); /* once is enough */
	note(&scene, "192.0.2.2", false, 1000);
	assert_int_equal(cp_silence_unprobed_cnt(&scene.list), 1);
	expect_problems(&scene,
			"1 of 3 health targets has NEVER ONCE ANSWERED: tcp 192.0.2.2:443: "
			"refused; "
			"2 records rely on it: a.example.test. A",
			NULL);
	note(&scene, "192.0.2.2", true, 3000);
	expect_problems(&scene, NULL, NULL);
	end(&scene);
}

/* A record counts once, however many pools and values of it are silent. */
static void
test_the_default_check_is_told_apart(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene);
	mark_defaults(&scene);
	note(&scene, "192.0.2.1", false, 1000);
	note(&scene, "192.0.2.2", false, 1000);
	note(&scene, "192.0.2.3", false, 1000);
	expect_problems(&scene,
			"1 of 3 health targets has NEVER ONCE ANSWERED: https 192.0.2.3:443 "
			"c.example.test/_dns: refused; 1 record relies on it: c.example.test. A; "
			"this is octoDNS's DEFAULT CHECK, which no zone file writes: if it is not "
			"meant, " CP_DEFAULT_CHECK_ADVICE,
			"2 of 3 health targets have NEVER ONCE ANSWERED, e.g. tcp 192.0.2.1:443: "
			"refused; 2 records rely on them: a.example.test. A");
	end(&scene);
}

static void
test_list_and_reasons(void **state)
{
	struct scene scene;
	json_t *items;
	json_t *item;
	json_t *reasons;

	(void)state;
	begin(&scene);
	mark_defaults(&scene);
	note(&scene, "192.0.2.2", true, 1000);
	note(&scene, "192.0.2.3", false, 1000);
	items = cp_silence_list(&scene.list, &scene.table.view, 61000);
	assert_int_equal(json_array_size(items), 1);
	item = json_array_get(items, 0);
	assert_string_equal(
			cp_json_text(item, "target"), "https 192.0.2.3:443 c.example.test/_dns");
	assert_string_equal(cp_json_text(item, "reason"), "refused");
	assert_string_equal(cp_json_text(item, "record"), "c.example.test. A");
	assert_int_equal(cp_json_number(item, "records"), 1);
	assert_int_equal(cp_json_number(item, "watched_ago_ms"), 60000);
	assert_true(is_cp_json_true(item, "is_default_check"));
	json_decref(items);
	reasons = cp_silence_reasons(&scene.list);
	assert_int_equal(json_object_size(reasons), 1);
	assert_string_equal(
			cp_silence_reason(reasons, watch_of(&scene, "192.0.2.3")->key), "refused");
	assert_null(cp_silence_reason(reasons, watch_of(&scene, "192.0.2.2")->key));
	json_decref(reasons);
	end(&scene);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_what_was_asked_and_never_answered),
		cmocka_unit_test(test_the_default_check_is_told_apart),
		cmocka_unit_test(test_list_and_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
