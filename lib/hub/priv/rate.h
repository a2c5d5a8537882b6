/* rate.h - rate limits. A subscriber has a bucket of tokens, one an event; without any it
 * waits in a wheel of lists, by the time when it has one again. */
#pragma once
#include "hub/hub.h"

enum { PACE_SLOTS = 64 }; /* of DNC_HUB_TICK_MS each; who waits longer goes round again */

struct rate_wheel {
	struct dnc_subscriber *slot[PACE_SLOTS];
	int64_t tick; /* looked at last */
	size_t waiting;
};

/* How many events S may get now. */
uint64_t rate_allows(struct dnc_subscriber *s);

/* S got COUNT events, as many as it may at most. */
void rate_spend(struct dnc_subscriber *s, uint64_t count);

/* S waits until it may get one. */
void rate_wait(struct dnc_subscriber *s);

/* S does not wait any more. */
void rate_remove(struct dnc_subscriber *s);
