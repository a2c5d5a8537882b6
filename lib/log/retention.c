/* retention.c - the oldest events go: those older than they need be kept, and those for which there is
 * no room. */
#include <errno.h>
#include "base/clock.h"
#include "priv/sqlite.h"

enum {
	PRUNE_ROWS = 1000,    /* at once, and more by as many as came since the last time */
	PRUNE_ROWS_FULL = 50, /* on a full disk, where each page of the WAL counts */
	PRUNE_AUDIT_MS = 1000,
	AUDIT_SHARE = 8,      /* audit records take this share of a size at most */
	AUDIT_ROW_BYTES = 32, /* that a row takes beside its text: header, number, time, page */
};

/* What a deletion leaves in the WAL is safe with the next commit, which syncs it: a crash before that
 * brings back what is pruned again. */
static void set_synced(struct journal *j, bool synced)
{
	if (j->options.sync == DNC_SYNC_FULL)
		sqlite3_exec(j->db,
			synced ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", NULL,
			NULL, NULL);
}

/* The first event from FROM on. */
static int read_first(struct journal *j, uint64_t from, uint64_t *seq, int64_t *logged_at_ms)
{
	sqlite3_stmt *s = j->write[OLDEST];
	int rc;

	sqlite3_bind_int64(s, 1, (int64_t)from);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW) {
		*seq = (uint64_t)sqlite3_column_int64(s, 0);
		*logged_at_ms = sqlite3_column_int64(s, 1);
	}
	sqlite3_reset(s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

int retention_read_oldest(struct journal *j)
{
	uint64_t oldest = j->base.oldest, sure;

	if (read_first(j, 0, &oldest, &j->oldest_logged_at_ms) < 0)
		return -1;
	j->base.oldest = oldest;
	j->due_ms = j->oldest_logged_at_ms;
	sure = times_first_sure(j);
	return sure > oldest ? read_first(j, sure, &sure, &j->due_ms) : 0;
}

/* Audit records go at the age at which events do; some of them once in a while. */
static int prune_old_audit(struct journal *j, int64_t horizon)
{
	if (dnc_clock_mono_ms() - j->audit_pruned_ms < PRUNE_AUDIT_MS)
		return 0;
	j->audit_pruned_ms = dnc_clock_mono_ms();
	sqlite3_bind_int64(j->write[PRUNE_OLD_AUDIT], 1, horizon);
	return sqlite_run(j, PRUNE_OLD_AUDIT);
}

/* Audit records keep within their share of the size: whoever reads a lot must not push events out. 1 when some were
 * removed: events wait for their room. */
static int prune_many_audit(struct journal *j)
{
	sqlite3_stmt *s = j->write[AUDIT_ENDS];
	uint64_t first = 0, end = 0, bytes = 0, kept;
	int rc = sqlite3_step(s);

	if (rc == SQLITE_ROW) {
		first = (uint64_t)sqlite3_column_int64(s, 0);
		end = (uint64_t)sqlite3_column_int64(s, 1) + 1;
		bytes = AUDIT_ROW_BYTES + (uint64_t)sqlite3_column_int64(s, 2);
	}
	sqlite3_reset(s);
	if (rc != SQLITE_ROW)
		return -1;
	kept = 1 + j->options.retain_bytes / AUDIT_SHARE / bytes;
	if (end <= first + kept)
		return 0;
	/* As many as come between two looks, and more. */
	end -= kept;
	if (end > first + 4 * PRUNE_ROWS)
		end = first + 4 * PRUNE_ROWS;
	sqlite3_bind_int64(j->write[PRUNE_MANY_AUDIT], 1, (int64_t)end);
	return sqlite_run(j, PRUNE_MANY_AUDIT) < 0 ? -1 : 1;
}

/* The first event in FROM to END that is to be kept because it was logged at HORIZON or later. */
static int first_young(
	struct journal *j, uint64_t from, uint64_t end, int64_t horizon, uint64_t *out)
{
	sqlite3_stmt *s = j->write[FIRST_YOUNG];
	int rc;

	sqlite3_bind_int64(s, 1, (int64_t)from);
	sqlite3_bind_int64(s, 2, (int64_t)end);
	sqlite3_bind_int64(s, 3, horizon);
	rc = sqlite3_step(s);
	*out = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(s, 0) : end;
	sqlite3_reset(s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

struct room {
	int64_t pages, unused;
	uint64_t used, limit; /* bytes; limit 0: none */
};

static int look(struct journal *j, struct room *r, struct dnc_error *err)
{
	if (sqlite_get_int(j->db, "PRAGMA page_count", 0, &r->pages, j->path, err) < 0 ||
		sqlite_get_int(j->db, "PRAGMA freelist_count", 0, &r->unused, j->path, err) < 0)
		return -1;
	j->base.figures.free_bytes = (uint64_t)(r->unused * j->page_bytes);
	r->used = (uint64_t)((r->pages - r->unused) * j->page_bytes);
	r->limit = space_for_events(j);
	return 0;
}

/* How many of the oldest go now for SIZE's sake. Under load as many as have come, and the more the
 * farther the log is over its limit. */
static uint64_t rows_over(const struct journal *j, const struct room *r, uint64_t came)
{
	uint64_t kept = j->base.last - j->base.oldest + 1;
	uint64_t over, share, most;

	if (!kept || !r->limit || r->used <= r->limit)
		return 0;
	over = r->used - r->limit;
	if (over >= r->used / 2)
		share = 8;
	else
		share = 1 + 8 * over / r->limit;
	most = (j->full ? PRUNE_ROWS_FULL : PRUNE_ROWS) + came * share;
	over = 1 + over / (r->used / kept + 1);
	return over < most ? over : most;
}

/* The end of what goes now: all before it. */
static int find_end(struct journal *j, const struct room *r, int64_t horizon, uint64_t *end)
{
	uint64_t came = j->base.last - j->pruned_at, oldest = j->base.oldest, aged = oldest;
	uint64_t large = oldest + rows_over(j, r, came), sure = times_first_sure(j);

	j->pruned_at = j->base.last;
	if (j->options.retain_ms && j->due_ms < horizon) {
		aged += (j->full ? PRUNE_ROWS_FULL : PRUNE_ROWS) + 2 * came;
		if (aged > j->base.last)
			aged = j->base.last;
		/* What comes before the first event whose time is sure is older than that. */
		if (aged > sure && first_young(j, sure, aged, horizon, &aged) < 0)
			return -1;
	}
	*end = aged > large ? aged : large;
	if (*end > j->base.last)
		*end = j->base.last;
	return 0;
}

static int prune_rows(struct journal *j, struct room *r, bool *more)
{
	int64_t horizon = times_horizon(j);
	uint64_t end, before = j->base.oldest;
	int many = j->options.retain_bytes ? prune_many_audit(j) : 0;

	if (many < 0 || (j->options.retain_ms && prune_old_audit(j, horizon) < 0))
		return -1;
	*more = many;
	if (many)
		r->limit = 0;
	if (find_end(j, r, horizon, &end) < 0)
		return -1;
	if (end <= before)
		return 0;
	sqlite3_bind_int64(j->write[PRUNE], 1, (int64_t)end);
	if (sqlite_run(j, PRUNE) < 0 || retention_read_oldest(j) < 0)
		return -1;
	j->base.figures.pruned += j->base.oldest - before;
	*more = true;
	return 0;
}

/* Deleting writes to the WAL, which needs room: what was copied is cut first, and the reserve goes when
 * that is not enough. */
static int prune_failed(struct journal *j, struct dnc_error *err)
{
	sqlite_error(j->db, "prune", j->path, err);
	if (err->code != ENOSPC)
		return -1;
	j->full = true;
	wal_truncate(j);
	return reserve_release(j) ? 1 : -1;
}

int retention_prune(struct dnc_journal *base, struct dnc_error *err)
{
	struct journal *j = (struct journal *)base;
	struct room room;
	bool more = false;
	int rc;

	/* Who appends is told. */
	if (j->gone)
		return 0;
	wal_tend(j);
	if (!j->options.retain_bytes && !j->options.retain_ms)
		return 0;
	if (j->full)
		wal_truncate(j);
	if (look(j, &room, err) < 0)
		return -1;
	set_synced(j, false);
	rc = prune_rows(j, &room, &more);
	more |= rc == 0 && space_release(j, room.pages, room.unused);
	if (rc < 0)
		rc = prune_failed(j, err);
	else
		rc = more;
	set_synced(j, true);
	if (j->full && more)
		wal_truncate(j);
	return rc;
}
