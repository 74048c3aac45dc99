/*
 * blast_count DATABASE ZONES_BEFORE ZONES_AFTER: the blast radius of a plan, counted again the slow
 * way, and compared number by number: record, pools, country.
 *
 * The slow way asks each address for itself, by the data plane's own look-up (tbl_locate,
 * tbl_choose), and the database by libmaxminddb; nothing of the plan's own walk over leaves is used.
 *
 * IPv4: every /24. Where a prefix of the database or of a rule ends within a /24, every address of
 * it, so that the counts are exact and not only nearly so.
 * IPv6: the database names 3 * 10^10 prefixes of 48 bits, so they are taken in stretches: between two
 * neighbouring bounds of everything that the databases and the rules name (read from them, not from
 * a table) nothing can differ. In a stretch of up to 256 /48s each is asked, in a longer one 64 of
 * them, always the first and the last address; they must agree, and the stretch counts whole. A
 * stretch that is less than a /48 is the finer level of IPv4 again.
 *
 * Three changes: other rules; another database (of which one prefix in 7 lies elsewhere, one in 13
 * is gone and one in 11 has a part that lies elsewhere); both.
 */
#include <arpa/inet.h>
#include <jansson.h>
#include <maxminddb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/compile.h"
#include "control/geo.h"
#include "control/plan.h"
#include "control/zones.h"

__extension__ typedef unsigned __int128 u128;

#define RECORDS_MAX   64u
#define MOVES_MAX     16u
#define COUNTRIES_MAX 300u /* over what ISO 3166 has */
#define BLOCKS        (1u << 24)
#define EACH_48_MAX   256u /* /48s of a stretch that are all asked */
#define SPREAD_48     64u

/* Ends the program: a test has nothing to clean up. */
static void __attribute__((noreturn, format(printf, 1, 2))) give_up(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fputs("blast_count: ", stderr);
	/* It is: the line above. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	_exit(1); /* stderr is not buffered */
}

static void *
allocate(size_t cnt, size_t bytes)
{
	void *memory = calloc(cnt, bytes);

	if (memory == NULL) {
		give_up("out of memory");
	}
	return memory;
}

/* What is compared */

struct side {
	const struct cp_zones *zones;
	const struct cp_geo *geo;
	void *image;
	struct tbl_view view;
};

struct count {
	uint64_t ipv4;
	u128 ipv6;
};
struct move {
	const char *from; /* NULL: no rule */
	const char *to;
	struct count countries[COUNTRIES_MAX + 1]; /* the last: in none */
};
struct record {
	const struct tbl_dyn *served;
	const struct tbl_dyn *wanted;
	char name[TBL_NAME_TEXT_MAX];
	char type[CP_TYPE_NAME_MAX];
	struct move moves[MOVES_MAX];
	size_t move_cnt;
};

struct census {
	MMDB_s *mmdb;
	struct side served;
	struct side wanted;
	struct record *records;
	size_t record_cnt;
	/* The database's countries by where its data lies, and the last one that was found. */
	uint32_t offsets[COUNTRIES_MAX];
	char codes[COUNTRIES_MAX][12];
	size_t country_cnt;
	size_t last_country;
	uint64_t asked_cnt;
};

static struct side
compile(const struct cp_zones *zones, const struct cp_geo *geo, uint64_t generation)
{
	const struct cp_compile_params params = { .generation = generation,
		.hash_seed = { generation, 1 } };
	struct side side = { .zones = zones, .geo = geo };
	struct cp_compiler *compiler = NULL;
	struct conf_errors errors = { 0 };
	size_t size = 0;

	if (cp_compiler_new(&compiler) != 0 || cp_compile(compiler, zones, geo, &params, &errors,
							       &side.image, &size) != 0) {
		conf_errors_print(&errors, stderr, false);
		give_up("the zones do not compile");
	}
	conf_errors_free(&errors);
	cp_compiler_free(compiler);
	tbl_view_init(&side.view, side.image, NULL);
	return side;
}

static struct cp_zones *
load_zones(const char *dir)
{
	struct cp_zones_options options = cp_zones_defaults();
	struct conf_errors errors = { 0 };
	struct cp_zones *zones = NULL;

	if (cp_zones_load(dir, &options, &errors, &zones) != 0 || errors.error_cnt > 0) {
		conf_errors_print(&errors, stderr, false);
		give_up("%s cannot be loaded", dir);
	}
	conf_errors_free(&errors);
	return zones;
}

static const struct tbl_dyn *
find_dyn(const struct tbl_view *view, const char *name, uint16_t type)
{
	for (size_t i = 0; i < view->header->sections[TBL_SECTION_DYNS].cnt; i++) {
		const struct tbl_dyn *dyn = &view->dyns[i];
		char text[TBL_NAME_TEXT_MAX];

		(void)tbl_name_to_text(tbl_node_name(view, &view->nodes[dyn->node]), text);
		if (dyn->type == type && strcmp(text, name) == 0) {
			return dyn;
		}
	}
	return NULL;
}

static void
pair_records(struct census *census)
{
	const struct tbl_view *view = &census->wanted.view;

	census->records = allocate(RECORDS_MAX, sizeof(*census->records));
	for (size_t i = 0; i < view->header->sections[TBL_SECTION_DYNS].cnt; i++) {
		struct record *record = &census->records[census->record_cnt];

		if (census->record_cnt == RECORDS_MAX) {
			give_up("more than %u records", RECORDS_MAX);
		}
		record->wanted = &view->dyns[i];
		(void)tbl_name_to_text(tbl_node_name(view, &view->nodes[record->wanted->node]),
				record->name);
		(void)snprintf(record->type, sizeof(record->type), "%s",
				cp_type_name(record->wanted->type, record->type));
		record->served = find_dyn(&census->served.view, record->name, record->wanted->type);
		census->record_cnt += record->served != NULL;
	}
}

/* One address */

static const char *
pool_of(const struct tbl_view *view, const struct tbl_dyn *dyn, uint32_t leaf)
{
	const struct tbl_ruleset *ruleset = &view->rulesets[dyn->ruleset];
	uint32_t rule = tbl_choose(view, dyn, leaf).rule;

	if (rule >= ruleset->rule_cnt) {
		return NULL;
	}
	return view->strings +
	       view->pools[dyn->pool_first + view->rules[ruleset->rule_first + rule].pool].name_str;
}

static bool
is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static struct move *
move_of(struct record *record, const char *from, const char *to)
{
	for (size_t i = 0; i < record->move_cnt; i++) {
		if (is_same(record->moves[i].from, from) && is_same(record->moves[i].to, to)) {
			return &record->moves[i];
		}
	}
	if (record->move_cnt == MOVES_MAX) {
		give_up("more than %u moves of %s", MOVES_MAX, record->name);
	}
	record->moves[record->move_cnt].from = from;
	record->moves[record->move_cnt].to = to;
	return &record->moves[record->move_cnt++];
}

/* The number of what the database has at one place of its data. octoDNS's vocabulary lacks a few codes
 * (XK, Kosovo), whose addresses are then in no country: the code stays "". */
static size_t
number_country(struct census *census, MMDB_entry_s *entry)
{
	MMDB_entry_data_s data;
	char country[3] = "";

	for (size_t i = 0; i < census->country_cnt; i++) {
		if (census->offsets[i] == entry->offset) {
			return i;
		}
	}
	if (MMDB_get_value(entry, &data, "country_code", NULL) != MMDB_SUCCESS || !data.has_data ||
			data.data_size != 2 || census->country_cnt == COUNTRIES_MAX) {
		give_up("the database has no country_code, or too many");
	}
	memcpy(country, data.utf8_string, 2);
	(void)cp_geo_code_of(country, NULL, census->codes[census->country_cnt]);
	census->offsets[census->country_cnt] = entry->offset;
	return census->country_cnt++;
}

/* libmaxminddb's word for an address; COUNTRIES_MAX when it has none. */
static size_t
country_of(struct census *census, const struct tbl_addr *addr)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	MMDB_lookup_result_s result;
	int error = MMDB_SUCCESS;

	memcpy(&in4.sin_addr, addr->bytes, 4);
	memcpy(&in6.sin6_addr, addr->bytes, 16);
	result = addr->family == 4 ? MMDB_lookup_sockaddr(census->mmdb,
						     (const struct sockaddr *)&in4, &error)
	                           : MMDB_lookup_sockaddr(census->mmdb,
						     (const struct sockaddr *)&in6, &error);
	if (error != MMDB_SUCCESS || !result.found_entry) {
		return COUNTRIES_MAX;
	}
	if (census->country_cnt == 0 ||
			census->offsets[census->last_country] != result.entry.offset) {
		census->last_country = number_country(census, &result.entry);
	}
	return census->codes[census->last_country][0] != '\0' ? census->last_country
	                                                      : COUNTRIES_MAX;
}

struct answer {
	const char *from[RECORDS_MAX];
	const char *to[RECORDS_MAX];
	size_t country;
};

static void
ask(struct census *census, const struct tbl_addr *addr, struct answer *answer)
{
	uint32_t served = tbl_locate(&census->served.view, addr);
	uint32_t wanted = tbl_locate(&census->wanted.view, addr);

	census->asked_cnt++;
	answer->country = country_of(census, addr);
	for (size_t i = 0; i < census->record_cnt; i++) {
		const struct record *record = &census->records[i];

		answer->from[i] = pool_of(&census->served.view, record->served, served);
		answer->to[i] = pool_of(&census->wanted.view, record->wanted, wanted);
	}
}

static void
add(struct census *census, const struct answer *answer, uint64_t ipv4, u128 ipv6)
{
	for (size_t i = 0; i < census->record_cnt; i++) {
		if (!is_same(answer->from[i], answer->to[i])) {
			struct move *move = move_of(
					&census->records[i], answer->from[i], answer->to[i]);

			move->countries[answer->country].ipv4 += ipv4;
			move->countries[answer->country].ipv6 += ipv6;
		}
	}
}

/* Every prefix that anything names */

struct prefixes {
	struct tbl_prefix *items;
	size_t cnt;
	size_t cap;
};

static void
add_prefix(struct prefixes *prefixes, const struct tbl_prefix *prefix)
{
	if (prefixes->cnt == prefixes->cap) {
		prefixes->cap = prefixes->cap == 0 ? 1024 : 2 * prefixes->cap;
		prefixes->items = realloc(prefixes->items, prefixes->cap * sizeof(*prefix));
		if (prefixes->items == NULL) {
			give_up("out of memory");
		}
	}
	prefixes->items[prefixes->cnt++] = *prefix;
}

static void
add_rules(struct prefixes *prefixes, const struct cp_dynamic *dynamic)
{
	for (uint32_t i = 0; i < dynamic->rule_cnt; i++) {
		for (uint32_t k = 0; k < dynamic->rules[i].subnet_cnt; k++) {
			add_prefix(prefixes, &dynamic->rules[i].subnets[k]);
		}
	}
}

static void
add_side(struct prefixes *prefixes, const struct side *side)
{
	for (size_t i = 0; i < side->geo->table.prefix_cnt; i++) {
		add_prefix(prefixes, &side->geo->table.prefixes[i].prefix);
	}
	for (size_t z = 0; z < side->zones->cnt; z++) {
		const struct cp_zone *zone = &side->zones->items[z];

		for (size_t r = 0; r < zone->record_cnt; r++) {
			if (zone->records[r].dynamic != NULL) {
				add_rules(prefixes, zone->records[r].dynamic);
			}
		}
	}
}

/* IPv4 */

static struct tbl_addr
address4(uint32_t value)
{
	return (struct tbl_addr){ .family = 4,
		.bytes = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
				(uint8_t)value } };
}

static void
count_ipv4(struct census *census, const struct prefixes *prefixes)
{
	uint8_t *is_fine = allocate(BLOCKS, 1);

	for (size_t i = 0; i < prefixes->cnt; i++) {
		const struct tbl_prefix *prefix = &prefixes->items[i];

		if (prefix->family == 4 && prefix->bits > 24) {
			is_fine[(uint32_t)prefix->bytes[0] << 16 | (uint32_t)prefix->bytes[1] << 8 |
					prefix->bytes[2]] = 1;
		}
	}
	for (uint32_t block = 0; block < BLOCKS; block++) {
		uint32_t step = is_fine[block] ? 1 : 256;

		for (uint32_t i = 0; i < 256; i += step) {
			struct tbl_addr addr = address4(block << 8 | i);
			struct answer answer;

			ask(census, &addr, &answer);
			add(census, &answer, step, 0);
		}
	}
	free(is_fine);
}

/* IPv6 */

static u128
first_of(const struct tbl_prefix *prefix)
{
	u128 value = 0;

	for (size_t i = 0; i < 16; i++) {
		value = value << 8 | prefix->bytes[i];
	}
	return value;
}

static struct tbl_addr
address6(u128 value)
{
	struct tbl_addr addr = { .family = 6 };

	for (size_t i = 16; i-- > 0; value >>= 8) {
		addr.bytes[i] = (uint8_t)value;
	}
	return addr;
}

/* The file keeps IPv4 in ::/96 of its tree: no place of an IPv6 address. */
static void
ask6(struct census *census, u128 value, struct answer *answer)
{
	struct tbl_addr addr = address6(value);

	ask(census, &addr, answer);
	if (value >> 32 == 0) {
		answer->country = COUNTRIES_MAX;
	}
}

static void
expect_same(const struct census *census, const struct answer *a, const struct answer *b)
{
	for (size_t i = 0; i < census->record_cnt; i++) {
		if (!is_same(a->from[i], b->from[i]) || !is_same(a->to[i], b->to[i])) {
			give_up("%s changes where nothing names a bound", census->records[i].name);
		}
	}
	if (a->country != b->country) {
		give_up("the country changes where nothing names a bound");
	}
}

static void
count_stretch(struct census *census, u128 first, u128 last)
{
	const u128 unit = (u128)1 << 80; /* a /48 */
	u128 units = (last - first) / unit;
	u128 step = units <= EACH_48_MAX ? unit : units / SPREAD_48 * unit;
	struct answer answer = { .country = 0 };
	struct answer other = { .country = 0 };

	ask6(census, first, &answer);
	for (u128 at = step; at < last - first; at += step) {
		ask6(census, first + at, &other);
		expect_same(census, &answer, &other);
	}
	ask6(census, last, &other);
	expect_same(census, &answer, &other);
	add(census, &answer, 0, last - first + 1);
}

static int
compare_u128(const void *left, const void *right)
{
	u128 a = *(const u128 *)left;
	u128 b = *(const u128 *)right;

	return (a > b) - (a < b);
}

static void
count_ipv6(struct census *census, const struct prefixes *prefixes)
{
	u128 *bounds = allocate(2 * prefixes->cnt + 2, sizeof(*bounds));
	size_t cnt = 0;

	bounds[cnt++] = 0;
	bounds[cnt++] = (u128)1 << 32; /* see ask6 */
	for (size_t i = 0; i < prefixes->cnt; i++) {
		const struct tbl_prefix *prefix = &prefixes->items[i];

		if (prefix->family == 6) {
			u128 first = first_of(prefix);

			bounds[cnt++] = first;
			if (prefix->bits > 0) {
				/* 0 behind the last of all: a bound that is there already. */
				bounds[cnt++] = first + ((u128)1 << (128 - prefix->bits));
			}
		}
	}
	qsort(bounds, cnt, sizeof(*bounds), compare_u128);
	for (size_t i = 0; i < cnt; i++) {
		if (i + 1 == cnt || bounds[i] != bounds[i + 1]) {
			count_stretch(census, bounds[i],
					i + 1 == cnt ? ~(u128)0 : bounds[i + 1] - 1);
		}
	}
	free(bounds);
}

/* Comparison */

static u128
read_u128(const char *text)
{
	u128 value = 0;

	for (; *text != '\0'; text++) {
		value = value * 10 + (unsigned int)(*text - '0');
	}
	return value;
}

static bool
has_count(const json_t *json, const struct count *count)
{
	const char *ipv6 = json_string_value(json_object_get(json, "ipv6_addresses"));

	return (uint64_t)json_integer_value(json_object_get(json, "ipv4_addresses")) ==
	                       count->ipv4 &&
	       ipv6 != NULL && read_u128(ipv6) == count->ipv6;
}

static const json_t *
find_text(const json_t *list, const char *key, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		if (is_same(json_string_value(json_object_get(item, key)), text)) {
			return item;
		}
	}
	return NULL;
}

static const json_t *
find_move(const json_t *moves, const struct move *move)
{
	for (size_t i = 0; i < json_array_size(moves); i++) {
		const json_t *item = json_array_get(moves, i);

		if (is_same(json_string_value(json_object_get(item, "from")), move->from) &&
				is_same(json_string_value(json_object_get(item, "to")), move->to)) {
			return item;
		}
	}
	return NULL;
}

/* Returns how many numbers were equal. */
static size_t
compare_move(const struct census *census, const struct record *record, const struct move *move,
		const json_t *json)
{
	const json_t *countries = json_object_get(json, "countries");
	struct count sum = { 0 };
	size_t cnt = 0;

	for (size_t i = 0; i <= COUNTRIES_MAX; i++) {
		const struct count *count = &move->countries[i];
		const char *code = i < COUNTRIES_MAX ? census->codes[i] : NULL;

		sum.ipv4 += count->ipv4;
		sum.ipv6 += count->ipv6;
		if (count->ipv4 > 0 || count->ipv6 > 0) {
			const json_t *country = find_text(countries, "code", code);

			if (country == NULL || !has_count(country, count)) {
				give_up("%s %s, %s to %s, %s: the plan has another number",
						record->name, record->type, move->from, move->to,
						code != NULL ? code : "in no country");
			}
			cnt++;
		}
	}
	if (json == NULL || !has_count(json, &sum) || json_array_size(countries) != cnt) {
		give_up("%s %s, %s to %s: the plan has another number", record->name, record->type,
				move->from, move->to);
	}
	return 2 * (cnt + 1);
}

static const json_t *
moves_of(const json_t *plan, const struct record *record)
{
	const json_t *groups = json_object_get(plan, "moves");

	for (size_t i = 0; i < json_array_size(groups); i++) {
		const json_t *records = json_object_get(json_array_get(groups, i), "records");

		for (size_t k = 0; k < json_array_size(records); k++) {
			const json_t *item = json_array_get(records, k);

			if (is_same(json_string_value(json_object_get(item, "name")),
					    record->name) &&
					is_same(json_string_value(json_object_get(item, "type")),
							record->type)) {
				return json_object_get(json_array_get(groups, i), "moves");
			}
		}
	}
	return NULL;
}

static void
compare(const struct census *census, const char *what)
{
	const struct cp_plan_input input = { .served = &census->served.view,
		.wanted = &census->wanted.view,
		.geo = census->wanted.geo };
	size_t number_cnt = 0;
	size_t moving_cnt = 0;
	json_t *plan = NULL;

	if (cp_plan_make(&input, &plan) != 0) {
		give_up("no plan");
	}
	for (size_t i = 0; i < census->record_cnt; i++) {
		const struct record *record = &census->records[i];
		const json_t *moves = moves_of(plan, record);

		if (json_array_size(moves) != record->move_cnt) {
			give_up("%s %s: the plan has %zu moves, not %zu", record->name,
					record->type, json_array_size(moves), record->move_cnt);
		}
		moving_cnt += record->move_cnt > 0;
		for (size_t k = 0; k < record->move_cnt; k++) {
			number_cnt += compare_move(census, record, &record->moves[k],
					find_move(moves, &record->moves[k]));
		}
	}
	json_decref(plan);
	if (moving_cnt == 0) {
		give_up("%s: nothing moves, so nothing was compared", what);
	}
	printf("%s: %zu of %zu records move, %zu numbers equal, %llu addresses asked\n", what,
			moving_cnt, census->record_cnt, number_cnt,
			(unsigned long long)census->asked_cnt);
}

static void
run(const char *what, MMDB_s *mmdb, const struct side *served, const struct side *wanted)
{
	struct census census = { .mmdb = mmdb, .served = *served, .wanted = *wanted };
	struct prefixes prefixes = { 0 };

	add_side(&prefixes, served);
	add_side(&prefixes, wanted);
	pair_records(&census);
	count_ipv4(&census, &prefixes);
	count_ipv6(&census, &prefixes);
	compare(&census, what);
	free(prefixes.items);
	free(census.records);
}

/* The database with some prefixes elsewhere, some gone, and some with a hole in them. They are the
 * caller's. */
static struct cp_geo
doctor(const struct cp_geo *geo, struct tbl_geo_prefix **ret_prefixes)
{
	const struct tbl_geo *table = &geo->table;
	struct tbl_geo_prefix *prefixes = allocate(2 * table->prefix_cnt, sizeof(*prefixes));
	struct cp_geo doctored = *geo;
	size_t cnt = 0;

	for (size_t i = 0; i < table->prefix_cnt; i++) {
		struct tbl_geo_prefix prefix = table->prefixes[i];
		uint32_t elsewhere = (prefix.place + 1 + (uint32_t)(i % 5)) % table->place_cnt;
		uint8_t deeper = prefix.prefix.family == 4 ? 3 : 5;

		if (i % 13 == 0) {
			continue;
		}
		if (i % 7 == 0) {
			prefix.place = elsewhere;
		}
		prefixes[cnt++] = prefix;
		if (i % 11 == 0 && prefix.prefix.bits + deeper <= (deeper == 3 ? 32 : 128)) {
			prefix.prefix.bits = (uint8_t)(prefix.prefix.bits + deeper);
			prefix.place = (elsewhere + 3) % table->place_cnt;
			prefixes[cnt++] = prefix;
		}
	}
	*ret_prefixes = prefixes;
	doctored.table.prefixes = prefixes;
	doctored.table.prefix_cnt = cnt;
	doctored.content_hash++;
	return doctored;
}

int
main(int argc, char **argv)
{
	struct conf_errors errors = { 0 };
	struct cp_geo *geo = NULL;
	struct tbl_geo_prefix *prefixes = NULL;
	struct cp_geo doctored;
	struct cp_zones *before;
	struct cp_zones *after;
	struct side sides[3];
	MMDB_s mmdb;

	if (argc != 4) {
		give_up("usage: blast_count DATABASE ZONES_BEFORE ZONES_AFTER");
	}
	if (cp_geo_load((const char *const *)&argv[1], 1, &errors, &geo) != 0 ||
			MMDB_open(argv[1], MMDB_MODE_MMAP, &mmdb) != MMDB_SUCCESS) {
		give_up("%s cannot be loaded", argv[1]);
	}
	before = load_zones(argv[2]);
	after = load_zones(argv[3]);
	doctored = doctor(geo, &prefixes);
	sides[0] = compile(before, geo, 1);
	sides[1] = compile(after, geo, 2);
	sides[2] = compile(before, &doctored, 3);
	run("other rules", &mmdb, &sides[0], &sides[1]);
	run("another database", &mmdb, &sides[2], &sides[0]);
	run("other rules and another database", &mmdb, &sides[2], &sides[1]);
	for (size_t i = 0; i < 3; i++) {
		free(sides[i].image);
	}
	cp_zones_free(before);
	cp_zones_free(after);
	cp_geo_free(geo);
	free(prefixes);
	MMDB_close(&mmdb);
	conf_errors_free(&errors);
	return 0;
}
