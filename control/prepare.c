#include "control/prepare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "table/view.h"

#include "control/alias.h"
#include "control/lint.h"
#include "control/silence.h"
#include "control/stamp.h"
#include "control/text.h"
#include "control/thaw.h"

/* Whoever writes zones takes a moment; one who never stops must not hold an apply for ever. */
#define READS_MAX 3u

static uint64_t
monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000ULL + (uint64_t)now.tv_nsec / 1000;
}

int
cp_workshop_init(struct cp_workshop *workshop)
{
	memset(workshop, 0, sizeof(*workshop));
	return cp_compiler_new(&workshop->compiler);
}

void
cp_workshop_settle(struct cp_workshop *workshop)
{
	if (workshop->retired != NULL) {
		cp_geo_free(workshop->retired);
		workshop->retired = NULL;
	}
}

void
cp_workshop_done(struct cp_workshop *workshop)
{
	if (workshop->compiler != NULL) {
		cp_compiler_free(workshop->compiler);
	}
	if (workshop->geo != NULL) {
		cp_geo_free(workshop->geo);
	}
	cp_workshop_settle(workshop);
	free(workshop->geo_stats);
	memset(workshop, 0, sizeof(*workshop));
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool
is_geo_current(const struct cp_workshop *workshop, const struct stat *stats, size_t cnt)
{
	if (workshop->geo == NULL || workshop->geo_stat_cnt != cnt) {
		return false;
	}
	for (size_t i = 0; i < cnt; i++) {
		if (!is_same_file(&workshop->geo_stats[i], &stats[i])) {
			return false;
		}
	}
	return true;
}

/* What is wrong with the databases, of what was found since the message `first`. */
static void
keep_geo_error(struct cp_workshop *workshop, const struct conf_errors *errors, size_t first)
{
	(void)snprintf(workshop->geo_error, sizeof(workshop->geo_error), "cannot be read");
	for (size_t i = first; i < errors->cnt; i++) {
		const struct conf_message *message = &errors->messages[i];

		if (message->level == CONF_ERROR) {
			(void)snprintf(workshop->geo_error, sizeof(workshop->geo_error), "%s: %s",
					message->file, message->text);
			break;
		}
	}
}

/* A database that cannot be read leaves the last good one in use; the error says so. */
static void
refresh_geo(struct cp_workshop *workshop, const struct cp_prepare_input *input,
		struct conf_errors *errors)
{
	struct stat *stats = calloc(input->geo_path_cnt + 1, sizeof(*stats));
	struct cp_geo *geo = NULL;
	size_t first = errors->cnt;

	workshop->geo_error[0] = '\0';
	if (stats == NULL) {
		conf_error_add(errors, CONF_ERROR, input->geo_paths[0], 0, 0, "out of memory");
		return;
	}
	for (size_t i = 0; i < input->geo_path_cnt; i++) {
		/* A missing file keeps its zeroes and is reported by the loader. */
		(void)stat(input->geo_paths[i], &stats[i]);
	}
	if (is_geo_current(workshop, stats, input->geo_path_cnt)) {
		free(stats);
		return;
	}
	if (cp_geo_load(input->geo_paths, input->geo_path_cnt, errors, &geo) != 0) {
		keep_geo_error(workshop, errors, first);
		if (workshop->geo != NULL) {
			conf_error_add(errors, CONF_WARNING, input->geo_paths[0], 0, 0,
					"the database loaded before stays in use: %s",
					workshop->geo->description);
		}
		free(stats);
		return;
	}
	cp_workshop_settle(workshop);
	workshop->retired = workshop->geo;
	free(workshop->geo_stats);
	workshop->geo = geo;
	workshop->geo_stats = stats;
	workshop->geo_stat_cnt = input->geo_path_cnt;
}

static int
compile_book(struct cp_workshop *workshop, const struct cp_prepare_input *input,
		const struct cp_book *book, struct conf_errors *errors,
		struct cp_prepared *prepared)
{
	struct cp_zones zones;
	int err = cp_book_zones(book, &zones);

	if (err != 0) {
		conf_error_add(errors, CONF_ERROR, input->zones_dir, 0, 0, "out of memory");
		return err;
	}
	err = cp_compile(workshop->compiler, &zones, workshop->geo, &input->params, errors,
			&prepared->image, &prepared->image_bytes);
	free(zones.items);
	if (err != 0) {
		prepared->image = NULL;
		prepared->image_bytes = 0;
	}
	return err;
}

/* Names of the zones in an image, sorted; the array is the caller's, the names are the image's. */
static const char **
image_zone_names(const void *image, size_t *ret_cnt)
{
	const struct tbl_header *header = image;
	size_t cnt = header != NULL ? header->sections[TBL_SECTION_ZONES].cnt : 0;
	const char **names = calloc(cnt + 1, sizeof(*names));
	struct tbl_view view;

	*ret_cnt = cnt;
	if (names == NULL || header == NULL) {
		return names;
	}
	tbl_view_init(&view, image, NULL);
	for (size_t i = 0; i < cnt; i++) {
		names[i] = view.strings + view.zones[i].name_str;
	}
	qsort(names, cnt, sizeof(*names), cp_text_compare);
	return names;
}

/* Which of the load's zones the compiler left out of the image. Returns how many, or -ENOMEM. */
static int
find_refused(const struct cp_zones *loaded, const struct cp_book *book, const void *image,
		bool *is_refused)
{
	size_t name_cnt;
	const char **names = image_zone_names(image, &name_cnt);
	int cnt = 0;

	if (names == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0, entry = 0; i < loaded->cnt; i++) {
		const char *name = loaded->items[i].name;

		while (strcmp(book->entries[entry].zone.name, name) != 0) {
			entry++; /* every loaded zone has an entry, and both are sorted */
		}
		is_refused[i] = book->entries[entry].standing == CP_ZONE_FRESH &&
		                bsearch(&name, names, name_cnt, sizeof(*names), cp_text_compare) ==
		                                NULL;
		cnt += is_refused[i] ? 1 : 0;
	}
	free(names);
	return cnt;
}

static int
thaw_book(const void *image, struct cp_book **ret_book)
{
	struct cp_zones *zones = NULL;
	struct cp_batch *batch = NULL;
	struct tbl_view view;
	int err = 0;

	tbl_view_init(&view, image, NULL);
	err = cp_thaw(&view, &zones);
	if (err != 0) {
		return err;
	}
	batch = cp_batch_new(zones);
	err = batch != NULL ? cp_book_merge(NULL, batch, NULL, ret_book) : -ENOMEM;
	cp_batch_release(batch);
	return err;
}

/* What broken zones go on with: the book served so far. When there is none, since no process that
 * still runs loaded those zones, one is made of the table itself. NULL: there is no table either. */
static const struct cp_book *
find_served(const struct cp_prepare_input *input, struct cp_prepared *prepared)
{
	int err = 0;

	if (input->served != NULL || input->served_image == NULL || prepared->thawed != NULL) {
		return input->served != NULL ? input->served : prepared->thawed;
	}
	err = thaw_book(input->served_image, &prepared->thawed);
	if (err != 0) {
		conf_error_add(&prepared->errors, CONF_WARNING, input->zones_dir, 0, 0,
				"zones with errors cannot go on as the served table has them: %s",
				err == -ENOMEM ? "out of memory" : "it cannot be read back");
	}
	return prepared->thawed;
}

/* merge makes the book of a load, none of its zones known to be refused. A table is only thawed for
 * a zone that is broken: it costs a second and a gigabyte where there are a million records. */
static int
merge(const struct cp_prepare_input *input, struct cp_batch *batch, struct cp_prepared *prepared)
{
	const struct cp_zones *loaded = cp_batch_zones(batch);
	const struct cp_book *served = input->served;

	for (size_t i = 0; served == NULL && i < loaded->cnt; i++) {
		if (loaded->items[i].has_errors) {
			served = find_served(input, prepared);
			break;
		}
	}
	return cp_book_merge(served, batch, NULL, &prepared->book);
}

/* The compiler finds errors the loader cannot; a zone it refuses goes on in its last good version
 * too, which takes a second run. */
static void
compile_again_without_refused(struct cp_workshop *workshop, const struct cp_prepare_input *input,
		struct cp_batch *batch, struct cp_prepared *prepared)
{
	const struct cp_zones *loaded = cp_batch_zones(batch);
	bool *is_refused = calloc(loaded->cnt + 1, sizeof(*is_refused));
	struct cp_book *book = NULL;
	struct conf_errors told_already = { 0 };

	if (is_refused == NULL) {
		return;
	}
	if (find_refused(loaded, prepared->book, prepared->image, is_refused) > 0 &&
			cp_book_merge(find_served(input, prepared), batch, is_refused, &book) ==
					0) {
		cp_book_free(prepared->book);
		prepared->book = book;
		free(prepared->image);
		prepared->image = NULL;
		compile_book(workshop, input, book, &told_already, prepared);
		conf_errors_free(&told_already);
	}
	free(is_refused);
}

/* Reads the directory, again when somebody wrote meanwhile: what is read must have been there all at
 * one time. 0, or -errno with the reason in the errors. */
static int
load_unchanged(const struct cp_prepare_input *input, struct cp_prepared *prepared,
		struct cp_zones **ret_zones)
{
	for (prepared->read_cnt = 1; prepared->read_cnt <= READS_MAX; prepared->read_cnt++) {
		struct cp_zones *zones = NULL;
		uint64_t before = 0;
		uint64_t after = 0;
		int err = cp_stamp_directory(input->zones_dir, &before);

		if (err == 0) {
			err = cp_zones_load(input->zones_dir, &input->options, &prepared->errors,
					&zones);
		}
		if (input->on_read != NULL) {
			input->on_read(input->ctx);
		}
		if (err == 0) {
			err = cp_stamp_directory(input->zones_dir, &after);
		}
		if (err == 0 && before == after) {
			*ret_zones = zones;
			return 0;
		}
		cp_zones_free(zones);
		if (err != 0) {
			return err; /* the loader said why */
		}
		conf_errors_free(&prepared->errors); /* of files that are half written, perhaps */
	}
	prepared->read_cnt--;
	conf_error_add(&prepared->errors, CONF_ERROR, input->zones_dir, 0, 0,
			"files changed each of the %u times they were read; apply again when "
			"nobody writes to them",
			READS_MAX);
	return -EAGAIN;
}

/* What ALIAS records are answered with is remembered with the book. */
static int
remember_aliases(struct cp_book *book)
{
	struct conf_errors told_already = { 0 };
	struct cp_zones expanded = { 0 };
	struct cp_zones zones;
	bool *is_refused = NULL;
	size_t alias_cnt = 0;
	int err = cp_book_zones(book, &zones);

	if (err != 0) {
		return err;
	}
	is_refused = calloc(zones.cnt + 1, sizeof(*is_refused));
	err = is_refused != NULL ? cp_alias_expand(&zones, is_refused, &told_already, &expanded,
						   &alias_cnt)
	                         : -ENOMEM;
	if (err == 0 && alias_cnt > 0) {
		err = cp_book_remember(book, &expanded);
	} else {
		cp_alias_free(&expanded);
	}
	conf_errors_free(&told_already);
	free(is_refused);
	free(zones.items);
	return err;
}

static int
list_default_checks(struct cp_prepared *prepared)
{
	struct cp_zones zones;
	int err = cp_book_zones(prepared->book, &zones);

	if (err == 0) {
		prepared->default_checks = cp_silence_defaults(&zones);
		free(zones.items);
	}
	return err;
}

static void
compile_zones(struct cp_workshop *workshop, const struct cp_prepare_input *input,
		struct cp_zones *zones, struct cp_prepared *prepared)
{
	struct cp_batch *batch = cp_batch_new(zones);

	if (batch == NULL || merge(input, batch, prepared) != 0) {
		conf_error_add(&prepared->errors, CONF_ERROR, input->zones_dir, 0, 0,
				"out of memory");
		cp_batch_release(batch);
		return;
	}
	compile_book(workshop, input, prepared->book, &prepared->errors, prepared);
	compile_again_without_refused(workshop, input, batch, prepared);
	if (prepared->image != NULL) {
		int err = remember_aliases(prepared->book);

		err = err == 0 ? cp_lint(cp_batch_zones(batch), prepared->image, workshop->geo,
						 &prepared->errors)
		               : err;
		err = err == 0 ? list_default_checks(prepared) : err;
		if (err != 0) {
			conf_error_add(&prepared->errors, CONF_ERROR, input->zones_dir, 0, 0,
					"out of memory");
		}
		if (json_object_size(input->silent) > 0) {
			cp_lint_never_answered(cp_batch_zones(batch), cp_silence_reason,
					input->silent, &prepared->errors);
		}
	}
	cp_batch_release(batch);
}

void
cp_prepare(struct cp_workshop *workshop, const struct cp_prepare_input *input,
		struct cp_prepared *prepared)
{
	const struct cp_geo *before = workshop->geo;
	struct cp_zones *zones = NULL;
	uint64_t start_us = monotonic_us();
	uint64_t loaded_us;
	uint64_t compiling_us;
	int err;

	memset(prepared, 0, sizeof(*prepared));
	err = load_unchanged(input, prepared, &zones);
	loaded_us = monotonic_us();
	prepared->load_us = loaded_us - start_us;
	if (input->geo_path_cnt > 0) {
		refresh_geo(workshop, input, &prepared->errors);
	}
	compiling_us = monotonic_us();
	if (workshop->geo != before) {
		prepared->geo_us = compiling_us - loaded_us;
	}
	if (err == 0) {
		compile_zones(workshop, input, zones, prepared);
		prepared->compile_us = monotonic_us() - compiling_us;
	}
}

void
cp_prepared_done(struct cp_prepared *prepared)
{
	conf_errors_free(&prepared->errors);
	cp_book_free(prepared->book);
	json_decref(prepared->default_checks);
	cp_book_free(prepared->thawed);
	free(prepared->image);
	memset(prepared, 0, sizeof(*prepared));
}
