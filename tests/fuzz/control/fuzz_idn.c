/*
 * Any bytes as a name: it is refused with a reason, or becomes lower-cased ASCII within the limits of
 * DNS that encodes to itself and reads back to what encodes to it. As a zone's name it is one.
 */
#include <errno.h>
#include <string.h>

#include "table/name.h"

#include "control/idn.h"
#include "control/zone_name.h"
#include "tests/fuzz/fuzz.h"

static void
check_limits(const char *encoded)
{
	size_t len = strlen(encoded);

	FUZZ_ASSERT(len <= 253 + (size_t)(encoded[len - 1] == '.'));
	for (const char *at = encoded; *at != '\0';) {
		size_t label = strcspn(at, ".");

		FUZZ_ASSERT(label > 0 && label <= TBL_LABEL_MAX);
		at += label + (at[label] == '.');
	}
}

/* is_judged: has a letter beyond ASCII also when lower-cased. The Kelvin sign, U+212A, is the one that
 * has not; a name that becomes ASCII so is judged no more than one that was. */
static bool
is_judged(const char *name)
{
	return !is_cp_ascii(name) && strstr(name, "\xe2\x84\xaa") == NULL;
}

static void
check_encoded(struct conf_arena *arena, const char *name, const char *encoded)
{
	char *again = NULL;
	const char *reason = NULL;

	FUZZ_ASSERT(is_cp_ascii(encoded));
	FUZZ_ASSERT(strpbrk(encoded, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL);
	FUZZ_ASSERT(cp_idn_encode(arena, encoded, &again, &reason) == 0);
	FUZZ_ASSERT(strcmp(again, encoded) == 0);
	if (is_judged(name)) {
		check_limits(encoded);
		FUZZ_ASSERT(cp_idn_encode(arena, cp_idn_decode(arena, encoded), &again, &reason) ==
				0);
		FUZZ_ASSERT(strcmp(again, encoded) == 0);
	}
	(void)cp_idn_decode(arena, name);
}

static void
check_zone(struct conf_arena *arena, const char *name)
{
	uint8_t wire[TBL_NAME_MAX];
	char text[TBL_NAME_TEXT_MAX];
	char *zone = NULL;
	const char *reason = NULL;
	int rc = cp_zone_name(arena, name, &zone, wire, &reason);

	FUZZ_ASSERT(rc == 0 || (rc == -EINVAL && reason != NULL));
	if (rc == 0) {
		FUZZ_ASSERT(is_cp_ascii(zone) && zone[strlen(zone) - 1] == '.');
		FUZZ_ASSERT(tbl_name_to_text(wire, text) > 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_arena *arena = conf_arena_new();
	char *name = conf_arena_copy(arena, data, size);
	char *encoded = NULL;
	const char *reason = NULL;
	int rc = cp_idn_encode(arena, name, &encoded, &reason);

	FUZZ_ASSERT(rc == 0 || (rc == -EINVAL && reason != NULL && encoded == NULL));
	if (rc == 0) {
		check_encoded(arena, name, encoded);
	}
	check_zone(arena, name);
	conf_arena_free(arena);
	return 0;
}
