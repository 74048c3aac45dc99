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

int
dp_config_check_limits(const struct dp_config_checker *checker, struct dp_config *config)
{
	config->settings.is_ecs_off = !config->ecs.enabled;
	check_source_ports(checker, config);
	return read_prefixes(checker, "ecs.resolvers", &config->ecs.resolvers,
			&config->settings.ecs_resolvers);
}

void
dp_config_limits_done(struct dp_config *config)
{
	dp_prefixes_done(&config->settings.ecs_resolvers);
}
