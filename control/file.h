/*
 * Whole files in one step: read with a bound, written so that a reader or a crash sees the old
 * content or the new, never half of it.
 *
 * Threads:   pure functions over paths; callers serialise writers of one path.
 * Memory:    what cp_file_read returns is the caller's (free()).
 * Errors:    0 or negative errno; a failed write leaves the old file and no temporary one.
 */
#ifndef CONTROL_FILE_H
#define CONTROL_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* cp_file_write replaces `path` by a temporary file beside it, flushed to disk and renamed. */
int cp_file_write(const char *path, mode_t mode, const void *bytes, size_t size);

/* cp_file_swap does the same without flushing: a killed process leaves the old content or the new; a
 * machine that stops, perhaps neither. */
int cp_file_swap(const char *path, mode_t mode, const void *bytes, size_t size);

/* What a table image needs of its address (TBL_ALIGN_BYTES). */
#define CP_FILE_ALIGN_BYTES 64u

/* cp_file_read reads all of `path`; -EFBIG when it is larger than size_max bytes. A NUL follows
 * the content and does not count. The content is aligned for a table image. */
int cp_file_read(const char *path, size_t size_max, char **ret_bytes, size_t *ret_size);

/* cp_path_join: "dir/name", the caller's; NULL when out of memory. */
char *cp_path_join(const char *dir, const char *name);

#endif
