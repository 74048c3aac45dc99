/*
 * Explicit tags: what PyYAML's SafeLoader knows of them. It also has constructors for binary, set,
 * omap and pairs, but no zone has a use for what they make: they are unknown here.
 */
#include <string.h>

#include "conf/yaml_impl.h"

static const char yaml_org[] = "tag:yaml.org,2002:"; /* written "!!" */

enum conf_tag
conf_yaml_tag(const struct conf_yaml_builder *builder, const yaml_char_t *tag)
{
	static const struct {
		const char *name;
		enum conf_tag tag;
	} rows[] = {
		{ YAML_STR_TAG, CONF_TAG_STRING },
		{ YAML_INT_TAG, CONF_TAG_INT },
		{ YAML_BOOL_TAG, CONF_TAG_BOOL },
		{ YAML_NULL_TAG, CONF_TAG_NULL },
		{ YAML_FLOAT_TAG, CONF_TAG_FLOAT },
		{ YAML_TIMESTAMP_TAG, CONF_TAG_DATE },
		{ YAML_SEQ_TAG, CONF_TAG_SEQUENCE },
		{ YAML_MAP_TAG, CONF_TAG_MAPPING },
		{ "!", CONF_TAG_STRING },
	};

	if (tag == NULL) {
		return CONF_TAG_NONE;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp((const char *)tag, rows[i].name) == 0) {
			return rows[i].tag;
		}
	}
	if (strcmp((const char *)tag, "!include") == 0 && builder->options->include_root != NULL) {
		return CONF_TAG_INCLUDE;
	}
	return CONF_TAG_UNKNOWN;
}

int
conf_yaml_refuse_tag(struct conf_yaml_builder *builder, const yaml_char_t *tag, yaml_mark_t mark)
{
	const char *text = (const char *)tag;
	size_t len = sizeof(yaml_org) - 1;
	bool is_short = strncmp(text, yaml_org, len) == 0;
	const char *mark_text = is_short ? "!!" : "";

	text += is_short ? len : 0;
	if (conf_yaml_tag(builder, tag) == CONF_TAG_UNKNOWN) {
		return conf_yaml_fail(builder, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1,
				"unknown tag %s%s", mark_text, text);
	}
	return conf_yaml_fail(builder, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1,
			"the tag %s%s does not suit what it stands before", mark_text, text);
}

/* float(): a number without a point becomes a real one with it, as the resolver reads "5.". */
static int
make_real(struct conf_yaml_builder *builder, struct conf_node *node)
{
	char *text = conf_arena_printf(builder->arena, "%s.", node->scalar.text);

	if (text == NULL) {
		return conf_yaml_fail_memory(builder);
	}
	node->scalar.text = text;
	node->scalar.len++;
	return 0;
}

int
conf_yaml_apply_tag(struct conf_yaml_builder *builder, enum conf_tag tag, struct conf_node *node)
{
	static const struct {
		enum conf_type type;
		const char *name;
	} wanted[] = {
		[CONF_TAG_BOOL] = { CONF_TYPE_BOOL, "!!bool" },
		[CONF_TAG_INT] = { CONF_TYPE_INT, "!!int" },
		[CONF_TAG_FLOAT] = { CONF_TYPE_FLOAT, "!!float" },
		[CONF_TAG_DATE] = { CONF_TYPE_DATE, "!!timestamp" },
	};
	int rc = 0;

	node->is_plain = tag != CONF_TAG_STRING;
	if (tag == CONF_TAG_STRING) {
		return 0;
	}
	if (tag == CONF_TAG_NULL) {
		node->scalar.text = ""; /* whatever was written */
		node->scalar.len = 0;
		return 0;
	}
	if (tag == CONF_TAG_FLOAT && conf_type_of(node).type == CONF_TYPE_INT) {
		rc = make_real(builder, node);
	}
	if (rc == 0 && conf_type_of(node).type != wanted[tag].type) {
		return conf_yaml_fail(builder, node->line, node->col, "\"%s\" is no %s",
				node->scalar.text, wanted[tag].name);
	}
	return rc;
}
