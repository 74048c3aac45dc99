/*
 * What `meridianctl check` does to a directory of zones, stage by stage: seconds and how often as
 * long as a plain libyaml parse of the largest file in it takes, which is the floor; what having the
 * zones back out of the table takes, as for a broken file after a restart; then the memory of the
 * whole.
 *
 *   zones DIR FILE      FILE is the one to parse plainly
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <yaml.h>

#include "table/view.h"

#include "conf/yaml.h"
#include "control/compile.h"
#include "control/thaw.h"

struct stage {
	const char *name;
	double seconds;
};

static double
seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The highest the process ever had, in MiB. */
static long
peak_mib(void)
{
	struct rusage usage = { 0 };

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss / 1024;
}

static int
parse_plainly(const char *path)
{
	yaml_parser_t parser;
	bool is_done = false;
	FILE *file = fopen(path, "re");

	if (file == NULL || yaml_parser_initialize(&parser) == 0) {
		return -1;
	}
	yaml_parser_set_input_file(&parser, file);
	while (!is_done) {
		yaml_event_t event;

		if (yaml_parser_parse(&parser, &event) == 0) {
			return -1;
		}
		is_done = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	(void)fclose(file);
	return 0;
}

static int
make_tree(const char *path)
{
	static const struct conf_yaml_options options = { .is_strict = false };
	struct conf_errors errors = { 0 };
	struct conf_document document = { 0 };
	int rc = conf_yaml_load(path, &options, &errors, &document);

	conf_yaml_free(&document);
	conf_errors_free(&errors);
	return rc;
}

static int
thaw(const void *image)
{
	struct cp_zones *zones = NULL;
	struct tbl_view view;
	int rc = 0;

	tbl_view_init(&view, image, NULL);
	rc = cp_thaw(&view, &zones);
	if (rc == 0) {
		cp_zones_free(zones);
	}
	return rc;
}

/* check runs the command's own two stages, then thaws; 0 when the zones are fine. */
static int
check(const char *dir, struct stage stages[3], size_t *ret_records)
{
	static const struct cp_geo nowhere; /* as `meridianctl check` without --geo */
	const struct cp_zones_options options = cp_zones_defaults();
	const struct cp_compile_params params = { .generation = 1 };
	struct conf_errors errors = { 0 };
	struct cp_zones *zones = NULL;
	struct cp_compiler *compiler = NULL;
	void *image = NULL;
	size_t size = 0;
	double start = seconds_now();
	int rc = cp_zones_load(dir, &options, &errors, &zones);

	stages[0].seconds = seconds_now() - start;
	if (rc != 0 || cp_compiler_new(&compiler) != 0) {
		return -1;
	}
	for (size_t i = 0; i < zones->cnt; i++) {
		*ret_records += zones->items[i].record_cnt;
	}
	start = seconds_now();
	rc = cp_compile(compiler, zones, &nowhere, &params, &errors, &image, &size);
	stages[1].seconds = seconds_now() - start;
	conf_errors_print(&errors, stderr, false);
	rc = rc == 0 && errors.error_cnt > 0 ? -1 : rc;
	start = seconds_now();
	rc = rc == 0 ? thaw(image) : rc;
	stages[2].seconds = seconds_now() - start;
	free(image);
	cp_compiler_free(compiler);
	cp_zones_free(zones);
	conf_errors_free(&errors);
	return rc;
}

int
main(int argc, char **argv)
{
	struct stage stages[] = { { "libyaml alone", 0 }, { "YAML to a tree", 0 },
		{ "zones (tree, records, checks)", 0 }, { "compile (table, its check, shadow)", 0 },
		{ "zones out of the table", 0 } };
	size_t record_cnt = 0;
	long tree_mib = 0;
	double start = seconds_now();

	if (argc != 3) {
		(void)fprintf(stderr, "usage: %s DIR FILE\n", argv[0]);
		return 2;
	}
	if (parse_plainly(argv[2]) != 0) {
		(void)fprintf(stderr, "%s: cannot be parsed\n", argv[2]);
		return 1;
	}
	stages[0].seconds = seconds_now() - start;
	start = seconds_now();
	if (make_tree(argv[2]) != 0) {
		(void)fprintf(stderr, "%s: cannot be read\n", argv[2]);
		return 1;
	}
	stages[1].seconds = seconds_now() - start;
	tree_mib = peak_mib();
	if (check(argv[1], &stages[2], &record_cnt) != 0) {
		(void)fprintf(stderr, "%s: not fine\n", argv[1]);
		return 1;
	}
	printf("%zu RRsets\n%-36s %9s %12s\n", record_cnt, "stage", "seconds", "x libyaml");
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		printf("%-36s %9.2f %12.1f\n", stages[i].name, stages[i].seconds,
				stages[i].seconds / stages[0].seconds);
	}
	printf("peak memory: %ld MiB for the tree alone, %ld MiB in all\n", tree_mib, peak_mib());
	return 0;
}
