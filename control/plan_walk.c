/* Two tables side by side: zones and nodes of both lie in canonical order, so that one merge finds
 * every record that only one has, or that says another thing. Numbers of nodes, answers and slots
 * are a table's own and never compared. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/plan_impl.h"
#include "control/rdata.h"
#include "control/zones.h"

static uint64_t
count_of(const struct tbl_view *view, enum tbl_section_kind kind)
{
	return view != NULL ? view->header->sections[kind].cnt : 0;
}

/* Zones */

static const uint8_t *
apex_of(const struct tbl_view *view, uint64_t zone)
{
	return tbl_node_name(view, &view->nodes[view->zones[zone].apex]);
}

static void
merge_zones(struct cp_plan_walk *walk)
{
	uint64_t served_cnt = count_of(walk->served, TBL_SECTION_ZONES);
	uint64_t wanted_cnt = count_of(walk->wanted, TBL_SECTION_ZONES);
	uint64_t i = 0;
	uint64_t j = 0;

	while (i < served_cnt || j < wanted_cnt) {
		struct cp_plan_zone *zone = &walk->zones[walk->zone_cnt];
		int order = i == served_cnt ? 1 : -1;

		if (i < served_cnt && j < wanted_cnt) {
			order = tbl_name_compare(
					apex_of(walk->served, i), apex_of(walk->wanted, j));
		}
		zone->is_existing = order <= 0;
		zone->is_wanted = order >= 0;
		if (zone->is_existing) {
			zone->apex = apex_of(walk->served, i);
			zone->name = walk->served->strings + walk->served->zones[i].name_str;
			zone->had_ecs = (walk->served->zones[i].flags & TBL_ZONE_NO_ECS) == 0;
			walk->zone_of_served[i++] = walk->zone_cnt;
		}
		if (zone->is_wanted) {
			zone->apex = apex_of(walk->wanted, j);
			zone->name = walk->wanted->strings + walk->wanted->zones[j].name_str;
			zone->has_ecs = (walk->wanted->zones[j].flags & TBL_ZONE_NO_ECS) == 0;
			walk->zone_of_wanted[j++] = walk->zone_cnt;
		}
		walk->zone_cnt++;
	}
}

static int
make_zones(struct cp_plan_walk *walk)
{
	uint64_t served_cnt = count_of(walk->served, TBL_SECTION_ZONES);
	uint64_t wanted_cnt = count_of(walk->wanted, TBL_SECTION_ZONES);

	walk->zones = calloc(served_cnt + wanted_cnt + 1, sizeof(*walk->zones));
	walk->zone_of_served = calloc(served_cnt + 1, sizeof(*walk->zone_of_served));
	walk->zone_of_wanted = calloc(wanted_cnt + 1, sizeof(*walk->zone_of_wanted));
	if (walk->zones == NULL || walk->zone_of_served == NULL || walk->zone_of_wanted == NULL) {
		return -ENOMEM;
	}
	merge_zones(walk);
	return 0;
}

/* Records */

static bool
is_root_ns(const struct cp_plan_zone *zone, const struct cp_plan_rrset *rrset)
{
	return zone->is_existing && rrset->rrset->type == CP_TYPE_NS &&
	       (rrset->node->flags & TBL_NODE_APEX) != 0;
}

static int
add_change(struct cp_plan_walk *walk, uint32_t zone_at, enum cp_plan_action action,
		const struct cp_plan_rrset *existing, const struct cp_plan_rrset *wanted)
{
	static const struct cp_plan_rrset none;
	struct cp_plan_zone *zone = &walk->zones[zone_at];
	const struct cp_plan_rrset *shown = existing != NULL ? existing : wanted;
	struct cp_plan_change *change = tbl_vec_add(&walk->changes, 1);

	if (change == NULL) {
		return -ENOMEM;
	}
	*change = (struct cp_plan_change){ .zone = zone_at,
		.action = action,
		.existing = existing != NULL ? *existing : none,
		.wanted = wanted != NULL ? *wanted : none };
	zone->cnt[action]++;
	zone->has_root_ns_change = zone->has_root_ns_change || is_root_ns(zone, shown);
	return 0;
}

/* A generated SOA comes and goes with its zone: nobody wrote it, so it is not listed. */
static int
take_deleted(struct cp_plan_walk *walk, const struct cp_plan_rrset *existing)
{
	uint32_t zone = walk->zone_of_served[existing->node->zone];

	if (is_cp_plan_generated(walk->served, existing->rrset)) {
		return 0;
	}
	walk->zones[zone].existing_cnt++;
	return add_change(walk, zone, CP_PLAN_DELETE, existing, NULL);
}

static int
take_created(struct cp_plan_walk *walk, const struct cp_plan_rrset *wanted)
{
	if (is_cp_plan_generated(walk->wanted, wanted->rrset)) {
		return 0;
	}
	return add_change(walk, walk->zone_of_wanted[wanted->node->zone], CP_PLAN_CREATE, NULL,
			wanted);
}

static int
add_pair(struct cp_plan_walk *walk, const struct tbl_rrset *existing,
		const struct tbl_rrset *wanted)
{
	struct cp_blast_pair *pair;

	if ((existing->flags & wanted->flags & TBL_RRSET_DYNAMIC) == 0) {
		return 0;
	}
	pair = tbl_vec_add(&walk->pairs, 1);
	if (pair == NULL) {
		return -ENOMEM;
	}
	*pair = (struct cp_blast_pair){ existing->ref, wanted->ref };
	return 0;
}

/* One name and type in both tables. A record that passes to another zone (a sub-zone gets a file of
 * its own) is deleted here and created there, as octoDNS would have it. */
static int
take_both(struct cp_plan_walk *walk, const struct cp_plan_rrset *existing,
		const struct cp_plan_rrset *wanted)
{
	uint32_t zone = walk->zone_of_served[existing->node->zone];
	int rc = add_pair(walk, existing->rrset, wanted->rrset);
	bool is_generated = is_cp_plan_generated(walk->served, existing->rrset);

	if (rc == 0 && zone != walk->zone_of_wanted[wanted->node->zone]) {
		rc = take_deleted(walk, existing);
		return rc != 0 ? rc : take_created(walk, wanted);
	}
	walk->zones[zone].existing_cnt += !is_generated;
	if (rc == 0) {
		rc = cp_plan_differ(walk, existing, wanted);
	}
	if (rc <= 0) {
		return rc;
	}
	if (is_generated && is_cp_plan_generated(walk->wanted, wanted->rrset)) {
		walk->zones[zone].has_generated_update = true;
	}
	return add_change(walk, zone, CP_PLAN_UPDATE, existing, wanted);
}

/* The RRsets of one node of each table, either of which may be NULL: both lie by type. */
static int
merge_rrsets(struct cp_plan_walk *walk, const struct tbl_node *existing,
		const struct tbl_node *wanted)
{
	uint32_t existing_cnt = existing != NULL ? existing->rrset_cnt : 0;
	uint32_t wanted_cnt = wanted != NULL ? wanted->rrset_cnt : 0;
	uint32_t i = 0;
	uint32_t j = 0;
	int rc = 0;

	while (rc == 0 && (i < existing_cnt || j < wanted_cnt)) {
		struct cp_plan_rrset a = { existing, NULL };
		struct cp_plan_rrset b = { wanted, NULL };
		uint32_t a_type = UINT32_MAX;
		uint32_t b_type = UINT32_MAX;

		if (i < existing_cnt) {
			a.rrset = &walk->served->rrsets[existing->rrset_first + i];
			a_type = a.rrset->type;
		}
		if (j < wanted_cnt) {
			b.rrset = &walk->wanted->rrsets[wanted->rrset_first + j];
			b_type = b.rrset->type;
		}
		i += a_type <= b_type;
		j += b_type <= a_type;
		if (a_type == b_type) {
			rc = take_both(walk, &a, &b);
		} else {
			rc = a_type < b_type ? take_deleted(walk, &a) : take_created(walk, &b);
		}
	}
	return rc;
}

/* Nearly all names are in both tables, and then octets say so at once. */
static int
compare_nodes(const struct cp_plan_walk *walk, const struct tbl_node *existing,
		const struct tbl_node *wanted)
{
	const uint8_t *a = tbl_node_name(walk->served, existing);
	const uint8_t *b = tbl_node_name(walk->wanted, wanted);

	if (existing->name_len == wanted->name_len && memcmp(a, b, existing->name_len) == 0) {
		return 0;
	}
	return tbl_name_compare(a, b);
}

static int
merge_nodes(struct cp_plan_walk *walk)
{
	uint64_t served_cnt = count_of(walk->served, TBL_SECTION_NODES);
	uint64_t wanted_cnt = count_of(walk->wanted, TBL_SECTION_NODES);
	uint64_t i = 0;
	uint64_t j = 0;
	int rc = 0;

	while (rc == 0 && (i < served_cnt || j < wanted_cnt)) {
		const struct tbl_node *existing = i < served_cnt ? &walk->served->nodes[i] : NULL;
		const struct tbl_node *wanted = j < wanted_cnt ? &walk->wanted->nodes[j] : NULL;
		int order = existing == NULL ? 1 : -1;

		if (existing != NULL && wanted != NULL) {
			order = compare_nodes(walk, existing, wanted);
		}
		i += order <= 0;
		j += order >= 0;
		rc = merge_rrsets(walk, order <= 0 ? existing : NULL, order >= 0 ? wanted : NULL);
	}
	return rc;
}

int
cp_plan_walk(struct cp_plan_walk *walk)
{
	int rc = make_zones(walk);

	walk->changes.elem_bytes = sizeof(struct cp_plan_change);
	walk->pairs.elem_bytes = sizeof(struct cp_blast_pair);
	return rc != 0 ? rc : merge_nodes(walk);
}

void
cp_plan_walk_done(struct cp_plan_walk *walk)
{
	free(walk->zones);
	free(walk->zone_of_served);
	free(walk->zone_of_wanted);
	tbl_vec_free(&walk->changes);
	tbl_vec_free(&walk->pairs);
}

/* Order */

/* The text of a name up to its zone's apex, an octet at a time: "www" of www.example.com. */
struct relative {
	const struct tbl_view *view;
	const uint8_t *at;
	const uint8_t *apex; /* of the zone, within the same name */
	uint8_t left;        /* octets of the label `at` is in */
	bool is_begun;
};

static struct relative
begin_relative(const struct tbl_view *view, const struct tbl_node *node)
{
	const struct tbl_node *apex = &view->nodes[view->zones[node->zone].apex];
	const uint8_t *name = tbl_node_name(view, node);

	return (struct relative){
		.view = view, .at = name, .apex = name + node->name_len - apex->name_len
	};
}

/* The next octet, -1 behind the last. */
static int
next_octet(struct relative *name)
{
	if (name->left == 0) {
		bool is_begun = name->is_begun;

		if (name->at == name->apex) {
			return -1;
		}
		name->left = *name->at++;
		name->is_begun = true;
		if (is_begun) {
			return '.';
		}
	}
	name->left--;
	return *name->at++;
}

static int
compare_relative(struct relative a, struct relative b)
{
	for (;;) {
		int x = next_octet(&a);
		int y = next_octet(&b);

		if (x != y || x < 0) {
			return x - y;
		}
	}
}

static struct relative
relative_of(const struct cp_plan_walk *walk, const struct cp_plan_change *change)
{
	return change->existing.node != NULL ? begin_relative(walk->served, change->existing.node)
	                                     : begin_relative(walk->wanted, change->wanted.node);
}

static uint16_t
type_of(const struct cp_plan_change *change)
{
	return change->existing.node != NULL ? change->existing.rrset->type
	                                     : change->wanted.rrset->type;
}

static int
compare_changes(const void *left, const void *right, void *ctx)
{
	const struct cp_plan_change *a = left;
	const struct cp_plan_change *b = right;
	const struct cp_plan_walk *walk = ctx;
	char a_type[CP_TYPE_NAME_MAX];
	char b_type[CP_TYPE_NAME_MAX];
	int order;

	if (a->zone != b->zone) {
		return a->zone < b->zone ? -1 : 1;
	}
	if (a->action != b->action) {
		return a->action < b->action ? -1 : 1;
	}
	order = compare_relative(relative_of(walk, a), relative_of(walk, b));
	return order != 0 ? order
	                  : strcmp(cp_type_name(type_of(a), a_type),
					    cp_type_name(type_of(b), b_type));
}

void
cp_plan_walk_sort(struct cp_plan_walk *walk)
{
	struct cp_plan_change *changes = walk->changes.items;
	size_t at = 0;

	if (walk->changes.cnt > 0) {
		qsort_r(changes, walk->changes.cnt, sizeof(*changes), compare_changes, walk);
	}
	for (uint32_t zone = 0; zone < walk->zone_cnt; zone++) {
		walk->zones[zone].change_first = at;
		at += (size_t)walk->zones[zone].cnt[CP_PLAN_DELETE] +
		      walk->zones[zone].cnt[CP_PLAN_CREATE] + walk->zones[zone].cnt[CP_PLAN_UPDATE];
	}
}
