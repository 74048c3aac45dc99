/*
 * Keeps what is served: finds the table to start with, hands what is served to the saver, and calls
 * a table good once it has answered for a while.
 *
 * Threads:   the cold thread alone.
 * Memory:    open/close; adopter, stats and texts are borrowed.
 * Errors:    at start negative errno with a sentence; later, saving fails aloud and serving goes on.
 */
#ifndef DATAPLANE_KEEPER_H
#define DATAPLANE_KEEPER_H

#include "table/stats.h"

#include "dataplane/adopt.h"

struct event_base;
struct dp_keeper;

struct dp_keeper_params {
	struct event_base *base;
	const char *state_dir;  /* NULL: nothing is kept */
	const char *table_path; /* served first, in place of what was kept; NULL: none */
	int64_t promote_after_s;
	struct dp_adopter *adopter;
	const struct tbl_stats_segment *stats;
	void *arg;
	void (*say)(void *arg, const char *text); /* any thread */
};

/* dp_keeper_open also serves the first table: the named file, which must be right, or the newest
 * kept one, if there is any. */
int dp_keeper_open(const struct dp_keeper_params *params, struct dp_keeper **ret_keeper,
		struct tbl_error *ret_error);

/* dp_keeper_admit: what dp_adopter.admit is asked. */
int dp_keeper_admit(struct dp_keeper *keeper, const struct tbl_header *table,
		struct tbl_error *ret_error);
/* dp_keeper_served: what dp_adopter.served is told. */
void dp_keeper_served(struct dp_keeper *keeper, const struct dp_served *served, bool is_new_table);

/* dp_keeper_close saves what is still waiting. Accepts NULL. */
void dp_keeper_close(struct dp_keeper *keeper);

#endif
