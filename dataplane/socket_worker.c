/* Socket workers (worker.h): kernel sockets in batches, no DPDK. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/sockets.h"
#include "dataplane/worker.h"

/* Datagrams a system call: halves its cost at 2, and is down to a thirtieth here. */
#define BATCH_MAX 32u
/* Queries above 4096 bytes have no honest sender; replies are at most max_udp_bytes (1452). */
#define BUFFER_BYTES 4096u
/* Holds the packet information of either family. */
#define CONTROL_BYTES CMSG_SPACE(sizeof(struct in6_pktinfo))

struct datagram {
	struct iovec part;
	struct sockaddr_storage peer;
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES];
	uint8_t bytes[BUFFER_BYTES];
};

struct socket_worker {
	struct dp_worker base;
	pthread_t thread;
	bool is_running;
	uint32_t socket_cnt;
	struct pollfd polls[DP_LISTEN_MAX + 1]; /* the sockets, then what wakes us to stop */
	struct mmsghdr received[BATCH_MAX];
	struct mmsghdr replies[BATCH_MAX];
	enum tbl_verdict reply_verdicts[BATCH_MAX];
	struct datagram datagrams[BATCH_MAX];
};

struct dp_socket_workers {
	int wake_fd;
	uint32_t cnt;
	struct socket_worker *items[TBL_WORKERS_MAX];
};

/* Makes the batch ready to receive: the kernel overwrites all of these. */
static void
prepare(struct socket_worker *worker)
{
	for (unsigned int i = 0; i < BATCH_MAX; i++) {
		struct datagram *datagram = &worker->datagrams[i];

		datagram->part = (struct iovec){ datagram->bytes, sizeof(datagram->bytes) };
		worker->received[i].msg_hdr = (struct msghdr){
			.msg_name = &datagram->peer,
			.msg_namelen = sizeof(datagram->peer),
			.msg_iov = &datagram->part,
			.msg_iovlen = 1,
			.msg_control = datagram->control,
			.msg_controllen = sizeof(datagram->control),
		};
	}
}

/* The reply leaves from the address the query came to, by whatever route is right: only a
 * link-local address belongs to one interface. */
static void
forget_interface(struct msghdr *header)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(header);

	if (control == NULL) {
		return;
	}
	if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
		((struct in_pktinfo *)CMSG_DATA(control))->ipi_ifindex = 0;
	} else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo *info = (struct in6_pktinfo *)CMSG_DATA(control);

		if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr)) {
			info->ipi6_ifindex = 0;
		}
	}
}

/* Answers one datagram in place. The verdict; *ret_len is 0 when nothing is to be sent. */
static enum tbl_verdict
answer(struct socket_worker *worker, unsigned int i, size_t *ret_len)
{
	struct datagram *datagram = &worker->datagrams[i];
	const struct mmsghdr *message = &worker->received[i];
	struct dp_endpoint peer;
	struct dp_client client;

	*ret_len = 0;
	if ((message->msg_hdr.msg_flags & MSG_TRUNC) != 0) {
		return TBL_VERDICT_DROP_OVERSIZE;
	}
	dp_endpoint_from_sockaddr(&datagram->peer, &peer);
	if (peer.port == 0) {
		return TBL_VERDICT_DROP_SOURCE;
	}
	client = (struct dp_client){ .addr = peer.addr, .port = peer.port, .transport = DP_UDP };
	return dp_answer_message(&worker->base.answerer, &client, datagram->bytes, message->msg_len,
			sizeof(datagram->bytes), ret_len);
}

/* Answers what was received; returns how many replies there are. */
static unsigned int
answer_batch(struct socket_worker *worker, unsigned int cnt)
{
	struct dp_counters *counters = &worker->base.counters;
	unsigned int reply_cnt = 0;

	for (unsigned int i = 0; i < cnt; i++) {
		size_t len;
		enum tbl_verdict verdict = answer(worker, i, &len);

		counters->own.received++;
		counters->own.rx_bytes += worker->received[i].msg_len;
		if (len == 0) {
			dp_count_verdict(counters, verdict);
			continue;
		}
		worker->datagrams[i].part.iov_len = len;
		worker->replies[reply_cnt].msg_hdr = worker->received[i].msg_hdr;
		worker->replies[reply_cnt].msg_hdr.msg_flags = 0;
		forget_interface(&worker->replies[reply_cnt].msg_hdr);
		worker->reply_verdicts[reply_cnt++] = verdict;
	}
	return reply_cnt;
}

/* Why the kernel did not take a reply. Full passes by itself; an error is a matter of the peer (no
 * route to it, a firewall) or of the machine, and somebody should look. */
static enum tbl_verdict
verdict_of_errno(int error)
{
	return error == EAGAIN || error == ENOBUFS ? TBL_VERDICT_DROP_TX_FULL
	                                           : TBL_VERDICT_DROP_TX_ERROR;
}

/* Sends the replies; where the kernel does not take one, the next is tried. */
static void
send_replies(struct socket_worker *worker, int fd, unsigned int reply_cnt)
{
	struct dp_counters *counters = &worker->base.counters;
	unsigned int done_cnt = 0;

	while (done_cnt < reply_cnt) {
		int sent_cnt = sendmmsg(
				fd, &worker->replies[done_cnt], reply_cnt - done_cnt, MSG_DONTWAIT);

		if (sent_cnt <= 0) {
			dp_count_verdict(counters, verdict_of_errno(errno));
			done_cnt++;
			continue;
		}
		for (int i = 0; i < sent_cnt; i++, done_cnt++) {
			dp_count_verdict(counters, worker->reply_verdicts[done_cnt]);
			counters->own.tx_bytes += worker->replies[done_cnt].msg_len;
		}
	}
}

static unsigned int
serve_socket(struct socket_worker *worker, int fd, const struct dp_served *served)
{
	int cnt;

	prepare(worker);
	cnt = recvmmsg(fd, worker->received, BATCH_MAX, MSG_DONTWAIT, NULL);
	if (cnt <= 0) {
		return 0;
	}
	dp_worker_begin(&worker->base, served);
	send_replies(worker, fd, answer_batch(worker, (unsigned int)cnt));
	dp_worker_publish(&worker->base, served);
	return (unsigned int)cnt;
}

static void *
run(void *arg)
{
	struct socket_worker *worker = arg;
	struct dp_worker_shared *shared = worker->base.shared;
	unsigned int id = worker->base.id;

	dp_quiesce_join(shared->quiesce, id);
	while (!atomic_load_explicit(&shared->is_stopping, memory_order_relaxed)) {
		const struct dp_served *served;
		unsigned int served_cnt = 0;

		dp_quiesce_report(shared->quiesce, id); /* no view is held here */
		served = dp_swap_current(shared->swap);
		for (uint32_t i = 0; i < worker->socket_cnt; i++) {
			served_cnt += serve_socket(worker, worker->polls[i].fd, served);
		}
		if (served_cnt == 0) {
			dp_quiesce_offline(shared->quiesce, id);
			(void)poll(worker->polls, worker->socket_cnt + 1, -1);
			dp_quiesce_online(shared->quiesce, id);
		}
	}
	dp_quiesce_leave(shared->quiesce, id);
	return NULL;
}

static uint32_t
threads_of(const struct dp_port_config *port)
{
	if (port->kind != DP_PORT_SOCKET) {
		return 0;
	}
	return port->queues > 0 ? (uint32_t)port->queues : 1;
}

bool
has_dp_left_worker(const struct dp_config *config)
{
	bool has_xdp = false;
	bool has_packet = false;

	for (size_t i = 0; i < config->ports.cnt; i++) {
		has_xdp = has_xdp || dp_config_ports(config)[i].kind == DP_PORT_AF_XDP;
		has_packet = has_packet || dp_config_ports(config)[i].kind == DP_PORT_AF_PACKET;
	}
	return has_xdp && !has_packet;
}

uint32_t
dp_socket_workers_count(const struct dp_config *config)
{
	uint32_t cnt = has_dp_left_worker(config) ? 1 : 0;

	for (size_t i = 0; i < config->ports.cnt; i++) {
		cnt += threads_of(&dp_config_ports(config)[i]);
	}
	return cnt;
}

static int
open_sockets(struct socket_worker *worker, const struct dp_port_config *port,
		struct tbl_error *error)
{
	for (size_t i = 0; i < port->listen.cnt; i++) {
		struct dp_endpoint endpoint;
		int fd = dp_endpoint_parse(port->listen.items[i], &endpoint);

		if (fd == 0) {
			fd = dp_socket_udp(&endpoint, threads_of(port) > 1 ? DP_SOCKET_SHARED : 0);
		}
		if (fd < 0) {
			dp_socket_explain("UDP", &endpoint, fd, error);
			return fd;
		}
		worker->polls[worker->socket_cnt++] = (struct pollfd){ fd, POLLIN, 0 };
	}
	return 0;
}

static struct socket_worker *
add_worker(struct dp_socket_workers *workers, struct dp_worker_shared *shared, unsigned int id,
		struct tbl_error *error)
{
	struct socket_worker *worker = aligned_alloc(64, (sizeof(*worker) + 63u) & ~(size_t)63u);

	if (worker != NULL) {
		memset(worker, 0, sizeof(*worker));
		dp_worker_init(&worker->base, shared, id);
	}
	if (worker == NULL || dp_worker_limit(&worker->base) != 0) {
		(void)snprintf(error->text, sizeof(error->text), "out of memory");
		free(worker);
		return NULL;
	}
	workers->items[workers->cnt++] = worker;
	return worker;
}

static int
start_thread(const struct dp_socket_workers *workers, struct socket_worker *worker,
		struct tbl_error *error)
{
	int err;

	worker->polls[worker->socket_cnt] = (struct pollfd){ workers->wake_fd, POLLIN, 0 };
	err = pthread_create(&worker->thread, NULL, run, worker);
	if (err != 0) {
		(void)snprintf(error->text, sizeof(error->text), "a thread cannot be started: %s",
				strerrordesc_np(err));
		return -err;
	}
	worker->is_running = true;
	return 0;
}

static int
start_worker(struct dp_socket_workers *workers, struct dp_worker_shared *shared, unsigned int id,
		const struct dp_port_config *port, struct tbl_error *error)
{
	struct socket_worker *worker = add_worker(workers, shared, id, error);
	int err = worker != NULL ? open_sockets(worker, port, error) : -ENOMEM;

	return err == 0 ? start_thread(workers, worker, error) : err;
}

static int
start_left_worker(struct dp_socket_workers *workers, struct dp_worker_shared *shared,
		unsigned int id, struct dp_left_sockets *left, struct tbl_error *error)
{
	struct socket_worker *worker = add_worker(workers, shared, id, error);

	if (worker == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < left->cnt; i++) {
		worker->polls[worker->socket_cnt++] = (struct pollfd){ left->fds[i], POLLIN, 0 };
	}
	left->cnt = 0;
	return start_thread(workers, worker, error);
}

int
dp_socket_workers_start(struct dp_worker_shared *shared, unsigned int first_id,
		struct dp_left_sockets *left, struct dp_socket_workers **ret_workers,
		struct tbl_error *ret_error)
{
	const struct dp_config *config = shared->config;
	struct dp_socket_workers *workers = calloc(1, sizeof(*workers));
	int err = 0;

	if (workers == NULL) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "out of memory");
		return -ENOMEM;
	}
	*ret_workers = workers; /* also on failure: the caller stops what was started */
	workers->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (size_t i = 0; err == 0 && i < config->ports.cnt; i++) {
		const struct dp_port_config *port = &dp_config_ports(config)[i];

		for (uint32_t k = 0; err == 0 && k < threads_of(port); k++) {
			err = start_worker(
					workers, shared, first_id + workers->cnt, port, ret_error);
		}
	}
	if (err == 0 && has_dp_left_worker(config)) {
		err = start_left_worker(workers, shared, first_id + workers->cnt, left, ret_error);
	}
	return err;
}

void
dp_socket_workers_stop(struct dp_socket_workers *workers)
{
	if (workers == NULL) {
		return;
	}
	/* Never read, so it wakes every thread that looks. */
	(void)eventfd_write(workers->wake_fd, 1);
	for (uint32_t i = 0; i < workers->cnt; i++) {
		struct socket_worker *worker = workers->items[i];

		if (worker->is_running) {
			pthread_join(worker->thread, NULL);
		}
		for (uint32_t k = 0; k < worker->socket_cnt; k++) {
			close(worker->polls[k].fd);
		}
		dp_worker_done(&worker->base);
		free(worker);
	}
	close(workers->wake_fd);
	free(workers);
}
