/* rates.h - how many events of each type were logged lately: counts in steps of 10 s, of the last 24 h.
 *
 * The journal counts; it keeps the counts in its database, so that a restart or a crash loses none. An event counts at the
 * time when it was logged, whatever time it says itself. All functions may be called by any thread. */
#pragma once
#include <stdint.h>
#include "event/event.h"

#define DNC_RATE_STEP_MS INT64_C(10000)

/* How many steps are kept: those of a day. */
#define DNC_RATE_STEPS 8640

struct dnc_rates;

/* Sets SUMS[i][type] to the events of the steps FIRST + i * PER to FIRST + (i + 1) * PER - 1, for each i below N. Step S begins
 * S * DNC_RATE_STEP_MS after 1970; there are at most DNC_RATE_STEPS of them in all. Returns since when events are counted,
 * in ms since 1970: sums of steps that ended before that are 0 and mean nothing. Takes some 50 us for a day. */
int64_t dnc_rates_sum(
	struct dnc_rates *r, int64_t first, unsigned per, unsigned n, uint64_t (*sums)[DNC_TYPES]);
