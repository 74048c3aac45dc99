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
#include "dataplane/intake.h"
#include "dataplane/ports.h"
#include "dataplane/saver.h"
#include "dataplane/sockets.h"
#include "dataplane/store.h"
#include "dataplane/tcp.h"
#include "dataplane/worker.h"

/* Longest wait for a worker's quiescent state. A burst takes microseconds and a sleep at most
 * 100 ms, offline; a whole second means that the worker hangs. */
#define SWAP_DEADLINE_NS 1000000000ull

struct dp_server {
	struct dp_server_params params;
	struct event_base *base;
	struct event *stop_events[2]; /* SIGTERM, SIGINT */
	struct event *promotion;
	uint64_t answers_at_swap;
	struct dp_swap swap;
	struct dp_adopter adopter;
	struct dp_worker_shared shared;
	int stats_fd;
	struct dp_store *store;
	struct dp_saver *saver;
	struct dp_tcp *tcp;
	struct dp_intake *intake;
	bool is_eal_started;
	struct dp_ports ports;
	uint32_t queue_cnt;
	struct dp_cpu_plan cpus;
	struct dp_packet_workers *packet_workers;
	struct dp_socket_workers *socket_workers;
	uint32_t claim_cnt;
	int claims[DP_ADDRESSES_MAX];
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

/* Replies of all workers so far. */
static uint64_t
count_answers(const struct dp_server *server)
{
	const struct tbl_stats_segment *stats = server->shared.stats;
	uint64_t cnt = 0;

	for (uint32_t i = 0; i < stats->worker_cnt; i++) {
		/* Relaxed: a moment's difference does not matter. */
		cnt += __atomic_load_n(&stats->workers[i].verdicts[TBL_VERDICT_ANSWER_NOERROR],
				__ATOMIC_RELAXED);
	}
	return cnt;
}

static void
schedule_promotion(struct dp_server *server)
{
	const struct timeval soak = { .tv_sec = server->params.config->promote_after_s };

	if (server->promotion != NULL) {
		event_add(server->promotion, &soak);
	}
}

/* The table has been served long enough; without a query it has proved nothing, and soaks on. */
static void
on_promotion(evutil_socket_t fd, short events, void *arg)
{
	struct dp_server *server = arg;
	const struct dp_served *served = dp_swap_current(&server->swap);

	(void)fd;
	(void)events;
	if (count_answers(server) > server->answers_at_swap) {
		dp_saver_promote(server->saver, served->view.header->generation);
	} else {
		schedule_promotion(server);
	}
}

static void
on_served(void *arg, const struct dp_served *served, bool is_new_table)
{
	struct dp_server *server = arg;
	uint64_t generation = served->view.header->generation;

	if (is_new_table) {
		server->answers_at_swap = count_answers(server);
		schedule_promotion(server);
	}
	if (server->saver == NULL) {
		return; /* start-up: it came from the store */
	}
	if (is_new_table) {
		dp_saver_table(server->saver, generation, served->table);
	}
	if (served->selection != NULL) {
		dp_saver_selection(server->saver, generation, served->selection);
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
	if (getrandom(&server->shared.random_seed, sizeof(server->shared.random_seed), 0) < 0) {
		return fail(-errno, error, "random numbers");
	}
	err = dp_stats_open(
			worker_cnt, (uint64_t)time(NULL), &server->stats_fd, &server->shared.stats);
	if (err != 0) {
		return fail(err, error, "counters");
	}
	err = dp_quiesce_new(worker_cnt, &server->shared.quiesce);
	if (err != 0) {
		return fail(err, error, "workers");
	}
	quiescence = dp_quiesce_callbacks(server->shared.quiesce);
	dp_swap_init(&server->swap, &quiescence, SWAP_DEADLINE_NS);
	server->adopter = (struct dp_adopter){
		.swap = &server->swap,
		.arg = server,
		.served = on_served,
	};
	return 0;
}

static void
say_serving(const struct dp_server *server, const char *from)
{
	const struct dp_served *served = dp_swap_current(&server->swap);

	say(server, "serving generation %" PRIu64 " (%" PRIu64 " zones) from %s",
			served->view.header->generation,
			served->view.header->sections[TBL_SECTION_ZONES].cnt, from);
}

/* The table named on the command line: unlike a stored one it has to be right. */
static int
serve_file(struct dp_server *server, const char *path, struct tbl_error *error)
{
	struct dp_image *table;
	struct tbl_error reason;
	uint64_t swap_ns;
	int err = dp_image_from_file(path, &table, &reason);

	if (err == 0) {
		err = dp_adopt_table(&server->adopter, table, NULL, &swap_ns, &reason);
	}
	if (err != 0) {
		(void)snprintf(error->text, sizeof(error->text), "table %.80s: %.100s", path,
				reason.text);
		return err;
	}
	say_serving(server, path);
	return 0;
}

/* The newest table that the last run left: served at once, control plane or not. */
static int
serve_stored(struct dp_server *server, struct tbl_error *error)
{
	const struct dp_store_notice notice = { server, say_text };
	const struct dp_served *served;
	struct dp_image *table;
	struct dp_image *selection;
	struct tbl_error reason;
	uint64_t swap_ns;
	int err = dp_store_load(server->store, &notice, &table, &selection);

	if (err == 0) {
		err = dp_adopt_table(&server->adopter, table, selection, &swap_ns, error);
	}
	if (err == -ENOENT) {
		say(server, "no table yet: queries are dropped until one is published");
		return 0;
	}
	if (err != 0) {
		return err;
	}
	say_serving(server, server->params.config->state_dir);
	served = dp_swap_current(&server->swap);
	/* Before the first query: should that one kill us, the next start knows what was served. */
	if (dp_store_mark_serving(server->store, served->view.header->generation, &reason) != 0) {
		say(server, "%s", reason.text);
	}
	return 0;
}

static int
open_store(struct dp_server *server, struct tbl_error *error)
{
	const struct dp_store_notice report = { server, say_text };
	int err = 0;

	if (!server->params.is_standalone) {
		server->promotion = evtimer_new(server->base, on_promotion, server);
		err = server->promotion != NULL ? dp_store_open(server->params.config->state_dir,
								  &server->store, error)
		                                : fail(-ENOMEM, error, "timer");
	}
	if (err == 0 && server->params.table_path == NULL) {
		err = serve_stored(server, error);
	}
	if (err == 0 && server->store != NULL) {
		err = dp_saver_start(server->store, &report, &server->saver);
		if (err != 0) {
			return fail(err, error, "saver");
		}
	}
	if (err == 0 && server->params.table_path != NULL) {
		err = serve_file(server, server->params.table_path, error);
	}
	return err;
}

/* Whether the kernel sees, or would see without us, queries to the port's addresses. */
static bool
is_beside_kernel(const struct dp_port *port)
{
	return port->config->kind == DP_PORT_AF_XDP || port->config->kind == DP_PORT_AF_PACKET;
}

static int
claim_addresses(struct dp_server *server, struct tbl_error *error)
{
	const struct dp_addresses *addresses = &server->params.config->addresses;

	for (uint32_t i = 0; i < addresses->cnt; i++) {
		const struct dp_endpoint endpoint = { addresses->items[i], DP_DNS_PORT };
		char text[DP_ENDPOINT_TEXT_MAX];
		int fd = dp_socket_claim(&endpoint);

		if (fd < 0) {
			dp_socket_explain("UDP", &endpoint, fd, error);
			return fd;
		}
		server->claims[server->claim_cnt++] = fd;
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
	const struct dp_config *config = server->params.config;
	const struct dp_tcp_params params = {
		.base = server->base,
		.limits = &config->tcp,
		.settings = &config->settings,
		.swap = &server->swap,
		.stats = &server->shared.stats->workers[worker_cnt],
		.random_seed = server->shared.random_seed | 1u,
	};
	int err;

	if (!config->tcp.enabled) {
		return 0;
	}
	err = dp_tcp_open(&params, &server->tcp);
	if (err != 0) {
		return fail(err, error, "TCP");
	}
	for (uint32_t i = 0; err == 0 && i < config->listen.cnt; i++) {
		err = dp_tcp_listen(server->tcp, &config->listen.items[i], false, error);
	}
	for (uint32_t i = 0; err == 0 && i < config->addresses.cnt; i++) {
		const struct dp_endpoint endpoint = { config->addresses.items[i], DP_DNS_PORT };

		err = dp_tcp_listen(server->tcp, &endpoint, true, error);
	}
	return err;
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
	err = dp_socket_workers_start(
			&server->shared, server->cpus.worker_cnt, &server->socket_workers, error);
	if (err == 0 && server->ports.cnt > 0) {
		err = dp_packet_workers_start(&server->shared, &server->ports,
				server->cpus.worker_cnt, &server->packet_workers, error);
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
		err = open_store(server, error);
	}
	if (err == 0) {
		err = open_packet_ports(server, error);
	}
	if (err == 0) {
		err = start_workers(server, error);
	}
	if (err == 0) {
		say(server, "ready: %u packet workers, %u socket threads, TCP %s",
				server->cpus.worker_cnt,
				dp_socket_workers_count(server->params.config),
				server->tcp != NULL ? "on" : "off");
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
	if (server->promotion != NULL) {
		event_free(server->promotion);
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
	dp_intake_close(server->intake);
	dp_tcp_close(server->tcp);
	dp_ports_close(&server->ports);
	dp_saver_stop(server->saver);
	dp_store_close(server->store, true);
	dp_adopter_done(&server->adopter);
	dp_swap_done(&server->swap);
	dp_quiesce_free(server->shared.quiesce);
	if (server->shared.stats != NULL) {
		dp_stats_close(server->stats_fd, server->shared.stats);
	}
	for (uint32_t i = 0; i < server->claim_cnt; i++) {
		close(server->claims[i]);
	}
	if (server->is_eal_started) {
		dp_eal_stop();
	}
	close_loop(server);
	free(server);
}
