/* sqlite_read.c - events out of the log. */
#include <errno.h>
#include <stdlib.h>
#include "sqlite.h"

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

/* The row's event, with room behind it. */
static int take_line(struct reader *r, sqlite3_stmt *s, const char *path, struct dnc_error *err)
{
	const unsigned char *text = sqlite3_column_text(s, 1);
	int n = sqlite3_column_bytes(s, 1);

	if (!text)
		return dnc_error_nomem(err);
	if (n < 2 || text[0] != '{')
		return dnc_error_set(err, EIO, "%s is damaged: row %lld holds no event", path,
			(long long)sqlite3_column_int64(s, 0));
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
		if (take_line(r, s, path_of(base), err) < 0) {
			sqlite3_reset(s);
			return -1;
		}
		more = each(ctx, (uint64_t)sqlite3_column_int64(s, 0), dnc_buf_view(&r->line));
	}
	rc = sqlite3_reset(s); /* the error of the last step, if it failed */
	return rc == SQLITE_OK ? 0 : sqlite_error(r->db, "read", path_of(base), err);
}

int sqlite_find_id(
	struct dnc_journal_reader *base, struct dnc_str id, uint64_t *seq, struct dnc_error *err)
{
	struct reader *r = (struct reader *)base;
	sqlite3_stmt *s = r->read[BY_ID];
	int rc;

	sqlite3_bind_text(s, 1, id.p, (int)id.n, SQLITE_STATIC);
	rc = sqlite3_step(s);
	*seq = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
	sqlite3_reset(s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE
	               ? 0
	               : sqlite_error(r->db, "read", path_of(base), err);
}

int sqlite_find_time(
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
			return sqlite_error(r->db, "read", path_of(base), err);
		if (later)
			high = middle;
		else
			low = middle + 1; /* earlier, or pruned meanwhile */
	}
	*seq = low;
	return 0;
}
