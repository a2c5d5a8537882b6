/* window.h - rules that count: limit and unique.
 *
 * Producers send again what was not acknowledged. The answer for an event is therefore remembered by its id, for more events
 * than can wait for acknowledgement: an event must not be dropped as its own repeat, and be acknowledged so, while it is only in
 * memory. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "event/event.h"
#include "keyed.h"

/* Keys of one rule; ids whose answers are remembered: an event has 200 bytes at least, and at most 4 MiB of them wait. */
enum { WINDOW_KEYS = 1000000, WINDOW_ANSWERS = 65536 };

/* Older events count by their own time, others by their arrival. */
enum { WINDOW_PAST_MS = 60000 };

struct rule_window {
	int64_t unique_ms; /* 0: none */
	uint64_t limit;    /* events in limit_ms, at most one a microsecond; 0: none */
	int64_t limit_ms;
	struct dnc_str *unique_by, *limit_by; /* fields; owned, and their texts */
	size_t unique_count, unique_room, limit_count, limit_room;
	struct keyed seen, counted, answers;
	unsigned char
		secret[16]; /* of the keys: no number can be looked for in memory by its hash */
	struct dnc_buf text, scratch;
};

/* WINDOW_LACKING: the event lacks a field of `by`, so that one of the two did not ask it, and is kept. */
enum window_answer { WINDOW_KEPT, WINDOW_REPEATED, WINDOW_ABOVE, WINDOW_LACKING };

/* Before the first event. */
void rule_window_start(struct rule_window *w);

/* Counts EVENT, which comes in at NOW_MS (wall clock). Returns an enum window_answer; -1 without memory. */
int rule_window_count(struct rule_window *w, const struct dnc_event *event, int64_t now_ms);

/* W goes on with what OLD has counted, if both count the same; OLD starts anew. */
void rule_window_inherit(struct rule_window *w, struct rule_window *old);

void rule_window_finish(struct rule_window *w);
