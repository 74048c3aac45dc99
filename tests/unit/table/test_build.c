#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/build.h"
#include "table/build_impl.h"

#include "tests/unit/dataplane/render.h"
#include "tests/unit/table/sample.h"
#include "tests/unit/test.h"

#define MESSAGE_BYTES 65536u
#define LABEL_58      "cdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwx"
#define LABEL_60      "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwx"

static const uint64_t seed[2] = { 0x1122334455667788ULL, 0x99aabbccddeeff00ULL };

struct record {
	const char *owner;
	uint16_t type;
	const char *values; /* as sample_record.values; NULL: no records */
	uint32_t ttl_s;     /* 0: SAMPLE_TTL_S */
	uint32_t zone;
};

/* A row of the usual zone and TTL, and the end of rows. */
#define R(owner, type, values)            \
	{                                 \
		owner, type, values, 0, 0 \
	}
#define R_TTL(owner, type, values, ttl)     \
	{                                   \
		owner, type, values, ttl, 0 \
	}
#define R_ZONE(owner, type, values, zone)    \
	{                                    \
		owner, type, values, 0, zone \
	}
#define R_END                       \
	{                           \
		NULL, 0, NULL, 0, 0 \
	}

struct table {
	struct tbl_builder *builder;
	struct tbl_error error;
	void *image;
	size_t size;
	struct tbl_view view;
};

static void
open_table(struct table *t)
{
	const struct tbl_build_params params = {
		.generation = 7, .built_unix_s = 1, .hash_seed = { seed[0], seed[1] }
	};

	*t = (struct table){ 0 };
	assert_int_equal(tbl_builder_new(&params, &t->builder), 0);
}

static void
close_table(struct table *t)
{
	tbl_builder_free(t->builder);
	free(t->image);
}

static int
add(struct table *t, const struct record *record)
{
	static uint8_t bytes[128][600];
	struct tbl_rdata records[128];
	uint8_t owner[TBL_NAME_MAX];
	const char *at = record->values;
	uint32_t cnt = 0;

	assert_true(tbl_name_from_text(record->owner, owner) > 0);
	while (at != NULL) {
		char value[300];
		size_t len = strcspn(at, "|");

		assert_true(cnt < ARRAY_LEN(records) && len < sizeof(value));
		memcpy(value, at, len);
		value[len] = '\0';
		records[cnt].size = sample_rdata(record->type, value, bytes[cnt]);
		records[cnt].bytes = bytes[cnt];
		cnt++;
		at = at[len] == '|' ? at + len + 1 : NULL;
	}
	return tbl_builder_add_rrset(t->builder, record->zone, owner, record->type,
			record->ttl_s != 0 ? record->ttl_s : SAMPLE_TTL_S, records, cnt, &t->error);
}

/* An apex that begins with '!' gets no SOA. */
static int
add_zone(struct table *t, const char *apex)
{
	uint8_t wire[TBL_NAME_MAX];
	uint32_t zone = 0;
	const char *name = apex[0] == '!' ? apex + 1 : apex;
	int rc;

	assert_true(tbl_name_from_text(name, wire) > 0);
	rc = tbl_builder_add_zone(t->builder, wire, &zone, &t->error);
	if (rc != 0 || apex[0] == '!') {
		return rc;
	}
	return add(t, &(struct record){ name, SOA, "ns1.example.", 3600, zone });
}

static int
finish(struct table *t)
{
	struct tbl_error error = { .text = "" };
	int rc = tbl_builder_finish(t->builder, &t->image, &t->size, &t->error);

	if (rc == 0) {
		if (tbl_check(t->image, t->size, &error) != 0) {
			fail_msg("the builder's image is refused: %s", error.text);
		}
		tbl_view_init(&t->view, t->image, NULL);
	}
	return rc;
}

/* Builds what must be buildable. */
static void
build(struct table *t, const char *const *apexes, const struct record *records)
{
	open_table(t);
	for (; *apexes != NULL; apexes++) {
		if (add_zone(t, *apexes) != 0) {
			fail_msg("%s", t->error.text);
		}
	}
	for (; records->owner != NULL; records++) {
		if (add(t, records) != 0) {
			fail_msg("%s", t->error.text);
		}
	}
	if (finish(t) != 0) {
		fail_msg("%s", t->error.text);
	}
}

static struct tbl_match
find(const struct table *t, const char *text)
{
	struct tbl_name name;

	sample_name(t->image, text, &name);
	return tbl_find(&t->view, &name);
}

static const struct tbl_node *
node_of(const struct table *t, const char *text)
{
	struct tbl_match match = find(t, text);

	if (match.kind != TBL_MATCH_EXACT) {
		fail_msg("%s has no node", text);
	}
	return match.node;
}

static uint32_t
index_of(const struct table *t, const char *text)
{
	return (uint32_t)(node_of(t, text) - t->view.nodes);
}

static const struct tbl_answer *
answer_of(const struct table *t, const char *owner, uint16_t type)
{
	const struct tbl_rrset *rrset = tbl_find_rrset(&t->view, node_of(t, owner), type);

	assert_non_null(rrset);
	return &t->view.answers[rrset != NULL ? rrset->ref : 0];
}

/* Reading answers without the reader */

static void
put_u16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Header and question; returns the length. */
static size_t
begin_message(uint8_t *message, const char *question, const struct tbl_answer *answer,
		size_t an_more)
{
	int len = tbl_name_from_text(question, message + 12);

	assert_true(len > 0);
	memset(message, 0, 12);
	put_u16(message + 2, 0x8400);
	put_u16(message + 4, 1);
	put_u16(message + 6, answer->rr_cnt + an_more);
	put_u16(message + 10, answer->extra_cnt);
	put_u16(message + 12 + len, answer->rr_cnt);
	put_u16(message + 14 + len, 1);
	return 16 + (size_t)len;
}

/* Fixups stand behind the wire bytes, at the next multiple of 4. */
static const struct tbl_fixup *
fixups_of(const struct table *t, const struct tbl_answer *answer)
{
	size_t off = answer->wire_off + ((size_t)answer->wire_len + 3) / 4 * 4;

	return (const struct tbl_fixup *)(const void *)(t->view.wire + off);
}

static size_t
put_answer(const struct table *t, const struct tbl_answer *answer, uint8_t *at)
{
	memcpy(at, t->view.wire + answer->wire_off, answer->wire_len);
	return answer->wire_len;
}

/* The answer as stored, behind its own owner's question: no fixup applied. */
static void
render_stored(const struct table *t, const struct tbl_answer *answer, const char *owner,
		char text[RENDER_MAX])
{
	static uint8_t message[MESSAGE_BYTES];
	size_t len = begin_message(message, owner, answer, 0);

	len += put_answer(t, answer, message + len);
	render_reply(message, len, text);
}

/* The answer behind a CNAME whose target is its owner, every fixup applied. */
static void
render_moved(const struct table *t, const struct tbl_answer *answer, const char *owner,
		char text[RENDER_MAX])
{
	static uint8_t message[MESSAGE_BYTES];
	static const uint8_t cname[10] = { 0, CNAME, 0, 1, 0, 0, 0, 1 };
	size_t at = begin_message(message, "alias.elsewhere.test.", answer, 1);
	uint8_t wire[TBL_NAME_MAX];
	size_t owner_len = (size_t)tbl_name_from_text(owner, wire);
	size_t owner_at = at + 2 + sizeof(cname);
	size_t begin = owner_at + owner_len;
	const struct tbl_fixup *fixups = fixups_of(t, answer);

	put_u16(message + at, 0xc00c);
	memcpy(message + at + 2, cname, sizeof(cname));
	put_u16(message + at + 10, owner_len);
	memcpy(message + owner_at, wire, owner_len);
	at = begin + put_answer(t, answer, message + begin);
	for (uint32_t i = 0; i < answer->fixup_cnt; i++) {
		uint16_t arg = fixups[i].arg;
		size_t to = arg == 0 ? owner_at : owner_at + owner_len - arg;

		if ((arg & TBL_FIXUP_LOCAL) != 0) {
			to = begin + (arg & ~TBL_FIXUP_LOCAL);
		}
		put_u16(message + begin + fixups[i].pos, 0xc000 + to);
	}
	render_reply(message, at, text);
}

/* What is refused */

struct refusal {
	const char *apexes[3];
	struct record records[5];
	const char *error;
};

static char many_values[128 * 16];
static char large_values[100 * 256];

static const struct refusal refusals[] = {
	{ { NULL }, { R_END }, "there is no zone" },
	{ { "example.", "EXAMPLE." }, { R_END }, "EXAMPLE.: zone given twice" },
	{ { "!example." }, { R("example.", A, "192.0.2.1") },
			"example.: zone has no SOA at its apex" },
	{ { "!example." }, { R("example.", SOA, "a.|b.") },
			"example. SOA: has more than one record" },
	{ { "example." }, { R("example.", SOA, "other.") }, "example. SOA: given twice" },
	{ { "example." }, { R("www.example.", SOA, "a.") },
			"www.example. SOA: is not at the zone's apex" },
	{ { "example." }, { R("www.example.test.", A, "192.0.2.1") },
			"www.example.test. A: is outside its zone" },
	{ { "example." }, { R("notexample.", A, "192.0.2.1") },
			"notexample. A: is outside its zone" },
	{ { "example." }, { R_ZONE("a.example.", A, "192.0.2.1", 9) },
			". A: owner is not a name, or no such zone" },
	{ { "example." }, { R("a.example.", A, "192.0.2.1"), R("A.example.", A, "192.0.2.2") },
			"a.example. A: given twice" },
	{ { "example." }, { R_TTL("a.example.", A, "192.0.2.1", 0x80000000u) },
			"a.example. A: TTL 2147483648 s is over 2147483647" },
	{ { "example." }, { R("a.example.", A, NULL) }, "a.example. A: has no records" },
	{ { "example." }, { R("a.example.", A, many_values) },
			"a.example. A: has 101 records, more than 100" },
	{ { "example." }, { R("a.example.", TXT, large_values) },
			NULL /* 100 times 268 bytes fit */ },
	{ { "example." }, { R("a.example.", A, "no address") },
			"a.example. A: record 1: RDATA is too short" },
	{ { "example." }, { R("a.example.", 0, "x") },
			"a.example.: is not a type that a zone can hold" },
	{ { "example." }, { R("a.example.", 41, "x") },
			"a.example. TYPE41: is not a type that a zone can hold" },
	{ { "example." }, { R("a.example.", ANY, "x") },
			"a.example. TYPE255: is not a type that a zone can hold" },
	/* CNAME */
	{ { "example." }, { R("a.example.", CNAME, "b."), R("a.example.", A, "192.0.2.1") },
			"a.example. CNAME: stands beside other records (RFC 2181 10.1)" },
	{ { "example." }, { R("a.example.", CNAME, "b.|c.") },
			"a.example. CNAME: has more than one record" },
	{ { "!example." }, { R("example.", CNAME, "b.") },
			"example.: zone has no SOA at its apex" },
	{ { "example." }, { R("example.", CNAME, "b.") },
			"example. CNAME: stands at a zone's apex (RFC 1912 2.4)" },
	/* DNAME: RFC 6672 §2.3, §2.4, §3.3 */
	{ { "example." }, { R("a.example.", DNAME, "b."), R("a.example.", TXT, "x") }, NULL },
	{ { "example." }, { R("example.", DNAME, "b."), R("example.", A, "192.0.2.1") }, NULL },
	{ { "example." }, { R("a.example.", DNAME, "b.|c.") },
			"a.example. DNAME: has more than one record" },
	{ { "example." }, { R("a.example.", DNAME, "b."), R("a.example.", CNAME, "c.") },
			"a.example. CNAME: stands beside other records (RFC 2181 10.1)" },
	{ { "example." }, { R("a.example.", DNAME, "b."), R("a.example.", NS, "ns.test.") },
			"a.example. DNAME: is at or below a delegation and would never be served" },
	{ { "example." }, { R("*.example.", DNAME, "b.") },
			"*.example. DNAME: a wildcard cannot be a DNAME (RFC 6672 3.3)" },
	{ { "example." }, { R("a.example.", DNAME, "b."), R("x.y.a.example.", A, "192.0.2.1") },
			"x.y.a.example. A: is below the DNAME at a.example., which hides it (RFC "
			"6672 2.4)" },
	{ { "example." }, { R("a.example.", DNAME, "b."), R("*.a.example.", A, "192.0.2.1") },
			"*.a.example. A: is below the DNAME at a.example., which hides it (RFC "
			"6672 2.4)" },
	{ { "example." }, { R("a.example.", DNAME, "b."), R("c.a.example.", DNAME, "d.") },
			"c.a.example. DNAME: is below the DNAME at a.example., which hides it (RFC "
			"6672 2.4)" },
	{ { "example." }, { R("a.example.", DNAME, "b."), R("c.a.example.", NS, "ns.test.") },
			"c.a.example. NS: is below the DNAME at a.example., which hides it (RFC "
			"6672 2.4)" },
	{ { "example." }, { R("example.", DNAME, "b."), R("ns1.example.", A, "192.0.2.1") },
			"ns1.example. A: is below the DNAME at example., which hides it (RFC 6672 "
			"2.4)" },
	/* A name's parts are labels: nothing is below another's end. */
	{ { "example." }, { R("a.example.", DNAME, "b."), R("ba.example.", A, "192.0.2.1") },
			NULL },
	/* A zone of its own below a DNAME is not the DNAME's zone; a delegation to it is. */
	{ { "example.", "s.a.example." }, { R("a.example.", DNAME, "b.") }, NULL },
	{ { "example.", "s.a.example." },
			{ R("a.example.", DNAME, "b."), R("s.a.example.", NS, "ns.test.") },
			"s.a.example. NS: is below the DNAME at a.example., which hides it (RFC "
			"6672 2.4)" },
	/* Delegations */
	{ { "example." }, { R("sub.example.", NS, "ns.sub.example."), R("sub.example.", TXT, "x") },
			"sub.example. TXT: is at or below a delegation and would never be "
			"served" },
	{ { "example." }, { R("sub.example.", NS, "ns.test."), R("www.sub.example.", CNAME, "b.") },
			"www.sub.example. CNAME: is at or below a delegation and would never be "
			"served" },
	{ { "example." },
			{ R("sub.example.", NS, "ns.test."), R("a.sub.example.", NS, "ns.test.") },
			NULL },
	{ { "example." },
			{ R("sub.example.", NS, "ns.test."),
					R("www.sub.example.", A, "192.0.2.1") },
			"www.sub.example. A: is at or below a delegation, but no delegation's NS "
			"names it" },
	{ { "example." }, { R("*.example.", NS, "ns.test.") },
			"*.example. NS: a wildcard cannot be delegated (RFC 4592 4.2)" },
	{ { "example." }, { R("a.example.", DS, "x") },
			"a.example. DS: is not at a delegation (RFC 4035 2.4)" },
	{ { "example." }, { R("example.", DS, "x") },
			"example. DS: is not at a delegation (RFC 4035 2.4)" },
	/* A zone inside another */
	{ { "example.", "sub.example." }, { R("www.sub.example.", A, "192.0.2.1") },
			"www.sub.example. A: is inside another zone served here, and its own does "
			"not "
			"delegate that" },
	{ { "example.", "sub.example." },
			{ R("sub.example.", NS, "ns.test."), R("sub.example.", SOA, "a.") },
			"sub.example. SOA: is at or below a delegation and would never be served" },
};

/* conformance: zone-two-dnames-refused | RFC 6672 §2.3 | Two DNAMEs at a name, or a DNAME beside a CNAME, are
 * refused. */
/* conformance: zone-ns-with-dname-refused | RFC 6672 §2.3 | A DNAME at a delegation is refused. */
/* conformance: zone-below-dname-refused | RFC 6672 §2.4 | Names below a DNAME are refused, delegations and wildcards
 * too. */
/* conformance: zone-ns-below-ns-accepted | RFC 1034 §4.2.1 | An NS set below an NS set is accepted; what is neither
 * that nor glue is refused there. */
/* conformance: zone-rrset-cap | CVE-2024-1737 | An RRset of more than 100 records is refused. */
static void
refuses_what_cannot_be_served(void **state)
{
	(void)state;
	for (size_t i = 0; i < 101; i++) {
		(void)snprintf(many_values + strlen(many_values), 16, "%s192.0.2.%zu",
				i > 0 ? "|" : "", i);
	}
	for (size_t i = 0; i < 100; i++) {
		size_t len = strlen(large_values);

		memset(large_values + len, '0' + (int)(i % 10), 255);
		large_values[len] = (char)('0' + i / 10);
		large_values[len + 255] = i < 99 ? '|' : '\0';
	}
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		const struct refusal *row = &refusals[i];
		struct table t;
		int rc = 0;

		open_table(&t);
		for (size_t z = 0; rc == 0 && z < ARRAY_LEN(row->apexes) && row->apexes[z] != NULL;
				z++) {
			rc = add_zone(&t, row->apexes[z]);
		}
		for (size_t r = 0; rc == 0 && row->records[r].owner != NULL; r++) {
			rc = add(&t, &row->records[r]);
		}
		rc = rc == 0 ? finish(&t) : rc;
		assert_string_equal(t.error.text, row->error != NULL ? row->error : "");
		assert_int_equal(rc, row->error != NULL ? -EINVAL : 0);
		close_table(&t);
	}
}

static void
refuses_answers_over_the_cap(void **state)
{
	/* 100 records of 600 + 12 bytes: more than TBL_RRSET_BYTES_MAX. */
	static uint8_t bytes[100][600];
	static const uint8_t owner[] = "\1a\7example";
	struct tbl_rdata records[100];
	struct table t;

	(void)state;
	open_table(&t);
	assert_int_equal(add_zone(&t, "example."), 0);
	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		bytes[i][0] = (uint8_t)i;
		records[i] = (struct tbl_rdata){ bytes[i], sizeof(bytes[i]) };
	}
	assert_int_equal(
			tbl_builder_add_rrset(t.builder, 0, owner, 4711, 1, records, 100, &t.error),
			0);
	assert_int_equal(finish(&t), -EINVAL);
	assert_string_equal(t.error.text, "a.example. TYPE4711: needs more than 60000 bytes");
	close_table(&t);
}

/* Glue points at its NS, and pointers reach only so far: with 50 targets of 213 bytes the last ones
 * lie too far out. The same targets without glue for the last are fine. */
static void
refuses_glue_out_of_reach(void **state)
{
	static char targets[50 * 300];
	char last[300] = "";

	(void)state;
	for (int i = 0; i < 50; i++) {
		size_t len = strlen(targets);

		(void)snprintf(last, sizeof(last),
				"%02d" LABEL_58 "." LABEL_60 "." LABEL_60 "%02d.sub.example.", i,
				i);
		(void)snprintf(targets + len, sizeof(targets) - len, "%s%s", i > 0 ? "|" : "",
				last);
	}
	for (int has_glue = 0; has_glue < 2; has_glue++) {
		struct table t;

		open_table(&t);
		assert_int_equal(add_zone(&t, "example."), 0);
		assert_int_equal(add(&t, &(struct record)R("sub.example.", NS, targets)), 0);
		if (has_glue) {
			assert_int_equal(add(&t, &(struct record)R(last, A, "192.0.2.1")), 0);
		}
		assert_int_equal(finish(&t), has_glue ? -EINVAL : 0);
		assert_string_equal(t.error.text,
				has_glue ? "sub.example. NS: has too many long names for "
					   "its glue to point at"
					 : "");
		close_table(&t);
	}
}

static void
refuses_generation_0(void **state)
{
	const struct tbl_build_params params = { .generation = 0 };
	struct tbl_builder *builder = NULL;

	(void)state;
	assert_int_equal(tbl_builder_new(&params, &builder), -EINVAL);
	assert_null(builder);
	tbl_builder_free(NULL);
}

/* What is served */

static const char *const example_apex[] = { "example.", NULL };

static const struct record example[] = {
	R("example.", NS, "ns1.example.|NS2.Sub.example.|ns.test."),
	R("example.", MX, "example.|mail.example.|mail2.mail.example."),
	R("*.example.", MX, "mail.example.|b.mail.example."),
	R_TTL("www.example.", A, "192.0.2.1|192.0.2.2|192.0.2.1", 60),
	R_TTL("www.example.", AAAA, "2001:db8::1", 60),
	R("a.b.example.", TXT, "hello"),
	R("srv.example.", SRV, "\1a\7example"),
	R("sub.example.", NS, "ns1.sub.example.|sub.example.|ns1.sib.example.|ns.test."),
	R("sub.example.", DS, "digest"),
	R_TTL("sub.example.", A, "192.0.2.10", 61),
	R_TTL("ns1.sub.example.", AAAA, "2001:db8::11", 62),
	R_TTL("ns1.sub.example.", A, "192.0.2.11|192.0.2.12", 63),
	R("sib.example.", NS, "ns1.sib.example."),
	R_TTL("ns1.sib.example.", A, "192.0.2.13", 64),
	R("alias.example.", CNAME, "www.example."),
	R("up.www.example.", CNAME, "www.example."),
	R("ptr.example.", PTR, "ptr.example.|Www.Test."),
	R_END,
};

static void
stores_answers_ready_to_send(void **state)
{
	static const struct {
		const char *owner;
		uint16_t type;
		uint16_t wire_len;
		const char *records;
	} rows[] = {
		{ "example.", SOA, 0, "; an example. 3600 SOA ns1.example. 60" },
		/* C00C+10; 4+2 "ns1"+ptr; 4+4+2 "NS2.Sub"+ptr; 3+5+1 */
		{ "example.", NS, 3 * 12 + 6 + 10 + 9,
				"; an example. 300 NS ns1.example.; an example. 300 NS "
				"NS2.Sub.example."
				"; an example. 300 NS ns.test." },
		/* 2+2; 2+5+2; 2+6+2: the last points at "mail" of the one before */
		{ "example.", MX, 3 * 12 + 4 + 9 + 10,
				"; an example. 300 MX 10 example.; an example. 300 MX 10 "
				"mail.example."
				"; an example. 300 MX 10 mail2.mail.example." },
		{ "*.example.", MX, 2 * 12 + 9 + 6,
				"; an *.example. 300 MX 10 mail.example."
				"; an *.example. 300 MX 10 b.mail.example." },
		{ "www.example.", A, 2 * 16,
				"; an www.example. 60 A 192.0.2.1; an www.example. 60 A "
				"192.0.2.2" },
		{ "www.example.", AAAA, 28, "; an www.example. 60 AAAA 2001:db8::1" },
		{ "a.b.example.", TXT, 18, "; an a.b.example. 300 TXT \"hello\"" },
		/* SRV is younger than RFC 1035: its target stays whole. */
		{ "srv.example.", SRV, 12 + 10,
				"; an srv.example. 300 TYPE33 \"\\001a\\007example\"" },
		{ "sub.example.", DS, 18, "; an sub.example. 300 TYPE43 \"digest\"" },
		/* Four NS: 6; 2; 10; 9. Glue by pointer: A of ns1.sub, sub itself, ns1.sib; then AAAA. */
		{ "sub.example.", NS, 4 * 12 + 6 + 2 + 10 + 9 + 4 * 16 + 28,
				"; an sub.example. 300 NS ns1.sub.example."
				"; an sub.example. 300 NS sub.example."
				"; an sub.example. 300 NS ns1.sib.example."
				"; an sub.example. 300 NS ns.test."
				"; ar ns1.sub.example. 63 A 192.0.2.11"
				"; ar ns1.sub.example. 63 A 192.0.2.12"
				"; ar sub.example. 61 A 192.0.2.10"
				"; ar ns1.sib.example. 64 A 192.0.2.13"
				"; ar ns1.sub.example. 62 AAAA 2001:db8::11" },
		{ "alias.example.", CNAME, 12 + 6, "; an alias.example. 300 CNAME www.example." },
		{ "up.www.example.", CNAME, 12 + 2, "; an up.www.example. 300 CNAME www.example." },
		{ "ptr.example.", PTR, 12 + 2 + 12 + 10, NULL },
	};
	static char text[RENDER_MAX];
	static char expected[RENDER_MAX + 64];
	struct table t;

	(void)state;
	build(&t, example_apex, example);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct tbl_answer *answer = answer_of(&t, rows[i].owner, rows[i].type);

		if (rows[i].wire_len != 0) {
			assert_int_equal(answer->wire_len, rows[i].wire_len);
		}
		if (rows[i].records == NULL) {
			continue;
		}
		render_stored(&t, answer, rows[i].owner, text);
		(void)snprintf(expected, sizeof(expected), "NOERROR aa%s", rows[i].records);
		assert_string_equal(text, expected);
		render_moved(&t, answer, rows[i].owner, text);
		(void)snprintf(expected, sizeof(expected),
				"NOERROR aa; an alias.elsewhere.test. 1 CNAME %s%s", rows[i].owner,
				rows[i].records);
		assert_string_equal(text, expected);
	}
	close_table(&t);
}

/* Every fixup's argument, where it matters to whom the answer is written for. */
static void
names_owners_as_readers_need_them(void **state)
{
	static const struct {
		const char *owner;
		uint16_t type;
		uint16_t args[7];
	} rows[] = {
		{ "www.example.", A, { 0, 0 } },
		{ "example.", MX, { 0, 0, 0, 0, 0, TBL_FIXUP_LOCAL | (12 + 4 + 12 + 2) } },
		/* "*" is never pointed at: the question has something else there. */
		{ "*.example.", MX, { 0, 9, 0, TBL_FIXUP_LOCAL | 14 } },
		{ "up.www.example.", CNAME, { 0, 13 } },
		/* The question is usually below a delegation. */
		{ "sib.example.", NS, { 13, 13, TBL_FIXUP_LOCAL | 12 } },
	};
	struct table t;

	(void)state;
	build(&t, example_apex, example);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct tbl_answer *answer = answer_of(&t, rows[i].owner, rows[i].type);
		const struct tbl_fixup *fixups = fixups_of(&t, answer);

		for (uint32_t f = 0; f < answer->fixup_cnt; f++) {
			assert_true(f < ARRAY_LEN(rows[i].args));
			assert_int_equal(fixups[f].arg, rows[i].args[f]);
		}
	}
	close_table(&t);
}

/* RFC 2308 §3: the lesser of the SOA's TTL (3600) and its MINIMUM (60); owner by length. */
static void
negative_answers_have_their_own_soa(void **state)
{
	static char text[RENDER_MAX];
	const struct tbl_answer *soa;
	struct table t;

	(void)state;
	build(&t, example_apex, example);
	soa = &t.view.answers[t.view.zones[0].soa_negative];
	assert_int_equal(soa->rr_cnt, 1);
	assert_int_equal(fixups_of(&t, soa)[0].arg, sizeof("\7example"));
	render_stored(&t, soa, "example.", text);
	assert_string_equal(text, "NOERROR aa; an example. 60 SOA ns1.example. 60");
	close_table(&t);
}

static void
nodes_are_every_name_that_exists(void **state)
{
	static const struct {
		const char *name;
		uint16_t flags;
		uint16_t rrset_cnt;
		const char *wildcard;
		const char *cut;
	} rows[] = {
		{ "example.", TBL_NODE_APEX, 3, "*.example.", NULL },
		{ "*.example.", TBL_NODE_WILDCARD, 1, NULL, NULL },
		{ "b.example.", 0, 0, NULL, NULL }, /* empty non-terminal */
		{ "a.b.example.", 0, 1, NULL, NULL },
		{ "sub.example.", TBL_NODE_CUT, 2, NULL, "sub.example." },
		{ "sib.example.", TBL_NODE_CUT, 1, NULL, "sib.example." },
		{ "alias.example.", TBL_NODE_CNAME, 1, NULL, NULL },
	};
	static const char *const missing[] = { "ns1.sub.example.", "ns1.sib.example.", "x.example.",
		"x.*.example." };
	struct table t;

	(void)state;
	build(&t, example_apex, example);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct tbl_node *node = node_of(&t, rows[i].name);

		assert_int_equal(node->flags, rows[i].flags);
		assert_int_equal(node->rrset_cnt, rows[i].rrset_cnt);
		assert_int_equal(node->wildcard, rows[i].wildcard != NULL
								 ? index_of(&t, rows[i].wildcard)
								 : TBL_NONE);
		assert_int_equal(node->cut,
				rows[i].cut != NULL ? index_of(&t, rows[i].cut) : TBL_NONE);
	}
	/* Names below a delegation are no nodes: their closest encloser is the cut. */
	for (size_t i = 0; i < ARRAY_LEN(missing); i++) {
		assert_int_equal(find(&t, missing[i]).kind, TBL_MATCH_ENCLOSER);
	}
	assert_ptr_equal(find(&t, "ns1.sub.example.").node, node_of(&t, "sub.example."));
	assert_int_equal(t.view.header->max_label_cnt, 3);
	assert_string_equal(t.view.strings + t.view.zones[0].name_str, "example.");
	assert_int_equal(t.view.zones[0].record_cnt, 18);
	close_table(&t);
}

static void
nodes_stand_in_canonical_order(void **state)
{
	/* RFC 4034 §6.1's own example, and labels that differ behind their 16th octet. */
	static const char *const order[] = { "example.", "a.example.", "yljkjljk.a.example.",
		"Z.a.example.", "zABC.a.EXAMPLE.", "z.example.", "\\001.z.example.", "*.z.example.",
		"0123456789abcdef.z.example.", "0123456789abcdef\\000.z.example.",
		"0123456789abcdef0.z.example.", "0123456789abcdef1.z.example.",
		"\\200.z.example." };
	static const size_t added[] = { 12, 3, 9, 1, 8, 11, 2, 10, 4, 7, 5, 6 };
	struct table t;

	(void)state;
	open_table(&t);
	assert_int_equal(add_zone(&t, "example."), 0);
	for (size_t i = 0; i < ARRAY_LEN(added); i++) {
		assert_int_equal(add(&t, &(struct record)R(order[added[i]], TXT, "x")), 0);
	}
	assert_int_equal(finish(&t), 0);
	assert_int_equal(t.view.header->sections[TBL_SECTION_NODES].cnt, ARRAY_LEN(order));
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		assert_int_equal(index_of(&t, order[i]), i);
	}
	close_table(&t);
}

/* Zones in zones: with and without a delegation, and one below a delegation to somebody else. */
/* conformance: zones-inside-zones | RFC 1034 §4.3.2 | A zone inside another has its names to itself. */
static void
nested_zones_keep_to_themselves(void **state)
{
	static const char *const apexes[] = { "example.", "x.y.sub.example.", "island.far.example.",
		"a.example.", NULL };
	static const struct record records[] = {
		R("x.y.sub.example.", NS, "ns.x.y.sub.example."),
		R("x.y.sub.example.", DS, "digest"),
		R("ns.x.y.sub.example.", A, "192.0.2.1"),
		R("far.example.", NS, "ns.test."),
		R_ZONE("x.y.sub.example.", NS, "ns.x.y.sub.example.", 1),
		R_ZONE("ns.x.y.sub.example.", A, "192.0.2.2", 1),
		R_ZONE("www.island.far.example.", A, "192.0.2.3", 2),
		R_END,
	};
	static char text[RENDER_MAX];
	struct table t;
	const struct tbl_node *child;

	(void)state;
	build(&t, apexes, records);
	child = node_of(&t, "x.y.sub.example.");
	assert_int_equal(child->flags, TBL_NODE_APEX);
	assert_int_equal(child->cut, TBL_NONE);
	assert_int_equal(child->rrset_cnt, 3); /* NS and SOA of its own; the DS is its parent's */
	assert_string_equal(
			t.view.strings + t.view.zones[child->zone].name_str, "x.y.sub.example.");
	render_stored(&t, answer_of(&t, "x.y.sub.example.", NS), "x.y.sub.example.", text);
	assert_string_equal(text, "NOERROR aa; an x.y.sub.example. 300 NS ns.x.y.sub.example.");
	render_stored(&t, answer_of(&t, "ns.x.y.sub.example.", A), "ns.x.y.sub.example.", text);
	assert_string_equal(text, "NOERROR aa; an ns.x.y.sub.example. 300 A 192.0.2.2");
	(void)answer_of(&t, "x.y.sub.example.", DS);
	/* What lies between the apexes belongs to the parent and exists there. */
	assert_int_equal(node_of(&t, "y.sub.example.")->zone, node_of(&t, "example.")->zone);
	/* A zone of ours below a delegation that is not: reached, and not occluded. */
	assert_int_equal(node_of(&t, "www.island.far.example.")->cut, TBL_NONE);
	assert_ptr_equal(find(&t, "b.far.example.").node, node_of(&t, "far.example."));
	/* Zones stand in canonical order of their apexes. */
	assert_string_equal(t.view.strings + t.view.zones[0].name_str, "example.");
	assert_string_equal(t.view.strings + t.view.zones[1].name_str, "a.example.");
	assert_string_equal(t.view.strings + t.view.zones[2].name_str, "island.far.example.");
	assert_string_equal(t.view.strings + t.view.zones[3].name_str, "x.y.sub.example.");
	close_table(&t);
}

static void
serves_the_root(void **state)
{
	static const char *const apexes[] = { ".", NULL };
	static const struct record records[] = {
		R(".", NS, "a.root.test."),
		R("test.", NS, "ns.test."),
		R("ns.test.", A, "192.0.2.1"),
		R_END,
	};
	static char text[RENDER_MAX];
	struct table t;

	(void)state;
	build(&t, apexes, records);
	assert_int_equal(node_of(&t, ".")->flags, TBL_NODE_APEX);
	assert_ptr_equal(find(&t, "nowhere.").node, node_of(&t, "."));
	render_stored(&t, answer_of(&t, "test.", NS), "test.", text);
	assert_string_equal(
			text, "NOERROR aa; an test. 300 NS ns.test.; ar ns.test. 300 A 192.0.2.1");
	close_table(&t);
}

static void
knows_where_cnames_lead(void **state)
{
	static const struct record records[] = {
		R("www.example.", A, "192.0.2.1"),
		R("*.wild.example.", CNAME, "www.example."),
		R("exact.example.", CNAME, "WWW.Example."),
		R("below.example.", CNAME, "a.b.www.example."),
		R("wild2.example.", CNAME, "x.wild.example."),
		R("out.example.", CNAME, "www.test."),
		R("self.example.", CNAME, "self.example."),
		R("sub.example.", NS, "ns.test."),
		R("cut.example.", CNAME, "host.sub.example."),
		R_END,
	};
	static const struct {
		const char *owner;
		uint8_t kind;
		const char *node;
		const char *target;
		uint8_t shared_len;
	} rows[] = {
		{ "exact.example.", TBL_MATCH_EXACT, "www.example.", "www.example.", 9 },
		{ "*.wild.example.", TBL_MATCH_EXACT, "www.example.", "www.example.", 9 },
		{ "below.example.", TBL_MATCH_ENCLOSER, "www.example.", "a.b.www.example.", 9 },
		{ "wild2.example.", TBL_MATCH_ENCLOSER, "wild.example.", "x.wild.example.", 9 },
		{ "out.example.", TBL_MATCH_NONE, NULL, "www.test.", 0 },
		{ "self.example.", TBL_MATCH_EXACT, "self.example.", "self.example.", 14 },
		{ "cut.example.", TBL_MATCH_ENCLOSER, "sub.example.", "host.sub.example.", 9 },
	};
	struct table t;

	(void)state;
	build(&t, example_apex, records);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct tbl_answer *answer = answer_of(&t, rows[i].owner, CNAME);
		const struct tbl_cname *cname = &t.view.cnames[answer->cname];
		uint8_t wire[TBL_NAME_MAX];
		int len = tbl_name_from_text(rows[i].target, wire);

		assert_int_equal(cname->kind, rows[i].kind);
		assert_int_equal(cname->node,
				rows[i].node != NULL ? index_of(&t, rows[i].node) : TBL_NONE);
		assert_int_equal(cname->name_len, len);
		assert_memory_equal(t.view.names + cname->name_off, wire, (size_t)len);
		assert_int_equal(cname->rdata_pos, 12);
		assert_int_equal(cname->shared_len, rows[i].shared_len);
	}
	close_table(&t);
}

/* Storing once */

static void
stores_equal_answers_once(void **state)
{
	static const char *const apexes[] = { "example.", "example2.", NULL };
	static const struct record records[] = {
		R("a.example.", A, "192.0.2.1"),
		R("b.example.", A, "192.0.2.1"),
		R_ZONE("c.example2.", A, "192.0.2.1", 1),
		R_TTL("d.example.", A, "192.0.2.1", 301), /* another TTL */
		R("e.example.", A, "192.0.2.2"),
		R("f.example.", CNAME, "a.example."),
		R("g.example.", CNAME, "a.example."),
		/* Equal bytes and fixups (one label, then the apex), but another zone's name. */
		R("example.", MX, "mail.example."),
		R_ZONE("example2.", MX, "mail.example2.", 1),
		R_ZONE("f.example2.", CNAME, "a.example2.", 1),
		R_END,
	};
	struct table t;

	(void)state;
	build(&t, apexes, records);
	assert_ptr_equal(answer_of(&t, "a.example.", A), answer_of(&t, "b.example.", A));
	assert_ptr_equal(answer_of(&t, "a.example.", A), answer_of(&t, "c.example2.", A));
	assert_ptr_not_equal(answer_of(&t, "a.example.", A), answer_of(&t, "d.example.", A));
	assert_ptr_not_equal(answer_of(&t, "a.example.", A), answer_of(&t, "e.example.", A));
	assert_ptr_equal(answer_of(&t, "f.example.", CNAME), answer_of(&t, "g.example.", CNAME));
	assert_ptr_not_equal(
			answer_of(&t, "f.example.", CNAME), answer_of(&t, "f.example2.", CNAME));
	assert_ptr_equal(answer_of(&t, "example.", MX), answer_of(&t, "example2.", MX));
	close_table(&t);
}

/* RFC 2181 §5: a record is there once, and names in it have no case; texts do. */
/* conformance: zone-duplicates-by-case | RFC 2181 §5, RFC 4343 §3 | Records that differ in the case of names in them
 * are one. */
static void
keeps_the_first_of_records_that_differ_in_the_case_of_names(void **state)
{
	static const char *const apexes[] = { "example.", NULL };
	static const struct record records[] = {
		R("a.example.", MX, "Mail.example.|mail.EXAMPLE.|mail2.example."),
		R("a.example.", TXT, "text|Text"),
		R_END,
	};
	struct table t;

	(void)state;
	build(&t, apexes, records);
	assert_int_equal(answer_of(&t, "a.example.", MX)->rr_cnt, 2);
	assert_int_equal(answer_of(&t, "a.example.", TXT)->rr_cnt, 2);
	close_table(&t);
}

/* Which types have names, and where: those that are checked, and those that are only compared. */
static void
tells_the_same_rdata_by_the_names_in_it(void **state)
{
	static const struct {
		uint16_t type;
		const char *a, *b;
		uint16_t size;
		bool is_same;
	} rows[] = {
		{ MX, "\0\1\1a\0", "\0\1\1A\0", 5, true },
		{ MX, "\0a\1a\0", "\0A\1a\0", 5, false },
		{ 33 /* SRV */, "\0\0\0\0\0\1\1a\0", "\0\0\0\0\0\1\1A\0", 9, true },
		{ 33, "\0\0\0\0\0\1\1a\0", "\0\0\0\0\0\1\1b\0", 9, false },
		{ 33, "\0\0a", "\0\0A", 3, false },                     /* too short for one */
		{ 33, "\0\0\0\0\0\1\1a", "\0\0\0\0\0\1\1A", 8, false }, /* a name cut short */
		{ 17 /* RP */, "\1a\0\1b\0", "\1A\0\1B\0", 6, true },
		{ 17, "\1a\0\1b\0x", "\1A\0\1B\0X", 7, false },
		{ TXT, "\1a", "\1A", 2, false },
		{ 65280, "\1a\0", "\1A\0", 3, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tbl_rdata a = { (const uint8_t *)rows[i].a, rows[i].size };
		struct tbl_rdata b = { (const uint8_t *)rows[i].b, rows[i].size };
		struct tbl_rdata shorter = { a.bytes, (uint16_t)(a.size - 1) };

		assert_int_equal(is_tbl_same_rdata(rows[i].type, &a, &b), rows[i].is_same);
		assert_int_equal(is_tbl_same_rdata(rows[i].type, &b, &a), rows[i].is_same);
		assert_true(is_tbl_same_rdata(rows[i].type, &a, &a));
		assert_false(is_tbl_same_rdata(rows[i].type, &a, &shorter));
	}
}

/* Same input, same bytes; and the order of names and zones does not matter. */
static void
is_deterministic(void **state)
{
	struct table first;
	struct table again;
	struct table reversed;

	(void)state;
	build(&first, example_apex, example);
	build(&again, example_apex, example);
	open_table(&reversed);
	assert_int_equal(add_zone(&reversed, "!example."), 0);
	for (size_t i = ARRAY_LEN(example) - 1; i-- > 0;) {
		assert_int_equal(add(&reversed, &example[i]), 0);
	}
	assert_int_equal(add(&reversed, &(struct record){ "example.", SOA, "ns1.example.", 3600,
							0 }),
			0);
	assert_int_equal(finish(&reversed), 0);
	assert_int_equal(first.size, again.size);
	assert_memory_equal(first.image, again.image, first.size);
	assert_int_equal(first.size, reversed.size);
	assert_memory_equal(first.image, reversed.image, first.size);
	close_table(&first);
	close_table(&again);
	close_table(&reversed);
}

static void
reseal_changes_the_header_alone(void **state)
{
	struct tbl_error error;
	struct tbl_header before;
	struct table t;
	const struct tbl_header *header;

	(void)state;
	build(&t, example_apex, example);
	header = t.image;
	before = *header;
	tbl_reseal(t.image, 8, 1234);
	assert_int_equal(header->generation, 8);
	assert_int_equal(header->built_unix_s, 1234);
	assert_true(header->content_hash == before.content_hash);
	assert_true(header->checksum != before.checksum);
	assert_int_equal(tbl_check(t.image, t.size, &error), 0);
	close_table(&t);
}

/* Many names */

#define MANY 100000ULL

static void
finds_every_one_of_many_names(void **state)
{
	struct table t;
	char owner[64];
	char value[16];
	uint32_t overflow_cnt = 0;
	const struct tbl_header *header;

	(void)state;
	open_table(&t);
	assert_int_equal(add_zone(&t, "example."), 0);
	for (unsigned int i = 0; i < MANY; i++) {
		(void)snprintf(owner, sizeof(owner), "www.customer-%06u.example.", i);
		(void)snprintf(value, sizeof(value), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		assert_int_equal(add(&t, &(struct record)R(owner, A, value)), 0);
	}
	assert_int_equal(finish(&t), 0);
	header = t.view.header;
	assert_int_equal(header->sections[TBL_SECTION_NODES].cnt, 2 * MANY + 1);
	for (unsigned int i = 0; i < MANY; i++) {
		(void)snprintf(owner, sizeof(owner), "www.customer-%06u.example.", i);
		assert_int_equal(find(&t, owner).kind, TBL_MATCH_EXACT);
		assert_int_equal(find(&t, owner + 4).kind, TBL_MATCH_EXACT);
	}
	assert_int_equal(find(&t, "customer-100000.example.").kind, TBL_MATCH_ENCLOSER);
	/* At most three fifths full, so hardly any name needs a second bucket. */
	assert_true((2 * MANY + 1) * 5 <= header->sections[TBL_SECTION_BUCKETS].cnt * 8 * 3);
	for (uint64_t i = 0; i < header->sections[TBL_SECTION_BUCKETS].cnt; i++) {
		overflow_cnt += t.view.buckets[i].node[0] >> 31;
	}
	assert_true(overflow_cnt < header->sections[TBL_SECTION_BUCKETS].cnt / 20);
	close_table(&t);
}

/* Buckets alone, with hashes made to meet: a builder that has nothing but names. */
static int
place_hashes(const uint64_t *hashes, uint32_t cnt, struct tbl_builder *b, struct tbl_error *error)
{
	*b = (struct tbl_builder){ .names = { .elem_bytes = sizeof(struct tbl_build_name) },
		.node_cnt = cnt };
	b->out[TBL_SECTION_BUCKETS].elem_bytes = sizeof(struct tbl_bucket);
	assert_non_null(tbl_vec_add(&b->names, cnt));
	for (uint32_t i = 0; i < cnt; i++) {
		tbl_build_name_at(b, i)->hash = hashes[i];
		tbl_build_name_at(b, i)->node = i;
	}
	return tbl_build_buckets(b, error);
}

static void
free_places(struct tbl_builder *b)
{
	tbl_vec_free(&b->names);
	tbl_vec_free(&b->out[TBL_SECTION_BUCKETS]);
}

/* A reader's rule: the first bucket, then the second only when the first says so. */
static bool
is_found(const struct tbl_builder *b, uint64_t hash, uint32_t node)
{
	const struct tbl_bucket *buckets = b->out[TBL_SECTION_BUCKETS].items;
	uint64_t mask = b->out[TBL_SECTION_BUCKETS].cnt - 1;
	uint64_t at[2] = { tbl_hash_bucket_first(hash, mask), tbl_hash_bucket_second(hash, mask) };
	uint32_t reach = (buckets[at[0]].node[0] & TBL_BUCKET_OVERFLOW) != 0 ? 2 : 1;

	for (uint32_t i = 0; i < reach; i++) {
		for (uint32_t place = 0; place < TBL_BUCKET_SLOTS; place++) {
			if (TBL_BUCKET_NODE(buckets[at[i]].node[place]) == node) {
				return buckets[at[i]].tag[place] == tbl_hash_tag(hash);
			}
		}
	}
	return false;
}

static void
places_names_whose_buckets_meet(void **state)
{
	/* cnt names share the low bits of the hash (one first bucket); tags differ, so their second
	 * buckets scatter. With 40 such names and 200 others the first bucket overflows far. */
	static const uint32_t crowds[] = { 0, 1, 8, 9, 16, 40, 120 };

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(crowds); c++) {
		uint64_t hashes[240];
		struct tbl_builder b;
		struct tbl_error error;
		uint64_t random = 88172645463325252ULL;

		for (uint32_t i = 0; i < ARRAY_LEN(hashes); i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			hashes[i] = i < crowds[c] ? (random & ~0xffffULL) | 5 : random;
		}
		assert_int_equal(place_hashes(hashes, ARRAY_LEN(hashes), &b, &error), 0);
		for (uint32_t i = 0; i < ARRAY_LEN(hashes); i++) {
			assert_true(is_found(&b, hashes[i], i));
		}
		free_places(&b);
	}
}

static void
gives_up_on_names_that_cannot_part(void **state)
{
	/* Two buckets hold 16; the 17th of one hash has no place however far the table grows. */
	uint64_t hashes[17];
	struct tbl_builder b;
	struct tbl_error error = { .text = "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hashes); i++) {
		hashes[i] = 0x123456789abcdef0ULL;
	}
	assert_int_equal(place_hashes(hashes, 16, &b, &error), 0);
	free_places(&b);
	assert_int_equal(place_hashes(hashes, 17, &b, &error), -EINVAL);
	assert_string_equal(error.text, ".: names do not spread under this hash seed");
	free_places(&b);
}

/* A long chain of labels and names of every length: inline or not, found again. */
static void
names_of_every_length_are_kept_whole(void **state)
{
	struct table t;
	char name[256];

	(void)state;
	open_table(&t);
	assert_int_equal(add_zone(&t, "e."), 0);
	for (int len = 1; len <= 60; len++) {
		(void)snprintf(name, sizeof(name), "%.*s.e.", len, LABEL_60);
		assert_int_equal(add(&t, &(struct record)R(name, CNAME, name)), 0);
	}
	assert_int_equal(finish(&t), 0);
	for (int len = 1; len <= 60; len++) {
		const struct tbl_node *node;
		uint8_t wire[TBL_NAME_MAX];

		(void)snprintf(name, sizeof(name), "%.*s.e.", len, LABEL_60);
		node = node_of(&t, name);
		assert_int_equal(node->name_len, tbl_name_from_text(name, wire));
		assert_memory_equal(tbl_node_name(&t.view, node), wire, node->name_len);
	}
	close_table(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_cannot_be_served),
		cmocka_unit_test(refuses_answers_over_the_cap),
		cmocka_unit_test(refuses_glue_out_of_reach),
		cmocka_unit_test(refuses_generation_0),
		cmocka_unit_test(stores_answers_ready_to_send),
		cmocka_unit_test(names_owners_as_readers_need_them),
		cmocka_unit_test(negative_answers_have_their_own_soa),
		cmocka_unit_test(nodes_are_every_name_that_exists),
		cmocka_unit_test(nodes_stand_in_canonical_order),
		cmocka_unit_test(nested_zones_keep_to_themselves),
		cmocka_unit_test(serves_the_root),
		cmocka_unit_test(knows_where_cnames_lead),
		cmocka_unit_test(stores_equal_answers_once),
		cmocka_unit_test(keeps_the_first_of_records_that_differ_in_the_case_of_names),
		cmocka_unit_test(tells_the_same_rdata_by_the_names_in_it),
		cmocka_unit_test(is_deterministic),
		cmocka_unit_test(reseal_changes_the_header_alone),
		cmocka_unit_test(finds_every_one_of_many_names),
		cmocka_unit_test(places_names_whose_buckets_meet),
		cmocka_unit_test(gives_up_on_names_that_cannot_part),
		cmocka_unit_test(names_of_every_length_are_kept_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
