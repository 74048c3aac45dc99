/*
 * libyaml's events made into a tree without recursion: a stack of the files that are open, and one of
 * the collections that are, each of which gathers its children until its end event. What a document
 * keeps lives in its arena; stacks and gathered children are the builder's.
 */
#include "conf/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/include.h"
#include "conf/yaml_impl.h"

/* Nodes are taken from the arena so many at a time: its alignment would cost a fifth of each. */
#define NODES_PER_BLOCK 256u

/* Progress is told every so many events, a hundredth of a second. */
#define EVENTS_PER_TELL 65536u

static uint32_t
line_of(yaml_mark_t mark)
{
	return mark.line < UINT32_MAX ? (uint32_t)mark.line + 1 : UINT32_MAX;
}

static uint32_t
col_of(yaml_mark_t mark)
{
	return mark.column < UINT32_MAX ? (uint32_t)mark.column + 1 : UINT32_MAX;
}

static struct conf_yaml_source *
top_source(struct conf_yaml_builder *builder)
{
	return &builder->sources[builder->source_cnt - 1];
}

/* include_trail: "\n  included by FILE, line N, column M" for each file that waits for this one. */
static char *
include_trail(const struct conf_yaml_builder *builder)
{
	char *trail = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&trail, &size);

	for (size_t i = builder->source_cnt; out != NULL && i > 1; i--) {
		(void)fprintf(out, "\n  included by %s, line %u, column %u",
				builder->sources[i - 2].name, builder->sources[i - 1].line,
				builder->sources[i - 1].col);
	}
	if (out == NULL || fclose(out) != 0) {
		free(trail);
		return NULL;
	}
	return trail;
}

int
conf_yaml_fail(struct conf_yaml_builder *builder, uint32_t line, uint32_t col, const char *format,
		...)
{
	char *text = NULL;
	char *trail = include_trail(builder);
	va_list args;
	int len = 0;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	conf_error_add(builder->errors, CONF_ERROR, top_source(builder)->name, line, col, "%s%s",
			len < 0 ? "out of memory" : text, trail != NULL ? trail : "");
	free(trail);
	if (len >= 0) {
		free(text);
	}
	return -EINVAL;
}

static int
fail_at(struct conf_yaml_builder *builder, yaml_mark_t mark, const char *text)
{
	return conf_yaml_fail(builder, line_of(mark), col_of(mark), "%s", text);
}

int
conf_yaml_fail_memory(struct conf_yaml_builder *builder)
{
	conf_error_add(builder->errors, CONF_ERROR, builder->sources[0].name, 0, 0,
			"out of memory");
	return -ENOMEM;
}

int
conf_yaml_count(struct conf_yaml_builder *builder, size_t cnt, uint32_t line, uint32_t col)
{
	if (cnt > CONF_YAML_NODES_MAX - builder->node_cnt) {
		return conf_yaml_fail(builder, line, col,
				"too many values (aliases and \"<<\" count as what they stand "
				"for)");
	}
	builder->node_cnt += (uint32_t)cnt;
	return 0;
}

static int
count_nodes(struct conf_yaml_builder *builder, uint32_t cnt, yaml_mark_t mark)
{
	return conf_yaml_count(builder, cnt, line_of(mark), col_of(mark));
}

static int
grow_children(struct conf_yaml_builder *builder)
{
	size_t cap = builder->child_cap == 0 ? 64 : builder->child_cap * 2;
	struct conf_node **children = NULL;

	if (builder->child_cnt < builder->child_cap) {
		return 0;
	}
	children = reallocarray(builder->children, cap, sizeof(struct conf_node *));
	if (children == NULL) {
		return conf_yaml_fail_memory(builder);
	}
	builder->children = children;
	builder->child_cap = cap;
	return 0;
}

/* add_child puts a complete node where it stands: into the collection around it, or at the root. */
static int
add_child(struct conf_yaml_builder *builder, struct conf_node *node, uint32_t height)
{
	struct conf_yaml_source *source = top_source(builder);
	struct conf_yaml_level *parent = NULL;
	int rc = 0;

	if (builder->level_cnt == source->level_first) {
		source->root = node;
		source->height = height;
		return 0;
	}
	parent = &builder->levels[builder->level_cnt - 1];
	parent->height = height >= parent->height ? height + 1 : parent->height;
	rc = grow_children(builder);
	if (rc == 0) {
		builder->children[builder->child_cnt++] = node;
	}
	return rc;
}

static struct conf_node *
make_node(struct conf_yaml_builder *builder, enum conf_node_kind kind, uint32_t line, uint32_t col)
{
	struct conf_node *node = NULL;

	if (builder->spare_node_cnt == 0) {
		builder->spare_nodes =
				conf_arena_alloc(builder->arena, NODES_PER_BLOCK, sizeof(*node));
		builder->spare_node_cnt = builder->spare_nodes != NULL ? NODES_PER_BLOCK : 0;
	}
	if (builder->spare_node_cnt == 0) {
		(void)conf_yaml_fail_memory(builder);
		return NULL;
	}
	builder->spare_node_cnt--;
	node = builder->spare_nodes++;
	node->kind = kind;
	node->line = line;
	node->col = col;
	node->file = top_source(builder)->name;
	return node;
}

static int
compare_named(const void *a, const void *b)
{
	return strcmp(((const struct conf_named *)a)->name, ((const struct conf_named *)b)->name);
}

static struct conf_named *
find_named(void *const *tree, const char *name)
{
	const struct conf_named key = { .name = name };
	struct conf_named *const *found = tfind(&key, tree, compare_named);

	return found != NULL ? *found : NULL;
}

/* add_named enters a name whose node is not complete yet; a later anchor of the same name hides the
 * earlier one. NULL and an error when memory is out. */
static struct conf_named *
add_named(struct conf_yaml_builder *builder, void **tree, const char *name)
{
	struct conf_named *named = find_named(tree, name);

	if (named == NULL) {
		named = conf_arena_alloc(builder->arena, 1, sizeof(*named));
		if (named != NULL) {
			named->name = conf_arena_copy(builder->arena, name, strlen(name));
		}
		if (named == NULL || named->name == NULL ||
				tsearch(named, tree, compare_named) == NULL) {
			(void)conf_yaml_fail_memory(builder);
			return NULL;
		}
	}
	named->node = NULL;
	named->node_cnt = 0;
	named->height = 0;
	return named;
}

/* begin_anchor: *ret_anchor is NULL when the node has none. */
static int
begin_anchor(struct conf_yaml_builder *builder, const yaml_char_t *name,
		struct conf_named **ret_anchor)
{
	*ret_anchor = NULL;
	if (name == NULL) {
		return 0;
	}
	*ret_anchor = add_named(builder, &top_source(builder)->anchors, (const char *)name);
	return *ret_anchor != NULL ? 0 : -ENOMEM;
}

static void
end_named(struct conf_named *named, struct conf_node *node, uint32_t node_cnt, uint32_t height)
{
	if (named != NULL) {
		*named = (struct conf_named){ named->name, node, node_cnt, height };
	}
}

/* add_again puts a complete subtree in one more place. */
static int
add_again(struct conf_yaml_builder *builder, const struct conf_named *named, yaml_mark_t mark)
{
	int rc = 0;

	if (named->height > CONF_YAML_DEPTH_MAX - builder->level_cnt) {
		return fail_at(builder, mark, "nested too deeply");
	}
	rc = count_nodes(builder, named->node_cnt, mark);
	return rc == 0 ? add_child(builder, named->node, named->height) : rc;
}

static int
take_alias(struct conf_yaml_builder *builder, const yaml_event_t *event)
{
	const struct conf_named *anchor = find_named(
			&top_source(builder)->anchors, (const char *)event->data.alias.anchor);

	if (anchor == NULL) {
		return fail_at(builder, event->start_mark,
				"alias to an anchor that is not defined");
	}
	if (anchor->node_cnt == 0) {
		return fail_at(builder, event->start_mark, "alias to a value that contains it");
	}
	return add_again(builder, anchor, event->start_mark);
}

static void
drop_named(void *unused)
{
	(void)unused; /* the arena's */
}

static void
close_source(struct conf_yaml_source *source)
{
	tdestroy(source->anchors, drop_named);
	yaml_parser_delete(&source->parser);
	free(source->text);
}

/* open_source makes bytes the file being read. It takes over source->text, whatever happens. */
static int
open_source(struct conf_yaml_builder *builder, const struct conf_yaml_source *draft,
		const char *bytes)
{
	struct conf_yaml_source *source = &builder->sources[builder->source_cnt];

	*source = *draft;
	source->level_first = builder->level_cnt;
	source->nodes_before = builder->node_cnt;
	if (yaml_parser_initialize(&source->parser) == 0) {
		free(source->text);
		return conf_yaml_fail_memory(builder);
	}
	yaml_parser_set_input_string(&source->parser, (const yaml_char_t *)bytes, source->len);
	builder->source_cnt++;
	builder->byte_cnt += source->len;
	return 0;
}

static bool
is_being_read(const struct conf_yaml_builder *builder, const struct stat *status)
{
	for (size_t i = 0; i < builder->source_cnt; i++) {
		if (builder->sources[i].inode == status->st_ino &&
				builder->sources[i].device == status->st_dev) {
			return true;
		}
	}
	return false;
}

/* read_include opens and reads the file; negative errno, -ELOOP for a file that is being read. */
static int
read_include(const struct conf_yaml_builder *builder, const char *path,
		struct conf_yaml_source *draft)
{
	struct stat status;
	int fd = -1;
	int rc = conf_include_open(path, builder->options->include_root,
			builder->options->can_include_outside, &fd);

	if (rc != 0) {
		return rc;
	}
	rc = conf_read_whole(fd, CONF_YAML_BYTES_MAX - builder->byte_cnt, &draft->text, &draft->len,
			&status);
	(void)close(fd);
	if (rc == 0 && is_being_read(builder, &status)) {
		free(draft->text);
		return -ELOOP;
	}
	if (rc == 0) {
		draft->device = status.st_dev;
		draft->inode = status.st_ino;
	}
	return rc;
}

static int
refuse_include(struct conf_yaml_builder *builder, const char *path, int err, yaml_mark_t mark)
{
	const char *reason = strerrordesc_np(-err);

	if (err == -EXDEV) {
		return conf_yaml_fail(builder, line_of(mark), col_of(mark),
				"cannot include %s: it is outside of %s (include_outside allows "
				"that)",
				path, builder->options->include_root);
	}
	if (err == -ELOOP) {
		reason = "it includes this file";
	} else if (err == -EFBIG) {
		reason = "too large together with the files before it";
	}
	return conf_yaml_fail(builder, line_of(mark), col_of(mark), "cannot include %s: %s", path,
			reason);
}

/* include_file begins to read `path`, or puts it in one more place when it was read before. */
static int
include_file(struct conf_yaml_builder *builder, const yaml_event_t *event, const char *path)
{
	struct conf_named *known = find_named(&builder->includes, path);
	struct conf_named *anchor = NULL;
	struct conf_yaml_source draft = { .line = line_of(event->start_mark),
		.col = col_of(event->start_mark) };
	int rc = begin_anchor(builder, event->data.scalar.anchor, &anchor);

	if (rc != 0) {
		return rc;
	}
	if (known != NULL && known->node_cnt > 0) {
		end_named(anchor, known->node, known->node_cnt, known->height);
		return add_again(builder, known, event->start_mark);
	}
	if (builder->source_cnt == CONF_YAML_FILES_MAX) {
		return fail_at(builder, event->start_mark,
				"too many files included inside one another");
	}
	rc = read_include(builder, path, &draft);
	if (rc != 0) {
		return refuse_include(builder, path, rc, event->start_mark);
	}
	draft.anchor = anchor;
	draft.include = add_named(builder, &builder->includes, path);
	if (draft.include == NULL) {
		free(draft.text);
		return -ENOMEM;
	}
	draft.name = draft.include->name;
	return open_source(builder, &draft, draft.text);
}

static int
take_include(struct conf_yaml_builder *builder, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.scalar.value;
	char *path = NULL;
	int rc = 0;

	if (strlen(name) != event->data.scalar.length || name[0] == '\0') {
		return fail_at(builder, event->start_mark, "!include needs the name of a file");
	}
	rc = conf_include_path(top_source(builder)->name, name, &path);
	if (rc != 0) {
		return conf_yaml_fail_memory(builder);
	}
	rc = include_file(builder, event, path);
	free(path);
	return rc;
}

/* end_include: the file is complete; its root stands where it was included. An empty file is null. */
static int
end_include(struct conf_yaml_builder *builder)
{
	struct conf_yaml_source *source = top_source(builder);
	struct conf_yaml_source ended;

	if (source->root == NULL) {
		int rc = conf_yaml_count(builder, 1, 0, 0);

		source->root = rc == 0 ? make_node(builder, CONF_SCALAR, 1, 1) : NULL;
		if (source->root == NULL) {
			return rc != 0 ? rc : -ENOMEM;
		}
		source->root->is_plain = true;
		source->root->scalar.text = "";
	}
	ended = *source;
	close_source(source);
	builder->source_cnt--;
	end_named(ended.include, ended.root, builder->node_cnt - ended.nodes_before, ended.height);
	end_named(ended.anchor, ended.root, builder->node_cnt - ended.nodes_before, ended.height);
	return add_child(builder, ended.root, ended.height);
}

static int
take_scalar(struct conf_yaml_builder *builder, const yaml_event_t *event)
{
	enum conf_tag tag = conf_yaml_tag(builder, event->data.scalar.tag);
	struct conf_node *node = NULL;
	struct conf_named *anchor = NULL;
	int rc = count_nodes(builder, 1, event->start_mark);

	if (rc != 0) {
		return rc;
	}
	if (tag == CONF_TAG_INCLUDE) {
		return take_include(builder, event);
	}
	if (tag > CONF_TAG_STRING) {
		return conf_yaml_refuse_tag(builder, event->data.scalar.tag, event->start_mark);
	}
	if (event->data.scalar.length > CONF_YAML_SCALAR_MAX) {
		return conf_yaml_fail(builder, line_of(event->start_mark),
				col_of(event->start_mark), "%zu bytes of text, the limit is %u",
				event->data.scalar.length, CONF_YAML_SCALAR_MAX);
	}
	node = make_node(builder, CONF_SCALAR, line_of(event->start_mark),
			col_of(event->start_mark));
	if (node == NULL) {
		return -ENOMEM;
	}
	node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->scalar.len = event->data.scalar.length;
	node->scalar.text = conf_arena_copy(
			builder->arena, event->data.scalar.value, event->data.scalar.length);
	if (node->scalar.text == NULL) {
		return conf_yaml_fail_memory(builder);
	}
	if (tag != CONF_TAG_NONE) {
		rc = conf_yaml_apply_tag(builder, tag, node);
	}
	if (rc == 0) {
		rc = begin_anchor(builder, event->data.scalar.anchor, &anchor);
	}
	if (rc != 0) {
		return rc;
	}
	end_named(anchor, node, 1, 0);
	return add_child(builder, node, 0);
}

static int
begin_collection(struct conf_yaml_builder *builder, const yaml_event_t *event,
		enum conf_node_kind kind)
{
	bool is_map = kind == CONF_MAPPING;
	const yaml_char_t *anchor = is_map ? event->data.mapping_start.anchor
	                                   : event->data.sequence_start.anchor;
	const yaml_char_t *tag_text =
			is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
	enum conf_tag tag = conf_yaml_tag(builder, tag_text);
	struct conf_yaml_level *level = NULL;
	int rc = 0;

	if (tag == CONF_TAG_INCLUDE) {
		return fail_at(builder, event->start_mark, "!include needs the name of a file");
	}
	if (tag != CONF_TAG_NONE && tag != (is_map ? CONF_TAG_MAPPING : CONF_TAG_SEQUENCE)) {
		return conf_yaml_refuse_tag(builder, tag_text, event->start_mark);
	}
	if (builder->level_cnt == CONF_YAML_DEPTH_MAX) {
		return fail_at(builder, event->start_mark, "nested too deeply");
	}
	level = &builder->levels[builder->level_cnt];
	*level = (struct conf_yaml_level){
		.child_first = builder->child_cnt, .nodes_before = builder->node_cnt, .height = 1
	};
	rc = count_nodes(builder, 1, event->start_mark);
	if (rc != 0) {
		return rc;
	}
	level->node = make_node(
			builder, kind, line_of(event->start_mark), col_of(event->start_mark));
	if (level->node == NULL) {
		return -ENOMEM;
	}
	rc = begin_anchor(builder, anchor, &level->anchor);
	builder->level_cnt += rc == 0;
	return rc;
}

static int
end_sequence(struct conf_yaml_builder *builder, struct conf_node *node,
		struct conf_node *const *children, size_t cnt)
{
	node->sequence.items = conf_arena_alloc(builder->arena, cnt, sizeof(struct conf_node *));
	if (node->sequence.items == NULL) {
		return conf_yaml_fail_memory(builder);
	}
	memcpy(node->sequence.items, children, cnt * sizeof(struct conf_node *));
	node->sequence.cnt = cnt;
	return 0;
}

static int
end_collection(struct conf_yaml_builder *builder)
{
	const struct conf_yaml_level level = builder->levels[builder->level_cnt - 1];
	size_t cnt = builder->child_cnt - level.child_first;
	bool is_map = level.node->kind == CONF_MAPPING;
	int rc = 0;

	/* An empty mapping or list has no children array to look into yet. */
	if (cnt > 0) {
		struct conf_node *const *children = &builder->children[level.child_first];

		rc = is_map ? conf_yaml_end_mapping(builder, level.node, children, cnt)
		            : end_sequence(builder, level.node, children, cnt);
	}
	if (rc != 0) {
		return rc;
	}
	end_named(level.anchor, level.node, builder->node_cnt - level.nodes_before, level.height);
	builder->child_cnt = level.child_first;
	builder->level_cnt--;
	return add_child(builder, level.node, level.height);
}

static int
begin_document(struct conf_yaml_builder *builder, yaml_mark_t mark)
{
	struct conf_yaml_source *source = top_source(builder);

	if (source->has_document) {
		return fail_at(builder, mark, "expected a single document in the stream");
	}
	source->has_document = true;
	return 0;
}

static int
take_event(struct conf_yaml_builder *builder, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return begin_document(builder, event->start_mark);
	case YAML_SCALAR_EVENT:
		return take_scalar(builder, event);
	case YAML_ALIAS_EVENT:
		return take_alias(builder, event);
	case YAML_SEQUENCE_START_EVENT:
		return begin_collection(builder, event, CONF_SEQUENCE);
	case YAML_MAPPING_START_EVENT:
		return begin_collection(builder, event, CONF_MAPPING);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return end_collection(builder);
	default:
		return 0;
	}
}

static int
fail_syntax(struct conf_yaml_builder *builder)
{
	const yaml_parser_t *parser = &top_source(builder)->parser;
	const char *problem = parser->problem != NULL ? parser->problem : "not YAML";

	if (parser->error == YAML_MEMORY_ERROR) {
		return conf_yaml_fail_memory(builder);
	}
	if (parser->error == YAML_READER_ERROR) {
		return conf_yaml_fail(
				builder, 0, 0, "%s (byte %zu)", problem, parser->problem_offset);
	}
	return conf_yaml_fail(builder, line_of(parser->problem_mark), col_of(parser->problem_mark),
			"%s%s%s", problem, parser->context != NULL ? ", " : "",
			parser->context != NULL ? parser->context : "");
}

static void
tell_progress(const struct conf_yaml_builder *builder)
{
	const struct conf_progress *progress = builder->options->progress;
	const struct conf_yaml_source *first = &builder->sources[0];

	if (progress != NULL) {
		progress->tell(progress->context, first->name, CONF_UNIT_BYTES,
				first->parser.mark.index, first->len);
	}
}

/* build_tree reads until the document is complete; its root is that of the first source. */
static int
build_tree(struct conf_yaml_builder *builder, struct conf_node **ret_root)
{
	int rc = 0;

	while (rc == 0) {
		bool is_end = false;
		yaml_event_t event;

		if (yaml_parser_parse(&top_source(builder)->parser, &event) == 0) {
			return fail_syntax(builder);
		}
		if (++builder->event_cnt % EVENTS_PER_TELL == 0) {
			tell_progress(builder);
		}
		is_end = event.type == YAML_STREAM_END_EVENT;
		rc = take_event(builder, &event);
		yaml_event_delete(&event);
		if (is_end && builder->source_cnt == 1) {
			*ret_root = builder->sources[0].root;
			break;
		}
		rc = is_end && rc == 0 ? end_include(builder) : rc;
	}
	return rc;
}

/* build reads the document of `draft`, whose text it takes over, into a new arena. */
static int
build(struct conf_yaml_source *draft, const char *bytes, const struct conf_yaml_options *options,
		struct conf_errors *errors, struct conf_document *ret_document)
{
	size_t errors_before = errors->error_cnt;
	struct conf_yaml_builder *builder = calloc(1, sizeof(*builder));
	struct conf_node *root = NULL;
	int rc = -ENOMEM;

	if (builder == NULL) {
		conf_error_add(errors, CONF_ERROR, draft->name, 0, 0, "out of memory");
		free(draft->text);
		return -ENOMEM;
	}
	builder->options = options;
	builder->errors = errors;
	builder->arena = conf_arena_new();
	draft->name = builder->arena != NULL ? conf_arena_copy(builder->arena, draft->name,
							       strlen(draft->name))
	                                     : NULL;
	if (draft->name == NULL) {
		conf_error_add(errors, CONF_ERROR, "", 0, 0, "out of memory");
		free(draft->text);
	} else {
		builder->sources[0].name = draft->name;
		rc = open_source(builder, draft, bytes);
	}
	if (rc == 0) {
		rc = build_tree(builder, &root);
	}
	if (rc == 0 && errors->error_cnt > errors_before) {
		rc = -EINVAL; /* duplicate keys do not end a strict parse */
	}
	while (builder->source_cnt > 0) {
		close_source(&builder->sources[--builder->source_cnt]);
	}
	if (rc == 0) {
		*ret_document = (struct conf_document){ root, builder->arena };
	} else {
		conf_arena_free(builder->arena);
	}
	tdestroy(builder->includes, drop_named);
	free(builder->children);
	free(builder);
	return rc;
}

int
conf_yaml_parse(const struct conf_yaml_text *text, const struct conf_yaml_options *options,
		struct conf_errors *errors, struct conf_document *ret_document)
{
	struct conf_yaml_source draft = { .name = text->name, .len = text->len };

	if (text->len > CONF_YAML_BYTES_MAX) {
		conf_error_add(errors, CONF_ERROR, text->name, 0, 0, "%zu bytes, the limit is %u",
				text->len, CONF_YAML_BYTES_MAX);
		return -EINVAL;
	}
	return build(&draft, text->bytes, options, errors, ret_document);
}

int
conf_yaml_load(const char *path, const struct conf_yaml_options *options,
		struct conf_errors *errors, struct conf_document *ret_document)
{
	struct conf_yaml_source draft = { .name = path };
	struct stat status;
	int fd = -1;
	int rc = conf_include_open(path, NULL, true, &fd);

	if (rc == 0) {
		rc = conf_read_whole(fd, CONF_YAML_BYTES_MAX, &draft.text, &draft.len, &status);
		(void)close(fd);
	}
	if (rc != 0) {
		conf_error_add(errors, CONF_ERROR, path, 0, 0, "%s", strerrordesc_np(-rc));
		return rc;
	}
	draft.device = status.st_dev;
	draft.inode = status.st_ino;
	return build(&draft, draft.text, options, errors, ret_document);
}

void
conf_yaml_free(struct conf_document *document)
{
	conf_arena_free(document->arena);
	*document = (struct conf_document){ 0 };
}

struct conf_node *
conf_get(const struct conf_node *node, const char *key)
{
	size_t len = strlen(key);

	if (node == NULL || node->kind != CONF_MAPPING) {
		return NULL;
	}
	for (size_t i = 0; i < node->mapping.cnt; i++) {
		const struct conf_node *name = node->mapping.pairs[i].key;

		if (name->scalar.len == len && memcmp(name->scalar.text, key, len) == 0) {
			return node->mapping.pairs[i].value;
		}
	}
	return NULL;
}
