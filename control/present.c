#include "control/present.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/dns.h"

#include "control/present_impl.h"
#include "control/zones.h"

#define MESSAGE_MAX 65535u

/* RDATA as text, the caller's: in its type's form, or as RFC 3597 has it when it is not what its type
 * should be. NULL when it does not lie within the message. */
static char *
rdata_text(const uint8_t *message, size_t len, size_t off, uint16_t rdata_len, uint16_t type)
{
	static const uint16_t formless = 0; /* reserved: has no form, so gets the generic one */
	const uint16_t types[] = { type, formless };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		int err = -ENOMEM;

		if (out != NULL) {
			err = cp_present_rdata(message, len, off, rdata_len, types[i], out);
			err = fclose(out) != 0 ? -ENOMEM : err;
		}
		if (err == 0) {
			return text;
		}
		free(text);
	}
	return NULL;
}

static json_t *
record_json(const uint8_t *message, size_t len, size_t *off)
{
	char name[TBL_NAME_TEXT_MAX];
	char type_name[CP_TYPE_NAME_MAX];
	int end = cp_present_name(message, len, *off, name);
	const uint8_t *fixed;
	uint16_t type;
	uint16_t rdata_len;
	json_t *record;
	char *text;

	if (end < 0 || len - (size_t)end < TBL_RECORD_FIXED_BYTES) {
		return NULL;
	}
	fixed = message + end;
	type = cp_read_be16(fixed);
	rdata_len = cp_read_be16(fixed + 8);
	text = rdata_text(message, len, (size_t)end + TBL_RECORD_FIXED_BYTES, rdata_len, type);
	if (text == NULL) {
		return NULL;
	}
	record = json_pack("{s:s, s:s, s:I, s:s}", "name", name, "type",
			cp_type_name(type, type_name), "ttl_s", (json_int_t)cp_read_be32(fixed + 4),
			"rdata", text);
	*off = (size_t)end + TBL_RECORD_FIXED_BYTES + rdata_len;
	free(text);
	return record;
}

json_t *
cp_present_records(const uint8_t *message, size_t len, size_t *off, uint16_t cnt)
{
	json_t *records = json_array();

	for (uint16_t i = 0; i < cnt; i++) {
		json_t *record = record_json(message, len, off);

		if (record == NULL) {
			json_decref(records);
			return NULL;
		}
		json_array_append_new(records, record);
	}
	return records;
}

json_t *
cp_present_reply(const struct tbl_view *view, const struct tbl_reply *reply,
		const struct tbl_name *question)
{
	uint8_t *message = calloc(1, MESSAGE_MAX);
	size_t off = TBL_MESSAGE_HEADER_BYTES + question->len + TBL_QUESTION_TAIL_BYTES;
	struct tbl_counts counts;
	json_t *sections = NULL;
	int len;

	if (message == NULL) {
		return NULL;
	}
	memcpy(message + TBL_MESSAGE_HEADER_BYTES, question->wire, question->len);
	len = tbl_reply_write(view, reply, question->len, message, off, MESSAGE_MAX, &counts);
	if (len >= 0) {
		sections = json_object();
		json_object_set_new(sections, "answer",
				cp_present_records(message, (size_t)len, &off, counts.answer));
		json_object_set_new(sections, "authority",
				cp_present_records(message, (size_t)len, &off, counts.authority));
		json_object_set_new(sections, "additional",
				cp_present_records(message, (size_t)len, &off, counts.additional));
	}
	free(message);
	return sections;
}

size_t
cp_present_bytes(const struct tbl_view *view, const struct tbl_reply *reply,
		const struct tbl_name *question, size_t room, uint16_t *ret_additional)
{
	uint8_t *message = calloc(1, MESSAGE_MAX);
	size_t off = TBL_MESSAGE_HEADER_BYTES + question->len + TBL_QUESTION_TAIL_BYTES;
	struct tbl_counts counts = { 0 };
	int len = -ENOMEM;

	if (message != NULL) {
		memcpy(message + TBL_MESSAGE_HEADER_BYTES, question->wire, question->len);
		len = tbl_reply_write(view, reply, question->len, message, off,
				room < MESSAGE_MAX ? room : MESSAGE_MAX, &counts);
	}
	free(message);
	*ret_additional = counts.additional;
	return len < 0 ? 0 : (size_t)len;
}
