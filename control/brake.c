#include "control/brake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_MS 60000u /* limits are stated a minute */

void
cp_brake_init(struct cp_brake *brake, const struct cp_brake_limits *limits)
{
	memset(brake, 0, sizeof(*brake));
	brake->limits = *limits;
}

void
cp_brake_done(struct cp_brake *brake)
{
	free(brake->is_out);
	memset(brake, 0, sizeof(*brake));
}

int
cp_brake_resize(struct cp_brake *brake, size_t cnt, const size_t *was_index)
{
	bool *is_out = calloc(cnt + 1, sizeof(*is_out));

	if (is_out == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < cnt; i++) {
		is_out[i] = was_index[i] < brake->cnt && brake->is_out[was_index[i]];
	}
	free(brake->is_out);
	brake->is_out = is_out;
	brake->cnt = cnt;
	return 0;
}

static size_t
count_up(const bool *is_up, size_t cnt)
{
	size_t up = 0;

	for (size_t i = 0; i < cnt; i++) {
		up += is_up[i] ? 1 : 0;
	}
	return up;
}

/* One target measured down: may it go out of service now? */
static bool
may_take(struct cp_brake *brake, size_t target)
{
	if (brake->is_out[target]) {
		return true;
	}
	if (brake->limits.max_down_per_min != 0 && brake->taken >= brake->limits.max_down_per_min) {
		return false;
	}
	brake->taken++;
	return true;
}

void
cp_brake_pass(struct cp_brake *brake, uint64_t now_ms, bool *is_up)
{
	size_t up = count_up(is_up, brake->cnt);

	if (now_ms - brake->window_ms >= WINDOW_MS) {
		brake->window_ms = now_ms;
		brake->taken = 0;
	}
	brake->held_cnt = 0;
	brake->is_panicking = up * 100 < (size_t)brake->limits.min_up_percent * brake->cnt;
	for (size_t i = 0; i < brake->cnt; i++) {
		if (brake->is_panicking) {
			/* is_out stays: who was out before the panic is out after it, at no charge. */
			is_up[i] = true;
			continue;
		}
		if (is_up[i]) {
			brake->is_out[i] = false;
			continue;
		}
		brake->is_out[i] = may_take(brake, i);
		brake->held_cnt += brake->is_out[i] ? 0 : 1;
		is_up[i] = !brake->is_out[i];
	}
}
