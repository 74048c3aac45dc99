#include "conf/yaml.h"

static const struct conf_node *
child_at(const struct conf_node *node, size_t at)
{
	if (node->kind == CONF_MAPPING && at < node->mapping.cnt) {
		return node->mapping.pairs[at].value;
	}
	if (node->kind == CONF_SEQUENCE && at < node->sequence.cnt) {
		return node->sequence.items[at];
	}
	return NULL;
}

static const struct conf_node *
visit(struct conf_walk *walk, const struct conf_node *node)
{
	if (node->kind != CONF_SCALAR) {
		walk->open[walk->open_cnt].node = node;
		walk->open[walk->open_cnt].next = 0;
		walk->open_cnt++;
	}
	return node;
}

void
conf_walk_begin(struct conf_walk *walk, const struct conf_node *root)
{
	walk->open_cnt = 0;
	walk->root = root;
}

const struct conf_node *
conf_walk_next(struct conf_walk *walk)
{
	const struct conf_node *root = walk->root;

	walk->root = NULL;
	if (root != NULL) {
		return visit(walk, root);
	}
	while (walk->open_cnt > 0) {
		const struct conf_node *child = child_at(walk->open[walk->open_cnt - 1].node,
				walk->open[walk->open_cnt - 1].next++);

		if (child != NULL) {
			return visit(walk, child);
		}
		walk->open_cnt--;
	}
	return NULL;
}
