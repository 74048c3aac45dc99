#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/yaml.h"
#include "tests/unit/test.h"

static const struct conf_yaml_options lenient = { .is_strict = false };

/* Every message of an error list, one a line, as it is printed. */
static char *
printed(const struct conf_errors *errors)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	conf_errors_print(errors, out, false);
	(void)fclose(out);
	return text;
}

/* What parsing `text` says; NULL document when it fails. */
static void
expect_messages(const char *text, bool is_strict, const char *messages)
{
	struct conf_errors errors = { 0 };
	struct conf_document document = { 0 };
	char *said = NULL;

	(void)conf_yaml_parse(&(struct conf_yaml_text){ "f", text, strlen(text) },
			&(struct conf_yaml_options){ .is_strict = is_strict }, &errors, &document);
	said = printed(&errors);
	assert_string_equal(said, messages);
	free(said);
	conf_yaml_free(&document);
	conf_errors_free(&errors);
}

static struct conf_document
parse(const char *text)
{
	struct conf_errors errors = { 0 };
	struct conf_document document = { 0 };

	assert_int_equal(conf_yaml_parse(&(struct conf_yaml_text){ "f", text, strlen(text) },
					 &lenient, &errors, &document),
			0);
	assert_int_equal(errors.cnt, 0);
	return document;
}

static void
test_tree_keeps_places(void **state)
{
	struct conf_document document = parse("a: 1\nlist:\n  - x\n  - {b: \"2\"}\n");
	const struct conf_node *list = conf_get(document.root, "list");
	const struct conf_node *b = NULL;

	(void)state;
	assert_int_equal(document.root->kind, CONF_MAPPING);
	assert_int_equal(list->kind, CONF_SEQUENCE);
	assert_int_equal(list->sequence.cnt, 2);
	b = conf_get(list->sequence.items[1], "b");
	assert_string_equal(b->scalar.text, "2");
	assert_false(b->is_plain);
	assert_int_equal(b->line, 4);
	assert_int_equal(b->col, 9);
	assert_string_equal(b->file, "f");
	assert_null(conf_get(document.root, "missing"));
	assert_null(conf_get(list, "a"));
	assert_null(conf_get(NULL, "a"));
	conf_yaml_free(&document);
}

static void
test_empty_documents(void **state)
{
	static const char *const texts[] = { "", "# nothing\n", "\n\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct conf_document document = parse(texts[i]);

		assert_null(document.root);
		conf_yaml_free(&document);
	}
}

/* The keys of a mapping in order with their values: "a=1 b=2 ". */
static void
expect_pairs(const char *text, const char *key, const char *pairs)
{
	struct conf_document document = parse(text);
	const struct conf_node *node = conf_get(document.root, key);
	char all[256] = "";

	for (size_t i = 0; i < node->mapping.cnt; i++) {
		size_t len = strlen(all);

		(void)snprintf(all + len, sizeof(all) - len, "%s=%s ",
				node->mapping.pairs[i].key->scalar.text,
				node->mapping.pairs[i].value->scalar.text);
	}
	assert_string_equal(all, pairs);
	conf_yaml_free(&document);
}

/* octoDNS since 1.15: merged pairs stand where "<<" stands, and the last of equal keys wins. */
static void
test_merge_keys(void **state)
{
	static const struct {
		const char *text, *pairs;
	} rows[] = {
		{ "b: &b {x: 1, y: 2}\nt: {<<: *b, z: 3}", "x=1 y=2 z=3 " },
		{ "b: &b {x: 1, y: 2}\nt: {z: 3, <<: *b}", "z=3 x=1 y=2 " },
		{ "b: &b {x: 1, y: 2}\nt: {<<: *b, x: 9, z: 3}", "x=9 y=2 z=3 " },
		{ "b: &b {x: 1}\nc: &c {x: 2, y: 2}\nt: {<<: *b, <<: *c}", "x=2 y=2 " },
		{ "b: &b {x: 1}\nt: {<<: *b, x: 9}", "x=9 " },
		{ "b: &b {x: 1}\nc: &c {x: 2, y: 2}\nt: {<<: [*b, *c]}", "x=1 y=2 " },
		{ "b: &b {x: 1}\nc: &c {<<: *b, y: 2}\nt: {<<: *c}", "x=1 y=2 " },
		{ "b: &b {x: 1}\nt: {\"<<\": 5}", "<<=5 " },
		{ "b: &b {}\nt: {<<: *b}", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		expect_pairs(rows[i].text, "t", rows[i].pairs);
	}
}

static void
test_refused_documents(void **state)
{
	static const struct {
		const char *text;
		bool is_strict;
		const char *messages;
	} rows[] = {
		{ "a: 1\na: 2\n", false,
				"f:2:1: warning: duplicate key \"a\": hides the one on line 1\n" },
		{ "a: 1\na: 2\n", true,
				"f:2:1: error: duplicate key \"a\": hides the one on line 1\n" },
		{ "a: *x\n", false, "f:1:4: error: alias to an anchor that is not defined\n" },
		{ "a: &x [*x]\n", false, "f:1:8: error: alias to a value that contains it\n" },
		{ "{a: 1}: 2\n", false, "f:1:1: error: a key must be a scalar\n" },
		{ "t: {<<: 5}\n", false,
				"f:1:9: error: \"<<\" needs a mapping or a list of mappings\n" },
		{ "a: 1\nb: 3\na: 2\na: 4\n", false,
				"f:3:1: warning: duplicate key \"a\": hides the one on line 1\n"
				"f:4:1: warning: duplicate key \"a\": hides the one on line 3\n" },
		{ "1: a\n0x1: b\n'1': c\n", false,
				"f:2:1: warning: duplicate key \"0x1\": hides the one on line "
				"1\n" },
		{ "yes: a\ntrue: b\n'yes': c\n", false,
				"f:2:1: warning: duplicate key \"true\": hides the one on line "
				"1\n" },
		{ "~: a\nnull: b\n'~': c\n1.5: d\n", false,
				"f:2:1: warning: duplicate key \"null\": hides the one on line "
				"1\n" },
		{ "t:\n  u: {c: 1, b: 2, \"c\": 3}\n", false,
				"f:2:19: warning: duplicate key \"c\": hides the one on line 2\n" },
		{ "b: &b {x: 1}\nt:\n  x: 9\n  <<: *b\n", false,
				"f:3:3: warning: key \"x\" is hidden by what \"<<\" on line 4 "
				"brings: a "
				"key that is to win stands behind it\n" },
		{ "t: {<<: [{x: 1}, 5]}\n", false,
				"f:1:9: error: \"<<\" needs a mapping or a list of mappings\n" },
		{ "a: !include b\n", false, "f:1:4: error: unknown tag !include\n" },
		{ "a: !!binary YQ==\n", false, "f:1:4: error: unknown tag !!binary\n" },
		{ "a: !x [1]\n", false, "f:1:4: error: unknown tag !x\n" },
		{ "a: !!str [1]\n", false,
				"f:1:4: error: the tag !!str does not suit what it stands "
				"before\n" },
		{ "a: !!map 1\n", false,
				"f:1:4: error: the tag !!map does not suit what it stands "
				"before\n" },
		{ "a: !!int x\n", false, "f:1:4: error: \"x\" is no !!int\n" },
		{ "a: !!float x\n", false, "f:1:4: error: \"x\" is no !!float\n" },
		{ "a: 1\n---\nb: 2\n", false,
				"f:2:1: error: expected a single document in the stream\n" },
		{ "a:\n\t- 1\n", false,
				"f:2:1: error: found character that cannot start any token, while "
				"scanning "
				"for the next token\n" },
		{ "a: \xff\n", false, "f: error: invalid leading UTF-8 octet (byte 3)\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		expect_messages(rows[i].text, rows[i].is_strict, rows[i].messages);
	}
}

/* repeat writes `text` cnt times into a new string. */
static char *
repeat(const char *before, const char *text, size_t cnt, const char *after)
{
	char *all = malloc(strlen(before) + cnt * strlen(text) + strlen(after) + 1);
	char *end = NULL;

	assert_non_null(all);
	end = stpcpy(all, before);
	for (size_t i = 0; i < cnt; i++) {
		end = stpcpy(end, text);
	}
	(void)stpcpy(end, after);
	return all;
}

static void
test_depth_is_bounded(void **state)
{
	char *deep = repeat("", "[", CONF_YAML_DEPTH_MAX, "");
	char *closed = repeat(deep, "]", CONF_YAML_DEPTH_MAX, "");
	char *deeper = repeat("[", deep, 1, "");
	char *half = repeat("- &a ", "[", CONF_YAML_DEPTH_MAX / 2, "");
	char *half_closed = repeat(half, "]", CONF_YAML_DEPTH_MAX / 2, "\n- ");
	char *aliased = repeat(half_closed, "[", CONF_YAML_DEPTH_MAX / 2, "*a");
	struct conf_document document = parse(closed);

	(void)state;
	conf_yaml_free(&document);
	expect_messages(deeper, false, "f:1:65: error: nested too deeply\n");
	/* An alias counts with the depth of what it stands for. */
	expect_messages(aliased, false, "f:2:35: error: nested too deeply\n");
	free(deep);
	free(closed);
	free(deeper);
	free(half);
	free(half_closed);
	free(aliased);
}

static void
test_alias_bomb_is_refused(void **state)
{
	struct conf_errors errors = { 0 };
	struct conf_document document = { 0 };
	char text[4096] = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";

	(void)state;
	for (int i = 1; i < 10; i++) {
		size_t len = strlen(text);

		len += (size_t)snprintf(text + len, sizeof(text) - len, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++) {
			len += (size_t)snprintf(text + len, sizeof(text) - len, "*a%d%s", i - 1,
					k < 9 ? ", " : "]\n");
		}
	}
	assert_int_equal(conf_yaml_parse(&(struct conf_yaml_text){ "f", text, strlen(text) },
					 &lenient, &errors, &document),
			-EINVAL);
	assert_int_equal(errors.error_cnt, 1);
	assert_non_null(strstr(errors.messages[0].text, "too many values"));
	conf_errors_free(&errors);
}

static void
test_load_names_the_file(void **state)
{
	static const struct {
		const char *path, *messages;
		int rc;
	} rows[] = {
		{ "/nonexistent/x.yaml", "/nonexistent/x.yaml: error: No such file or directory\n",
				-ENOENT },
		{ "/tmp", "/tmp: error: Is a directory\n", -EISDIR },
		{ "/dev/null", "/dev/null: error: Invalid argument\n", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf_errors errors = { 0 };
		struct conf_document document = { 0 };
		char *said = NULL;

		assert_int_equal(conf_yaml_load(rows[i].path, &lenient, &errors, &document),
				rows[i].rc);
		said = printed(&errors);
		assert_string_equal(said, rows[i].messages);
		assert_null(document.arena);
		free(said);
		conf_errors_free(&errors);
	}
}

static void
test_print_shows_the_line(void **state)
{
	char path[] = "/tmp/test_yaml.XXXXXX";
	int fd = mkstemp(path);
	struct conf_errors errors = { 0 };
	char *text = NULL;
	size_t size = 0;
	FILE *out = NULL;
	char expected[256];

	(void)state;
	assert_int_equal(write(fd, "a: 1\n\tb: 2\n", 11), 11);
	(void)close(fd);
	conf_error_add(&errors, CONF_ERROR, path, 2, 3, "wrong %s", "b");
	conf_error_add(&errors, CONF_WARNING, "", 0, 0, "and more");
	out = open_memstream(&text, &size);
	conf_errors_print(&errors, out, true);
	(void)fclose(out);
	(void)snprintf(expected, sizeof(expected),
			"%s:2:3: error: wrong b\n    \tb: 2\n    \t ^\nwarning: and more\n", path);
	assert_string_equal(text, expected);
	assert_int_equal(errors.error_cnt, 1);
	free(text);
	conf_errors_free(&errors);
	unlink(path);
}

static void
test_find_follows_a_path_as_far_as_it_goes(void **state)
{
	static const struct {
		const char *path;
		uint32_t line, col;
	} rows[] = {
		{ "ports", 2, 3 }, { "ports[1]", 4, 5 }, { "ports[0].listen", 3, 13 },
		{ "ports[0].listen[1]", 3, 17 }, { "ports[0].listen[2]", 3, 13 },
		{ "ports[0].missing.deeper", 2, 5 }, { "ports[9]", 2, 3 },
		{ "one[0]", 5, 6 }, /* a list of one, written without being one */
		{ "one[1]", 5, 6 }, { "nothing", 1, 1 }, { "", 1, 1 },
		{ "ports[", 2, 5 }, /* no path at all: wherever that leads */
	};
	struct conf_document document = parse("ports:\n"
					      "  - kind: x\n"
					      "    listen: [a, b]\n"
					      "  - kind: y\n"
					      "one: z\n");
	const struct conf_document empty = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct conf_node *node = conf_find(&document, rows[i].path);

		assert_non_null(node);
		if (node->line != rows[i].line || node->col != rows[i].col) {
			fail_msg("%s: at %u:%u", rows[i].path, node->line, node->col);
		}
	}
	assert_null(conf_find(&empty, "ports"));
	conf_yaml_free(&document);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree_keeps_places),
		cmocka_unit_test(test_empty_documents),
		cmocka_unit_test(test_merge_keys),
		cmocka_unit_test(test_refused_documents),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_alias_bomb_is_refused),
		cmocka_unit_test(test_load_names_the_file),
		cmocka_unit_test(test_print_shows_the_line),
		cmocka_unit_test(test_find_follows_a_path_as_far_as_it_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
