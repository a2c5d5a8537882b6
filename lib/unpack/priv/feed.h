/* feed.h - the packed bytes, in blocks. For the thread that unpacks, but for feed_stop() and `progress`. */
#pragma once
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/types.h>
#include "base/buf.h"
#include "chunks.h"

/* FEED_PASSES: over a regular file (unpack.h says why). */
enum { FEED_BLOCK = 256 << 10, FEED_PASSES = 2 };

struct feed {
	int fd, stop;         /* stop: an eventfd */
	bool regular;         /* a file in which one can seek; else it is read in order */
	off_t base;           /* of the regular file: where the packed bytes start */
	uint64_t at;          /* of the next byte, from the start of the packed bytes */
	struct dnc_buf start; /* of a pipe: bytes that were read before */
	char *block;          /* FEED_BLOCK bytes */
	struct chunks *out;   /* what was unpacked is handed over before it waits; borrowed */
	uint64_t pass;        /* bytes read since feed_begin() */
	uint64_t before;      /* and in the passes before */
	struct stat as_found; /* a regular file must keep its size and time of modification */
	atomic_ullong
		progress; /* of the size of the packed bytes, over all passes; of a pipe, the bytes read */
};

/* FD has given START already. -1 with an errno. */
int feed_init(struct feed *f, int fd, struct dnc_str start, struct chunks *out);
void feed_finish(struct feed *f);

/* Starts the next pass over all bytes, of which a regular file may have two; the first one of a pipe is the only one. */
void feed_begin(struct feed *f);

/* Ends a feed_read() that waits, and every later one. */
void feed_stop(struct feed *f);

/* Returns the number of bytes of the next block *P, 0 at the end, -1 with an errno: ECANCELED after feed_stop(),
 * ESTALE if a regular file was changed since feed_init(). Changes are told apart as finely as the file system writes times. */
ssize_t feed_read(struct feed *f, const char **p);

/* Goes to the byte AT of a regular file. */
void feed_seek(struct feed *f, uint64_t at);

/* Reads N bytes at AT of a regular file to P, wherever feed_read() is. 1 if the file ends before, -1 with an errno. */
int feed_read_at(const struct feed *f, uint64_t at, char *p, size_t n);

/* The size of a regular file, without what is before its first packed byte. -1 with an errno. */
int64_t feed_size(const struct feed *f);
