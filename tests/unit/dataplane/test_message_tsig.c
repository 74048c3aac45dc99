/* Signed queries to a server without keys: BADKEY, or FORMERR for what is no TSIG at all. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/dataplane/reparse.h"
#include "tests/unit/dataplane/ask.h"

#define KEY       "\3key\0"
#define FIXED     "\0\xfa\0\xff\0\0\0\0" /* type TSIG, class ANY, TTL 0 */
#define ALGORITHM "\x0bhmac-sha256\0"
/* Time Signed 0x100000001, Fudge 300, a MAC of 4 bytes, Original ID, no error, no Other Data. */
#define TIME  "\0\1\0\0\0\1\1\x2c"
#define MAC   "\0\4mac!"
#define REST  "\xbe\xef\0\0\0\0"
#define RDATA "\0\x21" ALGORITHM TIME MAC REST
#define TSIG  KEY FIXED RDATA

#define BADKEY "tsig key. hmac-sha256. time 1 fudge 300 id beef error 17"

/* A query for www.example.test. A with these bytes behind the question. */
#define WITH(bytes, cnt)                                                                  \
	{                                                                                 \
		"www.example.test.", A, .before = BYTES(bytes), .edits = { ARCOUNT(cnt) } \
	}

static const struct row rows[] = {
	{ "unknown-key-badkey (8945 5.2.1)", WITH(TSIG, 1), NOTAUTH, "NOTAUTH; " BADKEY },
	{ "badkey-over-tcp (8945 5.2.1)",
			{ "www.example.test.", A, .before = BYTES(TSIG), .edits = { ARCOUNT(1) },
					.is_tcp = true },
			NOTAUTH, "NOTAUTH; " BADKEY },
	{ "badkey-behind-opt (8945 5.2)",
			{ "www.example.test.", A, .udp_bytes = 1232, .after = BYTES(TSIG),
					.edits = { ARCOUNT(2) } },
			NOTAUTH, "NOTAUTH; opt 1232; " BADKEY },
	{ "badkey-outranks-refused (8945 5.2)",
			{ "example.net.", A, .before = BYTES(TSIG), .edits = { ARCOUNT(1) } },
			NOTAUTH, "NOTAUTH; " BADKEY },
	{ "badkey-axfr (8945 5.2)",
			{ "example.test.", 252, .before = BYTES(TSIG), .edits = { ARCOUNT(1) } },
			NOTAUTH, "NOTAUTH; " BADKEY },
	{ "badkey-update (8945 5.2)",
			{ "example.test.", SOA, .flags = 0x2800, .before = BYTES(TSIG),
					.edits = { ARCOUNT(1) } },
			NOTAUTH, "NOTAUTH opcode 5; " BADKEY },
	{ "badkey-notify (8945 5.2)",
			{ "example.test.", SOA, .flags = 0x2400, .before = BYTES(TSIG),
					.edits = { ARCOUNT(1) } },
			NOTAUTH, "NOTAUTH opcode 4; " BADKEY },
	{ "unknown-opcode-with-tsig (8906 3.2)",
			{ "example.test.", SOA, .flags = 0x3000, .before = BYTES(TSIG),
					.edits = { ARCOUNT(1) } },
			NOTIMP, "NOTIMP opcode 6; no question" },
	{ "badvers-outranks-badkey (6891 6.1.3)",
			{ "www.example.test.", A, .udp_bytes = 1232, .opt_ttl = 1u << 16,
					.after = BYTES(TSIG), .edits = { ARCOUNT(2) } },
			BADVERS, "BADVERS; opt 1232" },
	{ "key-name-case (4343)", WITH("\3KeY\0" FIXED RDATA, 1), NOTAUTH,
			"NOTAUTH; tsig KeY. hmac-sha256. time 1 fudge 300 id beef error 17" },
	{ "key-at-the-root", WITH("\0" FIXED RDATA, 1), NOTAUTH,
			"NOTAUTH; tsig . hmac-sha256. time 1 fudge 300 id beef error 17" },
	{ "key-name-compressed (1035 4.1.4)", WITH("\3key\xc0\x10" FIXED RDATA, 1), NOTAUTH,
			"NOTAUTH; tsig key.example.test. hmac-sha256. time 1 fudge 300 id beef "
			"error 17" },
	{ "unknown-algorithm (CVE-2025-40775)", WITH(KEY FIXED "\0\x15\0" TIME MAC REST, 1),
			NOTAUTH, "NOTAUTH; tsig key. . time 1 fudge 300 id beef error 17" },
	{ "no-mac (8945 4.2)", WITH(KEY FIXED "\0\x1d" ALGORITHM TIME "\0\0" REST, 1), NOTAUTH,
			"NOTAUTH; " BADKEY },
	{ "other-data (8945 4.2)",
			WITH(KEY FIXED "\0\x27" ALGORITHM TIME MAC "\xbe\xef\0\x12\0\6\0\0\0\0\0\1",
					1),
			NOTAUTH, "NOTAUTH; " BADKEY },
	{ "tsig-not-last-formerr (8945 5.2)", WITH(TSIG RR_A, 2), FORMERR, "FORMERR" },
	{ "tsig-before-opt (8945 5.2)",
			{ "www.example.test.", A, .before = BYTES(TSIG), .udp_bytes = 1232,
					.edits = { ARCOUNT(2) } },
			FORMERR, "FORMERR; opt 1232" },
	{ "two-tsig-formerr (8945 5.2)", WITH(TSIG TSIG, 2), FORMERR, "FORMERR" },
	{ "tsig-in-answer (8945 5.2)",
			{ "www.example.test.", A, .before = BYTES(TSIG), .edits = { ANCOUNT(1) } },
			FORMERR, "FORMERR" },
	{ "tsig-in-authority (8945 5.2)",
			{ "www.example.test.", A, .before = BYTES(TSIG), .edits = { NSCOUNT(1) } },
			FORMERR, "FORMERR" },
	{ "tsig-class-in (8945 4.2)", WITH(KEY "\0\xfa\0\1\0\0\0\0" RDATA, 1), FORMERR, "FORMERR" },
	{ "tsig-ttl (8945 4.2)", WITH(KEY "\0\xfa\0\xff\0\0\0\1" RDATA, 1), FORMERR, "FORMERR" },
	{ "tsig-rdata-empty (8945 4.2)", WITH(KEY FIXED "\0\0", 1), FORMERR, "FORMERR" },
	{ "tsig-mac-overrun (8945 4.2)",
			WITH(KEY FIXED "\0\x21" ALGORITHM TIME "\0\xff"
				       "mac!" REST,
					1),
			FORMERR, "FORMERR" },
	{ "tsig-other-overrun (8945 4.2)",
			WITH(KEY FIXED "\0\x21" ALGORITHM TIME MAC "\xbe\xef\0\0\0\1", 1), FORMERR,
			"FORMERR" },
	{ "tsig-other-short (8945 4.2)", WITH(KEY FIXED "\0\x22" ALGORITHM TIME MAC REST "x", 1),
			FORMERR, "FORMERR" },
	{ "algorithm-compressed (3597 4)", WITH(KEY FIXED "\0\x16\xc0\x0c" TIME MAC REST, 1),
			FORMERR, "FORMERR" },
	{ "algorithm-reserved-label (1035)", WITH(KEY FIXED "\0\x15\x40" TIME MAC REST, 1), FORMERR,
			"FORMERR" },
	{ "key-name-self-pointer (1035 4.1.4)", WITH("\xc0\x22" FIXED RDATA, 1), FORMERR,
			"FORMERR" },
	{ "key-name-forward-pointer (1035 4.1.4)", WITH("\xc0\x30" FIXED RDATA, 1), FORMERR,
			"FORMERR" },
	{ "key-name-pointer-to-header (1035)", WITH("\xc0\x00" FIXED RDATA, 1), FORMERR,
			"FORMERR" },
};

ROWS_TEST(rows)

/* Owners that point into the middle of the question's first label, at its second byte, which then is the
 * length of one that leads anywhere. The owner is at 34, the RDATA of all rows at 46. */
#define ASTRAY(name, bytes)                                                \
	{                                                                  \
		(name), A, .before = BYTES(bytes), .edits = { ARCOUNT(1) } \
	}
#define SECOND_BYTE "\xc0\x0e"
#define MAC_171                                                                             \
	"\0\xab"                                                                            \
	"123456789012345678901234567890123456789012345678901234567890123456789012345678901" \
	"123456789012345678901234567890123456789012345678901234567890123456789012345678901" \
	"123456789"
#define LABEL_63 \
	"\x3f"   \
	"123456789012345678901234567890123456789012345678901234567890123"

static const struct row astray_rows[] = {
	{ "key-name-reserved-label (1035 4.1.4)",
			ASTRAY("w\\064w.example.test.", SECOND_BYTE FIXED RDATA), FORMERR,
			"FORMERR" },
	{ "key-name-past-its-record", ASTRAY("w\\063w.example.test.", SECOND_BYTE FIXED RDATA),
			FORMERR, "FORMERR" },
	{ "key-name-up-to-its-rdata", ASTRAY("w\\031w.example.test.", SECOND_BYTE FIXED RDATA),
			FORMERR, "FORMERR" },
	/* the last byte before the RDATA looks like the first of a pointer: RDLENGTH is 200 */
	{ "key-name-ends-in-half-a-pointer",
			ASTRAY("w\\030w.example.test.",
					SECOND_BYTE FIXED "\0\xc8" ALGORITHM TIME MAC_171 REST),
			FORMERR, "FORMERR" },
	{ "key-name-of-257 (1035 2.3.4)",
			WITH(LABEL_63 LABEL_63 LABEL_63 LABEL_63 "\0" FIXED RDATA, 1), FORMERR,
			"FORMERR" },
};

ROWS_TEST(astray_rows)

/* A TSIG cut anywhere is FORMERR, and nothing behind the query is read (ask_run's exact block). */
/* conformance: tsig-cut-anywhere | RFC 8945 §5.2 | A TSIG cut at any octet is FORMERR. */
static void
a_tsig_cut_anywhere_is_formerr(void **state)
{
	static uint8_t message[MESSAGE_MAX];
	const struct ask ask = WITH(TSIG, 1);
	size_t whole = ask_make(&ask, message);

	for (size_t cut = whole - (sizeof(TSIG) - 1); cut < whole; cut++) {
		size_t len = cut;

		(void)ask_make(&ask, message);
		assert_int_equal(ask_run(*state, &ask, DP_UDP, message, &len), FORMERR);
	}
}

/* RDLENGTH too short by any number, with the message going on behind it. */
static void
a_tsig_of_any_length_but_its_own_is_formerr(void **state)
{
	static uint8_t message[MESSAGE_MAX];
	const struct ask ask = WITH(TSIG, 1);

	for (uint8_t rdata_len = 0; rdata_len < 0x21; rdata_len++) {
		size_t len = ask_make(&ask, message);

		message[len - 0x22] = rdata_len;
		assert_int_equal(ask_run(*state, &ask, DP_UDP, message, &len), FORMERR);
	}
}

static size_t
append(uint8_t *message, size_t len, const uint8_t *bytes, size_t size)
{
	memcpy(message + len, bytes, size);
	return len + size;
}

/* Writes a query for a name of 255 bytes, signed by a key with a name of as many. */
static size_t
make_longest(uint8_t *message)
{
	static const uint8_t header[12] = { 0xca, 0xfe, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1 };
	static const uint8_t type_class[4] = { 0, 1, 0, 1 };
	/* 255 bytes of algorithm, 20 behind it. */
	static const uint8_t fixed[10] = { 0, 250, 0, 255, 0, 0, 0, 0, 1, 0x13 };
	static const uint8_t rest[20] = { 0, 1, 0, 0, 0, 1, 1, 0x2c, 0, 4, 'm', 'a', 'c', '!', 0xbe,
		0xef };
	uint8_t name[TBL_NAME_MAX] = { 0 };
	size_t len = 0;

	for (size_t at = 0; at < 254; at += 1u + name[at]) {
		name[at] = (uint8_t)(at < 192 ? 63 : 61);
		memset(name + at + 1, 'x', name[at]);
	}
	len = append(message, len, header, sizeof(header));
	len = append(message, len, name, sizeof(name));
	len = append(message, len, type_class, sizeof(type_class));
	len = append(message, len, name, sizeof(name));
	len = append(message, len, fixed, sizeof(fixed));
	len = append(message, len, name, sizeof(name));
	return append(message, len, rest, sizeof(rest));
}

/* 512 bytes do not hold the longest TSIG: TC says that TCP will (RFC 8945 §5.3), and there it is. */
/* conformance: tsig-error-too-long | RFC 8945 §5.3 | An error's TSIG that does not fit is TC, and comes over TCP. */
static void
a_tsig_too_long_for_udp_is_sent_over_tcp(void **state)
{
	static uint8_t query[MESSAGE_MAX];
	static uint8_t reply[MESSAGE_MAX];
	static struct reparse_message parsed;
	const struct ask ask = { "example.test.", A };
	size_t query_len = make_longest(query);
	size_t len = query_len;

	memcpy(reply, query, query_len);
	assert_int_equal(ask_run(*state, &ask, DP_UDP, reply, &len), TRUNCATED);
	assert_null(reparse(reply, len, &parsed));
	assert_int_equal(parsed.flags, 0x8209); /* QR, TC, NOTAUTH */
	assert_false(parsed.has_tsig);
	len = query_len;
	memcpy(reply, query, query_len);
	assert_int_equal(ask_run(*state, &ask, DP_TCP, reply, &len), NOTAUTH);
	assert_null(reparse(reply, len, &parsed));
	assert_true(parsed.has_tsig);
	assert_int_equal(parsed.tsig.owner.len, TBL_NAME_MAX);
	assert_int_equal(len, query_len - 4); /* the MAC is all that goes */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_rows),
		cmocka_unit_test(check_astray_rows),
		cmocka_unit_test(a_tsig_cut_anywhere_is_formerr),
		cmocka_unit_test(a_tsig_of_any_length_but_its_own_is_formerr),
		cmocka_unit_test(a_tsig_too_long_for_udp_is_sent_over_tcp),
	};

	return cmocka_run_group_tests(tests, ask_set_up, ask_tear_down);
}
