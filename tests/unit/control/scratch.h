/*
 * A directory of a test's own, gone with everything in it when the test is.
 *
 * Threads:   one test at a time.
 * Memory:    paths returned are static until the next call.
 * Errors:    fail the running test.
 */
#ifndef TESTS_UNIT_CONTROL_SCRATCH_H
#define TESTS_UNIT_CONTROL_SCRATCH_H

/* scratch_setup, scratch_teardown: for cmocka_unit_test_setup_teardown(). */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* scratch_path: "<directory>/<name>"; eight are valid at a time. */
const char *scratch_path(const char *name);

/* scratch_write makes a file, and the directories its name asks for. */
void scratch_write(const char *name, const char *text);

#endif
