/* state.h - the position in the stream, kept in a file: "EPOCH SEQ" on one line.
 *
 * FILE.lock is locked while FILE is in use. It is never removed: two programs could then lock two files of that name. Not
 * thread safe. */
#pragma once
#include <stdint.h>
#include "base/err.h"

#define EPOCH_SIZE 64

struct position {
	char epoch[EPOCH_SIZE]; /* of SEQ; empty if it is not known */
	uint64_t seq;           /* all events up to this one are done */
};

struct state_file {
	char path[4096];
	int lock; /* descriptor */
};

/* Locks PATH for this process and checks that it can be written. Returns -1 with ERR: EAGAIN if another process uses it,
 * EINVAL if PATH is not a regular file, else an errno. */
int state_open(struct state_file *f, const char *path, struct dnc_error *err);

/* Reads the position. Returns 1 if there is no such file yet, -1 with ERR if it can't be read or holds no position. */
int state_read(const struct state_file *f, struct position *position, struct dnc_error *err);

/* Replaces the file and syncs it: after a power failure it holds the old position or the new one. Returns -1 with ERR. */
int state_write(const struct state_file *f, const struct position *position, struct dnc_error *err);

void state_close(struct state_file *f);
