/* sqlite.h - the embedded log: its state and what its files provide to each other.
 *
 * sqlite.c has the helpers that all use; sqlite_open.c creates, checks and opens the database; sqlite_epochs.c stores
 * the epochs; journal_sqlite.c appends; sqlite_read.c reads. Unless said otherwise all is for the thread that
 * appends. */
#pragma once
#include <sqlite3.h>
#include <sys/types.h>
#include "checkpoint.h"
#include "content.h"
#include "journal_ops.h"
#include "segments.h"
#include "retention_clock.h"

enum {
	BUSY_MS = 1000, /* an sqlite3 shell may hold a lock for a moment */
};

enum statement {
	INSERT,
	STORED,
	BEGIN,
	COMMIT,
	ROLLBACK,
	PRUNE,
	PRUNE_OLD_AUDIT,
	PRUNE_MANY_AUDIT,
	AUDIT_ENDS,
	FIRST_YOUNG,
	INSERT_AUDIT,
	OLDEST,
	PAGE_COUNT,
	STORE_RATES,
	DROP_RATES,
	STORE_PROVIDER,
	WRITES
};

enum log_file { FILE_DB, FILE_WAL, FILE_SHM, FILES };

/* The WAL, as the thread that appends sees it. */
struct wal {
	int pages;                  /* after the last commit */
	int copy_pages;             /* from so many on it is copied */
	int wake_pages;             /* from so many on the checkpointer is woken again */
	bool copied;                /* all of it was copied: the next commit restarts it */
	bool copy_failed;           /* the last copy, for another reason than a reader */
	int64_t retry_ms, pause_ms; /* not copied again before; doubled after each failure */
	int64_t grown_since_ms;     /* since when it should have been restarted; 0: it should not */
	int64_t truncate_tried_ms;
};

/* What the database has of dnc_journal_rates(), and since when. */
struct tallies {
	int64_t from_ms, since_ms; /* of counts, and of providers */
	uint64_t stored;           /* events up to this one are in table rates */
	bool begin_stored;         /* these are in table log */
};

struct journal {
	struct dnc_journal base;
	struct dnc_journal_options options;
	char *path;
	sqlite3 *db;
	sqlite3_stmt *write[WRITES];
	struct checkpointer *checkpointer;
	int lock_fd;
	int64_t logged_at_ms, oldest_logged_at_ms;
	int64_t page_bytes, audit_pruned_ms;
	char *file_path[FILES];
	struct stat_id {
		dev_t dev;
		ino_t ino;
	} file_id[FILES];
	off_t file_bytes[FILES];
	/* A descriptor of the database besides SQLite's own. Closing one gives up all of the process's locks on the file
	 * (fcntl(2)), so it stays open longer than any connection. */
	int space_fd;
	uint64_t reserved_bytes; /* blocks are allocated for so much of the database */
	struct wal wal;
	bool disk_full;      /* the last commit failed with ENOSPC */
	bool files_gone;     /* the last check found them removed or replaced */
	bool verify_pending; /* a batch is committed, but its files were gone afterwards */
	bool auto_vacuum;    /* free pages can be released (auto_vacuum = INCREMENTAL) */
	/* Of the batch that was committed last; valid once its files were checked. */
	uint64_t committed_last, committed_duplicates, committed_conflicts;
	uint64_t pruned_at;       /* the last number at the last pruning */
	int64_t disk_noted_ms;    /* when the free space of the file system was last asked for */
	int64_t reserve_tried_ms; /* when the reserve was last allocated */
	struct content_comparison comparison; /* of events with stored ones */
	bool duplicates_expected;             /* the last event was a duplicate or a conflict */
	int64_t started_ms;
	bool epoch_stored; /* the current epoch is in the database */
	bool mask_key_new; /* the database has none: it is stored with the epoch */
	bool copying;      /* as the target of a copy */
	struct retention_clock retention_clock;
	struct segments segments;
	int64_t stamp_boot_ms; /* CLOCK_BOOTTIME at logged_at_ms; 0: that was in an earlier run */
	int64_t now_boot_ms, clock_saved_ms;
	int64_t oldest_reliable_ms; /* when the first event with a reliable time was logged */
	struct tallies tallies;
};

/* "unable to DOING PATH: why", or that it is damaged and what to do; returns -1. */
int sqlite_error(sqlite3 *db, const char *doing, const char *path, struct dnc_error *err);

/* "PATH is damaged (WHY)", and what to do; or, if the disk failed to read the files of DB, that. DB may be NULL. Returns
 * -1. */
int sqlite_damaged(sqlite3 *db, const char *path, const char *why, struct dnc_error *err);

int sqlite_open_db(const char *path, int flags, sqlite3 **db, struct dnc_error *err);

/* The single value of a query; MISSING when there is none. -1 with ERR. */
int sqlite_get_int(sqlite3 *db, const char *sql, int64_t missing, int64_t *out, const char *path,
	struct dnc_error *err);

/* Creates the directory, locks it, creates or checks the database, and reads the oldest and the last number. */
int sqlite_set_up(struct journal *j, struct dnc_error *err);

/* The version of the layout that this program writes. */
int sqlite_layout(void);

/* Opens or creates the log; COPYING: as the target of a copy, also one that is not complete, and no epoch begins. To be closed with
 * dnc_journal_close(). NULL with ERR. */
struct journal *sqlite_open(
	const struct dnc_journal_options *options, bool copying, struct dnc_error *err);

/* sqlite_epochs.c: reads the list of epochs and begins one after the newest event. -1 with ERR when it could not be
 * stored: on a full disk (ENOSPC) the log can be used nevertheless, the first commit stores it. */
int sqlite_epoch_begin(struct journal *j, struct dnc_error *err);
/* Stores the current epoch as a part of a transaction that has begun. -1: see sqlite_error(). */
int sqlite_epoch_store(struct journal *j);
/* Stores it now. Writes in any case, so that -1 with ERR tells that there is no space. */
int sqlite_epoch_write(struct journal *j, struct dnc_error *err);

/* sqlite_rates.c: reads the counts, and counts the events that are not in them. After times_open(). */
int sqlite_rates_open(struct journal *j, struct dnc_error *err);
/* Stores, with the epoch, since when events are counted. -1: see sqlite_error(). */
int sqlite_rates_begin(struct journal *j);
/* Stores what has been counted, as a part of the transaction of events that are logged at logged_at_ms, if it is time to:
 * tallies.stored is *STORED once that is committed. -1: see sqlite_error(). */
int sqlite_rates_write(struct journal *j, uint64_t *stored);
/* Stores it before events up to END are removed, if they are not in it. */
int sqlite_rates_keep(struct journal *j, uint64_t end);

/* sqlite_providers.c: reads what is known of providers. After sqlite_rates_open(). */
int sqlite_providers_open(struct journal *j, struct dnc_error *err);
/* Stages and writes what the numbered events of BATCH say, as a part of their transaction. -1: see sqlite_error(). */
int sqlite_providers_write(struct journal *j, const struct dnc_batch *batch);
/* Writes what is staged. */
int sqlite_providers_store(struct journal *j);

/* mask_key.c: reads dnc_journal_mask_key(), or makes a new one if there is none. -1 with ERR. */
int mask_key_load(struct journal *j, struct dnc_error *err);
/* Stores a new one, as a part of a transaction that has begun. -1: see sqlite_error(). */
int mask_key_store(struct journal *j);

/* Keeps the WAL and its index when the last connection is closed: a log on a full disk can then be opened. */
void sqlite_keep_wal(sqlite3 *db);

/* files.c: records which files are open, and checks whether the log's paths still name them. -1 with ERR, which
 * says what to do. Costs three calls of stat(2). */
int files_record(struct journal *j, struct dnc_error *err);
int files_check(struct journal *j, struct dnc_error *err);

/* wal.c: keeps the WAL short. All by the thread that appends.
 *
 * A commit has left PAGES in it. */
void wal_committed(struct journal *j, int pages);
/* Pages in the WAL from which it is copied into the database. */
int wal_copy_pages(const struct journal *j);
/* Copies the WAL into the database when the checkpointer does not keep up. */
void wal_tend(struct journal *j);
/* Copies all of a long WAL and truncates it, and with it the free pages at the end of the database. */
void wal_truncate(struct journal *j);

/* space.c: how many bytes the log may take. All by the thread that appends.
 *
 * Bytes for events, of the limit; 0: no limit. */
uint64_t space_for_events(const struct journal *j);
/* Notes how much space the file system has, once a second at most. */
void space_note_disk(struct journal *j);
/* Allocates the blocks by which the database may grow when what is in the WAL, and a transaction that adds BYTES, are
 * copied into it. Without them a WAL that has filled the disk can't be copied, and so never be truncated. To be called
 * before each transaction that may add pages. -1 with ERR (ENOSPC: the transaction must wait). */
int space_preallocate(struct journal *j, uint64_t bytes, struct dnc_error *err);
/* Of events and audit records in a database, at most. */
uint64_t space_of_batch(const struct dnc_batch *batch);
/* Returns some of the UNUSED pages (of PAGES) to the file system. True when there is more to do. */
bool space_release(struct journal *j, int64_t pages, int64_t unused);

/* reserve.c: a file that is truncated when there is no space for pruning.
 *
 * Allocates it when it is missing; tried again after some seconds. */
void reserve_keep(struct journal *j);
/* Truncates it. False when it held nothing. */
bool reserve_release(struct journal *j);

/* times.c: reads the clocks' state; after load_ends() in sqlite_open.c. */
int times_open(struct journal *j, struct dnc_error *err);
/* The wall clock. Any thread. */
int64_t times_wall_ms(const struct journal *j);
/* The time for what is logged now. *JUMPED: the clock did, since the last event. */
int64_t times_stamp(struct journal *j, bool *jumped);
/* Writes, in the transaction that adds event last + 1 at logged_at_ms, that a segment begins there: NEXT are the
 * segments once it is committed. */
int times_begin_segment(
	struct journal *j, struct segments *next, int64_t before_ms, struct dnc_error *err);
/* True once a minute: then times_save() writes the retention clock. */
bool times_save_due(struct journal *j);
int times_save(struct journal *j, struct dnc_error *err);
/* The oldest event with a reliable time. */
uint64_t times_first_reliable(const struct journal *j);
/* Events logged before this are old. Warns when the wall clock is ahead of the retention clock, and that matters. */
int64_t times_cutoff(struct journal *j);

/* Table log. A value that is missing is an empty string. */
int sqlite_set_text(struct journal *j, const char *key, const char *value, struct dnc_error *err);
int sqlite_get_text(
	struct journal *j, const char *key, char *out, size_t size, struct dnc_error *err);

/* retention.c */
int retention_read_oldest(struct journal *j);
int retention_prune(struct dnc_journal *base, struct dnc_error *err);

/* Runs prepared statement WHICH to its end. */
int sqlite_run(struct journal *j, enum statement which);

/* sqlite_read.c: the readers' part of the operations. */
struct dnc_journal_reader *sqlite_reader_new(struct dnc_journal *base, struct dnc_error *err);
void sqlite_reader_free(struct dnc_journal_reader *base);
int sqlite_read(struct dnc_journal_reader *base, uint64_t from, bool back, struct dnc_str phone,
	bool (*each)(void *ctx, uint64_t seq, struct dnc_str line), void *ctx,
	struct dnc_error *err);
int sqlite_find_time(
	struct dnc_journal_reader *base, int64_t ms, uint64_t *seq, struct dnc_error *err);
