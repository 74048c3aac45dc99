#include "tests/unit/control/scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/test.h"

#define PATHS_AT_ONCE 8u

static char directory[64];

int
scratch_setup(void **state)
{
	(void)state;
	(void)snprintf(directory, sizeof(directory), "/tmp/meridian-test-XXXXXX");
	return mkdtemp(directory) == NULL ? -1 : 0;
}

static int
remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
	(void)info;
	(void)kind;
	(void)where;
	return remove(path);
}

int
scratch_teardown(void **state)
{
	(void)state;
	/* The only thread. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	return nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *
scratch_path(const char *name)
{
	static char paths[PATHS_AT_ONCE][256];
	static unsigned int next;
	char *path = paths[next++ % PATHS_AT_ONCE];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

void
scratch_write(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s", scratch_path(name));
	for (char *slash = path + strlen(directory) + 1; (slash = strchr(slash, '/')) != NULL;
			slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fputs(text, file) >= 0, 1);
	assert_int_equal(fclose(file), 0);
}
