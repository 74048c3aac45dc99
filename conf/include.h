/*
 * Files that name other files ("!include", "$INCLUDE"): where the name leads from the file it stands
 * in, whether it stays where it may go, and its bytes.
 *
 * Threads:   pure.
 * Memory:    paths and texts are the caller's (free()).
 * Errors:    negative errno; -EXDEV: the file is outside of the root.
 */
#ifndef CONF_INCLUDE_H
#define CONF_INCLUDE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* conf_include_path: what `name` is called, standing in the file `from`: beside it unless absolute;
 * "~/" is the user's home. */
int conf_include_path(const char *from, const char *name, char **ret_path);

/* conf_include_open opens `path` for reading when it is a file in the directory `root` or below,
 * all symbolic links followed; with can_leave, or a root of NULL, anywhere. */
int conf_include_open(const char *path, const char *root, bool can_leave, int *ret_fd);

/* conf_read_whole reads a regular file of at most bytes_max (else -EFBIG) and puts a NUL behind it.
 * A directory or a device is no configuration: -EISDIR, -EINVAL. ret_status may be NULL. */
int conf_read_whole(int fd, size_t bytes_max, char **ret_text, size_t *ret_len,
		struct stat *ret_status);

#endif
