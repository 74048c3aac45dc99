#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/include.h"
#include "conf/yaml.h"
#include "tests/unit/test.h"

#define PATH_BYTES 256

/* A directory "root" with files beside it and below it, which every test begins in. */
static char top[] = "/tmp/test_include.XXXXXX";

static void
put(const char *name, const char *text)
{
	FILE *out = fopen(name, "we");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static int
make_top(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(top));
	assert_int_equal(chdir(top), 0);
	assert_int_equal(mkdir("root", 0700), 0);
	assert_int_equal(mkdir("root/sub", 0700), 0);
	assert_int_equal(mkdir("rootless", 0700), 0);
	put("outside", "o: 1\n");
	put("rootless/x", "o: 1\n");
	assert_int_equal(symlink("../outside", "root/way-out"), 0);
	assert_int_equal(symlink("..", "root/up"), 0);
	assert_int_equal(symlink("sub/deep", "root/way-in"), 0);
	put("root/sub/deep", "x: !include deeper\ny: !include ../map\n");
	put("root/sub/deeper", "5\n");
	put("root/map", "a: 1\nb: 2\n");
	put("root/other", "a: 3\nc: 4\n");
	put("root/list", "- 1\n- 2\n");
	put("root/empty", "# nothing\n");
	put("root/self", "a: !include self\n");
	put("root/ring-a", "a: !include ring-b\n");
	put("root/ring-b", "- !include ring-a\n");
	put("root/tab", "a:\n\tb\n");
	put("root/two", "a: 1\n---\nb: 1\n");
	put("root/anchored", "k: &a 1\nl: *a\n");
	put("root/nested", "- !include tab\n");
	put("root/twice", "a: 1\na: 2\n");
	for (int i = 0; i < 20; i++) {
		char name[32];
		char text[32];

		(void)snprintf(name, sizeof(name), "root/chain%d", i);
		(void)snprintf(text, sizeof(text), "- !include chain%d\n", i + 1);
		put(name, text);
	}
	assert_int_equal(mkfifo("root/fifo", 0600), 0);
	return 0;
}

static int
remove_top(void **state)
{
	char command[64];

	(void)state;
	assert_int_equal(chdir("/"), 0);
	(void)snprintf(command, sizeof(command), "rm -r %s", top);
	return system(command); /* NOLINT(cert-env33-c,concurrency-mt-unsafe): a test's own */
}

static void
write_node(const struct conf_node *node, FILE *out)
{
	(void)fprintf(out, "%s@%s:%u", node->kind == CONF_SCALAR ? node->scalar.text : "{}",
			node->file, node->line);
}

/* A tree of two levels with the place of every value: "a=1@root/map:1 ...". */
static char *
described(const struct conf_node *root)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < root->mapping.cnt; i++) {
		const struct conf_node *value = root->mapping.pairs[i].value;

		(void)fprintf(out, "%s%s=", i > 0 ? " " : "",
				root->mapping.pairs[i].key->scalar.text);
		write_node(value, out);
		for (size_t k = 0; value->kind == CONF_SEQUENCE && k < value->sequence.cnt; k++) {
			(void)fputs(" -", out);
			write_node(value->sequence.items[k], out);
		}
		for (size_t k = 0; value->kind == CONF_MAPPING && k < value->mapping.cnt; k++) {
			(void)fprintf(out, " .%s=", value->mapping.pairs[k].key->scalar.text);
			write_node(value->mapping.pairs[k].value, out);
		}
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

/* What a document at root/main says: its tree, or its messages. */
static void
expect(const char *text, bool can_leave, const char *expected)
{
	const struct conf_yaml_options options = { .include_root = "root",
		.can_include_outside = can_leave };
	struct conf_errors errors = { 0 };
	struct conf_document document = { 0 };
	char *said = NULL;
	size_t size = 0;
	int rc = 0;

	put("root/main", text);
	rc = conf_yaml_load("root/main", &options, &errors, &document);
	if (rc == 0 && errors.cnt == 0) {
		said = described(document.root);
	} else {
		FILE *out = open_memstream(&said, &size);

		assert_non_null(out);
		conf_errors_print(&errors, out, false);
		assert_int_equal(fclose(out), 0);
	}
	assert_string_equal(said, expected);
	free(said);
	conf_yaml_free(&document);
	conf_errors_free(&errors);
}

static void
test_what_is_included(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "t: !include map\n", "t={}@root/map:1 .a=1@root/map:1 .b=2@root/map:2" },
		{ "t: !include list\n", "t={}@root/list:1 -1@root/list:1 -2@root/list:2" },
		{ "t: !include sub/deeper\n", "t=5@root/sub/deeper:1" },
		{ "t: !include empty\n", "t=@root/empty:1" },
		{ "t: !include 'sub/deeper'\n", "t=5@root/sub/deeper:1" },
		{ "t: [!include sub/deeper, 6]\n",
				"t={}@root/main:1 -5@root/sub/deeper:1 -6@root/main:1" },
		/* Beside the file that says so, not beside the first one. */
		{ "t: !include sub/deep\n", "t={}@root/sub/deep:1 .x=5@root/sub/deeper:1 "
					    ".y={}@root/sub/../map:1" },
		{ "t: !include way-in\n", "root/way-in:1:4: error: cannot include root/deeper: No "
					  "such file or directory\n"
					  "  included by root/main, line 1, column 4\n"
					  "root/way-in:2:4: error: cannot include root/../map: No "
					  "such file or directory\n"
					  "  included by root/main, line 1, column 4\n" },
		/* Merged: in their place, the last one wins, as often as one likes. */
		{ "t:\n  <<: !include map\n  z: 9\n",
				"t={}@root/main:2 .a=1@root/map:1 .b=2@root/map:2 "
				".z=9@root/main:3" },
		{ "t:\n  <<: !include map\n  <<: !include other\n",
				"t={}@root/main:2 .a=3@root/other:1 .b=2@root/map:2 "
				".c=4@root/other:2" },
		{ "t:\n  <<: [!include map, !include other]\n",
				"t={}@root/main:2 .a=1@root/map:1 .c=4@root/other:2 "
				".b=2@root/map:2" },
		{ "t:\n  <<: !include map\n  b: 9\n",
				"t={}@root/main:2 .a=1@root/map:1 .b=9@root/main:3" },
		{ "<<: !include map\n", "a=1@root/map:1 b=2@root/map:2" },
		/* Anchors: of the inclusion, and each file's own. */
		{ "t: &t !include sub/deeper\nu: *t\n",
				"t=5@root/sub/deeper:1 u=5@root/sub/deeper:1" },
		{ "t: !include map\nu: &u !include map\nv: *u\n",
				"t={}@root/map:1 .a=1@root/map:1 .b=2@root/map:2 u={}@root/map:1 "
				".a=1@root/map:1 .b=2@root/map:2 v={}@root/map:1 .a=1@root/map:1 "
				".b=2@root/map:2" },
		{ "t: &a 7\nu: !include anchored\nv: *a\n",
				"t=7@root/main:1 u={}@root/anchored:1 .k=1@root/anchored:1 "
				".l=1@root/anchored:1 v=7@root/main:1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		expect(rows[i].text, false, rows[i].expected);
	}
}

static void
test_what_is_refused(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "a: !include none\n<<: !include nil\nb: [!include ../x]\n",
				"root/main:1:4: error: cannot include root/none: No such file or "
				"directory\n"
				"root/main:2:5: error: cannot include root/nil: No such file or "
				"directory\n"
				"root/main:3:5: error: cannot include root/../x: No such file or "
				"directory\n" },
		{ "t: !include none\n", "root/main:1:4: error: cannot include root/none: No such "
					"file or directory\n" },
		{ "t: !include sub\n",
				"root/main:1:4: error: cannot include root/sub: Is a directory\n" },
		{ "t: !include fifo\n", "root/main:1:4: error: cannot include root/fifo: Invalid "
					"argument\n" },
		{ "t: !include ''\n", "root/main:1:4: error: !include needs the name of a file\n" },
		{ "t: !include \"a\\0b\"\n",
				"root/main:1:4: error: !include needs the name of a file\n" },
		{ "t: !include [map, other]\n",
				"root/main:1:4: error: !include needs the name of a file\n" },
		{ "t: !include main\n",
				"root/main:1:4: error: cannot include root/main: it includes this "
				"file\n" },
		{ "t: !include self\n",
				"root/self:1:4: error: cannot include root/self: it includes this "
				"file\n"
				"  included by root/main, line 1, column 4\n" },
		{ "t: !include ring-a\n",
				"root/ring-b:1:3: error: cannot include root/ring-a: it includes "
				"this file\n"
				"  included by root/ring-a, line 1, column 4\n"
				"  included by root/main, line 1, column 4\n" },
		{ "t: !include nested\n",
				"root/tab:2:1: error: found character that cannot start any "
				"token, while scanning for the next token\n"
				"  included by root/nested, line 1, column 3\n"
				"  included by root/main, line 1, column 4\n" },
		{ "t: !include two\n", "root/two:2:1: error: expected a single document in the "
				       "stream\n"
				       "  included by root/main, line 1, column 4\n" },
		{ "t: !include anchored\nu: *a\n",
				"root/main:2:4: error: alias to an anchor that is not defined\n" },
		{ "t: &a !include self\n",
				"root/self:1:4: error: cannot include root/self: it includes this "
				"file\n"
				"  included by root/main, line 1, column 4\n" },
		{ "t: {<<: !include list}\n",
				"root/main:1:5: error: \"<<\" needs a mapping or a list of "
				"mappings, and root/list holds none\n" },
		{ "t: {<<: !include empty}\n",
				"root/main:1:5: error: \"<<\" needs a mapping or a list of "
				"mappings, and root/empty holds none\n" },
		{ "!include map: 1\n", "root/map:1:1: error: a key must be a scalar\n" },
		{ "t: !include twice\n", "root/twice:2:1: warning: duplicate key \"a\": hides the "
					 "one on line 1\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		expect(rows[i].text, false, rows[i].expected);
	}
}

static void
test_a_chain_has_an_end(void **state)
{
	const struct conf_yaml_options options = { .include_root = "root" };
	struct conf_errors errors = { 0 };
	struct conf_document document = { 0 };

	(void)state;
	assert_int_equal(conf_yaml_load("root/chain0", &options, &errors, &document), -EINVAL);
	assert_int_equal(errors.cnt, 1);
	assert_string_equal(errors.messages[0].file, "root/chain15");
	assert_non_null(strstr(errors.messages[0].text,
			"too many files included inside one another\n"
			"  included by root/chain14, line 1, column 3\n"));
	conf_errors_free(&errors);
}

/* A file stays outside whatever leads to it, and is read when that is allowed. */
static void
test_outside_of_the_root(void **state)
{
	static const char *const names[] = { "../outside", "sub/../../outside", "way-out",
		"up/outside", "../rootless/x", NULL };
	char text[PATH_BYTES];
	char said[2 * PATH_BYTES];

	(void)state;
	for (size_t i = 0; names[i] != NULL; i++) {
		(void)snprintf(text, sizeof(text), "t: !include %s\n", names[i]);
		(void)snprintf(said, sizeof(said),
				"root/main:1:4: error: cannot include root/%s: it is outside of "
				"root (include_outside allows that)\n",
				names[i]);
		expect(text, false, said);
		(void)snprintf(said, sizeof(said), "t={}@root/%s:1 .o=1@root/%s:1", names[i],
				names[i]);
		expect(text, true, said);
	}
	(void)snprintf(text, sizeof(text), "t: !include %s/root/sub/deeper\n", top);
	(void)snprintf(said, sizeof(said), "t=5@%s/root/sub/deeper:1", top);
	expect(text, false, said);
}

static void
test_home(void **state)
{
	char home[PATH_BYTES];
	char expected[2 * PATH_BYTES];

	(void)state;
	(void)snprintf(home, sizeof(home), "%s/root", top);
	assert_int_equal(setenv("HOME", home, 1), 0); /* NOLINT(concurrency-mt-unsafe) */
	(void)snprintf(expected, sizeof(expected), "t=5@%s/sub/deeper:1", home);
	expect("t: !include ~/sub/deeper\n", false, expected);
	expect("t: !include ~nobody/x\n", false,
			"root/main:1:4: error: cannot include root/~nobody/x: No such file or "
			"directory\n");
}

/* Included more often than files can be opened: it is read once and counts every time. */
static void
test_often(void **state)
{
	const struct conf_yaml_options options = { .include_root = "root" };
	struct conf_errors errors = { 0 };
	struct conf_document document = { 0 };
	FILE *out = fopen("root/often", "we");

	(void)state;
	for (int i = 0; i < 50000; i++) {
		assert_true(fputs("- !include map\n", out) >= 0);
	}
	assert_int_equal(fclose(out), 0);
	assert_int_equal(conf_yaml_load("root/often", &options, &errors, &document), 0);
	assert_int_equal(document.root->sequence.cnt, 50000);
	assert_ptr_equal(document.root->sequence.items[0], document.root->sequence.items[49999]);
	conf_yaml_free(&document);
}

static void
test_reading_a_file(void **state)
{
	char *text = NULL;
	size_t len = 0;
	struct stat status;
	int fd = -1;

	(void)state;
	assert_int_equal(conf_include_open("root/map", "root", false, &fd), 0);
	assert_int_equal(conf_read_whole(fd, 9, &text, &len, &status), -EFBIG);
	assert_null(text);
	assert_int_equal(conf_read_whole(fd, 10, &text, &len, &status), 0);
	assert_int_equal(len, 10);
	assert_string_equal(text, "a: 1\nb: 2\n");
	assert_int_equal(status.st_size, 10);
	free(text);
	(void)close(fd);
	assert_int_equal(conf_include_open("outside", "root", false, &fd), -EXDEV);
	assert_int_equal(conf_include_open("outside", "none", false, &fd), -ENOENT);
	assert_int_equal(conf_include_open("outside", "/", false, &fd), 0);
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_included),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_a_chain_has_an_end),
		cmocka_unit_test(test_outside_of_the_root),
		cmocka_unit_test(test_home),
		cmocka_unit_test(test_often),
		cmocka_unit_test(test_reading_a_file),
	};

	return cmocka_run_group_tests(tests, make_top, remove_top);
}
