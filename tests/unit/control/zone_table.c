#include "tests/unit/control/zone_table.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/compile.h"
#include "tests/unit/test.h"

struct zone_table
compile_files(const struct zone_file *files, const struct cp_geo *geo, uint64_t generation)
{
	return compile_with_settings(files, NULL, 0, geo, generation);
}

struct zone_table
compile_with_settings(const struct zone_file *files, const struct cp_zone_settings *settings,
		size_t setting_cnt, const struct cp_geo *geo, uint64_t generation)
{
	const struct cp_compile_params params = {
		.generation = generation, .built_unix_s = generation, .hash_seed = { generation, 2 }
	};
	struct cp_zones_options options = cp_zones_defaults();
	struct loaded loaded;
	struct cp_compiler *compiler = NULL;
	struct zone_table table = { 0 };
	size_t size = 0;

	options.settings = settings;
	options.setting_cnt = setting_cnt;
	loaded = load_files(files, &options);
	assert_int_equal(cp_compiler_new(&compiler), 0);
	if (cp_compile(compiler, loaded.zones, geo, &params, &loaded.errors, &table.image, &size) !=
			0) {
		conf_errors_print(&loaded.errors, stderr, false);
		fail_msg("a zone of the test does not compile");
	}
	assert_string_equal(loaded.said, "");
	tbl_view_init(&table.view, table.image, NULL);
	cp_compiler_free(compiler);
	free_loaded(&loaded);
	return table;
}

struct zone_table
compile_text(const char *text, const struct cp_geo *geo, uint64_t generation)
{
	const struct zone_file files[] = { { "example.test.yaml", text }, { NULL, NULL } };

	return compile_files(files, geo, generation);
}

void
free_table(struct zone_table *table)
{
	free(table->image);
}
