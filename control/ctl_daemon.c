/* Commands that ask the daemon how things are: status, health, counters. */
#include <stdio.h>
#include <string.h>

#include "control/ctl.h"
#include "control/json_read.h"

static void
print_duration(long long seconds)
{
	if (seconds >= 86400) {
		printf("%lld d %lld h", seconds / 86400, seconds % 86400 / 3600);
	} else if (seconds >= 3600) {
		printf("%lld h %lld min", seconds / 3600, seconds % 3600 / 60);
	} else if (seconds >= 60) {
		printf("%lld min %lld s", seconds / 60, seconds % 60);
	} else {
		printf("%lld s", seconds);
	}
}

static void
print_problems(const json_t *status)
{
	const json_t *problems = json_object_get(status, "problems");

	if (json_array_size(problems) == 0) {
		printf("all is well\n");
		return;
	}
	for (size_t i = 0; i < json_array_size(problems); i++) {
		const json_t *problem = json_array_get(problems, i);

		printf("PROBLEM: %s\n", json_string_value(problem));
	}
}

static void
print_table(const json_t *table)
{
	if (!json_is_object(table)) {
		return;
	}
	printf("table       generation %lld.%lld, made ", cp_json_number(table, "generation"),
			cp_json_number(table, "sequence"));
	print_duration(cp_json_number(table, "age_s"));
	printf(" ago\n            %lld zones, %lld names, %lld dynamic records, %lld locations, "
	       "%lld bytes, content %s\n",
			cp_json_number(table, "zones"), cp_json_number(table, "names"),
			cp_json_number(table, "dynamic_records"),
			cp_json_number(table, "locations"), cp_json_number(table, "image_bytes"),
			cp_json_text(table, "content_hash"));
}

static void
print_data_plane(const json_t *plane)
{
	if (!is_cp_json_true(plane, "connected")) {
		printf("meridiand   not connected (%s)\n", cp_json_text(plane, "socket"));
		return;
	}
	printf("meridiand   pid %lld, version %s, %lld workers, serves generation %lld.%lld, last "
	       "swap %lld us\n",
			cp_json_number(plane, "pid"), cp_json_text(plane, "version"),
			cp_json_number(plane, "workers"), cp_json_number(plane, "generation"),
			cp_json_number(plane, "sequence"), cp_json_number(plane, "last_swap_us"));
}

static void
print_zones(const json_t *zones)
{
	for (size_t i = 0; i < json_array_size(zones); i++) {
		const json_t *zone = json_array_get(zones, i);
		const char *standing = cp_json_text(zone, "standing");

		printf("%-12s%s  %lld RRsets%s%s\n", i == 0 ? "zones" : "",
				cp_json_text(zone, "name"), cp_json_number(zone, "records"),
				strcmp(standing, "served") == 0 ? "" : ", ",
				strcmp(standing, "kept") == 0
						? "the last good version (the file has errors)"
				: strcmp(standing, "left_out") == 0 ? "NOT SERVED"
				: strcmp(standing, "dropped") == 0  ? "no longer served"
								    : "");
	}
}

static void
print_health_summary(const json_t *health)
{
	printf("health      %lld targets: %lld up, %lld down, %lld unknown, %lld not probed (the "
	       "last two count as up)\n",
			cp_json_number(health, "targets"), cp_json_number(health, "up"),
			cp_json_number(health, "down"), cp_json_number(health, "unknown"),
			cp_json_number(health, "unprobed"));
	if (cp_json_number(health, "never_answered") > 0) {
		printf("            %lld of them HAVE NEVER ONCE ANSWERED\n",
				cp_json_number(health, "never_answered"));
	}
}

static void
print_last_change(const json_t *status)
{
	const json_t *change = json_object_get(status, "last_change");

	if (json_is_object(change)) {
		printf("change      ");
		ctl_print_change(change);
		printf("\n");
	}
	if (is_cp_json_true(status, "is_applying")) {
		printf("            a plan or a change is being made just now\n");
	}
}

static void
print_geo(const json_t *geo)
{
	const char *in_table = cp_json_text(geo, "in_table");

	if (!json_is_object(geo)) {
		printf("geo         no database\n");
		return;
	}
	/* Its description ends with the day it was built. */
	printf("geo         %s, %lld prefixes\n", cp_json_text(geo, "description"),
			cp_json_number(geo, "prefixes"));
	if (in_table[0] != '\0' && strcmp(in_table, cp_json_text(geo, "description")) != 0) {
		printf("            the table served was made with %s\n", in_table);
	}
}

enum ctl_status
ctl_status_show(const struct ctl_options *options)
{
	json_t *status = NULL;
	enum ctl_status result = ctl_get(options, "/v1/status", &status);

	if (result != CTL_FINE) {
		return result;
	}
	if (options->is_json) {
		ctl_print_json(status);
		json_decref(status);
		return CTL_FINE;
	}
	print_problems(status);
	printf("control     pid %lld, version %s, up ", cp_json_number(status, "pid"),
			cp_json_text(status, "version"));
	print_duration(cp_json_number(status, "uptime_s"));
	printf("\n");
	print_data_plane(json_object_get(status, "data_plane"));
	print_table(json_object_get(status, "table"));
	print_last_change(status);
	print_zones(json_object_get(status, "zones"));
	print_health_summary(json_object_get(status, "health"));
	print_geo(json_object_get(status, "geo"));
	json_decref(status);
	return CTL_FINE;
}

static void
print_target(const json_t *target)
{
	const char *reason = cp_json_text(target, "reason");

	printf("%-9s %s", cp_json_text(target, "state"), cp_json_text(target, "target"));
	if (json_object_get(target, "unprobed_because") != NULL) {
		printf("  counts as up: %s\n", cp_json_text(target, "unprobed_because"));
		return;
	}
	if (json_object_get(target, "changed_ago_ms") != NULL) {
		printf("  for ");
		print_duration(cp_json_number(target, "changed_ago_ms") / 1000);
	}
	if (json_object_get(target, "checked_ago_ms") != NULL) {
		printf(", last probe %lld ms ago %s after %lld us (%lld in a row)",
				cp_json_number(target, "checked_ago_ms"),
				is_cp_json_true(target, "last_probe_ok") ? "succeeded" : "failed",
				cp_json_number(target, "last_probe_us"),
				cp_json_number(target, "streak"));
	} else {
		printf(", not probed yet");
	}
	if (is_cp_json_true(target, "has_never_answered")) {
		printf(", HAS NEVER ANSWERED since it is watched");
		if (json_object_get(target, "watched_ago_ms") != NULL) {
			printf(" (");
			print_duration(cp_json_number(target, "watched_ago_ms") / 1000);
			printf(")");
		}
	}
	printf("%s%s; every %lld ms, %lld failures take it down, %lld successes bring it back\n",
			reason[0] != '\0' ? ": " : "", reason,
			cp_json_number(target, "interval_ms"), cp_json_number(target, "fall"),
			cp_json_number(target, "rise"));
}

enum ctl_status
ctl_health(const struct ctl_options *options)
{
	json_t *health = NULL;
	enum ctl_status status = ctl_get(options, "/v1/health", &health);

	if (status != CTL_FINE) {
		return status;
	}
	if (options->is_json) {
		ctl_print_json(health);
	} else {
		print_health_summary(json_object_get(health, "summary"));
		for (size_t i = 0; i < cp_json_count(health, "targets"); i++) {
			const json_t *target = cp_json_item(health, "targets", i);

			print_target(target);
		}
	}
	json_decref(health);
	return CTL_FINE;
}

static void
print_verdicts(const json_t *counters)
{
	json_t *verdicts = json_object_get(counters, "verdicts");

	printf("received %lld packets, %lld bytes; sent %lld bytes; %lld bursts\n",
			cp_json_number(counters, "received"), cp_json_number(counters, "rx_bytes"),
			cp_json_number(counters, "tx_bytes"), cp_json_number(counters, "bursts"));
	for (void *at = json_object_iter(verdicts); at != NULL;
			at = json_object_iter_next(verdicts, at)) {
		const char *name = json_object_iter_key(at);
		const json_t *value = json_object_iter_value(at);

		if (json_integer_value(value) != 0) {
			printf("  %-18s %lld packets\n", name,
					(long long)json_integer_value(value));
		}
	}
}

static void
print_ports(const json_t *counters)
{
	const json_t *ports = json_object_get(counters, "ports");

	printf("lost at the ports (never reached a worker, so in no verdict): %lld missed, "
	       "%lld broken, %lld without a buffer; %lld send errors\n"
	       "packet buffers in use: %lld\n",
			cp_json_number(ports, "missed"), cp_json_number(ports, "errors"),
			cp_json_number(ports, "no_buffer"), cp_json_number(ports, "tx_errors"),
			cp_json_number(ports, "buffers"));
}

enum ctl_status
ctl_counters(const struct ctl_options *options)
{
	json_t *counters = NULL;
	enum ctl_status status = ctl_get(options, "/v1/counters", &counters);

	if (status != CTL_FINE) {
		return status;
	}
	if (options->is_json) {
		ctl_print_json(counters);
		json_decref(counters);
		return CTL_FINE;
	}
	print_verdicts(counters);
	print_ports(counters);
	for (size_t i = 0; i < cp_json_count(counters, "workers"); i++) {
		const json_t *worker = cp_json_item(counters, "workers", i);

		printf("\nworker %lld%s, last served from generation %lld.%lld: ",
				cp_json_number(worker, "worker"),
				is_cp_json_true(worker, "is_tcp") ? " (TCP)" : "",
				cp_json_number(worker, "generation"),
				cp_json_number(worker, "sequence"));
		print_verdicts(worker);
	}
	json_decref(counters);
	return CTL_FINE;
}
