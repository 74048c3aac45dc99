/* Hexadecimal and base64, there and back; what has no single meaning is refused. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/binary_text.h"
#include "tests/unit/test.h"

typedef int (*decoder)(const char *, uint8_t *);
typedef void (*printer)(FILE *, const uint8_t *, size_t);

static void
expect_pair(const char *text, const char *bytes, int cnt, decoder decode, printer print)
{
	uint8_t got[32];
	char *back = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&back, &size);

	assert_non_null(out);
	assert_int_equal(decode(text, got), cnt);
	assert_memory_equal(got, bytes, (size_t)cnt);
	print(out, got, (size_t)cnt);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(back, text);
	free(back);
}

static void
test_base64(void **state)
{
	/* RFC 4648 §10 */
	static const struct {
		const char *text, *bytes;
	} rows[] = { { "", "" }, { "Zg==", "f" }, { "Zm8=", "fo" }, { "Zm9v", "foo" },
		{ "Zm9vYg==", "foob" }, { "Zm9vYmE=", "fooba" }, { "Zm9vYmFy", "foobar" },
		{ "+/+/", "\xfb\xff\xbf" } };
	static const char *const refused[] = { "Z", "Zg", "Zg=", "Zg===", "Zm8", "Zm8==", "=",
		"====", "Zh==", "Zm9=", "Zg==Zg==", "Zm 9v", "Zm-_", "Zm9v=" };
	uint8_t bytes[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		expect_pair(rows[i].text, rows[i].bytes, (int)strlen(rows[i].bytes),
				cp_base64_decode, cp_base64_print);
	}
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		assert_int_equal(cp_base64_decode(refused[i], bytes), -EINVAL);
	}
}

static void
test_hex(void **state)
{
	static const char *const refused[] = { "0", "abc", "0g", "g0", "0x", " 00", "00 " };
	uint8_t bytes[32];

	(void)state;
	expect_pair("", "", 0, cp_hex_decode, cp_hex_print);
	expect_pair("00ff1a", "\x00\xff\x1a", 3, cp_hex_decode, cp_hex_print);
	assert_int_equal(cp_hex_decode("aBCd", bytes), 2);
	assert_memory_equal(bytes, "\xab\xcd", 2);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		assert_int_equal(cp_hex_decode(refused[i], bytes), -EINVAL);
	}
}

static void
test_decoding_in_place(void **state)
{
	char text[] = " Zm 9v\tYm\r\nFy ";

	(void)state;
	cp_blanks_remove(text);
	assert_string_equal(text, "Zm9vYmFy");
	assert_int_equal(cp_base64_decode(text, (uint8_t *)text), 6);
	assert_memory_equal(text, "foobar", 6);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_decoding_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
