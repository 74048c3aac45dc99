/*
 * What meridian-control is told by its configuration file: one row a key (type, range, unit,
 * default, sentence), from which it is read, checked and documented.
 *
 * Threads:   pure.
 * Memory:    cp_config_load fills, cp_config_free releases.
 * Errors:    -EINVAL with every reason and its place in *errors.
 */
#ifndef CONTROL_CONFIG_H
#define CONTROL_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "conf/schema.h"
#include "control/zones.h"

/* Where meridianctl looks for the daemon when it is told nothing. */
#define CP_API_SOCKET_DEFAULT "/run/meridian/control.sock"
/* How long a client waits for a generation when it does not say: many times what a table of ten million
 * names takes to be served, and short enough for a person to stay. */
#define CP_API_WAIT_S 60u
/* The longest it may ask for. An hour: whoever waits longer has a loop of his own. */
#define CP_API_WAIT_S_MAX 3600u

struct cp_config_probes {
	bool is_enabled;
	int64_t max_concurrent;
	int64_t min_up_percent;
	int64_t max_down_per_min;
};
struct cp_config {
	char *zones_dir;
	struct conf_strings geo_databases;
	char *state_dir;
	char *api_socket;
	char *data_plane;
	int64_t default_ttl_s;
	bool enforce_order;
	int order_mode; /* enum cp_key_order */
	char *split_extension;
	char *shared_filename;
	bool disable_zonefile;
	bool escaped_semicolons;
	double update_pcent_threshold;
	double delete_pcent_threshold;
	struct conf_list zones; /* struct cp_zone_settings by name, with its thresholds filled in */
	char *file;             /* this configuration, for messages about `zones` */
	bool include_outside;
	int64_t history_keep;
	struct cp_soa_settings soa;
	struct cp_config_probes probes;
};

int cp_config_load(const char *path, struct cp_config *config, struct conf_errors *errors);
void cp_config_free(struct cp_config *config);

/* cp_config_zones: the part the zone loader takes; borrows the configuration's strings. */
struct cp_zones_options cp_config_zones(const struct cp_config *config);

/* cp_config_zone: what holds for a zone ("example.com.", lower-cased), which is what is configured
 * for all zones where it has no settings of its own. Its name is borrowed, and NULL where it
 * has none. */
struct cp_zone_settings cp_config_zone(const struct cp_config *config, const char *name);

/* cp_config_rows: every key, for whoever documents them. */
const struct conf_row *cp_config_rows(void);

/* cp_config_help prints every key. */
void cp_config_help(FILE *out);

#endif
