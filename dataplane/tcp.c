#include "dataplane/tcp.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "dataplane/sockets.h"

/* Answers waiting in one connection: above this it is not read from until it takes some. One
 * largest message more than a client could reasonably wait for. */
#define OUTPUT_BYTES_MAX ((size_t)2 * DP_TCP_MESSAGE_MAX)
/* Bytes read ahead: a whole largest query and its length always fit. */
#define INPUT_BYTES_MAX ((size_t)DP_TCP_MESSAGE_MAX + 2)

struct connection {
	TAILQ_ENTRY(connection) entry;
	struct dp_tcp *tcp;
	struct bufferevent *stream;
	struct event *idle;
	struct dp_client client;
	bool is_finished; /* the client sends no more: close when all is written */
};

struct dp_tcp {
	struct dp_tcp_params params;
	struct dp_counters counters;
	struct dp_answerer answerer;
	uint32_t listener_cnt;
	struct evconnlistener *listeners[DP_LISTEN_MAX + DP_ADDRESSES_MAX];
	uint32_t connection_cnt;
	TAILQ_HEAD(, connection) connections; /* the one idle longest first */
	uint8_t message[DP_TCP_MESSAGE_MAX];
};

static void
close_connection(struct connection *connection)
{
	struct dp_tcp *tcp = connection->tcp;

	TAILQ_REMOVE(&tcp->connections, connection, entry);
	tcp->connection_cnt--;
	if (connection->idle != NULL) {
		event_free(connection->idle);
	}
	bufferevent_free(connection->stream);
	free(connection);
}

/* Starts the idle time again and makes the connection the last to be evicted. */
static void
note_progress(struct connection *connection)
{
	struct dp_tcp *tcp = connection->tcp;
	const struct timeval timeout = { .tv_sec = tcp->params.limits->idle_timeout_s };

	event_add(connection->idle, &timeout);
	TAILQ_REMOVE(&tcp->connections, connection, entry);
	TAILQ_INSERT_TAIL(&tcp->connections, connection, entry);
}

/* Answers the message of `len` bytes in tcp->message. false: nothing may be said to it. */
static bool
answer(struct connection *connection, size_t len)
{
	struct dp_tcp *tcp = connection->tcp;
	struct evbuffer *output = bufferevent_get_output(connection->stream);
	const struct dp_served *served = dp_swap_current(tcp->params.swap);
	struct tbl_stats_worker *own = &tcp->counters.own;
	size_t reply_len = 0;
	uint8_t prefix[2];
	enum tbl_verdict verdict;

	dp_answerer_use(&tcp->answerer, served);
	tcp->answerer.now = dp_now_read();
	verdict = dp_answer_message(&tcp->answerer, &connection->client, tcp->message, len,
			sizeof(tcp->message), &reply_len);
	own->received++;
	own->rx_bytes += len;
	if (served != NULL) {
		own->generation = served->view.header->generation;
		own->sequence = served->view.select->sequence;
	}
	if (reply_len > 0) {
		prefix[0] = (uint8_t)(reply_len >> 8);
		prefix[1] = (uint8_t)reply_len;
		if (evbuffer_add(output, prefix, sizeof(prefix)) != 0 ||
				evbuffer_add(output, tcp->message, reply_len) != 0) {
			verdict = TBL_VERDICT_DROP_TX_FULL;
			reply_len = 0;
		}
	}
	own->tx_bytes += reply_len;
	dp_count_verdict(&tcp->counters, verdict);
	return reply_len > 0;
}

/* Answers every whole message that has arrived, as far as there is room for answers. */
static void
serve(struct connection *connection)
{
	struct dp_tcp *tcp = connection->tcp;
	struct evbuffer *input = bufferevent_get_input(connection->stream);
	struct evbuffer *output = bufferevent_get_output(connection->stream);
	uint8_t prefix[2];
	size_t served_cnt = 0;
	bool is_alive = true;

	while (is_alive && evbuffer_get_length(output) < OUTPUT_BYTES_MAX &&
			evbuffer_copyout(input, prefix, sizeof(prefix)) == sizeof(prefix)) {
		size_t len = (size_t)prefix[0] << 8 | prefix[1];

		if (evbuffer_get_length(input) - sizeof(prefix) < len) {
			break;
		}
		evbuffer_drain(input, sizeof(prefix));
		evbuffer_remove(input, tcp->message, len);
		is_alive = answer(connection, len);
		served_cnt++;
	}
	if (served_cnt > 0) {
		tcp->counters.own.bursts++;
		dp_counters_publish(&tcp->counters);
	}
	if (!is_alive) {
		close_connection(connection); /* who sends such things gets no more of us */
		return;
	}
	if (served_cnt > 0) {
		note_progress(connection);
	}
	if (evbuffer_get_length(output) >= OUTPUT_BYTES_MAX) {
		bufferevent_disable(connection->stream, EV_READ);
	} else if (connection->is_finished && evbuffer_get_length(output) == 0) {
		close_connection(connection);
	}
}

static void
on_readable(struct bufferevent *stream, void *arg)
{
	(void)stream;
	serve(arg);
}

/* All answers are on their way: go on reading, or be done. */
static void
on_written(struct bufferevent *stream, void *arg)
{
	struct connection *connection = arg;

	if (!connection->is_finished) {
		bufferevent_enable(stream, EV_READ);
	}
	serve(connection);
}

static void
on_event(struct bufferevent *stream, short events, void *arg)
{
	struct connection *connection = arg;

	(void)stream;
	if ((events & BEV_EVENT_EOF) != 0 && !connection->is_finished) {
		/* It may have closed its sending half only, and wait for answers. */
		connection->is_finished = true;
		serve(connection);
		return;
	}
	close_connection(connection);
}

static void
on_idle(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	close_connection(arg);
}

static bool
is_same_address(const struct tbl_addr *a, const struct tbl_addr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* Whether this client may have one more connection; makes room when all places are taken. Linear in
 * the connections, which is nothing beside accepting one. */
static bool
admit(struct dp_tcp *tcp, const struct tbl_addr *client)
{
	const struct dp_tcp_config *limits = tcp->params.limits;
	struct connection *connection;
	int64_t same_cnt = 0;

	TAILQ_FOREACH(connection, &tcp->connections, entry)
	{
		same_cnt += is_same_address(&connection->client.addr, client) ? 1 : 0;
	}
	if (same_cnt >= limits->max_per_address) {
		return false;
	}
	if (tcp->connection_cnt >= (uint32_t)limits->max_connections) {
		close_connection(TAILQ_FIRST(&tcp->connections));
	}
	return true;
}

static int
add_connection(struct dp_tcp *tcp, int fd, const struct dp_endpoint *client)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL) {
		return -ENOMEM;
	}
	connection->tcp = tcp;
	connection->client = (struct dp_client){
		.addr = client->addr,
		.port = client->port,
		.transport = DP_TCP,
	};
	connection->stream = bufferevent_socket_new(tcp->params.base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (connection->stream == NULL) {
		free(connection);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&tcp->connections, connection, entry);
	tcp->connection_cnt++;
	connection->idle = evtimer_new(tcp->params.base, on_idle, connection);
	if (connection->idle == NULL) {
		close_connection(connection);
		return 0; /* the descriptor is closed */
	}
	bufferevent_setcb(connection->stream, on_readable, on_written, on_event, connection);
	bufferevent_setwatermark(connection->stream, EV_READ, 0, INPUT_BYTES_MAX);
	bufferevent_enable(connection->stream, EV_READ | EV_WRITE);
	note_progress(connection);
	return 0;
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sockaddr, int len,
		void *arg)
{
	struct dp_tcp *tcp = arg;
	struct sockaddr_storage storage = { 0 };
	struct dp_endpoint client;
	const int on = 1;

	(void)listener;
	memcpy(&storage, sockaddr, (size_t)len <= sizeof(storage) ? (size_t)len : sizeof(storage));
	dp_endpoint_from_sockaddr(&storage, &client);
	/* Answers are written whole: waiting for more to send would only delay them. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (!admit(tcp, &client.addr) || add_connection(tcp, fd, &client) != 0) {
		close(fd);
	}
}

/* Descriptors or memory have run out: the client idle longest makes room for the one waiting. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct dp_tcp *tcp = arg;

	(void)listener;
	if (!TAILQ_EMPTY(&tcp->connections)) {
		close_connection(TAILQ_FIRST(&tcp->connections));
	}
}

int
dp_tcp_open(const struct dp_tcp_params *params, struct dp_tcp **ret_tcp)
{
	struct dp_tcp *tcp = calloc(1, sizeof(*tcp));

	if (tcp == NULL) {
		return -ENOMEM;
	}
	tcp->params = *params;
	tcp->counters.shared = params->stats;
	tcp->answerer.settings = params->settings;
	tcp->answerer.random = params->random_seed;
	TAILQ_INIT(&tcp->connections);
	*ret_tcp = tcp;
	return 0;
}

int
dp_tcp_listen(struct dp_tcp *tcp, const struct dp_endpoint *endpoint, bool is_free,
		struct tbl_error *ret_error)
{
	int fd = dp_socket_tcp(endpoint, is_free);
	struct evconnlistener *listener = NULL;

	if (fd >= 0) {
		listener = evconnlistener_new(tcp->params.base, on_accept, tcp,
				LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
		if (listener == NULL) {
			close(fd);
			fd = -ENOMEM;
		}
	}
	if (fd < 0) {
		dp_socket_explain("TCP", endpoint, fd, ret_error);
		return fd;
	}
	evconnlistener_set_error_cb(listener, on_accept_error);
	tcp->listeners[tcp->listener_cnt++] = listener;
	return 0;
}

void
dp_tcp_close(struct dp_tcp *tcp)
{
	struct connection *connection;

	if (tcp == NULL) {
		return;
	}
	for (uint32_t i = 0; i < tcp->listener_cnt; i++) {
		evconnlistener_free(tcp->listeners[i]);
	}
	while ((connection = TAILQ_FIRST(&tcp->connections)) != NULL) {
		/* It takes itself off the list. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		close_connection(connection);
	}
	free(tcp);
}
