/*
 * Writes one manual page or one shell completion to standard output: `manual KIND NAME [EXAMPLE]`,
 * KIND being man, bash or zsh, EXAMPLE a configuration file to be shown in its page.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/command_line.h"
#include "control/config.h"
#include "control/ctl.h"
#include "dataplane/command_line.h"
#include "dataplane/config.h"
#include "docs/manual/completion.h"
#include "docs/manual/roff.h"

#define EXAMPLE_BYTES_MAX 65536u /* the examples that ship have some 5 KB */

static int
fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "manual: %s: %s\n", what, why);
	return EXIT_FAILURE;
}

static void
write_program(const struct conf_program *program)
{
	roff_title(stdout, program->name, program->section, program->summary);
	roff_section(stdout, "SYNOPSIS");
	for (size_t i = 0; program->synopses[i] != NULL; i++) {
		(void)printf("%s.B ", i > 0 ? ".br\n" : "");
		roff_text(stdout, program->name);
		(void)putchar(' ');
		roff_text(stdout, program->synopses[i]);
		(void)putchar('\n');
	}
	roff_section(stdout, "DESCRIPTION");
	roff_prose(stdout, program->description);
	roff_section(stdout, "OPTIONS");
	for (const struct conf_option *option = program->options; option->letter != 0; option++) {
		roff_option(stdout, option);
	}
	roff_exits(stdout, program->exits);
	roff_see(stdout, program->name);
}

static void
write_command(const struct ctl_command *command)
{
	(void)printf(".SS ");
	roff_text(stdout, command->name);
	(void)putchar(' ');
	roff_text(stdout, command->arguments);
	(void)putchar('\n');
	roff_text(stdout, command->summary);
	(void)puts(".\n.PP");
	roff_prose(stdout, command->help);
	(void)puts(".PP\nOptions:");
	for (const struct conf_option *option = ctl_option_rows; option->letter != 0; option++) {
		if (strchr(command->options, option->letter) != NULL) {
			(void)printf("\\fB\\-\\-");
			roff_text(stdout, option->name);
			(void)puts("\\fR");
		}
	}
}

static void
write_ctl(void)
{
	roff_title(stdout, "meridianctl", '1', "check, plan, publish and explain DNS zones");
	roff_section(stdout, "SYNOPSIS");
	(void)puts(".B meridianctl\n.I command\n.RI [ option ]...\n.RI [ argument ]...\n.br\n"
		   ".B meridianctl\n.I command\n.B \\-\\-help");
	roff_section(stdout, "DESCRIPTION");
	roff_prose(stdout, ctl_description);
	roff_section(stdout, "COMMANDS");
	for (const struct ctl_command *command = ctl_commands; command->name != NULL; command++) {
		write_command(command);
	}
	roff_section(stdout, "OPTIONS");
	for (const struct conf_option *option = ctl_option_rows; option->letter != 0; option++) {
		roff_option(stdout, option);
	}
	roff_exits(stdout, ctl_exits);
	roff_section(stdout, "FILES");
	(void)puts(".TP\n.I " CP_API_SOCKET_DEFAULT
		   "\nThe daemon's API; \\fB\\-\\-socket\\fR names another.");
	roff_see(stdout, "meridianctl");
}

static int
write_config(const char *name, const char *summary, const struct conf_row *rows,
		const char *example)
{
	static char text[EXAMPLE_BYTES_MAX];
	FILE *in = example != NULL ? fopen(example, "re") : NULL;
	size_t len = 0;

	if (in == NULL) {
		return fail(example != NULL ? example : name,
				example != NULL ? strerrordesc_np(errno) : "an example is needed");
	}
	len = fread(text, 1, sizeof(text), in);
	if (ferror(in) != 0 || len == sizeof(text)) {
		(void)fclose(in);
		return fail(example, "cannot be read, or is too long");
	}
	(void)fclose(in);
	text[len] = '\0';
	roff_title(stdout, name, '5', summary);
	roff_section(stdout, "DESCRIPTION");
	roff_prose(stdout, "A YAML file. Unknown keys and keys given twice are errors; every error "
			   "is told with its file,\n"
			   "line and column. Relative paths begin at the directory of the file.\n");
	roff_keys(stdout, rows);
	roff_section(stdout, "EXAMPLE");
	roff_verbatim(stdout, text);
	roff_see(stdout, name);
	return EXIT_SUCCESS;
}

static int
write_man(const char *name, const char *example)
{
	if (strcmp(name, "meridiand") == 0) {
		write_program(&dp_program);
	} else if (strcmp(name, "meridian-control") == 0) {
		write_program(&cp_program);
	} else if (strcmp(name, "meridianctl") == 0) {
		write_ctl();
	} else if (strcmp(name, "meridiand.yaml") == 0) {
		return write_config(name, "configuration of meridiand", dp_config_rows(), example);
	} else if (strcmp(name, "meridian-control.yaml") == 0) {
		return write_config(name, "configuration of meridian-control", cp_config_rows(),
				example);
	} else {
		return fail(name, "no such page");
	}
	return EXIT_SUCCESS;
}

static int
write_completion(const char *name, bool is_zsh)
{
	const struct conf_program *program = strcmp(name, "meridiand") == 0          ? &dp_program
	                                     : strcmp(name, "meridian-control") == 0 ? &cp_program
	                                                                             : NULL;

	if (strcmp(name, "meridianctl") == 0) {
		(is_zsh ? completion_zsh_ctl : completion_bash_ctl)(
				stdout, ctl_commands, ctl_option_rows);
	} else if (program != NULL) {
		(is_zsh ? completion_zsh : completion_bash)(stdout, program);
	} else {
		return fail(name, "no such program");
	}
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	int status = EXIT_FAILURE;

	if (argc < 3 || argc > 4) {
		return fail("usage", "manual man|bash|zsh NAME [EXAMPLE]");
	}
	if (strcmp(argv[1], "man") == 0) {
		status = write_man(argv[2], argv[3]);
	} else if (strcmp(argv[1], "bash") == 0 || strcmp(argv[1], "zsh") == 0) {
		status = write_completion(argv[2], argv[1][0] == 'z');
	} else {
		return fail(argv[1], "not man, bash or zsh");
	}
	if (fflush(stdout) != 0 || ferror(stdout) != 0) {
		return fail("standard output", strerrordesc_np(errno));
	}
	return status;
}
