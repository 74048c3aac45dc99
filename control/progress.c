#include "control/progress.h"

#include <inttypes.h>
#include <string.h>

#define QUIET_MS 1000u /* shorter work needs no line that flickers */
#define STEP_MS  100u  /* faster than that nobody reads */

#define NUMBER_BYTES 32u /* 20 digits, 6 commas */

void
cp_progress_begin(struct cp_progress *progress, FILE *out, uint64_t now_ms)
{
	*progress = (struct cp_progress){ .out = out, .begun_ms = now_ms };
}

void
cp_progress_tell(struct cp_progress *progress, uint64_t now_ms, const char *text)
{
	if (progress->out == NULL || now_ms - progress->begun_ms < QUIET_MS ||
			(progress->is_shown && now_ms - progress->shown_ms < STEP_MS)) {
		return;
	}
	/* Erased behind the text rather than before it: a terminal shows no empty line between. */
	(void)fprintf(progress->out, "\r%s\033[K", text);
	(void)fflush(progress->out);
	progress->is_shown = true;
	progress->shown_ms = now_ms;
}

void
cp_progress_end(struct cp_progress *progress)
{
	if (progress->is_shown) {
		(void)fputs("\r\033[K", progress->out);
		(void)fflush(progress->out);
	}
	progress->is_shown = false;
}

/* "1,234,567" */
static void
group_digits(uint64_t number, char text[NUMBER_BYTES])
{
	char digits[NUMBER_BYTES];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, number);
	size_t end = 0;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0) {
			text[end++] = ',';
		}
		text[end++] = digits[i];
	}
	text[end] = '\0';
}

void
cp_progress_text(const char *file, enum conf_unit unit, uint64_t done, uint64_t total,
		char text[CP_PROGRESS_TEXT_MAX])
{
	const char *slash = strrchr(file, '/');
	char done_text[NUMBER_BYTES];
	char total_text[NUMBER_BYTES];

	file = slash != NULL ? slash + 1 : file;
	/* A name of 30 characters leaves room for the longest numbers. */
	if (unit == CONF_UNIT_BYTES) {
		(void)snprintf(text, CP_PROGRESS_TEXT_MAX, "reading %.30s: %" PRIu64 " %%", file,
				total > 0 ? done * 100 / total : 0);
		return;
	}
	group_digits(done, done_text);
	group_digits(total, total_text);
	(void)snprintf(text, CP_PROGRESS_TEXT_MAX, "reading %.30s: %.12s of %.12s names", file,
			done_text, total_text);
}
