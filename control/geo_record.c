#include <errno.h>
#include <string.h>
#include <strings.h>

#include "control/geo_impl.h"

/* What a record says of its place, in whichever schema. */
struct findings {
	char country[8];      /* ISO 3166-1, "" when none */
	char subdivision[64]; /* ISO 3166-2 without the country, or an English name */
};

/* Copies a string that fits; what does not fit is nothing the vocabulary has. */
static void
copy_string(const struct cp_mmdb_value *value, char *text, size_t size)
{
	if (value->kind == CP_MMDB_STRING && value->size < size) {
		memcpy(text, value->bytes, value->size);
		text[value->size] = '\0';
	}
}

/* iso_code of a map like MaxMind's `country`. */
static void
read_iso_code(const struct cp_mmdb_reader *reader, const struct cp_mmdb_value *map, char *text,
		size_t size)
{
	struct cp_mmdb_reader inside = cp_mmdb_enter(reader, map);
	struct cp_mmdb_value key;
	struct cp_mmdb_value value;

	for (uint32_t i = 0; i < map->size && cp_mmdb_pair(&inside, &key, &value); i++) {
		if (cp_mmdb_is(&key, "iso_code")) {
			copy_string(&value, text, size);
		}
	}
}

/* The first of MaxMind's `subdivisions` is the largest. */
static void
read_subdivisions(const struct cp_mmdb_reader *reader, const struct cp_mmdb_value *array,
		struct findings *findings)
{
	struct cp_mmdb_reader inside = cp_mmdb_enter(reader, array);
	struct cp_mmdb_value first;

	if (array->size > 0 && cp_mmdb_element(&inside, &first) && first.kind == CP_MMDB_MAP) {
		read_iso_code(&inside, &first, findings->subdivision,
				sizeof(findings->subdivision));
	}
}

static void
read_pair(const struct cp_mmdb_reader *reader, const struct cp_mmdb_value *key,
		const struct cp_mmdb_value *value, struct findings *findings)
{
	/* Flat schemas, as DB-IP (through ip-location-db) and IPinfo have them. */
	static const char *const subdivision_keys[] = { "state1", "region", "region_code",
		"subdivision_code", "state_code" };

	if (cp_mmdb_is(key, "country") && value->kind == CP_MMDB_MAP) {
		read_iso_code(reader, value, findings->country, sizeof(findings->country));
	} else if (cp_mmdb_is(key, "subdivisions") && value->kind == CP_MMDB_ARRAY) {
		read_subdivisions(reader, value, findings);
	} else if (cp_mmdb_is(key, "country_code") ||
			(cp_mmdb_is(key, "country") && value->size == 2)) {
		copy_string(value, findings->country, sizeof(findings->country));
	}
	for (size_t i = 0; i < sizeof(subdivision_keys) / sizeof(subdivision_keys[0]); i++) {
		if (cp_mmdb_is(key, subdivision_keys[i])) {
			copy_string(value, findings->subdivision, sizeof(findings->subdivision));
		}
	}
}

/* A province's code from its English name: flat schemas spell it out. */
static const char *
province_named(const char *country_code, const char *name)
{
	size_t len = strlen(country_code);

	for (uint32_t i = 0; i < CP_GEO_VOCABULARY_CNT; i++) {
		const struct cp_geo_entry *entry = &cp_geo_vocabulary[i];

		if (strncmp(entry->code, country_code, len) == 0 && entry->code[len] == '-' &&
				strcasecmp(entry->name, name) == 0) {
			return entry->code;
		}
	}
	return country_code;
}

static uint32_t
resolve(const struct findings *findings, bool *ret_is_unknown)
{
	const char *subdivision = findings->subdivision;
	size_t country_len = strlen(findings->country);
	char code[12];

	*ret_is_unknown = false;
	if (country_len == 0) {
		return TBL_NONE;
	}
	/* "US-CA" is as common as "CA". */
	if (strncmp(subdivision, findings->country, country_len) == 0 &&
			subdivision[country_len] == '-') {
		subdivision += country_len + 1;
	}
	if (!cp_geo_code_of(findings->country, subdivision, code)) {
		*ret_is_unknown = true; /* A1, A2, O1, XK, "--" */
		return TBL_NONE;
	}
	return cp_geo_find(strlen(subdivision) > 2 ? province_named(code, subdivision) : code);
}

int
cp_mmdb_place(const struct cp_mmdb *mmdb, uint32_t off, uint32_t *ret_place, bool *ret_is_unknown)
{
	struct cp_mmdb_record record = { .section = &mmdb->data,
		.values_left = CP_MMDB_RECORD_VALUES_MAX };
	struct cp_mmdb_reader reader = { .record = &record, .off = off };
	struct findings findings = { 0 };
	struct cp_mmdb_value map;

	/* Over all of it first: damage counts wherever it is. */
	if (!cp_mmdb_element(&reader, &map)) {
		return -EBADMSG;
	}
	if (map.kind == CP_MMDB_MAP) {
		struct cp_mmdb_value key;
		struct cp_mmdb_value value;

		reader = cp_mmdb_enter(&reader, &map);
		for (uint32_t i = 0; i < map.size && cp_mmdb_pair(&reader, &key, &value); i++) {
			read_pair(&reader, &key, &value, &findings);
		}
	}
	if (record.is_bad) {
		return -EBADMSG;
	}
	*ret_place = resolve(&findings, ret_is_unknown);
	return 0;
}
