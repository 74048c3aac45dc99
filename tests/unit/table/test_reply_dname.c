/* DNAME (RFC 6672): every case as a question and its whole reply, written out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/reply.h"

#include "tests/fuzz/dataplane/reparse.h"
#include "tests/unit/table/reply_rows.h"
#include "tests/unit/table/sample.h"
#include "tests/unit/test.h"

#define SOA_OF(zone) "; ns " zone " 60 SOA ns. 60"

/* RFC 6672 §2.2, table 1: QNAME, owner, target, result. The zone is the one the table's names suggest;
 * names of other zones end the reply. */
/* conformance: dname-substitutions | RFC 6672 §2.2 | The table of substitutions, row by row. */
static void
rfc_6672_table_1(void **state)
{
	static const struct {
		const char *apex, *owner, *target;
		struct reply_row row;
	} rows[] = {
		{ "example.com.", "example.com.", "example.net.", { "com.", A, "REFUSED" } },
		/* "The result depends on the QTYPE" */
		{ "example.com.", "example.com.", "example.net.",
				{ "example.com.", DNAME,
						"NOERROR aa; an example.com. 300 DNAME "
						"example.net." } },
		{ "example.com.", "example.com.", "example.net.",
				{ "example.com.", A, "NOERROR aa" SOA_OF("example.com.") } },
		{ "example.com.", "example.com.", "example.net.",
				{ "a.example.com.", A,
						"NOERROR aa; an example.com. 300 DNAME "
						"example.net."
						"; an a.example.com. 300 CNAME a.example.net." } },
		{ "example.com.", "example.com.", "example.net.",
				{ "a.b.example.com.", A,
						"NOERROR aa; an example.com. 300 DNAME "
						"example.net."
						"; an a.b.example.com. 300 CNAME "
						"a.b.example.net." } },
		{ "example.com.", "b.example.com.", "example.net.",
				{ "ab.example.com.", A, "NXDOMAIN aa" SOA_OF("example.com.") } },
		{ "example.com.", "example.com.", "example.net.",
				{ "foo.example.com.", A,
						"NOERROR aa; an example.com. 300 DNAME "
						"example.net."
						"; an foo.example.com. 300 CNAME "
						"foo.example.net." } },
		{ "example.com.", "x.example.com.", "example.net.",
				{ "a.x.example.com.", A,
						"NOERROR aa; an x.example.com. 300 DNAME "
						"example.net."
						"; an a.x.example.com. 300 CNAME "
						"a.example.net." } },
		{ "example.com.", "example.com.", "y.example.net.",
				{ "a.example.com.", A,
						"NOERROR aa; an example.com. 300 DNAME "
						"y.example.net."
						"; an a.example.com. 300 CNAME "
						"a.y.example.net." } },
		{ "example.com.", "example.com.", "example.com.",
				{ "cyc.example.com.", A,
						"NOERROR aa; an example.com. 300 DNAME "
						"example.com."
						"; an cyc.example.com. 300 CNAME "
						"cyc.example.com." } },
		{ "x.", "x.", ".",
				{ "shortloop.x.x.", A,
						"NOERROR aa; an x. 300 DNAME ."
						"; an shortloop.x.x. 300 CNAME shortloop.x."
						"; an shortloop.x. 300 CNAME shortloop." } },
		{ "x.", "x.", ".",
				{ "shortloop.x.", A,
						"NOERROR aa; an x. 300 DNAME ."
						"; an shortloop.x. 300 CNAME shortloop." } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct sample_record records[] = {
			{ rows[i].apex, SOA, "ns." },
			{ rows[i].owner, DNAME, rows[i].target },
			{ NULL, 0, NULL },
		};
		const struct sample_zone zone = { rows[i].apex, records };

		reply_expect_all(&zone, 1, &rows[i].row, 1);
	}
}

/* The table's row that grows: "cyc.example.com. example.com. c.example.com." One DNAME, and no more
 * CNAMEs than any chain may have. */
static void
a_name_that_grows_ends_at_the_limit(void **state)
{
	static const struct sample_record records[] = {
		{ "example.com.", SOA, "ns." },
		{ "example.com.", DNAME, "c.example.com." },
		{ NULL, 0, NULL },
	};
	static const struct sample_zone zone = { "example.com.", records };
	static struct reparse_message parsed;
	static struct reply_message message;
	struct tbl_view view;
	size_t size;
	void *image = sample_build(&zone, 1, NULL, &size);

	(void)state;
	tbl_view_init(&view, image, NULL);
	(void)reply_ask(&view, "cyc.example.com.", A, REPLY_EVERYWHERE, &message);
	assert_null(reparse(message.bytes, message.len, &parsed));
	assert_int_equal(message.bytes[3] & 15, 0);
	assert_int_equal(parsed.record_cnt, 1 + TBL_LINKS_MAX);
	assert_int_equal(parsed.records[0].type, DNAME);
	for (uint32_t i = 1; i < parsed.record_cnt; i++) {
		assert_int_equal(parsed.records[i].type, CNAME);
	}
	free(image);
}

#define SOA_EXAMPLE "; ns example. 60 SOA ns. 60"
#define MOVED       "; an moved.example. 300 DNAME New.example."

static const struct sample_record example_records[] = {
	{ "example.", SOA, "ns." },
	{ "*.example.", TXT, "wildcard" },
	{ "moved.example.", DNAME, "New.example." },
	{ "moved.example.", TXT, "stays" },
	{ "moved.example.", A, "192.0.2.9" },
	{ "www.new.example.", A, "192.0.2.1" },
	{ "alias.new.example.", CNAME, "www.moved.example." },
	{ "deep.alias.new.example.", CNAME, "www.elsewhere.test." },
	{ "*.wild.new.example.", A, "192.0.2.2" },
	{ "into.example.", CNAME, "www.moved.example." },
	{ "*.into.example.", CNAME, "alias.moved.example." },
	{ "first.example.", DNAME, "second.example." },
	{ "second.example.", DNAME, "moved.example." },
	{ "up.example.", DNAME, "example." },
	{ "swing.example.", DNAME, "swung.example." },
	{ "swung.example.", DNAME, "swing.example." },
	{ "twice.example.", DNAME, "via.twice2.example." },
	{ "x.via.twice2.example.", CNAME, "y.twice.example." },
	{ "out.example.", DNAME, "elsewhere.test." },
	{ "away.example.", DNAME, "sub.example." },
	{ "sub.example.", NS, "ns.sub.example." },
	{ "ns.sub.example.", A, "192.0.2.53" },
	{ "over.example.", DNAME, "child.example." },
	{ "child.example.", NS, "ns.sub.example." },
	{ NULL, 0, NULL },
};
static const struct sample_record child_records[] = {
	{ "child.example.", SOA, "ns." },
	{ "child.example.", DNAME, "new.example." },
	{ NULL, 0, NULL },
};
/* A zone of its own below a DNAME of another. */
static const struct sample_record inner_records[] = {
	{ "in.moved.example.", SOA, "ns." },
	{ "www.in.moved.example.", A, "192.0.2.3" },
	{ NULL, 0, NULL },
};
static const struct sample_zone zones[] = {
	{ "example.", example_records },
	{ "child.example.", child_records },
	{ "in.moved.example.", inner_records },
};

static void
names_below_are_redirected(void **state)
{
	static const struct reply_row rows[] = {
		{ "www.moved.example.", A,
				"NOERROR aa" MOVED
				"; an www.moved.example. 300 CNAME www.New.example."
				"; an www.New.example. 300 A 192.0.2.1" },
		/* what is kept is kept as it was asked, what comes instead as the zone has it */
		{ "wWw.MoVed.eXample.", A,
				"NOERROR aa; an MoVed.eXample. 300 DNAME New.example."
				"; an wWw.MoVed.eXample. 300 CNAME wWw.New.example."
				"; an wWw.New.example. 300 A 192.0.2.1" },
		/* NODATA, NXDOMAIN and a wildcard where it leads */
		{ "www.moved.example.", MX,
				"NOERROR aa" MOVED
				"; an www.moved.example. 300 CNAME www.New.example." SOA_EXAMPLE },
		{ "no.www.moved.example.", A,
				"NXDOMAIN aa" MOVED "; an no.www.moved.example. 300 CNAME "
				"no.www.New.example." SOA_EXAMPLE },
		{ "a.b.wild.moved.example.", A,
				"NOERROR aa" MOVED
				"; an a.b.wild.moved.example. 300 CNAME a.b.wild.New.example."
				"; an a.b.wild.New.example. 300 A 192.0.2.2" },
		/* the question's type does not matter, DNAME and ANY included; to CNAME the synthesis
		 * is the answer */
		{ "www.moved.example.", DNAME,
				"NOERROR aa" MOVED
				"; an www.moved.example. 300 CNAME www.New.example." SOA_EXAMPLE },
		{ "www.moved.example.", CNAME,
				"NOERROR aa" MOVED
				"; an www.moved.example. 300 CNAME www.New.example." },
		{ "alias.moved.example.", CNAME,
				"NOERROR aa" MOVED
				"; an alias.moved.example. 300 CNAME alias.New.example." },
		{ "www.moved.example.", ANY,
				"NOERROR aa" MOVED
				"; an www.moved.example. 300 CNAME www.New.example."
				"; an www.New.example. 300 A 192.0.2.1" },
		{ "www.moved.example.", DS,
				"NOERROR aa" MOVED
				"; an www.moved.example. 300 CNAME www.New.example." SOA_EXAMPLE },
		/* the wildcard of an ancestor is further away */
		{ "x.moved.example.", TXT,
				"NXDOMAIN aa" MOVED
				"; an x.moved.example. 300 CNAME x.New.example." SOA_EXAMPLE },
		{ "x.example.", TXT, "NOERROR aa; an x.example. 300 TXT \"wildcard\"" },
	};

	(void)state;
	reply_expect_all(zones, ARRAY_LEN(zones), rows, ARRAY_LEN(rows));
}

/* RFC 6672 §2.3: the owner is a name like any other. */
/* conformance: dname-at-its-owner | RFC 6672 §2.3 | A DNAME's owner has its own data, a zone's apex too. */
static void
the_owner_itself_is_not_redirected(void **state)
{
	static const struct reply_row rows[] = {
		{ "moved.example.", DNAME, "NOERROR aa" MOVED },
		{ "MOVED.example.", DNAME, "NOERROR aa; an MOVED.example. 300 DNAME New.example." },
		{ "moved.example.", TXT, "NOERROR aa; an moved.example. 300 TXT \"stays\"" },
		{ "moved.example.", AAAA, "NOERROR aa" SOA_EXAMPLE },
		{ "moved.example.", CNAME, "NOERROR aa" SOA_EXAMPLE },
		{ "moved.example.", ANY, "NOERROR aa; an moved.example. 300 A 192.0.2.9" },
		{ "first.example.", ANY,
				"NOERROR aa; an first.example. 300 DNAME second.example." },
		/* a zone's apex */
		{ "child.example.", SOA, "NOERROR aa; an child.example. 300 SOA ns. 60" },
		{ "child.example.", DNAME, "NOERROR aa; an child.example. 300 DNAME new.example." },
		{ "child.example.", A, "NOERROR aa; ns child.example. 60 SOA ns. 60" },
	};

	(void)state;
	reply_expect_all(zones, ARRAY_LEN(zones), rows, ARRAY_LEN(rows));
}

/* conformance: dname-chains | RFC 6672 §3.2 | Chains go on through DNAMEs, into other zones and in circles, each
 * record once. */
static void
chains_go_on_through_dnames(void **state)
{
	static const struct reply_row rows[] = {
		/* from a CNAME, and from one of a wildcard */
		{ "into.example.", A,
				"NOERROR aa; an into.example. 300 CNAME www.moved.example." MOVED
				"; an www.moved.example. 300 CNAME www.New.example."
				"; an www.New.example. 300 A 192.0.2.1" },
		/* each DNAME once, however often it is passed */
		{ "x.into.example.", A,
				"NOERROR aa; an x.into.example. 300 CNAME "
				"alias.moved.example." MOVED
				"; an alias.moved.example. 300 CNAME alias.New.example."
				"; an alias.New.example. 300 CNAME www.moved.example."
				"; an www.moved.example. 300 CNAME www.New.example."
				"; an www.New.example. 300 A 192.0.2.1" },
		{ "x.twice.example.", A,
				"NXDOMAIN aa; an twice.example. 300 DNAME via.twice2.example."
				"; an x.twice.example. 300 CNAME x.via.twice2.example."
				"; an x.via.twice2.example. 300 CNAME y.twice.example."
				"; an y.twice.example. 300 CNAME "
				"y.via.twice2.example." SOA_EXAMPLE },
		/* from DNAME to DNAME */
		{ "www.first.example.", A,
				"NOERROR aa; an first.example. 300 DNAME second.example."
				"; an www.first.example. 300 CNAME www.second.example."
				"; an second.example. 300 DNAME moved.example."
				"; an www.second.example. 300 CNAME www.moved.example." MOVED
				"; an www.moved.example. 300 CNAME www.New.example."
				"; an www.New.example. 300 A 192.0.2.1" },
		/* more of the name than one DNAME kept */
		{ "deep.alias.first.example.", A,
				"NOERROR aa; an first.example. 300 DNAME second.example."
				"; an deep.alias.first.example. 300 CNAME "
				"deep.alias.second.example."
				"; an second.example. 300 DNAME moved.example."
				"; an deep.alias.second.example. 300 CNAME "
				"deep.alias.moved.example." MOVED
				"; an deep.alias.moved.example. 300 CNAME "
				"deep.alias.New.example."
				"; an deep.alias.New.example. 300 CNAME www.elsewhere.test." },
		/* and to where one stands, when that is what was asked for */
		{ "up.up.example.", DNAME,
				"NOERROR aa; an up.example. 300 DNAME example."
				"; an up.up.example. 300 CNAME up.example." },
		{ "up.up.example.", ANY,
				"NOERROR aa; an up.example. 300 DNAME example."
				"; an up.up.example. 300 CNAME up.example." },
		{ "moved.up.example.", DNAME,
				"NOERROR aa; an up.example. 300 DNAME example."
				"; an moved.up.example. 300 CNAME moved.example." MOVED },
	};

	(void)state;
	reply_expect_all(zones, ARRAY_LEN(zones), rows, ARRAY_LEN(rows));
}

static void
chains_end_or_leave(void **state)
{
	static const struct reply_row rows[] = {
		/* a circle ends where it began */
		{ "x.swing.example.", A,
				"NOERROR aa; an swing.example. 300 DNAME swung.example."
				"; an x.swing.example. 300 CNAME x.swung.example."
				"; an swung.example. 300 DNAME swing.example."
				"; an x.swung.example. 300 CNAME x.swing.example." },
		/* out of our zones, into a delegation, into another zone and back, whose apex it is */
		{ "www.out.example.", A,
				"NOERROR aa; an out.example. 300 DNAME elsewhere.test."
				"; an www.out.example. 300 CNAME www.elsewhere.test." },
		{ "www.away.example.", A,
				"NOERROR aa; an away.example. 300 DNAME sub.example."
				"; an www.away.example. 300 CNAME www.sub.example."
				"; ns sub.example. 300 NS ns.sub.example."
				"; ar ns.sub.example. 300 A 192.0.2.53" },
		{ "www.over.example.", A,
				"NOERROR aa; an over.example. 300 DNAME child.example."
				"; an www.over.example. 300 CNAME www.child.example."
				"; an child.example. 300 DNAME new.example."
				"; an www.child.example. 300 CNAME www.new.example."
				"; an www.new.example. 300 A 192.0.2.1" },
		/* a zone of its own below a DNAME answers for itself, but its DS is the zone's above */
		{ "www.in.moved.example.", A,
				"NOERROR aa; an www.in.moved.example. 300 A 192.0.2.3" },
		{ "x.in.moved.example.", A, "NXDOMAIN aa; ns in.moved.example. 60 SOA ns. 60" },
		{ "in.moved.example.", DS,
				"NXDOMAIN aa" MOVED
				"; an in.moved.example. 300 CNAME in.New.example." SOA_EXAMPLE },
	};

	(void)state;
	reply_expect_all(zones, ARRAY_LEN(zones), rows, ARRAY_LEN(rows));
}

/* RFC 6672 §6: the examples of use, with a server that has all the zones. */
static void
rfc_6672_examples_of_use(void **state)
{
	static const struct sample_record acme[] = {
		{ "frobozz.example.", SOA, "ns." },
		{ "frobozz.example.", DNAME, "frobozz-division.acme.example." },
		{ "frobozz.example.", MX, "mailhub.acme.example." },
		{ NULL, 0, NULL },
	};
	static const struct sample_record division[] = {
		{ "acme.example.", SOA, "ns." },
		{ "www.frobozz-division.acme.example.", A, "192.0.2.1" },
		{ NULL, 0, NULL },
	};
	static const struct sample_record reverse[] = {
		{ "0.192.in-addr.arpa.", SOA, "ns." },
		{ "8/22.0.192.in-addr.arpa.", NS, "ns.slash-22-holder.example." },
		{ "8.0.192.in-addr.arpa.", DNAME, "8.8/22.0.192.in-addr.arpa." },
		{ "9.0.192.in-addr.arpa.", DNAME, "9.8/22.0.192.in-addr.arpa." },
		{ "10.0.192.in-addr.arpa.", DNAME, "10.8/22.0.192.in-addr.arpa." },
		{ "11.0.192.in-addr.arpa.", DNAME, "11.8/22.0.192.in-addr.arpa." },
		{ NULL, 0, NULL },
	};
	static const struct sample_zone all[] = {
		{ "frobozz.example.", acme },
		{ "acme.example.", division },
		{ "0.192.in-addr.arpa.", reverse },
	};
	static const struct reply_row rows[] = {
		{ "www.frobozz.example.", A,
				"NOERROR aa; an frobozz.example. 300 DNAME "
				"frobozz-division.acme.example."
				"; an www.frobozz.example. 300 CNAME "
				"www.frobozz-division.acme.example."
				"; an www.frobozz-division.acme.example. 300 A 192.0.2.1" },
		{ "frobozz.example.", MX,
				"NOERROR aa; an frobozz.example. 300 MX 10 mailhub.acme.example." },
		{ "5.10.0.192.in-addr.arpa.", PTR,
				"NOERROR aa; an 10.0.192.in-addr.arpa. 300 DNAME "
				"10.8/22.0.192.in-addr.arpa."
				"; an 5.10.0.192.in-addr.arpa. 300 CNAME "
				"5.10.8/22.0.192.in-addr.arpa."
				"; ns 8/22.0.192.in-addr.arpa. 300 NS "
				"ns.slash-22-holder.example." },
	};

	(void)state;
	reply_expect_all(all, ARRAY_LEN(all), rows, ARRAY_LEN(rows));
}

#define LABEL_63 "a23456789-b23456789-c23456789-d23456789-e23456789-f23456789-g23"
#define THREE_63 LABEL_63 "." LABEL_63 "." LABEL_63 "."

/* "short.test." (12 bytes) becomes one of 14: names of 253 bytes become 255, of 254 too long. */
/* conformance: dname-too-long | RFC 6672 §2.2, CVE-2021-25215 | A name that a DNAME makes too long is YXDOMAIN,
 * wherever in a chain. */
static void
a_name_too_long_is_yxdomain(void **state)
{
	static const struct sample_record records[] = {
		{ "test.", SOA, "ns." },
		{ "short.test.", DNAME, "longest.test." },
		{ "to.test.", CNAME,
				THREE_63
				"l3456789-123456789-123456789-123456789-1234567.short.test." },
		{ "again.test.", DNAME, "short.test." },
		{ NULL, 0, NULL },
	};
	static const struct sample_zone zone = { "test.", records };
	/* 3 * 64 + 49 + 12 and one more. */
#define FITS    THREE_63 "12345678-123456789-123456789-123456789-123456789.short.test."
#define EXCEEDS THREE_63 "123456789-123456789-123456789-123456789-123456789.short.test."
	static struct reparse_message parsed;
	static struct reply_message message;
	static const struct reply_row rows[] = {
		{ FITS, A,
				"NXDOMAIN aa; an short.test. 300 DNAME longest.test."
				"; an " FITS " 300 CNAME " THREE_63
				"12345678-123456789-123456789-123456789-123456789.longest.test."
				"; ns test. 60 SOA ns. 60" },
		/* the DNAME says why (RFC 6672 §3.2 step 3C) */
		{ EXCEEDS, A, "YXDOMAIN aa; an short.test. 300 DNAME longest.test." },
		{ EXCEEDS, DNAME, "YXDOMAIN aa; an short.test. 300 DNAME longest.test." },
	};
	struct tbl_view view;
	size_t size;
	void *image;

	(void)state;
	reply_expect_all(&zone, 1, rows, ARRAY_LEN(rows));
	image = sample_build(&zone, 1, NULL, &size);
	tbl_view_init(&view, image, NULL);
	(void)reply_ask(&view, FITS, A, REPLY_EVERYWHERE, &message);
	assert_null(reparse(message.bytes, message.len, &parsed));
	assert_int_equal(parsed.qname.len, 253);
	(void)reply_ask(&view, EXCEEDS, A, REPLY_EVERYWHERE, &message);
	assert_null(reparse(message.bytes, message.len, &parsed));
	assert_int_equal(parsed.qname.len, 254);
	free(image);
}

/* A dynamic DNAME: the client's place says where the names below lead, and so how far the answer
 * holds; one value a reply, though it is passed twice. */
static void
a_dynamic_dname_leads_by_place(void **state)
{
	static const struct {
		struct reply_row row;
		const char *client;
		uint8_t scope_bits;
	} rows[] = {
		{ { "x.shift.example.", A,
				  "NXDOMAIN aa; an shift.example. 300 DNAME moved.example."
				  "; an x.shift.example. 300 CNAME x.moved.example."
				  "; an moved.example. 300 DNAME Ent.example."
				  "; an x.moved.example. 300 CNAME x.Ent.example."
				  "; ns example. 60 SOA ns1.example. 60" },
				"192.0.2.1", 24 },
		{ { "shift.example.", DNAME,
				  "NOERROR aa; an shift.example. 300 DNAME moved.example." },
				"192.0.2.1", 24 },
		{ { "x.shift.example.", MX,
				  "NOERROR aa; an shift.example. 300 DNAME sub.example."
				  "; an x.shift.example. 300 CNAME x.sub.example."
				  "; ns sub.example. 300 NS ns1.sub.example."
				  "; ns sub.example. 300 NS ns2.sub.example."
				  "; ns sub.example. 300 NS ns1.example."
				  "; ar ns1.sub.example. 300 A 192.0.2.61"
				  "; ar ns2.sub.example. 300 A 192.0.2.62"
				  "; ar ns2.sub.example. 300 AAAA 2001:db8::62" },
				"192.0.3.1", 24 },
		/* its owner's other types are nobody's in particular */
		{ { "shift.example.", A, "NOERROR aa; ns example. 60 SOA ns1.example. 60" },
				"192.0.2.1", 0 },
	};
	struct tbl_view view;
	size_t size;
	void *image = sample_everything(&size);

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		static struct reply_message message;

		reply_expect(&view, &rows[i].row, rows[i].client);
		assert_int_equal(reply_ask(&view, rows[i].row.name, rows[i].row.type,
						 rows[i].client, &message),
				rows[i].scope_bits);
	}
	free(image);
}

/* tbl_reply_target: the names that a reply's CNAMEs lead to, whether records or made, in one piece. */
static void
targets_are_told(void **state)
{
	static const char *const targets[] = { "alias.moved.example.", NULL, "alias.new.example.",
		"www.moved.example.", "www.new.example." };
	const struct tbl_addr client = sample_addr(REPLY_EVERYWHERE);
	struct tbl_view view;
	struct tbl_reply reply;
	struct tbl_name name;
	size_t size;
	void *image = sample_build(zones, ARRAY_LEN(zones), NULL, &size);

	(void)state;
	tbl_view_init(&view, image, NULL);
	sample_name(image, "x.into.example.", &name);
	tbl_resolve(&view, &name, A, &(struct tbl_asker){ .source = &client }, 0, &reply);
	assert_int_equal(reply.piece_cnt, ARRAY_LEN(targets) + 1);
	for (uint32_t i = 0; i < ARRAY_LEN(targets); i++) {
		uint8_t wire[TBL_NAME_MAX];
		char text[TBL_NAME_TEXT_MAX];

		if (targets[i] == NULL) {
			assert_int_equal(reply.pieces[i].answer->flags, TBL_ANSWER_DNAME);
			continue;
		}
		(void)tbl_reply_target(&view, &reply, &name, i, wire);
		(void)tbl_name_to_text(wire, text);
		assert_string_equal(text, targets[i]);
	}
	free(image);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_6672_table_1),
		cmocka_unit_test(a_name_that_grows_ends_at_the_limit),
		cmocka_unit_test(names_below_are_redirected),
		cmocka_unit_test(the_owner_itself_is_not_redirected),
		cmocka_unit_test(chains_go_on_through_dnames),
		cmocka_unit_test(chains_end_or_leave),
		cmocka_unit_test(rfc_6672_examples_of_use),
		cmocka_unit_test(a_name_too_long_is_yxdomain),
		cmocka_unit_test(a_dynamic_dname_leads_by_place),
		cmocka_unit_test(targets_are_told),
	};

	return cmocka_run_group_tests_name("table/reply_dname", tests, NULL, NULL);
}
