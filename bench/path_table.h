/* The table that `path` asks: 1,000 zones of 100 names each, every apex answered by place. */
#ifndef BENCH_PATH_TABLE_H
#define BENCH_PATH_TABLE_H

#include <stddef.h>

#define BENCH_ZONES 1000u
#define BENCH_HOSTS 96u /* beside apex, ns, "*" and "*.w" with its parent: 100 names and one ENT */

/* bench_table returns a checked image (free() it); it ends the process when it cannot. */
void *bench_table(size_t *ret_size);

#endif
