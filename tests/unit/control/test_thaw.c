/* Zones out of a table: they make the same table again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/compile.h"
#include "control/rdata.h"
#include "control/thaw.h"
#include "tests/unit/control/zone_text.h"
#include "tests/unit/test.h"

/* A database of two prefixes, so that rules by geos can be followed. */
static const char *const places[] = { "EU-DE", "NA-US-CA" };
static const struct tbl_geo_prefix geo_prefixes[] = {
	{ { { 198, 51, 100 }, 24, 4 }, 1 },
	{ { { 0x20, 0x01, 0x0d, 0xb8 }, 32, 6 }, 0 },
};
static const struct cp_geo geo = {
	.table = { geo_prefixes, ARRAY_LEN(geo_prefixes), places, ARRAY_LEN(places) },
	.description = (char *)"test",
	.places_text = (char *)"EU-DE NA-US-CA",
	.content_hash = 1,
};

#define APEX "'': {type: NS, values: [ns1.example.test., ns.elsewhere.test.]}\n"
#define TCP  "octodns: {healthcheck: {protocol: TCP}}"

static const struct thaw_row {
	const char *name;
	struct zone_file files[6];
} rows[] = {
	{ "every static type",
			{ { "example.test.yaml", APEX
					"'*': {type: CNAME, value: www.example.test.}\n"
					"'*.deep.ent': {type: TXT, values: [a, 'b\\; c']}\n"
					"caa: {type: CAA, value: {flags: 0, tag: issue, value: "
					"ca.test}}\n"
					"dname: {type: DNAME, value: other.test.}\n"
					"https: {type: HTTPS, value: {svcpriority: 1, targetname: "
					"., svcparams: {alpn: [h2]}}}\n"
					"loc: {type: LOC, value: {lat_degrees: 31, lat_minutes: "
					"58, lat_seconds: 52.1, lat_direction: S, long_degrees: "
					"115, long_minutes: 49, long_seconds: 11.7, "
					"long_direction: E, altitude: 20, size: 10, "
					"precision_horz: 10, precision_vert: 2}}\n"
					"mail:\n- {type: A, value: 192.0.2.2}\n- {type: AAAA, "
					"value: '2001:db8::2'}\n- {type: MX, values: "
					"[{preference: 10, exchange: mail.example.test.}, "
					"{preference: 20, exchange: mx.elsewhere.test.}]}\n"
					"ns1: {type: A, values: [192.0.2.53, 192.0.2.54]}\n"
					"ptr: {type: PTR, value: www.example.test.}\n"
					"srv._tcp: {type: CNAME, value: mail.example.test.}\n"
					"www: {ttl: 77, type: A, value: 192.0.2.1}\n" } } },
	{ "delegations that share glue",
			{ { "example.test.yaml", APEX
					  "a:\n- {type: NS, values: [ns.a.example.test., "
					  "ns.b.example.test., ns.elsewhere.test.]}\n"
					  "- {type: DS, value: {key_tag: 1, algorithm: 8, "
					  "digest_type: 2, digest: "
					  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b"
					  "1c1d1e1f}}\n"
					  "b: {type: NS, values: [b.example.test., "
					  "ns.b.example.test.]}\n"
					  "ns.a: {type: A, values: [192.0.2.7, 192.0.2.8]}\n"
					  "ns.b:\n- {ttl: 5, type: A, value: 192.0.2.9}\n"
					  "- {type: AAAA, value: '2001:db8::9'}\n" },
					{ "far.test.yaml", "'': {type: NS, value: ns1.far.test.}\n"
							   "sub: {type: NS, value: "
							   "ns.a.example.test.}\n" } } },
	{ "delegations to zones of the same table",
			{ { "example.test.zone",
					  "@ 300 SOA ns1 hostmaster 2026010100 7200 900 1209600 "
					  "60\n"
					  "@ 300 NS ns1\nns1 300 A 192.0.2.53\n"
					  "a 300 NS ns.a\nns.a 300 A 192.0.2.1\n"
					  "a 300 DS 1 8 2 "
					  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b"
					  "1c1d1e1f\n"
					  "x.b 300 NS ns.elsewhere.test.\n"
					  "c 300 NS ns.c.c\nns.c.c 300 A 192.0.2.3\n"
					  "ns.c.c 300 AAAA 2001:db8::3\n" },
					{ "a.example.test.yaml",
							"'': {ttl: 60, type: NS, value: "
							"ns.a.example.test.}\n"
							"ns: {type: A, value: 192.0.2.1}\n" },
					{ "x.b.example.test.yaml", "'': {type: NS, value: "
								   "ns.elsewhere.test.}\n" },
					{ "c.c.example.test.yaml",
							"'': {type: NS, value: "
							"ns.c.c.example.test.}\n"
							"ns: {type: A, value: 192.0.2.3}\n" },
					{ "d.example.test.yaml",
							"'': {type: NS, value: "
							"ns.d.example.test.}\n"
							"ns: {type: A, value: 192.0.2.4}\n" } } },
	{ "an inner zone without NS is delegated all the same",
			{ { "example.test.yaml", APEX "in: {type: NS, value: "
						      "ns1.elsewhere.test.}\n" },
					{ "in.example.test.zone",
							"@ 300 SOA ns hostmaster 1 7200 900 "
							"1209600 60\nwww 300 A 192.0.2.1\n" } } },
	{ "a zone with an SOA of its own, and types we have no name for",
			{ { "example.test.zone",
					"@ 900 IN SOA Ns1 Host\\.Master 2026010100 7200 900 "
					"1209600 1800\n"
					"@ 300 NS Ns1\nNs1 300 A 192.0.2.53\n"
					"odd 300 TYPE65280 \\# 3 0a0b0c\n"
					"empty 300 TYPE65281 \\# 0\n" } } },
	{ "dynamic: geos, subnets, weights, statuses, fallbacks",
			{ { "example.test.yaml", APEX
					"cname: {type: CNAME, value: www.example.test., "
					"dynamic: {pools: {p: {values: [{value: "
					"one.test.}, {value: www.example.test.}]}}, rules: "
					"[{pool: p}]}, octodns: {healthcheck: {host: null, path: "
					"'/a b'}}}\n"
					"forced: {type: A, value: 192.0.2.1, dynamic: {pools: {p: "
					"{values: [{value: 192.0.2.2, status: up}, {value: "
					"192.0.2.3, status: down}]}}, rules: [{pool: p}]}}\n"
					"tcp: {type: AAAA, value: '2001:db8::1', dynamic: {pools: "
					"{p: {values: [{value: '2001:db8::2'}]}}, rules: [{pool: "
					"p}]}, " TCP "}\n"
					"www: {ttl: 60, type: A, values: [192.0.2.1, 192.0.2.2], "
					"dynamic: {pools: {eu: {fallback: us, values: [{value: "
					"192.0.2.3, weight: 7}, {value: 192.0.2.4, weight: 3, "
					"status: up}]}, us: {values: [{value: 192.0.2.5}]}, z: "
					"{fallback: eu, values: [{value: 192.0.2.6}]}}, rules: "
					"[{subnets: [203.0.113.0/24, '2001:db8:1::/48'], pool: "
					"us}, {geos: [EU-DE, NA], pool: eu}, {pool: z}]}, "
					"octodns: {healthcheck: {host: check.test, path: /up, "
					"port: 8443}}}\n"
					"zwww: {type: A, value: 192.0.2.1, dynamic: {pools: {eu: "
					"{values: [{value: 192.0.2.3}]}, us: {values: [{value: "
					"192.0.2.5}]}}, rules: [{geos: [NA-US-CA, EU], pool: "
					"us}, {pool: eu}]}, " TCP "}\n" } } },
	{ "ALIAS records, of static and of dynamic targets",
			{ { "a.test.yaml", "'':\n- {type: ALIAS, value: www.b.test.}\n"
					   "- {type: NS, value: ns1.b.test.}\n" },
					{ "b.test.yaml", "'':\n- {type: ALIAS, value: "
							 "fork.b.test.}\n"
							 "- {type: NS, value: ns1.b.test.}\n"
							 "fork: {type: CNAME, value: "
							 "www.b.test., dynamic: {pools: {p: "
							 "{values: [{value: www.b.test.}, "
							 "{value: two.b.test.}]}}, rules: "
							 "[{pool: p}]}, octodns: "
							 "{healthcheck: {host: null}}}\n"
							 "two: {type: A, value: 192.0.2.2}\n"
							 "www: {type: A, value: 192.0.2.1}\n" } } },
};

static void
compile(const struct cp_zones *zones, void **ret_image, size_t *ret_size)
{
	const struct cp_compile_params params = {
		.generation = 7, .built_unix_s = 1, .hash_seed = { 1, 2 }
	};
	struct conf_errors errors = { 0 };
	struct cp_compiler *compiler = NULL;

	assert_int_equal(cp_compiler_new(&compiler), 0);
	if (cp_compile(compiler, zones, &geo, &params, &errors, ret_image, ret_size) != 0 ||
			errors.error_cnt > 0) {
		conf_errors_print(&errors, stderr, false);
		fail_msg("a zone of the test does not compile");
	}
	cp_compiler_free(compiler);
	conf_errors_free(&errors);
}

/* thaw compiles files and gives back their zones from the image alone, which is the caller's. */
static struct cp_zones *
thaw(const struct zone_file *files, void **ret_image, size_t *ret_size)
{
	struct cp_zones_options options = cp_zones_defaults();
	struct cp_zones *zones = NULL;
	struct loaded loaded;
	struct tbl_view view;

	options.enforce_order = false;
	loaded = load_files(files, &options);
	if (loaded.errors.error_cnt > 0) {
		fail_msg("%s", loaded.said);
	}
	compile(loaded.zones, ret_image, ret_size);
	free_loaded(&loaded);
	tbl_view_init(&view, *ret_image, NULL);
	assert_int_equal(cp_thaw(&view, &zones), 0);
	return zones;
}

static void
assert_thaws(const struct thaw_row *row)
{
	void *image = NULL;
	void *again = NULL;
	size_t size = 0;
	size_t again_size = 0;
	struct cp_zones *zones = thaw(row->files, &image, &size);
	const struct tbl_header *header = image;

	assert_int_equal(zones->cnt, header->sections[TBL_SECTION_ZONES].cnt);
	compile(zones, &again, &again_size);
	if (again_size != size || memcmp(again, image, size) != 0) {
		fail_msg("%s: another table", row->name);
	}
	free(again);
	free(image);
	cp_zones_free(zones);
}

static void
test_what_is_thawed_makes_the_same_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_thaws(&rows[i]);
	}
}

static const struct cp_record *
find(const struct cp_zones *zones, const char *fqdn, uint16_t type)
{
	for (size_t i = 0; i < zones->items[0].record_cnt; i++) {
		const struct cp_record *record = &zones->items[0].records[i];

		if (record->type == type && strcmp(record->fqdn, fqdn) == 0) {
			return record;
		}
	}
	fail_msg("no record %s", fqdn);
	return NULL;
}

/* What people are shown of a zone that goes on: names, texts, TTLs, and where it is from. */
static void
test_records_can_be_read(void **state)
{
	static const struct zone_file files[] = {
		{ "example.test.yaml",

				"'': {type: NS, value: ns1.example.test.}\n"
				"mail: {ttl: 5, type: MX, value: {preference: 10, exchange: "
				"mx.example.test.}}\n"
				"sub: {type: NS, value: ns.sub.example.test.}\n"
				"ns.sub: {ttl: 9, type: A, value: 192.0.2.4}\n"
				"txt: {type: TXT, value: a b}\n"
				"www: {type: A, value: 192.0.2.1, dynamic: {pools: {p: {values: "
				"[{value: "
				"192.0.2.2}]}}, rules: [{pool: p}]}, octodns: {healthcheck: "
				"{protocol: "
				"HTTP, host: x.test, path: /p, port: 81}}}\n" },
		{ NULL, NULL }
	};
	static const struct {
		const char *fqdn;
		uint16_t type;
		uint32_t ttl_s;
		const char *text;
	} wanted[] = {
		{ "example.test.", CP_TYPE_NS, 3600, "ns1.example.test." },
		{ "mail.example.test.", CP_TYPE_MX, 5, "10 mx.example.test." },
		{ "ns.sub.example.test.", CP_TYPE_A, 9, "192.0.2.4" },
		{ "txt.example.test.", CP_TYPE_TXT, 3600, "\"a b\"" },
		{ "www.example.test.", CP_TYPE_A, 3600, "192.0.2.1" },
	};
	void *image = NULL;
	size_t size = 0;
	struct cp_zones *zones = thaw(files, &image, &size);
	const struct cp_dynamic *dynamic = NULL;

	(void)state;
	free(image); /* nothing is borrowed from it */
	assert_string_equal(zones->items[0].name, "example.test.");
	assert_false(zones->items[0].has_own_soa);
	assert_int_equal(zones->items[0].record_cnt, 7);
	assert_int_equal(zones->items[0].records[0].type, CP_TYPE_SOA);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		const struct cp_record *record = find(zones, wanted[i].fqdn, wanted[i].type);

		assert_int_equal(record->ttl_s, wanted[i].ttl_s);
		assert_int_equal(record->value_cnt, 1);
		assert_string_equal(record->texts[0], wanted[i].text);
		assert_string_equal(record->file, "example.test.");
	}
	dynamic = find(zones, "www.example.test.", CP_TYPE_A)->dynamic;
	assert_string_equal(dynamic->pools[0].name, "p");
	assert_string_equal(dynamic->pools[0].values[0].text, "192.0.2.2");
	assert_null(dynamic->pools[0].values[0].probed);
	assert_int_equal(dynamic->healthcheck.protocol, CP_PROTOCOL_HTTP);
	assert_int_equal(dynamic->healthcheck.port, 81);
	assert_string_equal(dynamic->healthcheck.host, "x.test");
	assert_string_equal(dynamic->healthcheck.path, "/p");
	cp_zones_free(zones);
}

/* Two names that differ in case alone are one name; an image may have them as two records. */
static void
test_names_that_differ_in_case_become_one(void **state)
{
	static const struct zone_file files[] = {
		{ "example.test.zone", "@ 300 SOA ns1 hostmaster 1 7200 900 1209600 60\n"
				       "@ 300 NS ns1.elsewhere.test.\n"
				       "@ 300 NS NS1.elsewhere.TEST.\n"
				       "@ 300 MX 10 mx.elsewhere.test.\n"
				       "@ 300 MX 10 mx.elsewhere.TEST.\n"
				       "@ 300 MX 10 mx.ELSEWHERE.test.\n" },
		{ NULL, NULL },
	};
	void *image = NULL;
	void *again = NULL;
	size_t size = 0;
	struct cp_zones *zones = thaw(files, &image, &size);

	(void)state;
	assert_int_equal(find(zones, "example.test.", CP_TYPE_NS)->value_cnt, 1);
	assert_int_equal(find(zones, "example.test.", CP_TYPE_MX)->value_cnt, 1);
	compile(zones, &again, &size);
	free(again);
	free(image);
	cp_zones_free(zones);
}

static void
patch_count(uint8_t *image)
{
	const struct tbl_header *header = (const void *)image;
	struct tbl_zone *zone = (void *)(image + header->sections[TBL_SECTION_ZONES].off);

	zone->record_cnt = 1;
}

/* The one zone setting that a table has. */
static void
test_zones_without_client_subnets_stay_so(void **state)
{
	static const struct zone_file files[] = {
		{ "a.test.yaml", "'': {type: NS, value: ns.b.test.}\n" },
		{ "b.test.yaml", "'': {type: NS, value: ns.b.test.}\n" }, { NULL, NULL }
	};
	void *image = NULL;
	void *again = NULL;
	size_t size = 0;
	struct tbl_view view;
	struct cp_zones *zones = thaw(files, &image, &size);

	(void)state;
	assert_false(zones->items[0].ignores_ecs);
	zones->items[1].ignores_ecs = true;
	compile(zones, &again, &size);
	cp_zones_free(zones);
	zones = NULL;
	tbl_view_init(&view, again, NULL);
	assert_int_equal(view.zones[0].flags, 0);
	assert_int_equal(view.zones[1].flags, TBL_ZONE_NO_ECS);
	assert_true(view.header->content_hash != ((struct tbl_header *)image)->content_hash);
	assert_int_equal(cp_thaw(&view, &zones), 0);
	assert_false(zones->items[0].ignores_ecs);
	assert_true(zones->items[1].ignores_ecs);
	cp_zones_free(zones);
	free(again);
	free(image);
}

/* Writes over the first string of the image that begins so. */
static void
patch_string(uint8_t *image, const char *begin, char with)
{
	const struct tbl_header *header = (const void *)image;
	const struct tbl_section *section = &header->sections[TBL_SECTION_STRINGS];
	char *strings = (char *)image + section->off;

	for (size_t at = 0; at < section->cnt; at += strlen(strings + at) + 1) {
		if (strncmp(strings + at, begin, strlen(begin)) == 0) {
			strings[at] = with;
			return;
		}
	}
	fail_msg("no string %s", begin);
}

static void
patch_target(uint8_t *image)
{
	patch_string(image, "tcp ", 'x');
}

static void
patch_subnet(uint8_t *image)
{
	patch_string(image, "203.0.113.0/24", 'x');
}

/* What the checker lets pass, since no reader relies on it, but no compiler of ours wrote. */
static void
test_texts_that_are_none_of_ours_are_told(void **state)
{
	static const struct zone_file files[] = {
		{ "example.test.yaml", APEX "www: {type: A, value: 192.0.2.1, dynamic: {pools: "
					    "{p: {values: [{value: 192.0.2.2}]}}, rules: "
					    "[{subnets: [203.0.113.0/24], pool: p}, {pool: "
					    "p}]}, " TCP "}\n" },
		{ NULL, NULL },
	};
	static void (*const patches[])(
			uint8_t * image) = { patch_count, patch_target, patch_subnet };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(patches); i++) {
		void *image = NULL;
		size_t size = 0;
		struct tbl_view view;
		struct cp_zones *zones = thaw(files, &image, &size);

		cp_zones_free(zones);
		zones = NULL;
		patches[i](image);
		tbl_view_init(&view, image, NULL);
		assert_int_equal(cp_thaw(&view, &zones), -EBADMSG);
		assert_null(zones);
		free(image);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_thawed_makes_the_same_table),
		cmocka_unit_test(test_records_can_be_read),
		cmocka_unit_test(test_names_that_differ_in_case_become_one),
		cmocka_unit_test(test_zones_without_client_subnets_stay_so),
		cmocka_unit_test(test_texts_that_are_none_of_ours_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
