/* Messages to JSON and back, whatever bytes they hold. */
#include <string.h>

#include "control/messages.h"
#include "tests/unit/test.h"

static void
test_messages_come_back_as_they_were(void **state)
{
	struct conf_errors before = { 0 };
	struct conf_errors after = { 0 };
	json_t *json;

	(void)state;
	conf_error_add(&before, CONF_ERROR, "zones/a.test.yaml", 3, 7, "one\n  - two");
	conf_error_add(&before, CONF_WARNING, "geo.mmdb", 0, 0, "old");
	before.lint = "acme-captured";
	conf_error_add(&before, CONF_NOTICE, "zones/a.test.yaml", 4, 1, "found");
	json = cp_messages_json(&before);
	cp_messages_take(json, &after);
	assert_int_equal(after.cnt, 3);
	assert_null(after.messages[0].lint);
	assert_string_equal(after.messages[2].lint, "acme-captured");
	assert_int_equal(after.error_cnt, 1);
	for (size_t i = 0; i < after.cnt; i++) {
		assert_string_equal(after.messages[i].file, before.messages[i].file);
		assert_string_equal(after.messages[i].text, before.messages[i].text);
		assert_int_equal(after.messages[i].line, before.messages[i].line);
		assert_int_equal(after.messages[i].col, before.messages[i].col);
		assert_int_equal(after.messages[i].level, before.messages[i].level);
	}
	json_decref(json);
	conf_errors_free(&before);
	conf_errors_free(&after);
}

static void
test_bytes_that_are_no_text_are_shown_as_such(void **state)
{
	struct conf_errors errors = { 0 };
	json_t *json;
	const json_t *first;

	(void)state;
	conf_error_add(&errors, CONF_ERROR, "zones/\377.yaml", 1, 1, "bad \300\200 bytes");
	json = cp_messages_json(&errors);
	first = json_array_get(json, 0);
	assert_string_equal(json_string_value(json_object_get(first, "file")), "zones/?.yaml");
	assert_string_equal(json_string_value(json_object_get(first, "text")), "bad ?? bytes");
	json_decref(json);
	conf_errors_free(&errors);
}

static void
test_what_is_no_message_is_skipped(void **state)
{
	static const char *const texts[] = { "{}", "[1, null, \"x\", {}]", "[{\"file\": \"f\"}]",
		"[{\"file\": 1, \"text\": \"t\", \"level\": \"error\"}]" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		json_t *json = json_loads(texts[i], 0, NULL);
		struct conf_errors errors = { 0 };

		assert_non_null(json);
		cp_messages_take(json, &errors);
		assert_int_equal(errors.cnt, 0);
		json_decref(json);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_come_back_as_they_were),
		cmocka_unit_test(test_bytes_that_are_no_text_are_shown_as_such),
		cmocka_unit_test(test_what_is_no_message_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
