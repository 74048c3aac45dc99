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

/* What offline tables are hashed with unless told otherwise, so that equal zones give equal files.
 * A daemon's tables use a secret of its own. */
#define SEED_DEFAULT_0 0x6d6572696469616eULL /* "meridian" */
#define SEED_DEFAULT_1 0x6f66666c696e6531ULL /* "offline1" */

static const struct ctl_command commands[] = {
	{ .name = "check",
			.arguments = "DIR [--geo FILE.mmdb]...",
			.summary = "say everything that is wrong with a directory of zone files",
			.help = "Reads and compiles every zone of DIR, publishes nothing. Every "
				"error of every file is\n"
				"told, as file:line:column. With --geo the databases are tried "
				"too.\n"
				"\n"
				"  meridianctl check zones/\n"
				"  meridianctl check zones/ --geo country.mmdb --json | jq "
				".messages\n",
			.options = "gj",
			.arg_min = 1,
			.arg_max = 1,
			.run = ctl_check },
	{ .name = "compile",
			.arguments = "--zones DIR [--geo FILE.mmdb]... -o FILE [--generation N] "
				     "[--seed HEX]",
			.summary = "make a table file, with no daemon",
			.help = "Writes what meridiand --table serves. The same zones and "
				"databases "
				"give the same bytes:\n"
				"the generation is 1 and the hash seed a fixed one unless told "
				"otherwise. --seed takes\n"
				"32 hexadecimal digits; give each deployment its own, kept "
				"secret.\n"
				"\n"
				"  meridianctl compile --zones zones/ --geo country.mmdb -o "
				"example.table\n"
				"  meridiand --table example.table --listen 127.0.0.1:5300\n",
			.options = "gjzoNS",
			.run = ctl_compile },
	{ .name = "dump",
			.arguments = "FILE",
			.summary = "show everything a table file holds",
			.help = "Header, zones, every name with its records, dynamic records with "
				"pools and rules, every\n"
				"location with its class and scopes, the selection.\n"
				"\n"
				"  meridianctl dump example.table | less\n"
				"  meridianctl dump example.table --json | jq "
				"'.dynamic_records[].pools'\n",
			.options = "j",
			.arg_min = 1,
			.arg_max = 1,
			.run = ctl_dump },
	{ .name = "status",
			.arguments = "",
			.summary = "what is wrong, what is served, by whom",
			.help = "Begins with what somebody has to do something about.\n"
				"\n"
				"  meridianctl status\n"
				"  meridianctl status --json | jq -e '.problems == []'\n",
			.options = "js",
			.run = ctl_status_show },
	{ .name = "apply",
			.arguments = "[--force]",
			.summary = "publish what the zones directory holds now",
			.help = "Reads zones and databases, compiles, publishes, and waits until "
				"every "
				"worker serves it.\n"
				"A zone with errors stays in its last good version; the others go "
				"on, "
				"and the exit status\n"
				"is 1. A zone that was served and has no file any more stops the "
				"whole "
				"publish, unless\n"
				"--force says that this is meant.\n"
				"\n"
				"  meridianctl check zones/ && meridianctl apply\n",
			.options = "jsf",
			.run = ctl_apply },
	{ .name = "explain",
			.arguments = "NAME TYPE --from ADDRESS [--table FILE [--geo FILE.mmdb]...]",
			.summary = "why a client gets the answer it gets",
			.help = "Runs the data plane's own look-up for a client (or its subnet) at "
				"ADDRESS and says which\n"
				"zone, name, rule, pool and health gave the answer, why other "
				"rules did "
				"not, and how far\n"
				"the answer may be cached (ECS scope). Asks the daemon, or reads a "
				"table "
				"file.\n"
				"\n"
				"  meridianctl explain www.example.com A --from 198.51.100.7\n"
				"  meridianctl explain www.example.com AAAA --from 2001:db8::7 "
				"--table "
				"example.table\n",
			.options = "jsFTg",
			.arg_min = 2,
			.arg_max = 2,
			.run = ctl_explain },
	{ .name = "health",
			.arguments = "",
			.summary = "every health target: state, since when, why",
			.help = "  meridianctl health\n"
				"  meridianctl health --json | jq '.targets[] | select(.state == "
				"\"down\")'\n",
			.options = "js",
			.run = ctl_health },
	{ .name = "counters",
			.arguments = "",
			.summary = "packets by verdict, in sum and by worker",
			.help = "Every packet received has exactly one verdict; verdicts that "
				"never "
				"happened are not shown.\n"
				"\n"
				"  meridianctl counters\n"
				"  meridianctl counters --json | jq .verdicts.drop_tx_full\n",
			.options = "js",
			.run = ctl_counters },
};
#define COMMAND_CNT (sizeof(commands) / sizeof(commands[0]))

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "socket", required_argument, NULL, 's' },
	{ "geo", required_argument, NULL, 'g' },
	{ "zones", required_argument, NULL, 'z' },
	{ "output", required_argument, NULL, 'o' },
	{ "generation", required_argument, NULL, 'N' },
	{ "seed", required_argument, NULL, 'S' },
	{ "table", required_argument, NULL, 'T' },
	{ "from", required_argument, NULL, 'F' },
	{ "force", no_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void
print_usage(FILE *out)
{
	(void)fprintf(out,
			"usage: meridianctl COMMAND ... | meridianctl COMMAND --help | meridianctl "
			"--version\n\n");
	for (size_t i = 0; i < COMMAND_CNT; i++) {
		(void)fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
	}
	(void)fprintf(out,
			"\n"
			"Every command takes --json for programs. Those that ask the daemon take "
			"--socket PATH\n"
			"(default " CP_API_SOCKET_DEFAULT ").\n"
			"Exit status: 0 fine, 1 the input is wrong or was refused, 2 usage, 3 no "
			"daemon.\n");
}

static void
print_command_usage(const struct ctl_command *command, FILE *out)
{
	(void)fprintf(out, "usage: meridianctl %s %s%s[--json]%s\n", command->name,
			command->arguments, command->arguments[0] != '\0' ? " " : "",
			strchr(command->options, 's') != NULL ? " [--socket PATH]" : "");
}

static bool
can_read_generation(const char *text, uint64_t *ret_generation)
{
	char *end;

	errno = 0;
	*ret_generation = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
	       *ret_generation != 0;
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
	case 'N':
		if (!can_read_generation(value, &options->generation)) {
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
		.generation = 1,
		.seed = { SEED_DEFAULT_0, SEED_DEFAULT_1 },
	};
	enum ctl_status status;
	int letter;

	/* The only thread so far. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while ((letter = getopt_long(argc, argv, "ho:", long_options, NULL)) != -1) {
		if (letter == 'h') {
			print_command_usage(command, stdout);
			printf("\n%s", command->help);
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

	for (size_t i = 0; i < COMMAND_CNT; i++) {
		if (strcmp(name, commands[i].name) == 0) {
			return (int)flush_output(run_command(&commands[i], argc - 1, argv + 1));
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
