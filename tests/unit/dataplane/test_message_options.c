/* Options that ask for one back, and the extended errors that nobody asks for: row by row with the RFC
 * section that decides. NSID and client subnets are in test_message_edns.c. */
#include <string.h>

#include "tests/unit/dataplane/ask.h"

#define ZONEVERSION "\0\x13\0\0"
#define KEEPALIVE   "\0\xb\0\0"
#define EXPIRE      "\0\x9\0\0"

#define ANSWERED "NOERROR aa; " WWW_A "; opt 1232 "

#define EDNS(bytes)                                                                 \
	{                                                                           \
		"www.example.test.", A, .udp_bytes = 1232, .options = BYTES(bytes), \
					.from = COOKIE_CLIENT_AT                    \
	}
#define REQUIRING(bytes)                                                              \
	{                                                                             \
		"www.example.test.", A, .udp_bytes = 1232, .options = BYTES(bytes),   \
					.from = COOKIE_CLIENT_AT, .is_required = true \
	}
#define COOKIE_ALONE(bytes)                                                                \
	{                                                                                  \
		NULL, .udp_bytes = 1232, .options = BYTES(bytes), .from = COOKIE_CLIENT_AT \
	}

static const struct row cookie_rows[] = {
	{ "client-cookie (7873 5.2.3)", EDNS(COOKIE_CLIENT), NOERROR, ANSWERED COOKIE_GOOD_TEXT },
	{ "returned-cookie-accepted (7873 5.2.5)", EDNS(COOKIE_GOOD), NOERROR,
			ANSWERED COOKIE_GOOD_TEXT },
	{ "bad-server-cookie-still-served (7873 5.2.4)",
			EDNS(COOKIE("\x18") CLIENT_COOKIE "\1\0\0\0\x5c\xf7\x9f\x11"
							  "notahash"),
			NOERROR, ANSWERED COOKIE_GOOD_TEXT },
	{ "server-cookie-of-8-bytes (7873 4.2)", EDNS(COOKIE("\x10") CLIENT_COOKIE "12345678"),
			NOERROR, ANSWERED COOKIE_GOOD_TEXT },
	{ "server-cookie-of-32-bytes (7873 4.2)",
			EDNS(COOKIE("\x28") CLIENT_COOKIE SERVER_COOKIE SERVER_COOKIE), NOERROR,
			ANSWERED COOKIE_GOOD_TEXT },
	{ "two-cookies-first-counts (7873 5.2)",
			EDNS(COOKIE_CLIENT COOKIE("\x8") "abcdefgh" COOKIE("\1") "x"), NOERROR,
			ANSWERED COOKIE_GOOD_TEXT },
	{ "cookie-behind-nsid-before-ecs", EDNS(ECS_US_24 COOKIE_CLIENT NSID), NOERROR,
			ANSWERED "nsid \"node1 7.0\" " COOKIE_GOOD_TEXT " ecs 1/24/0" },
	{ "cookie-in-refused (7873 5.2.3)",
			{ "www.example.net.", A, .udp_bytes = 1232, .options = BYTES(COOKIE_CLIENT),
					.from = COOKIE_CLIENT_AT },
			REFUSED, "REFUSED; opt 1232 " COOKIE_GOOD_TEXT " ede 20" },
	{ "cookie-in-chaos (7873 5.2.3)",
			{ "id.server.", TXT, CH, .udp_bytes = 1232, .options = BYTES(COOKIE_CLIENT),
					.from = COOKIE_CLIENT_AT },
			NOERROR,
			"NOERROR aa; an id.server. 0 CH TXT \"node1\"; "
			"opt 1232 " COOKIE_GOOD_TEXT },
	{ "cookie-in-truncated (7873 5.2.3)",
			{ "huge.example.test.", TXT, .udp_bytes = 1232,
					.options = BYTES(COOKIE_CLIENT), .from = COOKIE_CLIENT_AT },
			TRUNCATED, "NOERROR aa tc; opt 1232 " COOKIE_GOOD_TEXT },
	{ "cookie-in-badvers (6891 6.1.3)",
			{ "www.example.test.", A, .udp_bytes = 1232, .opt_ttl = 0x010000,
					.options = BYTES(COOKIE_CLIENT), .from = COOKIE_CLIENT_AT },
			BADVERS, "BADVERS; opt 1232" },
	{ "cookie-len-0-formerr (7873 5.2.2)", EDNS(COOKIE("\0")), FORMERR, "FORMERR; opt 1232" },
	{ "cookie-len-1-formerr (7873 5.2.2)", EDNS(COOKIE("\1") "1"), FORMERR,
			"FORMERR; opt 1232" },
	{ "cookie-len-7-formerr (7873 5.2.2)", EDNS(COOKIE("\7") "1234567"), FORMERR,
			"FORMERR; opt 1232" },
	{ "cookie-len-9-formerr (7873 5.2.2)", EDNS(COOKIE("\x9") "123456789"), FORMERR,
			"FORMERR; opt 1232" },
	{ "cookie-len-15-formerr (7873 5.2.2)", EDNS(COOKIE("\xf") "123456789abcdef"), FORMERR,
			"FORMERR; opt 1232" },
	{ "cookie-len-41-formerr (7873 5.2.2)",
			EDNS(COOKIE("\x29") "123456789abcdef0123456789abcdef0123456789"), FORMERR,
			"FORMERR; opt 1232" },
	{ "cookie-only-qd0 (7873 5.4)", COOKIE_ALONE(COOKIE_CLIENT), NOERROR,
			"NOERROR; no question; opt 1232 " COOKIE_GOOD_TEXT },
	{ "cookie-only-qd0-good (7873 5.4)", COOKIE_ALONE(COOKIE_GOOD), NOERROR,
			"NOERROR; no question; opt 1232 " COOKIE_GOOD_TEXT },
	{ "cookie-only-qd0-bad (7873 5.4)", COOKIE_ALONE(COOKIE("\x10") CLIENT_COOKIE "12345678"),
			BADCOOKIE, "BADCOOKIE; no question; opt 1232 " COOKIE_GOOD_TEXT },
	{ "cookie-only-qd0-malformed (7873 5.2.2)", COOKIE_ALONE(COOKIE("\7") "1234567"), FORMERR,
			"FORMERR; no question; opt 1232" },
	{ "nsid-only-qd0 (9619 4)", COOKIE_ALONE(NSID), FORMERR,
			"FORMERR; no question; opt 1232 nsid \"node1 7.0\"" },
};

static const struct row required_rows[] = {
	{ "required-client-only (7873 5.2.3)", REQUIRING(COOKIE_CLIENT), BADCOOKIE,
			"BADCOOKIE; opt 1232 " COOKIE_GOOD_TEXT },
	{ "required-bad (7873 5.2.4)", REQUIRING(COOKIE("\x10") CLIENT_COOKIE "12345678"),
			BADCOOKIE, "BADCOOKIE; opt 1232 " COOKIE_GOOD_TEXT },
	{ "required-good (7873 5.2.5)", REQUIRING(COOKIE_GOOD), NOERROR,
			ANSWERED COOKIE_GOOD_TEXT },
	{ "required-none-shown (7873 5.2.1)", REQUIRING(NSID), NOERROR,
			ANSWERED "nsid \"node1 7.0\"" },
	{ "required-no-edns (7873 5.2.1)",
			{ "www.example.test.", A, .from = COOKIE_CLIENT_AT, .is_required = true },
			NOERROR, "NOERROR aa; " WWW_A },
	{ "required-over-tcp (7873 5.2.3)",
			{ "www.example.test.", A, .udp_bytes = 1232,
					.options = BYTES(COOKIE_CLIENT), .from = COOKIE_CLIENT_AT,
					.is_tcp = true, .is_required = true },
			NOERROR, ANSWERED COOKIE_GOOD_TEXT },
	{ "required-out-of-zone (7873 5.2.3)",
			{ "www.example.net.", A, .udp_bytes = 1232, .options = BYTES(COOKIE_CLIENT),
					.from = COOKIE_CLIENT_AT, .is_required = true },
			BADCOOKIE, "BADCOOKIE; opt 1232 " COOKIE_GOOD_TEXT },
	{ "required-malformed (7873 5.2.2)", REQUIRING(COOKIE("\7") "1234567"), FORMERR,
			"FORMERR; opt 1232" },
	{ "required-cookie-only-qd0 (7873 5.4)",
			{ NULL, .udp_bytes = 1232, .options = BYTES(COOKIE_CLIENT),
					.from = COOKIE_CLIENT_AT, .is_required = true },
			NOERROR, "NOERROR; no question; opt 1232 " COOKIE_GOOD_TEXT },
};

static const struct row ede_rows[] = {
	{ "ede-20-out-of-zone (8914 4.21)", { "www.example.net.", A, .udp_bytes = 1232 }, REFUSED,
			"REFUSED; opt 1232 ede 20" },
	{ "ede-only-with-edns (8914 3)", { "www.example.net.", A }, REFUSED, "REFUSED" },
	{ "ede-20-chaos (8914 4.21)", { "version.example.", TXT, CH, .udp_bytes = 1232 }, REFUSED,
			"REFUSED; opt 1232 ede 20" },
	{ "ede-18-axfr (8914 4.19)", { "example.test.", 252, .udp_bytes = 1232 }, REFUSED,
			"REFUSED; opt 1232 ede 18" },
	{ "ede-18-ixfr (8914 4.19)", { "example.test.", 251, .udp_bytes = 1232 }, REFUSED,
			"REFUSED; opt 1232 ede 18" },
	{ "ede-30-nxname (9824 3.5)", { "example.test.", 128, .udp_bytes = 1232 }, FORMERR,
			"FORMERR; opt 1232 ede 30" },
	{ "ede-30-opt (9824 3.5)", { "example.test.", 41, .udp_bytes = 1232 }, FORMERR,
			"FORMERR; opt 1232 ede 30" },
	{ "ede-30-tsig (9824 3.5)", { "example.test.", 250, .udp_bytes = 1232 }, FORMERR,
			"FORMERR; opt 1232 ede 30" },
	{ "ede-21-tkey (8914 4.22)", { "example.test.", 249, .udp_bytes = 1232 }, NOTIMP,
			"NOTIMP; opt 1232 ede 21" },
	{ "ede-21-maila (8914 4.22)", { "example.test.", 254, .udp_bytes = 1232 }, NOTIMP,
			"NOTIMP; opt 1232 ede 21" },
	{ "ede-21-class (8914 4.22)", { "www.example.test.", A, .qclass = 255, .udp_bytes = 1232 },
			REFUSED, "REFUSED; opt 1232 ede 21" },
	{ "ede-not-with-malformed (8914 3)",
			{ "example.test.", 128, .udp_bytes = 1232,
					.options = BYTES("\xff\1\0\4abc") },
			FORMERR, "FORMERR; opt 1232" },
	{ "ede-not-with-answers (8914 3)", { "www.example.test.", MX, .udp_bytes = 1232 }, NOERROR,
			"NOERROR aa; " SOA_NEGATIVE "; opt 1232" },
	{ "ede-in-query-ignored (8914 3)", EDNS("\0\xf\0\2\0\x12"), NOERROR,
			"NOERROR aa; " WWW_A "; opt 1232" },
	/* 40 bytes asked: 56 with the cookie, 62 with the error too would be more than half again */
	{ "ede-gives-way-to-terseness",
			{ ".", NS, .udp_bytes = 1232, .options = BYTES(COOKIE_CLIENT),
					.from = COOKIE_CLIENT_AT },
			REFUSED, "REFUSED; opt 1232 " COOKIE_GOOD_TEXT },
	{ "ede-on-the-shortest-query", { ".", NS, .udp_bytes = 1232 }, REFUSED,
			"REFUSED; opt 1232 ede 20" },
};

static const struct row keepalive_rows[] = {
	{ "keepalive-ignored-on-udp (7828 3.3.1)",
			{ "www.example.test.", A, .udp_bytes = 1232,
					.options = BYTES("\0\xb\0\2\0\1") },
			NOERROR, "NOERROR aa; " WWW_A "; opt 1232" },
	{ "tcp-keepalive-option (7828 3.3.2)",
			{ "www.example.test.", A, .udp_bytes = 1232, .options = BYTES(KEEPALIVE),
					.is_tcp = true },
			NOERROR, ANSWERED "keepalive 100" },
	{ "tcp-keepalive-twice (7828)",
			{ "www.example.test.", A, .udp_bytes = 1232,
					.options = BYTES(KEEPALIVE KEEPALIVE), .is_tcp = true },
			NOERROR, ANSWERED "keepalive 100" },
	{ "tcp-keepalive-in-refused (7828 3.3.2)",
			{ "www.example.net.", A, .udp_bytes = 1232, .options = BYTES(KEEPALIVE),
					.is_tcp = true },
			REFUSED, "REFUSED; opt 1232 keepalive 100 ede 20" },
	{ "tcp-keepalive-not-empty (7828 3.2.1)",
			{ "www.example.test.", A, .udp_bytes = 1232,
					.options = BYTES("\0\xb\0\2\0\1"), .is_tcp = true },
			NOERROR, "NOERROR aa; " WWW_A "; opt 1232" },
	{ "tcp-keepalive-only-when-asked (7828 3.3.2)",
			{ "www.example.test.", A, .udp_bytes = 1232, .is_tcp = true }, NOERROR,
			"NOERROR aa; " WWW_A "; opt 1232" },
};

static const struct row zoneversion_rows[] = {
	{ "zoneversion (9660 3.2)", EDNS(ZONEVERSION), NOERROR,
			ANSWERED "zoneversion 2 labels serial 1" },
	{ "zoneversion-content-ignored (9660 3.2)", EDNS("\0\x13\0\3xyz"), NOERROR,
			ANSWERED "zoneversion 2 labels serial 1" },
	{ "zoneversion-twice (9660 3.2)", EDNS(ZONEVERSION ZONEVERSION), NOERROR,
			ANSWERED "zoneversion 2 labels serial 1" },
	{ "zoneversion-in-nxdomain (9660 3.2)",
			{ "x.www.example.test.", A, .udp_bytes = 1232,
					.options = BYTES(ZONEVERSION) },
			NXDOMAIN,
			"NXDOMAIN aa; " SOA_NEGATIVE "; opt 1232 zoneversion 2 labels serial 1" },
	{ "zoneversion-in-nodata (9660 3.2)",
			{ "www.example.test.", MX, .udp_bytes = 1232,
					.options = BYTES(ZONEVERSION) },
			NOERROR,
			"NOERROR aa; " SOA_NEGATIVE "; opt 1232 zoneversion 2 labels serial 1" },
	{ "zoneversion-in-referral (9660 3.2)",
			{ "x.sub.example.test.", A, .udp_bytes = 1232,
					.options = BYTES(ZONEVERSION) },
			NOERROR,
			"NOERROR; ns sub.example.test. 900 NS ns.sub.example.test.; "
			"ar ns.sub.example.test. 900 A 192.0.2.54; "
			"opt 1232 zoneversion 2 labels serial 1" },
	{ "zoneversion-in-truncated (9660 3.2)",
			{ "huge.example.test.", TXT, .udp_bytes = 1232,
					.options = BYTES(ZONEVERSION) },
			TRUNCATED, "NOERROR aa tc; opt 1232 zoneversion 2 labels serial 1" },
	{ "zoneversion-not-ours (9660 3.2)",
			{ "www.example.net.", A, .udp_bytes = 1232, .options = BYTES(ZONEVERSION) },
			REFUSED, "REFUSED; opt 1232 ede 20" },
	{ "zoneversion-chaos (9660 3.2)",
			{ "id.server.", TXT, CH, .udp_bytes = 1232, .options = BYTES(ZONEVERSION) },
			NOERROR, "NOERROR aa; an id.server. 0 CH TXT \"node1\"; opt 1232" },
};

#define NOTHING_10                                           \
	"\xff\1\0\0\xff\1\0\0\xff\1\0\0\xff\1\0\0\xff\1\0\0" \
	"\xff\1\0\0\xff\1\0\0\xff\1\0\0\xff\1\0\0\xff\1\0\0"
#define NOTHING_50  NOTHING_10 NOTHING_10 NOTHING_10 NOTHING_10 NOTHING_10
#define ALL_OF_THEM ZONEVERSION KEEPALIVE NSID ECS_US_24 COOKIE_CLIENT

/* As many options as an OPT can have: of code 0, which nobody has defined. */
static const char empty_options[65000];

static const struct row many_rows[] = {
	{ "100-options (6891 6.1.2)", EDNS(NOTHING_50 NSID NOTHING_50), NOERROR,
			ANSWERED "nsid \"node1 7.0\"" },
	{ "16250-options (6891 6.1.2)",
			{ "www.example.test.", A, .udp_bytes = 1232,
					.options = { empty_options, sizeof(empty_options) } },
			NOERROR, "NOERROR aa; " WWW_A "; opt 1232" },
	{ "every-option-at-once",
			{ "example.test.", A, .udp_bytes = 1232, .options = BYTES(ALL_OF_THEM),
					.from = COOKIE_CLIENT_AT, .is_tcp = true },
			NOERROR,
			"NOERROR aa; an example.test. 60 A 192.0.2.1; "
			"opt 1232 nsid \"node1 7.0\" " COOKIE_GOOD_TEXT
			" keepalive 100 zoneversion 2 labels serial 1 ecs 1/24/24" },
	{ "every-option-twice",
			{ "example.test.", A, .udp_bytes = 1232,
					.options = BYTES(ALL_OF_THEM ALL_OF_THEM),
					.from = COOKIE_CLIENT_AT, .is_tcp = true },
			NOERROR,
			"NOERROR aa; an example.test. 60 A 192.0.2.1; "
			"opt 1232 nsid \"node1 7.0\" " COOKIE_GOOD_TEXT
			" keepalive 100 zoneversion 2 labels serial 1 ecs 1/24/24" },
	/* the records give way, the options never */
	{ "every-option-in-512",
			{ "big.example.test.", TXT, .udp_bytes = 512, .options = BYTES(ALL_OF_THEM),
					.from = COOKIE_CLIENT_AT },
			TRUNCATED,
			"NOERROR aa tc; opt 1232 nsid \"node1 7.0\" " COOKIE_GOOD_TEXT
			" zoneversion 2 labels serial 1 ecs 1/24/0" },
	{ "expire-ignored (7314 2)", EDNS(EXPIRE), NOERROR, "NOERROR aa; " WWW_A "; opt 1232" },
	{ "padding-not-answered (7830 6, 8467 3)", EDNS("\0\xc\0\4\0\0\0\0"), NOERROR,
			"NOERROR aa; " WWW_A "; opt 1232" },
	{ "padding-not-answered-tcp (7830 6)",
			{ "www.example.test.", A, .udp_bytes = 1232,
					.options = BYTES("\0\xc\0\4\0\0\0\0"), .is_tcp = true },
			NOERROR, "NOERROR aa; " WWW_A "; opt 1232" },
};

ROWS_TEST(cookie_rows)
ROWS_TEST(required_rows)
ROWS_TEST(ede_rows)
ROWS_TEST(keepalive_rows)
ROWS_TEST(zoneversion_rows)
ROWS_TEST(many_rows)

/* Without keys a cookie is an option like any other, but its form is still checked. */
static void
without_keys_cookies_are_ignored(void **state)
{
	static const struct row rows[] = {
		{ "off", EDNS(COOKIE_CLIENT), NOERROR, "NOERROR aa; " WWW_A "; opt 1232" },
		{ "off-returned", EDNS(COOKIE_GOOD), NOERROR, "NOERROR aa; " WWW_A "; opt 1232" },
		{ "off-required", REQUIRING(COOKIE_CLIENT), NOERROR,
				"NOERROR aa; " WWW_A "; opt 1232" },
		{ "off-malformed", EDNS(COOKIE("\7") "1234567"), FORMERR, "FORMERR; opt 1232" },
		{ "off-qd0", COOKIE_ALONE(COOKIE_CLIENT), FORMERR,
				"FORMERR; no question; opt 1232" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static uint8_t message[MESSAGE_MAX];
		struct dp_answerer answerer = ask_answerer(*state);
		struct dp_client client = ask_client(&rows[i].ask, DP_UDP);
		size_t len = ask_make(&rows[i].ask, message);
		char text[RENDER_MAX];

		answerer.cookie_keys = NULL;
		assert_int_equal(dp_answer_message(&answerer, &client, message, len, MESSAGE_MAX,
						 &len),
				rows[i].verdict);
		render_reply(message, len, text);
		assert_string_equal(text, rows[i].reply);
	}
}

/* RFC 9018 §4.3: past half its life a cookie is as good, and a new one comes back. */
static void
an_old_cookie_is_taken_and_renewed(void **state)
{
	static const struct ask ask = REQUIRING(COOKIE_GOOD);
	static uint8_t message[MESSAGE_MAX];
	struct dp_settings requiring = ask_settings;
	struct dp_answerer answerer = ask_answerer(*state);
	struct dp_client client = ask_client(&ask, DP_UDP);
	size_t len = ask_make(&ask, message);
	char text[RENDER_MAX];

	requiring.is_cookie_required = true;
	answerer.settings = &requiring;
	answerer.now.unix_s += 1801;
	assert_int_equal(dp_answer_message(&answerer, &client, message, len, MESSAGE_MAX, &len),
			NOERROR);
	render_reply(message, len, text);
	assert_non_null(strstr(text, ANSWERED "cookie 2464c4abcf10c957010000005cf7a61a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_cookie_rows),
		cmocka_unit_test(check_required_rows),
		cmocka_unit_test(check_ede_rows),
		cmocka_unit_test(check_keepalive_rows),
		cmocka_unit_test(check_zoneversion_rows),
		cmocka_unit_test(check_many_rows),
		cmocka_unit_test(without_keys_cookies_are_ignored),
		cmocka_unit_test(an_old_cookie_is_taken_and_renewed),
	};

	return cmocka_run_group_tests(tests, ask_set_up, ask_tear_down);
}
