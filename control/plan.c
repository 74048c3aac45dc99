#include "control/plan.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/plan_impl.h"
#include "control/rdata.h"
#include "control/zones.h"

#define THRESHOLD_DEFAULT 0.3 /* octoDNS's, for updates and deletes alike */
#define SHA256_BYTES      32u
#define DATE_BYTES        sizeof("2026-05-01")

struct job {
	const struct cp_plan_input *input;
	struct cp_plan_walk walk;
	json_t *plan;
	json_t *unsafe;
	EVP_MD_CTX *omitted; /* what is not listed, for the checksum */
	size_t listed_cnt;
	size_t omitted_cnt;
};

/* Digests */

static json_t *
hexadecimal(EVP_MD_CTX *ctx)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	char text[2 * SHA256_BYTES + 1];
	unsigned int len = 0;

	if (EVP_DigestFinal_ex(ctx, digest, &len) != 1 || len != SHA256_BYTES) {
		return NULL;
	}
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		(void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
	}
	return json_string(text);
}

static EVP_MD_CTX *
digest_new(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
		EVP_MD_CTX_free(ctx);
		ctx = NULL;
	}
	return ctx;
}

static int
digest_piece(const char *buffer, size_t size, void *ctx)
{
	return EVP_DigestUpdate(ctx, buffer, size) == 1 ? 0 : -1;
}

/* What is sworn to is the change. Which generation it starts from and who finds it unsafe, by whose
 * thresholds, is not part of it. */
static int
add_checksum(json_t *plan)
{
	EVP_MD_CTX *ctx = digest_new();
	json_t *change = json_copy(plan);
	json_t *text = NULL;

	json_object_del(change, "served_generation");
	json_object_del(change, "unsafe");
	if (ctx != NULL && change != NULL &&
			json_dump_callback(change, digest_piece, ctx,
					JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII) == 0) {
		text = hexadecimal(ctx);
	}
	json_decref(change);
	EVP_MD_CTX_free(ctx);
	return json_object_set_new(plan, "checksum", text) == 0 ? 0 : -ENOMEM;
}

/* Changes */

static const char *const action_names[CP_PLAN_ACTIONS] = {
	[CP_PLAN_DELETE] = "delete",
	[CP_PLAN_CREATE] = "create",
	[CP_PLAN_UPDATE] = "update",
};

static json_t *
change_json(const struct cp_plan_walk *walk, const struct cp_plan_change *change)
{
	bool is_deleted = change->action == CP_PLAN_DELETE;
	const struct tbl_view *view = is_deleted ? walk->served : walk->wanted;
	const struct cp_plan_rrset *shown = is_deleted ? &change->existing : &change->wanted;
	char name[TBL_NAME_TEXT_MAX];
	char type[CP_TYPE_NAME_MAX];
	json_t *json;
	int rc = 0;

	(void)tbl_name_to_text(tbl_node_name(view, shown->node), name);
	json = json_pack("{s:s, s:s, s:s}", "action", action_names[change->action], "name", name,
			"type", cp_type_name(shown->rrset->type, type));
	if (change->existing.node != NULL) {
		rc |= json_object_set_new(
				json, "existing", cp_plan_record(walk->served, &change->existing));
	}
	if (change->wanted.node != NULL) {
		rc |= json_object_set_new(
				json, "new", cp_plan_record(walk->wanted, &change->wanted));
	}
	if (rc != 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

/* The octets of one side of a change that is not listed. Static answers as they are stored, which is
 * one way for one content; dynamic ones as text. */
static int
digest_side(EVP_MD_CTX *ctx, const struct tbl_view *view, const struct cp_plan_rrset *rrset)
{
	const struct tbl_answer *answer = &view->answers[rrset->rrset->ref];
	json_t *json;
	int rc;

	if ((rrset->rrset->flags & TBL_RRSET_DYNAMIC) == 0) {
		/* With its length: where one side ends and the other begins is part of it. */
		rc = digest_piece((const char *)&answer->wire_len, sizeof(answer->wire_len), ctx);
		return rc | digest_piece((const char *)view->wire + answer->wire_off,
					    answer->wire_len, ctx);
	}
	json = cp_plan_record(view, rrset);
	rc = json != NULL ? json_dump_callback(json, digest_piece, ctx,
					    JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII)
	                  : -1;
	json_decref(json);
	return rc;
}

static int
digest_change(EVP_MD_CTX *ctx, const struct cp_plan_walk *walk, const struct cp_plan_change *change)
{
	bool is_deleted = change->action == CP_PLAN_DELETE;
	const struct tbl_view *view = is_deleted ? walk->served : walk->wanted;
	const struct cp_plan_rrset *shown = is_deleted ? &change->existing : &change->wanted;
	const char head[3] = { (char)change->action, (char)(shown->rrset->type >> 8),
		(char)shown->rrset->type };
	int rc = digest_piece(head, sizeof(head), ctx);

	rc |= digest_piece(
			(const char *)tbl_node_name(view, shown->node), shown->node->name_len, ctx);
	if (change->existing.node != NULL) {
		rc |= digest_side(ctx, walk->served, &change->existing);
	}
	if (change->wanted.node != NULL) {
		rc |= digest_side(ctx, walk->wanted, &change->wanted);
	}
	return rc == 0 ? 0 : -ENOMEM;
}

static json_t *
changes_json(struct job *job, const struct cp_plan_zone *zone)
{
	const struct cp_plan_change *changes = job->walk.changes.items;
	size_t cnt = (size_t)zone->cnt[CP_PLAN_DELETE] + zone->cnt[CP_PLAN_CREATE] +
	             zone->cnt[CP_PLAN_UPDATE];
	size_t max = job->input->changes_max != 0 ? job->input->changes_max : CP_PLAN_CHANGES_MAX;
	json_t *list = json_array();
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < cnt; i++) {
		const struct cp_plan_change *change = &changes[zone->change_first + i];

		if (job->listed_cnt < max) {
			job->listed_cnt++;
			rc = json_array_append_new(list, change_json(&job->walk, change));
		} else {
			job->omitted_cnt++;
			rc = digest_change(job->omitted, &job->walk, change);
		}
	}
	if (rc != 0) {
		json_decref(list);
		return NULL;
	}
	return list;
}

/* Safety */

static void
object(struct job *job, json_t *sentence)
{
	json_array_append_new(job->unsafe, sentence);
}

static void
judge_share(struct job *job, const struct cp_plan_zone *zone, const char *what, uint32_t cnt,
		double threshold)
{
	double share = (double)cnt / zone->existing_cnt;

	if (share > threshold) {
		object(job, json_sprintf("[%s] Too many %s, %.2f%% is over %.2f%% (%u/%u), force "
					 "required",
					    zone->name, what, 100 * share, 100 * threshold, cnt,
					    zone->existing_cnt));
	}
}

/* octoDNS's safety checks, in its order; it stops at the first, which would hide the others. */
static void
judge_zone(struct job *job, const struct cp_plan_zone *zone)
{
	struct cp_plan_thresholds thresholds = { THRESHOLD_DEFAULT, THRESHOLD_DEFAULT };

	if (!zone->is_wanted) {
		object(job, json_sprintf("[%s] would no longer be served, force required",
					    zone->name));
		return;
	}
	if (!zone->is_existing) {
		return;
	}
	if (job->input->thresholds_of != NULL) {
		thresholds = job->input->thresholds_of(job->input->ctx, zone->name);
	}
	if (zone->existing_cnt >= CP_PLAN_EXISTING_MIN) {
		judge_share(job, zone, "updates",
				zone->cnt[CP_PLAN_UPDATE] - zone->has_generated_update,
				thresholds.update_share);
		judge_share(job, zone, "deletes", zone->cnt[CP_PLAN_DELETE],
				thresholds.delete_share);
	}
	if (zone->existing_cnt > 0 && zone->existing_cnt == zone->cnt[CP_PLAN_DELETE] &&
			zone->cnt[CP_PLAN_CREATE] == 0) {
		object(job, json_sprintf("[%s] would lose every record it has (%u), force "
					 "required",
					    zone->name, zone->existing_cnt));
	}
	if (zone->has_root_ns_change) {
		object(job, json_sprintf("[%s] Root NS record change, force required", zone->name));
	}
}

/* Zones */

/* Whether client subnets begin or cease to count; a new zone does not say that they do. */
static bool
has_ecs_change(const struct cp_plan_zone *zone)
{
	bool had_ecs = zone->is_existing ? zone->had_ecs : true;

	return zone->is_wanted && had_ecs != zone->has_ecs;
}

static bool
has_change(const struct cp_plan_zone *zone)
{
	return has_ecs_change(zone) || zone->is_existing != zone->is_wanted ||
	       zone->cnt[CP_PLAN_DELETE] > 0 || zone->cnt[CP_PLAN_CREATE] > 0 ||
	       zone->cnt[CP_PLAN_UPDATE] > 0;
}

static json_t *
zone_json(struct job *job, const struct cp_plan_zone *zone)
{
	json_t *changes = changes_json(job, zone);
	json_t *json;

	if (changes == NULL) {
		return NULL;
	}
	json = json_pack("{s:s, s:b, s:b, s:o, s:I, s:I, s:I, s:I}", "name", zone->name, "exists",
			zone->is_existing, "vanishes", !zone->is_wanted, "changes", changes,
			"deletes", (json_int_t)zone->cnt[CP_PLAN_DELETE], "creates",
			(json_int_t)zone->cnt[CP_PLAN_CREATE], "updates",
			(json_int_t)zone->cnt[CP_PLAN_UPDATE], "existing",
			(json_int_t)zone->existing_cnt);
	if (json != NULL && has_ecs_change(zone) &&
			json_object_set_new(json, "ecs", json_boolean(zone->has_ecs)) != 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

/* octoDNS's order: longer names first, which puts children before their parents. */
static int
compare_zones(const void *left, const void *right, void *ctx)
{
	const struct cp_plan_zone *zones = ctx;
	const struct cp_plan_zone *a = &zones[*(const uint32_t *)left];
	const struct cp_plan_zone *b = &zones[*(const uint32_t *)right];
	size_t a_len = strlen(a->name);
	size_t b_len = strlen(b->name);

	if (a_len != b_len) {
		return a_len > b_len ? -1 : 1;
	}
	return strcmp(a->name, b->name);
}

static int
add_zones(struct job *job)
{
	const struct cp_plan_walk *walk = &job->walk;
	uint32_t *changed = calloc(walk->zone_cnt + 1u, sizeof(*changed));
	json_t *list = json_array();
	size_t cnt = 0;
	int rc = changed != NULL ? 0 : -ENOMEM;

	for (uint32_t i = 0; rc == 0 && i < walk->zone_cnt; i++) {
		if (has_change(&walk->zones[i])) {
			changed[cnt++] = i;
		}
	}
	if (rc == 0) {
		qsort_r(changed, cnt, sizeof(*changed), compare_zones, walk->zones);
	}
	for (size_t i = 0; rc == 0 && i < cnt; i++) {
		const struct cp_plan_zone *zone = &walk->zones[changed[i]];

		judge_zone(job, zone);
		rc = json_array_append_new(list, zone_json(job, zone)) == 0 ? 0 : -ENOMEM;
	}
	free(changed);
	json_object_set_new(job->plan, "zones", list);
	return rc;
}

static int
add_omitted(struct job *job)
{
	json_t *digest;

	if (job->omitted_cnt == 0) {
		return 0;
	}
	digest = hexadecimal(job->omitted);
	return json_object_set_new(job->plan, "omitted",
			       json_pack("{s:I, s:o}", "changes", (json_int_t)job->omitted_cnt,
					       "sha256", digest)) == 0
	                       ? 0
	                       : -ENOMEM;
}

/* The geo database */

struct database {
	const char *description;
	const char *places;
	uint64_t built_unix_s;
};

static struct database
database_of(const struct tbl_view *view)
{
	if (view == NULL) {
		return (struct database){ "", "", 0 };
	}
	return (struct database){ view->strings + view->header->geo_description_str,
		view->strings + view->header->geo_places_str, view->header->geo_built_unix_s };
}

static void
write_date(uint64_t unix_s, char date[DATE_BYTES])
{
	time_t seconds = (time_t)unix_s;
	struct tm utc;

	if (gmtime_r(&seconds, &utc) == NULL || strftime(date, DATE_BYTES, "%F", &utc) == 0) {
		(void)snprintf(date, DATE_BYTES, "no date");
	}
}

static json_t *
database_json(const struct database *database)
{
	char date[DATE_BYTES];

	if (database->description[0] == '\0') {
		return json_null();
	}
	write_date(database->built_unix_s, date);
	return json_pack("{s:s, s:I, s:s}", "description", database->description, "built_unix_s",
			(json_int_t)database->built_unix_s, "built_date", date);
}

static size_t
word_len(const char *text)
{
	return strcspn(text, " ");
}

/* Words of `list` that `other` does not have; both in order, one blank between words. */
static json_t *
words_only_in(const char *list, const char *other)
{
	json_t *words = json_array();

	while (*list != '\0') {
		size_t len = word_len(list);
		size_t other_len = word_len(other);
		int order = *other == '\0' ? -1
		                           : memcmp(list, other, len < other_len ? len : other_len);

		if (order == 0) {
			order = (len > other_len) - (len < other_len);
		}
		if (order < 0) {
			json_array_append_new(words, json_stringn(list, len));
		}
		if (order <= 0) {
			list += len + (list[len] == ' ');
		}
		if (order >= 0) {
			other += other_len + (other[other_len] == ' ');
		}
	}
	return words;
}

static void
add_geo(struct job *job)
{
	struct database existing = database_of(job->input->served);
	struct database wanted = database_of(job->input->wanted);
	bool is_older = wanted.built_unix_s < existing.built_unix_s &&
	                wanted.description[0] != '\0';

	if (existing.built_unix_s == wanted.built_unix_s &&
			strcmp(existing.description, wanted.description) == 0 &&
			strcmp(existing.places, wanted.places) == 0) {
		return;
	}
	json_object_set_new(job->plan, "geo",
			json_pack("{s:o, s:o, s:o, s:o, s:b}", "existing", database_json(&existing),
					"new", database_json(&wanted), "appearing",
					words_only_in(wanted.places, existing.places), "vanishing",
					words_only_in(existing.places, wanted.places), "is_older",
					is_older));
	if (is_older) {
		char wanted_date[DATE_BYTES];
		char existing_date[DATE_BYTES];

		write_date(wanted.built_unix_s, wanted_date);
		write_date(existing.built_unix_s, existing_date);
		object(job, json_sprintf("geo database %s is older (%s) than the one in use (%s), "
					 "force required",
					    wanted.description, wanted_date, existing_date));
	}
}

static int
add_moves(struct job *job)
{
	const struct cp_blast_input input = { .served = job->input->served,
		.wanted = job->input->wanted,
		.geo = job->input->geo,
		.pairs = job->walk.pairs.items,
		.pair_cnt = job->walk.pairs.cnt };
	json_t *moves = NULL;
	int rc = cp_blast(&input, &moves);

	return rc != 0 ? rc : json_object_set_new(job->plan, "moves", moves);
}

int
cp_plan_make(const struct cp_plan_input *input, json_t **ret_plan)
{
	struct job job = { .input = input,
		.walk = { .served = input->served, .wanted = input->wanted } };
	int rc;

	job.plan = json_pack("{s:o}", "served_generation",
			input->served == NULL ? json_null()
					      : json_integer((json_int_t)input->served->header
										->generation));
	job.unsafe = json_array();
	job.omitted = digest_new();
	rc = job.plan != NULL && job.unsafe != NULL && job.omitted != NULL ? 0 : -ENOMEM;
	if (rc == 0) {
		rc = cp_plan_walk(&job.walk);
	}
	if (rc == 0) {
		cp_plan_walk_sort(&job.walk);
		rc = add_zones(&job);
	}
	if (rc == 0) {
		rc = add_omitted(&job);
	}
	if (rc == 0) {
		add_geo(&job);
		rc = add_moves(&job);
	}
	if (rc == 0) {
		json_object_set(job.plan, "unsafe", job.unsafe);
		rc = add_checksum(job.plan);
	}
	cp_plan_walk_done(&job.walk);
	EVP_MD_CTX_free(job.omitted);
	json_decref(job.unsafe);
	if (rc != 0) {
		json_decref(job.plan);
		return rc;
	}
	*ret_plan = job.plan;
	return 0;
}

bool
is_cp_plan_empty(const json_t *plan)
{
	return json_array_size(json_object_get(plan, "zones")) == 0 &&
	       json_array_size(json_object_get(plan, "moves")) == 0 &&
	       json_object_get(plan, "geo") == NULL;
}

void
cp_plan_summary(const json_t *plan, char *text, size_t size)
{
	static const char *const keys[] = { "creates", "updates", "deletes" };
	const json_t *zones = json_object_get(plan, "zones");
	size_t cnt = json_array_size(zones);
	json_int_t sums[3] = { 0 };

	for (size_t i = 0; i < cnt; i++) {
		for (size_t k = 0; k < 3; k++) {
			sums[k] += json_integer_value(
					json_object_get(json_array_get(zones, i), keys[k]));
		}
	}
	(void)snprintf(text, size, "%zu zone%s: Creates=%lld, Updates=%lld, Deletes=%lld%s", cnt,
			cnt == 1 ? "" : "s", (long long)sums[0], (long long)sums[1],
			(long long)sums[2],
			json_object_get(plan, "geo") != NULL ? ", another geo database" : "");
}
