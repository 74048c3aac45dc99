/* The OPT record of a query. */
#include <string.h>

#include "dataplane/bytes.h"
#include "dataplane/message_impl.h"

#define ECS_FAMILY_V4 1u
#define ECS_FAMILY_V6 2u

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

	if (len < DP_ECS_HEAD_BYTES) {
		return DP_RCODE_FORMERR;
	}
	family = dp_load_be16(data);
	source_bits = data[2];
	addr_len = ((size_t)source_bits + 7) / 8;
	if (family > ECS_FAMILY_V6 || source_bits > family_bits_max(family) || data[3] != 0 ||
			len - DP_ECS_HEAD_BYTES != addr_len) {
		return DP_RCODE_FORMERR;
	}
	data += DP_ECS_HEAD_BYTES;
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

/* RFC 7873 §5.2: the first COOKIE option counts, and §5.2.2: what it may not be is FORMERR. */
static enum dp_rcode
parse_cookie(const uint8_t *data, size_t len, struct dp_edns *edns)
{
	if ((edns->asks & DP_ASK_COOKIE) != 0) {
		return DP_RCODE_NOERROR;
	}
	if (len != DP_COOKIE_CLIENT_BYTES &&
			(len < DP_COOKIE_BYTES_MIN || len > DP_COOKIE_BYTES_MAX)) {
		return DP_RCODE_FORMERR;
	}
	edns->asks |= DP_ASK_COOKIE;
	edns->cookie_len = (uint8_t)len;
	/* What is longer than ours is not ours, and its end is of no use. */
	memcpy(edns->cookie, data, len < DP_COOKIE_BYTES ? len : DP_COOKIE_BYTES);
	return DP_RCODE_NOERROR;
}

static enum dp_rcode
parse_option(uint16_t code, const uint8_t *data, size_t len, struct dp_edns *edns)
{
	/* ECS first: the one option that many queries have. A second one is ignored. */
	if (code == DP_OPTION_ECS) {
		return edns->ecs.is_present ? DP_RCODE_NOERROR : parse_ecs(data, len, &edns->ecs);
	}
	switch (code) {
	case DP_OPTION_NSID: /* RFC 5001 §2.1: asked for by an empty one */
		edns->asks |= len == 0 ? DP_ASK_NSID : 0;
		return DP_RCODE_NOERROR;
	case DP_OPTION_COOKIE:
		return parse_cookie(data, len, edns);
	case DP_OPTION_KEEPALIVE: /* RFC 7828 §3.2.1: likewise; over UDP nobody looks */
		edns->asks |= len == 0 ? DP_ASK_KEEPALIVE : 0;
		return DP_RCODE_NOERROR;
	case DP_OPTION_ZONEVERSION: /* RFC 9660 §3.2: what a query's may contain is ignored */
		edns->asks |= DP_ASK_ZONEVERSION;
		return DP_RCODE_NOERROR;
	default: /* RFC 6891 §6.1.2: unknown options are ignored */
		return DP_RCODE_NOERROR;
	}
}

enum dp_rcode
dp_edns_parse(const uint8_t *rdata, size_t rdata_len, uint16_t class_field, uint32_t ttl_field,
		struct dp_edns *edns)
{
	size_t at = 0;

	edns->is_present = true;
	edns->is_do = (ttl_field & DP_EDNS_FLAG_DO) != 0;
	edns->asks = 0;
	edns->version = (uint8_t)(ttl_field >> 16);
	edns->udp_bytes = class_field;
	edns->ecs.is_present = false;
	if (edns->version > 0) {
		return DP_RCODE_BADVERS; /* what options look like there is not ours to know */
	}
	while (at < rdata_len) {
		enum dp_rcode rcode;
		uint16_t len;

		if (rdata_len - at < DP_OPTION_HEADER_BYTES) {
			return DP_RCODE_FORMERR;
		}
		len = dp_load_be16(rdata + at + 2);
		if (len > rdata_len - at - DP_OPTION_HEADER_BYTES) {
			return DP_RCODE_FORMERR;
		}
		rcode = parse_option(dp_load_be16(rdata + at), rdata + at + DP_OPTION_HEADER_BYTES,
				len, edns);
		if (rcode != DP_RCODE_NOERROR) {
			return rcode;
		}
		at += DP_OPTION_HEADER_BYTES + (size_t)len;
	}
	return DP_RCODE_NOERROR;
}
