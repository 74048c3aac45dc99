/*
 * What a directory of files looks like from outside: one number over path, device, inode, size and
 * time of last change of everything in it. Equal before and after reading: nobody wrote meanwhile.
 *
 * Threads:   pure functions over paths.
 * Memory:    nothing is kept.
 * Errors:    0 or negative errno. What cannot be looked at counts as it is: a file that comes or
 *            goes meanwhile is a change, not an error.
 */
#ifndef CONTROL_STAMP_H
#define CONTROL_STAMP_H

#include <stdint.h>

/* cp_stamp_directory looks at `dir` and all below it. Names that begin with a dot are passed over,
 * as the zone loader does: an editor's or a version control's files are no zones. Links are
 * followed. */
int cp_stamp_directory(const char *dir, uint64_t *ret_stamp);

#endif
