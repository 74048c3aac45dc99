#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "table/format.h"
#include "table/ipc.h"

#include "tests/unit/test.h"

struct pair {
	int a;
	int b;
};

static struct pair
open_pair(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	return (struct pair){ fds[0], fds[1] };
}

static void
close_pair(struct pair pair)
{
	(void)close(pair.a);
	(void)close(pair.b);
}

/* Descriptors of this process: every test must leave as many as it found. */
static int
count_fds(void)
{
	int cnt = 0;

	for (int fd = 0; fd < 256; fd++) {
		cnt += fcntl(fd, F_GETFD) >= 0;
	}
	return cnt;
}

static void
unmap(const void *image, size_t size)
{
	void *bytes;

	memcpy(&bytes, &image, sizeof(bytes)); /* a mapping was never const, its bytes are */
	assert_int_equal(munmap(bytes, size), 0);
}

static void
a_message_arrives_whole_with_its_descriptor(void **state)
{
	static const char bytes[] = "an image";
	struct pair pair = open_pair();
	int fds_before = count_fds();
	struct tbl_ipc_msg sent;
	struct tbl_ipc_msg got;
	const void *image;
	size_t size;
	int fd = tbl_image_to_memfd("test", bytes, sizeof(bytes));
	int got_fd;

	(void)state;
	assert_true(fd >= 0);
	tbl_ipc_init(&sent, TBL_IPC_TABLE);
	sent.generation = 3;
	sent.image_bytes = sizeof(bytes);
	assert_int_equal(tbl_ipc_recv(pair.b, &got, &got_fd), -EAGAIN);
	assert_int_equal(tbl_ipc_send(pair.a, &sent, fd), 0);
	(void)close(fd);
	assert_int_equal(tbl_ipc_recv(pair.b, &got, &got_fd), 0);
	assert_memory_equal(&got, &sent, sizeof(got));
	assert_int_equal(fcntl(got_fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(tbl_image_map(got_fd, true, &image, &size), 0);
	assert_int_equal(size, sizeof(bytes));
	assert_memory_equal(image, bytes, size);
	unmap(image, size);
	(void)close(got_fd);

	tbl_ipc_init(&sent, TBL_IPC_PING);
	assert_int_equal(tbl_ipc_send(pair.b, &sent, -1), 0);
	assert_int_equal(tbl_ipc_recv(pair.a, &got, &got_fd), 0);
	assert_int_equal(got.kind, TBL_IPC_PING);
	assert_int_equal(got_fd, -1);
	assert_int_equal(count_fds(), fds_before);
	close_pair(pair);
}

/* Sends raw bytes with `fd_cnt` descriptors, as a peer of another program might. */
static void
send_raw(int sock, void *bytes, size_t size, size_t fd_cnt)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = bytes, .iov_len = size };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };

	memset(&control, 0, sizeof(control));
	if (fd_cnt > 0) {
		struct cmsghdr *cmsg;

		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(fd_cnt * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&header);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(fd_cnt * sizeof(int));
		for (size_t i = 0; i < fd_cnt; i++) {
			memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &sock, sizeof(sock));
		}
	}
	assert_int_equal(sendmsg(sock, &header, 0), (ssize_t)size);
}

static void
strange_messages_are_refused_and_leak_nothing(void **state)
{
	static const struct {
		size_t off; /* field to change */
		uint8_t value;
		size_t size; /* bytes sent */
	} rows[] = {
		{ offsetof(struct tbl_ipc_msg, magic), 0, sizeof(struct tbl_ipc_msg) },
		{ offsetof(struct tbl_ipc_msg, version), TBL_IPC_VERSION + 1,
				sizeof(struct tbl_ipc_msg) },
		{ offsetof(struct tbl_ipc_msg, kind), 0, sizeof(struct tbl_ipc_msg) },
		{ offsetof(struct tbl_ipc_msg, kind), TBL_IPC_REFUSED + 1,
				sizeof(struct tbl_ipc_msg) },
		{ offsetof(struct tbl_ipc_msg, kind), TBL_IPC_PING,
				sizeof(struct tbl_ipc_msg) - 1 },
		{ offsetof(struct tbl_ipc_msg, kind), TBL_IPC_PING,
				sizeof(struct tbl_ipc_msg) + 1 },
		{ offsetof(struct tbl_ipc_msg, kind), TBL_IPC_PING, 1 },
	};
	struct pair pair = open_pair();
	int fds_before = count_fds();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t bytes[sizeof(struct tbl_ipc_msg) + 1] = { 0 };
		struct tbl_ipc_msg msg;
		int fd = -2;

		tbl_ipc_init(&msg, TBL_IPC_PING);
		memcpy(bytes, &msg, sizeof(msg));
		bytes[rows[i].off] = rows[i].value;
		send_raw(pair.a, bytes, rows[i].size, i % 3);
		if (tbl_ipc_recv(pair.b, &msg, &fd) != -EBADMSG || fd != -2) {
			fail_msg("row %zu accepted, or outputs touched", i);
		}
	}
	assert_int_equal(count_fds(), fds_before);
	close_pair(pair);
}

static void
a_text_without_an_end_is_refused(void **state)
{
	struct pair pair = open_pair();
	struct tbl_ipc_msg msg;
	int fd;

	(void)state;
	tbl_ipc_init(&msg, TBL_IPC_REFUSED);
	memset(msg.text, 'x', sizeof(msg.text));
	assert_int_equal(tbl_ipc_send(pair.a, &msg, -1), 0);
	assert_int_equal(tbl_ipc_recv(pair.b, &msg, &fd), -EBADMSG);
	close_pair(pair);
}

static void
surplus_descriptors_are_closed(void **state)
{
	struct pair pair = open_pair();
	int fds_before = count_fds();
	struct tbl_ipc_msg msg;
	int fd;

	(void)state;
	tbl_ipc_init(&msg, TBL_IPC_TABLE);
	send_raw(pair.a, &msg, sizeof(msg), 8);
	assert_int_equal(tbl_ipc_recv(pair.b, &msg, &fd), 0);
	assert_int_equal(count_fds(), fds_before + 1);
	(void)close(fd);
	close_pair(pair);
}

static void
a_closed_or_full_socket_is_an_error_not_a_signal(void **state)
{
	struct pair pair = open_pair();
	struct tbl_ipc_msg msg;
	int rc = 0;
	int fd;

	(void)state;
	tbl_ipc_init(&msg, TBL_IPC_PING);
	while (rc == 0) {
		rc = tbl_ipc_send(pair.a, &msg, -1);
	}
	assert_int_equal(rc, -EAGAIN);
	(void)close(pair.a);
	do {
		rc = tbl_ipc_recv(pair.b, &msg, &fd);
	} while (rc == 0);
	assert_int_equal(rc, -ECONNRESET);
	assert_int_equal(tbl_ipc_send(pair.b, &msg, -1), -EPIPE); /* SIGPIPE would end the test */
	(void)close(pair.b);
}

static void
only_sealed_images_are_mapped_where_seals_are_asked_for(void **state)
{
	static const int seals[] = { 0, F_SEAL_WRITE, F_SEAL_WRITE | F_SEAL_SHRINK,
		F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SEAL,
		F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };
	const void *image = NULL;
	size_t size = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(seals); i++) {
		int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

		assert_true(fd >= 0);
		assert_int_equal(write(fd, "x", 1), 1);
		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals[i]), 0);
		assert_int_equal(tbl_image_map(fd, true, &image, &size), -EPERM);
		assert_null(image);
		(void)close(fd);
	}
}

static void
sealed_images_cannot_change(void **state)
{
	int fd = tbl_image_to_memfd("test", "abc", 3);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_int_equal(ftruncate(fd, 9), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
	(void)close(fd);
}

/* A plain file is read, not mapped: cutting it afterwards changes nothing, and nobody gets SIGBUS. */
static void
a_plain_file_may_shrink_afterwards(void **state)
{
	char path[] = "/tmp/meridian-test-XXXXXX";
	int fd = mkstemp(path);
	static uint8_t bytes[3 * 4096];
	const void *image;
	size_t size;

	(void)state;
	assert_true(fd >= 0);
	(void)unlink(path);
	assert_int_equal(tbl_image_map(fd, false, &image, &size), -EBADMSG); /* empty */
	memset(bytes, 'm', sizeof(bytes));
	assert_int_equal(write(fd, bytes, sizeof(bytes)), (ssize_t)sizeof(bytes));
	assert_int_equal(tbl_image_map(fd, true, &image, &size), -EPERM);
	assert_int_equal(tbl_image_map(fd, false, &image, &size), 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(size, sizeof(bytes));
	assert_memory_equal(image, bytes, size);
	unmap(image, size);
	(void)close(fd);
}

static void
what_is_no_file_is_refused(void **state)
{
	const void *image;
	size_t size;
	int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int huge = memfd_create("test", MFD_CLOEXEC);
	struct pair pair = open_pair();

	(void)state;
	assert_int_equal(tbl_image_map(-1, false, &image, &size), -EBADF);
	assert_int_equal(tbl_image_map(dir, false, &image, &size), -EBADMSG);
	assert_int_equal(tbl_image_map(pair.a, true, &image, &size), -EBADMSG);
	/* Sparse: no memory is used unless somebody reads it. */
	assert_int_equal(ftruncate(huge, (off_t)TBL_IMAGE_MAX + 1), 0);
	assert_int_equal(tbl_image_map(huge, false, &image, &size), -EBADMSG);
	(void)close(dir);
	(void)close(huge);
	close_pair(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_arrives_whole_with_its_descriptor),
		cmocka_unit_test(strange_messages_are_refused_and_leak_nothing),
		cmocka_unit_test(a_text_without_an_end_is_refused),
		cmocka_unit_test(surplus_descriptors_are_closed),
		cmocka_unit_test(a_closed_or_full_socket_is_an_error_not_a_signal),
		cmocka_unit_test(only_sealed_images_are_mapped_where_seals_are_asked_for),
		cmocka_unit_test(sealed_images_cannot_change),
		cmocka_unit_test(a_plain_file_may_shrink_afterwards),
		cmocka_unit_test(what_is_no_file_is_refused),
	};

	return cmocka_run_group_tests_name("table/ipc", tests, NULL, NULL);
}
