/* RDATA in presentation form, and messages that lie about their lengths. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/present.h"
#include "tests/unit/test.h"

/* "example." stands at offset 0 of every message below, so that RDATA can point at it. */
#define NAME       "\007example\000"
#define NAME_BYTES 9u

static const struct {
	const char *rdata;
	uint16_t rdata_len;
	uint16_t type;
	const char *text; /* NULL: malformed */
} rows[] = {
#define RDATA(bytes) (bytes), sizeof(bytes) - 1
	{ RDATA("\300\000\002\001"), 1, "192.0.2.1" }, { RDATA("\300\000\002"), 1, NULL },
	{ RDATA("\300\000\002\001\000"), 1, NULL },
	{ RDATA("\040\001\015\270\000\000\000\000\000\000\000\000\000\000\000\001"), 28,
			"2001:db8::1" },
	{ RDATA("\002ns\300\000"), 2, "ns.example." }, { RDATA("\000"), 5, "." },
	{ RDATA("\003a.b\300\000"), 12, "a\\.b.example." },
	{ RDATA("\300\000\000"), 12, NULL }, /* bytes behind the name */
	{ RDATA("\000\012\004mail\300\000"), 15, "10 mail.example." }, { RDATA("\000"), 15, NULL },
	{ RDATA("\000"), 16, "\"\"" },
	{ RDATA("\003a\"\\\002\011\377"), 16, "\"a\\\"\\\\\" \"\\009\\255\"" },
	{ RDATA("\004abc"), 16, NULL }, { RDATA(""), 16, NULL },
	{ RDATA("\000\001\000\002\000\003\300\000"), 33, "1 2 3 example." },
	{ RDATA("\200\005issueca.test"), 257, "128 issue \"ca.test\"" },
	{ RDATA("\000\005iss"), 257, NULL }, { RDATA("\000\003a\033b"), 257, NULL },
	{ RDATA("\300\000\004host\300\000\000\000\000\001\000\000\000\002\000\000\000"
		"\003"
		"\000\000\000\004\000\000\000\005"),
			6, "example. host.example. 1 2 3 4 5" },
	{ RDATA("\000\001\010\002\253\315"), 43, "1 8 2 abcd" },
	{ RDATA("\000\001\010\002"), 43, NULL }, { RDATA("\001\002\001\357"), 44, "1 2 01ef" },
	{ RDATA("\003\001\001\001\357"), 52, "3 1 1 01ef" }, { RDATA("\003\001\001"), 52, NULL },
	{ RDATA("abcd"), 61, "YWJjZA==" }, { RDATA(""), 61, NULL },
	{ RDATA("\003a b"), 99, "\"a b\"" },
	{ RDATA("\000\001\000\002\001U\000\002!\\\300\000"), 35,
			"1 2 \"U\" \"\" \"!\\\\\" example." },
	{ RDATA("\000\001\000\002\001U\000\002!"), 35, NULL },
	{ RDATA("\000\001\000\002http:"), 256, "1 2 \"http:\"" },
	{ RDATA("\000\001\000"), 256, NULL },
	/* RFC 1876 §4: 42 21 54 N 71 06 18 W -24m 30m */
	{ RDATA("\000\063\026\023\211\027\055\320\160\276\025\360\000\230\215\040"), 29,
			"42 21 54.0 N 71 6 18.0 W -24.0m 30.0m 10000.0m 10.0m" },
	{ RDATA("\000\000\011\231\200\000\000\001\177\377\377\377\000\000\000\001"), 29,
			"0 0 0.001 N 0 0 0.001 W -99999.99m 0.0m 0.0m 90000000.0m" },
	{ RDATA("\001\000\000\000\200\000\000\000\200\000\000\000\000\000\000\000"), 29, NULL },
	{ RDATA("\000\240\000\000\200\000\000\000\200\000\000\000\000\000\000\000"), 29, NULL },
	{ RDATA("\000\000\000\000\377\377\377\377\200\000\000\000\000\000\000\000"), 29, NULL },
	{ RDATA("\000\000"), 29, NULL },
	/* RFC 9460 appendix D */
	{ RDATA("\000\000\003foo\007example\003com\000"), 65, "0 foo.example.com." },
	{ RDATA("\000\001\000"), 64, "1 ." },
	{ RDATA("\000\020\300\000\000\003\000\002\000\065"), 64, "16 example. port=53" },
	{ RDATA("\000\001\300\000\002\233\000\005hello"), 64, "1 example. key667=hello" },
	{ RDATA("\000\001\300\000\002\233\000\011hello\322qoo"), 64,
			"1 example. key667=hello\\210qoo" },
	{ RDATA("\000\001\300\000\002\233\000\000"), 64, "1 example. key667" },
	{ RDATA("\000\020\300\000\000\000\000\004\000\001\000\004\000\001\000\011\002h2\005h3-19"
		"\000\004\000\004\300\000\002\001"),
			64,
			"16 example. mandatory=alpn,ipv4hint alpn=h2,h3-19 ipv4hint=192.0.2.1" },
	{ RDATA("\000\020\300\000\000\001\000\014\010f\\oo,bar\002h2"), 64,
			"16 example. alpn=f\\\\\\\\oo\\\\,bar,h2" },
	{ RDATA("\000\001\300\000\000\002\000\000\000\005\000\002ab\000\006\000\020\040\001\015\270"
		"\000"
		"\000\000\000\000\000\000\000\000\000\000\001"),
			65, "1 example. no-default-alpn ech=YWI= ipv6hint=2001:db8::1" },
	{ RDATA("\000\001\300\000\000\002\000\001a"), 65, NULL },
	{ RDATA("\000\001\300\000\000\003\000\003\000\065\000"), 65,
			NULL }, /* a port of 3 octets */
	{ RDATA("\000\001\300\000\000\003\000\002\000"), 65, NULL },
	{ RDATA("\000\001\300\000\000\004\000\000"), 65, NULL },     /* no hint */
	{ RDATA("\000\001\300\000\000\001\000\001\000"), 65, NULL }, /* an empty alpn */
	{ RDATA("\000\001\300\000\000\001\000\002\002h\000\003\000\002\000\065"), 65,
			NULL }, /* an alpn beyond its list */
	{ RDATA("\000\001\300\000\000\003\000\002\000\065\000\002\000\000"), 65,
			NULL }, /* keys out of order */
	{ RDATA("\001\377"), 10, "\\# 2 01ff" }, { RDATA(""), 65280, "\\# 0 " },
	{ RDATA("\300\011"), 2, NULL }, /* a pointer to itself */
	{ RDATA("\300\100"), 2, NULL }, /* one forward */
	{ RDATA("\100abc"), 2, NULL },  /* a reserved label type */
#undef RDATA
};

static const uint8_t name[] = NAME;

static int
present(const void *rdata, uint16_t rdata_len, uint16_t type, char **text)
{
	/* Exactly as long as it says, so that a sanitizer sees a byte too many. */
	uint8_t *message = malloc(NAME_BYTES + (size_t)rdata_len);
	size_t size;
	FILE *out = open_memstream(text, &size);
	int err;

	/* A wire name, no text. NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
	memcpy(message, name, NAME_BYTES);
	memcpy(message + NAME_BYTES, rdata, rdata_len);
	err = cp_present_rdata(message, NAME_BYTES + rdata_len, NAME_BYTES, rdata_len, type, out);
	(void)fclose(out);
	free(message);
	return err;
}

static void
test_rdata(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = NULL;
		int err = present(rows[i].rdata, rows[i].rdata_len, rows[i].type, &text);

		print_message("    type %u: %s\n", rows[i].type,
				rows[i].text != NULL ? rows[i].text : "malformed");
		if (rows[i].text == NULL) {
			assert_int_equal(err, -EBADMSG);
		} else {
			assert_int_equal(err, 0);
			assert_string_equal(text, rows[i].text);
		}
		free(text);
	}
}

/* Every shorter message is malformed, and none is read beyond its end. */
static void
test_cut_messages(void **state)
{
	static const uint8_t message[] =
			NAME "\000\001\000\001\000\000\016\020\000\004\300\000\002\001";
	const size_t whole = sizeof(message) - 1;

	(void)state;
	for (size_t len = 0; len <= whole; len++) {
		uint8_t *copy = malloc(len > 0 ? len : 1);
		size_t off = 0;
		json_t *records;

		memcpy(copy, message, len);
		records = cp_present_records(copy, len, &off, 1);
		assert_int_equal(records != NULL, len == whole);
		json_decref(records);
		free(copy);
	}
}

static void
test_records_are_named_and_typed(void **state)
{
	static const uint8_t message[] =
			NAME "\000\001\000\001\000\000\016\020\000\004\300\000\002\001"
			     "\300\000\377\000\000\001\000\000\000\000\000\000";
	size_t off = 0;
	json_t *records = cp_present_records(message, sizeof(message) - 1, &off, 2);
	const json_t *second;

	(void)state;
	assert_non_null(records);
	assert_int_equal(off, sizeof(message) - 1);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(records, 0), "ttl_s")),
			3600);
	second = json_array_get(records, 1);
	assert_string_equal(json_string_value(json_object_get(second, "name")), "example.");
	assert_string_equal(json_string_value(json_object_get(second, "type")), "TYPE65280");
	json_decref(records);
}

/* RDATA that is not what its type should be is shown in the generic form, not left out. */
static void
test_odd_rdata_is_shown_as_bytes(void **state)
{
	static const uint8_t message[] =
			NAME "\000\001\000\001\000\000\016\020\000\003\300\000\002";
	size_t off = 0;
	json_t *records = cp_present_records(message, sizeof(message) - 1, &off, 1);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(json_array_get(records, 0), "rdata")),
			"\\# 3 c00002");
	json_decref(records);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rdata),
		cmocka_unit_test(test_cut_messages),
		cmocka_unit_test(test_records_are_named_and_typed),
		cmocka_unit_test(test_odd_rdata_is_shown_as_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
