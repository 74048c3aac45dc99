#include <string.h>

#include "table/check_impl.h"
#include "table/view_impl.h"

/* The state of the walk over nodes in canonical order: the last node seen at each depth, so that a
 * node's parent, which comes before it, is found without a look-up. */
struct node_walk {
	struct tbl_check *check;
	uint64_t index;
	const struct tbl_node *node;
	const struct tbl_node *parent; /* NULL: none in our zones */
	const struct tbl_node *last[TBL_LABELS_MAX + 1];
	uint64_t rrset_cnt;    /* used so far */
	uint64_t apex_cnt;     /* seen so far */
	uint64_t wildcard_cnt; /* nodes that a parent must link to, seen so far */
	uint64_t link_cnt;     /* links seen so far */
};

#define FAIL_NODE(walk, ...) tbl_check_fail((walk)->check, "nodes[%llu]: " __VA_ARGS__)
#define AT(walk)             ((unsigned long long)(walk)->index)

/* Buckets */

static int
check_bucket(struct tbl_check *check, uint64_t index, uint64_t *used)
{
	const struct tbl_bucket *bucket = &check->view.buckets[index];

	for (uint32_t i = 0; i < TBL_BUCKET_SLOTS; i++) {
		uint32_t node = TBL_BUCKET_NODE(bucket->node[i]);

		if (i > 0 && (bucket->node[i] & TBL_BUCKET_OVERFLOW) != 0) {
			return tbl_check_fail(check, "buckets[%llu]: overflow bit in place %u",
					(unsigned long long)index, i);
		}
		if (node == TBL_BUCKET_EMPTY) {
			continue;
		}
		if (node >= tbl_check_cnt(check, TBL_SECTION_NODES)) {
			return tbl_check_fail(check,
					"buckets[%llu]: place %u names node %u of %llu",
					(unsigned long long)index, i, node,
					(unsigned long long)tbl_check_cnt(
							check, TBL_SECTION_NODES));
		}
		(*used)++;
	}
	return 0;
}

static int
check_buckets(struct tbl_check *check)
{
	uint64_t cnt = tbl_check_cnt(check, TBL_SECTION_BUCKETS);
	uint64_t used = 0;

	if ((cnt & (cnt - 1)) != 0) {
		return tbl_check_fail(check, "section buckets: %llu is not a power of two",
				(unsigned long long)cnt);
	}
	for (uint64_t i = 0; i < cnt; i++) {
		int rc = check_bucket(check, i, &used);

		if (rc != 0) {
			return rc;
		}
	}
	/* Every node is found from its own hash (check_place), so equal numbers mean: each once. */
	if (used != tbl_check_cnt(check, TBL_SECTION_NODES)) {
		return tbl_check_fail(check, "section buckets: %llu places taken by %llu nodes",
				(unsigned long long)used,
				(unsigned long long)tbl_check_cnt(check, TBL_SECTION_NODES));
	}
	return 0;
}

int
tbl_check_hash(struct tbl_check *check)
{
	uint64_t names_cnt = tbl_check_cnt(check, TBL_SECTION_NAMES);

	for (uint64_t i = 0; i < tbl_check_cnt(check, TBL_SECTION_NODES); i++) {
		const struct tbl_node *node = &check->view.nodes[i];

		if (node->name_len > TBL_NODE_INLINE_NAME &&
				!is_tbl_range(node->name_off, node->name_len, names_cnt)) {
			return tbl_check_fail(check, "nodes[%llu]: name outside section names",
					(unsigned long long)i);
		}
	}
	return check_buckets(check);
}

/* Nodes */

/* The name is one, lower-cased, and the one its hash leads to. */
static int
check_place(const struct node_walk *walk)
{
	const struct tbl_view *view = &walk->check->view;
	const struct tbl_node *node = walk->node;
	const uint8_t *wire = tbl_node_name(view, node);
	struct tbl_name name;

	if (tbl_name_parse(wire, node->name_len, &name) != node->name_len ||
			memcmp(name.wire, wire, node->name_len) != 0) {
		return FAIL_NODE(walk, "not a lower-cased wire name of %u bytes", AT(walk),
				node->name_len);
	}
	if (name.label_cnt != node->label_cnt || name.label_cnt > view->header->max_label_cnt) {
		return FAIL_NODE(walk, "%u labels, but the node says %u and the header at most %u",
				AT(walk), name.label_cnt, node->label_cnt,
				view->header->max_label_cnt);
	}
	tbl_name_hash(&name, view->header->hash_seed);
	if (tbl_probe(view, name.hash[0], wire, node->name_len) != node) {
		return FAIL_NODE(walk, "its hash does not lead to it", AT(walk));
	}
	return 0;
}

static bool
has_suffix(const struct tbl_view *view, const struct tbl_node *longer,
		const struct tbl_node *suffix)
{
	const uint8_t *name = tbl_node_name(view, longer);

	return longer->name_len >= suffix->name_len &&
	       memcmp(name + (longer->name_len - suffix->name_len), tbl_node_name(view, suffix),
			       suffix->name_len) == 0;
}

/* The nearest node above: in canonical order the last one seen with a label less, if any. */
static void
find_parent(struct node_walk *walk)
{
	const struct tbl_node *node = walk->node;
	const struct tbl_node *above = node->label_cnt > 0 ? walk->last[node->label_cnt - 1] : NULL;
	const uint8_t *name = tbl_node_name(&walk->check->view, node);

	walk->parent = above != NULL && above->name_len + 1 + name[0] == node->name_len &&
	                                               has_suffix(&walk->check->view, node, above)
	                               ? above
	                               : NULL;
	walk->last[node->label_cnt] = node;
}

static int
check_zone_link(struct node_walk *walk)
{
	const struct tbl_node *node = walk->node;

	if (node->zone >= tbl_check_cnt(walk->check, TBL_SECTION_ZONES)) {
		return FAIL_NODE(walk, "zone %u does not exist", AT(walk), node->zone);
	}
	if ((node->flags & TBL_NODE_APEX) != 0) {
		walk->apex_cnt++;
		if (walk->check->view.zones[node->zone].apex != walk->index) {
			return FAIL_NODE(walk, "an apex, but not that of its zone %u", AT(walk),
					node->zone);
		}
	} else if (walk->parent == NULL || walk->parent->zone != node->zone) {
		return FAIL_NODE(walk, "its parent is not a node of zone %u, or comes later",
				AT(walk), node->zone);
	}
	return 0;
}

static int
check_cut(struct node_walk *walk)
{
	const struct tbl_node *node = walk->node;
	bool is_apex = (node->flags & TBL_NODE_APEX) != 0;
	bool is_cut = (node->flags & TBL_NODE_CUT) != 0;
	bool has_ns = tbl_find_rrset(&walk->check->view, node, TBL_TYPE_NS) != NULL;
	bool is_inner = walk->parent != NULL && !is_apex;
	uint32_t expected = is_inner ? walk->parent->cut : TBL_NONE;

	if (is_cut != (has_ns && !is_apex)) {
		return FAIL_NODE(walk, "NS, APEX and CUT do not agree", AT(walk));
	}
	if (expected == TBL_NONE && is_cut) {
		expected = (uint32_t)walk->index;
	}
	if (node->cut != expected) {
		return FAIL_NODE(walk, "cut is %u, not %u", AT(walk), node->cut, expected);
	}
	return 0;
}

/* "*" below a name of the same zone is that name's wildcard, and nothing else is. */
static int
check_wildcard(struct node_walk *walk)
{
	static const uint8_t star[2] = { 1, '*' };
	const struct tbl_view *view = &walk->check->view;
	const struct tbl_node *node = walk->node;
	bool is_star = node->name_len > sizeof(star) &&
	               memcmp(tbl_node_name(view, node), star, sizeof(star)) == 0;
	const struct tbl_node *link;

	if (is_star != ((node->flags & TBL_NODE_WILDCARD) != 0)) {
		return FAIL_NODE(walk, "its first label and the WILDCARD flag do not agree",
				AT(walk));
	}
	if (is_star && (node->flags & TBL_NODE_CUT) != 0) {
		return FAIL_NODE(walk, "a delegation at a wildcard", AT(walk)); /* RFC 4592 §4.2 */
	}
	if (is_star && (node->flags & TBL_NODE_APEX) == 0) {
		walk->wildcard_cnt++;
	}
	if (node->wildcard == TBL_NONE) {
		return 0;
	}
	walk->link_cnt++;
	if (node->wildcard >= tbl_check_cnt(walk->check, TBL_SECTION_NODES)) {
		return FAIL_NODE(walk, "wildcard %u does not exist", AT(walk), node->wildcard);
	}
	link = &view->nodes[node->wildcard];
	if ((link->flags & TBL_NODE_APEX) != 0 || link->zone != node->zone ||
			link->name_len != node->name_len + sizeof(star) ||
			!has_suffix(view, link, node) ||
			memcmp(tbl_node_name(view, link), star, sizeof(star)) != 0) {
		return FAIL_NODE(walk, "node %u is not its wildcard", AT(walk), node->wildcard);
	}
	return 0;
}

/* Below a DNAME its zone has nothing (RFC 6672 §2.4): the reader, which gets to it as a closest
 * encloser, looks for neither a wildcard nor a delegation then. */
static int
check_dname(struct node_walk *walk)
{
	const struct tbl_node *node = walk->node;
	bool has_dname = tbl_find_rrset(&walk->check->view, node, TBL_TYPE_DNAME) != NULL;
	bool is_apex = (node->flags & TBL_NODE_APEX) != 0;

	if (has_dname != ((node->flags & TBL_NODE_DNAME) != 0)) {
		return FAIL_NODE(walk, "DNAME and its flag do not agree", AT(walk));
	}
	if (has_dname && (node->cut != TBL_NONE || node->wildcard != TBL_NONE ||
					 (node->flags & TBL_NODE_WILDCARD) != 0)) {
		return FAIL_NODE(walk, "a DNAME at a delegation or a wildcard", AT(walk));
	}
	if (!is_apex && walk->parent != NULL && (walk->parent->flags & TBL_NODE_DNAME) != 0) {
		return FAIL_NODE(walk, "stands below a DNAME", AT(walk));
	}
	return 0;
}

/* RRsets */

static bool
is_data_type(uint16_t type)
{
	return type != 0 && type != TBL_TYPE_OPT &&
	       (type < TBL_TYPE_META_FIRST || type > TBL_TYPE_ANY);
}

static int
check_dynamic_rrset(const struct node_walk *walk, const struct tbl_rrset *rrset)
{
	const struct tbl_dyn *dyn;

	if (rrset->ref >= tbl_check_cnt(walk->check, TBL_SECTION_DYNS)) {
		return FAIL_NODE(walk, "dynamic record %u does not exist", AT(walk), rrset->ref);
	}
	dyn = &walk->check->view.dyns[rrset->ref];
	if (dyn->node != walk->index || dyn->type != rrset->type) {
		return FAIL_NODE(walk, "dynamic record %u is not its own", AT(walk), rrset->ref);
	}
	return 0;
}

static int
check_rrset(const struct node_walk *walk, const struct tbl_rrset *rrset)
{
	struct tbl_served served = {
		.owner = walk->node,
		.place = "nodes",
		.index = walk->index,
		.answer = rrset->ref,
		.type = rrset->type,
		.is_below = ((walk->node->flags & TBL_NODE_CUT) != 0 &&
					    rrset->type == TBL_TYPE_NS) ||
		            rrset->type == TBL_TYPE_DNAME,
	};
	bool is_apex = (walk->node->flags & TBL_NODE_APEX) != 0;

	if (!is_data_type(rrset->type)) {
		return FAIL_NODE(walk, "type %u cannot be served", AT(walk), rrset->type);
	}
	if (rrset->type == TBL_TYPE_SOA && !is_apex) {
		return FAIL_NODE(walk, "an SOA, but not the apex of a zone", AT(walk));
	}
	if ((rrset->flags & ~(uint32_t)TBL_RRSET_DYNAMIC) != 0) {
		return FAIL_NODE(walk, "unknown RRset flags %#x", AT(walk), rrset->flags);
	}
	return (rrset->flags & TBL_RRSET_DYNAMIC) != 0 ? check_dynamic_rrset(walk, rrset)
	                                               : tbl_check_answer(walk->check, &served);
}

static int
check_rrset_range(struct node_walk *walk)
{
	const struct tbl_node *node = walk->node;
	uint64_t total = tbl_check_cnt(walk->check, TBL_SECTION_RRSETS);

	if (!is_tbl_range(node->rrset_first, node->rrset_cnt, total)) {
		return FAIL_NODE(walk, "RRsets %u and on are outside section rrsets", AT(walk),
				node->rrset_first);
	}
	walk->rrset_cnt += node->rrset_cnt;
	if (walk->rrset_cnt > total) {
		return FAIL_NODE(walk, "its RRsets are also another node's", AT(walk));
	}
	return 0;
}

static int
check_rrsets(struct node_walk *walk)
{
	const struct tbl_node *node = walk->node;
	const struct tbl_rrset *rrsets = walk->check->view.rrsets + node->rrset_first;
	bool is_alias = false;

	for (uint32_t i = 0; i < node->rrset_cnt; i++) {
		int rc = check_rrset(walk, &rrsets[i]);

		if (rc != 0) {
			return rc;
		}
		if (i > 0 && rrsets[i].type <= rrsets[i - 1].type) {
			return FAIL_NODE(walk, "type %u does not come after %u", AT(walk),
					rrsets[i].type, rrsets[i - 1].type);
		}
		is_alias = is_alias || rrsets[i].type == TBL_TYPE_CNAME;
	}
	if (is_alias != ((node->flags & TBL_NODE_CNAME) != 0) ||
			(is_alias && node->rrset_cnt != 1)) {
		return FAIL_NODE(walk, "a CNAME beside other data, or without its flag", AT(walk));
	}
	return 0;
}

static int
check_node(struct node_walk *walk)
{
	static int (*const parts[])(struct node_walk *) = {
		check_zone_link,
		check_rrset_range,
		check_wildcard,
		check_cut,
		check_dname,
		check_rrsets,
	};
	const struct tbl_node *node = walk->node;
	const uint32_t known = TBL_NODE_APEX | TBL_NODE_CUT | TBL_NODE_WILDCARD | TBL_NODE_CNAME |
	                       TBL_NODE_DNAME;
	int rc;

	if ((node->flags & ~known) != 0 || node->reserved != 0) {
		return FAIL_NODE(walk, "unknown flags %#x", AT(walk), node->flags);
	}
	rc = check_place(walk);
	if (rc != 0) {
		return rc;
	}
	find_parent(walk);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		rc = parts[i](walk);
		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

int
tbl_check_nodes(struct tbl_check *check)
{
	struct node_walk walk = { .check = check };

	for (; walk.index < tbl_check_cnt(check, TBL_SECTION_NODES); walk.index++) {
		int rc;

		walk.node = &check->view.nodes[walk.index];
		rc = check_node(&walk);
		if (rc != 0) {
			return rc;
		}
	}
	if (walk.apex_cnt != tbl_check_cnt(check, TBL_SECTION_ZONES)) {
		return tbl_check_fail(check, "section zones: %llu zones, but %llu apexes",
				(unsigned long long)tbl_check_cnt(check, TBL_SECTION_ZONES),
				(unsigned long long)walk.apex_cnt);
	}
	if (walk.wildcard_cnt != walk.link_cnt) {
		return tbl_check_fail(check,
				"section nodes: %llu wildcards, but %llu links to them",
				(unsigned long long)walk.wildcard_cnt,
				(unsigned long long)walk.link_cnt);
	}
	return 0;
}

int
tbl_check_zones(struct tbl_check *check)
{
	for (uint64_t i = 0; i < tbl_check_cnt(check, TBL_SECTION_ZONES); i++) {
		const struct tbl_zone *zone = &check->view.zones[i];
		struct tbl_served served = {
			.place = "zones",
			.index = i,
			.answer = zone->soa_negative,
			.type = TBL_TYPE_SOA,
			.is_below = true,
		};
		int rc;

		/* As many apexes as zones, each its zone's own (tbl_check_nodes): so this is one. */
		if (zone->apex >= tbl_check_cnt(check, TBL_SECTION_NODES) ||
				!is_tbl_string(check, zone->name_str)) {
			return tbl_check_fail(check, "zones[%llu]: no such node or string",
					(unsigned long long)i);
		}
		if ((zone->flags & ~(uint32_t)TBL_ZONE_NO_ECS) != 0) {
			return tbl_check_fail(check, "zones[%llu]: unknown flags %#x",
					(unsigned long long)i, zone->flags);
		}
		served.owner = &check->view.nodes[zone->apex];
		if (tbl_find_rrset(&check->view, served.owner, TBL_TYPE_SOA) == NULL) {
			return tbl_check_fail(check, "zones[%llu]: its apex has no SOA",
					(unsigned long long)i);
		}
		rc = tbl_check_answer(check, &served);
		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}
