/* XXH_INLINE_ALL: the streaming state lives on the stack, and no call can fail for want of memory. */
#define XXH_INLINE_ALL
#include "control/stamp.h"

#include <errno.h>
#include <fts.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

/* Sorted, so that equal directories give equal numbers whatever order the disk has them in. */
static int
compare_names(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void
add_number(XXH3_state_t *state, uint64_t number)
{
	XXH3_64bits_update(state, &number, sizeof(number));
}

static void
add_entry(XXH3_state_t *state, const FTSENT *entry)
{
	const struct stat *info = entry->fts_statp;

	XXH3_64bits_update(state, entry->fts_path, strlen(entry->fts_path) + 1);
	add_number(state, entry->fts_info);
	if (entry->fts_info == FTS_D) {
		return; /* its names say all: its own time also changes with hidden files */
	}
	if (entry->fts_info != FTS_F) {
		add_number(state, (uint64_t)entry->fts_errno); /* nothing was there to look at */
		return;
	}
	add_number(state, info->st_dev);
	add_number(state, info->st_ino);
	add_number(state, (uint64_t)info->st_size);
	add_number(state, (uint64_t)info->st_mtim.tv_sec);
	add_number(state, (uint64_t)info->st_mtim.tv_nsec);
}

int
cp_stamp_directory(const char *dir, uint64_t *ret_stamp)
{
	char *path = strdup(dir);
	char *const paths[] = { path, NULL };
	XXH3_state_t state;
	FTSENT *entry;
	FTS *walk;
	int err = 0;

	if (path == NULL) {
		return -ENOMEM;
	}
	walk = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, compare_names);
	if (walk == NULL) {
		err = -errno;
		free(path);
		return err;
	}
	XXH3_64bits_reset(&state);
	while (errno = 0, (entry = fts_read(walk)) != NULL) {
		if (entry->fts_level > FTS_ROOTLEVEL && entry->fts_name[0] == '.') {
			(void)fts_set(walk, entry, FTS_SKIP);
		} else if (entry->fts_info != FTS_DP) { /* a directory once, on the way in */
			add_entry(&state, entry);
		}
	}
	err = -errno;
	(void)fts_close(walk);
	free(path);
	if (err == 0) {
		*ret_stamp = XXH3_64bits_digest(&state);
	}
	return err;
}
