/* fresh.h - makes FILE.next of the list that was read, if it can be believed (compare.h). */
#pragma once
#include "compare.h"

/* Counts what differs from FILE. A list that is not FILE's, or from which too many numbers are missing, is refused. FILE.next is
 * there when differences are to be published; a baseline is FILE.new; if nothing differs, there is neither. Returns an
 * exit code, whose error is printed. */
int fresh_write(struct ingest *in);

/* Sets *THERE to whether FILE.next, whose differences are to be published, is there. -1 with the ingest's error. */
int fresh_find_next(struct ingest *in, bool *there);

/* Replaces FILE by FILE.next, or by FILE.new if that is a baseline; if there is neither, FILE stays. -1 with the ingest's
 * error. */
int fresh_commit(struct ingest *in);
