/*
 * The parts that a tree is put together from: nodes, counted; the names that stand for some of them,
 * anchors and included files; and what is told when it cannot go on.
 */
#include <errno.h>
#include <search.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf/yaml_impl.h"

/* Nodes are taken from the arena so many at a time: its alignment would cost a fifth of each. */
#define NODES_PER_BLOCK 256u

uint32_t
conf_yaml_line(yaml_mark_t mark)
{
	return mark.line < UINT32_MAX ? (uint32_t)mark.line + 1 : UINT32_MAX;
}

uint32_t
conf_yaml_col(yaml_mark_t mark)
{
	return mark.column < UINT32_MAX ? (uint32_t)mark.column + 1 : UINT32_MAX;
}

struct conf_yaml_source *
conf_yaml_top(struct conf_yaml_builder *builder)
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
	conf_error_add(builder->errors, CONF_ERROR, conf_yaml_top(builder)->name, line, col, "%s%s",
			len < 0 ? "out of memory" : text, trail != NULL ? trail : "");
	free(trail);
	if (len >= 0) {
		free(text);
	}
	return -EINVAL;
}

int
conf_yaml_fail_at(struct conf_yaml_builder *builder, yaml_mark_t mark, const char *text)
{
	return conf_yaml_fail(builder, conf_yaml_line(mark), conf_yaml_col(mark), "%s", text);
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
				"too many values or too much text (aliases and "
				"\"<<\" count as what they stand for)");
	}
	builder->node_cnt += (uint32_t)cnt;
	return 0;
}

int
conf_yaml_count_at(struct conf_yaml_builder *builder, uint32_t cnt, yaml_mark_t mark)
{
	return conf_yaml_count(builder, cnt, conf_yaml_line(mark), conf_yaml_col(mark));
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

int
conf_yaml_add_child(struct conf_yaml_builder *builder, struct conf_node *node, uint32_t height)
{
	struct conf_yaml_source *source = conf_yaml_top(builder);
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

struct conf_node *
conf_yaml_make_node(struct conf_yaml_builder *builder, enum conf_node_kind kind, uint32_t line,
		uint32_t col)
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
	node->file = conf_yaml_top(builder)->name;
	return node;
}

static int
compare_named(const void *a, const void *b)
{
	return strcmp(((const struct conf_named *)a)->name, ((const struct conf_named *)b)->name);
}

struct conf_named *
conf_yaml_find_named(void *const *tree, const char *name)
{
	const struct conf_named key = { .name = name };
	struct conf_named *const *found = tfind(&key, tree, compare_named);

	return found != NULL ? *found : NULL;
}

struct conf_named *
conf_yaml_add_named(struct conf_yaml_builder *builder, void **tree, const char *name)
{
	struct conf_named *named = conf_yaml_find_named(tree, name);

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

int
conf_yaml_begin_anchor(struct conf_yaml_builder *builder, const yaml_char_t *name,
		struct conf_named **ret_anchor)
{
	*ret_anchor = NULL;
	if (name == NULL) {
		return 0;
	}
	*ret_anchor = conf_yaml_add_named(
			builder, &conf_yaml_top(builder)->anchors, (const char *)name);
	return *ret_anchor != NULL ? 0 : -ENOMEM;
}

void
conf_yaml_end_named(struct conf_named *named, struct conf_node *node, uint32_t node_cnt,
		uint32_t height)
{
	if (named != NULL) {
		*named = (struct conf_named){ named->name, node, node_cnt, height };
	}
}

int
conf_yaml_add_again(
		struct conf_yaml_builder *builder, const struct conf_named *named, yaml_mark_t mark)
{
	int rc = 0;

	if (named->height > CONF_YAML_DEPTH_MAX - builder->level_cnt) {
		return conf_yaml_fail_at(builder, mark, "nested too deeply");
	}
	rc = conf_yaml_count_at(builder, named->node_cnt, mark);
	return rc == 0 ? conf_yaml_add_child(builder, named->node, named->height) : rc;
}

void
conf_yaml_drop_named(void *unused)
{
	(void)unused; /* the arena's */
}
