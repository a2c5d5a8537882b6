/* journal_sqlite.c - the event log as a SQLite database in WAL mode: appending and pruning. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../base/clock.h"
#include "sqlite.h"

enum {
	PRUNE_ROWS = 1000,
	PRUNE_ACCESS_MS = 1000,
	/* Pages in the WAL (4 KiB each) from which on it is copied, and past which commits wait for
	 * that: fewer, larger copies of the same pages. */
	CHECKPOINT_PAGES = 8000,
	WAL_MAX_PAGES = 64000,
};

static const char *const write_sql[WRITES] = {
	[INSERT] =
		"INSERT INTO events VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9) ON CONFLICT (id) DO NOTHING",
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[PRUNE_AGE] = "DELETE FROM events WHERE seq < ?1 AND logged_at < ?2",
	[PRUNE_SIZE] = "DELETE FROM events WHERE seq < ?1",
	[PRUNE_ACCESS] =
		"DELETE FROM access WHERE at < ?1 AND n < (SELECT min(n) FROM access) + 1000",
	[NOTE] = "INSERT INTO access (at, record) VALUES (?1, ?2)",
	[OLDEST] = "SELECT seq, logged_at FROM events ORDER BY seq LIMIT 1",
};

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

static int prepare(struct journal *j, struct dnc_error *err)
{
	j->checkpointer = checkpointer_new(j->path, err);
	if (!j->checkpointer)
		return -1;
	sqlite3_wal_hook(j->db, on_commit, j);
	for (int i = 0; i < WRITES; i++)
		if (sqlite3_prepare_v3(j->db, write_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
			    &j->write[i], NULL) != SQLITE_OK)
			return sqlite_error(j->db, "read", j->path, err);
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
	e->logged = sqlite3_changes(j->db) ? DNC_LOGGED_NEW : DNC_LOGGED_DUPLICATE;
	e->seq = e->logged == DNC_LOGGED_NEW ? seq : 0;
	return 0;
}

static int insert_notes(struct journal *j, const struct dnc_buf *notes)
{
	sqlite3_stmt *s = j->write[NOTE];
	const char *at = notes->p, *end = at + notes->n;

	while (at < end) {
		size_t n = (size_t)((const char *)memchr(at, '\n', (size_t)(end - at)) - at);

		sqlite3_bind_int64(s, 1, j->logged_at_ms);
		sqlite3_bind_text(s, 2, at, (int)n, SQLITE_STATIC);
		if (step(j, NOTE) < 0)
			return -1;
		at += n + 1;
	}
	return 0;
}

static int sqlite_append(struct dnc_journal *base, struct dnc_batch *batch, struct dnc_error *err)
{
	struct journal *j = (struct journal *)base;
	uint64_t last = base->last, duplicates = 0;
	int64_t now = dnc_clock_now_ms();

	if (!batch->count && !batch->notes.n)
		return 0;
	/* Never backwards, so that the place of a time can be found by halving. */
	if (now > j->logged_at_ms)
		j->logged_at_ms = now;
	if (step(j, BEGIN) < 0)
		return sqlite_error(j->db, "write", j->path, err);
	for (size_t i = 0; i < batch->count; i++) {
		if (insert(j, batch, &batch->events[i], last + 1) < 0)
			goto fail;
		if (batch->events[i].seq)
			last++;
		else
			duplicates++;
	}
	if (insert_notes(j, &batch->notes) < 0 || step(j, COMMIT) < 0)
		goto fail;
	if (!base->last && last)
		j->oldest_logged_at_ms = j->logged_at_ms;
	base->last = last;
	base->duplicates += duplicates;
	return 0;
fail:
	sqlite_error(j->db, "write", j->path, err);
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

	if (sqlite_get_int(j->db, "PRAGMA page_count", 0, &pages, j->path, err) < 0 ||
		sqlite_get_int(j->db, "PRAGMA freelist_count", 0, &unused, j->path, err) < 0)
		return -1;
	*out = (uint64_t)((pages - unused) * j->page_bytes);
	return 0;
}

/* Lines of access go at the age at which events do, some of them once in a while. */
static int prune_access(struct journal *j, int64_t horizon)
{
	if (!j->options.retain_ms || dnc_clock_mono_ms() - j->access_pruned_ms < PRUNE_ACCESS_MS)
		return 0;
	j->access_pruned_ms = dnc_clock_mono_ms();
	sqlite3_bind_int64(j->write[PRUNE_ACCESS], 1, horizon);
	return step(j, PRUNE_ACCESS);
}

static int sqlite_prune(struct dnc_journal *base, struct dnc_error *err)
{
	struct journal *j = (struct journal *)base;
	int64_t horizon = dnc_clock_now_ms() - j->options.retain_ms;
	uint64_t used = 0, end = base->oldest + PRUNE_ROWS;
	bool old, large;

	if (prune_access(j, horizon) < 0)
		return sqlite_error(j->db, "prune", j->path, err);
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
		return sqlite_error(j->db, "prune", j->path, err);
	return 1;
}

static void sqlite_close(struct dnc_journal *base)
{
	struct journal *j = (struct journal *)base;

	if (j->db && j->write[INSERT])
		sqlite_set_closed(j);
	for (int i = 0; i < WRITES; i++)
		sqlite3_finalize(j->write[i]);
	checkpointer_free(j->checkpointer);
	sqlite3_close(j->db);
	if (j->lock_fd >= 0)
		close(j->lock_fd);
	free(j->path);
	free(j);
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
	if (sqlite_set_up(j, err) == 0 && prepare(j, err) == 0)
		return &j->base;
	sqlite_close(&j->base);
	return NULL;
}
