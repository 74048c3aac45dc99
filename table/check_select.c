#include "table/check_impl.h"
#include "table/seal.h"
#include "table/view_impl.h"

static int
check_header(struct tbl_check *check, const struct tbl_select_header *s, size_t size)
{
	if (size < sizeof(*s)) {
		return tbl_check_fail(check, "selection: %zu bytes, shorter than a header", size);
	}
	if (s->magic != TBL_SELECT_MAGIC) {
		return tbl_check_fail(check, "selection: not a selection (wrong magic number)");
	}
	if (s->version != TBL_VERSION || s->header_bytes != sizeof(*s)) {
		return tbl_check_fail(check,
				"selection: version %u with a header of %u bytes, not %u with %zu",
				s->version, s->header_bytes, TBL_VERSION, sizeof(*s));
	}
	if (s->image_bytes != size) {
		return tbl_check_fail(check, "selection: an image of %llu bytes, but there are %zu",
				(unsigned long long)s->image_bytes, size);
	}
	if (tbl_seal_selection(s, size) != s->checksum) {
		return tbl_check_fail(check, "selection: wrong checksum");
	}
	return 0;
}

static int
check_header_fields(struct tbl_check *check, const struct tbl_select_header *s, uint64_t generation)
{
	uint64_t reserved = s->reserved;

	for (size_t i = 0; i < sizeof(s->reserved2) / sizeof(s->reserved2[0]); i++) {
		reserved |= s->reserved2[i];
	}
	if (reserved != 0) {
		return tbl_check_fail(check, "selection: reserved bytes are not zero");
	}
	if (s->table_generation != generation) {
		return tbl_check_fail(check,
				"selection: for the table of generation %llu, not %llu",
				(unsigned long long)s->table_generation,
				(unsigned long long)generation);
	}
	if (s->slot_cnt != check->view.header->slot_cnt) {
		return tbl_check_fail(check, "selection: %u slots, but the table has %u",
				s->slot_cnt, check->view.header->slot_cnt);
	}
	return 0;
}

/* One of the three arrays: aligned, behind the one before, within the image. */
static int
check_part(struct tbl_check *check, const char *name, uint64_t off, uint64_t bytes, uint64_t *end)
{
	uint64_t image_bytes = check->view.select->image_bytes;

	if (off % TBL_ALIGN_BYTES != 0 || off < *end || !is_tbl_range(off, bytes, image_bytes)) {
		return tbl_check_fail(check, "selection: %s at %llu, %llu bytes, are out of place",
				name, (unsigned long long)off, (unsigned long long)bytes);
	}
	*end = off + bytes;
	return 0;
}

static int
check_parts(struct tbl_check *check, const struct tbl_select_header *s)
{
	uint64_t end = sizeof(*s);
	int rc = check_part(check, "slots", s->slots_off, (uint64_t)s->slot_cnt * sizeof(uint32_t),
			&end);

	if (rc == 0) {
		rc = check_part(check, "sets", s->sets_off,
				(uint64_t)s->set_cnt * sizeof(struct tbl_set), &end);
	}
	if (rc == 0) {
		rc = check_part(check, "aliases", s->aliases_off,
				(uint64_t)s->alias_cnt * sizeof(struct tbl_alias), &end);
	}
	if (rc == 0 && s->image_bytes - end >= TBL_ALIGN_BYTES) {
		return tbl_check_fail(check, "selection: %llu bytes behind the aliases",
				(unsigned long long)(s->image_bytes - end));
	}
	return rc;
}

/* Looks for a pool's value with this answer from *place on, round once; *place stays where it is
 * found: entries of an alias table come in the order of the values, or repeat one. */
static int
find_value(struct tbl_check *check, const struct tbl_pool *pool, uint32_t answer, uint32_t *place)
{
	const struct tbl_value *values = check->view.values + pool->value_first;

	for (uint32_t steps = 1; steps <= pool->value_cnt; steps++) {
		if (values[*place].answer == answer) {
			return tbl_check_spend(check, steps / 16);
		}
		*place = *place + 1 < pool->value_cnt ? *place + 1 : 0;
	}
	return tbl_check_fail(check, "selection: answer %u is none of its pool's", answer);
}

/* Every answer a set can give is one of its pool's values. */
static int
check_set(struct tbl_check *check, uint32_t index)
{
	const struct tbl_view *view = &check->view;
	const struct tbl_set *set = &view->sets[index];
	const struct tbl_pool *pool;
	uint32_t answer_place = 0;
	uint32_t other_place = 0;
	int rc;

	if (set->cnt == 0 || !is_tbl_range(set->alias_first, set->cnt, view->select->alias_cnt)) {
		return tbl_check_fail(check, "selection: sets[%u]: %u entries from %u on", index,
				set->cnt, set->alias_first);
	}
	rc = tbl_check_spend(check, set->cnt);
	if (rc != 0 || set->pool == TBL_NONE) {
		return rc; /* last resorts are compared where a slot names them */
	}
	if (set->pool >= tbl_check_cnt(check, TBL_SECTION_POOLS)) {
		return tbl_check_fail(check, "selection: sets[%u]: pool %u does not exist", index,
				set->pool);
	}
	pool = &view->pools[set->pool];
	for (uint32_t i = 0; rc == 0 && i < set->cnt; i++) {
		const struct tbl_alias *alias = &view->aliases[set->alias_first + i];

		rc = find_value(check, pool, alias->answer, &answer_place);
		if (rc == 0) {
			rc = find_value(check, pool, alias->other, &other_place);
		}
	}
	return rc;
}

/* A slot of a record holds a set of one of its pools, or its last resort alone. */
static int
check_slot(struct tbl_check *check, const struct tbl_dyn *dyn, uint32_t slot, bool has_rule)
{
	const struct tbl_view *view = &check->view;
	const struct tbl_alias *alias;
	const struct tbl_set *set;

	if (view->slots[slot] >= view->select->set_cnt) {
		return tbl_check_fail(check, "selection: slots[%u]: set %u does not exist", slot,
				view->slots[slot]);
	}
	set = &view->sets[view->slots[slot]];
	if (set->pool != TBL_NONE) {
		if (!has_rule || set->pool < dyn->pool_first ||
				set->pool - dyn->pool_first >= dyn->pool_cnt) {
			return tbl_check_fail(check,
					"selection: slots[%u]: pool %u is not its record's", slot,
					set->pool);
		}
		return 0;
	}
	alias = &view->aliases[set->alias_first];
	if (set->cnt != 1 || alias->answer != dyn->last_resort ||
			alias->other != dyn->last_resort) {
		return tbl_check_fail(
				check, "selection: slots[%u]: not its record's last resort", slot);
	}
	return 0;
}

static int
check_slots(struct tbl_check *check)
{
	const struct tbl_view *view = &check->view;
	int rc = 0;

	for (uint64_t d = 0; rc == 0 && d < tbl_check_cnt(check, TBL_SECTION_DYNS); d++) {
		const struct tbl_dyn *dyn = &view->dyns[d];
		uint32_t rule_cnt = view->rulesets[dyn->ruleset].rule_cnt;

		for (uint32_t rule = 0; rc == 0 && rule <= rule_cnt; rule++) {
			rc = check_slot(check, dyn, dyn->slot_first + rule, rule < rule_cnt);
		}
	}
	return rc;
}

int
tbl_check_select(struct tbl_check *check, size_t size, uint64_t table_generation)
{
	const struct tbl_select_header *s = check->view.select;
	int rc = check_header(check, s, size);

	if (rc == 0) {
		rc = check_header_fields(check, s, table_generation);
	}
	if (rc == 0) {
		rc = check_parts(check, s);
	}
	if (rc != 0) {
		return rc;
	}
	tbl_view_init_select(&check->view);
	for (uint32_t i = 0; rc == 0 && i < s->set_cnt; i++) {
		rc = check_set(check, i);
	}
	return rc != 0 ? rc : check_slots(check);
}
