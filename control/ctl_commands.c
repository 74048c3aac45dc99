/* What meridianctl can do, as data: ctl_main.c parses with it, and the manual pages and shell
 * completions are made from it. */
#include "control/ctl.h"

const struct conf_option ctl_option_rows[] = {
	{ 'j', "json", CONF_ARG_NONE, NULL, "print JSON for programs" },
	{ 's', "socket", CONF_ARG_FILE, "PATH", "UNIX socket of meridian-control's API" },
	{ 'c', "config", CONF_ARG_FILE, "FILE",
			"meridian-control.yaml, for how zone files are to be read" },
	{ 'g', "geo", CONF_ARG_FILE, "FILE.mmdb", "geo database; may be given several times" },
	{ 'z', "zones", CONF_ARG_DIR, "DIR", "directory of zone files" },
	{ 'o', "output", CONF_ARG_FILE, "FILE", "where to write" },
	{ 'T', "table", CONF_ARG_FILE, "FILE", "a table file instead of the daemon's" },
	{ 'A', "against", CONF_ARG_FILE, "FILE",
			"a table file to compare with instead of what is served" },
	{ 'F', "from", CONF_ARG_TEXT, "ADDRESS", "whose question: the address it comes from" },
	{ 'E', "ecs", CONF_ARG_TEXT, "PREFIX", "the client subnet that the question carries" },
	{ 'N', "generation", CONF_ARG_TEXT, "N", "number of a table" },
	{ 'S', "seed", CONF_ARG_TEXT, "HEX", "hash seed: 32 hexadecimal digits" },
	{ 'C', "checksum", CONF_ARG_TEXT, "HASH", "of the plan that is meant, and of no other" },
	{ 't', "timeout", CONF_ARG_TEXT, "SECONDS", "how long to wait" },
	{ 'f', "force", CONF_ARG_NONE, NULL, "do it although a guard objects" },
	{ 'h', "help", CONF_ARG_NONE, NULL, "say how a command is used" },
	{ 0 },
};

const struct conf_exit ctl_exits[] = {
	{ CTL_FINE, "fine" },
	{ CTL_INPUT, "what it was given is wrong, or was refused" },
	{ CTL_USAGE, "wrong command line" },
	{ CTL_NO_DAEMON, "meridian-control, or meridiand behind it, is not there" },
	{ 0, NULL },
};

const char ctl_description[] =
		"The command line of Meridian. Some commands work on files alone, the others ask "
		"meridian-control.\n"
		"Every command takes --json for programs; those that ask the daemon take "
		"--socket.\n";

const struct ctl_command ctl_commands[] = {
	{ .name = "check",
			.arguments = "[DIR] [--config FILE] [--geo FILE.mmdb]...",
			.summary = "say everything that is wrong with a directory of zone files",
			.help = "Reads and compiles every zone of DIR, publishes nothing. Every "
				"error of every file is\n"
				"told, as file:line:column. With --geo the databases are tried "
				"too. With --config files are\n"
				"read as meridian-control would read them; DIR and --geo then "
				"come before its own.\n"
				"Messages that end with a [name] are lints, never errors: "
				"docs/lint.md says why, and\n"
				"how a zone file silences one.\n"
				"\n"
				"  meridianctl check zones/\n"
				"  meridianctl check --config /etc/meridian/meridian-control.yaml\n"
				"  meridianctl check zones/ --geo country.mmdb --json | jq "
				".messages\n",
			.options = "cgj",
			.completes = CONF_ARG_DIR,
			.arg_max = 1,
			.run = ctl_check },
	{ .name = "compile",
			.arguments = "[--zones DIR] [--config FILE] [--geo FILE.mmdb]... -o FILE "
				     "[--generation N] [--seed HEX]",
			.summary = "make a table file, with no daemon",
			.help = "Writes what meridiand --table serves. The same zones and "
				"databases "
				"give the same bytes:\n"
				"the generation is 1 and the hash seed a fixed one unless told "
				"otherwise. --seed takes\n"
				"32 hexadecimal digits; give each deployment its own, kept "
				"secret. Zones, databases\n"
				"and how files are read come from --config where they are not "
				"named.\n"
				"\n"
				"  meridianctl compile --zones zones/ --geo country.mmdb -o "
				"example.table\n"
				"  meridiand --table example.table --listen 127.0.0.1:5300\n",
			.options = "cgjzoNS",
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
			.completes = CONF_ARG_FILE,
			.arg_min = 1,
			.arg_max = 1,
			.run = ctl_dump },
	{ .name = "plan",
			.arguments = "[--zones DIR] [--geo FILE.mmdb]... [--config FILE] "
				     "[--against FILE] [--force]",
			.summary = "say what an apply would change",
			.help = "Compiles the zones and compares them: which records come, go and "
				"change, which clients would\n"
				"be sent to another pool, and whether that is more than an "
				"accident "
				"should be able to do.\n"
				"Publishes nothing. Without --against the daemon does it, with its "
				"own zones and against what\n"
				"is served; the last line is the command that publishes this and "
				"nothing else. With --against\n"
				"no daemon is needed: the zones of --zones or --config against a "
				"table file. Exit status 0: a\n"
				"plan, empty or not; 1: errors, or a change that is not safe "
				"without --force.\n"
				"\n"
				"  meridianctl plan\n"
				"  meridianctl plan --zones zones/ --geo country.mmdb --against "
				"served.table\n"
				"  meridianctl plan --zones zones/ --against served.table --json | "
				"jq -r .checksum\n",
			.options = "jszgcAf",
			.run = ctl_plan },
	{ .name = "diff",
			.arguments = "A B [--geo FILE.mmdb]...",
			.summary = "what differs between two tables",
			.help = "Shows what a change from table A to table B is, as plan does. Two "
				"numbers are generations of\n"
				"the daemon's history; else both are table files. With the "
				"databases "
				"that file B was made\n"
				"with, countries are named too.\n"
				"\n"
				"  meridianctl diff 41 43\n"
				"  meridianctl diff before.table after.table\n",
			.options = "jsg",
			.completes = CONF_ARG_FILE,
			.arg_min = 2,
			.arg_max = 2,
			.run = ctl_diff },
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
			.arguments = "[--checksum HASH] [--force]",
			.summary = "publish what the zones directory holds now",
			.help = "Reads zones and databases, compiles, prints what changes, "
				"publishes, and waits until every\n"
				"worker serves it. A zone with errors stays in its last good "
				"version; the others go on, and\n"
				"the exit status is 1. What is unsafe (plan says what) is "
				"published "
				"only with --force. With\n"
				"--checksum: only if the plan is still the one with this checksum, "
				"as plan prints it.\n"
				"After a rollback, apply is what makes the zones directory count "
				"again.\n"
				"\n"
				"  meridianctl check zones/ && meridianctl apply\n"
				"  meridianctl apply --checksum "
				"$(meridianctl plan --json | jq -r .checksum)\n",
			.options = "jsfC",
			.run = ctl_apply },
	{ .name = "rollback",
			.arguments = "[GENERATION]",
			.summary = "publish an older table again, and stay with it",
			.help = "Publishes the content of an older generation under a new number "
				"and prints what that\n"
				"changes. Without an argument: of the one before what is served; "
				"again: of the one before\n"
				"that. Whatever the zones directory holds, a restart or a SIGHUP "
				"does not take it away; the\n"
				"next apply does. Needs no --force: that content was served "
				"before.\n"
				"\n"
				"  meridianctl rollback\n"
				"  meridianctl history && meridianctl rollback 41\n",
			.options = "js",
			.completes = CONF_ARG_TEXT,
			.arg_max = 1,
			.run = ctl_rollback },
	{ .name = "history",
			.arguments = "",
			.summary = "what was published, when, by whom",
			.help = "The newest first. Tables of the last ones are kept (history_keep "
				"in meridian-control.yaml)\n"
				"to go back to and to compare with.\n"
				"\n"
				"  meridianctl history | head\n"
				"  meridianctl history --json | jq '.entries[] | "
				"select(.forced)'\n",
			.options = "js",
			.run = ctl_history },
	{ .name = "wait",
			.arguments = "--generation N [--timeout SECONDS]",
			.summary = "wait until every worker serves a generation",
			.help = "Ends with 0 as soon as every worker serves generation N or a "
				"later one, with 1 after\n"
				"SECONDS (60) if it does not.\n"
				"\n"
				"  meridianctl wait --generation 43 --timeout 10\n",
			.options = "jsNt",
			.run = ctl_wait },
	{ .name = "explain",
			.arguments = "NAME TYPE [--from ADDRESS] [--ecs PREFIX] [--table FILE "
				     "[--geo FILE.mmdb]...]",
			.summary = "why a client gets the answer it gets",
			.help = "Runs the data plane's own look-up for a question that comes from "
				"ADDRESS, or carries the\n"
				"client subnet PREFIX, and says which zone, names, rules, pools "
				"and "
				"health gave the\n"
				"answer, why other rules did not, how far the answer holds (ECS "
				"scope), and prints it\n"
				"as dig does. With neither: every distinct answer and how much of "
				"the address space\n"
				"gets it. Asks the daemon, or reads a table file.\n"
				"\n"
				"  meridianctl explain www.example.com A --from 198.51.100.7\n"
				"  meridianctl explain www.example.com A --from 192.0.2.53 --ecs "
				"198.51.100.0/24\n"
				"  meridianctl explain www.example.com A\n"
				"  meridianctl explain www.example.com AAAA --from 2001:db8::7 "
				"--table example.table\n",
			.options = "jsFETg",
			.completes = CONF_ARG_TEXT,
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
	{ .name = NULL },
};
