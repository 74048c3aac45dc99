/* What stands beside an answer: found when the table is built (build_additional.c), held to be true
 * (check_additional.c), written as it fits (reply_write.c). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/dns.h"
#include "table/reply.h"

#include "tests/unit/dataplane/render.h"
#include "tests/unit/table/reply_rows.h"
#include "tests/unit/table/sample.h"
#include "tests/unit/test.h"

#define ZONE                                             \
	{ "example.", SOA, "ns1.example." },             \
	{                                                \
		"example.", NS, "ns1.example.|ns2.test." \
	}
#define HOST                                           \
	{ "host.example.", A, "192.0.2.1|192.0.2.2" }, \
	{                                              \
		"host.example.", AAAA, "2001:db8::1"   \
	}
#define BACK                                         \
	{ "back.example.", A, "192.0.2.9" },         \
	{                                            \
		"back.example.", AAAA, "2001:db8::9" \
	}
#define END                   \
	{                     \
		NULL, 0, NULL \
	}

#define HOST_A    "; ar host.example. 300 A 192.0.2.1; ar host.example. 300 A 192.0.2.2"
#define HOST_AAAA "; ar host.example. 300 AAAA 2001:db8::1"
#define BACK_A    "; ar back.example. 300 A 192.0.2.9"
#define BACK_AAAA "; ar back.example. 300 AAAA 2001:db8::9"

static void
hosts_of_mx_srv_and_ns_have_their_addresses(void **state)
{
	static const struct sample_record records[] = {
		ZONE,
		HOST,
		BACK,
		{ "ns1.example.", A, "192.0.2.53" },
		{ "mail.example.", MX, "host.example.|back.example." },
		{ "twice.example.", MX, "host.example.|HOST.example." },
		{ "_s._tcp.example.", SRV, "1 back.example.|2 host.example.|3 back.example." },
		{ "ptr.example.", PTR, "host.example." },
		{ "any.example.", MX, "host.example." },
		END,
	};
	static const struct sample_zone zones[] = { { "example.", records } };
	static const struct reply_row rows[] = {
		/* A of all before AAAA of any */
		{ "mail.example.", MX,
				"NOERROR aa; an mail.example. 300 MX 10 host.example."
				"; an mail.example. 300 MX 10 back.example." HOST_A BACK_A HOST_AAAA
						BACK_AAAA },
		{ "twice.example.", MX,
				"NOERROR aa; an twice.example. 300 MX 10 host.example." HOST_A
						HOST_AAAA },
		{ "_s._tcp.example.", SRV,
				"NOERROR aa; an _s._tcp.example. 300 SRV 1 back.example."
				"; an _s._tcp.example. 300 SRV 2 host.example."
				"; an _s._tcp.example. 300 SRV 3 back.example." BACK_A HOST_A
						BACK_AAAA HOST_AAAA },
		{ "example.", NS,
				"NOERROR aa; an example. 300 NS ns1.example."
				"; an example. 300 NS ns2.test."
				"; ar ns1.example. 300 A 192.0.2.53" },
		/* nobody connects to what a PTR names */
		{ "ptr.example.", PTR,
				"NOERROR aa; an ptr.example. 300 TYPE12 "
				"\"\\004host\\192\\016\"" },
		/* RFC 8482: one set and no more */
		{ "any.example.", ANY, "NOERROR aa; an any.example. 300 MX 10 host.example." },
	};

	(void)state;
	reply_expect_all(zones, 1, rows, ARRAY_LEN(rows));
}

/* RFC 9460 §4.1 and §2.5. */
/* conformance: additional-of-services | RFC 9460 §4.1 | An alias has the services of its target beside it and then
 * addresses; a service has addresses. */
static void
services_lead_to_addresses_and_aliases_to_services(void **state)
{
	static const struct sample_record records[] = {
		ZONE,
		HOST,
		{ "here.example.", HTTPS, "1 ." },
		{ "here.example.", A, "192.0.2.7" },
		{ "both.example.", SVCB, "1 .|2 both.example.|3 host.example." },
		{ "both.example.", AAAA, "2001:db8::7" },
		{ "alias.example.", HTTPS, "0 here.example." },
		{ "other.example.", SVCB, "0 here.example." },
		{ "none.example.", HTTPS, "0 ." },
		{ "none.example.", A, "192.0.2.8" },
		{ "self.example.", HTTPS, "0 self.example." },
		{ "self.example.", A, "192.0.2.6" },
		{ "odd.example.", HTTPS, "opaque" },
		{ "short.example.", SVCB, "1" },
		END,
	};
	static const struct sample_zone zones[] = { { "example.", records } };
	static const struct reply_row rows[] = {
		{ "here.example.", HTTPS,
				"NOERROR aa; an here.example. 300 HTTPS 1 ."
				"; ar here.example. 300 A 192.0.2.7" },
		{ "both.example.", SVCB,
				"NOERROR aa; an both.example. 300 SVCB 1 ."
				"; an both.example. 300 SVCB 2 both.example."
				"; an both.example. 300 SVCB 3 host.example." HOST_A
				"; ar both.example. 300 AAAA 2001:db8::7" HOST_AAAA },
		/* where it leads, then how to get there; of the type that was asked for alone */
		{ "alias.example.", HTTPS,
				"NOERROR aa; an alias.example. 300 HTTPS 0 here.example."
				"; ar here.example. 300 HTTPS 1 ."
				"; ar here.example. 300 A 192.0.2.7" },
		{ "other.example.", SVCB,
				"NOERROR aa; an other.example. 300 SVCB 0 here.example."
				"; ar here.example. 300 A 192.0.2.7" },
		{ "none.example.", HTTPS, "NOERROR aa; an none.example. 300 HTTPS 0 ." },
		{ "self.example.", HTTPS,
				"NOERROR aa; an self.example. 300 HTTPS 0 self.example."
				"; ar self.example. 300 A 192.0.2.6" },
	};
	struct tbl_view view;
	struct reply_message message;
	size_t size;
	void *image;

	(void)state;
	reply_expect_all(zones, 1, rows, ARRAY_LEN(rows));
	/* What is none of its type has nothing beside it. */
	image = sample_build(zones, 1, NULL, &size);
	tbl_view_init(&view, image, NULL);
	(void)reply_ask(&view, "odd.example.", HTTPS, REPLY_EVERYWHERE, &message);
	assert_int_equal(message.bytes[11], 0);
	(void)reply_ask(&view, "short.example.", SVCB, REPLY_EVERYWHERE, &message);
	assert_int_equal(message.bytes[11], 0);
	free(image);
}

/* A zone, one below it and one elsewhere: what an answer of the first leads to. */
static const struct sample_record outside_records[] = {
	ZONE,
	HOST,
	{ "sub.example.", NS, "glue.sub.example." },
	{ "glue.sub.example.", A, "192.0.2.3" },
	{ "below.example.", MX, "glue.sub.example.|host.example." },
	{ "child.example.", NS, "ns.child.example." },
	{ "inner.example.", MX, "ns.child.example." },
	{ "outer.example.", MX, "www.elsewhere.test.|www.other.test." },
	{ "alias.example.", CNAME, "host.example." },
	{ "cname.example.", MX, "alias.example." },
	{ "null.example.", MX, "." },
	{ "none.example.", SRV, "0 ." },
	{ "gone.example.", MX, "absent.example." },
	{ "text.example.", TXT, "no address" },
	{ "empty.example.", MX, "text.example.|a.ent.example.|ent.example." },
	{ "a.b.ent.example.", A, "192.0.2.4" },
	{ "moved.example.", DNAME, "host.example." },
	{ "through.example.", MX, "x.moved.example." },
	{ "placed.example.", MX, "dyn.example.|host.example." },
	END,
};
static const struct sample_record outside_child[] = {
	{ "child.example.", SOA, "ns.child.example." },
	{ "child.example.", NS, "ns.child.example." },
	{ "child.example.", MX, "host.example." },
	{ "ns.child.example.", A, "192.0.2.71" },
	END,
};
static const struct sample_record outside_other[] = {
	{ "other.test.", SOA, "ns1.example." },
	{ "www.other.test.", A, "192.0.2.5" },
	END,
};
static const struct sample_zone outside_zones[] = { { "example.", outside_records },
	{ "child.example.", outside_child }, { "other.test.", outside_other } };
/* One address for everybody is dynamic all the same: health decides about it. */
static const struct sample_dynamic outside_dynamics[] = {
	{ "dyn.example.", A, 0, { "192.0.2.101", "192.0.2.102" }, "192.0.2.103" },
	{ "dyn.example.", AAAA, 0, { "2001:db8::5", "2001:db8::5" }, "2001:db8::5" },
	{ NULL, 0, 0, { NULL, NULL }, NULL },
};
static const struct reply_row outside_rows[] = {
	{ "below.example.", MX,
			"NOERROR aa; an below.example. 300 MX 10 glue.sub.example."
			"; an below.example. 300 MX 10 host.example." HOST_A HOST_AAAA },
	{ "inner.example.", MX, "NOERROR aa; an inner.example. 300 MX 10 ns.child.example." },
	{ "child.example.", MX, "NOERROR aa; an child.example. 300 MX 10 host.example." },
	{ "outer.example.", MX,
			"NOERROR aa; an outer.example. 300 MX 10 www.elsewhere.test."
			"; an outer.example. 300 MX 10 www.other.test." },
	{ "cname.example.", MX, "NOERROR aa; an cname.example. 300 MX 10 alias.example." },
	{ "null.example.", MX, "NOERROR aa; an null.example. 300 MX 10 ." },
	{ "none.example.", SRV, "NOERROR aa; an none.example. 300 SRV 0 ." },
	{ "gone.example.", MX, "NOERROR aa; an gone.example. 300 MX 10 absent.example." },
	{ "empty.example.", MX,
			"NOERROR aa; an empty.example. 300 MX 10 text.example."
			"; an empty.example. 300 MX 10 a.ent.example."
			"; an empty.example. 300 MX 10 ent.example." },
	{ "through.example.", MX, "NOERROR aa; an through.example. 300 MX 10 x.moved.example." },
	{ "placed.example.", MX,
			"NOERROR aa; an placed.example. 300 MX 10 dyn.example."
			"; an placed.example. 300 MX 10 host.example." HOST_A HOST_AAAA },
};

/* conformance: additional-of-the-zone-alone | RFC 2181 §5.4.1, RFC 7871 §7.2.1 | Glue, other zones' names and what
 * depends on the client are no additional data. */
static void
what_is_not_this_zones_own_static_data_is_left_out(void **state)
{
	struct tbl_view view;
	size_t size;
	void *image = sample_build(outside_zones, 3, outside_dynamics, &size);

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(outside_rows); i++) {
		reply_expect(&view, &outside_rows[i], REPLY_EVERYWHERE);
	}
	/* A question without a dynamic record in its answer has scope 0 (RFC 7871 §7.2.1). */
	assert_int_equal(reply_ask(&view, "placed.example.", MX, "192.0.2.1",
					 &(struct reply_message){ .len = 0 }),
			0);
	free(image);
}

static void
owners_are_right_at_wildcards_and_at_the_end_of_chains(void **state)
{
	static const struct sample_record records[] = {
		ZONE,
		HOST,
		{ "*.wild.example.", A, "192.0.2.40" },
		{ "at.example.", MX, "a.b.wild.example.|c.wild.example." },
		{ "*.mx.example.", MX, "host.example.|x.mx.example." },
		{ "*.web.example.", HTTPS, "1 .|2 x.web.example.|0 y.web.example." },
		{ "*.web.example.", A, "192.0.2.41" },
		{ "chain.example.", CNAME, "any.mx.example." },
		{ "web.example.", CNAME, "any.web.example." },
		{ "deep.example.", CNAME, "www.moved.example." },
		{ "moved.example.", DNAME, "web.example.net.example." },
		{ "www.web.example.net.example.", HTTPS, "1 .|0 host.example." },
		{ "www.web.example.net.example.", AAAA, "2001:db8::42" },
		END,
	};
	static const struct sample_zone zones[] = { { "example.", records } };
	static const struct reply_row rows[] = {
		{ "at.example.", MX,
				"NOERROR aa; an at.example. 300 MX 10 a.b.wild.example."
				"; an at.example. 300 MX 10 c.wild.example."
				"; ar a.b.wild.example. 300 A 192.0.2.40"
				"; ar c.wild.example. 300 A 192.0.2.40" },
		{ "Any.mx.example.", MX,
				"NOERROR aa; an Any.mx.example. 300 MX 10 host.example."
				"; an Any.mx.example. 300 MX 10 x.mx.example." HOST_A HOST_AAAA },
		/* x.web.example. may be the question itself: each set stands there once */
		{ "x.web.example.", HTTPS,
				"NOERROR aa; an x.web.example. 300 HTTPS 1 ."
				"; an x.web.example. 300 HTTPS 2 x.web.example."
				"; an x.web.example. 300 HTTPS 0 y.web.example."
				"; ar x.web.example. 300 A 192.0.2.41" },
		{ "chain.example.", MX,
				"NOERROR aa; an chain.example. 300 CNAME any.mx.example."
				"; an any.mx.example. 300 MX 10 host.example."
				"; an any.mx.example. 300 MX 10 x.mx.example." HOST_A HOST_AAAA },
		{ "web.example.", HTTPS,
				"NOERROR aa; an web.example. 300 CNAME any.web.example."
				"; an any.web.example. 300 HTTPS 1 ."
				"; an any.web.example. 300 HTTPS 2 x.web.example."
				"; an any.web.example. 300 HTTPS 0 y.web.example."
				"; ar any.web.example. 300 A 192.0.2.41" },
		{ "deep.example.", HTTPS,
				"NOERROR aa; an deep.example. 300 CNAME www.moved.example."
				"; an moved.example. 300 DNAME web.example.net.example."
				"; an www.moved.example. 300 CNAME www.web.example.net.example."
				"; an www.web.example.net.example. 300 HTTPS 1 ."
				"; an www.web.example.net.example. 300 HTTPS 0 host.example." HOST_A
				"; ar www.web.example.net.example. 300 AAAA "
				"2001:db8::42" HOST_AAAA },
	};

	(void)state;
	reply_expect_all(zones, 1, rows, ARRAY_LEN(rows));
}

/* The octets of two answers may be one, and their hosts two. */
static void
equal_octets_of_other_owners_lead_elsewhere(void **state)
{
	static const struct sample_record records[] = {
		ZONE,
		{ "a.example.", MX, "mx.a.example." },
		{ "b.example.", MX, "mx.b.example." },
		{ "c.example.", MX, "mx.c.example." },
		{ "mx.a.example.", A, "192.0.2.1" },
		{ "mx.b.example.", A, "192.0.2.2" },
		END,
	};
	static const struct sample_zone zones[] = { { "example.", records } };
	static const struct reply_row rows[] = {
		{ "a.example.", MX,
				"NOERROR aa; an a.example. 300 MX 10 mx.a.example."
				"; ar mx.a.example. 300 A 192.0.2.1" },
		{ "b.example.", MX,
				"NOERROR aa; an b.example. 300 MX 10 mx.b.example."
				"; ar mx.b.example. 300 A 192.0.2.2" },
		{ "c.example.", MX, "NOERROR aa; an c.example. 300 MX 10 mx.c.example." },
	};

	(void)state;
	reply_expect_all(zones, 1, rows, ARRAY_LEN(rows));
}

/* CVE-2024-11187: what one question can make us look up has an end. */
/* conformance: zone-additional-cap | CVE-2024-11187 | Thirteen hosts of an answer have additional data, found when
 * the table is built. */
static void
thirteen_hosts_of_twenty_are_looked_up(void **state)
{
	enum { HOSTS = 20 };
	static char names[HOSTS][16];
	static char values[HOSTS * 32];
	static struct sample_record records[HOSTS + 4] = { ZONE };
	static const struct sample_zone zone = { "example.", records };
	struct reply_message message;
	struct tbl_view view;
	size_t size;
	void *image;

	(void)state;
	for (int i = 0; i < HOSTS; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "h%d.example.", i);
		(void)snprintf(values + strlen(values), sizeof(values) - strlen(values),
				"%s%s%d.test.|%s", i > 0 ? "|" : "", "no", i, names[i]);
		records[2 + i] = (struct sample_record){ names[i], A, "192.0.2.1" };
	}
	records[2 + HOSTS] = (struct sample_record){ "mail.example.", MX, values };
	image = sample_build(&zone, 1, NULL, &size);
	tbl_view_init(&view, image, NULL);
	(void)reply_ask(&view, "mail.example.", MX, REPLY_EVERYWHERE, &message);
	assert_int_equal(message.bytes[7], 2 * HOSTS);
	assert_int_equal(message.bytes[11], TBL_ADDITIONAL_TARGETS_MAX);
	free(image);
}

/* Writes into exactly `capacity` bytes: a sanitizer sees the first one too much. */
static int
write_exactly(const struct tbl_view *view, const char *qname, uint16_t type, size_t capacity,
		struct tbl_counts *ret_counts)
{
	struct tbl_addr nowhere = sample_addr(REPLY_EVERYWHERE);
	const struct tbl_asker asker = { .source = &nowhere };
	uint8_t *message = calloc(1, capacity);
	struct tbl_reply reply;
	struct tbl_name name;
	int len;

	assert_non_null(message);
	sample_name(view->header, qname, &name);
	tbl_resolve(view, &name, type, &asker, 0, &reply);
	memcpy(message + TBL_MESSAGE_HEADER_BYTES, name.wire, name.len);
	len = tbl_reply_write(view, &reply, name.len, message,
			TBL_MESSAGE_HEADER_BYTES + name.len + TBL_QUESTION_TAIL_BYTES, capacity,
			ret_counts);
	free(message);
	return len;
}

/* RFC 2181 §9: sets that do not fit are left out whole, and that is no truncation. */
/* conformance: additional-whole-sets | RFC 2181 §9 | Additional sets are added whole or not at all, and never at the
 * price of TC. */
static void
sets_are_added_whole_as_they_fit(void **state)
{
	static const struct sample_record records[] = {
		ZONE,
		HOST,
		BACK,
		{ "mail.example.", MX, "host.example.|back.example." },
		END,
	};
	static const struct sample_zone zones[] = { { "example.", records } };
	/* header and question, two MX; then host A twice, back A, host AAAA, back AAAA */
	enum { ANSWER = 12 + 14 + 4 + 2 * (12 + 2 + 5 + 2) };
	static const struct {
		size_t capacity;
		int len;
		uint16_t additional;
	} rows[] = {
		{ ANSWER - 1, -ENOSPC, 0 },
		{ ANSWER, ANSWER, 0 },
		{ ANSWER + 15, ANSWER, 0 },
		{ ANSWER + 16, ANSWER + 16, 1 }, /* back's A: host's two do not fit */
		{ ANSWER + 28, ANSWER + 16, 1 },
		{ ANSWER + 32, ANSWER + 32, 2 },
		{ ANSWER + 48, ANSWER + 48, 3 },
		{ ANSWER + 75, ANSWER + 48, 3 },
		{ ANSWER + 76, ANSWER + 76, 4 },
		{ ANSWER + 103, ANSWER + 76, 4 },
		{ ANSWER + 104, ANSWER + 104, 5 },
		{ 65535, ANSWER + 104, 5 },
	};
	struct tbl_view view;
	size_t size;
	void *image = sample_build(zones, 1, NULL, &size);

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tbl_counts counts = { 0 };
		int len = write_exactly(&view, "mail.example.", MX, rows[i].capacity, &counts);

		assert_int_equal(len, rows[i].len);
		assert_int_equal(counts.additional, rows[i].additional);
		assert_int_equal(counts.answer, len < 0 ? 0 : 2);
	}
	free(image);
}

#define LABEL_60 "a23456789-b23456789-c23456789-d23456789-e23456789-f23456789-"

/* RFC 1035 §4.1.4: behind byte 16383 nothing can be pointed at. */
static void
hosts_too_far_into_the_message_are_left_out(void **state)
{
	enum { FAR = 98 };
	static char values[(FAR + 2) * 300];
	static const struct sample_record records[] = {
		ZONE,
		HOST,
		BACK,
		{ "mail.example.", MX, values },
		END,
	};
	static const struct sample_zone zones[] = { { "example.", records } };
	struct tbl_counts counts;
	struct tbl_view view;
	size_t size;
	void *image;

	(void)state;
	(void)snprintf(values, sizeof(values), "back.example.");
	for (int i = 0; i < FAR; i++) {
		(void)snprintf(values + strlen(values), sizeof(values) - strlen(values),
				"|" LABEL_60 "." LABEL_60 "." LABEL_60 ".n%d.t%d.", i, i);
	}
	(void)snprintf(values + strlen(values), sizeof(values) - strlen(values), "|host.example.");
	image = sample_build(zones, 1, NULL, &size);
	tbl_view_init(&view, image, NULL);
	assert_true(write_exactly(&view, "mail.example.", MX, 65535, &counts) > 0x4000);
	assert_int_equal(counts.answer, FAR + 2);
	assert_int_equal(counts.additional, 2); /* back's two, which stand in front */
	free(image);
}

/* A name that is a pointer as a whole is not pointed at, but what it points at. */
static void
owners_point_at_names_and_not_at_pointers(void **state)
{
	static const struct sample_record records[] = {
		ZONE,
		{ "example.", MX, "example." },
		{ "example.", A, "192.0.2.1" },
		END,
	};
	static const struct sample_zone zones[] = { { "example.", records } };
	struct reply_message message;
	struct tbl_view view;
	size_t size;
	void *image = sample_build(zones, 1, NULL, &size);

	(void)state;
	tbl_view_init(&view, image, NULL);
	(void)reply_ask(&view, "example.", MX, REPLY_EVERYWHERE, &message);
	/* The last record: owner, type, class, TTL, RDLENGTH, address. */
	assert_int_equal(message.bytes[message.len - 16], 0xc0);
	assert_int_equal(message.bytes[message.len - 15], TBL_MESSAGE_HEADER_BYTES);
	free(image);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_of_mx_srv_and_ns_have_their_addresses),
		cmocka_unit_test(services_lead_to_addresses_and_aliases_to_services),
		cmocka_unit_test(what_is_not_this_zones_own_static_data_is_left_out),
		cmocka_unit_test(owners_are_right_at_wildcards_and_at_the_end_of_chains),
		cmocka_unit_test(equal_octets_of_other_owners_lead_elsewhere),
		cmocka_unit_test(thirteen_hosts_of_twenty_are_looked_up),
		cmocka_unit_test(sets_are_added_whole_as_they_fit),
		cmocka_unit_test(hosts_too_far_into_the_message_are_left_out),
		cmocka_unit_test(owners_point_at_names_and_not_at_pointers),
	};

	return cmocka_run_group_tests_name("table/additional", tests, NULL, NULL);
}
