/*
 * YAML scalars as octoDNS sees them: Python's str() and int() of what PyYAML makes of them. Zone
 * files depend on it (a name `no:` is "false", a ttl "60" is 60), so it is followed to the letter.
 *
 * Threads:   pure.
 * Memory:    texts live in the caller's arena.
 * Errors:    NULL when memory is out; -EINVAL where Python's int() raises.
 */
#ifndef CONTROL_SCALAR_H
#define CONTROL_SCALAR_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/arena.h"
#include "conf/yaml.h"

/* cp_scalar_text: str(). Collections are "[]", "{}", "[...]" or "{...}": for messages. */
char *cp_scalar_text(struct conf_arena *arena, const struct conf_node *node);

/* cp_scalar_int: int(): integers, numbers cut at the point, booleans, and text that is a decimal
 * integer. -EINVAL for all else and beyond int64_t. */
int cp_scalar_int(const struct conf_node *node, int64_t *ret_value);

/* cp_scalar_real: float() of an integer, a float or text that is one. */
int cp_scalar_real(const struct conf_node *node, double *ret_value);

/* is_cp_null: no node at all, or YAML's null. */
bool is_cp_null(const struct conf_node *node);
/* is_cp_text: typed as a string. */
bool is_cp_text(const struct conf_node *node);
/* is_cp_true: Python's truth: false for null, "", 0, false and empty collections. */
bool is_cp_true(const struct conf_node *node);

#endif
