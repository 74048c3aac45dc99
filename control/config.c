#include "control/config.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TTL_MAX_S 2147483647 /* RFC 2181 §8: 31 bits */

#define SOA_SECONDS(name, member, preset, text)                                                   \
	{                                                                                         \
		.key = (name), .kind = CONF_ROW_INT,                                              \
		.offset = offsetof(struct cp_config_soa, member), .fallback = (preset), .min = 0, \
		.max = TTL_MAX_S, .unit = "s", .help = (text)                                     \
	}

static const struct conf_row soa_rows[] = {
	{ .key = "mname",
			.kind = CONF_ROW_STRING,
			.offset = offsetof(struct cp_config_soa, mname),
			.help = "Primary server's name. Without it: the zone's first apex NS." },
	{ .key = "rname",
			.kind = CONF_ROW_STRING,
			.offset = offsetof(struct cp_config_soa, rname),
			.help = "Mailbox of who is responsible, as a name. Without it: "
				"hostmaster.<zone>." },
	SOA_SECONDS("refresh_s", refresh_s, "7200", "SOA REFRESH."),
	SOA_SECONDS("retry_s", retry_s, "900", "SOA RETRY."),
	SOA_SECONDS("expire_s", expire_s, "1209600", "SOA EXPIRE."),
	SOA_SECONDS("ttl_s", ttl_s, "3600", "TTL of the SOA record itself."),
	SOA_SECONDS("negative_ttl_s", negative_ttl_s, "300",
			"SOA MINIMUM: how long resolvers remember that a name does not exist "
			"(RFC 2308)."),
	{ .key = NULL },
};

static const struct conf_row probes_rows[] = {
	{ .key = "enabled",
			.kind = CONF_ROW_BOOL,
			.offset = offsetof(struct cp_config_probes, is_enabled),
			.fallback = "true",
			.help = "Whether health checks are made. Without them every value counts "
				"as "
				"up." },
	/* 256 open connects with a 4 s timeout is 64 dead targets a second; each is one descriptor,
	 * and 65,536 is what one source address has ports for. */
	{ .key = "max_concurrent",
			.kind = CONF_ROW_INT,
			.offset = offsetof(struct cp_config_probes, max_concurrent),
			.fallback = "256",
			.min = 1,
			.max = 65536,
			.unit = "connections",
			.help = "Probes open at once; the others wait their turn." },
	/* Probes that fail everywhere at once have more likely lost their own network. */
	{ .key = "min_up_percent",
			.kind = CONF_ROW_INT,
			.offset = offsetof(struct cp_config_probes, min_up_percent),
			.fallback = "50",
			.min = 0,
			.max = 100,
			.unit = "%",
			.help = "With fewer of the targets up than this, all are answered. 0: "
				"never. "
				"Deployments of fewer than 8 targets are too small for it." },
	/* A thousand is one large site; more than that in a minute is worth a look first. */
	{ .key = "max_down_per_min",
			.kind = CONF_ROW_INT,
			.offset = offsetof(struct cp_config_probes, max_down_per_min),
			.fallback = "1000",
			.min = 0,
			.max = UINT32_MAX,
			.unit = "targets",
			.help = "Targets taken out of service in any one minute; the rest waits. "
				"0: no "
				"limit." },
	{ .key = NULL },
};

static const struct conf_row rows[] = {
	{ .key = "zones_dir",
			.kind = CONF_ROW_PATH,
			.offset = offsetof(struct cp_config, zones_dir),
			.is_required = true,
			.help = "Directory of OctoDNS zone files, one <zone>.yaml each." },
	{ .key = "geo_databases",
			.kind = CONF_ROW_STRING_LIST,
			.offset = offsetof(struct cp_config, geo_databases),
			.help = "MaxMind-format files (.mmdb). Needed only when a rule names a "
				"place." },
	{ .key = "state_dir",
			.kind = CONF_ROW_PATH,
			.offset = offsetof(struct cp_config, state_dir),
			.fallback = "/var/lib/meridian/control",
			.help = "Where generation, hash seed and health states survive a "
				"restart." },
	{ .key = "api_socket",
			.kind = CONF_ROW_PATH,
			.offset = offsetof(struct cp_config, api_socket),
			.fallback = CP_API_SOCKET_DEFAULT,
			.help = "UNIX socket of the HTTP API that meridianctl talks to." },
	{ .key = "data_plane",
			.kind = CONF_ROW_PATH,
			.offset = offsetof(struct cp_config, data_plane),
			.fallback = "/run/meridian/meridiand.sock",
			.help = "UNIX socket of meridiand." },
	{ .key = "default_ttl_s",
			.kind = CONF_ROW_INT,
			.offset = offsetof(struct cp_config, default_ttl_s),
			.fallback = "3600",
			.min = 0,
			.max = TTL_MAX_S,
			.unit = "s",
			.help = "TTL of records that name none (octoDNS: default_ttl)." },
	{ .key = "enforce_order",
			.kind = CONF_ROW_BOOL,
			.offset = offsetof(struct cp_config, enforce_order),
			.fallback = "true",
			.help = "Whether keys of zone files must be in natural order (octoDNS: "
				"enforce_order)." },
	/* octoDNS's own threshold for deletions. */
	{ .key = "max_shrink_percent",
			.kind = CONF_ROW_INT,
			.offset = offsetof(struct cp_config, max_shrink_percent),
			.fallback = "30",
			.min = 0,
			.max = 100,
			.unit = "%",
			.help = "A zone that would lose more of its RRsets than this stops the "
				"apply, unless forced. 100: never." },
	{ .key = "soa",
			.kind = CONF_ROW_MAP,
			.offset = offsetof(struct cp_config, soa),
			.rows = soa_rows,
			.help = "The SOA that zones get; octoDNS has no such record." },
	{ .key = "probes",
			.kind = CONF_ROW_MAP,
			.offset = offsetof(struct cp_config, probes),
			.rows = probes_rows,
			.help = "Health checks." },
	{ .key = NULL },
};

int
cp_config_load(const char *path, struct cp_config *config, struct conf_errors *errors)
{
	return conf_schema_load(path, rows, config, errors);
}

void
cp_config_free(struct cp_config *config)
{
	conf_schema_free(rows, config);
}

struct cp_zones_options
cp_config_zones(const struct cp_config *config)
{
	return (struct cp_zones_options){
		.default_ttl_s = (uint32_t)config->default_ttl_s,
		.enforce_order = config->enforce_order,
		.soa = {
			.mname = config->soa.mname,
			.rname = config->soa.rname,
			.refresh_s = (uint32_t)config->soa.refresh_s,
			.retry_s = (uint32_t)config->soa.retry_s,
			.expire_s = (uint32_t)config->soa.expire_s,
			.ttl_s = (uint32_t)config->soa.ttl_s,
			.negative_ttl_s = (uint32_t)config->soa.negative_ttl_s,
		},
	};
}

void
cp_config_help(FILE *out)
{
	conf_schema_help(rows, out);
}
