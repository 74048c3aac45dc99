/*
 * What time it is, read once a burst and never for a packet.
 *
 * Threads:   any.
 * Memory:    a small value, copied.
 * Errors:    none.
 */
#ifndef DATAPLANE_NOW_H
#define DATAPLANE_NOW_H

#include <stdint.h>
#include <time.h>

struct dp_now {
	uint64_t monotonic_ms; /* rates */
	uint32_t unix_s;       /* cookies (RFC 9018 §4.3), compared in serial arithmetic */
};

/* dp_now_read: the coarse clocks, which the kernel keeps in memory shared with us: no system call,
 * and their 4 ms are fine enough for rates and cookies. */
static inline struct dp_now
dp_now_read(void)
{
	struct timespec monotonic;
	struct timespec wall;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &monotonic);
	(void)clock_gettime(CLOCK_REALTIME_COARSE, &wall);
	return (struct dp_now){
		.monotonic_ms = (uint64_t)monotonic.tv_sec * 1000u +
		                (uint64_t)monotonic.tv_nsec / 1000000u,
		.unix_s = (uint32_t)wall.tv_sec,
	};
}

#endif
