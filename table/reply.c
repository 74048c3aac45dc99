/* Resolving: RFC 1034 §4.3.2, one step a name of the CNAME chain. */
#include "table/reply.h"

#include <string.h>

#include "table/view_impl.h"

struct walk {
	const struct tbl_view *view;
	const struct tbl_name *question;
	const struct tbl_addr *client;
	struct tbl_reply *reply;
	uint64_t random;
	uint16_t type;
	uint8_t link_cnt;    /* CNAMEs passed, those of DNAMEs among them */
	int8_t owner;        /* piece whose CNAME led to the name at hand, or TBL_OWNER_QUESTION */
	struct tbl_match at; /* where that name is in our zones */
};

enum progress {
	WALK_DONE,
	WALK_ON, /* a CNAME leads to a name of ours */
};

static struct tbl_piece *
add_piece(struct walk *walk, const struct tbl_answer *answer, enum tbl_reply_section section)
{
	struct tbl_piece *piece = &walk->reply->pieces[walk->reply->piece_cnt++];

	piece->answer = answer;
	piece->owner = walk->owner;
	piece->section = (uint8_t)section;
	return piece;
}

/* What a dynamic record says to this client. The client is located once a reply. */
static inline const struct tbl_answer *
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
	(void)add_piece(walk, &walk->view->answers[ns->ref], TBL_REPLY_AUTHORITY);
}

/* NODATA or NXDOMAIN: the rcode is the last name's and so is the SOA (RFC 2308 §2.1, RFC 6604 §3). */
static void
deny(struct walk *walk, uint8_t rcode, uint32_t zone)
{
	walk->reply->rcode = rcode;
	(void)add_piece(walk, &walk->view->answers[walk->view->zones[zone].soa_negative],
			TBL_REPLY_AUTHORITY);
}

static inline bool
is_answered_by_cname(const struct walk *walk, const struct tbl_node *node)
{
	return (node->flags & TBL_NODE_CNAME) != 0 && walk->type != TBL_TYPE_RRSIG &&
	       walk->type != TBL_TYPE_NSEC;
}

static const struct tbl_rrset *
pick_rrset(const struct walk *walk, const struct tbl_node *node)
{
	const struct tbl_rrset *first = walk->view->rrsets + node->rrset_first;

	/* ANY gets the first RRset (RFC 8482 §4.1); a CNAME answers for every type but those that may
	 * stand beside it (RFC 4035 §2.5). */
	if (node->rrset_cnt > 0 &&
			(walk->type == TBL_TYPE_ANY || is_answered_by_cname(walk, node))) {
		return first;
	}
	return tbl_find_rrset(walk->view, node, walk->type);
}

/* Wire bytes of the name that a piece's CNAME leads to; 0 when the piece has none. */
static size_t
target_len_of(const struct tbl_view *view, const struct tbl_piece *piece)
{
	if (piece->section == TBL_REPLY_SYNTHESIS) {
		return piece->target_len;
	}
	return piece->answer->cname != TBL_NONE ? view->cnames[piece->answer->cname].name_len : 0;
}

/* As tbl_reply_target(); `from` may be TBL_OWNER_QUESTION. A DNAME's target stands at the end, and what
 * it kept comes from the name before: the front is found by going back, a link a step. Not inlined:
 * rare, and it needs room. */
__attribute__((noinline)) static size_t
expand_name(const struct tbl_view *view, const struct tbl_reply *reply,
		const struct tbl_name *question, int8_t from, uint8_t name[TBL_NAME_MAX])
{
	const struct tbl_piece *pieces = reply->pieces;
	const uint8_t *front = question->wire;
	size_t len = from == TBL_OWNER_QUESTION ? question->len
	                                        : target_len_of(view, &pieces[from]);
	size_t left = len;

	while (from != TBL_OWNER_QUESTION && pieces[from].section == TBL_REPLY_SYNTHESIS) {
		const struct tbl_answer *dname = pieces[from].answer;
		size_t kept = pieces[from].target_len - tbl_dname_target_len(dname);

		if (left > kept) {
			uint8_t target[TBL_NAME_MAX];

			(void)tbl_name_lower(tbl_dname_target(view, dname), target);
			memcpy(name + kept, target, left - kept);
			left = kept;
		}
		from = pieces[from].owner;
	}
	if (from != TBL_OWNER_QUESTION) {
		front = view->names + view->cnames[pieces[from].answer->cname].name_off;
	}
	memcpy(name, front, left);
	return len;
}

size_t
tbl_reply_target(const struct tbl_view *view, const struct tbl_reply *reply,
		const struct tbl_name *question, uint32_t piece, uint8_t name[TBL_NAME_MAX])
{
	return expand_name(view, reply, question, (int8_t)piece, name);
}

/* Whether that piece's target, of `len` bytes as the name is, is the name. */
__attribute__((noinline)) static bool
is_target(const struct walk *walk, int8_t piece, const uint8_t *name, size_t len)
{
	uint8_t target[TBL_NAME_MAX];

	(void)expand_name(walk->view, walk->reply, walk->question, piece, target);
	return memcmp(target, name, len) == 0;
}

/* Whether the last piece's CNAME leads back to a name this reply has already answered for. */
static bool
has_visited(const struct walk *walk, const uint8_t *name, size_t len)
{
	if (walk->question->len == len && memcmp(walk->question->wire, name, len) == 0) {
		return true;
	}
	for (int8_t i = 0; i + 1 < walk->reply->piece_cnt; i++) {
		if (target_len_of(walk->view, &walk->reply->pieces[i]) == len &&
				is_target(walk, i, name, len)) {
			return true;
		}
	}
	return false;
}

/* Whether to go where the last piece's CNAME leads. A loop or a chain over the limit ends the reply
 * with what was found: NOERROR. */
static bool
has_next(struct walk *walk, const uint8_t *name, size_t len)
{
	return ++walk->link_cnt <= TBL_CHAIN_MAX && !has_visited(walk, name, len);
}

/* Goes where the last piece's CNAME leads; a target outside our zones ends the reply. */
static enum progress
follow(struct walk *walk, const struct tbl_cname *target)
{
	if (target->kind == TBL_MATCH_NONE ||
			!has_next(walk, walk->view->names + target->name_off, target->name_len)) {
		return WALK_DONE;
	}
	walk->at = (struct tbl_match){
		.node = &walk->view->nodes[target->node],
		.kind = (enum tbl_match_kind)target->kind,
	};
	walk->owner = (int8_t)(walk->reply->piece_cnt - 1);
	return WALK_ON;
}

static inline const struct tbl_answer *
answer_of(struct walk *walk, const struct tbl_rrset *rrset)
{
	return (rrset->flags & TBL_RRSET_DYNAMIC) != 0
	                       ? draw_dynamic(walk, &walk->view->dyns[rrset->ref])
	                       : &walk->view->answers[rrset->ref];
}

/* The piece that has the DNAME of `owner`, added unless the chain has passed it before: a reply has
 * each record once (RFC 2181 §5), and one value of a dynamic one. */
static uint8_t
add_dname(struct walk *walk, const struct tbl_node *owner)
{
	const struct tbl_view *view = walk->view;
	const struct tbl_rrset *rrset = tbl_find_rrset(view, owner, TBL_TYPE_DNAME);
	uint32_t node = (uint32_t)(owner - view->nodes);
	struct tbl_reply *reply = walk->reply;

	for (uint8_t i = 0; i < reply->piece_cnt; i++) {
		const struct tbl_piece *piece = &reply->pieces[i];

		if ((piece->answer->flags & TBL_ANSWER_DNAME) != 0 && piece->node == node) {
			return i; /* it stands before the CNAMEs that were made of it */
		}
	}
	add_piece(walk, answer_of(walk, rrset), TBL_REPLY_ANSWER)->node = node;
	return (uint8_t)(reply->piece_cnt - 1);
}

/* RFC 6672 §3.2 step 3C: the name at hand is below the DNAME of `owner`; its target takes the place of
 * its owner at the end of the name. Not inlined, for it is rare and takes more of the stack than all
 * else here. */
__attribute__((noinline)) static enum progress
redirect(struct walk *walk, const struct tbl_node *owner)
{
	struct tbl_reply *reply = walk->reply;
	uint8_t dname = add_dname(walk, owner);
	const struct tbl_answer *answer = reply->pieces[dname].answer;
	size_t target_len = tbl_dname_target_len(answer);
	uint8_t wire[2 * TBL_NAME_MAX];
	size_t kept = expand_name(walk->view, reply, walk->question, walk->owner, wire) -
	              owner->name_len;
	struct tbl_piece *cname;
	struct tbl_name name;

	if (target_len > TBL_NAME_MAX - kept) {
		reply->rcode = TBL_RCODE_YXDOMAIN;
		return WALK_DONE;
	}
	cname = add_piece(walk, answer, TBL_REPLY_SYNTHESIS);
	cname->dname = dname;
	cname->target_len = (uint8_t)(kept + target_len);
	cname->node = reply->pieces[dname].node;
	if (walk->type == TBL_TYPE_CNAME) {
		return WALK_DONE; /* the synthesis is what was asked for */
	}
	memcpy(wire + kept, tbl_dname_target(walk->view, answer), target_len);
	/* Two names that were checked, cut at labels: this cannot fail, and lower-cases. */
	(void)tbl_name_parse(wire, kept + target_len, &name);
	if (!has_next(walk, name.wire, name.len)) {
		return WALK_DONE;
	}
	tbl_name_hash(&name, walk->view->header->hash_seed);
	walk->at = tbl_find(walk->view, &name);
	walk->owner = (int8_t)(reply->piece_cnt - 1);
	return walk->at.kind != TBL_MATCH_NONE ? WALK_ON : WALK_DONE;
}

/* There is no DS at this apex. The zone above speaks for it when we serve one, as if the zone below
 * were not here (RFC 4035 §3.1.4.1): it refers to where the parent is delegated to, redirects, or
 * denies. Without one the apex's own zone denies. Not inlined: rare. */
__attribute__((noinline)) static enum progress
answer_from_above(struct walk *walk, const struct tbl_node *apex)
{
	const struct tbl_view *view = walk->view;
	const uint8_t *name = tbl_node_name(view, apex);
	size_t label_bytes = (size_t)name[0] + 1;
	struct tbl_match match = { NULL, TBL_MATCH_NONE };
	struct tbl_name parent;

	if (apex->label_cnt > 0 && tbl_name_parse(name + label_bytes, apex->name_len - label_bytes,
						   &parent) > 0) {
		tbl_name_hash(&parent, view->header->hash_seed);
		match = tbl_find(view, &parent);
	}
	if (match.kind == TBL_MATCH_NONE) {
		deny(walk, TBL_RCODE_NOERROR, apex->zone);
		return WALK_DONE;
	}
	if (walk->owner == TBL_OWNER_QUESTION) {
		walk->reply->zone = match.node->zone;
	}
	if (match.node->cut != TBL_NONE) {
		refer(walk, &view->nodes[match.node->cut]);
		return WALK_DONE;
	}
	if ((match.node->flags & TBL_NODE_DNAME) != 0) {
		return redirect(walk, match.node);
	}
	deny(walk, TBL_RCODE_NOERROR, match.node->zone);
	return WALK_DONE;
}

static enum progress
answer_from(struct walk *walk, const struct tbl_node *node)
{
	const struct tbl_view *view = walk->view;
	const struct tbl_rrset *rrset = pick_rrset(walk, node);
	const struct tbl_answer *answer;

	if (rrset == NULL) {
		if (walk->type == TBL_TYPE_DS && (node->flags & TBL_NODE_APEX) != 0) {
			return answer_from_above(walk, node);
		}
		deny(walk, TBL_RCODE_NOERROR, node->zone);
		return WALK_DONE;
	}
	if (rrset->type == TBL_TYPE_DNAME) {
		(void)add_dname(walk, node); /* it may have led here itself */
		return WALK_DONE;
	}
	answer = answer_of(walk, rrset);
	(void)add_piece(walk, answer, TBL_REPLY_ANSWER);
	/* Whoever asks for ANY gets one set and no more (RFC 8482 §4.1). */
	walk->reply->has_additional =
			(answer->flags & TBL_ANSWER_ADDITIONAL) != 0 && walk->type != TBL_TYPE_ANY;
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
	if ((node->flags & TBL_NODE_DNAME) != 0) {
		return redirect(walk, node);
	}
	if (node->wildcard == TBL_NONE) {
		deny(walk, TBL_RCODE_NXDOMAIN, node->zone);
		return WALK_DONE;
	}
	if (walk->owner == TBL_OWNER_QUESTION) {
		walk->reply->is_wildcard = true;
	}
	return answer_from(walk, &view->nodes[node->wildcard]);
}

uint32_t
tbl_zone_serial(const struct tbl_view *view, uint32_t zone)
{
	const struct tbl_answer *soa = &view->answers[view->zones[zone].soa_negative];
	/* One SOA record, and five numbers end its RDATA (RFC 1035 §3.3.13); tbl_check saw to both. */
	const uint8_t *at = view->wire + soa->wire_off + soa->wire_len - 5 * sizeof(uint32_t);

	if ((soa->flags & TBL_ANSWER_SERIAL) != 0) {
		return (uint32_t)view->header->generation;
	}
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void
tbl_resolve(const struct tbl_view *view, const struct tbl_name *name, uint16_t type,
		const struct tbl_asker *asker, uint64_t random, struct tbl_reply *ret_reply)
{
	struct walk walk = {
		.view = view,
		.question = name,
		.client = asker->source,
		.reply = ret_reply,
		.random = random,
		.type = type,
		.owner = TBL_OWNER_QUESTION,
		.at = tbl_find(view, name),
	};

	/* Field by field: pieces[] is 576 bytes that nobody reads beyond piece_cnt. */
	ret_reply->rcode = TBL_RCODE_NOERROR;
	ret_reply->is_authoritative = true;
	ret_reply->is_referral = false;
	ret_reply->is_wildcard = false;
	ret_reply->has_additional = false;
	ret_reply->has_ecs = false;
	ret_reply->scope_bits = 0;
	ret_reply->piece_cnt = 0;
	ret_reply->rotate = 0;
	ret_reply->match = walk.at;
	ret_reply->trace.dyn = NULL;

	if (walk.at.kind == TBL_MATCH_NONE) {
		ret_reply->rcode = TBL_RCODE_REFUSED;
		ret_reply->is_authoritative = false;
		ret_reply->zone = TBL_NONE;
		return;
	}
	ret_reply->zone = walk.at.node->zone;
	if (asker->ecs != NULL && (view->zones[ret_reply->zone].flags & TBL_ZONE_NO_ECS) == 0) {
		ret_reply->has_ecs = true;
		walk.client = asker->ecs;
	}
	/* follow() bounds this by TBL_CHAIN_MAX. */
	while (step(&walk) == WALK_ON) {
	}
}
