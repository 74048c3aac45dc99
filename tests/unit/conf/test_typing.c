#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "conf/yaml.h"
#include "tests/unit/test.h"

static struct conf_value
type_of(const char *text, bool is_plain)
{
	struct conf_node node = { .kind = CONF_SCALAR, .is_plain = is_plain };

	node.scalar.text = text;
	node.scalar.len = strlen(text);
	return conf_type_of(&node);
}

/* What PyYAML 6 makes of each. */
static void
test_types_without_a_value(void **state)
{
	static const struct {
		const char *text;
		enum conf_type type;
	} rows[] = {
		{ "", CONF_TYPE_NULL },
		{ "~", CONF_TYPE_NULL },
		{ "null", CONF_TYPE_NULL },
		{ "NULL", CONF_TYPE_NULL },
		{ "nULL", CONF_TYPE_STRING },
		{ "y", CONF_TYPE_STRING },
		{ "n", CONF_TYPE_STRING },
		{ "yEs", CONF_TYPE_STRING },
		{ "example.test.", CONF_TYPE_STRING },
		{ "192.0.2.1", CONF_TYPE_STRING },
		{ "2001:db8::1", CONF_TYPE_STRING },
		{ "fd53:1::11", CONF_TYPE_STRING },
		{ "08", CONF_TYPE_STRING },
		{ "0o17", CONF_TYPE_STRING },
		{ "0:30", CONF_TYPE_STRING },
		{ "1:60", CONF_TYPE_STRING },
		{ "1e5", CONF_TYPE_STRING },
		{ "1.5e5", CONF_TYPE_STRING },
		{ ".", CONF_TYPE_STRING },
		{ "._1", CONF_TYPE_STRING },
		{ "+", CONF_TYPE_STRING },
		{ "-", CONF_TYPE_STRING },
		{ "0x", CONF_TYPE_STRING },
		{ "_1", CONF_TYPE_STRING },
		{ "2024-12-14", CONF_TYPE_DATE },
		{ "2024-1-2", CONF_TYPE_STRING },
		{ "2001-12-14t21:59:43.10-05:00", CONF_TYPE_DATE },
		{ "2001-12-14 21:59:43 Z", CONF_TYPE_DATE },
		{ "2001-1-4 1:59:43 +5", CONF_TYPE_DATE },
		{ "2001-12-14 21:59", CONF_TYPE_STRING },
		{ "2001-12-14T21:59:43x", CONF_TYPE_STRING },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (type_of(rows[i].text, true).type != rows[i].type) {
			fail_msg("\"%s\" is of type %d", rows[i].text,
					type_of(rows[i].text, true).type);
		}
	}
}

static void
test_booleans(void **state)
{
	static const char *const trues[] = { "yes", "Yes", "YES", "true", "on", "ON" };
	static const char *const falses[] = { "no", "No", "NO", "false", "off", "OFF" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(trues); i++) {
		assert_int_equal(type_of(trues[i], true).type, CONF_TYPE_BOOL);
		assert_true(type_of(trues[i], true).boolean);
		assert_int_equal(type_of(falses[i], true).type, CONF_TYPE_BOOL);
		assert_false(type_of(falses[i], true).boolean);
	}
}

static void
test_integers(void **state)
{
	static const struct {
		const char *text;
		int64_t integer;
		bool is_big;
	} rows[] = {
		{ "0", 0, false },
		{ "-0", 0, false },
		{ "42", 42, false },
		{ "+42", 42, false },
		{ "-42", -42, false },
		{ "1_000", 1000, false },
		{ "010", 8, false },
		{ "0b101", 5, false },
		{ "0x1f", 31, false },
		{ "-0x1F", -31, false },
		{ "1:30", 90, false },
		{ "-1:30", -90, false },
		{ "1:00:00", 3600, false },
		{ "190:20:30", 685230, false },
		{ "9223372036854775807", INT64_MAX, false },
		{ "-9223372036854775808", INT64_MIN, false },
		{ "9223372036854775808", INT64_MAX, true },
		{ "-9223372036854775809", INT64_MIN, true },
		{ "99999999999999999999999999", INT64_MAX, true },
		{ "9223372036854775807:59", INT64_MAX, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf_value value = type_of(rows[i].text, true);

		if (value.type != CONF_TYPE_INT || value.integer != rows[i].integer ||
				value.is_big != rows[i].is_big) {
			fail_msg("\"%s\" is %lld of type %d", rows[i].text,
					(long long)value.integer, value.type);
		}
	}
}

static void
test_floats(void **state)
{
	static const struct {
		const char *text;
		double real;
	} rows[] = {
		{ "1.5", 1.5 },
		{ "-1.5", -1.5 },
		{ "1.", 1 },
		{ ".5", 0.5 },
		{ "0.2", 0.2 },
		{ "1_0.5", 10.5 },
		{ "1.5e+3", 1500 },
		{ "1:30.5", 90.5 },
		{ ".inf", INFINITY },
		{ "-.INF", -INFINITY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf_value value = type_of(rows[i].text, true);

		if (value.type != CONF_TYPE_FLOAT || value.real < rows[i].real ||
				value.real > rows[i].real) {
			fail_msg("\"%s\" is %g of type %d", rows[i].text, value.real, value.type);
		}
	}
	assert_int_equal(type_of(".nan", true).type, CONF_TYPE_FLOAT);
	assert_true(isnan(type_of(".nan", true).real));
}

static void
test_surprising_integers(void **state)
{
	static const struct {
		const char *text;
		bool is_surprising;
	} rows[] = {
		{ "0", false },
		{ "-0", false },
		{ "10", false },
		{ "1_000", false },
		{ "-42", false },
		{ "010", true },
		{ "00", true },
		{ "-010", true },
		{ "0x1f", true },
		{ "0b1", true },
		{ "1:30", true },
		{ "08", false }, /* no number at all, like the rest */
		{ "1:60", false },
		{ "1.5", false },
		{ "no", false },
		{ "", false },
		{ "2001:db8::1", false },
		{ "10.0.0.1", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf_node node = { .kind = CONF_SCALAR, .is_plain = true };

		node.scalar.text = rows[i].text;
		node.scalar.len = strlen(rows[i].text);
		if (is_conf_int_surprising(&node) != rows[i].is_surprising) {
			fail_msg("\"%s\"", rows[i].text);
		}
		node.is_plain = false;
		assert_false(is_conf_int_surprising(&node));
	}
}

/* A NUL in a text ends no word: "no\0x" is text. */
static void
test_embedded_nul(void **state)
{
	struct conf_node node = { .kind = CONF_SCALAR, .is_plain = true };

	(void)state;
	node.scalar.text = "no\0x";
	node.scalar.len = 4;
	assert_int_equal(conf_type_of(&node).type, CONF_TYPE_STRING);
	node.scalar.text = "10\0x";
	assert_int_equal(conf_type_of(&node).type, CONF_TYPE_STRING);
	assert_false(is_conf_int_surprising(&node));
}

static void
test_quoted_is_text(void **state)
{
	static const char *const texts[] = { "", "no", "5", "1.5", "2024-12-14" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(type_of(texts[i], false).type, CONF_TYPE_STRING);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types_without_a_value),
		cmocka_unit_test(test_booleans),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_floats),
		cmocka_unit_test(test_quoted_is_text),
		cmocka_unit_test(test_surprising_integers),
		cmocka_unit_test(test_embedded_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
