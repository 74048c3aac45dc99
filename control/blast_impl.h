/*
 * The two halves of the blast radius: blast_space.c cuts the address space where either table or the
 * database has a boundary, blast.c asks of the pieces which records they move.
 *
 * Threads:   pure.
 * Memory:    cp_space_make allocates, cp_space_done releases, after an error too.
 * Errors:    0 or -ENOMEM.
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

#endif
