/*
 * Zones from text: files in a directory of their own, loaded as the daemon loads them.
 *
 * Threads:   one test.
 * Memory:    load_zones/free_zones.
 * Errors:    a helper that cannot do its part ends the test.
 */
#ifndef TESTS_UNIT_CONTROL_ZONE_TEXT_H
#define TESTS_UNIT_CONTROL_ZONE_TEXT_H

#include "control/zones.h"

struct zone_file {
	const char *name; /* "example.test.yaml"; NULL ends a list; a final "/" makes a directory */
	const char *text;
};
struct loaded {
	struct cp_zones *zones;
	struct conf_errors errors;
	char *said; /* "file:line:col: level: text" a message, the directory left out */
};

struct loaded load_files(const struct zone_file *files, const struct cp_zones_options *options);
/* load_text: one zone, example.test, with the defaults. */
struct loaded load_text(const char *text);
void free_loaded(struct loaded *loaded);

/* record_at: the record of this owner ("www.example.test.") and type, or NULL. */
const struct cp_record *record_at(const struct loaded *loaded, const char *fqdn, const char *type);

/* values_of: "300 192.0.2.1 192.0.2.2", TTL and texts; "none" when there is no such record. */
const char *
values_of(const struct loaded *loaded, const char *fqdn, const char *type, char buffer[1024]);

#endif
