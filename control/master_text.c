/*
 * The text of a master file: a stack of files, one scanner each; records, errors and $INCLUDEs as they
 * come.
 */
#include <errno.h>
#include <libzscanner/scanner.h>
#include <string.h>

#include "control/master_impl.h"

/* The table's own size in names; more records than this are no zone of ours. */
#define RECORDS_MAX 10000000u

/* Our words where the scanner's own say less than what to do. */
static const struct {
	int code;
	const char *text;
} words[] = {
	{ ZS_DOS_NEWLINE, "a carriage return: lines end with a line feed alone" },
	{ ZS_UNCLOSED_MULTILINE, "a parenthesis is open at the end of the file" },
	{ ZS_UNSUPPORTED_TYPE, "unknown record type, or a class other than IN" },
	{ ZS_BAD_PREVIOUS_OWNER, "a record without an owner, and no good one before it" },
	{ ZS_BAD_DIRECTIVE, "unknown directive: there are $ORIGIN, $TTL and $INCLUDE" },
	{ ZS_CANNOT_TEXT_DATA, "this type's data must be written as \\# length hexadecimal" },
};

static bool
is_generate(const struct cp_master_source *source, const struct cp_master_place *place)
{
	static const char directive[] = "$GENERATE";

	return place->off < source->size && source->size - place->off >= sizeof(directive) - 1 &&
	       strncasecmp(source->bytes + place->off, directive, sizeof(directive) - 1) == 0;
}

static const char *
error_text(int code)
{
	const char *text = zs_strerror(code);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (words[i].code == code) {
			return words[i].text;
		}
	}
	return text != NULL ? text : "not a master file";
}

static void
take_error(struct cp_master *master)
{
	struct cp_master_source *source = cp_master_top(master);
	zs_scanner_t *scanner = source->scanner;
	struct cp_master_place place = cp_master_error_place(source);
	bool is_fatal = scanner->error.fatal;

	if (scanner->error.code == ZS_BAD_DIRECTIVE && is_generate(source, &place)) {
		conf_error_add(master->load->errors, CONF_ERROR, source->file, place.line, 1,
				"$GENERATE is not supported: write out the records it stands for");
		is_fatal = false;
		scanner->error.fatal = false; /* nothing behind it depends on it */
	} else {
		conf_error_add(master->load->errors, CONF_ERROR, source->file, place.line,
				place.col, "%s%s", error_text(scanner->error.code),
				is_fatal ? " (nothing behind this is read)" : "");
	}
	if (is_fatal) {
		cp_master_close_source(master);
		return;
	}
	cp_master_next_from(source);
	source->is_broken = true;
}

/* limit_problem: why no file more can be included, or NULL. */
static const char *
limit_problem(const struct cp_master *master)
{
	if (master->depth > CP_MASTER_DEPTH_MAX) {
		return "files include each other more than 8 deep";
	}
	if (master->include_cnt >= CP_MASTER_INCLUDES_MAX) {
		return "the zone has more than 1000 $INCLUDEs";
	}
	return NULL;
}

static const char *
open_problem(int rc)
{
	switch (rc) {
	case -EFBIG:
		return "it is too large: a zone has at most 256 MiB, all its files together";
	case -EINVAL:
		return "it is not a regular file";
	case -EALREADY:
		return "it includes this file";
	case -EOVERFLOW:
		return "its origin is too long";
	default:
		return strerrordesc_np(-rc);
	}
}

static int
take_include(struct cp_master *master)
{
	struct cp_master_source *source = cp_master_top(master);
	zs_scanner_t *scanner = source->scanner;
	uint32_t line = cp_master_line(source);
	const char *path = scanner->include_filename;
	const char *problem = limit_problem(master);
	int rc = 0;

	/* libzscanner 3.2 does not end an $INCLUDE that it does not follow itself: an entry stays on
	 * its stack, which has 16 and no check, and the next error would count as the directive's,
	 * which is fatal. A directive stands at the bottom of the stack. */
	scanner->top = 0;
	scanner->error.fatal = false;
	cp_master_next_from(source);
	if (problem == NULL) {
		master->include_cnt++;
		/* The scanner has left the origin, its own or the directive's, as text. */
		rc = cp_master_open_source(
				master, path, (const char *)scanner->buffer, scanner->default_ttl);
	}
	if (rc == -ENOMEM) {
		return rc;
	}
	if (rc == -EXDEV) {
		conf_error_add(master->load->errors, CONF_ERROR, source->file, line, 1,
				"cannot include %s: it is outside of %s (include_outside allows "
				"that)",
				path, master->load->dir);
	} else if (problem != NULL || rc != 0) {
		conf_error_add(master->load->errors, CONF_ERROR, source->file, line, 1,
				"cannot include %s: %s", path,
				problem != NULL ? problem : open_problem(rc));
	}
	return 0;
}

static int
step(struct cp_master *master)
{
	struct cp_master_source *source = cp_master_top(master);
	int rc = zs_parse_record(source->scanner);

	if (rc != 0) {
		/* It says so of what it has called an error before, and of memory. */
		return -ENOMEM;
	}
	switch (source->scanner->state) {
	case ZS_STATE_DATA:
		return cp_master_take_record(master);
	case ZS_STATE_ERROR:
		take_error(master);
		return 0;
	case ZS_STATE_INCLUDE:
		return take_include(master);
	default:
		cp_master_close_source(master);
		return 0;
	}
}

int
cp_master_read_text(struct cp_master *master)
{
	const struct cp_zone *zone = &master->load->draft->zone;
	struct conf_errors *errors = master->load->errors;
	int rc = cp_master_open_source(master, zone->file, zone->name, CP_MASTER_TTL_NONE);

	if (rc != 0) {
		conf_error_add(errors, CONF_ERROR, zone->file, 0, 0, "cannot be read: %s",
				open_problem(rc));
		return rc == -ENOMEM ? rc : 0;
	}
	while (rc == 0 && master->depth > 0 && master->record_cnt < RECORDS_MAX) {
		rc = step(master);
	}
	if (rc == 0 && master->depth > 0) {
		conf_error_add(errors, CONF_ERROR, cp_master_top(master)->file,
				cp_master_line(cp_master_top(master)), 1, "more than %u records",
				RECORDS_MAX);
	}
	while (master->depth > 0) {
		cp_master_close_source(master);
	}
	return rc;
}
