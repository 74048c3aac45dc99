/* Sets of several addresses that begin with any of them: tbl_reply.rotate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/dns.h"
#include "table/reply.h"

#include "tests/fuzz/dataplane/reparse.h"
#include "tests/unit/table/sample.h"
#include "tests/unit/test.h"

#define MESSAGE_MAX 8192u
#define HUNDRED     100u

/* 192.0.2.1 to 192.0.2.100, and the same of IPv6. */
static char hundred4[HUNDRED * 16];
static char hundred6[HUNDRED * 24];

static const struct sample_record records[] = {
	{ "example.", SOA, "ns1.example." },
	{ "example.", NS, "ns1.example.|ns2.example." },
	{ "one.example.", A, "192.0.2.1" },
	{ "three.example.", A, "192.0.2.1|192.0.2.2|192.0.2.3" },
	{ "three.example.", AAAA, "2001:db8::1|2001:db8::2|2001:db8::3" },
	{ "three.example.", MX, "three.example.|a.example.|b.example." },
	{ "many.example.", A, hundred4 },
	{ "many.example.", AAAA, hundred6 },
	{ "chain.example.", CNAME, "x.wild.example." },
	{ "*.wild.example.", CNAME, "three.example." },
	{ "*.three.example.", A, "192.0.2.1|192.0.2.2|192.0.2.3" },
	{ NULL, 0, NULL },
};
static const struct sample_zone zones[] = { { "example.", records } };
static const struct sample_dynamic dynamics[] = {
	{ "dyn.example.", A, 0, { "192.0.2.11|192.0.2.12", "192.0.2.13" },
			"192.0.2.1|192.0.2.2|192.0.2.3" },
	{ NULL, 0, 0, { NULL, NULL }, NULL },
};

static struct reparse_message parsed;
static uint8_t message[MESSAGE_MAX]; /* `parsed` points into it */

/* Asks, and reads what came back; returns the reply's length. */
static size_t
ask(const struct tbl_view *view, const char *qname, uint16_t type, uint32_t rotate)
{
	struct tbl_addr nowhere = sample_addr("203.0.113.1");
	const struct tbl_asker asker = { .source = &nowhere };
	struct tbl_counts counts;
	struct tbl_reply reply;
	struct tbl_name name;
	size_t begin;
	int len;

	sample_name(view->header, qname, &name);
	tbl_resolve(view, &name, type, &asker, 0, &reply);
	assert_int_equal(reply.rotate, 0);
	reply.rotate = rotate;
	memset(message, 0, sizeof(message));
	memcpy(message + TBL_MESSAGE_HEADER_BYTES, name.wire, name.len);
	begin = TBL_MESSAGE_HEADER_BYTES + name.len + TBL_QUESTION_TAIL_BYTES;
	message[begin - 3] = (uint8_t)type;
	message[begin - 1] = 1;
	len = tbl_reply_write(view, &reply, name.len, message, begin, sizeof(message), &counts);
	assert_true(len > 0);
	message[2] = 0x80;
	message[5] = 1;
	message[7] = (uint8_t)counts.answer;
	message[9] = (uint8_t)counts.authority;
	message[11] = (uint8_t)counts.additional;
	assert_null(reparse(message, (size_t)len, &parsed));
	return (size_t)len;
}

/* The last octet of the address in the i-th of the last cnt records: what tells them apart here. */
static unsigned int
address(unsigned int cnt, unsigned int i)
{
	const struct reparse_record *record = &parsed.records[parsed.record_cnt - cnt + i];

	return message[record->rdata_off + record->rdata_len - 1u];
}

/* All `cnt` addresses in their order, round and round, beginning with `first` (from 1). */
static void
assert_begins_with(unsigned int first, unsigned int cnt)
{
	for (unsigned int i = 0; i < cnt; i++) {
		assert_int_equal(address(cnt, i), (first - 1 + i) % cnt + 1);
	}
}

static void *
build(void)
{
	size_t size;

	hundred4[0] = '\0';
	hundred6[0] = '\0';
	for (unsigned int i = 1; i <= HUNDRED; i++) {
		(void)snprintf(hundred4 + strlen(hundred4), sizeof(hundred4) - strlen(hundred4),
				"%s192.0.2.%u", i > 1 ? "|" : "", i);
		(void)snprintf(hundred6 + strlen(hundred6), sizeof(hundred6) - strlen(hundred6),
				"%s2001:db8::%x", i > 1 ? "|" : "", i);
	}
	return sample_build(zones, 1, dynamics, &size);
}

/* Where in the 32 bits the first of `cnt` gives way to the next: each has an equal share. */
static uint32_t
share(unsigned int first, unsigned int cnt)
{
	return (uint32_t)((((uint64_t)(first - 1) << 32) + cnt - 1) / cnt);
}

static void
every_address_comes_first_in_an_equal_share(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
		unsigned int cnt;
	} rows[] = {
		{ "one.example.", A, 1 },
		{ "three.example.", A, 3 },
		{ "three.example.", AAAA, 3 },
		{ "many.example.", A, HUNDRED },
		{ "many.example.", AAAA, HUNDRED },
		{ "y.three.example.", A, 3 }, /* at a wildcard */
		{ "chain.example.", A, 3 },   /* behind two CNAMEs */
		{ "chain.example.", AAAA, 3 },
	};
	struct tbl_view view;
	void *image = build();

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (unsigned int first = 1; first <= rows[i].cnt; first++) {
			uint32_t begin = share(first, rows[i].cnt);
			uint32_t end = first < rows[i].cnt ? share(first + 1, rows[i].cnt) - 1
			                                   : UINT32_MAX;

			(void)ask(&view, rows[i].name, rows[i].type, begin);
			assert_begins_with(first, rows[i].cnt);
			(void)ask(&view, rows[i].name, rows[i].type, end);
			assert_begins_with(first, rows[i].cnt);
		}
	}
	free(image);
}

/* CNAMEs stand before what they lead to, in the order of the chain. */
static void
chains_keep_their_order(void **state)
{
	struct tbl_view view;
	void *image = build();

	(void)state;
	tbl_view_init(&view, image, NULL);
	(void)ask(&view, "chain.example.", A, UINT32_MAX);
	assert_int_equal(parsed.record_cnt, 5);
	assert_int_equal(parsed.records[0].type, CNAME);
	assert_int_equal(parsed.records[1].type, CNAME);
	assert_begins_with(3, 3);
	free(image);
}

/* What is no set of addresses has its octets whatever is drawn: NS, MX and what stands beside it, SOA. */
static void
nothing_else_is_rotated(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
	} rows[] = {
		{ "example.", NS },
		{ "example.", SOA },
		{ "three.example.", MX },
		{ "three.example.", TXT },
		{ "absent.example.", A },
		{ "one.example.", A },
	};
	static uint8_t plain[MESSAGE_MAX];
	struct tbl_view view;
	void *image = build();

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = ask(&view, rows[i].name, rows[i].type, 0);

		memcpy(plain, message, sizeof(plain));
		assert_int_equal(ask(&view, rows[i].name, rows[i].type, UINT32_MAX), len);
		assert_memory_equal(message, plain, sizeof(plain));
	}
	free(image);
}

/* A dynamic record answers one value drawn by weight; its own `values`, when all else is down, are a set
 * like any other. */
static void
last_resorts_are_rotated_and_draws_are_not(void **state)
{
	static const bool all_down[3] = { false };
	struct tbl_view view;
	void *image = build();
	void *selection;
	size_t size;

	(void)state;
	tbl_view_init(&view, image, NULL);
	(void)ask(&view, "dyn.example.", A, UINT32_MAX);
	assert_int_equal(parsed.record_cnt, 1);
	assert_int_equal(address(1, 0), 13);
	assert_int_equal(tbl_select_build(image, all_down, 1, &selection, &size), 0);
	tbl_view_init(&view, image, selection);
	for (unsigned int first = 1; first <= 3; first++) {
		(void)ask(&view, "dyn.example.", A, share(first, 3));
		assert_begins_with(first, 3);
	}
	free(selection);
	free(image);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_comes_first_in_an_equal_share),
		cmocka_unit_test(chains_keep_their_order),
		cmocka_unit_test(nothing_else_is_rotated),
		cmocka_unit_test(last_resorts_are_rotated_and_draws_are_not),
	};

	return cmocka_run_group_tests_name("table/rotate", tests, NULL, NULL);
}
