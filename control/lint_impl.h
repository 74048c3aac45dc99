/*
 * What the files of the linter share: lint.c (names, silence, the walk over zones), lint_records.c (one
 * record or name at a time), lint_glue.c (delegations), lint_places.c (rules against the geo database).
 *
 * Threads:   one run.
 * Memory:    as lint.h.
 * Errors:    -ENOMEM.
 */
#ifndef CONTROL_LINT_IMPL_H
#define CONTROL_LINT_IMPL_H

#include "control/lint.h"

struct cp_lint_run {
	const struct tbl_view *view;
	const struct cp_zone *zone; /* the one being looked at */
	struct conf_errors *errors;
	uint8_t *message; /* room for any answer */
};

/* is_cp_lint_silenced: for this record, or the zone as a whole. */
bool is_cp_lint_silenced(
		const struct cp_lint_run *run, const struct cp_record *record, enum cp_lint lint);
/* cp_lint_tell tells one unless it is silenced for the record. */
void cp_lint_tell(const struct cp_lint_run *run, const struct cp_record *record, enum cp_lint lint,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* has_cp_checked_value: does health decide about any value of the record? */
bool has_cp_checked_value(const struct cp_dynamic *dynamic);

/* cp_lint_find: the node of a name that exists in the table, or NULL. */
const struct tbl_node *cp_lint_find(const struct tbl_view *view, const uint8_t *name);

/* lint_records.c: each looks at run->zone as a whole. */
void cp_lint_families(const struct cp_lint_run *run);
void cp_lint_sizes(const struct cp_lint_run *run);
int cp_lint_pools(const struct cp_lint_run *run);
void cp_lint_defaults(const struct cp_lint_run *run);
void cp_lint_acme(const struct cp_lint_run *run);

/* lint_glue.c: likewise; -ENOMEM. */
int cp_lint_glue(const struct cp_lint_run *run);

/* lint_places.c. */
struct cp_lint_places;
int cp_lint_places_new(const struct tbl_view *view, const struct cp_geo *geo,
		struct cp_lint_places **ret_places);
void cp_lint_places_free(struct cp_lint_places *places);
int cp_lint_rules(const struct cp_lint_run *run, const struct cp_lint_places *places);

#endif
