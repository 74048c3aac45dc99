/*
 * Why a client gets the answer it gets: runs the data plane's own look-up over a view and tells
 * each step. What is decided is read off the compiled table; the reasons given for rules that lost
 * are derived from their text, and say so when the geo database at hand cannot confirm them.
 * Without a client: every distinct answer and how much of the address space gets it.
 *
 * Threads:   pure.
 * Memory:    a new reference.
 * Errors:    -EINVAL with a sentence in `error` for a name, type or address that is none; -ENOMEM.
 * Standards: RFC 7871 §7.1.2 and §7.2.1 (whose address counts, scope), RFC 2181 §9 (truncation).
 */
#ifndef CONTROL_EXPLAIN_H
#define CONTROL_EXPLAIN_H

#include <jansson.h>
#include <stdio.h>

#include "table/view.h"

#include "control/geo.h"

struct cp_watch;

struct cp_explain_input {
	const struct tbl_view *view;
	const struct cp_geo *geo; /* NULL: none at hand */
	/* What is known of a target's health; NULL: nothing is (a table file). */
	const struct cp_watch *(*watch_of)(const void *ctx, uint32_t target);
	const void *ctx;
	const char *name;
	const char *type;
	const char *from; /* the address the question comes from; NULL: not told */
	const char *ecs;  /* the client subnet it carries, NULL: none. Both NULL: every client */
	uint64_t random;  /* draws among weighted values, as 64 random bits do in the data plane */
	uint64_t now_ms;  /* wall clock, for ages; 0: not told */
};

#define CP_EXPLAIN_ERROR_MAX 200u

int cp_explain(const struct cp_explain_input *input, json_t **ret_json,
		char error[CP_EXPLAIN_ERROR_MAX]);

/* cp_explain_print writes the JSON of cp_explain for people. */
void cp_explain_print(const json_t *explained, FILE *out);

#endif
