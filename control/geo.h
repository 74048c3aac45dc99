/*
 * MaxMind-format databases and octoDNS's geo vocabulary: prefixes with a "continent-country
 * [-province]" code each. The continent is always derived from the country by the vocabulary,
 * never taken from the database, so that `AS-TR` and `AS` cannot disagree.
 *
 * Threads:   pure; a loaded database is immutable.
 * Memory:    cp_geo_load allocates, cp_geo_free releases. The file is read whole, then closed.
 * Errors:    -errno or -EBADMSG with a message naming the file (and where in it) in *errors.
 *            A database in which no record has a country we know is an error, not an empty result.
 * Standards: MaxMind DB format 2.0; ISO 3166-1 alpha-2, ISO 3166-2 for US and CA.
 */
#ifndef CONTROL_GEO_H
#define CONTROL_GEO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/location.h"

#include "conf/yaml.h"

struct cp_geo {
	struct tbl_geo table;   /* what tbl_location_build() takes */
	uint64_t build_epoch_s; /* of the newest file */
	char *description;      /* "geo-whois-asn-country.mmdb (2026-11-01)" */
	char *places_text;      /* codes it has a prefix for: "AF-DZ AF-EG ...", in strcmp order */
	size_t unknown_cnt;     /* records whose country the vocabulary does not have */
	uint64_t content_hash;  /* XXH3 of the files' bytes: equal hash, equal location */
	bool is_sorted;         /* table.prefixes are in the order of cp_geo_compare() */
	void *arena;
};

/* cp_geo_compare orders struct tbl_geo_prefix for qsort(): by family, address and length, so that a
 * prefix comes right behind those around it. cp_geo_load leaves its prefixes in this order. */
int cp_geo_compare(const void *a, const void *b);

/* cp_geo_load reads one or more files (IPv4 and IPv6 may come apart). Both schemas: nested
 * country.iso_code with subdivisions.0.iso_code, and flat country_code (with state1 or
 * subdivision code where present). */
int cp_geo_load(const char *const *paths, size_t path_cnt, struct conf_errors *errors,
		struct cp_geo **ret_geo);
void cp_geo_free(struct cp_geo *geo);

/* cp_geo_place finds an address's most specific record: its code ("EU-DE", or NULL when the
 * database has none) and prefix length. A search a prefix length, or linear when nothing is sorted:
 * explain uses it, workers never. */
const char *
cp_geo_place(const struct cp_geo *geo, const struct tbl_addr *addr, uint8_t *ret_prefix_bits);

/* Vocabulary. */
struct cp_geo_parts {
	char continent[3];
	char country[3];  /* "" when the code is a continent */
	char province[4]; /* "" when the code has none */
};
enum cp_geo_verdict {
	CP_GEO_OK = 0,
	CP_GEO_INVALID, /* too many parts, or no text */
	CP_GEO_UNKNOWN_CONTINENT,
	CP_GEO_UNKNOWN_COUNTRY,
	CP_GEO_UNKNOWN_PROVINCE,
};
/* cp_geo_code_check: is "NA-US-CA" in octoDNS's vocabulary (case-sensitive). */
enum cp_geo_verdict cp_geo_code_check(const char *code, struct cp_geo_parts *ret_parts);
/* cp_geo_code_of: the full code of a database's country ("US") and subdivision ("CA" or NULL);
 * false when the vocabulary has no such country. A subdivision it does not have is left out. */
bool cp_geo_code_of(const char *country, const char *subdivision, char code[12]);
/* cp_geo_name: English name of a code's last part, or NULL. */
const char *cp_geo_name(const char *code);

#endif
