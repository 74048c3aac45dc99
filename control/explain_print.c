/* The explanation for people: the question's way through the table, top to bottom. */
#include <stdbool.h>
#include <string.h>

#include "control/explain.h"
#include "control/json_read.h"

static void
print_match(const json_t *match, FILE *out)
{
	if (strcmp(cp_json_text(match, "kind"), "none") == 0) {
		(void)fprintf(out, "  zone      in none of ours: refused\n");
		return;
	}
	(void)fprintf(out, "  zone      %s\n", cp_json_text(match, "zone"));
	if (strcmp(cp_json_text(match, "kind"), "exact") == 0) {
		(void)fprintf(out, "  name      %s exists\n", cp_json_text(match, "name"));
	} else if (json_object_get(match, "wildcard") != NULL) {
		(void)fprintf(out,
				"  name      does not exist; closest encloser %s, answered by %s\n",
				cp_json_text(match, "name"), cp_json_text(match, "wildcard"));
	} else {
		(void)fprintf(out,
				"  name      does not exist; closest encloser %s has no wildcard\n",
				cp_json_text(match, "name"));
	}
	if (json_object_get(match, "delegated_at") != NULL) {
		(void)fprintf(out, "  cut       delegated at %s\n",
				cp_json_text(match, "delegated_at"));
	}
}

static void
print_client(const json_t *client, FILE *out)
{
	(void)fprintf(out, "  client    %s", cp_json_text(client, "address"));
	if (json_object_get(client, "place") != NULL) {
		(void)fprintf(out, ", in %s (%s) by %s of the database",
				cp_json_text(client, "place"), cp_json_text(client, "place_name"),
				cp_json_text(client, "place_prefix"));
	} else if (is_cp_json_true(client, "has_geo_database")) {
		(void)fprintf(out, ", in no place the database knows");
	} else {
		(void)fprintf(out, ", no geo database at hand to name its place");
	}
	(void)fprintf(out, "\n            all of %s is class %lld of the table\n",
			cp_json_text(client, "prefix"), cp_json_number(client, "class"));
}

static void
print_rule(const json_t *rule, FILE *out)
{
	const char *geos = cp_json_text(rule, "geos");
	const char *subnets = cp_json_text(rule, "subnets");

	(void)fprintf(out, "  %s rule %lld  ", is_cp_json_true(rule, "is_chosen") ? "->" : "  ",
			cp_json_number(rule, "number"));
	if (geos[0] == '\0' && subnets[0] == '\0') {
		(void)fprintf(out, "everybody else");
	}
	(void)fprintf(out, "%s%s%s -> pool %s\n               %s: %s\n", subnets,
			geos[0] != '\0' && subnets[0] != '\0' ? ", " : "", geos,
			cp_json_text(rule, "pool"),
			is_cp_json_true(rule, "is_chosen") ? "chosen" : "not chosen",
			cp_json_text(rule, "because"));
}

static void
print_value(const json_t *value, FILE *out)
{
	const json_t *health = json_object_get(value, "health");
	const char *because = cp_json_text(health, "because");
	const char *target = cp_json_text(health, "target");

	(void)fprintf(out, "               %s  weight %lld, %s", cp_json_text(value, "value"),
			cp_json_number(value, "weight"), cp_json_text(health, "state"));
	if (target[0] != '\0') {
		(void)fprintf(out, " (%s%s%s)", target, because[0] != '\0' ? ": " : "", because);
	} else if (because[0] != '\0') {
		(void)fprintf(out, " (%s)", because);
	}
	(void)fprintf(out, ", answered %.4g %% of the time\n",
			100.0 * json_real_value(json_object_get(value, "share")));
}

static void
print_pools(const json_t *decision, FILE *out)
{
	for (size_t i = 0; i < cp_json_count(decision, "pools"); i++) {
		const json_t *pool = cp_json_item(decision, "pools", i);

		(void)fprintf(out, "  %s %s %s%s\n",
				is_cp_json_true(pool, "is_answering") ? "->" : "  ",
				i == 0 ? "pool" : "fallback to pool", cp_json_text(pool, "pool"),
				is_cp_json_true(pool, "is_answering") ? ""
								      : ": no value of it is up");
		for (size_t j = 0; j < cp_json_count(pool, "values"); j++) {
			const json_t *value = cp_json_item(pool, "values", j);

			print_value(value, out);
		}
	}
	if (is_cp_json_true(decision, "is_last_resort")) {
		(void)fprintf(out, "  -> the record's own values, all of them: the last resort\n");
	}
}

static void
print_decision(const json_t *decision, FILE *out)
{
	if (!json_is_object(decision)) {
		(void)fprintf(out, "  record    no dynamic record: every client gets this reply\n");
		return;
	}
	(void)fprintf(out, "  record    %s %s is dynamic\n", cp_json_text(decision, "record"),
			cp_json_text(decision, "type"));
	for (size_t i = 0; i < cp_json_count(decision, "rules"); i++) {
		const json_t *rule = cp_json_item(decision, "rules", i);

		print_rule(rule, out);
	}
	if (json_object_get(decision, "rule") == NULL) {
		(void)fprintf(out, "  -> no rule matches\n");
	}
	print_pools(decision, out);
}

static void
print_records(const json_t *reply, const char *section, FILE *out)
{
	for (size_t i = 0; i < cp_json_count(reply, section); i++) {
		const json_t *record = cp_json_item(reply, section, i);

		(void)fprintf(out, "  %-10s%s %lld IN %s %s\n", i == 0 ? section : "",
				cp_json_text(record, "name"), cp_json_number(record, "ttl_s"),
				cp_json_text(record, "type"), cp_json_text(record, "rdata"));
	}
}

void
cp_explain_print(const json_t *explained, FILE *out)
{
	const json_t *question = json_object_get(explained, "question");
	const json_t *reply = json_object_get(explained, "reply");

	(void)fprintf(out, "%s %s, asked from %s (generation %lld.%lld)\n",
			cp_json_text(question, "name"), cp_json_text(question, "type"),
			cp_json_text(question, "from"), cp_json_number(explained, "generation"),
			cp_json_number(explained, "sequence"));
	print_match(json_object_get(explained, "match"), out);
	if (strcmp(cp_json_text(explained, "rcode"), "REFUSED") != 0) {
		print_client(json_object_get(explained, "client"), out);
		print_decision(json_object_get(explained, "decision"), out);
	}
	(void)fprintf(out, "  reply     %s%s%s\n", cp_json_text(explained, "rcode"),
			is_cp_json_true(explained, "is_authoritative") ? ", authoritative" : "",
			is_cp_json_true(explained, "is_referral") ? ", a referral" : "");
	print_records(reply, "answer", out);
	print_records(reply, "authority", out);
	print_records(reply, "additional", out);
	(void)fprintf(out, "  scope     /%lld: the same answer may be given to all of %s\n",
			cp_json_number(explained, "ecs_scope_bits"),
			cp_json_text(explained, "ecs_scope_prefix"));
}
