/*
 * The health of one target as a state machine over probe results: `fall` failures in a row take it
 * down, `rise` successes in a row bring it back. Unknown is not down: a target that nothing is
 * known of yet takes traffic, and its first success makes it up.
 *
 * Threads:   pure; a struct cp_health belongs to one caller.
 * Memory:    plain data.
 * Errors:    none.
 */
#ifndef CONTROL_HEALTH_H
#define CONTROL_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

enum cp_health_state {
	CP_HEALTH_UNKNOWN = 0,
	CP_HEALTH_UP,
	CP_HEALTH_DOWN,
};

/* What one result did. Only the last two change answers. */
enum cp_health_change {
	CP_HEALTH_SAME = 0,
	CP_HEALTH_LEARNED, /* unknown became up */
	CP_HEALTH_WENT_UP,
	CP_HEALTH_WENT_DOWN,
};

struct cp_health_limits {
	uint32_t fall; /* failures in a row, 1 or more; 0 counts as 1 */
	uint32_t rise; /* successes in a row, likewise */
};

/* Room for "HTTP 404 from " and 100 characters of URL; longer sentences are cut. */
#define CP_HEALTH_REASON_MAX 192u
struct cp_health {
	enum cp_health_state state;
	uint32_t streak; /* results in a row that were like the last one */
	bool is_last_ok;
	bool is_last_void; /* the last probe gave no verdict: `reason` says what of ours is wrong */
	uint64_t changed_ms; /* wall clock of the last change of state; 0: never */
	uint64_t checked_ms; /* wall clock of the last result; 0: none */
	uint64_t watched_ms; /* wall clock of the first result, over restarts; 0: none */
	uint64_t ever_up_ms; /* wall clock of the first success, over restarts; 0: none */
	uint64_t ok_cnt;
	uint64_t fail_cnt;
	uint32_t took_us;                  /* of the last probe */
	char reason[CP_HEALTH_REASON_MAX]; /* of the last failure; "" when the last one succeeded */
};

struct cp_probe_result {
	bool is_ok;
	bool is_void; /* our own fault (no descriptors, no CA file): no verdict, only the reason counts */
	uint32_t took_us;
	const char *reason; /* of a failure, or of there being no verdict */
};

/* cp_health_note takes one result, obtained at wall clock now_ms. */
enum cp_health_change
cp_health_note(struct cp_health *health, const struct cp_health_limits *limits,
		const struct cp_probe_result *result, uint64_t now_ms);

/* is_cp_health_up: may this target be answered? */
bool is_cp_health_up(const struct cp_health *health);

/* is_cp_health_never_up: probed, and never once with success. Most often a check that nobody meant;
 * what was up once and is down now is an outage, which is something else. */
bool is_cp_health_never_up(const struct cp_health *health);

/* cp_health_state_name: "unknown", "up", "down". cp_health_state_from_name: unknown for others. */
const char *cp_health_state_name(enum cp_health_state state);
enum cp_health_state cp_health_state_from_name(const char *name);

/* cp_probe_delay_ms: how long to wait for the next probe. The first wait (is_first) is drawn from
 * the whole interval, so that probes of many targets spread over it; later ones are the interval
 * +/- 5 %, so that several control planes do not fall into step. `random` is 32 random bits. */
uint32_t cp_probe_delay_ms(uint32_t interval_ms, bool is_first, uint32_t random);

#endif
