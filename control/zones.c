#include "control/zones.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "table/name.h"

#include "control/master.h"
#include "control/zones_impl.h"

/* What a zone's file ends with; the zone's name ends with the dot before it. */
static const char *const suffixes[] = { "yaml", "zone" };
#define SUFFIX_LEN 4u

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

static bool
is_zone_file_name(const char *name)
{
	size_t len = strlen(name);

	if (name[0] == '.' || len < SUFFIX_LEN + 2 || name[len - SUFFIX_LEN - 1] != '.') {
		return false;
	}
	return strcmp(name + len - SUFFIX_LEN, suffixes[0]) == 0 ||
	       strcmp(name + len - SUFFIX_LEN, suffixes[1]) == 0;
}

/* begin_zone names the zone of a file; -EINVAL when it is not a zone's. */
static int
begin_zone(struct conf_arena *arena, const char *path, const char *entry, struct cp_zone *zone)
{
	size_t len = strlen(entry) - SUFFIX_LEN;
	uint8_t wire[TBL_NAME_MAX];

	zone->file = conf_arena_copy(arena, path, strlen(path));
	zone->name = conf_arena_copy(arena, entry, len);
	if (zone->file == NULL || zone->name == NULL) {
		return -ENOMEM;
	}
	for (char *at = zone->name; *at != '\0'; at++) {
		if ((unsigned char)*at > 0x7f || *at == '\\') {
			return -EINVAL;
		}
		*at = (char)(*at >= 'A' && *at <= 'Z' ? *at + ('a' - 'A') : *at);
	}
	if (tbl_name_from_text(zone->name, wire) < 0) {
		return -EINVAL;
	}
	(void)tbl_name_lower(wire, zone->apex);
	return 0;
}

static bool
is_directory(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Files that look like octoDNS's but are not read: said aloud, since a zone half loaded is worse
 * than none. Returns whether the entry is a zone file to be read. */
static bool
is_wanted(const char *path, const char *entry, struct conf_errors *errors)
{
	size_t len = strlen(entry);

	if (is_directory(path)) {
		if (entry[0] != '.' && entry[len - 1] == '.') {
			conf_error_add(errors, CONF_ERROR, path, 0, 0,
					"split zones (a directory of files) are not supported yet");
		}
		return false;
	}
	if (!is_zone_file_name(entry)) {
		return false;
	}
	if (entry[0] == '$') {
		conf_error_add(errors, CONF_ERROR, path, 0, 0,
				"split zones (\"$\" catch-all files) are not supported yet");
		return false;
	}
	if (strchr(entry, '.') == strrchr(entry, '.')) {
		conf_error_add(errors, CONF_WARNING, path, 0, 0,
				"ignored: the file of zone \"example.com.\" is example.com.yaml");
		return false;
	}
	return true;
}

static int
load_entry(const char *dir, const char *entry, struct cp_zone_load *load, bool *ret_is_zone)
{
	char *path = NULL;
	int rc = 0;

	*ret_is_zone = false;
	if (asprintf(&path, "%s/%s", dir, entry) < 0) {
		return -ENOMEM;
	}
	if (is_wanted(path, entry, load->errors)) {
		rc = begin_zone(load->arena, path, entry, &load->draft->zone);
		*ret_is_zone = rc == 0;
		if (rc == -EINVAL) {
			conf_error_add(load->errors, CONF_ERROR, path, 0, 0,
					"\"%s\" is not a zone's name (names in other than ASCII "
					"letters are not supported yet)",
					load->draft->zone.name);
		}
		if (rc == 0) {
			rc = is_cp_master_file(path) ? cp_master_read(load)
			                             : cp_zone_read_file(load);
		}
		rc = rc == -EINVAL ? 0 : rc;
	}
	free(path);
	return rc;
}

static int
compare_zones(const void *a, const void *b)
{
	const struct cp_zone_draft *x = a;
	const struct cp_zone_draft *y = b;

	return strcmp(x->zone.name, y->zone.name);
}

static int
store_zones(struct cp_zones *zones, struct cp_zone_draft *drafts, size_t cnt,
		struct conf_errors *errors)
{
	qsort(drafts, cnt, sizeof(*drafts), compare_zones);
	for (size_t i = 1; i < cnt; i++) {
		if (strcmp(drafts[i].zone.name, drafts[i - 1].zone.name) == 0) {
			conf_error_add(errors, CONF_ERROR, drafts[i].zone.file, 0, 0,
					"zone %s is also in %s", drafts[i].zone.name,
					drafts[i - 1].zone.file);
			drafts[i].zone.has_errors = true;
			drafts[i - 1].zone.has_errors = true;
		}
	}
	cp_zones_check_nesting(drafts, cnt, errors);
	zones->items = conf_arena_alloc(zones->arena, cnt, sizeof(*zones->items));
	if (zones->items == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < cnt; i++) {
		zones->items[i] = drafts[i].zone;
	}
	zones->cnt = cnt;
	return 0;
}

static int
load_entries(const char *dir, struct dirent *const *entries, size_t entry_cnt,
		struct cp_zone_load *load, struct cp_zones *zones)
{
	struct cp_zone_draft *drafts = calloc(entry_cnt > 0 ? entry_cnt : 1, sizeof(*drafts));
	size_t cnt = 0;
	int rc = drafts != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < entry_cnt; i++) {
		bool is_zone = false;

		load->draft = &drafts[cnt];
		rc = load_entry(dir, entries[i]->d_name, load, &is_zone);
		cnt += is_zone;
	}
	if (rc == 0) {
		rc = store_zones(zones, drafts, cnt, load->errors);
	}
	for (size_t i = 0; drafts != NULL && i < entry_cnt; i++) {
		free(drafts[i].records);
	}
	free(drafts);
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
	struct dirent **entries = NULL;
	int cnt = 0;
	int rc = -ENOMEM;

	if (zones == NULL || arena == NULL) {
		goto out_free;
	}
	zones->arena = arena;
	cnt = scandir(dir, &entries, NULL, alphasort);
	if (cnt < 0) {
		rc = -errno;
		goto out_free;
	}
	rc = load_entries(dir, entries, (size_t)cnt, &load, zones);
	for (int i = 0; i < cnt; i++) {
		free(entries[i]);
	}
	free(entries);
out_free:
	if (rc != 0) {
		conf_error_add(errors, CONF_ERROR, dir, 0, 0, "%s", strerrordesc_np(-rc));
		conf_arena_free(arena);
		free(zones);
		return rc;
	}
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
