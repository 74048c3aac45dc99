/*
 * How far a long work has come, on one line of a terminal that is rewritten in place and gone at the
 * end. Nothing is shown of work that ends within a second.
 *
 * Threads:   one caller.
 * Memory:    none.
 * Errors:    none; a terminal that cannot be written to shows nothing.
 */
#ifndef CONTROL_PROGRESS_H
#define CONTROL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "conf/yaml.h"

#define CP_PROGRESS_TEXT_MAX 80u /* a line of the narrowest terminal, which must not wrap */

struct cp_progress {
	FILE *out; /* a terminal; NULL: nobody looks */
	uint64_t begun_ms;
	uint64_t shown_ms;
	bool is_shown;
};

void cp_progress_begin(struct cp_progress *progress, FILE *out, uint64_t now_ms);
/* cp_progress_tell shows the text unless it is too early or too soon after the one before. */
void cp_progress_tell(struct cp_progress *progress, uint64_t now_ms, const char *text);
/* cp_progress_end wipes the line: before anything else is printed. */
void cp_progress_end(struct cp_progress *progress);

/* cp_progress_text: "reading example.com.yaml: 45 %", or with records instead of bytes "reading
 * example.com.yaml: 400,000 of 1,000,000 names". */
void cp_progress_text(const char *file, enum conf_unit unit, uint64_t done, uint64_t total,
		char text[CP_PROGRESS_TEXT_MAX]);

#endif
