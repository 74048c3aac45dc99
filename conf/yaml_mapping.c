/*
 * The pairs of a mapping: merge keys resolved and one value left for each key, as octoDNS's loader
 * does both (octodns/yaml.py since 1.15, which has a flatten_mapping of its own).
 *
 * A merge key's pairs stand where the merge key stands, and of equal keys the last one wins whether
 * it was merged or not. YAML's own merge type lets the mapping's own keys win wherever they stand, as
 * PyYAML does: where the two differ, the file's author is warned.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "conf/yaml_impl.h"

/* Up to this many pairs are compared with each other: 120 comparisons of lengths cost less than a
 * hash of each key. Records have three or four pairs. */
#define COMPARED_PAIRS_MAX 16u

/* The pairs of a mapping under construction. */
struct draft {
	struct conf_pair *pairs;
	size_t cnt;
	const struct conf_node *
			*merges; /* the "<<" that brought each; NULL: there is none at all */
};

/* What makes keys equal: what YAML reads, as in a Python dict. 1 and 0x1 are one key, as are "yes" and
 * "true" and 1; "1" in quotes is another. */
struct identity {
	enum {
		KEY_TEXT,
		KEY_NUMBER, /* a boolean too: in Python True is 1 */
		KEY_NULL,
		KEY_OTHER, /* dates, reals, numbers over 64 bits: by their text */
	} kind;
	int64_t number;
};

/* Sorted by hash, then key, then position, so that equal keys end side by side. Sorting is safe
 * where a hash table is not: keys chosen to collide cost comparisons, never a long chain. */
struct slot {
	uint64_t hash;
	const struct conf_node *key;
	struct identity identity;
	size_t at;
};

static bool
is_merge_key(const struct conf_node *key)
{
	return key->kind == CONF_SCALAR && key->is_plain && key->scalar.len == 2 &&
	       memcmp(key->scalar.text, "<<", 2) == 0;
}

static struct identity
identify(const struct conf_node *key)
{
	struct conf_value value = conf_type_of(key);

	switch (value.type) {
	case CONF_TYPE_STRING:
		return (struct identity){ .kind = KEY_TEXT };
	case CONF_TYPE_NULL:
		return (struct identity){ .kind = KEY_NULL };
	case CONF_TYPE_BOOL:
		return (struct identity){ .kind = KEY_NUMBER, .number = value.boolean };
	case CONF_TYPE_INT:
		if (!value.is_big) {
			return (struct identity){ .kind = KEY_NUMBER, .number = value.integer };
		}
		break;
	default:
		break;
	}
	return (struct identity){ .kind = KEY_OTHER };
}

static uint64_t
hash_key(const struct conf_node *key, const struct identity *identity)
{
	switch (identity->kind) {
	case KEY_NUMBER:
		return XXH3_64bits(&identity->number, sizeof(identity->number));
	case KEY_NULL:
		return 0;
	default:
		return XXH3_64bits(key->scalar.text, key->scalar.len);
	}
}

static int
compare_keys(const struct conf_node *a, const struct identity *a_is, const struct conf_node *b,
		const struct identity *b_is)
{
	if (a_is->kind != b_is->kind) {
		return a_is->kind < b_is->kind ? -1 : 1;
	}
	if (a_is->kind == KEY_NUMBER || a_is->kind == KEY_NULL) {
		return (a_is->number > b_is->number) - (a_is->number < b_is->number);
	}
	if (a->scalar.len != b->scalar.len) {
		return a->scalar.len < b->scalar.len ? -1 : 1;
	}
	return memcmp(a->scalar.text, b->scalar.text, a->scalar.len);
}

static int
compare_slots(const void *a, const void *b)
{
	const struct slot *x = a;
	const struct slot *y = b;
	int order = (x->hash > y->hash) - (x->hash < y->hash);

	if (order == 0) {
		order = compare_keys(x->key, &x->identity, y->key, &y->identity);
	}
	return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

static bool
has_equal_keys(const struct draft *draft)
{
	struct identity identities[COMPARED_PAIRS_MAX];

	for (size_t i = 0; i < draft->cnt; i++) {
		identities[i] = identify(draft->pairs[i].key);
		for (size_t k = 0; k < i; k++) {
			if (compare_keys(draft->pairs[i].key, &identities[i], draft->pairs[k].key,
					    &identities[k]) == 0) {
				return true;
			}
		}
	}
	return false;
}

/* tell_hidden: pair `again` has the key of `first`. A merged pair that gives way is what merge keys
 * are for. */
static void
tell_hidden(struct conf_yaml_builder *builder, const struct draft *draft, size_t first,
		size_t again)
{
	const struct conf_node *key = draft->pairs[again].key;
	const struct conf_node *hidden = draft->pairs[first].key;
	const struct conf_node *merge = draft->merges != NULL ? draft->merges[again] : NULL;

	if (draft->merges != NULL && draft->merges[first] != NULL) {
		return;
	}
	if (merge != NULL) {
		conf_error_add(builder->errors,
				builder->options->is_strict ? CONF_ERROR : CONF_WARNING,
				hidden->file, hidden->line, hidden->col,
				"key \"%s\" is hidden by what \"<<\" on line %u brings: a key that "
				"is to win stands behind it",
				hidden->scalar.text, merge->line);
		return;
	}
	conf_error_add(builder->errors, builder->options->is_strict ? CONF_ERROR : CONF_WARNING,
			key->file, key->line, key->col,
			"duplicate key \"%s\": hides the one on line %u", key->scalar.text,
			hidden->line);
}

/* drop_hidden keeps one pair a key: the last one's value in the first one's place, as a Python dict
 * does. */
static int
drop_hidden(struct conf_yaml_builder *builder, struct draft *draft)
{
	struct slot *slots = reallocarray(NULL, draft->cnt, sizeof(*slots));
	size_t messages_before = builder->errors->cnt;
	size_t kept = 0;
	size_t first = 0;

	if (slots == NULL) {
		return conf_yaml_fail_memory(builder);
	}
	for (size_t i = 0; i < draft->cnt; i++) {
		const struct conf_node *key = draft->pairs[i].key;
		struct identity identity = identify(key);

		slots[i] = (struct slot){ hash_key(key, &identity), key, identity, i };
	}
	qsort(slots, draft->cnt, sizeof(*slots), compare_slots);
	for (size_t i = 1; i < draft->cnt; i++) {
		if (slots[i].hash != slots[first].hash ||
				compare_keys(slots[i].key, &slots[i].identity, slots[first].key,
						&slots[first].identity) != 0) {
			first = i;
			continue;
		}
		tell_hidden(builder, draft, slots[i - 1].at, slots[i].at);
		draft->pairs[slots[first].at] = draft->pairs[slots[i].at];
		draft->pairs[slots[i].at].value = NULL;
	}
	free(slots);
	conf_errors_sort(builder->errors, messages_before);
	for (size_t i = 0; i < draft->cnt; i++) {
		if (draft->pairs[i].value != NULL) {
			draft->pairs[kept++] = draft->pairs[i];
		}
	}
	draft->cnt = kept;
	return 0;
}

/* check_merge: a merge key's value is a mapping or a list of mappings. */
static int
check_merge(struct conf_yaml_builder *builder, const struct conf_node *key,
		const struct conf_node *value)
{
	size_t cnt = value->kind == CONF_SEQUENCE ? value->sequence.cnt : 0;
	bool is_good = value->kind != CONF_SCALAR;

	for (size_t i = 0; i < cnt && is_good; i++) {
		is_good = value->sequence.items[i]->kind == CONF_MAPPING;
	}
	if (is_good) {
		return 0;
	}
	if (value->file != key->file) {
		return conf_yaml_fail(builder, key->line, key->col,
				"\"<<\" needs a mapping or a list of mappings, and %s holds none",
				value->file);
	}
	return conf_yaml_fail(builder, value->line, value->col,
			"\"<<\" needs a mapping or a list of mappings");
}

static size_t
merged_cnt(const struct conf_node *value)
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

/* count_pairs checks keys and merges; how many pairs there are, and how many are merged. */
static int
count_pairs(struct conf_yaml_builder *builder, struct conf_node *const *children, size_t child_cnt,
		size_t *ret_cnt, size_t *ret_merge_cnt)
{
	size_t cnt = 0;
	size_t merge_cnt = 0;

	for (size_t i = 0; i < child_cnt; i += 2) {
		const struct conf_node *key = children[i];
		int rc = 0;

		if (key->kind != CONF_SCALAR) {
			/* Where it stands, which may be in an included file. */
			conf_error_add(builder->errors, CONF_ERROR, key->file, key->line, key->col,
					"a key must be a scalar");
			return -EINVAL;
		}
		if (!is_merge_key(key)) {
			cnt++;
			continue;
		}
		rc = check_merge(builder, key, children[i + 1]);
		if (rc == 0) {
			/* Pairs are copied, so they are bounded like every other expansion. */
			rc = conf_yaml_count(
					builder, merged_cnt(children[i + 1]), key->line, key->col);
		}
		if (rc != 0) {
			return rc;
		}
		merge_cnt++;
		cnt += merged_cnt(children[i + 1]);
	}
	*ret_cnt = cnt;
	*ret_merge_cnt = merge_cnt;
	return 0;
}

static void
append_pairs(struct draft *draft, const struct conf_node *mapping, const struct conf_node *merge)
{
	for (size_t i = 0; i < mapping->mapping.cnt; i++) {
		if (draft->merges != NULL) {
			draft->merges[draft->cnt] = merge;
		}
		draft->pairs[draft->cnt++] = mapping->mapping.pairs[i];
	}
}

/* append_merged adds what a merge key brings. Of a list the earlier mapping wins (YAML's merge type,
 * and PyYAML), so it goes last. */
static void
append_merged(struct draft *draft, const struct conf_node *merge, const struct conf_node *value)
{
	if (value->kind == CONF_MAPPING) {
		append_pairs(draft, value, merge);
		return;
	}
	for (size_t i = value->sequence.cnt; i > 0; i--) {
		append_pairs(draft, value->sequence.items[i - 1], merge);
	}
}

/* fill: draft->pairs and, if there are merge keys, draft->merges have room for all. */
static void
fill(struct conf_node *const *children, size_t child_cnt, struct draft *draft)
{
	for (size_t i = 0; i < child_cnt; i += 2) {
		if (is_merge_key(children[i])) {
			append_merged(draft, children[i], children[i + 1]);
		} else {
			draft->pairs[draft->cnt++] =
					(struct conf_pair){ children[i], children[i + 1] };
		}
	}
}

int
conf_yaml_end_mapping(struct conf_yaml_builder *builder, struct conf_node *node,
		struct conf_node *const *children, size_t child_cnt)
{
	struct draft draft = { 0 };
	size_t cnt = 0;
	size_t merge_cnt = 0;
	int rc = count_pairs(builder, children, child_cnt, &cnt, &merge_cnt);

	if (rc != 0 || cnt == 0) {
		return rc;
	}
	draft.pairs = conf_arena_alloc(builder->arena, cnt, sizeof(*draft.pairs));
	draft.merges = merge_cnt > 0 ? calloc(cnt, sizeof(struct conf_node *)) : NULL;
	if (draft.pairs == NULL || (merge_cnt > 0 && draft.merges == NULL)) {
		rc = conf_yaml_fail_memory(builder);
		goto out;
	}
	fill(children, child_cnt, &draft);
	if (cnt > COMPARED_PAIRS_MAX || has_equal_keys(&draft)) {
		rc = drop_hidden(builder, &draft);
	}
	node->mapping.pairs = draft.pairs;
	node->mapping.cnt = draft.cnt;
out:
	free(draft.merges);
	return rc;
}
