/*
 * meridian-control: reads its configuration, then runs one event loop until it is told to stop.
 * Everything it has to say goes to standard error, a line each.
 */
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "control/api.h"
#include "control/command_line.h"
#include "control/config.h"
#include "control/engine.h"
#include "control/state.h"

struct daemon {
	struct event_base *base;
	struct cp_config config;
	struct cp_state state;
	struct cp_engine *engine;
	struct cp_api *api;
	enum cp_exit status;
};

static void
print_help(void)
{
	conf_program_help(&cp_program, stdout);
	(void)puts("\nKeys of the configuration file (man meridian-control.yaml; a commented "
		   "example "
		   "is conf/examples/meridian-control.yaml):\n");
	cp_config_help(stdout);
}

static int
usage(const char *reason)
{
	(void)fprintf(stderr, "meridian-control: %s; meridian-control --help explains\n", reason);
	return CP_EXIT_USAGE;
}

static void
on_note(void *ctx, const char *text)
{
	(void)ctx;
	(void)fprintf(stderr, "meridian-control: %s\n", text);
}

static void
on_messages(void *ctx, const struct conf_errors *errors)
{
	(void)ctx;
	conf_errors_print(errors, stderr, isatty(STDERR_FILENO) == 1);
}

static void
on_hopeless(void *ctx)
{
	struct daemon *daemon = ctx;

	(void)fprintf(stderr,
			"meridian-control: no zone could be compiled and meridiand serves nothing: "
			"giving up\n");
	daemon->status = CP_EXIT_INPUT;
	event_base_loopbreak(daemon->base);
}

static void
on_stop(evutil_socket_t signal_number, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)signal_number;
	(void)what;
	event_base_loopbreak(daemon->base);
}

static void
on_hangup(evutil_socket_t signal_number, short what, void *arg)
{
	struct daemon *daemon = arg;
	struct cp_request request = { .kind = CP_REQUEST_APPLY, .who = cp_who_self("SIGHUP") };

	(void)signal_number;
	(void)what;
	if (cp_engine_ask(daemon->engine, &request, NULL, NULL) != 0) {
		on_note(NULL, "SIGHUP: out of memory");
	}
}

static int
watch_signals(struct daemon *daemon, struct event *events[3])
{
	/* A client that goes away is an error of its write, not of this process. */
	(void)signal(SIGPIPE, SIG_IGN);
	events[0] = evsignal_new(daemon->base, SIGTERM, on_stop, daemon);
	events[1] = evsignal_new(daemon->base, SIGINT, on_stop, daemon);
	events[2] = evsignal_new(daemon->base, SIGHUP, on_hangup, daemon);
	for (int i = 0; i < 3; i++) {
		if (events[i] == NULL || event_add(events[i], NULL) != 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

static int
start(struct daemon *daemon)
{
	static const struct cp_engine_events events = {
		.on_note = on_note,
		.on_messages = on_messages,
		.on_hopeless = on_hopeless,
	};
	char error[CP_API_ERROR_MAX];
	const char *path;
	int err = cp_state_open(daemon->config.state_dir, &daemon->state, &path);

	if (err != 0) {
		(void)fprintf(stderr, "meridian-control: state_dir: %s: %s\n", path,
				err == -EBADMSG ? "is damaged; move it away to start afresh"
						: strerrordesc_np(-err));
		return err;
	}
	if (daemon->state.health_error != 0) {
		(void)fprintf(stderr, "meridian-control: %s: %s; every target starts as unknown\n",
				daemon->state.health_path,
				strerrordesc_np(-daemon->state.health_error));
	}
	err = cp_engine_new(daemon->base, &daemon->config, &daemon->state, &events, daemon,
			&daemon->engine);
	if (err != 0) {
		(void)fprintf(stderr, "meridian-control: cannot start: %s\n",
				strerrordesc_np(-err));
		return err;
	}
	err = cp_api_new(daemon->base, daemon->config.api_socket, daemon->engine, &daemon->api,
			error);
	if (err != 0) {
		(void)fprintf(stderr, "meridian-control: %s\n", error);
	}
	return err;
}

/* Each open probe is a descriptor: take all that the administrator allows. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE,
				&limit); /* the old limit works too, with fewer probes */
	}
}

static enum cp_exit
run(struct daemon *daemon)
{
	struct event *signals[3] = { NULL };

	raise_descriptor_limit();
	daemon->base = event_base_new();
	if (daemon->base == NULL || watch_signals(daemon, signals) != 0) {
		(void)fprintf(stderr, "meridian-control: cannot make an event loop\n");
		daemon->status = CP_EXIT_INPUT;
	} else if (start(daemon) != 0) {
		daemon->status = CP_EXIT_INPUT;
	} else {
		event_base_dispatch(daemon->base);
	}
	cp_engine_free(daemon->engine);
	cp_api_free(daemon->api);
	cp_state_close(&daemon->state);
	for (int i = 0; i < 3; i++) {
		if (signals[i] != NULL) {
			event_free(signals[i]);
		}
	}
	if (daemon->base != NULL) {
		event_base_free(daemon->base);
	}
	return daemon->status;
}

static enum cp_exit
run_config(const char *path, bool is_check_only)
{
	struct daemon daemon = { 0 };
	struct conf_errors errors = { 0 };
	enum cp_exit status = CP_EXIT_INPUT;
	int err = cp_config_load(path, &daemon.config, &errors);

	conf_errors_print(&errors, stderr, isatty(STDERR_FILENO) == 1);
	conf_errors_free(&errors);
	if (err == 0) {
		status = is_check_only ? CP_EXIT_FINE : run(&daemon);
	}
	cp_config_free(&daemon.config);
	return status;
}

int
main(int argc, char **argv)
{
	struct option options[CONF_OPTIONS_MAX + 1];
	const char *config_path = NULL;
	bool is_check_only = false;
	int option;

	conf_program_getopt(cp_program.options, options);
	/* The only thread so far. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while ((option = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		switch (option) {
		case 'c':
		case 'C':
			if (config_path != NULL) {
				return usage("one of --config and --check-config, once");
			}
			config_path = optarg;
			is_check_only = option == 'C';
			break;
		case 'h':
			print_help();
			return CP_EXIT_FINE;
		case 'V':
			printf("meridian-control %s\n", MERIDIAN_VERSION);
			return CP_EXIT_FINE;
		default:
			return usage("wrong command line");
		}
	}
	if (config_path == NULL || optind != argc) {
		return usage(config_path == NULL ? "--config FILE is needed"
						 : "takes no arguments beside its options");
	}
	return (int)run_config(config_path, is_check_only);
}
