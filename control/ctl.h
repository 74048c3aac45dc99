/*
 * What the files of meridianctl share: options, exit statuses, and the client of the daemon's API.
 *
 * Threads:   one.
 * Memory:    options borrow argv; JSON is a new reference.
 * Errors:    commands print "meridianctl: ..." to standard error and return an exit status.
 */
#ifndef CONTROL_CTL_H
#define CONTROL_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/view.h"

#include "conf/program.h"
#include "conf/yaml.h"
#include "control/config.h"
#include "control/geo.h"

enum ctl_status {
	CTL_FINE = 0,
	CTL_INPUT = 1, /* what it was given is wrong, or was refused */
	CTL_USAGE = 2,
	CTL_NO_DAEMON = 3, /* meridian-control, or meridiand behind it, is not there */
};

#define CTL_GEO_MAX  16 /* IPv4 and IPv6 of a few databases */
#define CTL_ARGS_MAX 2

/* Everything any command takes; each says which it knows (struct ctl_command). */
struct ctl_options {
	bool is_json;
	bool is_forced;
	const char *socket;
	const char *zones;
	const char *output;
	const char *table;
	const char *against;
	const char *from;
	const char *ecs;
	const char *checksum;
	const char *config;
	const char *geo[CTL_GEO_MAX];
	size_t geo_cnt;
	uint64_t generation; /* 0: not told */
	uint64_t timeout_s;  /* 0: not told */
	uint64_t seed[2];
	const char *args[CTL_ARGS_MAX];
	size_t arg_cnt;
};

extern const struct conf_option ctl_option_rows[];
extern const struct conf_exit ctl_exits[];
extern const char ctl_description[]; /* as struct conf_program has it */

struct ctl_command {
	const char *name;      /* NULL ends the table */
	const char *arguments; /* as the usage line shows them */
	const char *summary;
	const char *help;             /* what it does, with examples */
	const char *options;          /* letters of ctl_option_rows */
	enum conf_argument completes; /* what its arguments are; CONF_ARG_NONE: it has none */
	size_t arg_min, arg_max;
	enum ctl_status (*run)(const struct ctl_options *options);
};
/* ctl_commands.c */
extern const struct ctl_command ctl_commands[];

/* ctl_offline.c */
enum ctl_status ctl_check(const struct ctl_options *options);
enum ctl_status ctl_compile(const struct ctl_options *options);
enum ctl_status ctl_dump(const struct ctl_options *options);

/* ctl_zones.c */
/* Zones and databases, read and compiled as the daemon would do it. */
struct ctl_built {
	struct conf_errors errors;
	const char *dir;              /* of the zones: the argument's, else --config's */
	const char *const *geo_paths; /* --geo, else --config's */
	size_t geo_cnt;
	struct cp_config config; /* of --config FILE */
	bool has_config;
	struct cp_zones *zones;
	struct cp_geo *geo; /* NULL: none was named, or it is no database */
	void *image;        /* NULL: there are errors, and nothing to compile without them */
	size_t image_bytes;
};
/* ctl_load_config begins *built: the configuration that --config names, and where zones and databases
 * are. On CTL_INPUT the reasons are in built->errors. */
enum ctl_status
ctl_load_config(const struct ctl_options *options, const char *dir, struct ctl_built *built);
/* ctl_zones_options: how zone files are to be read; borrows from *built. */
struct cp_zones_options ctl_zones_options(const struct ctl_built *built);
/* ctl_build fills *built whatever happens; one of `dir` and --config is given. `without` stands in
 * for a database that was not named; NULL: rules that name places need one. */
void ctl_build(const struct ctl_options *options, const char *dir, const struct cp_geo *without,
		struct ctl_built *built);
void ctl_built_done(struct ctl_built *built);
/* is_ctl_built_good: an image of all zones, and no error. */
bool is_ctl_built_good(const struct ctl_built *built);
/* ctl_built_json: {ok, zones, messages} (ctl_offline.c). */
json_t *ctl_built_json(const struct ctl_built *built);

/* ctl_plan.c */
enum ctl_status ctl_plan(const struct ctl_options *options);
enum ctl_status ctl_diff(const struct ctl_options *options);
/* ctl_plan_print prints a plan as JSON or for people, in colour on a terminal. */
void ctl_plan_print(const struct ctl_options *options, const json_t *plan);

/* ctl_daemon.c */
enum ctl_status ctl_status_show(const struct ctl_options *options);
enum ctl_status ctl_health(const struct ctl_options *options);
enum ctl_status ctl_counters(const struct ctl_options *options);
/* ctl_changes.c */
enum ctl_status ctl_apply(const struct ctl_options *options);
enum ctl_status ctl_rollback(const struct ctl_options *options);
enum ctl_status ctl_history(const struct ctl_options *options);
enum ctl_status ctl_wait(const struct ctl_options *options);
/* ctl_plan_ask, ctl_diff_ask: plan and diff as the daemon makes them. */
enum ctl_status ctl_plan_ask(const struct ctl_options *options);
enum ctl_status ctl_diff_ask(const struct ctl_options *options);
/* is_ctl_diff_of_generations: are both arguments numbers, not files? */
bool is_ctl_diff_of_generations(const struct ctl_options *options);
/* ctl_print_change prints an entry of the history, but for its generation. */
void ctl_print_change(const json_t *entry);
/* ctl_explain.c */
enum ctl_status ctl_explain(const struct ctl_options *options);

/* ctl_common.c */
/* ctl_fail prints "meridianctl: <sentence>" and returns `status`. */
enum ctl_status
ctl_fail(enum ctl_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ctl_print_errors(const struct conf_errors *errors);
void ctl_print_json(const json_t *json);

/* An image file, mapped and checked. */
struct ctl_table {
	const void *image;
	size_t image_bytes;
	struct tbl_view view;
};
enum ctl_status ctl_table_open(const char *path, struct ctl_table *table);
void ctl_table_close(struct ctl_table *table);

/* ctl_geo_load loads the options' databases; *ret_geo NULL when they name none. */
enum ctl_status ctl_geo_load(const struct ctl_options *options, struct conf_errors *errors,
		struct cp_geo **ret_geo);

/* ctl_client.c */
/* ctl_request asks the daemon; `body` NULL: GET. On CTL_FINE *ret_code is the HTTP status and
 * *ret_json what came with it. */
enum ctl_status ctl_request(const struct ctl_options *options, const char *path, const char *body,
		long *ret_code, json_t **ret_json);
/* ctl_get: a GET whose errors are printed; *ret_json on CTL_FINE only. */
enum ctl_status ctl_get(const struct ctl_options *options, const char *path, json_t **ret_json);

#endif
