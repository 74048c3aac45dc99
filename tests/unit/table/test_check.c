#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/build.h"
#include "table/seal.h"
#include "table/view.h"

#include "tests/unit/table/sample.h"
#include "tests/unit/test.h"

/* The image under test, whole and writable; tests change a copy. */
static uint8_t *good;
static size_t good_size;

static int
setup(void **state)
{
	(void)state;
	good = sample_everything(&good_size);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	free(good);
	return 0;
}

static void *
copy_image(void)
{
	/* The builder's sizes are multiples of 64, as aligned_alloc() wants. */
	void *copy = aligned_alloc(TBL_ALIGN_BYTES, good_size);

	assert_non_null(copy);
	memcpy(copy, good, good_size);
	return copy;
}

static void *
section(void *image, enum tbl_section_kind kind)
{
	struct tbl_header *header = image;

	return (uint8_t *)image + header->sections[kind].off;
}

static void
a_whole_image_is_accepted(void **state)
{
	struct tbl_error error;

	(void)state;
	assert_int_equal(tbl_check(good, good_size, &error), 0);
	assert_int_equal(tbl_check(good + 1, good_size - 1, &error), -EINVAL); /* not aligned */
}

/* The location index: most of a megabyte of the same few numbers. */
static bool
is_location_index(size_t at)
{
	const struct tbl_header *header = (const void *)good;

	return at >= header->sections[TBL_SECTION_LOC4_ROOT].off &&
	       at < header->sections[TBL_SECTION_LEAVES].off;
}

/* Every bit of the header, one of every byte behind it, and one of every 1009th byte of the
 * location index: each costs a sum over the whole image. */
static void
any_flipped_bit_is_refused(void **state)
{
	uint8_t *image = copy_image();
	struct tbl_error error;
	size_t flipped = 0;

	(void)state;
	for (size_t bit = 0; bit < good_size * 8; bit++) {
		size_t at = bit / 8;

		if ((at >= TBL_HEADER_BYTES && at % 8 != bit % 8) ||
				(is_location_index(at) && at % 1009 != 0)) {
			continue;
		}
		image[at] ^= (uint8_t)(1u << bit % 8);
		error.text[0] = '\0';
		if (tbl_check(image, good_size, &error) != -EBADMSG || error.text[0] == '\0') {
			fail_msg("bit %zu: accepted, or no reason given", bit);
		}
		image[at] ^= (uint8_t)(1u << bit % 8);
		flipped++;
	}
	assert_int_equal(tbl_check(image, good_size, &error), 0);
	assert_true(flipped > TBL_HEADER_BYTES * 8);
	free(image);
}

/* A length that the header does not name is refused before anything is summed, so every one of
 * them can be tried. The copy ends with the bytes given: a sanitizer sees the first one beyond. */
static void
any_truncation_is_refused(void **state)
{
	struct tbl_error error;

	(void)state;
	for (size_t size = 0; size < good_size; size++) {
		if (tbl_check(good, size, &error) != -EBADMSG) {
			fail_msg("%zu bytes accepted", size);
		}
	}
	for (size_t size = 0; size <= 2 * TBL_HEADER_BYTES; size += 8) {
		uint8_t *bytes = NULL;

		assert_int_equal(posix_memalign((void **)&bytes, TBL_ALIGN_BYTES, size + 1), 0);
		memcpy(bytes, good, size);
		assert_int_equal(tbl_check(bytes, size, &error), -EBADMSG);
		free(bytes);
	}
}

/* Even a header that owns up to the truncation is refused, wherever it falls. */
static void
a_resealed_truncation_is_refused(void **state)
{
	struct tbl_error error;

	(void)state;
	for (size_t size = TBL_HEADER_BYTES; size < good_size; size += size < 4096 ? 64 : 8128) {
		uint8_t *bytes = NULL;
		struct tbl_header *header;

		assert_int_equal(posix_memalign((void **)&bytes, TBL_ALIGN_BYTES, size), 0);
		memcpy(bytes, good, size);
		header = (struct tbl_header *)(void *)bytes;
		header->image_bytes = size;
		sample_reseal(bytes, size);
		assert_int_equal(tbl_check(bytes, size, &error), -EBADMSG);
		assert_null(strstr(error.text, "checksum"));
		free(bytes);
	}
}

/* Lies that a right checksum covers: each row changes one field of a good image, and names what the
 * error must speak of. */
#define FIELD(kind, type, index, field)                                                   \
	TBL_SECTION_##kind, (index) * sizeof(struct type) + offsetof(struct type, field), \
			sizeof(((struct type *)0)->field)
#define ELEMENT(kind, type, index) TBL_SECTION_##kind, (index) * sizeof(type), sizeof(type)
#define HEADER(field) \
	TBL_SECTION_CNT, offsetof(struct tbl_header, field), sizeof(((struct tbl_header *)0)->field)
#define SECTION(kind, field)                                                              \
	TBL_SECTION_CNT,                                                                  \
			offsetof(struct tbl_header, sections) +                           \
					TBL_SECTION_##kind * sizeof(struct tbl_section) + \
					offsetof(struct tbl_section, field),              \
			sizeof(((struct tbl_section *)0)->field)

struct lie {
	enum tbl_section_kind kind; /* TBL_SECTION_CNT: the header */
	size_t off;
	size_t bytes;
	uint64_t value;
	const char *complaint;
};

static const struct lie lies[] = {
	{ HEADER(magic), 1, "magic" },
	{ HEADER(version), TBL_VERSION + 1, "version 3" },
	{ HEADER(header_bytes), 64, "header: 64 bytes" },
	{ HEADER(section_cnt), 3, "with 3 sections" },
	{ HEADER(generation), 0, "generation 0" },
	{ HEADER(max_label_cnt), 128, "max_label_cnt 128" },
	{ HEADER(max_label_cnt), 1, "nodes[" },
	{ HEADER(class_cnt), 0, "0 classes" },
	{ HEADER(leaf4_cnt), 0, "0 IPv4 leaves" },
	{ HEADER(leaf4_cnt), UINT32_MAX, "IPv4 leaves" },
	{ HEADER(slot_cnt), 1, "slots" },
	{ HEADER(reserved), 1, "reserved" },
	{ HEADER(reserved2[1]), 1, "reserved" },
	{ HEADER(geo_description_str), UINT32_MAX, "the geo database's texts" },
	{ HEADER(geo_places_str), UINT32_MAX, "the geo database's texts" },
	{ SECTION(ZONES, cnt), 0, "section zones" },
	{ SECTION(NODES, cnt), UINT64_MAX / 32, "section nodes" },
	{ SECTION(NODES, off), UINT64_MAX - 63, "section nodes" },
	{ SECTION(NODES, elem_bytes), 0, "section nodes" },
	{ SECTION(BUCKETS, cnt), 3, "section buckets" },
	{ SECTION(WIRE, off), 0, "section wire" },
	{ SECTION(STRINGS, cnt), 1, "string" },
	{ SECTION(LOC4_ROOT, cnt), 65535, "section loc4_root" },
	{ SECTION(SCOPES, cnt), 3, "scopes" },
	{ SECTION(SELECTION, cnt), 127, "section selection" },
	{ FIELD(ZONES, tbl_zone, 0, apex), UINT32_MAX, "apex" },
	{ FIELD(ZONES, tbl_zone, 0, apex), 1, "apex" },
	{ FIELD(ZONES, tbl_zone, 0, soa_negative), UINT32_MAX, "zones[0]" },
	{ FIELD(ZONES, tbl_zone, 0, soa_negative), 0, "zones[0]" },
	{ FIELD(ZONES, tbl_zone, 0, name_str), UINT32_MAX, "zones[0]" },
	{ FIELD(ZONES, tbl_zone, 0, flags), 2, "zones[0]: unknown flags" },
	{ FIELD(BUCKETS, tbl_bucket, 0, node[1]), 0x80000000u, "buckets[0]" },
	{ FIELD(BUCKETS, tbl_bucket, 0, node[7]), 0x7ffffffeu, "buckets[0]" },
	{ FIELD(NODES, tbl_node, 0, flags), 0, "nodes[0]" },
	{ FIELD(NODES, tbl_node, 0, flags), 0x8001, "flags" },
	{ FIELD(NODES, tbl_node, 0, flags), TBL_NODE_CUT, "nodes[0]" },
	{ FIELD(NODES, tbl_node, 0, name_len), 0, "name" },
	{ FIELD(NODES, tbl_node, 0, name_len), 255, "name" },
	{ FIELD(NODES, tbl_node, 0, label_cnt), 2, "labels" },
	{ FIELD(NODES, tbl_node, 0, zone), 2, "zone 2" },
	{ FIELD(NODES, tbl_node, 0, zone), 1, "zone 1" },
	{ FIELD(NODES, tbl_node, 0, rrset_first), UINT32_MAX, "RRsets" },
	{ FIELD(NODES, tbl_node, 0, rrset_cnt), UINT16_MAX, "RRsets" },
	{ FIELD(NODES, tbl_node, 0, reserved), 1, "nodes[0]" },
	{ FIELD(NODES, tbl_node, 0, wildcard), 0, "wildcard" },
	{ FIELD(NODES, tbl_node, 0, wildcard), TBL_NONE, "wildcards" },
	{ FIELD(NODES, tbl_node, 0, wildcard), TBL_NONE - 1, "wildcard" },
	{ FIELD(NODES, tbl_node, 0, cut), 0, "cut" },
	{ FIELD(NODES, tbl_node, 0, name[1]), 'E', "lower-cased" },
	{ FIELD(NODES, tbl_node, 0, name[1]), 'f', "hash" },
	{ FIELD(RRSETS, tbl_rrset, 0, type), 0, "type 0" },
	{ FIELD(RRSETS, tbl_rrset, 0, type), 255, "type 255" },
	{ FIELD(RRSETS, tbl_rrset, 0, type), 16, "nodes[0]" },
	{ FIELD(RRSETS, tbl_rrset, 0, flags), 2, "flags" },
	{ FIELD(RRSETS, tbl_rrset, 0, flags), TBL_RRSET_DYNAMIC, "dynamic" },
	{ FIELD(RRSETS, tbl_rrset, 0, ref), UINT32_MAX, "does not exist" },
	{ FIELD(ANSWERS, tbl_answer, 0, wire_off), 2, "answers[0]" },
	{ FIELD(ANSWERS, tbl_answer, 0, wire_off), UINT32_MAX - 3, "answers[0]" },
	{ FIELD(ANSWERS, tbl_answer, 0, wire_len), UINT16_MAX, "answer" },
	{ FIELD(ANSWERS, tbl_answer, 0, wire_len), 1, "answers[0]" },
	{ FIELD(ANSWERS, tbl_answer, 0, rr_cnt), 0, "empty" },
	{ FIELD(ANSWERS, tbl_answer, 0, rr_cnt), UINT8_MAX, "answer 0" },
	{ FIELD(ANSWERS, tbl_answer, 0, flags), 0x80, "unknown flags" },
	{ FIELD(ANSWERS, tbl_answer, 0, flags), TBL_ANSWER_SERIAL, "what is no SOA" },
	{ FIELD(ANSWERS, tbl_answer, 0, flags), TBL_ANSWER_DNAME, "DNAME and its flag" },
	{ FIELD(ANSWERS, tbl_answer, 0, extra_cnt), 1, "answer 0" },
	{ FIELD(ANSWERS, tbl_answer, 0, fixup_cnt), 0, "answers[0]" },
	{ FIELD(ANSWERS, tbl_answer, 0, fixup_cnt), UINT16_MAX, "answer" },
	{ FIELD(ANSWERS, tbl_answer, 0, cname), 0, "CNAME" },
	{ FIELD(ANSWERS, tbl_answer, 0, cname), UINT32_MAX - 1, "CNAME" },
	{ FIELD(CNAMES, tbl_cname, 0, node), UINT32_MAX - 1, "cnames[0]" },
	{ FIELD(CNAMES, tbl_cname, 0, name_off), UINT32_MAX, "cnames[0]" },
	{ FIELD(CNAMES, tbl_cname, 0, name_len), 2, "cname" },
	{ FIELD(CNAMES, tbl_cname, 0, rdata_pos), 3, "cname 0" },
	{ FIELD(CNAMES, tbl_cname, 0, shared_len), 1, "cname 0" },
	{ FIELD(CNAMES, tbl_cname, 0, kind), 3, "cnames[0]" },
	{ FIELD(CNAMES, tbl_cname, 0, reserved[2]), 1, "cnames[0]" },
	{ FIELD(DYNS, tbl_dyn, 0, ruleset), 2, "dyns[0]" },
	{ FIELD(DYNS, tbl_dyn, 0, slot_first), UINT32_MAX, "slots" },
	{ FIELD(DYNS, tbl_dyn, 0, pool_first), UINT32_MAX, "pools" },
	{ FIELD(DYNS, tbl_dyn, 0, pool_cnt), 0, "pool" },
	{ FIELD(DYNS, tbl_dyn, 0, pool_cnt), UINT16_MAX, "pools" },
	{ FIELD(DYNS, tbl_dyn, 0, type), MX, "dynamic record" },
	{ FIELD(DYNS, tbl_dyn, 0, node), 0, "dynamic record" },
	{ FIELD(DYNS, tbl_dyn, 0, last_resort), UINT32_MAX, "does not exist" },
	{ FIELD(DYNS, tbl_dyn, 0, reserved), 1, "dyns[0]" },
	{ FIELD(POOLS, tbl_pool, 0, value_first), UINT32_MAX, "values" },
	{ FIELD(POOLS, tbl_pool, 0, value_cnt), 0, "0 values" },
	{ FIELD(POOLS, tbl_pool, 0, fallback), 0, "loop" },
	{ FIELD(POOLS, tbl_pool, 0, fallback), 2, "no pool" },
	{ FIELD(POOLS, tbl_pool, 1, fallback), 0, "loop" },
	{ FIELD(POOLS, tbl_pool, 0, name_str), UINT32_MAX, "pool" },
	{ FIELD(VALUES, tbl_value, 0, answer), UINT32_MAX, "does not exist" },
	{ FIELD(VALUES, tbl_value, 0, target), UINT32_MAX - 1, "target" },
	{ FIELD(VALUES, tbl_value, 0, weight), 0, "weight 0" },
	{ FIELD(VALUES, tbl_value, 0, weight), 101, "weight 101" },
	{ FIELD(VALUES, tbl_value, 0, status), 3, "status 3" },
	{ FIELD(VALUES, tbl_value, 0, text_str), UINT32_MAX, "value" },
	{ FIELD(TARGETS, tbl_target, 0, key_str), UINT32_MAX, "targets[0]" },
	{ FIELD(RULESETS, tbl_ruleset, 0, rule_first), UINT32_MAX, "rulesets[0]" },
	{ FIELD(RULESETS, tbl_ruleset, 0, rule_cnt), UINT32_MAX, "rulesets[0]" },
	{ FIELD(RULESETS, tbl_ruleset, 0, class_rule_first), UINT64_MAX, "rulesets[0]" },
	{ FIELD(RULESETS, tbl_ruleset, 1, scope_first), 0, "rulesets[1]" },
	{ FIELD(RULES, tbl_rule, 0, pool), 2, "rule 0 names pool 2" },
	{ FIELD(RULES, tbl_rule, 0, geos_str), UINT32_MAX, "rules[0]" },
	{ ELEMENT(CLASS_RULE, uint16_t, 0), 3, "has rule 3" },
	{ ELEMENT(SCOPES, uint8_t, 0), 33, "scope 33" },
	{ FIELD(LEAVES, tbl_leaf, 0, class_id), UINT32_MAX, "leaves[0]" },
	{ FIELD(LEAVES, tbl_leaf, 0, prefix_bits), 33, "leaves[0]" },
	{ FIELD(LEAVES, tbl_leaf, 1, prefix_bits), 1, "where leaf 1 is" },
	{ FIELD(LEAVES, tbl_leaf, 1, prefix_bits), 0, "no prefix of 0 bits begins" },
	{ FIELD(LEAVES, tbl_leaf, 0, prefix_bits), 20, "ends between two entries" },
	{ FIELD(LEAVES, tbl_leaf, 0, reserved[0]), 1, "leaves[0]" },
	{ ELEMENT(LOC4_ROOT, uint32_t, 0), 1, "leaf 1 where leaf 0 is" },
	{ ELEMENT(LOC4_ROOT, uint32_t, 65535), 0, "IPv4" },
	{ ELEMENT(LOC6_ROOT, uint32_t, 0), UINT32_MAX, "kind 3" },
	{ ELEMENT(LOC6_ROOT, uint32_t, 0), 0x80000000u, "kind 2" },
	{ ELEMENT(LOC6_ROOT, uint32_t, 0), 0x7fffffffu, "index words" },
	{ ELEMENT(LOC4_NODES, uint32_t, 0), UINT32_MAX, "IPv4" },
	{ ELEMENT(STRINGS, uint8_t, 0), 1, "strings" },
};

static void
tell(const struct lie *lie, void *image)
{
	uint8_t *at = lie->kind == TBL_SECTION_CNT ? image : section(image, lie->kind);

	assert_true(lie->bytes <= sizeof(lie->value));
	memcpy(at + lie->off, &lie->value, lie->bytes); /* little-endian */
	sample_reseal(image, good_size);
}

static void
lies_under_a_right_checksum_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
		void *image = copy_image();
		struct tbl_error error = { .text = "accepted" };
		int rc;

		tell(&lies[i], image);
		rc = tbl_check(image, good_size, &error);
		if (rc != -EBADMSG || strstr(error.text, lies[i].complaint) == NULL) {
			fail_msg("row %zu (%s): %s", i, lies[i].complaint, error.text);
		}
		free(image);
	}
}

/* Lies about particular records, each told by a function: an image to change, and its names. */
struct victim {
	uint8_t *image;
	struct tbl_view view;
};

/* The writable place of something a view points at. */
static void *
place_of(const struct victim *victim, const void *found)
{
	return victim->image + ((const uint8_t *)found - (const uint8_t *)victim->view.header);
}

static struct tbl_rrset *
find_rrset(const struct victim *victim, const char *owner, uint16_t type)
{
	const struct tbl_rrset *rrset;
	struct tbl_name name;

	sample_name(victim->image, owner, &name);
	rrset = tbl_find_rrset(&victim->view, tbl_find(&victim->view, &name).node, type);
	assert_non_null(rrset);
	return place_of(victim, rrset);
}

static struct tbl_answer *
find_answer(const struct victim *victim, const char *owner, uint16_t type)
{
	return place_of(victim, &victim->view.answers[find_rrset(victim, owner, type)->ref]);
}

static uint8_t *
find_wire(const struct victim *victim, const char *owner, uint16_t type)
{
	return place_of(victim, victim->view.wire + find_answer(victim, owner, type)->wire_off);
}

static struct tbl_fixup *
find_fixups(const struct victim *victim, const char *owner, uint16_t type)
{
	const struct tbl_answer *answer = find_answer(victim, owner, type);
	size_t end = (size_t)answer->wire_off + answer->wire_len;

	return place_of(victim, victim->view.wire + (end + 3) / 4 * 4);
}

#define RDLENGTH_LOW 11u /* low byte of RDLENGTH in a record owned by a pointer */

/* DNAMEs. The wire of a DNAME: 12 bytes, then "\003Ent\007example\0". */

static struct tbl_node *
find_node(const struct victim *victim, const char *owner)
{
	struct tbl_name name;
	struct tbl_match match;

	sample_name(victim->image, owner, &name);
	match = tbl_find(&victim->view, &name);
	assert_int_equal(match.kind, TBL_MATCH_EXACT);
	return place_of(victim, match.node);
}

static void
hide_a_dname(const struct victim *victim)
{
	find_node(victim, "moved.example.")->flags &= (uint16_t)~TBL_NODE_DNAME;
}

static void
flag_what_has_no_dname(const struct victim *victim)
{
	find_node(victim, "mail.example.")->flags |= TBL_NODE_DNAME;
}

static void
take_the_flag_of_a_dname_answer(const struct victim *victim)
{
	find_answer(victim, "moved.example.", DNAME)->flags = 0;
}

/* "ent.example." has "b.ent.example." below: were it the DNAME's owner, that would be hidden. */
static void
put_a_dname_above_names(const struct victim *victim)
{
	struct tbl_node *from = find_node(victim, "gone.example.");
	struct tbl_node *to = find_node(victim, "ent.example.");

	find_fixups(victim, "gone.example.", DNAME)->arg = to->name_len;
	to->rrset_first = from->rrset_first;
	to->rrset_cnt = from->rrset_cnt;
	to->flags |= TBL_NODE_DNAME;
	from->rrset_cnt = 0;
	from->flags &= (uint16_t)~TBL_NODE_DNAME;
}

static void
compress_a_dname(const struct victim *victim)
{
	uint8_t *rdata = find_wire(victim, "moved.example.", DNAME) + RDLENGTH_LOW + 1;

	rdata[4] = 0xc0;
}

static void
end_a_dname_early(const struct victim *victim)
{
	uint8_t *rdata = find_wire(victim, "moved.example.", DNAME) + RDLENGTH_LOW + 1;

	rdata[4] = 0;
}

static void
lengthen_a_dnames_label(const struct victim *victim)
{
	find_wire(victim, "moved.example.", DNAME)[RDLENGTH_LOW + 1] = 12;
}

/* A DNAME is written for names below its owner, which the question need not end with at 12. */
static void
own_a_dname_by_the_question(const struct victim *victim)
{
	find_fixups(victim, "moved.example.", DNAME)->arg = 0;
}

/* child.example.'s serial is the generation's: three pointers, then the serial. */
#define SERIAL_FIXUP 3

static struct tbl_fixup *
find_serial(const struct victim *victim)
{
	struct tbl_fixup *fixup = find_fixups(victim, "child.example.", SOA) + SERIAL_FIXUP;

	assert_int_equal(fixup->arg, TBL_FIXUP_SERIAL);
	return fixup;
}

static void
move_serial(const struct victim *victim)
{
	find_serial(victim)->pos++;
}

static void
move_serial_outside(const struct victim *victim)
{
	find_serial(victim)->pos = UINT16_MAX;
}

static void
say_more_of_a_serial(const struct victim *victim)
{
	find_serial(victim)->arg |= 1;
}

static void
make_a_pointer_a_serial(const struct victim *victim)
{
	find_fixups(victim, "mail.example.", A)->arg = TBL_FIXUP_SERIAL;
}

static void
forget_a_serial(const struct victim *victim)
{
	find_answer(victim, "child.example.", SOA)->fixup_cnt--;
}

static void
forget_that_there_is_a_serial(const struct victim *victim)
{
	find_answer(victim, "child.example.", SOA)->flags = 0;
}

static void
follow_without_a_fixup(const struct victim *victim)
{
	find_answer(victim, "example.", SOA)->flags = TBL_ANSWER_SERIAL;
}

static void
store_a_serial(const struct victim *victim)
{
	uint8_t *wire = find_wire(victim, "child.example.", SOA);

	wire[find_serial(victim)->pos + 3] = 7;
}

static void
shorten_mx(const struct victim *victim)
{
	find_wire(victim, "*.example.", MX)[RDLENGTH_LOW] = 1;
}

static void
shorten_address(const struct victim *victim)
{
	find_wire(victim, "ns1.example.", A)[RDLENGTH_LOW] = 3;
}

static void
set_ttl_sign(const struct victim *victim)
{
	find_wire(victim, "ns1.example.", A)[6] = 0x80;
}

static void
set_class_chaos(const struct victim *victim)
{
	find_wire(victim, "ns1.example.", A)[5] = 3;
}

static void
cut_second_record(const struct victim *victim)
{
	struct tbl_fixup fixups[2];

	/* They lie behind the wire bytes, so they move with the end. */
	memcpy(fixups, find_fixups(victim, "mail.example.", A), sizeof(fixups));
	find_answer(victim, "mail.example.", A)->wire_len = 16 + 5;
	memcpy(find_fixups(victim, "mail.example.", A), fixups, sizeof(fixups));
}

/* "example." owns the second address of "mail.example.", pointer and fixup alike. */
static void
change_second_owner(const struct victim *victim)
{
	find_fixups(victim, "mail.example.", A)[1].arg = 9;
	find_wire(victim, "mail.example.", A)[17] = 12 + 5;
}

static void
claim_one_pointer_more(const struct victim *victim)
{
	find_answer(victim, "mail.example.", A)->fixup_cnt++;
}

static void
claim_glue_of_an_address(const struct victim *victim)
{
	struct tbl_answer *answer = find_answer(victim, "mail.example.", A);

	answer->rr_cnt = 1;
	answer->extra_cnt = 1;
}

/* What stands beside an answer. That of "web.example." HTTPS: svc HTTPS, web A none, mail A, svc A, web
 * AAAA, mail AAAA. */

static struct tbl_additional *
find_additional(const struct victim *victim, const char *owner, uint16_t type)
{
	const struct tbl_answer *answer = find_answer(victim, owner, type);

	assert_true((answer->flags & TBL_ANSWER_ADDITIONAL) != 0);
	return (void *)(find_fixups(victim, owner, type) + answer->fixup_cnt);
}

static void
add_beside_an_address(const struct victim *victim)
{
	/* Over the octets of the next answer, which come to be looked at later. */
	find_answer(victim, "mail.example.", A)->flags |= TBL_ANSWER_ADDITIONAL;
	memcpy(find_additional(victim, "mail.example.", A),
			find_additional(victim, "child.example.", NS),
			sizeof(struct tbl_additional));
}

static void
add_another_answer(const struct victim *victim)
{
	find_additional(victim, "web.example.", HTTPS)[1].answer++;
}

static void
add_no_answer(const struct victim *victim)
{
	find_additional(victim, "web.example.", HTTPS)->answer = UINT32_MAX;
}

static void
own_by_no_name(const struct victim *victim)
{
	find_additional(victim, "web.example.", HTTPS)[1].pos++;
}

static void
own_by_what_is_outside(const struct victim *victim)
{
	find_additional(victim, "web.example.", HTTPS)[1].pos = UINT16_MAX;
}

/* "mail.example." owns what is that of "svc.example.". */
static void
own_by_another_name(const struct victim *victim)
{
	struct tbl_additional *list = find_additional(victim, "web.example.", HTTPS);

	assert_int_equal(list[1].type, A);
	assert_int_equal(list[2].type, A);
	list[1].pos = list[2].pos;
}

static void
own_by_the_question(const struct victim *victim)
{
	find_additional(victim, "web.example.", HTTPS)[1].pos = 0;
}

static void
add_twice(const struct victim *victim)
{
	struct tbl_additional *list = find_additional(victim, "web.example.", HTTPS);

	list[2] = list[1];
}

static void
add_what_was_asked_for(const struct victim *victim)
{
	struct tbl_additional *list = find_additional(victim, "web.example.", HTTPS);

	list[1] = (struct tbl_additional){ .answer = find_rrset(victim, "web.example.", HTTPS)->ref,
		.type = HTTPS };
}

static void
add_a_text(const struct victim *victim)
{
	find_additional(victim, "web.example.", HTTPS)[1].type = TXT;
}

static void
add_without_end(const struct victim *victim)
{
	struct tbl_additional *next = find_additional(victim, "web.example.", HTTPS);

	while ((next->flags & TBL_ADDITIONAL_LAST) == 0) {
		next++;
	}
	next->flags = 0;
}

static void
set_unknown_flag_beside(const struct victim *victim)
{
	find_additional(victim, "web.example.", HTTPS)->flags |= 0x80;
}

static void
point_forward(const struct victim *victim)
{
	find_fixups(victim, "mail.example.", A)[1].arg = TBL_FIXUP_LOCAL | 16;
}

static void
point_into_a_label(const struct victim *victim)
{
	find_fixups(victim, "mail.example.", A)[1].arg = 8;
}

/* "*" is in the node, but not in the question that the wildcard answers. */
static void
point_at_the_star(const struct victim *victim)
{
	find_fixups(victim, "*.example.", MX)[0].arg = 11;
}

/* The apex's SOA where the negative one belongs: it names its owner by 0. */
static void
negate_with_the_positive_soa(const struct victim *victim)
{
	struct tbl_zone *zone = place_of(victim, victim->view.zones);

	zone->soa_negative = find_rrset(victim, "example.", SOA)->ref;
}

static void
change_spelling_of_a_target(const struct victim *victim)
{
	find_wire(victim, "one.example.", CNAME)[13] ^= 1;
}

static void
change_length_of_a_target(const struct victim *victim)
{
	const struct tbl_answer *answer = find_answer(victim, "one.example.", CNAME);
	struct tbl_cname *cname = place_of(victim, &victim->view.cnames[answer->cname]);

	cname->name_len++;
}

static void
make_a_location_record_dynamic(const struct victim *victim)
{
	struct tbl_rrset *rrset = find_rrset(victim, "dyn.example.", AAAA);
	struct tbl_dyn *dyn = place_of(victim, &victim->view.dyns[rrset->ref]);

	rrset->type = 29; /* LOC */
	dyn->type = 29;
}

static void
serve_a_static_set_instead(const struct victim *victim)
{
	struct tbl_rrset *rrset = find_rrset(victim, "dyn.example.", AAAA);

	*rrset = *find_rrset(victim, "mail.example.", AAAA);
}

/* The range node of 203.0.113.0/24: 203.0.113.7 is elsewhere. */
static uint32_t *
find_range(const struct victim *victim)
{
	uint32_t chunk = victim->view.loc4_root[203u << 8];
	uint32_t entry = victim->view.loc4_nodes[TBL_LOC_FIRST(chunk) + 113];

	assert_int_equal(TBL_LOC_KIND(entry), TBL_LOC_RANGE);
	return place_of(victim, victim->view.loc4_nodes + TBL_LOC_INDEX(entry));
}

static void
empty_a_range(const struct victim *victim)
{
	find_range(victim)[0] = 0;
}

static void
widen_keys(const struct victim *victim)
{
	find_range(victim)[1] = 3;
}

static void
lengthen_a_range(const struct victim *victim)
{
	find_range(victim)[0] = UINT32_MAX;
}

static void
repeat_a_key(const struct victim *victim)
{
	uint32_t *range = find_range(victim);

	range[3] = range[2];
}

static void
share_a_chunk(const struct victim *victim)
{
	uint32_t *root = place_of(victim, victim->view.loc4_root);

	root[198u << 8 | 51u] = root[203u << 8];
}

static void
lies_about_records_are_refused(void **state)
{
	static const struct {
		void (*tell)(const struct victim *victim);
		const char *complaint;
	} rows[] = {
		{ hide_a_dname, "DNAME and its flag" },
		{ flag_what_has_no_dname, "DNAME and its flag" },
		{ take_the_flag_of_a_dname_answer, "DNAME and its flag" },
		{ put_a_dname_above_names, "below a DNAME" },
		{ compress_a_dname, "no whole name" },
		{ end_a_dname_early, "no whole name" },
		{ lengthen_a_dnames_label, "no whole name" },
		{ own_a_dname_by_the_question, "leads nowhere" },
		{ move_serial, "the serial at byte" },
		{ move_serial_outside, "the serial at byte" },
		{ say_more_of_a_serial, "the serial at byte" },
		{ make_a_pointer_a_serial, "leads nowhere" },
		{ forget_a_serial, "the serial at byte" },
		{ forget_that_there_is_a_serial, "pointers" },
		{ follow_without_a_fixup, "the serial at byte" },
		{ store_a_serial, "the serial at byte" },
		{ shorten_mx, "an MX of 1 bytes" },
		{ shorten_address, "not of its type" },
		{ set_ttl_sign, "TTL" },
		{ set_class_chaos, "class" },
		{ cut_second_record, "cut short" },
		{ change_second_owner, "wrong owner" },
		{ claim_one_pointer_more, "pointers" },
		{ claim_glue_of_an_address, "additional records" },
		{ add_beside_an_address, "additional sets" },
		{ add_another_answer, "is not answer" },
		{ add_no_answer, "additional set 0" },
		{ own_by_no_name, "no name at byte" },
		{ own_by_what_is_outside, "additional set 1" },
		{ own_by_another_name, "is not answer" },
		{ own_by_the_question, "is not answer" },
		{ add_twice, "is not answer" },
		{ add_what_was_asked_for, "is not answer" },
		{ add_a_text, "is not answer" },
		{ add_without_end, "additional set" },
		{ set_unknown_flag_beside, "additional set 0" },
		{ point_forward, "leads nowhere" },
		{ point_into_a_label, "leads nowhere" },
		{ point_at_the_star, "leads nowhere" },
		{ negate_with_the_positive_soa, "zones[" },
		{ change_spelling_of_a_target, "another name" },
		{ change_length_of_a_target, "cname" },
		{ make_a_location_record_dynamic, "cannot be dynamic" },
		{ serve_a_static_set_instead, "does not serve it" },
		{ empty_a_range, "0 keys" },
		{ widen_keys, "keys of 3 words" },
		{ lengthen_a_range, "index words" },
		{ repeat_a_key, "not above" },
		{ share_a_chunk, "entry names leaf" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct victim victim = { .image = copy_image() };
		struct tbl_error error = { .text = "accepted" };

		tbl_view_init(&victim.view, victim.image, NULL);
		rows[i].tell(&victim);
		sample_reseal(victim.image, good_size);
		if (tbl_check(victim.image, good_size, &error) != -EBADMSG ||
				strstr(error.text, rows[i].complaint) == NULL) {
			fail_msg("row %zu (%s): %s", i, rows[i].complaint, error.text);
		}
		free(victim.image);
	}
}

/* 8,000 names share one set of 100 records with names of 120 labels: more to look at than an image
 * of this size may ask for. Told by hand: each name had an address of its own. */
static void
too_much_sharing_is_refused(void **state)
{
	enum { NAMES = 8000, RECORDS = 100, LABELS = 120 };
	static char owners[NAMES][16];
	static char values[RECORDS * (2 * LABELS + 6)];
	static struct sample_record records[NAMES + 3] = { { "example.", SOA, "ns1.example." } };
	static const struct sample_zone zone = { "example.", records };
	struct tbl_error error = { .text = "accepted" };
	struct victim victim;
	struct tbl_rrset *big;
	size_t len = 0;
	size_t size;

	(void)state;
	for (uint32_t r = 0; r < RECORDS; r++) {
		for (uint32_t l = 0; l < LABELS; l++) {
			values[len++] = (char)('a' + (l + r) % 26);
			values[len++] = '.';
		}
		len += (size_t)snprintf(
				values + len, 6, "%02u.%c", r, r + 1 < RECORDS ? '|' : '\0');
	}
	for (uint32_t i = 0; i < NAMES; i++) {
		(void)snprintf(owners[i], sizeof(owners[i]), "h%04u.example.", i);
		records[i + 1] = (struct sample_record){ owners[i], A, "192.0.2.1" };
	}
	records[NAMES + 1] = (struct sample_record){ "h9999.example.", MX, values };
	victim.image = sample_build(&zone, 1, NULL, &size);
	tbl_view_init(&victim.view, victim.image, NULL);
	big = find_rrset(&victim, "h9999.example.", MX);
	for (uint32_t i = 0; i < NAMES; i++) {
		*find_rrset(&victim, owners[i], A) = *big;
	}
	sample_reseal(victim.image, size);
	assert_int_equal(tbl_check(victim.image, size, &error), -EBADMSG);
	assert_non_null(strstr(error.text, "shared more than"));
	free(victim.image);
}

/* Every byte of records and fixups in turn becomes what a pointer or a length would be: most are
 * refused, what is accepted is data (addresses, TTLs, text), and a sanitizer sees every read. */
static void
changed_wire_bytes_never_lead_outside(void **state)
{
	struct tbl_header *header = (struct tbl_header *)(void *)good;
	size_t cnt = header->sections[TBL_SECTION_WIRE].cnt;
	static const uint8_t values[] = { 0xc0, 0xff };
	uint8_t *image = copy_image();
	uint8_t *wire = section(image, TBL_SECTION_WIRE);
	struct tbl_error error;
	size_t refused = 0;

	(void)state;
	for (size_t at = 0; at < cnt; at++) {
		uint8_t was = wire[at];

		for (size_t v = 0; v < ARRAY_LEN(values); v++) {
			wire[at] = values[v];
			sample_reseal(image, good_size);
			refused += tbl_check(image, good_size, &error) != 0;
		}
		wire[at] = was;
	}
	assert_true(refused > cnt / 2);
	free(image);
}

/* Selections */

static void *
build_selection(size_t *ret_size)
{
	void *selection;

	assert_int_equal(tbl_select_build(good, NULL, 5, &selection, ret_size), 0);
	return selection;
}

static void
selections_are_held_to_their_table(void **state)
{
	struct tbl_error error;
	size_t size;
	struct tbl_select_header *selection = build_selection(&size);
	void *other = copy_image();

	(void)state;
	assert_int_equal(tbl_check_selection(good, selection, size, &error), 0);
	assert_int_equal(tbl_check_selection(good, (uint8_t *)selection + 1, size - 1, &error),
			-EINVAL);
	for (size_t cut = 0; cut < size; cut++) {
		assert_int_equal(tbl_check_selection(good, selection, cut, &error), -EBADMSG);
	}
	tbl_reseal(other, SAMPLE_GENERATION + 1, 0);
	assert_int_equal(tbl_check(other, good_size, &error), 0);
	assert_int_equal(tbl_check_selection(other, selection, size, &error), -EBADMSG);
	assert_non_null(strstr(error.text, "generation"));
	free(other);
	free(selection);
}

static void
any_flipped_bit_of_a_selection_is_refused(void **state)
{
	struct tbl_error error;
	size_t size;
	uint8_t *selection = build_selection(&size);

	(void)state;
	for (size_t bit = 0; bit < size * 8; bit++) {
		selection[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(tbl_check_selection(good, selection, size, &error), -EBADMSG);
		selection[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(selection);
}

/* Whether a word of a selection may be any number: part of the sequence, an alias's threshold, or
 * padding behind an array (or of the checksum, which every check makes right). */
static bool
is_free_word(const struct tbl_select_header *header, size_t word)
{
	size_t off = word * sizeof(uint32_t);
	size_t slots_end = header->slots_off + header->slot_cnt * sizeof(uint32_t);
	size_t sets_end = header->sets_off + header->set_cnt * sizeof(struct tbl_set);
	size_t aliases_end = header->aliases_off + header->alias_cnt * sizeof(struct tbl_alias);

	if (off >= aliases_end) {
		return true;
	}
	if (off >= header->aliases_off) {
		return (off - header->aliases_off) % sizeof(struct tbl_alias) == 0;
	}
	return (off >= slots_end && off < header->sets_off) || off >= sets_end ||
	       off / 8 == offsetof(struct tbl_select_header, sequence) / 8 ||
	       off / 8 == offsetof(struct tbl_select_header, checksum) / 8;
}

/* Checks a selection with one word changed, its checksum made right. */
static int
check_with_word(uint32_t *words, size_t size, size_t index, uint32_t value)
{
	struct tbl_select_header *header = (struct tbl_select_header *)(void *)words;
	struct tbl_error error;
	uint32_t was = words[index];
	int rc;

	words[index] = value;
	header->checksum = tbl_seal_selection(words, size);
	rc = tbl_check_selection(good, words, size, &error);
	words[index] = was;
	return rc;
}

/* Under a right checksum no other word can be a number that is nobody's index. */
static void
lies_of_a_selection_are_refused(void **state)
{
	static const uint32_t values[] = { 0x7fffffff, UINT32_MAX - 1, UINT32_MAX };
	size_t size;
	uint32_t *words = build_selection(&size);

	(void)state;
	for (size_t i = 0; i < size / sizeof(*words) * ARRAY_LEN(values); i++) {
		size_t index = i / ARRAY_LEN(values);
		uint32_t value = values[i % ARRAY_LEN(values)];
		bool is_accepted = check_with_word(words, size, index, value) == 0;

		if (words[index] != value &&
				is_accepted != is_free_word((const void *)words, index)) {
			fail_msg("word %zu = %#x: %d", index, value, is_accepted);
		}
	}
	free(words);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_image_is_accepted),
		cmocka_unit_test(any_flipped_bit_is_refused),
		cmocka_unit_test(any_truncation_is_refused),
		cmocka_unit_test(a_resealed_truncation_is_refused),
		cmocka_unit_test(lies_under_a_right_checksum_are_refused),
		cmocka_unit_test(lies_about_records_are_refused),
		cmocka_unit_test(too_much_sharing_is_refused),
		cmocka_unit_test(changed_wire_bytes_never_lead_outside),
		cmocka_unit_test(selections_are_held_to_their_table),
		cmocka_unit_test(any_flipped_bit_of_a_selection_is_refused),
		cmocka_unit_test(lies_of_a_selection_are_refused),
	};

	return cmocka_run_group_tests_name("table/check", tests, setup, teardown);
}
