/*
 * The reasons why one record (or zone) is refused, in octoDNS's words and order.
 *
 * Threads:   one caller.
 * Memory:    cp_reasons_free releases the text; a zeroed struct is an empty list.
 * Errors:    a reason whose text cannot be kept for want of memory still counts.
 */
#ifndef CONTROL_REASONS_H
#define CONTROL_REASONS_H

#include <stdbool.h>
#include <stddef.h>

/* `octodns.lenient: true` turns reasons into warnings, as long as there is something to serve. */
enum cp_severity {
	CP_LENIENT, /* the record can be served all the same */
	CP_FATAL,   /* it cannot, whatever the file asks for */
};

struct cp_reasons {
	char *body; /* "\n  - reason" for each */
	size_t len;
	size_t cnt;
	bool is_fatal;
};

void cp_reason_add(struct cp_reasons *reasons, enum cp_severity severity, const char *format, ...)
		__attribute__((format(printf, 3, 4)));
/* is_cp_reasons_full: there is a message's worth of text; what is added now is only counted, and need
 * not be made when that costs. */
bool is_cp_reasons_full(const struct cp_reasons *reasons);
/* cp_reasons_body: "" when there are none. */
const char *cp_reasons_body(const struct cp_reasons *reasons);
void cp_reasons_free(struct cp_reasons *reasons);

#endif
