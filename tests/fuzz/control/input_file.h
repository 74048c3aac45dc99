/*
 * The input as a file in a directory of its own: loaders of zones want a directory.
 *
 * Threads:   one.
 * Memory:    one directory a process, made for the first input and removed at its end.
 * Errors:    end the process as a broken property does.
 */
#ifndef TESTS_FUZZ_CONTROL_INPUT_FILE_H
#define TESTS_FUZZ_CONTROL_INPUT_FILE_H

#include <stddef.h>

struct fuzz_input_file {
	const char *name; /* "example.test.zone" */
	char dir[64];     /* where it is; "" before the first input */
	char path[128];
};

/* fuzz_write_input makes `data` the whole content of `file`, always the same one of a process. */
void fuzz_write_input(struct fuzz_input_file *file, const void *data, size_t size);

#endif
