#include "table/view.h"

#include <string.h>

#include "table/view_impl.h"

const void *
tbl_section_at(const struct tbl_header *header, enum tbl_section_kind kind)
{
	return (const uint8_t *)header + header->sections[kind].off;
}

void
tbl_view_init_table(struct tbl_view *view, const void *image)
{
	const struct tbl_header *h = image;

	*view = (struct tbl_view){
		.header = h,
		.select = tbl_section_at(h, TBL_SECTION_SELECTION),
		.bucket_mask = h->sections[TBL_SECTION_BUCKETS].cnt - 1,
		.buckets = tbl_section_at(h, TBL_SECTION_BUCKETS),
		.nodes = tbl_section_at(h, TBL_SECTION_NODES),
		.rrsets = tbl_section_at(h, TBL_SECTION_RRSETS),
		.answers = tbl_section_at(h, TBL_SECTION_ANSWERS),
		.wire = tbl_section_at(h, TBL_SECTION_WIRE),
		.names = tbl_section_at(h, TBL_SECTION_NAMES),
		.cnames = tbl_section_at(h, TBL_SECTION_CNAMES),
		.zones = tbl_section_at(h, TBL_SECTION_ZONES),
		.dyns = tbl_section_at(h, TBL_SECTION_DYNS),
		.pools = tbl_section_at(h, TBL_SECTION_POOLS),
		.values = tbl_section_at(h, TBL_SECTION_VALUES),
		.targets = tbl_section_at(h, TBL_SECTION_TARGETS),
		.rulesets = tbl_section_at(h, TBL_SECTION_RULESETS),
		.rules = tbl_section_at(h, TBL_SECTION_RULES),
		.class_rule = tbl_section_at(h, TBL_SECTION_CLASS_RULE),
		.scopes = tbl_section_at(h, TBL_SECTION_SCOPES),
		.loc4_root = tbl_section_at(h, TBL_SECTION_LOC4_ROOT),
		.loc4_nodes = tbl_section_at(h, TBL_SECTION_LOC4_NODES),
		.loc6_root = tbl_section_at(h, TBL_SECTION_LOC6_ROOT),
		.loc6_nodes = tbl_section_at(h, TBL_SECTION_LOC6_NODES),
		.leaves = tbl_section_at(h, TBL_SECTION_LEAVES),
		.strings = tbl_section_at(h, TBL_SECTION_STRINGS),
	};
}

static const void *
select_part(const struct tbl_select_header *select, uint64_t off)
{
	return (const uint8_t *)select + off;
}

void
tbl_view_init_select(struct tbl_view *view)
{
	const struct tbl_select_header *select = view->select;

	view->slots = select_part(select, select->slots_off);
	view->sets = select_part(select, select->sets_off);
	view->aliases = select_part(select, select->aliases_off);
}

void
tbl_view_init(struct tbl_view *view, const void *image, const void *selection)
{
	tbl_view_init_table(view, image);
	if (selection != NULL) {
		view->select = selection;
	}
	tbl_view_init_select(view);
}

/* Names */

const uint8_t *
tbl_node_name(const struct tbl_view *view, const struct tbl_node *node)
{
	return node->name_len <= TBL_NODE_INLINE_NAME ? node->name : view->names + node->name_off;
}

static const struct tbl_node *
search_bucket(const struct tbl_view *view, const struct tbl_bucket *bucket, uint32_t tag,
		const uint8_t *wire, size_t len)
{
	for (uint32_t i = 0; i < TBL_BUCKET_SLOTS; i++) {
		uint32_t index = TBL_BUCKET_NODE(bucket->node[i]);
		const struct tbl_node *node;

		if (bucket->tag[i] != tag || index == TBL_BUCKET_EMPTY) {
			continue;
		}
		node = &view->nodes[index];
		if (node->name_len == len && memcmp(tbl_node_name(view, node), wire, len) == 0) {
			return node;
		}
	}
	return NULL;
}

const struct tbl_node *
tbl_probe(const struct tbl_view *view, uint64_t hash, const uint8_t *wire, size_t len)
{
	uint32_t tag = tbl_hash_tag(hash);
	const struct tbl_bucket *bucket =
			&view->buckets[tbl_hash_bucket_first(hash, view->bucket_mask)];
	const struct tbl_node *node = search_bucket(view, bucket, tag, wire, len);

	if (node == NULL && (bucket->node[0] & TBL_BUCKET_OVERFLOW) != 0) {
		bucket = &view->buckets[tbl_hash_bucket_second(hash, view->bucket_mask)];
		node = search_bucket(view, bucket, tag, wire, len);
	}
	return node;
}

/* The leftmost label worth a probe: no node has more labels than the suffix that begins there. */
static uint32_t
first_label(const struct tbl_view *view, const struct tbl_name *name)
{
	uint32_t deepest = view->header->max_label_cnt;

	return name->label_cnt > deepest ? name->label_cnt - deepest : 0;
}

struct tbl_match
tbl_find(const struct tbl_view *view, const struct tbl_name *name)
{
	for (uint32_t label = first_label(view, name); label <= name->label_cnt; label++) {
		size_t off = name->off[label];
		const struct tbl_node *node = tbl_probe(
				view, name->hash[label], name->wire + off, name->len - off);

		if (node != NULL) {
			return (struct tbl_match){ node,
				label == 0 ? TBL_MATCH_EXACT : TBL_MATCH_ENCLOSER };
		}
	}
	return (struct tbl_match){ NULL, TBL_MATCH_NONE };
}

void
tbl_prefetch_name(const struct tbl_view *view, const struct tbl_name *name)
{
	uint64_t hash = name->hash[first_label(view, name)];

	__builtin_prefetch(&view->buckets[tbl_hash_bucket_first(hash, view->bucket_mask)]);
}

const struct tbl_rrset *
tbl_find_rrset(const struct tbl_view *view, const struct tbl_node *node, uint16_t type)
{
	const struct tbl_rrset *rrsets = view->rrsets + node->rrset_first;

	/* Linear: a name rarely has more than four types, and eight lie in one cache line. */
	for (uint32_t i = 0; i < node->rrset_cnt; i++) {
		if (rrsets[i].type == type) {
			return &rrsets[i];
		}
	}
	return NULL;
}

const struct tbl_fixup *
tbl_fixups(const struct tbl_view *view, const struct tbl_answer *answer)
{
	size_t end = (size_t)answer->wire_off + answer->wire_len;

	return (const struct tbl_fixup *)(const void *)(view->wire + (end + 3) / 4 * 4);
}

/* Location */

/* The address as four words, most significant first; an IPv4 address fills the first. */
struct words {
	uint32_t word[4];
};

static struct words
read_address(const struct tbl_addr *addr)
{
	struct words words;

	for (uint32_t i = 0; i < 4; i++) {
		const uint8_t *b = addr->bytes + (size_t)4 * i;

		words.word[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 |
		                b[3];
	}
	return words;
}

/* Whether an address lies below a boundary of a range node. */
static bool
is_below(const uint32_t *words, const uint32_t *key, uint32_t key_words)
{
	for (uint32_t i = 0; i < key_words; i++) {
		if (words[i] != key[i]) {
			return words[i] < key[i];
		}
	}
	return false;
}

static uint32_t
search_range(const uint32_t *range, const uint32_t *words)
{
	uint32_t cnt = range[0];
	uint32_t key_words = range[1];
	const uint32_t *keys = range + 2;
	uint32_t low = 0; /* keys before this one are at or below the address */
	uint32_t high = cnt;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (is_below(words, keys + (size_t)middle * key_words, key_words)) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return keys[(size_t)cnt * key_words + low];
}

uint32_t
tbl_locate(const struct tbl_view *view, const struct tbl_addr *addr)
{
	struct words words = read_address(addr);
	bool is_ipv4 = addr->family == 4;
	const uint32_t *nodes = is_ipv4 ? view->loc4_nodes : view->loc6_nodes;
	uint32_t top = words.word[0];
	uint32_t entry = (is_ipv4 ? view->loc4_root : view->loc6_root)[top >> TBL_LOC_ROOT_BITS];

	if (TBL_LOC_KIND(entry) == TBL_LOC_CHUNK) {
		uint32_t behind_root = top & 0xffffu;

		entry = nodes[TBL_LOC_FIRST(entry) + (behind_root >> (16 - TBL_LOC_WIDTH(entry)))];
	}
	if (TBL_LOC_KIND(entry) == TBL_LOC_RANGE) {
		return search_range(nodes + TBL_LOC_INDEX(entry), words.word);
	}
	return TBL_LOC_INDEX(entry);
}

struct tbl_choice
tbl_choose(const struct tbl_view *view, const struct tbl_dyn *dyn, uint32_t leaf)
{
	const struct tbl_ruleset *ruleset = &view->rulesets[dyn->ruleset];
	uint32_t class_id = view->leaves[leaf].class_id;
	uint32_t rule = view->class_rule[ruleset->class_rule_first + class_id];

	return (struct tbl_choice){
		.rule = rule,
		.scope_bits = view->scopes[ruleset->scope_first + leaf],
		.set = &view->sets[view->slots[dyn->slot_first + rule]],
	};
}

const struct tbl_answer *
tbl_draw(const struct tbl_view *view, const struct tbl_set *set, uint64_t random)
{
	/* Which place: the high half times cnt, its top bits kept (no division). Which of its two
	 * answers: the low half. */
	uint32_t place = (uint32_t)(((random >> 32) * set->cnt) >> 32);
	const struct tbl_alias *alias = &view->aliases[set->alias_first + place];
	bool is_first = alias->threshold == UINT32_MAX || (uint32_t)random < alias->threshold;

	return &view->answers[is_first ? alias->answer : alias->other];
}
