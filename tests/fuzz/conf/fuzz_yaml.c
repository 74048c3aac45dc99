/*
 * Any bytes as YAML, with the files that it includes: the reader ends with a tree or an error, never
 * both and never neither; a tree keeps the limits that its readers rely on, every scalar of it has a
 * type, and nothing in it comes from outside of the directory.
 *
 * Input: the document, then for each of the files "a", "b" and "c" a byte 0x01 and what is in it. No
 * YAML has that byte, so that it takes nothing away. A last byte that is odd asks for `is_strict`.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/yaml.h"
#include "tests/fuzz/fuzz.h"

/* A walk of an alias bomb just under the limit would take a second an input. */
#define WALK_MAX 200000u
/* Following a path takes longer than all else there is to check of a node. */
#define PATHS_MAX 100u

#define FILE_CNT   ((size_t)3)
#define SEPARATOR  0x01
#define PATH_BYTES 64u

/* One directory a process, made for the first input and removed at its end. */
static char top[PATH_BYTES];
static char main_path[PATH_BYTES];

static void
path_of(size_t file, char path[PATH_BYTES])
{
	(void)snprintf(path, PATH_BYTES, "%.*s/%c", (int)sizeof(top) - 3, top, (char)('a' + file));
}

static void
remove_top(void)
{
	for (size_t i = 0; i < FILE_CNT; i++) {
		char path[PATH_BYTES];

		path_of(i, path);
		(void)unlink(path);
	}
	(void)rmdir(top);
}

static void
make_top(void)
{
	if (top[0] != '\0') {
		return;
	}
	memcpy(top, "/tmp/fuzz_yaml.XXXXXX", sizeof("/tmp/fuzz_yaml.XXXXXX"));
	FUZZ_ASSERT(mkdtemp(top) != NULL);
	(void)snprintf(main_path, sizeof(main_path), "%.*s/main", (int)sizeof(top) - 6, top);
	FUZZ_ASSERT(atexit(remove_top) == 0);
}

static void
write_file(size_t file, const uint8_t *data, size_t size)
{
	char path[PATH_BYTES];
	FILE *out = NULL;

	path_of(file, path);
	out = fopen(path, "we");
	FUZZ_ASSERT(out != NULL);
	FUZZ_ASSERT(fwrite(data, 1, size, out) == size);
	FUZZ_ASSERT(fclose(out) == 0);
}

/* write_files puts what stands behind the document into its files; returns the document's length. */
static size_t
write_files(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size;
	const uint8_t *at = size > 0 ? memchr(data, SEPARATOR, size) : NULL;
	size_t len = at != NULL ? (size_t)(at - data) : size;

	for (size_t i = 0; i < FILE_CNT; i++) {
		const uint8_t *next = NULL;
		char path[PATH_BYTES];

		if (at == NULL) {
			path_of(i, path);
			(void)unlink(path);
			continue;
		}
		at++;
		next = memchr(at, SEPARATOR, (size_t)(end - at));
		write_file(i, at, (size_t)((next != NULL ? next : end) - at));
		at = next;
	}
	return len;
}

/* What a node says of its file: the document, or a file that really is in the directory. */
static void
check_file(const char *name)
{
	char *real = NULL;

	if (strcmp(name, main_path) == 0) {
		return;
	}
	real = realpath(name, NULL);
	FUZZ_ASSERT(real != NULL);
	FUZZ_ASSERT(strncmp(real, top, strlen(top)) == 0 && real[strlen(top)] == '/');
	free(real);
}

static void
check_node(const struct conf_node *node)
{
	struct conf_value value;

	FUZZ_ASSERT(node->line > 0 && node->col > 0);
	if (node->kind == CONF_SCALAR) {
		FUZZ_ASSERT(node->scalar.len <= CONF_YAML_SCALAR_MAX);
		FUZZ_ASSERT(node->scalar.text[node->scalar.len] == '\0');
		value = conf_type_of(node);
		FUZZ_ASSERT(node->is_plain || value.type == CONF_TYPE_STRING);
		FUZZ_ASSERT(!value.is_big || value.integer == INT64_MAX ||
				value.integer == INT64_MIN);
		FUZZ_ASSERT(!is_conf_int_surprising(node) || value.type == CONF_TYPE_INT);
	}
	for (size_t i = 0; node->kind == CONF_MAPPING && i < node->mapping.cnt && i < 64; i++) {
		const struct conf_node *key = node->mapping.pairs[i].key;

		struct conf_node as_plain = *key;

		FUZZ_ASSERT(key->kind == CONF_SCALAR);
		as_plain.is_plain = true;
		/* One value a key: the one found by it. Only what is a number without quotes may be there
		 * twice, as a number and as a text. */
		FUZZ_ASSERT(conf_type_of(&as_plain).type != CONF_TYPE_STRING ||
				strlen(key->scalar.text) != key->scalar.len ||
				conf_get(node, key->scalar.text) == node->mapping.pairs[i].value);
	}
}

static void
walk_tree(const struct conf_node *root)
{
	struct conf_walk walk;
	const struct conf_node *node = NULL;

	conf_walk_begin(&walk, root);
	for (size_t steps = 0; steps < WALK_MAX && (node = conf_walk_next(&walk)) != NULL;
			steps++) {
		check_node(node);
		if (steps < PATHS_MAX) {
			check_file(node->file);
		}
		FUZZ_ASSERT(walk.open_cnt <= CONF_YAML_DEPTH_MAX);
	}
}

static void
check_messages(const struct conf_errors *errors)
{
	/* Of each file so many of each level, and a summary. */
	FUZZ_ASSERT(errors->cnt <= (1 + FILE_CNT) * 2 * (CONF_MESSAGES_PER_FILE_MAX + 1));
	for (size_t i = 0; i < errors->cnt; i++) {
		FUZZ_ASSERT(strncmp(errors->messages[i].file, top, strlen(top)) == 0);
		FUZZ_ASSERT(strlen(errors->messages[i].text) < CONF_MESSAGE_BYTES_MAX);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_errors errors = { 0 };
	struct conf_document document = { 0 };
	struct conf_yaml_options options = { 0 };
	struct conf_yaml_text text = { 0 };
	int rc = 0;

	make_top();
	options.is_strict = size > 0 && data[size - 1] % 2 == 1;
	options.include_root = top;
	text.name = main_path;
	text.bytes = (const char *)data;
	text.len = write_files(data, size);
	rc = conf_yaml_parse(&text, &options, &errors, &document);
	FUZZ_ASSERT((rc == 0) == (errors.error_cnt == 0));
	FUZZ_ASSERT((rc == 0) == (document.arena != NULL));
	check_messages(&errors);
	if (document.root != NULL) {
		walk_tree(document.root);
	}
	conf_yaml_free(&document);
	conf_errors_free(&errors);
	return 0;
}
