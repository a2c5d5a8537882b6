/* lag.h - notifies clients that get events late, with the reason: a rate limit, or a connection that is too
 * slow. A bounded number of sessions is checked each second, so that deliveries cost nothing more. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "hub/hub.h"

struct sessions;
struct session;

/* Of one session. Times are of dnc_clock_mono_ms(). */
struct lag {
	int64_t since_ms, notified_ms; /* 0: never */
	uint64_t behind;               /* at the last check */
	enum dnc_lag_reason why;
	bool notified; /* since the client last had all events */
};

/* Once a second. */
void lag_tick(struct sessions *all);

/* S is about to be freed. */
void lag_leave(struct session *s);
