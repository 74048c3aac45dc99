/* One walk over the address space in the steps of three partitions of it: the leaves of either table,
 * and the countries of the database. However many records and rule sets there are, this is done once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/blast_impl.h"
#include "control/leaves.h"

__extension__ typedef unsigned __int128 address; /* of either family, right-aligned */

#define NEST_MAX 129u /* prefixes around an address, of 0 to 128 bits */

void
cp_tally_add(struct cp_tally *sum, const struct cp_tally *more)
{
	sum->ipv4 += more->ipv4;
	cp_count_add(&sum->ipv6, &more->ipv6);
}

/* Addresses of one country, nothing more specific within. */
struct stretch {
	address first;
	address last;
	uint32_t country;
};

struct walker {
	struct cp_space *space;
	uint32_t *country_of; /* place -> country */
	struct tbl_pairs cells;
	struct tbl_vec tallies; /* struct cp_tally, of each of the cells */
};

static address
top_of(uint8_t family)
{
	return family == 4 ? (address)UINT32_MAX : ~(address)0;
}

static address
first_of(const struct tbl_prefix *prefix)
{
	size_t bytes = prefix->family == 4 ? 4 : 16;
	address value = 0;

	for (size_t i = 0; i < bytes; i++) {
		value = value << 8 | prefix->bytes[i];
	}
	return value;
}

static address
last_of(const struct tbl_prefix *prefix)
{
	address top = top_of(prefix->family);

	/* Shifting by all 128 bits is not defined. */
	return first_of(prefix) | (prefix->bits == 128 ? 0 : top >> prefix->bits);
}

/* Countries */

static int
compare_countries(const void *left, const void *right)
{
	const struct cp_country *a = left;
	const struct cp_country *b = right;

	return strcmp(a->code, b->code);
}

/* "NA-US" of the place "NA-US-CA". */
static struct cp_country
country_at(const struct tbl_geo *geo, uint32_t place)
{
	struct cp_country country = { .code = "" };

	memcpy(country.code, geo->places[place],
			strnlen(geo->places[place], sizeof(country.code) - 1));
	return country;
}

/* The countries of the database's places, each once, and which of them each place is in. */
static int
number_countries(struct walker *walker, const struct tbl_geo *geo)
{
	struct cp_space *space = walker->space;
	uint32_t place_cnt = geo != NULL ? geo->place_cnt : 0;
	uint32_t cnt = 0;

	space->countries = calloc(place_cnt + 1u, sizeof(*space->countries));
	space->country_tallies = calloc(place_cnt + 1u, sizeof(*space->country_tallies));
	walker->country_of = calloc(place_cnt + 1u, sizeof(*walker->country_of));
	if (space->countries == NULL || space->country_tallies == NULL ||
			walker->country_of == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < place_cnt; i++) {
		space->countries[i] = country_at(geo, i);
	}
	qsort(space->countries, place_cnt, sizeof(*space->countries), compare_countries);
	for (uint32_t i = 0; i < place_cnt; i++) {
		if (i == 0 || compare_countries(&space->countries[i - 1], &space->countries[i]) !=
						0) {
			space->countries[cnt++] = space->countries[i];
		}
	}
	space->country_cnt = cnt;
	for (uint32_t i = 0; i < place_cnt; i++) {
		const struct cp_country country = country_at(geo, i);
		const struct cp_country *found = bsearch(&country, space->countries, cnt,
				sizeof(country), compare_countries);

		walker->country_of[i] = (uint32_t)(found - space->countries);
	}
	return 0;
}

/* What the database says, flat */

struct entry {
	const struct tbl_geo_prefix *of;
};

/* By address, those around others before them. Equal ones name one place, or the location compiler
 * would have refused them. */
static int
compare_prefixes(const void *left, const void *right)
{
	const struct tbl_prefix *a = &((const struct entry *)left)->of->prefix;
	const struct tbl_prefix *b = &((const struct entry *)right)->of->prefix;
	int order = memcmp(a->bytes, b->bytes, sizeof(a->bytes));

	return order != 0 ? order : (int)a->bits - (int)b->bits;
}

/* The prefixes of one family in that order, the caller's to free. */
static struct entry *
sort_prefixes(const struct tbl_geo *geo, uint8_t family, size_t *ret_cnt)
{
	size_t prefix_cnt = geo != NULL ? geo->prefix_cnt : 0;
	struct entry *sorted = calloc(prefix_cnt + 1, sizeof(*sorted));
	bool is_sorted = true;
	size_t cnt = 0;

	for (size_t i = 0; sorted != NULL && i < prefix_cnt; i++) {
		if (geo->prefixes[i].prefix.family == family) {
			sorted[cnt++].of = &geo->prefixes[i];
			is_sorted = is_sorted &&
			            (cnt == 1 || compare_prefixes(&sorted[cnt - 2],
								 &sorted[cnt - 1]) < 0);
		}
	}
	/* A database lists its prefixes in address order; two of them, one after the other. */
	if (!is_sorted) {
		qsort(sorted, cnt, sizeof(*sorted), compare_prefixes);
	}
	*ret_cnt = cnt;
	return sorted;
}

/* Prefixes nest or are apart, so those that are open at an address are a stack. */
struct flattener {
	struct tbl_vec *stretches;
	struct stretch open[NEST_MAX];
	size_t depth;
	address next; /* everything below has been written */
	bool is_full; /* so has the last address */
};

/* Writes what the innermost open prefix holds, from `next` to `last`. */
static int
write_stretch(struct flattener *flat, address last)
{
	uint32_t country = flat->open[flat->depth - 1].country;
	size_t cnt = flat->stretches->cnt;
	struct stretch *before = flat->stretches->items;
	struct stretch *added;

	if (flat->is_full || flat->next > last) {
		return 0;
	}
	if (cnt > 0 && before[cnt - 1].country == country &&
			before[cnt - 1].last + 1 == flat->next) {
		before[cnt - 1].last = last;
	} else {
		added = tbl_vec_add(flat->stretches, 1);
		if (added == NULL) {
			return -ENOMEM;
		}
		*added = (struct stretch){ flat->next, last, country };
	}
	flat->is_full = last == ~(address)0;
	flat->next = last + 1;
	return 0;
}

/* Closes the prefixes that end before `first`, or all. */
static int
close_before(struct flattener *flat, address first, bool is_end)
{
	int rc = 0;

	while (rc == 0 && flat->depth > 0 && (is_end || flat->open[flat->depth - 1].last < first)) {
		rc = write_stretch(flat, flat->open[flat->depth - 1].last);
		flat->depth--;
	}
	return rc;
}

static int
open_prefix(struct flattener *flat, const struct tbl_geo_prefix *prefix, uint32_t country)
{
	const struct stretch opened = { first_of(&prefix->prefix), last_of(&prefix->prefix),
		country };
	int rc = close_before(flat, opened.first, false);

	if (rc == 0 && flat->depth > 0 && opened.first > 0) {
		rc = write_stretch(flat, opened.first - 1);
	}
	flat->next = opened.first;
	/* Equal prefixes open once: no deeper than there are lengths. */
	if (flat->depth > 0 && flat->open[flat->depth - 1].first == opened.first &&
			flat->open[flat->depth - 1].last == opened.last) {
		flat->depth--;
	}
	flat->open[flat->depth++] = opened;
	return rc;
}

static int
flatten(const struct walker *walker, const struct tbl_geo *geo, uint8_t family,
		struct tbl_vec *stretches)
{
	struct flattener flat = { .stretches = stretches };
	size_t cnt = 0;
	struct entry *entries = sort_prefixes(geo, family, &cnt);
	int rc = entries != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < cnt; i++) {
		rc = open_prefix(&flat, entries[i].of, walker->country_of[entries[i].of->place]);
	}
	if (rc == 0) {
		rc = close_before(&flat, 0, true);
	}
	free(entries);
	return rc;
}

/* The walk */

/* Addresses first to last of one family. */
static struct cp_tally
tally_of(uint8_t family, address first, address last)
{
	static const struct cp_count one = { { 1 } };
	address less = last - first;
	struct cp_tally tally = { 0 };

	if (family == 4) {
		tally.ipv4 = (uint64_t)less + 1;
		return tally;
	}
	for (size_t i = 0; i < 4; i++) {
		tally.ipv6.word[i] = (uint32_t)(less >> (32 * i));
	}
	cp_count_add(&tally.ipv6, &one); /* all of IPv6 is one more than 128 bits hold */
	return tally;
}

static int
add_piece(struct walker *walker, uint32_t served_class, uint32_t wanted_class, uint32_t country,
		const struct cp_tally *tally)
{
	struct cp_space *space = walker->space;
	uint32_t classes = 0;
	uint32_t cell = 0;

	if (tbl_pairs_number(&space->classes, served_class, wanted_class, &classes) != 0 ||
			tbl_pairs_number(&walker->cells, classes, country, &cell) != 0) {
		return -ENOMEM;
	}
	if (cell == walker->tallies.cnt && tbl_vec_add(&walker->tallies, 1) == NULL) {
		return -ENOMEM;
	}
	cp_tally_add((struct cp_tally *)walker->tallies.items + cell, tally);
	cp_tally_add(&space->country_tallies[country], tally);
	return 0;
}

/* Where the walk is in the list of stretches; between two of them is no country. */
struct stretch_cursor {
	const struct stretch *items;
	size_t cnt;
	size_t at;
};

static struct stretch
stretch_at(const struct stretch_cursor *cursor, address at, address top, uint32_t no_country)
{
	if (cursor->at == cursor->cnt) {
		return (struct stretch){ at, top, no_country };
	}
	if (at < cursor->items[cursor->at].first) {
		return (struct stretch){ at, cursor->items[cursor->at].first - 1, no_country };
	}
	return cursor->items[cursor->at];
}

static address
lowest(address a, address b, address c)
{
	address low = a < b ? a : b;

	return low < c ? low : c;
}

static int
walk_family(struct walker *walker, const struct cp_blast_input *input, uint8_t family,
		struct stretch_cursor *countries)
{
	struct cp_leaf_walk served;
	struct cp_leaf_walk wanted;
	address top = top_of(family);
	address at = 0;
	address last = 0;
	int rc = 0;

	cp_leaf_walk_begin(&served, input->served, family);
	cp_leaf_walk_begin(&wanted, input->wanted, family);
	for (bool is_on = true; rc == 0 && is_on; at = last + 1) {
		struct stretch stretch = stretch_at(countries, at, top, walker->space->country_cnt);
		address served_last = last_of(&served.prefix);
		address wanted_last = last_of(&wanted.prefix);
		struct cp_tally tally;

		last = lowest(served_last, wanted_last, stretch.last);
		tally = tally_of(family, at, last);
		rc = add_piece(walker, input->served->leaves[served.leaf].class_id,
				input->wanted->leaves[wanted.leaf].class_id, stretch.country,
				&tally);
		if (served_last == last) {
			(void)has_cp_leaf_walk_next(&served);
		}
		if (wanted_last == last) {
			(void)has_cp_leaf_walk_next(&wanted);
		}
		countries->at += countries->at < countries->cnt &&
		                 countries->items[countries->at].last == last;
		is_on = last != top;
	}
	return rc;
}

/* Cells by the classes they are in, so that those of one pair of classes lie side by side. */
static int
sort_cells(struct walker *walker)
{
	struct cp_space *space = walker->space;
	const struct cp_tally *tallies = walker->tallies.items;
	uint32_t cnt = walker->cells.cnt;

	space->cells = calloc(cnt + 1u, sizeof(*space->cells));
	space->cell_first = calloc(space->classes.cnt + 2u, sizeof(*space->cell_first));
	if (space->cells == NULL || space->cell_first == NULL) {
		return -ENOMEM;
	}
	space->cell_cnt = cnt;
	/* Counted two places ahead, so that filling moves each first to where it belongs. */
	for (uint32_t i = 0; i < cnt; i++) {
		space->cell_first[(walker->cells.keys[i] >> 32) + 2]++;
	}
	for (uint32_t i = 2; i < space->classes.cnt + 2; i++) {
		space->cell_first[i] += space->cell_first[i - 1];
	}
	for (uint32_t i = 0; i < cnt; i++) {
		uint32_t classes = (uint32_t)(walker->cells.keys[i] >> 32);

		space->cells[space->cell_first[classes + 1]++] = (struct cp_space_cell){ classes,
			(uint32_t)walker->cells.keys[i], tallies[i] };
	}
	return 0;
}

int
cp_space_make(const struct cp_blast_input *input, struct cp_space *space)
{
	static const uint8_t families[] = { 4, 6 };
	const struct tbl_geo *geo = input->geo != NULL ? &input->geo->table : NULL;
	struct walker walker = { .space = space,
		.tallies = { .elem_bytes = sizeof(struct cp_tally) } };
	int rc;

	*space = (struct cp_space){ 0 };
	rc = number_countries(&walker, geo);
	for (size_t i = 0; rc == 0 && i < sizeof(families); i++) {
		struct tbl_vec stretches = { .elem_bytes = sizeof(struct stretch) };

		rc = flatten(&walker, geo, families[i], &stretches);
		if (rc == 0) {
			struct stretch_cursor countries = { stretches.items, stretches.cnt, 0 };

			rc = walk_family(&walker, input, families[i], &countries);
		}
		tbl_vec_free(&stretches);
	}
	for (uint32_t i = 0; rc == 0 && i < space->country_cnt; i++) {
		cp_tally_add(&space->named, &space->country_tallies[i]);
	}
	if (rc == 0) {
		rc = sort_cells(&walker);
	}
	free(walker.country_of);
	tbl_pairs_done(&walker.cells);
	tbl_vec_free(&walker.tallies);
	return rc;
}

void
cp_space_done(struct cp_space *space)
{
	tbl_pairs_done(&space->classes);
	free(space->cells);
	free(space->cell_first);
	free(space->countries);
	free(space->country_tallies);
}
