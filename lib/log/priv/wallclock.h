/* wallclock.h - how far the wall clock is believed when events are removed by age.
 *
 * A clock that jumps ahead makes every event old. The retention clock follows the wall clock, but never
 * goes ahead of the time that has passed by more than a day at once, nor for long by more than a day each
 * day; a time that the hub was not running, up to a week, counts as passed. Not safe for use by two
 * threads at once. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct wallclock {
	int64_t line_ms;   /* where the clock would be, had it only gone on */
	int64_t boot_ms;   /* CLOCK_BOOTTIME when that was looked at */
	int64_t credit_ms; /* so much it may be put ahead at once */
	int64_t late_ms;   /* for so long the wall clock has been behind the line */
};

/* WALL_MS and BOOT_MS are now. SAVED_MS is the line of the last run, 0 when there was none, and
 * SAVED_BOOT_MS when that was, -1 when it was before the machine was started. */
void wallclock_start(struct wallclock *c, int64_t wall_ms, int64_t boot_ms, int64_t saved_ms,
	int64_t saved_boot_ms);

/* The time by which events are old: never later than WALL_MS. */
int64_t wallclock_now(struct wallclock *c, int64_t wall_ms, int64_t boot_ms);
