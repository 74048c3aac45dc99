#include "table/reply.h"

#include <errno.h>
#include <string.h>

#include "table/view_impl.h"

#define RCODE_NOERROR  0u
#define RCODE_NXDOMAIN 3u
#define RCODE_REFUSED  5u

#define OWNER_QUESTION (-1)

/* Resolving: RFC 1034 §4.3.2, one step a name of the CNAME chain. */

struct walk {
	const struct tbl_view *view;
	const struct tbl_name *question;
	const struct tbl_addr *client;
	struct tbl_reply *reply;
	uint64_t random;
	uint16_t type;
	int8_t owner;        /* piece whose CNAME led to the name at hand, or OWNER_QUESTION */
	struct tbl_match at; /* where that name is in our zones */
};

enum progress {
	WALK_DONE,
	WALK_ON, /* a CNAME leads to a name of ours */
};

static void
add_piece(struct walk *walk, const struct tbl_answer *answer, enum tbl_reply_section section)
{
	struct tbl_reply *reply = walk->reply;

	reply->pieces[reply->piece_cnt++] = (struct tbl_piece){
		.answer = answer,
		.owner = walk->owner,
		.section = (uint8_t)section,
	};
}

/* What a dynamic record says to this client. The client is located once a reply. */
static const struct tbl_answer *
draw_dynamic(struct walk *walk, const struct tbl_dyn *dyn)
{
	struct tbl_reply *reply = walk->reply;
	struct tbl_trace *trace = &reply->trace;
	uint32_t leaf = trace->dyn != NULL ? trace->leaf : tbl_locate(walk->view, walk->client);
	struct tbl_choice choice = tbl_choose(walk->view, dyn, leaf);
	const struct tbl_answer *answer = tbl_draw(walk->view, choice.set, walk->random);

	*trace = (struct tbl_trace){
		.dyn = dyn,
		.set = choice.set,
		.leaf = leaf,
		.rule = choice.rule,
	};
	if (choice.scope_bits > reply->scope_bits) {
		reply->scope_bits = choice.scope_bits;
	}
	/* The next record of the chain draws anew: an odd factor is a permutation of 64-bit words. */
	walk->random *= 0x9e3779b97f4a7c15ULL;
	return answer;
}

/* RFC 1034 §4.3.2 step 3b: NS and glue, no SOA. The answer says how long its owner is, so it serves
 * every name below the cut. */
static void
refer(struct walk *walk, const struct tbl_node *cut)
{
	const struct tbl_rrset *ns = tbl_find_rrset(walk->view, cut, TBL_TYPE_NS);

	walk->reply->is_referral = true;
	/* AA speaks of the first name of the answer (RFC 1035 §4.1.1): clear unless a CNAME of ours
	 * led here. */
	walk->reply->is_authoritative = walk->reply->piece_cnt > 0;
	add_piece(walk, &walk->view->answers[ns->ref], TBL_REPLY_AUTHORITY);
}

/* NODATA or NXDOMAIN: the rcode is the last name's and so is the SOA (RFC 2308 §2.1, RFC 6604 §3). */
static void
deny(struct walk *walk, uint8_t rcode, uint32_t zone)
{
	walk->reply->rcode = rcode;
	add_piece(walk, &walk->view->answers[walk->view->zones[zone].soa_negative],
			TBL_REPLY_AUTHORITY);
}

/* The zone that speaks for the DS of an apex: the parent's when we serve that too (RFC 4035
 * §3.1.4.1), else the child's own, which says NODATA. */
static uint32_t
find_ds_zone(const struct tbl_view *view, const struct tbl_node *apex)
{
	const uint8_t *name = tbl_node_name(view, apex);
	size_t label_bytes = (size_t)name[0] + 1;
	struct tbl_match match = { NULL, TBL_MATCH_NONE };
	struct tbl_name parent;

	if (apex->label_cnt > 0 && tbl_name_parse(name + label_bytes, apex->name_len - label_bytes,
						   &parent) > 0) {
		tbl_name_hash(&parent, view->header->hash_seed);
		match = tbl_find(view, &parent);
	}
	return match.kind == TBL_MATCH_NONE || match.node->cut != TBL_NONE ? apex->zone
	                                                                   : match.node->zone;
}

static const struct tbl_rrset *
pick_rrset(const struct walk *walk, const struct tbl_node *node)
{
	const struct tbl_rrset *first = walk->view->rrsets + node->rrset_first;

	/* ANY gets the first RRset (RFC 8482 §4.1); a CNAME answers for every type. */
	if (node->rrset_cnt > 0 &&
			(walk->type == TBL_TYPE_ANY || (node->flags & TBL_NODE_CNAME) != 0)) {
		return first;
	}
	return tbl_find_rrset(walk->view, node, walk->type);
}

/* Whether a CNAME leads back to a name this reply has already answered for. */
static bool
has_visited(const struct walk *walk, const struct tbl_cname *target)
{
	const struct tbl_view *view = walk->view;
	const uint8_t *name = view->names + target->name_off;
	const struct tbl_reply *reply = walk->reply;

	if (walk->question->len == target->name_len &&
			memcmp(walk->question->wire, name, target->name_len) == 0) {
		return true;
	}
	/* The last piece is the CNAME that leads to `target`. */
	for (uint32_t i = 0; i + 1 < reply->piece_cnt; i++) {
		const struct tbl_cname *seen = &view->cnames[reply->pieces[i].answer->cname];

		if (seen->name_len == target->name_len &&
				memcmp(view->names + seen->name_off, name, seen->name_len) == 0) {
			return true;
		}
	}
	return false;
}

/* Goes where the last piece's CNAME leads. A target outside our zones, a loop or a chain over the
 * limit ends the reply with what was found: NOERROR. */
static enum progress
follow(struct walk *walk, const struct tbl_cname *target)
{
	if (target->kind == TBL_MATCH_NONE || walk->reply->piece_cnt > TBL_CHAIN_MAX ||
			has_visited(walk, target)) {
		return WALK_DONE;
	}
	walk->at = (struct tbl_match){
		.node = &walk->view->nodes[target->node],
		.kind = (enum tbl_match_kind)target->kind,
	};
	walk->owner = (int8_t)(walk->reply->piece_cnt - 1);
	return WALK_ON;
}

static enum progress
answer_from(struct walk *walk, const struct tbl_node *node)
{
	const struct tbl_view *view = walk->view;
	const struct tbl_rrset *rrset = pick_rrset(walk, node);
	const struct tbl_answer *answer;

	if (rrset == NULL) {
		bool is_parents = walk->type == TBL_TYPE_DS && (node->flags & TBL_NODE_APEX) != 0;

		deny(walk, RCODE_NOERROR, is_parents ? find_ds_zone(view, node) : node->zone);
		return WALK_DONE;
	}
	answer = (rrset->flags & TBL_RRSET_DYNAMIC) != 0
	                         ? draw_dynamic(walk, &view->dyns[rrset->ref])
	                         : &view->answers[rrset->ref];
	add_piece(walk, answer, TBL_REPLY_ANSWER);
	if (rrset->type != TBL_TYPE_CNAME || walk->type == TBL_TYPE_CNAME ||
			walk->type == TBL_TYPE_ANY) {
		return WALK_DONE;
	}
	return follow(walk, &view->cnames[answer->cname]);
}

/* At or below a delegation nothing is ours, but for the DS at the cut itself (RFC 4035 §3.1.4.1). */
static bool
is_delegated(const struct walk *walk)
{
	const struct tbl_node *node = walk->at.node;

	if (node->cut == TBL_NONE) {
		return false;
	}
	return walk->type != TBL_TYPE_DS || walk->at.kind != TBL_MATCH_EXACT ||
	       node != &walk->view->nodes[node->cut];
}

static enum progress
step(struct walk *walk)
{
	const struct tbl_view *view = walk->view;
	const struct tbl_node *node = walk->at.node;

	if (is_delegated(walk)) {
		refer(walk, &view->nodes[node->cut]);
		return WALK_DONE;
	}
	if (walk->at.kind == TBL_MATCH_EXACT) {
		return answer_from(walk, node);
	}
	if (node->wildcard == TBL_NONE) {
		deny(walk, RCODE_NXDOMAIN, node->zone);
		return WALK_DONE;
	}
	if (walk->owner == OWNER_QUESTION) {
		walk->reply->is_wildcard = true;
	}
	return answer_from(walk, &view->nodes[node->wildcard]);
}

void
tbl_resolve(const struct tbl_view *view, const struct tbl_name *name, uint16_t type,
		const struct tbl_addr *client, uint64_t random, struct tbl_reply *ret_reply)
{
	struct walk walk = {
		.view = view,
		.question = name,
		.client = client,
		.reply = ret_reply,
		.random = random,
		.type = type,
		.owner = OWNER_QUESTION,
		.at = tbl_find(view, name),
	};

	/* Field by field: pieces[] is 300 bytes that nobody reads beyond piece_cnt. */
	ret_reply->rcode = RCODE_NOERROR;
	ret_reply->is_authoritative = true;
	ret_reply->is_referral = false;
	ret_reply->scope_bits = 0;
	ret_reply->piece_cnt = 0;
	ret_reply->match = walk.at;
	ret_reply->is_wildcard = false;
	ret_reply->trace = (struct tbl_trace){ 0 };

	if (walk.at.kind == TBL_MATCH_NONE) {
		ret_reply->rcode = RCODE_REFUSED;
		ret_reply->is_authoritative = false;
		return;
	}
	/* follow() bounds this by TBL_CHAIN_MAX. */
	while (step(&walk) == WALK_ON) {
	}
}

/* Writing */

struct writer {
	const struct tbl_view *view;
	const struct tbl_reply *reply;
	uint8_t *message;
	uint8_t qname_len;
	size_t starts[TBL_PIECES_MAX]; /* message offset of each piece written so far */
};

/* Message offset of the last `suffix_len` wire bytes of a piece's owner; 0: of all of it. The bytes
 * of a CNAME's target are in its RDATA up to where that ends with a pointer into its own owner. */
static size_t
locate_suffix(const struct writer *writer, int8_t owner, size_t suffix_len)
{
	while (owner != OWNER_QUESTION) {
		const struct tbl_piece *piece = &writer->reply->pieces[owner];
		const struct tbl_cname *target = &writer->view->cnames[piece->answer->cname];
		size_t rdata = writer->starts[owner] + target->rdata_pos;

		if (suffix_len == 0) {
			suffix_len = target->name_len;
		}
		if (suffix_len > target->shared_len) {
			return rdata + target->name_len - suffix_len;
		}
		owner = piece->owner;
	}
	return TBL_MESSAGE_HEADER_BYTES + (suffix_len == 0 ? 0 : writer->qname_len - suffix_len);
}

/* Big-endian, as every number of a message. */
static void
put_serial(const struct tbl_view *view, uint8_t *at)
{
	uint64_t generation = view->header->generation;

	at[0] = (uint8_t)(generation >> 24);
	at[1] = (uint8_t)(generation >> 16);
	at[2] = (uint8_t)(generation >> 8);
	at[3] = (uint8_t)generation;
}

/* Writes what piece `index`, already copied to its place, leaves to the reader. */
static int
place_fixups(const struct writer *writer, uint32_t index)
{
	const struct tbl_piece *piece = &writer->reply->pieces[index];
	const struct tbl_fixup *fixups = tbl_fixups(writer->view, piece->answer);
	size_t start = writer->starts[index];

	for (uint32_t i = 0; i < piece->answer->fixup_cnt; i++) {
		uint32_t arg = fixups[i].arg;
		uint8_t *at = writer->message + start + fixups[i].pos;
		size_t target;

		if (arg == TBL_FIXUP_SERIAL) {
			put_serial(writer->view, at);
			continue;
		}
		target = (arg & TBL_FIXUP_LOCAL) != 0 ? start + (arg & TBL_POINTER_MAX)
		                                      : locate_suffix(writer, piece->owner, arg);
		if (target > TBL_POINTER_MAX) {
			return -ENOSPC;
		}
		at[0] = (uint8_t)((TBL_POINTER_MARK | target) >> 8);
		at[1] = (uint8_t)target;
	}
	return 0;
}

/* The case every answer's pointers are stored for (see struct tbl_answer), and nothing else to
 * write. One test for three rare things: this is asked for every answer. */
static bool
is_preplaced(const struct tbl_reply *reply, uint32_t index)
{
	const struct tbl_piece *piece = &reply->pieces[index];

	static_assert(TBL_REPLY_ANSWER == 0, "the one section answers are stored for");
	return index == 0 && (piece->section | (unsigned int)reply->is_wildcard |
					     (piece->answer->flags & TBL_ANSWER_SERIAL)) == 0;
}

/* Seven parameters: what to write, where to, and how much that was.
 * NOLINTBEGIN(readability-function-size) */
int
tbl_reply_write(const struct tbl_view *view, const struct tbl_reply *reply, uint8_t qname_len,
		uint8_t *message, size_t len, size_t capacity, struct tbl_counts *ret_counts)
{
	struct tbl_counts counts = { 0 };
	struct writer writer;

	/* Field by field: starts[] is written as the pieces are, and clearing it first costs. */
	writer.view = view;
	writer.reply = reply;
	writer.message = message;
	writer.qname_len = qname_len;
	for (uint32_t i = 0; i < reply->piece_cnt; i++) {
		const struct tbl_piece *piece = &reply->pieces[i];
		const struct tbl_answer *answer = piece->answer;

		if (len > capacity || answer->wire_len > capacity - len) {
			return -ENOSPC;
		}
		memcpy(message + len, view->wire + answer->wire_off, answer->wire_len);
		writer.starts[i] = len;
		if (!is_preplaced(reply, i) && place_fixups(&writer, i) != 0) {
			return -ENOSPC;
		}
		len += answer->wire_len;
		if (piece->section == TBL_REPLY_ANSWER) {
			counts.answer = (uint16_t)(counts.answer + answer->rr_cnt);
		} else {
			counts.authority = (uint16_t)(counts.authority + answer->rr_cnt);
		}
		/* Only a referral has any, and it is the last piece: glue ends the message. */
		counts.additional = (uint16_t)(counts.additional + answer->extra_cnt);
	}
	*ret_counts = counts;
	return (int)len;
}
/* NOLINTEND(readability-function-size) */
