/* space.c - how many bytes the log may take: the limit for events, free pages returned to the file system, blocks
 * allocated in advance. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include "base/clock.h"
#include "priv/sqlite.h"

enum {
	RELEASE_PAGES = 1024,        /* at once; moving a page takes some 10 us */
	RELEASE_BYTES_MIN = 4 << 20, /* fewer free bytes stay in the file */
	INDEX_BYTES = 200,           /* of an event in two indexes, at most */
	DISK_MS = 1000,              /* between questions how much space there is */
	GROW_PAGES = 64,             /* that a transaction may add besides its events */
};

uint64_t space_for_events(const struct journal *j)
{
	uint64_t limit = j->options.retain_bytes;
	uint64_t wal = 2 * (uint64_t)wal_copy_pages(j) * (uint64_t)j->page_bytes;
	uint64_t rest;

	if (!limit)
		return 0;
	if (wal < (uint64_t)j->file_bytes[FILE_WAL])
		wal = (uint64_t)j->file_bytes[FILE_WAL];
	if (wal > limit / 2)
		wal = limit / 2;
	/* Some pages stay free for the next batch, so that the file does not grow and shrink. */
	rest = wal + (uint64_t)j->file_bytes[FILE_SHM] + j->base.stats.reserve_bytes + limit / 16;
	return rest < limit ? limit - rest : 1;
}

/* Free pages are released when the log exceeds its limit, and when they are many: a log that is pruned by age
 * uses its free pages again. */
static bool too_large(const struct journal *j, int64_t pages, int64_t unused)
{
	uint64_t all = (uint64_t)(pages * j->page_bytes) + (uint64_t)j->file_bytes[FILE_WAL] +
	               (uint64_t)j->file_bytes[FILE_SHM] + j->base.stats.reserve_bytes;

	if (j->options.retain_bytes && all > j->options.retain_bytes)
		return true;
	return j->disk_full || (unused > pages / 4 && unused * j->page_bytes > RELEASE_BYTES_MIN);
}

bool space_release(struct journal *j, int64_t pages, int64_t unused)
{
	char sql[64];

	if (!j->auto_vacuum || unused <= 0 || !too_large(j, pages, unused))
		return false;
	j->reserved_bytes = 0;
	snprintf(sql, sizeof sql, "PRAGMA incremental_vacuum(%d)",
		j->disk_full ? RELEASE_PAGES / 16 : RELEASE_PAGES);
	return sqlite3_exec(j->db, sql, NULL, NULL, NULL) == SQLITE_OK && unused > RELEASE_PAGES;
}

static int read_pages(struct journal *j, uint64_t *pages)
{
	sqlite3_stmt *s = j->write[PAGE_COUNT];
	int rc = sqlite3_step(s);

	*pages = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
	sqlite3_reset(s);
	return rc == SQLITE_ROW ? 0 : -1;
}

uint64_t space_of_batch(const struct dnc_batch *batch)
{
	uint64_t copied = 0;

	/* What is known last of a provider is stored again, and a good sync twice. */
	for (size_t i = 0; i < batch->count; i++)
		if (providers_concerns((enum dnc_type)batch->events[i].shape.type))
			copied += 2 * (batch->events[i].line.n + INDEX_BYTES);
	/* Pages may stay half empty when they are split. */
	return 2 * (batch->text.n + batch->audit.n + batch->count * INDEX_BYTES + copied);
}

int space_preallocate(struct journal *j, uint64_t bytes, struct dnc_error *err)
{
	uint64_t pages, wanted;
	int rc;

	if (read_pages(j, &pages) < 0)
		return sqlite_error(j->db, "read", j->path, err);
	wanted = (pages + GROW_PAGES) * (uint64_t)j->page_bytes + bytes;
	/* A copy of the WAL truncates the database to its pages, and so frees these blocks: now, or while one runs. */
	if (checkpointer_active(j->checkpointer))
		j->reserved_bytes = 0;
	if (j->space_fd < 0 || wanted <= j->reserved_bytes)
		return 0;
	wanted += GROW_PAGES * (uint64_t)j->page_bytes; /* and the next small batches */
	while ((rc = fallocate(j->space_fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)wanted)) < 0 &&
		errno == EINTR)
		;
	if (rc < 0 && (errno == ENOSPC || errno == EDQUOT))
		return dnc_error_set(err, ENOSPC, "unable to write %s: the disk is full", j->path);
	j->reserved_bytes = wanted; /* or the file system has no fallocate: do not ask again soon */
	return 0;
}

void space_note_disk(struct journal *j)
{
	int64_t now = dnc_clock_mono_ms();
	struct statvfs fs;

	if (j->disk_noted_ms && now - j->disk_noted_ms < DISK_MS)
		return;
	j->disk_noted_ms = now;
	if (statvfs(j->options.dir, &fs) == 0)
		j->base.stats.disk_free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
}
