#include "tests/unit/dataplane/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/frame.h"
#include "tests/fuzz/dataplane/reparse.h"
#include "tests/unit/dataplane/zone.h"

const struct dp_settings ask_settings = {
	.max_udp_bytes = UDP_MAX,
	.identity_len = 5,
	.identity = "node1",
	.tcp_keepalive_ds = 100,
};

static const struct dp_settings settings_requiring = {
	.max_udp_bytes = UDP_MAX,
	.identity_len = 5,
	.identity = "node1",
	.tcp_keepalive_ds = 100,
	.is_cookie_required = true,
};

static const struct dp_cookie_keys cookie_keys = {
	.cnt = 1,
	.keys = { { 0xe5, 0xe9, 0x73, 0xe5, 0xa6, 0xb2, 0xa4, 0x3f, 0x48, 0xe7, 0xdc, 0x84, 0x9e,
			0x37, 0xbf, 0xcf } },
};

static void
put_be16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static size_t
append(uint8_t *message, size_t len, const struct bytes *bytes)
{
	if (bytes->len > 0) {
		memcpy(message + len, bytes->at, bytes->len);
	}
	return len + bytes->len;
}

static size_t
make_question(const struct ask *ask, uint8_t *message)
{
	uint8_t wire[TBL_NAME_MAX];
	int name_len = tbl_name_from_text(ask->name, wire);

	assert_true(name_len > 0);
	memcpy(message + 12, wire, (size_t)name_len);
	put_be16(message + 12 + name_len, ask->type);
	put_be16(message + 14 + name_len, ask->qclass == 0 ? 1 : ask->qclass);
	return 16u + (size_t)name_len;
}

static size_t
make_opt(const struct ask *ask, uint8_t *message, size_t len)
{
	message[len] = 0;
	put_be16(message + len + 1, 41);
	put_be16(message + len + 3, ask->udp_bytes);
	put_be16(message + len + 5, ask->opt_ttl >> 16);
	put_be16(message + len + 7, ask->opt_ttl & 0xffff);
	put_be16(message + len + 9, (unsigned int)ask->options.len);
	return append(message, len + 11, &ask->options);
}

size_t
ask_make(const struct ask *ask, uint8_t message[MESSAGE_MAX])
{
	size_t len = 12;

	memset(message, 0, 12);
	put_be16(message, 0xcafe);
	put_be16(message + 2, ask->flags);
	if (ask->name != NULL) {
		len = make_question(ask, message);
		put_be16(message + 4, 1);
	}
	len = append(message, len, &ask->before);
	if (ask->udp_bytes > 0) {
		len = make_opt(ask, message, len);
		put_be16(message + 10, 1);
	}
	len = append(message, len, &ask->after);
	for (size_t i = 0; i < ARRAY_LEN(ask->edits); i++) {
		const struct edit *edit = &ask->edits[i];

		if (edit->bytes == 1) {
			message[edit->off] = (uint8_t)edit->value;
		} else if (edit->bytes == 2) {
			put_be16(message + edit->off, edit->value);
		}
	}
	return (long)len + ask->grow > 0 ? (size_t)((long)len + ask->grow) : 0;
}

struct dp_client
ask_client(const struct ask *ask, enum dp_transport transport)
{
	struct dp_client client = { .port = 40000, .transport = (uint8_t)transport };

	assert_int_equal(dp_address_parse(ask->from != NULL ? ask->from : "198.51.100.7",
					 &client.addr),
			0);
	return client;
}

struct dp_answerer
ask_answerer(const struct fixture *fixture)
{
	return (struct dp_answerer){
		.view = fixture != NULL ? &fixture->view : NULL,
		.settings = &ask_settings,
		.cookie_keys = &cookie_keys,
		.now = { .unix_s = ASK_NOW_S },
		.random = 1,
	};
}

enum tbl_verdict
ask_run(const struct fixture *fixture, const struct ask *ask, enum dp_transport transport,
		uint8_t message[MESSAGE_MAX], size_t *len)
{
	struct dp_answerer answerer = ask_answerer(fixture);
	struct dp_client client = ask_client(ask, transport);
	uint8_t *exact = malloc(*len > 0 ? *len : 1);
	struct dp_query query;

	answerer.settings = ask->is_required ? &settings_requiring : &ask_settings;
	assert_non_null(exact);
	memcpy(exact, message, *len);
	dp_query_parse(exact, *len, &query);
	free(exact);
	dp_query_prefetch(&fixture->view, &query);
	return dp_query_answer(&answerer, &query, &client, message, MESSAGE_MAX, len);
}

static void
check_echo(const struct row *row, const uint8_t *query, const uint8_t *reply, size_t len)
{
	static struct reparse_message parsed;

	assert_null(reparse(reply, len, &parsed));
	assert_memory_equal(reply, query, 2);
	assert_int_equal(reply[2] & 0x78, query[2] & 0x78);
	if (parsed.question_cnt == 1 &&
			memcmp(reply + 12, query + 12, parsed.question_end - 12) != 0) {
		fail_msg("%s: the question was not echoed byte for byte", row->name);
	}
}

static void
check_row(const struct fixture *fixture, const struct row *row)
{
	static uint8_t query[MESSAGE_MAX];
	static uint8_t reply[MESSAGE_MAX];
	enum dp_transport transport = row->ask.is_tcp ? DP_TCP : DP_UDP;
	size_t query_len = ask_make(&row->ask, query);
	size_t len = query_len;
	char text[RENDER_MAX] = "";
	enum tbl_verdict verdict;

	memcpy(reply, query, sizeof(query));
	verdict = ask_run(fixture, &row->ask, transport, reply, &len);
	if (len > 0) {
		render_reply(reply, len, text);
	}
	if (verdict != row->verdict || strcmp(text, row->reply) != 0) {
		fail_msg("%s\n  verdict %s, expected %s\n  got      %s\n  expected %s", row->name,
				tbl_verdict_name(verdict), tbl_verdict_name(row->verdict), text,
				row->reply);
	}
	if (len == 0) {
		assert_memory_equal(reply, query, sizeof(query)); /* a drop writes nothing */
		return;
	}
	check_echo(row, query, reply, len);
	/* Amplifies next to nothing; who asks for NSID gets what the operator wrote. */
	if ((verdict == REFUSED || verdict == FORMERR || verdict == NOTIMP || verdict == BADVERS ||
			    verdict == BADCOOKIE) &&
			strstr(text, "nsid") == NULL && 2 * len > 3 * query_len) {
		fail_msg("%s: %zu bytes for %zu", row->name, len, query_len);
	}
}

/* The same query over TCP gets the same bytes, unless UDP cut them short or it is about the connection. */
static void
check_transports_agree(const struct fixture *fixture, const struct row *row)
{
	static uint8_t over_udp[MESSAGE_MAX];
	static uint8_t over_tcp[MESSAGE_MAX];
	size_t udp_len = ask_make(&row->ask, over_udp);
	size_t tcp_len = udp_len;
	enum tbl_verdict verdict;

	if (row->ask.is_tcp || row->ask.is_required) {
		return;
	}
	memcpy(over_tcp, over_udp, sizeof(over_udp));
	verdict = ask_run(fixture, &row->ask, DP_UDP, over_udp, &udp_len);
	if (verdict == TRUNCATED) {
		return;
	}
	assert_int_equal(ask_run(fixture, &row->ask, DP_TCP, over_tcp, &tcp_len), verdict);
	assert_int_equal(udp_len, tcp_len);
	assert_memory_equal(over_udp, over_tcp, udp_len);
}

void
ask_check_rows(void **state, const struct row *rows, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		check_row(*state, &rows[i]);
		check_transports_agree(*state, &rows[i]);
	}
}

int
ask_set_up(void **state)
{
	static struct fixture fixture;
	struct tbl_error error;
	size_t size;

	fixture.image = zone_build(ZONE_GENERATION, &size);
	if (tbl_check(fixture.image, size, &error) != 0) {
		(void)fprintf(stderr, "%s\n", error.text);
		return -1;
	}
	tbl_view_init(&fixture.view, fixture.image, NULL);
	*state = &fixture;
	return 0;
}

int
ask_tear_down(void **state)
{
	free(((struct fixture *)*state)->image);
	return 0;
}
