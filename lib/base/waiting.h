/* waiting.h - when to say that a program waits for another one: after ten seconds, then at intervals that double up to
 * ten minutes, and once when it goes on. Who waits without a word cannot be told from who is at work, least of all in a
 * job that nobody watches.
 *
 * The owner looks while it waits, and calls dnc_waiting_end() when what it waits for has made progress. Times are of
 * dnc_clock_mono_ms(). One that is all zero does not wait. For one thread. */
#pragma once
#include <stdbool.h>
#include "clock.h"

/* When the first message is due. A reader that is only slow answers sooner. */
enum { DNC_WAITING_FIRST_MS = 10000 };

struct dnc_waiting {
	int64_t since_ms;  /* 0: it does not wait */
	int64_t say_at_ms; /* when a message is due */
	int64_t pause_ms;  /* between that and the next */
	int64_t looked_ms; /* last */
	bool said;         /* since it waits */
};

/* It waits NOW. True if a message is due; the next is due later. Time between two looks in which the owner had other work,
 * which it tells with dnc_waiting_worked(), does not count. */
bool dnc_waiting_look(struct dnc_waiting *w, int64_t now);

/* Until NOW the owner did not wait, but had other work since the last look. */
void dnc_waiting_worked(struct dnc_waiting *w, int64_t now);

/* How many ms are left until a message is due, at least 0; -1 if it does not wait. */
int64_t dnc_waiting_left(const struct dnc_waiting *w, int64_t now);

/* It goes on. Returns how many ms it waited if that was said, else 0. */
int64_t dnc_waiting_end(struct dnc_waiting *w, int64_t now);

/* Writes how long it has waited, and since when by the wall clock: "for 10 s, since 2026-08-29T08:00:00Z". */
enum { DNC_WAITING_TEXT_BYTES = 64 };
const char *dnc_waiting_text(
	const struct dnc_waiting *w, int64_t now, char text[DNC_WAITING_TEXT_BYTES]);
