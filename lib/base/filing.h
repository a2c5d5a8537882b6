/* filing.h - moves the files of a directory into its folders done/ and failed/, with papers beside them: NAME.rejects and
 * NAME.reason. A process that is killed at any moment leaves either the file where it was and no papers, or the file in its
 * folder with all papers; the latter may be completed by the next dnc_filing_open(). Papers are on disk before the file is
 * moved.
 *
 * Only what was read is moved: the file is compared with what it was before and after it is moved. One that is another file, or
 * that has changed or is written again, is moved back, to a name with a number if its name was taken meanwhile.
 *
 * A file is never replaced: if the name of the file, or of one of its papers, is in the folder, ".1", ".2" ... is appended
 * to the name. Where renameat2(2) knows no flags, as on some network file systems, this holds for the folders only if no other
 * program adds files to them.
 *
 * In the directory there are also, while they are used, after a prefix that the owner gives: .lock (a lock, flock(2);
 * stays), .rejects and .reason (the papers of the current file), .moving (which file is moved where, until it and
 * its papers are there; see priv/moving.h).
 *
 * For one thread. Errors: -1 with ERR, whose code is an errno. */
#pragma once
#include <limits.h>
#include <stdbool.h>
#include "arrivals.h"
#include "err.h"

enum dnc_filing_folder { DNC_FILING_DONE, DNC_FILING_FAILED };

/* The names of the folders, then NULL. */
extern const char *const dnc_filing_folders[];

/* Files of a filing in the directory, and the room for the name of each. */
enum { DNC_FILING_WORKS = 4, DNC_FILING_WORK_BYTES = 64 };

struct dnc_filing {
	const char *path; /* of the directory; borrowed */
	int dir, lock;
	char work[DNC_FILING_WORKS][DNC_FILING_WORK_BYTES];
	char rejects
		[PATH_MAX]; /* the owner may write a file here, the rejects of the current file */
	/* Of the current file: "done/NAME" once it is known, until begin(). */
	char target[NAME_MAX + 16];
	bool moved;   /* the file is there; its papers may not be */
	bool checked; /* it is the one that was read */
	bool gone;    /* it was not in the directory any more, or another file had its name */
};

/* Takes the lock of the directory PATH (borrowed), whose descriptor is DIR (borrowed), makes the folders, and
 * completes what a process that was killed has begun: a file that it had not read, or that has changed since, is
 * moved back. SIGIO must be ignored (dnc_arrivals_open() does). The names of its own files begin with PREFIX, such
 * as ".dnc-ingest". EAGAIN if another process has the lock, EXDEV if a folder is on another file system. */
int dnc_filing_open(
	struct dnc_filing *f, const char *path, int dir, const char *prefix, struct dnc_error *err);

/* Gives the lock back. */
void dnc_filing_close(struct dnc_filing *f);

/* Begins a file: removes papers that an earlier attempt has left. */
int dnc_filing_begin(struct dnc_filing *f, struct dnc_error *err);

/* Moves the file, and its rejects unless they are empty, to FOLDER. With done/, a reason in failed/ that an earlier attempt
 * has left, and whose file is not there any more, is removed. REASON (may be NULL) is a line for NAME.reason. If it
 * fails, it may be called again, and continues. After success, 0, `target` says where the file is. If it is not in the
 * directory any more, or another file has its name, `gone` is set, and its papers are moved. Returns 1 if the file has changed
 * or is written again: it stays, or is back, in the directory. */
int dnc_filing_move(struct dnc_filing *f, const struct dnc_arrival *file,
	enum dnc_filing_folder folder, const char *reason, struct dnc_error *err);
