/* Names in other than ASCII letters: the same ASCII, and the same refusals, as octoDNS's. The
 * expected forms and reasons are those of Python's idna 3.4. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/idn.h"
#include "control/zone_name.h"
#include "tests/unit/test.h"

static void
test_encoding(void **state)
{
	static const struct {
		const char *name, *encoded;
	} rows[] = {
		{ "", "" },
		{ "www", "www" },
		/* ASCII is lower-cased and no further looked at. */
		{ "WWW.Example.", "www.example." },
		{ "_x.-a--.b c..", "_x.-a--.b c.." },
		{ "déjà-vu", "xn--dj-vu-sqa5d" },
		{ "DÉJÀ.Vu.", "xn--dj-kia8a.vu." },
		{ "*.déjà", "*.xn--dj-kia8a" },
		{ "これはテストです", "xn--28jm5b5a8k5k8cra" },
		{ "гэрбүл.mn.", "xn--90adzs8d65a.mn." },
		/* Not IDNA 2003, which made "ss" and a common sigma of these. */
		{ "straße", "xn--strae-oqa" },
		{ "ΦΆΣΙΣ", "xn--hxa0a1acn" },
		{ "ẞ", "xn--zca" },
		/* Letters that become ASCII in lower case (the Kelvin sign) leave nothing to encode. */
		{ "\xe2\x84\xaa", "k" },
		/* The other full stops count as dots. */
		{ "ä。b．c｡ö", "xn--4ca.b.c.xn--nda" },
		/* Names of which a part is encoded already. */
		{ "xn--4ca.ö", "xn--4ca.xn--nda" },
		{ "xn--4ca", "xn--4ca" },
		{ "l·l", "xn--ll-0ea" },
		{ "אב1", "xn--1-zhcd" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf_arena *arena = conf_arena_new();
		const char *reason = "";
		char *encoded = NULL;

		if (cp_idn_encode(arena, rows[i].name, &encoded, &reason) != 0) {
			fail_msg("%s: %s", rows[i].name, reason);
		}
		assert_string_equal(encoded, rows[i].encoded);
		conf_arena_free(arena);
	}
}

static void
test_refusals(void **state)
{
	static const struct {
		const char *name, *reason;
	} rows[] = {
		{ "ä..b", "Empty Label" },
		{ ".ä", "Empty Label" },
		{ "_sip.ä", "Codepoint U+005F at position 1 of '_sip' not allowed" },
		{ "a b.ä", "Codepoint U+0020 at position 2 of 'a b' not allowed" },
		{ "a.*.ä", "Codepoint U+002A at position 1 of '*' not allowed" },
		{ "ab--c.ä", "Label has disallowed hyphens in 3rd and 4th position" },
		{ "-a.ä", "Label must not start or end with a hyphen" },
		{ "ä-", "Label must not start or end with a hyphen" },
		{ "ää--ä", "Label has disallowed hyphens in 3rd and 4th position" },
		{ "a\xcc\x88", "Label must be in Normalization Form C" },
		{ "\xcc\x88z", "Label begins with an illegal combining character" },
		/* What libidn2 words; Python's idna refuses these too. */
		{ "a★", "\"a★\": string contains a disallowed character" },
		{ "a·b", "\"a·b\": string contains a forbidden context-o character" },
		{ "a\xe2\x80\x8d"
		  "b",
				"\"a\xe2\x80\x8d"
				"b\": string contains a forbidden context-j character" },
		{ "аאб", "\"аאб\": string has forbidden bi-directional properties" },
		/* RFC 5893 rule 4, which is ours to check. */
		{ "א1\xd9\xa1", "\"א1\xd9\xa1\": string has forbidden bi-directional properties" },
		{ "xn--a.ä", "\"xn--a\": string contains a disallowed character" },
		{ "ä\xff", "not UTF-8" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf_arena *arena = conf_arena_new();
		const char *reason = "";
		char *encoded = NULL;

		assert_int_equal(cp_idn_encode(arena, rows[i].name, &encoded, &reason), -EINVAL);
		assert_string_equal(reason, rows[i].reason);
		assert_null(encoded);
		conf_arena_free(arena);
	}
}

/* Each limit from both sides; nothing beyond them costs time. */
static void
test_lengths(void **state)
{
	static const struct {
		const char *unit; /* repeated */
		size_t cnt;
		const char *end, *reason; /* NULL: encoded */
	} rows[] = {
		{ "a", 55, "ä", NULL }, /* "xn--" 55 "-" and three: 63 */
		{ "a", 56, "ä", "Label too long" },
		{ "ä", 40, "", NULL },
		{ "ä", 1000000, "", "Label too long" },
		{ "a.", 123, "ä", NULL }, /* 246 and "xn--4ca": 253 */
		{ "a.", 123, "ä.", NULL },
		{ "a.", 123, "aä", "Domain too long" },
		{ "a.", 1000000, "ä", "Domain too long" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf_arena *arena = conf_arena_new();
		size_t unit_len = strlen(rows[i].unit);
		char *name = conf_arena_alloc(arena, rows[i].cnt * unit_len + 8, 1);
		char *encoded = NULL;
		const char *reason = NULL;

		for (size_t k = 0; k < rows[i].cnt; k++) {
			memcpy(name + k * unit_len, rows[i].unit, unit_len);
		}
		(void)snprintf(name + rows[i].cnt * unit_len, 8, "%s", rows[i].end);
		(void)cp_idn_encode(arena, name, &encoded, &reason);
		if (rows[i].reason == NULL) {
			assert_null(reason);
			assert_non_null(encoded);
		} else {
			assert_string_equal(reason, rows[i].reason);
		}
		conf_arena_free(arena);
	}
}

static void
test_decoding(void **state)
{
	static const struct {
		const char *name, *shown;
	} rows[] = {
		{ "xn--dj-kia8a.vu.", "déjà.vu." },
		{ "*.xn--dj-kia8a.vu.", "*.déjà.vu." },
		{ "www.example.", "www.example." },
		/* What would not come back as the same name stays as it is. */
		{ "xn--a.test.", "xn--a.test." },
		{ "xn--dj-kia8a..test.", "déjà..test." },
		{ "_x.xn--dj-kia8a", "_x.déjà" },
		{ "xn--uei.test.", "xn--uei.test." },
		{ "xn--mbe.ce.", "xn--mbe.ce." }, /* Cherokee in capitals */
		{ "déjà.vu.", "déjà.vu." },
	};
	struct conf_arena *arena = conf_arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_string_equal(cp_idn_decode(arena, rows[i].name), rows[i].shown);
	}
	conf_arena_free(arena);
}

static void
test_zone_names(void **state)
{
	static const struct {
		const char *text, *name, *reason;
	} rows[] = {
		{ "Example.Test.", "example.test.", NULL },
		{ "com.", "com.", NULL },
		{ "DÉJÀ.vu.", "xn--dj-kia8a.vu.", NULL },
		{ "example.test", NULL, "missing ending dot" },
		{ "", NULL, "missing ending dot" },
		{ "a..test.", NULL, "double dot not allowed" },
		{ "a b.test.", NULL, "whitespace not allowed" },
		{ "a\\.b.test.", NULL, "backslash not allowed" },
		{ ".test.", NULL, "not a domain name" },
		{ "_x.ä.", NULL, "Codepoint U+005F at position 1 of '_x' not allowed" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf_arena *arena = conf_arena_new();
		const char *reason = NULL;
		char *name = NULL;
		char text[TBL_NAME_TEXT_MAX];
		uint8_t wire[TBL_NAME_MAX];
		int rc = cp_zone_name(arena, rows[i].text, &name, wire, &reason);

		assert_int_equal(rc, rows[i].name != NULL ? 0 : -EINVAL);
		if (rc == 0) {
			assert_string_equal(name, rows[i].name);
			tbl_name_to_text(wire, text);
			assert_string_equal(text, rows[i].name);
		} else {
			assert_string_equal(reason, rows[i].reason);
		}
		conf_arena_free(arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encoding),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_decoding),
		cmocka_unit_test(test_zone_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
