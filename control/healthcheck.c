#include "control/healthcheck.h"

#include <errno.h>
#include <string.h>

#include "control/scalar.h"

#define OWN_PATH     "octodns.meridian.healthcheck"
#define ROUTE53_PATH "octodns.route53.healthcheck"

static const char *const protocol_names[] = {
	[CP_PROTOCOL_HTTPS] = "HTTPS",
	[CP_PROTOCOL_HTTP] = "HTTP",
	[CP_PROTOCOL_TCP] = "TCP",
	[CP_PROTOCOL_UDP] = "UDP",
	[CP_PROTOCOL_ICMP] = "ICMP",
};
#define PROTOCOL_CNT (sizeof(protocol_names) / sizeof(protocol_names[0]))

const char *
cp_protocol_name(enum cp_protocol protocol)
{
	return protocol_names[protocol];
}

static int
find_protocol(const struct conf_node *node, enum cp_protocol *ret_protocol)
{
	for (unsigned int i = 0; is_cp_text(node) && i < PROTOCOL_CNT; i++) {
		if (strcmp(node->scalar.text, protocol_names[i]) == 0) {
			*ret_protocol = (enum cp_protocol)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* Our own mappings are small and strict: a misspelt key would silently mean the default. */
static void
refuse_unknown_keys(const struct cp_reader *reader, const struct conf_node *node, const char *path,
		const char *const *known)
{
	if (node == NULL) {
		return;
	}
	if (node->kind != CONF_MAPPING) {
		cp_reason_add(reader->reasons, CP_FATAL, "%s must hold \"key: value\" pairs", path);
		return;
	}
	for (size_t i = 0; i < node->mapping.cnt; i++) {
		const char *key = node->mapping.pairs[i].key->scalar.text;
		bool is_known = false;

		for (size_t k = 0; known[k] != NULL; k++) {
			is_known = is_known || strcmp(known[k], key) == 0;
		}
		if (!is_known) {
			cp_reason_add(reader->reasons, CP_FATAL, "unknown key \"%s\" in %s", key,
					path);
		}
	}
}

void
cp_healthcheck_judge(const struct cp_reader *reader, const struct conf_node *octodns)
{
	static const char *const own_keys[] = { "healthcheck", "lint", NULL };
	const struct conf_node *protocol = conf_get(conf_get(octodns, "healthcheck"), "protocol");
	enum cp_protocol unused = CP_PROTOCOL_HTTPS;

	if (protocol != NULL && find_protocol(protocol, &unused) != 0) {
		cp_reason_add(reader->reasons, CP_FATAL, "invalid healthcheck protocol");
	}
	refuse_unknown_keys(reader, conf_get(octodns, "meridian"), "octodns.meridian", own_keys);
}

/* A number of seconds, possibly fractional, as milliseconds. */
struct span {
	const char *path;
	const char *key;
	uint32_t min_ms;
	uint32_t max_ms;
};

static void
read_span(const struct cp_reader *reader, const struct conf_node *node, const struct span *span,
		uint32_t *ms)
{
	double seconds = 0;
	double wanted_ms = 0;

	if (node == NULL) {
		return;
	}
	if (cp_scalar_real(node, &seconds) == 0) {
		wanted_ms = seconds * 1000 + 0.5;
	}
	/* Written so that NaN fails too. */
	if (!(wanted_ms >= span->min_ms && wanted_ms < (double)span->max_ms + 1)) {
		cp_reason_add(reader->reasons, CP_FATAL, "%s.%s must be %g to %g seconds",
				span->path, span->key, span->min_ms / 1000.0,
				span->max_ms / 1000.0);
		return;
	}
	*ms = (uint32_t)wanted_ms;
}

static void
read_threshold(const struct cp_reader *reader, const struct conf_node *node, const char *path,
		const char *key, uint32_t *cnt)
{
	int64_t number = 0;

	if (node == NULL) {
		return;
	}
	if (cp_scalar_int(node, &number) != 0 || number < 1 || number > CP_THRESHOLD_MAX) {
		cp_reason_add(reader->reasons, CP_FATAL, "%s.%s must be 1 to %u probes", path, key,
				CP_THRESHOLD_MAX);
		return;
	}
	*cnt = (uint32_t)number;
}

static void
read_pace(const struct cp_reader *reader, const struct conf_node *octodns,
		struct cp_healthcheck *check)
{
	static const char *const pace_keys[] = { "interval", "timeout", "fall", "rise", NULL };
	static const struct span route53_interval = { ROUTE53_PATH, "request_interval",
		CP_INTERVAL_MS_MIN, CP_INTERVAL_MS_MAX };
	static const struct span interval = { OWN_PATH, "interval", CP_INTERVAL_MS_MIN,
		CP_INTERVAL_MS_MAX };
	struct span timeout = { OWN_PATH, "timeout", CP_TIMEOUT_MS_MIN, 0 };
	const struct conf_node *route53 = conf_get(conf_get(octodns, "route53"), "healthcheck");
	const struct conf_node *meridian = conf_get(octodns, "meridian");
	const struct conf_node *own = conf_get(meridian, "healthcheck");

	refuse_unknown_keys(reader, own, OWN_PATH, pace_keys);
	read_span(reader, conf_get(route53, "request_interval"), &route53_interval,
			&check->interval_ms);
	read_threshold(reader, conf_get(route53, "failure_threshold"), ROUTE53_PATH,
			"failure_threshold", &check->fall);
	read_span(reader, conf_get(own, "interval"), &interval, &check->interval_ms);
	read_threshold(reader, conf_get(own, "fall"), OWN_PATH, "fall", &check->fall);
	read_threshold(reader, conf_get(own, "rise"), OWN_PATH, "rise", &check->rise);
	/* A probe ends before the next one begins. */
	timeout.max_ms = check->interval_ms;
	if (check->timeout_ms > check->interval_ms) {
		check->timeout_ms = check->interval_ms;
	}
	read_span(reader, conf_get(own, "timeout"), &timeout, &check->timeout_ms);
}

static void
read_port(const struct cp_reader *reader, const struct conf_node *node,
		struct cp_healthcheck *check)
{
	int64_t port = 443; /* octoDNS's default for every protocol, HTTP included */

	if (check->protocol == CP_PROTOCOL_ICMP) {
		check->port = 0;
		return;
	}
	if (node != NULL && (cp_scalar_int(node, &port) != 0 || port < 1 || port > UINT16_MAX)) {
		cp_reason_add(reader->reasons, CP_FATAL, "invalid healthcheck port \"%s\"",
				node->kind == CONF_SCALAR ? node->scalar.text : "");
		return;
	}
	check->port = (uint16_t)port;
}

/* Host and path matter to HTTP and HTTPS only. `host: null` asks for the value itself. */
static int
read_request(const struct cp_reader *reader, const struct conf_node *node, const char *fqdn,
		struct cp_healthcheck *check)
{
	const struct conf_node *host = conf_get(node, "host");
	const struct conf_node *path = conf_get(node, "path");

	if (check->protocol != CP_PROTOCOL_HTTP && check->protocol != CP_PROTOCOL_HTTPS) {
		return 0;
	}
	if (host == NULL) {
		check->host = conf_arena_copy(reader->arena, fqdn, strlen(fqdn) - 1);
	} else if (is_cp_true(host)) {
		check->host = cp_scalar_text(reader->arena, host);
	}
	check->path = path != NULL ? cp_scalar_text(reader->arena, path)
	                           : conf_arena_copy(reader->arena, "/_dns", 5);
	return (check->host == NULL && (host == NULL || is_cp_true(host))) || check->path == NULL
	                       ? -ENOMEM
	                       : 0;
}

int
cp_healthcheck_read(const struct cp_reader *reader, const struct conf_node *octodns,
		const char *fqdn, struct cp_healthcheck *ret_check)
{
	const struct conf_node *node = conf_get(octodns, "healthcheck");
	struct cp_healthcheck check = { .protocol = CP_PROTOCOL_HTTPS,
		.interval_ms = 10000,
		.timeout_ms = 4000,
		.fall = 3,
		.rise = 2,
		.is_explicit = node != NULL };
	size_t before = reader->reasons->cnt;
	int rc = 0;

	if (node != NULL && node->kind != CONF_MAPPING) {
		cp_reason_add(reader->reasons, CP_FATAL,
				"healthcheck must hold \"key: value\" pairs");
		return -EINVAL;
	}
	/* A wrong protocol has its reason from cp_healthcheck_judge(). */
	(void)find_protocol(conf_get(node, "protocol"), &check.protocol);
	read_port(reader, conf_get(node, "port"), &check);
	read_pace(reader, octodns, &check);
	rc = read_request(reader, node, fqdn, &check);
	if (rc == 0 && reader->reasons->cnt > before) {
		rc = -EINVAL;
	}
	if (rc == 0) {
		*ret_check = check;
	}
	return rc;
}
