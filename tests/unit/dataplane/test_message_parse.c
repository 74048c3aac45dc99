/* What parsing comes to: headers, questions, and messages that are not what they say. A row's name
 * ends with the RFC section that decides it; where RFCs leave a choice, the row is the choice. */
#include <string.h>

#include "tests/unit/dataplane/ask.h"

static const struct row header_rows[] = {
	{ "id-qr-opcode (1035 4.1.1)", { "www.example.test.", A }, NOERROR, "NOERROR aa; " WWW_A },
	{ "rd-copied (1035 4.1.1)", { "www.example.test.", A, .flags = 0x0100 }, NOERROR,
			"NOERROR aa rd; " WWW_A },
	{ "z-bit-ignored-and-zero (1035 4.1.1)", { "www.example.test.", A, .flags = 0x0040 },
			NOERROR, "NOERROR aa; " WWW_A },
	{ "ad-in-query (6840 5.7)", { "www.example.test.", A, .flags = 0x0020 }, NOERROR,
			"NOERROR aa; " WWW_A },
	{ "cd-in-query (4035 3.1.6)", { "www.example.test.", A, .flags = 0x0010 }, NOERROR,
			"NOERROR aa cd; " WWW_A },
	{ "tc-in-query-ignored (8906)", { "www.example.test.", A, .flags = 0x0200 }, NOERROR,
			"NOERROR aa; " WWW_A },
	{ "aa-ra-in-query-ignored (8906)", { "www.example.test.", A, .flags = 0x0480 }, NOERROR,
			"NOERROR aa; " WWW_A },
	{ "rcode-in-query-ignored (1035)", { "www.example.test.", A, .flags = 0x000f }, NOERROR,
			"NOERROR aa; " WWW_A },
	{ "response-bit-dropped (loops)", { "www.example.test.", A, .flags = 0x8000 },
			TBL_VERDICT_DROP_RESPONSE, "" },
	{ "response-runt (loops)", { "www.example.test.", A, .flags = 0x8000, .grow = -100 },
			TBL_VERDICT_DROP_RUNT, "" },
	{ "iquery-notimp (3425)", { "www.example.test.", A, .flags = 0x0800 }, NOTIMP,
			"NOTIMP opcode 1; no question" },
	{ "status-notimp (1035)", { "www.example.test.", A, .flags = 0x1000 }, NOTIMP,
			"NOTIMP opcode 2; no question" },
	{ "notify-not-noerror (1996 3.10)", { "example.test.", SOA, .flags = 0x2400 }, REFUSED,
			"REFUSED opcode 4" },
	{ "notify-carries-opt (6891 6.1.1)",
			{ "example.test.", SOA, .flags = 0x2400, .udp_bytes = 1232 }, REFUSED,
			"REFUSED opcode 4; opt 1232 ede 18" },
	{ "notify-out-of-zone (1996 3.10)", { "example.net.", SOA, .flags = 0x2400 }, REFUSED,
			"REFUSED opcode 4" },
	{ "notify-no-question (1996 3.7)", { NULL, .flags = 0x2400 }, FORMERR,
			"FORMERR opcode 4; no question" },
	{ "update-denied (2136 3.3)", { "example.test.", SOA, .flags = 0x2800 }, REFUSED,
			"REFUSED opcode 5" },
	{ "update-unsigned-add-refused (2136 3.3)",
			{ "example.test.", SOA, .flags = 0x2800,
					.before = BYTES("\1a\xc0\x0c\0\1\0\1\0\0\0\0\0\4\1\2\3\4"),
					.udp_bytes = 1232, .edits = { NSCOUNT(1) } },
			REFUSED, "REFUSED opcode 5; opt 1232 ede 18" },
	{ "update-zone-type-not-SOA-FORMERR (2136 3.1.1)", { "example.test.", A, .flags = 0x2800 },
			FORMERR, "FORMERR opcode 5" },
	{ "update-class-CH-FORMERR (2136 3.1.1)",
			{ "example.test.", SOA, .qclass = CH, .flags = 0x2800 }, FORMERR,
			"FORMERR opcode 5" },
	{ "update-class-ANY-FORMERR (2136 3.1.1)",
			{ "example.test.", SOA, .qclass = 255, .flags = 0x2800 }, FORMERR,
			"FORMERR opcode 5" },
	{ "update-class-NONE-FORMERR (2136 3.1.1)",
			{ "example.test.", SOA, .qclass = 254, .flags = 0x2800 }, FORMERR,
			"FORMERR opcode 5" },
	{ "update-zocount-0 (2136 3.1.1)", { NULL, .flags = 0x2800 }, FORMERR,
			"FORMERR opcode 5; no question" },
	{ "update-zocount-2 (2136 3.1.1)",
			{ "example.test.", SOA, .flags = 0x2800, .before = BYTES("\xc0\xc\0\6\0\1"),
					.edits = { QDCOUNT(2) } },
			FORMERR, "FORMERR opcode 5; no question" },
	{ "update-cut (2136 3.4.1)",
			{ "example.test.", SOA, .flags = 0x2800, .edits = { NSCOUNT(1) } }, FORMERR,
			"FORMERR opcode 5" },
	{ "dso-udp (8490)", { "www.example.test.", A, .flags = 0x3000 }, NOTIMP,
			"NOTIMP opcode 6; no question" },
	{ "opcode15-notimp (8906)", { "www.example.test.", A, .flags = 0x7800 }, NOTIMP,
			"NOTIMP opcode 15; no question" },
	{ "opcode15-allflags (8906)", { "www.example.test.", A, .flags = 0x7fff }, NOTIMP,
			"NOTIMP opcode 15 rd cd; no question" },
	{ "opcode15-header-only (8906)", { .flags = 0x7800 }, NOTIMP,
			"NOTIMP opcode 15; no question" },
};

static const struct row question_rows[] = {
	{ "class-none (2136 2.1)", { "www.example.test.", A, .qclass = 254 }, REFUSED, "REFUSED" },
	{ "class-any (1035 3.2.5)", { "www.example.test.", A, .qclass = 255 }, REFUSED, "REFUSED" },
	{ "class-0 (1035 3.2.4)", { "www.example.test.", A, .edits = { WORD(32, 0) } }, REFUSED,
			"REFUSED" },
	{ "class-hesiod (1035 3.2.4)", { "www.example.test.", A, .qclass = 4 }, REFUSED,
			"REFUSED" },
	{ "out-of-zone-refused (8906)", { "www.example.net.", A }, REFUSED, "REFUSED" },
	{ "root-refused (8906)", { ".", NS }, REFUSED, "REFUSED" },
	{ "parent-refused (1034)", { "test.", SOA }, REFUSED, "REFUSED" },
	{ "axfr (5936 5)", { "example.test.", 252 }, REFUSED, "REFUSED" },
	{ "axfr-tcp (5936 5)", { "example.test.", 252, .is_tcp = true }, REFUSED, "REFUSED" },
	{ "ixfr (1995 2)", { "example.test.", 251 }, REFUSED, "REFUSED" },
	{ "mailb (1035 3.2.3)", { "example.test.", 253 }, NOTIMP, "NOTIMP" },
	{ "maila (1035 3.2.3)", { "example.test.", 254 }, NOTIMP, "NOTIMP" },
	{ "qtype-opt (6891 6.1.1)", { "example.test.", 41 }, FORMERR, "FORMERR" },
	{ "qtype-tkey (2930 4)", { "example.test.", 249 }, NOTIMP, "NOTIMP" },
	{ "qtype-tsig (8945 4.2)", { "example.test.", 250 }, FORMERR, "FORMERR" },
	{ "qtype-nxname (9824 3.5)", { "example.test.", 128 }, FORMERR, "FORMERR" },
	{ "qtype-0 (6895 3.1)", { "www.example.test.", 0 }, NOERROR, "NOERROR aa; " SOA_NEGATIVE },
	{ "qtype-129 (6895 3.1)", { "www.example.test.", 129 }, NOERROR,
			"NOERROR aa; " SOA_NEGATIVE },
	{ "qtype-65535-nodata (3597)", { "www.example.test.", 65535 }, NOERROR,
			"NOERROR aa; " SOA_NEGATIVE },
	{ "qtype-666-nodata (3597)", { "www.example.test.", 666 }, NOERROR,
			"NOERROR aa; " SOA_NEGATIVE },
	{ "unknown-type-data (3597)", { "unknown.example.test.", 666 }, NOERROR,
			"NOERROR aa; an unknown.example.test. 300 TYPE666 \"opaque\"" },
	{ "any-bounded (8482 4.1)", { "www.example.test.", ANY }, NOERROR, "NOERROR aa; " WWW_A },
	{ "rrsig-query-nodata (4035 3.1)", { "www.example.test.", RRSIG }, NOERROR,
			"NOERROR aa; " SOA_NEGATIVE },
	{ "0x20-question-echo (4343)", { "wWw.ExAmPlE.tEsT.", A }, NOERROR,
			"NOERROR aa; an wWw.ExAmPlE.tEsT. 300 A 192.0.2.80" },
	{ "null-dot-high-octets (2181 11)", { "\\000\\.\\255.example.test.", TXT }, NOERROR,
			"NOERROR aa; an \\000\\046\\255.example.test. 300 TXT \"any octet\"" },
	{ "dot-label-is-not-two-labels (2181 11)", { "a\\.b.ent.example.test.", A }, NXDOMAIN,
			"NXDOMAIN aa; " SOA_NEGATIVE },
};

static const struct row malformed_rows[] = {
	{ "header-only (9619 4)", { NULL }, FORMERR, "FORMERR; no question" },
	{ "header-qd1-empty (1035)", { NULL, .edits = { QDCOUNT(1) } }, FORMERR,
			"FORMERR; no question" },
	{ "header-qd0-opt (9619 4)", { NULL, .udp_bytes = 1232 }, FORMERR,
			"FORMERR; no question; opt 1232" },
	{ "qdcount2-formerr (9619 4)",
			{ "www.example.test.", A, .before = BYTES("\1a\0\0\1\0\1"),
					.edits = { QDCOUNT(2) } },
			FORMERR, "FORMERR; no question" },
	{ "formerr-qd2-opt (6891 6.1.1)",
			{ "www.example.test.", A, .before = BYTES("\1a\xc0\xc\0\1\0\1"),
					.udp_bytes = 1232, .edits = { QDCOUNT(2) } },
			FORMERR, "FORMERR; no question; opt 1232" },
	{ "qdcount-65535 (9619 4)", { "www.example.test.", A, .edits = { QDCOUNT(65535) } },
			FORMERR, "FORMERR; no question" },
	{ "short-0-dropped", { NULL, .grow = -12 }, TBL_VERDICT_DROP_RUNT, "" },
	{ "short-1-dropped", { NULL, .grow = -11 }, TBL_VERDICT_DROP_RUNT, "" },
	{ "short-2-dropped", { NULL, .grow = -10 }, TBL_VERDICT_DROP_RUNT, "" },
	{ "short-11-dropped", { NULL, .grow = -1 }, TBL_VERDICT_DROP_RUNT, "" },
	{ "label-0x40 (2673)", { "www.example.test.", A, .edits = { BYTE(12, 0x41) } }, FORMERR,
			"FORMERR; no question" },
	{ "label-0x80 (1035 4.1.4)", { "www.example.test.", A, .edits = { BYTE(12, 0x81) } },
			FORMERR, "FORMERR; no question" },
	{ "qname-self-pointer (1035 4.1.4)",
			{ "www.example.test.", A, .edits = { WORD(12, 0xc00c) } }, FORMERR,
			"FORMERR; no question" },
	{ "qname-forward-pointer (1035 4.1.4)",
			{ "www.example.test.", A, .edits = { WORD(12, 0xc010) } }, FORMERR,
			"FORMERR; no question" },
	{ "qname-pointer-to-header (1035)",
			{ "www.example.test.", A, .edits = { WORD(12, 0xc000) } }, FORMERR,
			"FORMERR; no question" },
	{ "pointer-past-end (1035 4.1.4)",
			{ "www.example.test.", A, .edits = { WORD(16, 0xffff) } }, FORMERR,
			"FORMERR; no question" },
	{ "truncated-qname (1035)", { "www.example.test.", A, .grow = -7 }, FORMERR,
			"FORMERR; no question" },
	{ "missing-qtype (1035)", { "www.example.test.", A, .grow = -4 }, FORMERR,
			"FORMERR; no question" },
	{ "half-qtype (1035)", { "www.example.test.", A, .grow = -3 }, FORMERR,
			"FORMERR; no question" },
	{ "missing-qclass (1035)", { "www.example.test.", A, .grow = -2 }, FORMERR,
			"FORMERR; no question" },
	{ "owner-past-the-end (1035 4.1.2)",
			{ "www.example.test.", A, .after = BYTES("\77abc"),
					.edits = { ARCOUNT(1) } },
			FORMERR, "FORMERR" },
	{ "second-question-cut (9619)",
			{ "www.example.test.", A, .after = BYTES("\0\0\1"),
					.edits = { QDCOUNT(2) } },
			FORMERR, "FORMERR; no question" },
	{ "ancount-lie (1035 4.1.1)", { "www.example.test.", A, .edits = { ANCOUNT(1) } }, FORMERR,
			"FORMERR" },
	{ "nscount-lie (1035 4.1.1)", { "www.example.test.", A, .edits = { NSCOUNT(65535) } },
			FORMERR, "FORMERR" },
	{ "arcount-lie (1035 4.1.1)", { "www.example.test.", A, .edits = { ARCOUNT(1) } }, FORMERR,
			"FORMERR" },
	{ "every-count-65535",
			{ "www.example.test.", A, .edits = { WORD(6, 65535), WORD(8, 65535) } },
			FORMERR, "FORMERR" },
	{ "arcount-lie-behind-opt (6891)",
			{ "www.example.test.", A, .udp_bytes = 1232, .edits = { ARCOUNT(2) } },
			FORMERR, "FORMERR; opt 1232" },
	{ "rr-in-answer (1035)",
			{ "www.example.test.", A, .before = BYTES(RR_A), .edits = { ANCOUNT(1) } },
			NOERROR, "NOERROR aa; " WWW_A },
	{ "rr-rdlength-overrun (1035)",
			{ "www.example.test.", A, .before = BYTES(RR_A), .grow = -1,
					.edits = { ANCOUNT(1) } },
			FORMERR, "FORMERR" },
	{ "rr-owner-reserved-label (1035)",
			{ "www.example.test.", A, .before = BYTES("\x80" RR_A),
					.edits = { ANCOUNT(1) } },
			FORMERR, "FORMERR" },
	{ "rr-owner-label-of-65 (1035 2.3.4)",
			{ "www.example.test.", A, .before = BYTES("\x41" LABEL_65 RR_A),
					.edits = { ANCOUNT(1) } },
			FORMERR, "FORMERR" },
	{ "rr-owner-pointer-cut (1035)",
			{ "www.example.test.", A, .before = BYTES("\xc0"),
					.edits = { ANCOUNT(1) } },
			FORMERR, "FORMERR" },
	{ "trailing-garbage-not-reflected (DVE-2017-0001)",
			{ "www.example.test.", A, .after = BYTES("garbage, and more of it") },
			NOERROR, "NOERROR aa; " WWW_A },
	{ "trailing-garbage-behind-opt",
			{ "www.example.test.", A, .udp_bytes = 1232, .after = BYTES("garbage") },
			NOERROR, "NOERROR aa; " WWW_A "; opt 1232" },
};

ROWS_TEST(header_rows)
ROWS_TEST(question_rows)
ROWS_TEST(malformed_rows)

/* 255 bytes of name are looked up, 256 are no name (RFC 1035 §2.3.4). */
static void
longest_name_is_answered(void **state)
{
	static uint8_t message[MESSAGE_MAX];
	const struct ask ask = { "example.test.", A };
	static const uint8_t long_label[64] = { 63 };
	char text[RENDER_MAX];

	for (uint8_t last = 50; last <= 51; last++) {
		size_t base = ask_make(&ask, message);
		uint8_t suffix[18];
		size_t len = 12;

		memcpy(suffix, message + 12, base - 12); /* name and type, class */
		for (int i = 0; i < 3; i++, len += 64) {
			memcpy(message + len, long_label, 64);
		}
		message[len] = (uint8_t)(last - 2);
		memset(message + len + 1, 'x', last - 2u);
		len += last - 1u;
		memcpy(message + len, suffix, base - 12);
		len += base - 12;
		(void)ask_run(*state, &ask, DP_UDP, message, &len);
		render_reply(message, len, text);
		assert_int_equal(strncmp(text,
						 last == 50 ? "NOERROR aa; an "
							    : "FORMERR; no question",
						 15),
				0);
	}
}

/* A query cut anywhere gets FORMERR, or silence where there is no header. */
/* conformance: query-cut-anywhere | RFC 1035 §4.1 | A query cut at any octet is FORMERR or dropped, and nothing
 * behind is read. */
static void
a_query_cut_anywhere_is_formerr(void **state)
{
	static uint8_t message[MESSAGE_MAX];
	const struct ask ask = { "www.example.test.", A, .udp_bytes = 1232,
		.options = BYTES(NSID ECS_US_24 UNKNOWN) };
	size_t whole = ask_make(&ask, message);

	for (size_t cut = 0; cut < whole; cut++) {
		size_t len = cut;

		(void)ask_make(&ask, message);
		assert_int_equal(ask_run(*state, &ask, DP_UDP, message, &len),
				cut < 12 ? TBL_VERDICT_DROP_RUNT : FORMERR);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_header_rows),
		cmocka_unit_test(check_question_rows),
		cmocka_unit_test(check_malformed_rows),
		cmocka_unit_test(longest_name_is_answered),
		cmocka_unit_test(a_query_cut_anywhere_is_formerr),
	};

	return cmocka_run_group_tests(tests, ask_set_up, ask_tear_down);
}
