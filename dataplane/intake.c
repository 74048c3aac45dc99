#include "dataplane/intake.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "dataplane/sockets.h"

struct dp_intake {
	struct dp_intake_params params;
	struct sockaddr_un address;
	int listen_fd;
	int publisher_fd; /* -1: nobody */
	struct event *listen_event;
	struct event *publisher_event;
};

static void
say(const struct dp_intake *intake, const char *text)
{
	intake->params.say(intake->params.arg, text);
}

/* Fills in what is served, as every message of ours does. */
static void
describe_served(const struct dp_intake *intake, struct tbl_ipc_msg *msg)
{
	const struct dp_served *served = dp_swap_current(intake->params.adopter->swap);

	if (served != NULL) {
		msg->generation = served->view.header->generation;
		msg->content_hash = served->view.header->content_hash;
		msg->sequence = served->view.select->sequence;
		msg->zone_cnt = (uint32_t)served->view.header->sections[TBL_SECTION_ZONES].cnt;
		msg->rrset_cnt = (uint32_t)served->view.header->sections[TBL_SECTION_RRSETS].cnt;
	}
}

static void
close_publisher(struct dp_intake *intake)
{
	if (intake->publisher_event != NULL) {
		event_free(intake->publisher_event);
		intake->publisher_event = NULL;
	}
	if (intake->publisher_fd >= 0) {
		close(intake->publisher_fd);
		intake->publisher_fd = -1;
	}
}

static void
refuse(struct tbl_ipc_msg *reply, int err, const char *text)
{
	reply->kind = TBL_IPC_REFUSED;
	reply->status = err;
	(void)snprintf(reply->text, sizeof(reply->text), "%s", text);
}

/* Takes the image of a TABLE or SELECTION over; `fd` is closed or owned by the image after it. */
static int
adopt(struct dp_intake *intake, const struct tbl_ipc_msg *msg, int fd, uint64_t *swap_ns,
		struct tbl_error *error)
{
	struct dp_adopter *adopter = intake->params.adopter;
	struct dp_image *image;
	int err;

	if (fd < 0) {
		(void)snprintf(error->text, sizeof(error->text), "no image came with the message");
		return -EBADMSG;
	}
	err = dp_image_from_memfd(fd, &image, error);
	if (err != 0) {
		return err;
	}
	if (image->size != msg->image_bytes) {
		(void)snprintf(error->text, sizeof(error->text),
				"the image has %zu bytes, the message says %" PRIu64, image->size,
				msg->image_bytes);
		dp_image_drop(image);
		return -EBADMSG;
	}
	return msg->kind == TBL_IPC_TABLE ? dp_adopt_table(adopter, image, NULL, swap_ns, error)
	                                  : dp_adopt_selection(adopter, image, swap_ns, error);
}

/* Answers one message. Returns a negative errno when the connection is of no more use. */
static int
handle(struct dp_intake *intake, const struct tbl_ipc_msg *msg, int fd)
{
	struct tbl_ipc_msg reply;
	struct tbl_error error = { .text = "" };
	uint64_t swap_ns = 0;
	int err = 0;

	tbl_ipc_init(&reply, TBL_IPC_ACK);
	switch (msg->kind) {
	case TBL_IPC_TABLE:
	case TBL_IPC_SELECTION:
		err = adopt(intake, msg, fd, &swap_ns, &error);
		break;
	case TBL_IPC_PING:
		if (fd >= 0) {
			close(fd);
		}
		break;
	default:
		if (fd >= 0) {
			close(fd);
		}
		return -EBADMSG;
	}
	reply.swap_ns = swap_ns;
	describe_served(intake, &reply);
	if (err != 0) {
		refuse(&reply, err, error.text);
		say(intake, error.text);
	}
	return tbl_ipc_send(intake->publisher_fd, &reply, -1);
}

static void
on_message(evutil_socket_t fd, short events, void *arg)
{
	struct dp_intake *intake = arg;
	struct tbl_ipc_msg msg;
	int image_fd = -1;
	int err = tbl_ipc_recv(fd, &msg, &image_fd);

	(void)events;
	if (err == 0) {
		err = handle(intake, &msg, image_fd);
	} else if (err == -EAGAIN) {
		return;
	}
	if (err == -EBADMSG) {
		say(intake, "publisher: not a message of this protocol version; connection closed");
	}
	if (err != 0) {
		close_publisher(intake);
	}
}

/* Whether the publisher has gone; what it still had to say lies unread before the end. */
static bool
is_gone(const struct dp_intake *intake)
{
	struct pollfd end = { .fd = intake->publisher_fd, .events = POLLRDHUP };

	return poll(&end, 1, 0) == 1 && (end.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static void
turn_away(int fd)
{
	struct tbl_ipc_msg msg;

	tbl_ipc_init(&msg, TBL_IPC_REFUSED);
	refuse(&msg, -EBUSY, "another publisher is connected");
	(void)tbl_ipc_send(fd, &msg, -1);
	close(fd);
}

static void
on_connection(evutil_socket_t listen_fd, short events, void *arg)
{
	struct dp_intake *intake = arg;
	struct tbl_ipc_msg hello;
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0) {
		return;
	}
	/* Its end and a successor's beginning may have come in either order. */
	while (intake->publisher_fd >= 0 && is_gone(intake)) {
		on_message(intake->publisher_fd, EV_READ, intake);
	}
	if (intake->publisher_fd >= 0) {
		turn_away(fd);
		return;
	}
	tbl_ipc_init(&hello, TBL_IPC_HELLO);
	describe_served(intake, &hello);
	hello.pid = (uint32_t)getpid();
	hello.worker_cnt = intake->params.worker_cnt;
	(void)snprintf(hello.text, sizeof(hello.text), "%s", MERIDIAN_VERSION);
	intake->publisher_fd = fd;
	intake->publisher_event = event_new(
			intake->params.base, fd, EV_READ | EV_PERSIST, on_message, intake);
	if (intake->publisher_event == NULL || event_add(intake->publisher_event, NULL) != 0 ||
			tbl_ipc_send(fd, &hello, intake->params.stats_fd) != 0) {
		close_publisher(intake);
	}
}

static int
listen_at(struct dp_intake *intake)
{
	const struct sockaddr_un *address = &intake->address;
	mode_t mask;
	int err;

	if (mkdir(intake->params.run_dir, 0755) != 0 && errno != EEXIST) {
		return -errno;
	}
	err = dp_socket_bury(address->sun_path);
	if (err != 0) {
		return err;
	}
	intake->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (intake->listen_fd < 0) {
		return -errno;
	}
	/* The file is made with its final mode: no moment in which anybody may connect. */
	mask = umask(0117);
	err = bind(intake->listen_fd, (const struct sockaddr *)address, sizeof(*address)) == 0
	                      ? 0
	                      : -errno;
	umask(mask);
	/* A second publisher is turned away at once, so a short queue is enough. */
	return err == 0 && listen(intake->listen_fd, 4) != 0 ? -errno : err;
}

int
dp_intake_open(const struct dp_intake_params *params, struct dp_intake **ret_intake,
		struct tbl_error *ret_error)
{
	struct dp_intake *intake = calloc(1, sizeof(*intake));
	int len;
	int err;

	if (intake == NULL) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "out of memory");
		return -ENOMEM;
	}
	intake->params = *params;
	intake->listen_fd = -1;
	intake->publisher_fd = -1;
	intake->address.sun_family = AF_UNIX;
	len = snprintf(intake->address.sun_path, sizeof(intake->address.sun_path), "%s/%s",
			params->run_dir, DP_INTAKE_NAME);
	err = len < (int)sizeof(intake->address.sun_path) ? listen_at(intake) : -ENAMETOOLONG;
	if (err == 0) {
		intake->listen_event = event_new(params->base, intake->listen_fd,
				EV_READ | EV_PERSIST, on_connection, intake);
		err = intake->listen_event != NULL && event_add(intake->listen_event, NULL) == 0
		                      ? 0
		                      : -ENOMEM;
	}
	if (err != 0) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "%.100s/%s: %s",
				params->run_dir, DP_INTAKE_NAME,
				err == -EADDRINUSE ? "another meridiand is running on it"
						   : strerrordesc_np(-err));
		dp_intake_close(intake);
		return err;
	}
	*ret_intake = intake;
	return 0;
}

void
dp_intake_close(struct dp_intake *intake)
{
	if (intake == NULL) {
		return;
	}
	close_publisher(intake);
	if (intake->listen_event != NULL) {
		event_free(intake->listen_event);
		(void)unlink(intake->address.sun_path);
	}
	if (intake->listen_fd >= 0) {
		close(intake->listen_fd);
	}
	free(intake);
}
