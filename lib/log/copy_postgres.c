/* copy_postgres.c - a log in PostgreSQL as the source or the target of a copy: schema.sql describes the tables.
 *
 * What is in tables of SQLite, but in none there, is in dnc.log: since when the hub counts, the segments of the clock
 * ("stretches", for the way back), and what events before the oldest one said of providers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "priv/copy.h"
#include "priv/pg.h"
#include "priv/schema.h"
#include "rates.h"

struct query {
	const char *sql;
	int params; /* FROM, and the number of rows */
};

static const struct query reads[COPY_KINDS] = {
	[COPY_EVENTS] =
		{"SELECT seq, id, type, phone_number, provider, severity, \"timestamp\", logged_at, event "
		 "FROM dnc.events WHERE seq >= $1 ORDER BY seq LIMIT $2",
			2},
	[COPY_AUDIT] = {"SELECT n, at, record FROM dnc.access WHERE n >= $1 ORDER BY n LIMIT $2",
		2},
	[COPY_EPOCHS] = {"SELECT epoch, first_seq, started_at FROM dnc.epochs ORDER BY n", 0},
	[COPY_RATES] = {"SELECT step, type, events FROM dnc.rates "
			"WHERE step > (SELECT max(step) FROM dnc.rates) - " PG_CONSTANT(
				DNC_RATE_STEPS),
		0},
	[COPY_FACTS] =
		{"SELECT substr(key, 12), substr(key, 10, 1)::bigint, (part[1])::bigint, (part[2])::bigint, "
		 "part[3] FROM dnc.log, regexp_match(value, '^(\\d+) (\\d+) (.*)$') part "
		 "WHERE key LIKE 'provider _ %'",
			0},
	[COPY_COUNTED] = {"SELECT coalesce(split_part(c.value, ' ', 1)::bigint, "
			  "(SELECT started_at FROM dnc.epochs ORDER BY n LIMIT 1), 0), "
			  "coalesce(split_part(c.value, ' ', 2)::bigint, 0) FROM (SELECT 1) one "
			  "LEFT JOIN dnc.log c ON c.key = 'counted'",
		0},
	[COPY_TIMES] = {"SELECT value FROM dnc.log WHERE key = 'stretches'", 0},
	[COPY_KEY] = {"SELECT encode(mask_key, 'hex') FROM dnc.secret", 0},
	[COPY_REVOKED] = {"SELECT jti, at, coalesce(expires, 0), note FROM dnc.revoked", 0},
	/* As dnc.now_ms() says, which is the owner's alone. */
	[COPY_CLOCK] = {"SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint", 0},
};

#define REPLACE " ON CONFLICT (key) DO UPDATE SET value = excluded.value"

/* The parameters are a column each. */
static const char *const writes[COPY_KINDS] = {
	[COPY_EVENTS] =
		"INSERT INTO dnc.events SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)",
	[COPY_AUDIT] =
		"INSERT INTO dnc.access (n, at, record) OVERRIDING SYSTEM VALUE SELECT * FROM unnest($1, $2, $3)",
	/* They are of no server of PostgreSQL: so the first hub that opens the log begins its own. */
	[COPY_EPOCHS] =
		"INSERT INTO dnc.epochs (epoch, system_identifier, timeline, first_seq, started_at) "
		"SELECT e, '', 0, f, s FROM unnest($1, $2, $3) WITH ORDINALITY u(e, f, s, n) "
		"WHERE NOT EXISTS (SELECT FROM dnc.epochs o WHERE o.epoch = u.e) ORDER BY n",
	[COPY_RATES] = "INSERT INTO dnc.rates SELECT * FROM unnest($1, $2, $3)",
	[COPY_FACTS] =
		"INSERT INTO dnc.log SELECT format('provider %s %s', f, p), format('%s %s %s', s, a, e) "
		"FROM unnest($1, $2, $3, $4, $5) u(p, f, s, a, e)" REPLACE,
	[COPY_COUNTED] =
		"INSERT INTO dnc.log SELECT 'counted', format('%s %s %s', f, s, "
		"coalesce((SELECT min(seq) FROM dnc.events), 1)) FROM unnest($1, $2) u(f, s)" REPLACE,
	[COPY_TIMES] = "INSERT INTO dnc.log SELECT 'stretches', t FROM unnest($1) t" REPLACE,
	[COPY_KEY] = "INSERT INTO dnc.secret (mask_key) SELECT decode(k, 'hex') FROM unnest($1) k "
		     "ON CONFLICT (one) DO UPDATE SET mask_key = excluded.mask_key",
	/* What the target revokes already stays revoked, and for as long: as dnc.revoke(). */
	[COPY_REVOKED] =
		"INSERT INTO dnc.revoked AS r (jti, at, expires, note) SELECT j, a, nullif(e, 0), t "
		"FROM unnest($1, $2, $3, $4) u(j, a, e, t) ON CONFLICT (jti) DO UPDATE SET expires = "
		"CASE WHEN r.expires > excluded.expires THEN r.expires "
		"WHEN r.expires IS NOT NULL THEN excluded.expires END",
};

struct pg_log {
	struct copy_log base;
	struct pg *pg;
	bool target, marked;
	struct dnc_buf columns[COPY_CELLS]; /* arrays of the rows that are not written yet */
	int rows;
	int64_t first, last, bytes; /* of these: numbers, and texts */
	int64_t row_bytes;          /* of a row that was read, about */
};

static int run(struct pg_log *log, const char *sql, int n, const struct pg_param *params,
	struct dnc_error *err)
{
	PGresult *r = pg_run(log->pg, sql, n, params, err);

	PQclear(r);
	return r ? 0 : -1;
}

static void log_close(struct copy_log *base)
{
	struct pg_log *log = (struct pg_log *)base;

	pg_free(log->pg);
	for (int i = 0; i < COPY_CELLS; i++)
		dnc_buf_free(&log->columns[i]);
	free(log);
}

/* The tables belong to the owner of the schema, and partitions have to. Others who append wait until the commit. */
static int begin_target(struct pg_log *log, struct dnc_error *err)
{
	static const char sql[] =
		"SELECT set_config('role', pg_get_userbyid(nspowner)::text, true), (SELECT count(*) "
		"FROM pg_stat_activity WHERE datname = current_database() AND "
		"application_name LIKE 'dnc-wsd: %') FROM pg_namespace WHERE nspname = 'dnc'";
	static const char lock[] = "LOCK TABLE dnc.epochs IN SHARE UPDATE EXCLUSIVE MODE";
	PGresult *r;
	int64_t hubs;

	if (run(log, "BEGIN", 0, NULL, err) < 0)
		return -1;
	r = pg_run(log->pg, sql, 0, NULL, err);
	if (!r || run(log, lock, 0, NULL, err) < 0) {
		PQclear(r);
		if (err->code == EACCES)
			dnc_error_set(err, EACCES,
				"log on %s: to write a copy, log in as a member of dnc_admin",
				pg_server(log->pg));
		return -1;
	}
	hubs = pg_get_int(r, 0, 1);
	PQclear(r);
	if (hubs)
		return dnc_error_set(err, EADDRINUSE,
			"log on %s: a hub has it open: stop it, or copy into a database of its own",
			pg_server(log->pg));
	return 0;
}

static int log_begin(struct copy_log *base, struct dnc_error *err)
{
	struct pg_log *log = (struct pg_log *)base;

	if (log->target)
		return begin_target(log, err);
	return run(log, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", 0, NULL, err);
}

static int log_commit(struct copy_log *base, struct dnc_error *err)
{
	return run((struct pg_log *)base, "COMMIT", 0, NULL, err);
}

static int log_ends(struct copy_log *base, struct dnc_copy_ends *ends, struct dnc_error *err)
{
	struct pg_log *log = (struct pg_log *)base;
	PGresult *r = pg_run(log->pg,
		"SELECT coalesce((SELECT seq FROM dnc.events ORDER BY seq LIMIT 1), 1), "
		"(dnc.newest()).seq, (SELECT max(n) FROM dnc.access)",
		0, NULL, err);

	if (!r)
		return -1;
	*ends = (struct dnc_copy_ends){(uint64_t)pg_get_int(r, 0, 0), (uint64_t)pg_get_int(r, 0, 1),
		(uint64_t)pg_get_int(r, 0, 2)};
	PQclear(r);
	return 0;
}

/* Returns how many bytes the row has. UUID has room for one as text. */
static int64_t take_row(
	const PGresult *r, int row, const char *cells, char *uuid, struct copy_cell *out)
{
	int64_t bytes = 0;

	for (int i = 0; cells[i]; i++) {
		out[i] = (struct copy_cell){0};
		if (cells[i] == 'i') {
			out[i].n = pg_get_int(r, row, i);
		} else if (cells[i] == 'u') {
			pg_get_uuid(r, row, i, uuid);
			out[i].text = (struct dnc_str){uuid, DNC_UUID_LEN};
		} else {
			out[i].text = pg_get_text(r, row, i);
			bytes += (int64_t)out[i].text.n;
		}
	}
	return bytes;
}

static int log_read(struct copy_log *base, enum copy_kind kind, uint64_t from, int rows,
	copy_each *each, void *ctx, struct dnc_error *err)
{
	struct pg_log *log = (struct pg_log *)base;
	int64_t fit = log->row_bytes ? COPY_BYTES / log->row_bytes + 1 : rows, bytes = 0;
	struct pg_param params[2] = {pg_int8(from < INT64_MAX ? (int64_t)from : INT64_MAX),
		pg_int8(rows < fit ? rows : fit)};
	struct copy_cell row[COPY_CELLS];
	char uuid[DNC_UUID_LEN];
	PGresult *r = pg_run(log->pg, reads[kind].sql, reads[kind].params, params, err);
	int rc = 0, n = r ? PQntuples(r) : 0;

	if (!r)
		return -1;
	for (int i = 0; rc == 0 && i < n; i++) {
		bytes += take_row(r, i, copy_cells[kind], uuid, row);
		rc = each(ctx, row, err);
		if (kind == COPY_KEY)
			explicit_bzero(PQgetvalue(r, i, 0), (size_t)PQgetlength(r, i, 0));
	}
	if (n && reads[kind].params == 2)
		log->row_bytes = bytes / n + 1;
	PQclear(r);
	return rc;
}

/* Events and their ids, and the partitions before them. */
static int write_events(struct pg_log *log, const struct pg_param *columns, struct dnc_error *err)
{
	const struct pg_param range[] = {pg_int8(log->first), pg_int8(log->last)};
	const struct pg_param ids[] = {columns[1], columns[0]};

	return run(log, "SELECT dnc.make_partitions($1, $2)", 2, range, err) == 0 &&
	                       run(log, writes[COPY_EVENTS], 9, columns, err) == 0
	               ? run(log, "INSERT INTO dnc.ids SELECT * FROM unnest($1, $2)", 2, ids, err)
	               : -1;
}

static int log_flush(struct copy_log *base, enum copy_kind kind, struct dnc_error *err)
{
	struct pg_log *log = (struct pg_log *)base;
	struct pg_param params[COPY_CELLS];
	int n = 0, rc;

	if (!log->rows)
		return 0;
	for (; copy_cells[kind][n]; n++) {
		if (!dnc_buf_ok(&log->columns[n]))
			return dnc_error_nomem(err);
		params[n] = pg_array(&log->columns[n]);
	}
	rc = kind == COPY_EVENTS ? write_events(log, params, err)
	                         : run(log, writes[kind], n, params, err);
	if (kind == COPY_KEY && log->columns[0].p)
		explicit_bzero(log->columns[0].p, log->columns[0].size);
	log->rows = 0;
	log->bytes = 0;
	/* The next audit record of the hub gets the next number. */
	if (rc == 0 && kind == COPY_AUDIT)
		rc = run(log,
			"SELECT setval(pg_get_serial_sequence('dnc.access', 'n'), max(n)) FROM dnc.access",
			0, NULL, err);
	return rc;
}

static int add_row(
	struct pg_log *log, const char *cells, const struct copy_cell *row, struct dnc_error *err)
{
	static const enum pg_element types[] = {
		['i'] = PG_INT8S, ['t'] = PG_TEXTS, ['u'] = PG_UUIDS};
	char canonical[DNC_UUID_LEN];

	for (int i = 0; cells[i]; i++) {
		struct dnc_buf *column = &log->columns[i];

		if (!log->rows)
			pg_array_begin(column, types[(unsigned char)cells[i]]);
		if (cells[i] == 'i')
			pg_array_int8(column, row[i].n);
		else if (cells[i] == 't')
			pg_array_text(column, row[i].text);
		else if (dnc_uuid_read(row[i].text, canonical))
			pg_array_uuid(column, row[i].text);
		else
			return dnc_error_set(err, EIO,
				"event %lld of the source has an id that is no UUID",
				(long long)row[0].n);
		log->bytes += (int64_t)row[i].text.n;
	}
	return 0;
}

static int log_put(struct copy_log *base, enum copy_kind kind, const struct copy_cell *row,
	struct dnc_error *err)
{
	struct pg_log *log = (struct pg_log *)base;

	if (!log->rows)
		log->first = row[0].n;
	log->last = row[0].n;
	if (add_row(log, copy_cells[kind], row, err) < 0)
		return -1;
	log->rows++;
	return log->rows >= COPY_ROWS || log->bytes >= COPY_BYTES ? log_flush(base, kind, err) : 0;
}

static int log_clear(struct copy_log *base, bool all, struct dnc_error *err)
{
	struct pg_log *log = (struct pg_log *)base;

	if (run(log, "DELETE FROM dnc.rates", 0, NULL, err) < 0)
		return -1;
	if (!all)
		return 0;
	return run(log, "DELETE FROM dnc.epochs", 0, NULL, err) == 0
	               ? run(log, "DELETE FROM dnc.log WHERE key LIKE 'provider _ %'", 0, NULL, err)
	               : -1;
}

/* Hubs begin an epoch when they open the log, which then fails. Those that are copied are of no server of PostgreSQL. */
static int log_mark(struct copy_log *base, bool complete, struct dnc_error *err)
{
	static const char function[] =
		"CREATE OR REPLACE FUNCTION dnc.copy_incomplete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
		"RAISE EXCEPTION 'this copy is not complete: run dnc-log copy again' "
		"USING HINT = 'If the source is lost: DROP FUNCTION dnc.copy_incomplete CASCADE.'; END $$";
	static const char trigger[] =
		"CREATE OR REPLACE TRIGGER copy_incomplete BEFORE INSERT ON dnc.epochs FOR EACH ROW "
		"WHEN (NEW.system_identifier <> '') EXECUTE FUNCTION dnc.copy_incomplete()";
	static const char drop[] = "DROP FUNCTION IF EXISTS dnc.copy_incomplete CASCADE";
	struct pg_log *log = (struct pg_log *)base;

	if (complete)
		return run(log, drop, 0, NULL, err);
	if (log->marked)
		return 0;
	log->marked = true;
	return run(log, function, 0, NULL, err) == 0 ? run(log, trigger, 0, NULL, err) : -1;
}

static const struct copy_engine engine = {log_close, log_begin, log_commit, log_ends, log_read,
	log_put, log_flush, log_clear, log_mark, true, true};

struct copy_log *copy_postgres_open(const char *conninfo, bool target, struct dnc_error *err)
{
	struct pg_log *log = calloc(1, sizeof *log);

	if (!log) {
		dnc_error_nomem(err);
		return NULL;
	}
	log->base.engine = &engine;
	log->target = target;
	log->pg = pg_new(conninfo, PG_PRIMARY, "dnc-log", err);
	if (log->pg)
		pg_once(log->pg, true);
	if (log->pg && schema_check(log->pg, err) == 0) {
		snprintf(log->base.name, sizeof log->base.name, "log on %s", pg_server(log->pg));
		return &log->base;
	}
	log_close(&log->base);
	return NULL;
}
