/* What a blast radius is told as: tallies with their shares, countries and moves by size. */
#include <stdlib.h>

#include "control/blast_impl.h"

static int
compare_tallies(const struct cp_tally *a, const struct cp_tally *b)
{
	if (a->ipv4 != b->ipv4) {
		return a->ipv4 > b->ipv4 ? -1 : 1;
	}
	return cp_count_compare(&b->ipv6, &a->ipv6);
}

static bool
is_tally_zero(const struct cp_tally *tally)
{
	return tally->ipv4 == 0 && is_cp_count_zero(&tally->ipv6);
}

/* A part of nothing is no number. */
static json_t *
share_json(bool is_nothing, double share)
{
	return is_nothing ? json_null() : json_real(share);
}

static void
put_shares(json_t *json, const char *ipv4_key, const char *ipv6_key, const struct cp_tally *part,
		const struct cp_tally *whole)
{
	json_object_set_new(json, ipv4_key,
			share_json(whole->ipv4 == 0, (double)part->ipv4 / (double)whole->ipv4));
	json_object_set_new(json, ipv6_key,
			share_json(is_cp_count_zero(&whole->ipv6),
					cp_count_share(&part->ipv6, &whole->ipv6)));
}

/* TALLY of blast.h. */
static void
put_tally(json_t *json, const struct cp_tally *part, const struct cp_tally *whole)
{
	char text[CP_COUNT_TEXT_MAX];

	cp_count_text(&part->ipv6, text);
	json_object_set_new(json, "ipv4_addresses", json_integer((json_int_t)part->ipv4));
	json_object_set_new(json, "ipv6_addresses", json_string(text));
	put_shares(json, "ipv4_share", "ipv6_share", part, whole);
}

void
cp_blast_put_sums(const struct cp_blast_input *input, const struct cp_space *space, json_t *json,
		const struct cp_tally *sum, const struct cp_tally *named)
{
	const struct cp_tally everything = { (uint64_t)1 << 32, cp_count_prefix(6, 0) };

	put_tally(json, sum, &everything);
	if (input->geo != NULL) {
		put_shares(json, "named_ipv4_share", "named_ipv6_share", named, &space->named);
	}
}

static int
compare_ranked(const void *left, const void *right)
{
	const struct cp_ranked *a = left;
	const struct cp_ranked *b = right;
	int order = compare_tallies(a->tally, b->tally);

	return order != 0 ? order : (a->number > b->number) - (a->number < b->number);
}

void
cp_blast_rank(struct cp_ranked *ranked, size_t cnt)
{
	if (cnt > 0) {
		qsort(ranked, cnt, sizeof(*ranked), compare_ranked);
	}
}

static json_t *
country_json(const struct cp_space *space, const struct cp_ranked *country)
{
	bool is_country = country->number < space->country_cnt;
	const char *code = is_country ? space->countries[country->number].code : NULL;
	json_t *json = json_pack("{s:s?, s:s?}", "code", code, "name",
			is_country ? cp_geo_name(code) : NULL);

	put_tally(json, country->tally, &space->country_tallies[country->number]);
	return json;
}

/* `row` holds the tallies of one move. */
static json_t *
countries_json(const struct cp_space *space, const struct cp_tally *row)
{
	uint32_t cnt = space->country_cnt + 1u;
	struct cp_ranked *ranked = calloc(cnt, sizeof(*ranked));
	json_t *list = json_array();
	size_t used = 0;

	if (ranked == NULL) {
		json_decref(list);
		return NULL;
	}
	for (uint32_t i = 0; i < cnt; i++) {
		if (!is_tally_zero(&row[i])) {
			ranked[used++] = (struct cp_ranked){ &row[i], i };
		}
	}
	cp_blast_rank(ranked, used);
	for (size_t i = 0; i < used; i++) {
		json_array_append_new(list, country_json(space, &ranked[i]));
	}
	free(ranked);
	return list;
}

static json_t *
move_json(const struct cp_blast_input *input, const struct cp_space *space,
		const struct cp_blast_group *group, const struct cp_ranked *ranked)
{
	uint32_t country_cnt = space->country_cnt;
	uint32_t move = ranked->number;
	const struct cp_tally *row = group->tallies + move * (size_t)(country_cnt + 1u);
	uint64_t key = group->moves.keys[move];
	struct cp_tally named = { 0 };
	json_t *json = json_pack("{s:s?, s:s?}", "from",
			cp_blast_pool(input->served, (uint32_t)(key >> 32)), "to",
			cp_blast_pool(input->wanted, (uint32_t)key));

	for (uint32_t i = 0; i < country_cnt; i++) {
		cp_tally_add(&named, &row[i]);
	}
	cp_blast_put_sums(input, space, json, ranked->tally, &named);
	if (input->geo != NULL &&
			json_object_set_new(json, "countries", countries_json(space, row)) != 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

json_t *
cp_blast_moves(const struct cp_blast_input *input, const struct cp_space *space,
		const struct cp_blast_group *group)
{
	uint32_t move_cnt = group->moves.cnt;
	size_t row = space->country_cnt + 1u;
	struct cp_tally *sums = calloc(move_cnt + 1u, sizeof(*sums));
	struct cp_ranked *ranked = calloc(move_cnt + 1u, sizeof(*ranked));
	bool is_whole = sums != NULL && ranked != NULL;
	json_t *list = json_array();

	for (uint32_t move = 0; is_whole && move < move_cnt; move++) {
		for (size_t i = 0; i < row; i++) {
			cp_tally_add(&sums[move], &group->tallies[move * row + i]);
		}
		ranked[move] = (struct cp_ranked){ &sums[move], move };
	}
	if (is_whole) {
		cp_blast_rank(ranked, move_cnt);
	}
	for (uint32_t i = 0; is_whole && i < move_cnt; i++) {
		is_whole = json_array_append_new(
					   list, move_json(input, space, group, &ranked[i])) == 0;
	}
	free(sums);
	free(ranked);
	if (!is_whole) {
		json_decref(list);
		return NULL;
	}
	return list;
}
