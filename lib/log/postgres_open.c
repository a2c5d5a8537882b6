/* postgres_open.c - what a hub reads of a log in PostgreSQL when it starts: all as of one moment, from which on the
 * follower goes on. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "priv/postgres.h"
#include "priv/schema.h"

/* Runs SQL, which has no parameters; NULL with ERR, and when there are fewer than ROWS. */
static PGresult *query(struct pg *pg, const char *sql, int rows, struct dnc_error *err)
{
	PGresult *r = pg_run(pg, sql, 0, NULL, err);

	if (!r || PQntuples(r) >= rows)
		return r;
	PQclear(r);
	dnc_error_set(err, EIO, "the log is not whole: run dnc-wsd --init-log");
	return NULL;
}

static int run(struct pg *pg, const char *sql, struct dnc_error *err)
{
	PGresult *r = query(pg, sql, 0, err);

	PQclear(r);
	return r ? 0 : -1;
}

int postgres_oldest(struct pg_journal *j, struct pg *pg, uint64_t *seq, int64_t *logged_at_ms,
	struct dnc_error *err)
{
	PGresult *r =
		query(pg, "SELECT seq, logged_at FROM dnc.events ORDER BY seq LIMIT 1", 0, err);

	if (!r)
		return -1;
	*seq = PQntuples(r) ? (uint64_t)pg_get_int(r, 0, 0) : j->base.last + 1;
	*logged_at_ms = PQntuples(r) ? postgres_time(r, 0, 1) : 0;
	PQclear(r);
	return 0;
}

/* The newest event, and its id, by which the follower knows whether it is still there. */
static int load_newest(struct pg_journal *j, struct pg *pg, struct dnc_error *err)
{
	PGresult *r = query(
		pg, "SELECT seq, logged_at, id FROM dnc.events ORDER BY seq DESC LIMIT 1", 0, err);

	if (!r)
		return -1;
	if (PQntuples(r)) {
		j->base.last = (uint64_t)pg_get_int(r, 0, 0);
		j->base.stats.newest_ms = postgres_time(r, 0, 1);
		pg_get_uuid(r, 0, 2, j->follower.newest_id);
	}
	j->base.stats.known = j->base.last;
	PQclear(r);
	return 0;
}

int postgres_load_epochs(struct pg_journal *j, struct pg *pg, struct dnc_error *err)
{
	static const char sql[] =
		"SELECT epoch, first_seq, coalesce((SELECT split_part(value, ' ', 1)::bigint "
		"FROM dnc.log WHERE key = 'counted'), started_at) FROM dnc.epochs ORDER BY n";
	PGresult *r = query(pg, sql, 1, err);
	struct epoch_list list = {0};
	int rc = r ? 0 : -1;

	for (int i = 0; rc == 0 && i < PQntuples(r); i++)
		rc = epoch_list_add(&list, pg_get_text(r, i, 0), (uint64_t)pg_get_int(r, i, 1));
	if (rc == 0 && !j->base.rates) /* the log has counted since it was begun */
		j->base.rates = rates_new(postgres_time(r, 0, 2));
	if (r && (rc < 0 || !j->base.rates))
		rc = dnc_error_nomem(err);
	if (rc == 0)
		journal_epochs_replace(&j->base, &list);
	epoch_list_free(&list);
	PQclear(r);
	return rc;
}

static int load_mask_key(struct pg_journal *j, struct pg *pg, struct dnc_error *err)
{
	PGresult *r = query(pg, "SELECT mask_key FROM dnc.secret", 1, err);
	struct dnc_str key = r ? pg_get_text(r, 0, 0) : (struct dnc_str){0};

	if (!r)
		return -1;
	if (key.n == DNC_MASK_KEY_BYTES)
		memcpy(j->base.mask_key, key.p, DNC_MASK_KEY_BYTES);
	if (key.n)
		explicit_bzero((char *)key.p, key.n);
	PQclear(r);
	if (key.n == DNC_MASK_KEY_BYTES)
		return 0;
	return dnc_error_set(err, EIO,
		"dnc.secret has no key of %d bytes: restore it from a backup", DNC_MASK_KEY_BYTES);
}

static int load_rates(struct pg_journal *j, struct pg *pg, struct dnc_error *err)
{
	PGresult *r = query(pg,
		"SELECT step, type, events FROM dnc.rates WHERE step > "
		"(SELECT max(step) FROM dnc.rates) - " PG_CONSTANT(DNC_RATE_STEPS) " ORDER BY step",
		0, err);
	struct rate_step step = {0};

	if (!r)
		return -1;
	for (int i = 0; i < PQntuples(r); i++) {
		int64_t at = pg_get_int(r, i, 0);
		enum dnc_type type;

		if (at != step.step) {
			rates_restore(j->base.rates, &step);
			step = (struct rate_step){.step = at};
		}
		if (dnc_type_from_name(pg_get_text(r, i, 1), &type))
			step.counts[type] = (uint32_t)pg_get_int(r, i, 2);
	}
	rates_restore(j->base.rates, &step);
	PQclear(r);
	return 0;
}

/* Stages what the rows say, which come after event *SEQ, and sets it to the last one. Numbers that do not rise would be asked for again
 * without an end. -1 with ERR. */
static int stage(struct pg_journal *j, const PGresult *r, struct dnc_buf *line, int64_t *seq,
	struct dnc_error *err)
{
	for (int i = 0; i < PQntuples(r); i++) {
		int64_t next = pg_get_int(r, i, 0);

		if (next <= *seq)
			return postgres_disordered("after", (uint64_t)*seq, next, err);
		*seq = next;
		dnc_buf_clear(line);
		dnc_buf_str(line, pg_get_text(r, i, 2));
		if (!dnc_buf_reserve(line, DNC_JSON_PADDING) ||
			providers_stage(j->base.providers, dnc_buf_view(line), (uint64_t)next,
				postgres_time(r, i, 1)) < 0)
			return dnc_error_nomem(err);
	}
	return 0;
}

static int load_events_of_providers(struct pg_journal *j, struct pg *pg, struct dnc_error *err)
{
	static const char sql[] =
		"SELECT seq, logged_at, " POSTGRES_EVENT " FROM dnc.events WHERE type IN "
		"('dnc.list.synced', 'dnc.provider.status_change') AND seq > $1 "
		"ORDER BY seq LIMIT " PG_CONSTANT(CHUNK_ROWS);
	struct dnc_buf line = {0};
	int64_t seq = 0;
	int rows = CHUNK_ROWS, rc = 0;

	while (rc == 0 && rows == CHUNK_ROWS) {
		const struct pg_param after = pg_int8(seq);
		PGresult *r = pg_run(pg, sql, 1, &after, err);

		rows = r ? PQntuples(r) : 0;
		rc = r ? stage(j, r, &line, &seq, err) : -1;
		PQclear(r);
	}
	dnc_buf_free(&line);
	return rc;
}

/* What events said that were removed, and since when all is known. */
static int load_kept_providers(struct pg_journal *j, struct pg *pg, struct dnc_error *err)
{
	static const char sql[] =
		"SELECT substr(key, 12), substr(key, 10, 1)::bigint, (part[1])::bigint, (part[2])::bigint, "
		"part[3] FROM dnc.log, regexp_match(value, '^(\\d+) (\\d+) (.*)$') part "
		"WHERE key LIKE 'provider _ %'";
	PGresult *r = query(pg, sql, 0, err);
	int rc = r ? 0 : -1;

	for (int i = 0; rc == 0 && i < PQntuples(r); i++) {
		int64_t fact = pg_get_int(r, i, 1), at_ms = pg_get_int(r, i, 3);
		struct dnc_str name = pg_get_text(r, i, 0), line = pg_get_text(r, i, 4);

		/* No row that the server wrote: clients are told the line as it is. */
		if (fact < 0 || fact >= DNC_PROVIDER_FACTS || !dnc_clock_in_range(at_ms) ||
			!name.n || !postgres_is_event(line))
			continue;
		rc = providers_restore(j->base.providers, name, (enum dnc_provider_fact)fact,
			(uint64_t)pg_get_int(r, i, 2), at_ms, line);
	}
	if (r && rc < 0)
		dnc_error_nomem(err);
	PQclear(r);
	return rc;
}

static int load_providers(struct pg_journal *j, struct pg *pg, struct dnc_error *err)
{
	static const char sql[] = "SELECT coalesce((SELECT split_part(value, ' ', 2)::bigint FROM "
				  "dnc.log WHERE key = 'counted'), 0)";
	PGresult *r = query(pg, sql, 1, err);

	if (!r)
		return -1;
	providers_set_since(j->base.providers, postgres_time(r, 0, 0));
	PQclear(r);
	if (load_kept_providers(j, pg, err) < 0 || load_events_of_providers(j, pg, err) < 0)
		return -1;
	providers_commit(j->base.providers);
	return 0;
}

static int load_all(struct pg_journal *j, struct pg *pg, struct dnc_error *err)
{
	uint64_t oldest;
	int64_t oldest_ms;

	if (load_newest(j, pg, err) < 0 || postgres_load_epochs(j, pg, err) < 0 ||
		load_mask_key(j, pg, err) < 0 || load_rates(j, pg, err) < 0 ||
		load_providers(j, pg, err) < 0 || postgres_load_revoked(j, pg, err) < 0 ||
		postgres_oldest(j, pg, &oldest, &oldest_ms, err) < 0)
		return -1;
	j->base.oldest = oldest;
	return 0;
}

static int load(struct pg_journal *j, struct pg *pg, struct dnc_error *err)
{
	if (schema_check(pg, err) < 0 || run(pg, "SELECT dnc.check_epoch()", err) < 0 ||
		run(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err) < 0)
		return -1;
	if (load_all(j, pg, err) == 0)
		return run(pg, "COMMIT", err);
	pg_disconnect(pg); /* which ends the transaction */
	return -1;
}

/* A hub that can't load the log does not start. */
int postgres_load(struct pg_journal *j, struct dnc_error *err)
{
	struct pg *pg = j->appender.pg;
	int rc;

	pg_once(pg, true);
	rc = load(j, pg, err);
	pg_once(pg, false);
	return rc;
}
