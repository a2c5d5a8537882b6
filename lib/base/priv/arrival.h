/* arrival.h - one name in a directory that is watched: whether it is a file, and whether that is complete. For the thread of the
 * arrivals. */
#pragma once
#include "base/arrivals.h"
#include "base/hash.h"

/* How soon a file that somebody writes is looked at again. */
enum { ARRIVAL_LOOK_MS = 2000 };

/* A name in the directory. */
struct entry {
	UT_hash_handle hh; /* keeps the order in which they were added */
	uint64_t scan;     /* the last one that found it */
	int64_t look_at_ms, busy_since_ms;
	struct stat st; /* when it was looked at; st_nlink 0: never */
	bool reported;  /* moved in or closed */
	bool created;   /* while the directory was watched */
	bool other;     /* not a file */
	bool settling, said;
	char name[];
};

struct dnc_arrivals {
	const char *path;
	struct dnc_arrivals_options options;
	int dir, inotify;
	struct entry *entries;
	struct entry *current; /* the one that the owner has */
	uint64_t scans;
	int64_t scan_at_ms;
	bool too_many; /* it was logged */
};

/* The monotonic time in MS milliseconds. */
int64_t arrivals_time(int ms);

/* Removes the entry and frees it. */
void arrival_forget(struct dnc_arrivals *a, struct entry *e);

/* Opens the file without following links and without waiting. False if it is not to be taken now: it is looked at again at
 * look_at_ms, or was forgotten. A file that may not be read is taken, without a descriptor. */
bool arrival_open(struct dnc_arrivals *a, struct entry *e, struct dnc_arrival *file);

/* False if the file is not complete: it is looked at again at look_at_ms. */
bool arrival_is_complete(
	const struct dnc_arrivals *a, struct entry *e, const struct dnc_arrival *file);
