/*
 * What a fuzz target asks of a reply beside its own reading of it (tests/fuzz/dataplane/reparse.h): that
 * libknot, a parser of another house, takes it whole; and, under valgrind's memcheck (`./dev memcheck`),
 * that every byte of it was written: a reply depends on query and table alone.
 */
#ifndef TESTS_FUZZ_DATAPLANE_SECOND_OPINION_H
#define TESTS_FUZZ_DATAPLANE_SECOND_OPINION_H

#include <libknot/errcode.h>
#include <libknot/error.h>
#include <libknot/packet/pkt.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "tests/fuzz/fuzz.h"

/* knot_verdict parses bytes[0..len) to their end; KNOT_EOK when every section is well-formed. A copy of
 * exactly their size: the library takes a TSIG out of what it parses. */
static inline int
knot_verdict(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len);
	knot_pkt_t *packet;
	int verdict;

	FUZZ_ASSERT(copy != NULL);
	memcpy(copy, bytes, len);
	packet = knot_pkt_new(copy, (uint16_t)len, NULL);
	FUZZ_ASSERT(packet != NULL);
	verdict = knot_pkt_parse(packet, 0);
	knot_pkt_free(packet);
	free(copy);
	return verdict;
}

/* assert_defined ends the process when a byte of the reply never was written, under valgrind alone. */
static inline void
assert_defined(const uint8_t *bytes, size_t len)
{
	FUZZ_ASSERT(VALGRIND_CHECK_MEM_IS_DEFINED(bytes, len) == 0);
}

/* assert_knot_accepts: both. */
static inline void
assert_knot_accepts(const uint8_t *bytes, size_t len)
{
	int verdict;

	assert_defined(bytes, len);
	verdict = knot_verdict(bytes, len);
	if (verdict != KNOT_EOK) {
		(void)fprintf(stderr, "libknot: %s\n", knot_strerror(verdict));
	}
	FUZZ_ASSERT(verdict == KNOT_EOK);
}

#endif
