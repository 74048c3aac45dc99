/*
 * Types that say where a service is: NAPTR and URI.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/rdata_impl.h"
#include "control/scalar.h"

#define STRING_MAX 255u /* RFC 1035 §3.3: a character-string */

/* \DDD: the octet, or -1 when this is none. */
static int
decimal_escape(const char *text)
{
	int octet = 0;

	for (int i = 0; i < 3; i++) {
		if (isdigit((unsigned char)text[i]) == 0) {
			return -1;
		}
		octet = octet * 10 + (text[i] - '0');
	}
	return octet <= UINT8_MAX ? octet : -1;
}

size_t
cp_text_unescape(char *text)
{
	char *kept = text;
	const char *at = text;

	while (*at != '\0') {
		int octet = *at == '\\' ? decimal_escape(at + 1) : -1;

		if (octet >= 0) {
			*kept++ = (char)octet;
			at += sizeof("\\DDD") - 1;
			continue;
		}
		at += *at == '\\' && at[1] != '\0' && isdigit((unsigned char)at[1]) == 0;
		*kept++ = *at++;
	}
	return (size_t)(kept - text);
}

static void
upper_case(char *text)
{
	for (; *text != '\0'; text++) {
		*text = (char)(*text >= 'a' && *text <= 'z' ? *text - ('a' - 'A') : *text);
	}
}

/* A character-string of NAPTR and, unless it is missing, its wire form at *end. */
static int
read_string(const struct cp_reader *reader, const struct conf_node *value, const char *key,
		uint8_t **end)
{
	const struct conf_node *node = conf_get(value, key);
	char *text = NULL;
	size_t len = 0;

	if (node == NULL) {
		cp_reason_add(reader->reasons, CP_FATAL, "missing %s", key);
		return -EINVAL;
	}
	text = is_cp_null(node) ? conf_arena_copy(reader->arena, "", 0)
	                        : cp_scalar_text(reader->arena, node);
	if (text == NULL) {
		return -ENOMEM;
	}
	if (strcmp(key, "flags") == 0) { /* upper case, as octoDNS sends them */
		upper_case(text);
	}
	len = cp_text_unescape(text);
	if (len > STRING_MAX) {
		cp_reason_add(reader->reasons, CP_FATAL, "%s of %zu octets, the limit is %u", key,
				len, STRING_MAX);
		return -EINVAL;
	}
	*(*end)++ = (uint8_t)len;
	memcpy(*end, text, len); /* counted, not terminated */
	*end += len;
	return 0;
}

static void
judge_flags(const struct cp_reader *reader, const struct conf_node *node)
{
	char *text = node != NULL ? cp_scalar_text(reader->arena, node) : NULL;

	if (text != NULL && (strlen(text) != 1 || strchr("SAUPsaup", text[0]) == NULL)) {
		cp_reason_add(reader->reasons, CP_LENIENT, "unrecognized flags \"%s\"", text);
	}
}

/* The replacement is any name; octoDNS does not look at it. */
static int
read_replacement(const struct cp_reader *reader, const struct conf_node *value, uint8_t *wire)
{
	char *text = cp_field_text(reader, conf_get(value, "replacement"), "replacement");
	int len = 0;

	if (text == NULL) {
		return -EINVAL;
	}
	len = text[0] != '\0' && is_cp_ascii(text) ? tbl_name_from_text(text, wire) : -EINVAL;
	if (len <= 0) {
		cp_reason_add(reader->reasons, CP_FATAL,
				"NAPTR replacement \"%s\" is not a domain name", text);
		return -EINVAL;
	}
	return len;
}

int
cp_read_naptr(const struct cp_reader *reader, const struct conf_node *value,
		struct cp_value *ret_value)
{
	static const char *const numbers[] = { "order", "preference" };
	static const char *const strings[] = { "flags", "service", "regexp" };
	uint8_t *wire = NULL;
	uint8_t *end = NULL;
	int rc = cp_fields_check(reader, value);
	int bad = 0;

	if (rc != 0) {
		return rc;
	}
	wire = conf_arena_alloc(reader->arena, 4 + 3 * (1 + STRING_MAX) + TBL_NAME_MAX, 1);
	if (wire == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < 2; i++) {
		uint16_t number = 0;

		bad = cp_field_number(reader, conf_get(value, numbers[i]), numbers[i], UINT16_MAX,
				&number);
		rc = bad != 0 ? bad : rc;
		cp_wire_u16(wire + 2 * i, number);
	}
	judge_flags(reader, conf_get(value, "flags"));
	end = wire + 4;
	for (size_t i = 0; i < 3; i++) {
		bad = read_string(reader, value, strings[i], &end);
		rc = bad != 0 ? bad : rc;
	}
	bad = read_replacement(reader, value, end);
	if (rc != 0 || bad < 0) {
		return rc != 0 ? rc : bad;
	}
	return cp_value_present(reader, wire, (size_t)(end - wire) + (size_t)bad, ret_value);
}

/* The target goes out as it is written: beyond scheme and host, case has a meaning (RFC 3986
 * §6.2.2.1). */
static char *
read_uri(const struct cp_reader *reader, const struct conf_node *node)
{
	char *text = NULL;

	if (!is_cp_true(node)) {
		cp_reason_add(reader->reasons, CP_FATAL, "missing target");
		return NULL;
	}
	text = cp_scalar_text(reader->arena, node);
	if (text != NULL && (!is_cp_text(node) || !is_cp_ascii(text))) {
		cp_reason_add(reader->reasons, CP_FATAL, "URI target \"%s\" must be ASCII text",
				text);
		return NULL;
	}
	return text;
}

int
cp_read_uri(const struct cp_reader *reader, const struct conf_node *value,
		struct cp_value *ret_value)
{
	static const char *const keys[] = { "priority", "weight" };
	uint16_t numbers[2] = { 0 };
	uint8_t *wire = NULL;
	char *target = NULL;
	size_t len = 0;
	int rc = cp_fields_check(reader, value);

	if (rc != 0) {
		return rc;
	}
	for (size_t i = 0; i < 2; i++) {
		int bad = cp_field_number(
				reader, conf_get(value, keys[i]), keys[i], UINT16_MAX, &numbers[i]);

		rc = bad != 0 ? bad : rc;
	}
	target = read_uri(reader, conf_get(value, "target"));
	if (rc != 0 || target == NULL) {
		return -EINVAL;
	}
	len = strlen(target);
	wire = conf_arena_alloc(reader->arena, 4 + len, 1);
	if (wire == NULL) {
		return -ENOMEM;
	}
	cp_wire_u16(wire, numbers[0]);
	cp_wire_u16(wire + 2, numbers[1]);
	memcpy(wire + 4, target, len); /* counted, not terminated */
	return cp_value_present(reader, wire, 4 + len, ret_value);
}

static int
judge_setting(const struct cp_reader *reader, const struct conf_node *node, const char *key,
		const char *what, int64_t first, int64_t last)
{
	int64_t number = 0;
	char *text = NULL;

	if (node == NULL) {
		cp_reason_add(reader->reasons, CP_LENIENT, "missing %s", key);
		return 0;
	}
	if (cp_scalar_int(node, &number) != 0) {
		text = cp_scalar_text(reader->arena, node);
		cp_reason_add(reader->reasons, CP_LENIENT, "invalid %s \"%s\"", what,
				text != NULL ? text : "");
		return text != NULL ? 0 : -ENOMEM;
	}
	if (number < first || number > last) {
		cp_reason_add(reader->reasons, CP_LENIENT, "unrecognized %s \"%lld\"", what,
				(long long)number);
	}
	return 0;
}

/* cp_read_urlfwd: NS1's redirects. Never served, so that only octoDNS's reasons come of it. */
int
cp_read_urlfwd(const struct cp_reader *reader, const struct conf_node *value,
		struct cp_value *ret_value)
{
	static const struct {
		const char *key, *what;
		int64_t first, last;
	} settings[] = {
		{ "code", "return code", 301, 302 },
		{ "masking", "masking setting", 0, 2 },
		{ "query", "query setting", 0, 1 },
	};
	static const char *const texts[] = { "path", "target" };
	int rc = cp_fields_check(reader, value);

	for (size_t i = 0; rc == 0 && i < sizeof(settings) / sizeof(settings[0]); i++) {
		rc = judge_setting(reader, conf_get(value, settings[i].key), settings[i].key,
				settings[i].what, settings[i].first, settings[i].last);
	}
	for (size_t i = 0; rc == 0 && i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (conf_get(value, texts[i]) == NULL) {
			cp_reason_add(reader->reasons, CP_LENIENT, "missing %s", texts[i]);
		}
	}
	if (rc == 0) {
		ret_value->text = conf_arena_copy(reader->arena, "", 0);
		rc = ret_value->text != NULL ? 0 : -ENOMEM;
	}
	return rc;
}
