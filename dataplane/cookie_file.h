/*
 * The file with the secrets of DNS cookies, which a fleet shares: read at start and again whenever it
 * changes, so that a secret is rolled over without a restart. docs/cookies.md says how.
 *
 * Its lines are secrets of 32 hexadecimal digits, the one in use first; blank lines and what stands
 * behind a "#" are nothing.
 *
 * Threads:   the cold thread alone.
 * Memory:    the path is borrowed; nothing is kept of the file but the keys that the caller gets.
 * Errors:    -EINVAL with every reason in *errors as "file:line:col: reason", never with a digit of a
 *            secret. On failure *ret_keys is as it was.
 * Standards: RFC 7873 §4.2, RFC 9018 §5 (updating the secret).
 */
#ifndef DATAPLANE_COOKIE_FILE_H
#define DATAPLANE_COOKIE_FILE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

#include "conf/yaml.h"
#include "dataplane/cookie.h"

/* What tells one state of the file from the next. A change of owner or mode changes `ctim`. */
struct dp_cookie_stamp {
	bool is_there;
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtim;
	struct timespec ctim;
};

struct dp_cookie_file {
	const char *path;             /* NULL: there is none */
	struct dp_cookie_stamp stamp; /* when it was last read, or could not be */
};

/* dp_cookie_file_read reads all of it. A file that others than its owner and group may read or write is
 * refused: a secret that any process of the machine knows proves nothing, and nobody would notice. */
int dp_cookie_file_read(struct dp_cookie_file *file, struct dp_cookie_keys *ret_keys,
		struct conf_errors *errors);

/* has_dp_cookie_file_changed: whether it is another one than dp_cookie_file_read has last seen, or has come
 * or gone since. One stat(). */
bool has_dp_cookie_file_changed(const struct dp_cookie_file *file);

#endif
