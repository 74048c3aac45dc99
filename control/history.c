#include "control/history.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table/build.h"
#include "table/view.h"

#include "control/file.h"
#include "control/json_read.h"

/* A thousand entries are half a megabyte; 32 times that is no log of ours. */
#define LOG_BYTES_MAX (16u << 20)
#define LOG_NAME      "history.jsonl"
#define IMAGE_SUFFIX  ".table"

struct cp_history {
	char *dir;
	char *log_path;
	size_t keep;
	json_t *entries; /* the oldest first */
};

static uint64_t
generation_of(const json_t *entry)
{
	json_int_t generation = json_integer_value(json_object_get(entry, "generation"));

	return generation > 0 ? (uint64_t)generation : 0;
}

/* "41.table"; 0 for every other name. `ret_rest` is what follows: a killed writer's mark. */
static uint64_t
generation_in_name(const char *name, const char **ret_rest)
{
	char *end;
	uint64_t generation;

	if (name[0] < '1' || name[0] > '9') {
		return 0;
	}
	errno = 0;
	generation = strtoull(name, &end, 10);
	if (errno != 0 || strncmp(end, IMAGE_SUFFIX, strlen(IMAGE_SUFFIX)) != 0) {
		return 0;
	}
	*ret_rest = end + strlen(IMAGE_SUFFIX);
	return generation;
}

static char *
image_path(const struct cp_history *history, uint64_t generation)
{
	char *path = NULL;

	return asprintf(&path, "%s/%" PRIu64 IMAGE_SUFFIX, history->dir, generation) < 0 ? NULL
	                                                                                 : path;
}

static void
take_line(struct cp_history *history, const char *line, size_t len, uint32_t number,
		struct conf_errors *notes)
{
	size_t cnt = json_array_size(history->entries);
	json_t *entry = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	uint64_t generation = generation_of(entry);

	/* Numbers grow; one that does not would make "the newest" mean two things. */
	if (generation == 0 ||
			(cnt > 0 && generation <= generation_of(json_array_get(
								  history->entries, cnt - 1)))) {
		conf_error_add(notes, CONF_WARNING, history->log_path, number, 0,
				"damaged: this entry of the history is passed over");
		json_decref(entry);
		return;
	}
	json_array_append_new(history->entries, entry);
}

static void
read_log(struct cp_history *history, struct conf_errors *notes)
{
	char *text = NULL;
	size_t size = 0;
	uint32_t number = 0;
	int err = cp_file_read(history->log_path, LOG_BYTES_MAX, &text, &size);

	if (err == -ENOENT) {
		return;
	}
	if (err != 0) {
		conf_error_add(notes, CONF_WARNING, history->log_path, 0, 0,
				"%s: what was published before is not known",
				strerrordesc_np(-err));
		return;
	}
	for (size_t at = 0; at < size;) {
		const char *newline = memchr(text + at, '\n', size - at);
		size_t len = newline != NULL ? (size_t)(newline - text) - at : size - at;

		take_line(history, text + at, len, ++number, notes);
		at += len + 1;
	}
	free(text);
}

static int
compare_generations(const void *a, const void *b)
{
	const uint64_t *left = a;
	const uint64_t *right = b;

	return *left < *right ? 1 : *left > *right ? -1 : 0;
}

/* The images of the directory, the newest first, and gone with what a killed writer left. Returns
 * how many; the array is the caller's. */
static size_t
list_images(const struct cp_history *history, uint64_t **ret_generations)
{
	DIR *dir = opendir(history->dir);
	const struct dirent *item;
	uint64_t *generations = NULL;
	size_t cnt = 0;
	size_t cap = 0;

	*ret_generations = NULL;
	/* This thread alone reads this stream. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while (dir != NULL && (item = readdir(dir)) != NULL) {
		const char *rest = "";
		uint64_t generation = generation_in_name(item->d_name, &rest);

		if (generation == 0) {
			continue;
		}
		if (rest[0] != '\0') {
			(void)unlinkat(dirfd(dir), item->d_name, 0);
			continue;
		}
		if (cnt == cap) {
			size_t more = cap == 0 ? 32 : cap * 2;
			uint64_t *grown = reallocarray(generations, more, sizeof(*grown));

			if (grown == NULL) {
				break; /* some stay a while longer */
			}
			generations = grown;
			cap = more;
		}
		generations[cnt++] = generation;
	}
	if (dir != NULL) {
		closedir(dir);
	}
	if (cnt > 0) {
		qsort(generations, cnt, sizeof(*generations), compare_generations);
	}
	*ret_generations = generations;
	return cnt;
}

/* The newest table that meridiand has taken, 0: none. */
static uint64_t
newest_served(const struct cp_history *history)
{
	for (size_t i = json_array_size(history->entries); i-- > 0;) {
		const json_t *entry = json_array_get(history->entries, i);

		if (strcmp(cp_json_text(entry, "outcome"), CP_HISTORY_SERVED) == 0) {
			return generation_of(entry);
		}
	}
	return 0;
}

/* What is served stays, however many tables meridiand has refused since: it is what a restart begins
 * with. */
static void
prune_images(const struct cp_history *history)
{
	uint64_t *generations;
	size_t cnt = list_images(history, &generations);
	uint64_t served = newest_served(history);

	for (size_t i = history->keep; i < cnt; i++) {
		char *path = generations[i] != served ? image_path(history, generations[i]) : NULL;

		if (path != NULL) {
			(void)unlink(path); /* what stays is tried again next time */
			free(path);
		}
	}
	free(generations);
}

static char *
log_text(const struct cp_history *history)
{
	size_t cnt = json_array_size(history->entries);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool is_whole = out != NULL;

	for (size_t i = 0; i < cnt && is_whole; i++) {
		is_whole = json_dumpf(json_array_get(history->entries, i), out, JSON_COMPACT) ==
		                           0 &&
		           fputc('\n', out) != EOF;
	}
	if (out != NULL && fclose(out) != 0) {
		is_whole = false;
	}
	if (!is_whole) {
		free(text);
		return NULL;
	}
	return text;
}

/* The whole log each time: it is half a megabyte at most, and no crash leaves half a line. */
static int
write_log(const struct cp_history *history)
{
	char *text = log_text(history);
	int err = text == NULL ? -ENOMEM
	                       : cp_file_write(history->log_path, 0640, text, strlen(text));

	free(text);
	return err;
}

int
cp_history_open(const char *dir, size_t keep, struct conf_errors *notes,
		struct cp_history **ret_history)
{
	struct cp_history *history = calloc(1, sizeof(*history));
	uint64_t *generations;

	if (history == NULL) {
		return -ENOMEM;
	}
	history->keep = keep;
	history->dir = strdup(dir);
	history->log_path = cp_path_join(dir, LOG_NAME);
	history->entries = json_array();
	if (history->dir == NULL || history->log_path == NULL || history->entries == NULL) {
		cp_history_free(history);
		return -ENOMEM;
	}
	if (mkdir(dir, 0750) != 0 && errno != EEXIST) {
		conf_error_add(notes, CONF_WARNING, dir, 0, 0, "%s: nothing will be remembered",
				strerrordesc_np(errno));
	} else {
		read_log(history, notes);
		(void)list_images(history, &generations);
		free(generations);
	}
	*ret_history = history;
	return 0;
}

void
cp_history_free(struct cp_history *history)
{
	if (history != NULL) {
		json_decref(history->entries);
		free(history->log_path);
		free(history->dir);
		free(history);
	}
}

size_t
cp_history_cnt(const struct cp_history *history)
{
	return json_array_size(history->entries);
}

const json_t *
cp_history_at(const struct cp_history *history, size_t i)
{
	return json_array_get(history->entries, i);
}

static bool
was_published(const json_t *entry)
{
	const char *outcome = cp_json_text(entry, "outcome");

	return strcmp(outcome, CP_HISTORY_SENT) == 0 || strcmp(outcome, CP_HISTORY_SERVED) == 0;
}

static bool
has_image(const struct cp_history *history, uint64_t generation)
{
	char *path = image_path(history, generation);
	bool has = path != NULL && access(path, R_OK) == 0;

	free(path);
	return has;
}

const json_t *
cp_history_find(const struct cp_history *history, uint64_t generation)
{
	for (size_t i = json_array_size(history->entries); i-- > 0;) {
		const json_t *entry = json_array_get(history->entries, i);

		if (generation_of(entry) == generation) {
			return entry;
		}
	}
	return NULL;
}

const json_t *
cp_history_newest(const struct cp_history *history)
{
	for (size_t i = json_array_size(history->entries); i-- > 0;) {
		const json_t *entry = json_array_get(history->entries, i);

		if (was_published(entry)) {
			return entry;
		}
	}
	return NULL;
}

uint64_t
cp_history_before(const struct cp_history *history, uint64_t generation, const char *content_hash)
{
	for (size_t i = json_array_size(history->entries); i-- > 0;) {
		const json_t *entry = json_array_get(history->entries, i);
		uint64_t candidate = generation_of(entry);

		if (candidate < generation && was_published(entry) &&
				strcmp(cp_json_text(entry, "content_hash"), content_hash) != 0 &&
				has_image(history, candidate)) {
			return candidate;
		}
	}
	return 0;
}

json_t *
cp_history_list(const struct cp_history *history)
{
	json_t *list = json_array();

	for (size_t i = json_array_size(history->entries); i-- > 0;) {
		json_t *entry = json_copy(json_array_get(history->entries, i));

		json_object_set_new(entry, "has_table",
				json_boolean(has_image(history, generation_of(entry))));
		json_array_append_new(list, entry);
	}
	return list;
}

int
cp_history_store(const struct cp_history *history, uint64_t generation, uint64_t like,
		const void *image, size_t image_bytes)
{
	char *path = image_path(history, generation);
	char *old_path = like != 0 ? image_path(history, like) : NULL;
	int err = path == NULL ? -ENOMEM : 0;

	if (err == 0 && like != generation) {
		(void)unlink(path); /* of a publish that ended between this and its entry */
	}
	if (err == 0 && old_path != NULL && link(old_path, path) != 0) {
		err = -errno;
	}
	/* A file system without links, or an image that is not there: written whole. */
	if (image != NULL && path != NULL && (old_path == NULL || err != 0)) {
		err = cp_file_write(path, 0640, image, image_bytes);
	}
	free(old_path);
	free(path);
	return err;
}

static int
check_image(const char *path, uint64_t generation, void *image, size_t image_bytes,
		char error[CP_HISTORY_ERROR_MAX])
{
	struct tbl_header *header = image;
	struct tbl_error reason;

	if (tbl_check(image, image_bytes, &reason) != 0) {
		(void)snprintf(error, CP_HISTORY_ERROR_MAX,
				"%.150s: not a table this program can read: %s", path, reason.text);
		return -EBADMSG;
	}
	if (header->generation != generation) {
		tbl_reseal(image, generation, header->built_unix_s);
	}
	return 0;
}

int
cp_history_load(const struct cp_history *history, uint64_t generation, void **ret_image,
		size_t *ret_bytes, char error[CP_HISTORY_ERROR_MAX])
{
	char *path = image_path(history, generation);
	char *image = NULL;
	size_t image_bytes = 0;
	int err = path == NULL ? -ENOMEM : cp_file_read(path, TBL_IMAGE_MAX, &image, &image_bytes);

	if (err == -ENOENT) {
		(void)snprintf(error, CP_HISTORY_ERROR_MAX,
				"the history has no table of generation %" PRIu64, generation);
	} else if (err != 0) {
		(void)snprintf(error, CP_HISTORY_ERROR_MAX, "%.150s: %s",
				path != NULL ? path : history->dir, strerrordesc_np(-err));
	} else {
		err = check_image(path, generation, image, image_bytes, error);
	}
	free(path);
	if (err != 0) {
		free(image);
		return err;
	}
	*ret_image = image;
	*ret_bytes = image_bytes;
	return 0;
}

int
cp_history_add(struct cp_history *history, json_t *entry)
{
	uint64_t generation = generation_of(entry);

	/* Of a run that was overtaken, or of a clock-work that came again: the later one counts. */
	for (size_t i = json_array_size(history->entries); i-- > 0;) {
		if (generation_of(json_array_get(history->entries, i)) < generation) {
			break;
		}
		json_array_remove(history->entries, i);
	}
	if (json_array_append_new(history->entries, entry) != 0) {
		return -ENOMEM;
	}
	while (json_array_size(history->entries) > CP_HISTORY_ENTRIES_MAX) {
		json_array_remove(history->entries, 0);
	}
	prune_images(history);
	return write_log(history);
}

int
cp_history_mark(struct cp_history *history, uint64_t generation, const char *outcome,
		const char *reason)
{
	json_t *entry = NULL;

	for (size_t i = json_array_size(history->entries); i-- > 0 && entry == NULL;) {
		json_t *candidate = json_array_get(history->entries, i);

		entry = generation_of(candidate) == generation ? candidate : NULL;
	}
	if (entry == NULL || strcmp(cp_json_text(entry, "outcome"), outcome) == 0) {
		return 0;
	}
	json_object_set_new(entry, "outcome", json_string(outcome));
	if (reason != NULL) {
		json_object_set_new(entry, "reason", json_string(reason));
	}
	return write_log(history);
}

const char *
cp_history_dir(const struct cp_history *history)
{
	return history->dir;
}
