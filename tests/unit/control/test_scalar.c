/* Against Python: str(), int() and bool() of what PyYAML loads. */
#include <string.h>

#include "control/scalar.h"
#include "tests/unit/test.h"

static struct conf_node
scalar(const char *text, bool is_plain)
{
	struct conf_node node = { .kind = CONF_SCALAR, .is_plain = is_plain };

	node.scalar.text = text;
	node.scalar.len = strlen(text);
	return node;
}

static void
test_text(void **state)
{
	static const struct {
		const char *yaml, *text;
	} rows[] = {
		{ "abc", "abc" },
		{ "no", "False" },
		{ "~", "None" },
		{ "010", "8" },
		{ "-5", "-5" },
		{ "1_000", "1000" },
		{ "99999999999999999999", "99999999999999999999" },
		{ "1.10", "1.1" },
		{ "5.", "5.0" },
		{ "0.1", "0.1" },
		{ "100000.0", "100000.0" },
		{ "123456789012.0", "123456789012.0" },
		{ "1.0e+16", "1e+16" },
		{ ".inf", "inf" },
		{ "-.inf", "-inf" },
		{ ".nan", "nan" },
		{ "2024-12-14", "2024-12-14" },
	};
	struct conf_arena *arena = conf_arena_new();
	struct conf_node list = { .kind = CONF_SEQUENCE };
	struct conf_node map = { .kind = CONF_MAPPING };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf_node node = scalar(rows[i].yaml, true);

		assert_string_equal(cp_scalar_text(arena, &node), rows[i].text);
	}
	assert_string_equal(cp_scalar_text(arena, NULL), "None");
	assert_string_equal(cp_scalar_text(arena, &list), "[]");
	assert_string_equal(cp_scalar_text(arena, &map), "{}");
	conf_arena_free(arena);
}

static void
test_int(void **state)
{
	static const struct {
		const char *yaml;
		bool is_plain, is_good;
		int64_t integer;
	} rows[] = {
		{ "60", true, true, 60 },
		{ "60", false, true, 60 },
		{ " +6_0 ", false, true, 60 },
		{ "60.9", true, true, 60 },
		{ "-60.9", true, true, -60 },
		{ "60.9", false, false, 0 },
		{ "yes", true, true, 1 },
		{ "yes", false, false, 0 },
		{ "0100", true, true, 64 },
		{ "0100", false, true, 100 },
		{ "1:00", true, true, 60 },
		{ "1h", true, false, 0 },
		{ "", false, false, 0 },
		{ "", true, false, 0 },
		{ "6__0", false, false, 0 },
		{ "_60", false, false, 0 },
		{ "60_", false, false, 0 },
		{ "-9223372036854775808", false, true, INT64_MIN },
		{ "9223372036854775808", false, false, 0 },
		{ "9223372036854775808", true, false, 0 },
		{ ".inf", true, false, 0 },
		{ ".nan", true, false, 0 },
		{ "2024-12-14", true, false, 0 },
	};
	struct conf_node list = { .kind = CONF_SEQUENCE };
	int64_t integer = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf_node node = scalar(rows[i].yaml, rows[i].is_plain);
		int rc = cp_scalar_int(&node, &integer);

		if ((rc == 0) != rows[i].is_good || (rc == 0 && integer != rows[i].integer)) {
			fail_msg("\"%s\": %d, %lld", rows[i].yaml, rc, (long long)integer);
		}
	}
	assert_int_not_equal(cp_scalar_int(&list, &integer), 0);
	assert_int_not_equal(cp_scalar_int(NULL, &integer), 0);
}

static void
test_real(void **state)
{
	static const struct {
		const char *yaml;
		bool is_plain, is_good;
		double real;
	} rows[] = {
		{ "0.2", true, true, 0.2 },
		{ "10", true, true, 10 },
		{ "1e1", true, true, 10 }, /* text to YAML 1.1, a number to everybody else */
		{ "0.5", false, true, 0.5 },
		{ "200ms", true, false, 0 },
		{ "yes", true, false, 0 },
		{ "", true, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf_node node = scalar(rows[i].yaml, rows[i].is_plain);
		double real = 0;

		assert_int_equal(cp_scalar_real(&node, &real) == 0, rows[i].is_good);
		assert_false(real < rows[i].real || real > rows[i].real);
	}
}

static void
test_truth(void **state)
{
	static const struct {
		const char *yaml;
		bool is_plain, is_true;
	} rows[] = {
		{ "", true, false },
		{ "", false, false },
		{ "no", true, false },
		{ "no", false, true },
		{ "yes", true, true },
		{ "0", true, false },
		{ "0", false, true },
		{ "0.0", true, false },
		{ "2", true, true },
	};
	struct conf_node empty = { .kind = CONF_SEQUENCE };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf_node node = scalar(rows[i].yaml, rows[i].is_plain);

		assert_int_equal(is_cp_true(&node), rows[i].is_true);
	}
	assert_false(is_cp_true(NULL));
	assert_false(is_cp_true(&empty));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_int),
		cmocka_unit_test(test_real),
		cmocka_unit_test(test_truth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
