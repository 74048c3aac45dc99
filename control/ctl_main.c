/*
 * meridianctl: one row a command; options are parsed here and nowhere else.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config.h"
#include "control/ctl.h"
#include "control/text.h"

/* What offline tables are hashed with unless told otherwise, so that equal zones give equal files.
 * A daemon's tables use a secret of its own. */
#define SEED_DEFAULT_0 0x6d6572696469616eULL /* "meridian" */
#define SEED_DEFAULT_1 0x6f66666c696e6531ULL /* "offline1" */

static void
print_usage(FILE *out)
{
	(void)fprintf(out,
			"usage: meridianctl COMMAND ... | meridianctl COMMAND --help | meridianctl "
			"--version\n\n%s\n",
			ctl_description);
	for (const struct ctl_command *command = ctl_commands; command->name != NULL; command++) {
		(void)fprintf(out, "  %-9s %s\n", command->name, command->summary);
	}
	(void)fputs("\nExit status:\n", out);
	for (const struct conf_exit *at = ctl_exits; at->meaning != NULL; at++) {
		(void)fprintf(out, "  %d  %s\n", at->status, at->meaning);
	}
	(void)fputs("\nman meridianctl says all of it.\n", out);
}

static void
print_command_usage(const struct ctl_command *command, FILE *out)
{
	(void)fprintf(out, "usage: meridianctl %s %s%s[--json]%s\n", command->name,
			command->arguments, command->arguments[0] != '\0' ? " " : "",
			strchr(command->options, 's') != NULL ? " [--socket PATH]" : "");
}

static void
print_command_help(const struct ctl_command *command)
{
	print_command_usage(command, stdout);
	printf("\n%s\n", command->help);
	for (const struct conf_option *option = ctl_option_rows; option->letter != 0; option++) {
		if (strchr(command->options, option->letter) != NULL) {
			conf_option_help(option, stdout);
		}
	}
}

static bool
can_read_seed(const char *text, uint64_t seed[2])
{
	char half[17] = { 0 };

	if (strlen(text) != 32 || strspn(text, "0123456789abcdefABCDEF") != 32) {
		return false;
	}
	memcpy(half, text, 16);
	seed[0] = strtoull(half, NULL, 16);
	memcpy(half, text + 16, 16);
	seed[1] = strtoull(half, NULL, 16);
	return true;
}

static enum ctl_status
take_geo(struct ctl_options *options, const char *path)
{
	if (options->geo_cnt == CTL_GEO_MAX) {
		return ctl_fail(CTL_USAGE, "more than %d databases", CTL_GEO_MAX);
	}
	options->geo[options->geo_cnt++] = path;
	return CTL_FINE;
}

static enum ctl_status
take_option(struct ctl_options *options, int letter, const char *value)
{
	switch (letter) {
	case 'j':
		options->is_json = true;
		break;
	case 'f':
		options->is_forced = true;
		break;
	case 's':
		options->socket = value;
		break;
	case 'g':
		return take_geo(options, value);
	case 'z':
		options->zones = value;
		break;
	case 'o':
		options->output = value;
		break;
	case 'T':
		options->table = value;
		break;
	case 'F':
		options->from = value;
		break;
	case 'A':
		options->against = value;
		break;
	case 'E':
		options->ecs = value;
		break;
	case 'C':
		options->checksum = value;
		break;
	case 'c':
		options->config = value;
		break;
	case 't':
		if (!can_cp_read_number(value, &options->timeout_s)) {
			return ctl_fail(CTL_USAGE, "--timeout %s: seconds from 1 are needed",
					value);
		}
		break;
	case 'N':
		if (!can_cp_read_number(value, &options->generation)) {
			return ctl_fail(CTL_USAGE, "--generation %s: a number from 1 is needed",
					value);
		}
		break;
	case 'S':
		if (!can_read_seed(value, options->seed)) {
			return ctl_fail(CTL_USAGE, "--seed %s: 32 hexadecimal digits are needed",
					value);
		}
		break;
	default:
		return CTL_USAGE;
	}
	return CTL_FINE;
}

static enum ctl_status
take_arguments(const struct ctl_command *command, struct ctl_options *options, int argc,
		char **argv)
{
	size_t cnt = (size_t)(argc - optind);

	if (cnt < command->arg_min || cnt > command->arg_max) {
		ctl_fail(CTL_USAGE, "%s: %s argument%s", command->name,
				cnt < command->arg_min ? "needs another" : "takes no such",
				cnt < command->arg_min ? "" : "s");
		print_command_usage(command, stderr);
		return CTL_USAGE;
	}
	for (size_t i = 0; i < cnt; i++) {
		options->args[options->arg_cnt++] = argv[(size_t)optind + i];
	}
	return CTL_FINE;
}

static enum ctl_status
run_command(const struct ctl_command *command, int argc, char **argv)
{
	struct ctl_options options = {
		.socket = CP_API_SOCKET_DEFAULT,
		.seed = { SEED_DEFAULT_0, SEED_DEFAULT_1 },
	};
	struct option long_options[CONF_OPTIONS_MAX + 1];
	enum ctl_status status;
	int letter;

	conf_program_getopt(ctl_option_rows, long_options);
	/* The only thread so far. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while ((letter = getopt_long(argc, argv, "ho:", long_options, NULL)) != -1) {
		if (letter == 'h') {
			print_command_help(command);
			return CTL_FINE;
		}
		if (letter != '?' && strchr(command->options, letter) == NULL) {
			ctl_fail(CTL_USAGE, "%s does not take %s", command->name, argv[optind - 1]);
			letter = '?';
		}
		status = letter == '?' ? CTL_USAGE : take_option(&options, letter, optarg);
		if (status != CTL_FINE) {
			print_command_usage(command, stderr);
			return status;
		}
	}
	status = take_arguments(command, &options, argc, argv);
	return status != CTL_FINE ? status : command->run(&options);
}

/* What was not written was not said: a full disk behind `meridianctl ... > FILE` is a failure. */
static enum ctl_status
flush_output(enum ctl_status status)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0) {
		return status;
	}
	return ctl_fail(CTL_INPUT, "standard output: %s", strerrordesc_np(errno));
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	for (const struct ctl_command *command = ctl_commands; command->name != NULL; command++) {
		if (strcmp(name, command->name) == 0) {
			return (int)flush_output(run_command(command, argc - 1, argv + 1));
		}
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		print_usage(stdout);
		return CTL_FINE;
	}
	if (strcmp(name, "--version") == 0) {
		printf("meridianctl %s\n", MERIDIAN_VERSION);
		return CTL_FINE;
	}
	if (name[0] != '\0') {
		ctl_fail(CTL_USAGE, "no such command: %s", name);
	}
	print_usage(stderr);
	return CTL_USAGE;
}
