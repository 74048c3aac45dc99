#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "table/build_impl.h"
#include "table/reply.h" /* TBL_CHAIN_MAX */

/*
 * Local pointers reach only this far into an answer. Wherever the reader puts it (a chain of
 * TBL_CHAIN_MAX links before it, each a CNAME of at most 267 bytes or a DNAME and its CNAME, which
 * have the bytes of one name between them: 281) the place stays below 16384, the end of what a
 * pointer can say.
 */
#define LOCAL_REACH 8192u
static_assert(TBL_MESSAGE_HEADER_BYTES + TBL_NAME_MAX + TBL_QUESTION_TAIL_BYTES +
						TBL_CHAIN_MAX * 281u + LOCAL_REACH <=
				TBL_POINTER_MAX,
		"local pointers stay in reach");

/* Names and suffixes an answer remembers to point at. More would make a set of 100 long names slow
 * to encode for a few bytes. */
#define LOCAL_NAMES_MAX    48u
#define LOCAL_SUFFIXES_MAX 192u

/* RFC 3597 §4: only types of RFC 1035 may have their names compressed, so not DNAME's. The types that
 * nothing here depends on are taken as they are; only what is the same record is told by their names
 * (RFC 4034 §6.2), but where something of variable length comes before these. */
struct shape {
	uint16_t type;
	uint16_t before; /* octets in front of the names */
	uint16_t names;
	uint16_t after;
	bool is_compressible;
	bool is_checked;
};
static const struct shape shapes[] = {
	{ TBL_TYPE_A, 4, 0, 0, false, true },
	{ TBL_TYPE_NS, 0, 1, 0, true, true },
	{ TBL_TYPE_CNAME, 0, 1, 0, true, true },
	{ TBL_TYPE_SOA, 0, 2, 20, true, true },
	{ TBL_TYPE_PTR, 0, 1, 0, true, true },
	{ TBL_TYPE_MX, 2, 1, 0, true, true },
	{ TBL_TYPE_AAAA, 16, 0, 0, false, true },
	{ TBL_TYPE_DNAME, 0, 1, 0, false, true },
	{ 7 /* MB */, 0, 1, 0, false, false },
	{ 8 /* MG */, 0, 1, 0, false, false },
	{ 9 /* MR */, 0, 1, 0, false, false },
	{ 14 /* MINFO */, 0, 2, 0, false, false },
	{ 17 /* RP */, 0, 2, 0, false, false },
	{ 18 /* AFSDB */, 2, 1, 0, false, false },
	{ 21 /* RT */, 2, 1, 0, false, false },
	{ 33 /* SRV */, 6, 1, 0, false, false },
	{ 36 /* KX */, 2, 1, 0, false, false },
};

struct suffix {
	const uint8_t *name; /* lower-cased */
	uint16_t pos;
	uint8_t len;
};

struct tbl_wire {
	uint32_t len;
	uint8_t rr_cnt;
	uint16_t extra_cnt;
	uint16_t owner_arg;   /* 0, or the owner's length */
	uint8_t owner_skip;   /* leftmost labels of the owner that RDATA must not point at */
	uint8_t cname_shared; /* for tbl_cname.shared_len */
	uint8_t flags;        /* enum tbl_answer_flag */
	uint8_t additional_cnt;
	uint32_t fixup_cnt;
	uint32_t suffix_cnt;
	uint32_t local_name_cnt;
	struct tbl_name owner;
	struct tbl_name name;                      /* of the RDATA at hand */
	uint16_t rdata_pos[TBL_RRSET_RECORDS_MAX]; /* by record */
	struct suffix suffixes[LOCAL_SUFFIXES_MAX];
	struct tbl_additional additional[TBL_ADDITIONAL_MAX]; /* `answer`: still the node */
	uint8_t local_names[LOCAL_NAMES_MAX][TBL_NAME_MAX];
	/* Each pointer is two bytes of the answer. */
	struct tbl_fixup fixups[TBL_RRSET_BYTES_MAX / TBL_POINTER_BYTES];
	uint8_t bytes[TBL_RRSET_BYTES_MAX];
};

static const struct shape *
find_shape(uint16_t type)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (shapes[i].type == type) {
			return &shapes[i];
		}
	}
	return NULL;
}

const char *
tbl_rdata_check(uint16_t type, const struct tbl_rdata *rdata)
{
	const struct shape *shape = find_shape(type);
	struct tbl_name name;
	size_t at;

	if (shape == NULL || !shape->is_checked) {
		return NULL;
	}
	if (rdata->size < shape->before) {
		return "RDATA is too short";
	}
	at = shape->before;
	for (uint16_t i = 0; i < shape->names; i++) {
		int len = tbl_name_parse(rdata->bytes + at, rdata->size - at, &name);

		if (len < 0) {
			return "RDATA does not hold an uncompressed name where it should";
		}
		at += (size_t)len;
	}
	return rdata->size - at == shape->after ? NULL : "RDATA has the wrong length";
}

/* Whether both have the same name at `at`; then *at moves behind it. */
static bool
has_same_name(const struct tbl_rdata *a, const struct tbl_rdata *b, size_t *at)
{
	struct tbl_name x;
	struct tbl_name y;
	int len = tbl_name_parse(a->bytes + *at, a->size - *at, &x);

	if (len < 0 || tbl_name_parse(b->bytes + *at, b->size - *at, &y) != len ||
			memcmp(x.wire, y.wire, x.len) != 0) {
		return false;
	}
	*at += (size_t)len;
	return true;
}

bool
is_tbl_same_rdata(uint16_t type, const struct tbl_rdata *a, const struct tbl_rdata *b)
{
	const struct shape *shape = find_shape(type);
	size_t at;

	if (a->size != b->size) {
		return false;
	}
	if (shape == NULL || shape->names == 0 || memcmp(a->bytes, b->bytes, a->size) == 0) {
		return memcmp(a->bytes, b->bytes, a->size) == 0;
	}
	at = shape->before;
	if (at > a->size || memcmp(a->bytes, b->bytes, at) != 0) {
		return false;
	}
	for (uint16_t i = 0; i < shape->names; i++) {
		if (!has_same_name(a, b, &at)) {
			return false;
		}
	}
	return memcmp(a->bytes + at, b->bytes + at, a->size - at) == 0;
}

void
tbl_rdata_name(uint16_t type, const struct tbl_rdata *rdata, struct tbl_name *ret_name)
{
	uint16_t before = find_shape(type)->before;

	(void)tbl_name_parse(rdata->bytes + before, (size_t)(rdata->size - before), ret_name);
}

int
tbl_wire_new(struct tbl_wire **ret_wire)
{
	*ret_wire = calloc(1, sizeof(**ret_wire));
	return *ret_wire != NULL ? 0 : -ENOMEM;
}

void
tbl_wire_free(struct tbl_wire *wire)
{
	free(wire);
}

void
tbl_wire_begin(struct tbl_wire *wire, const uint8_t *owner, bool is_owner_by_length)
{
	(void)tbl_name_parse(owner, TBL_NAME_MAX, &wire->owner);
	wire->len = 0;
	wire->rr_cnt = 0;
	wire->extra_cnt = 0;
	wire->fixup_cnt = 0;
	wire->suffix_cnt = 0;
	wire->local_name_cnt = 0;
	wire->cname_shared = 0;
	wire->flags = 0;
	wire->additional_cnt = 0;
	wire->owner_arg = is_owner_by_length ? wire->owner.len : 0;
	/* The question a wildcard answers has other labels in place of "*". */
	wire->owner_skip = owner[0] == 1 && owner[1] == '*' ? 1 : 0;
}

static uint8_t *
put(struct tbl_wire *wire, size_t cnt)
{
	uint8_t *at = wire->bytes + wire->len;

	if (cnt > TBL_RRSET_BYTES_MAX - wire->len) {
		return NULL;
	}
	wire->len += (uint32_t)cnt;
	return at;
}

static int
put_bytes(struct tbl_wire *wire, const uint8_t *bytes, size_t cnt)
{
	uint8_t *at = put(wire, cnt);

	if (at == NULL) {
		return -ENOSPC;
	}
	if (cnt > 0) {
		memcpy(at, bytes, cnt);
	}
	return 0;
}

static void
store_u16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void
store_u32(uint8_t *at, uint32_t value)
{
	store_u16(at, value >> 16);
	store_u16(at + 2, value);
}

/* Where a fixup points when the question is the owner and this answer comes first behind it. */
static uint32_t
common_offset(const struct tbl_wire *wire, uint16_t arg)
{
	uint32_t behind_question =
			TBL_MESSAGE_HEADER_BYTES + wire->owner.len + TBL_QUESTION_TAIL_BYTES;

	if ((arg & TBL_FIXUP_LOCAL) != 0) {
		return behind_question + (arg & ~TBL_FIXUP_LOCAL);
	}
	return TBL_MESSAGE_HEADER_BYTES + (arg == 0 ? 0u : (uint32_t)wire->owner.len - arg);
}

static int
put_pointer(struct tbl_wire *wire, uint16_t arg)
{
	uint32_t pos = wire->len;
	uint8_t *at = put(wire, TBL_POINTER_BYTES);

	if (at == NULL) {
		return -ENOSPC;
	}
	store_u16(at, TBL_POINTER_MARK | common_offset(wire, arg));
	wire->fixups[wire->fixup_cnt++] = (struct tbl_fixup){ .pos = (uint16_t)pos, .arg = arg };
	return 0;
}

/* The owner's label at which a suffix of this length begins; label_cnt when none does. */
static uint32_t
owner_label_of(const struct tbl_wire *wire, size_t len)
{
	uint32_t label = wire->owner_skip;

	while (label < wire->owner.label_cnt &&
			(size_t)wire->owner.len - wire->owner.off[label] > len) {
		label++;
	}
	return (size_t)wire->owner.len - wire->owner.off[label] == len ? label
	                                                               : wire->owner.label_cnt;
}

/* The fixup argument for a suffix that the owner or an earlier name of this answer has. */
static bool
is_suffix_known(const struct tbl_wire *wire, const uint8_t *suffix, size_t len, uint16_t *ret_arg)
{
	uint32_t label = owner_label_of(wire, len);

	if (label < wire->owner.label_cnt &&
			memcmp(wire->owner.wire + wire->owner.off[label], suffix, len) == 0) {
		*ret_arg = label == 0 ? wire->owner_arg : (uint16_t)len;
		return true;
	}
	for (uint32_t i = 0; i < wire->suffix_cnt; i++) {
		const struct suffix *known = &wire->suffixes[i];

		if (known->len == len && memcmp(known->name, suffix, len) == 0) {
			*ret_arg = (uint16_t)(TBL_FIXUP_LOCAL | known->pos);
			return true;
		}
	}
	return false;
}

/* Remembers the first label_cnt suffixes of wire->name, written at pos, to be pointed at. */
static void
remember(struct tbl_wire *wire, uint32_t pos, uint32_t label_cnt)
{
	const struct tbl_name *name = &wire->name;
	uint8_t *copy;

	if (label_cnt == 0 || wire->local_name_cnt == LOCAL_NAMES_MAX) {
		return;
	}
	copy = wire->local_names[wire->local_name_cnt++];
	memcpy(copy, name->wire, name->len);
	for (uint32_t label = 0; label < label_cnt && wire->suffix_cnt < LOCAL_SUFFIXES_MAX;
			label++) {
		uint32_t at = pos + name->off[label];

		if (at >= LOCAL_REACH) {
			return;
		}
		wire->suffixes[wire->suffix_cnt++] = (struct suffix){
			.name = copy + name->off[label],
			.pos = (uint16_t)at,
			.len = (uint8_t)(name->len - name->off[label]),
		};
	}
}

/* Writes the name at bytes[0..size), as far as possible as a pointer; returns its length there. The
 * case of what is written out is kept. */
static int
put_name(struct tbl_wire *wire, const uint8_t *bytes, size_t size)
{
	struct tbl_name *name = &wire->name;
	uint32_t pos = wire->len;
	uint32_t label = 0;
	uint16_t arg = 0;
	bool is_known = false;
	int rc;

	(void)tbl_name_parse(bytes, size, name);
	for (; label < name->label_cnt; label++) {
		is_known = is_suffix_known(wire, name->wire + name->off[label],
				(size_t)name->len - name->off[label], &arg);
		if (is_known) {
			break;
		}
	}
	rc = put_bytes(wire, bytes, is_known ? name->off[label] : name->len);
	if (rc == 0 && is_known) {
		rc = put_pointer(wire, arg);
		/* For a CNAME, which has one record and so only the owner to point at. */
		wire->cname_shared = (uint8_t)(name->len - name->off[label]);
	}
	if (rc != 0) {
		return rc;
	}
	remember(wire, pos, label);
	return name->len;
}

static int
put_rdata(struct tbl_wire *wire, uint16_t type, const struct tbl_rdata *rdata)
{
	const struct shape *shape = find_shape(type);
	bool is_compressible = shape != NULL && shape->is_compressible;
	size_t at = is_compressible ? shape->before : rdata->size;
	int rc = put_bytes(wire, rdata->bytes, at);

	for (uint16_t i = 0; rc == 0 && is_compressible && i < shape->names; i++) {
		int len = put_name(wire, rdata->bytes + at, rdata->size - at);

		rc = len < 0 ? len : 0;
		at += len < 0 ? 0 : (size_t)len;
	}
	return rc != 0 ? rc : put_bytes(wire, rdata->bytes + at, rdata->size - at);
}

/* What follows the owner. Returns where RDATA begins, or -ENOSPC. */
static int
put_behind_owner(
		struct tbl_wire *wire, uint16_t type, uint32_t ttl_s, const struct tbl_rdata *rdata)
{
	uint8_t *fixed = put(wire, TBL_RECORD_FIXED_BYTES);
	uint32_t pos = wire->len;
	int rc;

	if (fixed == NULL) {
		return -ENOSPC;
	}
	store_u16(fixed, type);
	store_u16(fixed + 2, TBL_CLASS_IN);
	store_u32(fixed + 4, ttl_s);
	rc = put_rdata(wire, type, rdata);
	store_u16(fixed + 8, wire->len - pos);
	return rc != 0 ? rc : (int)pos;
}

int
tbl_wire_record(struct tbl_wire *wire, uint16_t type, uint32_t ttl_s, const struct tbl_rdata *rdata)
{
	int pos = put_pointer(wire, wire->owner_arg);

	if (pos == 0) {
		pos = put_behind_owner(wire, type, ttl_s, rdata);
	}
	if (pos < 0) {
		return pos;
	}
	wire->rdata_pos[wire->rr_cnt++] = (uint16_t)pos;
	wire->flags |= type == TBL_TYPE_DNAME ? TBL_ANSWER_DNAME : 0;
	return 0;
}

int
tbl_wire_extra(struct tbl_wire *wire, uint32_t of, uint16_t type, uint32_t ttl_s,
		const struct tbl_rdata *rdata)
{
	int rc;

	if (wire->rdata_pos[of] >= LOCAL_REACH) {
		return -ERANGE;
	}
	/* RDATA of an NS is its target, so that is where the owner stands. */
	rc = put_pointer(wire, (uint16_t)(TBL_FIXUP_LOCAL | wire->rdata_pos[of]));
	if (rc == 0) {
		rc = put_behind_owner(wire, type, ttl_s, rdata);
	}
	if (rc < 0) {
		return rc;
	}
	wire->extra_cnt++;
	return 0;
}

void
tbl_wire_serial(struct tbl_wire *wire)
{
	uint32_t pos = wire->len - TBL_SOA_NUMBERS_BYTES;

	/* One fixup more than there are pointers: an SOA has at most three of those. */
	memset(wire->bytes + pos, 0, TBL_SERIAL_BYTES);
	wire->fixups[wire->fixup_cnt++] =
			(struct tbl_fixup){ .pos = (uint16_t)pos, .arg = TBL_FIXUP_SERIAL };
	wire->flags |= TBL_ANSWER_SERIAL;
}

void
tbl_wire_additional(struct tbl_wire *wire, const struct tbl_wire_target *target)
{
	uint32_t pos = target->of < 0 ? 0 : wire->rdata_pos[target->of] + (uint32_t)target->before;

	static_assert(TBL_RRSET_BYTES_MAX <= UINT16_MAX, "pos fits");
	if (wire->additional_cnt > 0) {
		wire->additional[wire->additional_cnt - 1u].flags = 0;
	}
	wire->additional[wire->additional_cnt++] = (struct tbl_additional){
		.answer = target->node,
		.pos = (uint16_t)pos,
		.type = (uint8_t)target->type,
		.flags = TBL_ADDITIONAL_LAST,
	};
	wire->flags |= TBL_ANSWER_ADDITIONAL;
}

/* Storing */

static uint32_t
round_up_4(uint32_t bytes)
{
	return (bytes + 3u) & ~3u;
}

/* Whether the list that begins at `bytes` is the one of the answer being made. */
static bool
is_same_additional(const struct tbl_wire *wire, const uint8_t *bytes)
{
	const struct tbl_additional *known = (const struct tbl_additional *)(const void *)bytes;

	for (uint32_t i = 0; i < wire->additional_cnt; i++) {
		if (memcmp(&known[i], &wire->additional[i], sizeof(known[i])) != 0) {
			return false; /* the flag of the last one too */
		}
	}
	return true;
}

static bool
is_same_answer(const struct tbl_builder *b, const struct tbl_answer *answer,
		const struct tbl_cname *cname)
{
	const struct tbl_wire *wire = b->wire;
	const struct tbl_cname *cnames = b->out[TBL_SECTION_CNAMES].items;
	const uint8_t *bytes = (const uint8_t *)b->out[TBL_SECTION_WIRE].items + answer->wire_off;
	size_t fixup_bytes = wire->fixup_cnt * sizeof(struct tbl_fixup);

	if ((answer->cname == TBL_NONE) != (cname == NULL) ||
			(cname != NULL && cnames[answer->cname].name_off != cname->name_off)) {
		return false;
	}
	if (answer->wire_len != wire->len || answer->rr_cnt != wire->rr_cnt ||
			answer->extra_cnt != wire->extra_cnt ||
			answer->fixup_cnt != wire->fixup_cnt || answer->flags != wire->flags ||
			memcmp(bytes, wire->bytes, wire->len) != 0) {
		return false;
	}
	bytes += round_up_4(wire->len);
	/* The same octets lead elsewhere for another owner: then other nodes stand behind them. */
	return memcmp(bytes, wire->fixups, fixup_bytes) == 0 &&
	       (wire->additional_cnt == 0 || is_same_additional(wire, bytes + fixup_bytes));
}

static int
store_cname(struct tbl_builder *b, const struct tbl_cname *cname, uint32_t *ret_index)
{
	struct tbl_vec *cnames = &b->out[TBL_SECTION_CNAMES];
	struct tbl_cname *added;

	if (cname == NULL) {
		*ret_index = TBL_NONE;
		return 0;
	}
	added = tbl_vec_add(cnames, 1);
	if (added == NULL) {
		return -ENOMEM;
	}
	*added = *cname;
	added->rdata_pos = b->wire->rdata_pos[0];
	added->shared_len = b->wire->cname_shared;
	*ret_index = (uint32_t)(cnames->cnt - 1);
	return 0;
}

static int
store_answer(struct tbl_builder *b, const struct tbl_cname *cname)
{
	const struct tbl_wire *wire = b->wire;
	struct tbl_vec *section = &b->out[TBL_SECTION_WIRE];
	uint32_t fixup_bytes = wire->fixup_cnt * (uint32_t)sizeof(struct tbl_fixup);
	uint32_t additional_bytes = wire->additional_cnt * (uint32_t)sizeof(struct tbl_additional);
	uint32_t bytes = round_up_4(wire->len) + fixup_bytes + additional_bytes;
	struct tbl_answer *answer;
	uint32_t index;
	uint8_t *at;
	int rc = store_cname(b, cname, &index);

	if (rc != 0) {
		return rc;
	}
	if (bytes > UINT32_MAX - section->cnt) {
		return -E2BIG;
	}
	answer = tbl_vec_add(&b->out[TBL_SECTION_ANSWERS], 1);
	at = answer != NULL ? tbl_vec_add(section, bytes) : NULL;
	if (at == NULL) {
		return -ENOMEM;
	}
	memcpy(at, wire->bytes, wire->len);
	memcpy(at + round_up_4(wire->len), wire->fixups, fixup_bytes);
	memcpy(at + round_up_4(wire->len) + fixup_bytes, wire->additional, additional_bytes);
	*answer = (struct tbl_answer){
		.wire_off = (uint32_t)(section->cnt - bytes),
		.wire_len = (uint16_t)wire->len,
		.rr_cnt = wire->rr_cnt,
		.flags = wire->flags,
		.extra_cnt = wire->extra_cnt,
		.fixup_cnt = (uint16_t)wire->fixup_cnt,
		.cname = index,
	};
	return 0;
}

int
tbl_wire_end(struct tbl_builder *b, const struct tbl_cname *cname, uint32_t *ret_answer)
{
	const struct tbl_wire *wire = b->wire;
	const struct tbl_vec *answers = &b->out[TBL_SECTION_ANSWERS];
	uint64_t hash = XXH3_64bits_withSeed(wire->bytes, wire->len, wire->fixup_cnt);
	struct tbl_map_slot *slot;
	int rc = tbl_map_reserve(&b->answer_map);

	if (rc != 0) {
		return rc;
	}
	slot = tbl_map_first(&b->answer_map, hash);
	for (; !is_tbl_map_free(slot); slot = tbl_map_next(&b->answer_map, slot, hash)) {
		const struct tbl_answer *known =
				(const struct tbl_answer *)answers->items + slot->index;

		if (is_same_answer(b, known, cname)) {
			*ret_answer = slot->index;
			return 0;
		}
	}
	rc = store_answer(b, cname);
	if (rc == 0) {
		*ret_answer = (uint32_t)(answers->cnt - 1);
		tbl_map_fill(&b->answer_map, slot, hash, *ret_answer);
	}
	return rc;
}
