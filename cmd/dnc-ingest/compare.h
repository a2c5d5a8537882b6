/* compare.h - --against: a full list is compared with the last one, and what differs becomes events.
 *
 * Beside FILE, the set of the last list (set/set.h), there are for a while:
 *
 *	FILE.lock   locked by the process that compares; it stays, empty
 *	FILE.new    the set of the list that is read, being written
 *	FILE.next   the same, whole and checked; from here on its differences to FILE are published. It
 *	            replaces FILE once all of them, and the summary, are acknowledged. A process that finds it publishes them again, with the
 *	            same ids, before it does anything else.
 *
 * Nothing is published before a FILE.next is there, and nothing but what follows from FILE and FILE.next: so a run
 * that was killed is continued by the next one, whatever list that one reads. */
#pragma once
#include <errno.h>
#include <limits.h>
#include "base/sorter.h"
#include "ingest.h"
#include "list.h"
#include "outcome.h"
#include "set/set.h"

struct compare_counts {
	uint64_t rows;       /* that are numbers */
	uint64_t duplicates; /* rows whose number the list had already */
	uint64_t added, removed, unchanged;
	uint64_t held; /* removed, but not released because rows were rejected */
};

struct compare {
	const char *path;
	char next[PATH_MAX], fresh[PATH_MAX], lock[PATH_MAX], dir[PATH_MAX];
	int lock_fd;
	bool exists;          /* FILE does */
	bool compared;        /* `counts` are those of the whole list */
	bool reported;        /* the summary was published */
	bool run_failed;      /* what ended it is no fault of the list, as a full disk or a lock */
	const char *format;   /* of the streams so far; NULL: none yet */
	struct list_text was; /* of FILE: `list` may point into it */
	uint64_t noted;       /* the stream whose fields were told last; 0: none */
	struct dnc_sorter *sorter;
	struct list list;
	struct compare_counts counts;
	uint64_t resumed; /* differences of a run before that were published */
};

/* Notes whose fault an error with the errno CODE is: EINVAL is that of a list which does not fit. */
static inline void compare_blame(struct compare *c, int code)
{
	c->run_failed = code != EINVAL;
}

/* What a list that is not taken does to FILE, for a message: it "is unchanged", or "was not made". */
static inline const char *compare_kept(const struct compare *c)
{
	return c->exists ? "is unchanged" : "was not made";
}

/* The whole run with --against, from the open stage on. Returns an exit code, whose error is printed. */
int compare_run(struct ingest *in);
