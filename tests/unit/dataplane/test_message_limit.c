/* Rate limits from queries to replies: what counts as one, who is spared, what a reply over its limit says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/limiter.h"
#include "tests/unit/dataplane/ask.h"

#define SLIPPED TBL_VERDICT_ANSWER_SLIPPED
#define LIMITED TBL_VERDICT_DROP_RATE_LIMITED

/* A limited server of the test zone: one reply of each kind a second, at once, every third over it slips. */
struct limited {
	struct dp_answerer answerer;
	struct dp_settings settings;
};

static const struct dp_limiter_params one_a_second = {
	.per_second = { 1, 1, 1, 0 },
	.burst_s = 1,
	.ipv4_bits = 24,
	.ipv6_bits = 56,
	.slip = 3,
	.table_size = DP_LIMIT_TABLE_MIN,
	.seed = "0123456789abcde",
};

static void
open_limited(const struct fixture *fixture, struct limited *limited)
{
	limited->answerer = ask_answerer(fixture);
	limited->settings = *limited->answerer.settings;
	limited->answerer.settings = &limited->settings;
	limited->answerer.now.monotonic_ms = 1000;
	assert_int_equal(dp_limiter_new(&one_a_second, &limited->answerer.limiter), 0);
}

static void
close_limited(struct limited *limited)
{
	dp_limiter_free(limited->answerer.limiter);
}

/* Asks; the reply's rendering goes to `text` when that is not NULL. */
static enum tbl_verdict
put(struct limited *limited, const struct ask *ask, enum dp_transport transport, char *text)
{
	static uint8_t message[MESSAGE_MAX];
	static uint8_t query[MESSAGE_MAX];
	struct dp_client client = ask_client(ask, transport);
	size_t query_len = ask_make(ask, query);
	size_t len = query_len;
	enum tbl_verdict verdict;

	memcpy(message, query, query_len);
	verdict = dp_answer_message(&limited->answerer, &client, message, len, MESSAGE_MAX, &len);
	if (verdict == LIMITED) {
		assert_int_equal(len, 0);
		assert_memory_equal(message, query, query_len); /* a drop writes nothing */
	}
	if (text != NULL) {
		text[0] = '\0';
		if (len > 0) {
			render_reply(message, len, text);
		}
	}
	return verdict;
}

/* Both questions: does the second find the limit used up by the first? */
static bool
is_one(const struct fixture *fixture, const struct ask *first, const struct ask *second)
{
	struct limited limited;
	enum tbl_verdict verdict;

	open_limited(fixture, &limited);
	verdict = put(&limited, first, DP_UDP, NULL);
	assert_true(verdict < TBL_VERDICT_ANSWER_SLIPPED);
	(void)put(&limited, first, DP_UDP, NULL); /* the turn to slip, or be sent */
	verdict = put(&limited, second, DP_UDP, NULL);
	close_limited(&limited);
	return verdict == LIMITED;
}

static void
what_counts_as_one(void **state)
{
	static const struct {
		const char *name;
		struct ask first;
		struct ask second;
		bool is_one;
	} rows[] = {
		{ "the same question", { "www.example.test.", A }, { "WWW.example.test.", A },
				true },
		{ "another type", { "example.test.", A }, { "example.test.", AAAA }, false },
		{ "another name", { "www.example.test.", A }, { "mail.example.test.", MX }, false },
		{ "names of a wildcard", { "a.wild.example.test.", A },
				{ "b.c.wild.example.test.", A }, true },
		{ "a wildcard's parent", { "a.wild.example.test.", AAAA },
				{ "example.test.", AAAA }, false },
		{ "names below a delegation", { "a.sub.example.test.", A },
				{ "b.c.sub.example.test.", A }, true },
		{ "names below a DNAME", { "www.moved.example.test.", A },
				{ "round.moved.example.test.", A }, true },
		{ "names that are not there", { "a.www.example.test.", A },
				{ "b.ent.example.test.", MX }, true },
		{ "types that are not there", { "www.example.test.", TXT },
				{ "mail.example.test.", A }, true },
		{ "no such type, no such name", { "www.example.test.", TXT },
				{ "b.www.example.test.", A }, true },
		{ "a name, and one that is not there", { "www.example.test.", A },
				{ "a.www.example.test.", A }, false },
		{ "names outside", { "www.example.net.", A }, { "example.org.", MX }, true },
		{ "errors of other kinds", { "www.example.net.", A }, { "example.test.", 253 },
				true },
		{ "CHAOS names", { "version.bind.", TXT, CH }, { "id.server.", TXT, CH }, true },
		{ "a CHAOS name and another", { "version.bind.", TXT, CH },
				{ "big.example.test.", TXT }, false },
		{ "neighbours", { "www.example.test.", A },
				{ "www.example.test.", A, .from = "198.51.100.200" }, true },
		{ "another network", { "www.example.test.", A },
				{ "www.example.test.", A, .from = "198.51.101.7" }, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (is_one(*state, &rows[i].first, &rows[i].second) != rows[i].is_one) {
			fail_msg("%s", rows[i].name);
		}
	}
}

/* A thousand names nobody has asked for before get the replies that one name would. */
static void
made_up_names_share_one_limit(void **state)
{
	static const char *const below[] = { "www.example.test.", "wild.example.test.",
		"sub.example.test.", "moved.example.test.", "example.net." };

	for (size_t i = 0; i < ARRAY_LEN(below); i++) {
		struct limited limited;
		unsigned int sent = 0;

		open_limited(*state, &limited);
		for (unsigned int k = 0; k < 999; k++) {
			char name[64];
			const struct ask ask = { name, A };
			enum tbl_verdict verdict;

			(void)snprintf(name, sizeof(name), "x%u.%s", k, below[i]);
			verdict = put(&limited, &ask, DP_UDP, NULL);
			sent += verdict != LIMITED && verdict != SLIPPED ? 1 : 0;
		}
		/* Errors have nothing to truncate: every third of the 998 over the limit is sent. */
		assert_int_equal(sent, i == 4 ? 1 + 333 : 1);
		close_limited(&limited);
	}
}

static void
over_the_limit_a_reply_says_tc_and_no_more(void **state)
{
	static const struct {
		struct ask ask;
		const char *reply;
	} rows[] = {
		{ { "www.example.test.", A }, "NOERROR aa tc" },
		{ { "www.example.test.", A, .udp_bytes = 4096 }, "NOERROR aa tc; opt 1232" },
		{ { "example.test.", A, .udp_bytes = 4096, .options = BYTES(NSID ECS_DE_24) },
				"NOERROR aa tc; opt 1232" },
		{ { "x.www.example.test.", A }, "NXDOMAIN aa tc" },
		{ { "www.example.test.", TXT }, "NOERROR aa tc" },
		{ { "x.sub.example.test.", A }, "NOERROR tc" },
		{ { "huge.example.test.", TXT }, "NOERROR aa tc" },
		{ { "version.bind.", TXT, CH }, "NOERROR aa tc" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct limited limited;
		char text[RENDER_MAX];

		open_limited(*state, &limited);
		assert_true(put(&limited, &rows[i].ask, DP_UDP, text) < SLIPPED);
		assert_int_equal(put(&limited, &rows[i].ask, DP_UDP, text), SLIPPED);
		assert_string_equal(text, rows[i].reply);
		assert_int_equal(put(&limited, &rows[i].ask, DP_UDP, text), LIMITED);
		assert_int_equal(put(&limited, &rows[i].ask, DP_UDP, text), LIMITED);
		assert_int_equal(put(&limited, &rows[i].ask, DP_UDP, text), SLIPPED);
		limited.answerer.now.monotonic_ms += 1000;
		assert_true(put(&limited, &rows[i].ask, DP_UDP, text) < SLIPPED);
		close_limited(&limited);
	}
}

/* An error has no records to leave out: one in three is sent as it is, the others not at all. */
static void
over_the_limit_errors_are_thinned_out(void **state)
{
	static const struct ask asks[] = {
		{ "www.example.net.", A },
		{ "www.example.test.", A, .flags = 0x1000 },
		{ NULL },
		{ "www.example.test.", A, .udp_bytes = 1232, .opt_ttl = 1u << 16 },
	};

	for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
		struct limited limited;
		enum tbl_verdict first;
		char before[RENDER_MAX];
		char text[RENDER_MAX];

		open_limited(*state, &limited);
		first = put(&limited, &asks[i], DP_UDP, before);
		assert_int_equal(put(&limited, &asks[i], DP_UDP, text), first);
		assert_string_equal(text, before);
		assert_int_equal(put(&limited, &asks[i], DP_UDP, text), LIMITED);
		assert_int_equal(put(&limited, &asks[i], DP_UDP, text), LIMITED);
		assert_int_equal(put(&limited, &asks[i], DP_UDP, text), first);
		close_limited(&limited);
	}
}

static unsigned int
count_answered(struct limited *limited, const struct ask *ask, enum dp_transport transport)
{
	unsigned int answered = 0;

	for (unsigned int i = 0; i < 100; i++) {
		answered += put(limited, ask, transport, NULL) == NOERROR ? 1 : 0;
	}
	return answered;
}

/* conformance: rate-limit-cookies-exempt | RFC 7873 §5.2.5 | Who shows a server cookie of ours is not limited, and
 * neither is TCP. */
static void
proved_sources_are_not_limited(void **state)
{
	static const struct ask plain = { "www.example.test.", A };
	static const struct ask good = { "www.example.test.", A, .udp_bytes = 1232,
		.options = BYTES(COOKIE_GOOD), .from = COOKIE_CLIENT_AT };
	static const struct ask client_only = { "www.example.test.", A, .udp_bytes = 1232,
		.options = BYTES(COOKIE_CLIENT), .from = COOKIE_CLIENT_AT };
	struct limited limited;

	open_limited(*state, &limited);
	assert_int_equal(count_answered(&limited, &plain, DP_UDP), 1);
	assert_int_equal(count_answered(&limited, &plain, DP_TCP), 100);
	assert_int_equal(count_answered(&limited, &good, DP_UDP), 100);
	assert_true(count_answered(&limited, &client_only, DP_UDP) <= 1);
	limited.answerer.now.unix_s += 1801; /* the cookie is past half its life */
	assert_int_equal(count_answered(&limited, &good, DP_UDP), 100);
	close_limited(&limited);
}

/* What would be dropped in any case is no reply, and does not count as one. */
static void
drops_are_not_counted(void **state)
{
	static const struct ask response = { "www.example.test.", A, .flags = 0x8000 };
	static const struct ask plain = { "www.example.test.", A };
	struct limited limited;

	open_limited(*state, &limited);
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(put(&limited, &response, DP_UDP, NULL), TBL_VERDICT_DROP_RESPONSE);
	}
	assert_int_equal(put(&limited, &plain, DP_UDP, NULL), NOERROR);
	close_limited(&limited);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_counts_as_one),
		cmocka_unit_test(made_up_names_share_one_limit),
		cmocka_unit_test(over_the_limit_a_reply_says_tc_and_no_more),
		cmocka_unit_test(over_the_limit_errors_are_thinned_out),
		cmocka_unit_test(proved_sources_are_not_limited),
		cmocka_unit_test(drops_are_not_counted),
	};

	return cmocka_run_group_tests(tests, ask_set_up, ask_tear_down);
}
