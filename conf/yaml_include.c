/*
 * The files of a document: one included in another becomes the file being read until it ends, and its
 * root then stands where it was included.
 */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/include.h"
#include "conf/yaml_impl.h"

void
conf_yaml_close_source(struct conf_yaml_source *source)
{
	tdestroy(source->anchors, conf_yaml_drop_named);
	yaml_parser_delete(&source->parser);
	free(source->text);
}

int
conf_yaml_open_source(struct conf_yaml_builder *builder, const struct conf_yaml_source *draft,
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
		return conf_yaml_fail(builder, conf_yaml_line(mark), conf_yaml_col(mark),
				"cannot include %s: it is outside of %s (include_outside allows "
				"that)",
				path, builder->options->include_root);
	}
	if (err == -ELOOP) {
		reason = "it includes this file";
	} else if (err == -EFBIG) {
		reason = "too large together with the files before it";
	}
	return conf_yaml_fail(builder, conf_yaml_line(mark), conf_yaml_col(mark),
			"cannot include %s: %s", path, reason);
}

/* go_on puts an empty mapping, which may stand anywhere, in the place of a file that cannot be
 * included: the document is refused all the same, but with every error it has. */
static int
go_on(struct conf_yaml_builder *builder, struct conf_named *anchor, yaml_mark_t mark)
{
	struct conf_node *node = conf_yaml_make_node(
			builder, CONF_MAPPING, conf_yaml_line(mark), conf_yaml_col(mark));

	if (node == NULL) {
		return -ENOMEM;
	}
	conf_yaml_end_named(anchor, node, 1, 1);
	return conf_yaml_add_child(builder, node, 1);
}

/* include_file begins to read `path`, or puts it in one more place when it was read before. */
static int
include_file(struct conf_yaml_builder *builder, const yaml_event_t *event, const char *path)
{
	struct conf_named *known = conf_yaml_find_named(&builder->includes, path);
	struct conf_named *anchor = NULL;
	struct conf_yaml_source draft = { .line = conf_yaml_line(event->start_mark),
		.col = conf_yaml_col(event->start_mark) };
	int rc = conf_yaml_begin_anchor(builder, event->data.scalar.anchor, &anchor);

	if (rc != 0) {
		return rc;
	}
	if (known != NULL && known->node_cnt > 0) {
		conf_yaml_end_named(anchor, known->node, known->node_cnt, known->height);
		return conf_yaml_add_again(builder, known, event->start_mark);
	}
	if (builder->source_cnt == CONF_YAML_FILES_MAX) {
		return conf_yaml_fail_at(builder, event->start_mark,
				"too many files included inside one another");
	}
	rc = read_include(builder, path, &draft);
	if (rc == -ENOMEM) {
		return conf_yaml_fail_memory(builder);
	}
	if (rc != 0) {
		int refused = refuse_include(builder, path, rc, event->start_mark);

		/* What all files may hold is used up: nothing more can be read. */
		return rc == -EFBIG ? refused : go_on(builder, anchor, event->start_mark);
	}
	draft.anchor = anchor;
	draft.include = conf_yaml_add_named(builder, &builder->includes, path);
	if (draft.include == NULL) {
		free(draft.text);
		return -ENOMEM;
	}
	draft.name = draft.include->name;
	return conf_yaml_open_source(builder, &draft, draft.text);
}

int
conf_yaml_take_include(struct conf_yaml_builder *builder, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.scalar.value;
	char *path = NULL;
	int rc = 0;

	if (strlen(name) != event->data.scalar.length || name[0] == '\0') {
		return conf_yaml_fail_at(
				builder, event->start_mark, "!include needs the name of a file");
	}
	rc = conf_include_path(conf_yaml_top(builder)->name, name, &path);
	if (rc != 0) {
		return conf_yaml_fail_memory(builder);
	}
	rc = include_file(builder, event, path);
	free(path);
	return rc;
}

int
conf_yaml_end_include(struct conf_yaml_builder *builder)
{
	struct conf_yaml_source *source = conf_yaml_top(builder);
	struct conf_yaml_source ended;

	if (source->root == NULL) {
		int rc = conf_yaml_count(builder, 1, 0, 0);

		source->root = rc == 0 ? conf_yaml_make_node(builder, CONF_SCALAR, 1, 1) : NULL;
		if (source->root == NULL) {
			return rc != 0 ? rc : -ENOMEM;
		}
		source->root->is_plain = true;
		source->root->scalar.text = "";
	}
	ended = *source;
	conf_yaml_close_source(source);
	builder->source_cnt--;
	conf_yaml_end_named(ended.include, ended.root, builder->node_cnt - ended.nodes_before,
			ended.height);
	conf_yaml_end_named(ended.anchor, ended.root, builder->node_cnt - ended.nodes_before,
			ended.height);
	return conf_yaml_add_child(builder, ended.root, ended.height);
}
