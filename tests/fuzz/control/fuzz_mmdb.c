/*
 * Any bytes as a geo database: they load or are refused with one message, and what loads is what
 * the location compiler can take.
 */
#include <string.h>

#include "table/location.h"

#include "control/geo_impl.h"
#include "tests/fuzz/fuzz.h"

static void
check_loaded(const struct cp_geo *geo)
{
	const char *const geos[] = { "NA", "EU-DE", "NA-US-CA" };
	const struct tbl_rule_input rules[] = { { .pool = 0, .geos = geos, .geo_cnt = 3 },
		{ .pool = 1 } };
	const struct tbl_ruleset_input ruleset = { .rules = rules, .rule_cnt = 2 };
	struct tbl_location *location = NULL;
	struct tbl_error error;

	FUZZ_ASSERT(geo->table.prefix_cnt > 0);
	FUZZ_ASSERT(geo->description != NULL);
	for (size_t i = 0; i < geo->table.prefix_cnt; i++) {
		const struct tbl_geo_prefix *item = &geo->table.prefixes[i];
		struct tbl_addr addr = { .family = item->prefix.family };
		uint8_t bits = 0;
		struct cp_geo_parts parts;

		FUZZ_ASSERT(item->place < geo->table.place_cnt);
		FUZZ_ASSERT(cp_geo_code_check(geo->table.places[item->place], &parts) == CP_GEO_OK);
		memcpy(addr.bytes, item->prefix.bytes, sizeof(addr.bytes));
		FUZZ_ASSERT(i >= 64 || cp_geo_place(geo, &addr, &bits) != NULL);
		FUZZ_ASSERT(i >= 64 || bits >= item->prefix.bits);
	}
	FUZZ_ASSERT(tbl_location_build(&ruleset, 1, &geo->table, &location, &error) == 0);
	tbl_location_free(location);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_errors errors = { 0 };
	struct cp_geo *geo = NULL;
	int err = cp_geo_parse("fuzz.mmdb", data, size, &errors, &geo);

	FUZZ_ASSERT((err == 0) == (geo != NULL));
	FUZZ_ASSERT(errors.cnt == (err == 0 ? 0 : 1));
	if (geo != NULL) {
		check_loaded(geo);
	}
	cp_geo_free(geo);
	conf_errors_free(&errors);
	return 0;
}
