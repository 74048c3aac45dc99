/* Rate limits with time as an argument: what passes, what slips, and what a flood can do to others. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/frame.h"
#include "dataplane/limiter.h"
#include "dataplane/message.h"
#include "tests/unit/test.h"

#define START_MS 86400000u /* a machine that has been up for a day */

/* Ten replies a second of each kind, twenty at once; no slip. */
static const struct dp_limiter_params ten_a_second = {
	.per_second = { 10, 10, 10, 0 },
	.burst_s = 2,
	.ipv4_bits = 24,
	.ipv6_bits = 56,
	.table_size = DP_LIMIT_TABLE_MIN,
	.seed = "0123456789abcde",
};

static const struct dp_limit_reply an_answer = { DP_LIMIT_ANSWER, 1, 0x1234 };

static struct dp_limiter *
make(const struct dp_limiter_params *params)
{
	struct dp_limiter *limiter;

	assert_int_equal(dp_limiter_new(params, &limiter), 0);
	return limiter;
}

static struct tbl_addr
address(const char *text)
{
	struct tbl_addr addr;

	assert_int_equal(dp_address_parse(text, &addr), 0);
	return addr;
}

/* How many of `cnt` replies at this moment are sent. */
static unsigned int
count_sent(struct dp_limiter *limiter, const struct tbl_addr *addr,
		const struct dp_limit_reply *reply, unsigned int cnt, uint64_t now_ms)
{
	unsigned int sent = 0;

	for (unsigned int i = 0; i < cnt; i++) {
		sent += dp_limiter_judge(limiter, addr, reply, now_ms) == DP_LIMIT_SEND ? 1 : 0;
	}
	return sent;
}

static void
a_burst_passes_and_then_the_rate(void **state)
{
	struct dp_limiter *limiter = make(&ten_a_second);
	struct tbl_addr addr = address("192.0.2.1");
	unsigned int sent = 0;

	(void)state;
	assert_int_equal(count_sent(limiter, &addr, &an_answer, 1000, START_MS), 20);
	assert_int_equal(count_sent(limiter, &addr, &an_answer, 1000, START_MS + 99), 0);
	assert_int_equal(count_sent(limiter, &addr, &an_answer, 1000, START_MS + 100), 1);
	assert_int_equal(count_sent(limiter, &addr, &an_answer, 1000, START_MS + 500), 4);
	for (unsigned int ms = 501; ms <= 10500; ms++) { /* 10,000 a second for ten seconds */
		sent += count_sent(limiter, &addr, &an_answer, 10, START_MS + ms);
	}
	assert_int_equal(sent, 100);
	/* Quiet for as long as the burst is: all of it again, and no more however long. */
	assert_int_equal(count_sent(limiter, &addr, &an_answer, 1000, START_MS + 12500), 20);
	assert_int_equal(count_sent(limiter, &addr, &an_answer, 1000, START_MS + 86400000), 20);
	dp_limiter_free(limiter);
}

static void
what_is_over_slips_in_turn(void **state)
{
	static const struct {
		uint32_t slip;
		const char *turns; /* of the first eight over the limit: s(lip) or d(rop) */
	} rows[] = { { 0, "dddddddd" }, { 1, "ssssssss" }, { 2, "sdsdsdsd" }, { 3, "sddsddsd" } };
	struct tbl_addr addr = address("192.0.2.1");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dp_limiter_params params = ten_a_second;
		struct dp_limiter *limiter;
		char turns[9] = "";

		params.slip = rows[i].slip;
		limiter = make(&params);
		assert_int_equal(count_sent(limiter, &addr, &an_answer, 20, START_MS), 20);
		for (size_t k = 0; k < 8; k++) {
			enum dp_limit_result result =
					dp_limiter_judge(limiter, &addr, &an_answer, START_MS);

			assert_int_not_equal(result, DP_LIMIT_SEND);
			turns[k] = result == DP_LIMIT_SLIP ? 's' : 'd';
		}
		assert_string_equal(turns, rows[i].turns);
		dp_limiter_free(limiter);
	}
}

/* Each of these is nobody else's business, when the first is over its limit. */
static void
names_kinds_types_and_prefixes_are_counted_apart(void **state)
{
	static const struct {
		const char *addr;
		struct dp_limit_reply reply;
		bool is_same;
	} rows[] = {
		{ "192.0.2.1", { DP_LIMIT_ANSWER, 1, 0x1234 }, true },
		{ "192.0.2.255", { DP_LIMIT_ANSWER, 1, 0x1234 }, true },
		{ "192.0.3.1", { DP_LIMIT_ANSWER, 1, 0x1234 }, false },
		{ "192.0.2.1", { DP_LIMIT_ANSWER, 28, 0x1234 }, false },
		{ "192.0.2.1", { DP_LIMIT_ANSWER, 1, 0x1235 }, false },
		{ "192.0.2.1", { DP_LIMIT_NEGATIVE, 0, 0x1234 }, false },
		{ "192.0.2.1", { DP_LIMIT_ERROR, 0, 0 }, false },
		{ "c000:200::", { DP_LIMIT_ANSWER, 1, 0x1234 }, false }, /* the same bytes */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dp_limiter *limiter = make(&ten_a_second);
		struct tbl_addr first = address(rows[0].addr);
		struct tbl_addr addr = address(rows[i].addr);

		assert_int_equal(count_sent(limiter, &first, &rows[0].reply, 100, START_MS), 20);
		assert_int_equal(count_sent(limiter, &addr, &rows[i].reply, 100, START_MS),
				rows[i].is_same ? 0 : 20);
		dp_limiter_free(limiter);
	}
}

static void
an_ipv6_prefix_is_one_client(void **state)
{
	struct dp_limiter *limiter = make(&ten_a_second);
	struct tbl_addr first = address("2001:db8:1:200::1");
	struct tbl_addr same = address("2001:db8:1:2ff:ffff:ffff:ffff:ffff");
	struct tbl_addr next = address("2001:db8:1:300::1");

	(void)state;
	assert_int_equal(count_sent(limiter, &first, &an_answer, 100, START_MS), 20);
	assert_int_equal(count_sent(limiter, &same, &an_answer, 100, START_MS), 0);
	assert_int_equal(count_sent(limiter, &next, &an_answer, 100, START_MS), 20);
	dp_limiter_free(limiter);
}

static void
a_limit_over_everything_holds_whatever_is_asked(void **state)
{
	struct dp_limiter_params params = ten_a_second;
	struct tbl_addr addr = address("192.0.2.1");
	struct dp_limiter *limiter;
	unsigned int sent = 0;

	(void)state;
	params.per_second[DP_LIMIT_ALL] = 50;
	limiter = make(&params);
	for (uint64_t name = 1; name <= 1000; name++) {
		const struct dp_limit_reply reply = { DP_LIMIT_ANSWER, 1, name };

		sent += count_sent(limiter, &addr, &reply, 1, START_MS);
	}
	assert_int_equal(sent, 100);
	dp_limiter_free(limiter);
}

/* Without a rate a kind is not limited, and takes no place in the table. */
static void
a_kind_without_a_rate_is_not_limited(void **state)
{
	struct dp_limiter_params params = ten_a_second;
	const struct dp_limit_reply error = { DP_LIMIT_ERROR, 0, 0 };
	struct tbl_addr addr = address("192.0.2.1");
	struct dp_limiter *limiter;

	(void)state;
	params.per_second[DP_LIMIT_ERROR] = 0;
	limiter = make(&params);
	assert_int_equal(count_sent(limiter, &addr, &error, 100000, START_MS), 100000);
	dp_limiter_free(limiter);
}

static void
exempt_prefixes_are_not_limited(void **state)
{
	struct dp_limiter_params params = ten_a_second;
	struct dp_prefixes exempt;
	struct tbl_prefix prefix;
	struct tbl_addr inside = address("192.0.2.130");
	struct tbl_addr outside = address("192.0.2.1"); /* of the same client prefix */
	struct dp_limiter *limiter;

	(void)state;
	assert_int_equal(dp_prefix_parse("192.0.2.128/25", &prefix), 0);
	assert_int_equal(dp_prefixes_make(&prefix, 1, &exempt), 0);
	params.exempt = &exempt;
	limiter = make(&params);
	assert_int_equal(count_sent(limiter, &inside, &an_answer, 10000, START_MS), 10000);
	assert_int_equal(count_sent(limiter, &outside, &an_answer, 10000, START_MS), 20);
	dp_limiter_free(limiter);
	dp_prefixes_done(&exempt);
}

/* A clock that stands still gives no credit; one that goes back keeps nobody out for longer than a burst
 * lasts, and one that leaps ahead gives one burst. */
/* conformance: rate-limit-any-clock | practice | Whatever the clock does limits hold. */
static void
any_clock_is_survived(void **state)
{
	struct dp_limiter *limiter = make(&ten_a_second);
	struct tbl_addr addr = address("192.0.2.1");
	uint64_t back_ms = 3600000;

	(void)state;
	assert_int_equal(count_sent(limiter, &addr, &an_answer, 100000, START_MS), 20);
	assert_int_equal(count_sent(limiter, &addr, &an_answer, 100, back_ms), 0);
	assert_int_equal(count_sent(limiter, &addr, &an_answer, 100, back_ms + 100), 1);
	assert_int_equal(count_sent(limiter, &addr, &an_answer, 100, back_ms + 2100), 20);
	assert_int_equal(count_sent(limiter, &addr, &an_answer, 100, UINT64_MAX / 2000000u), 20);
	assert_int_equal(count_sent(limiter, &addr, &an_answer, 100, 0), 0); /* and back again */
	dp_limiter_free(limiter);
}

static void
rates_at_their_edges_hold(void **state)
{
	static const struct {
		uint32_t per_second;
		uint32_t burst_s;
		unsigned int at_once;
	} rows[] = { { 1, 1, 1 }, { 1, DP_LIMIT_BURST_S_MAX, 60 }, { 1000, 1, 1000 },
		{ 1000000, 1, 1000000 } };
	struct tbl_addr addr = address("192.0.2.1");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dp_limiter_params params = ten_a_second;
		struct dp_limiter *limiter;

		params.per_second[DP_LIMIT_ANSWER] = rows[i].per_second;
		params.burst_s = rows[i].burst_s;
		limiter = make(&params);
		assert_int_equal(count_sent(limiter, &addr, &an_answer, rows[i].at_once + 1000,
						 START_MS),
				rows[i].at_once);
		dp_limiter_free(limiter);
	}
}

/* A million forged prefixes, a thousand buckets. The client that asks five times a second is served every
 * time, though its bucket is thrown out again and again; the prefix that is over its limit stays so, for
 * its bucket is the last that would be. */
/* conformance: rate-limit-state-bounded | practice | A million forged prefixes neither push out who is over the limit
 * nor silence who is not. */
static void
a_million_forged_prefixes_silence_nobody_and_free_nobody(void **state)
{
	struct dp_limiter *limiter = make(&ten_a_second);
	struct tbl_addr honest = address("198.51.100.1");
	struct tbl_addr greedy = address("203.0.113.1");
	struct tbl_addr forged = { .family = 4 };
	unsigned int greedy_sent = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000000; i++) {
		uint64_t now_ms = START_MS + i / 100; /* 100,000 a second for ten seconds */
		uint32_t prefix = i * 2654435761u;    /* each once, in no order */

		forged.bytes[0] = (uint8_t)(prefix >> 24);
		forged.bytes[1] = (uint8_t)(prefix >> 16);
		forged.bytes[2] = (uint8_t)(prefix >> 8);
		(void)dp_limiter_judge(limiter, &forged, &an_answer, now_ms);
		greedy_sent += count_sent(
				limiter, &greedy, &an_answer, i % 10 == 0 ? 1 : 0, now_ms);
		if (i % 20000 == 0) {
			assert_int_equal(count_sent(limiter, &honest, &an_answer, 1, now_ms), 1);
		}
	}
	/* 10,000 a second asked for: the burst and ten seconds at the rate. */
	assert_int_equal(greedy_sent, 20 + 100 - 1);
	dp_limiter_free(limiter);
}

/* More prefixes over their limit than there are buckets: some must be forgotten, and begin anew. Sent is
 * still little beside asked, and the table does not grow. */
static void
more_floods_than_buckets_are_still_cut(void **state)
{
	struct dp_limiter *limiter = make(&ten_a_second);
	struct tbl_addr forged = { .family = 4, .bytes = { 10 } };
	unsigned int sent = 0;

	(void)state;
	for (uint32_t i = 0; i < 2 * DP_LIMIT_TABLE_MIN; i++) {
		forged.bytes[1] = (uint8_t)(i >> 8);
		forged.bytes[2] = (uint8_t)i;
		sent += count_sent(limiter, &forged, &an_answer, 1000, START_MS);
	}
	assert_int_equal(sent, 20 * 2 * DP_LIMIT_TABLE_MIN); /* of 1000 each */
	dp_limiter_free(limiter);
}

/* The bucket as it is drawn in textbooks: credit that grows with time up to the burst. */
struct reference {
	uint64_t credit_ns;
	uint64_t seen_ms;
};

static bool
is_sent_by_reference(struct reference *bucket, uint64_t now_ms)
{
	const uint64_t burst_ns = 2000000000u;
	const uint64_t interval_ns = 100000000u;

	bucket->credit_ns += (now_ms - bucket->seen_ms) * 1000000u;
	bucket->credit_ns = bucket->credit_ns < burst_ns ? bucket->credit_ns : burst_ns;
	bucket->seen_ms = now_ms;
	if (bucket->credit_ns < interval_ns) {
		return false;
	}
	bucket->credit_ns -= interval_ns;
	return true;
}

/* conformance: rate-limit-by-definition | practice | Random traffic is limited as token buckets without end of memory
 * would. */
static void
random_traffic_is_judged_as_by_plain_token_buckets(void **state)
{
	struct dp_limiter *limiter = make(&ten_a_second);
	struct reference buckets[64] = { 0 }; /* far fewer than the table has: none is evicted */
	struct tbl_addr addr = { .family = 4, .bytes = { 10 } };
	uint64_t random = 7;
	uint64_t now_ms = START_MS;
	unsigned int sent = 0;

	(void)state;
	for (unsigned int i = 0; i < 500000; i++) {
		uint64_t bits = dp_random(&random);
		size_t which = bits % 8 == 0 ? bits >> 8 & 63 : bits >> 8 & 7;
		bool is_sent;

		now_ms += bits >> 32 & 3;
		addr.bytes[2] = (uint8_t)which;
		is_sent = dp_limiter_judge(limiter, &addr, &an_answer, now_ms) == DP_LIMIT_SEND;
		sent += is_sent ? 1 : 0;
		assert_int_equal(is_sent, is_sent_by_reference(&buckets[which], now_ms));
	}
	assert_true(sent > 50000 && sent < 450000); /* both happened */
	dp_limiter_free(limiter);
}

/* Other seeds, other collisions: who is forgotten when all is full cannot be known beforehand. */
static void
where_keys_lie_depends_on_the_seed(void **state)
{
	struct dp_limiter_params params = ten_a_second;
	uint64_t patterns[2] = { 0 };

	(void)state;
	for (unsigned int seed = 0; seed < 2; seed++) {
		struct tbl_addr addr = { .family = 4, .bytes = { 10 } };
		struct dp_limiter *limiter;

		params.seed[0] = (uint8_t)seed;
		limiter = make(&params);
		for (uint32_t i = 0; i < 4096; i++) {
			addr.bytes[1] = (uint8_t)(i >> 8);
			addr.bytes[2] = (uint8_t)i;
			(void)count_sent(limiter, &addr, &an_answer, 20 - i % 7, START_MS);
		}
		for (uint32_t i = 0; i < 64; i++) { /* who of the first is remembered */
			addr.bytes[1] = 0;
			addr.bytes[2] = (uint8_t)i;
			patterns[seed] |= (uint64_t)(count_sent(limiter, &addr, &an_answer, 20,
								     START_MS) == 20)
			                  << i;
		}
		dp_limiter_free(limiter);
	}
	assert_true(patterns[0] != patterns[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_passes_and_then_the_rate),
		cmocka_unit_test(what_is_over_slips_in_turn),
		cmocka_unit_test(names_kinds_types_and_prefixes_are_counted_apart),
		cmocka_unit_test(an_ipv6_prefix_is_one_client),
		cmocka_unit_test(a_limit_over_everything_holds_whatever_is_asked),
		cmocka_unit_test(a_kind_without_a_rate_is_not_limited),
		cmocka_unit_test(exempt_prefixes_are_not_limited),
		cmocka_unit_test(any_clock_is_survived),
		cmocka_unit_test(rates_at_their_edges_hold),
		cmocka_unit_test(a_million_forged_prefixes_silence_nobody_and_free_nobody),
		cmocka_unit_test(more_floods_than_buckets_are_still_cut),
		cmocka_unit_test(random_traffic_is_judged_as_by_plain_token_buckets),
		cmocka_unit_test(where_keys_lie_depends_on_the_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
