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
	int64_t settled_at_ms; /* unless it changes */
	struct stat st;        /* when it was looked at; st_nlink 0: never */
	/* While the directory was watched: */
	bool created, closed, moved_in;
	bool again;   /* it was taken, and put back */
	bool held;    /* until it is released */
	bool behind;  /* until no entry before it waits */
	bool settles; /* even if nobody writes it */
	bool other;   /* not a file */
	bool settling, said;
	int code; /* errno: it could not be looked at, for a reason that may pass */
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
	size_t max;    /* entries */
	bool too_many; /* it was logged */
};

/* The monotonic time in MS milliseconds. */
int64_t arrivals_time(int ms);

/* Removes the entry and frees it. */
void arrival_forget(struct dnc_arrivals *a, struct entry *e);

/* Opens the file without following links and without waiting. False if it is not to be taken now: it is looked at again at
 * look_at_ms, or was forgotten: FILE has no name then. A file that may not be read is taken, without a descriptor. */
bool arrival_open(struct dnc_arrivals *a, struct entry *e, struct dnc_arrival *file);

/* The file is ST now, and has settled when that does not change for MS. */
void arrival_settle(struct entry *e, const struct stat *st, int ms);

/* False if the file is not complete: it is looked at again at look_at_ms. */
bool arrival_is_complete(const struct dnc_arrivals *a, struct entry *e, struct dnc_arrival *file);

/* What the NAME in the directory DIR is now, compared with the file. Sets errno if that is not known. */
enum dnc_arrival_state arrival_compare(int dir, const char *name, const struct dnc_arrival *file);
