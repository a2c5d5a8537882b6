/* runs.c - sorted runs in temporary files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "priv/runs.h"
#include "temporary.h"

static int fail(const struct runs *r, const char *act, int code, struct dnc_error *err)
{
	return dnc_temporary_fail(r->dir, act, code, err);
}

void runs_begin(struct runs *r, const char *dir, size_t record_bytes, unsigned fan_in)
{
	*r = (struct runs){.dir = dir, .record_bytes = record_bytes, .fan_in = fan_in};
	for (unsigned i = 0; i < RUN_LEVELS; i++)
		r->level[i].fd = -1;
}

void runs_end(struct runs *r)
{
	for (unsigned i = 0; i < RUN_LEVELS; i++)
		if (r->level[i].fd >= 0)
			close(r->level[i].fd);
}

unsigned runs_count(const struct runs *r)
{
	unsigned count = 0;

	for (unsigned i = 0; i < r->levels; i++)
		count += r->level[i].count;
	return count;
}

/* Writes to the end of a level. */
static int append(struct runs *r, struct run_level *level, const unsigned char *p, size_t n,
	struct dnc_error *err)
{
	if (level->fd < 0 && (level->fd = dnc_temporary_open(r->dir, err)) < 0)
		return -1;
	while (n) {
		ssize_t done = pwrite(level->fd, p, n, level->end);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return fail(r, "write", done < 0 ? errno : ENOSPC, err);
		p += done;
		n -= (size_t)done;
		level->end += done;
		r->written += (uint64_t)done;
	}
	return 0;
}

/* What was appended from BEGIN on is a new run. */
static void add_run(struct run_level *level, off_t begin, uint64_t last_key)
{
	level->runs[level->count++] = (struct run){level->fd, begin, level->end, last_key};
}

static int empty(struct runs *r, struct run_level *level, struct dnc_error *err)
{
	level->count = 0;
	level->end = 0;
	return ftruncate(level->fd, 0) < 0 ? fail(r, "empty", errno, err) : 0;
}

/* Copies what the merge M yields to TO, through BLOCK. */
static int copy(struct runs *r, struct run_merge *m, struct run_level *to, unsigned char *block,
	size_t room, struct dnc_error *err)
{
	uint64_t last_key = 0;
	off_t begin = to->end;
	const void *record;
	size_t n = 0;
	int rc;

	while ((rc = run_merge_next(m, &record, err)) > 0) {
		if (n + r->record_bytes > room) {
			if (append(r, to, block, n, err) < 0)
				return -1;
			n = 0;
		}
		memcpy(block + n, record, r->record_bytes);
		memcpy(&last_key, record, sizeof last_key);
		n += r->record_bytes;
	}
	if (rc < 0 || append(r, to, block, n, err) < 0)
		return -1;
	add_run(to, begin, last_key);
	return 0;
}

/* Makes one run of level I + 1 of all runs of level I. */
static int merge_level(struct runs *r, unsigned i, unsigned char *memory, size_t memory_bytes,
	struct dnc_error *err)
{
	struct run_level *from = &r->level[i], *to = &r->level[i + 1];
	size_t room = memory_bytes / (from->count + 1) / r->record_bytes * r->record_bytes;
	struct run_merge *m;
	int rc;

	if (i + 1 == RUN_LEVELS)
		return dnc_error_set(err, EFBIG, "too many records to sort");
	m = malloc(sizeof *m);
	if (!m)
		return dnc_error_nomem(err);
	rc = run_merge_start(
		m, r, from->runs, from->count, memory + room, memory_bytes - room, err);
	if (rc == 0)
		rc = copy(r, m, to, memory, room, err);
	free(m);
	if (r->levels < i + 2)
		r->levels = i + 2;
	return rc < 0 ? -1 : empty(r, from, err);
}

int runs_add(struct runs *r, const void *records, size_t count, void *memory, size_t memory_bytes,
	struct dnc_error *err)
{
	struct run_level *level = &r->level[0];
	const unsigned char *p = records;
	size_t n = count * r->record_bytes;
	uint64_t first, last;
	struct run *previous = level->count ? &level->runs[level->count - 1] : NULL;

	if (!count)
		return 0;
	memcpy(&first, p, sizeof first);
	memcpy(&last, p + n - r->record_bytes, sizeof last);
	if (append(r, level, p, n, err) < 0)
		return -1;
	if (!r->levels)
		r->levels = 1;
	if (previous && first >= previous->last_key) { /* it goes on */
		previous->end = level->end;
		previous->last_key = last;
		return 0;
	}
	add_run(level, level->end - (off_t)n, last);
	for (unsigned i = 0; r->level[i].count == r->fan_in; i++)
		if (merge_level(r, i, memory, memory_bytes, err) < 0)
			return -1;
	return 0;
}

int runs_reduce(struct runs *r, void *memory, size_t memory_bytes, struct run out[FAN_IN_MAX],
	unsigned *count, struct dnc_error *err)
{
	*count = 0;
	for (unsigned i = 0; runs_count(r) > r->fan_in; i++)
		if (r->level[i].count && merge_level(r, i, memory, memory_bytes, err) < 0)
			return -1;
	for (unsigned i = r->levels; i--;)
		for (unsigned k = 0; k < r->level[i].count; k++)
			out[(*count)++] = r->level[i].runs[k];
	return 0;
}
