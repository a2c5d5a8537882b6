/* tail.h - the last part of a file of events that is to be continued. Thread safe. */
#pragma once
#include <sys/types.h>
#include "base/buf.h"
#include "base/err.h"

/* What is read of it, at most. */
enum { TAIL_BYTES = 8 << 20 };

/* Reads the last lines of the file FD, of SIZE bytes, to OUT. The last whole one must be an event. What follows it must be the start
 * of one, which a process has left that was killed while it wrote, and is cut off; a whole one gets its newline. NAME is for
 * messages. Returns the size of the file then, or -1 with ERR: EINVAL if these are no lines of events, and nothing was
 * changed. */
off_t tail_read(int fd, const char *name, off_t size, struct dnc_buf *out, struct dnc_error *err);
