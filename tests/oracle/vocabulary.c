/*
 * Compares the geo vocabulary with octoDNS's, a line a place: code, kind, name. Neither may have
 * one the other lacks.
 *
 * usage: vocabulary geo_data.tsv
 */
#include <stdio.h>
#include <string.h>

#include "control/geo_impl.h"

static const char *const kinds[] = { "continent", "country", "province" };

/* Compares one line; names of continents are ours (octoDNS has none). */
static bool
is_agreed(const char *code, const char *kind, const char *name)
{
	uint32_t number = cp_geo_find(code);

	if (number == TBL_NONE || strcmp(kinds[strlen(code) / 3], kind) != 0) {
		return false;
	}
	return strlen(code) == 2 || strcmp(cp_geo_vocabulary[number].name, name) == 0;
}

int
main(int argc, char **argv)
{
	FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;
	char line[256];
	uint32_t cnt = 0;
	uint32_t wrong = 0;

	if (in == NULL) {
		perror(argc == 2 ? argv[1] : "usage: vocabulary geo_data.tsv");
		return 2;
	}
	while (fgets(line, sizeof(line), in) != NULL) {
		char *rest = line;
		const char *code = strsep(&rest, "\t\n");
		const char *kind = strsep(&rest, "\t\n");
		const char *name = strsep(&rest, "\t\n");

		if (kind == NULL || !is_agreed(code, kind, name == NULL ? "" : name)) {
			printf("%s: octoDNS has it as a %s named \"%s\"\n", code,
					kind == NULL ? "?" : kind, name == NULL ? "" : name);
			wrong++;
		}
		cnt++;
	}
	(void)fclose(in);
	printf("%u lines, %u places of ours, %u wrong\n", cnt, CP_GEO_VOCABULARY_CNT, wrong);
	return cnt == CP_GEO_VOCABULARY_CNT && wrong == 0 ? 0 : 1;
}
