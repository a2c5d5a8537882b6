/* journal_ops.h - what an implementation of the journal provides: see both journal.h for each function. Its structs start
 * with those declared here. */
#pragma once
#include <stdatomic.h>
#include "changes.h"
#include "epochs.h"
#include "journal.h"
#include "providers.h"
#include "rates.h"
#include "revocations.h"

/* Of a journal to which other processes append, too: what is in it is what was read of it. All but wake() and
 * stop() are called by the follower's thread alone. */
struct journal_follow {
	/* Calls EACH for the next events after those that were read (`last`), in order and without a hole, until it
	 * returns false, for an event that is not read then: some 1,000 events at most, and does not wait for more
	 * to come. Returns 0 when those were all there are, 1 when there may be more, -1 with ERR. Tells of new
	 * epochs and of losses (changes.h). LINE is valid during the call; no padding follows it. */
	int (*read)(struct dnc_journal *j,
		bool (*each)(void *ctx, uint64_t seq, int64_t logged_at_ms, struct dnc_str line),
		void *ctx, struct dnc_error *err);
	/* Waits until there may be more, MS at most. -1 with ERR. */
	int (*wait)(struct dnc_journal *j, int64_t ms, struct dnc_error *err);
	/* Ends wait(), now or when it is called next. Any thread. */
	void (*wake)(struct dnc_journal *j);
	/* Ends read() and wait(), now and from now on, with an error. Any thread; NULL: they take no time. */
	void (*stop)(struct dnc_journal *j);
};

struct journal_ops {
	void (*close)(struct dnc_journal *j);
	int (*append)(struct dnc_journal *j, struct dnc_batch *batch, struct dnc_error *err);
	int (*prune)(struct dnc_journal *j, struct dnc_error *err);
	int (*idle)(struct dnc_journal *j, struct dnc_error *err);
	struct dnc_journal_reader *(*reader_new)(struct dnc_journal *j, struct dnc_error *err);
	void (*reader_free)(struct dnc_journal_reader *r);
	/* No job is waiting: the reader may read ahead, for some ms. NULL: it has no use for that. */
	void (*reader_rest)(struct dnc_journal_reader *r);
	/* Ends what the reader waits for, now and from now on, with an error. Any thread; NULL: it never waits for long. */
	void (*reader_stop)(struct dnc_journal_reader *r);
	int (*read)(struct dnc_journal_reader *r, uint64_t from, bool back, struct dnc_str phone,
		bool (*each)(void *ctx, uint64_t seq, struct dnc_str line), void *ctx,
		struct dnc_error *err);
	int (*find_time)(
		struct dnc_journal_reader *r, int64_t ms, uint64_t *seq, struct dnc_error *err);
	bool keeps_events;                   /* readers find them */
	const struct journal_follow *follow; /* NULL: no other process appends */
};

/* struct dnc_journal_stats, written by one thread and read by others. */
struct journal_stats {
	atomic_uint_fast64_t bytes, free_bytes, wal_bytes, reserve_bytes, pruned, checkpoints;
	atomic_uint_fast64_t disk_free_bytes;
	atomic_int_fast64_t clock_ahead_ms, newest_ms;
	atomic_bool wal_held, clock_held;
	/* Of a log that is followed. */
	atomic_uint_fast64_t known; /* the highest number of an event that is said to be there */
	/* The same, by who may be wrong, since all was read; 0: nobody said so. */
	atomic_uint_fast64_t announced;
	atomic_uint_fast64_t rows_read, standby_rows_read, commits_repeated, reconnects, failovers,
		revoked;
};

struct dnc_journal {
	const struct journal_ops *ops;
	atomic_uint_fast64_t oldest, last, duplicates, conflicts;
	size_t batch_bytes; /* 0: no bound */
	struct journal_stats stats;
	unsigned char mask_key[DNC_MASK_KEY_BYTES]; /* wiped when the journal is closed */
	struct journal_changes changes;
	/* Owned, with locks of their own. */
	struct epochs *epochs;
	struct dnc_rates *rates;
	struct dnc_providers *providers;
	struct revocations *revocations; /* NULL: this log revokes no tokens */
	struct dnc_hubs *hubs;           /* made and freed by journal.c */
};

struct dnc_journal_reader {
	struct dnc_journal *journal;
};

/* Event SEQ is in the log, though perhaps not read yet. Any thread. */
static inline void journal_know(struct dnc_journal *j, uint64_t seq)
{
	uint64_t known = j->stats.known;

	while (known < seq && !atomic_compare_exchange_weak(&j->stats.known, &known, seq))
		;
}

struct dnc_journal *journal_sqlite_open(
	const struct dnc_journal_options *options, struct dnc_error *err);
struct dnc_journal *journal_postgres_open(
	const struct dnc_journal_options *options, struct dnc_error *err);
struct dnc_journal *journal_memory_open(struct dnc_error *err);
