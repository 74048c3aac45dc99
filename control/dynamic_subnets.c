/*
 * Which subnets of a record's rules lie in which others.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/address.h"
#include "control/dynamic_impl.h"
#include "control/scalar.h"

/* A prefix of IPv6 lies in 128 shorter ones at most, and in itself. */
#define HOLDERS_MAX 129u

int
cp_prefix_compare(const void *a, const void *b)
{
	const struct tbl_prefix *x = a;
	const struct tbl_prefix *y = b;
	int order = (int)x->family - (int)y->family;

	if (order == 0) {
		order = memcmp(x->bytes, y->bytes, sizeof(x->bytes));
	}
	return order != 0 ? order : (int)x->bits - (int)y->bits;
}

static int
compare_drafts(const void *a, const void *b)
{
	const struct cp_subnet_draft *x = a;
	const struct cp_subnet_draft *y = b;

	return cp_prefix_compare(&x->prefix, &y->prefix);
}

static int
compare_orders(const void *a, const void *b)
{
	const struct cp_subnet_draft *const *x = a;
	const struct cp_subnet_draft *const *y = b;

	return ((*x)->order > (*y)->order) - ((*x)->order < (*y)->order);
}

static bool
is_prefix_within(const struct tbl_prefix *inner, const struct tbl_prefix *outer)
{
	unsigned int whole = outer->bits / 8;
	unsigned int rest = outer->bits % 8;

	if (inner->family != outer->family || inner->bits < outer->bits ||
			memcmp(inner->bytes, outer->bytes, whole) != 0) {
		return false;
	}
	return rest == 0 || ((inner->bytes[whole] ^ outer->bytes[whole]) >> (8 - rest)) == 0;
}

/* read_all: what is no subnet is told when its rule is judged. */
static int
read_all(struct conf_arena *arena, const struct conf_node *rules, size_t max,
		struct cp_subnets_draft *subnets)
{
	for (size_t i = 0; i < rules->sequence.cnt; i++) {
		const struct conf_node *list = conf_get(rules->sequence.items[i], "subnets");
		size_t cnt = list != NULL && list->kind == CONF_SEQUENCE ? list->sequence.cnt : 0;

		for (size_t k = 0; k < cnt && subnets->cnt < max; k++) {
			const char *text = cp_scalar_text(arena, list->sequence.items[k]);

			if (text == NULL) {
				return -ENOMEM;
			}
			subnets->cnt += cp_prefix_parse(text,
							&subnets->items[subnets->cnt].prefix) == 0;
		}
	}
	return 0;
}

/* link_outer: sorted, a prefix stands behind all that hold it, and nothing stands between that lies in
 * none of them: who holds it is the one before it, or one of those that hold that. */
static void
link_outer(struct cp_subnets_draft *subnets)
{
	struct cp_subnet_draft *items = subnets->items;
	size_t kept = 0;

	for (size_t i = 0; i < subnets->cnt; i++) {
		int32_t outer = (int32_t)kept - 1;

		if (kept > 0 && compare_drafts(&items[i], &items[kept - 1]) == 0) {
			continue;
		}
		while (outer >= 0 && !is_prefix_within(&items[i].prefix, &items[outer].prefix)) {
			outer = items[outer].outer;
		}
		items[kept] = items[i];
		items[kept++].outer = outer;
	}
	subnets->cnt = kept;
}

int
cp_subnets_collect(struct conf_arena *arena, const struct conf_node *rules, size_t max,
		struct cp_subnets_draft *ret_subnets)
{
	struct cp_subnets_draft subnets = { 0 };
	int rc = 0;

	subnets.items = conf_arena_alloc(arena, max, sizeof(*subnets.items));
	rc = subnets.items != NULL ? read_all(arena, rules, max, &subnets) : -ENOMEM;
	if (rc != 0) {
		return rc;
	}
	if (subnets.cnt > 0) {
		qsort(subnets.items, subnets.cnt, sizeof(*subnets.items), compare_drafts);
		link_outer(&subnets);
	}
	*ret_subnets = subnets;
	return 0;
}

static void
tell_holder(struct cp_reasons *reasons, size_t rule, const struct cp_subnet_draft *subnet,
		const struct cp_subnet_draft *holder)
{
	char text[CP_PREFIX_TEXT_MAX];
	char holder_text[CP_PREFIX_TEXT_MAX];

	cp_prefix_text(&subnet->prefix, text);
	if (holder == subnet) {
		cp_reason_add(reasons, CP_LENIENT,
				"rule %zu targets subnet %s which has previously been seen in rule "
				"%zu",
				rule, text, holder->rule);
		return;
	}
	cp_prefix_text(&holder->prefix, holder_text);
	cp_reason_add(reasons, CP_LENIENT,
			"rule %zu targets subnet %s which is more specific than the previously "
			"seen %s in rule %zu",
			rule, text, holder_text, holder->rule);
}

void
cp_subnets_target(struct cp_subnets_draft *subnets, struct cp_reasons *reasons, size_t rule,
		const struct tbl_prefix *prefix)
{
	const struct cp_subnet_draft key = { .prefix = *prefix };
	struct cp_subnet_draft *subnet = bsearch(&key, subnets->items, subnets->cnt,
			sizeof(*subnets->items), compare_drafts);
	const struct cp_subnet_draft *holders[HOLDERS_MAX];
	size_t cnt = 0;

	if (subnet == NULL) {
		return;
	}
	for (const struct cp_subnet_draft *at = subnet; at != NULL;
			at = at->outer >= 0 ? &subnets->items[at->outer] : NULL) {
		if (at->order > 0 && cnt < HOLDERS_MAX) {
			holders[cnt++] = at;
		}
	}
	/* octoDNS goes through those before in the order they came. */
	qsort(holders, cnt, sizeof(const struct cp_subnet_draft *), compare_orders);
	for (size_t i = 0; i < cnt; i++) {
		tell_holder(reasons, rule, subnet, holders[i]);
	}
	if (subnet->order == 0) {
		subnet->order = ++subnets->target_cnt;
	}
	subnet->rule = rule;
}
