#include "tests/unit/control/zone_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/test.h"

#define PATH_BYTES 256

static void
path_of(const char *dir, const char *name, char path[PATH_BYTES])
{
	assert_in_range(snprintf(path, PATH_BYTES, "%s/%s", dir, name), 1, PATH_BYTES - 1);
}

static void
write_file(const char *dir, const struct zone_file *file)
{
	char path[PATH_BYTES];
	FILE *out = NULL;

	path_of(dir, file->name, path);
	if (path[strlen(path) - 1] == '/') {
		assert_int_equal(mkdir(path, 0700), 0);
		return;
	}
	out = fopen(path, "w");
	assert_non_null(out);
	assert_true(fputs(file->text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static void
remove_files(const char *dir, const struct zone_file *files)
{
	size_t cnt = 0;

	while (files[cnt].name != NULL) {
		cnt++;
	}
	while (cnt > 0) { /* a directory stands before what is in it */
		char path[PATH_BYTES];

		path_of(dir, files[--cnt].name, path);
		assert_int_equal(remove(path), 0);
	}
	assert_int_equal(rmdir(dir), 0);
}

/* Messages as printed, without the directory's name, which is another one every time. */
static char *
messages_of(const struct conf_errors *errors, const char *dir)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	char prefix[PATH_BYTES];
	char *found = NULL;

	assert_non_null(out);
	conf_errors_print(errors, out, false);
	assert_int_equal(fclose(out), 0);
	path_of(dir, "", prefix);
	for (found = strstr(text, prefix); found != NULL; found = strstr(found, prefix)) {
		memmove(found, found + strlen(prefix), strlen(found + strlen(prefix)) + 1);
	}
	return text;
}

struct loaded
load_files(const struct zone_file *files, const struct cp_zones_options *options)
{
	struct cp_zones_options defaults = cp_zones_defaults();
	struct loaded loaded = { 0 };
	char dir[] = "/tmp/test_zones.XXXXXX";

	assert_non_null(mkdtemp(dir));
	for (const struct zone_file *file = files; file->name != NULL; file++) {
		write_file(dir, file);
	}
	assert_int_equal(cp_zones_load(dir, options != NULL ? options : &defaults, &loaded.errors,
					 &loaded.zones),
			0);
	loaded.said = messages_of(&loaded.errors, dir);
	remove_files(dir, files);
	return loaded;
}

struct loaded
load_text(const char *text)
{
	const struct zone_file files[] = { { "example.test.yaml", text }, { NULL, NULL } };

	return load_files(files, NULL);
}

void
free_loaded(struct loaded *loaded)
{
	cp_zones_free(loaded->zones);
	conf_errors_free(&loaded->errors);
	free(loaded->said);
}

const struct cp_record *
record_at(const struct loaded *loaded, const char *fqdn, const char *type)
{
	for (size_t i = 0; i < loaded->zones->cnt; i++) {
		const struct cp_zone *zone = &loaded->zones->items[i];

		for (size_t k = 0; k < zone->record_cnt; k++) {
			if (zone->records[k].type == cp_type_from_name(type) &&
					strcmp(zone->records[k].fqdn, fqdn) == 0) {
				return &zone->records[k];
			}
		}
	}
	return NULL;
}

const char *
values_of(const struct loaded *loaded, const char *fqdn, const char *type, char buffer[1024])
{
	const struct cp_record *record = record_at(loaded, fqdn, type);
	size_t len = 0;

	if (record == NULL) {
		return "none";
	}
	len = (size_t)snprintf(buffer, 1024, "%u", record->ttl_s);
	for (uint32_t i = 0; i < record->value_cnt && len < 1024; i++) {
		len += (size_t)snprintf(buffer + len, 1024 - len, " %s", record->texts[i]);
	}
	return buffer;
}
