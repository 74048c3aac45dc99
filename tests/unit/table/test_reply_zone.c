/* Which zone a reply speaks for, and the serial that zone is served with (RFC 9660 §3.2). */
#include <stdlib.h>

#include "table/reply.h"

#include "tests/unit/table/sample.h"
#include "tests/unit/test.h"

#define NOBODYS "" /* in no zone of ours */

static const struct sample_record parent_records[] = {
	{ "example.", SOA, "ns1.example." },
	{ "example.", NS, "ns1.example." },
	{ "www.example.", A, "192.0.2.1" },
	{ "sub.example.", NS, "ns.elsewhere.test." },
	{ "to.example.", CNAME, "www.child.example." },
	{ "child.example.", NS, "ns1.example." },
	{ "alias.example.", CNAME, "child.example." },
	{ NULL, 0, NULL },
};
static const struct sample_record child_records[] = {
	{ "child.example.", SOA, "+ns1.example." },
	{ "child.example.", NS, "ns1.example." },
	{ "www.child.example.", A, "192.0.2.2" },
	{ NULL, 0, NULL },
};
static const struct sample_zone zones[] = {
	{ "example.", parent_records },
	{ "child.example.", child_records },
};

static const char *
zone_of(const struct tbl_view *view, const char *name, uint16_t type, uint32_t *ret_zone)
{
	struct tbl_addr source = sample_addr("192.0.2.99");
	struct tbl_asker asker = { .source = &source };
	struct tbl_reply reply;
	struct tbl_name parsed;

	sample_name(view->header, name, &parsed);
	tbl_resolve(view, &parsed, type, &asker, 0, &reply);
	*ret_zone = reply.zone;
	return reply.zone == TBL_NONE ? NOBODYS : view->strings + view->zones[reply.zone].name_str;
}

static void
the_zone_is_the_questions(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
		const char *zone;
	} rows[] = {
		{ "www.example.", A, "example." },
		{ "www.example.", MX, "example." },
		{ "x.example.", A, "example." },
		{ "example.", SOA, "example." },
		/* a referral is the referring zone's word */
		{ "sub.example.", A, "example." },
		{ "deep.sub.example.", A, "example." },
		/* the chain goes on in another zone; the question does not */
		{ "to.example.", A, "example." },
		{ "alias.example.", DS, "example." },
		{ "www.child.example.", A, "child.example." },
		{ "x.child.example.", A, "child.example." },
		{ "child.example.", NS, "child.example." },
		/* the zone above answers */
		{ "child.example.", DS, "example." },
		{ "example.", DS, "example." },
		{ "example.net.", A, NOBODYS },
	};
	struct tbl_view view;
	size_t size;
	void *image = sample_build(zones, ARRAY_LEN(zones), NULL, &size);

	(void)state;
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t zone;

		assert_string_equal(
				zone_of(&view, rows[i].name, rows[i].type, &zone), rows[i].zone);
	}
	free(image);
}

static void
the_serial_is_the_one_served(void **state)
{
	struct tbl_view view;
	uint32_t zone;
	size_t size;
	void *image = sample_build(zones, ARRAY_LEN(zones), NULL, &size);

	(void)state;
	tbl_view_init(&view, image, NULL);
	(void)zone_of(&view, "example.", SOA, &zone);
	assert_int_equal(tbl_zone_serial(&view, zone), SAMPLE_SERIAL);
	(void)zone_of(&view, "child.example.", SOA, &zone);
	assert_int_equal(tbl_zone_serial(&view, zone), SAMPLE_GENERATION);
	free(image);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_zone_is_the_questions),
		cmocka_unit_test(the_serial_is_the_one_served),
	};

	return cmocka_run_group_tests_name("table/reply_zone", tests, NULL, NULL);
}
