#include "control/command_line.h"

static const char *const synopses[] = {
	"--config FILE",
	"--check-config FILE",
	NULL,
};

static const struct conf_option options[] = {
	{ 'c', "config", CONF_ARG_FILE, "FILE", "the configuration" },
	{ 'C', "check-config", CONF_ARG_FILE, "FILE",
			"say what is wrong with a configuration, and where; do nothing else" },
	{ 'h', "help", CONF_ARG_NONE, NULL, "say how it is used, with every configuration key" },
	{ 'V', "version", CONF_ARG_NONE, NULL, "print the version" },
	{ 0 },
};

static const struct conf_exit exits[] = {
	{ CP_EXIT_FINE, "told to end" },
	{ CP_EXIT_INPUT, "the input is wrong: configuration, state, or no zone to begin with" },
	{ CP_EXIT_USAGE, "wrong command line" },
	{ 0, NULL },
};

const struct conf_program cp_program = {
	.name = "meridian-control",
	.section = '8',
	.summary = "compile zones and a geo database into tables, check health, publish",
	.synopses = synopses,
	.description = "The control plane of Meridian. Compiles OctoDNS zones and a geo database "
		       "into a table, publishes\n"
		       "it to meridiand, probes what the zones' health checks name, and publishes "
		       "what is left when a\n"
		       "target fails. Talk to it with meridianctl. meridiand goes on answering "
		       "while this is away.\n"
		       "\n"
		       "SIGHUP applies the zones directory (as meridianctl apply, but not after a "
		       "rollback); SIGTERM\n"
		       "and SIGINT end it. Messages go to standard error.\n",
	.options = options,
	.exits = exits,
};
