/* retention.c - removes the oldest events: those older than the retention time, and those that exceed the size
 * limit. */
#include <errno.h>
#include "base/clock.h"
#include "priv/sqlite.h"

enum {
	PRUNE_ROWS = 1000,    /* at once, plus the number of events since the last time */
	PRUNE_ROWS_FULL = 50, /* on a full disk, where each page of the WAL counts */
	PRUNE_AUDIT_MS = 1000,
	AUDIT_SHARE = 8,      /* audit records take this share of a size at most */
	AUDIT_ROW_BYTES = 32, /* that a row takes beside its text: header, number, time, page */
};

/* Deletions are synced by the next commit of events. A crash before it restores events that are then pruned again. */
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
	uint64_t oldest = j->base.oldest, reliable;

	if (read_first(j, 0, &oldest, &j->oldest_logged_at_ms) < 0)
		return -1;
	j->base.oldest = oldest;
	j->oldest_reliable_ms = j->oldest_logged_at_ms;
	reliable = times_first_reliable(j);
	return reliable > oldest ? read_first(j, reliable, &reliable, &j->oldest_reliable_ms) : 0;
}

/* Audit records have the retention time of events. Removes some of them once a second. */
static int prune_old_audit(struct journal *j, int64_t cutoff)
{
	if (dnc_clock_mono_ms() - j->audit_pruned_ms < PRUNE_AUDIT_MS)
		return 0;
	j->audit_pruned_ms = dnc_clock_mono_ms();
	sqlite3_bind_int64(j->write[PRUNE_OLD_AUDIT], 1, cutoff);
	return sqlite_run(j, PRUNE_OLD_AUDIT);
}

/* Limits audit records to their share of the size, so that a client that reads much does not displace events. 1 when
 * some were removed: the space they leave counts before events are removed. */
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
	/* More than are added between two turns. */
	end -= kept;
	if (end > first + 4 * PRUNE_ROWS)
		end = first + 4 * PRUNE_ROWS;
	sqlite3_bind_int64(j->write[PRUNE_MANY_AUDIT], 1, (int64_t)end);
	return sqlite_run(j, PRUNE_MANY_AUDIT) < 0 ? -1 : 1;
}

/* The first event in FROM to END that was logged at CUTOFF or later; END when none was. */
static int first_young(
	struct journal *j, uint64_t from, uint64_t end, int64_t cutoff, uint64_t *out)
{
	sqlite3_stmt *s = j->write[FIRST_YOUNG];
	int rc;

	sqlite3_bind_int64(s, 1, (int64_t)from);
	sqlite3_bind_int64(s, 2, (int64_t)end);
	sqlite3_bind_int64(s, 3, cutoff);
	rc = sqlite3_step(s);
	*out = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(s, 0) : end;
	sqlite3_reset(s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

struct usage {
	int64_t pages, unused;
	uint64_t used, limit; /* bytes; limit 0: none */
};

static int read_usage(struct journal *j, struct usage *u, struct dnc_error *err)
{
	if (sqlite_get_int(j->db, "PRAGMA page_count", 0, &u->pages, j->path, err) < 0 ||
		sqlite_get_int(j->db, "PRAGMA freelist_count", 0, &u->unused, j->path, err) < 0)
		return -1;
	j->base.stats.free_bytes = (uint64_t)(u->unused * j->page_bytes);
	u->used = (uint64_t)((u->pages - u->unused) * j->page_bytes);
	u->limit = space_for_events(j);
	return 0;
}

/* How many of the oldest events exceed the size limit and are removed now. At least as many as were ADDED since the last
 * time, and the more the farther the log is over its limit. */
static uint64_t rows_over(const struct journal *j, const struct usage *u, uint64_t added)
{
	uint64_t kept = j->base.last - j->base.oldest + 1;
	uint64_t over, share, most;

	if (!kept || !u->limit || u->used <= u->limit)
		return 0;
	over = u->used - u->limit;
	if (over >= u->used / 2)
		share = 8;
	else
		share = 1 + 8 * over / u->limit;
	most = (j->disk_full ? PRUNE_ROWS_FULL : PRUNE_ROWS) + added * share;
	over = 1 + over / (u->used / kept + 1);
	return over < most ? over : most;
}

/* Events before END are removed now. */
static int find_end(struct journal *j, const struct usage *u, int64_t cutoff, uint64_t *end)
{
	uint64_t added = j->base.last - j->pruned_at, oldest = j->base.oldest, aged = oldest;
	uint64_t large = oldest + rows_over(j, u, added), reliable = times_first_reliable(j);

	j->pruned_at = j->base.last;
	if (j->options.retain_ms && j->oldest_reliable_ms < cutoff) {
		aged += (j->disk_full ? PRUNE_ROWS_FULL : PRUNE_ROWS) + 2 * added;
		if (aged > j->base.last)
			aged = j->base.last;
		/* Events before the first one with a reliable time are older than that one. */
		if (aged > reliable && first_young(j, reliable, aged, cutoff, &aged) < 0)
			return -1;
	}
	*end = aged > large ? aged : large;
	if (*end > j->base.last)
		*end = j->base.last;
	return 0;
}

static int prune_rows(struct journal *j, struct usage *u, bool *more)
{
	int64_t cutoff = times_cutoff(j);
	uint64_t end, before = j->base.oldest;
	int many = j->options.retain_bytes ? prune_many_audit(j) : 0;

	if (many < 0 || (j->options.retain_ms && prune_old_audit(j, cutoff) < 0))
		return -1;
	*more = many;
	if (many)
		u->limit = 0;
	if (find_end(j, u, cutoff, &end) < 0)
		return -1;
	if (end <= before)
		return 0;
	if (sqlite_rates_keep(j, end) < 0)
		return -1;
	sqlite3_bind_int64(j->write[PRUNE], 1, (int64_t)end);
	if (sqlite_run(j, PRUNE) < 0 || retention_read_oldest(j) < 0)
		return -1;
	j->base.stats.pruned += j->base.oldest - before;
	*more = true;
	return 0;
}

/* A deletion is written to the WAL and so needs space: the WAL is truncated first, then the reserve. 1: try again. */
static int prune_failed(struct journal *j, struct dnc_error *err)
{
	sqlite_error(j->db, "prune", j->path, err);
	if (err->code != ENOSPC)
		return -1;
	j->disk_full = true;
	wal_truncate(j);
	return reserve_release(j) ? 1 : -1;
}

int retention_prune(struct dnc_journal *base, struct dnc_error *err)
{
	struct journal *j = (struct journal *)base;
	struct usage usage;
	bool more = false;
	int rc;

	/* The next append or check reports it. */
	if (j->files_gone)
		return 0;
	wal_tend(j);
	if (!j->options.retain_bytes && !j->options.retain_ms)
		return 0;
	if (j->disk_full)
		wal_truncate(j);
	if (read_usage(j, &usage, err) < 0)
		return -1;
	/* When this fails, deletions are tried nevertheless: they rarely add pages. */
	space_preallocate(j, 0, err);
	set_synced(j, false);
	rc = prune_rows(j, &usage, &more);
	more |= rc == 0 && space_release(j, usage.pages, usage.unused);
	if (rc < 0)
		rc = prune_failed(j, err);
	else
		rc = more;
	set_synced(j, true);
	if (j->disk_full && more)
		wal_truncate(j);
	return rc;
}
