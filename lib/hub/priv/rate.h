/* rate.h - subscribers that wait for a time: because of their rate limit or their budget, or for want of memory.
 *
 * A subscriber pays for each event with a token of its bucket. Without tokens it waits in one of the queue's slots,
 * by the time when it has a token again. Without memory it waits for the next tick. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/list.h"

struct dnc_hub;
struct dnc_subscriber;

enum { RATE_SLOTS = 64 }; /* of DNC_HUB_TICK_MS each; a longer wait takes several rounds */

struct rate_queue {
	struct dnc_list slots[RATE_SLOTS];
	int64_t tick; /* the last slot looked at: milliseconds / DNC_HUB_TICK_MS */
	size_t waiting;
};

void rate_queue_init(struct rate_queue *q);

/* How many events S may get now. */
uint64_t rate_allows(struct dnc_subscriber *s);

/* S waits until it may get an event. No effect if it waits already. */
void rate_wait(struct dnc_subscriber *s);

/* S waits for MS at least. No effect if it waits already. */
void rate_wait_ms(struct dnc_subscriber *s, int64_t ms);

/* There is no memory for the next step of S: S waits for a tick. Returns false if it has waited for some seconds in vain:
 * give the step up. */
bool memory_wait(struct dnc_subscriber *s);

/* S does not wait any more. No effect if it does not. */
void rate_remove(struct dnc_subscriber *s);

/* Removes from the queue each subscriber whose time has come and calls DUE for it, which may let it wait
 * again. */
void rate_tick(struct dnc_hub *h, void (*due)(struct dnc_subscriber *s));
