#include "control/config.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "table/dns.h"

#include "conf/arena.h"
#include "control/zone_name.h"

#define SOA_SECONDS(name, member, preset, text)                                           \
	{                                                                                 \
		.key = (name), .kind = CONF_ROW_INT,                                      \
		.offset = offsetof(struct cp_soa_settings, member), .fallback = (preset), \
		.min = 0, .max = TBL_TTL_MAX, .unit = "s", .help = (text)                 \
	}

static const struct conf_row soa_rows[] = {
	{ .key = "mname",
			.kind = CONF_ROW_STRING,
			.offset = offsetof(struct cp_soa_settings, mname),
			.help = "Primary server's name. Without it: the zone's first apex NS." },
	{ .key = "rname",
			.kind = CONF_ROW_STRING,
			.offset = offsetof(struct cp_soa_settings, rname),
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

/* Shares, as octoDNS has them although it calls them percent. Both are checked like octoDNS's: more
 * than the share asks for force, so 1 never does. */
#define THRESHOLD(name, type, member, preset, text)                                       \
	{                                                                                 \
		.key = (name), .kind = CONF_ROW_REAL, .offset = offsetof(type, member),   \
		.fallback = (preset), .min = 0, .max = 1, .unit = "share", .help = (text) \
	}

static const struct conf_row zone_rows[] = {
	{ .key = "name",
			.kind = CONF_ROW_STRING,
			.offset = offsetof(struct cp_zone_settings, name),
			.is_required = true,
			.help = "The zone, with its final dot." },
	{ .key = "lenient",
			.kind = CONF_ROW_BOOL,
			.offset = offsetof(struct cp_zone_settings, is_lenient),
			.fallback = "false",
			.help = "Whether octoDNS's reasons against its records are only warned "
				"about." },
	{ .key = "ignore_subzone_adds",
			.kind = CONF_ROW_BOOL,
			.offset = offsetof(struct cp_zone_settings, ignore_subzone_adds),
			.fallback = "false",
			.help = "Whether records that belong into another zone here are left out "
				"instead of refused." },
	{ .key = "ecs",
			.kind = CONF_ROW_BOOL,
			.offset = offsetof(struct cp_zone_settings, uses_ecs),
			.fallback = "true",
			.help = "Whether client subnets (RFC 7871) count. Without them everybody "
				"gets the answer for the resolver that asks, and no reply carries "
				"a subnet." },
	THRESHOLD("update_pcent_threshold", struct cp_zone_settings, update_share, NULL,
			"As the key of that name for all zones, and instead of it."),
	THRESHOLD("delete_pcent_threshold", struct cp_zone_settings, delete_share, NULL,
			"As the key of that name for all zones, and instead of it."),
	{ .key = "soa",
			.kind = CONF_ROW_MAP,
			.offset = offsetof(struct cp_zone_settings, soa),
			.rows = soa_rows,
			.help = "As the key of that name for all zones, and instead of those of "
				"its "
				"values that are named here. Of no use to a master file." },
	{ .key = NULL },
};

static const char *const order_modes[] = { "natural", "simple", NULL }; /* enum cp_key_order */

static const struct conf_row rows[] = {
	{ .key = "zones_dir",
			.kind = CONF_ROW_PATH,
			.offset = offsetof(struct cp_config, zones_dir),
			.is_required = true,
			.help = "Directory of zone files, OctoDNS's and master files." },
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
			.max = TBL_TTL_MAX,
			.unit = "s",
			.help = "TTL of records that name none (octoDNS: default_ttl)." },
	{ .key = "enforce_order",
			.kind = CONF_ROW_BOOL,
			.offset = offsetof(struct cp_config, enforce_order),
			.fallback = "true",
			.help = "Whether keys of zone files must be in order." },
	{ .key = "order_mode",
			.kind = CONF_ROW_ENUM,
			.offset = offsetof(struct cp_config, order_mode),
			.fallback = "natural",
			.choices = order_modes,
			.help = "Which order: natural (a2 before a10), or simple, by code point." },
	{ .key = "split_extension",
			.kind = CONF_ROW_STRING,
			.offset = offsetof(struct cp_config, split_extension),
			.help = "What a directory with the files of one zone has behind the zone's "
				"name; \".\" for example.com./ or \".zone\" for "
				"example.com.zone/. "
				"Without it there are no such directories." },
	{ .key = "shared_filename",
			.kind = CONF_ROW_STRING,
			.offset = offsetof(struct cp_config, shared_filename),
			.help = "A file of zones_dir whose records are in every zone." },
	{ .key = "disable_zonefile",
			.kind = CONF_ROW_BOOL,
			.offset = offsetof(struct cp_config, disable_zonefile),
			.fallback = "false",
			.help = "Whether <zone>.yaml is left alone and only directories are "
				"read." },
	{ .key = "escaped_semicolons",
			.kind = CONF_ROW_BOOL,
			.offset = offsetof(struct cp_config, escaped_semicolons),
			.fallback = "true",
			.help = "Whether a \";\" in TXT values is written \"\\;\" (octoDNS 1), or "
				"as "
				"it is." },
	{ .key = "zones",
			.kind = CONF_ROW_MAP_LIST,
			.offset = offsetof(struct cp_config, zones),
			.rows = zone_rows,
			.elem_bytes = sizeof(struct cp_zone_settings),
			.help = "Settings of single zones. With shared_filename, a zone named here "
				"needs no file of its own." },
	THRESHOLD("update_pcent_threshold", struct cp_config, update_pcent_threshold, "0.3",
			"A zone of which a larger share of records would be updated at once stops "
			"the apply, unless forced."),
	THRESHOLD("delete_pcent_threshold", struct cp_config, delete_pcent_threshold, "0.3",
			"The same for records deleted."),
	{ .key = "include_outside",
			.kind = CONF_ROW_BOOL,
			.offset = offsetof(struct cp_config, include_outside),
			.fallback = "false",
			.help = "Whether zone files may include files from outside zones_dir." },
	/* A table of 100,000 names is some 30 MB, so that twenty of them are a disk's small change; of
	 * millions, whoever runs it looks at the number anyway. */
	{ .key = "history_keep",
			.kind = CONF_ROW_INT,
			.offset = offsetof(struct cp_config, history_keep),
			.fallback = "20",
			.min = 1,
			.max = 1000,
			.unit = "tables",
			.help = "Published tables kept in state_dir/history, to roll back to and "
				"to "
				"compare with." },
	{ .key = "max_shrink_percent",
			.kind = CONF_ROW_GONE,
			.help = "unknown key: update_pcent_threshold and delete_pcent_threshold "
				"(shares, "
				"as octoDNS has them) replace it" },
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

/* A configuration that has the right form, while what it says is looked at. */
struct checker {
	const char *file;
	const struct conf_document *document;
	struct conf_errors *errors;
	struct conf_arena *arena;
};

static const struct conf_node *
setting_node(const struct checker *checker, size_t at, const char *key)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "zones[%zu].%s", at, key);
	return conf_find(checker->document, path);
}

/* normalise_zone_name makes a setting's name what zones are called. */
static int
normalise_zone_name(struct conf_arena *arena, struct cp_zone_settings *settings,
		const char **ret_reason)
{
	uint8_t wire[TBL_NAME_MAX];
	char *name = NULL;
	int rc = cp_zone_name(arena, settings->name, &name, wire, ret_reason);

	if (rc == 0) {
		name = strdup(name);
		rc = name != NULL ? 0 : -ENOMEM;
	}
	if (rc == 0) {
		free(settings->name);
		settings->name = name;
	} else if (rc == -ENOMEM) {
		*ret_reason = "out of memory";
	}
	return rc;
}

/* A mailbox is a name here: what stands before "@" is the first label (RFC 1035 §3.3.13). */
static void
check_soa_name(const struct checker *checker, const char *key, const char *text)
{
	const struct conf_node *node = conf_find(checker->document, key);
	uint8_t wire[TBL_NAME_MAX];

	if (text == NULL) {
		return;
	}
	if (strchr(text, '@') != NULL) {
		conf_error_add(checker->errors, CONF_ERROR, checker->file, node->line, node->col,
				"%s: write \".\" for the \"@\" of %s", key, text);
	} else if (text[0] == '\0' || tbl_name_from_text(text, wire) < 0) {
		conf_error_add(checker->errors, CONF_ERROR, checker->file, node->line, node->col,
				"%s: \"%s\" is not a domain name", key, text);
	}
}

static void
check_soa_names(const struct checker *checker, size_t at, const struct cp_soa_settings *soa)
{
	char key[64];

	(void)snprintf(key, sizeof(key), "zones[%zu].soa.mname", at);
	check_soa_name(checker, key, soa->mname);
	(void)snprintf(key, sizeof(key), "zones[%zu].soa.rname", at);
	check_soa_name(checker, key, soa->rname);
}

/* inherit_soa: what a zone's own SOA does not name is that of all zones, not the row's default. */
static int
inherit_soa(const struct conf_node *named, const struct cp_soa_settings *all,
		struct cp_soa_settings *own)
{
	for (const struct conf_row *row = soa_rows; row->key != NULL; row++) {
		const char *from = (const char *)all + row->offset;
		char *to = (char *)own + row->offset;

		if (conf_get(named, row->key) != NULL) {
			continue;
		}
		if (row->kind == CONF_ROW_INT) {
			memcpy(to, from, sizeof(int64_t));
		} else if (*(char *const *)(const void *)from != NULL) {
			char *copy = strdup(*(char *const *)(const void *)from);

			if (copy == NULL) {
				return -ENOMEM;
			}
			memcpy(to, &copy, sizeof(copy));
		}
	}
	return 0;
}

static void
check_zone(const struct checker *checker, struct cp_config *config, size_t at)
{
	struct cp_zone_settings *settings = (struct cp_zone_settings *)config->zones.items + at;
	const struct conf_node *node = setting_node(checker, at, "name");
	const char *reason = NULL;

	check_soa_names(checker, at, &settings->soa);
	settings->line = node->line;
	settings->col = node->col;
	if (isnan(settings->update_share)) {
		settings->update_share = config->update_pcent_threshold;
	}
	if (isnan(settings->delete_share)) {
		settings->delete_share = config->delete_pcent_threshold;
	}
	if (inherit_soa(setting_node(checker, at, "soa"), &config->soa, &settings->soa) != 0) {
		conf_error_add(checker->errors, CONF_ERROR, checker->file, node->line, node->col,
				"out of memory");
	}
	if (normalise_zone_name(checker->arena, settings, &reason) != 0) {
		conf_error_add(checker->errors, CONF_ERROR, checker->file, node->line, node->col,
				"zones[%zu].name: Invalid zone name %s, %s", at, settings->name,
				reason);
	}
}

static int
compare_settings(const void *a, const void *b)
{
	const struct cp_zone_settings *x = a;
	const struct cp_zone_settings *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static void
check_zones(const struct checker *checker, struct cp_config *config)
{
	struct cp_zone_settings *zones = config->zones.items;

	for (size_t i = 0; i < config->zones.cnt; i++) {
		check_zone(checker, config, i);
	}
	if (config->zones.cnt > 0) {
		qsort(zones, config->zones.cnt, sizeof(*zones), compare_settings);
	}
	for (size_t i = 1; i < config->zones.cnt; i++) {
		if (strcmp(zones[i].name, zones[i - 1].name) == 0) {
			conf_error_add(checker->errors, CONF_ERROR, checker->file, zones[i].line,
					zones[i].col, "zones: %s already has settings in line %u",
					zones[i].name, zones[i - 1].line);
		}
	}
}

static void
check_split_extension(const struct checker *checker, const char *extension)
{
	const struct conf_node *node = conf_find(checker->document, "split_extension");

	if (extension != NULL && extension[0] != '\0' &&
			(extension[0] != '.' || strchr(extension, '/') != NULL)) {
		conf_error_add(checker->errors, CONF_ERROR, checker->file, node->line, node->col,
				"split_extension: must begin with \".\" and have no \"/\"");
	}
}

/* check looks at what rows cannot say. The document is read again for its places. */
static int
check(const char *path, struct cp_config *config, struct conf_errors *errors)
{
	struct conf_errors told = { 0 }; /* what the first reading said already */
	struct conf_document document = { 0 };
	struct checker checker = { .file = path, .document = &document, .errors = errors };
	size_t first = errors->cnt;
	size_t errors_before = errors->error_cnt;
	int rc = conf_yaml_load(path, &(struct conf_yaml_options){ 0 }, &told, &document);

	conf_errors_free(&told);
	checker.arena = conf_arena_new();
	if (rc == 0 && checker.arena != NULL) {
		check_split_extension(&checker, config->split_extension);
		check_zones(&checker, config);
		check_soa_name(&checker, "soa.mname", config->soa.mname);
		check_soa_name(&checker, "soa.rname", config->soa.rname);
		conf_errors_sort(errors, first);
		config->file = strdup(path);
		rc = config->file == NULL ? -ENOMEM : 0;
	} else {
		conf_error_add(errors, CONF_ERROR, path, 0, 0, "changed while it was read");
		rc = -EINVAL;
	}
	conf_arena_free(checker.arena);
	conf_yaml_free(&document);
	return rc == 0 && errors->error_cnt > errors_before ? -EINVAL : rc;
}

int
cp_config_load(const char *path, struct cp_config *config, struct conf_errors *errors)
{
	int rc = 0;

	config->file = NULL;
	rc = conf_schema_load(path, rows, config, errors);
	if (rc == 0) {
		rc = check(path, config, errors);
		if (rc != 0) {
			cp_config_free(config);
		}
	}
	return rc;
}

void
cp_config_free(struct cp_config *config)
{
	conf_schema_free(rows, config);
	free(config->file);
	config->file = NULL;
}

/* text_or_null: an empty text in the file is none, as octoDNS takes it. */
static const char *
text_or_null(const char *text)
{
	return text != NULL && text[0] != '\0' ? text : NULL;
}

struct cp_zones_options
cp_config_zones(const struct cp_config *config)
{
	return (struct cp_zones_options){
		.default_ttl_s = (uint32_t)config->default_ttl_s,
		.enforce_order = config->enforce_order,
		.order_mode = (enum cp_key_order)config->order_mode,
		.split_extension = text_or_null(config->split_extension),
		.shared_filename = text_or_null(config->shared_filename),
		.disable_zonefile = config->disable_zonefile,
		.escaped_semicolons = config->escaped_semicolons,
		.settings = config->zones.items,
		.setting_cnt = config->zones.cnt,
		.settings_file = config->file,
		.include_outside = config->include_outside,
		.soa = config->soa,
	};
}

struct cp_zone_settings
cp_config_zone(const struct cp_config *config, const char *name)
{
	const struct cp_zone_settings *found =
			cp_zone_settings_find(config->zones.items, config->zones.cnt, name);

	return found != NULL ? *found
	                     : (struct cp_zone_settings){
				       .uses_ecs = true,
				       .update_share = config->update_pcent_threshold,
				       .delete_share = config->delete_pcent_threshold,
				       .soa = config->soa,
			       };
}

const struct conf_row *
cp_config_rows(void)
{
	return rows;
}

void
cp_config_help(FILE *out)
{
	conf_schema_help(rows, out);
}
