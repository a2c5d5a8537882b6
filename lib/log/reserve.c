/* reserve.c - a file that is truncated when pruning a full disk needs space. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "priv/sqlite.h"

enum {
	RESERVE_BYTES = 2 << 20,
	RESERVE_BYTES_MIN = 64 << 10,
	RESERVE_SHARE = 16, /* of the limit, and of the free space */
	RETRY_MS = 5000,
};

static int reserve_path(const struct journal *j, char *path, size_t size)
{
	return snprintf(path, size, "%s/reserve", j->options.dir) < (int)size ? 0 : -1;
}

void reserve_keep(struct journal *j)
{
	uint64_t bytes = RESERVE_BYTES, limit = j->options.retain_bytes;
	int64_t now = dnc_clock_mono_ms();
	struct statvfs fs;
	char path[4096];
	int fd;

	if (j->base.stats.reserve_bytes || j->disk_full ||
		(j->reserve_tried_ms && now - j->reserve_tried_ms < RETRY_MS))
		return;
	j->reserve_tried_ms = now;
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
		j->base.stats.reserve_bytes = bytes;
	else if (ftruncate(fd, 0) < 0)
		dnc_warn("unable to truncate %s", path);
	close(fd);
}

bool reserve_release(struct journal *j)
{
	struct stat st;
	char path[4096];

	j->base.stats.reserve_bytes = 0;
	return reserve_path(j, path, sizeof path) == 0 && stat(path, &st) == 0 &&
	       st.st_blocks > 0 && truncate(path, 0) == 0;
}
