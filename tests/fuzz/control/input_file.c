#include "tests/fuzz/control/input_file.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

/* What atexit() cannot be told. */
static struct fuzz_input_file *made;

static void
remove_directory(void)
{
	(void)unlink(made->path);
	(void)rmdir(made->dir);
}

/* In memory where there is such a place: a search writes thousands of inputs a second. */
static void
make_directory(struct fuzz_input_file *file)
{
	FUZZ_ASSERT(made == NULL);
	(void)snprintf(file->dir, sizeof(file->dir), "%s/fuzz.XXXXXX",
			access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	FUZZ_ASSERT(mkdtemp(file->dir) != NULL);
	(void)snprintf(file->path, sizeof(file->path), "%s/%s", file->dir, file->name);
	made = file;
	FUZZ_ASSERT(atexit(remove_directory) == 0);
}

void
fuzz_write_input(struct fuzz_input_file *file, const void *data, size_t size)
{
	FILE *out = NULL;

	if (file->dir[0] == '\0') {
		make_directory(file);
	}
	out = fopen(file->path, "wbe");
	FUZZ_ASSERT(out != NULL);
	FUZZ_ASSERT(fwrite(data, 1, size, out) == size);
	FUZZ_ASSERT(fclose(out) == 0);
}
