/*
 * Configuration as data: a daemon describes its keys in rows; one loader reads, checks, defaults
 * and documents them. Unknown and duplicate keys, wrong types, values out of range are errors with
 * their place, all of them in one run.
 *
 * Threads:   pure.
 * Memory:    strings and lists written into the daemon's struct belong to it; conf_schema_free
 *            releases them.
 * Errors:    -EINVAL with every reason in *errors as "file:line:col: key: reason (unit)".
 */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "conf/yaml.h"

enum conf_row_kind {
	CONF_ROW_STRING,      /* char * */
	CONF_ROW_PATH,        /* char *, made absolute relative to the configuration file */
	CONF_ROW_INT,         /* int64_t within min..max */
	CONF_ROW_REAL,        /* double within min..max; NaN without a value and a default */
	CONF_ROW_BOOL,        /* bool */
	CONF_ROW_ENUM,        /* int: index in `choices` */
	CONF_ROW_STRING_LIST, /* struct conf_strings; a single scalar counts as a list of one */
	CONF_ROW_MAP,         /* nested struct described by `rows` at `offset` */
	CONF_ROW_GONE, /* a key of an older version: an error that says what replaced it (help) */
	CONF_ROW_MAP_LIST, /* struct conf_list of nested structs of `elem_bytes` described by `rows` */
};

struct conf_strings {
	char **items;
	size_t cnt;
};
struct conf_list {
	void *items; /* cnt structs of the row's elem_bytes */
	size_t cnt;
};

struct conf_row {
	const char *key; /* NULL ends the table */
	enum conf_row_kind kind;
	size_t offset;        /* in the (nested) struct */
	const char *fallback; /* default as text, NULL: none (string NULL, empty list) */
	bool is_required;
	int64_t min, max;            /* CONF_ROW_INT, CONF_ROW_REAL */
	const char *unit;            /* "s", "ms", "bytes"; for messages and help */
	const char *const *choices;  /* CONF_ROW_ENUM, NULL-terminated */
	const struct conf_row *rows; /* nested */
	size_t elem_bytes;
	const char *help; /* one sentence */
};

/* conf_schema_load reads `path` into *target. Every field that a row names is zeroed first; the size
 * of the struct is not known here, so that padding and other fields are left as they are. */
int conf_schema_load(const char *path, const struct conf_row *rows, void *target,
		struct conf_errors *errors);
/* conf_schema_defaults fills *target from the rows' defaults alone (no file). */
int conf_schema_defaults(const struct conf_row *rows, void *target, struct conf_errors *errors);
void conf_schema_free(const struct conf_row *rows, void *target);

/* conf_row_describe writes a row's type, range, choices, unit and default: "integer 1..100 (s);
 * default 10". */
void conf_row_describe(const struct conf_row *row, FILE *out);
/* conf_schema_visit calls `visit` for every key that may be written, a map before its own keys;
 * depth 0 is the top of the file. */
void conf_schema_visit(const struct conf_row *rows,
		void (*visit)(void *ctx, const struct conf_row *row, size_t depth), void *ctx);
/* conf_schema_help prints every key, its type, range, unit, default and sentence. */
void conf_schema_help(const struct conf_row *rows, FILE *out);

#endif
