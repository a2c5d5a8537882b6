/* printed.h - what a command prints, as messages: the first 16 KiB of each run. The rest is read, so that the command does not
 * wait, but not faster than every 50 ms, and left out, which is said once. Used within one thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

enum { PRINTED_BYTES = 16 << 10, PRINTED_PAUSE_MS = 50 };

struct printed {
	const char *name; /* for messages; borrowed */
	int fd;           /* of the pipe, to wait for; -1: nobody can print any more */
	size_t bytes;     /* so far, at most one more than PRINTED_BYTES */
	char line[400];   /* what has come of it; a longer one is more than one message */
	size_t n;
};

/* Makes the pipe, and returns the descriptor to print to, which is to be closed when the command has it. -1 with ERR. */
int printed_open(struct printed *p, const char *name, struct dnc_error *err);

/* Reads what is there, or the next part of it. */
void printed_read(struct printed *p);

/* True if it is to be read after PRINTED_PAUSE_MS, whether or not there is anything. */
static inline bool printed_too_much(const struct printed *p)
{
	return p->fd >= 0 && p->bytes > PRINTED_BYTES;
}

/* Who still prints gets SIGPIPE. */
void printed_close(struct printed *p);
