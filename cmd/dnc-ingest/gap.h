/* gap.h - a change list that has failed, of the directory of --watch: until it is published no other change list is, because
 * which of a number's changes holds at last follows from the order of the log. Its name is in the file .dnc-ingest.failed of the
 * directory, so that the next run knows it; once it is published, also NUL and the inode number of its file, in decimal, so that a
 * run that is killed while it ends the gap leaves none. A person who removes that file goes on without the list. For one thread. */
#pragma once
#include <limits.h>
#include <stdbool.h>
#include "base/arrivals.h"
#include "base/err.h"

struct ingest;

/* All zero: there is none. */
struct gap {
	char name[NAME_MAX + 1]; /* of the list that has failed; empty: there is no gap */
	char path[PATH_MAX];     /* of the file that says so */
};

/* Reads what a run before has left in the directory DIR. If that was killed after the list was published and moved, there is no
 * gap any more. -1 with ERR (errno). */
int gap_open(struct gap *g, const char *dir, struct dnc_error *err);

/* The list NAME is moved to failed/ next: the file says so on disk, before. -1 with ERR. */
int gap_begin(struct gap *g, const char *name, struct dnc_error *err);

/* The list, which is in FILE now, is published, and is moved to done/ next: the file says so on disk, before. -1 with ERR. */
int gap_ending(const struct gap *g, const struct dnc_arrival *file, struct dnc_error *err);

/* It was moved. -1 with ERR. */
int gap_end(struct gap *g, struct dnc_error *err);

/* True, once, after a person has removed the file: there is no gap any more. */
bool gap_was_removed(struct gap *g);

/* False if the file that says so is empty, so that it is not known which list has failed: only a person ends the gap. */
bool gap_is_named(const struct gap *g);

/* True if the list NAME must wait. */
bool gap_holds(const struct gap *g, const char *name);

/* True if all records of the run are changes, by the option for the format or by those that were read. */
bool gap_is_list(const struct ingest *in);

/* After the run: the same, or its file could not be read at all, so that it is not known. */
bool gap_may_be_list(const struct ingest *in);
