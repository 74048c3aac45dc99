#include "dataplane/command_line.h"

static const char *const synopses[] = {
	"--config FILE [--table FILE]",
	"--table FILE --listen ADDRESS:PORT [--listen ADDRESS:PORT]...",
	"--check-config FILE",
	NULL,
};

static const struct conf_option options[] = {
	{ 'c', "config", CONF_ARG_FILE, "FILE", "serve as this configuration says" },
	{ 't', "table", CONF_ARG_FILE, "FILE",
			"start with this table instead of the newest good one" },
	{ 'l', "listen", CONF_ARG_TEXT, "ADDRESS:PORT",
			"answer here on kernel sockets, UDP and TCP; may be given several times" },
	{ 'C', "check-config", CONF_ARG_FILE, "FILE",
			"say what is wrong with a configuration, and where; serve nothing" },
	{ 'h', "help", CONF_ARG_NONE, NULL, "say how it is used, with every configuration key" },
	{ 'V', "version", CONF_ARG_NONE, NULL, "print the version" },
	{ 0 },
};

static const struct conf_exit exits[] = {
	{ DP_EXIT_FINE, "told to end" },
	{ DP_EXIT_INPUT, "the input is wrong: file, table, interface or address" },
	{ DP_EXIT_USAGE, "wrong command line" },
	{ DP_EXIT_HUNG, "a worker hung; a new process can serve" },
	{ 0, NULL },
};

const struct conf_program dp_program = {
	.name = "meridiand",
	.section = '8',
	.summary = "answer DNS from a compiled table, on DPDK ports or sockets",
	.synopses = synopses,
	.description = "The data plane of Meridian. With --config it serves as the file says, "
		       "starts with the newest\n"
		       "good table of its state directory, or with --table, and takes new ones "
		       "from meridian-control.\n"
		       "It goes on answering whatever becomes of everything else.\n"
		       "\n"
		       "With --table and --listen it answers from one table on kernel sockets: no "
		       "root, no DPDK port,\n"
		       "no control plane. `meridianctl compile` makes tables.\n"
		       "\n"
		       "  meridiand --table demo.table --listen 127.0.0.1:5300\n"
		       "  dig @127.0.0.1 -p 5300 www.example.test +subnet=198.51.100.0/24\n"
		       "\n"
		       "SIGTERM and SIGINT end it. Messages go to standard error.\n",
	.options = options,
	.exits = exits,
};
