/*
 * Types whose value is one text: addresses, host names, TXT.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "table/name.h"

#include "control/address.h"
#include "control/rdata_impl.h"
#include "control/scalar.h"

/* RDATA's length field is 16 bits. */
#define RDATA_MAX 65535u
#define CHUNK_MAX 255u /* RFC 1035 §3.3: a character-string */

static int
read_address(const struct cp_reader *reader, const struct conf_node *value, uint8_t family,
		struct cp_value *ret_value)
{
	struct tbl_addr addr;
	char canonical[CP_ADDRESS_TEXT_MAX];
	char *text = NULL;

	if (is_cp_null(value)) {
		cp_reason_add(reader->reasons, CP_FATAL, "missing value(s)");
		return -EINVAL;
	}
	text = cp_scalar_text(reader->arena, value);
	if (text == NULL) {
		return -ENOMEM;
	}
	if (text[0] == '\0') {
		cp_reason_add(reader->reasons, CP_FATAL, "empty value");
		return -EINVAL;
	}
	if (cp_address_parse(text, family, &addr) != 0) {
		cp_reason_add(reader->reasons, CP_FATAL, "invalid IPv%u address \"%s\"", family,
				text);
		return -EINVAL;
	}
	cp_address_text(&addr, canonical);
	return cp_value_set(reader, addr.bytes, family == 4 ? 4 : 16,
			conf_arena_copy(reader->arena, canonical, strlen(canonical)), ret_value);
}

int
cp_read_a(const struct cp_reader *reader, const struct conf_node *value, struct cp_value *ret_value)
{
	return read_address(reader, value, 4, ret_value);
}

int
cp_read_aaaa(const struct cp_reader *reader, const struct conf_node *value,
		struct cp_value *ret_value)
{
	return read_address(reader, value, 6, ret_value);
}

/* is_fqdn: what the Python package "fqdn" takes with underscores allowed: two labels or more of
 * letters, digits, "-" and "_", none of which begins or ends with "-". */
static bool
is_fqdn(const char *text)
{
	size_t len = strlen(text);
	size_t label_cnt = 0;

	len -= len > 0 && text[len - 1] == '.';
	if (len == 0 || len > 253) {
		return false;
	}
	for (size_t at = 0; at <= len; label_cnt++) {
		size_t end = at;

		while (end < len && text[end] != '.') {
			if (!isalnum((unsigned char)text[end]) && text[end] != '-' &&
					text[end] != '_') {
				return false;
			}
			end++;
		}
		if (end == at || end - at > TBL_LABEL_MAX || text[at] == '-' ||
				text[end - 1] == '-') {
			return false;
		}
		at = end + 1;
	}
	return label_cnt >= 2;
}

/* "." stands for "none here" where the type has such a meaning. */
static bool
is_null_target(const struct cp_reader *reader, const char *text)
{
	uint16_t type = reader->type->number;

	return strcmp(text, ".") == 0 &&
	       (type == CP_TYPE_MX || type == CP_TYPE_SRV || type == CP_TYPE_SVCB ||
			       type == CP_TYPE_HTTPS);
}

/* Placeholders of octoDNS processors are let through, as octoDNS does; nobody fills them in here. */
static bool
is_template(const char *text)
{
	return strchr(text, '{') != NULL && strchr(text, '}') != NULL;
}

/* encode_target: lower-cased, and in ASCII. */
static int
encode_target(const struct cp_reader *reader, const struct conf_node *node, const char *key,
		char **ret_text)
{
	char *text = cp_scalar_text(reader->arena, node);
	const char *reason = NULL;
	int rc = text != NULL ? cp_idn_encode(reader->arena, text, ret_text, &reason) : -ENOMEM;

	if (rc == -EINVAL) {
		cp_reason_add(reader->reasons, CP_FATAL, "%s %s \"%s\" is not a valid FQDN: %s",
				reader->type->name, key, text, reason);
	}
	return rc;
}

int
cp_target_read(const struct cp_reader *reader, const struct conf_node *node, const char *key,
		uint8_t wire[TBL_NAME_MAX], char **ret_text)
{
	char *text = NULL;
	int len = 0;
	int rc = 0;

	if (!is_cp_true(node)) {
		cp_reason_add(reader->reasons, CP_FATAL, "missing %s", key);
		return -EINVAL;
	}
	if (!is_cp_text(node)) {
		cp_reason_add(reader->reasons, CP_FATAL, "%s %s must be text", reader->type->name,
				key);
		return -EINVAL;
	}
	rc = encode_target(reader, node, key, &text);
	if (rc != 0) {
		return rc;
	}
	len = tbl_name_from_text(text, wire);
	if (!is_null_target(reader, text) && !is_template(text) && !is_fqdn(text)) {
		cp_reason_add(reader->reasons, len > 0 ? CP_LENIENT : CP_FATAL,
				"%s %s \"%s\" is not a valid FQDN", reader->type->name, key, text);
	} else if (len <= 0) {
		cp_reason_add(reader->reasons, CP_FATAL, "%s %s \"%s\" is not a domain name",
				reader->type->name, key, text);
	}
	if (len <= 0) {
		return -EINVAL;
	}
	*ret_text = cp_name_text(reader->arena, wire);
	return *ret_text != NULL ? len : -ENOMEM;
}

int
cp_read_target(const struct cp_reader *reader, const struct conf_node *value,
		struct cp_value *ret_value)
{
	uint8_t wire[TBL_NAME_MAX];
	char *text = NULL;
	int len = 0;

	if (value == NULL && !reader->type->is_single) {
		cp_reason_add(reader->reasons, CP_FATAL, "missing value(s)");
		return -EINVAL;
	}
	len = cp_target_read(reader, value, "value", wire, &text);
	return len < 0 ? len : cp_value_set(reader, wire, (size_t)len, text, ret_value);
}

/* Python's \w before a semicolon: letters, digits, "_", and letters beyond ASCII. */
static bool
has_bare_semicolon(const char *text)
{
	for (size_t i = 1; text[i - 1] != '\0' && text[i] != '\0'; i++) {
		unsigned char before = (unsigned char)text[i - 1];

		if (text[i] == ';' && (isalnum(before) || before == '_' || before > 0x7f)) {
			return true;
		}
	}
	return false;
}

void
cp_txt_judge(const struct cp_reader *reader, const char *text)
{
	if (has_bare_semicolon(text)) {
		cp_reason_add(reader->reasons, CP_LENIENT, "unescaped ; in \"%s\"", text);
	}
	if (strstr(text, "\\\\;") != NULL) {
		cp_reason_add(reader->reasons, CP_LENIENT, "double escaped ; in \"%s\"", text);
	}
	if (!is_cp_ascii(text)) {
		cp_reason_add(reader->reasons, CP_LENIENT, "non ASCII character in \"%s\"", text);
	}
}

/* escape_semicolons: what octoDNS does first to a text whose semicolons are not escaped. */
static char *
escape_semicolons(struct conf_arena *arena, const char *text)
{
	char *escaped = conf_arena_alloc(arena, 2 * strlen(text) + 1, 1);
	size_t len = 0;

	for (; escaped != NULL && *text != '\0'; text++) {
		if (*text == ';') {
			escaped[len++] = '\\';
		}
		escaped[len++] = *text;
	}
	return escaped;
}

/* clean_txt undoes what zone files do to a string, in place: quotes around it go, strings cut in
 * pieces by hand (`" "`) are joined, and `\;` becomes `;`. Nothing else is an escape. */
static size_t
clean_txt(char *text)
{
	size_t len = strlen(text);
	size_t end = len;
	size_t kept = 0;
	size_t at = 0;

	if (text[0] == '"') {
		at = 1;
		end = len > 1 ? len - 1 : 1;
	}
	while (at < end) {
		if (end - at >= 3 && memcmp(text + at, "\" \"", 3) == 0) {
			at += 3;
		} else {
			at += end - at >= 2 && memcmp(text + at, "\\;", 2) == 0;
			text[kept++] = text[at++];
		}
	}
	return kept;
}

/* Wire and presentation form of a text in pieces of 255 octets; "" is one empty piece. */
static int
chunk_txt(const struct cp_reader *reader, const uint8_t *bytes, size_t len,
		struct cp_value *ret_value)
{
	size_t piece_cnt = len == 0 ? 1 : (len + CHUNK_MAX - 1) / CHUNK_MAX;
	uint8_t *wire = conf_arena_alloc(reader->arena, len + piece_cnt, 1);

	ret_value->text = cp_quoted_text(reader->arena, bytes, len, CHUNK_MAX);
	if (wire == NULL || ret_value->text == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < piece_cnt; i++) {
		size_t at = i * CHUNK_MAX;
		size_t piece = len - at < CHUNK_MAX ? len - at : CHUNK_MAX;

		wire[at + i] = (uint8_t)piece;
		memcpy(wire + at + i + 1, bytes + at, piece);
	}
	ret_value->rdata.bytes = wire;
	ret_value->rdata.size = (uint16_t)(len + piece_cnt);
	return 0;
}

int
cp_read_txt(const struct cp_reader *reader, const struct conf_node *value,
		struct cp_value *ret_value)
{
	char *text = NULL;
	size_t len = 0;

	if (is_cp_null(value)) {
		cp_reason_add(reader->reasons, CP_FATAL, "missing value(s)");
		return -EINVAL;
	}
	text = cp_scalar_text(reader->arena, value);
	if (text == NULL) {
		return -ENOMEM;
	}
	if (!is_cp_text(value)) {
		cp_reason_add(reader->reasons, CP_FATAL,
				"%s value must be text: put quotes around %s", reader->type->name,
				value->kind == CONF_SCALAR ? value->scalar.text : text);
		return -EINVAL;
	}
	if (strlen(text) != value->scalar.len) {
		cp_reason_add(reader->reasons, CP_FATAL, "%s value holds a NUL character",
				reader->type->name);
		return -EINVAL;
	}
	if (reader->has_plain_semicolons) {
		text = escape_semicolons(reader->arena, text);
		if (text == NULL) {
			return -ENOMEM;
		}
	}
	cp_txt_judge(reader, text);
	len = clean_txt(text);
	if (len + len / CHUNK_MAX + 1 > RDATA_MAX) {
		cp_reason_add(reader->reasons, CP_FATAL,
				"%s value is %zu octets long, more than a record holds",
				reader->type->name, len);
		return -EINVAL;
	}
	return chunk_txt(reader, (const uint8_t *)text, len, ret_value);
}
