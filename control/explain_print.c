/* An explanation of one client for people: the question's way through the table, top to bottom,
 * then the answer as dig would print it. */
#include "control/explain_print.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "control/explain.h"
#include "control/json_read.h"

static void
print_client(const json_t *client, FILE *out)
{
	(void)fprintf(out, "client    %s: %s\n", cp_json_text(client, "address"),
			cp_json_text(client, "because"));
	if (json_object_get(client, "place") != NULL) {
		(void)fprintf(out, "          in %s (%s, %s) by %s of the database\n",
				cp_json_text(client, "place"), cp_json_text(client, "place_name"),
				cp_json_text(client, "continent_name"),
				cp_json_text(client, "place_prefix"));
	} else if (is_cp_json_true(client, "has_geo_database")) {
		(void)fprintf(out, "          in no place that the database knows\n");
	} else {
		(void)fprintf(out, "          no geo database at hand to name its place\n");
	}
	if (json_is_false(json_object_get(client, "is_geo_of_table"))) {
		const char *of_table = cp_json_text(client, "geo_of_table");

		(void)fprintf(out,
				"          ANOTHER DATABASE: the table was made with %s, this is "
				"%s\n",
				of_table[0] != '\0' ? of_table : "none",
				cp_json_text(client, "geo_at_hand"));
	}
	(void)fprintf(out, "          all of %s is class %lld of the table\n",
			cp_json_text(client, "prefix"), cp_json_number(client, "class"));
}

static void
print_rule(const json_t *rule, FILE *out)
{
	const char *geos = cp_json_text(rule, "geos");
	const char *subnets = cp_json_text(rule, "subnets");
	bool is_chosen = is_cp_json_true(rule, "is_chosen");

	(void)fprintf(out, "  %s rule %lld  ", is_chosen ? "->" : "  ",
			cp_json_number(rule, "number"));
	if (geos[0] == '\0' && subnets[0] == '\0') {
		(void)fprintf(out, "everybody else");
	}
	(void)fprintf(out, "%s%s%s -> pool %s\n             %s: %s%s\n", subnets,
			geos[0] != '\0' && subnets[0] != '\0' ? ", " : "", geos,
			cp_json_text(rule, "pool"), is_chosen ? "chosen" : "not chosen",
			cp_json_text(rule, "because"),
			is_cp_json_true(rule, "is_ever_chosen")
					? ""
					: "; no address at all gets this rule");
}

/* " (2 h 5 min)" */
static void
print_age(long long age_s, FILE *out)
{
	if (age_s < 60) {
		(void)fprintf(out, " (%lld s)", age_s);
	} else if (age_s < 3600) {
		(void)fprintf(out, " (%lld min)", age_s / 60);
	} else {
		(void)fprintf(out, " (%lld h %lld min)", age_s / 3600, age_s / 60 % 60);
	}
}

/* " since 2026-11-23 20:14:05 UTC (2 h 5 min)" */
static void
print_since(const json_t *health, FILE *out)
{
	time_t since = (time_t)(cp_json_number(health, "since_unix_ms") / 1000);
	char text[32];
	struct tm tm;

	if (json_object_get(health, "since_unix_ms") == NULL || gmtime_r(&since, &tm) == NULL ||
			strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) == 0) {
		return;
	}
	(void)fprintf(out, " since %s UTC", text);
	if (json_object_get(health, "since_ago_ms") != NULL) {
		print_age(cp_json_number(health, "since_ago_ms") / 1000, out);
	}
}

static void
print_never_answered(const json_t *health, FILE *out)
{
	(void)fprintf(out, "               HAS NEVER ANSWERED since it is watched");
	if (json_object_get(health, "watched_ago_ms") != NULL) {
		print_age(cp_json_number(health, "watched_ago_ms") / 1000, out);
	}
	(void)fprintf(out, "%s\n",
			is_cp_json_true(health, "is_default_check")
					? "; this is octoDNS's DEFAULT CHECK, which the zone file "
					  "does not write"
					: "");
}

static void
print_value(const json_t *value, FILE *out)
{
	const json_t *health = json_object_get(value, "health");
	const char *because = cp_json_text(health, "because");
	const char *target = cp_json_text(health, "target");

	(void)fprintf(out, "             %s  weight %lld: %.4g %% of the answers\n",
			cp_json_text(value, "value"), cp_json_number(value, "weight"),
			100.0 * json_real_value(json_object_get(value, "share")));
	(void)fprintf(out, "               %s", cp_json_text(health, "state"));
	print_since(health, out);
	(void)fprintf(out, "%s%s%s%s\n", target[0] != '\0' ? ", " : "", target,
			because[0] != '\0' ? ": " : "", because);
	if (is_cp_json_true(health, "has_never_answered")) {
		print_never_answered(health, out);
	}
	if (cp_json_text(value, "note")[0] != '\0') {
		(void)fprintf(out, "               %s\n", cp_json_text(value, "note"));
	}
}

void
cp_explain_print_values(const json_t *values, FILE *out)
{
	for (size_t i = 0; i < json_array_size(values); i++) {
		print_value(json_array_get(values, i), out);
	}
}

static void
print_pools(const json_t *decision, FILE *out)
{
	for (size_t i = 0; i < cp_json_count(decision, "pools"); i++) {
		const json_t *pool = cp_json_item(decision, "pools", i);
		bool is_answering = is_cp_json_true(pool, "is_answering");

		(void)fprintf(out, "  %s %s %s: %s%s\n", is_answering ? "->" : "  ",
				i == 0 ? "pool" : "fallback to pool", cp_json_text(pool, "pool"),
				is_answering ? "" : "skipped, ", cp_json_text(pool, "because"));
		cp_explain_print_values(json_object_get(pool, "values"), out);
	}
	if (is_cp_json_true(decision, "is_last_resort")) {
		(void)fprintf(out, "  -> the record's own values, all of them: the last resort\n");
	}
}

static void
print_decision(const json_t *decision, FILE *out)
{
	const json_t *ecs = json_object_get(decision, "ecs");

	(void)fprintf(out, "record    %s %s is dynamic\n", cp_json_text(decision, "record"),
			cp_json_text(decision, "type"));
	for (size_t i = 0; i < cp_json_count(decision, "rules"); i++) {
		print_rule(cp_json_item(decision, "rules", i), out);
	}
	if (json_object_get(decision, "rule") == NULL) {
		(void)fprintf(out, "  -> no rule matches\n");
	}
	print_pools(decision, out);
	(void)fprintf(out, "  scope /%lld: %s\n", cp_json_number(ecs, "scope_bits"),
			cp_json_text(ecs, "because"));
}

static void
print_step(const json_t *step, bool is_first, FILE *out)
{
	const json_t *decision = json_object_get(step, "decision");

	(void)fprintf(out, "%s %s %s\n", is_first ? "name     " : "then     ",
			cp_json_text(step, "name"), cp_json_text(step, "because"));
	if (is_first && cp_json_text(step, "zone")[0] != '\0') {
		(void)fprintf(out, "          zone %s\n", cp_json_text(step, "zone"));
	}
	if (decision != NULL) {
		print_decision(decision, out);
	}
}

static void
print_ecs(const json_t *ecs, FILE *out)
{
	(void)fprintf(out, "scope     /%lld, %s: %s\n", cp_json_number(ecs, "scope_bits"),
			cp_json_text(ecs, "scope_prefix"), cp_json_text(ecs, "because"));
}

static void
print_sizes(const json_t *sizes, FILE *out)
{
	for (size_t i = 0; i < json_array_size(sizes); i++) {
		const json_t *size = json_array_get(sizes, i);
		bool is_udp = strcmp(cp_json_text(size, "transport"), "udp") == 0;

		(void)fprintf(out, "%s %s %lld bytes", i == 0 ? "size     " : "         ",
				is_udp ? "UDP up to" : "TCP up to",
				cp_json_number(size, "limit_bytes"));
		(void)fprintf(out, "%s: %s", is_cp_json_true(size, "has_edns") ? "" : " (no EDNS)",
				is_cp_json_true(size, "is_truncated")
						? "TRUNCATED, no records, ask by TCP"
						: "whole");
		if (cp_json_number(size, "left_out_records") > 0) {
			(void)fprintf(out, " but for %lld additional records",
					cp_json_number(size, "left_out_records"));
		}
		(void)fprintf(out, ", %lld bytes\n", cp_json_number(size, "sent_bytes"));
	}
}

/* As dig prints it */

void
cp_explain_print_records(const json_t *records, const char *indent, FILE *out)
{
	for (size_t i = 0; i < json_array_size(records); i++) {
		const json_t *record = json_array_get(records, i);
		const json_t *drawn = json_object_get(record, "drawn");

		(void)fprintf(out, "%s%s\t%lld\tIN\t%s\t%s", indent, cp_json_text(record, "name"),
				cp_json_number(record, "ttl_s"), cp_json_text(record, "type"),
				cp_json_text(record, "rdata"));
		if (drawn != NULL) {
			(void)fprintf(out, "\t; one of %lld values, in %.4g %% of the answers",
					cp_json_number(drawn, "of_values"),
					100.0 * json_real_value(json_object_get(drawn, "share")));
		}
		(void)fputc('\n', out);
	}
}

static void
print_header(const json_t *explained, FILE *out)
{
	const json_t *reply = json_object_get(explained, "reply");
	const json_t *ecs = json_object_get(explained, "ecs");
	bool has_ecs = is_cp_json_true(ecs, "is_sent");

	(void)fprintf(out, ";; ->>HEADER<<- opcode: QUERY, status: %s\n",
			cp_json_text(explained, "rcode"));
	(void)fprintf(out,
			";; flags: qr%s; QUERY: 1, ANSWER: %zu, AUTHORITY: %zu, ADDITIONAL: %zu\n",
			is_cp_json_true(explained, "is_authoritative") ? " aa" : "",
			cp_json_count(reply, "answer"), cp_json_count(reply, "authority"),
			cp_json_count(reply, "additional") + (has_ecs ? 1 : 0));
	if (has_ecs) {
		(void)fprintf(out,
				"\n;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n"
				"; CLIENT-SUBNET: %s/%lld\n",
				cp_json_text(json_object_get(explained, "question"), "ecs"),
				cp_json_number(ecs, "scope_bits"));
	}
}

static void
print_reply(const json_t *explained, FILE *out)
{
	static const struct {
		const char *member, *title;
	} sections[] = {
		{ "answer", "ANSWER" },
		{ "authority", "AUTHORITY" },
		{ "additional", "ADDITIONAL" },
	};
	const json_t *question = json_object_get(explained, "question");
	const json_t *reply = json_object_get(explained, "reply");

	(void)fputc('\n', out);
	print_header(explained, out);
	(void)fprintf(out, "\n;; QUESTION SECTION:\n;%s\t\tIN\t%s\n",
			cp_json_text(question, "name"), cp_json_text(question, "type"));
	if (reply == NULL) {
		(void)fprintf(out, "\n;; longer than any DNS message: truncated by TCP too\n");
	}
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		if (cp_json_count(reply, sections[i].member) > 0) {
			(void)fprintf(out, "\n;; %s SECTION:\n", sections[i].title);
			cp_explain_print_records(
					json_object_get(reply, sections[i].member), "", out);
		}
	}
}

static void
print_title(const json_t *explained, FILE *out)
{
	const json_t *question = json_object_get(explained, "question");
	const char *from = cp_json_text(question, "from");
	const char *ecs = cp_json_text(question, "ecs");

	(void)fprintf(out, "%s %s", cp_json_text(question, "name"), cp_json_text(question, "type"));
	if (from[0] != '\0') {
		(void)fprintf(out, ", asked from %s", from);
	}
	if (ecs[0] != '\0') {
		(void)fprintf(out, ", with client subnet %s", ecs);
	}
	(void)fprintf(out, " (generation %lld.%lld)\n", cp_json_number(explained, "generation"),
			cp_json_number(explained, "sequence"));
}

void
cp_explain_print(const json_t *explained, FILE *out)
{
	print_title(explained, out);
	if (json_object_get(explained, "outcomes") != NULL) {
		cp_explain_print_outcomes(explained, out);
		return;
	}
	print_client(json_object_get(explained, "client"), out);
	for (size_t i = 0; i < cp_json_count(explained, "steps"); i++) {
		print_step(cp_json_item(explained, "steps", i), i == 0, out);
	}
	print_ecs(json_object_get(explained, "ecs"), out);
	print_sizes(json_object_get(explained, "sizes"), out);
	print_reply(explained, out);
}
