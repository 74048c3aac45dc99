/* Commands that need no daemon: check, compile, dump. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/compile.h"
#include "control/ctl.h"
#include "control/dump.h"
#include "control/file.h"
#include "control/messages.h"

static size_t
count_records(const struct cp_zones *zones)
{
	size_t cnt = 0;

	for (size_t i = 0; zones != NULL && i < zones->cnt; i++) {
		cnt += zones->items[i].record_cnt;
	}
	return cnt;
}

json_t *
ctl_built_json(const struct ctl_built *built)
{
	json_t *zones = json_array();

	for (size_t i = 0; built->zones != NULL && i < built->zones->cnt; i++) {
		const struct cp_zone *zone = &built->zones->items[i];

		json_array_append_new(
				zones, json_pack("{s:s, s:s, s:I, s:b}", "name", zone->name, "file",
						       zone->file != NULL ? zone->file : "",
						       "records", (json_int_t)zone->record_cnt,
						       "has_errors", zone->has_errors));
	}
	return json_pack("{s:b, s:o, s:o}", "ok", built->errors.error_cnt == 0, "zones", zones,
			"messages", cp_messages_json(&built->errors));
}

enum ctl_status
ctl_check(const struct ctl_options *options)
{
	/* No address is anywhere: enough to say what is wrong with the zones themselves. */
	static const struct cp_geo nowhere;
	struct ctl_built built;
	const char *dir = NULL;
	enum ctl_status status;

	if (options->args[0] == NULL && options->config == NULL) {
		return ctl_fail(CTL_USAGE, "check needs DIR or --config FILE");
	}
	ctl_build(options, options->args[0], &nowhere, &built);
	dir = built.dir != NULL ? built.dir : options->config;
	status = is_ctl_built_good(&built) ? CTL_FINE : CTL_INPUT;
	if (options->is_json) {
		json_t *json = ctl_built_json(&built);

		ctl_print_json(json);
		json_decref(json);
	} else {
		ctl_print_errors(&built.errors);
		if (status == CTL_FINE) {
			printf("%s: %zu zones, %zu RRsets: fine%s\n", dir, built.zones->cnt,
					count_records(built.zones),
					built.geo_cnt == 0 ? " (no --geo: no database was read)"
							   : "");
		} else {
			ctl_fail(status, "%s: %zu errors", dir, built.errors.error_cnt);
		}
	}
	ctl_built_done(&built);
	return status;
}

static enum ctl_status
write_image(const struct ctl_options *options, const struct ctl_built *built)
{
	int err = cp_file_write(options->output, 0644, built->image, built->image_bytes);

	if (err != 0) {
		return ctl_fail(CTL_INPUT, "%s: cannot write: %s", options->output,
				strerrordesc_np(-err));
	}
	return CTL_FINE;
}

static void
print_compiled(const struct ctl_options *options, const struct ctl_built *built)
{
	const struct tbl_header *header = built->image;

	if (options->is_json) {
		json_t *json = ctl_built_json(built);

		json_object_set_new(json, "file", json_string(options->output));
		json_object_set_new(
				json, "image_bytes", json_integer((json_int_t)built->image_bytes));
		json_object_set_new(
				json, "generation", json_integer((json_int_t)header->generation));
		ctl_print_json(json);
		json_decref(json);
		return;
	}
	(void)fprintf(stderr, "%s: generation %llu, %zu zones, %zu RRsets, %zu bytes\n",
			options->output, (unsigned long long)header->generation, built->zones->cnt,
			count_records(built->zones), built->image_bytes);
}

/* All or nothing: a file that silently lacks a zone would be found out in production. */
enum ctl_status
ctl_compile(const struct ctl_options *options)
{
	struct ctl_built built;
	enum ctl_status status = CTL_INPUT;

	if ((options->zones == NULL && options->config == NULL) || options->output == NULL) {
		return ctl_fail(CTL_USAGE,
				"compile needs --zones DIR or --config FILE, and -o FILE");
	}
	ctl_build(options, options->zones, NULL, &built);
	ctl_print_errors(&built.errors);
	if (is_ctl_built_good(&built)) {
		status = write_image(options, &built);
	} else {
		ctl_fail(status, "%s not written: %zu errors", options->output,
				built.errors.error_cnt);
	}
	if (status == CTL_FINE) {
		print_compiled(options, &built);
	}
	ctl_built_done(&built);
	return status;
}

enum ctl_status
ctl_dump(const struct ctl_options *options)
{
	struct ctl_table table;
	enum ctl_status status = ctl_table_open(options->args[0], &table);
	int err;

	if (status != CTL_FINE) {
		return status;
	}
	err = cp_dump(&table.view, options->is_json, stdout);
	if (err != 0 || fflush(stdout) != 0) {
		status = ctl_fail(CTL_INPUT, "writing the dump: %s",
				err != 0 ? strerrordesc_np(-err) : "the output is closed");
	}
	ctl_table_close(&table);
	return status;
}
