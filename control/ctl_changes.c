/* Commands that change what the daemon serves, or ask about changes: plan, apply, rollback, history,
 * diff, wait. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/config.h"
#include "control/ctl.h"
#include "control/json_read.h"
#include "control/lint.h"
#include "control/messages.h"
#include "control/plan.h"
#include "control/text.h"

static void
print_messages(const json_t *result)
{
	struct conf_errors errors = { 0 };

	cp_messages_take(json_object_get(result, "messages"), &errors);
	ctl_print_errors(&errors);
	conf_errors_free(&errors);
}

static void
print_plan(const json_t *result)
{
	const json_t *plan = json_object_get(result, "plan");

	for (size_t i = 0; i < cp_json_count(result, "waited_for"); i++) {
		(void)fprintf(stderr, "waited for: %s\n",
				json_string_value(cp_json_item(result, "waited_for", i)));
	}
	if (is_cp_json_true(result, "is_served_unknown")) {
		printf("what meridiand serves is in no history: this is all of the new table, not "
		       "what changes\n");
	}
	if (plan != NULL) {
		cp_plan_print(plan, stdout, isatty(STDOUT_FILENO) == 1);
	}
}

/* The command that does this and nothing else. */
static void
print_apply_command(const struct ctl_options *options, const json_t *result)
{
	bool has_socket = strcmp(options->socket, CP_API_SOCKET_DEFAULT) != 0;

	printf("meridianctl apply --checksum %s%s%s%s\n", cp_json_text(result, "checksum"),
			cp_json_count(result, "unsafe") > 0 ? " --force" : "",
			has_socket ? " --socket " : "", has_socket ? options->socket : "");
}

static void
print_zones_with_errors(const json_t *result)
{
	for (size_t i = 0; i < cp_json_count(result, "kept_zones"); i++) {
		const json_t *name = cp_json_item(result, "kept_zones", i);

		printf("zone %s has errors: its last good version is still served\n",
				json_string_value(name));
	}
	for (size_t i = 0; i < cp_json_count(result, "left_out_zones"); i++) {
		const json_t *name = cp_json_item(result, "left_out_zones", i);

		printf("zone %s has errors: NOT SERVED\n", json_string_value(name));
	}
}

/* Under the zones' own warnings, since those can be silenced and do not tell of other zones. */
static void
print_health(const json_t *result)
{
	long long unknown = cp_json_number(result, "not_yet_probed");
	size_t cnt = cp_json_count(result, "never_answered");

	for (size_t i = 0; i < cnt; i++) {
		const json_t *item = cp_json_item(result, "never_answered", i);

		(void)fprintf(stderr,
				"health: %s HAS NEVER ONCE ANSWERED: %s; records that rely on it: "
				"%lld, e.g. %s%s\n",
				cp_json_text(item, "target"), cp_json_text(item, "reason"),
				cp_json_number(item, "records"), cp_json_text(item, "record"),
				is_cp_json_true(item, "is_default_check")
						? "; this is octoDNS's DEFAULT CHECK, which no "
						  "zone file writes: if it is not "
						  "meant, " CP_DEFAULT_CHECK_ADVICE
						: "");
	}
	if (unknown > 0) {
		printf("%lld health target%s not yet probed and count%s as up until then; see: "
		       "meridianctl health\n",
				unknown, unknown == 1 ? " is" : "s are", unknown == 1 ? "s" : "");
	}
}

static void
print_served(const json_t *result)
{
	const json_t *plan = json_object_get(result, "plan");

	if (is_cp_json_true(result, "is_unchanged")) {
		printf("generation %lld goes on: its content is the same\n",
				cp_json_number(result, "generation"));
	} else {
		if (plan != NULL && is_cp_plan_empty(plan)) {
			printf("no record changes, but how the table is built does\n");
		}
		printf("generation %lld is served by every worker, %.1f ms after it was asked for "
		       "(read %.1f, compiled %.1f, compared %.1f ms; swapped in %lld us)\n",
				cp_json_number(result, "generation"),
				(double)cp_json_number(result, "elapsed_us") / 1e3,
				(double)(cp_json_number(result, "load_us") +
						cp_json_number(result, "geo_us")) /
						1e3,
				(double)cp_json_number(result, "compile_us") / 1e3,
				(double)cp_json_number(result, "plan_us") / 1e3,
				cp_json_number(result, "swap_us"));
	}
	print_zones_with_errors(result);
	print_health(result);
}

static enum ctl_status
judge_change(const struct ctl_options *options, long code, const json_t *result)
{
	(void)options;
	if (code == 202) {
		return ctl_fail(CTL_NO_DAEMON, "%s", cp_json_text(result, "error"));
	}
	if (code != 200) {
		return ctl_fail(CTL_INPUT, "nothing published: %s", cp_json_text(result, "error"));
	}
	return cp_json_number(result, "error_count") > 0 ? CTL_INPUT : CTL_FINE;
}

/* What is particular about a request: what to print of a result that is fine, and the exit status. */
struct change {
	const char *path;
	void (*print)(const struct ctl_options *options, const json_t *result);
	enum ctl_status (*judge)(
			const struct ctl_options *options, long code, const json_t *result);
};

/* Posts `body`, whose reference it takes over, and prints and judges what came of it. */
static enum ctl_status
post_change(const struct ctl_options *options, const struct change *change, json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);
	json_t *result = NULL;
	long code = 0;
	enum ctl_status status;

	json_decref(body);
	if (text == NULL) {
		return ctl_fail(CTL_INPUT, "out of memory");
	}
	status = ctl_request(options, change->path, text, &code, &result);
	free(text);
	if (status != CTL_FINE) {
		return status;
	}
	if (options->is_json) {
		ctl_print_json(result);
	} else {
		print_messages(result);
		print_plan(result);
		if (code == 200) {
			change->print(options, result);
		}
	}
	status = change->judge(options, code, result);
	json_decref(result);
	return status;
}

static void
print_applied(const struct ctl_options *options, const json_t *result)
{
	(void)options;
	print_served(result);
}

static enum ctl_status
judge_applied(const struct ctl_options *options, long code, const json_t *result)
{
	enum ctl_status status = judge_change(options, code, result);

	if (code == 409 && !options->is_json) {
		(void)fprintf(stderr, "as it is now: ");
		(void)fflush(stderr);
		print_apply_command(options, result);
	}
	return status;
}

enum ctl_status
ctl_apply(const struct ctl_options *options)
{
	static const struct change apply = { "/v1/apply", print_applied, judge_applied };

	return post_change(options, &apply,
			json_pack("{s:b, s:s*}", "force", options->is_forced, "checksum",
					options->checksum));
}

static void
print_rolled_back(const struct ctl_options *options, const json_t *result)
{
	(void)options;
	print_served(result);
	printf("rolled back to generation %lld's content; the zones directory counts again "
	       "after: meridianctl apply\n",
			cp_json_number(result, "of"));
}

enum ctl_status
ctl_rollback(const struct ctl_options *options)
{
	static const struct change rollback = { "/v1/rollback", print_rolled_back, judge_change };
	json_t *body = json_object();
	uint64_t generation;

	if (options->arg_cnt > 0) {
		if (!can_cp_read_number(options->args[0], &generation)) {
			json_decref(body);
			return ctl_fail(CTL_USAGE, "rollback %s: a generation's number is needed",
					options->args[0]);
		}
		json_object_set_new(body, "generation", json_integer((json_int_t)generation));
	}
	return post_change(options, &rollback, body);
}

static void
print_planned(const struct ctl_options *options, const json_t *result)
{
	print_zones_with_errors(result);
	if (!is_cp_plan_empty(json_object_get(result, "plan"))) {
		printf("this plan and no other: ");
		print_apply_command(options, result);
	}
}

static enum ctl_status
judge_plan(const struct ctl_options *options, long code, const json_t *result)
{
	if (code != 200) {
		return ctl_fail(code == 503 ? CTL_NO_DAEMON : CTL_INPUT, "no plan: %s",
				cp_json_text(result, "error"));
	}
	if (cp_json_number(result, "error_count") > 0) {
		return CTL_INPUT;
	}
	return cp_json_count(result, "unsafe") > 0 && !options->is_forced ? CTL_INPUT : CTL_FINE;
}

enum ctl_status
ctl_plan_ask(const struct ctl_options *options)
{
	static const struct change plan = { "/v1/plan", print_planned, judge_plan };

	return post_change(options, &plan, json_object());
}

bool
is_ctl_diff_of_generations(const struct ctl_options *options)
{
	uint64_t ignored;

	return can_cp_read_number(options->args[0], &ignored) &&
	       can_cp_read_number(options->args[1], &ignored);
}

enum ctl_status
ctl_diff_ask(const struct ctl_options *options)
{
	json_t *result = NULL;
	char path[100];
	long code = 0;
	enum ctl_status status;

	(void)snprintf(path, sizeof(path), "/v1/diff?from=%.20s&to=%.20s", options->args[0],
			options->args[1]);
	status = ctl_request(options, path, NULL, &code, &result);
	if (status != CTL_FINE) {
		return status;
	}
	if (options->is_json) {
		ctl_print_json(result);
	} else {
		print_plan(result);
	}
	if (code != 200) {
		status = ctl_fail(CTL_INPUT, "%s", cp_json_text(result, "error"));
	}
	json_decref(result);
	return status;
}

static void
print_when(long long unix_s)
{
	time_t when = (time_t)unix_s;
	struct tm local;
	char text[32] = "?";

	if (localtime_r(&when, &local) != NULL) {
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local);
	}
	printf("%s", text);
}

void
ctl_print_change(const json_t *entry)
{
	const char *outcome = cp_json_text(entry, "outcome");

	print_when(cp_json_number(entry, "unix_s"));
	printf("  %-10s %-9s", cp_json_text(json_object_get(entry, "who"), "name"),
			cp_json_text(entry, "kind"));
	if (json_object_get(entry, "of") != NULL) {
		printf(" to %lld;", cp_json_number(entry, "of"));
	}
	printf(" %s%s", cp_json_text(entry, "summary"),
			is_cp_json_true(entry, "forced") ? " (forced)" : "");
	if (strcmp(outcome, "refused") == 0) {
		printf(" - REFUSED: %s", cp_json_text(entry, "reason"));
	} else if (strcmp(outcome, "held") == 0) {
		printf(" - held back");
	}
}

enum ctl_status
ctl_history(const struct ctl_options *options)
{
	json_t *history = NULL;
	enum ctl_status status = ctl_get(options, "/v1/history", &history);

	if (status != CTL_FINE) {
		return status;
	}
	if (options->is_json) {
		ctl_print_json(history);
		json_decref(history);
		return CTL_FINE;
	}
	printf("%10s  %-19s  %-10s %-9s what\n", "generation", "when", "who", "kind");
	for (size_t i = 0; i < cp_json_count(history, "entries"); i++) {
		const json_t *entry = cp_json_item(history, "entries", i);

		printf("%10lld%s ", cp_json_number(entry, "generation"),
				is_cp_json_true(entry, "has_table") ? "*" : " ");
		ctl_print_change(entry);
		printf("\n");
	}
	printf("* its table is kept: meridianctl rollback GENERATION, meridianctl diff A B\n");
	json_decref(history);
	return CTL_FINE;
}

enum ctl_status
ctl_wait(const struct ctl_options *options)
{
	uint64_t timeout_s = options->timeout_s != 0 ? options->timeout_s : CP_API_WAIT_S;
	json_t *result = NULL;
	char path[100];
	enum ctl_status status;

	if (options->generation == 0) {
		return ctl_fail(CTL_USAGE, "wait: --generation N is needed");
	}
	(void)snprintf(path, sizeof(path), "/v1/wait?generation=%" PRIu64 "&timeout_s=%" PRIu64,
			options->generation, timeout_s);
	status = ctl_get(options, path, &result);
	if (status != CTL_FINE) {
		return status;
	}
	if (options->is_json) {
		ctl_print_json(result);
	} else if (is_cp_json_true(result, "is_served")) {
		printf("generation %lld is served by every worker\n",
				cp_json_number(result, "generation"));
	}
	if (!is_cp_json_true(result, "is_served")) {
		status = ctl_fail(CTL_INPUT,
				"generation %" PRIu64 " is not served after %" PRIu64
				" s: meridiand was last seen with %lld",
				options->generation, timeout_s,
				cp_json_number(result, "generation"));
	}
	json_decref(result);
	return status;
}
