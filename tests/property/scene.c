#include "tests/property/scene.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

uint64_t
scene_random(uint64_t *state, uint64_t limit)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return (x * 0x2545f4914f6cdd1dULL >> 11) % limit;
}

static uint64_t
draw(struct scene *scene, uint64_t limit)
{
	return scene_random(&scene->random, limit);
}

static bool
has_luck(struct scene *scene, unsigned int percent)
{
	return draw(scene, 100) < percent;
}

struct address
scene_random_address(struct scene *scene, unsigned int family)
{
	struct address address = { .family = family };

	for (unsigned int i = 0; i < family_bits(family) / 16; i++) {
		address.value = address.value << 16 | draw(scene, 1u << 16);
	}
	/* 2000::/3 is where the database is; the low bits mean something in one client of four. */
	if (family == 6 && !has_luck(scene, 10)) {
		address.value = address.value >> 3 | (u128)1 << 125;
	}
	if (family == 6 && !has_luck(scene, 25)) {
		address.value = first_of(address.value, 6, 16 + 8 * (unsigned int)draw(scene, 7));
	}
	return address;
}

static struct subnet
around(struct address address, unsigned int bits)
{
	return (struct subnet){ .first = first_of(address.value, address.family, bits),
		.family = address.family,
		.bits = bits };
}

struct subnet
scene_random_prefix(struct scene *scene)
{
	struct subnet base = scene->database[draw(scene, scene->database_cnt)];
	struct address address = { base.first, base.family };
	unsigned int width = family_bits(base.family);

	switch (draw(scene, 10)) {
	case 0: /* all, or one address */
		return around(address, has_luck(scene, 50) ? 0 : width);
	case 1: /* anywhere */
		address = scene_random_address(scene, has_luck(scene, 50) ? 4 : 6);
		return around(address, (unsigned int)draw(scene, family_bits(address.family) + 1));
	case 2: /* IPv4 as IPv6 has it: ::/96 and ::ffff:0:0/96 are no places */
		address = scene_random_address(scene, 4);
		address.family = 6;
		address.value |= has_luck(scene, 50) ? (u128)0xffff << 32 : 0;
		return around(address, 90 + (unsigned int)draw(scene, 39));
	case 3: /* the last address, and some before it */
		address.value = last_of(base.first, base.family, base.bits);
		return around(address,
				base.bits + (unsigned int)draw(scene, width + 1 - base.bits));
	case 4:
	case 5: /* around it */
		return around(address, (unsigned int)draw(scene, base.bits + 1));
	case 6:
	case 7: /* within it */
		address.value |= scene_random_address(scene, base.family).value &
		                 host_mask(base.family, base.bits);
		return around(address,
				base.bits + (unsigned int)draw(scene, width + 1 - base.bits));
	default:
		return base;
	}
}

/* Pools */

static void
make_target(struct scene *scene, const struct record *record, struct pool *pool)
{
	static const enum leads_to ends[] = { TO_DATA, TO_DATA, TO_NODATA, TO_NOTHING,
		TO_ELSEWHERE };

	pool->leads_to = ends[draw(scene, sizeof(ends) / sizeof(ends[0]))];
	if (record->number > 0 && has_luck(scene, 70)) {
		const struct record *to = &scene->records[draw(scene, record->number)];

		if (to->is_wildcard || to->type == SCENE_DNAME) {
			pool->leads_to = has_luck(scene, 75) ? TO_RECORD : TO_HOP;
			pool->record = to->number;
		}
	}
}

static void
make_pool(struct scene *scene, struct record *record, uint32_t number)
{
	struct pool *pool = &record->pools[number];
	bool is_single = record->type == SCENE_DNAME || has_luck(scene, 60);
	bool can_fall = number + 1 < record->pool_cnt && has_luck(scene, 50);
	unsigned int down = has_luck(scene, 15) ? 100 : 10;

	*pool = (struct pool){ .value_cnt = is_single ? 1 : 2 + (uint32_t)draw(scene, 2),
		.fallback = NO_POOL };
	if (can_fall) {
		pool->fallback = number + 1 + (uint32_t)draw(scene, record->pool_cnt - number - 1);
	}
	for (uint32_t i = 0; i < pool->value_cnt; i++) {
		pool->weights[i] = is_single ? 1 : 1 + (uint32_t)draw(scene, 15);
		pool->is_down[i] = number < record->pool_cnt && has_luck(scene, down);
	}
	make_target(scene, record, pool);
}

/* Rules */

static void
add_subnet(struct scene *scene, struct record *record, struct rule *rule)
{
	struct subnet subnet = scene_random_prefix(scene);
	const struct rule *other = &record->rules[draw(scene, record->rule_cnt + 1)];

	/* Inside, around or equal to what an earlier rule has. */
	if (other->subnet_cnt > 0 && has_luck(scene, 40)) {
		struct subnet base = other->subnets[draw(scene, other->subnet_cnt)];
		struct address address = { base.first, base.family };
		unsigned int width = family_bits(base.family);

		address.value |= scene_random_address(scene, base.family).value &
		                 host_mask(base.family, base.bits);
		subnet = around(address, (unsigned int)draw(scene, width + 1));
	}
	rule->subnets[rule->subnet_cnt++] = subnet;
}

static void
add_geo(struct scene *scene, struct rule *rule)
{
	rule->geos[rule->geo_cnt++] = scene->codes[draw(scene, scene->code_cnt)];
}

static void
make_rule(struct scene *scene, struct record *record, struct rule *rule)
{
	unsigned int kind = (unsigned int)draw(scene, 10);
	uint32_t subnets = kind < 6 ? 1 + (uint32_t)draw(scene, SUBNETS_MAX) : 0;
	uint32_t geos = kind > 4 ? 1 + (uint32_t)draw(scene, GEOS_MAX) : 0;

	*rule = (struct rule){ .pool = (uint32_t)draw(scene, record->pool_cnt) };
	while (rule->subnet_cnt < subnets) {
		add_subnet(scene, record, rule);
	}
	while (rule->geo_cnt < geos) {
		add_geo(scene, rule);
	}
}

/* Anything that the loader takes with lenience. */
static void
make_lenient_rules(struct scene *scene, struct record *record)
{
	uint32_t cnt = 1 + (uint32_t)draw(scene, RULES_MAX);

	for (record->rule_cnt = 0; record->rule_cnt < cnt; record->rule_cnt++) {
		make_rule(scene, record, &record->rules[record->rule_cnt]);
		if (has_luck(scene, 8)) { /* a catch-all, not always the last one */
			record->rules[record->rule_cnt].geo_cnt = 0;
			record->rules[record->rule_cnt].subnet_cnt = 0;
		}
	}
}

static bool
is_within(const struct subnet *inner, const struct subnet *outer)
{
	return inner->family == outer->family && inner->bits >= outer->bits &&
	       first_of(inner->first, outer->family, outer->bits) == outer->first;
}

/* Whether octoDNS would have this subnet after the ones of the rules before. */
static bool
is_fresh_subnet(const struct record *record, const struct subnet *subnet)
{
	for (uint32_t r = 0; r <= record->rule_cnt; r++) {
		for (uint32_t i = 0; i < record->rules[r].subnet_cnt; i++) {
			if (is_within(subnet, &record->rules[r].subnets[i])) {
				return false;
			}
		}
	}
	return true;
}

/* Subnets of one rule are judged in the order of their bounds, so an inner one beside an outer one
 * would be refused: each must be fresh to the others both ways. */
static void
add_strict_subnet(struct scene *scene, struct record *record, struct rule *rule)
{
	struct subnet subnet = scene_random_prefix(scene);

	for (uint32_t i = 0; i < rule->subnet_cnt; i++) {
		if (is_within(&rule->subnets[i], &subnet)) {
			return;
		}
	}
	if (is_fresh_subnet(record, &subnet)) {
		rule->subnets[rule->subnet_cnt++] = subnet;
	}
}

/* A code may be wider than one of an earlier rule, never narrower: so a rule takes a country after a
 * rule that took its province. */
static void
add_strict_geo(struct scene *scene, struct record *record, struct rule *rule)
{
	const char *code = scene->codes[draw(scene, scene->code_cnt)];

	for (uint32_t i = 0; i < rule->geo_cnt; i++) {
		if (strncmp(code, rule->geos[i], strlen(code)) == 0) {
			return;
		}
	}
	for (uint32_t r = 0; r <= record->rule_cnt; r++) {
		for (uint32_t i = 0; i < record->rules[r].geo_cnt; i++) {
			const char *seen = record->rules[r].geos[i];

			if (strncmp(code, seen, strlen(seen)) == 0) {
				return;
			}
		}
	}
	rule->geos[rule->geo_cnt++] = code;
}

/* What octoDNS takes as it is: a pool a rule; subnets, then both, then geos, then the catch-all. */
static void
make_strict_rules(struct scene *scene, struct record *record)
{
	uint32_t cnt = record->pool_cnt - 1;
	uint32_t both = (uint32_t)draw(scene, cnt + 1);
	uint32_t geos = both + (uint32_t)draw(scene, cnt + 1 - both);

	record->rule_cnt = 0;
	for (uint32_t i = 0; i < cnt; i++) {
		struct rule *rule = &record->rules[record->rule_cnt];

		*rule = (struct rule){ .pool = record->rule_cnt };
		for (uint32_t k = (uint32_t)draw(scene, SUBNETS_MAX); i < geos && k < SUBNETS_MAX;
				k++) {
			add_strict_subnet(scene, record, rule);
		}
		for (uint32_t k = (uint32_t)draw(scene, GEOS_MAX); i >= both && k < GEOS_MAX; k++) {
			add_strict_geo(scene, record, rule);
		}
		/* Nothing fresh was found: then there is no such rule. */
		if ((i >= geos || rule->subnet_cnt > 0) && (i < both || rule->geo_cnt > 0)) {
			record->rule_cnt++;
		}
	}
	record->rules[record->rule_cnt] = (struct rule){ .pool = record->rule_cnt };
	record->pool_cnt = ++record->rule_cnt;
}

static void
make_record(struct scene *scene, uint32_t number)
{
	static const uint16_t types[] = { SCENE_A, SCENE_A, SCENE_AAAA, SCENE_CNAME, SCENE_CNAME,
		SCENE_DNAME };
	struct record *record = &scene->records[number];

	*record = (struct record){ .number = number };
	record->type = types[draw(scene, sizeof(types) / sizeof(types[0]))];
	record->is_lenient = has_luck(scene, 50);
	record->is_wildcard = record->type != SCENE_DNAME && has_luck(scene, 65);
	record->pool_cnt = 2 + (uint32_t)draw(scene, POOLS_MAX - 1);
	if (record->is_lenient) {
		make_lenient_rules(scene, record);
	} else {
		make_strict_rules(scene, record);
	}
	for (uint32_t i = 0; i <= record->pool_cnt; i++) {
		make_pool(scene, record, i);
	}
	if (record->type == SCENE_CNAME) {
		record->pools[record->pool_cnt].value_cnt = 1;
	}
}

void
scene_make(struct scene *scene)
{
	for (uint32_t i = 0; i < SCENE_RECORDS; i++) {
		make_record(scene, i);
	}
}

/* Names and values */

void
scene_owner(const struct record *record, char name[SCENE_NAME_MAX])
{
	(void)snprintf(name, SCENE_NAME_MAX, "%sr%u.%s",
			record->is_wildcard || record->type == SCENE_DNAME ? "q." : "",
			record->number, SCENE_ZONE);
}

void
scene_target(const struct record *record, uint32_t pool, uint32_t value, char name[SCENE_NAME_MAX])
{
	const struct pool *from = &record->pools[pool];
	char base[SCENE_NAME_MAX / 2];

	switch (from->leads_to) {
	case TO_RECORD:
		(void)snprintf(base, sizeof(base), "r%u.%s", from->record, SCENE_ZONE);
		break;
	case TO_HOP:
		(void)snprintf(base, sizeof(base), "hop%u.%s", from->record, SCENE_ZONE);
		break;
	case TO_DATA:
		(void)snprintf(base, sizeof(base), "end.%s", SCENE_ZONE);
		break;
	case TO_NODATA:
		(void)snprintf(base, sizeof(base), "text.%s", SCENE_ZONE);
		break;
	case TO_NOTHING:
		(void)snprintf(base, sizeof(base), "nothing.%s", SCENE_ZONE);
		break;
	default:
		(void)snprintf(base, sizeof(base), "elsewhere.example.");
		break;
	}
	(void)snprintf(name, SCENE_NAME_MAX, "c%up%uv%u.%s", record->number, pool, value, base);
}

size_t
scene_address_bytes(const struct record *record, uint32_t pool, uint32_t value, uint8_t bytes[16])
{
	const uint8_t ipv4[4] = { 10, (uint8_t)record->number, (uint8_t)pool, (uint8_t)value };

	memset(bytes, 0, 16);
	if (record->type == SCENE_A) {
		memcpy(bytes, ipv4, sizeof(ipv4));
		return 4;
	}
	bytes[0] = 0xfd;
	memcpy(bytes + 12, ipv4, sizeof(ipv4));
	return 16;
}

static void
write_value(FILE *file, const struct record *record, uint32_t pool, uint32_t value)
{
	char text[SCENE_NAME_MAX];
	uint8_t bytes[16];

	if (record->type == SCENE_A || record->type == SCENE_AAAA) {
		int family = scene_address_bytes(record, pool, value, bytes) == 4 ? AF_INET
		                                                                  : AF_INET6;

		(void)inet_ntop(family, bytes, text, sizeof(text));
	} else {
		scene_target(record, pool, value, text);
	}
	(void)fprintf(file, "\"%s\"", text);
}

static void
write_pool(FILE *file, const struct record *record, uint32_t number)
{
	const struct pool *pool = &record->pools[number];

	(void)fprintf(file, "      p%u: {", number);
	if (pool->fallback != NO_POOL) {
		(void)fprintf(file, "fallback: p%u, ", pool->fallback);
	}
	(void)fputs("values: [", file);
	for (uint32_t i = 0; i < pool->value_cnt; i++) {
		(void)fputs(i == 0 ? "{value: " : ", {value: ", file);
		write_value(file, record, number, i);
		(void)fprintf(file, ", weight: %u, status: %s}", pool->weights[i],
				pool->is_down[i] ? "down" : "obey");
	}
	(void)fputs("]}\n", file);
}

static void
write_subnet(FILE *file, const struct subnet *subnet)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	u128 value = subnet->family == 4 ? subnet->first << 96 : subnet->first;

	for (unsigned int i = 16; i-- > 0; value >>= 8) {
		bytes[i] = (uint8_t)value;
	}
	(void)inet_ntop(subnet->family == 4 ? AF_INET : AF_INET6, bytes, text, sizeof(text));
	(void)fprintf(file, "\"%s/%u\"", text, subnet->bits);
}

static void
write_rule(FILE *file, const struct rule *rule)
{
	(void)fprintf(file, "      - {pool: p%u", rule->pool);
	for (uint32_t i = 0; i < rule->geo_cnt; i++) {
		(void)fprintf(file, i == 0 ? ", geos: [\"%s\"" : ", \"%s\"", rule->geos[i]);
	}
	(void)fputs(rule->geo_cnt > 0 ? "]" : "", file);
	for (uint32_t i = 0; i < rule->subnet_cnt; i++) {
		(void)fputs(i == 0 ? ", subnets: [" : ", ", file);
		write_subnet(file, &rule->subnets[i]);
	}
	(void)fputs(rule->subnet_cnt > 0 ? "]}\n" : "}\n", file);
}

static const char *
type_name(uint16_t type)
{
	switch (type) {
	case SCENE_A:
		return "A";
	case SCENE_AAAA:
		return "AAAA";
	case SCENE_CNAME:
		return "CNAME";
	default:
		return "DNAME";
	}
}

static void
write_record(FILE *file, const struct record *record)
{
	const struct pool *own = &record->pools[record->pool_cnt];
	bool is_single = record->type == SCENE_CNAME || record->type == SCENE_DNAME;

	(void)fprintf(file, "\"%sr%u\":\n  type: %s\n  ttl: 60\n", record->is_wildcard ? "*." : "",
			record->number, type_name(record->type));
	(void)fputs(is_single ? "  value: " : "  values: [", file);
	for (uint32_t i = 0; i < own->value_cnt; i++) {
		(void)fputs(i == 0 ? "" : ", ", file);
		write_value(file, record, record->pool_cnt, i);
	}
	(void)fprintf(file, "%s\n  octodns: {lenient: %s}\n", is_single ? "" : "]",
			record->is_lenient ? "true" : "false");
	(void)fputs("  dynamic:\n    pools:\n", file);
	for (uint32_t i = 0; i < record->pool_cnt; i++) {
		write_pool(file, record, i);
	}
	(void)fputs("    rules:\n", file);
	for (uint32_t i = 0; i < record->rule_cnt; i++) {
		write_rule(file, &record->rules[i]);
	}
	/* What leads here in two steps. */
	(void)fprintf(file, "\"*.hop%u\": {type: CNAME, value: \"h.r%u.%s\"}\n", record->number,
			record->number, SCENE_ZONE);
}

int
scene_write(const struct scene *scene, const char *path)
{
	FILE *file = fopen(path, "w");

	if (file == NULL) {
		return -errno;
	}
	(void)fputs("\"\": {type: NS, value: ns1." SCENE_ZONE "}\n"
		    "ns1: {type: A, value: 192.0.2.53}\n"
		    "\"*.end\":\n  - {type: A, value: 192.0.2.1}\n"
		    "  - {type: AAAA, value: \"2001:db8::1\"}\n"
		    "\"*.text\": {type: TXT, value: text}\n",
			file);
	for (uint32_t i = 0; i < SCENE_RECORDS; i++) {
		write_record(file, &scene->records[i]);
	}
	return fclose(file) == 0 ? 0 : -errno;
}
