/* Queries in, verdicts and replies out, over the zone of zone.c. Each row is one check and names the
 * RFC section that decides it; where RFCs leave a choice, the row is the choice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/build.h"

#include "dataplane/frame.h"
#include "dataplane/message.h"
#include "tests/fuzz/dataplane/reparse.h"
#include "tests/unit/dataplane/render.h"
#include "tests/unit/dataplane/zone.h"
#include "tests/unit/test.h"

#define MESSAGE_MAX 65535u
#define UDP_MAX     1232u

enum {
	A = 1,
	NS = 2,
	CNAME = 5,
	SOA = 6,
	MX = 15,
	TXT = 16,
	AAAA = 28,
	DS = 43,
	RRSIG = 46,
	ANY = 255,
	CH = 3,
	DO = 0x8000,
};

struct edit {
	uint16_t off;
	uint16_t bytes; /* 0: no edit */
	uint16_t value;
};

#define BYTE(off, value)          \
	{                         \
		(off), 1, (value) \
	}
#define WORD(off, value)          \
	{                         \
		(off), 2, (value) \
	}
#define BYTES(literal)                         \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}
#define QDCOUNT(value) WORD(4, value)
#define ANCOUNT(value) WORD(6, value)
#define NSCOUNT(value) WORD(8, value)
#define ARCOUNT(value) WORD(10, value)

struct bytes {
	const char *at;
	size_t len;
};

/* One query. The name is presentation text; an OPT is there when udp_bytes is not 0. */
struct ask {
	const char *name;
	uint16_t type;
	uint16_t qclass; /* 0: IN */
	uint16_t flags;
	uint16_t udp_bytes;
	uint32_t opt_ttl;
	struct bytes options;
	struct bytes before; /* the OPT */
	struct bytes after;
	struct edit edits[2]; /* last of all */
	int grow;             /* bytes cut off (negative) */
	const char *from;     /* NULL: 198.51.100.7, in the United States */
	bool is_tcp;
};

struct row {
	const char *name;
	struct ask ask;
	enum tbl_verdict verdict;
	const char *reply;
};

#define NOERROR   TBL_VERDICT_ANSWER_NOERROR
#define NXDOMAIN  TBL_VERDICT_ANSWER_NXDOMAIN
#define REFUSED   TBL_VERDICT_ANSWER_REFUSED
#define FORMERR   TBL_VERDICT_ANSWER_FORMERR
#define NOTIMP    TBL_VERDICT_ANSWER_NOTIMP
#define BADVERS   TBL_VERDICT_ANSWER_BADVERS
#define TRUNCATED TBL_VERDICT_ANSWER_TRUNCATED

#define SOA_NEGATIVE "ns example.test. 300 SOA ns1.example.test. 300"
#define WWW_A        "an www.example.test. 300 A 192.0.2.80"

/* Resource records and options, as they lie in a query. */
#define RR_A       "\0\0\1\0\1\0\0\0\0\0\4\1\2\3\4"
#define LABEL_65   "12345678901234567890123456789012345678901234567890123456789012345"
#define OPT_FIXED  "\0\x29\4\xd0\0\0\0\0\0\0"
#define RR_OPT     "\0" OPT_FIXED
#define NSID       "\0\3\0\0"
#define ECS(len)   "\0\x08\0" len
#define ECS_US_24  ECS("\7") "\0\1\x18\0\xc6\x33\x64"
#define ECS_DE_24  ECS("\7") "\0\1\x18\0\xcb\0\x71"
#define ECS_US6_56 ECS("\xb") "\0\2\x38\0\x20\1\xd\xb8\0\xa\0"
#define UNKNOWN    "\xff\x01\0\3abc"

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
	{ "notify-not-noerror (1996)", { "example.test.", SOA, .flags = 0x2400 }, NOTIMP,
			"NOTIMP opcode 4; no question" },
	{ "update-denied (2136)", { "example.test.", SOA, .flags = 0x2800 }, NOTIMP,
			"NOTIMP opcode 5; no question" },
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
	{ "qtype-nxname (9824 3.4)", { "example.test.", 128 }, FORMERR, "FORMERR" },
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

static const struct row edns_rows[] = {
	{ "plain-no-opt-in-reply (6891 6.1.1)", { "www.example.test.", AAAA }, NOERROR,
			"NOERROR aa; an www.example.test. 300 AAAA 2001:db8::80" },
	{ "opt-in-reply (6891 6.1.1)", { "www.example.test.", A, .udp_bytes = 4096 }, NOERROR,
			"NOERROR aa; " WWW_A "; opt 1232" },
	{ "do-bit-copied (3225 3)", { "www.example.test.", A, .udp_bytes = 1232, .opt_ttl = DO },
			NOERROR, "NOERROR aa; " WWW_A "; opt 1232 do" },
	{ "unknown-flags-zeroed (6891 6.1.4)",
			{ "www.example.test.", A, .udp_bytes = 1232, .opt_ttl = 0x7fff }, NOERROR,
			"NOERROR aa; " WWW_A "; opt 1232" },
	{ "opt-ttl-extrcode-in-query-ignored (6891)",
			{ "www.example.test.", A, .udp_bytes = 1232, .opt_ttl = 0xff000000 },
			NOERROR, "NOERROR aa; " WWW_A "; opt 1232" },
	{ "badvers (6891 6.1.3)",
			{ "www.example.test.", A, .udp_bytes = 1232, .opt_ttl = 0x010000 }, BADVERS,
			"BADVERS; opt 1232" },
	{ "badvers-255 (6891 6.1.3)",
			{ "www.example.test.", A, .udp_bytes = 1232, .opt_ttl = 0xff8000 }, BADVERS,
			"BADVERS; opt 1232 do" },
	{ "badvers-with-options (8906)",
			{ "www.example.test.", A, .udp_bytes = 1232, .opt_ttl = 0x010000,
					.options = BYTES(NSID ECS_US_24 UNKNOWN) },
			BADVERS, "BADVERS; opt 1232" },
	{ "badvers-outside-zone (6891 6.1.3)",
			{ "www.example.net.", A, .udp_bytes = 1232, .opt_ttl = 0x010000 }, BADVERS,
			"BADVERS; opt 1232" },
	{ "unknown-option-ignored (6891 6.1.2)",
			{ "www.example.test.", A, .udp_bytes = 1232, .options = BYTES(UNKNOWN) },
			NOERROR, "NOERROR aa; " WWW_A "; opt 1232" },
	{ "cookie-not-echoed (7873)",
			{ "www.example.test.", A, .udp_bytes = 1232,
					.options = BYTES("\0\xa\0\x08"
							 "abcdefgh") },
			NOERROR, "NOERROR aa; " WWW_A "; opt 1232" },
	{ "padding-no-udp-amplification (7830)",
			{ "www.example.test.", A, .udp_bytes = 1232,
					.options = BYTES("\0\xc\0\4\0\0\0\0") },
			NOERROR, "NOERROR aa; " WWW_A "; opt 1232" },
	{ "keepalive-ignored-on-udp (7828)",
			{ "www.example.test.", A, .udp_bytes = 1232,
					.options = BYTES("\0\xb\0\0") },
			NOERROR, "NOERROR aa; " WWW_A "; opt 1232" },
	{ "two-opts-formerr (6891 6.1.1)",
			{ "www.example.test.", A, .udp_bytes = 1232, .before = BYTES(RR_OPT),
					.edits = { ARCOUNT(2) } },
			FORMERR, "FORMERR; opt 1232" },
	{ "opt-owner-not-root (6891 6.1.2)",
			{ "www.example.test.", A, .before = BYTES("\1a" RR_OPT),
					.edits = { ARCOUNT(1) } },
			FORMERR, "FORMERR" },
	{ "opt-owner-not-root-then-opt (6891 6.1.2)",
			{ "www.example.test.", A, .before = BYTES("\1a" RR_OPT), .udp_bytes = 1232,
					.edits = { ARCOUNT(2) } },
			FORMERR, "FORMERR" },
	{ "opt-owner-compressed (6891 6.1.2)",
			{ "www.example.test.", A, .before = BYTES("\xc0\x1d" OPT_FIXED),
					.edits = { ARCOUNT(1) } },
			FORMERR, "FORMERR" },
	{ "opt-rdlen-overrun (6891 6.1.2)",
			{ "www.example.test.", A, .udp_bytes = 1232, .options = BYTES(NSID),
					.grow = -1 },
			FORMERR, "FORMERR" },
	{ "option-len-overrun (6891 6.1.2)",
			{ "www.example.test.", A, .udp_bytes = 1232,
					.options = BYTES("\xff\1\0\4abc") },
			FORMERR, "FORMERR; opt 1232" },
	{ "option-header-cut (6891 6.1.2)",
			{ "www.example.test.", A, .udp_bytes = 1232,
					.options = BYTES(UNKNOWN "\0\3\0") },
			FORMERR, "FORMERR; opt 1232" },
	{ "opt-in-answer-section (6891 6.1.1)",
			{ "www.example.test.", A, .before = BYTES(RR_OPT),
					.edits = { ANCOUNT(1) } },
			NOERROR, "NOERROR aa; " WWW_A },
	{ "opt-then-other-rr (6891 6.1.1)",
			{ "www.example.test.", A, .udp_bytes = 1232, .after = BYTES(RR_A),
					.edits = { ARCOUNT(2) } },
			NOERROR, "NOERROR aa; " WWW_A "; opt 1232" },
	{ "other-rr-then-opt (6891 6.1.1)",
			{ "www.example.test.", A, .udp_bytes = 1232, .before = BYTES(RR_A),
					.edits = { ARCOUNT(2) } },
			NOERROR, "NOERROR aa; " WWW_A "; opt 1232" },
	{ "refused-carries-opt (6891 7)", { "www.example.net.", A, .udp_bytes = 1232 }, REFUSED,
			"REFUSED; opt 1232" },
	{ "class-refused-carries-opt (6891 7)",
			{ "www.example.test.", A, .qclass = 254, .udp_bytes = 1232 }, REFUSED,
			"REFUSED; opt 1232" },
	{ "nxdomain-carries-opt (6891 7)", { "x.www.example.test.", A, .udp_bytes = 1232 },
			NXDOMAIN, "NXDOMAIN aa; " SOA_NEGATIVE "; opt 1232" },
	{ "nsid (5001 2.2)", { "www.example.test.", A, .udp_bytes = 1232, .options = BYTES(NSID) },
			NOERROR, "NOERROR aa; " WWW_A "; opt 1232 nsid \"node1 7.0\"" },
	{ "nsid-in-refused (5001 2.2)",
			{ "www.example.net.", A, .udp_bytes = 1232, .options = BYTES(NSID) },
			REFUSED, "REFUSED; opt 1232 nsid \"node1 7.0\"" },
	{ "nsid-nonempty-request (5001 2.1)",
			{ "www.example.test.", A, .udp_bytes = 1232,
					.options = BYTES("\0\3\0\1x") },
			NOERROR, "NOERROR aa; " WWW_A "; opt 1232" },
	{ "nsid-twice (5001)",
			{ "www.example.test.", A, .udp_bytes = 1232, .options = BYTES(NSID NSID) },
			NOERROR, "NOERROR aa; " WWW_A "; opt 1232 nsid \"node1 7.0\"" },
};

static const struct row ecs_rows[] = {
	{ "v4-24-echo (7871 7.2.1)",
			{ "example.test.", A, .udp_bytes = 1232, .options = BYTES(ECS_US_24) },
			NOERROR,
			"NOERROR aa; an example.test. 60 A 192.0.2.1; opt 1232 ecs 1/24/24" },
	{ "v4-wide-scope (7871 7.2.1)",
			{ "example.test.", A, .udp_bytes = 1232, .options = BYTES(ECS_DE_24) },
			NOERROR,
			"NOERROR aa; an example.test. 60 A 192.0.2.2; opt 1232 ecs 1/24/5" },
	{ "v4-narrower-than-answer (7871 7.2.1)",
			{ "example.test.", A, .udp_bytes = 1232,
					.options = BYTES(ECS("\6") "\0\1\x10\0\xc6\x33") },
			NOERROR,
			"NOERROR aa; an example.test. 60 A 192.0.2.2; opt 1232 ecs 1/16/18" },
	{ "v6-56-echo (7871 7.2.1)",
			{ "example.test.", AAAA, .udp_bytes = 1232, .options = BYTES(ECS_US6_56) },
			NOERROR,
			"NOERROR aa; an example.test. 60 AAAA 2001:db8::1; opt 1232 ecs 2/56/48" },
	{ "v6-client-asks-a (7871)",
			{ "example.test.", A, .udp_bytes = 1232, .options = BYTES(ECS_US6_56) },
			NOERROR,
			"NOERROR aa; an example.test. 60 A 192.0.2.1; opt 1232 ecs 2/56/48" },
	{ "resolver-place-without-ecs", { "example.test.", A }, NOERROR,
			"NOERROR aa; an example.test. 60 A 192.0.2.1" },
	{ "resolver-place-elsewhere", { "example.test.", A, .from = "203.0.113.9" }, NOERROR,
			"NOERROR aa; an example.test. 60 A 192.0.2.2" },
	{ "resolver-place-v6", { "example.test.", AAAA, .from = "2001:db8:a::9" }, NOERROR,
			"NOERROR aa; an example.test. 60 AAAA 2001:db8::1" },
	{ "no-ecs-unsolicited (7871 7.2.2)", { "example.test.", A, .udp_bytes = 1232 }, NOERROR,
			"NOERROR aa; an example.test. 60 A 192.0.2.1; opt 1232" },
	{ "source-0-scope-0 (7871 7.1.2)",
			{ "example.test.", A, .udp_bytes = 1232,
					.options = BYTES(ECS("\4") "\0\1\0\0") },
			NOERROR,
			"NOERROR aa; an example.test. 60 A 192.0.2.1; opt 1232 ecs 1/0/0" },
	{ "source-0-locates-resolver (7871 7.1.2)",
			{ "example.test.", A, .udp_bytes = 1232, .from = "203.0.113.9",
					.options = BYTES(ECS("\4") "\0\2\0\0") },
			NOERROR,
			"NOERROR aa; an example.test. 60 A 192.0.2.2; opt 1232 ecs 2/0/0" },
	{ "family0-src0-echo (7871 7.1.2)",
			{ "example.test.", A, .udp_bytes = 1232,
					.options = BYTES(ECS("\4") "\0\0\0\0") },
			NOERROR,
			"NOERROR aa; an example.test. 60 A 192.0.2.1; opt 1232 ecs 0/0/0" },
	{ "static-name-scope-0 (7871 7.2.1)",
			{ "www.example.test.", A, .udp_bytes = 1232, .options = BYTES(ECS_US_24) },
			NOERROR, "NOERROR aa; " WWW_A "; opt 1232 ecs 1/24/0" },
	{ "negative-answer-ecs (7871 7.2.1)",
			{ "x.www.example.test.", A, .udp_bytes = 1232,
					.options = BYTES(ECS_US_24) },
			NXDOMAIN, "NXDOMAIN aa; " SOA_NEGATIVE "; opt 1232 ecs 1/24/0" },
	{ "wildcard-to-geo (7871 7.2.1)",
			{ "any.example.test.", A, .udp_bytes = 1232, .options = BYTES(ECS_DE_24) },
			NOERROR,
			"NOERROR aa; an any.example.test. 60 CNAME example.test.; "
			"an example.test. 60 A 192.0.2.2; opt 1232 ecs 1/24/5" },
	{ "ecs-on-refused (7871 7.2.1)",
			{ "www.example.net.", A, .udp_bytes = 1232, .options = BYTES(ECS_US_24) },
			REFUSED, "REFUSED; opt 1232" },
	{ "ecs-behind-nsid (7871)",
			{ "example.test.", A, .udp_bytes = 1232, .options = BYTES(NSID ECS_US_24) },
			NOERROR,
			"NOERROR aa; an example.test. 60 A 192.0.2.1; "
			"opt 1232 nsid \"node1 7.0\" ecs 1/24/24" },
	{ "two-ecs (first wins)",
			{ "example.test.", A, .udp_bytes = 1232,
					.options = BYTES(ECS_DE_24 ECS_US_24) },
			NOERROR,
			"NOERROR aa; an example.test. 60 A 192.0.2.2; opt 1232 ecs 1/24/5" },
	{ "scope-nonzero-in-query (7871 6)",
			{ "example.test.", A, .udp_bytes = 1232,
					.options = BYTES(ECS("\7") "\0\1\x18\1\xc6\x33\x64") },
			FORMERR, "FORMERR; opt 1232" },
	{ "v4-prefix-32 (7871 6)",
			{ "example.test.", A, .udp_bytes = 1232,
					.options = BYTES(
							ECS("\x08") "\0\1\x20\0\xc6\x33\x64\xff") },
			NOERROR,
			"NOERROR aa; an example.test. 60 A 192.0.2.1; opt 1232 ecs 1/32/24" },
	{ "v4-prefix-33 (7871 6)",
			{ "example.test.", A, .udp_bytes = 1232,
					.options = BYTES(
							ECS("\x09") "\0\1\x21\0\xc6\x33\x64\0\0") },
			FORMERR, "FORMERR; opt 1232" },
	{ "v6-prefix-129 (7871 6)",
			{ "example.test.", A, .udp_bytes = 1232,
					.options = BYTES(ECS("\x15") "\0\2\x81\0"
								     "0123456789abcdef\0") },
			FORMERR, "FORMERR; opt 1232" },
	{ "family-0-nonzero (7871 6)",
			{ "example.test.", A, .udp_bytes = 1232,
					.options = BYTES(ECS("\5") "\0\0\x08\0\xc6") },
			FORMERR, "FORMERR; opt 1232" },
	{ "family-3 (7871 6)",
			{ "example.test.", A, .udp_bytes = 1232,
					.options = BYTES(ECS("\4") "\0\3\0\0") },
			FORMERR, "FORMERR; opt 1232" },
	{ "address-too-short (7871 6)",
			{ "example.test.", A, .udp_bytes = 1232,
					.options = BYTES(ECS("\6") "\0\1\x18\0\xc6\x33") },
			FORMERR, "FORMERR; opt 1232" },
	{ "address-too-long (7871 6)",
			{ "example.test.", A, .udp_bytes = 1232,
					.options = BYTES(ECS("\x08") "\0\1\x18\0\xc6\x33\x64\0") },
			FORMERR, "FORMERR; opt 1232" },
	{ "bits-beyond-prefix (7871 6)",
			{ "example.test.", A, .udp_bytes = 1232,
					.options = BYTES(ECS("\7") "\0\1\x17\0\xc6\x33\x65") },
			FORMERR, "FORMERR; opt 1232" },
	{ "bits-up-to-prefix (7871 6)",
			{ "example.test.", A, .udp_bytes = 1232,
					.options = BYTES(ECS("\7") "\0\1\x17\0\xc6\x33\x64") },
			NOERROR,
			"NOERROR aa; an example.test. 60 A 192.0.2.1; opt 1232 ecs 1/23/24" },
	{ "option-2-bytes (7871 6)",
			{ "example.test.", A, .udp_bytes = 1232,
					.options = BYTES(ECS("\2") "\0\1") },
			FORMERR, "FORMERR; opt 1232" },
	{ "option-empty (7871 6)",
			{ "example.test.", A, .udp_bytes = 1232, .options = BYTES(ECS("\0")) },
			FORMERR, "FORMERR; opt 1232" },
};

static const struct row lookup_rows[] = {
	{ "nodata-soa-negttl (2308 3)", { "www.example.test.", TXT }, NOERROR,
			"NOERROR aa; " SOA_NEGATIVE },
	{ "soa-query-own-ttl (2308)", { "example.test.", SOA }, NOERROR,
			"NOERROR aa; an example.test. 3600 SOA ns1.example.test. 300" },
	{ "ent-nodata (8020)", { "ent.example.test.", A }, NOERROR, "NOERROR aa; " SOA_NEGATIVE },
	{ "below-leaf-nxdomain (8020)", { "x.y.www.example.test.", A }, NXDOMAIN,
			"NXDOMAIN aa; " SOA_NEGATIVE },
	{ "referral (1034 4.3.2)", { "deep.sub.example.test.", A }, NOERROR,
			"NOERROR; ns sub.example.test. 900 NS ns.sub.example.test.; "
			"ar ns.sub.example.test. 900 A 192.0.2.54" },
	{ "referral-with-opt (6891)", { "sub.example.test.", A, .udp_bytes = 1232 }, NOERROR,
			"NOERROR; ns sub.example.test. 900 NS ns.sub.example.test.; "
			"ar ns.sub.example.test. 900 A 192.0.2.54; opt 1232" },
	{ "ds-at-cut-parent-nodata (4035 3.1.4.1)", { "sub.example.test.", DS }, NOERROR,
			"NOERROR aa; " SOA_NEGATIVE },
	{ "cname-chain-in-zone (1034 3.6.2)", { "chain.example.test.", A }, NOERROR,
			"NOERROR aa; an chain.example.test. 60 CNAME link.example.test.; "
			"an link.example.test. 61 CNAME www.example.test.; " WWW_A },
	{ "cname-qtype-cname (1034 3.6.2)", { "chain.example.test.", CNAME }, NOERROR,
			"NOERROR aa; an chain.example.test. 60 CNAME link.example.test." },
	{ "cname-out-of-zone (1034)", { "out.example.test.", A }, NOERROR,
			"NOERROR aa; an out.example.test. 60 CNAME www.example.net." },
	{ "cname-to-nxdomain (6604)", { "gone.example.test.", A }, NXDOMAIN,
			"NXDOMAIN aa; an gone.example.test. 60 CNAME "
			"x.www.example.test.; " SOA_NEGATIVE },
	{ "cname-nodata (2308 2.2)", { "nodata.example.test.", A }, NOERROR,
			"NOERROR aa; an nodata.example.test. 60 CNAME "
			"mail.example.test.; " SOA_NEGATIVE },
	{ "cname-loop-ends (1034)", { "loop.example.test.", A }, NOERROR,
			"NOERROR aa; an loop.example.test. 60 CNAME pool.example.test.; "
			"an pool.example.test. 60 CNAME loop.example.test." },
	{ "wildcard-cname (4592)", { "wild.example.test.", CNAME }, NOERROR,
			"NOERROR aa; an wild.example.test. 60 CNAME example.test." },
	{ "wildcard-deep (4592 4.2)", { "a.b.c.wild.example.test.", AAAA }, NOERROR,
			"NOERROR aa; an a.b.c.wild.example.test. 60 CNAME example.test.; "
			"an example.test. 60 AAAA 2001:db8::1" },
	{ "wildcard-blocked-by-ent (4592 2.2.2)", { "x.ent.example.test.", A }, NXDOMAIN,
			"NXDOMAIN aa; " SOA_NEGATIVE },
	{ "mx-compressed (1035 4.1.4)", { "mail.example.test.", MX }, NOERROR,
			"NOERROR aa; an mail.example.test. 300 MX 10 www.example.test." },
};

static const struct row size_rows[] = {
	{ "512-limit-tc (1035 4.2.1)", { "big.example.test.", TXT }, TRUNCATED, "NOERROR aa tc" },
	{ "size-below-512 (6891 6.2.3)", { "big.example.test.", TXT, .udp_bytes = 100 }, TRUNCATED,
			"NOERROR aa tc; opt 1232" },
	{ "size-1-is-512 (6891 6.2.3)", { "www.example.test.", A, .udp_bytes = 1 }, NOERROR,
			"NOERROR aa; " WWW_A "; opt 1232" },
	{ "size-60-is-512 (6891 6.2.3)", { "chain.example.test.", A, .udp_bytes = 60 }, NOERROR,
			"NOERROR aa; an chain.example.test. 60 CNAME link.example.test.; "
			"an link.example.test. 61 CNAME www.example.test.; " WWW_A "; opt 1232" },
	{ "fits-1232 (6891)", { "big.example.test.", TXT, .udp_bytes = 1232 }, NOERROR,
			"NOERROR aa; an big.example.test. 300 TXT 700 bytes; opt 1232" },
	{ "fits-to-the-byte", { "big.example.test.", TXT, .udp_bytes = 757 }, NOERROR,
			"NOERROR aa; an big.example.test. 300 TXT 700 bytes; opt 1232" },
	{ "one-byte-short", { "big.example.test.", TXT, .udp_bytes = 756 }, TRUNCATED,
			"NOERROR aa tc; opt 1232" },
	{ "fits-to-the-byte-with-options",
			{ "big.example.test.", TXT, .udp_bytes = 757 + 13 + 11,
					.options = BYTES(NSID ECS_US_24) },
			NOERROR,
			"NOERROR aa; an big.example.test. 300 TXT 700 bytes; "
			"opt 1232 nsid \"node1 7.0\" ecs 1/24/0" },
	{ "one-byte-short-with-options",
			{ "big.example.test.", TXT, .udp_bytes = 757 + 13 + 11 - 1,
					.options = BYTES(NSID ECS_US_24) },
			TRUNCATED, "NOERROR aa tc; opt 1232 nsid \"node1 7.0\" ecs 1/24/0" },
	{ "huge-tc-at-1232 (9715)", { "huge.example.test.", TXT, .udp_bytes = 1232 }, TRUNCATED,
			"NOERROR aa tc; opt 1232" },
	{ "huge-4096-capped (9715)", { "huge.example.test.", TXT, .udp_bytes = 4096 }, TRUNCATED,
			"NOERROR aa tc; opt 1232" },
	{ "tc-keeps-ecs-and-nsid",
			{ "huge.example.test.", TXT, .udp_bytes = 512,
					.options = BYTES(NSID ECS_US_24) },
			TRUNCATED, "NOERROR aa tc; opt 1232 nsid \"node1 7.0\" ecs 1/24/0" },
	{ "tcp-big (7766)", { "huge.example.test.", TXT, .is_tcp = true }, NOERROR,
			"NOERROR aa; an huge.example.test. 300 TXT 3000 bytes" },
	{ "tcp-ignores-size (6891 6.2.5)",
			{ "huge.example.test.", TXT, .udp_bytes = 512, .is_tcp = true }, NOERROR,
			"NOERROR aa; an huge.example.test. 300 TXT 3000 bytes; opt 1232" },
};

#define VERSION_REPLY(owner) "NOERROR aa; an " owner " 0 CH TXT \"meridian " MERIDIAN_VERSION "\""

static const struct row chaos_rows[] = {
	{ "version.bind", { "version.bind.", TXT, CH }, NOERROR, VERSION_REPLY("version.bind.") },
	{ "version.server", { "VERSION.server.", TXT, CH }, NOERROR,
			VERSION_REPLY("VERSION.server.") },
	{ "id.server (4892 2)", { "id.server.", TXT, CH }, NOERROR,
			"NOERROR aa; an id.server. 0 CH TXT \"node1\"" },
	{ "hostname.bind", { "hostname.bind.", ANY, CH }, NOERROR,
			"NOERROR aa; an hostname.bind. 0 CH TXT \"node1\"" },
	{ "generation.meridian", { "generation.meridian.", TXT, CH }, NOERROR,
			"NOERROR aa; an generation.meridian. 0 CH TXT \"7.0\"" },
	{ "generation-with-opt-no-ecs",
			{ "generation.meridian.", TXT, CH, .udp_bytes = 1232,
					.options = BYTES(ECS_US_24) },
			NOERROR, "NOERROR aa; an generation.meridian. 0 CH TXT \"7.0\"; opt 1232" },
	{ "chaos-other-type", { "version.bind.", A, CH }, REFUSED, "REFUSED" },
	{ "chaos-unknown-name", { "authors.bind.", TXT, CH }, REFUSED, "REFUSED" },
	{ "chaos-our-zone (8906)", { "www.example.test.", TXT, CH }, REFUSED, "REFUSED" },
	{ "chaos-long-name", { "longer.than.any.name.of.chaos.", TXT, CH }, REFUSED, "REFUSED" },
	{ "chaos-prefix-of-a-name", { "id.", TXT, CH }, REFUSED, "REFUSED" },
	{ "chaos-root", { ".", TXT, CH }, REFUSED, "REFUSED" },
};

static const struct dp_settings settings = {
	.max_udp_bytes = UDP_MAX,
	.identity_len = 5,
	.identity = "node1",
};

static void
put_be16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static size_t
append(uint8_t *message, size_t len, const struct bytes *bytes)
{
	if (bytes->len > 0) {
		memcpy(message + len, bytes->at, bytes->len);
	}
	return len + bytes->len;
}

static size_t
make_question(const struct ask *ask, uint8_t *message)
{
	uint8_t wire[TBL_NAME_MAX];
	int name_len = tbl_name_from_text(ask->name, wire);

	assert_true(name_len > 0);
	memcpy(message + 12, wire, (size_t)name_len);
	put_be16(message + 12 + name_len, ask->type);
	put_be16(message + 14 + name_len, ask->qclass == 0 ? 1 : ask->qclass);
	return 16u + (size_t)name_len;
}

static size_t
make_opt(const struct ask *ask, uint8_t *message, size_t len)
{
	message[len] = 0;
	put_be16(message + len + 1, 41);
	put_be16(message + len + 3, ask->udp_bytes);
	put_be16(message + len + 5, ask->opt_ttl >> 16);
	put_be16(message + len + 7, ask->opt_ttl & 0xffff);
	put_be16(message + len + 9, (unsigned int)ask->options.len);
	return append(message, len + 11, &ask->options);
}

static size_t
make_query(const struct ask *ask, uint8_t message[MESSAGE_MAX])
{
	size_t len = 12;

	memset(message, 0, 12);
	put_be16(message, 0xcafe);
	put_be16(message + 2, ask->flags);
	if (ask->name != NULL) {
		len = make_question(ask, message);
		put_be16(message + 4, 1);
	}
	len = append(message, len, &ask->before);
	if (ask->udp_bytes > 0) {
		len = make_opt(ask, message, len);
		put_be16(message + 10, 1);
	}
	len = append(message, len, &ask->after);
	for (size_t i = 0; i < ARRAY_LEN(ask->edits); i++) {
		const struct edit *edit = &ask->edits[i];

		if (edit->bytes == 1) {
			message[edit->off] = (uint8_t)edit->value;
		} else if (edit->bytes == 2) {
			put_be16(message + edit->off, edit->value);
		}
	}
	return (long)len + ask->grow > 0 ? (size_t)((long)len + ask->grow) : 0;
}

struct fixture {
	void *image;
	struct tbl_view view;
};

static struct tbl_addr
source_of(const struct ask *ask)
{
	struct tbl_addr source;

	assert_int_equal(dp_address_parse(ask->from != NULL ? ask->from : "198.51.100.7", &source),
			0);
	return source;
}

/* The three steps, the parse over a heap block of exactly the query's size. */
static enum tbl_verdict
run(const struct fixture *fixture, const struct ask *ask, enum dp_transport transport,
		uint8_t message[MESSAGE_MAX], size_t *len)
{
	struct tbl_addr source = source_of(ask);
	uint8_t *exact = malloc(*len > 0 ? *len : 1);
	struct dp_query query;
	enum tbl_verdict verdict;

	assert_non_null(exact);
	memcpy(exact, message, *len);
	dp_query_parse(exact, *len, &query);
	free(exact);
	dp_query_prefetch(&fixture->view, &query);
	verdict = dp_query_answer(&fixture->view, &settings, &query, &source, transport, 1, message,
			MESSAGE_MAX, len);
	return verdict;
}

static void
check_echo(const struct row *row, const uint8_t *query, const uint8_t *reply, size_t len)
{
	static struct reparse_message parsed;

	assert_null(reparse(reply, len, &parsed));
	assert_memory_equal(reply, query, 2);
	assert_int_equal(reply[2] & 0x78, query[2] & 0x78);
	if (parsed.question_cnt == 1 &&
			memcmp(reply + 12, query + 12, parsed.question_end - 12) != 0) {
		fail_msg("%s: the question was not echoed byte for byte", row->name);
	}
}

static void
check_row(const struct fixture *fixture, const struct row *row)
{
	static uint8_t query[MESSAGE_MAX];
	static uint8_t reply[MESSAGE_MAX];
	enum dp_transport transport = row->ask.is_tcp ? DP_TCP : DP_UDP;
	size_t query_len = make_query(&row->ask, query);
	size_t len = query_len;
	char text[RENDER_MAX] = "";
	enum tbl_verdict verdict;

	memcpy(reply, query, sizeof(query));
	verdict = run(fixture, &row->ask, transport, reply, &len);
	if (len > 0) {
		render_reply(reply, len, text);
	}
	if (verdict != row->verdict || strcmp(text, row->reply) != 0) {
		fail_msg("%s\n  verdict %s, expected %s\n  got      %s\n  expected %s", row->name,
				tbl_verdict_name(verdict), tbl_verdict_name(row->verdict), text,
				row->reply);
	}
	if (len == 0) {
		assert_memory_equal(reply, query, sizeof(query)); /* a drop writes nothing */
		return;
	}
	check_echo(row, query, reply, len);
	if (verdict == REFUSED || verdict == FORMERR || verdict == NOTIMP || verdict == BADVERS) {
		assert_true(len <= query_len + DP_IDENTITY_MAX + 48); /* amplifies nothing */
	}
}

/* The same query over TCP gets the same bytes, unless UDP cut them short. */
static void
check_transports_agree(const struct fixture *fixture, const struct row *row)
{
	static uint8_t over_udp[MESSAGE_MAX];
	static uint8_t over_tcp[MESSAGE_MAX];
	size_t udp_len = make_query(&row->ask, over_udp);
	size_t tcp_len = udp_len;
	enum tbl_verdict verdict;

	memcpy(over_tcp, over_udp, sizeof(over_udp));
	verdict = run(fixture, &row->ask, DP_UDP, over_udp, &udp_len);
	if (verdict == TRUNCATED) {
		return;
	}
	assert_int_equal(run(fixture, &row->ask, DP_TCP, over_tcp, &tcp_len), verdict);
	assert_int_equal(udp_len, tcp_len);
	assert_memory_equal(over_udp, over_tcp, udp_len);
}

static void
check_rows(void **state, const struct row *rows, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		check_row(*state, &rows[i]);
		check_transports_agree(*state, &rows[i]);
	}
}

#define ROWS_TEST(rows)                                   \
	static void check_##rows(void **state)            \
	{                                                 \
		check_rows(state, rows, ARRAY_LEN(rows)); \
	}
ROWS_TEST(header_rows)
ROWS_TEST(question_rows)
ROWS_TEST(malformed_rows)
ROWS_TEST(edns_rows)
ROWS_TEST(ecs_rows)
ROWS_TEST(lookup_rows)
ROWS_TEST(size_rows)
ROWS_TEST(chaos_rows)

/* Every type at four kinds of name: a reply that parses, and a type of its own only where it is
 * (CVE-2021-36754: a table indexed by type). */
static void
every_qtype_is_answered(void **state)
{
	static const char *const names[] = { "example.test.", "www.example.test.",
		"wild.example.test.", "x.www.example.test." };
	static uint8_t message[MESSAGE_MAX];
	static struct reparse_message parsed;

	for (unsigned int type = 0; type <= 65535; type++) {
		const struct ask ask = { names[type % 4], (uint16_t)type };
		size_t len = make_query(&ask, message);

		(void)run(*state, &ask, DP_UDP, message, &len);
		assert_null(reparse(message, len, &parsed));
		assert_int_equal(parsed.qtype, type);
		assert_true(len <= 512);
	}
}

/* 255 bytes of name are looked up, 256 are no name (RFC 1035 §2.3.4). */
static void
longest_name_is_answered(void **state)
{
	static uint8_t message[MESSAGE_MAX];
	const struct ask ask = { "example.test.", A };
	static const uint8_t long_label[64] = { 63 };
	char text[RENDER_MAX];

	for (uint8_t last = 50; last <= 51; last++) {
		size_t base = make_query(&ask, message);
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
		(void)run(*state, &ask, DP_UDP, message, &len);
		render_reply(message, len, text);
		assert_int_equal(strncmp(text,
						 last == 50 ? "NOERROR aa; an "
							    : "FORMERR; no question",
						 15),
				0);
	}
}

/* A query cut anywhere gets FORMERR, or silence where there is no header. */
static void
a_query_cut_anywhere_is_formerr(void **state)
{
	static uint8_t message[MESSAGE_MAX];
	const struct ask ask = { "www.example.test.", A, .udp_bytes = 1232,
		.options = BYTES(NSID ECS_US_24 UNKNOWN) };
	size_t whole = make_query(&ask, message);

	for (size_t cut = 0; cut < whole; cut++) {
		size_t len = cut;

		(void)make_query(&ask, message);
		assert_int_equal(run(*state, &ask, DP_UDP, message, &len),
				cut < 12 ? TBL_VERDICT_DROP_RUNT : FORMERR);
	}
}

static void
without_a_table_nothing_is_said(void **state)
{
	static uint8_t message[MESSAGE_MAX];
	const struct ask ask = { "www.example.test.", A };
	const struct ask response = { "www.example.test.", A, .flags = 0x8000 };
	struct tbl_addr source = source_of(&ask);
	size_t len = make_query(&ask, message);

	(void)state;
	assert_int_equal(dp_answer_message(NULL, &settings, &source, DP_UDP, 1, message, len,
					 MESSAGE_MAX, &len),
			TBL_VERDICT_DROP_NO_TABLE);
	assert_int_equal(len, 0);
	len = make_query(&response, message);
	assert_int_equal(dp_answer_message(NULL, &settings, &source, DP_UDP, 1, message, len,
					 MESSAGE_MAX, &len),
			TBL_VERDICT_DROP_RESPONSE);
}

/* A reply names the generation and selection that made it. */
static void
generation_and_sequence_are_told(void **state)
{
	static uint8_t message[MESSAGE_MAX];
	const struct fixture *fixture = *state;
	const struct ask ask = { "generation.meridian.", TXT, CH, .udp_bytes = 1232,
		.options = BYTES(NSID) };
	struct fixture other = { NULL, { 0 } };
	void *selection;
	size_t size;
	size_t len = make_query(&ask, message);
	char text[RENDER_MAX];

	assert_int_equal(tbl_select_build(fixture->image, NULL, UINT64_MAX, &selection, &size), 0);
	tbl_view_init(&other.view, fixture->image, selection);
	assert_int_equal(run(&other, &ask, DP_UDP, message, &len), NOERROR);
	render_reply(message, len, text);
	assert_string_equal(text,
			"NOERROR aa; an generation.meridian. 0 CH TXT \"7.18446744073709551615\"; "
			"opt 1232 nsid \"node1 7.18446744073709551615\"");
	free(selection);
}

/* RFC 4892 §3: a server that has no identity to tell refuses; NSID still tells the generation. */
static void
without_identity_it_is_refused(void **state)
{
	static uint8_t message[MESSAGE_MAX];
	const struct fixture *fixture = *state;
	const struct dp_settings nobody = { .max_udp_bytes = UDP_MAX };
	const struct ask ask = { "id.server.", TXT, CH, .udp_bytes = 1232, .options = BYTES(NSID) };
	struct tbl_addr source = source_of(&ask);
	size_t len = make_query(&ask, message);
	char text[RENDER_MAX];

	assert_int_equal(dp_answer_message(&fixture->view, &nobody, &source, DP_UDP, 1, message,
					 len, MESSAGE_MAX, &len),
			REFUSED);
	render_reply(message, len, text);
	assert_string_equal(text, "REFUSED; opt 1232 nsid \"7.0\"");
}

static void
check_small_buffers(const struct fixture *fixture, const struct ask *ask)
{
	static uint8_t query[MESSAGE_MAX];
	struct tbl_addr source = source_of(ask);
	size_t query_len = make_query(ask, query);

	for (size_t capacity = query_len + 1; capacity < 512; capacity++) {
		uint8_t *message = malloc(capacity);
		size_t len = query_len;
		char text[RENDER_MAX];

		assert_non_null(message);
		memcpy(message, query, query_len);
		(void)dp_answer_message(&fixture->view, &settings, &source, DP_TCP, 1, message, len,
				capacity, &len);
		assert_true(len <= capacity);
		render_reply(message, len, text);
		assert_true(strncmp(text, "NOERROR aa; an ", 15) == 0 ||
				strncmp(text, "NOERROR aa tc", 13) == 0);
		free(message);
	}
}

/* In a buffer with no room behind the question a reply is cut, not written past the end. */
static void
a_small_buffer_is_not_overrun(void **state)
{
	static const struct ask asks[] = {
		{ "chain.example.test.", A },
		{ "chain.example.test.", A, .udp_bytes = 4096, .options = BYTES(NSID ECS_US_24) },
		{ "generation.meridian.", TXT, CH },
		{ "generation.meridian.", TXT, CH, .udp_bytes = 4096, .options = BYTES(NSID) },
	};

	for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
		check_small_buffers(*state, &asks[i]);
	}
}

static int
set_up(void **state)
{
	static struct fixture fixture;
	struct tbl_error error;
	size_t size;

	fixture.image = zone_build(ZONE_GENERATION, &size);
	if (tbl_check(fixture.image, size, &error) != 0) {
		fprintf(stderr, "%s\n", error.text);
		return -1;
	}
	tbl_view_init(&fixture.view, fixture.image, NULL);
	*state = &fixture;
	return 0;
}

static int
tear_down(void **state)
{
	free(((struct fixture *)*state)->image);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_header_rows),
		cmocka_unit_test(check_question_rows),
		cmocka_unit_test(check_malformed_rows),
		cmocka_unit_test(check_edns_rows),
		cmocka_unit_test(check_ecs_rows),
		cmocka_unit_test(check_lookup_rows),
		cmocka_unit_test(check_size_rows),
		cmocka_unit_test(check_chaos_rows),
		cmocka_unit_test(every_qtype_is_answered),
		cmocka_unit_test(longest_name_is_answered),
		cmocka_unit_test(a_query_cut_anywhere_is_formerr),
		cmocka_unit_test(without_a_table_nothing_is_said),
		cmocka_unit_test(generation_and_sequence_are_told),
		cmocka_unit_test(without_identity_it_is_refused),
		cmocka_unit_test(a_small_buffer_is_not_overrun),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
