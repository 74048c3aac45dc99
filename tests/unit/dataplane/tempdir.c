#include "tests/unit/dataplane/tempdir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/test.h"

void
tempdir_make(char path[TEMPDIR_MAX])
{
	(void)snprintf(path, TEMPDIR_MAX, "/tmp/meridian-test-XXXXXX");
	assert_non_null(mkdtemp(path));
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *place)
{
	(void)st;
	(void)kind;
	(void)place;
	return remove(path);
}

void
tempdir_remove(const char *path)
{
	/* Few descriptors are enough: the trees are two deep. The only thread by now.
	 * NOLINTNEXTLINE(concurrency-mt-unsafe) */
	assert_int_equal(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}
