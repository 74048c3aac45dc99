#include <search.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf/yaml.h"

/* A longer source line is not shown: it would hide the message above it. */
#define SHOWN_LINE_MAX 500u

/* What was told of one file. Found by tsearch(3): a directory may hold 100,000 files. */
struct file_account {
	size_t told_cnt[CONF_LEVEL_CNT];
	char *summary[CONF_LEVEL_CNT]; /* text of the message "... and N more" */
	char name[];
};

/* "... and 18446744073709551615 more warnings" */
#define SUMMARY_BYTES 48u

const char *
conf_level_name(enum conf_level level)
{
	static const char *const names[CONF_LEVEL_CNT] = {
		[CONF_WARNING] = "warning",
		[CONF_ERROR] = "error",
		[CONF_NOTICE] = "notice",
	};

	return names[level];
}

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

static int
compare_accounts(const void *a, const void *b)
{
	const struct file_account *x = a;
	const struct file_account *y = b;

	return strcmp(x->name, y->name);
}

/* The account of a file, made when it has none yet; NULL when memory is out. */
static struct file_account *
find_account(struct conf_errors *errors, const char *file)
{
	size_t len = strlen(file);
	struct file_account *account = calloc(1, sizeof(*account) + len + 1);
	void **found = NULL;

	if (account == NULL) {
		return NULL;
	}
	memcpy(account->name, file, len + 1);
	found = tsearch(account, &errors->files, compare_accounts);
	if (found == NULL || *found != account) {
		free(account);
	}
	return found != NULL ? *found : NULL;
}

static struct conf_message *
append(struct conf_errors *errors, enum conf_level level, const struct file_account *account,
		char *text)
{
	struct conf_message *message = NULL;

	if (reserve(errors) != 0) {
		free(text);
		return NULL;
	}
	message = &errors->messages[errors->cnt];
	*message = (struct conf_message){
		.level = level, .file = account->name, .text = text, .number = errors->cnt
	};
	errors->cnt++;
	return message;
}

/* summarise counts a message that is not kept. */
static void
summarise(struct conf_errors *errors, struct file_account *account, enum conf_level level)
{
	size_t more = account->told_cnt[level] - CONF_MESSAGES_PER_FILE_MAX;

	if (account->summary[level] == NULL) {
		char *text = calloc(1, SUMMARY_BYTES);
		struct conf_message *message =
				text != NULL ? append(errors, level, account, text) : NULL;

		if (message == NULL) {
			return;
		}
		message->is_summary = true;
		account->summary[level] = text;
	}
	(void)snprintf(account->summary[level], SUMMARY_BYTES, "... and %zu more %s%s", more,
			conf_level_name(level), more == 1 ? "" : "s");
}

/* cut shortens a text to CONF_MESSAGE_BYTES_MAX, at the start of a UTF-8 character. */
static void
cut(char *text, size_t len)
{
	static const char dots[] = "...";
	size_t end = CONF_MESSAGE_BYTES_MAX - sizeof(dots);

	if (len < CONF_MESSAGE_BYTES_MAX) {
		return;
	}
	while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80) {
		end--;
	}
	memcpy(text + end, dots, sizeof(dots));
}

void
conf_error_add(struct conf_errors *errors, enum conf_level level, const char *file, uint32_t line,
		uint32_t col, const char *format, ...)
{
	struct file_account *account = find_account(errors, file != NULL ? file : "");
	struct conf_message *message = NULL;
	char *text = NULL;
	va_list args;
	int len = 0;

	errors->error_cnt += level == CONF_ERROR;
	if (account == NULL) {
		return;
	}
	account->told_cnt[level]++;
	if (account->told_cnt[level] > CONF_MESSAGES_PER_FILE_MAX) {
		summarise(errors, account, level);
		return;
	}
	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		return;
	}
	cut(text, (size_t)len);
	message = append(errors, level, account, text);
	if (message != NULL) {
		message->line = line;
		message->col = col;
		message->lint = errors->lint;
	}
}

static int
compare_places(const void *a, const void *b)
{
	const struct conf_message *x = a;
	const struct conf_message *y = b;
	int order = strcmp(x->file, y->file);

	if (order == 0) {
		order = (int)x->is_summary - (int)y->is_summary;
	}
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

/* A file whose lines are shown, read on from message to message: they come in the order of lines,
 * and beginning anew for each would take the square of the file's length. */
struct shown_file {
	const char *name;
	FILE *file;
	uint32_t line; /* that `text` is; 0: none yet */
	char *text;
	size_t cap;
	ssize_t len;
};

static void
close_shown(struct shown_file *shown)
{
	if (shown->file != NULL) {
		(void)fclose(shown->file);
	}
	shown->file = NULL;
}

/* read_line makes `line` of `name` the current one; false when there is none. */
static bool
can_read_line(struct shown_file *shown, const char *name, uint32_t line)
{
	if (shown->file == NULL || line < shown->line || strcmp(name, shown->name) != 0) {
		close_shown(shown);
		shown->file = fopen(name, "re");
		shown->name = name;
		shown->line = 0;
	}
	if (shown->file == NULL) {
		return false;
	}
	while (shown->line < line) {
		shown->len = getline(&shown->text, &shown->cap, shown->file);
		if (shown->len < 0) {
			close_shown(shown);
			return false;
		}
		shown->text[strcspn(shown->text, "\r\n")] = '\0';
		shown->line++;
	}
	return true;
}

/* The source line under a message, with a caret under its column. Tabs are copied into the caret's
 * line so that both are displayed equally wide. Columns count characters, bytes here: a caret on a
 * line with non-ASCII text may stand too far left, which is no reason for a UTF-8 decoder. */
static void
print_source_line(struct shown_file *shown, const struct conf_message *message, FILE *out)
{
	if (message->line == 0 || !can_read_line(shown, message->file, message->line) ||
			strnlen(shown->text, SHOWN_LINE_MAX) == SHOWN_LINE_MAX) {
		return;
	}
	(void)fprintf(out, "    %s\n    ", shown->text);
	for (size_t i = 0; i + 1 < message->col && shown->text[i] != '\0'; i++) {
		(void)fputc(shown->text[i] == '\t' ? '\t' : ' ', out);
	}
	(void)fputs("^\n", out);
}

void
conf_errors_print(const struct conf_errors *errors, FILE *out, bool is_terminal)
{
	struct shown_file shown = { 0 };

	for (size_t i = 0; i < errors->cnt; i++) {
		const struct conf_message *message = &errors->messages[i];

		if (message->file[0] != '\0') {
			(void)fprintf(out, "%s:", message->file);
		}
		if (message->line > 0) {
			(void)fprintf(out, "%u:%u:", message->line, message->col);
		}
		(void)fprintf(out, "%s%s: %s", message->file[0] != '\0' ? " " : "",
				conf_level_name(message->level), message->text);
		if (message->lint != NULL) {
			(void)fprintf(out, " [%s]", message->lint);
		}
		(void)fputc('\n', out);
		if (is_terminal) {
			print_source_line(&shown, message, out);
		}
	}
	if (errors->error_cnt > 0 && errors->cnt == 0) {
		(void)fputs("error: out of memory\n", out);
	}
	close_shown(&shown);
	free(shown.text);
}

void
conf_errors_free(struct conf_errors *errors)
{
	for (size_t i = 0; i < errors->cnt; i++) {
		free(errors->messages[i].text);
	}
	free(errors->messages);
	tdestroy(errors->files, free);
	*errors = (struct conf_errors){ 0 };
}
