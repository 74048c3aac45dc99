#include "tests/unit/table/sample.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/seal.h"

#define VALUES_MAX      100u
#define RDATA_BYTES_MAX 600u

static void
stop(const char *what, const char *why)
{
	(void)fprintf(stderr, "sample: %s: %s\n", what, why);
	abort();
}

static uint16_t
put_name(const char *text, uint8_t *bytes)
{
	int len = tbl_name_from_text(text, bytes);

	if (len < 0) {
		stop(text, "not a name");
	}
	return (uint16_t)len;
}

static uint16_t
put_soa(const char *primary, uint8_t *bytes)
{
	static const uint8_t numbers[20] = {
		[3] = SAMPLE_SERIAL, [7] = 2, [11] = 3, [15] = 4, [19] = SAMPLE_NEGATIVE_TTL_S
	};
	uint16_t len = put_name(primary, bytes);

	len = (uint16_t)(len + put_name("hostmaster.example.", bytes + len));
	memcpy(bytes + len, numbers, sizeof(numbers));
	return (uint16_t)(len + sizeof(numbers));
}

/* Priority, for an SRV also a weight and a port, and the host. */
static uint16_t
put_service(uint16_t type, const char *text, uint8_t *bytes)
{
	uint16_t before = type == SRV ? 6 : 2;

	memset(bytes, 0, before);
	bytes[1] = (uint8_t)(text[0] - '0');
	return (uint16_t)(before + put_name(text + 2, bytes + before));
}

static bool
is_service(uint16_t type, const char *text)
{
	return (type == SRV || type == SVCB || type == HTTPS) && text[0] >= '0' && text[0] <= '9';
}

uint16_t
sample_rdata(uint16_t type, const char *text, uint8_t *bytes)
{
	size_t len = strlen(text);

	if (is_service(type, text)) {
		return put_service(type, text, bytes);
	}

	switch (type) {
	case A:
		return inet_pton(AF_INET, text, bytes) == 1 ? 4 : 0;
	case AAAA:
		return inet_pton(AF_INET6, text, bytes) == 1 ? 16 : 0;
	case NS:
	case CNAME:
	case PTR:
	case DNAME:
		return put_name(text, bytes);
	case SOA:
		return put_soa(text, bytes);
	case MX:
		bytes[0] = 0;
		bytes[1] = 10;
		return (uint16_t)(2 + put_name(text, bytes + 2));
	case TXT:
		bytes[0] = (uint8_t)len;
		memcpy(bytes + 1, text, len);
		return (uint16_t)(len + 1);
	default:
		memcpy(bytes, text, len);
		return (uint16_t)len;
	}
}

/* The values of a row: text, RDATA, and where they lie. */
struct values {
	uint32_t cnt;
	struct tbl_rdata rdata[VALUES_MAX];
	char texts[VALUES_MAX][RDATA_BYTES_MAX];
	uint8_t bytes[VALUES_MAX][RDATA_BYTES_MAX];
};

static void
read_values(uint16_t type, const char *text, struct values *values)
{
	values->cnt = 0;
	for (;;) {
		size_t len = strcspn(text, "|");
		uint32_t i = values->cnt++;

		if (i == VALUES_MAX || len >= RDATA_BYTES_MAX) {
			stop(text, "too many values, or too long");
		}
		memcpy(values->texts[i], text, len);
		values->texts[i][len] = '\0';
		values->rdata[i] = (struct tbl_rdata){ values->bytes[i],
			sample_rdata(type, values->texts[i], values->bytes[i]) };
		if (text[len] == '\0') {
			return;
		}
		text += len + 1;
	}
}

static uint32_t
add_zone(struct tbl_builder *builder, const struct sample_zone *zone)
{
	static struct values values;
	struct tbl_error error;
	uint8_t name[TBL_NAME_MAX];
	uint32_t number = 0;

	(void)put_name(zone->apex, name);
	if (tbl_builder_add_zone(builder, name, &number, &error) != 0) {
		stop(zone->apex, error.text);
	}
	for (const struct sample_record *record = zone->records; record->owner != NULL; record++) {
		const char *text = record->values;

		if (record->type == SOA && text[0] == '+') {
			tbl_builder_follow_generation(builder, number);
			text++;
		}
		if (record->type == SOA && text[0] == '!') {
			tbl_builder_ignore_ecs(builder, number);
			text++;
		}
		read_values(record->type, text, &values);
		(void)put_name(record->owner, name);
		if (tbl_builder_add_rrset(builder, number, name, record->type, SAMPLE_TTL_S,
				    values.rdata, values.cnt, &error) != 0) {
			stop(record->owner, error.text);
		}
	}
	return number;
}

static void
add_dynamic(struct tbl_builder *builder, uint32_t zone, const struct sample_dynamic *dynamic)
{
	static const char *const pool_names[2] = { "zero", "one" };
	static struct values values[3]; /* of each pool, and the last resort */
	static struct tbl_value_input inputs[2][VALUES_MAX];
	static char keys[2][VALUES_MAX][RDATA_BYTES_MAX + sizeof("probe ")];
	struct tbl_pool_input pools[2];
	struct tbl_dyn_input input = { .ruleset = dynamic->ruleset, .pools = pools, .pool_cnt = 2 };
	struct tbl_error error;
	uint8_t name[TBL_NAME_MAX];

	for (uint32_t p = 0; p < 2; p++) {
		read_values(dynamic->type, dynamic->pools[p], &values[p]);
		for (uint32_t v = 0; v < values[p].cnt; v++) {
			(void)snprintf(keys[p][v], sizeof(keys[p][v]), "probe %s",
					values[p].texts[v]);
			inputs[p][v] = (struct tbl_value_input){
				.rdata = values[p].rdata[v],
				.text = values[p].texts[v],
				.target_key = keys[p][v],
				.weight = (uint16_t)(v + 1),
				.status = TBL_STATUS_OBEY,
			};
		}
		pools[p] = (struct tbl_pool_input){
			.name = pool_names[p],
			.values = inputs[p],
			.value_cnt = values[p].cnt,
			.fallback = p == 0 ? 1 : -1,
		};
	}
	read_values(dynamic->type, dynamic->last_resort, &values[2]);
	input.last_resort = values[2].rdata;
	input.last_resort_cnt = values[2].cnt;
	(void)put_name(dynamic->owner, name);
	if (tbl_builder_add_dynamic(builder, zone, name, dynamic->type, SAMPLE_TTL_S, &input,
			    &error) != 0) {
		stop(dynamic->owner, error.text);
	}
}

struct tbl_location *
sample_location(void)
{
	static const char *const places[] = { "NA-US", "EU-DE", "EU-FR", "NA-CA" };
	static const struct tbl_geo_prefix prefixes[] = {
		{ { { 192, 0, 2 }, 24, 4 }, 0 },
		{ { { 198, 51, 100 }, 24, 4 }, 1 },
		{ { { 203, 0, 113 }, 24, 4 }, 2 },
		{ { { 203, 0, 113, 7 }, 32, 4 }, 3 },
		{ { { 0x20, 0x01, 0x0d, 0xb8 }, 32, 6 }, 0 },
		{ { { 0x20, 0x01, 0x0d, 0xb8, 0, 1, [15] = 1 }, 128, 6 }, 1 },
	};
	static const char *const america[] = { "NA" };
	static const struct tbl_prefix subnets[] = {
		{ { 198, 51, 100, 128 }, 25, 4 },
		{ { 0x20, 0x01, 0x0d, 0xb8, 0x80 }, 33, 6 },
	};
	static const struct tbl_rule_input geo_rules[] = {
		{ .pool = 0, .geos = america, .geo_cnt = 1 },
		{ .pool = 1 },
	};
	static const struct tbl_rule_input subnet_rules[] = {
		{ .pool = 0, .subnets = &subnets[0], .subnet_cnt = 1 },
		{ .pool = 1, .subnets = &subnets[1], .subnet_cnt = 1 },
	};
	static const struct tbl_ruleset_input rulesets[] = { { geo_rules, 2 },
		{ subnet_rules, 2 } };
	static const struct tbl_geo geo = { .prefixes = prefixes,
		.prefix_cnt = sizeof(prefixes) / sizeof(prefixes[0]),
		.places = places,
		.place_cnt = sizeof(places) / sizeof(places[0]) };
	struct tbl_location *location = NULL;
	struct tbl_error error;

	if (tbl_location_build(rulesets, 2, &geo, &location, &error) != 0) {
		stop("location", error.text);
	}
	return location;
}

void *
sample_build(const struct sample_zone *zones, size_t zone_cnt,
		const struct sample_dynamic *dynamics, size_t *ret_size)
{
	struct tbl_location *location = dynamics != NULL ? sample_location() : NULL;
	struct tbl_build_params params = {
		.generation = SAMPLE_GENERATION,
		.hash_seed = { 0x0123456789abcdefULL, 0xfedcba9876543210ULL },
		.location = location,
		.geo_built_unix_s = location != NULL ? SAMPLE_GEO_BUILT_UNIX_S : 0,
		.geo_description = location != NULL ? "sample.mmdb" : NULL,
		.geo_places = location != NULL ? "EU-DE EU-FR NA-CA NA-US" : NULL,
	};
	struct tbl_builder *builder = NULL;
	struct tbl_error error = { .text = "no reason" };
	void *image = NULL;

	if (tbl_builder_new(&params, &builder) != 0) {
		stop("builder", "cannot be made");
	}
	for (size_t i = 0; i < zone_cnt; i++) {
		uint32_t number = add_zone(builder, &zones[i]);

		for (; i == 0 && dynamics != NULL && dynamics->owner != NULL; dynamics++) {
			add_dynamic(builder, number, dynamics);
		}
	}
	if (tbl_builder_finish(builder, &image, ret_size, &error) != 0) {
		stop("finish", error.text);
	}
	tbl_builder_free(builder);
	tbl_location_free(location);
	if (tbl_check(image, *ret_size, &error) != 0) {
		stop("check", error.text);
	}
	return image;
}

#define LABEL_63 "a23456789-b23456789-c23456789-d23456789-e23456789-f23456789-g23"
/* Three labels of 64 bytes, one of 54 and "example.": 255 bytes of wire. */
#define NAME_255                                                          \
	LABEL_63 "." LABEL_63 "." LABEL_63                                \
		 ".h23456789-i23456789-j23456789-k23456789-l23456789-m23" \
		 ".example."

static const struct sample_record example_records[] = {
	{ "example.", SOA, "ns1.example." },
	{ "example.", NS, "ns1.example.|ns2.sub.example.|ns.elsewhere.test." },
	{ "example.", MX, "example.|mail.example." },
	{ "*.example.", TXT, "wildcard" },
	{ "*.example.", MX, "mail.example." },
	{ "ns1.example.", A, "192.0.2.53" },
	{ "mail.example.", A, "192.0.2.25|192.0.2.26" },
	{ "mail.example.", AAAA, "2001:db8::25" },
	{ "a.b.ent.example.", A, "192.0.2.1" },
	{ "sub.example.", NS, "ns1.sub.example.|ns2.sub.example.|ns1.example." },
	{ "sub.example.", DS, "digest" },
	{ "ns1.sub.example.", A, "192.0.2.61" },
	{ "ns2.sub.example.", A, "192.0.2.62" },
	{ "ns2.sub.example.", AAAA, "2001:db8::62" },
	{ "one.example.", CNAME, "two.example." },
	{ "two.example.", CNAME, "www.in.two.example." },
	{ "*.in.two.example.", CNAME, "Mail.example." },
	{ "self.example.", CNAME, "self.example." },
	{ "out.example.", CNAME, "www.elsewhere.test." },
	{ "into.example.", CNAME, "host.sub.example." },
	{ "chain.example.", CNAME, "anything.dyn.example." },
	{ "*.dyn.example.", CNAME, "dyn.example." },
	{ "srv.example.", SRV, "a service" },
	{ "_sip.example.", SRV,
			"1 mail.example.|2 ns1.example.|3 .|4 x.example.|5 host.sub.example." },
	{ "web.example.", HTTPS, "0 www.in.two.example.|1 .|2 mail.example.|0 svc.example." },
	{ "web.example.", AAAA, "2001:db8::80" },
	{ "svc.example.", HTTPS, "1 .|2 MAIL.example." },
	{ "svc.example.", A, "192.0.2.81|192.0.2.82" },
	{ "child.example.", NS, "ns.child.example." },
	{ "child.example.", DS, "child digest" },
	{ "moved.example.", DNAME, "Ent.example." },
	{ "moved.example.", TXT, "the owner itself stays" },
	{ "grow.example.", DNAME, "grow.grow.example." },
	{ "swing.example.", DNAME, "swung.example." },
	{ "swung.example.", DNAME, "swing.example." },
	{ "gone.example.", DNAME, "elsewhere.test." },
	{ "leap.example.", CNAME, "a.b.moved.example." },
	{ "5.example.", PTR, "one.example.|example." },
	{ NAME_255, TXT, "long" },
	{ NULL, 0, NULL },
};

static const struct sample_record child_records[] = {
	{ "child.example.", SOA, "+ns.child.example." },
	{ "child.example.", NS, "ns.child.example." },
	{ "ns.child.example.", A, "192.0.2.71" },
	{ "up.child.example.", CNAME, "mail.example." },
	{ NULL, 0, NULL },
};

/* Nothing in example. says that it is there; client subnets do not count in it. */
static const struct sample_record bare_records[] = {
	{ "bare.example.", SOA, "!ns.child.example." },
	{ "bare.example.", NS, "ns.child.example." },
	{ NULL, 0, NULL },
};

static const struct sample_dynamic example_dynamics[] = {
	{ "dyn.example.", A, 0, { "192.0.2.101|192.0.2.102|192.0.2.103", "192.0.2.111" },
			"192.0.2.121|192.0.2.122" },
	{ "dyn.example.", AAAA, 0, { "2001:db8::101", "2001:db8::111|2001:db8::112" },
			"2001:db8::121" },
	{ "subnet.example.", CNAME, 1, { "one.example.", "www.elsewhere.test.|dyn.example." },
			"missing.mail.example." },
	{ "shift.example.", DNAME, 0, { "moved.example.", "sub.example." }, "gone.example." },
	{ NULL, 0, 0, { NULL, NULL }, NULL },
};

void *
sample_everything(size_t *ret_size)
{
	static const struct sample_zone zones[] = {
		{ "example.", example_records },
		{ "child.example.", child_records },
		{ "bare.example.", bare_records },
	};

	return sample_build(zones, 3, example_dynamics, ret_size);
}

void
sample_reseal(void *image, size_t size)
{
	struct tbl_header *header = image;
	const struct tbl_section *section = &header->sections[TBL_SECTION_SELECTION];

	/* Only where the header places a selection inside the image: the bytes may be anything. */
	if (section->off <= size && section->off % TBL_ALIGN_BYTES == 0 &&
			section->cnt >= sizeof(struct tbl_select_header) &&
			section->cnt <= size - section->off) {
		uint8_t *bytes = (uint8_t *)image + section->off;
		struct tbl_select_header *select = (struct tbl_select_header *)(void *)bytes;

		select->checksum = tbl_seal_selection(select, section->cnt);
	}
	header->content_hash = tbl_seal_content(image, size);
	header->checksum = tbl_seal_header(image);
}

void
sample_name(const void *image, const char *text, struct tbl_name *ret_name)
{
	const struct tbl_header *header = image;
	uint8_t wire[TBL_NAME_MAX];
	uint16_t len = put_name(text, wire);

	if (tbl_name_parse(wire, len, ret_name) != len) {
		stop(text, "does not parse");
	}
	tbl_name_hash(ret_name, header->hash_seed);
}

struct tbl_addr
sample_addr(const char *text)
{
	struct tbl_addr addr = { .family = strchr(text, ':') != NULL ? 6 : 4 };

	if (inet_pton(addr.family == 6 ? AF_INET6 : AF_INET, text, addr.bytes) != 1) {
		stop(text, "not an address");
	}
	return addr;
}
