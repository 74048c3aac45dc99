/*
 * Any bytes as a master file: reading ends, every message has a place, and what is called a good zone
 * is one: one SOA, first, names inside, a TTL each, values in order and once each. Printed record by
 * record and read again it is the same zone; the compiler takes it, or says why not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/compile.h"
#include "control/rdata.h"
#include "control/thaw.h"
#include "tests/fuzz/control/input_file.h"
#include "tests/fuzz/fuzz.h"

static struct fuzz_input_file input = { .name = "example.test.zone" };

static struct cp_zones *
load(struct conf_errors *errors)
{
	struct cp_zones_options options = cp_zones_defaults();
	struct cp_zones *zones = NULL;

	FUZZ_ASSERT(cp_zones_load(input.dir, &options, errors, &zones) == 0);
	FUZZ_ASSERT(zones->cnt == 1);
	FUZZ_ASSERT(zones->items[0].has_errors == (errors->error_cnt > 0));
	for (size_t i = 0; i < errors->cnt; i++) {
		FUZZ_ASSERT(strncmp(errors->messages[i].file, input.dir, strlen(input.dir)) == 0);
		FUZZ_ASSERT(errors->messages[i].line == 0 || errors->messages[i].col > 0);
		FUZZ_ASSERT(errors->messages[i].text[0] != '\0');
	}
	return zones;
}

static void
check_zone(const struct cp_zone *zone)
{
	FUZZ_ASSERT(zone->has_own_soa && zone->record_cnt > 0);
	for (size_t i = 0; i < zone->record_cnt; i++) {
		const struct cp_record *record = &zone->records[i];

		FUZZ_ASSERT((record->type == CP_TYPE_SOA) == (i == 0));
		FUZZ_ASSERT(is_tbl_name_within(record->owner, zone->apex));
		FUZZ_ASSERT(record->dynamic == NULL && record->value_cnt > 0);
		FUZZ_ASSERT(record->ttl_s <= INT32_MAX && record->line > 0 && record->col > 0);
		for (uint32_t k = 1; k < record->value_cnt; k++) {
			FUZZ_ASSERT(strcmp(record->texts[k - 1], record->texts[k]) < 0);
		}
	}
}

/* The caller's. */
static char *
print_zone(const struct cp_zone *zone, size_t *ret_len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_len);

	FUZZ_ASSERT(out != NULL);
	for (size_t i = 0; i < zone->record_cnt; i++) {
		const struct cp_record *record = &zone->records[i];
		char buffer[CP_TYPE_NAME_MAX];

		for (uint32_t k = 0; k < record->value_cnt; k++) {
			(void)fprintf(out, "%s %u IN %s %s\n", record->fqdn, record->ttl_s,
					cp_type_name(record->type, buffer), record->texts[k]);
		}
	}
	FUZZ_ASSERT(fclose(out) == 0);
	return text;
}

static void
check_same(const struct cp_zone *a, const struct cp_zone *b)
{
	FUZZ_ASSERT(a->record_cnt == b->record_cnt);
	for (size_t i = 0; i < a->record_cnt; i++) {
		const struct cp_record *x = &a->records[i];
		const struct cp_record *y = &b->records[i];

		FUZZ_ASSERT(strcmp(x->fqdn, y->fqdn) == 0 && x->type == y->type);
		FUZZ_ASSERT(x->ttl_s == y->ttl_s && x->value_cnt == y->value_cnt);
		for (uint32_t k = 0; k < x->value_cnt; k++) {
			FUZZ_ASSERT(x->values[k].size == y->values[k].size);
			FUZZ_ASSERT(memcmp(x->values[k].bytes, y->values[k].bytes,
						    x->values[k].size) == 0);
		}
	}
}

static void
check_again(const struct cp_zone *zone)
{
	struct conf_errors errors = { 0 };
	struct cp_zones *again = NULL;
	size_t len = 0;
	char *text = print_zone(zone, &len);

	fuzz_write_input(&input, text, len);
	again = load(&errors);
	FUZZ_ASSERT(errors.error_cnt == 0);
	check_same(zone, &again->items[0]);
	cp_zones_free(again);
	conf_errors_free(&errors);
	free(text);
}

/* The zones an image gives back compile. Not always to the same bytes: names that differ in case alone
 * become one. */
static void
check_thaw(struct cp_compiler *compiler, const struct cp_compile_params *params, const void *image)
{
	struct conf_errors errors = { 0 };
	struct cp_zones *thawed = NULL;
	struct tbl_view view;
	void *again = NULL;
	size_t size = 0;

	tbl_view_init(&view, image, NULL);
	FUZZ_ASSERT(cp_thaw(&view, &thawed) == 0);
	FUZZ_ASSERT(cp_compile(compiler, thawed, NULL, params, &errors, &again, &size) == 0);
	FUZZ_ASSERT(errors.error_cnt == 0);
	free(again);
	cp_zones_free(thawed);
	conf_errors_free(&errors);
}

static void
compile(const struct cp_zones *zones)
{
	const struct cp_compile_params params = { .generation = 1, .hash_seed = { 3, 5 } };
	struct conf_errors errors = { 0 };
	struct cp_compiler *compiler = NULL;
	struct tbl_error error = { .text = "" };
	void *image = NULL;
	size_t size = 0;
	int rc = 0;

	FUZZ_ASSERT(cp_compiler_new(&compiler) == 0);
	rc = cp_compile(compiler, zones, NULL, &params, &errors, &image, &size);
	FUZZ_ASSERT(rc == 0 ? image != NULL : errors.error_cnt > 0);
	FUZZ_ASSERT(rc != 0 || tbl_check(image, size, &error) == 0);
	for (size_t i = 0; i < errors.cnt; i++) {
		/* What only a wrong table can make it say (control/shadow.h). */
		FUZZ_ASSERT(strstr(errors.messages[i].text, "a defect of Meridian") == NULL);
	}
	if (rc == 0) {
		check_thaw(compiler, &params, image);
	}
	free(image);
	cp_compiler_free(compiler);
	conf_errors_free(&errors);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_errors errors = { 0 };
	struct cp_zones *zones = NULL;

	fuzz_write_input(&input, data, size);
	zones = load(&errors);
	if (!zones->items[0].has_errors) {
		check_zone(&zones->items[0]);
		check_again(&zones->items[0]);
	}
	compile(zones);
	cp_zones_free(zones);
	conf_errors_free(&errors);
	return 0;
}
