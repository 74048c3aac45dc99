/* How far an answer holds: the largest prefix around the client in which everybody gets the same
 * pool, and what lies just outside it. */

#include "control/address.h"
#include "control/explain_impl.h"
#include "control/leaves.h"

/* What scopes are made of: the rule's own pool, whatever it falls back to today. */
static uint32_t
pool_of_rule(const struct tbl_view *view, const struct tbl_dyn *dyn, uint32_t rule)
{
	const struct tbl_ruleset *ruleset = &view->rulesets[dyn->ruleset];

	return rule < ruleset->rule_cnt ? view->rules[ruleset->rule_first + rule].pool
	                                : TBL_POOL_NONE;
}

static const char *
pool_name(const struct tbl_view *view, const struct tbl_dyn *dyn, uint32_t pool)
{
	return view->strings + view->pools[dyn->pool_first + pool].name_str;
}

/* "pool america (rule 2)" */
static void
describe_rule(const struct tbl_view *view, const struct tbl_dyn *dyn, uint32_t rule, char text[200])
{
	uint32_t pool = pool_of_rule(view, dyn, rule);

	if (pool == TBL_POOL_NONE) {
		(void)snprintf(text, 200, "the record's own values (no rule)");
	} else {
		(void)snprintf(text, 200, "pool %.150s (rule %u)", pool_name(view, dyn, pool),
				rule + 1);
	}
}

/* The other half of the prefix one bit shorter: the scope ends because somebody there differs. */
static struct tbl_addr
neighbour_of(const struct tbl_prefix *scope)
{
	struct tbl_addr addr = cp_prefix_first(scope);
	unsigned int last = scope->bits - 1u;

	addr.bytes[last / 8] ^= (uint8_t)(0x80u >> (last % 8));
	return addr;
}

/* The first leaf of `within` whose clients get another pool than `pool`. */
static bool
has_other_leaf(const struct tbl_view *view, const struct tbl_dyn *dyn, uint32_t pool,
		const struct tbl_prefix *within, struct cp_leaf_walk *walk)
{
	struct tbl_addr first = cp_prefix_first(within);

	cp_leaf_walk_at(walk, view, &first);
	do {
		if (pool_of_rule(view, dyn, tbl_choose(view, dyn, walk->leaf).rule) != pool) {
			return true;
		}
	} while (has_cp_leaf_walk_next(walk) && is_cp_prefix_inside(&walk->prefix, within));
	return false;
}

static json_t *
why_so_long(const struct tbl_view *view, const struct tbl_dyn *dyn, uint32_t rule,
		const struct tbl_prefix *scope)
{
	struct tbl_addr beyond = neighbour_of(scope);
	struct tbl_prefix neighbour = cp_prefix_around(&beyond, scope->bits);
	struct cp_leaf_walk walk;
	char own[200];
	char other[200];
	char scope_text[CP_PREFIX_TEXT_MAX];
	char neighbour_text[CP_PREFIX_TEXT_MAX];
	char leaf_text[CP_PREFIX_TEXT_MAX];
	bool has_other =
			has_other_leaf(view, dyn, pool_of_rule(view, dyn, rule), &neighbour, &walk);

	describe_rule(view, dyn, rule, own);
	cp_prefix_text(scope, scope_text);
	cp_prefix_text(&neighbour, neighbour_text);
	if (!has_other) {
		return cp_explain_text("all of %s gets %s", scope_text, own);
	}
	describe_rule(view, dyn, tbl_choose(view, dyn, walk.leaf).rule, other);
	cp_prefix_text(&walk.prefix, leaf_text);
	if (walk.prefix.bits <= neighbour.bits) {
		return cp_explain_text("all of %s gets %s, its neighbour %s gets %s", scope_text,
				own, neighbour_text, other);
	}
	return cp_explain_text("all of %s gets %s, but of its neighbour %s the part %s gets %s",
			scope_text, own, neighbour_text, leaf_text, other);
}

json_t *
cp_explain_scope(const struct tbl_view *view, const struct cp_explain_client *client,
		const struct tbl_dyn *dyn, const struct tbl_choice *choice)
{
	struct tbl_prefix scope = cp_prefix_around(&client->addr, choice->scope_bits);
	char text[CP_PREFIX_TEXT_MAX];

	cp_prefix_text(&scope, text);
	return json_pack("{s:i, s:s, s:o}", "scope_bits", (int)choice->scope_bits, "scope_prefix",
			text, "because",
			choice->scope_bits == 0
					? cp_explain_text("every IPv%u client gets the same pool",
							  client->addr.family)
					: why_so_long(view, dyn, choice->rule, &scope));
}
