#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/name.h"

#include "tests/unit/test.h"

static const uint64_t seed[2] = { 0x0123456789abcdefULL, 0xfedcba9876543210ULL };

#define LABEL_63 "a23456789-b23456789-c23456789-d23456789-e23456789-f23456789-g23"
#define NAME_255                           \
	LABEL_63 "." LABEL_63 "." LABEL_63 \
		 ".h23456789-i23456789-j23456789-k23456789-l23456789-m23456789-m."

static void
parse_text(const char *text, struct tbl_name *name)
{
	uint8_t wire[TBL_NAME_MAX];
	int len = tbl_name_from_text(text, wire);

	assert_true(len > 0);
	assert_int_equal(tbl_name_parse(wire, (size_t)len, name), len);
	tbl_name_hash(name, seed);
}

static void
parses_wire_names_and_nothing_else(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		int len; /* or -EINVAL */
		uint8_t label_cnt;
	} rows[] = {
		{ "", 1, 1, 0 },
		{ "\1a", 3, 3, 1 },
		{ "\3WwW\7eXaMple", 13, 13, 2 },
		{ "\1a\0junk", 7, 3, 1 },
		{ "", 0, -EINVAL, 0 },
		{ "\1a", 2, -EINVAL, 0 },      /* no root label */
		{ "\3ab", 3, -EINVAL, 0 },     /* label cut short */
		{ "\2ab", 3, -EINVAL, 0 },     /* ends where the root should be */
		{ "\xc0\x0c", 2, -EINVAL, 0 }, /* compressed */
		{ "\x40"
		  "a",
				3, -EINVAL, 0 }, /* extended label type, RFC 6891 §5 */
		{ "\x80"
		  "a",
				3, -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		/* An exact-size block, so that a sanitizer sees a read beyond it. */
		uint8_t *bytes = malloc(rows[i].size > 0 ? rows[i].size : 1);
		struct tbl_name name;

		assert_non_null(bytes);
		memcpy(bytes, rows[i].bytes, rows[i].size);
		assert_int_equal(tbl_name_parse(bytes, rows[i].size, &name), rows[i].len);
		if (rows[i].len > 0) {
			assert_int_equal(name.len, rows[i].len);
			assert_int_equal(name.label_cnt, rows[i].label_cnt);
			assert_int_equal(name.off[name.label_cnt], rows[i].len - 1);
		}
		free(bytes);
	}
}

static void
longest_names_parse_and_longer_ones_do_not(void **state)
{
	uint8_t wire[300];
	struct tbl_name name;

	(void)state;
	parse_text(NAME_255, &name);
	assert_int_equal(name.len, 255);
	/* 127 labels of one octet: as many as 255 octets hold. */
	for (size_t i = 0; i < 127; i++) {
		wire[2 * i] = 1;
		wire[2 * i + 1] = 'x';
	}
	wire[254] = 0;
	assert_int_equal(tbl_name_parse(wire, 255, &name), 255);
	assert_int_equal(name.label_cnt, TBL_LABELS_MAX);
	tbl_name_hash(&name, seed);
	wire[254] = 1;
	wire[255] = 'x';
	wire[256] = 0;
	assert_int_equal(tbl_name_parse(wire, 257, &name), -EINVAL);
}

static void
lower_cases_ascii_letters_only(void **state)
{
	uint8_t wire[2 + 256];
	uint8_t lower[TBL_NAME_MAX];
	struct tbl_name name;

	(void)state;
	/* Every octet, at every place within a machine word. */
	for (size_t octet = 0; octet < 256; octet++) {
		for (uint8_t len = 1; len <= 16; len++) {
			uint8_t expected = octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet + 32)
			                                                : (uint8_t)octet;

			wire[0] = len;
			memset(wire + 1, (int)octet, len);
			wire[len + 1] = 0;
			assert_int_equal(tbl_name_parse(wire, len + 2u, &name), len + 2);
			assert_int_equal(tbl_name_lower(wire, lower), len + 2);
			assert_memory_equal(name.wire, lower, len + 2u);
			for (uint8_t i = 1; i <= len; i++) {
				assert_int_equal(name.wire[i], expected);
			}
		}
	}
}

static void
text_goes_to_wire_and_back(void **state)
{
	static const struct {
		const char *text;
		const char *wire; /* without the root label; NULL: not a name */
		size_t len;
		const char *back; /* NULL: as `text` */
	} rows[] = {
		{ ".", "", 0, NULL },
		{ "example.", "\7example", 8, NULL },
		{ "www.Example", "\3www\7Example", 12, "www.Example." },
		{ "a\\.b.c.", "\3a.b\1c", 6, NULL },
		{ "\\065.", "\1A", 2, "A." },
		{ "\\000\\255\\032.", "\3\0\xff ", 4, NULL },
		{ "\\\\\\\"\\(\\)\\;\\@\\$.", "\7\\\"();@$", 8, NULL },
		{ "*.x.", "\1*\1x", 4, NULL },
		{ "", NULL, 0, NULL },
		{ "..", NULL, 0, NULL },
		{ ".a.", NULL, 0, NULL },
		{ "a..b.", NULL, 0, NULL },
		{ "a\\", NULL, 0, NULL },
		{ "a\\25", NULL, 0, NULL },
		{ "a\\256.", NULL, 0, NULL },
		{ "a\\2x5.", NULL, 0, NULL },
		{ LABEL_63 "x.", NULL, 0, NULL },
		{ "1" NAME_255, NULL, 0, NULL },
		{ NAME_255 "1.", NULL, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t wire[TBL_NAME_MAX];
		char text[TBL_NAME_TEXT_MAX];
		size_t text_len;
		int len = tbl_name_from_text(rows[i].text, wire);

		if (rows[i].wire == NULL) {
			assert_int_equal(len, -EINVAL);
			continue;
		}
		assert_int_equal(len, rows[i].len + 1);
		assert_memory_equal(wire, rows[i].wire, rows[i].len);
		assert_int_equal(wire[len - 1], 0);
		text_len = tbl_name_to_text(wire, text);
		assert_int_equal(text_len, strlen(text));
		assert_string_equal(text, rows[i].back != NULL ? rows[i].back : rows[i].text);
	}
}

static void
longest_text_fits(void **state)
{
	uint8_t wire[TBL_NAME_MAX];
	uint8_t again[TBL_NAME_MAX];
	char text[TBL_NAME_TEXT_MAX];
	static const uint8_t labels[] = { 63, 63, 63, 61 };
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		wire[at] = labels[i];
		memset(wire + at + 1, 0xff, labels[i]);
		at += labels[i] + 1u;
	}
	wire[at] = 0;
	assert_int_equal(at + 1, TBL_NAME_MAX);
	assert_int_equal(tbl_name_to_text(wire, text), 4 * 250 + 4);
	assert_int_equal(tbl_name_from_text(text, again), TBL_NAME_MAX);
	assert_memory_equal(wire, again, TBL_NAME_MAX);
}

static void
within_means_whole_labels(void **state)
{
	static const struct {
		const char *name;
		const char *ancestor;
		bool is_within;
	} rows[] = {
		{ "example.", "example.", true }, { "www.example.", "example.", true },
		{ "a.b.c.example.", "c.example.", true }, { "example.", ".", true },
		{ ".", ".", true }, { "example.", "www.example.", false },
		{ "notexample.", "example.", false }, { "www.example.", "ftp.example.", false },
		{ "www.example.", "example.test.", false },
		{ "x\\007example.", "example.", false }, /* the bytes match inside a label */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t name[TBL_NAME_MAX];
		uint8_t ancestor[TBL_NAME_MAX];

		assert_true(tbl_name_from_text(rows[i].name, name) > 0);
		assert_true(tbl_name_from_text(rows[i].ancestor, ancestor) > 0);
		assert_int_equal(is_tbl_name_within(name, ancestor), rows[i].is_within);
	}
}

/* A suffix hashes like the name it is, whatever stands before it and behind it in the buffer. */
/* The list of RFC 4034 §6.1, with the root before it and a name that only length tells apart. */
static void
names_compare_in_canonical_order(void **state)
{
	static const char *const rows[] = {
		".",
		"example.",
		"a.example.",
		"yljkjljk.a.example.",
		"z.a.example.",
		"zabc.a.example.",
		"z.example.",
		"\\001.z.example.",
		"*.z.example.",
		"\\200.z.example.",
		"example0.",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
			uint8_t a[TBL_NAME_MAX];
			uint8_t b[TBL_NAME_MAX];
			int order;

			assert_true(tbl_name_from_text(rows[i], a) > 0);
			assert_true(tbl_name_from_text(rows[k], b) > 0);
			order = tbl_name_compare(a, b);
			assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
		}
	}
}

static void
suffixes_hash_like_names(void **state)
{
	static const char *const names[] = { "www.a.b.example.", NAME_255,
		"12345678.1234567.123456.", LABEL_63 "." };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct tbl_name whole;

		memset(&whole, 0xa5, sizeof(whole));
		parse_text(names[i], &whole);
		for (uint32_t label = 0; label <= whole.label_cnt; label++) {
			struct tbl_name suffix;

			memset(&suffix, 0x5a, sizeof(suffix));
			assert_true(tbl_name_parse(whole.wire + whole.off[label],
						    (size_t)whole.len - whole.off[label],
						    &suffix) > 0);
			tbl_name_hash(&suffix, seed);
			assert_int_equal(suffix.hash[0], whole.hash[label]);
		}
	}
}

static void
hashes_see_boundaries_and_seed_but_not_case(void **state)
{
	static const char *const names[] = { ".", "ab.c.", "a.bc.", "abc.", "a.b.c.", "ab.c\\000.",
		"ab\\000.c.", "ab\\001c.", "12345678.", "1234567.8.", "12345678\\000.",
		"1.2345678." };
	static const uint64_t seeds[][2] = { { 0, 0 }, { 1, 0 }, { 0, 1 }, { 1, 1 } };
	struct tbl_name upper;
	struct tbl_name lower;

	(void)state;
	parse_text("WWW.EXAMPLE.", &upper);
	parse_text("www.example.", &lower);
	assert_int_equal(upper.hash[0], lower.hash[0]);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		for (size_t j = 0; j < i; j++) {
			struct tbl_name a;
			struct tbl_name b;

			parse_text(names[i], &a);
			parse_text(names[j], &b);
			assert_true(a.hash[0] != b.hash[0]);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(seeds); i++) {
		for (size_t j = 0; j < i; j++) {
			uint64_t hash;

			tbl_name_hash(&lower, seeds[i]);
			hash = lower.hash[0];
			tbl_name_hash(&lower, seeds[j]);
			assert_true(hash != lower.hash[0]);
		}
	}
}

/* Changing any one bit of a name changes about half of the tag and of the bucket bits. */
static void
hashes_spread(void **state)
{
	uint64_t flips = 0;
	uint64_t trials = 0;
	struct tbl_name base;

	(void)state;
	parse_text("host-000123.example.", &base);
	for (size_t at = 1; at < base.len - 1u; at++) {
		for (int bit = 0; bit < 8; bit++) {
			struct tbl_name other = base;
			int changed;

			if (at == base.off[1]) {
				continue; /* a length octet */
			}
			other.wire[at] ^= (uint8_t)(1 << bit);
			tbl_name_hash(&other, seed);
			changed = __builtin_popcountll(base.hash[0] ^ other.hash[0]);
			assert_in_range(changed, 10, 54); /* 5.5 standard deviations about 32 */
			flips += (uint64_t)changed;
			trials++;
		}
	}
	assert_true(flips > trials * 30 && flips < trials * 34);
}

/* The two buckets of a name and its tag come from different bits. */
static void
second_bucket_is_another(void **state)
{
	const uint64_t mask = (1u << 16) - 1;
	uint64_t hash = 1;
	uint32_t equal = 0;

	(void)state;
	for (uint32_t i = 0; i < 65536; i++) {
		hash = hash * 6364136223846793005ULL + 1442695040888963407ULL;
		if (tbl_hash_bucket_first(hash, mask) == tbl_hash_bucket_second(hash, mask)) {
			equal++;
		}
	}
	assert_in_range(equal, 0, 10); /* 1 expected */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_wire_names_and_nothing_else),
		cmocka_unit_test(longest_names_parse_and_longer_ones_do_not),
		cmocka_unit_test(lower_cases_ascii_letters_only),
		cmocka_unit_test(text_goes_to_wire_and_back),
		cmocka_unit_test(longest_text_fits),
		cmocka_unit_test(within_means_whole_labels),
		cmocka_unit_test(names_compare_in_canonical_order),
		cmocka_unit_test(suffixes_hash_like_names),
		cmocka_unit_test(hashes_see_boundaries_and_seed_but_not_case),
		cmocka_unit_test(hashes_spread),
		cmocka_unit_test(second_bucket_is_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
