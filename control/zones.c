#include "control/zones.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/idn.h"
#include "control/master.h"
#include "control/zone_name.h"
#include "control/zones_impl.h"

struct cp_zones_options
cp_zones_defaults(void)
{
	return (struct cp_zones_options){
		.default_ttl_s = 3600,
		.enforce_order = true,
		.escaped_semicolons = true,
		/* Nobody transfers these zones, so refresh, retry and expire only inform. Five
		 * minutes is how long a new name may seem missing to somebody who asked too soon. */
		.soa = { .refresh_s = 7200,
				.retry_s = 900,
				.expire_s = 1209600,
				.ttl_s = 3600,
				.negative_ttl_s = 300 },
	};
}

static int
compare_setting(const void *key, const void *element)
{
	const struct cp_zone_settings *settings = element;

	return strcmp(key, settings->name);
}

const struct cp_zone_settings *
cp_zone_settings_find(const struct cp_zone_settings *settings, size_t cnt, const char *name)
{
	return cnt > 0 ? bsearch(name, settings, cnt, sizeof(*settings), compare_setting) : NULL;
}

/* tell_twice: two sources that cannot be one zone; which of them counts, nobody could say. */
static void
tell_twice(struct cp_zone_load *load, const struct cp_zone_source *first,
		const struct cp_zone_source *second)
{
	const struct cp_zone_source *utf8 = second->is_ascii ? first : second;
	const struct cp_zone_source *idna = second->is_ascii ? second : first;

	if (first->kind == second->kind && !utf8->is_ascii && idna->is_ascii) {
		conf_error_add(load->errors, CONF_ERROR, utf8->path, 0, 0,
				"Both UTF-8 \"%s\" and IDNA \"%s\" exist for %s", utf8->path,
				idna->path, cp_idn_decode(load->arena, first->zone));
	} else {
		conf_error_add(load->errors, CONF_ERROR, second->path, 0, 0,
				"zone %s is also in %s", second->zone, first->path);
	}
}

/* begin_zone makes the draft of the zone whose sources begin at `sources`; at most `cnt`. */
static void
begin_zone(struct cp_zone_load *load, const struct cp_zone_source *sources, size_t cnt)
{
	struct cp_zone_draft *draft = &load->drafts[load->draft_cnt++];

	draft->sources = sources;
	draft->source_cnt = 1;
	draft->zone.name = sources->zone;
	draft->zone.file = sources->path;
	memcpy(draft->zone.apex, sources->apex, sizeof(draft->zone.apex));
	for (size_t i = 1; i < cnt && strcmp(sources[i].zone, sources->zone) == 0; i++) {
		if (sources[i].kind == sources[i - 1].kind || sources[i].kind == CP_SOURCE_MASTER) {
			tell_twice(load, &sources[i - 1], &sources[i]);
			draft->zone.has_errors = true;
		}
		draft->source_cnt++;
	}
}

static int
compare_draft_name(const void *key, const void *element)
{
	const struct cp_zone_draft *draft = element;

	return strcmp(key, draft->zone.name);
}

static int
compare_drafts(const void *a, const void *b)
{
	const struct cp_zone_draft *draft = a;

	return compare_draft_name(draft->zone.name, b);
}

/* begin_configured: a zone that has settings and no file of its own holds what the shared file
 * says, as in octoDNS. */
static int
begin_configured(struct cp_zone_load *load, const struct cp_zone_settings *settings)
{
	struct cp_zone_draft *draft = &load->drafts[load->draft_cnt];
	const char *reason = NULL;
	int rc = 0;

	if (load->shared.path == NULL) {
		conf_error_add(load->errors, CONF_WARNING, load->options->settings_file,
				settings->line, settings->col, "no YAMLs found for %s",
				cp_idn_decode(load->arena, settings->name));
		return 0;
	}
	*draft = (struct cp_zone_draft){ .settings = settings };
	draft->zone.file =
			conf_arena_copy(load->arena, load->shared.path, strlen(load->shared.path));
	if (draft->zone.file == NULL) {
		return -ENOMEM;
	}
	rc = cp_zone_name(
			load->arena, settings->name, &draft->zone.name, draft->zone.apex, &reason);
	load->draft_cnt += rc == 0;
	return rc == -EINVAL ? 0 : rc; /* the configuration has told that */
}

/* begin_zones: one draft for each zone that has sources or settings, by name. */
static int
begin_zones(struct cp_zone_load *load, const struct cp_zone_sources *sources)
{
	const struct cp_zones_options *options = load->options;
	size_t listed_cnt = 0;
	int rc = 0;

	load->drafts = calloc(sources->cnt + options->setting_cnt + 1, sizeof(*load->drafts));
	if (load->drafts == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < sources->cnt;) {
		begin_zone(load, &sources->items[i], sources->cnt - i);
		i += load->drafts[load->draft_cnt - 1].source_cnt;
	}
	listed_cnt = load->draft_cnt;
	for (size_t i = 0; rc == 0 && i < options->setting_cnt; i++) {
		const struct cp_zone_settings *settings = &options->settings[i];
		struct cp_zone_draft *draft = bsearch(settings->name, load->drafts, listed_cnt,
				sizeof(*draft), compare_draft_name);

		if (draft != NULL) {
			draft->settings = settings;
		} else {
			rc = begin_configured(load, settings);
		}
	}
	qsort(load->drafts, load->draft_cnt, sizeof(*load->drafts), compare_drafts);
	return rc;
}

static int
read_zone(struct cp_zone_load *load)
{
	const struct cp_zone_draft *draft = load->draft;

	/* Two files that both say they are the zone: told already, and neither is read. */
	if (draft->zone.has_errors) {
		return 0;
	}
	return draft->source_cnt > 0 && draft->sources->kind == CP_SOURCE_MASTER
	                       ? cp_master_read(load)
	                       : cp_zone_read(load);
}

static int
read_zones(struct cp_zone_load *load, struct cp_zones *zones)
{
	int rc = 0;

	zones->items = conf_arena_alloc(load->arena, load->draft_cnt, sizeof(*zones->items));
	if (zones->items == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; rc == 0 && i < load->draft_cnt; i++) {
		load->draft = &load->drafts[i];
		rc = read_zone(load);
		load->draft->zone.ignores_ecs =
				load->draft->settings != NULL && !load->draft->settings->uses_ecs;
		zones->items[i] = load->draft->zone;
		free(load->draft->records);
		load->draft->records = NULL;
	}
	zones->cnt = load->draft_cnt;
	return rc;
}

static int
load_zones(struct cp_zone_load *load, struct cp_zones *zones)
{
	struct cp_zone_sources sources = { 0 };
	int rc = cp_zone_sources_list(load, &sources);

	if (rc == 0) {
		rc = cp_zone_shared_read(load);
	}
	if (rc == 0) {
		rc = begin_zones(load, &sources);
	}
	if (rc == 0) {
		cp_zones_mark_inner(load);
		rc = read_zones(load, zones);
	}
	conf_yaml_free(&load->shared.document);
	free(load->drafts);
	free(sources.items);
	return rc;
}

int
cp_zones_load(const char *dir, const struct cp_zones_options *options, struct conf_errors *errors,
		struct cp_zones **ret_zones)
{
	struct cp_zones *zones = calloc(1, sizeof(*zones));
	struct conf_arena *arena = conf_arena_new();
	struct cp_zone_load load = {
		.arena = arena, .errors = errors, .options = options, .dir = dir
	};
	int rc = zones != NULL && arena != NULL ? load_zones(&load, zones) : -ENOMEM;

	if (rc != 0) {
		conf_error_add(errors, CONF_ERROR, dir, 0, 0, "%s", strerrordesc_np(-rc));
		conf_arena_free(arena);
		free(zones);
		return rc;
	}
	zones->arena = arena;
	*ret_zones = zones;
	return 0;
}

void
cp_zones_free(struct cp_zones *zones)
{
	if (zones != NULL) {
		conf_arena_free(zones->arena);
		free(zones);
	}
}
