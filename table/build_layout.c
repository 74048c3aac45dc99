#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/build_impl.h"
#include "table/location_impl.h"
#include "table/seal.h"
#include "table/select_impl.h"

/* Where a section's elements come from: the builder, or the location as it is. */
struct part {
	const void *items;
	uint64_t cnt;
};

static uint64_t
align_up(uint64_t bytes)
{
	return (bytes + TBL_ALIGN_BYTES - 1) & ~(uint64_t)(TBL_ALIGN_BYTES - 1);
}

/* Without dynamic records no address needs telling apart: one leaf a family, one class. */
static int
make_trivial_location(struct tbl_builder *b)
{
	uint32_t *root4 = tbl_vec_add(&b->out[TBL_SECTION_LOC4_ROOT], TBL_LOC_ROOT_CNT);
	uint32_t *root6 = tbl_vec_add(&b->out[TBL_SECTION_LOC6_ROOT], TBL_LOC_ROOT_CNT);
	struct tbl_leaf *leaves = tbl_vec_add(&b->out[TBL_SECTION_LEAVES], 2);

	if (root4 == NULL || root6 == NULL || leaves == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < TBL_LOC_ROOT_CNT; i++) {
		root4[i] = TBL_LOC_LEAF << TBL_LOC_KIND_SHIFT | 0u;
		root6[i] = TBL_LOC_LEAF << TBL_LOC_KIND_SHIFT | 1u;
	}
	return 0;
}

/* The rules of a location with their texts among the image's strings. */
static int
make_rules(struct tbl_builder *b)
{
	const struct tbl_location *location = b->params.location;
	struct tbl_rule *rules = tbl_vec_add(&b->out[TBL_SECTION_RULES], location->rule_cnt);
	int rc = rules != NULL ? 0 : -ENOMEM;

	for (uint32_t i = 0; rc == 0 && i < location->rule_cnt; i++) {
		rules[i].pool = location->rules[i].pool;
		rc = tbl_build_string(b, location->rules[i].geos, &rules[i].geos_str);
		if (rc == 0) {
			rc = tbl_build_string(b, location->rules[i].subnets, &rules[i].subnets_str);
		}
	}
	return rc;
}

static int
make_geo_texts(struct tbl_builder *b)
{
	const struct tbl_build_params *p = &b->params;
	int rc = tbl_build_string(b, p->geo_description != NULL ? p->geo_description : "",
			&b->geo_description_str);

	return rc != 0 ? rc
	               : tbl_build_string(b, p->geo_places != NULL ? p->geo_places : "",
					 &b->geo_places_str);
}

static void
collect_parts(const struct tbl_builder *b, struct part parts[TBL_SECTION_CNT])
{
	const struct tbl_location *l = b->params.location;

	for (size_t kind = 0; kind < TBL_SECTION_CNT; kind++) {
		parts[kind] = (struct part){ b->out[kind].items, b->out[kind].cnt };
	}
	if (l != NULL) {
		parts[TBL_SECTION_RULESETS] = (struct part){ l->rulesets, l->ruleset_cnt };
		parts[TBL_SECTION_CLASS_RULE] = (struct part){ l->class_rule,
			(uint64_t)l->ruleset_cnt * l->class_cnt };
		parts[TBL_SECTION_SCOPES] =
				(struct part){ l->scopes, (uint64_t)l->ruleset_cnt * l->leaf_cnt };
		parts[TBL_SECTION_LOC4_ROOT] = (struct part){ l->loc4_root, TBL_LOC_ROOT_CNT };
		parts[TBL_SECTION_LOC4_NODES] = (struct part){ l->loc4_nodes, l->loc4_node_cnt };
		parts[TBL_SECTION_LOC6_ROOT] = (struct part){ l->loc6_root, TBL_LOC_ROOT_CNT };
		parts[TBL_SECTION_LOC6_NODES] = (struct part){ l->loc6_nodes, l->loc6_node_cnt };
		parts[TBL_SECTION_LEAVES] = (struct part){ l->leaves, l->leaf_cnt };
	}
}

static struct tbl_select_source
select_source(const struct tbl_builder *b, const struct part *parts)
{
	return (struct tbl_select_source){
		.dyns = parts[TBL_SECTION_DYNS].items,
		.pools = parts[TBL_SECTION_POOLS].items,
		.values = parts[TBL_SECTION_VALUES].items,
		.rulesets = parts[TBL_SECTION_RULESETS].items,
		.rules = parts[TBL_SECTION_RULES].items,
		.dyn_cnt = parts[TBL_SECTION_DYNS].cnt,
		.pool_cnt = parts[TBL_SECTION_POOLS].cnt,
		.slot_cnt = b->slot_cnt,
	};
}

/* Gives each section its place. Returns the image's size. */
static uint64_t
place_sections(const struct tbl_builder *b, const struct part *parts, struct tbl_section *sections)
{
	uint64_t off = TBL_HEADER_BYTES;

	for (size_t kind = 0; kind < TBL_SECTION_CNT; kind++) {
		sections[kind].off = off;
		sections[kind].cnt = parts[kind].cnt;
		sections[kind].elem_bytes = (uint32_t)b->out[kind].elem_bytes;
		off = align_up(off + parts[kind].cnt * b->out[kind].elem_bytes);
	}
	return off;
}

static void
fill_header(const struct tbl_builder *b, uint64_t size, struct tbl_header *header)
{
	const struct tbl_location *location = b->params.location;

	header->magic = TBL_MAGIC;
	header->version = TBL_VERSION;
	header->header_bytes = TBL_HEADER_BYTES;
	header->image_bytes = size;
	header->hash_seed[0] = b->params.hash_seed[0];
	header->hash_seed[1] = b->params.hash_seed[1];
	header->section_cnt = TBL_SECTION_CNT;
	header->max_label_cnt = b->max_label_cnt;
	header->class_cnt = location != NULL ? location->class_cnt : 1;
	header->leaf4_cnt = location != NULL ? location->leaf4_cnt : 1;
	header->slot_cnt = b->slot_cnt;
	header->geo_built_unix_s = b->params.geo_built_unix_s;
	header->geo_description_str = b->geo_description_str;
	header->geo_places_str = b->geo_places_str;
}

void
tbl_reseal(void *image, uint64_t generation, uint64_t built_unix_s)
{
	struct tbl_header *header = image;

	header->generation = generation;
	header->built_unix_s = built_unix_s;
	header->checksum = tbl_seal_header(image);
}

/* Copies everything into one zeroed block: header, sections, and zero bytes between them. The
 * selection is written where it belongs. */
static int
assemble(const struct tbl_builder *b, const struct part *parts, const struct tbl_select_plan *plan,
		void **ret_image, size_t *ret_size)
{
	struct tbl_section sections[TBL_SECTION_CNT] = { 0 };
	uint64_t size = place_sections(b, parts, sections);
	struct tbl_header *header;
	uint8_t *image;
	int rc;

	if (size > TBL_IMAGE_MAX) {
		return -E2BIG;
	}
	image = aligned_alloc(TBL_ALIGN_BYTES, size);
	if (image == NULL) {
		return -ENOMEM;
	}
	memset(image, 0, size);
	header = (struct tbl_header *)(void *)image;
	fill_header(b, size, header);
	memcpy(header->sections, sections, sizeof(sections));
	for (size_t kind = 0; kind < TBL_SECTION_SELECTION; kind++) {
		if (parts[kind].cnt > 0) {
			memcpy(image + sections[kind].off, parts[kind].items,
					parts[kind].cnt * sections[kind].elem_bytes);
		}
	}
	rc = tbl_select_plan_write(plan, 0, 0, image + sections[TBL_SECTION_SELECTION].off);
	if (rc != 0) {
		free(image);
		return rc;
	}
	header->content_hash = tbl_seal_content(image, size);
	tbl_reseal(image, b->params.generation, b->params.built_unix_s);
	*ret_image = image;
	*ret_size = size;
	return 0;
}

int
tbl_build_layout(struct tbl_builder *b, void **ret_image, size_t *ret_size)
{
	struct part parts[TBL_SECTION_CNT];
	struct tbl_select_source source;
	struct tbl_select_plan plan;
	int rc = b->params.location != NULL ? make_rules(b) : make_trivial_location(b);

	if (rc == 0) {
		rc = make_geo_texts(b);
	}
	if (rc != 0) {
		return rc;
	}
	collect_parts(b, parts);
	source = select_source(b, parts);
	rc = tbl_select_plan_make(&source, NULL, &plan);
	if (rc != 0) {
		return rc;
	}
	parts[TBL_SECTION_SELECTION].cnt = plan.bytes;
	rc = assemble(b, parts, &plan, ret_image, ret_size);
	tbl_select_plan_free(&plan);
	return rc;
}
