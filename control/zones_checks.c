/*
 * What only a whole file, or the set of zones, can show to be wrong.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "table/name.h"

#include "control/natsort.h"
#include "control/zones_impl.h"

struct frame {
	const struct conf_node *node;
	size_t next; /* child to visit */
};

static void
check_mapping_order(struct cp_zone_load *load, const struct conf_node *node)
{
	const struct conf_pair *pairs = node->mapping.pairs;

	for (size_t i = 1; i < node->mapping.cnt; i++) {
		const struct conf_node *key = pairs[i].key;
		const char *before = pairs[i - 1].key->scalar.text;

		if (cp_natural_compare(before, key->scalar.text) > 0) {
			conf_error_add(load->errors, CONF_ERROR, key->file, key->line, key->col,
					"keys out of order: \"%s\" stands behind \"%s\" (natural "
					"order; enforce_order is on)",
					key->scalar.text, before);
			return;
		}
	}
}

static struct conf_node *
child_at(const struct conf_node *node, size_t at)
{
	if (node->kind == CONF_MAPPING && at < node->mapping.cnt) {
		return node->mapping.pairs[at].value;
	}
	if (node->kind == CONF_SEQUENCE && at < node->sequence.cnt) {
		return node->sequence.items[at];
	}
	return NULL;
}

void
cp_zone_check_order(struct cp_zone_load *load, const struct conf_node *root)
{
	struct frame stack[CONF_YAML_DEPTH_MAX + 1]; /* a scalar may stand below the deepest one */
	size_t depth = 1;

	stack[0] = (struct frame){ .node = root };
	while (depth > 0) {
		struct frame *top = &stack[depth - 1];
		const struct conf_node *child = child_at(top->node, top->next);

		if (top->next == 0 && top->node->kind == CONF_MAPPING) {
			check_mapping_order(load, top->node);
		}
		top->next++;
		if (child == NULL) {
			depth--;
		} else if (child->kind != CONF_SCALAR) {
			stack[depth++] = (struct frame){ .node = child };
		}
	}
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

/* Records of one owner, all of them adjacent. */
static void
check_owner(struct cp_zone_load *load, const struct cp_record_draft *drafts, size_t cnt)
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
			const struct cp_record *first = &drafts[i - 1].record;
			char buffer[16];

			conf_error_add(load->errors, CONF_ERROR, record->file, record->line,
					record->col,
					"Duplicate record %s, type %s\n"
					"  existing: %s, line %u, column %u\n"
					"  new: %s, line %u, column %u",
					record->fqdn, cp_type_name(record->type, buffer),
					first->file, first->line, first->col, record->file,
					record->line, record->col);
		}
	}
	if (cname != NULL && drafts[0].record.type != drafts[cnt - 1].record.type) {
		conf_error_add(load->errors, CONF_ERROR, cname->file, cname->line, cname->col,
				"Invalid zone \"%s\"\n"
				"  - Invalid state, CNAME at %s cannot coexist with other records",
				load->draft->zone.name, cname->fqdn);
	} else if (alias != NULL && has_address) {
		conf_error_add(load->errors, CONF_ERROR, alias->file, alias->line, alias->col,
				"Invalid zone \"%s\"\n"
				"  - Invalid state, ALIAS at %s cannot coexist with A or AAAA "
				"records",
				load->draft->zone.name, alias->fqdn);
	}
}

static bool
is_same_name(const uint8_t *a, const uint8_t *b)
{
	return is_tbl_name_within(a, b) && is_tbl_name_within(b, a);
}

void
cp_zone_check_records(struct cp_zone_load *load)
{
	const struct cp_record_draft *drafts = load->draft->records;
	size_t cnt = load->draft->record_cnt;
	size_t first = 0;

	for (size_t i = 1; i <= cnt; i++) {
		if (i == cnt || !is_same_name(drafts[first].record.owner, drafts[i].record.owner)) {
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

/* find_inner: the zone of the set nearest to the record's owner, when it is not `own`. The fqdn is
 * lower-cased text without escapes in its dots: only such names are zones of files. */
static const struct cp_zone_draft *
find_inner(const struct cp_zone_draft *drafts, size_t cnt, const struct cp_zone_draft *own,
		const char *fqdn)
{
	for (const char *at = fqdn; strcmp(at, own->zone.name) != 0;) {
		const struct cp_zone_draft *found =
				bsearch(at, drafts, cnt, sizeof(*drafts), compare_zone_name);
		const char *dot = strchr(at, '.');

		if (found != NULL || dot == NULL || dot[1] == '\0') {
			return found;
		}
		at = dot + 1;
	}
	return NULL;
}

void
cp_zones_check_nesting(struct cp_zone_draft *drafts, size_t cnt, struct conf_errors *errors)
{
	for (size_t i = 0; i < cnt; i++) {
		for (size_t k = 0; k < drafts[i].record_cnt; k++) {
			const struct cp_record *record = &drafts[i].records[k].record;
			const struct cp_zone_draft *inner =
					find_inner(drafts, cnt, &drafts[i], record->fqdn);
			bool is_at_apex = inner != NULL &&
			                  strcmp(inner->zone.name, record->fqdn) == 0;
			enum conf_level level =
					drafts[i].records[k].is_lenient ? CONF_WARNING : CONF_ERROR;

			if (inner == NULL ||
					(is_at_apex && (record->type == CP_TYPE_NS ||
								       record->type == CP_TYPE_DS))) {
				continue;
			}
			conf_error_add(errors, level, record->file, record->line, record->col,
					is_at_apex ? "Record %s is a managed sub-zone and not of "
						     "type NS or DS"
						   : "Record %s is under a managed subzone",
					record->fqdn);
			drafts[i].zone.has_errors |= level == CONF_ERROR;
		}
	}
}
