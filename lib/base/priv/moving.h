/* moving.h - the record of a move into a folder, which says to the process after one that was killed what was to be moved
 * where. Three texts, with a NUL between them: the target ("done/NAME"), the name of the file in the directory, and what
 * the file was when it was read: device, inode, bytes, seconds and nanoseconds of its last modification, in decimal.
 * The device is not compared: it may have another number after the system has started again. A record of an earlier version
 * is the target alone. Thread safe. */
#pragma once
#include <limits.h>
#include "base/arrivals.h"

struct moving {
	char target[NAME_MAX + 16];
	char name[NAME_MAX + 1]; /* empty: a record of an earlier version */
	struct stat st;          /* of these members only */
};

enum { MOVING_BYTES = 2 * NAME_MAX + 160 };

/* Writes the record of FILE, which goes to TARGET, and returns its length. */
size_t moving_format(char text[MOVING_BYTES], const char *target, const struct dnc_arrival *file);

/* Reads the record in the file NAME of the directory DIR, whose target must be in one of the FOLDERS (ends with
 * NULL). False if there is none, or it was not written to its end, and nothing was moved. */
bool moving_read(struct moving *m, int dir, const char *name, const char *const *folders);

/* Renames FROM to TO in the directory DIR, into a folder, to which nobody else adds files: where the file system can't be told,
 * a file TO would be replaced. -1 with errno; EEXIST. */
int moving_rename(int dir, const char *from, const char *to);

/* The same out of a folder, where other processes may add files of any name: none is replaced. */
int moving_rename_back(int dir, const char *from, const char *to);

/* Sets the device of FILE to that of NAME: a file keeps its inode number, but a file system may have another device number after
 * the system has started again. Only the directory and its folders, which are on one file system, are looked at. */
void moving_set_device(int dir, const char *name, struct dnc_arrival *file);
