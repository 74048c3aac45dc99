/*
 * A YAML tree under construction: what the readers of events (yaml.c), of included files
 * (yaml_include.c), of mappings (yaml_mapping.c) and of tags (yaml_tag.c) share; its parts are made
 * in yaml_node.c.
 *
 * Threads:   one builder.
 * Memory:    everything that outlives the load is in the document's arena.
 * Errors:    told in builder->errors at once; functions return 0, -EINVAL or -ENOMEM.
 */
#ifndef CONF_YAML_IMPL_H
#define CONF_YAML_IMPL_H

#include <sys/types.h>
#include <yaml.h>

#include "conf/arena.h"
#include "conf/yaml.h"

/* A name and the subtree it stands for: an anchor, or an included file by its path. */
struct conf_named {
	const char *name;
	struct conf_node *node;
	uint32_t node_cnt; /* of the subtree; 0 while the node is still open */
	uint32_t height;   /* collections nested in it, itself included; 0 for a scalar */
};

/* An open collection: children[child_first..] of the builder are its own. */
struct conf_yaml_level {
	struct conf_node *node;
	size_t child_first;
	struct conf_named *anchor; /* NULL: none */
	uint32_t nodes_before;
	uint32_t height; /* so far */
};

/* A file being read. The first one is the document, each other one stands where it is included. */
struct conf_yaml_source {
	yaml_parser_t parser;
	const char *name;
	char *text; /* NULL: the caller's */
	size_t len;
	dev_t device; /* with inode: which file this is; 0: none, the text came from memory */
	ino_t inode;
	void *anchors; /* tsearch(3) of struct conf_named: balanced, whatever names are chosen */
	bool has_document;
	size_t level_first;     /* how many levels were open where it is included */
	struct conf_node *root; /* once it is complete */
	uint32_t height;
	uint32_t nodes_before;
	uint32_t line, col;         /* of the "!include" */
	struct conf_named *include; /* its entry in builder->includes */
	struct conf_named *anchor; /* of the "!include" itself, in the including file; NULL: none */
};

struct conf_yaml_builder {
	const struct conf_yaml_options *options;
	struct conf_arena *arena;
	struct conf_errors *errors;
	struct conf_yaml_source sources[CONF_YAML_FILES_MAX];
	size_t source_cnt;
	size_t byte_cnt;
	uint32_t node_cnt; /* aliases counted as what they stand for */
	uint32_t event_cnt;
	struct conf_node *spare_nodes; /* of a block from the arena */
	size_t spare_node_cnt;
	struct conf_yaml_level levels[CONF_YAML_DEPTH_MAX];
	size_t level_cnt;
	struct conf_node **children;
	size_t child_cnt;
	size_t child_cap;
	void *includes; /* tsearch(3) of struct conf_named: a file is read once however often included */
};

/* What a tag asks of its scalar. */
enum conf_tag {
	CONF_TAG_NONE, /* typed by its form */
	CONF_TAG_NULL,
	CONF_TAG_BOOL,
	CONF_TAG_INT,
	CONF_TAG_FLOAT,
	CONF_TAG_DATE,
	CONF_TAG_STRING, /* "!!str" or "!" */
	CONF_TAG_SEQUENCE,
	CONF_TAG_MAPPING,
	CONF_TAG_INCLUDE,
	CONF_TAG_UNKNOWN,
};

/* 1-based, as messages have them. */
uint32_t conf_yaml_line(yaml_mark_t mark);
uint32_t conf_yaml_col(yaml_mark_t mark);

/* conf_yaml_fail tells an error in the file being read, and where that is included; -EINVAL. */
int conf_yaml_fail(struct conf_yaml_builder *builder, uint32_t line, uint32_t col,
		const char *format, ...) __attribute__((format(printf, 4, 5)));
int conf_yaml_fail_at(struct conf_yaml_builder *builder, yaml_mark_t mark, const char *text);
int conf_yaml_fail_memory(struct conf_yaml_builder *builder);
/* conf_yaml_count: so many nodes more, at this place. */
int conf_yaml_count(struct conf_yaml_builder *builder, size_t cnt, uint32_t line, uint32_t col);

int conf_yaml_count_at(struct conf_yaml_builder *builder, uint32_t cnt, yaml_mark_t mark);

/* conf_yaml_top: the file being read. */
struct conf_yaml_source *conf_yaml_top(struct conf_yaml_builder *builder);
/* conf_yaml_make_node: of the file being read; NULL and an error when memory is out. */
struct conf_node *conf_yaml_make_node(struct conf_yaml_builder *builder, enum conf_node_kind kind,
		uint32_t line, uint32_t col);
/* conf_yaml_add_child puts a complete node where it stands: into the collection around it, or at the
 * root of the file. */
int conf_yaml_add_child(struct conf_yaml_builder *builder, struct conf_node *node, uint32_t height);
/* conf_yaml_add_again puts a complete subtree in one more place. */
int conf_yaml_add_again(struct conf_yaml_builder *builder, const struct conf_named *named,
		yaml_mark_t mark);

/* Names in a tree of tsearch(3). conf_yaml_add_named enters one whose node is not complete yet; a later
 * anchor of the same name hides the earlier one. NULL and an error when memory is out. */
struct conf_named *conf_yaml_find_named(void *const *tree, const char *name);
struct conf_named *
conf_yaml_add_named(struct conf_yaml_builder *builder, void **tree, const char *name);
/* conf_yaml_begin_anchor: *ret_anchor is NULL when the node has none. */
int conf_yaml_begin_anchor(struct conf_yaml_builder *builder, const yaml_char_t *name,
		struct conf_named **ret_anchor);
/* conf_yaml_end_named: the node is complete; named may be NULL. */
void conf_yaml_end_named(struct conf_named *named, struct conf_node *node, uint32_t node_cnt,
		uint32_t height);
/* conf_yaml_drop_named is what tdestroy(3) does to each: nothing, they are the arena's. */
void conf_yaml_drop_named(void *unused);

/* conf_yaml_open_source makes bytes the file being read. It takes over draft->text, whatever
 * happens. */
int conf_yaml_open_source(struct conf_yaml_builder *builder, const struct conf_yaml_source *draft,
		const char *bytes);
void conf_yaml_close_source(struct conf_yaml_source *source);
/* conf_yaml_take_include begins to read the file that a scalar tagged "!include" names. */
int conf_yaml_take_include(struct conf_yaml_builder *builder, const yaml_event_t *event);
/* conf_yaml_end_include: the file is complete; its root stands where it was included. An empty file is
 * null. */
int conf_yaml_end_include(struct conf_yaml_builder *builder);

/* conf_yaml_end_mapping gives a mapping its pairs: children are key, value, key, value ... */
int conf_yaml_end_mapping(struct conf_yaml_builder *builder, struct conf_node *node,
		struct conf_node *const *children, size_t child_cnt);

enum conf_tag conf_yaml_tag(const struct conf_yaml_builder *builder, const yaml_char_t *tag);
/* conf_yaml_apply_tag types a scalar as its tag says, or tells that its text has no such form. */
int
conf_yaml_apply_tag(struct conf_yaml_builder *builder, enum conf_tag tag, struct conf_node *node);
/* conf_yaml_refuse_tag: no collection, or nothing at all, is of this tag. */
int
conf_yaml_refuse_tag(struct conf_yaml_builder *builder, const yaml_char_t *tag, yaml_mark_t mark);

#endif
