/* copy.h - copies a log to another place: from SQLite to PostgreSQL, and back.
 *
 * Seq, ids, times of logging, epochs, the key of masked events, rates, what is known of providers, audit records
 * and, if the target has a list of them, revoked tokens stay what they are, so that the positions of clients stay
 * valid. Events are copied in batches, each in one transaction with the check that the target is where the copy left
 * it: a copy that was killed goes on after its last batch, and never copies an event twice or leaves one out. The
 * source may be in use; the target must not be, and must be empty or a copy of the same source. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

struct dnc_copy_options {
	/* A directory, or a connection string of libpq, which begins with KEY= or postgresql:// (or postgres://). */
	const char *from, *to;
	uint64_t rate; /* events per second at most; 0: no limit */
	/* Both may be NULL. Progress: DONE of ALL events that were there at the start. No more is copied once stopped() is true
	 * (ECANCELED). */
	void (*progress)(void *ctx, uint64_t done, uint64_t all);
	bool (*stopped)(void *ctx);
	void *ctx;
};

struct dnc_copy_ends {
	uint64_t oldest, last; /* last is oldest - 1 if there is none */
	uint64_t record;       /* the newest of the audit; 0 if there is none */
};

struct dnc_copied {
	uint64_t events, records; /* that this run has copied */
	uint64_t holes;           /* numbers that the source does not have, among those */
	struct dnc_copy_ends from, to;
	uint64_t revoked;  /* tokens that the source revokes */
	bool revoked_kept; /* and the target now, too: a directory has no list of them */
	bool clock_jumped; /* in the source, and the target needs times that never go back */
};

/* Warns of what the connection strings say that is not done. Once, before the others, which may open the logs again. */
void dnc_copy_warn(const struct dnc_copy_options *options);

/* Codes of errors: as of pg.h and journal.h; and EEXIST: the target is no copy of the source; EADDRINUSE: a hub uses it;
 * ECANCELED. What was copied stays, and is told in OUT. Waits. -1 with ERR. */
int dnc_copy(const struct dnc_copy_options *options, struct dnc_copied *out, struct dnc_error *err);

enum { DNC_COPY_HASH = 32 };

struct dnc_copy_compared {
	struct dnc_copy_ends from, to;
	uint64_t first, last; /* what both have, and was compared; last is first - 1: nothing */
	uint64_t events[2];   /* so many does each have of these */
	/* BLAKE2b of seq (8 bytes, big endian), id, length of the line (8 bytes) and line of each of them. */
	unsigned char hash[2][DNC_COPY_HASH];
	uint64_t records;   /* of the audit, that were compared */
	uint64_t unrevoked; /* tokens that the source revokes, the target not or not as long */
	bool differ;
	char difference[200]; /* the first one, if they differ */
};

/* Compares all events, audit records, epochs and the key of both logs, and whether the target revokes what the
 * source revokes. 0 also when they differ; -1 with ERR. */
int dnc_copy_compare(const struct dnc_copy_options *options, struct dnc_copy_compared *out,
	struct dnc_error *err);
