/* limits.h - how many connections there are, over all webs. Any thread. */
#pragma once
#include "web/web.h"

enum limits_verdict { DOOR_OPEN, DOOR_FULL, DOOR_ADDRESS, DOOR_SUBJECT };

/* The place that a connection takes; given back by limits_leave(). */
struct limits_place {
	struct limits_count *address, *subject;
};

/* One connection more, from ADDRESS ("192.0.2.7"), of SUBJECT (NULL: nobody was asked). Only after DOOR_OPEN must
 * it leave. */
enum limits_verdict limits_enter(struct dnc_web_shared *door, const char *address,
	const char *subject, struct limits_place *place);
void limits_leave(struct dnc_web_shared *door, struct limits_place *place);

/* A wrong token came from ADDRESS. After ten, one more is heard every six seconds. */
void limits_failed(struct dnc_web_shared *door, const char *address);

/* True while ADDRESS has sent too many wrong tokens: the next one is not looked at. */
bool limits_bars(struct dnc_web_shared *door, const char *address);

/* Numbers connections, over all webs. */
uint64_t limits_number(struct dnc_web_shared *door);

/* Bodies of requests under way, over all webs, have 64 MiB of memory at most. Makes *HELD, the bytes that one of them has
 * told before, BYTES; 0 gives all back. False, with nothing changed, when that would be too much. */
bool limits_hold(struct dnc_web_shared *door, size_t *held, size_t bytes);

/* Webs that share the door make themselves known, for sums over all of them; the list is locked while EACH
 * is called. */
void limits_add_web(struct dnc_web_shared *door, struct dnc_web *w);
void limits_remove_web(struct dnc_web_shared *door, struct dnc_web *w);
void limits_each_web(
	struct dnc_web_shared *door, void (*each)(void *ctx, struct dnc_web *w), void *ctx);

/* True when several webs share the door. */
bool limits_is_shared(struct dnc_web_shared *door);

unsigned limits_limit(const struct dnc_web_shared *door);
