/* retention_clock.h - the clock by which events are removed for their age.
 *
 * A wall clock that jumps ahead would make every event old. The retention clock follows the wall clock, but its
 * lead over the time that has passed is limited: to a day at once, and over long times to a day each day. While the hub
 * was not running, up to a week counts as passed. Not safe for use by two threads at once. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct retention_clock {
	int64_t expected_ms;  /* the wall clock, if it had advanced as CLOCK_BOOTTIME did */
	int64_t boot_ms;      /* CLOCK_BOOTTIME at the last reading */
	int64_t allowance_ms; /* by which expected_ms may be set forward now */
	int64_t behind_ms;    /* time since the wall clock fell behind expected_ms */
};

/* WALL_MS and BOOT_MS are now. SAVED_MS is expected_ms of the last run, 0 when there was none, and
 * SAVED_BOOT_MS its boot_ms, -1 when the machine was restarted since. */
void retention_clock_start(struct retention_clock *c, int64_t wall_ms, int64_t boot_ms,
	int64_t saved_ms, int64_t saved_boot_ms);

/* Returns the time by which events are old: never later than WALL_MS. */
int64_t retention_clock_now(struct retention_clock *c, int64_t wall_ms, int64_t boot_ms);
