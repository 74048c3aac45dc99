/* What the configuration says of who is answered and how much (config_impl.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/config_impl.h"

#define ECS(field) offsetof(struct dp_ecs_config, field)
const struct conf_row dp_config_ecs_rows[] = {
	{ .key = "enabled",
			.kind = CONF_ROW_BOOL,
			.offset = ECS(enabled),
			.fallback = "true",
			.help = "Answer by EDNS client subnet (RFC 7871)." },
	{ .key = "resolvers",
			.kind = CONF_ROW_STRING_LIST,
			.offset = ECS(resolvers),
			.help = "Whose client subnets count: addresses and prefixes; none: "
				"everybody's." },
	{ .key = NULL },
};

#define RATE(field) offsetof(struct dp_rate_limit_config, field)
/* A rate above what a worker answers limits nothing; one row for each kind of reply (limiter.h). */
const struct conf_row dp_config_rate_limit_rows[] = {
	{ .key = "responses_per_second",
			.kind = CONF_ROW_INT,
			.offset = RATE(responses_per_second),
			.fallback = "0",
			.min = 0,
			.max = DP_LIMIT_RATE_MAX,
			.unit = "1/s",
			.help = "Replies with data, for each name and type; 0: no limit." },
	{ .key = "negatives_per_second",
			.kind = CONF_ROW_INT,
			.offset = RATE(negatives_per_second),
			.fallback = "0",
			.min = 0,
			.max = DP_LIMIT_RATE_MAX,
			.unit = "1/s",
			.help = "NXDOMAIN and NODATA, for each zone; 0: no limit." },
	{ .key = "errors_per_second",
			.kind = CONF_ROW_INT,
			.offset = RATE(errors_per_second),
			.fallback = "0",
			.min = 0,
			.max = DP_LIMIT_RATE_MAX,
			.unit = "1/s",
			.help = "Replies that are errors; 0: no limit." },
	{ .key = "all_per_second",
			.kind = CONF_ROW_INT,
			.offset = RATE(all_per_second),
			.fallback = "0",
			.min = 0,
			.max = DP_LIMIT_RATE_MAX,
			.unit = "1/s",
			.help = "Replies of all kinds together; 0: no limit." },
	{ .key = "burst_s",
			.kind = CONF_ROW_INT,
			.offset = RATE(burst_s),
			.fallback = "2",
			.min = 1,
			.max = DP_LIMIT_BURST_S_MAX,
			.unit = "s",
			.help = "How much of a rate a quiet prefix may use at once." },
	/* Wider than /8 and /16 is half the Internet. */
	{ .key = "ipv4_prefix",
			.kind = CONF_ROW_INT,
			.offset = RATE(ipv4_prefix),
			.fallback = "24",
			.min = 8,
			.max = 32,
			.unit = "bits",
			.help = "What counts as one client." },
	{ .key = "ipv6_prefix",
			.kind = CONF_ROW_INT,
			.offset = RATE(ipv6_prefix),
			.fallback = "56",
			.min = 16,
			.max = 128,
			.unit = "bits",
			.help = "What counts as one client." },
	{ .key = "slip",
			.kind = CONF_ROW_INT,
			.offset = RATE(slip),
			.fallback = "2",
			.min = 0,
			.max = DP_LIMIT_SLIP_MAX,
			.help = "One in so many replies over a limit is sent, truncated; 0: "
				"none." },
	{ .key = "table_size",
			.kind = CONF_ROW_INT,
			.offset = RATE(table_size),
			.fallback = "131072",
			.min = DP_LIMIT_TABLE_MIN,
			.max = DP_LIMIT_TABLE_MAX,
			.help = "Prefixes and names remembered, of 16 bytes each." },
	{ .key = "exempt",
			.kind = CONF_ROW_STRING_LIST,
			.offset = RATE(exempt),
			.help = "Addresses and prefixes that are not limited." },
	{ .key = NULL },
};

/* The protocols whose servers answer whatever they are sent, an answer of ours too, and so could be made
 * to talk to us for ever: active users (RFC 866), chargen, daytime, echo, qotd, time, and those whose
 * errors are answered by errors (CVE-2024-2169), TFTP and NTP. Not 53: resolvers that ask from it are
 * out of date but many, and we never answer an answer. */
static const uint16_t talkative_ports[] = { 7, 11, 13, 17, 19, 37, 69, 123 };

static int
compare_ports(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static void
check_source_ports(const struct dp_config_checker *checker, struct dp_config *config)
{
	const struct conf_strings *texts = &config->drop_source_port_texts;
	struct dp_source_ports *ports = &config->settings.drop_source_ports;

	if (texts->cnt == 0 && conf_get(checker->document->root, "drop_source_ports") == NULL) {
		memcpy(ports->items, talkative_ports, sizeof(talkative_ports));
		ports->cnt = sizeof(talkative_ports) / sizeof(talkative_ports[0]);
		return;
	}
	if (texts->cnt > DP_SOURCE_PORTS_MAX) {
		dp_config_complain(checker, "drop_source_ports: %zu of them; at most %u",
				texts->cnt, DP_SOURCE_PORTS_MAX);
		return;
	}
	for (size_t i = 0; i < texts->cnt; i++) {
		const char *text = texts->items[i];
		unsigned long port;

		if (!is_dp_config_number(text, text + strlen(text), UINT16_MAX, &port) ||
				port == 0) {
			dp_config_complain(checker,
					"drop_source_ports[%zu]: '%s' is not a port (1 to 65535)",
					i, text);
			return;
		}
		ports->items[i] = (uint16_t)port;
	}
	ports->cnt = (uint16_t)texts->cnt;
	if (ports->cnt > 0) {
		qsort(ports->items, ports->cnt, sizeof(ports->items[0]), compare_ports);
	}
}

/* Reads a list of prefixes; `key` names it. */
static int
read_prefixes(const struct dp_config_checker *checker, const char *key,
		const struct conf_strings *texts, struct dp_prefixes *ret_prefixes)
{
	struct tbl_prefix *items;
	int err;

	if (texts->cnt > DP_PREFIXES_MAX) {
		dp_config_complain(checker, "%s: %zu of them; at most %u", key, texts->cnt,
				DP_PREFIXES_MAX);
		return 0;
	}
	items = calloc(texts->cnt + 1, sizeof(*items));
	if (items == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < texts->cnt; i++) {
		if (dp_prefix_parse(texts->items[i], &items[i]) != 0) {
			dp_config_complain(checker,
					"%s[%zu]: '%s' is not an address or a prefix without "
					"further bits",
					key, i, texts->items[i]);
			items[i] = (struct tbl_prefix){ .family = 4, .bits = 32 };
		}
	}
	err = dp_prefixes_make(items, texts->cnt, ret_prefixes);
	free(items);
	return err;
}

static int
check_rate_limit(const struct dp_config_checker *checker, struct dp_config *config)
{
	const struct dp_rate_limit_config *said = &config->rate_limit;

	config->limiter = (struct dp_limiter_params){
		.per_second = {
			[DP_LIMIT_ANSWER] = (uint32_t)said->responses_per_second,
			[DP_LIMIT_NEGATIVE] = (uint32_t)said->negatives_per_second,
			[DP_LIMIT_ERROR] = (uint32_t)said->errors_per_second,
			[DP_LIMIT_ALL] = (uint32_t)said->all_per_second,
		},
		.burst_s = (uint32_t)said->burst_s,
		.ipv4_bits = (uint8_t)said->ipv4_prefix,
		.ipv6_bits = (uint8_t)said->ipv6_prefix,
		.slip = (uint32_t)said->slip,
		.table_size = (uint32_t)said->table_size,
	};
	for (unsigned int i = 0; i < DP_LIMIT_KIND_CNT; i++) {
		config->has_rate_limit =
				config->has_rate_limit || config->limiter.per_second[i] > 0;
	}
	return read_prefixes(checker, "rate_limit.exempt", &said->exempt, &config->limiter_exempt);
}

int
dp_config_check_limits(const struct dp_config_checker *checker, struct dp_config *config)
{
	int err;

	config->settings.is_ecs_off = !config->ecs.enabled;
	check_source_ports(checker, config);
	err = read_prefixes(checker, "ecs.resolvers", &config->ecs.resolvers,
			&config->settings.ecs_resolvers);
	return err != 0 ? err : check_rate_limit(checker, config);
}

void
dp_config_limits_done(struct dp_config *config)
{
	dp_prefixes_done(&config->settings.ecs_resolvers);
	dp_prefixes_done(&config->limiter_exempt);
}
