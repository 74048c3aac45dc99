#include "control/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define IPV6_GROUPS 8u

int
cp_address_parse(const char *text, uint8_t family, struct tbl_addr *ret_addr)
{
	struct tbl_addr addr = { 0 };

	if (family != 6 && inet_pton(AF_INET, text, addr.bytes) == 1) {
		addr.family = 4;
	} else if (family != 4 && inet_pton(AF_INET6, text, addr.bytes) == 1) {
		addr.family = 6;
	} else {
		return -EINVAL;
	}
	*ret_addr = addr;
	return 0;
}

/* The leftmost of the longest runs of zero groups; a run of one is written out (RFC 5952 §4.2), so
 * that *ret_cnt is 0 or at least 2. */
static void
find_zeros(const uint16_t groups[IPV6_GROUPS], size_t *ret_first, size_t *ret_cnt)
{
	size_t run = 0;

	*ret_first = 0;
	*ret_cnt = 0;
	for (size_t i = 0; i < IPV6_GROUPS; i++) {
		run = groups[i] == 0 ? run + 1 : 0;
		if (run > 1 && run > *ret_cnt) {
			*ret_cnt = run;
			*ret_first = i - run + 1;
		}
	}
}

/* Eight groups of four digits and seven colons at most: never cut short. */
static void
ipv6_text(const uint8_t bytes[16], char text[CP_ADDRESS_TEXT_MAX])
{
	uint16_t groups[IPV6_GROUPS];
	size_t len = 0;
	size_t first = 0;
	size_t cnt = 0;

	for (size_t i = 0; i < IPV6_GROUPS; i++) {
		groups[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
	}
	find_zeros(groups, &first, &cnt);
	for (size_t i = 0; i < IPV6_GROUPS; i++) {
		bool is_zero_run = cnt > 0 && i >= first && i < first + cnt;
		bool is_behind_run = cnt > 0 && i == first + cnt;

		if (!is_zero_run) {
			len += (size_t)snprintf(text + len, CP_ADDRESS_TEXT_MAX - len, "%s%x",
					i > 0 && !is_behind_run ? ":" : "", groups[i]);
		} else if (i == first) {
			len += (size_t)snprintf(text + len, CP_ADDRESS_TEXT_MAX - len, "::");
		}
	}
}

void
cp_address_text(const struct tbl_addr *addr, char text[CP_ADDRESS_TEXT_MAX])
{
	if (addr->family == 4) {
		(void)snprintf(text, CP_ADDRESS_TEXT_MAX, "%u.%u.%u.%u", addr->bytes[0],
				addr->bytes[1], addr->bytes[2], addr->bytes[3]);
	} else {
		ipv6_text(addr->bytes, text);
	}
}

/* Decimal digits without sign or blanks, at most three: no prefix length is longer. */
static int
parse_bits(const char *text, unsigned int max, uint8_t *ret_bits)
{
	size_t len = strspn(text, "0123456789");
	unsigned int bits = 0;

	if (len == 0 || len > 3 || text[len] != '\0') {
		return -EINVAL;
	}
	for (size_t i = 0; i < len; i++) {
		bits = bits * 10 + (unsigned int)(text[i] - '0');
	}
	if (bits > max) {
		return -EINVAL;
	}
	*ret_bits = (uint8_t)bits;
	return 0;
}

/* Clears what lies behind the prefix; says whether anything did. */
static bool
has_cleared_host_bits(struct tbl_prefix *prefix)
{
	bool has_any = false;

	for (unsigned int bit = prefix->bits; bit < 128; bit++) {
		uint8_t mask = (uint8_t)(0x80u >> (bit % 8));

		has_any = has_any || (prefix->bytes[bit / 8] & mask) != 0;
		prefix->bytes[bit / 8] &= (uint8_t)~mask;
	}
	return has_any;
}

int
cp_prefix_parse_loose(const char *text, struct tbl_prefix *ret_prefix, bool *ret_has_host_bits)
{
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	struct tbl_prefix prefix = { 0 };
	struct tbl_addr addr;
	char address[CP_ADDRESS_TEXT_MAX];
	uint8_t bits_max = 0;

	if (len >= sizeof(address)) {
		return -EINVAL;
	}
	memcpy(address, text, len);
	address[len] = '\0';
	if (cp_address_parse(address, 0, &addr) != 0) {
		return -EINVAL;
	}
	bits_max = addr.family == 4 ? 32 : 128;
	prefix.family = addr.family;
	prefix.bits = bits_max;
	memcpy(prefix.bytes, addr.bytes, sizeof(prefix.bytes));
	if (slash != NULL && parse_bits(slash + 1, bits_max, &prefix.bits) != 0) {
		return -EINVAL;
	}
	*ret_has_host_bits = has_cleared_host_bits(&prefix);
	*ret_prefix = prefix;
	return 0;
}

int
cp_prefix_parse(const char *text, struct tbl_prefix *ret_prefix)
{
	struct tbl_prefix prefix;
	bool has_host_bits;

	if (cp_prefix_parse_loose(text, &prefix, &has_host_bits) != 0 || has_host_bits) {
		return -EINVAL;
	}
	*ret_prefix = prefix;
	return 0;
}

struct tbl_addr
cp_prefix_first(const struct tbl_prefix *prefix)
{
	struct tbl_addr addr = { .family = prefix->family };

	memcpy(addr.bytes, prefix->bytes, sizeof(addr.bytes));
	return addr;
}

void
cp_prefix_text(const struct tbl_prefix *prefix, char text[CP_PREFIX_TEXT_MAX])
{
	struct tbl_addr addr = cp_prefix_first(prefix);
	char address[CP_ADDRESS_TEXT_MAX];

	cp_address_text(&addr, address);
	(void)snprintf(text, CP_PREFIX_TEXT_MAX, "%s/%u", address, prefix->bits);
}
