#include "control/master.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "table/build.h"
#include "table/name.h"

#include "control/master_impl.h"
#include "control/rdata.h"
#include "control/text.h"

static int
compare_records(const void *a, const void *b)
{
	const struct cp_master_record *x = a;
	const struct cp_master_record *y = b;
	int order = x->fqdn == y->fqdn ? 0 : strcmp(x->fqdn, y->fqdn);

	if (order == 0) {
		order = (int)x->type - (int)y->type;
	}
	if (order == 0) {
		order = strcasecmp(x->text, y->text); /* names have no case: keep_values() */
	}
	if (order == 0) {
		order = strcmp(x->text, y->text);
	}
	return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

static size_t
rrset_end(const struct cp_master *master, size_t first)
{
	const struct cp_master_record *records = master->records;
	size_t end = first + 1;

	while (end < master->record_cnt && records[end].type == records[first].type &&
			strcmp(records[end].fqdn, records[first].fqdn) == 0) {
		end++;
	}
	return end;
}

static size_t
rrset_cnt(const struct cp_master *master)
{
	size_t cnt = 0;

	for (size_t i = 0; i < master->record_cnt; i = rrset_end(master, i)) {
		cnt++;
	}
	return cnt;
}

/* settle_ttl: one TTL an RRset (RFC 2181 §5.2), the lowest. */
static uint32_t
settle_ttl(struct cp_master *master, const struct cp_master_record *records, size_t cnt,
		const struct cp_master_record *first)
{
	const struct cp_master_record *other = NULL;
	uint32_t ttl_s = first->ttl_s;

	for (size_t i = 0; i < cnt; i++) {
		const struct cp_master_record *record = &records[i];

		ttl_s = record->ttl_s < ttl_s ? record->ttl_s : ttl_s;
		if (record->ttl_s != first->ttl_s &&
				(other == NULL || record->number < other->number)) {
			other = record;
		}
	}
	if (other != NULL) {
		char buffer[CP_TYPE_NAME_MAX];

		conf_error_add(master->load->errors, CONF_WARNING, other->file, other->line,
				other->col,
				"TTL %u, and %u on line %u, in one RRset of %s %s: the lowest is "
				"taken, %u (RFC 2181 section 5.2)",
				other->ttl_s, first->ttl_s, first->line, first->fqdn,
				cp_type_name(first->type, buffer), ttl_s);
	}
	return ttl_s;
}

/* keep_values stores what is not there already; equal records are neighbours. */
static void
keep_values(struct cp_master *master, const struct cp_master_record *records, size_t cnt,
		struct cp_record *rrset)
{
	const struct cp_master_record *kept = NULL;

	for (size_t i = 0; i < cnt; i++) {
		const struct cp_master_record *record = &records[i];

		struct tbl_rdata value = { record->rdata, record->rdata_len };

		if (kept != NULL && is_tbl_same_rdata(rrset->type,
						    &rrset->values[rrset->value_cnt - 1], &value)) {
			conf_error_add(master->load->errors, CONF_WARNING, record->file,
					record->line, record->col,
					"dropped: the same record is at %s:%u:%u", kept->file,
					kept->line, kept->col);
			continue;
		}
		kept = record;
		rrset->values[rrset->value_cnt] = value;
		rrset->texts[rrset->value_cnt] = record->text;
		rrset->value_cnt++;
	}
}

static void
judge_rrset(struct cp_master *master, const struct cp_record *rrset)
{
	const struct cp_zone *zone = &master->load->draft->zone;
	bool is_single = rrset->type == CP_TYPE_CNAME || rrset->type == CP_TYPE_DNAME ||
	                 rrset->type == CP_TYPE_SOA;
	char buffer[CP_TYPE_NAME_MAX];

	if (rrset->type == CP_TYPE_SOA && strcmp(rrset->fqdn, zone->name) != 0) {
		conf_error_add(master->load->errors, CONF_ERROR, rrset->file, rrset->line,
				rrset->col, "an SOA at %s, which is not the zone's own name",
				rrset->fqdn);
	}
	if (is_single && rrset->value_cnt > 1) {
		conf_error_add(master->load->errors, CONF_ERROR, rrset->file, rrset->line,
				rrset->col, "%u records of type %s at %s: there can be one",
				rrset->value_cnt, cp_type_name(rrset->type, buffer), rrset->fqdn);
	}
	if (rrset->value_cnt > TBL_RRSET_RECORDS_MAX) {
		conf_error_add(master->load->errors, CONF_ERROR, rrset->file, rrset->line,
				rrset->col, "%u values, the limit is %u", rrset->value_cnt,
				TBL_RRSET_RECORDS_MAX);
	}
}

static int
make_rrset(struct cp_master *master, const struct cp_master_record *records, size_t cnt,
		struct cp_record *rrset)
{
	struct conf_arena *arena = master->load->arena;
	const struct cp_master_record *first = &records[0];

	for (size_t i = 1; i < cnt; i++) {
		first = records[i].number < first->number ? &records[i] : first;
	}
	*rrset = (struct cp_record){ .fqdn = first->fqdn,
		.type = first->type,
		.values = conf_arena_alloc(arena, cnt, sizeof(*rrset->values)),
		.texts = conf_arena_alloc(arena, cnt, sizeof(*rrset->texts)),
		.file = first->file,
		.line = first->line,
		.col = first->col };
	if (rrset->values == NULL || rrset->texts == NULL) {
		return -ENOMEM;
	}
	memcpy(rrset->owner, first->owner, first->owner_len);
	rrset->ttl_s = settle_ttl(master, records, cnt, first);
	keep_values(master, records, cnt, rrset);
	judge_rrset(master, rrset);
	return 0;
}

static int
make_rrsets(struct cp_master *master)
{
	struct cp_zone_draft *draft = master->load->draft;
	int rc = 0;

	if (master->record_cnt == 0) {
		return 0;
	}
	qsort(master->records, master->record_cnt, sizeof(*master->records), compare_records);
	draft->record_cap = rrset_cnt(master);
	draft->records = calloc(draft->record_cap, sizeof(*draft->records));
	if (draft->records == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; rc == 0 && i < master->record_cnt;) {
		size_t end = rrset_end(master, i);

		rc = make_rrset(master, &master->records[i], end - i,
				&draft->records[draft->record_cnt].record);
		draft->record_cnt += rc == 0;
		i = end;
	}
	return rc;
}

/* The names that delegations of the zone name, each as a text. */
struct targets {
	const char **names;
	size_t cnt;
};

static bool
is_delegation(const struct cp_zone_draft *draft, const struct cp_record *record)
{
	return record->type == CP_TYPE_NS && strcmp(record->fqdn, draft->zone.name) != 0;
}

static int
add_targets(struct cp_master *master, const struct cp_record *ns, struct targets *targets)
{
	for (uint32_t i = 0; i < ns->value_cnt; i++) {
		uint8_t lower[TBL_NAME_MAX];
		char *name = NULL;

		(void)tbl_name_lower(ns->values[i].bytes, lower);
		name = cp_name_text(master->load->arena, lower);
		if (name == NULL) {
			return -ENOMEM;
		}
		targets->names[targets->cnt++] = name;
	}
	return 0;
}

static int
collect_targets(struct cp_master *master, struct targets *ret_targets)
{
	const struct cp_zone_draft *draft = master->load->draft;
	struct targets targets = { 0 };
	size_t cap = 0;
	int rc = 0;

	for (size_t i = 0; i < draft->record_cnt; i++) {
		const struct cp_record *record = &draft->records[i].record;

		cap += is_delegation(draft, record) ? record->value_cnt : 0;
	}
	targets.names = conf_arena_alloc(master->load->arena, cap, sizeof(*targets.names));
	rc = targets.names != NULL ? 0 : -ENOMEM;
	for (size_t i = 0; rc == 0 && i < draft->record_cnt; i++) {
		const struct cp_record *record = &draft->records[i].record;

		rc = is_delegation(draft, record) ? add_targets(master, record, &targets) : 0;
	}
	if (rc == 0) {
		qsort(targets.names, targets.cnt, sizeof(*targets.names), cp_text_compare);
		*ret_targets = targets;
	}
	return rc;
}

/* check_places: records that lie in another zone of the set. Addresses that a delegation needs may, as
 * they may wherever a zone and its child are on one server. */
static int
check_places(struct cp_master *master)
{
	struct cp_zone_draft *draft = master->load->draft;
	struct targets targets;
	int rc = draft->has_inner ? collect_targets(master, &targets) : 0;

	for (size_t i = 0; rc == 0 && draft->has_inner && i < draft->record_cnt; i++) {
		const struct cp_record *record = &draft->records[i].record;
		bool is_address = record->type == CP_TYPE_A || record->type == CP_TYPE_AAAA;

		if (!is_address ||
				bsearch(&record->fqdn, targets.names, targets.cnt,
						sizeof(*targets.names), cp_text_compare) == NULL) {
			cp_zone_check_place(master->load, &draft->records[i]);
		}
	}
	return rc;
}

/* find_apex: the RRset of a type at the zone's own name. */
static const struct cp_record *
find_apex(const struct cp_zone_draft *draft, uint16_t type)
{
	for (size_t i = 0; i < draft->record_cnt; i++) {
		const struct cp_record *record = &draft->records[i].record;

		if (record->type == type && strcmp(record->fqdn, draft->zone.name) == 0) {
			return record;
		}
	}
	return NULL;
}

/* store moves the records into the set, the SOA first. */
static int
store(struct cp_master *master)
{
	struct cp_zone_draft *draft = master->load->draft;
	struct cp_zone *zone = &draft->zone;
	const struct cp_record *soa = find_apex(draft, CP_TYPE_SOA);
	size_t next = 0;

	zone->has_own_soa = true;
	if (soa == NULL) {
		conf_error_add(master->load->errors, CONF_ERROR, zone->file, 0, 0,
				"zone %s has no SOA", zone->name);
	}
	if (find_apex(draft, CP_TYPE_NS) == NULL) {
		conf_error_add(master->load->errors, CONF_WARNING, zone->file, 0, 0,
				"zone %s has no NS record at its apex", zone->name);
	}
	zone->records = conf_arena_alloc(
			master->load->arena, draft->record_cnt, sizeof(*zone->records));
	if (zone->records == NULL) {
		return -ENOMEM;
	}
	if (soa != NULL) {
		zone->records[next++] = *soa;
	}
	for (size_t i = 0; i < draft->record_cnt; i++) {
		if (&draft->records[i].record != soa && !draft->records[i].is_left_out) {
			zone->records[next++] = draft->records[i].record;
		}
	}
	zone->record_cnt = next;
	return 0;
}

int
cp_master_read(struct cp_zone_load *load)
{
	struct cp_master master = { .load = load };
	size_t errors_before = load->errors->error_cnt;
	size_t messages_before = load->errors->cnt;
	int rc = cp_master_read_text(&master);

	if (rc == 0) {
		rc = make_rrsets(&master);
	}
	if (rc == 0) {
		rc = check_places(&master);
	}
	if (rc == 0) {
		cp_zone_check_records(load);
		rc = store(&master);
	}
	free(master.records);
	load->draft->zone.has_errors = load->errors->error_cnt > errors_before;
	conf_errors_sort(load->errors, messages_before);
	return rc;
}
