#include "control/rulesets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/address.h"

/* A dynamic record and the canonical text of its rules. */
struct entry {
	char *text;
	const struct cp_dynamic *dynamic;
	size_t record; /* number among all dynamic records */
};

/* Two records share a rule set when their rules are equal and name equal pool numbers: "0:NA,SA;\n"
 * is rule by rule pool, geos and subnets. */
static char *
rules_text(const struct cp_dynamic *dynamic)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool is_whole = false;

	if (out == NULL) {
		return NULL;
	}
	for (uint32_t i = 0; i < dynamic->rule_cnt; i++) {
		const struct tbl_rule_input *rule = &dynamic->rules[i];

		(void)fprintf(out, "%u:", rule->pool);
		for (uint32_t k = 0; k < rule->geo_cnt; k++) {
			(void)fprintf(out, "%s%s", k > 0 ? "," : "", rule->geos[k]);
		}
		(void)fputc(';', out);
		for (uint32_t k = 0; k < rule->subnet_cnt; k++) {
			char prefix[CP_PREFIX_TEXT_MAX];

			cp_prefix_text(&rule->subnets[k], prefix);
			(void)fprintf(out, "%s%s", k > 0 ? "," : "", prefix);
		}
		(void)fputc('\n', out);
	}
	is_whole = ferror(out) == 0;
	if (fclose(out) != 0 || !is_whole) {
		free(text);
		return NULL;
	}
	return text;
}

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	int order = strcmp(x->text, y->text);

	return order != 0 ? order : (x->record > y->record) - (x->record < y->record);
}

static size_t
count_dynamic(const struct cp_zones *zones)
{
	size_t cnt = 0;

	for (size_t i = 0; i < zones->cnt; i++) {
		for (size_t k = 0; k < zones->items[i].record_cnt; k++) {
			cnt += zones->items[i].records[k].dynamic != NULL;
		}
	}
	return cnt;
}

/* The list of dynamic records while it grows. */
struct list {
	struct entry *entries;
	size_t cnt;
	size_t seen; /* dynamic records passed, refused zones' included */
};

static int
list_zone(struct list *list, const struct cp_zone *zone, bool is_refused)
{
	for (size_t i = 0; i < zone->record_cnt; i++) {
		const struct cp_dynamic *dynamic = zone->records[i].dynamic;
		struct entry *entry = &list->entries[list->cnt];

		if (dynamic == NULL) {
			continue;
		}
		if (!is_refused) {
			*entry = (struct entry){ rules_text(dynamic), dynamic, list->seen };
			if (entry->text == NULL) {
				return -ENOMEM;
			}
			list->cnt++;
		}
		list->seen++;
	}
	return 0;
}

/* number_sets gives equal neighbours of the sorted entries one set. */
static int
number_sets(struct cp_rulesets *rulesets, const struct entry *entries, size_t cnt)
{
	size_t key_len = 0;
	FILE *key = open_memstream(&rulesets->key, &key_len);

	if (key == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < cnt; i++) {
		if (i == 0 || strcmp(entries[i].text, entries[i - 1].text) != 0) {
			rulesets->inputs[rulesets->cnt].rules = entries[i].dynamic->rules;
			rulesets->inputs[rulesets->cnt].rule_cnt = entries[i].dynamic->rule_cnt;
			rulesets->cnt++;
			(void)fprintf(key, "%s\n", entries[i].text);
		}
		rulesets->of_record[entries[i].record] = rulesets->cnt - 1;
	}
	return fclose(key) == 0 ? 0 : -ENOMEM;
}

int
cp_rulesets_collect(const struct cp_zones *zones, const bool *is_refused,
		struct cp_rulesets *ret_rulesets)
{
	struct cp_rulesets rulesets = { 0 };
	size_t record_cnt = count_dynamic(zones);
	struct list list = { .entries = calloc(record_cnt + 1, sizeof(*list.entries)) };
	int rc = 0;

	rulesets.inputs = calloc(record_cnt + 1, sizeof(*rulesets.inputs));
	rulesets.of_record = calloc(record_cnt + 1, sizeof(*rulesets.of_record));
	if (list.entries == NULL || rulesets.inputs == NULL || rulesets.of_record == NULL) {
		rc = -ENOMEM;
	}
	for (size_t i = 0; rc == 0 && i < zones->cnt; i++) {
		rc = list_zone(&list, &zones->items[i], is_refused[i]);
	}
	if (rc == 0) {
		qsort(list.entries, list.cnt, sizeof(*list.entries), compare_entries);
		rc = number_sets(&rulesets, list.entries, list.cnt);
	}
	for (size_t i = 0; i < list.cnt; i++) {
		free(list.entries[i].text);
	}
	free(list.entries);
	if (rc == 0 && rulesets.cnt > TBL_RULESETS_MAX) {
		rc = -E2BIG;
	}
	if (rc != 0) {
		cp_rulesets_free(&rulesets);
		return rc;
	}
	*ret_rulesets = rulesets;
	return 0;
}

void
cp_rulesets_free(struct cp_rulesets *rulesets)
{
	free(rulesets->inputs);
	free(rulesets->of_record);
	free(rulesets->key);
	*rulesets = (struct cp_rulesets){ 0 };
}
