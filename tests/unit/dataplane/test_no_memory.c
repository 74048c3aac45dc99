/*
 * What the packet path allocates at start-up when there is no memory: it is said, and nothing is half-made.
 * The linker hands calloc and aligned_alloc to this file (--wrap).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "dataplane/limiter.h"
#include "dataplane/prefixes.h"
#include "tests/unit/test.h"

/* The names are the linker's. NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming) */
void *__real_calloc(size_t cnt, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_calloc(size_t cnt, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

/* Allocations until one fails; negative: none does. */
static int left = -1;

static bool
has_memory(void)
{
	return left < 0 || left-- > 0;
}

void *
__wrap_calloc(size_t cnt, size_t size)
{
	return has_memory() ? __real_calloc(cnt, size) : NULL;
}

void *
__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return has_memory() ? __real_aligned_alloc(alignment, size) : NULL;
}
/* NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming) */

static void
no_limiter_is_made(void **state)
{
	const struct dp_limiter_params params = {
		.per_second = { 1 }, .burst_s = 1, .table_size = 8
	};
	struct dp_limiter *limiter = NULL;

	(void)state;
	for (int allowed = 0; allowed < 2; allowed++) {
		left = allowed;
		assert_int_equal(dp_limiter_new(&params, &limiter), -ENOMEM);
		left = -1;
		assert_null(limiter);
	}
	dp_limiter_free(limiter);
}

static void
no_prefixes_are_made(void **state)
{
	const struct tbl_prefix prefix = { { 192, 0, 2 }, 24, 4 };
	struct dp_prefixes prefixes = { 0 };

	(void)state;
	left = 0;
	assert_int_equal(dp_prefixes_make(&prefix, 1, &prefixes), -ENOMEM);
	left = -1;
	assert_null(prefixes.ranges);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_limiter_is_made),
		cmocka_unit_test(no_prefixes_are_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
