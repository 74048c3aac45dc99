#include "dataplane/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_NAME  "state"
#define TEMP_SUFFIX ".tmp"
/* "selection-" and 20 digits and ".tmp", with room. */
#define NAME_MAX_BYTES 64u
/* The state file is a handful of short lines. */
#define STATE_BYTES_MAX 1024u
/* More tables than we ever leave (good ones, candidate, one being replaced); the rest is ignored. */
#define FOUND_MAX 64u

struct dp_store {
	char *dir;
	int dir_fd;
	uint64_t good[DP_STORE_GOOD_CNT]; /* newest promotion first; 0: none */
};

static int
fail(const struct dp_store *store, const char *name, const char *what, int err,
		struct tbl_error *error)
{
	(void)snprintf(error->text, sizeof(error->text), "%.100s/%.40s: %.20s: %s", store->dir,
			name, what, strerrordesc_np(-err));
	return err;
}

static void
name_table(char name[NAME_MAX_BYTES], uint64_t generation)
{
	(void)snprintf(name, NAME_MAX_BYTES, "table-%" PRIu64, generation);
}

static void
name_selection(char name[NAME_MAX_BYTES], uint64_t generation)
{
	(void)snprintf(name, NAME_MAX_BYTES, "selection-%" PRIu64, generation);
}

/* Reads the generation behind `prefix`. 0: the name is not such a file's. */
static uint64_t
generation_of(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);
	char *end;
	uint64_t generation;

	if (strncmp(name, prefix, len) != 0 || name[len] < '1' || name[len] > '9') {
		return 0;
	}
	errno = 0;
	generation = strtoull(name + len, &end, 10);
	return *end == '\0' && errno == 0 ? generation : 0;
}

/* What a writer of a temporary file puts in it. */
struct content {
	const void *bytes; /* NULL: all of `fd` */
	size_t size;
	int fd;
};

static int
write_content(int file, const struct content *content)
{
	struct stat st;
	off_t off = 0;

	if (content->bytes != NULL) {
		ssize_t done = write(file, content->bytes, content->size);

		return done == (ssize_t)content->size ? 0 : done < 0 ? -errno : -ENOSPC;
	}
	if (fstat(content->fd, &st) != 0) {
		return -errno;
	}
	while (off < st.st_size) {
		/* Takes the offset as an argument: the descriptor's own is shared with others. */
		ssize_t done = sendfile(file, content->fd, &off, (size_t)(st.st_size - off));

		if (done <= 0) {
			return done < 0 ? -errno : -EIO;
		}
	}
	return 0;
}

/* Writes, syncs and renames into place: the name always holds the old bytes or the new. */
static int
replace_file(struct dp_store *store, const char *name, const struct content *content,
		struct tbl_error *error)
{
	char temp[NAME_MAX_BYTES];
	int file;
	int err;

	(void)snprintf(temp, sizeof(temp), "%.50s" TEMP_SUFFIX, name);
	file = openat(store->dir_fd, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (file < 0) {
		return fail(store, name, "cannot be saved", -errno, error);
	}
	err = write_content(file, content);
	if (err == 0 && fsync(file) != 0) {
		err = -errno;
	}
	if (close(file) != 0 && err == 0) {
		err = -errno;
	}
	if (err == 0 && renameat(store->dir_fd, temp, store->dir_fd, name) != 0) {
		err = -errno;
	}
	if (err != 0) {
		(void)unlinkat(store->dir_fd, temp, 0);
		return fail(store, name, "cannot be saved", err, error);
	}
	/* The name itself is durable only with its directory. */
	return fsync(store->dir_fd) == 0 ? 0 : fail(store, name, "cannot be saved", -errno, error);
}

static int
write_state(struct dp_store *store, struct tbl_error *error)
{
	char text[STATE_BYTES_MAX];
	int len = 0;

	for (size_t i = 0; i < DP_STORE_GOOD_CNT; i++) {
		if (store->good[i] != 0) {
			len += snprintf(text + len, sizeof(text) - (size_t)len,
					"good %" PRIu64 "\n", store->good[i]);
		}
	}
	return replace_file(store, STATE_NAME,
			&(struct content){ .bytes = text, .size = (size_t)len, .fd = -1 }, error);
}

static void
parse_state_line(struct dp_store *store, const char *line, size_t *good_cnt)
{
	uint64_t generation;

	/* Numbers out of range come out as some number: at worst no file has it. */
	if (sscanf(line, "good %" SCNu64, &generation) == 1 && /* NOLINT(cert-err34-c) */
			*good_cnt < DP_STORE_GOOD_CNT) {
		store->good[(*good_cnt)++] = generation;
	}
}

static void
read_state(struct dp_store *store)
{
	char text[STATE_BYTES_MAX];
	int file = openat(store->dir_fd, STATE_NAME, O_RDONLY | O_CLOEXEC);
	ssize_t len = file >= 0 ? read(file, text, sizeof(text) - 1) : 0;
	size_t good_cnt = 0;
	char *rest = NULL;

	if (file >= 0) {
		close(file);
	}
	text[len > 0 ? len : 0] = '\0';
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
			line = strtok_r(NULL, "\n", &rest)) {
		parse_state_line(store, line, &good_cnt);
	}
}

static void
delete_residue(struct dp_store *store)
{
	DIR *dir = fdopendir(dup(store->dir_fd));
	struct dirent *entry;

	if (dir == NULL) {
		return; /* residue is harmless: nothing reads it */
	}
	rewinddir(dir);
	/* readdir is safe here: this stream is this function's own. */
	while ((entry = readdir(dir)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
		size_t len = strlen(entry->d_name);

		if (len > strlen(TEMP_SUFFIX) && strcmp(entry->d_name + len - strlen(TEMP_SUFFIX),
								 TEMP_SUFFIX) == 0) {
			(void)unlinkat(store->dir_fd, entry->d_name, 0);
		}
	}
	closedir(dir);
}

int
dp_store_open(const char *path, struct dp_store **ret_store, struct tbl_error *ret_error)
{
	struct dp_store *store = calloc(1, sizeof(*store));
	int err;

	if (store == NULL || (store->dir = strdup(path)) == NULL) {
		free(store);
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "out of memory");
		return -ENOMEM;
	}
	if (mkdir(path, 0750) != 0 && errno != EEXIST) {
		store->dir_fd = -1;
	} else {
		store->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (store->dir_fd < 0) {
		err = fail(store, "", "state directory", -errno, ret_error);
		free(store->dir);
		free(store);
		return err;
	}
	read_state(store);
	delete_residue(store);
	*ret_store = store;
	return 0;
}

void
dp_store_close(struct dp_store *store)
{
	if (store == NULL) {
		return;
	}
	close(store->dir_fd);
	free(store->dir);
	free(store);
}

static int
newest_first(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* Lists the generations of the files found whose name begins with `prefix`, newest first. */
static size_t
find_files(const struct dp_store *store, const char *prefix, uint64_t found[FOUND_MAX])
{
	DIR *dir = fdopendir(dup(store->dir_fd));
	struct dirent *entry;
	size_t cnt = 0;

	if (dir == NULL) {
		return 0;
	}
	rewinddir(dir);
	while (cnt < FOUND_MAX &&
			(entry = readdir(dir)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
		uint64_t generation = generation_of(entry->d_name, prefix);

		if (generation != 0) {
			found[cnt++] = generation;
		}
	}
	closedir(dir);
	qsort(found, cnt, sizeof(found[0]), newest_first);
	return cnt;
}

static void
say_passed(const struct dp_store *store, const struct dp_store_notice *notice, const char *name,
		const char *why)
{
	char text[2 * TBL_ERROR_MAX];

	(void)snprintf(text, sizeof(text), "%.150s/%.40s is passed over: %.180s", store->dir, name,
			why);
	notice->say(notice->arg, text);
}

static int
load_table(const struct dp_store *store, uint64_t generation, struct dp_image **ret_table,
		struct tbl_error *error)
{
	char name[NAME_MAX_BYTES];
	char path[PATH_MAX];
	struct dp_image *table;
	int err;

	name_table(name, generation);
	if (snprintf(path, sizeof(path), "%s/%s", store->dir, name) >= (int)sizeof(path)) {
		return fail(store, name, "name", -ENAMETOOLONG, error);
	}
	err = dp_image_from_file(path, &table, error);
	if (err != 0) {
		return err;
	}
	err = tbl_check(table->bytes, table->size, error);
	if (err == 0 && ((const struct tbl_header *)table->bytes)->generation != generation) {
		(void)snprintf(error->text, sizeof(error->text), "it holds another generation");
		err = -EBADMSG;
	}
	if (err != 0) {
		dp_image_drop(table);
		return err;
	}
	*ret_table = table;
	return 0;
}

/* The newest selection of a table, or NULL: then the one embedded in the table is served. */
static struct dp_image *
load_selection(const struct dp_store *store, const struct dp_store_notice *notice,
		uint64_t generation, const struct dp_image *table)
{
	char name[NAME_MAX_BYTES];
	char path[PATH_MAX];
	struct tbl_error error;
	struct dp_image *selection = NULL;
	int err;

	name_selection(name, generation);
	if (faccessat(store->dir_fd, name, F_OK, 0) != 0 ||
			snprintf(path, sizeof(path), "%s/%s", store->dir, name) >=
					(int)sizeof(path)) {
		return NULL;
	}
	err = dp_image_from_file(path, &selection, &error);
	if (err == 0) {
		err = tbl_check_selection(table->bytes, selection->bytes, selection->size, &error);
	}
	if (err != 0) {
		say_passed(store, notice, name, error.text);
		dp_image_drop(selection);
		return NULL;
	}
	return selection;
}

/* How much a stored table may be trusted; the least trusted is still better than silence. */
enum trust {
	TRUST_UNBLAMED, /* not served at two crashes */
	TRUST_GOOD,     /* was, but had served for a while before */
	TRUST_NONE,
	TRUST_CNT
};

static bool
is_good(const struct dp_store *store, uint64_t generation)
{
	for (size_t i = 0; i < DP_STORE_GOOD_CNT; i++) {
		if (store->good[i] == generation) {
			return true;
		}
	}
	return false;
}

static enum trust
judge(const struct dp_store *store, const struct dp_suspects *suspects,
		const struct dp_image *table)
{
	const struct tbl_header *header = table->bytes;

	if (!is_dp_suspect(suspects, header->content_hash)) {
		return TRUST_UNBLAMED;
	}
	return is_good(store, header->generation) ? TRUST_GOOD : TRUST_NONE;
}

int
dp_store_load(const struct dp_store *store, const struct dp_suspects *suspects,
		const struct dp_store_notice *notice, struct dp_image **ret_table,
		struct dp_image **ret_selection)
{
	uint64_t found[FOUND_MAX];
	size_t cnt = find_files(store, "table-", found);
	struct dp_image *best = NULL;
	enum trust best_trust = TRUST_CNT;

	for (size_t i = 0; i < cnt && best_trust != TRUST_UNBLAMED; i++) {
		struct dp_image *table;
		struct tbl_error error;
		char name[NAME_MAX_BYTES];
		enum trust trust;

		name_table(name, found[i]);
		if (load_table(store, found[i], &table, &error) != 0) {
			say_passed(store, notice, name, error.text);
			continue;
		}
		trust = judge(store, suspects, table);
		if (trust != TRUST_UNBLAMED) {
			say_passed(store, notice, name, "it was served at two crashes");
		}
		if (trust < best_trust) {
			dp_image_drop(best);
			best = table;
			best_trust = trust;
		} else {
			dp_image_drop(table);
		}
	}
	if (best == NULL) {
		return -ENOENT;
	}
	*ret_table = best;
	*ret_selection = load_selection(
			store, notice, ((const struct tbl_header *)best->bytes)->generation, best);
	return 0;
}

static bool
is_kept(const struct dp_store *store, uint64_t generation, uint64_t candidate)
{
	return is_good(store, generation) || generation == candidate;
}

static void
delete_others(struct dp_store *store, uint64_t candidate)
{
	static const char *const prefixes[] = { "table-", "selection-" };
	uint64_t found[FOUND_MAX];

	for (size_t p = 0; p < sizeof(prefixes) / sizeof(prefixes[0]); p++) {
		size_t cnt = find_files(store, prefixes[p], found);

		for (size_t i = 0; i < cnt; i++) {
			char name[NAME_MAX_BYTES];

			if (!is_kept(store, found[i], candidate)) {
				(void)snprintf(name, sizeof(name), "%s%" PRIu64, prefixes[p],
						found[i]);
				(void)unlinkat(store->dir_fd, name, 0);
			}
		}
	}
}

int
dp_store_save_table(
		struct dp_store *store, uint64_t generation, int fd, struct tbl_error *ret_error)
{
	char name[NAME_MAX_BYTES];
	int err;

	name_table(name, generation);
	err = replace_file(store, name, &(struct content){ .fd = fd }, ret_error);
	if (err == 0) {
		delete_others(store, generation);
	}
	return err;
}

int
dp_store_save_selection(
		struct dp_store *store, uint64_t generation, int fd, struct tbl_error *ret_error)
{
	char name[NAME_MAX_BYTES];

	name_selection(name, generation);
	return replace_file(store, name, &(struct content){ .fd = fd }, ret_error);
}

int
dp_store_promote(struct dp_store *store, uint64_t generation, struct tbl_error *ret_error)
{
	size_t at = 0;

	/* Moves it to the front; the last one falls off unless it was in the list already. */
	while (at < DP_STORE_GOOD_CNT - 1 && store->good[at] != generation) {
		at++;
	}
	memmove(&store->good[1], &store->good[0], at * sizeof(store->good[0]));
	store->good[0] = generation;
	return write_state(store, ret_error);
}
