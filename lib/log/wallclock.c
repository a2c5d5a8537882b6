#include "priv/wallclock.h"

#define DAY_MS INT64_C(86400000)

/* So long a machine may be off without a doubt about its clock. */
#define OFF_MS (7 * DAY_MS)

void wallclock_start(struct wallclock *c, int64_t wall_ms, int64_t boot_ms, int64_t saved_ms,
	int64_t saved_boot_ms)
{
	bool plausible = !saved_ms ||
	                 (saved_boot_ms < 0 && wall_ms > saved_ms && wall_ms - saved_ms <= OFF_MS);

	*c = (struct wallclock){.line_ms = plausible ? wall_ms : saved_ms,
		.boot_ms = !plausible && saved_boot_ms >= 0 ? saved_boot_ms : boot_ms,
		/* Restarts that follow one another earn nothing. */
		.credit_ms = !plausible && saved_boot_ms >= 0 ? 0 : DAY_MS};
}

int64_t wallclock_now(struct wallclock *c, int64_t wall_ms, int64_t boot_ms)
{
	int64_t passed = boot_ms > c->boot_ms ? boot_ms - c->boot_ms : 0;

	c->boot_ms = boot_ms;
	c->line_ms += passed;
	c->credit_ms = c->credit_ms + passed < DAY_MS ? c->credit_ms + passed : DAY_MS;
	if (wall_ms >= c->line_ms) {
		int64_t ahead = wall_ms - c->line_ms;
		int64_t step = ahead < c->credit_ms ? ahead : c->credit_ms;

		c->late_ms = 0;
		c->line_ms += step;
		c->credit_ms -= step;
		return c->line_ms;
	}
	/* Behind for a day: the line was wrong, not the clock. */
	c->late_ms += passed;
	if (c->late_ms > DAY_MS) {
		c->line_ms = wall_ms;
		c->late_ms = 0;
	}
	return wall_ms;
}
