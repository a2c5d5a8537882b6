/* room.c - how much room the log takes: a short WAL, free pages cut off, a reserve for a full disk. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "priv/sqlite.h"

enum {
	COPY_PAGES_MAX = 8000, /* of 4 KiB: fewer, larger copies of the same pages */
	COPY_PAGES_MIN = 64,
	HELD_MS = 10000, /* of a WAL that can't start anew, before it is told */
	RETRY_MIN_MS = 8,
	RETRY_MS = 1000,        /* at most, between attempts to copy a WAL that a reader holds */
	CUT_BYTES = 1 << 20,    /* a shorter WAL is not worth cutting */
	GIVE_BACK_PAGES = 1024, /* at once; moving a page takes some 10 us */
	RESERVE_BYTES = 2 << 20,
	RESERVE_BYTES_MIN = 64 << 10,
	RESERVE_SHARE = 16, /* of the limit, and of the free room */
	RESERVE_LOOK_MS = 5000,
	INDEX_BYTES = 200, /* of an event in two indexes, at most */
	GROW_PAGES = 64,
};

static int copy_pages(const struct journal *j)
{
	uint64_t pages = j->options.retain_bytes / 16 / (uint64_t)j->page_bytes;

	if (!j->options.retain_bytes || pages > COPY_PAGES_MAX)
		return COPY_PAGES_MAX;
	return pages < COPY_PAGES_MIN ? COPY_PAGES_MIN : (int)pages;
}

/* The WAL starts anew with this commit: whoever held it is gone. */
static void started_anew(struct journal *j)
{
	if (j->base.figures.wal_held)
		dnc_note("the WAL of %s can be reset again", j->path);
	j->base.figures.wal_held = false;
	j->wal.grown_ms = j->wal.retry_ms = j->wal.pause_ms = 0;
	j->wal.copied = false;
	j->wal.wake_pages = j->wal.copy_pages;
}

void room_committed(struct journal *j, int pages)
{
	struct wal *w = &j->wal;

	if (!w->copy_pages)
		w->copy_pages = w->wake_pages = copy_pages(j);
	if (pages < w->pages)
		started_anew(j);
	w->pages = pages;
	if (pages < w->wake_pages)
		return;
	/* Past twice as many this thread copies: another one that does so, too, is in its way. */
	if (pages < 2 * w->copy_pages)
		checkpointer_wake(j->checkpointer);
	w->wake_pages = pages + w->copy_pages / 2;
}

/* The WAL is too long, and did not start anew although it was tried to. */
static void tell_held(struct journal *j)
{
	int64_t now = dnc_clock_mono_ms();

	if (j->wal.pause_ms < RETRY_MIN_MS)
		j->wal.pause_ms = RETRY_MIN_MS;
	else if (j->wal.pause_ms < RETRY_MS)
		j->wal.pause_ms *= 2;
	j->wal.retry_ms = now + j->wal.pause_ms;
	if (!j->wal.grown_ms)
		j->wal.grown_ms = now;
	if (now - j->wal.grown_ms < HELD_MS || j->base.figures.wal_held || j->full)
		return;
	j->base.figures.wal_held = true;
	dnc_warn("the WAL of %s grows (%lld MiB): a program has been reading the log for more than "
		 "%d s; end it (fuser %s names it)",
		j->path, (long long)(j->file_bytes[FILE_WAL] >> 20), HELD_MS / 1000, j->path);
}

static bool copy_all(struct journal *j, int mode)
{
	int frames = -1, copied = -1, rc;

	checkpointer_wait(j->checkpointer);
	sqlite3_busy_timeout(j->db, 0);
	rc = sqlite3_wal_checkpoint_v2(j->db, NULL, mode, &frames, &copied);
	sqlite3_busy_timeout(j->db, BUSY_MS);
	if (rc != SQLITE_OK || frames != copied)
		return false;
	j->base.figures.checkpoints++;
	return true;
}

/* While commits come one after another the checkpointer never catches up, and the WAL can only start
 * anew when all of it was copied: the rest is copied between two commits. */
void room_tend_wal(struct journal *j)
{
	struct wal *w = &j->wal;

	if (!w->copy_pages || w->pages < 2 * w->copy_pages || dnc_clock_mono_ms() < w->retry_ms)
		return;
	w->copied = !w->copied && copy_all(j, SQLITE_CHECKPOINT_PASSIVE);
	if (!w->copied)
		tell_held(j);
}

void room_cut_wal(struct journal *j)
{
	bool longer = j->file_bytes[FILE_WAL] >= CUT_BYTES || j->full ||
	              (j->options.retain_bytes &&
			      j->file_bytes[FILE_WAL] > (off_t)(j->options.retain_bytes / 32));
	int64_t now = dnc_clock_mono_ms();

	if (!longer || now - j->wal.cut_ms < RETRY_MS)
		return;
	j->wal.cut_ms = now;
	if (copy_all(j, SQLITE_CHECKPOINT_TRUNCATE)) {
		j->wal.pages = 0;
		j->reserved_bytes = 0; /* a database that was cut has lost it */
		started_anew(j);
	}
}

uint64_t room_for_events(const struct journal *j)
{
	uint64_t limit = j->options.retain_bytes;
	uint64_t wal = 2 * (uint64_t)copy_pages(j) * (uint64_t)j->page_bytes;
	uint64_t rest;

	if (!limit)
		return 0;
	if (wal < (uint64_t)j->file_bytes[FILE_WAL])
		wal = (uint64_t)j->file_bytes[FILE_WAL];
	if (wal > limit / 2)
		wal = limit / 2;
	/* Some pages stay free for the next batch, so that the file needs not grow and shrink. */
	rest = wal + (uint64_t)j->file_bytes[FILE_SHM] + j->base.figures.reserve_bytes + limit / 16;
	return rest < limit ? limit - rest : 1;
}

/* Free pages are worth giving back when the log takes more than it may, and when they are many: a log
 * that is pruned by age uses its free pages again. */
static bool too_large(const struct journal *j, int64_t pages, int64_t unused)
{
	uint64_t all = (uint64_t)(pages * j->page_bytes) + (uint64_t)j->file_bytes[FILE_WAL] +
	               (uint64_t)j->file_bytes[FILE_SHM] + j->base.figures.reserve_bytes;

	if (j->options.retain_bytes && all > j->options.retain_bytes)
		return true;
	return j->full || (unused > pages / 4 && unused * j->page_bytes > 4 * CUT_BYTES);
}

bool room_give_back(struct journal *j, int64_t pages, int64_t unused)
{
	char sql[64];

	if (!j->gives_back || unused <= 0 || !too_large(j, pages, unused))
		return false;
	j->reserved_bytes = 0;
	snprintf(sql, sizeof sql, "PRAGMA incremental_vacuum(%d)",
		j->full ? GIVE_BACK_PAGES / 16 : GIVE_BACK_PAGES);
	return sqlite3_exec(j->db, sql, NULL, NULL, NULL) == SQLITE_OK && unused > GIVE_BACK_PAGES;
}

static int read_pages(struct journal *j, uint64_t *pages)
{
	sqlite3_stmt *s = j->write[PAGE_COUNT];
	int rc = sqlite3_step(s);

	*pages = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
	sqlite3_reset(s);
	return rc == SQLITE_ROW ? 0 : -1;
}

int room_for_copy(struct journal *j, const struct dnc_batch *batch, struct dnc_error *err)
{
	uint64_t pages, wanted;
	int rc;

	if (read_pages(j, &pages) < 0)
		return sqlite_error(j->db, "read", j->path, err);
	/* Pages may stay half empty when they are split. */
	wanted = pages * (uint64_t)j->page_bytes +
	         2 * (batch->text.n + batch->notes.n + batch->count * INDEX_BYTES) +
	         GROW_PAGES * (uint64_t)j->page_bytes;
	if (j->room_fd < 0 || wanted <= j->reserved_bytes)
		return 0;
	wanted += GROW_PAGES * (uint64_t)j->page_bytes; /* and the next small batches */
	while ((rc = fallocate(j->room_fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)wanted)) < 0 &&
		errno == EINTR)
		;
	if (rc < 0 && (errno == ENOSPC || errno == EDQUOT))
		return dnc_error_set(err, ENOSPC, "unable to write %s: the disk is full", j->path);
	j->reserved_bytes = wanted; /* or the file system can't, and is not asked again soon */
	return 0;
}

static int reserve_path(const struct journal *j, char *path, size_t size)
{
	return snprintf(path, size, "%s/reserve", j->options.dir) < (int)size ? 0 : -1;
}

void room_keep_reserve(struct journal *j)
{
	uint64_t bytes = RESERVE_BYTES, limit = j->options.retain_bytes;
	int64_t now = dnc_clock_mono_ms();
	struct statvfs fs;
	char path[4096];
	int fd;

	if (j->base.figures.reserve_bytes || j->full ||
		(j->reserve_ms && now - j->reserve_ms < RESERVE_LOOK_MS))
		return;
	j->reserve_ms = now;
	if (reserve_path(j, path, sizeof path) < 0 || statvfs(j->options.dir, &fs) < 0)
		return;
	if (bytes > (uint64_t)fs.f_bavail * fs.f_frsize / RESERVE_SHARE)
		bytes = (uint64_t)fs.f_bavail * fs.f_frsize / RESERVE_SHARE;
	if (limit && bytes > limit / RESERVE_SHARE)
		bytes = limit / RESERVE_SHARE;
	if (bytes < RESERVE_BYTES_MIN)
		return;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return;
	if (posix_fallocate(fd, 0, (off_t)bytes) == 0 && ftruncate(fd, (off_t)bytes) == 0)
		j->base.figures.reserve_bytes = bytes;
	else if (ftruncate(fd, 0) < 0)
		dnc_warn("unable to give back %s", path);
	close(fd);
}

bool room_release_reserve(struct journal *j)
{
	struct stat st;
	char path[4096];

	j->base.figures.reserve_bytes = 0;
	return reserve_path(j, path, sizeof path) == 0 && stat(path, &st) == 0 &&
	       st.st_blocks > 0 && truncate(path, 0) == 0;
}
