/* sqlite.c - helpers of the embedded log: connections, errors, single values, prepared statements. */
#include <errno.h>
#include <stdio.h>
#include "priv/sqlite.h"

static bool is_read_error(sqlite3 *db, int which)
{
	sqlite3_file *f = NULL;
	int why = 0;

	return sqlite3_file_control(db, NULL, which, &f) == SQLITE_OK && f && f->pMethods &&
	       f->pMethods->xFileControl(f, SQLITE_FCNTL_LAST_ERRNO, &why) == SQLITE_OK &&
	       (why == EIO || why == ENXIO);
}

/* SQLite calls a database corrupt, too, when the disk could not read it: then the last error of the file, or of the WAL,
 * says so. */
static bool disk_failed(sqlite3 *db)
{
	return is_read_error(db, SQLITE_FCNTL_FILE_POINTER) ||
	       is_read_error(db, SQLITE_FCNTL_JOURNAL_POINTER);
}

static int io_error(const char *doing, const char *path, struct dnc_error *err)
{
	return dnc_error_set(err, EIO, "unable to %s %s: I/O error: check the disk", doing, path);
}

int sqlite_damaged(sqlite3 *db, const char *path, const char *why, struct dnc_error *err)
{
	if (db && disk_failed(db))
		return io_error("read", path, err);
	return dnc_error_set(err, EIO,
		"%s is damaged (%s): recover it as described in dnc-wsd(8), or move it away to begin a new "
		"log",
		path, why);
}

static bool no_room(sqlite3 *db, int code)
{
	int why = code == SQLITE_IOERR || code == SQLITE_CANTOPEN ? sqlite3_system_errno(db) : 0;

	return code == SQLITE_FULL || why == ENOSPC || why == EDQUOT;
}

int sqlite_error(sqlite3 *db, const char *doing, const char *path, struct dnc_error *err)
{
	int code = db ? sqlite3_errcode(db) & 0xFF : SQLITE_NOMEM;
	/* Without an error of SQLite it was an allocation that failed. */
	bool memory = code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE ||
	              code == SQLITE_NOMEM;

	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		return sqlite_damaged(db, path, sqlite3_errmsg(db), err);
	if (no_room(db, code))
		return dnc_error_set(
			err, ENOSPC, "unable to %s %s: %s", doing, path, sqlite3_errmsg(db));
	if (code == SQLITE_IOERR)
		return io_error(doing, path, err);
	return dnc_error_set(err, EIO, "unable to %s %s: %s", doing, path,
		memory ? "out of memory" : sqlite3_errmsg(db));
}

int sqlite_open_db(const char *path, int flags, sqlite3 **db, struct dnc_error *err)
{
	if (sqlite3_open_v2(path, db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return sqlite_error(*db, "open", path, err);
	sqlite3_busy_timeout(*db, BUSY_MS);
	return 0;
}

void sqlite_keep_wal(sqlite3 *db)
{
	int on = 1;

	sqlite3_file_control(db, NULL, SQLITE_FCNTL_PERSIST_WAL, &on);
}

int sqlite_get_int(sqlite3 *db, const char *sql, int64_t missing, int64_t *out, const char *path,
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
		sqlite_error(db, "read", path, err);
	sqlite3_finalize(s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

int sqlite_set_text(struct journal *j, const char *key, const char *value, struct dnc_error *err)
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
	return rc == SQLITE_DONE ? 0 : sqlite_error(j->db, "write", j->path, err);
}

/* The value of KEY, an empty string when there is none. */
int sqlite_get_text(
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
		sqlite_error(j->db, "read", j->path, err);
	sqlite3_finalize(s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

int sqlite_run(struct journal *j, enum statement which)
{
	int rc = sqlite3_step(j->write[which]);

	sqlite3_reset(j->write[which]);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : -1;
}
