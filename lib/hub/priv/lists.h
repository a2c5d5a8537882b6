/* lists.h - the lists that subscribers are in, and how a subscriber leaves while they are walked.
 *
 * Every subscriber is in its hub's list; it is in its channel's `live` list while it has all events, and in the
 * hub's work list while it can get more. Any callback of the transport may remove any subscriber. */
#pragma once
#include "hub.h"

#define SUBSCRIBER_OF(link, member) DNC_LIST_ELEMENT(link, struct dnc_subscriber, member)

/* Enclose every call that may call the transport: a subscriber that leaves inside keeps its memory until the outermost
 * hub_exit(). */
void hub_enter(struct dnc_hub *h);
void hub_exit(struct dnc_hub *h);

/* Tells the owner that there is something for dnc_hub_work(), unless that is running. */
void hub_wake(struct dnc_hub *h);

/* Adds S, which is in no list, to all subscribers. */
void subscriber_add(struct dnc_hub *h, struct dnc_subscriber *s);

/* Removes S, which is idle, and frees it now or, inside of hub_enter(), later. */
void subscriber_free(struct dnc_subscriber *s);

/* S has more to get: it gets a turn after those that wait already. No effect if it waits. */
void work_add(struct dnc_subscriber *s);

/* No effect if it does not wait. */
void work_remove(struct dnc_subscriber *s);

/* S has all events up to the hub's present: from here on its channel moves it. No effect if it is live. */
void live_add(struct dnc_subscriber *s);

/* S goes on by itself, from the first event on that it was not sent: subscriber_at(). No effect if it is not live. */
void live_remove(struct dnc_subscriber *s);
