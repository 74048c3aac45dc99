#include "control/health.h"

#include <stdio.h>
#include <string.h>

static void
note_reason(struct cp_health *health, const struct cp_probe_result *result)
{
	(void)snprintf(health->reason, sizeof(health->reason), "%s",
			result->reason != NULL ? result->reason : "failed");
}

static void
count_result(struct cp_health *health, const struct cp_probe_result *result, uint64_t now_ms)
{
	bool has_history = health->streak > 0;

	if (has_history && health->is_last_ok == result->is_ok) {
		/* A streak longer than any limit says no more; stop before it wraps. */
		health->streak += health->streak < UINT32_MAX ? 1 : 0;
	} else {
		health->streak = 1;
	}
	health->is_last_ok = result->is_ok;
	health->checked_ms = now_ms;
	health->took_us = result->took_us;
	health->watched_ms = health->watched_ms != 0 ? health->watched_ms : now_ms;
	if (result->is_ok) {
		health->ever_up_ms = health->ever_up_ms != 0 ? health->ever_up_ms : now_ms;
		health->ok_cnt++;
		health->reason[0] = '\0';
		return;
	}
	health->fail_cnt++;
	note_reason(health, result);
}

enum cp_health_change
cp_health_note(struct cp_health *health, const struct cp_health_limits *limits,
		const struct cp_probe_result *result, uint64_t now_ms)
{
	enum cp_health_state before = health->state;
	uint32_t needed = result->is_ok ? limits->rise : limits->fall;

	health->is_last_void = result->is_void;
	if (result->is_void) {
		note_reason(health, result);
		return CP_HEALTH_SAME;
	}
	count_result(health, result, now_ms);
	if (result->is_ok && before == CP_HEALTH_UNKNOWN) {
		health->state = CP_HEALTH_UP;
	} else if (health->streak >= needed) {
		health->state = result->is_ok ? CP_HEALTH_UP : CP_HEALTH_DOWN;
	}
	if (health->state == before) {
		return CP_HEALTH_SAME;
	}
	health->changed_ms = now_ms;
	if (health->state == CP_HEALTH_DOWN) {
		return CP_HEALTH_WENT_DOWN;
	}
	return before == CP_HEALTH_UNKNOWN ? CP_HEALTH_LEARNED : CP_HEALTH_WENT_UP;
}

bool
is_cp_health_up(const struct cp_health *health)
{
	return health->state != CP_HEALTH_DOWN;
}

bool
is_cp_health_never_up(const struct cp_health *health)
{
	return health->ever_up_ms == 0 && (health->fail_cnt > 0 || health->state == CP_HEALTH_DOWN);
}

const char *
cp_health_state_name(enum cp_health_state state)
{
	switch (state) {
	case CP_HEALTH_UP:
		return "up";
	case CP_HEALTH_DOWN:
		return "down";
	case CP_HEALTH_UNKNOWN:
		break;
	}
	return "unknown";
}

enum cp_health_state
cp_health_state_from_name(const char *name)
{
	if (strcmp(name, "up") == 0) {
		return CP_HEALTH_UP;
	}
	return strcmp(name, "down") == 0 ? CP_HEALTH_DOWN : CP_HEALTH_UNKNOWN;
}

uint32_t
cp_probe_delay_ms(uint32_t interval_ms, bool is_first, uint32_t random)
{
	uint64_t span_ms = is_first ? interval_ms : interval_ms / 10;
	uint64_t drawn_ms = span_ms * random >> 32;

	if (is_first) {
		return (uint32_t)drawn_ms;
	}
	return (uint32_t)(interval_ms - span_ms / 2 + drawn_ms);
}
