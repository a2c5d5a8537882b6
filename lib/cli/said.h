/* said.h - messages about files that are read twice, which are printed once.
 *
 * Files that did not change give the same messages in the same order. For one thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* All zero: nothing is kept. */
struct dnc_said {
	char **texts; /* owned, with the strings */
	size_t count, room, at;
	bool keeps, again;
};

/* The first reading begins: what was kept before is forgotten. */
void dnc_said_begin(struct dnc_said *s);

/* The second reading begins. */
void dnc_said_again(struct dnc_said *s);

/* True if the first reading has said TEXT, and this is the second. The first one keeps it; without memory for it, it may be said
 * twice. */
bool dnc_said_before(struct dnc_said *s, const char *text);

/* Frees what is kept; S is all zero then. */
void dnc_said_finish(struct dnc_said *s);
