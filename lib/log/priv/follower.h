/* follower.h - the thread that reads a log to which other processes append, too, and hands its events on, own ones and
 * those of others alike, in the order of their numbers.
 *
 * It belongs to the writer, which commits and acknowledges, but hands on nothing itself. What the follower has read is the
 * journal's `last`, its rates and its providers. One batch is handed on, and the next is read ahead. All functions may
 * be called by any thread, unless said otherwise. */
#pragma once
#include "commit_queue.h"
#include "journal_ops.h"

struct follower;

/* CHANGED(CTX) runs in the follower's thread: a batch was handed on, a round (changes.h) has ended, follower_failing() changed, or the log
 * has lost what was handed on (dnc_journal_lost()), which ends the thread. J and Q are borrowed. NULL when there is no
 * memory. */
struct follower *follower_new(
	struct dnc_journal *j, struct commit_queue *q, void (*changed)(void *ctx), void *ctx);

/* Starts the thread. -1 when that can't be done. */
int follower_start(struct follower *f);

/* This process has appended events up to SEQ: they are there to be read. */
void follower_expect(struct follower *f, uint64_t seq);

/* Waits until all events that this process has appended were handed on; false when the follower was stopped before, or they
 * are lost. */
bool follower_catch_up(struct follower *f);

/* True, and why, while the log can't be read, or a read takes long. */
bool follower_failing(struct follower *f, struct dnc_error *why);

/* Ends the thread, if the queue was stopped, too, and all waiting. */
void follower_stop(struct follower *f);

/* Stops it, waits for its thread, and then CHANGED is not called any more. */
void follower_join(struct follower *f);

/* Joins it first. NULL is allowed. */
void follower_free(struct follower *f);
