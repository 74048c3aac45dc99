/*
 * What health may do to answers. Probes that fail everywhere at once are likelier to have lost
 * their own network than to have found every target dead, so verdicts pass two brakes: below a
 * share of healthy targets all are used, and only so many may be taken out of service a minute.
 * Bringing a target back is never held up.
 *
 * Threads:   one owner; time is an argument.
 * Memory:    cp_brake_init/_done; it remembers which targets it let go down.
 * Errors:    -ENOMEM from cp_brake_resize, and the brake is as it was.
 */
#ifndef CONTROL_BRAKE_H
#define CONTROL_BRAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cp_brake_limits {
	uint32_t min_up_percent; /* below this share of targets measured up, all are used; 0: never */
	uint32_t max_down_per_min; /* targets taken out of service in any one minute; 0: no limit */
};

struct cp_brake {
	struct cp_brake_limits limits;
	uint64_t window_ms; /* when the current minute began */
	uint32_t taken;     /* targets taken out of service in it */
	bool is_panicking;  /* all targets are used, whatever was measured */
	size_t held_cnt;    /* measured down, still in service: the minute's share is used up */
	bool *is_out;       /* per target: out of service */
	size_t cnt;
};

void cp_brake_init(struct cp_brake *brake, const struct cp_brake_limits *limits);
void cp_brake_done(struct cp_brake *brake);

/* cp_brake_resize makes room for the targets of a new table. was_index[i] is the number target i
 * had in the old table, or SIZE_MAX: a target that stays out of service uses up no share again. */
int cp_brake_resize(struct cp_brake *brake, size_t cnt, const size_t *was_index);

/* cp_brake_pass turns what was measured (is_up[cnt]) into what may be answered, in place. */
void cp_brake_pass(struct cp_brake *brake, uint64_t now_ms, bool *is_up);

#endif
