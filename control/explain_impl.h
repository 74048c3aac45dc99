/*
 * What the files of cp_explain share: explain.c (the question, and what is made of it),
 * explain_steps.c (the way through the names), explain_decision.c (rules, pools, health),
 * explain_scope.c (how far the answer holds), explain_outcomes.c (every client at once).
 *
 * Threads:   pure.
 * Memory:    JSON is a new reference; the rest lives for one explanation.
 * Errors:    none; what memory is missing for is missing in the JSON.
 */
#ifndef CONTROL_EXPLAIN_IMPL_H
#define CONTROL_EXPLAIN_IMPL_H

#include <jansson.h>

#include "table/location.h"
#include "table/reply.h"
#include "table/view.h"

#include "control/explain.h"

/* What a name of the way came to. */
enum cp_explain_end {
	CP_EXPLAIN_RECORDS,
	CP_EXPLAIN_NODATA,
	CP_EXPLAIN_NXDOMAIN,
	CP_EXPLAIN_REFERRAL,
	CP_EXPLAIN_REDIRECTED, /* a DNAME above makes it an alias */
	CP_EXPLAIN_OVERLONG,   /* and that would be longer than a name may be: YXDOMAIN */
	CP_EXPLAIN_ELSEWHERE,  /* in no zone of ours */
	CP_EXPLAIN_LOOP,       /* a CNAME back to a name already answered for */
	CP_EXPLAIN_TOO_LONG,   /* a CNAME after TBL_CHAIN_MAX others */
};

/* One name of the way: the question's, then the target of each CNAME. */
struct cp_explain_step {
	uint8_t name[TBL_NAME_MAX]; /* wire, lower-cased */
	bool is_question;           /* the question's own name, and not where a CNAME leads */
	struct tbl_match match;
	enum cp_explain_end end;
	const struct tbl_node *owner;    /* whose RRset answers: the name, its wildcard or DNAME */
	const struct tbl_rrset *rrset;   /* NULL unless _RECORDS, _REDIRECTED or _OVERLONG */
	const struct tbl_answer *answer; /* of a dynamic record: the drawn one */
	const struct tbl_dyn *dyn;       /* NULL: a static RRset, or none */
	struct tbl_choice choice;        /* of dyn */
	uint32_t rr_cnt;                 /* records of the answer section that it put there */
};
/* Every CNAME of a reply, and what the last of them leads to. */
#define CP_EXPLAIN_STEPS_MAX (TBL_LINKS_MAX + 1u)

/* What is known of one client. */
struct cp_explain_client {
	struct tbl_addr addr;
	uint32_t leaf;
	const char *place; /* "NA-US-CA"; NULL: the database has none, or there is no database */
	uint8_t place_bits;
};

/* cp_explain_steps reads the way off a resolved reply. `leaf` is the client's. Returns how many
 * steps, 1 or more. */
size_t cp_explain_steps(const struct tbl_view *view, const struct tbl_name *question, uint16_t type,
		const struct tbl_reply *reply, uint32_t leaf,
		struct cp_explain_step steps[CP_EXPLAIN_STEPS_MAX]);

/* cp_explain_step_json: the step for people and programs; `type` is the question's. A dynamic record's
 * decision is the caller's to add. */
json_t *cp_explain_step_json(
		const struct tbl_view *view, const struct cp_explain_step *step, uint16_t type);

/* is_cp_explain_parting: the way goes on from this step, and differently for each draw: a CNAME or a
 * DNAME among several. */
bool is_cp_explain_parting(const struct cp_explain_step *step, uint16_t type);

/* cp_explain_name, cp_explain_node: "www.example.com." */
json_t *cp_explain_name(const uint8_t *wire);
json_t *cp_explain_node(const struct tbl_view *view, const struct tbl_node *node);

/* cp_explain_decision: rules, pools, health and scope of one dynamic record for one client. */
json_t *cp_explain_decision(const struct cp_explain_input *input,
		const struct cp_explain_client *client, const struct cp_explain_step *step);

/* cp_explain_values: the values of a pool with their part of the draws of `set`. */
json_t *cp_explain_values(const struct cp_explain_input *input, const struct tbl_pool *pool,
		const struct tbl_set *set);

/* cp_explain_share: the part of a set's draws that yields `answer` (an index), 0..1. */
double cp_explain_share(const struct tbl_view *view, const struct tbl_set *set, uint32_t answer);

/* cp_explain_scope: {scope_bits, scope_prefix, because} of one dynamic record for one client. */
json_t *cp_explain_scope(const struct tbl_view *view, const struct cp_explain_client *client,
		const struct tbl_dyn *dyn, const struct tbl_choice *choice);

/* cp_explain_outcomes: every distinct way the question is answered, with its share of the address
 * space; members `outcomes` and `database` of *json. */
int cp_explain_outcomes(const struct cp_explain_input *input, const struct tbl_name *question,
		uint16_t type, json_t *json);

/* cp_explain_text: a JSON string by format. */
json_t *cp_explain_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* cp_explain_rcode: "NOERROR". */
const char *cp_explain_rcode(uint8_t rcode);

#endif
