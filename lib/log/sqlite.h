/* sqlite.h - inside lib/log: the embedded log. sqlite_open.c makes it ready, journal_sqlite.c writes
 * it, sqlite_read.c reads it. */
#pragma once
#include <sqlite3.h>
#include "checkpoint.h"
#include "journal_ops.h"

enum {
	BUSY_MS = 1000, /* somebody at the sqlite3 shell may hold a lock for a moment */
};

enum statement {
	INSERT,
	BEGIN,
	COMMIT,
	ROLLBACK,
	PRUNE_AGE,
	PRUNE_SIZE,
	PRUNE_ACCESS,
	NOTE,
	OLDEST,
	WRITES
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
};

/* "unable to DOING PATH: why", or that it is damaged and what to do; returns -1. */
int sqlite_error(sqlite3 *db, const char *doing, const char *path, struct dnc_error *err);

int sqlite_open_db(const char *path, int flags, sqlite3 **db, struct dnc_error *err);

/* The single value of a query; MISSING when there is none. -1 with ERR. */
int sqlite_get_int(sqlite3 *db, const char *sql, int64_t missing, int64_t *out, const char *path,
	struct dnc_error *err);

/* Makes the directory, takes the lock, makes or checks the database, and reads where the log stands. */
int sqlite_set_up(struct journal *j, struct dnc_error *err);

/* The log was closed as it should be. */
void sqlite_set_closed(struct journal *j);

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
