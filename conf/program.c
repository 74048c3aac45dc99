#include "conf/program.h"

#include <string.h>

void
conf_program_getopt(const struct conf_option *options, struct option ret_rows[CONF_OPTIONS_MAX + 1])
{
	size_t cnt = 0;

	for (; cnt < CONF_OPTIONS_MAX && options[cnt].letter != 0; cnt++) {
		ret_rows[cnt] = (struct option){
			.name = options[cnt].name,
			.has_arg = options[cnt].argument != CONF_ARG_NONE ? required_argument
			                                                  : no_argument,
			.val = options[cnt].letter,
		};
	}
	memset(&ret_rows[cnt], 0, sizeof(ret_rows[cnt]));
}

/* The column in which options are explained: behind the longest of ours. */
#define HELP_COLUMN 26

void
conf_option_help(const struct conf_option *option, FILE *out)
{
	int width = fprintf(out, "  --%s%s%s", option->name, option->value != NULL ? " " : "",
			option->value != NULL ? option->value : "");

	(void)fprintf(out, "%*s%s\n", width < HELP_COLUMN ? HELP_COLUMN - width : 1, "",
			option->help);
}

void
conf_program_help(const struct conf_program *program, FILE *out)
{
	(void)fprintf(out, "%s - %s\n\n", program->name, program->summary);
	for (size_t i = 0; program->synopses[i] != NULL; i++) {
		(void)fprintf(out, "%s %s %s\n", i == 0 ? "usage:" : "      ", program->name,
				program->synopses[i]);
	}
	(void)fprintf(out, "\n%s\n", program->description);
	for (const struct conf_option *option = program->options; option->letter != 0; option++) {
		conf_option_help(option, out);
	}
	(void)fputs("\nExit status:\n", out);
	for (const struct conf_exit *at = program->exits; at->meaning != NULL; at++) {
		(void)fprintf(out, "  %d  %s\n", at->status, at->meaning);
	}
}
