/*
 * Images for tests of what the data plane does with them: tables of the test zone, selections for
 * them, damaged ones.
 *
 * Errors:    helpers fail the running test.
 */
#ifndef TESTS_UNIT_DATAPLANE_IMAGES_H
#define TESTS_UNIT_DATAPLANE_IMAGES_H

#include "dataplane/image.h"

/* images_table, images_selection: a sealed image, held once. */
struct dp_image *images_table(uint64_t generation);
struct dp_image *images_selection(uint64_t table_generation, uint64_t sequence);

/* images_damaged: the table with one bit flipped at byte `at` (modulo its size). */
struct dp_image *images_damaged(uint64_t generation, size_t at);

#endif
