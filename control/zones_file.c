/*
 * One zone file: its YAML, its records, and the SOA that octoDNS files do not have.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/name.h"

#include "control/healthcheck.h"
#include "control/zones_impl.h"

/* Progress is told every so many names, some hundredths of a second. */
#define NAMES_PER_TELL 10000u

const char *
cp_zone_keep_file(struct cp_zone_load *load, const struct conf_node *node)
{
	if (node->file == load->kept_of) {
		return load->kept_file;
	}
	load->kept_file = conf_arena_copy(load->arena, node->file, strlen(node->file));
	load->kept_of = load->kept_file != NULL ? node->file : NULL;
	return load->kept_file;
}

static void
tell_progress(const struct cp_zone_load *load, size_t done, size_t total)
{
	const struct conf_progress *progress = load->options->progress;

	if (progress != NULL && done % NAMES_PER_TELL == 0) {
		progress->tell(progress->context, load->draft->zone.file, CONF_UNIT_RECORDS, done,
				total);
	}
}

static int
read_records(struct cp_zone_load *load, const struct conf_node *root)
{
	int rc = 0;

	load->kept_of = NULL; /* an address of another document may be taken again */
	for (size_t i = 0; rc == 0 && i < root->mapping.cnt; i++) {
		const struct conf_pair *pair = &root->mapping.pairs[i];
		bool is_list = pair->value->kind == CONF_SEQUENCE;
		size_t cnt = is_list ? pair->value->sequence.cnt : 1;

		tell_progress(load, i, root->mapping.cnt);
		for (size_t k = 0; rc == 0 && k < cnt; k++) {
			rc = cp_record_read(load, pair->key,
					is_list ? pair->value->sequence.items[k] : pair->value);
		}
	}
	return rc;
}

static int
compare_drafts(const void *a, const void *b)
{
	const struct cp_record *x = &((const struct cp_record_draft *)a)->record;
	const struct cp_record *y = &((const struct cp_record_draft *)b)->record;
	int order = strcmp(x->fqdn, y->fqdn);

	if (order == 0) {
		order = (int)x->type - (int)y->type;
	}
	if (order == 0) {
		order = (x->line > y->line) - (x->line < y->line);
	}
	return order != 0 ? order : (x->col > y->col) - (x->col < y->col);
}

static const struct cp_record *
find_apex_ns(const struct cp_zone_draft *draft)
{
	for (size_t i = 0; i < draft->record_cnt; i++) {
		const struct cp_record *record = &draft->records[i].record;

		if (record->type == CP_TYPE_NS && strcmp(record->fqdn, draft->zone.name) == 0) {
			return record;
		}
	}
	return NULL;
}

/* soa_name: a configured name, else the first label put before the zone's name. Returns the wire
 * length or -EINVAL. */
static int
soa_name(const struct cp_zone_load *load, const char *configured, const char *label,
		uint8_t wire[TBL_NAME_MAX])
{
	char text[TBL_NAME_TEXT_MAX + 16];

	if (configured != NULL) {
		return tbl_name_from_text(configured, wire);
	}
	(void)snprintf(text, sizeof(text), "%s.%s", label, load->draft->zone.name);
	return tbl_name_from_text(text, wire);
}

static void
put_u32(uint8_t *at, uint32_t number)
{
	at[0] = (uint8_t)(number >> 24);
	at[1] = (uint8_t)(number >> 16);
	at[2] = (uint8_t)(number >> 8);
	at[3] = (uint8_t)number;
}

/* fill_soa makes the RDATA of RFC 1035 §3.3.13 with serial 0: it is the table's generation, which
 * the table's reader writes (tbl_builder_follow_generation). */
static int
fill_soa(const struct cp_zone_load *load, const struct cp_record *apex_ns, struct cp_record *soa)
{
	const struct cp_soa_settings *settings = &load->options->soa;
	const char *mname = settings->mname;
	uint8_t wire[2 * TBL_NAME_MAX + 20];
	int mname_len = 0;
	int rname_len = 0;
	uint8_t *numbers = NULL;
	struct cp_reader reader = { .arena = load->arena };
	struct cp_value value = { 0 };
	char *text = NULL;

	if (mname == NULL && apex_ns != NULL) {
		mname = apex_ns->texts[0];
	}
	mname_len = soa_name(load, mname, "ns1", wire);
	rname_len = mname_len > 0 ? soa_name(load, settings->rname, "hostmaster", wire + mname_len)
	                          : -EINVAL;
	if (rname_len < 0) {
		conf_error_add(load->errors, CONF_ERROR, load->draft->zone.file, 0, 0,
				"no SOA can be made: mname or rname is not a domain name");
		return -EINVAL;
	}
	numbers = wire + mname_len + rname_len;
	put_u32(numbers, 0);
	put_u32(numbers + 4, settings->refresh_s);
	put_u32(numbers + 8, settings->retry_s);
	put_u32(numbers + 12, settings->expire_s);
	put_u32(numbers + 16, settings->negative_ttl_s);
	text = conf_arena_printf(load->arena, "%s %s 0 %u %u %u %u",
			cp_name_text(load->arena, wire),
			cp_name_text(load->arena, wire + mname_len), settings->refresh_s,
			settings->retry_s, settings->expire_s, settings->negative_ttl_s);
	soa->values = conf_arena_alloc(load->arena, 1, sizeof(*soa->values));
	soa->texts = conf_arena_alloc(load->arena, 1, sizeof(*soa->texts));
	if (soa->values == NULL || soa->texts == NULL ||
			cp_value_set(&reader, wire, (size_t)mname_len + (size_t)rname_len + 20,
					text, &value) != 0) {
		return -ENOMEM;
	}
	soa->values[0] = value.rdata;
	soa->texts[0] = value.text;
	soa->value_cnt = 1;
	return 0;
}

static int
make_soa(const struct cp_zone_load *load, struct cp_record *ret_soa)
{
	struct cp_zone *zone = &load->draft->zone;
	const struct cp_record *apex_ns = find_apex_ns(load->draft);
	struct cp_record soa = { .fqdn = zone->name,
		.type = CP_TYPE_SOA,
		.ttl_s = load->options->soa.ttl_s,
		.file = zone->file };
	int rc = fill_soa(load, apex_ns, &soa);

	if (apex_ns == NULL) {
		conf_error_add(load->errors, CONF_WARNING, zone->file, 0, 0,
				"zone %s has no NS record at its apex", zone->name);
	}
	if (rc == 0) {
		memcpy(soa.owner, zone->apex, sizeof(soa.owner));
		*ret_soa = soa;
	}
	return rc;
}

/* store moves the records into the set, the SOA first. */
static int
store(struct cp_zone_load *load)
{
	struct cp_zone *zone = &load->draft->zone;
	size_t cnt = load->draft->record_cnt;
	int rc = 0;

	zone->records = conf_arena_alloc(load->arena, cnt + 1, sizeof(*zone->records));
	if (zone->records == NULL) {
		return -ENOMEM;
	}
	rc = make_soa(load, &zone->records[0]);
	if (rc != 0) {
		return rc == -EINVAL ? 0 : rc;
	}
	for (size_t i = 0; i < cnt; i++) {
		zone->records[i + 1] = load->draft->records[i].record;
	}
	zone->record_cnt = cnt + 1;
	return 0;
}

static bool
is_unprobed(const struct cp_record *record)
{
	bool has_obey = false;

	if (record->dynamic == NULL || record->dynamic->healthcheck.protocol == CP_PROTOCOL_TCP) {
		return false;
	}
	for (uint32_t i = 0; i < record->dynamic->pool_cnt; i++) {
		const struct cp_pool *pool = &record->dynamic->pools[i];

		for (uint32_t k = 0; k < pool->value_cnt; k++) {
			has_obey = has_obey || pool->values[k].status == TBL_STATUS_OBEY;
		}
	}
	return has_obey;
}

/* Only TCP is probed so far. Records that rely on octoDNS's default check are told once a zone. */
static void
warn_unprobed(struct cp_zone_load *load)
{
	bool is_default_told = false;

	for (size_t i = 0; i < load->draft->record_cnt; i++) {
		const struct cp_record *record = &load->draft->records[i].record;
		const struct cp_healthcheck *check = NULL;

		if (!is_unprobed(record)) {
			continue;
		}
		check = &record->dynamic->healthcheck;
		if (check->is_explicit || !is_default_told) {
			conf_error_add(load->errors, CONF_WARNING, record->file, record->line,
					record->col,
					"health check protocol %s is not probed yet; values of "
					"\"%s\"%s "
					"are taken as up",
					cp_protocol_name(check->protocol), record->fqdn,
					check->is_explicit ? ""
							   : " and of others without "
							     "octodns.healthcheck");
		}
		is_default_told = is_default_told || !check->is_explicit;
	}
}

int
cp_zone_read_file(struct cp_zone_load *load)
{
	struct cp_zone *zone = &load->draft->zone;
	size_t errors_before = load->errors->error_cnt;
	size_t messages_before = load->errors->cnt;
	const struct conf_yaml_options options = {
		.include_root = load->dir,
		.can_include_outside = load->options->include_outside,
		.progress = load->options->progress,
	};
	struct conf_document document = { 0 };
	int rc = conf_yaml_load(zone->file, &options, load->errors, &document);

	if (rc != 0) {
		zone->has_errors = true;
		return rc == -ENOMEM ? rc : 0;
	}
	if (document.root != NULL && document.root->kind == CONF_MAPPING) {
		if (load->options->enforce_order) {
			cp_zone_check_order(load, document.root);
		}
		cp_zone_warn_numbers(load, document.root);
		rc = read_records(load, document.root);
	} else if (document.root != NULL) {
		conf_error_add(load->errors, CONF_ERROR, zone->file, document.root->line,
				document.root->col, "a zone file must hold \"name: record\" pairs");
	}
	conf_yaml_free(&document);
	if (rc == 0 && load->draft->record_cnt > 0) {
		qsort(load->draft->records, load->draft->record_cnt, sizeof(*load->draft->records),
				compare_drafts);
		cp_zone_check_records(load);
		warn_unprobed(load);
	}
	if (rc == 0) {
		rc = store(load);
	}
	zone->has_errors = load->errors->error_cnt > errors_before;
	conf_errors_sort(load->errors, messages_before);
	return rc;
}
