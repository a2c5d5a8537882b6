/* disk.h - a thread that appends to a file (append.h), so that its owner does not wait for the disk. What comes while it is at
 * work is one piece of work afterwards. Its functions are for the thread of its owner. */
#pragma once
#include "append.h"

struct disk;

/* PATH is copied. NULL with ERR. */
struct disk *disk_new(const char *path, struct dnc_error *err);

/* To wait for, a second at most: can be read when the work is done. */
int disk_fd(const struct disk *d);

/* Hands over *A, whose text must stay until disk_collect() returns true. One at a time. */
void disk_submit(struct disk *d, const struct append *a);

/* True if it is done, or has failed; *A is what came of it. */
bool disk_collect(struct disk *d, struct append *a);

/* What is at work is to leave nothing in the file. Before the next disk_submit() it must be collected all the same. */
void disk_cancel(struct disk *d);

/* Waits a second at most for what is at work, and puts what came of it in *A. False if it is still at work: the thread goes on with
 * its text, whose memory TEXT is moved to it, and the descriptor, and frees and closes these when the disk answers. */
bool disk_free(struct disk *d, struct append *a, struct dnc_buf *text);
