/*
 * The files of a zone: opened and read whole, and the places in them that the scanner has come to.
 */
#include <errno.h>
#include <libzscanner/scanner.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table/dns.h"

#include "conf/include.h"
#include "control/master_impl.h"

/* What a YAML zone may have, for the same reason; over all files of a zone. */
#define BYTES_MAX CONF_YAML_BYTES_MAX

struct cp_master_source *
cp_master_top(struct cp_master *master)
{
	return &master->sources[master->depth - 1];
}

void
cp_master_close_source(struct cp_master *master)
{
	struct cp_master_source *source = cp_master_top(master);

	if (source->scanner != NULL) {
		zs_deinit(source->scanner);
	}
	free(source->scanner);
	free(source->bytes);
	*source = (struct cp_master_source){ 0 };
	master->depth--;
}

static bool
is_being_read(const struct cp_master *master, const struct stat *status)
{
	for (size_t i = 0; i + 1 < master->depth; i++) {
		if (master->sources[i].inode == status->st_ino &&
				master->sources[i].device == status->st_dev) {
			return true;
		}
	}
	return false;
}

/* load_bytes reads a file whole, within what is left for the zone. What the zones directory names is
 * read wherever it leads; what a file includes is not. The final line feed of ours saves the scanner a
 * case: a last line without one. -EALREADY: a file that is being read. */
static int
load_bytes(struct cp_master *master, const char *path, struct cp_master_source *source)
{
	const char *root = master->depth > 1 ? master->load->dir : NULL;
	size_t left = BYTES_MAX - master->byte_cnt;
	struct stat status;
	int fd = -1;
	int rc = conf_include_open(path, root, master->load->options->include_outside, &fd);

	if (rc != 0) {
		return rc;
	}
	rc = conf_read_whole(fd, left, &source->bytes, &source->size, &status);
	(void)close(fd);
	if (rc != 0) {
		return rc;
	}
	master->byte_cnt += source->size;
	source->device = status.st_dev;
	source->inode = status.st_ino;
	source->bytes[source->size++] = '\n'; /* in place of the NUL */
	return is_being_read(master, &status) ? -EALREADY : 0;
}

/* The directory of a path, for the scanner, which frees it with itself. */
static char *
directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL   ? strdup(".")
	       : slash == path ? strdup("/")
	                       : strndup(path, (size_t)(slash - path));
}

int
cp_master_open_source(
		struct cp_master *master, const char *path, const char *origin, uint32_t ttl_s)
{
	struct cp_master_source *source = &master->sources[master->depth++];
	zs_scanner_t *scanner = calloc(1, sizeof(*scanner));
	int rc = scanner != NULL ? 0 : -ENOMEM;

	*source = (struct cp_master_source){ .scanner = scanner, .line_from = 1 };
	source->file = conf_arena_copy(master->load->arena, path, strlen(path));
	if (source->file == NULL) {
		rc = -ENOMEM;
	}
	if (rc == 0 && zs_init(scanner, origin, TBL_CLASS_IN, ttl_s) != 0) {
		rc = -EOVERFLOW;
	}
	if (rc == 0) {
		rc = load_bytes(master, path, source);
	}
	if (rc == 0) {
		free(scanner->path);
		scanner->path = directory_of(path); /* relative $INCLUDEs are relative to it */
		rc = scanner->path != NULL ? 0 : -ENOMEM;
	}
	if (rc != 0) {
		cp_master_close_source(master);
		return rc;
	}
	return zs_set_input_string(scanner, source->bytes, source->size) == 0 ? 0 : -ENOMEM;
}

/* is_in_text: the scanner stands in the file's bytes; at its end it has put others in their place. */
static bool
is_in_text(const struct cp_master_source *source)
{
	return source->scanner->input.start == source->bytes;
}

size_t
cp_master_offset(const struct cp_master_source *source)
{
	return is_in_text(source) ? (size_t)(source->scanner->input.current - source->bytes)
	                          : source->size - 1; /* the line feed of ours */
}

/* line_at: the line of a byte behind record_from; a line feed belongs to the line it ends. Counted
 * here: the scanner does not count every line feed within parentheses. */
static uint32_t
line_at(const struct cp_master_source *source, size_t off)
{
	const char *end = source->bytes + off;
	const char *at = source->bytes + source->record_from;
	uint32_t line = source->line_from;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		at++;
		line++;
	}
	return line;
}

uint32_t
cp_master_line(const struct cp_master_source *source)
{
	return line_at(source, cp_master_offset(source));
}

void
cp_master_next_from(struct cp_master_source *source)
{
	source->line_from = cp_master_line(source);
	source->record_from = cp_master_offset(source);
	source->is_open = source->scanner->multiline;
}

/* behind_parenthesis: where the text goes on behind the one that the last record left open. The rest of
 * a broken record the scanner skips without regard to comments. */
static size_t
behind_parenthesis(const struct cp_master_source *source, size_t end)
{
	const char *bytes = source->bytes;
	size_t at = source->record_from;

	while (at < end && bytes[at] != ')') {
		bool is_comment = bytes[at] == ';' && !source->is_broken;

		at = is_comment ? (size_t)((const char *)memchr(
							   bytes + at, '\n', source->size - at) -
						  bytes)
		                : at + 1;
	}
	return at < end ? at + 1 : end;
}

struct cp_master_place
cp_master_record_place(const struct cp_master_source *source)
{
	const char *bytes = source->bytes;
	size_t end = cp_master_offset(source);
	size_t off = source->is_open ? behind_parenthesis(source, end) : source->record_from;
	size_t line_start = off;

	while (off < end) {
		size_t at = off + strspn(bytes + off, " \t");

		if (bytes[at] != '\n' && bytes[at] != ';' && bytes[at] != '$') {
			return (struct cp_master_place){ at, line_at(source, at),
				(uint32_t)(at - line_start) + 1 };
		}
		at = (size_t)((const char *)memchr(bytes + at, '\n', source->size - at) - bytes);
		off = line_start = at + 1;
	}
	return (struct cp_master_place){ end, cp_master_line(source), 1 };
}

struct cp_master_place
cp_master_error_place(const struct cp_master_source *source)
{
	const zs_scanner_t *scanner = source->scanner;
	size_t end = cp_master_offset(source);
	size_t rest = scanner->buffer_length > 0 ? scanner->buffer_length - 1 : 0;
	const char *before = end > 0 ? memrchr(source->bytes, '\n', end) : NULL;
	size_t start = before != NULL ? (size_t)(before - source->bytes) + 1 : 0;

	if (!is_in_text(source) || rest > end - start) {
		return (struct cp_master_place){ start, cp_master_line(source), 1 };
	}
	return (struct cp_master_place){ start, cp_master_line(source),
		(uint32_t)(end - start - rest) + 1 };
}
