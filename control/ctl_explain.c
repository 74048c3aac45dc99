#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "control/ctl.h"
#include "control/explain.h"

static enum ctl_status
print_explained(const struct ctl_options *options, json_t *explained)
{
	if (options->is_json) {
		ctl_print_json(explained);
	} else {
		cp_explain_print(explained, stdout);
	}
	json_decref(explained);
	return CTL_FINE;
}

static enum ctl_status
explain_file(const struct ctl_options *options)
{
	struct conf_errors errors = { 0 };
	struct cp_geo *geo = NULL;
	struct ctl_table table;
	enum ctl_status status = ctl_table_open(options->table, &table);

	if (status != CTL_FINE) {
		return status;
	}
	status = ctl_geo_load(options, &errors, &geo);
	ctl_print_errors(&errors);
	conf_errors_free(&errors);
	if (status == CTL_FINE) {
		struct cp_explain_input input = {
			.view = &table.view,
			.geo = geo,
			.name = options->args[0],
			.type = options->args[1],
			.from = options->from,
			.ecs = options->ecs,
		};
		char error[CP_EXPLAIN_ERROR_MAX];
		json_t *explained = NULL;

		/* Drawing the same value each time would be a weighted record misrepresented. */
		if (getrandom(&input.random, sizeof(input.random), 0) < 0) {
			input.random = 0;
		}
		status = cp_explain(&input, &explained, error) == 0
		                         ? print_explained(options, explained)
		                         : ctl_fail(CTL_INPUT, "%s", error);
	}
	if (geo != NULL) {
		cp_geo_free(geo);
	}
	ctl_table_close(&table);
	return status;
}

/* Adds "?key=value" or, behind the first, "&key=value", escaped. */
static int
add_parameter(char **path, const char *key, const char *value)
{
	char *escaped = value != NULL ? curl_easy_escape(NULL, value, 0) : NULL;
	char *longer = NULL;
	int err = 0;

	if (value == NULL) {
		return 0;
	}
	if (escaped == NULL ||
			asprintf(&longer, "%s%c%s=%s", *path,
					strchr(*path, '?') != NULL ? '&' : '?', key, escaped) < 0) {
		longer = NULL;
		err = -ENOMEM;
	}
	curl_free(escaped);
	if (err == 0) {
		free(*path);
		*path = longer;
	}
	return err;
}

static enum ctl_status
explain_live(const struct ctl_options *options)
{
	char *path = strdup("/v1/explain");
	json_t *explained = NULL;
	enum ctl_status status;

	if (path == NULL || add_parameter(&path, "name", options->args[0]) != 0 ||
			add_parameter(&path, "type", options->args[1]) != 0 ||
			add_parameter(&path, "from", options->from) != 0 ||
			add_parameter(&path, "ecs", options->ecs) != 0) {
		status = ctl_fail(CTL_INPUT, "out of memory");
	} else {
		status = ctl_get(options, path, &explained);
	}
	free(path);
	return status == CTL_FINE ? print_explained(options, explained) : status;
}

enum ctl_status
ctl_explain(const struct ctl_options *options)
{
	if (options->table == NULL && options->geo_cnt > 0) {
		return ctl_fail(CTL_USAGE,
				"explain: --geo goes with --table: the daemon has its own");
	}
	return options->table != NULL ? explain_file(options) : explain_live(options);
}
