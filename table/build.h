/*
 * The only maker of table images: takes zones, RRsets and dynamic records as the control plane has
 * them (uncompressed wire RDATA) and yields a checked image. Same input, same bytes.
 *
 * Threads:   one builder, one thread.
 * Memory:    tbl_builder_new/_free; inputs are copied; the finished image is the caller's (free()).
 * Errors:    0 or negative errno with a sentence in *ret_error that names the record. -EINVAL: the
 *            input breaks a rule (two SOAs, CNAME beside other data, record outside its zone, name
 *            below a delegation that is neither glue nor another zone's, name below a DNAME, set
 *            over the caps ...).
 * Standards: RFC 1035 §4.1.4 (only types of RFC 1035 have names in RDATA compressed, RFC 3597 §4),
 *            RFC 2308 §3 and §5 (negative TTL), RFC 6672 §2.3 to §2.5 (DNAME).
 */
#ifndef TABLE_BUILD_H
#define TABLE_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/location.h"
#include "table/view.h"

/* One RRset holds at most this many records (CVE-2024-1737: huge sets are an attack on everybody
 * who serves them) and this many wire bytes (a 64 KiB message less header, question and OPT). */
#define TBL_RRSET_RECORDS_MAX 100u
#define TBL_RRSET_BYTES_MAX   60000u

struct tbl_builder;

struct tbl_build_params {
	uint64_t generation;   /* not 0 */
	uint64_t built_unix_s; /* 0: not told */
	uint64_t hash_seed[2];
	const struct tbl_location *location; /* borrowed until finish; NULL: no rule sets */
	/* The geo database behind `location`, for people and for checks; all borrowed until finish. */
	uint64_t geo_built_unix_s;   /* 0: there is none */
	const char *geo_description; /* NULL: there is none */
	const char *geo_places;      /* every code it has a prefix for, sorted, one space between */
};

struct tbl_rdata {
	const uint8_t *bytes; /* uncompressed wire RDATA */
	uint16_t size;
};

struct tbl_value_input;

struct tbl_pool_input {
	const char *name;
	const struct tbl_value_input *values;
	uint32_t value_cnt;
	int32_t fallback; /* ordinal of a pool of this record, -1: none */
};
struct tbl_value_input {
	struct tbl_rdata rdata;
	const char *text;       /* presentation form, for people */
	const char *target_key; /* canonical probe, NULL: not health-checked */
	uint16_t weight;        /* 1..100 */
	uint8_t status;         /* enum tbl_status */
};
struct tbl_dyn_input {
	uint32_t ruleset; /* index into the location's rule sets */
	const struct tbl_pool_input *pools;
	uint32_t pool_cnt;
	const struct tbl_rdata *last_resort; /* the record's `values`, at least one */
	uint32_t last_resort_cnt;
};

int tbl_builder_new(const struct tbl_build_params *params, struct tbl_builder **ret_builder);
void tbl_builder_free(struct tbl_builder *builder);

/* tbl_builder_add_zone begins a zone; the records that follow name it by *ret_zone. Its SOA and
 * apex NS come as RRsets like any other; a zone without an SOA fails at finish. */
int tbl_builder_add_zone(struct tbl_builder *builder, const uint8_t *apex, uint32_t *ret_zone,
		struct tbl_error *ret_error);

/* tbl_builder_follow_generation: the serial of this zone's SOA is the low 32 bits of the table's
 * generation, whatever its RDATA says; the reader writes it, so that content_hash does not know it.
 * Without, the SOA is served as given. */
void tbl_builder_follow_generation(struct tbl_builder *builder, uint32_t zone);

/* tbl_builder_ignore_ecs: client subnets (RFC 7871) do not count in this zone. */
void tbl_builder_ignore_ecs(struct tbl_builder *builder, uint32_t zone);

/* is_tbl_same_rdata: whether two records of a type are one: names in them have no case (RFC 2181 §5,
 * RFC 4034 §6.2). */
bool is_tbl_same_rdata(uint16_t type, const struct tbl_rdata *a, const struct tbl_rdata *b);

/* tbl_builder_add_rrset adds a static RRset; of records that are the same, the first is kept. */
int tbl_builder_add_rrset(struct tbl_builder *builder, uint32_t zone, const uint8_t *owner,
		uint16_t type, uint32_t ttl_s, const struct tbl_rdata *records, uint32_t record_cnt,
		struct tbl_error *ret_error);

/* tbl_builder_add_dynamic adds a record with pools (types A, AAAA, CNAME, DNAME). */
int tbl_builder_add_dynamic(struct tbl_builder *builder, uint32_t zone, const uint8_t *owner,
		uint16_t type, uint32_t ttl_s, const struct tbl_dyn_input *input,
		struct tbl_error *ret_error);

/* tbl_builder_finish lays the image out. The result passes tbl_check(). */
int tbl_builder_finish(struct tbl_builder *builder, void **ret_image, size_t *ret_size,
		struct tbl_error *ret_error);

/* tbl_reseal gives a checked, writable image a new generation without rebuilding: only the header
 * changes, content_hash does not; serials that follow the generation do. How a rollback or a
 * re-publish works. */
void tbl_reseal(void *image, uint64_t generation, uint64_t built_unix_s);

/* tbl_select_build makes the selection that health leaves: is_up[t] for each tbl_target (NULL: all
 * up). sequence must grow. Result is the caller's (free(), 64-byte aligned). 0 or -ENOMEM. */
int tbl_select_build(const void *image, const bool *is_up, uint64_t sequence, void **ret_selection,
		size_t *ret_size);

#endif
