#include "dataplane/watchdog.h"

void
dp_watchdog_init(struct dp_watchdog *watchdog, const struct dp_quiescence *quiescence)
{
	*watchdog = (struct dp_watchdog){ .quiescence = *quiescence };
}

bool
is_dp_watchdog_calm(struct dp_watchdog *watchdog)
{
	const struct dp_quiescence *q = &watchdog->quiescence;

	if (watchdog->is_waiting && !q->is_over(q->arg, watchdog->token)) {
		watchdog->missed_cnt++;
		return watchdog->missed_cnt < DP_WATCHDOG_PULSES_MAX;
	}
	watchdog->token = q->start(q->arg);
	watchdog->is_waiting = true;
	watchdog->missed_cnt = 0;
	return true;
}
