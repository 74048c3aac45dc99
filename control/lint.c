#include "control/lint.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/lint_impl.h"
#include "control/target.h"

const struct cp_lint_row cp_lint_rows[CP_LINT_CNT] = {
	[CP_LINT_RULE_NEVER_MATCHES] = { "rule-never-matches", CONF_WARNING },
	[CP_LINT_COUNTRY_NOT_IN_DATABASE] = { "country-not-in-database", CONF_NOTICE },
	[CP_LINT_A_AAAA_DIFFER] = { "a-aaaa-differ", CONF_WARNING },
	[CP_LINT_ANSWER_OVER_1232] = { "answer-over-1232", CONF_NOTICE },
	[CP_LINT_POOLS_SHARE_VALUES] = { "pools-share-values", CONF_NOTICE },
	[CP_LINT_DEFAULT_HEALTHCHECK] = { "default-healthcheck", CONF_WARNING },
	[CP_LINT_NEVER_ANSWERED] = { "never-answered", CONF_WARNING },
	[CP_LINT_ACME_CAPTURED] = { "acme-captured", CONF_WARNING },
	[CP_LINT_MISSING_GLUE] = { "missing-glue", CONF_WARNING },
};
_Static_assert(CP_LINT_CNT <= 16, "lints are bits of a uint16_t");

#define OWN_PATH "octodns.meridian.lint"

static void
read_name(const struct cp_reader *reader, const struct conf_node *node, uint16_t *ret_lints)
{
	const char *name = node->kind == CONF_SCALAR ? node->scalar.text : "";

	for (unsigned int i = 0; i < CP_LINT_CNT; i++) {
		if (strcmp(cp_lint_rows[i].name, name) == 0) {
			*ret_lints = (uint16_t)(*ret_lints | 1u << i);
			return;
		}
	}
	conf_error_add(reader->errors, CONF_ERROR, node->file, node->line, node->col,
			"unknown lint \"%s\" in " OWN_PATH, name);
}

/* A list of names, or one name. */
static void
read_names(const struct cp_reader *reader, const struct conf_node *node, uint16_t *ret_lints)
{
	if (node->kind != CONF_SEQUENCE) {
		read_name(reader, node, ret_lints);
		return;
	}
	for (size_t i = 0; i < node->sequence.cnt; i++) {
		read_name(reader, node->sequence.items[i], ret_lints);
	}
}

void
cp_lint_read(const struct cp_reader *reader, const struct conf_node *octodns, bool is_apex,
		uint16_t *ret_ignored, uint16_t *ret_zone_ignored)
{
	const struct conf_node *lint = conf_get(conf_get(octodns, "meridian"), "lint");

	if (lint == NULL) {
		return;
	}
	if (lint->kind != CONF_MAPPING) {
		conf_error_add(reader->errors, CONF_ERROR, lint->file, lint->line, lint->col,
				OWN_PATH " must hold \"ignore\" or \"zone_ignore\"");
		return;
	}
	for (size_t i = 0; i < lint->mapping.cnt; i++) {
		const struct conf_pair *pair = &lint->mapping.pairs[i];
		const char *key = pair->key->scalar.text;

		if (strcmp(key, "ignore") == 0) {
			read_names(reader, pair->value, ret_ignored);
		} else if (strcmp(key, "zone_ignore") != 0) {
			conf_error_add(reader->errors, CONF_ERROR, pair->key->file, pair->key->line,
					pair->key->col, "unknown key \"%s\" in " OWN_PATH, key);
		} else if (is_apex) {
			read_names(reader, pair->value, ret_zone_ignored);
		} else {
			conf_error_add(reader->errors, CONF_ERROR, pair->key->file, pair->key->line,
					pair->key->col,
					"zone_ignore silences a whole zone and stands on a record "
					"of "
					"its apex (\"\")");
		}
	}
}

bool
is_cp_lint_silenced(
		const struct cp_lint_run *run, const struct cp_record *record, enum cp_lint lint)
{
	return ((record->lint_ignored | run->zone->lint_ignored) >> lint & 1u) != 0;
}

void
cp_lint_tell(const struct cp_lint_run *run, const struct cp_record *record, enum cp_lint lint,
		const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int len = 0;

	if (is_cp_lint_silenced(run, record, lint)) {
		return;
	}
	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		return;
	}
	run->errors->lint = cp_lint_rows[lint].name;
	conf_error_add(run->errors, cp_lint_rows[lint].level, record->file, record->line,
			record->col, "%s", text);
	run->errors->lint = NULL;
	free(text);
}

bool
has_cp_checked_value(const struct cp_dynamic *dynamic)
{
	for (uint32_t i = 0; i < dynamic->pool_cnt; i++) {
		for (uint32_t k = 0; k < dynamic->pools[i].value_cnt; k++) {
			if (dynamic->pools[i].values[k].status == TBL_STATUS_OBEY) {
				return true;
			}
		}
	}
	return false;
}

const struct tbl_node *
cp_lint_find(const struct tbl_view *view, const uint8_t *name)
{
	struct tbl_name parsed;
	struct tbl_match match;

	if (tbl_name_parse(name, TBL_NAME_MAX, &parsed) < 0) {
		return NULL;
	}
	tbl_name_hash(&parsed, view->header->hash_seed);
	match = tbl_find(view, &parsed);
	return match.kind == TBL_MATCH_EXACT ? match.node : NULL;
}

static bool
has_zone(const struct tbl_view *view, const struct cp_zone *zone)
{
	const struct tbl_node *node = cp_lint_find(view, zone->apex);

	return node != NULL && tbl_find_rrset(view, node, CP_TYPE_SOA) != NULL;
}

static int
look_at_zone(const struct cp_lint_run *run, const struct cp_lint_places *places)
{
	int rc = 0;

	cp_lint_families(run);
	cp_lint_sizes(run);
	cp_lint_defaults(run);
	cp_lint_acme(run);
	rc = cp_lint_pools(run);
	rc = rc == 0 ? cp_lint_glue(run) : rc;
	if (rc == 0 && places != NULL) {
		rc = cp_lint_rules(run, places);
	}
	return rc;
}

int
cp_lint(const struct cp_zones *zones, const void *image, const struct cp_geo *geo,
		struct conf_errors *errors)
{
	struct tbl_view view;
	struct cp_lint_run run = { .view = &view, .errors = errors, .message = malloc(UINT16_MAX) };
	struct cp_lint_places *places = NULL;
	size_t first = errors->cnt;
	int rc = run.message != NULL ? 0 : -ENOMEM;

	tbl_view_init(&view, image, NULL);
	if (rc == 0 && geo != NULL) {
		rc = cp_lint_places_new(&view, geo, &places);
	}
	for (size_t i = 0; rc == 0 && i < zones->cnt; i++) {
		run.zone = &zones->items[i];
		if (!run.zone->has_errors && has_zone(&view, run.zone)) {
			rc = look_at_zone(&run, places);
		}
	}
	conf_errors_sort(errors, first);
	cp_lint_places_free(places);
	free(run.message);
	return rc;
}

/* What of one record has never answered. */
struct silence {
	uint32_t checked_cnt;
	uint32_t silent_cnt;
	const char *reason; /* of the first one */
	char label[512];
};

static void
look_at_value(const struct cp_dynamic *dynamic, const struct cp_value *value,
		cp_lint_reason_fn reason_of, void *ctx, struct silence *silence)
{
	struct cp_target target;
	char key[CP_TARGET_KEY_MAX];
	const char *reason = NULL;

	cp_target_make(&dynamic->healthcheck, value->probed != NULL ? value->probed : value->text,
			&target);
	if (cp_target_key(&target, key) < 0) {
		return;
	}
	silence->checked_cnt++;
	reason = reason_of(ctx, key);
	if (reason == NULL) {
		return;
	}
	if (silence->silent_cnt++ == 0) {
		silence->reason = reason;
		cp_target_label(&target, silence->label, sizeof(silence->label));
	}
}

static void
look_for_silence(const struct cp_lint_run *run, const struct cp_record *record,
		cp_lint_reason_fn reason_of, void *ctx)
{
	const struct cp_dynamic *dynamic = record->dynamic;
	struct silence silence = { .checked_cnt = 0 };
	char type[CP_TYPE_NAME_MAX];

	for (uint32_t i = 0; i < dynamic->pool_cnt; i++) {
		for (uint32_t k = 0; k < dynamic->pools[i].value_cnt; k++) {
			const struct cp_value *value = &dynamic->pools[i].values[k];

			if (value->status == TBL_STATUS_OBEY) {
				look_at_value(dynamic, value, reason_of, ctx, &silence);
			}
		}
	}
	if (silence.silent_cnt == 0) {
		return;
	}
	cp_lint_tell(run, record, CP_LINT_NEVER_ANSWERED,
			"%u of the %u checked values of \"%s\" %s have never once answered: %s: "
			"%s%s",
			silence.silent_cnt, silence.checked_cnt, record->fqdn,
			cp_type_name(record->type, type), silence.label, silence.reason,
			dynamic->healthcheck.is_explicit
					? ""
					: "; this is octoDNS's default check, which the zone does "
					  "not write: " CP_DEFAULT_CHECK_ADVICE);
}

void
cp_lint_never_answered(const struct cp_zones *zones, cp_lint_reason_fn reason_of, void *ctx,
		struct conf_errors *errors)
{
	struct cp_lint_run run = { .errors = errors };
	size_t first = errors->cnt;

	for (size_t i = 0; i < zones->cnt; i++) {
		run.zone = &zones->items[i];
		for (size_t k = 0; k < run.zone->record_cnt; k++) {
			if (run.zone->records[k].dynamic != NULL) {
				look_for_silence(&run, &run.zone->records[k], reason_of, ctx);
			}
		}
	}
	conf_errors_sort(errors, first);
}
