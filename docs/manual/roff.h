/*
 * Manual pages from the rows that programs and configuration files are parsed with, in the macros
 * of man(7), which both groff and mandoc read.
 *
 * Threads:   pure.
 * Memory:    nothing is kept.
 * Errors:    those of `out`, for the caller to look at.
 */
#ifndef DOCS_MANUAL_ROFF_H
#define DOCS_MANUAL_ROFF_H

#include <stdio.h>

#include "conf/program.h"
#include "conf/schema.h"

/* roff_text writes words in running text, or in the argument of a macro. */
void roff_text(FILE *out, const char *text);
/* roff_prose writes paragraphs as struct conf_program.description has them. */
void roff_prose(FILE *out, const char *text);
void roff_title(FILE *out, const char *name, char section, const char *summary);
void roff_section(FILE *out, const char *heading);
void roff_option(FILE *out, const struct conf_option *option);
void roff_exits(FILE *out, const struct conf_exit *exits);
/* roff_keys describes every key of a configuration file. */
void roff_keys(FILE *out, const struct conf_row *rows);
/* roff_verbatim writes lines as they are, for an example. */
void roff_verbatim(FILE *out, const char *text);
/* roff_see writes the SEE ALSO section: every page of ours but `name`. */
void roff_see(FILE *out, const char *name);

#endif
