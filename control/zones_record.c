/*
 * One record of a zone file: its name, type and TTL, and the envelope of its errors. Checks come in
 * the order octoDNS 1.22 makes them: name, ttl, healthcheck, what the type asks of a name, values,
 * geo, dynamic.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/dns.h"
#include "table/name.h"

#include "control/dynamic.h"
#include "control/healthcheck.h"
#include "control/idn.h"
#include "control/lint.h"
#include "control/scalar.h"
#include "control/zones_impl.h"

/* The id by which `octodns.included` and `excluded` would name this server. */
#define OWN_TARGET "meridian"

/* One record while it is read. */
struct draft {
	struct cp_zone_load *load;
	const struct conf_node *node;
	const struct conf_node *octodns;
	char *name; /* relative to the zone, in lower-cased ASCII; "" at the apex */
	char *fqdn;
	const char *name_reason; /* why the name has no such form, and is as in the file */
	struct cp_reader reader;
	struct cp_reasons reasons;
	struct cp_record record;
	bool is_lenient;
};

static void
tell(const struct draft *draft, enum conf_level level, const char *text)
{
	conf_error_add(draft->load->errors, level, draft->node->file, draft->node->line,
			draft->node->col, "%s", text);
}

/* warn_typed: names are str() of what YAML makes of the key. Where that is not what the file shows,
 * say so. */
static void
warn_typed(const struct draft *draft, const struct conf_node *key)
{
	conf_error_add(draft->load->errors, CONF_WARNING, key->file, key->line, key->col,
			"name %s is read as \"%s\": put quotes around it if that is not meant",
			key->scalar.text, draft->name);
}

/* read_name: as in octoDNS, a name that cannot be encoded goes on as it is to be judged further. */
static int
read_name(struct draft *draft, const struct conf_node *key)
{
	struct conf_arena *arena = draft->load->arena;
	const char *zone = draft->load->draft->zone.name;
	char *encoded = NULL;
	bool is_typed = false;
	int rc = 0;

	draft->name = cp_scalar_text(arena, key);
	if (draft->name == NULL) {
		return -ENOMEM;
	}
	is_typed = strcmp(draft->name, key->scalar.text) != 0;
	rc = cp_idn_encode(arena, draft->name, &encoded, &draft->name_reason);
	if (rc == -ENOMEM) {
		return rc;
	}
	draft->name = rc == 0 ? encoded : draft->name;
	if (is_typed) {
		warn_typed(draft, key);
	}
	draft->fqdn = draft->name[0] == '\0' ? conf_arena_copy(arena, zone, strlen(zone))
	                                     : conf_arena_printf(arena, "%s.%s", draft->name, zone);
	return draft->fqdn != NULL ? 0 : -ENOMEM;
}

/* count_chars: octoDNS counts characters, which are not octets in a name that was not encoded. */
static size_t
count_chars(const char *text, size_t len)
{
	size_t cnt = 0;

	for (size_t i = 0; i < len; i++) {
		cnt += ((unsigned char)text[i] & 0xc0) != 0x80;
	}
	return cnt;
}

/* shown_fqdn: as people read it. */
static const char *
shown_fqdn(const struct draft *draft)
{
	return cp_idn_decode(draft->load->arena, draft->fqdn);
}

static void
judge_lengths(struct draft *draft)
{
	size_t char_cnt = count_chars(draft->fqdn, strlen(draft->fqdn));

	if (char_cnt > 253) {
		cp_reason_add(&draft->reasons, CP_LENIENT,
				"invalid fqdn, \"%s\" is too long at %zu chars, max is 253",
				shown_fqdn(draft), char_cnt);
	}
	for (const char *at = draft->name; *at != '\0';) {
		size_t len = strcspn(at, ".");

		char_cnt = count_chars(at, len);
		if (char_cnt > TBL_LABEL_MAX) {
			cp_reason_add(&draft->reasons, CP_LENIENT,
					"invalid label, \"%.*s\" is too long at %zu chars, max is "
					"63",
					(int)len, at, char_cnt);
		}
		at += len + (at[len] == '.');
	}
}

/* make_owner: -EINVAL also for a backslash before the zone's dot: the name were outside of it. */
static int
make_owner(struct draft *draft)
{
	uint8_t wire[TBL_NAME_MAX];

	if (tbl_name_from_text(draft->fqdn, wire) < 0) {
		return -EINVAL;
	}
	(void)tbl_name_lower(wire, draft->record.owner);
	return is_tbl_name_within(draft->record.owner, draft->load->draft->zone.apex) ? 0 : -EINVAL;
}

/* judge_wire: what octoDNS lets through and DNS does not, a leading dot or a stray backslash; and
 * what not even a lenient record can be served with. */
static void
judge_wire(struct draft *draft)
{
	if (make_owner(draft) == 0) {
		return;
	}
	if (draft->reasons.cnt > 0) {
		draft->reasons.is_fatal = true;
	} else if (draft->name[0] == '.') {
		cp_reason_add(&draft->reasons, CP_FATAL, "invalid name, leading `.` in \"%s\"",
				shown_fqdn(draft));
	} else {
		cp_reason_add(&draft->reasons, CP_FATAL,
				"invalid name, \"%s\" is not a domain name", shown_fqdn(draft));
	}
}

static void
judge_name(struct draft *draft)
{
	if (draft->name_reason != NULL) {
		cp_reason_add(&draft->reasons, CP_FATAL, "%s", draft->name_reason);
	}
	if (strpbrk(draft->name, " \t") != NULL) {
		cp_reason_add(&draft->reasons, CP_LENIENT,
				"invalid record, whitespace is not allowed");
	}
	if (strcmp(draft->name, "@") == 0) {
		cp_reason_add(&draft->reasons, CP_LENIENT, "invalid name \"@\", use \"\" instead");
	}
	judge_lengths(draft);
	if (strstr(draft->fqdn, "..") != NULL) {
		cp_reason_add(&draft->reasons, CP_FATAL, "invalid name, double `.` in \"%s\"",
				shown_fqdn(draft));
	}
	judge_wire(draft);
}

static void
judge_ttl(struct draft *draft)
{
	const struct conf_node *ttl = conf_get(draft->node, "ttl");
	int64_t seconds = draft->load->options->default_ttl_s;

	/* octoDNS has no upper bound; a resolver would read a larger TTL as 0 (RFC 2181 §8). */
	if (ttl != NULL && (cp_scalar_int(ttl, &seconds) != 0 || seconds < 0 ||
					   seconds > TBL_TTL_MAX)) {
		cp_reason_add(&draft->reasons, CP_FATAL, "invalid ttl");
		return;
	}
	draft->record.ttl_s = (uint32_t)seconds;
	if (ttl != NULL && (conf_type_of(ttl).type == CONF_TYPE_BOOL ||
					   conf_type_of(ttl).type == CONF_TYPE_FLOAT)) {
		conf_error_add(draft->load->errors, CONF_WARNING, ttl->file, ttl->line, ttl->col,
				"ttl %s is read as %u", ttl->scalar.text, draft->record.ttl_s);
	}
}

/* ^(\*|_[^\.]+)\.[^\.]+ */
static bool
is_service_name(const char *name)
{
	size_t label = strcspn(name, ".");
	bool is_service = name[0] == '_' && label > 1;
	bool is_wildcard = name[0] == '*' && label == 1;

	return (is_service || is_wildcard) && name[label] == '.' && name[label + 1] != '\0' &&
	       name[label + 1] != '.';
}

static void
judge_owner(struct draft *draft)
{
	if (draft->record.type == CP_TYPE_CNAME && draft->name[0] == '\0') {
		cp_reason_add(&draft->reasons, CP_FATAL, "root CNAME not allowed");
	}
	/* Flattening works anywhere, so a lenient one is served. */
	if (draft->record.type == CP_TYPE_ALIAS && draft->name[0] != '\0') {
		cp_reason_add(&draft->reasons, CP_LENIENT, "non-root ALIAS not allowed");
	}
	if ((draft->record.type == CP_TYPE_SRV || draft->record.type == CP_TYPE_URI) &&
			!is_service_name(draft->name)) {
		cp_reason_add(&draft->reasons, CP_LENIENT, "invalid name for %s record",
				draft->reader.type->name);
	}
}

static int
compare_values(const void *a, const void *b)
{
	const struct cp_value *x = a;
	const struct cp_value *y = b;

	return strcmp(x->text, y->text);
}

/* keep_values stores sorted values without duplicates: equal text is equal RDATA. */
static int
keep_values(struct draft *draft, struct cp_value *values, size_t cnt)
{
	struct conf_arena *arena = draft->load->arena;
	struct cp_record *record = &draft->record;

	record->values = conf_arena_alloc(arena, cnt, sizeof(*record->values));
	record->texts = conf_arena_alloc(arena, cnt, sizeof(*record->texts));
	if (record->values == NULL || record->texts == NULL) {
		return -ENOMEM;
	}
	qsort(values, cnt, sizeof(*values), compare_values);
	for (size_t i = 0; i < cnt; i++) {
		if (i > 0 && strcmp(values[i].text, values[i - 1].text) == 0) {
			continue;
		}
		record->values[record->value_cnt] = values[i].rdata;
		record->texts[record->value_cnt] = values[i].text;
		record->value_cnt++;
	}
	return 0;
}

/* The values of a record: those of `node` when it is a list, else itself. A list without any and no
 * node at all are read as "nothing", which has a reason of its own. */
static int
read_list(struct draft *draft, struct conf_node *node)
{
	bool is_list = node != NULL && node->kind == CONF_SEQUENCE;
	bool is_none = is_list ? node->sequence.cnt == 0 : is_cp_null(node);
	size_t cnt = is_list && !is_none ? node->sequence.cnt : 1;
	struct cp_value *values = NULL;
	int rc = 0;

	if (cnt > TBL_RRSET_RECORDS_MAX) {
		cp_reason_add(&draft->reasons, CP_FATAL, "%zu values, the limit is %u", cnt,
				TBL_RRSET_RECORDS_MAX);
		return -EINVAL;
	}
	values = calloc(cnt, sizeof(*values));
	if (values == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < cnt && rc != -ENOMEM; i++) {
		const struct conf_node *item = is_none   ? NULL
		                               : is_list ? node->sequence.items[i]
		                                         : node;
		int bad = draft->reader.type->read(&draft->reader, item, &values[i]);

		rc = bad != 0 ? bad : rc;
	}
	if (rc == 0) {
		rc = keep_values(draft, values, cnt);
	}
	free(values);
	return rc;
}

static int
read_values(struct draft *draft)
{
	struct conf_node *value = conf_get(draft->node, "value");
	struct conf_node *values = conf_get(draft->node, "values");

	if (!draft->reader.type->is_single) {
		return read_list(draft, values != NULL ? values : value);
	}
	if (value != NULL && value->kind != CONF_SCALAR) {
		cp_reason_add(&draft->reasons, CP_FATAL, "%s takes one value",
				draft->reader.type->name);
		return -EINVAL;
	}
	return read_list(draft, value);
}

/* `geo` is judged before `dynamic`, whichever of them then counts. */
static int
read_geo(struct draft *draft)
{
	struct cp_zone_draft *zone = draft->load->draft;
	int rc = 0;

	if (conf_get(draft->node, "geo") == NULL || !draft->reader.type->can_be_dynamic ||
			draft->reader.type->is_single) {
		return 0;
	}
	if (!zone->is_geo_told) {
		zone->is_geo_told = true;
		tell(draft, CONF_WARNING,
				"\"geo\" is deprecated and gone in octoDNS 2.0: write \"dynamic\" "
				"(told once a zone)");
	}
	rc = cp_geo_read(&draft->reader, draft->node, &draft->record, draft->fqdn,
			&draft->record.dynamic);
	return rc == -ENOMEM ? rc : 0;
}

static int
read_dynamic(struct draft *draft)
{
	int rc = 0;

	if (conf_get(draft->node, "dynamic") == NULL) {
		return 0;
	}
	if (!draft->reader.type->can_be_dynamic) {
		tell(draft, CONF_WARNING, "\"dynamic\" means nothing for this type and is ignored");
		return 0;
	}
	rc = cp_dynamic_read(&draft->reader, draft->node, draft->fqdn, &draft->record.dynamic);
	return rc == -ENOMEM ? rc : 0;
}

static int
judge(struct draft *draft)
{
	int rc = 0;

	judge_name(draft);
	judge_ttl(draft);
	cp_healthcheck_judge(&draft->reader, draft->octodns);
	cp_lint_read(&draft->reader, draft->octodns, draft->name[0] == '\0',
			&draft->record.lint_ignored, &draft->load->draft->zone.lint_ignored);
	judge_owner(draft);
	rc = read_values(draft);
	/* A reader that fails without a reason ran out of memory. */
	if (rc == -ENOMEM || (rc != 0 && draft->reasons.cnt == 0)) {
		return -ENOMEM;
	}
	rc = read_geo(draft);
	return rc == 0 ? read_dynamic(draft) : rc;
}

/* is_listed: a target id in `octodns.included` or `excluded`. */
static bool
is_listed(const struct conf_node *list)
{
	for (size_t i = 0; list != NULL && list->kind == CONF_SEQUENCE && i < list->sequence.cnt;
			i++) {
		const struct conf_node *item = list->sequence.items[i];

		if (is_cp_text(item) && strcmp(item->scalar.text, OWN_TARGET) == 0) {
			return true;
		}
	}
	return false;
}

static const char withheld[] = "not served: octodns.ignored, excluded or included leaves it out";

/* is_withheld: octoDNS would not send this record to a target of our name. */
static bool
is_withheld(const struct draft *draft)
{
	const struct conf_node *included = conf_get(draft->octodns, "included");

	return is_cp_true(conf_get(draft->octodns, "ignored")) ||
	       is_listed(conf_get(draft->octodns, "excluded")) ||
	       (is_cp_true(included) && !is_listed(included));
}

static int
keep_record(struct cp_zone_draft *zone, const struct cp_record_draft *kept)
{
	if (zone->record_cnt == zone->record_cap) {
		size_t cap = zone->record_cap == 0 ? 64 : zone->record_cap * 2;
		struct cp_record_draft *records =
				reallocarray(zone->records, cap, sizeof(*records));

		if (records == NULL) {
			return -ENOMEM;
		}
		zone->records = records;
		zone->record_cap = cap;
	}
	zone->records[zone->record_cnt] = *kept;
	zone->records[zone->record_cnt].order = zone->record_cnt;
	zone->record_cnt++;
	return 0;
}

/* place_record keeps a record that is to be served, or at least to be compared with others. */
static int
place_record(struct draft *draft)
{
	struct cp_zone_load *load = draft->load;
	struct cp_record_draft kept = { .is_lenient = draft->is_lenient };

	kept.record = draft->record;
	kept.record.fqdn = draft->fqdn;
	kept.record.file = cp_zone_keep_file(load, draft->node);
	if (kept.record.file == NULL) {
		return -ENOMEM;
	}
	kept.record.line = draft->node->line;
	kept.record.col = draft->node->col;
	cp_zone_check_place(load, &kept);
	/* ignore_subzone_adds drops it before it could be a duplicate; lenience does not. */
	if (kept.is_left_out && !kept.is_lenient && !is_cp_zone_lenient(load)) {
		return 0;
	}
	return keep_record(load->draft, &kept);
}

/* refuse_type says what to do about a type that is a provider's product ("Route53Provider/ALIAS",
 * URLFWD) and not DNS. A zone served by that provider and by us keeps it from us. */
static void
refuse_type(const struct draft *draft, const char *name)
{
	bool is_named_so = strchr(name, '/') != NULL;

	if (is_withheld(draft)) {
		tell(draft, CONF_WARNING, withheld);
		return;
	}
	conf_error_add(draft->load->errors, CONF_ERROR, draft->node->file, draft->node->line,
			draft->node->col,
			"record type %s is a provider's own, not DNS, and cannot be served: %s, or "
			"keep it from this server with \"octodns: {excluded: [" OWN_TARGET "]}\"",
			name,
			is_named_so ? "write an ALIAS, a CNAME or a dynamic record"
				    : "let a web server redirect");
}

static int
conclude(struct draft *draft)
{
	bool is_lenient = draft->is_lenient || is_cp_zone_lenient(draft->load);
	bool is_refused = draft->reasons.cnt > 0 && (draft->reasons.is_fatal || !is_lenient);

	if (draft->reasons.cnt > 0) {
		conf_error_add(draft->load->errors, is_refused ? CONF_ERROR : CONF_WARNING,
				draft->node->file, draft->node->line, draft->node->col,
				"Invalid record \"%s\"%s", shown_fqdn(draft),
				cp_reasons_body(&draft->reasons));
	}
	if (is_refused) {
		return 0;
	}
	if (draft->reader.type->number == 0) {
		refuse_type(draft, draft->reader.type->name);
		return 0;
	}
	if (is_withheld(draft)) {
		tell(draft, CONF_WARNING, withheld);
		return 0;
	}
	return place_record(draft);
}

/* find_type tells why when there is none to go on with. */
static const struct cp_type *
find_type(const struct draft *draft)
{
	const struct conf_node *node = conf_get(draft->node, "type");
	const struct cp_type *type = NULL;
	struct conf_errors *errors = draft->load->errors;
	const char *file = draft->node->file;

	if (node == NULL || node->kind != CONF_SCALAR) {
		conf_error_add(errors, CONF_ERROR, file, draft->node->line, draft->node->col,
				"Invalid record %s, missing type", shown_fqdn(draft));
		return NULL;
	}
	type = cp_type_find(node->scalar.text);
	if (type != NULL) {
		return type;
	}
	if (strchr(node->scalar.text, '/') != NULL) {
		refuse_type(draft, node->scalar.text);
	} else {
		conf_error_add(errors, CONF_ERROR, file, draft->node->line, draft->node->col,
				"Unknown record type: \"%s\"", node->scalar.text);
	}
	return NULL;
}

int
cp_record_read(struct cp_zone_load *load, const struct conf_node *name,
		const struct conf_node *record)
{
	struct draft draft = { .load = load, .node = record };
	int rc = 0;

	if (record->kind != CONF_MAPPING) {
		conf_error_add(load->errors, CONF_ERROR, record->file, record->line, record->col,
				"\"%s\" must be a record or a list of records", name->scalar.text);
		return 0;
	}
	draft.octodns = conf_get(record, "octodns");
	rc = read_name(&draft, name);
	draft.reader.type = rc == 0 ? find_type(&draft) : NULL;
	if (draft.reader.type == NULL) {
		return rc;
	}
	draft.reader.arena = load->arena;
	draft.reader.reasons = &draft.reasons;
	draft.reader.has_plain_semicolons = !load->options->escaped_semicolons;
	draft.reader.errors = load->errors;
	draft.is_lenient = is_cp_true(conf_get(draft.octodns, "lenient"));
	draft.record.type = draft.reader.type->number;
	rc = judge(&draft);
	if (rc == 0) {
		rc = conclude(&draft);
	}
	cp_reasons_free(&draft.reasons);
	return rc;
}
