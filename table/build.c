#include "table/build.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "table/build_impl.h"
#include "table/type.h"

/* Bit 31 and the empty mark of a bucket place leave this many nodes; the same for everything else
 * that is numbered, so that no u32 index can reach TBL_NONE. */
#define INDEX_MAX 0x7ffffff0u

/* How each section's elements are counted. */
static const uint32_t elem_bytes[TBL_SECTION_CNT] = {
	[TBL_SECTION_ZONES] = sizeof(struct tbl_zone),
	[TBL_SECTION_BUCKETS] = sizeof(struct tbl_bucket),
	[TBL_SECTION_NODES] = sizeof(struct tbl_node),
	[TBL_SECTION_NAMES] = 1,
	[TBL_SECTION_RRSETS] = sizeof(struct tbl_rrset),
	[TBL_SECTION_ANSWERS] = sizeof(struct tbl_answer),
	[TBL_SECTION_WIRE] = 1,
	[TBL_SECTION_CNAMES] = sizeof(struct tbl_cname),
	[TBL_SECTION_DYNS] = sizeof(struct tbl_dyn),
	[TBL_SECTION_POOLS] = sizeof(struct tbl_pool),
	[TBL_SECTION_VALUES] = sizeof(struct tbl_value),
	[TBL_SECTION_TARGETS] = sizeof(struct tbl_target),
	[TBL_SECTION_RULESETS] = sizeof(struct tbl_ruleset),
	[TBL_SECTION_RULES] = sizeof(struct tbl_rule),
	[TBL_SECTION_CLASS_RULE] = sizeof(uint16_t),
	[TBL_SECTION_SCOPES] = 1,
	[TBL_SECTION_LOC4_ROOT] = sizeof(uint32_t),
	[TBL_SECTION_LOC4_NODES] = sizeof(uint32_t),
	[TBL_SECTION_LOC6_ROOT] = sizeof(uint32_t),
	[TBL_SECTION_LOC6_NODES] = sizeof(uint32_t),
	[TBL_SECTION_LEAVES] = sizeof(struct tbl_leaf),
	[TBL_SECTION_STRINGS] = 1,
	[TBL_SECTION_SELECTION] = 1,
};

int
tbl_build_fail(struct tbl_error *error, const uint8_t *owner, uint16_t type, const char *format,
		...)
{
	char name[TBL_NAME_TEXT_MAX];
	char type_name[TBL_TYPE_NAME_MAX];
	char reason[TBL_ERROR_MAX];
	va_list args;

	va_start(args, format);
	/* It is: the line above. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	(void)tbl_name_to_text(owner, name);
	/* A long name is cut, so that the reason always has room. */
	(void)snprintf(error->text, sizeof(error->text), "%.80s%s%s: %.100s", name,
			type != 0 ? " " : "", type != 0 ? tbl_type_name(type, type_name) : "",
			reason);
	error->owner_len = tbl_name_lower(owner, error->owner);
	error->type = type;
	return -EINVAL;
}

/* Says what -ENOMEM and -E2BIG mean; other errors have their sentence already. */
static int
explain(struct tbl_error *error, int rc)
{
	if (rc == -ENOMEM) {
		(void)snprintf(error->text, sizeof(error->text), "out of memory");
	}
	if (rc == -E2BIG) {
		(void)snprintf(error->text, sizeof(error->text),
				"more than %u names, RRsets, answers or bytes of one section",
				INDEX_MAX);
	}
	return rc;
}

uint32_t
tbl_build_find(const struct tbl_builder *b, const struct tbl_name *name, uint32_t label)
{
	uint64_t hash = name->hash[label];
	size_t len = (size_t)name->len - name->off[label];
	struct tbl_map_slot *slot = tbl_map_first(&b->name_map, hash);

	for (; !is_tbl_map_free(slot); slot = tbl_map_next(&b->name_map, slot, hash)) {
		const struct tbl_build_name *known = tbl_build_name_at(b, slot->index);

		if (known->len == len &&
				memcmp(known->wire, name->wire + name->off[label], len) == 0) {
			return slot->index;
		}
	}
	return TBL_NONE;
}

static int
add_name(struct tbl_builder *b, const struct tbl_name *name, uint32_t label, const uint8_t *wire)
{
	struct tbl_build_name *added;

	if (b->names.cnt >= INDEX_MAX) {
		return -E2BIG;
	}
	if (tbl_map_reserve(&b->name_map) != 0) {
		return -ENOMEM;
	}
	added = tbl_vec_add(&b->names, 1);
	if (added == NULL) {
		return -ENOMEM;
	}
	added->wire = wire + name->off[label];
	added->hash = name->hash[label];
	added->parent = TBL_NONE;
	added->zone = TBL_NONE;
	added->cut = TBL_NONE;
	added->dname = TBL_NONE;
	added->node = TBL_NONE;
	added->len = (uint8_t)(name->len - name->off[label]);
	added->label_cnt = (uint8_t)(name->label_cnt - label);
	tbl_map_fill(&b->name_map, tbl_map_end(&b->name_map, added->hash), added->hash,
			(uint32_t)(b->names.cnt - 1));
	return 0;
}

/* Finds or adds a name and all its ancestors. Whatever is there already has all of its own, so the
 * walk ends at the first that is. */
static int
intern_name(struct tbl_builder *b, const struct tbl_name *name, uint32_t *ret_name)
{
	uint32_t child = TBL_NONE;
	const uint8_t *wire = NULL;

	for (uint32_t label = 0; label <= name->label_cnt; label++) {
		uint32_t known = tbl_build_find(b, name, label);
		bool is_new = known == TBL_NONE;

		if (is_new && wire == NULL) {
			wire = tbl_arena_bytes(&b->arena, name->wire, name->len);
			if (wire == NULL) {
				return -ENOMEM;
			}
		}
		if (is_new) {
			int rc = add_name(b, name, label, wire);

			if (rc != 0) {
				return rc;
			}
			known = (uint32_t)(b->names.cnt - 1);
		}
		if (child == TBL_NONE) {
			*ret_name = known;
		} else {
			tbl_build_name_at(b, child)->parent = known;
		}
		if (!is_new) {
			break;
		}
		child = known;
	}
	return 0;
}

int
tbl_build_string(struct tbl_builder *b, const char *text, uint32_t *ret_off)
{
	struct tbl_vec *strings = &b->out[TBL_SECTION_STRINGS];
	size_t len = strlen(text);
	uint64_t hash = XXH3_64bits(text, len);
	struct tbl_map_slot *slot;
	char *added;

	if (tbl_map_reserve(&b->string_map) != 0) {
		return -ENOMEM;
	}
	slot = tbl_map_first(&b->string_map, hash);
	for (; !is_tbl_map_free(slot); slot = tbl_map_next(&b->string_map, slot, hash)) {
		if (strcmp((const char *)strings->items + slot->index, text) == 0) {
			*ret_off = slot->index;
			return 0;
		}
	}
	if (len >= INDEX_MAX - strings->cnt) {
		return -E2BIG;
	}
	added = tbl_vec_add(strings, len + 1);
	if (added == NULL) {
		return -ENOMEM;
	}
	memcpy(added, text, len + 1);
	*ret_off = (uint32_t)(strings->cnt - len - 1);
	tbl_map_fill(&b->string_map, slot, hash, *ret_off);
	return 0;
}

int
tbl_builder_new(const struct tbl_build_params *params, struct tbl_builder **ret_builder)
{
	static const uint8_t root[1] = { 0 };
	struct tbl_builder *b;
	struct tbl_name name;
	uint32_t off;

	if (params->generation == 0) {
		return -EINVAL;
	}
	b = calloc(1, sizeof(*b));
	if (b == NULL) {
		return -ENOMEM;
	}
	b->params = *params;
	b->names.elem_bytes = sizeof(struct tbl_build_name);
	b->zones.elem_bytes = sizeof(struct tbl_build_zone);
	b->rrsets.elem_bytes = sizeof(struct tbl_build_rrset);
	for (size_t kind = 0; kind < TBL_SECTION_CNT; kind++) {
		b->out[kind].elem_bytes = elem_bytes[kind];
	}
	(void)tbl_name_parse(root, sizeof(root), &name);
	tbl_name_hash(&name, b->params.hash_seed);
	/* The root is names[0], the empty text is string 0. */
	if (tbl_map_reserve(&b->name_map) != 0 || intern_name(b, &name, &off) != 0 ||
			tbl_build_string(b, "", &off) != 0 || tbl_wire_new(&b->wire) != 0) {
		tbl_builder_free(b);
		return -ENOMEM;
	}
	*ret_builder = b;
	return 0;
}

void
tbl_builder_free(struct tbl_builder *builder)
{
	if (builder == NULL) {
		return;
	}
	for (size_t kind = 0; kind < TBL_SECTION_CNT; kind++) {
		tbl_vec_free(&builder->out[kind]);
	}
	tbl_vec_free(&builder->names);
	tbl_vec_free(&builder->zones);
	tbl_vec_free(&builder->rrsets);
	tbl_map_free(&builder->name_map);
	tbl_map_free(&builder->answer_map);
	tbl_map_free(&builder->long_name_map);
	tbl_map_free(&builder->string_map);
	tbl_map_free(&builder->target_map);
	tbl_arena_free(&builder->arena);
	tbl_wire_free(builder->wire);
	free(builder->order);
	free(builder->grouped);
	free(builder);
}

int
tbl_builder_add_zone(struct tbl_builder *builder, const uint8_t *apex, uint32_t *ret_zone,
		struct tbl_error *ret_error)
{
	struct tbl_name name;
	struct tbl_build_zone *zone;
	uint32_t id = 0;
	int rc;

	if (tbl_name_parse(apex, TBL_NAME_MAX, &name) < 0) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text),
				"zone: apex is not a name");
		return -EINVAL;
	}
	tbl_name_hash(&name, builder->params.hash_seed);
	rc = intern_name(builder, &name, &id);
	if (rc == 0 && (tbl_build_name_at(builder, id)->flags & BUILD_APEX) != 0) {
		return tbl_build_fail(ret_error, apex, 0, "zone given twice");
	}
	zone = rc == 0 ? tbl_vec_add(&builder->zones, 1) : NULL;
	if (zone == NULL) {
		return explain(ret_error, rc != 0 ? rc : -ENOMEM);
	}
	zone->name = id;
	*ret_zone = (uint32_t)(builder->zones.cnt - 1);
	tbl_build_name_at(builder, id)->flags |= BUILD_APEX;
	tbl_build_name_at(builder, id)->zone = *ret_zone;
	return 0;
}

void
tbl_builder_follow_generation(struct tbl_builder *builder, uint32_t zone)
{
	tbl_build_zone_at(builder, zone)->follows_generation = true;
}

void
tbl_builder_ignore_ecs(struct tbl_builder *builder, uint32_t zone)
{
	tbl_build_zone_at(builder, zone)->flags |= TBL_ZONE_NO_ECS;
}

/* What every RRset has to be, static or dynamic. Fills *name from the owner. */
static int
check_owner(const struct tbl_builder *b, uint32_t zone, const uint8_t *owner, uint16_t type,
		struct tbl_name *name, struct tbl_error *error)
{
	static const uint8_t root[1] = { 0 };
	const struct tbl_build_name *apex;

	if (tbl_name_parse(owner, TBL_NAME_MAX, name) < 0 || zone >= b->zones.cnt) {
		return tbl_build_fail(error, root, type, "owner is not a name, or no such zone");
	}
	apex = tbl_build_name_at(b, tbl_build_zone_at(b, zone)->name);
	if (!is_tbl_name_within(name->wire, apex->wire)) {
		return tbl_build_fail(error, owner, type, "is outside its zone");
	}
	/* 0 is reserved, OPT is no data, 128..255 are questions and meta types (RFC 6895 §3.1). */
	if (type == 0 || type == TBL_TYPE_OPT || (type >= 128 && type <= 255)) {
		return tbl_build_fail(error, owner, type, "is not a type that a zone can hold");
	}
	return 0;
}

static int
check_records(const uint8_t *owner, uint16_t type, uint32_t ttl_s, const struct tbl_rdata *records,
		uint32_t record_cnt, struct tbl_error *error)
{
	if (ttl_s > TBL_TTL_MAX) {
		return tbl_build_fail(
				error, owner, type, "TTL %u s is over %u", ttl_s, TBL_TTL_MAX);
	}
	if (record_cnt == 0) {
		return tbl_build_fail(error, owner, type, "has no records");
	}
	if (record_cnt > TBL_RRSET_RECORDS_MAX) {
		return tbl_build_fail(error, owner, type, "has %u records, more than %u",
				record_cnt, TBL_RRSET_RECORDS_MAX);
	}
	for (uint32_t i = 0; i < record_cnt; i++) {
		const char *wrong = tbl_rdata_check(type, &records[i]);

		if (wrong != NULL) {
			return tbl_build_fail(error, owner, type, "record %u: %s", i + 1, wrong);
		}
	}
	return 0;
}

static bool
has_record(uint16_t type, const struct tbl_rdata *records, uint32_t cnt,
		const struct tbl_rdata *record)
{
	for (uint32_t i = 0; i < cnt; i++) {
		if (is_tbl_same_rdata(type, &records[i], record)) {
			return true;
		}
	}
	return false;
}

struct tbl_rdata *
tbl_build_copy_records(struct tbl_builder *b, uint16_t type, const struct tbl_rdata *records,
		uint32_t record_cnt, uint32_t *ret_cnt)
{
	struct tbl_rdata *copy = tbl_arena_alloc(&b->arena, record_cnt * sizeof(*copy));
	uint32_t cnt = 0;

	for (uint32_t i = 0; copy != NULL && i < record_cnt; i++) {
		if (has_record(type, copy, cnt, &records[i])) {
			continue;
		}
		copy[cnt].size = records[i].size;
		copy[cnt].bytes = tbl_arena_bytes(&b->arena, records[i].bytes, records[i].size);
		if (copy[cnt++].bytes == NULL) {
			return NULL;
		}
	}
	*ret_cnt = cnt;
	return copy;
}

/* Interns the owner and appends an RRset, all of it but `name` filled in by the caller. */
static int
append_rrset(struct tbl_builder *b, struct tbl_name *owner, const struct tbl_build_rrset *rrset)
{
	struct tbl_build_rrset *added;
	uint32_t name = 0;
	int rc;

	tbl_name_hash(owner, b->params.hash_seed);
	rc = intern_name(b, owner, &name);
	if (rc != 0) {
		return rc;
	}
	if (b->rrsets.cnt >= INDEX_MAX) {
		return -E2BIG;
	}
	added = tbl_vec_add(&b->rrsets, 1);
	if (added == NULL) {
		return -ENOMEM;
	}
	*added = *rrset;
	added->name = name;
	b->has_dname = b->has_dname || rrset->type == TBL_TYPE_DNAME;
	tbl_build_zone_at(b, rrset->zone)->rrset_cnt++;
	return 0;
}

int /* NOLINTNEXTLINE(readability-function-size): a record has this many parts */
tbl_builder_add_rrset(struct tbl_builder *builder, uint32_t zone, const uint8_t *owner,
		uint16_t type, uint32_t ttl_s, const struct tbl_rdata *records, uint32_t record_cnt,
		struct tbl_error *ret_error)
{
	struct tbl_build_rrset rrset = { .zone = zone, .type = type, .ttl_s = ttl_s };
	struct tbl_name name;
	uint32_t cnt;
	int rc = check_owner(builder, zone, owner, type, &name, ret_error);

	if (rc == 0) {
		rc = check_records(owner, type, ttl_s, records, record_cnt, ret_error);
	}
	if (rc != 0) {
		return rc;
	}
	rrset.records = tbl_build_copy_records(builder, type, records, record_cnt, &cnt);
	if (rrset.records == NULL) {
		return explain(ret_error, -ENOMEM);
	}
	rrset.record_cnt = (uint16_t)cnt;
	return explain(ret_error, append_rrset(builder, &name, &rrset));
}

int /* NOLINTNEXTLINE(readability-function-size): a record has this many parts */
tbl_builder_add_dynamic(struct tbl_builder *builder, uint32_t zone, const uint8_t *owner,
		uint16_t type, uint32_t ttl_s, const struct tbl_dyn_input *input,
		struct tbl_error *ret_error)
{
	struct tbl_build_rrset rrset = { .zone = zone, .type = type, .ttl_s = ttl_s };
	struct tbl_name name;
	int rc = check_owner(builder, zone, owner, type, &name, ret_error);

	if (rc == 0) {
		rc = tbl_dyn_check(builder, owner, type, input, ret_error);
	}
	if (rc == 0) {
		rc = check_records(owner, type, ttl_s, input->last_resort, input->last_resort_cnt,
				ret_error);
	}
	if (rc != 0) {
		return rc;
	}
	rrset.dyn = tbl_dyn_copy(builder, type, input);
	if (rrset.dyn == NULL) {
		return explain(ret_error, -ENOMEM);
	}
	rrset.records = rrset.dyn->last_resort;
	rrset.record_cnt = (uint16_t)rrset.dyn->last_resort_cnt;
	return explain(ret_error, append_rrset(builder, &name, &rrset));
}

int
tbl_builder_finish(struct tbl_builder *builder, void **ret_image, size_t *ret_size,
		struct tbl_error *ret_error)
{
	int rc = tbl_build_tree(builder, ret_error);

	if (rc == 0) {
		rc = tbl_build_answers(builder, ret_error);
	}
	if (rc == 0) {
		rc = tbl_build_buckets(builder, ret_error);
	}
	if (rc == 0) {
		rc = tbl_build_layout(builder, ret_image, ret_size);
	}
	return explain(ret_error, rc);
}
