/* What a change would do, with no daemon: plan and diff of table files. What asks the daemon is
 * passed on to ctl_changes.c. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/ctl.h"
#include "control/messages.h"
#include "control/plan.h"
#include "control/thresholds.h"

void
ctl_plan_print(const struct ctl_options *options, const json_t *plan)
{
	if (options->is_json) {
		ctl_print_json(plan);
	} else {
		cp_plan_print(plan, stdout, isatty(STDOUT_FILENO) == 1);
	}
}

static enum ctl_status
make_plan(const struct cp_plan_input *input, json_t **ret_plan)
{
	if (cp_plan_make(input, ret_plan) != 0) {
		return ctl_fail(CTL_INPUT, "out of memory");
	}
	return CTL_FINE;
}

static bool
is_unsafe(const json_t *plan)
{
	return json_array_size(json_object_get(plan, "unsafe")) > 0;
}

/* Errors of the zones: there is no plan, since one that leaves out what is wrong would show zones
 * vanishing that only have a typing error. */
static enum ctl_status
refuse(const struct ctl_options *options, const struct ctl_built *built)
{
	if (options->is_json) {
		json_t *json = ctl_built_json(built);

		ctl_print_json(json);
		json_decref(json);
		return CTL_INPUT;
	}
	ctl_print_errors(&built->errors);
	return ctl_fail(CTL_INPUT, "no plan: %zu error%s", built->errors.error_cnt,
			built->errors.error_cnt == 1 ? "" : "s");
}

static enum ctl_status
plan_built(const struct ctl_options *options, const struct ctl_table *served,
		const struct ctl_built *built)
{
	struct tbl_view wanted;
	const struct cp_plan_input input = { .served = &served->view,
		.wanted = &wanted,
		.geo = built->geo,
		.thresholds_of = built->has_config ? cp_thresholds_of : NULL,
		.ctx = &built->config };
	json_t *plan = NULL;
	enum ctl_status status;

	tbl_view_init(&wanted, built->image, NULL);
	status = make_plan(&input, &plan);
	if (status != CTL_FINE) {
		return status;
	}
	if (is_unsafe(plan) && !options->is_forced) {
		status = CTL_INPUT;
	}
	if (options->is_json) {
		json_object_set_new(plan, "messages", cp_messages_json(&built->errors));
	} else {
		ctl_print_errors(&built->errors); /* warnings */
	}
	ctl_plan_print(options, plan);
	json_decref(plan);
	return status;
}

/* The table is built as the successor of the one compared with, so that only the zones differ. */
enum ctl_status
ctl_plan(const struct ctl_options *options)
{
	struct ctl_options own = *options;
	struct ctl_table served;
	struct ctl_built built;
	enum ctl_status status;

	if (options->against == NULL && options->zones == NULL && options->config == NULL &&
			options->geo_cnt == 0) {
		return ctl_plan_ask(options);
	}
	if (options->against == NULL || (options->zones == NULL && options->config == NULL)) {
		return ctl_fail(CTL_USAGE,
				"plan without the daemon needs --zones DIR or --config FILE, and "
				"--against FILE");
	}
	status = ctl_table_open(options->against, &served);
	if (status != CTL_FINE) {
		return status;
	}
	own.generation = served.view.header->generation + 1;
	memcpy(own.seed, served.view.header->hash_seed, sizeof(own.seed));
	ctl_build(&own, options->zones, NULL, &built);
	status = is_ctl_built_good(&built) ? plan_built(options, &served, &built)
	                                   : refuse(options, &built);
	ctl_built_done(&built);
	ctl_table_close(&served);
	return status;
}

static enum ctl_status
diff_tables(const struct ctl_options *options, const struct ctl_table *before,
		const struct ctl_table *after, const struct cp_geo *geo)
{
	const struct cp_plan_input input = {
		.served = &before->view, .wanted = &after->view, .geo = geo
	};
	json_t *plan = NULL;
	enum ctl_status status = make_plan(&input, &plan);

	if (status == CTL_FINE) {
		ctl_plan_print(options, plan);
		json_decref(plan);
	}
	return status;
}

static enum ctl_status
diff_files(const struct ctl_options *options)
{
	struct conf_errors errors = { 0 };
	struct cp_geo *geo = NULL;
	struct ctl_table before;
	struct ctl_table after;
	enum ctl_status status = ctl_table_open(options->args[0], &before);

	if (status != CTL_FINE) {
		return status;
	}
	status = ctl_table_open(options->args[1], &after);
	if (status != CTL_FINE) {
		ctl_table_close(&before);
		return status;
	}
	status = ctl_geo_load(options, &errors, &geo);
	if (status == CTL_FINE) {
		status = diff_tables(options, &before, &after, geo);
	} else {
		ctl_print_errors(&errors);
	}
	conf_errors_free(&errors);
	if (geo != NULL) {
		cp_geo_free(geo);
	}
	ctl_table_close(&after);
	ctl_table_close(&before);
	return status;
}

enum ctl_status
ctl_diff(const struct ctl_options *options)
{
	return is_ctl_diff_of_generations(options) ? ctl_diff_ask(options) : diff_files(options);
}
