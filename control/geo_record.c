#include <string.h>
#include <strings.h>

#include "control/geo_impl.h"

/* What a record says of its place, in whichever schema. */
struct findings {
	char country[8];      /* ISO 3166-1, "" when none */
	char subdivision[64]; /* ISO 3166-2 without the country, or an English name */
};

/* The value at `off`, or what the map or array there has under `key` (or index); pointers followed.
 * One step of a path at a time, and the library sees no further than a record may reach: it
 * descends by recursion into what it passes over. */
static int
take_value(const struct cp_mmdb *mmdb, uint32_t off, const char *key, MMDB_entry_data_s *ret_value)
{
	const char *const path[] = { key, NULL };
	MMDB_s span = mmdb->db;
	MMDB_entry_s start = { .mmdb = &span, .offset = off };

	if (off >= mmdb->data_bytes) {
		return MMDB_INVALID_DATA_ERROR;
	}
	span.data_section_size = mmdb->data_bytes - off < CP_MMDB_SPAN_BYTES
	                                         ? mmdb->data_bytes
	                                         : off + CP_MMDB_SPAN_BYTES;
	return MMDB_aget_value(&start, ret_value, path);
}

/* take_value, but a key that is not there is no error: *ret_value is then without data. */
static int
find_value(const struct cp_mmdb *mmdb, const MMDB_entry_data_s *in, const char *key,
		MMDB_entry_data_s *ret_value)
{
	int status = take_value(mmdb, in->offset, key, ret_value);

	if (status == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR) {
		*ret_value = (MMDB_entry_data_s){ 0 };
		return MMDB_SUCCESS;
	}
	return status;
}

static bool
is_string(const MMDB_entry_data_s *value)
{
	return value->has_data && value->type == MMDB_DATA_TYPE_UTF8_STRING;
}

/* Copies a string that fits; what does not fit is nothing the vocabulary has. */
static void
copy_string(const MMDB_entry_data_s *value, char *text, size_t size)
{
	if (is_string(value) && value->data_size < size) {
		memcpy(text, value->utf8_string, value->data_size);
		text[value->data_size] = '\0';
	}
}

/* MaxMind's country.iso_code, or country_code of flat schemas, or a country that is a code. */
static int
read_country(const struct cp_mmdb *mmdb, const MMDB_entry_data_s *record, char *text, size_t size)
{
	MMDB_entry_data_s value;
	int status = find_value(mmdb, record, "country", &value);

	if (status == MMDB_SUCCESS && value.has_data && value.type == MMDB_DATA_TYPE_MAP) {
		status = find_value(mmdb, &value, "iso_code", &value);
	} else if (status == MMDB_SUCCESS && !(is_string(&value) && value.data_size == 2)) {
		status = find_value(mmdb, record, "country_code", &value);
	}
	if (status == MMDB_SUCCESS) {
		copy_string(&value, text, size);
	}
	return status;
}

/* MaxMind's subdivisions.0.iso_code, the largest. */
static int
read_nested_subdivision(const struct cp_mmdb *mmdb, const MMDB_entry_data_s *record, char *text,
		size_t size)
{
	MMDB_entry_data_s value;
	int status = find_value(mmdb, record, "subdivisions", &value);

	if (status != MMDB_SUCCESS || !value.has_data || value.type != MMDB_DATA_TYPE_ARRAY) {
		return status;
	}
	status = find_value(mmdb, &value, "0", &value);
	if (status != MMDB_SUCCESS || !value.has_data || value.type != MMDB_DATA_TYPE_MAP) {
		return status;
	}
	status = find_value(mmdb, &value, "iso_code", &value);
	if (status == MMDB_SUCCESS) {
		copy_string(&value, text, size);
	}
	return status;
}

/* As DB-IP (through ip-location-db) and IPinfo have it. */
static int
read_flat_subdivision(const struct cp_mmdb *mmdb, const MMDB_entry_data_s *record, char *text,
		size_t size)
{
	static const char *const keys[] = { "state1", "region", "region_code", "subdivision_code",
		"state_code" };
	MMDB_entry_data_s value;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && text[0] == '\0'; i++) {
		int status = find_value(mmdb, record, keys[i], &value);

		if (status != MMDB_SUCCESS) {
			return status;
		}
		copy_string(&value, text, size);
	}
	return MMDB_SUCCESS;
}

static int
read_record(const struct cp_mmdb *mmdb, uint32_t off, struct findings *findings)
{
	MMDB_entry_data_s record;
	int status = take_value(mmdb, off, NULL, &record);

	if (status == MMDB_SUCCESS) {
		status = read_country(mmdb, &record, findings->country, sizeof(findings->country));
	}
	if (status == MMDB_SUCCESS) {
		status = read_nested_subdivision(mmdb, &record, findings->subdivision,
				sizeof(findings->subdivision));
	}
	if (status == MMDB_SUCCESS) {
		status = read_flat_subdivision(mmdb, &record, findings->subdivision,
				sizeof(findings->subdivision));
	}
	return status;
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
	struct findings findings = { 0 };
	int status = read_record(mmdb, off, &findings);

	if (status == MMDB_SUCCESS) {
		*ret_place = resolve(&findings, ret_is_unknown);
	}
	return status;
}
