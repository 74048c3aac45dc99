/* Class CHAOS: version, identity, generation. */
#include <stdlib.h>

#include "table/build.h"

#include "tests/unit/dataplane/ask.h"

#define VERSION_REPLY(owner) "NOERROR aa; an " owner " 0 CH TXT \"meridian " MERIDIAN_VERSION "\""

static const struct row chaos_rows[] = {
	{ "version.bind", { "version.bind.", TXT, CH }, NOERROR, VERSION_REPLY("version.bind.") },
	{ "version.server", { "VERSION.server.", TXT, CH }, NOERROR,
			VERSION_REPLY("VERSION.server.") },
	{ "id.server (4892 2)", { "id.server.", TXT, CH }, NOERROR,
			"NOERROR aa; an id.server. 0 CH TXT \"node1\"" },
	{ "hostname.bind", { "hostname.bind.", ANY, CH }, NOERROR,
			"NOERROR aa; an hostname.bind. 0 CH TXT \"node1\"" },
	{ "generation.meridian", { "generation.meridian.", TXT, CH }, NOERROR,
			"NOERROR aa; an generation.meridian. 0 CH TXT \"7.0\"" },
	{ "generation-with-opt-no-ecs",
			{ "generation.meridian.", TXT, CH, .udp_bytes = 1232,
					.options = BYTES(ECS_US_24) },
			NOERROR, "NOERROR aa; an generation.meridian. 0 CH TXT \"7.0\"; opt 1232" },
	{ "chaos-other-type", { "version.bind.", A, CH }, REFUSED, "REFUSED" },
	{ "chaos-unknown-name", { "authors.bind.", TXT, CH }, REFUSED, "REFUSED" },
	{ "chaos-our-zone (8906)", { "www.example.test.", TXT, CH }, REFUSED, "REFUSED" },
	{ "chaos-long-name", { "longer.than.any.name.of.chaos.", TXT, CH }, REFUSED, "REFUSED" },
	{ "chaos-prefix-of-a-name", { "id.", TXT, CH }, REFUSED, "REFUSED" },
	{ "chaos-root", { ".", TXT, CH }, REFUSED, "REFUSED" },
};

ROWS_TEST(chaos_rows)

/* A reply names the generation and selection that made it. */
static void
generation_and_sequence_are_told(void **state)
{
	static uint8_t message[MESSAGE_MAX];
	const struct fixture *fixture = *state;
	const struct ask ask = { "generation.meridian.", TXT, CH, .udp_bytes = 1232,
		.options = BYTES(NSID) };
	struct fixture other = { NULL, { 0 } };
	void *selection;
	size_t size;
	size_t len = ask_make(&ask, message);
	char text[RENDER_MAX];

	assert_int_equal(tbl_select_build(fixture->image, NULL, UINT64_MAX, &selection, &size), 0);
	tbl_view_init(&other.view, fixture->image, selection);
	assert_int_equal(ask_run(&other, &ask, DP_UDP, message, &len), NOERROR);
	render_reply(message, len, text);
	assert_string_equal(text,
			"NOERROR aa; an generation.meridian. 0 CH TXT \"7.18446744073709551615\"; "
			"opt 1232 nsid \"node1 7.18446744073709551615\"");
	free(selection);
}

/* RFC 4892 §3: a server that has no identity to tell refuses; NSID still tells the generation. */
static void
without_identity_it_is_refused(void **state)
{
	static uint8_t message[MESSAGE_MAX];
	const struct fixture *fixture = *state;
	const struct dp_settings nobody = { .max_udp_bytes = UDP_MAX };
	const struct ask ask = { "id.server.", TXT, CH, .udp_bytes = 1232, .options = BYTES(NSID) };
	struct dp_answerer answerer = ask_answerer(fixture);
	struct dp_client client = ask_client(&ask, DP_UDP);
	size_t len = ask_make(&ask, message);
	char text[RENDER_MAX];

	answerer.settings = &nobody;
	assert_int_equal(dp_answer_message(&answerer, &client, message, len, MESSAGE_MAX, &len),
			REFUSED);
	render_reply(message, len, text);
	assert_string_equal(text, "REFUSED; opt 1232 nsid \"7.0\" ede 20");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_chaos_rows),
		cmocka_unit_test(generation_and_sequence_are_told),
		cmocka_unit_test(without_identity_it_is_refused),
	};

	return cmocka_run_group_tests(tests, ask_set_up, ask_tear_down);
}
