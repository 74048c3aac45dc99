/*
 * Reading JSON that a program of ours wrote: a missing or mistyped member reads as empty, zero or
 * false, since an older or newer daemon may not have it.
 *
 * Threads:   pure.
 * Memory:    strings belong to the object; cp_json_copy makes a new reference.
 * Errors:    none.
 */
#ifndef CONTROL_JSON_READ_H
#define CONTROL_JSON_READ_H

#include <jansson.h>
#include <stdbool.h>

/* cp_json_text: "" when there is none. */
const char *cp_json_text(const json_t *object, const char *key);
long long cp_json_number(const json_t *object, const char *key);
/* is_cp_json_true: false when there is none. */
bool is_cp_json_true(const json_t *object, const char *key);

/* cp_json_copy: another object with the same members, which both then hold. */
json_t *cp_json_copy(const json_t *object);

/* cp_json_count, cp_json_item: the items of an array member; 0 and NULL when it is none. */
size_t cp_json_count(const json_t *object, const char *key);
const json_t *cp_json_item(const json_t *object, const char *key, size_t i);

#endif
