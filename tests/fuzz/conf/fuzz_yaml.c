/*
 * Any bytes as YAML: the reader ends with a tree or an error, never both and never neither; a tree
 * keeps the limits that its readers rely on, and every scalar of it has a type.
 */
#include <string.h>

#include "conf/yaml.h"
#include "tests/fuzz/fuzz.h"

/* A walk of an alias bomb just under the limit would take a second an input. */
#define WALK_MAX 200000u

static void
check_node(const struct conf_node *node)
{
	struct conf_value value;

	FUZZ_ASSERT(node->line > 0 && node->col > 0);
	FUZZ_ASSERT(strcmp(node->file, "fuzz") == 0);
	if (node->kind == CONF_SCALAR) {
		FUZZ_ASSERT(node->scalar.text[node->scalar.len] == '\0');
		value = conf_type_of(node);
		FUZZ_ASSERT(node->is_plain || value.type == CONF_TYPE_STRING);
		FUZZ_ASSERT(!value.is_big || value.integer == INT64_MAX ||
				value.integer == INT64_MIN);
	}
	for (size_t i = 0; node->kind == CONF_MAPPING && i < node->mapping.cnt && i < 64; i++) {
		const struct conf_node *key = node->mapping.pairs[i].key;

		FUZZ_ASSERT(key->kind == CONF_SCALAR);
		/* One value a key: the one found by it. */
		FUZZ_ASSERT(strlen(key->scalar.text) != key->scalar.len ||
				conf_get(node, key->scalar.text) == node->mapping.pairs[i].value);
	}
}

static void
walk_tree(const struct conf_node *root)
{
	struct conf_walk walk;
	const struct conf_node *node = NULL;

	conf_walk_begin(&walk, root);
	for (size_t steps = 0; steps < WALK_MAX && (node = conf_walk_next(&walk)) != NULL;
			steps++) {
		check_node(node);
		FUZZ_ASSERT(walk.open_cnt <= CONF_YAML_DEPTH_MAX);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_errors errors = { 0 };
	struct conf_document document = { 0 };
	bool is_strict = size > 0 && data[size - 1] % 2 == 1;
	const struct conf_yaml_options options = { .is_strict = is_strict };
	const struct conf_yaml_text text = { "fuzz", (const char *)data, size };
	int rc = conf_yaml_parse(&text, &options, &errors, &document);

	FUZZ_ASSERT((rc == 0) == (errors.error_cnt == 0));
	FUZZ_ASSERT((rc == 0) == (document.arena != NULL));
	if (document.root != NULL) {
		walk_tree(document.root);
	}
	conf_yaml_free(&document);
	conf_errors_free(&errors);
	return 0;
}
