/* stretches.h - the stretches of the log in which the clock went on without a jump.
 *
 * Within one the times of logging never go back, so that a time can be found by halving. A stretch that
 * began with a jump and ended with the jump back has wrong times: its events count as logged between
 * their neighbours. Kept as text in the log itself. Not safe for use by two threads at once. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STRETCHES_AHEAD_MS INT64_C(86400000) /* a clock that goes on by more has jumped */
#define STRETCHES_BACK_MS  60000             /* one that goes back by more, too */

enum { STRETCHES_MAX = 32, STRETCHES_TEXT = STRETCHES_MAX * 64 };

struct stretch {
	uint64_t first; /* number of its first event */
	int64_t from_ms,
		to_ms; /* times of its first and last event; TO_MS of the last stretch is not known */
	bool wrong;
};

struct stretches {
	struct stretch at[STRETCHES_MAX];
	size_t n;
};

/* A stretch begins with event SEQ, logged at FROM_MS; the event before it was logged at TO_MS, and the
 * oldest one at OLDEST_MS. */
void stretches_begin(
	struct stretches *s, uint64_t seq, int64_t from_ms, int64_t to_ms, int64_t oldest_ms);

/* True when the times of stretch I say nothing about its events, as seen at NOW_MS: it is wrong, or all
 * of it would be in the future although others follow. */
bool stretches_doubtful(const struct stretches *s, size_t i, int64_t now_ms);

/* Forgets those that end before OLDEST. */
void stretches_prune(struct stretches *s, uint64_t oldest);

/* False when TEXT is none; the list is empty then. */
bool stretches_read(struct stretches *s, const char *text);
void stretches_write(const struct stretches *s, char text[STRETCHES_TEXT]);
