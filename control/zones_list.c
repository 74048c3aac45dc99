/*
 * Which zones a directory holds, and in which files: octoDNS's YamlProvider.list_zones.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "control/idn.h"
#include "control/zone_name.h"
#include "control/zones_impl.h"

/* What files of zones end with; the zone's name ends with the dot of it. */
static const struct {
	const char *suffix;
	enum cp_source_kind kind;
} kinds[] = {
	{ ".yaml", CP_SOURCE_FILE },
	{ ".zone", CP_SOURCE_MASTER },
};
#define KIND_CNT (sizeof(kinds) / sizeof(kinds[0]))

/* One entry of the directory. */
struct entry {
	const char *name;
	const char *path;
	size_t len; /* of the name */
};

static bool
has_suffix(const struct entry *entry, const char *end)
{
	size_t len = strlen(end);

	return entry->len > len && strcmp(entry->name + entry->len - len, end) == 0;
}

static bool
is_directory(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static struct cp_zone_source *
append(struct cp_zone_sources *sources)
{
	if (sources->cnt == sources->cap) {
		size_t cap = sources->cap == 0 ? 16 : sources->cap * 2;
		struct cp_zone_source *items =
				reallocarray(sources->items, cap, sizeof(*sources->items));

		if (items == NULL) {
			return NULL;
		}
		sources->items = items;
		sources->cap = cap;
	}
	return &sources->items[sources->cnt];
}

/* add lists an entry whose first name_len characters are the zone's name up to its final dot. */
static int
add(struct cp_zone_load *load, struct cp_zone_sources *sources, const struct entry *entry,
		size_t name_len, enum cp_source_kind kind)
{
	struct cp_zone_source *source = append(sources);
	char *name = conf_arena_copy(load->arena, entry->name, name_len);
	const char *reason = NULL;
	int rc = -ENOMEM;

	if (source == NULL || name == NULL) {
		return -ENOMEM;
	}
	*source = (struct cp_zone_source){ .kind = kind, .is_ascii = is_cp_ascii(name) };
	rc = cp_zone_name(load->arena, name, &source->zone, source->apex, &reason);
	if (rc == -EINVAL) {
		conf_error_add(load->errors, CONF_ERROR, entry->path, 0, 0,
				"Invalid zone name %s, %s", name, reason);
		return 0;
	}
	source->path = rc == 0 ? conf_arena_copy(load->arena, entry->path, strlen(entry->path))
	                       : NULL;
	if (source->path == NULL) {
		return -ENOMEM;
	}
	sources->cnt++;
	return 0;
}

/* take_directory: octoDNS reads only those with the configured extension. One that looks as if it
 * was meant is mentioned, since a zone half loaded is worse than none. */
static int
take_directory(struct cp_zone_load *load, struct cp_zone_sources *sources,
		const struct entry *entry)
{
	const char *extension = load->options->split_extension;

	if (extension != NULL && has_suffix(entry, extension)) {
		return add(load, sources, entry, entry->len - (strlen(extension) - 1),
				CP_SOURCE_DIRECTORY);
	}
	if (has_suffix(entry, ".")) {
		conf_error_add(load->errors, CONF_WARNING, entry->path, 0, 0,
				"ignored: a directory is read as a zone when split_extension is "
				"\".\"");
	}
	return 0;
}

static int
take_file(struct cp_zone_load *load, struct cp_zone_sources *sources, const struct entry *entry)
{
	size_t kind = 0;

	while (kind < KIND_CNT && !has_suffix(entry, kinds[kind].suffix)) {
		kind++;
	}
	if (kind == KIND_CNT ||
			(kinds[kind].kind == CP_SOURCE_FILE && load->options->disable_zonefile)) {
		return 0;
	}
	if (entry->name[0] == '$') {
		conf_error_add(load->errors, CONF_ERROR, entry->path, 0, 0,
				"\"$\" files belong in the directory of a split zone");
		return 0;
	}
	/* A YAML file of another purpose is easily among them; a master file is one by its ending, and a
	 * network's own top-level name ("lan") a zone like any other. */
	if (kinds[kind].kind == CP_SOURCE_FILE &&
			strchr(entry->name, '.') == strrchr(entry->name, '.')) {
		conf_error_add(load->errors, CONF_WARNING, entry->path, 0, 0,
				"ignored: the file of zone \"example.com.\" is example.com%s",
				kinds[kind].suffix);
		return 0;
	}
	return add(load, sources, entry, entry->len - (strlen(kinds[kind].suffix) - 1),
			kinds[kind].kind);
}

static int
take_entry(struct cp_zone_load *load, struct cp_zone_sources *sources, const char *name)
{
	const char *shared = load->options->shared_filename;
	struct entry entry = { .name = name, .len = strlen(name) };
	char *path = NULL;
	int rc = 0;

	if (name[0] == '.' || (shared != NULL && strcmp(name, shared) == 0)) {
		return 0;
	}
	if (asprintf(&path, "%s/%s", load->dir, name) < 0) {
		return -ENOMEM;
	}
	entry.path = path;
	rc = is_directory(path) ? take_directory(load, sources, &entry)
	                        : take_file(load, sources, &entry);
	free(path);
	return rc;
}

/* By bytes, whatever the locale: octoDNS sorts paths as strings. */
static int
compare_entries(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
compare_sources(const void *a, const void *b)
{
	const struct cp_zone_source *x = a;
	const struct cp_zone_source *y = b;
	int order = strcmp(x->zone, y->zone);

	if (order == 0) {
		order = (int)x->kind - (int)y->kind;
	}
	return order != 0 ? order : strcmp(x->path, y->path);
}

int
cp_zone_sources_list(struct cp_zone_load *load, struct cp_zone_sources *sources)
{
	struct dirent **entries = NULL;
	int cnt = scandir(load->dir, &entries, NULL, compare_entries);
	int rc = cnt < 0 ? -errno : 0;

	for (int i = 0; i < cnt; i++) {
		if (rc == 0) {
			rc = take_entry(load, sources, entries[i]->d_name);
		}
		free(entries[i]);
	}
	free(entries);
	if (sources->cnt > 0) {
		qsort(sources->items, sources->cnt, sizeof(*sources->items), compare_sources);
	}
	return rc;
}
