/* state.h - the place in the stream, kept in a file: "EPOCH SEQ" on one line. */
#pragma once
#include <stdint.h>
#include "base/err.h"

struct state {
	char epoch[64];
	uint64_t seq;
};

/* Reads PATH. 1 when there is no such file yet, -1 with ERR when it can't be read or is no state. */
int state_read(const char *path, struct state *s, struct dnc_error *err);

/* Replaces PATH: whoever reads it sees the old place or the new one, whole. -1 with ERR. */
int state_write(const char *path, const struct state *s, struct dnc_error *err);
