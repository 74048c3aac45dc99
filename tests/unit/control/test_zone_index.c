/* The index finds what the table finds: the same names in both, every one of a small universe. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/reply.h"

#include "control/compile.h"
#include "control/rdata.h"
#include "control/zone_index.h"
#include "tests/unit/control/zone_text.h"
#include "tests/unit/test.h"

#define NS "type: NS, value: ns.example.net."

/* Wildcards at three depths, an empty non-terminal, a wildcard that is one, a cut, a DNAME, a zone within. */
static const struct zone_file files[] = {
	{ "t.test.yaml", "'': {" NS "}\n"
			 "'*': {type: A, value: 192.0.2.1}\n"
			 "'*.b': {type: TXT, value: x}\n"
			 "'a.*.c.a': {type: A, value: 192.0.2.2}\n"
			 "b.a: {type: CNAME, value: a.t.test.}\n"
			 "b.b: {type: DNAME, value: b.a.t.test.}\n"
			 "c: {type: NS, value: a.c.c.t.test.}\n"
			 "c.b: {" NS "}\n"
			 "a.c.c: {type: A, value: 192.0.2.3}\n" },
	{ "a.b.t.test.yaml", "'': {" NS "}\n'*.c': {type: A, value: 192.0.2.4}\n" },
	{ NULL, NULL },
};

struct universe {
	struct loaded loaded;
	struct cp_zone_index *index;
	struct tbl_view view;
	void *image;
	size_t cnt[5]; /* names by finding */
	size_t wildcard_cnt;
};

/* A TXT question tells all that an index does, but which records are there. */
static void
compare(struct universe *universe, const char *text)
{
	static const struct tbl_addr anybody = { .family = 4 };
	uint8_t wire[TBL_NAME_MAX];
	struct tbl_name name;
	struct tbl_reply reply;
	struct cp_found found;
	bool is_known = false;

	assert_true(tbl_name_from_text(text, wire) > 0);
	assert_true(tbl_name_parse(wire, sizeof(wire), &name) > 0);
	tbl_name_hash(&name, universe->view.header->hash_seed);
	tbl_resolve(&universe->view, &name, CP_TYPE_TXT, &(struct tbl_asker){ .source = &anybody },
			0, &reply);
	assert_int_equal(cp_zone_index_find(universe->index, wire, &found), 0);
	switch (found.finding) {
	case CP_NO_ZONE:
		is_known = reply.rcode == 5;
		break;
	case CP_NO_NAME:
		is_known = reply.rcode == 3;
		break;
	case CP_FOUND_CUT:
		is_known = reply.is_referral && cp_found_type(&found, CP_TYPE_NS) != NULL;
		break;
	case CP_FOUND:
		is_known = !reply.is_referral && reply.is_wildcard == found.is_wildcard &&
		           (reply.rcode == 0 || cp_found_type(&found, CP_TYPE_CNAME) != NULL) &&
		           (reply.pieces[0].section == TBL_REPLY_ANSWER) ==
		                           (cp_found_type(&found, CP_TYPE_TXT) != NULL ||
							   cp_found_type(&found, CP_TYPE_CNAME) !=
									   NULL);
		break;
	case CP_FOUND_DNAME:
		is_known = reply.piece_cnt > 0 && !reply.is_wildcard &&
		           reply.pieces[0].section == TBL_REPLY_ANSWER &&
		           cp_found_type(&found, CP_TYPE_DNAME) != NULL;
		break;
	}
	if (!is_known) {
		fail_msg("%s: finding %d, wildcard %d; rcode %u, referral %d, wildcard %d", text,
				(int)found.finding, found.is_wildcard, reply.rcode,
				reply.is_referral, reply.is_wildcard);
	}
	universe->cnt[found.finding]++;
	universe->wildcard_cnt += found.is_wildcard;
}

/* Every name of up to four labels out of "a", "b", "c" and "*" below each of three roots. */
static void
compare_all(struct universe *universe)
{
	static const char *const roots[] = { "t.test.", "test.", "." };
	static const char letters[] = "abc*";

	for (size_t root = 0; root < ARRAY_LEN(roots); root++) {
		for (unsigned int number = 0; number < 1 + 4 + 16 + 64 + 256; number++) {
			char text[64] = "";
			unsigned int rest = number;

			/* Counted as 1 to 4 in base 4, so that each length comes once. */
			for (; rest > 0; rest = (rest - 1) / 4) {
				size_t len = strlen(text);

				(void)snprintf(text + len, sizeof(text) - len, "%c.",
						letters[(rest - 1) % 4]);
			}
			if (number > 0 && root == 2) {
				compare(universe, text);
				continue;
			}
			(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s",
					roots[root]);
			compare(universe, text);
		}
	}
}

static void
test_finds_what_the_table_finds(void **state)
{
	const struct cp_compile_params params = { .generation = 1, .hash_seed = { 1, 2 } };
	struct cp_zones_options options = cp_zones_defaults();
	struct universe universe = { .index = NULL };
	struct cp_compiler *compiler = NULL;
	struct conf_errors errors = { 0 };
	size_t size = 0;

	(void)state;
	options.enforce_order = false;
	universe.loaded = load_files(files, &options);
	assert_int_equal(universe.loaded.errors.cnt, 0);
	assert_int_equal(cp_compiler_new(&compiler), 0);
	assert_int_equal(cp_compile(compiler, universe.loaded.zones, NULL, &params, &errors,
					 &universe.image, &size),
			0);
	tbl_view_init(&universe.view, universe.image, NULL);
	assert_int_equal(cp_zone_index_new(universe.loaded.zones, &universe.index), 0);
	compare_all(&universe);
	/* None of the cases is missing. */
	assert_in_range(universe.cnt[CP_FOUND], 10, 1000);
	assert_in_range(universe.cnt[CP_FOUND_CUT], 10, 1000);
	assert_in_range(universe.cnt[CP_FOUND_DNAME], 10, 1000);
	assert_in_range(universe.cnt[CP_NO_NAME], 10, 1000);
	assert_in_range(universe.cnt[CP_NO_ZONE], 10, 1000);
	assert_in_range(universe.wildcard_cnt, 10, 1000);
	cp_zone_index_free(universe.index);
	free(universe.image);
	cp_compiler_free(compiler);
	conf_errors_free(&errors);
	free_loaded(&universe.loaded);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_what_the_table_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
