/* Names and RDATA without compression, and messages that only look like some. */
#include <errno.h>
#include <string.h>

#include "table/dns.h"

#include "control/unpack.h"
#include "tests/unit/test.h"

/* From offset 12 on: "a.Test." and, at 20, "b" with a pointer to its "Test.". */
#define MESSAGE "............\1a\4Test\0\1b\xc0\xe"
#define A_AT    12
#define B_AT    20

static void
test_names(void **state)
{
	static const struct {
		const char *message;
		size_t size, off;
		const char *name;
		int len; /* or -errno */
		size_t end;
	} rows[] = {
		{ MESSAGE, 24, A_AT, "\1a\4Test", 8, 20 },
		{ MESSAGE, 24, B_AT, "\1b\4Test", 8, 24 }, { MESSAGE, 24, 19, "", 1, 20 },
		{ MESSAGE, 23, B_AT, NULL, -EBADMSG, 0 },  /* half a pointer */
		{ MESSAGE, 19, A_AT, NULL, -EBADMSG, 0 },  /* no root label */
		{ MESSAGE, 16, A_AT, NULL, -EBADMSG, 0 },  /* half a label */
		{ MESSAGE, 24, 24, NULL, -EBADMSG, 0 },    /* nothing */
		{ "\xc0\0", 2, 0, NULL, -EBADMSG, 0 },     /* to itself */
		{ "\1a\xc0\0", 4, 0, NULL, -EBADMSG, 0 },  /* grows for ever */
		{ "\xc0\x9", 2, 0, NULL, -EBADMSG, 0 },    /* behind the end */
		{ "\x40\0\0", 3, 0, NULL, -EBADMSG, 0 },   /* no type of label */
		{ "\xbf\xff\0", 3, 0, NULL, -EBADMSG, 0 }, /* nor this */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t name[TBL_NAME_MAX];
		size_t end = 0;
		int len = cp_unpack_name((const uint8_t *)rows[i].message, rows[i].size,
				rows[i].off, name, &end);

		assert_int_equal(len, rows[i].len);
		if (len > 0) {
			assert_memory_equal(name, rows[i].name, (size_t)len);
		}
		assert_int_equal(end, rows[i].end);
	}
}

static void
test_rdata(void **state)
{
	static const struct {
		uint16_t type;
		const char *rdata;
		size_t size;
		const char *plain;
		int len; /* or -errno */
	} rows[] = {
		{ TBL_TYPE_A, "\xc0\x0c\0\1", 4, "\xc0\x0c\0\1", 4 }, /* an address, no pointer */
		{ 65280, "\xc0\x0c", 2, "\xc0\x0c", 2 },              /* RFC 3597 §4 */
		{ 65280, "", 0, "", 0 },
		{ TBL_TYPE_NS, "\xc0\x0c", 2, "\1a\4Test", 8 },
		{ TBL_TYPE_MX, "\0\x0a\2mx\xc0\x0e", 7, "\0\x0a\2mx\4Test", 11 },
		{ TBL_TYPE_SOA,
				"\xc0\x0c\xc0\x14"
				"12345678901234567890",
				24,
				"\1a\4Test\0\1b\4Test\0"
				"12345678901234567890",
				36 },
		{ TBL_TYPE_NS, "\1c\xc0\x0e", 3, NULL, -EBADMSG }, /* longer than it says */
		{ TBL_TYPE_MX, "\0", 1, NULL, -EBADMSG },
		{ TBL_TYPE_NS, "", 0, NULL, -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static uint8_t plain[CP_UNPACKED_MAX];
		uint8_t message[24 + 24] = MESSAGE;
		int len;

		memcpy(message + 24, rows[i].rdata, rows[i].size);
		len = cp_unpack_rdata(
				message, sizeof(message), 24, rows[i].size, rows[i].type, plain);
		assert_int_equal(len, rows[i].len);
		if (len > 0) {
			assert_memory_equal(plain, rows[i].plain, (size_t)len);
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_rdata),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
