#include "spool.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/file.h"
#include "base/uuid.h"

enum { SPOOL_MODE = 0640 };

/* 20260829T080000.000Z-UUID.ndjson: who looks into the directory sees when the hub was away. */
static void make_name(char *name, size_t size)
{
	int64_t now = dnc_clock_now_ms();
	char id[DNC_UUID_LEN], time[DNC_TIME_LEN + 1], compact[DNC_TIME_LEN + 1];
	size_t n = 0;

	dnc_uuid_v7(now, id);
	dnc_clock_format(now, time);
	for (size_t i = 0; i < DNC_TIME_LEN; i++)
		if (time[i] != '-' && time[i] != ':')
			compact[n++] = time[i];
	snprintf(name, size, "%.*s-%.*s.ndjson", (int)n, compact, DNC_UUID_LEN, id);
}

int spool_write(const char *dir, struct dnc_str lines, struct dnc_error *err)
{
	char name[80], path[PATH_MAX], fresh[PATH_MAX];

	make_name(name, sizeof name);
	if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path ||
		snprintf(fresh, sizeof fresh, "%s/.%s", dir, name) >= (int)sizeof fresh)
		return dnc_error_set(err, ENAMETOOLONG, "--spool: %s: the path is too long", dir);
	if (dnc_file_create(fresh, SPOOL_MODE, lines, err) < 0)
		return -1;
	if (rename(fresh, path) < 0) {
		dnc_error_set(err, errno, "unable to rename %s: %s", fresh, strerror(errno));
		unlink(fresh);
		return -1;
	}
	/* The file stays if this fails: another could publish it already, and its ids are logged once. */
	return dnc_file_sync_directory(path, err);
}
