/*
 * A program's command line as data: options, usage, exit statuses. getopt parses with it, --help
 * prints it, and the manual pages and shell completions are made from it (docs/manual/).
 *
 * Threads:   pure.
 * Memory:    everything is borrowed, and usually constant.
 * Errors:    none.
 */
#ifndef CONF_PROGRAM_H
#define CONF_PROGRAM_H

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>

/* What follows an option, for whoever completes it. */
enum conf_argument {
	CONF_ARG_NONE = 0,
	CONF_ARG_TEXT,
	CONF_ARG_FILE,
	CONF_ARG_DIR,
};
struct conf_option {
	char letter;      /* what getopt_long() returns for it; 0 ends the table */
	const char *name; /* "geo" for --geo */
	enum conf_argument argument;
	const char *value; /* what the argument is called: "FILE.mmdb"; NULL for CONF_ARG_NONE */
	const char *help;  /* without a full stop */
};

struct conf_exit {
	int status;
	const char *meaning; /* NULL ends the table */
};

struct conf_program {
	const char *name;
	char section; /* of the manual: '1' for users, '8' for administrators */
	const char *summary;
	const char *const *synopses; /* command lines without the name, NULL-terminated */
	/* Paragraphs with a blank line between them; lines that begin with two spaces are shown as
	 * they are. */
	const char *description;
	const struct conf_option *options;
	const struct conf_exit *exits;
};

/* More options than a program of ours will have. */
#define CONF_OPTIONS_MAX 64u

/* conf_program_getopt fills getopt_long()'s own rows, with the one of zeroes that ends them. */
void conf_program_getopt(
		const struct conf_option *options, struct option ret_rows[CONF_OPTIONS_MAX + 1]);

/* conf_option_help prints a line: the option and what it is for. */
void conf_option_help(const struct conf_option *option, FILE *out);
/* conf_program_help prints what --help is expected to. */
void conf_program_help(const struct conf_program *program, FILE *out);

#endif
