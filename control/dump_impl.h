/*
 * The two halves of a dump: dump.c makes JSON of each item, dump_text.c writes that for people.
 *
 * Threads:   pure.
 * Memory:    items are new references.
 * Errors:    none.
 */
#ifndef CONTROL_DUMP_IMPL_H
#define CONTROL_DUMP_IMPL_H

#include <jansson.h>
#include <stdio.h>

void cp_dump_text_header(const json_t *header, FILE *out);
void cp_dump_text_zone(const json_t *zone, FILE *out);
void cp_dump_text_name(const json_t *name, FILE *out);
void cp_dump_text_dynamic(const json_t *dynamic, FILE *out);
void cp_dump_text_ruleset(const json_t *ruleset, FILE *out);
void cp_dump_text_target(const json_t *target, FILE *out);
void cp_dump_text_location(const json_t *location, FILE *out);
void cp_dump_text_slot(const json_t *slot, FILE *out);
void cp_dump_text_set(const json_t *set, FILE *out);

#endif
