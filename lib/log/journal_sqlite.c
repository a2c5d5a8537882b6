/* journal_sqlite.c - the event log as a SQLite database in WAL mode. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../base/clock.h"
#include "checkpoint.h"
#include "journal_ops.h"

/* "DNCL" in the file's header (SQLite file format, offset 68), so that file(1) and we know it. */
#define APPLICATION_ID "0x444E434C"

/* One statement list for each version of the layout (PRAGMA user_version), to be run in order. */
static const char *const migrations[] = {
	"CREATE TABLE log (key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL,"
	" phone_number TEXT, provider TEXT, severity TEXT NOT NULL, timestamp TEXT NOT NULL,"
	" logged_at INTEGER NOT NULL, event TEXT NOT NULL);"
	"CREATE INDEX events_by_phone ON events (phone_number) WHERE phone_number IS NOT NULL;"
	"PRAGMA application_id = " APPLICATION_ID ";",
};

enum {
	VERSION = sizeof migrations / sizeof migrations[0],
	BUSY_MS = 1000, /* somebody at the sqlite3 shell may hold a lock for a moment */
	/* Pages in the WAL (4 KiB each) from which on it is copied, and past which commits wait for
	 * that: fewer, larger copies of the same pages. */
	CHECKPOINT_PAGES = 8000,
	WAL_MAX_PAGES = 64000,
	CACHE_KIB = 32768,
	PRUNE_ROWS = 1000,
	/* Up to so large a file is looked through whole at the start, which takes some 0.1 s. */
	CHECK_BYTES = 64 << 20,
};

enum statement { INSERT, BEGIN, COMMIT, ROLLBACK, PRUNE_AGE, PRUNE_SIZE, OLDEST, WRITES };

static const char *const write_sql[WRITES] = {
	[INSERT] =
		"INSERT INTO events VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9) ON CONFLICT (id) DO NOTHING",
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[PRUNE_AGE] = "DELETE FROM events WHERE seq < ?1 AND logged_at < ?2",
	[PRUNE_SIZE] = "DELETE FROM events WHERE seq < ?1",
	[OLDEST] = "SELECT seq, logged_at FROM events ORDER BY seq LIMIT 1",
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
	int64_t page_bytes;
};

enum read_statement { FORWARD, BACKWARD, PHONE_FORWARD, PHONE_BACKWARD, BY_ID, LOGGED_AT, READS };

static const char *const read_sql[READS] = {
	[FORWARD] = "SELECT seq, event FROM events WHERE seq >= ?1 ORDER BY seq",
	[BACKWARD] = "SELECT seq, event FROM events WHERE seq <= ?1 ORDER BY seq DESC",
	[PHONE_FORWARD] = "SELECT seq, event FROM events WHERE phone_number = ?2 AND seq >= ?1 "
			  "ORDER BY seq",
	[PHONE_BACKWARD] = "SELECT seq, event FROM events WHERE phone_number = ?2 AND seq <= ?1 "
			   "ORDER BY seq DESC",
	[BY_ID] = "SELECT seq FROM events WHERE id = ?1",
	[LOGGED_AT] = "SELECT logged_at FROM events WHERE seq = ?1",
};

struct reader {
	struct dnc_journal_reader base;
	sqlite3 *db;
	sqlite3_stmt *read[READS];
	struct dnc_buf line;
};

static int db_error(sqlite3 *db, const char *doing, const char *path, struct dnc_error *err)
{
	int code = db ? sqlite3_errcode(db) & 0xFF : SQLITE_NOMEM;

	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		return dnc_error_set(err, EIO,
			"%s is damaged (%s): save it with sqlite3's .recover, or move it away to begin "
			"a new log",
			path, sqlite3_errmsg(db));
	return dnc_error_set(err, code == SQLITE_FULL ? ENOSPC : EIO, "unable to %s %s: %s", doing,
		path, db ? sqlite3_errmsg(db) : "out of memory");
}

static int run_sql(sqlite3 *db, const char *sql, const char *path, struct dnc_error *err)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK
	               ? 0
	               : db_error(db, "set up", path, err);
}

/* The single value of a query; MISSING when there is none. -1 with ERR. */
static int get_int(sqlite3 *db, const char *sql, int64_t missing, int64_t *out, const char *path,
	struct dnc_error *err)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	*out = missing;
	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL)
		*out = sqlite3_column_int64(s, 0);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		db_error(db, "read", path, err);
	sqlite3_finalize(s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

static int set_text(struct journal *j, const char *key, const char *value, struct dnc_error *err)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(
		j->db, "INSERT OR REPLACE INTO log VALUES (?1, ?2)", -1, &s, NULL);

	if (rc == SQLITE_OK) {
		sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
		sqlite3_bind_text(s, 2, value, -1, SQLITE_STATIC);
		rc = sqlite3_step(s);
	}
	sqlite3_finalize(s);
	return rc == SQLITE_DONE ? 0 : db_error(j->db, "write", j->path, err);
}

/* The value of KEY, an empty string when there is none. */
static int get_text(
	struct journal *j, const char *key, char *out, size_t size, struct dnc_error *err)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(j->db, "SELECT value FROM log WHERE key = ?1", -1, &s, NULL);

	out[0] = '\0';
	if (rc == SQLITE_OK) {
		sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
		rc = sqlite3_step(s);
	}
	if (rc == SQLITE_ROW && sqlite3_column_text(s, 0))
		snprintf(out, size, "%s", (const char *)sqlite3_column_text(s, 0));
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		db_error(j->db, "read", j->path, err);
	sqlite3_finalize(s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
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
				err, EIO, "unable to make %s: %s", path, strerror(errno));
		*p = '/';
	}
	return 0;
}

/* One hub for one log: the lock goes with the process. */
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

static int migrate(struct journal *j, sqlite3 *db, const char *path, struct dnc_error *err)
{
	int64_t version;
	char sql[64];

	(void)j;
	if (get_int(db, "PRAGMA user_version", 0, &version, path, err) < 0)
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

static void sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

/* Made under another name first: a file that has the right one is whole. */
static int create(struct journal *j, struct dnc_error *err)
{
	char fresh[4096], leftover[4096];
	sqlite3 *db = NULL;
	int fd, rc;

	snprintf(fresh, sizeof fresh, "%s.new", j->path);
	snprintf(leftover, sizeof leftover, "%s-wal", j->path);
	if (access(leftover, F_OK) == 0)
		return dnc_error_set(err, EIO,
			"%s is missing, but %s is there: bring it back, or move both away to begin a "
			"new log",
			j->path, leftover);
	unlink(fresh);
	/* 0640: SQLite gives its other files the same mode. */
	fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		return dnc_error_set(err, errno, "unable to make %s: %s", fresh, strerror(errno));
	close(fd);
	if (sqlite3_open_v2(fresh, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK)
		rc = db_error(db, "open", fresh, err);
	else
		rc = migrate(j, db, fresh, err);
	sqlite3_close(db);
	if (rc == 0 && rename(fresh, j->path) < 0)
		rc = dnc_error_set(err, errno, "unable to make %s: %s", j->path, strerror(errno));
	if (rc == 0)
		sync_dir(j->options.dir);
	return rc;
}

static int open_db(const char *path, int flags, sqlite3 **db, struct dnc_error *err)
{
	if (sqlite3_open_v2(path, db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return db_error(*db, "open", path, err);
	sqlite3_busy_timeout(*db, BUSY_MS);
	return 0;
}

static int damaged(const char *path, const char *why, struct dnc_error *err)
{
	return dnc_error_set(err, EIO,
		"%s is damaged (%s): save it with sqlite3's .recover, or move it away to begin a new "
		"log",
		path, why);
}

static int on_check(void *ctx, int columns, char **values, char **names)
{
	(void)names;
	if (columns > 0 && values[0] && strcmp(values[0], "ok") != 0)
		snprintf(ctx, 80, "%s", values[0]);
	return 0;
}

/* Looks for what a crash of the disk leaves behind: a file too short, pages that are none. */
static int check_whole(struct journal *j, struct dnc_error *err)
{
	int64_t id, pages;
	struct stat st;
	char why[80] = "";

	if (get_int(j->db, "PRAGMA application_id", 0, &id, j->path, err) < 0)
		return -1;
	if (id != strtol(APPLICATION_ID, NULL, 16))
		return dnc_error_set(err, EIO, "%s is no event log", j->path);
	/* All that is in the WAL goes into the file, so that its size can be compared. */
	if (run_sql(j->db, "PRAGMA wal_checkpoint(TRUNCATE)", j->path, err) < 0 ||
		get_int(j->db, "PRAGMA page_size", 4096, &j->page_bytes, j->path, err) < 0 ||
		get_int(j->db, "PRAGMA page_count", 0, &pages, j->path, err) < 0)
		return -1;
	if (stat(j->path, &st) < 0)
		return dnc_error_set(
			err, errno, "unable to look at %s: %s", j->path, strerror(errno));
	if (st.st_size < pages * j->page_bytes)
		return damaged(j->path, "it is shorter than it should be", err);
	if (st.st_size <= CHECK_BYTES) {
		if (sqlite3_exec(j->db, "PRAGMA quick_check(1)", on_check, why, NULL) != SQLITE_OK)
			return db_error(j->db, "read", j->path, err);
		if (why[0])
			return damaged(j->path, why, err);
	}
	return 0;
}

/* Without `full`, a crash of the machine may have taken commits that were seen already. */
static int read_epoch(struct journal *j, struct dnc_error *err)
{
	static const char *const names[] = {"full", "normal", "off"};
	char boot[64] = "", before[64], sync[16], clean[8];
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	bool lost;

	if (f) {
		if (!fgets(boot, sizeof boot, f))
			boot[0] = '\0';
		boot[strcspn(boot, "\n")] = '\0';
		fclose(f);
	}
	if (get_text(j, "epoch", j->base.epoch, sizeof j->base.epoch, err) < 0 ||
		get_text(j, "boot_id", before, sizeof before, err) < 0 ||
		get_text(j, "sync", sync, sizeof sync, err) < 0 ||
		get_text(j, "closed", clean, sizeof clean, err) < 0)
		return -1;
	lost = strcmp(sync, "full") != 0 && strcmp(clean, "yes") != 0 && strcmp(boot, before) != 0;
	if (strlen(j->base.epoch) != DNC_EPOCH_LEN || lost)
		journal_new_epoch(j->base.epoch);
	if (run_sql(j->db, "BEGIN IMMEDIATE", j->path, err) < 0 ||
		set_text(j, "epoch", j->base.epoch, err) < 0 ||
		set_text(j, "boot_id", boot, err) < 0 ||
		set_text(j, "sync", names[j->options.sync], err) < 0 ||
		set_text(j, "closed", "no", err) < 0)
		return -1;
	return run_sql(j->db, "COMMIT", j->path, err);
}

static int read_ends(struct journal *j, struct dnc_error *err)
{
	int64_t oldest, last;

	if (get_int(j->db, "SELECT max(seq) FROM events", 0, &last, j->path, err) < 0 ||
		get_int(j->db, "SELECT min(seq) FROM events", 1, &oldest, j->path, err) < 0 ||
		get_int(j->db, "SELECT logged_at FROM events ORDER BY seq DESC LIMIT 1", 0,
			&j->logged_at_ms, j->path, err) < 0 ||
		get_int(j->db, "SELECT logged_at FROM events ORDER BY seq LIMIT 1", 0,
			&j->oldest_logged_at_ms, j->path, err) < 0)
		return -1;
	j->base.last = (uint64_t)last;
	j->base.oldest = (uint64_t)oldest;
	return 0;
}

/* After each commit: PAGES are in the WAL. It starts anew once all of them were copied while nobody
 * wrote; when commits come so fast that this never happens, they wait for it now and then. */
static int on_commit(void *ctx, sqlite3 *db, const char *name, int pages)
{
	struct journal *j = ctx;

	if (pages >= WAL_MAX_PAGES)
		sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	else if (pages >= CHECKPOINT_PAGES)
		checkpointer_wake(j->checkpointer);
	return SQLITE_OK;
}

static int set_up(struct journal *j, struct dnc_error *err)
{
	static const char *const sync_sql[] = {[DNC_SYNC_FULL] = "PRAGMA synchronous = FULL",
		[DNC_SYNC_NORMAL] = "PRAGMA synchronous = NORMAL",
		[DNC_SYNC_OFF] = "PRAGMA synchronous = OFF"};
	struct stat st;
	char sql[64];

	if (stat(j->path, &st) < 0) {
		if (errno != ENOENT)
			return dnc_error_set(
				err, errno, "unable to look at %s: %s", j->path, strerror(errno));
		if (create(j, err) < 0)
			return -1;
	} else if (st.st_size == 0) {
		return damaged(j->path, "it is empty", err);
	}
	snprintf(sql, sizeof sql, "PRAGMA cache_size = -%d", CACHE_KIB);
	if (open_db(j->path, SQLITE_OPEN_READWRITE, &j->db, err) < 0 ||
		run_sql(j->db, "PRAGMA journal_mode = WAL", j->path, err) < 0 ||
		check_whole(j, err) < 0 || migrate(j, j->db, j->path, err) < 0 ||
		run_sql(j->db, sync_sql[j->options.sync], j->path, err) < 0 ||
		run_sql(j->db, sql, j->path, err) < 0 || read_epoch(j, err) < 0 ||
		read_ends(j, err) < 0)
		return -1;
	j->checkpointer = checkpointer_new(j->path, err);
	if (!j->checkpointer)
		return -1;
	sqlite3_wal_hook(j->db, on_commit, j);
	for (int i = 0; i < WRITES; i++)
		if (sqlite3_prepare_v3(j->db, write_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
			    &j->write[i], NULL) != SQLITE_OK)
			return db_error(j->db, "read", j->path, err);
	return 0;
}

static int step(struct journal *j, enum statement which)
{
	int rc = sqlite3_step(j->write[which]);

	sqlite3_reset(j->write[which]);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : -1;
}

static void bind_piece(sqlite3_stmt *s, int index, const struct dnc_batch *b, struct dnc_piece p)
{
	if (p.n)
		sqlite3_bind_text(s, index, b->text.p + p.at, (int)p.n, SQLITE_STATIC);
	else
		sqlite3_bind_null(s, index);
}

/* Gives the event SEQ, or 0 when it is there already. */
static int insert(struct journal *j, struct dnc_batch *b, struct dnc_batch_event *e, uint64_t seq)
{
	sqlite3_stmt *s = j->write[INSERT];

	sqlite3_bind_int64(s, 1, (int64_t)seq);
	bind_piece(s, 2, b, e->id);
	bind_piece(s, 3, b, e->type);
	bind_piece(s, 4, b, e->phone_number);
	bind_piece(s, 5, b, e->provider);
	bind_piece(s, 6, b, e->severity);
	bind_piece(s, 7, b, e->timestamp);
	sqlite3_bind_int64(s, 8, j->logged_at_ms);
	bind_piece(s, 9, b, e->line);
	if (step(j, INSERT) < 0)
		return -1;
	e->seq = sqlite3_changes(j->db) ? seq : 0;
	return 0;
}

static int sqlite_append(struct dnc_journal *base, struct dnc_batch *batch, struct dnc_error *err)
{
	struct journal *j = (struct journal *)base;
	uint64_t last = base->last, duplicates = 0;
	int64_t now = dnc_clock_now_ms();

	if (!batch->count)
		return 0;
	/* Never backwards, so that the place of a time can be found by halving. */
	if (now > j->logged_at_ms)
		j->logged_at_ms = now;
	if (step(j, BEGIN) < 0)
		return db_error(j->db, "write", j->path, err);
	for (size_t i = 0; i < batch->count; i++) {
		if (insert(j, batch, &batch->events[i], last + 1) < 0)
			goto fail;
		if (batch->events[i].seq)
			last++;
		else
			duplicates++;
	}
	if (step(j, COMMIT) < 0)
		goto fail;
	if (!base->last && last)
		j->oldest_logged_at_ms = j->logged_at_ms;
	base->last = last;
	base->duplicates += duplicates;
	return 0;
fail:
	db_error(j->db, "write", j->path, err);
	if (!sqlite3_get_autocommit(j->db))
		step(j, ROLLBACK);
	return -1;
}

static int read_oldest(struct journal *j)
{
	sqlite3_stmt *s = j->write[OLDEST];
	int rc = sqlite3_step(s);

	if (rc == SQLITE_ROW) {
		j->base.oldest = (uint64_t)sqlite3_column_int64(s, 0);
		j->oldest_logged_at_ms = sqlite3_column_int64(s, 1);
	}
	sqlite3_reset(s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

/* Bytes in use, without what pruning has freed already. */
static int used_bytes(struct journal *j, uint64_t *out, struct dnc_error *err)
{
	int64_t pages, unused;

	if (get_int(j->db, "PRAGMA page_count", 0, &pages, j->path, err) < 0 ||
		get_int(j->db, "PRAGMA freelist_count", 0, &unused, j->path, err) < 0)
		return -1;
	*out = (uint64_t)((pages - unused) * j->page_bytes);
	return 0;
}

static int sqlite_prune(struct dnc_journal *base, struct dnc_error *err)
{
	struct journal *j = (struct journal *)base;
	int64_t horizon = dnc_clock_now_ms() - j->options.retain_ms;
	uint64_t used = 0, end = base->oldest + PRUNE_ROWS;
	bool old, large;

	if (end > base->last)
		end = base->last;
	if (end <= base->oldest)
		return 0;
	if (j->options.retain_bytes && used_bytes(j, &used, err) < 0)
		return -1;
	old = j->options.retain_ms && j->oldest_logged_at_ms < horizon;
	large = j->options.retain_bytes && used > j->options.retain_bytes;
	if (!old && !large)
		return 0;
	sqlite3_bind_int64(j->write[PRUNE_SIZE], 1, (int64_t)end);
	sqlite3_bind_int64(j->write[PRUNE_AGE], 1, (int64_t)end);
	sqlite3_bind_int64(j->write[PRUNE_AGE], 2, horizon);
	if (step(j, large ? PRUNE_SIZE : PRUNE_AGE) < 0 || read_oldest(j) < 0)
		return db_error(j->db, "prune", j->path, err);
	return 1;
}

static void sqlite_close(struct dnc_journal *base)
{
	struct journal *j = (struct journal *)base;

	if (j->db && j->write[INSERT])
		set_text(j, "closed", "yes", NULL);
	for (int i = 0; i < WRITES; i++)
		sqlite3_finalize(j->write[i]);
	checkpointer_free(j->checkpointer);
	sqlite3_close(j->db);
	if (j->lock_fd >= 0)
		close(j->lock_fd);
	free(j->path);
	free(j);
}

static void sqlite_reader_free(struct dnc_journal_reader *base)
{
	struct reader *r = (struct reader *)base;

	for (int i = 0; i < READS; i++)
		sqlite3_finalize(r->read[i]);
	sqlite3_close(r->db);
	dnc_buf_free(&r->line);
	free(r);
}

static struct dnc_journal_reader *sqlite_reader_new(struct dnc_journal *base, struct dnc_error *err)
{
	struct journal *j = (struct journal *)base;
	struct reader *r = calloc(1, sizeof *r);

	if (!r) {
		dnc_error_nomem(err);
		return NULL;
	}
	r->base.journal = base;
	if (open_db(j->path, SQLITE_OPEN_READONLY, &r->db, err) < 0)
		goto fail;
	for (int i = 0; i < READS; i++)
		if (sqlite3_prepare_v3(r->db, read_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
			    &r->read[i], NULL) != SQLITE_OK) {
			db_error(r->db, "read", j->path, err);
			goto fail;
		}
	return &r->base;
fail:
	sqlite_reader_free(&r->base);
	return NULL;
}

static const char *path_of(const struct dnc_journal_reader *r)
{
	return ((struct journal *)r->journal)->path;
}

static int sqlite_read(struct dnc_journal_reader *base, uint64_t from, bool back,
	struct dnc_str phone, bool (*each)(void *ctx, uint64_t seq, struct dnc_str line), void *ctx,
	struct dnc_error *err)
{
	struct reader *r = (struct reader *)base;
	sqlite3_stmt *s = r->read[(phone.p ? PHONE_FORWARD : FORWARD) + back];
	bool more = true;
	int rc = SQLITE_ROW;

	sqlite3_bind_int64(s, 1, from > INT64_MAX ? INT64_MAX : (int64_t)from);
	if (phone.p)
		sqlite3_bind_text(s, 2, phone.p, (int)phone.n, SQLITE_STATIC);
	while (more && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		dnc_buf_clear(&r->line);
		dnc_buf_add(
			&r->line, sqlite3_column_text(s, 1), (size_t)sqlite3_column_bytes(s, 1));
		if (!dnc_buf_reserve(&r->line, DNC_JSON_PADDING)) {
			rc = SQLITE_NOMEM;
			break;
		}
		more = each(ctx, (uint64_t)sqlite3_column_int64(s, 0), dnc_buf_view(&r->line));
	}
	sqlite3_reset(s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0
	                                             : db_error(r->db, "read", path_of(base), err);
}

static int sqlite_find_id(
	struct dnc_journal_reader *base, struct dnc_str id, uint64_t *seq, struct dnc_error *err)
{
	struct reader *r = (struct reader *)base;
	sqlite3_stmt *s = r->read[BY_ID];
	int rc;

	sqlite3_bind_text(s, 1, id.p, (int)id.n, SQLITE_STATIC);
	rc = sqlite3_step(s);
	*seq = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
	sqlite3_reset(s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0
	                                             : db_error(r->db, "read", path_of(base), err);
}

static int sqlite_find_time(
	struct dnc_journal_reader *base, int64_t ms, uint64_t *seq, struct dnc_error *err)
{
	struct reader *r = (struct reader *)base;
	sqlite3_stmt *s = r->read[LOGGED_AT];
	uint64_t low = base->journal->oldest, high = base->journal->last + 1;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		bool later = false;
		int rc;

		sqlite3_bind_int64(s, 1, (int64_t)middle);
		rc = sqlite3_step(s);
		if (rc == SQLITE_ROW)
			later = sqlite3_column_int64(s, 0) >= ms;
		sqlite3_reset(s);
		if (rc != SQLITE_ROW && rc != SQLITE_DONE)
			return db_error(r->db, "read", path_of(base), err);
		if (later)
			high = middle;
		else
			low = middle + 1; /* earlier, or pruned meanwhile */
	}
	*seq = low;
	return 0;
}

static const struct journal_ops sqlite_ops = {sqlite_close, sqlite_append, sqlite_prune,
	sqlite_reader_new, sqlite_reader_free, sqlite_read, sqlite_find_id, sqlite_find_time};

struct dnc_journal *journal_sqlite_open(
	const struct dnc_journal_options *options, struct dnc_error *err)
{
	struct journal *j = calloc(1, sizeof *j);

	if (!j || asprintf(&j->path, "%s/events.db", options->dir) < 0) {
		free(j);
		dnc_error_nomem(err);
		return NULL;
	}
	j->base = (struct dnc_journal){.ops = &sqlite_ops, .oldest = 1};
	j->options = *options;
	j->lock_fd = -1;
	if (make_dir(options->dir, err) == 0 && take_lock(j, err) == 0 && set_up(j, err) == 0)
		return &j->base;
	sqlite_close(&j->base);
	return NULL;
}
