/* throttle.h - wrong tokens and tickets, counted by address.
 *
 * Each address has a token bucket: THROTTLE_BURST failures at once, then one every six seconds. An address
 * whose bucket is empty is blocked: its next token is not checked at all. At most THROTTLE_ADDRESSES are
 * remembered; the oldest is forgotten first. One throttle serves all web servers of the process; any
 * thread may call, and nothing blocks for longer than a hash lookup. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum {
	THROTTLE_BURST = 11, /* the eleventh failure blocks */
	THROTTLE_PER_MINUTE = 10,
	THROTTLE_ADDRESSES = 65536,
};

struct throttle;

/* To be freed with throttle_free(). NULL when there is no memory. */
struct throttle *throttle_new(void);

/* NULL is allowed. */
void throttle_free(struct throttle *t);

/* Counts a failure of ADDRESS ("192.0.2.7") at NOW_MS, of dnc_clock_mono_ms(). Without memory for a new
 * address it is not counted, and a warning is logged. */
void throttle_failed(struct throttle *t, const char *address, int64_t now_ms);

/* True while ADDRESS has failed too often. */
bool throttle_blocks(struct throttle *t, const char *address, int64_t now_ms);
