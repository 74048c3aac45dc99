/*
 * libyaml's events made into a tree without recursion: a stack of the files that are open, and one of
 * the collections that are, each of which gathers its children until its end event. What a document
 * keeps lives in its arena; stacks and gathered children are the builder's.
 */
#include "conf/yaml.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/include.h"
#include "conf/yaml_impl.h"

/* Progress is told every so many events, a hundredth of a second. */
#define EVENTS_PER_TELL 65536u

static int
take_alias(struct conf_yaml_builder *builder, const yaml_event_t *event)
{
	const struct conf_named *anchor = conf_yaml_find_named(
			&conf_yaml_top(builder)->anchors, (const char *)event->data.alias.anchor);

	if (anchor == NULL) {
		return conf_yaml_fail_at(builder, event->start_mark,
				"alias to an anchor that is not defined");
	}
	if (anchor->node_cnt == 0) {
		return conf_yaml_fail_at(
				builder, event->start_mark, "alias to a value that contains it");
	}
	return conf_yaml_add_again(builder, anchor, event->start_mark);
}

static int
take_scalar(struct conf_yaml_builder *builder, const yaml_event_t *event)
{
	enum conf_tag tag = conf_yaml_tag(builder, event->data.scalar.tag);
	struct conf_node *node = NULL;
	struct conf_named *anchor = NULL;
	size_t node_cnt = 1 + event->data.scalar.length / CONF_YAML_TEXT_PER_NODE;
	int rc = conf_yaml_count_at(builder, (uint32_t)node_cnt, event->start_mark);

	if (rc != 0) {
		return rc;
	}
	if (tag == CONF_TAG_INCLUDE) {
		return conf_yaml_take_include(builder, event);
	}
	if (tag > CONF_TAG_STRING) {
		return conf_yaml_refuse_tag(builder, event->data.scalar.tag, event->start_mark);
	}
	if (event->data.scalar.length > CONF_YAML_SCALAR_MAX) {
		return conf_yaml_fail(builder, conf_yaml_line(event->start_mark),
				conf_yaml_col(event->start_mark),
				"%zu bytes of text, the limit is %u", event->data.scalar.length,
				CONF_YAML_SCALAR_MAX);
	}
	node = conf_yaml_make_node(builder, CONF_SCALAR, conf_yaml_line(event->start_mark),
			conf_yaml_col(event->start_mark));
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
		rc = conf_yaml_begin_anchor(builder, event->data.scalar.anchor, &anchor);
	}
	if (rc != 0) {
		return rc;
	}
	conf_yaml_end_named(anchor, node, (uint32_t)node_cnt, 0);
	return conf_yaml_add_child(builder, node, 0);
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
		return conf_yaml_fail_at(
				builder, event->start_mark, "!include needs the name of a file");
	}
	if (tag != CONF_TAG_NONE && tag != (is_map ? CONF_TAG_MAPPING : CONF_TAG_SEQUENCE)) {
		return conf_yaml_refuse_tag(builder, tag_text, event->start_mark);
	}
	if (builder->level_cnt == CONF_YAML_DEPTH_MAX) {
		return conf_yaml_fail_at(builder, event->start_mark, "nested too deeply");
	}
	level = &builder->levels[builder->level_cnt];
	*level = (struct conf_yaml_level){
		.child_first = builder->child_cnt, .nodes_before = builder->node_cnt, .height = 1
	};
	rc = conf_yaml_count_at(builder, 1, event->start_mark);
	if (rc != 0) {
		return rc;
	}
	level->node = conf_yaml_make_node(builder, kind, conf_yaml_line(event->start_mark),
			conf_yaml_col(event->start_mark));
	if (level->node == NULL) {
		return -ENOMEM;
	}
	rc = conf_yaml_begin_anchor(builder, anchor, &level->anchor);
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
	conf_yaml_end_named(level.anchor, level.node, builder->node_cnt - level.nodes_before,
			level.height);
	builder->child_cnt = level.child_first;
	builder->level_cnt--;
	return conf_yaml_add_child(builder, level.node, level.height);
}

static int
begin_document(struct conf_yaml_builder *builder, yaml_mark_t mark)
{
	struct conf_yaml_source *source = conf_yaml_top(builder);

	if (source->has_document) {
		return conf_yaml_fail_at(builder, mark, "expected a single document in the stream");
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
	const yaml_parser_t *parser = &conf_yaml_top(builder)->parser;
	const char *problem = parser->problem != NULL ? parser->problem : "not YAML";

	if (parser->error == YAML_MEMORY_ERROR) {
		return conf_yaml_fail_memory(builder);
	}
	if (parser->error == YAML_READER_ERROR) {
		return conf_yaml_fail(
				builder, 0, 0, "%s (byte %zu)", problem, parser->problem_offset);
	}
	return conf_yaml_fail(builder, conf_yaml_line(parser->problem_mark),
			conf_yaml_col(parser->problem_mark), "%s%s%s", problem,
			parser->context != NULL ? ", " : "",
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

		if (yaml_parser_parse(&conf_yaml_top(builder)->parser, &event) == 0) {
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
		rc = is_end && rc == 0 ? conf_yaml_end_include(builder) : rc;
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
		rc = conf_yaml_open_source(builder, draft, bytes);
	}
	if (rc == 0) {
		rc = build_tree(builder, &root);
	}
	if (rc == 0 && errors->error_cnt > errors_before) {
		rc = -EINVAL; /* duplicate keys do not end a strict parse */
	}
	while (builder->source_cnt > 0) {
		conf_yaml_close_source(&builder->sources[--builder->source_cnt]);
	}
	if (rc == 0) {
		*ret_document = (struct conf_document){ root, builder->arena };
	} else {
		conf_arena_free(builder->arena);
	}
	tdestroy(builder->includes, conf_yaml_drop_named);
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
