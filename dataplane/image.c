#include "dataplane/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table/ipc.h"

static int
fail(int err, struct tbl_error *error, const char *what)
{
	(void)snprintf(error->text, sizeof(error->text), "%.120s: %s", what, strerrordesc_np(-err));
	return err;
}

int
dp_image_from_memfd(int fd, struct dp_image **ret_image, struct tbl_error *ret_error)
{
	struct dp_image *image = calloc(1, sizeof(*image));
	int err = -ENOMEM;

	if (image != NULL) {
		err = tbl_image_map(fd, true, &image->bytes, &image->size);
	}
	if (err != 0) {
		free(image);
		close(fd);
		return fail(err, ret_error,
				err == -EPERM ? "the image is not a sealed memfd"
					      : "the image cannot be mapped");
	}
	image->fd = fd;
	image->hold_cnt = 1;
	*ret_image = image;
	return 0;
}

/* Copies the whole of `file` into `memfd`. */
static int
copy_bytes(int file, int memfd, struct tbl_error *error)
{
	struct stat st;
	off_t off = 0;

	if (fstat(file, &st) != 0) {
		return fail(-errno, error, "the file cannot be read");
	}
	if (!S_ISREG(st.st_mode) || st.st_size == 0 || (uint64_t)st.st_size > TBL_IMAGE_MAX) {
		(void)snprintf(error->text, sizeof(error->text), "%s",
				!S_ISREG(st.st_mode) ? "not a regular file"
				: st.st_size == 0    ? "the file is empty"
						     : "the file is too large");
		return -EBADMSG;
	}
	while (off < st.st_size) {
		ssize_t done = sendfile(memfd, file, &off, (size_t)(st.st_size - off));

		if (done <= 0) {
			/* 0: shorter than it said, somebody is writing it. */
			return fail(done < 0 ? -errno : -EBUSY, error, "the file cannot be read");
		}
	}
	return 0;
}

int
dp_image_from_file(const char *path, struct dp_image **ret_image, struct tbl_error *ret_error)
{
	const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
	/* Opening a FIFO would wait for a writer. */
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int memfd;
	int err;

	if (file < 0) {
		return fail(-errno, ret_error, "the file cannot be opened");
	}
	if (fstat(file, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(file);
		return fail(-EINVAL, ret_error, "it is no plain file");
	}
	memfd = memfd_create("meridian-table", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	err = memfd < 0 ? fail(-errno, ret_error, "no memory for it")
	                : copy_bytes(file, memfd, ret_error);
	if (err == 0 && fcntl(memfd, F_ADD_SEALS, seals) != 0) {
		err = fail(-errno, ret_error, "its memory cannot be sealed");
	}
	close(file);
	if (err == 0) {
		return dp_image_from_memfd(memfd, ret_image, ret_error);
	}
	if (memfd >= 0) {
		close(memfd);
	}
	return err;
}

struct dp_image *
dp_image_hold(struct dp_image *image)
{
	image->hold_cnt++;
	return image;
}

void
dp_image_drop(struct dp_image *image)
{
	if (image == NULL || --image->hold_cnt > 0) {
		return;
	}
	/* The mapping was never const, its bytes are. NOLINTNEXTLINE(performance-no-int-to-ptr) */
	munmap((void *)(uintptr_t)image->bytes, image->size);
	close(image->fd);
	free(image);
}
