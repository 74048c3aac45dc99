/* What belongs beside an answer: true, whatever the image says. Runs behind tbl_check_nodes(), so that
 * nodes, their RRsets and every pointer in an answer are known to be right. */
#include <string.h>

#include "table/check_impl.h"
#include "table/view_impl.h"

#define AT(index) ((unsigned long long)(index))

/* An answer that has additional sets, and whose it is. */
struct beside {
	struct tbl_check *check;
	uint64_t index; /* of the node */
	const struct tbl_node *node;
	const struct tbl_answer *answer;
	uint16_t type;
	bool has_owner; /* some set is the answer's own owner's */
	uint32_t seen_cnt;
	uint64_t seen[TBL_ADDITIONAL_MAX]; /* hashes of owner and type */
};

/* Writes out the name at wire byte `pos` of an answer that was read: its pointers lead back, into the
 * owner or the answer, as for the case they are stored for. Returns its length; 0 for a name that is too
 * long after all. */
static size_t
expand(const struct beside *beside, uint32_t pos, uint8_t name[TBL_NAME_MAX])
{
	const struct tbl_view *view = &beside->check->view;
	const uint8_t *wire = view->wire + beside->answer->wire_off;
	uint32_t owner_len = beside->node->name_len;
	uint32_t answer_at = TBL_MESSAGE_HEADER_BYTES + owner_len + TBL_QUESTION_TAIL_BYTES;
	size_t len = 0;

	while (wire[pos] != 0) {
		uint32_t target = ((uint32_t)wire[pos] << 8 | wire[pos + 1]) & TBL_POINTER_MAX;

		if (wire[pos] <= TBL_LABEL_MAX) {
			if (wire[pos] + 2u > TBL_NAME_MAX - len) {
				return 0;
			}
			memcpy(name + len, wire + pos, wire[pos] + 1u);
			len += wire[pos] + 1u;
			pos += wire[pos] + 1u;
		} else if (target < answer_at) {
			uint32_t skipped = target - TBL_MESSAGE_HEADER_BYTES;

			if (owner_len - skipped > TBL_NAME_MAX - len) {
				return 0;
			}
			memcpy(name + len, tbl_node_name(view, beside->node) + skipped,
					owner_len - skipped);
			return len + owner_len - skipped;
		} else {
			pos = target - answer_at;
		}
	}
	name[len] = 0;
	return len + 1;
}

static bool
has_seen(struct beside *beside, uint64_t owner_and_type)
{
	for (uint32_t i = 0; i < beside->seen_cnt; i++) {
		if (beside->seen[i] == owner_and_type) {
			return true;
		}
	}
	beside->seen[beside->seen_cnt++] = owner_and_type;
	return false;
}

/* Reads the name that owns an additional set, as it is looked up. */
static int
read_owner(const struct beside *beside, uint32_t pos, struct tbl_name *name)
{
	const struct tbl_view *view = &beside->check->view;
	uint8_t wire[TBL_NAME_MAX];
	size_t len = beside->node->name_len;

	if (pos == 0) {
		memcpy(wire, tbl_node_name(view, beside->node), len);
	} else {
		len = expand(beside, pos, wire);
	}
	if (len == 0 || tbl_name_parse(wire, len, name) < 0) {
		return -1;
	}
	tbl_name_hash(name, view->header->hash_seed);
	return 0;
}

/* The node whose data answers for the owner of an additional set; NULL: none of this zone's. */
static const struct tbl_node *
find_owner(const struct beside *beside, const struct tbl_name *name)
{
	const struct tbl_view *view = &beside->check->view;
	struct tbl_match match = tbl_find(view, name);

	if (match.node == NULL || match.node->zone != beside->node->zone ||
			match.node->cut != TBL_NONE) {
		return NULL;
	}
	if (match.kind == TBL_MATCH_EXACT) {
		return match.node;
	}
	return match.node->wildcard != TBL_NONE ? &view->nodes[match.node->wildcard] : NULL;
}

static bool
is_address(uint16_t type)
{
	return type == TBL_TYPE_A || type == TBL_TYPE_AAAA;
}

/* A set that the reply has already, in its answer section or as another additional one, would stand there
 * twice (RFC 2181 §5): the owner of a wildcard's answer may be any name that the wildcard answers for. */
static bool
is_twice(struct beside *beside, const struct tbl_additional *set, const struct tbl_node *owner,
		uint64_t hash)
{
	bool may_be_owner = (beside->node->flags & TBL_NODE_WILDCARD) != 0 && beside->has_owner;

	return has_seen(beside, hash ^ set->type) ||
	       (owner == beside->node &&
			       (set->type == beside->type || (may_be_owner && set->pos != 0)));
}

static int
check_set(struct beside *beside, const struct tbl_additional *set)
{
	struct tbl_check *check = beside->check;
	bool is_onward = set->type == beside->type &&
	                 (set->type == TBL_TYPE_SVCB || set->type == TBL_TYPE_HTTPS);
	const struct tbl_node *owner = NULL;
	const struct tbl_rrset *rrset = NULL;
	struct tbl_name name;

	if ((is_address(set->type) || is_onward) && read_owner(beside, set->pos, &name) == 0) {
		owner = find_owner(beside, &name);
	}
	if (owner != NULL && !is_twice(beside, set, owner, name.hash[0])) {
		rrset = tbl_find_rrset(&check->view, owner, set->type);
	}
	if (rrset == NULL || (rrset->flags & TBL_RRSET_DYNAMIC) != 0 || rrset->ref != set->answer) {
		return tbl_check_fail(check,
				"nodes[%llu] type %u: additional set of type %u at byte %u is not "
				"answer %u",
				AT(beside->index), beside->type, set->type, set->pos, set->answer);
	}
	return tbl_check_spend(check, 1u + owner->label_cnt);
}

static int
check_answer(struct beside *beside)
{
	const struct tbl_additional *next = tbl_additionals(&beside->check->view, beside->answer);
	int rc;

	beside->seen_cnt = 0;
	beside->has_owner = false;
	for (const struct tbl_additional *at = next;; at++) {
		beside->has_owner = beside->has_owner || at->pos == 0;
		if ((at->flags & TBL_ADDITIONAL_LAST) != 0) {
			break;
		}
	}
	do {
		rc = check_set(beside, next);
	} while (rc == 0 && ((next++)->flags & TBL_ADDITIONAL_LAST) == 0);
	return rc;
}

static int
check_node(struct tbl_check *check, uint64_t index)
{
	const struct tbl_view *view = &check->view;
	struct beside beside = { .check = check, .index = index, .node = &view->nodes[index] };

	for (uint32_t i = 0; i < beside.node->rrset_cnt; i++) {
		const struct tbl_rrset *rrset = &view->rrsets[beside.node->rrset_first + i];
		int rc;

		if (!is_tbl_leading_type(rrset->type)) {
			continue; /* no dynamic record is of such a type */
		}
		beside.type = rrset->type;
		beside.answer = &view->answers[rrset->ref];
		rc = (beside.answer->flags & TBL_ANSWER_ADDITIONAL) != 0 ? check_answer(&beside)
		                                                         : 0;
		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

int
tbl_check_additional(struct tbl_check *check)
{
	for (uint64_t i = 0; check->has_additional && i < tbl_check_cnt(check, TBL_SECTION_NODES);
			i++) {
		int rc = check_node(check, i);

		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}
