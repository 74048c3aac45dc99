/*
 * What the shadow queries find. A table is made wrong by compiling it from a zone that differs in
 * one line from the zone it is then held against.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/compile.h"
#include "control/shadow.h"
#include "tests/unit/control/zone_text.h"
#include "tests/unit/test.h"

#define TEXT_BYTES 4096
#define SAID_BYTES 8192
/* In parentheses: one string, not a comma that was forgotten between two. */
#define SRV_AT(port)                                                    \
	("_sip._udp: {type: SRV, value: {port: " port ", priority: 1, " \
	 "target: www.example.test., weight: 2}}")
#define DYNAMIC(pool)                                                                 \
	"{dynamic: {pools: {p: {values: [{value: " pool "}]}}, rules: [{pool: p}]}, " \
	"octodns: {healthcheck: {protocol: TCP}}, "

/* Line by line: each type that is served, a wildcard, an empty non-terminal, both kinds of dynamic
 * record, a delegation with glue and one to a zone of this server. */
enum line {
	APEX,
	CAA,
	MX,
	NS,
	WILDCARD,
	SRV,
	CNAME,
	BELOW_ENT,
	DYNAMIC_A,
	DYNAMIC_CNAME,
	NESTED,
	SUB_GLUE,
	PTR,
	SELF,
	SELF_A,
	SELF_NS,
	SUB,
	TXT,
	WWW,
	WWW_A,
	WWW_AAAA,
	LINE_CNT,
};
static const char *const lines[LINE_CNT] = {
	[APEX] = "'':",
	[CAA] = "- {type: CAA, value: {flags: 0, tag: issue, value: ca.test}}",
	[MX] = "- {type: MX, value: {exchange: Mail.Example.test., preference: 10}}",
	[NS] = "- {type: NS, values: [ns.other.test., www.example.test.]}",
	[WILDCARD] = "'*': {type: A, value: 192.0.2.9}",
	[SRV] = SRV_AT("5060"),
	[CNAME] = "alias: {type: CNAME, value: www.example.test.}",
	[BELOW_ENT] = "deep.ent: {type: A, value: 192.0.2.7}",
	[DYNAMIC_A] = "geo: " DYNAMIC("192.0.2.20") "type: A, value: 192.0.2.21}",
	[DYNAMIC_CNAME] = "go: " DYNAMIC("a.test.") "type: CNAME, value: b.test.}",
	[NESTED] = "nested: {type: NS, value: www.example.test.}",
	[SUB_GLUE] = "ns.sub: {type: A, value: 192.0.2.30}",
	[PTR] = "ptr: {type: PTR, value: www.example.test.}",
	[SELF] = "self:", /* glue at the delegation itself */
	[SELF_A] = "- {type: A, value: 192.0.2.31}",
	[SELF_NS] = "- {type: NS, value: self.example.test.}",
	[SUB] = "sub: {type: NS, values: [ns.other.test., ns.sub.example.test.]}",
	[TXT] = "txt: {type: TXT, values: [one, two]}",
	[WWW] = "www:",
	[WWW_A] = "- {type: A, values: [192.0.2.1, 192.0.2.2]}",
	[WWW_AAAA] = "- {type: AAAA, value: '2001:db8::1'}",
};
static const char nested[] = "'': {type: NS, value: www.example.test.}\n"
			     "x: {type: A, value: 192.0.2.40}\n";

/* The zones, with `instead` for one line ("": without it), and the nested one if wanted. */
static struct loaded
load_changed(size_t at, const char *instead, const char *nested_text)
{
	struct zone_file files[] = {
		{ "example.test.yaml", NULL },
		{ "nested.example.test.yaml", nested_text },
		{ NULL, NULL },
	};
	char text[TEXT_BYTES];
	size_t len = 0;
	struct loaded loaded;

	for (size_t i = 0; i < LINE_CNT; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\n",
				i == at ? instead : lines[i]);
	}
	assert_in_range(len, 1, sizeof(text) - 1);
	files[0].text = text;
	if (nested_text == NULL) {
		files[1].name = NULL;
	}
	loaded = load_files(files, NULL);
	assert_string_equal(loaded.said, "");
	return loaded;
}

static struct loaded
load_right(void)
{
	return load_changed(LINE_CNT, NULL, nested);
}

static void *
compile(const struct loaded *loaded)
{
	const struct cp_compile_params params = {
		.generation = 7, .built_unix_s = 1, .hash_seed = { 1, 2 }
	};
	struct cp_compiler *compiler = NULL;
	struct conf_errors errors = { 0 };
	void *image = NULL;
	size_t size = 0;

	assert_int_equal(cp_compiler_new(&compiler), 0);
	if (cp_compile(compiler, loaded->zones, NULL, &params, &errors, &image, &size) != 0 ||
			errors.error_cnt != 0) {
		fail_msg("%s", errors.messages[0].text);
	}
	cp_compiler_free(compiler);
	conf_errors_free(&errors);
	return image;
}

/* What the check says, "file:line:col TEXT" a message, each on a line of its own. */
static int
check(const void *image, const struct loaded *zones, const bool *is_left_out, char said[SAID_BYTES])
{
	struct conf_errors errors = { 0 };
	size_t len = 0;
	int rc = cp_shadow_check(image, zones->zones, is_left_out, &errors);

	said[0] = '\0';
	for (size_t i = 0; i < errors.cnt && len < SAID_BYTES; i++) {
		const struct conf_message *message = &errors.messages[i];

		len += (size_t)snprintf(said + len, SAID_BYTES - len, "%s:%u:%u %s\n",
				strrchr(message->file, '/') + 1, message->line, message->col,
				message->text);
	}
	conf_errors_free(&errors);
	return rc;
}

static void
test_a_right_table_passes(void **state)
{
	static const bool none_left_out[2];
	struct loaded zones = load_right();
	void *image = compile(&zones);
	char said[SAID_BYTES];

	(void)state;
	assert_int_equal(check(image, &zones, none_left_out, said), 0);
	assert_string_equal(said, "");
	free(image);
	free_loaded(&zones);
}

/* What a delegation of the parent hides is asked all the same when a zone of ours is below it. */
static void
test_a_zone_below_a_delegation_passes(void **state)
{
	static const bool none_left_out[2];
	const struct zone_file files[] = {
		{ "a.b.example.test.yaml", "'': {type: NS, value: ns.other.test.}\n"
					   "x: {type: A, value: 192.0.2.50}\n" },
		{ "example.test.yaml", "'': {type: NS, value: ns.other.test.}\n"
				       "b: {type: NS, values: [ns.b.example.test., "
				       "ns.other.test.]}\n"
				       "ns.b: {type: A, value: 192.0.2.51}\n" },
		{ NULL, NULL },
	};
	struct loaded zones = load_files(files, NULL);
	void *image = compile(&zones);
	char said[SAID_BYTES];

	(void)state;
	assert_int_equal(check(image, &zones, none_left_out, said), 0);
	assert_string_equal(said, "");
	free(image);
	free_loaded(&zones);
}

struct wrong {
	enum line line;
	const char *instead; /* of the line, in the zone that the table is compiled from */
	const char *record;
	const char *difference;
};

/* Holds the table of one changed zone against the right ones; it must say `difference`, no more. */
static void
expect_found(const struct loaded *zones, const struct wrong *wrong)
{
	static const bool none_left_out[2];
	struct loaded others = load_changed(wrong->line, wrong->instead, nested);
	void *image = compile(&others);
	const char *line = lines[wrong->line];
	char said[SAID_BYTES];
	char expected[SAID_BYTES];

	assert_int_equal(check(image, zones, none_left_out, said), -EBADMSG);
	(void)snprintf(expected, sizeof(expected),
			"example.test.yaml:%d:%d the compiled table does not answer %s as the zone "
			"says: %s (a defect of Meridian: please report it)\n",
			(int)wrong->line + 1, (int)(strchr(line, '{') - line) + 1, wrong->record,
			wrong->difference);
	assert_string_equal(said, expected);
	free(image);
	free_loaded(&others);
}

static void
test_a_wrong_table_is_found(void **state)
{
	static const struct wrong rows[] = {
		{ CAA, "- {type: CAA, value: {flags: 0, tag: issue, value: cb.test}}",
				"example.test. CAA", "a value is none of the zone's" },
		{ MX, "- {type: MX, value: {exchange: mail.example.test., preference: 11}}",
				"example.test. MX", "a value is none of the zone's" },
		{ MX, "- {type: MX, value: {exchange: mail2.example.test., preference: 10}}",
				"example.test. MX", "a value is none of the zone's" },
		{ MX, "", "example.test. MX", "the table has no answer" },
		{ NS, "- {type: NS, values: [ns.other.test., ns2.other.test.]}", "example.test. NS",
				"a value is none of the zone's" },
		{ NS, "- {type: NS, value: ns.other.test.}", "example.test. NS",
				"the number of values is another" },
		{ WILDCARD, "'*': {type: A, value: 192.0.2.8}", "*.example.test. A",
				"a value is none of the zone's" },
		{ WILDCARD, "", "*.example.test. A", "the table has no answer" },
		{ SRV, SRV_AT("5061"), "_sip._udp.example.test. SRV",
				"a value is none of the zone's" },
		{ CNAME, "alias: {type: CNAME, value: txt.example.test.}",
				"alias.example.test. CNAME", "a value is none of the zone's" },
		{ CNAME, "alias: {type: A, value: 192.0.2.1}", "alias.example.test. CNAME",
				"the table has no answer" },
		{ BELOW_ENT, "deep.ent: {type: CNAME, value: x.sub.example.test.}",
				"deep.ent.example.test. A", "the type is another" },
		{ BELOW_ENT, "deep.ent: {type: CNAME, value: www.example.test.}",
				"deep.ent.example.test. A", "the type is another" },
		{ DYNAMIC_A, "geo: " DYNAMIC("192.0.2.22") "type: A, value: 192.0.2.21}",
				"geo.example.test. A", "a value is none of the zone's" },
		{ DYNAMIC_A, "geo: {type: TXT, value: x}", "geo.example.test. A",
				"the table has no answer" },
		{ DYNAMIC_CNAME, "go: " DYNAMIC("c.test.") "type: CNAME, value: b.test.}",
				"go.example.test. CNAME", "a value is none of the zone's" },
		{ PTR, "ptr: {type: PTR, value: txt.example.test.}", "ptr.example.test. PTR",
				"a value is none of the zone's" },
		{ PTR, "ptr: {type: NS, value: www.example.test.}", "ptr.example.test. PTR",
				"the table has no answer" },
		{ SUB, "sub: {type: NS, values: [ns.sub.example.test., ns2.other.test.]}",
				"sub.example.test. NS", "a value is none of the zone's" },
		{ SUB, "sub: {type: NS, value: ns.sub.example.test.}", "sub.example.test. NS",
				"the number of values is another" },
		{ SUB, "sub: {type: TXT, value: x}", "sub.example.test. NS",
				"the table has no answer" },
		{ TXT, "txt: {type: TXT, values: [one, Two]}", "txt.example.test. TXT",
				"a value is none of the zone's" },
		{ TXT, "txt: {type: TXT, values: [one, three, two]}", "txt.example.test. TXT",
				"the number of values is another" },
		{ WWW_A, "- {type: A, values: [192.0.2.1, 192.0.2.3]}", "www.example.test. A",
				"a value is none of the zone's" },
		{ WWW_AAAA, "", "www.example.test. AAAA", "the table has no answer" },
	};
	struct loaded zones = load_right();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		expect_found(&zones, &rows[i]);
	}
	free_loaded(&zones);
}

/* A zone that is marked as left out is not asked for, whether the table lacks it or has it wrong; one
 * that is not marked has to be there. */
static void
test_zones_left_out_are_not_asked_for(void **state)
{
	static const struct {
		bool is_left_out[2];
		const char *nested;
		const char *said;
	} rows[] = {
		{ { true, true }, NULL, "" },
		{ { false, true }, NULL, "" },
		{ { false, false }, nested, "" },
		{ { false, true }, "'': {type: NS, value: txt.example.test.}\n", "" },
		{ { true, false }, "'': {type: NS, value: www.example.test.}\n",
				"nested.example.test.yaml:2:4 the compiled table does not answer "
				"x.nested.example.test. A as the zone says: the table has no "
				"answer "
				"(a defect of Meridian: please report it)\n" },
	};
	struct loaded zones = load_right();

	(void)state;
	assert_string_equal(zones.zones->items[1].name, "nested.example.test.");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct loaded others = load_changed(LINE_CNT, NULL, rows[i].nested);
		void *image = compile(&others);
		char said[SAID_BYTES];

		assert_int_equal(check(image, &zones, rows[i].is_left_out, said),
				rows[i].said[0] == '\0' ? 0 : -EBADMSG);
		assert_string_equal(said, rows[i].said);
		free(image);
		free_loaded(&others);
	}
	free_loaded(&zones);
}

/* The parent refers where the zone should have answered: not a delegation of the zone's own. */
static void
test_a_missing_zone_inside_another_is_found(void **state)
{
	static const bool none_left_out[2];
	struct loaded zones = load_right();
	struct loaded others = load_changed(LINE_CNT, NULL, NULL);
	void *image = compile(&others);
	char said[SAID_BYTES];

	(void)state;
	assert_int_equal(check(image, &zones, none_left_out, said), -EBADMSG);
	assert_non_null(strstr(said, "nested.example.test.yaml:1:5 the compiled table does not "
				     "answer nested.example.test. NS as the zone says: the table "
				     "has no answer"));
	assert_non_null(strstr(said, "nested.example.test.yaml:2:4 the compiled table does not "
				     "answer x.nested.example.test. A as the zone says: the table "
				     "has no answer"));
	free(image);
	free_loaded(&others);
	free_loaded(&zones);
}

/* Differences are told up to a number that can be read; the table of other zones altogether. */
static void
test_not_every_difference_is_told(void **state)
{
	static const bool none_left_out[2];
	const struct zone_file files[] = {
		{ "other.test.yaml", "'': {type: NS, value: ns.other.test.}\n" },
		{ NULL, NULL },
	};
	struct loaded zones = load_right();
	struct loaded others = load_files(files, NULL);
	void *image = compile(&others);
	char said[SAID_BYTES];
	size_t line_cnt = 0;

	(void)state;
	assert_int_equal(check(image, &zones, none_left_out, said), -EBADMSG);
	for (const char *at = strchr(said, '\n'); at != NULL; at = strchr(at + 1, '\n')) {
		line_cnt++;
	}
	assert_int_equal(line_cnt, 20);
	free(image);
	free_loaded(&others);
	free_loaded(&zones);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_right_table_passes),
		cmocka_unit_test(test_a_zone_below_a_delegation_passes),
		cmocka_unit_test(test_a_wrong_table_is_found),
		cmocka_unit_test(test_zones_left_out_are_not_asked_for),
		cmocka_unit_test(test_a_missing_zone_inside_another_is_found),
		cmocka_unit_test(test_not_every_difference_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
