/*
 * Compares our verdicts on single records with octoDNS's own: every case of record-cases.jsonl goes
 * through the real loader as a zone file of one record, none is skipped. The verdict, the
 * reasons in their order, the RDATA, the TTL, the pools and the rules must agree; what is meant to
 * differ is listed in `deviations` and explained in docs/octodns.md. Anything else fails.
 *
 * usage: record_cases record-cases.jsonl
 */
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/address.h"
#include "control/rdata.h"
#include "control/zones.h"

struct outcome {
	bool is_ok;
	bool has_no_rdata; /* octoDNS was not asked for any */
	char *reasons;     /* one a line */
	char *rdata;       /* sorted, one a line */
	char *dynamic;     /* pools and rules, one a line; "" for a static record */
	json_int_t ttl_s;
	char *message; /* first error, for the report */
};

static void
fail(const char *what)
{
	(void)fprintf(stderr, "record_cases: %s: %s\n", what, strerrordesc_np(errno));
	_exit(2);
}

static void
free_outcome(struct outcome *outcome)
{
	free(outcome->reasons);
	free(outcome->rdata);
	free(outcome->dynamic);
	free(outcome->message);
}

/* escaped_octet: what "\\DDD" stands for; -1 when this is none. */
static int
escaped_octet(const char *text)
{
	bool is_escape = text[0] == '\\' && strspn(text + 1, "0123456789") >= 3;

	return is_escape ? (text[1] - '0') * 100 + (text[2] - '0') * 10 + text[3] - '0' : -1;
}

/* plain_rdata removes what is only spelling: how a TXT is cut into strings, escapes of blanks,
 * semicolons and letters beyond ASCII, a target's final dot, at the end or before what follows. */
static char *
plain_rdata(const char *text)
{
	char *plain = malloc(strlen(text) + 2);
	size_t len = 0;

	if (plain == NULL) {
		fail("memory");
	}
	while (*text != '\0') {
		if (strncmp(text, "\" \"", 3) == 0) {
			text += 3;
		} else if (escaped_octet(text) == ' ' || escaped_octet(text) > 127) {
			plain[len++] = (char)escaped_octet(text);
			text += 4;
		} else if (strncmp(text, "\\;", 2) == 0 || strncmp(text, ". ", 2) == 0) {
			text++;
		} else {
			plain[len++] = *text++;
		}
	}
	plain[len] = '\0';
	if (len > 0 && plain[len - 1] != '"' && plain[len - 1] != '.' &&
			strpbrk(plain, "ghijklmnopqrstuvwxyz")) {
		plain[len++] = '.';
		plain[len] = '\0';
	}
	return plain;
}

/* join_digest removes the blanks that a DS may have in its digest (RFC 4034 §5.3), after three fields. */
static void
join_digest(char *text)
{
	size_t field = 0;
	char *to = text;

	for (const char *at = text; *at != '\0'; at++) {
		field += *at == ' ';
		if (*at != ' ' || field <= 3) {
			*to++ = *at;
		}
	}
	*to = '\0';
}

static int
compare_texts(const void *a, const void *b)
{
	char *const *x = a;
	char *const *y = b;

	return strcmp(*x, *y);
}

/* join sorts texts, drops repeated ones and frees them. */
static char *
join(char **texts, size_t cnt)
{
	char *joined = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&joined, &size);

	if (out == NULL) {
		fail("memory");
	}
	qsort(texts, cnt, sizeof(*texts), compare_texts);
	for (size_t i = 0; i < cnt; i++) {
		if (i == 0 || strcmp(texts[i], texts[i - 1]) != 0) {
			(void)fprintf(out, "%s\n", texts[i]);
		}
	}
	(void)fclose(out);
	for (size_t i = 0; i < cnt; i++) {
		free(texts[i]);
	}
	return joined;
}

static void
print_list(FILE *out, char **texts, size_t cnt)
{
	char *joined = join(texts, cnt);

	for (char *at = joined; *at != '\0'; at++) {
		(void)fputc(*at == '\n' ? ' ' : *at, out);
	}
	free(joined);
}

static void
print_json_list(FILE *out, const json_t *list)
{
	char *texts[512];
	size_t i = 0;
	json_t *item = NULL;

	json_array_foreach(list, i, item)
	{
		texts[i] = strdup(json_string_value(item));
	}
	print_list(out, texts, json_array_size(list));
}

static char *
value_text(const char *value, long long weight, const char *status)
{
	char *plain = plain_rdata(value);
	char *text = NULL;

	if (asprintf(&text, "%s/%lld/%s", plain, weight, status) < 0) {
		fail("memory");
	}
	free(plain);
	return text;
}

static void
print_json_pool(FILE *out, const char *name, const json_t *pool)
{
	const char *fallback = json_string_value(json_object_get(pool, "fallback"));
	char *texts[128];
	size_t i = 0;
	json_t *item = NULL;

	json_array_foreach(json_object_get(pool, "values"), i, item)
	{
		texts[i] = value_text(json_string_value(json_object_get(item, "value")),
				json_integer_value(json_object_get(item, "weight")),
				json_string_value(json_object_get(item, "status")));
	}
	(void)fprintf(out, "pool %s -> %s: ", name, fallback != NULL ? fallback : "none");
	print_list(out, texts, json_array_size(json_object_get(pool, "values")));
	(void)fputc('\n', out);
}

/* Rules that name no pool, which only a lenient record can have, are not followed by us. */
static char *
expected_dynamic(const json_t *dynamic)
{
	json_t *pools = json_object_get(dynamic, "pools");
	json_t *rules = json_object_get(dynamic, "rules");
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	const char *name = NULL;
	size_t i = 0;
	json_t *item = NULL;

	if (json_object_size(pools) > 0 && json_array_size(rules) > 0) {
		json_object_foreach(pools, name, item)
		{
			print_json_pool(out, name, item);
		}
		json_array_foreach(rules, i, item)
		{
			if (json_object_get(item, "pool") == NULL) {
				continue;
			}
			(void)fprintf(out, "rule %s: ",
					json_string_value(json_object_get(item, "pool")));
			print_json_list(out, json_object_get(item, "geos"));
			print_json_list(out, json_object_get(item, "subnets"));
			(void)fputc('\n', out);
		}
	}
	(void)fclose(out);
	return text;
}

static size_t
part_cnt(const char *code)
{
	return (strlen(code) + 1) / 3;
}

/* What `geo` is read as: a pool and a rule for each code, the most specific first, and the values as
 * the catch-all, which no check decides about. */
static char *
expected_geo(const json_t *data)
{
	json_t *geo = json_object_get(data, "geo");
	json_t *values = json_object_get(data, "values");
	const char *value = json_string_value(json_object_get(data, "value"));
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	const char *code = NULL;
	char *texts[128];
	size_t i = 0;
	json_t *item = NULL;
	json_t *list = NULL;

	json_object_foreach(geo, code, list)
	{
		json_array_foreach(list, i, item)
		{
			texts[i] = value_text(json_string_value(item), 1, "obey");
		}
		(void)fprintf(out, "pool %s -> none: ", code);
		print_list(out, texts, json_array_size(list));
		(void)fputc('\n', out);
	}
	json_array_foreach(values, i, item)
	{
		texts[i] = value_text(json_string_value(item), 1, "up");
	}
	if (values == NULL) {
		texts[i++] = value_text(value, 1, "up");
	}
	(void)fprintf(out, "pool values -> none: ");
	print_list(out, texts, i);
	(void)fputc('\n', out);
	for (size_t parts = 3; parts > 0; parts--) {
		json_object_foreach(geo, code, list)
		{
			if (part_cnt(code) == parts) {
				(void)fprintf(out, "rule %s: %s \n", code, code);
			}
		}
	}
	(void)fprintf(out, "rule values: \n");
	(void)fclose(out);
	return text;
}

static void
print_rule(FILE *out, const struct cp_dynamic *dynamic, const struct tbl_rule_input *rule)
{
	char *texts[512];

	(void)fprintf(out, "rule %s: ", dynamic->pools[rule->pool].name);
	for (uint32_t i = 0; i < rule->geo_cnt; i++) {
		texts[i] = strdup(rule->geos[i]);
	}
	print_list(out, texts, rule->geo_cnt);
	for (uint32_t i = 0; i < rule->subnet_cnt; i++) {
		texts[i] = malloc(CP_PREFIX_TEXT_MAX);
		cp_prefix_text(&rule->subnets[i], texts[i]);
	}
	print_list(out, texts, rule->subnet_cnt);
	(void)fputc('\n', out);
}

static void
print_dynamic(FILE *out, const struct cp_dynamic *dynamic)
{
	static const char *const statuses[] = { "obey", "up", "down" };

	for (uint32_t i = 0; i < dynamic->pool_cnt; i++) {
		const struct cp_pool *pool = &dynamic->pools[i];
		char *texts[128];

		for (uint32_t k = 0; k < pool->value_cnt; k++) {
			texts[k] = value_text(pool->values[k].text, pool->values[k].weight,
					statuses[pool->values[k].status]);
		}
		(void)fprintf(out, "pool %s -> %s: ", pool->name,
				pool->fallback >= 0 ? dynamic->pools[pool->fallback].name : "none");
		print_list(out, texts, pool->value_cnt);
		(void)fputc('\n', out);
	}
	for (uint32_t i = 0; i < dynamic->rule_cnt; i++) {
		print_rule(out, dynamic, &dynamic->rules[i]);
	}
}

static struct outcome
expected_outcome(const json_t *test)
{
	const json_t *expect = json_object_get(test, "expect");
	const json_t *data = json_object_get(test, "data");
	struct outcome outcome = { .is_ok = json_is_true(json_object_get(expect, "ok")) };
	json_t *reasons = json_object_get(expect, "reasons");
	json_t *rdata = json_object_get(expect, "rdata");
	char *texts[128];
	size_t size = 0;
	size_t i = 0;
	json_t *item = NULL;
	FILE *out = open_memstream(&outcome.reasons, &size);

	json_array_foreach(reasons, i, item)
	{
		/* The YAML provider gives every record a TTL before octoDNS validates it. */
		if (strcmp(json_string_value(item), "missing ttl") != 0) {
			(void)fprintf(out, "%s\n", json_string_value(item));
		}
	}
	(void)fclose(out);
	if (!outcome.is_ok && size == 0 && json_array_size(reasons) > 0) {
		outcome.is_ok = true;
		outcome.has_no_rdata = true;
	}
	json_array_foreach(rdata, i, item)
	{
		texts[i] = plain_rdata(json_string_value(item));
		if (strcmp(json_string_value(json_object_get(data, "type")), "DS") == 0) {
			join_digest(texts[i]);
		}
	}
	outcome.rdata = join(texts, json_array_size(rdata));
	outcome.ttl_s = json_integer_value(json_object_get(expect, "ttl"));
	outcome.dynamic = json_object_get(data, "geo") != NULL &&
	                                                  json_object_get(data, "dynamic") == NULL
	                                  ? expected_geo(data)
	                                  : expected_dynamic(json_object_get(expect, "dynamic"));
	return outcome;
}

/* Only the reasons of errors: warnings are what lenience made of them. */
static void
collect_reasons(const struct conf_errors *errors, struct outcome *outcome)
{
	size_t size = 0;
	FILE *out = open_memstream(&outcome->reasons, &size);

	for (size_t i = 0; i < errors->cnt; i++) {
		const char *line = errors->messages[i].text;

		if (errors->messages[i].level != CONF_ERROR) {
			continue;
		}
		if (outcome->message == NULL) {
			outcome->message = strdup(line);
		}
		for (line = strchr(line, '\n'); line != NULL; line = strchr(line + 1, '\n')) {
			if (strncmp(line, "\n  - ", 5) == 0) {
				(void)fprintf(out, "%.*s\n", (int)strcspn(line + 5, "\n"),
						line + 5);
			}
		}
	}
	(void)fclose(out);
}

static struct outcome
load_outcome(const char *dir)
{
	struct cp_zones_options options = cp_zones_defaults();
	struct conf_errors errors = { 0 };
	struct cp_zones *zones = NULL;
	struct outcome outcome = { 0 };
	char *texts[TBL_RRSET_RECORDS_MAX];
	size_t cnt = 0;
	size_t size = 0;
	FILE *dynamic = open_memstream(&outcome.dynamic, &size);

	options.enforce_order = false; /* the cases are parsed data, their order means nothing */
	if (cp_zones_load(dir, &options, &errors, &zones) != 0 || zones->cnt != 1) {
		conf_errors_print(&errors, stderr, false);
		fail("the case is no zone");
	}
	outcome.is_ok = errors.error_cnt == 0;
	collect_reasons(&errors, &outcome);
	for (size_t i = 0; outcome.is_ok && i < zones->items[0].record_cnt; i++) {
		const struct cp_record *record = &zones->items[0].records[i];

		for (uint32_t k = 0; record->type != CP_TYPE_SOA && k < record->value_cnt; k++) {
			texts[cnt++] = plain_rdata(record->texts[k]);
		}
		if (record->type != CP_TYPE_SOA) {
			outcome.ttl_s = record->ttl_s;
		}
		if (record->dynamic != NULL) {
			print_dynamic(dynamic, record->dynamic);
		}
	}
	(void)fclose(dynamic);
	outcome.rdata = join(texts, cnt);
	cp_zones_free(zones);
	conf_errors_free(&errors);
	return outcome;
}

/* write_zone makes the case a zone file. JSON is YAML, so the record is written as it came. Zones of
 * one label, which octoDNS does not list either, get another one. */
static char *
write_zone(const char *dir, const json_t *test)
{
	json_t *data = json_deep_copy(json_object_get(test, "data"));
	json_t *octodns = json_object_get(data, "octodns");
	json_t *zone = json_object();
	const char *zone_name = json_string_value(json_object_get(test, "zone"));
	bool is_short = strchr(zone_name, '.') == strrchr(zone_name, '.');
	char *path = NULL;

	if (octodns == NULL) {
		octodns = json_object();
		json_object_set_new(data, "octodns", octodns);
	}
	/* Which records go to which provider is not what is compared. */
	json_object_del(octodns, "ignored");
	json_object_del(octodns, "included");
	json_object_del(octodns, "excluded");
	if (json_is_true(json_object_get(test, "lenient"))) {
		json_object_set_new(octodns, "lenient", json_true());
	}
	json_object_set_new(zone, json_string_value(json_object_get(test, "name")), data);
	if (asprintf(&path, "%s/%s%syaml", dir, zone_name, is_short ? "test." : "") < 0 ||
			json_dump_file(zone, path, 0) != 0) {
		fail("writing a case");
	}
	json_decref(zone);
	return path;
}

static bool
is_without_rdata(const json_t *test, const json_t *data)
{
	(void)data;
	return json_object_get(json_object_get(test, "expect"), "rdata_error") != NULL;
}

static bool
is_ttl_below_zero(const json_t *test, const json_t *data)
{
	(void)test;
	return json_integer_value(json_object_get(data, "ttl")) < 0;
}

/* URLFWD, the only type of a provider among the cases. */
static bool
is_of_provider(const json_t *test, const json_t *data)
{
	const char *name = json_string_value(json_object_get(data, "type"));
	const struct cp_type *type = cp_type_find(name != NULL ? name : "");

	(void)test;
	return type != NULL && type->number == 0;
}

static bool
is_apex_cname(const json_t *test, const json_t *data)
{
	const char *type = json_string_value(json_object_get(data, "type"));

	return strcmp(type, "CNAME") == 0 &&
	       strcmp(json_string_value(json_object_get(test, "name")), "") == 0;
}

static bool
is_beyond_16_bits(const json_t *test, const json_t *data)
{
	static const char *const keys[] = { "order", "preference", "priority", "weight", "port" };
	const json_t *value = json_object_get(data, "value");

	(void)test;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (json_integer_value(json_object_get(value, keys[i])) > UINT16_MAX) {
			return true;
		}
	}
	return false;
}

/* A digest that is no hexadecimal. */
static bool
is_odd_hex(const json_t *value)
{
	static const char *const keys[] = { "digest", "fingerprint",
		"certificate_association_data" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *text = json_string_value(json_object_get(value, keys[i]));

		if (text != NULL && (text[strspn(text, "0123456789abcdefABCDEF ")] != '\0' ||
						    strlen(text) % 2 != 0)) {
			return true;
		}
	}
	return false;
}

static bool
has_odd_hex(const json_t *test, const json_t *data)
{
	const json_t *values = json_object_get(data, "values");
	size_t i = 0;
	json_t *item = NULL;

	(void)test;
	json_array_foreach(values, i, item)
	{
		if (is_odd_hex(item)) {
			return true;
		}
	}
	return is_odd_hex(json_object_get(data, "value"));
}

static bool
is_openpgpkey(const json_t *test, const json_t *data)
{
	(void)test;
	return strcmp(json_string_value(json_object_get(data, "type")), "OPENPGPKEY") == 0;
}

static bool
is_odd_caa_tag(const json_t *test, const json_t *data)
{
	const char *tag = json_string_value(json_object_get(json_object_get(data, "value"), "tag"));

	(void)test;
	return tag != NULL &&
	       strcmp(json_string_value(json_object_get(data, "type")), "CAA") == 0 &&
	       strchr(tag, '-') != NULL;
}

static struct deviation {
	bool (*is_meant)(const json_t *test, const json_t *data);
	const char *text;
	size_t cnt;
} deviations[] = {
	{ is_without_rdata, "a lenient record without any value is refused: nothing to serve", 0 },
	{ is_ttl_below_zero, "a lenient TTL below zero is refused: it cannot be sent", 0 },
	{ is_apex_cname,
			"a lenient CNAME at the apex is refused: it cannot stand beside SOA and NS",
			0 },
	{ is_beyond_16_bits, "numbers that their field cannot hold are refused", 0 },
	{ has_odd_hex, "digests that are no hexadecimal are refused", 0 },
	{ is_openpgpkey, "an OPENPGPKEY that is not padded base64 is refused", 0 },
	{ is_odd_caa_tag, "a CAA tag of other than letters and digits is refused", 0 },
	{ is_of_provider, "good records of a provider's type are refused, with what to do instead",
			0 },
};
#define DEVIATION_CNT (sizeof(deviations) / sizeof(deviations[0]))

struct tally {
	size_t cases, agreed, differing;
};

static bool
is_agreed(const struct outcome *ours, const struct outcome *theirs)
{
	if (ours->is_ok != theirs->is_ok) {
		return false;
	}
	if (theirs->has_no_rdata) {
		return true;
	}
	return ours->is_ok ? ours->ttl_s == theirs->ttl_s &&
	                                       strcmp(ours->rdata, theirs->rdata) == 0 &&
	                                       strcmp(ours->dynamic, theirs->dynamic) == 0
	                   : strcmp(ours->reasons, theirs->reasons) == 0;
}

static void
count(struct tally *tally, size_t line, const json_t *test, const struct outcome *ours,
		const struct outcome *theirs)
{
	const json_t *data = json_object_get(test, "data");

	if (is_agreed(ours, theirs)) {
		tally->agreed++;
		return;
	}
	for (size_t i = 0; i < DEVIATION_CNT; i++) {
		if (deviations[i].is_meant(test, data)) {
			deviations[i].cnt++;
			return;
		}
	}
	tally->differing++;
	printf("case %zu differs\n octoDNS: %s\n%s%s%s ours: %s (%s)\n%s%s%s", line,
			theirs->is_ok ? "ok" : "refused", theirs->reasons, theirs->rdata,
			theirs->dynamic, ours->is_ok ? "ok" : "refused",
			ours->message != NULL ? ours->message : "", ours->reasons, ours->rdata,
			ours->dynamic);
}

static void
run_case(struct tally *tally, size_t line, const char *dir, const json_t *test)
{
	char *path = write_zone(dir, test);
	struct outcome theirs = expected_outcome(test);
	struct outcome ours = load_outcome(dir);

	tally->cases++;
	count(tally, line, test, &ours, &theirs);
	free_outcome(&theirs);
	free_outcome(&ours);
	unlink(path);
	free(path);
}

/* report: 0, or 1 when something differs that is not listed, or a listed deviation is none any more. */
static int
report(const struct tally *tally)
{
	size_t meant = 0;
	int status = tally->differing == 0 && tally->agreed > 0 ? 0 : 1;

	for (size_t i = 0; i < DEVIATION_CNT; i++) {
		meant += deviations[i].cnt;
	}
	printf("%zu cases: %zu agree, %zu differ as meant, %zu differ\n", tally->cases,
			tally->agreed, meant, tally->differing);
	for (size_t i = 0; i < DEVIATION_CNT; i++) {
		printf("%zu differ as meant: %s\n", deviations[i].cnt, deviations[i].text);
		if (deviations[i].cnt == 0) {
			printf("that is no deviation any more: take it off the list\n");
			status = 1;
		}
	}
	return status;
}

int
main(int argc, char **argv)
{
	struct tally tally = { .cases = 0 };
	int status = 0;
	char dir[] = "/tmp/record-cases.XXXXXX";
	FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
	char *text = NULL;
	size_t cap = 0;

	if (file == NULL || mkdtemp(dir) == NULL) {
		fail(argc == 2 ? argv[1] : "usage: record_cases record-cases.jsonl");
	}
	for (size_t line = 1; getline(&text, &cap, file) > 0; line++) {
		json_t *test = json_loads(text, 0, NULL);

		if (test == NULL) {
			fail("a line is not JSON");
		}
		run_case(&tally, line, dir, test);
		json_decref(test);
	}
	status = report(&tally);
	rmdir(dir);
	free(text);
	(void)fclose(file);
	return status;
}
