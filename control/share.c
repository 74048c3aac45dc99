#include "control/share.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The digits taken at a time: a billion is the largest power of ten in a word. */
#define GROUP        1000000000u
#define GROUP_DIGITS 9u
#define GROUPS_MAX   6u /* 54 digits: a count has 49 at most */

struct cp_count
cp_count_prefix(uint8_t family, uint8_t bits)
{
	unsigned int host_bits = (family == 4 ? 32u : 128u) - bits;
	struct cp_count count = { 0 };

	count.word[host_bits / 32] = 1u << host_bits % 32;
	return count;
}

void
cp_count_add(struct cp_count *count, const struct cp_count *more)
{
	uint64_t carry = 0;

	for (size_t i = 0; i < CP_COUNT_WORDS; i++) {
		carry += (uint64_t)count->word[i] + more->word[i];
		count->word[i] = (uint32_t)carry;
		carry >>= 32;
	}
}

void
cp_count_take(struct cp_count *count, const struct cp_count *less)
{
	uint64_t borrow = 0;

	for (size_t i = 0; i < CP_COUNT_WORDS; i++) {
		uint64_t rest = (uint64_t)count->word[i] - less->word[i] - borrow;

		count->word[i] = (uint32_t)rest;
		borrow = rest >> 63;
	}
}

int
cp_count_compare(const struct cp_count *a, const struct cp_count *b)
{
	for (size_t i = CP_COUNT_WORDS; i-- > 0;) {
		if (a->word[i] != b->word[i]) {
			return a->word[i] < b->word[i] ? -1 : 1;
		}
	}
	return 0;
}

bool
is_cp_count_zero(const struct cp_count *count)
{
	static const struct cp_count zero;

	return cp_count_compare(count, &zero) == 0;
}

/* Divides by GROUP and returns the rest. */
static uint32_t
split_group(struct cp_count *count)
{
	uint64_t rest = 0;

	for (size_t i = CP_COUNT_WORDS; i-- > 0;) {
		rest = rest << 32 | count->word[i];
		count->word[i] = (uint32_t)(rest / GROUP);
		rest %= GROUP;
	}
	return (uint32_t)rest;
}

void
cp_count_text(const struct cp_count *count, char text[CP_COUNT_TEXT_MAX])
{
	struct cp_count left = *count;
	uint32_t groups[GROUPS_MAX];
	size_t cnt = 0;
	int len;

	do {
		groups[cnt++] = split_group(&left);
	} while (!is_cp_count_zero(&left) && cnt < GROUPS_MAX);
	len = snprintf(text, CP_COUNT_TEXT_MAX, "%u", groups[--cnt]);
	while (cnt > 0 && len > 0 && (unsigned int)len + GROUP_DIGITS < CP_COUNT_TEXT_MAX) {
		len += snprintf(text + len, CP_COUNT_TEXT_MAX - (size_t)len, "%09u", groups[--cnt]);
	}
}

static double
to_double(const struct cp_count *count)
{
	double value = 0;

	for (size_t i = CP_COUNT_WORDS; i-- > 0;) {
		value = value * 4294967296.0 + count->word[i];
	}
	return value;
}

double
cp_count_share(const struct cp_count *part, const struct cp_count *whole)
{
	return is_cp_count_zero(whole) ? 0 : to_double(part) / to_double(whole);
}

void
cp_count_percent(const struct cp_count *part, const struct cp_count *whole,
		char text[CP_PERCENT_TEXT_MAX])
{
	double percent = 100 * cp_count_share(part, whole);

	if (is_cp_count_zero(part) || is_cp_count_zero(whole)) {
		(void)snprintf(text, CP_PERCENT_TEXT_MAX, "0 %%");
	} else if (cp_count_compare(part, whole) == 0) {
		(void)snprintf(text, CP_PERCENT_TEXT_MAX, "100 %%");
	} else if (percent < 0.0001) {
		(void)snprintf(text, CP_PERCENT_TEXT_MAX, "under 0.0001 %%");
	} else if (percent >= 99.995) {
		(void)snprintf(text, CP_PERCENT_TEXT_MAX, "over 99.99 %%");
	} else {
		(void)snprintf(text, CP_PERCENT_TEXT_MAX, "%.4g %%", percent);
	}
}
