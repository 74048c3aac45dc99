/* Server cookies: the published examples byte for byte, then what each part of one is bound to. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/cookie.h"
#include "tests/unit/test.h"

#define HASH_POS 16u

static uint8_t
hex_digit(char c)
{
	assert_true((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static size_t
from_hex(const char *text, uint8_t *bytes)
{
	size_t len = strlen(text) / 2;

	for (size_t i = 0; i < len; i++) {
		bytes[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
	}
	return len;
}

static struct tbl_addr
address(const char *text)
{
	struct tbl_addr addr = { .family = 4 };

	if (inet_pton(AF_INET, text, addr.bytes) != 1) {
		addr.family = 6;
		assert_int_equal(inet_pton(AF_INET6, text, addr.bytes), 1);
	}
	return addr;
}

/* Keys from hexadecimal texts, up to the first NULL. */
static struct dp_cookie_keys
keys_of(const char *const texts[DP_COOKIE_KEYS_MAX])
{
	struct dp_cookie_keys keys = { 0 };

	while (keys.cnt < DP_COOKIE_KEYS_MAX && texts[keys.cnt] != NULL) {
		(void)from_hex(texts[keys.cnt], keys.keys[keys.cnt]);
		keys.cnt++;
	}
	return keys;
}

/* The vectors of SipHash's authors: key 00 01 .. 0f, data 00 01 .. n-1, the hash's bytes as they give
 * them (least significant first), for every n up to two words beyond what a cookie hashes. */
/* conformance: cookie-siphash | RFC 9018 §4.4 | The hash is SipHash-2-4, by its authors' vectors. */
static void
siphash_is_the_references(void **state)
{
	static const char *const vectors[] = {
		"310e0edd47db6f72",
		"fd67dc93c539f874",
		"5a4fa9d909806c0d",
		"2d7efbd796666785",
		"b7877127e09427cf",
		"8da699cd64557618",
		"cee3fe586e46c9cb",
		"37d1018bf50002ab",
		"6224939a79f5f593",
		"b0e4a90bdf82009e",
		"f3b9dd94c5bb5d7a",
		"a7ad6b22462fb3f4",
		"fbe50e86bc8f1e75",
		"903d84c02756ea14",
		"eef27a8e90ca23f7",
		"e545be4961ca29a1",
		"db9bc2577fcc2a3f",
		"9447be2cf5e99a69",
		"9cd38d96f0b3c14b",
		"bd6179a71dc96dbb",
		"98eea21af25cd6be",
		"c7673b2eb0cbf2d0",
		"883ea3e395675393",
		"c8ce5ccd8c030ca8",
		"94af49f6c650adb8",
		"eab8858ade92e1bc",
		"f315bb5bb835d817",
		"adcf6b0763612e2f",
		"a5c91da7acaa4dde",
		"716595876650a2a6",
		"28ef495c53a387ad",
		"42c341d8fa92d832",
		"ce7cf2722f512771",
		"e37859f94623f3a7",
		"381205bb1ab0e012",
		"ae97a10fd434e015",
		"b4a31508beff4d31",
		"81396229f0907902",
		"4d0cf49ee5d4dcca",
		"5c73336a76d8bf9a",
		"d0a704536ba93e0e",
		"925958fcd6420cad",
		"a915c29bc8067318",
		"952b79f3bc0aa6d4",
		"f21df2e41d4535f9",
		"87577519048f53a9",
		"10a56cf5dfcd9adb",
		"eb75095ccd986cd0",
		"51a9cb9ecba312e6",
	};
	uint8_t key[DP_COOKIE_KEY_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++) {
		key[i] = (uint8_t)i;
	}
	for (size_t len = 0; len < ARRAY_LEN(vectors); len++) {
		uint8_t *exact = malloc(len > 0 ? len : 1); /* a sanitizer sees a byte beyond */
		uint8_t expected[8];
		uint64_t value;

		assert_non_null(exact);
		for (size_t i = 0; i < len; i++) {
			exact[i] = (uint8_t)i;
		}
		value = dp_siphash(key, exact, len);
		free(exact);
		assert_int_equal(from_hex(vectors[len], expected), sizeof(expected));
		for (size_t i = 0; i < sizeof(expected); i++) {
			assert_int_equal((uint8_t)(value >> (8 * i)), expected[i]);
		}
	}
}

#define OLD_SECRET "e5e973e5a6b2a43f48e7dc849e37bfcf"

/* RFC 9018 Appendix A: what the server there is sent, and what it sends back. */
/* conformance: cookie-examples | RFC 9018 §A | The RFC's own cookies are made and accepted. */
static void
rfc_9018_appendix_a(void **state)
{
	static const struct {
		const char *name;
		const char *secrets[DP_COOKIE_KEYS_MAX];
		const char *client;
		const char *asked;
		uint32_t now_unix_s;
		enum dp_cookie_state state;
		const char *replied;
	} rows[] = {
		{ "A.1 learning a new server cookie", { OLD_SECRET }, "198.51.100.100",
				"2464c4abcf10c957", 1559731985, DP_COOKIE_CLIENT_ONLY,
				"2464c4abcf10c957010000005cf79f111f8130c3eee29480" },
		{ "A.2 the same client learning a renewed one", { OLD_SECRET }, "198.51.100.100",
				"2464c4abcf10c957010000005cf79f111f8130c3eee29480", 1559734385,
				DP_COOKIE_OLD, "2464c4abcf10c957010000005cf7a871d4a564a1442aca77" },
		/* An hour and 52 minutes old: outside the time that §4.3 gives. */
		{ "A.3 another client, reserved bytes not 0", { OLD_SECRET }, "203.0.113.203",
				"fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", 1559734700,
				DP_COOKIE_BAD, "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e" },
		{ "A.4 IPv6, the secret rolled over",
				{ "445536bcd2513298075a5d379663c962",
						"dd3bdf9344b678b185a6f5cb60fca715" },
				"2001:db8:220:1:59de:d0f4:8769:82b8",
				"22681ab97d52c298010000005cf7c57926556bd0934c72f8", 1559741961,
				DP_COOKIE_OLD, "22681ab97d52c298010000005cf7c609a6bb79d16625507a" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dp_cookie_keys keys = keys_of(rows[i].secrets);
		struct tbl_addr client = address(rows[i].client);
		uint8_t asked[DP_COOKIE_BYTES_MAX];
		uint8_t expected[DP_COOKIE_BYTES];
		uint8_t made[DP_COOKIE_BYTES];
		size_t len = from_hex(rows[i].asked, asked);

		if (dp_cookie_check(&keys, asked, len, &client, rows[i].now_unix_s) !=
				rows[i].state) {
			fail_msg("%s", rows[i].name);
		}
		(void)from_hex(rows[i].replied, expected);
		dp_cookie_make(&keys, asked, &client, rows[i].now_unix_s, made);
		assert_memory_equal(made, expected, sizeof(made));
	}
}

/* RFC 9018 §4.2: reserved bytes are hashed as they come (the cookie of A.3, when it was made). */
static void
reserved_bytes_are_hashed_as_they_came(void **state)
{
	static const char *const secrets[DP_COOKIE_KEYS_MAX] = { OLD_SECRET };
	struct dp_cookie_keys keys = keys_of(secrets);
	struct tbl_addr client = address("203.0.113.203");
	uint8_t cookie[DP_COOKIE_BYTES];

	(void)state;
	(void)from_hex("fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", cookie);
	assert_int_equal(dp_cookie_check(&keys, cookie, sizeof(cookie), &client, 0x5cf78f71),
			DP_COOKIE_GOOD);
	cookie[9] ^= 1;
	assert_int_equal(dp_cookie_check(&keys, cookie, sizeof(cookie), &client, 0x5cf78f71),
			DP_COOKIE_BAD);
}

/* How old a cookie is (modulo 2^32), and what it then is. */
static const struct {
	uint32_t later_s;
	enum dp_cookie_state state;
} ages[] = {
	{ 0, DP_COOKIE_GOOD },
	{ 1800, DP_COOKIE_GOOD },
	{ 1801, DP_COOKIE_OLD },
	{ 3600, DP_COOKIE_OLD },
	{ 3601, DP_COOKIE_BAD },
	{ 0x7fffffff, DP_COOKIE_BAD },
	{ 0x80000000, DP_COOKIE_BAD },
	{ 0x80000001, DP_COOKIE_BAD },
	{ (uint32_t)-301, DP_COOKIE_BAD },
	{ (uint32_t)-300, DP_COOKIE_GOOD },
	{ (uint32_t)-1, DP_COOKIE_GOOD },
};

static void
expect_ages_of_cookie_made_at(uint32_t birth_s)
{
	static const char *const secrets[DP_COOKIE_KEYS_MAX] = { OLD_SECRET };
	struct dp_cookie_keys keys = keys_of(secrets);
	struct tbl_addr client = address("192.0.2.1");
	uint8_t cookie[DP_COOKIE_BYTES];

	dp_cookie_make(&keys, (const uint8_t *)"abcdefgh", &client, birth_s, cookie);
	for (size_t i = 0; i < ARRAY_LEN(ages); i++) {
		if (dp_cookie_check(&keys, cookie, sizeof(cookie), &client,
				    birth_s + ages[i].later_s) != ages[i].state) {
			fail_msg("made at %u, asked %u later", birth_s, ages[i].later_s);
		}
	}
}

/* RFC 9018 §4.3, and where 32 bits of seconds change sign (2038) and begin again (2106). */
/* conformance: cookie-age-serial | RFC 9018 §4.3, RFC 1982 §3.2 | A cookie's age is told in serial arithmetic, over
 * 2038 and 2106. */
static void
age_is_told_in_serial_arithmetic(void **state)
{
	static const uint32_t births_s[] = { 1559731985, 0x7fffffff, 0x7fffff00, 0x80000000,
		0xffffffff, 0xfffffe00, 0, 100 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(births_s); i++) {
		expect_ages_of_cookie_made_at(births_s[i]);
	}
}

/* Every byte counts, and the address, its family and the secret. */
static void
a_cookie_is_one_clients(void **state)
{
	static const char *const secrets[DP_COOKIE_KEYS_MAX] = { OLD_SECRET };
	static const char *const others[DP_COOKIE_KEYS_MAX] = {
		"e5e973e5a6b2a43f48e7dc849e37bfce"
	};
	struct dp_cookie_keys keys = keys_of(secrets);
	struct dp_cookie_keys other_keys = keys_of(others);
	struct tbl_addr client = address("192.0.2.1");
	struct tbl_addr neighbour = address("192.0.2.2");
	struct tbl_addr as_ipv6 = client;
	uint8_t cookie[DP_COOKIE_BYTES_MAX] = { 0 };

	(void)state;
	as_ipv6.family = 6;
	dp_cookie_make(&keys, (const uint8_t *)"abcdefgh", &client, 1000, cookie);
	assert_int_equal(dp_cookie_check(&keys, cookie, DP_COOKIE_BYTES, &client, 1000),
			DP_COOKIE_GOOD);
	assert_int_equal(dp_cookie_check(&keys, cookie, DP_COOKIE_BYTES, &neighbour, 1000),
			DP_COOKIE_BAD);
	assert_int_equal(dp_cookie_check(&keys, cookie, DP_COOKIE_BYTES, &as_ipv6, 1000),
			DP_COOKIE_BAD);
	assert_int_equal(dp_cookie_check(&other_keys, cookie, DP_COOKIE_BYTES, &client, 1000),
			DP_COOKIE_BAD);
	for (size_t bit = 0; bit < (size_t)8 * DP_COOKIE_BYTES; bit++) {
		cookie[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_int_equal(dp_cookie_check(&keys, cookie, DP_COOKIE_BYTES, &client, 1000),
				DP_COOKIE_BAD);
		cookie[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	/* Other servers' cookies may have other lengths (RFC 7873 §4); ours has one. */
	for (size_t len = DP_COOKIE_BYTES_MIN; len <= DP_COOKIE_BYTES_MAX; len++) {
		assert_int_equal(dp_cookie_check(&keys, cookie, len, &client, 1000),
				len == DP_COOKIE_BYTES ? DP_COOKIE_GOOD : DP_COOKIE_BAD);
	}
}

/* RFC 9018 §5: every step of a roll-over, on servers that take it at different times. */
/* conformance: cookie-two-secrets | RFC 7873 §7.1, RFC 9018 §5 | Cookies of the second secret are accepted, and
 * replaced by ones of the first. */
static void
secrets_roll_over(void **state)
{
	static const struct {
		const char *maker[DP_COOKIE_KEYS_MAX];
		const char *checker[DP_COOKIE_KEYS_MAX];
		enum dp_cookie_state state;
	} rows[] = {
		{ { "0a" }, { "0a", "0b" }, DP_COOKIE_GOOD },
		{ { "0a", "0b" }, { "0a" }, DP_COOKIE_GOOD },
		{ { "0b", "0a" }, { "0a", "0b" }, DP_COOKIE_OLD },
		{ { "0a", "0b" }, { "0b", "0a" }, DP_COOKIE_OLD },
		{ { "0b" }, { "0b", "0a" }, DP_COOKIE_GOOD },
		{ { "0c" }, { "0a", "0b", "0c" }, DP_COOKIE_OLD },
		/* one step left out: */
		{ { "0b" }, { "0a" }, DP_COOKIE_BAD },
		{ { "0a" }, { "0b" }, DP_COOKIE_BAD },
	};
	struct tbl_addr client = address("2001:db8::1");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct dp_cookie_keys maker = keys_of(rows[i].maker);
		struct dp_cookie_keys checker = keys_of(rows[i].checker);
		uint8_t cookie[DP_COOKIE_BYTES];

		dp_cookie_make(&maker, (const uint8_t *)"abcdefgh", &client, 7, cookie);
		if (dp_cookie_check(&checker, cookie, sizeof(cookie), &client, 7) !=
				rows[i].state) {
			fail_msg("row %zu", i);
		}
		assert_int_equal(cookie[HASH_POS - 1], 7);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_is_the_references),
		cmocka_unit_test(rfc_9018_appendix_a),
		cmocka_unit_test(reserved_bytes_are_hashed_as_they_came),
		cmocka_unit_test(age_is_told_in_serial_arithmetic),
		cmocka_unit_test(a_cookie_is_one_clients),
		cmocka_unit_test(secrets_roll_over),
	};

	return cmocka_run_group_tests_name("dataplane/cookie", tests, NULL, NULL);
}
