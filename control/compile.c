#include "control/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/arena.h"
#include "control/address.h"
#include "control/alias.h"
#include "control/rdata.h"
#include "control/rulesets.h"
#include "control/shadow.h"

struct cp_compiler {
	struct tbl_location *location; /* NULL: none built, or no rule set at all */
	char *rules_key;               /* text of the rule sets it was built from */
	uint64_t geo_hash;
};

/* One compilation. */
struct job {
	const struct cp_zones *source;
	struct cp_zones expanded;     /* the same without ALIAS records */
	const struct cp_zones *zones; /* source, then expanded */
	size_t alias_cnt;
	const struct cp_geo *geo;
	const struct cp_compile_params *params;
	struct conf_errors *errors;
	const struct tbl_location *location;
	bool *is_refused; /* per zone */
	struct cp_rulesets rulesets;
	struct tbl_builder *builder;
};

int
cp_compiler_new(struct cp_compiler **ret_compiler)
{
	struct cp_compiler *compiler = calloc(1, sizeof(*compiler));

	if (compiler == NULL) {
		return -ENOMEM;
	}
	*ret_compiler = compiler;
	return 0;
}

void
cp_compiler_free(struct cp_compiler *compiler)
{
	if (compiler != NULL) {
		tbl_location_free(compiler->location);
		free(compiler->rules_key);
		free(compiler);
	}
}

static void
tell_record(const struct job *job, const struct cp_record *record, const char *text)
{
	conf_error_add(job->errors, CONF_ERROR, record->file, record->line, record->col, "%s",
			text);
}

/* first_geo_rule: 1-based number of a record's first rule by geos, 0 when it has none. */
static uint32_t
first_geo_rule(const struct cp_record *record)
{
	uint32_t rule_cnt = record->dynamic != NULL ? record->dynamic->rule_cnt : 0;

	for (uint32_t i = 0; i < rule_cnt; i++) {
		if (record->dynamic->rules[i].geo_cnt > 0) {
			return i + 1;
		}
	}
	return 0;
}

/* Without a database no client has a place, and a rule by geos would never match: an error, told
 * once a zone. */
static void
refuse_without_geo(struct job *job, size_t zone_at)
{
	const struct cp_zone *zone = &job->zones->items[zone_at];

	for (size_t i = 0; i < zone->record_cnt; i++) {
		const struct cp_record *record = &zone->records[i];
		uint32_t rule = first_geo_rule(record);

		if (rule > 0) {
			conf_error_add(job->errors, CONF_ERROR, record->file, record->line,
					record->col,
					"rule %u of \"%s\" targets geos, and there is no geo "
					"database",
					rule, record->fqdn);
			job->is_refused[zone_at] = true;
			return;
		}
	}
}

/* refresh_location builds the location again when rules or database have changed. */
static int
refresh_location(struct cp_compiler *compiler, struct job *job)
{
	const struct cp_rulesets *rulesets = &job->rulesets;
	uint64_t geo_hash = job->geo != NULL ? job->geo->content_hash : 0;
	struct tbl_location *location = NULL;
	struct tbl_error error = { .text = "" };
	char *key = NULL;
	int rc = 0;

	if (compiler->rules_key != NULL && compiler->geo_hash == geo_hash &&
			strcmp(compiler->rules_key, rulesets->key) == 0) {
		return 0;
	}
	key = strdup(rulesets->key);
	if (key == NULL) {
		return -ENOMEM;
	}
	if (rulesets->cnt > 0) {
		rc = tbl_location_build(rulesets->inputs, rulesets->cnt,
				job->geo != NULL ? &job->geo->table : NULL, &location, &error);
	}
	if (rc != 0) {
		conf_error_add(job->errors, CONF_ERROR, "", 0, 0,
				"the rules cannot be compiled: %s", error.text);
		free(key);
		return rc;
	}
	tbl_location_free(compiler->location);
	free(compiler->rules_key);
	compiler->location = location;
	compiler->rules_key = key;
	compiler->geo_hash = geo_hash;
	return 0;
}

/* Values whose health decides get the key of their target; those forced up or down none. */
static int
fill_value(const struct cp_dynamic *dynamic, const struct cp_value *value,
		struct conf_arena *scratch, struct tbl_value_input *input)
{
	struct cp_target target;
	char key[CP_TARGET_KEY_MAX];
	int len = 0;

	*input = (struct tbl_value_input){ .rdata = value->rdata,
		.text = value->text,
		.weight = value->weight,
		.status = value->status };
	if (value->status != TBL_STATUS_OBEY) {
		return 0;
	}
	cp_target_make(&dynamic->healthcheck, value->probed != NULL ? value->probed : value->text,
			&target);
	len = cp_target_key(&target, key);
	if (len < 0) {
		return len;
	}
	input->target_key = conf_arena_copy(scratch, key, (size_t)len);
	return input->target_key != NULL ? 0 : -ENOMEM;
}

static int
fill_pools(const struct cp_dynamic *dynamic, struct conf_arena *scratch,
		struct tbl_pool_input *pools)
{
	for (uint32_t i = 0; i < dynamic->pool_cnt; i++) {
		const struct cp_pool *pool = &dynamic->pools[i];
		struct tbl_value_input *values =
				conf_arena_alloc(scratch, pool->value_cnt, sizeof(*values));

		if (values == NULL) {
			return -ENOMEM;
		}
		for (uint32_t k = 0; k < pool->value_cnt; k++) {
			int rc = fill_value(dynamic, &pool->values[k], scratch, &values[k]);

			if (rc != 0) {
				return rc;
			}
		}
		pools[i] = (struct tbl_pool_input){ pool->name, values, pool->value_cnt,
			pool->fallback };
	}
	return 0;
}

static int
add_dynamic(const struct job *job, uint32_t zone, const struct cp_record *record, uint32_t ruleset,
		struct tbl_error *ret_error)
{
	const struct cp_dynamic *dynamic = record->dynamic;
	struct conf_arena *scratch = conf_arena_new();
	struct tbl_pool_input *pools = NULL;
	struct tbl_dyn_input input = { .ruleset = ruleset,
		.pool_cnt = dynamic->pool_cnt,
		.last_resort = record->values,
		.last_resort_cnt = record->value_cnt };
	int rc = -ENOMEM;

	if (scratch != NULL) {
		pools = conf_arena_alloc(scratch, dynamic->pool_cnt, sizeof(*pools));
	}
	if (pools != NULL) {
		rc = fill_pools(dynamic, scratch, pools);
		input.pools = pools;
	}
	if (rc == 0) {
		rc = tbl_builder_add_dynamic(job->builder, zone, record->owner, record->type,
				record->ttl_s, &input, ret_error);
	} else if (rc == -EINVAL) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text),
				"its health check is too long to be a target");
	}
	conf_arena_free(scratch);
	return rc;
}

/* add_zone adds what the builder takes and tells all it does not; *at counts dynamic records over
 * all zones, refused ones included, as cp_rulesets does. */
static int
add_zone(struct job *job, size_t zone_at, size_t *at)
{
	const struct cp_zone *zone = &job->zones->items[zone_at];
	struct tbl_error error = { .text = "" };
	uint32_t number = 0;
	int rc = tbl_builder_add_zone(job->builder, zone->apex, &number, &error);

	if (rc != 0) {
		conf_error_add(job->errors, CONF_ERROR, zone->file, 0, 0, "%s", error.text);
		job->is_refused[zone_at] = true;
		return rc == -ENOMEM ? rc : 0;
	}
	if (!zone->has_own_soa) {
		tbl_builder_follow_generation(job->builder, number);
	}
	if (zone->ignores_ecs) {
		tbl_builder_ignore_ecs(job->builder, number);
	}
	for (size_t i = 0; i < zone->record_cnt; i++) {
		const struct cp_record *record = &zone->records[i];

		if (record->dynamic != NULL) {
			rc = add_dynamic(job, number, record, job->rulesets.of_record[(*at)++],
					&error);
		} else {
			rc = tbl_builder_add_rrset(job->builder, number, record->owner,
					record->type, record->ttl_s, record->values,
					record->value_cnt, &error);
		}
		if (rc == -ENOMEM) {
			return rc;
		}
		if (rc != 0) {
			tell_record(job, record, error.text);
			job->is_refused[zone_at] = true;
		}
	}
	return 0;
}

static size_t
dynamic_cnt_of(const struct cp_zone *zone)
{
	size_t cnt = 0;

	for (size_t i = 0; i < zone->record_cnt; i++) {
		cnt += zone->records[i].dynamic != NULL;
	}
	return cnt;
}

static size_t
refused_cnt(const struct job *job)
{
	size_t cnt = 0;

	for (size_t i = 0; i < job->zones->cnt; i++) {
		cnt += job->is_refused[i];
	}
	return cnt;
}

/* add_zones fills a new builder with every zone that is not refused. Refusing some on the way
 * makes the builder useless: the caller begins again without them. */
static int
add_zones(struct job *job)
{
	const struct tbl_build_params params = { .generation = job->params->generation,
		.built_unix_s = job->params->built_unix_s,
		.hash_seed = { job->params->hash_seed[0], job->params->hash_seed[1] },
		.location = job->location,
		.geo_built_unix_s = job->geo != NULL ? job->geo->build_epoch_s : 0,
		.geo_description = job->geo != NULL ? job->geo->description : NULL,
		.geo_places = job->geo != NULL ? job->geo->places_text : NULL };
	size_t at = 0;
	int rc = tbl_builder_new(&params, &job->builder);

	for (size_t i = 0; rc == 0 && i < job->zones->cnt; i++) {
		if (job->is_refused[i]) {
			at += dynamic_cnt_of(&job->zones->items[i]);
		} else {
			size_t next = at + dynamic_cnt_of(&job->zones->items[i]);

			rc = add_zone(job, i, &at);
			at = next;
		}
	}
	return rc;
}

/* find_record: the record of a zone that a builder's error is about, else the one whose owner it
 * is, else the SOA, which every zone has and begins with. */
static const struct cp_record *
find_record(const struct cp_zone *zone, const struct tbl_error *error)
{
	const struct cp_record *found = &zone->records[0];

	for (size_t i = 0; i < zone->record_cnt; i++) {
		const struct cp_record *record = &zone->records[i];

		if (memcmp(record->owner, error->owner, error->owner_len) != 0) {
			continue;
		}
		if (record->type == error->type) {
			return record;
		}
		found = record;
	}
	return found;
}

/* find_blamed: the zone that an error of tbl_builder_finish() is about: the innermost that the name
 * is in. Returns zones->cnt when there is none. */
static size_t
find_blamed(const struct job *job, const struct tbl_error *error)
{
	size_t blamed = job->zones->cnt;

	for (size_t i = 0; error->owner_len > 0 && i < job->zones->cnt; i++) {
		const struct cp_zone *zone = &job->zones->items[i];
		bool is_inner = blamed == job->zones->cnt ||
		                is_tbl_name_within(zone->apex, job->zones->items[blamed].apex);

		if (!job->is_refused[i] && is_inner &&
				is_tbl_name_within(error->owner, zone->apex)) {
			blamed = i;
		}
	}
	return blamed;
}

static int
finish(struct job *job, void **ret_image, size_t *ret_size)
{
	struct tbl_error error = { .text = "" };
	size_t blamed = 0;
	int rc = tbl_builder_finish(job->builder, ret_image, ret_size, &error);

	if (rc == 0 || rc == -ENOMEM) {
		return rc;
	}
	blamed = find_blamed(job, &error);
	if (blamed == job->zones->cnt) {
		conf_error_add(job->errors, CONF_ERROR, "", 0, 0, "%s", error.text);
		return rc;
	}
	tell_record(job, find_record(&job->zones->items[blamed], &error), error.text);
	job->is_refused[blamed] = true;
	return -EAGAIN;
}

/* build makes the image of every zone that is not refused; each round without success refuses one
 * zone more, so that there are at most as many rounds as zones. With ALIAS records a round ends with
 * -EAGAIN, since a refused zone may be where one of them led. */
static int
build(struct job *job, void **ret_image, size_t *ret_size)
{
	int rc = 0;

	do {
		size_t before = refused_cnt(job);

		if (before == job->zones->cnt) {
			conf_error_add(job->errors, CONF_ERROR, "", 0, 0,
					"no zone is left that could be served");
			return -EINVAL;
		}
		rc = add_zones(job);
		if (rc == 0 && refused_cnt(job) == before) {
			rc = finish(job, ret_image, ret_size);
		} else if (rc == 0) {
			rc = -EAGAIN;
		}
		tbl_builder_free(job->builder);
		job->builder = NULL;
	} while (rc == -EAGAIN && job->alias_cnt == 0);
	return rc;
}

/* refuse_unusable: zones with errors, and those that need a database that is not there. */
static void
refuse_unusable(struct job *job)
{
	for (size_t i = 0; i < job->zones->cnt; i++) {
		job->is_refused[i] = job->zones->items[i].has_errors;
		if (!job->is_refused[i] && job->geo == NULL) {
			refuse_without_geo(job, i);
		}
	}
}

/* expand makes what the builder is fed with: records that DNS has, and their rules. */
static int
expand(struct cp_compiler *compiler, struct job *job)
{
	int rc = 0;

	cp_rulesets_free(&job->rulesets);
	cp_alias_free(&job->expanded);
	rc = cp_alias_expand(
			job->source, job->is_refused, job->errors, &job->expanded, &job->alias_cnt);
	if (rc != 0) {
		return rc;
	}
	job->zones = &job->expanded;
	rc = cp_rulesets_collect(job->zones, job->is_refused, &job->rulesets);
	if (rc == -E2BIG) {
		conf_error_add(job->errors, CONF_ERROR, "", 0, 0, "more than %u distinct rule sets",
				TBL_RULESETS_MAX);
	}
	if (rc == 0) {
		rc = refresh_location(compiler, job);
	}
	job->location = compiler->location;
	return rc;
}

/* One parameter over the usual six: all of them are the caller's own, and a struct around them would
 * be filled in at one place only. */
int /* NOLINTNEXTLINE(readability-function-size) */
cp_compile(struct cp_compiler *compiler, const struct cp_zones *zones, const struct cp_geo *geo,
		const struct cp_compile_params *params, struct conf_errors *errors,
		void **ret_image, size_t *ret_size)
{
	struct job job = { .source = zones,
		.zones = zones,
		.geo = geo,
		.params = params,
		.errors = errors,
		.is_refused = calloc(zones->cnt + 1, sizeof(bool)) };
	void *image = NULL;
	size_t size = 0;
	int rc = job.is_refused != NULL ? -EAGAIN : -ENOMEM;

	if (rc == -EAGAIN) {
		refuse_unusable(&job);
	}
	while (rc == -EAGAIN) {
		rc = expand(compiler, &job);
		if (rc == 0) {
			rc = build(&job, &image, &size);
		}
	}
	if (rc == 0) {
		rc = cp_shadow_check(image, job.zones, job.is_refused, errors);
	}
	if (rc == 0) {
		*ret_image = image;
		*ret_size = size;
	} else {
		free(image);
	}
	if (rc == -ENOMEM) {
		conf_error_add(errors, CONF_ERROR, "", 0, 0, "out of memory");
	}
	cp_rulesets_free(&job.rulesets);
	cp_alias_free(&job.expanded);
	free(job.is_refused);
	return rc;
}
