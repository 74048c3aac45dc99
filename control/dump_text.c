#include <stdint.h>

#include "control/dump_impl.h"
#include "control/json_read.h"

void
cp_dump_text_header(const json_t *header, FILE *out)
{
	const json_t *selection = json_object_get(header, "selection");
	const json_t *geo = json_object_get(header, "geo");

	(void)fprintf(out,
			"table format %lld, generation %lld, %lld bytes, built at unix time %lld "
			"s\n",
			cp_json_number(header, "version"), cp_json_number(header, "generation"),
			cp_json_number(header, "image_bytes"),
			cp_json_number(header, "built_unix_s"));
	(void)fprintf(out, "checksum %s, content hash %s\n", cp_json_text(header, "checksum"),
			cp_json_text(header, "content_hash"));
	(void)fprintf(out,
			"deepest name %lld labels, %lld location classes, %lld IPv4 locations, "
			"%lld slots\n",
			cp_json_number(header, "max_labels"), cp_json_number(header, "classes"),
			cp_json_number(header, "ipv4_locations"), cp_json_number(header, "slots"));
	if (cp_json_text(geo, "description")[0] == '\0') {
		(void)fprintf(out, "compiled without a geo database\n");
	} else {
		(void)fprintf(out, "geo database %s, built at unix time %lld s, with %s\n",
				cp_json_text(geo, "description"),
				cp_json_number(geo, "built_unix_s"), cp_json_text(geo, "places"));
	}
	(void)fprintf(out, "selection sequence %lld: %lld sets, %lld draws\n",
			cp_json_number(selection, "sequence"), cp_json_number(selection, "sets"),
			cp_json_number(selection, "aliases"));
	(void)fprintf(out, "\nsections\n");
	for (size_t i = 0; i < cp_json_count(header, "sections"); i++) {
		const json_t *section = cp_json_item(header, "sections", i);

		(void)fprintf(out, "  %-11s at byte %lld: %lld of %lld bytes\n",
				cp_json_text(section, "name"),
				cp_json_number(section, "offset_bytes"),
				cp_json_number(section, "count"),
				cp_json_number(section, "element_bytes"));
	}
}

static void
print_records(const json_t *records, const char *indent, FILE *out)
{
	for (size_t i = 0; i < json_array_size(records); i++) {
		const json_t *record = json_array_get(records, i);

		(void)fprintf(out, "%s%s %lld IN %s %s\n", indent, cp_json_text(record, "name"),
				cp_json_number(record, "ttl_s"), cp_json_text(record, "type"),
				cp_json_text(record, "rdata"));
	}
}

void
cp_dump_text_zone(const json_t *zone, FILE *out)
{
	(void)fprintf(out, "  zone %lld  %s  apex is node %lld, %lld RRsets%s; says no with\n",
			cp_json_number(zone, "zone"), cp_json_text(zone, "name"),
			cp_json_number(zone, "apex_node"), cp_json_number(zone, "rrsets"),
			is_cp_json_true(zone, "ecs") ? "" : ", client subnets do not count");
	print_records(json_object_get(json_object_get(zone, "negative_answer"), "answer"), "      ",
			out);
}

void
cp_dump_text_name(const json_t *name, FILE *out)
{
	(void)fprintf(out, "  node %lld  %s  zone %lld", cp_json_number(name, "node"),
			cp_json_text(name, "name"), cp_json_number(name, "zone"));
	for (size_t i = 0; i < cp_json_count(name, "flags"); i++) {
		const json_t *item = cp_json_item(name, "flags", i);

		(void)fprintf(out, ", %s", json_string_value(item));
	}
	if (json_array_size(json_object_get(name, "rrsets")) == 0) {
		(void)fprintf(out, ", empty");
	}
	if (json_object_get(name, "wildcard_node") != NULL) {
		(void)fprintf(out, ", wildcard below is node %lld",
				cp_json_number(name, "wildcard_node"));
	}
	if (json_object_get(name, "delegated_at_node") != NULL) {
		(void)fprintf(out, ", delegated at node %lld",
				cp_json_number(name, "delegated_at_node"));
	}
	(void)fputc('\n', out);
	for (size_t i = 0; i < cp_json_count(name, "rrsets"); i++) {
		const json_t *item = cp_json_item(name, "rrsets", i);

		if (json_object_get(item, "dynamic_record") != NULL) {
			(void)fprintf(out, "      %s %s: dynamic record %lld\n",
					cp_json_text(name, "name"), cp_json_text(item, "type"),
					cp_json_number(item, "dynamic_record"));
		}
		print_records(json_object_get(item, "records"), "      ", out);
		print_records(json_object_get(item, "glue"), "      glue ", out);
		print_records(json_object_get(item, "additional"), "      additional ", out);
	}
}

static void
print_pool(const json_t *pool, FILE *out)
{
	(void)fprintf(out, "      pool %s", cp_json_text(pool, "name"));
	if (json_object_get(pool, "fallback") != NULL) {
		(void)fprintf(out, ", fallback %s", cp_json_text(pool, "fallback"));
	}
	(void)fputc('\n', out);
	for (size_t i = 0; i < cp_json_count(pool, "values"); i++) {
		const json_t *value = cp_json_item(pool, "values", i);

		(void)fprintf(out, "        %s  weight %lld, status %s",
				cp_json_text(value, "value"), cp_json_number(value, "weight"),
				cp_json_text(value, "status"));
		if (json_object_get(value, "target") != NULL) {
			(void)fprintf(out, ", target %lld", cp_json_number(value, "target"));
		}
		(void)fputc('\n', out);
	}
}

void
cp_dump_text_dynamic(const json_t *dynamic, FILE *out)
{
	(void)fprintf(out, "  record %lld  %s %s  TTL %lld s, rule set %lld, slots from %lld\n",
			cp_json_number(dynamic, "record"), cp_json_text(dynamic, "name"),
			cp_json_text(dynamic, "type"), cp_json_number(dynamic, "ttl_s"),
			cp_json_number(dynamic, "rule_set"), cp_json_number(dynamic, "first_slot"));
	for (size_t i = 0; i < cp_json_count(dynamic, "pools"); i++) {
		const json_t *pool = cp_json_item(dynamic, "pools", i);

		print_pool(pool, out);
	}
	(void)fprintf(out, "      last resort\n");
	print_records(json_object_get(dynamic, "last_resort"), "        ", out);
}

void
cp_dump_text_ruleset(const json_t *ruleset, FILE *out)
{
	(void)fprintf(out, "  rule set %lld\n", cp_json_number(ruleset, "rule_set"));
	for (size_t i = 0; i < cp_json_count(ruleset, "rules"); i++) {
		const json_t *item = cp_json_item(ruleset, "rules", i);
		const char *geos = cp_json_text(item, "geos");
		const char *subnets = cp_json_text(item, "subnets");
		bool is_catch_all = geos[0] == '\0' && subnets[0] == '\0';

		(void)fprintf(out, "      rule %lld -> pool number %lld: %s%s%s\n",
				cp_json_number(item, "rule"), cp_json_number(item, "pool"),
				is_catch_all ? "everybody else" : subnets,
				subnets[0] != '\0' && geos[0] != '\0' ? ", " : "", geos);
	}
	(void)fprintf(out, "      class:rule (0: none matches)");
	for (size_t i = 0; i < cp_json_count(ruleset, "rule_by_class"); i++) {
		const json_t *item = cp_json_item(ruleset, "rule_by_class", i);

		(void)fprintf(out, " %zu:%lld", i, (long long)json_integer_value(item));
	}
	(void)fputc('\n', out);
}

void
cp_dump_text_target(const json_t *target, FILE *out)
{
	(void)fprintf(out, "  target %lld  %s\n", cp_json_number(target, "target"),
			cp_json_text(target, "key"));
}

void
cp_dump_text_location(const json_t *location, FILE *out)
{
	(void)fprintf(out, "  location %lld  %s  class %lld, scope by rule set",
			cp_json_number(location, "location"), cp_json_text(location, "prefix"),
			cp_json_number(location, "class"));
	for (size_t i = 0; i < cp_json_count(location, "scope_bits_by_rule_set"); i++) {
		const json_t *scope = cp_json_item(location, "scope_bits_by_rule_set", i);

		(void)fprintf(out, " /%lld", (long long)json_integer_value(scope));
	}
	(void)fputc('\n', out);
}

void
cp_dump_text_slot(const json_t *slot, FILE *out)
{
	(void)fprintf(out, "  slot %lld  set %lld\n", cp_json_number(slot, "slot"),
			cp_json_number(slot, "set"));
}

void
cp_dump_text_set(const json_t *set, FILE *out)
{
	if (is_cp_json_true(set, "is_last_resort")) {
		(void)fprintf(out, "  set %lld  last resort:", cp_json_number(set, "set"));
	} else {
		(void)fprintf(out, "  set %lld  pool %s (%lld):", cp_json_number(set, "set"),
				cp_json_text(set, "pool"), cp_json_number(set, "pool_index"));
	}
	for (size_t i = 0; i < cp_json_count(set, "draws"); i++) {
		const json_t *draw = cp_json_item(set, "draws", i);

		(void)fprintf(out, " answer %lld", cp_json_number(draw, "answer"));
		if (cp_json_number(draw, "threshold") != UINT32_MAX) {
			(void)fprintf(out, " below %lld else %lld",
					cp_json_number(draw, "threshold"),
					cp_json_number(draw, "other"));
		}
	}
	(void)fputc('\n', out);
}
