/* The way through the names, read off a resolved reply: its pieces say what was answered, and the
 * CNAMEs among them where it went next. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "table/dns.h"

#include "control/explain_impl.h"
#include "control/zones.h"

/* Sentences name two domain names at most. */
#define SENTENCE_MAX (2 * TBL_NAME_TEXT_MAX + 200u)

json_t *
cp_explain_text(const char *format, ...)
{
	char text[SENTENCE_MAX];
	va_list args;

	va_start(args, format);
	/* It is: the line above. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return json_string(text);
}

const char *
cp_explain_rcode(uint8_t rcode)
{
	static const char *const names[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
		"REFUSED", "YXDOMAIN" };

	return rcode < sizeof(names) / sizeof(names[0]) ? names[rcode] : "?";
}

json_t *
cp_explain_name(const uint8_t *wire)
{
	char text[TBL_NAME_TEXT_MAX];

	tbl_name_to_text(wire, text);
	return json_string(text);
}

json_t *
cp_explain_node(const struct tbl_view *view, const struct tbl_node *node)
{
	return cp_explain_name(tbl_node_name(view, node));
}

/* Reading the way */

static bool
is_drawn_from(const struct tbl_view *view, const struct tbl_set *set,
		const struct tbl_answer *answer)
{
	for (uint32_t i = 0; i < set->cnt; i++) {
		const struct tbl_alias *alias = &view->aliases[set->alias_first + i];

		if (answer == &view->answers[alias->answer] ||
				answer == &view->answers[alias->other]) {
			return true;
		}
	}
	return false;
}

/* Finds which RRset of the step's owner an answer is of. */
static void
find_rrset(const struct tbl_view *view, uint32_t leaf, struct cp_explain_step *step)
{
	/* What answers has an owner; this is for whoever reads it without knowing that. */
	uint32_t cnt = step->owner != NULL ? step->owner->rrset_cnt : 0;
	const struct tbl_rrset *rrsets = cnt > 0 ? view->rrsets + step->owner->rrset_first : NULL;

	for (uint32_t i = 0; i < cnt; i++) {
		const struct tbl_dyn *dyn;
		struct tbl_choice choice;

		if ((rrsets[i].flags & TBL_RRSET_DYNAMIC) == 0) {
			if (step->answer == &view->answers[rrsets[i].ref]) {
				step->rrset = &rrsets[i];
				return;
			}
			continue;
		}
		dyn = &view->dyns[rrsets[i].ref];
		choice = tbl_choose(view, dyn, leaf);
		if (is_drawn_from(view, choice.set, step->answer)) {
			step->rrset = &rrsets[i];
			step->dyn = dyn;
			step->choice = choice;
			return;
		}
	}
}

static bool
is_redirected(const struct tbl_match *match)
{
	return match->kind == TBL_MATCH_ENCLOSER && (match->node->flags & TBL_NODE_DNAME) != 0;
}

static const struct tbl_node *
find_owner(const struct tbl_view *view, const struct tbl_match *match)
{
	if (match->kind == TBL_MATCH_EXACT) {
		return match->node;
	}
	return match->kind == TBL_MATCH_ENCLOSER && match->node->wildcard != TBL_NONE
	                       ? &view->nodes[match->node->wildcard]
	                       : NULL;
}

/* Below a DNAME: the CNAME made of it, or without one its name would be too long. */
static void
read_redirection(const struct tbl_view *view, uint32_t leaf, const struct tbl_piece *piece,
		struct cp_explain_step *step)
{
	bool is_made = piece->section == TBL_REPLY_SYNTHESIS;

	step->owner = &view->nodes[piece->node];
	step->end = is_made ? CP_EXPLAIN_REDIRECTED : CP_EXPLAIN_OVERLONG;
	step->answer = piece->answer;
	step->rr_cnt++;
	find_rrset(view, leaf, step);
}

static void
read_piece(const struct tbl_view *view, const struct tbl_reply *reply, uint32_t leaf,
		const struct tbl_piece *piece, struct cp_explain_step *step)
{
	if (is_redirected(&step->match)) {
		read_redirection(view, leaf, piece, step);
		return;
	}
	if (piece->section == TBL_REPLY_ANSWER) {
		step->end = CP_EXPLAIN_RECORDS;
		step->answer = piece->answer;
		step->rr_cnt = piece->answer->rr_cnt;
		find_rrset(view, leaf, step);
	} else if (reply->is_referral) {
		step->end = CP_EXPLAIN_REFERRAL;
	} else {
		step->end = step->owner == NULL ? CP_EXPLAIN_NXDOMAIN : CP_EXPLAIN_NODATA;
	}
}

/* Where the CNAME of a piece leads. */
static struct cp_explain_step
step_to(const struct tbl_view *view, const struct tbl_reply *reply, const struct tbl_name *question,
		uint32_t piece)
{
	struct cp_explain_step step = { .is_question = false };
	struct tbl_name name;
	size_t len = tbl_reply_target(view, reply, question, piece, step.name);

	(void)tbl_name_parse(step.name, len, &name);
	tbl_name_hash(&name, view->header->hash_seed);
	step.match = tbl_find(view, &name);
	step.owner = find_owner(view, &step.match);
	return step;
}

/* A CNAME that nothing was answered behind, the cnt-th: why not. */
static enum cp_explain_end
why_not_followed(const struct tbl_reply *reply, const struct tbl_match *target, size_t cnt)
{
	if (target->kind == TBL_MATCH_NONE) {
		return CP_EXPLAIN_ELSEWHERE;
	}
	if (cnt > TBL_CHAIN_MAX) {
		return CP_EXPLAIN_TOO_LONG;
	}
	return reply->rcode == TBL_RCODE_YXDOMAIN ? CP_EXPLAIN_OVERLONG : CP_EXPLAIN_LOOP;
}

/* Whether a step goes on behind this piece. Whoever asks for a CNAME is not led along it, but a name
 * below a DNAME is not the CNAME's owner. */
static bool
has_target(const struct tbl_piece *piece, uint16_t type)
{
	return piece->section == TBL_REPLY_SYNTHESIS ||
	       (piece->section == TBL_REPLY_ANSWER && piece->answer->cname != TBL_NONE &&
			       type != TBL_TYPE_CNAME && type != TBL_TYPE_ANY);
}

size_t
cp_explain_steps(const struct tbl_view *view, const struct tbl_name *question, uint16_t type,
		const struct tbl_reply *reply, uint32_t leaf,
		struct cp_explain_step steps[CP_EXPLAIN_STEPS_MAX])
{
	struct cp_explain_step next = {
		.is_question = true,
		.match = reply->match,
		.end = CP_EXPLAIN_ELSEWHERE,
		.owner = find_owner(view, &reply->match),
	};
	size_t cnt = 0;

	memcpy(next.name, question->wire, question->len);
	for (uint32_t i = 0; i < reply->piece_cnt; i++) {
		const struct tbl_piece *piece = &reply->pieces[i];

		read_piece(view, reply, leaf, piece, &next);
		if (next.end == CP_EXPLAIN_OVERLONG && i + 1 < reply->piece_cnt) {
			continue; /* the CNAME comes behind its DNAME */
		}
		steps[cnt++] = next;
		if (!has_target(piece, type)) {
			return cnt;
		}
		next = step_to(view, reply, question, i);
		next.end = why_not_followed(reply, &next.match, cnt);
	}
	steps[cnt++] = next;
	return cnt;
}

bool
is_cp_explain_parting(const struct cp_explain_step *step, uint16_t type)
{
	bool is_link = step->end == CP_EXPLAIN_REDIRECTED ||
	               (step->dyn != NULL && step->dyn->type == TBL_TYPE_CNAME &&
				       type != TBL_TYPE_CNAME && type != TBL_TYPE_ANY);

	return is_link && step->dyn != NULL && step->choice.set->cnt > 1;
}

/* Telling it */

/* Where the name is in our zones. */
static const char *
found_name(const struct tbl_view *view, const struct cp_explain_step *step)
{
	const struct tbl_node *node = step->match.node;

	if (step->match.kind == TBL_MATCH_NONE) {
		return "elsewhere";
	}
	if (step->end == CP_EXPLAIN_REFERRAL) {
		bool is_cut = step->match.kind == TBL_MATCH_EXACT &&
		              &view->nodes[node->cut] == node;

		return is_cut ? "cut" : "below_cut";
	}
	if (is_redirected(&step->match)) {
		return "below_dname";
	}
	if (step->match.kind == TBL_MATCH_EXACT) {
		return node->rrset_cnt == 0 ? "empty_non_terminal" : "exact";
	}
	return step->owner != NULL ? "wildcard" : "nothing";
}

static const char *
end_name(enum cp_explain_end end)
{
	static const char *const names[] = {
		[CP_EXPLAIN_RECORDS] = "records",
		[CP_EXPLAIN_NODATA] = "nodata",
		[CP_EXPLAIN_NXDOMAIN] = "nxdomain",
		[CP_EXPLAIN_REFERRAL] = "referral",
		[CP_EXPLAIN_REDIRECTED] = "redirected",
		[CP_EXPLAIN_OVERLONG] = "overlong",
		[CP_EXPLAIN_ELSEWHERE] = "elsewhere",
		[CP_EXPLAIN_LOOP] = "loop",
		[CP_EXPLAIN_TOO_LONG] = "too_long",
	};

	return names[end];
}

static json_t *
why_records(const struct tbl_view *view, const struct cp_explain_step *step, uint16_t type)
{
	char owner[TBL_NAME_TEXT_MAX];
	char buffer[CP_TYPE_NAME_MAX];
	const char *type_name =
			cp_type_name(step->rrset != NULL ? step->rrset->type : type, buffer);

	tbl_name_to_text(tbl_node_name(view, step->owner), owner);
	if (type == TBL_TYPE_ANY) {
		return cp_explain_text(
				"is asked for ANY, which gets one RRset: the %s of %s (RFC 8482)",
				type_name, owner);
	}
	if (step->match.kind != TBL_MATCH_EXACT) {
		return cp_explain_text(
				"does not exist; %s answers for it, with its %s", owner, type_name);
	}
	return step->answer->cname != TBL_NONE && type != TBL_TYPE_CNAME
	                       ? cp_explain_text("exists and is an alias: its CNAME answers every "
						 "type")
	                       : cp_explain_text("exists and has %s", type_name);
}

static json_t *
why_nodata(const struct tbl_view *view, const struct cp_explain_step *step, uint16_t type)
{
	char owner[TBL_NAME_TEXT_MAX];
	char buffer[CP_TYPE_NAME_MAX];
	const char *type_name = cp_type_name(type, buffer);

	tbl_name_to_text(tbl_node_name(view, step->owner), owner);
	if (step->owner->rrset_cnt == 0) {
		return cp_explain_text(
				"exists because names below it do, and has no record itself (an "
				"empty non-terminal)");
	}
	if (step->match.kind != TBL_MATCH_EXACT) {
		return cp_explain_text("does not exist; %s answers for it and has no %s", owner,
				type_name);
	}
	return cp_explain_text("exists and has no %s", type_name);
}

/* What of our zones the step came to: the cut of a referral, else the name or its closest encloser. */
static void
name_found(const struct tbl_view *view, const struct cp_explain_step *step,
		char text[TBL_NAME_TEXT_MAX])
{
	const struct tbl_node *node = step->match.node;

	text[0] = '\0';
	if (node != NULL && step->end == CP_EXPLAIN_REFERRAL) {
		node = &view->nodes[node->cut];
	}
	if (node != NULL) {
		tbl_name_to_text(tbl_node_name(view, node), text);
	}
}

static json_t *
why_ended(const struct tbl_view *view, const struct cp_explain_step *step, uint16_t type)
{
	char node[TBL_NAME_TEXT_MAX];

	name_found(view, step, node);
	switch (step->end) {
	case CP_EXPLAIN_RECORDS:
		return why_records(view, step, type);
	case CP_EXPLAIN_NODATA:
		return why_nodata(view, step, type);
	case CP_EXPLAIN_NXDOMAIN:
		return cp_explain_text(
				"does not exist, and %s, the nearest name above it that does, "
				"has no wildcard",
				node);
	case CP_EXPLAIN_REFERRAL:
		return cp_explain_text(
				"is delegated at %s: the servers named there answer for it", node);
	case CP_EXPLAIN_REDIRECTED:
		return cp_explain_text("is below the DNAME at %s, which makes it an alias", node);
	case CP_EXPLAIN_OVERLONG:
		return cp_explain_text("is below the DNAME at %s, and would become longer than a "
				       "name may be",
				node);
	case CP_EXPLAIN_ELSEWHERE:
		return step->is_question ? cp_explain_text("is in no zone of ours: refused")
		                         : cp_explain_text("is in no zone of ours: the resolver "
							   "asks on");
	case CP_EXPLAIN_LOOP:
		return cp_explain_text("was answered for already: the CNAMEs lead in a circle");
	case CP_EXPLAIN_TOO_LONG:
		break;
	}
	return cp_explain_text(
			"comes after %u CNAMEs, and no more are followed", TBL_CHAIN_MAX + 1);
}

json_t *
cp_explain_step_json(const struct tbl_view *view, const struct cp_explain_step *step, uint16_t type)
{
	const struct tbl_node *node = step->match.node;
	char type_name[CP_TYPE_NAME_MAX];
	json_t *json = json_pack("{s:o, s:s, s:s, s:o}", "name", cp_explain_name(step->name),
			"found", found_name(view, step), "says", end_name(step->end), "because",
			why_ended(view, step, type));

	if (node != NULL) {
		json_object_set_new(json, "zone",
				json_string(view->strings + view->zones[node->zone].name_str));
	}
	if (is_redirected(&step->match)) {
		json_object_set_new(json, "redirected_at", cp_explain_node(view, node));
	} else if (step->match.kind == TBL_MATCH_ENCLOSER) {
		json_object_set_new(json, "closest_encloser", cp_explain_node(view, node));
		if (step->owner != NULL) {
			json_object_set_new(json, "wildcard", cp_explain_node(view, step->owner));
		}
	}
	if (step->end == CP_EXPLAIN_REFERRAL && node != NULL) {
		json_object_set_new(json, "delegated_at",
				cp_explain_node(view, &view->nodes[node->cut]));
	}
	if (step->rrset != NULL) {
		json_object_set_new(json, "type",
				json_string(cp_type_name(step->rrset->type, type_name)));
		json_object_set_new(json, "is_dynamic", json_boolean(step->dyn != NULL));
	}
	if (step->end == CP_EXPLAIN_RECORDS && step->answer->cname != TBL_NONE) {
		json_object_set_new(json, "cname",
				cp_explain_name(view->names +
						view->cnames[step->answer->cname].name_off));
	}
	return json;
}
