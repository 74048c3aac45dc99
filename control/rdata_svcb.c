/*
 * SVCB and HTTPS (RFC 9460): a target and parameters. octoDNS's reasons come first; then what would
 * make receivers ignore the record as malformed is refused, too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/address.h"
#include "control/binary_text.h"
#include "control/rdata_impl.h"
#include "control/scalar.h"

/* A SvcParam while it is read; bytes[0..size) is its value on the wire. */
struct param {
	uint16_t key;
	uint8_t *bytes;
	size_t size;
};

static const char *const names[CP_SVCB_KEY_CNT] = {
	[CP_SVCB_MANDATORY] = "mandatory",
	[CP_SVCB_ALPN] = "alpn",
	[CP_SVCB_NO_DEFAULT_ALPN] = "no-default-alpn",
	[CP_SVCB_PORT] = "port",
	[CP_SVCB_IPV4HINT] = "ipv4hint",
	[CP_SVCB_ECH] = "ech",
	[CP_SVCB_IPV6HINT] = "ipv6hint",
};

const char *
cp_svcb_key_name(uint16_t key)
{
	return key < CP_SVCB_KEY_CNT ? names[key] : NULL;
}

/* octoDNS takes any number up to 65535 behind "key"; a reason else. */
static int
read_numbered_key(const struct cp_reader *reader, const char *text, uint16_t *ret_key)
{
	const char *digits = text + strlen("key");
	char *end = NULL;
	unsigned long number = strtoul(digits, &end, 10);

	if (*digits < '0' || *digits > '9' || *end != '\0') {
		cp_reason_add(reader->reasons, CP_FATAL, "SvcParam key \"%s\" has wrong format",
				text);
		return -EINVAL;
	}
	if (number > UINT16_MAX) {
		cp_reason_add(reader->reasons, CP_FATAL, "SvcParam key \"%s\" has wrong key number",
				text);
		return -EINVAL;
	}
	/* Under its number a key would pass by the checks of its name (RFC 9460 §2.1). */
	if (number < CP_SVCB_KEY_CNT || number == CP_SVCB_INVALID) {
		cp_reason_add(reader->reasons, CP_FATAL, "SvcParam key \"%s\" is %s%s", text,
				number < CP_SVCB_KEY_CNT ? "written " : "reserved",
				number < CP_SVCB_KEY_CNT ? names[number] : "");
		return -EINVAL;
	}
	*ret_key = (uint16_t)number;
	return 0;
}

static bool
is_named(const char *text, uint16_t *ret_key)
{
	for (size_t i = 0; i < CP_SVCB_KEY_CNT; i++) {
		if (strcmp(names[i], text) == 0) {
			*ret_key = (uint16_t)i;
			return true;
		}
	}
	return false;
}

/* read_key finds a key's number; the reason for an unknown name depends on where it stands. */
static int
read_key(const struct cp_reader *reader, const char *text, bool is_in_mandatory, uint16_t *ret_key)
{
	if (is_named(text, ret_key)) {
		return 0;
	}
	if (strncmp(text, "key", 3) == 0) {
		return read_numbered_key(reader, text, ret_key);
	}
	cp_reason_add(reader->reasons, CP_FATAL,
			is_in_mandatory ? "unsupported SvcParam \"%s\" in mandatory"
					: "Unknown SvcParam %s",
			text);
	return -EINVAL;
}

static int
compare_keys(const void *a, const void *b)
{
	const uint8_t *x = a;
	const uint8_t *y = b;

	return memcmp(x, y, 2); /* in network order, as they are sent */
}

/* Items of lists: each appends itself to the value, which has `item_max` octets of room left. */
static int
add_mandatory(const struct cp_reader *reader, const char *text, struct param *param)
{
	uint16_t key = 0;
	int rc = read_key(reader, text, true, &key);

	cp_wire_u16(param->bytes + param->size, key);
	param->size += 2;
	return rc;
}

static int
add_alpn(const struct cp_reader *reader, const char *text, struct param *param)
{
	size_t len = strlen(text);

	cp_txt_judge(reader, text);
	if (len == 0 || len > UINT8_MAX) {
		cp_reason_add(reader->reasons, CP_FATAL, "alpn \"%s\" is not 1 to 255 octets long",
				text);
		return -EINVAL;
	}
	param->bytes[param->size++] = (uint8_t)len;
	memcpy(param->bytes + param->size, text, len); /* counted, not terminated */
	param->size += len;
	return 0;
}

static int
add_hint(const struct cp_reader *reader, const char *text, struct param *param)
{
	uint8_t family = param->key == CP_SVCB_IPV4HINT ? 4 : 6;
	size_t size = family == 4 ? 4 : 16;
	struct tbl_addr addr;

	if (cp_address_parse(text, family, &addr) != 0) {
		cp_reason_add(reader->reasons, CP_FATAL,
				"ipv%uhint \"%s\" is not a valid IPv%u address", family, text,
				family);
		return -EINVAL;
	}
	memcpy(param->bytes + param->size, addr.bytes, size);
	param->size += size;
	return 0;
}

static int
read_items(const struct cp_reader *reader, const struct conf_node *node, struct param *param)
{
	int rc = 0;

	for (size_t i = 0; i < node->sequence.cnt; i++) {
		char *text = cp_scalar_text(reader->arena, node->sequence.items[i]);
		int bad = 0;

		if (text == NULL) {
			return -ENOMEM;
		}
		if (param->key == CP_SVCB_MANDATORY) {
			bad = add_mandatory(reader, text, param);
		} else if (param->key == CP_SVCB_ALPN) {
			bad = add_alpn(reader, text, param);
		} else {
			bad = add_hint(reader, text, param);
		}
		rc = bad != 0 ? bad : rc;
	}
	if (param->key == CP_SVCB_MANDATORY) { /* sorted (RFC 9460 §8) */
		qsort(param->bytes, param->size / 2, 2, compare_keys);
	}
	return rc;
}

static int
read_list(const struct cp_reader *reader, const struct conf_node *node, struct param *param)
{
	/* The longest item: a length and 255 octets. */
	const size_t item_max = 1 + UINT8_MAX;

	if (node->kind != CONF_SEQUENCE) {
		cp_reason_add(reader->reasons, CP_FATAL, "%s is not a list", names[param->key]);
		return -EINVAL;
	}
	if (node->sequence.cnt == 0) {
		cp_reason_add(reader->reasons, CP_FATAL, "%s is an empty list", names[param->key]);
		return -EINVAL;
	}
	param->bytes = conf_arena_alloc(reader->arena, node->sequence.cnt, item_max);
	return param->bytes != NULL ? read_items(reader, node, param) : -ENOMEM;
}

static int
read_port(const struct cp_reader *reader, const struct conf_node *node, struct param *param)
{
	int64_t port = 0;

	if (cp_scalar_int(node, &port) != 0) {
		cp_reason_add(reader->reasons, CP_FATAL, "port is not a number");
		return -EINVAL;
	}
	if (port < 0 || port > UINT16_MAX) {
		cp_reason_add(reader->reasons, CP_FATAL, "port %lld is not a valid number",
				(long long)port);
		return -EINVAL;
	}
	param->bytes = conf_arena_alloc(reader->arena, 2, 1);
	if (param->bytes == NULL) {
		return -ENOMEM;
	}
	cp_wire_u16(param->bytes, (uint16_t)port);
	param->size = 2;
	return 0;
}

static int
read_ech(const struct cp_reader *reader, const struct conf_node *node, struct param *param)
{
	char *text = cp_scalar_text(reader->arena, node);
	int size = 0;

	if (text == NULL) {
		return -ENOMEM;
	}
	param->bytes = conf_arena_alloc(reader->arena, strlen(text), 1);
	if (param->bytes == NULL) {
		return -ENOMEM;
	}
	size = cp_base64_decode(text, param->bytes);
	if (size <= 0) {
		cp_reason_add(reader->reasons, CP_FATAL, "ech SvcParam is invalid Base64");
		return -EINVAL;
	}
	param->size = (size_t)size;
	return 0;
}

/* Of a key without a name: text as zone files write it, or null for no value. */
static int
read_octets(const struct cp_reader *reader, const struct conf_node *node, struct param *param)
{
	char *text = NULL;

	if (is_cp_null(node)) {
		return 0;
	}
	if (node->kind != CONF_SCALAR) {
		cp_reason_add(reader->reasons, CP_FATAL, "key%u must be text", param->key);
		return -EINVAL;
	}
	text = cp_scalar_text(reader->arena, node);
	if (text == NULL) {
		return -ENOMEM;
	}
	param->size = cp_text_unescape(text);
	param->bytes = (uint8_t *)text;
	return 0;
}

static int
read_param(const struct cp_reader *reader, const struct conf_pair *pair, struct param *param)
{
	int rc = read_key(reader, pair->key->scalar.text, false, &param->key);

	if (rc != 0) {
		return rc;
	}
	switch (param->key) {
	case CP_SVCB_MANDATORY:
	case CP_SVCB_ALPN:
	case CP_SVCB_IPV4HINT:
	case CP_SVCB_IPV6HINT:
		return read_list(reader, pair->value, param);
	case CP_SVCB_PORT:
		return read_port(reader, pair->value, param);
	case CP_SVCB_ECH:
		return read_ech(reader, pair->value, param);
	case CP_SVCB_NO_DEFAULT_ALPN:
		if (!is_cp_null(pair->value)) {
			cp_reason_add(reader->reasons, CP_FATAL,
					"SvcParam no-default-alpn has value when it should not");
			return -EINVAL;
		}
		return 0;
	default:
		return read_octets(reader, pair->value, param);
	}
}

static int
compare_params(const void *a, const void *b)
{
	const struct param *x = a;
	const struct param *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static bool
has_param(const struct param *params, size_t cnt, uint16_t key)
{
	for (size_t i = 0; i < cnt; i++) {
		if (params[i].key == key) {
			return true;
		}
	}
	return false;
}

/* RFC 9460 §2.2 and §8: a key once; what is mandatory is there, once, and not "mandatory" itself. */
static int
check_params(const struct cp_reader *reader, const struct param *params, size_t cnt)
{
	const struct param *list = cnt > 0 && params[0].key == CP_SVCB_MANDATORY ? params : NULL;
	int last = CP_SVCB_MANDATORY;

	for (size_t i = 1; i < cnt; i++) {
		if (params[i].key == params[i - 1].key) {
			cp_reason_add(reader->reasons, CP_FATAL, "SvcParam key%u is given twice",
					params[i].key);
			return -EINVAL;
		}
	}
	for (size_t i = 0; list != NULL && i < list->size; i += 2) {
		int key = list->bytes[i] << 8 | list->bytes[i + 1];

		if (key <= last || !has_param(params, cnt, (uint16_t)key)) {
			cp_reason_add(reader->reasons, CP_FATAL,
					"SvcParam %d in mandatory is not another one that is set, "
					"or is there twice",
					key);
			return -EINVAL;
		}
		last = key;
	}
	return 0;
}

/* read_params reads and sorts all; *ret_params is the arena's. */
static int
read_params(const struct cp_reader *reader, const struct conf_node *node, struct param **ret_params)
{
	size_t cnt = node->mapping.cnt;
	struct param *params = conf_arena_alloc(reader->arena, cnt, sizeof(*params));
	int rc = 0;

	if (params == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < cnt; i++) {
		int bad = read_param(reader, &node->mapping.pairs[i], &params[i]);

		rc = bad != 0 ? bad : rc;
	}
	if (rc == 0) {
		qsort(params, cnt, sizeof(*params), compare_params);
		rc = check_params(reader, params, cnt);
	}
	*ret_params = params;
	return rc;
}

static int
set_svcb(const struct cp_reader *reader, const uint8_t *head, size_t head_size,
		const struct param *params, size_t cnt, struct cp_value *ret_value)
{
	size_t size = head_size;
	uint8_t *wire = NULL;
	uint8_t *end = NULL;

	for (size_t i = 0; i < cnt; i++) {
		size += 4 + params[i].size;
	}
	wire = conf_arena_alloc(reader->arena, size, 1);
	if (wire == NULL) {
		return -ENOMEM;
	}
	memcpy(wire, head, head_size);
	end = wire + head_size;
	for (size_t i = 0; i < cnt; i++) {
		/* A size that 16 bits cannot hold is refused with the whole, which is longer. */
		cp_wire_u16(end, params[i].key);
		cp_wire_u16(end + 2, (uint16_t)params[i].size);
		if (params[i].size > 0) {
			memcpy(end + 4, params[i].bytes, params[i].size);
		}
		end += 4 + params[i].size;
	}
	return cp_value_present(reader, wire, size, ret_value);
}

/* octoDNS calls it svcpriority when it is missing, priority when it is wrong. */
static int
read_priority(const struct cp_reader *reader, const struct conf_node *node, uint16_t *ret_priority)
{
	return cp_field_number(reader, node, node == NULL ? "svcpriority" : "priority", UINT16_MAX,
			ret_priority);
}

int
cp_read_svcb(const struct cp_reader *reader, const struct conf_node *value,
		struct cp_value *ret_value)
{
	const struct conf_node *node = conf_get(value, "svcparams");
	uint8_t head[2 + TBL_NAME_MAX];
	struct param *params = NULL;
	size_t cnt = node != NULL && node->kind == CONF_MAPPING ? node->mapping.cnt : 0;
	uint16_t priority = 0;
	char *target = NULL;
	int rc = cp_fields_check(reader, value);
	int bad = 0;
	int len = 0;

	if (rc != 0) {
		return rc;
	}
	rc = read_priority(reader, conf_get(value, "svcpriority"), &priority);
	len = cp_target_read(
			reader, conf_get(value, "targetname"), "targetname", head + 2, &target);
	if (node != NULL && node->kind != CONF_MAPPING && !is_cp_null(node)) {
		cp_reason_add(reader->reasons, CP_FATAL,
				"svcparams must hold \"key: value\" pairs");
		bad = -EINVAL;
	}
	if (rc == 0 && priority == 0 && cnt > 0) {
		/* RFC 9460 §2.4.2: receivers ignore them; so it can be served leniently. */
		cp_reason_add(reader->reasons, CP_LENIENT,
				"svcparams set on AliasMode SVCB record");
	}
	if (cnt > 0) {
		bad = read_params(reader, node, &params);
	}
	if (rc != 0 || bad != 0 || len < 0) {
		return rc != 0 ? rc : bad != 0 ? bad : len;
	}
	cp_wire_u16(head, priority);
	return set_svcb(reader, head, 2 + (size_t)len, params, cnt, ret_value);
}
