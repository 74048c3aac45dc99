/* The table that `path` asks: 1,000 zones of 100 names each, every apex answered by place. */
#ifndef BENCH_PATH_TABLE_H
#define BENCH_PATH_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_ZONES 1000u
#define BENCH_HOSTS 96u /* beside apex, ns, "*" and "*.w" with its parent: 100 names and one ENT */

/* A zone with one name of 127 labels, as many as a name can have: look-ups then begin that deep. */
#define BENCH_DEEP_ZONE "z."

/* bench_table returns a checked image (free() it), with that zone too when `is_deep`; it ends the
 * process when it cannot. */
void *bench_table(bool is_deep, size_t *ret_size);

#endif
