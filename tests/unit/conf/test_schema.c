#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/schema.h"
#include "tests/unit/test.h"

/* One of every kind of row, and a list of structs that hold lists. */
struct port {
	char *driver;
	int64_t queues;
	struct conf_strings addresses;
};
struct health {
	bool enabled;
	int mode;
};
struct config {
	char *name;
	char *path;
	int64_t cnt;
	double share;
	double unset;
	struct conf_strings listen;
	struct conf_list ports;
	struct health health;
};

static const char *const modes[] = { "fast", "slow", NULL };
static const struct conf_row health_rows[] = {
	{ .key = "enabled",
			.kind = CONF_ROW_BOOL,
			.offset = offsetof(struct health, enabled),
			.fallback = "yes",
			.help = "Whether to probe." },
	{ .key = "mode",
			.kind = CONF_ROW_ENUM,
			.offset = offsetof(struct health, mode),
			.fallback = "slow",
			.choices = modes,
			.help = "How." },
	{ .key = NULL },
};
static const struct conf_row port_rows[] = {
	{ .key = "driver",
			.kind = CONF_ROW_STRING,
			.offset = offsetof(struct port, driver),
			.is_required = true,
			.help = "Kind of port." },
	{ .key = "queues",
			.kind = CONF_ROW_INT,
			.offset = offsetof(struct port, queues),
			.fallback = "1",
			.min = 1,
			.max = 64,
			.unit = "queues",
			.help = "How many." },
	{ .key = "addresses",
			.kind = CONF_ROW_STRING_LIST,
			.offset = offsetof(struct port, addresses),
			.help = "Ours." },
	{ .key = NULL },
};
static const struct conf_row rows[] = {
	{ .key = "name",
			.kind = CONF_ROW_STRING,
			.offset = offsetof(struct config, name),
			.is_required = true,
			.help = "A name." },
	{ .key = "path",
			.kind = CONF_ROW_PATH,
			.offset = offsetof(struct config, path),
			.fallback = "run/socket",
			.help = "A path." },
	{ .key = "cnt",
			.kind = CONF_ROW_INT,
			.offset = offsetof(struct config, cnt),
			.fallback = "5",
			.min = 0,
			.max = 10,
			.help = "A number." },
	{ .key = "share",
			.kind = CONF_ROW_REAL,
			.offset = offsetof(struct config, share),
			.fallback = "0.25",
			.min = 0,
			.max = 2,
			.help = "A share." },
	{ .key = "unset",
			.kind = CONF_ROW_REAL,
			.offset = offsetof(struct config, unset),
			.min = -1,
			.max = 1,
			.unit = "turns",
			.help = "Nothing." },
	{ .key = "listen",
			.kind = CONF_ROW_STRING_LIST,
			.offset = offsetof(struct config, listen),
			.fallback = "127.0.0.1",
			.help = "Addresses." },
	{ .key = "ports",
			.kind = CONF_ROW_MAP_LIST,
			.offset = offsetof(struct config, ports),
			.rows = port_rows,
			.elem_bytes = sizeof(struct port),
			.help = "Ports." },
	{ .key = "health",
			.kind = CONF_ROW_MAP,
			.offset = offsetof(struct config, health),
			.rows = health_rows,
			.help = "Health." },
	{ .key = "colour", .kind = CONF_ROW_GONE, .help = "unknown key: mode replaces it" },
	{ .key = NULL },
};

static char path[] = "/tmp/test_schema.XXXXXX";

static int
load(const char *text, struct config *config, struct conf_errors *errors)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	(void)fputs(text, file);
	(void)fclose(file);
	return conf_schema_load(path, rows, config, errors);
}

static void
test_every_kind_is_read(void **state)
{
	struct conf_errors errors = { 0 };
	struct config config;
	const struct port *ports = NULL;
	int rc = load("name: x\n"
		      "path: /abs\n"
		      "cnt: 0x0a\n"
		      "share: 2\n"
		      "unset: -0.5\n"
		      "listen: [a, 5]\n"
		      "ports:\n"
		      "  - driver: tap\n"
		      "    addresses: one\n"
		      "  - {driver: af_xdp, queues: 4, addresses: [b, c]}\n"
		      "health: {enabled: no, mode: fast}\n",
			&config, &errors);

	(void)state;
	assert_int_equal(rc, 0);
	assert_string_equal(config.name, "x");
	assert_string_equal(config.path, "/abs");
	assert_int_equal(config.cnt, 10);
	assert_float_equal(config.share, 2.0, 1e-9);
	assert_float_equal(config.unset, -0.5, 1e-9);
	assert_int_equal(config.listen.cnt, 2);
	assert_string_equal(config.listen.items[1], "5");
	assert_int_equal(config.ports.cnt, 2);
	ports = config.ports.items;
	assert_string_equal(ports[0].driver, "tap");
	assert_int_equal(ports[0].queues, 1);
	assert_int_equal(ports[0].addresses.cnt, 1);
	assert_string_equal(ports[0].addresses.items[0], "one");
	assert_int_equal(ports[1].queues, 4);
	assert_string_equal(ports[1].addresses.items[1], "c");
	assert_false(config.health.enabled);
	assert_int_equal(config.health.mode, 0);
	conf_schema_free(rows, &config);
	assert_null(config.ports.items);
	assert_null(config.name);
	conf_errors_free(&errors);
}

static void
test_defaults(void **state)
{
	struct conf_errors errors = { 0 };
	struct config config;

	(void)state;
	memset(&config, 0xff, sizeof(config));
	assert_int_equal(load("name: x\nports: ~\n", &config, &errors), 0);
	/* Relative paths begin at the configuration file, not at the working directory. */
	assert_string_equal(config.path, "/tmp/run/socket");
	assert_int_equal(config.cnt, 5);
	assert_float_equal(config.share, 0.25, 1e-9);
	assert_true(isnan(config.unset));
	assert_int_equal(config.listen.cnt, 1);
	assert_int_equal(config.ports.cnt, 0);
	assert_true(config.health.enabled);
	assert_int_equal(config.health.mode, 1);
	conf_schema_free(rows, &config);

	memset(&config, 0xff, sizeof(config));
	assert_int_equal(conf_schema_defaults(rows, &config, &errors), 0);
	assert_null(config.name);
	assert_string_equal(config.path, "run/socket");
	assert_int_equal(config.cnt, 5);
	conf_schema_free(rows, &config);
	conf_errors_free(&errors);
}

static void
test_errors(void **state)
{
	static const struct {
		const char *text, *messages;
	} cases[] = {
		{ "", "1:1: error: name: missing\n" },
		{ "- a\n", "1:1: error: file: must hold \"key: value\" pairs\n" },
		{ "name: x\ncnt: 11\n", "2:6: error: cnt: must be 0 to 10\n" },
		{ "name: x\ncnt: 99999999999999999999\n", "2:6: error: cnt: must be 0 to 10\n" },
		{ "name: x\ncnt: \"5\"\n", "2:6: error: cnt: must be an integer, not \"5\"\n" },
		{ "name: x\nshare: 2.1\n", "2:8: error: share: must be 0 to 2\n" },
		{ "name: x\nunset: .nan\n", "2:8: error: unset: must be -1 to 1 (turns)\n" },
		{ "name: x\nunset: -.inf\n", "2:8: error: unset: must be -1 to 1 (turns)\n" },
		{ "name: x\nshare: 30%\n", "2:8: error: share: must be a number, not \"30%\"\n" },
		{ "name: [x]\n", "1:7: error: name: must be text\n" },
		{ "name: \"a\\0b\"\n", "1:7: error: name: holds a NUL byte\n" },
		{ "name: x\nlisten: [a, {b: c}]\n",
				"2:13: error: listen: must be a list of text\n" },
		{ "name: x\nlisten: {b: c}\n", "2:9: error: listen: must be list of text\n" },
		{ "name: x\nports: 5\n", "2:8: error: ports: must be a list of mappings\n" },
		{ "name: x\nports: [5]\n",
				"2:9: error: ports[0]: must hold \"key: value\" pairs\n" },
		{ "name: x\nhealth: 5\n", "2:9: error: health: must hold \"key: value\" pairs\n" },
		{ "name: x\nname: y\n",
				"2:1: error: duplicate key \"name\": hides the one on line 1\n" },
		{ "name: x\ncolour: red\n", "2:1: error: colour: unknown key: mode replaces it\n" },
		/* Everything in one run, in the order of the file. */
		{ "nmae: x\nports:\n- queues: 65\n- driver: a\n  x: 1\nhealth: {mode: z, enabled: "
		  "1}\n",
				"1:1: error: nmae: unknown key\n"
				"1:1: error: name: missing\n"
				"3:3: error: ports[0].driver: missing\n"
				"3:11: error: ports[0].queues: must be 1 to 64 (queues)\n"
				"5:3: error: ports[1].x: unknown key\n"
				"6:16: error: health.mode: must be one of fast, slow\n"
				"6:28: error: health.enabled: must be yes or no, not \"1\"\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct conf_errors errors = { 0 };
		struct config config;
		char *said = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&said, &size);

		assert_int_equal(load(cases[i].text, &config, &errors), -EINVAL);
		for (size_t k = 0; k < errors.cnt; k++) {
			(void)fprintf(out, "%u:%u: error: %s\n", errors.messages[k].line,
					errors.messages[k].col, errors.messages[k].text);
			assert_int_equal(errors.messages[k].level, CONF_ERROR);
			assert_string_equal(errors.messages[k].file, path);
		}
		(void)fclose(out);
		assert_string_equal(said, cases[i].messages);
		free(said);
		conf_errors_free(&errors);
	}
}

static void
test_help_names_every_key(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	conf_schema_help(rows, out);
	(void)fclose(out);
	assert_non_null(strstr(text, "  cnt: integer 0..10; default 5\n      A number.\n"));
	assert_non_null(strstr(text, "  share: number 0..2; default 0.25\n"));
	assert_non_null(strstr(text, "    queues: integer 1..64 (queues); default 1\n"));
	assert_non_null(strstr(text, "    driver: text; required\n"));
	assert_non_null(strstr(text, "    mode: one of fast, slow; default slow\n"));
	assert_null(strstr(text, "colour")); /* gone is gone */
	free(text);
}

static int
make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd >= 0 ? close(fd) : -1;
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_is_read),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_help_names_every_key),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
