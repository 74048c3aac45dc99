/* The daemon's configuration: defaults, ranges, and the file that ships as its example. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config.h"
#include "tests/unit/control/scratch.h"
#include "tests/unit/test.h"

#define EXAMPLE "conf/examples/meridian-control.yaml"

static void
test_one_key_is_enough(void **state)
{
	struct conf_errors errors = { 0 };
	struct cp_zones_options options;
	struct cp_zones_options defaults = cp_zones_defaults();
	struct cp_config config;

	(void)state;
	scratch_write("minimal.yaml", "zones_dir: zones\n");
	assert_int_equal(cp_config_load(scratch_path("minimal.yaml"), &config, &errors), 0);
	assert_string_equal(config.zones_dir, scratch_path("zones")); /* relative to the file */
	assert_string_equal(config.api_socket, CP_API_SOCKET_DEFAULT);
	assert_true(config.probes.is_enabled);
	assert_int_equal(config.geo_databases.cnt, 0);
	/* What meridianctl check assumes offline is what the daemon assumes. */
	options = cp_config_zones(&config);
	assert_int_equal(options.default_ttl_s, defaults.default_ttl_s);
	assert_int_equal(options.enforce_order, defaults.enforce_order);
	assert_int_equal(options.order_mode, defaults.order_mode);
	assert_null(options.split_extension);
	assert_null(options.shared_filename);
	assert_int_equal(options.disable_zonefile, defaults.disable_zonefile);
	assert_int_equal(options.escaped_semicolons, defaults.escaped_semicolons);
	assert_int_equal(options.setting_cnt, 0);
	assert_null(options.soa.mname);
	assert_int_equal(options.soa.refresh_s, defaults.soa.refresh_s);
	assert_int_equal(options.soa.retry_s, defaults.soa.retry_s);
	assert_int_equal(options.soa.expire_s, defaults.soa.expire_s);
	assert_int_equal(options.soa.ttl_s, defaults.soa.ttl_s);
	assert_int_equal(options.soa.negative_ttl_s, defaults.soa.negative_ttl_s);
	cp_config_free(&config);
	conf_errors_free(&errors);
}

static void
test_wrong_files_are_told_all_at_once(void **state)
{
	static const struct {
		const char *text;
		size_t error_cnt;
		const char *first;
	} rows[] = {
		{ "", 1, "zones_dir" },
		{ "zones_dir: z\nzone_dir: y\n", 1, "zone_dir" },
		{ "zones_dir: z\nzones_dir: y\n", 1, "zones_dir" },
		{ "zones_dir: z\ndefault_ttl_s: 1h\nenforce_order: perhaps\n", 2, "default_ttl_s" },
		{ "zones_dir: z\nsoa:\n  refresh_s: -1\n", 1, "soa.refresh_s" },
		{ "zones_dir: z\nsoa:\n  mname: a..b\n  rname: who@example.net\n", 2,
				"soa.mname: \"a..b\" is not a domain name" },
		{ "zones_dir: z\nsoa:\n  rname: who@example.net\n", 1,
				"soa.rname: write \".\" for the \"@\" of who@example.net" },
		{ "zones_dir: z\nsplit_extension: zone\n", 1, "split_extension" },
		{ "zones_dir: z\nsplit_extension: ./x\n", 1, "split_extension" },
		{ "zones_dir: z\norder_mode: none\n", 1, "order_mode" },
		{ "zones_dir: z\nupdate_pcent_threshold: 30\n", 1, "update_pcent_threshold" },
		{ "zones_dir: z\nmax_shrink_percent: 30\n", 1,
				"max_shrink_percent: unknown key: update_pcent_threshold and "
				"delete_pcent_threshold" },
		{ "zones_dir: z\nzones: [{name: a.test., ecs: 1}]\n", 1, "zones[0].ecs: " },
		{ "zones_dir: z\nhistory_keep: 0\n", 1, "history_keep: must be 1 to 1000" },
		{ "zones_dir: z\nzones:\n- {name: a.test}\n- {lenient: yes}\n", 1,
				"zones[1].name" },
		{ "zones_dir: z\nzones:\n- {name: a.test}\n- {name: '..'}\n", 2,
				"zones[0].name: Invalid zone name a.test, missing ending dot" },
		{ "zones_dir: z\nzones:\n- {name: a.test.}\n- {name: b.test.}\n"
		  "- {name: A.test.}\n",
				1, "zones: a.test. already has settings in line 3" },
		{ "zones_dir: z\nzones: [{name: a.test., soa: {mname: ''}}]\n", 1,
				"zones[0].soa.mname: \"\" is not a domain name" },
		{ "zones_dir: z\nzones:\n- {name: \xc3\xa9.test.}\n- {name: xn--9ca.test.}\n", 1,
				"zones: xn--9ca.test. already has settings in line 3" },
		{ "zones_dir: z\nprobes:\n  max_concurrent: 0\n  min_up_percent: 101\n", 2,
				"probes.max_concurrent" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf_errors errors = { 0 };
		struct cp_config config;

		scratch_write("wrong.yaml", rows[i].text);
		assert_true(cp_config_load(scratch_path("wrong.yaml"), &config, &errors) < 0);
		print_message("    %s\n", errors.messages[0].text);
		assert_int_equal(errors.error_cnt, rows[i].error_cnt);
		assert_non_null(strstr(errors.messages[0].text, rows[i].first));
		cp_config_free(&config);
		conf_errors_free(&errors);
	}
}

static void
test_settings_of_zones(void **state)
{
	struct conf_errors errors = { 0 };
	struct cp_zones_options options;
	struct cp_zone_settings settings;
	struct cp_config config;

	(void)state;
	scratch_write("zones.yaml",
			"zones_dir: zones\nsplit_extension: .\nshared_filename: ''\n"
			"order_mode: simple\nescaped_semicolons: no\n"
			"delete_pcent_threshold: 0.5\nzones:\n"
			"- {name: b.test., ecs: false, update_pcent_threshold: 1, soa: {ttl_s: 0, "
			"rname: b.test}}\n"
			"- {name: A.Test., lenient: true, ignore_subzone_adds: true,\n"
			"   delete_pcent_threshold: 0}\n"
			"soa: {mname: ns.test, ttl_s: 5, negative_ttl_s: 6}\n");
	assert_int_equal(cp_config_load(scratch_path("zones.yaml"), &config, &errors), 0);
	settings = cp_config_zone(&config, "a.test.");
	assert_string_equal(settings.name, "a.test.");
	assert_true(settings.is_lenient);
	assert_true(settings.ignore_subzone_adds);
	assert_true(settings.uses_ecs);
	assert_float_equal(settings.update_share, 0.3, 1e-9);
	assert_float_equal(settings.delete_share, 0.0, 1e-9);
	assert_int_equal(settings.line, 9);
	assert_int_equal(settings.col, 10);
	settings = cp_config_zone(&config, "b.test.");
	assert_false(settings.is_lenient);
	assert_false(settings.uses_ecs);
	assert_float_equal(settings.update_share, 1.0, 1e-9);
	assert_string_equal(settings.soa.mname, "ns.test"); /* of all zones */
	assert_string_equal(settings.soa.rname, "b.test");
	assert_int_equal(settings.soa.ttl_s, 0);
	assert_int_equal(settings.soa.negative_ttl_s, 6);
	assert_int_equal(settings.soa.retry_s, 900);
	assert_float_equal(settings.delete_share, 0.5, 1e-9);
	settings = cp_config_zone(&config, "c.test.");
	assert_int_equal(settings.soa.ttl_s, 5);
	assert_null(settings.name);
	assert_float_equal(settings.update_share, 0.3, 1e-9);
	assert_float_equal(settings.delete_share, 0.5, 1e-9);
	options = cp_config_zones(&config);
	assert_string_equal(options.split_extension, ".");
	assert_null(options.shared_filename); /* empty is none, as in octoDNS */
	assert_int_equal(options.order_mode, CP_ORDER_SIMPLE);
	assert_false(options.escaped_semicolons);
	assert_int_equal(options.setting_cnt, 2);
	assert_string_equal(options.settings_file, scratch_path("zones.yaml"));
	cp_config_free(&config);
	conf_errors_free(&errors);
}

static void
test_the_example_is_the_defaults(void **state)
{
	struct conf_errors errors = { 0 };
	struct cp_config example;
	struct cp_config minimal;

	(void)state;
	assert_int_equal(cp_config_load(EXAMPLE, &example, &errors), 0);
	assert_int_equal(errors.cnt, 0);
	scratch_write("minimal.yaml", "zones_dir: zones\n");
	assert_int_equal(cp_config_load(scratch_path("minimal.yaml"), &minimal, &errors), 0);
	assert_string_equal(example.state_dir, minimal.state_dir);
	assert_string_equal(example.api_socket, minimal.api_socket);
	assert_string_equal(example.data_plane, minimal.data_plane);
	assert_int_equal(example.default_ttl_s, minimal.default_ttl_s);
	assert_int_equal(example.enforce_order, minimal.enforce_order);
	assert_int_equal(example.order_mode, minimal.order_mode);
	assert_null(example.split_extension);
	assert_null(example.shared_filename);
	assert_int_equal(example.disable_zonefile, minimal.disable_zonefile);
	assert_int_equal(example.escaped_semicolons, minimal.escaped_semicolons);
	assert_float_equal(example.update_pcent_threshold, minimal.update_pcent_threshold, 1e-9);
	assert_float_equal(example.delete_pcent_threshold, minimal.delete_pcent_threshold, 1e-9);
	assert_int_equal(example.zones.cnt, 0);
	assert_int_equal(example.probes.is_enabled, minimal.probes.is_enabled);
	assert_int_equal(example.probes.max_concurrent, minimal.probes.max_concurrent);
	assert_int_equal(example.probes.min_up_percent, minimal.probes.min_up_percent);
	assert_int_equal(example.probes.max_down_per_min, minimal.probes.max_down_per_min);
	assert_int_equal(example.soa.negative_ttl_s, minimal.soa.negative_ttl_s);
	assert_int_equal(example.soa.expire_s, minimal.soa.expire_s);
	cp_config_free(&example);
	cp_config_free(&minimal);
	conf_errors_free(&errors);
}

static void
test_help_names_every_key(void **state)
{
	static const char *const keys[] = { "zones_dir", "geo_databases", "state_dir", "api_socket",
		"data_plane", "default_ttl_s", "enforce_order", "order_mode", "split_extension",
		"shared_filename", "disable_zonefile", "escaped_semicolons", "zones", "lenient",
		"ignore_subzone_adds", "update_pcent_threshold", "delete_pcent_threshold", "mname",
		"negative_ttl_s", "enabled", "max_concurrent", "min_up_percent",
		"max_down_per_min" };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	cp_config_help(out);
	assert_int_equal(fclose(out), 0);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		assert_non_null(strstr(text, keys[i]));
	}
	free(text);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_key_is_enough),
		cmocka_unit_test(test_wrong_files_are_told_all_at_once),
		cmocka_unit_test(test_settings_of_zones),
		cmocka_unit_test(test_the_example_is_the_defaults),
		cmocka_unit_test(test_help_names_every_key),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
