/* Replies: what the table says, how much of it fits, and what is said when there is no room or no
 * table. Looking up itself is tested beside table/reply.c. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/dataplane/reparse.h"
#include "tests/unit/dataplane/ask.h"

/* With "moved.example.test." 255 bytes of wire; what that leads to has one more. */
#define LABEL_63 "a23456789-b23456789-c23456789-d23456789-e23456789-f23456789-g23"
#define LONG_PREFIX \
	LABEL_63 "." LABEL_63 "." LABEL_63 ".h23456789-i23456789-j23456789-k23456789-l2."

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
	{ "dname-synth (6672 3.1)", { "WwW.moved.example.test.", A }, NOERROR,
			"NOERROR aa; an moved.example.test. 70 DNAME landed.example.test.; "
			"an WwW.moved.example.test. 70 CNAME WwW.landed.example.test.; "
			"an WwW.landed.example.test. 300 A 192.0.2.90" },
	{ "dname-owner-itself (6672 2.3)", { "moved.example.test.", DNAME }, NOERROR,
			"NOERROR aa; an moved.example.test. 70 DNAME landed.example.test." },
	{ "dname-once (2181 5)", { "round.moved.example.test.", A }, NOERROR,
			"NOERROR aa; an moved.example.test. 70 DNAME landed.example.test.; "
			"an round.moved.example.test. 70 CNAME round.landed.example.test.; "
			"an round.landed.example.test. 60 CNAME out.moved.example.test.; "
			"an out.moved.example.test. 70 CNAME out.landed.example.test.; "
			"an out.landed.example.test. 60 CNAME www.example.net." },
	{ "dname-yxdomain (6672 3.2)", { LONG_PREFIX "moved.example.test.", A }, YXDOMAIN,
			"YXDOMAIN aa; an moved.example.test. 70 DNAME landed.example.test." },
	{ "wildcard-cname (4592)", { "wild.example.test.", CNAME }, NOERROR,
			"NOERROR aa; an wild.example.test. 60 CNAME example.test." },
	{ "wildcard-deep (4592 4.2)", { "a.b.c.wild.example.test.", AAAA }, NOERROR,
			"NOERROR aa; an a.b.c.wild.example.test. 60 CNAME example.test.; "
			"an example.test. 60 AAAA 2001:db8::1" },
	{ "wildcard-blocked-by-ent (4592 2.2.2)", { "x.ent.example.test.", A }, NXDOMAIN,
			"NXDOMAIN aa; " SOA_NEGATIVE },
	{ "mx-compressed (1035 4.1.4)", { "mail.example.test.", MX }, NOERROR,
			"NOERROR aa; an mail.example.test. 300 MX 10 www.example.test."
			"; ar www.example.test. 300 A 192.0.2.80"
			"; ar www.example.test. 300 AAAA 2001:db8::80" },
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

ROWS_TEST(lookup_rows)
ROWS_TEST(size_rows)

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
		size_t len = ask_make(&ask, message);

		(void)ask_run(*state, &ask, DP_UDP, message, &len);
		assert_null(reparse(message, len, &parsed));
		assert_int_equal(parsed.qtype, type);
		assert_true(len <= 512);
	}
}

static void
without_a_table_nothing_is_said(void **state)
{
	static uint8_t message[MESSAGE_MAX];
	const struct ask ask = { "www.example.test.", A };
	const struct ask response = { "www.example.test.", A, .flags = 0x8000 };
	struct dp_answerer answerer = ask_answerer(NULL);
	struct dp_client client = ask_client(&ask, DP_UDP);
	size_t len = ask_make(&ask, message);

	(void)state;
	assert_int_equal(dp_answer_message(&answerer, &client, message, len, MESSAGE_MAX, &len),
			TBL_VERDICT_DROP_NO_TABLE);
	assert_int_equal(len, 0);
	len = ask_make(&response, message);
	assert_int_equal(dp_answer_message(&answerer, &client, message, len, MESSAGE_MAX, &len),
			TBL_VERDICT_DROP_RESPONSE);
}

static void
check_small_buffers(const struct fixture *fixture, const struct ask *ask)
{
	static uint8_t query[MESSAGE_MAX];
	struct dp_answerer answerer = ask_answerer(fixture);
	struct dp_client client = ask_client(ask, DP_TCP);
	size_t query_len = ask_make(ask, query);

	for (size_t capacity = query_len + 1; capacity < 512; capacity++) {
		uint8_t *message = malloc(capacity);
		size_t len = query_len;
		char text[RENDER_MAX];

		assert_non_null(message);
		memcpy(message, query, query_len);
		(void)dp_answer_message(&answerer, &client, message, len, capacity, &len);
		assert_true(len <= capacity);
		render_reply(message, len, text);
		assert_true(strncmp(text, "NOERROR aa; an ", 15) == 0 ||
				strncmp(text, "NOERROR aa tc", 13) == 0);
		free(message);
	}
}

/* In a buffer with no room behind the question a reply is cut, not written past the end. */
/* conformance: reply-within-its-room | practice | A reply is never longer than the room it has. */
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

/* Answers `ask` under `settings`, and renders the reply. */
static enum tbl_verdict
answer_under(const struct fixture *fixture, const struct dp_settings *settings,
		const struct ask *ask, const struct dp_client *client, char text[RENDER_MAX])
{
	static uint8_t message[MESSAGE_MAX];
	struct dp_answerer answerer = ask_answerer(fixture);
	size_t len = ask_make(ask, message);
	enum tbl_verdict verdict;

	answerer.settings = settings;
	verdict = dp_answer_message(&answerer, client, message, len, MESSAGE_MAX, &len);
	text[0] = '\0';
	if (len > 0) {
		render_reply(message, len, text);
	}
	return verdict;
}

/* Ports that are listed get no answer over UDP; a TCP client may have any. */
static void
listed_source_ports_are_dropped(void **state)
{
	static const struct {
		uint16_t port;
		bool is_dropped;
	} rows[] = { { 7, true }, { 19, true }, { 11211, true }, { 1, false }, { 8, false },
		{ 53, false }, { 11210, false }, { 11212, false }, { 65535, false } };
	struct dp_settings settings = ask_settings;
	const struct ask ask = { "www.example.test.", A };
	struct dp_client client = ask_client(&ask, DP_UDP);
	char text[RENDER_MAX];

	settings.drop_source_ports = (struct dp_source_ports){ 3, { 7, 19, 11211 } };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		client.port = rows[i].port;
		client.transport = DP_UDP;
		assert_int_equal(answer_under(*state, &settings, &ask, &client, text),
				rows[i].is_dropped ? TBL_VERDICT_DROP_SOURCE_PORT : NOERROR);
		client.transport = DP_TCP;
		assert_int_equal(answer_under(*state, &settings, &ask, &client, text), NOERROR);
		assert_int_equal(answer_under(*state, &ask_settings, &ask, &client, text), NOERROR);
	}
}

/* A client subnet from a resolver that is not listed is as if it were not there, unless it is no client
 * subnet at all. The client is in the United States, what it tells is in Germany. */
/* conformance: ecs-listed-resolvers | RFC 7871 §7.2.1 | Where resolvers are listed, others' client
 * subnets do not count. */
static void
client_subnets_count_from_listed_resolvers(void **state)
{
	const struct ask asks[] = {
		{ "example.test.", A, .udp_bytes = 1232, .options = BYTES(ECS_DE_24) },
		{ "example.test.", A, .udp_bytes = 1232,
				.options = BYTES(ECS("\7") "\0\1\x18\1\xcb\0\x71") },
	};
	const struct dp_client client = ask_client(&asks[0], DP_UDP);
	struct tbl_prefix listed;
	struct dp_settings settings = ask_settings;
	char without[RENDER_MAX];
	char with[RENDER_MAX];
	char text[RENDER_MAX];
	const struct ask plain = { "example.test.", A, .udp_bytes = 1232 };

	(void)answer_under(*state, &settings, &plain, &client, without);
	(void)answer_under(*state, &settings, &asks[0], &client, with);
	assert_non_null(strstr(with, "ecs 1/24/"));
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(dp_prefix_parse(i == 0 ? "198.51.100.0/29" : "198.51.100.8/29",
						 &listed),
				0);
		assert_int_equal(dp_prefixes_make(&listed, 1, &settings.ecs_resolvers), 0);
		assert_int_equal(answer_under(*state, &settings, &asks[0], &client, text), NOERROR);
		assert_string_equal(text, i == 0 ? with : without);
		assert_int_equal(answer_under(*state, &settings, &asks[1], &client, text), FORMERR);
		dp_prefixes_done(&settings.ecs_resolvers);
	}
	settings.is_ecs_off = true;
	assert_int_equal(answer_under(*state, &settings, &asks[0], &client, text), NOERROR);
	assert_string_equal(text, without);
	assert_string_not_equal(with, without);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_lookup_rows),
		cmocka_unit_test(check_size_rows),
		cmocka_unit_test(every_qtype_is_answered),
		cmocka_unit_test(without_a_table_nothing_is_said),
		cmocka_unit_test(a_small_buffer_is_not_overrun),
		cmocka_unit_test(listed_source_ports_are_dropped),
		cmocka_unit_test(client_subnets_count_from_listed_resolvers),
	};

	return cmocka_run_group_tests(tests, ask_set_up, ask_tear_down);
}
