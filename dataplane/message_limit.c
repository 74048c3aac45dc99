/* What a reply counts as under rate limits. */
#include "dataplane/message_impl.h"

/* A DNAME that makes a name too long denies it as much as an NXDOMAIN does. */
static bool
is_denial(const struct tbl_reply *reply)
{
	return reply->rcode != DP_RCODE_NOERROR ||
	       (reply->is_authoritative &&
			       (reply->piece_cnt == 0 ||
					       reply->pieces[0].section == TBL_REPLY_AUTHORITY));
}

/* The question's name, or as much of it as `node` is called. */
static uint64_t
hash_of(const struct dp_query *query, const struct tbl_node *node)
{
	return query->name.hash[query->name.label_cnt - node->label_cnt];
}

struct dp_limit_reply
dp_limit_reply_of(const struct tbl_view *view, const struct dp_query *query,
		const struct tbl_reply *reply)
{
	const struct tbl_node *node = reply->match.node;

	if (is_denial(reply)) {
		node = &view->nodes[view->zones[node->zone].apex];
		return (struct dp_limit_reply){ DP_LIMIT_NEGATIVE, 0, hash_of(query, node) };
	}
	/* What a name's wildcard, delegation or DNAME gives is counted apart from its own records. */
	return (struct dp_limit_reply){ DP_LIMIT_ANSWER, query->qtype,
		reply->match.kind == TBL_MATCH_EXACT ? hash_of(query, node)
						     : ~hash_of(query, node) };
}
