#include <stdlib.h>
#include <string.h>

#include "conf/yaml.h"

/* Where the first step of a path ends: "ports" of "ports[0].listen", "[0]" of "[0].listen". */
static size_t
step_len(const char *path)
{
	return path[0] == '[' ? strcspn(path, "]") + 1 : strcspn(path, ".[");
}

static struct conf_node *
find_key(const struct conf_node *node, const char *key, size_t len)
{
	if (node->kind != CONF_MAPPING) {
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

/* A list of one may be written as its only element. */
static struct conf_node *
find_item(struct conf_node *node, size_t index)
{
	if (node->kind != CONF_SEQUENCE) {
		return index == 0 ? node : NULL;
	}
	return index < node->sequence.cnt ? node->sequence.items[index] : NULL;
}

struct conf_node *
conf_find(const struct conf_document *document, const char *path)
{
	struct conf_node *node = document->root;

	while (node != NULL && path[0] != '\0') {
		size_t len = step_len(path);
		struct conf_node *next =
				path[0] == '[' ? find_item(node, strtoul(path + 1, NULL, 10))
					       : find_key(node, path, len);

		if (next == NULL) {
			break;
		}
		node = next;
		path += strlen(path) < len ? strlen(path) : len;
		path += path[0] == '.' ? 1 : 0;
	}
	return node;
}
