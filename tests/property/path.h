/*
 * One question of the ECS property test, and what the slow reference says of it: the links of the
 * answer's chain, the pool of each, how it ends, and how far around the client that holds.
 *
 * Threads:   pure.
 * Memory:    a path points into the scene.
 * Errors:    none.
 * Standards: RFC 1034 §4.3.2, RFC 6672 (chains), RFC 7871 §7.1.2 (whose place counts).
 */
#ifndef TESTS_PROPERTY_PATH_H
#define TESTS_PROPERTY_PATH_H

#include "tests/property/reference.h"

/* The records, and what the reference knows of each. */
struct world {
	struct scene scene;
	struct knowledge knowledge[SCENE_RECORDS];
};

struct question {
	const char *name; /* NULL: the record's owner */
	const struct record *record;
	uint16_t type;
	bool has_ecs;
	unsigned int source_bits;
	struct address client; /* in the option */
	struct address source; /* of the packet */
	uint64_t random;
};

enum end {
	END_DATA,
	END_NODATA,
	END_NXDOMAIN,
	END_CHAIN, /* the last CNAME is the end of the answer */
};

struct step {
	const struct record *record;
	uint32_t pool;   /* that the rules choose */
	uint32_t serves; /* that answers for it */
};

/* What one client should get. */
struct path {
	struct step steps[SCENE_RECORDS];
	unsigned int step_cnt;
	unsigned int link_cnt;
	bool is_hop[SCENE_RECORDS]; /* a static CNAME follows this step's record */
	enum end end;
	uint16_t end_type; /* of static data */
	unsigned int scope;
	uint64_t outcome;        /* equal numbers: the rules choose the same */
	uint64_t served_outcome; /* equal numbers: the same is answered */
};

/* question_client: whose place counts. A source prefix of 0 asks that the client's does not. */
struct address question_client(const struct question *question);

/* path_expect: what question_client() should get. */
struct path path_expect(const struct world *world, const struct question *question);

#endif
