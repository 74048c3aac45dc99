#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/reply.h"

#include "tests/fuzz/dataplane/reparse.h"
#include "tests/unit/table/reply_rows.h"
#include "tests/unit/table/sample.h"
#include "tests/unit/test.h"

#define AMERICA       "192.0.2.1"
#define EVERYWHERE    REPLY_EVERYWHERE
#define AMERICA_SCOPE 24u

#define SOA_EXAMPLE "; ns example. 60 SOA ns1.example. 60"

/* The zone of RFC 4592 §2.2.1 and every question it asks there, then those of §2.2.2 and §4. */
/* conformance: rfc4592-table | RFC 4592 §2.2.1 | The eight examples, from the table alone. */
static void
rfc_4592_examples(void **state)
{
	static const struct sample_record records[] = {
		{ "example.", SOA, "ns1.example." },
		{ "example.", NS, "ns.example.com.|ns.example.net." },
		{ "*.example.", TXT, "this is a wildcard" },
		{ "*.example.", MX, "host1.example." },
		{ "sub.*.example.", TXT, "this is not a wildcard" },
		{ "host1.example.", A, "192.0.2.1" },
		{ "_ssh._tcp.host1.example.", SRV, "srv1" },
		{ "_ssh._tcp.host2.example.", SRV, "srv2" },
		{ "subdel.example.", NS, "ns.example.com.|ns.example.net." },
		{ NULL, 0, NULL },
	};
	static const struct sample_zone zones[] = { { "example.", records } };
	static const struct reply_row rows[] = {
		/* synthesized from the wildcard */
		{ "host3.example.", MX,
				"NOERROR aa; an host3.example. 300 MX 10 host1.example."
				"; ar host1.example. 300 A 192.0.2.1" },
		{ "host3.example.", A, "NOERROR aa" SOA_EXAMPLE },
		{ "foo.bar.example.", TXT,
				"NOERROR aa; an foo.bar.example. 300 TXT \"this is a wildcard\"" },
		/* not: the name exists, lies below one that does, or is delegated */
		{ "host1.example.", MX, "NOERROR aa" SOA_EXAMPLE },
		{ "sub.*.example.", MX, "NOERROR aa" SOA_EXAMPLE },
		{ "_telnet._tcp.host1.example.", SRV, "NXDOMAIN aa" SOA_EXAMPLE },
		{ "host.subdel.example.", A,
				"NOERROR; ns subdel.example. 300 NS ns.example.com."
				"; ns subdel.example. 300 NS ns.example.net." },
		{ "ghost.*.example.", MX, "NXDOMAIN aa" SOA_EXAMPLE },
		/* empty non-terminals exist */
		{ "_tcp.host2.example.", SRV, "NOERROR aa" SOA_EXAMPLE },
		{ "host2.example.", MX, "NOERROR aa" SOA_EXAMPLE },
		{ "x.host2.example.", MX, "NXDOMAIN aa" SOA_EXAMPLE },
		/* "*" asked for literally is a name like any other */
		{ "*.example.", TXT, "NOERROR aa; an *.example. 300 TXT \"this is a wildcard\"" },
		{ "*.example.", A, "NOERROR aa" SOA_EXAMPLE },
	};

	(void)state;
	reply_expect_all(zones, 1, rows, ARRAY_LEN(rows));
}

#define MAIL_A(owner) "; an " owner " 300 A 192.0.2.25; an " owner " 300 A 192.0.2.26"
#define NS_SUB                                                                               \
	"; ns sub.example. 300 NS ns1.sub.example.; ns sub.example. 300 NS ns2.sub.example." \
	"; ns sub.example. 300 NS ns1.example."
#define GLUE_SUB                                                                       \
	"; ar ns1.sub.example. 300 A 192.0.2.61; ar ns2.sub.example. 300 A 192.0.2.62" \
	"; ar ns2.sub.example. 300 AAAA 2001:db8::62"
#define REFERRAL_SUB NS_SUB GLUE_SUB

/* conformance: lookup-algorithm | RFC 1034 §4.3.2 | The algorithm case by case, from the table alone. */
static void
rfc_1034_algorithm(void **state)
{
	static const struct reply_row rows[] = {
		{ "mail.example.", A, "NOERROR aa" MAIL_A("mail.example.") },
		{ "MAIL.eXample.", A, "NOERROR aa" MAIL_A("MAIL.eXample.") },
		{ "mail.example.", TXT, "NOERROR aa" SOA_EXAMPLE },
		{ "mail.example.", 65535, "NOERROR aa" SOA_EXAMPLE },
		{ "mail.example.", ANY, "NOERROR aa" MAIL_A("mail.example.") },
		{ "ent.example.", ANY, "NOERROR aa" SOA_EXAMPLE },
		{ "example.", NS,
				"NOERROR aa; an example. 300 NS ns1.example."
				"; an example. 300 NS ns2.sub.example."
				"; an example. 300 NS ns.elsewhere.test."
				"; ar ns1.example. 300 A 192.0.2.53" },
		{ "example.", SOA, "NOERROR aa; an example. 300 SOA ns1.example. 60" },
		{ "example.", MX,
				"NOERROR aa; an example. 300 MX 10 example."
				"; an example. 300 MX 10 mail.example."
				"; ar mail.example. 300 A 192.0.2.25"
				"; ar mail.example. 300 A 192.0.2.26"
				"; ar mail.example. 300 AAAA 2001:db8::25" },
		{ "example.", TXT, "NOERROR aa" SOA_EXAMPLE },
		/* names that do not exist, and the wildcard for some of them */
		{ "x.mail.example.", A, "NXDOMAIN aa" SOA_EXAMPLE },
		{ "x.ent.example.", A, "NXDOMAIN aa" SOA_EXAMPLE },
		{ "x.y.Example.", MX,
				"NOERROR aa; an x.y.Example. 300 MX 10 mail.Example."
				"; ar mail.Example. 300 A 192.0.2.25; ar mail.Example. 300 A "
				"192.0.2.26"
				"; ar mail.Example. 300 AAAA 2001:db8::25" },
		{ "x.example.", A, "NOERROR aa" SOA_EXAMPLE },
		/* outside our zones */
		{ "example.test.", A, "REFUSED" },
		{ "test.", NS, "REFUSED" },
		{ ".", NS, "REFUSED" },
	};
	struct tbl_view view;
	size_t size;
	void *image = sample_everything(&size);

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		reply_expect(&view, &rows[i], EVERYWHERE);
	}
	free(image);
}

static void
delegations_refer_and_their_parent_owns_the_ds(void **state)
{
	static const struct reply_row rows[] = {
		{ "sub.example.", A, "NOERROR" REFERRAL_SUB },
		{ "sub.example.", NS, "NOERROR" REFERRAL_SUB },
		{ "sub.example.", ANY, "NOERROR" REFERRAL_SUB },
		{ "host.sub.example.", A, "NOERROR" REFERRAL_SUB },
		{ "ns1.sub.example.", A, "NOERROR" REFERRAL_SUB },
		{ "a.b.c.sub.example.", DS, "NOERROR" REFERRAL_SUB },
		{ "ns1.sub.example.", DS, "NOERROR" REFERRAL_SUB },
		{ "sub.example.", DS, "NOERROR aa; an sub.example. 300 TYPE43 \"digest\"" },
		/* a zone below that we serve as well: its data is its own, its DS our other zone's */
		{ "child.example.", NS,
				"NOERROR aa; an child.example. 300 NS ns.child.example."
				"; ar ns.child.example. 300 A 192.0.2.71" },
		{ "child.example.", DS,
				"NOERROR aa; an child.example. 300 TYPE43 \"child digest\"" },
		{ "bare.example.", DS, "NOERROR aa" SOA_EXAMPLE },
		{ "child.example.", TXT,
				"NOERROR aa; ns child.example. 60 SOA ns.child.example. 60" },
		{ "x.child.example.", A,
				"NXDOMAIN aa; ns child.example. 60 SOA ns.child.example. 60" },
		{ "ns.child.example.", DS,
				"NOERROR aa; ns child.example. 60 SOA ns.child.example. 60" },
		/* the topmost zone's DS is nobody's we know: its own NODATA */
		{ "example.", DS, "NOERROR aa" SOA_EXAMPLE },
	};
	struct tbl_view view;
	size_t size;
	void *image = sample_everything(&size);

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		reply_expect(&view, &rows[i], EVERYWHERE);
	}
	free(image);
}

/* We serve a zone below one that somebody else serves: only its own names are ours there. */
static void
a_zone_below_anothers_delegation_answers_for_itself(void **state)
{
	static const struct sample_record records[] = {
		{ "example.", SOA, "ns1.example." },
		{ "example.", NS, "ns1.example." },
		{ "sub.example.", NS, "ns.elsewhere.test." },
		{ NULL, 0, NULL },
	};
	static const struct sample_record deep_records[] = {
		{ "deep.sub.example.", SOA, "ns1.example." },
		{ "deep.sub.example.", NS, "ns1.example." },
		{ "www.deep.sub.example.", A, "192.0.2.1" },
		{ NULL, 0, NULL },
	};
	static const struct sample_zone zones[] = {
		{ "example.", records },
		{ "deep.sub.example.", deep_records },
	};
	static const struct reply_row rows[] = {
		{ "other.sub.example.", A, "NOERROR; ns sub.example. 300 NS ns.elsewhere.test." },
		{ "www.deep.sub.example.", A,
				"NOERROR aa; an www.deep.sub.example. 300 A 192.0.2.1" },
		{ "x.deep.sub.example.", A,
				"NXDOMAIN aa; ns deep.sub.example. 60 SOA ns1.example. 60" },
		/* its DS is in a zone of theirs, to which the zone above refers */
		{ "deep.sub.example.", DS, "NOERROR; ns sub.example. 300 NS ns.elsewhere.test." },
	};

	(void)state;
	reply_expect_all(zones, 2, rows, ARRAY_LEN(rows));
}

static void
cname_chains_end_where_their_last_name_does(void **state)
{
	static const struct reply_row rows[] = {
		{ "one.example.", A,
				"NOERROR aa; an one.example. 300 CNAME two.example."
				"; an two.example. 300 CNAME www.in.two.example."
				"; an www.in.two.example. 300 CNAME Mail.example." MAIL_A(
						"Mail.example.") },
		{ "one.example.", CNAME, "NOERROR aa; an one.example. 300 CNAME two.example." },
		{ "one.example.", ANY, "NOERROR aa; an one.example. 300 CNAME two.example." },
		/* what may stand beside a CNAME is not looked for behind it (RFC 4035 §2.5) */
		{ "one.example.", RRSIG, "NOERROR aa" SOA_EXAMPLE },
		{ "one.example.", NSEC, "NOERROR aa" SOA_EXAMPLE },
		{ "TWO.example.", AAAA,
				"NOERROR aa; an TWO.example. 300 CNAME www.in.TWO.example."
				"; an www.in.TWO.example. 300 CNAME Mail.example."
				"; an Mail.example. 300 AAAA 2001:db8::25" },
		/* NODATA and NXDOMAIN of the last name, and its zone's SOA */
		{ "x.in.two.example.", TXT,
				"NOERROR aa; an x.in.two.example. 300 CNAME "
				"Mail.example." SOA_EXAMPLE },
		{ "up.child.example.", MX,
				"NOERROR aa; an up.child.example. 300 CNAME "
				"mail.example." SOA_EXAMPLE },
		{ "subnet.example.", A,
				"NXDOMAIN aa; an subnet.example. 300 CNAME "
				"missing.mail.example." SOA_EXAMPLE },
		/* out of our zones, into a delegation, round in a circle */
		{ "out.example.", A, "NOERROR aa; an out.example. 300 CNAME www.elsewhere.test." },
		{ "into.example.", A,
				"NOERROR aa; an into.example. 300 CNAME "
				"host.sub.example." REFERRAL_SUB },
		{ "self.example.", A, "NOERROR aa; an self.example. 300 CNAME self.example." },
	};
	struct tbl_view view;
	size_t size;
	void *image = sample_everything(&size);

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		reply_expect(&view, &rows[i], EVERYWHERE);
	}
	free(image);
}

static void
loops_give_each_record_once(void **state)
{
	static const struct sample_record records[] = {
		{ "example.", SOA, "ns1.example." },
		{ "a.example.", CNAME, "b.example." },
		{ "b.example.", CNAME, "c.example." },
		{ "c.example.", CNAME, "b.example." },
		{ "*.w.example.", CNAME, "x.w.example." },
		{ NULL, 0, NULL },
	};
	static const struct sample_zone zones[] = { { "example.", records } };
	static const struct reply_row rows[] = {
		{ "a.example.", A,
				"NOERROR aa; an a.example. 300 CNAME b.example."
				"; an b.example. 300 CNAME c.example."
				"; an c.example. 300 CNAME b.example." },
		{ "c.example.", A,
				"NOERROR aa; an c.example. 300 CNAME b.example."
				"; an b.example. 300 CNAME c.example." },
		{ "y.w.example.", A,
				"NOERROR aa; an y.w.example. 300 CNAME x.w.example."
				"; an x.w.example. 300 CNAME x.w.example." },
		{ "x.w.example.", A, "NOERROR aa; an x.w.example. 300 CNAME x.w.example." },
	};

	(void)state;
	reply_expect_all(zones, 1, rows, ARRAY_LEN(rows));
}

/* c0 -> c1 -> ... -> c19 -> an address: a chain one longer than may be followed stops short of it. */
static void
chains_stop_at_the_limit(void **state)
{
	enum { LINKS = TBL_CHAIN_MAX + 1 };
	static char owners[LINKS + 1][32];
	static struct sample_record records[LINKS + 3] = { { "example.", SOA, "ns1.example." } };
	static const struct sample_zone zones[] = { { "example.", records } };
	static struct reparse_message parsed;
	struct reply_message message;
	struct tbl_view view;
	size_t size;
	void *image;

	(void)state;
	for (uint32_t i = 0; i <= LINKS; i++) {
		(void)snprintf(owners[i], sizeof(owners[i]), "c%u.example.", i);
	}
	for (uint32_t i = 0; i < LINKS; i++) {
		records[i + 1] = (struct sample_record){ owners[i], CNAME, owners[i + 1] };
	}
	records[LINKS + 1] = (struct sample_record){ owners[LINKS], A, "192.0.2.1" };
	image = sample_build(zones, 1, NULL, &size);
	tbl_view_init(&view, image, NULL);

	/* From c1 the limit is just enough. */
	(void)reply_ask(&view, "c1.example.", A, EVERYWHERE, &message);
	assert_null(reparse(message.bytes, message.len, &parsed));
	assert_int_equal(parsed.record_cnt, TBL_CHAIN_MAX + 1);
	assert_int_equal(parsed.records[TBL_CHAIN_MAX].type, A);
	/* From c0 the last CNAME is given, but not followed. */
	(void)reply_ask(&view, "c0.example.", A, EVERYWHERE, &message);
	assert_null(reparse(message.bytes, message.len, &parsed));
	assert_int_equal(parsed.record_cnt, TBL_CHAIN_MAX + 1);
	assert_int_equal(parsed.records[TBL_CHAIN_MAX].type, CNAME);
	free(image);
}

static void
dynamic_records_answer_by_place_and_say_how_far(void **state)
{
	static const struct {
		struct reply_row row;
		const char *client;
		uint8_t scope_bits;
	} rows[] = {
		{ { "dyn.example.", A, "NOERROR aa; an dyn.example. 300 A 192.0.2.101" }, AMERICA,
				AMERICA_SCOPE },
		{ { "dyn.example.", A, "NOERROR aa; an dyn.example. 300 A 192.0.2.111" },
				"192.0.3.1", 24 },
		{ { "dyn.example.", AAAA, "NOERROR aa; an dyn.example. 300 AAAA 2001:db8::101" },
				"2001:db8::1", 48 },
		/* NODATA and NXDOMAIN do not depend on the client */
		{ { "dyn.example.", TXT, "NOERROR aa" SOA_EXAMPLE }, AMERICA, 0 },
		{ { "x.mail.example.", A, "NXDOMAIN aa" SOA_EXAMPLE }, AMERICA, 0 },
		{ { "mail.example.", A, "NOERROR aa" MAIL_A("mail.example.") }, AMERICA, 0 },
		/* through static CNAMEs and a wildcard */
		{ { "chain.example.", A,
				  "NOERROR aa; an chain.example. 300 CNAME anything.dyn.example."
				  "; an anything.dyn.example. 300 CNAME dyn.example."
				  "; an dyn.example. 300 A 192.0.2.101" },
				AMERICA, AMERICA_SCOPE },
		{ { "x.dyn.example.", A,
				  "NOERROR aa; an x.dyn.example. 300 CNAME dyn.example."
				  "; an dyn.example. 300 A 192.0.2.101" },
				AMERICA, AMERICA_SCOPE },
		{ { "x.dyn.example.", CNAME,
				  "NOERROR aa; an x.dyn.example. 300 CNAME dyn.example." },
				AMERICA, 0 },
		/* a dynamic CNAME: what comes behind it depends on the client too, NXDOMAIN as well */
		{ { "subnet.example.", TXT,
				  "NOERROR aa; an subnet.example. 300 CNAME one.example."
				  "; an one.example. 300 CNAME two.example."
				  "; an two.example. 300 CNAME www.in.two.example."
				  "; an www.in.two.example. 300 CNAME Mail.example." SOA_EXAMPLE },
				"198.51.100.129", 25 },
		{ { "subnet.example.", A,
				  "NOERROR aa; an subnet.example. 300 CNAME www.elsewhere.test." },
				"2001:db8:8000::1", 33 },
		{ { "subnet.example.", A,
				  "NXDOMAIN aa; an subnet.example. 300 CNAME "
				  "missing.mail.example." SOA_EXAMPLE },
				AMERICA, 6 },
	};
	struct tbl_view view;
	size_t size;
	void *image = sample_everything(&size);

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reply_message message;

		reply_expect(&view, &rows[i].row, rows[i].client);
		assert_int_equal(reply_ask(&view, rows[i].row.name, rows[i].row.type,
						 rows[i].client, &message),
				rows[i].scope_bits);
	}
	free(image);
}

/* The client is located once; the answer holds where both records stay as they are. */
static void
a_chain_of_dynamic_records_has_the_longer_scope(void **state)
{
	static const struct sample_record records[] = {
		{ "test.", SOA, "ns." },
		{ NULL, 0, NULL },
	};
	static const struct sample_zone zone = { "test.", records };
	static const struct sample_dynamic dynamics[] = {
		{ "by-place.test.", CNAME, 0, { "by-subnet.test.", "out.example." },
				"out.example." },
		{ "by-subnet.test.", A, 1, { "192.0.2.1", "192.0.2.2" }, "192.0.2.9" },
		{ "first.test.", CNAME, 1, { "second.test.", "out.example." }, "out.example." },
		{ "second.test.", A, 0, { "192.0.2.3", "192.0.2.4" }, "192.0.2.9" },
		{ NULL, 0, 0, { NULL, NULL }, NULL },
	};
	static const struct {
		struct reply_row row;
		const char *client;
		uint8_t scope_bits;
	} rows[] = {
		{ { "by-place.test.", A,
				  "NOERROR aa; an by-place.test. 300 CNAME by-subnet.test."
				  "; an by-subnet.test. 300 A 192.0.2.9" },
				AMERICA, AMERICA_SCOPE },
		{ { "first.test.", A,
				  "NOERROR aa; an first.test. 300 CNAME second.test."
				  "; an second.test. 300 A 192.0.2.4" },
				"198.51.100.129", 25 },
	};
	struct tbl_view view;
	size_t size;
	void *image = sample_build(&zone, 1, dynamics, &size);

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reply_message message;

		reply_expect(&view, &rows[i].row, rows[i].client);
		assert_int_equal(reply_ask(&view, rows[i].row.name, rows[i].row.type,
						 rows[i].client, &message),
				rows[i].scope_bits);
	}
	free(image);
}

/* What `explain` reads: the record, the rule, the leaf. */
static void
the_trace_names_the_dynamic_record(void **state)
{
	struct tbl_addr america = sample_addr(AMERICA);
	struct tbl_reply reply;
	struct tbl_name name;
	struct tbl_view view;
	size_t size;
	void *image = sample_everything(&size);

	(void)state;
	tbl_view_init(&view, image, NULL);
	sample_name(image, "chain.example.", &name);
	tbl_resolve(&view, &name, A, &(struct tbl_asker){ .source = &america }, 0, &reply);
	assert_non_null(reply.trace.dyn);
	assert_int_equal(reply.trace.dyn->type, A);
	assert_int_equal(reply.trace.rule, 0);
	assert_int_equal(reply.trace.leaf, tbl_locate(&view, &america));
	assert_false(reply.is_wildcard); /* the question itself was not */
	sample_name(image, "x.dyn.example.", &name);
	tbl_resolve(&view, &name, A, &(struct tbl_asker){ .source = &america }, 0, &reply);
	assert_true(reply.is_wildcard);
	sample_name(image, "mail.example.", &name);
	tbl_resolve(&view, &name, A, &(struct tbl_asker){ .source = &america }, 0, &reply);
	assert_null(reply.trace.dyn);
	free(image);
}

/* One client from where no rule knows anybody, with a client subnet in America. */
static void
expect_ecs(const struct tbl_view *view, const char *qname, bool has_ecs, bool is_america)
{
	struct tbl_addr source = sample_addr(EVERYWHERE);
	struct tbl_addr subnet = sample_addr(AMERICA);
	const struct tbl_asker asker = { .source = &source, .ecs = &subnet };
	const struct tbl_addr *counts = is_america ? &subnet : &source;
	struct tbl_reply reply;
	struct tbl_name name;

	sample_name(view->header, qname, &name);
	tbl_resolve(view, &name, A, &asker, 0, &reply);
	assert_int_equal(reply.has_ecs, has_ecs);
	if (reply.trace.dyn != NULL) {
		assert_int_equal(reply.trace.leaf, tbl_locate(view, counts));
		assert_int_equal(reply.trace.rule, is_america ? 0 : 1);
	}
	/* Without a subnet none is carried back, wherever the name is. */
	tbl_resolve(view, &name, A, &(struct tbl_asker){ .source = &source }, 0, &reply);
	assert_false(reply.has_ecs);
}

/* RFC 7871 §7.2.1: who opts out never echoes. It is the zone of the question that says so, for
 * all that the reply holds. */
/* conformance: ecs-off-by-zone | RFC 7871 §7.2.1 | Where a zone opts out client subnets do not count,
 * and none is echoed. */
static void
client_subnets_count_where_the_zone_lets_them(void **state)
{
	struct sample_record geo[] = {
		{ "geo.test.", SOA, NULL },
		{ "www.geo.test.", CNAME, "dyn.geo.test." },
		{ "*.wild.geo.test.", CNAME, "dyn.geo.test." },
		{ "out.geo.test.", CNAME, "www.plain.test." },
		{ NULL, 0, NULL },
	};
	struct sample_record plain[] = {
		{ "plain.test.", SOA, NULL },
		{ "www.plain.test.", CNAME, "dyn.geo.test." },
		{ NULL, 0, NULL },
	};
	static const struct sample_dynamic dynamics[] = {
		{ "dyn.geo.test.", A, 0, { "192.0.2.1", "192.0.2.2" }, "192.0.2.9" },
		{ NULL, 0, 0, { NULL, NULL }, NULL },
	};
	static const char *const geo_names[] = { "dyn.geo.test.", "www.geo.test.",
		"x.wild.geo.test.", "out.geo.test.", "missing.geo.test.", "geo.test." };
	static const char *const plain_names[] = { "www.plain.test.", "missing.plain.test." };

	(void)state;
	for (unsigned int ignored = 0; ignored < 4; ignored++) {
		bool has_geo = (ignored & 1u) == 0;
		bool has_plain = (ignored & 2u) == 0;
		const struct sample_zone zones[] = { { "geo.test.", geo },
			{ "plain.test.", plain } };
		struct tbl_view view;
		size_t size;
		void *image;

		geo[0].values = has_geo ? "ns.geo.test." : "!ns.geo.test.";
		plain[0].values = has_plain ? "ns.geo.test." : "!ns.geo.test.";
		image = sample_build(zones, 2, dynamics, &size);
		tbl_view_init(&view, image, NULL);
		for (size_t i = 0; i < ARRAY_LEN(geo_names); i++) {
			expect_ecs(&view, geo_names[i], has_geo, has_geo);
		}
		for (size_t i = 0; i < ARRAY_LEN(plain_names); i++) {
			expect_ecs(&view, plain_names[i], has_plain, has_plain);
		}
		expect_ecs(&view, "www.elsewhere.test.", false, false); /* REFUSED */
		free(image);
	}
}

/* conformance: root-as-a-zone | RFC 1034 §4.3.2 | The root can be served like any other zone. */
static void
the_root_can_be_a_zone(void **state)
{
	static const struct sample_record records[] = {
		{ ".", SOA, "ns1." },
		{ ".", NS, "ns1.|a.b." },
		{ "ns1.", A, "192.0.2.1" },
		{ "*.b.", CNAME, "ns1." },
		{ NULL, 0, NULL },
	};
	static const struct sample_zone zones[] = { { ".", records } };
	static const struct reply_row rows[] = {
		{ ".", NS,
				"NOERROR aa; an . 300 NS ns1.; an . 300 NS a.b."
				"; ar ns1. 300 A 192.0.2.1" },
		{ ".", A, "NOERROR aa; ns . 60 SOA ns1. 60" },
		{ "x.", A, "NXDOMAIN aa; ns . 60 SOA ns1. 60" },
		{ "a.b.", A, "NOERROR aa; an a.b. 300 CNAME ns1.; an ns1. 300 A 192.0.2.1" },
		{ ".", DS, "NOERROR aa; ns . 60 SOA ns1. 60" },
	};

	(void)state;
	reply_expect_all(zones, 1, rows, ARRAY_LEN(rows));
}

/* Too little room is said, never used. */
/* conformance: no-half-sets-at-any-size | RFC 2181 §9 | Whatever the room, an answer is written whole or not at all.
 * */
static void
records_that_do_not_fit_are_refused_at_every_size(void **state)
{
	static const char *const names[] = { "mail.example.", "one.example.", "host.sub.example.",
		"x.example.", "x.mail.example.", "into.example.", "x.moved.example.",
		"leap.example.", "b.grow.example." };
	struct tbl_view view;
	size_t size;
	void *image = sample_everything(&size);
	struct tbl_addr addr = sample_addr(EVERYWHERE);

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct reply_message full;
		struct tbl_reply reply;
		struct tbl_counts counts;
		struct tbl_name name;
		uint8_t qname_len;

		(void)reply_ask(&view, names[i], A, EVERYWHERE, &full);
		sample_name(image, names[i], &name);
		tbl_resolve(&view, &name, A, &(struct tbl_asker){ .source = &addr }, 0, &reply);
		qname_len = name.len;
		for (size_t capacity = REPLY_HEADER_BYTES; capacity <= full.len; capacity++) {
			/* An exact-size block: a sanitizer sees the first byte too much. */
			uint8_t *bytes = malloc(full.len);
			size_t len = REPLY_HEADER_BYTES + qname_len + 4u;
			int rc;

			assert_non_null(bytes);
			memcpy(bytes, full.bytes, len < capacity ? len : capacity);
			rc = tbl_reply_write(
					&view, &reply, qname_len, bytes, len, capacity, &counts);
			assert_int_equal(rc, capacity < full.len ? -ENOSPC : (int)full.len);
			free(bytes);
		}
	}
	free(image);
}

static void
expect_wellformed(const struct tbl_view *view, const char *name, uint16_t type)
{
	static struct reparse_message parsed;
	static struct reply_message message; /* `parsed` points into it */
	const char *wrong;

	(void)reply_ask(view, name, type, EVERYWHERE, &message);
	wrong = reparse(message.bytes, message.len, &parsed);
	if (wrong != NULL) {
		fail_msg("%s type %u: %s", name, type, wrong);
	}
}

/* The serial of the SOA that a reply ends with: five numbers, the serial first. */
static uint32_t
last_serial(const struct reply_message *message)
{
	const uint8_t *at = message->bytes + message->len - 20;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* An SOA that follows the generation says it wherever it stands: as the answer itself, which is else
 * copied without a look, behind a CNAME, and under NXDOMAIN and NODATA. One of a zone's own is served as
 * it is. */
static void
serials_follow_the_generation_of_the_header(void **state)
{
	static const struct sample_record following[] = {
		{ "follow.", SOA, "+ns.follow." },
		{ "www.follow.", A, "192.0.2.1" },
		{ "apex.follow.", CNAME, "follow." },
		{ NULL, 0, NULL },
	};
	static const struct sample_record own[] = {
		{ "own.", SOA, "ns.own." },
		{ "www.own.", A, "192.0.2.1" },
		{ "apex.own.", CNAME, "follow." },
		{ NULL, 0, NULL },
	};
	static const struct sample_zone zones[] = { { "follow.", following }, { "own.", own } };
	static const struct {
		const char *name;
		uint16_t type;
		bool is_following;
	} rows[] = {
		{ "follow.", SOA, true },
		{ "FOLLOW.", SOA, true },
		{ "apex.follow.", SOA, true },
		{ "apex.own.", SOA, true },
		{ "www.follow.", AAAA, true },
		{ "x.www.follow.", A, true },
		{ "apex.follow.", AAAA, true },
		{ "own.", SOA, false },
		{ "www.own.", AAAA, false },
		{ "x.www.own.", A, false },
	};
	static const uint64_t generations[] = { SAMPLE_GENERATION, 8, 0x1fffffffeULL,
		0x8000000001020304ULL };
	struct tbl_view view;
	size_t size;
	void *image = sample_build(zones, 2, NULL, &size);
	uint64_t content_hash = ((struct tbl_header *)image)->content_hash;

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t g = 0; g < ARRAY_LEN(generations); g++) {
		tbl_reseal(image, generations[g], 0);
		assert_true(view.header->content_hash == content_hash);
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			struct reply_message message;

			(void)reply_ask(&view, rows[i].name, rows[i].type, EVERYWHERE, &message);
			assert_int_equal(last_serial(&message),
					rows[i].is_following ? (uint32_t)generations[g]
							     : SAMPLE_SERIAL);
		}
	}
	free(image);
}

/* No type number is special that should not be; every reply is well-formed. */
/* conformance: every-type-wellformed | CVE-2021-36754 | Every type at every kind of name is a reply that reads back.
 * */
static void
every_type_gets_a_wellformed_reply(void **state)
{
	static const char *const names[] = { "example.", "one.example.", "sub.example.",
		"x.y.example.", "child.example.", "ent.example.", "moved.example.",
		"a.b.moved.example.", "leap.example.", "x.shift.example." };
	struct tbl_view view;
	size_t size;
	void *image = sample_everything(&size);

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		for (uint32_t type = 0; type <= UINT16_MAX; type++) {
			expect_wellformed(&view, names[i], (uint16_t)type);
		}
	}
	free(image);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_4592_examples),
		cmocka_unit_test(rfc_1034_algorithm),
		cmocka_unit_test(delegations_refer_and_their_parent_owns_the_ds),
		cmocka_unit_test(a_zone_below_anothers_delegation_answers_for_itself),
		cmocka_unit_test(cname_chains_end_where_their_last_name_does),
		cmocka_unit_test(loops_give_each_record_once),
		cmocka_unit_test(chains_stop_at_the_limit),
		cmocka_unit_test(dynamic_records_answer_by_place_and_say_how_far),
		cmocka_unit_test(a_chain_of_dynamic_records_has_the_longer_scope),
		cmocka_unit_test(the_trace_names_the_dynamic_record),
		cmocka_unit_test(client_subnets_count_where_the_zone_lets_them),
		cmocka_unit_test(the_root_can_be_a_zone),
		cmocka_unit_test(records_that_do_not_fit_are_refused_at_every_size),
		cmocka_unit_test(serials_follow_the_generation_of_the_header),
		cmocka_unit_test(every_type_gets_a_wellformed_reply),
	};

	return cmocka_run_group_tests_name("table/reply", tests, NULL, NULL);
}
