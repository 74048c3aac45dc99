/*
 * The location compiler against its definition: a linear scan over prefixes and rules, for cases
 * by hand and for thousands of small random databases, crowded so that prefixes nest and adjoin.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/location.h"
#include "table/location_impl.h"
#include "table/view.h"

#include "tests/unit/test.h"

/* ---- addresses ---- */

static uint32_t
width_of(uint8_t family)
{
	return family == 4 ? 32 : 128;
}

static struct tbl_prefix
parse_prefix(const char *text)
{
	struct tbl_prefix prefix = { .family = strchr(text, ':') != NULL ? 6 : 4 };
	char address[64];
	const char *slash = strchr(text, '/');

	assert_non_null(slash);
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	prefix.bits = (uint8_t)strtoul(slash + 1, NULL, 10);
	assert_int_equal(1,
			inet_pton(prefix.family == 4 ? AF_INET : AF_INET6, address, prefix.bytes));
	return prefix;
}

static struct tbl_addr
parse_addr(const char *text)
{
	struct tbl_addr addr = { .family = strchr(text, ':') != NULL ? 6 : 4 };

	assert_int_equal(1, inet_pton(addr.family == 4 ? AF_INET : AF_INET6, text, addr.bytes));
	return addr;
}

static bool
is_inside(const struct tbl_prefix *prefix, const uint8_t bytes[16])
{
	uint32_t whole = prefix->bits / 8;
	uint32_t rest = prefix->bits % 8;

	return memcmp(prefix->bytes, bytes, whole) == 0 &&
	       (rest == 0 || (prefix->bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0);
}

static void
clear_host_bits(struct tbl_prefix *prefix)
{
	for (uint32_t i = prefix->bits; i < 128; i++) {
		prefix->bytes[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	}
}

/* Adds one at bit `bits` - 1 (modulo the whole space): from a prefix to its right neighbour. */
static void
step(uint8_t bytes[16], uint32_t bits)
{
	for (uint32_t i = bits; i-- > 0;) {
		bytes[i / 8] ^= (uint8_t)(0x80u >> i % 8);
		if ((bytes[i / 8] & (0x80u >> i % 8)) != 0) {
			return;
		}
	}
}

/* ---- a world: database, rules, and what they compile to ---- */

#define PREFIXES_MAX 64u
#define RULESETS_MAX 5u
#define RULES_MAX    5u
#define GEOS_MAX     3u
#define SUBNETS_MAX  4u

static const char *const place_codes[] = { "NA-US-CA", "NA-US-NY", "NA-US", "NA-CA-ON", "NA-MX",
	"EU-DE", "EU-FR", "AS-TR", "SA-BR", "AS", "EU" };
static const char *const rule_codes[] = { "NA", "NA-US", "NA-US-CA", "NA-US-NY", "NA-CA",
	"NA-CA-ON", "EU", "EU-DE", "AS", "AS-TR", "SA" };
#define PLACE_CNT (sizeof(place_codes) / sizeof(place_codes[0]))
#define CODE_CNT  (sizeof(rule_codes) / sizeof(rule_codes[0]))

struct world {
	struct tbl_geo_prefix prefixes[PREFIXES_MAX];
	struct tbl_geo geo;
	struct tbl_rule_input rules[RULESETS_MAX][RULES_MAX];
	const char *geos[RULESETS_MAX][RULES_MAX][GEOS_MAX];
	struct tbl_prefix subnets[RULESETS_MAX][RULES_MAX][SUBNETS_MAX];
	struct tbl_ruleset_input rulesets[RULESETS_MAX];
	uint32_t ruleset_cnt;
	struct tbl_location *location;
	struct tbl_view view;
	struct tbl_set sets[1];
	uint32_t slots[RULES_MAX + 1];
};

static void
build_world(struct world *w)
{
	struct tbl_error error = { .text = "" };
	int err = tbl_location_build(w->rulesets, w->ruleset_cnt, &w->geo, &w->location, &error);

	if (err != 0) {
		fail_msg("%d: %s", err, error.text);
	}
	/* The view a table holding this location would give; only what look-ups by address read. */
	w->view = (struct tbl_view){
		.loc4_root = w->location->loc4_root,
		.loc4_nodes = w->location->loc4_nodes,
		.loc6_root = w->location->loc6_root,
		.loc6_nodes = w->location->loc6_nodes,
		.leaves = w->location->leaves,
		.rulesets = w->location->rulesets,
		.class_rule = w->location->class_rule,
		.scopes = w->location->scopes,
		.slots = w->slots,
		.sets = w->sets,
	};
}

static struct tbl_choice
choose(const struct world *w, uint32_t ruleset, uint32_t leaf)
{
	struct tbl_dyn dyn = { .ruleset = ruleset };

	return tbl_choose(&w->view, &dyn, leaf);
}

/* ---- the definition ---- */

/* Length of the longest subnet of the rule around the address, or -1. */
static int
match_subnets(const struct tbl_rule_input *rule, const struct tbl_addr *addr)
{
	int best = -1;

	for (uint32_t i = 0; i < rule->subnet_cnt; i++) {
		if (rule->subnets[i].family == addr->family && rule->subnets[i].bits > best &&
				is_inside(&rule->subnets[i], addr->bytes)) {
			best = rule->subnets[i].bits;
		}
	}
	return best;
}

/* Length of the rule's longest code that the place lies in; 0 for a catch-all; else -1. */
static int
match_geos(const struct tbl_rule_input *rule, const char *place)
{
	int best = rule->geo_cnt == 0 && rule->subnet_cnt == 0 ? 0 : -1;

	for (uint32_t i = 0; place != NULL && i < rule->geo_cnt; i++) {
		size_t len = strlen(rule->geos[i]);

		if (strncmp(place, rule->geos[i], len) == 0 &&
				(place[len] == '\0' || place[len] == '-') && (int)len > best) {
			best = (int)len;
		}
	}
	return best;
}

static const char *
place_of(const struct world *w, const struct tbl_addr *addr)
{
	int best = -1;
	const char *place = NULL;

	for (size_t i = 0; i < w->geo.prefix_cnt; i++) {
		const struct tbl_prefix *prefix = &w->prefixes[i].prefix;

		if (prefix->family == addr->family && prefix->bits > best &&
				is_inside(prefix, addr->bytes)) {
			best = prefix->bits;
			place = w->geo.places[w->prefixes[i].place];
		}
	}
	return place;
}

static uint32_t
rule_by_definition(const struct world *w, uint32_t ruleset, const struct tbl_addr *addr)
{
	const struct tbl_ruleset_input *set = &w->rulesets[ruleset];
	const char *place = place_of(w, addr);
	uint32_t chosen = set->rule_cnt;
	int best = -1;

	for (uint32_t i = 0; i < set->rule_cnt; i++) {
		int bits = match_subnets(&set->rules[i], addr);

		if (bits > best) {
			best = bits;
			chosen = i;
		}
	}
	if (chosen != set->rule_cnt) {
		return chosen;
	}
	for (uint32_t i = 0; i < set->rule_cnt; i++) {
		int len = match_geos(&set->rules[i], place);

		if (len > best) {
			best = len;
			chosen = i;
		}
	}
	return chosen;
}

/* ---- random worlds ---- */

static uint64_t random_state;

/* splitmix64: the same worlds in every run. */
static uint32_t
draw(uint32_t below)
{
	uint64_t z = (random_state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (uint32_t)((z ^ (z >> 31)) % below);
}

/* A prefix in a crowd: few different bits, few different lengths, around every depth at which the
 * index changes its form. */
static struct tbl_prefix
draw_prefix(void)
{
	static const uint8_t lengths4[] = { 0, 1, 7, 8, 15, 16, 17, 20, 23, 24, 25, 28, 31, 32 };
	static const uint8_t lengths6[] = { 0, 3, 16, 17, 29, 31, 32, 33, 48, 56, 63, 64, 65, 96,
		97, 127, 128 };
	struct tbl_prefix prefix = { .family = draw(2) == 0 ? 4 : 6 };

	prefix.bits = prefix.family == 4 ? lengths4[draw(sizeof(lengths4))]
	                                 : lengths6[draw(sizeof(lengths6))];
	prefix.bytes[0] = draw(4) == 0 ? 0xff : 0x0a;
	for (uint32_t i = 0; i < 3; i++) {
		/* At the end of the prefix, so that siblings and neighbours are common. */
		uint32_t bit = prefix.bits > i ? prefix.bits - 1u - i : 0;

		prefix.bytes[bit / 8] ^= (uint8_t)(draw(2) << (7 - bit % 8));
	}
	if (draw(4) == 0) {
		prefix.bytes[draw(width_of(prefix.family) / 8)] = (uint8_t)draw(256);
	}
	clear_host_bits(&prefix);
	return prefix;
}

static bool
has_prefix(const struct world *w, const struct tbl_prefix *prefix)
{
	for (size_t i = 0; i < w->geo.prefix_cnt; i++) {
		if (memcmp(&w->prefixes[i].prefix, prefix, sizeof(*prefix)) == 0) {
			return true;
		}
	}
	return false;
}

static void
draw_rule(struct world *w, uint32_t ruleset, uint32_t number)
{
	struct tbl_rule_input *rule = &w->rules[ruleset][number];

	rule->pool = (uint16_t)draw(3);
	rule->geos = w->geos[ruleset][number];
	rule->geo_cnt = draw(GEOS_MAX + 1);
	for (uint32_t i = 0; i < rule->geo_cnt; i++) {
		w->geos[ruleset][number][i] = rule_codes[draw(CODE_CNT)];
	}
	rule->subnets = w->subnets[ruleset][number];
	rule->subnet_cnt = draw(2) == 0 ? 0 : draw(SUBNETS_MAX + 1);
	for (uint32_t i = 0; i < rule->subnet_cnt; i++) {
		w->subnets[ruleset][number][i] = draw_prefix();
	}
}

static void
draw_world(struct world *w)
{
	uint32_t prefix_cnt = draw(PREFIXES_MAX + 1);
	uint32_t rules_below = 1 + draw(RULES_MAX + 1);

	memset(w, 0, sizeof(*w));
	w->geo.prefixes = w->prefixes;
	w->geo.places = place_codes;
	w->geo.place_cnt = PLACE_CNT;
	for (uint32_t i = 0; i < prefix_cnt; i++) {
		struct tbl_prefix prefix = draw_prefix();

		if (!has_prefix(w, &prefix)) {
			w->prefixes[w->geo.prefix_cnt++] =
					(struct tbl_geo_prefix){ prefix, draw(PLACE_CNT) };
		}
	}
	w->ruleset_cnt = draw(RULESETS_MAX + 1);
	for (uint32_t r = 0; r < w->ruleset_cnt; r++) {
		w->rulesets[r].rules = w->rules[r];
		w->rulesets[r].rule_cnt = draw(rules_below);
		for (uint32_t i = 0; i < w->rulesets[r].rule_cnt; i++) {
			draw_rule(w, r, i);
		}
	}
}

/* ---- what must hold of every world ---- */

static void
check_address(const struct world *w, const struct tbl_addr *addr)
{
	uint32_t leaf = tbl_locate(&w->view, addr);

	assert_true(leaf < w->location->leaf_cnt);
	assert_int_equal(addr->family == 4, leaf < w->location->leaf4_cnt);
	for (uint32_t r = 0; r < w->ruleset_cnt; r++) {
		assert_int_equal(rule_by_definition(w, r, addr), choose(w, r, leaf).rule);
	}
}

/* First and last address of the prefix, the ones next to it, and one inside. */
static void
check_around(const struct world *w, const struct tbl_prefix *prefix)
{
	uint32_t width = width_of(prefix->family);
	struct tbl_addr addr = { .family = prefix->family };

	memcpy(addr.bytes, prefix->bytes, sizeof(addr.bytes));
	check_address(w, &addr);
	if (prefix->bits < width) {
		uint32_t bit = prefix->bits + draw(width - prefix->bits);

		addr.bytes[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
		check_address(w, &addr);
	}
	for (uint32_t bit = prefix->bits; bit < width; bit++) {
		addr.bytes[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
	}
	check_address(w, &addr);
	step(addr.bytes, width);
	check_address(w, &addr);
	memcpy(addr.bytes, prefix->bytes, sizeof(addr.bytes));
	for (uint32_t bit = 0; bit < width; bit++) {
		addr.bytes[bit / 8] ^= (uint8_t)(0x80u >> bit % 8); /* -x - 1, so that ... */
	}
	step(addr.bytes, width); /* ... -x, */
	step(addr.bytes, width); /* -(x - 1), */
	for (uint32_t bit = 0; bit < width; bit++) {
		addr.bytes[bit / 8] ^= (uint8_t)(0x80u >> bit % 8); /* x - 2 */
	}
	step(addr.bytes, width);
	check_address(w, &addr);
}

static void
check_addresses(const struct world *w)
{
	for (size_t i = 0; i < w->geo.prefix_cnt; i++) {
		check_around(w, &w->prefixes[i].prefix);
	}
	for (uint32_t r = 0; r < w->ruleset_cnt; r++) {
		for (uint32_t i = 0; i < w->rulesets[r].rule_cnt; i++) {
			for (uint32_t s = 0; s < w->rules[r][i].subnet_cnt; s++) {
				check_around(w, &w->subnets[r][i][s]);
			}
		}
	}
	for (uint32_t i = 0; i < 16; i++) {
		struct tbl_prefix prefix = draw_prefix();

		check_around(w, &prefix);
	}
}

/* Leaves lie side by side from the first address to the last, each where tbl_locate() finds it,
 * and no two siblings have one class. Returns the prefixes, the caller's to free. */
static struct tbl_prefix *
check_leaves(const struct world *w)
{
	const struct tbl_location *location = w->location;
	struct tbl_prefix *prefixes = calloc(location->leaf_cnt, sizeof(*prefixes));
	struct tbl_addr at = { .family = 4 };
	static const uint8_t zero[16];

	assert_non_null(prefixes);
	for (uint32_t i = 0; i < location->leaf_cnt; i++) {
		const struct tbl_leaf *leaf = &location->leaves[i];

		if (i == location->leaf4_cnt) {
			assert_memory_equal(at.bytes, zero, sizeof(zero));
			at.family = 6;
		}
		memcpy(prefixes[i].bytes, at.bytes, sizeof(at.bytes));
		prefixes[i].family = at.family;
		prefixes[i].bits = leaf->prefix_bits;
		assert_true(leaf->prefix_bits <= width_of(at.family));
		clear_host_bits(&prefixes[i]);
		assert_memory_equal(at.bytes, prefixes[i].bytes, sizeof(at.bytes));
		assert_int_equal(i, tbl_locate(&w->view, &at));
		if (i > 0 && i != location->leaf4_cnt && leaf->class_id == leaf[-1].class_id) {
			struct tbl_prefix parent = prefixes[i];

			parent.bits--;
			clear_host_bits(&parent);
			assert_false(leaf->prefix_bits == leaf[-1].prefix_bits &&
					is_inside(&parent, prefixes[i - 1].bytes));
		}
		step(at.bytes, leaf->prefix_bits);
	}
	assert_memory_equal(at.bytes, zero, sizeof(zero));
	return prefixes;
}

/* The pool of a leaf; rules with equal pools count as one, no match as one more. */
static uint32_t
pool_of(const struct world *w, uint32_t ruleset, uint32_t leaf)
{
	uint32_t rule = choose(w, ruleset, leaf).rule;

	return rule == w->rulesets[ruleset].rule_cnt ? TBL_POOL_NONE : w->rules[ruleset][rule].pool;
}

/* Has every leaf that overlaps the prefix the same pool as `leaf`? */
static bool
is_uniform(const struct world *w, const struct tbl_prefix *prefixes, const uint32_t *pools,
		const struct tbl_prefix *prefix, uint32_t leaf)
{
	for (uint32_t i = 0; i < w->location->leaf_cnt; i++) {
		if (pools[i] != pools[leaf] && prefixes[i].family == prefix->family &&
				is_inside(prefix, prefixes[i].bytes)) {
			return false;
		}
	}
	return true;
}

/* Every scope is uniform, and would not be if it were a bit shorter. */
static void
check_scopes(const struct world *w, const struct tbl_prefix *prefixes, uint32_t ruleset)
{
	uint32_t *pools = calloc(w->location->leaf_cnt, sizeof(*pools));

	assert_non_null(pools);
	for (uint32_t i = 0; i < w->location->leaf_cnt; i++) {
		pools[i] = pool_of(w, ruleset, i);
	}
	for (uint32_t i = 0; i < w->location->leaf_cnt; i++) {
		struct tbl_prefix scope = prefixes[i];

		scope.bits = choose(w, ruleset, i).scope_bits;
		assert_true(scope.bits <= prefixes[i].bits);
		clear_host_bits(&scope);
		assert_true(is_uniform(w, prefixes, pools, &scope, i));
		if (scope.bits > 0) {
			scope.bits--;
			clear_host_bits(&scope);
			assert_false(is_uniform(w, prefixes, pools, &scope, i));
		}
	}
	free(pools);
}

/* Two classes are two because some rule set tells them apart. */
static void
check_classes(const struct world *w)
{
	const struct tbl_location *location = w->location;

	for (uint32_t a = 0; a < location->class_cnt; a++) {
		for (uint32_t b = a + 1; b < location->class_cnt; b++) {
			bool is_told_apart = false;

			for (uint32_t r = 0; r < w->ruleset_cnt; r++) {
				const uint16_t *rule = location->class_rule +
				                       location->rulesets[r].class_rule_first;

				is_told_apart |= rule[a] != rule[b];
			}
			assert_true(is_told_apart);
		}
	}
}

/* The same database in another order compiles to the same bytes. */
static void
check_order(struct world *w)
{
	struct tbl_location *first = w->location;
	const struct tbl_location *second;

	for (size_t i = w->geo.prefix_cnt; i > 1; i--) {
		size_t k = draw((uint32_t)i);
		struct tbl_geo_prefix swapped = w->prefixes[i - 1];

		w->prefixes[i - 1] = w->prefixes[k];
		w->prefixes[k] = swapped;
	}
	build_world(w);
	second = w->location;
	assert_int_equal(first->leaf_cnt, second->leaf_cnt);
	assert_int_equal(first->leaf4_cnt, second->leaf4_cnt);
	assert_int_equal(first->class_cnt, second->class_cnt);
	assert_memory_equal(
			first->leaves, second->leaves, first->leaf_cnt * sizeof(*first->leaves));
	assert_memory_equal(first->loc4_root, second->loc4_root,
			TBL_LOC_ROOT_CNT * sizeof(*first->loc4_root));
	assert_memory_equal(first->loc6_root, second->loc6_root,
			TBL_LOC_ROOT_CNT * sizeof(*first->loc6_root));
	assert_int_equal(first->loc4_node_cnt, second->loc4_node_cnt);
	assert_int_equal(first->loc6_node_cnt, second->loc6_node_cnt);
	if (first->loc6_node_cnt > 0) {
		assert_memory_equal(first->loc6_nodes, second->loc6_nodes,
				first->loc6_node_cnt * sizeof(*first->loc6_nodes));
	}
	if (w->ruleset_cnt > 0) {
		assert_memory_equal(first->class_rule, second->class_rule,
				(size_t)w->ruleset_cnt * first->class_cnt *
						sizeof(*first->class_rule));
		assert_memory_equal(first->scopes, second->scopes,
				(size_t)w->ruleset_cnt * first->leaf_cnt);
	}
	tbl_location_free(first);
}

#define WORLDS 3000u

/* conformance: ecs-places-by-definition | RFC 7871 §7.2.1 | Address to place and scope, for random prefixes of both
 * families: as the definition says. */
static void
random_worlds_agree_with_the_definition(void **state)
{
	static struct world w;

	(void)state;
	for (uint32_t i = 0; i < WORLDS; i++) {
		struct tbl_prefix *prefixes;

		random_state = i;
		draw_world(&w);
		build_world(&w);
		check_addresses(&w);
		prefixes = check_leaves(&w);
		for (uint32_t r = 0; r < w.ruleset_cnt; r++) {
			check_scopes(&w, prefixes, r);
		}
		check_classes(&w);
		if (i % 16 == 0) { /* two more builds; a sixteenth of the worlds is plenty */
			check_order(&w);
		}
		free(prefixes);
		tbl_location_free(w.location);
	}
}

/* ---- by hand ---- */

/* A rule as text: geos and subnets, space-separated. */
struct rule_text {
	uint16_t pool;
	const char *geos;
	const char *subnets;
};

static void
add_rule(struct world *w, const struct rule_text *text)
{
	uint32_t number = w->rulesets[0].rule_cnt++;
	struct tbl_rule_input *rule = &w->rules[0][number];
	static char copies[RULES_MAX][2][128];
	char *save = NULL;

	(void)snprintf(copies[number][0], sizeof(copies[number][0]), "%s", text->geos);
	(void)snprintf(copies[number][1], sizeof(copies[number][1]), "%s", text->subnets);
	rule->pool = text->pool;
	rule->geos = w->geos[0][number];
	for (char *word = strtok_r(copies[number][0], " ", &save); word != NULL;
			word = strtok_r(NULL, " ", &save)) {
		w->geos[0][number][rule->geo_cnt++] = word;
	}
	rule->subnets = w->subnets[0][number];
	for (char *word = strtok_r(copies[number][1], " ", &save); word != NULL;
			word = strtok_r(NULL, " ", &save)) {
		w->subnets[0][number][rule->subnet_cnt++] = parse_prefix(word);
	}
}

static void
add_place(struct world *w, const char *prefix, uint32_t place)
{
	w->prefixes[w->geo.prefix_cnt++] = (struct tbl_geo_prefix){ parse_prefix(prefix), place };
}

/* One small internet for all cases: place_codes[] by number. */
static void
start_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->geo = (struct tbl_geo){
		.prefixes = w->prefixes, .places = place_codes, .place_cnt = PLACE_CNT
	};
	w->rulesets[0].rules = w->rules[0];
	w->ruleset_cnt = 1;
	add_place(w, "10.0.0.0/8", 2);        /* NA-US */
	add_place(w, "10.1.0.0/16", 0);       /* NA-US-CA */
	add_place(w, "10.1.2.0/24", 4);       /* NA-MX */
	add_place(w, "10.2.0.0/16", 5);       /* EU-DE */
	add_place(w, "10.3.0.0/16", 10);      /* EU */
	add_place(w, "2001:db8::/32", 5);     /* EU-DE */
	add_place(w, "2001:db8:1::/48", 0);   /* NA-US-CA */
	add_place(w, "2001:db8:2::1/128", 8); /* SA-BR */
}

struct choice_case {
	const char *claim;
	struct rule_text rules[4]; /* up to the first without texts */
	const char *addr;
	uint32_t rule;
	uint8_t scope_bits;
};

static const struct choice_case choice_cases[] = {
	{ "a continent holds its countries and provinces", { { 0, "NA", "" }, { 1, "", "" } },
			"10.1.9.9", 0, 15 },
	{ "a nested country of the same pool does not shorten the scope",
			{ { 0, "NA", "" }, { 1, "", "" } }, "10.1.2.3", 0, 15 },
	{ "a sibling that differs bounds the scope", { { 0, "NA", "" }, { 1, "", "" } }, "10.2.0.1",
			1, 15 },
	{ "the rest gets the catch-all, as wide as it goes", { { 0, "NA", "" }, { 1, "", "" } },
			"192.0.2.1", 1, 1 },
	{ "a province is more specific than its country, whatever the order",
			{ { 0, "NA-US", "" }, { 1, "NA-US-CA", "" }, { 2, "", "" } }, "10.1.9.9", 1,
			21 },
	{ "codes match at dashes only", { { 0, "NA-U", "" }, { 1, "", "" } }, "10.1.0.1", 1, 0 },
	{ "equal codes: the earlier rule", { { 0, "EU", "" }, { 1, "EU", "" } }, "10.2.0.1", 0,
			15 },
	{ "a place that is a continent matches no country of it",
			{ { 0, "EU-DE", "" }, { 1, "EU", "" } }, "10.3.0.1", 1, 16 },
	{ "a catch-all that comes first does not beat a code", { { 0, "", "" }, { 1, "EU", "" } },
			"10.2.0.1", 1, 15 },
	{ "two catch-alls: the earlier", { { 0, "", "" }, { 1, "", "" } }, "10.2.0.1", 0, 0 },
	{ "no rule matches: rule_cnt, an outcome of its own", { { 0, "NA", "" } }, "192.0.2.1", 1,
			1 },
	{ "no rule at all: scope 0", { { 0, NULL, NULL } }, "10.1.2.3", 0, 0 },
	{ "one pool for all: scope 0, whatever the rules", { { 7, "NA", "" }, { 7, "", "" } },
			"10.1.2.3", 0, 0 },
	{ "a subnet beats the most specific code",
			{ { 0, "NA-US-CA", "" }, { 1, "", "10.0.0.0/8" }, { 2, "", "" } },
			"10.1.9.9", 1, 8 },
	{ "the longest subnet wins, whatever the order",
			{ { 0, "", "10.0.0.0/8" }, { 1, "", "10.1.0.0/16" }, { 2, "", "" } },
			"10.1.9.9", 1, 16 },
	{ "equal subnets: the earlier rule",
			{ { 0, "", "10.1.0.0/16" }, { 1, "", "10.1.0.0/16" }, { 2, "", "" } },
			"10.1.9.9", 0, 16 },
	{ "subnets and geos of one rule are alternatives",
			{ { 0, "EU", "192.0.2.0/24" }, { 1, "", "" } }, "10.2.0.1", 0, 15 },
	{ "... from either side", { { 0, "EU", "192.0.2.0/24" }, { 1, "", "" } }, "192.0.2.9", 0,
			24 },
	{ "a rule with subnets alone is no catch-all", { { 0, "", "192.0.2.0/24" } }, "10.2.0.1", 1,
			1 },
	{ "a /32 stands alone", { { 0, "", "192.0.2.1/32" }, { 1, "", "" } }, "192.0.2.1", 0, 32 },
	{ "and bounds its neighbour", { { 0, "", "192.0.2.1/32" }, { 1, "", "" } }, "192.0.2.0", 1,
			32 },
	{ "a /0 covers its family", { { 0, "", "0.0.0.0/0" }, { 1, "", "" } }, "10.2.0.1", 0, 0 },
	{ "and no other family", { { 0, "", "0.0.0.0/0" }, { 1, "", "" } }, "2001:db8::1", 1, 0 },
	{ "IPv6 places", { { 0, "EU", "" }, { 1, "", "" } }, "2001:db8:0:1::", 0, 48 },
	{ "a nested IPv6 place", { { 0, "EU", "" }, { 1, "", "" } }, "2001:db8:1::5", 1, 48 },
	{ "an IPv6 host", { { 0, "SA", "" }, { 1, "", "" } }, "2001:db8:2::1", 0, 128 },
	{ "and its neighbour", { { 0, "SA", "" }, { 1, "", "" } }, "2001:db8:2::", 1, 128 },
	{ "an IPv6 subnet across the nested place",
			{ { 0, "", "2001:db8::/32" }, { 1, "SA", "" }, { 2, "", "" } },
			"2001:db8:2::1", 0, 32 },
};

static void
choices_by_hand(void **state)
{
	static struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(choice_cases) / sizeof(choice_cases[0]); i++) {
		const struct choice_case *c = &choice_cases[i];
		struct tbl_addr addr = parse_addr(c->addr);
		struct tbl_choice choice;

		start_world(&w);
		for (uint32_t k = 0; k < 4 && c->rules[k].geos != NULL; k++) {
			add_rule(&w, &c->rules[k]);
		}
		build_world(&w);
		choice = choose(&w, 0, tbl_locate(&w.view, &addr));
		if (choice.rule != c->rule || choice.scope_bits != c->scope_bits) {
			fail_msg("%s: %s has rule %u scope %u", c->claim, c->addr, choice.rule,
					choice.scope_bits);
		}
		assert_int_equal(c->rule, rule_by_definition(&w, 0, &addr));
		tbl_location_free(w.location);
	}
}

static void
nothing_to_tell_apart_is_one_leaf_a_family(void **state)
{
	struct tbl_location *location = NULL;

	(void)state;
	assert_int_equal(0, tbl_location_build(NULL, 0, NULL, &location, NULL));
	assert_int_equal(1, location->class_cnt);
	assert_int_equal(2, location->leaf_cnt);
	assert_int_equal(1, location->leaf4_cnt);
	assert_int_equal(0, location->leaves[0].prefix_bits);
	assert_int_equal(0, location->loc4_node_cnt + location->loc6_node_cnt);
	assert_int_equal(0, location->loc4_root[65535]);
	assert_int_equal(1, location->loc6_root[65535]);
	tbl_location_free(location);
}

static void
adjacent_places_of_one_class_merge(void **state)
{
	static struct world w;

	(void)state;
	start_world(&w);
	w.geo.prefix_cnt = 0;
	add_place(&w, "10.0.0.0/10", 0);
	add_place(&w, "10.64.0.0/10", 1);
	add_place(&w, "10.128.0.0/9", 4);
	add_rule(&w, &(struct rule_text){ 0, "NA", "" });
	build_world(&w);
	/* 10/8 and, up to the root, the eight prefixes beside it; all of IPv6. */
	assert_int_equal(9, w.location->leaf4_cnt);
	assert_int_equal(10, w.location->leaf_cnt);
	assert_int_equal(2, w.location->class_cnt);
	tbl_location_free(w.location);
}

static void
chunks_are_as_deep_as_needed(void **state)
{
	static struct world w;
	uint32_t entry;

	(void)state;
	start_world(&w);
	w.geo.prefix_cnt = 0;
	add_place(&w, "10.1.192.0/18", 0);
	add_place(&w, "10.2.3.4/32", 0);
	add_rule(&w, &(struct rule_text){ 0, "NA", "" });
	build_world(&w);
	entry = w.location->loc4_root[0x0a01];
	assert_int_equal(TBL_LOC_CHUNK, TBL_LOC_KIND(entry));
	assert_int_equal(2, TBL_LOC_WIDTH(entry));
	entry = w.location->loc4_root[0x0a02];
	assert_int_equal(TBL_LOC_CHUNK, TBL_LOC_KIND(entry));
	assert_int_equal(8, TBL_LOC_WIDTH(entry));
	entry = w.location->loc4_nodes[TBL_LOC_FIRST(entry) + 3];
	assert_int_equal(TBL_LOC_RANGE, TBL_LOC_KIND(entry));
	/* /32s of 10.2.3.0/24 on the way to .4: 8 boundaries. */
	assert_int_equal(8, w.location->loc4_nodes[TBL_LOC_INDEX(entry)]);
	assert_int_equal(1, w.location->loc4_nodes[TBL_LOC_INDEX(entry) + 1]);
	/* Chunks of 4 and 256 entries, and the range: two words, 8 keys, 9 leaves. */
	assert_int_equal(4 + 256 + 2 + 8 + 9, w.location->loc4_node_cnt);
	tbl_location_free(w.location);
}

static void
rules_keep_their_texts(void **state)
{
	static struct world w;

	(void)state;
	start_world(&w);
	add_rule(&w, &(struct rule_text){ 3, "NA-US SA", "192.0.2.0/24 2001:db8::/32" });
	add_rule(&w, &(struct rule_text){ 1, "", "" });
	build_world(&w);
	assert_int_equal(2, w.location->rule_cnt);
	assert_int_equal(3, w.location->rules[0].pool);
	assert_string_equal("NA-US, SA", w.location->rules[0].geos);
	assert_string_equal("192.0.2.0/24, 2001:db8::/32", w.location->rules[0].subnets);
	assert_string_equal("", w.location->rules[1].geos);
	assert_string_equal("", w.location->rules[1].subnets);
	tbl_location_free(w.location);
}

/* ---- refused ---- */

struct refusal {
	const char *claim;
	void (*spoil)(struct world *w);
	int err;
	const char *text; /* in the message */
};

static void
spoil_code(struct world *w)
{
	w->geos[0][0][0] = "na";
}

static void
spoil_code_parts(struct world *w)
{
	w->geos[0][0][0] = "NA-US-CA-LA";
}

static void
spoil_code_end(struct world *w)
{
	w->geos[0][0][0] = "NA-";
}

static void
spoil_pool(struct world *w)
{
	w->rules[0][0].pool = TBL_POOL_NONE;
}

static void
spoil_host_bits(struct world *w)
{
	w->subnets[0][0][0].bits--; /* 192.0.3.0/24 */
}

static void
spoil_host_bytes(struct world *w)
{
	w->subnets[0][0][0].bytes[15] = 1;
}

static void
spoil_length(struct world *w)
{
	w->subnets[0][0][0].bits = 33;
}

static void
spoil_family(struct world *w)
{
	w->subnets[0][0][0].family = 5;
}

static void
spoil_rule_cnt(struct world *w)
{
	w->rulesets[0].rule_cnt = TBL_RULES_MAX + 1;
}

static void
spoil_ruleset_cnt(struct world *w)
{
	w->ruleset_cnt = TBL_RULESETS_MAX + 1;
}

static void
spoil_place(struct world *w)
{
	w->prefixes[0].place = PLACE_CNT;
}

static void
spoil_twice(struct world *w)
{
	add_place(w, "10.2.0.0/16", 4);
}

static void
spoil_place_code(struct world *w)
{
	static const char *const bad_codes[] = { "Europe" };

	w->geo.places = bad_codes;
	w->geo.place_cnt = 1;
}

static const struct refusal refusals[] = {
	{ "lower case", spoil_code, -EINVAL, "\"na\" is no geo code" },
	{ "four parts", spoil_code_parts, -EINVAL, "\"NA-US-CA-LA\" is no geo code" },
	{ "an empty part", spoil_code_end, -EINVAL, "\"NA-\" is no geo code" },
	{ "the reserved pool number", spoil_pool, -EINVAL, "pool number 65535" },
	{ "a bit behind the length", spoil_host_bits, -EINVAL, "subnet 0 is no prefix" },
	{ "a byte behind the address", spoil_host_bytes, -EINVAL, "subnet 0 is no prefix" },
	{ "an IPv4 /33", spoil_length, -EINVAL, "subnet 0 is no prefix" },
	{ "family 5", spoil_family, -EINVAL, "subnet 0 is no prefix" },
	{ "1001 rules", spoil_rule_cnt, -E2BIG, "1001 rules, at most 1000" },
	{ "65536 rule sets", spoil_ruleset_cnt, -E2BIG, "65536 distinct rule sets" },
	{ "a place that is none", spoil_place, -EINVAL, "entry 0" },
	{ "one prefix in two places", spoil_twice, -EINVAL, "10.2.0.0/16 is both EU-DE and NA-MX" },
	{ "a place that is no code", spoil_place_code, -EINVAL, "\"Europe\"" },
};

static void
bad_input_is_refused_by_name(void **state)
{
	static struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];
		struct tbl_location *untouched = (struct tbl_location *)&w;
		struct tbl_location *location = untouched;
		struct tbl_error error = { .text = "" };
		int err;

		start_world(&w);
		add_rule(&w, &(struct rule_text){ 0, "NA", "192.0.3.0/24" });
		r->spoil(&w);
		err = tbl_location_build(w.rulesets, w.ruleset_cnt, &w.geo, &location, &error);
		if (err != r->err || strstr(error.text, r->text) == NULL) {
			fail_msg("%s: %d, \"%s\"", r->claim, err, error.text);
		}
		assert_ptr_equal(untouched, location);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(choices_by_hand),
		cmocka_unit_test(nothing_to_tell_apart_is_one_leaf_a_family),
		cmocka_unit_test(adjacent_places_of_one_class_merge),
		cmocka_unit_test(chunks_are_as_deep_as_needed),
		cmocka_unit_test(rules_keep_their_texts),
		cmocka_unit_test(bad_input_is_refused_by_name),
		cmocka_unit_test(random_worlds_agree_with_the_definition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
