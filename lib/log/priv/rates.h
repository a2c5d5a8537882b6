/* rates.h - how a journal counts: in the thread that appends, after each commit. */
#pragma once
#include <stdbool.h>
#include "log/rates.h"

/* A clock that went back by more than this, in ms, was set: a smaller step back counts as standing still. */
enum { RATES_BACK_MS = 60000 };

struct rate_step {
	int64_t step; /* 0: not used */
	uint32_t counts[DNC_TYPES];
};

/* Counts from FROM_MS on. NULL when there is no memory. */
struct dnc_rates *rates_new(int64_t from_ms);

/* NULL is allowed. */
void rates_free(struct dnc_rates *r);

/* Forgets all counts, and counts from FROM_MS on. */
void rates_begin(struct dnc_rates *r, int64_t from_ms);

/* True if the clock was set back before MS: what was counted at times that come again means nothing then. */
bool rates_goes_back(const struct dnc_rates *r, int64_t ms);

/* Counts events that were logged at MS. When the clock was set back, it begins anew first. */
void rates_add(struct dnc_rates *r, int64_t ms, const uint32_t counts[DNC_TYPES]);

/* The step that was counted in last. `step` is 0 before the first one. Valid until the next call. */
struct rate_step rates_newest(const struct dnc_rates *r);

/* Puts a step that was stored in its place; not one at a time that can't be written, which no hub stored. */
void rates_restore(struct dnc_rates *r, const struct rate_step *step);
