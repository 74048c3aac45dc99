/* Prefix sets: what is a prefix, and which addresses a set holds, by a linear search beside it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/frame.h"
#include "dataplane/message.h"
#include "dataplane/prefixes.h"
#include "tests/unit/test.h"

static struct tbl_addr
address(const char *text)
{
	struct tbl_addr addr;

	assert_int_equal(dp_address_parse(text, &addr), 0);
	return addr;
}

static void
prefixes_are_read(void **state)
{
	static const struct {
		const char *text;
		const char *means; /* NULL: refused */
	} rows[] = {
		{ "192.0.2.0/24", "192.0.2.0/24" },
		{ "192.0.2.1", "192.0.2.1/32" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "10.128.0.0/9", "10.128.0.0/9" },
		{ "2001:db8::/32", "2001:db8::/32" },
		{ "2001:db8::1", "2001:db8::1/128" },
		{ "::/0", "::/0" },
		{ "2001:db8:0:8000::/49", "2001:db8:0:8000::/49" },
		{ "192.0.2.1/24", NULL }, /* bits behind the prefix */
		{ "10.128.0.0/8", NULL },
		{ "192.0.2.64/25", NULL }, /* within an octet */
		{ "2001:db8::1/64", NULL },
		{ "192.0.2.0/33", NULL },
		{ "2001:db8::/129", NULL },
		{ "192.0.2.0/", NULL },
		{ "192.0.2.0/-1", NULL },
		{ "192.0.2.0/24x", NULL },
		{ "192.0.2.0/ 24", NULL },
		{ "192.0.2.0/24/24", NULL },
		{ "192.0.2.0/4294967320", NULL },
		{ "192.0.2/24", NULL },
		{ "/24", NULL },
		{ "", NULL },
		{ "any", NULL },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb/1", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tbl_prefix prefix;
		int err = dp_prefix_parse(rows[i].text, &prefix);
		char text[TBL_PREFIX_TEXT_MAX];

		if (err != (rows[i].means != NULL ? 0 : -EINVAL)) {
			fail_msg("'%s': %d", rows[i].text, err);
		}
		if (err == 0) {
			tbl_prefix_text(&prefix, text);
			assert_string_equal(text, rows[i].means);
		}
	}
}

static void
the_edges_of_a_prefix_are_its_own(void **state)
{
	static const char *const texts[] = { "192.0.2.0/24", "192.0.3.0/24", "192.0.2.128/25",
		"198.51.100.7", "2001:db8::/32", "255.255.255.255", "2001:db8::/32" };
	static const struct {
		const char *addr;
		bool is_in;
	} rows[] = {
		{ "192.0.1.255", false }, { "192.0.2.0", true }, { "192.0.2.255", true },
		{ "192.0.3.0", true }, { "192.0.3.255", true }, { "192.0.4.0", false },
		{ "198.51.100.6", false }, { "198.51.100.7", true }, { "198.51.100.8", false },
		{ "255.255.255.254", false }, { "255.255.255.255", true },
		{ "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", false }, { "2001:db8::", true },
		{ "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true }, { "2001:db9::", false },
		{ "::c000:200", false }, /* the number of 192.0.2.0, of the other family */
	};
	struct tbl_prefix items[ARRAY_LEN(texts)];
	struct dp_prefixes prefixes;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(dp_prefix_parse(texts[i], &items[i]), 0);
	}
	assert_int_equal(dp_prefixes_make(items, ARRAY_LEN(items), &prefixes), 0);
	assert_int_equal(prefixes.v4_cnt, 3); /* the first three are one */
	assert_int_equal(prefixes.v6_cnt, 1); /* said twice */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tbl_addr addr = address(rows[i].addr);

		if (is_in_dp_prefixes(&prefixes, &addr) != rows[i].is_in) {
			fail_msg("%s", rows[i].addr);
		}
	}
	dp_prefixes_done(&prefixes);
}

static void
everything_and_nothing(void **state)
{
	struct tbl_prefix all[2];
	struct tbl_addr v4 = address("192.0.2.1");
	struct tbl_addr v6 = address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	struct dp_prefixes prefixes = { 0 };

	(void)state;
	assert_false(is_in_dp_prefixes(&prefixes, &v4));
	assert_int_equal(dp_prefixes_make(NULL, 0, &prefixes), 0);
	assert_false(is_in_dp_prefixes(&prefixes, &v4));
	assert_int_equal(dp_prefix_parse("0.0.0.0/0", &all[0]), 0);
	assert_int_equal(dp_prefix_parse("::/0", &all[1]), 0);
	assert_int_equal(dp_prefixes_make(all, 1, &prefixes), 0);
	assert_true(is_in_dp_prefixes(&prefixes, &v4));
	assert_false(is_in_dp_prefixes(&prefixes, &v6));
	dp_prefixes_done(&prefixes);
	assert_int_equal(dp_prefixes_make(all, 2, &prefixes), 0);
	assert_true(is_in_dp_prefixes(&prefixes, &v6));
	dp_prefixes_done(&prefixes);
	assert_false(is_in_dp_prefixes(&prefixes, &v6));
	assert_int_equal(dp_prefixes_make(&all[1], 1, &prefixes), 0);
	assert_false(is_in_dp_prefixes(&prefixes, &v4));
	dp_prefixes_done(&prefixes);
}

static bool
is_in_one_of(const struct tbl_prefix *items, size_t cnt, const struct tbl_addr *addr)
{
	for (size_t i = 0; i < cnt; i++) {
		size_t whole = items[i].bits / 8;
		unsigned int rest = items[i].bits % 8;

		if (items[i].family == addr->family &&
				memcmp(items[i].bytes, addr->bytes, whole) == 0 &&
				(rest == 0 || (items[i].bytes[whole] ^ addr->bytes[whole]) >>
										(8 - rest) ==
								0)) {
			return true;
		}
	}
	return false;
}

/* Few bits in few octets, so that prefixes overlap, touch and repeat. */
static struct tbl_prefix
random_prefix(uint64_t *random)
{
	uint64_t bits = dp_random(random);
	struct tbl_prefix prefix = { .family = (bits & 1) != 0 ? 4 : 6,
		.bits = (uint8_t)(bits >> 1 & 31) };

	prefix.bytes[0] = (uint8_t)(bits >> 8 & 3);
	prefix.bytes[1] = (uint8_t)(bits >> 16);
	prefix.bytes[2] = (uint8_t)(bits >> 24 & 0x81);
	for (unsigned int i = prefix.bits; i < 32; i++) {
		prefix.bytes[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	}
	return prefix;
}

static void
random_sets_hold_what_a_linear_search_finds(void **state)
{
	uint64_t random = 1;
	uint32_t in_cnt = 0;

	(void)state;
	for (unsigned int round = 0; round < 200; round++) {
		struct tbl_prefix items[40];
		struct dp_prefixes prefixes;

		for (size_t i = 0; i < ARRAY_LEN(items); i++) {
			items[i] = random_prefix(&random);
			items[i].bits = (uint8_t)(items[i].bits | 8); /* seldom everything */
		}
		assert_int_equal(dp_prefixes_make(items, ARRAY_LEN(items), &prefixes), 0);
		for (unsigned int i = 0; i < 500; i++) {
			struct tbl_prefix near = random_prefix(&random);
			struct tbl_addr addr = { .family = near.family };
			bool is_in;

			memcpy(addr.bytes, near.bytes, sizeof(addr.bytes));
			addr.bytes[3] = (uint8_t)dp_random(&random);
			is_in = is_in_one_of(items, ARRAY_LEN(items), &addr);
			in_cnt += is_in ? 1 : 0;
			assert_int_equal(is_in_dp_prefixes(&prefixes, &addr), is_in);
		}
		dp_prefixes_done(&prefixes);
	}
	assert_true(in_cnt > 1000 && in_cnt < 99000); /* both answers were tried */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_are_read),
		cmocka_unit_test(the_edges_of_a_prefix_are_its_own),
		cmocka_unit_test(everything_and_nothing),
		cmocka_unit_test(random_sets_hold_what_a_linear_search_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
