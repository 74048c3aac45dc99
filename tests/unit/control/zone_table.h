/*
 * Tables from zone text, for tests of what two tables differ in.
 *
 * Threads:   one test.
 * Memory:    compile_files/free_table.
 * Errors:    a helper that cannot do its part ends the test.
 */
#ifndef TESTS_UNIT_CONTROL_ZONE_TABLE_H
#define TESTS_UNIT_CONTROL_ZONE_TABLE_H

#include "table/view.h"

#include "control/geo.h"
#include "tests/unit/control/zone_text.h"

struct zone_table {
	void *image;
	struct tbl_view view;
};

/* compile_files: files that must load without a word. The hash seed is another one for every
 * generation. */
struct zone_table
compile_files(const struct zone_file *files, const struct cp_geo *geo, uint64_t generation);
/* compile_with_settings: the same, some of them with settings of their own. */
struct zone_table
compile_with_settings(const struct zone_file *files, const struct cp_zone_settings *settings,
		size_t setting_cnt, const struct cp_geo *geo, uint64_t generation);
/* compile_text: one zone, example.test. */
struct zone_table compile_text(const char *text, const struct cp_geo *geo, uint64_t generation);
void free_table(struct zone_table *table);

#endif
