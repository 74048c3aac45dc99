#include "docs/manual/completion.h"

#include <stdbool.h>
#include <string.h>

/* Every command knows --help, which its row does not name. */
static bool
is_option_of(const struct ctl_command *command, const struct conf_option *option)
{
	return option->letter == 'h' || strchr(command->options, option->letter) != NULL;
}

/* What bash's compgen is to look for. */
static const char *
bash_words(enum conf_argument argument)
{
	switch (argument) {
	case CONF_ARG_FILE:
		return "-f";
	case CONF_ARG_DIR:
		return "-d";
	default:
		return "-W ''"; /* nothing: only the user knows */
	}
}

/* The word behind an option is its argument, whatever the command. */
static void
put_bash_arguments(FILE *out, const struct conf_option *options)
{
	(void)fputs("\tcase $previous in\n", out);
	for (const struct conf_option *option = options; option->letter != 0; option++) {
		if (option->argument != CONF_ARG_NONE) {
			(void)fprintf(out,
					"\t--%s) mapfile -t COMPREPLY < <(compgen %s -- "
					"\"$word\"); return ;;\n",
					option->name, bash_words(option->argument));
		}
	}
	(void)fputs("\tesac\n", out);
}

static void
put_bash_head(FILE *out, const char *function)
{
	(void)fprintf(out,
			"%s() {\n"
			"\tlocal word=${COMP_WORDS[COMP_CWORD]} "
			"previous=${COMP_WORDS[COMP_CWORD-1]} words=\n",
			function);
}

void
completion_bash_ctl(
		FILE *out, const struct ctl_command *commands, const struct conf_option *options)
{
	(void)fputs("# bash completion for meridianctl; made from its own tables.\n", out);
	put_bash_head(out, "_meridianctl");
	(void)fputs("\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\twords='", out);
	for (const struct ctl_command *command = commands; command->name != NULL; command++) {
		(void)fprintf(out, "%s ", command->name);
	}
	(void)fputs("--help --version'\n\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
		    "\"$word\")\n\t\treturn\n\tfi\n",
			out);
	put_bash_arguments(out, options);
	(void)fputs("\tcase ${COMP_WORDS[1]} in\n", out);
	for (const struct ctl_command *command = commands; command->name != NULL; command++) {
		(void)fprintf(out, "\t%s) words='", command->name);
		for (const struct conf_option *option = options; option->letter != 0; option++) {
			if (is_option_of(command, option)) {
				(void)fprintf(out, "--%s ", option->name);
			}
		}
		(void)fprintf(out,
				"'; [[ $word == -* ]] || { mapfile -t COMPREPLY < <(compgen %s -- "
				"\"$word\"); return; } ;;\n",
				bash_words(command->completes));
	}
	(void)fputs("\tesac\n\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n}\n"
		    "complete -o filenames -F _meridianctl meridianctl\n",
			out);
}

void
completion_bash(FILE *out, const struct conf_program *program)
{
	char function[64];

	(void)snprintf(function, sizeof(function), "_%s", program->name);
	(void)fprintf(out, "# bash completion for %s; made from its own tables.\n", program->name);
	put_bash_head(out, function);
	put_bash_arguments(out, program->options);
	(void)fputs("\twords='", out);
	for (const struct conf_option *option = program->options; option->letter != 0; option++) {
		(void)fprintf(out, "--%s ", option->name);
	}
	(void)fprintf(out,
			"'\n\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n}\n"
			"complete -o filenames -F %s %s\n",
			function, program->name);
}

/* Inside '...' of a zsh _arguments specification: brackets and colons part its fields. */
static void
put_zsh_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'') {
			(void)fputs("'\\''", out);
		} else {
			if (strchr("[]:\\", *text) != NULL) {
				(void)fputc('\\', out);
			}
			(void)fputc(*text, out);
		}
	}
}

static const char *
zsh_action(enum conf_argument argument)
{
	switch (argument) {
	case CONF_ARG_FILE:
		return "_files";
	case CONF_ARG_DIR:
		return "_files -/";
	default:
		return " "; /* an argument of which nothing is known */
	}
}

static void
put_zsh_option(FILE *out, const struct conf_option *option)
{
	/* The star: given several times. */
	(void)fprintf(out, " \\\n\t\t\t'*--%s[", option->name);
	put_zsh_text(out, option->help);
	(void)fputc(']', out);
	if (option->argument != CONF_ARG_NONE) {
		(void)fputc(':', out);
		put_zsh_text(out, option->value);
		(void)fprintf(out, ":%s", zsh_action(option->argument));
	}
	(void)fputc('\'', out);
}

void
completion_zsh_ctl(FILE *out, const struct ctl_command *commands, const struct conf_option *options)
{
	(void)fputs("#compdef meridianctl\n# Made from meridianctl's own tables.\n"
		    "_meridianctl() {\n\tlocal -a commands\n\tcommands=(\n",
			out);
	for (const struct ctl_command *command = commands; command->name != NULL; command++) {
		(void)fprintf(out, "\t\t'%s:", command->name);
		put_zsh_text(out, command->summary);
		(void)fputs("'\n", out);
	}
	(void)fputs("\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n"
		    "\t\treturn\n\tfi\n\tlocal command=$words[2]\n\tshift words\n"
		    "\t(( CURRENT-- ))\n\tcase $command in\n",
			out);
	for (const struct ctl_command *command = commands; command->name != NULL; command++) {
		(void)fprintf(out, "\t%s)\n\t\t_arguments", command->name);
		for (const struct conf_option *option = options; option->letter != 0; option++) {
			if (is_option_of(command, option)) {
				put_zsh_option(out, option);
			}
		}
		if (command->completes != CONF_ARG_NONE) {
			(void)fprintf(out, " \\\n\t\t\t'*:argument:%s'",
					zsh_action(command->completes));
		}
		(void)fputs("\n\t\t;;\n", out);
	}
	(void)fputs("\tesac\n}\n_meridianctl \"$@\"\n", out);
}

void
completion_zsh(FILE *out, const struct conf_program *program)
{
	(void)fprintf(out, "#compdef %s\n# Made from the program's own tables.\n_arguments",
			program->name);
	for (const struct conf_option *option = program->options; option->letter != 0; option++) {
		put_zsh_option(out, option);
	}
	(void)fputc('\n', out);
}
