/* spool.h - the files in which lines wait for a route that is down: DIR/route-KEY-NUMBER.ndjson, a batch each, which
 * also dnc-ingest --watch can read. KEY is made of the route's address, so that routes can share a directory. A file
 * that is damaged is set aside, as DIR/route-KEY-NUMBER.damaged. Used within one thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"

/* All zero is one that is not used. */
struct spool {
	const char *dir; /* borrowed; NULL: there is none */
	uint64_t key;
	bool made; /* DIR was not there before */
	int lock; /* descriptor of DIR/.route-KEY.lock: one process for each route of a directory. It is taken again if that is replaced */
	struct dnc_buf buf; /* lines that are in no file yet */
	uint64_t *files;    /* numbers of files, ascending; owned */
	size_t first, count, room;
	uint64_t next;       /* number of the next file */
	bool is_sent;        /* the first file was given to the far end */
	bool is_damaged;     /* it has lines that are no events, which was said */
	uint64_t missing;    /* files that were set aside, or taken by somebody else */
	bool failed;         /* the last write failed, which was said */
	int64_t retry_at_ms; /* when to write again */
	unsigned read_tries; /* how often the first file could not be read */
	int64_t read_at_ms;  /* when to read it again */
};

/* Finds the files of the route ADDRESS in DIR, which is made if it is not there. -1 with ERR: EAGAIN if another
 * process uses these. To be closed in any case. */
int spool_open(struct spool *s, const char *dir, const char *address, struct dnc_error *err);

/* Removes the directory, if spool_open() has made it and no other has put anything there. Before spool_close(). */
void spool_unmake(const struct spool *s);

/* Lines that are in no file are lost. */
void spool_close(struct spool *s);

/* Writes the gathered lines to a file, which is on disk then. -1 with ERR: they stay. */
int spool_write(struct spool *s, struct dnc_error *err);

/* Reads the events of the first file. 1: there is none, or it can't be read: it is tried again from `read_at_ms` on, or was
 * set aside, which was said. -1 without memory. */
int spool_read(struct spool *s, struct dnc_buf *out, struct dnc_error *err);

/* All lines that were read of the first file are safe elsewhere: removes it, or sets it aside if it is damaged. */
void spool_remove(struct spool *s);

static inline size_t spool_files(const struct spool *s)
{
	return s->count - s->first;
}
