/* journal.h - the event log: every event once, in the order of its sequence number.
 *
 * The embedded implementation is a SQLite database, DIR/events.db (its layout is told in
 * dnc-wsd(8)); a journal without a directory keeps nothing but the newest ids and a hash of each content, to know an
 * event that comes twice.
 *
 * One thread appends and prunes; each reader belongs to one thread of its own. dnc_journal_last(),
 * dnc_journal_oldest() and what is asked about epochs may be asked by any. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "batch.h"

#define DNC_EPOCH_LEN 16

/* When a commit counts as safe: on the disk, in the system's hands (a crash of the machine may lose
 * the last ones), or whenever (it may lose the database). */
enum dnc_sync { DNC_SYNC_FULL, DNC_SYNC_NORMAL, DNC_SYNC_OFF };

/* For tests: the wall clock, and one that counts the time since the machine was started. */
struct dnc_journal_clock {
	int64_t (*wall_ms)(void *ctx);
	int64_t (*boot_ms)(void *ctx);
	void *ctx;
};

struct dnc_journal_options {
	const char *dir; /* NULL keeps nothing */
	enum dnc_sync sync;
	int64_t retain_ms;     /* events logged longer ago may go; 0: for ever */
	uint64_t retain_bytes; /* the oldest go when the log takes more; 0: as much as there is */
	bool accept_clock; /* the wall clock is right, however far it is ahead of the last run */
	const struct dnc_journal_clock *clock; /* borrowed; NULL: the system's */
};

struct dnc_journal;

/* Opens the log, makes it when there is none. NULL with ERR: when another process has it, when it is
 * damaged (a damaged log is never replaced in silence), when it can't be read or written. */
struct dnc_journal *dnc_journal_open(
	const struct dnc_journal_options *options, struct dnc_error *err);

/* NULL is allowed. */
void dnc_journal_close(struct dnc_journal *j);

/* Commits the batch's events, all or none, and says of each what it made of it (`logged`): a new one gets its number.
 * One whose id is there already gets 0: it is a duplicate when both have the same content (content.h), else a
 * conflict. When this returns 0 they are as safe as `sync` says. */
int dnc_journal_append(struct dnc_journal *j, struct dnc_batch *batch, struct dnc_error *err);

/* Removes some of what need not be kept, a bounded piece of work. 1 when more is left, 0 when not,
 * -1 with ERR. The newest event always stays. */
int dnc_journal_prune(struct dnc_journal *j, struct dnc_error *err);

/* DNC_EPOCH_LEN characters that name this opening of the log. Each opening is an epoch of its own, and the
 * log keeps the number with which each began: so a place, an epoch and a number seen in it, can be told
 * from one that this log never had, because it was restored from a backup or lost its end. */
const char *dnc_journal_epoch(const struct dnc_journal *j);

/* The last number that the log had while EPOCH was the current one, as far as it has that event still; *END is
 * UINT64_MAX for the current one, which goes on. False when the log does not know EPOCH. */
bool dnc_journal_epoch_end(const struct dnc_journal *j, struct dnc_str epoch, uint64_t *end);

/* The number of the first event of the current epoch, whether there is one yet or not. */
uint64_t dnc_journal_epoch_first(const struct dnc_journal *j);

/* Numbers of the newest and the oldest event that can be read; last is oldest - 1 when there is
 * none. */
uint64_t dnc_journal_last(const struct dnc_journal *j);
uint64_t dnc_journal_oldest(const struct dnc_journal *j);

/* Events that were there already, and those that were refused because another event has their id, since the journal was
 * opened. */
uint64_t dnc_journal_duplicates(const struct dnc_journal *j);
uint64_t dnc_journal_conflicts(const struct dnc_journal *j);

/* Asks for what may have changed while nothing was written: gives room back that the last writes
 * needed. -1 with ERR when the log can't be written any more: its files were removed or replaced. Call it
 * now and then while nothing comes, by the thread that appends. */
int dnc_journal_idle(struct dnc_journal *j, struct dnc_error *err);

/* Bytes of events to commit at once at most, so that the log does not outgrow its limit by more. */
size_t dnc_journal_batch_bytes(const struct dnc_journal *j);

struct dnc_journal_stats {
	/* Of the database, of the free pages in it, of the WAL, and of what is held in reserve. */
	uint64_t bytes, free_bytes, wal_bytes, reserve_bytes;
	uint64_t pruned;        /* events, since the journal was opened */
	uint64_t checkpoints;   /* times that all of the WAL was copied into the database */
	int64_t clock_ahead_ms; /* the wall clock, of the time that is believed to have passed */
	bool clock_held;        /* events are kept that the wall clock says are old */
	bool wal_held;          /* a reader has kept the WAL from starting anew for long */
};

/* Any thread. */
struct dnc_journal_stats dnc_journal_stats(const struct dnc_journal *j);

struct dnc_journal_reader;

/* NULL with ERR. A journal that keeps nothing has readers that find nothing. */
struct dnc_journal_reader *dnc_journal_reader_new(struct dnc_journal *j, struct dnc_error *err);
void dnc_journal_reader_free(struct dnc_journal_reader *r);
const struct dnc_journal *dnc_journal_of(const struct dnc_journal_reader *r);

/* Calls EACH for events from FROM on (downwards from FROM when BACK), until it returns false. PHONE
 * (E.164), when not missing, is looked up by the index. LINE is borrowed during the call. */
int dnc_journal_read(struct dnc_journal_reader *r, uint64_t from, bool back, struct dnc_str phone,
	bool (*each)(void *ctx, uint64_t seq, struct dnc_str line), void *ctx,
	struct dnc_error *err);

/* The number of the event ID, 0 when there is none. */
int dnc_journal_find_id(
	struct dnc_journal_reader *r, struct dnc_str id, uint64_t *seq, struct dnc_error *err);

/* The number of the first event that was logged at MS or later; last + 1 when none was. */
int dnc_journal_find_time(
	struct dnc_journal_reader *r, int64_t ms, uint64_t *seq, struct dnc_error *err);
