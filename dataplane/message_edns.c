#include <string.h>

#include "dataplane/bytes.h"
#include "dataplane/message_impl.h"

#define OPTION_NSID         3u
#define OPTION_ECS          8u
#define OPTION_HEADER_BYTES 4u /* code, length (RFC 6891 §6.1.2) */

#define OPT_BYTES      (1u + DP_RECORD_FIXED_BYTES) /* root owner, fields, no options */
#define ECS_HEAD_BYTES 4u                           /* family, source, scope (RFC 7871 §6) */
#define ECS_FAMILY_V4  1u
#define ECS_FAMILY_V6  2u
#define FLAG_DO        0x8000u /* in the TTL field's lower half */

/* RFC 7871 §6 and §7.1.2: prefix lengths by family; family 0 (none) goes with no address at all. */
static uint8_t
family_bits_max(uint16_t family)
{
	switch (family) {
	case ECS_FAMILY_V4:
		return 32;
	case ECS_FAMILY_V6:
		return 128;
	default:
		return 0;
	}
}

/* data[0..len) is the option's content. Anything that is not exactly what a resolver must send is
 * FORMERR, as gdnsd and BIND have it: guessing a client's place from half an option misleads. */
static enum dp_rcode
parse_ecs(const uint8_t *data, size_t len, struct dp_ecs *ecs)
{
	uint16_t family;
	uint8_t source_bits;
	size_t addr_len;

	if (len < ECS_HEAD_BYTES) {
		return DP_RCODE_FORMERR;
	}
	family = dp_load_be16(data);
	source_bits = data[2];
	addr_len = ((size_t)source_bits + 7) / 8;
	if (family > ECS_FAMILY_V6 || source_bits > family_bits_max(family) || data[3] != 0 ||
			len - ECS_HEAD_BYTES != addr_len) {
		return DP_RCODE_FORMERR;
	}
	data += ECS_HEAD_BYTES;
	if (source_bits % 8 != 0 && (data[addr_len - 1] & (0xffu >> (source_bits % 8))) != 0) {
		return DP_RCODE_FORMERR;
	}
	ecs->is_present = true;
	ecs->family = family;
	ecs->source_bits = source_bits;
	ecs->addr_len = (uint8_t)addr_len;
	memset(ecs->addr, 0, sizeof(ecs->addr));
	memcpy(ecs->addr, data, addr_len);
	return DP_RCODE_NOERROR;
}

static enum dp_rcode
parse_option(uint16_t code, const uint8_t *data, size_t len, struct dp_edns *edns)
{
	if (code == OPTION_NSID) {
		edns->has_nsid = edns->has_nsid || len == 0; /* RFC 5001 §2.1: asked empty */
		return DP_RCODE_NOERROR;
	}
	if (code == OPTION_ECS && !edns->ecs.is_present) {
		return parse_ecs(data, len, &edns->ecs); /* a second one is ignored */
	}
	return DP_RCODE_NOERROR; /* RFC 6891 §6.1.2: unknown options are ignored */
}

enum dp_rcode
dp_edns_parse(const uint8_t *rdata, size_t rdata_len, uint16_t class_field, uint32_t ttl_field,
		struct dp_edns *edns)
{
	size_t at = 0;

	edns->is_present = true;
	edns->is_do = (ttl_field & FLAG_DO) != 0;
	edns->has_nsid = false;
	edns->version = (uint8_t)(ttl_field >> 16);
	edns->udp_bytes = class_field;
	edns->ecs.is_present = false;
	if (edns->version > 0) {
		return DP_RCODE_BADVERS; /* what options look like there is not ours to know */
	}
	while (at < rdata_len) {
		enum dp_rcode rcode;
		uint16_t len;

		if (rdata_len - at < OPTION_HEADER_BYTES) {
			return DP_RCODE_FORMERR;
		}
		len = dp_load_be16(rdata + at + 2);
		if (len > rdata_len - at - OPTION_HEADER_BYTES) {
			return DP_RCODE_FORMERR;
		}
		rcode = parse_option(dp_load_be16(rdata + at), rdata + at + OPTION_HEADER_BYTES,
				len, edns);
		if (rcode != DP_RCODE_NOERROR) {
			return rcode;
		}
		at += OPTION_HEADER_BYTES + (size_t)len;
	}
	return DP_RCODE_NOERROR;
}

/* Digits of `value`, most significant first; returns how many. */
static size_t
write_decimal(uint64_t value, uint8_t *text)
{
	uint8_t digits[20];
	size_t cnt = 0;

	do {
		digits[cnt++] = (uint8_t)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	for (size_t i = 0; i < cnt; i++) {
		text[i] = digits[cnt - 1 - i];
	}
	return cnt;
}

size_t
dp_generation_text(const struct tbl_view *view, uint8_t text[DP_GENERATION_TEXT_MAX])
{
	size_t len = write_decimal(view->header->generation, text);

	text[len++] = '.';
	return len + write_decimal(view->select->sequence, text + len);
}

static size_t
write_nsid(const struct dp_opt *opt, uint8_t *at)
{
	uint8_t *text = at + OPTION_HEADER_BYTES;
	size_t len = opt->settings->identity_len;

	memcpy(text, opt->settings->identity, len);
	if (len > 0) {
		text[len++] = ' ';
	}
	len += dp_generation_text(opt->view, text + len);
	dp_store_be16(at, OPTION_NSID);
	dp_store_be16(at + 2, (uint16_t)len);
	return OPTION_HEADER_BYTES + len;
}

/* RFC 7871 §7.2.1: family, source and address as they came; scope 0 to who asked for privacy. */
static size_t
write_ecs(const struct dp_opt *opt, uint8_t *at)
{
	const struct dp_ecs *ecs = &opt->edns->ecs;

	dp_store_be16(at, OPTION_ECS);
	dp_store_be16(at + 2, (uint16_t)(ECS_HEAD_BYTES + ecs->addr_len));
	at += OPTION_HEADER_BYTES;
	dp_store_be16(at, ecs->family);
	at[2] = ecs->source_bits;
	at[3] = ecs->source_bits == 0 ? 0 : opt->scope_bits;
	memcpy(at + ECS_HEAD_BYTES, ecs->addr, ecs->addr_len);
	return OPTION_HEADER_BYTES + ECS_HEAD_BYTES + ecs->addr_len;
}

size_t
dp_opt_write(const struct dp_opt *opt, uint8_t record[DP_OPT_MAX])
{
	size_t len = OPT_BYTES;

	record[0] = 0;
	dp_store_be16(record + 1, DP_TYPE_OPT);
	dp_store_be16(record + 3, opt->settings->max_udp_bytes);
	record[5] = (uint8_t)(opt->rcode >> 4);
	record[6] = 0; /* version */
	dp_store_be16(record + 7, opt->edns->is_do ? FLAG_DO : 0);
	if (opt->edns->has_nsid) {
		len += write_nsid(opt, record + len);
	}
	if (opt->has_ecs && opt->edns->ecs.is_present) {
		len += write_ecs(opt, record + len);
	}
	dp_store_be16(record + 9, (uint16_t)(len - OPT_BYTES));
	return len;
}
