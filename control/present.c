#include "control/present.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "control/zones.h"

#define HEADER_BYTES   12u
#define MESSAGE_MAX    65535u
#define RECORD_FIXED   10u /* type, class, TTL, RDLENGTH */
#define QUESTION_FIXED 4u  /* type, class */
#define POINTER_MARK   0xc0u

static uint16_t
read_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t
read_u32(const uint8_t *at)
{
	return (uint32_t)read_u16(at) << 16 | read_u16(at + 2);
}

/* Copies the name at `off` uncompressed. Every pointer must lead backwards, so this ends. */
static int
unpack_name(const uint8_t *message, size_t len, size_t off, uint8_t wire[TBL_NAME_MAX])
{
	size_t end = 0; /* behind the name where it stands; 0 until the first pointer */
	size_t lowest = off;
	size_t used = 0;

	while (off < len) {
		uint8_t label = message[off];

		if ((label & POINTER_MARK) == POINTER_MARK) {
			if (len - off < 2) {
				return -EBADMSG;
			}
			end = end == 0 ? off + 2 : end;
			off = read_u16(message + off) & 0x3fffu;
			if (off >= lowest) {
				return -EBADMSG;
			}
			lowest = off;
			continue;
		}
		if (label > TBL_LABEL_MAX || (size_t)label + 1 > len - off ||
				(size_t)label + 1 > TBL_NAME_MAX - used) {
			return -EBADMSG;
		}
		memcpy(wire + used, message + off, (size_t)label + 1);
		used += (size_t)label + 1;
		off += (size_t)label + 1;
		if (label == 0) {
			return (int)(end == 0 ? off : end);
		}
	}
	return -EBADMSG;
}

int
cp_present_name(const uint8_t *message, size_t len, size_t off, char text[TBL_NAME_TEXT_MAX])
{
	uint8_t wire[TBL_NAME_MAX];
	int end = unpack_name(message, len, off, wire);

	if (end > 0) {
		tbl_name_to_text(wire, text);
	}
	return end;
}

/* RDATA being read: a field is a check, a read and a step. */
struct reader {
	const uint8_t *message;
	size_t len;
	size_t off;
	size_t end;
	FILE *out;
	bool is_bad;
};

static bool
has_bytes(struct reader *reader, size_t cnt)
{
	if (cnt > reader->end - reader->off) {
		reader->is_bad = true;
	}
	return !reader->is_bad;
}

static void
put_name(struct reader *reader)
{
	char text[TBL_NAME_TEXT_MAX];
	int end = reader->is_bad ? -EBADMSG
	                         : cp_present_name(reader->message, reader->len, reader->off, text);

	if (end < 0 || (size_t)end > reader->end) {
		reader->is_bad = true;
		return;
	}
	(void)fputs(text, reader->out);
	reader->off = (size_t)end;
}

static void
put_u8(struct reader *reader)
{
	if (has_bytes(reader, 1)) {
		(void)fprintf(reader->out, "%u", reader->message[reader->off]);
		reader->off += 1;
	}
}

static void
put_u16(struct reader *reader)
{
	if (has_bytes(reader, 2)) {
		(void)fprintf(reader->out, "%u", read_u16(reader->message + reader->off));
		reader->off += 2;
	}
}

static void
put_u32(struct reader *reader)
{
	if (has_bytes(reader, 4)) {
		(void)fprintf(reader->out, "%u", read_u32(reader->message + reader->off));
		reader->off += 4;
	}
}

static void
put_quoted(struct reader *reader, size_t cnt)
{
	if (!has_bytes(reader, cnt)) {
		return;
	}
	(void)fputc('"', reader->out);
	for (size_t i = 0; i < cnt; i++) {
		uint8_t c = reader->message[reader->off + i];

		if (c == '"' || c == '\\') {
			(void)fprintf(reader->out, "\\%c", c);
		} else if (c < 0x20 || c > 0x7e) {
			(void)fprintf(reader->out, "\\%03u", c);
		} else {
			(void)fputc(c, reader->out);
		}
	}
	(void)fputc('"', reader->out);
	reader->off += cnt;
}

static void
put_character_string(struct reader *reader)
{
	if (has_bytes(reader, 1)) {
		size_t cnt = reader->message[reader->off++];

		put_quoted(reader, cnt);
	}
}

static void
put_space(struct reader *reader)
{
	(void)fputc(' ', reader->out);
}

static void
put_address(struct reader *reader, int family, size_t bytes)
{
	char text[INET6_ADDRSTRLEN];

	if (has_bytes(reader, bytes)) {
		inet_ntop(family, reader->message + reader->off, text, sizeof(text));
		(void)fputs(text, reader->out);
		reader->off += bytes;
	}
}

static void
put_a(struct reader *reader)
{
	put_address(reader, AF_INET, 4);
}

static void
put_aaaa(struct reader *reader)
{
	put_address(reader, AF_INET6, 16);
}

static void
put_mx(struct reader *reader)
{
	put_u16(reader);
	put_space(reader);
	put_name(reader);
}

static void
put_srv(struct reader *reader)
{
	for (int i = 0; i < 3; i++) {
		put_u16(reader);
		put_space(reader);
	}
	put_name(reader);
}

static void
put_soa(struct reader *reader)
{
	put_name(reader);
	put_space(reader);
	put_name(reader);
	for (int i = 0; i < 5; i++) {
		put_space(reader);
		put_u32(reader);
	}
}

static void
put_txt(struct reader *reader)
{
	put_character_string(reader);
	while (!reader->is_bad && reader->off < reader->end) {
		put_space(reader);
		put_character_string(reader);
	}
}

/* A tag is letters and digits (RFC 8659 §4.1); any other byte would be taken for the form's own. */
static void
put_caa_tag(struct reader *reader)
{
	size_t cnt;

	if (!has_bytes(reader, 1)) {
		return;
	}
	cnt = reader->message[reader->off++];
	if (!has_bytes(reader, cnt)) {
		return;
	}
	for (; cnt > 0; cnt--) {
		uint8_t c = reader->message[reader->off++];

		reader->is_bad = reader->is_bad || c > 0x7f || isalnum(c) == 0;
		(void)fputc(c, reader->out);
	}
}

static void
put_caa(struct reader *reader)
{
	put_u8(reader);
	put_space(reader);
	put_caa_tag(reader);
	put_space(reader);
	put_quoted(reader, reader->end - reader->off);
}

/* RFC 3597 §5: \# length hexadecimal. */
static void
put_generic(struct reader *reader)
{
	(void)fprintf(reader->out, "\\# %zu ", reader->end - reader->off);
	for (; reader->off < reader->end; reader->off++) {
		(void)fprintf(reader->out, "%02x", reader->message[reader->off]);
	}
}

static const struct form {
	uint16_t type;
	void (*put)(struct reader *reader);
} forms[] = {
	{ 1, put_a },
	{ 2, put_name },
	{ 5, put_name },
	{ 6, put_soa },
	{ 12, put_name },
	{ 15, put_mx },
	{ 16, put_txt },
	{ 28, put_aaaa },
	{ 33, put_srv },
	{ 39, put_name },
	{ 257, put_caa },
};

int
cp_present_rdata(const uint8_t *message, size_t len, size_t off, uint16_t rdata_len, uint16_t type,
		FILE *out)
{
	struct reader reader = { .message = message, .len = len, .off = off, .out = out };
	void (*put)(struct reader *) = put_generic;

	if (off > len || rdata_len > len - off) {
		return -EBADMSG;
	}
	reader.end = off + rdata_len;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].type == type) {
			put = forms[i].put;
		}
	}
	put(&reader);
	return reader.is_bad || reader.off != reader.end ? -EBADMSG : 0;
}

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
	char type_name[16];
	int end = cp_present_name(message, len, *off, name);
	const uint8_t *fixed;
	uint16_t type;
	uint16_t rdata_len;
	json_t *record;
	char *text;

	if (end < 0 || len - (size_t)end < RECORD_FIXED) {
		return NULL;
	}
	fixed = message + end;
	type = read_u16(fixed);
	rdata_len = read_u16(fixed + 8);
	text = rdata_text(message, len, (size_t)end + RECORD_FIXED, rdata_len, type);
	if (text == NULL) {
		return NULL;
	}
	record = json_pack("{s:s, s:s, s:I, s:s}", "name", name, "type",
			cp_type_name(type, type_name), "ttl_s", (json_int_t)read_u32(fixed + 4),
			"rdata", text);
	*off = (size_t)end + RECORD_FIXED + rdata_len;
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
	size_t off = HEADER_BYTES + question->len + QUESTION_FIXED;
	struct tbl_counts counts;
	json_t *sections = NULL;
	int len;

	if (message == NULL) {
		return NULL;
	}
	memcpy(message + HEADER_BYTES, question->wire, question->len);
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
