/* report.h - shows the status on standard error: as a line that stays at the bottom of a terminal, as a message every ten seconds
 * elsewhere, and as a message at SIGUSR1. For the loop's thread only; one for the process.
 *
 * The cursor stands at the start of the bottom line, so that what is printed next takes its place; the line must be erased
 * before, and is drawn again after it. A terminal that wraps it, because it was made narrower, keeps the cursor at its start: all
 * of it is erased. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>
#include "options.h"
#include "stream.h"

struct report {
	const struct options *options;
	struct stream *stream;
	uv_timer_t tick;   /* each second, with --stats */
	uv_timer_t answer; /* the end of the wait for the hub's answer */
	uv_timer_t quiet;  /* when to say that there are no events yet */
	uv_async_t asked;  /* by SIGUSR1 */
	uv_signal_t resize;
	unsigned ticks;
	bool line; /* --stats on a terminal */
	bool shown;
	bool due; /* a message, when the hub has answered */
	bool quiet_due;
};

/* Starts; STREAM is borrowed and has not been connected yet. SIGUSR1 ends nothing from here on. */
void report_open(
	struct report *r, uv_loop_t *loop, const struct options *options, struct stream *stream);

/* The hub has answered stream_measure(). */
void report_answered(struct report *r);

/* Erases the line before something else is written to the terminal. */
void report_erase(struct report *r);

/* Draws it again, unless it is there. */
void report_draw(struct report *r);

/* Erases the line for good and closes the handles. */
void report_close(struct report *r);
