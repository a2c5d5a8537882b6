/* heartbeat.h - queues of deadlines.
 *
 * All entries of a queue wait equally long, so they are due in the order in which they entered: entering,
 * leaving and finding the next one need constant time, where a timer for each connection would have to be
 * sorted. The owner embeds an entry, checks once a second for entries that are due, and acts on them (a
 * ping, a close); a queue does not know clients. One thread. */
#pragma once
#include <stdint.h>
#include "base/list.h"

/* All zero is in no queue. */
struct heartbeat {
	struct dnc_list link;
	int64_t entered_ms;
};

struct heartbeat_queue {
	struct dnc_list entries;
	int64_t wait_ms;
};

/* An empty queue, whose entries are due after WAIT_S seconds. Q must not be moved afterwards. */
void heartbeat_queue_init(struct heartbeat_queue *q, int wait_s);

/* Appends H, which leaves the queue that it is in, if any. NOW_MS is of dnc_clock_mono_ms() and not before that
 * of the call before. */
void heartbeat_enter(struct heartbeat_queue *q, struct heartbeat *h, int64_t now_ms);

/* H may be in no queue. */
void heartbeat_leave(struct heartbeat *h);

/* The entry that has waited longest, if it is due at NOW_MS; else NULL. It stays in the queue: to go on to
 * the next one, make it leave or enter a queue. */
struct heartbeat *heartbeat_due(const struct heartbeat_queue *q, int64_t now_ms);
