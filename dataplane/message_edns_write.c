/* The OPT record of a reply. */
#include <assert.h>
#include <string.h>

#include "dataplane/bytes.h"
#include "dataplane/message_impl.h"

#define OPT_BYTES       (1u + DP_RECORD_FIXED_BYTES) /* root owner, fields, no options */
#define TYPE_SOA_SERIAL 0u                           /* RFC 9660 §2.1 */

/* A reply without records in the smallest buffer of ours, its question as long as one can be: what
 * was asked for in the OPT is never left out for want of room. */
static_assert(DP_HEADER_BYTES + TBL_NAME_MAX + 4u + DP_OPT_MAX <= DP_UDP_REPLY_MIN, "OPT fits");

/* Writes an option's code and length; returns the bytes of all of it. */
static size_t
put_option(uint8_t *at, uint16_t code, size_t len)
{
	dp_store_be16(at, code);
	dp_store_be16(at + 2, (uint16_t)len);
	return DP_OPTION_HEADER_BYTES + len;
}

static size_t
put_nsid(const struct dp_opt *opt, uint8_t *at)
{
	const struct dp_settings *settings = opt->answerer->settings;
	uint8_t *text = at + DP_OPTION_HEADER_BYTES;
	size_t len = settings->identity_len;

	memcpy(text, settings->identity, len);
	if (len > 0) {
		text[len++] = ' ';
	}
	len += dp_generation_text(opt->answerer->view, text + len);
	return put_option(at, DP_OPTION_NSID, len);
}

/* RFC 9018 §4.3: a good cookie goes back as it came until half its life is over. */
static size_t
put_cookie(const struct dp_opt *opt, uint8_t *at)
{
	const struct dp_edns *edns = &opt->query->edns;
	uint8_t *cookie = at + DP_OPTION_HEADER_BYTES;

	if (opt->cookie == DP_COOKIE_GOOD) {
		memcpy(cookie, edns->cookie, DP_COOKIE_BYTES);
	} else {
		dp_cookie_make(opt->answerer->cookie_keys, edns->cookie, &opt->client->addr,
				opt->answerer->now.unix_s, cookie);
	}
	return put_option(at, DP_OPTION_COOKIE, DP_COOKIE_BYTES);
}

/* RFC 7828 §3.3.2: the time that this connection may be idle from now on. */
static size_t
put_keepalive(const struct dp_opt *opt, uint8_t *at)
{
	dp_store_be16(at + DP_OPTION_HEADER_BYTES, opt->answerer->settings->tcp_keepalive_ds);
	return put_option(at, DP_OPTION_KEEPALIVE, DP_KEEPALIVE_BYTES);
}

static size_t
put_zoneversion(const struct dp_opt *opt, uint8_t *at)
{
	const struct tbl_view *view = opt->answerer->view;
	uint8_t *data = at + DP_OPTION_HEADER_BYTES;

	data[0] = view->nodes[view->zones[opt->zone].apex].label_cnt;
	data[1] = TYPE_SOA_SERIAL;
	dp_store_be32(data + 2, tbl_zone_serial(view, opt->zone));
	return put_option(at, DP_OPTION_ZONEVERSION, DP_ZONEVERSION_BYTES);
}

/* RFC 8914 §2: without text, which would tell a resolver no more than the code does. */
static size_t
put_ede(const struct dp_opt *opt, uint8_t *at)
{
	dp_store_be16(at + DP_OPTION_HEADER_BYTES, opt->ede);
	return put_option(at, DP_OPTION_EDE, DP_EDE_BYTES);
}

/* RFC 7871 §7.2.1: family, source and address as they came; scope 0 to who asked for privacy. */
static size_t
put_ecs(const struct dp_opt *opt, uint8_t *at)
{
	const struct dp_ecs *ecs = &opt->query->edns.ecs;
	uint8_t *data = at + DP_OPTION_HEADER_BYTES;

	dp_store_be16(data, ecs->family);
	data[2] = ecs->source_bits;
	data[3] = ecs->source_bits == 0 ? 0 : opt->scope_bits;
	memcpy(data + DP_ECS_HEAD_BYTES, ecs->addr, ecs->addr_len);
	return put_option(at, DP_OPTION_ECS, DP_ECS_HEAD_BYTES + ecs->addr_len);
}

/* All options but ECS, which alone is common. Not inlined: rare. */
__attribute__((noinline)) static size_t
put_options(const struct dp_opt *opt, uint8_t *at)
{
	unsigned int asks = opt->query->edns.asks;
	const uint8_t *start = at;

	if ((asks & DP_ASK_NSID) != 0 && !opt->is_slipped) {
		at += put_nsid(opt, at);
	}
	if (opt->cookie != DP_COOKIE_NONE) {
		at += put_cookie(opt, at);
	}
	if ((asks & DP_ASK_KEEPALIVE) != 0 && opt->client->transport == DP_TCP) {
		at += put_keepalive(opt, at);
	}
	if ((asks & DP_ASK_ZONEVERSION) != 0 && opt->zone != TBL_NONE) {
		at += put_zoneversion(opt, at);
	}
	if (opt->ede != DP_EDE_NONE) {
		at += put_ede(opt, at);
	}
	return (size_t)(at - start);
}

size_t
dp_opt_write(const struct dp_opt *opt, uint8_t record[DP_OPT_MAX])
{
	const struct dp_edns *edns = &opt->query->edns;
	size_t len = OPT_BYTES;

	record[0] = 0;
	dp_store_be16(record + 1, DP_TYPE_OPT);
	dp_store_be16(record + 3, opt->answerer->settings->max_udp_bytes);
	record[5] = (uint8_t)(opt->rcode >> 4);
	record[6] = 0; /* version */
	dp_store_be16(record + 7, edns->is_do ? DP_EDNS_FLAG_DO : 0);
	if ((edns->asks | opt->ede) != 0) {
		len += put_options(opt, record + len);
	}
	if (opt->has_ecs) {
		len += put_ecs(opt, record + len);
	}
	dp_store_be16(record + 9, (uint16_t)(len - OPT_BYTES));
	return len;
}
