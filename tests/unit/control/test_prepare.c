/* A directory that somebody writes while it is read: never half of one state and half of another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/view.h"

#include "control/prepare.h"
#include "tests/unit/control/scratch.h"
#include "tests/unit/test.h"

#define ZONE(ADDRESS)                           \
	"'':\n  type: NS\n  value: ns1.test.\n" \
	"www:\n  type: A\n  value: " ADDRESS "\n"

/* A writer who changes something during the first `change_cnt` readings. */
struct writer {
	unsigned int change_cnt;
	unsigned int read_cnt;
};

static void
write_meanwhile(void *ctx)
{
	struct writer *writer = ctx;
	char text[200];

	writer->read_cnt++;
	if (writer->read_cnt > writer->change_cnt) {
		return;
	}
	/* Of another size each time: two writes may fall into one tick of the file system's clock. */
	(void)snprintf(text, sizeof(text), ZONE("192.0.2.1") "# %.*s\n", (int)writer->read_cnt,
			"xxxxxxxxxx");
	scratch_write("zones/one.test.yaml", text);
}

static void
prepare(struct writer *writer, struct cp_prepared *prepared)
{
	struct cp_workshop workshop;
	struct cp_prepare_input input = {
		.zones_dir = scratch_path("zones"),
		.options = cp_zones_defaults(),
		.params = { .generation = 1 },
		.on_read = write_meanwhile,
		.ctx = writer,
	};

	assert_int_equal(cp_workshop_init(&workshop), 0);
	cp_prepare(&workshop, &input, prepared);
	cp_workshop_done(&workshop);
}

static void
test_a_changing_directory_is_read_again(void **state)
{
	static const struct {
		unsigned int change_cnt, read_cnt;
		bool is_prepared;
	} rows[] = {
		{ 0, 1, true },
		{ 1, 2, true },
		{ 2, 3, true },
		{ 3, 3, false },
		{ 1000, 3, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct writer writer = { .change_cnt = rows[i].change_cnt };
		struct cp_prepared prepared;

		scratch_write("zones/one.test.yaml", ZONE("192.0.2.1"));
		prepare(&writer, &prepared);
		assert_int_equal(prepared.read_cnt, rows[i].read_cnt);
		assert_int_equal(prepared.image != NULL, rows[i].is_prepared);
		assert_int_equal(prepared.errors.error_cnt, rows[i].is_prepared ? 0 : 1);
		if (!rows[i].is_prepared) {
			assert_non_null(strstr(prepared.errors.messages[0].text, "changed"));
		}
		cp_prepared_done(&prepared);
	}
}

/* What a half-written file was blamed for is forgotten with it. */
static void
repair_meanwhile(void *ctx)
{
	struct writer *writer = ctx;

	if (writer->read_cnt++ == 0) {
		scratch_write("zones/one.test.yaml", ZONE("192.0.2.1"));
	}
}

static void
test_errors_of_a_half_written_file_are_forgotten(void **state)
{
	struct writer writer = { 0 };
	struct cp_prepared prepared;
	struct cp_workshop workshop;
	struct cp_prepare_input input = {
		.zones_dir = scratch_path("zones"),
		.options = cp_zones_defaults(),
		.params = { .generation = 1 },
		.on_read = repair_meanwhile,
		.ctx = &writer,
	};

	(void)state;
	scratch_write("zones/one.test.yaml", "'':\n  type: NS\n  val");
	assert_int_equal(cp_workshop_init(&workshop), 0);
	cp_prepare(&workshop, &input, &prepared);
	assert_int_equal(prepared.read_cnt, 2);
	assert_int_equal(prepared.errors.error_cnt, 0);
	assert_non_null(prepared.image);
	cp_prepared_done(&prepared);
	cp_workshop_done(&workshop);
}

#define ALIAS "'':\n- {type: ALIAS, value: www.two.test.}\n- {type: NS, value: ns1.test.}\n"
#define APEX  "'': {type: NS, value: ns1.test.}\n"
#define WWW   APEX "www: {type: A, value: 192.0.2."

/* The last octet of the A record that a table has for one.test, 0 when it has none. */
static unsigned int
address_of(const void *image)
{
	static const uint8_t one_test[] = { 3, 'o', 'n', 'e', 4, 't', 'e', 's', 't', 0 };
	struct tbl_view view;
	struct tbl_name name;
	const struct tbl_rrset *rrset = NULL;
	const struct tbl_answer *answer = NULL;

	tbl_view_init(&view, image, NULL);
	assert_true(tbl_name_parse(one_test, sizeof(one_test), &name) > 0);
	tbl_name_hash(&name, view.header->hash_seed);
	if (tbl_find(&view, &name).kind == TBL_MATCH_EXACT) {
		rrset = tbl_find_rrset(&view, tbl_find(&view, &name).node, 1);
	}
	if (rrset == NULL) {
		return 0;
	}
	answer = &view.answers[rrset->ref];
	return view.wire[answer->wire_off + answer->wire_len - 1];
}

/* A kept zone goes on following its ALIAS, and when that leads nowhere, stays with what it led to. */
static void
test_aliases_outlive_their_target(void **state)
{
	static const struct {
		const char *one;
		const char *two;
		enum cp_zone_standing standing; /* of one.test */
		unsigned int address;
		const char *said; /* of the ALIAS */
	} rows[] = {
		{ ALIAS, WWW "1}\n", CP_ZONE_FRESH, 1, NULL },
		{ ALIAS, APEX, CP_ZONE_KEPT, 1, "\"www.two.test.\" does not exist" },
		{ ALIAS, APEX, CP_ZONE_KEPT, 1, "\"www.two.test.\" does not exist" },
		{ ALIAS "x: {type: A}\n", WWW "3}\n", CP_ZONE_KEPT, 3, NULL },
		{ ALIAS "x: {type: A}\n", APEX, CP_ZONE_KEPT, 3,
				"\"www.two.test.\" does not exist; it is answered as before" },
		{ ALIAS "x: {type: A}\n", APEX, CP_ZONE_KEPT, 3,
				"\"www.two.test.\" does not exist; it is answered as before" },
		{ ALIAS, WWW "4}\n", CP_ZONE_FRESH, 4, NULL },
	};
	struct cp_book *served = NULL;
	struct cp_workshop workshop;

	(void)state;
	assert_int_equal(cp_workshop_init(&workshop), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cp_prepared prepared;
		struct cp_prepare_input input = {
			.zones_dir = scratch_path("follow"),
			.options = cp_zones_defaults(),
			.served = served,
			.params = { .generation = i + 1 },
		};
		bool is_said = rows[i].said == NULL;

		scratch_write("follow/one.test.yaml", rows[i].one);
		scratch_write("follow/two.test.yaml", rows[i].two);
		cp_prepare(&workshop, &input, &prepared);
		assert_non_null(prepared.image);
		assert_int_equal(prepared.book->entries[0].standing, rows[i].standing);
		assert_int_equal(address_of(prepared.image), rows[i].address);
		for (size_t k = 0; k < prepared.errors.cnt; k++) {
			const char *text = prepared.errors.messages[k].text;

			is_said = is_said || strstr(text, rows[i].said) != NULL;
			assert_true(rows[i].said != NULL || strstr(text, "ALIAS") == NULL);
		}
		assert_true(is_said);
		/* What publishing does with it. */
		cp_book_free(served);
		served = prepared.book;
		prepared.book = NULL;
		cp_prepared_done(&prepared);
	}
	cp_book_free(served);
	cp_workshop_done(&workshop);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_changing_directory_is_read_again),
		cmocka_unit_test(test_errors_of_a_half_written_file_are_forgotten),
		cmocka_unit_test(test_aliases_outlive_their_target),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
