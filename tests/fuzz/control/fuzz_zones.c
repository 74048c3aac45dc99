/*
 * Any bytes as a zone file: loading ends, every error has a place, and what the loader calls a good
 * zone is one: names inside it, values in wire form, pools and rules that refer to each other. The
 * compiler then makes an image of it that the checker accepts, or says why not; ALIAS records are gone
 * from it, what the linter says of it refuses nothing, and the zone can be had back out of the image.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/name.h"

#include "control/alias.h"
#include "control/compile.h"
#include "control/lint.h"
#include "control/present.h"
#include "control/thaw.h"
#include "tests/fuzz/control/input_file.h"
#include "tests/fuzz/fuzz.h"

static struct fuzz_input_file input = { .name = "example.test.yaml" };

static void
check_dynamic(const struct cp_record *record)
{
	const struct cp_dynamic *dynamic = record->dynamic;

	FUZZ_ASSERT(dynamic->pool_cnt > 0 && dynamic->rule_cnt > 0);
	for (uint32_t i = 0; i < dynamic->pool_cnt; i++) {
		const struct cp_pool *pool = &dynamic->pools[i];

		FUZZ_ASSERT(pool->fallback >= -1 && pool->fallback < (int32_t)dynamic->pool_cnt);
		FUZZ_ASSERT(pool->value_cnt > 0);
		for (uint32_t k = 0; k < pool->value_cnt; k++) {
			FUZZ_ASSERT(pool->values[k].rdata.bytes != NULL);
			FUZZ_ASSERT(pool->values[k].weight >= 1 && pool->values[k].weight <= 100);
		}
	}
	for (uint32_t i = 0; i < dynamic->rule_cnt; i++) {
		FUZZ_ASSERT(dynamic->rules[i].pool < dynamic->pool_cnt);
	}
}

/* What is sent has the form of its type: whatever reads a dump can read it. */
static void
check_rdata(const struct tbl_rdata *rdata, uint16_t type)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	FUZZ_ASSERT(out != NULL);
	FUZZ_ASSERT(cp_present_rdata(rdata->bytes, rdata->size, 0, rdata->size, type, out) == 0);
	FUZZ_ASSERT(fclose(out) == 0 && len > 0);
	free(text);
}

static void
check_zone(const struct cp_zone *zone)
{
	FUZZ_ASSERT(zone->record_cnt > 0); /* the SOA */
	for (size_t i = 0; i < zone->record_cnt; i++) {
		const struct cp_record *record = &zone->records[i];
		uint8_t wire[TBL_NAME_MAX];
		uint8_t lower[TBL_NAME_MAX];
		int len = tbl_name_from_text(record->fqdn, wire);

		FUZZ_ASSERT(is_tbl_name_within(record->owner, zone->apex));
		FUZZ_ASSERT(len > 0 && tbl_name_lower(wire, lower) == len);
		FUZZ_ASSERT(memcmp(lower, record->owner, (size_t)len) == 0);
		FUZZ_ASSERT(record->value_cnt > 0 && record->ttl_s <= INT32_MAX);
		for (uint32_t k = 0; k < record->value_cnt; k++) {
			FUZZ_ASSERT(record->values[k].bytes != NULL && record->values[k].size > 0);
			check_rdata(&record->values[k], record->type);
			FUZZ_ASSERT(k == 0 || strcmp(record->texts[k - 1], record->texts[k]) < 0);
		}
		if (record->dynamic != NULL) {
			check_dynamic(record);
		}
	}
}

/* Every ALIAS has become addresses, or its zone is refused with a reason. */
static void
check_aliases(const struct cp_zones *zones)
{
	struct conf_errors errors = { 0 };
	struct cp_zones expanded;
	bool is_refused[1] = { zones->items[0].has_errors };
	bool was_refused = is_refused[0];
	size_t alias_cnt = 0;

	FUZZ_ASSERT(cp_alias_expand(zones, is_refused, &errors, &expanded, &alias_cnt) == 0);
	FUZZ_ASSERT(expanded.cnt == 1);
	FUZZ_ASSERT((errors.error_cnt > 0) == (is_refused[0] && !was_refused));
	for (size_t i = 0; !is_refused[0] && i < expanded.items[0].record_cnt; i++) {
		FUZZ_ASSERT(expanded.items[0].records[i].type != CP_TYPE_ALIAS);
		FUZZ_ASSERT(expanded.items[0].records[i].value_cnt > 0);
	}
	FUZZ_ASSERT(alias_cnt > 0 || is_refused[0] ||
			expanded.items[0].record_cnt == zones->items[0].record_cnt);
	cp_alias_free(&expanded);
	conf_errors_free(&errors);
}

static void
check_lint(const struct cp_zones *zones, const void *image, const struct cp_geo *geo)
{
	struct conf_errors errors = { 0 };

	FUZZ_ASSERT(cp_lint(zones, image, geo, &errors) == 0);
	FUZZ_ASSERT(errors.error_cnt == 0);
	for (size_t i = 0; i < errors.cnt; i++) {
		const struct conf_message *message = &errors.messages[i];

		FUZZ_ASSERT(message->level != CONF_ERROR && message->text[0] != '\0');
		FUZZ_ASSERT(message->is_summary || message->lint != NULL);
	}
	conf_errors_free(&errors);
}

/* The zones an image gives back make the same image, to the byte. */
static void
check_thaw(struct cp_compiler *compiler, const struct cp_geo *geo,
		const struct cp_compile_params *params, const void *image, size_t size)
{
	struct conf_errors errors = { 0 };
	struct cp_zones *thawed = NULL;
	struct tbl_view view;
	void *again = NULL;
	size_t again_size = 0;

	tbl_view_init(&view, image, NULL);
	FUZZ_ASSERT(cp_thaw(&view, &thawed) == 0);
	FUZZ_ASSERT(cp_compile(compiler, thawed, geo, params, &errors, &again, &again_size) == 0);
	FUZZ_ASSERT(again_size == size && memcmp(again, image, size) == 0);
	free(again);
	cp_zones_free(thawed);
	conf_errors_free(&errors);
}

static void
compile(const struct cp_zones *zones)
{
	/* Two places, so that rules by geos can be followed. */
	static const char *const places[] = { "NA-US-CA", "EU-DE" };
	static const struct tbl_geo_prefix prefixes[] = {
		{ { { 198, 51, 100 }, 24, 4 }, 0 },
		{ { { 0x20, 0x01, 0x0d, 0xb8 }, 32, 6 }, 1 },
	};
	static const struct cp_geo geo = { .table = { prefixes, 2, places, 2 }, .content_hash = 1 };
	const struct cp_compile_params params = { .generation = 1, .hash_seed = { 3, 5 } };
	struct conf_errors errors = { 0 };
	struct cp_compiler *compiler = NULL;
	struct tbl_error error = { .text = "" };
	void *image = NULL;
	size_t size = 0;
	int rc = 0;

	FUZZ_ASSERT(cp_compiler_new(&compiler) == 0);
	rc = cp_compile(compiler, zones, &geo, &params, &errors, &image, &size);
	FUZZ_ASSERT(rc == 0 ? image != NULL : errors.error_cnt > 0);
	FUZZ_ASSERT(rc != 0 || tbl_check(image, size, &error) == 0);
	if (rc == 0) {
		check_lint(zones, image, &geo);
		check_thaw(compiler, &geo, &params, image, size);
	}
	free(image);
	cp_compiler_free(compiler);
	conf_errors_free(&errors);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cp_zones_options options = cp_zones_defaults();
	struct conf_errors errors = { 0 };
	struct cp_zones *zones = NULL;

	options.enforce_order = size % 2 == 0;
	fuzz_write_input(&input, data, size);
	FUZZ_ASSERT(cp_zones_load(input.dir, &options, &errors, &zones) == 0);
	FUZZ_ASSERT(zones->cnt == 1);
	FUZZ_ASSERT(zones->items[0].has_errors == (errors.error_cnt > 0));
	for (size_t i = 0; i < errors.cnt; i++) {
		FUZZ_ASSERT(strcmp(errors.messages[i].file, input.path) == 0);
		FUZZ_ASSERT(errors.messages[i].text[0] != '\0');
	}
	if (!zones->items[0].has_errors) {
		check_zone(&zones->items[0]);
	}
	check_aliases(zones);
	compile(zones);
	cp_zones_free(zones);
	conf_errors_free(&errors);
	return 0;
}
