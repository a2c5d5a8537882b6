/* door.h - inside lib/web: how many connections there are, over all webs. Any thread. */
#pragma once
#include "web/web.h"

enum door_verdict { DOOR_OPEN, DOOR_FULL, DOOR_ADDRESS, DOOR_SUBJECT };

/* The place that a connection takes; given back by door_leave(). */
struct door_place {
	struct door_count *address, *subject;
};

/* One connection more, from ADDRESS ("192.0.2.7"), of SUBJECT (NULL: nobody was asked). Only after DOOR_OPEN must
 * it leave. */
enum door_verdict door_enter(
	struct dnc_door *door, const char *address, const char *subject, struct door_place *place);
void door_leave(struct dnc_door *door, struct door_place *place);

/* A wrong token came from ADDRESS. After ten, one more is heard every six seconds. */
void door_failed(struct dnc_door *door, const char *address);

/* True while ADDRESS has sent too many wrong tokens: the next one is not looked at. */
bool door_bars(struct dnc_door *door, const char *address);

/* Numbers connections, over all webs. */
uint64_t door_number(struct dnc_door *door);

/* Bodies of requests under way, over all webs, have 64 MiB of memory at most. Makes *HELD, the bytes that one of them has
 * told before, BYTES; 0 gives all back. False, with nothing changed, when that would be too much. */
bool door_hold(struct dnc_door *door, size_t *held, size_t bytes);

/* Webs that share the door make themselves known, for sums over all of them; the list is locked while EACH
 * is called. */
void door_add_web(struct dnc_door *door, struct dnc_web *w);
void door_remove_web(struct dnc_door *door, struct dnc_web *w);
void door_each_web(struct dnc_door *door, void (*each)(void *ctx, struct dnc_web *w), void *ctx);

/* True when several webs share the door. */
bool door_is_shared(struct dnc_door *door);

unsigned door_limit(const struct dnc_door *door);
