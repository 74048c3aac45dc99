#include "docs/manual/roff.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *const pages[] = {
	"meridianctl (1)",
	"meridian-control.yaml (5)",
	"meridiand.yaml (5)",
	"meridian-control (8)",
	"meridiand (8)",
};
#define PAGE_CNT (sizeof(pages) / sizeof(pages[0]))

/* A hyphen is a minus, so that options can be copied from the page; a full stop or an apostrophe at
 * the start of a line would be a macro. */
static void
put_span(FILE *out, const char *text, size_t len)
{
	if (len > 0 && (text[0] == '.' || text[0] == '\'')) {
		(void)fputs("\\&", out);
	}
	for (size_t i = 0; i < len; i++) {
		switch (text[i]) {
		case '\\':
			(void)fputs("\\e", out);
			break;
		case '-':
			(void)fputs("\\-", out);
			break;
		case '"':
			(void)fputs("\\(dq", out);
			break;
		default:
			(void)fputc(text[i], out);
		}
	}
}

void
roff_text(FILE *out, const char *text)
{
	put_span(out, text, strlen(text));
}

/* next_line takes one line off *at, without its end. */
static bool
next_line(const char **at, const char **ret_line, size_t *ret_len)
{
	const char *end = strchr(*at, '\n');

	if (**at == '\0') {
		return false;
	}
	*ret_line = *at;
	*ret_len = end != NULL ? (size_t)(end - *at) : strlen(*at);
	*at += *ret_len + (end != NULL ? 1 : 0);
	return true;
}

void
roff_prose(FILE *out, const char *text)
{
	const char *line = NULL;
	size_t len = 0;
	bool is_example = false;
	bool is_parted = false;

	while (next_line(&text, &line, &len)) {
		bool is_indented = len > 2 && line[0] == ' ' && line[1] == ' ';

		if (is_example && !is_indented) {
			(void)fputs(".EE\n.RE\n", out);
		}
		if (len == 0) {
			is_parted = true;
		} else {
			if (is_parted) {
				(void)fputs(".PP\n", out);
			}
			if (is_indented && !is_example) {
				(void)fputs(".RS 4\n.EX\n", out);
			}
			put_span(out, is_indented ? line + 2 : line, is_indented ? len - 2 : len);
			(void)fputc('\n', out);
			is_parted = false;
		}
		is_example = is_indented;
	}
	if (is_example) {
		(void)fputs(".EE\n.RE\n", out);
	}
}

void
roff_title(FILE *out, const char *name, char section, const char *summary)
{
	(void)fputs(".\\\" Made from the program's own tables: edit those.\n.TH ", out);
	roff_text(out, name);
	/* No date: the same source makes the same page. */
	(void)fprintf(out, " %c \"\" \"Meridian " MERIDIAN_VERSION "\"\n", section);
	roff_section(out, "NAME");
	roff_text(out, name);
	(void)fputs(" \\- ", out);
	roff_text(out, summary);
	(void)fputc('\n', out);
}

void
roff_section(FILE *out, const char *heading)
{
	(void)fputs(".SH ", out);
	roff_text(out, heading);
	(void)fputc('\n', out);
}

void
roff_option(FILE *out, const struct conf_option *option)
{
	(void)fputs(".TP\n\\fB\\-\\-", out);
	roff_text(out, option->name);
	(void)fputs("\\fR", out);
	if (option->value != NULL) {
		(void)fputs(" \\fI", out);
		roff_text(out, option->value);
		(void)fputs("\\fR", out);
	}
	(void)fputc('\n', out);
	roff_text(out, option->help);
	(void)fputs(".\n", out);
}

void
roff_exits(FILE *out, const struct conf_exit *exits)
{
	roff_section(out, "EXIT STATUS");
	for (const struct conf_exit *at = exits; at->meaning != NULL; at++) {
		(void)fprintf(out, ".TP\n\\fB%d\\fR\n", at->status);
		roff_text(out, at->meaning);
		(void)fputs(".\n", out);
	}
}

struct keys {
	FILE *out;
	size_t depth; /* of the key before */
};

static void
put_key(void *ctx, const struct conf_row *row, size_t depth)
{
	struct keys *keys = ctx;
	char *kind = NULL;
	size_t len = 0;
	FILE *described = NULL;

	for (; keys->depth < depth; keys->depth++) {
		(void)fputs(".RS\n", keys->out);
	}
	for (; keys->depth > depth; keys->depth--) {
		(void)fputs(".RE\n", keys->out);
	}
	(void)fputs(".TP\n\\fB", keys->out);
	roff_text(keys->out, row->key);
	(void)fputs("\\fR: ", keys->out);
	described = open_memstream(&kind, &len);
	if (described == NULL) {
		return; /* `out` is short of a line: main() looks at what the page must hold */
	}
	conf_row_describe(row, described);
	if (fclose(described) == 0) {
		roff_text(keys->out, kind);
	}
	free(kind);
	(void)fputc('\n', keys->out);
	roff_text(keys->out, row->help);
	(void)fputc('\n', keys->out);
}

void
roff_keys(FILE *out, const struct conf_row *rows)
{
	struct keys keys = { .out = out };

	roff_section(out, "KEYS");
	conf_schema_visit(rows, put_key, &keys);
	for (; keys.depth > 0; keys.depth--) {
		(void)fputs(".RE\n", out);
	}
}

void
roff_verbatim(FILE *out, const char *text)
{
	const char *line = NULL;
	size_t len = 0;

	(void)fputs(".EX\n", out);
	while (next_line(&text, &line, &len)) {
		put_span(out, line, len);
		(void)fputc('\n', out);
	}
	(void)fputs(".EE\n", out);
}

void
roff_see(FILE *out, const char *name)
{
	size_t len = strlen(name);
	bool is_first = true;

	roff_section(out, "SEE ALSO");
	for (size_t i = 0; i < PAGE_CNT; i++) {
		if (strncmp(pages[i], name, len) == 0 && pages[i][len] == ' ') {
			continue;
		}
		(void)fprintf(out, "%s.BR ", is_first ? "" : ",\n");
		roff_text(out, pages[i]);
		is_first = false;
	}
	(void)fputc('\n', out);
}
