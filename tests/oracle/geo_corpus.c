/*
 * Loads every .mmdb file below a directory: databases of countries or cities that are whole must
 * load and compile, all others must be refused with one message that names the file.
 *
 * usage: geo_corpus DIRECTORY
 */
#include <fts.h>
#include <stdio.h>
#include <string.h>

#include "control/geo.h"

struct tally {
	uint32_t loaded;
	uint32_t refused;
	uint32_t wrong;
};

/* By MaxMind's way of naming them. */
static bool
is_expected_to_load(const char *name)
{
	return (strstr(name, "City") != NULL || strstr(name, "Country") != NULL ||
			       strstr(name, "Enterprise") != NULL) &&
	       strstr(name, "Broken") == NULL && strstr(name, "Invalid") == NULL;
}

/* One rule a continent, so that the whole database is walked and told apart. */
static bool
has_location(const struct cp_geo *geo)
{
	static const char *const geos[] = { "AF", "AS", "EU", "NA", "OC", "SA" };
	struct tbl_rule_input rules[6];
	const struct tbl_ruleset_input ruleset = { .rules = rules, .rule_cnt = 6 };
	struct tbl_location *location;
	struct tbl_error error;

	for (uint16_t i = 0; i < 6; i++) {
		rules[i] = (struct tbl_rule_input){ .pool = i, .geos = &geos[i], .geo_cnt = 1 };
	}
	if (tbl_location_build(&ruleset, 1, &geo->table, &location, &error) != 0) {
		printf("WRONG    location: %s\n", error.text);
		return false;
	}
	tbl_location_free(location);
	return true;
}

static void
try_file(const char *path, const char *name, struct tally *tally)
{
	struct conf_errors errors = { 0 };
	struct cp_geo *geo = NULL;
	bool has_loaded = cp_geo_load(&path, 1, &errors, &geo) == 0;
	bool is_right = has_loaded == is_expected_to_load(name);

	if (has_loaded) {
		printf("loads    %s: %zu prefixes, %zu of unknown countries\n", geo->description,
				geo->table.prefix_cnt, geo->unknown_cnt);
		is_right = is_right && errors.cnt == 0 && has_location(geo);
		tally->loaded++;
	} else {
		printf("refused  %s: %s\n", name, errors.cnt == 1 ? errors.messages[0].text : "?");
		is_right = is_right && errors.cnt == 1 &&
		           strcmp(errors.messages[0].file, path) == 0;
		tally->refused++;
	}
	if (!is_right) {
		printf("WRONG    %s\n", path);
		tally->wrong++;
	}
	cp_geo_free(geo);
	conf_errors_free(&errors);
}

int
main(int argc, char **argv)
{
	struct tally tally = { 0 };
	FTS *walk = argc == 2 ? fts_open(argv + 1, FTS_LOGICAL, NULL) : NULL;

	if (walk == NULL) {
		perror(argc == 2 ? argv[1] : "usage: geo_corpus DIRECTORY");
		return 2;
	}
	for (const FTSENT *entry = fts_read(walk); entry != NULL; entry = fts_read(walk)) {
		if (entry->fts_info == FTS_F && strstr(entry->fts_name, ".mmdb") != NULL) {
			try_file(entry->fts_path, entry->fts_name, &tally);
		}
	}
	(void)fts_close(walk);
	printf("%u load, %u refused, %u wrong\n", tally.loaded, tally.refused, tally.wrong);
	return tally.wrong == 0 && tally.loaded > 0 && tally.refused > 0 ? 0 : 1;
}
