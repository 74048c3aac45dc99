/*
 * Queries as rows: what is asked, the verdict, and the reply as render.h writes it. Shared by the
 * tests of the files behind dataplane/message.h, which ask about the zone of zone.c.
 */
#ifndef TESTS_UNIT_DATAPLANE_ASK_H
#define TESTS_UNIT_DATAPLANE_ASK_H

#include "dataplane/message.h"
#include "tests/unit/dataplane/render.h"
#include "tests/unit/test.h"

#define MESSAGE_MAX 65535u
#define UDP_MAX     1232u

/* Types, a class and a flag, as short as in a zone file. */
enum {
	A = 1,
	NS = 2,
	CNAME = 5,
	SOA = 6,
	MX = 15,
	TXT = 16,
	AAAA = 28,
	DNAME = 39,
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
	bool is_required; /* the server insists on cookies */
};

/* `reply` is what render.h makes of it; "" when nothing is to be said. */
struct row {
	const char *name;
	struct ask ask;
	enum tbl_verdict verdict;
	const char *reply;
};

#define NOERROR   TBL_VERDICT_ANSWER_NOERROR
#define NXDOMAIN  TBL_VERDICT_ANSWER_NXDOMAIN
#define YXDOMAIN  TBL_VERDICT_ANSWER_YXDOMAIN
#define REFUSED   TBL_VERDICT_ANSWER_REFUSED
#define FORMERR   TBL_VERDICT_ANSWER_FORMERR
#define NOTIMP    TBL_VERDICT_ANSWER_NOTIMP
#define BADVERS   TBL_VERDICT_ANSWER_BADVERS
#define BADCOOKIE TBL_VERDICT_ANSWER_BADCOOKIE
#define NOTAUTH   TBL_VERDICT_ANSWER_NOTAUTH
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

/* The server of RFC 9018 Appendix A, at the time of its first example, and that example's client. */
#define ASK_NOW_S        1559731985u
#define CLIENT_COOKIE    "\x24\x64\xc4\xab\xcf\x10\xc9\x57"
#define SERVER_COOKIE    "\1\0\0\0\x5c\xf7\x9f\x11\x1f\x81\x30\xc3\xee\xe2\x94\x80"
#define COOKIE(len)      "\0\xa\0" len
#define COOKIE_CLIENT    COOKIE("\x8") CLIENT_COOKIE
#define COOKIE_GOOD      COOKIE("\x18") CLIENT_COOKIE SERVER_COOKIE
#define COOKIE_CLIENT_AT "198.51.100.100"
#define COOKIE_GOOD_TEXT "cookie 2464c4abcf10c957010000005cf79f111f8130c3eee29480"

struct fixture {
	void *image;
	struct tbl_view view;
};

/* How the server under test is set up: identity "node1", replies to 1,232 bytes. */
extern const struct dp_settings ask_settings;

/* ask_set_up, ask_tear_down: a group's fixture, a view of the test zone. */
int ask_set_up(void **state);
int ask_tear_down(void **state);

/* ask_make writes the query; returns its length. */
size_t ask_make(const struct ask *ask, uint8_t message[MESSAGE_MAX]);

/* ask_client: who the query comes from. */
struct dp_client ask_client(const struct ask *ask, enum dp_transport transport);

/* ask_answerer: a server of that table (NULL: none), set up as ask_settings say, with one secret for
 * cookies, at ASK_NOW_S. */
struct dp_answerer ask_answerer(const struct fixture *fixture);

/* ask_run does the three steps over message[0..*len), the parse over a heap block of exactly the
 * query's size, so that a sanitizer sees a byte read beyond. *len becomes the reply's length. */
enum tbl_verdict ask_run(const struct fixture *fixture, const struct ask *ask,
		enum dp_transport transport, uint8_t message[MESSAGE_MAX], size_t *len);

/* ask_check_rows fails the test at the first row that is not answered as it says, over UDP and then
 * over TCP. */
void ask_check_rows(void **state, const struct row *rows, size_t cnt);

/* ROWS_TEST(rows): a test check_rows over that table. */
#define ROWS_TEST(rows)                                       \
	static void check_##rows(void **state)                \
	{                                                     \
		ask_check_rows(state, rows, ARRAY_LEN(rows)); \
	}

#endif
