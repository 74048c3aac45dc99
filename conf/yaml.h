/*
 * A YAML document as a tree that remembers where everything stood. Used for the daemons' own
 * configuration (conf/schema.h) and for zone files (control/), which add their own typing on top:
 * this layer keeps scalars as text and says whether they were plain.
 *
 * Threads:   pure; a document belongs to one caller.
 * Memory:    conf_yaml_load allocates one document; conf_yaml_free releases all of it. Nodes and
 *            strings live as long as the document.
 * Errors:    collected in a conf_errors list with file:line:col; nothing is printed.
 * Standards: YAML 1.1 as libyaml parses it; anchors, aliases, merge keys ("<<") and "!include"
 *            resolved here, as octoDNS 1.22's loader does.
 */
#ifndef CONF_YAML_H
#define CONF_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Limits against hostile documents, included files counted in: a zone of 1 million records is about
 * 8 million nodes in 60 MB. What is larger, by its bytes or by what its aliases and merge keys stand
 * for, is a bomb. A scalar of 256 KiB is the longest TXT value, 65535 octets, each of them written as
 * "\255". */
#define CONF_YAML_BYTES_MAX  (256u << 20)
#define CONF_YAML_NODES_MAX  20000000u
#define CONF_YAML_SCALAR_MAX (256u << 10)
/* A text counts as one node, and one more for each 16 bytes: 320 MB at most, aliases expanded, since
 * who reads a zone keeps each text that an alias stands for, up to six times its size. */
#define CONF_YAML_TEXT_PER_NODE 16u
#define CONF_YAML_DEPTH_MAX     64u /* aliases and includes expanded: a walk needs no deeper stack */
#define CONF_YAML_FILES_MAX     16u /* open at once: a file includes a file that includes ... */

enum conf_level {
	CONF_WARNING,
	CONF_ERROR,
	CONF_NOTICE, /* may well be meant: less than a warning */
	CONF_LEVEL_CNT,
};

/* One message with its place. line and col are 1-based; 0: the file as a whole. */
struct conf_message {
	enum conf_level level;
	const char *file;
	uint32_t line;
	uint32_t col;
	char *text;       /* may hold newlines: octoDNS's reasons, one a line */
	const char *lint; /* name of the lint that found it, NULL: none did */
	size_t number;    /* as it was told: keeps the order of messages with one place */
	bool is_summary;  /* "... and N more": behind all others of its file */
};
struct conf_errors {
	struct conf_message *messages;
	size_t cnt;
	size_t error_cnt; /* those of level CONF_ERROR, kept or not */
	const char *lint; /* what messages get as theirs from now on; names live for ever */
	size_t cap;
	void *files; /* what is kept of each file, errors.c */
};

/* Nobody reads more of one file, and a million bad records must not become a million messages: of
 * each level so many are kept, then one that says how many more there were. */
#define CONF_MESSAGES_PER_FILE_MAX 1000u
/* A text is cut after so many bytes: the reasons of the largest record fit, a scalar that somebody
 * filled with a megabyte does not. */
#define CONF_MESSAGE_BYTES_MAX 65536u

/* conf_error_add appends a message (printf-like); out of memory sets error_cnt and drops the text. */
void
conf_error_add(struct conf_errors *errors, enum conf_level level, const char *file, uint32_t line,
		uint32_t col, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* conf_errors_sort puts messages[first..) in the order of their places, those of one place as told. */
void conf_errors_sort(struct conf_errors *errors, size_t first);
/* conf_level_name: "error", "warning" or "notice". */
const char *conf_level_name(enum conf_level level);
/* conf_errors_print writes "file:line:col: error: text" lines, the name of a lint behind
 * them as " [name]"; with is_terminal also the source
 * line and a caret. */
void conf_errors_print(const struct conf_errors *errors, FILE *out, bool is_terminal);
void conf_errors_free(struct conf_errors *errors);

enum conf_node_kind {
	CONF_SCALAR,
	CONF_SEQUENCE,
	CONF_MAPPING,
};

struct conf_node;
struct conf_pair {
	struct conf_node *key; /* always a scalar: other keys are an error at load */
	struct conf_node *value;
};
struct conf_node {
	enum conf_node_kind kind;
	bool is_plain; /* scalar without quotes, block style or explicit tag: may be typed */
	uint32_t line;
	uint32_t col;
	const char *file;
	union {
		struct {
			const char *text; /* NUL-terminated; len counts embedded NULs too */
			size_t len;
		} scalar;
		struct {
			struct conf_node **items;
			size_t cnt;
		} sequence;
		struct {
			struct conf_pair *
					pairs; /* file order; merged-in pairs in their merged place */
			size_t cnt;
		} mapping;
	};
};

struct conf_document {
	struct conf_node *root; /* NULL for an empty document */
	void *arena;
};

/* How far a long work has come: bytes of a file parsed, or records of it read. `tell` is called every
 * now and then, from within the work. */
enum conf_unit {
	CONF_UNIT_BYTES,
	CONF_UNIT_RECORDS,
};
struct conf_progress {
	void (*tell)(void *context, const char *file, enum conf_unit unit, uint64_t done,
			uint64_t total);
	void *context;
};

struct conf_yaml_options {
	bool is_strict; /* duplicate keys are errors, not warnings (PyYAML's way: the last one wins) */
	/* Where "!include" may find files; NULL: it is an unknown tag. */
	const char *include_root;
	bool can_include_outside;             /* of include_root too */
	const struct conf_progress *progress; /* bytes of the file; NULL: nobody looks */
};

/* conf_yaml_load reads one file holding at most one document, and the files it includes. Returns 0,
 * or -EINVAL / -errno with the reason in *errors. */
int conf_yaml_load(const char *path, const struct conf_yaml_options *options,
		struct conf_errors *errors, struct conf_document *ret_document);

/* Bytes of a document and what stands for their file in messages. */
struct conf_yaml_text {
	const char *name;
	const char *bytes;
	size_t len;
};
/* conf_yaml_parse: the same from memory; what it includes is sought beside `name`. */
int conf_yaml_parse(const struct conf_yaml_text *text, const struct conf_yaml_options *options,
		struct conf_errors *errors, struct conf_document *ret_document);
void conf_yaml_free(struct conf_document *document);

/* conf_get: the value of `key` in a mapping, or NULL (also when node is NULL or no mapping). */
struct conf_node *conf_get(const struct conf_node *node, const char *key);

/* conf_find: the node at a path such as "ports[0].listen[1]", or, where the document ends before the
 * path does, the deepest one on the way. NULL for an empty document. */
struct conf_node *conf_find(const struct conf_document *document, const char *path);

/* A walk over a tree without recursion: every node but the keys, each before what it holds, and what
 * an alias stands for in each of its places. */
struct conf_walk {
	struct {
		const struct conf_node *node;
		size_t next; /* child to visit */
	} open[CONF_YAML_DEPTH_MAX];
	size_t open_cnt;
	const struct conf_node *root; /* NULL once it was visited */
};
void conf_walk_begin(struct conf_walk *walk, const struct conf_node *root);
/* conf_walk_next: the next node, NULL behind the last. */
const struct conf_node *conf_walk_next(struct conf_walk *walk);

/* YAML 1.1 typing of a scalar as PyYAML's SafeLoader does it. */
enum conf_type {
	CONF_TYPE_STRING,
	CONF_TYPE_NULL,
	CONF_TYPE_BOOL,
	CONF_TYPE_INT,
	CONF_TYPE_FLOAT,
	CONF_TYPE_DATE, /* recognised so that it can be refused or warned about; not decoded */
};
struct conf_value {
	enum conf_type type;
	bool boolean;
	int64_t integer; /* saturates at the ends of int64_t; is_big says it did */
	bool is_big;
	double real;
};
/* is_conf_int_surprising: a plain scalar that is a number, and another one than its decimal digits
 * say: "010", "0x1f", "1:30". */
bool is_conf_int_surprising(const struct conf_node *node);
/* conf_type_of resolves a scalar node (quoted scalars are strings). */
struct conf_value conf_type_of(const struct conf_node *node);

#endif
