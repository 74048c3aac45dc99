#include "bench/path_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/build.h"

#define TYPE_A     1u
#define TYPE_NS    2u
#define TYPE_CNAME 5u
#define TYPE_SOA   6u
#define TYPE_MX    15u

/* As many blocks as a country database has for IPv4, near enough: every /16 of unicast space and a
 * /24 in each with another answer. */
#define GEO_BLOCKS   ((size_t)224 * 256)
#define GEO_PREFIXES (2 * GEO_BLOCKS)

struct zone {
	struct tbl_builder *builder;
	uint32_t number;
	uint32_t handle;
};

static void
check(int result, const struct tbl_error *error)
{
	if (result != 0) {
		(void)fprintf(stderr, "bench table: %s\n", error->text);
		_Exit(EXIT_FAILURE);
	}
}

/* "format" with a zone number and perhaps a host number, as a wire name. */
__attribute__((format(printf, 2, 3))) static uint16_t
wire_name(uint8_t wire[TBL_NAME_MAX], const char *format, ...)
{
	struct tbl_error error = { .text = "not a name" };
	char text[TBL_NAME_TEXT_MAX];
	va_list args;
	int len;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	len = tbl_name_from_text(text, wire);
	check(len < 0 ? len : 0, &error);
	return (uint16_t)len;
}

static void
add(const struct zone *zone, const uint8_t *owner, uint16_t type, const uint8_t *rdata,
		uint16_t size)
{
	struct tbl_error error;
	const struct tbl_rdata record = { rdata, size };

	check(tbl_builder_add_rrset(
			      zone->builder, zone->handle, owner, type, 300, &record, 1, &error),
			&error);
}

static void
add_infrastructure(const struct zone *zone)
{
	uint8_t apex[TBL_NAME_MAX];
	uint8_t server[TBL_NAME_MAX];
	uint8_t soa[2 * TBL_NAME_MAX + 20] = { 0 };
	const uint8_t address[4] = { 192, 0, 2, 53 };
	uint16_t server_len = wire_name(server, "ns.zone%u.test.", zone->number);
	uint16_t len;

	(void)wire_name(apex, "zone%u.test.", zone->number);
	memcpy(soa, server, server_len);
	len = (uint16_t)(server_len +
			 wire_name(soa + server_len, "hostmaster.zone%u.test.", zone->number));
	add(zone, apex, TYPE_SOA, soa, (uint16_t)(len + 20));
	add(zone, apex, TYPE_NS, server, server_len);
	add(zone, server, TYPE_A, address, sizeof(address));
}

static void
add_names(const struct zone *zone)
{
	uint8_t owner[TBL_NAME_MAX];
	uint8_t target[TBL_NAME_MAX];

	for (uint32_t host = 0; host < BENCH_HOSTS; host++) {
		const uint8_t address[4] = { 10, (uint8_t)(zone->number >> 8),
			(uint8_t)zone->number, (uint8_t)host };

		(void)wire_name(owner, "h%u.zone%u.test.", host, zone->number);
		add(zone, owner, TYPE_A, address, sizeof(address));
		if (host == 0) {
			(void)wire_name(owner, "*.w.zone%u.test.", zone->number);
			add(zone, owner, TYPE_A, address, sizeof(address));
		}
	}
	(void)wire_name(owner, "*.zone%u.test.", zone->number);
	add(zone, owner, TYPE_CNAME, target, wire_name(target, "zone%u.test.", zone->number));
}

/* An MX whose two hosts have an address each: those stand beside it. */
static void
add_mail(const struct zone *zone)
{
	uint8_t owner[TBL_NAME_MAX];
	uint8_t rdata[2][2 + TBL_NAME_MAX] = { { 0, 10 }, { 0, 20 } };
	struct tbl_rdata records[2];
	struct tbl_error error;

	for (uint32_t i = 0; i < 2; i++) {
		records[i].bytes = rdata[i];
		records[i].size = (uint16_t)(2 + wire_name(rdata[i] + 2, "h%u.zone%u.test.", i,
								 zone->number));
	}
	(void)wire_name(owner, "mail.zone%u.test.", zone->number);
	check(tbl_builder_add_rrset(
			      zone->builder, zone->handle, owner, TYPE_MX, 300, records, 2, &error),
			&error);
}

static void
add_apex(const struct zone *zone)
{
	static const uint8_t addresses[2][4] = { { 192, 0, 2, 1 }, { 192, 0, 2, 2 } };
	const struct tbl_rdata last_resort = { addresses[1], 4 };
	const struct tbl_value_input values[2] = {
		{ .rdata = { addresses[0], 4 }, .text = "192.0.2.1", .weight = 1 },
		{ .rdata = { addresses[1], 4 }, .text = "192.0.2.2", .weight = 1 },
	};
	const struct tbl_pool_input pools[2] = {
		{ .name = "america", .values = &values[0], .value_cnt = 1, .fallback = 1 },
		{ .name = "rest_of_world", .values = &values[1], .value_cnt = 1, .fallback = -1 },
	};
	const struct tbl_dyn_input input = {
		.pools = pools, .pool_cnt = 2, .last_resort = &last_resort, .last_resort_cnt = 1
	};
	uint8_t apex[TBL_NAME_MAX];
	struct tbl_error error;

	(void)wire_name(apex, "zone%u.test.", zone->number);
	check(tbl_builder_add_dynamic(
			      zone->builder, zone->handle, apex, TYPE_A, 60, &input, &error),
			&error);
}

static struct tbl_location *
make_location(void)
{
	static const char *const places[] = { "NA-US", "EU-DE", "SA-BR", "AS-JP" };
	static const char *const america[] = { "NA", "SA" };
	const struct tbl_rule_input rules[2] = {
		{ .pool = 0, .geos = america, .geo_cnt = 2 },
		{ .pool = 1 },
	};
	const struct tbl_ruleset_input ruleset = { rules, 2 };
	struct tbl_geo_prefix *prefixes = calloc(GEO_PREFIXES, sizeof(*prefixes));
	const struct tbl_geo geo = { prefixes, GEO_PREFIXES, places, 4 };
	struct tbl_location *location;
	struct tbl_error error = { .text = "out of memory" };

	check(prefixes == NULL ? -1 : 0, &error);
	for (size_t i = 0; i < GEO_BLOCKS; i++) {
		struct tbl_prefix wide = {
			.bytes = { (uint8_t)(i >> 8), (uint8_t)i }, .bits = 16, .family = 4
		};
		struct tbl_prefix narrow = wide;

		narrow.bytes[2] = (uint8_t)(i * 7);
		narrow.bits = 24;
		prefixes[2 * i] = (struct tbl_geo_prefix){ wide, (uint32_t)(i % 4) };
		prefixes[2 * i + 1] = (struct tbl_geo_prefix){ narrow, (uint32_t)((i + 1) % 4) };
	}
	check(tbl_location_build(&ruleset, 1, &geo, &location, &error), &error);
	free(prefixes);
	return location;
}

static void
add_deep_zone(struct tbl_builder *builder)
{
	struct zone zone = { .builder = builder };
	struct tbl_error error;
	const uint8_t address[4] = { 192, 0, 2, 53 };
	uint8_t apex[TBL_NAME_MAX];
	uint8_t owner[TBL_NAME_MAX];
	uint8_t soa[2 * TBL_NAME_MAX + 20] = { 0 };
	uint16_t apex_len = wire_name(apex, BENCH_DEEP_ZONE);

	check(tbl_builder_add_zone(builder, apex, &zone.handle, &error), &error);
	memcpy(soa, apex, apex_len);
	memcpy(soa + apex_len, apex, apex_len);
	add(&zone, apex, TYPE_SOA, soa, (uint16_t)(2 * apex_len + 20));
	add(&zone, apex, TYPE_NS, apex, apex_len);
	add(&zone, apex, TYPE_A, address, sizeof(address));
	for (size_t at = 0; at < TBL_NAME_MAX - 1 - 2; at += 2) {
		owner[at] = 1;
		owner[at + 1] = 'a';
	}
	memcpy(owner + TBL_NAME_MAX - apex_len, apex, apex_len);
	add(&zone, owner, TYPE_A, address, sizeof(address));
}

void *
bench_table(bool is_deep, size_t *ret_size)
{
	struct tbl_location *location = make_location();
	const struct tbl_build_params params = { .generation = 1,
		.hash_seed = { 0x0123456789abcdefULL, 0xfedcba9876543210ULL },
		.location = location };
	struct tbl_error error = { .text = "out of memory" };
	struct zone zone = { 0 };
	void *image;

	check(tbl_builder_new(&params, &zone.builder), &error);
	for (zone.number = 0; zone.number < BENCH_ZONES; zone.number++) {
		uint8_t apex[TBL_NAME_MAX];

		(void)wire_name(apex, "zone%u.test.", zone.number);
		check(tbl_builder_add_zone(zone.builder, apex, &zone.handle, &error), &error);
		add_infrastructure(&zone);
		add_names(&zone);
		add_mail(&zone);
		add_apex(&zone);
	}
	if (is_deep) {
		add_deep_zone(zone.builder);
	}
	check(tbl_builder_finish(zone.builder, &image, ret_size, &error), &error);
	tbl_builder_free(zone.builder);
	tbl_location_free(location);
	return image;
}
