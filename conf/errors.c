#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf/yaml.h"

static int
reserve(struct conf_errors *errors)
{
	size_t cap = errors->cap == 0 ? 16 : errors->cap * 2;
	struct conf_message *messages = NULL;

	if (errors->cnt < errors->cap) {
		return 0;
	}
	messages = reallocarray(errors->messages, cap, sizeof(*messages));
	if (messages == NULL) {
		return -1;
	}
	errors->messages = messages;
	errors->cap = cap;
	return 0;
}

void
conf_error_add(struct conf_errors *errors, enum conf_level level, const char *file, uint32_t line,
		uint32_t col, const char *format, ...)
{
	struct conf_message *message = NULL;
	va_list args;
	int len = 0;

	errors->error_cnt += level == CONF_ERROR;
	if (reserve(errors) != 0) {
		return;
	}
	message = &errors->messages[errors->cnt];
	*message = (struct conf_message){
		.level = level, .line = line, .col = col, .number = errors->cnt
	};
	va_start(args, format);
	len = vasprintf(&message->text, format, args);
	va_end(args);
	if (len < 0) {
		return;
	}
	message->file = strdup(file != NULL ? file : "");
	if (message->file == NULL) {
		free(message->text);
		return;
	}
	errors->cnt++;
}

static int
compare_places(const void *a, const void *b)
{
	const struct conf_message *x = a;
	const struct conf_message *y = b;
	int order = strcmp(x->file, y->file);

	if (order == 0) {
		order = (x->line > y->line) - (x->line < y->line);
	}
	if (order == 0) {
		order = (x->col > y->col) - (x->col < y->col);
	}
	return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

void
conf_errors_sort(struct conf_errors *errors, size_t first)
{
	if (first < errors->cnt) {
		qsort(&errors->messages[first], errors->cnt - first, sizeof(*errors->messages),
				compare_places);
	}
}

/* The source line under a message, with a caret under its column. Tabs are copied into the caret's
 * line so that both are displayed equally wide. Columns count characters, bytes here: a caret on a
 * line with non-ASCII text may stand too far left, which is no reason for a UTF-8 decoder. */
static void
print_source_line(const struct conf_message *message, FILE *out)
{
	FILE *file = message->line > 0 ? fopen(message->file, "re") : NULL;
	char *text = NULL;
	size_t cap = 0;
	ssize_t len = -1;

	if (file == NULL) {
		return;
	}
	for (uint32_t line = 0; line < message->line; line++) {
		len = getline(&text, &cap, file);
		if (len < 0) {
			break;
		}
	}
	if (len >= 0) {
		text[strcspn(text, "\r\n")] = '\0';
		(void)fprintf(out, "    %s\n    ", text);
		for (size_t i = 0; i + 1 < message->col && text[i] != '\0'; i++) {
			(void)fputc(text[i] == '\t' ? '\t' : ' ', out);
		}
		(void)fputs("^\n", out);
	}
	free(text);
	(void)fclose(file);
}

void
conf_errors_print(const struct conf_errors *errors, FILE *out, bool is_terminal)
{
	for (size_t i = 0; i < errors->cnt; i++) {
		const struct conf_message *message = &errors->messages[i];
		const char *level = message->level == CONF_ERROR ? "error" : "warning";

		if (message->file[0] != '\0') {
			(void)fprintf(out, "%s:", message->file);
		}
		if (message->line > 0) {
			(void)fprintf(out, "%u:%u:", message->line, message->col);
		}
		(void)fprintf(out, "%s%s: %s\n", message->file[0] != '\0' ? " " : "", level,
				message->text);
		if (is_terminal) {
			print_source_line(message, out);
		}
	}
	if (errors->error_cnt > 0 && errors->cnt == 0) {
		(void)fputs("error: out of memory\n", out);
	}
}

void
conf_errors_free(struct conf_errors *errors)
{
	for (size_t i = 0; i < errors->cnt; i++) {
		free(errors->messages[i].file);
		free(errors->messages[i].text);
	}
	free(errors->messages);
	*errors = (struct conf_errors){ 0 };
}
