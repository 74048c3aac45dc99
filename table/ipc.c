#include "table/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table/format.h"

/* Room for more descriptors than a message may have, so that what a peer sends too much of arrives
 * here and is closed instead of staying in the socket's queue. 253 is the kernel's SCM_MAX_FD. */
#define FDS_MAX 253u

#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

void
tbl_ipc_init(struct tbl_ipc_msg *msg, enum tbl_ipc_kind kind)
{
	memset(msg, 0, sizeof(*msg));
	msg->magic = TBL_IPC_MAGIC;
	msg->version = TBL_IPC_VERSION;
	msg->kind = kind;
}

/* Ancillary data, aligned as the CMSG macros want it. */
union control_one {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};
union control_many {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

int
tbl_ipc_send(int sock, const struct tbl_ipc_msg *msg, int fd)
{
	struct tbl_ipc_msg copy = *msg; /* iovec wants writable bytes */
	struct iovec iov = { .iov_base = &copy, .iov_len = sizeof(copy) };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control_one control;
	ssize_t sent;

	if (fd >= 0) {
		struct cmsghdr *cmsg;

		memset(&control, 0, sizeof(control));
		header.msg_control = control.bytes;
		header.msg_controllen = sizeof(control.bytes);
		cmsg = CMSG_FIRSTHDR(&header);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	do {
		sent = sendmsg(sock, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0; /* SEQPACKET: all of it or nothing */
}

/* Takes the first descriptor out of a message's ancillary data and closes all others. */
static int
take_fd(struct msghdr *header)
{
	int taken = -1;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(header); cmsg != NULL;
			cmsg = CMSG_NXTHDR(header, cmsg)) {
		size_t cnt = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS) {
			continue;
		}
		for (size_t i = 0; i < cnt; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(fd));
			if (taken < 0) {
				taken = fd;
			} else {
				(void)close(fd);
			}
		}
	}
	return taken;
}

static bool
is_message(const struct tbl_ipc_msg *msg, size_t size, int flags)
{
	return size == sizeof(*msg) && (flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 &&
	       msg->magic == TBL_IPC_MAGIC && msg->version == TBL_IPC_VERSION &&
	       msg->kind >= TBL_IPC_HELLO && msg->kind <= TBL_IPC_REFUSED &&
	       memchr(msg->text, '\0', sizeof(msg->text)) != NULL;
}

int
tbl_ipc_recv(int sock, struct tbl_ipc_msg *ret_msg, int *ret_fd)
{
	struct tbl_ipc_msg msg;
	struct iovec iov = { .iov_base = &msg, .iov_len = sizeof(msg) };
	union control_many control;
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t size;
	int fd;

	do {
		size = recvmsg(sock, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (size < 0 && errno == EINTR);
	if (size < 0) {
		return -errno;
	}
	fd = take_fd(&header);
	if (size == 0 || !is_message(&msg, (size_t)size, header.msg_flags)) {
		if (fd >= 0) {
			(void)close(fd);
		}
		/* An empty SEQPACKET message looks like the end of file; nobody of ours sends one. */
		return size == 0 ? -ECONNRESET : -EBADMSG;
	}
	*ret_msg = msg;
	*ret_fd = fd;
	return 0;
}

/* Images */

static int
write_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0 && errno != EINTR) {
			return -errno;
		}
		if (written > 0) {
			bytes += written;
			size -= (size_t)written;
		}
	}
	return 0;
}

int
tbl_image_to_memfd(const char *name, const void *bytes, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int rc;

	if (fd < 0) {
		return -errno;
	}
	rc = write_all(fd, bytes, size);
	if (rc == 0 && fcntl(fd, F_ADD_SEALS, SEALS) != 0) {
		rc = -errno;
	}
	if (rc != 0) {
		(void)close(fd);
		return rc;
	}
	return fd;
}

/* A sealed memfd cannot change or shrink under the mapping. Private, because kernels before 6.7
 * refuse shared mappings of a write-sealed file even for reading; the pages are the memfd's own
 * either way. Populated, so that no worker takes a page fault. */
static int
map_sealed(int fd, size_t size, const void **ret_image)
{
	int seals = fcntl(fd, F_GET_SEALS);
	void *image;

	if (seals < 0 || (seals & SEALS) != SEALS) {
		return -EPERM;
	}
	image = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (image == MAP_FAILED) {
		return -errno;
	}
	*ret_image = image;
	return 0;
}

static int
read_all(int fd, uint8_t *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = pread(fd, bytes + done, size - done, (off_t)done);

		if (got < 0 && errno != EINTR) {
			return -errno;
		}
		if (got == 0) {
			return -EBADMSG; /* it became shorter */
		}
		done += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

/* A plain file can be cut or rewritten by anybody at any time, which a mapping of it would turn into
 * SIGBUS or unchecked bytes. So this maps memory of our own and reads the file into it. */
static int
map_copy(int fd, size_t size, const void **ret_image)
{
	void *image = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int rc;

	if (image == MAP_FAILED) {
		return -errno;
	}
	rc = read_all(fd, image, size);
	if (rc == 0 && mprotect(image, size, PROT_READ) != 0) {
		rc = -errno;
	}
	if (rc != 0) {
		(void)munmap(image, size);
		return rc;
	}
	*ret_image = image;
	return 0;
}

int
tbl_image_map(int fd, bool must_be_sealed, const void **ret_image, size_t *ret_size)
{
	struct stat status;
	size_t size;
	int rc;

	if (fstat(fd, &status) != 0) {
		return -errno;
	}
	if (!S_ISREG(status.st_mode) || status.st_size <= 0 ||
			(uint64_t)status.st_size > TBL_IMAGE_MAX) {
		return -EBADMSG;
	}
	size = (size_t)status.st_size;
	rc = must_be_sealed ? map_sealed(fd, size, ret_image) : map_copy(fd, size, ret_image);
	if (rc == 0) {
		*ret_size = size;
	}
	return rc;
}
