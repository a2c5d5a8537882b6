#include "priv/retention_clock.h"
#include "base/clock.h"

/* A machine that was off for longer may have a wrong clock. */
#define OFF_MAX_MS (7 * DNC_DAY_MS)

void retention_clock_start(struct retention_clock *c, int64_t wall_ms, int64_t boot_ms,
	int64_t saved_ms, int64_t saved_boot_ms)
{
	bool plausible = !saved_ms || (saved_boot_ms < 0 && wall_ms > saved_ms &&
					      wall_ms - saved_ms <= OFF_MAX_MS);

	*c = (struct retention_clock){.expected_ms = plausible ? wall_ms : saved_ms,
		.boot_ms = !plausible && saved_boot_ms >= 0 ? saved_boot_ms : boot_ms,
		/* Repeated restarts add no allowance. */
		.allowance_ms = !plausible && saved_boot_ms >= 0 ? 0 : DNC_DAY_MS};
}

int64_t retention_clock_now(struct retention_clock *c, int64_t wall_ms, int64_t boot_ms)
{
	int64_t passed = boot_ms > c->boot_ms ? boot_ms - c->boot_ms : 0;

	c->boot_ms = boot_ms;
	c->expected_ms += passed;
	c->allowance_ms =
		c->allowance_ms + passed < DNC_DAY_MS ? c->allowance_ms + passed : DNC_DAY_MS;
	if (wall_ms >= c->expected_ms) {
		int64_t ahead = wall_ms - c->expected_ms;
		int64_t step = ahead < c->allowance_ms ? ahead : c->allowance_ms;

		c->behind_ms = 0;
		c->expected_ms += step;
		c->allowance_ms -= step;
		return c->expected_ms;
	}
	/* Behind for a day: the expectation was wrong, not the clock. */
	c->behind_ms += passed;
	if (c->behind_ms > DNC_DAY_MS) {
		c->expected_ms = wall_ms;
		c->behind_ms = 0;
	}
	return wall_ms;
}
