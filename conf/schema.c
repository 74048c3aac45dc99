/*
 * Rows describe structs inside structs; every function here walks them with one explicit stack
 * (struct walk), so that a row table's depth is bounded and nothing recurses.
 */
#include "conf/schema.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Row tables are ours and two or three deep; a deeper one is a mistake found by its first test. */
#define SCHEMA_DEPTH_MAX 8u
#define SCHEMA_PATH_MAX  256u

/* One struct, or the elements of one list, being visited. */
struct frame {
	const struct conf_row *rows;
	const struct conf_row *row;   /* next to visit */
	char *base;                   /* the struct being visited */
	const struct conf_node *node; /* mapping it is read from; NULL: all defaults */
	const struct conf_node *list; /* sequence the mapping is an item of */
	struct conf_list *owner;      /* list the struct is an element of */
	size_t elem, elem_cnt, elem_bytes;
};
struct walk {
	struct frame frames[SCHEMA_DEPTH_MAX];
	size_t depth;
	const char *path; /* the file */
	struct conf_errors *errors;
	bool is_from_file;
};

/* One value to be set: its row, where it goes, and what it is read from. */
struct slot {
	const struct conf_row *row;
	void *target;
	const struct conf_node *node;
};

static const char *const kind_names[] = {
	[CONF_ROW_STRING] = "text",
	[CONF_ROW_PATH] = "path",
	[CONF_ROW_INT] = "integer",
	[CONF_ROW_REAL] = "number",
	[CONF_ROW_BOOL] = "yes or no",
	[CONF_ROW_ENUM] = "one of",
	[CONF_ROW_STRING_LIST] = "list of text",
	[CONF_ROW_MAP] = "mapping",
	[CONF_ROW_MAP_LIST] = "list of mappings",
	[CONF_ROW_GONE] = "gone",
};

static const size_t kind_bytes[] = {
	[CONF_ROW_STRING] = sizeof(char *),
	[CONF_ROW_PATH] = sizeof(char *),
	[CONF_ROW_INT] = sizeof(int64_t),
	[CONF_ROW_REAL] = sizeof(double),
	[CONF_ROW_BOOL] = sizeof(bool),
	[CONF_ROW_ENUM] = sizeof(int),
	[CONF_ROW_STRING_LIST] = sizeof(struct conf_strings),
	[CONF_ROW_MAP] = 0, /* its rows are visited on their own */
	[CONF_ROW_MAP_LIST] = sizeof(struct conf_list),
	[CONF_ROW_GONE] = 0, /* nothing is read into it */
};

/* key_path writes "ports[1].queues" for the row last taken from each frame; `last` is "" for the
 * struct itself. */
static void
key_path(const struct walk *walk, const char *last, char path[SCHEMA_PATH_MAX])
{
	size_t len = 0;

	(void)snprintf(path, SCHEMA_PATH_MAX, "%s", last[0] != '\0' ? last : "file");
	for (size_t i = 0; i + 1 < walk->depth; i++) {
		const struct frame *inner = &walk->frames[i + 1];
		char element[24] = "";
		int more = 0;

		if (inner->list != NULL) {
			(void)snprintf(element, sizeof(element), "[%zu]", inner->elem);
		}
		more = snprintf(path + len, SCHEMA_PATH_MAX - len, "%s%s%s%s%s", i > 0 ? "." : "",
				walk->frames[i].row[-1].key, element, last[0] != '\0' ? "." : "",
				last);
		if (more < 0 || (size_t)more >= SCHEMA_PATH_MAX - len) {
			return;
		}
		/* The next level is written over `last` and the dot before it. */
		len += (size_t)more - strlen(last) - (last[0] != '\0');
	}
}

static void
tell(struct walk *walk, const struct conf_node *place, const char *key, const char *reason)
{
	char path[SCHEMA_PATH_MAX];

	key_path(walk, key, path);
	conf_error_add(walk->errors, CONF_ERROR, walk->path, place != NULL ? place->line : 0,
			place != NULL ? place->col : 0, "%s: %s", path, reason);
}

static void
tell_memory(struct walk *walk)
{
	conf_error_add(walk->errors, CONF_ERROR, walk->path, 0, 0, "out of memory");
}

static const struct conf_row *
find_row(const struct conf_row *rows, const char *key)
{
	for (; rows->key != NULL; rows++) {
		if (strcmp(rows->key, key) == 0) {
			return rows;
		}
	}
	return NULL;
}

/* begin_struct checks the keys of the mapping that the top frame now stands on. */
static void
begin_struct(struct walk *walk)
{
	struct frame *frame = &walk->frames[walk->depth - 1];
	const struct conf_node *node = frame->node;

	frame->row = frame->rows;
	if (node == NULL) {
		return;
	}
	if (node->kind != CONF_MAPPING) {
		tell(walk, node, "", "must hold \"key: value\" pairs");
		frame->node = NULL;
		return;
	}
	for (size_t i = 0; i < node->mapping.cnt; i++) {
		const struct conf_node *key = node->mapping.pairs[i].key;
		const struct conf_row *row = find_row(frame->rows, key->scalar.text);

		if (row == NULL) {
			tell(walk, key, key->scalar.text, "unknown key");
		} else if (row->kind == CONF_ROW_GONE) {
			tell(walk, key, key->scalar.text, row->help);
		}
	}
}

/* next_row yields the next row to visit, or NULL at the end of everything. What `leave` is told:
 * the list whose last element has been passed. */
static const struct conf_row *
next_row(struct walk *walk, void (*leave)(struct conf_list *list))
{
	while (walk->depth > 0) {
		struct frame *frame = &walk->frames[walk->depth - 1];

		if (frame->row->key != NULL) {
			return frame->row++;
		}
		frame->elem++;
		if (frame->elem < frame->elem_cnt) {
			frame->base += frame->elem_bytes;
			frame->node = frame->list != NULL ? frame->list->sequence.items[frame->elem]
			                                  : NULL;
			begin_struct(walk);
			continue;
		}
		if (leave != NULL && frame->owner != NULL) {
			leave(frame->owner);
		}
		walk->depth--;
	}
	return NULL;
}

static void
push(struct walk *walk, struct frame frame)
{
	if (walk->depth == SCHEMA_DEPTH_MAX) {
		tell(walk, NULL, "schema", "nested too deeply");
		return;
	}
	frame.row = frame.rows;
	walk->frames[walk->depth++] = frame;
	begin_struct(walk);
}

static bool
is_absent(const struct conf_node *node)
{
	return node == NULL ||
	       (node->kind == CONF_SCALAR && conf_type_of(node).type == CONF_TYPE_NULL);
}

static void tell_slot(struct walk *walk, const struct slot *slot, const char *format, ...)
		__attribute__((format(printf, 3, 4)));

static void
tell_slot(struct walk *walk, const struct slot *slot, const char *format, ...)
{
	char reason[SCHEMA_PATH_MAX];
	va_list args;

	va_start(args, format);
	/* It is: the line above. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	tell(walk, slot->node, slot->row->key, reason);
}

static void
tell_range(struct walk *walk, const struct slot *slot)
{
	const struct conf_row *row = slot->row;

	tell_slot(walk, slot, "must be %" PRId64 " to %" PRId64 "%s%s%s", row->min, row->max,
			row->unit != NULL ? " (" : "", row->unit != NULL ? row->unit : "",
			row->unit != NULL ? ")" : "");
}

static void
set_int(struct walk *walk, const struct slot *slot)
{
	const struct conf_row *row = slot->row;
	struct conf_value value = conf_type_of(slot->node);

	if (value.type != CONF_TYPE_INT) {
		tell_slot(walk, slot, "must be an integer, not \"%s\"", slot->node->scalar.text);
		return;
	}
	if (value.is_big || value.integer < row->min || value.integer > row->max) {
		tell_range(walk, slot);
		return;
	}
	memcpy(slot->target, &value.integer, sizeof(value.integer));
}

static void
set_real(struct walk *walk, const struct slot *slot)
{
	struct conf_value value = conf_type_of(slot->node);
	double real = value.type == CONF_TYPE_INT ? (double)value.integer : value.real;

	if (value.type != CONF_TYPE_INT && value.type != CONF_TYPE_FLOAT) {
		tell_slot(walk, slot, "must be a number, not \"%s\"", slot->node->scalar.text);
		return;
	}
	/* So asked, "not a number" is out of range too. */
	if (!(real >= (double)slot->row->min && real <= (double)slot->row->max)) {
		tell_range(walk, slot);
		return;
	}
	memcpy(slot->target, &real, sizeof(real));
}

static void
set_bool(struct walk *walk, const struct slot *slot)
{
	struct conf_value value = conf_type_of(slot->node);

	if (value.type != CONF_TYPE_BOOL) {
		tell_slot(walk, slot, "must be yes or no, not \"%s\"", slot->node->scalar.text);
		return;
	}
	memcpy(slot->target, &value.boolean, sizeof(value.boolean));
}

static void
set_enum(struct walk *walk, const struct slot *slot)
{
	const char *const *choices = slot->row->choices;
	char list[128] = "";
	size_t len = 0;

	for (int i = 0; choices[i] != NULL; i++) {
		if (strcmp(choices[i], slot->node->scalar.text) == 0) {
			memcpy(slot->target, &i, sizeof(i));
			return;
		}
	}
	for (size_t i = 0; choices[i] != NULL && len < sizeof(list); i++) {
		int more = snprintf(list + len, sizeof(list) - len, "%s%s", i > 0 ? ", " : "",
				choices[i]);

		len += more > 0 ? (size_t)more : 0;
	}
	tell_slot(walk, slot, "must be one of %s", list);
}

/* absolute_path joins a relative path to the directory of the configuration file. */
static char *
absolute_path(const char *file, const char *text)
{
	char *copy = NULL;
	char *joined = NULL;
	char *slash = NULL;

	if (text[0] == '/' || file == NULL || text[0] == '\0') {
		return strdup(text);
	}
	copy = realpath(file, NULL);
	if (copy == NULL) {
		copy = strdup(file);
	}
	slash = copy != NULL ? strrchr(copy, '/') : NULL;
	if (slash != NULL) {
		*slash = '\0';
	}
	if (copy != NULL && asprintf(&joined, "%s/%s", slash != NULL ? copy : ".", text) < 0) {
		joined = NULL;
	}
	free(copy);
	return joined;
}

static void
set_text(struct walk *walk, const struct slot *slot, const char *relative_to)
{
	const struct conf_node *node = slot->node;
	char *text = NULL;

	if (strlen(node->scalar.text) != node->scalar.len) {
		tell_slot(walk, slot, "%s", "holds a NUL byte");
		return;
	}
	text = absolute_path(relative_to, node->scalar.text);
	if (text == NULL) {
		tell_memory(walk);
		return;
	}
	memcpy(slot->target, &text, sizeof(text));
}

static void
set_text_list(struct walk *walk, const struct slot *slot)
{
	struct conf_strings *strings = slot->target;
	const struct conf_node *node = slot->node;
	size_t cnt = node->kind == CONF_SEQUENCE ? node->sequence.cnt : 1;

	strings->items = calloc(cnt > 0 ? cnt : 1, sizeof(*strings->items));
	if (strings->items == NULL) {
		tell_memory(walk);
		return;
	}
	for (size_t i = 0; i < cnt; i++) {
		struct slot item = { slot->row, &strings->items[strings->cnt], node };

		item.node = node->kind == CONF_SEQUENCE ? node->sequence.items[i] : node;
		if (item.node->kind != CONF_SCALAR) {
			tell_slot(walk, &item, "%s", "must be a list of text");
			continue;
		}
		set_text(walk, &item, NULL);
		strings->cnt += strings->items[strings->cnt] != NULL;
	}
}

static void
set_value(struct walk *walk, const struct slot *slot)
{
	enum conf_row_kind kind = slot->row->kind;
	bool is_list = kind == CONF_ROW_STRING_LIST && slot->node->kind == CONF_SEQUENCE;

	if (slot->node->kind != CONF_SCALAR && !is_list) {
		tell_slot(walk, slot, "must be %s", kind_names[kind]);
		return;
	}
	switch (kind) {
	case CONF_ROW_INT:
		set_int(walk, slot);
		break;
	case CONF_ROW_REAL:
		set_real(walk, slot);
		break;
	case CONF_ROW_BOOL:
		set_bool(walk, slot);
		break;
	case CONF_ROW_ENUM:
		set_enum(walk, slot);
		break;
	case CONF_ROW_STRING_LIST:
		set_text_list(walk, slot);
		break;
	case CONF_ROW_PATH:
		set_text(walk, slot, walk->is_from_file ? walk->path : NULL);
		break;
	default:
		set_text(walk, slot, NULL);
		break;
	}
}

static void
set_list(struct walk *walk, const struct slot *slot)
{
	const struct conf_row *row = slot->row;
	struct conf_list *list = slot->target;

	if (slot->node->kind != CONF_SEQUENCE) {
		tell_slot(walk, slot, "must be a %s", kind_names[row->kind]);
		return;
	}
	if (slot->node->sequence.cnt == 0) {
		return;
	}
	list->items = calloc(slot->node->sequence.cnt, row->elem_bytes);
	if (list->items == NULL) {
		tell_memory(walk);
		return;
	}
	list->cnt = slot->node->sequence.cnt;
	push(walk, (struct frame){ .rows = row->rows,
				   .base = list->items,
				   .node = slot->node->sequence.items[0],
				   .list = slot->node,
				   .elem_cnt = list->cnt,
				   .elem_bytes = row->elem_bytes });
}

static void
zero_row(const struct conf_row *row, void *target)
{
	static const double none = NAN;

	if (row->kind == CONF_ROW_REAL) {
		memcpy(target, &none, sizeof(none));
	} else {
		memset(target, 0, kind_bytes[row->kind]);
	}
}

/* set_row gives one row its value: from the file, else from its default, else none. */
static void
set_row(struct walk *walk, const struct conf_row *row)
{
	const struct frame *frame = &walk->frames[walk->depth - 1];
	struct slot slot = { row, frame->base + row->offset, conf_get(frame->node, row->key) };
	struct conf_node fallback = { .kind = CONF_SCALAR, .is_plain = true };

	if (row->kind == CONF_ROW_GONE) {
		return; /* begin_struct() told of it */
	}
	zero_row(row, slot.target);
	if (row->kind == CONF_ROW_MAP) {
		push(walk, (struct frame){ .rows = row->rows,
					   .base = slot.target,
					   .node = is_absent(slot.node) ? NULL : slot.node,
					   .elem_cnt = 1 });
		return;
	}
	if (is_absent(slot.node)) {
		if (row->is_required && frame->node != NULL) {
			tell(walk, frame->node, row->key, "missing");
		}
		if (row->fallback == NULL || row->kind == CONF_ROW_MAP_LIST) {
			return;
		}
		fallback.scalar.text = row->fallback;
		fallback.scalar.len = strlen(row->fallback);
		slot.node = &fallback;
	}
	if (row->kind == CONF_ROW_MAP_LIST) {
		set_list(walk, &slot);
	} else {
		set_value(walk, &slot);
	}
}

static int
read_tree(const char *path, const struct conf_node *root, const struct conf_row *rows, void *target,
		struct conf_errors *errors)
{
	struct walk walk = { .path = path, .errors = errors, .is_from_file = root != NULL };
	size_t errors_before = errors->error_cnt;
	const struct conf_row *row = NULL;

	push(&walk, (struct frame){ .rows = rows, .base = target, .node = root, .elem_cnt = 1 });
	for (row = next_row(&walk, NULL); row != NULL; row = next_row(&walk, NULL)) {
		set_row(&walk, row);
	}
	if (errors->error_cnt > errors_before) {
		conf_schema_free(rows, target);
		return -EINVAL;
	}
	return 0;
}

int
conf_schema_load(const char *path, const struct conf_row *rows, void *target,
		struct conf_errors *errors)
{
	/* An empty file has no keys, which is not the same as no file: required ones are missing. */
	static const struct conf_node empty = { .kind = CONF_MAPPING, .line = 1, .col = 1 };
	static const struct conf_yaml_options options = { .is_strict = false };
	struct conf_document document = { 0 };
	size_t first = errors->cnt;
	size_t duplicate_cnt = 0;
	int rc = conf_yaml_load(path, &options, errors, &document);

	if (rc != 0) {
		return rc;
	}
	/* Duplicate keys, the one thing it warns about, are errors here; not asked for as such, since
	 * then they would hide all other errors. */
	duplicate_cnt = errors->cnt - first;
	for (size_t i = first; i < errors->cnt; i++) {
		errors->messages[i].level = CONF_ERROR;
		errors->error_cnt++;
	}
	rc = read_tree(path, is_absent(document.root) ? &empty : document.root, rows, target,
			errors);
	conf_yaml_free(&document);
	if (rc == 0 && duplicate_cnt > 0) {
		conf_schema_free(rows, target);
		rc = -EINVAL;
	}
	conf_errors_sort(errors, first);
	return rc;
}

int
conf_schema_defaults(const struct conf_row *rows, void *target, struct conf_errors *errors)
{
	return read_tree("", NULL, rows, target, errors);
}

static void
free_strings(struct conf_strings *strings)
{
	for (size_t i = 0; i < strings->cnt; i++) {
		free(strings->items[i]);
	}
	free(strings->items);
	*strings = (struct conf_strings){ 0 };
}

static void
free_list(struct conf_list *list)
{
	free(list->items);
	*list = (struct conf_list){ 0 };
}

static void
free_text(void *target)
{
	char *text = NULL;

	memcpy(&text, target, sizeof(text));
	free(text);
	memset(target, 0, sizeof(text));
}

static void
free_row(struct walk *walk, const struct conf_row *row)
{
	void *target = walk->frames[walk->depth - 1].base + row->offset;
	struct conf_list *list = target;

	switch (row->kind) {
	case CONF_ROW_STRING:
	case CONF_ROW_PATH:
		free_text(target);
		break;
	case CONF_ROW_STRING_LIST:
		free_strings(target);
		break;
	case CONF_ROW_MAP:
		push(walk, (struct frame){ .rows = row->rows, .base = target, .elem_cnt = 1 });
		break;
	case CONF_ROW_MAP_LIST:
		if (list->cnt > 0) {
			push(walk, (struct frame){ .rows = row->rows,
						   .base = list->items,
						   .owner = list,
						   .elem_cnt = list->cnt,
						   .elem_bytes = row->elem_bytes });
		}
		break;
	default:
		break;
	}
}

void
conf_schema_free(const struct conf_row *rows, void *target)
{
	struct conf_errors none = { 0 };
	struct walk walk = { .path = "", .errors = &none };
	const struct conf_row *row = NULL;

	push(&walk, (struct frame){ .rows = rows, .base = target, .elem_cnt = 1 });
	for (row = next_row(&walk, free_list); row != NULL; row = next_row(&walk, free_list)) {
		free_row(&walk, row);
	}
	conf_errors_free(&none);
}

void
conf_row_describe(const struct conf_row *row, FILE *out)
{
	(void)fputs(kind_names[row->kind], out);
	if (row->kind == CONF_ROW_INT || row->kind == CONF_ROW_REAL) {
		(void)fprintf(out, " %" PRId64 "..%" PRId64, row->min, row->max);
	}
	for (size_t i = 0; row->kind == CONF_ROW_ENUM && row->choices[i] != NULL; i++) {
		(void)fprintf(out, "%s%s", i > 0 ? ", " : " ", row->choices[i]);
	}
	if (row->unit != NULL) {
		(void)fprintf(out, " (%s)", row->unit);
	}
	if (row->is_required) {
		(void)fputs("; required", out);
	} else if (row->fallback != NULL) {
		(void)fprintf(out, "; default %s",
				row->fallback[0] != '\0' ? row->fallback : "\"\"");
	}
}

void
conf_schema_visit(const struct conf_row *rows,
		void (*visit)(void *ctx, const struct conf_row *row, size_t depth), void *ctx)
{
	struct conf_errors none = { 0 };
	struct walk walk = { .path = "", .errors = &none };
	const struct conf_row *row = NULL;
	char unused = '\0'; /* rows are visited, never a struct */

	push(&walk, (struct frame){ .rows = rows, .base = &unused, .elem_cnt = 1 });
	for (row = next_row(&walk, NULL); row != NULL; row = next_row(&walk, NULL)) {
		if (row->kind == CONF_ROW_GONE) {
			continue;
		}
		visit(ctx, row, walk.depth - 1);
		if (row->kind == CONF_ROW_MAP || row->kind == CONF_ROW_MAP_LIST) {
			push(&walk, (struct frame){ .rows = row->rows,
						    .base = &unused,
						    .elem_cnt = 1 });
		}
	}
	conf_errors_free(&none);
}

static void
print_row(void *ctx, const struct conf_row *row, size_t depth)
{
	FILE *out = ctx;
	int indent = (int)(depth + 1) * 2;

	(void)fprintf(out, "%*s%s: ", indent, "", row->key);
	conf_row_describe(row, out);
	(void)fprintf(out, "\n%*s%s\n", indent + 4, "", row->help != NULL ? row->help : "");
}

void
conf_schema_help(const struct conf_row *rows, FILE *out)
{
	conf_schema_visit(rows, print_row, out);
}
