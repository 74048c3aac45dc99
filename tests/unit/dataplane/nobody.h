/* Quiescence without workers: every swap is over at once. */
#ifndef TESTS_UNIT_DATAPLANE_NOBODY_H
#define TESTS_UNIT_DATAPLANE_NOBODY_H

#include "dataplane/view_swap.h"

static inline uint64_t
start_nothing(void *arg)
{
	(void)arg;
	return 1;
}

static inline bool
is_always_over(void *arg, uint64_t token)
{
	(void)arg;
	(void)token;
	return true;
}

static inline uint64_t
no_time(void *arg)
{
	(void)arg;
	return 0;
}

static inline struct dp_quiescence
nobody(void)
{
	return (struct dp_quiescence){ NULL, start_nothing, is_always_over, no_time, no_time };
}

#endif
