#include "tests/unit/table/reply_rows.h"

#include <stdlib.h>
#include <string.h>

#include "table/reply.h"

#include "tests/unit/dataplane/render.h"
#include "tests/unit/test.h"

static void
put_u16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Header and question; the name's case is kept. */
static uint8_t
put_question(const char *name, uint16_t type, struct reply_message *message)
{
	int len = tbl_name_from_text(name, message->bytes + REPLY_HEADER_BYTES);

	assert_true(len > 0);
	memset(message->bytes, 0, REPLY_HEADER_BYTES);
	put_u16(message->bytes + 4, 1);
	put_u16(message->bytes + REPLY_HEADER_BYTES + len, type);
	put_u16(message->bytes + REPLY_HEADER_BYTES + len + 2, 1);
	message->len = REPLY_HEADER_BYTES + (size_t)len + 4;
	return (uint8_t)len;
}

static void
put_header(const struct tbl_reply *reply, const struct tbl_counts *counts,
		struct reply_message *message)
{
	put_u16(message->bytes + 2,
			0x8000u | (reply->is_authoritative ? 0x0400u : 0) | reply->rcode);
	put_u16(message->bytes + 6, counts->answer);
	put_u16(message->bytes + 8, counts->authority);
	put_u16(message->bytes + 10, counts->additional);
}

uint8_t
reply_ask(const struct tbl_view *view, const char *name, uint16_t type, const char *client,
		struct reply_message *message)
{
	struct tbl_addr addr = sample_addr(client);
	struct tbl_counts counts;
	struct tbl_reply reply;
	struct tbl_name parsed;
	uint8_t qname_len = put_question(name, type, message);
	int len;

	sample_name(view->header, name, &parsed);
	tbl_resolve(view, &parsed, type, &(struct tbl_asker){ .source = &addr }, 0, &reply);
	len = tbl_reply_write(view, &reply, qname_len, message->bytes, message->len,
			REPLY_MESSAGE_MAX, &counts);
	assert_true(len > 0);
	message->len = (size_t)len;
	put_header(&reply, &counts, message);
	return reply.scope_bits;
}

void
reply_expect(const struct tbl_view *view, const struct reply_row *row, const char *client)
{
	static char text[RENDER_MAX];
	struct reply_message message;

	(void)reply_ask(view, row->name, row->type, client, &message);
	render_reply(message.bytes, message.len, text);
	if (strcmp(text, row->reply) != 0) {
		fail_msg("%s type %u\n   got %s\nwanted %s", row->name, row->type, text,
				row->reply);
	}
}

void
reply_expect_all(const struct sample_zone *zones, size_t zone_cnt, const struct reply_row *rows,
		size_t row_cnt)
{
	struct tbl_view view;
	size_t size;
	void *image = sample_build(zones, zone_cnt, NULL, &size);

	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < row_cnt; i++) {
		reply_expect(&view, &rows[i], REPLY_EVERYWHERE);
	}
	free(image);
}
