/* sqlite.h - the embedded log. sqlite.c is what all of it uses, sqlite_open.c makes it ready, sqlite_epochs.c notes each start,
 * journal_sqlite.c writes it, sqlite_read.c reads it. */
#pragma once
#include <sqlite3.h>
#include <sys/types.h>
#include "checkpoint.h"
#include "journal_ops.h"
#include "stretches.h"
#include "wallclock.h"

enum {
	BUSY_MS = 1000, /* somebody at the sqlite3 shell may hold a lock for a moment */
};

enum statement {
	INSERT,
	STORED,
	BEGIN,
	COMMIT,
	ROLLBACK,
	PRUNE,
	PRUNE_ACCESS,
	PRUNE_MANY_ACCESS,
	ACCESS_ENDS,
	FIRST_YOUNG,
	NOTE,
	OLDEST,
	PAGE_COUNT,
	WRITES
};

enum log_file { FILE_DB, FILE_WAL, FILE_SHM, FILES };

/* The WAL, as the thread that appends sees it. */
struct wal {
	int pages;                  /* after the last commit */
	int copy_pages;             /* so many, and it is copied */
	int wake_pages;             /* so many, and the checkpointer is woken again */
	bool copied;                /* all of it was copied: the next commit starts it anew */
	int64_t retry_ms, pause_ms; /* not copied again before; the longer, the oftener in vain */
	int64_t grown_ms;           /* since when it should have started anew, or 0 */
	int64_t cut_ms;             /* when it was last tried to give its room back */
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
	int64_t page_bytes, access_pruned_ms;
	char *file_path[FILES];
	struct stat_id {
		dev_t dev;
		ino_t ino;
	} file_id[FILES];
	off_t file_bytes[FILES];
	/* A descriptor of the database beside SQLite's own. Closing one gives up all of the process's locks on the file
	 * (fcntl(2)), so it stays open longer than any connection. */
	int room_fd;
	uint64_t reserved_bytes; /* of the database: the disk has blocks for so much */
	struct wal wal;
	bool full;        /* the last commit failed for lack of room */
	bool gone;        /* the files were removed or replaced when it was last looked */
	bool unconfirmed; /* the batch is committed, but to files that were gone afterwards */
	bool gives_back;  /* free pages can be cut off (auto_vacuum = INCREMENTAL) */
	/* As they are once the batch is confirmed. */
	uint64_t written_last, written_duplicates, written_conflicts;
	uint64_t pruned_at;             /* the last number when it was pruned before */
	int64_t reserve_ms;             /* when the reserve was last looked after */
	struct dnc_json_parser *parser; /* for events that are compared */
	bool repeats;                   /* the last event was there already */
	struct dnc_buf stored;
	int64_t started_ms;
	bool epoch_stored; /* the list of epochs has the current one */
	struct wallclock wallclock;
	struct stretches stretches;
	int64_t stamp_boot_ms; /* CLOCK_BOOTTIME at logged_at_ms; 0: of a run before */
	int64_t now_boot_ms, clock_saved_ms;
	int64_t due_ms; /* when the first event was logged whose time is sure */
};

/* "unable to DOING PATH: why", or that it is damaged and what to do; returns -1. */
int sqlite_error(sqlite3 *db, const char *doing, const char *path, struct dnc_error *err);

/* "PATH is damaged (WHY)", and what to do; returns -1. */
int sqlite_damaged(const char *path, const char *why, struct dnc_error *err);

int sqlite_open_db(const char *path, int flags, sqlite3 **db, struct dnc_error *err);

/* The single value of a query; MISSING when there is none. -1 with ERR. */
int sqlite_get_int(sqlite3 *db, const char *sql, int64_t missing, int64_t *out, const char *path,
	struct dnc_error *err);

/* Makes the directory, takes the lock, makes or checks the database, and reads where the log stands. */
int sqlite_set_up(struct journal *j, struct dnc_error *err);

/* sqlite_epochs.c: reads the list of epochs and begins one, behind the newest event. -1 with ERR
 * when it could not be stored: without room the log is usable all the same, and the first commit stores it. */
int sqlite_epoch_begin(struct journal *j, struct dnc_error *err);
/* Stores the current epoch as a part of a transaction that has begun. -1: see sqlite_error(). */
int sqlite_epoch_store(struct journal *j);
/* Stores it now, if that was not done yet; in any case something is written, so that -1 with ERR tells whether there is
 * room. */
int sqlite_epoch_write(struct journal *j, struct dnc_error *err);

/* Keeps the WAL and its index when the last connection is closed, so that the log can be opened on a
 * disk that is full. */
void sqlite_keep_wal(sqlite3 *db);

/* files.c: notes which files are open, and whether the log's paths still lead there. -1 with ERR, which
 * says what to do. Cheap: three calls of stat(2). */
int files_note(struct journal *j, struct dnc_error *err);
int files_check(struct journal *j, struct dnc_error *err);

/* room.c: how much the log takes. All by the thread that appends.
 *
 * The WAL is kept short: a commit has left PAGES in it; room_tend_wal() copies it when it is long. */
void room_committed(struct journal *j, int pages);
void room_tend_wal(struct journal *j);
/* Has the disk set blocks aside for what the database will grow by when BATCH is copied out of the WAL. Without them a
 * WAL that has filled the disk can't be copied, and so never be cut. -1 with ERR, ENOSPC: the batch must wait. */
int room_for_copy(struct journal *j, const struct dnc_batch *batch, struct dnc_error *err);
/* Cuts the WAL, and with it what was freed at the database's end. */
void room_cut_wal(struct journal *j);
/* Bytes for events, of the limit; 0: no limit. */
uint64_t room_for_events(const struct journal *j);
/* Cuts some free pages off. True when there is more to do. */
bool room_give_back(struct journal *j, int64_t pages, int64_t unused);
/* A file that is given up when there is no room for pruning. */
void room_keep_reserve(struct journal *j);
bool room_release_reserve(struct journal *j);

/* times.c: reads what is known of the clock. After the ends are read. */
int times_open(struct journal *j, struct dnc_error *err);
int64_t times_wall_ms(const struct journal *j);
/* The time for what is logged now. JUMPED: the clock did, since the last event. */
int64_t times_stamp(struct journal *j, bool *jumped);
/* Writes, in the transaction that adds event last + 1 at logged_at_ms, that a stretch begins there. */
int times_begin_stretch(
	struct journal *j, struct stretches *next, int64_t before_ms, struct dnc_error *err);
/* Writes how far the clock was believed; due once a minute. */
bool times_save_due(struct journal *j);
int times_save(struct journal *j, struct dnc_error *err);
/* The oldest event whose time is sure. */
uint64_t times_first_sure(const struct journal *j);
/* Events logged before are old; says when the clock is doubted. */
int64_t times_horizon(struct journal *j);

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
int sqlite_find_id(
	struct dnc_journal_reader *base, struct dnc_str id, uint64_t *seq, struct dnc_error *err);
int sqlite_find_time(
	struct dnc_journal_reader *base, int64_t ms, uint64_t *seq, struct dnc_error *err);
