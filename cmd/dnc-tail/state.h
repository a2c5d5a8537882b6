/* state.h - the place in the stream, kept in a file: "EPOCH SEQ" on one line.
 *
 * FILE.lock beside the file is locked while it is in use. It stays when the program has ended: to
 * remove it would let two programs lock two files of one name. Not thread safe. */
#pragma once
#include <stdint.h>
#include "base/err.h"

#define EPOCH_SIZE 64

struct place {
	char epoch[EPOCH_SIZE]; /* what SEQ counts in; empty when it is not known */
	uint64_t seq;           /* all events up to here are done */
};

struct state_file {
	char path[4096];
	int lock; /* descriptor */
};

/* Locks PATH for this process and finds out whether it can be written. -1 with ERR: EAGAIN when
 * another process uses it, EINVAL when PATH is no regular file. */
int state_open(struct state_file *f, const char *path, struct dnc_error *err);

/* Reads the place. Returns 1 when there is no such file yet, -1 with ERR when it can't be read or holds
 * no place. */
int state_read(const struct state_file *f, struct place *place, struct dnc_error *err);

/* Replaces the file: whoever reads it, after a power cut too, finds the old place or the new one,
 * whole. -1 with ERR. */
int state_write(const struct state_file *f, const struct place *place, struct dnc_error *err);

void state_close(struct state_file *f);
