/*
 * Types whose value is a mapping of fields: MX, SRV, CAA. Reasons come in the order of octoDNS's
 * validators, which is not always that of the fields on the wire.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "control/rdata_impl.h"
#include "control/scalar.h"

int
cp_fields_check(const struct cp_reader *reader, const struct conf_node *value)
{
	if (value == NULL) {
		cp_reason_add(reader->reasons, CP_FATAL, "missing value(s)");
		return -EINVAL;
	}
	if (value->kind != CONF_MAPPING) {
		cp_reason_add(reader->reasons, CP_FATAL,
				"%s value must hold \"field: value\" pairs", reader->type->name);
		return -EINVAL;
	}
	return 0;
}

int
cp_field_number(const struct cp_reader *reader, const struct conf_node *node, const char *key,
		int64_t max, uint16_t *ret_number)
{
	int64_t number = 0;
	char *text = NULL;

	if (node == NULL) {
		cp_reason_add(reader->reasons, CP_FATAL, "missing %s", key);
		return -EINVAL;
	}
	if (cp_scalar_int(node, &number) == 0 && number >= 0 && number <= max) {
		*ret_number = (uint16_t)number;
		return 0;
	}
	text = cp_scalar_text(reader->arena, node);
	cp_reason_add(reader->reasons, CP_FATAL, "invalid %s \"%s\"", key,
			text != NULL ? text : "");
	return text != NULL ? -EINVAL : -ENOMEM;
}

int
cp_field_numbers(const struct cp_reader *reader, const struct conf_node *value,
		const char *const keys[3], const int64_t maxima[3], uint16_t ret_numbers[3])
{
	int rc = 0;

	for (size_t i = 0; i < 3; i++) {
		int bad = cp_field_number(reader, conf_get(value, keys[i]), keys[i], maxima[i],
				&ret_numbers[i]);

		rc = bad != 0 ? bad : rc;
	}
	return rc;
}

void
cp_wire_u16(uint8_t *at, uint16_t number)
{
	at[0] = (uint8_t)(number >> 8);
	at[1] = (uint8_t)number;
}

int
cp_read_mx(const struct cp_reader *reader, const struct conf_node *value,
		struct cp_value *ret_value)
{
	uint8_t wire[2 + TBL_NAME_MAX];
	const struct conf_node *preference = conf_get(value, "preference");
	const struct conf_node *exchange = conf_get(value, "exchange");
	uint16_t number = 0;
	char *text = NULL;
	int rc = cp_fields_check(reader, value);
	int len = 0;

	if (rc != 0) {
		return rc;
	}
	/* `priority` and `value` are their older names. */
	preference = preference != NULL ? preference : conf_get(value, "priority");
	exchange = is_cp_true(exchange) ? exchange : conf_get(value, "value");
	rc = cp_field_number(reader, preference, "preference", UINT16_MAX, &number);
	len = cp_target_read(reader, exchange, "exchange", wire + 2, &text);
	if (rc != 0 || len < 0) {
		return rc != 0 ? rc : len;
	}
	cp_wire_u16(wire, number);
	return cp_value_set(reader, wire, 2 + (size_t)len,
			conf_arena_printf(reader->arena, "%u %s", number, text), ret_value);
}

int
cp_read_srv(const struct cp_reader *reader, const struct conf_node *value,
		struct cp_value *ret_value)
{
	static const char *const keys[] = { "priority", "weight", "port" };
	static const int64_t maxima[] = { UINT16_MAX, UINT16_MAX, UINT16_MAX };
	uint8_t wire[6 + TBL_NAME_MAX];
	uint16_t numbers[3] = { 0 };
	char *text = NULL;
	int rc = cp_fields_check(reader, value);
	int len = 0;

	if (rc != 0) {
		return rc;
	}
	rc = cp_field_numbers(reader, value, keys, maxima, numbers);
	for (size_t i = 0; i < 3; i++) {
		cp_wire_u16(wire + 2 * i, numbers[i]);
	}
	len = cp_target_read(reader, conf_get(value, "target"), "target", wire + 6, &text);
	if (rc != 0 || len < 0) {
		return rc != 0 ? rc : len;
	}
	return cp_value_set(reader, wire, 6 + (size_t)len,
			conf_arena_printf(reader->arena, "%u %u %u %s", numbers[0], numbers[1],
					numbers[2], text),
			ret_value);
}

char *
cp_field_text(const struct cp_reader *reader, const struct conf_node *node, const char *key)
{
	if (is_cp_null(node)) {
		cp_reason_add(reader->reasons, CP_FATAL, "missing %s", key);
		return NULL;
	}
	return cp_scalar_text(reader->arena, node);
}

static const char letters_and_digits[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

int
cp_read_caa(const struct cp_reader *reader, const struct conf_node *value,
		struct cp_value *ret_value)
{
	const struct conf_node *flags_node = conf_get(value, "flags");
	uint8_t *wire = NULL;
	uint16_t flags = 0;
	char *tag = NULL;
	char *property = NULL;
	char *quoted = NULL;
	size_t tag_len = 0;
	size_t property_len = 0;
	size_t size = 0;
	int rc = cp_fields_check(reader, value);

	if (rc != 0) {
		return rc;
	}
	rc = flags_node == NULL ? 0
	                        : cp_field_number(reader, flags_node, "flags", UINT8_MAX, &flags);
	tag = cp_field_text(reader, conf_get(value, "tag"), "tag");
	property = cp_field_text(reader, conf_get(value, "value"), "value");
	if (rc != 0 || tag == NULL || property == NULL) {
		return -EINVAL;
	}
	tag_len = strlen(tag);
	property_len = strlen(property);
	size = 2 + tag_len + property_len;
	if (tag_len == 0 || tag_len > UINT8_MAX || size > UINT16_MAX) {
		cp_reason_add(reader->reasons, CP_FATAL, "invalid tag \"%s\" or value too long",
				tag);
		return -EINVAL;
	}
	/* RFC 8659 §4.1; a zone file could not hold any other. */
	if (strspn(tag, letters_and_digits) != tag_len) {
		cp_reason_add(reader->reasons, CP_FATAL,
				"invalid tag \"%s\": only letters and digits make a tag", tag);
		return -EINVAL;
	}
	wire = conf_arena_alloc(reader->arena, size, 1);
	quoted = cp_quoted_text(reader->arena, (const uint8_t *)property, property_len, UINT16_MAX);
	if (wire == NULL || quoted == NULL) {
		return -ENOMEM;
	}
	wire[0] = (uint8_t)flags;
	wire[1] = (uint8_t)tag_len;
	memcpy(wire + 2, tag, tag_len);
	memcpy(wire + 2 + tag_len, property, property_len); /* counted, not terminated */
	return cp_value_set(reader, wire, size,
			conf_arena_printf(reader->arena, "%u %s %s", flags, tag, quoted),
			ret_value);
}
