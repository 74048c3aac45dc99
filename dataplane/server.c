#include "dataplane/server.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/adopt.h"
#include "dataplane/cookie_watch.h"
#include "dataplane/intake.h"
#include "dataplane/keeper.h"
#include "dataplane/ports.h"
#include "dataplane/sockets.h"
#include "dataplane/watchdog.h"
#include "dataplane/worker.h"

/* Longest wait for a worker's quiescent state. A burst takes microseconds and a sleep at most
 * 100 ms, offline; a whole second means that the worker hangs. */
#define SWAP_DEADLINE_NS 1000000000ull

struct dp_server {
	struct dp_server_params params;
	struct event_base *base;
	struct event *stop_events[2]; /* SIGTERM, SIGINT */
	struct event *reload_event;   /* SIGHUP */
	struct event *pulse;
	struct dp_watchdog watchdog;
	struct dp_swap swap;
	struct dp_adopter adopter;
	struct dp_cookie_watch cookie_watch;
	struct dp_worker_shared shared;
	struct dp_limiter_params limits; /* the configuration's, and a seed */
	int stats_fd;
	struct dp_keeper *keeper;
	struct dp_tcp_worker *tcp_worker;
	struct dp_intake *intake;
	bool is_eal_started;
	struct dp_ports ports;
	uint32_t queue_cnt;
	struct dp_cpu_plan cpus;
	struct dp_packet_workers *packet_workers;
	struct dp_socket_workers *socket_workers;
	struct dp_left_sockets claims; /* UDP sockets of our addresses; see claim_addresses() */
};

static void
say(const struct dp_server *server, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
say(const struct dp_server *server, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	/* It is: the line above. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	server->params.say(server->params.arg, text);
}

static void
say_text(void *arg, const char *text)
{
	say(arg, "%s", text);
}

static void
on_stop(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	event_base_loopbreak(arg);
}

static int
on_admit(void *arg, const struct tbl_header *table, struct tbl_error *ret_error)
{
	struct dp_server *server = arg;

	/* NULL: at start the keeper itself is the one who serves. */
	return server->keeper != NULL ? dp_keeper_admit(server->keeper, table, ret_error) : 0;
}

static void
on_served(void *arg, const struct dp_served *served, bool is_new_table)
{
	struct dp_server *server = arg;

	/* NULL: at start the keeper itself is the one who serves. */
	if (server->keeper != NULL) {
		dp_keeper_served(server->keeper, served, is_new_table);
	}
}

static void
show_ports(struct dp_server *server)
{
	struct dp_port_counts counts;

	dp_ports_read_counts(&server->ports, &counts);
	dp_stats_show_ports(server->shared.stats, &counts);
}

static void
on_reload(evutil_socket_t fd, short events, void *arg)
{
	struct dp_server *server = arg;

	(void)fd;
	(void)events;
	dp_cookie_watch_reload(&server->cookie_watch);
}

/* Once a second. A worker that hangs answers nothing and holds every old table: a new process is
 * the cure, and closing in good order would wait for the worker. */
static void
on_pulse(evutil_socket_t fd, short events, void *arg)
{
	struct dp_server *server = arg;

	(void)fd;
	(void)events;
	show_ports(server);
	dp_cookie_watch_look(&server->cookie_watch);
	if (!is_dp_watchdog_calm(&server->watchdog)) {
		say(server, "a worker has hung for %u s: ending, so that a new process can serve",
				DP_WATCHDOG_PULSES_MAX);
		server->params.give_up(server->params.arg);
	}
}

static int
fail(int err, struct tbl_error *error, const char *what)
{
	(void)snprintf(error->text, sizeof(error->text), "%s: %s", what, strerrordesc_np(-err));
	return err;
}

static int
open_loop(struct dp_server *server, struct tbl_error *error)
{
	static const int signals[2] = { SIGTERM, SIGINT };

	server->base = event_base_new();
	if (server->base == NULL) {
		return fail(-ENOMEM, error, "event loop");
	}
	for (size_t i = 0; i < 2; i++) {
		server->stop_events[i] =
				evsignal_new(server->base, signals[i], on_stop, server->base);
		if (server->stop_events[i] == NULL ||
				event_add(server->stop_events[i], NULL) != 0) {
			return fail(-ENOMEM, error, "event loop");
		}
	}
	server->reload_event = evsignal_new(server->base, SIGHUP, on_reload, server);
	if (server->reload_event == NULL || event_add(server->reload_event, NULL) != 0) {
		return fail(-ENOMEM, error, "event loop");
	}
	server->pulse = event_new(server->base, -1, EV_PERSIST, on_pulse, server);
	return server->pulse != NULL ? 0 : fail(-ENOMEM, error, "event loop");
}

static int
draw_secrets(struct dp_server *server, struct tbl_error *error)
{
	const struct dp_config *config = server->params.config;
	uint64_t *random_seed = &server->shared.random_seed;

	if (getrandom(random_seed, sizeof(*random_seed), 0) < 0) {
		return fail(-errno, error, "random numbers");
	}
	if (config->has_rate_limit) {
		server->limits = config->limiter;
		server->limits.exempt = &config->limiter_exempt;
		server->shared.limits = &server->limits;
		if (getrandom(server->limits.seed, sizeof(server->limits.seed), 0) < 0) {
			return fail(-errno, error, "random numbers");
		}
	}
	return 0;
}

/* Without a file the secret is this process's alone: enough for one that answers alone, until it ends. */
static int
open_cookies(struct dp_server *server, struct tbl_error *error)
{
	const struct dp_config *config = server->params.config;
	struct dp_cookie_keys *keys = &server->adopter.cookie_keys;

	server->cookie_watch = (struct dp_cookie_watch){
		.file = config->cookie_file,
		.adopter = &server->adopter,
		.say = say_text,
		.arg = server,
	};
	*keys = config->cookie_keys;
	if (config->cookies.enabled && keys->cnt == 0) {
		keys->cnt = 1;
		if (getrandom(keys->keys[0], sizeof(keys->keys[0]), 0) < 0) {
			return fail(-errno, error, "random numbers");
		}
	}
	return 0;
}

static int
open_shared(struct dp_server *server, uint32_t worker_cnt, struct tbl_error *error)
{
	struct dp_quiescence quiescence;
	int err;

	if (worker_cnt > TBL_WORKERS_MAX) {
		(void)snprintf(error->text, sizeof(error->text), "%u workers; at most %u",
				worker_cnt, TBL_WORKERS_MAX);
		return -EINVAL;
	}
	server->shared.config = server->params.config;
	server->shared.swap = &server->swap;
	err = draw_secrets(server, error);
	if (err != 0) {
		return err;
	}
	err = dp_stats_open(
			worker_cnt, (uint64_t)time(NULL), &server->stats_fd, &server->shared.stats);
	if (err != 0) {
		return fail(err, error, "counters");
	}
	err = dp_quiesce_new(worker_cnt + 1, &server->shared.quiesce); /* TCP is the last */
	if (err != 0) {
		return fail(err, error, "workers");
	}
	quiescence = dp_quiesce_callbacks(server->shared.quiesce);
	dp_swap_init(&server->swap, &quiescence, SWAP_DEADLINE_NS);
	dp_watchdog_init(&server->watchdog, &quiescence);
	server->adopter = (struct dp_adopter){
		.swap = &server->swap,
		.arg = server,
		.admit = on_admit,
		.served = on_served,
	};
	return open_cookies(server, error);
}

/* Whether the kernel sees, or would see without us, queries to the port's addresses. */
static bool
is_beside_kernel(const struct dp_port *port)
{
	return port->config->kind == DP_PORT_AF_XDP || port->config->kind == DP_PORT_AF_PACKET;
}

/* Beside AF_XDP the kernel's share of queries is answered by a socket worker; beside AF_PACKET the
 * kernel has only copies, and must keep silent. Either way nobody else can have the addresses. */
static int
claim_addresses(struct dp_server *server, struct tbl_error *error)
{
	const struct dp_addresses *addresses = &server->params.config->addresses;
	bool is_served = has_dp_left_worker(server->params.config);

	for (uint32_t i = 0; i < addresses->cnt; i++) {
		const struct dp_endpoint endpoint = { addresses->items[i], DP_DNS_PORT };
		char text[DP_ENDPOINT_TEXT_MAX];
		int fd = is_served ? dp_socket_udp(&endpoint, DP_SOCKET_FREE)
		                   : dp_socket_claim(&endpoint);

		if (fd < 0) {
			dp_socket_explain("UDP", &endpoint, fd, error);
			return fd;
		}
		server->claims.fds[server->claims.cnt++] = fd;
		if (!is_dp_address_local(&endpoint.addr)) {
			dp_endpoint_text(&endpoint, text);
			say(server,
					"%s is not an address of this machine yet; queries to it "
					"will not "
					"arrive",
					text);
		}
	}
	return 0;
}

static int
open_tcp(struct dp_server *server, uint32_t worker_cnt, struct tbl_error *error)
{
	const struct dp_tcp_config *config = &server->params.config->tcp;
	uint32_t max;
	int err;

	if (!config->enabled) {
		return 0;
	}
	err = dp_tcp_worker_open(&server->shared, worker_cnt, &server->tcp_worker, error);
	if (err != 0) {
		return err;
	}
	max = dp_tcp_worker_max(server->tcp_worker);
	if (max < (uint64_t)config->max_connections) {
		say(server,
				"tcp.max_connections: %u in place of %" PRId64
				": the process may not open more files (LimitNOFILE=, ulimit -n)",
				max, config->max_connections);
	}
	return 0;
}

static int
open_intake(struct dp_server *server, uint32_t worker_cnt, struct tbl_error *error)
{
	const struct dp_intake_params params = {
		.base = server->base,
		.run_dir = server->params.config->run_dir,
		.adopter = &server->adopter,
		.stats_fd = server->stats_fd,
		.worker_cnt = worker_cnt,
		.arg = server,
		.say = say_text,
	};

	return server->params.is_standalone ? 0 : dp_intake_open(&params, &server->intake, error);
}

static int
open_keeper(struct dp_server *server, struct tbl_error *error)
{
	const struct dp_keeper_params params = {
		.base = server->base,
		.state_dir = server->params.is_standalone ? NULL : server->params.config->state_dir,
		.table_path = server->params.table_path,
		.promote_after_s = server->params.config->promote_after_s,
		.adopter = &server->adopter,
		.stats = server->shared.stats,
		.arg = server,
		.say = say_text,
	};

	return dp_keeper_open(&params, &server->keeper, error);
}

static int
open_packet_ports(struct dp_server *server, struct tbl_error *error)
{
	const struct dp_eal_params params = {
		.config = server->params.config,
		.cpus = &server->cpus,
		.queue_cnt = server->queue_cnt,
		.arg = server,
		.say = say_text,
	};
	int err;

	if (server->ports.cnt == 0) {
		return 0;
	}
	err = dp_eal_start(&params, error);
	if (err != 0) {
		return err;
	}
	server->is_eal_started = true;
	return dp_ports_open(&params, &server->ports, error);
}

static int
start_workers(struct dp_server *server, struct tbl_error *error)
{
	sigset_t all;
	sigset_t before;
	int err = 0;

	/* Signals are the cold thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	err = dp_socket_workers_start(&server->shared, server->cpus.worker_cnt, &server->claims,
			&server->socket_workers, error);
	if (err == 0 && server->ports.cnt > 0) {
		err = dp_packet_workers_start(&server->shared, &server->ports,
				server->cpus.worker_cnt, &server->packet_workers, error);
	}
	if (err == 0 && server->tcp_worker != NULL) {
		err = dp_tcp_worker_start(server->tcp_worker, error);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

/* What can be wrong with the configuration on this machine is found before anything is opened. */
static int
plan(struct dp_server *server, uint32_t *ret_worker_cnt, struct tbl_error *error)
{
	const struct dp_config *config = server->params.config;
	int err = dp_ports_plan(config, &server->ports, &server->queue_cnt, error);

	if (err == 0 && server->ports.cnt > 0) {
		err = dp_cpu_plan_make(config, server->queue_cnt, &server->cpus, error);
	}
	if (err == 0 && server->ports.cnt > 0 && config->cpu_cnt > server->cpus.worker_cnt) {
		say(server, "cores: %u of %u used: there are only %u queues",
				server->cpus.worker_cnt, config->cpu_cnt, server->queue_cnt);
	}
	*ret_worker_cnt = server->cpus.worker_cnt + dp_socket_workers_count(config);
	return err;
}

static int
open_all(struct dp_server *server, struct tbl_error *error)
{
	bool needs_claim = false;
	uint32_t worker_cnt;
	int err = plan(server, &worker_cnt, error);

	for (uint32_t i = 0; i < server->ports.cnt; i++) {
		needs_claim = needs_claim || is_beside_kernel(&server->ports.items[i]);
	}
	if (err == 0) {
		err = open_loop(server, error);
	}
	if (err == 0) {
		err = open_shared(server, worker_cnt, error);
	}
	/* The addresses, before anything a running meridiand owns is touched. */
	if (err == 0 && needs_claim) {
		err = claim_addresses(server, error);
	}
	if (err == 0) {
		err = open_tcp(server, worker_cnt, error);
	}
	if (err == 0) {
		err = open_intake(server, worker_cnt, error);
	}
	if (err == 0) {
		err = open_keeper(server, error);
	}
	if (err == 0) {
		err = open_packet_ports(server, error);
	}
	if (err == 0) {
		err = start_workers(server, error);
	}
	if (err == 0) {
		const struct timeval second = { .tv_sec = 1 };

		show_ports(server); /* before the first query: what rings hold at rest */
		event_add(server->pulse, &second);
		say(server, "ready: %u packet workers, %u socket threads, TCP %s",
				server->cpus.worker_cnt,
				dp_socket_workers_count(server->params.config),
				server->tcp_worker != NULL ? "on" : "off");
	}
	return err;
}

/* As many descriptors as we may have: TCP connections and images each take one. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int
dp_server_start(const struct dp_server_params *params, struct dp_server **ret_server,
		struct tbl_error *ret_error)
{
	struct dp_server *server = calloc(1, sizeof(*server));
	int err;

	if (server == NULL) {
		return fail(-ENOMEM, ret_error, "start");
	}
	server->params = *params;
	server->stats_fd = -1;
	raise_descriptor_limit();
	/* The moments a publish waits for workers are short; rounding them up by 50 us is not. */
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
	err = open_all(server, ret_error);
	if (err != 0) {
		dp_server_stop(server);
		return err;
	}
	*ret_server = server;
	return 0;
}

void
dp_server_run(struct dp_server *server)
{
	event_base_dispatch(server->base);
}

static void
close_loop(struct dp_server *server)
{
	for (size_t i = 0; i < 2; i++) {
		if (server->stop_events[i] != NULL) {
			event_free(server->stop_events[i]);
		}
	}
	if (server->reload_event != NULL) {
		event_free(server->reload_event);
	}
	if (server->pulse != NULL) {
		event_free(server->pulse);
	}
	if (server->base != NULL) {
		event_base_free(server->base);
	}
}

void
dp_server_stop(struct dp_server *server)
{
	if (server == NULL) {
		return;
	}
	atomic_store_explicit(&server->shared.is_stopping, true, memory_order_relaxed);
	dp_socket_workers_stop(server->socket_workers);
	dp_packet_workers_stop(server->packet_workers);
	dp_tcp_worker_close(server->tcp_worker);
	dp_intake_close(server->intake);
	dp_ports_close(&server->ports);
	dp_keeper_close(server->keeper);
	dp_adopter_done(&server->adopter);
	dp_swap_done(&server->swap);
	dp_quiesce_free(server->shared.quiesce);
	if (server->shared.stats != NULL) {
		dp_stats_close(server->stats_fd, server->shared.stats);
	}
	for (uint32_t i = 0; i < server->claims.cnt; i++) {
		close(server->claims.fds[i]);
	}
	if (server->is_eal_started) {
		dp_eal_stop();
	}
	close_loop(server);
	free(server);
}
