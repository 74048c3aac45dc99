#include "conf/include.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* O_NONBLOCK: opening a FIFO that nobody writes must not wait for ever. */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

int
conf_include_path(const char *from, const char *name, char **ret_path)
{
	const char *slash = strrchr(from, '/');
	bool is_home = name[0] == '~' && (name[1] == '/' || name[1] == '\0');
	const char *home = is_home ? secure_getenv("HOME") : NULL;
	char *path = NULL;
	int len = 0;

	if (home != NULL) {
		len = asprintf(&path, "%s%s", home, name + 1);
	} else if (name[0] == '/' || slash == NULL) {
		len = asprintf(&path, "%s", name);
	} else {
		len = asprintf(&path, "%.*s/%s", (int)(slash - from), from, name);
	}
	if (len < 0) {
		return -ENOMEM;
	}
	*ret_path = path;
	return 0;
}

static bool
is_within(const char *path, const char *root)
{
	size_t len = strlen(root);

	/* "/" is the one real path that ends with a slash. */
	len -= len > 0 && root[len - 1] == '/';
	return strncmp(path, root, len) == 0 && path[len] == '/';
}

/* open_real opens a path that had no symbolic link in it when it was looked at, and fails when it
 * has one by now: otherwise whoever may write there could lead us out between look and open. */
static int
open_real(const char *path)
{
	struct open_how how = { .flags = OPEN_FLAGS, .resolve = RESOLVE_NO_SYMLINKS };
	long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

int
conf_include_open(const char *path, const char *root, bool can_leave, int *ret_fd)
{
	char *real_path = NULL;
	char *real_root = NULL;
	int fd = -1;

	if (root == NULL || can_leave) {
		fd = open(path, OPEN_FLAGS);
		fd = fd < 0 ? -errno : fd;
		goto out;
	}
	real_path = realpath(path, NULL);
	if (real_path == NULL) {
		fd = -errno;
		goto out;
	}
	real_root = realpath(root, NULL);
	if (real_root == NULL) {
		fd = -errno;
		goto out;
	}
	fd = is_within(real_path, real_root) ? open_real(real_path) : -EXDEV;
out:
	free(real_path);
	free(real_root);
	if (fd < 0) {
		return fd;
	}
	*ret_fd = fd;
	return 0;
}

static int
read_bytes(int fd, char *text, size_t size, size_t *ret_len)
{
	size_t len = 0;

	while (len < size) {
		ssize_t got = read(fd, text + len, size - len);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return -errno;
		}
		if (got == 0) {
			break; /* shorter than it was */
		}
		len += (size_t)got;
	}
	*ret_len = len;
	return 0;
}

int
conf_read_whole(int fd, size_t bytes_max, char **ret_text, size_t *ret_len, struct stat *ret_status)
{
	struct stat status;
	char *text = NULL;
	size_t len = 0;
	int rc = 0;

	if (fstat(fd, &status) != 0) {
		return -errno;
	}
	if (!S_ISREG(status.st_mode)) {
		return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	}
	if ((uint64_t)status.st_size > bytes_max) {
		return -EFBIG;
	}
	text = malloc((size_t)status.st_size + 1);
	if (text == NULL) {
		return -ENOMEM;
	}
	rc = read_bytes(fd, text, (size_t)status.st_size, &len);
	if (rc != 0) {
		free(text);
		return rc;
	}
	text[len] = '\0';
	*ret_text = text;
	*ret_len = len;
	if (ret_status != NULL) {
		*ret_status = status;
	}
	return 0;
}
