/*
 * What the files of a plan share. plan_walk.c finds what differs between two tables, plan_record.c
 * says what a record is, plan.c makes the plan of it, plan_print.c and plan_lines.c write it for
 * people.
 *
 * Threads:   pure.
 * Memory:    a walk borrows both views; cp_plan_walk_done() releases what it found.
 * Errors:    0 or -ENOMEM; JSON is a new reference, or NULL when memory ends.
 */
#ifndef CONTROL_PLAN_IMPL_H
#define CONTROL_PLAN_IMPL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "table/build_mem.h"
#include "table/view.h"

#include "control/blast.h"

/* In the order octoDNS lists them. */
enum cp_plan_action {
	CP_PLAN_DELETE = 0,
	CP_PLAN_CREATE,
	CP_PLAN_UPDATE,
	CP_PLAN_ACTIONS,
};

/* One RRset of a table; node NULL: there is none. */
struct cp_plan_rrset {
	const struct tbl_node *node;
	const struct tbl_rrset *rrset;
};

struct cp_plan_change {
	uint32_t zone; /* of cp_plan_walk.zones */
	enum cp_plan_action action;
	struct cp_plan_rrset existing;
	struct cp_plan_rrset wanted;
};

/* A zone of either table, or of both. */
struct cp_plan_zone {
	const uint8_t *apex;
	const char *name;
	bool is_existing, is_wanted;
	bool had_ecs, has_ecs; /* client subnets count in it, in either table that has it */
	bool has_root_ns_change;
	/* A generated SOA is not the user's record: what becomes of it is no number of his. */
	bool has_generated_update;
	uint32_t existing_cnt; /* RRsets, a generated SOA not counted */
	uint32_t cnt[CP_PLAN_ACTIONS];
	size_t change_first; /* its changes, adjacent; set by cp_plan_walk_sort() */
};

struct cp_plan_walk {
	const struct tbl_view *served; /* NULL: nothing is served */
	const struct tbl_view *wanted;
	struct cp_plan_zone *zones; /* in canonical order of apex */
	uint32_t zone_cnt;
	uint32_t *zone_of_served; /* zone of the table -> number in zones */
	uint32_t *zone_of_wanted;
	struct tbl_vec changes; /* struct cp_plan_change */
	struct tbl_vec pairs;   /* struct cp_blast_pair, in canonical order of name */
};

/* cp_plan_walk compares record by record. *walk starts zeroed but for the views. */
int cp_plan_walk(struct cp_plan_walk *walk);
/* cp_plan_walk_sort puts the changes of each zone side by side: deletes, creates, updates, each by
 * (name, type) as octoDNS compares them. */
void cp_plan_walk_sort(struct cp_plan_walk *walk);
void cp_plan_walk_done(struct cp_plan_walk *walk);

/* is_cp_plan_generated: the SOA whose serial is the generation, which no zone file has. */
bool is_cp_plan_generated(const struct tbl_view *view, const struct tbl_rrset *rrset);

/* cp_plan_record: RECORD of plan.h. */
json_t *cp_plan_record(const struct tbl_view *view, const struct cp_plan_rrset *rrset);

/* cp_plan_differ: 0 when both say the same, 1 when not, or -ENOMEM. */
int cp_plan_differ(const struct cp_plan_walk *walk, const struct cp_plan_rrset *existing,
		const struct cp_plan_rrset *wanted);

/* cp_plan_print_dynamic writes what differs between two RECORDs of a dynamic record, a line each,
 * "- " or "+ " first. Either may be NULL or static. */
void
cp_plan_print_dynamic(const json_t *existing, const json_t *wanted, const char *indent, FILE *out);

#endif
