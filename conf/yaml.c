/*
 * libyaml's events made into a tree without recursion: a stack of the collections that are open,
 * each of which gathers its children until its end event. Everything a document allocates lives in
 * its arena; the stack and the gathered children are the builder's.
 */
#include "conf/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "conf/arena.h"

struct anchor {
	char *name;
	struct conf_node *node;
	uint32_t node_cnt; /* of its subtree; 0 while the node is still open */
	uint32_t height;   /* collections nested in it, itself included; 0 for a scalar */
};

/* An open collection: children[child_first..] of the builder are its own. */
struct level {
	struct conf_node *node;
	size_t child_first;
	size_t anchor; /* index in anchors, SIZE_MAX: none */
	uint32_t nodes_before;
	uint32_t height; /* so far */
};

struct builder {
	yaml_parser_t parser;
	struct conf_arena *arena;
	struct conf_errors *errors;
	const char *file;
	bool is_strict;
	bool has_document;
	uint32_t node_cnt; /* aliases counted as what they stand for */
	struct conf_node *root;
	struct level levels[CONF_YAML_DEPTH_MAX];
	size_t level_cnt;
	struct conf_node **children;
	size_t child_cnt;
	size_t child_cap;
	struct anchor *anchors;
	size_t anchor_cnt;
	size_t anchor_cap;
};

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

static int
fail_at(struct builder *builder, yaml_mark_t mark, const char *text)
{
	conf_error_add(builder->errors, CONF_ERROR, builder->file, line_of(mark), col_of(mark),
			"%s", text);
	return -EINVAL;
}

static int
fail_memory(struct builder *builder)
{
	conf_error_add(builder->errors, CONF_ERROR, builder->file, 0, 0, "out of memory");
	return -ENOMEM;
}

/* grow doubles an array of the builder when it is full. */
static int
grow(struct builder *builder, void **items, size_t cnt, size_t *cap, size_t bytes)
{
	size_t more = *cap == 0 ? 64 : *cap * 2;
	void *moved = NULL;

	if (cnt < *cap) {
		return 0;
	}
	moved = reallocarray(*items, more, bytes);
	if (moved == NULL) {
		return fail_memory(builder);
	}
	*items = moved;
	*cap = more;
	return 0;
}

static int
count_nodes(struct builder *builder, uint32_t cnt, yaml_mark_t mark)
{
	if (cnt > CONF_YAML_NODES_MAX - builder->node_cnt) {
		return fail_at(builder, mark,
				"too many values (aliases count as what they stand for)");
	}
	builder->node_cnt += cnt;
	return 0;
}

static int
add_child(struct builder *builder, struct conf_node *node, uint32_t height)
{
	struct level *parent = NULL;
	int rc = 0;

	if (builder->level_cnt == 0) {
		builder->root = node;
		return 0;
	}
	parent = &builder->levels[builder->level_cnt - 1];
	parent->height = height >= parent->height ? height + 1 : parent->height;
	rc = grow(builder, (void **)&builder->children, builder->child_cnt, &builder->child_cap,
			sizeof(struct conf_node *));
	if (rc == 0) {
		builder->children[builder->child_cnt++] = node;
	}
	return rc;
}

static struct conf_node *
make_node(struct builder *builder, enum conf_node_kind kind, yaml_mark_t mark)
{
	struct conf_node *node = conf_arena_alloc(builder->arena, 1, sizeof(*node));

	if (node != NULL) {
		node->kind = kind;
		node->line = line_of(mark);
		node->col = col_of(mark);
		node->file = builder->file;
	}
	return node;
}

/* Anchors may be given again; a later one hides the earlier, so look-ups run from the end. */
static struct anchor *
find_anchor(struct builder *builder, const char *name)
{
	for (size_t i = builder->anchor_cnt; i > 0; i--) {
		if (strcmp(builder->anchors[i - 1].name, name) == 0) {
			return &builder->anchors[i - 1];
		}
	}
	return NULL;
}

static int
add_anchor(struct builder *builder, const yaml_char_t *name, struct conf_node *node,
		uint32_t node_cnt, size_t *ret_index)
{
	struct anchor *known = NULL;
	int rc = 0;

	*ret_index = SIZE_MAX;
	if (name == NULL) {
		return 0;
	}
	known = find_anchor(builder, (const char *)name);
	if (known != NULL) {
		known->node = node;
		known->node_cnt = node_cnt;
		known->height = 0;
		*ret_index = (size_t)(known - builder->anchors);
		return 0;
	}
	rc = grow(builder, (void **)&builder->anchors, builder->anchor_cnt, &builder->anchor_cap,
			sizeof(struct anchor));
	if (rc != 0) {
		return rc;
	}
	known = &builder->anchors[builder->anchor_cnt];
	known->name = conf_arena_copy(builder->arena, name, strlen((const char *)name));
	known->node = node;
	known->node_cnt = node_cnt;
	known->height = 0;
	if (known->name == NULL) {
		return fail_memory(builder);
	}
	*ret_index = builder->anchor_cnt++;
	return 0;
}

enum tag_kind {
	TAG_NONE,   /* typed by its form */
	TAG_TYPED,  /* "!!int" and its like: typed by its form even when quoted */
	TAG_STRING, /* "!!str" or "!" */
	TAG_UNKNOWN,
};

static enum tag_kind
tag_kind_of(const yaml_char_t *tag)
{
	static const char *const typed[] = { YAML_NULL_TAG, YAML_BOOL_TAG, YAML_INT_TAG,
		YAML_FLOAT_TAG, YAML_TIMESTAMP_TAG, YAML_SEQ_TAG, YAML_MAP_TAG };

	if (tag == NULL) {
		return TAG_NONE;
	}
	if (strcmp((const char *)tag, "!") == 0 || strcmp((const char *)tag, YAML_STR_TAG) == 0) {
		return TAG_STRING;
	}
	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		if (strcmp((const char *)tag, typed[i]) == 0) {
			return TAG_TYPED;
		}
	}
	return TAG_UNKNOWN;
}

static int
refuse_tag(struct builder *builder, const yaml_event_t *event, const yaml_char_t *tag)
{
	bool is_include = strcmp((const char *)tag, "!include") == 0;

	conf_error_add(builder->errors, CONF_ERROR, builder->file, line_of(event->start_mark),
			col_of(event->start_mark),
			is_include ? "%s is not supported yet" : "unknown tag %s",
			(const char *)tag);
	return -EINVAL;
}

static int
take_scalar(struct builder *builder, const yaml_event_t *event)
{
	enum tag_kind tag = tag_kind_of(event->data.scalar.tag);
	struct conf_node *node = NULL;
	size_t index = 0;
	int rc = count_nodes(builder, 1, event->start_mark);

	if (rc != 0) {
		return rc;
	}
	if (tag == TAG_UNKNOWN) {
		return refuse_tag(builder, event, event->data.scalar.tag);
	}
	node = make_node(builder, CONF_SCALAR, event->start_mark);
	if (node == NULL) {
		return fail_memory(builder);
	}
	node->is_plain = tag == TAG_TYPED ||
	                 (tag == TAG_NONE && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE);
	node->scalar.len = event->data.scalar.length;
	node->scalar.text = conf_arena_copy(
			builder->arena, event->data.scalar.value, event->data.scalar.length);
	if (node->scalar.text == NULL) {
		return fail_memory(builder);
	}
	rc = add_anchor(builder, event->data.scalar.anchor, node, 1, &index);
	return rc == 0 ? add_child(builder, node, 0) : rc;
}

static int
take_alias(struct builder *builder, const yaml_event_t *event)
{
	const struct anchor *anchor = find_anchor(builder, (const char *)event->data.alias.anchor);
	int rc = 0;

	if (anchor == NULL) {
		return fail_at(builder, event->start_mark,
				"alias to an anchor that is not defined");
	}
	if (anchor->node_cnt == 0) {
		return fail_at(builder, event->start_mark, "alias to a value that contains it");
	}
	if (anchor->height > CONF_YAML_DEPTH_MAX - builder->level_cnt) {
		return fail_at(builder, event->start_mark, "nested too deeply");
	}
	rc = count_nodes(builder, anchor->node_cnt, event->start_mark);
	return rc == 0 ? add_child(builder, anchor->node, anchor->height) : rc;
}

static int
begin_collection(struct builder *builder, const yaml_event_t *event, enum conf_node_kind kind)
{
	bool is_map = kind == CONF_MAPPING;
	const yaml_char_t *anchor = is_map ? event->data.mapping_start.anchor
	                                   : event->data.sequence_start.anchor;
	const yaml_char_t *tag =
			is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
	uint32_t before = builder->node_cnt;
	struct level *level = NULL;
	int rc = count_nodes(builder, 1, event->start_mark);

	if (rc != 0) {
		return rc;
	}
	if (tag_kind_of(tag) == TAG_UNKNOWN) {
		return refuse_tag(builder, event, tag);
	}
	if (builder->level_cnt == CONF_YAML_DEPTH_MAX) {
		return fail_at(builder, event->start_mark, "nested too deeply");
	}
	level = &builder->levels[builder->level_cnt];
	level->node = make_node(builder, kind, event->start_mark);
	level->child_first = builder->child_cnt;
	level->nodes_before = before;
	level->height = 1;
	if (level->node == NULL) {
		return fail_memory(builder);
	}
	rc = add_anchor(builder, anchor, level->node, 0, &level->anchor);
	builder->level_cnt += rc == 0;
	return rc;
}

static bool
is_merge_key(const struct conf_node *key)
{
	return key->kind == CONF_SCALAR && key->is_plain && strcmp(key->scalar.text, "<<") == 0;
}

/* A pair of a mapping under construction. Pairs that a merge key brought give way silently to the
 * mapping's own; two of its own with equal keys are a mistake worth telling. */
struct draft {
	struct conf_pair pair;
	size_t order;
	bool is_merged;
};

static int
compare_drafts(const void *a, const void *b)
{
	const struct draft *x = a;
	const struct draft *y = b;
	const struct conf_node *kx = x->pair.key;
	const struct conf_node *ky = y->pair.key;
	size_t len = kx->scalar.len < ky->scalar.len ? kx->scalar.len : ky->scalar.len;
	int order = memcmp(kx->scalar.text, ky->scalar.text, len);

	if (order == 0 && kx->scalar.len != ky->scalar.len) {
		order = kx->scalar.len < ky->scalar.len ? -1 : 1;
	}
	if (order == 0) {
		order = x->order < y->order ? -1 : 1;
	}
	return order;
}

static bool
has_equal_key(const struct draft *a, const struct draft *b)
{
	return a->pair.key->scalar.len == b->pair.key->scalar.len &&
	       memcmp(a->pair.key->scalar.text, b->pair.key->scalar.text,
			       a->pair.key->scalar.len) == 0;
}

static int
compare_order(const void *a, const void *b)
{
	const struct draft *x = a;
	const struct draft *y = b;

	return (x->order > y->order) - (x->order < y->order);
}

static void
tell_duplicate(struct builder *builder, const struct draft *first, const struct draft *again)
{
	const struct conf_node *key = again->pair.key;

	if (first->is_merged) {
		return;
	}
	conf_error_add(builder->errors, builder->is_strict ? CONF_ERROR : CONF_WARNING,
			builder->file, key->line, key->col,
			"duplicate key \"%s\": hides the one on line %u", key->scalar.text,
			first->pair.key->line);
}

/* drop_shadowed keeps one pair a key: the last value in the first one's place, as a Python dict
 * does. Returns how many are left, in order. */
static size_t
drop_shadowed(struct builder *builder, struct draft *drafts, size_t cnt)
{
	size_t kept = 0;

	qsort(drafts, cnt, sizeof(*drafts), compare_drafts);
	for (size_t i = 0; i < cnt; i++) {
		if (kept > 0 && has_equal_key(&drafts[kept - 1], &drafts[i])) {
			tell_duplicate(builder, &drafts[kept - 1], &drafts[i]);
			drafts[kept - 1].pair = drafts[i].pair;
			drafts[kept - 1].is_merged = drafts[i].is_merged;
		} else {
			drafts[kept++] = drafts[i];
		}
	}
	qsort(drafts, kept, sizeof(*drafts), compare_order);
	return kept;
}

/* The mappings a merge key stands for; NULL and an error when it is something else. */
static int
check_merge(struct builder *builder, const struct conf_node *value)
{
	size_t cnt = value->kind == CONF_SEQUENCE ? value->sequence.cnt : 0;
	bool is_good = value->kind != CONF_SCALAR;

	for (size_t i = 0; i < cnt; i++) {
		is_good = is_good && value->sequence.items[i]->kind == CONF_MAPPING;
	}
	if (!is_good) {
		conf_error_add(builder->errors, CONF_ERROR, builder->file, value->line, value->col,
				"\"<<\" needs a mapping or a list of mappings");
		return -EINVAL;
	}
	return 0;
}

static size_t
merged_pair_cnt(const struct conf_node *value)
{
	size_t cnt = 0;

	if (value->kind == CONF_MAPPING) {
		return value->mapping.cnt;
	}
	for (size_t i = 0; i < value->sequence.cnt; i++) {
		cnt += value->sequence.items[i]->mapping.cnt;
	}
	return cnt;
}

static size_t
append_pairs(struct draft *drafts, size_t cnt, const struct conf_node *mapping)
{
	for (size_t i = 0; i < mapping->mapping.cnt; i++) {
		drafts[cnt] = (struct draft){ mapping->mapping.pairs[i], cnt, true };
		cnt++;
	}
	return cnt;
}

/* append_merged adds what a merge key brings. Of a list the earlier mapping wins (YAML merge type),
 * which is why PyYAML and we add it last. */
static size_t
append_merged(struct draft *drafts, size_t cnt, const struct conf_node *value)
{
	if (value->kind == CONF_MAPPING) {
		return append_pairs(drafts, cnt, value);
	}
	for (size_t i = value->sequence.cnt; i > 0; i--) {
		cnt = append_pairs(drafts, cnt, value->sequence.items[i - 1]);
	}
	return cnt;
}

/* count_pairs checks the keys of a mapping whose children are key, value, key, value ... and
 * returns how many pairs it has with merged ones, or a negative errno. */
static ssize_t
count_pairs(struct builder *builder, struct conf_node *const *children, size_t cnt)
{
	size_t pair_cnt = 0;

	for (size_t i = 0; i < cnt; i += 2) {
		if (children[i]->kind != CONF_SCALAR) {
			conf_error_add(builder->errors, CONF_ERROR, builder->file,
					children[i]->line, children[i]->col,
					"a key must be a scalar");
			return -EINVAL;
		}
		if (!is_merge_key(children[i])) {
			pair_cnt++;
		} else if (check_merge(builder, children[i + 1]) == 0) {
			pair_cnt += merged_pair_cnt(children[i + 1]);
		} else {
			return -EINVAL;
		}
	}
	/* Merged pairs are copied, so they are bounded like every other expansion. */
	if (pair_cnt > CONF_YAML_NODES_MAX) {
		conf_error_add(builder->errors, CONF_ERROR, builder->file, children[0]->line,
				children[0]->col, "too many values in merged mappings");
		return -EINVAL;
	}
	return (ssize_t)pair_cnt;
}

static int
end_mapping(struct builder *builder, const struct level *level)
{
	struct conf_node *const *children = &builder->children[level->child_first];
	size_t child_cnt = builder->child_cnt - level->child_first;
	struct conf_node *node = level->node;
	ssize_t pair_cnt = count_pairs(builder, children, child_cnt);
	struct draft *drafts = NULL;
	size_t cnt = 0;
	size_t kept = 0;

	if (pair_cnt <= 0) {
		return (int)pair_cnt;
	}
	drafts = calloc((size_t)pair_cnt, sizeof(*drafts));
	node->mapping.pairs = conf_arena_alloc(
			builder->arena, (size_t)pair_cnt, sizeof(*node->mapping.pairs));
	if (drafts == NULL || node->mapping.pairs == NULL) {
		free(drafts);
		return fail_memory(builder);
	}
	/* Merged pairs come first, wherever the merge key stands: PyYAML's flatten_mapping(). */
	for (size_t i = 0; i < child_cnt; i += 2) {
		if (is_merge_key(children[i])) {
			cnt = append_merged(drafts, cnt, children[i + 1]);
		}
	}
	for (size_t i = 0; i < child_cnt; i += 2) {
		if (!is_merge_key(children[i])) {
			struct conf_pair pair = { children[i], children[i + 1] };

			drafts[cnt] = (struct draft){ pair, cnt, false };
			cnt++;
		}
	}
	kept = drop_shadowed(builder, drafts, cnt);
	for (size_t i = 0; i < kept; i++) {
		node->mapping.pairs[i] = drafts[i].pair;
	}
	node->mapping.cnt = kept;
	free(drafts);
	return 0;
}

static int
end_sequence(struct builder *builder, const struct level *level)
{
	struct conf_node *node = level->node;
	size_t cnt = builder->child_cnt - level->child_first;

	node->sequence.items = conf_arena_alloc(builder->arena, cnt, sizeof(struct conf_node *));
	if (node->sequence.items == NULL) {
		return fail_memory(builder);
	}
	if (cnt > 0) {
		memcpy(node->sequence.items, &builder->children[level->child_first],
				cnt * sizeof(struct conf_node *));
	}
	node->sequence.cnt = cnt;
	return 0;
}

static int
end_collection(struct builder *builder, const yaml_event_t *event)
{
	struct level *level = &builder->levels[builder->level_cnt - 1];
	bool is_map = level->node->kind == CONF_MAPPING;
	int rc = 0;

	/* An empty mapping or list has no children array to look into yet. */
	if (builder->child_cnt > level->child_first) {
		rc = is_map ? end_mapping(builder, level) : end_sequence(builder, level);
	}
	if (rc != 0) {
		return rc;
	}
	/* Merged pairs make an alias to this mapping cost more than its own events did. */
	if (is_map) {
		rc = count_nodes(builder, (uint32_t)level->node->mapping.cnt, event->start_mark);
	}
	if (level->anchor != SIZE_MAX) {
		builder->anchors[level->anchor].node_cnt = builder->node_cnt - level->nodes_before;
		builder->anchors[level->anchor].height = level->height;
	}
	builder->child_cnt = level->child_first;
	builder->level_cnt--;
	return rc == 0 ? add_child(builder, level->node, level->height) : rc;
}

static int
take_event(struct builder *builder, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (builder->has_document) {
			return fail_at(builder, event->start_mark,
					"expected a single document in the stream");
		}
		builder->has_document = true;
		return 0;
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
		return end_collection(builder, event);
	default:
		return 0;
	}
}

static int
fail_syntax(struct builder *builder)
{
	const yaml_parser_t *parser = &builder->parser;
	const char *problem = parser->problem != NULL ? parser->problem : "not YAML";

	if (parser->error == YAML_MEMORY_ERROR) {
		return fail_memory(builder);
	}
	if (parser->error == YAML_READER_ERROR) {
		conf_error_add(builder->errors, CONF_ERROR, builder->file, 0, 0, "%s (byte %zu)",
				problem, parser->problem_offset);
		return -EINVAL;
	}
	conf_error_add(builder->errors, CONF_ERROR, builder->file, line_of(parser->problem_mark),
			col_of(parser->problem_mark), "%s%s%s", problem,
			parser->context != NULL ? ", " : "",
			parser->context != NULL ? parser->context : "");
	return -EINVAL;
}

static int
build_tree(struct builder *builder)
{
	bool is_done = false;
	int rc = 0;

	while (rc == 0 && !is_done) {
		yaml_event_t event;

		if (yaml_parser_parse(&builder->parser, &event) == 0) {
			return fail_syntax(builder);
		}
		is_done = event.type == YAML_STREAM_END_EVENT;
		rc = take_event(builder, &event);
		yaml_event_delete(&event);
	}
	return rc;
}

int
conf_yaml_parse(const char *name, const char *text, size_t len, bool strict,
		struct conf_errors *errors, struct conf_document *ret_document)
{
	size_t errors_before = errors->error_cnt;
	struct builder *builder = calloc(1, sizeof(*builder));
	int rc = -ENOMEM;

	if (builder == NULL) {
		conf_error_add(errors, CONF_ERROR, name, 0, 0, "out of memory");
		return -ENOMEM;
	}
	builder->errors = errors;
	builder->is_strict = strict;
	builder->arena = conf_arena_new();
	builder->file = builder->arena != NULL ? conf_arena_copy(builder->arena, name, strlen(name))
	                                       : NULL;
	if (builder->file == NULL || yaml_parser_initialize(&builder->parser) == 0) {
		conf_error_add(errors, CONF_ERROR, name, 0, 0, "out of memory");
		goto out_arena;
	}
	if (len > CONF_YAML_BYTES_MAX) {
		conf_error_add(errors, CONF_ERROR, name, 0, 0, "%zu bytes, the limit is %u", len,
				CONF_YAML_BYTES_MAX);
		rc = -EINVAL;
		goto out_parser;
	}
	yaml_parser_set_input_string(&builder->parser, (const yaml_char_t *)text, len);
	rc = build_tree(builder);
	if (rc == 0 && errors->error_cnt > errors_before) {
		rc = -EINVAL; /* duplicate keys under `strict` do not end the parse */
	}
	if (rc == 0) {
		*ret_document = (struct conf_document){ builder->root, builder->arena };
		builder->arena = NULL;
	}
out_parser:
	yaml_parser_delete(&builder->parser);
out_arena:
	free(builder->anchors);
	free(builder->children);
	conf_arena_free(builder->arena);
	free(builder);
	return rc;
}

/* read_whole reads a regular file; a directory or a device is no configuration. */
static int
read_whole(const char *path, char **ret_text, size_t *ret_len)
{
	FILE *file = fopen(path, "re");
	struct stat status;
	char *text = NULL;
	size_t len = 0;
	int rc = 0;

	if (file == NULL) {
		return -errno;
	}
	if (fstat(fileno(file), &status) != 0) {
		rc = -errno;
		goto out_close;
	}
	if (!S_ISREG(status.st_mode)) {
		rc = S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
		goto out_close;
	}
	if ((uint64_t)status.st_size > CONF_YAML_BYTES_MAX) {
		rc = -EFBIG;
		goto out_close;
	}
	text = malloc((size_t)status.st_size + 1);
	if (text == NULL) {
		rc = -ENOMEM;
		goto out_close;
	}
	len = fread(text, 1, (size_t)status.st_size, file);
	if (ferror(file) != 0) {
		rc = -EIO;
		free(text);
		goto out_close;
	}
	text[len] = '\0';
	*ret_text = text;
	*ret_len = len;
out_close:
	(void)fclose(file);
	return rc;
}

int
conf_yaml_load(const char *path, bool strict, struct conf_errors *errors,
		struct conf_document *ret_document)
{
	char *text = NULL;
	size_t len = 0;
	int rc = read_whole(path, &text, &len);

	if (rc != 0) {
		conf_error_add(errors, CONF_ERROR, path, 0, 0, "%s", strerrordesc_np(-rc));
		return rc;
	}
	rc = conf_yaml_parse(path, text, len, strict, errors, ret_document);
	free(text);
	return rc;
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
	if (node == NULL || node->kind != CONF_MAPPING) {
		return NULL;
	}
	for (size_t i = 0; i < node->mapping.cnt; i++) {
		const struct conf_node *name = node->mapping.pairs[i].key;

		if (strcmp(name->scalar.text, key) == 0 && strlen(key) == name->scalar.len) {
			return node->mapping.pairs[i].value;
		}
	}
	return NULL;
}
