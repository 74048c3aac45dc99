#include "control/reasons.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/yaml.h"

static const char bullet[] = "\n  - ";

/* The message that reasons end in is cut there: a record may have as many as its rules squared. */
bool
is_cp_reasons_full(const struct cp_reasons *reasons)
{
	return reasons->len >= CONF_MESSAGE_BYTES_MAX;
}

void
cp_reason_add(struct cp_reasons *reasons, enum cp_severity severity, const char *format, ...)
{
	char *text = NULL;
	char *body = NULL;
	va_list args;
	int len = 0;

	reasons->cnt++;
	reasons->is_fatal = reasons->is_fatal || severity == CP_FATAL;
	if (is_cp_reasons_full(reasons)) {
		return;
	}
	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		return;
	}
	body = realloc(reasons->body, reasons->len + sizeof(bullet) + (size_t)len);
	if (body != NULL) {
		memcpy(body + reasons->len, bullet, sizeof(bullet) - 1);
		memcpy(body + reasons->len + sizeof(bullet) - 1, text, (size_t)len + 1);
		reasons->body = body;
		reasons->len += sizeof(bullet) - 1 + (size_t)len;
	}
	free(text);
}

const char *
cp_reasons_body(const struct cp_reasons *reasons)
{
	return reasons->body != NULL ? reasons->body : "";
}

void
cp_reasons_free(struct cp_reasons *reasons)
{
	free(reasons->body);
	*reasons = (struct cp_reasons){ 0 };
}
