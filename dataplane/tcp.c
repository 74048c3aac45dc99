#include "dataplane/tcp.h"

#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/seats.h"
#include "dataplane/sockets.h"
#include "dataplane/stream.h"

/* Things ready that one wait tells of; those beyond are told of by the next. */
#define READY_MAX 64
/* Connections accepted before others get their turn: a storm of them must not stop answers. */
#define ACCEPTS_MAX 32u
/* Connections closed for having had their time, likewise: thousands may have at once. */
#define EXPIRED_MAX 128u
/* Pause when descriptors or memory are short and nothing of ours can be given up for them: short
 * enough for a client to wait, long enough not to be a load. */
#define ACCEPT_PAUSE_MS 100u
/* Descriptors for everything else: sockets of ports and their queues (DP_PORTS_MAX * DP_QUEUES_MAX
 * at the very most, a few as a rule), listeners, images, files. */
#define DESCRIPTORS_RESERVED 256u

/* What epoll tells of. */
enum watched_kind {
	WATCHED_LISTENER,
	WATCHED_CONNECTION,
	WATCHED_WAKE,
};
struct watched {
	enum watched_kind kind;
	int fd; /* -1: a connection closed while it was among the ready */
};

struct connection {
	struct watched watched;
	struct dp_client client;
	bool is_writing; /* waits for room, else for bytes */
	bool is_holding; /* among tcp->holders */
	uint32_t held_bytes;
	struct dp_seat seat;
	struct dp_stream stream;
	TAILQ_ENTRY(connection) entry; /* in holders or closed */
};
/* Thousands of these lie idle: see docs/architecture.md. */
static_assert(sizeof(struct connection) <= 256, "an idle connection is small");

TAILQ_HEAD(connection_list, connection);

struct dp_tcp {
	struct dp_tcp_params params;
	struct dp_settings settings;
	int epoll_fd;
	struct watched wake;
	uint32_t connection_max;
	uint32_t listener_cnt;
	struct watched listeners[DP_LISTEN_MAX + DP_ADDRESSES_MAX];
	bool is_short;      /* the last accept found no descriptor or memory */
	uint64_t resume_ms; /* when accepting goes on; 0: it is not paused */
	struct dp_seats *seats;
	size_t held_bytes; /* by all connections */
	struct connection_list
			holders; /* those that hold something, the one that does so longest first */
	struct connection_list closed; /* freed when nothing of the last wait is left */
	struct connection *served;     /* whose messages are being answered */
	int ready_cnt;
	struct epoll_event ready[READY_MAX];
	uint8_t piece[DP_STREAM_PIECE_MAX];
	struct dp_stream_desk desk;
};

static uint64_t
now_ms(const struct dp_tcp *tcp)
{
	return tcp->params.answerer->now.monotonic_ms;
}

static uint64_t
timeout_ms(const struct dp_tcp *tcp)
{
	return (uint64_t)tcp->params.limits->idle_timeout_s * 1000u;
}

static struct connection *
connection_of(struct dp_seat *seat)
{
	return (struct connection *)(void *)((char *)seat - offsetof(struct connection, seat));
}

/* What the keepalive option says: while few places are left, that connections should be closed by
 * their clients as soon as they have their answers (RFC 7828 §3.3.2). */
static void
tell_keepalive(struct dp_tcp *tcp)
{
	uint32_t few = tcp->connection_max - tcp->connection_max / 4;
	bool is_crowded = dp_seats_count(tcp->seats) > few;

	tcp->settings.tcp_keepalive_ds = is_crowded ? 0 : (uint16_t)(timeout_ms(tcp) / 100);
}

static int
watch(struct dp_tcp *tcp, int operation, struct watched *watched, uint32_t events)
{
	struct epoll_event event = { .events = events, .data = { .ptr = watched } };

	return epoll_ctl(tcp->epoll_fd, operation, watched->fd, &event) == 0 ? 0 : -errno;
}

/* Keeps the sum of what is held and the list of who holds it. */
static void
account(struct dp_tcp *tcp, struct connection *connection)
{
	size_t held = dp_stream_held_bytes(&connection->stream);

	tcp->held_bytes += held;
	tcp->held_bytes -= connection->held_bytes;
	connection->held_bytes = (uint32_t)held;
	if (held > 0 && !connection->is_holding) {
		TAILQ_INSERT_TAIL(&tcp->holders, connection, entry);
	} else if (held == 0 && connection->is_holding) {
		TAILQ_REMOVE(&tcp->holders, connection, entry);
	}
	connection->is_holding = held > 0;
}

/* The struct lives on until nothing of this wait's results can name it. */
static void
close_connection(struct dp_tcp *tcp, struct connection *connection)
{
	dp_stream_done(&connection->stream);
	account(tcp, connection);
	dp_seats_leave(tcp->seats, &connection->seat);
	tell_keepalive(tcp);
	close(connection->watched.fd);
	connection->watched.fd = -1;
	TAILQ_INSERT_TAIL(&tcp->closed, connection, entry);
}

/* Ends it without leaving the kernel to deliver what the client does not take. */
static void
reset_connection(struct dp_tcp *tcp, struct connection *connection)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(connection->watched.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close_connection(tcp, connection);
}

/* Makes room for another. */
static void
evict(struct dp_tcp *tcp, struct connection *connection)
{
	if (connection->is_writing) {
		reset_connection(tcp, connection);
	} else {
		close_connection(tcp, connection);
	}
}

static void
free_closed(struct dp_tcp *tcp)
{
	struct connection *connection;

	while ((connection = TAILQ_FIRST(&tcp->closed)) != NULL) {
		TAILQ_REMOVE(&tcp->closed, connection, entry);
		free(connection);
	}
}

/* struct dp_stream_desk's answer. */
static size_t
answer(void *arg, uint8_t *message, size_t len)
{
	struct dp_tcp *tcp = arg;
	struct dp_counters *counters = tcp->params.counters;
	size_t reply_len = 0;

	dp_count_verdict(counters, dp_answer_message(tcp->params.answerer, &tcp->served->client,
						   message, len, DP_TCP_MESSAGE_MAX, &reply_len));
	counters->own.received++;
	counters->own.rx_bytes += len;
	counters->own.tx_bytes += reply_len;
	return reply_len;
}

/* Writes what there is; false: the connection is of no more use. */
static bool
write_output(struct dp_tcp *tcp, struct connection *connection)
{
	const uint8_t *bytes;
	size_t len = dp_stream_output(&connection->stream, &tcp->desk, &bytes);
	ssize_t sent = 0;

	if (len > 0) {
		sent = send(connection->watched.fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno != EAGAIN && errno != EINTR) {
			return false;
		}
	}
	return dp_stream_wrote(&connection->stream, &tcp->desk, sent > 0 ? (size_t)sent : 0) == 0;
}

/* Waits for what the stream needs next, or ends the connection. */
static void
settle(struct dp_tcp *tcp, struct connection *connection)
{
	enum dp_stream_next next = dp_stream_next(&connection->stream);
	bool is_writing = next == DP_STREAM_WRITE;

	account(tcp, connection);
	if (next == DP_STREAM_CLOSE) {
		close_connection(tcp, connection);
		return;
	}
	if (is_writing != connection->is_writing) {
		connection->is_writing = is_writing;
		if (watch(tcp, EPOLL_CTL_MOD, &connection->watched,
				    is_writing ? EPOLLOUT : EPOLLIN) != 0) {
			close_connection(tcp, connection);
			return;
		}
	}
	/* Too much is held by all: whoever does so longest goes, this one perhaps. */
	while (tcp->held_bytes > (size_t)tcp->params.limits->max_buffered_mb << 20) {
		evict(tcp, TAILQ_FIRST(&tcp->holders));
	}
}

/* One turn of the stream: what was received, or what waited for room; then the answers go out. */
static unsigned int
take_turn(struct dp_tcp *tcp, struct connection *connection, ssize_t received)
{
	struct dp_stream *stream = &connection->stream;
	unsigned int message_cnt;
	int err = 0;

	tcp->served = connection;
	if (connection->is_writing) {
		err = dp_stream_resume(stream, &tcp->desk);
	} else if (received == 0) {
		dp_stream_end(stream, &tcp->desk);
	} else {
		err = dp_stream_feed(stream, &tcp->desk, tcp->piece, (size_t)received);
	}
	message_cnt = tcp->desk.message_cnt;
	if (err != 0 || !write_output(tcp, connection)) {
		reset_connection(tcp, connection);
		return message_cnt;
	}
	/* Something is done when queries were answered or the last answer was taken; who takes a
	 * byte now and then gets nowhere. */
	if (message_cnt > 0 || (connection->is_writing && stream->output == NULL)) {
		dp_seats_renew(tcp->seats, &connection->seat, now_ms(tcp));
	}
	settle(tcp, connection);
	return message_cnt;
}

static unsigned int
serve_connection(struct dp_tcp *tcp, struct connection *connection, uint32_t events)
{
	ssize_t received = 0;

	if (connection->is_writing) {
		if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
			close_connection(tcp, connection); /* nobody is there to take it */
			return 0;
		}
		return take_turn(tcp, connection, 0);
	}
	received = recv(connection->watched.fd, tcp->piece, sizeof(tcp->piece), MSG_DONTWAIT);
	if (received < 0) {
		if (errno != EAGAIN && errno != EINTR) {
			close_connection(tcp, connection);
		}
		return 0;
	}
	return take_turn(tcp, connection, received);
}

static int
add_connection(struct dp_tcp *tcp, int fd, const struct dp_endpoint *client)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int err;

	if (connection == NULL) {
		return -ENOMEM;
	}
	connection->watched = (struct watched){ WATCHED_CONNECTION, fd };
	connection->client = (struct dp_client){
		.addr = client->addr,
		.port = client->port,
		.transport = DP_TCP,
	};
	err = watch(tcp, EPOLL_CTL_ADD, &connection->watched, EPOLLIN);
	if (err != 0) {
		free(connection);
		return err;
	}
	dp_seats_take(tcp->seats, &connection->seat, &client->addr, now_ms(tcp));
	tell_keepalive(tcp);
	return 0;
}

/* Stops or goes on taking connections; meanwhile they wait in the kernel's queue. */
static void
pause_accepting(struct dp_tcp *tcp, uint64_t resume_ms)
{
	tcp->resume_ms = resume_ms;
	for (uint32_t i = 0; i < tcp->listener_cnt; i++) {
		(void)watch(tcp, EPOLL_CTL_MOD, &tcp->listeners[i], resume_ms != 0 ? 0 : EPOLLIN);
	}
}

/* Descriptors or memory have run out: the connection idle longest makes room for the one that
 * waits. When that did not help, or there is none, accepting has to pause. */
static void
make_room(struct dp_tcp *tcp)
{
	struct dp_seat *oldest = dp_seats_oldest(tcp->seats);

	if (oldest == NULL || tcp->is_short) {
		pause_accepting(tcp, now_ms(tcp) + ACCEPT_PAUSE_MS);
		tcp->is_short = false;
	} else {
		evict(tcp, connection_of(oldest));
		tcp->is_short = true;
	}
}

static bool
is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* Takes one connection. 0, or what accept() or taking it failed with. */
static int
accept_one(struct dp_tcp *tcp, int listener_fd)
{
	struct sockaddr_storage sockaddr = { 0 };
	socklen_t len = sizeof(sockaddr);
	struct dp_endpoint client;
	struct dp_seat *evictee;
	int fd = accept4(listener_fd, (struct sockaddr *)&sockaddr, &len,
			SOCK_NONBLOCK | SOCK_CLOEXEC);
	int err;

	if (fd < 0) {
		return -errno;
	}
	dp_endpoint_from_sockaddr(&sockaddr, &client);
	evictee = dp_seats_evictee(tcp->seats, &client.addr);
	if (evictee != NULL) {
		evict(tcp, connection_of(evictee));
	}
	err = add_connection(tcp, fd, &client);
	if (err != 0) {
		close(fd);
	}
	return err;
}

/* An error that is neither the end of the queue nor a shortage is one client's: it has gone again
 * before it was taken (accept(2)). Of a shortage the kernel speaks before it looks whether anybody
 * waits: only the first time it is certain that somebody does. */
static void
accept_some(struct dp_tcp *tcp, int listener_fd)
{
	for (unsigned int i = 0; i < ACCEPTS_MAX; i++) {
		int err = accept_one(tcp, listener_fd);

		if (err == -EAGAIN) {
			return;
		}
		if (is_shortage(-err)) {
			if (i == 0) {
				make_room(tcp);
			}
			return;
		}
		tcp->is_short = false;
	}
}

unsigned int
dp_tcp_serve(struct dp_tcp *tcp, unsigned int i)
{
	struct watched *watched = tcp->ready[i].data.ptr;

	if (watched->fd < 0) {
		return 0;
	}
	switch (watched->kind) {
	case WATCHED_CONNECTION:
		/* It is its first field. */
		return serve_connection(
				tcp, (struct connection *)(void *)watched, tcp->ready[i].events);
	case WATCHED_LISTENER:
		accept_some(tcp, watched->fd);
		return 0;
	case WATCHED_WAKE:
		break;
	}
	return 0;
}

/* Whether the kernel still has answers that the client did not take. */
static bool
has_untaken(const struct connection *connection)
{
	int bytes = 0;

	return connection->is_writing ||
	       (ioctl(connection->watched.fd, SIOCOUTQ, &bytes) == 0 && bytes > 0);
}

static void
end_idle(struct dp_tcp *tcp, struct connection *connection)
{
	if (has_untaken(connection)) {
		reset_connection(tcp, connection);
	} else {
		close_connection(tcp, connection);
	}
}

void
dp_tcp_expire(struct dp_tcp *tcp)
{
	struct dp_seat *oldest;

	/* All have the same time, so they run out in the order of their seats. */
	for (unsigned int i = 0; i < EXPIRED_MAX; i++) {
		oldest = dp_seats_oldest(tcp->seats);
		if (oldest == NULL || now_ms(tcp) - oldest->since_ms < timeout_ms(tcp)) {
			break;
		}
		end_idle(tcp, connection_of(oldest));
	}
	if (tcp->resume_ms != 0 && now_ms(tcp) >= tcp->resume_ms) {
		pause_accepting(tcp, 0);
	}
}

int
dp_tcp_next_ms(const struct dp_tcp *tcp)
{
	const struct dp_seat *oldest = dp_seats_oldest(tcp->seats);
	uint64_t next_ms = UINT64_MAX;

	if (oldest != NULL) {
		next_ms = oldest->since_ms + timeout_ms(tcp);
	}
	if (tcp->resume_ms != 0 && tcp->resume_ms < next_ms) {
		next_ms = tcp->resume_ms;
	}
	if (next_ms == UINT64_MAX) {
		return -1;
	}
	return next_ms > now_ms(tcp) ? (int)(next_ms - now_ms(tcp)) : 0;
}

unsigned int
dp_tcp_wait(struct dp_tcp *tcp, int wait_ms)
{
	free_closed(tcp);
	tcp->ready_cnt = epoll_wait(tcp->epoll_fd, tcp->ready, READY_MAX, wait_ms);
	return tcp->ready_cnt > 0 ? (unsigned int)tcp->ready_cnt : 0;
}

void
dp_tcp_wake(struct dp_tcp *tcp)
{
	(void)eventfd_write(tcp->wake.fd, 1); /* never read */
}

/* How many connections the descriptors suffice for. */
static uint32_t
limit_connections(const struct dp_tcp_config *limits)
{
	uint64_t max = (uint64_t)limits->max_connections;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
			max + DESCRIPTORS_RESERVED > limit.rlim_cur) {
		max = limit.rlim_cur > 2ull * DESCRIPTORS_RESERVED
		                      ? limit.rlim_cur - DESCRIPTORS_RESERVED
		                      : limit.rlim_cur / 2 + 1;
	}
	return (uint32_t)max;
}

int
dp_tcp_open(const struct dp_tcp_params *params, struct dp_tcp **ret_tcp)
{
	struct dp_tcp *tcp = calloc(1, sizeof(*tcp));
	int err = 0;

	if (tcp == NULL) {
		return -ENOMEM;
	}
	tcp->params = *params;
	tcp->settings = *params->answerer->settings;
	tcp->desk.answer = answer;
	tcp->desk.arg = tcp;
	TAILQ_INIT(&tcp->holders);
	TAILQ_INIT(&tcp->closed);
	tcp->connection_max = limit_connections(params->limits);
	tcp->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	tcp->wake = (struct watched){ WATCHED_WAKE, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	if (tcp->epoll_fd < 0 || tcp->wake.fd < 0) {
		err = -errno;
	}
	if (err == 0) {
		err = watch(tcp, EPOLL_CTL_ADD, &tcp->wake, EPOLLIN);
	}
	if (err == 0) {
		err = dp_seats_new(tcp->connection_max, (uint32_t)params->limits->max_per_address,
				params->secret, &tcp->seats);
	}
	if (err != 0) {
		dp_tcp_close(tcp);
		return err;
	}
	params->answerer->settings = &tcp->settings;
	tell_keepalive(tcp);
	*ret_tcp = tcp;
	return 0;
}

int
dp_tcp_listen(struct dp_tcp *tcp, const struct dp_endpoint *endpoint, bool is_free,
		struct tbl_error *ret_error)
{
	int fd = dp_socket_tcp(endpoint, is_free);
	struct watched *listener = &tcp->listeners[tcp->listener_cnt];
	int err = fd < 0 ? fd : 0;

	if (err == 0) {
		*listener = (struct watched){ WATCHED_LISTENER, fd };
		err = watch(tcp, EPOLL_CTL_ADD, listener, EPOLLIN);
		if (err != 0) {
			close(fd);
		}
	}
	if (err != 0) {
		dp_socket_explain("TCP", endpoint, err, ret_error);
		return err;
	}
	tcp->listener_cnt++;
	return 0;
}

uint32_t
dp_tcp_connection_max(const struct dp_tcp *tcp)
{
	return tcp->connection_max;
}

void
dp_tcp_close(struct dp_tcp *tcp)
{
	struct dp_seat *seat;

	if (tcp == NULL) {
		return;
	}
	for (uint32_t i = 0; i < tcp->listener_cnt; i++) {
		close(tcp->listeners[i].fd);
	}
	while (tcp->seats != NULL && (seat = dp_seats_oldest(tcp->seats)) != NULL) {
		close_connection(tcp, connection_of(seat));
	}
	free_closed(tcp);
	dp_seats_free(tcp->seats);
	if (tcp->wake.fd >= 0) {
		close(tcp->wake.fd);
	}
	if (tcp->epoll_fd >= 0) {
		close(tcp->epoll_fd);
	}
	free(tcp);
}
