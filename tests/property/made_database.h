/*
 * A random database for the ECS property test: what the real one lacks (provinces, prefixes inside
 * others, IPv4 that is led to from IPv6), and no download.
 *
 * Threads:   one at a time.
 * Memory:    none is kept.
 * Errors:    negative errno when the file cannot be written.
 */
#ifndef TESTS_PROPERTY_MADE_DATABASE_H
#define TESTS_PROPERTY_MADE_DATABASE_H

#include <stdint.h>

/* made_database_write writes the database that `seed` makes. */
int made_database_write(const char *path, uint64_t seed);

#endif
