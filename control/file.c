#include "control/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
write_all(int fd, const unsigned char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t done = write(fd, bytes, size);

		if (done < 0) {
			if (errno == EINTR) {
				continue;
			}
			return -errno;
		}
		bytes += done;
		size -= (size_t)done;
	}
	return 0;
}

/* The rename itself is only durable once its directory is. */
static int
sync_directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == NULL   ? strdup(".")
	            : slash == path ? strdup("/")
	                            : strndup(path, (size_t)(slash - path));
	int fd;
	int err = 0;

	if (dir == NULL) {
		return -ENOMEM;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (fd < 0) {
		return -errno;
	}
	/* Some file systems cannot flush a directory and say EINVAL; there is nothing more to do. */
	if (fsync(fd) != 0 && errno != EINVAL) {
		err = -errno;
	}
	close(fd);
	return err;
}

static int
write_file(int fd, mode_t mode, const void *bytes, size_t size, bool is_flushed)
{
	int err = write_all(fd, bytes, size);

	if (err == 0 && fchmod(fd, mode) != 0) {
		err = -errno;
	}
	if (err == 0 && is_flushed && fsync(fd) != 0 && errno != EINVAL) {
		err = -errno; /* EINVAL: a file system without fsync */
	}
	if (close(fd) != 0 && err == 0) {
		err = -errno;
	}
	return err;
}

/* A device or a pipe ("-o /dev/stdout") is written to, not replaced. */
static bool
is_special_file(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

static int
replace_file(const char *path, mode_t mode, const void *bytes, size_t size, bool is_flushed)
{
	char *temporary = NULL;
	int fd;
	int err;

	if (is_special_file(path)) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0) {
			return -errno;
		}
		err = write_all(fd, bytes, size);
		close(fd);
		return err;
	}
	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		return -ENOMEM;
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		free(temporary);
		return err;
	}
	err = write_file(fd, mode, bytes, size, is_flushed);
	if (err == 0 && rename(temporary, path) != 0) {
		err = -errno;
	}
	if (err != 0) {
		unlink(temporary);
	} else if (is_flushed) {
		err = sync_directory_of(path);
	}
	free(temporary);
	return err;
}

int
cp_file_write(const char *path, mode_t mode, const void *bytes, size_t size)
{
	return replace_file(path, mode, bytes, size, true);
}

int
cp_file_swap(const char *path, mode_t mode, const void *bytes, size_t size)
{
	return replace_file(path, mode, bytes, size, false);
}

static int
read_all(int fd, char *bytes, size_t size, size_t *ret_size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t done = read(fd, bytes + len, size - len);

		if (done < 0 && errno == EINTR) {
			continue;
		}
		if (done < 0) {
			return -errno;
		}
		if (done == 0) {
			break;
		}
		len += (size_t)done;
	}
	*ret_size = len;
	return 0;
}

int
cp_file_read(const char *path, size_t size_max, char **ret_bytes, size_t *ret_size)
{
	/* Not waiting: a FIFO is refused below, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat info;
	char *bytes = NULL;
	size_t size = 0;
	int err = 0;

	if (fd < 0) {
		return -errno;
	}
	if (fstat(fd, &info) != 0) {
		err = -errno;
	} else if (!S_ISREG(info.st_mode)) {
		err = S_ISDIR(info.st_mode) ? -EISDIR : -EINVAL;
	} else if ((uint64_t)info.st_size > size_max) {
		err = -EFBIG;
	} else {
		bytes = aligned_alloc(CP_FILE_ALIGN_BYTES,
				((size_t)info.st_size / CP_FILE_ALIGN_BYTES + 1) *
						CP_FILE_ALIGN_BYTES);
		err = bytes == NULL ? -ENOMEM : read_all(fd, bytes, (size_t)info.st_size, &size);
	}
	close(fd);
	if (err != 0 || bytes == NULL) {
		free(bytes);
		return err;
	}
	bytes[size] = '\0';
	*ret_bytes = bytes;
	*ret_size = size;
	return 0;
}

char *
cp_path_join(const char *dir, const char *name)
{
	char *path = NULL;

	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}
