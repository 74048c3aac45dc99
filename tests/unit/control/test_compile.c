/* From zone text to an image that answers: the compiler together with the real builder and reader. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/reply.h"

#include "control/address.h"
#include "control/compile.h"
#include "control/rdata.h"
#include "tests/unit/control/zone_text.h"
#include "tests/unit/test.h"

#define CHECK "octodns: {healthcheck: {protocol: TCP}}, "

/* A database of two prefixes, 198.51.100.0/24 in the United States and 203.0.113.0/24 in Germany. */
static const char *const places[] = { "NA-US", "EU-DE" };
static const struct tbl_geo_prefix geo_prefixes[] = {
	{ { { 198, 51, 100 }, 24, 4 }, 0 },
	{ { { 203, 0, 113 }, 24, 4 }, 1 },
};
static const struct cp_geo geo = {
	.table = { geo_prefixes, ARRAY_LEN(geo_prefixes), places, ARRAY_LEN(places) },
	.content_hash = 1,
};

struct compiled {
	int rc;
	void *image;
	size_t size;
	struct conf_errors errors;
	struct tbl_view view;
};

static struct compiled
compile_with(struct cp_compiler *compiler, const struct loaded *loaded,
		const struct cp_geo *database, uint64_t generation)
{
	const struct cp_compile_params params = {
		.generation = generation, .built_unix_s = 1, .hash_seed = { 1, 2 }
	};
	struct compiled compiled = { 0 };
	struct tbl_error error = { .text = "" };

	compiled.rc = cp_compile(compiler, loaded->zones, database, &params, &compiled.errors,
			&compiled.image, &compiled.size);
	if (compiled.rc == 0) {
		if (tbl_check(compiled.image, compiled.size, &error) != 0) {
			fail_msg("%s", error.text);
		}
		tbl_view_init(&compiled.view, compiled.image, NULL);
	}
	return compiled;
}

static struct compiled
compile(const struct loaded *loaded, const struct cp_geo *database)
{
	struct cp_compiler *compiler = NULL;
	struct compiled compiled;

	assert_int_equal(cp_compiler_new(&compiler), 0);
	compiled = compile_with(compiler, loaded, database, 7);
	cp_compiler_free(compiler);
	return compiled;
}

static void
free_compiled(struct compiled *compiled)
{
	free(compiled->image);
	conf_errors_free(&compiled->errors);
}

/* ask: the reply to a question from an IPv4 client; the answer's last record ends with its RDATA. */
static struct tbl_reply
ask(const struct compiled *compiled, const char *qname, uint16_t type, const char *client)
{
	uint8_t wire[TBL_NAME_MAX];
	struct tbl_name name;
	struct tbl_addr addr;
	struct tbl_reply reply;

	assert_int_equal(cp_address_parse(client, 4, &addr), 0);
	assert_true(tbl_name_from_text(qname, wire) > 0);
	assert_true(tbl_name_parse(wire, sizeof(wire), &name) > 0);
	tbl_name_hash(&name, compiled->view.header->hash_seed);
	tbl_resolve(&compiled->view, &name, type, &(struct tbl_asker){ .source = &addr }, 0,
			&reply);
	return reply;
}

static const uint8_t *
last_rdata(const struct compiled *compiled, const struct tbl_reply *reply, size_t size)
{
	const struct tbl_answer *answer = reply->pieces[reply->piece_cnt - 1].answer;

	return compiled->view.wire + answer->wire_off + answer->wire_len - size;
}

static void
test_zone_answers(void **state)
{
	struct loaded loaded = load_text(
			"'':\n"
			"- {dynamic: {pools: {us: {fallback: world, values: [{value: 192.0.2.1}]}, "
			"world: "
			"{values: [{value: 192.0.2.2}]}}, rules: [{geos: [NA], pool: us}, {pool: "
			"world}]}, " CHECK "type: A, values: [192.0.2.1, 192.0.2.2]}\n"
			"- {type: NS, value: ns.example.test.}\n"
			"'*': {type: CNAME, value: example.test.}\n"
			"a.ent: {type: A, value: 192.0.2.7}\n"
			"ns: {type: A, value: 192.0.2.53}\n");
	struct compiled compiled = compile(&loaded, &geo);
	static const struct {
		const char *qname, *client;
		uint8_t last_octet;
	} rows[] = {
		{ "example.test.", "198.51.100.9", 1 },
		{ "example.test.", "203.0.113.9", 2 },
		{ "example.test.", "192.0.2.200", 2 },
		{ "anything.example.test.", "198.51.100.9", 1 },
		{ "a.ent.example.test.", "198.51.100.9", 7 },
	};
	struct tbl_reply reply;
	const uint8_t *soa = NULL;

	(void)state;
	assert_string_equal(loaded.said, "");
	assert_int_equal(compiled.rc, 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		reply = ask(&compiled, rows[i].qname, 1, rows[i].client);
		assert_int_equal(reply.rcode, 0);
		assert_int_equal(last_rdata(&compiled, &reply, 4)[3], rows[i].last_octet);
	}
	/* An empty non-terminal is no data, not the wildcard's CNAME. */
	reply = ask(&compiled, "ent.example.test.", 1, "198.51.100.9");
	assert_int_equal(reply.rcode, 0);
	assert_int_equal(reply.piece_cnt, 1);
	assert_int_equal(reply.pieces[0].section, TBL_REPLY_AUTHORITY);
	/* The serial is left to the reader (0 is stored), the minimum is the negative TTL. */
	reply = ask(&compiled, "example.test.", 6, "198.51.100.9");
	soa = last_rdata(&compiled, &reply, 20);
	assert_memory_equal(soa, "\0\0\0\0", 4);
	assert_int_equal(reply.pieces[0].answer->flags, TBL_ANSWER_SERIAL);
	assert_int_equal(soa[18] << 8 | soa[19], 300);
	free_compiled(&compiled);
	free_loaded(&loaded);
}

static void
test_targets(void **state)
{
	struct loaded loaded =
			load_text("'': {type: NS, value: ns.example.test.}\n"
				  "a: {dynamic: {pools: {p: {values: [{value: 192.0.2.1}, {status: "
				  "up, value: "
				  "192.0.2.2}, {status: down, value: 192.0.2.3}]}}, rules: [{pool: "
				  "p}]}, " CHECK "type: A, value: 192.0.2.1}\n"
				  "b: {dynamic: {pools: {p: {values: [{value: 192.0.2.1}]}}, "
				  "rules: [{pool: p}]}, " CHECK "type: A, value: 192.0.2.1}\n");
	struct compiled compiled = compile(&loaded, NULL);

	(void)state;
	assert_int_equal(compiled.rc, 0);
	/* One probe for the two records that have the same; none for values whose state is given. */
	assert_int_equal(compiled.view.header->sections[TBL_SECTION_TARGETS].cnt, 1);
	assert_string_equal(compiled.view.strings + compiled.view.targets[0].key_str,
			"tcp 192.0.2.1 443 interval=10000 timeout=4000 fall=3 rise=2");
	free_compiled(&compiled);
	free_loaded(&loaded);
}

static void
test_rule_sets_are_shared(void **state)
{
#define POOLS_OF(a, b) "pools: {one: {values: [{value: " a "}]}, two: {values: [{value: " b "}]}}, "
	struct loaded loaded = load_text(
			"'': {type: NS, value: ns.example.test.}\n"
			"a: {dynamic: {" POOLS_OF("192.0.2.1",
					"192.0.2.2") "rules: [{geos: [NA, EU], pool: "
						     "one}, {pool: two}]}, " CHECK
						     "type: A, value: 192.0.2.1}\n"
						     "b: {dynamic: {" POOLS_OF("192.0.2.3",
								     "192.0.2.4") "rules: [{geos: "
										  "[EU, NA], pool: "
										  "one}, {pool: "
										  "two}]}, " CHECK
										  "type: A, value: "
										  "192.0.2.1}\n"
										  "c: {dynamic: "
										  "{" POOLS_OF("192"
											       ".0."
											       "2."
											       "5",
												  "192.0.2.6") "rules: [{geos: [NA], pool: "
													       "one}, {pool: two}]}, " CHECK
													       "type: A, value: 192.0.2.1}\n");
	struct compiled compiled = compile(&loaded, &geo);
	struct tbl_reply reply;

	(void)state;
	assert_int_equal(compiled.rc, 0);
	assert_int_equal(compiled.view.header->sections[TBL_SECTION_RULESETS].cnt, 2);
	reply = ask(&compiled, "b.example.test.", 1, "203.0.113.9");
	assert_int_equal(last_rdata(&compiled, &reply, 4)[3], 3);
	reply = ask(&compiled, "c.example.test.", 1, "203.0.113.9");
	assert_int_equal(last_rdata(&compiled, &reply, 4)[3], 6);
	free_compiled(&compiled);
	free_loaded(&loaded);
}

/* The second compilation runs after the zones of the first are gone: the kept location must not
 * point into them. Other content under the same rules answers rightly too. */
static void
test_location_is_kept(void **state)
{
	static const char zone[] =
			"'': {type: NS, value: ns.example.test.}\n"
			"a: {dynamic: {pools: {p: {values: [{value: 192.0.2.%c}]}, q: "
			"{values: [{value: 192.0.2.9}]}}, rules: [{pool: p, subnets: "
			"[198.51.100.0/25]}, {pool: q}]}, " CHECK "type: A, value: 192.0.2.1}\n";
	struct cp_compiler *compiler = NULL;

	(void)state;
	assert_int_equal(cp_compiler_new(&compiler), 0);
	for (int octet = 1; octet <= 3; octet++) {
		char text[512];
		struct loaded loaded;
		struct compiled compiled;
		struct tbl_reply reply;
		char *at = NULL;

		(void)snprintf(text, sizeof(text), "%s", zone);
		at = strstr(text, "%c");
		at[0] = (char)('0' + octet);
		memmove(at + 1, at + 2, strlen(at + 2) + 1);
		loaded = load_text(text);
		compiled = compile_with(
				compiler, &loaded, octet < 3 ? NULL : &geo, 1u + (uint64_t)octet);
		assert_int_equal(compiled.rc, 0);
		free_loaded(&loaded);
		reply = ask(&compiled, "a.example.test.", 1, "198.51.100.9");
		assert_int_equal(last_rdata(&compiled, &reply, 4)[3], octet);
		assert_string_equal(compiled.view.strings + compiled.view.rules[0].subnets_str,
				"198.51.100.0/25");
		reply = ask(&compiled, "a.example.test.", 1, "198.51.100.200");
		assert_int_equal(last_rdata(&compiled, &reply, 4)[3], 9);
		free_compiled(&compiled);
	}
	cp_compiler_free(compiler);
}

static void
test_same_input_same_image(void **state)
{
	struct loaded loaded =
			load_text("'': {type: NS, value: ns.example.test.}\n"
				  "a: {dynamic: {pools: {p: {values: [{value: 192.0.2.1}]}}, "
				  "rules: [{pool: p}]}, " CHECK "type: A, value: 192.0.2.1}\n"
				  "b: {type: TXT, values: [x, y]}\n");
	struct compiled first = compile(&loaded, &geo);
	struct compiled second = compile(&loaded, &geo);

	(void)state;
	assert_int_equal(first.rc, 0);
	assert_int_equal(first.size, second.size);
	assert_memory_equal(first.image, second.image, first.size);
	free_compiled(&first);
	free_compiled(&second);
	free_loaded(&loaded);
}

/* conformance: zone-bad-others-served | practice | A zone that is wrong is left out; the others are served. */
static void
test_bad_zones_are_left_out(void **state)
{
	const struct zone_file files[] = {
		{ "bad.test.yaml", "'': {type: A, value: x}\n" },
		{ "good.test.yaml", "'': {type: NS, value: ns.good.test.}\n"
				    "a: {type: A, value: 192.0.2.1}\n" },
		/* Nothing a file shows by itself: the builder finds that the name is below a cut. */
		{ "torn.test.yaml", "'': {type: NS, value: ns.good.test.}\n"
				    "sub: {type: NS, value: ns.good.test.}\n"
				    "x.sub: {type: TXT, value: hidden}\n" },
		{ NULL, NULL },
	};
	struct loaded loaded = load_files(files, NULL);
	struct compiled compiled = compile(&loaded, NULL);

	(void)state;
	assert_int_equal(loaded.errors.error_cnt, 1);
	assert_int_equal(compiled.rc, 0);
	assert_int_equal(compiled.errors.error_cnt, 1);
	assert_non_null(strstr(compiled.errors.messages[0].file, "torn.test.yaml"));
	assert_int_equal(compiled.errors.messages[0].line, 3);
	assert_non_null(strstr(compiled.errors.messages[0].text, "x.sub.torn.test."));
	assert_int_equal(ask(&compiled, "a.good.test.", 1, "192.0.2.1").rcode, 0);
	assert_int_equal(ask(&compiled, "a.bad.test.", 1, "192.0.2.1").rcode, 5);
	assert_int_equal(ask(&compiled, "torn.test.", 1, "192.0.2.1").rcode, 5);
	free_compiled(&compiled);
	free_loaded(&loaded);
}

/* The builder's errors name a record; long names, names that end like others and several bad zones
 * must not lead to another record, nor take the good zones along. */
static void
test_the_right_record_is_blamed(void **state)
{
#define LONG_NAME                                                       \
	"llllllllllllllllllllllllllllllllllllllllllllllllllllllllllll." \
	"mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm.sub"
	const struct zone_file files[] = {
		{ "good.test.yaml", "'': {type: NS, value: ns.good.test.}\n" },
		{ "one.test.yaml", "'': {type: NS, value: ns.good.test.}\n" LONG_NAME
				   ": {type: TXT, value: hidden}\n"
				   "sub: {type: NS, value: ns.good.test.}\n" },
		{ "two.test.yaml", "'': {type: NS, value: ns.good.test.}\n"
				   "a.sub: {type: NS, value: ns.good.test.}\n"
				   "sub:\n"
				   "- {type: NS, value: ns.good.test.}\n"
				   "- {type: TXT, value: hidden}\n" },
		{ NULL, NULL },
	};
	struct cp_zones_options options = cp_zones_defaults();
	struct loaded loaded;
	struct compiled compiled;

	(void)state;
	options.enforce_order = false;
	loaded = load_files(files, &options);
	assert_string_equal(loaded.said, "");
	compiled = compile(&loaded, NULL);
	assert_int_equal(compiled.rc, 0);
	assert_int_equal(compiled.errors.error_cnt, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct conf_message *message = &compiled.errors.messages[i];
		bool is_one = strstr(message->file, "one.test.yaml") != NULL;

		assert_non_null(strstr(message->file, is_one ? "one.test." : "two.test."));
		assert_true(is_one ? message->line == 2 : message->line >= 2);
	}
	assert_int_equal(ask(&compiled, "good.test.", 2, "192.0.2.1").rcode, 0);
	assert_int_equal(ask(&compiled, "one.test.", 2, "192.0.2.1").rcode, 5);
	assert_int_equal(ask(&compiled, "two.test.", 2, "192.0.2.1").rcode, 5);
	free_compiled(&compiled);
	free_loaded(&loaded);
}

static void
test_no_zone_at_all(void **state)
{
	const struct zone_file none[] = { { NULL, NULL } };
	const struct zone_file bad[] = { { "bad.test.yaml", "'': {type: A, value: x}\n" },
		{ NULL, NULL } };
	const struct zone_file *const sets[] = { none, bad };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		struct loaded loaded = load_files(sets[i], NULL);
		struct compiled compiled = compile(&loaded, NULL);

		assert_int_equal(compiled.rc, -EINVAL);
		assert_null(compiled.image);
		assert_string_equal(compiled.errors.messages[0].text,
				"no zone is left that could be served");
		free_compiled(&compiled);
		free_loaded(&loaded);
	}
}

static void
test_geos_need_a_database(void **state)
{
	const struct zone_file files[] = {
		{ "a.test.yaml", "'': {type: NS, value: ns.b.test.}\n"
				 "x: {dynamic: {pools: {p: {values: [{value: 192.0.2.1}]}, q: "
				 "{values: "
				 "[{value: 192.0.2.2}]}}, rules: [{geos: [EU], pool: p}, {pool: "
				 "q}]}, " CHECK "type: A, value: 192.0.2.1}\n" },
		{ "b.test.yaml", "'': {type: NS, value: ns.b.test.}\n" },
		{ NULL, NULL },
	};
	struct loaded loaded = load_files(files, NULL);
	struct compiled compiled = compile(&loaded, NULL);

	(void)state;
	assert_int_equal(compiled.rc, 0);
	assert_int_equal(compiled.errors.error_cnt, 1);
	assert_int_equal(compiled.errors.messages[0].line, 2);
	assert_string_equal(compiled.errors.messages[0].text,
			"rule 1 of \"x.a.test.\" targets geos, and there is no geo database");
	assert_int_equal(ask(&compiled, "a.test.", 2, "192.0.2.1").rcode, 5);
	assert_int_equal(ask(&compiled, "b.test.", 2, "192.0.2.1").rcode, 0);
	free_compiled(&compiled);
	free_loaded(&loaded);
}

/* A DS belongs where its zone hands the name on, and is answered there. */
/* conformance: zone-ds-elsewhere-refused | RFC 4035 §2.4 | A DS stands at a delegation or its zone is refused. */
static void
test_ds_stands_at_delegations(void **state)
{
#define DS "{type: DS, value: {algorithm: 8, digest: abcd, digest_type: 2, key_tag: 1}}"
	const struct zone_file files[] = {
		{ "apex.test.yaml", "'':\n- " DS "\n- {type: NS, value: ns.good.test.}\n" },
		{ "good.test.yaml", "'': {type: NS, value: ns.good.test.}\n"
				    "sub:\n- " DS "\n- {type: NS, value: ns.good.test.}\n" },
		{ "host.test.yaml", "'': {type: NS, value: ns.good.test.}\nx: " DS "\n" },
		{ NULL, NULL },
	};
	struct loaded loaded = load_files(files, NULL);
	struct compiled compiled = compile(&loaded, NULL);
	struct tbl_reply reply;

	(void)state;
	assert_string_equal(loaded.said, "");
	assert_int_equal(compiled.rc, 0);
	assert_int_equal(compiled.errors.error_cnt, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct conf_message *message = &compiled.errors.messages[i];

		assert_null(strstr(message->file, "good.test.yaml"));
		assert_int_equal(message->line, 2);
		assert_non_null(strstr(message->text, "DS: is not at a delegation"));
	}
	reply = ask(&compiled, "sub.good.test.", CP_TYPE_DS, "192.0.2.1");
	assert_int_equal(reply.rcode, 0);
	assert_memory_equal(last_rdata(&compiled, &reply, 6), "\x00\x01\x08\x02\xab\xcd", 6);
	assert_int_equal(ask(&compiled, "apex.test.", 2, "192.0.2.1").rcode, 5);
	assert_int_equal(ask(&compiled, "host.test.", 2, "192.0.2.1").rcode, 5);
	free_compiled(&compiled);
	free_loaded(&loaded);
#undef DS
}

/* What a DNAME hides is told at its own place, and its zone is left out; others are served. */
static void
test_what_a_dname_hides_is_told(void **state)
{
	const struct zone_file files[] = {
		{ "good.test.yaml", "'': {type: NS, value: ns.good.test.}\n"
				    "moved: {type: DNAME, value: New.good.test.}\n"
				    "www.new: {type: A, value: 192.0.2.1}\n" },
		{ "hidden.test.yaml", "'': {type: NS, value: ns.good.test.}\n"
				      "moved: {type: DNAME, value: new.good.test.}\n"
				      "www.moved: {type: A, value: 192.0.2.1}\n" },
		{ "star.test.yaml", "'': {type: NS, value: ns.good.test.}\n"
				    "'*': {type: DNAME, value: new.good.test.}\n" },
		{ NULL, NULL },
	};
	struct loaded loaded = load_files(files, NULL);
	struct compiled compiled = compile(&loaded, NULL);
	struct tbl_reply reply;

	(void)state;
	assert_string_equal(loaded.said, "");
	assert_int_equal(compiled.rc, 0);
	assert_int_equal(compiled.errors.error_cnt, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct conf_message *message = &compiled.errors.messages[i];
		bool is_hidden = strstr(message->file, "hidden.test.yaml") != NULL;

		assert_int_equal(message->line, is_hidden ? 3 : 2);
		assert_non_null(strstr(message->text,
				is_hidden ? "www.moved.hidden.test. A: is below the DNAME at "
					    "moved.hidden.test., which hides it"
					  : "*.star.test. DNAME: a wildcard cannot be a DNAME"));
	}
	reply = ask(&compiled, "www.moved.good.test.", 1, "192.0.2.1");
	assert_int_equal(reply.rcode, 0);
	assert_int_equal(reply.piece_cnt, 3);
	assert_int_equal(last_rdata(&compiled, &reply, 4)[3], 1);
	free_compiled(&compiled);
	free_loaded(&loaded);
}

/* What two hosts compare, and what a rollback keeps, does not know the generation; the geo database a
 * table was made with is told in its header. */
static void
test_content_knows_no_generation(void **state)
{
	struct loaded loaded = load_text("'': {type: NS, value: ns.example.test.}\n");
	static char described[] = "country.mmdb (2026-06-17)";
	static char named[] = "EU-DE NA-US";
	struct cp_geo database = geo;
	struct cp_compiler *compiler = NULL;
	struct compiled compiled[3];
	const struct tbl_header *header;

	(void)state;
	database.description = described;
	database.places_text = named;
	database.build_epoch_s = 1781725900;
	assert_int_equal(cp_compiler_new(&compiler), 0);
	compiled[0] = compile_with(compiler, &loaded, &database, 1);
	compiled[1] = compile_with(compiler, &loaded, &database, 2);
	compiled[2] = compile_with(compiler, &loaded, NULL, 2);
	for (size_t i = 0; i < ARRAY_LEN(compiled); i++) {
		assert_int_equal(compiled[i].rc, 0);
	}
	header = compiled[0].view.header;
	assert_true(header->content_hash == compiled[1].view.header->content_hash);
	assert_int_equal(header->geo_built_unix_s, 1781725900);
	assert_string_equal(compiled[0].view.strings + header->geo_description_str, described);
	assert_string_equal(compiled[0].view.strings + header->geo_places_str, named);
	header = compiled[2].view.header;
	assert_int_equal(header->geo_built_unix_s, 0);
	assert_string_equal(compiled[2].view.strings + header->geo_description_str, "");
	assert_string_equal(compiled[2].view.strings + header->geo_places_str, "");
	for (size_t i = 0; i < ARRAY_LEN(compiled); i++) {
		free_compiled(&compiled[i]);
	}
	cp_compiler_free(compiler);
	free_loaded(&loaded);
}

/* A zone whose file has the SOA keeps its serial. */
static void
test_own_serials_stay(void **state)
{
	struct loaded loaded = load_text("'': {type: NS, value: ns.example.test.}\n");
	struct compiled compiled;
	struct tbl_reply reply;

	(void)state;
	loaded.zones->items[0].has_own_soa = true; /* as read: serial 0 */
	compiled = compile(&loaded, NULL);
	assert_int_equal(compiled.rc, 0);
	reply = ask(&compiled, "example.test.", CP_TYPE_SOA, "192.0.2.1");
	assert_int_equal(reply.pieces[0].answer->flags, 0);
	free_compiled(&compiled);
	free_loaded(&loaded);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zone_answers),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_rule_sets_are_shared),
		cmocka_unit_test(test_location_is_kept),
		cmocka_unit_test(test_same_input_same_image),
		cmocka_unit_test(test_bad_zones_are_left_out),
		cmocka_unit_test(test_the_right_record_is_blamed),
		cmocka_unit_test(test_no_zone_at_all),
		cmocka_unit_test(test_geos_need_a_database),
		cmocka_unit_test(test_ds_stands_at_delegations),
		cmocka_unit_test(test_what_a_dname_hides_is_told),
		cmocka_unit_test(test_content_knows_no_generation),
		cmocka_unit_test(test_own_serials_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
