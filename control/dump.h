/*
 * Everything a table image says, for people or as JSON: header, zones, every name with its RRsets
 * in presentation form, dynamic records with pools, values and rules, rule sets with what each
 * class gets, health targets, every location, and the selection. Written item by item, so that the
 * size of the table is no matter.
 *
 * Threads:   pure.
 * Memory:    a few items at a time.
 * Errors:    -EIO when the stream fails, -ENOMEM.
 */
#ifndef CONTROL_DUMP_H
#define CONTROL_DUMP_H

#include <stdbool.h>
#include <stdio.h>

#include "table/view.h"

int cp_dump(const struct tbl_view *view, bool is_json, FILE *out);

#endif
