/*
 * Random dynamic records for the ECS property test: what they say, as plain data that the slow
 * reference evaluates, and the same as the zone file that the control plane compiles.
 *
 * Threads:   one scene, one thread.
 * Memory:    a scene holds everything; it is large: keep it static.
 * Errors:    scene_write returns a negative errno.
 */
#ifndef TESTS_PROPERTY_SCENE_H
#define TESTS_PROPERTY_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 u128;

#define SCENE_ZONE    "ecs.test."
#define SCENE_RECORDS 20u
#define POOLS_MAX     6u
#define VALUES_MAX    3u
#define RULES_MAX     8u
#define GEOS_MAX      4u
#define SUBNETS_MAX   4u

#define NO_POOL UINT32_MAX

enum scene_type {
	SCENE_A = 1,
	SCENE_CNAME = 5,
	SCENE_TXT = 16,
	SCENE_AAAA = 28,
	SCENE_DNAME = 39,
};

/* An address as a number: IPv4 ones are below 2^32. */
struct address {
	u128 value;
	unsigned int family; /* 4 or 6 */
};

struct subnet {
	u128 first;
	unsigned int family;
	unsigned int bits;
};

static inline unsigned int
family_bits(unsigned int family)
{
	return family == 4 ? 32 : 128;
}

/* first_of, last_of: the prefix of `bits` around an address. */
static inline u128
host_mask(unsigned int family, unsigned int bits)
{
	unsigned int host_bits = family_bits(family) - bits;

	return host_bits == 128 ? ~(u128)0 : ((u128)1 << host_bits) - 1;
}

static inline u128
first_of(u128 value, unsigned int family, unsigned int bits)
{
	return value & ~host_mask(family, bits);
}

static inline u128
last_of(u128 value, unsigned int family, unsigned int bits)
{
	return value | host_mask(family, bits);
}

/* Where the names of a CNAME or DNAME pool lie; they all lie in one place, so that the draw decides
 * which name it is and not what comes after it. */
enum leads_to {
	TO_RECORD,   /* below another dynamic record */
	TO_HOP,      /* to a static CNAME that leads there */
	TO_DATA,     /* static A and AAAA */
	TO_NODATA,   /* static TXT */
	TO_NOTHING,  /* a name that does not exist */
	TO_ELSEWHERE /* not in our zones */
};

struct pool {
	uint32_t value_cnt;
	uint32_t weights[VALUES_MAX];
	bool is_down[VALUES_MAX];
	uint32_t fallback; /* NO_POOL: none */
	enum leads_to leads_to;
	uint32_t record; /* of TO_RECORD and TO_HOP */
};

struct rule {
	uint32_t pool;
	const char *geos[GEOS_MAX];
	uint32_t geo_cnt;
	struct subnet subnets[SUBNETS_MAX];
	uint32_t subnet_cnt;
};

/* The pool behind the last one is the record's own `values`. */
struct record {
	uint32_t number;
	uint16_t type;
	bool is_wildcard; /* at *.rN, so that any name below can lead there; else at rN */
	bool is_lenient;  /* rules in any order, twice the same, without a catch-all */
	struct pool pools[POOLS_MAX + 1];
	uint32_t pool_cnt;
	struct rule rules[RULES_MAX];
	uint32_t rule_cnt;
};

struct scene {
	struct record records[SCENE_RECORDS];
	uint64_t random;
	/* Where prefixes of interest come from: the database's own bounds. */
	const struct subnet *database;
	size_t database_cnt;
	const char *const *codes; /* geo codes that rules may name */
	size_t code_cnt;
};

/* scene_random: xorshift64*, below `limit`. */
uint64_t scene_random(uint64_t *state, uint64_t limit);

/* scene_random_address: all over its family; IPv6 mostly where prefixes are. */
struct address scene_random_address(struct scene *scene, unsigned int family);

/* scene_random_prefix: of the database, around or within one, or anywhere; IPv4 or IPv6. */
struct subnet scene_random_prefix(struct scene *scene);

/* scene_make fills the records from scene->random. */
void scene_make(struct scene *scene);

/* scene_write writes the zone file. */
int scene_write(const struct scene *scene, const char *path);

/* scene_owner: a name that record answers for. "q" stands for anything. */
#define SCENE_NAME_MAX 80u
void scene_owner(const struct record *record, char name[SCENE_NAME_MAX]);

/* scene_target: the name that value `value` of pool `pool` is in a CNAME or DNAME record. */
void
scene_target(const struct record *record, uint32_t pool, uint32_t value, char name[SCENE_NAME_MAX]);

/* scene_address_bytes: what that value is in an A or AAAA record; returns its length. */
size_t
scene_address_bytes(const struct record *record, uint32_t pool, uint32_t value, uint8_t bytes[16]);

#endif
