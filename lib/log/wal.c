/* wal.c - keeps SQLite's write-ahead log short: when it is copied into the database, restarted and truncated. */
#include <errno.h>
#include "base/clock.h"
#include "base/log.h"
#include "priv/sqlite.h"

enum {
	COPY_PAGES_MAX = 8000, /* of 4 KiB: fewer, larger copies of the same pages */
	COPY_PAGES_MIN = 64,
	HELD_MS = 10000, /* a WAL that can't be restarted for so long is reported */
	RETRY_MIN_MS = 8,
	RETRY_MS = 1000, /* at most, between attempts to copy a WAL that a reader holds */
	TRUNCATE_BYTES_MIN = 1 << 20, /* a shorter WAL is not worth truncating */
};

int wal_copy_pages(const struct journal *j)
{
	uint64_t pages = j->options.retain_bytes / 16 / (uint64_t)j->page_bytes;

	if (!j->options.retain_bytes || pages > COPY_PAGES_MAX)
		return COPY_PAGES_MAX;
	return pages < COPY_PAGES_MIN ? COPY_PAGES_MIN : (int)pages;
}

/* This commit restarted the WAL: no reader holds it any more. */
static void wal_restarted(struct journal *j)
{
	if (j->base.stats.wal_held)
		dnc_note("the WAL of %s can be restarted again", j->path);
	j->base.stats.wal_held = false;
	j->wal.grown_since_ms = j->wal.retry_ms = j->wal.pause_ms = 0;
	j->wal.copied = false;
	j->wal.wake_pages = j->wal.copy_pages;
	j->reserved_bytes = 0; /* the WAL was copied, which has truncated the database */
}

void wal_committed(struct journal *j, int pages)
{
	struct wal *w = &j->wal;

	if (!w->copy_pages)
		w->copy_pages = w->wake_pages = wal_copy_pages(j);
	if (pages < w->pages)
		wal_restarted(j);
	w->pages = pages;
	if (pages < w->wake_pages)
		return;
	/* From twice as many pages on this thread copies itself; the checkpointer would only contend with it. */
	if (pages < 2 * w->copy_pages)
		checkpointer_wake(j->checkpointer);
	w->wake_pages = pages + w->copy_pages / 2;
}

/* The WAL is too long: a copy failed, or the commit after it did not restart the WAL. It is tried again later. */
static void warn_held(struct journal *j)
{
	int64_t now = dnc_clock_mono_ms();

	if (j->wal.pause_ms < RETRY_MIN_MS)
		j->wal.pause_ms = RETRY_MIN_MS;
	else if (j->wal.pause_ms < RETRY_MS)
		j->wal.pause_ms *= 2;
	j->wal.retry_ms = now + j->wal.pause_ms;
	if (!j->wal.grown_since_ms)
		j->wal.grown_since_ms = now;
	if (now - j->wal.grown_since_ms < HELD_MS || j->base.stats.wal_held || j->wal.copy_failed)
		return;
	j->base.stats.wal_held = true;
	dnc_warn("the WAL of %s grows (%lld MiB): a program has been reading the log for over "
		 "%d s; end it (fuser %s names it)",
		j->path, (long long)(j->file_bytes[FILE_WAL] >> 20), HELD_MS / 1000, j->path);
}

/* *ALL: nothing is left to copy. -1 with ERR when the copy failed for another reason than a reader. */
static int copy(struct journal *j, int mode, bool *all, struct dnc_error *err)
{
	int frames = -1, copied = -1;
	int rc = sqlite3_wal_checkpoint_v2(j->db, NULL, mode, &frames, &copied);

	j->reserved_bytes = 0; /* a copy truncates the database */
	*all = rc == SQLITE_OK && frames == copied;
	if (rc == SQLITE_OK || rc == SQLITE_BUSY)
		return 0;
	return sqlite_error(j->db, "copy the WAL into", j->path, err);
}

static void report_copy(struct journal *j, const struct dnc_error *failed)
{
	if (failed && !j->wal.copy_failed)
		dnc_warn("%s; the WAL grows until it works again", failed->message);
	else if (!failed && j->wal.copy_failed)
		dnc_note("the WAL of %s can be copied again", j->path);
	j->wal.copy_failed = failed != NULL;
}

/* On a full disk the copy gets the space of the reserve: a WAL that can't be copied is never truncated. */
static bool copy_all(struct journal *j, int mode)
{
	struct dnc_error err;
	bool all;
	int rc;

	checkpointer_wait(j->checkpointer);
	sqlite3_busy_timeout(j->db, 0);
	rc = copy(j, mode, &all, &err);
	if (rc < 0 && err.code == ENOSPC) {
		j->disk_full = true;
		if (reserve_release(j))
			rc = copy(j, mode, &all, &err);
	}
	sqlite3_busy_timeout(j->db, BUSY_MS);
	report_copy(j, rc < 0 ? &err : NULL);
	j->base.stats.checkpoints += all;
	return all;
}

/* Under continuous commits the checkpointer never catches up, and SQLite restarts the WAL only when all of it
 * was copied: the rest is copied between two commits. */
void wal_tend(struct journal *j)
{
	struct wal *w = &j->wal;

	if (!w->copy_pages || w->pages < 2 * w->copy_pages || dnc_clock_mono_ms() < w->retry_ms)
		return;
	/* A WAL that was copied and is still long was not restarted by the next commit: a reader holds it. */
	w->copied = !w->copied && copy_all(j, SQLITE_CHECKPOINT_PASSIVE);
	if (!w->copied)
		warn_held(j);
}

void wal_truncate(struct journal *j)
{
	bool longer = j->file_bytes[FILE_WAL] >= TRUNCATE_BYTES_MIN || j->disk_full ||
	              (j->options.retain_bytes &&
			      j->file_bytes[FILE_WAL] > (off_t)(j->options.retain_bytes / 32));
	int64_t now = dnc_clock_mono_ms();

	if (!longer || now - j->wal.truncate_tried_ms < RETRY_MS)
		return;
	j->wal.truncate_tried_ms = now;
	if (copy_all(j, SQLITE_CHECKPOINT_TRUNCATE)) {
		j->wal.pages = 0;
		wal_restarted(j);
	}
}
