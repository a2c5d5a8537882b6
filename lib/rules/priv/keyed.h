/* keyed.h - what is remembered of many keys, in bounded memory: the one that was not used for the longest is forgotten first. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/hash.h"

enum { KEYED_BYTES = 16 };

struct keyed_entry {
	unsigned char key[KEYED_BYTES];
	int64_t at, last; /* times: what they mean is the owner's (window.c) */
	uint8_t answer;
	UT_hash_handle hh;
};

/* All zero but MAX is empty. */
struct keyed {
	size_t max;                  /* entries */
	struct keyed_entry *table;   /* the least recently used first */
	struct keyed_entry **blocks; /* owned */
	size_t block_count, block_room,
		used;              /* used: entries of the blocks that were ever given away */
	struct keyed_entry *spare; /* in no table, for the next that is added */
	uint64_t forgotten;
};

/* The entry of KEY, which is now the most recently used; NULL if there is none (or, rarely, no memory to keep it). */
struct keyed_entry *keyed_find(struct keyed *k, const unsigned char key[KEYED_BYTES]);

/* Adds KEY, which must not be there, all else zero; the oldest is forgotten for it if there are MAX. NULL without memory. */
struct keyed_entry *keyed_add(struct keyed *k, const unsigned char key[KEYED_BYTES]);

void keyed_finish(struct keyed *k);
