/*
 * The text of a master file: a stack of files, one scanner each, and the records that come out.
 */
#include <errno.h>
#include <libzscanner/scanner.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table/name.h"

#include "conf/include.h"
#include "control/master_impl.h"
#include "control/rdata.h"

#define CLASS_IN 1u
/* RFC 2181 §8. */
#define TTL_MAX 2147483647u
/* What the scanner gives a record without a TTL before any $TTL. Not a TTL itself: over TTL_MAX. */
#define TTL_NONE UINT32_MAX
/* The SOA's MINIMUM is its last 32 bits (RFC 1035 §3.3.13). */
#define SOA_MINIMUM_BYTES 4u
/* What a YAML zone may have, for the same reason; over all files of a zone. */
#define BYTES_MAX CONF_YAML_BYTES_MAX
/* The table's own size in names; more records than this are no zone of ours. */
#define RECORDS_MAX 10000000u

/* Types that only a signed zone has, or that speak for its keys. */
static const struct {
	uint16_t type;
	const char *name;
} signed_types[] = {
	{ 24, "SIG" },
	{ 25, "KEY" },
	{ 30, "NXT" },
	{ 46, "RRSIG" },
	{ 47, "NSEC" },
	{ 48, "DNSKEY" },
	{ 50, "NSEC3" },
	{ 51, "NSEC3PARAM" },
	{ 59, "CDS" },
	{ 60, "CDNSKEY" },
};
#define SIGNED_TYPE_CNT (sizeof(signed_types) / sizeof(signed_types[0]))

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

static struct cp_master_source *
top(struct cp_master *master)
{
	return &master->sources[master->depth - 1];
}

static void
close_source(struct cp_master *master)
{
	struct cp_master_source *source = top(master);

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

/* open_source puts a file on the stack. `origin` is text. Negative errno when that cannot be; -EOVERFLOW: a
 * too long origin. */
static int
open_source(struct cp_master *master, const char *path, const char *origin, uint32_t ttl_s)
{
	struct cp_master_source *source = &master->sources[master->depth++];
	zs_scanner_t *scanner = calloc(1, sizeof(*scanner));
	int rc = scanner != NULL ? 0 : -ENOMEM;

	*source = (struct cp_master_source){ .scanner = scanner, .line_from = 1 };
	source->file = conf_arena_copy(master->load->arena, path, strlen(path));
	if (source->file == NULL) {
		rc = -ENOMEM;
	}
	if (rc == 0 && zs_init(scanner, origin, CLASS_IN, ttl_s) != 0) {
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
		close_source(master);
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

static size_t
offset_of(const struct cp_master_source *source)
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

static uint32_t
line_of(const struct cp_master_source *source)
{
	return line_at(source, offset_of(source));
}

/* next_from: what is read next begins where the scanner stands: behind a
 * record, but for a closing parenthesis and comments before it. */
static void
next_from(struct cp_master_source *source)
{
	source->line_from = line_of(source);
	source->record_from = offset_of(source);
	source->is_open = source->scanner->multiline;
}

struct place {
	size_t off;
	uint32_t line, col;
};

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

/* record_place: where the record begins whose end the scanner has reached: behind blank lines,
 * comments and directives. */
static struct place
record_place(const struct cp_master_source *source)
{
	const char *bytes = source->bytes;
	size_t end = offset_of(source);
	size_t off = source->is_open ? behind_parenthesis(source, end) : source->record_from;
	size_t line_start = off;

	while (off < end) {
		size_t at = off + strspn(bytes + off, " \t");

		if (bytes[at] != '\n' && bytes[at] != ';' && bytes[at] != '$') {
			return (struct place){ at, line_at(source, at),
				(uint32_t)(at - line_start) + 1 };
		}
		at = (size_t)((const char *)memchr(bytes + at, '\n', source->size - at) - bytes);
		off = line_start = at + 1;
	}
	return (struct place){ end, line_of(source), 1 };
}

/* error_place: the scanner stands at the end of the line and has kept what it did not read of it. */
static struct place
error_place(const struct cp_master_source *source)
{
	const zs_scanner_t *scanner = source->scanner;
	size_t end = offset_of(source);
	size_t rest = scanner->buffer_length > 0 ? scanner->buffer_length - 1 : 0;
	const char *before = end > 0 ? memrchr(source->bytes, '\n', end) : NULL;
	size_t start = before != NULL ? (size_t)(before - source->bytes) + 1 : 0;

	if (!is_in_text(source) || rest > end - start) {
		return (struct place){ start, line_of(source), 1 };
	}
	return (struct place){ start, line_of(source), (uint32_t)(end - start - rest) + 1 };
}

static bool
is_generate(const struct cp_master_source *source, const struct place *place)
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
	struct cp_master_source *source = top(master);
	zs_scanner_t *scanner = source->scanner;
	struct place place = error_place(source);
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
		close_source(master);
		return;
	}
	next_from(source);
	source->is_broken = true;
}

static const char *
signed_name(uint16_t type, size_t *ret_bit)
{
	for (size_t i = 0; i < SIGNED_TYPE_CNT; i++) {
		if (signed_types[i].type == type) {
			*ret_bit = (size_t)1 << i;
			return signed_types[i].name;
		}
	}
	return NULL;
}

/* is_served: a type that may be in a zone file; told when it is not. A signed zone is full of its
 * types, so each is told once. */
static bool
is_served(struct cp_master *master, uint16_t type, const struct place *place)
{
	const char *file = top(master)->file;
	size_t bit = 0;
	const char *name = signed_name(type, &bit);

	if (name != NULL) {
		if ((master->refused_types & bit) == 0) {
			conf_error_add(master->load->errors, CONF_ERROR, file, place->line,
					place->col, "%s: signed zones are not served yet", name);
		}
		master->refused_types |= bit;
		return false;
	}
	/* RFC 6895 §3.1: reserved, OPT, and the types of questions. */
	if (type == 0 || type == 41 || (type >= 128 && type <= 255)) {
		conf_error_add(master->load->errors, CONF_ERROR, file, place->line, place->col,
				"TYPE%u is not a type of records", type);
		return false;
	}
	return true;
}

/* is_spelled_out: TTL_NONE stands in the record itself, so that it is a TTL after all. */
static bool
is_spelled_out(const struct cp_master_source *source, const struct place *place)
{
	static const char number[] = "4294967295";
	size_t end = offset_of(source);

	return place->off < end && memmem(source->bytes + place->off, end - place->off, number,
						   sizeof(number) - 1) != NULL;
}

/* find_ttl: RFC 1035 §5.1: a record without a TTL has the last one stated; RFC 2308 §4: that of $TTL,
 * which the scanner sees to. An SOA that comes first states its MINIMUM, as with BIND. */
static bool
find_ttl(struct cp_master *master, const struct place *place, uint32_t *ret_ttl_s)
{
	const struct cp_master_source *source = top(master);
	const zs_scanner_t *scanner = source->scanner;
	uint32_t ttl_s = scanner->r_ttl;

	if (ttl_s == TTL_NONE && !is_spelled_out(source, place)) {
		if (!master->has_last_ttl && scanner->r_type != CP_TYPE_SOA) {
			conf_error_add(master->load->errors, CONF_ERROR, source->file, place->line,
					place->col,
					"no TTL: neither here nor in a record or $TTL before");
			return false;
		}
		if (!master->has_last_ttl && scanner->r_data_length >= SOA_MINIMUM_BYTES) {
			const uint8_t *at = scanner->r_data + scanner->r_data_length -
			                    SOA_MINIMUM_BYTES;

			master->last_ttl_s = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
			                     (uint32_t)at[2] << 8 | at[3];
		}
		ttl_s = master->last_ttl_s;
		if (!master->is_no_ttl_told) {
			conf_error_add(master->load->errors, CONF_WARNING, source->file,
					place->line, place->col,
					"no TTL and no $TTL: %u is taken, the last one stated",
					ttl_s);
		}
		master->is_no_ttl_told = true;
	}
	if (ttl_s > TTL_MAX) {
		conf_error_add(master->load->errors, CONF_ERROR, source->file, place->line,
				place->col,
				"TTL %u is over %u: resolvers read it as 0 (RFC 2181 section 8)",
				ttl_s, TTL_MAX);
		return false;
	}
	master->last_ttl_s = ttl_s;
	master->has_last_ttl = true;
	*ret_ttl_s = ttl_s;
	return true;
}

static struct cp_master_record *
add_record(struct cp_master *master)
{
	if (master->record_cnt == master->record_cap) {
		size_t cap = master->record_cap == 0 ? 64 : master->record_cap * 2;
		struct cp_master_record *records =
				reallocarray(master->records, cap, sizeof(*records));

		if (records == NULL) {
			return NULL;
		}
		master->records = records;
		master->record_cap = cap;
	}
	return &master->records[master->record_cnt];
}

/* set_owner: records of one name mostly stand together, and share it. */
static int
set_owner(struct cp_master *master, struct cp_master_record *record)
{
	const zs_scanner_t *scanner = top(master)->scanner;
	const struct cp_master_record *before = master->record_cnt > 0 ? record - 1 : NULL;
	uint8_t lower[TBL_NAME_MAX];

	record->owner_len = tbl_name_lower(scanner->r_owner, lower);
	if (before != NULL && before->owner_len == record->owner_len &&
			memcmp(before->owner, lower, record->owner_len) == 0) {
		record->owner = before->owner;
		record->fqdn = before->fqdn;
		return 0;
	}
	record->owner = (const uint8_t *)conf_arena_copy(
			master->load->arena, lower, record->owner_len);
	record->fqdn = cp_name_text(master->load->arena, lower);
	return record->owner != NULL && record->fqdn != NULL ? 0 : -ENOMEM;
}

static int
fill_record(struct cp_master *master, const struct place *place, struct cp_master_record *record)
{
	const struct cp_master_source *source = top(master);
	const zs_scanner_t *scanner = source->scanner;
	struct conf_arena *arena = master->load->arena;
	char buffer[16];
	char *text = NULL;
	int rc = set_owner(master, record);

	if (rc != 0) {
		return rc;
	}
	if (!is_tbl_name_within(record->owner, master->load->draft->zone.apex)) {
		conf_error_add(master->load->errors, CONF_ERROR, source->file, place->line,
				place->col, "%s is not in zone %s", record->fqdn,
				master->load->draft->zone.name);
		return -EINVAL;
	}
	record->type = scanner->r_type;
	record->rdata_len = (uint16_t)scanner->r_data_length; /* at most ZS_MAX_RDATA_LENGTH */
	rc = cp_rdata_text(arena, scanner->r_data, record->rdata_len, record->type, &text);
	if (rc == -EBADMSG) {
		conf_error_add(master->load->errors, CONF_ERROR, source->file, place->line,
				place->col, "the data of %s does not have the form of its type, %s",
				record->fqdn, cp_type_name(record->type, buffer));
		return -EINVAL;
	}
	record->text = text;
	record->rdata = (const uint8_t *)conf_arena_copy(arena, scanner->r_data, record->rdata_len);
	return rc == 0 && record->rdata == NULL ? -ENOMEM : rc;
}

static int
take_record(struct cp_master *master)
{
	struct cp_master_source *source = top(master);
	struct place place = record_place(source);
	struct cp_master_record *record = add_record(master);
	int rc = 0;

	if (record == NULL) {
		return -ENOMEM;
	}
	*record = (struct cp_master_record){ .file = source->file,
		.line = place.line,
		.col = place.col,
		.number = (uint32_t)master->record_cnt };
	if (is_served(master, source->scanner->r_type, &place) &&
			find_ttl(master, &place, &record->ttl_s)) {
		rc = fill_record(master, &place, record);
		master->record_cnt += rc == 0;
	}
	next_from(source);
	source->is_broken = false;
	return rc == -ENOMEM ? rc : 0;
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
	struct cp_master_source *source = top(master);
	zs_scanner_t *scanner = source->scanner;
	uint32_t line = line_of(source);
	const char *path = scanner->include_filename;
	const char *problem = limit_problem(master);
	int rc = 0;

	/* libzscanner 3.2 does not end an $INCLUDE that it does not follow itself: an entry stays on
	 * its stack, which has 16 and no check, and the next error would count as the directive's,
	 * which is fatal. A directive stands at the bottom of the stack. */
	scanner->top = 0;
	scanner->error.fatal = false;
	next_from(source);
	if (problem == NULL) {
		master->include_cnt++;
		/* The scanner has left the origin, its own or the directive's, as text. */
		rc = open_source(master, path, (const char *)scanner->buffer, scanner->default_ttl);
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
	struct cp_master_source *source = top(master);
	int rc = zs_parse_record(source->scanner);

	if (rc != 0) {
		/* It says so of what it has called an error before, and of memory. */
		return -ENOMEM;
	}
	switch (source->scanner->state) {
	case ZS_STATE_DATA:
		return take_record(master);
	case ZS_STATE_ERROR:
		take_error(master);
		return 0;
	case ZS_STATE_INCLUDE:
		return take_include(master);
	default:
		close_source(master);
		return 0;
	}
}

int
cp_master_read_text(struct cp_master *master)
{
	const struct cp_zone *zone = &master->load->draft->zone;
	struct conf_errors *errors = master->load->errors;
	int rc = open_source(master, zone->file, zone->name, TTL_NONE);

	if (rc != 0) {
		conf_error_add(errors, CONF_ERROR, zone->file, 0, 0, "cannot be read: %s",
				open_problem(rc));
		return rc == -ENOMEM ? rc : 0;
	}
	while (rc == 0 && master->depth > 0 && master->record_cnt < RECORDS_MAX) {
		rc = step(master);
	}
	if (rc == 0 && master->depth > 0) {
		conf_error_add(errors, CONF_ERROR, top(master)->file, line_of(top(master)), 1,
				"more than %u records", RECORDS_MAX);
	}
	while (master->depth > 0) {
		close_source(master);
	}
	return rc;
}
