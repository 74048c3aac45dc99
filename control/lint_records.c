/* Lints of single records and names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/dns.h"
#include "table/name.h"
#include "table/reply.h"

#include "control/healthcheck.h"
#include "control/lint_impl.h"

/* A reply in one packet: dnsflagday.net's size, which every path carries, and what is in it beside
 * the answer's own records and the name asked for. */
#define PACKET_BYTES    1232u
#define EMPTY_BYTES     (TBL_MESSAGE_HEADER_BYTES + TBL_QUESTION_TAIL_BYTES + TBL_OPT_BYTES)
#define RECORD_BYTES    (TBL_POINTER_BYTES + TBL_RECORD_FIXED_BYTES) /* before its RDATA */
#define NAMED_POOLS_MAX 3u /* in one sentence; "and 5 more" for the others */

static const uint8_t acme_label[] = { 15, '_', 'a', 'c', 'm', 'e', '-', 'c', 'h', 'a', 'l', 'l',
	'e', 'n', 'g', 'e' };
static const uint8_t wildcard_label[] = { 1, '*' };

static bool
is_same_texts(const char *const *a, uint32_t a_cnt, const char *const *b, uint32_t b_cnt)
{
	if (a_cnt != b_cnt) {
		return false;
	}
	for (uint32_t i = 0; i < a_cnt; i++) {
		if (strcmp(a[i], b[i]) != 0) {
			return false;
		}
	}
	return true;
}

/* Subnets are sorted by the reader, as geos are. */
static bool
is_same_subnets(const struct tbl_rule_input *a, const struct tbl_rule_input *b)
{
	if (a->subnet_cnt != b->subnet_cnt) {
		return false;
	}
	for (uint32_t i = 0; i < a->subnet_cnt; i++) {
		if (a->subnets[i].family != b->subnets[i].family ||
				a->subnets[i].bits != b->subnets[i].bits ||
				memcmp(a->subnets[i].bytes, b->subnets[i].bytes,
						sizeof(a->subnets[i].bytes)) != 0) {
			return false;
		}
	}
	return true;
}

static bool
is_same_rules(const struct cp_dynamic *a, const struct cp_dynamic *b)
{
	if (a->rule_cnt != b->rule_cnt) {
		return false;
	}
	for (uint32_t i = 0; i < a->rule_cnt; i++) {
		const struct tbl_rule_input *x = &a->rules[i];
		const struct tbl_rule_input *y = &b->rules[i];

		if (strcmp(a->pools[x->pool].name, b->pools[y->pool].name) != 0 ||
				!is_same_texts(x->geos, x->geo_cnt, y->geos, y->geo_cnt) ||
				!is_same_subnets(x, y)) {
			return false;
		}
	}
	return true;
}

static bool
is_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
is_same_check(const struct cp_dynamic *a, const struct cp_dynamic *b)
{
	const struct cp_healthcheck *x = &a->healthcheck;
	const struct cp_healthcheck *y = &b->healthcheck;

	return x->protocol == y->protocol && x->port == y->port && is_same_text(x->host, y->host) &&
	       is_same_text(x->path, y->path) && x->interval_ms == y->interval_ms &&
	       x->timeout_ms == y->timeout_ms && x->fall == y->fall && x->rise == y->rise;
}

static void
compare_families(const struct cp_lint_run *run, const struct cp_record *a,
		const struct cp_record *aaaa)
{
	bool is_a_checked = false;
	bool is_aaaa_checked = false;

	/* Both records have a say. */
	if (is_cp_lint_silenced(run, a, CP_LINT_A_AAAA_DIFFER) ||
			(a->dynamic == NULL && aaaa->dynamic == NULL)) {
		return;
	}
	if (a->dynamic == NULL || aaaa->dynamic == NULL) {
		cp_lint_tell(run, aaaa, CP_LINT_A_AAAA_DIFFER,
				"%s of \"%s\" is dynamic and %s is not: a client may be sent to "
				"another place over IPv6 than over IPv4",
				a->dynamic != NULL ? "A" : "AAAA", a->fqdn,
				a->dynamic != NULL ? "AAAA" : "A");
		return;
	}
	if (!is_same_rules(a->dynamic, aaaa->dynamic)) {
		cp_lint_tell(run, aaaa, CP_LINT_A_AAAA_DIFFER,
				"A (line %u) and AAAA of \"%s\" have different rules: a client may "
				"be sent to another place over IPv6 than over IPv4",
				a->line, a->fqdn);
	}
	is_a_checked = has_cp_checked_value(a->dynamic);
	is_aaaa_checked = has_cp_checked_value(aaaa->dynamic);
	if (is_a_checked != is_aaaa_checked) {
		cp_lint_tell(run, aaaa, CP_LINT_A_AAAA_DIFFER,
				"values of %s of \"%s\" are checked and those of %s are not",
				is_a_checked ? "A" : "AAAA", a->fqdn, is_a_checked ? "AAAA" : "A");
	} else if (is_a_checked && !is_same_check(a->dynamic, aaaa->dynamic)) {
		cp_lint_tell(run, aaaa, CP_LINT_A_AAAA_DIFFER,
				"A (line %u) and AAAA of \"%s\" have different health checks",
				a->line, a->fqdn);
	}
}

/* Records of one name follow each other by type, so that A comes shortly before AAAA. */
void
cp_lint_families(const struct cp_lint_run *run)
{
	const struct cp_record *a = NULL;

	for (size_t i = 0; i < run->zone->record_cnt; i++) {
		const struct cp_record *record = &run->zone->records[i];

		if (record->type == CP_TYPE_A) {
			a = record;
		} else if (record->type == CP_TYPE_AAAA && a != NULL &&
				strcmp(a->fqdn, record->fqdn) == 0) {
			compare_families(run, a, record);
		}
	}
}

/* Uncompressed, so never less than the answer itself. */
static size_t
size_bound(const struct cp_record *record, size_t owner_len)
{
	size_t size = EMPTY_BYTES + owner_len;

	for (uint32_t i = 0; i < record->value_cnt; i++) {
		size += RECORD_BYTES + record->values[i].size;
	}
	return size;
}

/* answer_size: as the data plane would send it, from the table. 0: it does not answer so. */
static size_t
answer_size(const struct cp_lint_run *run, const struct cp_record *record)
{
	static const struct tbl_addr anywhere = { .family = 4 };
	static const struct tbl_asker anybody = { .source = &anywhere };
	struct tbl_name name;
	struct tbl_reply reply;
	struct tbl_counts counts;
	size_t len = 0;
	int written = 0;

	if (tbl_name_parse(record->owner, sizeof(record->owner), &name) < 0) {
		return 0;
	}
	tbl_name_hash(&name, run->view->header->hash_seed);
	tbl_resolve(run->view, &name, record->type, &anybody, 0, &reply);
	reply.has_additional = false; /* left out where it does not fit, and nothing lost */
	len = TBL_MESSAGE_HEADER_BYTES + name.len + TBL_QUESTION_TAIL_BYTES;
	memset(run->message, 0, len);
	memcpy(run->message + TBL_MESSAGE_HEADER_BYTES, name.wire, name.len);
	written = tbl_reply_write(run->view, &reply, name.len, run->message, len,
			UINT16_MAX - TBL_OPT_BYTES, &counts);
	return written > 0 ? (size_t)written + TBL_OPT_BYTES : 0;
}

/* The worst answer of a dynamic record is its `values`, whole: a pool gives one value. Addresses hold
 * no names, so that the bound is the size. */
void
cp_lint_sizes(const struct cp_lint_run *run)
{
	for (size_t i = 0; i < run->zone->record_cnt; i++) {
		const struct cp_record *record = &run->zone->records[i];
		uint8_t lower[TBL_NAME_MAX];
		size_t size = size_bound(record, tbl_name_lower(record->owner, lower));
		char type[CP_TYPE_NAME_MAX];

		if (size > PACKET_BYTES && record->dynamic == NULL) {
			size = answer_size(run, record);
		}
		if (size > PACKET_BYTES) {
			cp_lint_tell(run, record, CP_LINT_ANSWER_OVER_1232,
					"the answer to \"%s\" %s has %zu bytes%s; over %u, "
					"resolvers "
					"are told to ask again over TCP",
					record->fqdn, cp_type_name(record->type, type), size,
					record->dynamic != NULL ? " when all pools are down" : "",
					PACKET_BYTES);
		}
	}
}

/* Values of a pool are sorted by the reader. */
static int
compare_pools(const void *a, const void *b)
{
	const struct cp_pool *x = *(const struct cp_pool *const *)a;
	const struct cp_pool *y = *(const struct cp_pool *const *)b;
	int order = (x->value_cnt > y->value_cnt) - (x->value_cnt < y->value_cnt);

	for (uint32_t i = 0; order == 0 && i < x->value_cnt; i++) {
		order = strcmp(x->values[i].text, y->values[i].text);
		order = order == 0 ? (int)x->values[i].weight - (int)y->values[i].weight : order;
		order = order == 0 ? (int)x->values[i].status - (int)y->values[i].status : order;
	}
	return order;
}

static int
compare_pools_then_names(const void *a, const void *b)
{
	const struct cp_pool *x = *(const struct cp_pool *const *)a;
	const struct cp_pool *y = *(const struct cp_pool *const *)b;
	int order = compare_pools(a, b);

	return order != 0 ? order : strcmp(x->name, y->name);
}

/* tell_equal_pools: pools[0..cnt) have the same values. */
static void
tell_equal_pools(const struct cp_lint_run *run, const struct cp_record *record,
		const struct cp_pool *const *pools, size_t cnt)
{
	char names[512] = "";
	size_t len = 0;

	for (size_t i = 0; i < cnt && i < NAMED_POOLS_MAX && len < sizeof(names); i++) {
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s\"%s\"",
				i == 0         ? ""
				: i + 1 == cnt ? " and "
					       : ", ",
				pools[i]->name);
	}
	if (cnt > NAMED_POOLS_MAX && len < sizeof(names)) {
		(void)snprintf(names + len, sizeof(names) - len, " and %zu more",
				cnt - NAMED_POOLS_MAX);
	}
	cp_lint_tell(run, record, CP_LINT_POOLS_SHARE_VALUES,
			"pools %s of \"%s\" have the same values, weights and status: what a rule "
			"or "
			"a fallback chooses between them changes no answer",
			names, record->fqdn);
}

static int
look_at_pools(const struct cp_lint_run *run, const struct cp_record *record)
{
	const struct cp_dynamic *dynamic = record->dynamic;
	const struct cp_pool **pools = calloc(dynamic->pool_cnt, sizeof(const struct cp_pool *));
	size_t first = 0;

	if (pools == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < dynamic->pool_cnt; i++) {
		pools[i] = &dynamic->pools[i];
	}
	qsort(pools, dynamic->pool_cnt, sizeof(const struct cp_pool *), compare_pools_then_names);
	for (size_t i = 1; i <= dynamic->pool_cnt; i++) {
		if (i < dynamic->pool_cnt && compare_pools(&pools[first], &pools[i]) == 0) {
			continue;
		}
		if (i - first > 1) {
			tell_equal_pools(run, record, &pools[first], i - first);
		}
		first = i;
	}
	free(pools);
	return 0;
}

int
cp_lint_pools(const struct cp_lint_run *run)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < run->zone->record_cnt; i++) {
		if (run->zone->records[i].dynamic != NULL) {
			rc = look_at_pools(run, &run->zone->records[i]);
		}
	}
	return rc;
}

/* Told once a zone: zones that rely on the default check do so in all of their records. */
void
cp_lint_defaults(const struct cp_lint_run *run)
{
	const struct cp_record *first = NULL;
	size_t cnt = 0;
	char others[64] = "";

	for (size_t i = 0; i < run->zone->record_cnt; i++) {
		const struct cp_record *record = &run->zone->records[i];

		if (record->dynamic == NULL || record->dynamic->healthcheck.is_explicit ||
				!has_cp_checked_value(record->dynamic) ||
				is_cp_lint_silenced(run, record, CP_LINT_DEFAULT_HEALTHCHECK)) {
			continue;
		}
		first = first != NULL ? first : record;
		cnt++;
	}
	if (first == NULL) {
		return;
	}
	if (cnt > 1) {
		(void)snprintf(others, sizeof(others), " and of %zu more record%s of the zone",
				cnt - 1, cnt == 2 ? "" : "s");
	}
	cp_lint_tell(run, first, CP_LINT_DEFAULT_HEALTHCHECK,
			"values of \"%s\"%s are under octoDNS's default health check, "
			"https://%s:443/_dns, because none is written: what does not answer it is "
			"taken out; if that is not meant, " CP_DEFAULT_CHECK_ADVICE,
			first->fqdn, others,
			first->dynamic->healthcheck.host != NULL ? first->dynamic->healthcheck.host
								 : "<value>");
}

/* look_at_wildcard: `*.x` with a CNAME answers for _acme-challenge.x too, unless that exists. */
static void
look_at_wildcard(const struct cp_lint_run *run, const struct cp_record *wildcard)
{
	uint8_t name[TBL_NAME_MAX];
	uint8_t parent_len = tbl_name_lower(wildcard->owner + sizeof(wildcard_label), name);
	char text[TBL_NAME_TEXT_MAX];

	if (parent_len > TBL_NAME_MAX - sizeof(acme_label)) {
		return; /* no such name can be */
	}
	memmove(name + sizeof(acme_label), name, parent_len);
	memcpy(name, acme_label, sizeof(acme_label));
	if (cp_lint_find(run->view, name) != NULL) {
		return;
	}
	(void)tbl_name_to_text(name, text);
	cp_lint_tell(run, wildcard, CP_LINT_ACME_CAPTURED,
			"\"%s\" is answered by this wildcard's CNAME, which ACME clients follow: "
			"DNS-01 "
			"for that name would be proved at \"%s\"; a TXT record with the value '' "
			"at it "
			"keeps the wildcard off",
			text, wildcard->texts[0]);
}

void
cp_lint_acme(const struct cp_lint_run *run)
{
	for (size_t i = 0; i < run->zone->record_cnt; i++) {
		const struct cp_record *record = &run->zone->records[i];

		if (record->type == CP_TYPE_CNAME && memcmp(record->owner, wildcard_label,
								     sizeof(wildcard_label)) == 0) {
			look_at_wildcard(run, record);
		}
	}
}
