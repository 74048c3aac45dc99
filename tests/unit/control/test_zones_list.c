/* How zones lie in a directory, what holds for single ones, and what is said when they do not fit:
 * the rules of octoDNS's YamlProvider. One record: test_zones.c. */
#include <stdio.h>
#include <string.h>

#include "control/zones.h"
#include "tests/unit/control/zone_text.h"
#include "tests/unit/test.h"

#define NS      "'': {type: NS, value: ns1.example.test.}\n"
#define A(name) name ": {type: A, value: 192.0.2.1}\n"

/* names_of: "a.test. b.test.!" of a set; "!" has errors. */
static const char *
names_of(const struct loaded *loaded, char buffer[512])
{
	size_t len = 0;

	buffer[0] = '\0';
	for (size_t i = 0; i < loaded->zones->cnt && len < 512; i++) {
		const struct cp_zone *zone = &loaded->zones->items[i];

		len += (size_t)snprintf(buffer + len, 512 - len, "%s%s%s", i > 0 ? " " : "",
				zone->name, zone->has_errors ? "!" : "");
	}
	return buffer;
}

/* main_file: where a zone as a whole is said to be, without the directory. */
static const char *
main_file(const struct loaded *loaded, size_t at)
{
	return strchr(strchr(loaded->zones->items[at].file + 1, '/') + 1, '/') + 1;
}

/* Directories, and which zones are found in them. */
static const struct {
	const char *what;
	struct zone_file files[8];
	const char *split_extension, *shared_filename;
	bool disable_zonefile;
	const char *names, *said;
} layouts[] = {
	{ "flat files",
			{ { "b.test.yaml", NS }, { "A.test.yaml", NS }, { "a.b.test.yaml", NS },
					{ "notes.txt", "x: [\n" },
					{ ".hidden.test.yaml", "x: [\n" }, { "elsewhere/", NULL } },
			NULL, NULL, false, "a.b.test. a.test. b.test.", "" },
	{ "one without YAML in it, and one that is no zone",
			{ { "bad.test.yaml", "x: [\n" }, { "config.yaml", "x: [\n" },
					{ "a..test.yaml", NS }, { "b.test.yaml", NS } },
			NULL, NULL, false, "b.test. bad.test.!",
			"a..test.yaml: error: Invalid zone name a..test., double dot not allowed\n"
			"config.yaml: warning: ignored: the file of zone \"example.com.\" is "
			"example.com.yaml\n"
			"bad.test.yaml:2:1: error: did not find expected node "
			"content, while parsing a flow node\n" },
	{ "a master file of a network's own top-level name",
			{ { "b.test.yaml", NS }, { "lan.zone", "@ 60 SOA ns. a. 1 2 3 4 5\n"
							       "@ 60 NS ns.\n" } },
			NULL, NULL, false, "b.test. lan.", "" },
	{ "a directory that is not asked for",
			{ { "a.test./", NULL }, { "b.test.yaml", NS }, { "$b.test.yaml", NS } },
			NULL, NULL, false, "b.test.",
			"$b.test.yaml: error: \"$\" files belong in the directory of a split zone\n"
			"a.test.: warning: ignored: a directory is read as a zone when "
			"split_extension is \".\"\n" },
	{ "a directory a zone; names of files mean nothing",
			{ { "a.test./", NULL }, { "a.test./$a.test.yaml", NS },
					{ "a.test./www.yaml", A("other") },
					{ "a.test./.yaml", A("hidden") },
					{ "a.test./notes.txt", "x: [\n" }, { "b.test.yaml", NS } },
			".", NULL, false, "a.test. b.test.", "" },
	{ "an extension",
			{ { "a.test.zone/", NULL }, { "a.test.zone/x.yaml", NS },
					{ "b.test.zones/", NULL }, { "c.test./", NULL } },
			".zone", NULL, false, "a.test.",
			"c.test.: warning: ignored: a directory is read as a zone when "
			"split_extension is \".\"\n" },
	{ "a directory and a file of one zone are both read",
			{ { "a.test./", NULL }, { "a.test./www.yaml", A("www") },
					{ "a.test.yaml", NS } },
			".", NULL, false, "a.test.", "" },
	{ "files are not read",
			{ { "a.test./", NULL }, { "a.test./www.yaml", NS },
					{ "a.test.yaml", "x: [\n" }, { "b.test.yaml", "x: [\n" } },
			".", NULL, true, "a.test.", "" },
	{ "nothing is in the directory",
			{ { "a.test./", NULL }, { "a.test./www.yml", NS }, { "b.test.yaml", NS } },
			".", NULL, false, "a.test.! b.test.",
			"a.test.: error: no YAMLs found for a.test.\n" },
	{ "one broken file does not hide another's errors",
			{ { "a.test./", NULL }, { "a.test./1.yaml", "x: [\n" },
					{ "a.test./2.yaml", "b: {type: X}\n" } },
			".", NULL, false, "a.test.!",
			"a.test./1.yaml:2:1: error: did not find expected node "
			"content, while parsing a flow node\n"
			"a.test./2.yaml:1:4: error: Unknown record type: \"X\"\n" },
	{ "the same record in two files",
			{ { "a.test./", NULL }, { "a.test./b.yaml", NS A("www") },
					{ "a.test./a.yaml", A("www") } },
			".", NULL, false, "a.test.!",
			"a.test./b.yaml:2:6: error: Duplicate record www.a.test., type A\n"
			"  existing: a.test./a.yaml, line 1, column 6\n"
			"  new:      a.test./b.yaml, line 2, column 6\n" },
	{ "the directory's paths sort before the file's",
			{ { "a.test./", NULL }, { "a.test./z.yaml", NS A("www") },
					{ "a.test.yaml", A("www") } },
			".", NULL, false, "a.test.!",
			"a.test.yaml:1:6: error: Duplicate record www.a.test., type A\n"
			"  existing: a.test./z.yaml, line 2, column 6\n"
			"  new:      a.test.yaml, line 1, column 6\n" },
	{ "a shared file is in every zone and none itself",
			{ { "a.test.yaml", NS }, { "b.test.yaml", NS },
					{ "all.shared.yaml", A("www") } },
			NULL, "all.shared.yaml", false, "a.test. b.test.", "" },
	{ "a shared file with a record that a zone has too",
			{ { "a.test.yaml", NS A("www") }, { "b.test.yaml", NS },
					{ "shared.yaml", A("www") } },
			NULL, "shared.yaml", false, "a.test.! b.test.",
			"shared.yaml:1:6: error: Duplicate record www.a.test., type A\n"
			"  existing: a.test.yaml, line 2, column 6\n"
			"  new:      shared.yaml, line 1, column 6\n" },
	{ "a shared file that is not there",
			{ { "a.test.yaml", NS }, { "b.test.yaml", A("www") A("a") } }, NULL,
			"shared.yaml", false, "a.test.! b.test.!",
			"shared.yaml: error: No such file or directory\n"
			"b.test.yaml:2:1: error: keys out of order: \"a\" stands behind \"www\" "
			"(natural order; enforce_order is on)\n" },
	{ "a shared file that is in no order",
			{ { "a.test.yaml", NS }, { "b.test.yaml", NS },
					{ "shared.yaml", A("www") A("a") } },
			NULL, "shared.yaml", false, "a.test.! b.test.!",
			"shared.yaml:2:1: error: keys out of order: \"a\" stands behind \"www\" "
			"(natural order; enforce_order is on)\n" },
	{ "zones in other letters, either way",
			{ { "\xc3\xa9.test.yaml", NS }, { "xn--4ca.test.yaml", NS },
					{ "\xc3\xb6.test./", NULL },
					{ "\xc3\xb6.test./a.yaml", NS },
					{ "\xc3\xb6.test.yaml", A("www") } },
			".", NULL, false, "xn--4ca.test. xn--9ca.test. xn--nda.test.", "" },
	{ "one zone in both ways", { { "\xc3\xa9.test.yaml", NS }, { "xn--9ca.test.yaml", NS } },
			NULL, NULL, false, "xn--9ca.test.!",
			"\xc3\xa9.test.yaml: error: Both UTF-8 \"\xc3\xa9.test.yaml\" and IDNA "
			"\"xn--9ca.test.yaml\" exist for \xc3\xa9.test.\n" },
	{ "one directory in both ways, the file in one",
			{ { "\xc3\xa9.test./", NULL }, { "xn--9ca.test./", NULL },
					{ "\xc3\xa9.test.yaml", NS } },
			".", NULL, false, "xn--9ca.test.!",
			"\xc3\xa9.test.: error: Both UTF-8 \"\xc3\xa9.test.\" and IDNA "
			"\"xn--9ca.test.\" exist for \xc3\xa9.test.\n" },
	{ "a zone that differs in case only", { { "A.test.yaml", NS }, { "a.test.yaml", NS } },
			NULL, NULL, false, "a.test.!",
			"a.test.yaml: error: zone a.test. is also in A.test.yaml\n" },
	{ "letters that no name may have",
			{ { "a\xe2\x98\x85.test.yaml", NS }, { "\xff.test.yaml", NS } }, NULL, NULL,
			false, "",
			"a\xe2\x98\x85.test.yaml: error: Invalid zone name a\xe2\x98\x85.test., "
			"\"a\xe2\x98\x85\": string contains a disallowed character\n"
			"\xff.test.yaml: error: Invalid zone name \xff.test., not UTF-8\n" },
};

static void
test_layouts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
		struct cp_zones_options options = cp_zones_defaults();
		struct loaded loaded;
		char buffer[512];

		options.split_extension = layouts[i].split_extension;
		options.shared_filename = layouts[i].shared_filename;
		options.disable_zonefile = layouts[i].disable_zonefile;
		loaded = load_files(layouts[i].files, &options);
		print_message("    %s\n", layouts[i].what);
		assert_string_equal(loaded.said, layouts[i].said);
		assert_string_equal(names_of(&loaded, buffer), layouts[i].names);
		free_loaded(&loaded);
	}
}

/* Records keep the file they stand in; a zone as a whole has its own file, else its directory. */
static void
test_places(void **state)
{
	const struct zone_file files[] = {
		{ "a.test./", NULL },
		{ "a.test./www.yaml", A("www") },
		{ "b.test./", NULL },
		{ "b.test./www.yaml", A("www") },
		{ "b.test.yaml", A("mail") },
		{ "shared.yaml", NS },
		{ NULL, NULL },
	};
	static const struct {
		const char *fqdn, *type, *file;
	} rows[] = {
		{ "www.a.test.", "A", "a.test./www.yaml" },
		{ "a.test.", "NS", "shared.yaml" },
		{ "a.test.", "SOA", "a.test." },
		{ "www.b.test.", "A", "b.test./www.yaml" },
		{ "mail.b.test.", "A", "b.test.yaml" },
		{ "b.test.", "NS", "shared.yaml" },
		{ "b.test.", "SOA", "b.test.yaml" },
	};
	struct cp_zones_options options = cp_zones_defaults();
	struct loaded loaded;

	(void)state;
	options.split_extension = ".";
	options.shared_filename = "shared.yaml";
	loaded = load_files(files, &options);
	assert_string_equal(loaded.said, "");
	assert_string_equal(main_file(&loaded, 0), "a.test.");
	assert_string_equal(main_file(&loaded, 1), "b.test.yaml");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct cp_record *record = record_at(&loaded, rows[i].fqdn, rows[i].type);

		assert_non_null(record);
		assert_string_equal(strstr(record->file, rows[i].file), rows[i].file);
	}
	free_loaded(&loaded);
}

static struct loaded
load_with(const struct zone_file *files, struct cp_zone_settings *settings, size_t cnt,
		const char *shared)
{
	struct cp_zones_options options = cp_zones_defaults();

	options.settings = settings;
	options.setting_cnt = cnt;
	options.settings_file = "control.yaml";
	options.shared_filename = shared;
	return load_files(files, &options);
}

/* A zone that has settings and no file: only what is in all zones, if there is something. */
static void
test_configured_zones(void **state)
{
	char a[] = "a.test.";
	char b[] = "xn--9ca.test.";
	struct cp_zone_settings settings[] = {
		{ .name = a, .line = 7, .col = 11 },
		{ .name = b, .line = 9, .col = 11 },
	};
	const struct zone_file files[] = { { "a.test.yaml", A("www") }, { "shared.yaml", NS },
		{ NULL, NULL } };
	struct loaded loaded = load_with(files, settings, 2, "shared.yaml");
	char buffer[512];

	(void)state;
	assert_string_equal(loaded.said, "");
	assert_string_equal(names_of(&loaded, buffer), "a.test. xn--9ca.test.");
	assert_string_equal(main_file(&loaded, 1), "shared.yaml");
	assert_string_equal(values_of(&loaded, "xn--9ca.test.", "NS", (char[1024]){ 0 }),
			"3600 ns1.example.test.");
	free_loaded(&loaded);

	loaded = load_with(files, settings, 2, NULL);
	assert_string_equal(names_of(&loaded, buffer), "a.test.");
	assert_string_equal(loaded.said,
			"shared.yaml: warning: ignored: the file of zone \"example.com.\" is "
			"example.com.yaml\n"
			"control.yaml:9:11: warning: no YAMLs found for \xc3\xa9.test.\n"
			"a.test.yaml: warning: zone a.test. has no NS record at its apex\n");
	free_loaded(&loaded);
}

#define SINGLE   "{type: CNAME, value: single}\n"
#define LENIENT  "octodns: {lenient: true}, "
#define CNAME_AT "Invalid zone \"a.test.\"\n  - Invalid state, CNAME at x.a.test. cannot coexist "

/* Lenience of a zone, of all records of a name, of some of them. */
static void
test_lenience(void **state)
{
	static const struct {
		const char *text;
		bool is_zone_lenient;
		const char *said, *types; /* of x.a.test. */
	} rows[] = {
		{ NS "x: " SINGLE, false,
				"a.test.yaml:2:4: error: Invalid record \"x.a.test.\"\n"
				"  - CNAME value \"single\" is not a valid FQDN\n",
				"" },
		{ NS "x: " SINGLE, true,
				"a.test.yaml:2:4: warning: Invalid record \"x.a.test.\"\n"
				"  - CNAME value \"single\" is not a valid FQDN\n",
				"CNAME" },
		/* Some reasons leave nothing to serve. */
		{ NS "x: {type: A, value: one}\n", true,
				"a.test.yaml:2:4: error: Invalid record \"x.a.test.\"\n"
				"  - invalid IPv4 address \"one\"\n",
				"" },
		{ NS "x: {type: X, value: one}\n", true,
				"a.test.yaml:2:4: error: Unknown record type: \"X\"\n", "" },
		{ NS "x:\n- {type: A, value: 192.0.2.1}\n- {type: A, value: 192.0.2.2}\n", true,
				"a.test.yaml:4:3: error: Duplicate record x.a.test., type A\n"
				"  existing: a.test.yaml, line 3, column 3\n"
				"  new:      a.test.yaml, line 4, column 3\n",
				"A" },
		{ NS "x:\n- {type: A, value: 192.0.2.1}\n- {" LENIENT
		     "type: CNAME, value: b.test.}\n",
				false,
				"a.test.yaml:4:3: error: " CNAME_AT
				"with other records (a.test.yaml, line 3, column 3, a.test.yaml, "
				"line 4, column 3)\n",
				"A CNAME" },
		{ NS "x:\n- {" LENIENT "type: A, value: 192.0.2.1}\n- {" LENIENT
		     "type: CNAME, value: b.test.}\n",
				false,
				"a.test.yaml:4:3: warning: " CNAME_AT
				"with other records (a.test.yaml, line 3, column 3, a.test.yaml, "
				"line 4, column 3): the others are not served\n",
				"CNAME" },
		{ NS "x:\n- {type: A, value: 192.0.2.1}\n- {type: CNAME, value: b.test.}\n", true,
				"a.test.yaml:4:3: warning: " CNAME_AT
				"with other records (a.test.yaml, line 3, column 3, a.test.yaml, "
				"line 4, column 3): the others are not served\n",
				"CNAME" },
		{ NS "a b: {type: A, value: 192.0.2.1}\n", true,
				"a.test.yaml:2:6: warning: Invalid record \"a b.a.test.\"\n"
				"  - invalid record, whitespace is not allowed\n",
				"" },
		{ NS "a..b: {type: A, value: 192.0.2.1}\n", true,
				"a.test.yaml:2:7: error: Invalid record \"a..b.a.test.\"\n"
				"  - invalid name, double `.` in \"a..b.a.test.\"\n",
				"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char name[] = "a.test.";
		struct cp_zone_settings settings = { .name = name,
			.is_lenient = rows[i].is_zone_lenient };
		const struct zone_file files[] = { { "a.test.yaml", rows[i].text },
			{ NULL, NULL } };
		struct loaded loaded = load_with(files, &settings, 1, NULL);
		const char *types[] = { "A", "CNAME" };
		char found[64] = "";

		assert_string_equal(loaded.said, rows[i].said);
		for (size_t k = 0; k < ARRAY_LEN(types); k++) {
			if (record_at(&loaded, "x.a.test.", types[k]) != NULL) {
				size_t len = strlen(found);

				(void)snprintf(found + len, sizeof(found) - len, "%s%s",
						len > 0 ? " " : "", types[k]);
			}
		}
		assert_string_equal(found, rows[i].types);
		free_loaded(&loaded);
	}
}

#define SUB_APEX "Record sub.a.test. is a managed sub-zone and not of type NS or DS"
#define SUB_IN   "Record x.sub.a.test. is under a managed subzone"

/* Records at and under another zone of the set: refused, warned about, or left out. */
static void
test_records_of_other_zones(void **state)
{
	static const struct {
		bool is_lenient, is_ignoring;
		const char *said;
	} rows[] = {
		{ false, false,
				"a.test.yaml:4:3: error: " SUB_APEX "\n"
				"a.test.yaml:5:8: error: " SUB_IN "\n" },
		{ true, false,
				"a.test.yaml:4:3: warning: " SUB_APEX ": not served\n"
				"a.test.yaml:5:8: warning: " SUB_IN ": not served\n" },
		{ false, true,
				"a.test.yaml:4:3: warning: " SUB_APEX ": not served\n"
				"a.test.yaml:5:8: warning: " SUB_IN ": not served\n" },
	};
	const struct zone_file files[] = {
		{ "a.test.yaml", NS "sub:\n- {type: NS, value: ns1.example.test.}\n"
				    "- {type: TXT, value: x}\n" A("x.sub") A("xsub") },
		{ "sub.a.test.yaml", NS },
		{ NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char name[] = "a.test.";
		struct cp_zone_settings settings = { .name = name,
			.is_lenient = rows[i].is_lenient,
			.ignore_subzone_adds = rows[i].is_ignoring };
		struct loaded loaded = load_with(files, &settings, 1, NULL);

		assert_string_equal(loaded.said, rows[i].said);
		assert_int_equal(loaded.zones->items[0].has_errors,
				!rows[i].is_lenient && !rows[i].is_ignoring);
		assert_false(loaded.zones->items[1].has_errors);
		assert_non_null(record_at(&loaded, "sub.a.test.", "NS"));
		assert_non_null(record_at(&loaded, "xsub.a.test.", "A"));
		if (!loaded.zones->items[0].has_errors) {
			assert_null(record_at(&loaded, "sub.a.test.", "TXT"));
			assert_null(record_at(&loaded, "x.sub.a.test.", "A"));
		}
		free_loaded(&loaded);
	}
}

/* What is left out of another zone's way is no duplicate; what is lenient still is, as in octoDNS. */
static void
test_duplicates_in_other_zones(void **state)
{
	const struct zone_file files[] = {
		{ "a.test.yaml", NS "x.sub:\n- {type: A, value: 192.0.2.1}\n"
				    "- {type: A, value: 192.0.2.2}\n" },
		{ "sub.a.test.yaml", NS },
		{ NULL, NULL },
	};

	(void)state;
	for (int is_lenient = 0; is_lenient < 2; is_lenient++) {
		char name[] = "a.test.";
		struct cp_zone_settings settings = {
			.name = name, .is_lenient = is_lenient != 0, .ignore_subzone_adds = true
		};
		struct loaded loaded = load_with(files, &settings, 1, NULL);

		assert_int_equal(loaded.errors.error_cnt, is_lenient);
		assert_int_equal(loaded.errors.cnt, 2 + is_lenient);
		assert_int_equal(strstr(loaded.said, "Duplicate record") != NULL, is_lenient);
		free_loaded(&loaded);
	}
}

static void
test_simple_order(void **state)
{
	static const struct {
		const char *text;
		size_t error_cnt[2]; /* natural, simple */
	} rows[] = {
		{ NS A("a2") A("a10"), { 0, 1 } },
		{ NS A("a10") A("a2"), { 1, 0 } },
		{ NS A("B") A("a"), { 0, 0 } },
		{ NS A("a") A("B"), { 1, 1 } },
		{ NS A("f") A("\xc3\xa9"), { 1, 0 } },
		{ NS A("\xc3\xa9") A("f"), { 0, 1 } },
		{ NS A("z") A("\xc3\xa9"), { 1, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows) * 2; i++) {
		struct cp_zones_options options = cp_zones_defaults();
		const struct zone_file files[] = { { "a.test.yaml", rows[i / 2].text },
			{ NULL, NULL } };
		struct loaded loaded;

		options.order_mode = i % 2 == 0 ? CP_ORDER_NATURAL : CP_ORDER_SIMPLE;
		loaded = load_files(files, &options);
		assert_int_equal(loaded.errors.error_cnt, rows[i / 2].error_cnt[i % 2]);
		if (loaded.errors.error_cnt > 0) {
			assert_non_null(strstr(loaded.said,
					i % 2 == 0 ? "(natural order; " : "(simple order; "));
		}
		free_loaded(&loaded);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_configured_zones),
		cmocka_unit_test(test_lenience),
		cmocka_unit_test(test_records_of_other_zones),
		cmocka_unit_test(test_duplicates_in_other_zones),
		cmocka_unit_test(test_simple_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
