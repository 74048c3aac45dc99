#include "control/thaw.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/dns.h"

#include "control/present_impl.h"
#include "control/rdata.h"
#include "control/thaw_impl.h"
#include "control/unpack.h"

/* What an answer's pointers were stored for: itself behind a question of its owner. */
#define MESSAGE_MAX (TBL_MESSAGE_HEADER_BYTES + TBL_NAME_MAX + TBL_QUESTION_TAIL_BYTES + UINT16_MAX)

void
cp_thaw_open(struct cp_thaw *thaw, const uint8_t *owner, const struct tbl_answer *answer)
{
	uint8_t lower[TBL_NAME_MAX];
	size_t owner_len = tbl_name_lower(owner, lower);

	memcpy(thaw->message + TBL_MESSAGE_HEADER_BYTES, lower, owner_len);
	thaw->off = TBL_MESSAGE_HEADER_BYTES + owner_len + TBL_QUESTION_TAIL_BYTES;
	memcpy(thaw->message + thaw->off, thaw->view->wire + answer->wire_off, answer->wire_len);
	thaw->message_len = thaw->off + answer->wire_len;
}

int
cp_thaw_next(struct cp_thaw *thaw, struct cp_thawed_rr *ret_rr)
{
	uint8_t owner[TBL_NAME_MAX];
	size_t off = 0;
	const uint8_t *fixed = NULL;
	size_t size = 0;
	int len = cp_unpack_name(thaw->message, thaw->message_len, thaw->off, owner, &off);

	if (len < 0 || thaw->message_len - off < TBL_RECORD_FIXED_BYTES) {
		return -EBADMSG;
	}
	fixed = thaw->message + off;
	off += TBL_RECORD_FIXED_BYTES;
	size = cp_read_be16(fixed + 8);
	if (size > thaw->message_len - off) {
		return -EBADMSG;
	}
	(void)tbl_name_lower(owner, ret_rr->owner);
	ret_rr->type = cp_read_be16(fixed);
	ret_rr->ttl_s = cp_read_be32(fixed + 4);
	thaw->off = off + size;
	len = cp_unpack_rdata(
			thaw->message, thaw->message_len, off, size, ret_rr->type, thaw->plain);
	if (len < 0 || len > UINT16_MAX) {
		return -EBADMSG;
	}
	ret_rr->rdata.size = (uint16_t)len;
	ret_rr->rdata.bytes =
			(const uint8_t *)conf_arena_copy(thaw->arena, thaw->plain, (size_t)len);
	return ret_rr->rdata.bytes != NULL ? 0 : -ENOMEM;
}

/* RDATA that is not what its type should be, which a master file can give as RFC 3597 has it, is
 * shown so too. */
static int
make_text(struct cp_thaw *thaw, const struct cp_thawed_rr *rr, char **ret_text)
{
	static const uint16_t formless = 0; /* reserved: has no form, so gets the generic one */
	int rc = cp_rdata_text(thaw->arena, rr->rdata.bytes, rr->rdata.size, rr->type, ret_text);

	return rc != -EBADMSG ? rc
	                      : cp_rdata_text(thaw->arena, rr->rdata.bytes, rr->rdata.size,
						formless, ret_text);
}

/* Names that differed in case alone may be written the same here: what the builder stores of them is
 * a pointer to one of them. */
static bool
has_value(const struct cp_record *record, const struct tbl_rdata *rdata)
{
	for (uint32_t i = 0; i < record->value_cnt; i++) {
		if (record->values[i].size == rdata->size &&
				memcmp(record->values[i].bytes, rdata->bytes, rdata->size) == 0) {
			return true;
		}
	}
	return false;
}

int
cp_thaw_values(struct cp_thaw *thaw, uint32_t cnt, struct cp_record *record)
{
	record->values = conf_arena_alloc(thaw->arena, cnt, sizeof(*record->values));
	record->texts = conf_arena_alloc(thaw->arena, cnt, sizeof(*record->texts));
	if (record->values == NULL || record->texts == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < cnt; i++) {
		struct cp_thawed_rr rr;
		int rc = cp_thaw_next(thaw, &rr);

		if (rc == 0 && has_value(record, &rr.rdata)) {
			continue;
		}
		rc = rc == 0 ? make_text(thaw, &rr, &record->texts[record->value_cnt]) : rc;
		if (rc != 0) {
			return rc;
		}
		record->values[record->value_cnt++] = rr.rdata;
		record->type = rr.type;
		record->ttl_s = rr.ttl_s;
	}
	return 0;
}

struct cp_record *
cp_thaw_add(struct cp_thaw *thaw, uint32_t zone, const uint8_t *owner)
{
	struct cp_thawed_zone *thawed = &thaw->zones[zone];
	struct cp_record *record = NULL;

	if (thawed->cnt == thawed->room) {
		return NULL;
	}
	record = &thawed->items[thawed->cnt++];
	(void)tbl_name_lower(owner, record->owner);
	record->file = thawed->name;
	return record;
}

int
cp_thaw_rrset(struct cp_thaw *thaw, uint32_t zone, const uint8_t *owner,
		const struct tbl_answer *answer)
{
	struct cp_record *record = cp_thaw_add(thaw, zone, owner);

	if (record == NULL) {
		return -EBADMSG;
	}
	record->fqdn = cp_name_text(thaw->arena, record->owner);
	if (record->fqdn == NULL) {
		return -ENOMEM;
	}
	cp_thaw_open(thaw, owner, answer);
	return cp_thaw_values(thaw, answer->rr_cnt, record);
}

struct tbl_match
cp_thaw_find(const struct cp_thaw *thaw, const uint8_t *name)
{
	static const struct tbl_match none = { .node = NULL, .kind = TBL_MATCH_NONE };
	struct tbl_name parsed;

	if (tbl_name_parse(name, TBL_NAME_MAX, &parsed) < 0) {
		return none;
	}
	tbl_name_hash(&parsed, thaw->view->header->hash_seed);
	return tbl_find(thaw->view, &parsed);
}

/* Zones, in the image's order: by canonical order of apex, so that one comes after the zone it is
 * in. */

static int
begin_zone(struct cp_thaw *thaw, uint32_t number)
{
	const struct tbl_zone *zone = &thaw->view->zones[number];
	struct cp_thawed_zone *thawed = &thaw->zones[number];
	const char *name = thaw->view->strings + zone->name_str;
	const uint8_t *apex = tbl_node_name(thaw->view, &thaw->view->nodes[zone->apex]);

	(void)tbl_name_lower(apex, thawed->apex);
	thawed->parent = TBL_NONE;
	if (apex[0] != 0) { /* not the root */
		struct tbl_match around = cp_thaw_find(thaw, thawed->apex + 1 + apex[0]);

		thawed->parent = around.node != NULL ? around.node->zone : TBL_NONE;
	}
	thawed->room = zone->record_cnt;
	thawed->items = conf_arena_alloc(thaw->arena, thawed->room, sizeof(*thawed->items));
	thawed->name = conf_arena_copy(thaw->arena, name, strlen(name));
	return thawed->items != NULL && thawed->name != NULL ? 0 : -ENOMEM;
}

static int
thaw_static(struct cp_thaw *thaw, const struct tbl_node *node, const struct tbl_rrset *rrset)
{
	const struct tbl_answer *answer = &thaw->view->answers[rrset->ref];
	const uint8_t *owner = tbl_node_name(thaw->view, node);
	struct cp_thawed_zone *zone = &thaw->zones[node->zone];
	uint32_t giver = node->zone;
	int rc = 0;

	/* A DS at an apex is the word of the zone around it (RFC 4035 §2.4). */
	if (rrset->type == CP_TYPE_DS && (node->flags & TBL_NODE_APEX) != 0) {
		giver = zone->parent;
		zone->has_ds = true;
	}
	if (rrset->type == CP_TYPE_SOA) {
		zone->has_own_soa = (answer->flags & TBL_ANSWER_SERIAL) == 0;
	}
	rc = giver != TBL_NONE ? cp_thaw_rrset(thaw, giver, owner, answer) : -EBADMSG;
	return rc == 0 ? cp_thaw_glue(thaw, answer->extra_cnt) : rc;
}

static int
thaw_node(struct cp_thaw *thaw, const struct tbl_node *node)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < node->rrset_cnt; i++) {
		const struct tbl_rrset *rrset = &thaw->view->rrsets[node->rrset_first + i];

		if ((rrset->flags & TBL_RRSET_DYNAMIC) != 0) {
			rc = cp_thaw_dynamic(thaw, node, &thaw->view->dyns[rrset->ref]);
		} else {
			rc = thaw_static(thaw, node, rrset);
		}
	}
	return rc;
}

static int
thaw_all(struct cp_thaw *thaw)
{
	size_t node_cnt = (size_t)thaw->view->header->sections[TBL_SECTION_NODES].cnt;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < thaw->zone_cnt; i++) {
		rc = begin_zone(thaw, i);
	}
	for (size_t i = 0; rc == 0 && i < node_cnt; i++) {
		rc = thaw_node(thaw, &thaw->view->nodes[i]);
	}
	if (rc == 0) {
		rc = cp_thaw_merge_glue(thaw);
	}
	return rc == 0 ? cp_thaw_delegations(thaw) : rc;
}

/* The set */

/* Every zone begins with its SOA. */
static void
put_soa_first(struct cp_thawed_zone *zone)
{
	for (size_t i = 0; i < zone->cnt; i++) {
		struct cp_record record = zone->items[i];

		if (record.type == CP_TYPE_SOA) {
			zone->items[i] = zone->items[0];
			zone->items[0] = record;
			return;
		}
	}
}

static int
compare_zones(const void *a, const void *b)
{
	const struct cp_zone *x = a;
	const struct cp_zone *y = b;

	return strcmp(x->name, y->name);
}

static int
make_set(struct cp_thaw *thaw, struct cp_zones *set)
{
	set->items = conf_arena_alloc(thaw->arena, thaw->zone_cnt, sizeof(*set->items));
	if (set->items == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < thaw->zone_cnt; i++) {
		struct cp_thawed_zone *zone = &thaw->zones[i];

		put_soa_first(zone);
		set->items[i] = (struct cp_zone){ .name = zone->name,
			.file = zone->name,
			.records = zone->items,
			.record_cnt = zone->cnt,
			.has_own_soa = zone->has_own_soa,
			/* Canonical order, as the image's. */
			.ignores_ecs = (thaw->view->zones[i].flags & TBL_ZONE_NO_ECS) != 0 };
		memcpy(set->items[i].apex, zone->apex, sizeof(zone->apex));
	}
	qsort(set->items, thaw->zone_cnt, sizeof(*set->items), compare_zones);
	set->cnt = thaw->zone_cnt;
	return 0;
}

static int
run(struct cp_thaw *thaw, struct cp_zones *set)
{
	const struct tbl_section *sections = thaw->view->header->sections;
	size_t ruleset_cnt = (size_t)sections[TBL_SECTION_RULESETS].cnt;
	int rc = -ENOMEM;

	thaw->zone_cnt = (size_t)sections[TBL_SECTION_ZONES].cnt;
	thaw->zones = calloc(thaw->zone_cnt + 1, sizeof(*thaw->zones));
	thaw->rules = calloc(ruleset_cnt + 1, sizeof(struct tbl_rule_input *));
	thaw->message = calloc(1, MESSAGE_MAX + CP_UNPACKED_MAX);
	if (thaw->zones != NULL && thaw->rules != NULL && thaw->message != NULL) {
		thaw->plain = thaw->message + MESSAGE_MAX;
		rc = thaw_all(thaw);
	}
	if (rc == 0) {
		rc = make_set(thaw, set);
	}
	for (size_t i = 0; i < thaw->glue_cnt; i++) {
		free(thaw->glue[i]);
	}
	free(thaw->glue);
	free(thaw->message);
	free(thaw->rules);
	free(thaw->zones);
	return rc;
}

int
cp_thaw(const struct tbl_view *view, struct cp_zones **ret_zones)
{
	struct cp_thaw thaw = { .view = view, .arena = conf_arena_new() };
	struct cp_zones *set = calloc(1, sizeof(*set));
	int rc = thaw.arena != NULL && set != NULL ? run(&thaw, set) : -ENOMEM;

	if (rc != 0) {
		conf_arena_free(thaw.arena);
		free(set);
		return rc;
	}
	set->arena = thaw.arena;
	*ret_zones = set;
	return 0;
}
