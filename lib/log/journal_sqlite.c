/* journal_sqlite.c - the event log as a SQLite database in WAL mode: appending. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "priv/sqlite.h"

/* A batch has at most this share of the log's limit. */
enum { BATCH_SHARE = 16, BATCH_BYTES_MIN = 64 << 10 };

static const char *const write_sql[WRITES] = {
	[INSERT] =
		"INSERT INTO events VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9) ON CONFLICT (id) DO NOTHING",
	[STORED] = "SELECT event FROM events WHERE id = ?1",
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[PRUNE] = "DELETE FROM events WHERE seq < ?1",
	[PRUNE_OLD_AUDIT] =
		"DELETE FROM access WHERE at < ?1 AND n < (SELECT min(n) FROM access) + 1000",
	[PRUNE_MANY_AUDIT] = "DELETE FROM access WHERE n < ?1",
	/* Two single ends are looked up, both at once would be searched for in all rows. */
	[AUDIT_ENDS] =
		("SELECT (SELECT min(n) FROM access), (SELECT max(n) FROM access), "
		 "(SELECT avg(length(record)) FROM (SELECT record FROM access ORDER BY n DESC "
		 "LIMIT 64))"),
	[INSERT_AUDIT] = "INSERT INTO access (at, record) VALUES (?1, ?2)",
	[FIRST_YOUNG] = ("SELECT seq FROM events WHERE seq >= ?1 AND seq < ?2 AND logged_at >= ?3 "
			 "ORDER BY seq LIMIT 1"),
	[PAGE_COUNT] = "PRAGMA page_count",
	[STORE_RATES] = "INSERT OR REPLACE INTO rates VALUES (?1,?2,?3,?4,?5,?6,?7,?8)",
	[DROP_RATES] = "DELETE FROM rates WHERE step <= ?1",
	[STORE_PROVIDER] = "INSERT OR REPLACE INTO providers VALUES (?1,?2,?3,?4,?5)",
	[OLDEST] = "SELECT seq, logged_at FROM events WHERE seq >= ?1 ORDER BY seq LIMIT 1",
};

static int on_commit(void *ctx, sqlite3 *db, const char *name, int pages)
{
	(void)db;
	(void)name;
	wal_committed(ctx, pages);
	return SQLITE_OK;
}

static int prepare(struct journal *j, struct dnc_error *err)
{
	j->checkpointer = checkpointer_new(
		j->path, j->options.sync != DNC_SYNC_OFF, &j->base.stats.checkpoints, err);
	if (!j->checkpointer || files_record(j, err) < 0)
		return -1;
	j->comparison.parser = dnc_json_parser_new();
	if (!j->comparison.parser)
		return dnc_error_nomem(err);
	sqlite3_wal_hook(j->db, on_commit, j);
	for (int i = 0; i < WRITES; i++)
		if (sqlite3_prepare_v3(j->db, write_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
			    &j->write[i], NULL) != SQLITE_OK)
			return sqlite_error(j->db, "read", j->path, err);
	return retention_read_oldest(j) < 0 ? sqlite_error(j->db, "read", j->path, err) : 0;
}

static void bind_text(sqlite3_stmt *s, int index, struct dnc_str text)
{
	if (text.n)
		sqlite3_bind_text(s, index, text.p, (int)text.n, SQLITE_STATIC);
	else
		sqlite3_bind_null(s, index);
}

/* Classifies the event if the log has its id. 1 when it does not have it. */
static int find_stored(struct journal *j, const struct dnc_event *event, enum dnc_logged *logged)
{
	sqlite3_stmt *s = j->write[STORED];
	int rc;

	bind_text(s, 1, event->id);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(s, 0);
		size_t n = (size_t)sqlite3_column_bytes(s, 0);

		rc = text ? content_compare(
				    &j->comparison, event, (struct dnc_str){text, n}, logged)
		          : -1;
	} else {
		rc = rc == SQLITE_DONE ? 1 : -1;
	}
	sqlite3_reset(s);
	return rc;
}

/* Inserts the event as number SEQ, unless the log has its id, and says what became of it. */
static int insert(
	struct journal *j, const struct dnc_event *event, uint64_t seq, enum dnc_logged *logged)
{
	sqlite3_stmt *s = j->write[INSERT];
	int rc;

	/* A list that is read again is all duplicates: then a lookup is cheaper than an insertion that fails. */
	if (j->duplicates_expected && (rc = find_stored(j, event, logged)) <= 0)
		return rc;
	sqlite3_bind_int64(s, 1, (int64_t)seq);
	bind_text(s, 2, event->id);
	bind_text(s, 3, dnc_type_names[event->type]);
	bind_text(s, 4, event->phone_number);
	bind_text(s, 5, event->provider);
	bind_text(s, 6, event->severity_text);
	bind_text(s, 7, event->timestamp);
	sqlite3_bind_int64(s, 8, j->logged_at_ms);
	bind_text(s, 9, event->line);
	if (sqlite_run(j, INSERT) < 0)
		return -1;
	j->duplicates_expected = !sqlite3_changes(j->db);
	if (j->duplicates_expected)
		return find_stored(j, event, logged) == 0 ? 0 : -1;
	*logged = DNC_LOGGED_NEW;
	return 0;
}

/* How many events of a batch are new, duplicates and conflicts, by enum dnc_logged; and new ones by type. */
struct counts {
	uint64_t of[DNC_LOGGED_CONFLICT + 1];
	uint32_t types[DNC_TYPES];
};

static int insert_events(struct journal *j, struct dnc_batch *batch, struct counts *counts)
{
	*counts = (struct counts){0};
	for (size_t i = 0; i < batch->count; i++) {
		struct dnc_batch_event *e = &batch->events[i];
		struct dnc_event event = content_event(batch, e);
		uint64_t seq = j->base.last + counts->of[DNC_LOGGED_NEW] + 1;
		enum dnc_logged logged;

		if (insert(j, &event, seq, &logged) < 0)
			return -1;
		e->logged = (uint8_t)logged;
		e->seq = logged == DNC_LOGGED_NEW ? seq : 0;
		counts->of[logged]++;
		counts->types[event.type] += logged == DNC_LOGGED_NEW;
	}
	return 0;
}

static int insert_audit(struct journal *j, const struct dnc_buf *records)
{
	sqlite3_stmt *s = j->write[INSERT_AUDIT];
	const char *at = records->p, *end = at + records->n;

	while (at < end) {
		size_t n = (size_t)((const char *)memchr(at, '\n', (size_t)(end - at)) - at);

		sqlite3_bind_int64(s, 1, j->logged_at_ms);
		sqlite3_bind_text(s, 2, at, (int)n, SQLITE_STATIC);
		if (sqlite_run(j, INSERT_AUDIT) < 0)
			return -1;
		at += n + 1;
	}
	return 0;
}

/* Writes the clocks' state in the batch's transaction: a segment that begins, and the retention clock. */
static int write_times(struct journal *j, struct segments *next, bool begins, int64_t before_ms,
	struct dnc_error *err)
{
	if (begins && times_begin_segment(j, next, before_ms, err) < 0)
		return -1;
	return times_save_due(j) ? times_save(j, err) : 0;
}

/* Writes what the batch changes of rates and providers, in its transaction. */
static int write_tallies(struct journal *j, const struct dnc_batch *batch,
	const struct counts *counts, uint64_t *stored)
{
	if (!counts->of[DNC_LOGGED_NEW])
		return 0;
	if (sqlite_rates_write(j, stored) < 0)
		return -1;
	return counts->types[DNC_LIST_SYNCED] || counts->types[DNC_PROVIDER_STATUS_CHANGE]
	               ? sqlite_providers_write(j, batch)
	               : 0;
}

/* Updates the state after the batch was committed. */
static void note_committed(
	struct journal *j, uint64_t last, const struct segments *next, bool begins)
{
	j->committed_last = last;
	if (last == j->base.last)
		return;
	j->stamp_boot_ms = j->now_boot_ms;
	if (!j->base.last)
		j->oldest_logged_at_ms = j->oldest_reliable_ms = j->logged_at_ms;
	if (!begins)
		return;
	j->segments = *next;
	/* Other times may be reliable now. The next pruning reads them again, should this fail. */
	if (retention_read_oldest(j) < 0)
		dnc_warn("unable to read the oldest event of %s", j->path);
}

/* The same of rates and providers. */
static void note_tallies(struct journal *j, const struct counts *counts, uint64_t stored)
{
	j->tallies.stored = stored;
	if (!counts->of[DNC_LOGGED_NEW])
		return;
	rates_add(j->base.rates, j->logged_at_ms, counts->types);
	providers_commit(j->base.providers);
}

/* Commits the batch. Its numbers and counts are valid once the files were checked. */
static int write_batch(struct journal *j, struct dnc_batch *batch, struct dnc_error *err)
{
	int64_t before_ms = j->logged_at_ms;
	struct counts counts;
	struct segments next;
	uint64_t stored = j->tallies.stored;
	bool jumped;

	j->logged_at_ms = times_stamp(j, &jumped);
	if (sqlite_run(j, BEGIN) < 0 || (!j->epoch_stored && sqlite_epoch_store(j) < 0) ||
		insert_events(j, batch, &counts) < 0)
		goto fail;
	jumped &= counts.of[DNC_LOGGED_NEW] > 0;
	if (insert_audit(j, &batch->audit) < 0 || write_tallies(j, batch, &counts, &stored) < 0 ||
		write_times(j, &next, jumped, before_ms, err) < 0 || sqlite_run(j, COMMIT) < 0)
		goto fail;
	j->epoch_stored = j->tallies.begin_stored = true;
	note_tallies(j, &counts, stored);
	note_committed(j, j->base.last + counts.of[DNC_LOGGED_NEW], &next, jumped);
	j->committed_duplicates = counts.of[DNC_LOGGED_DUPLICATE];
	j->committed_conflicts = counts.of[DNC_LOGGED_CONFLICT];
	if (!counts.of[DNC_LOGGED_NEW])
		j->logged_at_ms = before_ms;
	return 0;
fail:
	sqlite_error(j->db, "write", j->path, err);
	if (!sqlite3_get_autocommit(j->db))
		sqlite_run(j, ROLLBACK);
	providers_abandon(j->base.providers);
	j->logged_at_ms = before_ms;
	return -1;
}

/* A batch that was committed to files that were removed or replaced is not acknowledged. When the files are restored it
 * is in the log, and must not be written twice. */
static int sqlite_append(struct dnc_journal *base, struct dnc_batch *batch, struct dnc_error *err)
{
	struct journal *j = (struct journal *)base;

	if (!batch->count && !batch->audit.n)
		return 0;
	if (j->files_gone && files_check(j, err) < 0)
		return -1;
	if (!j->verify_pending && (space_preallocate(j, space_of_batch(batch), err) < 0 ||
					  write_batch(j, batch, err) < 0)) {
		j->disk_full = err->code == ENOSPC;
		return -1;
	}
	j->disk_full = false;
	space_note_disk(j);
	j->verify_pending = true;
	if (files_check(j, err) < 0)
		return -1;
	j->verify_pending = false;
	if (base->last != j->committed_last)
		base->stats.newest_ms = j->logged_at_ms;
	base->last = j->committed_last;
	base->duplicates += j->committed_duplicates;
	base->conflicts += j->committed_conflicts;
	return 0;
}

static int sqlite_idle(struct dnc_journal *base, struct dnc_error *err)
{
	struct journal *j = (struct journal *)base;

	if (files_check(j, err) < 0)
		return -1;
	if ((j->disk_full || !j->epoch_stored) &&
		(space_preallocate(j, 0, err) < 0 || sqlite_epoch_write(j, err) < 0))
		return -1;
	j->disk_full = false;
	if (times_save_due(j) && times_save(j, err) < 0)
		return -1;
	wal_truncate(j);
	reserve_keep(j);
	space_note_disk(j);
	return 0;
}

static void free_journal(struct journal *j)
{
	for (int i = 0; i < FILES; i++)
		free(j->file_path[i]);
	free(j);
}

static void sqlite_close(struct dnc_journal *base)
{
	struct journal *j = (struct journal *)base;

	if (j->write[INSERT] && !j->epoch_stored && !j->copying)
		sqlite_epoch_write(j, NULL);
	if (j->write[INSERT] && j->options.retain_ms)
		times_save(j, NULL);
	for (int i = 0; i < WRITES; i++)
		sqlite3_finalize(j->write[i]);
	checkpointer_free(j->checkpointer);
	content_comparison_free(&j->comparison);
	epochs_free(j->base.epochs);
	rates_free(j->base.rates);
	providers_free(j->base.providers);
	sodium_memzero(j->base.mask_key, sizeof j->base.mask_key);
	sqlite3_close(j->db);
	if (j->space_fd >= 0)
		close(j->space_fd);
	if (j->lock_fd >= 0)
		close(j->lock_fd);
	free_journal(j);
}

static const struct journal_ops sqlite_ops = {sqlite_close, sqlite_append, retention_prune,
	sqlite_idle, sqlite_reader_new, sqlite_reader_free, NULL, NULL, sqlite_read,
	sqlite_find_time, true, NULL};

static struct journal *new_journal(const struct dnc_journal_options *options)
{
	static const char *const names[FILES] = {"", "-wal", "-shm"};
	struct journal *j = calloc(1, sizeof *j);
	uint64_t share = options->retain_bytes / BATCH_SHARE;

	if (!j)
		return NULL;
	j->base = (struct dnc_journal){.ops = &sqlite_ops,
		.oldest = 1,
		.batch_bytes = share && share < BATCH_BYTES_MIN ? BATCH_BYTES_MIN : (size_t)share};
	j->options = *options;
	j->lock_fd = j->space_fd = -1;
	for (int i = 0; i < FILES; i++)
		if (asprintf(&j->file_path[i], "%s/events.db%s", options->dir, names[i]) < 0) {
			j->file_path[i] = NULL;
			free_journal(j);
			return NULL;
		}
	j->path = j->file_path[FILE_DB];
	return j;
}

struct journal *sqlite_open(
	const struct dnc_journal_options *options, bool copying, struct dnc_error *err)
{
	struct journal *j = new_journal(options);

	if (!j) {
		dnc_error_nomem(err);
		return NULL;
	}
	j->copying = copying;
	if (sqlite_set_up(j, err) == 0 && prepare(j, err) == 0)
		return j;
	sqlite_close(&j->base);
	return NULL;
}

struct dnc_journal *journal_sqlite_open(
	const struct dnc_journal_options *options, struct dnc_error *err)
{
	return (struct dnc_journal *)sqlite_open(options, false, err);
}
