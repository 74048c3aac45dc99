#include "tests/unit/control/fake_plane.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "table/format.h"

#include "tests/unit/test.h"

static void
copy_image(int fd, void **copy, size_t *bytes)
{
	const void *image;
	size_t size;

	assert_true(fd >= 0);
	assert_int_equal(tbl_image_map(fd, true, &image, &size), 0);
	free(*copy);
	*copy = aligned_alloc(
			TBL_ALIGN_BYTES, (size + TBL_ALIGN_BYTES - 1) & ~(TBL_ALIGN_BYTES - 1ul));
	assert_non_null(*copy);
	memcpy(*copy, image, size);
	*bytes = size;
	/* Mapped to be read; munmap does not care. NOLINTNEXTLINE(performance-no-int-to-ptr) */
	munmap((void *)(uintptr_t)image, size);
}

static void
take_image(struct fake_plane *plane, const struct tbl_ipc_msg *msg, int fd)
{
	if (msg->kind == TBL_IPC_TABLE) {
		const struct tbl_header *header;

		copy_image(fd, &plane->image, &plane->image_bytes);
		header = plane->image;
		plane->served.generation = header->generation;
		plane->served.content_hash = header->content_hash;
	} else {
		copy_image(fd, &plane->selection, &plane->selection_bytes);
		plane->served.sequence = msg->sequence;
	}
}

void
fake_plane_answer(struct fake_plane *plane, enum tbl_ipc_kind kind)
{
	struct tbl_ipc_msg msg = plane->served;

	tbl_ipc_init(&msg, kind);
	msg.generation = plane->served.generation;
	msg.sequence = plane->served.sequence;
	msg.content_hash = plane->served.content_hash;
	msg.zone_cnt = plane->served.zone_cnt;
	msg.rrset_cnt = plane->served.rrset_cnt;
	msg.pid = 4711;
	msg.worker_cnt = 2;
	if (kind == TBL_IPC_REFUSED) {
		msg.status = -EBADMSG;
		(void)snprintf(msg.text, sizeof(msg.text), "a test refuses everything");
	} else if (kind == TBL_IPC_HELLO) {
		(void)snprintf(msg.text, sizeof(msg.text), "test");
	} else {
		msg.swap_ns = 1500;
	}
	assert_int_equal(tbl_ipc_send(plane->sock, &msg, -1), 0);
}

void
fake_plane_hang_up(struct fake_plane *plane)
{
	if (plane->reading != NULL) {
		event_free(plane->reading);
		plane->reading = NULL;
	}
	if (plane->sock >= 0) {
		close(plane->sock);
		plane->sock = -1;
	}
}

static void
on_message(evutil_socket_t sock, short what, void *arg)
{
	struct fake_plane *plane = arg;
	struct tbl_ipc_msg msg;
	int fd = -1;
	int err = tbl_ipc_recv(sock, &msg, &fd);

	(void)what;
	if (err == -ECONNRESET) {
		fake_plane_hang_up(plane);
		return;
	}
	assert_int_equal(err, 0);
	assert_true(plane->message_cnt < FAKE_MESSAGES_MAX);
	plane->messages[plane->message_cnt++] = msg;
	switch (plane->manner) {
	case FAKE_ACKS:
		take_image(plane, &msg, fd);
		fake_plane_answer(plane, TBL_IPC_ACK);
		break;
	case FAKE_REFUSES:
		fake_plane_answer(plane, TBL_IPC_REFUSED);
		break;
	case FAKE_HANGS_UP:
		fake_plane_hang_up(plane);
		break;
	case FAKE_IS_MUTE:
		break;
	}
	if (fd >= 0) {
		close(fd);
	}
}

static void
on_connection(evutil_socket_t listener, short what, void *arg)
{
	struct fake_plane *plane = arg;

	(void)what;
	assert_int_equal(plane->sock, -1);
	plane->sock = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(plane->sock >= 0);
	plane->connection_cnt++;
	plane->reading = event_new(
			plane->base, plane->sock, EV_READ | EV_PERSIST, on_message, plane);
	event_add(plane->reading, NULL);
	if (!plane->is_silent) {
		fake_plane_answer(plane, TBL_IPC_HELLO);
	}
}

void
fake_plane_open(struct fake_plane *plane, struct event_base *base, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	plane->base = base;
	plane->path = path;
	plane->sock = -1;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	plane->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(plane->listener >= 0);
	assert_int_equal(bind(plane->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(plane->listener, 1), 0);
	plane->accepting = event_new(
			base, plane->listener, EV_READ | EV_PERSIST, on_connection, plane);
	event_add(plane->accepting, NULL);
}

void
fake_plane_close(struct fake_plane *plane)
{
	fake_plane_hang_up(plane);
	event_free(plane->accepting);
	close(plane->listener);
	unlink(plane->path);
	free(plane->image);
	free(plane->selection);
}
