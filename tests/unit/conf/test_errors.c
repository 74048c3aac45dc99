#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/yaml.h"
#include "tests/unit/test.h"

static char *
printed(const struct conf_errors *errors, bool is_terminal)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	conf_errors_print(errors, out, is_terminal);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* A million bad records are told as a thousand, with how many more there are; warnings never take
 * the place of errors, nor one file that of another. */
static void
test_messages_are_bounded(void **state)
{
	struct conf_errors errors = { 0 };
	char *text = NULL;

	(void)state;
	for (uint32_t i = 0; i < 1000000; i++) {
		conf_error_add(&errors, CONF_WARNING, "a.yaml", i + 1, 1, "odd %u", i);
	}
	for (uint32_t i = 0; i < CONF_MESSAGES_PER_FILE_MAX + 1; i++) {
		conf_error_add(&errors, CONF_ERROR, "a.yaml", i + 1, 2, "bad %u", i);
	}
	conf_error_add(&errors, CONF_ERROR, "b.yaml", 7, 7, "bad");
	assert_int_equal(errors.error_cnt, CONF_MESSAGES_PER_FILE_MAX + 2);
	assert_int_equal(errors.cnt, 2 * CONF_MESSAGES_PER_FILE_MAX + 3);
	conf_errors_sort(&errors, 0);
	assert_string_equal(errors.messages[0].text, "odd 0");
	assert_string_equal(errors.messages[1].text, "bad 0");
	text = printed(&errors, false);
	assert_non_null(strstr(text, "a.yaml:1000:2: error: bad 999\n"
				     "a.yaml: warning: ... and 999000 more warnings\n"
				     "a.yaml: error: ... and 1 more error\n"
				     "b.yaml:7:7: error: bad\n"));
	free(text);
	conf_errors_free(&errors);
}

static void
test_long_texts_are_cut(void **state)
{
	struct conf_errors errors = { 0 };
	char *text = malloc((size_t)2 * CONF_MESSAGE_BYTES_MAX + 1);
	size_t len = 0;

	(void)state;
	assert_non_null(text);
	for (len = 0; len < (size_t)2 * CONF_MESSAGE_BYTES_MAX; len += 2) {
		memcpy(text + len, "\xc3\xa4", 3);
	}
	conf_error_add(&errors, CONF_ERROR, "f", 1, 1, "%s", text);
	conf_error_add(&errors, CONF_ERROR, "f", 1, 1, "x%s", text);
	for (size_t i = 0; i < 2; i++) {
		len = strlen(errors.messages[i].text);
		assert_in_range(len, CONF_MESSAGE_BYTES_MAX - 5, CONF_MESSAGE_BYTES_MAX - 1);
		assert_string_equal(errors.messages[i].text + len - 5, "\xc3\xa4...");
	}
	free(text);
	conf_errors_free(&errors);
}

/* Lines are shown as the messages come, back and forth and from file to file; the square of a file's
 * length is never read, nor a line shown that fills the screen. */
static void
test_source_lines(void **state)
{
	char first[] = "/tmp/test_errors.XXXXXX";
	char second[] = "/tmp/test_errors.XXXXXX";
	FILE *out = fdopen(mkstemp(first), "w");
	struct conf_errors errors = { 0 };
	char expected[512];
	char *text = NULL;

	(void)state;
	assert_non_null(out);
	(void)fprintf(out, "one\ntwo\n%0600d\nfour\n", 0);
	assert_int_equal(fclose(out), 0);
	out = fdopen(mkstemp(second), "w");
	(void)fputs("eins\n", out);
	assert_int_equal(fclose(out), 0);
	conf_error_add(&errors, CONF_ERROR, first, 2, 2, "a");
	conf_error_add(&errors, CONF_ERROR, first, 2, 3, "b");
	conf_error_add(&errors, CONF_ERROR, first, 3, 1, "c");
	conf_error_add(&errors, CONF_ERROR, first, 4, 1, "d");
	conf_error_add(&errors, CONF_ERROR, first, 1, 1, "e");
	conf_error_add(&errors, CONF_ERROR, second, 1, 1, "f");
	conf_error_add(&errors, CONF_ERROR, second, 2, 1, "g");
	conf_error_add(&errors, CONF_ERROR, second, 0, 0, "h");
	conf_error_add(&errors, CONF_ERROR, "/nonexistent", 1, 1, "i");
	text = printed(&errors, true);
	(void)snprintf(expected, sizeof(expected),
			"%s:2:2: error: a\n    two\n     ^\n%s:2:3: error: b\n    two\n      ^\n"
			"%s:3:1: error: c\n%s:4:1: error: d\n    four\n    ^\n"
			"%s:1:1: error: e\n    one\n    ^\n%s:1:1: error: f\n    eins\n    ^\n"
			"%s:2:1: error: g\n%s: error: h\n/nonexistent:1:1: error: i\n",
			first, first, first, first, first, second, second, second);
	assert_string_equal(text, expected);
	free(text);
	conf_errors_free(&errors);
	(void)unlink(first);
	(void)unlink(second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_are_bounded),
		cmocka_unit_test(test_long_texts_are_cut),
		cmocka_unit_test(test_source_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
