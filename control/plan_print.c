/* A plan for people: octoDNS's frame and words, so that who reads its plans reads ours. */
#include <string.h>

#include "control/json_read.h"
#include "control/plan.h"
#include "control/plan_impl.h"

#define RULER "********************************************************************************\n"

struct printer {
	FILE *out;
	bool is_terminal;
	long long generation; /* 0: nothing to compare with */
};

/* ECMA-48 colours. */
#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"

static const char *
colour(const struct printer *printer, const char *sequence)
{
	return printer->is_terminal ? sequence : "";
}

static const char *
plain(const struct printer *printer)
{
	return printer->is_terminal ? "\033[0m" : "";
}

static void
print_title(const struct printer *printer, const char *title)
{
	(void)fprintf(printer->out, RULER "* %s\n" RULER, title);
}

/* "ARecord", "AaaaRecord": octoDNS's classes. */
static void
print_class(const struct printer *printer, const char *type)
{
	for (size_t i = 0; type[i] != '\0'; i++) {
		bool is_lowered = i > 0 && type[i] >= 'A' && type[i] <= 'Z';

		(void)fputc(is_lowered ? type[i] - 'A' + 'a' : type[i], printer->out);
	}
	(void)fputs("Record", printer->out);
}

/* Types that octoDNS gives one `value`. */
static bool
has_one_value(const char *type)
{
	return strcmp(type, "CNAME") == 0 || strcmp(type, "DNAME") == 0 || strcmp(type, "SOA") == 0;
}

static void
print_record(const struct printer *printer, const json_t *change, const char *side)
{
	const json_t *record = json_object_get(change, side);
	const char *type = cp_json_text(change, "type");
	const char *quote = has_one_value(type) ? "" : "'";
	size_t cnt = cp_json_count(record, "values");

	(void)fputc('<', printer->out);
	print_class(printer, type);
	(void)fprintf(printer->out, " %s %lld, %s, %s", type, cp_json_number(record, "ttl"),
			cp_json_text(change, "name"), *quote != '\0' ? "[" : "");
	for (size_t i = 0; i < cnt; i++) {
		(void)fprintf(printer->out, "%s%s%s%s", i > 0 ? ", " : "", quote,
				json_string_value(cp_json_item(record, "values", i)), quote);
	}
	(void)fprintf(printer->out, "%s>", *quote != '\0' ? "]" : "");
}

static void
print_change(const struct printer *printer, const json_t *change)
{
	const json_t *existing = json_object_get(change, "existing");
	const json_t *wanted = json_object_get(change, "new");

	if (existing != NULL && wanted != NULL) {
		(void)fprintf(printer->out, "*   %sUpdate%s\n*     ", colour(printer, YELLOW),
				plain(printer));
		print_record(printer, change, "existing");
		(void)fputs(" ->\n*     ", printer->out);
		print_record(printer, change, "new");
	} else if (existing != NULL) {
		(void)fprintf(printer->out, "*   %sDelete%s ", colour(printer, RED),
				plain(printer));
		print_record(printer, change, "existing");
	} else {
		(void)fprintf(printer->out, "*   %sCreate%s ", colour(printer, GREEN),
				plain(printer));
		print_record(printer, change, "new");
	}
	(void)fputc('\n', printer->out);
	cp_plan_print_dynamic(existing, wanted, "*       ", printer->out);
}

static void
print_zone(const struct printer *printer, const json_t *zone)
{
	const char *name = cp_json_text(zone, "name");
	long long cnt = cp_json_number(zone, "creates") + cp_json_number(zone, "updates") +
	                cp_json_number(zone, "deletes");
	size_t listed_cnt = cp_json_count(zone, "changes");

	print_title(printer, name);
	if (printer->generation != 0) {
		(void)fprintf(printer->out, "* meridian (generation %lld)\n", printer->generation);
	} else {
		(void)fputs("* meridian (nothing to compare with)\n", printer->out);
	}
	if (!is_cp_json_true(zone, "exists")) {
		(void)fprintf(printer->out, "*   %sCreate%s Zone<%s>\n", colour(printer, GREEN),
				plain(printer), name);
	}
	if (is_cp_json_true(zone, "vanishes")) {
		(void)fprintf(printer->out, "*   %sDelete%s Zone<%s>\n", colour(printer, RED),
				plain(printer), name);
	}
	if (json_object_get(zone, "ecs") != NULL) {
		(void)fprintf(printer->out, "*   %sUpdate%s Zone<%s> client subnets (ECS) %s\n",
				colour(printer, YELLOW), plain(printer), name,
				is_cp_json_true(zone, "ecs") ? "count" : "do not count");
	}
	for (size_t i = 0; i < listed_cnt; i++) {
		print_change(printer, cp_json_item(zone, "changes", i));
	}
	if ((long long)listed_cnt < cnt) {
		(void)fprintf(printer->out, "*   and %lld more changes\n",
				cnt - (long long)listed_cnt);
	}
	(void)fprintf(printer->out,
			"*   Summary: Creates=%lld, Updates=%lld, Deletes=%lld, Existing=%lld, "
			"Meta=False\n",
			cp_json_number(zone, "creates"), cp_json_number(zone, "updates"),
			cp_json_number(zone, "deletes"), cp_json_number(zone, "existing"));
}

/* The database */

static void
print_database(const struct printer *printer, const json_t *geo, const char *key)
{
	const json_t *database = json_object_get(geo, key);

	if (!json_is_object(database)) {
		(void)fprintf(printer->out, "*   %-9s none\n", key);
		return;
	}
	(void)fprintf(printer->out, "*   %-9s %s, built %s\n", key,
			cp_json_text(database, "description"),
			cp_json_text(database, "built_date"));
}

static void
print_places(const struct printer *printer, const json_t *geo, const char *key)
{
	size_t cnt = cp_json_count(geo, key);

	if (cnt == 0) {
		return;
	}
	(void)fprintf(printer->out, "*   %s:", key);
	for (size_t i = 0; i < cnt; i++) {
		const char *code = json_string_value(cp_json_item(geo, key, i));
		const char *name = code != NULL ? cp_geo_name(code) : NULL;

		(void)fprintf(printer->out, "%s %s (%s)", i > 0 ? "," : "", code,
				name != NULL ? name : "?");
	}
	(void)fputc('\n', printer->out);
}

static void
print_geo(const struct printer *printer, const json_t *geo)
{
	if (geo == NULL) {
		return;
	}
	print_title(printer, "geo database");
	print_database(printer, geo, "existing");
	print_database(printer, geo, "new");
	/* Beside none at all, which places the other one has is no news. */
	if (json_is_object(json_object_get(geo, "existing")) &&
			json_is_object(json_object_get(geo, "new"))) {
		print_places(printer, geo, "appearing");
		print_places(printer, geo, "vanishing");
	}
}

/* What moves */

#define RECORDS_SHOWN   5u  /* a line's worth; --json has all */
#define COUNTRIES_SHOWN 10u /* the ones that matter: they come by size */
#define PERCENT_BYTES   24u

/* Four digits, but never "0 %" of something, nor "100 %" of less than all. */
static const char *
percent(const json_t *tally, const char *key, char text[PERCENT_BYTES])
{
	double share = 100 * json_real_value(json_object_get(tally, key));

	if (share <= 0 || share >= 100) {
		return share <= 0 ? "0 %" : "100 %";
	}
	if (share < 0.0001) {
		return "under 0.0001 %";
	}
	if (share >= 99.995) {
		return "over 99.99 %";
	}
	(void)snprintf(text, PERCENT_BYTES, "%.4g %%", share);
	return text;
}

/* "www.example.com. A, AAAA; api.example.com. A; and 11 more" */
static void
print_movers(const struct printer *printer, const json_t *group)
{
	size_t cnt = cp_json_count(group, "records");
	size_t shown = cnt <= RECORDS_SHOWN ? cnt : RECORDS_SHOWN;
	const char *before = "";

	(void)fprintf(printer->out, "* %zu record%s (", cnt, cnt == 1 ? "" : "s");
	for (size_t i = 0; i < shown; i++) {
		const json_t *record = cp_json_item(group, "records", i);
		const char *name = cp_json_text(record, "name");

		if (i > 0 && strcmp(name, before) == 0) {
			(void)fprintf(printer->out, ", %s", cp_json_text(record, "type"));
		} else {
			(void)fprintf(printer->out, "%s%s %s", i > 0 ? "; " : "", name,
					cp_json_text(record, "type"));
		}
		before = name;
	}
	if (shown < cnt) {
		(void)fprintf(printer->out, "; and %zu more", cnt - shown);
	}
	(void)fputs(")\n", printer->out);
}

static const char *
pool_text(const json_t *move, const char *key)
{
	const char *name = json_string_value(json_object_get(move, key));

	return name != NULL ? name : "the record's values";
}

/* Does all of a country move, as far as it has addresses? */
static bool
is_whole(const json_t *country)
{
	const json_t *ipv4 = json_object_get(country, "ipv4_share");
	const json_t *ipv6 = json_object_get(country, "ipv6_share");

	return (!json_is_real(ipv4) || json_real_value(ipv4) >= 1) &&
	       (!json_is_real(ipv6) || json_real_value(ipv6) >= 1);
}

static void
print_part(const struct printer *printer, const json_t *country)
{
	static const struct {
		const char *key, *of;
	} shares[] = { { "ipv4_share", "IPv4" }, { "ipv6_share", "IPv6" } };
	const char *joint = ": ";

	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		char text[PERCENT_BYTES];

		if (json_is_real(json_object_get(country, shares[i].key))) {
			(void)fprintf(printer->out, "%s%s of its %s", joint,
					percent(country, shares[i].key, text), shares[i].of);
			joint = ", ";
		}
	}
}

static void
print_country(const struct printer *printer, const json_t *country)
{
	const char *code = cp_json_text(country, "code");

	if (code[0] == '\0') {
		(void)fputs("what is in no country", printer->out);
	} else {
		(void)fprintf(printer->out, "%s (%s)", cp_json_text(country, "name"), code);
	}
}

/* The countries that move as they are, in one line. */
static void
print_whole(const struct printer *printer, const json_t *move)
{
	size_t cnt = 0;

	for (size_t i = 0; i < cp_json_count(move, "countries"); i++) {
		const json_t *country = cp_json_item(move, "countries", i);

		if (is_whole(country) && ++cnt <= COUNTRIES_SHOWN) {
			(void)fputs(cnt == 1 ? "*       all of " : "; ", printer->out);
			print_country(printer, country);
		}
	}
	if (cnt > COUNTRIES_SHOWN) {
		(void)fprintf(printer->out, "; and %zu more", cnt - COUNTRIES_SHOWN);
	}
	(void)fputs(cnt > 0 ? "\n" : "", printer->out);
}

/* Those that are divided, a line each. */
static void
print_divided(const struct printer *printer, const json_t *move)
{
	size_t cnt = 0;

	for (size_t i = 0; i < cp_json_count(move, "countries"); i++) {
		const json_t *country = cp_json_item(move, "countries", i);

		if (!is_whole(country) && ++cnt <= COUNTRIES_SHOWN) {
			(void)fputs("*       ", printer->out);
			print_country(printer, country);
			print_part(printer, country);
			(void)fputc('\n', printer->out);
		}
	}
	if (cnt > COUNTRIES_SHOWN) {
		(void)fprintf(printer->out, "*       and part of %zu more\n",
				cnt - COUNTRIES_SHOWN);
	}
}

/* "3.49 % of IPv4 (4.063 % of what the database knows), 0.0003649 % of IPv6 (3.12 %)": most of IPv6
 * is nobody's, so that shares of all of it say little. */
static void
print_move(const struct printer *printer, const json_t *move)
{
	char ipv4[PERCENT_BYTES];
	char ipv6[PERCENT_BYTES];
	char named_ipv4[PERCENT_BYTES];
	char named_ipv6[PERCENT_BYTES];

	(void)fprintf(printer->out, "*     %s -> %s: ", pool_text(move, "from"),
			pool_text(move, "to"));
	if (json_object_get(move, "named_ipv4_share") != NULL) {
		(void)fprintf(printer->out,
				"%s of IPv4 (%s of what the database knows), %s of IPv6 (%s)\n",
				percent(move, "ipv4_share", ipv4),
				percent(move, "named_ipv4_share", named_ipv4),
				percent(move, "ipv6_share", ipv6),
				percent(move, "named_ipv6_share", named_ipv6));
	} else {
		(void)fprintf(printer->out, "%s of IPv4, %s of IPv6\n",
				percent(move, "ipv4_share", ipv4),
				percent(move, "ipv6_share", ipv6));
	}
	print_whole(printer, move);
	print_divided(printer, move);
}

static void
print_moves(const struct printer *printer, const json_t *plan)
{
	size_t cnt = cp_json_count(plan, "moves");

	if (cnt == 0) {
		return;
	}
	print_title(printer, "clients that change pool");
	for (size_t i = 0; i < cnt; i++) {
		const json_t *group = cp_json_item(plan, "moves", i);

		print_movers(printer, group);
		for (size_t k = 0; k < cp_json_count(group, "moves"); k++) {
			print_move(printer, cp_json_item(group, "moves", k));
		}
	}
}

void
cp_plan_print(const json_t *plan, FILE *out, bool is_terminal)
{
	const struct printer printer = { .out = out,
		.is_terminal = is_terminal,
		.generation = cp_json_number(plan, "served_generation") };

	if (is_cp_plan_empty(plan)) {
		(void)fputs(RULER "No changes were planned\n" RULER, out);
		return;
	}
	for (size_t i = 0; i < cp_json_count(plan, "zones"); i++) {
		print_zone(&printer, cp_json_item(plan, "zones", i));
	}
	print_geo(&printer, json_object_get(plan, "geo"));
	print_moves(&printer, plan);
	(void)fputs(RULER, out);
	for (size_t i = 0; i < cp_json_count(plan, "unsafe"); i++) {
		(void)fprintf(out, "%sunsafe: %s%s\n", colour(&printer, RED),
				json_string_value(cp_json_item(plan, "unsafe", i)),
				plain(&printer));
	}
	(void)fprintf(out, "checksum: %s\n", cp_json_text(plan, "checksum"));
}
