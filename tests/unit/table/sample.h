/*
 * Sample tables, for whatever needs "some image" and has no cmocka: rows that read like a master
 * file become a checked image. What the builder refuses ends the program: a sample is right or it
 * is a mistake of ours.
 */
#ifndef TESTS_UNIT_TABLE_SAMPLE_H
#define TESTS_UNIT_TABLE_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "table/build.h"
#include "table/name.h"
#include "table/view.h"

enum sample_type {
	A = 1,
	NS = 2,
	CNAME = 5,
	SOA = 6,
	PTR = 12,
	MX = 15,
	TXT = 16,
	AAAA = 28,
	SRV = 33,
	DNAME = 39,
	DS = 43,
	SVCB = 64,
	HTTPS = 65,
	RRSIG = 46,
	NSEC = 47,
	ANY = 255,
};

#define SAMPLE_TTL_S            300u
#define SAMPLE_NEGATIVE_TTL_S   60u /* every SOA's MINIMUM */
#define SAMPLE_GENERATION       7u
#define SAMPLE_SERIAL           1u
#define SAMPLE_GEO_BUILT_UNIX_S 1781725900u

/* One RRset. Values are parted by '|'; those of types without a form of their own here are taken
 * byte for byte (RFC 3597). SRV, SVCB and HTTPS are "1 host.example.": a priority of one digit and a
 * name; without a digit in front byte for byte as well. An SOA's is its MNAME; the rest of it is always the same, but for the
 * serial: behind a '+' it is the generation, else SAMPLE_SERIAL. Behind a '!' client subnets do not
 * count in the zone. */
struct sample_record {
	const char *owner;
	uint16_t type;
	const char *values;
};
struct sample_zone {
	const char *apex;
	const struct sample_record *records; /* up to one with a NULL owner */
};

/* One dynamic record: pool 0 and pool 1, value texts parted by '|' with weights 1, 2, 3 ...; pool 0
 * falls back to pool 1; the health of a value is asked of target "probe VALUE". */
struct sample_dynamic {
	const char *owner;
	uint16_t type;
	uint32_t ruleset;
	const char *pools[2];
	const char *last_resort;
};

/* sample_location: rule set 0 sends NA to pool 0 and all else to pool 1; rule set 1 knows only the
 * subnets 198.51.100.128/25 (pool 0) and 2001:db8:8000::/33 (pool 1). The database: 192.0.2.0/24 and
 * 2001:db8::/32 are NA-US, 198.51.100.0/24 is EU-DE, 203.0.113.7/32 is NA-CA inside EU-FR's
 * 203.0.113.0/24, 2001:db8:1::1/128 is EU-DE. */
struct tbl_location *sample_location(void);

/* sample_build: an image (free() it) of `zone_cnt` zones; dynamic records, up to one with a NULL
 * owner, belong to zone 0. `dynamics` NULL: none. */
void *sample_build(const struct sample_zone *zones, size_t zone_cnt,
		const struct sample_dynamic *dynamics, size_t *ret_size);

/* sample_everything: zones example., child.example. and bare.example. with one of everything: delegations,
 * wildcards, chains, nesting, names of every length, dynamic records. */
void *sample_everything(size_t *ret_size);

/* sample_reseal makes the sums right again after bytes were changed; any bytes, `size` at least
 * TBL_HEADER_BYTES. */
void sample_reseal(void *image, size_t size);

/* sample_rdata writes one value as it stands in a row; returns its wire length, at most 600. */
uint16_t sample_rdata(uint16_t type, const char *text, uint8_t *bytes);

/* sample_name: parsed and hashed for this image. */
void sample_name(const void *image, const char *text, struct tbl_name *ret_name);

/* sample_addr: "192.0.2.1" or "2001:db8::1". */
struct tbl_addr sample_addr(const char *text);

#endif
