/* chunks.h - the queue from the thread that unpacks to the one that reads: a few blocks, each with bytes or one text.
 *
 * chunks_init(), _finish(), _take() and _stop() are for the reader's thread, the others for the one that unpacks. */
#pragma once
#include <pthread.h>
#include "unpack/unpack.h"

enum { CHUNKS = 4, CHUNK_BYTES = 256 << 10 };

struct chunk {
	enum dnc_unpacked_kind kind;
	size_t n;
	char *p; /* CHUNK_BYTES */
};

struct chunks {
	struct chunk ring[CHUNKS];
	pthread_mutex_t lock;
	pthread_cond_t freed;
	size_t first,
		ready; /* guarded by lock: chunks that wait, the one that was taken last is not counted */
	bool taken;   /* guarded: ring[first - 1] is still read */
	bool stopped; /* guarded */
	int wake;     /* an eventfd, readable while chunks wait */
	/* Of the thread that unpacks. */
	bool filling;        /* ring[first + ready] holds bytes that were not handed over */
	bool checking;       /* bytes are only counted, and nothing is handed over */
	uint64_t bytes, max; /* unpacked so far, and at most */
};

/* -1 with an errno if there is no memory or descriptor. */
int chunks_init(struct chunks *c);
void chunks_finish(struct chunks *c);

/* Hands the next chunk to the reader, valid until the next call; its kind is DNC_UNPACKED_NOTHING if there is none. */
struct chunk chunks_take(struct chunks *c);

/* The thread that unpacks stops at its next call. */
void chunks_stop(struct chunks *c);

/* Room for *ROOM bytes, at least one; waits for it. NULL after chunks_stop(). */
char *chunks_space(struct chunks *c, size_t *room);

/* N bytes were unpacked into chunks_space(). */
void chunks_filled(struct chunks *c, size_t n);

/* Hands over what was filled. */
void chunks_flush(struct chunks *c);

/* Hands over a text of a KIND, cut to CHUNK_BYTES; false after chunks_stop(). */
bool chunks_put(struct chunks *c, enum dnc_unpacked_kind kind, struct dnc_str text);
