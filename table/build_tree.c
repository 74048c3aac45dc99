#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/build_impl.h"

/* Canonical order */

/* A child with the first octets of its label as numbers, so that most comparisons touch no name. */
struct sibling {
	uint64_t key[2];
	const uint8_t *label; /* length octet first */
	uint32_t name;
};

static uint64_t
load_big_endian(const uint8_t *octets, size_t cnt)
{
	uint64_t value = 0;

	for (size_t i = 0; i < 8; i++) {
		value = value << 8 | (i < cnt ? octets[i] : 0u);
	}
	return value;
}

static struct sibling
make_sibling(const struct tbl_builder *b, uint32_t name)
{
	const uint8_t *label = tbl_build_name_at(b, name)->wire;
	size_t len = label[0];

	return (struct sibling){
		.key = { load_big_endian(label + 1, len),
				load_big_endian(label + 9, len > 8 ? len - 8 : 0) },
		.label = label,
		.name = name,
	};
}

/* RFC 4034 §6.1: octets compare unsigned, an absent octet before a zero one. */
static int
compare_siblings(const void *left, const void *right)
{
	const struct sibling *a = left;
	const struct sibling *b = right;
	uint8_t len = a->label[0] < b->label[0] ? a->label[0] : b->label[0];
	int order;

	if (a->key[0] != b->key[0]) {
		return a->key[0] < b->key[0] ? -1 : 1;
	}
	if (a->key[1] != b->key[1]) {
		return a->key[1] < b->key[1] ? -1 : 1;
	}
	order = memcmp(a->label + 1, b->label + 1, len);
	return order != 0 ? order : (int)a->label[0] - (int)b->label[0];
}

/* Turns counts into first indices, in place; the total stands behind the last. */
static void
sum_counts(uint32_t *counts, size_t cnt)
{
	uint32_t total = 0;

	for (size_t i = 0; i <= cnt; i++) {
		uint32_t own = i < cnt ? counts[i] : 0;

		counts[i] = total;
		total += own;
	}
}

/* Children of name n are siblings[first[n]..first[n + 1]), sorted. */
static void
group_siblings(const struct tbl_builder *b, uint32_t *first, struct sibling *siblings)
{
	uint32_t cnt = (uint32_t)b->names.cnt;

	for (uint32_t name = 1; name < cnt; name++) {
		first[tbl_build_name_at(b, name)->parent]++;
	}
	sum_counts(first, cnt);
	/* Filling moves each first to its end, which is its neighbour's first: shifted back below. */
	for (uint32_t name = 1; name < cnt; name++) {
		siblings[first[tbl_build_name_at(b, name)->parent]++] = make_sibling(b, name);
	}
	memmove(first + 1, first, cnt * sizeof(*first));
	first[0] = 0;
	for (uint32_t name = 0; name < cnt; name++) {
		if (first[name + 1] - first[name] > 1) {
			qsort(siblings + first[name], first[name + 1] - first[name],
					sizeof(*siblings), compare_siblings);
		}
	}
}

/* Preorder with sorted siblings is canonical order (RFC 4034 §6.1). */
static void
walk_preorder(struct tbl_builder *b, const uint32_t *first, const struct sibling *siblings,
		uint32_t *stack)
{
	size_t depth = 1;
	size_t rank = 0;

	stack[0] = 0;
	while (depth > 0) {
		uint32_t name = stack[--depth];

		b->order[rank++] = name;
		for (uint32_t i = first[name + 1]; i-- > first[name];) {
			stack[depth++] = siblings[i].name;
		}
	}
}

static int
order_names(struct tbl_builder *b)
{
	size_t cnt = b->names.cnt;
	uint32_t *first = calloc(cnt + 1, sizeof(*first));
	uint32_t *stack = calloc(cnt, sizeof(*stack));
	struct sibling *siblings = calloc(cnt, sizeof(*siblings));
	int rc = -ENOMEM;

	b->order = calloc(cnt, sizeof(*b->order));
	if (first != NULL && stack != NULL && siblings != NULL && b->order != NULL) {
		group_siblings(b, first, siblings);
		walk_preorder(b, first, siblings, stack);
		rc = 0;
	}
	free(first);
	free(stack);
	free(siblings);
	return rc;
}

/* RRsets by name */

static int
compare_rrsets(const void *left, const void *right)
{
	const struct tbl_build_rrset *a = left;
	const struct tbl_build_rrset *b = right;

	if (a->is_shadow != b->is_shadow) {
		return a->is_shadow ? 1 : -1;
	}
	if (a->zone != b->zone) {
		return a->zone < b->zone ? -1 : 1;
	}
	return (int)a->type - (int)b->type;
}

static int
group_rrsets(struct tbl_builder *b)
{
	const struct tbl_build_rrset *rrsets = b->rrsets.items;
	uint32_t next = 0;

	b->grouped = calloc(b->rrsets.cnt + 1, sizeof(*b->grouped));
	if (b->grouped == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < b->rrsets.cnt; i++) {
		tbl_build_name_at(b, rrsets[i].name)->rrset_cnt++;
	}
	for (size_t rank = 0; rank < b->names.cnt; rank++) {
		struct tbl_build_name *name = tbl_build_name_at(b, b->order[rank]);

		name->rrset_first = next;
		next += name->rrset_cnt;
		name->rrset_cnt = 0; /* counted again as they are filled in */
	}
	for (size_t i = 0; i < b->rrsets.cnt; i++) {
		struct tbl_build_name *name = tbl_build_name_at(b, rrsets[i].name);

		struct tbl_build_rrset *grouped =
				&b->grouped[name->rrset_first + name->rrset_cnt++];

		*grouped = rrsets[i];
		grouped->is_shadow = grouped->zone != name->zone;
	}
	for (size_t rank = 0; rank < b->names.cnt; rank++) {
		const struct tbl_build_name *name = tbl_build_name_at(b, b->order[rank]);

		if (name->rrset_cnt > 1) {
			qsort(b->grouped + name->rrset_first, name->rrset_cnt, sizeof(*b->grouped),
					compare_rrsets);
		}
	}
	return 0;
}

struct tbl_build_rrset *
tbl_build_rrset_of(const struct tbl_builder *b, uint32_t name, uint32_t zone, uint16_t type)
{
	const struct tbl_build_name *n = tbl_build_name_at(b, name);

	for (uint32_t i = 0; i < n->rrset_cnt; i++) {
		struct tbl_build_rrset *rrset = &b->grouped[n->rrset_first + i];

		if (rrset->type == type && rrset->zone == zone) {
			return rrset;
		}
	}
	return NULL;
}

/* Zones and delegations, from the root down */

static void
number_zones(struct tbl_builder *b)
{
	uint32_t number = 0;

	for (size_t rank = 0; rank < b->names.cnt; rank++) {
		struct tbl_build_name *name = tbl_build_name_at(b, b->order[rank]);

		if ((name->flags & BUILD_APEX) != 0) {
			tbl_build_zone_at(b, name->zone)->number = number++;
		} else if (name->parent != TBL_NONE) {
			name->zone = tbl_build_name_at(b, name->parent)->zone;
		}
	}
}

static void
find_cuts(struct tbl_builder *b)
{
	for (size_t rank = 0; rank < b->names.cnt; rank++) {
		uint32_t id = b->order[rank];
		struct tbl_build_name *name = tbl_build_name_at(b, id);

		if (name->zone == TBL_NONE || (name->flags & BUILD_APEX) != 0) {
			continue;
		}
		name->cut = tbl_build_name_at(b, name->parent)->cut;
		if (name->cut == TBL_NONE &&
				tbl_build_rrset_of(b, id, name->zone, TBL_TYPE_NS) != NULL) {
			name->cut = id;
		}
	}
}

/* The topmost delegation at or above the owner in the zone that gave the RRset. */
static uint32_t
find_cut(const struct tbl_builder *b, const struct tbl_build_rrset *rrset)
{
	uint32_t apex = tbl_build_zone_at(b, rrset->zone)->name;
	uint32_t cut = TBL_NONE;

	if (!rrset->is_shadow) {
		return tbl_build_name_at(b, rrset->name)->cut;
	}
	for (uint32_t id = rrset->name; id != apex; id = tbl_build_name_at(b, id)->parent) {
		if (tbl_build_rrset_of(b, id, rrset->zone, TBL_TYPE_NS) != NULL) {
			cut = id;
		}
	}
	return cut;
}

/* Which names a DNAME of their own zone hides. There is at most one such DNAME above a name: one
 * below another is refused. */
static void
find_dnames(struct tbl_builder *b)
{
	for (size_t rank = 0; b->has_dname && rank < b->names.cnt; rank++) {
		struct tbl_build_name *name = tbl_build_name_at(b, b->order[rank]);
		const struct tbl_build_name *parent;

		if (name->zone == TBL_NONE || (name->flags & BUILD_APEX) != 0) {
			continue;
		}
		parent = tbl_build_name_at(b, name->parent);
		name->dname = parent->dname;
		if (name->dname == TBL_NONE && tbl_build_rrset_of(b, name->parent, name->zone,
							       TBL_TYPE_DNAME) != NULL) {
			name->dname = name->parent;
		}
	}
}

/* The DNAME above the owner in the zone that gave the RRset. */
static uint32_t
find_dname(const struct tbl_builder *b, const struct tbl_build_rrset *rrset)
{
	uint32_t apex = tbl_build_zone_at(b, rrset->zone)->name;

	if (!rrset->is_shadow || !b->has_dname) {
		return tbl_build_name_at(b, rrset->name)->dname;
	}
	for (uint32_t id = rrset->name; id != apex;) {
		id = tbl_build_name_at(b, id)->parent;
		if (tbl_build_rrset_of(b, id, rrset->zone, TBL_TYPE_DNAME) != NULL) {
			return id;
		}
	}
	return TBL_NONE;
}

static void
mark_ns_targets(struct tbl_builder *b)
{
	for (size_t i = 0; i < b->rrsets.cnt; i++) {
		const struct tbl_build_rrset *rrset = &b->grouped[i];

		if (rrset->type != TBL_TYPE_NS ||
				rrset->name == tbl_build_zone_at(b, rrset->zone)->name) {
			continue;
		}
		for (uint32_t r = 0; r < rrset->record_cnt; r++) {
			struct tbl_name target;
			uint32_t name;

			tbl_rdata_name(TBL_TYPE_NS, &rrset->records[r], &target);
			tbl_name_hash(&target, b->params.hash_seed);
			name = tbl_build_find(b, &target, 0);
			if (name != TBL_NONE) {
				tbl_build_name_at(b, name)->flags |= BUILD_NS_TARGET;
			}
		}
	}
}

/* What may be served */

static int
fail_rrset(const struct tbl_builder *b, const struct tbl_build_rrset *rrset,
		struct tbl_error *error, const char *reason)
{
	return tbl_build_fail(
			error, tbl_build_name_at(b, rrset->name)->wire, rrset->type, "%s", reason);
}

static bool
is_wildcard(const uint8_t *wire)
{
	return wire[0] == 1 && wire[1] == '*';
}

/* An RRset with no delegation at or above it in its zone. */
static int
judge_data(const struct tbl_builder *b, const struct tbl_build_rrset *rrset,
		struct tbl_error *error)
{
	const struct tbl_build_name *name = tbl_build_name_at(b, rrset->name);
	bool is_apex = (name->flags & BUILD_APEX) != 0;

	if (rrset->is_shadow) {
		return fail_rrset(b, rrset, error,
				"is inside another zone served here, and its own does not delegate "
				"that");
	}
	if (rrset->type == TBL_TYPE_SOA && !is_apex) {
		return fail_rrset(b, rrset, error, "is not at the zone's apex");
	}
	if (rrset->type == TBL_TYPE_DS) {
		return fail_rrset(b, rrset, error, "is not at a delegation (RFC 4035 2.4)");
	}
	if ((rrset->type == TBL_TYPE_SOA || rrset->type == TBL_TYPE_CNAME ||
			    rrset->type == TBL_TYPE_DNAME) &&
			rrset->record_cnt != 1) {
		return fail_rrset(b, rrset, error, "has more than one record");
	}
	if (rrset->type == TBL_TYPE_DNAME && is_wildcard(name->wire)) {
		return fail_rrset(b, rrset, error, "a wildcard cannot be a DNAME (RFC 6672 3.3)");
	}
	return 0;
}

/* An RRset at or below a delegation of its zone: NS, DS or glue, or a mistake. */
static int
judge_delegated(const struct tbl_builder *b, struct tbl_build_rrset *rrset, uint32_t cut,
		struct tbl_error *error)
{
	const struct tbl_build_name *name = tbl_build_name_at(b, rrset->name);
	/* A cut is never the root, so it has a parent; that name's zone speaks for the DS. */
	bool is_parent = tbl_build_name_at(b, name->parent)->zone == rrset->zone;

	if (rrset->name == cut && rrset->type == TBL_TYPE_NS) {
		if (is_wildcard(name->wire)) {
			return fail_rrset(b, rrset, error,
					"a wildcard cannot be delegated (RFC 4592 4.2)");
		}
		rrset->role = rrset->is_shadow ? ROLE_DROPPED : ROLE_DATA;
		return 0;
	}
	if (rrset->name == cut && rrset->type == TBL_TYPE_DS) {
		/* The parent's answer even where we serve the child (RFC 4035 §3.1.4.1). */
		rrset->role = is_parent ? ROLE_DATA : ROLE_DROPPED;
		return 0;
	}
	if (rrset->type == TBL_TYPE_NS) {
		/* A delegation below a delegation: the child's to make, and kept in the parent by who knows both.
		 * Nobody who comes here gets past the upper one. */
		rrset->role = ROLE_DROPPED;
		return 0;
	}
	if (rrset->dyn != NULL || (rrset->type != TBL_TYPE_A && rrset->type != TBL_TYPE_AAAA)) {
		return fail_rrset(b, rrset, error,
				"is at or below a delegation and would never be served");
	}
	if ((name->flags & BUILD_NS_TARGET) == 0) {
		return fail_rrset(b, rrset, error,
				"is at or below a delegation, but no delegation's NS names it");
	}
	rrset->role = rrset->is_shadow ? ROLE_DROPPED : ROLE_GLUE;
	return 0;
}

static int
judge_rrset(const struct tbl_builder *b, struct tbl_build_rrset *rrset, struct tbl_error *error)
{
	uint32_t cut = find_cut(b, rrset);
	uint32_t dname = find_dname(b, rrset);

	if (dname != TBL_NONE) {
		char text[TBL_NAME_TEXT_MAX];

		(void)tbl_name_to_text(tbl_build_name_at(b, dname)->wire, text);
		return tbl_build_fail(error, tbl_build_name_at(b, rrset->name)->wire, rrset->type,
				"is below the DNAME at %.40s, which hides it (RFC 6672 2.4)", text);
	}
	rrset->role = ROLE_DATA;
	return cut == TBL_NONE ? judge_data(b, rrset, error)
	                       : judge_delegated(b, rrset, cut, error);
}

/* What RRsets of one name may not do together. */
static int
judge_name(const struct tbl_builder *b, uint32_t id, struct tbl_error *error)
{
	const struct tbl_build_name *name = tbl_build_name_at(b, id);
	bool is_apex = (name->flags & BUILD_APEX) != 0;
	int rc = 0;

	if (is_apex && tbl_build_rrset_of(b, id, name->zone, TBL_TYPE_SOA) == NULL) {
		return tbl_build_fail(error, name->wire, 0, "zone has no SOA at its apex");
	}
	for (uint32_t i = 0; rc == 0 && i < name->rrset_cnt; i++) {
		struct tbl_build_rrset *rrset = &b->grouped[name->rrset_first + i];

		if (i > 0 && compare_rrsets(rrset - 1, rrset) == 0) {
			return fail_rrset(b, rrset, error, "given twice");
		}
		if (rrset->type == TBL_TYPE_CNAME && is_apex) {
			return fail_rrset(
					b, rrset, error, "stands at a zone's apex (RFC 1912 2.4)");
		}
		if (rrset->type == TBL_TYPE_CNAME && name->rrset_cnt > 1) {
			return fail_rrset(b, rrset, error,
					"stands beside other records (RFC 2181 10.1)");
		}
		rc = judge_rrset(b, rrset, error);
	}
	return rc;
}

/* Nodes */

/* Existence is closed under "parent of" up to the apex. */
static void
mark_nodes(const struct tbl_builder *b, uint32_t id)
{
	struct tbl_build_name *name = tbl_build_name_at(b, id);

	while ((name->flags & BUILD_NODE) == 0) {
		name->flags |= BUILD_NODE;
		if ((name->flags & BUILD_APEX) == 0) {
			name = tbl_build_name_at(b, name->parent);
		}
	}
}

/* A delegation to a zone that we serve has no node in its own zone, but the names between the two
 * apexes exist there (empty non-terminals). */
static void
mark_between(const struct tbl_builder *b, const struct tbl_build_rrset *rrset)
{
	uint32_t id = rrset->name;

	while (tbl_build_name_at(b, id)->zone != rrset->zone) {
		uint32_t inner = tbl_build_name_at(b, id)->zone;

		id = tbl_build_name_at(b, tbl_build_zone_at(b, inner)->name)->parent;
	}
	mark_nodes(b, id);
}

static void
number_nodes(struct tbl_builder *b)
{
	for (size_t i = 0; i < b->rrsets.cnt; i++) {
		const struct tbl_build_rrset *rrset = &b->grouped[i];

		if (rrset->role == ROLE_DATA) {
			mark_nodes(b, rrset->name);
		}
		if (rrset->is_shadow && rrset->type == TBL_TYPE_NS) {
			mark_between(b, rrset);
		}
	}
	for (size_t rank = 0; rank < b->names.cnt; rank++) {
		struct tbl_build_name *name = tbl_build_name_at(b, b->order[rank]);

		if ((name->flags & BUILD_NODE) != 0) {
			name->node = b->node_cnt++;
			b->max_label_cnt = name->label_cnt > b->max_label_cnt ? name->label_cnt
			                                                      : b->max_label_cnt;
		}
	}
}

int
tbl_build_tree(struct tbl_builder *b, struct tbl_error *ret_error)
{
	int rc;

	if (b->zones.cnt == 0) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text), "there is no zone");
		return -EINVAL;
	}
	rc = order_names(b);
	if (rc != 0) {
		return rc;
	}
	number_zones(b);
	rc = group_rrsets(b);
	if (rc != 0) {
		return rc;
	}
	find_cuts(b);
	find_dnames(b);
	mark_ns_targets(b);
	for (size_t rank = 0; rc == 0 && rank < b->names.cnt; rank++) {
		rc = judge_name(b, b->order[rank], ret_error);
	}
	if (rc == 0) {
		number_nodes(b);
	}
	return rc;
}
