#include <curl/curl.h>
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

static enum ctl_status
explain_live(const struct ctl_options *options)
{
	char *name = curl_easy_escape(NULL, options->args[0], 0);
	char *type = curl_easy_escape(NULL, options->args[1], 0);
	char *from = curl_easy_escape(NULL, options->from, 0);
	char *path = NULL;
	json_t *explained = NULL;
	enum ctl_status status = CTL_INPUT;

	if (name == NULL || type == NULL || from == NULL ||
			asprintf(&path, "/v1/explain?name=%s&type=%s&from=%s", name, type, from) <
					0) {
		path = NULL;
		ctl_fail(status, "out of memory");
	} else {
		status = ctl_get(options, path, &explained);
	}
	curl_free(name);
	curl_free(type);
	curl_free(from);
	free(path);
	return status == CTL_FINE ? print_explained(options, explained) : status;
}

enum ctl_status
ctl_explain(const struct ctl_options *options)
{
	if (options->from == NULL) {
		return ctl_fail(CTL_USAGE, "explain needs --from ADDRESS: whose answer?");
	}
	return options->table != NULL ? explain_file(options) : explain_live(options);
}
