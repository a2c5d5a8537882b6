/* sqlite_open.c - creates or opens the database of the log, and checks it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "priv/sqlite.h"

/* "DNCL" in the file's header (SQLite file format, offset 68), so that file(1) can name it. */
#define APPLICATION_ID "0x444E434C"

/* One statement list for each version of the layout (PRAGMA user_version), to be run in order. */
static const char *const migrations[] = {
	"CREATE TABLE log (key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL,"
	" phone_number TEXT, provider TEXT, severity TEXT NOT NULL, timestamp TEXT NOT NULL,"
	" logged_at INTEGER NOT NULL, event TEXT NOT NULL);"
	"CREATE INDEX events_by_phone ON events (phone_number) WHERE phone_number IS NOT NULL;"
	"PRAGMA application_id = " APPLICATION_ID ";",
	"CREATE TABLE access (n INTEGER PRIMARY KEY, at INTEGER NOT NULL, record TEXT NOT NULL);",
	/* Older layouts had one epoch for all restarts; the rest of table log was not needed. */
	"CREATE TABLE epochs (n INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE,"
	" first_seq INTEGER NOT NULL, started_at INTEGER NOT NULL);"
	"INSERT INTO epochs (epoch, first_seq, started_at)"
	" SELECT value, 1, 0 FROM log WHERE key = 'epoch';"
	"DELETE FROM log;",
	/* The columns of counts are in the order of enum dnc_type. */
	"CREATE TABLE rates (step INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL,"
	" suppressed INTEGER NOT NULL, released INTEGER NOT NULL, checked INTEGER NOT NULL,"
	" synced INTEGER NOT NULL, violations INTEGER NOT NULL, statuses INTEGER NOT NULL);"
	"CREATE TABLE providers (provider TEXT NOT NULL, fact INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" at INTEGER NOT NULL, event TEXT NOT NULL, PRIMARY KEY (provider, fact)) WITHOUT ROWID;",
};

enum {
	VERSION = sizeof migrations / sizeof migrations[0],
	CACHE_KIB = 32768,
	/* A file up to this size is checked completely at the start, which takes some 0.1 s. */
	CHECK_BYTES = 64 << 20,
	WAL_LIMIT_BYTES = 32 << 20, /* it is truncated to that when it is restarted */
	INCREMENTAL = 2,            /* of PRAGMA auto_vacuum */
};

static int run_sql(sqlite3 *db, const char *sql, const char *path, struct dnc_error *err)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK
	               ? 0
	               : sqlite_error(db, "set up", path, err);
}

static int make_dir(const char *dir, struct dnc_error *err)
{
	char path[4096];

	if (snprintf(path, sizeof path, "%s/", dir) >= (int)sizeof path)
		return dnc_error_set(err, ENAMETOOLONG, "%s: the path is too long", dir);
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(path, 0750) < 0 && errno != EEXIST)
			return dnc_error_set(
				err, EIO, "unable to create %s: %s", path, strerror(errno));
		*p = '/';
	}
	return 0;
}

/* Only one hub may use a log: the lock ends with the process. */
static int take_lock(struct journal *j, struct dnc_error *err)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/lock", j->options.dir);
	j->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (j->lock_fd < 0)
		return dnc_error_set(err, errno, "unable to open %s: %s", path, strerror(errno));
	if (flock(j->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return dnc_error_set(
			err, EADDRINUSE, "%s is in use by another dnc-wsd", j->options.dir);
	return dnc_error_set(err, errno, "unable to lock %s: %s", path, strerror(errno));
}

static int migrate(sqlite3 *db, const char *path, struct dnc_error *err)
{
	int64_t version;
	char sql[64];

	if (sqlite_get_int(db, "PRAGMA user_version", 0, &version, path, err) < 0)
		return -1;
	if (version > VERSION)
		return dnc_error_set(err, EIO, "%s was written by a newer dnc-wsd (layout %lld)",
			path, (long long)version);
	for (; version < VERSION; version++) {
		snprintf(sql, sizeof sql, "PRAGMA user_version = %lld; COMMIT",
			(long long)version + 1);
		if (run_sql(db, "BEGIN IMMEDIATE", path, err) < 0 ||
			run_sql(db, migrations[version], path, err) < 0 ||
			run_sql(db, sql, path, err) < 0)
			return -1;
	}
	return 0;
}

/* Created under another name first: a file with the final name is complete. */
static int create(struct journal *j, struct dnc_error *err)
{
	char fresh[4096], leftover[4096];
	sqlite3 *db = NULL;
	int fd, rc;

	snprintf(fresh, sizeof fresh, "%s.new", j->path);
	snprintf(leftover, sizeof leftover, "%s-wal", j->path);
	if (access(leftover, F_OK) == 0)
		return dnc_error_set(err, EIO,
			"%s is missing, but %s exists: restore it, or move both away to begin a new "
			"log",
			j->path, leftover);
	unlink(fresh);
	/* 0640: SQLite gives its other files the same mode. */
	fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		return dnc_error_set(err, errno, "unable to create %s: %s", fresh, strerror(errno));
	close(fd);
	if (sqlite3_open_v2(fresh, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK)
		rc = sqlite_error(db, "open", fresh, err);
	/* Without retention no page is ever freed, and auto_vacuum costs each insertion 8 % more instructions. */
	else if ((j->options.retain_bytes || j->options.retain_ms || j->copying) &&
		 run_sql(db, "PRAGMA auto_vacuum = INCREMENTAL", fresh, err) < 0)
		rc = -1;
	else
		rc = migrate(db, fresh, err);
	sqlite3_close(db);
	if (rc == 0 && rename(fresh, j->path) < 0)
		rc = dnc_error_set(err, errno, "unable to create %s: %s", j->path, strerror(errno));
	if (rc == 0)
		rc = dnc_file_sync_directory(j->path, err);
	return rc;
}

static int on_check(void *ctx, int columns, char **values, char **names)
{
	(void)names;
	if (columns > 0 && values[0] && strcmp(values[0], "ok") != 0)
		snprintf(ctx, 80, "%s", values[0]);
	return 0;
}

/* Ignores ENOSPC (RC, ERR) from a write that opening the log does not depend on: on a full disk it can still be
 * read. */
static int ignore_full_disk(struct journal *j, int rc, const struct dnc_error *err)
{
	if (rc == 0 || err->code != ENOSPC)
		return rc;
	if (!sqlite3_get_autocommit(j->db))
		sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
	j->disk_full = true;
	return 0;
}

/* Checks for the damage that a failing disk does: a file that is too short, invalid pages. */
static int check_whole(struct journal *j, struct dnc_error *err)
{
	int64_t id, pages, vacuum;
	struct stat st;
	char why[80] = "";

	if (sqlite_get_int(j->db, "PRAGMA application_id", 0, &id, j->path, err) < 0)
		return -1;
	if (id != strtol(APPLICATION_ID, NULL, 16))
		return dnc_error_set(err, EIO, "%s is not an event log", j->path);
	/* The WAL is copied into the file, so that its size can be compared; on a full disk the WAL stays. */
	if (ignore_full_disk(
		    j, run_sql(j->db, "PRAGMA wal_checkpoint(TRUNCATE)", j->path, err), err) < 0 ||
		sqlite_get_int(j->db, "PRAGMA page_size", 4096, &j->page_bytes, j->path, err) < 0 ||
		sqlite_get_int(j->db, "PRAGMA page_count", 0, &pages, j->path, err) < 0 ||
		sqlite_get_int(j->db, "PRAGMA auto_vacuum", 0, &vacuum, j->path, err) < 0)
		return -1;
	j->auto_vacuum = vacuum == INCREMENTAL;
	if (stat(j->path, &st) < 0)
		return dnc_error_set(err, errno, "unable to stat %s: %s", j->path, strerror(errno));
	if (!j->disk_full && st.st_size < pages * j->page_bytes)
		return sqlite_damaged(NULL, j->path, "the file is too short", err);
	if (st.st_size <= CHECK_BYTES) {
		if (sqlite3_exec(j->db, "PRAGMA quick_check(1)", on_check, why, NULL) != SQLITE_OK)
			return sqlite_error(j->db, "read", j->path, err);
		if (why[0])
			return sqlite_damaged(j->db, j->path, why, err);
	}
	return 0;
}

static int load_ends(struct journal *j, struct dnc_error *err)
{
	int64_t oldest, last;

	if (sqlite_get_int(j->db, "SELECT max(seq) FROM events", 0, &last, j->path, err) < 0 ||
		sqlite_get_int(j->db, "SELECT min(seq) FROM events", 1, &oldest, j->path, err) <
			0 ||
		sqlite_get_int(j->db, "SELECT logged_at FROM events ORDER BY seq DESC LIMIT 1", 0,
			&j->logged_at_ms, j->path, err) < 0 ||
		sqlite_get_int(j->db, "SELECT logged_at FROM events ORDER BY seq LIMIT 1", 0,
			&j->oldest_logged_at_ms, j->path, err) < 0)
		return -1;
	j->base.last = (uint64_t)last;
	j->base.stats.newest_ms = j->logged_at_ms;
	j->base.oldest = (uint64_t)oldest;
	return 0;
}

static int tallies_open(struct journal *j, struct dnc_error *err)
{
	rates_free(j->base.rates);
	providers_free(j->base.providers);
	j->base.rates = rates_new(0);
	j->base.providers = providers_new();
	if (!j->base.rates || !j->base.providers)
		return dnc_error_nomem(err);
	return sqlite_rates_open(j, err) == 0 ? sqlite_providers_open(j, err) : -1;
}

/* A copy that is not complete yet is for dnc-log alone. */
static int begin_epoch(struct journal *j, struct dnc_error *err)
{
	char copy[16];

	if (j->copying)
		return 0;
	if (sqlite_get_text(j, "copy", copy, sizeof copy, err) < 0)
		return -1;
	if (copy[0])
		return dnc_error_set(err, EIO,
			"%s is a copy that is not complete: run dnc-log copy again, or see dnc-log(1) if the source is lost",
			j->path);
	return ignore_full_disk(j, sqlite_epoch_begin(j, err), err);
}

int sqlite_layout(void)
{
	return VERSION;
}

static int open_file(struct journal *j, struct dnc_error *err)
{
	static const char *const sync_sql[] = {[DNC_SYNC_FULL] = "PRAGMA synchronous = FULL",
		[DNC_SYNC_NORMAL] = "PRAGMA synchronous = NORMAL",
		[DNC_SYNC_OFF] = "PRAGMA synchronous = OFF"};
	char sql[96];

	snprintf(sql, sizeof sql, "PRAGMA cache_size = -%d; PRAGMA journal_size_limit = %d",
		CACHE_KIB, WAL_LIMIT_BYTES);
	if (j->space_fd < 0)
		j->space_fd = open(j->path, O_RDWR | O_CLOEXEC);
	if (sqlite_open_db(j->path, SQLITE_OPEN_READWRITE, &j->db, err) < 0)
		return -1;
	sqlite_keep_wal(j->db);
	return run_sql(j->db, "PRAGMA journal_mode = WAL", j->path, err) == 0 &&
	                       check_whole(j, err) == 0 && migrate(j->db, j->path, err) == 0 &&
	                       run_sql(j->db, sql, j->path, err) == 0 && load_ends(j, err) == 0 &&
	                       times_open(j, err) == 0 && tallies_open(j, err) == 0 &&
	                       run_sql(j->db, sync_sql[DNC_SYNC_FULL], j->path, err) == 0 &&
	                       begin_epoch(j, err) == 0 &&
	                       run_sql(j->db, sync_sql[j->options.sync], j->path, err) == 0
	               ? 0
	               : -1;
}

static int open_and_check(struct journal *j, struct dnc_error *err)
{
	struct stat st;

	if (stat(j->path, &st) < 0) {
		if (errno != ENOENT)
			return dnc_error_set(
				err, errno, "unable to stat %s: %s", j->path, strerror(errno));
		if (create(j, err) < 0)
			return -1;
	} else if (st.st_size == 0) {
		return sqlite_damaged(NULL, j->path, "the file is empty", err);
	}
	if (open_file(j, err) == 0)
		return 0;
	/* The index of the WAL needs space even for reading. */
	if (err->code != ENOSPC || !reserve_release(j))
		return -1;
	sqlite3_close(j->db);
	j->db = NULL;
	return open_file(j, err);
}

int sqlite_set_up(struct journal *j, struct dnc_error *err)
{
	return make_dir(j->options.dir, err) == 0 && take_lock(j, err) == 0 &&
	                       open_and_check(j, err) == 0
	               ? 0
	               : -1;
}
