/* ALIAS records: what they become, and what is said when they lead nowhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/reply.h"

#include "control/alias.h"
#include "control/compile.h"
#include "control/rdata.h"
#include "tests/unit/control/zone_text.h"
#include "tests/unit/test.h"

#define NS "type: NS, value: ns.example.net."
/* A zone whose apex is an ALIAS with a TTL of 600, and more. */
#define ALIAS_TO(target) "'':\n- {ttl: 600, type: ALIAS, value: " target "}\n- {" NS "}\n"
#define APEX             "'': {" NS "}\n"

struct expanded {
	struct loaded loaded; /* its zones are the expanded ones */
	struct cp_zones *source;
	struct cp_zones zones;
	bool is_refused[8];
	size_t alias_cnt;
	char *said;
};

static void
expand(const struct zone_file *files, struct expanded *expanded)
{
	struct conf_errors errors = { 0 };
	size_t size = 0;
	FILE *out = open_memstream(&expanded->said, &size);

	memset(expanded->is_refused, 0, sizeof(expanded->is_refused));
	expanded->loaded = load_files(files, NULL);
	expanded->source = expanded->loaded.zones;
	assert_string_equal(expanded->loaded.said, "");
	assert_in_range(expanded->source->cnt, 1, ARRAY_LEN(expanded->is_refused));
	assert_int_equal(cp_alias_expand(expanded->source, expanded->is_refused, &errors,
					 &expanded->zones, &expanded->alias_cnt),
			0);
	for (size_t i = 0; i < errors.cnt; i++) {
		const struct conf_message *message = &errors.messages[i];

		(void)fprintf(out, "%s:%u:%u: %s\n", strrchr(message->file, '/') + 1, message->line,
				message->col, message->text);
	}
	assert_int_equal(fclose(out), 0);
	conf_errors_free(&errors);
	expanded->loaded.zones = &expanded->zones;
}

static void
free_expanded(struct expanded *expanded)
{
	cp_alias_free(&expanded->zones);
	expanded->loaded.zones = expanded->source;
	free_loaded(&expanded->loaded);
	free(expanded->said);
}

static void
test_followed(void **state)
{
	static const struct {
		const char *zone;  /* example.test */
		const char *other; /* other.test */
		const char *a;
		const char *aaaa;
	} rows[] = {
		/* The lower TTL counts: the ALIAS has 600 s. */
		{ ALIAS_TO("www.example.test.") "www: {ttl: 60, type: A, values: [192.0.2.1, "
						"192.0.2.2]}\n",
				APEX, "60 192.0.2.1 192.0.2.2", "none" },
		{ ALIAS_TO("www.example.test.") "www: {ttl: 900, type: AAAA, value: 2001:db8::1}\n",
				APEX, "none", "600 2001:db8::1" },
		{ ALIAS_TO("WWW.Other.TEST"), APEX "www: {type: A, value: 192.0.2.1}\n",
				"600 192.0.2.1", "none" },
		/* Each family has the least TTL of its own way. */
		{ ALIAS_TO("www.other.test."),
				APEX "h:\n- {ttl: 70, type: A, value: 192.0.2.1}\n- {ttl: 200, "
				     "type: AAAA, value: 2001:db8::1}\n"
				     "www: {ttl: 100, type: CNAME, value: h.other.test.}\n",
				"70 192.0.2.1", "100 2001:db8::1" },
		/* There and back: a chain through both zones, an ALIAS among it. */
		{ ALIAS_TO("other.test.") "www: {ttl: 50, type: A, value: 192.0.2.1}\n",
				ALIAS_TO("x.other.test.") "x: {type: CNAME, value: "
							  "www.example.test.}\n",
				"50 192.0.2.1", "none" },
		/* Wildcards: nearest encloser, not where something exists in between. */
		{ ALIAS_TO("a.b.other.test."),
				APEX
				"'*': {type: A, value: 192.0.2.1}\n'*.b': {type: CNAME, value: "
				"z.other.test.}\n",
				"600 192.0.2.1", "none" },
		{ ALIAS_TO("deep.a.b.other.test."), APEX "'*': {type: A, value: 192.0.2.1}\n",
				"600 192.0.2.1", "none" },
		/* Below a DNAME, and into the other zone by one. */
		{ ALIAS_TO("www.old.example.test.") "old: {ttl: 40, type: DNAME, value: "
						    "other.test.}\n",
				APEX "www: {ttl: 50, type: A, value: 192.0.2.1}\n", "40 192.0.2.1",
				"none" },
	};
	char buffer[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct zone_file files[] = { { "example.test.yaml", rows[i].zone },
			{ "other.test.yaml", rows[i].other }, { NULL, NULL } };
		struct expanded expanded;

		expand(files, &expanded);

		assert_string_equal(expanded.said, "");
		assert_string_equal(values_of(&expanded.loaded, "example.test.", "A", buffer),
				rows[i].a);
		assert_string_equal(values_of(&expanded.loaded, "example.test.", "AAAA", buffer),
				rows[i].aaaa);
		assert_null(record_at(&expanded.loaded, "example.test.", "ALIAS"));
		assert_non_null(record_at(&expanded.loaded, "example.test.", "NS"));
		free_expanded(&expanded);
	}
}

static void
test_in_vain(void **state)
{
#define SAID(target, reason) \
	"example.test.yaml:2:3: ALIAS example.test. to \"" target "\" has no answer: " reason "\n"
#define A14  ".a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"
#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
	static const struct {
		const char *zone;
		const char *other;
		const char *said;
	} rows[] = {
		{ ALIAS_TO("www.elsewhere.test."), APEX,
				SAID("www.elsewhere.test.",
						"\"www.elsewhere.test.\" is in none of the zones "
						"served here, and other names are not followed: "
						"write A and AAAA records") },
		/* The name that is wrong is named, not only where the way began. */
		{ ALIAS_TO("www.other.test."),
				APEX "www: {type: CNAME, value: cdn.elsewhere.test.}\n",
				SAID("www.other.test.",
						"\"cdn.elsewhere.test.\" is in none of the zones "
						"served here, and other names are not followed: "
						"write A and AAAA records") },
		{ ALIAS_TO("www.other.test."), APEX,
				SAID("www.other.test.", "\"www.other.test.\" does not exist") },
		/* An empty non-terminal exists, so the wildcard is not for it. */
		{ ALIAS_TO("b.other.test."),
				APEX "'*': {type: A, value: 192.0.2.1}\n"
				     "a.b: {type: A, value: 192.0.2.1}\n",
				SAID("b.other.test.", "\"b.other.test.\" has neither A nor AAAA "
						      "records") },
		{ ALIAS_TO("x.a.b.other.test."),
				APEX "'*': {type: A, value: 192.0.2.1}\n"
				     "a.b: {type: A, value: 192.0.2.1}\n",
				SAID("x.a.b.other.test.", "\"x.a.b.other.test.\" does not exist") },
		{ ALIAS_TO("www.sub.other.test."),
				APEX "sub: {" NS "}\nwww.sub: {type: A, value: 192.0.2.1}\n",
				SAID("www.sub.other.test.",
						"\"www.sub.other.test.\" belongs to other name "
						"servers, by the NS records of sub.other.test.") },
		/* The owner of a DNAME is not below it. */
		{ ALIAS_TO("old.other.test."), APEX "old: {type: DNAME, value: example.test.}\n",
				SAID("old.other.test.",
						"\"old.other.test.\" has neither A nor AAAA "
						"records") },
		/* Every turn makes the name longer, until it is none. */
		{ ALIAS_TO("x.old.other.test."),
				APEX "old: {type: DNAME, value: a.old.other.test.}\n",
				SAID("x.old.other.test.",
						"\"x" A14 ".a.a.old.other.test.\" lies behind more "
						"than 17 names") },
		{ ALIAS_TO(LONG LONG LONG "x.old.other.test."),
				APEX "old: {type: DNAME, value: " LONG LONG "example.test.}\n",
				SAID(LONG LONG LONG "x.old.other.test.",
						"\"" LONG LONG LONG
						"x.old.other.test.\" becomes too "
						"long a name behind the DNAME of "
						"old.other.test.") },
		{ ALIAS_TO("example.test."), APEX,
				SAID("example.test.", "\"example.test.\" leads in a circle") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct zone_file files[] = { { "example.test.yaml", rows[i].zone },
			{ "other.test.yaml", rows[i].other }, { NULL, NULL } };
		struct expanded expanded;

		expand(files, &expanded);

		assert_string_equal(expanded.said, rows[i].said);
		assert_true(expanded.is_refused[0]);
		assert_false(expanded.is_refused[1]);
		free_expanded(&expanded);
	}
}

/* The limit is the table's: an ALIAS reaches what a CNAME in its place would. */
static void
test_chain_limit(void **state)
{
	for (unsigned int hop_cnt = 15; hop_cnt <= 17; hop_cnt++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		struct zone_file files[] = { { "example.test.yaml", NULL }, { NULL, NULL } };
		struct expanded expanded;

		(void)state;
		(void)fputs(ALIAS_TO("n0.example.test."), out);
		for (unsigned int i = 0; i < hop_cnt; i++) {
			(void)fprintf(out, "n%u: {type: CNAME, value: n%u.example.test.}\n", i,
					i + 1);
		}
		(void)fprintf(out, "n%u: {type: A, value: 192.0.2.1}\n", hop_cnt);
		assert_int_equal(fclose(out), 0);
		files[0].text = text;
		expand(files, &expanded);
		assert_string_equal(expanded.said,
				hop_cnt < TBL_CHAIN_MAX
						? ""
						: SAID("n0.example.test.", "\"n17.example.test.\" "
									   "lies behind more than "
									   "17 names"));
		free_expanded(&expanded);
		free(text);
	}
}

/* a.test leads to b.test, which leads nowhere: both are refused, c.test goes on. */
static void
test_refusal_spreads(void **state)
{
	static const struct zone_file files[] = {
		{ "a.test.yaml", ALIAS_TO("www.b.test.") },
		{ "b.test.yaml", ALIAS_TO("nothing.b.test.") "www: {type: A, value: 192.0.2.1}\n" },
		{ "c.test.yaml", ALIAS_TO("www.c.test.") "www: {type: A, value: 192.0.2.3}\n" },
		{ NULL, NULL },
	};
	struct expanded expanded;
	char buffer[1024];

	(void)state;
	expand(files, &expanded);
	assert_string_equal(expanded.said,
			"b.test.yaml:2:3: ALIAS b.test. to \"nothing.b.test.\" has no answer: "
			"\"nothing.b.test.\" does not exist\n"
			"a.test.yaml:2:3: ALIAS a.test. to \"www.b.test.\" has no answer: "
			"\"www.b.test.\" is in zone b.test., which has errors\n");
	assert_true(expanded.is_refused[0] && expanded.is_refused[1]);
	assert_false(expanded.is_refused[2]);
	assert_string_equal(values_of(&expanded.loaded, "c.test.", "A", buffer), "600 192.0.2.3");
	assert_int_equal(expanded.alias_cnt, 3);
	free_expanded(&expanded);
}

/* Compiled, so that what is asked of health is seen: the keys of all targets, in order of the table. */
static char *
targets_of(const struct cp_zones *zones)
{
	const struct cp_compile_params params = { .generation = 1, .hash_seed = { 1, 2 } };
	struct cp_compiler *compiler = NULL;
	struct conf_errors errors = { 0 };
	struct tbl_view view;
	void *image = NULL;
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(cp_compiler_new(&compiler), 0);
	assert_int_equal(cp_compile(compiler, zones, NULL, &params, &errors, &image, &size), 0);
	tbl_view_init(&view, image, NULL);
	for (uint32_t i = 0; i < view.header->sections[TBL_SECTION_TARGETS].cnt; i++) {
		(void)fprintf(out, "%s\n", view.strings + view.targets[i].key_str);
	}
	assert_int_equal(fclose(out), 0);
	free(image);
	cp_compiler_free(compiler);
	conf_errors_free(&errors);
	return text;
}

#define RULES  "rules: [{pool: two, subnets: [192.0.2.0/24]}, {pool: one}]"
#define TARGET " interval=10000 timeout=4000 fall=3 rise=2\n"

static void
test_dynamic_target(void **state)
{
	static const struct zone_file files[] = {
		{ "example.test.yaml",
				ALIAS_TO("lb.example.test.") "lb: {dynamic: {pools: {one: "
							     "{fallback: two, values: [{value: "
							     "192.0.2.1, weight: 3}, {value: "
							     "192.0.2.2}]}, two: {values: "
							     "[{value: 192.0.2.3}]}}, " RULES
							     "}, octodns: {healthcheck: "
							     "{protocol: TCP}}, ttl: 30, type: A, "
							     "value: 192.0.2.9}\n" },
		{ NULL, NULL },
	};
	struct expanded expanded;
	const struct cp_record *apex = NULL;
	char *targets = NULL;

	(void)state;
	expand(files, &expanded);
	apex = record_at(&expanded.loaded, "example.test.", "A");
	assert_string_equal(expanded.said, "");
	assert_non_null(apex);
	assert_int_equal(apex->ttl_s, 30);
	assert_ptr_equal(apex->dynamic,
			record_at(&expanded.loaded, "lb.example.test.", "A")->dynamic);
	/* No probe is added: the apex has the target's own. */
	targets = targets_of(expanded.source);
	assert_string_equal(targets, "tcp 192.0.2.1 443" TARGET "tcp 192.0.2.2 443" TARGET
				     "tcp 192.0.2.3 443" TARGET);
	free(targets);
	free_expanded(&expanded);
}

/* A dynamic CNAME's names become their addresses: the name's weight is shared among them, and its
 * check is still the name's. */
static void
test_dynamic_cname(void **state)
{
	static const struct zone_file files[] = {
		{ "example.test.yaml",
				ALIAS_TO("lb.example.test.") "a: {type: A, values: [192.0.2.1, "
							     "192.0.2.2]}\n"
							     "b: {ttl: 20, type: CNAME, value: "
							     "c.example.test.}\n"
							     "c: {type: A, value: 192.0.2.3}\n"
							     "lb: {dynamic: {pools: {one: "
							     "{fallback: two, values: [{value: "
							     "a.example.test., weight: 3}, {value: "
							     "b.example.test.}]}, two: "
							     "{values: [{value: "
							     "c.example.test.}]}}, " RULES
							     "}, octodns: "
							     "{healthcheck: {protocol: TCP}}, "
							     "type: CNAME, value: "
							     "a.example.test.}\n" },
		{ NULL, NULL },
	};
	struct expanded expanded;
	const struct cp_record *apex = NULL;
	const struct cp_pool *pool = NULL;
	char buffer[1024];
	char *targets = NULL;

	(void)state;
	expand(files, &expanded);
	apex = record_at(&expanded.loaded, "example.test.", "A");
	assert_string_equal(expanded.said, "");
	assert_string_equal(values_of(&expanded.loaded, "example.test.", "A", buffer),
			"20 192.0.2.1 192.0.2.2");
	assert_null(record_at(&expanded.loaded, "example.test.", "AAAA"));
	pool = &apex->dynamic->pools[0];
	assert_int_equal(pool->value_cnt, 3);
	assert_int_equal(pool->fallback, 1);
	assert_int_equal(pool->values[0].weight, 3);
	assert_int_equal(pool->values[1].weight, 3);
	assert_int_equal(pool->values[2].weight, 2);
	assert_string_equal(pool->values[2].text, "192.0.2.3");
	targets = targets_of(expanded.source);
	assert_string_equal(targets, "tcp a.example.test 443" TARGET "tcp b.example.test 443" TARGET
				     "tcp c.example.test 443" TARGET);
	free(targets);
	free_expanded(&expanded);
}

static void
test_dynamic_cname_refused(void **state)
{
#define CHECK "octodns: {healthcheck: {protocol: TCP}}, "
#define LB(pool)                                                                           \
	"lb: {dynamic: {pools: {one: {values: [" pool "]}}, rules: [{pool: one}]}, " CHECK \
	"type: CNAME, value: c.example.test.}\n"
	static const struct {
		const char *records;
		const char *reason;
	} rows[] = {
		{ "c: {type: A, value: 192.0.2.3}\nd: {type: TXT, value: x}\n" LB(
				  "{value: d.example.test.}"),
				"\"d.example.test.\" has neither A nor AAAA records" },
		{ "c: {type: A, value: 192.0.2.3}\nd: {type: AAAA, value: 2001:db8::1}\n" LB(
				  "{value: d.example.test.}"),
				"\"d.example.test.\" has no A record, while other names of the "
				"dynamic CNAME lb.example.test. have" },
		{ "c: {type: A, value: 192.0.2.3}\n"
		  "d: {dynamic: {pools: {one: {values: [{value: c.example.test.}]}}, rules: "
		  "[{pool: one}]}, " CHECK
		  "type: CNAME, value: c.example.test.}\n" LB("{value: d.example.test.}"),
				"\"d.example.test.\" is dynamic, behind the dynamic CNAME "
				"lb.example.test.: an ALIAS can follow only one of them" },
		{ "c: {type: A, values: [192.0.2.1, 192.0.2.2, 192.0.2.3]}\n"
		  "d: {type: A, value: 192.0.2.4}\n" LB(
				  "{value: c.example.test., weight: 1}, {value: "
				  "d.example.test., weight: 50}"),
				"\"lb.example.test.\" is a dynamic CNAME whose pool \"one\" has "
				"too many addresses behind its names to keep their weights" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct zone_file files[] = { { "example.test.yaml", NULL }, { NULL, NULL } };
		struct expanded expanded;
		char *text = NULL;
		char *said = NULL;

		assert_true(asprintf(&text, "%s%s", ALIAS_TO("lb.example.test."), rows[i].records) >
				0);
		files[0].text = text;
		expand(files, &expanded);
		assert_true(asprintf(&said, SAID("lb.example.test.", "%s"), rows[i].reason) > 0);
		assert_string_equal(expanded.said, said);
		free_expanded(&expanded);
		free(text);
		free(said);
	}
}

/* A zone that only the builder refuses (a name below its own delegation) is found out after others
 * were resolved through it. */
static void
test_builder_refuses_target(void **state)
{
	static const struct zone_file files[] = {
		{ "a.test.yaml", ALIAS_TO("www.b.test.") },
		{ "b.test.yaml", APEX "sub: {" NS "}\nwww: {type: A, value: 192.0.2.1}\n"
				      "x.sub: {type: TXT, value: x}\n" },
		{ "c.test.yaml", APEX },
		{ NULL, NULL },
	};
	const struct cp_compile_params params = { .generation = 1, .hash_seed = { 1, 2 } };
	struct loaded loaded = load_files(files, NULL);
	struct cp_compiler *compiler = NULL;
	struct conf_errors errors = { 0 };
	void *image = NULL;
	size_t size = 0;

	(void)state;
	assert_int_equal(cp_compiler_new(&compiler), 0);
	assert_int_equal(cp_compile(compiler, loaded.zones, NULL, &params, &errors, &image, &size),
			0);
	assert_int_equal(((const struct tbl_header *)image)->sections[TBL_SECTION_ZONES].cnt, 1);
	assert_int_equal(errors.cnt, 2);
	assert_string_equal(errors.messages[1].text,
			"ALIAS a.test. to \"www.b.test.\" has no answer: \"www.b.test.\" is in "
			"zone b.test., which has errors");
	free(image);
	cp_compiler_free(compiler);
	conf_errors_free(&errors);
	free_loaded(&loaded);
}

/* What a table answers to a question of type A: the last octet of the last record when that is an
 * address, else 0. */
static unsigned int
last_octet(const struct cp_zones *zones, const char *question)
{
	static const struct tbl_addr anybody = { .family = 4 };
	const struct cp_compile_params params = { .generation = 1, .hash_seed = { 1, 2 } };
	struct cp_compiler *compiler = NULL;
	struct conf_errors errors = { 0 };
	uint8_t wire[TBL_NAME_MAX];
	uint8_t message[4096] = { 0 };
	/* Type A, class IN, before TTL, length 4 and the address. */
	static const uint8_t a_in[] = { 0, 1, 0, 1 };
	struct tbl_view view;
	struct tbl_name name;
	struct tbl_reply reply;
	struct tbl_counts counts = { 0 };
	void *image = NULL;
	size_t size = 0;
	int len = 0;

	assert_int_equal(cp_compiler_new(&compiler), 0);
	assert_int_equal(cp_compile(compiler, zones, NULL, &params, &errors, &image, &size), 0);
	tbl_view_init(&view, image, NULL);
	assert_true(tbl_name_from_text(question, wire) > 0);
	assert_true(tbl_name_parse(wire, sizeof(wire), &name) > 0);
	tbl_name_hash(&name, view.header->hash_seed);
	tbl_resolve(&view, &name, CP_TYPE_A, &(struct tbl_asker){ .source = &anybody }, 0, &reply);
	memcpy(message + 12, name.wire, name.len);
	len = tbl_reply_write(&view, &reply, name.len, message, 12u + name.len + 4, sizeof(message),
			&counts);
	assert_true(len > 0);
	free(image);
	cp_compiler_free(compiler);
	conf_errors_free(&errors);
	if (counts.answer == 0 || counts.authority > 0 ||
			memcmp(message + len - 14, a_in, sizeof(a_in)) != 0) {
		return 0;
	}
	return message[len - 1];
}

/* An ALIAS answers what a CNAME in its place leads to: to every name of up to three labels out of "a",
 * "b" and "c" in zones with all that there is on the way. */
static void
test_same_as_a_cname(void **state)
{
	static const char t_test[] = APEX "'*': {type: A, value: 192.0.2.1}\n"
					  "'*.b': {type: CNAME, value: a.c.t.test.}\n"
					  "a.a: {type: CNAME, value: x.b.t.test.}\n"
					  "a.c: {type: A, value: 192.0.2.2}\n"
					  "b.a: {type: CNAME, value: b.a.t.test.}\n"
					  "b.c: {type: DNAME, value: b.t.test.}\n"
					  "c.a: {type: NS, value: ns.example.net.}\n"
					  "c.b: {type: A, value: 192.0.2.3}\n"
					  "c.c: {type: CNAME, value: www.example.net.}\n";
	size_t answered_cnt = 0;
	size_t refused_cnt = 0;

	(void)state;
	for (unsigned int number = 0; number < 1 + 3 + 9 + 27; number++) {
		char target[64] = "";
		char zone[256];
		struct zone_file files[] = { { "p.test.yaml", zone }, { "t.test.yaml", t_test },
			{ NULL, NULL } };
		struct loaded loaded;
		unsigned int followed = 0;

		for (unsigned int rest = number; rest > 0; rest = (rest - 1) / 3) {
			size_t len = strlen(target);

			(void)snprintf(target + len, sizeof(target) - len, "%c.",
					"abc"[(rest - 1) % 3]);
		}
		(void)snprintf(zone, sizeof(zone), APEX "x: {type: CNAME, value: %st.test.}\n",
				target);
		loaded = load_files(files, NULL);
		followed = last_octet(loaded.zones, "x.p.test.");
		free_loaded(&loaded);
		(void)snprintf(zone, sizeof(zone),
				"'':\n- {type: ALIAS, value: %st.test.}\n- {" NS "}\n", target);
		loaded = load_files(files, NULL);
		/* Zero where the zone is refused: its question is. */
		if (last_octet(loaded.zones, "p.test.") != followed) {
			fail_msg("%st.test.: the CNAME leads to %u", target, followed);
		}
		free_loaded(&loaded);
		answered_cnt += followed != 0;
		refused_cnt += followed == 0;
	}
	assert_in_range(answered_cnt, 10, 30);
	assert_in_range(refused_cnt, 10, 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_followed),
		cmocka_unit_test(test_in_vain),
		cmocka_unit_test(test_chain_limit),
		cmocka_unit_test(test_refusal_spreads),
		cmocka_unit_test(test_dynamic_target),
		cmocka_unit_test(test_dynamic_cname),
		cmocka_unit_test(test_dynamic_cname_refused),
		cmocka_unit_test(test_builder_refuses_target),
		cmocka_unit_test(test_same_as_a_cname),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
