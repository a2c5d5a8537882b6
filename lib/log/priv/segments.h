/* segments.h - the segments of the log in which the wall clock advanced without a jump.
 *
 * Within a segment the times of logging never decrease, so that a time can be found by binary search. The times of a
 * segment are invalid when the clock jumped at its start and back at its end: its events count as logged
 * when the first event of a later, valid segment was. Kept as text in table log, under the key "stretches":
 * existing logs have it by this name, which they were called by before. Not safe for use by two threads at once. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JUMP_AHEAD_MS INT64_C(86400000) /* a clock that advances by more has jumped */
#define JUMP_BACK_MS  60000             /* one that goes back by more has, too */

enum { SEGMENTS_MAX = 32, SEGMENTS_TEXT = SEGMENTS_MAX * 64 };

struct segment {
	uint64_t first;            /* sequence number of its first event */
	int64_t first_ms, last_ms; /* times of its first and last event; the newest segment has no
	                            * last_ms yet */
	bool invalid;
};

struct segments {
	struct segment at[SEGMENTS_MAX];
	size_t n;
};

/* Begins a segment with event SEQ, logged at FIRST_MS. The event before it was logged at LAST_MS, the oldest one of the
 * log at OLDEST_MS. When there are too many segments the oldest is dropped. */
void segments_begin(
	struct segments *s, uint64_t seq, int64_t first_ms, int64_t last_ms, int64_t oldest_ms);

/* True when the times of segment I can't be used, as seen at NOW_MS: it is invalid, or it is in the future although
 * others follow it. */
bool segments_unreliable(const struct segments *s, size_t i, int64_t now_ms);

/* Drops segments that end before event OLDEST. */
void segments_prune(struct segments *s, uint64_t oldest);

/* Parses what segments_write() wrote. False when TEXT is malformed; the list is empty then. */
bool segments_read(struct segments *s, const char *text);
void segments_write(const struct segments *s, char text[SEGMENTS_TEXT]);
