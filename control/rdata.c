#include "control/rdata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/name.h"

#include "control/present.h"

/* Every type octoDNS knows, so that "not served" is told from "no such type". */
static const struct cp_type types[] = {
	{ .name = "A", .number = CP_TYPE_A, .can_be_dynamic = true, .read = cp_read_a },
	{ .name = "AAAA", .number = CP_TYPE_AAAA, .can_be_dynamic = true, .read = cp_read_aaaa },
	{ .name = "ALIAS", .number = CP_TYPE_ALIAS, .is_single = true, .read = cp_read_target },
	{ .name = "CAA", .number = CP_TYPE_CAA, .read = cp_read_caa },
	{ .name = "CNAME",
			.number = CP_TYPE_CNAME,
			.is_single = true,
			.can_be_dynamic = true,
			.read = cp_read_target },
	{ .name = "DNAME",
			.number = CP_TYPE_DNAME,
			.is_single = true,
			.can_be_dynamic = true,
			.read = cp_read_target },
	{ .name = "DS", .number = CP_TYPE_DS, .read = cp_read_ds },
	{ .name = "HTTPS", .number = CP_TYPE_HTTPS, .read = cp_read_svcb },
	{ .name = "LOC", .number = CP_TYPE_LOC, .read = cp_read_loc },
	{ .name = "MX", .number = CP_TYPE_MX, .read = cp_read_mx },
	{ .name = "NAPTR", .number = CP_TYPE_NAPTR, .read = cp_read_naptr },
	{ .name = "NS", .number = CP_TYPE_NS, .read = cp_read_target },
	{ .name = "OPENPGPKEY", .number = CP_TYPE_OPENPGPKEY, .read = cp_read_openpgpkey },
	{ .name = "PTR", .number = CP_TYPE_PTR, .read = cp_read_target },
	{ .name = "SPF", .number = CP_TYPE_SPF, .read = cp_read_txt },
	{ .name = "SRV", .number = CP_TYPE_SRV, .read = cp_read_srv },
	{ .name = "SSHFP", .number = CP_TYPE_SSHFP, .read = cp_read_sshfp },
	{ .name = "SVCB", .number = CP_TYPE_SVCB, .read = cp_read_svcb },
	{ .name = "TLSA", .number = CP_TYPE_TLSA, .read = cp_read_tlsa },
	{ .name = "TXT", .number = CP_TYPE_TXT, .read = cp_read_txt },
	{ .name = "URI", .number = CP_TYPE_URI, .read = cp_read_uri },
	{ .name = "URLFWD", .read = cp_read_urlfwd },
};
#define TYPE_CNT (sizeof(types) / sizeof(types[0]))

const struct cp_type *
cp_type_find(const char *name)
{
	for (size_t i = 0; i < TYPE_CNT; i++) {
		if (strcmp(types[i].name, name) == 0) {
			return &types[i];
		}
	}
	return NULL;
}

const char *
cp_type_name(uint16_t type, char buffer[CP_TYPE_NAME_MAX])
{
	return type == CP_TYPE_ALIAS ? "ALIAS" : tbl_type_name(type, buffer);
}

uint16_t
cp_type_from_name(const char *name)
{
	unsigned long number = 0;
	char *end = NULL;

	if (strcasecmp(name, "SOA") == 0) {
		return CP_TYPE_SOA;
	}
	if (strcasecmp(name, "ANY") == 0) {
		return 255;
	}
	for (size_t i = 0; i < TYPE_CNT; i++) {
		if (strcasecmp(types[i].name, name) == 0) {
			return types[i].number;
		}
	}
	/* RFC 3597 §5: "TYPE" and decimal digits. */
	if (strncasecmp(name, "TYPE", 4) != 0 || name[4] < '0' || name[4] > '9') {
		return 0;
	}
	number = strtoul(name + 4, &end, 10);
	return *end == '\0' && number <= UINT16_MAX ? (uint16_t)number : 0;
}

int
cp_value_set(const struct cp_reader *reader, const uint8_t *bytes, size_t size, char *text,
		struct cp_value *ret_value)
{
	uint8_t *copy = (uint8_t *)conf_arena_copy(reader->arena, bytes, size);

	if (copy == NULL || text == NULL) {
		return -ENOMEM;
	}
	ret_value->rdata.bytes = copy;
	ret_value->rdata.size = (uint16_t)size;
	ret_value->text = text;
	return 0;
}

int
cp_rdata_text(struct conf_arena *arena, const uint8_t *bytes, size_t size, uint16_t type,
		char **ret_text)
{
	char *text = NULL;
	char *copy = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int rc = 0;

	if (out == NULL) {
		return -ENOMEM;
	}
	rc = cp_present_rdata(bytes, size, 0, (uint16_t)size, type, out);
	if (fclose(out) != 0) {
		rc = -ENOMEM;
	}
	if (rc == 0) {
		copy = conf_arena_copy(arena, text, len);
		rc = copy != NULL ? 0 : -ENOMEM;
	}
	if (rc == 0) {
		*ret_text = copy;
	}
	free(text);
	return rc;
}

int
cp_value_present(const struct cp_reader *reader, const uint8_t *bytes, size_t size,
		struct cp_value *ret_value)
{
	int rc = 0;

	if (size > UINT16_MAX) {
		cp_reason_add(reader->reasons, CP_FATAL,
				"%s value is %zu octets long, more than a record holds",
				reader->type->name, size);
		return -EINVAL;
	}
	rc = cp_rdata_text(reader->arena, bytes, size, reader->type->number, &ret_value->text);
	/* A reader makes what has a form; assert would trust it more than we need to. */
	if (rc == -EBADMSG) {
		cp_reason_add(reader->reasons, CP_FATAL, "%s value has no form",
				reader->type->name);
		rc = -EINVAL;
	}
	if (rc == 0) {
		ret_value->rdata.bytes = bytes;
		ret_value->rdata.size = (uint16_t)size;
	}
	return rc;
}

char *
cp_name_text(struct conf_arena *arena, const uint8_t *wire)
{
	char text[TBL_NAME_TEXT_MAX];
	size_t len = tbl_name_to_text(wire, text);

	return conf_arena_copy(arena, text, len);
}

/* put_quoted writes one character-string, quotes included; at most four characters an octet. */
static char *
put_quoted(char *at, const uint8_t *bytes, size_t len)
{
	*at++ = '"';
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] < ' ' || bytes[i] > '~') {
			at += snprintf(at, sizeof("\\255"), "\\%03u", bytes[i]);
		} else {
			if (bytes[i] == '"' || bytes[i] == '\\') {
				*at++ = '\\';
			}
			*at++ = (char)bytes[i];
		}
	}
	*at++ = '"';
	return at;
}

char *
cp_quoted_text(struct conf_arena *arena, const uint8_t *bytes, size_t len, size_t piece_max)
{
	size_t piece_cnt = len == 0 ? 1 : (len + piece_max - 1) / piece_max;
	/* Four characters an octet ("\\255"), quotes and a blank around each piece, a NUL. */
	char *text = conf_arena_alloc(arena, 4 * len + 3 * piece_cnt + 1, 1);
	char *end = text;

	if (text == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < piece_cnt; i++) {
		size_t at = i * piece_max;

		if (i > 0) {
			*end++ = ' ';
		}
		end = put_quoted(end, bytes + at, len - at < piece_max ? len - at : piece_max);
	}
	*end = '\0';
	return text;
}
