/* What belongs beside an answer: the addresses of the hosts that it names (RFC 1034 §4.3.2 step 6),
 * found once, when the table is built. docs/dns-readings.md says which, and why no others. */
#include <string.h>

#include "table/build_impl.h"

/* Types whose RDATA leads to a host: RFC 1035 §3.3.9 and §3.3.11, RFC 2782, RFC 9460 §4.1. */
static const struct leading {
	uint16_t type;
	uint16_t before; /* octets of RDATA in front of the host's name */
} leading[] = {
	{ TBL_TYPE_NS, 0 },
	{ TBL_TYPE_MX, 2 },
	{ TBL_TYPE_SRV, 6 },
	{ TBL_TYPE_SVCB, 2 },
	{ TBL_TYPE_HTTPS, 2 },
};

/* A host that the answer names. */
struct target {
	uint32_t name; /* whose sets are added: the host's own, or the wildcard's that answers for it */
	int32_t of;    /* record that names it; -1: it is the answer's owner */
	bool is_alias; /* AliasMode leads on to the set of the same type there (RFC 9460 §2.4.2) */
	uint8_t len;
	uint8_t wire[TBL_NAME_MAX]; /* lower-cased */
};
struct targets {
	uint32_t cnt;
	struct target items[TBL_ADDITIONAL_TARGETS_MAX];
};

static const struct leading *
find_leading(uint16_t type)
{
	for (size_t i = 0; i < sizeof(leading) / sizeof(leading[0]); i++) {
		if (leading[i].type == type) {
			return &leading[i];
		}
	}
	return NULL;
}

static bool
is_service(uint16_t type)
{
	return type == TBL_TYPE_SVCB || type == TBL_TYPE_HTTPS;
}

/* "*" below the suffix of `name` that begins at `label`, or TBL_NONE. */
static uint32_t
find_wildcard(const struct tbl_builder *b, const struct tbl_name *name, uint32_t label)
{
	uint8_t wire[TBL_NAME_MAX + 2] = { 1, '*' };
	size_t len = (size_t)name->len - name->off[label];
	struct tbl_name wildcard;

	memcpy(wire + 2, name->wire + name->off[label], len);
	if (tbl_name_parse(wire, len + 2, &wildcard) < 0) {
		return TBL_NONE;
	}
	tbl_name_hash(&wildcard, b->params.hash_seed);
	return tbl_build_find(b, &wildcard, 0);
}

/* The name whose data answers for `host` in this zone, or TBL_NONE: what is another zone's, or somebody
 * else's below a delegation, is not added. */
static uint32_t
find_host(const struct tbl_builder *b, const struct tbl_name *host, uint32_t zone)
{
	for (uint32_t label = 0; label <= host->label_cnt; label++) {
		uint32_t id = tbl_build_find(b, host, label);
		const struct tbl_build_name *name =
				id != TBL_NONE ? tbl_build_name_at(b, id) : NULL;

		if (name == NULL || name->node == TBL_NONE) {
			continue;
		}
		if (name->zone != zone || name->cut != TBL_NONE) {
			return TBL_NONE;
		}
		id = label == 0 ? id : find_wildcard(b, host, label);
		return id != TBL_NONE && tbl_build_name_at(b, id)->node != TBL_NONE ? id : TBL_NONE;
	}
	return TBL_NONE;
}

static bool
is_listed(const struct targets *targets, const uint8_t *wire, size_t len)
{
	for (uint32_t i = 0; i < targets->cnt; i++) {
		if (targets->items[i].len == len &&
				memcmp(targets->items[i].wire, wire, len) == 0) {
			return true;
		}
	}
	return false;
}

/* Lists the host that one record names, unless it is listed, or none of this zone. */
static void
list_target(const struct tbl_builder *b, const struct tbl_build_rrset *rrset, uint16_t before,
		uint16_t record, struct targets *targets)
{
	const struct tbl_build_name *owner = tbl_build_name_at(b, rrset->name);
	const struct tbl_rdata *rdata = &rrset->records[record];
	struct target *target = &targets->items[targets->cnt];
	struct tbl_name host;
	bool is_alias = false;
	uint32_t name;

	/* Types that are opaque to the builder may hold anything. */
	if (rdata->size <= before || tbl_name_parse(rdata->bytes + before,
						     (size_t)rdata->size - before, &host) < 0) {
		return;
	}
	is_alias = is_service(rrset->type) && rdata->bytes[0] == 0 && rdata->bytes[1] == 0;
	tbl_name_hash(&host, b->params.hash_seed);
	name = find_host(b, &host, owner->zone);
	target->of = record;
	if (host.len == 1) {
		/* "." is no host (RFC 2782, RFC 7505 §3, RFC 9460 §2.5.1), but the owner itself in
		 * ServiceMode (§2.5.2). */
		if (!is_service(rrset->type) || is_alias) {
			return;
		}
		(void)tbl_name_parse(owner->wire, owner->len, &host);
		name = rrset->name;
		target->of = -1;
	}
	if (name == TBL_NONE || is_listed(targets, host.wire, host.len)) {
		return;
	}
	target->name = name;
	target->is_alias = is_alias && name != rrset->name;
	target->len = host.len;
	memcpy(target->wire, host.wire, host.len);
	targets->cnt++;
}

/* Any name that a wildcard answers for may be the question: where the answer names its owner as ".", the
 * hosts that are of the same wildcard are left out, or one of them could stand in the reply twice. */
static void
drop_maybe_owner(const struct tbl_build_rrset *rrset, struct targets *targets)
{
	bool has_owner = false;
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < targets->cnt; i++) {
		has_owner = has_owner || targets->items[i].of < 0;
	}
	for (uint32_t i = 0; has_owner && i < targets->cnt; i++) {
		if (targets->items[i].of < 0 || targets->items[i].name != rrset->name) {
			targets->items[cnt++] = targets->items[i];
		}
	}
	targets->cnt = has_owner ? cnt : targets->cnt;
}

/* Notes the target's set of this type, if it has one that is the same for every client: an address by
 * place would narrow how long the answer that was asked for can be kept (RFC 7871 §7.2.1). */
static void
note(struct tbl_builder *b, const struct target *target, uint16_t type, uint16_t before)
{
	const struct tbl_build_name *name = tbl_build_name_at(b, target->name);
	const struct tbl_build_rrset *set = tbl_build_rrset_of(b, target->name, name->zone, type);
	const struct tbl_wire_target place = {
		.of = target->of,
		.before = before,
		.type = type,
		.node = name->node,
	};

	if (set != NULL && set->role == ROLE_DATA && set->dyn == NULL) {
		tbl_wire_additional(b->wire, &place);
	}
}

void
tbl_build_additional(struct tbl_builder *b, const struct tbl_build_rrset *rrset)
{
	const uint16_t types[] = { rrset->type, TBL_TYPE_A, TBL_TYPE_AAAA };
	const struct leading *leads = find_leading(rrset->type);
	struct targets targets;

	if (leads == NULL) {
		return;
	}
	targets.cnt = 0;
	for (uint16_t i = 0; i < rrset->record_cnt && targets.cnt < TBL_ADDITIONAL_TARGETS_MAX;
			i++) {
		list_target(b, rrset, leads->before, i, &targets);
	}
	if (is_service(rrset->type)) {
		drop_maybe_owner(rrset, &targets);
	}
	/* Where an alias leads comes first, then A of all before AAAA of any, as in a referral: what a
	 * short reply keeps is then of the family everybody has. */
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		for (uint32_t i = 0; i < targets.cnt; i++) {
			if (t > 0 || targets.items[i].is_alias) {
				note(b, &targets.items[i], types[t], leads->before);
			}
		}
	}
}

/* The static answer of this type at a node that is known to have one. */
static uint32_t
answer_at(const struct tbl_builder *b, const struct tbl_node *node, uint16_t type)
{
	const struct tbl_rrset *rrset = (const struct tbl_rrset *)b->out[TBL_SECTION_RRSETS].items +
	                                node->rrset_first;

	while (rrset->type != type) {
		rrset++;
	}
	return rrset->ref;
}

void
tbl_build_link_additional(struct tbl_builder *b)
{
	const struct tbl_answer *answers = b->out[TBL_SECTION_ANSWERS].items;
	const struct tbl_node *nodes = b->out[TBL_SECTION_NODES].items;
	uint8_t *wire = b->out[TBL_SECTION_WIRE].items;

	for (size_t i = 0; i < b->out[TBL_SECTION_ANSWERS].cnt; i++) {
		const struct tbl_answer *answer = &answers[i];
		size_t off = ((size_t)answer->wire_off + answer->wire_len + 3) / 4 * 4 +
		             answer->fixup_cnt * sizeof(struct tbl_fixup);
		struct tbl_additional *next = (struct tbl_additional *)(void *)(wire + off);

		if ((answer->flags & TBL_ANSWER_ADDITIONAL) == 0) {
			continue;
		}
		do {
			next->answer = answer_at(b, &nodes[next->answer], next->type);
		} while (((next++)->flags & TBL_ADDITIONAL_LAST) == 0);
	}
}
