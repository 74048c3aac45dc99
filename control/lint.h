/*
 * Lint: what is allowed and yet hardly meant. Each lint has a name, by which a zone file silences it
 * (`octodns.meridian.lint`), and docs/lint.md explains it.
 *
 * Threads:   pure.
 * Memory:    zones, view and database are borrowed for the call.
 * Errors:    findings are messages of *errors with the lint's name, warnings or notices; nothing is
 *            ever refused for one. -ENOMEM.
 */
#ifndef CONTROL_LINT_H
#define CONTROL_LINT_H

#include "table/view.h"

#include "control/geo.h"
#include "control/rdata.h"
#include "control/zones.h"

enum cp_lint {
	CP_LINT_RULE_NEVER_MATCHES = 0,  /* no address of the geo database gets there */
	CP_LINT_COUNTRY_NOT_IN_DATABASE, /* a code that none of its prefixes has */
	CP_LINT_A_AAAA_DIFFER,           /* in rules or health checks */
	CP_LINT_ANSWER_OVER_1232,        /* bytes: too large for one UDP packet everywhere */
	CP_LINT_POOLS_SHARE_VALUES,      /* all of them, of one record */
	CP_LINT_DEFAULT_HEALTHCHECK,     /* octoDNS's, which nobody wrote */
	CP_LINT_NEVER_ANSWERED,          /* a health check that has never once succeeded */
	CP_LINT_ACME_CAPTURED,           /* _acme-challenge that a wildcard CNAME answers for */
	CP_LINT_MISSING_GLUE,            /* a delegation's name server that nobody could find */
	CP_LINT_CNT,
};

struct cp_lint_row {
	const char *name;
	enum conf_level level;
};
extern const struct cp_lint_row cp_lint_rows[CP_LINT_CNT];

/* cp_lint_read reads octodns.meridian.lint of a record: `ignore` into *ret_ignored and, on a record of
 * the apex, `zone_ignore` into *ret_zone_ignored (1 << lint each, added to what is there). What it
 * does not know is an error at its place in reader->errors. */
void cp_lint_read(const struct cp_reader *reader, const struct conf_node *octodns, bool is_apex,
		uint16_t *ret_ignored, uint16_t *ret_zone_ignored);

/* What to write where the default check is not meant; ends a sentence about it. */
#define CP_DEFAULT_CHECK_ADVICE                                                           \
	"write \"octodns: {healthcheck: {protocol: TCP, port: 443}}\" on the record, or " \
	"\"status: "                                                                      \
	"up\" on its values"

/* cp_lint tells all that can be found before anybody probes. `image` was made from the zones; those
 * that it does not have are passed over. Without a database (NULL) what needs one is not looked at. */
int cp_lint(const struct cp_zones *zones, const void *image, const struct cp_geo *geo,
		struct conf_errors *errors);

/* cp_lint_reason_fn: why the target of this key (control/target.h) has never answered, in words, or
 * NULL when it has, or was not asked yet. */
typedef const char *(*cp_lint_reason_fn)(void *ctx, const char *key);

/* cp_lint_never_answered tells which records rely on targets that have never once answered. */
void cp_lint_never_answered(const struct cp_zones *zones, cp_lint_reason_fn reason_of, void *ctx,
		struct conf_errors *errors);

#endif
