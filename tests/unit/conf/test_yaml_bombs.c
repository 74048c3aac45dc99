/*
 * Documents made to cost: each ends in an error or in a tree, within memory and time that grow with
 * its bytes and never past the limits of conf/yaml.h. Memory is held to by RLIMIT_AS, work by
 * RLIMIT_CPU: what takes the square of its input ends this process long before it is done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "conf/yaml.h"
#include "tests/unit/test.h"

#define CPU_SECONDS 60u /* of all tests here; they take two, or twenty under a sanitizer */

/* AddressSanitizer's shadow is larger than any limit. */
#if defined(__SANITIZE_ADDRESS__)
#	define IS_SANITIZED true
#elif defined(__has_feature)
#	define IS_SANITIZED __has_feature(address_sanitizer)
#else
#	define IS_SANITIZED false
#endif

static char top[] = "/tmp/test_yaml_bombs.XXXXXX";

/* A text under construction. */
struct text {
	char *bytes;
	size_t len;
	FILE *out;
};

static void
open_text(struct text *text)
{
	*text = (struct text){ 0 };
	text->out = open_memstream(&text->bytes, &text->len);
	assert_non_null(text->out);
}

static void
repeat(struct text *text, const char *piece, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		assert_true(fputs(piece, text->out) >= 0);
	}
}

/* The address space that is in use now. */
static rlim_t
used_bytes(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu", &pages), 1); /* NOLINT(cert-err34-c): the kernel's */
	(void)fclose(file);
	return pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void
limit_memory(size_t more_bytes)
{
	struct rlimit limit = { .rlim_cur = used_bytes() + more_bytes, .rlim_max = RLIM_INFINITY };

	if (!IS_SANITIZED) {
		assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
	}
}

static void
unlimit_memory(void)
{
	struct rlimit limit = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };

	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
}

/* Parses text in more_bytes of memory; its only message is `said`, NULL for none. Returns how many
 * children the root has, 0 with a message. */
static size_t
parse(struct text *text, size_t more_bytes, const char *said)
{
	const struct conf_yaml_options options = { .include_root = "." };
	struct conf_errors errors = { 0 };
	struct conf_document document = { 0 };
	struct conf_yaml_text source;
	size_t cnt = 0;
	int rc = 0;

	assert_int_equal(fclose(text->out), 0);
	source = (struct conf_yaml_text){ "bomb", text->bytes, text->len };
	limit_memory(more_bytes);
	rc = conf_yaml_parse(&source, &options, &errors, &document);
	unlimit_memory();
	if (said == NULL) {
		assert_int_equal(errors.cnt, 0);
		cnt = document.root->kind == CONF_MAPPING ? document.root->mapping.cnt
		                                          : document.root->sequence.cnt;
	} else {
		assert_int_equal(rc, -EINVAL);
		assert_int_equal(errors.cnt, 1);
		assert_non_null(strstr(errors.messages[0].text, said));
	}
	conf_yaml_free(&document);
	conf_errors_free(&errors);
	free(text->bytes);
	return cnt;
}

#define MIB ((size_t)1 << 20)

static void
test_deep_nesting(void **state)
{
	static const struct {
		const char *before, *piece;
	} rows[] = {
		{ "", "[" },
		{ "", "- " },
		{ "", "{a: " },
		{ "", "? " },
		{ "a: ", "[[{b: " },
		{ "", "!!seq [" },
		{ "", "&a [" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct text text;

		open_text(&text);
		repeat(&text, rows[i].before, 1);
		repeat(&text, rows[i].piece, 1000000);
		parse(&text, 8 * MIB, "nested too deeply");
	}
}

/* Each step ten times the one before, in aliases, merges and both. */
static void
test_billion_laughs(void **state)
{
	static const char *const brackets[][2] = { { "[", "]" }, { "{k: [", "]}" } };

	(void)state;
	for (size_t form = 0; form < ARRAY_LEN(brackets); form++) {
		struct text text;

		open_text(&text);
		repeat(&text, "a0: &a0 {x: y}\n", 1);
		for (int i = 1; i < 20; i++) {
			char items[128] = "";

			for (int k = 0; k < 10; k++) {
				size_t len = strlen(items);

				(void)snprintf(items + len, sizeof(items) - len, "*a%d,", i - 1);
			}
			(void)fprintf(text.out, "a%d: &a%d %s%s%s\n", i, i, brackets[form][0],
					items, brackets[form][1]);
		}
		parse(&text, 8 * MIB, "too many values");
	}
}

/* Few values, each of which stands for much: who reads them copies the text each time. */
static void
test_text_again_and_again(void **state)
{
	struct text text;

	(void)state;
	open_text(&text);
	repeat(&text, "a: &a\n- &b '", 1);
	repeat(&text, "0123456789abcdef", 4000);
	repeat(&text, "'\nb:\n", 1);
	repeat(&text, "- *a\n- *b\n- {<<: {k: *b}}\n", 2000);
	parse(&text, 8 * MIB, "too much text");
}

/* A mapping of 1000 keys merged into one 100,000 times. */
static void
test_merge_bomb(void **state)
{
	struct text text;

	(void)state;
	open_text(&text);
	repeat(&text, "a: &a\n", 1);
	for (int i = 0; i < 1000; i++) {
		(void)fprintf(text.out, "  k%d: x\n", i);
	}
	repeat(&text, "b:\n  <<: [", 1);
	repeat(&text, "*a, ", 100000);
	repeat(&text, "]\n", 1);
	parse(&text, 32 * MIB, "too many values or too much text (aliases and \"<<\" count");
	open_text(&text);
	repeat(&text, "a: &a\n", 1);
	for (int i = 0; i < 1000; i++) {
		(void)fprintf(text.out, "  k%d: x\n", i);
	}
	repeat(&text, "b:\n", 1);
	repeat(&text, "  <<: *a\n", 100000);
	parse(&text, 64 * MIB, "too many values or too much text (aliases and \"<<\" count");
}

static void
put(const char *name, const char *line, size_t cnt)
{
	FILE *out = fopen(name, "we");

	assert_non_null(out);
	for (size_t i = 0; i < cnt; i++) {
		assert_true(fputs(line, out) >= 0);
	}
	assert_int_equal(fclose(out), 0);
}

/* Every file holds the next one 100 times. */
static void
test_include_bomb(void **state)
{
	struct text text;

	(void)state;
	for (int i = 0; i < 10; i++) {
		char name[16];
		char line[32];

		(void)snprintf(name, sizeof(name), "laugh%d", i);
		(void)snprintf(line, sizeof(line), "- !include laugh%d\n", i + 1);
		put(name, line, 100);
	}
	put("laugh10", "- x\n", 100);
	open_text(&text);
	repeat(&text, "!include laugh0\n", 1);
	parse(&text, 8 * MIB, "too many values");
}

/* What is included counts against the bytes of the document, whichever file it is in. */
static void
test_bytes_of_all_files(void **state)
{
	struct text text;

	(void)state;
	open_text(&text);
	for (int i = 0; i < 5; i++) {
		char name[16];
		int fd = -1;

		(void)snprintf(name, sizeof(name), "half%d", i);
		fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_int_equal(ftruncate(fd, CONF_YAML_BYTES_MAX + 1L), 0);
		(void)close(fd);
		(void)fprintf(text.out, "- !include half%d\n", i);
	}
	parse(&text, 8 * MIB, "too large together with the files before it");
}

static void
test_sparse_file(void **state)
{
	static const struct conf_yaml_options options = { .is_strict = false };
	struct conf_errors errors = { 0 };
	struct conf_document document = { 0 };
	int fd = open("sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 2LL << 30), 0);
	(void)close(fd);
	limit_memory(MIB);
	assert_int_equal(conf_yaml_load("sparse", &options, &errors, &document), -EFBIG);
	unlimit_memory();
	assert_int_equal(errors.cnt, 1);
	assert_string_equal(errors.messages[0].text, "File too large");
	conf_errors_free(&errors);
}

/* A key costs two nodes, its text, its pair and, while the mapping is made, its place in it. */
static void
test_many_keys(void **state)
{
	const size_t cnt = 500000;
	struct text text;

	(void)state;
	open_text(&text);
	for (size_t i = 0; i < cnt; i++) {
		(void)fprintf(text.out, "k%zu: \n", i);
	}
	assert_int_equal(parse(&text, cnt * 256, NULL), cnt);
}

/* Equal lengths and equal first bytes: as alike as different keys can be. */
static void
test_alike_keys(void **state)
{
	struct text text;

	(void)state;
	open_text(&text);
	for (int i = 0; i < 20000; i++) {
		repeat(&text,
				"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				"aaaaaa",
				1);
		(void)fprintf(text.out, "%05d: 1\n", i);
	}
	assert_int_equal(parse(&text, 32 * MIB, NULL), 20000);
}

static void
test_equal_keys(void **state)
{
	static const struct conf_yaml_options options = { .is_strict = false };
	struct conf_errors errors = { 0 };
	struct conf_document document = { 0 };
	struct text text;

	(void)state;
	open_text(&text);
	repeat(&text, "a: 1\n", 200000);
	assert_int_equal(fclose(text.out), 0);
	limit_memory(128 * MIB);
	assert_int_equal(conf_yaml_parse(&(struct conf_yaml_text){ "f", text.bytes, text.len },
					 &options, &errors, &document),
			0);
	unlimit_memory();
	assert_int_equal(document.root->mapping.cnt, 1);
	assert_int_equal(errors.cnt, CONF_MESSAGES_PER_FILE_MAX + 1);
	conf_yaml_free(&document);
	conf_errors_free(&errors);
	free(text.bytes);
}

static void
test_long_scalars(void **state)
{
	static const struct {
		const char *before, *piece, *after;
	} rows[] = {
		{ "a: ", "x", "\n" },
		{ "a: \"", "\\x41", "\"\n" },
		{ "a: |\n", "  text\n", "" },
		{ "a: ", "word ", "\n" },
		{ "? ", "x", "\n: 1\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct text text;

		open_text(&text);
		repeat(&text, rows[i].before, 1);
		repeat(&text, rows[i].piece, 4000000 / strlen(rows[i].piece));
		repeat(&text, rows[i].after, 1);
		parse(&text, 32 * MIB, "bytes of text, the limit is 262144");
	}
}

static void
test_one_line(void **state)
{
	struct text text;

	(void)state;
	open_text(&text);
	repeat(&text, "[", 1);
	repeat(&text, "{a: 1, b: [2]}, ", 100000);
	repeat(&text, "]", 1);
	assert_int_equal(parse(&text, 64 * MIB, NULL), 100000);
}

static void
test_many_anchors(void **state)
{
	struct text text;

	(void)state;
	open_text(&text);
	for (int i = 0; i < 200000; i++) {
		(void)fprintf(text.out, "- &a%d x\n", i);
	}
	for (int i = 0; i < 200000; i++) {
		(void)fprintf(text.out, "- *a%d\n", i);
	}
	assert_int_equal(parse(&text, 128 * MIB, NULL), 400000);
}

static void
test_merge_of_many(void **state)
{
	struct text text;

	(void)state;
	open_text(&text);
	repeat(&text, "<<:\n", 1);
	for (int i = 0; i < 100000; i++) {
		(void)fprintf(text.out, "- {k%d: 1}\n", i);
	}
	assert_int_equal(parse(&text, 64 * MIB, NULL), 100000);
}

static int
make_top(void **state)
{
	struct rlimit limit = { .rlim_cur = CPU_SECONDS, .rlim_max = CPU_SECONDS };

	(void)state;
	assert_non_null(mkdtemp(top));
	assert_int_equal(setrlimit(RLIMIT_CPU, &limit), 0);
	return chdir(top);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deep_nesting),
		cmocka_unit_test(test_billion_laughs),
		cmocka_unit_test(test_text_again_and_again),
		cmocka_unit_test(test_merge_bomb),
		cmocka_unit_test(test_include_bomb),
		cmocka_unit_test(test_bytes_of_all_files),
		cmocka_unit_test(test_sparse_file),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_alike_keys),
		cmocka_unit_test(test_equal_keys),
		cmocka_unit_test(test_long_scalars),
		cmocka_unit_test(test_one_line),
		cmocka_unit_test(test_many_anchors),
		cmocka_unit_test(test_merge_of_many),
	};

	return cmocka_run_group_tests(tests, make_top, remove_top);
}
