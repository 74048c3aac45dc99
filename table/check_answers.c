#include <errno.h>
#include <string.h>

#include "table/check_impl.h"
#include "table/view_impl.h"

/* Bounds of everything, served or not */

/* The list that begins at wire byte `off` ends within the section, and names answers that are there. */
static int
check_additional_bounds(struct tbl_check *check, uint64_t index, uint64_t off)
{
	const struct tbl_answer *answer = &check->view.answers[index];
	const struct tbl_additional *list = tbl_additionals(&check->view, answer);
	uint64_t total = tbl_check_cnt(check, TBL_SECTION_WIRE);

	for (uint32_t i = 0; i < TBL_ADDITIONAL_MAX; i++) {
		if (!is_tbl_range(off, (i + 1) * sizeof(*list), total)) {
			break;
		}
		if (list[i].answer >= tbl_check_cnt(check, TBL_SECTION_ANSWERS) ||
				list[i].pos >= answer->wire_len ||
				(list[i].flags & ~(uint32_t)TBL_ADDITIONAL_LAST) != 0) {
			return tbl_check_fail(check,
					"answers[%llu]: additional set %u: answer %u at byte %u",
					(unsigned long long)index, i, list[i].answer, list[i].pos);
		}
		if ((list[i].flags & TBL_ADDITIONAL_LAST) != 0) {
			return tbl_check_spend(check, i / 8u);
		}
	}
	return tbl_check_fail(check, "answers[%llu]: no end to its additional sets",
			(unsigned long long)index);
}

static int
check_answer_bounds(struct tbl_check *check, uint64_t index)
{
	const struct tbl_answer *answer = &check->view.answers[index];
	uint64_t total = tbl_check_cnt(check, TBL_SECTION_WIRE);
	uint64_t fixups_off = ((uint64_t)answer->wire_off + answer->wire_len + 3) / 4 * 4;
	uint64_t fixups_bytes = (uint64_t)answer->fixup_cnt * sizeof(struct tbl_fixup);

	if (answer->wire_off % 4 != 0 || !is_tbl_range(answer->wire_off, answer->wire_len, total) ||
			(answer->fixup_cnt > 0 && !is_tbl_range(fixups_off, fixups_bytes, total))) {
		return tbl_check_fail(check, "answers[%llu]: outside section wire",
				(unsigned long long)index);
	}
	if (answer->rr_cnt == 0) {
		return tbl_check_fail(check, "answers[%llu]: empty", (unsigned long long)index);
	}
	if ((answer->flags & ~(uint32_t)(TBL_ANSWER_SERIAL | TBL_ANSWER_DNAME |
					     TBL_ANSWER_ADDITIONAL)) != 0) {
		return tbl_check_fail(check, "answers[%llu]: unknown flags %#x",
				(unsigned long long)index, answer->flags);
	}
	if (answer->cname != TBL_NONE &&
			answer->cname >= tbl_check_cnt(check, TBL_SECTION_CNAMES)) {
		return tbl_check_fail(check, "answers[%llu]: CNAME target %u does not exist",
				(unsigned long long)index, answer->cname);
	}
	return (answer->flags & TBL_ANSWER_ADDITIONAL) != 0
	                       ? check_additional_bounds(check, index, fixups_off + fixups_bytes)
	                       : 0;
}

int
tbl_check_answer_bounds(struct tbl_check *check)
{
	for (uint64_t i = 0; i < tbl_check_cnt(check, TBL_SECTION_ANSWERS); i++) {
		int rc = check_answer_bounds(check, i);

		if (rc != 0) {
			return rc;
		}
	}
	for (uint64_t i = 0; i < tbl_check_cnt(check, TBL_SECTION_CNAMES); i++) {
		const struct tbl_cname *cname = &check->view.cnames[i];

		if (!is_tbl_range(cname->name_off, cname->name_len,
				    tbl_check_cnt(check, TBL_SECTION_NAMES))) {
			return tbl_check_fail(check, "cnames[%llu]: name outside section names",
					(unsigned long long)i);
		}
	}
	return 0;
}

/* Where CNAMEs lead */

static int
check_cname(struct tbl_check *check, uint64_t index)
{
	const struct tbl_view *view = &check->view;
	const struct tbl_cname *cname = &view->cnames[index];
	const uint8_t *wire = view->names + cname->name_off;
	const struct tbl_node *node;
	struct tbl_match match;
	struct tbl_name name;

	if (tbl_name_parse(wire, cname->name_len, &name) != cname->name_len ||
			memcmp(name.wire, wire, cname->name_len) != 0) {
		return tbl_check_fail(check,
				"cnames[%llu]: not a lower-cased wire name of %u bytes",
				(unsigned long long)index, cname->name_len);
	}
	tbl_name_hash(&name, view->header->hash_seed);
	match = tbl_find(view, &name);
	/* TBL_NONE is no node's index, so it compares unequal to any. */
	node = cname->node < tbl_check_cnt(check, TBL_SECTION_NODES) ? &view->nodes[cname->node]
	                                                             : NULL;
	if (cname->kind != match.kind || node != match.node ||
			(node == NULL && cname->node != TBL_NONE)) {
		return tbl_check_fail(check,
				"cnames[%llu]: kind %u and node %u are not where it leads",
				(unsigned long long)index, cname->kind, cname->node);
	}
	if (cname->reserved[0] != 0 || cname->reserved[1] != 0 || cname->reserved[2] != 0) {
		return tbl_check_fail(check, "cnames[%llu]: reserved bytes are not zero",
				(unsigned long long)index);
	}
	return 0;
}

int
tbl_check_cnames(struct tbl_check *check)
{
	for (uint64_t i = 0; i < tbl_check_cnt(check, TBL_SECTION_CNAMES); i++) {
		int rc = check_cname(check, i);

		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

/* Records of one answer, read from front to back: pos <= len always, and fixups in step with pos. */
struct record_walk {
	struct tbl_check *check;
	const struct tbl_served *served;
	const struct tbl_answer *answer;
	const uint8_t *wire;
	uint32_t len;
	uint32_t pos;
	const struct tbl_fixup *fixups;
	uint32_t fixup_next;
	uint32_t last_arg; /* of the pointer read last */
};

#define FAIL_ANSWER(walk, ...) \
	tbl_check_fail((walk)->check, "%s[%llu] type %u, answer %u: " __VA_ARGS__)
#define WHERE(walk)                                                                             \
	(walk)->served->place, (unsigned long long)(walk)->served->index, (walk)->served->type, \
			(walk)->served->answer

static uint32_t
read_u16(const uint8_t *b)
{
	return (uint32_t)b[0] << 8 | b[1];
}

static uint32_t
read_u32(const uint8_t *b)
{
	return read_u16(b) << 16 | read_u16(b + 2);
}

/* Whether a name has a label boundary `suffix_len` bytes before its end. */
static bool
is_suffix_len(const struct tbl_view *view, const struct tbl_node *node, uint32_t suffix_len)
{
	const uint8_t *name = tbl_node_name(view, node);
	uint32_t left = node->name_len;

	while (left > suffix_len) {
		left -= (uint32_t)name[node->name_len - left] + 1;
	}
	return left == suffix_len;
}

/* Whether a pointer into the owner holds for every name the answer is written for. The whole name
 * of a wildcard or of what a referral is about is not in the message. */
static bool
is_owner_arg(const struct record_walk *walk, uint32_t arg, bool is_record_owner)
{
	const struct tbl_node *owner = walk->served->owner;
	bool is_wildcard = (owner->flags & TBL_NODE_WILDCARD) != 0;

	if (arg == 0) {
		return !walk->served->is_below && (is_record_owner || !is_wildcard);
	}
	if (is_wildcard && !walk->served->is_below && arg >= owner->name_len) {
		return false;
	}
	return arg <= owner->name_len && is_suffix_len(&walk->check->view, owner, arg);
}

/* Reads the pointer at pos, which must be the next fixup, and returns the wire length of the name
 * it stands for; or -EBADMSG. Its stored value must be right for the case it is stored for. */
static int
read_pointer(struct record_walk *walk, bool is_record_owner)
{
	const struct tbl_fixup *fixup = &walk->fixups[walk->fixup_next];
	uint32_t owner_len = walk->served->owner->name_len;
	uint32_t local;
	uint32_t target;
	int name_len;

	if (walk->len - walk->pos < TBL_POINTER_BYTES ||
			walk->fixup_next >= walk->answer->fixup_cnt || fixup->pos != walk->pos) {
		return FAIL_ANSWER(walk, "no fixup for the pointer at byte %u", WHERE(walk),
				walk->pos);
	}
	local = fixup->arg & TBL_POINTER_MAX;
	if ((fixup->arg & TBL_FIXUP_LOCAL) != 0) {
		name_len = local < walk->pos ? walk->check->name_len_at[local] : 0;
		target = TBL_MESSAGE_HEADER_BYTES + owner_len + TBL_QUESTION_TAIL_BYTES + local;
	} else {
		name_len = fixup->arg != 0 ? fixup->arg : (int)owner_len;
		target = TBL_MESSAGE_HEADER_BYTES + owner_len - (uint32_t)name_len;
		if (!is_owner_arg(walk, fixup->arg, is_record_owner)) {
			name_len = 0;
		}
	}
	if (name_len == 0 || target > TBL_POINTER_MAX ||
			(fixup->arg & ~(TBL_FIXUP_LOCAL | local)) != 0 ||
			read_u16(walk->wire + walk->pos) != (TBL_POINTER_MARK | target)) {
		return FAIL_ANSWER(walk, "the pointer at byte %u with argument %#x leads nowhere",
				WHERE(walk), walk->pos, fixup->arg);
	}
	walk->last_arg = fixup->arg;
	walk->fixup_next++;
	walk->pos += TBL_POINTER_BYTES;
	return name_len;
}

/* Reads a name in RDATA that ends at or before `end`. */
static int
read_name(struct record_walk *walk, uint32_t end)
{
	uint32_t start = walk->pos;
	uint32_t labels_len; /* bytes before the root or the pointer */
	uint32_t label_cnt = 0;
	int tail_len = 1;

	while (walk->pos < end && walk->wire[walk->pos] != 0 &&
			walk->wire[walk->pos] <= TBL_LABEL_MAX &&
			walk->wire[walk->pos] < end - walk->pos) {
		walk->pos += walk->wire[walk->pos] + 1u;
	}
	labels_len = walk->pos - start;
	if (walk->pos < end && walk->wire[walk->pos] == 0) {
		walk->pos++;
	} else {
		tail_len = read_pointer(walk, false);
		if (tail_len < 0) {
			return tail_len;
		}
	}
	if (walk->pos > end || labels_len + (uint32_t)tail_len > TBL_NAME_MAX) {
		return FAIL_ANSWER(walk, "the name at byte %u is too long", WHERE(walk), start);
	}
	for (uint32_t at = start; at < start + labels_len; at += walk->wire[at] + 1u) {
		walk->check->name_len_at[at] =
				(uint8_t)(start + labels_len - at + (uint32_t)tail_len);
		label_cnt++;
	}
	/* A pointer can itself be pointed at. */
	if (tail_len > 1 && labels_len == 0) {
		walk->check->name_len_at[start] = (uint8_t)tail_len;
	}
	return tbl_check_spend(walk->check, 1 + label_cnt);
}

/* The serial that follows the generation, if that is the next fixup: it is stored as 0 (or equal
 * content would not be equal bytes) and the answer says that it has one. */
static int
read_serial(struct record_walk *walk)
{
	static const uint8_t zero[TBL_SERIAL_BYTES] = { 0 };
	bool is_following = (walk->answer->flags & TBL_ANSWER_SERIAL) != 0;

	if (!is_following) {
		return 0;
	}
	if (walk->len - walk->pos < TBL_SERIAL_BYTES ||
			walk->fixup_next >= walk->answer->fixup_cnt ||
			walk->fixups[walk->fixup_next].pos != walk->pos ||
			walk->fixups[walk->fixup_next].arg != TBL_FIXUP_SERIAL ||
			memcmp(walk->wire + walk->pos, zero, TBL_SERIAL_BYTES) != 0) {
		return FAIL_ANSWER(walk, "the serial at byte %u is not the generation's",
				WHERE(walk), walk->pos);
	}
	walk->fixup_next++;
	return 0;
}

/* A DNAME's target: all of the RDATA, and no pointer in it (RFC 6672 §2.5). */
static int
read_dname_target(struct record_walk *walk, uint32_t end)
{
	struct tbl_name target;
	int len = tbl_name_parse(walk->wire + walk->pos, end - walk->pos, &target);

	if (len < 0 || (uint32_t)len != end - walk->pos) {
		return FAIL_ANSWER(walk, "the target at byte %u is no whole name", WHERE(walk),
				walk->pos);
	}
	return tbl_check_spend(walk->check, target.label_cnt);
}

/* The name of a host in RDATA that is opaque otherwise: only there may an owner of additional sets
 * stand. It is written out, since no type newer than RFC 1035 has its names compressed. */
static void
mark_host(struct record_walk *walk, uint32_t before, uint32_t end)
{
	struct tbl_name host;
	uint32_t at = walk->pos + before;

	if ((walk->answer->flags & TBL_ANSWER_ADDITIONAL) != 0 && before < end - walk->pos &&
			tbl_name_parse(walk->wire + at, end - at, &host) > 0) {
		walk->check->name_len_at[at] = host.len;
	}
}

/* Names in RDATA of the types of RFC 1035 that hold some; all else is opaque (RFC 3597 §4). */
static int
read_rdata(struct record_walk *walk, uint32_t type, uint32_t end)
{
	uint32_t name_cnt = 0;
	uint32_t behind = 0; /* bytes behind the names */

	switch (type) {
	case TBL_TYPE_NS:
	case TBL_TYPE_CNAME:
	case TBL_TYPE_PTR:
		name_cnt = 1;
		break;
	case TBL_TYPE_MX:
		name_cnt = 1;
		if (end - walk->pos < sizeof(uint16_t)) {
			return FAIL_ANSWER(walk, "an MX of %u bytes", WHERE(walk), end - walk->pos);
		}
		walk->pos += (uint32_t)sizeof(uint16_t); /* PREFERENCE */
		break;
	case TBL_TYPE_SOA:
		name_cnt = 2;
		behind = TBL_SOA_NUMBERS_BYTES;
		break;
	case TBL_TYPE_A:
		behind = 4;
		break;
	case TBL_TYPE_AAAA:
		behind = 16;
		break;
	case TBL_TYPE_DNAME:
		behind = end - walk->pos;
		if (read_dname_target(walk, end) != 0) {
			return -EBADMSG;
		}
		break;
	case TBL_TYPE_SRV:
		behind = end - walk->pos;
		mark_host(walk, 6, end); /* PRIORITY, WEIGHT, PORT */
		break;
	case TBL_TYPE_SVCB:
	case TBL_TYPE_HTTPS:
		behind = end - walk->pos;
		mark_host(walk, 2, end); /* SvcPriority */
		break;
	default:
		behind = end - walk->pos;
		break;
	}
	for (uint32_t i = 0; i < name_cnt; i++) {
		int rc = read_name(walk, end);

		if (rc != 0) {
			return rc;
		}
	}
	if (end - walk->pos != behind) {
		return FAIL_ANSWER(
				walk, "RDATA up to byte %u is not of its type", WHERE(walk), end);
	}
	if (type == TBL_TYPE_SOA) {
		int rc = read_serial(walk);

		if (rc != 0) {
			return rc;
		}
	}
	walk->pos = end;
	return 0;
}

static int
read_record(struct record_walk *walk, bool is_extra)
{
	uint32_t type;
	uint32_t rdata_len;
	const uint8_t *fixed;
	int rc = read_pointer(walk, true);

	if (rc < 0) {
		return rc;
	}
	if (is_extra != ((walk->last_arg & TBL_FIXUP_LOCAL) != 0) ||
			(!is_extra && rc != walk->served->owner->name_len)) {
		return FAIL_ANSWER(walk, "wrong owner of the record before byte %u", WHERE(walk),
				walk->pos);
	}
	if (walk->len - walk->pos < TBL_RECORD_FIXED_BYTES) {
		return FAIL_ANSWER(walk, "cut short at byte %u", WHERE(walk), walk->pos);
	}
	fixed = walk->wire + walk->pos;
	type = read_u16(fixed);
	rdata_len = read_u16(fixed + 8);
	walk->pos += TBL_RECORD_FIXED_BYTES;
	if (read_u16(fixed + 2) != TBL_CLASS_IN || read_u32(fixed + 4) > TBL_TTL_MAX ||
			rdata_len > walk->len - walk->pos) {
		return FAIL_ANSWER(walk, "class, TTL or RDLENGTH before byte %u", WHERE(walk),
				walk->pos);
	}
	if (is_extra ? type != TBL_TYPE_A && type != TBL_TYPE_AAAA : type != walk->served->type) {
		return FAIL_ANSWER(walk, "a record of type %u before byte %u", WHERE(walk), type,
				walk->pos);
	}
	rc = tbl_check_spend(walk->check, 1);
	return rc != 0 ? rc : read_rdata(walk, type, walk->pos + rdata_len);
}

/* What tbl_cname says about the RDATA is true: else a chain's owner names would be wrong. */
static int
check_cname_rdata(struct record_walk *walk)
{
	const struct tbl_view *view = &walk->check->view;
	const struct tbl_node *owner = walk->served->owner;
	const struct tbl_cname *cname = &view->cnames[walk->answer->cname];
	uint32_t shared_arg = walk->last_arg != 0 ? walk->last_arg : owner->name_len;
	uint8_t expanded[TBL_NAME_MAX];
	uint32_t own_len;
	struct tbl_name name;

	if (walk->answer->rr_cnt != 1 || cname->rdata_pos != TBL_FIRST_RDATA_POS ||
			cname->shared_len > cname->name_len ||
			cname->shared_len > owner->name_len ||
			(cname->shared_len != 0) != (walk->fixup_next == 2) ||
			(cname->shared_len != 0 && cname->shared_len != shared_arg)) {
		return FAIL_ANSWER(walk, "cname %u is about another one", WHERE(walk),
				walk->answer->cname);
	}
	own_len = (uint32_t)cname->name_len - cname->shared_len;
	if (own_len != walk->len - TBL_FIRST_RDATA_POS -
					(cname->shared_len != 0 ? TBL_POINTER_BYTES : 0)) {
		return FAIL_ANSWER(walk, "cname %u has another length", WHERE(walk),
				walk->answer->cname);
	}
	memcpy(expanded, walk->wire + TBL_FIRST_RDATA_POS, own_len);
	memcpy(expanded + own_len,
			tbl_node_name(view, owner) + (owner->name_len - cname->shared_len),
			cname->shared_len);
	/* The names section is compared lower-cased, the RDATA keeps its case. */
	if (tbl_name_parse(expanded, cname->name_len, &name) != cname->name_len ||
			memcmp(name.wire, view->names + cname->name_off, cname->name_len) != 0) {
		return FAIL_ANSWER(
				walk, "cname %u is another name", WHERE(walk), walk->answer->cname);
	}
	return 0;
}

static int
read_records(struct record_walk *walk)
{
	const struct tbl_answer *answer = walk->answer;
	uint32_t total = (uint32_t)answer->rr_cnt + answer->extra_cnt;

	for (uint32_t i = 0; i < total; i++) {
		int rc = read_record(walk, i >= answer->rr_cnt);

		if (rc != 0) {
			return rc;
		}
	}
	if (walk->pos != walk->len || walk->fixup_next != answer->fixup_cnt) {
		return FAIL_ANSWER(walk, "%u bytes and %u pointers, but its records have %u and %u",
				WHERE(walk), walk->len, answer->fixup_cnt, walk->pos,
				walk->fixup_next);
	}
	return 0;
}

/* Owners of additional sets are names that were read: whatever reply the answer is copied into, they
 * stand there as they are stored. */
static int
check_owners_of_additional(struct record_walk *walk)
{
	const struct tbl_additional *next = tbl_additionals(&walk->check->view, walk->answer);

	if (walk->served->is_below || !is_tbl_leading_type(walk->served->type)) {
		return FAIL_ANSWER(walk, "additional sets", WHERE(walk));
	}
	walk->check->has_additional = true;
	do {
		if (next->pos != 0 && walk->check->name_len_at[next->pos] == 0) {
			return FAIL_ANSWER(walk, "no name at byte %u to own an additional set",
					WHERE(walk), next->pos);
		}
	} while (((next++)->flags & TBL_ADDITIONAL_LAST) == 0);
	return 0;
}

int
tbl_check_answer(struct tbl_check *check, const struct tbl_served *served)
{
	struct record_walk walk = { .check = check, .served = served };
	bool is_dname = served->type == TBL_TYPE_DNAME;
	bool is_single = served->type == TBL_TYPE_CNAME || served->type == TBL_TYPE_SOA || is_dname;
	bool is_cname = served->type == TBL_TYPE_CNAME;
	int rc;

	if (served->answer >= tbl_check_cnt(check, TBL_SECTION_ANSWERS)) {
		return FAIL_ANSWER(&walk, "does not exist", WHERE(&walk));
	}
	walk.answer = &check->view.answers[served->answer];
	walk.wire = check->view.wire + walk.answer->wire_off;
	walk.len = walk.answer->wire_len;
	walk.fixups = tbl_fixups(&check->view, walk.answer);
	if (is_single && walk.answer->rr_cnt != 1) {
		return FAIL_ANSWER(&walk, "%u records where one must be", WHERE(&walk),
				walk.answer->rr_cnt);
	}
	if (walk.answer->extra_cnt != 0 && served->type != TBL_TYPE_NS) {
		return FAIL_ANSWER(&walk, "additional records", WHERE(&walk));
	}
	if ((walk.answer->flags & TBL_ANSWER_SERIAL) != 0 && served->type != TBL_TYPE_SOA) {
		return FAIL_ANSWER(&walk, "a serial in what is no SOA", WHERE(&walk));
	}
	if (is_dname != ((walk.answer->flags & TBL_ANSWER_DNAME) != 0)) {
		return FAIL_ANSWER(&walk, "DNAME and its flag do not agree", WHERE(&walk));
	}
	if (is_cname != (walk.answer->cname != TBL_NONE)) {
		return FAIL_ANSWER(&walk, "CNAME without a target, or a target without CNAME",
				WHERE(&walk));
	}
	memset(check->name_len_at, 0, walk.len);
	rc = tbl_check_spend(check, walk.len / 64u);
	if (rc == 0) {
		rc = read_records(&walk);
	}
	if (rc == 0 && (walk.answer->flags & TBL_ANSWER_ADDITIONAL) != 0) {
		rc = check_owners_of_additional(&walk);
	}
	return rc == 0 && is_cname ? check_cname_rdata(&walk) : rc;
}
