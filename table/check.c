#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "table/check_impl.h"
#include "table/seal.h"
#include "table/view_impl.h"

/* Bit 31 and the empty mark of a bucket place leave this many nodes; nothing that a u32 indexes may
 * reach TBL_NONE, so the same bound serves every section that one does. */
#define INDEX_MAX TBL_BUCKET_EMPTY

struct section_rule {
	const char *name;
	uint32_t elem_bytes;
	uint64_t cnt_min;
	uint64_t cnt_max;
};

/* Byte sections are named by u32 offsets; WIRE's are bytes of answers, so it may be as large. */
static const struct section_rule section_rules[TBL_SECTION_CNT] = {
	[TBL_SECTION_ZONES] = { "zones", sizeof(struct tbl_zone), 1, INDEX_MAX },
	[TBL_SECTION_BUCKETS] = { "buckets", sizeof(struct tbl_bucket), 1, INDEX_MAX },
	[TBL_SECTION_NODES] = { "nodes", sizeof(struct tbl_node), 1, INDEX_MAX },
	[TBL_SECTION_NAMES] = { "names", 1, 0, UINT32_MAX },
	[TBL_SECTION_RRSETS] = { "rrsets", sizeof(struct tbl_rrset), 1, INDEX_MAX },
	[TBL_SECTION_ANSWERS] = { "answers", sizeof(struct tbl_answer), 1, INDEX_MAX },
	[TBL_SECTION_WIRE] = { "wire", 1, 0, UINT32_MAX },
	[TBL_SECTION_CNAMES] = { "cnames", sizeof(struct tbl_cname), 0, INDEX_MAX },
	[TBL_SECTION_DYNS] = { "dyns", sizeof(struct tbl_dyn), 0, INDEX_MAX },
	[TBL_SECTION_POOLS] = { "pools", sizeof(struct tbl_pool), 0, INDEX_MAX },
	[TBL_SECTION_VALUES] = { "values", sizeof(struct tbl_value), 0, INDEX_MAX },
	[TBL_SECTION_TARGETS] = { "targets", sizeof(struct tbl_target), 0, INDEX_MAX },
	[TBL_SECTION_RULESETS] = { "rulesets", sizeof(struct tbl_ruleset), 0, INDEX_MAX },
	[TBL_SECTION_RULES] = { "rules", sizeof(struct tbl_rule), 0, INDEX_MAX },
	[TBL_SECTION_CLASS_RULE] = { "class_rule", sizeof(uint16_t), 0, UINT64_MAX },
	[TBL_SECTION_SCOPES] = { "scopes", 1, 0, UINT64_MAX },
	[TBL_SECTION_LOC4_ROOT] = { "loc4_root", sizeof(uint32_t), TBL_LOC_ROOT_CNT,
			TBL_LOC_ROOT_CNT },
	[TBL_SECTION_LOC4_NODES] = { "loc4_nodes", sizeof(uint32_t), 0, TBL_LOC_INDEX(UINT32_MAX) },
	[TBL_SECTION_LOC6_ROOT] = { "loc6_root", sizeof(uint32_t), TBL_LOC_ROOT_CNT,
			TBL_LOC_ROOT_CNT },
	[TBL_SECTION_LOC6_NODES] = { "loc6_nodes", sizeof(uint32_t), 0, TBL_LOC_INDEX(UINT32_MAX) },
	[TBL_SECTION_LEAVES] = { "leaves", sizeof(struct tbl_leaf), 2, TBL_LOC_INDEX(UINT32_MAX) },
	[TBL_SECTION_STRINGS] = { "strings", 1, 1, UINT32_MAX },
	[TBL_SECTION_SELECTION] = { "selection", 1, sizeof(struct tbl_select_header), UINT64_MAX },
};

int
tbl_check_fail(struct tbl_check *check, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(check->error->text, sizeof(check->error->text), format, args);
	va_end(args);
	return -EBADMSG;
}

int
tbl_check_spend(struct tbl_check *check, uint64_t steps)
{
	if (steps > check->steps_left) {
		return tbl_check_fail(check,
				"image: its parts are shared more than %u times a byte",
				TBL_CHECK_STEPS_PER_BYTE);
	}
	check->steps_left -= steps;
	return 0;
}

static bool
is_zero(const void *bytes, size_t size)
{
	const uint8_t *b = bytes;
	uint8_t any = 0;

	for (size_t i = 0; i < size; i++) {
		any |= b[i];
	}
	return any == 0;
}

static int
check_sums(struct tbl_check *check, const struct tbl_header *h, size_t size)
{
	if (tbl_seal_header(h) != h->checksum) {
		return tbl_check_fail(check, "header: wrong checksum");
	}
	if (tbl_seal_content(h, size) != h->content_hash) {
		return tbl_check_fail(check, "header: content_hash is not that of the content");
	}
	return 0;
}

/* From the magic number to the sums: is this a whole table of a version we know? */
static int
check_header(struct tbl_check *check, const struct tbl_header *h, size_t size)
{
	if (size < TBL_HEADER_BYTES) {
		return tbl_check_fail(check, "image: %zu bytes, shorter than a header", size);
	}
	if (h->magic != TBL_MAGIC) {
		return tbl_check_fail(check, "header: not a table (wrong magic number)");
	}
	if (h->version != TBL_VERSION) {
		return tbl_check_fail(check,
				"header: version %u, but this program reads version %u", h->version,
				TBL_VERSION);
	}
	if (h->header_bytes != TBL_HEADER_BYTES || h->section_cnt != TBL_SECTION_CNT) {
		return tbl_check_fail(check, "header: %u bytes with %u sections, not %zu with %u",
				h->header_bytes, h->section_cnt, TBL_HEADER_BYTES, TBL_SECTION_CNT);
	}
	if (h->image_bytes != size) {
		return tbl_check_fail(check, "header: an image of %llu bytes, but there are %zu",
				(unsigned long long)h->image_bytes, size);
	}
	return check_sums(check, h, size);
}

static int
check_header_fields(struct tbl_check *check, const struct tbl_header *h)
{
	const uint8_t *padding = (const uint8_t *)(h + 1);

	if (h->generation == 0) {
		return tbl_check_fail(check, "header: generation 0");
	}
	if (h->reserved != 0 || !is_zero(h->reserved2, sizeof(h->reserved2)) ||
			!is_zero(padding, TBL_HEADER_BYTES - sizeof(*h))) {
		return tbl_check_fail(check, "header: reserved bytes are not zero");
	}
	if (h->max_label_cnt > TBL_LABELS_MAX) {
		return tbl_check_fail(check, "header: max_label_cnt %u", h->max_label_cnt);
	}
	if (h->class_cnt == 0 || h->leaf4_cnt == 0 ||
			h->leaf4_cnt >= h->sections[TBL_SECTION_LEAVES].cnt) {
		return tbl_check_fail(check, "header: %u classes, %u IPv4 leaves of %llu leaves",
				h->class_cnt, h->leaf4_cnt,
				(unsigned long long)h->sections[TBL_SECTION_LEAVES].cnt);
	}
	return 0;
}

/* Sections stand in the order of enum tbl_section_kind, so none overlaps another. */
static int
check_section(struct tbl_check *check, const struct tbl_header *h, uint32_t kind, uint64_t *end)
{
	const struct tbl_section *section = &h->sections[kind];
	const struct section_rule *rule = &section_rules[kind];

	if (section->elem_bytes != rule->elem_bytes || section->reserved != 0) {
		return tbl_check_fail(check, "section %s: elements of %u bytes, not %u", rule->name,
				section->elem_bytes, rule->elem_bytes);
	}
	if (section->cnt < rule->cnt_min || section->cnt > rule->cnt_max) {
		return tbl_check_fail(check, "section %s: %llu elements", rule->name,
				(unsigned long long)section->cnt);
	}
	if (section->off % TBL_ALIGN_BYTES != 0 || section->off < *end ||
			section->off > h->image_bytes ||
			section->cnt > (h->image_bytes - section->off) / rule->elem_bytes) {
		return tbl_check_fail(check,
				"section %s: offset %llu with %llu elements is out of place",
				rule->name, (unsigned long long)section->off,
				(unsigned long long)section->cnt);
	}
	*end = section->off + section->cnt * rule->elem_bytes;
	return 0;
}

static int
check_sections(struct tbl_check *check, const struct tbl_header *h)
{
	uint64_t end = TBL_HEADER_BYTES;

	for (uint32_t kind = 0; kind < TBL_SECTION_CNT; kind++) {
		int rc = check_section(check, h, kind, &end);

		if (rc != 0) {
			return rc;
		}
	}
	if (h->image_bytes - end >= TBL_ALIGN_BYTES) {
		return tbl_check_fail(check, "image: %llu bytes behind the last section",
				(unsigned long long)(h->image_bytes - end));
	}
	return 0;
}

static int
check_strings(struct tbl_check *check)
{
	const char *strings = check->view.strings;

	if (strings[0] != '\0' || strings[tbl_check_cnt(check, TBL_SECTION_STRINGS) - 1] != '\0') {
		return tbl_check_fail(check, "strings: must begin and end with a NUL");
	}
	if (!is_tbl_string(check, check->view.header->geo_description_str) ||
			!is_tbl_string(check, check->view.header->geo_places_str)) {
		return tbl_check_fail(check, "header: the geo database's texts: no such string");
	}
	for (uint64_t i = 0; i < tbl_check_cnt(check, TBL_SECTION_TARGETS); i++) {
		if (!is_tbl_string(check, check->view.targets[i].key_str)) {
			return tbl_check_fail(check, "targets[%llu]: no such string",
					(unsigned long long)i);
		}
	}
	return 0;
}

static int
check_embedded_selection(struct tbl_check *check)
{
	uint64_t size = tbl_check_cnt(check, TBL_SECTION_SELECTION);

	return tbl_check_select(check, size, 0);
}

static int
check_content(struct tbl_check *check)
{
	/* Each may rely on those before it: check_impl.h. */
	static int (*const parts[])(struct tbl_check *) = {
		check_strings,
		tbl_check_answer_bounds,
		tbl_check_hash,
		tbl_check_nodes,
		tbl_check_zones,
		tbl_check_cnames,
		tbl_check_additional,
		tbl_check_location,
		tbl_check_rulesets,
		tbl_check_dyns,
		check_embedded_selection,
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int rc = parts[i](check);

		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

int
tbl_check(const void *image, size_t size, struct tbl_error *ret_error)
{
	const struct tbl_header *h = image;
	struct tbl_check check;
	int rc;

	if ((uintptr_t)image % TBL_ALIGN_BYTES != 0) {
		return -EINVAL;
	}
	/* name_len_at is cleared where it is used: not all 64 KiB of it here. */
	check.error = ret_error;
	check.steps_left = TBL_CHECK_STEPS_PER_BYTE * (uint64_t)size;
	check.has_additional = false;
	rc = check_header(&check, h, size);
	if (rc == 0) {
		rc = check_sections(&check, h);
	}
	if (rc == 0) {
		rc = check_header_fields(&check, h);
	}
	if (rc != 0) {
		return rc;
	}
	tbl_view_init_table(&check.view, image);
	return check_content(&check);
}

int
tbl_check_selection(
		const void *image, const void *selection, size_t size, struct tbl_error *ret_error)
{
	struct tbl_check check;

	if ((uintptr_t)selection % TBL_ALIGN_BYTES != 0) {
		return -EINVAL;
	}
	check.error = ret_error;
	check.steps_left = TBL_CHECK_STEPS_PER_BYTE * (uint64_t)size;
	tbl_view_init_table(&check.view, image);
	check.view.select = selection;
	return tbl_check_select(&check, size, check.view.header->generation);
}
