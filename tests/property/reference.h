/*
 * The slow reference of the ECS property test: which pool a client gets, by asking libmaxminddb about
 * the address and trying the rules one by one, as docs/octodns.md says them; and how far around an
 * address that stays so. Shares nothing with table/location*.c: from the control plane it has the
 * vocabulary of geo codes alone.
 *
 * Threads:   one at a time.
 * Memory:    reference_open/_close; reference_know/_forget for each record.
 * Errors:    a database that cannot be read ends the program.
 * Standards: RFC 7871 §7.2.1 (what a scope may cover).
 */
#ifndef TESTS_PROPERTY_REFERENCE_H
#define TESTS_PROPERTY_REFERENCE_H

#include "tests/property/scene.h"

#define REFERENCE_PLACES_MAX 1024u /* more than there are countries and provinces in any database */
#define NOWHERE              0u

/* From `first` on, until the next stretch begins, all addresses are alike. */
struct stretch {
	u128 first;
	uint32_t what; /* a place, or a pool */
};
struct stretches {
	struct stretch *items;
	size_t cnt;
	size_t cap;
};

struct reference {
	char places[REFERENCE_PLACES_MAX][12]; /* "NA-US-CA"; [NOWHERE] is "" */
	uint32_t place_cnt;
	struct stretches by_family[2]; /* the database: IPv4, IPv6 */
	struct subnet *prefixes;       /* those with a place */
	size_t prefix_cnt;
};

/* What one record says to whom; NO_POOL where no rule matches. */
struct knowledge {
	struct stretches by_family[2];
};

void reference_open(struct reference *reference, const char *database);
void reference_close(struct reference *reference);

/* reference_know tries the rules of a record for an address of every stretch. */
void reference_know(const struct reference *reference, const struct record *record,
		struct knowledge *ret_knowledge);
void reference_forget(struct knowledge *knowledge);

/* reference_pool: the pool of the rule that matches. */
uint32_t reference_pool(const struct knowledge *knowledge, struct address address);

/* reference_scope: the length of the largest prefix around the address in which all clients get that
 * pool. */
unsigned int reference_scope(const struct knowledge *knowledge, struct address address);

/* reference_other: an address of the prefix (address, bits) that gets another pool, if there is one. */
bool reference_other(const struct knowledge *knowledge, struct address address, unsigned int bits,
		struct address *ret_other);

/* reference_serves: the pool that answers for this one with the values that are up. */
uint32_t reference_serves(const struct record *record, uint32_t pool);

#endif
