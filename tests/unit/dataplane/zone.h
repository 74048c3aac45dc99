/*
 * The zone that tests of the message path ask about: one table image with a name of every kind. The
 * records are listed in zone.c.
 */
#ifndef TESTS_UNIT_DATAPLANE_ZONE_H
#define TESTS_UNIT_DATAPLANE_ZONE_H

#include <stddef.h>
#include <stdint.h>

#define ZONE_GENERATION 7u

/* zone_build returns a checked image (free() it); it ends the process when the zone is refused. */
void *zone_build(uint64_t generation, size_t *ret_size);

#endif
