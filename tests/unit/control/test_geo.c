/*
 * The geo vocabulary, and MaxMind databases written by hand: what is read from them, that an
 * address looked up by libmaxminddb finds the same, and that no damage is half-loaded.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <maxminddb.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/geo_impl.h"
#include "tests/unit/control/mmdb_file.h"
#include "tests/unit/control/scratch.h"
#include "tests/unit/test.h"

static struct mmdb_file file;

/* ---- vocabulary ---- */

static void
vocabulary_is_sorted_and_complete(void **state)
{
	uint32_t cnt[4] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < CP_GEO_VOCABULARY_CNT; i++) {
		const struct cp_geo_entry *entry = &cp_geo_vocabulary[i];
		struct cp_geo_parts parts;

		cnt[(strlen(entry->code) + 1) / 3]++;
		assert_true(i == 0 || strcmp(entry[-1].code, entry->code) < 0);
		assert_int_equal(CP_GEO_OK, cp_geo_code_check(entry->code, &parts));
		assert_string_equal(entry->name, cp_geo_name(entry->code));
	}
	assert_int_equal(7, cnt[1]);
	assert_int_equal(249, cnt[2]);
	assert_int_equal(70, cnt[3]);
}

static void
codes_are_checked_part_by_part(void **state)
{
	static const struct {
		const char *code;
		enum cp_geo_verdict verdict;
		const char *continent;
		const char *country;
		const char *province;
	} cases[] = {
		{ "NA", CP_GEO_OK, "NA", "", "" },
		{ "NA-US", CP_GEO_OK, "NA", "US", "" },
		{ "NA-US-CA", CP_GEO_OK, "NA", "US", "CA" },
		{ "AS-TR", CP_GEO_OK, "AS", "TR", "" },
		{ NULL, CP_GEO_INVALID, "", "", "" },
		{ "NA-US-CA-LA", CP_GEO_INVALID, "", "", "" },
		{ "", CP_GEO_UNKNOWN_CONTINENT, "", "", "" },
		{ "XX", CP_GEO_UNKNOWN_CONTINENT, "", "", "" },
		{ "na", CP_GEO_UNKNOWN_CONTINENT, "", "", "" },
		{ "NAS", CP_GEO_UNKNOWN_CONTINENT, "", "", "" },
		{ "EU-UK", CP_GEO_UNKNOWN_COUNTRY, "", "", "" },
		{ "EU-TR", CP_GEO_UNKNOWN_COUNTRY, "", "", "" },
		{ "NA-", CP_GEO_UNKNOWN_COUNTRY, "", "", "" },
		{ "NA-US-ZZ", CP_GEO_UNKNOWN_PROVINCE, "", "", "" },
		{ "EU-GB-ENG", CP_GEO_UNKNOWN_PROVINCE, "", "", "" },
		{ "NA-US-", CP_GEO_UNKNOWN_PROVINCE, "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cp_geo_parts parts = { "", "", "" };

		assert_int_equal(cases[i].verdict, cp_geo_code_check(cases[i].code, &parts));
		assert_string_equal(cases[i].continent, parts.continent);
		assert_string_equal(cases[i].country, parts.country);
		assert_string_equal(cases[i].province, parts.province);
	}
}

static void
continents_come_from_the_vocabulary(void **state)
{
	static const struct {
		const char *country;
		const char *subdivision;
		const char *code; /* NULL: unknown */
	} cases[] = {
		{ "US", NULL, "NA-US" },
		{ "US", "CA", "NA-US-CA" },
		{ "US", "ZZ", "NA-US" },
		{ "GB", "ENG", "EU-GB" },
		{ "TR", NULL, "AS-TR" },
		{ "CY", NULL, "AS-CY" },
		{ "NA", NULL, "AF-NA" },
		{ "AP", NULL, "AS" },
		{ "EU", NULL, "EU" },
		{ "A1", NULL, NULL },
		{ "A2", NULL, NULL },
		{ "O1", NULL, NULL },
		{ "--", NULL, NULL },
		{ "XK", NULL, NULL },
		{ "us", NULL, NULL },
		{ "", NULL, NULL },
		{ "US-CA", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char code[12] = "";

		assert_int_equal(cases[i].code != NULL,
				cp_geo_code_of(cases[i].country, cases[i].subdivision, code));
		assert_string_equal(cases[i].code == NULL ? "" : cases[i].code, code);
	}
	assert_string_equal("California", cp_geo_name("NA-US-CA"));
	assert_string_equal("North America", cp_geo_name("NA"));
	assert_null(cp_geo_name("NA-XX"));
}

/* ---- databases that load ---- */

static struct cp_geo *
parse_file(void)
{
	struct conf_errors errors = { 0 };
	struct cp_geo *geo = NULL;

	mmdb_finish(&file);
	if (cp_geo_parse("test.mmdb", file.bytes, file.size, &errors, &geo) != 0) {
		fail_msg("%s", errors.messages[0].text);
	}
	assert_int_equal(0, errors.cnt);
	return geo;
}

static void
assert_place(const struct cp_geo *geo, const char *address, const char *code, uint8_t bits)
{
	struct tbl_addr addr = { .family = strchr(address, ':') != NULL ? 6 : 4 };
	uint8_t prefix_bits = 0;
	const char *place;

	assert_int_equal(1, inet_pton(addr.family == 4 ? AF_INET : AF_INET6, address, addr.bytes));
	place = cp_geo_place(geo, &addr, &prefix_bits);
	if (code == NULL) {
		assert_null(place);
	} else {
		assert_non_null(place);
		assert_string_equal(code, place);
	}
	assert_int_equal(bits, prefix_bits);
}

static const uint32_t record_sizes[] = { 24, 28, 32 };

static void
all_record_sizes_read_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(record_sizes); i++) {
		struct cp_geo *geo;

		mmdb_start(&file, 6, record_sizes[i]);
		mmdb_insert(&file, "192.0.2.0/24", mmdb_flat(&file, "DE"));
		mmdb_insert(&file, "192.0.2.128/25", mmdb_nested(&file, "US", "CA"));
		mmdb_insert(&file, "203.0.113.7/32", mmdb_nested(&file, "BR", NULL));
		mmdb_insert(&file, "2001:db8::/32", mmdb_nested(&file, "CA", "ON"));
		mmdb_insert(&file, "2001:db8:1::1/128", mmdb_flat(&file, "XK"));
		geo = parse_file();
		assert_place(geo, "192.0.2.1", "EU-DE", 25); /* what the tree made of /24 */
		assert_place(geo, "192.0.2.200", "NA-US-CA", 25);
		assert_place(geo, "203.0.113.7", "SA-BR", 32);
		assert_place(geo, "203.0.113.6", NULL, 0);
		assert_place(geo, "2001:db8::1", "NA-CA-ON", 48);
		assert_place(geo, "2001:db8:1::1", NULL, 0);
		assert_place(geo, "2001:db8:1::2", "NA-CA-ON", 127);
		assert_place(geo, "::192.0.2.1", NULL, 0);
		assert_int_equal(1, geo->unknown_cnt);
		assert_int_equal(1781725900, geo->build_epoch_s);
		assert_string_equal("test.mmdb (2026-06-17)", geo->description);
		assert_string_equal("EU-DE NA-CA-ON NA-US-CA SA-BR", geo->places_text);
		cp_geo_free(geo);
	}
}

static void
ipv4_databases_read(void **state)
{
	struct cp_geo *geo;

	(void)state;
	mmdb_start(&file, 4, 24);
	mmdb_insert(&file, "128.0.0.0/1", mmdb_flat(&file, "DE"));
	mmdb_insert(&file, "10.0.0.0/8", mmdb_flat(&file, "US"));
	geo = parse_file();
	assert_int_equal(2, geo->table.prefix_cnt);
	assert_place(geo, "255.255.255.255", "EU-DE", 1);
	assert_place(geo, "10.1.2.3", "NA-US", 8);
	assert_place(geo, "80::", NULL, 0);
	cp_geo_free(geo);
}

static void
aliases_of_ipv4_are_not_listed_again(void **state)
{
	struct cp_geo *geo;
	int64_t ipv4;

	(void)state;
	mmdb_start(&file, 6, 28);
	mmdb_insert(&file, "10.0.0.0/8", mmdb_flat(&file, "US"));
	ipv4 = mmdb_node(&file, "::/96");
	mmdb_link(&file, "::ffff:0:0/96", ipv4);
	mmdb_link(&file, "2002::/16", ipv4);
	mmdb_link(&file, "2001::/32", ipv4);
	mmdb_insert(&file, "2001:db8::/32", mmdb_flat(&file, "DE"));
	geo = parse_file();
	assert_int_equal(2, geo->table.prefix_cnt);
	assert_place(geo, "10.1.2.3", "NA-US", 8);
	assert_place(geo, "::ffff:10.1.2.3", NULL, 0);
	assert_place(geo, "2002:a01:203::", NULL, 0);
	assert_place(geo, "2001:db8::", "EU-DE", 32);
	cp_geo_free(geo);
}

static void
data_above_ipv4_holds_for_both_families(void **state)
{
	struct cp_geo *geo;

	(void)state;
	mmdb_start(&file, 6, 24);
	mmdb_insert(&file, "::/64", mmdb_flat(&file, "DE"));
	geo = parse_file();
	assert_place(geo, "192.0.2.1", "EU-DE", 0);
	assert_place(geo, "::1:2:3:4", "EU-DE", 64);
	cp_geo_free(geo);
}

/* Schemas met in practice, each a record by hand. */
static size_t
record_with(const char *const *pairs, uint32_t cnt)
{
	size_t off = mmdb_map(&file, cnt);

	for (uint32_t i = 0; i < 2 * cnt; i++) {
		(void)mmdb_string(&file, pairs[i]);
	}
	return off;
}

static void
flat_schemas_read(void **state)
{
	static const struct {
		const char *pairs[6];
		uint32_t cnt;
		const char *code;
	} cases[] = {
		{ { "country_code", "US" }, 1, "NA-US" },
		{ { "country_code", "US", "state1", "California" }, 2, "NA-US-CA" },
		{ { "state1", "new york", "country_code", "US" }, 2, "NA-US-NY" },
		{ { "country_code", "DE", "state1", "California" }, 2, "EU-DE" },
		{ { "country", "US", "country_name", "United States" }, 2, "NA-US" },
		{ { "country", "United States", "country_code", "US", "region_code", "TX" }, 3,
				"NA-US-TX" },
		{ { "country_code", "US", "subdivision_code", "US-WA" }, 2, "NA-US-WA" },
		{ { "country_code", "AP", "continent", "EU" }, 2, "AS" },
		{ { "country_code", "" }, 1, NULL },
		{ { "country_code", "A1" }, 1, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cp_geo *geo;

		mmdb_start(&file, 4, 24);
		mmdb_insert(&file, "192.0.2.0/24", record_with(cases[i].pairs, cases[i].cnt));
		mmdb_insert(&file, "198.51.100.0/24", mmdb_flat(&file, "FR"));
		geo = parse_file();
		assert_place(geo, "192.0.2.1", cases[i].code, cases[i].code == NULL ? 0 : 24);
		cp_geo_free(geo);
	}
}

static void
registered_country_and_continent_are_not_the_country(void **state)
{
	struct cp_geo *geo;
	size_t off;

	(void)state;
	mmdb_start(&file, 4, 24);
	off = mmdb_map(&file, 1);
	(void)mmdb_string(&file, "registered_country");
	(void)mmdb_map(&file, 1);
	(void)mmdb_string(&file, "iso_code");
	(void)mmdb_string(&file, "US");
	mmdb_insert(&file, "192.0.2.0/24", off);
	mmdb_insert(&file, "198.51.100.0/24", mmdb_flat(&file, "FR"));
	geo = parse_file();
	assert_place(geo, "192.0.2.1", NULL, 0);
	assert_int_equal(0, geo->unknown_cnt);
	cp_geo_free(geo);
}

static void
pointers_are_followed(void **state)
{
	struct cp_geo *geo;
	size_t country;
	size_t key;
	size_t off;

	(void)state;
	mmdb_start(&file, 4, 24);
	country = mmdb_map(&file, 1);
	(void)mmdb_string(&file, "iso_code");
	(void)mmdb_string(&file, "DE");
	key = mmdb_string(&file, "country");
	off = mmdb_map(&file, 1);
	(void)mmdb_pointer(&file, key);
	(void)mmdb_pointer(&file, country);
	mmdb_insert(&file, "192.0.2.0/24", off);
	geo = parse_file();
	assert_place(geo, "192.0.2.1", "EU-DE", 24);
	cp_geo_free(geo);
}

/* ---- the same, looked up address by address ---- */

static uint32_t
draw(uint32_t below)
{
	static uint64_t random_state;
	uint64_t z = (random_state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	return (uint32_t)((z ^ (z >> 31)) % below);
}

static void
assert_reads_alike(const struct cp_geo *geo, MMDB_s *mmdb, uint8_t family)
{
	struct tbl_addr addr = { .family = family };
	struct sockaddr_in ipv4 = { .sin_family = AF_INET };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6 };
	MMDB_lookup_result_s found;
	MMDB_entry_data_s data = { 0 };
	int error;
	uint8_t bits;
	const char *place;

	for (uint32_t i = 0; i < (family == 4 ? 4u : 16u); i++) {
		addr.bytes[i] = (uint8_t)(0x20 + draw(4)); /* crowded, as the prefixes are */
	}
	memcpy(&ipv4.sin_addr, addr.bytes, sizeof(ipv4.sin_addr));
	memcpy(&ipv6.sin6_addr, addr.bytes, sizeof(ipv6.sin6_addr));
	place = cp_geo_place(geo, &addr, &bits);
	found = MMDB_lookup_sockaddr(mmdb,
			family == 4 ? (const struct sockaddr *)&ipv4
				    : (const struct sockaddr *)&ipv6,
			&error);
	assert_int_equal(0, error);
	assert_int_equal(found.found_entry, place != NULL);
	if (place != NULL) {
		assert_int_equal(0, MMDB_get_value(&found.entry, &data, "country_code", NULL));
		assert_int_equal(2, data.data_size);
		assert_memory_equal(data.utf8_string, place + 3, 2);
		assert_int_equal(family == 4 ? found.netmask - 96 : found.netmask, bits);
	}
}

static void
random_databases_hold_what_lookups_find(void **state)
{
	static const char *const countries[] = { "US", "DE", "BR", "JP" };

	(void)state;
	for (uint32_t i = 0; i < 60; i++) {
		struct cp_geo *geo;
		MMDB_s mmdb;
		FILE *out;

		mmdb_start(&file, 6, record_sizes[i % 3]);
		for (uint32_t k = 0; k < 24; k++) {
			char prefix[64];
			uint32_t parts[4];

			for (uint32_t p = 0; p < 4; p++) {
				parts[p] = 0x20 + draw(4);
			}
			if (draw(2) == 0) {
				(void)snprintf(prefix, sizeof(prefix), "%u.%u.%u.%u/%u", parts[0],
						parts[1], parts[2], parts[3], 5 + draw(28));
			} else {
				(void)snprintf(prefix, sizeof(prefix), "%x%x:%x%x::/%u", parts[0],
						parts[1], parts[2], parts[3], 5 + draw(124));
			}
			mmdb_insert(&file, prefix, mmdb_flat(&file, countries[draw(4)]));
		}
		geo = parse_file();
		out = fopen(scratch_path("random.mmdb"), "wb");
		assert_non_null(out);
		assert_int_equal(file.size, fwrite(file.bytes, 1, file.size, out));
		assert_int_equal(0, fclose(out));
		assert_int_equal(0, MMDB_open(scratch_path("random.mmdb"), MMDB_MODE_MMAP, &mmdb));
		for (uint32_t k = 0; k < 200; k++) {
			assert_reads_alike(geo, &mmdb, k % 2 == 0 ? 4 : 6);
		}
		MMDB_close(&mmdb);
		cp_geo_free(geo);
	}
}

/* ---- files ---- */

static void
write_file(const char *name)
{
	FILE *out = fopen(scratch_path(name), "wb");

	mmdb_finish(&file);
	assert_non_null(out);
	assert_int_equal(file.size, fwrite(file.bytes, 1, file.size, out));
	assert_int_equal(0, fclose(out));
}

static void
families_may_come_apart_but_not_twice(void **state)
{
	const char *paths[2];
	struct conf_errors errors = { 0 };
	struct cp_geo *geo = NULL;

	(void)state;
	mmdb_start(&file, 4, 24);
	mmdb_insert(&file, "192.0.2.0/24", mmdb_flat(&file, "DE"));
	write_file("v4.mmdb");
	mmdb_start(&file, 6, 24);
	file.build_epoch_s += 86400;
	mmdb_insert(&file, "2001:db8::/32", mmdb_flat(&file, "US"));
	write_file("v6.mmdb");
	paths[0] = scratch_path("v4.mmdb");
	paths[1] = scratch_path("v6.mmdb");
	assert_int_equal(0, cp_geo_load(paths, 2, &errors, &geo));
	assert_place(geo, "192.0.2.1", "EU-DE", 24);
	assert_place(geo, "2001:db8::1", "NA-US", 32);
	assert_string_equal("v4.mmdb (2026-06-17), v6.mmdb (2026-06-18)", geo->description);
	assert_string_equal("EU-DE NA-US", geo->places_text);
	assert_int_equal(file.build_epoch_s, geo->build_epoch_s);
	cp_geo_free(geo);

	/* In whichever order: places are looked up in sorted prefixes. */
	paths[0] = scratch_path("v6.mmdb");
	paths[1] = scratch_path("v4.mmdb");
	assert_int_equal(0, cp_geo_load(paths, 2, &errors, &geo));
	assert_true(geo->is_sorted);
	assert_place(geo, "192.0.2.1", "EU-DE", 24);
	assert_place(geo, "192.0.3.1", NULL, 0);
	assert_place(geo, "2001:db8::1", "NA-US", 32);
	cp_geo_free(geo);

	paths[0] = paths[1];
	geo = NULL;
	assert_int_equal(-EINVAL, cp_geo_load(paths, 2, &errors, &geo));
	assert_null(geo);
	assert_int_equal(1, errors.error_cnt);
	assert_string_equal(paths[0], errors.messages[0].file);
	assert_non_null(strstr(errors.messages[0].text, "IPv4 addresses, which"));
	conf_errors_free(&errors);
}

static void
equal_files_have_equal_hashes(void **state)
{
	const char *path;
	struct conf_errors errors = { 0 };
	struct cp_geo *first = NULL;
	struct cp_geo *second = NULL;

	(void)state;
	mmdb_start(&file, 4, 24);
	mmdb_insert(&file, "192.0.2.0/24", mmdb_flat(&file, "DE"));
	write_file("a.mmdb");
	path = scratch_path("a.mmdb");
	assert_int_equal(0, cp_geo_load(&path, 1, &errors, &first));
	assert_int_equal(0, cp_geo_load(&path, 1, &errors, &second));
	assert_int_equal(first->content_hash, second->content_hash);
	cp_geo_free(second);
	mmdb_insert(&file, "192.0.2.0/24", mmdb_flat(&file, "FR"));
	write_file("a.mmdb");
	assert_int_equal(0, cp_geo_load(&path, 1, &errors, &second));
	assert_true(first->content_hash != second->content_hash);
	cp_geo_free(first);
	cp_geo_free(second);
}

static void
a_missing_file_is_named(void **state)
{
	const char *path = scratch_path("none.mmdb");
	struct conf_errors errors = { 0 };
	struct cp_geo *geo = NULL;

	(void)state;
	assert_int_equal(-ENOENT, cp_geo_load(&path, 1, &errors, &geo));
	assert_int_equal(1, errors.error_cnt);
	assert_string_equal(path, errors.messages[0].file);
	conf_errors_free(&errors);
}

/* ---- damage ---- */

static void
refuse_as_is(const char *claim, int err, const char *text)
{
	struct conf_errors errors = { 0 };
	struct cp_geo *geo = NULL;
	int got = cp_geo_parse("test.mmdb", file.bytes, file.size, &errors, &geo);
	if (got != err || errors.cnt != 1 || strstr(errors.messages[0].text, text) == NULL) {
		fail_msg("%s: %d, %s", claim, got, errors.cnt == 0 ? "" : errors.messages[0].text);
	}
	assert_string_equal("test.mmdb", errors.messages[0].file);
	assert_null(geo);
	conf_errors_free(&errors);
}

static void
refuse(const char *claim, int err, const char *text)
{
	mmdb_finish(&file);
	refuse_as_is(claim, err, text);
}

/* A good database, to be spoilt. */
static void
start_good(void)
{
	mmdb_start(&file, 4, 24);
	mmdb_insert(&file, "192.0.2.0/24", mmdb_flat(&file, "DE"));
}

static void
damaged_trees_are_refused(void **state)
{
	(void)state;
	start_good();
	mmdb_link(&file, "10.0.0.0/8", 0);
	refuse("a cycle by the root", -EBADMSG, "10.0.0.0/8 leads to neither a node nor data");

	start_good();
	mmdb_link(&file, "10.0.0.0/8", MMDB_EMPTY);
	mmdb_link(&file, "10.0.0.0/8", mmdb_node(&file, "10.0.0.0/7"));
	refuse("a cycle", -EBADMSG, "10.0.0.0/8 leads to a node that another prefix leads to");

	start_good();
	mmdb_link(&file, "10.0.0.0/8", mmdb_node(&file, "192.0.2.0/23"));
	refuse("a shared node", -EBADMSG, "no tree");

	start_good();
	mmdb_insert(&file, "10.0.0.0/32", mmdb_flat(&file, "US"));
	mmdb_link(&file, "10.0.0.0/32", file.node_cnt);
	file.nodes[file.node_cnt][0] = MMDB_EMPTY;
	file.nodes[file.node_cnt++][1] = MMDB_EMPTY;
	refuse("a 33rd bit", -EBADMSG, "10.0.0.0/32 leads to a node deeper than an address");

	start_good();
	mmdb_insert(&file, "10.0.0.0/8", file.data_size);
	refuse("data behind the end", -EBADMSG,
			"10.0.0.0/8 leads to data outside the data section");

	start_good();
	mmdb_link(&file, "10.0.0.0/8", MMDB_EMPTY);
	mmdb_link(&file, "10.0.0.0/8", file.node_cnt + 15); /* between "nothing" and data */
	refuse("data in the separator", -EBADMSG, "outside the data section");
}

static void
damaged_records_are_refused(void **state)
{
	static const struct {
		const char *claim;
		const char *bytes;
		size_t size;
	} cases[] = {
		{ "a string past the end", "\xe1\x41k\x5cxx", 6 },
		{ "a map past the end", "\xe9\x41k\x41v", 5 },
		{ "an array past the end", "\xe1\x41k\x1f\x04\xff\xff\xff", 8 },
		{ "a key that is no string", "\xe1\xa1\x01\x41v", 5 },
		{ "a double of five bytes",
				"\xe1\x41k\x65"
				"12345",
				9 },
		{ "a float of one byte", "\xe1\x41k\x01\x08\x01", 6 },
		{ "a uint16 of three bytes", "\xe1\x41k\xa3\x01\x01\x01", 7 },
		{ "half a size", "\xe1\x41k\x5f\x01", 5 },
		{ "arrays that never end", "\xe1\x41k\x01\x04\x01\x04\x01\x04", 9 },
		{ "a country past the end",
				"\xe1\x47"
				"country\x3f\xff\xff\xff\xff",
				14 },
		{ "a code past the end",
				"\xe1\x47"
				"country\xe1\x48iso_code\x3f\xff\xff\xff\xff",
				24 },
		{ "half a subdivision",
				"\xe2\x4c"
				"country_code\x42US\x4csubdivisions\x01\x04\x5f",
				32 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		start_good();
		mmdb_insert(&file, "10.0.0.0/8", mmdb_raw(&file, cases[i].bytes, cases[i].size));
		refuse(cases[i].claim, -EBADMSG, "is damaged");
	}
}

static void
pointers_to_pointers_are_refused(void **state)
{
	size_t off;

	(void)state;
	start_good();
	off = mmdb_map(&file, 1);
	(void)mmdb_string(&file, "country");
	(void)mmdb_pointer(&file, file.data_size); /* to itself */
	mmdb_insert(&file, "10.0.0.0/8", off);
	refuse("a pointer to itself", -EBADMSG, "is damaged");
}

/* The library descends by recursion: a value in here takes it through any stack. */
static size_t
nest(uint32_t levels)
{
	size_t off = file.data_size;

	for (uint32_t i = 0; i < levels; i++) {
		(void)mmdb_array(&file, 1);
	}
	(void)mmdb_string(&file, "");
	return off;
}

#define LEVELS_ENDLESS 500000u

static void
records_too_deep_are_refused(void **state)
{
	size_t deep;
	size_t off;

	(void)state;
	start_good();
	off = mmdb_map(&file, 1);
	(void)mmdb_string(&file, "other");
	(void)nest(LEVELS_ENDLESS);
	mmdb_insert(&file, "10.0.0.0/8", off);
	refuse("a deep value", -EBADMSG, "is damaged");

	start_good();
	deep = mmdb_map(&file, 1);
	(void)mmdb_string(&file, "other");
	(void)nest(LEVELS_ENDLESS);
	off = mmdb_map(&file, 1);
	(void)mmdb_string(&file, "country");
	(void)mmdb_pointer(&file, deep);
	mmdb_insert(&file, "10.0.0.0/8", off);
	refuse("a deep value behind a pointer", -EBADMSG, "is damaged");

	start_good();
	deep = mmdb_map(&file, 1);
	(void)mmdb_string(&file, "other");
	(void)nest(LEVELS_ENDLESS);
	off = mmdb_pointer(&file, deep);
	mmdb_insert(&file, "10.0.0.0/8", off);
	refuse("a deep record behind a pointer", -EBADMSG, "is damaged");
}

/* As far apart as a record and what it refers to may lie: backwards without limit. */
static void
records_may_refer_far_back(void **state)
{
	struct cp_geo *geo;
	size_t country;
	size_t off;

	(void)state;
	mmdb_start(&file, 4, 24);
	country = mmdb_map(&file, 1);
	(void)mmdb_string(&file, "iso_code");
	(void)mmdb_string(&file, "DE");
	(void)nest(LEVELS_ENDLESS); /* nobody's */
	off = mmdb_map(&file, 2);
	(void)mmdb_string(&file, "names");
	(void)nest(CP_MMDB_SPAN_BYTES / 4); /* the stack bears it */
	(void)mmdb_string(&file, "country");
	(void)mmdb_pointer(&file, country);
	mmdb_insert(&file, "192.0.2.0/24", off);
	geo = parse_file();
	assert_place(geo, "192.0.2.1", "EU-DE", 24);
	cp_geo_free(geo);
}

static void
other_kinds_of_file_are_refused(void **state)
{
	static const char *const asn[] = { "autonomous_system_organization", "Example" };

	(void)state;
	mmdb_start(&file, 4, 24);
	file.type = "GeoLite2-ASN";
	mmdb_insert(&file, "192.0.2.0/24", record_with(asn, 1));
	refuse("an ASN database", -EINVAL, "\"GeoLite2-ASN\" is not a country or city database");

	mmdb_start(&file, 4, 24);
	file.type = "Bell\a";
	mmdb_insert(&file, "192.0.2.0/24", mmdb_string(&file, "US"));
	refuse("records that are strings", -EINVAL, "\"Bell?\"");

	mmdb_start(&file, 4, 24);
	refuse("an empty tree", -EINVAL, "no record names a country");
}

/* Overwrites the value behind a metadata key, found by its text. */
static void
spoil_metadata(const char *key, uint32_t skip, uint8_t byte)
{
	uint8_t *at;

	start_good();
	mmdb_finish(&file);
	at = memmem(file.bytes, file.size, key, strlen(key));
	assert_non_null(at);
	at[strlen(key) + skip] = byte;
}

static void
damaged_metadata_is_refused(void **state)
{
	static const struct {
		const char *key;
		uint32_t skip; /* over the value's head and leading bytes */
		uint8_t byte;
		const char *text;
	} cases[] = {
		{ "record_size", 2, 20, "record_size" },
		{ "ip_version", 2, 5, "ip_version" },
		{ "binary_format_major_version", 2, 3, "binary format version" },
		{ "node_count", 1, 0x7f, "shorter than the search tree" },
		{ "node_count", 0, 0x5f, "metadata is damaged" },
		{ "build_epoch", 0, 0xff, "contains invalid metadata" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		spoil_metadata(cases[i].key, cases[i].skip, cases[i].byte);
		refuse_as_is(cases[i].key, -EBADMSG, cases[i].text);
	}
}

/* A tree of 2^32 bytes or more: in 32 bits its size is small, and its first node leads far away. */
static void
trees_larger_than_32_bits_are_refused(void **state)
{
	static const struct {
		uint32_t record_bits;
		uint8_t node_cnt[4];
	} cases[] = {
		{ 32, { 0x1f, 0xff, 0xff, 0xfe } },
		{ 32, { 0x20, 0x00, 0x00, 0x01 } },
		{ 28, { 0x24, 0x92, 0x49, 0x24 } },
		{ 24, { 0x2a, 0xaa, 0xaa, 0xa9 } },
		{ 32, { 0xff, 0xff, 0xff, 0xff } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t *at;

		mmdb_start(&file, 6, cases[i].record_bits);
		mmdb_insert(&file, "8000::/1", mmdb_flat(&file, "DE"));
		mmdb_link(&file, "::/1", 0x0fffffff);
		mmdb_finish(&file);
		at = memmem(file.bytes, file.size, "node_count", 10);
		assert_non_null(at);
		memcpy(at + 11, cases[i].node_cnt, 4);
		refuse_as_is("a tree that wraps", -EBADMSG, "shorter than the search tree");
	}
}

/* An array of two pointers to offset `target` of the metadata. */
static void
write_pair(uint8_t bytes[6], size_t target)
{
	uint8_t high = (uint8_t)(0x20 | target >> 8);
	uint8_t pair[6] = { 2, 4, high, (uint8_t)target, high, (uint8_t)target };

	memcpy(bytes, pair, sizeof(pair));
}

/* 40 arrays behind the metadata, each twice the next: 240 bytes that a list makes 2^40 of. */
static void
languages_that_double_are_refused(void **state)
{
	const uint8_t *metadata;
	uint8_t *languages;

	(void)state;
	start_good();
	file.languages = "\x02\x04----";
	file.languages_size = 6;
	mmdb_finish(&file);
	metadata = memmem(file.bytes, file.size, "MaxMind.com", 11);
	languages = memmem(file.bytes, file.size, "languages", 9);
	assert_non_null(metadata);
	assert_non_null(languages);
	metadata += 11;
	write_pair(languages + 9, (size_t)(file.bytes + file.size - metadata));
	for (uint32_t i = 0; i < 40; i++) {
		uint8_t *at = file.bytes + file.size;

		write_pair(at, (size_t)(at + 6 - metadata));
		file.size += 6;
	}
	memcpy(file.bytes + file.size, "\x00\x04", 2);
	file.size += 2;
	refuse_as_is("languages that double", -EBADMSG, "no short list of strings");
}

/* Lists of the metadata that 1.7.1 would copy, whatever becomes of it. */
static void
metadata_lists_must_be_short_lists_of_strings(void **state)
{
	static const char descriptions[] = "\xe1\x42"
					   "en\xe1\x41k\x41v";
	static const char text[] = "no short list of strings";
	static char many[3 + 65] = { 0x1d, 0x04, 0x24 }; /* an array of 65 */

	(void)state;
	start_good();
	file.languages = "\x02\x04\x42"
			 "en\x42"
			 "de";
	file.languages_size = 8;
	file.description = "\xe1\x42"
			   "en\x41"
			   "x";
	file.description_size = 6;
	cp_geo_free(parse_file());

	start_good();
	file.description = descriptions;
	file.description_size = sizeof(descriptions) - 1;
	refuse("a description that is a map", -EBADMSG, text);

	start_good();
	memset(many + 3, 0x40, 65);
	file.languages = many;
	file.languages_size = sizeof(many);
	refuse("65 languages", -EBADMSG, text);
}

static void
metadata_too_short_or_too_long_is_refused(void **state)
{
	static char nested[CP_MMDB_SPAN_BYTES];
	const uint8_t *metadata;

	(void)state;
	start_good();
	mmdb_finish(&file);
	metadata = memmem(file.bytes, file.size, "MaxMind.com", 11);
	assert_non_null(metadata);
	file.size = (size_t)(metadata + 11 - file.bytes);
	refuse_as_is("no metadata", -EBADMSG, "cut short");

	start_good();
	memset(nested, 0x40, sizeof(nested));
	file.languages = nested;
	file.languages_size = sizeof(nested);
	refuse("long metadata", -EBADMSG, "absurdly long");
}

/* Parses exactly `size` bytes on the heap, so that a sanitizer sees us read beyond them. */
static int
parse_exactly(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);
	struct conf_errors errors = { 0 };
	struct cp_geo *geo = NULL;
	int err;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	err = cp_geo_parse("test.mmdb", copy, size, &errors, &geo);
	assert_int_equal(err == 0, geo != NULL);
	assert_int_equal(err == 0, errors.cnt == 0);
	cp_geo_free(geo);
	conf_errors_free(&errors);
	free(copy);
	return err;
}

static void
start_rich(void)
{
	mmdb_start(&file, 6, 28);
	mmdb_insert(&file, "192.0.2.0/24", mmdb_nested(&file, "US", "CA"));
	mmdb_insert(&file, "2001:db8::/32", mmdb_flat(&file, "DE"));
	mmdb_finish(&file);
}

/* Cut short anywhere, before the metadata is whole, a file is refused. */
static void
truncated_files_are_refused(void **state)
{
	(void)state;
	start_rich();
	assert_int_equal(0, parse_exactly(file.bytes, file.size));
	for (size_t size = 0; size < file.size; size++) {
		assert_true(parse_exactly(file.bytes, size) != 0);
	}
}

/* With any bit flipped a file loads or is refused, and nothing else happens. */
static void
flipped_bits_never_escape(void **state)
{
	uint32_t refused = 0;

	(void)state;
	start_rich();
	for (size_t i = 0; i < file.size * 8; i++) {
		file.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
		refused += parse_exactly(file.bytes, file.size) != 0;
		file.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	assert_true(refused > 0);
	assert_int_equal(0, parse_exactly(file.bytes, file.size));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vocabulary_is_sorted_and_complete),
		cmocka_unit_test(codes_are_checked_part_by_part),
		cmocka_unit_test(continents_come_from_the_vocabulary),
		cmocka_unit_test(all_record_sizes_read_alike),
		cmocka_unit_test(ipv4_databases_read),
		cmocka_unit_test(aliases_of_ipv4_are_not_listed_again),
		cmocka_unit_test(data_above_ipv4_holds_for_both_families),
		cmocka_unit_test(flat_schemas_read),
		cmocka_unit_test(registered_country_and_continent_are_not_the_country),
		cmocka_unit_test(pointers_are_followed),
		cmocka_unit_test_setup_teardown(random_databases_hold_what_lookups_find,
				scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(families_may_come_apart_but_not_twice,
				scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(
				equal_files_have_equal_hashes, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(
				a_missing_file_is_named, scratch_setup, scratch_teardown),
		cmocka_unit_test(damaged_trees_are_refused),
		cmocka_unit_test(damaged_records_are_refused),
		cmocka_unit_test(pointers_to_pointers_are_refused),
		cmocka_unit_test(records_too_deep_are_refused),
		cmocka_unit_test(records_may_refer_far_back),
		cmocka_unit_test(other_kinds_of_file_are_refused),
		cmocka_unit_test(damaged_metadata_is_refused),
		cmocka_unit_test(trees_larger_than_32_bits_are_refused),
		cmocka_unit_test(metadata_lists_must_be_short_lists_of_strings),
		cmocka_unit_test(languages_that_double_are_refused),
		cmocka_unit_test(metadata_too_short_or_too_long_is_refused),
		cmocka_unit_test(truncated_files_are_refused),
		cmocka_unit_test(flipped_bits_never_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
