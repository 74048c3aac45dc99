/*
 * Delegations. Glue lies in the image only behind the NS that name it; a delegation to a zone of the
 * same image does not lie in it at all, since that zone answers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/rdata.h"
#include "control/thaw_impl.h"

static struct cp_thawed_glue *
add_glue(struct cp_thaw *thaw, uint32_t zone, const uint8_t *owner)
{
	struct cp_thawed_glue *glue = NULL;

	if (thaw->glue_cnt == thaw->glue_room) {
		size_t room = thaw->glue_room > 0 ? 2 * thaw->glue_room : 64;
		struct cp_thawed_glue **grown =
				realloc(thaw->glue, room * sizeof(struct cp_thawed_glue *));

		if (grown == NULL) {
			return NULL;
		}
		thaw->glue = grown;
		thaw->glue_room = room;
	}
	glue = calloc(1, sizeof(*glue));
	if (glue == NULL) {
		return NULL;
	}
	glue->zone = zone;
	glue->record.file = thaw->zones[zone].name;
	memcpy(glue->record.owner, owner, sizeof(glue->record.owner));
	thaw->glue[thaw->glue_cnt++] = glue;
	return glue;
}

/* How many records from the next on have its owner and type: they are one RRset. */
static int
count_same(struct cp_thaw *thaw, uint32_t cnt, struct cp_thawed_rr *ret_first, uint32_t *ret_cnt)
{
	size_t off = thaw->off;
	uint32_t same = 1;
	int rc = cp_thaw_next(thaw, ret_first);

	for (; rc == 0 && same < cnt; same++) {
		struct cp_thawed_rr rr;

		rc = cp_thaw_next(thaw, &rr);
		if (rc == 0 && (rr.type != ret_first->type ||
					       tbl_name_compare(rr.owner, ret_first->owner) != 0)) {
			break;
		}
	}
	thaw->off = off;
	*ret_cnt = same;
	return rc;
}

int
cp_thaw_glue(struct cp_thaw *thaw, uint32_t cnt)
{
	while (cnt > 0) {
		struct cp_thawed_rr first = { .type = 0 };
		struct cp_thawed_glue *glue = NULL;
		struct tbl_match match;
		uint32_t same = 0;
		int rc = count_same(thaw, cnt, &first, &same);

		if (rc != 0) {
			return rc;
		}
		/* It is of the zone its name is in, which need not be the delegating one. */
		match = cp_thaw_find(thaw, first.owner);
		if (match.node == NULL) {
			return -EBADMSG;
		}
		glue = add_glue(thaw, match.node->zone, first.owner);
		rc = glue != NULL ? cp_thaw_values(thaw, same, &glue->record) : -ENOMEM;
		if (rc != 0) {
			return rc;
		}
		cnt -= same;
	}
	return 0;
}

static int
compare_glue(const void *a, const void *b)
{
	const struct cp_thawed_glue *const *left = a;
	const struct cp_thawed_glue *const *right = b;
	const struct cp_record *x = &(*left)->record;
	const struct cp_record *y = &(*right)->record;
	int order = tbl_name_compare(x->owner, y->owner);

	return order != 0 ? order : (int)x->type - (int)y->type;
}

int
cp_thaw_merge_glue(struct cp_thaw *thaw)
{
	if (thaw->glue_cnt > 1) {
		qsort(thaw->glue, thaw->glue_cnt, sizeof(struct cp_thawed_glue *), compare_glue);
	}
	for (size_t i = 0; i < thaw->glue_cnt; i++) {
		struct cp_thawed_glue *glue = thaw->glue[i];
		struct cp_record *record = NULL;

		if (i > 0 && compare_glue(&thaw->glue[i - 1], &thaw->glue[i]) == 0) {
			continue;
		}
		record = cp_thaw_add(thaw, glue->zone, glue->record.owner);
		if (record == NULL) {
			return -EBADMSG;
		}
		*record = glue->record;
		record->fqdn = cp_name_text(thaw->arena, record->owner);
		if (record->fqdn == NULL) {
			return -ENOMEM;
		}
	}
	return 0;
}

/* Delegations to zones of the image */

static const struct cp_record *
find_apex(const struct cp_thawed_zone *zone, uint16_t type)
{
	/* An apex is the first name of its zone. */
	for (size_t i = 0; i < zone->cnt; i++) {
		const struct cp_record *record = &zone->items[i];

		if (tbl_name_compare(record->owner, zone->apex) != 0) {
			break;
		}
		if (record->type == type) {
			return record;
		}
	}
	return NULL;
}

static bool
has_room(const struct cp_thaw *thaw, uint32_t zone)
{
	return thaw->zones[zone].cnt < thaw->zones[zone].room;
}

/* Makes `from`, a record of another zone, one of this zone too. */
static int
copy_record(struct cp_thaw *thaw, uint32_t zone, const struct cp_record *from)
{
	struct cp_record *record = cp_thaw_add(thaw, zone, from->owner);

	if (record == NULL) {
		return -EBADMSG;
	}
	*record = *from;
	record->file = thaw->zones[zone].name;
	return 0;
}

/* A zone without NS of its own is delegated to the server its SOA names. */
static int
delegate_to_mname(struct cp_thaw *thaw, uint32_t zone, const struct cp_record *soa)
{
	struct cp_record ns = *soa;
	struct tbl_name mname;
	struct tbl_rdata *value = conf_arena_alloc(thaw->arena, 1, sizeof(*value));
	char **text = conf_arena_alloc(thaw->arena, 1, sizeof(*text));

	if (value == NULL || text == NULL) {
		return -ENOMEM;
	}
	if (tbl_name_parse(soa->values[0].bytes, soa->values[0].size, &mname) < 0) {
		return -EBADMSG;
	}
	*value = (struct tbl_rdata){ .bytes = soa->values[0].bytes, .size = mname.len };
	*text = cp_name_text(thaw->arena, mname.wire);
	ns.type = CP_TYPE_NS;
	ns.values = value;
	ns.texts = text;
	return *text != NULL ? copy_record(thaw, zone, &ns) : -ENOMEM;
}

static int
delegate(struct cp_thaw *thaw, struct cp_thawed_zone *inner)
{
	const struct cp_record *ns = find_apex(inner, CP_TYPE_NS);
	const struct cp_record *soa = find_apex(inner, CP_TYPE_SOA);

	inner->is_delegated = true;
	if (ns != NULL) {
		return copy_record(thaw, inner->parent, ns);
	}
	return soa != NULL ? delegate_to_mname(thaw, inner->parent, soa) : -EBADMSG;
}

/* Could the zone around an inner one delegate it? Then the names between the two are there, and no
 * other delegation is. */
static bool
can_be_delegated(const struct cp_thaw *thaw, const struct cp_thawed_zone *inner)
{
	struct tbl_match above;

	if (inner->parent == TBL_NONE || inner->is_delegated ||
			(inner->apex[0] == 1 && inner->apex[1] == '*')) {
		return false;
	}
	above = cp_thaw_find(thaw, inner->apex + 1 + inner->apex[0]);
	return above.kind == TBL_MATCH_EXACT && above.node->cut == TBL_NONE;
}

/* Did this zone get the address already, for an NS met before? */
static bool
has_record(const struct cp_thawed_zone *zone, size_t first, const struct cp_record *record)
{
	for (size_t i = first; i < zone->cnt; i++) {
		if (zone->items[i].type == record->type &&
				tbl_name_compare(zone->items[i].owner, record->owner) == 0) {
			return true;
		}
	}
	return false;
}

/* The addresses of one server of an inner zone, as glue of the zone around it. */
static int
add_addresses(struct cp_thaw *thaw, const struct cp_thawed_zone *inner, const uint8_t *server,
		size_t first)
{
	static const uint16_t types[] = { CP_TYPE_A, CP_TYPE_AAAA };
	struct tbl_match match = cp_thaw_find(thaw, server);
	const struct cp_thawed_zone *outer = &thaw->zones[inner->parent];
	int rc = 0;

	if (match.kind != TBL_MATCH_EXACT || !is_tbl_name_within(server, inner->apex)) {
		return 0;
	}
	for (size_t t = 0; rc == 0 && t < 2 && has_room(thaw, inner->parent); t++) {
		const struct tbl_rrset *rrset = tbl_find_rrset(thaw->view, match.node, types[t]);
		struct cp_record known = { .type = types[t] };

		(void)tbl_name_lower(server, known.owner);
		if (rrset == NULL || (rrset->flags & TBL_RRSET_DYNAMIC) != 0 ||
				has_record(outer, first, &known)) {
			continue;
		}
		rc = cp_thaw_rrset(
				thaw, inner->parent, known.owner, &thaw->view->answers[rrset->ref]);
	}
	return rc;
}

/* `first`: of the outer zone's records, the first that is made up. */
static int
add_servers(struct cp_thaw *thaw, const struct cp_thawed_zone *inner, size_t first)
{
	const struct cp_record *ns = find_apex(inner, CP_TYPE_NS);
	int rc = 0;

	for (uint32_t i = 0; ns != NULL && rc == 0 && i < ns->value_cnt; i++) {
		struct tbl_name server;

		if (tbl_name_parse(ns->values[i].bytes, ns->values[i].size, &server) < 0) {
			return -EBADMSG;
		}
		rc = add_addresses(thaw, inner, server.wire, first);
	}
	return rc;
}

/* A zone's count of records says how many the image hides. First the delegations that a DS proves,
 * then others, then their glue. */
int
cp_thaw_delegations(struct cp_thaw *thaw)
{
	size_t *first = calloc(thaw->zone_cnt + 1, sizeof(*first));
	int rc = first != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < thaw->zone_cnt; i++) {
		first[i] = thaw->zones[i].cnt;
	}
	for (size_t i = 0; rc == 0 && i < thaw->zone_cnt; i++) {
		rc = thaw->zones[i].has_ds ? delegate(thaw, &thaw->zones[i]) : 0;
	}
	for (size_t i = 0; rc == 0 && i < thaw->zone_cnt; i++) {
		struct cp_thawed_zone *inner = &thaw->zones[i];

		if (can_be_delegated(thaw, inner) && has_room(thaw, inner->parent)) {
			rc = delegate(thaw, inner);
		}
	}
	for (size_t i = 0; rc == 0 && i < thaw->zone_cnt; i++) {
		const struct cp_thawed_zone *inner = &thaw->zones[i];

		if (inner->is_delegated) {
			rc = add_servers(thaw, inner, first[inner->parent]);
		}
	}
	free(first);
	return rc;
}
