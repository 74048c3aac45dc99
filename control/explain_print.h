/*
 * What the two printed forms of an explanation share: one client's, and every client's.
 *
 * Threads:   pure.
 * Memory:    nothing is kept.
 * Errors:    the stream's, which its owner looks at.
 */
#ifndef CONTROL_EXPLAIN_PRINT_H
#define CONTROL_EXPLAIN_PRINT_H

#include <jansson.h>
#include <stdio.h>

/* cp_explain_print_outcomes writes what every client gets, below the title. */
void cp_explain_print_outcomes(const json_t *explained, FILE *out);

/* cp_explain_print_values: one pool's values with weight, share and health. */
void cp_explain_print_values(const json_t *values, FILE *out);

/* cp_explain_print_records: a line each, as dig prints them. */
void cp_explain_print_records(const json_t *records, const char *indent, FILE *out);

#endif
