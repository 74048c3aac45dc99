/*
 * A directory of a test's own.
 *
 * Errors:    helpers fail the running test.
 */
#ifndef TESTS_UNIT_DATAPLANE_TEMPDIR_H
#define TESTS_UNIT_DATAPLANE_TEMPDIR_H

#define TEMPDIR_MAX 64u

void tempdir_make(char path[TEMPDIR_MAX]);

/* tempdir_remove removes it and all that is in it. */
void tempdir_remove(const char *path);

#endif
