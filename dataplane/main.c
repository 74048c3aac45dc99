/* meridiand: the command line, the log, the exit codes. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/command_line.h"
#include "dataplane/server.h"

struct options {
	const char *config_path;
	const char *check_path;
	const char *table_path;
	const char *listen[DP_LISTEN_MAX];
	size_t listen_cnt;
};

static void
print_help(void)
{
	conf_program_help(&dp_program, stdout);
	(void)puts("\nKeys of the configuration file (man meridiand.yaml; a commented example is "
		   "conf/examples/meridiand.yaml):\n");
	dp_config_help(stdout);
}

static int
usage(const char *reason)
{
	(void)fprintf(stderr, "meridiand: %s; meridiand --help explains\n", reason);
	return DP_EXIT_USAGE;
}

/* One write a line, so that lines of several threads never mix. */
static void
say(void *arg, const char *text)
{
	(void)arg;
	(void)fprintf(stderr, "meridiand: %s\n", text);
}

/* Ends as a crash would: the supervisor starts a new process, which serves what this one saved. */
static void
give_up(void *arg)
{
	(void)arg;
	_exit(DP_EXIT_HUNG);
}

/* Returns -1 to go on, or the exit status. */
static int
parse_options(int argc, char **argv, struct options *options)
{
	struct option known[CONF_OPTIONS_MAX + 1];
	int option;

	conf_program_getopt(dp_program.options, known);
	/* The only thread so far. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while ((option = getopt_long(argc, argv, "hV", known, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->config_path = optarg;
			break;
		case 'C':
			options->check_path = optarg;
			break;
		case 't':
			options->table_path = optarg;
			break;
		case 'l':
			if (options->listen_cnt == DP_LISTEN_MAX) {
				return usage("too many --listen");
			}
			options->listen[options->listen_cnt++] = optarg;
			break;
		case 'h':
			print_help();
			return DP_EXIT_FINE;
		case 'V':
			(void)puts("meridiand " MERIDIAN_VERSION);
			return DP_EXIT_FINE;
		default:
			return usage("wrong command line");
		}
	}
	if (optind < argc) {
		return usage("arguments begin with --");
	}
	return -1;
}

/* Which of the three ways to be called this is. */
static int
check_options(const struct options *options)
{
	if (options->check_path != NULL) {
		return options->config_path == NULL && options->table_path == NULL &&
		                                       options->listen_cnt == 0
		                       ? -1
		                       : usage("--check-config goes alone");
	}
	if (options->config_path != NULL) {
		return options->listen_cnt == 0 ? -1 : usage("--listen does not go with --config");
	}
	if (options->table_path == NULL || options->listen_cnt == 0) {
		return usage("--config FILE, or --table FILE with --listen ADDRESS:PORT");
	}
	return -1;
}

static int
load_config(const struct options *options, struct dp_config *config)
{
	struct conf_errors errors = { 0 };
	const char *path = options->check_path != NULL ? options->check_path : options->config_path;
	int err = path != NULL ? dp_config_load(path, config, &errors)
	                       : dp_config_listen(options->listen, options->listen_cnt, config,
						 &errors);

	conf_errors_print(&errors, stderr, isatty(STDERR_FILENO) == 1);
	conf_errors_free(&errors);
	return err;
}

static int
serve(const struct options *options, const struct dp_config *config)
{
	const struct dp_server_params params = {
		.config = config,
		.table_path = options->table_path,
		.is_standalone = options->config_path == NULL,
		.say = say,
		.give_up = give_up,
	};
	struct dp_server *server;
	struct tbl_error error = { .text = "" };

	/* A client that went away is an error of its own write, nothing more. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (dp_server_start(&params, &server, &error) != 0) {
		say(NULL, error.text);
		return DP_EXIT_INPUT;
	}
	dp_server_run(server);
	dp_server_stop(server);
	say(NULL, "stopped");
	return DP_EXIT_FINE;
}

int
main(int argc, char **argv)
{
	struct options options = { 0 };
	struct dp_config config;
	int status = parse_options(argc, argv, &options);

	if (status < 0) {
		status = check_options(&options);
	}
	if (status >= 0) {
		return status;
	}
	if (load_config(&options, &config) != 0) {
		return DP_EXIT_INPUT;
	}
	if (options.check_path != NULL) {
		(void)printf("%s: fine\n", options.check_path);
		status = DP_EXIT_FINE;
	} else {
		status = serve(&options, &config);
	}
	dp_config_done(&config);
	return status;
}
