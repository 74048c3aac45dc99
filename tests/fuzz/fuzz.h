/* FUZZ_ASSERT says which property an input broke and ends the process, whatever NDEBUG says. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_ASSERT(property) fuzz_assert((property), #property, __FILE__, __LINE__)

static inline void
fuzz_assert(bool holds, const char *property, const char *file, int line)
{
	if (!holds) {
		(void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, property);
		abort();
	}
}

#endif
