#include "dataplane/prefixes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/frame.h"

/* gcc and clang both have it on every 64-bit host; ISO C does not. */
__extension__ typedef unsigned __int128 uint128;

/* Addresses as numbers; both ends belong to the range. */
struct dp_prefix_range {
	uint128 first;
	uint128 last;
};

static uint128
number_of(const uint8_t bytes[16], uint8_t family)
{
	size_t len = family == 4 ? 4 : 16;
	uint128 number = 0;

	for (size_t i = 0; i < len; i++) {
		number = number << 8 | bytes[i];
	}
	return number;
}

static struct dp_prefix_range
range_of(const struct tbl_prefix *prefix)
{
	unsigned int free_bits = (prefix->family == 4 ? 32u : 128u) - prefix->bits;
	uint128 first = number_of(prefix->bytes, prefix->family);
	/* Of ::/0 all 128 bits are free, and no shift is that wide. */
	uint128 size_less_1 = free_bits < 128 ? ((uint128)1 << free_bits) - 1 : ~(uint128)0;

	return (struct dp_prefix_range){ first, first + size_less_1 };
}

/* Decimal digits up to `max`, nothing else. -1: not that. */
static int
read_bits(const char *text, int max)
{
	int bits = 0;

	if (*text == '\0') {
		return -1;
	}
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9') {
			return -1;
		}
		bits = bits * 10 + (*text - '0');
		if (bits > max) {
			return -1;
		}
	}
	return bits;
}

static bool
has_host_bits(const struct tbl_prefix *prefix)
{
	size_t len = prefix->family == 4 ? 4 : 16;
	size_t whole = prefix->bits / 8;
	unsigned int rest = prefix->bits % 8;

	if (rest != 0 && (prefix->bytes[whole] & (0xffu >> rest)) != 0) {
		return true;
	}
	for (size_t i = rest != 0 ? whole + 1 : whole; i < len; i++) {
		if (prefix->bytes[i] != 0) {
			return true;
		}
	}
	return false;
}

int
dp_prefix_parse(const char *text, struct tbl_prefix *ret_prefix)
{
	const char *slash = strchr(text, '/');
	size_t addr_len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	char addr_text[TBL_PREFIX_TEXT_MAX];
	struct tbl_prefix prefix = { .bits = 0 };
	struct tbl_addr addr;
	int bits_max;
	int bits;

	if (addr_len >= sizeof(addr_text)) {
		return -EINVAL;
	}
	memcpy(addr_text, text, addr_len);
	addr_text[addr_len] = '\0';
	if (dp_address_parse(addr_text, &addr) != 0) {
		return -EINVAL;
	}
	bits_max = addr.family == 4 ? 32 : 128;
	bits = slash != NULL ? read_bits(slash + 1, bits_max) : bits_max;
	if (bits < 0) {
		return -EINVAL;
	}
	memcpy(prefix.bytes, addr.bytes, sizeof(prefix.bytes));
	prefix.family = addr.family;
	prefix.bits = (uint8_t)bits;
	if (has_host_bits(&prefix)) {
		return -EINVAL;
	}
	*ret_prefix = prefix;
	return 0;
}

static int
compare_ranges(const void *a, const void *b)
{
	uint128 first_a = ((const struct dp_prefix_range *)a)->first;
	uint128 first_b = ((const struct dp_prefix_range *)b)->first;

	if (first_a == first_b) {
		return 0;
	}
	return first_a < first_b ? -1 : 1;
}

/* Of sorted ranges: takes what touches the one before it into that one. Returns how many are left. */
static uint32_t
merge(struct dp_prefix_range *ranges, size_t cnt)
{
	size_t kept = 0;

	for (size_t i = 0; i < cnt; i++) {
		struct dp_prefix_range *last = kept > 0 ? &ranges[kept - 1] : NULL;

		if (last == NULL || (ranges[i].first > last->last &&
						    ranges[i].first - last->last > 1)) {
			ranges[kept++] = ranges[i];
		} else if (ranges[i].last > last->last) {
			last->last = ranges[i].last;
		}
	}
	return (uint32_t)kept;
}

/* Writes the ranges of one family's prefixes to `ranges`; returns how many they are. */
static uint32_t
collect(const struct tbl_prefix *items, size_t cnt, uint8_t family, struct dp_prefix_range *ranges)
{
	size_t found = 0;

	for (size_t i = 0; i < cnt; i++) {
		if (items[i].family == family) {
			ranges[found++] = range_of(&items[i]);
		}
	}
	if (found > 0) {
		qsort(ranges, found, sizeof(*ranges), compare_ranges);
	}
	return merge(ranges, found);
}

int
dp_prefixes_make(const struct tbl_prefix *items, size_t cnt, struct dp_prefixes *ret_prefixes)
{
	struct dp_prefixes prefixes = { 0 };

	if (cnt > 0) {
		prefixes.ranges = calloc(cnt, sizeof(*prefixes.ranges));
		if (prefixes.ranges == NULL) {
			return -ENOMEM;
		}
		prefixes.v4_cnt = collect(items, cnt, 4, prefixes.ranges);
		prefixes.v6_cnt = collect(items, cnt, 6, prefixes.ranges + prefixes.v4_cnt);
	}
	*ret_prefixes = prefixes;
	return 0;
}

void
dp_prefixes_done(struct dp_prefixes *prefixes)
{
	free(prefixes->ranges);
	*prefixes = (struct dp_prefixes){ 0 };
}

bool
is_in_dp_prefixes(const struct dp_prefixes *prefixes, const struct tbl_addr *addr)
{
	bool is_v4 = addr->family == 4;
	const struct dp_prefix_range *ranges;
	uint32_t cnt = is_v4 ? prefixes->v4_cnt : prefixes->v6_cnt;
	uint128 number;
	uint32_t low = 0; /* ranges before `low` end below the address */
	uint32_t high = cnt;

	if (cnt == 0) {
		return false;
	}
	ranges = prefixes->ranges + (is_v4 ? 0 : prefixes->v4_cnt);
	number = number_of(addr->bytes, addr->family);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (ranges[middle].last < number) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < cnt && ranges[low].first <= number;
}
