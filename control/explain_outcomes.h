/*
 * Every distinct way a question is answered and exactly how much of the address space gets it:
 * summed over all leaves of the table, and over all prefixes of the geo database for countries.
 *
 * Threads:   pure.
 * Memory:    cp_outcomes_init/_done; views and databases are borrowed.
 * Errors:    0 or -ENOMEM.
 */
#ifndef CONTROL_EXPLAIN_OUTCOMES_H
#define CONTROL_EXPLAIN_OUTCOMES_H

#include "table/reply.h"

#include "control/explain_impl.h"
#include "control/share.h"

/* One dynamic record on the way, and what it decided. */
struct cp_outcome_turn {
	uint32_t dyn;
	uint32_t rule;
};

/* Clients who pass the same records by the same rules. */
struct cp_outcome {
	struct cp_outcome_turn turns[CP_EXPLAIN_STEPS_MAX];
	uint32_t turn_cnt;
	struct tbl_addr client;   /* one of them */
	struct cp_count count[2]; /* addresses: IPv4, IPv6 */
};

enum { CP_OUTCOME_IPV4, CP_OUTCOME_IPV6 };

struct cp_outcomes {
	const struct tbl_view *view;
	const struct tbl_name *name;
	uint16_t type;
	struct cp_outcome *items; /* by their turns */
	uint32_t cnt;
	uint32_t *of_class; /* class -> outcome */
	/* [outcome * place_cnt + place]: addresses that the database puts there. NULL without one. */
	struct cp_count (*in_place)[2];
	uint32_t place_cnt;
};

int cp_outcomes_init(struct cp_outcomes *outcomes, const struct tbl_view *view,
		const struct tbl_name *name, uint16_t type);
void cp_outcomes_done(struct cp_outcomes *outcomes);

/* cp_outcomes_place counts addresses by place. */
int cp_outcomes_place(struct cp_outcomes *outcomes, const struct cp_geo *geo);

/* cp_outcomes_steps: the way of a client, up to the first CNAME that is drawn among several: behind
 * that every draw goes a way of its own. Returns how many steps; *ret_reply is the whole reply. */
size_t cp_outcomes_steps(const struct cp_outcomes *outcomes, const struct tbl_addr *client,
		struct tbl_reply *ret_reply, struct cp_explain_step steps[CP_EXPLAIN_STEPS_MAX]);

#endif
