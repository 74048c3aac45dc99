/*
 * What only a whole file, or the set of zones, can show to be wrong.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>

#include "table/name.h"

#include "control/idn.h"
#include "control/natsort.h"
#include "control/zones_impl.h"

/* Of the records at one name so many are shown: each type once, in most zones. */
#define PLACES_MAX 8u

/* compare_decomposed: natsort compares what Unicode's form NFD makes of its texts, where a letter
 * with an accent stands beside the letter without. */
static int
compare_decomposed(const char *a, const char *b, int *ret_order)
{
	/* With their final NUL, so that what comes out is a string too. */
	size_t a_len = 0;
	size_t b_len = 0;
	uint8_t *x = u8_normalize(UNINORM_NFD, (const uint8_t *)a, strlen(a) + 1, NULL, &a_len);
	uint8_t *y = u8_normalize(UNINORM_NFD, (const uint8_t *)b, strlen(b) + 1, NULL, &b_len);
	int rc = x != NULL && y != NULL ? 0 : -ENOMEM;

	if (rc == 0) {
		*ret_order = cp_natural_compare((const char *)x, (const char *)y);
	}
	free(x);
	free(y);
	return rc;
}

static int
compare_keys(enum cp_key_order mode, const char *a, const char *b, int *ret_order)
{
	if (mode == CP_ORDER_SIMPLE) {
		*ret_order = strcmp(a, b); /* UTF-8 sorts as its code points do */
		return 0;
	}
	if (!is_cp_ascii(a) || !is_cp_ascii(b)) {
		return compare_decomposed(a, b, ret_order);
	}
	*ret_order = cp_natural_compare(a, b);
	return 0;
}

/* "-9223372036854775808" */
#define ORDER_TEXT_MAX 24u

/* order_text: what natsort makes of a key that YAML reads as something else than text: numbers by their
 * value, booleans as 0 and 1, null before all. */
static const char *
order_text(const struct conf_node *key, char buffer[ORDER_TEXT_MAX])
{
	struct conf_value value = conf_type_of(key);

	switch (value.type) {
	case CONF_TYPE_NULL:
		return "";
	case CONF_TYPE_BOOL:
		return value.boolean ? "1" : "0";
	case CONF_TYPE_INT:
		if (is_conf_int_surprising(key)) {
			(void)snprintf(buffer, ORDER_TEXT_MAX, "%" PRId64, value.integer);
			return buffer;
		}
		return key->scalar.text;
	default:
		return key->scalar.text;
	}
}

static int
check_mapping_order(struct cp_zone_load *load, const struct conf_node *node)
{
	static const char *const names[] = {
		[CP_ORDER_NATURAL] = "natural",
		[CP_ORDER_SIMPLE] = "simple",
	};
	enum cp_key_order mode = load->options->order_mode;
	const struct conf_pair *pairs = node->mapping.pairs;

	for (size_t i = 1; i < node->mapping.cnt; i++) {
		const struct conf_node *key = pairs[i].key;
		const struct conf_node *before = pairs[i - 1].key;
		char buffers[2][ORDER_TEXT_MAX];
		int order = 0;
		int rc = compare_keys(mode, order_text(before, buffers[0]),
				order_text(key, buffers[1]), &order);

		if (rc != 0) {
			return rc;
		}
		if (order > 0) {
			conf_error_add(load->errors, CONF_ERROR, key->file, key->line, key->col,
					"keys out of order: \"%s\" stands behind \"%s\" (%s order; "
					"enforce_order is on)",
					key->scalar.text, before->scalar.text, names[mode]);
			return 0;
		}
	}
	return 0;
}

int
cp_zone_check_order(struct cp_zone_load *load, const struct conf_node *root)
{
	struct conf_walk walk;
	const struct conf_node *node = NULL;
	int rc = 0;

	conf_walk_begin(&walk, root);
	for (node = conf_walk_next(&walk); rc == 0 && node != NULL; node = conf_walk_next(&walk)) {
		if (node->kind == CONF_MAPPING) {
			rc = check_mapping_order(load, node);
		}
	}
	return rc;
}

void
cp_zone_warn_numbers(struct cp_zone_load *load, const struct conf_node *root)
{
	struct conf_walk walk;
	const struct conf_node *node = NULL;

	conf_walk_begin(&walk, root);
	for (node = conf_walk_next(&walk); node != NULL; node = conf_walk_next(&walk)) {
		if (node->kind != CONF_SCALAR || !is_conf_int_surprising(node)) {
			continue;
		}
		conf_error_add(load->errors, CONF_WARNING, node->file, node->line, node->col,
				"%s is read as the number %" PRId64
				": write that, or put quotes around it",
				node->scalar.text, conf_type_of(node).integer);
	}
}

static void
tell_duplicate(struct cp_zone_load *load, const struct cp_record *first,
		const struct cp_record *second)
{
	char buffer[CP_TYPE_NAME_MAX];

	conf_error_add(load->errors, CONF_ERROR, second->file, second->line, second->col,
			"Duplicate record %s, type %s\n"
			"  existing: %s, line %u, column %u\n"
			"  new:      %s, line %u, column %u",
			second->fqdn, cp_type_name(second->type, buffer), first->file, first->line,
			first->col, second->file, second->line, second->col);
}

/* is_forgiven: a reason against several records is, when all of them are lenient or the zone is. */
static bool
is_forgiven(const struct cp_zone_load *load, const struct cp_record_draft *drafts, size_t cnt)
{
	bool is_lenient = true;

	for (size_t i = 0; i < cnt; i++) {
		is_lenient = is_lenient && drafts[i].is_lenient;
	}
	return is_lenient || is_cp_zone_lenient(load);
}

/* places_of: where the records stand, as octoDNS lists them behind a reason. */
static const char *
places_of(const struct cp_zone_load *load, const struct cp_record_draft *drafts, size_t cnt)
{
	const char *places = "";

	for (size_t i = 0; i < cnt && i < PLACES_MAX; i++) {
		const struct cp_record *record = &drafts[i].record;
		const char *more = conf_arena_printf(load->arena, "%s%s%s, line %u, column %u",
				places, i > 0 ? ", " : "", record->file, record->line, record->col);

		places = more != NULL ? more : places;
	}
	return places;
}

/* refuse_cname: where octoDNS would let all records at the name be sent, only the CNAME is, which
 * answers for every type (RFC 1034 §3.6.2). */
static void
refuse_cname(struct cp_zone_load *load, const struct cp_record *cname,
		struct cp_record_draft *drafts, size_t cnt)
{
	bool can_go_on = is_forgiven(load, drafts, cnt);

	conf_error_add(load->errors, can_go_on ? CONF_WARNING : CONF_ERROR, cname->file,
			cname->line, cname->col,
			"Invalid zone \"%s\"\n"
			"  - Invalid state, CNAME at %s cannot coexist with other records (%s)%s",
			cp_idn_decode(load->arena, load->draft->zone.name), cname->fqdn,
			places_of(load, drafts, cnt),
			can_go_on ? ": the others are not served" : "");
	for (size_t i = 0; can_go_on && i < cnt; i++) {
		drafts[i].is_left_out = drafts[i].is_left_out || &drafts[i].record != cname;
	}
}

/* refuse_alias: a lenient one gives way to the addresses beside it, family by family. */
static void
refuse_alias(struct cp_zone_load *load, const struct cp_record *alias,
		const struct cp_record_draft *drafts, size_t cnt)
{
	conf_error_add(load->errors, is_forgiven(load, drafts, cnt) ? CONF_WARNING : CONF_ERROR,
			alias->file, alias->line, alias->col,
			"Invalid zone \"%s\"\n"
			"  - Invalid state, ALIAS at %s cannot coexist with A or AAAA records (%s)",
			cp_idn_decode(load->arena, load->draft->zone.name), alias->fqdn,
			places_of(load, drafts, cnt));
}

/* Records of one owner, all of them adjacent. */
static void
check_owner(struct cp_zone_load *load, struct cp_record_draft *drafts, size_t cnt)
{
	const struct cp_record *cname = NULL;
	const struct cp_record *alias = NULL;
	bool has_address = false;

	for (size_t i = 0; i < cnt; i++) {
		const struct cp_record *record = &drafts[i].record;

		if (record->type == CP_TYPE_CNAME) {
			cname = record;
		}
		if (record->type == CP_TYPE_ALIAS) {
			alias = record;
		}
		has_address = has_address || record->type == CP_TYPE_A ||
		              record->type == CP_TYPE_AAAA;
		if (i > 0 && record->type == drafts[i - 1].record.type) {
			tell_duplicate(load, &drafts[i - 1].record, record);
		}
	}
	if (cname != NULL && drafts[0].record.type != drafts[cnt - 1].record.type) {
		refuse_cname(load, cname, drafts, cnt);
	} else if (alias != NULL && has_address) {
		refuse_alias(load, alias, drafts, cnt);
	}
}

void
cp_zone_check_records(struct cp_zone_load *load)
{
	struct cp_record_draft *drafts = load->draft->records;
	size_t cnt = load->draft->record_cnt;
	size_t first = 0;

	for (size_t i = 1; i <= cnt; i++) {
		if (i == cnt || tbl_name_compare(drafts[first].record.owner,
						drafts[i].record.owner) != 0) {
			check_owner(load, &drafts[first], i - first);
			first = i;
		}
	}
}

static int
compare_zone_name(const void *key, const void *element)
{
	const struct cp_zone_draft *draft = element;

	return strcmp(key, draft->zone.name);
}

static struct cp_zone_draft *
find_zone(const struct cp_zone_load *load, const char *name)
{
	return bsearch(name, load->drafts, load->draft_cnt, sizeof(*load->drafts),
			compare_zone_name);
}

/* parent_of: the name without its first label, "" at the top. Names are lower-cased text; a dot within
 * a label, which a master file may have, is escaped. */
static const char *
parent_of(const char *name)
{
	while (*name != '.' && *name != '\0') {
		name += *name == '\\' && name[1] != '\0' ? 2 : 1;
	}
	return *name == '.' ? name + 1 : name;
}

bool
is_cp_zone_lenient(const struct cp_zone_load *load)
{
	return load->draft->settings != NULL && load->draft->settings->is_lenient;
}

void
cp_zones_mark_inner(struct cp_zone_load *load)
{
	for (size_t i = 0; i < load->draft_cnt; i++) {
		const char *name = parent_of(load->drafts[i].zone.name);

		for (; name[0] != '\0'; name = parent_of(name)) {
			struct cp_zone_draft *outer = find_zone(load, name);

			if (outer != NULL) {
				outer->has_inner = true;
			}
		}
	}
}

/* find_inner: the zone of the set nearest to the name, when it is not the one being read. */
static const struct cp_zone_draft *
find_inner(const struct cp_zone_load *load, const char *fqdn)
{
	const struct cp_zone_draft *found = NULL;

	if (!load->draft->has_inner) {
		return NULL;
	}
	for (; found == NULL && fqdn[0] != '\0' && strcmp(fqdn, load->draft->zone.name) != 0;
			fqdn = parent_of(fqdn)) {
		found = find_zone(load, fqdn);
	}
	return found;
}

void
cp_zone_check_place(struct cp_zone_load *load, struct cp_record_draft *draft)
{
	const struct cp_record *record = &draft->record;
	const struct cp_zone_settings *settings = load->draft->settings;
	const struct cp_zone_draft *inner = find_inner(load, record->fqdn);
	bool is_at_apex = inner != NULL && strcmp(inner->zone.name, record->fqdn) == 0;
	bool is_lenient = draft->is_lenient || is_cp_zone_lenient(load);

	if (inner == NULL || (is_at_apex && (record->type == CP_TYPE_NS ||
							    record->type == CP_TYPE_DS))) {
		return;
	}
	draft->is_left_out = is_lenient || (settings != NULL && settings->ignore_subzone_adds);
	conf_error_add(load->errors, draft->is_left_out ? CONF_WARNING : CONF_ERROR, record->file,
			record->line, record->col,
			is_at_apex ? "Record %s is a managed sub-zone and not of type NS or DS%s"
				   : "Record %s is under a managed subzone%s",
			record->fqdn, draft->is_left_out ? ": not served" : "");
}
