/*
 * One record that the scanner has read: whether it may be served, and its owner, TTL and RDATA.
 */
#include <errno.h>
#include <libzscanner/scanner.h>
#include <stdlib.h>
#include <string.h>

#include "table/dns.h"
#include "table/name.h"

#include "control/master_impl.h"
#include "control/rdata.h"

/* The SOA's MINIMUM is its last 32 bits (RFC 1035 §3.3.13). */
#define SOA_MINIMUM_BYTES 4u

/* Types that only a signed zone has, or that speak for its keys. */
static const struct {
	uint16_t type;
	const char *name;
} signed_types[] = {
	{ 24, "SIG" },
	{ 25, "KEY" },
	{ 30, "NXT" },
	{ 46, "RRSIG" },
	{ 47, "NSEC" },
	{ 48, "DNSKEY" },
	{ 50, "NSEC3" },
	{ 51, "NSEC3PARAM" },
	{ 59, "CDS" },
	{ 60, "CDNSKEY" },
};
#define SIGNED_TYPE_CNT (sizeof(signed_types) / sizeof(signed_types[0]))

static const char *
signed_name(uint16_t type, size_t *ret_bit)
{
	for (size_t i = 0; i < SIGNED_TYPE_CNT; i++) {
		if (signed_types[i].type == type) {
			*ret_bit = (size_t)1 << i;
			return signed_types[i].name;
		}
	}
	return NULL;
}

/* is_served: a type that may be in a zone file; told when it is not. A signed zone is full of its
 * types, so each is told once. */
static bool
is_served(struct cp_master *master, uint16_t type, const struct cp_master_place *place)
{
	const char *file = cp_master_top(master)->file;
	size_t bit = 0;
	const char *name = signed_name(type, &bit);

	if (name != NULL) {
		if ((master->refused_types & bit) == 0) {
			conf_error_add(master->load->errors, CONF_ERROR, file, place->line,
					place->col, "%s: signed zones are not served yet", name);
		}
		master->refused_types |= bit;
		return false;
	}
	/* RFC 6895 §3.1: reserved, OPT, and the types of questions. */
	if (type == 0 || type == 41 || (type >= 128 && type <= 255)) {
		conf_error_add(master->load->errors, CONF_ERROR, file, place->line, place->col,
				"TYPE%u is not a type of records", type);
		return false;
	}
	return true;
}

/* is_spelled_out: CP_MASTER_TTL_NONE stands in the record itself, so that it is a TTL after all. */
static bool
is_spelled_out(const struct cp_master_source *source, const struct cp_master_place *place)
{
	static const char number[] = "4294967295";
	size_t end = cp_master_offset(source);

	return place->off < end && memmem(source->bytes + place->off, end - place->off, number,
						   sizeof(number) - 1) != NULL;
}

/* find_ttl: RFC 1035 §5.1: a record without a TTL has the last one stated; RFC 2308 §4: that of $TTL,
 * which the scanner sees to. An SOA that comes first states its MINIMUM, as with BIND. */
static bool
find_ttl(struct cp_master *master, const struct cp_master_place *place, uint32_t *ret_ttl_s)
{
	const struct cp_master_source *source = cp_master_top(master);
	const zs_scanner_t *scanner = source->scanner;
	uint32_t ttl_s = scanner->r_ttl;

	if (ttl_s == CP_MASTER_TTL_NONE && !is_spelled_out(source, place)) {
		if (!master->has_last_ttl && scanner->r_type != CP_TYPE_SOA) {
			conf_error_add(master->load->errors, CONF_ERROR, source->file, place->line,
					place->col,
					"no TTL: neither here nor in a record or $TTL before");
			return false;
		}
		if (!master->has_last_ttl && scanner->r_data_length >= SOA_MINIMUM_BYTES) {
			const uint8_t *at = scanner->r_data + scanner->r_data_length -
			                    SOA_MINIMUM_BYTES;

			master->last_ttl_s = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
			                     (uint32_t)at[2] << 8 | at[3];
		}
		ttl_s = master->last_ttl_s;
		if (!master->is_no_ttl_told) {
			conf_error_add(master->load->errors, CONF_WARNING, source->file,
					place->line, place->col,
					"no TTL and no $TTL: %u is taken, the last one stated",
					ttl_s);
		}
		master->is_no_ttl_told = true;
	}
	if (ttl_s > TBL_TTL_MAX) {
		conf_error_add(master->load->errors, CONF_ERROR, source->file, place->line,
				place->col,
				"TTL %u is over %u: resolvers read it as 0 (RFC 2181 section 8)",
				ttl_s, TBL_TTL_MAX);
		return false;
	}
	master->last_ttl_s = ttl_s;
	master->has_last_ttl = true;
	*ret_ttl_s = ttl_s;
	return true;
}

static struct cp_master_record *
add_record(struct cp_master *master)
{
	if (master->record_cnt == master->record_cap) {
		size_t cap = master->record_cap == 0 ? 64 : master->record_cap * 2;
		struct cp_master_record *records =
				reallocarray(master->records, cap, sizeof(*records));

		if (records == NULL) {
			return NULL;
		}
		master->records = records;
		master->record_cap = cap;
	}
	return &master->records[master->record_cnt];
}

/* set_owner: records of one name mostly stand together, and share it. */
static int
set_owner(struct cp_master *master, struct cp_master_record *record)
{
	const zs_scanner_t *scanner = cp_master_top(master)->scanner;
	const struct cp_master_record *before = master->record_cnt > 0 ? record - 1 : NULL;
	uint8_t lower[TBL_NAME_MAX];

	record->owner_len = tbl_name_lower(scanner->r_owner, lower);
	if (before != NULL && before->owner_len == record->owner_len &&
			memcmp(before->owner, lower, record->owner_len) == 0) {
		record->owner = before->owner;
		record->fqdn = before->fqdn;
		return 0;
	}
	record->owner = (const uint8_t *)conf_arena_copy(
			master->load->arena, lower, record->owner_len);
	record->fqdn = cp_name_text(master->load->arena, lower);
	return record->owner != NULL && record->fqdn != NULL ? 0 : -ENOMEM;
}

static int
fill_record(struct cp_master *master, const struct cp_master_place *place,
		struct cp_master_record *record)
{
	const struct cp_master_source *source = cp_master_top(master);
	const zs_scanner_t *scanner = source->scanner;
	struct conf_arena *arena = master->load->arena;
	char buffer[CP_TYPE_NAME_MAX];
	char *text = NULL;
	int rc = set_owner(master, record);

	if (rc != 0) {
		return rc;
	}
	if (!is_tbl_name_within(record->owner, master->load->draft->zone.apex)) {
		conf_error_add(master->load->errors, CONF_ERROR, source->file, place->line,
				place->col, "%s is not in zone %s", record->fqdn,
				master->load->draft->zone.name);
		return -EINVAL;
	}
	record->type = scanner->r_type;
	record->rdata_len = (uint16_t)scanner->r_data_length; /* at most ZS_MAX_RDATA_LENGTH */
	rc = cp_rdata_text(arena, scanner->r_data, record->rdata_len, record->type, &text);
	if (rc == -EBADMSG) {
		conf_error_add(master->load->errors, CONF_ERROR, source->file, place->line,
				place->col, "the data of %s does not have the form of its type, %s",
				record->fqdn, cp_type_name(record->type, buffer));
		return -EINVAL;
	}
	record->text = text;
	record->rdata = (const uint8_t *)conf_arena_copy(arena, scanner->r_data, record->rdata_len);
	return rc == 0 && record->rdata == NULL ? -ENOMEM : rc;
}

int
cp_master_take_record(struct cp_master *master)
{
	struct cp_master_source *source = cp_master_top(master);
	struct cp_master_place place = cp_master_record_place(source);
	struct cp_master_record *record = add_record(master);
	int rc = 0;

	if (record == NULL) {
		return -ENOMEM;
	}
	*record = (struct cp_master_record){ .file = source->file,
		.line = place.line,
		.col = place.col,
		.number = (uint32_t)master->record_cnt };
	if (is_served(master, source->scanner->r_type, &place) &&
			find_ttl(master, &place, &record->ttl_s)) {
		rc = fill_record(master, &place, record);
		master->record_cnt += rc == 0;
	}
	cp_master_next_from(source);
	source->is_broken = false;
	return rc == -ENOMEM ? rc : 0;
}
