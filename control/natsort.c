#include "control/natsort.h"

#include <stddef.h>
#include <string.h>

static size_t
span_digits(const char *text)
{
	return strspn(text, "0123456789");
}

static size_t
span_text(const char *text)
{
	return strcspn(text, "0123456789");
}

static int
compare_runs(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	if (order == 0 && a_len != b_len) {
		order = a_len < b_len ? -1 : 1;
	}
	return order;
}

/* Of two numbers without leading zeros the one with more digits is larger. */
static int
compare_numbers(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t a_zeros = strspn(a, "0");
	size_t b_zeros = strspn(b, "0");

	a_zeros = a_zeros < a_len ? a_zeros : a_len;
	b_zeros = b_zeros < b_len ? b_zeros : b_len;
	if (a_len - a_zeros != b_len - b_zeros) {
		return a_len - a_zeros < b_len - b_zeros ? -1 : 1;
	}
	return memcmp(a + a_zeros, b + b_zeros, a_len - a_zeros);
}

int
cp_natural_compare(const char *a, const char *b)
{
	/* A key is text, number, text, number ...; the first text may be empty. A key that ends where
	 * the other goes on comes first. */
	while (*a != '\0' || *b != '\0') {
		size_t a_len = span_text(a);
		size_t b_len = span_text(b);
		int order = compare_runs(a, a_len, b, b_len);

		a += a_len;
		b += b_len;
		if (order == 0 && (*a == '\0' || *b == '\0')) {
			order = (*a != '\0') - (*b != '\0');
		}
		if (order != 0) {
			return order;
		}
		a_len = span_digits(a);
		b_len = span_digits(b);
		order = compare_numbers(a, a_len, b, b_len);
		a += a_len;
		b += b_len;
		if (order == 0 && (*a == '\0' || *b == '\0')) {
			order = (*a != '\0') - (*b != '\0');
		}
		if (order != 0) {
			return order;
		}
	}
	return 0;
}
