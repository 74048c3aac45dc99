/*
 * Types that carry digests and keys: DS, SSHFP, TLSA, OPENPGPKEY. octoDNS hardly looks at their
 * octets; text that stands for none is refused here, once octoDNS has nothing to say.
 */
#include <errno.h>
#include <string.h>

#include "control/binary_text.h"
#include "control/rdata_impl.h"
#include "control/scalar.h"

/* Digits alone are a number to YAML, which may not be the one written: 0123 is 83. */
static char *
read_exact_text(const struct cp_reader *reader, const struct conf_node *node, const char *key)
{
	char *text = cp_field_text(reader, node, key);

	if (text != NULL && (node->kind != CONF_SCALAR || strcmp(text, node->scalar.text) != 0)) {
		cp_reason_add(reader->reasons, CP_FATAL, "%s %s must be text: put quotes around it",
				reader->type->name, key);
		return NULL;
	}
	return text;
}

/* set_hex makes a value of the octets `head` and of those that the hexadecimal field `key` holds.
 * `rc` is what came of the other fields: if anything, only a missing field is told. */
static int
set_hex(const struct cp_reader *reader, const struct cp_octets *head, const struct conf_node *node,
		const char *key, int rc, struct cp_value *ret_value)
{
	uint8_t *wire = NULL;
	char *text = NULL;
	int size = 0;

	if (rc != 0 && !is_cp_null(node)) {
		return rc;
	}
	text = read_exact_text(reader, node, key);
	if (text == NULL) {
		return -EINVAL;
	}
	cp_blanks_remove(text);
	wire = conf_arena_alloc(reader->arena, head->size + strlen(text), 1);
	if (wire == NULL) {
		return -ENOMEM;
	}
	memcpy(wire, head->bytes, head->size);
	size = cp_hex_decode(text, wire + head->size);
	if (size <= 0) {
		cp_reason_add(reader->reasons, CP_FATAL, "%s %s \"%s\" is not hexadecimal",
				reader->type->name, key, text);
		return -EINVAL;
	}
	return cp_value_present(reader, wire, head->size + (size_t)size, ret_value);
}

int
cp_read_ds(const struct cp_reader *reader, const struct conf_node *value,
		struct cp_value *ret_value)
{
	static const char *const keys[] = { "key_tag", "algorithm", "digest_type" };
	/* The older spelling has the names of DNSKEY's fields, each for another one of DS. */
	static const char *const old_keys[] = { "flags", "protocol", "algorithm" };
	static const int64_t maxima[] = { UINT16_MAX, UINT8_MAX, UINT8_MAX };
	bool is_old = conf_get(value, "public_key") != NULL || conf_get(value, "flags") != NULL;
	const char *digest = is_old ? "public_key" : "digest";
	uint16_t numbers[3] = { 0 };
	uint8_t head[4];
	int rc = cp_fields_check(reader, value);

	if (rc != 0) {
		return rc;
	}
	rc = cp_field_numbers(reader, value, is_old ? old_keys : keys, maxima, numbers);
	cp_wire_u16(head, numbers[0]);
	head[2] = (uint8_t)numbers[1];
	head[3] = (uint8_t)numbers[2];
	return set_hex(reader, &(struct cp_octets){ head, sizeof(head) }, conf_get(value, digest),
			digest, rc, ret_value);
}

/* A number that octoDNS knows by name: 1 to `known_max`. */
static int
read_known(const struct cp_reader *reader, const struct conf_node *value, const char *key,
		uint16_t known_max, uint8_t *ret_number)
{
	uint16_t number = 0;
	int rc = cp_field_number(reader, conf_get(value, key), key, UINT8_MAX, &number);

	if (rc == 0 && (number == 0 || number > known_max)) {
		cp_reason_add(reader->reasons, CP_LENIENT, "unrecognized %s \"%u\"", key, number);
	}
	*ret_number = (uint8_t)number;
	return rc;
}

/* SHA-1 and SHA-256 (RFC 4255 §3.1.2, RFC 6594 §4) in hexadecimal. */
static void
judge_fingerprint(const struct cp_reader *reader, const struct conf_node *value, uint8_t type)
{
	static const size_t expected[] = { [1] = 40, [2] = 64 };
	const struct conf_node *node = conf_get(value, "fingerprint");

	if ((type == 1 || type == 2) && is_cp_text(node) && node->scalar.len != expected[type]) {
		cp_reason_add(reader->reasons, CP_LENIENT,
				"fingerprint length %zu does not match fingerprint_type %u "
				"(expected %zu)",
				node->scalar.len, type, expected[type]);
	}
}

int
cp_read_sshfp(const struct cp_reader *reader, const struct conf_node *value,
		struct cp_value *ret_value)
{
	uint8_t head[2] = { 0 };
	int rc = cp_fields_check(reader, value);
	int bad = 0;

	if (rc != 0) {
		return rc;
	}
	rc = read_known(reader, value, "algorithm", 4, &head[0]);
	bad = read_known(reader, value, "fingerprint_type", 2, &head[1]);
	rc = bad != 0 ? bad : rc;
	judge_fingerprint(reader, value, head[1]);
	return set_hex(reader, &(struct cp_octets){ head, sizeof(head) },
			conf_get(value, "fingerprint"), "fingerprint", rc, ret_value);
}

/* octoDNS tells first which numbers are wrong, then which are missing. */
int
cp_read_tlsa(const struct cp_reader *reader, const struct conf_node *value,
		struct cp_value *ret_value)
{
	static const char data[] = "certificate_association_data";
	static const struct {
		const char *key;
		int64_t max; /* as octoDNS has it */
	} fields[] = { { "certificate_usage", 3 }, { "selector", 1 }, { "matching_type", 2 } };
	uint8_t head[3] = { 0 };
	int rc = cp_fields_check(reader, value);

	if (rc != 0) {
		return rc;
	}
	for (size_t i = 0; i < sizeof(head); i++) {
		const struct conf_node *node = conf_get(value, fields[i].key);
		uint16_t number = 0;

		if (node != NULL && cp_field_number(reader, node, fields[i].key, fields[i].max,
						    &number) != 0) {
			rc = -EINVAL;
		}
		head[i] = (uint8_t)number;
	}
	for (size_t i = 0; i < sizeof(head); i++) {
		if (conf_get(value, fields[i].key) == NULL) {
			cp_reason_add(reader->reasons, CP_FATAL, "missing %s", fields[i].key);
			rc = -EINVAL;
		}
	}
	return set_hex(reader, &(struct cp_octets){ head, sizeof(head) }, conf_get(value, data),
			data, rc, ret_value);
}

int
cp_read_openpgpkey(const struct cp_reader *reader, const struct conf_node *value,
		struct cp_value *ret_value)
{
	char *text = NULL;
	uint8_t *wire = NULL;
	int size = 0;

	if (!is_cp_true(value)) {
		cp_reason_add(reader->reasons, CP_FATAL, "missing value(s)");
		return -EINVAL;
	}
	text = read_exact_text(reader, value, "value");
	if (text == NULL) {
		return -EINVAL;
	}
	cp_blanks_remove(text);
	wire = conf_arena_alloc(reader->arena, strlen(text), 1);
	if (wire == NULL) {
		return -ENOMEM;
	}
	size = cp_base64_decode(text, wire);
	if (size <= 0) {
		cp_reason_add(reader->reasons, CP_FATAL, "%s value \"%s\" is not base64",
				reader->type->name, text);
		return -EINVAL;
	}
	return cp_value_present(reader, wire, (size_t)size, ret_value);
}
