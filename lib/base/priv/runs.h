/* runs.h - sorted runs of records in temporary files, and the merge of several.
 *
 * Runs lie on levels, each a file: level 0 has what was sorted in memory, level N + 1 what was merged from level N. The runs
 * of a higher level are older than those of a lower one. Not safe for use by two threads at once. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"

/* 64^10 runs are more than any disk holds. */
enum { RUN_LEVELS = 10, FAN_IN_MAX = 64 };

/* Records are in FD from BEGIN to END, in bytes. */
struct run {
	int fd;
	off_t begin, end;
	uint64_t last_key;
};

struct run_level {
	int fd; /* -1: not opened yet */
	off_t end;
	unsigned count;
	struct run runs[FAN_IN_MAX];
};

struct runs {
	const char *dir; /* borrowed */
	size_t record_bytes;
	unsigned fan_in;
	unsigned levels; /* in use */
	uint64_t written;
	struct run_level level[RUN_LEVELS];
};

void runs_begin(struct runs *r, const char *dir, size_t record_bytes, unsigned fan_in);
void runs_end(struct runs *r);

/* How many runs there are. */
unsigned runs_count(const struct runs *r);

/* Adds COUNT sorted records as the newest run. MEMORY, of MEMORY_BYTES, is for a merge if there are too many runs; it may be
 * that of the records. */
int runs_add(struct runs *r, const void *records, size_t count, void *memory, size_t memory_bytes,
	struct dnc_error *err);

/* Merges until at most fan_in runs are left; lists them in OUT, the oldest first, and their number in *COUNT. */
int runs_reduce(struct runs *r, void *memory, size_t memory_bytes, struct run out[FAN_IN_MAX],
	unsigned *count, struct dnc_error *err);

/* A run that is read through a part of the memory. */
struct run_reader {
	struct run run;
	unsigned char *block;
	size_t room, at, n; /* bytes */
};

/* Where a run comes in the order: after all that are smaller by key, then by turn. */
struct run_rank {
	uint64_t key;
	uint32_t turn; /* the number of the reader; plus FAN_IN_MAX when it has ended */
};

/* A merge of several runs: a tree of losers. */
struct run_merge {
	unsigned count, leaves; /* leaves: the next power of two */
	size_t record_bytes;
	const char *dir;
	bool started;
	struct run_rank winner, losers[FAN_IN_MAX];
	struct run_reader readers[FAN_IN_MAX];
};

/* Begins to merge COUNT runs, the oldest first, through MEMORY, which stays the caller's. */
int run_merge_start(struct run_merge *m, const struct runs *r, const struct run *runs,
	unsigned count, void *memory, size_t memory_bytes, struct dnc_error *err);

/* Returns 1 with the next record, valid until the next call, 0 at the end, -1 with ERR. */
int run_merge_next(struct run_merge *m, const void **record, struct dnc_error *err);
