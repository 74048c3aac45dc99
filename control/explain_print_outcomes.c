/* Every distinct outcome for people: who gets it, how many they are, and what it is. */
#include <stdbool.h>
#include <string.h>

#include "control/explain_print.h"
#include "control/json_read.h"

#define COUNTRIES_NAMED 6u /* fill a line; the rest is counted */

static void
print_countries(const json_t *countries, FILE *out)
{
	size_t cnt = json_array_size(countries);
	size_t named = cnt > COUNTRIES_NAMED ? COUNTRIES_NAMED : cnt;

	if (cnt == 0) {
		return;
	}
	(void)fprintf(out, "    ");
	for (size_t i = 0; i < named; i++) {
		const json_t *country = json_array_get(countries, i);

		(void)fprintf(out, "%s%s%s", i > 0 ? ", " : "",
				is_cp_json_true(country, "is_whole") ? "" : "part of ",
				cp_json_text(country, "name"));
	}
	if (cnt > named) {
		(void)fprintf(out, " and %zu more", cnt - named);
	}
	(void)fputc('\n', out);
}

static void
print_decision(const json_t *decision, FILE *out)
{
	const char *geos = cp_json_text(decision, "geos");
	const char *subnets = cp_json_text(decision, "subnets");
	const char *rule_pool = cp_json_text(decision, "rule_pool");
	const char *pool = cp_json_text(decision, "pool");

	(void)fprintf(out, "    %s %s: ", cp_json_text(decision, "record"),
			cp_json_text(decision, "type"));
	if (json_object_get(decision, "rule") == NULL) {
		(void)fprintf(out, "no rule matches");
	} else {
		bool is_catch_all = geos[0] == '\0' && subnets[0] == '\0';

		(void)fprintf(out, "rule %lld, %s%s%s -> pool %s", cp_json_number(decision, "rule"),
				is_catch_all ? "everybody else" : subnets,
				subnets[0] != '\0' && geos[0] != '\0' ? ", " : "", geos, rule_pool);
	}
	if (is_cp_json_true(decision, "is_last_resort")) {
		(void)fprintf(out, " -> the record's own values: nothing is up");
	} else if (json_string_length(json_object_get(decision, "pool")) > 0 &&
			!json_equal(json_object_get(decision, "pool"),
					json_object_get(decision, "rule_pool"))) {
		(void)fprintf(out, " -> fallback to pool %s", pool);
	}
	(void)fputc('\n', out);
}

/* "NOERROR" alone would leave open whether there is anything. */
static const char *
rcode_meaning(const json_t *outcome)
{
	if (is_cp_json_true(outcome, "is_referral")) {
		return ", a referral to";
	}
	if (strcmp(cp_json_text(outcome, "rcode"), "NOERROR") == 0 &&
			json_object_get(outcome, "values") == NULL &&
			cp_json_count(outcome, "records") == 0) {
		return ", and no record of this type";
	}
	return "";
}

static void
print_outcome(const json_t *outcome, bool has_database, FILE *out)
{
	(void)fprintf(out, "\n  IPv4 %s, IPv6 %s", cp_json_text(outcome, "ipv4_percent"),
			cp_json_text(outcome, "ipv6_percent"));
	if (has_database) {
		(void)fprintf(out, " (%s and %s of what the database names)",
				cp_json_text(outcome, "ipv4_known_percent"),
				cp_json_text(outcome, "ipv6_known_percent"));
	}
	(void)fprintf(out, "\n");
	print_countries(json_object_get(outcome, "countries"), out);
	for (size_t i = 0; i < cp_json_count(outcome, "decisions"); i++) {
		print_decision(cp_json_item(outcome, "decisions", i), out);
	}
	if (is_cp_json_true(outcome, "is_parted")) {
		(void)fprintf(out, "    one of these CNAMEs, and what it leads to: explain that "
				   "name\n");
	} else {
		(void)fprintf(out, "    %s%s\n", cp_json_text(outcome, "rcode"),
				rcode_meaning(outcome));
	}
	cp_explain_print_values(json_object_get(outcome, "values"), out);
	if (json_object_get(outcome, "values") == NULL) {
		cp_explain_print_records(json_object_get(outcome, "records"), "      ", out);
	}
}

void
cp_explain_print_outcomes(const json_t *explained, FILE *out)
{
	size_t cnt = cp_json_count(explained, "outcomes");
	const json_t *database = json_object_get(explained, "database");

	(void)fprintf(out, "%zu %s, over all addresses", cnt,
			cnt == 1 ? "answer for everybody" : "different answers");
	if (database != NULL) {
		(void)fprintf(out, "; countries by %s", cp_json_text(database, "description"));
	}
	(void)fputc('\n', out);
	for (size_t i = 0; i < cnt; i++) {
		print_outcome(cp_json_item(explained, "outcomes", i), database != NULL, out);
	}
}
