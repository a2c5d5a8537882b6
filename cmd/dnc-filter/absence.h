/* absence.h - the expectations of rules (rules/expect.h) while the program runs: their time, their timer, and the file of their
 * state.
 *
 * Live events, of services and pipes, count when they arrive, by a clock that starts at the wall clock's time and then counts as
 * the boot clock does, so that a wall clock that is set neither makes an event nor delays one. Where the wall clock at start
 * is before the time of the state, the clock starts at that. Events of files count at their own time. */
#pragma once
#include "options.h"
#include "rules/expect.h"

struct absence {
	struct dnc_rules *rules;
	struct dnc_stage *stage;
	/* Writes an event that was made; DRAIN: until the output has all of them. -1 ends the program. */
	int (*write)(void *ctx, struct dnc_str line);
	int (*drain)(void *ctx);
	void *ctx;
	bool live;
	bool counts;           /* -c: events are not written, so the file stays as it is */
	bool started;          /* sections without `by` wait */
	bool failed;           /* `write` or `drain` has failed */
	int64_t ahead_ms;      /* how far the clock is ahead of the boot clock */
	int64_t past_ms;       /* files: the latest time of an event */
	uint64_t saved;        /* the state that the file has, by dnc_expect_changes() */
	int64_t saved_at_ms;   /* boot clock */
	int64_t save_after_ms; /* how long to wait until the next time */
	bool save_failed;      /* which was said */
	bool locked;           /* the state is this process's */
	int lock;              /* then: a descriptor of its lock */
	int64_t set_ms;        /* for when the timer is set, boot clock; 0: it is not */
};

/* Reads the state of R's expectations, if there are any, and writes it, unless O only counts. Exits with 2 if it is damaged, 75 if
 * another process uses it, or with another code if it can't be read or written. The other members of A that have no comment are
 * set. */
void absence_start(struct absence *a, const struct options *o);

/* EVENT comes; what was due before is written first. 0; 1 with WHY, an enum dnc_reject, if it can't be said whether it matches; -1 if
 * the program ends, with WHY unless `write` or `drain` has failed. */
int absence_see(struct absence *a, const struct dnc_event *event, struct dnc_error *why);

/* Live: writes what is due. Before the program waits, and when it was woken. -1 if the program ends. */
int absence_turn(struct absence *a);

/* After that, when the output was flushed: writes the state if it is time to, and sets the timer. */
void absence_keep(struct absence *a);

/* True if FRESH may take the place of the rules, whose state is written then; else says why not. */
bool absence_accept(struct absence *a, struct dnc_rules *fresh);

/* R is in place of the rules. */
void absence_replace(struct absence *a, struct dnc_rules *r);

/* When the output has what it will get: writes the state. -1 after a message if that fails. */
int absence_end(struct absence *a);

/* Prints what each section did. */
void absence_stats(const struct dnc_rules *r);
