/* recent.h - which events are in the last part of a file, by their ids: a hash of each (SipHash-2-4 with 128 bits, keyed at
 * random, so that nobody can make two ids alike). Used within one thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

enum { RECENT_HASH_BYTES = 16, RECENT_SECRET_BYTES = 16 };

struct recent_event {
	unsigned char hash[RECENT_HASH_BYTES];
	uint64_t bytes; /* of its line; 0: an empty slot */
};

struct recent {
	unsigned char secret[RECENT_SECRET_BYTES];
	uint64_t max_bytes, bytes;  /* of the lines that are remembered */
	struct recent_event *order; /* a ring, oldest first; owned */
	size_t first, count, room;  /* room is a power of two */
	struct recent_event *table; /* of 2 * room slots, found by hash; owned */
};

/* Remembers the last lines of MAX_BYTES together. */
void recent_start(struct recent *r, uint64_t max_bytes);
void recent_finish(struct recent *r);

/* Adds the event ID, whose line has BYTES. Returns 1, 0 if it is there already, or -1 without memory. */
int recent_add(struct recent *r, struct dnc_str id, uint64_t bytes);

/* Forgets the N events that were added last. */
void recent_forget_last(struct recent *r, size_t n);
