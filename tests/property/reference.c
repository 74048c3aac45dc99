#include "tests/property/reference.h"

#include <arpa/inet.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/geo.h"

#define IPV4_DEPTH 96u /* of ::/96, where a tree for IPv6 has IPv4 */

static void __attribute__((noreturn)) give_up(const char *what)
{
	(void)fprintf(stderr, "reference: %s\n", what);
	_exit(1); /* stderr is not buffered */
}

static void
append(struct stretches *stretches, u128 first, uint32_t what)
{
	if (stretches->cnt > 0 && stretches->items[stretches->cnt - 1].what == what) {
		return;
	}
	if (stretches->cnt == stretches->cap) {
		stretches->cap = stretches->cap == 0 ? 1024 : 2 * stretches->cap;
		stretches->items = realloc(
				stretches->items, stretches->cap * sizeof(*stretches->items));
		if (stretches->items == NULL) {
			give_up("out of memory");
		}
	}
	stretches->items[stretches->cnt++] = (struct stretch){ first, what };
}

/* Index of the stretch that an address is in. */
static size_t
find(const struct stretches *stretches, u128 value)
{
	size_t low = 0;
	size_t high = stretches->cnt;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (stretches->items[middle].first <= value) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return low;
}

static const struct stretches *
of_family(const struct stretches by_family[2], unsigned int family)
{
	return &by_family[family == 6];
}

/* The database */

/* One reading of a database: its places by where their data lies, the last of them first tried. */
struct reading {
	MMDB_s mmdb;
	struct reference *reference;
	uint32_t offsets[REFERENCE_PLACES_MAX];
	uint32_t of_offset[REFERENCE_PLACES_MAX];
	uint32_t offset_cnt;
};

static bool
read_text(MMDB_entry_s *entry, const char *const *path, char *text, size_t size)
{
	MMDB_entry_data_s value;

	if (MMDB_aget_value(entry, &value, path) != MMDB_SUCCESS || !value.has_data ||
			value.type != MMDB_DATA_TYPE_UTF8_STRING || value.data_size >= size) {
		return false;
	}
	memcpy(text, value.utf8_string, value.data_size);
	text[value.data_size] = '\0';
	return true;
}

static uint32_t
number_code(struct reference *reference, const char *code)
{
	for (uint32_t i = 0; i < reference->place_cnt; i++) {
		if (strcmp(reference->places[i], code) == 0) {
			return i;
		}
	}
	if (reference->place_cnt == REFERENCE_PLACES_MAX) {
		give_up("more places than there are");
	}
	memcpy(reference->places[reference->place_cnt], code, strlen(code) + 1);
	return reference->place_cnt++;
}

static uint32_t
read_place(struct reading *reading, MMDB_entry_s *entry)
{
	static const char *const flat[] = { "country_code", NULL };
	static const char *const country_path[] = { "country", "iso_code", NULL };
	static const char *const province_path[] = { "subdivisions", "0", "iso_code", NULL };
	char country[8] = "";
	char province[8];
	char code[12];
	bool has_province = read_text(entry, province_path, province, sizeof(province));

	if (!read_text(entry, flat, country, sizeof(country))) {
		(void)read_text(entry, country_path, country, sizeof(country));
	}
	if (!cp_geo_code_of(country, has_province ? province : NULL, code)) {
		return NOWHERE;
	}
	return number_code(reading->reference, code);
}

static uint32_t
place_of(struct reading *reading, MMDB_entry_s *entry)
{
	uint32_t at = reading->offset_cnt;

	for (uint32_t i = 0; i < reading->offset_cnt; i++) {
		if (reading->offsets[i] == entry->offset) {
			return reading->of_offset[i];
		}
	}
	if (at == REFERENCE_PLACES_MAX) {
		return read_place(reading, entry);
	}
	reading->offset_cnt++;
	reading->offsets[at] = entry->offset;
	reading->of_offset[at] = read_place(reading, entry);
	return reading->of_offset[at];
}

/* Where a tree leads to IPv4: at ::/96, and wherever else it goes to the same node. Those addresses
 * are no IPv6 places (docs/decisions.md). Returns the depth, or 0 for an address that is elsewhere. */
static unsigned int
depth_of_ipv4(const MMDB_s *mmdb, u128 value)
{
	uint64_t node = 0;

	if (value >> 32 == 0) {
		return IPV4_DEPTH;
	}
	for (unsigned int depth = 0; depth < 128; depth++) {
		MMDB_search_node_s found;
		bool is_one = (value >> (127 - depth) & 1) != 0;

		if (depth > 0 && node == mmdb->ipv4_start_node.node_value) {
			return depth;
		}
		if (MMDB_read_node(mmdb, (uint32_t)node, &found) != MMDB_SUCCESS) {
			give_up("a node cannot be read");
		}
		if ((is_one ? found.right_record_type : found.left_record_type) !=
				MMDB_RECORD_TYPE_SEARCH_NODE) {
			return 0;
		}
		node = is_one ? found.right_record : found.left_record;
	}
	return 0;
}

static MMDB_lookup_result_s
look_up(const MMDB_s *mmdb, u128 value, unsigned int family)
{
	struct sockaddr_in ipv4 = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl((uint32_t)value) };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6 };
	MMDB_lookup_result_s result;
	int err = MMDB_SUCCESS;

	for (unsigned int i = 16; i-- > 0; value >>= 8) {
		ipv6.sin6_addr.s6_addr[i] = (uint8_t)value;
	}
	result = MMDB_lookup_sockaddr(mmdb,
			family == 4 ? (const struct sockaddr *)(const void *)&ipv4
				    : (const struct sockaddr *)(const void *)&ipv6,
			&err);
	if (err != MMDB_SUCCESS) {
		give_up(MMDB_strerror(err));
	}
	return result;
}

/* The place of an address and the length of the prefix in which nothing else can be. */
static uint32_t
ask_database(struct reading *reading, u128 value, unsigned int family, unsigned int *ret_bits)
{
	MMDB_lookup_result_s result = look_up(&reading->mmdb, value, family);
	bool is_tree6 = reading->mmdb.metadata.ip_version == 6;
	unsigned int ipv4_depth = 0;

	if (family == 4) {
		*ret_bits = !is_tree6                     ? result.netmask
		            : result.netmask > IPV4_DEPTH ? result.netmask - IPV4_DEPTH
		                                          : 0u;
	} else {
		ipv4_depth = depth_of_ipv4(&reading->mmdb, value);
		/* A record around ::/96 holds for IPv6 too. */
		if (ipv4_depth > 0 && result.netmask >= ipv4_depth) {
			*ret_bits = ipv4_depth;
			return NOWHERE;
		}
		*ret_bits = result.netmask;
	}
	return result.found_entry ? place_of(reading, &result.entry) : NOWHERE;
}

static void
keep_prefix(struct reference *reference, const struct subnet *prefix)
{
	size_t cnt = reference->prefix_cnt;

	if ((cnt & (cnt - 1)) == 0) {
		reference->prefixes = realloc(reference->prefixes,
				(cnt == 0 ? 1 : 2 * cnt) * sizeof(*reference->prefixes));
		if (reference->prefixes == NULL) {
			give_up("out of memory");
		}
	}
	reference->prefixes[reference->prefix_cnt++] = *prefix;
}

static void
read_family(struct reading *reading, unsigned int family)
{
	struct reference *reference = reading->reference;
	u128 last = last_of(0, family, 0);
	u128 at = 0;

	for (;;) {
		unsigned int bits;
		uint32_t place = ask_database(reading, at, family, &bits);
		u128 end = last_of(at, family, bits);

		append(&reference->by_family[family == 6], at, place);
		if (place != NOWHERE) {
			keep_prefix(reference, &(struct subnet){ at, family, bits });
		}
		if (end == last) {
			return;
		}
		at = end + 1;
	}
}

void
reference_open(struct reference *reference, const char *database)
{
	static struct reading reading;

	memset(reference, 0, sizeof(*reference));
	reference->place_cnt = 1;
	reading.offset_cnt = 0;
	reading.reference = reference;
	if (MMDB_open(database, MMDB_MODE_MMAP, &reading.mmdb) != MMDB_SUCCESS) {
		give_up("the database cannot be opened");
	}
	read_family(&reading, 4);
	if (reading.mmdb.metadata.ip_version == 6) {
		read_family(&reading, 6);
	} else {
		append(&reference->by_family[1], 0, NOWHERE);
	}
	MMDB_close(&reading.mmdb);
}

void
reference_close(struct reference *reference)
{
	free(reference->by_family[0].items);
	free(reference->by_family[1].items);
	free(reference->prefixes);
}

/* Rules */

static bool
has_address(const struct subnet *subnet, struct address address)
{
	return subnet->family == address.family &&
	       first_of(address.value, address.family, subnet->bits) == subnet->first;
}

/* "NA-US" names the place "NA-US-CA" as well. */
static bool
names_place(const char *code, const char *place)
{
	size_t len = strlen(code);

	return strncmp(code, place, len) == 0 && (place[len] == '\0' || place[len] == '-');
}

/* The rule with the longest subnet, the earlier of two. */
static const struct rule *
by_subnet(const struct record *record, struct address address)
{
	const struct rule *best = NULL;
	unsigned int best_bits = 0;

	for (uint32_t r = 0; r < record->rule_cnt; r++) {
		for (uint32_t i = 0; i < record->rules[r].subnet_cnt; i++) {
			const struct subnet *subnet = &record->rules[r].subnets[i];

			if (has_address(subnet, address) &&
					(best == NULL || subnet->bits > best_bits)) {
				best = &record->rules[r];
				best_bits = subnet->bits;
			}
		}
	}
	return best;
}

/* The rule with the longest code, the earlier of two. */
static const struct rule *
by_place(const struct record *record, const char *place)
{
	const struct rule *best = NULL;
	size_t best_len = 0;

	for (uint32_t r = 0; r < record->rule_cnt; r++) {
		for (uint32_t i = 0; i < record->rules[r].geo_cnt; i++) {
			const char *code = record->rules[r].geos[i];

			if (names_place(code, place) && strlen(code) > best_len) {
				best = &record->rules[r];
				best_len = strlen(code);
			}
		}
	}
	return best;
}

static bool
is_catch_all(const struct rule *rule)
{
	return rule->geo_cnt == 0 && rule->subnet_cnt == 0;
}

/* A subnet beats any geo, the most specific geo the others, the catch-all comes last. */
static uint32_t
judge(const struct record *record, struct address address, const char *place)
{
	const struct rule *rule = by_subnet(record, address);

	if (rule == NULL) {
		rule = by_place(record, place);
	}
	for (uint32_t r = 0; rule == NULL && r < record->rule_cnt; r++) {
		rule = is_catch_all(&record->rules[r]) ? &record->rules[r] : NULL;
	}
	return rule != NULL ? rule->pool : NO_POOL;
}

/* Whether the order of the rules says the same: octoDNS accepted them, and no rule's geo stands before
 * another rule's subnet, as it may where two rules have both. */
static bool
is_in_order(const struct record *record)
{
	uint32_t both_cnt = 0;

	for (uint32_t r = 0; r < record->rule_cnt; r++) {
		both_cnt += record->rules[r].geo_cnt > 0 && record->rules[r].subnet_cnt > 0;
	}
	return !record->is_lenient && both_cnt < 2;
}

/* The first rule that matches. */
static uint32_t
judge_in_order(const struct record *record, struct address address, const char *place)
{
	for (uint32_t r = 0; r < record->rule_cnt; r++) {
		const struct rule *rule = &record->rules[r];
		bool is_match = is_catch_all(rule);

		for (uint32_t i = 0; i < rule->subnet_cnt; i++) {
			is_match = is_match || has_address(&rule->subnets[i], address);
		}
		for (uint32_t i = 0; i < rule->geo_cnt; i++) {
			is_match = is_match || names_place(rule->geos[i], place);
		}
		if (is_match) {
			return rule->pool;
		}
	}
	return NO_POOL;
}

static int
compare_values(const void *left, const void *right)
{
	u128 a = *(const u128 *)left;
	u128 b = *(const u128 *)right;

	return (a > b) - (a < b);
}

/* Where a subnet of the record begins, and where the addresses behind it do. */
static size_t
collect_bounds(const struct record *record, unsigned int family, u128 *bounds)
{
	size_t cnt = 0;

	for (uint32_t r = 0; r < record->rule_cnt; r++) {
		for (uint32_t i = 0; i < record->rules[r].subnet_cnt; i++) {
			const struct subnet *subnet = &record->rules[r].subnets[i];
			u128 last;

			if (subnet->family != family) {
				continue;
			}
			last = last_of(subnet->first, family, subnet->bits);
			bounds[cnt++] = subnet->first;
			if (last != last_of(0, family, 0)) {
				bounds[cnt++] = last + 1;
			}
		}
	}
	qsort(bounds, cnt, sizeof(*bounds), compare_values);
	return cnt;
}

static void
know_family(const struct reference *reference, const struct record *record, unsigned int family,
		struct stretches *known)
{
	const struct stretches *places = of_family(reference->by_family, family);
	u128 bounds[2 * RULES_MAX * SUBNETS_MAX];
	size_t bound_cnt = collect_bounds(record, family, bounds);
	size_t next_bound = 0;
	size_t place = 0;
	u128 at = 0;

	for (;;) {
		const char *code = reference->places[places->items[place].what];
		struct address address = { at, family };
		uint32_t pool = judge(record, address, code);

		if (is_in_order(record) && pool != judge_in_order(record, address, code)) {
			give_up("the first rule that matches is not the most specific one");
		}
		append(known, at, pool);
		while (next_bound < bound_cnt && bounds[next_bound] <= at) {
			next_bound++;
		}
		if (next_bound < bound_cnt &&
				(place + 1 == places->cnt ||
						bounds[next_bound] <
								places->items[place + 1].first)) {
			at = bounds[next_bound];
		} else if (place + 1 < places->cnt) {
			at = places->items[++place].first;
		} else {
			return;
		}
	}
}

void
reference_know(const struct reference *reference, const struct record *record,
		struct knowledge *ret_knowledge)
{
	memset(ret_knowledge, 0, sizeof(*ret_knowledge));
	know_family(reference, record, 4, &ret_knowledge->by_family[0]);
	know_family(reference, record, 6, &ret_knowledge->by_family[1]);
}

void
reference_forget(struct knowledge *knowledge)
{
	free(knowledge->by_family[0].items);
	free(knowledge->by_family[1].items);
}

uint32_t
reference_pool(const struct knowledge *knowledge, struct address address)
{
	const struct stretches *known = of_family(knowledge->by_family, address.family);

	return known->items[find(known, address.value)].what;
}

unsigned int
reference_scope(const struct knowledge *knowledge, struct address address)
{
	struct address other;
	unsigned int bits = 0;

	while (reference_other(knowledge, address, bits, &other)) {
		bits++;
	}
	return bits;
}

bool
reference_other(const struct knowledge *knowledge, struct address address, unsigned int bits,
		struct address *ret_other)
{
	const struct stretches *known = of_family(knowledge->by_family, address.family);
	u128 first = first_of(address.value, address.family, bits);
	u128 last = last_of(address.value, address.family, bits);
	size_t at = find(known, address.value);

	*ret_other = address;
	if (known->items[at].first > first) {
		ret_other->value = known->items[at].first - 1;
		return true;
	}
	if (at + 1 < known->cnt && known->items[at + 1].first <= last) {
		ret_other->value = known->items[at + 1].first;
		return true;
	}
	return false;
}

static bool
is_any_up(const struct pool *pool)
{
	for (uint32_t i = 0; i < pool->value_cnt; i++) {
		if (!pool->is_down[i]) {
			return true;
		}
	}
	return false;
}

uint32_t
reference_serves(const struct record *record, uint32_t pool)
{
	while (pool != NO_POOL && !is_any_up(&record->pools[pool])) {
		pool = record->pools[pool].fallback;
	}
	return pool != NO_POOL ? pool : record->pool_cnt;
}
