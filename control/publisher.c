#include "control/publisher.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BACKOFF_FIRST_MS 200u /* a restarting meridiand is back within this */
#define BACKOFF_LAST_MS  5000u
/* Checking ten million names takes a second or two; a data plane silent for ten times that is
 * stuck, and a new connection is the way to find out. */
#define REPLY_TIMEOUT_S 30
#define HELLO_TIMEOUT_S 5

/* One image to be sent, or sent and not yet answered. fd -1: none. */
struct parcel {
	struct tbl_ipc_msg msg;
	int fd;
};

struct cp_publisher {
	struct event_base *base;
	char *path;
	struct cp_publisher_events events;
	void *ctx;
	int sock;
	bool has_hello;
	bool is_waiting; /* for the answer to `sent` */
	struct event *readable;
	struct event *retry;
	struct event *deadline;
	uint32_t attempts;
	char last_reason[128];
	struct parcel table;
	struct parcel selection;
	struct tbl_ipc_msg sent;
	uint64_t sent_ns;
};

uint32_t
cp_backoff_ms(uint32_t attempt, uint32_t random)
{
	uint32_t limit_ms = BACKOFF_FIRST_MS;

	while (attempt-- > 0 && limit_ms < BACKOFF_LAST_MS) {
		limit_ms *= 2;
	}
	if (limit_ms > BACKOFF_LAST_MS) {
		limit_ms = BACKOFF_LAST_MS;
	}
	return limit_ms / 2 + (uint32_t)((uint64_t)(limit_ms / 2) * random >> 32);
}

static uint64_t
monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static void
clear_parcel(struct parcel *parcel)
{
	if (parcel->fd >= 0) {
		close(parcel->fd);
		parcel->fd = -1;
	}
}

static void
retry_later(struct cp_publisher *publisher)
{
	uint32_t random;
	uint32_t delay_ms;
	struct timeval delay;

	evutil_secure_rng_get_bytes(&random, sizeof(random));
	delay_ms = cp_backoff_ms(publisher->attempts, random);
	if (publisher->attempts < UINT32_MAX) {
		publisher->attempts++;
	}
	delay = (struct timeval){ .tv_sec = delay_ms / 1000,
		.tv_usec = (suseconds_t)(delay_ms % 1000) * 1000 };
	event_add(publisher->retry, &delay);
}

static void
disconnect(struct cp_publisher *publisher)
{
	event_del(publisher->deadline);
	if (publisher->readable != NULL) {
		event_free(publisher->readable);
		publisher->readable = NULL;
	}
	if (publisher->sock >= 0) {
		close(publisher->sock);
		publisher->sock = -1;
	}
	clear_parcel(&publisher->table);
	clear_parcel(&publisher->selection);
	publisher->has_hello = false;
	publisher->is_waiting = false;
}

static void
lose(struct cp_publisher *publisher, const char *reason)
{
	bool was_connected = publisher->has_hello;
	char copy[sizeof(publisher->last_reason)];

	(void)snprintf(copy, sizeof(copy), "%s", reason);
	disconnect(publisher);
	retry_later(publisher);
	if (was_connected || strcmp(copy, publisher->last_reason) != 0) {
		memcpy(publisher->last_reason, copy, sizeof(copy));
		publisher->events.on_lost(publisher->ctx, copy);
	}
}

static void
lose_by_errno(struct cp_publisher *publisher, const char *what, int err)
{
	char reason[sizeof(publisher->last_reason)];
	char text[64];

	(void)snprintf(reason, sizeof(reason), "%s: %s", what,
			strerror_r(-err, text, sizeof(text)));
	lose(publisher, reason);
}

static void
set_deadline(struct cp_publisher *publisher, time_t seconds)
{
	struct timeval timeout = { .tv_sec = seconds };

	event_add(publisher->deadline, &timeout);
}

/* Sends the next parcel when nothing is unanswered: a selection before its table, which is then
 * served with it from the first answer on. */
static void
send_next(struct cp_publisher *publisher)
{
	struct parcel *next =
			publisher->selection.fd >= 0 ? &publisher->selection : &publisher->table;
	int err;

	if (!publisher->has_hello || publisher->is_waiting || next->fd < 0) {
		return;
	}
	publisher->sent = next->msg;
	publisher->sent_ns = monotonic_ns();
	err = tbl_ipc_send(publisher->sock, &next->msg, next->fd);
	clear_parcel(next);
	if (err != 0) {
		/* Not even -EAGAIN is in order: nothing is under way that could fill the socket. */
		lose_by_errno(publisher, "sending to the data plane", err);
		return;
	}
	publisher->is_waiting = true;
	set_deadline(publisher, REPLY_TIMEOUT_S);
}

static void
take_reply(struct cp_publisher *publisher, const struct tbl_ipc_msg *msg)
{
	struct tbl_ipc_msg sent = publisher->sent;
	uint64_t waited_us = (monotonic_ns() - publisher->sent_ns) / 1000;

	publisher->is_waiting = false;
	event_del(publisher->deadline);
	publisher->events.on_reply(publisher->ctx, &sent, msg, waited_us);
	send_next(publisher);
}

static void
take_message(struct cp_publisher *publisher, struct tbl_ipc_msg *msg, int fd)
{
	msg->text[TBL_IPC_TEXT_MAX - 1] = '\0';
	if (msg->kind == TBL_IPC_HELLO && !publisher->has_hello) {
		publisher->has_hello = true;
		publisher->attempts = 0;
		publisher->last_reason[0] = '\0';
		event_del(publisher->deadline);
		publisher->events.on_hello(publisher->ctx, msg, fd);
		return;
	}
	if (fd >= 0) {
		close(fd);
	}
	if (!publisher->has_hello) {
		lose(publisher, msg->kind == TBL_IPC_REFUSED ? msg->text
							     : "the data plane did not say hello");
	} else if (publisher->is_waiting &&
			(msg->kind == TBL_IPC_ACK || msg->kind == TBL_IPC_REFUSED)) {
		take_reply(publisher, msg);
	} else {
		lose(publisher, "the data plane sent a message out of turn");
	}
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct cp_publisher *publisher = arg;

	(void)fd;
	(void)what;
	while (publisher->sock >= 0) {
		struct tbl_ipc_msg msg;
		int received_fd = -1;
		int err = tbl_ipc_recv(publisher->sock, &msg, &received_fd);

		if (err == -EAGAIN) {
			return;
		}
		if (err == -ECONNRESET) {
			lose(publisher, "the data plane closed the connection");
		} else if (err != 0) {
			lose_by_errno(publisher, "receiving from the data plane", err);
		} else {
			take_message(publisher, &msg, received_fd);
		}
	}
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct cp_publisher *publisher = arg;

	(void)fd;
	(void)what;
	lose(publisher, publisher->has_hello ? "the data plane did not answer within 30 s"
					     : "the data plane did not say hello within 5 s");
}

static int
connect_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock;
	int err;

	if (strlen(path) >= sizeof(address.sun_path)) {
		return -ENAMETOOLONG;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sock < 0) {
		return -errno;
	}
	if (connect(sock, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		err = -errno;
		close(sock);
		return err;
	}
	return sock;
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct cp_publisher *publisher = arg;
	int sock = connect_socket(publisher->path);

	(void)fd;
	(void)what;
	if (sock < 0) {
		lose_by_errno(publisher, publisher->path, sock);
		return;
	}
	publisher->sock = sock;
	publisher->readable = event_new(
			publisher->base, sock, EV_READ | EV_PERSIST, on_readable, publisher);
	if (publisher->readable == NULL || event_add(publisher->readable, NULL) != 0) {
		lose_by_errno(publisher, publisher->path, -ENOMEM);
		return;
	}
	set_deadline(publisher, HELLO_TIMEOUT_S);
}

int
cp_publisher_new(struct event_base *base, const char *socket_path,
		const struct cp_publisher_events *events, void *ctx,
		struct cp_publisher **ret_publisher)
{
	struct cp_publisher *publisher = calloc(1, sizeof(*publisher));

	if (publisher == NULL) {
		return -ENOMEM;
	}
	publisher->base = base;
	publisher->events = *events;
	publisher->ctx = ctx;
	publisher->sock = -1;
	publisher->table.fd = -1;
	publisher->selection.fd = -1;
	publisher->path = strdup(socket_path);
	publisher->retry = evtimer_new(base, on_retry, publisher);
	publisher->deadline = evtimer_new(base, on_deadline, publisher);
	if (publisher->path == NULL || publisher->retry == NULL || publisher->deadline == NULL) {
		cp_publisher_free(publisher);
		return -ENOMEM;
	}
	event_active(publisher->retry, EV_TIMEOUT, 0);
	*ret_publisher = publisher;
	return 0;
}

void
cp_publisher_free(struct cp_publisher *publisher)
{
	if (publisher == NULL) {
		return;
	}
	if (publisher->deadline != NULL) {
		disconnect(publisher);
		event_free(publisher->deadline);
	}
	if (publisher->retry != NULL) {
		event_free(publisher->retry);
	}
	free(publisher->path);
	free(publisher);
}

int
cp_publisher_offer(struct cp_publisher *publisher, const struct cp_offer *offer)
{
	bool is_table = offer->kind == TBL_IPC_TABLE;
	struct parcel *parcel = is_table ? &publisher->table : &publisher->selection;
	int fd;

	if (!publisher->has_hello) {
		return -ENOTCONN;
	}
	fd = tbl_image_to_memfd(is_table ? "meridian-table" : "meridian-selection", offer->image,
			offer->image_bytes);
	if (fd < 0) {
		return fd;
	}
	clear_parcel(parcel);
	if (is_table && publisher->selection.msg.generation != offer->generation) {
		clear_parcel(&publisher->selection); /* it filled a table that is out of date now */
	}
	parcel->fd = fd;
	tbl_ipc_init(&parcel->msg, offer->kind);
	parcel->msg.generation = offer->generation;
	parcel->msg.sequence = offer->sequence;
	parcel->msg.image_bytes = offer->image_bytes;
	send_next(publisher);
	return 0;
}

bool
is_cp_publisher_connected(const struct cp_publisher *publisher)
{
	return publisher->has_hello;
}
