/*
 * Runs a fuzz target over every file of the directories named on the command line, in name order:
 * the corpus as a normal test. Linked instead of libFuzzer when the compiler has none.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

static int
replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = NULL;
	long size = -1;

	if (file == NULL) {
		perror(path);
		return -1;
	}
	if (fseek(file, 0, SEEK_END) == 0) {
		size = ftell(file);
	}
	/* An exact-size heap block, so that a sanitizer sees the first byte read beyond it. */
	if (size >= 0 && fseek(file, 0, SEEK_SET) == 0) {
		bytes = malloc(size > 0 ? (size_t)size : 1);
	}
	if (bytes == NULL || fread(bytes, 1, (size_t)size, file) != (size_t)size) {
		(void)fprintf(stderr, "%s: cannot read it whole\n", path);
		free(bytes);
		(void)fclose(file);
		return -1;
	}
	(void)fclose(file);
	LLVMFuzzerTestOneInput(bytes, (size_t)size);
	free(bytes);
	return 0;
}

static int
replay_directory(const char *dir)
{
	struct dirent **entries = NULL;
	int cnt = scandir(dir, &entries, NULL, alphasort);
	int done = 0;
	char path[4096];

	if (cnt < 0) {
		perror(dir);
		return -1;
	}
	for (int i = 0; i < cnt; i++) {
		if (entries[i]->d_name[0] != '.' && done >= 0) {
			(void)snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
			done = replay_file(path) == 0 ? done + 1 : -1;
		}
		free(entries[i]);
	}
	free(entries);
	return done;
}

int
main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		int done = replay_directory(argv[i]);

		if (done < 0) {
			return 1;
		}
		total += done;
	}
	(void)printf("%d inputs replayed\n", total);
	return total > 0 ? 0 : 1; /* an empty corpus tests nothing */
}
