/* copy_sqlite.c - a log in SQLite as the source or the target of a copy. A target is opened by the hub's own code. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "priv/copy.h"
#include "priv/sqlite.h"

/* The layout of this version: that of sqlite_open.c. */
#define EACH_TYPE(with)                                                                            \
	with("dnc.number.suppressed", "suppressed") with("dnc.number.released", "released")        \
		with("dnc.check.performed", "checked") with("dnc.list.synced", "synced")           \
			with("dnc.compliance.violation", "violations")                             \
				with("dnc.provider.status_change", "statuses")
#define COUNT_OF(type, column)                                                                     \
	"SELECT step, '" type "' AS type, " column " AS n FROM rates UNION ALL "
#define VALUE_OF(type, column) ", (?2 = '" type "') * ?3"
#define ADD_TO(type, column)   ", " column " = " column " + excluded." column

static const char *const read_sql[COPY_KINDS] = {
	[COPY_EVENTS] =
		"SELECT seq, id, type, phone_number, provider, severity, timestamp, logged_at, event "
		"FROM events WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
	[COPY_AUDIT] = "SELECT n, at, record FROM access WHERE n >= ?1 ORDER BY n LIMIT ?2",
	[COPY_EPOCHS] = "SELECT epoch, first_seq, started_at FROM epochs ORDER BY n",
	/* The newest events are not in table rates yet: see sqlite_rates.c. */
	[COPY_RATES] = "SELECT step, type, sum(n) FROM (" EACH_TYPE(
		COUNT_OF) "SELECT logged_at / 10000, type, 1 FROM events WHERE seq <= ?1 AND seq > max("
			  "coalesce((SELECT max(last_seq) FROM rates), 0), coalesce((SELECT "
			  "CAST(substr(value, instr(value, ' ') + 1) AS INTEGER) FROM log "
			  "WHERE key = 'counted'), 0))) GROUP BY 1, 2 HAVING sum(n) > 0",
	[COPY_FACTS] = "SELECT provider, fact, seq, at, event FROM providers WHERE seq < ?1",
	[COPY_COUNTED] =
		"SELECT CAST(value AS INTEGER), CAST(substr(rest, instr(rest, ' ') + 1) AS INTEGER) FROM "
		"(SELECT value, substr(value, instr(value, ' ') + 1) AS rest FROM log "
		"WHERE key = 'counted')",
	[COPY_TIMES] = "SELECT value FROM log WHERE key = 'stretches'",
	[COPY_KEY] = "SELECT value FROM log WHERE key = 'mask_key'",
};

static const char *const write_sql[COPY_KINDS] = {
	[COPY_EVENTS] = "INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[COPY_AUDIT] = "INSERT INTO access VALUES (?1, ?2, ?3)",
	[COPY_EPOCHS] = "INSERT INTO epochs (epoch, first_seq, started_at) VALUES (?1, ?2, ?3) "
			"ON CONFLICT (epoch) DO NOTHING",
	[COPY_RATES] = "INSERT INTO rates VALUES (?1, (SELECT max(seq) FROM events)" EACH_TYPE(
		VALUE_OF) ") ON CONFLICT (step) DO UPDATE SET last_seq = excluded.last_seq" EACH_TYPE(ADD_TO),
	[COPY_COUNTED] = "INSERT OR REPLACE INTO log VALUES ('counted', ?1 || ' ' || "
			 "coalesce((SELECT max(seq) FROM events), 0) || ' ' || ?2)",
	[COPY_TIMES] = "INSERT OR REPLACE INTO log VALUES ('stretches', ?1)",
	[COPY_KEY] = "INSERT OR REPLACE INTO log VALUES ('mask_key', ?1)",
};

struct sqlite_log {
	struct copy_log base;
	sqlite3 *db;
	struct journal *j; /* of a target: it has the lock, and DB */
	sqlite3_stmt *read[COPY_KINDS], *write[COPY_KINDS];
	struct dnc_buf line; /* the event that is staged */
};

static int fail(struct sqlite_log *log, const char *doing, struct dnc_error *err)
{
	return sqlite_error(log->db, doing, log->base.name, err);
}

static int run(struct sqlite_log *log, const char *sql, struct dnc_error *err)
{
	return sqlite3_exec(log->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0
	                                                                 : fail(log, "use", err);
}

static void log_close(struct copy_log *base)
{
	struct sqlite_log *log = (struct sqlite_log *)base;

	for (int i = 0; i < COPY_KINDS; i++) {
		sqlite3_finalize(log->read[i]);
		sqlite3_finalize(log->write[i]);
	}
	if (log->db && !sqlite3_get_autocommit(log->db))
		sqlite3_exec(log->db, "ROLLBACK", NULL, NULL, NULL);
	if (log->j)
		dnc_journal_close(&log->j->base);
	else
		sqlite3_close(log->db);
	dnc_buf_free(&log->line);
	free(log);
}

static int log_begin(struct copy_log *base, struct dnc_error *err)
{
	struct sqlite_log *log = (struct sqlite_log *)base;

	/* Indexes and half empty pages: as space_of_batch(). */
	if (log->j && space_preallocate(log->j, 4 * COPY_BYTES, err) < 0)
		return -1;
	return run(log, log->j ? "BEGIN IMMEDIATE" : "BEGIN", err);
}

static int log_commit(struct copy_log *base, struct dnc_error *err)
{
	struct sqlite_log *log = (struct sqlite_log *)base;

	if (run(log, "COMMIT", err) < 0)
		return -1;
	if (log->j) {
		providers_commit(log->j->base.providers);
		wal_tend(log->j);
	}
	return 0;
}

static int log_ends(struct copy_log *base, struct dnc_copy_ends *ends, struct dnc_error *err)
{
	struct sqlite_log *log = (struct sqlite_log *)base;
	int64_t oldest, last, record;

	if (sqlite_get_int(log->db, "SELECT max(seq) FROM events", 0, &last, base->name, err) < 0 ||
		sqlite_get_int(
			log->db, "SELECT min(seq) FROM events", 1, &oldest, base->name, err) < 0 ||
		sqlite_get_int(log->db, "SELECT max(n) FROM access", 0, &record, base->name, err) <
			0)
		return -1;
	*ends = (struct dnc_copy_ends){(uint64_t)oldest, (uint64_t)last, (uint64_t)record};
	return 0;
}

static int prepare(struct sqlite_log *log, const char *sql, sqlite3_stmt **s, struct dnc_error *err)
{
	if (!*s && sqlite3_prepare_v3(log->db, sql, -1, SQLITE_PREPARE_PERSISTENT, s, NULL) !=
			   SQLITE_OK)
		return fail(log, "read", err);
	return 0;
}

/* Returns how many bytes the row has. */
static int64_t take_row(sqlite3_stmt *s, const char *cells, struct copy_cell *row)
{
	int64_t bytes = 0;

	for (int i = 0; cells[i]; i++) {
		row[i] = (struct copy_cell){0};
		if (cells[i] == 'i') {
			row[i].n = sqlite3_column_int64(s, i);
			continue;
		}
		row[i].text.p = (const char *)sqlite3_column_text(s, i);
		row[i].text.n = (size_t)sqlite3_column_bytes(s, i);
		bytes += (int64_t)row[i].text.n;
	}
	return bytes;
}

static int log_read(struct copy_log *base, enum copy_kind kind, uint64_t from, int rows,
	copy_each *each, void *ctx, struct dnc_error *err)
{
	struct sqlite_log *log = (struct sqlite_log *)base;
	struct copy_cell row[COPY_CELLS];
	int64_t bytes = 0;
	sqlite3_stmt *s;
	int rc, stop = 0;

	if (!read_sql[kind])
		return 0;
	if (prepare(log, read_sql[kind], &log->read[kind], err) < 0)
		return -1;
	s = log->read[kind];
	sqlite3_bind_int64(s, 1, from < INT64_MAX ? (int64_t)from : INT64_MAX);
	sqlite3_bind_int(s, 2, rows);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW && !stop) {
		bytes += take_row(s, copy_cells[kind], row);
		stop = each(ctx, row, err);
		if (rows > 0 && bytes >= COPY_BYTES)
			stop = 1;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		stop = fail(log, "read", err);
	sqlite3_reset(s);
	return stop < 0 ? -1 : 0;
}

/* What the event says of its provider is stored with it. */
static int stage(struct sqlite_log *log, const struct copy_cell *row, struct dnc_error *err)
{
	struct dnc_buf *line = &log->line;
	enum dnc_type type;

	if (!dnc_type_from_name(row[2].text, &type) || !providers_concerns(type))
		return 0;
	dnc_buf_clear(line);
	dnc_buf_str(line, row[8].text);
	if (!dnc_buf_reserve(line, DNC_JSON_PADDING) ||
		providers_stage(log->j->base.providers, dnc_buf_view(line), (uint64_t)row[0].n,
			row[7].n) < 0)
		return dnc_error_nomem(err);
	return 0;
}

static int restore_fact(struct sqlite_log *log, const struct copy_cell *row, struct dnc_error *err)
{
	if (row[1].n < 0 || row[1].n >= DNC_PROVIDER_FACTS)
		return 0;
	if (providers_restore(log->j->base.providers, row[0].text, (enum dnc_provider_fact)row[1].n,
		    (uint64_t)row[2].n, row[3].n, row[4].text) < 0)
		return dnc_error_nomem(err);
	return 0;
}

static int log_put(struct copy_log *base, enum copy_kind kind, const struct copy_cell *row,
	struct dnc_error *err)
{
	struct sqlite_log *log = (struct sqlite_log *)base;
	sqlite3_stmt *s;
	int rc;

	if (kind == COPY_FACTS)
		return restore_fact(log, row, err);
	if (prepare(log, write_sql[kind], &log->write[kind], err) < 0 ||
		(kind == COPY_EVENTS && stage(log, row, err) < 0))
		return -1;
	s = log->write[kind];
	for (int i = 0; copy_cells[kind][i]; i++) {
		const struct copy_cell *c = &row[i];

		if (copy_cells[kind][i] == 'i')
			sqlite3_bind_int64(s, i + 1, c->n);
		else if (c->text.p)
			sqlite3_bind_text(s, i + 1, c->text.p, (int)c->text.n, SQLITE_STATIC);
		else
			sqlite3_bind_null(s, i + 1);
	}
	rc = sqlite3_step(s);
	sqlite3_reset(s);
	return rc == SQLITE_DONE ? 0 : fail(log, "write", err);
}

static int log_flush(struct copy_log *base, enum copy_kind kind, struct dnc_error *err)
{
	struct sqlite_log *log = (struct sqlite_log *)base;

	if (kind != COPY_EVENTS && kind != COPY_FACTS)
		return 0;
	return sqlite_providers_store(log->j) == 0 ? 0 : fail(log, "write", err);
}

static int log_clear(struct copy_log *base, bool all, struct dnc_error *err)
{
	return run((struct sqlite_log *)base,
		all ? "DELETE FROM rates; DELETE FROM providers; DELETE FROM epochs"
		    : "DELETE FROM rates",
		err);
}

static int log_mark(struct copy_log *base, bool complete, struct dnc_error *err)
{
	return run((struct sqlite_log *)base,
		complete ? "DELETE FROM log WHERE key = 'copy'"
			 : "INSERT OR REPLACE INTO log VALUES ('copy', 'incomplete')",
		err);
}

static const struct copy_engine engine = {log_close, log_begin, log_commit, log_ends, log_read,
	log_put, log_flush, log_clear, log_mark, false, false};

static int open_source(struct sqlite_log *log, struct dnc_error *err)
{
	struct stat file;
	int64_t layout;

	if (stat(log->base.name, &file) < 0)
		return dnc_error_set(err, ENOENT,
			"there is no log: unable to open %s: is it the directory of dnc-wsd --data?",
			log->base.name);
	/* A pipe would be waited for, and no signal would end that. */
	if (!S_ISREG(file.st_mode))
		return dnc_error_set(err, EIO,
			"%s is not a file: is it the directory of dnc-wsd --data?", log->base.name);
	if (sqlite_open_db(log->base.name, SQLITE_OPEN_READONLY, &log->db, err) < 0 ||
		sqlite_get_int(log->db, "PRAGMA user_version", 0, &layout, log->base.name, err) < 0)
		return -1;
	if (layout != sqlite_layout())
		return dnc_error_set(err, ENOTSUP, "%s has layout %lld, not %d: %s", log->base.name,
			(long long)layout, sqlite_layout(),
			layout < sqlite_layout() ? "start this version of dnc-wsd on it once"
						 : "use the newer version that made it");
	return 0;
}

struct copy_log *copy_sqlite_open(const char *dir, bool target, struct dnc_error *err)
{
	struct sqlite_log *log = calloc(1, sizeof *log);

	if (!log) {
		dnc_error_nomem(err);
		return NULL;
	}
	log->base.engine = &engine;
	if (snprintf(log->base.name, sizeof log->base.name, "%s/events.db", dir) >=
		(int)sizeof log->base.name) {
		dnc_error_set(err, ENAMETOOLONG, "%s: the path is too long", dir);
	} else if (!target) {
		if (open_source(log, err) == 0)
			return &log->base;
	} else {
		log->j = sqlite_open(&(struct dnc_journal_options){.dir = dir}, true, err);
		if (log->j) {
			log->db = log->j->db;
			return &log->base;
		}
	}
	log_close(&log->base);
	return NULL;
}
