/* journal.h - how the log writes its journal, and how its readers open it.
 *
 * One thread appends, prunes and calls journal_idle(); each reader belongs to one thread. */
#pragma once
#include "log/journal.h"

/* Commits the batch's events, all or none, and sets `logged` and `seq` of each: a new one gets the next number. One
 * whose id the log has already gets 0: it is a duplicate when both have the same content, else a conflict. Once
 * this returned 0 they are as safe as `sync` says. -1 with ERR (ENOSPC: the disk is full): append the same batch
 * again later, before any other. */
int journal_append(struct dnc_journal *j, struct dnc_batch *batch, struct dnc_error *err);

/* Removes some of the events and audit records that exceed the limits: a bounded piece of work. 1 when more are left, 0
 * when not, -1 with ERR. The newest event is never removed. */
int journal_prune(struct dnc_journal *j, struct dnc_error *err);

/* Releases space that the last writes needed, and checks that the log can still be written. -1 with ERR when it can't: the
 * disk is full, or its files were removed or replaced. To be called about once a second while nothing is
 * appended. */
int journal_idle(struct dnc_journal *j, struct dnc_error *err);

/* The most bytes of events for a batch, so that the log does not exceed its limit by more; SIZE_MAX: no bound. */
size_t journal_batch_bytes(const struct dnc_journal *j);

/* To be freed with journal_reader_free(), before J is closed. NULL with ERR. A journal that stores no events has
 * readers that find none. */
struct dnc_journal_reader *journal_reader_new(struct dnc_journal *j, struct dnc_error *err);

/* Nobody waits for R now: it may read ahead, for some ms. */
void journal_reader_rest(struct dnc_journal_reader *r);

/* Ends what R waits for, now and from now on, with an error. Any thread. */
void journal_reader_stop(struct dnc_journal_reader *r);
