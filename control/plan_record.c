/* What one RRset of a table says: as JSON, and whether two say the same. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/dns.h"

#include "control/dynamic.h"
#include "control/plan_impl.h"
#include "control/present.h"
#include "control/rdata.h"
#include "control/target.h"
#include "control/text.h"

/* An answer is stored as it goes behind a header and a question for its owner (struct tbl_answer). */
#define TTL_AT 6u /* in a record, behind the two-byte pointer to its owner, type and class */

static const struct tbl_answer *
answer_of(const struct tbl_view *view, const struct tbl_rrset *rrset)
{
	bool is_dynamic = (rrset->flags & TBL_RRSET_DYNAMIC) != 0;

	return &view->answers[is_dynamic ? view->dyns[rrset->ref].last_resort : rrset->ref];
}

bool
is_cp_plan_generated(const struct tbl_view *view, const struct tbl_rrset *rrset)
{
	return rrset->type == CP_TYPE_SOA &&
	       (answer_of(view, rrset)->flags & TBL_ANSWER_SERIAL) != 0;
}

/* Records as text */

/* The records of an answer, then those behind it, as cp_present_records() has them. */
static int
decode(const struct tbl_view *view, const struct tbl_node *node, const struct tbl_answer *answer,
		json_t **ret_records, json_t **ret_extra)
{
	size_t off = TBL_MESSAGE_HEADER_BYTES + node->name_len + TBL_QUESTION_TAIL_BYTES;
	size_t len = off + answer->wire_len;
	uint8_t *message = calloc(1, len);

	if (message == NULL) {
		return -ENOMEM;
	}
	memcpy(message + TBL_MESSAGE_HEADER_BYTES, tbl_node_name(view, node), node->name_len);
	memcpy(message + off, view->wire + answer->wire_off, answer->wire_len);
	*ret_records = cp_present_records(message, len, &off, answer->rr_cnt);
	*ret_extra = cp_present_records(message, len, &off, answer->extra_cnt);
	free(message);
	if (*ret_records == NULL || *ret_extra == NULL) {
		json_decref(*ret_records);
		json_decref(*ret_extra);
		return -ENOMEM; /* a checked image's answers are records */
	}
	return 0;
}

/* Sorts an array of strings: what order values are stored in says nothing. NULL when memory ends. */
static json_t *
sort_texts(json_t *list)
{
	size_t cnt = json_array_size(list);
	const char **texts = calloc(cnt + 1, sizeof(*texts));
	json_t *sorted = NULL;

	if (texts == NULL) {
		json_decref(list);
		return NULL;
	}
	sorted = json_array();
	for (size_t i = 0; i < cnt; i++) {
		texts[i] = json_string_value(json_array_get(list, i));
	}
	qsort(texts, cnt, sizeof(*texts), cp_text_compare);
	for (size_t i = 0; i < cnt; i++) {
		json_array_append_new(sorted, json_string(texts[i]));
	}
	free(texts);
	json_decref(list);
	return sorted;
}

static json_t *
values_of(const json_t *records)
{
	json_t *values = json_array();

	for (size_t i = 0; i < json_array_size(records); i++) {
		json_array_append(values, json_object_get(json_array_get(records, i), "rdata"));
	}
	return sort_texts(values);
}

/* "ns1.sub.example.com. 3600 A 192.0.2.1" */
static json_t *
glue_of(const json_t *extra)
{
	json_t *glue = json_array();

	for (size_t i = 0; i < json_array_size(extra); i++) {
		const json_t *record = json_array_get(extra, i);

		json_array_append_new(glue,
				json_sprintf("%s %lld %s %s",
						json_string_value(json_object_get(record, "name")),
						json_integer_value(
								json_object_get(record, "ttl_s")),
						json_string_value(json_object_get(record, "type")),
						json_string_value(
								json_object_get(record, "rdata"))));
	}
	return sort_texts(glue);
}

/* The serial is the third field; where the reader writes the generation there is none to show. */
static json_t *
hide_serial(json_t *values)
{
	const char *text = json_string_value(json_array_get(values, 0));
	const char *mname_end = text != NULL ? strchr(text, ' ') : NULL;
	const char *rname_end = mname_end != NULL ? strchr(mname_end + 1, ' ') : NULL;
	const char *timers = rname_end != NULL ? strchr(rname_end + 1, ' ') : NULL;

	if (timers != NULL) {
		json_array_set_new(values, 0,
				json_sprintf("%.*s (generation)%s", (int)(rname_end - text), text,
						timers));
	}
	return values;
}

/* Dynamic records */

/* "tcp 192.0.2.1:443 every 10 s, timeout 4 s, down after 3, up after 2". */
static json_t *
check_json(const char *key)
{
	struct cp_target target;
	char label[CP_TARGET_KEY_MAX];

	if (cp_target_from_key(key, &target) != 0) {
		return json_string(key);
	}
	cp_target_label(&target, label, sizeof(label));
	return json_sprintf("%s every %.4g s, timeout %.4g s, down after %u, up after %u", label,
			target.interval_ms / 1000.0, target.timeout_ms / 1000.0, target.fall,
			target.rise);
}

static json_t *
pool_json(const struct tbl_view *view, const struct tbl_dyn *dyn, const struct tbl_pool *pool)
{
	json_t *list = json_array();
	json_t *json = json_object();

	for (uint32_t i = 0; i < pool->value_cnt; i++) {
		const struct tbl_value *value = &view->values[pool->value_first + i];
		json_t *entry = json_pack("{s:s, s:i, s:s}", "value",
				view->strings + value->text_str, "weight", (int)value->weight,
				"status", cp_status_name(value->status));

		if (value->target != TBL_NONE) {
			json_object_set_new(entry, "check",
					check_json(view->strings +
							view->targets[value->target].key_str));
		}
		json_array_append_new(list, entry);
	}
	json_object_set_new(json, "values", list);
	if (pool->fallback != TBL_POOL_NONE) {
		const struct tbl_pool *next = &view->pools[dyn->pool_first + pool->fallback];

		json_object_set_new(json, "fallback", json_string(view->strings + next->name_str));
	}
	return json;
}

/* "NA, SA" as a list. */
static json_t *
split(const char *text)
{
	json_t *list = json_array();

	while (*text != '\0') {
		size_t len = strcspn(text, ",");

		json_array_append_new(list, json_stringn(text, len));
		text += len;
		text += strspn(text, ", ");
	}
	return list;
}

static json_t *
rule_json(const struct tbl_view *view, const struct tbl_dyn *dyn, const struct tbl_rule *rule)
{
	const struct tbl_pool *pool = &view->pools[dyn->pool_first + rule->pool];
	json_t *json = json_pack("{s:s}", "pool", view->strings + pool->name_str);

	if (view->strings[rule->geos_str] != '\0') {
		json_object_set_new(json, "geos", split(view->strings + rule->geos_str));
	}
	if (view->strings[rule->subnets_str] != '\0') {
		json_object_set_new(json, "subnets", split(view->strings + rule->subnets_str));
	}
	return json;
}

static void
add_dynamic(json_t *json, const struct tbl_view *view, const struct tbl_dyn *dyn)
{
	const struct tbl_ruleset *ruleset = &view->rulesets[dyn->ruleset];
	json_t *pools = json_object();
	json_t *rules = json_array();

	for (uint32_t i = 0; i < dyn->pool_cnt; i++) {
		const struct tbl_pool *pool = &view->pools[dyn->pool_first + i];

		json_object_set_new(
				pools, view->strings + pool->name_str, pool_json(view, dyn, pool));
	}
	for (uint32_t i = 0; i < ruleset->rule_cnt; i++) {
		json_array_append_new(
				rules, rule_json(view, dyn, &view->rules[ruleset->rule_first + i]));
	}
	json_object_set_new(json, "pools", pools);
	json_object_set_new(json, "rules", rules);
}

json_t *
cp_plan_record(const struct tbl_view *view, const struct cp_plan_rrset *rrset)
{
	json_t *records = NULL;
	json_t *extra = NULL;
	json_t *values;
	json_t *json;

	if (decode(view, rrset->node, answer_of(view, rrset->rrset), &records, &extra) != 0) {
		return NULL;
	}
	values = values_of(records);
	if (is_cp_plan_generated(view, rrset->rrset)) {
		values = hide_serial(values);
	}
	json = json_pack("{s:O, s:o}", "ttl", json_object_get(json_array_get(records, 0), "ttl_s"),
			"values", values);
	if (json_array_size(extra) > 0 && json_object_set_new(json, "glue", glue_of(extra)) != 0) {
		json_decref(json);
		json = NULL;
	}
	if (json != NULL && (rrset->rrset->flags & TBL_RRSET_DYNAMIC) != 0) {
		add_dynamic(json, view, &view->dyns[rrset->rrset->ref]);
	}
	json_decref(records);
	json_decref(extra);
	return json;
}

/* Whether two say the same */

static bool
is_same_bytes(const struct cp_plan_walk *walk, const struct tbl_answer *a,
		const struct tbl_answer *b)
{
	return a->wire_len == b->wire_len && a->rr_cnt == b->rr_cnt && a->flags == b->flags &&
	       memcmp(walk->served->wire + a->wire_off, walk->wanted->wire + b->wire_off,
			       a->wire_len) == 0;
}

/* Two sets of one owner whose octets differ may still be the same records in another order, and then
 * other octets are compressed. A single record has one form. */
static bool
can_be_same(const struct cp_plan_walk *walk, const struct tbl_answer *a, const struct tbl_answer *b)
{
	return a->rr_cnt == b->rr_cnt && a->extra_cnt == b->extra_cnt && a->flags == b->flags &&
	       (a->rr_cnt > 1 || a->extra_cnt > 0) &&
	       memcmp(walk->served->wire + a->wire_off + TTL_AT,
			       walk->wanted->wire + b->wire_off + TTL_AT, 4) == 0;
}

static bool
is_same_text(const struct cp_plan_walk *walk, uint32_t a, uint32_t b)
{
	return strcmp(walk->served->strings + a, walk->wanted->strings + b) == 0;
}

static bool
is_same_value(const struct cp_plan_walk *walk, const struct tbl_value *a, const struct tbl_value *b)
{
	if (a->weight != b->weight || a->status != b->status ||
			(a->target == TBL_NONE) != (b->target == TBL_NONE) ||
			!is_same_text(walk, a->text_str, b->text_str)) {
		return false;
	}
	return a->target == TBL_NONE || is_same_text(walk, walk->served->targets[a->target].key_str,
							walk->wanted->targets[b->target].key_str);
}

/* Pools lie by name, so equal records have equal ordinals. */
static bool
is_same_pool(const struct cp_plan_walk *walk, const struct tbl_pool *a, const struct tbl_pool *b)
{
	if (a->value_cnt != b->value_cnt || a->fallback != b->fallback ||
			!is_same_text(walk, a->name_str, b->name_str)) {
		return false;
	}
	for (uint32_t i = 0; i < a->value_cnt; i++) {
		if (!is_same_value(walk, &walk->served->values[a->value_first + i],
				    &walk->wanted->values[b->value_first + i])) {
			return false;
		}
	}
	return true;
}

static bool
is_same_ruleset(const struct cp_plan_walk *walk, uint32_t a_at, uint32_t b_at)
{
	const struct tbl_ruleset *a = &walk->served->rulesets[a_at];
	const struct tbl_ruleset *b = &walk->wanted->rulesets[b_at];

	if (a->rule_cnt != b->rule_cnt) {
		return false;
	}
	for (uint32_t i = 0; i < a->rule_cnt; i++) {
		const struct tbl_rule *x = &walk->served->rules[a->rule_first + i];
		const struct tbl_rule *y = &walk->wanted->rules[b->rule_first + i];

		if (x->pool != y->pool || !is_same_text(walk, x->geos_str, y->geos_str) ||
				!is_same_text(walk, x->subnets_str, y->subnets_str)) {
			return false;
		}
	}
	return true;
}

static bool
is_same_dynamic(const struct cp_plan_walk *walk, const struct tbl_dyn *a, const struct tbl_dyn *b)
{
	if (a->ttl_s != b->ttl_s || a->pool_cnt != b->pool_cnt) {
		return false;
	}
	for (uint32_t i = 0; i < a->pool_cnt; i++) {
		if (!is_same_pool(walk, &walk->served->pools[a->pool_first + i],
				    &walk->wanted->pools[b->pool_first + i])) {
			return false;
		}
	}
	return is_same_ruleset(walk, a->ruleset, b->ruleset);
}

static int
differ_as_text(const struct cp_plan_walk *walk, const struct cp_plan_rrset *existing,
		const struct cp_plan_rrset *wanted)
{
	json_t *a = cp_plan_record(walk->served, existing);
	json_t *b = cp_plan_record(walk->wanted, wanted);
	int rc = -ENOMEM;

	if (a != NULL && b != NULL) {
		rc = !json_equal(a, b);
	}
	json_decref(a);
	json_decref(b);
	return rc;
}

int
cp_plan_differ(const struct cp_plan_walk *walk, const struct cp_plan_rrset *existing,
		const struct cp_plan_rrset *wanted)
{
	const struct tbl_answer *a = answer_of(walk->served, existing->rrset);
	const struct tbl_answer *b = answer_of(walk->wanted, wanted->rrset);
	bool is_dynamic = (existing->rrset->flags & TBL_RRSET_DYNAMIC) != 0;

	if (is_dynamic != ((wanted->rrset->flags & TBL_RRSET_DYNAMIC) != 0)) {
		return 1;
	}
	if (is_dynamic && !is_same_dynamic(walk, &walk->served->dyns[existing->rrset->ref],
					  &walk->wanted->dyns[wanted->rrset->ref])) {
		return 1;
	}
	if (is_same_bytes(walk, a, b)) {
		return 0;
	}
	return can_be_same(walk, a, b) ? differ_as_text(walk, existing, wanted) : 1;
}
