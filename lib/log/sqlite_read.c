/* sqlite_read.c - reads events from the log, in order, by phone number and by time. */
#include <errno.h>
#include <stdlib.h>
#include "priv/sqlite.h"

enum read_statement {
	FORWARD,
	BACKWARD,
	PHONE_FORWARD,
	PHONE_BACKWARD,
	LOGGED_AT,
	SEGMENTS,
	READS
};

static const char *const read_sql[READS] = {
	[FORWARD] = "SELECT seq, event FROM events WHERE seq >= ?1 ORDER BY seq",
	[BACKWARD] = "SELECT seq, event FROM events WHERE seq <= ?1 ORDER BY seq DESC",
	[PHONE_FORWARD] = "SELECT seq, event FROM events WHERE phone_number = ?2 AND seq >= ?1 "
			  "ORDER BY seq",
	[PHONE_BACKWARD] = "SELECT seq, event FROM events WHERE phone_number = ?2 AND seq <= ?1 "
			   "ORDER BY seq DESC",
	[SEGMENTS] = "SELECT value FROM log WHERE key = 'stretches'",
	[LOGGED_AT] = "SELECT logged_at FROM events WHERE seq >= ?1 AND seq < ?2 ORDER BY seq "
		      "LIMIT 1",
};

struct reader {
	struct dnc_journal_reader base;
	sqlite3 *db;
	sqlite3_stmt *read[READS];
	struct dnc_buf line;
};

void sqlite_reader_free(struct dnc_journal_reader *base)
{
	struct reader *r = (struct reader *)base;

	for (int i = 0; i < READS; i++)
		sqlite3_finalize(r->read[i]);
	sqlite3_close(r->db);
	dnc_buf_free(&r->line);
	free(r);
}

struct dnc_journal_reader *sqlite_reader_new(struct dnc_journal *base, struct dnc_error *err)
{
	struct journal *j = (struct journal *)base;
	struct reader *r = calloc(1, sizeof *r);

	if (!r) {
		dnc_error_nomem(err);
		return NULL;
	}
	r->base.journal = base;
	if (sqlite_open_db(j->path, SQLITE_OPEN_READONLY, &r->db, err) < 0)
		goto fail;
	for (int i = 0; i < READS; i++)
		if (sqlite3_prepare_v3(r->db, read_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
			    &r->read[i], NULL) != SQLITE_OK) {
			sqlite_error(r->db, "read", j->path, err);
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

/* Copies the row's event, with DNC_JSON_PADDING readable bytes after it. */
static int copy_line(struct reader *r, sqlite3_stmt *s, const char *path, struct dnc_error *err)
{
	const unsigned char *text = sqlite3_column_text(s, 1);
	int n = sqlite3_column_bytes(s, 1);

	if (!text)
		return dnc_error_nomem(err);
	if (n < 2 || text[0] != '{')
		return dnc_error_set(err, EIO, "%s is damaged: row %lld does not contain an event",
			path, (long long)sqlite3_column_int64(s, 0));
	dnc_buf_clear(&r->line);
	dnc_buf_add(&r->line, text, (size_t)n);
	return dnc_buf_reserve(&r->line, DNC_JSON_PADDING) ? 0 : dnc_error_nomem(err);
}

int sqlite_read(struct dnc_journal_reader *base, uint64_t from, bool back, struct dnc_str phone,
	bool (*each)(void *ctx, uint64_t seq, struct dnc_str line), void *ctx,
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
		if (copy_line(r, s, path_of(base), err) < 0) {
			sqlite3_reset(s);
			return -1;
		}
		more = each(ctx, (uint64_t)sqlite3_column_int64(s, 0), dnc_buf_view(&r->line));
	}
	rc = sqlite3_reset(s); /* the error of the last step, if it failed */
	return rc == SQLITE_OK ? 0 : sqlite_error(r->db, "read", path_of(base), err);
}

/* The first event in FROM to END, which are of one segment, that was logged at MS or later; END when none was. A number that is
 * missing counts as logged with the next one that is there: who begins before events that were removed is told of them. */
static int find_in_segment(struct reader *r, int64_t ms, uint64_t from, uint64_t end, uint64_t *seq)
{
	sqlite3_stmt *s = r->read[LOGGED_AT];
	uint64_t to = end;
	bool found = false;

	while (from < to) {
		uint64_t middle = from + (to - from) / 2;
		bool there, earlier;
		int rc;

		sqlite3_bind_int64(s, 1, (int64_t)middle);
		sqlite3_bind_int64(s, 2, (int64_t)end);
		rc = sqlite3_step(s);
		there = rc == SQLITE_ROW;
		earlier = there && sqlite3_column_int64(s, 0) < ms;
		sqlite3_reset(s);
		if (rc != SQLITE_ROW && rc != SQLITE_DONE)
			return -1;
		if (earlier)
			from = middle + 1;
		else
			to = middle;
		found |= there && !earlier;
	}
	*seq = found ? from : end;
	return 0;
}

static int load_segments(struct reader *r, struct segments *out)
{
	sqlite3_stmt *s = r->read[SEGMENTS];
	int rc = sqlite3_step(s);

	out->n = 0;
	if (rc == SQLITE_ROW && sqlite3_column_text(s, 0))
		segments_read(out, (const char *)sqlite3_column_text(s, 0));
	sqlite3_reset(s);
	if (!out->n)
		out->at[out->n++] = (struct segment){.first = 1};
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

/* Events with unreliable times count as logged when the first one after them was. */
int sqlite_find_time(
	struct dnc_journal_reader *base, int64_t ms, uint64_t *seq, struct dnc_error *err)
{
	struct reader *r = (struct reader *)base;
	uint64_t oldest = base->journal->oldest, end = base->journal->last + 1, unreliable = 0;
	int64_t now = times_wall_ms((struct journal *)base->journal);
	struct segments s;

	if (load_segments(r, &s) < 0)
		return sqlite_error(r->db, "read", path_of(base), err);
	*seq = end;
	for (size_t i = 0; i < s.n; i++) {
		uint64_t from = s.at[i].first > oldest ? s.at[i].first : oldest;
		uint64_t to = i + 1 < s.n && s.at[i + 1].first < end ? s.at[i + 1].first : end;

		if (from >= to)
			continue;
		if (s.at[i].invalid || (ms <= now && segments_unreliable(&s, i, now))) {
			unreliable = unreliable ? unreliable : from;
			continue;
		}
		if (find_in_segment(r, ms, from, to, seq) < 0)
			return sqlite_error(r->db, "read", path_of(base), err);
		if (*seq < to) {
			if (*seq == from && unreliable)
				*seq = unreliable;
			return 0;
		}
		unreliable = 0;
	}
	return 0;
}
