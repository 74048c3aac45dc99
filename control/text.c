#include "control/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
cp_text_compare(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;

	return strcmp(*x, *y);
}

bool
can_cp_read_number(const char *text, uint64_t *ret_number)
{
	uint64_t number;

	/* strtoull() itself would take "-1" and " 1". */
	if (text[0] < '1' || text[0] > '9' || text[strspn(text, "0123456789")] != '\0') {
		return false;
	}
	errno = 0;
	number = strtoull(text, NULL, 10);
	if (errno != 0) {
		return false;
	}
	*ret_number = number;
	return true;
}

void
cp_hash_text(uint64_t hash, char text[CP_HASH_TEXT_MAX])
{
	(void)snprintf(text, CP_HASH_TEXT_MAX, "%016" PRIx64, hash);
}
