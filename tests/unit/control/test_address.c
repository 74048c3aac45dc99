/* Against Python's ipaddress, which octoDNS uses: what it takes, and how it prints it. */
#include <string.h>

#include "control/address.h"
#include "tests/unit/test.h"

static void
test_addresses(void **state)
{
	static const struct {
		const char *text;
		uint8_t family;
		const char *canonical; /* NULL: refused */
	} rows[] = {
		{ "192.0.2.1", 4, "192.0.2.1" },
		{ "0.0.0.0", 4, "0.0.0.0" },
		{ "255.255.255.255", 0, "255.255.255.255" },
		{ "192.0.2.01", 4, NULL },
		{ "192.0.2", 4, NULL },
		{ "192.0.2.256", 4, NULL },
		{ " 192.0.2.1", 4, NULL },
		{ "192.0.2.1", 6, NULL },
		{ "::1", 4, NULL },
		{ "", 0, NULL },
		{ "::", 6, "::" },
		{ "::1", 0, "::1" },
		{ "1::", 6, "1::" },
		{ "2001:DB8:0:0:0:0:0:1", 6, "2001:db8::1" },
		{ "2001:db8:0:1:0:0:0:1", 6, "2001:db8:0:1::1" },
		{ "1:0:0:2:0:0:3:4", 6, "1::2:0:0:3:4" },
		{ "1:0:2:3:4:5:6:7", 6, "1:0:2:3:4:5:6:7" },
		{ "0:0:2:3:4:5:6:7", 6, "::2:3:4:5:6:7" },
		{ "1:2:3:4:5:6:0:0", 6, "1:2:3:4:5:6::" },
		{ "::ffff:192.0.2.1", 6, "::ffff:c000:201" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 6,
				"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "1::2::3", 6, NULL },
		{ "fe80::1%eth0", 6, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tbl_addr addr;
		char text[CP_ADDRESS_TEXT_MAX];
		int rc = cp_address_parse(rows[i].text, rows[i].family, &addr);

		if ((rc == 0) != (rows[i].canonical != NULL)) {
			fail_msg("\"%s\": %d", rows[i].text, rc);
		}
		if (rc == 0) {
			cp_address_text(&addr, text);
			assert_string_equal(text, rows[i].canonical);
		}
	}
}

static void
test_prefixes(void **state)
{
	static const struct {
		const char *text, *canonical;
	} rows[] = {
		{ "192.0.2.0/24", "192.0.2.0/24" },
		{ "192.0.2.1", "192.0.2.1/32" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "2001:db8::/32", "2001:db8::/32" },
		{ "2001:db8::1", "2001:db8::1/128" },
		{ "::/0", "::/0" },
		{ "192.0.2.1/24", NULL }, /* host bits */
		{ "2001:db8::1/64", NULL },
		{ "192.0.2.0/33", NULL },
		{ "2001:db8::/129", NULL },
		{ "192.0.2.0/", NULL },
		{ "192.0.2.0/+8", NULL },
		{ "192.0.2.0/0008", NULL },
		{ "192.0.2.0/24 ", NULL },
		{ "/24", NULL },
		{ "invalid", NULL },
		{ "0123:4567:89ab:cdef:0123:4567:89ab:cdef:0123:4567:89ab:cdef/64", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tbl_prefix prefix;
		char text[CP_PREFIX_TEXT_MAX];
		int rc = cp_prefix_parse(rows[i].text, &prefix);

		if ((rc == 0) != (rows[i].canonical != NULL)) {
			fail_msg("\"%s\": %d", rows[i].text, rc);
		}
		if (rc == 0) {
			cp_prefix_text(&prefix, text);
			assert_string_equal(text, rows[i].canonical);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
