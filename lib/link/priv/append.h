/* append.h - appends lines to a file, so that they are on disk. Waits for the disk: see disk.h for a thread that does. Thread safe. */
#pragma once
#include <sys/types.h>
#include "base/buf.h"
#include "base/err.h"

struct append {
	/* What it goes on from. */
	int fd;       /* of the file, locked; -1: it is to be opened */
	off_t cut_to; /* -1, or what is behind is to be cut off first */
	bool stays;   /* it has no successor that can be opened, which was said */
	/* What is to be done, and what came of it. */
	struct dnc_str text;
	bool done; /* all of TEXT is on disk, from the offset FROM on */
	off_t from;
	struct dnc_error err; /* why it is not */
	bool found; /* it is not because a file that has lines was opened: TEXT may be among them */
	struct dnc_buf tail; /* the last of these lines; owned */
};

/* Opens the file if it is to be, or if PATH is another one now because it was renamed or removed, and appends TEXT
 * to it, unless a file that has lines was opened: its owner is to look at `tail` first, and to run it again with
 * what is missing there. If it fails, no part of TEXT is left in the file; what can't be cut off at once is before
 * anything else is appended. ERR: EBUSY if another process writes to it, EINVAL if it is no file of events, or an
 * errno. */
void append_run(struct append *a, const char *path);

/* Takes TEXT out again, after it was done. */
void append_undo(struct append *a, const char *path);
