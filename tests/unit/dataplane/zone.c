#include "tests/unit/dataplane/zone.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/build.h"

#define TYPE_A     1u
#define TYPE_NS    2u
#define TYPE_CNAME 5u
#define TYPE_SOA   6u
#define TYPE_MX    15u
#define TYPE_TXT   16u
#define TYPE_AAAA  28u
#define TYPE_DNAME 39u

#define RDATA_MAX  4000u
#define STRING_MAX 255u

/* One record as its RRset's owner, type and one value; `text` is read by type. */
struct record {
	const char *owner;
	uint16_t type;
	uint32_t ttl_s;
	const char *text;
};

/* example.test. is the mission's zone: apex by place, a wildcard CNAME to it, and around them one
 * name for every case of RFC 1034 §4.3.2. "big" fits 1,232 bytes and not 512; "huge" fits neither. */
static const struct record records[] = {
	{ "example.test.", TYPE_SOA, 3600, "ns1.example.test." },
	{ "example.test.", TYPE_NS, 3600, "ns1.example.test." },
	{ "*.example.test.", TYPE_CNAME, 60, "example.test." },
	{ "ns1.example.test.", TYPE_A, 3600, "192.0.2.53" },
	{ "www.example.test.", TYPE_A, 300, "192.0.2.80" },
	{ "www.example.test.", TYPE_AAAA, 300, "2001:db8::80" },
	{ "mail.example.test.", TYPE_MX, 300, "www.example.test." },
	{ "a.b.ent.example.test.", TYPE_A, 300, "192.0.2.81" },
	{ "sub.example.test.", TYPE_NS, 900, "ns.sub.example.test." },
	{ "ns.sub.example.test.", TYPE_A, 900, "192.0.2.54" },
	{ "chain.example.test.", TYPE_CNAME, 60, "link.example.test." },
	{ "link.example.test.", TYPE_CNAME, 61, "www.example.test." },
	{ "loop.example.test.", TYPE_CNAME, 60, "pool.example.test." },
	{ "pool.example.test.", TYPE_CNAME, 60, "loop.example.test." },
	{ "out.example.test.", TYPE_CNAME, 60, "www.example.net." },
	{ "gone.example.test.", TYPE_CNAME, 60, "x.www.example.test." },
	{ "nodata.example.test.", TYPE_CNAME, 60, "mail.example.test." },
	{ "moved.example.test.", TYPE_DNAME, 70, "landed.example.test." },
	{ "www.landed.example.test.", TYPE_A, 300, "192.0.2.90" },
	{ "out.landed.example.test.", TYPE_CNAME, 60, "www.example.net." },
	{ "round.landed.example.test.", TYPE_CNAME, 60, "out.moved.example.test." },
	{ "\\000\\.\\255.example.test.", TYPE_TXT, 300, "any octet" },
	{ "unknown.example.test.", 666, 300, "opaque" },
	{ "big.example.test.", TYPE_TXT, 300, "700" },
	{ "huge.example.test.", TYPE_TXT, 300, "3000" },
};

static void
stop(const char *what, const struct tbl_error *error)
{
	(void)fprintf(stderr, "test zone: %s: %s\n", what, error->text);
	abort();
}

static uint16_t
name_rdata(const char *text, uint8_t *rdata)
{
	struct tbl_error error = { .text = "not a name" };
	int len = tbl_name_from_text(text, rdata);

	if (len < 0) {
		stop(text, &error);
	}
	return (uint16_t)len;
}

static uint16_t
soa_rdata(const char *primary, uint8_t *rdata)
{
	static const uint8_t numbers[20] = {
		[3] = 1, [6] = 0x1c, [7] = 0x20, [10] = 7, [14] = 9, [18] = 0x01, [19] = 0x2c
	}; /* serial 1 ... minimum 300 */
	uint16_t len = name_rdata(primary, rdata);

	len = (uint16_t)(len + name_rdata("hostmaster.example.test.", rdata + len));
	memcpy(rdata + len, numbers, sizeof(numbers));
	return (uint16_t)(len + sizeof(numbers));
}

/* A number asks for that many bytes of strings; else one string. */
static uint16_t
txt_rdata(const char *text, uint8_t *rdata)
{
	unsigned long want = strtoul(text, NULL, 10);
	uint16_t len = 0;

	if (want == 0) {
		rdata[0] = (uint8_t)strlen(text);
		memcpy(rdata + 1, text, rdata[0]);
		return (uint16_t)(rdata[0] + 1);
	}
	while (len < want) {
		size_t bytes = want - len > STRING_MAX + 1u ? STRING_MAX : want - len - 1;

		rdata[len] = (uint8_t)bytes;
		memset(rdata + len + 1, 't', bytes);
		len = (uint16_t)(len + bytes + 1);
	}
	return len;
}

static uint16_t
make_rdata(const struct record *record, uint8_t *rdata)
{
	switch (record->type) {
	case TYPE_A:
		inet_pton(AF_INET, record->text, rdata);
		return 4;
	case TYPE_AAAA:
		inet_pton(AF_INET6, record->text, rdata);
		return 16;
	case TYPE_SOA:
		return soa_rdata(record->text, rdata);
	case TYPE_MX:
		rdata[0] = 0;
		rdata[1] = 10;
		return (uint16_t)(2 + name_rdata(record->text, rdata + 2));
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_DNAME:
		return name_rdata(record->text, rdata);
	case TYPE_TXT:
		return txt_rdata(record->text, rdata);
	default:
		memcpy(rdata, record->text, strlen(record->text));
		return (uint16_t)strlen(record->text);
	}
}

static void
add_static(struct tbl_builder *builder, uint32_t zone, const struct record *set, size_t cnt)
{
	struct tbl_error error;

	for (size_t i = 0; i < cnt; i++) {
		uint8_t bytes[RDATA_MAX];
		uint8_t owner[TBL_NAME_MAX];
		struct tbl_rdata rdata = { bytes, make_rdata(&set[i], bytes) };

		(void)name_rdata(set[i].owner, owner);
		if (tbl_builder_add_rrset(builder, zone, owner, set[i].type, set[i].ttl_s, &rdata,
				    1, &error) != 0) {
			stop(set[i].owner, &error);
		}
	}
}

/* america 192.0.2.1 / 2001:db8::1, world 192.0.2.2 / 2001:db8::2; 192.0.2.9 is the last resort. */
static void
add_apex(struct tbl_builder *builder, uint32_t zone, uint16_t type)
{
	static const char *const texts[2][3] = { { "192.0.2.1", "192.0.2.2", "192.0.2.9" },
		{ "2001:db8::1", "2001:db8::2", "2001:db8::9" } };
	uint8_t bytes[3][16];
	struct tbl_rdata rdata[3];
	struct tbl_value_input values[2];
	struct tbl_pool_input pools[2];
	uint8_t apex[TBL_NAME_MAX];
	struct tbl_error error;

	for (size_t i = 0; i < 3; i++) {
		const struct record record = { "", type, 0, texts[type == TYPE_AAAA][i] };

		rdata[i] = (struct tbl_rdata){ bytes[i], make_rdata(&record, bytes[i]) };
	}
	for (size_t i = 0; i < 2; i++) {
		values[i] = (struct tbl_value_input){
			.rdata = rdata[i], .text = texts[type == TYPE_AAAA][i], .weight = 1
		};
		pools[i] = (struct tbl_pool_input){ .name = i == 0 ? "america" : "world",
			.values = &values[i],
			.value_cnt = 1,
			.fallback = i == 0 ? 1 : -1 };
	}
	(void)name_rdata("example.test.", apex);
	if (tbl_builder_add_dynamic(builder, zone, apex, type, 60,
			    &(struct tbl_dyn_input){ .ruleset = 0,
					    .pools = pools,
					    .pool_cnt = 2,
					    .last_resort = &rdata[2],
					    .last_resort_cnt = 1 },
			    &error) != 0) {
		stop("apex", &error);
	}
}

/* quiet.test. is a zone in which client subnets do not count; its www leads to the other's apex. */
static void
add_quiet(struct tbl_builder *builder)
{
	static const struct record quiet[] = {
		{ "quiet.test.", TYPE_SOA, 3600, "ns1.example.test." },
		{ "www.quiet.test.", TYPE_CNAME, 60, "example.test." },
	};
	struct tbl_error error;
	uint8_t name[TBL_NAME_MAX];
	uint32_t zone = 0;

	(void)name_rdata("quiet.test.", name);
	if (tbl_builder_add_zone(builder, name, &zone, &error) != 0) {
		stop("quiet.test.", &error);
	}
	tbl_builder_ignore_ecs(builder, zone);
	add_static(builder, zone, quiet, sizeof(quiet) / sizeof(quiet[0]));
}

/* 198.51.100.0/24 and 2001:db8:a::/48 are in the United States, 203.0.113.0/24 in Germany. */
static struct tbl_location *
build_location(void)
{
	static const char *const places[] = { "NA-US", "EU-DE" };
	static const struct tbl_geo_prefix prefixes[] = {
		{ { { 198, 51, 100 }, 24, 4 }, 0 },
		{ { { 203, 0, 113 }, 24, 4 }, 1 },
		{ { { 0x20, 0x01, 0x0d, 0xb8, 0, 0x0a }, 48, 6 }, 0 },
	};
	static const char *const america[] = { "NA", "SA" };
	const struct tbl_rule_input rules[] = {
		{ .pool = 0, .geos = america, .geo_cnt = 2 },
		{ .pool = 1 },
	};
	const struct tbl_ruleset_input ruleset = { rules, 2 };
	const struct tbl_geo geo = { prefixes, sizeof(prefixes) / sizeof(prefixes[0]), places, 2 };
	struct tbl_location *location;
	struct tbl_error error;

	if (tbl_location_build(&ruleset, 1, &geo, &location, &error) != 0) {
		stop("location", &error);
	}
	return location;
}

void *
zone_build(uint64_t generation, size_t *ret_size)
{
	struct tbl_location *location = build_location();
	/* The seed makes every generation's content another: its tags are in the buckets. */
	const struct tbl_build_params params = { .generation = generation,
		.hash_seed = { 0x0123456789abcdefULL ^ generation, 0xfedcba9876543210ULL },
		.location = location };
	struct tbl_builder *builder;
	struct tbl_error error = { .text = "out of memory" };
	uint8_t apex[TBL_NAME_MAX];
	uint32_t zone = 0;
	void *image;

	(void)name_rdata("example.test.", apex);
	if (tbl_builder_new(&params, &builder) != 0 ||
			tbl_builder_add_zone(builder, apex, &zone, &error) != 0) {
		stop("zone", &error);
	}
	add_static(builder, zone, records, sizeof(records) / sizeof(records[0]));
	add_apex(builder, zone, TYPE_A);
	add_apex(builder, zone, TYPE_AAAA);
	add_quiet(builder);
	if (tbl_builder_finish(builder, &image, ret_size, &error) != 0) {
		stop("finish", &error);
	}
	tbl_builder_free(builder);
	tbl_location_free(location);
	return image;
}
