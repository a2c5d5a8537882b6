/* lag.h - tells clients that get events later than they come, and why: a rate limit, or a connection that
 * takes them too slowly. A bounded number of sessions is looked at each second, so that no delivery pays
 * for it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "hub/hub.h"

struct sessions;
struct session;

/* Of one session. Times are of dnc_clock_mono_ms(). */
struct lag {
	int64_t since_ms, told_ms; /* 0: never */
	uint64_t behind;           /* at the last look */
	enum dnc_lag_reason why;
	bool told; /* since the client last had all events */
};

/* Once a second. */
void lag_tick(struct sessions *all);

/* S is about to be freed. */
void lag_leave(struct session *s);
