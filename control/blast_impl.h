/*
 * The parts of the blast radius: blast_space.c cuts the address space where either table or the
 * database has a boundary, blast.c asks of the pieces which records they move, blast_json.c tells it.
 *
 * Threads:   pure.
 * Memory:    cp_space_make allocates, cp_space_done releases, after an error too.
 * Errors:    0 or -ENOMEM; JSON is a new reference.
 */
#ifndef CONTROL_BLAST_IMPL_H
#define CONTROL_BLAST_IMPL_H

#include "table/build_mem.h"
#include "table/pairs.h"

#include "control/blast.h"
#include "control/share.h"

struct cp_tally {
	uint64_t ipv4; /* at most 2^32 */
	struct cp_count ipv6;
};

void cp_tally_add(struct cp_tally *sum, const struct cp_tally *more);

/* So many addresses of one country are in one class of either table. */
struct cp_space_cell {
	uint32_t classes; /* number in cp_space.classes */
	uint32_t country; /* number in cp_space.countries; country_cnt: in none */
	struct cp_tally tally;
};

struct cp_country {
	char code[6]; /* "EU-DE" */
};

struct cp_space {
	struct tbl_pairs classes;    /* (class of served, class of wanted) that share an address */
	struct cp_space_cell *cells; /* by classes, then country */
	uint32_t cell_cnt;
	uint32_t *cell_first;         /* of each of the classes, and behind the last */
	struct cp_country *countries; /* in strcmp() order */
	uint32_t country_cnt;
	struct cp_tally *country_tallies; /* of each country; behind them of what is in none */
	struct cp_tally named;            /* of all countries */
};

int cp_space_make(const struct cp_blast_input *input, struct cp_space *space);
void cp_space_done(struct cp_space *space);

/* Records of one signature in either table, while their moves are counted. */
struct cp_blast_group {
	const struct tbl_dyn *served;
	const struct tbl_dyn *wanted;
	/* (name of the pool from, to), as offsets in either table's strings, TBL_NONE for none */
	struct tbl_pairs moves;
	struct cp_tally *tallies; /* move by move, of each country and then of none */
	struct cp_tally sum;
	struct cp_tally named;
};

/* cp_blast_pool: a pool's name at this offset of the table's strings; NULL for TBL_NONE. */
static inline const char *
cp_blast_pool(const struct tbl_view *view, uint32_t name)
{
	return name == TBL_NONE ? NULL : view->strings + name;
}

/* Something with its tally, to be put in order. */
struct cp_ranked {
	const struct cp_tally *tally;
	uint32_t number; /* equals in this order */
};

/* cp_blast_rank: largest first, by IPv4, then by IPv6 addresses. */
void cp_blast_rank(struct cp_ranked *ranked, size_t cnt);

/* cp_blast_put_sums adds TALLY of blast.h as shares of all addresses, and the named shares. */
void cp_blast_put_sums(const struct cp_blast_input *input, const struct cp_space *space,
		json_t *json, const struct cp_tally *sum, const struct cp_tally *named);

/* cp_blast_moves: "moves" of blast.h; NULL when memory ends: a plan with moves left out would call a
 * change smaller than it is. */
json_t *cp_blast_moves(const struct cp_blast_input *input, const struct cp_space *space,
		const struct cp_blast_group *group);

#endif
